//! The worked examples of spec/11 through the whole engine: each asserts what is written there, to the millisecond.
//!
//! A controller reacts 1 ms after a fact at the earliest, so "at once" is 1 ms later here.

mod kit;

use ecsim_cluster::definitions::NetworkMode;
use ecsim_cluster::fact::CallError;
use ecsim_cluster::{
    Fact, GpuNeed, InstanceId, InstanceStatus, Port, Protocol, Rejection, Requirements, Resources, ServiceId, SourceId,
    StopReason, TaskDefinitionId, TaskStatus,
};
use ecsim_engine::builder::{Builder, TASK_ENI, constant};
use ecsim_engine::model::{Arrivals, Call, TaskSelector, WhenUnplaced};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::settings::TieBreak;
use kit::{Run, arrange, at, caller, fleet, named, regroup, run_task, scale, secs, set_status, start_on, stop_oldest};

const ZONES: &str = "spread(attribute:ecs.availability-zone)";
const SEEDS: u64 = 50;

/// The model with random ties, once a seed.
fn any_mode(make: impl Fn(&mut Builder), check: impl Fn(&Run)) {
    for seed in 0..SEEDS {
        let mut builder = Builder::new();
        builder.seed = seed;
        builder.settings.placement_tie_break = TieBreak::Random;
        make(&mut builder);
        check(&Run::whole(builder));
    }
}

/// The model with ordinal ties.
fn ordinal(make: impl Fn(&mut Builder)) -> Run {
    let mut builder = Builder::new();
    make(&mut builder);
    Run::whole(builder)
}

/// A task of nobody's interest that takes so much of an instance.
fn fill(builder: &mut Builder, instance: InstanceId, cpu: u32, memory: u32) -> SourceId {
    let name = format!("fill-{}", builder.definitions().sources.len());
    let definition = builder.task_definition(&name, Builder::needs(cpu, memory));
    let source = caller(builder, &name, definition, &[]);
    start_on(builder, 0, source, &[instance]);
    source
}

const fn tcp(number: u16) -> Port {
    Port { protocol: Protocol::Tcp, number }
}

const fn udp(number: u16) -> Port {
    Port { protocol: Protocol::Udp, number }
}

// proves: PLC-032, PLC-003
#[test]
fn px_01_default_service_strategy() {
    let make = |builder: &mut Builder| {
        fleet(
            builder,
            &[("A1", "a", 4096, 8000), ("A2", "a", 4096, 8000), ("B1", "b", 4096, 8000), ("C1", "c", 4096, 8000)],
        );
        let web = builder.task_definition("web", Builder::needs(256, 512));
        let default = builder.service_default(&[]);
        builder.service("web", web, 6, default);
    };
    let service = ServiceId::new(0);
    let all = [0, 1, 2, 3].map(InstanceId::new);
    let run = ordinal(make);
    assert_eq!(run.service_places(service, 0), ["A1", "B1", "C1", "A2", "B1", "C1"]);
    assert_eq!(run.counts(service, &all), [1, 1, 2, 2]);
    any_mode(make, |run| assert_eq!(run.counts(service, &all), [1, 1, 2, 2]));
}

// proves: PLC-024, PLC-032, PLC-033
#[test]
fn px_02_no_strategy_versus_explicit_zone_spread() {
    let service = ServiceId::new(0);
    let make = |explicit: bool| {
        move |builder: &mut Builder| {
            let all = fleet(
                builder,
                &[("A1", "a", 4096, 8000), ("A2", "a", 4096, 8000), ("B1", "b", 4096, 8000), ("C1", "c", 4096, 8000)],
            );
            let web = builder.task_definition("web", Builder::needs(64, 128));
            let placement = if explicit { builder.rules(&[ZONES], &[]) } else { builder.service_default(&[]) };
            let web_service = builder.service("web", web, 0, placement);
            builder.service("other", web, 0, placement);
            let other = ServiceId::new(1);
            let next = arrange(builder, other, &all, &[all[2]; 9]);
            assert!(next < 20);
            let others = named(&[all[1], all[2], all[3]]);
            builder.call(at(20), Call::DisconnectAgent { instances: others, duration: Some(Span::from_ms(500)) });
            builder.call(at(20), scale(web_service, 1));
            builder.call(at(30), scale(web_service, 4));
        }
    };
    assert_eq!(ordinal(make(false)).service_places(service, 0), ["A1", "B1", "C1", "A2"]);
    assert_eq!(ordinal(make(true)).service_places(service, 0), ["A1", "B1", "C1", "A1"]);
    let mut thirds = std::collections::BTreeSet::new();
    for seed in 0..SEEDS {
        let mut builder = Builder::new();
        builder.seed = seed;
        builder.settings.placement_tie_break = TieBreak::Random;
        make(true)(&mut builder);
        let run = Run::whole(builder);
        let mut places = run.service_places(service, 30_000);
        thirds.insert(places.pop().unwrap().to_owned());
        places.sort_unstable();
        assert_eq!(places, ["B1", "C1"]);
    }
    assert_eq!(thirds.into_iter().collect::<Vec<_>>(), ["A1", "A2", "B1", "C1"]);
}

