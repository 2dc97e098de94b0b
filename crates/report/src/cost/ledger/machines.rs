//! EC2 instances that are billed: when they run, what that has cost so far, and their volumes.

use ecsim_cluster::PoolId;
use ecsim_kernel::{SimTime, Span};

use super::books::{Books, Owner, Place, SharedLine, TypeId};
use crate::cost::ebs;
use crate::cost::ec2::{InstanceCost, InstanceUse, OperatingSystem};
use crate::cost::money::{HOUR_MS, HourlyRate, Money};
use crate::cost::rates::{BillingSettings, Purchase};
use crate::cost::steps::PriceSteps;

/// An instance that is there and has a price.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) kind: TypeId,
    pub(super) place: Place,
    pub(super) purchase: Purchase,
    /// The pool whose Spot price it pays.
    pub(super) pool: Option<PoolId>,
    /// Whether it ran already when the simulation began: its first minute and its first hour are long past.
    pub(super) was_there: bool,
    pub(super) line: SharedLine,
    pub(super) volume: Option<Volume>,
    /// Its price while it runs.
    pub(super) rate: HourlyRate,
    /// When it was started last, and when it was stopped since.
    pub(super) from: SimTime,
    pub(super) until: Option<SimTime>,
    /// Whether that is the start that its launch was.
    pub(super) first: bool,
    /// What earlier starts came to.
    pub(super) earned: Money,
}

/// The EBS volumes of an instance, which exist whether it runs or not.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    pub(super) gib: u32,
    pub(super) gib_month: Money,
    pub(super) since: SimTime,
    pub(super) line: SharedLine,
}

/// What volumes of so many GiB cost in an hour.
pub(super) fn volume_hour(gib: u32, gib_month: Money, settings: &BillingSettings) -> Money {
    let price = gib_month.picos().max(0).unsigned_abs().saturating_mul(gib.into());
    Money::rounded(price.saturating_mul(HOUR_MS.into()), settings.volume_month.ms().into())
}

/// The same as a rate: the nearest one, as rates have fewer digits than amounts.
pub(super) fn nearest_rate(hour: Money) -> HourlyRate {
    let nanos = hour.picos().max(0).unsigned_abs().saturating_add(500) / 1000;
    HourlyRate::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Machine {
    pub(super) const fn runs(&self) -> bool {
        self.until.is_none()
    }

    /// The settings as they hold for this instance: what was there before the run has nothing of a start left.
    fn settings(&self, settings: &BillingSettings) -> BillingSettings {
        if self.was_there && self.first {
            BillingSettings {
                instance_minimum: Span::ZERO,
                instance_pending: Span::ZERO,
                volume_minimum: Span::ZERO,
                ..*settings
            }
        } else {
            *settings
        }
    }

    /// What the latest start has come to by `now`; `interrupted` where AWS takes the instance back then.
    pub(super) fn stretch(
        &self,
        now: SimTime,
        interrupted: bool,
        spot: Option<&PriceSteps>,
        settings: &BillingSettings,
    ) -> InstanceCost {
        let ended = self.until.unwrap_or(now);
        let life = InstanceUse {
            launched: self.from,
            ended,
            // The first hour is that of the instance; for one that is there at the start the run is all that is known of it.
            // Who was stopped before was not taken back from work.
            interrupted: interrupted && self.first && ended == now,
            purchase: self.purchase,
            operating_system: OperatingSystem::Linux,
        };
        let settings = self.settings(settings);
        match spot.filter(|_| self.purchase == Purchase::Spot) {
            Some(price) => life.cost(price, &settings),
            None => life.cost(&PriceSteps::constant(self.rate), &settings),
        }
    }

    /// What its volumes have come to by `now`.
    pub(super) fn volume_cost(&self, now: SimTime, settings: &BillingSettings) -> Money {
        let mut settings = *settings;
        if self.was_there {
            settings.volume_minimum = Span::ZERO;
        }
        self.volume
            .as_ref()
            .map_or(Money::ZERO, |volume| ebs::cost(volume.gib, now.since(volume.since), volume.gib_month, &settings))
    }

    /// Its list price for an hour as it is now, volumes included.
    pub(super) fn hour(&self, settings: &BillingSettings) -> Money {
        let running = if self.runs() { self.rate.for_an_hour() } else { Money::ZERO };
        let volume = self.volume.as_ref();
        running + volume.map_or(Money::ZERO, |volume| volume_hour(volume.gib, volume.gib_month, settings))
    }

    /// A task has been given resources (`up`) or has given them back.
    pub(super) fn hold(
        &mut self,
        books: &mut Books,
        now: SimTime,
        owner: Owner,
        resources: ecsim_cluster::Resources,
        up: bool,
    ) {
        self.line.hold(books, now, owner, resources, up);
        if let Some(volume) = &mut self.volume {
            volume.line.hold(books, now, owner, resources, up);
        }
    }

    /// The list price of instance and volumes integrated over time: see [`crate::cost::share::Meter::price_clock`].
    pub(super) fn price_clock(&self, now: SimTime) -> u128 {
        let volume = self.volume.as_ref().map_or(0, |volume| volume.line.meter().price_clock(now));
        self.line.meter().price_clock(now).saturating_add(volume)
    }

    /// What a task had of it that held these resources since the clock stood at `since`.
    pub(super) fn share(&self, now: SimTime, resources: ecsim_cluster::Resources, since: u128) -> Money {
        let passed = self.price_clock(now).saturating_sub(since);
        let part = passed.saturating_mul(u128::from(self.line.meter().weight(resources)));
        let whole = u128::from(self.line.meter().capacity().max(1));
        Money::rounded(part.saturating_mul(1000), whole.saturating_mul(HOUR_MS.into()))
    }
}
