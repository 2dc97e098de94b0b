//! From the checked tree to the [`Model`]: names become ids, units become numbers, every default becomes explicit.
//!
//! Lowering goes on after a problem, so that all of them are reported at once; there is a model only if there was none.
//! Ids are given in name order, so that the order of a file changes nothing.
//!
//! * `settings`, `distributions`, `tables`: numbers, distributions, CSV files.
//! * `fleet`: container instances, `capabilities` of their agents.
//! * `task_definitions`: what a task reserves and requires (RES rules), how it behaves.
//! * `placement`: strategies and constraints.
//! * `capacity`: Auto Scaling groups, capacity providers, Spot, Fargate, prices.
//! * `load_balancing`: target groups, load balancers, and what services say of them.
//! * `scaling`: CloudWatch alarms, service auto scaling.
//! * `services`, `workload` with its traces, `timeline`.
//! * `requests`, `rates`, `rate_traces`: requests to services.

mod behavior;
mod capabilities;
pub(crate) mod capacity;
mod code_deploy;
mod deployments;
mod distributions;
mod fleet;
mod load_balancing;
mod placement;
mod rate_traces;
mod rates;
mod requests;
mod scaling;
mod services;
mod settings;
mod tables;
mod task_definitions;
mod task_sets;
mod timeline;
mod traces;
mod workload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ecsim_cluster::Definitions;
use ecsim_cluster::{InstanceId, PlacementId, ServiceId, SourceId, SubnetId, TaskDefinitionId, ZoneId};
use ecsim_engine::Model;
use ecsim_engine::model::{Call, SourceModel, TaskBehavior};
use ecsim_kernel::{SimTime, Table};
use ecsim_policies::placement::Placement;
use ecsim_report::cost::rates::PriceBook;

use crate::diagnostic::{Diagnostic, Diagnostics, SourceMap, shown};
use crate::document::{Document, Locator};
use crate::schema::Scenario;
use crate::source::SourceFiles;
use crate::validate::nearest;

/// What is being built, and everything needed to build it.
pub(crate) struct Context<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) document: &'a Document,
    pub(crate) sources: &'a SourceMap,
    pub(crate) files: &'a dyn SourceFiles,
    pub(crate) diagnostics: &'a mut Diagnostics,
    pub(crate) definitions: Definitions,
    pub(crate) placements: Table<PlacementId, Placement>,
    pub(crate) placement_ids: BTreeMap<String, PlacementId>,
    pub(crate) task_definition_ids: BTreeMap<String, Vec<(u32, TaskDefinitionId)>>,
    /// By task definition: how its overrides are applied, and its own constraints.
    pub(crate) task_definition_sources: Vec<usize>,
    pub(crate) behaviors: Table<TaskDefinitionId, TaskBehavior>,
    pub(crate) service_ids: BTreeMap<String, ServiceId>,
    /// Services of which something is so wrong that they have no id: nobody complains about their names again.
    pub(crate) broken_services: BTreeSet<String>,
    pub(crate) instance_ids: BTreeMap<String, InstanceId>,
    /// The instances of each entry of `containerInstances`, by the name of the entry.
    pub(crate) entry_members: BTreeMap<String, Vec<InstanceId>>,
    /// Whether an entry of the fleet could not be read: nobody complains then about what only it could have.
    pub(crate) fleet_incomplete: bool,
    pub(crate) subnet_ids: BTreeMap<String, SubnetId>,
    pub(crate) source_models: Table<SourceId, SourceModel>,
    pub(crate) calls: Vec<(SimTime, Call)>,
    /// Shapes by what makes them differ, so that a thousand like instances share one.
    pub(crate) shapes: BTreeMap<String, ecsim_cluster::ShapeId>,
    /// Groups, providers and pools.
    pub(crate) capacity: capacity::Building<'a>,
    /// Target groups.
    pub(crate) balancing: load_balancing::Balancing,
    /// Alarms and service auto scaling.
    pub(crate) scaling: scaling::Building<'a>,
}

/// A scenario in the engine's terms, and what the engine has no use for.
pub struct Lowered {
    /// What the engine runs.
    pub model: Model,
    /// What things cost.
    pub prices: Arc<PriceBook>,
}

