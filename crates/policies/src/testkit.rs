//! A small cluster from a short description, for tests of everything that looks at one.
//!
//! A [`Plan`] collects definitions; [`Plan::start`] registers the instances and gives a [`Lab`], which changes only by
//! facts and can place, stop and finish tasks. Every placement asks the index and the definition and insists that they
//! agree. Groups, providers and what they launch are in [`fleet`].

pub mod fleet;

use std::sync::Arc;

use ecsim_cluster::definitions::{
    InstanceShape, LaunchType, PlannedInstance, PullBehavior, SchedulingStrategy, ServiceDefinition, ServiceRevision,
    Source, Subnet, TaskDefinition,
};
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{
    AttributeId, Cluster, Definitions, Fact, GpuNeed, GpuSharing, GroupId, InstanceId, InstanceStatus, PlacementId,
    Port, PortSet, Protocol, Requirements, Resources, ServiceId, ServiceStatus, ShapeId, SourceId, StopReason,
    SubnetId, TaskDefinitionId, TaskId, TaskStatus, ValueId,
};
use ecsim_kernel::{Key, Purpose, SimTime, Span, Stream, Streams, Table};

use crate::capacity::spec::CapacityModel;
use crate::placement::constraints::Constraint;
use crate::placement::strategies::{self, SpreadField, Strategy};
use crate::placement::{Placement, PlacementIndex, Request, Ties, reference, validate};
use crate::settings::{Settings, TieBreak};
use crate::view::View;

/// The six TCP ports that an agent reserves (RES-020).
pub const AGENT_PORTS: [u16; 6] = [22, 2375, 2376, 51678, 51679, 51680];

/// A TCP port.
#[must_use]
pub const fn tcp(number: u16) -> Port {
    Port { protocol: Protocol::Tcp, number }
}

/// A UDP port.
#[must_use]
pub const fn udp(number: u16) -> Port {
    Port { protocol: Protocol::Udp, number }
}

/// CPU units and MiB, with ten network interfaces and no GPU.
#[must_use]
pub const fn room(cpu: u32, memory: u32) -> Resources {
    Resources { cpu, memory, gpus: 0, enis: 10 }
}

/// What a test cluster will consist of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What has been described so far; free to be changed.
    pub definitions: Definitions,
    /// Strategies and constraints.
    pub placements: Table<PlacementId, Placement>,
    /// Groups, providers and pools as configured.
    pub capacity: CapacityModel,
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

impl Plan {
    /// Zones us-east-1a to us-east-1f and nothing else.
    #[must_use]
    pub fn new() -> Self {
        let mut definitions = Definitions {
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            cluster_name: "test".to_owned(),
            max_reserved_ports: 100,
            release_at_desired_stopped: true,
            ..Definitions::default()
        };
        for letter in 'a'..='f' {
            definitions.zones.intern(&format!("us-east-1{letter}"));
        }
        definitions.sources.push(Source { name: "test".to_owned(), started_by: None });
        Self { definitions, placements: Table::new(), capacity: CapacityModel::default() }
    }

    /// Lets tasks share GPUs, which are thousandths from here on: before any instance is planned.
    pub fn share_gpus(&mut self, sharing: GpuSharing) {
        self.definitions.gpu_sharing = sharing;
    }

    /// The id of an attribute's name.
    pub fn attribute(&mut self, name: &str) -> AttributeId {
        self.definitions.attributes.intern(name)
    }

    /// The id of an attribute's value.
    pub fn value(&mut self, value: &str) -> ValueId {
        self.definitions.values.intern(value)
    }

    /// The id of a task group.
    pub fn group(&mut self, name: &str) -> GroupId {
        self.definitions.groups.intern(name)
    }

    /// An instance in the zone `us-east-1` + `zone`, with the attributes `NAME` or `NAME=VALUE` besides the built-in zone
    /// and type and `ecs.capability.task-eni`.
    pub fn instance(&mut self, name: &str, zone: &str, registered: Resources, attributes: &[&str]) -> InstanceId {
        self.instance_with(name, zone, registered, attributes, |_| {})
    }

    /// The same, with a last word on its shape.
    pub fn instance_with(
        &mut self,
        name: &str,
        zone: &str,
        registered: Resources,
        attributes: &[&str],
        change: impl FnOnce(&mut InstanceShape),
    ) -> InstanceId {
        let zone = format!("us-east-1{zone}");
        let zone_id = self.definitions.zones.intern(&zone);
        let shape = self.shape("test.large", &zone, registered, attributes, change);
        self.definitions.instances.push(PlannedInstance {
            name: name.to_owned(),
            named: true,
            ec2_instance_id: None,
            shape,
            zone: zone_id,
            subnet: None,
            registered_at_unix_ms: None,
            join_at: SimTime::ZERO,
            agent_connected: true,
        })
    }

