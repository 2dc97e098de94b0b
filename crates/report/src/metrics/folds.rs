//! The families folded over hand-made runs.

use ecsim_cluster::definitions::LaunchOwner;
use ecsim_cluster::fact::{LaunchFailure, TerminationReason};
use ecsim_cluster::scaling::{Decision, Reservation};
use ecsim_cluster::{
    AsgId, Fact, InstanceLifecycle, InstanceStatus, LaunchOptionId, Market, Observer, ProviderId, Rejection, SourceId,
    StopReason, TaskStatus, Unprovisioned, ZoneId,
};

use super::fixture::{Names, Place, Story};
use super::*;

/// CW-021's cluster: a c4.4xlarge and a c4.large, and tasks of 1,024 units and 2,048 MiB.
fn aws_example() -> Names {
    Names {
        instances: vec![("A1", "us-east-1a", 16_384, 30_158, 0), ("B1", "us-east-1b", 2_048, 3_768, 0)],
        families: vec![("job", 1_024, 2_048, 0)],
        services: vec![("web", 0, 3)],
        sources: vec!["jobs"],
        ..Names::default()
    }
}

struct Folded(Tally);

impl Observer for Folded {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.0.observe(now, fact, cluster);
    }

    fn period_ended(&mut self, _: SimTime, _: &Cluster) {
        self.0.close_period();
    }
}

fn story(names: &Names) -> Story<Folded> {
    let definitions = names.definitions();
    let tally = Tally::new(&definitions, Detail { period_times: true, all_times: true });
    Story::new(&definitions, Folded(tally))
}

impl Story<Folded> {
    fn read(&self, path: &str) -> Value {
        let (root, rest) = path.split_once('.').unwrap();
        let reading = Reading { now: self.now, cluster: &self.cluster, tally: &self.observer.0, costs: None };
        let named = |scope: Scope, id: &str| {
            let name = rest.strip_prefix(id).and_then(|name| name.strip_prefix('.')).unwrap();
            find(scope, name).unwrap_or_else(|| panic!("{name}")).read
        };
        let (zone, service, instance, source) =
            (ZoneId::new(0), ServiceId::new(0), InstanceId::new(0), SourceId::new(0));
        let read = match root {
            "cluster" => find(Scope::Cluster, rest).unwrap_or_else(|| panic!("{rest}")).read,
            "zone" => named(Scope::Zone, "a"),
            "service" => named(Scope::Service, "web"),
            "instance" => named(Scope::Instance, "A1"),
            "provider" => named(Scope::CapacityProvider, "cp"),
            "group" => named(Scope::AutoScalingGroup, "spot"),
            "launched" => named(Scope::Instance, "1"),
            _ => named(Scope::Workload, "jobs"),
        };
        match read {
            Read::Cluster(read) => read(&reading),
            Read::Zone(read) => read(&reading, zone),
            Read::Service(read) => read(&reading, service),
            Read::Instance(read) if root == "launched" => read(&reading, InstanceId::new(1)),
            Read::Instance(read) => read(&reading, instance),
            Read::Workload(read) => read(&reading, source),
            Read::CapacityProvider(read) => read(&reading, ProviderId::new(0)),
            Read::AutoScalingGroup(read) => read(&reading, AsgId::new(0)),
            Read::TargetGroup(read) => read(&reading, ecsim_cluster::TargetGroupId::new(0)),
        }
    }

    #[track_caller]
    fn reads(&self, path: &str, number: f64) {
        let value = self.read(path).number();
        assert!(value.is_some_and(|value| (value - number).abs() < 0.005), "{path} is {value:?}, expected {number}");
    }
}

