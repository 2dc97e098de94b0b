//! Into which Availability Zone the next instance is launched, and where else if that fails (ASG-003, ASG-004).
//!
//! *What it does.* Orders the enabled zones by how few instances they have, and cuts the list where the distribution
//! strategy forbids to try another.
//!
//! *What AWS documents.* Fewest instances first (ASG-003); the three strategies (ASG-004). Ours: ties (`az_tie`). With
//! `reservations-then-balanced`, zones that have unused Capacity Reservations come first, by fewest instances among
//! themselves, and the others behind them.
//!
//! *What we left out.* The subnet inside the zone, by most free addresses: addresses are not modelled.
//!
//! *How we know it is right.* A test for each clause, and a property.

use super::Tie;

/// `AvailabilityZoneDistribution.CapacityDistributionStrategy` (ASG-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZoneStrategy {
    /// `balanced-best-effort`: where one zone fails, another is tried.
    #[default]
    BalancedBestEffort,
    /// `balanced-only`: the same zone is tried again.
    BalancedOnly,
    /// `reservations-then-balanced`: Capacity Reservations are filled first.
    ReservationsThenBalanced,
}

/// An enabled zone of the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZoneState {
    /// Instances of the group there that are not terminating.
    pub instances: u32,
    /// How many more fit into its Capacity Reservations there.
    pub free_reservations: u32,
}

/// The zones to try for one launch, in this order, by their places in `zones`.
#[must_use]
pub fn launch_order(zones: &[ZoneState], strategy: ZoneStrategy, tie: &mut Tie<'_>) -> Vec<usize> {
    let mut order: Vec<(bool, u32, u64, usize)> = zones
        .iter()
        .enumerate()
        .map(|(at, zone)| {
            let luck = match tie {
                Tie::Order => 0,
                // Always drawn, so that what follows does not depend on whether there is a tie.
                Tie::Random(stream) => stream.below(u64::MAX),
            };
            let unreserved = strategy == ZoneStrategy::ReservationsThenBalanced && zone.free_reservations == 0;
            (unreserved, zone.instances, luck, at)
        })
        .collect();
    order.sort_unstable();
    if strategy == ZoneStrategy::BalancedOnly {
        order.truncate(1);
    }
    order.into_iter().map(|(.., at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsim_kernel::{Key, Purpose, Streams};
    use proptest::prelude::*;

    fn zones(counts: &[u32]) -> Vec<ZoneState> {
        counts.iter().map(|instances| ZoneState { instances: *instances, free_reservations: 0 }).collect()
    }

    #[test]
    fn asg_003_fewest_instances_then_the_order_of_the_configuration() {
        let order = |counts: &[u32]| launch_order(&zones(counts), ZoneStrategy::BalancedBestEffort, &mut Tie::Order);
        assert_eq!(order(&[2, 1, 1]), [1, 2, 0]);
        assert_eq!(order(&[0, 0, 0]), [0, 1, 2]);
        assert_eq!(order(&[]), [0; 0]);
    }

    #[test]
    fn asg_003_ties_at_random() {
        let mut first = [0_u32; 3];
        for run in 0..3_000 {
            let mut stream = Streams::new(1, run).stream(Purpose(1), Key::new("group", 0));
            let order =
                launch_order(&zones(&[1, 2, 1]), ZoneStrategy::BalancedBestEffort, &mut Tie::Random(&mut stream));
            assert_eq!(order[2], 1);
            first[order[0]] += 1;
        }
        assert!(first[0].abs_diff(1_500) < 150 && first[1] == 0, "{first:?}");
    }

    #[test]
    fn asg_004_balanced_only_insists() {
        assert_eq!(launch_order(&zones(&[3, 1, 2]), ZoneStrategy::BalancedOnly, &mut Tie::Order), [1]);
        assert_eq!(launch_order(&zones(&[3, 1, 2]), ZoneStrategy::BalancedBestEffort, &mut Tie::Order), [1, 2, 0]);
    }

    #[test]
    fn asg_004_reservations_first() {
        let mut zones = zones(&[0, 9, 7]);
        zones[1].free_reservations = 1;
        zones[2].free_reservations = 4;
        assert_eq!(launch_order(&zones, ZoneStrategy::ReservationsThenBalanced, &mut Tie::Order), [2, 1, 0]);
        assert_eq!(launch_order(&zones, ZoneStrategy::BalancedBestEffort, &mut Tie::Order), [0, 2, 1]);
    }

    proptest! {
        #[test]
        fn asg_003_stays_balanced(mut counts in proptest::collection::vec(0..9_u32, 1..7), launches in 0..60_u32) {
            let most = *counts.iter().max().unwrap();
            for _ in 0..launches {
                let first = launch_order(&zones(&counts), ZoneStrategy::BalancedBestEffort, &mut Tie::Order)[0];
                counts[first] += 1;
            }
            let (min, max) = (*counts.iter().min().unwrap(), *counts.iter().max().unwrap());
            prop_assert!(max <= most || max - min <= 1, "{:?}", counts);
        }
    }
}
