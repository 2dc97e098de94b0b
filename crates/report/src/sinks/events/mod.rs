//! `events.jsonl`: every state change in the shape of the EventBridge events that AWS sends, one JSON object a line.
//!
//! When an event is sent:
//!
//! * `ECS Task State Change`: at creation, at each `lastStatus`, and when `desiredStatus` or a container changes without
//!   a new `lastStatus` in the same instant. AWS's own `version` counters show the same: a task that is scaled in gets
//!   one event for "stop it" and "it is stopping".
//! * `ECS Container Instance State Change`: at each status, and when the connection of its agent or its
//!   `remainingResources` change; all that changes in an instant is told once, at the end of the instant. Attributes
//!   alone cause none.
//! * `ECS Service Action`: for the service events that have a name (SVC-052, FLR-011, AZR-011). It carries no text, as
//!   with AWS; the texts are in `service_events.csv`.
//! * `EC2 Spot Instance Interruption Warning`, `EC2 Instance Rebalance Recommendation`: as they come.
//! * `EC2 Instance Launch Successful`, `EC2 Instance Launch Unsuccessful`, `EC2 Instance Terminate Successful` of EC2 Auto
//!   Scaling: when an instance enters InService or the warm pool, cannot be launched, has left its group and EC2.
//!
//! What a simulator cannot know and every consumer expects (event ids, addresses, image digests, Docker's version) is made up from
//! names and numbers, the same in every run. What stays out: `networkBindings` (a definition here knows its ports by
//! task, not by container).

mod capacity;
mod ids;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use ecsim_cluster::arn;
use ecsim_cluster::definitions::{ContainerDefinition, FargatePlatform, FargateSize, InstanceShape, LaunchType};
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::{TaskOrigin, TerminationReason};
use ecsim_cluster::reasons::StartError;
use ecsim_cluster::{
    AttributeId, Cluster, Definitions, DeploymentEnd, DeploymentStatus, DesiredStatus, Fact, GpuNeed, GroupId,
    HealthStatus, Instance, InstanceId, InstanceStatus, Observer, PortSet, ProviderId, Rejection, Resources,
    RolloutState, ServiceId, ShapeId, StopReason, Task, TaskDefinitionId, TaskId, TaskStatus, ValueId, ZoneId,
};
use ecsim_kernel::{SimTime, Table};
use serde::Serialize;
use serde_json::value::RawValue;

use self::capacity::Launch;
use self::shape::{
    Attachments, Containers, DeploymentDetail, Digits, Envelope, EphemeralStorage, InstanceDetail, NameValue,
    ResourceList, ServiceDetail, Stamp, TaskDetail, VersionInfo,
};
use super::Sink;
use super::waiting::{NO_INSTANCES, NO_INSTANCES_IN_PROVIDER};
use crate::clock::Clock;
use crate::metrics::instances::is_gone;
use crate::metrics::slab::Slab;

/// How many bytes are gathered before they go to the writer.
const BUFFER: usize = 1 << 18;

/// `source` of the events of Amazon ECS.
const ECS: &str = "aws.ecs";

/// The version of Docker that every instance claims to run.
const DOCKER_VERSION: &str = "DockerVersion: 25.0.8";

/// Writes `events.jsonl`.
pub struct EventSink<W: Write> {
    out: Lines<W>,
    definitions: Arc<Definitions>,
    cluster_arn: Json,
    /// What the ARNs of containers begin with.
    container_prefix: String,
    clock: Clock,
    now: SimTime,
    stamp: Stamp,
    kinds: Table<TaskDefinitionId, TaskKind>,
    shapes: Table<ShapeId, HostKind>,
    hosts: Slab<InstanceId, Host>,
    services: Table<ServiceId, ServiceNames>,
    tasks: Slab<TaskId, TaskState>,
    /// What changed in this instant and has not been told.
    changed_tasks: Vec<TaskId>,
    changed_hosts: Vec<InstanceId>,
    /// Instances of which nothing can be told any more.
    gone_hosts: Vec<InstanceId>,
    /// Instances on their way into a group: from EC2, or from the warm pool.
    launches: BTreeMap<InstanceId, Launch>,
    /// Instances that EC2 shuts down while their group still has them, with the reason.
    terminations: BTreeMap<InstanceId, TerminationReason>,
    no_attributes: Json,
    scratch: Vec<u8>,
}

/// JSON that is rendered once and copied from then on: looking for characters to escape is half of the work otherwise.
type Json = Box<RawValue>;

