//! What must hold after every fact: everything recounted from what is open, and the exact bill read in every way.

use std::collections::BTreeMap;

use ecsim_kernel::{SimTime, Span};

use super::books::{Owner, Place, money};
use super::{At, Ledger};
use crate::cost::money::{HourlyRate, Money};

impl Ledger {
    /// Recounts everything. Slow on purpose.
    ///
    /// # Errors
    /// The first contradiction found, in words.
    pub fn check(&self, now: SimTime) -> Result<(), String> {
        self.check_open(now)?;
        self.check_hourly()?;
        self.check_bill(now)
    }

    /// The open accounts are what the open lines have put there, to the last unit.
    fn check_open(&self, now: SimTime) -> Result<(), String> {
        let mut accounts: BTreeMap<(usize, Owner), i128> = BTreeMap::new();
        let mut add = |(book, parts): (usize, Vec<(Owner, i128)>)| {
            for (owner, part) in parts {
                *accounts.entry((book, owner)).or_default() += part;
            }
        };
        for machine in self.machines.values() {
            add(machine.line.accounts(now));
            if let Some(volume) = &machine.volume {
                add(volume.line.accounts(now));
            }
        }
        let mut slopes: BTreeMap<usize, i128> = BTreeMap::new();
        for held in self.tasks.values() {
            if let At::Fargate(task) = &held.at {
                add(task.compute.accounts(now));
                if let Some(storage) = &task.storage {
                    add(storage.accounts(now));
                }
            }
        }
        for (number, book) in self.books.iter().enumerate() {
            for (owner, flow) in &book.open {
                let expected = accounts.remove(&(number, *owner)).unwrap_or_default();
                if flow.at(now) != expected {
                    return Err(format!("{:?} {owner:?}: {} open, recounted {expected}", book.subject, flow.at(now)));
                }
                *slopes.entry(number).or_default() += flow.slope();
            }
        }
        if let Some(((book, owner), amount)) = accounts.into_iter().find(|account| account.1 != 0) {
            return Err(format!("book {book} lacks {amount} of {owner:?}"));
        }
        let lines = self.machines.values();
        let lines = lines.flat_map(|it| [Some(&it.line), it.volume.as_ref().map(|volume| &volume.line)]).flatten();
        for line in lines {
            let (book, _) = line.accounts(now);
            *slopes.entry(book).or_default() -= i128::from(line.meter().rate().nanos()) * super::books::ONE;
        }
        for (number, book) in self.books.iter().enumerate() {
            let fargate = matches!(book.subject.kind, super::Kind::Fargate(_));
            let slope = slopes.get(&number).copied().unwrap_or_default();
            if !fargate && slope != 0 {
                return Err(format!("{:?}: its accounts grow by {slope} more than its lines", book.subject));
            }
        }
        Ok(())
    }

    /// The list price for an hour is that of what is there.
    fn check_hourly(&self) -> Result<(), String> {
        let mut hourly: BTreeMap<Place, Money> = BTreeMap::new();
        for machine in self.machines.values() {
            *hourly.entry(machine.place).or_default() += machine.hour(&self.prices.settings);
        }
        for held in self.tasks.values() {
            if let At::Fargate(task) = held.at {
                *hourly.entry(task.place).or_default() += task.hour;
            }
        }
        for (place, hour) in &self.hourly {
            let expected = hourly.remove(place).unwrap_or_default();
            if *hour != expected {
                return Err(format!("{place:?} costs {hour:.12} an hour, recounted {expected:.12}"));
            }
        }
        match hourly.into_iter().next() {
            Some((place, _)) => Err(format!("{place:?} costs nothing an hour")),
            None => Ok(()),
        }
    }

    /// The exact bill agrees however it is read, every dollar belongs to something, and the running bill is near it.
    fn check_bill(&self, now: SimTime) -> Result<(), String> {
        let mut exact = self.clone();
        // The clone is closed as if the run ended; what was already closed stays.
        exact.end(now);
        let standing = exact.standing(now).clone();
        if !standing.bill().adds_up() {
            return Err(format!("the bill does not add up: {:?}", standing.bill()));
        }
        let unused = standing.unused_commitment();
        let by_owner: Money = standing.services.values().chain(standing.sources.values()).sum();
        let by_provider: Money = standing.providers.values().sum();
        for (reading, sum) in [("owner", by_owner + standing.idle), ("provider", by_provider)] {
            if sum + unused != standing.total() {
                return Err(format!("by {reading}: {sum:.12} of {:.12}", standing.total()));
            }
        }
        let instances: Money = exact.gone.iter().flatten().sum();
        if instances + exact.ended_tasks != standing.list() {
            let tasks = exact.ended_tasks;
            return Err(format!("{instances:.12} of instances, {tasks:.12} of tasks, {:.12} in all", standing.list()));
        }
        if exact.hourly.values().any(|hour| *hour != Money::ZERO) {
            return Err("something costs after the end".to_owned());
        }
        self.check_running(now, standing.list())
    }

    /// A line that is open is off by what its rounding is worth: a second, the first minute, the time it was pending. Each
    /// account may be off by the digits of the list price.
    fn check_running(&self, now: SimTime, exact: Money) -> Result<(), String> {
        let settings = &self.prices.settings;
        let minimum = settings.instance_minimum.max(settings.fargate_minimum).max(settings.fargate_windows_minimum);
        let slack = minimum + settings.instance_pending + settings.volume_minimum + Span::from_secs(2);
        let hours = self.hourly.values().map(|hour| hour.picos().unsigned_abs() / 1000 + 1).sum::<u128>();
        // A stopped instance has no list price, but its last start is still rounded; and prices may have been higher.
        let stopped = self.machines.values().map(|it| u128::from(self.most(it))).sum::<u128>();
        let allowed = HourlyRate::settle((hours + stopped).saturating_mul(slack.ms().into()));
        let lines = self.books.lines(now, |_| None);
        let running: Money = lines.iter().map(|line| line.list).sum();
        // A nano-unit an hour for as long as it takes: volumes are followed by a rate that has fewer digits.
        let digits = self.machines.len() as u128 * u128::from(now.ms()) + 1_000_000;
        let off = (exact - running).picos().abs();
        let digits = HourlyRate::settle(digits).picos();
        if off > allowed.picos() + digits + 1_000 {
            let open: i128 = self.books.iter().flat_map(|book| book.open.values()).map(|flow| flow.at(now)).sum();
            let open = money(open);
            return Err(format!("{running:.12} so far ({open:.12} of it open), exactly {exact:.12}"));
        }
        Ok(())
    }

    /// The highest price that an instance can have paid.
    fn most(&self, machine: &super::Machine) -> u64 {
        let spot = machine.pool.and_then(|pool| self.pools[pool].price.as_ref());
        spot.map_or(machine.rate, super::PriceSteps::highest).max(machine.rate).nanos()
    }
}