#[test]
fn cw_020_only_running_tasks_on_active_and_draining_instances_count() {
    let mut story = story(&aws_example());
    assert_eq!(story.read("cluster.CPUReservation"), Value::Missing, "nothing is registered");
    story.status(0, InstanceStatus::Active);
    assert_eq!(story.read("cluster.GPUReservation"), Value::Missing, "nobody registered a GPU");
    story.ask(0, 0, 2);
    let first = story.place_copy(0, 0, 0, 0);
    let second = story.place_copy(0, 1, 0, 0);
    story.reads("cluster.CPUReservation", 0.0);
    story.reads("cluster.cpuPlaced", 12.5);
    story.run(first).run(second);
    story.reads("cluster.CPUReservation", 12.5);
    story.reads("cluster.MemoryReservation", 4096.0 / 30158.0 * 100.0);
    story.reads("zone.a.CPUReservation", 12.5);
    story.reads("instance.A1.CPUReservation", 12.5);
    // A DRAINING instance counts in both parts; a task asked to stop in neither.
    story.status(0, InstanceStatus::Draining);
    story.reads("cluster.CPUReservation", 12.5);
    story.ask_to_stop(second, StopReason::UserInitiated(None));
    story.reads("cluster.CPUReservation", 6.25);
    story.reads("zone.a.CPUReservation", 6.25);
    story.status(0, InstanceStatus::Inactive);
    assert_eq!(story.read("cluster.CPUReservation"), Value::Missing);
    assert_eq!(story.read("zone.a.CPUReservation"), Value::Missing);
}

#[test]
fn cw_021_the_example_of_the_guide() {
    let mut story = story(&aws_example());
    story.register_all().ask(0, 0, 10);
    for ordinal in 0..10 {
        let task = story.place_copy(0, ordinal, 0, u32::from(ordinal == 9));
        story.run(task);
    }
    story.reads("cluster.CPUReservation", 55.56);
    story.reads("cluster.MemoryReservation", 60.37);
    story.reads("cluster.registered.cpu", 18_432.0);
    story.reads("cluster.registered.memory", 33_926.0);
    story.reads("cluster.RunningTaskCount", 10.0);
    story.reads("zone.a.RunningTaskCount", 9.0);
}

#[test]
fn requests_are_followed_until_they_are_placed_or_dropped() {
    let mut story = story(&aws_example());
    story.register_all().ask(0, 0, 3).unplaced(0, 0, &[Rejection::Cpu, Rejection::Memory], 0);
    for ordinal in 0..3 {
        story.fact(Fact::RequestQueued { source: SourceId::new(0), ordinal });
    }
    story.reads("cluster.waitingRequests", 3.0);
    story.reads("cluster.tasksUnplaced", 1.0);
    story.reads("cluster.failures.RESOURCE:CPU", 1.0);
    story.at(5_000);
    let task = story.place_copy(0, 0, 0, 0);
    story.at(8_000).run(task);
    story.fact(Fact::RequestDropped { source: SourceId::new(0), ordinal: 1 });
    story.reads("cluster.waitingRequests", 1.0);
    story.reads("cluster.droppedRequests", 1.0);
    story.reads("workload.jobs.requested", 3.0);
    story.reads("workload.jobs.waiting", 1.0);
    story.reads("workload.jobs.running", 1.0);
    story.period();
    story.reads("workload.jobs.timeToRunning.p95", 8.0);
    story.reads("cluster.periodTimeToRunning.p50", 8.0);
    let parts = story.observer.0.timing.source(SourceId::new(0));
    assert_eq!((parts.waiting[0], parts.queued[0], parts.pulling[0], parts.starting[0]), (5_000, 3_000, 0, 0));
}

#[test]
fn a_service_asks_when_it_is_short_of_its_desired_count() {
    let mut story = story(&aws_example());
    story.register_all().at(1_000).create_service(0);
    story.reads("service.web.missingTasks", 3.0);
    story.reads("cluster.tasksRequested", 3.0);
    story.at(3_000);
    let first = story.place_service(0, 0);
    let second = story.place_service(0, 1);
    story.at(9_000).run(first).run(second);
    story.reads("service.web.missingTasks", 1.0);
    story.reads("service.web.RunningTaskCount", 2.0);
    // One crashes: the service misses two, and gets them in the order in which it came to miss them.
    story.at(10_000).exits(first, 1);
    story.reads("service.web.missingTasks", 2.0);
    story.reads("service.web.tasksStopped", 1.0);
    story.reads("cluster.essentialContainerExitsNonZero", 1.0);
    story.at(12_000);
    let third = story.place_service(0, 0);
    let fourth = story.place_service(0, 0);
    story.at(13_000).run(third).run(fourth);
    let parts = story.observer.0.timing.service(ServiceId::new(0));
    assert_eq!(parts.waiting, [2_000, 2_000, 11_000, 2_000]);
    // A task on top of the desired count was asked for by nobody: it waited no time.
    let fifth = story.place_service(0, 0);
    story.at(14_000).run(fifth);
    assert_eq!(story.observer.0.timing.service(ServiceId::new(0)).waiting[4], 0);
    // Fewer are wanted: nothing is missing any more.
    story.fact(Fact::DesiredCountChanged { service: ServiceId::new(0), to: 9 });
    story.reads("cluster.missingTasks", 5.0);
    story.fact(Fact::DesiredCountChanged { service: ServiceId::new(0), to: 4 });
    story.reads("cluster.missingTasks", 0.0);
}

