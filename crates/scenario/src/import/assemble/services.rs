//! Task definitions, target groups, services.

use std::collections::BTreeSet;

use super::super::node::{
    as_text, elements, find, find_at, find_text, last_part, list, map, number, rename, set, take, text,
};
use super::super::{Kind, Object};
use super::{Parts, family_and_revision, nowhere};
use crate::diagnostic::{Span, shown};
use crate::document::{Node, NodeKind};

impl Parts<'_, '_> {
    /// Task definitions. The same one twice is one.
    pub(super) fn definitions(&mut self, objects: Vec<Object>) {
        for object in objects {
            let family = find_text(&object.node, "family").unwrap_or("a task definition").to_owned();
            let span = object.node.span;
            let definition =
                self.fitted("TaskDefinition", object, &format!("the task definition `{}`", shown(&family)));
            let value = definition.to_value();
            if self.task_definitions.iter().any(|known| known.to_value() == value) {
                let message = format!("the task definition `{}` is there twice; one is taken", shown(&family));
                self.findings().note(message, Some(span));
                continue;
            }
            let revision = find_text(&definition, "revision").map(str::to_owned);
            let same = |known: &&Node| {
                find_text(known, "family") == Some(&family)
                    && find_text(known, "revision").map(str::to_owned) == revision
            };
            let others = self.task_definitions.iter().filter(same).count();
            if others > 0 {
                let message = format!(
                    "there are several task definitions `{}`; they are its revisions, in the order of the files",
                    shown(&family)
                );
                self.findings().note(message, Some(span));
            }
            self.task_definitions.push(definition);
        }
        // Revisions ascend in a scenario.
        self.task_definitions.sort_by_key(|definition| {
            let revision = find_text(definition, "revision").and_then(|revision| revision.parse::<u32>().ok());
            revision.unwrap_or(0)
        });
    }

    /// Target groups and Classic Load Balancers.
    pub(super) fn balancing(&mut self, groups: Vec<Object>, balancers: Vec<Object>) {
        for mut object in groups {
            rename(&mut object.node, "targetGroupAttributes", "attributes");
            if take(&mut object.node, "targets").is_some() {
                self.findings().unneeded("targets of target groups that are registered by hand");
            }
            let name = find_text(&object.node, "targetGroupName").unwrap_or_default().to_owned();
            let mut group = self.fitted("TargetGroup", object, &format!("the target group `{}`", shown(&name)));
            take(&mut group, "targetGroupArn");
            take(&mut group, "loadBalancerArns");
            self.target_groups.push(group);
        }
        for mut object in balancers {
            let is_classic = find(&object.node, "loadBalancerName").is_some()
                && find(&object.node, "type").is_none()
                && find(&object.node, "loadBalancerArn").is_none();
            if !is_classic {
                let attributes = elements(find(&object.node, "loadBalancerAttributes"));
                let crosses = attributes
                    .into_iter()
                    .find(|attribute| find_text(attribute, "key") == Some("load_balancing.cross_zone.enabled"));
                let is_network = find_text(&object.node, "type") == Some("network");
                match crosses.filter(|_| is_network) {
                    Some(attribute) => {
                        let span = attribute.span;
                        let message = "cross-zone load balancing of a Network Load Balancer: write it under `loadBalancers`, \
                             or as an attribute of the target group";
                        self.findings().lost(message, Some(span));
                    }
                    None => self.findings().unneeded("load balancers (their target groups say what matters)"),
                }
                continue;
            }
            // The listeners of DescribeLoadBalancers stand one level deeper.
            take(&mut object.node, "listenerDescriptions");
            take(&mut object.node, "instances");
            if let Some(policy) = take(&mut object.node, "connectionDrainingPolicy") {
                let timeout = find(&policy, "timeout").cloned();
                if let (Some("true"), Some(timeout)) = (find_text(&policy, "enabled"), timeout) {
                    let key = text("connection_draining.timeout", policy.span);
                    let attribute = map([("key", key), ("value", timeout)], policy.span);
                    super::super::node::push(&mut object.node, "attributes", attribute);
                }
            }
            let name = find_text(&object.node, "loadBalancerName").unwrap_or_default().to_owned();
            let balancer = self.fitted("Balancer", object, &format!("the load balancer `{}`", shown(&name)));
            self.balancers.push(balancer);
        }
    }

