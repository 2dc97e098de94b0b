//! Moving instances to other zones or Spot pools without having too few: how many too many there may be (ASG-008, SPT-010).
//!
//! *What AWS documents.* Replacements are launched before the old instances go. Rebalancing zones, a group may exceed its
//! maximum by a tenth of it, or by one if that is more; rebalancing Spot capacity, by a tenth of the desired capacity.
//! Ours: tenths are rounded down; in a group of fewer than ten, Spot rebalancing may exceed the maximum by one as well,
//! as it could do nothing otherwise; zones are balanced when they differ by no more than one.
//!
//! *How we know it is right.* A test for each clause.

/// How many instances a group may have while its zones are rebalanced (ASG-008).
#[must_use]
pub const fn zone_rebalance_max(max: u32) -> u32 {
    max.saturating_add(margin(max))
}

/// How many instances a group may have while its Spot capacity is rebalanced (SPT-010).
#[must_use]
pub const fn capacity_rebalance_max(max: u32, desired: u32) -> u32 {
    max.saturating_add(margin(desired))
}

const fn margin(of: u32) -> u32 {
    if of < 20 { 1 } else { of / 10 }
}

/// An instance to be launched in one zone and then terminated in another, by their places in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where one is too many.
    pub from: usize,
    /// Where one is missing.
    pub to: usize,
}

/// The next move that balances the zones; `None` if no two differ by more than one. Equals go in the order of the list.
#[must_use]
pub fn next_move(instances: &[u32]) -> Option<Move> {
    // `max_by_key` takes the last of equals, and `min_by_key` the first.
    let from = (0..instances.len()).rev().max_by_key(|at| instances[*at])?;
    let to = (0..instances.len()).min_by_key(|at| instances[*at])?;
    (instances[from] - instances[to] > 1).then_some(Move { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn asg_008_one_or_a_tenth_above_the_maximum() {
        assert_eq!([0, 1, 10, 19, 20, 100, u32::MAX].map(zone_rebalance_max), [1, 2, 11, 20, 22, 110, u32::MAX]);
    }

    #[test]
    fn spt_010_a_tenth_of_the_desired_capacity() {
        assert_eq!(capacity_rebalance_max(100, 50), 105);
        assert_eq!(capacity_rebalance_max(100, 4), 101);
    }

    #[test]
    fn asg_008_moves() {
        assert_eq!(next_move(&[4, 2, 2]), Some(Move { from: 0, to: 1 }));
        assert_eq!(next_move(&[1, 3, 3]), Some(Move { from: 1, to: 0 }));
        assert_eq!(next_move(&[2, 1, 2]), None);
        assert_eq!(next_move(&[5]), None);
        assert_eq!(next_move(&[]), None);
    }

    proptest! {
        #[test]
        fn asg_008_ends_in_balance(mut instances in proptest::collection::vec(0..30_u32, 1..6)) {
            let total: u32 = instances.iter().sum();
            let mut moves = 0;
            while let Some(next) = next_move(&instances) {
                instances[next.from] -= 1;
                instances[next.to] += 1;
                moves += 1;
                prop_assert!(moves <= total);
            }
            prop_assert_eq!(instances.iter().sum::<u32>(), total);
            prop_assert!(instances.iter().max().unwrap() - instances.iter().min().unwrap() <= 1);
        }
    }
}
