//! The bill: lines, what contracts take off them, and the sum read in several ways that always agree.
//!
//! **What it does.** A [`Line`] is one resource's charge of one kind, at list price and rounded once. [`Bill::of`] takes
//! the discounts off line by line, shares every line out to the task groups behind it, and adds up by resource, by
//! capacity provider, by task group and by kind of charge. All four sums and what belongs to nobody (idle capacity, lost
//! commitment) agree to the last digit, because nothing is rounded after the lines: a discount on many lines is itself
//! shared out by largest remainder.
//!
//! **What we left out.** What a Savings Plan saves is spread over all lines it may cover in proportion to their amounts
//! over the run, not hour by hour and not the best discount first.

use std::collections::BTreeMap;

use super::discounts::ReservedCoverage;
use super::money::{Fraction, Money};
use super::savings_plan::SettledPlan;

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Charge {
    /// An EC2 instance on demand.
    OnDemand,
    /// An EC2 Spot instance.
    Spot,
    /// vCPU and memory of a Fargate task.
    Fargate,
    /// vCPU and memory of a Fargate Spot task.
    FargateSpot,
    /// Ephemeral storage of a Fargate task.
    FargateStorage,
    /// An EBS volume.
    Volume,
    /// Anything else (BIL-012).
    Other,
}

impl Charge {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::OnDemand, Self::Spot, Self::Fargate, Self::FargateSpot, Self::FargateStorage, Self::Volume, Self::Other];

    /// A name for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "EC2 on demand",
            Self::Spot => "EC2 Spot",
            Self::Fargate => "Fargate",
            Self::FargateSpot => "Fargate Spot",
            Self::FargateStorage => "Fargate storage",
            Self::Volume => "EBS",
            Self::Other => "other",
        }
    }

    /// Whether a Compute Savings Plan covers it (BIL-004).
    #[must_use]
    pub const fn in_savings_plan(self) -> bool {
        matches!(self, Self::OnDemand | Self::Fargate)
    }
}

/// Who a line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Split<G> {
    /// One task group: a Fargate task, a task's volume.
    Whole(G),
    /// Several, by weight; see [`super::share::Meter::split`].
    Shared {
        /// The groups and their weights; each group once.
        groups: Vec<(G, u128)>,
        /// The weight of what nobody used.
        idle: u128,
    },
    /// Nobody.
    Idle,
}

/// A line of the bill: `R` names a resource (an instance, a task), `P` a capacity provider, `G` a task group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<R, P, G> {
    /// What is paid for.
    pub resource: R,
    /// The capacity provider it belongs to, or whatever stands for none.
    pub provider: P,
    /// What the line is for.
    pub charge: Charge,
    /// The amount at list price.
    pub list: Money,
    /// What reservations took off.
    pub reserved_saving: Money,
    /// The part of the amount that a Savings Plan may cover: this is what [`super::savings_plan::HourlyUse`] has to be
    /// told.
    pub plan_eligible: Money,
    /// Who it is for.
    pub split: Split<G>,
}

impl<R, P, G> Line<R, P, G> {
    /// A line at list price. `reserved` counts for instances on demand only.
    #[must_use]
    pub fn new(
        resource: R,
        provider: P,
        charge: Charge,
        list: Money,
        reserved: Option<&ReservedCoverage>,
        split: Split<G>,
    ) -> Self {
        let reserved = reserved.filter(|_| charge == Charge::OnDemand);
        let covered = reserved.map_or(Money::ZERO, |reserved| reserved.covered(list));
        let reserved_saving = reserved.map_or(Money::ZERO, |reserved| reserved.saving(list));
        let plan_eligible = if charge.in_savings_plan() { list - covered } else { Money::ZERO };
        Self { resource, provider, charge, list, reserved_saving, plan_eligible, split }
    }
}

/// What was taken off, by contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Savings {
    /// By reservations.
    pub reserved: Money,
    /// By the Savings Plan, its lost commitment not counted.
    pub savings_plan: Money,
    /// By the discount on everything.
    ///
    /// What it took off the lost commitment is not in here: see [`Bill::unused_commitment`].
    pub overall: Money,
}

