//! The table of tasks: a row while a task exists, four bytes once it is gone.

use ecsim_kernel::{SimTime, Table};

use crate::fact::TaskOrigin;
use crate::ids::{GroupId, InstanceId, ServiceId, SubnetId, TaskDefinitionId, TaskId};
use crate::lifecycle::{DesiredStatus, TaskStatus};
use crate::reasons::StopReason;
use crate::resources::{Requirements, Resources};

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
    /// Where it runs.
    pub instance: InstanceId,
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
    /// Bit set of containers that exited.
    pub exited: u32,
    /// GPU devices pinned to it, as a bit set (RES-030).
    pub gpu_devices: u64,
    /// `createdAt`.
    pub created_at: SimTime,
    /// `startedAt`: entered RUNNING.
    pub started_at: Option<SimTime>,
    /// `stoppingAt`: desired status became STOPPED.
    pub stopping_at: Option<SimTime>,
    /// Protected from scale-in until then (PLC-075).
    pub protected_until: Option<SimTime>,
}

impl Task {
    /// Desired status RUNNING: the task counts, whatever its last status (vocabulary of the placement rules).
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.desired == DesiredStatus::Running
    }

    /// Live and RUNNING (TSK-007).
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.is_live() && self.last == TaskStatus::Running
    }

    /// The service it belongs to.
    #[must_use]
    pub const fn service(&self) -> Option<ServiceId> {
        self.origin.service()
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
