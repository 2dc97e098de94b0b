//! How services deploy: `deploymentConfiguration` beyond the two percentages, and what calls of the timeline deploy
//! (DEP-030 to DEP-068, SVC-060 to SVC-062).

use ecsim_cluster::deployments::{
    CircuitBreaker, DeploymentAlarms, DeploymentController, DeploymentPolicy, DeploymentStrategy, EarlySuccess,
    LifecycleHook, Stage, Threshold,
};
use ecsim_cluster::{AlarmId, ServiceId};
use ecsim_kernel::Span;
use ecsim_policies::services::settings::DeploymentSettings;

use super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{self, HookResult, aws};

/// Defaults of the API (DEP-063, DEP-064, DEP-067).
const CANARY_PERCENT: f64 = 5.0;
const CANARY_BAKE_MINUTES: u32 = 10;
const STEP_PERCENT: f64 = 10.0;
const STEP_BAKE_MINUTES: u32 = 6;
const HOOK_TIMEOUT_MINUTES: u32 = 1_440;
/// The longest bake time, and the longest hook (DEP-062, DEP-067).
const MOST_BAKE_MINUTES: u32 = 1_440;
const MOST_HOOK_MINUTES: u32 = 20_160;

/// The settings of deployments.
pub(super) fn lower_settings(given: &schema::Settings) -> DeploymentSettings {
    DeploymentSettings {
        eager_stop: given.eager_stop,
        own_revision_replacement: given.own_revision_replacement,
        first_task_digest_gate: given.first_task_digest_gate,
        count_stopping_in_max: given.count_stopping_in_max,
        throttle_free_failures: given.throttle_free_failures,
        throttle_first: given.throttle_first_s.0,
        throttle_cap: given.throttle_cap_s.0,
        breaker_counts_crashes: given.breaker_counts_crashes,
        breaker_placement_counts_tasks: given.breaker_placement_counts == schema::BreakerPlacement::Task,
        breaker_minimum: given.breaker_minimum,
        alarm_poll: given.alarm_poll_s.0,
        bake_alarm_factor: thousandths(given.bake_alarm_factor),
    }
}

/// A number that is not negative, in thousandths.
fn thousandths(value: f64) -> u32 {
    if value.is_finite() { (value.clamp(0.0, 1_000_000.0) * 1_000.0).round() as u32 } else { 0 }
}

/// Percent in millionths of the whole.
pub(super) fn share(percent: f64) -> u32 {
    if percent.is_finite() { (percent.clamp(0.0, 100.0) * 10_000.0).round() as u32 } else { 0 }
}

/// What an update says, over what was written before (SVC-061): what is absent stays.
pub(super) fn merged(
    before: &aws::DeploymentConfiguration,
    update: &aws::DeploymentConfiguration,
) -> aws::DeploymentConfiguration {
    let update = update.clone();
    aws::DeploymentConfiguration {
        maximum_percent: update.maximum_percent.or(before.maximum_percent),
        minimum_healthy_percent: update.minimum_healthy_percent.or(before.minimum_healthy_percent),
        deployment_circuit_breaker: update
            .deployment_circuit_breaker
            .or_else(|| before.deployment_circuit_breaker.clone()),
        alarms: update.alarms.or_else(|| before.alarms.clone()),
        strategy: update.strategy.or(before.strategy),
        bake_time_in_minutes: update.bake_time_in_minutes.or(before.bake_time_in_minutes),
        lifecycle_hooks: if update.lifecycle_hooks.is_empty() {
            before.lifecycle_hooks.clone()
        } else {
            update.lifecycle_hooks
        },
        linear_configuration: update.linear_configuration.or(before.linear_configuration),
        canary_configuration: update.canary_configuration.or(before.canary_configuration),
        early_success_criteria: update.early_success_criteria.or(before.early_success_criteria),
    }
}

impl<'a> Context<'a> {
    /// The policies of all services at creation, once alarms are known.
    pub(super) fn lower_deployment_policies(&mut self) {
        let scenario = self.scenario;
        let from_start = scenario.services.iter().enumerate().map(|(index, service)| {
            let at = self.at("services").index(index);
            (service, at)
        });
        let created = scenario.timeline.iter().enumerate().filter_map(|(index, entry)| {
            let at = self.at("timeline").index(index).key("createService");
            entry.create_service.as_ref().map(|service| (service, at))
        });
        let all: Vec<_> = from_start.chain(created).collect();
        for (service, at) in all {
            let Some(id) = self.service_ids.get(&service.service_name).copied() else { continue };
            let controller = service.deployment_controller.unwrap_or_default().kind;
            let configuration = service.deployment_configuration.clone().unwrap_or_default();
            let place = at.key("deploymentConfiguration");
            let mut policy = self.deployment_policy(&configuration, controller, &place);
            if service.scheduling_strategy == Some(aws::SchedulingStrategy::Daemon) {
                self.check_daemon_policy(&mut policy, &place);
            }
            self.definitions.deployment_policies.insert(id, vec![policy]);
        }
    }