/// Lowers a scenario. The model is there only if nothing is wrong.
pub fn lower(
    scenario: &Scenario,
    document: &Document,
    sources: &SourceMap,
    files: &dyn SourceFiles,
    root: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Lowered> {
    let before = diagnostics.errors();
    let simulation = &scenario.simulation;
    let stem = root.rsplit(['/', '\\']).next().unwrap_or(root);
    let name = scenario.name.clone().unwrap_or_else(|| stem.split('.').next().unwrap_or(stem).to_owned());
    let definitions = Definitions {
        region: scenario.region().to_owned(),
        account: "123456789012".to_owned(),
        cluster_name: scenario.cluster.cluster_name.clone().unwrap_or_else(|| "default".to_owned()),
        start_unix_ms: simulation.start.unix_ms(),
        max_reserved_ports: scenario.settings.max_reserved_ports as usize,
        release_at_desired_stopped: scenario.settings.release_at_desired_stopped,
        gpu_sharing: scenario.settings.gpu_sharing.lowered(),
        ..Definitions::default()
    };
    let mut context = Context {
        scenario,
        document,
        sources,
        files,
        diagnostics,
        definitions,
        placements: Table::new(),
        placement_ids: BTreeMap::new(),
        task_definition_ids: BTreeMap::new(),
        task_definition_sources: Vec::new(),
        behaviors: Table::new(),
        service_ids: BTreeMap::new(),
        broken_services: BTreeSet::new(),
        instance_ids: BTreeMap::new(),
        entry_members: BTreeMap::new(),
        fleet_incomplete: false,
        subnet_ids: BTreeMap::new(),
        source_models: Table::new(),
        calls: Vec::new(),
        shapes: BTreeMap::new(),
        capacity: capacity::Building::new(),
        balancing: load_balancing::Balancing::default(),
        scaling: scaling::Building::default(),
    };
    let settings = settings::lower(&mut context);
    context.check_simulation();
    context.lower_fleet();
    context.lower_capacity();
    context.lower_task_definitions();
    context.lower_strategies();
    context.lower_load_balancers();
    context.name_alarms();
    context.lower_services();
    context.lower_scaling();
    context.lower_workload();
    context.lower_deployment_policies();
    let demand = context.lower_requests();
    context.lower_timeline();
    context.finish_capacity();
    context.check_unused_settings();
    let instance_behavior = context.instance_behavior();
    let prices = Arc::new(context.price_book());
    context.warn_without_prices(&prices);
    let Context { definitions, placements, behaviors, source_models, mut calls, capacity, balancing, scaling, .. } =
        context;
    let (capacity, fleet) = (capacity.model, capacity.fleet);
    let scaling = scaling.model;
    if diagnostics.errors() > before {
        return None;
    }
    // Calls of one instant are made in the order of the file.
    calls.sort_by_key(|(at, _)| *at);
    let mut table = Table::new();
    let timeline: Vec<_> = calls.into_iter().map(|(at, call)| (at, table.push(call))).collect();
    let model = Model {
        name,
        definitions: Arc::new(definitions),
        placements: Arc::new(placements),
        settings,
        seed: simulation.seed,
        run_index: 0,
        antithetic: false,
        duration: simulation.duration.0,
        metrics_period: simulation.metrics_period.0,
        sources: Arc::new(source_models),
        behaviors: Arc::new(behaviors),
        target_behaviors: Arc::new(balancing.behaviors),
        instance_behavior,
        capacity: Arc::new(capacity),
        fleet: Arc::new(fleet),
        scaling: Arc::new(scaling),
        timeline: timeline.into(),
        calls: Arc::new(table),
        demand: Arc::new(demand),
    };
    Some(Lowered { model, prices })
}

impl<'a> Context<'a> {
    /// A place in the document, from the root.
    pub(crate) fn at(&self, key: &str) -> Locator<'a> {
        self.document.at(key)
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// An error about the value at a place.
    pub(crate) fn error(
        &mut self,
        at: &Locator<'a>,
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let diagnostic = at.error(code, message, "").help_if(help);
        self.push(diagnostic);
    }

    /// A warning about the value at a place.
    pub(crate) fn warning(
        &mut self,
        at: &Locator<'a>,
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let diagnostic = at.warning(code, message, "").help_if(help);
        self.push(diagnostic);
    }

    /// A name that nothing has: the near ones, or all if there are few.
    pub(crate) fn unknown<'n>(
        &mut self,
        at: &Locator<'a>,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let help = did_you_mean(name, &known);
        self.error(at, "E301", format!("unknown {what} `{}`", shown(name)), help);
    }

    /// Settings that are accepted and change nothing yet.
    fn check_unused_settings(&mut self) {
        if self.scenario.settings.spread_scope == crate::schema::SpreadScope::Deployment {
            let at = self.at("settings").key("spread_scope");
            let message =
                "`spread_scope: deployment` is not simulated: spread counts the tasks of all deployments of a service";
            self.warning(&at, "W360", message, None);
        }
    }

    fn check_simulation(&mut self) {
        let at = self.at("simulation");
        let simulation = &self.scenario.simulation;
        if simulation.duration.0.is_zero() {
            self.error(&at.clone().key("duration"), "E310", "a run of no length", Some("write for example 24h".into()));
        }
        if simulation.duration.0 > ecsim_kernel::Span::from_days(36_500) {
            let help = Some("a hundred years are the most".into());
            self.error(&at.clone().key("duration"), "E310", "a run of more than a hundred years", help);
        } else if simulation.metrics_period.0.ms() < 1_000 {
            self.error(
                &at.key("metricsPeriod"),
                "E310",
                "a metrics period below one second",
                Some("CloudWatch's is 1m".into()),
            );
        } else if simulation.duration.0.ms() / simulation.metrics_period.0.ms() > 10_000_000 {
            self.error(
                &at.key("metricsPeriod"),
                "E310",
                "more than ten million metrics periods in this run",
                Some("choose a longer period or a shorter run".into()),
            );
        }
        let region = self.scenario.region().to_owned();
        if ecsim_catalog::Catalog::region(&region).is_none() {
            let near = ecsim_catalog::Catalog::nearest_region(&region, 3).join(", ");
            let at = self.at("region");
            self.error(
                &at,
                "E301",
                format!("unknown region `{}`", shown(&region)),
                Some(format!("near names: {near}")),
            );
        }
        self.check_tags(self.scenario.cluster.tags.len(), &self.at("cluster"));
    }

    /// The id of a zone; interned in the order asked for, so ask in name order.
    pub(crate) fn zone(&mut self, name: &str) -> ZoneId {
        self.definitions.zones.intern(name)
    }
}