/// A bill that is added up. Every map holds what is to be paid, after all discounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill<R, P, G> {
    /// What is to be paid in all.
    pub total: Money,
    /// What the lines would cost at list price.
    pub list: Money,
    /// What was taken off the lines: `total == list - savings + unused_commitment`.
    pub savings: Savings,
    /// Commitment of the Savings Plan that was lost, as it is paid after the discount on everything. It belongs to no
    /// resource, provider or group, so that it is missing in all the maps.
    pub unused_commitment: Money,
    /// By instance or Fargate task.
    pub by_resource: BTreeMap<R, Money>,
    /// By capacity provider.
    pub by_provider: BTreeMap<P, Money>,
    /// By service or other task group.
    pub by_group: BTreeMap<G, Money>,
    /// What no group used.
    pub idle: Money,
    /// By kind of charge.
    pub by_charge: BTreeMap<Charge, Money>,
}

impl<R: Clone + Ord, P: Clone + Ord, G: Clone + Ord> Bill<R, P, G> {
    /// Adds up the lines. `plan` is the settled Savings Plan over the eligible parts of these lines, `overall` the
    /// discount on everything.
    #[must_use]
    pub fn of(lines: &[Line<R, P, G>], plan: Option<&SettledPlan>, overall: Fraction) -> Self {
        let eligible: Vec<u128> = lines.iter().map(|line| line.plan_eligible.picos().max(0).unsigned_abs()).collect();
        // The hours of a plan are rounded by themselves, so that its saving may exceed the lines by a few picos.
        let most: Money = lines.iter().map(|line| line.plan_eligible).sum();
        let saving = plan.map_or(Money::ZERO, |plan| plan.saving.min(most).max(Money::ZERO));
        let plan_savings = saving.share_out(&eligible);
        let lost = plan.map_or(Money::ZERO, |plan| plan.unused);
        let lost = lost - overall.of(lost);

        let mut bill = Self {
            total: lost,
            list: Money::ZERO,
            savings: Savings::default(),
            unused_commitment: lost,
            by_resource: BTreeMap::new(),
            by_provider: BTreeMap::new(),
            by_group: BTreeMap::new(),
            idle: Money::ZERO,
            by_charge: BTreeMap::new(),
        };
        for (line, plan_saving) in lines.iter().zip(plan_savings) {
            bill.add(line, plan_saving, overall);
        }
        bill
    }

    fn add(&mut self, line: &Line<R, P, G>, plan_saving: Money, overall: Fraction) {
        let before = line.list - line.reserved_saving - plan_saving;
        let overall_saving = overall.of(before);
        let amount = before - overall_saving;
        self.list += line.list;
        self.savings.reserved += line.reserved_saving;
        self.savings.savings_plan += plan_saving;
        self.savings.overall += overall_saving;
        self.total += amount;
        *self.by_resource.entry(line.resource.clone()).or_default() += amount;
        *self.by_provider.entry(line.provider.clone()).or_default() += amount;
        *self.by_charge.entry(line.charge).or_default() += amount;
        match &line.split {
            Split::Idle => self.idle += amount,
            Split::Whole(group) => *self.by_group.entry(group.clone()).or_default() += amount,
            Split::Shared { groups, idle } => {
                // Idleness comes first: where there is no weight at all, it pays.
                let weights: Vec<u128> = core::iter::once(*idle).chain(groups.iter().map(|group| group.1)).collect();
                let parts = amount.share_out(&weights);
                self.idle += parts[0];
                for ((group, _), part) in groups.iter().zip(&parts[1..]) {
                    *self.by_group.entry(group.clone()).or_default() += *part;
                }
            }
        }
    }

    /// Whether every way to read the bill gives its total, and so do list price and discounts.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let rest = self.total - self.unused_commitment;
        let savings = self.savings.reserved + self.savings.savings_plan + self.savings.overall;
        self.by_resource.values().sum::<Money>() == rest
            && self.by_provider.values().sum::<Money>() == rest
            && self.by_group.values().sum::<Money>() + self.idle == rest
            && self.by_charge.values().sum::<Money>() == rest
            && self.list - savings == rest
    }
}

#[cfg(test)]
mod tests {
    use ecsim_cluster::resources::Resources;
    use ecsim_kernel::{SimTime, Span};
    use proptest::prelude::*;

