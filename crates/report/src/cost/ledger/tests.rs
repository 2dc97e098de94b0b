//! Amounts by hand, and random runs recounted after every fact.

use ecsim_cluster::definitions::FargatePlatform;
use std::sync::Arc;

use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{
    AsgId, Cluster, Definitions, Fact, InstanceId, InstanceLifecycle, InstanceStatus, LaunchOptionId, Market, Observer,
    PoolId, ProviderId, ServiceId, SourceId, StopReason, TaskId, TaskStatus,
};
use ecsim_kernel::{SimTime, Span};
use proptest::prelude::*;

use super::*;
use crate::cost::discounts::ReservedCoverage;
use crate::cost::money::Fraction;
use crate::cost::rates::{FargateRates, Quote};
use crate::cost::savings_plan::SavingsPlan;
use crate::metrics::fixture::{Names as Scenario, Place as Somewhere, Story};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn rate(text: &str) -> HourlyRate {
    HourlyRate::parse(text).unwrap()
}

/// c4.large 0.1 an hour, m5.large 0.096, on Spot 0.036; Fargate as in us-east-1; EBS 0.08 a GiB-month.
pub(crate) fn book() -> PriceBook {
    let mut book = PriceBook::new("us-east-1");
    let published = || Pedigree::published("the list of 2026-07-20");
    book.set_on_demand("c4.large", Quote::new(rate("0.1"), published()));
    book.set_on_demand("m5.large", Quote::new(rate("0.096"), published()));
    let spot = PriceSteps::constant(rate("0.036"));
    book.set_spot("m5.large", None, Quote::new(spot, Pedigree::estimate("on demand less the advisor's savings")));
    let rates = FargateRates {
        vcpu_hour: rate("0.04048"),
        gb_hour: rate("0.004445"),
        storage_gb_hour: rate("0.000111"),
        spot: None,
    };
    book.set_fargate(FargatePlatform::LinuxX86, Quote::new(rates, published()));
    book.volume_gib_month = Some(Quote::new(money("0.08"), published()));
    book
}

/// The same without volumes.
fn no_volumes() -> PriceBook {
    let mut book = book();
    book.volume_gib_month = None;
    book
}

/// A planned c4.large with the resources of the group's m5.large, a group of two pools, Fargate, two services and a source.
fn scenario() -> Scenario {
    Scenario {
        instances: vec![("A1", "us-east-1a", 2_048, 4_096, 0)],
        families: vec![("job", 1_024, 2_048, 0)],
        services: vec![("api", 0, 1), ("web", 0, 1)],
        sources: vec!["jobs"],
        groups: vec![("spot", 0, 99, 0, vec!["us-east-1a", "us-east-1b"])],
        providers: vec![("cp", Some(0)), ("FARGATE", None), ("FARGATE_SPOT", None)],
    }
}

/// Checks everything after every fact.
struct Checked(Ledger);

impl Observer for Checked {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.0.observe(now, fact, cluster);
        if let Err(wrong) = self.0.check(now) {
            panic!("at {now}, after {fact:?}: {wrong}");
        }
    }

    fn run_ended(&mut self, now: SimTime, _: &Cluster) {
        self.0.end(now);
        self.0.check(now).unwrap();
    }
}

type Run = Story<Checked>;

fn start(definitions: &Arc<Definitions>, book: PriceBook) -> Run {
    let mut story = Story::new(definitions, Checked(Ledger::new(definitions, Arc::new(book))));
    story.associate_all().create_service(0).create_service(1);
    story
}

fn run(book: PriceBook) -> Run {
    start(&scenario().definitions(), book)
}

impl Run {
    fn standing(&mut self) -> Standing {
        self.observer.0.standing(self.now).clone()
    }

    fn total(&mut self) -> Money {
        self.standing().total()
    }

    fn ledger(&self) -> &Ledger {
        &self.observer.0
    }

    fn power(&mut self, instance: InstanceId, running: bool) -> &mut Self {
        self.fact(Fact::HostPowerChanged { instance, running })
    }

    fn gone(&mut self, instance: InstanceId, reason: TerminationReason) -> &mut Self {
        self.fact(Fact::InstanceTerminated { instance, reason })
    }

