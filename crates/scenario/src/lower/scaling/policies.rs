//! Scaling policies of services (SAS-010 to SAS-013, SAS-030 to SAS-034, SAS-070, SAS-071).

use std::collections::BTreeMap;

use ecsim_cluster::cloudwatch::{SeriesDefinition, SeriesSource, ServiceMetric, Statistic};
use ecsim_kernel::Span;
use ecsim_policies::scaling::metric::Millionths;
use ecsim_policies::scaling::service::spec::{PolicyKind, PolicySpec, Predictive, StepScaling, TargetTracking};
use ecsim_policies::scaling::step::{AdjustmentType, StepPolicy};

use super::super::Context;
use super::super::capacity::millionths;
use super::metrics::statistic;
use super::{GivenPolicy, Target};
use crate::document::Locator;
use crate::schema::aws;

/// Cooldowns where none are written (SAS-050).
const COOLDOWN: u32 = 300;
/// `SchedulingBufferTime` where none is written, and what it must stay below (SAS-070).
const BUFFER: u32 = 300;
const BUFFER_BELOW: u32 = 3_600;

/// What target tracking policies follow, by service and place in its list.
pub(super) type Tracked = BTreeMap<(String, usize), TrackedMetric>;

/// What a target tracking policy follows.
#[derive(Clone, Debug)]
pub(super) struct TrackedMetric {
    pub(super) source: SeriesSource,
    pub(super) statistic: Statistic,
    pub(super) period: Span,
    /// In millionths.
    pub(super) target: i64,
}

impl<'a> Context<'a> {
    /// The metrics of all target tracking policies.
    pub(super) fn tracked_metrics(&mut self, targets: &BTreeMap<String, Target<'a>>) -> Tracked {
        let mut tracked = Tracked::new();
        for (service, target) in targets {
            for (place, given) in target.policies.iter().enumerate() {
                if given.policy.policy_type.unwrap_or_default() != aws::ServicePolicyType::TargetTrackingScaling {
                    continue;
                }
                let Some(metric) = self.tracked_metric(service, given) else { continue };
                let same = tracked.iter().find(|((of, at), known): &(&(String, usize), &TrackedMetric)| {
                    of == service
                        && (known.source, known.period) == (metric.source, metric.period)
                        && target.policies[*at].exists.until.is_none()
                });
                if same.is_some() && given.exists.until.is_none() {
                    let help = Some("one policy follows a metric (SAS-010)".into());
                    self.error(&given.at, "E397", "two target tracking policies follow the same metric", help);
                }
                tracked.insert((service.clone(), place), metric);
            }
        }
        tracked
    }

    fn tracked_metric(&mut self, service: &str, given: &GivenPolicy<'a>) -> Option<TrackedMetric> {
        let key = "targetTrackingScalingPolicyConfiguration";
        let at = given.at.clone().key(key);
        let Some(configuration) = &given.policy.target_tracking_scaling_policy_configuration else {
            let help = Some(format!("write `{key}` with a metric and a `targetValue`"));
            self.error(&given.at, "E397", "target tracking without a target", help);
            return None;
        };
        let target = match millionths(configuration.target_value) {
            Some(target) if target > 0 => target,
            _ => {
                let help = Some("capacity is the running count times the metric over the target (SAS-021)".into());
                self.error(&at.key("targetValue"), "E397", "a target must be from 0.000001 to 9e12", help);
                return None;
            }
        };
        let minute = Span::from_mins(1);
        let (source, statistic, period) =
            match (&configuration.predefined_metric_specification, &configuration.customized_metric_specification) {
                (Some(predefined), None) => {
                    let place = at.key("predefinedMetricSpecification");
                    self.predefined(service, predefined, &place)?
                }
                (None, Some(custom)) => {
                    let place = at.key("customizedMetricSpecification");
                    if !custom.metrics.is_empty() {
                        let message = "metric math is not simulated: the policy never does anything";
                        self.warning(&place.key("metrics"), "W360", message, None);
                        return None;
                    }
                    let (Some(namespace), Some(name)) = (&custom.namespace, &custom.metric_name) else {
                        let help = Some("write its `namespace` and `metricName`".into());
                        self.error(&place, "E397", "which metric?", help);
                        return None;
                    };
                    let period = match custom.period.unwrap_or(60) {
                        seconds @ (10 | 20 | 30 | 60) => Span::from_secs(u64::from(seconds)),
                        other => {
                            let message = format!("a period of {other} s");
                            let help = Some("10, 20, 30 or 60 are possible".into());
                            self.error(&place.clone().key("period"), "E397", message, help);
                            minute
                        }
                    };
                    let source = self.metric_source(namespace, name, &custom.dimensions, &place);
                    (source, statistic(custom.statistic), period)
                }
                _ => {
                    let help = Some("write predefinedMetricSpecification or customizedMetricSpecification".into());
                    self.error(&at, "E397", "target tracking follows one metric", help);
                    return None;
                }
            };
        Some(TrackedMetric { source, statistic, period, target })
    }

