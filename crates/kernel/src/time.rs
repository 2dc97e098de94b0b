//! Simulated time exists as two integer types, so that an instant is never mistaken for a length of time and no rounding error accumulates.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Sub};
use core::str::FromStr;

/// Milliseconds in a second, a minute, an hour, a day and a week.
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// An instant: whole milliseconds since the start of the run.
///
/// Arithmetic saturates: [`SimTime::MAX`] works as "never".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
pub struct SimTime(u64);

/// A length of time: whole milliseconds.
///
/// Arithmetic saturates: [`Span::MAX`] works as "for ever".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
pub struct Span(u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: SimTime = SimTime(0);
    /// The last instant that can be written, some 584 million years in: "never".
    pub const MAX: SimTime = SimTime(u64::MAX);

    /// The instant `ms` milliseconds after the start of the run.
    pub const fn from_ms(ms: u64) -> SimTime {
        SimTime(ms)
    }

    /// Milliseconds since the start of the run.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// Seconds since the start of the run, with their fraction; for output and rates, never to compute an instant.
    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// Complete seconds since the start of the run, rounded down.
    pub const fn whole_secs(self) -> u64 {
        self.0 / SECOND
    }

    /// The time from `earlier` to this instant; zero if `earlier` is in fact later.
    pub const fn since(self, earlier: SimTime) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The longest span that can be written: "for ever".
    pub const MAX: Span = Span(u64::MAX);

    /// A span of `ms` milliseconds.
    pub const fn from_ms(ms: u64) -> Span {
        Span(ms)
    }

    /// A span of `secs` seconds.
    pub const fn from_secs(secs: u64) -> Span {
        Span(secs.saturating_mul(SECOND))
    }

    /// A span of `mins` minutes.
    pub const fn from_mins(mins: u64) -> Span {
        Span(mins.saturating_mul(MINUTE))
    }

    /// A span of `hours` hours.
    pub const fn from_hours(hours: u64) -> Span {
        Span(hours.saturating_mul(HOUR))
    }

    /// A span of `days` days of 24 hours.
    pub const fn from_days(days: u64) -> Span {
        Span(days.saturating_mul(DAY))
    }

    /// `secs` seconds, rounded to the nearest millisecond (halves up). NaN and negative numbers give zero, too large ones [`Span::MAX`].
    pub fn from_secs_f64(secs: f64) -> Span {
        // Casts from float to integer truncate, saturate and map NaN to zero, which is all that is wanted. Adding the half is exact
        // enough below 2^52 ms (142,000 years); above, there are no fractions left, and the half must not round to the next even.
        let ms = secs * SECOND as f64;
        if ms < 4_503_599_627_370_496.0 {
            let floor = ms as u64;
            // Compare the fraction instead of adding 0.5: 0.499...97 + 0.5 would round up to 1.
            Span(if ms - floor as f64 >= 0.5 { floor + 1 } else { floor })
        } else {
            Span(ms as u64)
        }
    }

    /// The length in milliseconds.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// The length in seconds, with their fraction.
    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// Whether this is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, at most [`Span::MAX`].
    pub const fn saturating_add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }

    /// The difference, at least zero.
    pub const fn saturating_sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }

    /// `factor` times this span, at most [`Span::MAX`].
    pub const fn saturating_mul(self, factor: u64) -> Span {
        Span(self.0.saturating_mul(factor))
    }
}

impl Add<Span> for SimTime {
    type Output = SimTime;

