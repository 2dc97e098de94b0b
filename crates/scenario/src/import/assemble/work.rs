//! Standalone tasks: those that run, calls of RunTask, schedules, traces.

use std::collections::BTreeMap;

use super::super::node::{as_text, elements, find, find_text, last_part, list, map, number, rename, set, take, text};
use super::super::{Object, schedules};
use super::services::{drop_empty_lists, lead};
use super::{Parts, family_and_revision};
use crate::diagnostic::{Span, shown};
use crate::document::Node;

impl Parts<'_, '_> {
    /// Tasks that run: those of services come back with their services, the others are started again at the beginning.
    pub(super) fn the_tasks(&mut self, objects: Vec<Object>) {
        let mut standalone: BTreeMap<(String, String, String), (u64, Span)> = BTreeMap::new();
        let (mut of_services, mut stopped) = (0_usize, 0_usize);
        for object in &objects {
            let node = &object.node;
            let group = find_text(node, "group").unwrap_or_default();
            if matches!(find_text(node, "lastStatus"), Some("STOPPED" | "DELETED")) {
                stopped += 1;
            } else if group.starts_with("service:") {
                of_services += 1;
            } else {
                let definition =
                    ["taskDefinitionArn", "taskDefinition"].into_iter().find_map(|key| find_text(node, key));
                let key = (
                    last_part(definition.unwrap_or_default()).to_owned(),
                    group.to_owned(),
                    find_text(node, "launchType").unwrap_or_default().to_owned(),
                );
                standalone.entry(key).or_insert((0, node.span)).0 += 1;
            }
        }
        let first = objects.first().map(|object| object.node.span);
        if of_services > 0 {
            let message = format!("{of_services} running tasks belong to services, which start their own");
            self.findings().note(message, first);
        }
        if stopped > 0 {
            self.findings().note(format!("{stopped} tasks have stopped and are not started again"), first);
        }
        for ((definition, group, launch_type), (count, span)) in standalone {
            let (family, _) = family_and_revision(&definition);
            let name = self.free_name(family);
            let mut left = count;
            let mut copy = 0;
            while left > 0 {
                // A call starts ten tasks at most.
                let now = left.min(10);
                left -= now;
                copy += 1;
                let mut call =
                    map([("taskDefinition", text(definition.clone(), span)), ("count", number(now, span))], span);
                if !group.is_empty() && !group.starts_with("family:") {
                    set(&mut call, "group", text(group.clone(), span));
                }
                if !launch_type.is_empty() {
                    set(&mut call, "launchType", text(launch_type.clone(), span));
                }
                let name = if copy == 1 { name.clone() } else { self.free_name(&name) };
                let entry = map(
                    [("name", text(name, span)), ("runTask", call), ("at", list(vec![text("0s", span)], span))],
                    span,
                );
                self.workload.push(entry);
            }
            let message = format!(
                "`{}`: {count} running {} started at the beginning; how long they run is not known",
                shown(&definition),
                if count == 1 { "task is" } else { "tasks are" }
            );
            self.findings().assumed(message, Some(span));
        }
    }