// proves: PLC-028, PLC-005
#[test]
fn px_03_binpack_uses_absolute_remaining_memory() {
    let source = SourceId::new(3);
    let make = |builder: &mut Builder| {
        let all = fleet(builder, &[("i1", "a", 9999, 2000), ("i2", "a", 9999, 16_000), ("i3", "a", 9999, 8000)]);
        for (instance, memory) in [(all[0], 1100), (all[1], 14_500), (all[2], 5000)] {
            fill(builder, instance, 0, memory);
        }
        let job = builder.task_definition("job", Builder::needs(0, 600));
        let jobs = caller(builder, "jobs", job, &["binpack(memory)"]);
        builder.source_mut(jobs).count = 5;
        run_task(builder, jobs, &[1]);
    };
    let check = |run: &Run| {
        assert_eq!(run.places(source), ["i1", "i2", "i2", "i3", "i3"]);
        let left: Vec<u32> = run.cluster().instances().values().map(|row| row.remaining.memory).collect();
        assert_eq!(left, [300, 300, 1800]);
    };
    check(&ordinal(make));
    any_mode(make, check);
}

// proves: PLC-021, PLC-023, PLC-028
#[test]
fn px_04_zone_spread_then_binpack_with_a_tie_between_zones() {
    let source = SourceId::new(0);
    let make = |builder: &mut Builder| {
        fleet(
            builder,
            &[("A1", "a", 9999, 4000), ("A2", "a", 9999, 2000), ("B1", "b", 9999, 3000), ("B2", "b", 9999, 3500)],
        );
        let job = builder.task_definition("job", Builder::needs(0, 1000));
        let jobs = caller(builder, "jobs", job, &[ZONES, "binpack(memory)"]);
        builder.source_mut(jobs).count = 5;
        run_task(builder, jobs, &[1]);
    };
    let check = |run: &Run| assert_eq!(run.places(source), ["A2", "B1", "A2", "B1", "B1"]);
    check(&ordinal(make));
    any_mode(make, check);
}

// proves: PLC-023, PLC-024
#[test]
fn px_05_spread_over_instances_counts_only_the_services_own_tasks() {
    let service = ServiceId::new(0);
    let make = |builder: &mut Builder| {
        let all = fleet(builder, &[("i1", "a", 4096, 8000), ("i2", "a", 4096, 8000), ("i3", "a", 4096, 8000)]);
        let web = builder.task_definition("web", Builder::needs(64, 128));
        let spread = builder.rules(&["spread(instanceId)"], &[]);
        builder.service("web", web, 0, spread);
        let next = arrange(builder, service, &all, &[all[2]]);
        let other = caller(builder, "other", web, &[]);
        regroup(builder, other, "other");
        start_on(builder, 0, other, &[all[0]; 5]);
        builder.call(at(next), scale(service, 4));
    };
    assert_eq!(ordinal(make).service_places(service, 2_000), ["i1", "i2", "i1"]);
    any_mode(make, |run| {
        let mut places = run.service_places(service, 2_000);
        assert_eq!(places.len(), 3);
        places.truncate(2);
        places.sort_unstable();
        assert_eq!(places, ["i1", "i2"]);
    });
}

// proves: PLC-024, PLC-030
#[test]
fn px_06_task_group_of_standalone_tasks() {
    let run = ordinal(|builder| {
        let all = fleet(builder, &[("A1", "a", 4096, 8000), ("B1", "b", 4096, 8000), ("C1", "c", 4096, 8000)]);
        let job = builder.task_definition("job", Builder::needs(64, 128));
        let default = builder.service_default(&[]);
        let web = builder.service("web", job, 0, default);
        let next = arrange(builder, web, &all, &[all[0]; 3]);
        let jobs = caller(builder, "jobs", job, &[ZONES]);
        builder.source_mut(jobs).count = 3;
        run_task(builder, jobs, &[next]);
    });
    assert_eq!(run.places(SourceId::new(0)), ["A1", "B1", "C1"]);
}