#[test]
fn instances_and_zones_are_counted_by_state() {
    let mut story = story(&aws_example());
    story.register_all();
    story.ask(0, 0, 1);
    let task = story.place_copy(0, 0, 0, 0);
    story.status(1, InstanceStatus::Draining);
    story.fact(Fact::AgentConnectionChanged { instance: InstanceId::new(0), connected: false });
    for (path, number) in [
        ("cluster.ContainerInstanceCount", 2.0),
        ("cluster.activeInstances", 1.0),
        ("cluster.drainingInstances", 1.0),
        ("cluster.disconnectedInstances", 1.0),
        ("cluster.usedInstances", 1.0),
        ("cluster.emptyInstances", 1.0),
        ("zone.a.usedInstances", 1.0),
        ("zone.a.PendingTaskCount", 1.0),
        ("instance.A1.runningTasksCount", 1.0),
        ("instance.A1.remaining.cpu", 15_360.0),
        ("instance.A1.registered.memory", 30_158.0),
    ] {
        story.reads(path, number);
    }
    story.run(task).ask_to_stop(task, StopReason::HostTerminated(InstanceId::new(0)));
    story.reads("cluster.tasksLost", 1.0);
    story.reads("cluster.stoppingTaskCount", 1.0);
    story.reads("zone.a.RunningTaskCount", 0.0);
    story.stopped(task);
    story.reads("cluster.stoppingTaskCount", 0.0);
    story.reads("zone.a.usedInstances", 0.0);
}

#[test]
fn stranded_capacity_is_what_the_other_dimension_blocks() {
    let mut story = story(&Names {
        instances: vec![("A1", "us-east-1a", 4_096, 8_192, 0)],
        families: vec![("small", 256, 4_096, 0)],
        services: vec![],
        sources: vec!["jobs"],
        ..Names::default()
    });
    story.register_all().ask(0, 0, 2);
    assert_eq!(story.read("cluster.strandedCPU"), Value::Missing, "nobody has asked for CPU yet");
    story.place_copy(0, 0, 0, 0);
    // 3,840 units free; memory for one task more, which takes 256 of them.
    story.reads("cluster.strandedCPU", (3_840.0 - 256.0) / 4_096.0 * 100.0);
    story.reads("cluster.strandedMemory", 0.0);
    story.place_copy(0, 1, 0, 0);
    story.reads("cluster.strandedCPU", 3_584.0 / 4_096.0 * 100.0);
}

