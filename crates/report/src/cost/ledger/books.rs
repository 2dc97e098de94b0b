//! The books of the ledger: one for each kind of line, with an account for each of those who pay.
//!
//! A line that is closed is money, shared out once. A line that is still open only has a *slope*: what an hour of it costs
//! whom. Slopes of many lines add up, so that reading a book costs the same however many lines are open. Everything is
//! whole numbers, so that what a line put into a book can be taken out of it to the last unit.

use std::collections::BTreeMap;

use ecsim_cluster::GpuSharing;
use ecsim_cluster::definitions::FargatePlatform;
use ecsim_cluster::resources::Resources;
use ecsim_cluster::{AsgId, GroupId, ProviderId, ServiceId, SourceId};
use ecsim_kernel::SimTime;

use crate::cost::bill::{Charge, Line, Split};
use crate::cost::discounts::ReservedCoverage;
use crate::cost::money::{HourlyRate, Money};

use crate::cost::share::Meter;

ecsim_kernel::id!(
    /// An instance type, in the order of the names.
    pub struct TypeId;
);

/// What kind of resource is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An EC2 instance of a type.
    Instance(TypeId),
    /// A Fargate task.
    Fargate(FargatePlatform),
    /// An EBS volume.
    Volume,
}

/// Through what a resource came to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// A capacity provider: for an instance, that of its group when it was launched (CP-021).
    Named(ProviderId),
    /// None: an instance outside of every provider.
    Ec2,
    /// None: a task of launch type FARGATE.
    Fargate,
}

/// Where a resource belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its capacity provider.
    pub provider: Provider,
    /// The Auto Scaling group of an instance.
    pub group: Option<AsgId>,
}

/// Who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Nobody used it.
    Idle,
    /// A service.
    Service(ServiceId),
    /// Standalone tasks of a group, asked for by a workload entry or a call.
    Standalone(GroupId, SourceId),
}

/// What the lines of one book have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) kind: Kind,
    pub(super) place: Place,
    pub(super) charge: Charge,
}

/// A line of the ledger's bill: resource, provider and owner each with the kind of charge, so that it can be read by both.
pub(super) type LedgerLine = Line<(Kind, Charge), (Place, Charge), (Owner, Charge)>;

/// Accounts count in 2⁻⁴⁴ nano-units of the currency an hour, times milliseconds.
const FINE: u32 = 44;
pub(super) const ONE: i128 = 1 << FINE;

/// An amount that grows evenly between changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flow {
    total: i128,
    slope: i128,
    since: SimTime,
}

impl Flow {
    pub(super) fn at(&self, now: SimTime) -> i128 {
        self.total.saturating_add(self.slope.saturating_mul(ms(now, self.since)))
    }

    pub(super) const fn slope(&self) -> i128 {
        self.slope
    }

    /// Adds to the amount and to what is added in each millisecond from now on.
    fn add(&mut self, now: SimTime, total: i128, slope: i128) {
        self.total = self.at(now).saturating_add(total);
        self.since = self.since.max(now);
        self.slope = self.slope.saturating_add(slope);
    }
}

#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) subject: Subject,
    pub(super) closed: BTreeMap<Owner, Money>,
    pub(super) open: BTreeMap<Owner, Flow>,
}

/// All books.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    /// How GPUs are counted.
    sharing: GpuSharing,
    index: BTreeMap<Subject, usize>,
    books: Vec<Book>,
}

impl Books {
    pub(super) fn new(sharing: GpuSharing) -> Self {
        Self { sharing, ..Self::default() }
    }

    /// The number of a book, which is opened where there is none.
    pub(super) fn find(&mut self, subject: Subject) -> usize {
        let next = self.books.len();
        let at = *self.index.entry(subject).or_insert(next);
        if at == next {
            self.books.push(Book { subject, closed: BTreeMap::new(), open: BTreeMap::new() });
        }
        at
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Book> {
        self.books.iter()
    }

    /// Changes the open account of an owner.
    pub(super) fn flow(&mut self, book: usize, owner: Owner, now: SimTime, total: i128, slope: i128) {
        self.books[book].open.entry(owner).or_default().add(now, total, slope);
    }

    /// Books an amount for good.
    pub(super) fn settle(&mut self, book: usize, owner: Owner, amount: Money) {
        *self.books[book].closed.entry(owner).or_default() += amount;
    }

    /// All lines up to now, open ones with the time that they have lasted so far.
    pub(super) fn lines<'a>(
        &'a self,
        now: SimTime,
        reserved: impl Fn(Kind) -> Option<&'a ReservedCoverage>,
    ) -> Vec<LedgerLine> {
        let mut lines = Vec::new();
        for Book { subject, closed, open } in &self.books {
            let Subject { kind, place, charge } = *subject;
            let mut line = |list: Money, split: Split<(Owner, Charge)>| {
                lines.push(Line::new((kind, charge), (place, charge), charge, list, reserved(kind), split));
            };
            for (owner, amount) in closed {
                line(*amount, Split::Whole((*owner, charge)));
            }
            let total: i128 = open.values().map(|flow| flow.at(now)).sum();
            if total > 0 {
                let groups = open.iter().map(|(owner, flow)| ((*owner, charge), unsigned(flow.at(now))));
                line(money(total), Split::Shared { groups: groups.collect(), idle: 0 });
            }
        }
        lines
    }
}

fn ms(now: SimTime, since: SimTime) -> i128 {
    i128::from(now.since(since).ms())
}

