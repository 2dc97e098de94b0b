//! Mean, standard deviation, and the confidence interval of a mean.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// How sure an interval is: the share of intervals that hold the true mean, between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Default for Confidence {
    fn default() -> Self {
        Self(0.95)
    }
}

impl Confidence {
    /// From a share such as 0.95; nothing outside of 0.5 to 0.9999.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (0.5..=0.9999).contains(&share).then_some(Self(share))
    }

    /// The share.
    #[must_use]
    pub const fn share(self) -> f64 {
        self.0
    }

    /// `95 %`.
    #[must_use]
    pub fn in_words(self) -> String {
        format!("{} %", crate::numbers::plain(self.0 * 100.0, 2))
    }

    /// The two-sided quantile of Student's t distribution with `freedom` degrees of freedom.
    ///
    /// It is rounded to nine decimals: the library below computes with the platform's logarithm, and the last bits of
    /// that must not reach a file.
    #[must_use]
    pub fn t(self, freedom: usize) -> Option<f64> {
        if freedom == 0 {
            return None;
        }
        let t = StudentsT::new(0.0, 1.0, freedom as f64).ok()?.inverse_cdf(f64::midpoint(1.0, self.0));
        t.is_finite().then(|| (t * 1e9).round() / 1e9)
    }
}

/// What is known of a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// How many independent observations there are.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (with n - 1); nothing for a single one.
    pub sd: Option<f64>,
    /// Half the width of the confidence interval of the mean; nothing for a single one.
    pub half_width: Option<f64>,
}

impl Estimate {
    /// From independent observations; nothing from none.
    #[must_use]
    pub fn of(observations: &[f64], confidence: Confidence) -> Option<Self> {
        let n = observations.len();
        let mean = mean(observations)?;
        let sd = (n > 1).then(|| deviation(observations, mean));
        let half_width = sd.and_then(|sd| Some(confidence.t(n - 1)? * sd / (n as f64).sqrt()));
        Some(Self { n, mean, sd, half_width })
    }

    /// The interval.
    #[must_use]
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.half_width.map(|half| (self.mean - half, self.mean + half))
    }

    /// Half the width of the interval as a share of the mean.
    #[must_use]
    pub fn relative_half_width(&self) -> Option<f64> {
        let half = self.half_width?;
        if half == 0.0 {
            return Some(0.0);
        }
        (self.mean != 0.0).then(|| half / self.mean.abs())
    }
}

/// The mean; equal observations have exactly their value as mean.
#[must_use]
pub fn mean(observations: &[f64]) -> Option<f64> {
    let first = *observations.first()?;
    // Around the first one, so that a constant does not pick up rounding.
    let sum: f64 = observations.iter().map(|it| it - first).sum();
    Some(first + sum / observations.len() as f64)
}

fn deviation(observations: &[f64], mean: f64) -> f64 {
    let squares: f64 = observations.iter().map(|it| (it - mean) * (it - mean)).sum();
    (squares / (observations.len() - 1) as f64).sqrt()
}

/// The nearest-rank percentile of observations in any order.
#[must_use]
pub fn percentile(observations: &[f64], percent: u32) -> Option<f64> {
    let mut ascending = observations.to_vec();
    ascending.sort_by(f64::total_cmp);
    let rank = (ascending.len() as u64 * u64::from(percent)).div_ceil(100).max(1);
    ascending.get(usize::try_from(rank).ok()? - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_printed_table() {
        for (share, freedom, table) in [
            (0.95, 1, 12.706_205),
            (0.95, 4, 2.776_445),
            (0.95, 9, 2.262_157),
            (0.95, 29, 2.045_230),
            (0.99, 29, 2.756_386),
            (0.90, 9, 1.833_113),
            (0.95, 999, 1.962_341),
        ] {
            let t = Confidence::new(share).and_then(|it| it.t(freedom)).unwrap();
            assert!((t - table).abs() < 2e-6, "{share} {freedom}: {t} is not {table}");
        }
        assert_eq!(Confidence::default().t(0), None);
        assert_eq!(Confidence::new(1.0), None);
    }

    #[test]
    fn an_interval_worked_by_hand() {
        // Mean 3, sd sqrt(2.5), t(4) = 2.776445: 2.776445 * 1.581139 / 2.236068 = 1.963243.
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0], Confidence::default()).unwrap();
        assert_eq!((estimate.n, estimate.mean), (5, 3.0));
        assert!((estimate.sd.unwrap() - 1.581_139).abs() < 1e-6);
        assert!((estimate.half_width.unwrap() - 1.963_243).abs() < 1e-5);
        assert!((estimate.relative_half_width().unwrap() - 0.654_414).abs() < 1e-5);
    }

    #[test]
    fn one_or_none_and_constants() {
        let one = Estimate::of(&[7.0], Confidence::default()).unwrap();
        assert_eq!((one.mean, one.sd, one.half_width), (7.0, None, None));
        assert_eq!(Estimate::of(&[], Confidence::default()), None);
        let constant = Estimate::of(&[0.1; 30], Confidence::default()).unwrap();
        assert_eq!((constant.mean, constant.half_width), (0.1, Some(0.0)));
        assert_eq!(percentile(&[3.0, 1.0, 2.0, 4.0], 50), Some(2.0));
        assert_eq!(percentile(&[], 50), None);
    }
}