/// Where the lines go, with what every event says.
struct Lines<W: Write> {
    out: BufWriter<W>,
    error: Option<io::Error>,
    line: Vec<u8>,
    id: String,
    sequence: u64,
    cluster_name: String,
    account: String,
    region: String,
}

/// What all tasks of a definition share.
struct TaskKind {
    arn: Json,
    overrides: Json,
    containers: Vec<ContainerKind>,
    /// What Fargate knows of it, and the attributes of a task there.
    fargate: Option<(FargateSize, Json)>,
}

/// What all containers of a definition share.
struct ContainerKind {
    name: Json,
    image: Json,
    image_digest: Json,
    cpu: u32,
    memory: Option<u32>,
    memory_reservation: Option<u32>,
}

/// What is remembered of a task.
struct TaskState {
    arn: Json,
    definition: TaskDefinitionId,
    group: GroupId,
    origin: TaskOrigin,
    launch_type: LaunchType,
    provider: Option<ProviderId>,
    /// `None`: on Fargate, or it waits for an instance.
    instance: Option<InstanceId>,
    /// Of a Fargate task.
    zone: Option<ZoneId>,
    reserved: Resources,
    containers: Vec<ContainerState>,
    attachment: Option<Box<Attachment>>,
    last: TaskStatus,
    /// Where an essential container has a health check (TSK-043).
    health: Option<HealthStatus>,
    /// `stopCode` and `stoppedReason`, once it shall stop.
    stop: Option<(&'static str, String)>,
    version: u32,
    /// Whether something changed in this instant that has not been told.
    changed: bool,
    created_at: SimTime,
    created: Stamp,
    pull_started: Option<Stamp>,
    pull_stopped: Option<Stamp>,
    started: Option<Stamp>,
    stopping: Option<Stamp>,
    execution_stopped: Option<Stamp>,
    stopped: Option<Stamp>,
}

/// What is remembered of a container.
struct ContainerState {
    arn: Json,
    runtime_id: Json,
    /// PENDING, RUNNING or STOPPED.
    status: TaskStatus,
    exit_code: Option<i32>,
    /// Why it ended as it did, where AWS has a name for that (TSK-026, TSK-053).
    reason: Option<&'static str>,
    /// Where it has a health check (TSK-041).
    health: Option<HealthStatus>,
    /// The devices pinned to it, as a bit set.
    gpus: u64,
}

/// A task's network interface.
struct Attachment {
    id: String,
    address: String,
    details: Vec<(&'static str, String)>,
}

impl Attachment {
    /// What is known before the interface exists.
    fn subnet_only(&self) -> &[(&'static str, String)] {
        let known = usize::from(self.details.first().is_some_and(|(name, _)| *name == "subnetId"));
        &self.details[..known]
    }

    fn all(&self) -> &[(&'static str, String)] {
        &self.details
    }
}

/// What instances have in common, rendered once.
struct HostKind {
    attributes: Json,
    /// The attributes of a task there: the architecture.
    task_attributes: Json,
    registered: Json,
    version_info: Json,
}

/// What is remembered of a container instance.
struct Host {
    arn: Json,
    ec2_instance_id: Json,
    shape: ShapeId,
    zone: ZoneId,
    gpu_ids: Vec<String>,
    /// Where they differ from those of its kind.
    attributes: Option<Json>,
    /// Where they differ from those of its kind: with GPUs, whose ids are its own.
    registered: Option<Json>,
    status: InstanceStatus,
    connected: bool,
    /// When the connection last changed.
    connection: Option<(SimTime, Stamp)>,
    remaining: Resources,
    ports: PortSet,
    free_gpus: u64,
    version: u32,
    /// Whether something changed in this instant that has not been told.
    changed: bool,
}

/// What is remembered of a service.
struct ServiceNames {
    arn: Json,
    deployment: String,
    /// The last attempt that failed in a zone: where, and who got furthest.
    zone_failure: Option<(ZoneId, Option<(InstanceId, Rejection)>)>,
}

impl<W: Write> EventSink<W> {
    /// A sink that writes into `writer`.
    pub fn new(definitions: Arc<Definitions>, writer: W) -> Self {
        let mut clock = Clock::new(definitions.start_unix_ms);
        let stamp = Stamp::new(clock.stamp(SimTime::ZERO).as_bytes());
        Self {
            clock,
            now: SimTime::ZERO,
            stamp,
            kinds: definitions.task_definitions.ids().map(|id| TaskKind::new(&definitions, id)).collect(),
            shapes: definitions.shapes.ids().map(|id| HostKind::new(&definitions, id)).collect(),
            hosts: Slab::default(),
            services: definitions
                .services
                .ids()
                .map(|id| ServiceNames {
                    arn: raw(&arn::service_arn(&definitions, id)),
                    deployment: arn::deployment_id(&definitions, id),
                    zone_failure: None,
                })
                .collect(),
            tasks: Slab::default(),
            changed_tasks: Vec::new(),
            changed_hosts: Vec::new(),
            gone_hosts: Vec::new(),
            launches: BTreeMap::new(),
            terminations: BTreeMap::new(),
            no_attributes: raw::<[NameValue<'_>]>(&[]),
            scratch: Vec::new(),
            out: Lines {
                out: BufWriter::with_capacity(BUFFER, writer),
                error: None,
                line: Vec::new(),
                id: String::new(),
                sequence: 0,
                cluster_name: definitions.cluster_name.clone(),
                account: definitions.account.clone(),
                region: definitions.region.clone(),
            },
            container_prefix: arn::cluster_arn(&definitions).replacen(":cluster/", ":container/", 1),
            cluster_arn: raw(&arn::cluster_arn(&definitions)),
            definitions,
        }
    }

    /// Tells what is left of the instant that is over.
    fn end_instant(&mut self) {
        let (mut tasks, mut hosts) =
            (core::mem::take(&mut self.changed_tasks), core::mem::take(&mut self.changed_hosts));
        for task in tasks.drain(..) {
            self.tell_task(task, false);
        }
        for host in hosts.drain(..) {
            self.tell_host(host, false);
        }
        for host in self.gone_hosts.drain(..) {
            self.hosts.remove(host);
        }
        // The lists keep their memory.
        (self.changed_tasks, self.changed_hosts) = (tasks, hosts);
    }

    fn turn_to(&mut self, now: SimTime) {
        if now != self.now {
            self.end_instant();
            self.now = now;
            self.scratch.clear();
            self.clock.write(now, &mut self.scratch);
            self.stamp = Stamp::new(&self.scratch);
        }
    }

    fn task_changed(&mut self, task: TaskId) {
        if let Some(state) = self.tasks.get_mut(task)
            && !core::mem::replace(&mut state.changed, true)
        {
            self.changed_tasks.push(task);
        }
    }

    /// A container of the task changed, and with it perhaps the health of the task.
    fn look_at_health(&mut self, task: TaskId, cluster: &Cluster) {
        if let (Some(state), Some(row)) = (self.tasks.get_mut(task), cluster.tasks().get(task)) {
            state.health = state.health.map(|_| row.health());
        }
        self.task_changed(task);
    }

    fn host_changed(&mut self, instance: InstanceId) {
        if let Some(host) = self.hosts.get_mut(instance)
            && !core::mem::replace(&mut host.changed, true)
        {
            self.changed_hosts.push(instance);
        }
    }

    /// Takes over what the books say about an instance, and notes whether its resources changed.
    fn look_at_host(&mut self, instance: InstanceId, cluster: &Cluster) {
        let Some(row) = cluster.instances().get(instance) else { return };
        let gone = is_gone(row);
        if self.hosts.get(instance).is_none() {
            if gone {
                return;
            }
            self.hosts.insert(instance, Host::new(&self.definitions, row));
        }
        if gone {
            self.gone_hosts.push(instance);
        }
        let Some(host) = self.hosts.get_mut(instance) else { return };
        host.status = row.status;
        if host.connected != row.connected {
            host.connected = row.connected;
            host.connection = Some((self.now, self.stamp));
        }
        if host.remaining != row.remaining || host.free_gpus != row.free_gpu_devices || host.ports != row.ports {
            // Network interfaces are not among the resources that AWS lists.
            let told = host.remaining.without_enis() != row.remaining.without_enis()
                || host.free_gpus != row.free_gpu_devices
                || host.ports != row.ports;
            host.remaining = row.remaining;
            host.free_gpus = row.free_gpu_devices;
            host.ports.clone_from(&row.ports);
            if told && row.status != InstanceStatus::Absent {
                self.host_changed(instance);
            }
        }
    }

    fn tell_task(&mut self, task: TaskId, always: bool) {
        let Self { out, definitions, cluster_arn, tasks, kinds, shapes, hosts, services, stamp, no_attributes, .. } =
            self;
        let Some(state) = tasks.get_mut(task) else { return };
        if !core::mem::take(&mut state.changed) && !always {
            return;
        }
        state.version += 1;
        let (kind, host) = (&kinds[state.definition], state.instance.and_then(|instance| hosts.get(instance)));
        let fargate = kind.fargate.as_ref().filter(|_| state.launch_type == LaunchType::Fargate);
        // Nobody is connected to a task that has no host yet.
        let on_fargate = fargate.is_some() && state.last != TaskStatus::Provisioning;
        let connected = host.map(|host| host.connected).or(on_fargate.then_some(true));
        let later;
        let started_by = match state.origin {
            TaskOrigin::Service { service, deployment, .. } if deployment > 0 => {
                later = arn::deployment_id_of(definitions, service, deployment);
                Some(later.as_str())
            }
            TaskOrigin::Service { service, .. } => services.get(service).map(|names| names.deployment.as_str()),
            TaskOrigin::Source { source, .. } => {
                definitions.sources.get(source).and_then(|it| it.started_by).map(|text| definitions.texts.name(text))
            }
        };
        let detail = TaskDetail {
            attachments: Attachments { eni: state.attachment.as_deref(), last: state.last },
            attributes: match (host, fargate) {
                (Some(host), _) => &shapes[host.shape].task_attributes,
                (None, Some((_, attributes))) => attributes,
                (None, None) => no_attributes,
            },
            availability_zone: host.map(|host| host.zone).or(state.zone).map(|zone| definitions.zones.name(zone)),
            capacity_provider_name: state
                .provider
                .map(|provider| definitions.capacity_providers[provider].name.as_str()),
            cluster_arn,
            connectivity: connected.map(|connected| if connected { "CONNECTED" } else { "DISCONNECTED" }),
            connectivity_at: connected.map(|_| match host.and_then(|host| host.connection) {
                Some((at, stamp)) if at > state.created_at => stamp,
                _ => state.created,
            }),
            container_instance_arn: host.map(|host| &*host.arn),
            containers: Containers {
                task: state,
                kinds: &kind.containers,
                gpu_ids: host.map_or(&[], |host| host.gpu_ids.as_slice()),
            },
            cpu: Digits(state.reserved.cpu),
            created_at: state.created,
            desired_status: if state.stop.is_some() { DesiredStatus::Stopped } else { DesiredStatus::Running }.name(),
            enable_execute_command: false,
            ephemeral_storage: fargate.map(|(size, _)| EphemeralStorage { size_in_gib: size.ephemeral_gib }),
            execution_stopped_at: state.execution_stopped,
            group: definitions.groups.name(state.group),
            health_status: state.health.map(HealthStatus::name),
            launch_type: state.launch_type.name(),
            last_status: state.last.name(),
            memory: Digits(state.reserved.memory),
            overrides: &kind.overrides,
            platform_version: fargate.map(|(size, _)| platform_version(size.platform)),
            pull_started_at: state.pull_started,
            pull_stopped_at: state.pull_stopped,
            started_at: state.started,
            started_by,
            stopping_at: state.stopping,
            stopped_at: state.stopped,
            stopped_reason: state.stop.as_ref().map(|(_, reason)| reason.as_str()),
            stop_code: state.stop.as_ref().map(|(code, _)| *code),
            task_arn: &state.arn,
            task_definition_arn: &kind.arn,
            updated_at: *stamp,
            version: state.version,
        };
        out.tell(ECS, "ECS Task State Change", *stamp, &[&state.arn], detail);
    }

    fn tell_host(&mut self, instance: InstanceId, always: bool) {
        let Self { out, cluster_arn, shapes, hosts, stamp, .. } = self;
        let Some(host) = hosts.get_mut(instance) else { return };
        if !core::mem::take(&mut host.changed) && !always {
            return;
        }
        host.version += 1;
        let kind = &shapes[host.shape];
        let detail = InstanceDetail {
            agent_connected: host.connected,
            attributes: host.attributes.as_deref().unwrap_or(&kind.attributes),
            cluster_arn,
            container_instance_arn: &host.arn,
            ec2_instance_id: &host.ec2_instance_id,
            registered_resources: host.registered.as_deref().unwrap_or(&kind.registered),
            remaining_resources: ResourceList {
                amount: host.remaining,
                ports: &host.ports,
                gpus: host.free_gpus,
                gpu_ids: &host.gpu_ids,
            },
            status: host.status.name(),
            version: host.version,
            version_info: &kind.version_info,
            updated_at: *stamp,
        };
        out.tell(ECS, "ECS Container Instance State Change", *stamp, &[&host.arn], detail);
    }

    fn tell_service(&mut self, service: ServiceId, event: ServiceEvent, cluster: &Cluster) {
        let Self { out, cluster_arn, definitions, services, stamp, .. } = self;
        let (Some((kind, name)), Some(names)) = (event.event_name(), services.get(service)) else { return };
        // FLR-011: the code of FLR-001, and the instance that got furthest.
        let failure = match event {
            ServiceEvent::PlacementFailed { closest } => Some(closest),
            ServiceEvent::ProviderEmpty => Some(None),
            ServiceEvent::RebalancingPlacementFailed { zone } => {
                Some(names.zone_failure.filter(|(tried, _)| *tried == zone).and_then(|(_, closest)| closest))
            }
            _ => None,
        };
        let closest = failure.flatten().and_then(|(instance, _)| cluster.instances().get(instance));
        let closest = closest.map(|row| raw(&arn::container_instance_arn(definitions, row)));
        let closest = closest.as_deref();
        let set = event.task_set().map(|set| arn::task_set_arn(definitions, service, set));
        let detail = ServiceDetail {
            event_type: kind.name(),
            event_name: name,
            cluster_arn,
            container_instance_arns: failure.map(|_| closest.as_slice()),
            task_set_arns: set.as_deref().map(|set| [set]),
            desired_count: match event {
                ServiceEvent::DesiredCountUpdated { to, .. } => Some(to),
                _ => None,
            },
            reason: match event {
                ServiceEvent::ProviderEmpty => Some(NO_INSTANCES_IN_PROVIDER),
                // FGP-002: there is no instance to name.
                ServiceEvent::FargateUnavailable => Some("RESOURCE:FARGATE"),
                _ => failure.map(|closest| closest.map_or(NO_INSTANCES, |(_, reason)| reason.code())),
            },
            created_at: *stamp,
        };
        out.tell(ECS, "ECS Service Action", *stamp, &[&names.arn], detail);
    }

    /// `ECS Deployment State Change` (SVC-052).
    fn tell_deployment(&mut self, service: ServiceId, number: u32, rollout: RolloutState, end: Option<DeploymentEnd>) {
        let Self { out, definitions, services, stamp, .. } = self;
        let Some(names) = services.get(service) else { return };
        let id = arn::deployment_id_of(definitions, service, number);
        let alarm = |id| definitions.alarms.get(id).map_or_else(String::new, |alarm| alarm.name.clone());
        let (event_type, event_name, reason) = match rollout {
            RolloutState::InProgress => {
                ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", format!("ECS deployment {id} in progress."))
            }
            RolloutState::Completed => {
                ("INFO", "SERVICE_DEPLOYMENT_COMPLETED", format!("ECS deployment {id} completed."))
            }
            RolloutState::Failed => {
                let why = end.map_or_else(|| "ECS deployment failed.".to_owned(), |end| end.text(alarm));
                ("ERROR", "SERVICE_DEPLOYMENT_FAILED", why)
            }
        };
        let detail =
            DeploymentDetail { event_type, event_name, deployment_id: &id, updated_at: *stamp, reason: &reason };
        out.tell(ECS, "ECS Deployment State Change", *stamp, &[&names.arn], detail);
    }

    fn create(&mut self, task: TaskId, fact: &Fact, cluster: &Cluster) {
        let Fact::TaskCreated {
            definition, group, origin, launch_type, provider, instance, zone, requirements, ..
        } = *fact
        else {
            return;
        };
        let row = cluster.tasks().get(task);
        let definitions = &*self.definitions;
        let reserved = row.filter(|row| row.instance.is_some()).map_or(requirements.least(), |row| row.reserved);
        let first = if requirements.eni { TaskStatus::Provisioning } else { TaskStatus::Pending };
        let task_id = arn::task_id(definitions, task);
        let state = TaskState {
            arn: raw(&arn::task_arn(definitions, task)),
            definition,
            group,
            origin,
            launch_type,
            provider,
            instance,
            zone,
            reserved,
            containers: containers(definitions, definition, &format!("{}/{task_id}", self.container_prefix), row),
            attachment: requirements.eni.then(|| Box::new(attachment(definitions, row, &task_id))),
            last: row.map_or(first, |row| row.last),
            health: row.filter(|row| row.checked != 0).map(Task::health),
            stop: None,
            version: 0,
            changed: false,
            created_at: self.now,
            created: self.stamp,
            pull_started: None,
            pull_stopped: None,
            started: None,
            stopping: None,
            execution_stopped: None,
            stopped: None,
        };
        self.tasks.insert(task, state);
        if let Some(instance) = instance {
            self.look_at_host(instance, cluster);
        }
        self.tell_task(task, true);
    }

    /// A task that waited for an instance got one.
    fn place(&mut self, task: TaskId, instance: InstanceId, cluster: &Cluster) {
        let (Some(state), Some(row)) = (self.tasks.get_mut(task), cluster.tasks().get(task)) else { return };
        let definitions = &*self.definitions;
        let task_id = arn::task_id(definitions, task);
        state.instance = Some(instance);
        state.reserved = row.reserved;
        state.containers =
            containers(definitions, state.definition, &format!("{}/{task_id}", self.container_prefix), Some(row));
        if state.attachment.is_some() {
            state.attachment = Some(Box::new(attachment(definitions, Some(row), &task_id)));
        }
        self.task_changed(task);
        self.look_at_host(instance, cluster);
    }

    fn move_task(&mut self, task: TaskId, to: TaskStatus, cluster: &Cluster) {
        let stamp = self.stamp;
        let Some(state) = self.tasks.get_mut(task) else { return };
        state.last = to;
        let instance = state.instance;
        match to {
            TaskStatus::Running => {
                state.started = Some(stamp);
                for container in &mut state.containers {
                    if container.status == TaskStatus::Pending {
                        container.status = TaskStatus::Running;
                    }
                }
            }
            TaskStatus::Stopped => state.stopped = Some(stamp),
            _ => {}
        }
        if let Some(instance) = instance {
            self.look_at_host(instance, cluster);
        }
        self.tell_task(task, true);
        if to == TaskStatus::Stopped {
            self.tasks.remove(task);
        }
    }

    fn stop_task(&mut self, task: TaskId, reason: StopReason, cluster: &Cluster) {
        let stamp = self.stamp;
        let Some(state) = self.tasks.get_mut(task) else { return };
        state.stopping = Some(stamp);
        state.stop = Some((reason.code().name(), reason.text(cluster, Some(state.origin))));
        let instance = state.instance;
        self.task_changed(task);
        if let Some(instance) = instance {
            self.look_at_host(instance, cluster);
        }
    }
}

impl<W: Write> Observer for EventSink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        if self.out.error.is_some() {
            return;
        }
        self.turn_to(now);
        let stamp = self.stamp;
        match *fact {
            Fact::TaskCreated { task, .. } => self.create(task, fact, cluster),
            Fact::TaskPlaced { task, instance, .. } => self.place(task, instance, cluster),
            Fact::TaskStatusChanged { task, to } => self.move_task(task, to, cluster),
            Fact::TaskStopRequested { task, reason } => self.stop_task(task, reason, cluster),
            Fact::ImagePullStarted { task } => {
                if let Some(state) = self.tasks.get_mut(task) {
                    state.pull_started = Some(stamp);
                }
            }
            Fact::ImagePullStopped { task } => {
                if let Some(state) = self.tasks.get_mut(task) {
                    state.pull_stopped = Some(stamp);
                }
            }
            Fact::ContainerExited { task, container, exit_code, out_of_memory } => {
                if let Some(state) = self.tasks.get_mut(task)
                    && let Some(container) = state.containers.get_mut(usize::from(container))
                {
                    container.status = TaskStatus::Stopped;
                    container.exit_code = Some(exit_code);
                    container.reason = out_of_memory.then_some(StartError::OutOfMemory.text());
                    self.task_changed(task);
                }
            }
            Fact::ContainerStopFailed { task, container, error } => {
                if let Some(state) = self.tasks.get_mut(task)
                    && let Some(container) = state.containers.get_mut(usize::from(container))
                {
                    container.status = TaskStatus::Stopped;
                    container.reason = Some(error.text());
                    self.task_changed(task);
                }
            }
            Fact::ContainerStarted { task, container, .. } => {
                if let Some(state) = self.tasks.get_mut(task)
                    && let Some(container) = state.containers.get_mut(usize::from(container))
                {
                    container.status = TaskStatus::Running;
                    container.exit_code = None;
                    container.reason = None;
                    container.health = container.health.map(|_| HealthStatus::Unknown);
                    self.look_at_health(task, cluster);
                }
            }
            Fact::ContainerHealthChanged { task, container, to } => {
                if let Some(state) = self.tasks.get_mut(task)
                    && let Some(container) = state.containers.get_mut(usize::from(container))
                {
                    container.health = Some(to);
                    self.look_at_health(task, cluster);
                }
            }
            Fact::TaskExecutionStopped { task } => {
                if let Some(state) = self.tasks.get_mut(task) {
                    state.execution_stopped = Some(stamp);
                    for container in &mut state.containers {
                        container.status = TaskStatus::Stopped;
                    }
                }
            }
            Fact::InstanceStatusChanged { instance, .. } => {
                self.look_at_host(instance, cluster);
                self.tell_host(instance, true);
            }
            Fact::AgentConnectionChanged { instance, .. } => {
                self.look_at_host(instance, cluster);
                self.host_changed(instance);
            }
            Fact::AttributePut { instance, .. } | Fact::AttributeDeleted { instance, .. } => {
                self.look_at_host(instance, cluster);
                let (Some(host), Some(row)) = (self.hosts.get_mut(instance), cluster.instances().get(instance)) else {
                    return;
                };
                host.attributes = Some(render_attributes(&self.definitions, &row.attributes));
            }
            Fact::ServiceUnplaced { service, zone: Some(zone), closest, rejections, .. } => {
                if let Some(names) = self.services.get_mut(service) {
                    names.zone_failure = Some((zone, closest.zip(rejections.furthest())));
                }
            }
            Fact::ServiceEvent { service, event } => self.tell_service(service, event, cluster),
            Fact::DeploymentStarted { service, deployment, .. } => {
                self.tell_deployment(service, deployment, RolloutState::InProgress, None);
            }
            Fact::DeploymentChanged { service, deployment, status: DeploymentStatus::Primary, rollout, end } => {
                self.tell_deployment(service, deployment, rollout, end);
            }
            _ => self.tell_capacity(fact, cluster),
        }
    }

    fn run_ended(&mut self, _: SimTime, _: &Cluster) {
        self.end_instant();
    }
}

impl<W: Write> Sink<W> for EventSink<W> {
    fn finish(mut self: Box<Self>) -> io::Result<W> {
        self.end_instant();
        match self.out.error {
            Some(error) => Err(error),
            None => self.out.out.into_inner().map_err(io::IntoInnerError::into_error),
        }
    }
}

impl<W: Write> Lines<W> {
    /// The number of the next event.
    const fn sequence(&self) -> u64 {
        self.sequence
    }

