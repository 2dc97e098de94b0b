//! Money as integers, so that a bill adds up to the last digit however it is read.
//!
//! An amount is a whole number of millionths of a millionth of the currency's unit ([`Money`]). Every line of a bill is
//! computed as one exact fraction and rounded once, half away from zero, to that unit: a million lines are off by less
//! than a millionth of a dollar, and whatever is added or shared out afterwards is exact.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// Decimals that [`Money`] holds.
const DECIMALS: usize = 12;
/// Picos in one unit of the currency.
const UNIT: i128 = 1_000_000_000_000;
/// Millionths in a whole.
const WHOLE: u32 = 1_000_000;
/// Milliseconds in an hour: what turns an hourly rate times milliseconds into money.
pub(crate) const HOUR_MS: u64 = 3_600_000;

/// An amount of money, in 10⁻¹² of the currency's unit (dollars or yuan: see [`super::Currency`]). May be negative.
///
/// Prints with two decimals, or with as many as the format asks for, from 2 to 12: `{:.8}`. Arithmetic saturates, far
/// beyond any bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many 10⁻¹² of the unit.
    #[must_use]
    pub const fn from_picos(picos: i128) -> Self {
        Self(picos)
    }

    /// 10⁻¹² of the unit: the exact value.
    #[must_use]
    pub const fn picos(self) -> i128 {
        self.0
    }

    /// Reads a plain decimal such as `0.08` or `-12`: at most twelve decimals, no exponent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let picos = i128::try_from(parse_decimal(digits, DECIMALS)?).ok()?;
        Some(Self(if negative { -picos } else { picos }))
    }

    /// `numerator / denominator` picos, rounded once, half up. A zero denominator counts as one.
    #[must_use]
    pub fn rounded(numerator: u128, denominator: u128) -> Self {
        Self(signed(divide_half_up(numerator, denominator)))
    }

    /// The amount as a float of the currency's unit, for charts and JSON only.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / UNIT as f64
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Rounded to so many decimals (0 to 12), half away from zero.
    #[must_use]
    pub fn round(self, decimals: usize) -> Self {
        let step = step(decimals);
        let size = divide_half_up(self.0.unsigned_abs(), step).saturating_mul(step);
        self.with_size(size)
    }

    /// Divides the amount by `weights` so that the parts add up to it: every part gets its exact share rounded down,
    /// and the picos left over go to the largest remainders, the earlier part first among equals.
    ///
    /// Where all weights are zero, the first part gets everything; without parts there is nothing to give.
    #[must_use]
    pub fn share_out(self, weights: &[u128]) -> Vec<Self> {
        let size = self.0.unsigned_abs();
        // Weights are only compared with each other. They are made smaller until amount times weight fits, which
        // leaves them the more digits the smaller the amount: 10⁻¹² dollars of a billion still have 57 bits.
        let room = size.leading_zeros();
        let mut shift = 0_u32;
        let scaled = |weight: &u128, shift: u32| weight.checked_shr(shift).unwrap_or(0);
        let total = loop {
            let total = weights.iter().try_fold(0_u128, |sum, weight| sum.checked_add(scaled(weight, shift)));
            match total {
                Some(total) if u128::BITS - total.leading_zeros() <= room => break total,
                _ => shift += 1,
            }
        };
        if total == 0 {
            let mut parts = vec![Self::ZERO; weights.len()];
            if let Some(first) = parts.first_mut() {
                *first = self;
            }
            return parts;
        }
        let share = |weight: &u128| {
            let product = size * scaled(weight, shift);
            (product / total, product % total)
        };
        let shares: Vec<(u128, u128)> = weights.iter().map(share).collect();
        give_rest(size, shares).into_iter().map(|part| self.with_size(part)).collect()
    }

    /// Rounds a column of amounts to so many decimals such that what is printed adds up to the printed sum: each is
    /// rounded down, and the units left over go to the largest remainders.
    #[must_use]
    pub fn round_column(parts: &[Self], decimals: usize) -> Vec<Self> {
        let step = signed(step(decimals));
        let sum: Self = parts.iter().sum();
        let floors = parts.iter().map(|part| (part.0.div_euclid(step), part.0.rem_euclid(step)));
        let (floors, remainders): (Vec<i128>, Vec<i128>) = floors.unzip();
        let missing = sum.round(decimals).0 / step - floors.iter().sum::<i128>();
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|&at| core::cmp::Reverse(remainders[at]));
        let mut rounded = floors;
        // The sum of the floors is below the rounded sum by at most one unit a part, so one round is enough.
        for &at in order.iter().take(usize::try_from(missing).unwrap_or(0)) {
            rounded[at] += 1;
        }
        rounded.into_iter().map(|units| Self(units.saturating_mul(step))).collect()
    }

    /// The same sign with another size.
    fn with_size(self, size: u128) -> Self {
        let size = signed(size);
        Self(if self.0 < 0 { -size } else { size })
    }
}

