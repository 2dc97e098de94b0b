//! A CloudFormation template: conditions, properties worked out, each resource an object or a word about why not.

use super::fit::Dialect;
use super::functions::Evaluator;
use super::names::kind_of;
use super::node::{as_text, elements, find, map, set, text};
use super::{Import, Kind, Object, stem};
use crate::diagnostic::{Span, shown};
use crate::document::{Node, NodeKind};

/// What a resource type becomes.
fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "AWS::ECS::TaskDefinition" => Kind::TaskDefinition,
        "AWS::ECS::Service" => Kind::Service,
        "AWS::ECS::TaskSet" => Kind::TaskSet,
        "AWS::ECS::Cluster" => Kind::Cluster,
        "AWS::ECS::ClusterCapacityProviderAssociations" => Kind::ProviderAssociation,
        "AWS::ECS::CapacityProvider" => Kind::CapacityProvider,
        "AWS::AutoScaling::AutoScalingGroup" => Kind::Group,
        "AWS::EC2::LaunchTemplate" => Kind::LaunchTemplate,
        "AWS::AutoScaling::LaunchConfiguration" => Kind::LaunchConfiguration,
        "AWS::AutoScaling::ScalingPolicy" => Kind::GroupPolicy,
        "AWS::AutoScaling::ScheduledAction" => Kind::GroupSchedule,
        "AWS::AutoScaling::LifecycleHook" => Kind::LifecycleHook,
        "AWS::AutoScaling::WarmPool" => Kind::WarmPool,
        "AWS::ApplicationAutoScaling::ScalableTarget" => Kind::ScalableTarget,
        "AWS::ApplicationAutoScaling::ScalingPolicy" => Kind::ServicePolicy,
        "AWS::CloudWatch::Alarm" => Kind::Alarm,
        "AWS::ElasticLoadBalancingV2::TargetGroup" => Kind::TargetGroup,
        "AWS::ElasticLoadBalancing::LoadBalancer" | "AWS::ElasticLoadBalancingV2::LoadBalancer" => Kind::Balancer,
        "AWS::EC2::Subnet" => Kind::Subnet,
        "AWS::Events::Rule" => Kind::EventRule,
        "AWS::Scheduler::Schedule" => Kind::Schedule,
        _ => return None,
    })
}

/// Why a resource that would matter is not carried over.
fn loss(name: &str) -> Option<&'static str> {
    Some(match name {
        "AWS::ECS::PrimaryTaskSet" => "the primary task set of an external deployment",
        "AWS::ECS::ExpressGatewayService" => {
            "Express Mode services are not known here; import what describe-services prints"
        }
        "AWS::CodeDeploy::DeploymentGroup" | "AWS::CodeDeploy::Application" | "AWS::CodeDeploy::DeploymentConfig" => {
            "what CodeDeploy does is written in the timeline, as `createDeployment`"
        }
        "AWS::CloudWatch::CompositeAlarm" | "AWS::CloudWatch::AnomalyDetector" => {
            "composite alarms and anomaly detectors are not simulated"
        }
        "AWS::EC2::Instance" => {
            "an instance outside a group; if it joins the cluster, write it under `containerInstances`"
        }
        "AWS::EC2::SpotFleet" | "AWS::EC2::EC2Fleet" => "fleets outside Auto Scaling groups are not simulated",
        "AWS::EC2::CapacityReservation" => "Capacity Reservations are not simulated",
        name if is_trunking(name) => {
            "it is taken to turn on ENI trunking: `accountSettings: {awsvpcTrunking: enabled}` stands in for it"
        }
        name if name.starts_with("Custom::") || name == "AWS::CloudFormation::CustomResource" => {
            "what a custom resource does, only its function knows"
        }
        "AWS::CloudFormation::Stack" => {
            "a nested stack, which is left out with all it holds; import its template along with this one"
        }
        name if name.ends_with("::MODULE") => "a module, which is left out; import the processed template",
        "AWS::CloudFormation::Macro" => return None,
        "AWS::ElasticLoadBalancingV2::ListenerRule" | "AWS::ElasticLoadBalancingV2::Listener" => return None,
        "AWS::Batch::ComputeEnvironment" | "AWS::Batch::JobQueue" | "AWS::Batch::JobDefinition" => {
            "AWS Batch is not simulated"
        }
        "AWS::StepFunctions::StateMachine" => "tasks that a state machine starts are written under `workload`",
        "AWS::Pipes::Pipe" => "tasks that a pipe starts are written under `workload`",
        name if name.starts_with("AWS::Serverless::") && name.contains("Function") => return None,
        name if name.starts_with("AWS::AutoScalingPlans") => "scaling plans are not simulated",
        name if name.starts_with("AWS::VpcLattice") => "VPC Lattice is not simulated",
        name if name.starts_with("AWS::ECS::") => "this version does not know the type",
        _ => return None,
    })
}

