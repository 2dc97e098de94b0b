//! One service may start only so many tasks in a minute, and a big scale-out must show it.
//!
//! *What it does.* A window of 60 s that slides: a start at *t* needs fewer than the quota of starts in (*t* - 60 s, *t*].
//! With `launch_groups` a second, shorter one makes groups of the starts (MEAS-003).
//!
//! *What AWS documents.* 500 tasks a minute and service (QTA-014, SVC-070), not how the minute is measured (QTA-031).
//!
//! *What we left out.* Why a real group is now larger, now smaller than 80.
//!
//! *How we know it is right.* PX-26 (b) and a comparison with the definition.

use std::collections::VecDeque;

use ecsim_kernel::{SimTime, Span};

/// The length of the window (QTA-014: "per minute").
const MINUTE: Span = Span::from_mins(1);

/// The starts of one service in the last minute, or another window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchRate {
    window: Span,
    /// Instants, ascending, with how many tasks were started.
    starts: VecDeque<(SimTime, u32)>,
    /// Their sum.
    total: u32,
}

impl Default for LaunchRate {
    fn default() -> Self {
        Self::over(MINUTE)
    }
}

impl LaunchRate {
    /// No start so far, counted over that window.
    #[must_use]
    pub const fn over(window: Span) -> Self {
        Self { window, starts: VecDeque::new(), total: 0 }
    }

    /// Notes `count` starts.
    pub fn note(&mut self, now: SimTime, count: u32) {
        if count == 0 {
            return;
        }
        self.total += count;
        match self.starts.back_mut() {
            Some((at, so_far)) if *at == now => *so_far += count,
            _ => self.starts.push_back((now, count)),
        }
    }

    /// How many tasks may be started now; a quota of 0 is none at all.
    pub fn room(&mut self, now: SimTime, quota: u32) -> u32 {
        while let Some((at, count)) = self.starts.front().copied() {
            if now.since(at) < self.window {
                break;
            }
            self.starts.pop_front();
            self.total -= count;
        }
        if quota == 0 { u32::MAX } else { quota.saturating_sub(self.total) }
    }

    /// When the oldest start leaves the window and makes room for others.
    #[must_use]
    pub fn next_room_at(&self) -> Option<SimTime> {
        self.starts.front().map(|(at, _)| *at + self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::from_ms(secs * 1_000)
    }

    #[test]
    fn qta_031_the_window_slides_and_excludes_its_left_end() {
        let mut rate = LaunchRate::default();
        rate.note(at(0), 3);
        rate.note(at(10), 1);
        rate.note(at(10), 1);
        assert_eq!(rate.room(at(10), 6), 1);
        assert_eq!(rate.room(SimTime::from_ms(59_999), 6), 1);
        assert_eq!(rate.next_room_at(), Some(at(60)));
        assert_eq!(rate.room(at(60), 6), 4, "a start at 60 no longer sees those at 0");
        assert_eq!(rate.next_room_at(), Some(at(70)));
        assert_eq!(rate.room(at(70), 6), 6);
        assert_eq!(rate.next_room_at(), None);
    }

    #[test]
    fn meas_003_a_shorter_window_makes_groups() {
        let mut groups = LaunchRate::over(Span::from_secs(10));
        let mut starts = Vec::new();
        for second in 0..60 {
            let room = groups.room(at(second), 80);
            groups.note(at(second), room);
            starts.push(room);
        }
        assert_eq!(starts.iter().filter(|count| **count > 0).count(), 6);
        assert_eq!(starts.iter().sum::<u32>(), 480);
    }

    #[test]
    fn qta_014_quota_zero_is_no_limit() {
        let mut rate = LaunchRate::default();
        rate.note(at(0), 1_000);
        assert_eq!(rate.room(at(0), 0), u32::MAX);
        assert_eq!(rate.room(at(0), 500), 0);
    }

    /// The definition, word for word: starts one by one, each allowed if fewer than the quota lie in (t - 60, t].
    #[test]
    fn qta_031_equals_the_definition() {
        let mut rate = LaunchRate::default();
        let mut starts: Vec<u64> = Vec::new();
        let mut wish: u64 = 7;
        for t in 0..600_u64 {
            wish = wish * 48_271 % 2_147_483_647;
            for _ in 0..wish % 4 {
                let inside = starts.iter().filter(|start| **start + 60 > t).count();
                assert_eq!(rate.room(at(t), 20) > 0, inside < 20, "at {t}");
                if inside < 20 {
                    starts.push(t);
                    rate.note(at(t), 1);
                }
            }
        }
        assert!(starts.len() > 150);
    }
}
