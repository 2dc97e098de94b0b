//! Services as created: defaults, quotas, and what AWS rejects (PLC-050, PLC-051, AZR-001 to AZR-003, SVC-002).

use ecsim_cluster::definitions::{LaunchType, SchedulingStrategy, ServiceDefinition};
use ecsim_cluster::{ServiceId, SubnetId};
use ecsim_policies::services::zone_rebalancing::{Eligibility, First};

use super::placement::Caller;
use super::Context;
use crate::document::Locator;
use crate::schema::aws;

/// A service and where it is written.
struct Written<'s, 'a> {
    service: &'s aws::Service,
    at: Locator<'a>,
    from_start: bool,
}

impl<'a> Context<'a> {
    /// Services of `services:` and of the timeline's `createService`, in name order.
    pub(super) fn lower_services(&mut self) {
        let scenario = self.scenario;
        for (index, definition) in scenario.task_definitions.iter().enumerate() {
            let at = self.at("taskDefinitions").index(index);
            self.check_definition_constraints(definition, &at);
        }
        let mut written: Vec<Written<'_, 'a>> = Vec::new();
        for (index, service) in scenario.services.iter().enumerate() {
            written.push(Written { service, at: self.at("services").index(index), from_start: true });
        }
        for (index, entry) in scenario.timeline.iter().enumerate() {
            if let Some(service) = &entry.create_service {
                let at = self.at("timeline").index(index).key("createService");
                written.push(Written { service, at, from_start: false });
            }
        }
        written.sort_by(|a, b| a.service.service_name.cmp(&b.service.service_name));
        for pair in written.windows(2) {
            if pair[0].service.service_name == pair[1].service.service_name {
                let diagnostic = pair[1]
                    .at
                    .error("E302", format!("two services are called `{}`", pair[1].service.service_name), "this one")
                    .label(pair[0].at.span(), "and this one");
                self.push(diagnostic);
            }
        }
        let limit = scenario.settings.services_per_cluster as usize;
        if written.len() > limit {
            let at = self.at("services");
            let message = format!("{} services, the quota of a cluster is {limit} (QTA-003)", written.len());
            self.error(&at, "E330", message, None);
        }
        for Written { service, at, from_start } in written {
            if let Some(definition) = self.service(service, &at, from_start) {
                let id = self.definitions.services.push(definition);
                self.service_ids.insert(service.service_name.clone(), id);
            }
        }
    }

