//! Why a deployment does not go on, from what is true at a moment: the two bounds, who counts, and who holds it up (DEP-012,
//! DEP-014).

use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::deployments::{DeploymentController, DeploymentEnd, DeploymentStrategy};
use ecsim_cluster::{
    Deployment, DeploymentCause, DesiredStatus, RolloutState, Service, ServiceId, Stage, Task, TaskStatus, arn,
};
use ecsim_engine::Simulation;
use ecsim_policies::View;
use ecsim_policies::services::health;

use crate::table::counted;

/// So many tasks are named one by one.
const NAMED: usize = 5;

/// What there is to say about the deployments of a service now; nothing where the only one is COMPLETED, or the service is just
/// coming up.
pub fn describe(simulation: &Simulation, service: ServiceId) -> Option<String> {
    let view = simulation.view();
    let row = &view.cluster.services()[service];
    let primary = row.primary()?;
    let created = primary.cause == DeploymentCause::Created && primary.rollout != RolloutState::Failed;
    if row.deployments.len() == 1 && (created || primary.rollout == RolloutState::Completed) {
        return None;
    }
    let definitions = view.cluster.definitions();
    let mut text = format!("service {} at {}\n", definitions.services[service].name, view.now);
    let mut line = |what: String| {
        text.push_str("  ");
        text.push_str(&what);
        text.push('\n');
    };
    let ok = row.tasks.iter().filter(|task| health::is_ok(&view, view.cluster.task(**task))).count();
    let (lo, hi) = (row.healthy_floor(), row.live_ceiling());
    line(format!(
        "desired {}: at least {lo} healthy ({} %), at most {hi} live ({} %); {} live, {ok} healthy",
        row.desired_count, row.minimum_healthy_percent, row.maximum_percent, row.live
    ));
    for deployment in &row.deployments {
        line(describe_one(&view, row, deployment));
    }
    line("what it waits for:".to_owned());
    let reasons = reasons(&view, row, primary, ok);
    if reasons.is_empty() {
        line("  nothing: it goes on with the next pass of the scheduler".to_owned());
    }
    for reason in reasons {
        line(format!("  {reason}"));
    }
    Some(text)
}

/// One line about a deployment.
fn describe_one(view: &View<'_>, row: &Service, deployment: &Deployment) -> String {
    let definitions = view.cluster.definitions();
    let definition = &definitions.task_definitions[view.cluster.revision(row.id, deployment.number).task_definition];
    let ok = of(view, row, deployment.number).filter(|task| health::is_ok(view, task)).count();
    let stage = deployment.stage.map_or_else(String::new, |stage| format!(", {}", stage.name()));
    format!(
        "deployment {} ({}) of {}:{}: {} {}{stage}; {} live, {} running, {ok} healthy, {} failed to start",
        deployment.number,
        arn::deployment_id_of(definitions, row.id, deployment.number),
        definition.family,
        definition.revision,
        deployment.status.name(),
        deployment.rollout.name(),
        deployment.live,
        deployment.running,
        deployment.failed_to_start,
    )
}

/// Tasks of a deployment that have not reached STOPPED.
fn of<'a>(view: &View<'a>, row: &'a Service, deployment: u32) -> impl Iterator<Item = &'a Task> {
    let cluster = view.cluster;
    row.tasks.iter().map(|task| cluster.task(*task)).filter(move |task| task.deployment() == Some(deployment))
}

