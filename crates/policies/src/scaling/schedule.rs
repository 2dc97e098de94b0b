//! Scheduled actions of an Auto Scaling group: when they run, and what they set (ASG-025).
//!
//! *What it does.* Finds the next run of a cron expression in a time zone, within the start and the end of an action, and
//! applies the sizes of an action to those of a group.
//!
//! *What AWS documents.* Five fields of traditional cron, UTC unless a zone is given; with a start and a recurrence the
//! action runs at the start and then on its recurrence; start and end are UTC; at most 125 actions a group. Cron itself:
//! if both day fields are restricted, a day matches that satisfies either.
//!
//! *Where AWS leaves a choice.* Daylight saving is cron's own practice (SAS-063 says the same): a fixed local time that
//! is skipped runs at the first instant after the gap, one that comes twice runs at the first. A run at the end itself
//! still takes place. A desired capacity that the action does not set, or sets outside, is moved into the new bounds.
//!
//! *What we left out.* That AWS may be up to two minutes late (LAT-022): the caller's. `L`, `W`, `#`, `?` and `@daily`,
//! which traditional cron does not know and the parser would.
//!
//! *How we know it is right.* Known calendars, the change to daylight saving time of 2026 in three zones, and a comparison
//! with a search minute by minute.
//!
//! Time zone data is compiled in, so that the result depends on no machine.

use core::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::capacity::managed_scaling::step::GroupSize;

/// How many scheduled actions a group may have (ASG-025).
pub const ACTIONS_MAX: usize = 125;

/// Why a text is not a recurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecurrenceError {
    /// There are not five fields.
    NotFiveFields {
        /// How many there are.
        fields: usize,
    },
    /// A field has something that traditional cron does not know.
    Field {
        /// Which: `minute`, `hour`, `day of month`, `month` or `day of week`.
        field: &'static str,
        /// What it says.
        text: String,
    },
    /// A number is out of range or a range is the wrong way round.
    OutOfRange {
        /// The whole expression.
        text: String,
    },
    /// There is no such time zone.
    UnknownZone {
        /// What was written.
        zone: String,
    },
}

impl fmt::Display for RecurrenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFiveFields { fields } => {
                write!(f, "a recurrence has 5 fields (minute hour day month weekday), not {fields}")
            }
            Self::Field { field, text } => write!(f, "`{text}` is not a {field} of a cron expression"),
            Self::OutOfRange { text } => write!(f, "`{text}` is not a cron expression: a number is out of range"),
            Self::UnknownZone { zone } => {
                write!(f, "`{zone}` is not a time zone: write a name such as Europe/Berlin or Etc/UTC")
            }
        }
    }
}

impl core::error::Error for RecurrenceError {}

const FIELDS: [&str; 5] = ["minute", "hour", "day of month", "month", "day of week"];
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct Recurrence {
    cron: Cron,
    zone: TimeZone,
}

impl Recurrence {
    /// From five fields and the name of a time zone (IANA); UTC without one.
    pub fn parse(expression: &str, zone: Option<&str>) -> Result<Self, RecurrenceError> {
        let fields: Vec<&str> = expression.split_whitespace().collect();
        if fields.len() != FIELDS.len() {
            return Err(RecurrenceError::NotFiveFields { fields: fields.len() });
        }
        for (at, text) in fields.iter().enumerate() {
            if !is_traditional(at, text) {
                return Err(RecurrenceError::Field { field: FIELDS[at], text: (*text).to_owned() });
            }
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(expression).map_err(|_| RecurrenceError::OutOfRange { text: expression.to_owned() })?;
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZoneDatabase::bundled()
                .get(name)
                .map_err(|_| RecurrenceError::UnknownZone { zone: name.to_owned() })?,
        };
        Ok(Self { cron, zone })
    }

    /// The first run after an instant, both in milliseconds since 1970; `None` if there is none that anybody will see.
    #[must_use]
    pub fn next_after(&self, unix_ms: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(unix_ms).ok()?.to_zoned(self.zone.clone());
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        Some(next.timestamp().as_millisecond())
    }
}

/// Whether a field has only `*`, numbers, names where they belong, and `,` `-` `/` between them.
fn is_traditional(at: usize, text: &str) -> bool {
    let names: &[&str] = match at {
        3 => &MONTHS,
        4 => &WEEKDAYS,
        _ => &[],
    };
    text.split([',', '-', '/']).all(|token| {
        token == "*"
            || (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()))
            || names.iter().any(|name| name.eq_ignore_ascii_case(token))
    })
}

/// When a scheduled action runs. Instants are milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// `StartTime`: the only run, or the first.
    pub start: Option<i64>,
    /// `EndTime`: no run after it.
    pub end: Option<i64>,
    /// `Recurrence`, with `TimeZone`.
    pub recurrence: Option<Recurrence>,
}

