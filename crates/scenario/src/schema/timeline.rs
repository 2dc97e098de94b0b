//! What an operator or fate does during the run: each entry a time and exactly one action, by AWS's name for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aws::{
    AlarmNames, Attribute, CapacityProvider, DeleteScalingPolicy, DeleteServiceScheduledAction,
    DeregisterScalableTarget, MetricAlarm, RegisterScalableTarget, RunTask, ScheduledAction, Service,
    ServiceScalingPolicy, ServiceScheduledAction, SetAlarmState, StartTask, UpdateService,
};
use super::code_deploy::CreateDeployment;
use super::container_instance::ContainerInstances;
use super::fate::{
    AvailabilityZoneOutage, FargateRetirement, FargateSpotInterruption, InstanceStatusCheckFails, InsufficientCapacity,
    RebalanceRecommendation, SetErrorRate, SetMetric, SpotInterruption,
};
use super::group_actions::{
    CancelInstanceRefresh, CompleteLifecycleAction, DeleteCapacityProvider, ExitStandby, PutClusterCapacityProviders,
    ScalingProcesses, SetDesiredCapacity, SetInstanceHealth, SetInstanceProtection, StartInstanceRefresh,
    TakeInstances, TerminateInstanceInAutoScalingGroup, UpdateAutoScalingGroup, UpdateCapacityProvider,
};
use super::selectors::{InstanceSelector, TaskSelector};
use super::spot_behavior::PoolCapacity;
use super::task_sets::{CreateTaskSet, DeleteTaskSet, UpdateServicePrimaryTaskSet, UpdateTaskSet};
use super::units::Duration;

