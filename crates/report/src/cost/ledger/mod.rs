//! The fold over facts that makes the bill: what every instance, volume and Fargate task costs, and who pays for it.
//!
//! **What it does.** Opens a line of the bill when something begins to cost (an instance is launched or registers, a
//! volume is made, the image of a Fargate task is pulled), follows what changes its price or whose it is, and closes it to
//! the exact amount of [`super::ec2`], [`super::ebs`] or [`super::fargate`]. Closed lines are added to sums at once: of
//! an instance that is gone one amount is left, of a task nothing. [`Ledger::standing`] reads the bill at any instant,
//! with open lines for the time that they have lasted so far, at a cost that does not depend on how many are open. What
//! is settled per start (whole seconds, the first minute, the time in pending) comes when a line closes, at the latest
//! when the run ends.
//!
//! | | from | until |
//! | --- | --- | --- |
//! | an instance launched in the run | launch + `instance_pending_s` | it is terminated or stopped (BIL-010) |
//! | an instance that the scenario plans | `join_at`, or its registration if that is earlier | the same; on demand always |
//! | its volumes | launch | it is terminated; a stopped instance pays for them |
//! | a Fargate task | the pull begins | its last container has exited (BIL-001) |
//!
//! **What AWS documents.** See the formulas. A Spot instance that AWS takes back in its first hour is free (SPT-012,
//! BIL-011); one that ran before the simulation began is not in its first hour, nor is one that was stopped since.
//!
//! **What we left out.** The system disk of planned instances, as the scenario does not say its size. The operating
//! system: every instance pays the price in the book, which is Linux. An instance of a type without a price is no line at
//! all, nor are its volumes; [`Ledger::unpriced`] names it.
//!
//! **How we know it is right.** Amounts by hand, and [`Ledger::check`] after every fact of random runs: it recounts
//! everything from what is open, and reads the exact bill in every way.

mod books;
mod check;
mod machines;
mod shared;
mod standing;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ecsim_cluster::definitions::{self, LaunchType, ProviderKind};
use ecsim_cluster::fact::{TaskOrigin, TerminationReason};
use ecsim_cluster::{
    Cluster, Definitions, Fact, InstanceId, InstanceStatus, Market, PoolId, Resources, ShapeId, Task, TaskDefinitionId,
    TaskId, TaskStatus, ZoneId,
};
use ecsim_kernel::{Names, SimTime, Span, Table};

pub use books::{Kind, Owner, Place, Provider, TypeId};
pub use shared::SharedLedger;
pub use standing::{Standing, Titles};

use super::bill::{Bill, Charge, Line, Split};
use super::fargate::{TaskRate, TaskUse};
use super::money::{HourlyRate, Money};
use super::rates::{Pedigree, PriceBook, Purchase};
use super::savings_plan::HourlyUse;
use super::steps::PriceSteps;
use crate::metrics::slab::Slab;
use books::{Books, SharedLine, Subject, WholeLine};
use machines::{Machine, Volume, nearest_rate, volume_hour};

/// A price that was used, for the notes of a report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriceNote {
    /// Where the price is from.
    pub provenance: String,
    /// Of what: `m5.large`, `m5.large Spot`, `Fargate LINUX/ARM64`, `EBS`.
    pub what: String,
    /// Whether nobody published this very price.
    pub estimate: bool,
}

/// Folds the facts of a run into its bill.
#[derive(Clone, Debug)]
pub struct Ledger {
    prices: Arc<PriceBook>,
    types: Names<TypeId>,
    type_of: Table<ShapeId, TypeId>,
    books: Books,
    machines: BTreeMap<InstanceId, Machine>,
    pools: Table<PoolId, Pool>,
    /// When planned instances that have not registered were started last, where that is later than they were to join.
    started: BTreeMap<InstanceId, SimTime>,
    tasks: Slab<TaskId, Held>,
    /// The task that reached STOPPED with the last fact.
    finished: Option<(TaskId, Option<Money>)>,
    /// What instances that are gone came to, volumes included; by instance id.
    gone: Vec<Option<Money>>,
    /// What Fargate tasks that have ended came to.
    ended_tasks: Money,
    /// The list price for an hour of what is there now.
    hourly: BTreeMap<Place, Money>,
    /// The same when the run ended: what was there then still has a price.
    hourly_at_end: Option<BTreeMap<Place, Money>>,
    /// What a Savings Plan may cover of the lines that are closed.
    used: HourlyUse,
    seen: BTreeSet<(Kind, Purchase, Option<ZoneId>)>,
    notes: BTreeSet<PriceNote>,
    unpriced: BTreeMap<String, u64>,
    /// Instances that are not on the bill.
    without_price: BTreeSet<InstanceId>,
    standing: Option<Standing>,
    ended: bool,
}

