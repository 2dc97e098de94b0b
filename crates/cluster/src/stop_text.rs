//! What `stoppedReason` says, word for word (TSK-010), apart from [`crate::reasons`] because it needs names and ids.

use crate::arn;
use crate::cluster::Cluster;
use crate::events::balancer_text;
use crate::fact::TaskOrigin;
use crate::ids::InstanceId;
use crate::reasons::StopReason;

impl StopReason {
    /// `stoppedReason` of a task (TSK-010). `whose` is who wanted the task, where that is known.
    ///
    /// AWS documents one text for everything the service scheduler stops, so scale-in, draining, rebalancing, a daemon's
    /// constraint and a deleted service all say the same; [`StopReason`] itself tells them apart.
    #[must_use]
    pub fn text(&self, cluster: &Cluster, whose: Option<TaskOrigin>) -> String {
        let definitions = cluster.definitions();
        match *self {
            Self::FailedToStart(error) => error.text().to_owned(),
            Self::EssentialContainerExited => "Essential container in task exited".to_owned(),
            Self::UserInitiated(Some(reason)) => definitions.texts.name(reason).to_owned(),
            Self::UserInitiated(None) => "Task stopped by user".to_owned(),
            Self::ScaleIn
            | Self::Deployment
            | Self::Draining
            | Self::Rebalancing
            | Self::DaemonConstraint
            | Self::ServiceDeleted => match whose {
                Some(TaskOrigin::Service { service, deployment, .. }) => {
                    format!(
                        "Scaling activity initiated by (deployment {})",
                        arn::deployment_id_of(definitions, service, deployment)
                    )
                }
                _ => "Scaling activity initiated by the service scheduler".to_owned(),
            },
            Self::HostTerminated(instance) => host(cluster, instance, "terminated"),
            Self::HostStopped(instance) => host(cluster, instance, "stopped"),
            Self::HostDeregistered(instance) => host(cluster, instance, "deregistered"),
            Self::NoCapacity(reason) => format!("TaskFailedToStart: {}", reason.code()),
            Self::SpotInterruption => "Your Spot Task was interrupted.".to_owned(),
            Self::FargateRetirement => {
                "ECS is performing maintenance on the underlying infrastructure hosting the task.".to_owned()
            }
            Self::Unhealthy => "Task failed container health checks".to_owned(),
            Self::UnhealthyTarget(group) => {
                format!("Task failed ELB health checks in {}", balancer_text(definitions, group))
            }
            Self::ZoneOutage => "The underlying infrastructure of the task failed.".to_owned(),
        }
    }
}

fn host(cluster: &Cluster, instance: InstanceId, what: &str) -> String {
    let id = arn::ec2_instance_id(cluster.definitions(), &cluster.instances()[instance]);
    format!("Host EC2 (instance {id}) {what}.")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ecsim_kernel::SimTime;

    use super::*;
    use crate::definitions::{Definitions, InstanceShape, PlannedInstance, SchedulingStrategy, ServiceDefinition};
    use crate::ids::{GroupId, PlacementId, TaskDefinitionId, ZoneId};
    use crate::reasons::{Rejection, StartError, StopCode, Unprovisioned};
    use crate::resources::Resources;

    #[test]
    fn tsk_010_the_texts_of_stopped_tasks() {
        let mut definitions = Definitions::default();
        let text = definitions.texts.intern("tired, \"really\"");
        let service = definitions.services.push(ServiceDefinition {
            name: "web".into(),
            group: GroupId::new(0),
            scheduling: SchedulingStrategy::Replica,
            revisions: vec![crate::definitions::ServiceRevision::plain(TaskDefinitionId::new(0))],
            desired_count: 1,
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            placement: PlacementId::new(0),
            availability_zone_rebalancing: false,
            health_check_grace: ecsim_kernel::Span::ZERO,
            exists_at_start: true,
            launch_type: crate::definitions::LaunchType::Ec2,
            strategy: None,
        });
        let shape = definitions.shapes.push(InstanceShape::plain("m5.large", Resources::ZERO));
        let instance = definitions.instances.push(PlannedInstance {
            name: "a".into(),
            named: true,
            ec2_instance_id: Some("i-0123".into()),
            shape,
            zone: ZoneId::new(0),
            subnet: None,
            registered_at_unix_ms: None,
            join_at: SimTime::ZERO,
            agent_connected: true,
        });
        let cluster = Cluster::new(Arc::new(definitions));
        let whose = TaskOrigin::Service { service, ordinal: 0, deployment: 0 };
        let said = |reason: StopReason| reason.text(&cluster, Some(whose));
        assert_eq!(said(StopReason::EssentialContainerExited), "Essential container in task exited");
        assert_eq!(said(StopReason::UserInitiated(Some(text))), "tired, \"really\"");
        assert_eq!(said(StopReason::UserInitiated(None)), "Task stopped by user");
        let scaling = said(StopReason::ScaleIn);
        assert!(scaling.starts_with("Scaling activity initiated by (deployment ecs-svc/"), "{scaling}");
        assert_eq!(said(StopReason::Draining), scaling);
        assert_eq!(said(StopReason::HostTerminated(instance)), "Host EC2 (instance i-0123) terminated.");
        assert_eq!(said(StopReason::HostStopped(instance)), "Host EC2 (instance i-0123) stopped.");
        // FLR-002, SPT-011, FGT-006.
        assert_eq!(
            said(StopReason::NoCapacity(Unprovisioned::Rejected(Rejection::Cpu))),
            "TaskFailedToStart: RESOURCE:CPU"
        );
        assert_eq!(
            said(StopReason::NoCapacity(Unprovisioned::Rejected(Rejection::MemberOf))),
            "TaskFailedToStart: MemberOf placement constraint unsatisfied"
        );
        assert_eq!(
            said(StopReason::NoCapacity(Unprovisioned::EmptyCapacityProvider)),
            "TaskFailedToStart: EMPTY CAPACITY PROVIDER"
        );
        assert_eq!(said(StopReason::SpotInterruption), "Your Spot Task was interrupted.");
        assert_eq!(StopReason::SpotInterruption.code(), StopCode::SpotInterruption);
        assert_eq!(StopReason::FargateRetirement.code(), StopCode::TerminationNotice);
        let failed = StopReason::FailedToStart(StartError::CannotPullContainer);
        assert_eq!(failed.code(), StopCode::TaskFailedToStart);
        assert!(said(failed).starts_with("CannotPullContainerError: "));
    }
}
