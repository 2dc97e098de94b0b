//! Money on random fleets: after every event the books agree with themselves, to the last unit, by resource, by provider
//! and by service, and what is read as a run goes on is what the run's end settles.

#[path = "../../engine/tests/swarm/dice.rs"]
mod dice;
#[path = "../../engine/tests/swarm/fleet.rs"]
mod fleet;

/// What the fleets are made with.
mod kit {
    use ecsim_cluster::ServiceId;
    use ecsim_engine::model::Call;
    use ecsim_kernel::{SimTime, Span};

    pub const fn at(secs: u64) -> SimTime {
        SimTime::from_ms(secs * 1_000)
    }

    pub const fn secs(secs: u64) -> Span {
        Span::from_secs(secs)
    }

    pub const fn scale(service: ServiceId, desired_count: u32) -> Call {
        Call::UpdateService {
            service,
            desired_count: Some(desired_count),
            placement: None,
            healthy_percent: None,
            rebalancing: None,
            capacity: None,
            grace: None,
        }
    }
}

use std::sync::Arc;

use ecsim_cluster::definitions::FargatePlatform;
use ecsim_cluster::{Cluster, Definitions, Fact, Observer};
use ecsim_engine::Simulation;
use ecsim_kernel::SimTime;
use ecsim_report::cost::discounts::ReservedCoverage;
use ecsim_report::cost::ledger::Ledger;
use ecsim_report::cost::money::{Fraction, HourlyRate, Money};
use ecsim_report::cost::rates::{FargateRates, Pedigree, PriceBook, Quote};
use ecsim_report::cost::savings_plan::SavingsPlan;
use ecsim_report::cost::steps::PriceSteps;

/// Checks everything after every fact, and that nothing that was spent comes back.
struct Checked {
    ledger: Ledger,
    facts: usize,
}

impl Observer for Checked {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.ledger.observe(now, fact, cluster);
        self.facts += 1;
        if let Err(wrong) = self.ledger.check(now) {
            panic!("at {now}, after {fact:?}: {wrong}");
        }
    }

    fn run_ended(&mut self, now: SimTime, _: &Cluster) {
        self.ledger.end(now);
    }
}

/// Prices of everything a fleet can buy, with a plan, reservations and a discount where `contracts`.
fn book(definitions: &Definitions, contracts: bool) -> PriceBook {
    let rate = |text: &str| HourlyRate::parse(text).expect("a price");
    let known = || Pedigree::published("a test");
    let mut book = PriceBook::new("us-east-1");
    for (number, pool) in definitions.pools.values().enumerate() {
        book.set_on_demand(&pool.instance_type, Quote::new(rate(&format!("0.0{}", 17 + number % 80)), known()));
        let zone = definitions.zones.name(pool.zone);
        let spot = PriceSteps::constant(rate(&format!("0.00{}", 31 + number % 60)));
        book.set_spot(&pool.instance_type, Some(zone), Quote::new(spot, known()));
    }
    book.set_on_demand("fixed", Quote::new(rate("0.1"), known()));
    let rates = FargateRates {
        vcpu_hour: rate("0.04048"),
        gb_hour: rate("0.004445"),
        storage_gb_hour: rate("0.000111"),
        spot: None,
    };
    book.set_fargate(FargatePlatform::LinuxX86, Quote::new(rates, known()));
    if contracts {
        let money = |text: &str| Money::parse(text).expect("an amount");
        book.discounts.savings_plan =
            Some(SavingsPlan { commitment: money("0.07"), discount: Fraction::from_percent(30) });
        let (coverage, discount) = (Fraction::from_percent(33), Fraction::from_percent(41));
        book.discounts.reserved = vec![ReservedCoverage { family: "shared".to_owned(), coverage, discount }];
        book.discounts.overall = Fraction::from_percent(7);
    }
    book
}

const FLEETS: u64 = 24;

#[test]
fn the_money_of_random_fleets_adds_up_after_every_event() {
    let (mut facts, mut spent) = (0, 0);
    for seed in 1..=FLEETS {
        let model = if seed % 2 == 0 { fleet::make(seed) } else { fleet::make_full(seed) }.model;
        let definitions = Arc::clone(&model.definitions);
        let book = Arc::new(book(&definitions, seed % 3 == 0));
        let mut checked = Checked { ledger: Ledger::new(&definitions, book), facts: 0 };
        let mut sim = Simulation::new(model);
        while sim.step(&mut checked) {
            // A reading now and then, which must agree with itself and change nothing.
            if sim.counts().events.is_multiple_of(97) {
                let standing = checked.ledger.standing(sim.now());
                assert!(standing.bill().adds_up(), "seed {seed} at {}", sim.now());
            }
        }
        sim.run(&mut checked);
        let end = sim.end();
        checked.ledger.check(end).unwrap_or_else(|wrong| panic!("seed {seed} at its end: {wrong}"));
        let total = checked.ledger.standing(end).total();
        assert!(!total.is_negative(), "seed {seed}");
        spent += u32::from(total > Money::ZERO);
        facts += checked.facts;
    }
    assert!(facts > 10_000 && spent > 15, "{facts} facts, {spent} fleets cost something: they have become too tame");
}