    fn tell<D: Serialize>(
        &mut self,
        source: &'static str,
        detail_type: &'static str,
        stamp: Stamp,
        resources: &[&RawValue],
        detail: D,
    ) {
        if self.error.is_some() {
            return;
        }
        ids::write_uuid(&(self.cluster_name.as_str(), "event", self.sequence), &mut self.id);
        self.sequence += 1;
        let event = Envelope {
            version: "0",
            id: &self.id,
            detail_type,
            source,
            account: &self.account,
            time: stamp.to_seconds(),
            region: &self.region,
            resources,
            detail,
        };
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, &event).map_err(io::Error::from).and_then(|()| {
            self.line.push(b'\n');
            self.out.write_all(&self.line)
        });
        self.error = written.err();
    }
}

impl TaskKind {
    fn new(definitions: &Definitions, id: TaskDefinitionId) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Overrides<'a> {
            container_overrides: Vec<NameValue<'a>>,
        }
        let definition = &definitions.task_definitions[id];
        let names = definition.containers.iter().map(|it| NameValue { name: &it.name, value: None });
        Self {
            arn: raw(&arn::task_definition_arn(definitions, id)),
            overrides: raw(&Overrides { container_overrides: names.collect() }),
            containers: definition.containers.iter().map(|it| ContainerKind::new(definitions, it)).collect(),
            fargate: definition.fargate.map(|size| (size, fargate_attributes(size.platform))),
        }
    }
}

