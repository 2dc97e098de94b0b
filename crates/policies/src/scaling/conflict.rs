//! Which policy wins when several act at the same time (ASG-021, SAS-054).
//!
//! *What AWS documents.* The one that leaves the largest capacity, for scale-out and for scale-in.

/// The place of the proposal that wins: the largest, and among equals the first; `None` without any.
#[must_use]
pub fn winner(proposals: &[u64]) -> Option<usize> {
    // `max_by_key` takes the last of equals.
    (0..proposals.len()).rev().max_by_key(|at| proposals[*at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::step::{AdjustmentType, adjusted};

    #[test]
    fn asg_021_the_largest_capacity_wins() {
        let fewer = [
            adjusted(8, AdjustmentType::ChangeInCapacity, -3, 0),
            adjusted(8, AdjustmentType::PercentChangeInCapacity, -25, 0),
        ];
        assert_eq!(winner(&fewer), Some(1));
        assert_eq!(fewer[1], 6, "minus 25 % of 8 is minus 2");
        let more = [
            adjusted(10, AdjustmentType::ChangeInCapacity, 3, 0),
            adjusted(10, AdjustmentType::PercentChangeInCapacity, 200, 0),
        ];
        assert_eq!(winner(&more), Some(1));
        assert_eq!(winner(&[7, 9, 9]), Some(1));
        assert_eq!(winner(&[]), None);
    }
}