#[test]
fn a_row_for_every_period_and_the_end() {
    let names = aws_example();
    let definitions = names.definitions();
    let tables = MetricTables::new(&definitions).with(Scope::Cluster, Vec::new(), &definitions).with(
        Scope::Service,
        Vec::new(),
        &definitions,
    );
    let mut story = Story::new(&definitions, tables);
    story.register_all();
    story.at(60_000).period();
    story.at(61_000).create_service(0);
    story.place_service(0, 1);
    story.at(120_000).period().end(120_000);
    let mut more = Story { now: story.now, cluster: story.cluster, observer: story.observer };
    more.end(150_500);
    let written: Vec<String> =
        more.observer.finish().unwrap().into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
    let lines: Vec<&str> = written[0].lines().collect();
    assert!(lines[0].starts_with("timestamp,secondsSinceStart,ClusterName,CPUReservation,MemoryReservation,"));
    assert_eq!(lines.len(), 4);
    assert!(lines[1].starts_with("2026-03-02T00:01:00.000Z,60,prod,0,0,,0,0,0,,0,18432,33926,0,0,0,"), "{}", lines[1]);
    assert!(lines[3].starts_with("2026-03-02T00:02:30.500Z,150.5,prod,0,0,,0,5.5556,"), "{}", lines[3]);
    let columns = lines[0].split(',').count();
    assert!(lines.iter().all(|line| line.split(',').count() == columns));
    let services: Vec<&str> = written[1].lines().collect();
    assert!(services[0].ends_with(",liveTasks.us-east-1a,liveTasks.us-east-1b"));
    assert_eq!(services.len(), 3, "no row before it is created");
    assert!(services[1].starts_with("2026-03-02T00:02:00.000Z,120,web,3,0,1,0,1,2,1,"), "{}", services[1]);
    assert!(services[1].ends_with(",0,1"), "{}", services[1]);
}

#[test]
fn a_writer_that_fails_is_remembered() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let definitions = aws_example().definitions();
    let mut story = Story::new(&definitions, MetricTables::new(&definitions).with(Scope::Cluster, Full, &definitions));
    for minute in 1..1_000 {
        story.at(minute * 60_000).period();
    }
    assert_eq!(story.observer.finish().map(|_| ()).unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}

/// A group `spot` in two zones with its provider `cp`, and Fargate.
fn elastic() -> Names {
    Names {
        instances: vec![("A1", "us-east-1a", 4_096, 8_192, 0)],
        families: vec![("job", 1_024, 2_048, 0)],
        services: vec![("web", 0, 3)],
        sources: vec!["jobs"],
        groups: vec![("spot", 0, 10, 2, vec!["us-east-1a", "us-east-1b"])],
        providers: vec![("cp", Some(0)), ("FARGATE", None)],
    }
}

fn sample(m: u32, n: u32) -> Fact {
    let sample = Reservation { m, n, target: 100, waiting: 1, incompatible: 1, used: m, all_incompatible: false };
    Fact::ReservationSampled { provider: ProviderId::new(0), sample }
}

#[test]
fn asg_002_a_group_counts_its_instances_by_state() {
    let mut story = story(&elastic());
    story.associate_all();
    let spot = story.launch(0, Market::Spot);
    let other = story.launch(1, Market::OnDemand);
    for (path, number) in [
        ("group.spot.GroupPendingInstances", 2.0),
        ("group.spot.GroupInServiceInstances", 0.0),
        ("group.spot.GroupTotalInstances", 2.0),
        ("group.spot.registeredInstances", 0.0),
        ("group.spot.desiredCapacity", 2.0),
        ("group.spot.maxSize", 10.0),
    ] {
        story.reads(path, number);
    }
    assert_eq!(story.read("launched.1.lifecycle"), Value::word("Pending"));
    assert_eq!(story.read("launched.1.market"), Value::word("spot"));
    assert_eq!(story.read("launched.1.autoScalingGroup"), Value::word("spot"));
    assert_eq!(story.read("launched.1.capacityProvider"), Value::word("cp"));
    assert_eq!(story.read("instance.A1.lifecycle"), Value::Missing, "it belongs to no group");
    story.serves(spot).serves(other);
    story.fact(Fact::InstanceProtectionChanged { instance: other, protected: true });
    story.fact(Fact::SpotInterruptionNoticed { instance: spot, reclaimed_at: SimTime::from_ms(120_000) });
    story.fact(Fact::LaunchFailed {
        owner: LaunchOwner::Group(AsgId::new(0)),
        option: LaunchOptionId::new(0),
        market: Market::Spot,
        failure: LaunchFailure::InsufficientInstanceCapacity,
    });
    for (path, number) in [
        ("group.spot.inService", 2.0),
        ("group.spot.unprotectedInstances", 1.0),
        ("group.spot.onDemandInstances", 1.0),
        ("group.spot.interruptions", 1.0),
        ("group.spot.launchFailures", 1.0),
        ("group.spot.launches", 2.0),
        ("provider.cp.launches", 2.0),
        ("provider.cp.launchFailures", 1.0),
        ("provider.cp.ContainerInstanceCount", 2.0),
        ("provider.cp.spotInstances", 1.0),
        ("cluster.spotInstances", 1.0),
        ("cluster.onDemandInstances", 1.0),
        ("cluster.launchFailures", 1.0),
        ("cluster.desiredCapacity", 2.0),
    ] {
        story.reads(path, number);
    }
    story.lifecycle(spot, InstanceLifecycle::Terminating);
    story.reads("group.spot.GroupTerminatingInstances", 1.0);
    story.reads("group.spot.GroupTotalInstances", 2.0);
    story.fact(Fact::InstanceTerminated { instance: spot, reason: TerminationReason::SpotInterruption });
    story.status(spot.get(), InstanceStatus::Inactive).lifecycle(spot, InstanceLifecycle::Terminated);
    for (path, number) in [
        ("group.spot.GroupTotalInstances", 1.0),
        ("group.spot.interruptions.reclaimed", 1.0),
        ("group.spot.terminations", 1.0),
        ("cluster.interruptions.reclaimed", 1.0),
        ("cluster.spotInstances", 0.0),
        ("provider.cp.ContainerInstanceCount", 1.0),
    ] {
        story.reads(path, number);
    }
    // CP-021: a detached instance is no longer the provider's; ECS keeps it.
    story.lifecycle(other, InstanceLifecycle::Detached);
    story.reads("provider.cp.ContainerInstanceCount", 0.0);
    story.reads("cluster.ContainerInstanceCount", 1.0);
}