/// The Spot market of a pool.
#[derive(Clone, Debug, Default)]
struct Pool {
    price: Option<PriceSteps>,
    /// The Spot instances that are there.
    machines: BTreeSet<InstanceId>,
}

/// What is remembered of a task while it exists.
#[derive(Clone, Copy, Debug)]
struct Held {
    owner: Owner,
    /// What it cost so far, where anything of it has a price.
    cost: Option<Money>,
    at: At,
}

/// What a task holds.
#[derive(Clone, Copy, Debug)]
enum At {
    Nothing,
    /// Resources of an instance since its price clock stood at `since`.
    Instance {
        instance: InstanceId,
        reserved: Resources,
        since: u128,
    },
    /// A place on Fargate that is not billed yet.
    Reserved {
        definition: TaskDefinitionId,
        place: Place,
        purchase: Purchase,
    },
    /// A place on Fargate.
    Fargate(FargateTask),
}

#[derive(Clone, Copy, Debug)]
struct FargateTask {
    usage: TaskUse,
    place: Place,
    compute: WholeLine,
    storage: Option<WholeLine>,
    hour: Money,
}

impl Ledger {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(definitions: &Definitions, prices: Arc<PriceBook>) -> Self {
        let names: BTreeSet<&str> = definitions.shapes.values().map(|shape| shape.instance_type.as_str()).collect();
        let mut types = Names::new();
        for name in names {
            types.intern(name);
        }
        let type_of = definitions.shapes.values().map(|shape| types.intern(&shape.instance_type)).collect();
        let pools = definitions.pools.values().map(|pool| {
            let quote = prices.spot(&pool.instance_type, definitions.zones.name(pool.zone));
            // The book says what the price is at the start; every change is a fact.
            let price = quote.map(|quote| PriceSteps::constant(quote.price.at(SimTime::ZERO)));
            Pool { price, machines: BTreeSet::new() }
        });
        Self {
            types,
            type_of,
            books: Books::new(definitions.gpu_sharing),
            machines: BTreeMap::new(),
            pools: pools.collect(),
            started: BTreeMap::new(),
            tasks: Slab::default(),
            finished: None,
            gone: Vec::new(),
            ended_tasks: Money::ZERO,
            hourly: BTreeMap::new(),
            hourly_at_end: None,
            used: HourlyUse::new(definitions.start_unix_ms),
            seen: BTreeSet::new(),
            notes: BTreeSet::new(),
            unpriced: BTreeMap::new(),
            without_price: BTreeSet::new(),
            standing: None,
            ended: false,
            prices,
        }
    }

    /// Whether the book has a price for anything that the scenario can use.
    #[must_use]
    pub fn has_prices(definitions: &Definitions, prices: &PriceBook) -> bool {
        let planned = definitions.instances.values().map(|planned| planned.shape);
        let launched = definitions.launch_options.values().map(|option| option.shape);
        let priced = |shape: ShapeId| {
            let shape = &definitions.shapes[shape];
            !shape.external && prices.on_demand(&shape.instance_type).is_some()
        };
        let spot = |pool: &definitions::CapacityPool| {
            prices.spot(&pool.instance_type, definitions.zones.name(pool.zone)).is_some()
        };
        let sizes = definitions.task_definitions.values().filter_map(|definition| definition.fargate);
        planned.chain(launched).any(priced)
            || definitions.pools.values().any(spot)
            || sizes.into_iter().any(|size| prices.fargate(size.platform).is_some())
    }

    /// The prices.
    #[must_use]
    pub const fn prices(&self) -> &Arc<PriceBook> {
        &self.prices
    }

    /// Where the prices are from that were used so far, by their provenance.
    pub fn notes(&self) -> impl Iterator<Item = &PriceNote> {
        self.notes.iter()
    }