/// Defines the entry, the borrowed action and the list of their names from one list, so that they cannot differ.
macro_rules! timeline {
    ($($(#[doc = $doc:literal])+ $field:ident: $variant:ident($type:ty), $name:literal;)+) => {
        /// Something that happens at a time: `at`, and exactly one action.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct TimelineEntry {
            /// When it happens, counted from the start.
            pub at: Duration,
            $($(#[doc = $doc])+ pub $field: Option<$type>,)+
        }

        /// The action of a [`TimelineEntry`].
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Action<'a> {
            $($(#[doc = $doc])+ $variant(&'a $type),)+
        }

        impl TimelineEntry {
            /// The names of all actions.
            pub const ACTIONS: &'static [&'static str] = &[$($name),+];

            /// Every action of the entry; a valid one has exactly one.
            pub fn actions(&self) -> impl Iterator<Item = Action<'_>> {
                [$(self.$field.as_ref().map(Action::$variant)),+].into_iter().flatten()
            }
        }

        impl Action<'_> {
            /// Its name in the scenario.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }
        }
    };
}

timeline! {
    /// AWS's `RunTask`: starts standalone tasks, placed by ECS (PLC-056).
    run_task: RunTask(RunTask), "runTask";
    /// AWS's `StartTask`: starts a task on each of the named container instances (PLC-059).
    start_task: StartTask(StartTask), "startTask";
    /// AWS's `StopTask`, for each of the selected tasks.
    stop_task: StopTask(StopTask), "stopTask";
    /// AWS's `CreateService`.
    create_service: CreateService(Service), "createService";
    /// AWS's `UpdateService` (PLC-060).
    update_service: UpdateService(UpdateService), "updateService";
    /// AWS's `DeleteService`.
    delete_service: DeleteService(DeleteService), "deleteService";
    /// AWS's `StopServiceDeployment` (DEP-002).
    stop_service_deployment: StopServiceDeployment(StopServiceDeployment), "stopServiceDeployment";
    /// AWS's `ContinueServiceDeployment` (DEP-066).
    continue_service_deployment: ContinueServiceDeployment(ContinueServiceDeployment), "continueServiceDeployment";
    /// AWS's `CreateTaskSet`, of a service with the controller `EXTERNAL` (DEP-080).
    create_task_set: CreateTaskSet(CreateTaskSet), "createTaskSet";
    /// AWS's `UpdateTaskSet` (DEP-080).
    update_task_set: UpdateTaskSet(UpdateTaskSet), "updateTaskSet";
    /// AWS's `DeleteTaskSet` (DEP-080).
    delete_task_set: DeleteTaskSet(DeleteTaskSet), "deleteTaskSet";
    /// AWS's `UpdateServicePrimaryTaskSet` (DEP-080).
    update_service_primary_task_set: UpdateServicePrimaryTaskSet(UpdateServicePrimaryTaskSet),
        "updateServicePrimaryTaskSet";
    /// CodeDeploy's `CreateDeployment`, to a service with the controller `CODE_DEPLOY` (DEP-070).
    create_deployment: CreateDeployment(CreateDeployment), "createDeployment";
    /// AWS's `UpdateContainerInstancesState`: drains container instances, or takes them back (INS-003, INS-004).
    update_container_instances_state: UpdateContainerInstancesState(UpdateContainerInstancesState),
        "updateContainerInstancesState";
    /// AWS's `PutAttributes`, for each of the container instances (CQL-017).
    put_attributes: PutAttributes(PutAttributes), "putAttributes";
    /// AWS's `DeleteAttributes`, for each of the container instances.
    delete_attributes: DeleteAttributes(DeleteAttributes), "deleteAttributes";
    /// AWS's `DeregisterContainerInstance` (INS-008).
    deregister_container_instance: DeregisterContainerInstance(DeregisterContainerInstance),
        "deregisterContainerInstance";
    /// AWS's `UpdateTaskProtection`, for each of the selected tasks.
    update_task_protection: UpdateTaskProtection(UpdateTaskProtection), "updateTaskProtection";
    /// New container instances register: an entry as under `containerInstances`.
    register_container_instances: RegisterContainerInstances(ContainerInstances), "registerContainerInstances";
    /// EC2's `TerminateInstances` (INS-007).
    terminate_instances: TerminateInstances(InstancesTarget), "terminateInstances";
    /// EC2's `StopInstances` (INS-005).
    stop_instances: StopInstances(InstancesTarget), "stopInstances";
    /// EC2's `StartInstances`, of instances stopped before.
    start_instances: StartInstances(InstancesTarget), "startInstances";
    /// The ECS agent loses its connection (INS-006).
    disconnect_agent: DisconnectAgent(DisconnectAgent), "disconnectAgent";
    /// The ECS agent is connected again.
    connect_agent: ConnectAgent(InstancesTarget), "connectAgent";
    /// EC2 Auto Scaling's `UpdateAutoScalingGroup`.
    update_auto_scaling_group: UpdateAutoScalingGroup(UpdateAutoScalingGroup), "updateAutoScalingGroup";
    /// EC2 Auto Scaling's `SetDesiredCapacity` (ASG-001).
    set_desired_capacity: SetDesiredCapacity(SetDesiredCapacity), "setDesiredCapacity";
    /// EC2 Auto Scaling's `SetInstanceProtection` (ASG-013).
    set_instance_protection: SetInstanceProtection(SetInstanceProtection), "setInstanceProtection";
    /// EC2 Auto Scaling's `SetInstanceHealth`, for each of the instances (ASG-007).
    set_instance_health: SetInstanceHealth(SetInstanceHealth), "setInstanceHealth";
    /// EC2 Auto Scaling's `TerminateInstanceInAutoScalingGroup`, for each of the instances (ASG-013).
    terminate_instance_in_auto_scaling_group:
        TerminateInstanceInAutoScalingGroup(TerminateInstanceInAutoScalingGroup),
        "terminateInstanceInAutoScalingGroup";
    /// EC2 Auto Scaling's `EnterStandby` (ASG-002).
    enter_standby: EnterStandby(TakeInstances), "enterStandby";
    /// EC2 Auto Scaling's `ExitStandby` (ASG-002).
    exit_standby: ExitStandby(ExitStandby), "exitStandby";
    /// EC2 Auto Scaling's `DetachInstances`: they run on outside the group.
    detach_instances: DetachInstances(TakeInstances), "detachInstances";
    /// EC2 Auto Scaling's `SuspendProcesses` (ASG-042).
    suspend_processes: SuspendProcesses(ScalingProcesses), "suspendProcesses";
    /// EC2 Auto Scaling's `ResumeProcesses` (ASG-042).
    resume_processes: ResumeProcesses(ScalingProcesses), "resumeProcesses";
    /// EC2 Auto Scaling's `StartInstanceRefresh` (ASG-043).
    start_instance_refresh: StartInstanceRefresh(StartInstanceRefresh), "startInstanceRefresh";
    /// EC2 Auto Scaling's `CancelInstanceRefresh` (ASG-043).
    cancel_instance_refresh: CancelInstanceRefresh(CancelInstanceRefresh), "cancelInstanceRefresh";
    /// EC2 Auto Scaling's `CompleteLifecycleAction` (ASG-040).
    complete_lifecycle_action: CompleteLifecycleAction(CompleteLifecycleAction), "completeLifecycleAction";
    /// EC2 Auto Scaling's `PutScheduledUpdateGroupAction` (ASG-025).
    put_scheduled_update_group_action: PutScheduledUpdateGroupAction(ScheduledAction),
        "putScheduledUpdateGroupAction";
    /// AWS's `CreateCapacityProvider`: an entry as under `capacityProviders`.
    create_capacity_provider: CreateCapacityProvider(CapacityProvider), "createCapacityProvider";
    /// AWS's `UpdateCapacityProvider` (CP-022).
    update_capacity_provider: UpdateCapacityProvider(UpdateCapacityProvider), "updateCapacityProvider";
    /// AWS's `DeleteCapacityProvider` (CP-006).
    delete_capacity_provider: DeleteCapacityProvider(DeleteCapacityProvider), "deleteCapacityProvider";
    /// AWS's `PutClusterCapacityProviders` (CP-004).
    put_cluster_capacity_providers: PutClusterCapacityProviders(PutClusterCapacityProviders),
        "putClusterCapacityProviders";
    /// Spot instances get their notice (SPT-002).
    spot_interruption: SpotInterruption(SpotInterruption), "spotInterruption";
    /// EC2 recommends to rebalance instances (SPT-003).
    rebalance_recommendation: RebalanceRecommendation(RebalanceRecommendation), "rebalanceRecommendation";
    /// An Availability Zone fails.
    availability_zone_outage: AvailabilityZoneOutage(AvailabilityZoneOutage), "availabilityZoneOutage";
    /// Launches fail for want of capacity (ASG-005).
    insufficient_capacity: InsufficientCapacity(InsufficientCapacity), "insufficientCapacity";
    /// A pool can give another number of instances from now on; those beyond it are interrupted if they are Spot.
    pool_capacity: PoolCapacity(PoolCapacity), "poolCapacity";
    /// Instances fail their status checks (ASG-006).
    instance_status_check_fails: InstanceStatusCheckFails(InstanceStatusCheckFails), "instanceStatusCheckFails";
    /// Fargate retires the hosts of tasks (FGT-006).
    fargate_retirement: FargateRetirement(FargateRetirement), "fargateRetirement";
    /// Tasks fail a share of their requests.
    set_error_rate: SetErrorRate(SetErrorRate), "setErrorRate";
    /// Fargate takes the capacity of Spot tasks back (FGT-004).
    fargate_spot_interruption: FargateSpotInterruption(FargateSpotInterruption), "fargateSpotInterruption";
    /// A CloudWatch metric of the scenario's has another value from now on.
    set_metric: SetMetric(SetMetric), "setMetric";
    /// CloudWatch's `PutMetricAlarm`: a new alarm, or a change of one (CW-003).
    put_metric_alarm: PutMetricAlarm(MetricAlarm), "putMetricAlarm";
    /// CloudWatch's `DeleteAlarms`.
    delete_alarms: DeleteAlarms(AlarmNames), "deleteAlarms";
    /// CloudWatch's `SetAlarmState`: until the next evaluation.
    set_alarm_state: SetAlarmState(SetAlarmState), "setAlarmState";
    /// CloudWatch's `EnableAlarmActions`.
    enable_alarm_actions: EnableAlarmActions(AlarmNames), "enableAlarmActions";
    /// CloudWatch's `DisableAlarmActions`.
    disable_alarm_actions: DisableAlarmActions(AlarmNames), "disableAlarmActions";
    /// Application Auto Scaling's `RegisterScalableTarget`: new limits, or what is suspended (SAS-003, SAS-004).
    register_scalable_target: RegisterScalableTarget(RegisterScalableTarget), "registerScalableTarget";
    /// Application Auto Scaling's `DeregisterScalableTarget`.
    deregister_scalable_target: DeregisterScalableTarget(DeregisterScalableTarget), "deregisterScalableTarget";
    /// Application Auto Scaling's `PutScalingPolicy`: a new policy, or a change of one.
    put_scaling_policy: PutScalingPolicy(ServiceScalingPolicy), "putScalingPolicy";
    /// Application Auto Scaling's `DeleteScalingPolicy`.
    delete_scaling_policy: DeleteScalingPolicy(DeleteScalingPolicy), "deleteScalingPolicy";
    /// Application Auto Scaling's `PutScheduledAction`: a new action, or a change of one.
    put_scheduled_action: PutScheduledAction(ServiceScheduledAction), "putScheduledAction";
    /// Application Auto Scaling's `DeleteScheduledAction`.
    delete_scheduled_action: DeleteScheduledAction(DeleteServiceScheduledAction), "deleteScheduledAction";
}

impl TimelineEntry {
    /// The action, if there is exactly one.
    #[must_use]
    pub fn action(&self) -> Option<Action<'_>> {
        let mut actions = self.actions();
        match (actions.next(), actions.next()) {
            (Some(action), None) => Some(action),
            _ => None,
        }
    }
}