/// Whether a custom resource turns on ENI trunking, going by its name: CloudFormation has no resource that does.
fn is_trunking(name: &str) -> bool {
    name.starts_with("Custom::") && name.to_ascii_lowercase().contains("trunking")
}

impl Import<'_> {
    /// The objects of a template.
    pub(super) fn template(&mut self, path: &str, root: &Node) {
        let stack = stem(path).replace('_', "-");
        self.stack.get_or_insert_with(|| stack.clone());
        if let Some(about) = root.get("Description").filter(|node| node.as_str().is_some()) {
            self.description.get_or_insert_with(|| about.clone());
        }
        let mut extended = false;
        for given in elements(root.get("Transform")) {
            // A macro with parameters is a map.
            let name = as_text(given).or_else(|| find(given, "Name").and_then(as_text)).unwrap_or("Transform");
            extended |= name == "AWS::LanguageExtensions";
            let message = match name {
                "AWS::LanguageExtensions" => continue,
                name if name.starts_with("AWS::Serverless") => format!(
                    "the macro `{}` is not applied: what it makes of functions and APIs is left out",
                    shown(name)
                ),
                "AWS::Include" => {
                    "`AWS::Include` is not applied: the part of the template that it fetches is left out; \
                     put it in by hand"
                        .to_owned()
                }
                name => format!(
                    "the macro `{}` is not applied: what it would make or change is left out; import the processed \
                     template, which `aws cloudformation get-template --template-stage Processed` prints",
                    shown(name)
                ),
            };
            self.findings.lost(message, Some(given.span));
        }
        let expanded;
        let root = if super::loops::are_in(root) {
            if !extended {
                let message =
                    "`Fn::ForEach` is worked out, but AWS does so only with `Transform: AWS::LanguageExtensions`";
                self.findings.note(message, Some(root.span).map(|span| Span::new(span.file, span.start, span.start)));
            }
            expanded = self.without_loops(&stack, root);
            &expanded
        } else {
            root
        };
        let Some(resources) = root.get("Resources").and_then(Node::as_map) else { return };
        let mut found = Vec::new();
        let mut trunking = false;
        let mut evaluator = Evaluator::new(
            root,
            &stack,
            &self.options.parameters,
            &mut self.places,
            &mut self.findings,
            &mut self.diagnostics,
        );
        // Where subnets lie comes first: others ask for it.
        let is_subnet = |entry: &&crate::document::Entry| kind_of(entry) == "AWS::EC2::Subnet";
        let (subnets, others): (Vec<_>, Vec<_>) = resources.iter().partition(is_subnet);
        for entry in subnets.into_iter().chain(others) {
            let name = kind_of(entry);
            if entry.key.starts_with("Fn::") {
                let message = format!("`{}` among the resources is a macro, and is left out", shown(&entry.key));
                evaluator.findings.lost(message, Some(entry.key_span));
                continue;
            }
            if name.is_empty() {
                let message = format!("the resource `{}` has no `Type`", shown(&entry.key));
                evaluator.diagnostics.push(
                    crate::diagnostic::Diagnostic::error("E412", message)
                        .label(entry.key_span, "this resource")
                        .help("for example `Type: AWS::ECS::Service`"),
                );
                continue;
            }
            if let Some(condition) = entry.value.get("Condition") {
                let holds = as_text(condition).and_then(|name| evaluator.condition(name, condition.span));
                if holds != Some(true) {
                    if holds.is_some() {
                        let condition = as_text(condition).unwrap_or_default();
                        let message = format!("`{}` is not made: its condition `{condition}` does not hold", entry.key);
                        evaluator.findings.note(message, Some(entry.key_span));
                    }
                    continue;
                }
            }
            let Some(kind) = kind(name) else {
                trunking |= is_trunking(name);
                match loss(name) {
                    Some(why) => {
                        let article = if name.starts_with('A') { "an" } else { "a" };
                        let message = format!("`{}`, {article} {}: {why}", entry.key, shown(name));
                        evaluator.findings.lost(message, Some(entry.key_span));
                    }
                    None => evaluator.findings.unneeded(name),
                }
                continue;
            };
            for (attribute, what) in [("UpdatePolicy", "UpdatePolicy"), ("CreationPolicy", "CreationPolicy")] {
                if entry.value.get(attribute).is_some() {
                    evaluator.findings.unneeded(what);
                }
            }
            let empty = Node::new(NodeKind::Map(Default::default()), entry.value.span);
            let properties = entry.value.get("Properties").unwrap_or(&empty);
            let Some(node) = evaluator.value(properties) else { continue };
            let physical = evaluator.resource_name(entry);
            let node = named(kind, name, node, &physical, entry.key_span);
            if kind == Kind::Subnet {
                let zone = find(&node, "AvailabilityZone").and_then(as_text).map(str::to_owned);
                match zone {
                    Some(zone) => evaluator.places.subnet(&physical, &zone),
                    None => drop(evaluator.places.zone_of(&physical)),
                }
                continue;
            }
            found.push(Object { kind, node, dialect: Dialect::Template });
        }
        self.objects.extend(found);
        self.trunking |= trunking;
        for section in ["Rules", "Hooks"] {
            if root.get(section).is_some() {
                self.findings.unneeded(section);
            }
        }
    }
}

