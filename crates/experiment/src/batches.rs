//! Batch means: one long run cut into equal parts whose means stand for independent observations.
//!
//! They do so only if the parts are long enough. The lag-1 autocorrelation of the batch means tells (von Neumann's test
//! in its usual approximation): of independent batches it is about normal with mean -1/n and standard deviation
//! 1/sqrt(n).

use crate::estimate::mean;

/// With fewer batches nothing can be said.
const LEAST: usize = 8;

/// The lag-1 autocorrelation; nothing of a constant or of less than three.
#[must_use]
pub fn autocorrelation(batches: &[f64]) -> Option<f64> {
    if batches.len() < 3 {
        return None;
    }
    let mean = mean(batches)?;
    let all: f64 = batches.iter().map(|it| (it - mean) * (it - mean)).sum();
    let next: f64 = batches.windows(2).map(|it| (it[0] - mean) * (it[1] - mean)).sum();
    (all > 0.0).then(|| next / all)
}

/// Whether neighbouring batches depend on each other (one-sided, 95 %): the interval is then too narrow.
#[must_use]
pub fn depend(batches: &[f64]) -> Option<f64> {
    let n = batches.len();
    if n < LEAST {
        return None;
    }
    autocorrelation(batches).filter(|it| *it > 1.645 / (n as f64).sqrt() - 1.0 / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_resemble_each_other() {
        let wave: Vec<f64> = (0..20).map(|at| f64::from((at / 5) % 2)).collect();
        assert!(depend(&wave).unwrap() > 0.5);
        let zigzag: Vec<f64> = (0..20).map(|at| f64::from(at % 2)).collect();
        assert!(autocorrelation(&zigzag).unwrap() < -0.9);
        assert_eq!(depend(&zigzag), None);
        assert_eq!(depend(&[1.0; 20]), None);
        assert_eq!(depend(&[1.0, 2.0, 3.0]), None);
    }
}
