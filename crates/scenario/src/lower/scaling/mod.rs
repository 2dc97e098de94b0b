//! CloudWatch alarms and service auto scaling (CW and SAS rules): names become ids, defaults become explicit.
//!
//! * `collect`: everything that belongs to one scalable target, wherever it is written.
//! * `metrics`: which metric a policy or an alarm means.
//! * `alarms`: alarms, those that target tracking makes too.
//! * `policies`, `schedule`: policies and scheduled actions of services.
//! * `shared`: what groups and services say alike.
//! * `calls`: what the timeline does to them.
//!
//! Alarms get their ids before services are lowered, as deployments name alarms.

mod alarms;
mod calls;
mod collect;
mod metrics;
mod policies;
mod schedule;
mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::{AlarmId, ScalableTarget, SeriesId, Suspended};
use ecsim_policies::cloudwatch::Existence;
use ecsim_policies::scaling::service::spec::{ScalingModel, TargetSpec};
use ecsim_policies::scaling::settings::{CreditMode, MetricPoint, ScaleInMode, ScalingSettings};

pub(super) use shared::missing_data;

use super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{self, aws};

/// How many policies a scalable target may have (SAS-005).
const POLICIES_MAX: usize = 50;
/// How many scheduled actions (SAS-005).
const ACTIONS_MAX: usize = 200;

/// What is being built of alarms and service auto scaling.
#[derive(Default)]
pub(crate) struct Building<'a> {
    /// For the engine.
    pub(crate) model: ScalingModel,
    /// Alarms by name, managed ones too.
    alarm_ids: BTreeMap<String, AlarmId>,
    /// Where each alarm comes from, by id.
    alarms: Vec<AlarmSource<'a>>,
    /// What belongs to each service, by its name.
    targets: BTreeMap<String, Target<'a>>,
}

/// Where an alarm comes from.
#[derive(Clone)]
enum AlarmSource<'a> {
    /// The scenario writes it.
    Written { alarm: &'a aws::MetricAlarm, at: Locator<'a>, exists: Existence },
    /// Target tracking makes it (SAS-011).
    Managed { service: String, policy: usize, low: bool },
}

/// The scalable target of a service, as far as it is written.
struct Target<'a> {
    /// Where the limits are written; nothing where there are only policies.
    limits: Option<(u32, u32, Suspended)>,
    /// Where it is written first.
    at: Locator<'a>,
    policies: Vec<GivenPolicy<'a>>,
    actions: Vec<GivenAction<'a>>,
    /// Whether the timeline registers it.
    registered_later: bool,
}

/// A policy and where it is written.
struct GivenPolicy<'a> {
    policy: &'a aws::ServiceScalingPolicy,
    name: String,
    at: Locator<'a>,
    exists: Existence,
    /// The names of its alarms: high and low of target tracking, or those of step scaling.
    alarms: Vec<String>,
}

/// A scheduled action and where it is written.
struct GivenAction<'a> {
    action: &'a aws::ServiceScheduledAction,
    at: Locator<'a>,
    exists: Existence,
}

impl<'a> Context<'a> {
    /// An alarm by name, for those who refer to one.
    pub(super) fn find_alarm(&mut self, name: &str, at: &Locator<'a>) -> Option<AlarmId> {
        let short = name.rsplit(":alarm:").next().unwrap_or(name);
        let found = self.scaling.alarm_ids.get(short).copied();
        if found.is_none() {
            let known: Vec<String> = self.scaling.alarm_ids.keys().cloned().collect();
            self.unknown(at, "alarm", name, known.iter().map(String::as_str));
        }
        found
    }

    /// Alarms, policies and actions. Services and target groups are there.
    pub(super) fn lower_scaling(&mut self) {
        let targets = std::mem::take(&mut self.scaling.targets);
        let tracked = self.tracked_metrics(&targets);
        self.lower_alarms(&targets, &tracked);
        for (name, target) in &targets {
            self.lower_target(name, target, &tracked);
        }
        self.scaling.targets = targets;
        self.keep_look_back();
    }

    fn lower_target(&mut self, name: &str, target: &Target<'a>, tracked: &policies::Tracked) {
        let Some(service) = self.find_service(name, &target.at) else { return };
        let controller = self.written_service(name).and_then(|given| given.deployment_controller);
        let controller = controller.unwrap_or_default().kind;
        self.check_target(name, target);
        if let Some((min, max, suspended)) = target.limits {
            let registered = ScalableTarget { registered: true, min, max, suspended, ..ScalableTarget::default() };
            self.definitions.scalable_targets.insert(service, registered);
        } else if !target.registered_later {
            let help =
                "write `services[].autoScaling` with minCapacity and maxCapacity, or `scalableTargets` (SAS-001)";
            let message = format!("service `{}` has no scalable target", shown(name));
            self.error(&target.at, "E397", message, Some(help.into()));
        }
        let spec = TargetSpec {
            policies: self.service_policies(name, target, tracked),
            actions: self.service_actions(target),
            external_deployments: controller == aws::DeploymentControllerType::External,
        };
        self.scaling.model.targets.insert(service, Arc::new(spec));
    }

