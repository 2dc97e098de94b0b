//! Who used how much of an instance: by what the tasks on it reserved, and for how long.
//!
//! **What it does.** A [`Meter`] follows one instance. Each task group on it has a weight, the sum of what its tasks
//! reserve; what nobody reserves is idle. The meter integrates the weights over time times the price of the moment, so
//! that a task that ran while Spot was cheap carries less than one that ran while it was dear. The shares are then
//! [`super::bill::Split`] weights, and the amount on the bill is shared out by them to the last digit.
//!
//! **What AWS documents.** The rule is that of AWS's split cost allocation data: a vCPU weighs 9 where a GB of memory
//! weighs 1 (from Fargate's prices, 0.04048 against 0.004445), and a GPU 9 where a vCPU weighs 0.9 and a GB 0.1. One rule
//! for the sum of the resources is fairer than the larger of the two fractions (which would charge the same memory
//! differently depending on CPU) and than their mean (which would price a GB by the shape of the instance), and it makes
//! EC2 and Fargate comparable.
//!
//! **What we left out.** AWS takes the larger of reserved and used; here it is what is reserved, as ECS places by nothing
//! else. AWS then spreads the idle cost over the tasks; here it stays visible as idle, because it is what a planner wants
//! to see. A task that reserves nothing (a `cpu` of 0 and a soft limit) costs nothing but its memory. Time before the
//! instance registers, and after its last task, is idle.
//!
//! **How we know it is right.** AWS's two worked examples, and random lives against a sum over every millisecond.

use ecsim_cluster::GpuSharing;
use ecsim_cluster::resources::Resources;
use ecsim_kernel::SimTime;

use super::bill::Split;
use super::money::HourlyRate;

/// A GPU against a vCPU and a GB, in tenths: the ratio 9 : 0.9 : 0.1.
const GPU: u64 = 90;
const VCPU: u64 = 9;
const GB: u64 = 1;

/// The weight of an amount of resources. A GB of memory weighs 1,024.
#[must_use]
pub fn weight(resources: Resources, sharing: GpuSharing) -> u64 {
    // CPU units and MiB are both 1,024 to the whole.
    let gpus = GPU * 1024 * u64::from(resources.gpus) / u64::from(sharing.parts());
    gpus + VCPU * u64::from(resources.cpu) + GB * u64::from(resources.memory)
}

/// Follows the reservations on one instance. A change costs one look-up among the groups that were ever on it.
#[derive(Clone, Debug)]
pub struct Meter<G> {
    /// How GPUs are counted.
    sharing: GpuSharing,
    capacity: u64,
    reserved: u64,
    rate: HourlyRate,
    /// Until when `clock` is right.
    now: SimTime,
    /// The price integrated over time since the start: nano-units x milliseconds.
    clock: u128,
    idle: Account,
    /// In order of the groups.
    groups: Vec<(G, Account)>,
}

/// A weight that is integrated only when it changes.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    weight: u64,
    since: u128,
    total: u128,
}

impl Account {
    fn until(&self, clock: u128) -> u128 {
        let grown = u128::from(self.weight).saturating_mul(clock.saturating_sub(self.since));
        self.total.saturating_add(grown)
    }

    fn set(&mut self, clock: u128, weight: u64) {
        self.total = self.until(clock);
        self.since = clock;
        self.weight = weight;
    }
}

impl<G: Copy + Ord> Meter<G> {
    /// An empty instance of this size and price whose billing starts now.
    #[must_use]
    pub fn new(start: SimTime, capacity: Resources, rate: HourlyRate) -> Self {
        Self::counting(GpuSharing::Off, start, capacity, rate)
    }

    /// The same where tasks may share GPUs.
    #[must_use]
    pub fn counting(sharing: GpuSharing, start: SimTime, capacity: Resources, rate: HourlyRate) -> Self {
        let capacity = weight(capacity, sharing);
        let idle = Account { weight: capacity, ..Account::default() };
        Self { sharing, capacity, reserved: 0, rate, now: start, clock: 0, idle, groups: Vec::new() }
    }

    /// A task of the group has been given these resources.
    pub fn reserve(&mut self, now: SimTime, group: G, resources: Resources) {
        let weight = self.weight(resources);
        self.change(now, group, |held| held.saturating_add(weight));
    }

    /// A task of the group has given these resources back.
    pub fn release(&mut self, now: SimTime, group: G, resources: Resources) {
        let weight = self.weight(resources);
        self.change(now, group, |held| held.saturating_sub(weight));
    }

