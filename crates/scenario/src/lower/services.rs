//! Services as created: defaults, quotas, and what AWS rejects (PLC-050, PLC-051, AZR-001 to AZR-003, SVC-002).

use ecsim_cluster::definitions::{LaunchType, SchedulingStrategy, ServiceDefinition, ServiceRevision};
use ecsim_cluster::{ServiceId, SubnetId};
use ecsim_kernel::SimTime;
use ecsim_policies::capacity::provider_strategy::ProviderFamily;
use ecsim_policies::placement::constraints::query::Expression;
use ecsim_policies::placement::constraints::query::attributes::AVAILABILITY_ZONE;
use ecsim_policies::services::zone_rebalancing::{Eligibility, First};

use super::Context;
use super::capacity::Demand;
use super::placement::Caller;
use super::task_definitions::{NAME_HELP, is_name, raise};
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;

/// The strategies and constraints of a call, which Fargate does not take.
#[derive(Clone, Copy)]
pub(super) struct Placed<'s> {
    pub(super) strategies: &'s [aws::PlacementStrategy],
    pub(super) constraints: &'s [aws::PlacementConstraint],
}

/// A service and where it is written.
struct Written<'s, 'a> {
    service: &'s aws::Service,
    at: Locator<'a>,
    from_start: bool,
    since: SimTime,
}

/// What else of a service makes another revision, and has no other effect on a run (SVC-060).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RevisionExtras<'a> {
    volumes: &'a [aws::ServiceVolumeConfiguration],
    lattice: &'a [aws::KeptObject],
    monitoring: Option<&'a aws::MonitoringConfiguration>,
}

impl<'a> RevisionExtras<'a> {
    /// Of a service as created.
    pub(super) fn of(given: &'a aws::Service) -> Self {
        Self {
            volumes: &given.volume_configurations,
            lattice: &given.vpc_lattice_configurations,
            monitoring: given.monitoring.as_ref(),
        }
    }

    /// After an update: what is absent stays.
    pub(super) fn updated(self, given: &'a aws::UpdateService) -> Self {
        Self {
            volumes: given.volume_configurations.as_deref().unwrap_or(self.volumes),
            lattice: given.vpc_lattice_configurations.as_deref().unwrap_or(self.lattice),
            monitoring: given.monitoring.as_ref().or(self.monitoring),
        }
    }

    /// Whether an update says anything of it.
    pub(super) const fn are_in(given: &aws::UpdateService) -> bool {
        given.volume_configurations.is_some()
            || given.vpc_lattice_configurations.is_some()
            || given.monitoring.is_some()
    }

    /// A number that differs where they differ; 0 where nothing is written.
    pub(super) fn fingerprint(self) -> u64 {
        let monitoring = self.monitoring.filter(|monitoring| !monitoring.metric_configurations.is_empty());
        if self.volumes.is_empty() && self.lattice.is_empty() && monitoring.is_none() {
            return 0;
        }
        // What was read from a document can be written again.
        let written = serde_json::to_string(&(self.volumes, self.lattice, monitoring)).unwrap_or_default();
        ecsim_kernel::stable_hash(&written.as_str()).max(1)
    }
}

