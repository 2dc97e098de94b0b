//! What a user writes with a unit: `90s`, `512MiB`, `20%`, `2026-03-02T00:00:00Z`; and the few texts and numbers that
//! need care.
//!
//! A bare number where a unit is needed is an error that says which units fit. Each type knows its own text form both
//! ways (`FromStr`, `Display`), which JSON Schema describes it, and the sentence that a diagnostic prints:
//! `x-ecsim-expected`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use ecsim_kernel::Span;
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Tells whether a text is well written.
pub type FormatCheck = fn(&str) -> bool;

/// The `format`s of the schema that a pattern cannot express in full, each with its check. A validator that registers
/// them finds every badly written unit; one that does not still has the pattern.
pub const FORMATS: &[(&str, FormatCheck)] = &[
    ("ecsim-duration", |text| text.parse::<Duration>().is_ok()),
    ("ecsim-cpu-time", |text| text.parse::<CpuTime>().is_ok()),
    ("ecsim-memory", |text| text.parse::<MemorySize>().is_ok()),
    ("ecsim-percent", |text| text.parse::<Percent>().is_ok()),
    ("ecsim-date-time", |text| text.parse::<DateTime>().is_ok()),
    ("ecsim-usd", |text| text.parse::<super::money::Usd>().is_ok()),
    ("ecsim-optional-usd", |text| text.is_empty() || text.parse::<super::money::Usd>().is_ok()),
    ("ecsim-share", |text| text.parse::<super::money::Share>().is_ok()),
    ("ecsim-cold-launch", |text| matches!(text, "stock" | "tuned") || text.parse::<Duration>().is_ok()),
    ("ecsim-spot-band", |text| text.parse::<super::spot_behavior::SpotBand>().is_ok()),
    ("ecsim-task-cpu", |text| text.is_empty() || text.parse::<super::aws::TaskCpu>().is_ok()),
    ("ecsim-task-memory", |text| text.is_empty() || text.parse::<super::aws::TaskMemory>().is_ok()),
];

/// A quantity that a distribution can be over.
pub trait Quantity:
    Copy + PartialEq + fmt::Debug + fmt::Display + Serialize + JsonSchema + for<'de> Deserialize<'de>
{
    /// What is expected, as part of a sentence.
    const EXPECTED: &'static str;

    /// The number that a distribution draws: seconds, bytes, or the number itself.
    fn magnitude(self) -> f64;
}

/// `Deserialize`, `Serialize` and `JsonSchema` of a type that is written as text.
macro_rules! written_as_text {
    ($type:ident, $format:literal, $pattern:literal, $expected:literal, $description:literal, $examples:tt) => {
        impl $type {
            /// What is expected, as part of a sentence.
            pub const EXPECTED: &'static str = $expected;
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match Value::deserialize(deserializer)? {
                    Value::String(text) => text.parse().map_err(D::Error::custom),
                    other => Err(D::Error::custom(unexpected(&other, Self::EXPECTED))),
                }
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "format": $format,
                    "pattern": $pattern,
                    "description": $description,
                    "examples": $examples,
                    "x-ecsim-expected": $expected,
                })
            }
        }
    };
}

/// The sentence for a value of the wrong kind.
pub(crate) fn unexpected(found: &Value, expected: &str) -> String {
    match found {
        Value::Null => format!("expected {expected}, but there is nothing"),
        Value::Array(_) => format!("expected {expected}, not a list"),
        Value::Object(_) => format!("expected {expected}, not a map"),
        scalar => format!("expected {expected}, not `{scalar}`"),
    }
}

/// Why a text is not what it should be; prints as a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitError(String);

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnitError {}

