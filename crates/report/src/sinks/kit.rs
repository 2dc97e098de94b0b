//! A small cluster to test sinks with: facts go through [`Cluster::apply`], so that only what can happen is written down.

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::cloudwatch::{
    AlarmDefinition, AlarmState, Comparison, MissingData, SeriesDefinition, SeriesSource, Statistic,
};
use ecsim_cluster::definitions::{
    CapacityPool, CapacityProviderDefinition, ContainerDefinition, FargatePlatform, FargateSize, GroupDefinition,
    InstanceShape, LaunchOption, LaunchOwner, LaunchType, ManagedScaling, NetworkMode, PlannedInstance, ProviderKind,
    PullBehavior, SchedulingStrategy, ServiceDefinition, ServiceRevision, Source, Subnet, TaskDefinition,
};
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::{StartTaskFailure, TaskOrigin, TerminationReason};
use ecsim_cluster::lifecycle::ServiceStatus;
use ecsim_cluster::*;
use ecsim_kernel::{SimTime, Span};

use super::{TraceKind, open_with_costs};
use crate::cost::{PriceBook, SharedLedger};

pub(crate) fn ms(ms: u64) -> SimTime {
    SimTime::from_ms(ms)
}

/// Definitions, and a run over them in the making.
pub(crate) struct Kit {
    definitions: Arc<Definitions>,
    cluster: Cluster,
    facts: Vec<(SimTime, Fact)>,
    end: SimTime,
    next_ordinal: BTreeMap<SourceId, u32>,
}

impl Kit {
    /// Instances `a`, `b` (two zones) and `gpu`; services `log` (DAEMON) and `web` (a static port) and `vpc`
    /// (awsvpc); a source `job` that starts tasks of two containers; a group `spot` with its provider `cp-spot`, and
    /// `FARGATE`.
    pub(crate) fn new() -> Self {
        let definitions = Arc::new(definitions());
        let mut kit = Self {
            cluster: Cluster::new(Arc::clone(&definitions)),
            definitions,
            facts: Vec::new(),
            end: SimTime::ZERO,
            next_ordinal: BTreeMap::new(),
        };
        for provider in kit.definitions.capacity_providers.ids().collect::<Vec<_>>() {
            kit.fact(SimTime::ZERO, Fact::ProviderStatusChanged { provider, to: ProviderStatus::Active });
        }
        kit
    }

