//! What a file is, by its form: an answer of the AWS CLI, the input of a call, a template, a compose file; or nothing that
//! makes a scenario, which is said with what would be right.

use super::fit::Dialect;
use super::node::{elements, find, find_text};
use super::{Import, Kind, Object};
use crate::diagnostic::{Span, shown};
use crate::document::{Node, NodeKind};

/// Answers of AWS that hold a list (or one object) under a name.
const ANSWERS: [(&str, Kind); 28] = [
    ("services", Kind::Service),
    ("service", Kind::Service),
    ("taskDefinition", Kind::TaskDefinition),
    ("taskDefinitions", Kind::TaskDefinition),
    ("clusters", Kind::Cluster),
    ("cluster", Kind::Cluster),
    ("capacityProviders", Kind::CapacityProvider),
    ("capacityProvider", Kind::CapacityProvider),
    ("containerInstances", Kind::ContainerInstance),
    ("containerInstance", Kind::ContainerInstance),
    ("tasks", Kind::Task),
    ("taskSets", Kind::TaskSet),
    ("taskSet", Kind::TaskSet),
    ("AutoScalingGroups", Kind::Group),
    ("ScalingPolicies", Kind::ServicePolicy),
    ("ScheduledUpdateGroupActions", Kind::GroupSchedule),
    ("ScheduledActions", Kind::ServiceSchedule),
    ("ScalableTargets", Kind::ScalableTarget),
    ("LaunchTemplateVersions", Kind::LaunchTemplateVersion),
    ("LaunchConfigurations", Kind::LaunchConfiguration),
    ("LifecycleHooks", Kind::LifecycleHook),
    ("TargetGroups", Kind::TargetGroup),
    ("LoadBalancerDescriptions", Kind::Balancer),
    ("LoadBalancers", Kind::Balancer),
    ("MetricAlarms", Kind::Alarm),
    ("Alarms", Kind::Alarm),
    ("Subnets", Kind::Subnet),
    ("Subnet", Kind::Subnet),
];

/// Answers from which nothing can be made, and what has it.
const USELESS: [(&str, &str, &str); 15] = [
    (
        "taskDefinitionArns",
        "only the names of task definitions",
        "aws ecs describe-task-definition --task-definition NAME",
    ),
    ("familyNames", "only the names of task definitions", "aws ecs describe-task-definition --task-definition NAME"),
    ("families", "only the names of task definitions", "aws ecs describe-task-definition --task-definition NAME"),
    ("serviceArns", "only the names of services", "aws ecs describe-services --cluster CLUSTER --services NAME..."),
    ("taskArns", "only the names of tasks", "aws ecs describe-tasks --cluster CLUSTER --tasks ARN..."),
    ("clusterArns", "only the names of clusters", "aws ecs describe-clusters --clusters NAME --include SETTINGS"),
    (
        "containerInstanceArns",
        "only the names of container instances",
        "aws ecs describe-container-instances --cluster CLUSTER --container-instances ARN...",
    ),
    (
        "LaunchTemplates",
        "only the names of launch templates",
        "aws ec2 describe-launch-template-versions --launch-template-id ID --versions '$Latest' '$Default'",
    ),
    (
        "Reservations",
        "EC2 instances, of which ECS sees only those that registered",
        "aws ecs describe-container-instances --cluster CLUSTER --container-instances ARN...",
    ),
    ("AutoScalingInstances", "the instances of groups", "aws autoscaling describe-auto-scaling-groups"),
    (
        "WarmPoolConfiguration",
        "a warm pool without the name of its group",
        "aws autoscaling describe-auto-scaling-groups",
    ),
    ("TargetHealthDescriptions", "the state of targets at one moment", "aws elbv2 describe-target-groups"),
    (
        "Rules",
        "rules without what they start; write what runs on a schedule under `workload`",
        "a template with AWS::Events::Rule",
    ),
    ("Activities", "what a group has done", "aws autoscaling describe-auto-scaling-groups"),
    (
        "ScalingActivities",
        "what scaling has done",
        "aws application-autoscaling describe-scaling-policies --service-namespace ecs",
    ),
];

/// What an import takes, to be said where a file is nothing of that.
const TAKES: &str = "import takes task definitions, inputs of create-service, run-task and create-task-set, what `aws ecs`, \
     `aws autoscaling`, `aws application-autoscaling`, `aws elbv2`, `aws cloudwatch` and `aws ec2` describe-... print, CloudFormation templates, \
     compose files, and CSV files";

