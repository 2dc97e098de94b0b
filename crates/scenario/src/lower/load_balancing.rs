//! Target groups and load balancers with every default filled in, and what services say of them (LB-001, LB-012, LB-013,
//! LB-020, LB-030, LB-031, QTA-011).
//!
//! A target group that services name and nobody describes is one of an Application Load Balancer with AWS's defaults. A
//! Classic Load Balancer counts as a target group of its own.

use std::collections::{BTreeMap, BTreeSet};

use ecsim_cluster::definitions::{NetworkMode, ServiceRouting, TargetEnd, TaskDefinition};
use ecsim_cluster::targets::{BalancerKind, RoutingAlgorithm, TargetCheck, TargetGroupDefinition};
use ecsim_cluster::{TargetGroupId, TaskDefinitionId, arn};
use ecsim_engine::model::HealthBehavior;
use ecsim_kernel::Span;

use super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws::{self, TargetGroupProtocol, TargetType};

/// What lowering knows of target groups.
#[derive(Default)]
pub(crate) struct Balancing {
    groups: BTreeMap<String, (TargetGroupId, Option<TargetType>)>,
    classics: BTreeMap<String, TargetGroupId>,
    /// Target groups of which something is so wrong that nobody complains about their names again.
    broken: BTreeSet<String>,
    pub(super) behaviors: BTreeMap<TargetGroupId, HealthBehavior>,
}

/// Attributes of target groups that the simulation does not need.
const KEPT_ATTRIBUTES: [&str; 17] = [
    "deregistration_delay.connection_termination.enabled",
    "lambda.multi_value_headers.enabled",
    "preserve_client_ip.enabled",
    "proxy_protocol_v2.enabled",
    "stickiness.type",
    "stickiness.app_cookie.cookie_name",
    "stickiness.app_cookie.duration_seconds",
    "stickiness.lb_cookie.duration_seconds",
    "target_failover.on_deregistration",
    "target_failover.on_unhealthy",
    "target_group_health.dns_failover.minimum_healthy_targets.count",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
    "target_health_state.unhealthy.connection_termination.enabled",
    "target_health_state.unhealthy.draining_interval_seconds",
    "flow_stickiness.type",
];

/// Attributes of target groups that it needs.
const ATTRIBUTES: [&str; 6] = [
    "deregistration_delay.timeout_seconds",
    "slow_start.duration_seconds",
    "load_balancing.algorithm.type",
    "load_balancing.algorithm.anomaly_mitigation",
    "load_balancing.cross_zone.enabled",
    "stickiness.enabled",
];

/// The name of a target group that is named by its ARN or its name.
fn name_of(arn: &str) -> &str {
    match arn.split_once(":targetgroup/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
        None => arn,
    }
}

impl<'a> Context<'a> {
    /// Target groups and Classic Load Balancers, in name order.
    pub(super) fn lower_load_balancers(&mut self) {
        let scenario = self.scenario;
        let mut groups: BTreeMap<(bool, String), (TargetGroupDefinition, Option<TargetType>)> = BTreeMap::new();
        let cross_zone = self.cross_zone_of_balancers();
        for (index, given) in scenario.target_groups.iter().enumerate() {
            let at = self.at("targetGroups").index(index);
            let definition = self.target_group(given, &cross_zone, &at);
            let key = (false, given.target_group_name.clone());
            if groups.insert(key, (definition, given.target_type)).is_some() {
                let message = format!("two target groups are called `{}`", shown(&given.target_group_name));
                let help = Some("names are unique in an account and Region".into());
                self.error(&at.key("targetGroupName"), "E302", message, help);
            }
        }
        for (index, given) in scenario.load_balancers.iter().enumerate() {
            let at = self.at("loadBalancers").index(index);
            let Some(name) = self.classic_name(given, &at) else { continue };
            let definition = self.classic(given, &name, &at);
            if groups.insert((true, name.clone()), (definition, Some(TargetType::Instance))).is_some() {
                let message = format!("two Classic Load Balancers are called `{}`", shown(&name));
                self.error(&at, "E302", message, None);
            }
        }
        for (is_classic, name) in self.named_by_services() {
            let default = if is_classic {
                (self.classic_default(&name), Some(TargetType::Instance))
            } else {
                let arn = arn::target_group_arn(&self.definitions, &name);
                (self.registration_of(TargetGroupDefinition { arn, ..TargetGroupDefinition::application(&name) }), None)
            };
            groups.entry((is_classic, name)).or_insert(default);
        }
        for ((is_classic, name), (definition, kind)) in groups {
            let id = self.definitions.target_groups.push(definition);
            if is_classic {
                self.balancing.classics.insert(name, id);
            } else {
                self.balancing.groups.insert(name, (id, kind));
            }
        }
        for (name, behavior) in &scenario.behavior.target_groups {
            let at = self.at("behavior").key("targetGroups").key(name);
            let known = self.balancing.groups.get(name).map(|(id, _)| *id);
            match known.or_else(|| self.balancing.classics.get(name).copied()) {
                Some(id) => {
                    let behavior = self.health_behavior(behavior, &at);
                    self.balancing.behaviors.insert(id, behavior);
                }
                None => self.unknown_target_group(name, &at),
            }
        }
    }

