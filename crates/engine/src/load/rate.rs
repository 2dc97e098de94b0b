//! Requests a second as a function of time: constants, curves, waves, ramps, spikes, noise, traces, and sums and products.
//!
//! A rate is constant between its steps, so that nothing has to be done between them.

use std::sync::Arc;

use ecsim_kernel::{Distribution, Key, Streams, math};

use crate::purposes;

/// Offsets of a time zone from UTC during the run, and how the run's clock stands to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// From this millisecond of the run on, local time is run time plus so many milliseconds; ascending.
    pub offsets: Arc<[(i64, i64)]>,
}

impl Clock {
    /// Local time in milliseconds since the epoch of the zone's own calendar, and when the offset changes next.
    fn local(&self, now: i64) -> (i64, i64) {
        let next = self.offsets.partition_point(|(from, _)| *from <= now);
        let offset = self.offsets.get(next.saturating_sub(1)).map_or(0, |(_, offset)| *offset);
        (now + offset, self.offsets.get(next).map_or(i64::MAX, |(from, _)| *from))
    }
}

/// A rate over time. Times are milliseconds of the run.
#[derive(Clone, Debug)]
pub enum Rate {
    /// Always the same.
    Constant(f64),
    /// Given points.
    Points {
        /// Time and value, ascending; at least one. Before the first one it is the first, or the last where it repeats.
        points: Arc<[(i64, f64)]>,
        /// They repeat after so long; 0: never, and after the last point its value holds.
        period: i64,
        /// A straight line from each to the next, in steps of so many milliseconds; `None`: each holds until the next.
        step: Option<i64>,
        /// Whose time it is; `None`: the run's.
        clock: Option<Clock>,
    },
    /// A wave.
    Sine {
        /// Its highest value.
        peak: f64,
        /// Its lowest.
        trough: f64,
        /// When it is highest, in its period.
        peak_at: i64,
        /// From peak to peak.
        period: i64,
        /// Its steps.
        step: i64,
        /// Whose time it is.
        clock: Option<Clock>,
    },
    /// From one value to another.
    Ramp {
        /// Before.
        from: f64,
        /// After.
        to: f64,
        /// When it begins.
        start: i64,
        /// When it ends.
        end: i64,
        /// Its steps.
        step: i64,
    },
    /// A value for a while.
    Spike {
        /// The value.
        value: f64,
        /// Before and after.
        base: f64,
        /// When.
        at: i64,
        /// For how long.
        duration: i64,
        /// Again after so long; 0: once.
        every: i64,
    },
    /// A draw for each step.
    Noise {
        /// Of what.
        distribution: Distribution,
        /// How long each holds.
        step: i64,
        /// Which of the noises of its workload it is.
        ordinal: u64,
    },
    /// All together.
    Sum(Vec<Self>),
    /// One times the other.
    Product(Vec<Self>),
}

/// Where the noise of a rate comes from.
#[derive(Clone, Copy, Debug)]
pub struct Luck<'a> {
    /// All the luck of the run.
    pub streams: &'a Streams,
    /// The name of the workload.
    pub key: Key,
}

impl Rate {
    /// The value at a millisecond of the run, and the millisecond from which it may be another; `i64::MAX`: never.
    #[must_use]
    pub fn at(&self, now: i64, luck: Luck<'_>) -> (f64, i64) {
        match self {
            Self::Constant(value) => (*value, i64::MAX),
            Self::Points { points, period, step, clock } => {
                let (local, change) = clock.as_ref().map_or((now, i64::MAX), |clock| clock.local(now));
                let (value, after) = at_points(points, *period, *step, local);
                (value, now.saturating_add(after).min(change))
            }
            Self::Sine { peak, trough, peak_at, period, step, clock } => {
                let (local, change) = clock.as_ref().map_or((now, i64::MAX), |clock| clock.local(now));
                let cell = local.div_euclid(*step);
                let middle = (cell * step) as f64 + *step as f64 / 2.0;
                let turn = (middle - *peak_at as f64) / *period as f64;
                let turn = turn - turn.floor();
                let wave = math::cos(turn * core::f64::consts::TAU);
                let value = f64::midpoint(*peak, *trough) + (peak - trough) / 2.0 * wave;
                (value, (now + (cell + 1) * step - local).min(change))
            }
            Self::Ramp { from, to, start, end, step } => {
                if now < *start {
                    (*from, *start)
                } else if now >= *end {
                    (*to, i64::MAX)
                } else {
                    let cell = (now - start) / step;
                    let (low, high) = (start + cell * step, (start + (cell + 1) * step).min(*end));
                    let part = ((low - start) as f64 + (high - low) as f64 / 2.0) / (end - start) as f64;
                    (from + (to - from) * part, high)
                }
            }
            Self::Spike { value, base, at, duration, every } => {
                if now < *at {
                    return (*base, *at);
                }
                let since = if *every > 0 { (now - at) % every } else { now - at };
                if since < *duration {
                    (*value, now - since + duration)
                } else if *every > 0 {
                    (*base, now - since + every)
                } else {
                    (*base, i64::MAX)
                }
            }
            Self::Noise { distribution, step, ordinal } => {
                let cell = now.div_euclid(*step);
                let key = luck.key.with(*ordinal).with(cell as u64);
                (distribution.sample(&mut luck.streams.stream(purposes::TRAFFIC_NOISE, key)), (cell + 1) * step)
            }
            Self::Sum(parts) => fold(parts, now, luck, 0.0, |sum, value| sum + value),
            Self::Product(parts) => fold(parts, now, luck, 1.0, |product, value| product * value),
        }
    }
}

