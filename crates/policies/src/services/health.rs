//! What "healthy" means to the service scheduler, in one place, because floors, drains, rebalancing and steady states all ask.
//!
//! *What it does.* Says whether a task is *ok*, when it will be, whether it is *bad*, and when the scheduler will notice.
//!
//! *What AWS documents.* Without load balancer and health check a task is healthy 40 s after RUNNING (SVC-010, DRN-005);
//! with health checks of its containers it is healthy while they say so (SVC-011), behind a load balancer while its target is
//! healthy (SVC-012), with both while both say so (SVC-013). In its grace period a task is not replaced for what they say
//! (SVC-014). Ours: with several target groups every target must be healthy.
//!
//! *What we left out.* VPC Lattice.
//!
//! *How we know it is right.* `svc_010_` to `svc_015_` tests here and in the procedures; SX-018.

use ecsim_cluster::{HealthStatus, Service, StopReason, TargetState, Task};
use ecsim_kernel::{SimTime, Span};

use crate::settings::Settings;
use crate::view::View;

/// How many target groups a task is to be registered with.
fn balancers(view: &View<'_>, task: &Task) -> usize {
    task.service()
        .zip(task.deployment())
        .map_or(0, |(service, deployment)| view.cluster.revision(service, deployment).target_groups.len())
}

/// When a live task that is RUNNING counts as healthy; `None` where it is not RUNNING, or where its health checks or load
/// balancers do not say so: when they will is not known.
#[must_use]
pub fn ok_at(view: &View<'_>, task: &Task) -> Option<SimTime> {
    if !task.is_running() {
        return None;
    }
    let started = task.started_at?;
    let balancers = balancers(view, task);
    if task.checked == 0 && balancers == 0 {
        return Some(started + view.settings.healthy_wait);
    }
    let mut since = started;
    if task.checked != 0 {
        if task.health() != HealthStatus::Healthy {
            return None;
        }
        since = since.max(task.health_since);
    }
    if balancers > 0 {
        if task.targets.len() < balancers || task.targets.iter().any(|target| target.state != TargetState::Healthy) {
            return None;
        }
        since = task.targets.iter().map(|target| target.since).fold(since, SimTime::max);
    }
    Some(since)
}

/// Whether a task counts towards `minimumHealthyPercent` (SVC-010 to SVC-013).
#[must_use]
pub fn is_ok(view: &View<'_>, task: &Task) -> bool {
    ok_at(view, task).is_some_and(|at| at <= view.now)
}

/// Whether a load balancer or the checks of its containers find a live task unhealthy, in its grace period or not: it is the
/// first to go where one must go anyway (SVC-015).
#[must_use]
pub fn is_unwell(task: &Task) -> bool {
    task.is_running()
        && (task.health() == HealthStatus::Unhealthy
            || task.targets.iter().any(|target| target.state == TargetState::Unhealthy))
}

/// Why an unhealthy task is stopped (SVC-020): its own checks are named before those of a load balancer.
#[must_use]
pub fn reason(task: &Task) -> StopReason {
    let target = task.targets.iter().find(|target| target.state == TargetState::Unhealthy);
    match target.filter(|_| task.health() != HealthStatus::Unhealthy) {
        Some(target) => StopReason::UnhealthyTarget(target.group),
        None => StopReason::Unhealthy,
    }
}

/// Whether a live task is unhealthy, so that its service replaces it (SVC-020). In its grace period it is not: that counts
/// from RUNNING, and needs a load balancer (SVC-014).
#[must_use]
pub fn is_bad(view: &View<'_>, task: &Task) -> bool {
    is_unwell(task) && !is_in_grace(view, task)
}

fn is_in_grace(view: &View<'_>, task: &Task) -> bool {
    let Some(service) = task.service() else { return false };
    let grace = view.cluster.services()[service].health_check_grace;
    !grace.is_zero() && task.started_at.is_some_and(|started| view.now < started + grace) && balancers(view, task) > 0
}

/// Whether a task of a service is being stopped while a load balancer still drains it: then there is no steady state
/// (SVC-053).
#[must_use]
pub fn is_draining_targets(view: &View<'_>, service: &Service) -> bool {
    let stopping = service.tasks.len() as u64 > u64::from(service.live);
    stopping
        && service.tasks.iter().any(|task| {
            let task = view.cluster.task(*task);
            !task.is_live() && !task.targets.is_empty()
        })
}

/// When the scheduler's pass sees what happens to a task at `at`: becoming healthy, or losing its protection, is an
/// event like any other (SVC-004). Instants that the scheduler set itself, such as a retry, need no such delay.
#[must_use]
pub fn noticed_at(at: SimTime, settings: &Settings) -> SimTime {
    at + settings.scheduler_latency.max(settings.reaction).max(Span::from_ms(1))
}
