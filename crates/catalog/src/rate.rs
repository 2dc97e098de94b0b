//! Exact money per hour: prices are decimal, so they are kept as integers and only shown as floats.

/// An amount of money per hour (or per GB-hour), exact to a billionth of the currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rate {
    nanos: u64,
}

impl Rate {
    /// A rate of so many billionths of the unit.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// Billionths of the unit per hour: the exact value.
    pub const fn nanos(self) -> u64 {
        self.nanos
    }

    /// Millionths of the unit per hour, rounded half up. Exact for every EC2 price in the tables.
    pub const fn micros(self) -> u64 {
        self.nanos / 1000 + (self.nanos % 1000 >= 500) as u64
    }

    /// Units (dollars) per hour, the nearest float to the decimal value.
    pub fn per_hour(self) -> f64 {
        // Both operands are exact, so the one rounding of the division gives the float that the decimal denotes.
        self.nanos as f64 / 1e9
    }

    /// The rate times `numerator / denominator`, rounded half up to a millionth of the unit: a derived price
    /// should not pretend to more digits than a published one.
    pub(crate) fn scaled(self, numerator: u64, denominator: u64) -> Self {
        let (numerator, denominator) = (u128::from(numerator), u128::from(denominator.max(1)) * 1000);
        let micros = (u128::from(self.nanos) * numerator + denominator / 2) / denominator;
        Self { nanos: u64::try_from(micros * 1000).unwrap_or(u64::MAX) }
    }

    /// Reads a plain decimal such as `0.0425`: digits, at most one point, at most nine decimals.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        parse_decimal(text, 9).map(Self::from_nanos)
    }
}

/// Reads a plain non-negative decimal as an integer of its `decimals`-th decimal place.
pub(crate) fn parse_decimal(text: &str, decimals: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > decimals || text.ends_with('.') {
        return None;
    }
    // The padding makes "0.5" and "0.500" the same digits.
    format!("{whole}{fraction:0<decimals$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(Rate::parse("0.0425"), Some(Rate::from_nanos(42_500_000)));
        assert_eq!(Rate::parse("360.98695").map(Rate::micros), Some(360_986_950));
        assert_eq!(Rate::parse("0.01981009").map(Rate::nanos), Some(19_810_090));
        assert_eq!(Rate::parse("7"), Some(Rate::from_nanos(7_000_000_000)));
        assert_eq!(Rate::parse("0.096").map(Rate::per_hour), Some(0.096));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "0.1234567890", "NaN", "99999999999999", "é"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn scaling_rounds_half_up_to_a_millionth() {
        assert_eq!(Rate::parse("0.1").unwrap().scaled(11_923, 10_000).micros(), 119_230);
        assert_eq!(Rate::from_nanos(1000).scaled(1, 2).nanos(), 1000);
        assert_eq!(Rate::from_nanos(u64::MAX).scaled(u64::MAX, 0), Rate::from_nanos(u64::MAX));
    }
}