    /// DAEMON services only have rolling updates (DEP-016).
    fn check_daemon_policy(&mut self, policy: &mut DeploymentPolicy, at: &Locator<'a>) {
        if policy.strategy != DeploymentStrategy::Rolling {
            self.daemon_rejects(&at.clone().key("strategy"), "deployment strategies other than ROLLING");
            policy.strategy = DeploymentStrategy::Rolling;
        }
    }

    /// The policy that an update brings: its number.
    pub(super) fn updated_policy(
        &mut self,
        service: ServiceId,
        configuration: &aws::DeploymentConfiguration,
        at: &Locator<'a>,
    ) -> Option<u32> {
        let known = self.definitions.deployment_policies.get(&service).and_then(|all| all.first()).cloned();
        let mut policy = self.deployment_policy(configuration, aws::DeploymentControllerType::Ecs, at);
        policy.controller = known.map_or(DeploymentController::Ecs, |known| known.controller);
        let all =
            self.definitions.deployment_policies.entry(service).or_insert_with(|| vec![DeploymentPolicy::default()]);
        if let Some(found) = all.iter().position(|it| *it == policy) {
            return u32::try_from(found).ok();
        }
        all.push(policy);
        u32::try_from(all.len() - 1).ok()
    }

    fn deployment_policy(
        &mut self,
        given: &aws::DeploymentConfiguration,
        controller: aws::DeploymentControllerType,
        at: &Locator<'a>,
    ) -> DeploymentPolicy {
        self.warn_without_effect(given, controller, at);
        let breaker = given.deployment_circuit_breaker.as_ref().filter(|breaker| breaker.enable);
        let breaker = breaker.map(|breaker| {
            let place = at.clone().key("deploymentCircuitBreaker").key("thresholdConfiguration");
            CircuitBreaker {
                rollback: breaker.rollback,
                reset_on_healthy: breaker.reset_on_healthy_task.unwrap_or(true),
                threshold: self.threshold(breaker.threshold_configuration, &place),
            }
        });
        let alarms = given.alarms.as_ref().filter(|alarms| alarms.enable).map(|alarms| DeploymentAlarms {
            alarms: self.deployment_alarms(&alarms.alarm_names, &at.clone().key("alarms").key("alarmNames")),
            rollback: alarms.rollback,
        });
        if let Some(minutes) = given.bake_time_in_minutes.filter(|minutes| *minutes > MOST_BAKE_MINUTES) {
            let message = format!("{minutes} minutes of bake time; 0 to {MOST_BAKE_MINUTES} are possible (DEP-062)");
            self.error(&at.clone().key("bakeTimeInMinutes"), "E372", message, None);
        }
        let early_success = given.early_success_criteria.filter(|early| early.enable).map(|early| {
            let percent = early.healthy_percent.unwrap_or(100);
            let least = given.minimum_healthy_percent.unwrap_or(100);
            if !(least..=100).contains(&percent) {
                let message = format!(
                    "healthyPercent {percent}; from minimumHealthyPercent, which is {least}, to 100 are possible (DEP-050)"
                );
                self.error(&at.clone().key("earlySuccessCriteria").key("healthyPercent"), "E372", message, None);
            }
            EarlySuccess {
                percent,
                deferred: early.source_service_revision_cleanup == Some(aws::SourceRevisionCleanup::Deferred),
            }
        });
        DeploymentPolicy {
            controller: match controller {
                aws::DeploymentControllerType::Ecs => DeploymentController::Ecs,
                aws::DeploymentControllerType::CodeDeploy => {
                    DeploymentController::CodeDeploy { termination_wait: Span::from_hours(1) }
                }
                aws::DeploymentControllerType::External => DeploymentController::External,
            },
            strategy: self.deployment_strategy(given, at),
            breaker,
            alarms,
            bake: given.bake_time_in_minutes.map(|minutes| Span::from_mins(u64::from(minutes))),
            hooks: self.lifecycle_hooks(
                &given.lifecycle_hooks,
                given.strategy.unwrap_or_default() == aws::DeploymentStrategy::Rolling,
                &at.clone().key("lifecycleHooks"),
            ),
            early_success,
        }
    }

