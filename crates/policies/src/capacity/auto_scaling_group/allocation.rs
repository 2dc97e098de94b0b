//! As which instance type the next instance of a zone is launched, and as which else if that fails (ASG-010, ASG-011).
//!
//! *What it does.* Orders the overrides of the group, all in one zone and one market, by the allocation strategy.
//!
//! *What AWS documents.* The names of the strategies, their aims and defaults, `SpotInstancePools`, and that the price
//! limit is the on-demand price. Ours (ASG-011): `price-capacity-optimized` takes the least price times (1 + rank), the
//! rank of a pool's hazard among those offered, 0 the safest and equals sharing one; `capacity-optimized` the most free
//! capacity where the scenario says what is free, and else the least hazard; ties go by the order of the overrides.
//! A pool whose capacity is not given has no limit. Spot pools known to be empty are tried last: EC2 knows them.
//!
//! *How we tell `capacity-optimized-prioritized` from `capacity-optimized`.* Capacity comes first and the priorities
//! count for the rest: pools that can take all instances wanted are equally good and go by priority, the others follow
//! as in `capacity-optimized`. Where nothing is said about capacity, pools of the same hazard go by priority in both.
//!
//! *What we left out.* Weights and units other than instances (ASG-012).
//!
//! *How we know it is right.* A test for each strategy and clause, and properties.

use core::cmp::Reverse;

/// `OnDemandAllocationStrategy` (ASG-010).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDemandStrategy {
    /// `prioritized`: the order of the overrides; the default with an explicit list.
    #[default]
    Prioritized,
    /// `lowest-price`: the default with attribute-based selection.
    LowestPrice,
}

/// `SpotAllocationStrategy` (ASG-011).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpotStrategy {
    /// `price-capacity-optimized`, which AWS recommends.
    PriceCapacityOptimized,
    /// `capacity-optimized`.
    CapacityOptimized,
    /// `capacity-optimized-prioritized`.
    CapacityOptimizedPrioritized,
    /// `lowest-price`, the default of the API.
    LowestPrice {
        /// `SpotInstancePools`: over how many of the cheapest pools of a zone, 1 to 20, default 2.
        pools: u32,
    },
}

impl Default for SpotStrategy {
    fn default() -> Self {
        Self::LowestPrice { pools: 2 }
    }
}

/// A Spot pool: an instance type in the zone in question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpotPool {
    /// Nano-dollars an hour.
    pub price: u64,
    /// What the type costs on demand, in nano-dollars an hour: the price limit, if the group sets none.
    pub on_demand_price: u64,
    /// Interruptions an hour (SPT-016): only the order matters.
    pub hazard: f64,
    /// How many more instances it can give; `None` if the scenario does not say.
    pub free: Option<u64>,
    /// How many instances of the group it has given in this zone.
    pub running: u64,
}

/// The overrides to try, in this order, by their places in `prices` (nano-dollars an hour).
#[must_use]
pub fn on_demand_order(strategy: OnDemandStrategy, prices: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..prices.len()).collect();
    match strategy {
        OnDemandStrategy::Prioritized => {}
        OnDemandStrategy::LowestPrice => order.sort_by_key(|at| prices[*at]),
    }
    order
}

/// The pools to try, in this order, by their places in `pools`, which are in the order of the overrides.
///
/// Pools that cost more than `max_price`, or without one more than on demand, are left out. `wanted` is how many
/// instances the group is about to launch.
#[must_use]
pub fn spot_order(strategy: SpotStrategy, pools: &[SpotPool], max_price: Option<u64>, wanted: u64) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..pools.len()).filter(|at| pools[*at].price <= max_price.unwrap_or(pools[*at].on_demand_price)).collect();
    // All sorts are stable: among equals the order of the overrides stands.
    match strategy {
        SpotStrategy::PriceCapacityOptimized => {
            let ranks = hazard_ranks(pools, &order);
            order.sort_by_key(|at| u128::from(pools[*at].price) * (1 + ranks[*at]));
        }
        SpotStrategy::CapacityOptimized => sort_by_capacity(&mut order, pools),
        SpotStrategy::CapacityOptimizedPrioritized => {
            if is_capacity_given(pools, &order) {
                let (mut roomy, mut others): (Vec<usize>, Vec<usize>) =
                    order.iter().copied().partition(|at| pools[*at].free.is_none_or(|free| free >= wanted));
                sort_by_capacity(&mut others, pools);
                roomy.append(&mut others);
                order = roomy;
            } else {
                sort_by_capacity(&mut order, pools);
            }
        }
        SpotStrategy::LowestPrice { pools: count } => {
            order.sort_by_key(|at| (is_empty(&pools[*at]), pools[*at].price));
            let count = (count.max(1) as usize).min(order.len());
            order[..count].sort_by_key(|at| pools[*at].running);
        }
    }
    order.sort_by_key(|at| is_empty(&pools[*at]));
    order
}