    /// A Fargate task runs, from the pull on.
    fn fargate(&mut self, service: u32, provider: u32) -> TaskId {
        let task = self.create_for(service, provider, Somewhere::Fargate(0));
        self.fact(Fact::ImagePullStarted { task });
        task
    }
}

#[test]
fn bil_010_an_instance_pays_from_launch_to_termination_and_so_does_its_volume() {
    let mut story = run(book());
    let instance = story.at(10 * SECOND).launch(0, Market::OnDemand);
    story.at(100 * SECOND).serves(instance);
    assert_eq!(story.standing().hourly(|_| true), money("0.096") + money("0.003333333333"));
    story.at(10 * SECOND + HOUR).terminates(instance, TerminationReason::ScaleIn);
    let standing = story.at(5 * HOUR).standing();
    // 0.08 * 30 * 3,600 / (86,400 * 30).
    let (price, volume) = (money("0.096"), money("0.003333333333"));
    assert_eq!(standing.charges(&[Charge::OnDemand]), price);
    assert_eq!(standing.charges(&[Charge::Volume]), volume);
    assert_eq!((standing.total(), standing.idle()), (price + volume, price + volume));
    assert_eq!(
        (standing.provider(ProviderId::new(0)), standing.group(AsgId::new(0))),
        (price + volume, price + volume)
    );
    assert_eq!(standing.hourly(|_| true), Money::ZERO);
    assert_eq!(story.ledger().instance_cost(instance, story.now), Some(price + volume));
}

#[test]
fn bil_010_every_start_pays_for_a_minute_and_a_stopped_instance_for_its_volume_only() {
    let mut story = run(book());
    let instance = story.cluster.instances().next_id();
    let option = LaunchOptionId::new(0);
    story.at(SECOND).fact(Fact::InstanceLaunched { instance, option, market: Market::OnDemand, warm: true });
    // 30 s, of which 60 are billed; stopped for a day; then 90.5 s, of which 91 are billed.
    story.at(31 * SECOND).power(instance, false).lifecycle(instance, InstanceLifecycle::WarmedStopped);
    let stopped = story.at(24 * HOUR).standing();
    assert_eq!(stopped.hourly(|_| true), money("0.003333333333"));
    story.power(instance, true).lifecycle(instance, InstanceLifecycle::Pending);
    story.at(24 * HOUR + 90_500).gone(instance, TerminationReason::User);
    let standing = story.standing();
    let seconds = |seconds: u128| Money::rounded(96_000_000_000 * seconds, 3_600);
    assert_eq!(standing.charges(&[Charge::OnDemand]), seconds(60) + seconds(91));
    // Whole seconds from the launch on: 86,489.5 of them.
    let volume = Money::rounded(80_000_000_000 * 30 * 86_490, 86_400 * 30);
    assert_eq!(standing.charges(&[Charge::Volume]), volume);
}

#[test]
fn bil_010_the_time_in_pending_is_not_billed() {
    let mut book = no_volumes();
    book.settings.instance_pending = Span::from_secs(18);
    let mut story = run(book);
    let first = story.at(SECOND).launch(0, Market::OnDemand);
    let second = story.launch(0, Market::OnDemand);
    story.at(SECOND + 10 * SECOND).gone(second, TerminationReason::User);
    assert_eq!(story.ledger().instance_cost(second, story.now), Some(Money::ZERO));
    story.at(SECOND + 18 * SECOND + HOUR).gone(first, TerminationReason::User);
    assert_eq!(story.ledger().instance_cost(first, story.now), Some(money("0.096")));
}

#[test]
fn bil_010_a_planned_instance_pays_from_when_it_was_to_join() {
    let definitions = scenario().definitions();
    let mut late = (*definitions).clone();
    late.instances[InstanceId::new(0)].join_at = SimTime::from_ms(HOUR);
    let cost = |definitions: &Arc<Definitions>, registers: u64, ends: u64| {
        let mut story = start(definitions, book());
        story.at(registers).status(0, InstanceStatus::Registering).status(0, InstanceStatus::Active);
        story.at(registers + SECOND).status(0, InstanceStatus::Draining).status(0, InstanceStatus::Active);
        story.end(ends);
        story.total()
    };
    // There from the start: no minute, and no volume, as nothing is known of it.
    assert_eq!(cost(&definitions, 90 * SECOND, 2 * HOUR), money("0.2"));
    assert_eq!(cost(&definitions, 0, 18 * SECOND), money("0.0005"));
    let late = Arc::new(late);
    assert_eq!(cost(&late, HOUR + 90 * SECOND, 2 * HOUR), money("0.1"));
    assert_eq!(cost(&late, HOUR / 2, 2 * HOUR), money("0.15"), "it registered before");
    assert_eq!(cost(&late, HOUR, HOUR + 18 * SECOND), Money::rounded(100_000_000_000, 60), "a start like any other");
}