impl ContainerKind {
    fn new(definitions: &Definitions, container: &ContainerDefinition) -> Self {
        let image = definitions.images.name(container.image);
        Self {
            name: raw(&container.name),
            image: raw(image),
            image_digest: raw(&format!("sha256:{}", ids::hex(&(image, "digest"), 64))),
            cpu: container.cpu,
            memory: container.memory,
            memory_reservation: container.memory_reservation,
        }
    }
}

impl HostKind {
    fn new(definitions: &Definitions, id: ShapeId) -> Self {
        let shape = &definitions.shapes[id];
        let architecture = definitions.attributes.get("ecs.cpu-architecture");
        let of_tasks: Vec<_> =
            shape.attributes.iter().filter(|(name, _)| Some(*name) == architecture).copied().collect();
        Self {
            attributes: render_attributes(definitions, &shape.attributes),
            task_attributes: render_attributes(definitions, &of_tasks),
            registered: render_registered(shape, &[]),
            version_info: raw(&VersionInfo {
                agent_hash: &ids::hex(&(shape.agent_version.as_str(), "agent"), 7),
                agent_version: &shape.agent_version,
                docker_version: DOCKER_VERSION,
            }),
        }
    }
}

impl Host {
    fn new(definitions: &Definitions, row: &Instance) -> Self {
        let shape = &definitions.shapes[row.shape];
        let gpu_ids: Vec<String> = (0..definitions.gpu_sharing.devices(shape.registered.gpus))
            .map(|device| format!("GPU-{}", ids::uuid(&(&*row.name, "gpu", device))))
            .collect();
        Self {
            arn: raw(&arn::container_instance_arn(definitions, row)),
            ec2_instance_id: raw(&arn::ec2_instance_id(definitions, row)),
            shape: row.shape,
            zone: row.zone,
            attributes: None,
            registered: (!gpu_ids.is_empty()).then(|| render_registered(shape, &gpu_ids)),
            gpu_ids,
            status: InstanceStatus::Absent,
            connected: false,
            connection: None,
            remaining: shape.registered,
            ports: shape.reserved_ports.clone(),
            free_gpus: u64::MAX,
            version: 0,
            changed: false,
        }
    }
}

