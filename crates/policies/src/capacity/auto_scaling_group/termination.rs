//! Which instance goes when a group shrinks (ASG-013, ASG-030 to ASG-034).
//!
//! *What it does.* Takes the unprotected instances and narrows them down, step by step, until one is left; every step
//! says how many it left, and the answer names the step that decided.
//!
//! *What AWS documents.* Protection (ASG-013), the zone with the most instances first (ASG-030), the default policy
//! (ASG-031) and its variant for mixed instances (ASG-032), the other policies (ASG-033), that unreserved instances go
//! first with `reservations-then-balanced` (ASG-004). Ours: that nobody looks at the state of the container instance
//! (ASG-034), and the last tie (`billing_hour_tie`).
//!
//! *Where AWS leaves a choice.* The market is chosen before the zone, for every policy, as ASG-032 begins with it; unless
//! all instances of that market are protected. At a full hour since its launch the next billing hour of an instance is a
//! whole hour away. `OldestLaunchTemplate` and `OldestLaunchConfiguration` narrow nothing down where no instance has
//! what they look for. A policy list that ends in a tie is decided by the last tie.
//!
//! *What we left out.* Custom Lambda policies.
//!
//! *How we know it is right.* EX-A18, and a test for each policy and clause.

use core::cmp::Reverse;
use std::collections::BTreeMap;

use ecsim_kernel::SimTime;

use super::Tie;
use super::mixed::Market;

/// From what an instance was launched, the most outdated first (ASG-031).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TemplateAge {
    /// From a launch configuration, numbered in the order in which they were created.
    LaunchConfiguration(u32),
    /// From a launch template that is not the current one.
    OtherTemplate,
    /// From this version of the current launch template.
    Version(u32),
}

/// An instance of the group that is in service.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<I, Z> {
    /// Its id; the order of the ids decides the last tie, if no luck is wanted.
    pub id: I,
    /// Its zone.
    pub zone: Z,
    /// Whether it is protected from scale-in (ASG-013).
    pub protected: bool,
    /// On-demand or Spot.
    pub market: Market,
    /// When it was launched, which is when its billing hours begin.
    pub launched_at: SimTime,
    /// From what it was launched.
    pub template: TemplateAge,
    /// Where its pool stands today in the order of the allocation strategy; 0 is the best.
    pub allocation_rank: u32,
    /// Whether it runs in a Capacity Reservation.
    pub reserved: bool,
}

/// A termination policy (ASG-031 to ASG-033).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// `Default`.
    Default,
    /// `AllocationStrategy`: what the allocation strategy would launch last today.
    AllocationStrategy,
    /// `OldestLaunchTemplate`.
    OldestLaunchTemplate,
    /// `OldestLaunchConfiguration`.
    OldestLaunchConfiguration,
    /// `ClosestToNextInstanceHour`.
    ClosestToNextInstanceHour,
    /// `NewestInstance`.
    NewestInstance,
    /// `OldestInstance`.
    OldestInstance,
}

/// What the group says about its terminations.
#[derive(Clone, Copy, Debug)]
pub struct Terminations<'a> {
    /// Its policies, in order; none is `Default`.
    pub policies: &'a [Policy],
    /// With mixed instances, the market that shall lose one: [`super::mixed::InstancesDistribution::next_termination`].
    pub mixed: Option<Market>,
    /// Whether unreserved instances go first (`reservations-then-balanced`).
    pub unreserved_first: bool,
}

/// By what the instances were narrowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All but protected instances.
    Unprotected,
    /// The market that has too many (ASG-032).
    Market,
    /// Not in a Capacity Reservation (ASG-004).
    Unreserved,
    /// In the zones with the most instances (ASG-030).
    Zone,
    /// The least aligned with the allocation strategy.
    AllocationStrategy,
    /// The most outdated configuration.
    Outdated,
    /// The oldest launch configuration.
    OldestLaunchConfiguration,
    /// The closest to its next billing hour.
    BillingHour,
    /// The newest.
    NewestInstance,
    /// The oldest.
    OldestInstance,
    /// By chance, or by the order of the ids.
    Tie,
}