#[test]
fn bil_010_a_planned_instance_that_is_stopped_or_terminated_pays_no_more() {
    let mut story = run(book());
    let instance = InstanceId::new(0);
    story.register_all().at(HOUR).power(instance, false);
    story.at(3 * HOUR).power(instance, true);
    story.at(4 * HOUR).gone(instance, TerminationReason::User).power(instance, false);
    story.status(0, InstanceStatus::Inactive).end(9 * HOUR);
    assert_eq!(story.total(), money("0.2"));
}

#[test]
fn a_planned_instance_that_a_failed_zone_kept_from_joining_pays_from_its_start() {
    let mut story = run(book());
    let instance = InstanceId::new(0);
    story.power(instance, false).at(HOUR).power(instance, true);
    story.at(HOUR + MINUTE).status(0, InstanceStatus::Active).end(3 * HOUR);
    assert_eq!(story.total(), money("0.2"));
}

/// EX-A21: launched at 10:00.
fn spot(launched: u64, after: u64, reason: TerminationReason, power_first: bool) -> Money {
    let mut story = run(no_volumes());
    let instance = story.at(launched).launch(0, Market::Spot);
    story.at(launched + after);
    if power_first {
        story.power(instance, false).gone(instance, reason);
    } else {
        story.gone(instance, reason).power(instance, false);
    }
    story.total()
}

#[test]
fn spt_012_and_ex_a21_the_first_hour_is_free_where_aws_ends_it() {
    for power_first in [false, true] {
        let aws = TerminationReason::SpotInterruption;
        assert_eq!(spot(10 * HOUR, 45 * MINUTE, aws, power_first), Money::ZERO);
        assert_eq!(spot(10 * HOUR, 45 * MINUTE, TerminationReason::User, power_first), money("0.027"));
        assert_eq!(spot(10 * HOUR, 130 * MINUTE, aws, power_first), money("0.078"));
        // One that is there at the start counts from then.
        assert_eq!(spot(0, 45 * MINUTE, aws, power_first), Money::ZERO);
    }
}

#[test]
fn bil_011_the_free_hour_is_a_switch_and_ends_with_a_stop() {
    let mut book = no_volumes();
    book.settings.spot_first_hour_free = false;
    let mut story = run(book);
    let instance = story.at(HOUR).launch(0, Market::Spot);
    story.at(HOUR + 45 * MINUTE).gone(instance, TerminationReason::SpotInterruption);
    assert_eq!(story.total(), money("0.027"));

    let mut story = run(no_volumes());
    let instance = story.at(HOUR).launch(0, Market::Spot);
    story.at(HOUR + 10 * MINUTE).power(instance, false).at(HOUR + 20 * MINUTE).power(instance, true);
    story.at(HOUR + 30 * MINUTE).gone(instance, TerminationReason::SpotInterruption);
    assert_eq!(story.total(), money("0.012"));
}

#[test]
fn spt_013_spot_instances_pay_the_price_of_their_pool_as_it_changes() {
    let mut story = run(no_volumes());
    let price = |nano_dollars| Fact::SpotPriceChanged { pool: PoolId::new(0), nano_dollars };
    story.fact(price(40_000_000));
    let (here, there) = (story.at(HOUR).launch(0, Market::Spot), story.launch(1, Market::Spot));
    let on_demand = story.launch(0, Market::OnDemand);
    assert_eq!(story.standing().hourly(|_| true), money("0.172"));
    story.at(2 * HOUR).fact(price(80_000_000));
    assert_eq!(story.standing().hourly(|_| true), money("0.212"));
    story.at(3 * HOUR).fact(price(0));
    let cost = |story: &Run, instance| story.ledger().instance_cost(instance, story.now).unwrap();
    assert_eq!(
        (cost(&story, here), cost(&story, there), cost(&story, on_demand)),
        (money("0.12"), money("0.072"), money("0.192"))
    );
    assert_eq!(story.standing().charges(&[Charge::Spot]), money("0.192"));
    story.end(4 * HOUR);
    assert_eq!(story.standing().charges(&[Charge::Spot]), money("0.2") + money("0.108"));
}