    /// Services, and the task sets of external deployments.
    pub(super) fn the_services(&mut self, objects: Vec<Object>, mut task_sets: Vec<Object>) {
        for mut object in objects {
            let name = find_text(&object.node, "serviceName").unwrap_or_default().to_owned();
            let name = last_part(&name).to_owned();
            let of = format!("the service `{}`", shown(&name));
            let status = find_text(&object.node, "status").filter(|status| *status != "ACTIVE");
            if let Some(status) = status {
                let message = format!("{of} is {}: it is left out", shown(status));
                let span = object.node.span;
                self.findings().lost(message, Some(span));
                continue;
            }
            if self.services.iter().any(|service| find_text(service, "serviceName") == Some(&name)) {
                let span = object.node.span;
                self.findings().lost(format!("{of} is there twice; the first one holds"), Some(span));
                continue;
            }
            let node = &mut object.node;
            rename(node, "placementStrategies", "placementStrategy");
            take(node, "cluster");
            if take(node, "forceNewDeployment").is_some() {
                self.import.findings.unneeded("forceNewDeployment");
            }
            self.deployments(node, &of);
            let sets = self.embedded_task_sets(&mut object, &name, &of, &task_sets);
            task_sets.extend(sets);
            let node = &mut object.node;
            let at = find(node, "serviceName").map_or_else(nowhere, |value| value.span);
            let mut first = vec![("serviceName", text(name.clone(), at))];
            take(node, "serviceName");
            if let Some(named) = take(node, "taskDefinition") {
                first.push(("taskDefinition", text(last_part(as_text(&named).unwrap_or_default()), named.span)));
            }
            lead(node, first);
            let mut service = self.fitted("Service", object, &of);
            self.shorten_target_groups(&mut service);
            for empty in ["role", "platformFamily", "clientToken"] {
                if find(&service, empty).is_some_and(|value| value.as_str() == Some("")) {
                    take(&mut service, empty);
                }
            }
            drop_empty_lists(&mut service);
            // Both are printed where a strategy was resolved to a launch type.
            if find(&service, "capacityProviderStrategy").is_some() && find(&service, "launchType").is_some() {
                take(&mut service, "launchType");
            }
            self.services.push(service);
        }
        for object in task_sets {
            self.task_set(object);
        }
    }

    /// A deployment that was under way when the answer was printed.
    fn deployments(&mut self, node: &mut Node, of: &str) {
        let Some(deployments) = take(node, "deployments") else { return };
        let count = elements(Some(&deployments)).len();
        self.findings().answer("deployments");
        if count > 1 {
            let message = format!("{of}: a deployment is under way; the run begins with its target, the PRIMARY");
            self.findings().lost(message, Some(deployments.span));
        }
    }

    /// The task sets of an external controller, which `describe-services` prints inside of the service; those that another
    /// file describes come from there.
    fn embedded_task_sets(&mut self, object: &mut Object, name: &str, of: &str, others: &[Object]) -> Vec<Object> {
        let Some(sets) = take(&mut object.node, "taskSets") else { return Vec::new() };
        let given = elements(Some(&sets));
        let controller = find_at(&object.node, &["deploymentController", "type"]).and_then(as_text);
        if controller != Some("EXTERNAL") {
            if given.len() > 1 {
                let message =
                    format!("{of}: CodeDeploy is deploying; the run begins with what the service itself says");
                self.findings().lost(message, Some(sets.span));
            } else if !given.is_empty() {
                self.findings().answer("taskSets");
            }
            return Vec::new();
        }
        let arn = |set: &Node| find_text(set, "taskSetArn").map(str::to_owned);
        let mut kept = Vec::new();
        for set in given {
            if find_text(set, "status") == Some("DRAINING") {
                let message = format!("{of}: a task set is DRAINING: it is left out");
                self.findings().lost(message, Some(set.span));
            } else if arn(set)
                .is_none_or(|arn| others.iter().all(|it| self::find_text(&it.node, "taskSetArn") != Some(&arn)))
            {
                let mut set = set.clone();
                let span = set.span;
                self::set(&mut set, "service", text(name, span));
                kept.push(Object::new(Kind::TaskSet, set, object.dialect));
            }
        }
        kept
    }

