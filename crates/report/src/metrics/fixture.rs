//! Hand-made runs for tests: a few names, and facts one by one.

use std::sync::Arc;

use ecsim_cluster::definitions::{
    CapacityPool, CapacityProviderDefinition, ContainerDefinition, FargatePlatform, FargateSize, GroupDefinition,
    InstanceShape, LaunchOption, LaunchOwner, LaunchType, ManagedScaling, NetworkMode, PlannedInstance, ProviderKind,
    PullBehavior, SchedulingStrategy, ServiceDefinition, ServiceRevision, Source, TaskDefinition,
};
use ecsim_cluster::fact::{TaskOrigin, TerminationReason};
use ecsim_cluster::ids::{PlacementId, ShapeId};
use ecsim_cluster::{
    AsgId, Cluster, Definitions, Fact, GpuNeed, InstanceId, InstanceLifecycle, InstanceStatus, LaunchOptionId, Market,
    Observer, PortSet, Processes, ProviderId, ProviderStatus, Rejection, RejectionCounts, Requirements, Resources,
    ServiceId, ServiceStatus, SourceId, StopReason, TaskDefinitionId, TaskId, TaskStatus, ZoneId,
};
use ecsim_kernel::{SimTime, Span};

/// 2026-03-02T00:00:00Z.
pub(crate) const START: i64 = 1_772_409_600_000;

