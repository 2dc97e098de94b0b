//! What of a series is visible at an instant, oldest to newest (CW-050).
//!
//! *What it does.* Unfolds the runs of equal values that the books keep into datapoints, as far back as somebody looks, and
//! puts several together where a period is longer than a minute.
//!
//! *What AWS documents.* Periods of a minute and more are evaluated each minute, with a window that slides (CW-002).
//!
//! *Where AWS leaves a choice.* The mean over a longer window is that of its minutes, each with the same weight.
//!
//! *How we know it is right.* Compared with a list of all datapoints.

use ecsim_cluster::cloudwatch::{Series, Statistic};
use ecsim_kernel::{SimTime, Span};

/// The start of the newest period that is visible; `None` before there is one.
#[must_use]
pub fn newest(series: &Series, period: Span, now: SimTime) -> Option<SimTime> {
    series.newest(period, now)
}

/// When the datapoint after the newest one becomes visible; `None` before there is one.
#[must_use]
pub fn next_visible(series: &Series, period: Span, now: SimTime) -> Option<SimTime> {
    let last = series.runs.back().filter(|last| last.visible_at <= now)?;
    let later = now.since(last.visible_at).ms() / period.ms().max(1) + 1;
    Some(last.visible_at + Span::from_ms(later * period.ms()))
}

/// Whether the newest `count` datapoints are all of the newest run: then they will be so for ever.
#[must_use]
pub fn is_settled(series: &Series, period: Span, now: SimTime, count: usize) -> bool {
    let (Some(last), Some(newest)) = (series.runs.back(), newest(series, period, now)) else { return true };
    newest.since(last.from).ms() / period.ms().max(1) + 1 >= count as u64
}

/// The newest `count` datapoints that are visible, the newest first; `None` is a missing one. Fewer where the series is
/// younger than that.
pub fn newest_first(series: &Series, period: Span, now: SimTime, count: usize) -> impl Iterator<Item = Option<i64>> {
    series.newest_first(period, now, count)
}

/// The newest `count` datapoints of windows of so many base datapoints each, the newest first. The window slides: the
/// newest one ends with the newest base datapoint (CW-002).
#[must_use]
pub fn windows(
    series: &Series,
    (period, window): (Span, u32),
    statistic: Statistic,
    now: SimTime,
    count: usize,
) -> Vec<Option<i64>> {
    let window = window.max(1) as usize;
    let base = newest_first(series, period, now, count.saturating_mul(window));
    if window == 1 {
        return base.collect();
    }
    let base: Vec<Option<i64>> = base.collect();
    base.chunks(window).map(|chunk| aggregate(chunk.iter().flatten().copied(), statistic)).collect()
}

/// One value of several; `None` of none.
#[must_use]
pub fn aggregate(values: impl Iterator<Item = i64>, statistic: Statistic) -> Option<i64> {
    let (mut count, mut sum, mut least, mut most) = (0_i128, 0_i128, i64::MAX, i64::MIN);
    for value in values {
        count += 1;
        sum += i128::from(value);
        least = least.min(value);
        most = most.max(value);
    }
    if count == 0 {
        return None;
    }
    let total = match statistic {
        Statistic::Average => (2 * sum + count).div_euclid(2 * count),
        Statistic::Sum | Statistic::SampleCount => sum,
        Statistic::Minimum => return Some(least),
        Statistic::Maximum => return Some(most),
    };
    Some(i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX }))
}

/// The first instant at or after `at` at which alarms of such a period are evaluated (CW-002).
#[must_use]
pub fn evaluation_at(at: SimTime, period: Span) -> SimTime {
    let step = evaluation_step(period).ms();
    SimTime::from_ms(at.ms().div_ceil(step) * step)
}

/// How often such alarms are evaluated: each minute, or every ten seconds (CW-002).
#[must_use]
pub fn evaluation_step(period: Span) -> Span {
    if period < Span::from_mins(1) { Span::from_secs(10) } else { Span::from_mins(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsim_cluster::cloudwatch::Run;

    const MINUTE: Span = Span::from_mins(1);

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    fn series(runs: &[(u64, Option<i64>)]) -> Series {
        let mut series = Series::default();
        for (from, value) in runs {
            series.runs.push_back(Run { from: at(*from), visible_at: at(*from + 180), value: *value });
        }
        series
    }

    #[test]
    fn cw_050_a_run_goes_on_until_the_next_one() {
        let series = series(&[(60, Some(5)), (240, None), (300, Some(7))]);
        assert_eq!(newest(&series, MINUTE, at(479)), None, "the last run is not there yet");
        let seen: Vec<_> = newest_first(&series, MINUTE, at(540), 9).collect();
        assert_eq!(seen, [Some(7), Some(7), None, Some(5), Some(5), Some(5)]);
        assert_eq!(next_visible(&series, MINUTE, at(541)), Some(at(600)));
        assert!(!is_settled(&series, MINUTE, at(540), 3));
        assert!(is_settled(&series, MINUTE, at(600), 3));
    }

    #[test]
    fn cw_002_a_longer_window_slides_by_a_minute() {
        let series = series(&[(0, Some(10)), (60, Some(20)), (120, None), (180, Some(40))]);
        let seen = |now, statistic| windows(&series, (MINUTE, 2), statistic, at(now), 2);
        assert_eq!(seen(360, Statistic::Average), [Some(40), Some(15)]);
        assert_eq!(seen(360, Statistic::Sum), [Some(40), Some(30)]);
        assert_eq!(seen(420, Statistic::Maximum), [Some(40), Some(20)]);
    }

    #[test]
    fn cw_002_instants_of_evaluation() {
        assert_eq!(evaluation_at(at(61), MINUTE), at(120));
        assert_eq!(evaluation_at(at(120), MINUTE), at(120));
        assert_eq!(evaluation_at(at(116), Span::from_secs(20)), at(120));
        assert_eq!(aggregate([1, 2].into_iter(), Statistic::Average), Some(2), "half is rounded up");
        assert_eq!(aggregate(core::iter::empty(), Statistic::Sum), None);
    }
}
