//! Which capacity provider a task is given before anybody looks for an instance (CP-007 to CP-014, CP-020, FGT-005).
//!
//! *What it does.* Checks a strategy, says which item gets the next task, and which item loses one.
//!
//! *What AWS documents.* The fields and their bounds (CP-002, CP-007), what is rejected (CP-008, CP-010, CP-011), that the
//! base comes first and the rest goes by weight (CP-012). Ours: the rounding (CP-013), a base beside weight 0 (CP-009),
//! scale-in (CP-020). A strategy of a single item with weight 0 is accepted, as CP-008 speaks of several, and its item
//! gets every task.
//!
//! *How CP-020 is read.* It shall mirror CP-013, so that a service that grows and shrinks returns to the same split.
//! [`surplus`] therefore undoes the last [`pick`] where the tasks lie as `pick` lays them. Where they do not (tasks died
//! unevenly, the strategy changed), the largest surplus goes, measured against the weights *after* the removal, as `pick`
//! measures the deficit after the addition; equals go the later item first, as `pick` takes the earlier one first.
//!
//! *What we left out.* Whether a provider is ACTIVE and associated (CP-001): the caller knows.
//!
//! *How we know it is right.* EX-A01, EX-A02, EX-A03, EX-A04, every split AWS has published, and properties.

use core::fmt;

use ecsim_cluster::{Definitions, ProviderId, StrategyId};

use crate::settings::Settings;

/// How many items a strategy may have (CP-002).
pub const ITEMS_MAX: usize = 20;
/// The largest `base` (CP-007).
pub const BASE_MAX: u32 = 100_000;
/// The largest `weight` (CP-007).
pub const WEIGHT_MAX: u32 = 1_000;

pub use ecsim_cluster::definitions::StrategyItem;

/// Which kind of capacity provider may stand beside which (CP-010).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderFamily {
    /// Auto Scaling groups.
    AutoScalingGroup,
    /// `FARGATE` and `FARGATE_SPOT`, which mix freely.
    Fargate,
    /// ECS Managed Instances.
    ManagedInstances,
}

impl fmt::Display for ProviderFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AutoScalingGroup => "Auto Scaling groups",
            Self::Fargate => "Fargate",
            Self::ManagedInstances => "Managed Instances",
        })
    }
}

/// `zero_weight_base` (CP-009): what a base beside weight 0 means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroWeightBase {
    /// The base is filled, and then nothing more is placed there.
    #[default]
    Honour,
    /// Nothing is ever placed there.
    Ignore,
}

/// Why a strategy is rejected. Items are named by their place in the list, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrategyError {
    /// `launchType` is given too (CP-011).
    LaunchTypeToo,
    /// There are more items than [`ITEMS_MAX`] (CP-002).
    TooManyItems {
        /// How many there are.
        items: usize,
    },
    /// A provider is listed a second time.
    ProviderTwice {
        /// Where it stands first.
        first: usize,
        /// Where it stands again.
        again: usize,
    },
    /// A base above [`BASE_MAX`] (CP-007).
    BaseOutOfRange {
        /// The item.
        item: usize,
        /// Its base.
        base: u32,
    },
    /// A weight above [`WEIGHT_MAX`] (CP-007).
    WeightOutOfRange {
        /// The item.
        item: usize,
        /// Its weight.
        weight: u32,
    },
    /// Two items define a base (CP-007).
    SecondBase {
        /// The first item with a base.
        first: usize,
        /// The second.
        second: usize,
    },
    /// Several items, and all weights are 0 (CP-008).
    AllWeightsZero,
    /// Providers of different families (CP-010).
    MixedFamilies {
        /// The item that differs from the first.
        item: usize,
        /// Its family.
        family: ProviderFamily,
        /// The family of the first item.
        first: ProviderFamily,
    },
}

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LaunchTypeToo => write!(f, "a launch type and a capacity provider strategy exclude each other"),
            Self::TooManyItems { items } => {
                write!(f, "a capacity provider strategy has at most {ITEMS_MAX} items, not {items}")
            }
            Self::ProviderTwice { first, again } => {
                write!(f, "items {} and {} name the same capacity provider", first + 1, again + 1)
            }
            Self::BaseOutOfRange { item, base } => {
                write!(f, "the base of item {} must be at most {BASE_MAX}, but is {base}", item + 1)
            }
            Self::WeightOutOfRange { item, weight } => {
                write!(f, "the weight of item {} must be at most {WEIGHT_MAX}, but is {weight}", item + 1)
            }
            Self::SecondBase { first, second } => {
                write!(f, "only one item may define a base, but items {} and {} do", first + 1, second + 1)
            }
            Self::AllWeightsZero => write!(f, "at least one of several items must have a weight above 0"),
            Self::MixedFamilies { item, family, first } => {
                write!(f, "item {} belongs to {family}, but the first item to {first}", item + 1)
            }
        }
    }
}

