//! Why a deployment does not go on, from what is true at a moment: the two bounds, who counts, and who holds it up (DEP-012,
//! DEP-014).

use ecsim_cluster::deployments::DeploymentEnd;
use ecsim_cluster::{
    Deployment, DeploymentCause, DesiredStatus, RolloutState, Service, ServiceId, Task, TaskStatus, arn,
};
use ecsim_engine::Simulation;
use ecsim_policies::View;
use ecsim_policies::services::health;

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
    let missing = row.desired_count.saturating_sub(primary.live);
    if missing > 0 {
        if row.live >= hi {
            found.push(format!(
                "{missing} new tasks cannot start: {} are live, {hi} is the most (maximumPercent)",
                row.live
            ));
        } else if primary.failed_to_start > 0 {
            let failed = primary.failed_to_start;
            found.push(format!("{missing} new tasks are to start; {failed} have failed before RUNNING (SVC-041)"));
        } else {
            found.push(format!(
                "{missing} new tasks are to start; where none finds a place, see below or ask for a later moment"
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
        if ok as u64 <= u64::from(lo) {
            found.push(format!(
                "{live} old tasks cannot stop: {ok} are healthy, {lo} is the least (minimumHealthyPercent)"
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

/// Some of them by name, the others by their number.
fn list(found: &mut Vec<String>, what: &str, all: &[String]) {
    if all.is_empty() {
        return;
    }
    let named = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = if all.len() > NAMED { format!("; and {} more", all.len() - NAMED) } else { String::new() };
    found.push(format!("{} {what}: {named}{more}", all.len()));
}
