//! The language of the domain: what exists in an Amazon ECS cluster, what can happen to it, and what is true now.
//!
//! A run is a list of [`Fact`]s. [`Cluster`] is a fold over that list, and [`Cluster::apply`] is the only code that
//! changes it. Nothing here draws a random number or decides anything.
//!
//! In reading order:
//!
//! * [`ids`]: what a task, an instance, a service is called inside the simulator.
//! * [`resources`]: CPU units, MiB, GPUs, network interfaces, ports. [`gpus`]: what is not ECS, GPUs that tasks share.
//! * [`definitions`]: what was written in the scenario and never changes: task definitions, instance shapes, names.
//! * [`lifecycle`]: the states of tasks and instances, and the moves AWS allows.
//! * [`reasons`]: why something was stopped or not placed, in AWS's words.
//! * [`fact`]: what can happen. [`command`]: what a controller can want.
//! * [`instances`], [`tasks`], [`services`]: three tables. [`capacity`]: Auto Scaling groups and capacity providers.
//! * [`deployments`], [`targets`], [`load`], [`cloudwatch`]: what services add: revisions, load balancers, requests, metrics.
//! * [`scaling`]: what auto scalers of instances decide, with their arithmetic. [`service_scaling`]: those of services.
//! * [`cluster`]: the fold. [`invariants`]: recount everything from scratch and compare.
//! * [`observer`]: whoever watches a run.
//! * [`arn`]: the ids AWS would print. [`events`]: the texts of service events. [`stop_text`]: the texts of stopped tasks.

pub mod arn;
pub mod capacity;
pub mod cloudwatch;
pub mod cluster;
pub mod command;
pub mod definitions;
pub mod deployments;
pub mod events;
pub mod fact;
pub mod gpus;
pub mod ids;
pub mod instances;
pub mod invariants;
pub mod lifecycle;
pub mod load;
pub mod observer;
pub mod reasons;
pub mod resources;
pub mod scaling;
pub mod service_scaling;
pub mod services;
pub mod stop_text;
pub mod targets;
pub mod tasks;

pub use capacity::{AutoScalingGroup, CapacityProvider, Process, Processes};
pub use cluster::Cluster;
pub use command::Command;
pub use definitions::Definitions;
pub use deployments::{
    Deployment, DeploymentCause, DeploymentEnd, DeploymentPolicy, DeploymentStatus, RolloutState, Stage, StopType,
};
pub use fact::Fact;
pub use gpus::GpuSharing;
pub use ids::*;
pub use instances::Instance;
pub use lifecycle::{
    DesiredStatus, HealthStatus, InstanceLifecycle, InstanceStatus, Market, ProviderStatus, ServiceStatus, TaskStatus,
};
pub use observer::Observer;
pub use reasons::{Rejection, RejectionCounts, StopCode, StopReason, Unprovisioned};
pub use resources::{GpuNeed, Port, PortSet, Protocol, Requirements, Resources};
pub use service_scaling::{ActivityStatus, NotScaled, ScalableTarget, ServiceDecision, Suspended, Withholding};
pub use services::Service;
pub use targets::{Target, TargetGroup, TargetState};
pub use tasks::Task;
