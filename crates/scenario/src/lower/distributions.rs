//! Distributions as the scenario writes them become the kernel's, with their checks and their files.

use ecsim_kernel::{Distribution, DistributionError};

use super::Context;
use crate::document::Locator;
use crate::schema::{
    DistributionSpec, Duration, DurationDistribution, EmpiricalSource, MemoryDistribution, MemorySize, Quantity, Shape,
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

impl<'a> Context<'a> {
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
