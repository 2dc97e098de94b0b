//! How many replications a question needs.

use crate::estimate::Confidence;

/// More than this is said as "more than".
pub const MANY: u64 = 100_000;

/// The least number of replications whose interval, at this standard deviation, is no wider than `half_width` to either
/// side; at most [`MANY`].
#[must_use]
pub fn needed(sd: f64, half_width: f64, confidence: Confidence) -> u64 {
    if sd <= 0.0 {
        return 2;
    }
    if half_width <= 0.0 || !sd.is_finite() {
        return MANY;
    }
    let enough = |n: u64| {
        let freedom = usize::try_from(n - 1).unwrap_or(usize::MAX);
        confidence.t(freedom).is_some_and(|t| t * sd / (n as f64).sqrt() <= half_width)
    };
    // The width falls with n: bisection.
    let (mut low, mut high) = (1_u64, MANY);
    while high - low > 1 {
        let middle = u64::midpoint(low, high);
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// How many to have next when `have` are not enough and `needed` would be: what is missing, but never more than twice as
/// many as there are, because the standard deviation is itself an estimate; and never less than two more.
#[must_use]
pub fn next(have: usize, needed: u64, at_most: usize) -> usize {
    let wanted = usize::try_from(needed).unwrap_or(usize::MAX);
    wanted.min(have * 2).max(have + 2).min(at_most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_number_that_is_enough() {
        let confidence = Confidence::default();
        for (sd, half) in [(1.0, 0.1), (3.0, 1.0), (1.0, 2.0), (0.5, 0.2)] {
            let n = needed(sd, half, confidence);
            let width = |n: u64| confidence.t(n as usize - 1).map_or(f64::INFINITY, |t| t * sd / (n as f64).sqrt());
            assert!(width(n) <= half && width(n - 1) > half, "{sd} {half}: {n}");
        }
        // 1.96^2 * 100 = 384.1, and two or three more for Student.
        assert_eq!(needed(1.0, 0.1, confidence), 387);
        assert_eq!(needed(0.0, 0.1, confidence), 2);
        assert_eq!(needed(1.0, 0.0, confidence), MANY);
        assert_eq!(needed(1.0, 1e-9, confidence), MANY);
    }

    #[test]
    fn steps_are_bounded() {
        assert_eq!(next(10, 1_000, 500), 20);
        assert_eq!(next(10, 13, 500), 13);
        assert_eq!(next(10, 10, 500), 12);
        assert_eq!(next(400, 1_000, 500), 500);
    }
}
