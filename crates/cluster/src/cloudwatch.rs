//! CloudWatch as far as anybody looks: the metrics that policies and alarms watch, and the states of alarms (CW rules).
//!
//! Values are millionths, so that facts stay comparable and hashable. A metric that nobody watches has no row here; what
//! traces show of it, the report's own folds say.

use std::collections::VecDeque;

use ecsim_kernel::{SimTime, Span};

use crate::ids::{InstanceId, MetricId, SeriesId, ServiceId, TargetGroupId};

/// A metric with its dimensions, statistic and period: what one alarm or policy looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesDefinition {
    /// Which metric of what.
    pub source: SeriesSource,
    /// How the samples of a period become one value.
    pub statistic: Statistic,
    /// The period: 10, 20 or 30 s, or whole minutes (CW-001).
    pub period: Span,
}

/// A metric and its dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeriesSource {
    /// A metric of a service.
    Service(ServiceId, ServiceMetric),
    /// A metric of a target group (LB-033).
    TargetGroup(TargetGroupId, TargetGroupMetric),
    /// A metric of the whole cluster (CW-020, CW-022, CW-040).
    Cluster(ClusterMetric),
    /// A metric of a container instance, or of all of them together (CW-040).
    Instances(Option<InstanceId>, InstanceMetric),
    /// A metric that the scenario writes itself.
    Custom(MetricId),
}

/// Metrics of a service: `AWS/ECS` (CW-030 to CW-036) and `ECS/ContainerInsights` (CW-040).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceMetric {
    /// `CPUUtilization`, percent (CW-030).
    CpuUtilization,
    /// `MemoryUtilization`, percent (CW-030).
    MemoryUtilization,
    /// `LiveTaskCount` (CW-036).
    LiveTaskCount,
    /// `DesiredTaskCount` (CW-040).
    DesiredTaskCount,
    /// `RunningTaskCount` (CW-040).
    RunningTaskCount,
    /// `PendingTaskCount` (CW-040).
    PendingTaskCount,
    /// `DeploymentCount` (CW-040).
    DeploymentCount,
    /// `CpuUtilized`, CPU units (CW-040).
    CpuUtilized,
    /// `MemoryUtilized`, MiB (CW-040).
    MemoryUtilized,
    /// `RestartCount` (CW-040).
    RestartCount,
    /// `CpuReserved`, CPU units (CW-040).
    CpuReserved,
    /// `MemoryReserved`, MiB (CW-040).
    MemoryReserved,
    /// `TaskSetCount`, of a service with task sets (CW-040).
    TaskSetCount,
    /// `RequestCount` of Service Connect, retries included (LB-041).
    RequestCount,
    /// `RequestCountPerTarget` of Service Connect (LB-041).
    RequestCountPerTarget,
    /// `HTTPCode_Target_2XX_Count` of Service Connect (LB-041).
    HttpCodeTarget2xx,
    /// `HTTPCode_Target_5XX_Count` of Service Connect (LB-041).
    HttpCodeTarget5xx,
    /// `TargetResponseTime` of Service Connect, milliseconds (LB-041).
    TargetResponseTime,
}

impl ServiceMetric {
    /// Whether the proxies of Service Connect publish it.
    #[must_use]
    pub const fn is_of_service_connect(self) -> bool {
        matches!(
            self,
            Self::RequestCount
                | Self::RequestCountPerTarget
                | Self::HttpCodeTarget2xx
                | Self::HttpCodeTarget5xx
                | Self::TargetResponseTime
        )
    }
}

/// Metrics of a target group, `AWS/ApplicationELB` (LB-033).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetGroupMetric {
    /// `RequestCount`.
    RequestCount,
    /// `RequestCountPerTarget`.
    RequestCountPerTarget,
    /// `TargetResponseTime`, seconds.
    TargetResponseTime,
    /// `HealthyHostCount`.
    HealthyHostCount,
    /// `UnHealthyHostCount`.
    UnHealthyHostCount,
    /// `HTTPCode_Target_2XX_Count`.
    HttpCodeTarget2xx,
    /// `HTTPCode_Target_5XX_Count`.
    HttpCodeTarget5xx,
    /// `HTTPCode_ELB_5XX_Count`.
    HttpCodeElb5xx,
    /// `ActiveConnectionCount`.
    ActiveConnectionCount,
    /// `RejectedConnectionCount`.
    RejectedConnectionCount,
}