impl Import<'_> {
    /// Finds the objects in what a file holds.
    pub(super) fn recognise(&mut self, path: &str, node: Node) {
        let before = self.objects.len();
        let problems = self.diagnostics.errors();
        let (losses, span) = (self.findings.clone(), head(&node));
        self.look_at(path, node);
        let nothing = self.objects.len() == before && self.diagnostics.errors() == problems;
        if nothing && self.description.is_none() && format!("{losses:?}") == format!("{:?}", self.findings) {
            let message = format!("`{}` holds nothing that a scenario could be made of", shown(path));
            self.useless(span, message, TAKES);
        }
    }

    fn look_at(&mut self, path: &str, node: Node) {
        let span = head(&node);
        match &node.kind {
            NodeKind::List(values) => {
                for value in values.clone() {
                    if value.as_map().is_some() {
                        self.look_at(path, value);
                    } else {
                        let message = "an element of this list is no object of AWS";
                        self.useless(value.span, message, TAKES);
                        return;
                    }
                }
            }
            NodeKind::Map(_) => self.look_at_map(path, node),
            _ => self.useless(span, format!("`{}` holds a text and no objects", shown(path)), TAKES),
        }
    }

    fn look_at_map(&mut self, path: &str, node: Node) {
        let span = head(&node);
        let has = |key: &str| node.get(key).is_some();
        let is_map = |key: &str| node.get(key).is_some_and(|value| value.as_map().is_some());
        if has("AWSTemplateFormatVersion") || is_map("Resources") {
            return self.template(path, &node);
        }
        if let Some(answer) = strange(&node) {
            let (what, help) = answer;
            return self.useless(span, format!("this is {what}"), help);
        }
        // What the CLI takes as one argument is often kept as `{"cli-input": ...}` or inside an answer; else it is an object.
        if let Some(kind) = single(&node) {
            return self.object(kind, node);
        }
        if is_map("services") {
            return self.compose(path, &node);
        }
        self.answer(path, node);
    }

    /// An answer of the CLI: lists under their names.
    fn answer(&mut self, path: &str, node: Node) {
        let span = head(&node);
        let mut known = false;
        for failure in elements(find(&node, "failures")) {
            let what = find_text(failure, "arn").unwrap_or("something");
            let why = find_text(failure, "reason").unwrap_or("a failure");
            self.findings.lost(format!("AWS did not find `{}`: {}", shown(what), shown(why)), Some(failure.span));
        }
        if let Some(token) = find(&node, "nextToken").filter(|token| !super::fit::is_nothing(token)) {
            let message = "the answer has further pages, which are not here: let the CLI fetch all of them";
            self.findings.lost(message, Some(token.span));
        }
        let tags = find(&node, "tags").cloned();
        for (name, kind) in ANSWERS {
            let Some(value) = find(&node, name) else { continue };
            let one = value.as_map().is_some();
            let values: Vec<Node> = elements(Some(value)).into_iter().cloned().collect();
            if values.iter().any(|value| value.as_map().is_none()) {
                continue;
            }
            known = true;
            for mut value in values {
                if let (true, Kind::TaskDefinition, Some(tags)) = (one, kind, &tags)
                    && find(&value, "tags").is_none()
                {
                    super::node::set(&mut value, "tags", tags.clone());
                }
                let kind = match kind {
                    // Two services of AWS call their policies and actions the same.
                    Kind::ServicePolicy if find(&value, "autoScalingGroupName").is_some() => Kind::GroupPolicy,
                    Kind::ServiceSchedule if find(&value, "autoScalingGroupName").is_some() => Kind::GroupSchedule,
                    kind => kind,
                };
                self.object(kind, value);
            }
        }
        for composite in elements(find(&node, "CompositeAlarms")) {
            let name = find_text(composite, "alarmName").unwrap_or_default();
            self.findings.lost(format!("the composite alarm `{}` is not simulated", shown(name)), Some(composite.span));
        }
        for (name, what, help) in USELESS {
            let Some(value) = find(&node, name) else { continue };
            if known {
                self.findings.lost(format!("`{name}`: {what}"), Some(value.span));
            } else {
                let help =
                    if help.starts_with("aws ") { format!("import what `{help}` prints") } else { help.to_owned() };
                return self.useless(span, format!("`{}` holds {what}", shown(path)), help);
            }
        }
        if !known {
            let keys: Vec<&str> =
                node.as_map().into_iter().flat_map(|map| map.iter()).map(|entry| entry.key.as_str()).collect();
            let keys = crate::validate::list_of(&keys);
            let what = if keys.is_empty() { "an empty map".to_owned() } else { format!("a map with {keys}") };
            self.useless(span, format!("`{}` holds {what}, which is nothing that import knows", shown(path)), TAKES);
        }
    }

    /// One object of the JSON of an API.
    fn object(&mut self, kind: Kind, node: Node) {
        let skeleton = match kind {
            Kind::TaskDefinition => Some("family"),
            Kind::Service => Some("serviceName"),
            Kind::RunTask => Some("taskDefinition"),
            _ => None,
        };
        if let Some(key) = skeleton
            && let Some(value) = find(&node, key).filter(|value| value.as_str() == Some(""))
        {
            let message = format!("`{key}` is empty: this is the skeleton that `--generate-cli-skeleton` prints");
            let help = "fill in what it shall be, or import one that is registered, as describe-... prints it";
            return self.useless(value.span, message, help);
        }
        if kind == Kind::Service && find(&node, "serviceName").is_none() {
            let message = "the input of update-service changes a service that it does not describe";
            let help = "import what `aws ecs describe-services` prints, and write the change under `timeline`";
            return self.useless(head(&node), message, help);
        }
        match kind {
            Kind::Subnet => {
                let (name, zone) = (find_text(&node, "subnetId"), find_text(&node, "availabilityZone"));
                if let (Some(name), Some(zone)) = (name, zone) {
                    self.places.subnet(name, zone);
                }
            }
            kind => self.objects.push(Object::new(kind, node, Dialect::Api)),
        }
    }
}