    use super::super::ec2::{InstanceUse, OperatingSystem};
    use super::super::fargate::TaskUse;
    use super::super::money::HourlyRate;
    use super::super::rates::{BillingSettings, FargateRates, Purchase};
    use super::super::savings_plan::{HourlyUse, SavingsPlan};
    use super::super::share::Meter;
    use super::super::steps::PriceSteps;
    use super::*;
    use ecsim_cluster::definitions::FargatePlatform;

    type TestLine = Line<&'static str, &'static str, &'static str>;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    fn line(resource: &'static str, charge: Charge, list: &str, split: Split<&'static str>) -> TestLine {
        Line::new(resource, if charge == Charge::Spot { "spot" } else { "on-demand" }, charge, money(list), None, split)
    }

    #[test]
    fn a_bill_is_read_in_four_ways() {
        let shared = Split::Shared { groups: vec![("web", 1), ("batch", 1)], idle: 1 };
        let lines = [
            line("i-1", Charge::OnDemand, "1", shared.clone()),
            line("i-2", Charge::Spot, "0.5", shared),
            line("i-2", Charge::Volume, "0.25", Split::Idle),
            line("t-1", Charge::Fargate, "0.125", Split::Whole("web")),
        ];
        let bill = Bill::of(&lines, None, Fraction::ZERO);
        assert!(bill.adds_up());
        assert_eq!((bill.total, bill.list, bill.savings), (money("1.875"), money("1.875"), Savings::default()));
        assert_eq!(bill.by_resource["i-2"], money("0.75"));
        assert_eq!((bill.by_provider["spot"], bill.by_provider["on-demand"]), (money("0.5"), money("1.375")));
        assert_eq!(
            format!("{:.4} {:.4} {:.4}", bill.by_group["web"], bill.by_group["batch"], bill.idle),
            "0.6250 0.5000 0.7500"
        );
        assert_eq!((bill.by_charge[&Charge::Volume], bill.by_charge.len()), (money("0.25"), 4));
    }

    #[test]
    fn bil_012_an_amount_from_elsewhere_is_one_more_line() {
        let of = |more: Option<TestLine>| {
            let lines: Vec<TestLine> =
                more.into_iter().chain([line("i-1", Charge::OnDemand, "1", Split::Whole("web"))]).collect();
            Bill::of(&lines, None, Fraction::from_percent(10))
        };
        let plain = of(None);
        assert!(!plain.by_charge.contains_key(&Charge::Other), "nothing else is billed by itself");
        let bill = of(Some(line("nat", Charge::Other, "0.5", Split::Whole("web"))));
        assert!(bill.adds_up());
        assert_eq!((bill.list, bill.total), (money("1.5"), money("1.35")));
        assert_eq!((bill.by_charge[&Charge::Other], bill.by_group["web"]), (money("0.45"), money("1.35")));
    }

    #[test]
    fn bil_004_a_plan_makes_on_demand_and_fargate_cheaper_and_nothing_else() {
        let lines = [
            line("i-1", Charge::OnDemand, "3", Split::Whole("web")),
            line("t-1", Charge::Fargate, "1", Split::Whole("web")),
            line("i-2", Charge::Spot, "1", Split::Whole("batch")),
            line("t-2", Charge::FargateSpot, "1", Split::Whole("batch")),
            line("t-1", Charge::FargateStorage, "1", Split::Whole("web")),
        ];
        let mut used = HourlyUse::new(0);
        let hour = Span::from_hours(1);
        for line in &lines {
            used.add(SimTime::ZERO, hour, line.plan_eligible);
        }
        let plan = SavingsPlan { commitment: money("1.5"), discount: Fraction::from_percent(50) };
        // 1.50 pay for 3 of the 4 on demand.
        let bill = Bill::of(&lines, Some(&used.settle(&plan, hour)), Fraction::ZERO);
        assert!(bill.adds_up());
        assert_eq!((bill.total, bill.savings.savings_plan), (money("5.5"), money("1.5")));
        assert_eq!((bill.by_resource["i-1"], bill.by_resource["t-1"]), (money("1.875"), money("1.625")));
        assert_eq!(bill.by_group["batch"], money("2"));
    }

    #[test]
    fn bil_004_lost_commitment_is_on_the_bill_but_nobodys() {
        let lines = [line("i-1", Charge::OnDemand, "1", Split::Idle)];
        let settled = SettledPlan { hours: Vec::new(), saving: money("0.5"), unused: money("0.2") };
        let bill = Bill::of(&lines, Some(&settled), Fraction::from_percent(10));
        assert!(bill.adds_up());
        assert_eq!((bill.total, bill.unused_commitment, bill.idle), (money("0.63"), money("0.18"), money("0.45")));
    }

    #[test]
    fn discounts_come_off_in_order_and_a_reservation_leaves_less_to_the_plan() {
        let reserved = ReservedCoverage {
            family: "m5".to_owned(),
            coverage: Fraction::from_percent(50),
            discount: Fraction::from_percent(40),
        };
        let of = |charge| Line::new("i-1", "p", charge, money("10"), Some(&reserved), Split::Whole("web"));
        let on_demand = of(Charge::OnDemand);
        assert_eq!((on_demand.reserved_saving, on_demand.plan_eligible), (money("2"), money("5")));
        let spot = of(Charge::Spot);
        assert_eq!((spot.reserved_saving, spot.plan_eligible), (Money::ZERO, Money::ZERO));
        let settled = SettledPlan { hours: Vec::new(), saving: money("1"), unused: Money::ZERO };
        let bill = Bill::of(&[on_demand], Some(&settled), Fraction::from_percent(10));
        assert!(bill.adds_up());
        let savings = Savings { reserved: money("2"), savings_plan: money("1"), overall: money("0.7") };
        assert_eq!((bill.total, bill.savings), (money("6.3"), savings));
    }

    #[test]
    fn without_any_weight_idleness_pays() {
        let lines = [line("i-1", Charge::OnDemand, "1", Split::Shared { groups: vec![("web", 0)], idle: 0 })];
        assert_eq!(Bill::of(&lines, None, Fraction::ZERO).idle, money("1"));
    }

    #[test]
    fn adds_up_notices_a_missing_pico() {
        let lines = [line("i-1", Charge::OnDemand, "1", Split::Whole("web"))];
        let bill = Bill::of(&lines, None, Fraction::ZERO);
        let pico = Money::from_picos(1);
        let spoilt = |spoil: fn(&mut Bill<&str, &str, &str>, Money)| {
            let mut bill = bill.clone();
            spoil(&mut bill, pico);
            bill.adds_up()
        };
        assert!(bill.adds_up());
        assert!(!spoilt(|bill, pico| bill.idle += pico));
        assert!(!spoilt(|bill, pico| bill.total += pico));
        assert!(!spoilt(|bill, pico| bill.savings.overall += pico));
        assert!(!spoilt(|bill, pico| *bill.by_provider.get_mut("on-demand").unwrap() -= pico));
        assert!(!spoilt(|bill, pico| *bill.by_resource.get_mut("i-1").unwrap() -= pico));
        assert!(!spoilt(|bill, pico| *bill.by_charge.get_mut(&Charge::OnDemand).unwrap() -= pico));
    }

    /// A random instance: type of purchase, launch, lifetime, price, and tasks of four groups that come and go.
    type Life = (bool, u64, u64, u64, Vec<(u8, u32, u32, u64, u64)>);

    fn lives() -> impl Strategy<Value = Vec<Life>> {
        let tasks =
            prop::collection::vec((0..4_u8, 0..3000_u32, 0..9000_u32, 0..9_000_000_u64, 0..9_000_000_u64), 0..8);
        prop::collection::vec((any::<bool>(), 0..20_000_000_u64, 0..20_000_000_u64, 1..9_999_999_999_u64, tasks), 0..8)
    }

    /// A random Fargate task: group, Spot, quarters of a vCPU, halves of a GB, storage, start, lifetime.
    type FargateTask = (u8, bool, u32, u32, u32, u64, u64);

    fn fargate_tasks() -> impl Strategy<Value = Vec<FargateTask>> {
        let task = (0..4_u8, any::<bool>(), 1..40_u32, 1..80_u32, 20..200_u32, 0..9_000_000_u64, 0..9_000_000_u64);
        prop::collection::vec(task, 0..8)
    }

    /// Any fraction, in millionths.
    fn part() -> impl Strategy<Value = u32> {
        0..=1_000_000_u32
    }

    proptest! {
        #[test]
        fn every_random_run_adds_up_to_the_last_unit(
            instances in lives(),
            tasks in fargate_tasks(),
            contracts in (0..10_i128.pow(13), part(), part(), part(), part()),
        ) {
            let fraction = |millionths| Fraction::from_millionths(millionths).unwrap();
            let settings = BillingSettings::default();
            let (commitment, discount, coverage, reserved, overall) = contracts;
            let reserved = ReservedCoverage {
                family: "m5".to_owned(),
                coverage: fraction(coverage),
                discount: fraction(reserved),
            };
            let mut used = HourlyUse::new(1_234_567);
            let mut lines = Vec::new();
            for (number, (spot, launched, lifetime, nanos, tasks)) in instances.iter().enumerate() {
                let launched = SimTime::from_ms(*launched);
                let ended = launched + Span::from_ms(*lifetime);
                let capacity = Resources { cpu: 4096, memory: 16_384, gpus: 0, enis: 0 };
                let mut meter = Meter::new(launched, capacity, HourlyRate::from_nanos(*nanos));
                let mut changes: Vec<(SimTime, bool, u8, Resources)> = Vec::new();
                for &(group, cpu, memory, after, lasts) in tasks {
                    let size = Resources { cpu, memory, gpus: 0, enis: 0 };
                    let start = ended.min(launched + Span::from_ms(after));
                    changes.push((start, true, group, size));
                    changes.push((ended.min(start + Span::from_ms(lasts)), false, group, size));
                }
                changes.sort_by_key(|change| (change.0, !change.1));
                for (at, starts, group, size) in changes {
                    if starts { meter.reserve(at, group, size) } else { meter.release(at, group, size) }
                }
                let purchase = if *spot { Purchase::Spot } else { Purchase::OnDemand };
                let operating_system = OperatingSystem::Linux;
                let life = InstanceUse { launched, ended, interrupted: *spot, purchase, operating_system };
                let cost = life.cost(&PriceSteps::constant(HourlyRate::from_nanos(*nanos)), &settings);
                let charge = if *spot { Charge::Spot } else { Charge::OnDemand };
                let line = Line::new(number, u8::from(*spot), charge, cost.amount, Some(&reserved), meter.split(ended));
                used.add(cost.from, cost.billed, line.plan_eligible);
                lines.push(line);
            }
            let rate = HourlyRate::from_nanos;
            let (vcpu_hour, gb_hour, storage_gb_hour) = (rate(40_480_000), rate(4_445_000), rate(111_000));
            let rates = FargateRates { vcpu_hour, gb_hour, storage_gb_hour, spot: None };
            for (number, &(group, spot, cpu, memory, storage_gib, start, lasts)) in tasks.iter().enumerate() {
                let pull_started = SimTime::from_ms(start);
                let purchase = if spot { Purchase::Spot } else { Purchase::OnDemand };
                let task = TaskUse {
                    pull_started,
                    ended: pull_started + Span::from_ms(lasts),
                    cpu: cpu * 256,
                    memory: memory * 512,
                    storage_gib,
                    platform: FargatePlatform::LinuxX86,
                    purchase,
                };
                let cost = task.cost(&rates, &settings);
                let charge = if spot { Charge::FargateSpot } else { Charge::Fargate };
                let (resource, provider) = (1000 + number, 2 + u8::from(spot));
                let line = Line::new(resource, provider, charge, cost.compute, None, Split::Whole(group));
                used.add(pull_started, cost.billed, line.plan_eligible);
                lines.push(line);
                let split = Split::Whole(group);
                lines.push(Line::new(resource, provider, Charge::FargateStorage, cost.storage, None, split));
            }
            let plan = SavingsPlan { commitment: Money::from_picos(commitment), discount: fraction(discount) };
            let settled = used.settle(&plan, Span::from_hours(12));
            for bill in [
                Bill::of(&lines, None, Fraction::ZERO),
                Bill::of(&lines, Some(&settled), fraction(overall)),
            ] {
                prop_assert!(bill.adds_up(), "{bill:?}");
                let all = bill.by_resource.values().chain(bill.by_provider.values()).chain(bill.by_group.values());
                prop_assert!(all.chain([&bill.idle, &bill.total]).all(|amount| !amount.is_negative()), "{bill:?}");
            }
            // Without plan and overall discount a bill is its lines.
            let plain = Bill::of(&lines, None, Fraction::ZERO);
            prop_assert_eq!(plain.list, lines.iter().map(|line| line.list).sum::<Money>());
            prop_assert_eq!(plain.total, lines.iter().map(|line| line.list - line.reserved_saving).sum::<Money>());
        }
    }
}