impl UnitError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// A length of time, written with its unit: `250ms`, `90s`, `5m`, `1h30m`, `2d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub Span);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(Span::ZERO);

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Span::from_secs(seconds))
    }

    /// So many milliseconds.
    #[must_use]
    pub const fn from_ms(milliseconds: u64) -> Self {
        Self(Span::from_ms(milliseconds))
    }

    /// As the simulator counts time.
    #[must_use]
    pub const fn span(self) -> Span {
        self.0
    }
}

impl FromStr for Duration {
    type Err = ecsim_kernel::ParseSpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Span {
        duration.0
    }
}

impl Quantity for Duration {
    const EXPECTED: &'static str = Duration::EXPECTED;

    fn magnitude(self) -> f64 {
        self.0.secs_f64()
    }
}

written_as_text!(
    Duration,
    "ecsim-duration",
    r"^\s*[0-9]+(\.[0-9]+)?\s*(ms|sec|s|min|m|h|d|w)(\s*[0-9]+(\.[0-9]+)?\s*(ms|sec|s|min|m|h|d|w))*\s*$",
    "a length of time with its unit, such as 90s, 5m or 1h30m",
    "A length of time with its unit: ms, s, m, h, d or w, larger units first.",
    ["250ms", "90s", "5m", "1h30m", "2d"]
);

/// CPU time, which may be much shorter than what the simulator counts time in: `250us`, `1.5ms`, `2s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct CpuTime {
    /// In seconds.
    pub seconds: f64,
}

impl FromStr for CpuTime {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let whole = text.trim();
        let end = whole.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(whole.len());
        let (number, unit) = whole.split_at(end);
        let factor = match unit.trim() {
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "" => return Err(UnitError::new(format!("`{whole}` has no unit: write for example 12ms or 800us"))),
            other => return Err(UnitError::new(format!("`{other}` is not a unit of CPU time: use us, ms or s"))),
        };
        match number.parse::<f64>() {
            Ok(number) if number * factor <= 86_400.0 => Ok(Self { seconds: number * factor }),
            _ => Err(UnitError::new(format!("`{whole}` is not a CPU time: write for example 12ms or 800us"))),
        }
    }
}

impl fmt::Display for CpuTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = (self.seconds * 1e6 * 1e3).round() / 1e3;
        if us >= 1_000.0 { write!(f, "{}ms", us / 1e3) } else { write!(f, "{us}us") }
    }
}

written_as_text!(
    CpuTime,
    "ecsim-cpu-time",
    r"^\s*[0-9]+(\.[0-9]+)?\s*(us|µs|ms|s)\s*$",
    "a CPU time with its unit, such as 12ms or 800us",
    "CPU time with its unit: us, ms or s.",
    ["12ms", "800us", "1.5s"]
);

/// A length of time in a setting whose name ends in `_s`: a number of seconds, or a written length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Span);

impl Seconds {
    /// What is expected, as part of a sentence.
    pub const EXPECTED: &'static str =
        "a number of seconds (`_s` is the unit) or a length of time with its unit, such as 90s, 5m or 1h30m";

    /// So many seconds.
    #[must_use]
    pub const fn new(seconds: u64) -> Self {
        Self(Span::from_secs(seconds))
    }

    /// As the simulator counts time.
    #[must_use]
    pub const fn span(self) -> Span {
        self.0
    }
}

impl Quantity for Seconds {
    const EXPECTED: &'static str = Seconds::EXPECTED;

    fn magnitude(self) -> f64 {
        self.0.secs_f64()
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::String(text) => text.parse().map(Self).map_err(D::Error::custom),
            Value::Number(number) => match number.as_f64() {
                Some(seconds) if seconds >= 0.0 && seconds.is_finite() => Ok(Self(Span::from_secs_f64(seconds))),
                _ => Err(D::Error::custom(unexpected(&value, Self::EXPECTED))),
            },
            other => Err(D::Error::custom(unexpected(other, Self::EXPECTED))),
        }
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.ms().is_multiple_of(1000) {
            serializer.serialize_u64(self.0.ms() / 1000)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let written = generator.subschema_for::<Duration>();
        json_schema!({
            "anyOf": [{"type": "number", "minimum": 0}, written],
            "description": "A number of seconds, or a length of time with its unit.",
            "x-ecsim-expected": Self::EXPECTED,
        })
    }
}