#[test]
fn bil_001_to_003_a_fargate_task_pays_from_its_pull_to_the_exit_of_its_containers() {
    let mut story = run(book());
    let waiting = story.at(SECOND).create_for(0, 1, Somewhere::Fargate(0));
    let (task, spot) = (story.fargate(0, 1), story.fargate(1, 2));
    let hour = money("0.04937");
    assert_eq!(story.standing().hourly(|_| true), hour + money("0.014811"));
    story.at(SECOND + 10 * MINUTE);
    for task in [task, spot] {
        story.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Running });
        story.ask_to_stop(task, StopReason::ScaleIn);
    }
    story.at(SECOND + HOUR - 500).fact(Fact::TaskExecutionStopped { task });
    story.fact(Fact::TaskExecutionStopped { task: spot });
    assert_eq!(story.ledger().task_cost(spot), Some(money("0.014811")));
    story.at(2 * HOUR).fact(Fact::TaskStatusChanged { task: spot, to: TaskStatus::Stopped });
    assert_eq!(story.ledger().task_cost(spot), Some(money("0.014811")));
    story.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Stopped });
    assert_eq!((story.ledger().task_cost(task), story.ledger().task_cost(spot)), (Some(hour), None));
    story.end(3 * HOUR);
    let standing = story.standing();
    assert_eq!(standing.charges(&[Charge::Fargate]), hour);
    assert_eq!((standing.service(ServiceId::new(0)), standing.service(ServiceId::new(1))), (hour, money("0.014811")));
    assert_eq!(standing.provider(ProviderId::new(2)), money("0.014811"));
    assert_eq!((standing.idle(), standing.total()), (Money::ZERO, hour + money("0.014811")));
    assert_eq!(story.ledger().task_cost(waiting), None, "its pull never began");
}

#[test]
fn bil_002_storage_beyond_the_free_gibs_is_a_charge_of_its_own() {
    let mut definitions = (*scenario().definitions()).clone();
    for definition in definitions.task_definitions.values_mut() {
        if let Some(size) = &mut definition.fargate {
            size.ephemeral_gib = 120;
        }
    }
    let mut story = start(&Arc::new(definitions), book());
    story.fargate(0, 2);
    story.end(10 * HOUR);
    let standing = story.standing();
    assert_eq!(standing.charges(&[Charge::FargateStorage]), money("0.111"));
    assert_eq!(standing.service(ServiceId::new(0)), money("0.111") + money("0.14811"));
}

#[test]
fn bil_004_a_savings_plan_is_settled_by_the_hour_while_the_run_goes_on() {
    let plan = SavingsPlan { commitment: money("0.05"), discount: Fraction::from_percent(50) };
    let mut book = no_volumes();
    book.discounts.savings_plan = Some(plan);
    let mut story = run(book);
    let instance = story.launch(0, Market::OnDemand);
    // An hour of 0.096: 0.048 of the commitment pay for it, 0.002 are lost. Then nothing, and 0.05 are lost.
    let hour = story.at(HOUR).standing();
    assert_eq!((hour.total(), hour.unused_commitment()), (money("0.05"), money("0.002")));
    story.gone(instance, TerminationReason::User);
    assert_eq!(story.standing().total(), money("0.05"));
    story.at(2 * HOUR);
    assert_eq!(story.total(), money("0.1"));
    let standing = story.end(2 * HOUR).standing();
    assert_eq!((standing.list(), standing.savings().savings_plan), (money("0.096"), money("0.048")));
    assert_eq!((standing.total(), standing.unused_commitment()), (money("0.1"), money("0.052")));
    assert_eq!(standing.idle(), money("0.048"));
}

