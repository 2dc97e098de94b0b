//! Distributions as the scenario writes them become the kernel's, with their checks and their files.

use ecsim_kernel::{Distribution, DistributionError};

use super::Context;
use crate::document::Locator;
use crate::schema::{
    DistributionSpec, Duration, DurationDistribution, EmpiricalSource, MemoryDistribution, MemorySize, Number,
    NumberDistribution, Quantity, Shape,
};

/// A quantity as the number the engine draws: seconds, MiB.
pub(super) trait Unit: Quantity + Copy {
    /// The number.
    fn number(self) -> f64;
    /// What one of the units named in a file is in the engine's unit.
    fn factor(unit: Option<&str>) -> Option<f64>;
    /// The units a file may name.
    const FILE_UNITS: &'static str;
}

impl Unit for Duration {
    const FILE_UNITS: &'static str = "ms, s, m or h";

    fn number(self) -> f64 {
        self.0.secs_f64()
    }

    fn factor(unit: Option<&str>) -> Option<f64> {
        match unit? {
            "ms" => Some(0.001),
            "s" => Some(1.0),
            "m" => Some(60.0),
            "h" => Some(3_600.0),
            _ => None,
        }
    }
}

impl Unit for MemorySize {
    const FILE_UNITS: &'static str = "B, KiB, MiB, GiB, MB or GB";

    fn number(self) -> f64 {
        self.bytes() as f64 / f64::from(1 << 20)
    }

    fn factor(unit: Option<&str>) -> Option<f64> {
        let bytes = match unit? {
            "B" => 1.0,
            "KiB" => 1024.0,
            "MiB" => 1_048_576.0,
            "GiB" => 1_073_741_824.0,
            "MB" => 1e6,
            "GB" => 1e9,
            _ => return None,
        };
        Some(bytes / 1_048_576.0)
    }
}

impl Unit for Number {
    const FILE_UNITS: &'static str = "nothing";

    fn number(self) -> f64 {
        self.0
    }

    fn factor(unit: Option<&str>) -> Option<f64> {
        unit.is_none().then_some(1.0)
    }
}

impl<'a> Context<'a> {
    /// A distribution of plain numbers.
    pub(super) fn plain_numbers(&mut self, spec: &NumberDistribution, at: &Locator<'a>) -> Distribution {
        self.distribution(spec, at)
    }

    /// A distribution of seconds.
    pub(super) fn seconds(&mut self, spec: &DurationDistribution, at: &Locator<'a>) -> Distribution {
        self.distribution(spec, at)
    }

    /// A distribution of MiB.
    pub(super) fn mebibytes(&mut self, spec: &MemoryDistribution, at: &Locator<'a>) -> Distribution {
        self.distribution(spec, at)
    }

    fn distribution<Q: Unit>(&mut self, spec: &DistributionSpec<Q>, at: &Locator<'a>) -> Distribution {
        match self.try_distribution(spec, at) {
            Ok(Some(distribution)) => return distribution,
            Ok(None) => {}
            Err(error) => self.error(at, "E312", format!("this distribution cannot be: {error}"), None),
        }
        // Stands in for it, so that nothing else complains.
        constant(60.0)
    }

    fn try_distribution<Q: Unit>(
        &mut self,
        spec: &DistributionSpec<Q>,
        at: &Locator<'a>,
    ) -> Result<Option<Distribution>, DistributionError> {
        let mut distribution = match &spec.shape {
            Shape::Constant(value) => Distribution::constant(value.number())?,
            Shape::Uniform(range) => Distribution::uniform(range.min.number(), range.max.number())?,
            Shape::Exponential(parameters) => Distribution::exponential(parameters.mean.number())?,
            Shape::Lognormal(points) => Distribution::log_normal(points.median.number(), points.p95.number())?,
            Shape::Weibull(points) => Distribution::weibull(points.median.number(), points.p95.number())?,
            Shape::Empirical(EmpiricalSource::Values(values)) => {
                Distribution::empirical(values.iter().map(|value| value.number()))?
            }
            Shape::Empirical(EmpiricalSource::File(file)) => {
                let place = at.clone().key("empirical");
                let Some(factor) = Q::factor(file.unit.as_deref()) else {
                    self.error(
                        &place,
                        "E313",
                        "the unit of the column is missing or unknown",
                        Some(format!("write `unit:` and {}", Q::FILE_UNITS)),
                    );
                    return Ok(None);
                };
                let Some(values) = self.read_numbers(&file.file, &file.column, &place) else { return Ok(None) };
                Distribution::empirical(values.into_iter().map(|value| value * factor))?
            }
        };
        if let Some(min) = spec.min {
            distribution = distribution.at_least(min.number())?;
        }
        if let Some(max) = spec.max {
            distribution = distribution.at_most(max.number())?;
        }
        Ok(Some(distribution))
    }
}

/// The distribution that is always `value`.
pub(super) fn constant(value: f64) -> Distribution {
    Distribution::constant(value).expect("a finite number")
}

/// How many points of each of two distributions stand for it in their sum.
const POINTS: u32 = 100;

/// The sum of two independent times: exact where one of them is always the same number and the other too, otherwise
/// from [`POINTS`] equally likely values of each.
pub(super) fn sum(a: &Distribution, b: &Distribution) -> Distribution {
    let ((a_low, a_high), (b_low, b_high)) = (a.support(), b.support());
    match (a_low == a_high, b_low == b_high) {
        (true, true) => constant(a_low + b_low),
        (true, false) if a_low == 0.0 => b.clone(),
        (false, true) if b_low == 0.0 => a.clone(),
        _ => {
            let of = |distribution: &Distribution| -> Vec<f64> { points(distribution, POINTS).collect() };
            let (of_a, of_b) = (of(a), of(b));
            let sums = of_a.iter().flat_map(|x| of_b.iter().map(move |y| x + y));
            Distribution::empirical(sums).expect("sums of finite numbers")
        }
    }
}

/// Equally likely values of a distribution.
pub(super) fn points(distribution: &Distribution, number: u32) -> impl Iterator<Item = f64> + '_ {
    (0..number).map(move |at| distribution.quantile((f64::from(at) + 0.5) / f64::from(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_the_sum_of_the_means() {
        let uniform = Distribution::uniform(10.0, 20.0).unwrap();
        assert_eq!(sum(&constant(3.0), &constant(4.0)).median(), 7.0);
        assert_eq!(sum(&uniform, &constant(0.0)).support(), (10.0, 20.0));
        let twice = sum(&uniform, &uniform);
        assert!((twice.mean() - 30.0).abs() < 0.01, "{}", twice.mean());
        assert!((twice.median() - 30.0).abs() < 0.2);
        let (low, high) = twice.support();
        assert!(20.0 < low && low < 20.2 && 39.8 < high && high < 40.0);
    }
}
