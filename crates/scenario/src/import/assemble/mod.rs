//! Puts the objects together into one document of a scenario, in which they name each other as a scenario does.

mod capacity;
mod clusters;
mod scaling;
mod services;
mod work;

pub(super) use capacity::stand_in_group;
pub(super) use services::stand_in_definition;

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Findings;
use super::fit::fit;
use super::node::{as_number, elements, find, find_text, last_part, list, map, number, set, text};
use super::{Draft, Found, Import, Kind, Object, nowhere, stem};
use crate::diagnostic::{Span, shown};
use crate::document::{Document, Node, NodeKind};

/// The scenario as it grows: the lists of its objects, each in the words of the scenario.
pub(super) struct Parts<'a, 'f> {
    pub(super) import: &'a mut Import<'f>,
    pub(super) cluster: Node,
    pub(super) task_definitions: Vec<Node>,
    pub(super) services: Vec<Node>,
    pub(super) groups: Vec<Node>,
    pub(super) launch_templates: Vec<Node>,
    pub(super) providers: Vec<Node>,
    pub(super) container_instances: Vec<Node>,
    pub(super) target_groups: Vec<Node>,
    pub(super) balancers: Vec<Node>,
    pub(super) alarms: Vec<Node>,
    pub(super) workload: Vec<Node>,
    pub(super) timeline: Vec<Node>,
    /// How long the run should last to show what is in it, in seconds.
    pub(super) seconds: u64,
    /// Comments above blocks.
    pub(super) remarks: BTreeMap<&'static str, Vec<String>>,
    /// What was found, for the summary: in the order in which it is told.
    pub(super) found: Vec<Found>,
}

/// Makes the document; nothing where a problem makes that senseless.
pub(super) fn assemble(import: &mut Import<'_>) -> Option<Draft> {
    let objects = std::mem::take(&mut import.objects);
    if objects.is_empty() {
        return None;
    }
    let start = nowhere();
    let mut parts = Parts {
        import,
        cluster: map([], start),
        task_definitions: Vec::new(),
        services: Vec::new(),
        groups: Vec::new(),
        launch_templates: Vec::new(),
        providers: Vec::new(),
        container_instances: Vec::new(),
        target_groups: Vec::new(),
        balancers: Vec::new(),
        alarms: Vec::new(),
        workload: Vec::new(),
        timeline: Vec::new(),
        seconds: 3_600,
        remarks: BTreeMap::new(),
        found: Vec::new(),
    };
    parts.count(&objects);
    let mut by_kind: BTreeMap<Kind, Vec<Object>> = BTreeMap::new();
    for object in parts.of_one_cluster(objects) {
        by_kind.entry(object.kind).or_default().push(object);
    }
    let mut of = |kind: Kind| by_kind.remove(&kind).unwrap_or_default();
    if parts.import.diagnostics.has_errors() {
        return None;
    }
    parts.clusters(of(Kind::Cluster), of(Kind::ProviderAssociation));
    parts.definitions(of(Kind::TaskDefinition));
    parts.balancing(of(Kind::TargetGroup), of(Kind::Balancer));
    parts.the_services(of(Kind::Service), of(Kind::TaskSet));
    let templates = [of(Kind::LaunchTemplate), of(Kind::LaunchTemplateVersion)].concat();
    parts.the_launch_templates(templates);
    parts.the_groups(of(Kind::Group), of(Kind::LaunchConfiguration));
    parts.of_groups([Kind::GroupSchedule, Kind::LifecycleHook, Kind::WarmPool].map(&mut of).concat());
    parts.the_providers(of(Kind::CapacityProvider));
    parts.the_instances(of(Kind::ContainerInstance));
    let policies = (of(Kind::ScalableTarget), of(Kind::ServicePolicy), of(Kind::ServiceSchedule));
    let alarms = of(Kind::Alarm);
    parts.scaling_of_groups(of(Kind::GroupPolicy), &alarms);
    parts.scaling_of_services(policies, &alarms);
    parts.the_tasks(of(Kind::Task));
    parts.run_tasks(of(Kind::RunTask));
    parts.scheduled_tasks(of(Kind::EventRule), of(Kind::Schedule));
    parts.traces(of(Kind::TaskTrace), of(Kind::RequestTrace));
    parts.stand_ins();
    parts.subnets();
    Some(parts.finish())
}

impl Parts<'_, '_> {
    pub(super) fn findings(&mut self) -> &mut Findings {
        &mut self.import.findings
    }

