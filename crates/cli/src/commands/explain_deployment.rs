//! Why a deployment does not go on, from what is true at a moment: the two bounds, who counts, and who holds it up (DEP-012,
//! DEP-014).

use std::collections::BTreeMap;

use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::deployments::{DeploymentController, DeploymentEnd, DeploymentStrategy};
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{
    Cluster, Definitions, Deployment, DeploymentCause, DesiredStatus, Fact, HealthStatus, Observer, RolloutState,
    Service, ServiceId, Stage, Task, TaskStatus, arn,
};
use ecsim_engine::Simulation;
use ecsim_kernel::SimTime;
use ecsim_policies::View;
use ecsim_policies::services::{bake, health};
use ecsim_report::clock::Clock;

use crate::table::counted;

/// So many tasks are named one by one.
const NAMED: usize = 5;

/// The events of a service that say what its scheduler counts and which task sets are steady: the latest of each (SVC-052).
struct Said {
    service: ServiceId,
    latest: BTreeMap<(&'static str, Option<u32>), (SimTime, ServiceEvent)>,
}

impl Said {
    /// Nothing yet.
    const fn new(service: ServiceId) -> Self {
        Self { service, latest: BTreeMap::new() }
    }

    fn lines<'a>(&'a self, definitions: &'a Definitions) -> impl Iterator<Item = String> + 'a {
        self.latest.iter().map(|((name, set), (at, event))| {
            let what = match event {
                ServiceEvent::DesiredCountUpdated { to, .. } => format!(", desiredCount {to}"),
                _ => String::new(),
            };
            let of = set.map_or_else(String::new, |set| {
                format!(" of task set {}", arn::deployment_id_of(definitions, self.service, set))
            });
            format!("{name}{of} at {at}{what}")
        })
    }
}

impl Observer for Said {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        match *fact {
            Fact::ServiceEvent {
                service,
                event: event @ (ServiceEvent::DesiredCountUpdated { .. } | ServiceEvent::TaskSetSteadyState { .. }),
            } if service == self.service => {
                if let Some((_, name)) = event.event_name() {
                    self.latest.insert((name, event.task_set()), (now, event));
                }
            }
            _ => {}
        }
    }
}

/// Why tasks of the deployments of a service stopped, so far.
pub struct Story {
    service: ServiceId,
    /// By deployment and by what `stoppedReason` says: how many, and when the last one did.
    stops: BTreeMap<(u32, String), (u32, SimTime)>,
    /// How the essential containers of tasks exited, by deployment.
    exits: BTreeMap<(u32, i32), u32>,
    said: Said,
}

impl Story {
    /// Nothing has happened yet.
    pub const fn new(service: ServiceId) -> Self {
        Self { service, stops: BTreeMap::new(), exits: BTreeMap::new(), said: Said::new(service) }
    }

    /// Why tasks of a deployment stopped, the commonest reason first.
    fn stops_of(&self, deployment: u32) -> Option<String> {
        let mut found: Vec<_> = self.stops.iter().filter(|((of, _), _)| *of == deployment).collect();
        found.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        let all: u32 = found.iter().map(|(_, (count, _))| count).sum();
        let told = found
            .iter()
            .take(NAMED)
            .map(|((_, why), (count, last))| format!("{} \"{why}\", last at {last}", counted(*count as usize, "time")));
        let told = told.collect::<Vec<_>>().join("; ");
        let codes = self.exits.iter().filter(|((of, _), _)| *of == deployment);
        let codes = codes.map(|((_, code), count)| format!("{code} ({count})")).collect::<Vec<_>>().join(", ");
        let codes = if codes.is_empty() { codes } else { format!("; exit codes of containers: {codes}") };
        (all > 0).then(|| format!("{} of it stopped so far: {told}{codes}", counted(all as usize, "task")))
    }
}

impl Observer for Story {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.said.observe(now, fact, cluster);
        let of = |task| {
            let row = cluster.tasks().get(task).filter(|row| row.service() == Some(self.service))?;
            Some((row.deployment()?, row.origin))
        };
        match *fact {
            Fact::TaskStopRequested { task, reason } => {
                if let Some((deployment, origin)) = of(task) {
                    let seen = self.stops.entry((deployment, reason.text(cluster, Some(origin)))).or_default();
                    *seen = (seen.0 + 1, now);
                }
            }
            Fact::ContainerExited { task, exit_code, .. } => {
                // Those that were asked to stop exit too, and say nothing by it.
                let by_itself = cluster.tasks().get(task).is_some_and(|row| row.desired != DesiredStatus::Stopped);
                if let Some((deployment, _)) = of(task).filter(|_| by_itself) {
                    *self.exits.entry((deployment, exit_code)).or_default() += 1;
                }
            }
            _ => {}
        }
    }
}