/// The instance that goes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim {
    /// Its place among the candidates.
    pub index: usize,
    /// The step that left it alone.
    pub decided_by: Step,
    /// Every step taken, with how many instances it left.
    pub trail: Vec<(Step, usize)>,
}

/// The instance that goes next; `None` if all are protected, and then the group waits (CAS-030).
///
/// `candidates` are all instances in service, the protected ones too: they count for the balance of the zones.
#[must_use]
pub fn choose<I: Ord + Copy, Z: Ord + Copy>(
    candidates: &[Candidate<I, Z>],
    group: Terminations<'_>,
    now: SimTime,
    tie: &mut Tie<'_>,
) -> Option<Victim> {
    let mut left = Left { candidates, places: (0..candidates.len()).collect(), trail: Vec::new() };
    left.keep(Step::Unprotected, |it| !it.protected);
    if left.places.is_empty() {
        return None;
    }
    if let Some(market) = group.mixed {
        left.prefer(Step::Market, |it| it.market == market);
    }
    if group.unreserved_first {
        left.prefer(Step::Unreserved, |it| !it.reserved);
    }
    let mut instances_in = BTreeMap::new();
    for candidate in candidates {
        *instances_in.entry(candidate.zone).or_insert(0_u32) += 1;
    }
    left.least(Step::Zone, |it| Reverse(instances_in.get(&it.zone).copied()));
    let policies = if group.policies.is_empty() { &[Policy::Default] } else { group.policies };
    for policy in policies {
        left.apply(*policy, group.mixed.is_some(), now);
    }
    Some(left.last(tie))
}

/// How long it is until the instance's next billing hour begins, in milliseconds: 1 to 3,600,000.
#[must_use]
pub fn until_next_billing_hour(launched_at: SimTime, now: SimTime) -> u64 {
    const HOUR: u64 = 3_600_000;
    HOUR - now.since(launched_at).ms() % HOUR
}

/// The instances that are left.
struct Left<'a, I, Z> {
    candidates: &'a [Candidate<I, Z>],
    places: Vec<usize>,
    trail: Vec<(Step, usize)>,
}