    /// The instant `span` later, at most [`SimTime::MAX`].
    fn add(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for SimTime {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for SimTime {
    type Output = SimTime;

    /// The instant `span` earlier, at least [`SimTime::ZERO`].
    fn sub(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_sub(span.0))
    }
}

impl Sub<SimTime> for SimTime {
    type Output = Span;

    /// The same as [`SimTime::since`].
    fn sub(self, earlier: SimTime) -> Span {
        self.since(earlier)
    }
}

impl Add for Span {
    type Output = Span;

    /// The sum, at most [`Span::MAX`].
    fn add(self, other: Span) -> Span {
        self.saturating_add(other)
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl Sum for Span {
    fn sum<I: Iterator<Item = Span>>(spans: I) -> Span {
        spans.fold(Span::ZERO, Span::saturating_add)
    }
}

/// A clock: `02:03:04`, `02:03:04.250`, `3d 02:03:04`; milliseconds only where there are any.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.0 / DAY, self.0 % DAY);
        if days > 0 {
            write!(f, "{days}d ")?;
        }
        write!(f, "{:02}:{:02}:{:02}", ms / HOUR, ms % HOUR / MINUTE, ms % MINUTE / SECOND)?;
        if !ms.is_multiple_of(SECOND) {
            write!(f, ".{:03}", ms % SECOND)?;
        }
        Ok(())
    }
}

/// The shortest exact writing: `1h 30m`, `2.5s`, `250ms`, `0s`. Parsing it gives the same span.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < SECOND {
            return write!(f, "{}ms", self.0);
        }
        let mut gap = "";
        for (count, unit) in [(self.0 / DAY, "d"), (self.0 % DAY / HOUR, "h"), (self.0 % HOUR / MINUTE, "m")] {
            if count > 0 {
                write!(f, "{gap}{count}{unit}")?;
                gap = " ";
            }
        }
        let (secs, ms) = (self.0 % MINUTE / SECOND, self.0 % SECOND);
        if ms > 0 {
            let digits = format!("{ms:03}");
            write!(f, "{gap}{secs}.{}s", digits.trim_end_matches('0'))?;
        } else if secs > 0 {
            write!(f, "{gap}{secs}s")?;
        }
        Ok(())
    }
}

/// Why a text is not a [`Span`]. Each carries what the user wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParseSpanError {
    /// There is nothing but blanks.
    Empty,
    /// A number stands alone.
    NoUnit(String),
    /// The unit is none of `ms`, `s`, `m`, `h`, `d`, `w`.
    UnknownUnit(String),
    /// There is no number where one is due.
    NotANumber(String),
    /// The number is below zero.
    Negative(String),
    /// A unit does not get smaller from left to right, as in `30m 1h` or `1s 1s`.
    OutOfOrder(String),
    /// It exceeds [`Span::MAX`], or has more digits than can be computed exactly.
    TooLong(String),
}

impl fmt::Display for ParseSpanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "a span of time is missing: write for example 250ms, 90s or 1h 30m"),
            Self::NoUnit(number) => {
                write!(f, "`{number}` has no unit: write for example {number}s, {number}m or {number}h")
            }
            Self::UnknownUnit(unit) => write!(f, "`{unit}` is not a unit of time: use ms, s, m, h, d or w"),
            Self::NotANumber(text) => {
                write!(f, "`{text}` is not a span of time: write for example 250ms, 90s or 1h 30m")
            }
            Self::Negative(text) => write!(f, "`{text}` is negative: a span of time is at least 0s"),
            Self::OutOfOrder(text) => write!(f, "`{text}` is out of order: write larger units first, each once"),
            Self::TooLong(text) => write!(f, "`{text}` is too long a span of time"),
        }
    }
}

impl core::error::Error for ParseSpanError {}