/// An amount of memory or data, written with its unit: `512MiB`, `2GiB`, `200MB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemorySize {
    bytes: u64,
}

/// The units of [`MemorySize`], the largest of each kind first; `MB` is a million bytes, `MiB` 1,048,576.
const MEMORY_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

impl MemorySize {
    /// So many MiB.
    #[must_use]
    pub const fn from_mib(mib: u32) -> Self {
        Self { bytes: (mib as u64) << 20 }
    }

    /// The amount in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.bytes
    }

    /// The amount in MiB, rounded down, as the ECS agent counts memory (RES-002).
    #[must_use]
    pub const fn whole_mib(self) -> u64 {
        self.bytes >> 20
    }

    /// The amount in millions of bytes, the unit of image sizes (LAT-010).
    #[must_use]
    pub fn megabytes(self) -> f64 {
        self.bytes as f64 / 1e6
    }
}

impl FromStr for MemorySize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let whole = text.trim();
        let end = whole.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(whole.len());
        let (number, unit) = (&whole[..end], whole[end..].trim_start());
        if number.is_empty() {
            return Err(UnitError::new(format!(
                "`{whole}` is not an amount of memory: write for example 512MiB or 2GiB"
            )));
        }
        if unit.is_empty() {
            return Err(UnitError::new(format!("`{whole}` has no unit: write for example {whole}MiB or {whole}GiB")));
        }
        let Some(&(_, size)) = MEMORY_UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(match MEMORY_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) {
                Some((name, _)) => UnitError::new(format!("`{unit}` is not a unit of memory: did you mean `{name}`?")),
                None => UnitError::new(format!(
                    "`{unit}` is not a unit of memory: use KiB, MiB, GiB, TiB, or KB, MB, GB, TB, or B"
                )),
            });
        };
        match scaled(number, size) {
            Some((bytes, _)) => Ok(Self { bytes }),
            None => Err(UnitError::new(format!("`{number}` is not a number that can be counted in bytes"))),
        }
    }
}

/// `number * size`, rounded to the nearest integer, and whether nothing had to be rounded. Exact: no detour through
/// floating point.
pub(crate) fn scaled(number: &str, size: u64) -> Option<(u64, bool)> {
    let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
    if integer.is_empty() && fraction.is_empty() || fraction.len() > 15 || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if integer.is_empty() { 0 } else { integer.parse().ok()? };
    let digits: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let one = 10_u128.pow(fraction.len() as u32);
    let product = digits * u128::from(size);
    let part = u64::try_from((product + one / 2) / one).ok()?;
    Some((whole.checked_mul(size)?.checked_add(part)?, product.is_multiple_of(one)))
}

/// The largest unit that gives a whole number, binary ones first.
impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, size): &&(&str, u64)| self.bytes > 0 && self.bytes.is_multiple_of(*size);
        let (unit, size) = MEMORY_UNITS.iter().find(fits).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.bytes / size)
    }
}

impl Quantity for MemorySize {
    const EXPECTED: &'static str = MemorySize::EXPECTED;

    fn magnitude(self) -> f64 {
        self.bytes as f64
    }
}

written_as_text!(
    MemorySize,
    "ecsim-memory",
    r"^\s*[0-9]+(\.[0-9]+)?\s*([KMGT]i?B|B)\s*$",
    "an amount of memory with its unit, such as 512MiB, 2GiB or 200MB",
    "An amount of memory or data with its unit: KiB, MiB, GiB, TiB (of 1024), KB, MB, GB, TB (of 1000) or B.",
    ["512MiB", "2GiB", "200MB"]
);

/// A share, written in percent: `20%`, `0.5%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Percent {
    percent: f64,
}