#[test]
fn the_end_of_a_run_leaves_the_price_of_an_hour_as_it_was() {
    let mut story = run(no_volumes());
    let gone = story.at(HOUR).launch(0, Market::OnDemand);
    story.launch(0, Market::OnDemand);
    story.fargate(0, 1);
    story.gone(gone, TerminationReason::ScaleIn);
    let hour = money("0.096") + money("0.04937");
    assert_eq!(story.standing().hourly(|_| true), hour);
    assert_eq!(story.end(2 * HOUR).standing().hourly(|_| true), hour);
    assert_eq!(story.total(), hour + money("0.0016"), "that hour, and the first minute of the one that went");
}

#[test]
fn reservations_and_the_overall_discount_come_off_what_they_are_for() {
    let mut book = no_volumes();
    let (coverage, discount) = (Fraction::from_percent(50), Fraction::from_percent(40));
    book.discounts.reserved = vec![ReservedCoverage { family: "m5".to_owned(), coverage, discount }];
    book.discounts.overall = Fraction::from_percent(10);
    let mut story = run(book);
    story.register_all();
    let (_, _) = (story.launch(0, Market::OnDemand), story.launch(0, Market::Spot));
    let standing = story.at(HOUR).standing();
    // c4.large 0.1, m5.large 0.096 less 20 %, Spot 0.036; all less 10 %.
    assert_eq!((standing.list(), standing.total()), (money("0.232"), money("0.19152")));
    assert_eq!(standing.savings().reserved, money("0.0192"));
    story.end(HOUR);
    assert_eq!(story.total(), money("0.19152"));
}

#[test]
fn an_instance_is_shared_out_by_what_its_tasks_reserve() {
    let mut story = run(no_volumes());
    story.register_all().ask(0, 0, 1);
    // Half the instance from the start, the other half for the second hour.
    let api = story.place_service(0, 0);
    story.at(HOUR);
    let job = story.place_copy(0, 0, 0, 0);
    story.at(2 * HOUR).ask_to_stop(job, StopReason::UserInitiated(None));
    story.at(3 * HOUR).stopped(job);
    let cost = story.ledger().task_cost(job);
    let running = story.at(4 * HOUR).standing();
    story.end(4 * HOUR);
    let standing = story.standing();
    assert_eq!(standing.total(), money("0.4"));
    assert_eq!(standing.service(ServiceId::new(0)), money("0.2"));
    assert_eq!(standing.source(SourceId::new(0)), money("0.05"), "until it was asked to stop");
    assert_eq!((standing.idle(), standing.service(ServiceId::new(1))), (money("0.15"), Money::ZERO));
    assert_eq!((story.ledger().task_cost(api), cost), (Some(money("0.2")), Some(money("0.05"))));
    assert_eq!(running.total(), standing.total());
    assert_eq!(running.idle().round(8), standing.idle(), "shares of what is still open have eight digits");
    let titles = Titles::new(&story.observer.0, story.cluster.definitions()).readings(&standing);
    let names = titles.map(|reading| reading.iter().map(|row| format!("{} {:.2}", row.0, row.2)).collect::<Vec<_>>());
    assert_eq!(names[0], ["c4.large 0.40"]);
    assert_eq!(names[1], ["none (EC2 launch type) 0.40"]);
    assert_eq!(names[2], ["(idle) 0.15", "api 0.20", "family:job 0.05"]);
}

#[test]
fn a_task_has_its_share_until_its_instance_is_gone() {
    let mut story = run(book());
    let instance = story.at(HOUR).launch(0, Market::Spot);
    story.serves(instance);
    let task = story.create_for(0, 0, Somewhere::Nowhere);
    story.give(task, instance).at(3 * HOUR).gone(instance, TerminationReason::SpotInterruption);
    story.at(4 * HOUR).ask_to_stop(task, StopReason::HostTerminated(instance)).stopped(task);
    // Half of two hours of Spot and of two hours of volume.
    let cost = story.ledger().task_cost(task).unwrap();
    assert_eq!(format!("{cost:.8}"), "0.03933333");
    let standing = story.standing();
    assert_eq!(format!("{:.8}", standing.service(ServiceId::new(0))), "0.03933333");
    assert_eq!(format!("{:.8}", standing.idle()), "0.03933333");
}