fn is_empty(pool: &SpotPool) -> bool {
    pool.free == Some(0)
}

fn is_capacity_given(pools: &[SpotPool], order: &[usize]) -> bool {
    order.iter().any(|at| pools[*at].free.is_some())
}

/// By most free capacity where any is given, else by least hazard.
fn sort_by_capacity(order: &mut [usize], pools: &[SpotPool]) {
    if is_capacity_given(pools, order) {
        order.sort_by_key(|at| Reverse(pools[*at].free.unwrap_or(u64::MAX)));
    } else {
        order.sort_by(|a, b| pools[*a].hazard.total_cmp(&pools[*b].hazard));
    }
}

/// The rank of each pool's hazard among the pools in `order`: how many smaller hazards there are.
fn hazard_ranks(pools: &[SpotPool], order: &[usize]) -> Vec<u128> {
    let mut hazards: Vec<f64> = order.iter().map(|at| pools[*at].hazard).collect();
    hazards.sort_by(f64::total_cmp);
    hazards.dedup();
    pools.iter().map(|pool| hazards.partition_point(|hazard| hazard.total_cmp(&pool.hazard).is_lt()) as u128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use SpotStrategy::{CapacityOptimized, CapacityOptimizedPrioritized, LowestPrice, PriceCapacityOptimized};
    use proptest::prelude::*;

    fn pool(price: u64, hazard: f64) -> SpotPool {
        SpotPool { price, on_demand_price: 1_000, hazard, free: None, running: 0 }
    }

    fn with_free(price: u64, free: u64) -> SpotPool {
        SpotPool { free: Some(free), ..pool(price, 0.0) }
    }

    fn order(strategy: SpotStrategy, pools: &[SpotPool]) -> Vec<usize> {
        spot_order(strategy, pools, None, 1)
    }

    #[test]
    fn asg_010_on_demand() {
        let prices = [96, 85, 85, 340];
        assert_eq!(on_demand_order(OnDemandStrategy::Prioritized, &prices), [0, 1, 2, 3]);
        assert_eq!(on_demand_order(OnDemandStrategy::LowestPrice, &prices), [1, 2, 0, 3]);
        assert_eq!(on_demand_order(OnDemandStrategy::default(), &[]), [0; 0]);
    }

    #[test]
    fn asg_011_price_capacity_optimized_multiplies_price_and_rank() {
        // Ranks 2, 0, 1, 0: 30 x 3, 80 x 1, 41 x 2, 90 x 1.
        let pools = [pool(30, 0.9), pool(80, 0.1), pool(41, 0.5), pool(90, 0.1)];
        assert_eq!(order(PriceCapacityOptimized, &pools), [1, 2, 0, 3]);
        // Equal hazards: the price alone; equal prices: the order of the overrides.
        assert_eq!(order(PriceCapacityOptimized, &[pool(50, 0.2), pool(40, 0.2), pool(40, 0.2)]), [1, 2, 0]);
    }

    #[test]
    fn asg_011_a_pool_above_the_limit_has_no_rank() {
        let mut pools = [pool(2_000, 0.1), pool(30, 0.5), pool(50, 0.9)];
        assert_eq!(order(PriceCapacityOptimized, &pools), [1, 2], "30 x 1 and 50 x 2");
        pools[1].price = 60;
        assert_eq!(order(PriceCapacityOptimized, &pools), [1, 2], "60 x 1 and 50 x 2, not 60 x 2 and 50 x 3");
        assert_eq!(spot_order(PriceCapacityOptimized, &pools, Some(55), 1), [2]);
        assert_eq!(spot_order(PriceCapacityOptimized, &pools, Some(5_000), 1), [1, 2, 0]);
    }

    #[test]
    fn asg_011_capacity_optimized() {
        assert_eq!(order(CapacityOptimized, &[with_free(1, 5), with_free(9, 50), with_free(5, 50)]), [1, 2, 0]);
        let unlimited = [with_free(1, 5), pool(9, 0.9)];
        assert_eq!(order(CapacityOptimized, &unlimited), [1, 0], "not given is no limit");
        assert_eq!(order(CapacityOptimized, &[pool(1, 0.3), pool(2, 0.1), pool(3, 0.1)]), [1, 2, 0]);
    }

    #[test]
    fn asg_011_capacity_optimized_prioritized() {
        let pools = [with_free(1, 3), with_free(2, 20), with_free(3, 90), with_free(4, 5)];
        assert_eq!(spot_order(CapacityOptimizedPrioritized, &pools, None, 10), [1, 2, 3, 0]);
        assert_eq!(spot_order(CapacityOptimizedPrioritized, &pools, None, 1), [0, 1, 2, 3]);
        assert_eq!(order(CapacityOptimizedPrioritized, &[pool(1, 0.3), pool(2, 0.1), pool(3, 0.1)]), [1, 2, 0]);
    }

    #[test]
    fn asg_011_lowest_price_spreads_over_the_cheapest_pools() {
        let mut pools = [pool(30, 0.0), pool(10, 0.0), pool(20, 0.0), pool(15, 0.0)];
        let mut counts = [0; 4];
        for _ in 0..9 {
            let first = order(LowestPrice { pools: 3 }, &pools)[0];
            pools[first].running += 1;
            counts[first] += 1;
        }
        assert_eq!(counts, [0, 3, 3, 3]);
        assert_eq!(order(SpotStrategy::default(), &[pool(3, 0.0), pool(2, 0.0), pool(1, 0.0)]), [2, 1, 0]);
        assert_eq!(order(LowestPrice { pools: 0 }, &pools)[0], 1, "a number AWS rejects does no harm");
    }

    #[test]
    fn asg_011_lowest_price_uses_more_pools_where_one_runs_dry() {
        let pools = [with_free(10, 0), with_free(20, 1), with_free(30, 9), with_free(40, 9)];
        assert_eq!(order(LowestPrice { pools: 2 }, &pools), [1, 2, 3, 0]);
    }

    #[test]
    fn asg_011_empty_pools_come_last() {
        let pools = [SpotPool { free: Some(0), ..pool(1, 0.0) }, pool(90, 0.9)];
        for strategy in
            [PriceCapacityOptimized, CapacityOptimized, CapacityOptimizedPrioritized, LowestPrice { pools: 2 }]
        {
            assert_eq!(order(strategy, &pools), [1, 0], "{strategy:?}");
        }
    }

    proptest! {
        #[test]
        fn asg_011_every_pool_within_the_limit_once(
            prices in proptest::collection::vec((1..100_u64, 0..5_u32, proptest::option::of(0..4_u64), 0..5_u64), 0..9),
            max_price in proptest::option::of(1..100_u64), which in 0..4_usize,
        ) {
            let pools: Vec<SpotPool> = prices
                .iter()
                .map(|(price, band, free, running)| SpotPool {
                    price: *price, on_demand_price: 70, hazard: f64::from(*band), free: *free, running: *running,
                })
                .collect();
            let strategy =
                [PriceCapacityOptimized, CapacityOptimized, CapacityOptimizedPrioritized, LowestPrice { pools: 2 }][which];
            let mut order = spot_order(strategy, &pools, max_price, 2);
            order.sort_unstable();
            let limit = max_price.unwrap_or(70);
            let expected: Vec<usize> = (0..pools.len()).filter(|at| pools[*at].price <= limit).collect();
            prop_assert_eq!(order, expected);
        }
    }
}