#[test]
fn cas_003_the_latest_sample_is_the_metric() {
    let mut story = story(&elastic());
    assert_eq!(story.read("provider.cp.CapacityProviderReservation"), Value::Missing);
    story.fact(sample(26, 14));
    story.reads("provider.cp.CapacityProviderReservation", 185.71);
    story.reads("provider.cp.N", 14.0);
    story.reads("provider.cp.m", 26.0);
    story.fact(sample(4, 5));
    story.reads("provider.cp.CapacityProviderReservation", 80.0);
    story.reads("provider.cp.incompatibleTasks", 1.0);
    let decision = Decision::ManagedScaling {
        provider: ProviderId::new(0),
        sample: Reservation { m: 3, n: 2, target: 100, waiting: 1, incompatible: 0, used: 2, all_incompatible: false },
        instances: 2,
        raw: 3,
        step: None,
    };
    story.fact(Fact::ScalingDecided { group: AsgId::new(0), from: 2, to: 3, decision });
    story.fact(Fact::ScalingDecided { group: AsgId::new(0), from: 3, to: 1, decision: Decision::User });
    for path in ["group.spot.scaleOuts", "group.spot.scaleIns", "provider.cp.scaleOuts", "cluster.scaleIns"] {
        story.reads(path, 1.0);
    }
    story.reads("provider.cp.scaleIns", 0.0);
}

