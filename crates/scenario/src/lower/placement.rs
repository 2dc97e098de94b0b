//! Strategies and constraints become ids; the same ones share an id (PLC-009, PLC-020, PLC-037).

use std::sync::Arc;

use ecsim_cluster::PlacementId;
use ecsim_policies::placement::Placement;
use ecsim_policies::placement::constraints::Constraint;
use ecsim_policies::placement::constraints::query::{Expression, attributes};
use ecsim_policies::placement::strategies::{self, SpreadField, Strategy};
use ecsim_policies::placement::validate::{self, ConstraintSpec, PlacementError, StrategySpec};

use super::Context;
use super::task_definitions::raise;
use crate::diagnostic::Diagnostic;
use crate::document::Locator;
use crate::schema::aws;

/// Whose placement it is: that decides the default strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A REPLICA service: zones, then instances (PLC-032).
    Service,
    /// A DAEMON service: no strategy at all (PLC-051).
    Daemon,
    /// `RunTask` or `StartTask`: random (PLC-034).
    RunTask,
}

impl<'a> Context<'a> {
    /// The placement of a service or call, its task definition's constraints included (PLC-009).
    pub(super) fn placement(
        &mut self,
        caller: Caller,
        strategies: &[aws::PlacementStrategy],
        constraints: &[aws::PlacementConstraint],
        definition: &aws::TaskDefinition,
        at: &Locator<'a>,
    ) -> PlacementId {
        let strategies_at = at.clone().key("placementStrategy");
        let most = self.scenario.settings.max_strategies as usize;
        if strategies.len() > most {
            let message = if most == strategies::MAX_STRATEGIES {
                PlacementError::TooManyStrategies.to_string()
            } else {
                format!("Maximum number of strategies is {most}")
            };
            self.error(&strategies_at, "E350", message, raise("max_strategies"));
        }
        let mut placement = Placement { is_default: strategies.is_empty(), ..Placement::default() };
        let mut after_random = false;
        for (index, given) in strategies.iter().enumerate() {
            let place = strategies_at.clone().index(index);
            let kind = match given.kind {
                aws::PlacementStrategyType::Random => "random",
                aws::PlacementStrategyType::Spread => "spread",
                aws::PlacementStrategyType::Binpack => "binpack",
            };
            match validate::strategy(kind, given.field.as_deref()) {
                Ok(spec) => {
                    if after_random {
                        self.warning(&place, "W350", "a strategy after `random` has no effect (PLC-029)", None);
                    }
                    after_random |= spec == StrategySpec::Random;
                    let strategy = self.strategy(spec, &place);
                    placement.strategies.push(strategy);
                }
                Err(error) => {
                    let place = if given.field.is_some() { place.key("field") } else { place };
                    self.error(&place, "E351", error.to_string(), None);
                }
            }
        }
        if strategies.is_empty() {
            placement.strategies = match caller {
                Caller::Service => {
                    strategies::service_default(self.definitions.attributes.intern(attributes::AVAILABILITY_ZONE))
                }
                Caller::Daemon => Vec::new(),
                Caller::RunTask => strategies::run_task_default(),
            };
        }
        let constraints_at = at.clone().key("placementConstraints");
        let most = self.scenario.settings.max_constraints as usize;
        let inherited = definition.placement_constraints.len();
        // A definition that has too many by itself was told so.
        if inherited <= most && constraints.len() + inherited > most {
            let given = constraints.len() + inherited;
            let message = format!(
                "{given} placement constraints, {inherited} of them of the task definition; at most {most} are allowed \
                 together (PLC-009)"
            );
            self.error(&constraints_at, "E350", message, raise("max_constraints"));
        }
        for constraint in self.constraints(&definition.placement_constraints, true, None) {
            placement.constraints.push(constraint);
        }
        for constraint in self.constraints(constraints, false, Some(&constraints_at)) {
            placement.constraints.push(constraint);
        }
        self.intern_placement(placement)
    }

    /// Reads constraints; complains at `at`, or stays silent where another pass over the same text complains.
    fn constraints(
        &mut self,
        given: &[aws::PlacementConstraint],
        in_task_definition: bool,
        at: Option<&Locator<'a>>,
    ) -> Vec<Constraint> {
        let mut read = Vec::new();
        for (index, constraint) in given.iter().enumerate() {
            let kind = match constraint.kind {
                aws::PlacementConstraintType::DistinctInstance => "distinctInstance",
                aws::PlacementConstraintType::MemberOf => "memberOf",
            };
            let place = at.map(|at| at.clone().index(index));
            if let (aws::PlacementConstraintType::MemberOf, Some(text)) =
                (constraint.kind, constraint.expression.as_deref().filter(|text| !text.is_empty()))
            {
                // Not through `validate`: the longest expression is a setting here (QTA-023).
                let Some(place) = place else {
                    let limit = self.scenario.settings.expression_length as usize;
                    let parsed = Expression::parse_with_limit(text, limit).ok();
                    read.extend(parsed.map(|expression| Constraint::MemberOf(Arc::new(expression))));
                    continue;
                };
                let place = place.key("expression");
                if let Some(expression) = self.expression(text, &place) {
                    self.check_expression(&expression, &place);
                    read.push(Constraint::MemberOf(expression));
                }
                continue;
            }
            match validate::constraint(kind, constraint.expression.as_deref(), in_task_definition) {
                Ok(ConstraintSpec::DistinctInstance) => read.push(Constraint::DistinctInstance),
                Ok(ConstraintSpec::MemberOf(expression)) => read.push(Constraint::MemberOf(Arc::new(expression))),
                Err(error) => {
                    let Some(place) = place else { continue };
                    let (place, help) = match &error {
                        PlacementError::DistinctInstanceInTaskDefinition => {
                            (place.key("type"), Some("give it to the service or the RunTask call (PLC-009)"))
                        }
                        PlacementError::DistinctInstanceExpression => {
                            (place.key("expression"), Some("leave it out (PLC-009)"))
                        }
                        PlacementError::MissingExpression => {
                            (place, Some("for example expression: \"attribute:stack == prod\" (PLC-037)"))
                        }
                        _ => (place, None),
                    };
                    self.error(&place, "E351", error.to_string(), help.map(str::to_owned));
                }
            }
        }
        read
    }

