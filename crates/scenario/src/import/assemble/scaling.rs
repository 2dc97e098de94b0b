//! Scaling: policies of groups with their alarms in place, service auto scaling under its service, alarms that deployments
//! watch.

use std::collections::BTreeSet;

use super::super::Object;
use super::super::node::{
    as_text, elements, find, find_at, find_text, last_part, list, map, number, push, set, take, text,
};
use super::services::drop_empty_lists;
use super::{Parts, words};
use crate::diagnostic::{Span, shown};
use crate::document::{Node, NodeKind};

/// What stands before the names of alarms that target tracking makes for itself.
const MANAGED: &str = "TargetTracking-";

impl Parts<'_, '_> {
    /// Policies of Auto Scaling groups, each with the alarm that invokes it.
    pub(super) fn scaling_of_groups(&mut self, policies: Vec<Object>, alarms: &[Object]) {
        for mut object in policies {
            let span = object.node.span;
            let group = take(&mut object.node, "autoScalingGroupName");
            let group = group.as_ref().and_then(as_text).map(|name| last_part(name).to_owned()).unwrap_or_default();
            let name = find_text(&object.node, "policyName").unwrap_or_default().to_owned();
            let arn = find_text(&object.node, "policyARN").map(str::to_owned);
            let of = format!("the policy `{}` of the group `{}`", shown(&name), shown(&group));
            let Some(at) =
                self.groups.iter().position(|known| find_text(known, "autoScalingGroupName") == Some(&group))
            else {
                self.findings().lost(format!("{of}: the group is not among the files"), Some(span));
                continue;
            };
            let printed: Vec<String> = elements(find(&object.node, "alarms"))
                .into_iter()
                .filter_map(|alarm| find_text(alarm, "alarmName"))
                .map(str::to_owned)
                .collect();
            let mut policy = self.fitted("ScalingPolicy", object, &of);
            drop_empty_lists(&mut policy);
            take(&mut policy, "policyARN");
            take(&mut policy, "alarms");
            let steps = matches!(find_text(&policy, "policyType"), None | Some("StepScaling" | "SimpleScaling"));
            if steps && find(&policy, "alarm").is_none() {
                let mine: Vec<&Object> = alarms
                    .iter()
                    .filter(|alarm| {
                        invokes(&alarm.node, &name, arn.as_deref(), Some(&group))
                            || find_text(&alarm.node, "alarmName").is_some_and(|it| printed.iter().any(|own| own == it))
                    })
                    .collect();
                match mine.first() {
                    Some(first) => {
                        let mut alarm = self.alarm((*first).clone());
                        take(&mut alarm, "alarmActions");
                        set(&mut policy, "alarm", alarm);
                        for other in &mine[1..] {
                            let other_name = find_text(&other.node, "alarmName").unwrap_or_default();
                            let message = format!(
                                "{of}: a policy of a group has one alarm here, so `{}` is left out",
                                shown(other_name)
                            );
                            self.findings().lost(message, Some(other.node.span));
                        }
                    }
                    None => {
                        let message = format!("{of}: no alarm among the files invokes it");
                        self.findings().lost(message, Some(span));
                        continue;
                    }
                }
            }
            push(&mut self.groups[at], "scalingPolicies", policy);
        }
    }