/// Gives what the rounded-down shares leave of `whole` to the largest remainders; a share is `(floor, remainder)`.
fn give_rest(whole: u128, shares: Vec<(u128, u128)>) -> Vec<u128> {
    let given: u128 = shares.iter().map(|share| share.0).sum();
    let left = usize::try_from(whole - given).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|&at| core::cmp::Reverse(shares[at].1));
    let mut parts: Vec<u128> = shares.into_iter().map(|share| share.0).collect();
    for &at in order.iter().take(left) {
        parts[at] += 1;
    }
    parts
}

/// Picos in the last of so many decimals.
fn step(decimals: usize) -> u128 {
    (decimals..DECIMALS).fold(1, |step, _| step * 10)
}

fn signed(size: u128) -> i128 {
    i128::try_from(size).unwrap_or(i128::MAX)
}

fn divide_half_up(numerator: u128, denominator: u128) -> u128 {
    let denominator = denominator.max(1);
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    whole + u128::from(rest >= denominator - rest)
}

/// Reads a plain non-negative decimal as an integer of its `decimals`-th decimal place.
fn parse_decimal(text: &str, decimals: usize) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > decimals {
        return None;
    }
    format!("{whole}{fraction:0<decimals$}").parse().ok()
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(2).clamp(2, DECIMALS);
        let rounded = self.round(decimals).0;
        let (whole, rest) = (rounded.unsigned_abs() / UNIT as u128, rounded.unsigned_abs() % UNIT as u128);
        let text = format!("{whole}.{:0decimals$}", rest / step(decimals));
        f.pad_integral(rounded >= 0, "", &text)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl<'a> Sum<&'a Money> for Money {
    fn sum<I: Iterator<Item = &'a Self>>(amounts: I) -> Self {
        amounts.copied().sum()
    }
}

/// A price per hour in 10⁻⁹ of the currency's unit: no price of AWS has more digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourlyRate(u64);

impl HourlyRate {
    /// Free.
    pub const ZERO: Self = Self(0);

    /// So many 10⁻⁹ of the unit an hour.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// 10⁻⁹ of the unit an hour: the exact value.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Reads a plain decimal such as `0.0425`: at most nine decimals, no sign.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        u64::try_from(parse_decimal(text, 9)?).ok().map(Self)
    }

    /// What one hour costs.
    #[must_use]
    pub fn for_an_hour(self) -> Money {
        Money(i128::from(self.0) * 1000)
    }

    /// What so many nano-units times milliseconds of use cost, rounded once: see [`super::steps::PriceSteps::integral`].
    #[must_use]
    pub fn settle(nano_milliseconds: u128) -> Money {
        Money::rounded(nano_milliseconds.saturating_mul(1000), HOUR_MS.into())
    }
}

/// Part of a whole, from nothing to all of it, in exact millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fraction(u32);

impl Fraction {
    /// Nothing of it.
    pub const ZERO: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(WHOLE);