/// Stops tasks, as by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StopTask {
    /// Which tasks.
    pub task: TaskSelector,
    /// Goes into `stoppedReason` (TSK-010).
    pub reason: Option<String>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Deletes a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteService {
    /// The name of the service.
    pub service: String,
    /// Whether it may still have tasks. Default false.
    pub force: Option<bool>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Stops the deployment of a service that is in progress (DEP-002).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StopServiceDeployment {
    /// The name of the service.
    pub service: String,
    /// `ROLLBACK`: the deployment before comes back. `ABORT`: everything stays as it is. Default `ROLLBACK`.
    pub stop_type: Option<StopDeployment>,
}

/// `stopType` of `StopServiceDeployment` (DEP-002).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum StopDeployment {
    /// The deployment before comes back.
    #[default]
    Rollback,
    /// Everything stays as it is.
    Abort,
}

/// Answers a lifecycle hook that waits (DEP-066).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContinueServiceDeployment {
    /// The name of the service.
    pub service: String,
    /// `CONTINUE` or `ROLLBACK`. Default `CONTINUE`.
    pub action: Option<ContinueDeployment>,
}

/// `action` of `ContinueServiceDeployment` (DEP-066).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ContinueDeployment {
    /// The deployment goes on.
    #[default]
    Continue,
    /// It is rolled back.
    Rollback,
}