    /// A name for an entry of the workload that no other has.
    fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| self.workload.iter().any(|entry| find_text(entry, "name") == Some(name));
        let mut name = wanted.to_owned();
        let mut number = 2;
        while taken(&name) {
            name = format!("{wanted}-{number}");
            number += 1;
        }
        name
    }

    /// Inputs of run-task: when the call is made, they do not say.
    pub(super) fn run_tasks(&mut self, objects: Vec<Object>) {
        for object in objects {
            let span = object.node.span;
            let Some(call) = self.call(object, "the call of RunTask") else { continue };
            let family = find_text(&call, "taskDefinition").map(|name| family_and_revision(name).0.to_owned());
            let name = self.free_name(family.as_deref().unwrap_or("task"));
            let message = format!("`{}`: when the call is made is not known: once, after a minute", shown(&name));
            self.findings().assumed(message, Some(span));
            let at = list(vec![text("1m", span)], span);
            self.workload.push(map([("name", text(name, span)), ("runTask", call), ("at", at)], span));
        }
    }

    fn call(&mut self, mut object: Object, of: &str) -> Option<Node> {
        rename(&mut object.node, "placementStrategies", "placementStrategy");
        for key in ["cluster", "clientToken", "referenceId"] {
            take(&mut object.node, key);
        }
        let Some(named) = take(&mut object.node, "taskDefinition") else {
            let span = object.node.span;
            self.findings().lost(format!("{of} names no task definition"), Some(span));
            return None;
        };
        let short = last_part(as_text(&named).unwrap_or_default()).to_owned();
        lead(&mut object.node, vec![("taskDefinition", text(short, named.span))]);
        let mut call = self.fitted("RunTask", object, of);
        drop_empty_lists(&mut call);
        Some(call)
    }

    /// Rules of EventBridge and schedules of its Scheduler that run tasks.
    pub(super) fn scheduled_tasks(&mut self, rules: Vec<Object>, plans: Vec<Object>) {
        for object in rules {
            let span = object.node.span;
            let name = find_text(&object.node, "name").unwrap_or("rule").to_owned();
            let of = format!("the rule `{}`", shown(&name));
            let targets: Vec<Node> = elements(find(&object.node, "targets"))
                .into_iter()
                .filter(|target| find(target, "ecsParameters").is_some())
                .cloned()
                .collect();
            if targets.is_empty() {
                self.findings().unneeded("rules of EventBridge that run no task");
                continue;
            }
            if find_text(&object.node, "state") == Some("DISABLED") {
                self.findings().note(format!("{of} is disabled: it is left out"), Some(span));
                continue;
            }
            let Some(schedule) = find(&object.node, "scheduleExpression").cloned() else {
                let message = format!("{of} runs tasks when events come, which a scenario does not have");
                self.findings().lost(message, Some(span));
                continue;
            };
            let zone = find_text(&object.node, "scheduleExpressionTimezone").map(str::to_owned);
            for target in targets {
                let parameters = find(&target, "ecsParameters").cloned();
                self.scheduled(
                    &name,
                    &of,
                    &schedule,
                    zone.as_deref(),
                    parameters,
                    Object { node: target, ..object.clone() },
                );
            }
        }
        for object in plans {
            let name = find_text(&object.node, "name").unwrap_or("schedule").to_owned();
            let of = format!("the schedule `{}`", shown(&name));
            let target = find(&object.node, "target").cloned();
            let parameters = target.as_ref().and_then(|target| find(target, "ecsParameters")).cloned();
            let schedule = find(&object.node, "scheduleExpression").cloned();
            let zone = find_text(&object.node, "scheduleExpressionTimezone").map(str::to_owned);
            match (target, schedule) {
                (Some(target), Some(schedule)) if parameters.is_some() => {
                    self.scheduled(
                        &name,
                        &of,
                        &schedule,
                        zone.as_deref(),
                        parameters,
                        Object { node: target, ..object },
                    );
                }
                _ => self.findings().unneeded("schedules that run no task"),
            }
        }
    }

    fn scheduled(
        &mut self,
        name: &str,
        of: &str,
        schedule: &Node,
        zone: Option<&str>,
        parameters: Option<Node>,
        target: Object,
    ) {
        let Some(mut call) = parameters else { return };
        rename(&mut call, "taskDefinitionArn", "taskDefinition");
        rename(&mut call, "taskCount", "count");
        rename(&mut call, "tagList", "tags");
        if find(&target.node, "input").is_some() {
            self.findings().lost(format!("{of}: overrides in its `Input`"), Some(target.node.span));
        }
        let Some(call) = self.call(Object { node: call, ..target }, of) else { return };
        let span = schedule.span;
        let expression = as_text(schedule).unwrap_or_default();
        let every = match schedules::read(expression, zone) {
            Ok(schedules::When::Every(seconds)) => {
                self.seconds = self.seconds.max(seconds.min(86_400));
                ("every", text(schedules::duration(seconds), span))
            }
            Ok(schedules::When::Cron(expression)) => {
                match schedules::days_to_show(&expression) {
                    Some(seconds) => self.seconds = self.seconds.max(seconds),
                    None => {
                        let message = format!(
                            "{of}: `{}` is not due in the first week after 2026-01-01, where the run begins; \
                             `simulation: {{start: ...}}` lets it begin elsewhere",
                            shown(as_text(schedule).unwrap_or_default())
                        );
                        self.findings().note(message, Some(span));
                    }
                }
                ("scheduleExpression", schedule.clone())
            }
            Err(problem) => {
                self.findings().lost(format!("{of}: {problem}"), Some(span));
                return;
            }
        };
        let name = self.free_name(name);
        let message = format!("{of}: how long its tasks run is not known: 5 minutes stand in");
        self.findings().assumed(message, find(&call, "taskDefinition").map(|node| node.span));
        let is_cron = every.0 == "scheduleExpression";
        let mut entry =
            map([("name", text(name, span)), ("runTask", call), every, ("duration", text("5m", span))], span);
        if let Some(zone) = zone.filter(|zone| is_cron && *zone != "UTC") {
            set(&mut entry, "scheduleExpressionTimezone", text(zone, span));
        }
        self.workload.push(entry);
    }

    /// Tables of tasks and of requests.
    pub(super) fn traces(&mut self, tasks: Vec<Object>, requests: Vec<Object>) {
        for object in tasks {
            let mut entry = object.node;
            if let Some(seconds) = take(&mut entry, "seconds").as_ref().and_then(super::super::node::as_number) {
                self.seconds = self.seconds.max(seconds as u64);
            }
            let needs = take(&mut entry, "needs");
            let span = entry.span;
            let family = match self.task_definitions.as_slice() {
                [only] => find_text(only, "family").unwrap_or("task").to_owned(),
                [] => {
                    let family = "task".to_owned();
                    self.findings().assumed(
                        "what the tasks of the table run is not known: a task definition `task` of one container stands in",
                        Some(span),
                    );
                    self.remark(
                        "taskDefinitions",
                        "A stand-in: what a task of the table is where its columns do not say it.",
                    );
                    let container = map(
                        [
                            ("name", text("app", span)),
                            ("image", text("stand-in", span)),
                            ("cpu", number(1_024, span)),
                            ("memory", number(1_024, span)),
                        ],
                        span,
                    );
                    let definition = map(
                        [("family", text(family.clone(), span)), ("containerDefinitions", list(vec![container], span))],
                        span,
                    );
                    self.task_definitions.push(definition);
                    family
                }
                [.., last] => {
                    let family = find_text(last, "family").unwrap_or("task").to_owned();
                    let message = format!(
                        "what the tasks of the table run is not known: `{}`, the last one, stands in",
                        shown(&family)
                    );
                    self.findings().assumed(message, Some(span));
                    family
                }
            };
            let call = map([("taskDefinition", text(family, span))], span);
            lead(&mut entry, vec![("name", text(self.free_name("trace"), span)), ("runTask", call)]);
            if let Some(needs) = needs {
                self.import.needs.push(needs);
            }
            self.workload.push(entry);
        }
        for object in requests {
            let mut entry = object.node;
            if let Some(seconds) = take(&mut entry, "seconds").as_ref().and_then(super::super::node::as_number) {
                self.seconds = self.seconds.max(seconds as u64);
            }
            let span = entry.span;
            let service = match self.services.first().and_then(|service| find_text(service, "serviceName")) {
                Some(service) => service.to_owned(),
                None => {
                    self.findings().assumed(
                        "which service the requests go to is not known: `web`, 4 tasks on Fargate, stands in",
                        Some(span),
                    );
                    self.remark("services", "A stand-in: whom the requests of the table go to.");
                    self.services.push(map(
                        [
                            ("serviceName", text("web", span)),
                            ("taskDefinition", text("web", span)),
                            ("desiredCount", number(4, span)),
                            ("launchType", text("FARGATE", span)),
                        ],
                        span,
                    ));
                    self.remark("taskDefinitions", "A stand-in: what the service runs.");
                    self.task_definitions.push(super::services::stand_in_definition("web", true, span));
                    "web".to_owned()
                }
            };
            if self.services.len() > 1 {
                let message =
                    format!("which service the requests go to is not known: `{}`, the first one", shown(&service));
                self.findings().assumed(message, Some(span));
            }
            let message = "what a request costs is not known: 10 ms of CPU stand in; `cpuPerRequest` says it";
            self.findings().assumed(message, Some(span));
            lead(&mut entry, vec![("service", text(service, span))]);
            set(&mut entry, "cpuPerRequest", text("10ms", span));
            self.workload.push(entry);
        }
    }
}