    fn unknown_target_group(&mut self, name: &str, at: &Locator<'a>) {
        let known: Vec<String> = self.balancing.groups.keys().chain(self.balancing.classics.keys()).cloned().collect();
        self.unknown(at, "target group", name, known.iter().map(String::as_str));
    }

    /// Names that services use: whether of a Classic Load Balancer, and the name.
    fn named_by_services(&self) -> BTreeSet<(bool, String)> {
        let scenario = self.scenario;
        let created = scenario.timeline.iter().filter_map(|entry| entry.create_service.as_ref());
        let updated = scenario.timeline.iter().filter_map(|entry| entry.update_service.as_ref());
        let updated = updated.filter_map(|update| update.load_balancers.as_ref());
        let lists = scenario.services.iter().chain(created).map(|service| &service.load_balancers).chain(updated);
        lists
            .flatten()
            .flat_map(|balancer| {
                let alternate = balancer.advanced_configuration.as_ref();
                let alternate = alternate.and_then(|advanced| advanced.alternate_target_group_arn.as_deref());
                [
                    balancer.target_group_arn.as_deref().map(|arn| (false, name_of(arn))),
                    alternate.map(|arn| (false, name_of(arn))),
                    balancer.load_balancer_name.as_deref().map(|name| (true, name)),
                ]
            })
            .flatten()
            .map(|(classic, name)| (classic, name.to_owned()))
            .collect()
    }

    /// `load_balancing.cross_zone.enabled` of load balancers, by the target groups that their listeners forward to.
    fn cross_zone_of_balancers(&mut self) -> BTreeMap<String, bool> {
        let scenario = self.scenario;
        let mut found = BTreeMap::new();
        for (index, balancer) in scenario.load_balancers.iter().enumerate() {
            let at = self.at("loadBalancers").index(index).key("attributes");
            let mut cross_zone = None;
            for (number, attribute) in balancer.attributes.iter().enumerate() {
                if attribute.key == "load_balancing.cross_zone.enabled" {
                    cross_zone = self.flag(attribute, &at.clone().index(number));
                }
            }
            let Some(cross_zone) = cross_zone else { continue };
            let actions = balancer.listeners.iter().flat_map(|listener| &listener.default_actions);
            for group in actions.filter_map(|action| action.target_group_arn.as_deref()) {
                found.insert(name_of(group).to_owned(), cross_zone);
            }
        }
        found
    }

