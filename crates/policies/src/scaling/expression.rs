//! When a scheduled action of Application Auto Scaling runs: `at(…)`, `rate(…)`, `cron(…)` (SAS-060, SAS-063).
//!
//! *What it does.* Reads the three kinds of expressions and finds the next run after an instant.
//!
//! *What AWS documents.* The three forms; six fields of cron, the last one the year; `?` for no value in a day field; a
//! resolution of a minute; UTC unless a zone is given; start and end in UTC always.
//!
//! *Where AWS leaves a choice.* Numbers for days of the week are read as cron reads them (0 and 7 are Sunday), as AWS's own
//! example does. A seventh field, of seconds before all others, is read and its seconds are dropped. `rate` without a
//! start begins one period after the action was made; daylight saving is cron's own practice ([`super::schedule`]).
//!
//! *How we know it is right.* SX-025, and the calendar.

use core::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

/// Why a text is not a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleError {
    /// It is none of the three forms.
    Form {
        /// What was written.
        text: String,
    },
    /// The time of `at` is none.
    At {
        /// What was written.
        text: String,
    },
    /// The rate is none.
    Rate {
        /// What was written.
        text: String,
    },
    /// There are not six fields.
    Fields {
        /// How many there are.
        fields: usize,
    },
    /// A field says what AWS does not know.
    Cron {
        /// The whole expression.
        text: String,
    },
    /// There is no such time zone.
    Zone {
        /// What was written.
        zone: String,
    },
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { text } => write!(f, "`{text}` is not a schedule: at(...), rate(...) or cron(...)"),
            Self::At { text } => write!(f, "`{text}` is not a time: at(yyyy-mm-ddThh:mm:ss)"),
            Self::Rate { text } => {
                write!(f, "`{text}` is not a rate: a number above 0 and minute, minutes, hour, hours, day or days")
            }
            Self::Fields { fields } => {
                write!(f, "cron has 6 fields (minute hour day-of-month month day-of-week year), not {fields}")
            }
            Self::Cron { text } => write!(f, "`{text}` is not a cron expression that AWS knows"),
            Self::Zone { zone } => {
                write!(f, "`{zone}` is not a time zone: write a name such as Europe/Berlin or Etc/UTC")
            }
        }
    }
}

impl core::error::Error for ScheduleError {}

#[derive(Clone, Debug)]
enum Kind {
    /// Once, in milliseconds since 1970.
    At(i64),
    /// Every so many milliseconds.
    Rate(i64),
    Cron(Box<Cron>, TimeZone),
}

/// A schedule of Application Auto Scaling.
#[derive(Clone, Debug)]
pub struct Expression {
    kind: Kind,
    /// `StartTime`, in milliseconds since 1970.
    start: Option<i64>,
    /// `EndTime`.
    end: Option<i64>,
    /// When the action was made: `rate` counts from there where there is no start.
    made: i64,
}

impl Expression {
    /// Reads an expression. `made` is when the action is made; instants are milliseconds since 1970.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(
        text: &str,
        zone: Option<&str>,
        (start, end): (Option<i64>, Option<i64>),
        made: i64,
    ) -> Result<Self, ScheduleError> {
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => {
                TimeZoneDatabase::bundled().get(name).map_err(|_| ScheduleError::Zone { zone: name.to_owned() })?
            }
        };
        let trimmed = text.trim();
        let inside =
            |name: &str| trimmed.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')').map(str::trim);
        let kind = if let Some(at) = inside("at") {
            let wrong = || ScheduleError::At { text: at.to_owned() };
            let local: DateTime = at.parse().map_err(|_| wrong())?;
            Kind::At(instant(&zone, local).ok_or_else(wrong)?.as_millisecond())
        } else if let Some(rate) = inside("rate") {
            Kind::Rate(period(rate).ok_or_else(|| ScheduleError::Rate { text: rate.to_owned() })?)
        } else if let Some(cron) = inside("cron") {
            Kind::Cron(Box::new(parse_cron(cron)?), zone)
        } else {
            return Err(ScheduleError::Form { text: text.to_owned() });
        };
        Ok(Self { kind, start, end, made })
    }

    /// The first run after an instant, both in milliseconds since 1970; `None` if there is none.
    #[must_use]
    pub fn next_after(&self, unix_ms: i64) -> Option<i64> {
        let next = match (&self.kind, self.start) {
            // One time is one time, whatever the start says.
            (Kind::At(at), _) => (*at > unix_ms).then_some(*at),
            (_, Some(start)) if start > unix_ms => Some(start),
            (Kind::Rate(every), start) => {
                let from = start.unwrap_or(self.made);
                let over = unix_ms.saturating_sub(from).div_euclid(*every).max(0);
                from.checked_add((over + 1).checked_mul(*every)?)
            }
            (Kind::Cron(cron, zone), _) => {
                let after = Timestamp::from_millisecond(unix_ms).ok()?.to_zoned(zone.clone());
                Some(cron.find_next_occurrence(&after, false).ok()?.timestamp().as_millisecond())
            }
        };
        next.filter(|next| self.end.is_none_or(|end| *next <= end))
    }
}