const fn unsigned(amount: i128) -> u128 {
    if amount < 0 { 0 } else { amount.unsigned_abs() }
}

/// An account as money, rounded once.
pub(super) fn money(amount: i128) -> Money {
    HourlyRate::settle(unsigned(amount) >> FINE)
}

fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}

/// An open line that is shared out: an instance, or its volume.
#[derive(Clone, Debug)]
pub(super) struct SharedLine {
    book: usize,
    meter: Meter<Owner>,
    /// What a unit of weight is worth of the whole, in fine units.
    factor: i128,
}

impl SharedLine {
    /// Opens a line that began at `start`, which may be past, and of which nobody has anything yet.
    pub(super) fn open(
        books: &mut Books,
        book: usize,
        (start, now): (SimTime, SimTime),
        capacity: Resources,
        rate: HourlyRate,
    ) -> Self {
        let meter = Meter::counting(books.sharing, start, capacity, rate);
        let factor = ONE / i128::from(meter.capacity().max(1));
        let slope = i128::from(rate.nanos()) * ONE;
        books.flow(book, Owner::Idle, now, slope.saturating_mul(ms(now, start)), slope);
        Self { book, meter, factor }
    }

    pub(super) const fn meter(&self) -> &Meter<Owner> {
        &self.meter
    }

    /// A task of the owner has been given resources (`up`) or has given them back.
    pub(super) fn hold(&mut self, books: &mut Books, now: SimTime, owner: Owner, resources: Resources, up: bool) {
        let before = self.meter.held_by(owner);
        if up {
            self.meter.reserve(now, owner, resources);
        } else {
            self.meter.release(now, owner, resources);
        }
        let change = i128::from(self.meter.held_by(owner)) - i128::from(before);
        let slope = change * self.factor * i128::from(self.meter.rate().nanos());
        books.flow(self.book, owner, now, 0, slope);
        books.flow(self.book, Owner::Idle, now, 0, -slope);
    }

    /// The price has changed; zero where the line does not run.
    pub(super) fn set_rate(&mut self, books: &mut Books, now: SimTime, rate: HourlyRate) {
        let change = i128::from(rate.nanos()) - i128::from(self.meter.rate().nanos());
        let mut rest = ONE;
        for (owner, weight) in self.meter.held() {
            let part = i128::from(weight) * self.factor;
            books.flow(self.book, owner, now, 0, part * change);
            rest -= part;
        }
        books.flow(self.book, Owner::Idle, now, 0, rest * change);
        self.meter.set_rate(now, rate);
    }

    /// The line ends: what it has put into the open accounts is replaced by the amount.
    pub(super) fn close(mut self, books: &mut Books, now: SimTime, amount: Money) {
        self.set_rate(books, now, HourlyRate::ZERO);
        let Split::Shared { groups, idle } = self.meter.split(now) else { return };
        let mut rest = signed(self.meter.price_clock(now)).saturating_mul(ONE);
        for (owner, weight) in &groups {
            let part = signed(*weight).saturating_mul(self.factor);
            books.flow(self.book, *owner, now, -part, 0);
            rest -= part;
        }
        books.flow(self.book, Owner::Idle, now, -rest, 0);
        // Idleness comes first: where there is no weight at all, it pays.
        let weights: Vec<u128> = core::iter::once(idle).chain(groups.iter().map(|group| group.1)).collect();
        let owners = core::iter::once(Owner::Idle).chain(groups.iter().map(|group| group.0));
        for (owner, part) in owners.zip(amount.share_out(&weights)) {
            books.settle(self.book, owner, part);
        }
    }

    /// What the line has put into the open accounts so far, by owner; for the check.
    pub(super) fn accounts(&self, now: SimTime) -> (usize, Vec<(Owner, i128)>) {
        let Split::Shared { groups, .. } = self.meter.split(now) else { return (self.book, Vec::new()) };
        let mut rest = signed(self.meter.price_clock(now)).saturating_mul(ONE);
        let mut accounts = Vec::with_capacity(groups.len() + 1);
        for (owner, weight) in groups {
            let part = signed(weight).saturating_mul(self.factor);
            rest -= part;
            accounts.push((owner, part));
        }
        accounts.push((Owner::Idle, rest));
        (self.book, accounts)
    }
}

/// An open line that is one owner's: a Fargate task, or its storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholeLine {
    book: usize,
    owner: Owner,
    start: SimTime,
    slope: i128,
}

impl WholeLine {
    /// Opens a line; `units` of the rate make a nano-unit an hour.
    pub(super) fn open(books: &mut Books, book: usize, owner: Owner, now: SimTime, rate: u128, units: u128) -> Self {
        let slope = signed(rate.saturating_mul(ONE.unsigned_abs()) / units.max(1));
        books.flow(book, owner, now, 0, slope);
        Self { book, owner, start: now, slope }
    }

    /// The line ends: what it has put into the open account is replaced by the amount.
    pub(super) fn close(self, books: &mut Books, now: SimTime, amount: Money) {
        books.flow(self.book, self.owner, now, -self.account(now), -self.slope);
        books.settle(self.book, self.owner, amount);
    }

    /// What it has put into the open account so far.
    fn account(&self, now: SimTime) -> i128 {
        self.slope.saturating_mul(ms(now, self.start))
    }

    /// The same with its book and owner; for the check.
    pub(super) fn accounts(&self, now: SimTime) -> (usize, Vec<(Owner, i128)>) {
        (self.book, vec![(self.owner, self.account(now))])
    }
}
