//! The two CloudWatch alarms that cluster auto scaling puts on its metric (CAS-017 to CAS-019, CAS-026).
//!
//! *What it does.* Takes one datapoint a minute and says which alarm is on and which action is due. One datapoint above
//! the target raises the high alarm; fifteen in a row below it raise the low one. While an alarm lasts, its action is due
//! again with every datapoint.
//!
//! *What AWS documents.* 15 of 15 (CAS-018), repetition (CAS-019), that scale-out ends scale-in (CAS-026). Observed: 1 of 1
//! (CAS-017), and no dead band below the target.
//!
//! *What we left out.* INSUFFICIENT_DATA: the metric is published every minute. Delays between metric, alarm and action
//! (LAT-014): the caller's.
//!
//! *How we know it is right.* EX-A10, EX-A11, EX-A13.

use core::cmp::Ordering;

/// How many datapoints in a row below the target raise the low alarm (CAS-018).
pub const LOW_DATAPOINTS: u32 = 15;

/// The state of an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlarmState {
    /// `OK`.
    #[default]
    Ok,
    /// `ALARM`.
    Alarm,
}

/// What is due after a datapoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The action of the high alarm.
    ScaleOut,
    /// The action of the low alarm.
    ScaleIn,
}

/// Both alarms of a capacity provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    high: AlarmState,
    below: u32,
}

/// What one datapoint has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The new state of the high alarm, if it changed.
    pub high_changed: Option<AlarmState>,
    /// The new state of the low alarm, if it changed.
    pub low_changed: Option<AlarmState>,
    /// The action that is due, for the first time or again.
    pub action: Option<Action>,
}

impl Alarms {
    /// Takes the datapoint of a minute: how it compares with the target.
    pub fn datapoint(&mut self, to_target: Ordering) -> Evaluation {
        let before = (self.high(), self.low());
        self.high = if to_target.is_gt() { AlarmState::Alarm } else { AlarmState::Ok };
        self.below = if to_target.is_lt() { self.below.saturating_add(1) } else { 0 };
        let after = (self.high(), self.low());
        let action = match after {
            (AlarmState::Alarm, _) => Some(Action::ScaleOut),
            (_, AlarmState::Alarm) => Some(Action::ScaleIn),
            _ => None,
        };
        Evaluation {
            high_changed: (before.0 != after.0).then_some(after.0),
            low_changed: (before.1 != after.1).then_some(after.1),
            action,
        }
    }

    /// The high alarm.
    #[must_use]
    pub const fn high(&self) -> AlarmState {
        self.high
    }

    /// The low alarm.
    #[must_use]
    pub const fn low(&self) -> AlarmState {
        if self.below >= LOW_DATAPOINTS { AlarmState::Alarm } else { AlarmState::Ok }
    }

    /// How many datapoints in a row have been below the target.
    #[must_use]
    pub const fn below(&self) -> u32 {
        self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn cas_017_one_datapoint_above_is_enough() {
        let mut alarms = Alarms::default();
        assert_eq!(alarms.datapoint(Equal).action, None);
        let evaluation = alarms.datapoint(Greater);
        assert_eq!(evaluation.high_changed, Some(AlarmState::Alarm));
        assert_eq!((evaluation.low_changed, evaluation.action), (None, Some(Action::ScaleOut)));
        assert_eq!(alarms.datapoint(Equal).high_changed, Some(AlarmState::Ok));
    }

    #[test]
    fn cas_018_fifteen_in_a_row() {
        let mut alarms = Alarms::default();
        for minute in 1..15 {
            assert_eq!(alarms.datapoint(Less).action, None, "minute {minute}");
        }
        let evaluation = alarms.datapoint(Less);
        assert_eq!(evaluation.low_changed, Some(AlarmState::Alarm));
        assert_eq!(evaluation.action, Some(Action::ScaleIn));
        assert_eq!(alarms.datapoint(Equal).low_changed, Some(AlarmState::Ok), "there is no dead band");
        assert_eq!(alarms.below(), 0);
    }

    #[test]
    fn cas_019_the_action_repeats_each_minute() {
        let mut alarms = Alarms::default();
        for _ in 0..3 {
            assert_eq!(alarms.datapoint(Greater).action, Some(Action::ScaleOut));
        }
        let due = (0..20).filter(|_| alarms.datapoint(Less).action == Some(Action::ScaleIn)).count();
        assert_eq!(due, 6);
    }

    #[test]
    fn cas_026_scale_out_wins_and_the_count_starts_again() {
        let mut alarms = Alarms::default();
        (0..16).for_each(|_| {
            alarms.datapoint(Less);
        });
        let evaluation = alarms.datapoint(Greater);
        assert_eq!(evaluation.action, Some(Action::ScaleOut));
        assert_eq!(evaluation.low_changed, Some(AlarmState::Ok));
        let until: Vec<bool> = (0..15).map(|_| alarms.datapoint(Less).action.is_some()).collect();
        assert_eq!(until.iter().position(|due| *due), Some(14));
    }

    #[test]
    fn ex_a13_counter() {
        let used = |t: u64| match t {
            0..=589 => 8,
            590..=769 => 9,
            770..=799 => 10,
            _ => 8_u64,
        };
        let mut alarms = Alarms::default();
        let mut first = None;
        for minute in 1..=28 {
            let t = minute * 60;
            let evaluation = alarms.datapoint(used(t).cmp(&10));
            if t == 720 {
                assert_eq!(alarms.below(), 12);
            }
            if t == 780 {
                assert_eq!(alarms.below(), 0);
            }
            if evaluation.action.is_some() {
                first = first.or(Some((t, evaluation.action)));
            }
        }
        assert_eq!(first, Some((1_680, Some(Action::ScaleIn))));
    }
}
