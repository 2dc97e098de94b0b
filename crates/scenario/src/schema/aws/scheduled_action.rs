//! `PutScheduledUpdateGroupAction`: sizes of a group that are set at a time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::DateTime;

/// A scheduled action of an Auto Scaling group (ASG-025).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScheduledAction {
    /// Its name, unique in the group; the same name again replaces it.
    pub scheduled_action_name: String,
    /// The group; needed in the timeline, and the group itself under `autoScalingGroups`.
    pub auto_scaling_group_name: Option<String>,
    /// When it happens, or first happens.
    pub start_time: Option<DateTime>,
    /// After it, a recurrent action happens no more.
    pub end_time: Option<DateTime>,
    /// When it happens again and again, as five fields of cron: `0 8 * * MON-FRI`.
    pub recurrence: Option<String>,
    /// The time zone of `recurrence`, by its IANA name. Default: UTC.
    pub time_zone: Option<String>,
    /// The new smallest number of instances. Default: it stays.
    pub min_size: Option<u32>,
    /// The new largest number of instances. Default: it stays.
    pub max_size: Option<u32>,
    /// The new desired capacity. Default: it stays.
    pub desired_capacity: Option<u32>,
    /// The former name of `startTime`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub time: Option<DateTime>,
    /// Its ARN, as AWS prints it.
    #[serde(rename = "scheduledActionARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub scheduled_action_arn: Option<String>,
}