    /// What has no price and is therefore not on the bill, and how many of it there were.
    pub fn unpriced(&self) -> impl Iterator<Item = (&str, u64)> {
        self.unpriced.iter().map(|(what, count)| (what.as_str(), *count))
    }

    /// Whether the facts of this kind can change the ledger.
    #[must_use]
    pub const fn follows(fact: &Fact) -> bool {
        matches!(
            fact,
            Fact::InstanceLaunched { .. }
                | Fact::InstanceStatusChanged { .. }
                | Fact::HostPowerChanged { .. }
                | Fact::InstanceTerminated { .. }
                | Fact::SpotPriceChanged { .. }
                | Fact::TaskCreated { .. }
                | Fact::TaskPlaced { .. }
                | Fact::TaskStopRequested { .. }
                | Fact::TaskStatusChanged { to: TaskStatus::Stopped, .. }
                | Fact::ImagePullStarted { .. }
                | Fact::TaskExecutionStopped { .. }
        )
    }

    /// Takes in a fact that `cluster` has taken in already.
    pub fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.finished = None;
        if self.ended || !Self::follows(fact) {
            return;
        }
        self.standing = None;
        match *fact {
            Fact::InstanceLaunched { instance, .. } => self.launched(now, instance, cluster),
            Fact::InstanceStatusChanged { instance, to } => {
                // Whoever is there already, or was never to register, is no news.
                if matches!(to, InstanceStatus::Registering | InstanceStatus::Active) {
                    self.joined(now, instance, cluster);
                }
            }
            Fact::HostPowerChanged { instance, running } => self.power(now, instance, running),
            Fact::InstanceTerminated { instance, reason } => self.terminated(now, instance, reason, cluster),
            Fact::SpotPriceChanged { pool, nano_dollars } => self.spot_price(now, pool, nano_dollars),
            Fact::TaskCreated { task, .. } | Fact::TaskPlaced { task, .. } => self.task(now, task, cluster),
            Fact::TaskStopRequested { task, .. } if cluster.definitions().release_at_desired_stopped => {
                self.release(now, task);
            }
            Fact::TaskStatusChanged { task, to: TaskStatus::Stopped } => {
                self.release(now, task);
                self.finished = self.tasks.remove(task).map(|held| (task, held.cost));
            }
            Fact::ImagePullStarted { task } => self.pulled(now, task, cluster),
            Fact::TaskExecutionStopped { task } => self.fargate_ended(now, task),
            _ => {}
        }
    }

    /// The run ends: every open line is closed as it is. Nothing that happens later counts.
    pub fn end(&mut self, now: SimTime) {
        if core::mem::replace(&mut self.ended, true) {
            return;
        }
        self.standing = None;
        self.hourly_at_end = Some(self.hourly.clone());
        for task in self.tasks.ids() {
            self.release(now, task);
            self.fargate_ended(now, task);
        }
        for instance in self.machines.keys().copied().collect::<Vec<_>>() {
            self.close(now, instance, false);
        }
    }

    /// The bill as it stands at `now`.
    pub fn standing(&mut self, now: SimTime) -> &Standing {
        let fresh = self.standing.take().filter(|standing| standing.at() == now);
        let standing = fresh.unwrap_or_else(|| {
            let hourly = self.hourly_at_end.as_ref().unwrap_or(&self.hourly);
            Standing::new(now, self.bill(now), hourly.clone())
        });
        self.standing.insert(standing)
    }

    /// The bill that was read last; see [`Self::standing`].
    #[must_use]
    pub const fn read(&self) -> Option<&Standing> {
        self.standing.as_ref()
    }

    fn bill(&self, now: SimTime) -> Bill<(Kind, Charge), (Place, Charge), (Owner, Charge)> {
        let discounts = &self.prices.discounts;
        let lines = self.books.lines(now, |kind| self.reserved(kind));
        let plan = discounts.savings_plan.as_ref();
        let settled = plan.map(|plan| self.used_by(now).settle(plan, now.since(SimTime::ZERO)));
        Bill::of(&lines, settled.as_ref(), discounts.overall)
    }

    /// What an instance has cost so far at list price, its volumes included; nothing where it has no price.
    #[must_use]
    pub fn instance_cost(&self, instance: InstanceId, now: SimTime) -> Option<Money> {
        if let Some(machine) = self.machines.get(&instance) {
            let stretch = self.stretch(machine, now, false).amount;
            return Some(machine.earned + stretch + machine.volume_cost(now, &self.prices.settings));
        }
        self.gone.get(instance.index()).copied().flatten()
    }

    /// What a task has cost at list price: a Fargate task its own, any other its share of the instance and its volumes
    /// while it held its resources. Known of a task that has just reached STOPPED, and of every task once the run has
    /// ended; nothing where it has no price.
    #[must_use]
    pub fn task_cost(&self, task: TaskId) -> Option<Money> {
        match self.finished {
            Some((finished, cost)) if finished == task => cost,
            _ => self.tasks.get(task).and_then(|held| held.cost),
        }
    }

    /// The name of an instance type.
    #[must_use]
    pub fn type_name(&self, id: TypeId) -> &str {
        self.types.name(id)
    }

    fn reserved(&self, kind: Kind) -> Option<&super::discounts::ReservedCoverage> {
        match kind {
            Kind::Instance(of) => self.prices.discounts.reserved(self.types.name(of)),
            Kind::Fargate(_) | Kind::Volume => None,
        }
    }

    /// What a Savings Plan may cover of an amount.
    fn eligible(&self, kind: Kind, charge: Charge, list: Money) -> Money {
        Line::new((), (), charge, list, self.reserved(kind), Split::<()>::Idle).plan_eligible
    }

    fn use_up(&mut self, kind: Kind, charge: Charge, from: SimTime, lasted: Span, list: Money) {
        if self.prices.discounts.savings_plan.is_some() && charge.in_savings_plan() {
            let eligible = self.eligible(kind, charge, list);
            self.used.add(from, lasted, eligible);
        }
    }

    /// What a Savings Plan may cover, with what the open lines have come to by now.
    fn used_by(&self, now: SimTime) -> HourlyUse {
        let mut used = self.used.clone();
        for machine in self.machines.values().filter(|machine| machine.purchase == Purchase::OnDemand) {
            let cost = self.stretch(machine, now, false);
            let eligible = self.eligible(Kind::Instance(machine.kind), Charge::OnDemand, cost.amount);
            used.add(cost.from, cost.billed, eligible);
        }
        for held in self.tasks.values() {
            if let At::Fargate(task) = held.at
                && task.usage.purchase == Purchase::OnDemand
                && let Some(cost) = self.fargate_cost(&task, now)
            {
                used.add(task.usage.pull_started, cost.billed, cost.compute);
            }
        }
        used
    }

    fn quoted(&mut self, seen: (Kind, Purchase, Option<ZoneId>), what: &str, pedigree: &Pedigree) {
        if self.seen.insert(seen) {
            let Pedigree { provenance, estimate } = pedigree.clone();
            self.notes.insert(PriceNote { provenance, what: what.to_owned(), estimate });
        }
    }

    fn no_price(&mut self, what: String) {
        *self.unpriced.entry(what).or_default() += 1;
    }

    fn charged(&mut self, place: Place, change: Money) {
        *self.hourly.entry(place).or_default() += change;
    }

    // --- instances -------------------------------------------------------------------------------------------------

    fn launched(&mut self, now: SimTime, instance: InstanceId, cluster: &Cluster) {
        let row = &cluster.instances()[instance];
        let Some(option) = row.option else { return };
        let option = cluster.definitions().launch_options[option];
        let purchase = match row.market {
            Market::OnDemand => Purchase::OnDemand,
            Market::Spot => Purchase::Spot,
        };
        self.open(now, now, instance, purchase, Some(option), cluster);
    }

    /// A planned instance registers: it has run since it was to join, unless it was started later.
    fn joined(&mut self, now: SimTime, instance: InstanceId, cluster: &Cluster) {
        let row = &cluster.instances()[instance];
        let known = self.machines.contains_key(&instance)
            || self.without_price.contains(&instance)
            || self.gone.get(instance.index()).is_some_and(Option::is_some);
        if row.option.is_some() || known || row.terminated_at.is_some() || !row.host_running {
            return;
        }
        let started = self.started.remove(&instance).map_or(row.launched_at, |at| at.max(row.launched_at));
        self.open(started.min(now), now, instance, Purchase::OnDemand, None, cluster);
    }

    fn open(
        &mut self,
        start: SimTime,
        now: SimTime,
        instance: InstanceId,
        purchase: Purchase,
        option: Option<definitions::LaunchOption>,
        cluster: &Cluster,
    ) {
        let row = &cluster.instances()[instance];
        let shape = &cluster.definitions().shapes[row.shape];
        if shape.external {
            return;
        }
        let kind = self.type_of[row.shape];
        let pool = option.map(|option| option.pool).filter(|_| purchase == Purchase::Spot);
        let Some(rate) = self.rate(purchase, kind, row.zone, pool, cluster.definitions()) else {
            let spot = if purchase == Purchase::Spot { " Spot" } else { "" };
            self.no_price(format!("{}{spot}", shape.instance_type));
            self.without_price.insert(instance);
            return;
        };
        let provider = row.provider.map_or(Provider::Ec2, Provider::Named);
        let place = Place { provider, group: row.group };
        let charge = if purchase == Purchase::Spot { Charge::Spot } else { Charge::OnDemand };
        let book = self.books.find(Subject { kind: Kind::Instance(kind), place, charge });
        let line = SharedLine::open(&mut self.books, book, (start, now), shape.registered, rate);
        let gib = option.map_or(0, |option| option.volume_gib);
        let volume = self.volume(gib, place, (start, now), shape.registered);
        let machine = Machine {
            kind,
            place,
            purchase,
            pool,
            was_there: start == SimTime::ZERO,
            line,
            volume,
            rate,
            from: start,
            until: None,
            first: true,
            earned: Money::ZERO,
        };
        self.charged(place, machine.hour(&self.prices.settings));
        if let Some(pool) = pool {
            self.pools[pool].machines.insert(instance);
        }
        self.machines.insert(instance, machine);
    }

    /// The price of an instance now.
    fn rate(
        &mut self,
        purchase: Purchase,
        kind: TypeId,
        zone: ZoneId,
        pool: Option<PoolId>,
        definitions: &Definitions,
    ) -> Option<HourlyRate> {
        let prices = Arc::clone(&self.prices);
        let name = self.types.name(kind).to_owned();
        match (purchase, pool) {
            (Purchase::Spot, Some(pool)) => {
                if let Some(quote) = prices.spot(&name, definitions.zones.name(zone)) {
                    self.quoted((Kind::Instance(kind), purchase, Some(zone)), &format!("{name} Spot"), &quote.pedigree);
                }
                self.pools[pool].price.as_ref().map(PriceSteps::last)
            }
            _ => {
                let quote = prices.on_demand(&name)?;
                self.quoted((Kind::Instance(kind), purchase, None), &name, &quote.pedigree);
                Some(quote.price)
            }
        }
    }

    fn volume(
        &mut self,
        gib: u32,
        place: Place,
        (start, now): (SimTime, SimTime),
        capacity: Resources,
    ) -> Option<Volume> {
        let prices = Arc::clone(&self.prices);
        let quote = prices.volume_gib_month.as_ref().filter(|_| gib > 0)?;
        self.quoted((Kind::Volume, Purchase::OnDemand, None), "EBS", &quote.pedigree);
        let book = self.books.find(Subject { kind: Kind::Volume, place, charge: Charge::Volume });
        let rate = nearest_rate(volume_hour(gib, quote.price, &prices.settings));
        let line = SharedLine::open(&mut self.books, book, (start, now), capacity, rate);
        Some(Volume { gib, gib_month: quote.price, since: start, line })
    }

    fn stretch(&self, machine: &Machine, now: SimTime, interrupted: bool) -> super::ec2::InstanceCost {
        let spot = machine.pool.and_then(|pool| self.pools[pool].price.as_ref());
        machine.stretch(now, interrupted, spot, &self.prices.settings)
    }

    fn power(&mut self, now: SimTime, instance: InstanceId, running: bool) {
        let prices = Arc::clone(&self.prices);
        let Some(mut machine) = self.machines.remove(&instance) else {
            if running {
                self.started.insert(instance, now);
            }
            return;
        };
        let before = machine.hour(&prices.settings);
        if running && !machine.runs() {
            self.earn(&mut machine, now, false);
            let price = machine.pool.and_then(|pool| self.pools[pool].price.as_ref());
            machine.rate = price.map_or(machine.rate, PriceSteps::last);
            (machine.from, machine.until, machine.first) = (now, None, false);
            machine.line.set_rate(&mut self.books, now, machine.rate);
        } else if !running && machine.runs() {
            // Whether AWS took it is not known before it is terminated, so what this start cost is added up later.
            machine.until = Some(now);
            machine.line.set_rate(&mut self.books, now, HourlyRate::ZERO);
        }
        self.charged(machine.place, machine.hour(&prices.settings) - before);
        self.machines.insert(instance, machine);
    }

    /// Adds up what the latest start came to.
    fn earn(&mut self, machine: &mut Machine, now: SimTime, interrupted: bool) {
        let cost = self.stretch(machine, now, interrupted);
        machine.earned += cost.amount;
        let charge = if machine.purchase == Purchase::Spot { Charge::Spot } else { Charge::OnDemand };
        self.use_up(Kind::Instance(machine.kind), charge, cost.from, cost.billed, cost.amount);
    }

    fn terminated(&mut self, now: SimTime, instance: InstanceId, reason: TerminationReason, cluster: &Cluster) {
        if !self.machines.contains_key(&instance) {
            return;
        }
        // Tasks that are still on it hold nothing any more.
        for task in &cluster.instances()[instance].tasks {
            self.release(now, *task);
        }
        self.close(now, instance, reason == TerminationReason::SpotInterruption);
    }

    fn close(&mut self, now: SimTime, instance: InstanceId, interrupted: bool) {
        let Some(mut machine) = self.machines.remove(&instance) else { return };
        self.charged(machine.place, -machine.hour(&self.prices.settings));
        self.earn(&mut machine, now, interrupted);
        let volume = machine.volume_cost(now, &self.prices.settings);
        let Machine { line, volume: volumes, earned, pool, .. } = machine;
        line.close(&mut self.books, now, earned);
        if let Some(volumes) = volumes {
            volumes.line.close(&mut self.books, now, volume);
        }
        if let Some(pool) = pool {
            self.pools[pool].machines.remove(&instance);
        }
        if self.gone.len() <= instance.index() {
            self.gone.resize(instance.index() + 1, None);
        }
        self.gone[instance.index()] = Some(earned + volume);
    }

    fn spot_price(&mut self, now: SimTime, pool: PoolId, nano_dollars: u64) {
        if nano_dollars == 0 {
            return; // Not known.
        }
        let rate = HourlyRate::from_nanos(nano_dollars);
        let settings = self.prices.settings;
        let row = &mut self.pools[pool];
        match &mut row.price {
            Some(price) => price.change(now, rate),
            None => row.price = Some(PriceSteps::constant(rate)),
        }
        for instance in row.machines.clone() {
            let Some(machine) = self.machines.get_mut(&instance) else { continue };
            let before = machine.hour(&settings);
            machine.rate = rate;
            if machine.runs() {
                machine.line.set_rate(&mut self.books, now, rate);
            }
            let (place, change) = (machine.place, machine.hour(&settings) - before);
            self.charged(place, change);
        }
    }

    // --- tasks -----------------------------------------------------------------------------------------------------

    /// A task came into being, or got its instance.
    fn task(&mut self, now: SimTime, task: TaskId, cluster: &Cluster) {
        let Some(row) = cluster.tasks().get(task) else { return };
        let owner = match row.origin {
            TaskOrigin::Service { service, .. } => Owner::Service(service),
            TaskOrigin::Source { source, .. } => Owner::Standalone(row.group, source),
        };
        let mut held = Held { owner, cost: None, at: At::Nothing };
        if row.launch_type == LaunchType::Fargate {
            let kind = row.provider.map(|provider| cluster.definitions().capacity_providers[provider].kind);
            let spot = kind == Some(ProviderKind::FargateSpot);
            let purchase = if spot { Purchase::Spot } else { Purchase::OnDemand };
            let provider = row.provider.map_or(Provider::Fargate, Provider::Named);
            let place = Place { provider, group: None };
            held.at = At::Reserved { definition: row.definition, place, purchase };
        } else if let Some(instance) = row.instance {
            self.place(now, instance, row, &mut held);
        }
        self.tasks.remove(task);
        self.tasks.insert(task, held);
    }

    fn place(&mut self, now: SimTime, instance: InstanceId, task: &Task, held: &mut Held) {
        if let Some(machine) = self.machines.get_mut(&instance) {
            let since = machine.price_clock(now);
            machine.hold(&mut self.books, now, held.owner, task.reserved, true);
            held.at = At::Instance { instance, reserved: task.reserved, since };
            held.cost = Some(Money::ZERO);
        }
    }

    /// A task gives back what it holds on an instance.
    fn release(&mut self, now: SimTime, task: TaskId) {
        let Some(held) = self.tasks.get_mut(task) else { return };
        let At::Instance { instance, reserved, since } = held.at else { return };
        held.at = At::Nothing;
        if let Some(machine) = self.machines.get_mut(&instance) {
            let share = machine.share(now, reserved, since);
            held.cost = Some(held.cost.unwrap_or_default() + share);
            machine.hold(&mut self.books, now, held.owner, reserved, false);
        }
    }

    fn pulled(&mut self, now: SimTime, task: TaskId, cluster: &Cluster) {
        let Some(held) = self.tasks.get(task).copied() else { return };
        let At::Reserved { definition, place, purchase } = held.at else { return };
        let Some(size) = cluster.definitions().task_definitions[definition].fargate else { return };
        let prices = Arc::clone(&self.prices);
        let platform = size.platform;
        let what = format!("Fargate {}", platform.as_str());
        let Some(quote) = prices.fargate(platform) else {
            self.no_price(what);
            return;
        };
        self.quoted((Kind::Fargate(platform), Purchase::OnDemand, None), &what, &quote.pedigree);
        let usage = TaskUse {
            pull_started: now,
            ended: now,
            cpu: size.cpu,
            memory: size.memory,
            storage_gib: size.ephemeral_gib,
            platform,
            purchase,
        };
        let rate = usage.rate(&quote.price, &prices.settings);
        let charge = if purchase == Purchase::Spot { Charge::FargateSpot } else { Charge::Fargate };
        let mut open = |charge: Charge, rate: u128, units: u128| {
            let book = self.books.find(Subject { kind: Kind::Fargate(platform), place, charge });
            WholeLine::open(&mut self.books, book, held.owner, now, rate, units)
        };
        let compute = open(charge, rate.compute, TaskRate::COMPUTE_UNITS);
        let storage = (rate.storage > 0).then(|| open(Charge::FargateStorage, rate.storage, 1));
        let hour = Money::rounded(rate.compute.saturating_mul(1000), TaskRate::COMPUTE_UNITS)
            + Money::rounded(rate.storage.saturating_mul(1000), 1);
        self.charged(place, hour);
        if let Some(held) = self.tasks.get_mut(task) {
            held.at = At::Fargate(FargateTask { usage, place, compute, storage, hour });
            held.cost = Some(Money::ZERO);
        }
    }

    fn fargate_cost(&self, task: &FargateTask, now: SimTime) -> Option<super::fargate::TaskCost> {
        let rates = self.prices.fargate(task.usage.platform)?;
        Some(TaskUse { ended: now, ..task.usage }.cost(&rates.price, &self.prices.settings))
    }

    fn fargate_ended(&mut self, now: SimTime, id: TaskId) {
        let Some(held) = self.tasks.get(id).copied() else { return };
        let At::Fargate(task) = held.at else { return };
        let Some(cost) = self.fargate_cost(&task, now) else { return };
        task.compute.close(&mut self.books, now, cost.compute);
        if let Some(storage) = task.storage {
            storage.close(&mut self.books, now, cost.storage);
        }
        self.charged(task.place, -task.hour);
        self.ended_tasks += cost.total();
        let charge = if task.usage.purchase == Purchase::Spot { Charge::FargateSpot } else { Charge::Fargate };
        let kind = Kind::Fargate(task.usage.platform);
        self.use_up(kind, charge, task.usage.pull_started, cost.billed, cost.compute);
        if let Some(held) = self.tasks.get_mut(id) {
            held.at = At::Nothing;
            held.cost = Some(cost.total());
        }
    }
}