/// The properties with the name that the resource has, under the key that the API uses.
fn named(kind: Kind, resource_type: &str, mut node: Node, name: &str, at: Span) -> Node {
    if node.as_map().is_none() {
        node = map([], at);
    }
    let key = match kind {
        Kind::TaskDefinition => "family",
        Kind::Service => "serviceName",
        Kind::Cluster => "clusterName",
        Kind::CapacityProvider => "name",
        Kind::Group => "autoScalingGroupName",
        Kind::LaunchTemplate => "launchTemplateName",
        Kind::LaunchConfiguration => "launchConfigurationName",
        Kind::TargetGroup => "targetGroupName",
        Kind::Balancer if resource_type == "AWS::ElasticLoadBalancing::LoadBalancer" => "loadBalancerName",
        Kind::Balancer => "name",
        Kind::GroupPolicy | Kind::ServicePolicy => "policyName",
        Kind::Alarm => "alarmName",
        Kind::GroupSchedule => "scheduledActionName",
        Kind::LifecycleHook => "lifecycleHookName",
        Kind::EventRule | Kind::Schedule => "name",
        _ => return node,
    };
    let given = ["Name", key].into_iter().find_map(|key| find(&node, key)).filter(|_| kind != Kind::LifecycleHook);
    let value = given.and_then(|given| as_text(given).map(|name| text(name, given.span)));
    let value = value.or_else(|| {
        let hook = find(&node, "LifecycleHookName")?;
        Some(text(as_text(hook)?, hook.span))
    });
    super::node::take(&mut node, key);
    if kind == Kind::TargetGroup {
        super::node::take(&mut node, "Name");
    }
    // Names of target groups have at most 32 letters.
    let default = if kind == Kind::TargetGroup { name.chars().take(32).collect() } else { name.to_owned() };
    set(&mut node, key, value.unwrap_or_else(|| text(default, at)));
    node
}