impl<'a> Context<'a> {
    /// Services of `services:` and of the timeline's `createService`, in name order.
    pub(super) fn lower_services(&mut self) {
        let scenario = self.scenario;
        let mut written: Vec<Written<'_, 'a>> = Vec::new();
        for (index, service) in scenario.services.iter().enumerate() {
            written.push(Written {
                service,
                at: self.at("services").index(index),
                from_start: true,
                since: SimTime::ZERO,
            });
        }
        for (index, entry) in scenario.timeline.iter().enumerate() {
            if let Some(service) = &entry.create_service {
                let at = self.at("timeline").index(index).key("createService");
                written.push(Written { service, at, from_start: false, since: self.due(index) });
            }
        }
        written.sort_by(|a, b| a.service.service_name.cmp(&b.service.service_name));
        for pair in written.windows(2) {
            if pair[0].service.service_name == pair[1].service.service_name {
                let message = format!("two services are called `{}`", shown(&pair[1].service.service_name));
                let diagnostic = pair[1]
                    .at
                    .clone()
                    .key("serviceName")
                    .error("E302", message, "this one")
                    .label(pair[0].at.clone().key("serviceName").span(), "and this one")
                    .help("names are unique in a cluster");
                self.push(diagnostic);
            }
        }
        let limit = scenario.settings.services_per_cluster as usize;
        if written.len() > limit {
            let at = self.at("services");
            let message = format!("{} services, the quota of a cluster is {limit} (QTA-003)", written.len());
            self.error(&at, "E330", message, raise("services_per_cluster"));
        }
        for Written { service, at, from_start, since } in written {
            if let Some(definition) = self.service(service, &at, from_start, since) {
                let id = self.definitions.services.push(definition);
                self.service_ids.insert(service.service_name.clone(), id);
            } else {
                self.broken_services.insert(service.service_name.clone());
            }
        }
    }

