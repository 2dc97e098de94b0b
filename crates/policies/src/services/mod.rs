//! How a service holds its desired count: one controller a service, REPLICA or DAEMON.
//!
//! A controller runs in *passes* (DEP-012): one turn of the engine, `scheduler_latency` after the first fact it had not
//! seen (SVC-004), or at an instant it asked for itself. In a pass it asks for one command at a time and sees the truth
//! after each. What it has to count over all its tasks it counts once a pass and keeps up to date by hand.
//!
//! * [`replica`], [`daemon`]: the two passes. [`seen`], [`counters`]: what has happened since the last look. `rollout`: how far
//!   a deployment has come, whether it has failed; its stages where traffic is shifted.
//! * [`scale_in`]: which task goes first, [`homeless`] without an instance, [`surplus`] of which provider. [`zone_rebalancing`]: what balanced means, and when it is possible.
//! * [`retry`], [`crashes`], [`throttle`], [`launch_rate`]: what holds starts back. [`health`], [`steady`]: when all is well.
//! * [`settings`]: what AWS does not publish about deployments.
//!
//! Which instances a service's constraints admit, the placement says: [`crate::placement::daemons::qualifies`].

pub mod counters;
pub mod crashes;
pub mod daemon;
pub mod health;
pub mod homeless;
pub mod launch_rate;
pub mod providers;
pub mod replica;
pub mod retry;
mod rollout;
pub mod scale_in;
pub mod seen;
pub mod settings;
pub mod steady;
pub mod surplus;
pub mod throttle;
pub mod zone_rebalancing;

#[cfg(test)]
mod tests;

pub use rollout::bake;

use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::{Cluster, Command, ServiceId, ServiceStatus, StopReason, TaskId};

use crate::view::{Controller, Decision, View};
use daemon::Daemon;
use replica::Replica;

/// The control loop of one service. Its memory is plain data.
#[derive(Clone, Debug)]
pub struct ServiceController {
    service: ServiceId,
    kind: Kind,
    /// How far the stopping of a deleted service has come: every task up to this one was asked.
    deleted_up_to: Option<TaskId>,
}

/// One line a scheduling strategy (PLC-050).
#[derive(Clone, Debug)]
enum Kind {
    Replica(Box<Replica>),
    Daemon(Box<Daemon>),
}

impl ServiceController {
    /// The controller of a service of the scenario, whether it exists yet or not.
    #[must_use]
    pub fn new(service: ServiceId, cluster: &Cluster) -> Self {
        let kind = match cluster.definitions().services[service].scheduling {
            SchedulingStrategy::Replica => Kind::Replica(Box::new(Replica::new(service, cluster))),
            SchedulingStrategy::Daemon => Kind::Daemon(Box::new(Daemon::new(service, cluster))),
        };
        Self { service, kind, deleted_up_to: None }
    }

    /// The service it looks after.
    #[must_use]
    pub const fn service(&self) -> ServiceId {
        self.service
    }

    /// A service that is being deleted stops all its tasks, protected ones too, and is gone once none is live (SVC-005).
    fn delete(&mut self, view: &View<'_>) -> Decision {
        let row = &view.cluster.services()[self.service];
        let from = self.deleted_up_to.map_or(0, |last| row.tasks.partition_point(|task| *task <= last));
        if let Some(task) = row.tasks[from..].iter().find(|task| view.cluster.task(**task).is_live()) {
            self.deleted_up_to = Some(*task);
            return Decision::Act(Command::StopTask { task: *task, reason: StopReason::ServiceDeleted });
        }
        if row.live == 0 {
            Decision::Act(Command::SetServiceStatus { service: self.service, to: ServiceStatus::Inactive })
        } else {
            Decision::Sleep
        }
    }
}

impl Controller for ServiceController {
    fn decide(&mut self, view: &View<'_>) -> Decision {
        match view.cluster.services()[self.service].status {
            ServiceStatus::Absent | ServiceStatus::Inactive => Decision::Sleep,
            ServiceStatus::Draining => self.delete(view),
            ServiceStatus::Active => match &mut self.kind {
                Kind::Replica(replica) => replica.decide(view),
                Kind::Daemon(daemon) => daemon.decide(view),
            },
        }
    }
}
