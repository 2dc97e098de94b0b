//! The table of tasks: a row while a task exists, four bytes once it is gone.

use ecsim_kernel::{SimTime, Table};

use crate::definitions::LaunchType;
use crate::fact::TaskOrigin;
use crate::ids::{GroupId, InstanceId, PlacementId, ProviderId, ServiceId, SubnetId, TaskDefinitionId, TaskId, ZoneId};
use crate::lifecycle::{DesiredStatus, HealthStatus, TaskStatus};
use crate::reasons::StopReason;
use crate::resources::{Requirements, Resources};
use crate::targets::Target;

/// A task that has not reached STOPPED.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What it runs.
    pub definition: TaskDefinitionId,
    /// Its group (PLC-030).
    pub group: GroupId,
    /// Who wanted it.
    pub origin: TaskOrigin,
    /// Its strategies and constraints.
    pub placement: PlacementId,
    /// EC2, EXTERNAL or FARGATE.
    pub launch_type: LaunchType,
    /// Its capacity provider (CP-015).
    pub provider: Option<ProviderId>,
    /// Where it runs; `None`: on Fargate, or it waits in PROVISIONING for an instance (CAS-008).
    pub instance: Option<InstanceId>,
    /// The zone of a Fargate task.
    pub zone: Option<ZoneId>,
    /// The subnet of its network interface.
    pub subnet: Option<SubnetId>,
    /// What it asked for.
    pub requirements: Requirements,
    /// What it reserves on its instance: `requirements` with `ALL` GPUs resolved.
    pub reserved: Resources,
    /// `lastStatus`.
    pub last: TaskStatus,
    /// `desiredStatus`.
    pub desired: DesiredStatus,
    /// Why it was asked to stop.
    pub stop_reason: Option<StopReason>,
    /// Whether the agent has taken the host's resources for it (RES-015).
    pub admitted: bool,
    /// Whether its last container exited.
    pub execution_stopped: bool,
    /// Bit set of containers that have started; all of them once it is RUNNING (TSK-006).
    pub started: u32,
    /// Bit set of containers that exited and were not started again.
    pub exited: u32,
    /// Bit set of those that exited with another code than 0.
    pub failed: u32,
    /// Bit set of the containers whose health is the task's (TSK-043).
    pub checked: u32,
    /// Bit set of containers whose health check says HEALTHY.
    pub healthy: u32,
    /// Bit set of containers whose health check says UNHEALTHY.
    pub unhealthy: u32,
    /// Since when [`Self::health`] is what it is.
    pub health_since: SimTime,
    /// How often its containers were started again in place (TSK-032).
    pub restarts: u32,
    /// GPU devices pinned to it, as a bit set (RES-030).
    pub gpu_devices: u64,
    /// `createdAt`.
    pub created_at: SimTime,
    /// `startedAt`: entered RUNNING.
    pub started_at: Option<SimTime>,
    /// `stoppingAt`: desired status became STOPPED.
    pub stopping_at: Option<SimTime>,
    /// Fargate will retire the platform under it (FGT-006).
    pub retiring: bool,
    /// Protected from scale-in until then (PLC-075).
    pub protected_until: Option<SimTime>,
    /// The share of its requests that it fails whatever its load, in millionths.
    pub error_share: u32,
    /// Its registrations with target groups, in the order in which its revision names them (LB-001).
    pub targets: Vec<Target>,
}

impl Task {
    /// Desired status RUNNING: the task counts, whatever its last status (vocabulary of the placement rules).
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.desired == DesiredStatus::Running
    }

    /// Runs on AWS Fargate.
    #[must_use]
    pub fn is_fargate(&self) -> bool {
        self.launch_type == LaunchType::Fargate
    }

    /// Waits in PROVISIONING for an instance of its provider (CAS-008).
    #[must_use]
    pub fn awaits_instance(&self) -> bool {
        self.instance.is_none() && !self.is_fargate() && self.is_live()
    }

    /// Live and RUNNING (TSK-007).
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.is_live() && self.last == TaskStatus::Running
    }

    /// `healthStatus`: what the checks of its essential containers say together; those without a check are left out, and
    /// without any check it is UNKNOWN (TSK-043).
    #[must_use]
    pub const fn health(&self) -> HealthStatus {
        if self.checked & self.unhealthy != 0 {
            HealthStatus::Unhealthy
        } else if self.checked == 0 || self.checked & !self.healthy != 0 {
            HealthStatus::Unknown
        } else {
            HealthStatus::Healthy
        }
    }

    /// Bit set of the containers that run.
    #[must_use]
    pub const fn running_containers(&self) -> u32 {
        self.started & !self.exited
    }

    /// The service it belongs to.
    #[must_use]
    pub const fn service(&self) -> Option<ServiceId> {
        self.origin.service()
    }

    /// The number of the deployment it was started for, where a service wanted it.
    #[must_use]
    pub const fn deployment(&self) -> Option<u32> {
        match self.origin {
            TaskOrigin::Service { deployment, .. } => Some(deployment),
            TaskOrigin::Source { .. } => None,
        }
    }

    /// Whether scale-in protection is in force (PLC-075).
    #[must_use]
    pub fn is_protected(&self, now: SimTime) -> bool {
        self.protected_until.is_some_and(|until| now < until)
    }
}

/// Tasks by id; rows of stopped tasks are reused.
#[derive(Clone, Debug, Default)]
pub struct TaskTable {
    row_of: Table<TaskId, u32>,
    rows: Vec<Option<Task>>,
    free: Vec<u32>,
}

/// The row number of a task that is gone.
const GONE: u32 = u32::MAX;

impl TaskTable {
    /// The id the next task gets.
    #[must_use]
    pub fn next_id(&self) -> TaskId {
        self.row_of.next_id()
    }

    /// How many tasks were ever created.
    #[must_use]
    pub fn created(&self) -> usize {
        self.row_of.len()
    }

    /// How many tasks exist now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() - self.free.len()
    }

    /// Whether no task exists now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The task, unless it is gone or was never created.
    #[must_use]
    pub fn get(&self, task: TaskId) -> Option<&Task> {
        let row = *self.row_of.get(task)?;
        self.rows.get(row as usize).and_then(Option::as_ref)
    }

    /// The tasks that exist, in the order of their rows (deterministic, but not the order of ids).
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.rows.iter().flatten()
    }

    pub(crate) fn get_mut(&mut self, task: TaskId) -> Option<&mut Task> {
        let row = *self.row_of.get(task)?;
        self.rows.get_mut(row as usize).and_then(Option::as_mut)
    }

    pub(crate) fn insert(&mut self, task: Task) {
        let id = task.id;
        let row = if let Some(row) = self.free.pop() {
            self.rows[row as usize] = Some(task);
            row
        } else {
            self.rows.push(Some(task));
            u32::try_from(self.rows.len() - 1).expect("fewer than 2^32 tasks at a time")
        };
        let given = self.row_of.push(row);
        assert_eq!(given, id, "tasks are numbered in the order of creation");
    }

    pub(crate) fn remove(&mut self, task: TaskId) -> Option<Task> {
        let row = core::mem::replace(&mut self.row_of[task], GONE);
        let task = self.rows.get_mut(row as usize)?.take();
        self.free.push(row);
        task
    }
}