    /// What the files hold, in words.
    fn count(&mut self, objects: &[Object]) {
        let names = [
            (Kind::TaskDefinition, "task definition"),
            (Kind::Service, "service"),
            (Kind::TaskSet, "task set"),
            (Kind::RunTask, "call of RunTask"),
            (Kind::Cluster, "cluster"),
            (Kind::ProviderAssociation, "list of the cluster's capacity providers"),
            (Kind::CapacityProvider, "capacity provider"),
            (Kind::Group, "Auto Scaling group"),
            (Kind::ContainerInstance, "container instance"),
            (Kind::Task, "task"),
            (Kind::ScalableTarget, "scalable target"),
            (Kind::ServicePolicy, "scaling policy"),
            (Kind::GroupPolicy, "scaling policy of a group"),
            (Kind::TargetGroup, "target group"),
            (Kind::Alarm, "alarm"),
            (Kind::LaunchTemplate, "launch template"),
            (Kind::LaunchTemplateVersion, "launch template version"),
            (Kind::LaunchConfiguration, "launch configuration"),
            (Kind::GroupSchedule, "scheduled action of a group"),
            (Kind::ServiceSchedule, "scheduled action"),
            (Kind::LifecycleHook, "lifecycle hook"),
            (Kind::EventRule, "rule of EventBridge"),
            (Kind::Schedule, "schedule"),
            (Kind::TaskTrace, "trace of tasks"),
            (Kind::RequestTrace, "trace of requests"),
        ];
        for (kind, name) in names {
            let of_kind: Vec<Span> =
                objects.iter().filter(|object| object.kind == kind).map(|object| object.node.span).collect();
            if !of_kind.is_empty() {
                // Instances and tasks are put together, templates become part of their group.
                let melts = matches!(
                    kind,
                    Kind::Cluster
                        | Kind::ProviderAssociation
                        | Kind::ContainerInstance
                        | Kind::Task
                        | Kind::LaunchTemplate
                        | Kind::LaunchTemplateVersion
                        | Kind::LaunchConfiguration
                        | Kind::TaskTrace
                        | Kind::RequestTrace
                );
                let count = of_kind.len();
                self.found.push(Found { name, count, spans: if melts { Vec::new() } else { of_kind } });
            }
        }
    }

    /// An object in the words of the scenario.
    pub(super) fn fitted(&mut self, definition: &str, object: Object, of: &str) -> Node {
        fit(definition, object.node, object.dialect, of, &mut self.import.findings)
    }

    /// Notes a stand-in above the block it is in.
    pub(super) fn remark(&mut self, block: &'static str, text: impl Into<String>) {
        let text = text.into();
        let remarks = self.remarks.entry(block).or_default();
        if !remarks.contains(&text) {
            remarks.push(text);
        }
    }

    /// Where every subnet lies that something names.
    fn subnets(&mut self) {
        let mut named: Vec<(String, Span)> = Vec::new();
        for node in self.services.iter().chain(&self.groups).chain(&self.providers).chain(&self.workload) {
            collect_subnets(node, None, &mut named);
        }
        let mut seen = BTreeSet::new();
        let mut assumed: Vec<String> = Vec::new();
        let mut first = None;
        for (name, span) in &named {
            if !seen.insert(name.clone()) {
                continue;
            }
            let was_placed = self.import.places.is_placed(name);
            let zone = self.import.places.zone_of(name);
            if !self.import.places.is_known(name) && !was_placed {
                assumed.push(format!("{} in {zone}", shown(name)));
                first.get_or_insert(*span);
            }
        }
        if !assumed.is_empty() {
            let message =
                format!("nothing says where subnets lie: {}; `aws ec2 describe-subnets` says it", assumed.join(", "));
            self.findings().assumed(message, first);
        }
    }

    fn vpc(&mut self) -> Option<Node> {
        let mut named: Vec<(String, Span)> = Vec::new();
        for node in self.services.iter().chain(&self.groups).chain(&self.providers).chain(&self.workload) {
            collect_subnets(node, None, &mut named);
        }
        named.sort_by(|one, other| one.0.cmp(&other.0));
        named.dedup_by(|one, other| one.0 == other.0);
        if named.is_empty() {
            return None;
        }
        let mut subnets = map([], nowhere());
        for (name, span) in named {
            let zone = self.import.places.zone_of(&name);
            set(&mut subnets, &name, text(zone, span));
        }
        Some(map([("subnets", subnets)], nowhere()))
    }

