//! A moment of a run as people name it: so long after its start, a time of day, or a date with a time.

use std::str::FromStr;

use ecsim_kernel::Span;
use ecsim_report::clock;

const DAY_MS: i64 = 86_400_000;

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long after the start: `95m`.
    After(Span),
    /// A time of day in UTC, in milliseconds after midnight: `14:07`, of the day on which the run starts, or of the next one
    /// where the run starts later that day.
    TimeOfDay(i64),
    /// An instant in milliseconds of Unix time: `2026-03-02T14:07:00Z`.
    Instant(i64),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains('T') || text.contains('Z') {
            return clock::parse(text).map(Self::Instant).ok_or_else(|| {
                "a date with a time and its offset is wanted, for example 2026-03-02T14:07:00Z".to_owned()
            });
        }
        if text.contains(':') {
            return time_of_day(text)
                .map(Self::TimeOfDay)
                .ok_or_else(|| "a time of day in UTC is wanted, for example 14:07 or 14:07:30".to_owned());
        }
        text.parse().map(Self::After).map_err(|error| {
            format!("{error}; or a time of day in UTC (14:07), or a date with it (2026-03-02T14:07:00Z)")
        })
    }
}

/// `14:07`, `14:07:30` or `14:07:30.250`, in milliseconds.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, ms) = text.split_once('.').unwrap_or((text, "0"));
    let whole = |part: &str, below: i64| -> Option<i64> {
        let is_number = (1..=2).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
        part.parse().ok().filter(|number| is_number && *number < below)
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (whole(parts.next()?, 24)?, whole(parts.next()?, 60)?);
    let seconds = parts.next().map_or(Some(0), |part| whole(part, 60))?;
    let digits = ms.len() <= 3 && ms.bytes().all(|it| it.is_ascii_digit());
    let ms: i64 = format!("{ms:0<3}").parse().ok().filter(|_| digits)?;
    parts.next().is_none().then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms)
}

impl Moment {
    /// How long after the start of a run it is, which starts at so many milliseconds of Unix time.
    ///
    /// # Errors
    /// Where it lies before the start.
    pub fn after(self, start_unix_ms: i64) -> Result<Span, String> {
        let ms = match self {
            Self::After(span) => return Ok(span),
            Self::TimeOfDay(ms) => (ms - start_unix_ms).rem_euclid(DAY_MS),
            Self::Instant(at) => at - start_unix_ms,
        };
        u64::try_from(ms).map(Span::from_ms).map_err(|_| {
            let start = clock::Clock::new(start_unix_ms).stamp(ecsim_kernel::SimTime::ZERO);
            format!("--at lies before the start of the run, {start}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_can_be_named_in_three_ways() {
        // 2026-03-02T09:00:00Z.
        let start = 1_772_442_000_000;
        let after = |text: &str| text.parse::<Moment>().and_then(|it| it.after(start)).map(|span| span.to_string());
        for (text, span) in [
            ("95m", "1h 35m"),
            ("14:07", "5h 7m"),
            ("14:07:30.5", "5h 7m 30.5s"),
            ("9:00", "0s"),
            // Before the start it is that of the next day.
            ("08:59", "23h 59m"),
            ("2026-03-02T14:07:00Z", "5h 7m"),
            ("2026-03-03T09:00:00+01:00", "23h"),
        ] {
            assert_eq!(after(text).as_deref(), Ok(span), "{text}");
        }
        for (text, part) in [
            ("2026-03-02T08:59:59Z", "before the start of the run, 2026-03-02T09:00:00.000Z"),
            ("24:00", "time of day"),
            ("14:7:", "time of day"),
            ("+1:00", "time of day"),
            ("2026-03-02T14:07", "offset"),
            ("soon", "14:07"),
        ] {
            assert!(after(text).is_err_and(|error| error.contains(part)), "{text}: {:?}", after(text));
        }
    }
}