/// Drains container instances, or takes them back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateContainerInstancesState {
    /// Which ones; AWS takes at most 10 at a call (INS-003).
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// `DRAINING` or `ACTIVE`.
    pub status: TargetStatus,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// The statuses that `UpdateContainerInstancesState` can set (INS-003).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TargetStatus {
    /// Takes new tasks again.
    Active,
    /// Takes no new tasks and gives up those of services.
    Draining,
}

/// Sets custom attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PutAttributes {
    /// Of which container instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// The attributes, at most 10 at a call (CQL-017).
    pub attributes: Vec<Attribute>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Takes custom attributes away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteAttributes {
    /// Of which container instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// The attributes, by name.
    pub attributes: Vec<Attribute>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Deregisters a container instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeregisterContainerInstance {
    /// Its name.
    pub container_instance: String,
    /// Needed where tasks run on it; they become orphans (INS-008). Default false.
    pub force: Option<bool>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Protects tasks from scale-in, or ends that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateTaskProtection {
    /// Which tasks.
    pub tasks: TaskSelector,
    /// Whether they are protected.
    pub protection_enabled: bool,
    /// For how many minutes. Default 120.
    pub expires_in_minutes: Option<u32>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Container instances to which something happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstancesTarget {
    /// Which ones.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
}

/// The ECS agent loses its connection for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DisconnectAgent {
    /// Of which container instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// For how long. Default: until `connectAgent`.
    pub duration: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn names_in_the_list_are_the_keys_of_the_format() {
        let schema = schemars::schema_for!(TimelineEntry);
        let keys: Vec<&str> =
            schema.get("properties").unwrap().as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, [&["at"], TimelineEntry::ACTIONS].concat());
    }

    #[test]
    fn an_entry_has_exactly_one_action() {
        let one: TimelineEntry = from_value(json!({"at": "2h", "stopTask": {"task": {"service": "web"}}})).unwrap();
        assert_eq!(one.action().map(|action| action.name()), Some("stopTask"));
        let none: TimelineEntry = from_value(json!({"at": "2h"})).unwrap();
        assert_eq!((none.action(), none.actions().count()), (None, 0));
        let target = json!({"containerInstances": "A1"});
        let two = json!({"at": "2h", "stopInstances": target, "startInstances": target});
        let two: TimelineEntry = from_value(two).unwrap();
        assert_eq!((two.action(), two.actions().count()), (None, 2));
    }
}