    fn target_group(
        &mut self,
        given: &aws::TargetGroup,
        cross_zone: &BTreeMap<String, bool>,
        at: &Locator<'a>,
    ) -> TargetGroupDefinition {
        let name = &given.target_group_name;
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(good) || name.starts_with('-') || name.ends_with('-')
        {
            let message = format!("`{}` is no name of a target group", shown(name));
            let help = "1 to 32 letters, digits and hyphens, no hyphen first or last";
            self.error(&at.clone().key("targetGroupName"), "E340", message, Some(help.into()));
        }
        if let Some(arn) = given.target_group_arn.as_deref().filter(|arn| name_of(arn) != name) {
            let message = format!("the ARN is that of the target group `{}`", shown(name_of(arn)));
            self.error(&at.clone().key("targetGroupArn"), "E376", message, None);
        }
        let protocol = given.protocol.unwrap_or_default();
        let balancer = match protocol {
            TargetGroupProtocol::Http | TargetGroupProtocol::Https => BalancerKind::Application,
            _ => BalancerKind::Network,
        };
        if protocol == TargetGroupProtocol::Geneve {
            let help = Some("ECS registers tasks with Application, Network and Classic Load Balancers".into());
            self.error(&at.clone().key("protocol"), "E376", "a Gateway Load Balancer does not go with ECS", help);
        }
        if let Some(kind @ (TargetType::Lambda | TargetType::Alb)) = given.target_type {
            let message = format!("tasks cannot be targets of a target group of type {}", kind.as_str());
            self.error(&at.clone().key("targetType"), "E376", message, Some("write instance or ip (LB-001)".into()));
        }
        if given.health_check_enabled == Some(false) {
            let message = "Health check enabled must be true for target groups with target type instance or ip";
            self.error(&at.clone().key("healthCheckEnabled"), "E376", message, None);
        }
        let http = |protocol| matches!(protocol, TargetGroupProtocol::Http | TargetGroupProtocol::Https);
        // LB-012, LB-013.
        let timeout = match balancer {
            BalancerKind::Network if given.health_check_protocol.is_some_and(http) => 6,
            BalancerKind::Network => 10,
            BalancerKind::Application | BalancerKind::Classic => 5,
        };
        let interval = given.health_check_interval_seconds.unwrap_or(30);
        if let Some(timeout) = given.health_check_timeout_seconds.filter(|timeout| *timeout > interval) {
            let message =
                format!("Health check timeout '{timeout}' must be smaller than or equal to the interval '{interval}'");
            self.error(&at.clone().key("healthCheckTimeoutSeconds"), "E376", message, None);
        }
        let seconds = |value: u32| Span::from_secs(u64::from(value));
        let check = TargetCheck {
            interval: seconds(interval),
            timeout: seconds(given.health_check_timeout_seconds.unwrap_or(timeout.min(interval))),
            healthy: given.healthy_threshold_count.unwrap_or(5),
            unhealthy: given.unhealthy_threshold_count.unwrap_or(2),
        };
        let arn = given.target_group_arn.clone();
        let arn = arn.unwrap_or_else(|| arn::target_group_arn(&self.definitions, name));
        let network = balancer == BalancerKind::Network;
        let definition = TargetGroupDefinition {
            arn,
            balancer,
            check,
            algorithm: if network { RoutingAlgorithm::FlowHash } else { RoutingAlgorithm::RoundRobin },
            cross_zone: cross_zone.get(name).copied().unwrap_or(!network),
            ..TargetGroupDefinition::application(name)
        };
        let definition = self.attributes(given, definition, at);
        self.registration_of(definition)
    }

    /// LB-010, LB-011, LB-015: how long registration takes, and how many passes come first.
    fn registration_of(&mut self, definition: TargetGroupDefinition) -> TargetGroupDefinition {
        let settings = &self.scenario.settings;
        let (first_probe, initial_passes) = match definition.balancer {
            BalancerKind::Application => (settings.alb_registration_s, settings.alb_initial_passes),
            BalancerKind::Network => {
                (settings.nlb_registration_s, settings.nlb_initial_passes.unwrap_or(definition.check.healthy))
            }
            BalancerKind::Classic => (settings.alb_registration_s, definition.check.healthy),
        };
        // ECS's own part is as long with a Network Load Balancer, which then takes its time.
        let registration = first_probe.0.min(settings.alb_registration_s.0);
        let before_probes = first_probe.0.saturating_sub(registration);
        TargetGroupDefinition { registration, before_probes, initial_passes, ..definition }
    }

