//! What AWS accepts as placement at all, in AWS's words: checks for whoever reads a scenario (PLC-001, PLC-009, PLC-020,
//! PLC-037). A call that breaks one is an `InvalidParameterException` as a whole; nothing is placed (QTA-030).

use core::fmt;

use super::constraints::query::{Expression, QueryError};
use super::strategies::{BinpackResource, MAX_STRATEGIES};

/// At most so many constraints of a task definition and of its service or call together (PLC-009, QTA-020).
pub const MAX_CONSTRAINTS: usize = 10;

/// Why a placement is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlacementError {
    /// Fargate takes no constraints (PLC-001).
    ConstraintsOnFargate,
    /// Fargate takes no strategies (PLC-001).
    StrategiesOnFargate,
    /// More than five strategies (PLC-020).
    TooManyStrategies,
    /// More than ten constraints together (PLC-009).
    TooManyConstraints {
        /// How many there are.
        given: usize,
    },
    /// `distinctInstance` in a task definition (PLC-009).
    DistinctInstanceInTaskDefinition,
    /// `distinctInstance` with an expression (PLC-009).
    DistinctInstanceExpression,
    /// No such strategy (PLC-020).
    UnknownStrategy(String),
    /// No such constraint (PLC-037).
    UnknownConstraint(String),
    /// `binpack` by something else than `cpu` or `memory` (PLC-037).
    BinpackField(Option<String>),
    /// `spread` over something that is no field (PLC-037).
    SpreadField(Option<String>),
    /// `memberOf` without an expression (PLC-037).
    MissingExpression,
    /// `memberOf` with an expression that cannot be read (CQL-005).
    Expression(QueryError),
}

impl fmt::Display for PlacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |field: &Option<String>| field.as_deref().unwrap_or("none").to_owned();
        match self {
            Self::ConstraintsOnFargate => {
                f.write_str("Placement constraints are not supported with FARGATE launch type.")
            }
            Self::StrategiesOnFargate => f.write_str("Placement strategies are not supported with FARGATE launch type"),
            Self::TooManyStrategies => write!(f, "Maximum number of strategies is {MAX_STRATEGIES}"),
            Self::TooManyConstraints { given } => write!(
                f,
                "at most {MAX_CONSTRAINTS} placement constraints are allowed, those of the task definition included; here are {given}"
            ),
            Self::DistinctInstanceInTaskDefinition => {
                f.write_str("distinctInstance is not allowed in a task definition")
            }
            Self::DistinctInstanceExpression => f.write_str("distinctInstance expression should not be specified"),
            Self::UnknownStrategy(kind) => {
                write!(f, "`{kind}` is not a placement strategy: use spread, binpack or random")
            }
            Self::UnknownConstraint(kind) => {
                write!(f, "`{kind}` is not a placement constraint: use distinctInstance or memberOf")
            }
            Self::BinpackField(field) => {
                write!(f, "binpack needs the field cpu or memory, not {}", or_none(field))
            }
            Self::SpreadField(field) => {
                write!(f, "spread needs the field instanceId, host or attribute:NAME, not {}", or_none(field))
            }
            Self::MissingExpression => f.write_str("memberOf needs an expression"),
            Self::Expression(error) => write!(f, "the expression cannot be read: {error}"),
        }
    }
}

impl std::error::Error for PlacementError {}

/// A strategy with its attribute still a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrategySpec {
    /// `spread` over `instanceId` or `host`.
    SpreadInstance,
    /// `spread` over `attribute:NAME`.
    SpreadAttribute(String),
    /// `binpack`.
    Binpack(BinpackResource),
    /// `random`.
    Random,
}

/// A constraint, read.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstraintSpec {
    /// `distinctInstance`.
    DistinctInstance,
    /// `memberOf`.
    MemberOf(Expression),
}

/// Reads one strategy as the API has it: `type` and `field` (PLC-020, PLC-023, PLC-037).
///
/// # Errors
/// [`PlacementError::UnknownStrategy`], [`PlacementError::BinpackField`] or [`PlacementError::SpreadField`].
pub fn strategy(kind: &str, field: Option<&str>) -> Result<StrategySpec, PlacementError> {
    let given = || field.map(str::to_owned);
    match kind {
        "random" => Ok(StrategySpec::Random),
        "binpack" => match field {
            Some("cpu") => Ok(StrategySpec::Binpack(BinpackResource::Cpu)),
            Some("memory") => Ok(StrategySpec::Binpack(BinpackResource::Memory)),
            _ => Err(PlacementError::BinpackField(given())),
        },
        "spread" => match field {
            Some("instanceId" | "host") => Ok(StrategySpec::SpreadInstance),
            Some(text) => match text.strip_prefix("attribute:") {
                Some(name) if !name.is_empty() => Ok(StrategySpec::SpreadAttribute(name.to_owned())),
                _ => Err(PlacementError::SpreadField(given())),
            },
            None => Err(PlacementError::SpreadField(None)),
        },
        _ => Err(PlacementError::UnknownStrategy(kind.to_owned())),
    }
}