/// Metrics of the cluster (CW-020, CW-022); the others are of `ECS/ContainerInsights` (CW-040).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClusterMetric {
    /// `CPUReservation`, percent.
    CpuReservation,
    /// `MemoryReservation`, percent.
    MemoryReservation,
    /// `GPUReservation`, percent.
    GpuReservation,
    /// `CPUUtilization`, percent.
    CpuUtilization,
    /// `MemoryUtilization`, percent.
    MemoryUtilization,
    /// `ContainerInstanceCount`.
    ContainerInstanceCount,
    /// `ServiceCount`.
    ServiceCount,
    /// `TaskCount`: those that run.
    TaskCount,
    /// `CpuUtilized`, CPU units.
    CpuUtilized,
    /// `CpuReserved`, CPU units.
    CpuReserved,
    /// `MemoryUtilized`, MiB.
    MemoryUtilized,
    /// `MemoryReserved`, MiB.
    MemoryReserved,
}

/// Metrics of container instances, `ECS/ContainerInsights` (CW-040).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceMetric {
    /// `instance_cpu_limit`, CPU units.
    CpuLimit,
    /// `instance_cpu_reserved_capacity`, percent.
    CpuReservedCapacity,
    /// `instance_cpu_usage_total`, CPU units.
    CpuUsageTotal,
    /// `instance_cpu_utilization`, percent.
    CpuUtilization,
    /// `instance_memory_limit`, bytes.
    MemoryLimit,
    /// `instance_memory_reserved_capacity`, percent.
    MemoryReservedCapacity,
    /// `instance_memory_utilization`, percent.
    MemoryUtilization,
    /// `instance_memory_working_set`, bytes.
    MemoryWorkingSet,
    /// `instance_number_of_running_tasks`.
    NumberOfRunningTasks,
}

impl InstanceMetric {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::CpuLimit,
        Self::CpuReservedCapacity,
        Self::CpuUsageTotal,
        Self::CpuUtilization,
        Self::MemoryLimit,
        Self::MemoryReservedCapacity,
        Self::MemoryUtilization,
        Self::MemoryWorkingSet,
        Self::NumberOfRunningTasks,
    ];

    /// AWS's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CpuLimit => "instance_cpu_limit",
            Self::CpuReservedCapacity => "instance_cpu_reserved_capacity",
            Self::CpuUsageTotal => "instance_cpu_usage_total",
            Self::CpuUtilization => "instance_cpu_utilization",
            Self::MemoryLimit => "instance_memory_limit",
            Self::MemoryReservedCapacity => "instance_memory_reserved_capacity",
            Self::MemoryUtilization => "instance_memory_utilization",
            Self::MemoryWorkingSet => "instance_memory_working_set",
            Self::NumberOfRunningTasks => "instance_number_of_running_tasks",
        }
    }
}

/// A CloudWatch statistic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// The mean of the samples.
    #[default]
    Average,
    /// Their sum.
    Sum,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// How many there are.
    SampleCount,
}

/// What has been published of a series: runs of equal values, the oldest first.
///
/// A run lasts until the next one begins, so that a metric without news costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// The runs that somebody may still look at.
    pub runs: VecDeque<Run>,
    /// How many of them are kept, where that is more than [`Self::KEPT`].
    kept: usize,
}

impl Series {
    /// How many runs are kept where nobody looks back further.
    const KEPT: usize = 64;

    /// A series of which somebody looks at so many datapoints.
    #[must_use]
    pub(crate) fn looked_back(datapoints: usize) -> Self {
        Self { runs: VecDeque::new(), kept: datapoints.saturating_add(2) }
    }

