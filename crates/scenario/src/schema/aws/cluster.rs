//! `CreateCluster`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{CapacityProviderStrategyItem, KeptObject, Tag};

/// The cluster, as in AWS's `CreateCluster`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cluster {
    /// Its name. Default `default`.
    pub cluster_name: Option<String>,
    /// Its capacity providers, at most 20 (CP-002): entries of `capacityProviders`, `FARGATE` or `FARGATE_SPOT`.
    /// Default: all entries of `capacityProviders`, and those of Fargate that a strategy names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_providers: Vec<String>,
    /// The capacity providers of services and tasks that name neither providers nor a launch type (CP-011), copied when
    /// they are created (CP-019).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// Container Insights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub settings: Vec<KeptObject>,
    /// `ExecuteCommand` and storage encryption.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub configuration: Option<KeptObject>,
    /// The default namespace of Service Connect.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub service_connect_defaults: Option<KeptObject>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<Tag>,
    /// Its ARN, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster_arn: Option<String>,
    /// `ACTIVE` and the like, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub status: Option<String>,
    /// How many container instances it has, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub registered_container_instances_count: Option<u32>,
    /// How many tasks run, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub running_tasks_count: Option<u32>,
    /// How many tasks are PENDING, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub pending_tasks_count: Option<u32>,
    /// How many services it has, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub active_services_count: Option<u32>,
    /// Counts by launch type, as AWS prints them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub statistics: Vec<KeptObject>,
    /// What its capacity providers have attached, as AWS prints it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub attachments: Vec<KeptObject>,
    /// How far its capacity providers are attached, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub attachments_status: Option<String>,
}

impl Cluster {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.cluster_name.as_deref().unwrap_or("default")
    }
}