#[test]
fn cas_008_a_task_that_waits_is_nowhere_until_it_is_placed() {
    let mut story = story(&elastic());
    story.associate_all().create_service(0);
    story.at(1_000);
    let waiting = story.create_for(0, 0, Place::Nowhere);
    let second = story.create_for(0, 0, Place::Nowhere);
    let third = story.create_for(0, 0, Place::Nowhere);
    for (path, number) in [
        ("cluster.tasksProvisioning", 3.0),
        ("provider.cp.waitingTasks", 3.0),
        ("provider.cp.pendingCount", 3.0),
        ("service.web.liveTasks", 3.0),
        ("service.web.missingTasks", 0.0),
        ("service.web.tasksPlaced", 0.0),
        ("zone.a.liveTasks", 0.0),
    ] {
        story.reads(path, number);
    }
    assert_eq!(story.observer.0.services.live_in(ServiceId::new(0), ZoneId::new(0)), 0);
    story.at(41_000);
    let instance = story.launch(0, Market::Spot);
    story.at(61_000).serves(instance).give(waiting, instance);
    story.at(70_000).run(waiting);
    for (path, number) in [
        ("cluster.tasksProvisioning", 2.0),
        ("provider.cp.runningCount", 1.0),
        ("provider.cp.usedInstances", 1.0),
        ("provider.cp.emptyInstances", 0.0),
        ("provider.cp.CPUReservation", 50.0),
        ("group.spot.usedInstances", 1.0),
        ("service.web.tasksPlaced", 1.0),
        ("zone.a.RunningTaskCount", 1.0),
    ] {
        story.reads(path, number);
    }
    assert_eq!(story.observer.0.services.live_in(ServiceId::new(0), ZoneId::new(0)), 1);
    // Waiting for an instance is waiting for a place: 60 s, then 9 s on the instance.
    let parts = story.observer.0.timing.service(ServiceId::new(0));
    assert_eq!((parts.total[0], parts.waiting[0], parts.queued[0]), (70_000, 61_000, 9_000));
    // CAS-010: one gives up after 15 minutes; one is no longer wanted, which is no wait that ended.
    let gave_up = StopReason::NoCapacity(Unprovisioned::Rejected(Rejection::Memory));
    story.at(901_000).ask_to_stop(second, gave_up).ask_to_stop(third, StopReason::ScaleIn);
    story.period();
    for (path, number) in [
        ("cluster.waitedForCapacity.gaveUp", 1.0),
        ("cluster.waitedForCapacity.p50", 60.0),
        ("cluster.waitedForCapacity.max", 900.0),
        ("cluster.periodWaitedForCapacity.p95", 900.0),
        ("cluster.tasksProvisioning", 0.0),
        ("provider.cp.tasksFailedToStart", 1.0),
    ] {
        story.reads(path, number);
    }
    assert_eq!(story.observer.0.tasks.unprovisioned, 2);
}

#[test]
fn spt_006_lost_tasks_are_told_apart_by_what_took_their_host() {
    let mut story = story(&elastic());
    story.register_all().associate_all().create_service(0);
    let spot = story.launch(0, Market::Spot);
    story.serves(spot);
    let lost = story.create_for(0, 0, Place::On(spot.get()));
    let drained = story.create_for(0, 0, Place::On(spot.get()));
    let other = story.place_service(0, 0);
    story.run(lost).run(drained).run(other);
    story.fact(Fact::SpotInterruptionNoticed { instance: spot, reclaimed_at: SimTime::from_ms(120_000) });
    story.ask_to_stop(drained, StopReason::Draining).stopped(drained);
    story.at(120_000).lifecycle(spot, InstanceLifecycle::Terminating);
    story.ask_to_stop(lost, StopReason::HostTerminated(spot));
    story.ask_to_stop(other, StopReason::HostTerminated(InstanceId::new(0)));
    for (path, number) in [
        ("cluster.tasksDrained", 1.0),
        ("cluster.tasksLost", 2.0),
        ("cluster.tasksLost.spotInterruption", 1.0),
        ("cluster.tasksLost.other", 1.0),
        ("cluster.workLost", 240.0),
        ("service.web.workLost", 240.0),
        ("provider.cp.tasksLost", 1.0),
    ] {
        story.reads(path, number);
    }
}

#[test]
fn fgt_010_fargate_tasks_have_a_zone_and_no_instance() {
    let mut story = story(&elastic());
    story.associate_all().create_service(0);
    let task = story.create_for(0, 1, Place::Fargate(0));
    story.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Pending });
    story.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Running });
    for (path, number) in [
        ("cluster.fargateRunningTasks", 1.0),
        ("cluster.fargateCPU", 1_024.0),
        ("cluster.fargateSpotCPU", 0.0),
        ("cluster.tasksProvisioning", 0.0),
        ("cluster.tasksPlaced", 1.0),
        ("zone.a.RunningTaskCount", 1.0),
        ("service.web.RunningTaskCount", 1.0),
    ] {
        story.reads(path, number);
    }
    assert_eq!(story.read("cluster.CPUReservation"), Value::Missing, "no instance is registered (CW-020)");
    story.ask_to_stop(task, StopReason::SpotInterruption).stopped(task);
    for (path, number) in [
        ("cluster.fargateRunningTasks", 0.0),
        ("cluster.fargateCPU", 0.0),
        ("cluster.fargateSpotInterruptions", 1.0),
        ("zone.a.liveTasks", 0.0),
        ("zone.a.RunningTaskCount", 0.0),
        ("cluster.tasksLost", 0.0),
    ] {
        story.reads(path, number);
    }
}

