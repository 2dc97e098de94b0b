//! The families folded over hand-made runs.

use ecsim_cluster::{Fact, InstanceStatus, Observer, Rejection, SourceId, StopReason, ZoneId};

use super::fixture::{Names, Story};
use super::*;

/// CW-021's cluster: a c4.4xlarge and a c4.large, and tasks of 1,024 units and 2,048 MiB.
fn aws_example() -> Names {
    Names {
        instances: vec![("A1", "us-east-1a", 16_384, 30_158, 0), ("B1", "us-east-1b", 2_048, 3_768, 0)],
        families: vec![("job", 1_024, 2_048, 0)],
        services: vec![("web", 0, 3)],
        sources: vec!["jobs"],
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
        let reading = Reading { now: self.now, cluster: &self.cluster, tally: &self.observer.0 };
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
            _ => named(Scope::Workload, "jobs"),
        };
        match read {
            Read::Cluster(read) => read(&reading),
            Read::Zone(read) => read(&reading, zone),
            Read::Service(read) => read(&reading, service),
            Read::Instance(read) => read(&reading, instance),
            Read::Workload(read) => read(&reading, source),
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