// proves: PLC-041, FLR-010, PLC-008
#[test]
fn px_07_distinct_instance_caps_the_count() {
    let service = ServiceId::new(0);
    let run = ordinal(|builder| {
        fleet(builder, &[("i1", "a", 65_536, 99_999), ("i2", "b", 65_536, 99_999), ("i3", "b", 65_536, 99_999)]);
        let web = builder.task_definition("web", Builder::needs(64, 128));
        let default = builder.service_default(&["distinctInstance"]);
        builder.service("web", web, 4, default);
        builder.call(at(200), scale(service, 3));
    });
    assert_eq!(run.service_places(service, 0), ["i1", "i2", "i3"]);
    let said = run.said(service);
    let failed: Vec<&(u64, String)> = said.iter().filter(|(_, text)| text.contains("unable to place")).collect();
    assert_eq!(failed.len(), 1, "{said:?}");
    assert!(
        failed[0].1.contains(
            "The closest matching (container-instance i1) encountered error \"DistinctInstance placement constraint unsatisfied.\"."
        ),
        "{failed:?}"
    );
    assert!(said.contains(&(200_001, "(service web) has reached a steady state.".to_owned())), "{said:?}");
    assert!(run.service_unplaced(service).iter().all(|(time, _, _)| *time < 200_000), "scale-in to 3 clears it");
}

// proves: PLC-042, RES-014
#[test]
fn px_08_distinct_instance_looks_at_desired_status() {
    let service = ServiceId::new(0);
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("i1", "a", 4096, 8000), ("i2", "b", 4096, 8000)]);
    let web = builder.task_definition("web", Builder::needs(64, 128));
    builder.behavior_mut(web).containers[0].stop = constant(20.0);
    let default = builder.service_default(&["distinctInstance"]);
    builder.service("web", web, 0, default);
    arrange(&mut builder, service, &all, &[all[0], all[1]]);
    let on_i1 = TaskSelector { instance: Some(all[0]), ..TaskSelector::default() };
    builder.call(at(10), Call::StopTask { tasks: on_i1, reason: None });
    builder.call(at(11), scale(service, 3));
    let mut run = Run::new(builder);
    run.to(at(12));
    assert_eq!(run.service_places(service, 10_000), ["i1"]);
    let row = &run.cluster().instances()[all[0]];
    assert_eq!(row.tasks.len(), 2, "two tasks are there for a moment");
    assert!(row.tasks.iter().all(|task| !run.cluster().task(*task).execution_stopped));
    let (time, reasons, _) = run.service_unplaced(service)[0];
    assert_eq!((time, reasons.of(Rejection::DistinctInstance), reasons.total()), (11_001, 2, 2));
    run.finish();
}

/// T0 with tcp/80 on the only instance; then one more task, 10 s later; perhaps T0 is stopped before.
fn beside_port_80(change: impl Fn(&mut Builder, TaskDefinitionId), stop_first: bool) -> Run {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("i", "a", 4096, 8000)]);
    let first = builder.task_definition("first", Builder::needs(64, 128));
    builder.task_definition_mut(first).ports = vec![tcp(80)];
    builder.behavior_mut(first).containers[0].stop = constant(20.0);
    let first = caller(&mut builder, "first", first, &[]);
    run_task(&mut builder, first, &[1]);
    if stop_first {
        stop_oldest(&mut builder, 10, first);
    }
    let second = builder.task_definition("second", Builder::needs(64, 128));
    change(&mut builder, second);
    let second = caller(&mut builder, "second", second, &[]);
    run_task(&mut builder, second, &[11]);
    let mut run = Run::new(builder);
    run.to(at(5));
    let ports = &run.cluster().instances()[InstanceId::new(0)].ports;
    assert_eq!(ports.of(Protocol::Tcp).collect::<Vec<_>>(), [22, 80, 2375, 2376, 51678, 51679, 51680]);
    assert_eq!(ports.of(Protocol::Udp).count(), 0);
    run.finish();
    run
}

// proves: RES-012, RES-014, RES-015, RES-020, RES-022, RES-023
#[test]
fn px_15_host_ports() {
    let second = SourceId::new(1);
    let ports = |port: Port| move |builder: &mut Builder, id| builder.task_definition_mut(id).ports = vec![port];
    for (port, placed) in [(tcp(80), false), (udp(80), true), (tcp(22), false), (tcp(51680), false)] {
        let run = beside_port_80(ports(port), false);
        assert_eq!(run.places(second).len(), usize::from(placed), "{port}");
        if !placed {
            assert_eq!(run.unplaced(second)[0].2.of(Rejection::Ports), 1, "{port}");
        }
    }
    let dynamic = beside_port_80(|builder, id| builder.task_definition_mut(id).containers[0].dynamic_ports = 1, false);
    assert_eq!(dynamic.places(second), ["i"]);
    assert_eq!(dynamic.cluster().instances()[InstanceId::new(0)].ports.len(), 7, "reserves nothing");
    let awsvpc = beside_port_80(
        |builder, id| {
            let definition = builder.task_definition_mut(id);
            definition.network_mode = NetworkMode::Awsvpc;
            definition.requirements.eni = true;
        },
        false,
    );
    assert_eq!(awsvpc.places(second), ["i"]);
    assert_eq!(awsvpc.cluster().instances()[InstanceId::new(0)].ports.len(), 7, "reserves no host port");
    let host = beside_port_80(
        |builder, id| {
            let definition = builder.task_definition_mut(id);
            definition.network_mode = NetworkMode::Host;
            definition.ports = vec![tcp(80)];
        },
        false,
    );
    assert_eq!(host.unplaced(second)[0].2.of(Rejection::Ports), 1);
    let after = beside_port_80(ports(tcp(80)), true);
    let task = after.tasks(second)[0];
    assert_eq!(after.created_ms(task), 11_000, "placed at once");
    assert_eq!(after.entered(task, TaskStatus::Running), Some(30_000), "PENDING until T0's containers exit");
}

