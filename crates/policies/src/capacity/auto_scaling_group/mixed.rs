//! How a group of mixed instances divides itself into on-demand and Spot instances (ASG-009).
//!
//! *What it does.* The split of a capacity, the market of the next launch, the market that loses an instance.
//!
//! *What AWS documents.* The base, the percentage above it, that the on-demand share is rounded up, that the base is
//! launched first, and that scale-in approaches the split (ASG-032). Ours: above the base, single launches follow the
//! split of the size they make, so that the ratio holds on the way as well; and where both markets have too many, the
//! one with more too many loses an instance, Spot among equals.
//!
//! *How we know it is right.* EX-A15, and properties.

/// `OnDemandBaseCapacity` and `OnDemandPercentageAboveBaseCapacity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstancesDistribution {
    /// The first so many instances are on-demand; default 0.
    pub on_demand_base: u32,
    /// The on-demand share of the others in percent, 0 to 100; default 100.
    pub on_demand_percentage: u32,
}

impl Default for InstancesDistribution {
    fn default() -> Self {
        Self { on_demand_base: 0, on_demand_percentage: 100 }
    }
}

pub use ecsim_cluster::Market;

/// How many instances are bought how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// On-demand instances.
    pub on_demand: u32,
    /// Spot instances.
    pub spot: u32,
}

impl Split {
    /// All instances.
    #[must_use]
    pub const fn total(self) -> u32 {
        self.on_demand.saturating_add(self.spot)
    }
}

impl InstancesDistribution {
    /// on-demand = min(D, B) + ceil((D - B) p / 100), Spot = the rest.
    #[must_use]
    pub fn split(self, total: u32) -> Split {
        let base = total.min(self.on_demand_base);
        let above = u64::from(total - base) * u64::from(self.on_demand_percentage.min(100));
        // Not above `total - base`, as the percentage is not above 100.
        let on_demand = base + above.div_ceil(100) as u32;
        Split { on_demand, spot: total - on_demand }
    }

    /// The market of the next launch, of a group that has `now` and grows.
    #[must_use]
    pub fn next_launch(self, now: Split) -> Market {
        let wanted = self.split(now.total().saturating_add(1));
        if now.on_demand < wanted.on_demand { Market::OnDemand } else { Market::Spot }
    }

    /// The market that loses the next instance, of a group that has `now` and shrinks; `None` if it has none.
    #[must_use]
    pub fn next_termination(self, now: Split) -> Option<Market> {
        let wanted = self.split(now.total().checked_sub(1)?);
        let too_many = |have: u32, wanted: u32| i64::from(have) - i64::from(wanted);
        // One of both is positive, as they add up to one.
        if too_many(now.on_demand, wanted.on_demand) > too_many(now.spot, wanted.spot) {
            Some(Market::OnDemand)
        } else {
            Some(Market::Spot)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distribution(on_demand_base: u32, on_demand_percentage: u32) -> InstancesDistribution {
        InstancesDistribution { on_demand_base, on_demand_percentage }
    }

    // proves: ASG-009
    #[test]
    fn ex_a15_base_and_percentage() {
        let row = |base, percentage, total| {
            let split = distribution(base, percentage).split(total);
            (split.on_demand, split.spot)
        };
        assert_eq!([10, 20, 30, 40].map(|total| row(10, 50, total)), [(10, 0), (15, 5), (20, 10), (25, 15)]);
        assert_eq!(row(10, 50, 25), (18, 7));
        assert_eq!(row(3, 35, 17), (8, 9));
    }

    #[test]
    fn asg_009_defaults_and_ends() {
        assert_eq!(InstancesDistribution::default().split(7), Split { on_demand: 7, spot: 0 });
        assert_eq!(distribution(0, 0).split(7), Split { on_demand: 0, spot: 7 });
        assert_eq!(distribution(9, 0).split(7), Split { on_demand: 7, spot: 0 });
        assert_eq!(distribution(0, 1).split(u32::MAX).total(), u32::MAX);
        assert_eq!(distribution(0, 900).split(7), Split { on_demand: 7, spot: 0 }, "what AWS rejects does no harm");
    }

    #[test]
    fn asg_009_the_base_comes_first() {
        let mut now = Split::default();
        let mut order = String::new();
        for _ in 0..8 {
            match distribution(3, 50).next_launch(now) {
                Market::OnDemand => (now.on_demand, order) = (now.on_demand + 1, order + "o"),
                Market::Spot => (now.spot, order) = (now.spot + 1, order + "s"),
            }
        }
        assert_eq!(order, "oooososo");
    }

    #[test]
    fn asg_009_a_shortage_is_made_good() {
        assert_eq!(distribution(0, 50).next_launch(Split { on_demand: 1, spot: 5 }), Market::OnDemand);
        assert_eq!(distribution(0, 50).next_launch(Split { on_demand: 5, spot: 1 }), Market::Spot);
    }

    #[test]
    fn asg_032_the_market_that_has_too_many_loses_one() {
        let base = distribution(10, 50);
        assert_eq!(base.next_termination(Split { on_demand: 15, spot: 5 }), Some(Market::Spot), "19: 15 and 4");
        assert_eq!(base.next_termination(Split { on_demand: 15, spot: 4 }), Some(Market::OnDemand), "18: 14 and 4");
        assert_eq!(base.next_termination(Split { on_demand: 10, spot: 0 }), Some(Market::OnDemand));
        assert_eq!(base.next_termination(Split { on_demand: 2, spot: 7 }), Some(Market::Spot));
        assert_eq!(base.next_termination(Split::default()), None);
    }

    proptest! {
        #[test]
        fn asg_009_up_and_down_keep_the_split(base in 0..20_u32, percentage in 0..101_u32, total in 0..200_u32) {
            let distribution = distribution(base, percentage);
            let mut now = Split::default();
            for size in 1..=total {
                match distribution.next_launch(now) {
                    Market::OnDemand => now.on_demand += 1,
                    Market::Spot => now.spot += 1,
                }
                prop_assert_eq!(now, distribution.split(size));
            }
            for size in (0..total).rev() {
                match distribution.next_termination(now).unwrap() {
                    Market::OnDemand => now.on_demand -= 1,
                    Market::Spot => now.spot -= 1,
                }
                prop_assert_eq!(now, distribution.split(size));
            }
        }

        #[test]
        fn asg_032_a_market_without_instances_loses_none(on_demand in 0..9_u32, spot in 0..9_u32, base in 0..9_u32, percentage in 0..101_u32) {
            match distribution(base, percentage).next_termination(Split { on_demand, spot }) {
                Some(Market::OnDemand) => prop_assert!(on_demand > 0),
                Some(Market::Spot) => prop_assert!(spot > 0),
                None => prop_assert_eq!(on_demand + spot, 0),
            }
        }
    }
}