    fn predefined(
        &mut self,
        service: &str,
        given: &aws::ServiceMetricSpecification,
        at: &Locator<'a>,
    ) -> Option<(SeriesSource, Statistic, Span)> {
        use aws::ServiceMetricType as Type;
        let (minute, short) = (Span::from_mins(1), Span::from_secs(20));
        let (metric, period) = match given.predefined_metric_type {
            Type::EcsServiceAverageCpuUtilization => (ServiceMetric::CpuUtilization, minute),
            Type::EcsServiceAverageMemoryUtilization => (ServiceMetric::MemoryUtilization, minute),
            Type::EcsServiceAverageCpuUtilizationHighResolution => (ServiceMetric::CpuUtilization, short),
            Type::EcsServiceAverageMemoryUtilizationHighResolution => (ServiceMetric::MemoryUtilization, short),
            Type::AlbRequestCountPerTarget => {
                let controller = self.written_service(service).and_then(|given| given.deployment_controller);
                if controller.is_some_and(|it| it.kind == aws::DeploymentControllerType::CodeDeploy) {
                    let message =
                        "ALBRequestCountPerTarget is not supported with the deployment controller CODE_DEPLOY";
                    self.error(at, "E397", message, Some("use another metric (SAS-010, DEP-072)".into()));
                }
                let strategy =
                    self.written_service(service).and_then(|given| given.deployment_configuration.as_ref()?.strategy);
                if strategy.is_some_and(|strategy| strategy != aws::DeploymentStrategy::Rolling) {
                    let message =
                        "this metric follows one target group, and the service's deployments go to another one";
                    let help = "after each second deployment it is 0 (SAS-010): use another metric";
                    self.warning(at, "W395", message, Some(help.into()));
                }
                let source = self.requests_per_target(given.resource_label.as_deref(), at)?;
                return Some((source, Statistic::Sum, minute));
            }
        };
        if period == short {
            self.check_resolution(service, metric, at);
        }
        Some((self.service_metric(service, metric, at), Statistic::Average, period))
    }

    /// Whether a service publishes a metric every 20 s (SAS-012); `LiveTaskCount` goes with any other (CW-036).
    pub(super) fn is_high_resolution(&self, service: &str, metric: ServiceMetric) -> bool {
        let name = ecsim_cluster::service_scaling::service_metric_name(metric);
        let any = metric == ServiceMetric::LiveTaskCount;
        let later = self.scenario.timeline.iter().filter_map(|entry| entry.update_service.as_ref());
        let later = later.filter(|update| update.service == service).filter_map(|update| update.monitoring.as_ref());
        let first = self.written_service(service).and_then(|given| given.monitoring.as_ref());
        first.into_iter().chain(later).any(|monitoring| {
            monitoring
                .metric_configurations
                .iter()
                .any(|it| it.resolution_seconds == 20 && (any || it.metric_names.iter().any(|known| known == name)))
        })
    }

    /// SAS-012: the service must publish every 20 s.
    fn check_resolution(&mut self, service: &str, metric: ServiceMetric, at: &Locator<'a>) {
        let name = ecsim_cluster::service_scaling::service_metric_name(metric);
        if !self.is_high_resolution(service, metric) {
            let message = format!("the service publishes {name} once a minute");
            let help = format!(
                "write in the service: monitoring: {{metricConfigurations: [{{metricNames: [{name}], resolutionSeconds: 20}}]}} (SAS-012)"
            );
            self.error(at, "E397", message, Some(help));
        }
    }