/// The beginning of a value, for a message about all of it.
fn head(node: &Node) -> Span {
    match &node.kind {
        NodeKind::Map(map) => map.iter().next().map_or(node.span, |entry| entry.key_span),
        // A bracket or a dash.
        NodeKind::List(_) => Span::new(node.span.file, node.span.start, node.span.start + 1),
        _ => node.span,
    }
}

/// What an object is, by the fields that it has.
fn single(node: &Node) -> Option<Kind> {
    let has = |key: &str| find(node, key).is_some();
    let is_list = |key: &str| find(node, key).is_some_and(|value| value.as_list().is_some());
    if is_list("containerDefinitions") {
        return Some(Kind::TaskDefinition);
    }
    // Wrapped in an answer; what follows are inputs and elements.
    if ["services", "AutoScalingGroups", "ScalingPolicies", "tasks"].into_iter().any(is_list) {
        return None;
    }
    let kind = if has("autoScalingGroupProvider") || has("managedInstancesProvider") {
        Kind::CapacityProvider
    } else if has("scheduledActionName") && has("autoScalingGroupName") {
        Kind::GroupSchedule
    } else if has("lifecycleTransition") {
        Kind::LifecycleHook
    } else if has("policyName") && has("autoScalingGroupName") {
        Kind::GroupPolicy
    } else if has("autoScalingGroupName") && has("maxSize") {
        Kind::Group
    } else if has("launchTemplateData") {
        if has("versionNumber") { Kind::LaunchTemplateVersion } else { Kind::LaunchTemplate }
    } else if has("policyName") && has("resourceId") {
        Kind::ServicePolicy
    } else if has("scheduledActionName") && has("resourceId") {
        Kind::ServiceSchedule
    } else if has("resourceId") && (has("minCapacity") || has("maxCapacity")) {
        Kind::ScalableTarget
    } else if has("comparisonOperator") && has("evaluationPeriods") {
        Kind::Alarm
    } else if has("targetGroupName") {
        Kind::TargetGroup
    } else if has("service") && has("taskDefinition") && (has("scale") || has("externalId")) {
        Kind::TaskSet
    } else if has("serviceName")
        || has("service") && (has("desiredCount") || has("forceNewDeployment") || has("taskDefinition"))
    {
        Kind::Service
    } else if has("taskDefinition") && find(node, "taskDefinition").is_some_and(|value| value.as_str().is_some()) {
        Kind::RunTask
    } else if has("clusterName") {
        Kind::Cluster
    } else if has("cluster") && is_list("capacityProviders") && is_list("defaultCapacityProviderStrategy") {
        Kind::ProviderAssociation
    } else if has("containerInstanceArn") && is_list("registeredResources") {
        Kind::ContainerInstance
    } else {
        return None;
    };
    Some(kind)
}

/// Files that people have at hand and that make no scenario: what it is, and what would be right.
fn strange(node: &Node) -> Option<(&'static str, &'static str)> {
    let has = |key: &str| node.get(key).is_some();
    let found = if has("detail-type") || has("detail") && has("source") {
        (
            "an event of EventBridge: what happened once, not what is to be simulated",
            "import what `aws ecs describe-services` and `describe-task-definition` print for the cluster of the event",
        )
    } else if has("simulation") || has("workload") || has("expect") || has("proves") {
        ("a scenario of ecsim already", "run it: `ecsim run FILE`; to put scenarios together write `include: [FILE]`")
    } else if has("apiVersion") && has("kind") {
        ("a manifest of Kubernetes", "ECS has no such objects; write a task definition and a service")
    } else if has("terraform_version") {
        (
            "a state of Terraform",
            "import what `aws ecs describe-services`, `describe-task-definition` and the like print for the same resources",
        )
    } else if has("type")
        && has("name")
        && has("image")
        && node.get("type").and_then(Node::as_str).is_some_and(is_copilot)
    {
        ("a manifest of Copilot", "import the template that `copilot svc package` prints")
    } else {
        return None;
    };
    Some(found)
}

fn is_copilot(kind: &str) -> bool {
    ["Load Balanced Web Service", "Backend Service", "Worker Service", "Scheduled Job", "Request-Driven Web Service"]
        .contains(&kind)
}