// proves: RES-024, RES-023, RES-014
#[test]
fn px_16_the_hundred_port_limit() {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("i", "a", 65_536, 99_999)]);
    let range = |builder: &mut Builder, name: &str, ports: std::ops::RangeInclusive<u16>| {
        let definition = builder.task_definition(name, Builder::needs(64, 128));
        builder.task_definition_mut(definition).ports = ports.map(tcp).collect();
        builder.behavior_mut(definition).containers[0].stop = constant(25.0);
        caller(builder, name, definition, &[])
    };
    let x1 = range(&mut builder, "x1", 1000..=1029);
    let x2 = range(&mut builder, "x2", 1030..=1059);
    let x3 = range(&mut builder, "x3", 1060..=1089);
    let x4 = range(&mut builder, "x4", 1090..=1119);
    let y = range(&mut builder, "y", 1200..=1203);
    let z = range(&mut builder, "z", 1300..=1304);
    let d = builder.task_definition("d", Builder::needs(64, 128));
    builder.task_definition_mut(d).containers[0].dynamic_ports = 10;
    let d = caller(&mut builder, "d", d, &[]);
    for (second, source) in [x1, x2, x3, x4, y, z, d].into_iter().enumerate() {
        run_task(&mut builder, source, &[second as u64 + 1]);
    }
    stop_oldest(&mut builder, 10, x1);
    run_task(&mut builder, x4, &[11]);
    let mut run = Run::new(builder);
    let mut in_use = Vec::new();
    for second in 1..=11 {
        run.to(at(second));
        in_use.push(run.cluster().instances()[InstanceId::new(0)].ports.len());
    }
    assert_eq!(in_use, [36, 66, 96, 96, 100, 100, 100, 100, 100, 70, 100]);
    run.finish();
    for source in [x4, z] {
        let unplaced = run.unplaced(source);
        assert_eq!(unplaced.len(), 1);
        assert_eq!(unplaced[0].2.of(Rejection::Ports), 1);
    }
    assert_eq!(run.places(d), ["i"]);
    assert_eq!(run.created_ms(run.tasks(x4)[0]), 11_000);
}

// proves: RES-040, RES-014, RES-016
#[test]
fn px_17_eni_limit_without_trunking() {
    let mut builder = Builder::new();
    let shape = builder.shape("c5.large", Resources { cpu: 2048, memory: 3700, gpus: 0, enis: 2 });
    builder.instances("i", shape, "us-east-1a", 1);
    let vpc = builder.task_definition("vpc", Requirements { eni: true, ..Builder::needs(256, 256) });
    builder.behavior_mut(vpc).containers[0].stop = constant(20.0);
    builder.behavior_mut(vpc).eni_detach = constant(5.0);
    let vpc = caller(&mut builder, "vpc", vpc, &[]);
    run_task(&mut builder, vpc, &[1, 2, 3, 15, 34, 36]);
    let bridge = builder.task_definition("bridge", Builder::needs(256, 256));
    let bridge = caller(&mut builder, "bridge", bridge, &[]);
    run_task(&mut builder, bridge, &[4]);
    stop_oldest(&mut builder, 10, vpc);
    let mut run = Run::new(builder);
    run.to(at(3));
    let left = |run: &Run| run.cluster().instances()[InstanceId::new(0)].remaining;
    assert_eq!((left(&run).cpu, left(&run).memory), (1536, 3188));
    run.to(at(10));
    assert_eq!(
        (left(&run).cpu, left(&run).memory, left(&run).enis),
        (1536, 3188, 0),
        "free at once, with bridge there"
    );
    run.finish();
    let failures: Vec<(u64, u32)> =
        run.unplaced(vpc).iter().map(|(time, _, reasons)| (*time, reasons.of(Rejection::Eni))).collect();
    assert_eq!(failures, [(3_000, 1), (15_000, 1), (34_000, 1)]);
    assert_eq!(run.places(bridge), ["i"]);
    let tasks = run.tasks(vpc);
    assert_eq!(run.entered(tasks[0], TaskStatus::Stopped), Some(35_000));
    assert_eq!(run.created_ms(tasks[2]), 36_000, "fits when the first is STOPPED");
}

