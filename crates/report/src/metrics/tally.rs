//! The running counts of all families, folded fact by fact: what the present state of the cluster does not remember.

use ecsim_cluster::definitions::LaunchType;
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{
    Cluster, Definitions, Fact, InstanceId, InstanceLifecycle, ProviderId, ServiceId, StopReason, TaskId, TaskStatus,
    ZoneId,
};
use ecsim_kernel::{SimTime, Span};

use super::requests::Ledger;
use super::slab::Slab;
use super::{capacity, instances, load, placement, services, stranded, tasks, timing};

/// How much is remembered beyond plain counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The times of the tasks that entered RUNNING in the current period.
    pub period_times: bool,
    /// The times of every task that entered RUNNING, by service and source: 20 bytes a task.
    pub all_times: bool,
}

/// The counts of all families.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Tasks.
    pub tasks: tasks::Counts,
    /// Container instances and zones.
    pub instances: instances::Counts,
    /// Launches, interruptions, scaling decisions.
    pub capacity: capacity::Counts,
    /// Services.
    pub services: services::Counts,
    /// Placement attempts.
    pub placement: placement::Counts,
    /// Requests for tasks.
    pub requests: Ledger,
    /// Requests to services.
    pub load: load::Counts,
    /// Times from request to RUNNING.
    pub timing: timing::Times,
    /// What tasks typically ask for.
    pub typical: stranded::Typical,
    notes: Slab<TaskId, Note>,
    detail: Detail,
}

/// What is remembered of a task while it exists.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Who wanted it.
    pub origin: TaskOrigin,
    /// Its capacity provider.
    pub provider: Option<ProviderId>,
    /// Whether it runs on AWS Fargate.
    pub fargate: bool,
    /// Where it is; `None`: on Fargate, or it waits in PROVISIONING for an instance (CAS-008).
    pub instance: Option<InstanceId>,
    /// In which zone; `None` while it waits for an instance.
    pub zone: Option<ZoneId>,
    /// Whether it counts as RUNNING.
    pub running: bool,
    /// When somebody asked for it; when it was created where nobody asked before, as for a replacement on top.
    pub requested_at: SimTime,
    /// When it was created.
    pub created_at: SimTime,
    /// When it got its place: at its creation, unless it waited in PROVISIONING for an instance. `None` while it waits.
    pub placed_at: Option<SimTime>,
    /// When its host had room and the agent began.
    pub admitted_at: Option<SimTime>,
    /// `pullStartedAt`.
    pub pull_started_at: Option<SimTime>,
    /// `pullStoppedAt`.
    pub pull_stopped_at: Option<SimTime>,
}

impl Tally {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(definitions: &Definitions, detail: Detail) -> Self {
        let (services, sources) = (definitions.services.len(), definitions.sources.len());
        Self {
            tasks: tasks::Counts::new(services, sources, definitions.capacity_providers.len()),
            instances: instances::Counts::new(definitions),
            capacity: capacity::Counts::new(definitions),
            services: services::Counts::new(services, definitions.zones.len()),
            placement: placement::Counts::new(sources),
            requests: Ledger::new(services, sources),
            load: load::Counts::new(services, definitions.target_groups.len()),
            timing: timing::Times::new(services, sources),
            typical: stranded::Typical::default(),
            notes: Slab::default(),
            detail,
        }
    }

    /// What is remembered of a task that has not reached STOPPED.
    #[must_use]
    pub fn note(&self, task: TaskId) -> Option<&Note> {
        self.notes.get(task)
    }

