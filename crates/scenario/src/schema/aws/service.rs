//! `CreateService` and `UpdateService`: a number of tasks that ECS keeps running.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::application_auto_scaling::ServiceAutoScaling;
use super::common::{
    CapacityProviderStrategyItem, Enabled, KeptObject, LaunchType, NetworkConfiguration, PlacementConstraint,
    PlacementStrategy, PropagateTags, Tag,
};
use super::deployment::{DeploymentConfiguration, DeploymentController};
use super::target_group::AdvancedConfiguration;

/// A service, as in AWS's `CreateService`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Service {
    /// Its name, unique in the cluster.
    pub service_name: String,
    /// What its tasks run: `family` (the latest revision), `family:revision` or an ARN.
    pub task_definition: Option<String>,
    /// How many tasks ECS keeps running; DAEMON services have none (PLC-051). Default 1.
    pub desired_count: Option<u32>,
    /// `REPLICA` or `DAEMON` (PLC-050). Default `REPLICA`.
    pub scheduling_strategy: Option<SchedulingStrategy>,
    /// `EC2`, `EXTERNAL` (PLC-011) or `FARGATE`; not with `capacityProviderStrategy` (CP-011). Default: the cluster's
    /// strategy, or `EC2` where it has none.
    pub launch_type: Option<LaunchType>,
    /// Where tasks go and which of them stop first, at most 5 (PLC-020). Default: zones, then instances, evenly
    /// (PLC-032).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_strategy: Vec<PlacementStrategy>,
    /// Where tasks may go, at most 10 with those of the task definition (PLC-009). Default: everywhere (PLC-036).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Bounds on the number of tasks while they are replaced (SVC-003), and how deployments go.
    pub deployment_configuration: Option<DeploymentConfiguration>,
    /// Whether ECS moves tasks to even out Availability Zones (AZR-001). Default: `ENABLED` where it is possible
    /// (AZR-003).
    pub availability_zone_rebalancing: Option<Enabled>,
    /// Subnets of `awsvpc` tasks (PLC-007).
    pub network_configuration: Option<NetworkConfiguration>,
    /// EBS volumes of its tasks (RES-052).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_configurations: Vec<ServiceVolumeConfiguration>,
    /// Whether `ExecuteCommand` works; makes an instance attribute necessary (RES-060). Default false.
    pub enable_execute_command: Option<bool>,
    /// Service Connect; makes an instance attribute necessary (RES-060).
    pub service_connect_configuration: Option<ServiceConnectConfiguration>,
    /// Who replaces its tasks; this version simulates `ECS`.
    pub deployment_controller: Option<DeploymentController>,
    /// Capacity providers of its tasks, at most 20 and all of one family (CP-002, CP-010, CP-013).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// Target groups or Classic Load Balancers its tasks register with (LB-010).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load_balancers: Vec<LoadBalancer>,
    /// Cloud Map services its tasks register with, at most one (LB-040).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_registries: Vec<ServiceRegistry>,
    /// Seconds from RUNNING in which a task is not replaced for failed checks of load balancers and containers (SVC-014).
    /// Default 0.
    pub health_check_grace_period_seconds: Option<u32>,
    /// VPC Lattice target groups its tasks register with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "later"))]
    pub vpc_lattice_configurations: Vec<KeptObject>,
    /// Gateway connectors its tasks register with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "later"))]
    pub gateway_connectors: Vec<KeptObject>,
    /// Resolution of its CloudWatch metrics; 20 s is needed for high-resolution policies (SAS-012).
    pub monitoring: Option<MonitoringConfiguration>,
    /// Its scalable target, scaling policies and scheduled actions of Application Auto Scaling (SAS-001).
    pub auto_scaling: Option<ServiceAutoScaling>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
    /// The Fargate platform version, such as `1.4.0` (FGT-002, CP-025). Default `LATEST`.
    pub platform_version: Option<String>,
    /// The Fargate platform's operating system, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub platform_family: Option<String>,
    /// The role that may call the load balancer.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub role: Option<String>,
    /// Makes the call idempotent.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub client_token: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<Tag>,
    /// Whether ECS tags the tasks.
    #[serde(rename = "enableECSManagedTags")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Where the tags of its tasks come from.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub propagate_tags: Option<PropagateTags>,
}