    /// Names of target groups in place of ARNs.
    fn shorten_target_groups(&mut self, service: &mut Node) {
        let known: BTreeSet<String> = self
            .target_groups
            .iter()
            .filter_map(|group| find_text(group, "targetGroupName"))
            .map(str::to_owned)
            .collect();
        let NodeKind::Map(map) = &mut service.kind else { return };
        let Some(balancers) = map.get_mut("loadBalancers") else { return };
        let NodeKind::List(balancers) = &mut balancers.kind else { return };
        for balancer in balancers.iter_mut() {
            shorten(balancer, "targetGroupArn", &known);
            if let NodeKind::Map(map) = &mut balancer.kind
                && let Some(advanced) = map.get_mut("advancedConfiguration")
            {
                shorten(advanced, "alternateTargetGroupArn", &known);
            }
        }
    }

    /// A task set: a service with an external controller, and the call that makes the set.
    fn task_set(&mut self, mut object: Object) {
        let span = object.node.span;
        rename(&mut object.node, "serviceArn", "service");
        let is_primary = find_text(&object.node, "status") == Some("PRIMARY");
        let id = ["externalId", "id", "taskSetArn"].into_iter().find_map(|key| find_text(&object.node, key));
        let id = id.map(|id| id.rsplit('/').next().unwrap_or(id).to_owned());
        let name = find_text(&object.node, "service").map(|name| last_part(name).to_owned());
        let Some(name) = name else {
            self.findings().lost("a task set that names no service", Some(span));
            return;
        };
        let of = format!("the task set of `{}`", shown(&name));
        let mut service = map(
            [
                ("serviceName", text(name.clone(), span)),
                ("desiredCount", number(1, span)),
                ("deploymentController", map([("type", text("EXTERNAL", span))], span)),
            ],
            span,
        );
        let keys = [
            "launchType",
            "capacityProviderStrategy",
            "platformVersion",
            "networkConfiguration",
            "loadBalancers",
            "serviceRegistries",
        ];
        for key in keys {
            if let Some(value) = take(&mut object.node, key) {
                set(&mut service, key, value);
            }
        }
        let mut service = super::super::fit::fit("Service", service, object.dialect, &of, self.findings());
        self.shorten_target_groups(&mut service);
        match self.services.iter_mut().find(|known| find_text(known, "serviceName") == Some(&name)) {
            // A service of an external controller leaves to its task sets where they run.
            Some(known) => {
                for key in keys {
                    if let Some(value) = take(&mut service, key).filter(|_| find(known, key).is_none()) {
                        set(known, key, value);
                    }
                }
                drop_empty_lists(known);
            }
            None => {
                let message = format!(
                    "the service `{}` of the task set is not among the files: one of 1 task stands in",
                    shown(&name)
                );
                self.findings().assumed(message, Some(span));
                self.services.push(service);
            }
        }
        take(&mut object.node, "cluster");
        take(&mut object.node, "clusterArn");
        set(&mut object.node, "service", text(name, span));
        if let Some(named) = find(&object.node, "taskDefinition").cloned() {
            take(&mut object.node, "taskDefinition");
            set(&mut object.node, "taskDefinition", text(last_part(as_text(&named).unwrap_or_default()), named.span));
        }
        if find(&object.node, "scale").is_none() {
            let scale = map([("unit", text("PERCENT", span)), ("value", number(100, span))], span);
            set(&mut object.node, "scale", scale);
            self.findings().assumed(format!("{of} says no scale: 100 percent stands in"), Some(span));
        }
        if is_primary
            && find_text(&object.node, "externalId").is_none()
            && let Some(id) = &id
        {
            set(&mut object.node, "externalId", text(id.clone(), span));
        }
        let service = find_text(&object.node, "service").unwrap_or_default().to_owned();
        let call = self.fitted("CreateTaskSet", object, &of);
        self.timeline.push(map([("at", text("1s", span)), ("createTaskSet", call)], span));
        if let Some(id) = id.filter(|_| is_primary) {
            let call = map([("service", text(service, span)), ("primaryTaskSet", text(id, span))], span);
            self.timeline.push(map([("at", text("2s", span)), ("updateServicePrimaryTaskSet", call)], span));
        }
    }

    /// The task definition that a name means: itself, its family, or nothing.
    pub(in crate::import) fn definition_named(&self, name: &str) -> Option<&Node> {
        let (family, revision) = family_and_revision(name);
        let of_family = || self.task_definitions.iter().filter(|known| find_text(known, "family") == Some(family));
        let exact = of_family().find(|known| {
            revision.is_some() && find_text(known, "revision").and_then(|it| it.parse().ok()) == revision
        });
        exact.or_else(|| of_family().next_back())
    }

