//! Distributions are named by what people measure, a median and a 95th percentile, and use one uniform number per draw, so that two runs
//! stay in step whatever their parameters.
//!
//! Every draw is the quantile of one uniform (inverse transform, never rejection): a larger uniform gives a larger value, in every
//! distribution, which is what makes paired and antithetic runs comparable.

use core::fmt;
use std::sync::Arc;

use crate::math::{exp, gamma, inverse_normal_cdf, ln, ln_1p, normal_cdf, pow};
use crate::streams::Stream;
use crate::time::Span;

/// A distribution of numbers, unit-free; checked when made, so that every quantile strictly between 0 and 1 is finite.
#[derive(Clone, PartialEq, Debug)]
pub struct Distribution {
    shape: Shape,
    /// Values below are raised to it.
    floor: Option<f64>,
    /// Values above are lowered to it.
    ceiling: Option<f64>,
}

/// Private, because each holds only what its constructor has checked.
#[derive(Clone, PartialEq, Debug)]
enum Shape {
    Constant(f64),
    Uniform {
        min: f64,
        max: f64,
    },
    Exponential {
        mean: f64,
    },
    /// `median * exp(sigma * z)`: keeps the median exact, as `exp(mu + ..)` would not.
    LogNormal {
        median: f64,
        p95: f64,
        sigma: f64,
    },
    /// `median * (-ln(1 - u) / ln 2) ^ (1 / k)`, `power` being `1 / k`.
    Weibull {
        median: f64,
        p95: f64,
        power: f64,
    },
    /// `below` is the probability cut off at zero: 0 if the distribution is not truncated.
    Normal {
        mean: f64,
        sd: f64,
        below: f64,
    },
    /// Sorted, at least one.
    Empirical(Arc<[f64]>),
}

/// Why parameters make no distribution. `what` names the parameter.
#[derive(Clone, PartialEq, Debug)]
pub enum DistributionError {
    /// A parameter is infinite or not a number.
    NotFinite {
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A parameter is below zero.
    Negative {
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A parameter is zero or below where it must be above.
    NotPositive {
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// The upper of two parameters does not exceed the lower (or is below it, where they may be equal).
    OutOfOrder {
        /// The lower parameter.
        lower: &'static str,
        /// Its value.
        low: f64,
        /// The upper parameter.
        upper: &'static str,
        /// Its value.
        high: f64,
    },
    /// The mean or the largest draws would exceed every floating-point number.
    TooWide,
    /// An empirical distribution needs at least one value.
    NoValues,
}

impl fmt::Display for DistributionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { what, value } => write!(f, "the {what} must be a finite number, not {value}"),
            Self::Negative { what, value } => write!(f, "the {what} must not be negative, but is {value}"),
            Self::NotPositive { what, value } => write!(f, "the {what} must be above zero, but is {value}"),
            Self::OutOfOrder { lower, low, upper, high } => {
                write!(f, "the {upper} must be above the {lower}, but {high} is not above {low}")
            }
            Self::TooWide => write!(f, "the distribution is too wide: its largest values exceed any number"),
            Self::NoValues => write!(f, "an empirical distribution needs at least one value"),
        }
    }
}

impl core::error::Error for DistributionError {}

/// The 95th percentile of the standard normal distribution.
const Z95: f64 = 1.644_853_626_951_472_2;
const LN_2: f64 = core::f64::consts::LN_2;
/// `-ln(1 - 0.95)`.
const LN_20: f64 = 2.995_732_273_553_991;

impl Distribution {
    /// Always `value`, which is finite and not negative.
    pub fn constant(value: f64) -> Result<Self, DistributionError> {
        Shape::Constant(not_negative("value", value)?).try_into()
    }

    /// Evenly between `min` and `max`; 0 <= min <= max.
    pub fn uniform(min: f64, max: f64) -> Result<Self, DistributionError> {
        let (min, max) = (not_negative("min", min)?, not_negative("max", max)?);
        if min > max {
            return Err(DistributionError::OutOfOrder { lower: "min", low: min, upper: "max", high: max });
        }
        Shape::Uniform { min, max }.try_into()
    }

    /// Exponential with this mean, above zero: the time between events that know nothing of each other.
    pub fn exponential(mean: f64) -> Result<Self, DistributionError> {
        Shape::Exponential { mean: positive("mean", mean)? }.try_into()
    }

