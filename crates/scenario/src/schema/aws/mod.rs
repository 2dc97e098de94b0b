//! AWS objects in AWS's own words: every field of the API as of October 2026, so that what a user pastes works.
//!
//! A field that the simulator does not need is accepted and kept; one that AWS does not have is an error. Where the
//! inside of a kept object does not matter, it is kept as it is ([`KeptObject`]).

pub mod cluster;
pub mod common;
pub mod container_definition;
pub mod deployment;
pub mod run_task;
pub mod service;
pub mod task_definition;
pub mod task_size;
pub mod volume;

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
    DeploymentControllerType, DeploymentStrategy, EarlySuccessCriteria, SourceRevisionCleanup, ThresholdConfiguration,
    ThresholdType,
};
pub use run_task::{ContainerOverride, RunTask, StartTask, TaskOverride};
pub use service::{
    LoadBalancer, SchedulingStrategy, Service, ServiceConnectConfiguration, ServiceRegistry,
    ServiceVolumeConfiguration, UpdateService,
};
pub use task_definition::{
    Compatibility, EphemeralStorage, IpcMode, NetworkMode, PidMode, RuntimePlatform, TaskDefinition,
};
pub use task_size::{TaskCpu, TaskMemory};
pub use volume::{
    DockerVolumeConfiguration, EfsAuthorizationConfig, EfsVolumeConfiguration, HostVolume, TaskVolumeConfiguration,
    Volume, VolumeScope,
};