    fn flag(&mut self, attribute: &aws::BalancerAttribute, at: &Locator<'a>) -> Option<bool> {
        match attribute.value.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "use_load_balancer_configuration" if attribute.key == "load_balancing.cross_zone.enabled" => None,
            other => {
                let message = format!("`{}` cannot be `{}`", attribute.key, shown(other));
                self.error(&at.clone().key("value"), "E376", message, Some("write \"true\" or \"false\"".into()));
                None
            }
        }
    }

    /// A number of seconds within bounds; 0 is always possible.
    fn seconds_of(
        &mut self,
        attribute: &aws::BalancerAttribute,
        least: u32,
        most: u32,
        rule: &str,
        at: &Locator<'a>,
    ) -> Option<Span> {
        let value = attribute.value.as_str().parse::<u32>().ok().filter(|it| *it == 0 || (least..=most).contains(it));
        if value.is_none() {
            let range = if least > 0 { format!("0, or {least} to {most}") } else { format!("0 to {most}") };
            let message = format!("`{}` cannot be `{}`", attribute.key, shown(&attribute.value));
            let help = format!("it is a whole number of seconds: {range} ({rule})");
            self.error(&at.clone().key("value"), "E376", message, Some(help));
        }
        value.map(|value| Span::from_secs(u64::from(value)))
    }

    fn attributes(
        &mut self,
        given: &aws::TargetGroup,
        mut definition: TargetGroupDefinition,
        at: &Locator<'a>,
    ) -> TargetGroupDefinition {
        let network = definition.balancer == BalancerKind::Network;
        let mut seen = BTreeSet::new();
        let mut slow_at = None;
        for (index, attribute) in given.attributes.iter().enumerate() {
            let at = at.clone().key("attributes").index(index);
            let key = attribute.key.as_str();
            if !seen.insert(key) {
                let message = format!("the attribute `{}` is given twice", shown(key));
                self.error(&at.clone().key("key"), "E302", message, None);
            }
            match key {
                "deregistration_delay.timeout_seconds" => {
                    if let Some(delay) = self.seconds_of(attribute, 0, 3_600, "LB-020", &at) {
                        definition.deregistration_delay = delay;
                    }
                }
                "slow_start.duration_seconds" if !network => {
                    if let Some(duration) = self.seconds_of(attribute, 30, 900, "LB-031", &at) {
                        definition.slow_start = duration;
                        slow_at = Some(at);
                    }
                }
                "load_balancing.algorithm.type" if !network => {
                    definition.algorithm = match attribute.value.as_str() {
                        "round_robin" => RoutingAlgorithm::RoundRobin,
                        "least_outstanding_requests" => RoutingAlgorithm::LeastOutstandingRequests,
                        "weighted_random" => RoutingAlgorithm::WeightedRandom,
                        other => {
                            let message = format!("unknown algorithm `{}`", shown(other));
                            let help = "there is round_robin, least_outstanding_requests, weighted_random (LB-030)";
                            self.error(&at.key("value"), "E376", message, Some(help.into()));
                            continue;
                        }
                    };
                }
                "load_balancing.algorithm.anomaly_mitigation" if !network => match attribute.value.as_str() {
                    "on" | "off" => definition.anomaly_mitigation = attribute.value.as_str() == "on",
                    other => {
                        let message = format!("`{key}` cannot be `{}`", shown(other));
                        self.error(&at.key("value"), "E376", message, Some("write \"on\" or \"off\"".into()));
                    }
                },
                "load_balancing.cross_zone.enabled" => {
                    if let Some(enabled) = self.flag(attribute, &at) {
                        definition.cross_zone = enabled;
                    }
                }
                "stickiness.enabled" => definition.stickiness = self.flag(attribute, &at).unwrap_or(false),
                _ if KEPT_ATTRIBUTES.contains(&key) => {}
                _ if ATTRIBUTES.contains(&key) => {
                    let message = format!("`{key}` is no attribute of a Network Load Balancer's target group");
                    self.error(&at.key("key"), "E376", message, Some("leave it out (LB-030)".into()));
                }
                _ => self.unknown(&at.key("key"), "attribute of a target group", key, ATTRIBUTES),
            }
        }
        if let Some(at) = slow_at.filter(|_| !definition.slow_start.is_zero() && !definition.starts_slowly()) {
            let message = "slow start goes with the algorithm round_robin only (LB-031)";
            self.error(&at, "E376", message, Some("write \"0\", or choose round_robin".into()));
        }
        if definition.anomaly_mitigation && definition.algorithm != RoutingAlgorithm::WeightedRandom {
            let at = at.clone().key("attributes");
            self.error(&at, "E376", "anomaly mitigation goes with the algorithm weighted_random only (LB-030)", None);
        }
        definition
    }

    /// The name of a Classic Load Balancer; nothing for one of another type.
    fn classic_name(&mut self, given: &aws::Balancer, at: &Locator<'a>) -> Option<String> {
        let name = given.load_balancer_name.as_ref().or(given.name.as_ref());
        let kind = given.kind.unwrap_or(if given.load_balancer_name.is_some() {
            aws::BalancerType::Classic
        } else {
            aws::BalancerType::Application
        });
        if name.is_none() {
            self.error(at, "E376", "a load balancer without a name", Some("write `name`".into()));
        }
        if kind != aws::BalancerType::Classic {
            if given.health_check.is_some() {
                let help = Some("target groups have the health checks of the others".into());
                let place = at.clone().key("healthCheck");
                self.error(&place, "E376", "only a Classic Load Balancer has a health check of its own", help);
            }
            return None;
        }
        name.cloned()
    }

    fn classic_default(&mut self, name: &str) -> TargetGroupDefinition {
        let base = TargetGroupDefinition::application(name);
        let check = TargetCheck { healthy: 10, ..base.check };
        self.registration_of(TargetGroupDefinition { balancer: BalancerKind::Classic, check, ..base })
    }

    fn classic(&mut self, given: &aws::Balancer, name: &str, at: &Locator<'a>) -> TargetGroupDefinition {
        let mut definition = self.classic_default(name);
        let check = given.health_check.clone().unwrap_or_default();
        let seconds = |given: Option<u32>, default: Span| given.map_or(default, |it| Span::from_secs(u64::from(it)));
        definition.check = TargetCheck {
            interval: seconds(check.interval, definition.check.interval),
            timeout: seconds(check.timeout, definition.check.timeout),
            healthy: check.healthy_threshold.unwrap_or(definition.check.healthy),
            unhealthy: check.unhealthy_threshold.unwrap_or(definition.check.unhealthy),
        };
        for (index, attribute) in given.attributes.iter().enumerate() {
            let at = at.clone().key("attributes").index(index);
            if matches!(attribute.key.as_str(), "connection_draining.timeout" | "connectionDraining.timeout")
                && let Some(delay) = self.seconds_of(attribute, 0, 3_600, "LB-020", &at)
            {
                definition.deregistration_delay = delay;
            }
        }
        self.registration_of(definition)
    }

    /// The load balancers and registries of a service or of a call that changes it: the target groups of its tasks, and how
    /// else they are found.
    pub(super) fn routing(
        &mut self,
        balancers: &[aws::LoadBalancer],
        registries: &[aws::ServiceRegistry],
        connect: Option<&aws::ServiceConnectConfiguration>,
        task_definition: TaskDefinitionId,
        at: &Locator<'a>,
    ) -> (Vec<TargetGroupId>, ServiceRouting) {
        let source = self.source_of(task_definition);
        let definition = self.definitions.task_definitions[task_definition].clone();
        let mut groups = Vec::new();
        let mut routing = ServiceRouting {
            discovery: !registries.is_empty(),
            mesh: connect.is_some_and(|connect| connect.enabled) || source.proxy_configuration.is_some(),
            ..ServiceRouting::default()
        };
        if registries.len() > 1 {
            let message = format!("{} registries, a service has at most one (LB-040)", registries.len());
            self.error(&at.clone().key("serviceRegistries"), "E377", message, None);
        }
        for (index, balancer) in balancers.iter().enumerate() {
            let at = at.clone().key("loadBalancers").index(index);
            let group = match (&balancer.target_group_arn, &balancer.load_balancer_name) {
                (Some(arn), None) => self.find_target_group(arn, &definition, &at.clone().key("targetGroupArn")),
                (None, Some(name)) => self.find_classic(name, &definition, &at.clone().key("loadBalancerName")),
                (Some(_), Some(_)) => {
                    let message = "loadBalancerName and targetGroupArn cannot both be specified.";
                    self.error(&at, "E377", message, Some("leave one of them out".into()));
                    None
                }
                (None, None) => {
                    let help = Some("write `targetGroupArn`, the name or ARN of an entry of targetGroups".into());
                    self.error(&at, "E377", "a load balancer that is not named", help);
                    None
                }
            };
            let Some(group) = group else { continue };
            if groups.contains(&group) {
                let name = &self.definitions.target_groups[group].name;
                let message = format!("the target group `{}` is named twice", shown(name));
                self.error(&at, "E377", message, None);
                continue;
            }
            let advanced = balancer.advanced_configuration.as_ref();
            let alternate = advanced.and_then(|advanced| advanced.alternate_target_group_arn.as_ref());
            let place = at.clone().key("advancedConfiguration").key("alternateTargetGroupArn");
            let alternate = alternate.and_then(|arn| self.find_target_group(arn, &definition, &place));
            if alternate == Some(group) {
                let message = "the alternate target group is the target group itself";
                self.error(&place, "E377", message, Some("blue/green needs two (DEP-061)".into()));
            }
            routing.test_listener |= advanced.is_some_and(|advanced| advanced.test_listener_rule.is_some());
            let end = self.target_end(balancer, source, &definition, &at);
            groups.push(group);
            routing.ends.push(end);
            routing.alternates.push(alternate);
        }
        (groups, routing)
    }

    fn find_target_group(&mut self, arn: &str, definition: &TaskDefinition, at: &Locator<'a>) -> Option<TargetGroupId> {
        let name = name_of(arn);
        let Some((id, kind)) = self.balancing.groups.get(name).copied() else {
            if !self.balancing.broken.contains(name) {
                self.unknown_target_group(name, at);
            }
            return None;
        };
        if !self.scenario.target_groups.iter().any(|group| group.target_group_name == name)
            && self.balancing.broken.insert(name.to_owned())
        {
            let message = format!("the target group `{}` is not described", shown(name));
            let help = "it counts as one of an Application Load Balancer with AWS's defaults; an entry of `targetGroups:` \
                        says otherwise";
            self.warning(at, "W376", message, Some(help.into()));
        }
        let needed = match definition.network_mode {
            NetworkMode::Awsvpc => (TargetType::Ip, "awsvpc"),
            NetworkMode::Bridge => (TargetType::Instance, "bridge"),
            NetworkMode::Host => (TargetType::Instance, "host"),
            NetworkMode::None => (TargetType::Instance, "none"),
        };
        if let Some(kind) =
            kind.filter(|kind| *kind != needed.0 && matches!(kind, TargetType::Instance | TargetType::Ip))
        {
            let message = format!(
                "The provided target group {} has target type {}, which is incompatible with the {} network mode specified in the task definition.",
                shown(arn),
                kind.as_str(),
                needed.1
            );
            let help = format!("write `targetType: {}` there (LB-001)", needed.0.as_str());
            self.error(at, "E377", message, Some(help));
        }
        Some(id)
    }

    fn find_classic(&mut self, name: &str, definition: &TaskDefinition, at: &Locator<'a>) -> Option<TargetGroupId> {
        if definition.network_mode == NetworkMode::Awsvpc {
            let message = "Classic Load Balancers are not supported with the awsvpc network mode";
            self.error(at, "E377", message, Some("use a target group (LB-001)".into()));
        }
        self.balancing.classics.get(name).copied()
    }

    /// Which container is reached, and at which port (LB-002).
    fn target_end(
        &mut self,
        balancer: &aws::LoadBalancer,
        source: &aws::TaskDefinition,
        definition: &TaskDefinition,
        at: &Locator<'a>,
    ) -> TargetEnd {
        let containers = &source.container_definitions;
        let index = match &balancer.container_name {
            Some(name) => containers.iter().position(|container| container.name == *name),
            None => containers.iter().position(|container| container.essential.unwrap_or(true)),
        };
        let Some(index) = index else {
            let name = balancer.container_name.as_deref().unwrap_or_default();
            let known = containers.iter().map(|container| container.name.as_str());
            self.unknown(&at.clone().key("containerName"), "container", name, known);
            return TargetEnd::default();
        };
        let container = u8::try_from(index).unwrap_or(0);
        let Some(port) = balancer.container_port else { return TargetEnd { container, port: 0 } };
        let reached = &containers[index];
        let mapping = reached.port_mappings.iter().find(|mapping| mapping.container_port == Some(port));
        let Some(mapping) = mapping else {
            let message =
                format!("The container {} did not have a container port {port} defined.", shown(&reached.name));
            let help = format!("give it `portMappings: [{{containerPort: {port}}}]` in the task definition (LB-002)");
            self.warning(&at.clone().key("containerPort"), "W377", message, Some(help));
            return TargetEnd { container, port };
        };
        let port = match definition.network_mode {
            NetworkMode::Awsvpc | NetworkMode::Host => port,
            NetworkMode::Bridge | NetworkMode::None => mapping.host_port.unwrap_or(0),
        };
        TargetEnd { container, port }
    }

    /// `healthCheckGracePeriodSeconds`: only of a service with a load balancer (SVC-014).
    pub(super) fn grace_period(&mut self, given: Option<u32>, balanced: bool, at: &Locator<'a>) -> Span {
        let Some(seconds) = given else { return Span::ZERO };
        let place = at.clone().key("healthCheckGracePeriodSeconds");
        if seconds > i32::MAX as u32 {
            let message = format!("{seconds} s of grace, at most {} are possible (SVC-014)", i32::MAX);
            self.error(&place, "E024", message, None);
        }
        if !balanced {
            let message = "Health check grace period is only valid for services configured to use load balancers";
            self.error(
                &place,
                "E377",
                message,
                Some("leave it out, or give the service `loadBalancers` (SVC-014)".into()),
            );
        }
        Span::from_secs(u64::from(seconds))
    }
}