impl core::error::Error for StrategyError {}

/// Everything that is wrong with a strategy, in the order of the items; nothing if AWS accepts it.
#[must_use]
pub fn problems<P: PartialEq>(
    items: &[StrategyItem<P>],
    has_launch_type: bool,
    family_of: impl Fn(&P) -> ProviderFamily,
) -> Vec<StrategyError> {
    let mut problems = Vec::new();
    if has_launch_type && !items.is_empty() {
        problems.push(StrategyError::LaunchTypeToo);
    }
    if items.len() > ITEMS_MAX {
        problems.push(StrategyError::TooManyItems { items: items.len() });
    }
    let mut first_base = None;
    for (at, item) in items.iter().enumerate() {
        if let Some(first) = items[..at].iter().position(|earlier| earlier.provider == item.provider) {
            problems.push(StrategyError::ProviderTwice { first, again: at });
        }
        if item.base > BASE_MAX {
            problems.push(StrategyError::BaseOutOfRange { item: at, base: item.base });
        }
        if item.weight > WEIGHT_MAX {
            problems.push(StrategyError::WeightOutOfRange { item: at, weight: item.weight });
        }
        if item.base > 0 {
            match first_base {
                None => first_base = Some(at),
                Some(first) => problems.push(StrategyError::SecondBase { first, second: at }),
            }
        }
        let (first, family) = (family_of(&items[0].provider), family_of(&item.provider));
        if family != first {
            problems.push(StrategyError::MixedFamilies { item: at, family, first });
        }
    }
    if items.len() > 1 && items.iter().all(|item| item.weight == 0) {
        problems.push(StrategyError::AllWeightsZero);
    }
    problems
}

/// Whether AWS accepts the strategy; the error is the first of [`problems`].
pub fn validate<P: PartialEq>(
    items: &[StrategyItem<P>],
    has_launch_type: bool,
    family_of: impl Fn(&P) -> ProviderFamily,
) -> Result<(), StrategyError> {
    problems(items, has_launch_type, family_of).first().copied().map_or(Ok(()), Err)
}

/// The item that gets the next task (CP-013); `None` if no item may have one, which a valid strategy never says.
///
/// `counts` are the live tasks per item, in the order of the items: of the service, or of this `RunTask` call (CP-014).
/// Missing counts are 0.
#[must_use]
pub fn pick<P>(items: &[StrategyItem<P>], counts: &[u32], zero_weight_base: ZeroWeightBase) -> Option<usize> {
    if items.len() == 1 {
        return Some(0);
    }
    let view = Counted { items, counts, zero_weight_base };
    if let Some(at) = (0..items.len()).find(|at| view.count(*at) < view.base(*at)) {
        return Some(at);
    }
    let next = view.beyond_base() + 1;
    // `max_by_key` takes the last of equals, and the first is wanted.
    (0..items.len()).rev().filter(|at| items[*at].weight > 0).max_by_key(|at| -view.surplus(*at, next))
}

/// The provider of the next task of a strategy of the cluster (CP-013): `live` counts what each provider has, in the
/// service or in this call (CP-014).
#[must_use]
pub fn of_next(
    definitions: &Definitions,
    settings: &Settings,
    strategy: StrategyId,
    live: impl Fn(ProviderId) -> u32,
) -> Option<ProviderId> {
    let items = &definitions.capacity_strategies[strategy];
    let counts: Vec<u32> = items.iter().map(|item| live(item.provider)).collect();
    pick(items, &counts, settings.capacity.zero_weight_base).map(|at| items[at].provider)
}

/// The item that loses a task first (CP-020); `None` if there is no task.
#[must_use]
pub fn surplus<P>(items: &[StrategyItem<P>], counts: &[u32], zero_weight_base: ZeroWeightBase) -> Option<usize> {
    let view = Counted { items, counts, zero_weight_base };
    if let Some(last) = last_pick(&view) {
        return Some(last);
    }
    let after = view.beyond_base() - 1;
    let above_base = (0..items.len()).filter(|at| view.over(*at) > 0).max_by_key(|at| view.surplus(*at, after));
    above_base.or_else(|| (0..items.len()).rev().find(|at| view.count(*at) > 0))
}