    /// Scalable targets, policies and scheduled actions of services, under `autoScaling` of each.
    pub(super) fn scaling_of_services(
        &mut self,
        (targets, policies, actions): (Vec<Object>, Vec<Object>, Vec<Object>),
        alarms: &[Object],
    ) {
        let mut inline = Vec::new();
        for mut object in targets {
            let span = object.node.span;
            let Some(service) = self.service_of(&object.node, "a scalable target") else { continue };
            let of = format!("the scalable target of `{}`", shown(&service));
            for action in elements(take(&mut object.node, "scheduledActions").as_ref()) {
                let mut action = Object { node: action.clone(), ..object.clone() };
                set(&mut action.node, "resourceId", text(service.clone(), span));
                inline.push(action);
            }
            let at = self.service_at(&service, &object.node, span);
            let target = self.fitted("RegisterScalableTarget", object, &of);
            let mut scaling = map([], span);
            for key in ["minCapacity", "maxCapacity", "suspendedState"] {
                if let Some(value) = find(&target, key) {
                    set(&mut scaling, key, value.clone());
                }
            }
            for (key, default) in [("minCapacity", 1), ("maxCapacity", 10)] {
                if find(&scaling, key).is_none() {
                    self.findings().assumed(format!("{of} has no `{key}`: {default} stands in"), Some(span));
                    set(&mut scaling, key, number(default, span));
                }
            }
            set(&mut self.services[at], "autoScaling", scaling);
        }
        let mut step_policies: Vec<(String, Option<String>)> = Vec::new();
        for mut object in policies {
            let span = object.node.span;
            let Some(service) = self.service_of(&object.node, "a scaling policy") else { continue };
            let name = find_text(&object.node, "policyName").unwrap_or_default().to_owned();
            let arn = find_text(&object.node, "policyARN").map(str::to_owned);
            let of = format!("the policy `{}` of `{}`", shown(&name), shown(&service));
            let at = self.service_at(&service, &object.node, span);
            for key in ["resourceId", "serviceNamespace", "scalableDimension", "scalingTargetId", "creationTime"] {
                take(&mut object.node, key);
            }
            let steps = find_text(&object.node, "policyType").is_none_or(|kind| kind == "StepScaling");
            let printed = take(&mut object.node, "alarms");
            let mut policy = self.fitted("ServiceScalingPolicy", object, &of);
            take(&mut policy, "policyARN");
            drop_empty_lists(&mut policy);
            if steps {
                step_policies.push((name.clone(), arn.clone()));
                let mine: Vec<&str> = words_of(printed.as_ref(), "alarmName");
                let invoked = alarms.iter().any(|alarm| {
                    invokes(&alarm.node, &name, arn.as_deref(), None)
                        || find_text(&alarm.node, "alarmName").is_some_and(|it| mine.contains(&it))
                });
                if !invoked && find(&policy, "alarm").is_none() {
                    let message = format!(
                        "{of}: no alarm among the files invokes it; `aws cloudwatch describe-alarms` prints it"
                    );
                    self.findings().lost(message, Some(span));
                    continue;
                }
            }
            self.under_auto_scaling(at, "policies", policy, span);
        }
        for mut object in actions.into_iter().chain(inline) {
            let span = object.node.span;
            let Some(service) = self.service_of(&object.node, "a scheduled action") else { continue };
            let at = self.service_at(&service, &object.node, span);
            for key in ["resourceId", "serviceNamespace", "scalableDimension", "creationTime", "scheduledActionARN"] {
                take(&mut object.node, key);
            }
            let of = format!("a scheduled action of `{}`", shown(&service));
            let action = self.fitted("ServiceScheduledAction", object, &of);
            self.under_auto_scaling(at, "scheduledActions", action, span);
            self.seconds = self.seconds.max(86_400);
        }
        self.watched_alarms(alarms, &step_policies);
    }

    fn under_auto_scaling(&mut self, at: usize, key: &str, value: Node, span: Span) {
        let name = find_text(&self.services[at], "serviceName").unwrap_or_default().to_owned();
        if find(&self.services[at], "autoScaling").is_none() {
            let message = format!(
                "the scalable target of `{}` is not among the files: from 1 to 10 tasks stand in; `aws application-autoscaling \
                 describe-scalable-targets --service-namespace ecs` prints it",
                shown(&name)
            );
            self.findings().assumed(message, Some(span));
            let scaling = map([("minCapacity", number(1, span)), ("maxCapacity", number(10, span))], span);
            set(&mut self.services[at], "autoScaling", scaling);
        }
        if let NodeKind::Map(service) = &mut self.services[at].kind
            && let Some(scaling) = service.get_mut("autoScaling")
        {
            push(scaling, key, value);
        }
    }

    /// The service that a scalable target or a policy is about; a word where it is no service of ECS.
    fn service_of(&mut self, node: &Node, what: &str) -> Option<String> {
        let span = Some(node.span);
        let namespace = find_text(node, "serviceNamespace").filter(|namespace| *namespace != "ecs");
        if let Some(namespace) = namespace {
            let message = format!("{what} of `{}`, which is not ECS", shown(namespace));
            self.findings().lost(message, span);
            return None;
        }
        // CloudFormation: `service/CLUSTER/NAME|ecs:service:DesiredCount|ecs`.
        let named = find_text(node, "resourceId").or_else(|| find_text(node, "scalingTargetId"));
        let Some(named) = named else {
            self.findings().lost(format!("{what} that names no service"), span);
            return None;
        };
        let resource = named.split('|').next().unwrap_or(named);
        Some(resource.rsplit('/').next().unwrap_or(resource).to_owned())
    }