impl<I: Ord + Copy, Z> Left<'_, I, Z> {
    fn apply(&mut self, policy: Policy, is_mixed: bool, now: SimTime) {
        match policy {
            Policy::Default => {
                if is_mixed {
                    self.apply(Policy::AllocationStrategy, is_mixed, now);
                }
                self.least(Step::Outdated, |it| it.template);
                self.apply(Policy::ClosestToNextInstanceHour, is_mixed, now);
            }
            Policy::AllocationStrategy => {
                self.least(Step::AllocationStrategy, |it| Reverse(it.allocation_rank));
            }
            Policy::OldestLaunchTemplate => self.least(Step::Outdated, |it| it.template),
            Policy::OldestLaunchConfiguration => {
                self.least(Step::OldestLaunchConfiguration, |it| match it.template {
                    TemplateAge::LaunchConfiguration(number) => u64::from(number),
                    TemplateAge::OtherTemplate | TemplateAge::Version(_) => u64::MAX,
                });
            }
            Policy::ClosestToNextInstanceHour => {
                self.least(Step::BillingHour, |it| until_next_billing_hour(it.launched_at, now));
            }
            Policy::NewestInstance => self.least(Step::NewestInstance, |it| Reverse(it.launched_at)),
            Policy::OldestInstance => self.least(Step::OldestInstance, |it| it.launched_at),
        }
    }

    /// Keeps those for which `holds`, be there any or none.
    fn keep(&mut self, step: Step, holds: impl Fn(&Candidate<I, Z>) -> bool) {
        self.places.retain(|at| holds(&self.candidates[*at]));
        self.trail.push((step, self.places.len()));
    }

    /// Keeps those for which `holds`, unless there are none.
    fn prefer(&mut self, step: Step, holds: impl Fn(&Candidate<I, Z>) -> bool) {
        if self.places.iter().any(|at| holds(&self.candidates[*at])) {
            self.keep(step, holds);
        }
    }

    /// Keeps those with the least key.
    fn least<K: Ord>(&mut self, step: Step, key: impl Fn(&Candidate<I, Z>) -> K) {
        if self.places.len() <= 1 {
            return;
        }
        let keys: Vec<K> = self.places.iter().map(|at| key(&self.candidates[*at])).collect();
        if let Some(least) = keys.iter().min() {
            let mut keys_of_places = keys.iter();
            self.places.retain(|_| keys_of_places.next() == Some(least));
        }
        self.trail.push((step, self.places.len()));
    }

    /// The one that is left, or is taken from those that are; there must be one.
    fn last(mut self, tie: &mut Tie<'_>) -> Victim {
        self.places.sort_unstable_by_key(|at| self.candidates[*at].id);
        let index = match tie {
            Tie::Random(stream) if self.places.len() > 1 => {
                self.places[stream.below(self.places.len() as u64) as usize]
            }
            Tie::Order | Tie::Random(_) => self.places[0],
        };
        if self.places.len() > 1 {
            self.trail.push((Step::Tie, 1));
        }
        let decided_by = self.trail.iter().find(|(_, count)| *count == 1).map_or(Step::Tie, |(step, _)| *step);
        Victim { index, decided_by, trail: self.trail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsim_kernel::{Key, Purpose, Streams};
    use proptest::prelude::*;

    type Instance = Candidate<u32, char>;

    /// An instance launched at that minute of the day, from that version of the current template.
    fn instance(id: u32, zone: char, minute: u64, version: u32) -> Instance {
        Candidate {
            id,
            zone,
            protected: false,
            market: Market::OnDemand,
            launched_at: SimTime::from_ms(minute * 60_000),
            template: TemplateAge::Version(version),
            allocation_rank: 0,
            reserved: false,
        }
    }

    const TEN: SimTime = SimTime::from_ms(10 * 3_600_000);
    const PLAIN: Terminations<'static> = Terminations { policies: &[], mixed: None, unreserved_first: false };

    fn victim(candidates: &[Instance], group: Terminations<'_>) -> (u32, Step) {
        let victim = choose(candidates, group, TEN, &mut Tie::Order).unwrap();
        (candidates[victim.index].id, victim.decided_by)
    }

    fn with(policies: &[Policy]) -> Terminations<'_> {
        Terminations { policies, ..PLAIN }
    }

    // proves: ASG-030, ASG-031
    #[test]
    fn ex_a18_default_policy() {
        let clock = |hour: u64, minute: u64| hour * 60 + minute;
        let mut all = vec![
            instance(1, 'a', clock(8, 5), 3),
            instance(2, 'a', clock(9, 40), 2),
            Candidate { protected: true, ..instance(3, 'a', clock(7, 55), 3) },
            instance(4, 'a', clock(6, 10), 2),
        ];
        all.extend((5..11).map(|id| instance(id, if id < 8 { 'b' } else { 'c' }, clock(5, 1), 3)));
        let first = choose(&all, PLAIN, TEN, &mut Tie::Order).unwrap();
        assert_eq!(all[first.index].id, 4);
        assert_eq!(first.trail, [(Step::Unprotected, 9), (Step::Zone, 3), (Step::Outdated, 2), (Step::BillingHour, 1)]);
        assert_eq!(first.decided_by, Step::BillingHour);
        all.remove(first.index);
        assert_eq!(victim(&all, PLAIN), (2, Step::Outdated));
    }

    #[test]
    fn asg_013_protected_instances_stay() {
        let mut all = [instance(1, 'a', 0, 1), instance(2, 'a', 0, 2)];
        all[0].protected = true;
        assert_eq!(victim(&all, PLAIN), (2, Step::Unprotected));
        all[1].protected = true;
        assert_eq!(choose(&all, PLAIN, TEN, &mut Tie::Order), None);
        assert_eq!(choose::<u32, char>(&[], PLAIN, TEN, &mut Tie::Order), None);
    }

    #[test]
    fn asg_030_zone_first_for_every_policy() {
        let mut all = vec![
            instance(1, 'a', 100, 1),
            instance(2, 'b', 300, 1),
            instance(3, 'b', 200, 1),
            Candidate { protected: true, ..instance(4, 'c', 50, 1) },
            Candidate { protected: true, ..instance(5, 'c', 50, 1) },
            Candidate { protected: true, ..instance(6, 'c', 50, 1) },
        ];
        assert_eq!(victim(&all, with(&[Policy::OldestInstance])), (3, Step::OldestInstance), "c has none to give");
        all.push(instance(7, 'a', 400, 1));
        assert_eq!(victim(&all, with(&[Policy::OldestInstance])), (1, Step::OldestInstance), "a and b together");
        all[3].protected = false;
        assert_eq!(victim(&all, with(&[Policy::NewestInstance])), (4, Step::Zone), "protected ones count for balance");
    }

    #[test]
    fn asg_031_outdated_configurations_in_order() {
        let mut all = [3, 2, 1].map(|version| instance(version, 'a', 0, version)).to_vec();
        assert_eq!(victim(&all, PLAIN), (1, Step::Outdated));
        all.push(Candidate { template: TemplateAge::OtherTemplate, ..instance(4, 'a', 0, 9) });
        assert_eq!(victim(&all, PLAIN), (4, Step::Outdated));
        all.push(Candidate { template: TemplateAge::LaunchConfiguration(7), ..instance(5, 'a', 0, 9) });
        all.push(Candidate { template: TemplateAge::LaunchConfiguration(6), ..instance(6, 'a', 0, 9) });
        assert_eq!(victim(&all, PLAIN), (6, Step::Outdated));
    }

    #[test]
    fn asg_031_billing_hours_in_milliseconds() {
        assert_eq!(until_next_billing_hour(SimTime::ZERO, SimTime::ZERO), 3_600_000);
        assert_eq!(until_next_billing_hour(SimTime::ZERO, SimTime::from_ms(3_599_999)), 1);
        assert_eq!(until_next_billing_hour(SimTime::ZERO, SimTime::from_ms(3_600_000)), 3_600_000);
        assert_eq!(until_next_billing_hour(SimTime::from_ms(22_200_000), TEN), 600_000);
        let all = [instance(1, 'a', 500, 1), instance(2, 'a', 410, 1)];
        assert_eq!(victim(&all, PLAIN), (1, Step::BillingHour), "20 minutes before 50");
    }

    #[test]
    fn asg_031_the_last_tie_is_random_or_by_id() {
        let all = [5, 3, 4].map(|id| instance(id, 'a', 0, 1));
        assert_eq!(victim(&all, PLAIN), (3, Step::Tie));
        let mut counts = [0_u32; 3];
        for run in 0..3_000 {
            let mut stream = Streams::new(1, run).stream(Purpose(1), Key::new("group", 0));
            counts[choose(&all, PLAIN, TEN, &mut Tie::Random(&mut stream)).unwrap().index] += 1;
        }
        assert!(counts.iter().all(|count| count.abs_diff(1_000) < 120), "{counts:?}");
    }

    #[test]
    fn asg_032_the_market_comes_before_the_zone() {
        let spot = |id, zone| Candidate { market: Market::Spot, ..instance(id, zone, 0, 1) };
        let mut all = vec![instance(1, 'a', 0, 1), instance(2, 'a', 0, 1), spot(3, 'b'), instance(4, 'c', 0, 1)];
        let mixed = |market| Terminations { mixed: Some(market), ..PLAIN };
        assert_eq!(victim(&all, mixed(Market::Spot)), (3, Step::Market));
        assert_eq!(victim(&all, mixed(Market::OnDemand)).0, 1);
        all[2].protected = true;
        assert_eq!(victim(&all, mixed(Market::Spot)).0, 1, "a market that is all protected gives none");
    }

    #[test]
    fn asg_032_alignment_comes_before_the_configuration() {
        let all = [
            instance(1, 'a', 0, 1),
            Candidate { allocation_rank: 2, ..instance(2, 'a', 0, 5) },
            instance(3, 'a', 0, 1),
        ];
        let mixed = Terminations { mixed: Some(Market::OnDemand), ..PLAIN };
        assert_eq!(victim(&all, mixed), (2, Step::AllocationStrategy));
        assert_eq!(victim(&all, PLAIN), (1, Step::Tie), "without mixed instances there is no such step");
    }

    #[test]
    fn asg_033_each_policy() {
        let mut all = [
            instance(1, 'a', 100, 3),
            instance(2, 'a', 330, 3),
            instance(3, 'a', 200, 2),
            Candidate { allocation_rank: 4, ..instance(4, 'a', 255, 3) },
            Candidate { template: TemplateAge::LaunchConfiguration(1), ..instance(5, 'a', 310, 0) },
        ];
        assert_eq!(victim(&all, with(&[Policy::OldestInstance])), (1, Step::OldestInstance));
        assert_eq!(victim(&all, with(&[Policy::NewestInstance])), (2, Step::NewestInstance));
        assert_eq!(victim(&all, with(&[Policy::AllocationStrategy])), (4, Step::AllocationStrategy));
        assert_eq!(victim(&all, with(&[Policy::OldestLaunchConfiguration])), (5, Step::OldestLaunchConfiguration));
        assert_eq!(victim(&all, with(&[Policy::ClosestToNextInstanceHour])), (5, Step::BillingHour));
        all[4].protected = true;
        assert_eq!(victim(&all, with(&[Policy::OldestLaunchTemplate])), (3, Step::Outdated));
        assert_eq!(
            victim(&all, with(&[Policy::OldestLaunchConfiguration, Policy::NewestInstance])),
            (2, Step::NewestInstance),
            "without launch configurations the first policy says nothing"
        );
    }

    #[test]
    fn asg_033_policies_in_list_order_and_default_last() {
        let all = [instance(1, 'a', 100, 3), instance(2, 'a', 100, 2), instance(3, 'a', 200, 1)];
        assert_eq!(victim(&all, with(&[Policy::OldestInstance, Policy::Default])), (2, Step::Outdated));
        assert_eq!(victim(&all, with(&[Policy::Default, Policy::OldestInstance])), (3, Step::Outdated));
    }

    #[test]
    fn asg_004_unreserved_instances_go_first() {
        let all = [
            Candidate { reserved: true, ..instance(1, 'a', 0, 1) },
            Candidate { reserved: true, ..instance(2, 'a', 0, 1) },
            instance(3, 'b', 0, 1),
        ];
        assert_eq!(victim(&all, Terminations { unreserved_first: true, ..PLAIN }), (3, Step::Unreserved));
        assert_eq!(victim(&all, PLAIN).0, 1);
    }

    proptest! {
        /// Draining is not among the inputs at all (ASG-034); what is left to show is that the order of the candidates
        /// says nothing and that a protected one never goes.
        #[test]
        fn asg_034_only_what_is_documented_counts(
            rows in proptest::collection::vec((0..3_u32, any::<bool>(), 0..90_u64, 1..3_u32, 0..3_u32), 1..12),
            policy in 0..8_usize,
        ) {
            let mut all: Vec<Instance> = rows
                .iter()
                .zip(0_u32..)
                .map(|((zone, protected, minute, version, rank), id)| Candidate {
                    protected: *protected,
                    allocation_rank: *rank,
                    ..instance(id, ['a', 'b', 'c'][*zone as usize], *minute, *version)
                })
                .collect();
            let every = [
                Policy::Default, Policy::AllocationStrategy, Policy::OldestLaunchTemplate, Policy::OldestLaunchConfiguration,
                Policy::ClosestToNextInstanceHour, Policy::NewestInstance, Policy::OldestInstance,
            ];
            let group = with(&every[policy.min(6)..]);
            let one = choose(&all, group, TEN, &mut Tie::Order).map(|victim| all[victim.index].id);
            all.reverse();
            let other = choose(&all, group, TEN, &mut Tie::Order).map(|victim| all[victim.index].id);
            prop_assert_eq!(one, other);
            prop_assert_eq!(one.is_none(), all.iter().all(|it| it.protected));
            prop_assert!(all.iter().all(|it| Some(it.id) != one || !it.protected));
        }
    }
}
