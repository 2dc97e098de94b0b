//! Policies and scheduled actions of services as configured (SAS-001, SAS-010, SAS-030, SAS-060, SAS-070).

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::cloudwatch::Statistic;
use ecsim_cluster::{AlarmId, PolicyId, SeriesId, ServiceId};
use ecsim_kernel::{SimTime, Span, Table};

use crate::cloudwatch::{AlarmSpec, Existence};
use crate::scaling::metric::Millionths;
use crate::scaling::step::StepPolicy;

/// What a run has of alarms and service auto scaling.
#[derive(Clone, Debug, Default)]
pub struct ScalingModel {
    /// Parallel to `definitions.alarms`.
    pub alarms: Table<AlarmId, AlarmSpec>,
    /// Of services that have or get a scalable target.
    pub targets: BTreeMap<ServiceId, Arc<TargetSpec>>,
}

/// The policies and actions of one service.
#[derive(Clone, Debug, Default)]
pub struct TargetSpec {
    /// In the order of the scenario.
    pub policies: Vec<PolicySpec>,
    /// In the order of the scenario (SAS-062).
    pub actions: Vec<ActionSpec>,
    /// Whether an external controller deploys: then SAS-040 does not hold.
    pub external_deployments: bool,
}

/// A scaling policy.
#[derive(Clone, Debug)]
pub struct PolicySpec {
    /// Its name.
    pub name: PolicyId,
    /// From when until when it exists.
    pub exists: Existence,
    /// What it does.
    pub kind: PolicyKind,
}

/// What a policy does.
#[derive(Clone, Debug)]
pub enum PolicyKind {
    /// Holds a metric at a target.
    TargetTracking(TargetTracking),
    /// Changes the capacity by the distance from a threshold.
    Step(StepScaling),
    /// Raises the capacity ahead of the load.
    Predictive(Predictive),
}

/// Target tracking (SAS-010 to SAS-013).
#[derive(Clone, Debug)]
pub struct TargetTracking {
    /// `TargetValue`.
    pub target: Millionths,
    /// The managed alarm that scales out.
    pub high: AlarmId,
    /// The one that scales in; `None` with `DisableScaleIn`.
    pub low: Option<AlarmId>,
    /// `ScaleOutCooldown`.
    pub out_cooldown: Span,
    /// `ScaleInCooldown`.
    pub in_cooldown: Span,
}

/// Step scaling (SAS-030 to SAS-033).
#[derive(Clone, Debug)]
pub struct StepScaling {
    /// The alarms that invoke it.
    pub alarms: Vec<AlarmId>,
    /// The steps; the threshold is that of the alarm that invoked it.
    pub steps: StepPolicy,
    /// `MetricAggregationType`.
    pub aggregation: Statistic,
    /// `Cooldown`.
    pub cooldown: Span,
}

/// Predictive scaling (SAS-070, SAS-071).
#[derive(Clone, Debug)]
pub struct Predictive {
    /// `ForecastAndScale`; else `ForecastOnly`.
    pub scales: bool,
    /// `TargetValue`: load of one task.
    pub target: Millionths,
    /// The metric.
    pub series: SeriesId,
    /// Whether the metric is of one task, so that the load is the metric times the running count.
    pub per_task: bool,
    /// `SchedulingBufferTime`.
    pub buffer: Span,
    /// `IncreaseMaxCapacity` with this `MaxCapacityBuffer` in percent; `None`: `HonorMaxCapacity`.
    pub beyond_max: Option<u32>,
}

/// A scheduled action (SAS-060 to SAS-063).
#[derive(Clone, Debug)]
pub struct ActionSpec {
    /// Its name.
    pub name: PolicyId,
    /// Every instant at which it is due, ascending.
    pub at: Vec<SimTime>,
    /// `MinCapacity` from then on.
    pub min: Option<u32>,
    /// `MaxCapacity` from then on.
    pub max: Option<u32>,
}

impl PolicyKind {
    /// The alarms that invoke it.
    pub fn alarms(&self) -> impl Iterator<Item = AlarmId> {
        let (tracking, steps): (_, &[AlarmId]) = match self {
            Self::TargetTracking(it) => ([Some(it.high), it.low], &[]),
            Self::Step(it) => ([None, None], &it.alarms),
            Self::Predictive(_) => ([None, None], &[]),
        };
        tracking.into_iter().flatten().chain(steps.iter().copied())
    }
}