/// What a scenario names.
#[derive(Default)]
pub(crate) struct Names {
    /// Name, zone, CPU, memory, GPUs.
    pub(crate) instances: Vec<(&'static str, &'static str, u32, u32, u16)>,
    /// Family, CPU, memory, GPUs.
    pub(crate) families: Vec<(&'static str, u32, u32, u16)>,
    /// Name, index of the family, desired count.
    pub(crate) services: Vec<(&'static str, u32, u32)>,
    pub(crate) sources: Vec<&'static str>,
    /// Name, `MinSize`, `MaxSize`, desired capacity, zones. Its instances have 2,048 units and 4,096 MiB.
    pub(crate) groups: Vec<(&'static str, u32, u32, u32, Vec<&'static str>)>,
    /// Name, and the index of its group; without one it is Fargate's.
    pub(crate) providers: Vec<(&'static str, Option<u32>)>,
}

impl Names {
    pub(crate) fn definitions(&self) -> Arc<Definitions> {
        let mut all = Definitions {
            region: "us-east-1".into(),
            account: "123456789012".into(),
            cluster_name: "prod".into(),
            start_unix_ms: START,
            max_reserved_ports: 100,
            release_at_desired_stopped: true,
            ..Definitions::default()
        };
        let mut zones: Vec<&str> = self.instances.iter().map(|(_, zone, ..)| *zone).collect();
        zones.extend(self.groups.iter().flat_map(|(.., zones)| zones));
        zones.sort_unstable();
        all.zones = zones.into_iter().collect();
        all.attributes.intern("role");
        all.values.intern("edge");
        for (name, zone, cpu, memory, gpus) in &self.instances {
            let shape = all.shapes.push(InstanceShape {
                instance_type: "c4.large".into(),
                registered: Resources { cpu: *cpu, memory: *memory, gpus: *gpus, enis: 2 },
                reserved_ports: PortSet::default(),
                attributes: Vec::new(),
                agent_version: "1.103.0".into(),
                trunk: false,
                external: false,
                pull_behavior: PullBehavior::Default,
                image_cleanup: None,
                stop_timeout: Span::from_secs(30),
                hidden_enis: 0,
                dynamic_ports: 100,
                ebs_slots: 27,
                ebs_shared_with_enis: false,
            });
            let _: ShapeId = shape;
            all.instances.push(PlannedInstance {
                name: (*name).into(),
                named: true,
                ec2_instance_id: None,
                shape,
                zone: all.zones.get(zone).unwrap(),
                subnet: None,
                registered_at_unix_ms: None,
                join_at: SimTime::ZERO,
                agent_connected: true,
            });
        }
        let image = all.images.intern("nginx");
        for (family, cpu, memory, gpus) in &self.families {
            all.groups.intern(&format!("family:{family}"));
            all.task_definitions.push(TaskDefinition {
                family: (*family).into(),
                revision: 1,
                network_mode: NetworkMode::Bridge,
                requirements: Requirements { cpu: *cpu, memory: *memory, gpus: GpuNeed::Count(*gpus), eni: false },
                ports: Vec::new(),
                required_attributes: Vec::new(),
                task_cpu: None,
                task_memory: None,
                containers: vec![ContainerDefinition {
                    name: "app".into(),
                    essential: true,
                    cpu: *cpu,
                    memory: Some(*memory),
                    memory_reservation: None,
                    gpus: GpuNeed::Count(*gpus),
                    stop_timeout: None,
                    depends_on: Vec::new(),
                    start_timeout: None,
                    restart_policy: None,
                    health_check: None,
                    image,
                    dynamic_ports: 0,
                }],
                ebs_volume: false,
                fargate: Some(FargateSize {
                    cpu: *cpu,
                    memory: *memory,
                    ephemeral_gib: 20,
                    platform: FargatePlatform::LinuxX86,
                }),
            });
        }
        for (name, family, desired) in &self.services {
            let group = all.groups.intern(&format!("service:{name}"));
            all.services.push(ServiceDefinition {
                name: (*name).into(),
                group,
                scheduling: SchedulingStrategy::Replica,
                revisions: vec![ServiceRevision::plain(TaskDefinitionId::new(*family))],
                desired_count: *desired,
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
        for name in &self.sources {
            all.sources.push(Source { name: (*name).into(), started_by: None });
        }
        self.add_capacity(&mut all);
        Arc::new(all)
    }
}

impl Names {
    fn add_capacity(&self, all: &mut Definitions) {
        for (name, min_size, max_size, desired_capacity, zones) in &self.groups {
            let shape = InstanceShape::plain("m5.large", Resources { cpu: 2_048, memory: 4_096, gpus: 0, enis: 2 });
            let shape = all.shapes.push(shape);
            let zones: Vec<ZoneId> = zones.iter().map(|zone| all.zones.get(zone).unwrap()).collect();
            let group = all.auto_scaling_groups.push(GroupDefinition {
                name: (*name).into(),
                min_size: *min_size,
                max_size: *max_size,
                desired_capacity: *desired_capacity,
                zones: zones.clone(),
                protects_new_instances: false,
                suspended: Processes::NONE,
            });
            for (rank, zone) in zones.into_iter().enumerate() {
                let pool = all.pools.push(CapacityPool { instance_type: "m5.large".into(), zone });
                all.launch_options.push(LaunchOption {
                    owner: LaunchOwner::Group(group),
                    pool,
                    shape,
                    zone,
                    subnet: None,
                    rank: rank as u32,
                    template: 1,
                    volume_gib: 30,
                });
            }
        }
        for (name, group) in &self.providers {
            let kind = match group {
                Some(group) => ProviderKind::AutoScalingGroup(AsgId::new(*group)),
                None if *name == "FARGATE_SPOT" => ProviderKind::FargateSpot,
                None => ProviderKind::Fargate,
            };
            let scaling =
                ManagedScaling { target: 100, minimum_step: 1, maximum_step: 10_000, warmup: Span::from_secs(300) };
            all.capacity_providers.push(CapacityProviderDefinition {
                name: (*name).into(),
                kind,
                managed_scaling: group.map(|_| scaling),
                termination_protection: false,
                managed_draining: true,
                exists_at_start: true,
            });
        }
    }
}

/// Where a task goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    On(u32),
    /// It waits in PROVISIONING.
    Nowhere,
    /// In a zone.
    Fargate(u32),
}

/// A run told fact by fact.
pub(crate) struct Story<O> {
    pub(crate) now: SimTime,
    pub(crate) cluster: Cluster,
    pub(crate) observer: O,
}

impl<O: Observer> Story<O> {
    pub(crate) fn new(definitions: &Arc<Definitions>, observer: O) -> Self {
        Self { now: SimTime::ZERO, cluster: Cluster::new(Arc::clone(definitions)), observer }
    }

    /// Goes to `ms` after the start.
    pub(crate) fn at(&mut self, ms: u64) -> &mut Self {
        assert!(ms >= self.now.ms(), "a story is told in order");
        self.now = SimTime::from_ms(ms);
        self
    }

    pub(crate) fn fact(&mut self, fact: Fact) -> &mut Self {
        self.cluster.apply(self.now, &fact);
        self.observer.observe(self.now, &fact, &self.cluster);
        self
    }

    pub(crate) fn period(&mut self) -> &mut Self {
        self.observer.period_ended(self.now, &self.cluster);
        self
    }

    pub(crate) fn end(&mut self, ms: u64) -> &mut Self {
        self.at(ms);
        self.observer.run_ended(self.now, &self.cluster);
        self
    }

    pub(crate) fn status(&mut self, instance: u32, to: InstanceStatus) -> &mut Self {
        self.fact(Fact::InstanceStatusChanged { instance: InstanceId::new(instance), to })
    }

    /// Registers every planned instance.
    pub(crate) fn register_all(&mut self) -> &mut Self {
        for instance in 0..self.cluster.instances().len() as u32 {
            self.status(instance, InstanceStatus::Active);
        }
        self
    }

    pub(crate) fn create_service(&mut self, service: u32) -> &mut Self {
        self.fact(Fact::ServiceStatusChanged { service: ServiceId::new(service), to: ServiceStatus::Active })
    }

    /// A task comes into being, on an instance, on Fargate, or to wait for an instance of its provider.
    pub(crate) fn create(
        &mut self,
        origin: TaskOrigin,
        definition: TaskDefinitionId,
        group: &str,
        provider: Option<u32>,
        place: Place,
    ) -> TaskId {
        let definitions = Arc::clone(self.cluster.definitions());
        let task = self.cluster.tasks().next_id();
        let (launch_type, instance, zone) = match place {
            Place::On(instance) => (LaunchType::Ec2, Some(InstanceId::new(instance)), None),
            Place::Nowhere => (LaunchType::Ec2, None, None),
            Place::Fargate(zone) => (LaunchType::Fargate, None, Some(ZoneId::new(zone))),
        };
        self.fact(Fact::TaskCreated {
            task,
            definition,
            group: definitions.groups.get(group).unwrap(),
            origin,
            placement: PlacementId::new(0),
            launch_type,
            provider: provider.map(ProviderId::new),
            instance,
            zone,
            requirements: definitions.task_definitions[definition].requirements,
            subnet: None,
        });
        task
    }

    /// A task of a service, of a capacity provider.
    pub(crate) fn create_for(&mut self, service: u32, provider: u32, place: Place) -> TaskId {
        let service = ServiceId::new(service);
        let definition = self.cluster.services()[service].task_definition;
        let ordinal = self.cluster.services()[service].started;
        let group = format!("service:{}", self.cluster.definitions().services[service].name);
        self.create(TaskOrigin::Service { service, ordinal, deployment: 0 }, definition, &group, Some(provider), place)
    }

    /// A task that waited gets an instance.
    pub(crate) fn give(&mut self, task: TaskId, instance: InstanceId) -> &mut Self {
        self.fact(Fact::TaskPlaced { task, instance, subnet: None });
        self.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Pending })
    }

    /// Every capacity provider becomes ACTIVE.
    pub(crate) fn associate_all(&mut self) -> &mut Self {
        for provider in 0..self.cluster.providers().len() as u32 {
            let provider = ProviderId::new(provider);
            self.fact(Fact::ProviderStatusChanged { provider, to: ProviderStatus::Active });
        }
        self
    }

    /// EC2 launches an instance for a group.
    pub(crate) fn launch(&mut self, option: u32, market: Market) -> InstanceId {
        let instance = self.cluster.instances().next_id();
        self.fact(Fact::InstanceLaunched { instance, option: LaunchOptionId::new(option), market, warm: false });
        instance
    }

    pub(crate) fn lifecycle(&mut self, instance: InstanceId, to: InstanceLifecycle) -> &mut Self {
        self.fact(Fact::InstanceLifecycleChanged { instance, to })
    }

    /// A launched instance registers and enters service.
    pub(crate) fn serves(&mut self, instance: InstanceId) -> &mut Self {
        self.fact(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
        self.lifecycle(instance, InstanceLifecycle::InService)
    }

    /// EC2 shuts an instance down, which leaves its group and the cluster.
    pub(crate) fn terminates(&mut self, instance: InstanceId, reason: TerminationReason) -> &mut Self {
        self.lifecycle(instance, InstanceLifecycle::Terminating);
        self.fact(Fact::InstanceTerminated { instance, reason });
        self.fact(Fact::HostPowerChanged { instance, running: false });
        self.fact(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Inactive });
        self.lifecycle(instance, InstanceLifecycle::Terminated)
    }

    /// A task of a service is placed.
    pub(crate) fn place_service(&mut self, service: u32, instance: u32) -> TaskId {
        let service = ServiceId::new(service);
        let definition = self.cluster.services()[service].task_definition;
        let ordinal = self.cluster.services()[service].started;
        let group = format!("service:{}", self.cluster.definitions().services[service].name);
        self.create(
            TaskOrigin::Service { service, ordinal, deployment: 0 },
            definition,
            &group,
            None,
            Place::On(instance),
        )
    }

    /// A copy of a source is placed.
    pub(crate) fn place_copy(&mut self, source: u32, ordinal: u32, family: u32, instance: u32) -> TaskId {
        let definition = TaskDefinitionId::new(family);
        let group = format!("family:{}", self.cluster.definitions().task_definitions[definition].family);
        self.create(
            TaskOrigin::Source { source: SourceId::new(source), ordinal },
            definition,
            &group,
            None,
            Place::On(instance),
        )
    }

    pub(crate) fn ask(&mut self, source: u32, ordinal: u32, count: u32) -> &mut Self {
        self.fact(Fact::TaskRequested { source: SourceId::new(source), ordinal, count })
    }

    pub(crate) fn unplaced(&mut self, source: u32, ordinal: u32, reasons: &[Rejection], closest: u32) -> &mut Self {
        let mut rejections = RejectionCounts::default();
        reasons.iter().for_each(|reason| rejections.add(*reason));
        self.fact(Fact::RequestUnplaced {
            source: SourceId::new(source),
            ordinal,
            count: 1,
            rejections,
            closest: Some(InstanceId::new(closest)),
            held_back: None,
        })
    }

    /// The task is admitted and enters RUNNING.
    pub(crate) fn run(&mut self, task: TaskId) -> &mut Self {
        self.fact(Fact::TaskAdmitted { task });
        self.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Running })
    }

    pub(crate) fn ask_to_stop(&mut self, task: TaskId, reason: StopReason) -> &mut Self {
        self.fact(Fact::TaskStopRequested { task, reason })
    }

    /// The task's last container exits and it reaches STOPPED.
    pub(crate) fn stopped(&mut self, task: TaskId) -> &mut Self {
        self.fact(Fact::TaskExecutionStopped { task });
        self.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Stopped })
    }

    /// The essential container exits by itself and the task stops.
    pub(crate) fn exits(&mut self, task: TaskId, exit_code: i32) -> &mut Self {
        self.fact(Fact::ContainerExited { task, container: 0, exit_code, out_of_memory: exit_code == 137 });
        self.ask_to_stop(task, StopReason::EssentialContainerExited);
        self.stopped(task)
    }
}