fn containers(
    definitions: &Definitions,
    definition: TaskDefinitionId,
    prefix: &str,
    row: Option<&Task>,
) -> Vec<ContainerState> {
    let mut free = row.map_or(0, |row| row.gpu_devices);
    let container = |(number, container): (usize, &ContainerDefinition)| {
        let wanted = match container.gpus {
            GpuNeed::Count(count) => u32::from(definitions.gpu_sharing.devices(count)),
            GpuNeed::All => u64::BITS,
        };
        let mut gpus = 0;
        for _ in 0..wanted.min(free.count_ones()) {
            let device = free & free.wrapping_neg();
            free &= !device;
            gpus |= device;
        }
        ContainerState {
            arn: raw(&format!("{prefix}/{}", ids::uuid(&(prefix, "container", number as u64)))),
            runtime_id: raw(&ids::hex(&(prefix, "runtime", number as u64), 64)),
            status: TaskStatus::Pending,
            exit_code: None,
            reason: None,
            health: container.health_check.map(|_| HealthStatus::Unknown),
            gpus,
        }
    };
    definitions.task_definitions[definition].containers.iter().enumerate().map(container).collect()
}

/// The network interface of a task, with an address of 10.0.0.0/8 that is made up and not checked for being taken.
fn attachment(definitions: &Definitions, row: Option<&Task>, task_id: &str) -> Attachment {
    let number = ecsim_kernel::stable_hash(&(task_id, "address"));
    let [a, b, c, d, e, ..] = number.to_le_bytes();
    let host = c.clamp(4, 254);
    let region = definitions.region.as_str();
    let domain = if region == "us-east-1" { "ec2".to_owned() } else { format!("{region}.compute") };
    let address = format!("10.{a}.{b}.{host}");
    let subnet = row.and_then(|row| row.subnet).and_then(|subnet| definitions.subnets.get(subnet));
    let mut details = Vec::with_capacity(5);
    if let Some(subnet) = subnet {
        details.push(("subnetId", subnet.name.clone()));
    }
    details.push(("networkInterfaceId", format!("eni-0{}", ids::hex(&(task_id, "interface"), 16))));
    details.push(("macAddress", format!("06:{a:02x}:{b:02x}:{host:02x}:{d:02x}:{e:02x}")));
    details.push(("privateDnsName", format!("ip-10-{a}-{b}-{host}.{domain}.internal")));
    details.push(("privateIPv4Address", address.clone()));
    Attachment { id: ids::uuid(&(task_id, "attachment")), address, details }
}

