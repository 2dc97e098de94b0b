//! The typed values of the language (numbers, versions, instants), compiled at parse time so that an evaluation over
//! thousands of instances compares and never parses an argument again.

use std::cmp::Ordering;

/// A decimal number as its digits, because attribute values may be longer than any machine number holds and a
/// comparison that rounds would differ from the one the reader of the scenario makes (CQL-004).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decimal {
    sign: i8,
    magnitude: i64,
    digits: Vec<u8>,
}

impl Decimal {
    /// Reads an optional sign, digits with an optional fraction, and an optional exponent; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let view = DecimalView::parse(text)?;
        Some(Self { sign: view.sign, magnitude: view.magnitude, digits: [view.head, view.tail].concat() })
    }

    /// How the number in `text` stands to this one, or `None` if `text` is no number (CQL-004).
    pub(super) fn compare_from(&self, text: &str) -> Option<Ordering> {
        let own = DecimalView { sign: self.sign, magnitude: self.magnitude, head: &self.digits, tail: &[] };
        DecimalView::parse(text).map(|other| other.compare(&own))
    }
}

/// A parsed number that borrows its digits, so that comparing an instance's attribute allocates nothing.
struct DecimalView<'a> {
    sign: i8,
    /// Where the decimal point stands relative to the first digit that is not zero.
    magnitude: i64,
    head: &'a [u8],
    tail: &'a [u8],
}

impl<'a> DecimalView<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        // Far beyond what 128 digits can shift, and small enough for sums of two never to overflow.
        const EXPONENT_CAP: i64 = 1 << 40;

        let bytes = text.as_bytes();
        let (negative, bytes) = sign(bytes);
        let (whole, rest) = digits(bytes);
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(rest) => digits(rest),
            None => (&[][..], rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => {
                let (negative, rest) = sign(rest);
                let (value, rest) = digits(rest);
                if value.is_empty() || !rest.is_empty() {
                    return None;
                }
                let size =
                    value.iter().fold(0, |sum: i64, digit| (sum * 10 + i64::from(digit - b'0')).min(EXPONENT_CAP));
                if negative { -size } else { size }
            }
            _ => return None,
        };

        let head = trim_start(whole);
        let tail = if head.is_empty() { trim_start(fraction) } else { fraction };
        if head.is_empty() && tail.is_empty() {
            return Some(Self { sign: 0, magnitude: 0, head, tail });
        }
        let point = if head.is_empty() { tail.len() as i64 - fraction.len() as i64 } else { head.len() as i64 };
        Some(Self { sign: if negative { -1 } else { 1 }, magnitude: point + exponent, head, tail })
    }

    fn compare(&self, other: &DecimalView<'_>) -> Ordering {
        let by_sign = self.sign.cmp(&other.sign);
        if by_sign != Ordering::Equal || self.sign == 0 {
            return by_sign;
        }
        let by_size = self.magnitude.cmp(&other.magnitude).then_with(|| self.compare_digits(other));
        if self.sign < 0 { by_size.reverse() } else { by_size }
    }

    fn compare_digits(&self, other: &DecimalView<'_>) -> Ordering {
        let longest = (self.head.len() + self.tail.len()).max(other.head.len() + other.tail.len());
        let own = self.head.iter().chain(self.tail).chain(std::iter::repeat(&b'0'));
        let others = other.head.iter().chain(other.tail).chain(std::iter::repeat(&b'0'));
        own.take(longest).cmp(others.take(longest))
    }
}

fn sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    }
}

fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

fn trim_start(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|digit| **digit == b'0').count()..]
}

/// A dotted version whose parts compare as integers: 1.9.0 < 1.14.5 < 1.100.0 (CQL-014).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version(Vec<u64>);

impl Version {
    /// `None` unless every part is a number.
    pub(super) fn parse(text: &str) -> Option<Self> {
        parts(text).collect::<Option<_>>().map(Self)
    }

    /// How the version in `text` stands to this one, or `None` if `text` is no version (CQL-014). A part that one of
    /// the two lacks counts as 0, so that `1.14` is `1.14.0`.
    pub(super) fn compare_from(&self, text: &str) -> Option<Ordering> {
        let mut theirs = parts(text);
        let mut own = self.0.iter();
        let mut order = Ordering::Equal;
        loop {
            // All of `text` is read even once the order is known: whether it is a version must not depend on the
            // argument it is compared with.
            let (left, right) = match (theirs.next(), own.next()) {
                (None, None) => return Some(order),
                (left, right) => (left.unwrap_or(Some(0))?, right.copied().unwrap_or(0)),
            };
            order = order.then(left.cmp(&right));
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = Option<u64>> {
    // `u64::from_str` alone would also take a leading `+`.
    text.split('.').map(|part| if part.starts_with('+') { None } else { part.parse().ok() })
}

/// The formats of CQL-013, for messages.
pub(super) const INSTANT_FORMATS: &str = "write 2018-06-18T22:28:28+00:00, 2018-06-18T22:28:28Z, 2018-06-18T22:28:28 \
     or 2018-06-18; without a zone it is UTC, a day alone means 00:00:00";

/// Milliseconds since the Unix epoch of an instant in one of the four formats of CQL-013, or what is wrong with it.
///
/// Written out because general date parsers accept many more formats, and a text that ECS refuses must be refused.
pub(super) fn parse_instant(text: &str) -> Result<i64, String> {
    let shape = || format!("`{text}` is not a date that `registeredAt` accepts");
    let bytes = text.as_bytes();
    let (date, rest) = bytes.split_at_checked(10).ok_or_else(shape)?;
    let [year, month, day] = fields(date, b"0000-00-00").ok_or_else(shape)?;
    let (clock, zone) = match rest {
        [] => (&b"00:00:00"[..], rest),
        [b'T', rest @ ..] => rest.split_at_checked(8).ok_or_else(shape)?,
        _ => return Err(shape()),
    };
    let [hour, minute, second] = fields(clock, b"00:00:00").ok_or_else(shape)?;
    let offset = match zone {
        [] | b"Z" => 0,
        [sign @ (b'+' | b'-'), zone @ ..] => {
            let [hours, minutes] = fields(zone, b"00:00").ok_or_else(shape)?;
            if hours > 18 || minutes > 59 || hours * 60 + minutes > 18 * 60 {
                return Err(format!("`{text}` has a zone offset beyond 18 hours"));
            }
            let minutes = hours * 60 + minutes;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return Err(shape()),
    };
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return Err(format!("`{text}` names a day that does not exist"));
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err(format!("`{text}` names a time of day that does not exist"));
    }
    Ok((((days_from_epoch(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000)
}

/// The numbers of `text` if it has the shape of `shape`, where `0` stands for any digit.
fn fields<const N: usize>(text: &[u8], shape: &[u8]) -> Option<[i64; N]> {
    if text.len() != shape.len() {
        return None;
    }
    let mut values = [0; N];
    let mut field = 0;
    for (byte, wanted) in text.iter().zip(shape) {
        match (byte, wanted) {
            (b'0'..=b'9', b'0') => values[field] = values[field] * 10 + i64::from(byte - b'0'),
            (byte, wanted) if byte == wanted => field += 1,
            _ => return None,
        }
    }
    Some(values)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01, counting years from March so that the leap day is the last of its year.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}