// proves: PLC-006, PLC-007, FLR-003, FLR-004, FLR-005, FLR-010
#[test]
fn px_18_location_attribute_and_eni_reasons() {
    let mut builder = Builder::new();
    let full = builder.shape("full", Resources { enis: 0, ..kit::room(4096, 8000) });
    let good = builder.shape("good", kit::room(4096, 8000));
    let bare = builder.shape("bare", kit::room(4096, 8000));
    let task_eni = builder.attribute(TASK_ENI);
    builder.shape_mut(bare).attributes.retain(|(name, _)| *name != task_eni);
    builder.instances("A1", good, "us-east-1a", 1);
    builder.instances("B1", bare, "us-east-1b", 1);
    builder.instances("B2", full, "us-east-1b", 1);
    let subnet = builder.subnet("subnet-b", "us-east-1b", 100);
    let vpc = builder.task_definition("vpc", Requirements { eni: true, ..Builder::needs(256, 256) });
    let jobs = caller(&mut builder, "jobs", vpc, &[]);
    builder.source_mut(jobs).template.subnets = vec![subnet];
    run_task(&mut builder, jobs, &[1]);
    let default = builder.service_default(&[]);
    let service = builder.service("web", vpc, 1, default);
    builder.service_mut(service).revisions[0].subnets = vec![subnet];
    let run = Run::whole(builder);
    let (_, count, reasons) = run.unplaced(jobs)[0];
    let all: Vec<(Rejection, u32)> = reasons.iter().collect();
    assert_eq!((count, all), (1, vec![(Rejection::Attribute, 1), (Rejection::Location, 1), (Rejection::Eni, 1)]));
    assert_eq!(run.service_unplaced(service)[0].2, Some("B2"));
    let said = &run.said(service)[0].1;
    assert!(said.contains("(container-instance B2) encountered error \"RESOURCE:ENI\"."), "{said}");
}

// proves: PLC-056, PLC-057, FLR-003, FLR-004
#[test]
fn px_19_run_task_count_and_partial_success() {
    let source = SourceId::new(0);
    let make = |builder: &mut Builder| {
        fleet(builder, &[("i1", "a", 1024, 2000), ("i2", "a", 512, 4000)]);
        let job = builder.task_definition("job", Builder::needs(256, 512));
        let jobs = caller(builder, "jobs", job, &["binpack(memory)"]);
        builder.source_mut(jobs).count = 10;
        run_task(builder, jobs, &[1]);
    };
    let check = |run: &Run| {
        assert_eq!(run.places(source), ["i1", "i1", "i1", "i2", "i2"]);
        let unplaced = run.unplaced(source);
        assert_eq!(unplaced.len(), 1, "nothing is retried");
        let reasons: Vec<(Rejection, u32)> = unplaced[0].2.iter().collect();
        assert_eq!((unplaced[0].1, reasons), (5, vec![(Rejection::Cpu, 1), (Rejection::Memory, 1)]));
        assert_eq!(run.times(|fact| matches!(fact, Fact::RequestDropped { .. })), [1_000; 5]);
        let left: Vec<Resources> = run.cluster().instances().values().map(|row| row.remaining).collect();
        assert_eq!((left[0].cpu, left[0].memory, left[1].cpu), (256, 464, 0));
        assert!(run.refused().is_empty(), "the call returns normally");
    };
    check(&ordinal(make));
    any_mode(make, check);
}

// proves: PLC-034
#[test]
fn px_19_b_four_thousand_calls_without_a_strategy() {
    let mut builder = Builder::new();
    builder.settings.placement_tie_break = TieBreak::Random;
    let names = ["i1", "i2", "i3", "i4"];
    fleet(&mut builder, &names.map(|name| (name, "a", 1_000_000, 1_000_000)));
    let job = builder.task_definition("job", Builder::needs(1, 1));
    let anywhere = builder.run_task_default(&[]);
    let calls = Arrivals::At((0..4_000).map(SimTime::from_ms).collect());
    let jobs = builder.source("jobs", job, anywhere, calls, Some(constant(1.0)), WhenUnplaced::Drop);
    let mut run = Run::new(builder);
    run.sim.run(&mut run.recorder);
    let places = run.places(jobs);
    assert_eq!(places.len(), 4_000);
    for name in names {
        let count = places.iter().filter(|place| **place == name).count();
        assert!((900..=1_100).contains(&count), "{name}: {count}");
    }
}