    /// The price has changed.
    pub fn set_rate(&mut self, now: SimTime, rate: HourlyRate) {
        self.advance(now);
        self.rate = rate;
    }

    /// The instance has become larger or smaller than was thought, such as when it registers.
    pub fn set_capacity(&mut self, now: SimTime, capacity: Resources) {
        self.advance(now);
        self.capacity = self.weight(capacity);
        self.rebalance();
    }

    /// The shares of the time until now; groups that never held anything are left out.
    #[must_use]
    pub fn split(&self, now: SimTime) -> Split<G> {
        let clock = self.clock_at(now);
        let groups = self.groups.iter().map(|(group, account)| (*group, account.until(clock)));
        Split::Shared { groups: groups.filter(|group| group.1 > 0).collect(), idle: self.idle.until(clock) }
    }

    /// The weight of an amount of resources.
    #[must_use]
    pub fn weight(&self, resources: Resources) -> u64 {
        weight(resources, self.sharing)
    }

    /// The weight of the whole instance.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The price now.
    #[must_use]
    pub const fn rate(&self) -> HourlyRate {
        self.rate
    }

    /// The price integrated over time since the start, in nano-units an hour times milliseconds: two readings of it
    /// around a stretch of time say what the whole instance cost meanwhile.
    #[must_use]
    pub fn price_clock(&self, now: SimTime) -> u128 {
        self.clock_at(now)
    }

    /// What a group holds now.
    #[must_use]
    pub fn held_by(&self, group: G) -> u64 {
        let found = self.groups.binary_search_by_key(&group, |entry| entry.0);
        found.map_or(0, |at| self.groups[at].1.weight)
    }

    /// The groups that hold anything now, and how much.
    pub fn held(&self) -> impl Iterator<Item = (G, u64)> {
        self.groups.iter().map(|(group, account)| (*group, account.weight)).filter(|group| group.1 > 0)
    }

    fn change(&mut self, now: SimTime, group: G, change: impl FnOnce(u64) -> u64) {
        self.advance(now);
        let clock = self.clock;
        let at = self.groups.binary_search_by_key(&group, |entry| entry.0).unwrap_or_else(|at| {
            self.groups.insert(at, (group, Account { since: clock, ..Account::default() }));
            at
        });
        let account = &mut self.groups[at].1;
        let (before, after) = (account.weight, change(account.weight));
        account.set(clock, after);
        self.reserved = self.reserved.saturating_sub(before).saturating_add(after);
        self.rebalance();
    }

    fn rebalance(&mut self) {
        self.idle.set(self.clock, self.capacity.saturating_sub(self.reserved));
    }

    fn advance(&mut self, now: SimTime) {
        self.clock = self.clock_at(now);
        self.now = self.now.max(now);
    }