    /// The service of that name, as it is written.
    fn written_service(&self, name: &str) -> Option<&'a aws::Service> {
        let later = self.scenario.timeline.iter().filter_map(|entry| entry.create_service.as_ref());
        self.scenario.services.iter().chain(later).find(|service| service.service_name == name)
    }

    fn check_target(&mut self, name: &str, target: &Target<'a>) {
        let daemon = self
            .written_service(name)
            .is_some_and(|given| given.scheduling_strategy == Some(aws::SchedulingStrategy::Daemon));
        if daemon {
            let message = format!("`{}` is a DAEMON service: it has no desired count to scale", shown(name));
            self.error(&target.at, "E397", message, Some("service auto scaling needs REPLICA (SAS-001)".into()));
        }
        if let Some((min, max, _)) = target.limits
            && min > max
        {
            let message = format!("minCapacity {min} exceeds maxCapacity {max}");
            self.error(&target.at, "E397", message, None);
        }
        for (what, number, most) in [
            ("scaling policies", target.policies.len(), POLICIES_MAX),
            ("scheduled actions", target.actions.len(), ACTIONS_MAX),
        ] {
            if number > most {
                let message = format!("{number} {what}, at most {most} are allowed for a scalable target (SAS-005)");
                self.error(&target.at, "E330", message, None);
            }
        }
    }

    /// Series keep as many datapoints as somebody looks at.
    fn keep_look_back(&mut self) {
        let extra = self.scenario.settings.evaluation_range_extra as usize;
        for (alarm, spec) in self.scaling.model.alarms.iter() {
            let periods = self.definitions.alarms[alarm].evaluation_periods as usize;
            let count = periods.saturating_add(extra).saturating_mul(spec.window as usize);
            let kept: &mut usize = self.definitions.look_back.entry(spec.base).or_default();
            *kept = (*kept).max(count);
            let shown: &mut usize =
                self.definitions.look_back.entry(self.definitions.alarms[alarm].series).or_default();
            *shown = (*shown).max(periods);
        }
    }

    /// The id of a series; the same twice is one.
    fn series(&mut self, definition: ecsim_cluster::cloudwatch::SeriesDefinition) -> SeriesId {
        let known = self.definitions.series.iter().find(|(_, known)| **known == definition).map(|(id, _)| id);
        known.unwrap_or_else(|| self.definitions.series.push(definition))
    }
}

/// What is suspended (SAS-004).
fn suspended(given: Option<aws::SuspendedState>) -> Suspended {
    let given = given.unwrap_or_default();
    Suspended {
        scale_in: given.dynamic_scaling_in_suspended.unwrap_or(false),
        scale_out: given.dynamic_scaling_out_suspended.unwrap_or(false),
        scheduled: given.scheduled_scaling_suspended.unwrap_or(false),
    }
}

/// The settings about alarms and service auto scaling.
pub(super) fn settings(given: &schema::Settings) -> ScalingSettings {
    ScalingSettings {
        evaluation_range_extra: given.evaluation_range_extra,
        alarm_action_repeat: given.alarm_action_repeat_s.0,
        alarm_action_repeat_hr: given.alarm_action_repeat_hr_s.0,
        metric_point: match given.tt_metric_point {
            schema::TtMetricPoint::Latest => MetricPoint::Latest,
            schema::TtMetricPoint::WindowMean => MetricPoint::WindowMean,
        },
        scale_in_mode: match given.tt_scale_in_mode {
            schema::TtScaleInMode::Proportional => ScaleInMode::Proportional,
            schema::TtScaleInMode::OneStep => ScaleInMode::OneStep,
            schema::TtScaleInMode::Fraction(part) => ScaleInMode::Fraction((part * 1e6).round() as u32),
        },
        credit_mode: match given.cooldown_credit_mode {
            schema::CooldownCreditMode::Literal => CreditMode::Literal,
            schema::CooldownCreditMode::DesiredFloor => CreditMode::DesiredFloor,
        },
        metric_delay_std: given.metric_delay_std_s.0,
        metric_delay_hr: given.metric_delay_hr_s.0,
    }
}
