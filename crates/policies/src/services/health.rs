//! What "healthy" means to the service scheduler, in one place, because floors, drains, rebalancing and steady states all ask.
//!
//! *What it does.* Says whether a task is *ok*, when it will be, and when the scheduler will notice.
//!
//! *What AWS documents.* Without load balancer and health check a task is healthy 40 s after RUNNING (SVC-010, DRN-005);
//! with health checks of its containers it is healthy while they say so (SVC-011).
//!
//! *What we left out.* Load balancers (SVC-012 to SVC-015): later issues; they belong here.
//!
//! *How we know it is right.* `svc_010_` and `svc_011_` tests here and in the procedures.

use ecsim_cluster::{HealthStatus, Task};
use ecsim_kernel::{SimTime, Span};

use crate::settings::Settings;

/// When a live task that is RUNNING counts as healthy; `None` where it is not RUNNING, or where its health checks do not
/// say so: when they will is not known.
#[must_use]
pub fn ok_at(task: &Task, settings: &Settings) -> Option<SimTime> {
    if !task.is_running() {
        return None;
    }
    let started = task.started_at?;
    if task.checked == 0 {
        return Some(started + settings.healthy_wait);
    }
    (task.health() == HealthStatus::Healthy).then(|| started.max(task.health_since))
}

/// Whether a task counts towards `minimumHealthyPercent` (SVC-010, SVC-011).
#[must_use]
pub fn is_ok(task: &Task, now: SimTime, settings: &Settings) -> bool {
    ok_at(task, settings).is_some_and(|at| at <= now)
}

/// When the scheduler's pass sees what happens to a task at `at`: becoming healthy, or losing its protection, is an
/// event like any other (SVC-004). Instants that the scheduler set itself, such as a retry, need no such delay.
#[must_use]
pub fn noticed_at(at: SimTime, settings: &Settings) -> SimTime {
    at + settings.scheduler_latency.max(settings.reaction).max(Span::from_ms(1))
}
