//! Scalable targets of services, and what Application Auto Scaling decides about them (SAS rules).
//!
//! Decisions are facts that carry their numbers, so that `scaling_activities.csv`, `explain` and expectations show the
//! arithmetic without doing it again. Metric values are millionths.

use core::fmt;

use ecsim_kernel::SimTime;

use crate::cloudwatch::{ClusterMetric, SeriesDefinition, SeriesSource, ServiceMetric, Statistic, TargetGroupMetric};
use crate::definitions::Definitions;
use crate::ids::{AlarmId, PolicyId, SeriesId};

/// `suspendedState` of a scalable target (SAS-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Suspended {
    /// `DynamicScalingInSuspended`
    pub scale_in: bool,
    /// `DynamicScalingOutSuspended`
    pub scale_out: bool,
    /// `ScheduledScalingSuspended`
    pub scheduled: bool,
}

/// A scalable target as registered: `ecs:service:DesiredCount` of a service (SAS-001).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScalableTarget {
    /// Whether it is registered now.
    pub registered: bool,
    /// `MinCapacity`.
    pub min: u32,
    /// `MaxCapacity`.
    pub max: u32,
    /// What is suspended.
    pub suspended: Suspended,
    /// How many scaling activities there were: the number of the next one.
    pub activities: u32,
    /// How many of them are in progress.
    pub in_progress: u32,
    /// How often a policy wanted something else and did not get it.
    pub not_scaled: u32,
    /// What the latest forecast asks for in the hour it is about (SAS-070).
    pub forecast: Option<u32>,
}

/// `StatusCode` of a scaling activity (SAS-006).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActivityStatus {
    /// The desired count is set, the tasks are not there or not gone yet.
    InProgress,
    /// The running count has got there (SAS-007).
    Successful,
    /// Something else has set the desired count meanwhile.
    Overridden,
    /// ECS or Application Auto Scaling refused it.
    Failed,
}

impl ActivityStatus {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Successful => "Successful",
            Self::Overridden => "Overridden",
            Self::Failed => "Failed",
        }
    }
}

/// A decision about a service's desired count, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceDecision {
    /// Target tracking (SAS-021).
    TargetTracking {
        /// Which policy.
        policy: PolicyId,
        /// The alarm that invoked it.
        alarm: AlarmId,
        /// The metric.
        series: SeriesId,
        /// Its value.
        value: i64,
        /// The target.
        target: i64,
        /// Running tasks, which the calculation starts from (SAS-002).
        running: u32,
        /// What the formula gave before any limit.
        raw: u32,
        /// Capacity that the activities of this cooldown added already (SAS-052).
        credited: Option<u32>,
    },
    /// Step scaling (SAS-030).
    Step {
        /// Which policy.
        policy: PolicyId,
        /// The alarm that invoked it.
        alarm: AlarmId,
        /// The metric.
        series: SeriesId,
        /// Its value over the newest datapoints (SAS-033).
        value: i64,
        /// The alarm's threshold.
        threshold: i64,
        /// Running tasks.
        running: u32,
        /// What the step gave before any limit.
        raw: u32,
        /// Capacity that the activities of this cooldown added already (SAS-052).
        credited: Option<u32>,
    },
    /// A scheduled action (SAS-061).
    Scheduled {
        /// Which.
        action: PolicyId,
        /// `MinCapacity` from then on.
        min: u32,
        /// `MaxCapacity` from then on.
        max: u32,
    },
    /// A forecast (SAS-070).
    Predictive {
        /// Which policy.
        policy: PolicyId,
        /// The load forecast for the hour.
        load: i64,
        /// The target.
        target: i64,
        /// What the forecast gave before any limit.
        raw: u32,
    },
    /// `RegisterScalableTarget` with limits that the desired count was outside of (SAS-003).
    Registered {
        /// `MinCapacity` from then on.
        min: u32,
        /// `MaxCapacity` from then on.
        max: u32,
    },
}

