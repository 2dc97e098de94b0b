//! The definition of placement: AWS's four steps, one after the other, over every instance (PLC-002).
//!
//! Nothing here is fast, and nothing here may be clever: [`lanes`](super::lanes) must give the same answer.

use ecsim_cluster::{Instance, InstanceId, Rejection};

use super::daemons::Daemons;
use super::request::Request;
use super::select::{self, Ties};
use super::strategies::{Candidate, Key, Ranking};
use super::{constraints, fit};
use crate::View;

/// Where the task goes, or `None` where no instance will do.
#[must_use]
pub fn choose(view: &View<'_>, request: &Request<'_>, ties: Ties<'_>) -> Option<InstanceId> {
    select::one(view.cluster, &tied(view, request), ties)
}

/// The instances among which only chance, or the order of registration, decides (PLC-022); in the order of their ids.
#[must_use]
pub fn tied(view: &View<'_>, request: &Request<'_>) -> Vec<InstanceId> {
    let ranked = ranked(view, request);
    let Some(best) = ranked.iter().map(|(key, _)| *key).min() else { return Vec::new() };
    ranked.into_iter().filter(|(key, _)| *key == best).map(|(_, instance)| instance).collect()
}

/// Every candidate with its keys, in the order of their ids.
fn ranked(view: &View<'_>, request: &Request<'_>) -> Vec<(Key, InstanceId)> {
    let daemons = Daemons::against(view, request);
    let ranking = Ranking::new(view, request);
    view.cluster
        .present()
        .filter(|instance| fit::is_eligible(view, request, instance)) // PLC-004, PLC-011
        .filter(|instance| rejection(view, request, &daemons, instance).is_none()) // steps 1 and 2
        .map(|instance| (ranking.key(&candidate(view, request, &daemons, instance)), instance.id)) // step 3
        .collect()
}

/// What the strategies see of an instance.
#[must_use]
pub fn candidate<'a>(
    view: &View<'_>,
    request: &Request<'_>,
    daemons: &Daemons,
    instance: &'a Instance,
) -> Candidate<'a> {
    let remaining = daemons.room(view, instance);
    Candidate { instance, remaining, group_tasks: instance.live_tasks_of(request.group) }
}

/// Why an eligible instance cannot take the task: the first failing check in the order of FLR-003, if any.
#[must_use]
pub fn rejection(view: &View<'_>, request: &Request<'_>, daemons: &Daemons, instance: &Instance) -> Option<Rejection> {
    fit::check_room(view, request, instance, daemons.room(view, instance))
        .and_then(|()| constraints::check(view, request, instance))
        .and(if instance.connected { Ok(()) } else { Err(Rejection::Agent) })
        .err()
}