    pub(crate) fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }

    /// A ledger of this run: see [`crate::cost::ledger`]'s tests for the prices.
    pub(crate) fn costs(&self) -> Option<SharedLedger> {
        let book: PriceBook = crate::cost::ledger::tests::book();
        SharedLedger::new(&self.definitions, &Arc::new(book))
    }

    pub(crate) fn facts(&self) -> &[(SimTime, Fact)] {
        &self.facts
    }

    pub(crate) fn service(&mut self, name: &str) -> ServiceId {
        let service = self.definitions.services.iter().find(|(_, it)| it.name == name).expect("a service").0;
        if self.cluster.services()[service].status == ServiceStatus::Absent {
            self.fact(self.end, Fact::ServiceStatusChanged { service, to: ServiceStatus::Active });
        }
        service
    }

    pub(crate) fn instance(&self, name: &str) -> InstanceId {
        self.definitions.instances.iter().find(|(_, it)| it.name == name).expect("an instance").0
    }

    pub(crate) fn fact(&mut self, at: SimTime, fact: Fact) {
        assert!(at >= self.end, "{at} is over");
        self.cluster.apply(at, &fact);
        self.facts.push((at, fact));
        self.end = at;
    }

    pub(crate) fn register(&mut self, name: &str, at: SimTime) -> InstanceId {
        let instance = self.instance(name);
        self.fact(at, Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
        instance
    }

    pub(crate) const fn job(&self) -> SourceId {
        SourceId::new(0)
    }

    /// Asks for copies of `job`.
    pub(crate) fn request(&mut self, at: SimTime, count: u32) {
        let source = self.job();
        let next = self.next_ordinal.entry(source).or_default();
        let ordinal = *next;
        *next += count;
        self.fact(at, Fact::TaskRequested { source, ordinal, count });
    }

    pub(crate) fn unplaced(&mut self, at: SimTime, ordinal: u32, count: u32, reasons: &[Rejection]) {
        let source = self.job();
        let (rejections, closest, held_back) = (counts(reasons), None, None);
        self.fact(at, Fact::RequestUnplaced { source, ordinal, count, rejections, closest, held_back });
    }

    pub(crate) fn service_unplaced(&mut self, at: SimTime, service: ServiceId, reasons: &[Rejection]) {
        let rejections = counts(reasons);
        self.fact(at, Fact::ServiceUnplaced { service, instance: None, zone: None, rejections, closest: None });
    }

    /// Places the next task of a service.
    pub(crate) fn place(&mut self, at: SimTime, service: &str, on: &str) -> TaskId {
        let service = self.service(service);
        let ordinal = self.cluster.services()[service].started;
        let definition = self.definitions.services[service].task_definition();
        let group = self.definitions.services[service].group;
        self.create(at, definition, group, TaskOrigin::Service { service, ordinal, deployment: 0 }, on)
    }

    /// Places a copy of `job`.
    pub(crate) fn place_copy(&mut self, at: SimTime, ordinal: u32, on: &str) -> TaskId {
        let (definition, _) =
            self.definitions.task_definitions.iter().find(|(_, it)| it.family == "job").expect("a definition");
        let group = self.definitions.groups.get("family:job").expect("a group");
        let source = self.job();
        self.create(at, definition, group, TaskOrigin::Source { source, ordinal }, on)
    }

    fn create(
        &mut self,
        at: SimTime,
        definition: TaskDefinitionId,
        group: GroupId,
        origin: TaskOrigin,
        on: &str,
    ) -> TaskId {
        let task = self.cluster.tasks().next_id();
        let requirements = self.definitions.task_definitions[definition].requirements;
        let subnet = requirements.eni.then(|| SubnetId::new(0));
        let named = |name: &str| {
            self.definitions.capacity_providers.iter().find(|(_, it)| it.name == name).expect("a provider").0
        };
        let (launch_type, provider, instance, zone) = match on {
            "FARGATE" => (LaunchType::Fargate, Some(named(on)), None, Some(ZoneId::new(1))),
            "cp-spot" => (LaunchType::Ec2, Some(named(on)), None, None),
            name => (LaunchType::Ec2, None, Some(self.instance(name)), None),
        };
        let subnet = subnet.filter(|_| provider.is_none() || zone.is_some());
        self.fact(
            at,
            Fact::TaskCreated {
                task,
                definition,
                group,
                origin,
                placement: PlacementId::new(0),
                launch_type,
                provider,
                instance,
                zone,
                requirements,
                subnet,
            },
        );
        task
    }

    /// EC2 launches an instance of `spot`.
    pub(crate) fn launch(&mut self, at: SimTime, market: Market) -> InstanceId {
        let instance = self.cluster.instances().next_id();
        self.fact(at, Fact::InstanceLaunched { instance, option: LaunchOptionId::new(0), market, warm: false });
        instance
    }

    /// A launched instance registers and enters service.
    pub(crate) fn serve(&mut self, at: SimTime, instance: InstanceId) {
        self.fact(at, Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
        self.fact(at, Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::InService });
    }

    /// A task that waited gets an instance.
    pub(crate) fn give(&mut self, at: SimTime, task: TaskId, instance: InstanceId) {
        let subnet = self.cluster.task(task).requirements.eni.then(|| SubnetId::new(0));
        self.fact(at, Fact::TaskPlaced { task, instance, subnet });
    }

    /// EC2 takes a Spot instance back two minutes after its notice.
    pub(crate) fn interrupt(&mut self, at: SimTime, instance: InstanceId) {
        let reclaimed_at = at + Span::from_secs(120);
        self.fact(at, Fact::SpotInterruptionNoticed { instance, reclaimed_at });
        self.fact(at, Fact::InstanceStatusChanged { instance, to: InstanceStatus::Draining });
        self.fact(at, Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminating });
    }

    /// And then it is gone.
    pub(crate) fn reclaim(&mut self, at: SimTime, instance: InstanceId) {
        self.fact(at, Fact::InstanceTerminated { instance, reason: TerminationReason::SpotInterruption });
        self.fact(at, Fact::HostPowerChanged { instance, running: false });
        self.fact(at, Fact::InstanceStatusChanged { instance, to: InstanceStatus::Inactive });
        self.fact(at, Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminated });
    }

    pub(crate) fn policy(&self, name: &str) -> PolicyId {
        self.definitions.policies.get(name).expect("a policy")
    }

    pub(crate) fn metric(&self, name: &str) -> MetricId {
        self.definitions.metrics.get(name).expect("a metric")
    }

    /// From creation to RUNNING at `at`.
    pub(crate) fn run(&mut self, task: TaskId, at: SimTime) {
        if self.cluster.task(task).last == TaskStatus::Provisioning {
            self.fact(at, Fact::TaskStatusChanged { task, to: TaskStatus::Pending });
        }
        if self.cluster.task(task).instance.is_some() {
            self.fact(at, Fact::TaskAdmitted { task });
        }
        self.fact(at, Fact::ImagePullStarted { task });
        self.fact(at, Fact::ImagePullStopped { task });
        self.fact(at, Fact::TaskStatusChanged { task, to: TaskStatus::Running });
    }

    /// From "shall stop" to STOPPED at `at`; the containers exit with the codes given.
    pub(crate) fn end(&mut self, at: SimTime, task: TaskId, codes: &[i32]) {
        self.fact(at, Fact::TaskStatusChanged { task, to: TaskStatus::Stopping });
        for (container, exit_code) in codes.iter().copied().enumerate() {
            let container = u8::try_from(container).expect("few containers");
            if self.cluster.task(task).exited >> container & 1 == 0 {
                self.fact(at, Fact::ContainerExited { task, container, exit_code, out_of_memory: false });
            }
        }
        self.fact(at, Fact::TaskExecutionStopped { task });
        if self.cluster.task(task).requirements.eni {
            self.fact(at, Fact::TaskStatusChanged { task, to: TaskStatus::Deprovisioning });
        }
        self.fact(at, Fact::TaskStatusChanged { task, to: TaskStatus::Stopped });
    }

    pub(crate) fn end_at(&mut self, at: SimTime) {
        self.end = at;
    }

    pub(crate) fn replay(&self, observer: &mut (impl Observer + ?Sized)) {
        self.replay_from(0, observer);
    }

    /// Shows the run to an observer that misses the first `skip` facts.
    pub(crate) fn replay_from(&self, skip: usize, observer: &mut (impl Observer + ?Sized)) {
        let mut cluster = Cluster::new(Arc::clone(&self.definitions));
        for (number, (at, fact)) in self.facts.iter().enumerate() {
            cluster.apply(*at, fact);
            if number >= skip {
                observer.observe(*at, fact, &cluster);
            }
        }
        observer.run_ended(self.end, &cluster);
    }

    /// A run with something of everything.
    pub(crate) fn busy() -> Self {
        let mut kit = Self::new();
        let (log, web) = (kit.service("log"), kit.service("web"));
        let (a, b, gpu) = (kit.register("a", ms(0)), kit.register("b", ms(5)), kit.register("gpu", ms(10)));
        let first = kit.place(ms(1000), "web", "a");
        let event = ServiceEvent::TasksStarted { first, count: 1 };
        kit.fact(ms(1000), Fact::ServiceEvent { service: web, event });
        kit.run(first, ms(2000));
        kit.service_unplaced(ms(2500), web, &[Rejection::Ports]);
        let event = ServiceEvent::PlacementFailed { closest: Some((a, Rejection::Ports)) };
        kit.fact(ms(2500), Fact::ServiceEvent { service: web, event });
        kit.request(ms(3000), 3);
        kit.unplaced(ms(3000), 1, 2, &[Rejection::Cpu, Rejection::Eni]);
        let job = kit.place_copy(ms(3000), 0, "gpu");
        kit.run(job, ms(4000));
        let source = kit.job();
        kit.fact(ms(4000), Fact::RequestQueued { source, ordinal: 1 });
        kit.fact(ms(4000), Fact::RequestDropped { source, ordinal: 2 });
        let failure = StartTaskFailure::Missing;
        kit.fact(ms(4000), Fact::StartTaskFailed { source, ordinal: 1, instance: b, failure });
        kit.fact(ms(4500), Fact::ContainerExited { task: job, container: 1, exit_code: 137, out_of_memory: true });
        kit.fact(ms(5000), Fact::ContainerExited { task: job, container: 0, exit_code: 3, out_of_memory: false });
        kit.fact(ms(5000), Fact::TaskStopRequested { task: job, reason: StopReason::EssentialContainerExited });
        kit.end(ms(5000), job, &[3, 137]);
        let vpc = kit.place(ms(6000), "vpc", "b");
        kit.run(vpc, ms(7000));
        kit.fact(ms(8000), Fact::AgentConnectionChanged { instance: b, connected: false });
        let (attribute, value) = (AttributeId::new(1), Some(ValueId::new(1)));
        kit.fact(ms(8000), Fact::AttributePut { instance: gpu, attribute, value });
        kit.fact(ms(8200), Fact::AlarmStateChanged { alarm: AlarmId::new(0), to: AlarmState::Alarm });
        kit.fact(ms(8500), Fact::TaskStopRequested { task: first, reason: StopReason::ScaleIn });
        let last = kit.place(ms(8500), "web", "a");
        kit.end(ms(9000), first, &[143]);
        kit.fact(ms(9500), Fact::InstanceStatusChanged { instance: b, to: InstanceStatus::Draining });
        kit.fact(ms(10_000), Fact::HostPowerChanged { instance: b, running: false });
        kit.fact(ms(10_000), Fact::TaskStopRequested { task: vpc, reason: StopReason::HostTerminated(b) });
        kit.end(ms(10_000), vpc, &[137]);
        kit.fact(ms(10_000), Fact::InstanceStatusChanged { instance: b, to: InstanceStatus::Inactive });
        kit.run(last, ms(11_000));
        kit.fact(
            ms(12_000),
            Fact::ServiceUnplaced {
                service: log,
                instance: Some(gpu),
                zone: None,
                rejections: counts(&[Rejection::Memory]),
                closest: Some(gpu),
            },
        );
        kit.fact(ms(13_000), Fact::ServiceEvent { service: web, event: ServiceEvent::SteadyState });
        let waiting = kit.place(ms(14_000), "web", "cp-spot");
        let fargate = kit.place(ms(14_000), "vpc", "FARGATE");
        kit.run(fargate, ms(14_500));
        let spot = kit.launch(ms(15_000), Market::Spot);
        kit.serve(ms(16_000), spot);
        kit.give(ms(16_000), waiting, spot);
        kit.run(waiting, ms(16_500));
        kit.fact(ms(17_000), Fact::RebalanceRecommended { instance: spot });
        kit.interrupt(ms(17_000), spot);
        kit.fact(ms(17_000), Fact::TaskStopRequested { task: waiting, reason: StopReason::Draining });
        kit.end(ms(18_000), waiting, &[0]);
        kit.reclaim(ms(19_000), spot);
        kit.end_at(ms(20_000));
        kit
    }
}