impl ServiceDecision {
    /// Who decided: a word for tables.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TargetTracking { .. } => "TargetTrackingScaling",
            Self::Step { .. } => "StepScaling",
            Self::Scheduled { .. } => "ScheduledAction",
            Self::Predictive { .. } => "PredictiveScaling",
            Self::Registered { .. } => "RegisterScalableTarget",
        }
    }

    /// The policy or action that decided.
    #[must_use]
    pub const fn policy(&self) -> Option<PolicyId> {
        match *self {
            Self::TargetTracking { policy, .. } | Self::Step { policy, .. } | Self::Predictive { policy, .. } => {
                Some(policy)
            }
            Self::Scheduled { action, .. } => Some(action),
            Self::Registered { .. } => None,
        }
    }

    /// The metric, its value, and what it was compared with.
    #[must_use]
    pub const fn reading(&self) -> Option<(SeriesId, i64, i64)> {
        match *self {
            Self::TargetTracking { series, value, target, .. } => Some((series, value, target)),
            Self::Step { series, value, threshold, .. } => Some((series, value, threshold)),
            Self::Scheduled { .. } | Self::Predictive { .. } | Self::Registered { .. } => None,
        }
    }

    /// `Cause` of the scaling activity, in AWS's words.
    #[must_use]
    pub fn cause(&self, definitions: &Definitions) -> String {
        match *self {
            Self::TargetTracking { policy, alarm, .. } | Self::Step { policy, alarm, .. } => format!(
                "monitor alarm {} in state ALARM triggered policy {}",
                definitions.alarms[alarm].name,
                definitions.policies.name(policy)
            ),
            Self::Scheduled { action, min, max } => format!(
                "scheduled action name {} was triggered: minimum capacity was set to {min} and maximum capacity was set to {max}",
                definitions.policies.name(action)
            ),
            Self::Predictive { policy, .. } => {
                format!("predictive scaling forecast triggered policy {}", definitions.policies.name(policy))
            }
            Self::Registered { min, max } => {
                format!("minimum capacity was set to {min} and maximum capacity was set to {max}")
            }
        }
    }

    /// The arithmetic in words and numbers, such as `CPUUtilization 75 > 50: 10 x 75 / 50 = 15, desired 10 → 15`.
    #[must_use]
    pub fn text(&self, definitions: &Definitions, from: u32, to: u32) -> String {
        let change = format!("desired {from} → {to}");
        let credit = |credited: Option<u32>| {
            credited.map_or_else(String::new, |already| format!(", {already} of them added in this cooldown already"))
        };
        match *self {
            Self::TargetTracking { series, value, target, running, raw, credited, .. } => {
                let sign = if value > target { '>' } else { '<' };
                let (name, value, target) = (metric_name(definitions, series), decimal(value), decimal(target));
                let sum = if running == 0 {
                    format!("no task runs, the first asks for {raw}")
                } else {
                    format!("{running} x {value} / {target} = {raw}")
                };
                format!("{name} {value} {sign} {target}: {sum}{}, {change}", credit(credited))
            }
            Self::Step { series, value, threshold, running, raw, credited, .. } => format!(
                "{} {} against the threshold {}: {running} running → {raw}{}, {change}",
                metric_name(definitions, series),
                decimal(value),
                decimal(threshold),
                credit(credited)
            ),
            Self::Predictive { load, target, raw, .. } => {
                format!("forecast load {} / {} = {raw}, {change}", decimal(load), decimal(target))
            }
            Self::Scheduled { min, max, .. } | Self::Registered { min, max } => {
                format!("{change}, between {min} and {max}")
            }
        }
    }
}