    /// Makes a reference to a task definition lead somewhere: what to write there.
    pub(in crate::import) fn resolve_definition(&mut self, name: &str, fargate: bool, span: Span) -> String {
        let (family, revision) = family_and_revision(name);
        let (family, revision) = (family.to_owned(), revision);
        let of_family: Vec<Option<u32>> = self
            .task_definitions
            .iter()
            .filter(|known| find_text(known, "family") == Some(&family))
            .map(|known| find_text(known, "revision").and_then(|it| it.parse().ok()))
            .collect();
        if of_family.is_empty() {
            let message = format!(
                "the task definition `{}` is not among the files: one of 256 CPU units and 512 MiB stands in; import \
                 what `aws ecs describe-task-definition --task-definition {}` prints",
                shown(last_part(name)),
                shown(last_part(name))
            );
            self.findings().assumed(message, Some(span));
            self.remark("taskDefinitions", format!("A stand-in: `{family}`, which was not among the files."));
            self.task_definitions.push(stand_in_definition(&family, fargate, span));
            return family;
        }
        let Some(revision) = revision else { return family };
        if of_family.contains(&Some(revision)) {
            return format!("{family}:{revision}");
        }
        // A file without a revision: whichever it is, it is this one.
        if of_family.iter().any(Option::is_some) {
            let message =
                format!("revision {revision} of `{}` is not among the files: the latest stands in", shown(&family));
            self.findings().assumed(message, Some(span));
        }
        family
    }

    /// Whether a service or call runs on Fargate: as it says, or as the cluster's strategy does.
    pub(in crate::import) fn is_fargate(&self, node: &Node) -> bool {
        if find_text(node, "launchType") == Some("FARGATE") {
            return true;
        }
        if find(node, "launchType").is_some() {
            return false;
        }
        let own = elements(find(node, "capacityProviderStrategy"));
        let strategy =
            if own.is_empty() { elements(find_at(&self.cluster, &["defaultCapacityProviderStrategy"])) } else { own };
        strategy.iter().any(|item| {
            find_text(item, "capacityProvider").is_some_and(|name| name == "FARGATE" || name == "FARGATE_SPOT")
        })
    }
}

/// A task definition of which nothing is known.
pub(in crate::import) fn stand_in_definition(family: &str, fargate: bool, span: Span) -> Node {
    let container = map(
        [
            ("name", text("app", span)),
            ("image", text("stand-in", span)),
            ("portMappings", list(vec![map([("containerPort", number(80, span))], span)], span)),
        ],
        span,
    );
    let mut definition =
        map([("family", text(family, span)), ("cpu", text("256", span)), ("memory", text("512", span))], span);
    if fargate {
        set(&mut definition, "networkMode", text("awsvpc", span));
        set(&mut definition, "requiresCompatibilities", list(vec![text("FARGATE", span)], span));
    }
    set(&mut definition, "containerDefinitions", list(vec![container], span));
    definition
}

/// The ARN of a known target group becomes its name.
fn shorten(node: &mut Node, key: &str, known: &BTreeSet<String>) {
    let Some(arn) = find_text(node, key) else { return };
    let Some(span) = find(node, key).map(|value| value.span) else { return };
    if let ["targetgroup", name, _] = arn.rsplit(':').next().unwrap_or(arn).split('/').collect::<Vec<_>>().as_slice()
        && known.contains(*name)
    {
        let name = (*name).to_owned();
        set(node, key, text(name, span));
    }
}

/// Puts these entries first: that is how people read it.
pub(super) fn lead(node: &mut Node, first: Vec<(&str, Node)>) {
    let NodeKind::Map(there) = &mut node.kind else { return };
    let rest = std::mem::take(there).into_entries();
    let mut whole = map(first, node.span);
    if let NodeKind::Map(whole) = &mut whole.kind {
        for entry in rest {
            // What was put first holds.
            let _ = whole.insert(entry);
        }
    }
    *node = whole;
}

/// AWS prints lists of nothing for what is not there.
pub(super) fn drop_empty_lists(node: &mut Node) {
    let NodeKind::Map(map) = &mut node.kind else { return };
    let empty: Vec<String> = map
        .iter()
        .filter(|entry| entry.value.as_list().is_some_and(|values| values.is_empty()))
        .map(|entry| entry.key.clone())
        .collect();
    for key in empty {
        map.remove(&key);
    }
}
