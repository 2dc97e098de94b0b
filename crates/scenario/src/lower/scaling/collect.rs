//! Everything that belongs to one scalable target, wherever it is written, and the names of all alarms.

use std::collections::BTreeMap;

use ecsim_cluster::AlarmId;
use ecsim_kernel::{Key, SimTime};
use ecsim_policies::cloudwatch::Existence;

use super::super::Context;
use super::{AlarmSource, GivenAction, GivenPolicy, Target, suspended};
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;

impl<'a> Context<'a> {
    /// Collects targets, policies and actions, and gives every alarm its id, in the order of the names.
    pub(in crate::lower) fn name_alarms(&mut self) {
        self.collect_services();
        self.collect_top_level();
        self.collect_timeline();
        let mut alarms: BTreeMap<String, AlarmSource<'a>> = BTreeMap::new();
        self.collect_written_alarms(&mut alarms);
        self.collect_policy_alarms(&mut alarms);
        self.link_alarm_actions();
        for (number, (name, source)) in alarms.into_iter().enumerate() {
            let id = AlarmId::new(u32::try_from(number).unwrap_or(u32::MAX));
            self.scaling.alarm_ids.insert(name, id);
            self.scaling.alarms.push(source);
        }
    }

    fn target(&mut self, name: &str, at: &Locator<'a>) -> &mut Target<'a> {
        self.scaling.targets.entry(name.to_owned()).or_insert_with(|| Target {
            limits: None,
            at: at.clone(),
            policies: Vec::new(),
            actions: Vec::new(),
            registered_later: false,
        })
    }

    fn collect_services(&mut self) {
        let scenario = self.scenario;
        let mut written: Vec<(&'a aws::Service, Locator<'a>)> = Vec::new();
        for (index, service) in scenario.services.iter().enumerate() {
            written.push((service, self.at("services").index(index)));
        }
        for (index, entry) in scenario.timeline.iter().enumerate() {
            if let Some(service) = &entry.create_service {
                written.push((service, self.at("timeline").index(index).key("createService")));
            }
        }
        for (service, at) in written {
            let Some(given) = &service.auto_scaling else { continue };
            let at = at.key("autoScaling");
            let name = service.service_name.as_str();
            self.target(name, &at).limits =
                Some((given.min_capacity, given.max_capacity, suspended(given.suspended_state)));
            for (index, policy) in given.policies.iter().enumerate() {
                self.put_policy(name, policy, at.clone().key("policies").index(index), Existence::ALWAYS);
            }
            for (index, action) in given.scheduled_actions.iter().enumerate() {
                self.put_action(name, action, at.clone().key("scheduledActions").index(index), Existence::ALWAYS);
            }
        }
    }

    fn collect_top_level(&mut self) {
        let scenario = self.scenario;
        for (index, target) in scenario.scalable_targets.iter().enumerate() {
            if !is_ecs(target.service_namespace.as_deref()) {
                continue;
            }
            let at = self.at("scalableTargets").index(index);
            let name = short(&target.resource_id).to_owned();
            let (Some(min), Some(max)) = (target.min_capacity, target.max_capacity) else {
                self.error(&at, "E397", "a scalable target needs minCapacity and maxCapacity", None);
                continue;
            };
            if self.scaling.targets.get(&name).is_some_and(|known| known.limits.is_some()) {
                let message = format!("service `{}` has two scalable targets", shown(&name));
                self.error(&at.key("resourceId"), "E302", message, Some("write it once".into()));
                continue;
            }
            self.target(&name, &at).limits = Some((min, max, suspended(target.suspended_state)));
        }
        for (index, policy) in scenario.scaling_policies.iter().enumerate() {
            let at = self.at("scalingPolicies").index(index);
            self.put_of_resource(
                policy.service_namespace.as_deref(),
                policy.resource_id.as_deref(),
                at,
                |it, name, at| {
                    it.put_policy(name, policy, at, Existence::ALWAYS);
                },
            );
        }
        for (index, action) in scenario.scheduled_actions.iter().enumerate() {
            let at = self.at("scheduledActions").index(index);
            self.put_of_resource(
                action.service_namespace.as_deref(),
                action.resource_id.as_deref(),
                at,
                |it, name, at| {
                    it.put_action(name, action, at, Existence::ALWAYS);
                },
            );
        }
    }

    fn put_of_resource(
        &mut self,
        namespace: Option<&str>,
        resource: Option<&str>,
        at: Locator<'a>,
        put: impl FnOnce(&mut Self, &str, Locator<'a>),
    ) {
        if !is_ecs(namespace) {
            return;
        }
        match resource {
            Some(resource) => put(self, short(resource), at),
            None => {
                let help = Some("write `resourceId: service/CLUSTER/SERVICE`".into());
                self.error(&at, "E397", "which service?", help);
            }
        }
    }

    fn collect_timeline(&mut self) {
        let scenario = self.scenario;
        let mut order: Vec<usize> = (0..scenario.timeline.len()).collect();
        order.sort_by_key(|index| scenario.timeline[*index].at.0);
        for index in order {
            let entry = &scenario.timeline[index];
            let since = SimTime::ZERO + entry.at.0;
            let exists = Existence { from: since, until: None };
            let at = self.at("timeline").index(index);
            if let Some(policy) = &entry.put_scaling_policy {
                let at = at.clone().key("putScalingPolicy");
                self.put_of_resource(
                    policy.service_namespace.as_deref(),
                    policy.resource_id.as_deref(),
                    at,
                    |it, name, at| {
                        it.end_policy(name, &name_of(policy), since);
                        it.put_policy(name, policy, at, exists);
                    },
                );
            }
            if let Some(action) = &entry.put_scheduled_action {
                let at = at.clone().key("putScheduledAction");
                self.put_of_resource(
                    action.service_namespace.as_deref(),
                    action.resource_id.as_deref(),
                    at,
                    |it, name, at| {
                        it.end_action(name, &action.scheduled_action_name, since);
                        it.put_action(name, action, at, exists);
                    },
                );
            }
            if let Some(deleted) = &entry.delete_scaling_policy {
                let name = short(&deleted.resource_id);
                if !self.end_policy(name, &deleted.policy_name, since) {
                    let place = at.clone().key("deleteScalingPolicy").key("policyName");
                    let known = self
                        .scaling
                        .targets
                        .get(name)
                        .map_or_else(Vec::new, |target| target.policies.iter().map(|it| it.name.clone()).collect());
                    self.unknown(&place, "scaling policy", &deleted.policy_name, known.iter().map(String::as_str));
                }
            }
            if let Some(deleted) = &entry.delete_scheduled_action {
                let name = short(&deleted.resource_id);
                if !self.end_action(name, &deleted.scheduled_action_name, since) {
                    let place = at.clone().key("deleteScheduledAction").key("scheduledActionName");
                    let known = self.scaling.targets.get(name).map_or_else(Vec::new, |target| {
                        target.actions.iter().map(|it| it.action.scheduled_action_name.clone()).collect()
                    });
                    self.unknown(
                        &place,
                        "scheduled action",
                        &deleted.scheduled_action_name,
                        known.iter().map(String::as_str),
                    );
                }
            }
            if let Some(target) = &entry.register_scalable_target
                && is_ecs(target.service_namespace.as_deref())
            {
                let at = at.key("registerScalableTarget");
                self.target(short(&target.resource_id), &at).registered_later = true;
            }
        }
    }

    fn put_policy(&mut self, service: &str, policy: &'a aws::ServiceScalingPolicy, at: Locator<'a>, exists: Existence) {
        let name = name_of(policy);
        let target = self.target(service, &at);
        let twice = target.policies.iter().any(|known| known.name == name && known.exists.until.is_none());
        target.policies.push(GivenPolicy { policy, name: name.clone(), at: at.clone(), exists, alarms: Vec::new() });
        if twice {
            let message = format!("two scaling policies of `{}` are called `{}`", shown(service), shown(&name));
            self.error(&at.key("policyName"), "E302", message, Some("give each a `policyName` of its own".into()));
        }
    }

    fn put_action(
        &mut self,
        service: &str,
        action: &'a aws::ServiceScheduledAction,
        at: Locator<'a>,
        exists: Existence,
    ) {
        let name = &action.scheduled_action_name;
        let target = self.target(service, &at);
        let twice = target
            .actions
            .iter()
            .any(|known| known.action.scheduled_action_name == *name && known.exists.until.is_none());
        target.actions.push(GivenAction { action, at: at.clone(), exists });
        if twice {
            let message = format!("two scheduled actions of `{}` are called `{}`", shown(service), shown(name));
            self.error(&at.key("scheduledActionName"), "E302", message, None);
        }
    }

    fn end_policy(&mut self, service: &str, name: &str, at: SimTime) -> bool {
        let policies = self.scaling.targets.get_mut(service).map(|target| &mut target.policies);
        let mut found = false;
        for known in policies.into_iter().flatten() {
            if known.name == name && known.exists.until.is_none() {
                known.exists.until = Some(at);
                found = true;
            }
        }
        found
    }

    fn end_action(&mut self, service: &str, name: &str, at: SimTime) -> bool {
        let actions = self.scaling.targets.get_mut(service).map(|target| &mut target.actions);
        let mut found = false;
        for known in actions.into_iter().flatten() {
            if known.action.scheduled_action_name == name && known.exists.until.is_none() {
                known.exists.until = Some(at);
                found = true;
            }
        }
        found
    }

    /// Alarms of `alarms:` and of the timeline.
    fn collect_written_alarms(&mut self, alarms: &mut BTreeMap<String, AlarmSource<'a>>) {
        let scenario = self.scenario;
        let mut written: Vec<(&'a aws::MetricAlarm, Locator<'a>, Existence)> = Vec::new();
        for (index, alarm) in scenario.alarms.iter().enumerate() {
            written.push((alarm, self.at("alarms").index(index), Existence::ALWAYS));
        }
        for (index, entry) in scenario.timeline.iter().enumerate() {
            if let Some(alarm) = &entry.put_metric_alarm {
                let exists = Existence { from: SimTime::ZERO + entry.at.0, until: None };
                written.push((alarm, self.at("timeline").index(index).key("putMetricAlarm"), exists));
            }
        }
        for (alarm, at, mut exists) in written {
            let Some(name) = &alarm.alarm_name else {
                self.error(&at, "E397", "an alarm needs a name", Some("write `alarmName`".into()));
                continue;
            };
            let deleted = scenario
                .timeline
                .iter()
                .filter(|entry| entry.delete_alarms.as_ref().is_some_and(|given| given.alarm_names.contains(name)));
            let deleted = deleted.map(|entry| SimTime::ZERO + entry.at.0).filter(|until| *until > exists.from);
            exists.until = deleted.min();
            if alarms.contains_key(name) {
                let message = format!("two alarms are called `{}`", shown(name));
                let help =
                    "names are unique; an alarm cannot be changed during the run, give the second one another name";
                self.error(&at.key("alarmName"), "E302", message, Some(help.into()));
                continue;
            }
            alarms.insert(name.clone(), AlarmSource::Written { alarm, at, exists });
        }
    }

    /// Alarms under step scaling policies, and those that target tracking makes (SAS-011).
    fn collect_policy_alarms(&mut self, alarms: &mut BTreeMap<String, AlarmSource<'a>>) {
        let cluster = self.definitions.cluster_name.clone();
        let mut problems = Vec::new();
        for (service, target) in &mut self.scaling.targets {
            for (place, given) in target.policies.iter_mut().enumerate() {
                let policy = given.policy;
                match policy.policy_type.unwrap_or_default() {
                    aws::ServicePolicyType::TargetTrackingScaling => {
                        let configuration = policy.target_tracking_scaling_policy_configuration.as_ref();
                        let only_out = configuration.is_some_and(|it| it.disable_scale_in == Some(true));
                        for low in [false, true] {
                            if low && only_out {
                                continue;
                            }
                            let which = if low { "AlarmLow" } else { "AlarmHigh" };
                            let from = given.exists.from.ms();
                            let seed = format!("{cluster}/{service}/{}/{which}/{from}", given.name);
                            let name = format!("TargetTracking-service/{cluster}/{service}-{which}-{}", uuid(&seed));
                            given.alarms.push(name.clone());
                            alarms.insert(name, AlarmSource::Managed { service: service.clone(), policy: place, low });
                        }
                    }
                    aws::ServicePolicyType::StepScaling => {
                        given.alarms.extend(policy.alarms.iter().map(|alarm| alarm.alarm_name.clone()));
                        let Some(alarm) = &policy.alarm else { continue };
                        let default = format!("{service}-{}", given.name);
                        let name = alarm.alarm_name.clone().unwrap_or(default);
                        let at = given.at.clone().key("alarm");
                        if alarms.contains_key(&name) {
                            problems.push((at.key("alarmName"), format!("two alarms are called `{}`", shown(&name))));
                            continue;
                        }
                        given.alarms.push(name.clone());
                        alarms.insert(name, AlarmSource::Written { alarm, at, exists: given.exists });
                    }
                    aws::ServicePolicyType::PredictiveScaling => {}
                }
            }
        }
        for (at, message) in problems {
            self.error(&at, "E302", message, Some("names of alarms are unique".into()));
        }
    }

    /// Alarms name under `alarmActions` the step scaling policies that they invoke.
    fn link_alarm_actions(&mut self) {
        let scenario = self.scenario;
        let cluster = self.definitions.cluster_name.clone();
        let later = scenario.timeline.iter().filter_map(|entry| entry.put_metric_alarm.as_ref());
        for alarm in scenario.alarms.iter().chain(later) {
            let Some(name) = &alarm.alarm_name else { continue };
            for action in &alarm.alarm_actions {
                for (service, target) in &mut self.scaling.targets {
                    for given in &mut target.policies {
                        let policy = given.policy;
                        let resource = format!("resource/ecs/service/{cluster}/{service}:policyName/{}", given.name);
                        let is_meant = *action == given.name
                            || policy.policy_arn.as_ref().is_some_and(|arn| arn == action)
                            || action.ends_with(&resource);
                        let is_step = policy.policy_type.unwrap_or_default() == aws::ServicePolicyType::StepScaling;
                        if is_meant && is_step && !given.alarms.contains(name) {
                            given.alarms.push(name.clone());
                        }
                    }
                }
            }
        }
    }
}

/// The last part of `service/CLUSTER/SERVICE`.
pub(super) fn short(resource: &str) -> &str {
    resource.rsplit('/').next().unwrap_or(resource)
}

/// The name of a policy: where none is written, that of its metric, or its type.
fn name_of(policy: &aws::ServiceScalingPolicy) -> String {
    if let Some(name) = &policy.policy_name {
        return name.clone();
    }
    let tracking = policy.target_tracking_scaling_policy_configuration.as_ref();
    let custom =
        tracking.and_then(|it| it.customized_metric_specification.as_ref()).and_then(|it| it.metric_name.clone());
    let known = tracking.and_then(|it| it.predefined_metric_specification.as_ref()).map(|it| it.predefined_metric_type);
    let text = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    custom
        .or_else(|| known.map(|it| text(serde_json::json!(it))))
        .unwrap_or_else(|| text(serde_json::json!(policy.policy_type.unwrap_or_default())))
}

/// Whether something is about ECS and not about another service of AWS.
pub(super) fn is_ecs(namespace: Option<&str>) -> bool {
    namespace.is_none_or(|namespace| namespace == "ecs")
}

/// A name that looks like those that AWS draws, and is the same in every run.
fn uuid(seed: &str) -> String {
    let (first, second) = (Key::of_bytes(seed.as_bytes()), Key::of_bytes(format!("{seed}/").as_bytes()));
    let digits = format!("{:016x}{:016x}", first.value(), second.value());
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..32])
}
