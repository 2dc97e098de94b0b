//! The bill as it stands at an instant, read by whatever it is asked for.

use std::collections::BTreeMap;

use ecsim_cluster::{AsgId, Definitions, ProviderId, ServiceId, SourceId};
use ecsim_kernel::SimTime;

use super::Ledger;
use super::books::{Kind, Owner, Place, Provider};
use crate::cost::bill::{Bill, Charge, Savings};
use crate::cost::money::Money;

/// The ledger's bill: every reading is by kind of charge, too.
pub(super) type LedgerBill = Bill<(Kind, Charge), (Place, Charge), (Owner, Charge)>;

/// The bill at an instant: what is to be paid, after all discounts, and the list price of what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    at: SimTime,
    bill: LedgerBill,
    hourly: BTreeMap<Place, Money>,
    pub(super) idle: Money,
    pub(super) providers: BTreeMap<Provider, Money>,
    groups: BTreeMap<AsgId, Money>,
    pub(super) services: BTreeMap<ServiceId, Money>,
    pub(super) sources: BTreeMap<SourceId, Money>,
}

impl Standing {
    pub(super) fn new(at: SimTime, bill: LedgerBill, hourly: BTreeMap<Place, Money>) -> Self {
        let mut standing = Self {
            at,
            hourly,
            idle: bill.idle,
            providers: BTreeMap::new(),
            groups: BTreeMap::new(),
            services: BTreeMap::new(),
            sources: BTreeMap::new(),
            bill,
        };
        for ((place, _), amount) in &standing.bill.by_provider {
            *standing.providers.entry(place.provider).or_default() += *amount;
            if let Some(group) = place.group {
                *standing.groups.entry(group).or_default() += *amount;
            }
        }
        for ((owner, _), amount) in &standing.bill.by_group {
            match *owner {
                Owner::Idle => standing.idle += *amount,
                Owner::Service(service) => *standing.services.entry(service).or_default() += *amount,
                Owner::Standalone(_, source) => *standing.sources.entry(source).or_default() += *amount,
            }
        }
        standing
    }

    /// The instant.
    #[must_use]
    pub const fn at(&self) -> SimTime {
        self.at
    }

    /// The bill that it was read from; what nobody used is [`Owner::Idle`] there.
    #[must_use]
    pub const fn bill(&self) -> &LedgerBill {
        &self.bill
    }

    /// Everything that is to be paid.
    #[must_use]
    pub const fn total(&self) -> Money {
        self.bill.total
    }

    /// The same at list price.
    #[must_use]
    pub const fn list(&self) -> Money {
        self.bill.list
    }

    /// What contracts took off.
    #[must_use]
    pub const fn savings(&self) -> Savings {
        self.bill.savings
    }

    /// Commitment of the Savings Plan that was lost.
    #[must_use]
    pub const fn unused_commitment(&self) -> Money {
        self.bill.unused_commitment
    }

    /// What was paid for and nobody used.
    #[must_use]
    pub const fn idle(&self) -> Money {
        self.idle
    }

    /// What is to be paid of some kinds of charge.
    #[must_use]
    pub fn charges(&self, charges: &[Charge]) -> Money {
        charges.iter().filter_map(|charge| self.bill.by_charge.get(charge)).sum()
    }

    /// What the resources of a capacity provider cost.
    #[must_use]
    pub fn provider(&self, provider: ProviderId) -> Money {
        self.providers.get(&Provider::Named(provider)).copied().unwrap_or_default()
    }

    /// What the instances of an Auto Scaling group cost, volumes included.
    #[must_use]
    pub fn group(&self, group: AsgId) -> Money {
        self.groups.get(&group).copied().unwrap_or_default()
    }

    /// What the tasks of a service cost.
    #[must_use]
    pub fn service(&self, service: ServiceId) -> Money {
        self.services.get(&service).copied().unwrap_or_default()
    }

    /// What the tasks of a workload entry or a call cost.
    #[must_use]
    pub fn source(&self, source: SourceId) -> Money {
        self.sources.get(&source).copied().unwrap_or_default()
    }

    /// The list price for an hour of what is there now: of the places that are asked for.
    #[must_use]
    pub fn hourly(&self, wanted: impl Fn(&Place) -> bool) -> Money {
        self.hourly.iter().filter(|(place, _)| wanted(place)).map(|(_, hour)| *hour).sum()
    }

    /// Whether anything has been on the bill.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bill.by_resource.is_empty() && self.hourly.is_empty()
    }
}

/// What the parts of a bill are called.
#[derive(Clone, Copy, Debug)]
pub struct Titles<'a> {
    ledger: &'a Ledger,
    definitions: &'a Definitions,
}

impl<'a> Titles<'a> {
    /// Names from the ledger and the definitions of its run.
    #[must_use]
    pub const fn new(ledger: &'a Ledger, definitions: &'a Definitions) -> Self {
        Self { ledger, definitions }
    }

    /// `m5.large`, `Fargate LINUX/X86_64`, `EBS`.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> String {
        match kind {
            Kind::Instance(of) => self.ledger.type_name(of).to_owned(),
            Kind::Fargate(platform) => format!("Fargate {}", platform.as_str()),
            Kind::Volume => "EBS".to_owned(),
        }
    }

    /// The name of a capacity provider, or why there is none.
    #[must_use]
    pub fn provider(&self, provider: Provider) -> String {
        match provider {
            Provider::Named(id) => self.definitions.capacity_providers[id].name.clone(),
            Provider::Ec2 => "none (EC2 launch type)".to_owned(),
            Provider::Fargate => "none (FARGATE launch type)".to_owned(),
        }
    }

    /// The name of a service, or the group of standalone tasks; `(idle)` for what nobody used.
    #[must_use]
    pub fn owner(&self, owner: Owner) -> String {
        match owner {
            Owner::Idle => "(idle)".to_owned(),
            Owner::Service(service) => self.definitions.services[service].name.clone(),
            Owner::Standalone(group, _) => self.definitions.groups.name(group).to_owned(),
        }
    }

    /// The bill by kind of resource, by capacity provider and by who pays, each also by charge; parts of one name are one.
    #[must_use]
    pub fn readings(&self, standing: &Standing) -> [Vec<(String, Charge, Money)>; 3] {
        let bill = standing.bill();
        let kinds = bill.by_resource.iter().map(|((kind, charge), amount)| (self.kind(*kind), *charge, *amount));
        let places = bill.by_provider.iter();
        let places = places.map(|((place, charge), amount)| (self.provider(place.provider), *charge, *amount));
        let owners = bill.by_group.iter().map(|((owner, charge), amount)| (self.owner(*owner), *charge, *amount));
        [merged(kinds), merged(places), merged(owners)]
    }
}

/// Parts of the same name and charge as one, in the order in which they came first.
fn merged(parts: impl Iterator<Item = (String, Charge, Money)>) -> Vec<(String, Charge, Money)> {
    let mut at: BTreeMap<(String, Charge), usize> = BTreeMap::new();
    let mut merged: Vec<(String, Charge, Money)> = Vec::new();
    for (name, charge, amount) in parts {
        let next = merged.len();
        let found = *at.entry((name.clone(), charge)).or_insert(next);
        if found == next {
            merged.push((name, charge, amount));
        } else {
            merged[found].2 += amount;
        }
    }
    merged
}
