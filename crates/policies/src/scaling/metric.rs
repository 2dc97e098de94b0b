//! Metric values are ratios and thresholds are decimal numbers, so that comparing them and dividing by them never rounds.
//!
//! Three instances at exactly 66.66… percent of a target of 50 need four; six digits of it would need five.

use core::cmp::Ordering;

/// A decimal number of at most six places, such as a threshold or a target: millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millionths(pub i64);

impl Millionths {
    /// A whole number; saturates above 9.2e12.
    #[must_use]
    pub const fn whole(value: i64) -> Self {
        Self(value.saturating_mul(1_000_000))
    }

    /// The nearest number, for output.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// A metric value: an exact ratio.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    numerator: i64,
    /// Never 0.
    denominator: u64,
}

impl Metric {
    /// `numerator` over `denominator`; `None` for a denominator of 0.
    #[must_use]
    pub const fn ratio(numerator: i64, denominator: u64) -> Option<Self> {
        if denominator == 0 { None } else { Some(Self { numerator, denominator }) }
    }

    /// A whole number.
    #[must_use]
    pub const fn whole(value: i64) -> Self {
        Self { numerator: value, denominator: 1 }
    }

    /// Whether it is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.numerator > 0
    }

    /// How it compares with a threshold.
    #[must_use]
    pub fn cmp_threshold(self, threshold: Millionths) -> Ordering {
        // Both products fit: 2^63 x 10^6, and 2^63 x 2^64.
        let left = i128::from(self.numerator) * 1_000_000;
        left.cmp(&(i128::from(threshold.0) * i128::from(self.denominator)))
    }

    /// `factor` times this over `target`, rounded up, at least 0; `None` for a target of 0 or less.
    #[must_use]
    pub fn scale(self, factor: u64, target: Millionths) -> Option<u64> {
        let target = u128::try_from(target.0).ok().filter(|target| *target > 0)?;
        let numerator = u128::try_from(self.numerator).unwrap_or(0);
        let above = (numerator * 1_000_000).checked_mul(u128::from(factor));
        let scaled = above.map_or(u128::MAX, |above| above.div_ceil(u128::from(self.denominator) * target));
        Some(u64::try_from(scaled).unwrap_or(u64::MAX))
    }

    /// The nearest decimal number, away from zero where two are as near; saturates.
    #[must_use]
    pub fn nearest(self) -> Millionths {
        // The product fits: 2^63 x 10^6.
        let scaled = i128::from(self.numerator) * 1_000_000;
        let denominator = i128::from(self.denominator);
        let magnitude = (scaled.abs() + denominator / 2) / denominator;
        let nearest = if scaled < 0 { -magnitude } else { magnitude };
        Millionths(i64::try_from(nearest).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The nearest number, for output.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl From<Millionths> for Metric {
    fn from(value: Millionths) -> Self {
        Self { numerator: value.0, denominator: 1_000_000 }
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Metric {}

impl PartialOrd for Metric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Metric {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.numerator) * i128::from(other.denominator);
        left.cmp(&(i128::from(other.numerator) * i128::from(self.denominator)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_stays_a_third() {
        let third = Metric::ratio(200, 3).unwrap();
        assert_eq!(third.scale(3, Millionths::whole(50)), Some(4));
        assert_eq!(Metric::from(Millionths(66_666_667)).scale(3, Millionths::whole(50)), Some(5));
        assert_eq!(third.cmp_threshold(Millionths(66_666_666)), Ordering::Greater);
        assert_eq!(third.cmp_threshold(Millionths(66_666_667)), Ordering::Less);
        assert_eq!(Metric::ratio(2, 4).unwrap().cmp_threshold(Millionths(500_000)), Ordering::Equal);
    }

    #[test]
    fn values_compare_as_numbers() {
        assert_eq!(Metric::ratio(2, 4), Metric::ratio(1, 2));
        assert!(Metric::ratio(-1, 3).unwrap() > Metric::ratio(-1, 2).unwrap());
        assert!(Metric::whole(i64::MAX) > Metric::ratio(i64::MAX, u64::MAX).unwrap());
        assert_eq!(Metric::ratio(1, 0), None);
    }

    #[test]
    fn no_input_panics() {
        let huge = Metric::whole(i64::MAX);
        assert_eq!(huge.scale(u64::MAX, Millionths(1)), Some(u64::MAX));
        assert_eq!(huge.scale(1, Millionths(0)), None);
        assert_eq!(huge.scale(1, Millionths(-1)), None);
        assert_eq!(Metric::whole(-7).scale(9, Millionths::whole(5)), Some(0));
        let narrow = Metric::ratio(i64::MIN, u64::MAX).unwrap();
        assert_eq!(narrow.cmp_threshold(Millionths(i64::MAX)), Ordering::Less);
        assert_eq!(Millionths::whole(i64::MAX).0, i64::MAX);
        assert_eq!((Millionths(2_500_000).as_f64(), Metric::whole(3).as_f64()), (2.5, 3.0));
        assert_eq!((huge.nearest().0, Metric::whole(i64::MIN).nearest().0), (i64::MAX, i64::MIN));
    }

    #[test]
    fn the_nearest_decimal() {
        let nearest = |numerator, denominator| Metric::ratio(numerator, denominator).unwrap().nearest().0;
        assert_eq!([nearest(200, 3), nearest(-200, 3), nearest(1, 3)], [66_666_667, -66_666_667, 333_333]);
        assert_eq!(Metric::from(Millionths(-7)).nearest(), Millionths(-7));
    }
}
