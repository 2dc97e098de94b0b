//! A hand-made run and what it comes to.

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::{HeldBack, TerminationReason};
use ecsim_cluster::scaling::Decision;
use ecsim_cluster::{
    AsgId, Fact, InstanceId, Market, Rejection, ServiceId, SourceId, StopReason, TaskStatus, Unprovisioned,
};
use std::sync::Arc;

use ecsim_kernel::SimTime;

use super::*;
use crate::cost::savings_plan::SavingsPlan;
use crate::cost::{Fraction, Money, PriceBook, SharedLedger};
use crate::metrics::fixture::{Names, Place, Story};

fn summary() -> Summary {
    let definitions = Names {
        instances: vec![("A1", "us-east-1a", 4_096, 8_192, 0), ("B1", "us-east-1b", 4_096, 8_192, 0)],
        families: vec![("job", 1_024, 4_096, 0)],
        services: vec![("web", 0, 2)],
        sources: vec!["jobs", "never"],
        ..Names::default()
    }
    .definitions();
    let mut story = Story::new(&definitions, SummaryBuilder::new(&definitions));
    story.register_all().create_service(0).ask(0, 0, 3);
    let jobs = [story.place_copy(0, 0, 0, 0), story.place_copy(0, 1, 0, 0)];
    story.unplaced(0, 2, &[Rejection::Memory, Rejection::MemberOf], 0);
    story.fact(Fact::RequestQueued { source: SourceId::new(0), ordinal: 2 });
    story.at(1_000);
    let web = [story.place_service(0, 1), story.place_service(0, 1)];
    story.fact(Fact::TaskAdmitted { task: jobs[0] });
    story.fact(Fact::ImagePullStarted { task: jobs[0] });
    story.at(5_000).fact(Fact::ImagePullStopped { task: jobs[0] });
    story.at(6_000).run_on(jobs[0]);
    story.at(10_000).run(jobs[1]).run(web[0]).run(web[1]);
    story.at(60_000).period();
    story.exits(jobs[0], 0);
    let third = story.place_copy(0, 2, 0, 0);
    story.at(70_000).run(third);
    story.ask_to_stop(web[0], StopReason::HostTerminated(InstanceId::new(1)));
    let closest = Some((InstanceId::new(0), Rejection::Memory));
    story.fact(Fact::ServiceEvent { service: ServiceId::new(0), event: ServiceEvent::PlacementFailed { closest } });
    story.at(120_000).period().end(120_000);
    let (now, cluster) = (story.now, story.cluster);
    story.observer.finish(now, &cluster)
}

impl Story<SummaryBuilder> {
    fn run_on(&mut self, task: ecsim_cluster::TaskId) -> &mut Self {
        self.fact(Fact::TaskStatusChanged { task, to: ecsim_cluster::TaskStatus::Running })
    }
}

#[test]
fn the_numbers() {
    let summary = summary();
    let tasks = &summary.tasks;
    assert_eq!((tasks.requested, tasks.placed, tasks.started, tasks.running), (6, 5, 5, 3));
    assert_eq!(
        (tasks.waiting, tasks.missing, tasks.dropped, tasks.stopped, tasks.stopping, tasks.lost),
        (0, 1, 0, 1, 1, 1)
    );
    assert_eq!(tasks.exit_codes, [Count { name: "0".into(), count: 1 }]);
    assert_eq!(tasks.stop_codes.len(), 2);
    let placement = &summary.placement;
    assert_eq!(placement.failed_attempts, 1);
    assert_eq!(placement.closest_reasons[0].name, "MemberOf placement constraint unsatisfied.");
    assert_eq!(placement.reasons.len(), 2);
    assert_eq!(placement.free_when_failed[0], Free { resource: "memory", percent: 50.0 });
    assert_eq!(placement.zones[0].free[0], Free { resource: "memory", percent: 0.0 });
    // jobs: 6 s, 10 s, and 70 s of which 60 s waiting; web: 10 s each.
    let times = &summary.time_to_running;
    assert_eq!((times.tasks, times.total.p50, times.total.max), (5, Some(10.0), Some(70.0)));
    assert_eq!((times.waiting.p50, times.waiting.max), (Some(1.0), Some(60.0)));
    assert_eq!((times.pulling.max, times.queued.max), (Some(4.0), Some(10.0)));
    let memory = &summary.capacity[1];
    assert_eq!(memory.resource, "memory");
    // Running: 0 to 6 s, 4,096 to 10 s, 16,384 to 60 s, 12,288 to 120 s (at 70 s one came and one went).
    let mean = (4_096.0 * 4.0 + 16_384.0 * 50.0 + 12_288.0 * 60.0) / (16_384.0 * 120.0) * 100.0;
    assert!((memory.reservation.mean - mean).abs() < 0.01, "{} {mean}", memory.reservation.mean);
    assert_eq!((memory.reservation.peak, memory.reservation.last), (100.0, Some(75.0)));
    assert_eq!(memory.reservation.series.len(), 2);
    assert_eq!(summary.capacity.len(), 3, "nobody registered a GPU");
    assert_eq!((summary.instances.registered, summary.instances.used_peak), (2, 2));
    let web = &summary.services[0];
    assert_eq!((web.desired_count, web.running_count, web.min_running_count), (2, 1, Some(1)));
    assert!((web.below_desired_seconds - 60.0).abs() < 1e-9);
    assert!(web.last_event.as_ref().unwrap().contains("insufficient memory available"));
    assert_eq!(summary.workload.len(), 1, "who never asked is left out");
    assert_eq!(summary.workload[0].time_to_running.waiting.max, Some(60.0));
}