/// Why a policy or an action did not change the desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotScaled {
    /// `AlreadyAtMaxCapacity`
    AlreadyAtMaxCapacity(u32),
    /// `AlreadyAtMinCapacity`
    AlreadyAtMinCapacity(u32),
    /// `AlreadyAtDesiredCapacity`: as many are wanted already, or the cooldown's activities added as much (SAS-052).
    AlreadyAtDesiredCapacity {
        /// What the policy asked for.
        wanted: u32,
        /// Until when its scale-out cooldown lasts, where that is why.
        cooldown_until: Option<SimTime>,
    },
    /// The arithmetic leaves the capacity as it is (SAS-023).
    NoChange {
        /// What it gave.
        wanted: u32,
    },
    /// The metric lies in no step (SAS-033).
    NoStep,
    /// The scale-in cooldown of the policy lasts, or its scale-in is still on the way (SAS-051).
    ScaleInCooldown {
        /// Until when; `None`: it begins when the activity in progress succeeds.
        until: Option<SimTime>,
    },
    /// No scale-in while a deployment is in progress (SAS-040).
    DeploymentInProgress,
    /// Another target tracking policy does not agree to scale in (SAS-024).
    OtherPolicyDisagrees(PolicyId),
    /// The forecast keeps the capacity (SAS-071).
    ForecastFloor(u32),
    /// Scaling in, or out, is suspended (SAS-004).
    Suspended,
    /// There is no datapoint (SAS-014).
    NoData,
    /// A scheduled action whose minimum would be above the maximum (SAS-062).
    MinAboveMax {
        /// The minimum.
        min: u32,
        /// The maximum.
        max: u32,
    },
}

impl NotScaled {
    /// `NotScaledReasons` code, in AWS's words where AWS has some (SAS-006).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyAtMaxCapacity(_) => "AlreadyAtMaxCapacity",
            Self::AlreadyAtMinCapacity(_) => "AlreadyAtMinCapacity",
            Self::AlreadyAtDesiredCapacity { .. } => "AlreadyAtDesiredCapacity",
            Self::NoChange { .. } => "NoChange",
            Self::NoStep => "NoStep",
            Self::ScaleInCooldown { .. } => "ScaleInCooldown",
            Self::DeploymentInProgress => "DeploymentInProgress",
            Self::OtherPolicyDisagrees(_) => "OtherPolicyDisagrees",
            Self::ForecastFloor(_) => "ForecastFloor",
            Self::Suspended => "Suspended",
            Self::NoData => "NoData",
            Self::MinAboveMax { .. } => "ValidationException",
        }
    }

    /// The status under which AWS records it (SAS-007); `None`: it records nothing.
    #[must_use]
    pub const fn status(self) -> Option<ActivityStatus> {
        match self {
            Self::AlreadyAtMaxCapacity(_) | Self::AlreadyAtMinCapacity(_) | Self::MinAboveMax { .. } => {
                Some(ActivityStatus::Failed)
            }
            Self::AlreadyAtDesiredCapacity { .. } => Some(ActivityStatus::Successful),
            _ => None,
        }
    }

    /// In words.
    #[must_use]
    pub fn text(self, definitions: &Definitions) -> String {
        match self {
            Self::AlreadyAtMaxCapacity(max) => format!("the desired count is at the maximum capacity of {max} already"),
            Self::AlreadyAtMinCapacity(min) => format!("the desired count is at the minimum capacity of {min} already"),
            Self::AlreadyAtDesiredCapacity { wanted, cooldown_until: None } => {
                format!("{wanted} are wanted, and as many are set already")
            }
            Self::AlreadyAtDesiredCapacity { wanted, cooldown_until: Some(until) } => {
                format!("{wanted} are wanted, but the cooldown until {until} has added as much already")
            }
            Self::NoChange { wanted } => format!("the arithmetic gives {wanted}: nothing to change"),
            Self::NoStep => "the metric lies in no step".to_owned(),
            Self::ScaleInCooldown { until: Some(until) } => format!("the scale-in cooldown lasts until {until}"),
            Self::ScaleInCooldown { until: None } => "the last scale-in is still in progress".to_owned(),
            Self::DeploymentInProgress => "no scale-in while a deployment is in progress".to_owned(),
            Self::OtherPolicyDisagrees(policy) => {
                format!("policy {} does not agree to scale in", definitions.policies.name(policy))
            }
            Self::ForecastFloor(floor) => format!("the forecast wants {floor} in this hour"),
            Self::Suspended => "it is suspended".to_owned(),
            Self::NoData => "the metric has no data".to_owned(),
            Self::MinAboveMax { min, max } => {
                format!("the minimum capacity of {min} would be above the maximum capacity of {max}")
            }
        }
    }
}