/// What there is to say about the deployments of a service now; nothing where the only one is COMPLETED, or the service is just
/// coming up, and it has said nothing of SVC-052.
pub fn describe(simulation: &Simulation, story: &Story) -> Option<String> {
    let (service, said) = (story.service, &story.said);
    let view = simulation.view();
    let row = &view.cluster.services()[service];
    let primary = row.primary()?;
    let created = primary.cause == DeploymentCause::Created && primary.rollout != RolloutState::Failed;
    let settled = row.deployments.len() == 1 && (created || primary.rollout == RolloutState::Completed);
    if settled && said.latest.is_empty() {
        return None;
    }
    let definitions = view.cluster.definitions();
    let stamp = Clock::new(definitions.start_unix_ms).stamp(view.now);
    let mut text = format!("service {} at {}, which is {stamp}\n", definitions.services[service].name, view.now);
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
    said.lines(definitions).for_each(&mut line);
    if settled {
        return Some(text);
    }
    line("what it waits for:".to_owned());
    let reasons = reasons(&view, row, primary, ok, story);
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
    let set = stability(view, row, deployment);
    format!(
        "deployment {} ({}) of {}:{}: {} {}{stage}{set}; {} live, {} running, {ok} healthy, {} failed to start",
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

/// What a task set wants and its `stabilityStatus` (DEP-080, DEP-081).
fn stability(view: &View<'_>, row: &Service, set: &Deployment) -> String {
    let controller = view.cluster.deployment_policy(row.id).controller;
    if set.scale.is_none() && !matches!(controller, DeploymentController::CodeDeploy { .. }) {
        return String::new();
    }
    let wanted = set.computed_desired_count(row.desired_count).unwrap_or(row.desired_count);
    let status = set.stability_status();
    let since = set.steady_since.map_or_else(String::new, |since| format!(" since {since}"));
    format!(", computedDesiredCount {wanted}, {status}{since}")
}

/// Tasks of a deployment that have not reached STOPPED.
fn of<'a>(view: &View<'a>, row: &'a Service, deployment: u32) -> impl Iterator<Item = &'a Task> {
    let cluster = view.cluster;
    row.tasks.iter().map(|task| cluster.task(*task)).filter(move |task| task.deployment() == Some(deployment))
}

fn reasons(view: &View<'_>, row: &Service, primary: &Deployment, ok: usize, story: &Story) -> Vec<String> {
    let definitions = view.cluster.definitions();
    let mut found = Vec::new();
    if primary.rollout == RolloutState::Failed {
        let alarm = |id| definitions.alarms.get(id).map_or_else(String::new, |alarm| alarm.name.clone());
        let why = primary.end.map_or_else(String::new, |end: DeploymentEnd| end.text(alarm));
        found.push(format!("it failed: {why} No task of it starts any more (DEP-034)"));
        found.extend(story.stops_of(primary.number));
        return found;
    }
    if let Some(stage) = primary.stage {
        found.push(format!("it is at the stage {} since {} (DEP-060)", stage.name(), primary.changed_at));
        found.extend(stage_waits(view, row, primary, stage));
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
    found.extend(story.stops_of(primary.number));
    let not_yet: Vec<String> = of(view, row, primary.number)
        .filter(|task| task.is_live() && !health::is_ok(view, task))
        .map(|task| match health::ok_at(view, task) {
            Some(at) => format!("task {} is RUNNING and healthy at {at}", task.id.get() + 1),
            None => {
                let groups = &view.cluster.definitions().target_groups;
                let of_group = |it: &ecsim_cluster::Target| {
                    format!("{} in {} since {}", it.state.name(), groups[it.group].name, it.since)
                };
                let targets = task.targets.iter().map(of_group).collect::<Vec<_>>().join(", ");
                let health = if task.health() == HealthStatus::Unknown && !targets.is_empty() {
                    targets
                } else {
                    let own = format!("its health {}", task.health().name());
                    if targets.is_empty() { own } else { format!("{own}, {targets}") }
                };
                format!("task {} is {}, {health}", task.id.get() + 1, task.last)
            }
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

/// What a stage waits for: its hooks, or the end of the time that it takes.
fn stage_waits(view: &View<'_>, row: &Service, primary: &Deployment, stage: Stage) -> Vec<String> {
    let policy = view.cluster.deployment_policy(row.id);
    let since = primary.changed_at;
    let mut found = Vec::new();
    for hook in policy.hooks.iter().filter(|hook| hook.stages & stage.bit() != 0) {
        let until = since + hook.timeout;
        let then = if hook.continues_on_timeout { "goes on" } else { "is rolled back" };
        if hook.pause {
            found.push(format!(
                "a PAUSE hook waits for ContinueServiceDeployment; without it the deployment {then} at {until} (DEP-066, DEP-067)"
            ));
        } else if hook.takes < hook.timeout {
            found.push(format!("a lifecycle hook of the stage answers at {} (DEP-066)", since + hook.takes));
        } else {
            found.push(format!(
                "a lifecycle hook of the stage does not answer: the deployment {then} at {until} (DEP-067)"
            ));
        }
    }
    if stage == Stage::BakeTime {
        let until = since + bake(view, policy);
        found.push(if policy.strategy == DeploymentStrategy::Rolling {
            format!("it bakes until {until}, unless an alarm ends it (DEP-046)")
        } else {
            format!("both revisions stay until {until}, unless an alarm or the circuit breaker ends it (DEP-062)")
        });
    }
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