    /// The policies of a service, in the order in which they are written.
    pub(super) fn service_policies(
        &mut self,
        service: &str,
        target: &Target<'a>,
        tracked: &Tracked,
    ) -> Vec<PolicySpec> {
        let mut policies = Vec::new();
        for (place, given) in target.policies.iter().enumerate() {
            let kind = match given.policy.policy_type.unwrap_or_default() {
                aws::ServicePolicyType::TargetTrackingScaling => {
                    tracked.get(&(service.to_owned(), place)).and_then(|metric| self.target_tracking_of(given, metric))
                }
                aws::ServicePolicyType::StepScaling => self.step_scaling_of(given),
                aws::ServicePolicyType::PredictiveScaling => self.predictive_of(service, given),
            };
            let Some(kind) = kind else { continue };
            let name = self.definitions.policies.intern(&given.name);
            policies.push(PolicySpec { name, exists: given.exists, kind });
        }
        policies
    }

    fn target_tracking_of(&mut self, given: &GivenPolicy<'a>, metric: &TrackedMetric) -> Option<PolicyKind> {
        let configuration = given.policy.target_tracking_scaling_policy_configuration.as_ref()?;
        let alarm = |place: usize| given.alarms.get(place).and_then(|name| self.scaling.alarm_ids.get(name).copied());
        let seconds = |given: Option<u32>| Span::from_secs(u64::from(given.unwrap_or(COOLDOWN)));
        Some(PolicyKind::TargetTracking(TargetTracking {
            target: Millionths(metric.target),
            high: alarm(0)?,
            low: alarm(1),
            out_cooldown: seconds(configuration.scale_out_cooldown),
            in_cooldown: seconds(configuration.scale_in_cooldown),
        }))
    }

    fn step_scaling_of(&mut self, given: &GivenPolicy<'a>) -> Option<PolicyKind> {
        let key = "stepScalingPolicyConfiguration";
        let Some(configuration) = &given.policy.step_scaling_policy_configuration else {
            let help = Some(format!("write `{key}`, or another `policyType`"));
            self.error(&given.at, "E397", "step scaling without steps", help);
            return None;
        };
        let at = given.at.clone().key(key);
        let place = at.clone().key("stepAdjustments");
        let steps = self.step_adjustments(&configuration.step_adjustments, &place, "SAS-030");
        let adjustment_type = self.adjustment_type(configuration.adjustment_type, &at, "SAS-031")?;
        if adjustment_type == AdjustmentType::ExactCapacity && steps.iter().any(|step| step.adjustment < 0) {
            let help = Some("ExactCapacity sets a number of tasks (SAS-031)".into());
            self.error(&place, "E397", "a capacity below 0", help);
        }
        let names = given.alarms.clone();
        let alarms: Vec<_> =
            names.iter().filter_map(|name| self.find_alarm(name, &given.at.clone().key("alarms"))).collect();
        if alarms.is_empty() && names.is_empty() {
            let help =
                "write `alarm` as in PutMetricAlarm, or name the policy under `alarmActions` of an entry of `alarms`";
            self.warning(&given.at, "W395", "no alarm invokes this policy", Some(help.into()));
        }
        Some(PolicyKind::Step(StepScaling {
            alarms,
            steps: StepPolicy {
                threshold: Millionths(0),
                adjustment_type,
                min_adjustment_magnitude: u64::from(configuration.min_adjustment_magnitude.unwrap_or(0)),
                steps,
            },
            aggregation: match configuration.metric_aggregation_type.unwrap_or_default() {
                aws::MetricAggregationType::Average => Statistic::Average,
                aws::MetricAggregationType::Minimum => Statistic::Minimum,
                aws::MetricAggregationType::Maximum => Statistic::Maximum,
            },
            cooldown: Span::from_secs(u64::from(configuration.cooldown.unwrap_or(COOLDOWN))),
        }))
    }