    /// Takes in a fact that `cluster` has taken in already. Tells what is known about the task that reached STOPPED,
    /// or entered RUNNING.
    pub fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) -> Option<Note> {
        match *fact {
            Fact::InstanceStatusChanged { instance, .. } | Fact::AgentConnectionChanged { instance, .. } => {
                self.instances.refresh(instance, cluster);
            }
            Fact::TaskRequested { source, ordinal, count } => self.requests.asked(now, source, ordinal, count),
            Fact::RequestUnplaced { source, rejections, .. } => self.placement.unplaced(Some(source), &rejections),
            Fact::RequestRefused { source, .. } => self.placement.refused(source),
            Fact::RequestQueued { source, ordinal } => self.requests.queued(source, ordinal),
            Fact::RequestDropped { source, ordinal } => self.requests.gave_up(source, ordinal),
            Fact::StartTaskFailed { source, ordinal, failure, .. } => {
                self.placement.start_task_failed(source, failure);
                self.requests.gave_up(source, ordinal);
            }
            Fact::CallRefused { .. } => self.placement.refused_calls += 1,
            Fact::TaskCreated { .. } => self.created(now, fact, cluster),
            Fact::TaskPlaced { task, instance, .. } => self.placed(now, task, instance, cluster),
            Fact::TaskStatusChanged { task, to } => return self.task_status(now, task, to, cluster),
            Fact::TaskAdmitted { task } => {
                if let Some(note) = self.notes.get_mut(task) {
                    note.admitted_at.get_or_insert(now);
                }
            }
            Fact::ImagePullStarted { task } => {
                if let Some(note) = self.notes.get_mut(task) {
                    note.pull_started_at.get_or_insert(now);
                }
            }
            Fact::ImagePullStopped { task } => {
                if let Some(note) = self.notes.get_mut(task) {
                    note.pull_stopped_at = Some(now);
                }
            }
            Fact::ContainerExited { task, container, exit_code, out_of_memory } => {
                let essential = cluster.tasks().get(task).is_some_and(|row| {
                    let definition = &cluster.definitions().task_definitions[row.definition];
                    row.is_live()
                        && definition
                            .containers
                            .get(usize::from(container))
                            .is_some_and(|container| container.essential)
                });
                self.tasks.container_exited(essential, exit_code, out_of_memory);
            }
            Fact::TaskStopRequested { task, reason } => self.stop_requested(now, task, reason, cluster),
            Fact::ServiceStatusChanged { service, .. } | Fact::DesiredCountChanged { service, .. } => {
                self.recount(now, service, cluster);
            }
            Fact::ServiceUnplaced { service, rejections, .. } => {
                self.placement.unplaced(None, &rejections);
                let definition = cluster.services()[service].task_definition;
                self.typical.saw(cluster.definitions().task_definitions[definition].requirements);
            }
            Fact::ServiceEvent { service, event } if event.is_listed() => self.services.said(service),
            Fact::ServiceEvent { .. } => {}
            Fact::TaskEjected { service, .. } => self.load.ejected(service),
            Fact::LoadMeasured { service, sample } => self.load.measured(now, service, sample),
            Fact::TargetGroupMeasured { group, service, sample } => self.load.seen(group, service, sample),
            Fact::InstanceTerminated { instance, .. } => {
                self.capacity.observe(fact, cluster);
                self.instances.refresh(instance, cluster);
            }
            // A detached instance leaves its provider.
            Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Detached } => {
                self.instances.refresh(instance, cluster);
            }
            Fact::InstanceLaunched { .. }
            | Fact::LaunchFailed { .. }
            | Fact::SpotInterruptionNoticed { .. }
            | Fact::RebalanceRecommended { .. }
            | Fact::ScalingDecided { .. }
            | Fact::ReservationSampled { .. }
            | Fact::ServiceHeldBack { .. } => self.capacity.observe(fact, cluster),
            Fact::GpuDeviceChosen { .. }
            | Fact::AttributePut { .. }
            | Fact::AttributeDeleted { .. }
            | Fact::HostPowerChanged { .. }
            | Fact::ContainerStarted { .. }
            | Fact::ContainerHealthChanged { .. }
            | Fact::TaskExecutionStopped { .. }
            | Fact::TaskRetirementNoticed { .. }
            | Fact::TaskErrorRateChanged { .. }
            | Fact::TaskProtectionChanged { .. }
            | Fact::ServiceUpdated { .. }
            | Fact::ServicePlacementChanged { .. }
            | Fact::HealthyPercentChanged { .. }
            | Fact::RebalancingChanged { .. }
            | Fact::ServiceCapacityChanged { .. }
            | Fact::InstanceLifecycleChanged { .. }
            | Fact::InstanceProtectionChanged { .. }
            | Fact::InstanceHealthChanged { .. }
            | Fact::SpotPriceChanged { .. }
            | Fact::PoolCapacityChanged { .. }
            | Fact::ZoneAvailabilityChanged { .. }
            | Fact::DesiredCapacityChanged { .. }
            | Fact::GroupSizeChanged { .. }
            | Fact::ProcessesChanged { .. }
            | Fact::NewInstanceProtectionChanged { .. }
            | Fact::TemplateChanged { .. }
            | Fact::ConfigurationChanged { .. }
            | Fact::InstanceRefreshChanged { .. }
            | Fact::ScalingWithheld { .. }
            | Fact::AlarmChanged { .. }
            | Fact::MetricChanged { .. }
            | Fact::DeploymentStarted { .. }
            | Fact::DeploymentChanged { .. }
            | Fact::DeploymentStageEntered { .. }
            | Fact::DeploymentStopAsked { .. }
            | Fact::DeploymentAnswered { .. }
            | Fact::DeploymentPolicyChanged { .. }
            | Fact::TaskSetScaled { .. }
            | Fact::TaskSetStabilityChanged { .. }
            | Fact::ContainerStopFailed { .. }
            | Fact::TrafficShifted { .. }
            | Fact::GracePeriodChanged { .. }
            | Fact::TargetRegistered { .. }
            | Fact::TargetStateChanged { .. }
            | Fact::TargetDeregistered { .. }
            | Fact::DatapointPublished { .. }
            | Fact::AlarmStateChanged { .. }
            | Fact::AlarmActionsChanged { .. }
            | Fact::ScalableTargetChanged { .. }
            | Fact::ServiceScalingDecided { .. }
            | Fact::ServiceScalingEnded { .. }
            | Fact::ServiceScalingWithheld { .. }
            | Fact::CapacityForecast { .. }
            | Fact::ProviderStatusChanged { .. }
            | Fact::ProviderChanged { .. } => {}
        }
        None
    }

    /// A period begins: what is counted by period starts from nothing.
    pub fn open_period(&mut self) {
        self.timing.open_period();
    }

    /// A period ends: what is counted by period is made ready to be read.
    pub fn close_period(&mut self) {
        self.timing.settle();
    }

    fn recount(&mut self, now: SimTime, service: ServiceId, cluster: &Cluster) {
        self.requests.recount(now, service, cluster);
    }

    /// A task came into being: with a place, or in PROVISIONING where it waits for one.
    fn created(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        let Fact::TaskCreated { task, origin, launch_type, provider, instance, requirements, .. } = *fact else {
            return;
        };
        let requested_at = match origin {
            TaskOrigin::Source { source, ordinal } => self.requests.placed_copy(source, ordinal),
            TaskOrigin::Service { service, .. } => self.requests.placed_for(service),
        };
        let fargate = launch_type == LaunchType::Fargate;
        let placed = fargate || instance.is_some();
        let zone = cluster.tasks().get(task).and_then(|row| cluster.zone_of(row));
        let note = Note {
            origin,
            provider,
            fargate,
            instance,
            zone,
            running: false,
            requested_at: requested_at.unwrap_or(now),
            created_at: now,
            placed_at: placed.then_some(now),
            admitted_at: None,
            pull_started_at: None,
            pull_stopped_at: None,
        };
        self.notes.insert(task, note);
        self.typical.saw(requirements);
        self.tasks.created(origin, provider);
        self.tasks.fargate_created += u64::from(fargate);
        if placed {
            self.tasks.placed(origin, provider);
        }
        self.live(&note, true);
        if let TaskOrigin::Service { service, .. } = origin {
            self.recount(now, service, cluster);
        }
        if let Some(instance) = instance {
            self.instances.refresh(instance, cluster);
        }
    }

    /// A task that waited in PROVISIONING got an instance.
    fn placed(&mut self, now: SimTime, task: TaskId, instance: InstanceId, cluster: &Cluster) {
        if let Some(note) = self.notes.get_mut(task) {
            note.instance = Some(instance);
            note.zone = cluster.instances().get(instance).map(|row| row.zone);
            note.placed_at = Some(now);
            let note = *note;
            self.tasks.placed(note.origin, note.provider);
            self.timing.got_capacity(now.since(note.created_at), self.detail);
            self.live(&note, true);
        }
        self.instances.refresh(instance, cluster);
    }

    /// A task shall stop: it is no longer live.
    fn stop_requested(&mut self, now: SimTime, task: TaskId, reason: StopReason, cluster: &Cluster) {
        let Some(note) = self.notes.get(task).copied() else { return };
        let started = cluster.tasks().get(task).and_then(|row| row.started_at);
        let ran = started.map_or(Span::ZERO, |started| now.since(started));
        self.tasks.stop_requested(note.origin, note.provider, reason, ran, cluster);
        if note.placed_at.is_none() {
            self.tasks.unprovisioned += 1;
            if matches!(reason, StopReason::NoCapacity(_)) {
                self.timing.gave_up_on_capacity(now.since(note.created_at), self.detail);
            }
        }
        if note.running {
            self.set_running(task, false, cluster);
        } else if let Some(instance) = note.instance {
            self.instances.refresh(instance, cluster);
        }
        self.live(&note, false);
        if let TaskOrigin::Service { service, .. } = note.origin {
            self.recount(now, service, cluster);
        }
    }

    /// Counts a live task where it is, in or out; one that waits for an instance is nowhere.
    fn live(&mut self, note: &Note, up: bool) {
        let Some(zone) = note.zone else { return };
        if let TaskOrigin::Service { service, .. } = note.origin {
            self.services.live(service, zone, up);
        }
        if note.fargate {
            self.instances.fargate_live(zone, up);
        }
    }

    fn task_status(&mut self, now: SimTime, task: TaskId, to: TaskStatus, cluster: &Cluster) -> Option<Note> {
        if to == TaskStatus::Stopped {
            let note = self.notes.remove(task)?;
            self.tasks.stopped(note.origin, note.provider);
            if let Some(instance) = note.instance {
                self.instances.refresh(instance, cluster);
            }
            return Some(note);
        }
        let running = cluster.tasks().get(task).is_some_and(ecsim_cluster::Task::is_running);
        let note = *self.notes.get(task)?;
        if note.running != running {
            self.set_running(task, running, cluster);
        }
        if to != TaskStatus::Running {
            return None;
        }
        self.tasks.started(note.origin, note.provider);
        self.timing.started(now, &note, self.detail);
        Some(note)
    }

    fn set_running(&mut self, task: TaskId, running: bool, cluster: &Cluster) {
        let Some(note) = self.notes.get_mut(task) else { return };
        note.running = running;
        let note = *note;
        self.tasks.running(note.origin, note.provider, running);
        match (note.instance, cluster.tasks().get(task)) {
            (Some(instance), Some(row)) => self.instances.running(instance, row.reserved, running, cluster),
            (None, _) if note.fargate => {
                self.tasks.fargate_running(running);
                if let Some(zone) = note.zone {
                    self.instances.fargate_running(zone, running);
                }
            }
            _ => {}
        }
    }
}
