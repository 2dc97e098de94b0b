//! Step 2 of placement: the constraints, binding rules that an instance either satisfies or not (PLC-008, PLC-036).
//!
//! One file per constraint. All of them must hold; where several fail, `memberOf` is named first (FLR-003).

pub mod distinct_instance;
pub mod member_of;
pub mod query;

use std::sync::Arc;

use ecsim_cluster::{Definitions, Instance, Rejection};
use query::Expression;

use crate::View;
use crate::placement::{CatalogueEntry, Request};

/// A placement constraint.
#[derive(Clone, Debug)]
pub enum Constraint {
    /// No two live tasks of a group on one instance (PLC-041).
    DistinctInstance,
    /// The instance satisfies an expression (PLC-040).
    MemberOf(Arc<Expression>),
}

/// Every constraint there is: what documentation and messages list.
pub const CATALOGUE: [CatalogueEntry; 2] = [distinct_instance::ENTRY, member_of::ENTRY];

impl Constraint {
    /// Whether the outcome depends only on attributes, so that instances with the same ones have the same outcome.
    #[must_use]
    pub fn is_static(&self) -> bool {
        match self {
            Self::DistinctInstance => false,
            Self::MemberOf(expression) => expression.is_static(),
        }
    }

    /// As the user wrote it, in canonical form.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::DistinctInstance => "distinctInstance".to_owned(),
            Self::MemberOf(expression) => format!("memberOf({expression})"),
        }
    }
}

/// Whether the instance satisfies all constraints of the request, or which kind it fails first (PLC-008, FLR-003).
///
/// # Errors
/// [`Rejection::MemberOf`] or [`Rejection::DistinctInstance`].
pub fn check(view: &View<'_>, request: &Request<'_>, instance: &Instance) -> Result<(), Rejection> {
    let constraints = &view.placements[request.placement].constraints;
    let definitions = view.cluster.definitions();
    if !constraints.iter().all(|constraint| member_of_holds(constraint, definitions, instance)) {
        return Err(Rejection::MemberOf);
    }
    let distinct = constraints.iter().any(|constraint| matches!(constraint, Constraint::DistinctInstance));
    if distinct && !distinct_instance::holds(instance, request.group) {
        return Err(Rejection::DistinctInstance);
    }
    Ok(())
}

/// Whether a `memberOf` constraint holds; every other constraint counts as holding.
pub(crate) fn member_of_holds(constraint: &Constraint, definitions: &Definitions, instance: &Instance) -> bool {
    match constraint {
        Constraint::MemberOf(expression) => member_of::holds(definitions, expression, instance),
        Constraint::DistinctInstance => true,
    }
}
