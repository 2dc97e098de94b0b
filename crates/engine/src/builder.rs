//! Models made by hand from Rust: for examples, benches, fuzzing, and whoever embeds the simulator.
//!
//! A scenario file says more and is checked; this says just enough for a run: instances, task definitions, services and
//! sources of standalone tasks, everything without delays unless a behaviour is given.

use std::sync::Arc;

use ecsim_cluster::definitions::{
    ContainerDefinition, Definitions, InstanceShape, LaunchType, NetworkMode, PlannedInstance, PullBehavior,
    SchedulingStrategy, ServiceDefinition, ServiceRevision, Source, Subnet, TaskDefinition,
};
use ecsim_cluster::targets::TargetGroupDefinition;
use ecsim_cluster::{
    AttributeId, CallId, GpuNeed, InstanceId, PlacementId, Port, PortSet, Protocol, Requirements, Resources, ServiceId,
    ShapeId, SourceId, SubnetId, TargetGroupId, TaskDefinitionId, ValueId,
};
use ecsim_kernel::{Distribution, SimTime, Span, Table};
use ecsim_policies::Settings;
use ecsim_policies::capacity::settings::{CapacitySettings, Tie};
use ecsim_policies::capacity::spec::CapacityModel;
use ecsim_policies::placement::constraints::Constraint;
use ecsim_policies::placement::strategies::{self, SpreadField, Strategy};
use ecsim_policies::placement::{Placement, validate};
use ecsim_policies::scaling::service::spec::ScalingModel;
use ecsim_policies::services::settings::DeploymentSettings;
use ecsim_policies::settings::{PullRetry, TieBreak};

use crate::demand::DemandModel;
use crate::fleet::FleetModel;
use crate::model::{
    Arrivals, Call, ContainerBehavior, HealthBehavior, InstanceBehavior, Model, SourceModel, TaskBehavior,
    TaskTemplate, WhenUnplaced,
};

mod fleet;

/// The attribute every instance has: its zone (CQL-015).
pub const ZONE: &str = "ecs.availability-zone";
/// The attribute every instance has: its type (CQL-015).
pub const INSTANCE_TYPE: &str = "ecs.instance-type";
/// What an `awsvpc` task requires (RES-043).
pub const TASK_ENI: &str = "ecs.capability.task-eni";

/// A model in the making.
#[derive(Clone, Debug)]
pub struct Builder {
    definitions: Definitions,
    placements: Table<PlacementId, Placement>,
    sources: Table<SourceId, SourceModel>,
    behaviors: Table<TaskDefinitionId, TaskBehavior>,
    timeline: Vec<(SimTime, CallId)>,
    calls: Table<CallId, Call>,
    /// The settings of the run; without latencies and with fixed ties at first.
    pub settings: Settings,
    /// The seed.
    pub seed: u64,
    /// How long the run lasts.
    pub duration: Span,
    /// How often metrics are taken; zero = never.
    pub metrics_period: Span,
    /// How instances behave; without delays at first.
    pub instance_behavior: InstanceBehavior,
    /// Groups, providers and pools as configured.
    pub capacity: CapacityModel,
    /// How they behave; quiet at first.
    pub fleet: FleetModel,
    /// Requests to services, callers before those they call; none at first.
    pub demand: DemandModel,
    /// Alarms and service auto scaling.
    pub scaling: ScalingModel,
}

/// The distribution that is always `seconds`.
///
/// # Panics
/// Where `seconds` is negative or no number.
#[must_use]
pub fn constant(seconds: f64) -> Distribution {
    Distribution::constant(seconds).expect("a constant number of seconds")
}

fn constraint(text: &str) -> Constraint {
    let (kind, expression) = if text == "distinctInstance" { (text, None) } else { ("memberOf", Some(text)) };
    match validate::constraint(kind, expression, false).unwrap_or_else(|error| panic!("{text}: {error}")) {
        validate::ConstraintSpec::DistinctInstance => Constraint::DistinctInstance,
        validate::ConstraintSpec::MemberOf(expression) => Constraint::MemberOf(Arc::new(expression)),
    }
}