impl Schedule {
    /// The first run after an instant; `None` if there is none.
    #[must_use]
    pub fn next_after(&self, unix_ms: i64) -> Option<i64> {
        let next = match (self.start, &self.recurrence) {
            (Some(start), _) if start > unix_ms => Some(start),
            (_, Some(recurrence)) => recurrence.next_after(unix_ms),
            (_, None) => None,
        };
        next.filter(|next| self.end.is_none_or(|end| *next <= end))
    }
}

/// What a scheduled action sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduledSizes {
    /// `MinSize`.
    pub min: Option<u64>,
    /// `MaxSize`.
    pub max: Option<u64>,
    /// `DesiredCapacity`.
    pub desired: Option<u64>,
}

/// Why a scheduled action fails: its minimum would be above the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinAboveMax {
    /// The minimum.
    pub min: u64,
    /// The maximum.
    pub max: u64,
}

impl fmt::Display for MinAboveMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the minimum of {} would be above the maximum of {}", self.min, self.max)
    }
}

impl core::error::Error for MinAboveMax {}

impl ScheduledSizes {
    /// The sizes of the group after the action.
    pub fn apply(self, group: GroupSize) -> Result<GroupSize, MinAboveMax> {
        let (min, max) = (self.min.unwrap_or(group.min), self.max.unwrap_or(group.max));
        if min > max {
            return Err(MinAboveMax { min, max });
        }
        Ok(GroupSize { desired: self.desired.unwrap_or(group.desired).clamp(min, max), min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn runs(expression: &str, zone: Option<&str>, after: &str, count: usize) -> Vec<String> {
        let recurrence = Recurrence::parse(expression, zone).unwrap();
        let mut at = ms(after);
        (0..count)
            .map(|_| {
                at = recurrence.next_after(at).unwrap();
                Timestamp::from_millisecond(at).unwrap().to_string()
            })
            .collect()
    }

    #[test]
    fn asg_025_cron_in_utc() {
        // AWS's own example: half past midnight on the first of January, June and December.
        assert_eq!(
            runs("30 0 1 1,6,12 *", None, "2026-01-01T00:30:00Z", 3),
            ["2026-06-01T00:30:00Z", "2026-12-01T00:30:00Z", "2027-01-01T00:30:00Z"]
        );
        assert_eq!(
            runs("*/20 8-9 * * MON-FRI", None, "2026-05-15T09:30:00Z", 3),
            ["2026-05-15T09:40:00Z", "2026-05-18T08:00:00Z", "2026-05-18T08:20:00Z"]
        );
        assert_eq!(
            runs("0 0 * * 7", None, "2026-05-15T00:00:00Z", 1),
            ["2026-05-17T00:00:00Z"],
            "7 is Sunday, as 0 is"
        );
        assert_eq!(runs("0 0 * * 0", None, "2026-05-15T00:00:00Z", 1), ["2026-05-17T00:00:00Z"]);
        assert_eq!(runs("0 0 29 2 *", None, "2026-01-01T00:00:00Z", 1), ["2028-02-29T00:00:00Z"]);
    }

    #[test]
    fn asg_025_either_day_field() {
        assert_eq!(
            runs("0 12 13 * FRI", None, "2026-02-06T12:00:00Z", 3),
            ["2026-02-13T12:00:00Z", "2026-02-20T12:00:00Z", "2026-02-27T12:00:00Z"]
        );
    }

    #[test]
    fn asg_025_strictly_after() {
        let recurrence = Recurrence::parse("0 9 * * *", None).unwrap();
        let nine = ms("2026-03-01T09:00:00Z");
        assert_eq!(recurrence.next_after(nine - 1), Some(nine));
        assert_eq!(recurrence.next_after(nine), Some(nine + 86_400_000));
        assert_eq!(recurrence.next_after(nine + 999), Some(nine + 86_400_000));
        assert_eq!(recurrence.next_after(i64::MAX), None);
        assert_eq!(Recurrence::parse("0 0 31 2 *", None).unwrap().next_after(nine), None, "no such day");
    }

    // proves: SAS-063
    #[test]
    fn asg_025_daylight_saving() {
        // As SX-025: eight in New York is 13:00 and then 12:00 UTC.
        assert_eq!(
            runs("0 8 * * MON-FRI", Some("America/New_York"), "2026-03-05T13:00:00Z", 2),
            ["2026-03-06T13:00:00Z", "2026-03-09T12:00:00Z"]
        );
        // 02:30 does not exist on 29 March in Berlin: the first instant after the gap. Then it is there again.
        assert_eq!(
            runs("30 2 * * *", Some("Europe/Berlin"), "2026-03-28T01:30:00Z", 2),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        );
        // It comes twice on 25 October: the first time only.
        assert_eq!(
            runs("30 2 * * *", Some("Europe/Berlin"), "2026-10-24T00:30:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(runs("0 0 * * *", Some("Asia/Kolkata"), "2026-10-24T00:00:00Z", 1), ["2026-10-24T18:30:00Z"]);
    }

    #[test]
    fn asg_025_what_is_no_recurrence() {
        let error = |expression: &str| Recurrence::parse(expression, None).unwrap_err();
        assert_eq!(error("0 8 * *"), RecurrenceError::NotFiveFields { fields: 4 });
        assert_eq!(error("0 0 8 * * *"), RecurrenceError::NotFiveFields { fields: 6 });
        assert_eq!(error(""), RecurrenceError::NotFiveFields { fields: 0 });
        for (expression, field, text) in [
            ("0 8 L * *", "day of month", "L"),
            ("0 8 ? * *", "day of month", "?"),
            ("0 8 15W * *", "day of month", "15W"),
            ("0 8 * * 5#2", "day of week", "5#2"),
            ("0 8 * * +MON", "day of week", "+MON"),
            ("MON 8 * * *", "minute", "MON"),
            ("0 8 * MON *", "month", "MON"),
            ("0 8 * * MONDAY", "day of week", "MONDAY"),
            ("0, 8 * * *", "minute", "0,"),
        ] {
            assert_eq!(error(expression), RecurrenceError::Field { field, text: text.to_owned() });
        }
        for expression in
            ["60 8 * * *", "0 24 * * *", "0 8 0 * *", "0 8 * 13 *", "0 8 * * 8", "9-5 8 * * *", "*/0 8 * * *"]
        {
            assert_eq!(error(expression), RecurrenceError::OutOfRange { text: expression.to_owned() });
        }
        let zone = Recurrence::parse("0 8 * * *", Some("Mars/Olympus")).unwrap_err();
        assert_eq!(
            zone.to_string(),
            "`Mars/Olympus` is not a time zone: write a name such as Europe/Berlin or Etc/UTC"
        );
    }

    #[test]
    fn asg_025_start_and_end() {
        let (start, end) = (ms("2026-06-01T10:00:00Z"), ms("2026-06-03T08:00:00Z"));
        let once = Schedule { start: Some(start), ..Schedule::default() };
        assert_eq!((once.next_after(start - 1), once.next_after(start)), (Some(start), None));
        let daily = Recurrence::parse("0 8 * * *", None).unwrap();
        let bounded = Schedule { start: Some(start), end: Some(end), recurrence: Some(daily.clone()) };
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(next) = bounded.next_after(at) {
            found.push(next);
            at = next;
        }
        assert_eq!(found, [start, ms("2026-06-02T08:00:00Z"), end]);
        let open = Schedule { recurrence: Some(daily), ..Schedule::default() };
        assert_eq!(open.next_after(end), Some(ms("2026-06-04T08:00:00Z")));
        assert_eq!(Schedule::default().next_after(0), None);
    }

    #[test]
    fn asg_025_sizes() {
        let group = GroupSize { desired: 4, min: 2, max: 8 };
        let after = |min, max, desired| {
            ScheduledSizes { min, max, desired }.apply(group).map(|size| (size.desired, size.min, size.max))
        };
        assert_eq!(after(None, None, Some(6)), Ok((6, 2, 8)));
        assert_eq!(after(Some(5), None, None), Ok((5, 5, 8)));
        assert_eq!(after(None, Some(3), None), Ok((3, 2, 3)));
        assert_eq!(after(Some(0), Some(0), Some(0)), Ok((0, 0, 0)));
        assert_eq!(after(None, None, Some(20)), Ok((8, 2, 8)));
        assert_eq!(after(Some(9), None, None), Err(MinAboveMax { min: 9, max: 8 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// The definition: the first minute that every field matches.
        #[test]
        fn asg_025_equals_a_search_minute_by_minute(
            minute in 0..60_u64, hours in (0..24_u64, 0..24_u64), day in proptest::option::of(1..29_u64),
            weekday in proptest::option::of(0..7_u64), start in 0..500_000_u64,
        ) {
            let (from, to) = (hours.0.min(hours.1), hours.0.max(hours.1));
            let field = |value: Option<u64>| value.map_or("*".to_owned(), |value| value.to_string());
            let expression = format!("{minute} {from}-{to} {} * {}", field(day), field(weekday));
            let recurrence = Recurrence::parse(&expression, None).unwrap();
            let matches = |at: u64| {
                let zoned = Timestamp::from_millisecond((at * 60_000) as i64).unwrap().to_zoned(TimeZone::UTC);
                let is_day = day.is_some_and(|day| zoned.day() as u64 == day);
                let is_weekday = weekday.is_some_and(|weekday| zoned.weekday().to_sunday_zero_offset() as u64 == weekday);
                let (any_day, any_weekday) = (day.is_none(), weekday.is_none());
                zoned.minute() as u64 == minute
                    && (from..=to).contains(&(zoned.hour() as u64))
                    && ((any_day && any_weekday) || is_day || is_weekday)
            };
            let found = recurrence.next_after((start * 60_000) as i64).unwrap();
            let searched = (start + 1..).find(|at| matches(*at)).unwrap();
            prop_assert_eq!(found, (searched * 60_000) as i64);
        }
    }
}