    /// Where a service is; one that is not among the files gets a stand-in.
    fn service_at(&mut self, name: &str, given: &Node, span: Span) -> usize {
        if let Some(at) = self.services.iter().position(|known| find_text(known, "serviceName") == Some(name)) {
            return at;
        }
        let least = find_text(given, "minCapacity").and_then(|it| it.parse().ok()).unwrap_or(1_u64).max(1);
        let message = format!(
            "the service `{}` is not among the files: one on Fargate with {least} {} stands in; import what `aws ecs describe-services` prints",
            shown(name),
            if least == 1 { "task" } else { "tasks" }
        );
        self.findings().assumed(message, Some(span));
        self.remark("services", format!("A stand-in: `{name}`, which was not among the files."));
        self.services.push(map(
            [
                ("serviceName", text(name, span)),
                ("taskDefinition", text(name, span)),
                ("desiredCount", number(least, span)),
                ("launchType", text("FARGATE", span)),
            ],
            span,
        ));
        self.services.len() - 1
    }

    /// An alarm in the words of the scenario.
    fn alarm(&mut self, object: Object) -> Node {
        let name = find_text(&object.node, "alarmName").unwrap_or_default().to_owned();
        let mut alarm = self.fitted("MetricAlarm", object, &format!("the alarm `{}`", shown(&name)));
        for key in ["okActions", "oKActions", "OKActions", "insufficientDataActions"] {
            if take(&mut alarm, key).is_some_and(|actions| !elements(Some(&actions)).is_empty()) {
                self.findings().unneeded("actions of alarms that notify somebody");
            }
        }
        drop_empty_lists(&mut alarm);
        alarm
    }

    /// The alarms that do something here: they invoke a step policy, or a deployment watches them.
    fn watched_alarms(&mut self, alarms: &[Object], policies: &[(String, Option<String>)]) {
        let mut watched: BTreeSet<String> = BTreeSet::new();
        for service in &self.services {
            let names = find_at(service, &["deploymentConfiguration", "alarms", "alarmNames"]);
            watched.extend(words(names).into_iter().map(str::to_owned));
        }
        for object in alarms {
            let name = find_text(&object.node, "alarmName").unwrap_or_default().to_owned();
            let mine: Vec<&(String, Option<String>)> =
                policies.iter().filter(|(policy, arn)| invokes(&object.node, policy, arn.as_deref(), None)).collect();
            let of_group = self.groups.iter().any(|group| {
                elements(find(group, "scalingPolicies"))
                    .into_iter()
                    .any(|policy| find_at(policy, &["alarm", "alarmName"]).and_then(as_text) == Some(&name))
            });
            if mine.is_empty() && !watched.contains(&name) {
                if name.starts_with(MANAGED) {
                    self.findings().unneeded("alarms that target tracking makes by itself");
                } else if !of_group {
                    self.findings().unneeded("alarms that only notify somebody");
                }
                continue;
            }
            let span = find(&object.node, "alarmActions").map_or(object.node.span, |actions| actions.span);
            let others = elements(find(&object.node, "alarmActions")).len().saturating_sub(mine.len());
            let mut alarm = self.alarm(object.clone());
            take(&mut alarm, "alarmActions");
            if !mine.is_empty() {
                let names = mine.iter().map(|(policy, _)| text(policy.clone(), span)).collect();
                set(&mut alarm, "alarmActions", list(names, span));
            }
            if others > 0 {
                self.findings().unneeded("actions of alarms that notify somebody");
            }
            self.alarms.push(alarm);
        }
    }
}

/// Whether an alarm names a policy among its actions: by ARN, by the name in an ARN, or by name. With a group, the ARN must
/// be of that group where it says one.
fn invokes(alarm: &Node, policy: &str, arn: Option<&str>, group: Option<&str>) -> bool {
    words(find(alarm, "alarmActions")).into_iter().any(|action| {
        if Some(action) == arn || action == policy {
            return true;
        }
        let named = action.split(":policyName/").nth(1);
        let of_group = action.split("autoScalingGroupName/").nth(1).and_then(|rest| rest.split(':').next());
        named == Some(policy) && (group.is_none() == of_group.is_none()) && (of_group.is_none() || of_group == group)
    })
}

fn words_of<'n>(node: Option<&'n Node>, key: &str) -> Vec<&'n str> {
    elements(node).into_iter().filter_map(|element| find_text(element, key)).collect()
}