    /// The start of the newest period that is visible; `None` before there is one.
    #[must_use]
    pub fn newest(&self, period: Span, now: SimTime) -> Option<SimTime> {
        let last = self.runs.back().filter(|last| last.visible_at <= now)?;
        let later = now.since(last.visible_at).ms() / period.ms().max(1);
        Some(last.from + Span::from_ms(later * period.ms()))
    }

    /// The newest `count` datapoints that are visible, the newest first; `None` is a missing one. Fewer where the series
    /// is younger than that.
    pub fn newest_first(&self, period: Span, now: SimTime, count: usize) -> impl Iterator<Item = Option<i64>> {
        let runs = &self.runs;
        let mut run = runs.len();
        let mut start = self.newest(period, now);
        (0..count).map_while(move |_| {
            let at = start?;
            while run > 0 && runs.get(run - 1).is_some_and(|it| it.from > at) {
                run -= 1;
            }
            let found = runs.get(run.checked_sub(1)?)?;
            start = at.ms().checked_sub(period.ms()).map(SimTime::from_ms);
            Some(found.value)
        })
    }

    /// A new value from the period on that begins at `from`.
    pub(crate) fn publish(&mut self, now: SimTime, from: SimTime, value: Option<i64>) {
        if self.runs.back().is_some_and(|last| last.value == value) {
            return;
        }
        if self.runs.len() >= self.kept.max(Self::KEPT) {
            self.runs.pop_front();
        }
        self.runs.push_back(Run { from, visible_at: now, value });
    }
}

/// A run of equal datapoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The start of the first period that has this value.
    pub from: SimTime,
    /// When that first datapoint became visible; each later one follows a period after the one before it (CW-050).
    pub visible_at: SimTime,
    /// In millionths; `None`: no datapoint (CW-034).
    pub value: Option<i64>,
}

/// The state of an alarm (CW-003).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmState {
    /// Too few datapoints.
    #[default]
    InsufficientData,
    /// The threshold is not breached.
    Ok,
    /// It is.
    Alarm,
}

impl AlarmState {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
        }
    }
}

/// A CloudWatch alarm as created (CW-001).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmDefinition {
    /// `AlarmName`.
    pub name: String,
    /// What it looks at.
    pub series: SeriesId,
    /// `ComparisonOperator`.
    pub comparison: Comparison,
    /// In millionths.
    pub threshold: i64,
    /// `EvaluationPeriods`.
    pub evaluation_periods: u32,
    /// `DatapointsToAlarm`.
    pub datapoints_to_alarm: u32,
    /// `TreatMissingData` (CW-010).
    pub missing: MissingData,
    /// Whether it exists from the start; else a call of the timeline makes it.
    pub exists_at_start: bool,
}

/// `ComparisonOperator` (CW-001).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `GreaterThanThreshold`
    Greater,
    /// `GreaterThanOrEqualToThreshold`
    GreaterOrEqual,
    /// `LessThanThreshold`
    Less,
    /// `LessThanOrEqualToThreshold`
    LessOrEqual,
}

impl Comparison {
    /// Whether a value that compares so with the threshold breaches it.
    #[must_use]
    pub const fn is_breached(self, to_threshold: core::cmp::Ordering) -> bool {
        match self {
            Self::Greater => to_threshold.is_gt(),
            Self::GreaterOrEqual => to_threshold.is_ge(),
            Self::Less => to_threshold.is_lt(),
            Self::LessOrEqual => to_threshold.is_le(),
        }
    }
}

/// `TreatMissingData` (CW-010).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissingData {
    /// `missing`
    #[default]
    Missing,
    /// `ignore`
    Ignore,
    /// `breaching`
    Breaching,
    /// `notBreaching`
    NotBreaching,
}

/// An alarm now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlarmRow {
    /// Its state.
    pub state: AlarmState,
    /// Since when.
    pub since: SimTime,
    /// Whether its actions are switched off (`DisableAlarmActions`): it changes its state and invokes nothing.
    pub actions_disabled: bool,
}