    fn service(&mut self, given: &aws::Service, at: &Locator<'a>, exists_at_start: bool) -> Option<ServiceDefinition> {
        let name = &given.service_name;
        if name.is_empty() || name.len() > 255 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            self.error(
                &at.clone().key("serviceName"),
                "E340",
                format!("`{name}` is no service name"),
                Some("up to 255 letters, digits, - and _".into()),
            );
        }
        let Some(definition_name) = &given.task_definition else {
            self.error(at, "E346", format!("service `{name}` names no task definition"), None);
            return None;
        };
        let id = self.find_task_definition(definition_name, &at.clone().key("taskDefinition"))?;
        let source = self.source_of(id);
        let scheduling = match given.scheduling_strategy.unwrap_or_default() {
            aws::SchedulingStrategy::Replica => SchedulingStrategy::Replica,
            aws::SchedulingStrategy::Daemon => SchedulingStrategy::Daemon,
        };
        let launch_type = self.launch_type(given.launch_type, source, !given.placement_strategy.is_empty(), !given.placement_constraints.is_empty(), at);
        let daemon = scheduling == SchedulingStrategy::Daemon;
        let configuration = given.deployment_configuration.clone().unwrap_or_default();
        // SVC-002, PLC-051.
        let minimum = configuration.minimum_healthy_percent.unwrap_or(if daemon { 0 } else { 100 });
        let maximum = configuration.maximum_percent.unwrap_or(if daemon { 100 } else { 200 });
        let desired = given.desired_count.unwrap_or(if daemon { 0 } else { 1 });
        if daemon {
            let reject = |context: &mut Self, key: &str, what: &str| {
                let message = format!("The daemon scheduling strategy does not support {what}");
                context.error(&at.clone().key(key), "E353", message, Some("leave it out (PLC-051)".into()));
            };
            if !given.placement_strategy.is_empty() {
                reject(self, "placementStrategy", "placement strategies");
            }
            if given.desired_count.is_some() {
                reject(self, "desiredCount", "a desired count for services");
            }
            if maximum > 100 {
                reject(self, "deploymentConfiguration", "values above 100 for maximumPercent");
            }
        }
        let limit = self.scenario.settings.tasks_per_service;
        if desired > limit {
            let message = format!("{desired} tasks, the quota of a service is {limit} (QTA-004)");
            self.error(&at.clone().key("desiredCount"), "E330", message, Some("raise it with settings.tasks_per_service".into()));
        }
        if minimum > 100 && !daemon && minimum > maximum {
            self.error(&at.clone().key("deploymentConfiguration"), "E347", "minimumHealthyPercent exceeds maximumPercent", None);
        }
        for (key, number, most) in [
            ("loadBalancers", given.load_balancers.len(), self.scenario.settings.target_groups_per_service),
        ] {
            if number > most as usize {
                let message = format!("{number} target groups, at most {most} are allowed for a service (QTA-011)");
                self.error(&at.clone().key(key), "E330", message, None);
            }
        }
        self.check_tags(given.tags.len(), at);
        self.warn_later(given, at);
        let caller = if daemon { Caller::Daemon } else { Caller::Service };
        let strategies = if daemon { &[][..] } else { &given.placement_strategy[..] };
        let placement = self.placement(caller, strategies, &given.placement_constraints, source, at);
        let mut extra = Vec::new();
        if given.enable_execute_command == Some(true) {
            extra.push("ecs.capability.execute-command");
        }
        if given.service_connect_configuration.as_ref().is_some_and(|connect| connect.enabled) {
            extra.push("ecs.capability.service-connect-v1");
        }
        let task_definition = self.requiring(id, &extra);
        let subnets = self.subnets(given.network_configuration.as_ref(), task_definition, at);
        let rebalancing = self.rebalancing(given, daemon, maximum, launch_type, at);
        let group = self.definitions.groups.intern(&format!("service:{name}"));
        Some(ServiceDefinition {
            name: name.clone(),
            group,
            scheduling,
            launch_type,
            task_definition,
            desired_count: desired,
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
            placement,
            availability_zone_rebalancing: rebalancing,
            subnets,
            exists_at_start,
        })
    }

    /// AZR-001 to AZR-003: absent means ENABLED where it is possible; an explicit ENABLED where it is not is an error.
    fn rebalancing(
        &mut self,
        given: &aws::Service,
        daemon: bool,
        maximum: u32,
        launch_type: LaunchType,
        at: &Locator<'a>,
    ) -> bool {
        let first = given.placement_strategy.first().map(|first| match (first.kind, first.field.as_deref()) {
            (aws::PlacementStrategyType::Spread, Some(field)) => {
                field.strip_prefix("attribute:").map_or(First::Other, First::SpreadAttribute)
            }
            _ => First::Other,
        });
        let zone_constraint = given.placement_constraints.iter().any(|constraint| {
            constraint.expression.as_deref().is_some_and(|text| text.contains("ecs.availability-zone"))
        });
        let eligibility = Eligibility {
            scheduling: if daemon { SchedulingStrategy::Daemon } else { SchedulingStrategy::Replica },
            launch_type,
            first_strategy: first,
            zone_constraint,
            maximum_percent: maximum,
        };
        let asked = given.availability_zone_rebalancing.map(|value| value == aws::Enabled::Enabled);
        eligibility.on_create(asked).unwrap_or_else(|text| {
            let place = at.clone().key("availabilityZoneRebalancing");
            self.error(&place, "E354", text, Some("write DISABLED, or leave it out (AZR-003)".into()));
            false
        })
    }

    /// The launch type, with the texts of PLC-001 for Fargate.
    pub(super) fn launch_type(
        &mut self,
        given: Option<aws::LaunchType>,
        definition: &aws::TaskDefinition,
        has_strategies: bool,
        has_constraints: bool,
        at: &Locator<'a>,
    ) -> LaunchType {
        let place = at.clone().key("launchType");
        match given.unwrap_or_default() {
            aws::LaunchType::Ec2 => {
                let only_elsewhere = !definition.requires_compatibilities.is_empty()
                    && !definition.requires_compatibilities.contains(&aws::Compatibility::Ec2);
                if only_elsewhere {
                    self.error(
                        at,
                        "E348",
                        format!("the task definition `{}` does not support launch type EC2", definition.family),
                        Some("add EC2 to its requiresCompatibilities; Fargate is not part of this version".into()),
                    );
                }
                LaunchType::Ec2
            }
            aws::LaunchType::External => LaunchType::External,
            aws::LaunchType::Fargate => {
                let checked = ecsim_policies::placement::validate::fargate(usize::from(has_constraints), usize::from(has_strategies));
                if let Err(error) = checked {
                    self.error(&place, "E355", error.to_string(), None);
                }
                self.error(&place, "E348", "Fargate is not part of this version", Some("use EC2 or EXTERNAL".into()));
                LaunchType::Ec2
            }
            aws::LaunchType::ManagedInstances => {
                self.error(&place, "E348", "Managed Instances are not part of this version", Some("use EC2 or EXTERNAL".into()));
                LaunchType::Ec2
            }
        }
    }

    /// Subnets of an `awsvpc` task (PLC-007, QTA-010).
    pub(super) fn subnets(
        &mut self,
        given: Option<&aws::NetworkConfiguration>,
        definition: ecsim_cluster::TaskDefinitionId,
        at: &Locator<'a>,
    ) -> Vec<SubnetId> {
        let awsvpc = self.definitions.task_definitions[definition].requirements.eni;
        let place = at.clone().key("networkConfiguration").key("awsvpcConfiguration");
        let Some(configuration) = given.and_then(|given| given.awsvpc_configuration.as_ref()) else {
            if awsvpc && !self.scenario.vpc.subnets.is_empty() {
                self.error(
                    at,
                    "E349",
                    "a task of network mode awsvpc needs networkConfiguration.awsvpcConfiguration.subnets",
                    None,
                );
            }
            return Vec::new();
        };
        if !awsvpc {
            self.error(&place, "E349", "networkConfiguration is only for tasks of network mode awsvpc", None);
            return Vec::new();
        }
        let settings = &self.scenario.settings;
        for (key, number, most) in [
            ("subnets", configuration.subnets.len(), settings.subnets_per_awsvpc),
            ("securityGroups", configuration.security_groups.len(), settings.security_groups_per_awsvpc),
        ] {
            if number > most as usize {
                let message = format!("{number} {key}, at most {most} are allowed (QTA-010)");
                self.error(&place.clone().key(key), "E330", message, None);
            }
        }
        let mut subnets = Vec::new();
        for (index, name) in configuration.subnets.iter().enumerate() {
            if let Some(id) = self.subnet(name, &place.clone().key("subnets").index(index)) {
                subnets.push(id);
            }
        }
        subnets
    }

    pub(super) fn check_tags(&mut self, number: usize, at: &Locator<'a>) {
        let most = self.scenario.settings.tags_per_resource as usize;
        if number > most {
            self.error(&at.clone().key("tags"), "E330", format!("{number} tags, at most {most} are allowed (QTA-024)"), None);
        }
    }

    /// Parts of a service that would change the run and that this version does not simulate yet.
    fn warn_later(&mut self, given: &aws::Service, at: &Locator<'a>) {
        let later = [
            ("capacityProviderStrategy", !given.capacity_provider_strategy.is_empty()),
            ("loadBalancers", !given.load_balancers.is_empty()),
            ("serviceRegistries", !given.service_registries.is_empty()),
            ("vpcLatticeConfigurations", !given.vpc_lattice_configurations.is_empty()),
        ];
        for (key, present) in later {
            if present {
                self.warning(
                    &at.clone().key(key),
                    "W360",
                    format!("`{key}` is accepted, but this version does not simulate it"),
                    None,
                );
            }
        }
    }

    /// A service by name.
    pub(super) fn find_service(&mut self, name: &str, at: &Locator<'a>) -> Option<ServiceId> {
        let short = name.rsplit('/').next().unwrap_or(name);
        let found = self.service_ids.get(short).copied();
        if found.is_none() {
            let known: Vec<String> = self.service_ids.keys().cloned().collect();
            self.unknown(at, "service", name, known.iter().map(String::as_str));
        }
        found
    }
}
