//! The difference of two variants, run by run on common random numbers.
//!
//! The interval of a paired difference is that of the mean of the differences. The *relative* difference is a ratio of
//! means, r = mean(d) / mean(b): its interval is that of the ratio estimator (Cochran), whose residuals d - r b are
//! divided by mean(b). It is left out where the baseline is 0 or changes sign.

use crate::estimate::{Confidence, Estimate, mean};
use crate::replications;

/// What the pairs show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The variant is higher than the baseline: the interval lies above 0.
    Higher,
    /// The variant is lower.
    Lower,
    /// The interval holds 0: no difference is shown, which does not mean that there is none.
    NotShown,
    /// Both gave the same in every run.
    Same,
    /// There are fewer than two pairs.
    Unknown,
}

impl Verdict {
    /// As files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::NotShown => "not shown",
            Self::Same => "same",
            Self::Unknown => "unknown",
        }
    }
}

/// A ratio of means with half the width of its interval, both as shares: -0.118 and 0.009.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relative {
    /// How much higher the variant is, as a share of the baseline.
    pub share: f64,
    /// Half the width of the interval.
    pub half_width: Option<f64>,
}

/// A variant against a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    /// Variant less baseline.
    pub difference: Estimate,
    /// The same as a share of the baseline's mean.
    pub relative: Option<Relative>,
    /// What it comes to.
    pub verdict: Verdict,
    /// The correlation of the pairs: how much common random numbers help.
    pub correlation: Option<f64>,
    /// So many pairs show the difference that is seen, if it is real; nothing where it is shown or nothing is seen.
    pub needed: Option<u64>,
}

impl Paired {
    /// From pairs of (baseline, variant); nothing from none.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)], confidence: Confidence) -> Option<Self> {
        let differences: Vec<f64> = pairs.iter().map(|(base, variant)| variant - base).collect();
        let difference = Estimate::of(&differences, confidence)?;
        let verdict = match difference.half_width {
            _ if pairs.len() > 1 && differences.iter().all(|it| *it == 0.0) => Verdict::Same,
            None => Verdict::Unknown,
            Some(half) if difference.mean - half > 0.0 => Verdict::Higher,
            Some(half) if difference.mean + half < 0.0 => Verdict::Lower,
            Some(_) => Verdict::NotShown,
        };
        let needed = match (verdict, difference.sd) {
            (Verdict::NotShown, Some(sd)) if difference.mean != 0.0 => {
                Some(replications::needed(sd, difference.mean.abs(), confidence))
            }
            _ => None,
        };
        Some(Self {
            relative: relative(pairs, confidence),
            correlation: correlation(pairs),
            difference,
            verdict,
            needed,
        })
    }
}

fn relative(pairs: &[(f64, f64)], confidence: Confidence) -> Option<Relative> {
    let bases: Vec<f64> = pairs.iter().map(|(base, _)| *base).collect();
    let base = mean(&bases)?;
    if base == 0.0 || bases.iter().any(|it| it * base < 0.0) {
        return None;
    }
    let differences: Vec<f64> = pairs.iter().map(|(base, variant)| variant - base).collect();
    let share = mean(&differences)? / base;
    let residuals: Vec<f64> = pairs.iter().map(|(base, variant)| (variant - base) - share * base).collect();
    let half_width = Estimate::of(&residuals, confidence)?.half_width.map(|half| half / base.abs());
    Some(Relative { share, half_width })
}

fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len();
    if n < 3 {
        return None;
    }
    let (bases, variants): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (base, variant) = (mean(&bases)?, mean(&variants)?);
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let together = sum(&|(b, v)| (b - base) * (v - variant));
    let (one, other) = (sum(&|(b, _)| (b - base) * (b - base)), sum(&|(_, v)| (v - variant) * (v - variant)));
    let spread = one.sqrt() * other.sqrt();
    (spread > 0.0).then(|| (together / spread).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(pairs: &[(f64, f64)]) -> Paired {
        Paired::of(pairs, Confidence::default()).unwrap()
    }

    #[test]
    fn pairs_see_what_means_cannot() {
        // The runs differ by tens, the variants by one: only the pairs show it.
        let pairs: Vec<(f64, f64)> =
            (0..10).map(|at| (f64::from(at) * 10.0, f64::from(at) * 10.0 - 1.0 - f64::from(at % 2) / 10.0)).collect();
        let it = paired(&pairs);
        assert_eq!(it.verdict, Verdict::Lower);
        assert!((it.difference.mean + 1.05).abs() < 1e-12);
        assert!(it.correlation.unwrap() > 0.999);
        let apart = Estimate::of(&pairs.iter().map(|it| it.0).collect::<Vec<_>>(), Confidence::default()).unwrap();
        assert!(apart.half_width.unwrap() > 100.0 * it.difference.half_width.unwrap());
    }

    #[test]
    fn a_share_of_the_baseline() {
        // Everything is exactly 10 % less: the ratio is known exactly although the differences vary.
        let pairs: Vec<(f64, f64)> = (1..=5).map(|at| (f64::from(at) * 8.0, f64::from(at) * 7.0)).collect();
        let relative = paired(&pairs).relative.unwrap();
        assert!((relative.share + 0.125).abs() < 1e-12);
        assert!(relative.half_width.unwrap() < 1e-12);
        assert_eq!(paired(&[(0.0, 1.0), (0.0, 2.0)]).relative, None);
        assert_eq!(paired(&[(-1.0, 1.0), (3.0, 2.0)]).relative, None);
    }

    #[test]
    fn verdicts() {
        assert_eq!(paired(&[(1.0, 1.0), (2.0, 2.0)]).verdict, Verdict::Same);
        assert_eq!(paired(&[(1.0, 2.0)]).verdict, Verdict::Unknown);
        assert_eq!(paired(&[(1.0, 2.0), (5.0, 6.0)]).verdict, Verdict::Higher);
        let open = paired(&[(1.0, 2.0), (2.0, 1.0), (3.0, 4.0), (4.0, 4.0)]);
        assert_eq!(open.verdict, Verdict::NotShown);
        assert!(open.needed.unwrap() > 4);
    }
}