/// When a local time is: the first of two, and the first instant after the gap where the zone skips it (SAS-063).
fn instant(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if let AmbiguousOffset::Gap { after, .. } = ambiguous.offset() {
        // Read with the offset from after the gap it lies before the change, by less than the gap is long.
        let early = after.to_timestamp(local).ok()?;
        return zone.following(early).next().map(|change| change.timestamp());
    }
    ambiguous.compatible().ok()
}

/// `5 minutes` in milliseconds.
fn period(text: &str) -> Option<i64> {
    let (number, unit) = text.split_once(char::is_whitespace)?;
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let unit = match unit.trim() {
        "minute" | "minutes" => 60_000,
        "hour" | "hours" => 3_600_000,
        "day" | "days" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn parse_cron(text: &str) -> Result<Cron, ScheduleError> {
    let wrong = || ScheduleError::Cron { text: text.to_owned() };
    let mut fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() == 7 {
        fields.remove(0);
    }
    if fields.len() != 6 {
        return Err(ScheduleError::Fields { fields: fields.len() });
    }
    for (at, field) in fields.iter_mut().enumerate() {
        if *field == "?" {
            // No value: only a day field may say so.
            if !matches!(at, 2 | 4) {
                return Err(wrong());
            }
            *field = "*";
        }
    }
    // `0/30` counts from 0 to the end of the range, which the parser wants written out.
    const LAST: [&str; 6] = ["59", "23", "31", "12", "7", "2199"];
    let whole = |(field, last): (&str, &str)| {
        let items = field.split(',').map(|item| match item.split_once('/') {
            Some((from, step)) if from.parse::<u16>().is_ok() => format!("{from}-{last}/{step}"),
            _ => item.to_owned(),
        });
        items.collect::<Vec<_>>().join(",")
    };
    let written: Vec<String> = fields.iter().copied().zip(LAST).map(whole).collect();
    let fields: Vec<&str> = written.iter().map(String::as_str).collect();
    // The year comes last here, and the seconds first.
    let (year, rest) = fields.split_last().ok_or_else(wrong)?;
    let text = if *year == "*" { rest.join(" ") } else { fields.join(" ") };
    let parser = if *year == "*" {
        CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
    } else {
        // With a year the parser wants to see the seconds too.
        CronParser::builder().seconds(Seconds::Required).year(Year::Required).build()
    };
    let text = if *year == "*" { text } else { format!("0 {text}") };
    parser.parse(&text).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn runs(text: &str, zone: Option<&str>, from: &str, count: usize) -> Vec<String> {
        let expression = Expression::parse(text, zone, (None, None), unix(from)).unwrap();
        let mut at = unix(from);
        let mut found = Vec::new();
        while found.len() < count {
            let Some(next) = expression.next_after(at) else { break };
            found.push(Timestamp::from_millisecond(next).unwrap().to_string());
            at = next;
        }
        found
    }

    // proves: SX-025
    #[test]
    fn sas_060_and_sx_025_cron_follows_daylight_saving() {
        assert_eq!(
            runs("cron(0 8 ? * MON-FRI *)", Some("America/New_York"), "2026-03-06T00:00:00Z", 2),
            ["2026-03-06T13:00:00Z", "2026-03-09T12:00:00Z"]
        );
        assert_eq!(runs("cron(30 6 1 1 ? 2027)", None, "2026-03-06T00:00:00Z", 2), ["2027-01-01T06:30:00Z"]);
        assert_eq!(runs("cron(0 15 10 * * ? *)", None, "2026-03-06T00:00:00Z", 1), ["2026-03-06T10:15:00Z"]);
        assert_eq!(runs("cron(0/30 8 * * * *)", None, "2026-03-06T00:00:00Z", 2)[1], "2026-03-06T08:30:00Z");
    }

    #[test]
    fn sas_060_at_and_rate() {
        assert_eq!(
            runs("at(2026-03-06T08:00:00)", Some("Europe/Berlin"), "2026-03-06T00:00:00Z", 3),
            ["2026-03-06T07:00:00Z"]
        );
        assert_eq!(
            runs("rate(90 minutes)", None, "2026-03-06T00:10:00Z", 2),
            ["2026-03-06T01:40:00Z", "2026-03-06T03:10:00Z"]
        );
        let start = unix("2026-03-06T05:00:00Z");
        let end = unix("2026-03-06T07:00:00Z");
        let rate =
            Expression::parse("rate(1 hour)", None, (Some(start), Some(end)), unix("2026-03-06T00:00:00Z")).unwrap();
        let first = rate.next_after(unix("2026-03-06T00:00:00Z"));
        assert_eq!(first, Some(start), "with a start it runs then");
        assert_eq!(rate.next_after(start), Some(unix("2026-03-06T06:00:00Z")));
        assert_eq!(rate.next_after(end), None);
    }

    #[test]
    fn sas_063_skipped_and_repeated_local_times() {
        // Berlin skips 02:00 to 03:00 on 29 March 2026 and has 02:00 to 03:00 twice on 25 October.
        assert_eq!(
            runs("cron(30 2 * * ? *)", Some("Europe/Berlin"), "2026-03-29T00:00:00Z", 1),
            ["2026-03-29T01:00:00Z"]
        );
        assert_eq!(
            runs("cron(30 2 * * ? *)", Some("Europe/Berlin"), "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
    }

    #[test]
    fn sas_063_at_in_a_skipped_local_time_runs_after_the_gap() {
        let at = |time: &str, zone| runs(&format!("at({time})"), Some(zone), "2026-01-01T00:00:00Z", 2);
        // New York skips 02:00 to 03:00 on 8 March 2026 and has 01:00 to 02:00 twice on 1 November.
        for time in ["2026-03-08T02:00:00", "2026-03-08T02:30:00", "2026-03-08T02:59:59", "2026-03-08T03:00:00"] {
            assert_eq!(at(time, "America/New_York"), ["2026-03-08T07:00:00Z"], "{time}");
        }
        assert_eq!(at("2026-03-08T01:59:59", "America/New_York"), ["2026-03-08T06:59:59Z"]);
        assert_eq!(at("2026-11-01T01:30:00", "America/New_York"), ["2026-11-01T05:30:00Z"]);
        // Lord Howe Island skips half an hour, at the end of a summer's year by rule.
        assert_eq!(at("2026-10-04T02:15:00", "Australia/Lord_Howe"), ["2026-10-03T15:30:00Z"]);
    }

    #[test]
    fn sas_060_what_is_rejected() {
        let parse = |text: &str| Expression::parse(text, None, (None, None), 0).map(|_| ()).unwrap_err();
        assert_eq!(parse("0 8 * * *"), ScheduleError::Form { text: "0 8 * * *".into() });
        assert_eq!(parse("rate(0 minutes)"), ScheduleError::Rate { text: "0 minutes".into() });
        assert_eq!(parse("rate(5 weeks)"), ScheduleError::Rate { text: "5 weeks".into() });
        assert_eq!(parse("cron(0 8 * * *)"), ScheduleError::Fields { fields: 5 });
        assert!(matches!(parse("cron(61 8 * * ? *)"), ScheduleError::Cron { .. }));
        assert!(matches!(parse("cron(? 8 * * * *)"), ScheduleError::Cron { .. }));
        assert!(matches!(parse("at(tomorrow)"), ScheduleError::At { .. }));
    }
}