    /// So many millionths; `None` for more than a million.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        if millionths <= WHOLE { Some(Self(millionths)) } else { None }
    }

    /// So many percent; more than 100 count as 100.
    #[must_use]
    pub const fn from_percent(percent: u32) -> Self {
        Self(if percent < 100 { percent * (WHOLE / 100) } else { WHOLE })
    }

    /// The nearest millionth to a number from 0 to 1; `None` for any other.
    #[must_use]
    pub fn from_f64(part: f64) -> Option<Self> {
        (0.0..=1.0).contains(&part).then(|| Self((part * f64::from(WHOLE) + 0.5) as u32))
    }

    /// In millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// What is left of the whole.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(WHOLE - self.0)
    }

    /// This part of an amount, rounded once, half away from zero.
    #[must_use]
    pub fn of(self, whole: Money) -> Money {
        let product = whole.0.unsigned_abs().saturating_mul(self.0.into());
        whole.with_size(divide_half_up(product, WHOLE.into()))
    }

    /// The amount that `part` is this fraction of, rounded once; `None` for a fraction of nothing.
    #[must_use]
    pub fn whole_of(self, part: Money) -> Option<Money> {
        let product = part.0.unsigned_abs().saturating_mul(WHOLE.into());
        (self.0 > 0).then(|| part.with_size(divide_half_up(product, self.0.into())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    #[test]
    fn decimals_are_read_exactly_and_anything_else_is_refused() {
        assert_eq!(money("0.08").picos(), 80_000_000_000);
        assert_eq!(money("-12").picos(), -12_000_000_000_000);
        assert_eq!(money("0.000000000001").picos(), 1);
        assert_eq!(HourlyRate::parse("0.004445").map(HourlyRate::nanos), Some(4_445_000));
        for text in ["", ".", "1.", ".5", "+1", "--1", "1e3", "1,5", "0.1234567890123", "NaN", "é"] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
        for text in ["", "-1", "0.1234567890", "99999999999999"] {
            assert_eq!(HourlyRate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_print_with_the_decimals_asked_for() {
        let amount = money("1234.565000000001");
        assert_eq!(format!("{amount}"), "1234.57");
        assert_eq!(format!("{amount:.8}"), "1234.56500000");
        assert_eq!(format!("{amount:.12}"), "1234.565000000001");
        assert_eq!(format!("{amount:.0} {amount:.99}"), "1234.57 1234.565000000001");
        assert_eq!(format!("{} {} {}", money("-0.005"), money("-0.004"), Money::ZERO), "-0.01 0.00 0.00");
        assert_eq!(format!("{:>9}|{:<9}|", money("9.999"), money("-7")), "    10.00|-7.00    |");
    }

    #[test]
    fn a_line_is_rounded_once_half_up() {
        assert_eq!(Money::rounded(5, 2).picos(), 3);
        assert_eq!(Money::rounded(7, 3).picos(), 2);
        assert_eq!(Money::rounded(7, 0).picos(), 7);
        assert_eq!(money("-0.125").round(2), money("-0.13"));
        assert_eq!(HourlyRate::parse("0.17").unwrap().for_an_hour(), money("0.17"));
        assert_eq!(HourlyRate::settle(170_000_000 * 60_000), money("0.002833333333"));
    }

    #[test]
    fn fractions_are_exact_millionths() {
        assert_eq!(Fraction::from_f64(0.7), Some(Fraction::from_percent(70)));
        assert_eq!(Fraction::from_percent(170), Fraction::ALL);
        assert_eq!(Fraction::from_millionths(1_000_001), None);
        for bad in [-0.1, 1.000_1, f64::NAN, f64::INFINITY] {
            assert_eq!(Fraction::from_f64(bad), None);
        }
        assert_eq!(Fraction::from_percent(30).of(money("0.5")), money("0.15"));
        assert_eq!(Fraction::from_percent(30).of(money("-0.5")), money("-0.15"));
        assert_eq!(Fraction::from_percent(70).rest().whole_of(money("0.15")), Some(money("0.5")));
        assert_eq!(Fraction::ZERO.whole_of(money("1")), None);
    }

    #[test]
    fn the_largest_remainder_gets_what_is_left() {
        let parts = Money::from_picos(10).share_out(&[1, 1, 1]);
        assert_eq!(parts.iter().map(|part| part.picos()).collect::<Vec<_>>(), [4, 3, 3]);
        let parts = Money::from_picos(-10).share_out(&[0, 5, 13]);
        assert_eq!(parts.iter().map(|part| part.picos()).collect::<Vec<_>>(), [0, -3, -7]);
        assert_eq!(money("1").share_out(&[0, 0]), [money("1"), Money::ZERO]);
        assert_eq!(money("1").share_out(&[]), []);
        // Weights beyond any product still give halves.
        assert_eq!(money("8").share_out(&[u128::MAX, u128::MAX]), [money("4"), money("4")]);
    }

    #[test]
    fn a_printed_column_adds_up_to_its_printed_sum() {
        let thirds = money("1").share_out(&[1, 1, 1]);
        let column = Money::round_column(&thirds, 2);
        assert_eq!(column, [money("0.34"), money("0.33"), money("0.33")]);
        assert_eq!(Money::round_column(&[money("0.006"), money("-0.006")], 2), [money("0.01"), money("-0.01")]);
    }

    proptest! {
        #[test]
        fn parts_always_add_up_to_the_whole(
            whole in -10_i128.pow(22)..10_i128.pow(22),
            weights in prop::collection::vec(0..=u128::MAX, 1..20),
            decimals in 0..13_usize,
        ) {
            let whole = Money::from_picos(whole);
            let parts = whole.share_out(&weights);
            prop_assert_eq!(parts.iter().sum::<Money>(), whole);
            prop_assert!(parts.iter().all(|part| part.picos() == 0 || part.is_negative() == whole.is_negative()));
            let column = Money::round_column(&parts, decimals);
            prop_assert_eq!(column.iter().sum::<Money>(), whole.round(decimals));
            let unit = signed(step(decimals));
            for (part, rounded) in parts.iter().zip(&column) {
                prop_assert!((part.picos() - rounded.picos()).abs() < unit, "{part:.12} {rounded:.12}");
            }
        }

        #[test]
        fn a_part_is_its_exact_share_but_for_the_rounding(
            whole in 0..10_i128.pow(18),
            weights in prop::collection::vec(0..10_u128.pow(9), 2..9),
        ) {
            let parts = Money::from_picos(whole).share_out(&weights);
            let total: u128 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights) {
                if total > 0 {
                    let exact = whole * signed(*weight) / signed(total);
                    prop_assert!((part.picos() - exact).abs() <= 1);
                }
            }
        }
    }
}