impl Builder {
    /// An empty cluster in us-east-1: no latencies, ties fixed, one hour.
    #[must_use]
    pub fn new() -> Self {
        let mut definitions = Definitions {
            region: "us-east-1".into(),
            account: "123456789012".into(),
            cluster_name: "default".into(),
            start_unix_ms: 1_767_225_600_000,
            max_reserved_ports: 100,
            release_at_desired_stopped: true,
            ..Definitions::default()
        };
        definitions.attributes.intern(ZONE);
        definitions.attributes.intern(INSTANCE_TYPE);
        definitions.attributes.intern(TASK_ENI);
        let none = Span::ZERO;
        Self {
            definitions,
            placements: Table::new(),
            sources: Table::new(),
            behaviors: Table::new(),
            timeline: Vec::new(),
            calls: Table::new(),
            settings: Settings {
                placement_tie_break: TieBreak::Fixed,
                scheduler_latency: none,
                capacity: CapacitySettings {
                    metric_publish_delay: none,
                    zone_tie: Tie::Order,
                    billing_hour_tie: Tie::Order,
                    ..CapacitySettings::default()
                },
                replace_crashed_delay: none,
                pull_retry: PullRetry { attempts: 1, ..PullRetry::default() },
                healthy_wait: none,
                deployments: DeploymentSettings { first_task_digest_gate: false, ..DeploymentSettings::default() },
                ..Settings::default()
            },
            seed: 1,
            duration: Span::from_hours(1),
            metrics_period: Span::ZERO,
            instance_behavior: InstanceBehavior {
                registration: constant(0.0),
                trunk_attach: constant(0.0),
                trunk_detach: constant(0.0),
                trunk_failure: 0.0,
            },
            capacity: CapacityModel::default(),
            fleet: FleetModel::quiet(),
            demand: DemandModel::default(),
            scaling: ScalingModel::default(),
        }
    }

    /// What the model's names stand for, so far.
    #[must_use]
    pub const fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Changes what the model's names stand for.
    pub fn definitions_mut(&mut self) -> &mut Definitions {
        &mut self.definitions
    }

    /// The id of an attribute name.
    pub fn attribute(&mut self, name: &str) -> AttributeId {
        self.definitions.attributes.intern(name)
    }

    /// The id of an attribute value.
    pub fn value(&mut self, value: &str) -> ValueId {
        self.definitions.values.intern(value)
    }

    /// A kind of instance, with the default reserved ports (RES-020).
    pub fn shape(&mut self, instance_type: &str, registered: Resources) -> ShapeId {
        let type_value = self.definitions.values.intern(instance_type);
        let type_name = self.definitions.attributes.intern(INSTANCE_TYPE);
        let task_eni = self.definitions.attributes.intern(TASK_ENI);
        let mut attributes = vec![(type_name, Some(type_value)), (task_eni, None)];
        attributes.sort_unstable();
        self.definitions.shapes.push(InstanceShape {
            instance_type: instance_type.into(),
            registered,
            reserved_ports: PortSet::new(
                [22, 2375, 2376, 51678, 51679, 51680].map(|number| Port { protocol: Protocol::Tcp, number }),
            ),
            attributes,
            agent_version: "1.103.0".into(),
            trunk: false,
            external: false,
            pull_behavior: PullBehavior::Default,
            image_cleanup: None,
            stop_timeout: Span::from_secs(30),
            hidden_enis: 0,
            dynamic_ports: 28_232,
            ebs_slots: 27,
            ebs_shared_with_enis: false,
        })
    }

    /// `count` instances of a shape in a zone, called `name` or `name-1`, `name-2`, …
    pub fn instances(&mut self, name: &str, shape: ShapeId, zone: &str, count: u32) -> Vec<InstanceId> {
        self.instances_with(name, shape, zone, count, &[])
    }

    /// The same with further attributes.
    pub fn instances_with(
        &mut self,
        name: &str,
        shape: ShapeId,
        zone: &str,
        count: u32,
        attributes: &[(&str, Option<&str>)],
    ) -> Vec<InstanceId> {
        let zone_id = self.definitions.zones.intern(zone);
        let shape = self.shape_with(shape, zone, attributes);
        (0..count)
            .map(|at| {
                self.definitions.instances.push(PlannedInstance {
                    name: if count == 1 { name.to_owned() } else { format!("{name}-{}", at + 1) },
                    named: true,
                    ec2_instance_id: None,
                    shape,
                    zone: zone_id,
                    subnet: None,
                    registered_at_unix_ms: None,
                    join_at: SimTime::ZERO,
                    agent_connected: true,
                })
            })
            .collect()
    }

    /// The shape of instances in a zone, with further attributes.
    fn shape_with(&mut self, shape: ShapeId, zone: &str, attributes: &[(&str, Option<&str>)]) -> ShapeId {
        let zone_value = self.definitions.values.intern(zone);
        let zone_name = self.definitions.attributes.intern(ZONE);
        // A shape carries the attributes of its instances, so one more zone or attribute is one more shape.
        let mut own = self.definitions.shapes[shape].clone();
        own.attributes.push((zone_name, Some(zone_value)));
        for (attribute, value) in attributes {
            let value = value.map(|value| self.definitions.values.intern(value));
            own.attributes.push((self.definitions.attributes.intern(attribute), value));
        }
        own.attributes.sort_unstable();
        let known = self.definitions.shapes.iter().find(|(_, known)| **known == own).map(|(id, _)| id);
        known.unwrap_or_else(|| self.definitions.shapes.push(own))
    }

