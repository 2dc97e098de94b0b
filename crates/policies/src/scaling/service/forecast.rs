//! Predictive scaling: what the load of an hour will be, from the same hour of past days (SAS-070, SAS-071).
//!
//! *What it does.* Keeps the mean load of every hour, forecasts from it every six hours, and says which capacity an hour
//! asks for.
//!
//! *What AWS documents.* A day of history at least, fourteen days at most; hourly values for two days ahead, made anew
//! every six hours; the buffer before the hour; that it never scales in; what happens beyond the maximum.
//!
//! *Where AWS leaves a choice.* AWS trains a model that it does not publish. Here the forecast of an hour is the mean of the
//! same hour of the past days. Only what the run itself has seen is history.
//!
//! *How we know it is right.* A load that repeats each day is forecast as it was.

use std::collections::VecDeque;

use ecsim_kernel::{SimTime, Span};

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;
/// Hours of a day.
const DAY: i64 = 24;
/// Fourteen days of hours are kept.
const HISTORY: usize = 14 * 24;
/// A forecast is made anew after so many hours.
const REFRESH: i64 = 6;
/// It reaches so many hours ahead.
const AHEAD: i64 = 48;

/// The history and the forecast of one policy.
#[derive(Clone, Debug, Default)]
pub struct Forecaster {
    /// What the load was last seen as, and when.
    last: Option<(SimTime, Option<i64>)>,
    /// Load times milliseconds, and milliseconds with data, of the hour in progress.
    current: (i128, i64),
    /// The mean load of full hours, the newest last, with the number of the newest hour since 1970.
    history: VecDeque<Option<i64>>,
    newest: i64,
    /// The load of hours from the first one on.
    forecast: Option<(i64, Vec<Option<i64>>)>,
    /// The hour about which was told last.
    told: Option<i64>,
}

/// The number of the hour since 1970, for a run that starts at `start_unix_ms`.
#[must_use]
pub fn hour_of(start_unix_ms: i64, now: SimTime) -> i64 {
    start_unix_ms.saturating_add(i64::try_from(now.ms()).unwrap_or(i64::MAX)).div_euclid(HOUR_MS)
}

/// When an hour begins in the run; the start of the run where it began before.
#[must_use]
pub fn begin_of(start_unix_ms: i64, hour: i64) -> SimTime {
    let ms = hour.saturating_mul(HOUR_MS).saturating_sub(start_unix_ms);
    SimTime::from_ms(u64::try_from(ms).unwrap_or(0))
}

impl Forecaster {
    /// The load is `load` from an instant on; what was said of later ones stays.
    pub fn see(&mut self, start_unix_ms: i64, at: SimTime, load: Option<i64>) {
        let mut now = at;
        if let Some((since, load)) = self.last {
            now = at.max(since);
            let mut from = since;
            while from < now {
                let hour = hour_of(start_unix_ms, from);
                let end = begin_of(start_unix_ms, hour + 1);
                let until = end.min(now);
                let length = i64::try_from(until.since(from).ms()).unwrap_or(i64::MAX);
                if let Some(load) = load {
                    self.current.0 += i128::from(load) * i128::from(length);
                    self.current.1 += length;
                }
                if until == end {
                    self.close(hour);
                }
                from = until;
            }
        }
        self.last = Some((now, load));
    }

    /// Makes a forecast where one is due and the hour before this one is known.
    pub fn refresh(&mut self, start_unix_ms: i64, now: SimTime) {
        let hour = hour_of(start_unix_ms, now);
        let is_due = self.forecast.as_ref().is_none_or(|(made, _)| hour - made >= REFRESH);
        if is_due && self.history.len() as i64 >= DAY && self.newest + 1 == hour {
            let loads = (0..AHEAD).map(|ahead| self.mean_of(hour + ahead)).collect();
            self.forecast = Some((hour, loads));
        }
    }

    fn close(&mut self, hour: i64) {
        let (sum, length) = core::mem::take(&mut self.current);
        let mean = (length > 0).then(|| i64::try_from(sum / i128::from(length)).unwrap_or(i64::MAX));
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(mean);
        self.newest = hour;
    }

    /// The mean of the same hour of past days.
    fn mean_of(&self, hour: i64) -> Option<i64> {
        let (mut sum, mut count) = (0_i128, 0_i128);
        for (back, load) in self.history.iter().rev().enumerate() {
            let then = self.newest - i64::try_from(back).unwrap_or(i64::MAX);
            if (hour - then) % DAY == 0
                && let Some(load) = load
            {
                sum += i128::from(*load);
                count += 1;
            }
        }
        (count > 0).then(|| i64::try_from(sum / count).unwrap_or(i64::MAX))
    }

    /// The load that an hour is expected to have.
    #[must_use]
    pub fn load_of(&self, hour: i64) -> Option<i64> {
        let (first, loads) = self.forecast.as_ref()?;
        *loads.get(usize::try_from(hour - first).ok()?)?
    }

    /// Whether there has not been word of this hour yet; from now on there has.
    pub fn tell(&mut self, hour: i64) -> bool {
        let news = self.told.is_none_or(|told| told < hour);
        if news {
            self.told = Some(hour);
        }
        news
    }

    /// When to look next: a buffer before the next hour begins.
    #[must_use]
    pub fn next_look(start_unix_ms: i64, now: SimTime, buffer: Span) -> SimTime {
        let mut hour = hour_of(start_unix_ms, now) + 1;
        loop {
            let begin = begin_of(start_unix_ms, hour);
            let at = SimTime::from_ms(begin.ms().saturating_sub(buffer.ms()));
            if at > now {
                return at;
            }
            hour += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sas_070_the_same_hour_of_past_days() {
        let mut forecaster = Forecaster::default();
        let hours = |count: u64| SimTime::ZERO + Span::from_hours(count);
        for hour in 0..24 {
            assert_eq!(forecaster.load_of(24), None, "a day of history is needed");
            let load = if hour == 9 { 900 } else { 100 };
            forecaster.see(0, hours(hour), Some(load));
            forecaster.refresh(0, hours(hour));
        }
        forecaster.see(0, hours(24), Some(100));
        forecaster.refresh(0, hours(24));
        assert_eq!((forecaster.load_of(24), forecaster.load_of(33)), (Some(100), Some(900)));
        assert_eq!(forecaster.load_of(24 + 48), None, "two days ahead");
        // The next day has less at nine: the mean of both.
        for hour in 25..49 {
            let load = if hour == 33 { 700 } else { 100 };
            forecaster.see(0, hours(hour), Some(load));
            forecaster.refresh(0, hours(hour));
        }
        assert_eq!(forecaster.load_of(57), Some(800));
        assert!(forecaster.tell(49) && !forecaster.tell(49));
    }

    #[test]
    fn sas_070_the_buffer_before_the_hour() {
        let buffer = Span::from_secs(300);
        let at = |seconds| SimTime::ZERO + Span::from_secs(seconds);
        assert_eq!(Forecaster::next_look(0, at(0), buffer), at(3_300));
        assert_eq!(Forecaster::next_look(0, at(3_300), buffer), at(6_900));
        // A run that starts at half past.
        assert_eq!(Forecaster::next_look(1_800_000, at(0), buffer), at(1_500));
    }
}