    /// What instances of a type register in a zone, with the built-in attributes and those given.
    pub fn shape(
        &mut self,
        instance_type: &str,
        zone: &str,
        registered: Resources,
        attributes: &[&str],
        change: impl FnOnce(&mut InstanceShape),
    ) -> ShapeId {
        let mut list = Vec::new();
        let built_in = [format!("ecs.availability-zone={zone}"), format!("ecs.instance-type={instance_type}")];
        for text in
            built_in.iter().map(String::as_str).chain(["ecs.capability.task-eni"]).chain(attributes.iter().copied())
        {
            let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            let (name, value) = (self.attribute(name), value.map(|value| self.value(value)));
            list.retain(|(other, _)| *other != name);
            list.push((name, value));
        }
        list.sort_unstable();
        let mut shape = InstanceShape {
            instance_type: instance_type.to_owned(),
            registered,
            reserved_ports: PortSet::new(AGENT_PORTS.map(tcp)),
            attributes: list,
            agent_version: "1.100.0".to_owned(),
            trunk: false,
            external: false,
            pull_behavior: PullBehavior::Default,
            image_cleanup: None,
            stop_timeout: Span::from_secs(30),
            hidden_enis: 0,
            dynamic_ports: 28_232,
            ebs_slots: 27,
            ebs_shared_with_enis: false,
        };
        change(&mut shape);
        let known = self.definitions.shapes.iter().find(|(_, other)| **other == shape).map(|(id, _)| id);
        known.unwrap_or_else(|| self.definitions.shapes.push(shape))
    }

    /// A task definition that needs so many CPU units and MiB.
    pub fn task(&mut self, family: &str, cpu: u32, memory: u32) -> TaskDefinitionId {
        self.task_with(family, cpu, memory, |_| {})
    }

    /// The same, with a last word on it.
    pub fn task_with(
        &mut self,
        family: &str,
        cpu: u32,
        memory: u32,
        change: impl FnOnce(&mut TaskDefinition),
    ) -> TaskDefinitionId {
        let mut definition = TaskDefinition {
            family: family.to_owned(),
            revision: 1,
            network_mode: ecsim_cluster::definitions::NetworkMode::Bridge,
            requirements: Requirements { cpu, memory, gpus: GpuNeed::Count(0), eni: false },
            ports: Vec::new(),
            required_attributes: Vec::new(),
            task_cpu: None,
            task_memory: None,
            containers: Vec::new(),
            ebs_volume: false,
            fargate: None,
        };
        change(&mut definition);
        definition.ports.sort_unstable();
        self.definitions.task_definitions.push(definition)
    }

    /// Strategies such as `spread(instanceId)`, `spread(attribute:NAME)`, `binpack(memory)`, `random`, and constraints:
    /// `distinctInstance`, or anything else, which is an expression.
    ///
    /// # Panics
    /// Where the scenario's reader would complain.
    pub fn placement(&mut self, strategies: &[&str], constraints: &[&str]) -> PlacementId {
        let strategies = strategies
            .iter()
            .map(|text| {
                let (kind, field) = text.split_once('(').map_or((*text, None), |(kind, rest)| {
                    (kind, Some(rest.strip_suffix(')').expect("a closing parenthesis")))
                });
                match validate::strategy(kind, field).unwrap_or_else(|error| panic!("{text}: {error}")) {
                    validate::StrategySpec::SpreadInstance => Strategy::Spread(SpreadField::Instance),
                    validate::StrategySpec::SpreadAttribute(name) => {
                        Strategy::Spread(SpreadField::Attribute(self.attribute(&name)))
                    }
                    validate::StrategySpec::Binpack(resource) => Strategy::Binpack(resource),
                    validate::StrategySpec::Random => Strategy::Random,
                }
            })
            .collect();
        let constraints = constraints
            .iter()
            .map(|text| {
                let (kind, expression) =
                    if *text == "distinctInstance" { (*text, None) } else { ("memberOf", Some(*text)) };
                match validate::constraint(kind, expression, false).unwrap_or_else(|error| panic!("{text}: {error}")) {
                    validate::ConstraintSpec::DistinctInstance => Constraint::DistinctInstance,
                    validate::ConstraintSpec::MemberOf(expression) => Constraint::MemberOf(Arc::new(expression)),
                }
            })
            .collect();
        self.placements.push(Placement { strategies, is_default: false, constraints })
    }