    fn threshold(&mut self, given: Option<aws::ThresholdConfiguration>, at: &Locator<'a>) -> Threshold {
        let Some(given) = given else { return Threshold::BoundedPercent(50) };
        let place = at.clone().key("value");
        let counted = given.kind == aws::ThresholdType::Count;
        if given.value == 0 || !counted && given.value > 100 {
            let what = if counted { "1 or more" } else { "1 to 100 percent" };
            let message = format!("a threshold of {}; {what} is possible (DEP-031)", given.value);
            self.error(&place, "E372", message, None);
        }
        match given.kind {
            aws::ThresholdType::Count => Threshold::Count(given.value.max(1)),
            aws::ThresholdType::BoundedPercent => Threshold::BoundedPercent(given.value),
            aws::ThresholdType::UnboundedPercent => Threshold::UnboundedPercent(given.value),
        }
    }

    fn deployment_alarms(&mut self, names: &[String], at: &Locator<'a>) -> Vec<AlarmId> {
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let known = self.definitions.alarms.iter().find(|(_, alarm)| alarm.name == *name).map(|(id, _)| id);
            match known {
                Some(id) => found.push(id),
                None => {
                    let known: Vec<String> = self.definitions.alarms.values().map(|alarm| alarm.name.clone()).collect();
                    self.unknown(&at.clone().index(index), "alarm", name, known.iter().map(String::as_str));
                }
            }
        }
        found
    }

    /// What is written and then not used: it belongs to another strategy, or another controller decides.
    fn warn_without_effect(
        &mut self,
        given: &aws::DeploymentConfiguration,
        controller: aws::DeploymentControllerType,
        at: &Locator<'a>,
    ) {
        use aws::DeploymentStrategy as Strategy;
        let own = controller == aws::DeploymentControllerType::Ecs;
        let strategy = given.strategy.unwrap_or_default();
        let linear = given.linear_configuration.is_some() && !(own && strategy == Strategy::Linear);
        let canary = given.canary_configuration.is_some() && !(own && strategy == Strategy::Canary);
        let breaker = given.deployment_circuit_breaker.as_ref().is_some_and(|breaker| breaker.enable);
        let nothing = given.alarms.as_ref().is_some_and(|alarms| alarms.enable && alarms.alarm_names.is_empty());
        let above = given.minimum_healthy_percent.is_some_and(|least| least > 100);
        let found = [
            (linear, "linearConfiguration", "only a LINEAR deployment of the controller ECS has its steps (DEP-064)"),
            (canary, "canaryConfiguration", "only a CANARY deployment of the controller ECS has its steps (DEP-063)"),
            (!own && given.strategy.is_some(), "strategy", "it is that of the controller ECS (DEP-060)"),
            (!own && breaker, "deploymentCircuitBreaker", "it is that of the controller ECS (DEP-030)"),
            (nothing, "alarms", "they name no alarm (DEP-040)"),
            (above, "minimumHealthyPercent", "above 100 a rolling deployment never ends: desired tasks are too few"),
        ];
        for (key, why) in found.into_iter().filter_map(|(has, key, why)| has.then_some((key, why))) {
            self.warning(&at.clone().key(key), "W372", format!("`{key}` does nothing useful here: {why}"), None);
        }
    }

    fn deployment_strategy(&mut self, given: &aws::DeploymentConfiguration, at: &Locator<'a>) -> DeploymentStrategy {
        match given.strategy.unwrap_or_default() {
            aws::DeploymentStrategy::Rolling => DeploymentStrategy::Rolling,
            aws::DeploymentStrategy::BlueGreen => DeploymentStrategy::BlueGreen,
            aws::DeploymentStrategy::Linear => {
                let linear = given.linear_configuration.unwrap_or_default();
                let percent = linear.step_percent.unwrap_or(STEP_PERCENT);
                let minutes = linear.step_bake_time_in_minutes.unwrap_or(STEP_BAKE_MINUTES);
                let place = at.clone().key("linearConfiguration");
                self.check_shift(percent, 3.0, &place.clone().key("stepPercent"));
                self.check_minutes(minutes, &place.key("stepBakeTimeInMinutes"));
                DeploymentStrategy::Linear { step: share(percent), bake: Span::from_mins(u64::from(minutes)) }
            }
            aws::DeploymentStrategy::Canary => {
                let canary = given.canary_configuration.unwrap_or_default();
                let percent = canary.canary_percent.unwrap_or(CANARY_PERCENT);
                let minutes = canary.canary_bake_time_in_minutes.unwrap_or(CANARY_BAKE_MINUTES);
                let place = at.clone().key("canaryConfiguration");
                self.check_shift(percent, 0.1, &place.clone().key("canaryPercent"));
                self.check_minutes(minutes, &place.key("canaryBakeTimeInMinutes"));
                DeploymentStrategy::Canary { share: share(percent), bake: Span::from_mins(u64::from(minutes)) }
            }
        }
    }

    fn check_shift(&mut self, percent: f64, least: f64, at: &Locator<'a>) {
        if !(least..=100.0).contains(&percent) {
            let message = format!("{percent} percent of the traffic; {least} to 100 are possible (DEP-063, DEP-064)");
            self.error(at, "E372", message, None);
        }
    }

    fn check_minutes(&mut self, minutes: u32, at: &Locator<'a>) {
        if minutes > MOST_BAKE_MINUTES {
            let message = format!("{minutes} minutes; 0 to {MOST_BAKE_MINUTES} are possible (DEP-063, DEP-064)");
            self.error(at, "E372", message, None);
        }
    }

    fn lifecycle_hooks(&mut self, given: &[aws::LifecycleHook], rolling: bool, at: &Locator<'a>) -> Vec<LifecycleHook> {
        let mut hooks = Vec::new();
        if rolling && !given.is_empty() {
            let message =
                "lifecycle hooks of a rolling deployment are accepted, but this version does not simulate them";
            self.warning(at, "W360", message, Some("they are those of BLUE_GREEN, LINEAR and CANARY (DEP-066)".into()));
        }
        for (index, hook) in given.iter().enumerate() {
            let place = at.clone().index(index);
            let pause = match hook.target_type.as_deref() {
                None | Some("AWS_LAMBDA") => false,
                Some("PAUSE") => true,
                Some(other) => {
                    let message = format!("`{}` is no type of a lifecycle hook", shown(other));
                    let help = Some("AWS_LAMBDA or PAUSE (DEP-066)".to_owned());
                    self.error(&place.clone().key("targetType"), "E301", message, help);
                    continue;
                }
            };
            let stages = self.hook_stages(hook, pause, &place.clone().key("lifecycleStages"));
            let timeout = hook.timeout_configuration.unwrap_or_default();
            let minutes = timeout.timeout_in_minutes.unwrap_or(HOOK_TIMEOUT_MINUTES);
            if !(1..=MOST_HOOK_MINUTES).contains(&minutes) {
                let message = format!("{minutes} minutes; 1 to {MOST_HOOK_MINUTES} are possible (DEP-067)");
                self.error(&place.key("timeoutConfiguration").key("timeoutInMinutes"), "E372", message, None);
            }
            let behavior = self.hook_behavior(hook.hook_target_arn.as_deref());
            let never = pause || behavior.result == HookResult::InProgress;
            hooks.push(LifecycleHook {
                stages,
                pause,
                takes: if never { Span::MAX } else { behavior.takes.0 },
                succeeds: behavior.result == HookResult::Succeeded,
                timeout: Span::from_mins(u64::from(minutes)),
                continues_on_timeout: timeout.action == Some(aws::HookTimeoutAction::Continue),
            });
        }
        hooks
    }

    /// `behavior.lifecycleHooks`, by the ARN of a function or the last part of it.
    fn hook_behavior(&self, arn: Option<&str>) -> schema::HookBehavior {
        let arn = arn.unwrap_or_default();
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let known = &self.scenario.behavior.lifecycle_hooks;
        known.get(arn).or_else(|| known.get(name)).cloned().unwrap_or_default()
    }

    fn hook_stages(&mut self, hook: &aws::LifecycleHook, pause: bool, at: &Locator<'a>) -> u16 {
        let mut stages = 0;
        for (index, name) in hook.lifecycle_stages.iter().enumerate() {
            let stage = Stage::ALL.into_iter().find(|stage| stage.name() == name);
            let refused = |stage: Stage| match stage {
                Stage::ScaleUp | Stage::BakeTime | Stage::CleanUp => true,
                Stage::TestTrafficShift | Stage::ProductionTrafficShift => pause,
                _ => false,
            };
            match stage.filter(|stage| !refused(*stage)) {
                Some(stage) => stages |= stage.bit(),
                None => {
                    let message = format!("a lifecycle hook is not possible at the stage `{}` (DEP-066)", shown(name));
                    let known: Vec<&str> =
                        Stage::ALL.into_iter().filter(|stage| !refused(*stage)).map(Stage::name).collect();
                    let help = format!("one of: {}", known.join(", "));
                    self.error(&at.clone().index(index), "E301", message, Some(help));
                }
            }
        }
        stages
    }
}