    /// A task definition with one essential container.
    pub fn task_definition(&mut self, family: &str, requirements: Requirements) -> TaskDefinitionId {
        let image = self.definitions.images.intern(family);
        let required_attributes =
            if requirements.eni { vec![(self.definitions.attributes.intern(TASK_ENI), None)] } else { Vec::new() };
        let id = self.definitions.task_definitions.push(TaskDefinition {
            family: family.into(),
            revision: 1,
            network_mode: if requirements.eni { NetworkMode::Awsvpc } else { NetworkMode::Bridge },
            requirements,
            ports: Vec::new(),
            required_attributes,
            task_cpu: None,
            task_memory: None,
            containers: vec![ContainerDefinition {
                name: "app".into(),
                essential: true,
                cpu: requirements.cpu,
                memory: None,
                memory_reservation: Some(requirements.memory),
                gpus: requirements.gpus,
                stop_timeout: None,
                depends_on: Vec::new(),
                start_timeout: None,
                restart_policy: None,
                health_check: None,
                image,
                dynamic_ports: 0,
            }],
            ebs_volume: false,
            fargate: None,
        });
        let none = constant(0.0);
        self.behaviors.push(TaskBehavior {
            eni_attach: none.clone(),
            eni_detach: none.clone(),
            start: none.clone(),
            fail_to_start: None,
            fail_to_stop: None,
            on_windows: false,
            request_cpu: None,
            request_errors: 0.0,
            fargate: None,
            containers: vec![ContainerBehavior {
                cold_pull: none.clone(),
                cached_pull: none.clone(),
                duration: None,
                exit_code: 0,
                crash: None,
                stop: none,
                stop_exit_code: 0,
                memory: None,
                health: HealthBehavior::default(),
                probes: HealthBehavior::default(),
            }],
        });
        id
    }

    /// A target group; tasks register with it where the revision of their service names it.
    pub fn target_group(&mut self, group: TargetGroupDefinition) -> TargetGroupId {
        self.definitions.target_groups.push(group)
    }

    /// CPU units and MiB, nothing else.
    #[must_use]
    pub const fn needs(cpu: u32, memory: u32) -> Requirements {
        Requirements { cpu, memory, gpus: GpuNeed::Count(0), eni: false }
    }

    /// Changes a task definition.
    pub fn task_definition_mut(&mut self, id: TaskDefinitionId) -> &mut TaskDefinition {
        &mut self.definitions.task_definitions[id]
    }

    /// Changes how a task definition's tasks behave.
    pub fn behavior_mut(&mut self, id: TaskDefinitionId) -> &mut TaskBehavior {
        &mut self.behaviors[id]
    }

    /// Changes a planned instance.
    pub fn instance_mut(&mut self, id: InstanceId) -> &mut PlannedInstance {
        &mut self.definitions.instances[id]
    }

    /// Changes a shape. Shapes that already have instances in zones were copied: change the shape first.
    pub fn shape_mut(&mut self, id: ShapeId) -> &mut InstanceShape {
        &mut self.definitions.shapes[id]
    }

    /// A set of strategies and constraints.
    pub fn placement(&mut self, placement: Placement) -> PlacementId {
        self.placements.push(placement)
    }

    /// Strategies such as `spread(instanceId)`, `spread(attribute:NAME)`, `binpack(memory)`, `random`, and constraints:
    /// `distinctInstance`, or anything else, which is an expression.
    ///
    /// # Panics
    /// Where AWS would not accept one.
    pub fn rules(&mut self, strategies: &[&str], constraints: &[&str]) -> PlacementId {
        let strategies = strategies.iter().map(|text| self.strategy(text)).collect();
        let constraints = constraints.iter().map(|text| constraint(text)).collect();
        self.placements.push(Placement { strategies, is_default: false, constraints })
    }

    /// What a REPLICA service has that names no strategy (PLC-032).
    ///
    /// # Panics
    /// Where AWS would not accept a constraint.
    pub fn service_default(&mut self, constraints: &[&str]) -> PlacementId {
        let zone = self.definitions.attributes.intern(ZONE);
        let constraints = constraints.iter().map(|text| constraint(text)).collect();
        self.placements.push(Placement { strategies: strategies::service_default(zone), is_default: true, constraints })
    }

    /// What a `RunTask` call has that names no strategy (PLC-034).
    ///
    /// # Panics
    /// Where AWS would not accept a constraint.
    pub fn run_task_default(&mut self, constraints: &[&str]) -> PlacementId {
        let constraints = constraints.iter().map(|text| constraint(text)).collect();
        self.placements.push(Placement { strategies: strategies::run_task_default(), is_default: true, constraints })
    }