/// Numbers with written units, larger units first: `250ms`, `90s`, `1.5s`, `2m`, `2min`, `1h30m`, `1h 30m`, `2d`, `1w`. Fractions of a
/// millisecond are rounded to the nearest.
impl FromStr for Span {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Span, ParseSpanError> {
        let whole = text.trim();
        let mut rest = whole;
        if rest.is_empty() {
            return Err(ParseSpanError::Empty);
        }
        if rest.starts_with('-') {
            return Err(ParseSpanError::Negative(whole.to_owned()));
        }
        let too_long = || ParseSpanError::TooLong(whole.to_owned());
        let mut total = 0_u64;
        let mut previous_unit = u64::MAX;
        while !rest.is_empty() {
            let (number, after) = split_where(rest, |c| !(c.is_ascii_digit() || c == '.'));
            let (unit, after) = split_where(after.trim_start(), |c| !c.is_alphabetic());
            let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
            if integer.is_empty() || number.ends_with('.') || fraction.contains('.') {
                return Err(ParseSpanError::NotANumber(whole.to_owned()));
            }
            let size = match unit {
                "ms" => 1,
                "s" | "sec" => SECOND,
                "m" | "min" => MINUTE,
                "h" => HOUR,
                "d" => DAY,
                "w" => WEEK,
                // `5 %` or `1s,` is no matter of a missing unit.
                "" if after.is_empty() || after.starts_with(|c: char| c.is_ascii_digit()) => {
                    return Err(ParseSpanError::NoUnit(number.to_owned()));
                }
                "" => return Err(ParseSpanError::NotANumber(whole.to_owned())),
                _ => return Err(ParseSpanError::UnknownUnit(unit.to_owned())),
            };
            if size >= previous_unit {
                return Err(ParseSpanError::OutOfOrder(whole.to_owned()));
            }
            previous_unit = size;
            let part = scale(integer, fraction, size).ok_or_else(too_long)?;
            total = total.checked_add(part).ok_or_else(too_long)?;
            rest = after.trim_start();
        }
        Ok(Span(total))
    }
}

/// Splits before the first character that `stop` accepts.
fn split_where(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}

