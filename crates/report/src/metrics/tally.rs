//! The running counts of all families, folded fact by fact: what the present state of the cluster does not remember.

use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{Cluster, Definitions, Fact, InstanceId, ServiceId, TaskId, TaskStatus, ZoneId};
use ecsim_kernel::SimTime;

use super::requests::Ledger;
use super::slab::Slab;
use super::{instances, placement, services, stranded, tasks, timing};

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
    /// Services.
    pub services: services::Counts,
    /// Placement attempts.
    pub placement: placement::Counts,
    /// Requests.
    pub requests: Ledger,
    /// Times from request to RUNNING.
    pub timing: timing::Times,
    /// What tasks typically ask for.
    pub typical: stranded::Typical,
    notes: Slab<Note>,
    detail: Detail,
}

/// What is remembered of a task while it exists.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Who wanted it.
    pub origin: TaskOrigin,
    /// Where it is.
    pub instance: InstanceId,
    /// In which zone.
    pub zone: ZoneId,
    /// Whether it counts as RUNNING.
    pub running: bool,
    /// When somebody asked for it; when it was placed where nobody asked before, as for a replacement on top.
    pub requested_at: SimTime,
    /// When it was placed.
    pub created_at: SimTime,
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
            tasks: tasks::Counts::new(services, sources),
            instances: instances::Counts::new(definitions),
            services: services::Counts::new(services, definitions.zones.len()),
            placement: placement::Counts::new(sources),
            requests: Ledger::new(services, sources),
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
            Fact::RequestQueued { source, ordinal } => self.requests.queued(source, ordinal),
            Fact::RequestDropped { source, ordinal } => self.requests.gave_up(source, ordinal),
            Fact::StartTaskFailed { source, ordinal, failure, .. } => {
                self.placement.start_task_failed(source, failure);
                self.requests.gave_up(source, ordinal);
            }
            Fact::CallRefused { .. } => self.placement.refused_calls += 1,
            Fact::TaskCreated { task, origin, instance, requirements, .. } => {
                let requested_at = match origin {
                    TaskOrigin::Source { source, ordinal } => self.requests.placed_copy(source, ordinal),
                    TaskOrigin::Service { service, .. } => self.requests.placed_for(service),
                };
                let zone = cluster.instances()[instance].zone;
                self.notes.insert(
                    task,
                    Note {
                        origin,
                        instance,
                        zone,
                        running: false,
                        requested_at: requested_at.unwrap_or(now),
                        created_at: now,
                        admitted_at: None,
                        pull_started_at: None,
                        pull_stopped_at: None,
                    },
                );
                self.typical.saw(requirements);
                self.tasks.placed(origin);
                if let TaskOrigin::Service { service, .. } = origin {
                    self.services.live(service, zone, true);
                    self.recount(now, service, cluster);
                }
                self.instances.refresh(instance, cluster);
            }
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
            Fact::TaskStopRequested { task, reason } => {
                if let Some(note) = self.notes.get(task).copied() {
                    self.tasks.stop_requested(note.origin, reason);
                    if note.running {
                        self.set_running(task, false, cluster);
                    } else {
                        self.instances.refresh(note.instance, cluster);
                    }
                    if let TaskOrigin::Service { service, .. } = note.origin {
                        self.services.live(service, note.zone, false);
                        self.recount(now, service, cluster);
                    }
                }
            }
            Fact::ServiceStatusChanged { service, .. } | Fact::DesiredCountChanged { service, .. } => {
                self.recount(now, service, cluster);
            }
            Fact::ServiceUnplaced { service, rejections, .. } => {
                self.placement.unplaced(None, &rejections);
                let definition = cluster.services()[service].task_definition;
                self.typical.saw(cluster.definitions().task_definitions[definition].requirements);
            }
            Fact::ServiceEvent { service, .. } => self.services.said(service),
            Fact::AttributePut { .. }
            | Fact::AttributeDeleted { .. }
            | Fact::HostPowerChanged { .. }
            | Fact::TaskExecutionStopped { .. }
            | Fact::TaskProtectionChanged { .. }
            | Fact::ServiceUpdated { .. }
            | Fact::ServicePlacementChanged { .. }
            | Fact::HealthyPercentChanged { .. }
            | Fact::RebalancingChanged { .. } => {}
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

    fn task_status(&mut self, now: SimTime, task: TaskId, to: TaskStatus, cluster: &Cluster) -> Option<Note> {
        if to == TaskStatus::Stopped {
            let note = self.notes.remove(task)?;
            self.tasks.stopped(note.origin);
            self.instances.refresh(note.instance, cluster);
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
        self.tasks.started(note.origin);
        self.timing.started(now, &note, self.detail);
        Some(note)
    }

    fn set_running(&mut self, task: TaskId, running: bool, cluster: &Cluster) {
        let Some(note) = self.notes.get_mut(task) else { return };
        note.running = running;
        let (origin, instance) = (note.origin, note.instance);
        self.tasks.running(origin, running);
        if let Some(row) = cluster.tasks().get(task) {
            self.instances.running(instance, row.reserved, running, cluster);
        }
    }
}