/// Reads one constraint as the API has it: `type` and `expression` (PLC-009, PLC-037).
///
/// # Errors
/// Any that concerns one constraint.
pub fn constraint(
    kind: &str,
    expression: Option<&str>,
    in_task_definition: bool,
) -> Result<ConstraintSpec, PlacementError> {
    match (kind, expression) {
        ("distinctInstance", _) if in_task_definition => Err(PlacementError::DistinctInstanceInTaskDefinition),
        ("distinctInstance", Some(_)) => Err(PlacementError::DistinctInstanceExpression),
        ("distinctInstance", None) => Ok(ConstraintSpec::DistinctInstance),
        ("memberOf", None | Some("")) => Err(PlacementError::MissingExpression),
        ("memberOf", Some(text)) => {
            Expression::parse(text).map(ConstraintSpec::MemberOf).map_err(PlacementError::Expression)
        }
        _ => Err(PlacementError::UnknownConstraint(kind.to_owned())),
    }
}

/// At most five strategies (PLC-020).
///
/// # Errors
/// [`PlacementError::TooManyStrategies`].
pub const fn strategy_count(given: usize) -> Result<(), PlacementError> {
    if given > MAX_STRATEGIES { Err(PlacementError::TooManyStrategies) } else { Ok(()) }
}

/// At most ten constraints, those of the task definition and of its service or call together (PLC-009).
///
/// # Errors
/// [`PlacementError::TooManyConstraints`].
pub const fn constraint_count(in_task_definition: usize, in_call: usize) -> Result<(), PlacementError> {
    let given = in_task_definition + in_call;
    if given > MAX_CONSTRAINTS { Err(PlacementError::TooManyConstraints { given }) } else { Ok(()) }
}

/// Fargate takes neither (PLC-001).
///
/// # Errors
/// [`PlacementError::ConstraintsOnFargate`] or [`PlacementError::StrategiesOnFargate`].
pub const fn fargate(constraints: usize, strategies: usize) -> Result<(), PlacementError> {
    if constraints > 0 {
        Err(PlacementError::ConstraintsOnFargate)
    } else if strategies > 0 {
        Err(PlacementError::StrategiesOnFargate)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plc_001_fargate_takes_neither() {
        assert_eq!(
            fargate(1, 1).unwrap_err().to_string(),
            "Placement constraints are not supported with FARGATE launch type."
        );
        assert_eq!(
            fargate(0, 1).unwrap_err().to_string(),
            "Placement strategies are not supported with FARGATE launch type"
        );
        assert_eq!(fargate(0, 0), Ok(()));
    }

    #[test]
    fn plc_009_ten_constraints_together_and_distinct_instance_bare() {
        assert_eq!(constraint_count(4, 6), Ok(()));
        assert_eq!(constraint_count(4, 7), Err(PlacementError::TooManyConstraints { given: 11 }));
        assert_eq!(constraint("distinctInstance", None, true), Err(PlacementError::DistinctInstanceInTaskDefinition));
        assert_eq!(
            constraint("distinctInstance", Some("x"), false).unwrap_err().to_string(),
            "distinctInstance expression should not be specified"
        );
        assert_eq!(constraint("distinctInstance", None, false), Ok(ConstraintSpec::DistinctInstance));
        let long = |length: usize| format!("attribute:a == {}", "x".repeat(length - 15));
        assert!(constraint("memberOf", Some(&long(2_000)), false).is_ok());
        assert!(matches!(constraint("memberOf", Some(&long(2_001)), false), Err(PlacementError::Expression(_))));
    }

    #[test]
    fn plc_020_at_most_five_strategies() {
        assert_eq!(strategy_count(5), Ok(()));
        assert_eq!(strategy_count(6).unwrap_err().to_string(), "Maximum number of strategies is 5");
        for (kind, field) in [("spread", Some("host")), ("binpack", Some("cpu")), ("random", None)] {
            assert!(strategy(kind, field).is_ok());
        }
        assert_eq!(strategy("pack", None), Err(PlacementError::UnknownStrategy("pack".to_owned())));
    }

    #[test]
    fn plc_037_fields_and_expressions_are_checked() {
        assert_eq!(strategy("spread", Some("host")), strategy("spread", Some("instanceId")));
        assert_eq!(strategy("spread", Some("attribute:rack")), Ok(StrategySpec::SpreadAttribute("rack".to_owned())));
        for field in [None, Some("gpu"), Some("instanceId")] {
            assert!(matches!(strategy("binpack", field), Err(PlacementError::BinpackField(_))));
        }
        for field in [None, Some("attribute:"), Some("cpu"), Some("instanceid")] {
            assert!(matches!(strategy("spread", field), Err(PlacementError::SpreadField(_))));
        }
        assert_eq!(constraint("memberOf", None, false), Err(PlacementError::MissingExpression));
        assert!(matches!(constraint("memberOf", Some("bogus =="), false), Err(PlacementError::Expression(_))));
        assert!(matches!(constraint("near", None, false), Err(PlacementError::UnknownConstraint(_))));
    }

    #[test]
    fn plc_029_the_field_of_random_is_ignored() {
        assert_eq!(strategy("random", Some("whatever")), Ok(StrategySpec::Random));
    }
}