    fn predictive_of(&mut self, service: &str, given: &GivenPolicy<'a>) -> Option<PolicyKind> {
        let key = "predictiveScalingPolicyConfiguration";
        let Some(configuration) = &given.policy.predictive_scaling_policy_configuration else {
            let help = Some(format!("write `{key}` with `metricSpecifications`"));
            self.error(&given.at, "E397", "predictive scaling without a metric", help);
            return None;
        };
        let at = given.at.clone().key(key);
        let [metric] = &configuration.metric_specifications[..] else {
            let help = Some("write one entry of `metricSpecifications` (SAS-070)".into());
            self.error(&at, "E397", "predictive scaling follows one pair of metrics", help);
            return None;
        };
        let metric_at = at.clone().key("metricSpecifications").index(0);
        let target = match millionths(metric.target_value) {
            Some(target) if target > 0 => Millionths(target),
            _ => {
                self.error(&metric_at.key("targetValue"), "E397", "a target must be from 0.000001 to 9e12", None);
                return None;
            }
        };
        let buffer = configuration.scheduling_buffer_time.unwrap_or(BUFFER);
        if buffer >= BUFFER_BELOW {
            let help = Some("below 3600 (SAS-070)".into());
            self.error(&at.clone().key("schedulingBufferTime"), "E397", format!("a buffer of {buffer} s"), help);
        }
        let increases =
            configuration.max_capacity_breach_behavior == Some(aws::MaxCapacityBreachBehavior::IncreaseMaxCapacity);
        let percent = configuration.max_capacity_buffer;
        if increases != percent.is_some() {
            let message = "`maxCapacityBuffer` goes with `IncreaseMaxCapacity`, and that with it";
            self.error(
                &at.clone().key("maxCapacityBuffer"),
                "E397",
                message,
                Some("0 to 100 percent (SAS-071)".into()),
            );
        }
        let (source, statistic, per_task) = self.predictive_metric(service, metric, &metric_at)?;
        let series = self.series(SeriesDefinition { source, statistic, period: Span::from_mins(1) });
        Some(PolicyKind::Predictive(Predictive {
            scales: configuration.mode == Some(aws::PredictiveScalingMode::ForecastAndScale),
            target,
            series,
            per_task,
            buffer: Span::from_secs(u64::from(buffer)),
            beyond_max: percent.filter(|_| increases),
        }))
    }

    /// The metric, its statistic, and whether it is of one task.
    fn predictive_metric(
        &mut self,
        service: &str,
        metric: &aws::PredictiveScalingMetricSpecification,
        at: &Locator<'a>,
    ) -> Option<(SeriesSource, Statistic, bool)> {
        for (key, custom, per_task) in [
            ("customizedLoadMetricSpecification", &metric.customized_load_metric_specification, false),
            ("customizedScalingMetricSpecification", &metric.customized_scaling_metric_specification, true),
        ] {
            let Some(custom) = custom else { continue };
            let place = at.clone().key(key);
            let stat = custom.metric_data_queries.iter().find_map(|query| query.metric_stat.as_ref());
            let named =
                stat.and_then(|stat| Some((stat, stat.metric.namespace.as_ref()?, stat.metric.metric_name.as_ref()?)));
            let Some((stat, namespace, name)) = named else {
                let help = Some("write `metricDataQueries` with a `metricStat`: namespace and metricName".into());
                self.error(&place, "E397", "which metric?", help);
                return None;
            };
            let source = self.metric_source(namespace, name, &stat.metric.dimensions, &place);
            return Some((source, statistic(stat.stat), per_task));
        }
        let predefined = metric
            .predefined_metric_pair_specification
            .as_ref()
            .or(metric.predefined_scaling_metric_specification.as_ref())
            .or(metric.predefined_load_metric_specification.as_ref());
        let Some(predefined) = predefined else {
            let help = Some("write `predefinedMetricPairSpecification`".into());
            self.error(at, "E397", "which metric?", help);
            return None;
        };
        match predefined.predefined_metric_type.as_str() {
            "ECSServiceCPUUtilization" | "ECSServiceAverageCPUUtilization" | "ECSServiceTotalCPUUtilization" => {
                let source = self.service_metric(service, ServiceMetric::CpuUtilization, at);
                Some((source, Statistic::Average, true))
            }
            "ECSServiceMemoryUtilization"
            | "ECSServiceAverageMemoryUtilization"
            | "ECSServiceTotalMemoryUtilization" => {
                let source = self.service_metric(service, ServiceMetric::MemoryUtilization, at);
                Some((source, Statistic::Average, true))
            }
            "ALBRequestCount" | "ALBRequestCountPerTarget" | "TotalALBRequestCount" => {
                let source = self.requests_per_target(predefined.resource_label.as_deref(), at)?;
                Some((source, Statistic::Sum, true))
            }
            other => {
                let help = "ECSServiceCPUUtilization, ECSServiceMemoryUtilization or ALBRequestCount (SAS-070)";
                let message = format!("`{}` is no metric of predictive scaling", crate::diagnostic::shown(other));
                self.error(at, "E397", message, Some(help.into()));
                None
            }
        }
    }
}
