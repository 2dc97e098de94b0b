//! AWS objects in AWS's own words: every field of the API as of October 2026, so that what a user pastes works.
//!
//! A field that the simulator does not need is accepted and kept; one that AWS does not have is an error. Where the
//! inside of a kept object does not matter, it is kept as it is ([`KeptObject`]).

pub mod application_auto_scaling;
pub mod auto_scaling_group;
pub mod capacity_provider;
pub mod cluster;
pub mod common;
pub mod container_definition;
pub mod deployment;
pub mod group_parts;
pub mod instance_requirements;
pub mod launch_template;
pub mod managed_instances;
pub mod metric_alarm;
pub mod mixed_instances_policy;
pub mod run_task;
pub mod scaling_policy;
pub mod scheduled_action;
pub mod service;
pub mod target_group;
pub mod task_definition;
pub mod task_size;
pub mod volume;

pub use application_auto_scaling::{
    AlarmNames, AlarmStateValue, DeleteScalingPolicy, DeleteServiceScheduledAction, DeregisterScalableTarget,
    MaxCapacityBreachBehavior, MetricDataQuery, PolicyAlarm, PredictiveCustomizedMetric, PredictivePredefinedMetric,
    PredictiveScalingMetricSpecification, PredictiveScalingMode, PredictiveScalingPolicyConfiguration, QueryMetric,
    QueryMetricStat, RegisterScalableTarget, ScalableTargetAction, ServiceAutoScaling, ServiceMetricSpecification,
    ServiceMetricType, ServicePolicyType, ServiceScalingPolicy, ServiceScheduledAction, SetAlarmState,
    StepScalingPolicyConfiguration, SuspendedState, TargetTrackingScalingPolicyConfiguration,
};
pub use auto_scaling_group::{AutoScalingGroup, AutoScalingTag};
pub use capacity_provider::{AutoScalingGroupProvider, CapacityProvider, ManagedScaling};
pub use cluster::Cluster;
pub use common::{
    Attribute, AwsVpcConfiguration, CapacityProviderStrategyItem, CpuArchitecture, Enabled, KeptObject, KeyValuePair,
    LaunchType, NetworkConfiguration, OsFamily, PlacementConstraint, PlacementConstraintType, PlacementStrategy,
    PlacementStrategyType, PropagateTags, ResourceRequirement, ResourceRequirementType, Tag,
};
pub use container_definition::{
    ContainerDefinition, ContainerDependency, DependencyCondition, EnvironmentFile, FirelensConfiguration,
    FirelensType, HealthCheck, LogConfiguration, LogDriver, MountPoint, PortMapping, Protocol, RestartPolicy, Secret,
};
pub use deployment::{
    DeploymentAlarms, DeploymentCircuitBreaker, DeploymentConfiguration, DeploymentController,
    DeploymentControllerType, DeploymentStrategy, EarlySuccessCriteria, HookTimeout, HookTimeoutAction, LifecycleHook,
    SourceRevisionCleanup, ThresholdConfiguration, ThresholdType,
};
pub use group_parts::{
    AvailabilityZoneDistribution, CapacityDistributionStrategy, DesiredCapacityType, InstanceMaintenancePolicy,
    InstanceReusePolicy, LifecycleHookSpecification, LifecycleResult, LifecycleTransition, PoolState, ScalingProcess,
    SubnetNames, SuspendedProcess, TerminationPolicy, WarmPool,
};
pub use instance_requirements::{
    AcceleratorManufacturer, AcceleratorType, CpuManufacturer, Inclusion, InstanceGeneration, InstanceRequirements,
    IntegerRange, LocalStorageType, NumberRange,
};
pub use launch_template::{
    BlockDeviceMapping, EbsBlockDevice, InstanceMarketOptions, LaunchTemplate, LaunchTemplateData,
    LaunchTemplateSpecification, LaunchTemplateVersion, MarketType, SpotOptions, VolumeType,
};
pub use managed_instances::{
    AutoRepairConfiguration, CapacityOptionType, CapacityReservationRequest, InfrastructureOptimization,
    InstanceLaunchTemplate, ManagedInstancesLocalStorageConfiguration, ManagedInstancesMonitoring,
    ManagedInstancesNetworkConfiguration, ManagedInstancesProvider, ManagedInstancesStorageConfiguration,
    ManagedInstancesTags, ReservationPreference,
};
pub use metric_alarm::{ComparisonOperator, Dimension, MetricAlarm, Statistic, TreatMissingData};
pub use mixed_instances_policy::{
    InstancesDistribution, LaunchTemplateOverrides, MixedInstancesPolicy, MixedLaunchTemplate,
    OnDemandAllocationStrategy, SpotAllocationStrategy,
};
pub use run_task::{ContainerOverride, RunTask, StartTask, TaskOverride};
pub use scaling_policy::{
    AdjustmentType, CustomizedMetricSpecification, MetricAggregationType, PolicyType, PredefinedMetricSpecification,
    PredefinedMetricType, ScalingPolicy, StepAdjustment, TargetTrackingConfiguration,
};
pub use scheduled_action::ScheduledAction;
pub use service::{
    LoadBalancer, MonitoringConfiguration, SchedulingStrategy, Service, ServiceConnectConfiguration, ServiceRegistry,
    ServiceVolumeConfiguration, UpdateService,
};
pub use target_group::{
    AdvancedConfiguration, Balancer, BalancerAttribute, BalancerType, ClassicHealthCheck, Listener, ListenerAction,
    TargetGroup, TargetGroupProtocol, TargetType,
};
pub use task_definition::{
    Compatibility, EphemeralStorage, IpcMode, NetworkMode, PidMode, RuntimePlatform, TaskDefinition,
};
pub use task_size::{TaskCpu, TaskMemory};
pub use volume::{
    DockerVolumeConfiguration, EfsAuthorizationConfig, EfsVolumeConfiguration, HostVolume, TaskVolumeConfiguration,
    Volume, VolumeScope,
};