// proves: PLC-070, PLC-071, PLC-074
#[test]
fn px_20_scale_in_without_a_strategy() {
    let service = ServiceId::new(0);
    let make = |builder: &mut Builder| {
        let all = fleet(
            builder,
            &[("A1", "a", 4096, 8000), ("B1", "b", 4096, 8000), ("C1", "c", 4096, 8000), ("C2", "c", 4096, 8000)],
        );
        let web = builder.task_definition("web", Builder::needs(64, 128));
        let default = builder.service_default(&[]);
        builder.service("web", web, 0, default);
        arrange(builder, service, &all, &[all[0], all[1], all[2], all[1], all[3]]);
        builder.call(at(60), scale(service, 3));
    };
    let run = ordinal(make);
    assert_eq!(run.victims(service, 60_000), [("B1", StopReason::ScaleIn), ("C2", StopReason::ScaleIn)]);
    let tasks = run.service_tasks(service);
    assert!(run.stopped(tasks[3]).is_some() && run.stopped(tasks[4]).is_some(), "t4, then t5");
    any_mode(make, |run| {
        let zones: Vec<u32> = run.counts(service, &[0, 1, 2, 3].map(InstanceId::new));
        assert_eq!((zones[0], zones[1], zones[2] + zones[3]), (1, 1, 1));
    });
}

// proves: PLC-072, PLC-070, PLC-074
#[test]
fn px_21_scale_in_with_binpack() {
    let service = ServiceId::new(0);
    let make = |builder: &mut Builder| {
        let all = fleet(builder, &[("i1", "a", 9999, 8000), ("i2", "a", 9999, 4000), ("i3", "a", 9999, 8000)]);
        fill(builder, all[0], 0, 2000);
        let web = builder.task_definition("web", Builder::needs(0, 1000));
        let packed = builder.rules(&["binpack(memory)"], &[]);
        builder.service("web", web, 0, packed);
        let mut on = vec![all[0]; 4];
        on.push(all[1]);
        on.extend([all[2]; 6]);
        arrange(builder, service, &all, &on);
        builder.call(at(60), scale(service, 8));
    };
    let run = ordinal(make);
    let tasks = run.service_tasks(service);
    let victims: Vec<usize> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::TaskStopRequested { task, .. } => tasks.iter().position(|other| other == task).map(|at| at + 1),
            _ => None,
        })
        .collect();
    assert_eq!(victims, [5, 11, 10]);
    any_mode(make, |run| {
        let places: Vec<&str> = run.victims(service, 60_000).into_iter().map(|(place, _)| place).collect();
        assert_eq!((places.len(), places[0]), (3, "i2"));
        assert_eq!(places[1], places[2]);
    });
}

// proves: PLC-051, PLC-053, PLC-054, FLR-033
#[test]
fn px_22_daemon_life() {
    let mut builder = Builder::new();
    let shape = builder.shape("edge", kit::room(4096, 4000));
    let small = builder.shape("small", kit::room(4096, 1000));
    let edge: &[(&str, Option<&str>)] = &[("role", Some("edge"))];
    let e1 = builder.instances_with("e1", shape, "us-east-1a", 1, edge)[0];
    let e2 = builder.instances_with("e2", shape, "us-east-1a", 1, edge)[0];
    let n1 = builder.instances("n1", shape, "us-east-1a", 1)[0];
    let e3 = builder.instances_with("e3", small, "us-east-1a", 1, edge)[0];
    let e4 = builder.instances_with("e4", shape, "us-east-1a", 1, edge)[0];
    builder.instance_mut(e4).agent_connected = false;
    builder.call(SimTime::ZERO, set_status(&[e2], InstanceStatus::Draining));
    fill(&mut builder, e3, 0, 750);
    let replica = fill(&mut builder, e3, 0, 100);
    let agent = builder.task_definition("logd", Builder::needs(100, 200));
    let constrained = builder.rules(&[], &["attribute:role == edge"]);
    let logd = builder.daemon("logd", agent, constrained);
    builder.service_mut(logd).exists_at_start = false;
    builder.call(SimTime::ZERO, Call::CreateService { service: logd });
    stop_oldest(&mut builder, 50, replica);
    let role = (builder.attribute("role"), Some(builder.value("edge")));
    builder.call(at(80), Call::PutAttributes { instances: named(&[n1]), attributes: vec![role] });
    builder.call(at(100), set_status(&[e1], InstanceStatus::Draining));
    let mut run = Run::new(builder);
    run.to(at(1));
    let desired = |run: &Run| run.cluster().services()[logd].desired_count;
    assert_eq!(desired(&run), 3);
    assert_eq!(run.service_places(logd, 0), ["e1"]);
    let failures: Vec<(Option<Rejection>, u32, Option<&str>)> = run
        .service_unplaced(logd)
        .into_iter()
        .map(|(_, reasons, on)| (reasons.furthest(), reasons.total(), on))
        .collect();
    assert_eq!(failures, [(Some(Rejection::Memory), 1, Some("e3")), (Some(Rejection::Agent), 1, Some("e4"))]);
    run.to(at(51));
    assert_eq!(run.service_places(logd, 1_000), ["e3"]);
    assert_eq!(run.created_ms(run.service_tasks(logd)[1]), 50_001);
    run.to(at(81));
    assert_eq!((desired(&run), run.service_places(logd, 80_000)), (4, vec!["n1"]));
    run.to(at(101));
    assert_eq!(desired(&run), 3);
    assert_eq!(run.victims(logd, 0), [("e1", StopReason::Draining)]);
    run.finish();
    assert_eq!(run.service_tasks(logd).len(), 3);
}