#[test]
fn instances_that_are_gone_leave_nothing_behind() {
    let mut story = story(&elastic());
    story.associate_all().create_service(0);
    for round in 0..50 {
        let instance = story.launch(round % 2, Market::Spot);
        story.serves(instance);
        let task = story.create_for(0, 0, Place::On(instance.get()));
        story.run(task).ask_to_stop(task, StopReason::HostTerminated(instance));
        story.terminates(instance, TerminationReason::ScaleIn).stopped(task);
    }
    let counts = &story.observer.0.instances;
    assert_eq!(counts.remembered(), 0);
    assert_eq!(*counts.provider(ProviderId::new(0)), instances::Sums::default());
    assert_eq!(*counts.zone(ZoneId::new(0)), instances::Sums::default());
    story.reads("cluster.spotInstances", 0.0);
    story.reads("group.spot.terminations", 50.0);
}

#[test]
fn tables_of_groups_and_providers() {
    let definitions = elastic().definitions();
    let mut tables = MetricTables::new(&definitions);
    for scope in [Scope::AutoScalingGroup, Scope::CapacityProvider, Scope::Service] {
        tables = tables.with(scope, Vec::new(), &definitions);
    }
    let mut story = Story::new(&definitions, tables);
    story.at(60_000).period();
    story.associate_all().create_service(0);
    let instance = story.launch(1, Market::OnDemand);
    story.serves(instance).fact(sample(1, 1));
    story.create_for(0, 0, Place::On(instance.get()));
    story.at(120_000).period().end(120_000);
    let written: Vec<String> =
        story.observer.finish().unwrap().into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
    let groups: Vec<&str> = written[0].lines().collect();
    assert!(
        groups[0].starts_with(
            "timestamp,secondsSinceStart,AutoScalingGroupName,GroupMinSize,GroupMaxSize,GroupDesiredCapacity,\
             GroupInServiceInstances,GroupPendingInstances,GroupStandbyInstances,GroupTerminatingInstances,\
             GroupTotalInstances,"
        ),
        "{}",
        groups[0]
    );
    assert!(groups[0].ends_with(",instances.us-east-1a,instances.us-east-1b"), "{}", groups[0]);
    assert!(groups[1].starts_with("2026-03-02T00:01:00.000Z,60,spot,0,10,2,0,0,0,0,0,"), "{}", groups[1]);
    assert!(groups[2].starts_with("2026-03-02T00:02:00.000Z,120,spot,0,10,2,1,0,0,0,1,"), "{}", groups[2]);
    assert!(groups[2].ends_with(",0,1"), "{}", groups[2]);
    let providers: Vec<&str> = written[1].lines().collect();
    assert!(
        providers[0].starts_with(
            "timestamp,secondsSinceStart,CapacityProviderName,CapacityProviderReservation,targetCapacity,N,M,"
        ),
        "{}",
        providers[0]
    );
    assert_eq!(providers.len(), 3, "no row before a provider is created");
    assert!(providers[1].starts_with("2026-03-02T00:02:00.000Z,120,cp,100,100,1,1,0,1,0,1,1,1,"), "{}", providers[1]);
    assert!(providers[2].starts_with("2026-03-02T00:02:00.000Z,120,FARGATE,,,,,0,,"), "{}", providers[2]);
    let services: Vec<&str> = written[2].lines().collect();
    assert!(services[0].ends_with(",liveTasks.us-east-1b,providers.cp,providers.FARGATE"), "{}", services[0]);
    assert!(services[1].ends_with(",0,1,1,0"), "{}", services[1]);
    for table in &written {
        let columns = table.lines().next().unwrap().split(',').count();
        assert!(table.lines().all(|line| line.split(',').count() == columns));
    }
}