/// How many characters an object has as JSON, without the fields that are not given (QTA-006, QTA-025).
pub(crate) fn characters_of(object: &impl serde::Serialize) -> usize {
    let value = serde_json::to_value(object).map(crate::schema::without_nulls).unwrap_or_default();
    value.to_string().chars().count()
}

/// "did you mean `x`?", or the list of what there is.
pub(crate) fn did_you_mean(name: &str, known: &[&str]) -> Option<String> {
    if let Some(near) = nearest(name, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match known.len() {
        0 => None,
        1..=12 => Some(format!("known: {}", known.join(", "))),
        more => Some(format!("known: {}, … ({more} in all)", known[..12].join(", "))),
    }
}

/// `a` before `b` as people sort names: digits by their value, so that `web-2` comes before `web-10`.
pub(crate) fn natural_order(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut left, mut right) = (a.chars().peekable(), b.chars().peekable());
    loop {
        match (left.peek().copied(), right.peek().copied()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return std::cmp::Ordering::Less,
            (Some(_), None) => return std::cmp::Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let number = |text: &mut std::iter::Peekable<std::str::Chars<'_>>| {
                    let mut digits = String::new();
                    while let Some(digit) = text.next_if(char::is_ascii_digit) {
                        digits.push(digit);
                    }
                    let trimmed = digits.trim_start_matches('0');
                    (trimmed.len(), trimmed.to_owned())
                };
                let order = number(&mut left).cmp(&number(&mut right));
                if order.is_ne() {
                    return order;
                }
            }
            (Some(x), Some(y)) => {
                if x != y {
                    return x.cmp(&y);
                }
                left.next();
                right.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_people_do() {
        let mut names = vec!["web-10", "web-2", "A2", "web-1", "A1", "B1", "web-02"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["A1", "A2", "B1", "web-1", "web-02", "web-2", "web-10"]);
    }
}