    fn finish(mut self) -> Draft {
        let start = nowhere();
        let mut root = map([], start);
        let first = self.import.sources.iter().next().map_or("imported", |(_, file)| file.name()).to_owned();
        let name = self.import.stack.clone().unwrap_or_else(|| stem(&first).replace('_', "-"));
        set(&mut root, "name", text(name, start));
        if let Some(about) = self.import.description.take() {
            set(&mut root, "description", about);
        }
        let duration = match self.seconds {
            seconds if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
            seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
            seconds => format!("{}m", seconds.div_ceil(60)),
        };
        let simulation = map([("duration", text(duration, start)), ("seed", number(1, start))], start);
        set(&mut root, "simulation", simulation);
        let region = self.import.places.region().to_owned();
        set(&mut root, "region", text(region, start));
        if self.import.trunking {
            set(&mut root, "accountSettings", map([("awsvpcTrunking", text("enabled", start))], start));
        }
        if self.cluster.as_map().is_some_and(|map| !map.is_empty()) {
            let cluster = std::mem::replace(&mut self.cluster, map([], start));
            set(&mut root, "cluster", cluster);
        }
        if let Some(vpc) = self.vpc() {
            set(&mut root, "vpc", vpc);
        }
        let idle: Vec<(String, Span)> = self
            .services
            .iter()
            .filter(|service| find(service, "desiredCount").and_then(as_number) == Some(0.0))
            .map(|service| (find_text(service, "serviceName").unwrap_or_default().to_owned(), service.span))
            .collect();
        for (name, span) in idle {
            let name = shown(&name).clone();
            let message =
                format!("the service `{name}` begins with no task: --set services.{name}.desiredCount=2 gives it some");
            self.findings().note(message, Some(span));
        }
        // The one that requests would most likely be sent to.
        let service = self
            .services
            .iter()
            .max_by_key(|service| {
                let is_daemon = find_text(service, "schedulingStrategy") == Some("DAEMON");
                let scales =
                    find(service, "autoScaling").is_some() || !elements(find(service, "loadBalancers")).is_empty();
                // Of equals the first.
                (!is_daemon, scales, std::cmp::Reverse(find_text(service, "serviceName")))
            })
            .and_then(|service| find_text(service, "serviceName"))
            .map(str::to_owned);
        let blocks = [
            ("containerInstances", std::mem::take(&mut self.container_instances)),
            ("launchTemplates", std::mem::take(&mut self.launch_templates)),
            ("autoScalingGroups", std::mem::take(&mut self.groups)),
            ("capacityProviders", std::mem::take(&mut self.providers)),
            ("taskDefinitions", std::mem::take(&mut self.task_definitions)),
            ("targetGroups", std::mem::take(&mut self.target_groups)),
            ("loadBalancers", std::mem::take(&mut self.balancers)),
            ("services", std::mem::take(&mut self.services)),
            ("alarms", std::mem::take(&mut self.alarms)),
            ("workload", std::mem::take(&mut self.workload)),
            ("timeline", std::mem::take(&mut self.timeline)),
        ];
        let mut requests = false;
        for (key, values) in blocks {
            requests |= key == "workload" && values.iter().any(|entry| find(entry, "service").is_some());
            if !values.is_empty() {
                set(&mut root, key, list(values, start));
            }
        }
        let mut closing = Vec::new();
        if let Some(service) = service.filter(|_| !requests) {
            let message = "no workload is known: nobody sends requests to the services, so that their CPU stays idle";
            self.findings().note(message, None);
            closing.push("Nobody sends requests yet; an entry like this one does (docs/load.md):".to_owned());
            if root.get("workload").is_none() {
                closing.push("workload:".to_owned());
            }
            closing.push(format!("  - {{service: {service}, requestsPerSecond: 20, cpuPerRequest: 10ms}}"));
        }
        in_order(&mut root);
        Draft { document: Document::new(root), remarks: self.remarks, closing, found: self.found, nowhere: start }
    }
}

/// Puts what names an object first, wherever it was written: that is how people read it.
fn in_order(node: &mut Node) {
    const FIRST: [&str; 18] = [
        "serviceName",
        "family",
        "revision",
        "name",
        "autoScalingGroupName",
        "launchTemplateName",
        "alarmName",
        "policyName",
        "targetGroupName",
        "scheduledActionName",
        "lifecycleHookName",
        "loadBalancerName",
        "clusterName",
        "service",
        "at",
        "taskDefinition",
        "runTask",
        "desiredCount",
    ];
    match &mut node.kind {
        NodeKind::Map(map) => {
            let mut entries = std::mem::take(map).into_entries();
            entries.sort_by_key(|entry| FIRST.iter().position(|key| *key == entry.key).unwrap_or(FIRST.len()));
            for mut entry in entries {
                in_order(&mut entry.value);
                // The keys were unique.
                let _ = map.insert(entry);
            }
        }
        NodeKind::List(values) => values.iter_mut().for_each(in_order),
        _ => {}
    }
}

/// Every subnet that a value names, under the keys that AWS has for them.
fn collect_subnets(node: &Node, key: Option<&str>, named: &mut Vec<(String, Span)>) {
    let is_subnets = matches!(key, Some("subnets" | "vpcZoneIdentifier"));
    match &node.kind {
        NodeKind::Map(map) => {
            map.iter().for_each(|entry| collect_subnets(&entry.value, Some(&entry.key), named));
        }
        NodeKind::List(values) => values.iter().for_each(|value| collect_subnets(value, key, named)),
        NodeKind::String(text) if is_subnets => {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            named.extend(names.map(|name| (name.to_owned(), node.span)));
        }
        _ => {}
    }
}

/// The name in `family:revision` or an ARN of it, and the revision.
pub(super) fn family_and_revision(name: &str) -> (&str, Option<u32>) {
    let name = last_part(name);
    match name.split_once(':') {
        Some((family, revision)) => (family, revision.parse().ok()),
        None => (name, None),
    }
}

/// The texts of a list.
pub(super) fn words(node: Option<&Node>) -> Vec<&str> {
    elements(node).into_iter().filter_map(super::node::as_text).collect()
}
