//! What `stoppedReason` says, word for word (TSK-010), apart from [`crate::reasons`] because it needs names and ids.

use crate::arn;
use crate::definitions::Definitions;
use crate::ids::{InstanceId, ServiceId};
use crate::reasons::StopReason;

impl StopReason {
    /// `stoppedReason` of a task (TSK-010). `service` is the service the task belongs to, if any.
    ///
    /// AWS documents one text for everything the service scheduler stops, so scale-in, draining, rebalancing, a daemon's
    /// constraint and a deleted service all say the same; [`StopReason`] itself tells them apart.
    #[must_use]
    pub fn text(&self, definitions: &Definitions, service: Option<ServiceId>) -> String {
        match *self {
            Self::FailedToStart(error) => error.text().to_owned(),
            Self::EssentialContainerExited => "Essential container in task exited".to_owned(),
            Self::UserInitiated(Some(reason)) => definitions.texts.name(reason).to_owned(),
            Self::UserInitiated(None) => "Task stopped by user".to_owned(),
            Self::ScaleIn | Self::Draining | Self::Rebalancing | Self::DaemonConstraint | Self::ServiceDeleted => {
                match service {
                    Some(service) => {
                        format!(
                            "Scaling activity initiated by (deployment {})",
                            arn::deployment_id(definitions, service)
                        )
                    }
                    None => "Scaling activity initiated by the service scheduler".to_owned(),
                }
            }
            Self::HostTerminated(instance) => host(definitions, instance, "terminated"),
            Self::HostStopped(instance) => host(definitions, instance, "stopped"),
            Self::HostDeregistered(instance) => host(definitions, instance, "deregistered"),
        }
    }
}

fn host(definitions: &Definitions, instance: InstanceId, what: &str) -> String {
    format!("Host EC2 (instance {}) {what}.", arn::ec2_instance_id(definitions, instance))
}

#[cfg(test)]
mod tests {
    use ecsim_kernel::SimTime;

    use super::*;
    use crate::definitions::{PlannedInstance, SchedulingStrategy, ServiceDefinition};
    use crate::ids::{GroupId, PlacementId, ShapeId, TaskDefinitionId, ZoneId};
    use crate::reasons::{StartError, StopCode};

    #[test]
    fn tsk_010_the_texts_of_stopped_tasks() {
        let mut definitions = Definitions::default();
        let text = definitions.texts.intern("tired, \"really\"");
        let service = definitions.services.push(ServiceDefinition {
            name: "web".into(),
            group: GroupId::new(0),
            scheduling: SchedulingStrategy::Replica,
            task_definition: TaskDefinitionId::new(0),
            desired_count: 1,
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            placement: PlacementId::new(0),
            availability_zone_rebalancing: false,
            subnets: Vec::new(),
            exists_at_start: true,
            launch_type: crate::definitions::LaunchType::Ec2,
        });
        let instance = definitions.instances.push(PlannedInstance {
            name: "a".into(),
            named: true,
            ec2_instance_id: Some("i-0123".into()),
            shape: ShapeId::new(0),
            zone: ZoneId::new(0),
            subnet: None,
            registered_at_unix_ms: None,
            join_at: SimTime::ZERO,
            agent_connected: true,
        });
        let said = |reason: StopReason| reason.text(&definitions, Some(service));
        assert_eq!(said(StopReason::EssentialContainerExited), "Essential container in task exited");
        assert_eq!(said(StopReason::UserInitiated(Some(text))), "tired, \"really\"");
        assert_eq!(said(StopReason::UserInitiated(None)), "Task stopped by user");
        let scaling = said(StopReason::ScaleIn);
        assert!(scaling.starts_with("Scaling activity initiated by (deployment ecs-svc/"), "{scaling}");
        assert_eq!(said(StopReason::Draining), scaling);
        assert_eq!(said(StopReason::HostTerminated(instance)), "Host EC2 (instance i-0123) terminated.");
        assert_eq!(said(StopReason::HostStopped(instance)), "Host EC2 (instance i-0123) stopped.");
        let failed = StopReason::FailedToStart(StartError::CannotPullContainer);
        assert_eq!(failed.code(), StopCode::TaskFailedToStart);
        assert!(said(failed).starts_with("CannotPullContainerError: "));
    }
}