    fn service(
        &mut self,
        given: &aws::Service,
        at: &Locator<'a>,
        exists_at_start: bool,
        since: SimTime,
    ) -> Option<ServiceDefinition> {
        let name = &given.service_name;
        if !is_name(name) {
            let message = format!("`{}` is no name of a service", shown(name));
            self.error(&at.clone().key("serviceName"), "E340", message, Some(NAME_HELP.into()));
        }
        let external = given.deployment_controller.unwrap_or_default().kind == aws::DeploymentControllerType::External;
        // DEP-082: the task definition is the task sets' business.
        let of_set = self.scenario.timeline.iter().filter_map(|entry| entry.create_task_set.as_ref());
        let first = of_set.filter(|set| external && set.service == *name).map(|set| &set.task_definition).next();
        let Some(definition_name) = given.task_definition.as_ref().or(first) else {
            let message = format!("service `{}` names no task definition", shown(name));
            self.error(at, "E346", message, Some("write `taskDefinition: FAMILY`".into()));
            return None;
        };
        let id = self.find_task_definition(definition_name, &at.clone().key("taskDefinition"))?;
        let source = self.source_of(id);
        let scheduling = match given.scheduling_strategy.unwrap_or_default() {
            aws::SchedulingStrategy::Replica => SchedulingStrategy::Replica,
            aws::SchedulingStrategy::Daemon => SchedulingStrategy::Daemon,
        };
        let placed = Placed { strategies: &given.placement_strategy, constraints: &given.placement_constraints };
        let daemon = scheduling == SchedulingStrategy::Daemon;
        let demand = Demand {
            launch_type: given.launch_type,
            strategy: &given.capacity_provider_strategy,
            platform_version: given.platform_version.as_deref(),
            placed,
            daemon,
            since,
        };
        let (launch_type, strategy) = self.capacity_of(&demand, source, at);
        let configuration = given.deployment_configuration.clone().unwrap_or_default();
        // SVC-002, PLC-051.
        let (minimum, maximum) = match given.deployment_controller.unwrap_or_default().kind {
            aws::DeploymentControllerType::Ecs => (
                configuration.minimum_healthy_percent.unwrap_or(if daemon { 0 } else { 100 }),
                configuration.maximum_percent.unwrap_or(if daemon { 100 } else { 200 }),
            ),
            // DEP-073: the defaults, and only draining looks at them.
            _ => {
                self.fixed_percents(&configuration, &at.clone().key("deploymentConfiguration"));
                (100, 200)
            }
        };
        let desired = given.desired_count.unwrap_or(if daemon { 0 } else { 1 });
        if daemon {
            self.check_daemon(given, maximum, at);
        }
        let controller = given.deployment_controller.unwrap_or_default().kind;
        self.check_volumes(
            &given.volume_configurations,
            source,
            daemon,
            controller == aws::DeploymentControllerType::Ecs,
            at,
        );
        if launch_type == LaunchType::External {
            self.check_external(given, at);
        }
        let settings = &self.scenario.settings;
        let limit = settings.tasks_per_service;
        let classic = given.load_balancers.iter().filter(|balancer| balancer.load_balancer_name.is_some()).count();
        let balancers = [
            (
                "target groups",
                given.load_balancers.len() - classic,
                settings.target_groups_per_service,
                "target_groups_per_service",
            ),
            ("Classic Load Balancers", classic, settings.classic_lbs_per_service, "classic_lbs_per_service"),
        ];
        if desired > limit {
            let message = format!("{desired} tasks, the quota of a service is {limit} (QTA-004)");
            self.error(&at.clone().key("desiredCount"), "E330", message, raise("tasks_per_service"));
        }
        for (what, number, most, setting) in balancers {
            if number > most as usize {
                let message = format!("{number} {what}, at most {most} are allowed for a service (QTA-011)");
                self.error(&at.clone().key("loadBalancers"), "E330", message, raise(setting));
            }
        }
        // Nothing could ever be replaced: floor(D * maximum) is below ceil(D * minimum).
        if minimum > maximum {
            let message = format!("minimumHealthyPercent {minimum} exceeds maximumPercent {maximum}");
            let place = at.clone().key("deploymentConfiguration");
            self.error(
                &place,
                "E347",
                message,
                Some("at least as many tasks may live as must be healthy (SVC-003)".into()),
            );
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
        let on_fargate = launch_type == LaunchType::Fargate
            || strategy.is_some_and(|it| self.family_of_strategy(it) == ProviderFamily::Fargate);
        // Fargate spreads over zones by itself; nothing is rebalanced there (FGT-002).
        let rebalancing = !on_fargate && self.rebalancing(given, source, daemon, maximum, launch_type, at);
        let (target_groups, routing) = self.routing(
            &given.load_balancers,
            &given.service_registries,
            given.service_connect_configuration.as_ref(),
            id,
            at,
        );
        let balanced = !given.load_balancers.is_empty();
        let health_check_grace = self.grace_period(given.health_check_grace_period_seconds, balanced, at);
        let group = self.definitions.groups.intern(&format!("service:{name}"));
        Some(ServiceDefinition {
            name: name.clone(),
            group,
            scheduling,
            launch_type,
            strategy,
            revisions: vec![ServiceRevision {
                task_definition,
                subnets,
                target_groups,
                routing,
                platform_version: given.platform_version.clone().filter(|_| on_fargate),
                extras: RevisionExtras::of(given).fingerprint(),
            }],
            desired_count: desired,
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
            placement,
            availability_zone_rebalancing: rebalancing,
            health_check_grace,
            exists_at_start,
        })
    }

    /// AZR-001 to AZR-003: absent means ENABLED where it is possible; an explicit ENABLED where it is not is an error.
    fn rebalancing(
        &mut self,
        given: &aws::Service,
        definition: &aws::TaskDefinition,
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
        let constraints = given.placement_constraints.iter().chain(&definition.placement_constraints);
        let zone_constraint = constraints.filter_map(|constraint| constraint.expression.as_deref()).any(|text| {
            let expression = Expression::parse_with_limit(text, text.len()).ok();
            expression.is_some_and(|expression| expression.uses_attribute().any(|name| name == AVAILABILITY_ZONE))
        });
        let eligibility = Eligibility {
            scheduling: if daemon { SchedulingStrategy::Daemon } else { SchedulingStrategy::Replica },
            launch_type,
            first_strategy: first,
            zone_constraint,
            maximum_percent: maximum,
        };
        let asked = given.availability_zone_rebalancing.map(|value| value == aws::Enabled::Enabled);
        // AZR-002 names Classic Load Balancers too; AWS's words are not known, these follow the others.
        let classic = given.load_balancers.iter().any(|balancer| balancer.load_balancer_name.is_some());
        let stored = match (classic, asked) {
            (true, Some(true)) => Err("Availability Zone Rebalancing does not support Classic Load Balancers"),
            (true, _) => Ok(false),
            (false, asked) => eligibility.on_create(asked),
        };
        stored.unwrap_or_else(|text| {
            let place = at.clone().key("availabilityZoneRebalancing");
            self.error(&place, "E354", text, Some("write DISABLED, or leave it out (AZR-003)".into()));
            false
        })
    }

    /// Percentages that AWS does not look at where somebody else deploys (DEP-073).
    pub(super) fn fixed_percents(&mut self, configuration: &aws::DeploymentConfiguration, at: &Locator<'a>) {
        for (key, value, default) in [
            ("minimumHealthyPercent", configuration.minimum_healthy_percent, 100),
            ("maximumPercent", configuration.maximum_percent, 200),
        ] {
            if let Some(value) = value.filter(|value| *value != default) {
                let message = format!(
                    "`{key}: {value}` has no effect: with this deployment controller it is {default}, and only draining looks at it (DEP-073)"
                );
                self.warning(&at.clone().key(key), "W360", message, None);
            }
        }
    }

    /// What a DAEMON service may not have (PLC-050, PLC-051).
    fn check_daemon(&mut self, given: &aws::Service, maximum: u32, at: &Locator<'a>) {
        let rejected = [
            (!given.placement_strategy.is_empty(), at.clone().key("placementStrategy"), "placement strategies"),
            (given.desired_count.is_some(), at.clone().key("desiredCount"), "a desired count for services"),
            (
                maximum > 100,
                at.clone().key("deploymentConfiguration").key("maximumPercent"),
                "values above 100 for maximumPercent",
            ),
        ];
        for (wrong, place, what) in rejected {
            if wrong {
                self.daemon_rejects(&place, what);
            }
        }
        let controller = given.deployment_controller.unwrap_or_default().kind;
        let controller = match controller {
            aws::DeploymentControllerType::Ecs => return,
            aws::DeploymentControllerType::CodeDeploy => "CODE_DEPLOY",
            aws::DeploymentControllerType::External => "EXTERNAL",
        };
        let message = format!("The daemon scheduling strategy does not support the deployment controller {controller}");
        let place = at.clone().key("deploymentController");
        self.error(&place, "E353", message, Some("it requires REPLICA (PLC-050)".into()));
    }

    /// AWS's words for what DAEMON does not support (PLC-051).
    pub(super) fn daemon_rejects(&mut self, place: &Locator<'a>, what: &str) {
        let message = format!("The daemon scheduling strategy does not support {what}");
        self.error(place, "E353", message, Some("leave it out (PLC-051)".into()));
    }

    /// EBS volumes: at most one, REPLICA and the ECS controller only, of a volume that waits for it (RES-052).
    pub(super) fn check_volumes(
        &mut self,
        given: &[aws::ServiceVolumeConfiguration],
        definition: &aws::TaskDefinition,
        daemon: bool,
        by_ecs: bool,
        at: &Locator<'a>,
    ) {
        let place = at.clone().key("volumeConfigurations");
        let names = given.iter().map(|volume| volume.name.as_str()).collect::<Vec<_>>();
        self.check_volume_names(&names, definition, &place);
        if names.is_empty() {
            return;
        }
        if daemon {
            let help = Some("only REPLICA services have EBS volumes (RES-052)".into());
            self.error(&place, "E357", "a DAEMON service cannot have `volumeConfigurations`", help);
        }
        if !by_ecs {
            let help = Some("only the deployment controller ECS goes with EBS volumes (RES-052)".into());
            self.error(&place, "E357", "`volumeConfigurations` needs the deployment controller ECS", help);
        }
    }

    /// The volumes that a service or call configures are those that its task definition leaves to it (RES-052).
    pub(super) fn check_volume_names(&mut self, names: &[&str], definition: &aws::TaskDefinition, place: &Locator<'a>) {
        let waiting: Vec<&str> = definition
            .volumes
            .iter()
            .filter(|volume| volume.configured_at_launch == Some(true))
            .map(|volume| volume.name.as_deref().unwrap_or_default())
            .collect();
        if names.len() > 1 {
            let message =
                format!("{} `volumeConfigurations`, a task has at most one EBS volume (RES-052)", names.len());
            self.error(place, "E357", message, None);
        }
        for (index, name) in names.iter().enumerate() {
            if !waiting.contains(name) {
                let message = format!(
                    "volume `{}` is not configured at launch in the task definition `{}`",
                    shown(name),
                    shown(&definition.family)
                );
                let help = "there it needs an entry of `volumes` with `configuredAtLaunch: true` (RES-052)";
                self.error(&place.clone().index(index).key("name"), "E357", message, Some(help.into()));
            }
        }
    }

    /// What ECS Anywhere does not have (INS-010).
    fn check_external(&mut self, given: &aws::Service, at: &Locator<'a>) {
        for (key, present) in [
            ("loadBalancers", !given.load_balancers.is_empty()),
            ("capacityProviderStrategy", !given.capacity_provider_strategy.is_empty()),
        ] {
            if present {
                let message = format!("launch type EXTERNAL does not support `{key}` (INS-010)");
                self.error(&at.clone().key(key), "E356", message, Some("leave it out".into()));
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
                let message = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
                let help = "write networkConfiguration: {awsvpcConfiguration: {subnets: [...]}} (PLC-007)";
                self.error(at, "E349", message, Some(help.into()));
            }
            return Vec::new();
        };
        if !awsvpc {
            let message = "Network Configuration is not valid for the given networkMode of this task definition.";
            let help = "leave `networkConfiguration` out, or use network mode awsvpc";
            self.error(&place, "E349", message, Some(help.into()));
            return Vec::new();
        }
        let settings = &self.scenario.settings;
        if configuration.subnets.is_empty() {
            let help = Some("name at least one of vpc.subnets (PLC-007)".into());
            self.error(&place.clone().key("subnets"), "E349", "subnets can not be empty.", help);
        }
        for (key, what, number, most, setting) in [
            ("subnets", "subnets", configuration.subnets.len(), settings.subnets_per_awsvpc, "subnets_per_awsvpc"),
            (
                "securityGroups",
                "security groups",
                configuration.security_groups.len(),
                settings.security_groups_per_awsvpc,
                "security_groups_per_awsvpc",
            ),
        ] {
            if number > most as usize {
                let message = format!("{number} {what}, at most {most} are allowed (QTA-010)");
                self.error(&place.clone().key(key), "E330", message, raise(setting));
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
            let message = format!("{number} tags, at most {most} are allowed (QTA-024)");
            self.error(&at.clone().key("tags"), "E330", message, raise("tags_per_resource"));
        }
    }

    /// Parts of a service that would change the run and that this version does not simulate yet.
    fn warn_later(&mut self, given: &aws::Service, at: &Locator<'a>) {
        if !given.vpc_lattice_configurations.is_empty() {
            self.not_simulated(&at.clone().key("vpcLatticeConfigurations"), "vpcLatticeConfigurations");
        }
    }

    /// A field that would matter to the run, and does not yet.
    pub(super) fn not_simulated(&mut self, place: &Locator<'a>, key: &str) {
        let message = format!("`{key}` is accepted, but this version does not simulate it");
        self.warning(place, "W360", message, None);
    }

    /// A service by name.
    pub(super) fn find_service(&mut self, name: &str, at: &Locator<'a>) -> Option<ServiceId> {
        let short = name.rsplit('/').next().unwrap_or(name);
        let found = self.service_ids.get(short).copied();
        // What is wrong with the service itself was said there.
        if found.is_none() && !self.broken_services.contains(short) {
            let known: Vec<String> = self.service_ids.keys().cloned().collect();
            self.unknown(at, "service", name, known.iter().map(String::as_str));
        }
        found
    }
}