impl Percent {
    /// All of it.
    pub const ALL: Self = Self { percent: 100.0 };

    /// So many percent, if that is from 0 to 100.
    #[must_use]
    pub fn new(percent: f64) -> Option<Self> {
        (0.0..=100.0).contains(&percent).then_some(Self { percent })
    }

    /// The share as a number from 0 to 1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        self.percent / 100.0
    }

    /// The number before the percent sign.
    #[must_use]
    pub const fn percent(self) -> f64 {
        self.percent
    }
}

impl FromStr for Percent {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let whole = text.trim();
        let Some(number) = whole.strip_suffix('%') else {
            return Err(UnitError::new(format!("`{whole}` has no percent sign: write for example 20%")));
        };
        let number = number.trim_end();
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match number.parse::<f64>() {
            Ok(percent) if plain && percent <= 100.0 => Ok(Self { percent }),
            Ok(_) if plain => Err(UnitError::new(format!("`{whole}` is more than 100%"))),
            _ => Err(UnitError::new(format!("`{whole}` is not a share: write for example 20%"))),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.percent)
    }
}

written_as_text!(
    Percent,
    "ecsim-percent",
    r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$",
    "a share in percent from 0% to 100%, such as 20%",
    "A share in percent, from 0% to 100%.",
    ["20%", "0.5%"]
);

/// A moment in ISO 8601: `2026-03-02T00:00:00Z`, `2026-03-02T01:00:00+01:00`; without a zone it is UTC, a date alone is
/// its midnight (CQL-013).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub Timestamp);

impl DateTime {
    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn unix_ms(self) -> i64 {
        self.0.as_millisecond()
    }
}

impl FromStr for DateTime {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let text = text.trim();
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(Self(timestamp));
        }
        // A civil time would parse from the front of a text with a zone that is no zone: that must be ruled out first.
        let zoned = text.get(10..).is_some_and(|time| time.contains(['+', '-', '[', 'Z', 'z']));
        let utc = match text.parse::<civil::DateTime>() {
            Ok(civil) if !zoned => TimeZone::UTC.to_timestamp(civil).ok(),
            _ => None,
        };
        utc.map(Self).ok_or_else(|| {
            UnitError::new(format!("`{text}` is not a date and time: write for example 2026-03-02T00:00:00Z"))
        })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

written_as_text!(
    DateTime,
    "ecsim-date-time",
    r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?\s*$",
    "a date and time in ISO 8601, such as 2026-03-02T00:00:00Z",
    "A date and time in ISO 8601; without a zone it is UTC, a date alone is its midnight.",
    ["2026-03-02T00:00:00Z", "2026-03-02"]
);

/// A plain number without a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Quantity for Number {
    const EXPECTED: &'static str = "a number";

    fn magnitude(self) -> f64 {
        self.0
    }
}

/// A piece of text that YAML may take for something else: a whole number or `true`/`false` counts as the text it is
/// written as.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(pub String);