#[test]
fn what_has_no_price_is_no_line_and_is_named() {
    let mut story = run(PriceBook::new("us-east-1"));
    story.register_all().status(0, InstanceStatus::Draining).status(0, InstanceStatus::Active);
    let _ = (story.launch(0, Market::OnDemand), story.launch(0, Market::Spot), story.launch(0, Market::Spot));
    let task = story.fargate(0, 1);
    story.at(HOUR).ask_to_stop(task, StopReason::ScaleIn).stopped(task).end(2 * HOUR);
    let unpriced: Vec<_> = story.ledger().unpriced().collect();
    assert_eq!(
        unpriced,
        [("Fargate LINUX/X86_64", 1), ("c4.large", 1), ("m5.large", 1), ("m5.large Spot", 2)],
        "each once"
    );
    let standing = story.standing();
    assert!(standing.is_empty() && standing.total() == Money::ZERO);
    assert_eq!(
        (story.ledger().task_cost(task), story.ledger().instance_cost(InstanceId::new(0), story.now)),
        (None, None)
    );
    let definitions = scenario().definitions();
    assert!(SharedLedger::new(&definitions, &Arc::new(PriceBook::new("us-east-1"))).is_none());
    assert!(SharedLedger::new(&definitions, &Arc::new(book())).is_some());
}

#[test]
fn an_external_instance_is_not_on_the_bill_of_aws() {
    let mut definitions = (*scenario().definitions()).clone();
    definitions.shapes.values_mut().for_each(|shape| shape.external = true);
    let mut story = start(&Arc::new(definitions), book());
    story.register_all().end(HOUR);
    assert!(story.standing().is_empty() && story.ledger().unpriced().next().is_none());
}

#[test]
fn every_price_that_was_used_says_where_it_is_from() {
    let mut story = run(book());
    story.register_all();
    let _ = (story.launch(0, Market::Spot), story.launch(1, Market::Spot));
    let notes: Vec<_> = story.ledger().notes().map(|note| (note.what.as_str(), note.estimate)).collect();
    assert_eq!(notes, [("m5.large Spot", true), ("EBS", false), ("c4.large", false)]);
}

#[test]
fn sharing_a_ledger_changes_nothing() {
    struct Three([SharedLedger; 3], Ledger);
    impl Observer for Three {
        fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
            self.1.observe(now, fact, cluster);
            for handle in &mut self.0 {
                handle.observe(now, fact, cluster);
                assert_eq!(handle.with(|ledger| ledger.standing(now).clone()), *self.1.standing(now));
            }
            self.0.rotate_left(1);
        }
    }
    let definitions = scenario().definitions();
    let shared = SharedLedger::new(&definitions, &Arc::new(book())).unwrap();
    let ledger = Ledger::new(&definitions, Arc::new(book()));
    let handles = [shared.clone(), shared.clone(), shared.clone()];
    let mut story = Story::new(&definitions, Three(handles, ledger));
    story.register_all().associate_all().create_service(0);
    let instance = story.at(HOUR).launch(0, Market::Spot);
    story.serves(instance).at(2 * HOUR).place_service(0, 0);
    story.at(3 * HOUR).terminates(instance, TerminationReason::SpotInterruption);
    shared.end(story.now);
    let total = shared.with(|ledger| ledger.standing(SimTime::from_ms(3 * HOUR)).total());
    assert!(total > money("0.3"));
}

/// A step of a random run: what, on which, in which way, and after how long.
type Step = (u8, u8, u8, u64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![Just(0), 0..3_000_u64, 0..9_000_000_u64];
    prop::collection::vec((0..12_u8, any::<u8>(), any::<u8>(), wait), 0..60)
}

fn pick<T: Copy>(list: &[T], at: u8) -> Option<T> {
    if list.is_empty() { None } else { list.get(usize::from(at) % list.len()).copied() }
}