fn reasons(view: &View<'_>, row: &Service, primary: &Deployment, ok: usize) -> Vec<String> {
    let definitions = view.cluster.definitions();
    let mut found = Vec::new();
    if primary.rollout == RolloutState::Failed {
        let alarm = |id| definitions.alarms.get(id).map_or_else(String::new, |alarm| alarm.name.clone());
        let why = primary.end.map_or_else(String::new, |end: DeploymentEnd| end.text(alarm));
        found.push(format!("it failed: {why} No task of it starts any more (DEP-034)"));
        return found;
    }
    if let Some(stage) = primary.stage {
        found.push(format!("it is at the stage {} since {} (DEP-060)", stage.name(), primary.changed_at));
    }
    let (lo, hi) = (row.healthy_floor(), row.live_ceiling());
    let policy = view.cluster.deployment_policy(row.id);
    // Where traffic is shifted, or task sets are somebody else's, the two percentages play no role (DEP-069, DEP-080).
    let staged = policy.strategy != DeploymentStrategy::Rolling && primary.stage.is_some_and(|at| at < Stage::CleanUp);
    let is_external = policy.controller == DeploymentController::External;
    let is_daemon = definitions.services[row.id].scheduling == SchedulingStrategy::Daemon;
    let wanted = primary.computed_desired_count(row.desired_count).unwrap_or(row.desired_count);
    let missing = wanted.saturating_sub(primary.live);
    if missing > 0 {
        if staged && primary.stage < Some(Stage::ScaleUp) {
            found.push(format!("{missing} new tasks start at the stage SCALE_UP (DEP-060)"));
        } else if is_daemon && row.live >= row.desired_count {
            found.push(format!(
                "{missing} new tasks wait until the old one on their instance is asked to stop (DEP-016)"
            ));
        } else if row.live >= hi && !staged && !is_external && !is_daemon {
            found.push(format!(
                "{} cannot start: {} live, {hi} is the most (maximumPercent)",
                counted(missing as usize, "new task"),
                are(row.live)
            ));
        } else if primary.failed_to_start > 0 {
            let failed = primary.failed_to_start;
            let new = counted(missing as usize, "new task");
            found.push(format!("{new} to start; failures before RUNNING so far: {failed} (SVC-041)"));
        } else {
            found.push(format!(
                "{} to start; where none finds a place, see below or ask for a later moment",
                counted(missing as usize, "new task")
            ));
        }
    }
    let not_yet: Vec<String> = of(view, row, primary.number)
        .filter(|task| task.is_live() && !health::is_ok(view, task))
        .map(|task| match health::ok_at(view, task) {
            Some(at) => format!("task {} is RUNNING and healthy at {at}", task.id.get() + 1),
            None => format!("task {} is {}, its health {}", task.id.get() + 1, task.last, task.health().name()),
        })
        .collect();
    list(&mut found, "new tasks that are not healthy yet", &not_yet);
    let old =
        || row.tasks.iter().map(|task| view.cluster.task(*task)).filter(|it| it.deployment() != Some(primary.number));
    let live = old().filter(|task| task.is_live()).count();
    if live > 0 {
        if is_external {
            found.push(format!(
                "{live} tasks belong to other task sets, which their owner scales and deletes (DEP-080)"
            ));
        } else if staged {
            found.push(format!("{live} old tasks stay until the stage CLEAN_UP (DEP-061)"));
        } else if ok as u64 <= u64::from(lo) {
            found.push(format!(
                "{} cannot stop: {} healthy, {lo} is the least (minimumHealthyPercent)",
                counted(live, "old task"),
                are(u32::try_from(ok).unwrap_or(u32::MAX))
            ));
        }
        let protected = old().filter(|task| task.is_live() && task.is_protected(view.now)).count();
        if protected > 0 {
            found.push(format!("{protected} of the old tasks are protected from scale-in (SVC-028)"));
        }
    }
    let stopping: Vec<String> = old()
        .filter(|task| task.desired == DesiredStatus::Stopped && task.last != TaskStatus::Stopped)
        .map(|task| format!("task {} is {}", task.id.get() + 1, task.last))
        .collect();
    list(&mut found, "old tasks that have not stopped yet (DEP-003)", &stopping);
    found
}

/// `1 is`, `3 are`.
fn are(number: u32) -> String {
    if number == 1 { "1 is".to_owned() } else { format!("{number} are") }
}

/// Some of them by name, the others by their number.
fn list(found: &mut Vec<String>, what: &str, all: &[String]) {
    if all.is_empty() {
        return;
    }
    let named = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = if all.len() > NAMED { format!("; and {} more", all.len() - NAMED) } else { String::new() };
    found.push(format!("{} {what}: {named}{more}", all.len()));
}