    fn strategy(&mut self, text: &str) -> Strategy {
        let (kind, field) = text.split_once('(').map_or((text, None), |(kind, field)| {
            (kind, Some(field.strip_suffix(')').expect("a closing parenthesis")))
        });
        match validate::strategy(kind, field).unwrap_or_else(|error| panic!("{text}: {error}")) {
            validate::StrategySpec::SpreadInstance => Strategy::Spread(SpreadField::Instance),
            validate::StrategySpec::SpreadAttribute(name) => {
                Strategy::Spread(SpreadField::Attribute(self.definitions.attributes.intern(&name)))
            }
            validate::StrategySpec::Binpack(resource) => Strategy::Binpack(resource),
            validate::StrategySpec::Random => Strategy::Random,
        }
    }

    /// A subnet with so many free addresses.
    pub fn subnet(&mut self, name: &str, zone: &str, free_addresses: u32) -> SubnetId {
        let zone = self.definitions.zones.intern(zone);
        self.definitions.subnets.push(Subnet { name: name.into(), zone, free_addresses })
    }

    /// A DAEMON service that exists from the start.
    pub fn daemon(&mut self, name: &str, task_definition: TaskDefinitionId, placement: PlacementId) -> ServiceId {
        let id = self.service(name, task_definition, 0, placement);
        let service = &mut self.definitions.services[id];
        service.scheduling = SchedulingStrategy::Daemon;
        service.minimum_healthy_percent = 0;
        service.maximum_percent = 100;
        id
    }

    /// A REPLICA service that exists from the start.
    pub fn service(
        &mut self,
        name: &str,
        task_definition: TaskDefinitionId,
        desired_count: u32,
        placement: PlacementId,
    ) -> ServiceId {
        let group = self.definitions.groups.intern(&format!("service:{name}"));
        self.definitions.services.push(ServiceDefinition {
            name: name.into(),
            group,
            scheduling: SchedulingStrategy::Replica,
            launch_type: LaunchType::Ec2,
            strategy: None,
            revisions: vec![ServiceRevision::plain(task_definition)],
            desired_count,
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            placement,
            availability_zone_rebalancing: false,
            health_check_grace: ecsim_kernel::Span::ZERO,
            exists_at_start: true,
        })
    }

    /// Changes a service.
    pub fn service_mut(&mut self, id: ServiceId) -> &mut ServiceDefinition {
        &mut self.definitions.services[id]
    }

    /// A source of standalone tasks in the group `family:NAME`; each runs `duration` seconds if given.
    pub fn source(
        &mut self,
        name: &str,
        definition: TaskDefinitionId,
        placement: PlacementId,
        arrivals: Arrivals,
        duration: Option<Distribution>,
        when_unplaced: WhenUnplaced,
    ) -> SourceId {
        let family = self.definitions.task_definitions[definition].family.clone();
        let group = self.definitions.groups.intern(&format!("family:{family}"));
        self.definitions.sources.push(Source { name: name.into(), started_by: None });
        self.sources.push(SourceModel {
            template: TaskTemplate {
                definition,
                group,
                placement,
                requirements: self.definitions.task_definitions[definition].requirements,
                launch_type: LaunchType::Ec2,
                strategy: None,
                subnets: Vec::new(),
            },
            arrivals,
            shuffled: false,
            count: 1,
            duration,
            when_unplaced,
            reruns: false,
        })
    }

    /// Changes a source.
    pub fn source_mut(&mut self, id: SourceId) -> &mut SourceModel {
        &mut self.sources[id]
    }

    /// Adds a call to the timeline.
    pub fn call(&mut self, at: SimTime, call: Call) -> CallId {
        let id = self.calls.push(call);
        self.timeline.push((at, id));
        id
    }

    /// The model.
    #[must_use]
    pub fn build(mut self) -> Model {
        let is_daemon = |service: &ServiceDefinition| service.scheduling == SchedulingStrategy::Daemon;
        let services = self.definitions.services.iter();
        self.capacity.daemons = services.filter(|(_, service)| is_daemon(service)).map(|(id, _)| id).collect();
        self.timeline.sort_by_key(|(at, _)| *at);
        Model {
            name: "built".into(),
            definitions: Arc::new(self.definitions),
            placements: Arc::new(self.placements),
            settings: self.settings,
            seed: self.seed,
            run_index: 0,
            antithetic: false,
            duration: self.duration,
            metrics_period: self.metrics_period,
            sources: Arc::new(self.sources),
            behaviors: Arc::new(self.behaviors),
            target_behaviors: Arc::default(),
            instance_behavior: self.instance_behavior,
            capacity: Arc::new(self.capacity),
            fleet: Arc::new(self.fleet),
            scaling: Arc::new(self.scaling),
            timeline: self.timeline.into(),
            calls: Arc::new(self.calls),
            demand: Arc::new(self.demand),
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