/// The bytes of one file of a run.
pub(crate) fn write(kit: &Kit, kind: TraceKind) -> String {
    let mut sink = open_with_costs(kind, kit.definitions(), kit.costs().as_ref(), Vec::new());
    kit.replay(&mut *sink);
    String::from_utf8(sink.finish().expect("writing to memory")).expect("UTF-8")
}

/// The rows of one CSV file of a run, cells by column.
pub(crate) fn cells(kit: &Kit, kind: TraceKind) -> Vec<BTreeMap<String, String>> {
    let text = write(kit, kind);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn counts(reasons: &[Rejection]) -> RejectionCounts {
    let mut counts = RejectionCounts::default();
    for reason in reasons {
        counts.add(*reason);
    }
    counts
}

fn definitions() -> Definitions {
    let mut all = Definitions {
        region: "us-east-1".into(),
        account: "111122223333".into(),
        cluster_name: "default".into(),
        start_unix_ms: 1_772_409_600_000,
        max_reserved_ports: 100,
        release_at_desired_stopped: true,
        ..Definitions::default()
    };
    let zones = ["us-east-1a", "us-east-1b"].map(|zone| all.zones.intern(zone));
    all.subnets.push(Subnet { name: "subnet-1".into(), zone: zones[1], free_addresses: 10 });
    let architecture = all.attributes.intern("ecs.cpu-architecture");
    all.attributes.intern("stack");
    let syslog = all.attributes.intern("com.amazonaws.ecs.capability.logging-driver.syslog");
    let x86 = all.values.intern("x86_64");
    all.values.intern("blue, \"green\"");
    let tcp = |number| Port { protocol: Protocol::Tcp, number };
    for (instance_type, gpus) in [("m5.large", 0), ("g5.12xlarge", 4)] {
        all.shapes.push(InstanceShape {
            instance_type: instance_type.into(),
            registered: Resources { cpu: 2048, memory: 3767, gpus, enis: 2 },
            reserved_ports: PortSet::new([22, 2375, 2376, 51678, 51679].map(tcp)),
            attributes: vec![(architecture, Some(x86)), (syslog, None)],
            agent_version: "1.103.0".into(),
            trunk: false,
            external: false,
            pull_behavior: PullBehavior::Default,
            image_cleanup: None,
            stop_timeout: Span::from_secs(30),
            hidden_enis: 0,
            dynamic_ports: 100,
            ebs_slots: 10,
            ebs_shared_with_enis: false,
        });
    }
    for (name, shape, zone) in [("a", 0, 0), ("b", 0, 1), ("gpu", 1, 0)] {
        all.instances.push(PlannedInstance {
            name: name.into(),
            named: true,
            ec2_instance_id: None,
            shape: ShapeId::new(shape),
            zone: zones[zone],
            subnet: None,
            registered_at_unix_ms: None,
            join_at: SimTime::ZERO,
            agent_connected: true,
        });
    }
    let image = all.images.intern("111122223333.dkr.ecr.us-east-1.amazonaws.com/app:latest");
    let container = |name: &str, essential, gpus| ContainerDefinition {
        name: name.into(),
        essential,
        cpu: 256,
        memory: Some(512),
        memory_reservation: None,
        gpus: GpuNeed::Count(gpus),
        stop_timeout: None,
        depends_on: Vec::new(),
        start_timeout: None,
        restart_policy: None,
        health_check: None,
        image,
        dynamic_ports: 0,
    };
    let definition = |family: &str, network_mode, gpus, containers: Vec<ContainerDefinition>, ports| TaskDefinition {
        family: family.into(),
        revision: 2,
        network_mode,
        requirements: Requirements {
            cpu: 256 * u32::try_from(containers.len()).expect("few"),
            memory: 512,
            gpus: GpuNeed::Count(gpus),
            eni: network_mode == NetworkMode::Awsvpc,
        },
        ports,
        required_attributes: Vec::new(),
        task_cpu: None,
        task_memory: None,
        containers,
        ebs_volume: false,
        fargate: Some(FargateSize { cpu: 256, memory: 512, ephemeral_gib: 21, platform: FargatePlatform::LinuxX86 }),
    };
    let sidecar = vec![container("app", true, 2), container("sidecar", false, 1)];
    all.task_definitions.push(definition("job", NetworkMode::Bridge, 3, sidecar, Vec::new()));
    all.task_definitions.push(definition("vpc", NetworkMode::Awsvpc, 0, vec![container("app", true, 0)], Vec::new()));
    all.task_definitions.push(definition(
        "web",
        NetworkMode::Bridge,
        0,
        vec![container("app", true, 0)],
        vec![tcp(80)],
    ));
    all.groups.intern("family:job");
    for (name, definition, scheduling) in [
        ("log", 0, SchedulingStrategy::Daemon),
        ("vpc", 1, SchedulingStrategy::Replica),
        ("web", 2, SchedulingStrategy::Replica),
    ] {
        all.services.push(ServiceDefinition {
            name: name.into(),
            group: all.groups.intern(&format!("service:{name}")),
            scheduling,
            revisions: vec![ServiceRevision::plain(TaskDefinitionId::new(definition))],
            desired_count: if name == "log" { 0 } else { 2 },
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            placement: PlacementId::new(0),
            availability_zone_rebalancing: false,
            health_check_grace: ecsim_kernel::Span::ZERO,
            exists_at_start: true,
            launch_type: LaunchType::Ec2,
            strategy: None,
        });
    }
    all.policies.intern("cpu-steps");
    let metric = all.metrics.intern("CPUUtilization");
    let series = all.series.push(SeriesDefinition {
        source: SeriesSource::Custom(metric),
        statistic: Statistic::Average,
        period: Span::from_mins(1),
    });
    all.alarms.push(AlarmDefinition {
        name: "hot".into(),
        series,
        comparison: Comparison::Greater,
        threshold: 60_000_000,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        missing: MissingData::Missing,
        exists_at_start: true,
    });
    let spot = all.auto_scaling_groups.push(GroupDefinition {
        name: "spot".into(),
        min_size: 0,
        max_size: 10,
        desired_capacity: 1,
        zones: vec![zones[0]],
        protects_new_instances: false,
        suspended: Processes::NONE,
    });
    let pool = all.pools.push(CapacityPool { instance_type: "m5.large".into(), zone: zones[0] });
    all.launch_options.push(LaunchOption {
        owner: LaunchOwner::Group(spot),
        pool,
        shape: ShapeId::new(0),
        zone: zones[0],
        subnet: None,
        rank: 0,
        template: 1,
        volume_gib: 30,
    });
    let scaling = ManagedScaling { target: 100, minimum_step: 1, maximum_step: 10_000, warmup: Span::from_secs(300) };
    for (name, kind, managed_scaling) in
        [("FARGATE", ProviderKind::Fargate, None), ("cp-spot", ProviderKind::AutoScalingGroup(spot), Some(scaling))]
    {
        all.capacity_providers.push(CapacityProviderDefinition {
            name: name.into(),
            kind,
            managed_scaling,
            termination_protection: false,
            managed_draining: true,
            exists_at_start: true,
        });
    }
    let started_by = Some(all.texts.intern("me, \"myself\""));
    all.sources.push(Source { name: "job".into(), started_by });
    all
}