impl Run {
    fn step(&mut self, &(what, which, how, wait): &Step) {
        let now = self.now.ms() + wait;
        self.at(now);
        let there = |of: fn(&ecsim_cluster::Instance) -> bool, story: &Self| -> Vec<InstanceId> {
            story.cluster.instances().values().filter(|row| of(row)).map(|row| row.id).collect()
        };
        let tasks = |of: fn(&Task) -> bool, story: &Self| -> Vec<TaskId> {
            let mut ids: Vec<_> = story.cluster.tasks().iter().filter(|row| of(row)).map(|row| row.id).collect();
            ids.sort_unstable();
            ids
        };
        match what {
            0 | 1 => {
                let market = if how % 2 == 0 { Market::Spot } else { Market::OnDemand };
                self.launch(u32::from(which % 2), market);
            }
            2 => {
                let ready = there(|row| row.status == InstanceStatus::Absent && row.terminated_at.is_none(), self);
                if let Some(instance) = pick(&ready, which) {
                    self.fact(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
                }
            }
            3 => {
                if let Some(instance) = pick(&there(|row| row.terminated_at.is_none(), self), which) {
                    let running = self.cluster.instances()[instance].host_running;
                    self.power(instance, !running);
                }
            }
            4 => {
                if let Some(instance) = pick(&there(|row| row.terminated_at.is_none(), self), which) {
                    let reasons = [TerminationReason::SpotInterruption, TerminationReason::User];
                    let reason = reasons[usize::from(how % 2)];
                    if how & 2 == 0 && self.cluster.instances()[instance].host_running {
                        self.power(instance, false);
                    }
                    self.gone(instance, reason);
                }
            }
            5 | 6 => {
                let need = self.cluster.definitions().task_definitions[TaskDefinitionId::new(0)].requirements.least();
                let rows = self.cluster.instances().values();
                let rows = rows.filter(|row| row.can_receive() && row.terminated_at.is_none());
                let room: Vec<_> = rows.filter(|row| row.remaining.holds(need)).map(|row| row.id).collect();
                let Some(instance) = pick(&room, which) else { return };
                match how % 3 {
                    0 => {
                        self.place_copy(0, u32::from(how), 0, instance.get());
                    }
                    1 => {
                        self.place_service(u32::from(how / 3 % 2), instance.get());
                    }
                    _ => {
                        let task = self.create_for(u32::from(how / 3 % 2), 0, Somewhere::Nowhere);
                        self.give(task, instance);
                    }
                }
            }
            7 => {
                self.create_for(u32::from(how % 2), 1 + u32::from(which % 2), Somewhere::Fargate(0));
            }
            8 => {
                let pulling = tasks(|row| row.is_fargate() && !row.execution_stopped, self);
                if let Some(task) = pick(&pulling, which) {
                    self.fact(Fact::ImagePullStarted { task });
                }
            }
            9 => {
                if let Some(task) = pick(&tasks(Task::is_live, self), which) {
                    self.ask_to_stop(task, StopReason::ScaleIn);
                }
            }
            10 => {
                if let Some(task) = pick(&tasks(|row| !row.is_live(), self), which) {
                    self.stopped(task);
                }
            }
            _ => {
                let nano_dollars = u64::from(how) * 1_234_567;
                self.fact(Fact::SpotPriceChanged { pool: PoolId::new(u32::from(which % 2)), nano_dollars });
            }
        }
    }
}

proptest! {
    #[test]
    fn bil_every_fact_of_a_random_run_leaves_books_that_agree(
        steps in steps(),
        early in any::<bool>(),
        pending in 0..20_u64,
        contracts in any::<bool>(),
    ) {
        let mut definitions = (*scenario().definitions()).clone();
        definitions.release_at_desired_stopped = early;
        let mut book = book();
        book.settings.instance_pending = Span::from_secs(pending);
        if contracts {
            let plan = SavingsPlan { commitment: money("0.07"), discount: Fraction::from_percent(30) };
            let (coverage, discount) = (Fraction::from_percent(33), Fraction::from_percent(41));
            book.discounts.savings_plan = Some(plan);
            book.discounts.reserved = vec![ReservedCoverage { family: "m5".to_owned(), coverage, discount }];
            book.discounts.overall = Fraction::from_percent(7);
        }
        let mut story = start(&Arc::new(definitions), book);
        for step in &steps {
            story.step(step);
            // What is read as the run goes on agrees with itself, too.
            let standing = story.standing();
            prop_assert!(standing.bill().adds_up());
        }
        let end = story.now.ms();
        story.end(end);
        let standing = story.standing();
        let tasks: Money = story.cluster.tasks().iter().filter_map(|row| story.ledger().task_cost(row.id)).sum();
        prop_assert!(!tasks.is_negative() && standing.bill().adds_up());
    }
}