/// The item that got its task last, if [`pick`] alone has laid the tasks so.
fn last_pick<P>(view: &Counted<'_, P>) -> Option<usize> {
    let total: u64 = (0..view.items.len()).map(|at| u64::from(view.count(at))).sum();
    let mut counts = vec![0; view.items.len()];
    let mut last = None;
    for _ in 0..total {
        let at = pick(view.items, &counts, view.zero_weight_base)?;
        counts[at] += 1;
        // An item only ever gains: once it has too many, the splits never meet again.
        if counts[at] > view.count(at) {
            return None;
        }
        last = Some(at);
    }
    last
}

/// A strategy and how many tasks each of its items has.
struct Counted<'a, P> {
    items: &'a [StrategyItem<P>],
    counts: &'a [u32],
    zero_weight_base: ZeroWeightBase,
}

impl<P> Counted<'_, P> {
    fn count(&self, at: usize) -> u32 {
        self.counts.get(at).copied().unwrap_or(0)
    }

    fn base(&self, at: usize) -> u32 {
        let item = &self.items[at];
        if item.weight == 0 && self.zero_weight_base == ZeroWeightBase::Ignore { 0 } else { item.base }
    }

    /// Tasks beyond the base.
    fn over(&self, at: usize) -> i128 {
        i128::from(self.count(at).saturating_sub(self.base(at)))
    }

    fn beyond_base(&self) -> i128 {
        (0..self.items.len()).map(|at| self.over(at)).sum()
    }

    /// What the item has above its share of `beyond_base` tasks, times the sum of the weights; negative is a deficit.
    fn surplus(&self, at: usize, beyond_base: i128) -> i128 {
        let weights: i128 = self.items.iter().map(|item| i128::from(item.weight)).sum();
        self.over(at) * weights - i128::from(self.items[at].weight) * beyond_base
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ZeroWeightBase::{Honour, Ignore};
    use proptest::prelude::*;

    fn strategy(items: &[(u32, u32)]) -> Vec<StrategyItem<usize>> {
        items
            .iter()
            .enumerate()
            .map(|(provider, (base, weight))| StrategyItem { provider, base: *base, weight: *weight })
            .collect()
    }

    fn grow(items: &[StrategyItem<usize>], counts: &mut [u32], tasks: u32) -> Vec<usize> {
        (0..tasks)
            .map(|_| {
                let at = pick(items, counts, Honour).unwrap();
                counts[at] += 1;
                at
            })
            .collect()
    }

    fn split(items: &[(u32, u32)], tasks: u32) -> Vec<u32> {
        let mut counts = vec![0; items.len()];
        grow(&strategy(items), &mut counts, tasks);
        counts
    }

    const ASG: ProviderFamily = ProviderFamily::AutoScalingGroup;

    #[test]
    fn ex_a01_order_of_picks() {
        let items = strategy(&[(2, 1), (0, 3)]);
        let mut counts = [0, 0];
        assert_eq!(grow(&items, &mut counts, 10), [0, 0, 1, 0, 1, 1, 1, 0, 1, 1]);
        assert_eq!(counts, [4, 6]);
    }

    #[test]
    fn ex_a02_growing_keeps_what_is_there() {
        let items = strategy(&[(2, 1), (0, 3)]);
        let mut counts = [4, 6];
        grow(&items, &mut counts, 12);
        assert_eq!(counts, [7, 15]);
    }

    #[test]
    fn ex_a03_base_in_the_middle() {
        let items = strategy(&[(0, 5), (3, 3), (0, 2)]);
        let mut counts = [0, 0, 0];
        let picks = grow(&items, &mut counts, 17);
        assert_eq!(picks[..8], [1, 1, 1, 0, 1, 2, 0, 0]);
        assert_eq!(counts, [7, 7, 3]);
    }

    #[test]
    fn ex_a04_accept_or_reject() {
        use ProviderFamily::Fargate;
        assert_eq!(
            validate(&strategy(&[(1, 1), (1, 1)]), false, |_| ASG),
            Err(StrategyError::SecondBase { first: 0, second: 1 })
        );
        assert_eq!(validate(&strategy(&[(0, 0), (0, 0)]), false, |_| ASG), Err(StrategyError::AllWeightsZero));
        assert_eq!(
            validate(&strategy(&[(0, 1), (0, 1)]), false, |at| if *at == 0 { Fargate } else { ASG }),
            Err(StrategyError::MixedFamilies { item: 1, family: ASG, first: Fargate })
        );
        assert_eq!(validate(&strategy(&[(0, 1), (0, 1_000)]), false, |_| Fargate), Ok(()));
        assert_eq!(validate(&strategy(&[(0, 1); 21]), false, |_| ASG), Err(StrategyError::TooManyItems { items: 21 }));
        assert_eq!(validate(&strategy(&[(0, 1); 20]), false, |_| ASG), Ok(()));
        assert_eq!(validate(&strategy(&[(0, 1)]), true, |_| ASG), Err(StrategyError::LaunchTypeToo));
    }

    #[test]
    fn cp_007_bounds_and_doubles() {
        let mut items = strategy(&[(100_001, 1), (0, 1_001)]);
        items[1].provider = 0;
        let found = problems(&items, false, |_| ASG);
        assert_eq!(
            found,
            [
                StrategyError::BaseOutOfRange { item: 0, base: 100_001 },
                StrategyError::ProviderTwice { first: 0, again: 1 },
                StrategyError::WeightOutOfRange { item: 1, weight: 1_001 },
            ]
        );
        assert_eq!(found[1].to_string(), "items 1 and 2 name the same capacity provider");
        assert_eq!(problems(&strategy(&[(100_000, 1_000), (0, 0)]), false, |_| ASG), []);
        assert_eq!(problems(&strategy(&[]), true, |_| ASG), []);
    }

    #[test]
    fn cp_008_one_item_of_weight_zero_takes_every_task() {
        assert_eq!(validate(&strategy(&[(0, 0)]), false, |_| ASG), Ok(()));
        assert_eq!(split(&[(0, 0)], 5), [5]);
        assert_eq!(pick(&strategy(&[(3, 0)]), &[7], Ignore), Some(0));
    }

    #[test]
    fn cp_009_base_beside_weight_zero() {
        let items = strategy(&[(2, 0), (0, 1)]);
        let mut counts = [0, 0];
        assert_eq!(grow(&items, &mut counts, 5), [0, 0, 1, 1, 1]);
        assert_eq!(pick(&items, &[0, 0], Ignore), Some(1));
        assert_eq!(pick(&items, &[0, 9], Ignore), Some(1));
        assert_eq!(surplus(&items, &[2, 1], Honour), Some(1));
        assert_eq!(surplus(&items, &[2, 1], Ignore), Some(0), "what should not be there goes first");
    }

    #[test]
    fn cp_010_three_families() {
        let family = |at: &usize| [ASG, ProviderFamily::ManagedInstances, ProviderFamily::Fargate][*at];
        let found = problems(&strategy(&[(0, 1), (0, 1), (0, 1)]), false, family);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0].to_string(),
            "item 2 belongs to Managed Instances, but the first item to Auto Scaling groups"
        );
    }

    // proves: CP-012
    #[test]
    fn cp_013_every_published_split() {
        for (items, tasks, expected) in [
            ([(2, 1), (0, 3)], 10, [4, 6]),
            ([(2, 1), (0, 3)], 22, [7, 15]),
            ([(1, 1), (0, 4)], 40, [9, 31]),
            ([(1, 1), (0, 4)], 10, [3, 7]),
            ([(0, 3), (0, 1)], 4, [3, 1]),
        ] {
            assert_eq!(split(&items, tasks), expected, "{items:?}, {tasks} tasks");
        }
        assert_eq!(pick(&strategy(&[]), &[], Honour), None);
    }

    #[test]
    fn cp_014_a_call_within_the_base_is_all_base() {
        assert_eq!(split(&[(0, 9), (10, 1)], 10), [0, 10]);
        assert_eq!(split(&[(0, 9), (10, 1)], 11), [1, 10]);
    }

    #[test]
    fn fgt_005_fargate_base_then_weights() {
        assert_eq!(split(&[(1, 1), (0, 3)], 9), [3, 6]);
    }

    #[test]
    fn cp_020_base_tasks_go_last() {
        let items = strategy(&[(0, 1), (3, 1)]);
        let mut counts = [4, 7];
        let mut order = Vec::new();
        while let Some(at) = surplus(&items, &counts, Honour) {
            counts[at] -= 1;
            order.push(at);
        }
        assert_eq!(order, [1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1]);
        assert_eq!(surplus(&items, &[0, 0], Honour), None);
        assert_eq!(surplus(&items, &[], Honour), None);
    }

    #[test]
    fn cp_020_an_uneven_split_loses_where_there_is_most() {
        let items = strategy(&[(0, 1), (0, 3)]);
        assert_eq!(surplus(&items, &[5, 5], Honour), Some(0));
        assert_eq!(surplus(&items, &[1, 9], Honour), Some(1));
        assert_eq!(surplus(&items, &[0, 2], Honour), Some(1));
        let based = strategy(&[(4, 1), (0, 1)]);
        assert_eq!(surplus(&based, &[4, 1], Honour), Some(1), "the base is spared");
        assert_eq!(surplus(&based, &[2, 1], Honour), Some(1), "even while it is not full");
    }

    fn any_strategy() -> impl Strategy<Value = Vec<(u32, u32)>> {
        let weight = prop_oneof![0..4_u32, 0..11_u32, 0..1_001_u32];
        (proptest::collection::vec(weight, 1..8), 0..8_usize, prop_oneof![Just(0), 0..30_u32], 1..1_001_u32).prop_map(
            |(weights, holder, base, last)| {
                let mut items: Vec<(u32, u32)> = weights.into_iter().map(|weight| (0, weight)).collect();
                items.push((0, last));
                let holder = holder % items.len();
                items[holder].0 = base;
                items
            },
        )
    }

    proptest! {
        #[test]
        fn cp_020_shrinking_returns_the_way_it_came(items in any_strategy(), tasks in 0..150_u32) {
            let items = strategy(&items);
            let mut counts = vec![0; items.len()];
            let picks = grow(&items, &mut counts, tasks);
            for picked in picks.into_iter().rev() {
                prop_assert_eq!(surplus(&items, &counts, Honour), Some(picked));
                counts[picked] -= 1;
            }
            prop_assert_eq!(surplus(&items, &counts, Honour), None);
        }

        /// With two items the measure alone is the mirror, so there nothing depends on how the tasks came to be.
        #[test]
        fn cp_020_two_items_need_no_memory(
            weights in [1..1_001_u32, 1..1_001_u32], base in 0..20_u32, tasks in 1..150_u32,
        ) {
            let items = strategy(&[(base, weights[0]), (0, weights[1])]);
            let mut counts = [0, 0];
            let last = *grow(&items, &mut counts, tasks).last().unwrap();
            let view = Counted { items: &items, counts: &counts, zero_weight_base: Honour };
            let after = view.beyond_base() - 1;
            let measured = (0..2).filter(|at| view.over(*at) > 0).max_by_key(|at| view.surplus(*at, after));
            prop_assert_eq!(measured.unwrap_or(0), last);
        }

        #[test]
        fn cp_012_shares_follow_the_weights(items in any_strategy(), tasks in 0..400_u32) {
            let base: u32 = items.iter().map(|item| item.0).sum();
            let weights: u32 = items.iter().map(|item| item.1).sum();
            let counts = split(&items, tasks);
            prop_assert_eq!(counts.iter().sum::<u32>(), tasks);
            let beyond = f64::from(tasks.saturating_sub(base));
            for ((item_base, weight), count) in items.iter().zip(counts) {
                prop_assert!(count >= (*item_base).min(tasks));
                let share = beyond * f64::from(*weight) / f64::from(weights);
                let over = f64::from(count.saturating_sub(*item_base));
                prop_assert!(over < share + 1.0, "{} of a share of {}", over, share);
                // Being the neediest of eight can be put off, but never by as much as a task for each of the others.
                prop_assert!(over > share - items.len() as f64, "{} of a share of {}", over, share);
            }
        }

        #[test]
        fn cp_020_any_counts_can_be_emptied(items in any_strategy(), counts in proptest::collection::vec(0..20_u32, 8)) {
            let items = strategy(&items);
            let mut counts = counts[..items.len().min(8)].to_vec();
            let tasks: u32 = counts.iter().sum();
            for _ in 0..tasks {
                let at = surplus(&items, &counts, Honour).unwrap();
                prop_assert!(counts[at] > 0);
                let above_base = |at: usize| counts.get(at).is_some_and(|count| *count > items[at].base);
                prop_assert!(above_base(at) || !(0..items.len()).any(above_base));
                counts[at] -= 1;
            }
            prop_assert_eq!(surplus(&items, &counts, Honour), None);
        }
    }
}