    /// Log-normal by its median and 95th percentile; 0 < median < p95: most durations of software.
    pub fn log_normal(median: f64, p95: f64) -> Result<Self, DistributionError> {
        let spread = spread(median, p95)?;
        Shape::LogNormal { median, p95, sigma: spread / Z95 }.try_into()
    }

    /// Weibull by its median and 95th percentile; 0 < median < p95: times to failure.
    pub fn weibull(median: f64, p95: f64) -> Result<Self, DistributionError> {
        let spread = spread(median, p95)?;
        Shape::Weibull { median, p95, power: spread / ln(LN_20 / LN_2) }.try_into()
    }

    /// Normal with this mean and standard deviation (not negative). Its values may be negative: the only such distribution.
    pub fn normal(mean: f64, sd: f64) -> Result<Self, DistributionError> {
        Shape::Normal { mean: finite("mean", mean)?, sd: not_negative("sd", sd)?, below: 0.0 }.try_into()
    }

    /// Normal on condition of not being negative; `mean` (not negative) and `sd` are those before the condition.
    pub fn normal_above_zero(mean: f64, sd: f64) -> Result<Self, DistributionError> {
        let (mean, sd) = (not_negative("mean", mean)?, not_negative("sd", sd)?);
        let below = if sd == 0.0 { 0.0 } else { normal_cdf(-mean / sd) };
        Distribution::try_from(Shape::Normal { mean, sd, below })?.at_least(0.0)
    }

    /// The distribution of a sample, in any order, none negative, with straight lines between neighbours.
    pub fn empirical(values: impl IntoIterator<Item = f64>) -> Result<Self, DistributionError> {
        let mut values = values.into_iter().map(|value| not_negative("value", value)).collect::<Result<Vec<_>, _>>()?;
        if values.is_empty() {
            return Err(DistributionError::NoValues);
        }
        values.sort_unstable_by(f64::total_cmp);
        Shape::Empirical(values.into()).try_into()
    }

    /// The same distribution, but values below `min` become `min`.
    pub fn at_least(mut self, min: f64) -> Result<Self, DistributionError> {
        self.floor = Some(finite("min", min)?);
        self.clamped()
    }

    /// The same distribution, but values above `max` become `max`.
    pub fn at_most(mut self, max: f64) -> Result<Self, DistributionError> {
        self.ceiling = Some(finite("max", max)?);
        self.clamped()
    }

    /// The value that a share `u` of all draws does not exceed; not decreasing in `u`, which is between 0 and 1 (inclusive: the ends of
    /// the support, perhaps infinite). Panics outside.
    #[track_caller]
    pub fn quantile(&self, u: f64) -> f64 {
        assert!((0.0..=1.0).contains(&u), "a probability is between 0 and 1, not {u}");
        self.clamp(self.shape.quantile(u))
    }

    /// Draws a value, with exactly one uniform number, constants included.
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        self.quantile(stream.uniform())
    }

    /// Draws a length of time from a distribution of seconds; negative values become zero.
    pub fn sample_span(&self, stream: &mut Stream) -> Span {
        Span::from_secs_f64(self.sample(stream))
    }

    /// The median: half of all draws do not exceed it.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The mean; exact in closed form, but for clamped distributions integrated to about four digits.
    pub fn mean(&self) -> f64 {
        let average = |value: &dyn Fn(f64) -> f64| {
            const CELLS: u32 = 4_096;
            (0..CELLS).map(|cell| value((f64::from(cell) + 0.5) / f64::from(CELLS))).sum::<f64>() / f64::from(CELLS)
        };
        match (self.floor, self.ceiling) {
            (_, Some(_)) => average(&|u| self.quantile(u)),
            // The upper tail may be heavy: keep its exact mean, and add what the floor raises.
            (Some(floor), None) => self.shape.mean() + average(&|u| (floor - self.shape.quantile(u)).max(0.0)),
            (None, None) => self.shape.mean(),
        }
    }

    /// The smallest and the largest value that can come; the largest may be infinite, the smallest minus infinity.
    pub fn support(&self) -> (f64, f64) {
        (self.quantile(0.0), self.quantile(1.0))
    }

    fn clamp(&self, value: f64) -> f64 {
        let value = self.floor.map_or(value, |floor| value.max(floor));
        self.ceiling.map_or(value, |ceiling| value.min(ceiling))
    }

    fn clamped(self) -> Result<Self, DistributionError> {
        match (self.floor, self.ceiling) {
            (Some(low), Some(high)) if low > high => {
                Err(DistributionError::OutOfOrder { lower: "min", low, upper: "max", high })
            }
            _ => Ok(self),
        }
    }
}