/// A change of a service, as in AWS's `UpdateService`. What is absent stays as it is; an empty list clears (PLC-060).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateService {
    /// The name of the service.
    pub service: String,
    /// How many tasks ECS keeps running.
    pub desired_count: Option<u32>,
    /// Where tasks go from now on; nothing moves (PLC-060). `[]` goes back to the default.
    pub placement_strategy: Option<Vec<PlacementStrategy>>,
    /// Where tasks may go from now on; nothing moves (PLC-060). `[]` clears them.
    pub placement_constraints: Option<Vec<PlacementConstraint>>,
    /// Bounds on the number of tasks while they are replaced (SVC-003), and how deployments go.
    pub deployment_configuration: Option<DeploymentConfiguration>,
    /// Whether ECS moves tasks to even out Availability Zones (AZR-001); starts no deployment.
    pub availability_zone_rebalancing: Option<Enabled>,
    /// What its tasks run: a deployment (SVC-060).
    pub task_definition: Option<String>,
    /// Whether to replace all tasks although nothing else changes: a deployment (SVC-060).
    pub force_new_deployment: Option<bool>,
    /// Subnets of `awsvpc` tasks: a deployment (SVC-060).
    pub network_configuration: Option<NetworkConfiguration>,
    /// EBS volumes of its tasks: a deployment (SVC-060).
    pub volume_configurations: Option<Vec<ServiceVolumeConfiguration>>,
    /// Service Connect: a deployment (SVC-060).
    pub service_connect_configuration: Option<ServiceConnectConfiguration>,
    /// Capacity providers of its tasks from now on; running ones stay where they are (CP-018). `[]` goes back to a launch
    /// type.
    pub capacity_provider_strategy: Option<Vec<CapacityProviderStrategyItem>>,
    /// Target groups its tasks register with: a deployment (SVC-060).
    pub load_balancers: Option<Vec<LoadBalancer>>,
    /// Cloud Map services its tasks register with: a deployment (SVC-060).
    pub service_registries: Option<Vec<ServiceRegistry>>,
    /// VPC Lattice target groups its tasks register with: a deployment (SVC-060), and nothing else here.
    #[schemars(extend("x-ecsim" = "later"))]
    pub vpc_lattice_configurations: Option<Vec<KeptObject>>,
    /// Gateway connectors its tasks register with.
    #[schemars(extend("x-ecsim" = "later"))]
    pub gateway_connectors: Option<Vec<KeptObject>>,
    /// Resolution of its CloudWatch metrics: a deployment (SVC-060). Alarms keep the resolution that the service was created with.
    pub monitoring: Option<MonitoringConfiguration>,
    /// Seconds from RUNNING in which a task is not replaced for failed checks of load balancers and containers (SVC-014);
    /// starts no deployment.
    pub health_check_grace_period_seconds: Option<u32>,
    /// Who replaces its tasks.
    #[schemars(extend("x-ecsim" = "later"))]
    pub deployment_controller: Option<DeploymentController>,
    /// Whether `ExecuteCommand` works in tasks started from now on.
    pub enable_execute_command: Option<bool>,
    /// The Fargate platform version, such as `1.4.0` (FGT-002, CP-025). Default `LATEST`.
    pub platform_version: Option<String>,
    /// Whether ECS tags the tasks.
    #[serde(rename = "enableECSManagedTags")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Where the tags of its tasks come from.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub propagate_tags: Option<PropagateTags>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// `schedulingStrategy` (PLC-050).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SchedulingStrategy {
    /// Keeps the desired count.
    #[default]
    Replica,
    /// One task on every eligible instance (PLC-051).
    Daemon,
}

/// A load balancer that tasks register with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LoadBalancer {
    /// The target group, of an Application or Network Load Balancer: its ARN, or its name in `targetGroups`.
    pub target_group_arn: Option<String>,
    /// The name of a Classic Load Balancer.
    pub load_balancer_name: Option<String>,
    /// The container that is reached. Default: the first essential one.
    pub container_name: Option<String>,
    /// The port of the container that is reached; it needs a port mapping (LB-002).
    pub container_port: Option<u16>,
    /// The second target group and the listener rules of a blue/green deployment.
    pub advanced_configuration: Option<AdvancedConfiguration>,
}

/// A Cloud Map service that tasks register with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceRegistry {
    /// Its ARN.
    pub registry_arn: Option<String>,
    /// The port for SRV records.
    pub port: Option<u16>,
    /// The container that is reached.
    pub container_name: Option<String>,
    /// The port that is reached.
    pub container_port: Option<u16>,
}

/// Service Connect of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceConnectConfiguration {
    /// Whether it is on; the instance must then have `ecs.capability.service-connect-v1` (RES-060).
    pub enabled: bool,
    /// The Cloud Map namespace.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub namespace: Option<String>,
    /// Ports that others reach by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub services: Vec<KeptObject>,
    /// Where the proxy's output goes.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub log_configuration: Option<KeptObject>,
    /// Where the proxy's access log goes.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub access_log_configuration: Option<KeptObject>,
    /// Settings of the proxy's container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub container_configurations: Vec<KeptObject>,
}

/// What a service configures of a volume (RES-052).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceVolumeConfiguration {
    /// The volume's name in the task definition.
    pub name: String,
    /// The EBS volume to make for each task.
    #[serde(rename = "managedEBSVolume")]
    pub managed_ebs_volume: Option<KeptObject>,
}

/// Resolution of a service's CloudWatch metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MonitoringConfiguration {
    /// By metric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metric_configurations: Vec<MetricConfiguration>,
}

/// Resolution of some metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MetricConfiguration {
    /// `CPUUtilization`, `MemoryUtilization`.
    pub metric_names: Vec<String>,
    /// 20 or 60 seconds.
    pub resolution_seconds: u32,
}