    /// The chain of a service without strategies (PLC-032).
    pub fn service_default(&mut self, constraints: &[&str]) -> PlacementId {
        let id = self.placement(&[], constraints);
        let zone = self.attribute("ecs.availability-zone");
        self.placements[id].strategies = strategies::service_default(zone);
        self.placements[id].is_default = true;
        id
    }

    /// A subnet in the zone `us-east-1` + `zone`.
    pub fn subnet(&mut self, name: &str, zone: &str, free_addresses: u32) -> SubnetId {
        let zone = self.definitions.zones.intern(&format!("us-east-1{zone}"));
        self.definitions.subnets.push(Subnet { name: name.to_owned(), zone, free_addresses })
    }

    /// A service, ACTIVE from the start, whose group is `service:NAME`.
    pub fn service(
        &mut self,
        name: &str,
        scheduling: SchedulingStrategy,
        task_definition: TaskDefinitionId,
        placement: PlacementId,
    ) -> ServiceId {
        let group = self.group(&format!("service:{name}"));
        self.definitions.services.push(ServiceDefinition {
            name: name.to_owned(),
            group,
            scheduling,
            revisions: vec![ServiceRevision::plain(task_definition)],
            desired_count: 0,
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            placement,
            availability_zone_rebalancing: false,
            health_check_grace: ecsim_kernel::Span::ZERO,
            exists_at_start: true,
            launch_type: LaunchType::Ec2,
            strategy: None,
        })
    }

    /// Registers every instance and creates every service.
    #[must_use]
    pub fn start(self) -> Lab {
        let mut lab = self.start_empty();
        for instance in lab.cluster.instances().ids() {
            lab.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
        }
        for service in lab.cluster.services().ids() {
            lab.apply(Fact::ServiceStatusChanged { service, to: ServiceStatus::Active });
        }
        lab
    }

    /// The same with no instance registered and no service created.
    #[must_use]
    pub fn start_empty(self) -> Lab {
        let cluster = Cluster::new(Arc::new(self.definitions));
        let streams = Streams::new(1, 0);
        Lab {
            index: PlacementIndex::new(&cluster),
            cluster,
            placements: self.placements,
            capacity: self.capacity,
            settings: Settings::default(),
            ties: streams.stream(Purpose(9_999), Key::new("testkit", 0)),
            streams,
            now: SimTime::ZERO,
            copies: 0,
        }
    }
}

/// A running test cluster.
#[derive(Clone, Debug)]
pub struct Lab {
    /// What is true.
    pub cluster: Cluster,
    /// Strategies and constraints.
    pub placements: Table<PlacementId, Placement>,
    /// Groups, providers and pools as configured.
    pub capacity: CapacityModel,
    /// AWS's unknown numbers.
    pub settings: Settings,
    /// Luck.
    pub streams: Streams,
    /// The fast path, fed with every fact.
    pub index: PlacementIndex,
    /// Now.
    pub now: SimTime,
    /// Where ties are drawn from.
    pub ties: Stream,
    copies: u32,
}

impl Lab {
    /// A fact happens.
    pub fn apply(&mut self, fact: Fact) {
        self.cluster.apply(self.now, &fact);
        self.index.observe(&self.cluster, &fact);
    }