impl TryFrom<Shape> for Distribution {
    type Error = DistributionError;

    fn try_from(shape: Shape) -> Result<Self, DistributionError> {
        // The largest uniform that a stream gives, and the mirror image of the smallest.
        const LARGEST: f64 = 1.0 - f64::EPSILON / 2.0;
        let finite = shape.mean().is_finite() && shape.quantile(LARGEST).is_finite();
        if finite { Ok(Distribution { shape, floor: None, ceiling: None }) } else { Err(DistributionError::TooWide) }
    }
}

impl Shape {
    fn quantile(&self, u: f64) -> f64 {
        match *self {
            Shape::Constant(value) => value,
            Shape::Uniform { min, max } => min + (max - min) * u,
            Shape::Exponential { mean } => -mean * ln_1p(-u),
            Shape::LogNormal { median, sigma, .. } => median * exp(sigma * inverse_normal_cdf(u)),
            Shape::Weibull { median, power, .. } => median * pow(-ln_1p(-u) / LN_2, power),
            // Zero times infinity is not a number.
            Shape::Normal { mean, sd: 0.0, .. } => mean,
            Shape::Normal { mean, sd, below: 0.0 } => mean + sd * inverse_normal_cdf(u),
            // Counted from above: `below + u * (1.0 - below)` may round to 1, and so to infinity.
            Shape::Normal { mean, sd, below } => mean - sd * inverse_normal_cdf((1.0 - u) * (1.0 - below)),
            Shape::Empirical(ref values) => {
                let place = u * (values.len() - 1) as f64;
                let index = place as usize;
                let low = values[index];
                let high = values[(index + 1).min(values.len() - 1)];
                low + (high - low) * (place - index as f64)
            }
        }
    }

    fn mean(&self) -> f64 {
        match *self {
            Shape::Constant(value) => value,
            Shape::Uniform { min, max } => min + (max - min) * 0.5,
            Shape::Exponential { mean } => mean,
            Shape::LogNormal { median, sigma, .. } => median * exp(0.5 * sigma * sigma),
            Shape::Weibull { median, power, .. } => median * pow(LN_2, -power) * gamma(1.0 + power),
            Shape::Normal { mean, below: 0.0, .. } => mean,
            Shape::Normal { mean, sd, below } => {
                const SQRT_TAU: f64 = 2.506_628_274_631_000_7;
                let z = mean / sd;
                mean + sd * exp(-0.5 * z * z) / (SQRT_TAU * (1.0 - below))
            }
            Shape::Empirical(ref values) => {
                // The mean of the interpolated distribution: of the trapezoids between neighbours, not of the values.
                let pairs = values.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).sum::<f64>();
                if values.len() == 1 { values[0] } else { pairs / (values.len() - 1) as f64 }
            }
        }
    }
}

/// As one would say it: `log-normal(median 30, p95 90) at most 300`.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Constant(value) => write!(f, "constant({value})")?,
            Shape::Uniform { min, max } => write!(f, "uniform(min {min}, max {max})")?,
            Shape::Exponential { mean } => write!(f, "exponential(mean {mean})")?,
            Shape::LogNormal { median, p95, .. } => write!(f, "log-normal(median {median}, p95 {p95})")?,
            Shape::Weibull { median, p95, .. } => write!(f, "weibull(median {median}, p95 {p95})")?,
            Shape::Normal { mean, sd, .. } => write!(f, "normal(mean {mean}, sd {sd})")?,
            Shape::Empirical(values) => {
                write!(f, "empirical({} values, {} to {})", values.len(), values[0], values[values.len() - 1])?
            }
        }
        if let Some(floor) = self.floor {
            write!(f, " at least {floor}")?;
        }
        if let Some(ceiling) = self.ceiling {
            write!(f, " at most {ceiling}")?;
        }
        Ok(())
    }
}

/// The logarithm of p95 / median.
fn spread(median: f64, p95: f64) -> Result<f64, DistributionError> {
    let (median, p95) = (positive("median", median)?, positive("p95", p95)?);
    let spread = ln(p95 / median);
    // Two numbers may differ and yet have a quotient of 1.
    if spread.is_nan() || spread <= 0.0 {
        return Err(DistributionError::OutOfOrder { lower: "median", low: median, upper: "p95", high: p95 });
    }
    Ok(spread)
}