// proves: RES-013, RES-014, RES-015
#[test]
fn px_24_resources_are_free_before_the_task_has_stopped() {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("i", "a", 4096, 1000)]);
    let job = builder.task_definition("job", Builder::needs(64, 1000));
    builder.behavior_mut(job).containers[0].stop = constant(90.0);
    builder.task_definition_mut(job).containers[0].stop_timeout = Some(secs(120));
    let jobs = caller(&mut builder, "jobs", job, &[]);
    run_task(&mut builder, jobs, &[1, 105]);
    stop_oldest(&mut builder, 100, jobs);
    let mut run = Run::new(builder);
    let left = |run: &Run| run.cluster().instances()[InstanceId::new(0)].remaining.memory;
    run.to(kit::ms(99_999));
    assert_eq!(left(&run), 0);
    run.to(kit::ms(104_999));
    assert_eq!(left(&run), 1000);
    run.to(at(105));
    assert_eq!(left(&run), 0);
    run.finish();
    let tasks = run.tasks(jobs);
    assert_eq!(run.created_ms(tasks[1]), 105_000);
    assert_eq!(run.when(|fact| *fact == Fact::TaskExecutionStopped { task: tasks[0] }), Some(190_000));
    assert_eq!(run.entered(tasks[1], TaskStatus::Running), Some(190_000));
}

// proves: RES-030, RES-032
#[test]
fn px_25_gpus() {
    let mut builder = Builder::new();
    let shape = builder.shape("p3.8xlarge", Resources { gpus: 4, ..kit::room(32_768, 244_000) });
    builder.instances("i", shape, "us-east-1a", 1);
    let asks = |builder: &mut Builder, name: &str, gpus: GpuNeed| {
        let definition = builder.task_definition(name, Requirements { gpus, ..Builder::needs(64, 128) });
        caller(builder, name, definition, &[])
    };
    let two = asks(&mut builder, "two", GpuNeed::Count(2));
    let none = asks(&mut builder, "none", GpuNeed::Count(0));
    let all = asks(&mut builder, "all", GpuNeed::All);
    run_task(&mut builder, two, &[1, 2, 3]);
    run_task(&mut builder, none, &[4]);
    run_task(&mut builder, all, &[5, 11, 21]);
    stop_oldest(&mut builder, 10, two);
    stop_oldest(&mut builder, 20, two);
    let run = Run::whole(builder);
    let reason = |source: SourceId| -> Vec<(u64, u32)> {
        run.unplaced(source).iter().map(|(time, _, reasons)| (*time, reasons.of(Rejection::Gpu))).collect()
    };
    assert_eq!((run.places(two).len(), reason(two)), (2, vec![(3_000, 1)]));
    assert_eq!(run.places(none), ["i"]);
    assert_eq!(reason(all), [(5_000, 1), (11_000, 1)], "not while any GPU is in use");
    assert_eq!(run.created_ms(run.tasks(all)[0]), 21_000);
}

/// Desired 1 -> 2 at 100 s without room; a second instance joins at `room_at`.
fn no_room(room_at: u64) -> Run {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("i1", "a", 1024, 1000), ("i2", "a", 1024, 1000)]);
    builder.instance_mut(all[1]).join_at = at(room_at);
    let web = builder.task_definition("web", Builder::needs(64, 1000));
    let default = builder.service_default(&[]);
    let service = builder.service("web", web, 1, default);
    builder.call(at(100), scale(service, 2));
    Run::whole(builder)
}

// proves: FLR-012, FLR-030, FLR-031, FLR-032
#[test]
fn px_26_a_retry_gap() {
    let service = ServiceId::new(0);
    let attempts =
        |run: &Run| -> Vec<u64> { run.service_unplaced(service).iter().map(|(time, _, _)| time - 100_001).collect() };
    let run = no_room(1_000_000);
    assert_eq!(attempts(&run), [0, 15_000, 45_000, 345_000, 945_000, 2_145_000]);
    let failed: Vec<u64> =
        run.said(service).iter().filter(|(_, text)| text.contains("unable to place")).map(|(time, _)| *time).collect();
    assert_eq!(failed, [100_001], "written once");
    for (room_at, placed_at) in [(140, 145_001), (200, 445_001)] {
        let run = no_room(room_at);
        assert_eq!(run.created_ms(run.service_tasks(service)[1]), placed_at, "room at {room_at} s");
    }
}