/// `integer.fraction * size`, rounded to the nearest integer (halves up), exactly: no detour through floating point.
fn scale(integer: &str, fraction: &str, size: u64) -> Option<u64> {
    let integer: u64 = integer.parse().ok()?;
    if fraction.len() > 18 {
        return None;
    }
    let one = 10_u128.pow(fraction.len() as u32);
    let digits: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let part = (digits * u128::from(size) + one / 2) / one;
    integer.checked_mul(size)?.checked_add(u64::try_from(part).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<u64, String> {
        text.parse::<Span>().map(Span::ms).map_err(|error| error.to_string())
    }

    #[test]
    fn arithmetic_saturates() {
        let t = SimTime::from_ms(1_500);
        assert_eq!(t + Span::from_secs(2), SimTime::from_ms(3_500));
        assert_eq!(t - Span::from_secs(2), SimTime::ZERO);
        assert_eq!(t - SimTime::from_ms(500), Span::from_secs(1));
        assert_eq!(SimTime::from_ms(500) - t, Span::ZERO);
        assert_eq!(t.since(SimTime::ZERO), Span::from_ms(1_500));
        assert_eq!(SimTime::MAX + Span::from_ms(1), SimTime::MAX);
        assert_eq!(Span::MAX.saturating_add(Span::from_ms(1)), Span::MAX);
        assert_eq!(Span::MAX + Span::MAX, Span::MAX);
        assert_eq!(Span::from_ms(1).saturating_sub(Span::from_ms(2)), Span::ZERO);
        assert_eq!(Span::from_ms(3).saturating_mul(u64::MAX), Span::MAX);
        assert_eq!(Span::from_hours(u64::MAX), Span::MAX);
        assert_eq!([Span::from_mins(1), Span::from_secs(1)].into_iter().sum::<Span>().ms(), 61_000);
        let mut later = t;
        later += Span::from_hours(1);
        assert_eq!(later.ms(), 3_601_500);
    }

    #[test]
    fn seconds() {
        assert_eq!(SimTime::from_ms(1_999).whole_secs(), 1);
        assert_eq!(SimTime::from_ms(1_250).secs_f64(), 1.25);
        assert_eq!(Span::from_ms(1_250).secs_f64(), 1.25);
        assert_eq!(Span::from_secs_f64(1.2345).ms(), 1_235);
        assert_eq!(Span::from_secs_f64(0.0005).ms(), 1);
        assert_eq!(Span::from_secs_f64(0.000_499_999_999_999_999_9).ms(), 0);
        assert_eq!(Span::from_secs_f64(-3.0), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::NEG_INFINITY), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::INFINITY), Span::MAX);
        assert_eq!(Span::from_secs_f64(4_503_599_627_370.497).ms(), 4_503_599_627_370_497);
        assert!(Span::ZERO.is_zero() && !Span::from_ms(1).is_zero());
    }

    #[test]
    fn display() {
        let span = |ms| Span::from_ms(ms).to_string();
        assert_eq!(span(0), "0s");
        assert_eq!(span(250), "250ms");
        assert_eq!(span(2_500), "2.5s");
        assert_eq!(span(2_050), "2.05s");
        assert_eq!(span(60_000), "1m");
        assert_eq!(span(60_250), "1m 0.25s");
        assert_eq!(span(5_400_000), "1h 30m");
        assert_eq!(span(3_603_000), "1h 3s");
        assert_eq!(span(694_861_001), "8d 1h 1m 1.001s");
        let time = |ms| SimTime::from_ms(ms).to_string();
        assert_eq!(time(0), "00:00:00");
        assert_eq!(time(7_384_250), "02:03:04.250");
        assert_eq!(time(3 * DAY + 7_384_000), "3d 02:03:04");
        assert_eq!(format!("{:?} {:?}", SimTime::from_ms(7), Span::from_ms(7)), "SimTime(7) Span(7)");
    }

    #[test]
    fn parse_accepts() {
        for (text, ms) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("1.5s", 1_500),
            ("2m", 120_000),
            ("2min", 120_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            (" 1 h  30 m ", 5_400_000),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
            ("1w 1d 1h 1m 1s 1ms", 694_861_001),
            ("0.1h", 360_000),
            ("1.0005s", 1_001),
            ("0s", 0),
            ("18446744073709551615ms", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn parse_refuses() {
        for (text, message) in [
            ("", "a span of time is missing: write for example 250ms, 90s or 1h 30m"),
            ("90", "`90` has no unit: write for example 90s, 90m or 90h"),
            ("1.5", "`1.5` has no unit: write for example 1.5s, 1.5m or 1.5h"),
            ("1h 30", "`30` has no unit: write for example 30s, 30m or 30h"),
            ("5 parsecs", "`parsecs` is not a unit of time: use ms, s, m, h, d or w"),
            ("1M", "`M` is not a unit of time: use ms, s, m, h, d or w"),
            ("soon", "`soon` is not a span of time: write for example 250ms, 90s or 1h 30m"),
            ("5%", "`5%` is not a span of time: write for example 250ms, 90s or 1h 30m"),
            ("1s,", "`1s,` is not a span of time: write for example 250ms, 90s or 1h 30m"),
            (".5s", "`.5s` is not a span of time: write for example 250ms, 90s or 1h 30m"),
            ("1.2.3s", "`1.2.3s` is not a span of time: write for example 250ms, 90s or 1h 30m"),
            ("1_000s", "`1_000s` is not a span of time: write for example 250ms, 90s or 1h 30m"),
            ("1h -5m", "`1h -5m` is not a span of time: write for example 250ms, 90s or 1h 30m"),
            ("-5s", "`-5s` is negative: a span of time is at least 0s"),
            ("30m 1h", "`30m 1h` is out of order: write larger units first, each once"),
            ("1s 1s", "`1s 1s` is out of order: write larger units first, each once"),
            ("18446744073709551616ms", "`18446744073709551616ms` is too long a span of time"),
            ("99999999999999999w", "`99999999999999999w` is too long a span of time"),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn display_parses_to_the_same_span(ms in prop_oneof![any::<u64>(), 0..WEEK, 0..10 * SECOND]) {
            prop_assert_eq!(parse(&Span::from_ms(ms).to_string()), Ok(ms));
        }

        #[test]
        fn parse_never_panics(text in "[0-9.smhdw _-]{0,12}") {
            let _ = parse(&text);
        }
    }
}