fn finite(what: &'static str, value: f64) -> Result<f64, DistributionError> {
    if value.is_finite() { Ok(value) } else { Err(DistributionError::NotFinite { what, value }) }
}

fn not_negative(what: &'static str, value: f64) -> Result<f64, DistributionError> {
    if finite(what, value)? >= 0.0 { Ok(value) } else { Err(DistributionError::Negative { what, value }) }
}

fn positive(what: &'static str, value: f64) -> Result<f64, DistributionError> {
    if finite(what, value)? > 0.0 { Ok(value) } else { Err(DistributionError::NotPositive { what, value }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Key, Purpose, Streams};

    fn all() -> Vec<Distribution> {
        vec![
            Distribution::constant(3.0).unwrap(),
            Distribution::uniform(1.0, 5.0).unwrap(),
            Distribution::exponential(2.0).unwrap(),
            Distribution::log_normal(30.0, 90.0).unwrap(),
            Distribution::weibull(30.0, 90.0).unwrap(),
            Distribution::normal(10.0, 3.0).unwrap(),
            Distribution::normal_above_zero(1.0, 2.0).unwrap(),
            Distribution::empirical([9.0, 1.0, 4.0, 4.0, 20.0]).unwrap(),
            Distribution::log_normal(30.0, 90.0).unwrap().at_least(20.0).unwrap().at_most(100.0).unwrap(),
            Distribution::exponential(2.0).unwrap().at_least(1.0).unwrap(),
        ]
    }

    #[track_caller]
    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn median_and_p95_are_what_was_asked_for() {
        for make in [Distribution::log_normal, Distribution::weibull] {
            let distribution = make(30.0, 90.0).unwrap();
            assert_eq!(distribution.median(), 30.0);
            close(distribution.quantile(0.95), 90.0, 1e-14);
            assert_eq!(distribution.support(), (0.0, f64::INFINITY));
        }
        assert_eq!(Distribution::normal(10.0, 3.0).unwrap().median(), 10.0);
        close(Distribution::exponential(2.0).unwrap().median(), 2.0 * LN_2, 1e-15);
    }

    #[test]
    fn known_means() {
        close(Distribution::log_normal(1.0, exp(Z95)).unwrap().mean(), exp(0.5), 1e-14);
        // A Weibull distribution of shape 1 is exponential.
        close(Distribution::weibull(LN_2, LN_20).unwrap().mean(), 1.0, 1e-14);
        // The half-normal distribution.
        close(Distribution::normal_above_zero(0.0, 1.0).unwrap().mean(), 0.797_884_560_802_865_4, 1e-15);
        assert_eq!(Distribution::normal_above_zero(5.0, 0.0).unwrap().mean(), 5.0);
        assert_eq!(Distribution::empirical([4.0, 0.0, 1.0]).unwrap().mean(), 1.5);
        assert_eq!(Distribution::empirical([4.0]).unwrap().mean(), 4.0);
        // The mean of max(X, 1) for an exponential of mean 2: 1 + 2 exp(-1/2).
        close(Distribution::exponential(2.0).unwrap().at_least(1.0).unwrap().mean(), 1.0 + 2.0 * exp(-0.5), 1e-6);
        close(Distribution::exponential(2.0).unwrap().at_most(1.0).unwrap().mean(), 2.0 - 2.0 * exp(-0.5), 1e-6);
    }

    #[test]
    fn quantiles_ascend_and_draws_agree_with_the_mean() {
        for distribution in all() {
            let grid: Vec<f64> = (0..=1_000).map(|step| distribution.quantile(f64::from(step) / 1_000.0)).collect();
            assert!(grid.is_sorted(), "{distribution}");
            let mut stream = Streams::new(1, 0).stream(Purpose(1), Key::new("test", 0));
            let n = 50_000;
            let draws: Vec<f64> = (0..n).map(|_| distribution.sample(&mut stream)).collect();
            assert!(draws.iter().all(|draw| draw.is_finite()));
            close(draws.iter().sum::<f64>() / f64::from(n), distribution.mean(), 0.015);
            let below = draws.iter().filter(|&&draw| draw <= distribution.median()).count();
            assert!(below as f64 >= 0.49 * f64::from(n), "{distribution}: {below}");
        }
    }

    #[test]
    fn the_extremes_of_a_stream_are_finite() {
        let ulp = 1.0 / (1_u64 << 53) as f64;
        for distribution in all() {
            assert!(distribution.quantile(ulp).is_finite() && distribution.quantile(1.0 - ulp).is_finite());
            assert!(!distribution.support().0.is_nan() && !distribution.support().1.is_nan());
        }
        let (low, high) = Distribution::normal_above_zero(1.0, 2.0).unwrap().support();
        assert!((0.0..1e-12).contains(&low) && high == f64::INFINITY);
        assert_eq!(Distribution::normal(1.0, 0.0).unwrap().support(), (1.0, 1.0));
    }

    #[test]
    fn each_draw_uses_one_uniform() {
        let fresh = Streams::new(1, 0).stream(Purpose(1), Key::new("test", 0));
        let mut one_on = fresh.clone();
        one_on.uniform();
        for distribution in all() {
            let mut stream = fresh.clone();
            distribution.sample(&mut stream);
            assert_eq!(stream, one_on, "{distribution}");
        }
        let mut stream = fresh;
        assert_eq!(Distribution::constant(2.5).unwrap().sample_span(&mut stream), Span::from_ms(2_500));
        assert_eq!(Distribution::normal(-9.0, 1.0).unwrap().sample_span(&mut stream), Span::ZERO);
    }

    #[test]
    fn empirical_interpolates() {
        let distribution = Distribution::empirical([30.0, 10.0, 20.0]).unwrap();
        assert_eq!([0.0, 0.25, 0.5, 0.9, 1.0].map(|u| distribution.quantile(u)), [10.0, 15.0, 20.0, 28.0, 30.0]);
        assert_eq!(Distribution::empirical([7.0]).unwrap().support(), (7.0, 7.0));
    }

    #[test]
    fn refusals() {
        let message = |result: Result<Distribution, DistributionError>| result.unwrap_err().to_string();
        for (result, expected) in [
            (Distribution::constant(-1.0), "the value must not be negative, but is -1"),
            (Distribution::constant(f64::NAN), "the value must be a finite number, not NaN"),
            (Distribution::uniform(5.0, 1.0), "the max must be above the min, but 1 is not above 5"),
            (Distribution::exponential(0.0), "the mean must be above zero, but is 0"),
            (Distribution::log_normal(0.0, 1.0), "the median must be above zero, but is 0"),
            (Distribution::log_normal(9.0, 9.0), "the p95 must be above the median, but 9 is not above 9"),
            (
                Distribution::log_normal(1e-9, 1e25),
                "the distribution is too wide: its largest values exceed any number",
            ),
            (Distribution::exponential(1e308), "the distribution is too wide: its largest values exceed any number"),
            (Distribution::weibull(9.0, 3.0), "the p95 must be above the median, but 3 is not above 9"),
            (Distribution::weibull(9.0, f64::INFINITY), "the p95 must be a finite number, not inf"),
            (Distribution::normal(0.0, -1.0), "the sd must not be negative, but is -1"),
            (Distribution::empirical([]), "an empirical distribution needs at least one value"),
            (Distribution::empirical([1.0, f64::NAN]), "the value must be a finite number, not NaN"),
            (
                Distribution::constant(1.0).and_then(|d| d.at_least(2.0)).and_then(|d| d.at_most(1.0)),
                "the max must be above the min, but 1 is not above 2",
            ),
        ] {
            assert_eq!(message(result), expected);
        }
        assert_eq!(Distribution::uniform(2.0, 2.0).unwrap().median(), 2.0);
    }

    #[test]
    fn display() {
        let text = all().iter().map(Distribution::to_string).collect::<Vec<_>>();
        assert_eq!(text[3], "log-normal(median 30, p95 90)");
        assert_eq!(text[7], "empirical(5 values, 1 to 20)");
        assert_eq!(text[8], "log-normal(median 30, p95 90) at least 20 at most 100");
    }

    #[test]
    fn first_draws_are_pinned() {
        let mut stream = Streams::new(1, 0).stream(Purpose(1), Key::new("test", 0));
        let draws = all().iter().map(|distribution| distribution.sample(&mut stream).to_bits()).collect::<Vec<_>>();
        assert_eq!(
            draws,
            [
                0x4008000000000000,
                0x400b9f878d9432f9,
                0x3fdce9b5c3167378,
                0x4040451c4f8f2642,
                0x4036904b1a1cf59e,
                0x401cfd51a3592ee1,
                0x3ff2aa626ca42378,
                0x4010000000000000,
                0x4034000000000000,
                0x4012a1bd08df083a
            ],
            "{draws:#x?}"
        );
    }
}