// proves: QTA-014, QTA-031
#[test]
fn px_26_b_launch_rate() {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("i", "a", 1_000_000, 1_000_000)]);
    let web = builder.task_definition("web", Builder::needs(64, 128));
    let default = builder.service_default(&[]);
    let service = builder.service("web", web, 0, default);
    builder.call(at(10), scale(service, 1_100));
    let mut run = Run::new(builder);
    run.sim.run(&mut run.recorder);
    let mut windows = [0; 4];
    for (time, ..) in run.created() {
        windows[usize::try_from((time - 10_001) / 60_000).unwrap()] += 1;
    }
    assert_eq!(windows, [500, 500, 100, 0]);
    assert_eq!(run.created().last().unwrap().0, 130_001);
}

/// `d` with two RUNNING and one PENDING task of the service and a standalone one, `o` with one RUNNING task.
fn draining(maximum_percent: u32) -> (Run, ServiceId, Vec<InstanceId>) {
    let mut builder = Builder::new();
    builder.settings.healthy_wait = secs(40);
    let all = fleet(&mut builder, &[("d", "a", 9999, 4000), ("o", "a", 9999, 9000)]);
    let alone = fill(&mut builder, all[0], 0, 100);
    let blocker = fill(&mut builder, all[0], 0, 1900);
    let blocking = TaskDefinitionId::new(1);
    builder.behavior_mut(blocking).containers[0].stop = constant(9_000.0);
    builder.task_definition_mut(blocking).containers[0].stop_timeout = Some(secs(9_999));
    let web = builder.task_definition("web", Builder::needs(0, 1000));
    let default = builder.service_default(&[]);
    let service = builder.service("web", web, 0, default);
    builder.service_mut(service).maximum_percent = maximum_percent;
    arrange(&mut builder, service, &all, &[all[0], all[0], all[1], all[0]]);
    // Before the fourth, the books of `d` get room that the host does not have.
    stop_oldest(&mut builder, 3, blocker);
    builder.call(at(300), set_status(&all[..1], InstanceStatus::Draining));
    stop_oldest(&mut builder, 900, alone);
    (Run::new(builder), service, all)
}

// proves: INS-004, PLC-004
#[test]
fn px_27_draining() {
    let (mut run, service, all) = draining(200);
    run.to(at(299));
    let tasks = run.service_tasks(service);
    let states: Vec<(&str, TaskStatus)> =
        tasks.iter().map(|task| (run.place(*task), run.cluster().task(*task).last)).collect();
    let (pending, running) = (TaskStatus::Pending, TaskStatus::Running);
    assert_eq!(states, [("d", running), ("d", running), ("o", running), ("d", pending)]);
    run.finish();
    assert_eq!(run.stopped(tasks[3]), Some((300_001, StopReason::Draining)), "the PENDING one at once");
    assert_eq!(run.service_places(service, 300_000), ["o", "o", "o"], "nothing new on d");
    assert_eq!(run.created_ms(run.service_tasks(service)[4]), 300_001);
    for task in &tasks[..2] {
        assert_eq!(run.stopped(*task), Some((340_002, StopReason::Draining)), "once those on o count as healthy");
    }
    assert_eq!(run.stopped(tasks[2]), None);
    assert_eq!(run.stopped(run.tasks(SourceId::new(0))[0]).unwrap().0, 900_000, "the standalone task runs on");
    assert_eq!(run.cluster().instances()[all[0]].status, InstanceStatus::Draining, "until re-activated or removed");
}

// proves: INS-004
#[test]
fn px_27_with_100_and_100_percent_nothing_running_moves() {
    let (mut run, service, _) = draining(100);
    run.finish();
    let tasks = run.service_tasks(service);
    assert_eq!(run.stopped(tasks[3]), Some((300_001, StopReason::Draining)));
    assert_eq!(run.stopped(tasks[0]), None);
    assert_eq!(run.stopped(tasks[1]), None);
}

// proves: INS-001, INS-003
#[test]
fn px_27_draining_needs_an_active_instance_and_at_most_ten() {
    let mut builder = Builder::new();
    let shape = builder.shape("test", kit::room(1024, 1000));
    let many = builder.instances("i", shape, "us-east-1a", 11);
    builder.instance_behavior.trunk_attach = constant(100.0);
    let trunk = builder.shape("trunk", kit::room(1024, 1000));
    builder.shape_mut(trunk).trunk = true;
    let slow = builder.instances("slow", trunk, "us-east-1a", 1)[0];
    builder.call(at(50), set_status(&[slow, many[0]], InstanceStatus::Draining));
    builder.call(at(51), set_status(&many, InstanceStatus::Draining));
    builder.call(at(52), set_status(&many[..10], InstanceStatus::Draining));
    let run = Run::whole(builder);
    let status = InstanceStatus::Registering;
    assert_eq!(
        run.refused(),
        [
            (50_000, CallError::InstanceState { instance: slow, status }),
            (51_000, CallError::TooManyInstances { named: 11, limit: 10 }),
        ]
    );
    let drained = run.times(|fact| matches!(fact, Fact::InstanceStatusChanged { to: InstanceStatus::Draining, .. }));
    assert_eq!(drained, [52_000; 10], "all or none");
}
