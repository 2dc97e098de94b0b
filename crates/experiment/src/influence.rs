//! Whether one replication decides everything.
//!
//! An observation decides if it carries more than half of the variance of all, and is an outlier by Grubbs' test at 1 %:
//! of few observations one always carries much.

use crate::estimate::{Confidence, mean};

/// With fewer observations one of them always weighs much.
const LEAST: usize = 5;
/// One that carries more than this share of the variance decides.
const SHARE: f64 = 0.5;
/// How often an outlier is seen where there is none.
const LEVEL: f64 = 0.01;

/// The observation that carries more than half of the variance of all, and its share.
#[must_use]
pub fn decisive(observations: &[f64]) -> Option<(usize, f64)> {
    let n = observations.len();
    if n < LEAST {
        return None;
    }
    let mean = mean(observations)?;
    let square = |it: f64| (it - mean) * (it - mean);
    let all: f64 = observations.iter().copied().map(square).sum();
    // The first of the largest.
    let (at, largest) = observations
        .iter()
        .copied()
        .map(square)
        .enumerate()
        .fold((0, -1.0), |most, it| if it.1 > most.1 { it } else { most });
    (all > 0.0 && largest / all > SHARE.max(grubbs(n)?)).then_some((at, largest / all))
}

/// The share of the variance from which on an observation is an outlier: Grubbs' critical value, squared and divided by
/// n - 1.
fn grubbs(n: usize) -> Option<f64> {
    let number = n as f64;
    let t = Confidence::new((1.0 - LEVEL / number).min(0.9999))?.t(n - 2)?;
    Some((number - 1.0) / number * (t * t / (number - 2.0 + t * t)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_among_many() {
        assert_eq!(decisive(&[1.0, 2.0, 3.0, 4.0, 5.0]), None);
        let (at, share) = decisive(&[0.0, 0.0, 0.0, 30.0, 0.0, 0.0]).unwrap();
        assert_eq!(at, 3);
        assert!((share - 25.0 / 30.0).abs() < 1e-12);
        assert_eq!(decisive(&[0.0, 9.0]), None);
        assert_eq!(decisive(&[2.0; 9]), None);
        // Of six, one that is only somewhat apart is none.
        assert_eq!(decisive(&[1.0, 2.0, 3.0, 2.0, 1.0, 7.0]), None);
        // Grubbs' table, two-sided at 1 %: 1.973 for 6, 3.236 for 30.
        for (n, table) in [(6, 1.973), (30, 3.236)] {
            let g = (grubbs(n).unwrap() * (n as f64 - 1.0)).sqrt();
            assert!((g - table).abs() < 0.002, "{n}: {g}");
        }
    }
}
