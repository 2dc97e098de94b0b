//! The ECS settings of the account, by the names of AWS's `PutAccountSetting`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Text;

/// The ECS settings of the account, by the names of AWS's `PutAccountSetting`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct AccountSettings {
    /// Whether instances that register from now on get a trunk network interface, and with it room for more `awsvpc`
    /// tasks (RES-041).
    pub awsvpc_trunking: Switch,
    /// Container Insights.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub container_insights: Option<Text>,
    /// Long ARNs of services.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub service_long_arn_format: Option<Text>,
    /// Long ARNs of tasks.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub task_long_arn_format: Option<Text>,
    /// Long ARNs of container instances.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub container_instance_long_arn_format: Option<Text>,
    /// FIPS 140 on Fargate.
    #[serde(rename = "fargateFIPSMode")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub fargate_fips_mode: Option<Text>,
    /// Whether tags at creation need a permission.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tag_resource_authorization: Option<Text>,
    /// Days between the notice of retirement and the retirement of a Fargate task: 0, 7 or 14 (FGT-006). Default 7.
    pub fargate_task_retirement_wait_period: Option<Text>,
    /// When Fargate tasks may be retired.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub fargate_event_windows: Option<Text>,
    /// GuardDuty Runtime Monitoring.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub guard_duty_activate: Option<Text>,
    /// Whether a full log buffer blocks the container.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub default_log_driver_mode: Option<Text>,
}

/// The value of an account setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// On.
    Enabled,
    /// Off.
    #[default]
    Disabled,
}

impl Switch {
    /// Whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::Enabled)
    }
}