/// A policy wanted to act and did not: with what it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Withholding {
    /// Which policy or action.
    pub policy: PolicyId,
    /// The alarm that invoked it.
    pub alarm: Option<AlarmId>,
    /// Whether it would scale out; else in.
    pub out: bool,
    /// The metric's value.
    pub value: Option<i64>,
    /// Running tasks.
    pub running: u32,
    /// Why it did nothing.
    pub why: NotScaled,
}

/// The name of a metric without its namespace, such as `CPUUtilization`.
#[must_use]
pub fn metric_name(definitions: &Definitions, series: SeriesId) -> String {
    match definitions.series[series].source {
        SeriesSource::Service(_, metric) => service_metric_name(metric).to_owned(),
        SeriesSource::TargetGroup(_, metric) => target_group_metric_name(metric).to_owned(),
        SeriesSource::Cluster(metric) => cluster_metric_name(metric).to_owned(),
        SeriesSource::Instances(_, metric) => metric.name().to_owned(),
        SeriesSource::Custom(metric) => {
            let name = definitions.metrics.name(metric);
            let name = name.split(' ').next().unwrap_or(name);
            name.rsplit('/').next().unwrap_or(name).to_owned()
        }
    }
}

/// A metric with its dimension, statistic and period, such as `Average CPUUtilization of web over 60s`.
#[must_use]
pub fn series_name(definitions: &Definitions, series: SeriesId) -> String {
    let SeriesDefinition { source, statistic, period } = definitions.series[series];
    let what = match source {
        SeriesSource::Service(service, metric) => {
            format!("{} of {}", service_metric_name(metric), definitions.services[service].name)
        }
        SeriesSource::TargetGroup(group, metric) => {
            format!("{} of {}", target_group_metric_name(metric), definitions.target_groups[group].name)
        }
        SeriesSource::Cluster(metric) => format!("{} of the cluster", cluster_metric_name(metric)),
        SeriesSource::Instances(None, metric) => format!("{} of all instances", metric.name()),
        SeriesSource::Instances(Some(instance), metric) => {
            format!("{} of {}", metric.name(), definitions.instances[instance].name)
        }
        SeriesSource::Custom(metric) => definitions.metrics.name(metric).to_owned(),
    };
    format!("{} {what} over {period}", statistic_name(statistic))
}

/// AWS's spelling of a statistic.
#[must_use]
pub const fn statistic_name(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Average => "Average",
        Statistic::Sum => "Sum",
        Statistic::Minimum => "Minimum",
        Statistic::Maximum => "Maximum",
        Statistic::SampleCount => "SampleCount",
    }
}

/// AWS's name of a metric of a service.
#[must_use]
pub const fn service_metric_name(metric: ServiceMetric) -> &'static str {
    match metric {
        ServiceMetric::CpuUtilization => "CPUUtilization",
        ServiceMetric::MemoryUtilization => "MemoryUtilization",
        ServiceMetric::LiveTaskCount => "LiveTaskCount",
        ServiceMetric::DesiredTaskCount => "DesiredTaskCount",
        ServiceMetric::RunningTaskCount => "RunningTaskCount",
        ServiceMetric::PendingTaskCount => "PendingTaskCount",
        ServiceMetric::DeploymentCount => "DeploymentCount",
        ServiceMetric::CpuUtilized => "CpuUtilized",
        ServiceMetric::MemoryUtilized => "MemoryUtilized",
        ServiceMetric::RestartCount => "RestartCount",
        ServiceMetric::CpuReserved => "CpuReserved",
        ServiceMetric::MemoryReserved => "MemoryReserved",
        ServiceMetric::TaskSetCount => "TaskSetCount",
        ServiceMetric::RequestCount => "RequestCount",
        ServiceMetric::RequestCountPerTarget => "RequestCountPerTarget",
        ServiceMetric::HttpCodeTarget2xx => "HTTPCode_Target_2XX_Count",
        ServiceMetric::HttpCodeTarget5xx => "HTTPCode_Target_5XX_Count",
        ServiceMetric::TargetResponseTime => "TargetResponseTime",
    }
}