impl Text {
    /// What is expected, as part of a sentence.
    pub const EXPECTED: &'static str = "a text (put a number with a decimal point in quotes)";

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Bool(truth) => Ok(Self(truth.to_string())),
            // `1.10` would silently become `1.1`.
            Value::Number(number) if !number.is_f64() => Ok(Self(number.to_string())),
            other => Err(D::Error::custom(unexpected(&other, Self::EXPECTED))),
        }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer", "boolean"], "x-ecsim-expected": Self::EXPECTED})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_need_a_unit() {
        for (text, ms) in [("250ms", 250), ("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("2d", 172_800_000)]
        {
            assert_eq!(text.parse::<Duration>().map(|d| d.0.ms()), Ok(ms), "{text}");
        }
        for text in ["", "90", "-1s", "1 fortnight", "30m1h", "s"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
        let error = serde_json::from_value::<Duration>(json!(90)).unwrap_err().to_string();
        assert_eq!(error, "expected a length of time with its unit, such as 90s, 5m or 1h30m, not `90`");
        assert_eq!(json!(Duration::from_secs(5_400)), json!("1h 30m"));
    }

    #[test]
    fn seconds_are_numbers_or_written() {
        for (value, ms) in [(json!(180), 180_000), (json!(0.5), 500), (json!("3m"), 180_000), (json!(0), 0)] {
            assert_eq!(serde_json::from_value::<Seconds>(value.clone()).unwrap().0.ms(), ms, "{value}");
        }
        for value in [json!(-1), json!("180"), json!([1]), json!(true)] {
            assert!(serde_json::from_value::<Seconds>(value.clone()).is_err(), "{value}");
        }
        assert_eq!(json!([Seconds::new(15), Seconds(Span::from_ms(1_500))]), json!([15, "1.5s"]));
    }

    #[test]
    fn memory_is_in_bytes_and_prints_as_written() {
        let table = [
            ("512MiB", 536_870_912, "512MiB"),
            ("2GiB", 2_147_483_648, "2GiB"),
            ("1.5 GiB", 1_610_612_736, "1536MiB"),
            ("200MB", 200_000_000, "200MB"),
            ("1GB", 1_000_000_000, "1GB"),
            ("4KiB", 4_096, "4KiB"),
            ("3KB", 3_000, "3KB"),
            ("7B", 7, "7B"),
            ("0B", 0, "0B"),
        ];
        for (text, bytes, printed) in table {
            let size: MemorySize = text.parse().unwrap();
            assert_eq!((size.bytes(), size.to_string()), (bytes, printed.to_owned()), "{text}");
        }
        let error = |text: &str| text.parse::<MemorySize>().unwrap_err().to_string();
        assert_eq!(error("512"), "`512` has no unit: write for example 512MiB or 512GiB");
        assert_eq!(error("512mib"), "`mib` is not a unit of memory: did you mean `MiB`?");
        assert!(error("5 apples").contains("use KiB, MiB"));
        assert!(error("1.2.3MiB").contains("not a number"));
        assert!(error("99999999999TiB").contains("not a number"));
        assert!(error("MiB").contains("write for example"));
    }

    #[test]
    fn percents_are_from_0_to_100() {
        for (text, fraction) in [("20%", 0.2), ("0.5 %", 0.005), ("100%", 1.0), ("0%", 0.0)] {
            assert_eq!(text.parse::<Percent>().map(Percent::fraction), Ok(fraction), "{text}");
        }
        for text in ["20", "%", "-1%", "101%", "inf%", "1e1%"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    #[test]
    fn date_times_default_to_utc() {
        let table = [
            ("2018-06-18T22:28:28+00:00", "2018-06-18T22:28:28Z"),
            ("2018-06-18T22:28:28Z", "2018-06-18T22:28:28Z"),
            ("2018-06-18T22:28:28", "2018-06-18T22:28:28Z"),
            ("2018-06-18", "2018-06-18T00:00:00Z"),
            ("2018-06-18T01:00:00+02:00", "2018-06-17T23:00:00Z"),
        ];
        for (text, printed) in table {
            assert_eq!(text.parse::<DateTime>().unwrap().to_string(), printed, "{text}");
        }
        for text in ["", "yesterday", "2018-13-01", "2018-06-18T25:00:00Z", "2018-06-18T22:28:28+99:99", "2018"] {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
    }

    #[test]
    fn texts_take_what_cannot_be_misread() {
        for (value, text) in [(json!("a"), "a"), (json!(3), "3"), (json!(true), "true")] {
            assert_eq!(serde_json::from_value::<Text>(value).unwrap().as_str(), text);
        }
        assert!(serde_json::from_value::<Text>(json!(1.1)).is_err());
        assert!(serde_json::from_value::<Text>(json!([])).is_err());
    }
}