fn fold(parts: &[Rate], now: i64, luck: Luck<'_>, start: f64, with: impl Fn(f64, f64) -> f64) -> (f64, i64) {
    parts.iter().fold((start, i64::MAX), |(value, change), part| {
        let (own, own_change) = part.at(now, luck);
        (with(value, own), change.min(own_change))
    })
}

/// The value of points at a time, and after how long it may be another.
fn at_points(points: &[(i64, f64)], period: i64, step: Option<i64>, local: i64) -> (f64, i64) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return (0.0, i64::MAX) };
    let place = if period > 0 { local.rem_euclid(period) } else { local };
    let next = points.partition_point(|(time, _)| *time <= place);
    // The points around the place; the far ends are the other end's where the curve repeats.
    let before = match next.checked_sub(1) {
        Some(at) => points[at],
        None if period > 0 => (last.0 - period, last.1),
        None => (i64::MIN / 4, first.1),
    };
    let after = match points.get(next) {
        Some(point) => *point,
        None if period > 0 => (first.0 + period, first.1),
        None => return (last.1, i64::MAX),
    };
    let until = after.0 - place;
    match step {
        None => (before.1, until),
        Some(_) if before.1 == after.1 => (before.1, until),
        Some(step) => {
            let cell = (place - before.0) / step;
            let (low, high) = (before.0 + cell * step, (before.0 + (cell + 1) * step).min(after.0));
            let part = ((low - before.0) as f64 + (high - low) as f64 / 2.0) / (after.0 - before.0) as f64;
            (before.1 + (after.1 - before.1) * part, high - place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn steps(rate: &Rate, until: i64) -> Vec<(i64, f64)> {
        let streams = Streams::new(1, 0);
        let luck = Luck { streams: &streams, key: Key::new("web", 0) };
        let (mut now, mut seen) = (0, Vec::new());
        while now < until {
            let (value, change) = rate.at(now, luck);
            assert!(change > now, "{rate:?} at {now}");
            seen.push((now, value));
            now = change;
        }
        seen
    }

    #[test]
    fn points_hold_or_are_joined() {
        let points: Arc<[(i64, f64)]> = [(0, 10.0), (2_000, 20.0)].into();
        let holds = Rate::Points { points: Arc::clone(&points), period: 4_000, step: None, clock: None };
        assert_eq!(steps(&holds, 8_000), [(0, 10.0), (2_000, 20.0), (4_000, 10.0), (6_000, 20.0)]);
        let joined = Rate::Points { points, period: 4_000, step: Some(1_000), clock: None };
        assert_eq!(steps(&joined, 4_000), [(0, 12.5), (1_000, 17.5), (2_000, 17.5), (3_000, 12.5)]);
    }

    #[test]
    fn a_curve_follows_the_clock_of_its_zone() {
        let points: Arc<[(i64, f64)]> = [(8 * HOUR, 100.0), (20 * HOUR, 10.0)].into();
        // The run begins at 06:00 UTC, local time is UTC + 1, and from 03:00 of the run on UTC + 2.
        let clock = Clock { offsets: [(0, 7 * HOUR), (3 * HOUR, 8 * HOUR)].into() };
        let rate = Rate::Points { points, period: 24 * HOUR, step: None, clock: Some(clock) };
        let seen = steps(&rate, 14 * HOUR);
        assert_eq!(seen, [(0, 10.0), (HOUR, 100.0), (3 * HOUR, 100.0), (12 * HOUR, 10.0)]);
    }

    #[test]
    fn a_wave_has_its_mean_and_its_peak() {
        let rate =
            Rate::Sine { peak: 30.0, trough: 10.0, peak_at: 6 * HOUR, period: 24 * HOUR, step: 60_000, clock: None };
        let seen = steps(&rate, 24 * HOUR);
        assert_eq!(seen.len(), 1_440);
        let mean = seen.iter().map(|(_, value)| value).sum::<f64>() / 1_440.0;
        assert!((mean - 20.0).abs() < 1e-9);
        assert!((seen[360].1 - 30.0).abs() < 1e-3 && (seen[1_080].1 - 10.0).abs() < 1e-3);
    }

    #[test]
    fn ramps_spikes_sums_and_products() {
        let ramp = Rate::Ramp { from: 0.0, to: 10.0, start: 1_000, end: 3_000, step: 1_000 };
        assert_eq!(steps(&ramp, 5_000), [(0, 0.0), (1_000, 2.5), (2_000, 7.5), (3_000, 10.0)]);
        let spike = Rate::Spike { value: 5.0, base: 1.0, at: 1_000, duration: 500, every: 2_000 };
        assert_eq!(steps(&spike, 3_200), [(0, 1.0), (1_000, 5.0), (1_500, 1.0), (3_000, 5.0)]);
        let both = Rate::Product(vec![Rate::Constant(2.0), Rate::Sum(vec![Rate::Constant(1.0), spike])]);
        assert_eq!(steps(&both, 1_400), [(0, 4.0), (1_000, 12.0)]);
    }

    #[test]
    fn noise_is_drawn_once_a_step_and_from_its_own_stream() {
        let noise =
            |ordinal| Rate::Noise { distribution: Distribution::uniform(0.5, 1.5).unwrap(), step: 60_000, ordinal };
        let (one, same, other) = (steps(&noise(0), HOUR), steps(&noise(0), HOUR), steps(&noise(1), HOUR));
        assert_eq!(one.len(), 60);
        assert_eq!(one, same);
        assert!(one.iter().zip(&other).all(|(a, b)| a.1 != b.1));
    }
}