    /// Checks the constraints of a task definition where they are written.
    pub(super) fn check_definition_constraints(&mut self, given: &aws::TaskDefinition, at: &Locator<'a>) {
        let place = at.clone().key("placementConstraints");
        let (given_here, most) = (given.placement_constraints.len(), self.scenario.settings.max_constraints as usize);
        if given_here > most {
            let message = format!("{given_here} placement constraints, at most {most} are allowed (PLC-009)");
            self.error(&place, "E350", message, raise("max_constraints"));
        }
        self.constraints(&given.placement_constraints, true, Some(&place));
    }

    /// An expression somewhere in the scenario (CQL-003).
    pub(super) fn expression(&mut self, text: &str, at: &Locator<'a>) -> Option<Arc<Expression>> {
        let limit = self.scenario.settings.expression_length as usize;
        match Expression::parse_with_limit(text, limit) {
            Ok(expression) => Some(Arc::new(expression)),
            Err(error) => {
                self.expression_error(at, &error.message, error.span, error.help);
                None
            }
        }
    }

    /// The complaint about an expression, pointing into it where the text in the file is the expression itself.
    fn expression_error(
        &mut self,
        at: &Locator<'a>,
        message: &str,
        inside: std::ops::Range<usize>,
        help: Option<String>,
    ) {
        let whole = at.span();
        let text = self.sources.text(whole);
        let quoted = text.starts_with(['"', '\'']);
        let start = whole.start + u32::from(quoted) + u32::try_from(inside.start).unwrap_or(0);
        let end = whole.start + u32::from(quoted) + u32::try_from(inside.end).unwrap_or(0);
        let span = if end <= whole.end && start <= end && !text.contains(['\\', '\n']) {
            crate::diagnostic::Span::new(whole.file, start, end.max(start))
        } else {
            whole
        };
        let diagnostic = Diagnostic::error("E352", format!("this expression cannot be read: {message}"))
            .label(span, "")
            .help_if(help);
        self.push(diagnostic);
    }

    /// Warns where no instance has an attribute that an expression asks for.
    pub(super) fn check_expression(&mut self, expression: &Expression, at: &Locator<'a>) {
        if self.fleet_incomplete || self.definitions.shapes.is_empty() {
            return;
        }
        let names: Vec<String> = expression.uses_attribute().map(str::to_owned).collect();
        for name in names {
            if !self.some_instance_has(&name) {
                self.warning(
                    at,
                    "W351",
                    format!("no container instance has the attribute `{name}`"),
                    Some("where it is missing every operator but not_exists is false (CQL-007)".into()),
                );
            }
        }
    }

    fn some_instance_has(&self, name: &str) -> bool {
        let put_later = self.scenario.timeline.iter().any(|entry| {
            entry.put_attributes.as_ref().is_some_and(|put| put.attributes.iter().any(|put| put.name == name))
        });
        let held = self.definitions.attributes.get(name).is_some_and(|id| {
            let mut shapes = self.definitions.shapes.values();
            shapes.any(|shape| shape.attributes.iter().any(|(held, _)| *held == id))
        });
        put_later || held
    }

    fn strategy(&mut self, spec: StrategySpec, at: &Locator<'a>) -> Strategy {
        match spec {
            StrategySpec::Random => Strategy::Random,
            StrategySpec::Binpack(resource) => Strategy::Binpack(resource),
            StrategySpec::SpreadInstance => Strategy::Spread(SpreadField::Instance),
            StrategySpec::SpreadAttribute(name) => {
                let known = self.fleet_incomplete || self.definitions.shapes.is_empty();
                if !known && !self.some_instance_has(&name) {
                    self.warning(
                        at,
                        "W352",
                        format!("no container instance has the attribute `{name}`, so this spreads nothing (PLC-027)"),
                        None,
                    );
                }
                Strategy::Spread(SpreadField::Attribute(self.definitions.attributes.intern(&name)))
            }
        }
    }

    /// The id of a placement; the same one twice is one.
    pub(super) fn intern_placement(&mut self, placement: Placement) -> PlacementId {
        let strategies: Vec<String> =
            placement.strategies.iter().map(|strategy| strategy.describe(&self.definitions)).collect();
        let constraints: Vec<String> = placement.constraints.iter().map(Constraint::describe).collect();
        let key = format!("{}|{}|{}", placement.is_default, strategies.join(","), constraints.join("&"));
        if let Some(known) = self.placement_ids.get(&key) {
            return *known;
        }
        let id = self.placements.push(placement);
        self.placement_ids.insert(key, id);
        id
    }
}