/// The attributes of a task on Fargate: the architecture.
fn fargate_attributes(platform: FargatePlatform) -> Json {
    let architecture = match platform {
        FargatePlatform::LinuxX86 | FargatePlatform::Windows => "x86_64",
        FargatePlatform::LinuxArm => "arm64",
    };
    raw(&[NameValue { name: "ecs.cpu-architecture", value: Some(architecture) }])
}

/// The platform version that LATEST stands for.
const fn platform_version(platform: FargatePlatform) -> &'static str {
    match platform {
        FargatePlatform::LinuxX86 | FargatePlatform::LinuxArm => "1.4.0",
        FargatePlatform::Windows => "1.0.0",
    }
}

fn render_registered(shape: &InstanceShape, gpu_ids: &[String]) -> Json {
    raw(&ResourceList { amount: shape.registered, ports: &shape.reserved_ports, gpus: u64::MAX, gpu_ids })
}

fn render_attributes(definitions: &Definitions, attributes: &[(AttributeId, Option<ValueId>)]) -> Json {
    let list = attributes.iter().map(|(name, value)| NameValue {
        name: definitions.attributes.name(*name),
        value: value.map(|value| definitions.values.name(value)),
    });
    raw(&list.collect::<Vec<_>>())
}

/// Texts and numbers never fail to be written.
fn raw<T: Serialize + ?Sized>(value: &T) -> Json {
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