    /// What a controller sees.
    #[must_use]
    pub const fn view(&self) -> View<'_> {
        View {
            now: self.now,
            cluster: &self.cluster,
            capacity: &self.capacity,
            placements: &self.placements,
            settings: &self.settings,
            streams: &self.streams,
        }
    }

    /// A task of the definition's size in a group.
    #[must_use]
    pub fn request(&self, definition: TaskDefinitionId, group: GroupId, placement: PlacementId) -> Request<'static> {
        Request {
            definition,
            requirements: self.cluster.definitions().task_definitions[definition].requirements,
            group,
            placement,
            launch_type: LaunchType::Ec2,
            provider: None,
            subnets: &[],
            zone: None,
            is_daemon: false,
        }
    }

    /// The id of a group that the plan named.
    ///
    /// # Panics
    /// Where it did not.
    #[must_use]
    pub fn group(&self, name: &str) -> GroupId {
        self.cluster.definitions().groups.get(name).expect("a group of the plan")
    }

    /// The name of an instance.
    #[must_use]
    pub fn name(&self, instance: InstanceId) -> &str {
        &self.cluster.instances()[instance].name
    }

    /// The instance of that name.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn instance(&self, name: &str) -> InstanceId {
        let instances = &self.cluster.definitions().instances;
        instances.iter().find(|(_, planned)| planned.name == name).expect("an instance of the plan").0
    }

    /// Where the request would go, by the index, after checking it against the definition.
    ///
    /// # Panics
    /// Where index and definition disagree.
    pub fn choose(&mut self, request: &Request<'_>, mode: TieBreak) -> Option<InstanceId> {
        let view = View {
            now: self.now,
            cluster: &self.cluster,
            capacity: &self.capacity,
            placements: &self.placements,
            settings: &self.settings,
            streams: &self.streams,
        };
        let tied = reference::tied(&view, request);
        match mode {
            TieBreak::Fixed => {
                let chosen = self.index.choose(&view, request, Ties::Fixed);
                assert_eq!(chosen, reference::choose(&view, request, Ties::Fixed), "{request:?}: {tied:?}");
                chosen
            }
            TieBreak::Random => {
                let chosen = self.index.choose(&view, request, Ties::Random(&mut self.ties));
                match chosen {
                    Some(chosen) => assert!(tied.contains(&chosen), "{request:?}: {chosen:?} is not one of {tied:?}"),
                    None => assert!(tied.is_empty(), "{request:?}: nothing chosen of {tied:?}"),
                }
                chosen
            }
        }
    }

    /// Places the request if it can be placed.
    pub fn place(&mut self, request: &Request<'_>, mode: TieBreak) -> Option<(TaskId, InstanceId)> {
        let instance = self.choose(request, mode)?;
        Some((self.put(request, instance), instance))
    }

    /// Places the request so many times and names the instances; `-` where it could not be placed.
    pub fn place_many(&mut self, request: &Request<'_>, mode: TieBreak, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| self.place(request, mode).map_or("-".to_owned(), |(_, instance)| self.name(instance).to_owned()))
            .collect()
    }

    /// Puts a standalone task on an instance, whatever placement would say.
    pub fn put(&mut self, request: &Request<'_>, instance: InstanceId) -> TaskId {
        let origin = TaskOrigin::Source { source: SourceId::new(0), ordinal: self.copies };
        self.copies += 1;
        self.put_as(request, instance, origin)
    }

    /// Puts a task of a service on an instance, whatever placement would say.
    pub fn put_for(&mut self, service: ServiceId, request: &Request<'_>, instance: InstanceId) -> TaskId {
        let ordinal = self.cluster.services()[service].started;
        self.put_as(request, instance, TaskOrigin::Service { service, ordinal, deployment: 0 })
    }

    fn put_as(&mut self, request: &Request<'_>, instance: InstanceId, origin: TaskOrigin) -> TaskId {
        let task = self.cluster.tasks().next_id();
        self.apply(Fact::TaskCreated {
            task,
            definition: request.definition,
            group: request.group,
            origin,
            placement: request.placement,
            launch_type: request.launch_type,
            provider: request.provider,
            instance: Some(instance),
            zone: None,
            requirements: request.requirements,
            subnet: None,
        });
        task
    }

    /// The task's desired status becomes STOPPED.
    pub fn stop(&mut self, task: TaskId) {
        self.apply(Fact::TaskStopRequested { task, reason: StopReason::UserInitiated(None) });
    }

    /// A task that was told to stop reaches STOPPED.
    pub fn finish(&mut self, task: TaskId) {
        self.apply(Fact::TaskExecutionStopped { task });
        self.apply(Fact::TaskStatusChanged { task, to: TaskStatus::Stopped });
    }

    /// Sets or, with `None`, deletes an attribute that the plan named; `Some("")` is no value.
    ///
    /// # Panics
    /// Where the plan did not name it or its value.
    pub fn set_attribute(&mut self, instance: InstanceId, name: &str, value: Option<&str>) {
        let definitions = self.cluster.definitions();
        let attribute = definitions.attributes.get(name).expect("an attribute of the plan");
        match value {
            None => self.apply(Fact::AttributeDeleted { instance, attribute }),
            Some(value) => {
                let value =
                    (!value.is_empty()).then(|| definitions.values.get(value).expect("an attribute value of the plan"));
                self.apply(Fact::AttributePut { instance, attribute, value });
            }
        }
    }
}