    fn clock_at(&self, now: SimTime) -> u128 {
        let passed = u128::from(self.rate.nanos()) * u128::from(now.since(self.now).ms());
        self.clock.saturating_add(passed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::money::Money;
    use super::*;

    fn size(cpu: u32, memory: u32, gpus: u16) -> Resources {
        Resources { cpu, memory, gpus, enis: 0 }
    }

    fn rate(nanos: u64) -> HourlyRate {
        HourlyRate::from_nanos(nanos)
    }

    fn ms(ms: u64) -> SimTime {
        SimTime::from_ms(ms)
    }

    /// What each group and idleness pay of an amount.
    fn shares(meter: &Meter<u32>, now: u64, amount: &str) -> Vec<String> {
        let Split::Shared { groups, idle } = meter.split(ms(now)) else { panic!("an instance is shared") };
        let weights: Vec<u128> = groups.iter().map(|group| group.1).chain([idle]).collect();
        let parts = Money::parse(amount).unwrap().share_out(&weights);
        parts.iter().map(|part| format!("{part:.4}")).collect()
    }

    #[test]
    fn a_vcpu_weighs_nine_gigabytes() {
        // An m5.xlarge for a dollar: a vCPU costs 9/52, a GB 1/52.
        let mut meter = Meter::new(ms(0), size(4096, 16_384, 0), rate(1_000_000_000));
        meter.reserve(ms(0), 1, size(1024, 0, 0));
        meter.reserve(ms(0), 2, size(0, 1024, 0));
        assert_eq!(shares(&meter, 3_600_000, "1"), ["0.1731", "0.0192", "0.8077"]);
    }

    #[test]
    fn a_share_of_a_gpu_weighs_its_part() {
        let of = |gpus, sharing| weight(size(512, 1_024, gpus), sharing);
        assert_eq!(of(8_000, GpuSharing::Best), of(8, GpuSharing::Off));
        assert_eq!(of(250, GpuSharing::Best) - of(0, GpuSharing::Best), 90 * 256);
    }

    #[test]
    fn a_gpu_weighs_ten_vcpus() {
        // A p3.16xlarge for ten dollars: 9 * 10 / (9 * 8 + 0.1 * 488 + 0.9 * 64) for a GPU.
        let mut meter = Meter::new(ms(0), size(65_536, 499_712, 8), rate(1));
        meter.reserve(ms(0), 1, size(0, 0, 1));
        meter.reserve(ms(0), 2, size(1024, 0, 0));
        assert_eq!(shares(&meter, 1, "10")[..2], ["0.5045", "0.0504"]);
    }

    #[test]
    fn a_share_is_size_times_time() {
        // Half the instance for half the time, by two tasks in turn; idle before and after.
        let mut meter = Meter::new(ms(100), size(1024, 1024, 0), rate(5));
        meter.reserve(ms(200), 7, size(512, 512, 0));
        meter.release(ms(250), 7, size(512, 512, 0));
        meter.reserve(ms(250), 7, size(512, 512, 0));
        meter.release(ms(300), 7, size(512, 512, 0));
        assert_eq!(shares(&meter, 300, "1"), ["0.2500", "0.7500"]);
        assert_eq!(shares(&meter, 500, "1"), ["0.1250", "0.8750"]);
    }

    #[test]
    fn a_dear_hour_weighs_more() {
        let mut meter = Meter::new(ms(0), size(1024, 0, 0), rate(1));
        meter.reserve(ms(0), 1, size(1024, 0, 0));
        meter.release(ms(10), 1, size(1024, 0, 0));
        meter.set_rate(ms(10), rate(3));
        meter.reserve(ms(10), 2, size(1024, 0, 0));
        assert_eq!(shares(&meter, 20, "1"), ["0.2500", "0.7500", "0.0000"]);
    }

    #[test]
    fn a_changed_capacity_counts_from_then_on_and_overbooking_leaves_nothing_idle() {
        let mut meter = Meter::new(ms(0), size(2048, 0, 0), rate(1));
        meter.reserve(ms(0), 1, size(1024, 0, 0));
        meter.set_capacity(ms(10), size(512, 0, 0));
        meter.set_capacity(ms(20), size(1024, 0, 0));
        assert_eq!(shares(&meter, 20, "3"), ["2.0000", "1.0000"]);
    }

    proptest! {
        #[test]
        fn lazy_accounts_equal_a_sum_over_every_millisecond(
            changes in prop::collection::vec((0..400_u64, 0..4_u32, 0..300_u32, 0..300_u32, 0..3_u8, 1..9_u64), 0..30),
        ) {
            let mut changes = changes;
            changes.sort_unstable();
            let capacity = size(4096, 4096, 0);
            let mut meter = Meter::new(ms(0), capacity, rate(2));
            let mut held: Vec<(u32, Resources)> = Vec::new();
            let mut price = 2;
            let mut slow = [0_u128; 5];
            let mut next = changes.iter().peekable();
            for now in 0..400 {
                while let Some(&&(_, group, cpu, memory, what, nanos)) = next.peek().filter(|change| change.0 == now) {
                    next.next();
                    match (what, held.pop()) {
                        (0, released) => {
                            held.extend(released);
                            price = nanos;
                            meter.set_rate(ms(now), rate(nanos));
                        }
                        (1, Some((group, resources))) => meter.release(ms(now), group, resources),
                        (_, kept) => {
                            held.extend(kept);
                            held.push((group, size(cpu, memory, 0)));
                            meter.reserve(ms(now), group, size(cpu, memory, 0));
                        }
                    }
                }
                let mut idle = weight(capacity, GpuSharing::Off);
                for (group, resources) in &held {
                    slow[*group as usize] += u128::from(weight(*resources, GpuSharing::Off) * price);
                    idle = idle.saturating_sub(weight(*resources, GpuSharing::Off));
                }
                slow[4] += u128::from(idle * price);
            }
            let Split::Shared { groups, idle } = meter.split(ms(400)) else { panic!("an instance is shared") };
            let mut quick = [0_u128; 5];
            quick[4] = idle;
            for (group, share) in groups {
                quick[group as usize] = share;
            }
            prop_assert_eq!(quick, slow);
        }
    }
}