/// AWS's name of a metric of a target group.
#[must_use]
pub const fn target_group_metric_name(metric: TargetGroupMetric) -> &'static str {
    match metric {
        TargetGroupMetric::RequestCount => "RequestCount",
        TargetGroupMetric::RequestCountPerTarget => "RequestCountPerTarget",
        TargetGroupMetric::TargetResponseTime => "TargetResponseTime",
        TargetGroupMetric::HealthyHostCount => "HealthyHostCount",
        TargetGroupMetric::UnHealthyHostCount => "UnHealthyHostCount",
        TargetGroupMetric::HttpCodeTarget2xx => "HTTPCode_Target_2XX_Count",
        TargetGroupMetric::HttpCodeTarget5xx => "HTTPCode_Target_5XX_Count",
        TargetGroupMetric::HttpCodeElb5xx => "HTTPCode_ELB_5XX_Count",
        TargetGroupMetric::ActiveConnectionCount => "ActiveConnectionCount",
        TargetGroupMetric::RejectedConnectionCount => "RejectedConnectionCount",
    }
}

/// AWS's name of a metric of the cluster.
#[must_use]
pub const fn cluster_metric_name(metric: ClusterMetric) -> &'static str {
    match metric {
        ClusterMetric::CpuReservation => "CPUReservation",
        ClusterMetric::MemoryReservation => "MemoryReservation",
        ClusterMetric::GpuReservation => "GPUReservation",
        ClusterMetric::CpuUtilization => "CPUUtilization",
        ClusterMetric::MemoryUtilization => "MemoryUtilization",
        ClusterMetric::ContainerInstanceCount => "ContainerInstanceCount",
        ClusterMetric::ServiceCount => "ServiceCount",
        ClusterMetric::TaskCount => "TaskCount",
        ClusterMetric::CpuUtilized => "CpuUtilized",
        ClusterMetric::CpuReserved => "CpuReserved",
        ClusterMetric::MemoryUtilized => "MemoryUtilized",
        ClusterMetric::MemoryReserved => "MemoryReserved",
    }
}

/// Millionths as a decimal number with at most four digits after the point.
#[must_use]
pub fn decimal(micros: i64) -> String {
    let ten_thousandths = (micros.unsigned_abs() + 50) / 100;
    let sign = if micros < 0 && ten_thousandths > 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for ActivityStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sas_006_and_007_not_scaled_reasons_and_their_status() {
        let at_max = NotScaled::AlreadyAtMaxCapacity(8);
        assert_eq!((at_max.code(), at_max.status()), ("AlreadyAtMaxCapacity", Some(ActivityStatus::Failed)));
        let there = NotScaled::AlreadyAtDesiredCapacity { wanted: 5, cooldown_until: None };
        assert_eq!((there.code(), there.status()), ("AlreadyAtDesiredCapacity", Some(ActivityStatus::Successful)));
        assert_eq!(NotScaled::DeploymentInProgress.status(), None);
    }

    #[test]
    fn decimals_read_well() {
        for (micros, text) in [(0, "0"), (75_000_000, "75"), (66_666_667, "66.6667"), (-500_000, "-0.5"), (-1, "0")] {
            assert_eq!(decimal(micros), text);
        }
    }
}