#[test]
fn it_is_printed_within_the_width_and_with_or_without_colours() {
    let summary = summary();
    for width in [60, 100, 160] {
        let text = summary.render(Style { width, unicode: true, color: false });
        assert!(text.lines().all(|line| line.chars().count() <= width.max(100)), "{text}");
        assert!(!text.contains('\x1b'));
    }
    let text = summary.render(Style::default());
    for part in
        ["Tasks", "Where it was tight", "Time to RUNNING", "Capacity", "Services", "Workload", "insufficient memory"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(summary.render(Style { color: true, ..Style::default() }).contains('\x1b'));
    assert!(summary.render(Style { unicode: false, ..Style::default() }).is_ascii());
    let json = serde_json::to_string(&summary).unwrap();
    assert!(json.contains("\"timeToRunning\":{\"tasks\":5"));
    assert!(json.contains("\"minRunningCount\":1"));
}

#[test]
fn what_has_no_capacity_of_its_own_says_nothing_of_it() {
    let summary = summary();
    assert_eq!(summary.fleet, None);
    assert!(!summary.render(Style::default()).contains("Scaling\n"));
    assert!(!serde_json::to_string(&summary).unwrap().contains("fleet"));
}

#[test]
fn cas_008_and_spt_006_scaling_waiting_and_losses() {
    let definitions = Names {
        families: vec![("job", 1_024, 2_048, 0)],
        services: vec![("web", 0, 3)],
        groups: vec![("spot", 0, 10, 1, vec!["us-east-1a"])],
        providers: vec![("cp", Some(0)), ("FARGATE", None)],
        ..Names::default()
    }
    .definitions();
    let mut story = Story::new(&definitions, SummaryBuilder::new(&definitions));
    story.associate_all().create_service(0);
    let (first, second) = (story.create_for(0, 0, Place::Nowhere), story.create_for(0, 0, Place::Nowhere));
    let group = AsgId::new(0);
    story.at(60_000).fact(Fact::ScalingDecided { group, from: 1, to: 3, decision: Decision::User });
    story.fact(Fact::DesiredCapacityChanged { group, to: 3 });
    let instance = story.launch(0, Market::Spot);
    story.at(120_000).serves(instance).give(first, instance).run(first);
    let fargate = story.create_for(0, 1, Place::Fargate(0));
    story.fact(Fact::TaskStatusChanged { task: fargate, to: TaskStatus::Running });
    story.fact(Fact::SpotInterruptionNoticed { instance, reclaimed_at: SimTime::from_ms(240_000) });
    let gave_up = StopReason::NoCapacity(Unprovisioned::NoActiveInstances);
    story.at(180_000).ask_to_stop(second, gave_up);
    story.at(240_000).ask_to_stop(first, StopReason::HostTerminated(instance));
    story.terminates(instance, TerminationReason::SpotInterruption);
    story.end(300_000);
    let (now, cluster) = (story.now, story.cluster);
    let summary = story.observer.finish(now, &cluster);
    let fleet = summary.fleet.as_ref().unwrap();
    let spot = &fleet.auto_scaling_groups[0];
    // 1 for 60 s, 3 for 240 s; in service from 120 s to 240 s.
    let desired = Range { min: 1.0, mean: 2.6, max: 3.0, last: 3.0 };
    assert_eq!((spot.desired_capacity, spot.in_service.mean, spot.in_service.max), (desired, 0.4, 1.0));
    assert_eq!((spot.launches, spot.interruptions_noticed, spot.interruptions_reclaimed), (1, 1, 1));
    assert_eq!((fleet.scale_outs, fleet.scale_ins, fleet.launch_failures), (1, 0, 0));
    assert_eq!((fleet.tasks_lost_to_spot, fleet.tasks_lost_otherwise, fleet.tasks_drained), (1, 0, 0));
    let waited = &fleet.waited_for_capacity;
    assert_eq!((waited.got_capacity, waited.gave_up, waited.waiting, waited.waiting_peak), (1, 1, 0, 2));
    assert_eq!((waited.time.p50, waited.time.max), (Some(120.0), Some(180.0)));
    assert_eq!((fleet.capacity_providers[0].placed, fleet.capacity_providers[0].lost), (1, 1));
    let fargate = fleet.fargate.as_ref().unwrap();
    assert_eq!((fargate.tasks, fargate.vcpu.mean, fargate.vcpu.last), (1, 0.6, 1.0));

    let text = summary.render(Style::default());
    for part in [
        "Scaling",
        "scale-outs 1   scale-ins 0   launches 1   launch failures 0",
        "  min / mean / max      desired   in service  launches  failed  Spot notices  reclaimed",
        "  spot              1 / 2.6 / 3  0 / 0.4 / 1         1       0             1          1",
        "tasks drained 0   lost to Spot 1   lost otherwise 0   work lost 2m\n",
        "waited for capacity 2   p50 2m   p95 3m   max 3m   gave up 1   still waiting 0\n",
        "Fargate tasks 1   running 0.6 mean, 1 peak   vCPU 0.6 mean, 1 peak   Spot interruptions 0",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let json = serde_json::to_string(&summary).unwrap();
    assert!(json.contains("\"waitedForCapacity\":{\"gotCapacity\":1,\"gaveUp\":1"), "{json}");
}

#[test]
fn fgp_002_and_fgt_010_what_refused_a_call_is_named_where_it_was_no_instance() {
    let definitions =
        Names { families: vec![("job", 256, 512, 0)], sources: vec!["jobs"], ..Names::default() }.definitions();
    let mut story = Story::new(&definitions, SummaryBuilder::new(&definitions));
    story.ask(0, 0, 2);
    for (ordinal, by) in [(0, HeldBack::FargateCapacity), (1, HeldBack::FargateQuota)] {
        let rejections = ecsim_cluster::RejectionCounts::default();
        let (source, count, closest, held_back) = (SourceId::new(0), 1, None, Some(by));
        story.fact(Fact::RequestUnplaced { source, ordinal, count, rejections, closest, held_back });
    }
    story.end(60_000);
    let (now, cluster) = (story.now, story.cluster);
    let text = story.observer.finish(now, &cluster).render(Style::default());
    assert!(text.contains("failed on: vCPU quota of Fargate 1 · no capacity on Fargate 1"), "{text}");
    assert!(!text.contains("no container instances") && !text.contains("free when it failed"), "{text}");
}

#[test]
fn a_run_on_fargate_says_nothing_of_instances_and_what_never_changed_is_one_number() {
    let range = |min, mean, max| Range { min, mean, max, last: max };
    let quiet = GroupSummary { desired_capacity: range(30.0, 30.0, 30.0), ..GroupSummary::default() };
    let fleet = Fleet {
        auto_scaling_groups: vec![GroupSummary { auto_scaling_group_name: "web".into(), ..quiet }],
        tasks_held_back: 13,
        fargate: Some(FargateSummary {
            running: range(0.0, 1_741.4, 2_200.0),
            vcpu: range(0.0, 0.6, 1.75),
            ..FargateSummary::default()
        }),
        ..Fleet::default()
    };
    let service = ServiceSummary {
        service_name: "web".into(),
        desired_count: 2,
        last_event_seconds: Some(1.0),
        last_event: Some("(service web) has started 1 tasks: (task 1).".into()),
        ..ServiceSummary::default()
    };
    let cost = Some(Cost { total: 1.0, fargate: 1.0, ..Cost::default() });
    let summary = Summary { fleet: Some(fleet), services: vec![service], cost, ..Summary::default() };
    let text = summary.render(Style::default());
    assert!(!text.contains("Capacity\n") && !text.contains("idle") && !text.contains("has started"), "{text}");
    assert!(!text.contains("waited for capacity") && text.contains("  attempts held back 13\n"), "{text}");
    assert!(text.contains("  web                    30           0 "), "{text}");
    assert!(text.contains("running 1,741 mean, 2,200 peak   vCPU 0.6 mean, 1.75 peak"), "{text}");
    // Managed Instances have no group, and are launched all the same.
    let fleet = Some(Fleet { launches: 3, ..Fleet::default() });
    let text = Summary { fleet, ..Summary::default() }.render(Style::default());
    assert!(text.contains("scale-outs 0   scale-ins 0   launches 3"), "{text}");
}

/// Two hours of a planned instance that a service half fills, and an hour of Spot.
fn costs(change: fn(&mut PriceBook)) -> Option<Cost> {
    let definitions = Names {
        instances: vec![("A1", "us-east-1a", 2_048, 4_096, 0)],
        families: vec![("job", 1_024, 2_048, 0)],
        services: vec![("web", 0, 1)],
        groups: vec![("spot", 0, 9, 0, vec!["us-east-1a"])],
        providers: vec![("cp", Some(0))],
        ..Names::default()
    }
    .definitions();
    let mut book = crate::cost::ledger::tests::book();
    change(&mut book);
    let costs = SharedLedger::new(&definitions, &Arc::new(book));
    let mut story = Story::new(&definitions, SummaryBuilder::new(&definitions).with_costs(costs.as_ref()));
    story.associate_all().register_all().create_service(0).place_service(0, 0);
    let instance = story.at(1_000).launch(0, Market::Spot);
    story.at(3_601_000).fact(Fact::InstanceTerminated { instance, reason: TerminationReason::User });
    story.end(7_200_000);
    let (now, cluster) = (story.now, story.cluster);
    let summary = story.observer.finish(now, &cluster);
    let text = summary.render(Style::default());
    assert_eq!(text.contains("\nCost\n"), summary.cost.is_some(), "{text}");
    summary.cost
}

fn page(cost: &Cost) -> String {
    let cost = Some(cost.clone());
    let text = Summary { cost, region: "eu-west-1".into(), ..Summary::default() }.render(Style::default());
    text.split("\nCost\n").nth(1).unwrap().to_owned()
}

#[test]
fn bil_010_what_it_costs_in_a_few_lines() {
    let cost = costs(|_| ()).unwrap();
    assert_eq!((cost.currency, cost.total, cost.list_price), ("USD", 0.239333, 0.239333));
    assert_eq!((cost.on_demand, cost.spot, cost.fargate, cost.volumes), (0.2, 0.036, 0.0, 0.003333));
    assert_eq!((cost.idle, cost.mean_per_hour), (0.139333, 0.119667));
    assert_eq!(
        page(&cost),
        "  total $0.2393   per hour $0.1197   on demand $0.2000   Spot $0.0360   EBS $0.0033\n  \
           idle $0.1393 (58.2 %)\n  \
           by capacity provider: none (EC2 launch type) $0.2000 · cp $0.0393\n  \
           by service: web $0.1000\n  \
           prices in eu-west-1 are estimates: on demand less the advisor's savings (m5.large Spot)\n"
    );
    let json = serde_json::to_value(&cost).unwrap();
    assert_eq!(json["byService"][0]["name"], "web");
    assert_eq!(json["byResourceType"].as_array().unwrap().len(), 3);
    assert_eq!(json["priceNotes"][1]["estimate"], false);
}

#[test]
fn bil_004_contracts_and_missing_prices_are_named() {
    let cost = costs(|book| {
        book.discounts.savings_plan =
            Some(SavingsPlan { commitment: Money::parse("0.06").unwrap(), discount: Fraction::from_percent(50) });
        book.discounts.overall = Fraction::from_percent(10);
    })
    .unwrap();
    assert_eq!((cost.savings.savings_plan, cost.unused_commitment), (0.1, 0.018));
    let text = page(&cost);
    let saved = "saved by reservations";
    assert!(
        !text.contains(saved) && text.contains("saved by the Savings Plan $0.1000   saved by the discount"),
        "{text}"
    );
    assert!(text.contains("commitment lost $0.0180"), "{text}");

    // Only Spot has a price: the planned instance is named.
    let cost = costs(|book| {
        let mut bare = PriceBook::new("us-east-1");
        let quote = book.spot("m5.large", "us-east-1a").unwrap().clone();
        bare.set_spot("m5.large", None, quote);
        *book = bare;
    })
    .unwrap();
    assert_eq!((cost.total, cost.without_price.len()), (0.036, 1));
    assert!(page(&cost).contains("without a price, not counted here: c4.large 1"), "{}", page(&cost));
    assert_eq!(costs(|book| *book = PriceBook::new("us-east-1")), None);
}

#[test]
fn large_amounts_are_grouped_and_small_ones_have_four_decimals() {
    let row = |name: &str, amount| Amount { name: name.to_owned(), amount };
    let cost = Cost {
        currency: "USD",
        currency_symbol: "$",
        total: 1_234_567.891,
        by_service: (0..9).map(|at| row(&format!("s{at}"), f64::from(at) * 1_000.0)).collect(),
        ..Cost::default()
    };
    let text = page(&cost);
    assert!(text.contains("total $1,234,567.89   per hour $0.0000\n"), "{text}");
    assert!(text.contains("by service: s8 $8,000.00 · s7 $7,000.00 · s6 $6,000.00 · s5 $5,000.00 ·"), "{text}");
    assert!(text.contains("3 more"), "{text}");
}
