//! What an operator or fate does during the run: each entry a time and exactly one action, by AWS's name for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aws::{Attribute, RunTask, Service, StartTask, UpdateService};
use super::container_instance::ContainerInstances;
use super::selectors::{InstanceSelector, TaskSelector};
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

/// Drains container instances, or takes them back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateContainerInstancesState {
    /// Which ones; AWS takes at most 10 at a call (INS-003).
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
    pub task: TaskSelector,
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
    pub container_instances: InstanceSelector,
}

/// The ECS agent loses its connection for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DisconnectAgent {
    /// Of which container instances.
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
