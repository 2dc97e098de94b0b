//! `ecsim explain`: why a task was placed where it was, or why it could not be placed, from the run itself.

use std::sync::Arc;

use ecsim_cluster::definitions::LaunchType;
use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::fact::{HeldBack, TaskOrigin};
use ecsim_cluster::targets::BalancerKind;
use ecsim_cluster::{Cluster, Definitions, Fact, InstanceId, Observer, SourceId, TargetGroupId, TaskId, arn};
use ecsim_engine::Model;
use ecsim_engine::Simulation;
use ecsim_engine::model::Call;
use ecsim_engine::probe::{Explained, Probe, Subject};
use ecsim_kernel::{SimTime, Span};
use serde_json::{Value, json};

use super::{explain_deployment, explain_scaling};
use crate::app::{DataFormat, Explain};
use crate::exit::{Done, Failure, Outcome};
use crate::moment::Moment;
use crate::session;
use crate::table::{self, counted};
use crate::terminal::{self, Terminal};

/// So many attempts of a service are looked for after the moment asked about.
const ATTEMPTS: u32 = 1;

/// Explains what was asked.
///
/// # Errors
/// Names that nothing has; moments at which nothing happened.
pub fn run(command: &Explain, terminal: &Terminal) -> Outcome {
    check(command)?;
    let ready = session::open(&command.scenario, &command.options, terminal)?;
    terminal::print(&answer(ready.model, command)?)?;
    Ok(Done::Fine)
}

/// Options that do not go together.
fn check(command: &Explain) -> Result<(), Failure> {
    let subject = &command.subject;
    if command.at.is_some() && subject.service.is_none() && subject.workload.is_none() {
        return Err(Failure::Input("--at goes with --service or --workload only".into()));
    }
    if command.copy.is_some() && subject.workload.is_none() {
        return Err(Failure::Input("--copy goes with --workload only".into()));
    }
    if command.copy.is_some() && command.at.is_some() {
        return Err(Failure::Input("--copy names one copy, so --at has nothing to choose; give one of them".into()));
    }
    Ok(())
}

/// What there is to say about it in a run of this model.
///
/// # Errors
/// Names that nothing has; moments at which nothing happened.
pub fn answer(model: Model, command: &Explain) -> Result<String, Failure> {
    let subject = &command.subject;
    let definitions = Arc::clone(&model.definitions);
    let simulation = Simulation::new(model);
    let at = command.at.map(|moment| moment.after(definitions.start_unix_ms)).transpose().map_err(Failure::Input)?;
    if let Some(id) = &subject.task {
        explain_task(simulation, &definitions, id, command)
    } else if let Some(name) = &subject.service {
        explain_service(simulation, &definitions, name, at, command)
    } else if let Some(name) = &subject.workload {
        explain_workload(simulation, &definitions, name, at, command)
    } else if let Some(name) = &subject.instance {
        explain_instance(simulation, &definitions, name, command)
    } else {
        Err(Failure::Input("say what is to be explained: --task, --service, --workload or --instance".into()))
    }
}

/// A task by its number in tasks.csv, or by the beginning of its id.
fn explain_task(
    simulation: Simulation,
    definitions: &Definitions,
    id: &str,
    command: &Explain,
) -> Result<String, Failure> {
    let task = match id.parse::<u32>() {
        Ok(0) => return Err(Failure::Input("tasks are numbered from 1".into())),
        Ok(number) if id.len() < 10 => TaskId::new(number - 1),
        _ => find_by_id(&simulation, definitions, id)?,
    };
    // One run finds out whose task it is, a second one watches what came before and after.
    let mut birth = Birth { task, origin: None };
    let mut first = simulation.clone();
    while birth.origin.is_none() && first.step(&mut birth) {}
    let Some(origin) = birth.origin else {
        let created = counted(first.cluster().tasks().created(), "task");
        return Err(Failure::Input(format!(
            "no task `{id}`: this run creates {created}, numbered from 1; for what was never placed see --workload or --service"
        )));
    };
    let mut simulation = simulation;
    simulation.set_probe(Some(Probe::Task(task)));
    let mut life = Life { task, origin, placed_on: String::new(), fargate: false, lines: Vec::new() };
    let mut found: Option<Explained> = None;
    while simulation.step(&mut life) {
        // Attempts that fail are seen too: the id they would have given goes to the next one. The last of a task that waits
        // says why it still does.
        for explained in simulation.take_explained() {
            if found.as_ref().is_none_or(|known| known.chosen.is_none()) {
                found = Some(explained);
            }
        }
        if !life.placed_on.is_empty() {
            simulation.set_probe(None);
        }
    }
    let found = found.filter(|it| it.chosen.is_some() || (life.placed_on.is_empty() && !life.fargate));
    let title = format!("task {} ({})", task.get() + 1, arn::task_id(definitions, task));
    let instance = life.placed_on.as_str();
    let no_choice = match origin {
        _ if life.fargate => "it runs on AWS Fargate: there is no container instance to choose".to_owned(),
        _ if instance.is_empty() => "it was never placed: it waited in PROVISIONING for an instance".to_owned(),
        TaskOrigin::Service { service, .. } => {
            format!("{} is a DAEMON service: this is its task on {instance}", definitions.services[service].name)
        }
        TaskOrigin::Source { .. } => format!("there was no choice: the caller named {instance} (StartTask)"),
    };
    Ok(match command.format {
        DataFormat::Table => {
            let mut text = match &found {
                Some(explained) => describe(&title, explained, definitions, command),
                None => format!("{title}\n{no_choice}\n"),
            };
            text.push_str("its life:\n");
            text.extend(life.lines.iter().map(|(at, what)| format!("  {at}  {what}\n")));
            text
        }
        DataFormat::Json => {
            let mut answer = match &found {
                Some(explained) => to_json(&title, explained),
                None => json!({"subject": title, "request": no_choice, "chosen": instance}),
            };
            answer["life"] =
                life.lines.iter().map(|(at, what)| json!({"seconds": at.secs_f64(), "what": what})).collect();
            in_json(&[answer])
        }
        DataFormat::Csv => {
            let rows = found.as_ref().map_or_else(
                || vec![json!({"instance": instance, "outcome": "chosen", "reason": "", "detail": no_choice})],
                rows,
            );
            table::text(&COLUMNS, &rows, DataFormat::Csv)
        }
    })
}

fn find_by_id(simulation: &Simulation, definitions: &Definitions, id: &str) -> Result<TaskId, Failure> {
    // Ids are made from numbers: a run tells how many there are.
    let mut run = simulation.clone();
    run.run(&mut ());
    let short = id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase();
    let created = u32::try_from(run.cluster().tasks().created()).unwrap_or(u32::MAX);
    let mut found = (0..created).map(TaskId::new).filter(|task| arn::task_id(definitions, *task).starts_with(&short));
    match (found.next(), found.next()) {
        (Some(task), None) => Ok(task),
        (Some(_), Some(_)) => Err(Failure::Input(format!("several tasks have ids that begin with `{id}`"))),
        _ => Err(Failure::Input(format!("no task has an id that begins with `{id}`; tasks.csv lists them"))),
    }
}

/// The next placement of a service at a moment; without one, its first failure.
fn explain_service(
    mut simulation: Simulation,
    definitions: &Definitions,
    name: &str,
    at: Option<Span>,
    command: &Explain,
) -> Result<String, Failure> {
    let service = named(definitions.services.iter().map(|(id, service)| (id, service.name.as_str())), name, "service")?;
    if definitions.services[service].scheduling == SchedulingStrategy::Daemon {
        if let Some(at) = at.filter(|_| command.format == DataFormat::Table) {
            let mut story = explain_deployment::Story::new(service);
            simulation.run_until(SimTime::ZERO + at, &mut story);
            if let Some(text) = explain_deployment::describe(&simulation, &story) {
                return Ok(text);
            }
        }
        return Err(Failure::Input(format!(
            "`{name}` is a DAEMON service: it starts one task on every instance that fits, so nothing is chosen; \
             see --instance"
        )));
    }
    let from = at.map(|at| SimTime::ZERO + at);
    match from {
        Some(from) => {
            if from > simulation.end() {
                // Who names a time of day may have had another start in mind.
                let after = match command.at {
                    Some(Moment::After(_)) | None => String::new(),
                    Some(_) => format!(": it is {} after the start", from.since(SimTime::ZERO)),
                };
                return Err(Failure::Input(format!("--at lies after the end of the run, {}{after}", simulation.end())));
            }
            let mut until = simulation.clone();
            let mut stories = (explain_scaling::Story::new(service), explain_deployment::Story::new(service));
            until.run_until(from, &mut stories);
            let scaling = explain_scaling::answer(&until, &stories.0);
            let mut described = String::new();
            match (command.format, &scaling) {
                (DataFormat::Table, _) => {
                    described.extend(scaling.as_ref().map(explain_scaling::Answer::text));
                    described.extend(explain_deployment::describe(&until, &stories.1));
                }
                // A table has one kind of rows: what scales a service, where something does.
                (DataFormat::Csv, Some(answer)) => {
                    return Ok(table::text(&explain_scaling::COLUMNS, &answer.rows(), DataFormat::Csv));
                }
                (DataFormat::Json | DataFormat::Csv, _) => {}
            }
            let answers: Vec<Value> = match command.format {
                DataFormat::Json => scaling.iter().map(explain_scaling::Answer::json).collect(),
                DataFormat::Table | DataFormat::Csv => Vec::new(),
            };
            simulation.set_probe(Some(Probe::Service { service, from, limit: ATTEMPTS }));
            let mut found = Vec::new();
            while found.is_empty() && simulation.step(&mut ()) {
                found = simulation.take_explained();
            }
            if !answers.is_empty() {
                let title = format!("service {name}");
                let placements = found.iter().map(|one| to_json(&title, one));
                return Ok(in_json(&answers.into_iter().chain(placements).collect::<Vec<_>>()));
            }
            if found.is_empty() && described.is_empty() {
                let message = format!("service `{name}` places nothing from {from} on; ask for an earlier moment");
                return Err(Failure::Input(message));
            }
            if !found.is_empty() {
                described.push_str(&written(&format!("service {name}"), &found, definitions, command));
            }
            Ok(described)
        }
        None => {
            // The first attempt that failed, or the first of all.
            simulation.set_probe(Some(Probe::Service { service, from: SimTime::ZERO, limit: u32::MAX }));
            let mut first: Option<Explained> = None;
            let mut failed = None;
            while failed.is_none() && simulation.step(&mut ()) {
                for explained in simulation.take_explained() {
                    if explained.chosen.is_none() && failed.is_none() {
                        failed = Some(explained);
                    } else if first.is_none() {
                        first = Some(explained);
                    }
                }
            }
            let Some(explained) = failed.or(first) else {
                return Err(Failure::Input(format!("service `{name}` never places a task by choice in this run")));
            };
            Ok(written(&format!("service {name}"), &[explained], definitions, command))
        }
    }
}

/// One copy of a workload entry: the one asked for, or the first that found no place.
fn explain_workload(
    mut simulation: Simulation,
    definitions: &Definitions,
    name: &str,
    at: Option<Span>,
    command: &Explain,
) -> Result<String, Failure> {
    let source =
        named(definitions.sources.iter().map(|(id, source)| (id, source.name.as_str())), name, "workload entry")?;
    let names_instances = |call: &Call| matches!(call, Call::StartTask { source: of, .. } if *of == source);
    if simulation.model().calls.values().any(names_instances) {
        return Err(Failure::Input(format!(
            "`{name}` names its instances itself (StartTask), so nothing is chosen; see --instance"
        )));
    }
    let ordinal = match command.copy {
        Some(copy) => copy,
        None => {
            let mut first = FirstUnplaced { source, after: at.unwrap_or(Span::ZERO), found: None };
            let mut run = simulation.clone();
            while first.found.is_none() && run.step(&mut first) {}
            match first.found {
                Some(ordinal) => ordinal,
                None => {
                    let message = format!("every copy of `{name}` found a place at once; ask for one with --copy N");
                    return Err(Failure::Input(message));
                }
            }
        }
    };
    simulation.set_probe(Some(Probe::Copy { source, ordinal }));
    let mut found = Vec::new();
    let mut refused = Refused { source, ordinal, found: None };
    while found.is_empty() && refused.found.is_none() && simulation.step(&mut refused) {
        found = simulation.take_explained();
    }
    if found.is_empty() {
        if let Some((at, by)) = refused.found {
            return Err(Failure::Input(format!(
                "nobody looked for an instance: the call of `{name}` for copy {ordinal} was turned away at {at} with {}: {}",
                by.exception(),
                by.text()
            )));
        }
        return Err(Failure::Input(format!(
            "`{name}` never asks for a copy {ordinal} in this run; copies are counted from 0"
        )));
    }
    Ok(written(&format!("workload {name}, copy {ordinal}"), &found, definitions, command))
}

/// Who ran on an instance, when, and why it went.
fn explain_instance(
    mut simulation: Simulation,
    definitions: &Definitions,
    name: &str,
    command: &Explain,
) -> Result<String, Failure> {
    // Instances of groups and providers get their names when they are launched, so the run is what knows them.
    let planned = definitions.instances.iter().find(|(_, planned)| planned.name == name).map(|(id, _)| id);
    let mut stays = Stays { name: name.to_owned(), instance: planned, rows: Vec::new(), story: Vec::new() };
    simulation.run(&mut stays);
    let cluster = simulation.cluster();
    let instance = match stays.instance {
        Some(instance) => instance,
        None => named(cluster.instances().iter().map(|(id, row)| (id, &*row.name)), name, "container instance")?,
    };
    // People read a clock, programs read seconds.
    let clock = command.format == DataFormat::Table;
    let columns = if clock {
        ["task", "taskDefinition", "group", "came", "running", "left", "reason"]
    } else {
        ["task", "taskDefinition", "group", "cameSeconds", "runningSeconds", "leftSeconds", "reason"]
    };
    let time = |at: SimTime| if clock { json!(at.to_string()) } else { json!(at.secs_f64()) };
    let rows: Vec<Value> = stays
        .rows
        .iter()
        .map(|stay| {
            json!({
                "task": stay.task.get() + 1,
                "taskDefinition": definitions.task_definitions[stay.definition].display_name(),
                "group": definitions.groups.name(stay.group),
                columns[3]: time(stay.came),
                columns[4]: stay.running.map(time),
                columns[5]: stay.left.map(time),
                "reason": stay.reason.as_deref().unwrap_or(""),
            })
        })
        .collect();
    let mut text = String::new();
    if command.format == DataFormat::Table {
        let row = &cluster.instances()[instance];
        let shape = &definitions.shapes[row.shape];
        let zone = definitions.zones.name(row.zone);
        text = format!(
            "container instance {name}: {}, {zone}, registered {} CPU units, {} MiB, {} GPUs, {} task network interfaces\n",
            shape.instance_type,
            shape.registered.cpu,
            shape.registered.memory,
            definitions.gpu_sharing.show(shape.registered.gpus.into()),
            shape.registered.enis
        );
        for line in &stays.story {
            text.push_str(&format!("  {line}\n"));
        }
        let were = if stays.rows.len() == 1 { "was" } else { "were" };
        text.push_str(&format!("{} {were} placed on it\n", counted(stays.rows.len(), "task")));
        if !stays.rows.is_empty() {
            text.push('\n');
        }
    }
    let shown = if command.format == DataFormat::Table { rows.len().min(command.limit) } else { rows.len() };
    text.push_str(&table::text(&columns, &rows[..shown], command.format));
    if shown < rows.len() {
        text.push_str(&format!("… and {} more (--limit {})\n", rows.len() - shown, rows.len()));
    }
    Ok(text)
}

/// The id of a name, or near names.
fn named<'a, I: Copy>(known: impl Iterator<Item = (I, &'a str)>, name: &str, what: &str) -> Result<I, Failure> {
    let known: Vec<(I, &str)> = known.collect();
    if let Some((id, _)) = known.iter().find(|(_, known)| *known == name) {
        return Ok(*id);
    }
    let near = ecsim_scenario::validate::nearest(name, known.iter().map(|(_, name)| *name));
    let help = match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => {
            let names: Vec<&str> = known.iter().map(|(_, name)| *name).take(12).collect();
            if names.is_empty() { String::new() } else { format!("; there are: {}", names.join(", ")) }
        }
    };
    Err(Failure::Input(format!("no {what} is called `{name}`{help}")))
}

/// The columns of an explanation as a table of instances.
const COLUMNS: [&str; 4] = ["instance", "outcome", "reason", "detail"];

fn written(title: &str, explained: &[Explained], definitions: &Definitions, command: &Explain) -> String {
    match command.format {
        DataFormat::Table => explained.iter().map(|one| describe(title, one, definitions, command)).collect(),
        DataFormat::Json => {
            let list: Vec<Value> = explained.iter().map(|one| to_json(title, one)).collect();
            in_json(&list)
        }
        DataFormat::Csv => {
            let rows: Vec<Value> = explained.iter().flat_map(rows).collect();
            table::text(&COLUMNS, &rows, DataFormat::Csv)
        }
    }
}

fn in_json(list: &[Value]) -> String {
    let mut text = serde_json::to_string_pretty(list).unwrap_or_default();
    text.push('\n');
    text
}

/// A decision in words.
fn describe(title: &str, one: &Explained, definitions: &Definitions, command: &Explain) -> String {
    let mut text = format!("{title}, decided at {}\n", one.at);
    text.push_str(&one.funnel.render(command.limit));
    if let (Some(chosen), true) = (one.chosen, one.funnel.tied.len() > 1) {
        text.push_str(&format!("the choice: {}\n", name_in(one, chosen)));
    }
    if let (None, Subject::Service { service, .. }) = (one.chosen, one.subject)
        && definitions.services[service].strategy.is_none()
    {
        text.push_str("the service tries again later (FLR-032)\n");
    }
    text
}

/// The name of one of those that fit.
fn name_in(one: &Explained, instance: InstanceId) -> &str {
    let found = one.funnel.survivors.iter().find(|survivor| survivor.instance == instance);
    found.map_or("", |survivor| survivor.name.as_str())
}

fn rows(one: &Explained) -> Vec<Value> {
    let dropped = one.funnel.rejected.iter().map(|dropped| {
        json!({"instance": dropped.name, "outcome": "rejected", "reason": dropped.reason.code(), "detail": dropped.because})
    });
    let survivors = one.funnel.survivors.iter().map(|survivor| {
        let outcome = if one.chosen == Some(survivor.instance) { "chosen" } else { "fits" };
        json!({"instance": survivor.name, "outcome": outcome, "reason": "", "detail": survivor.words.join("; ")})
    });
    survivors.chain(dropped).collect()
}

fn to_json(title: &str, one: &Explained) -> Value {
    let funnel = &one.funnel;
    json!({
        "subject": title,
        "seconds": one.at.secs_f64(),
        "request": funnel.request,
        "chosen": one.chosen.map(|id| name_in(one, id)),
        "steps": funnel.steps.iter().map(|step| json!({"keeps": step.title, "before": step.before, "after": step.after})).collect::<Vec<_>>(),
        "rounds": funnel.rounds.iter().map(|round| json!({"strategy": round.strategy, "kept": round.kept.len()})).collect::<Vec<_>>(),
        "tied": funnel.tied.iter().map(|id| name_in(one, *id)).collect::<Vec<_>>(),
        "instances": rows(one),
    })
}

/// Finds out who wanted a task.
struct Birth {
    task: TaskId,
    origin: Option<TaskOrigin>,
}

impl Observer for Birth {
    fn observe(&mut self, _: SimTime, fact: &Fact, _: &Cluster) {
        if let Fact::TaskCreated { task, origin, .. } = *fact
            && task == self.task
        {
            self.origin = Some(origin);
        }
    }
}

/// What happens to one task, from the first call that asked for it.
struct Life {
    task: TaskId,
    origin: TaskOrigin,
    /// The name of its instance; empty until it has one.
    placed_on: String,
    fargate: bool,
    lines: Vec<(SimTime, String)>,
}

impl Life {
    /// Whether copies `first` to `first + count - 1` of a source hold the one that became the task.
    fn is_of(&self, of: SourceId, first: u32, count: u32) -> bool {
        matches!(self.origin, TaskOrigin::Source { source, ordinal }
            if source == of && first <= ordinal && ordinal - first < count)
    }

    /// Of many attempts in a row only the first is told.
    fn found_no_place(&mut self, now: SimTime, closest: Option<&str>) {
        let closest = closest.map_or_else(String::new, |name| format!("; {name} came closest"));
        let is_first = !self.lines.iter().any(|(_, line)| line.starts_with("found no place"));
        if is_first {
            self.lines.push((now, format!("found no place{closest}")));
        }
    }

    /// The same.
    fn turned_away(&mut self, now: SimTime, by: HeldBack) {
        let line = format!("turned away with {}: {}", by.exception(), by.text());
        if !self.lines.iter().any(|(_, told)| *told == line) {
            self.lines.push((now, line));
        }
    }
}

impl Observer for Life {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        let definitions = cluster.definitions();
        let line = match *fact {
            Fact::TaskRequested { source, ordinal, count } if self.is_of(source, ordinal, count) => {
                "asked for".to_owned()
            }
            Fact::RequestUnplaced { source, ordinal, count, closest, .. } if self.is_of(source, ordinal, count) => {
                self.found_no_place(now, closest.map(|instance| &*cluster.instances()[instance].name));
                return;
            }
            Fact::RequestRefused { source, ordinal, count, by } if self.is_of(source, ordinal, count) => {
                self.turned_away(now, by);
                return;
            }
            Fact::RequestQueued { source, ordinal } if self.is_of(source, ordinal, 1) => {
                "its caller keeps it and tries again".to_owned()
            }
            Fact::TaskCreated { task, instance, origin, provider, launch_type, .. } if task == self.task => {
                let who = match origin {
                    TaskOrigin::Service { service, ordinal, .. } => {
                        format!("service {}, start {ordinal}", definitions.services[service].name)
                    }
                    TaskOrigin::Source { source, ordinal } => {
                        format!("{}, copy {ordinal}", definitions.sources[source].name)
                    }
                };
                let provider = provider.map_or_else(String::new, |provider| {
                    format!(", capacity provider {}", definitions.capacity_providers[provider].name)
                });
                match instance {
                    Some(instance) => {
                        self.placed_on = cluster.instances()[instance].name.to_string();
                        format!("placed on {} ({who}{provider})", self.placed_on)
                    }
                    None if launch_type == LaunchType::Fargate => {
                        self.fargate = true;
                        format!("created on AWS Fargate ({who}{provider})")
                    }
                    None => format!("waits in PROVISIONING for an instance ({who}{provider})"),
                }
            }
            Fact::TaskPlaced { task, instance, .. } if task == self.task => {
                self.placed_on = cluster.instances()[instance].name.to_string();
                format!("placed on {}", self.placed_on)
            }
            Fact::TaskRetirementNoticed { task } if task == self.task => {
                "Fargate retires the platform under it: its service replaces it".to_owned()
            }
            Fact::TaskStatusChanged { task, to } if task == self.task => to.name().to_owned(),
            Fact::TaskAdmitted { task } if task == self.task => {
                "the host's resources are free: the agent begins".to_owned()
            }
            Fact::ImagePullStarted { task } if task == self.task => "pull started".to_owned(),
            Fact::ImagePullStopped { task } if task == self.task => "pull stopped".to_owned(),
            Fact::ContainerExited { task, container, exit_code, out_of_memory } if task == self.task => {
                let name = container_name(cluster, task, container);
                let why = if out_of_memory { " (out of memory)" } else { "" };
                format!("container {name} exited with {exit_code}{why}")
            }
            Fact::ContainerStopFailed { task, container, error } if task == self.task => {
                format!("container {} counts as stopped: {}", container_name(cluster, task, container), error.text())
            }
            Fact::ContainerStarted { task, container, restarts } if task == self.task => {
                let name = container_name(cluster, task, container);
                match restarts {
                    0 => format!("container {name} started"),
                    again => format!("container {name} started again, restart {again}"),
                }
            }
            Fact::ContainerHealthChanged { task, container, to } if task == self.task => {
                format!("container {} is {to}", container_name(cluster, task, container))
            }
            Fact::TaskErrorRateChanged { task, share } if task == self.task => {
                format!("fails {} % of its requests from now on", f64::from(share) / 1e4)
            }
            Fact::TaskEjected { task, until, times, .. } if task == self.task => {
                let secs = until.since(now).secs_f64();
                format!("ejected: Service Connect's proxies avoid it for {secs} s (LB-041), ejection {times} in a row")
            }
            Fact::TargetRegistered { task, group } if task == self.task => {
                format!("registered with {}, initial", target_group(cluster, group))
            }
            Fact::TargetStateChanged { task, group, to } if task == self.task => {
                format!("{} in {}", to.name(), target_group(cluster, group))
            }
            Fact::TargetDeregistered { task, group } if task == self.task => {
                format!("no longer registered with {}", target_group(cluster, group))
            }
            Fact::TaskStopRequested { task, reason } if task == self.task => {
                let whose = cluster.tasks().get(task).map(|row| row.origin);
                format!("desired status STOPPED: {} ({})", reason.text(cluster, whose), reason.code().name())
            }
            _ => return,
        };
        self.lines.push((now, line));
    }
}

/// The name of a container of a task that exists.
/// `target group NAME`, or `Classic Load Balancer NAME`.
fn target_group(cluster: &Cluster, group: TargetGroupId) -> String {
    let group = &cluster.definitions().target_groups[group];
    let what = match group.balancer {
        BalancerKind::Classic => "Classic Load Balancer",
        BalancerKind::Application | BalancerKind::Network => "target group",
    };
    format!("{what} {}", group.name)
}

fn container_name(cluster: &Cluster, task: TaskId, container: u8) -> &str {
    let definitions = cluster.definitions();
    let definition = cluster.tasks().get(task).map(|task| &definitions.task_definitions[task.definition]);
    definition.and_then(|it| it.containers.get(usize::from(container))).map_or("", |it| it.name.as_str())
}

/// Looks for the first copy of a source that found no place.
struct FirstUnplaced {
    source: SourceId,
    after: Span,
    found: Option<u32>,
}

impl Observer for FirstUnplaced {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        let copy = match *fact {
            Fact::RequestUnplaced { source, ordinal, .. } | Fact::RequestRefused { source, ordinal, .. } => {
                Some((source, ordinal))
            }
            // It became a task at once and waits in PROVISIONING.
            Fact::TaskCreated {
                origin: TaskOrigin::Source { source, ordinal },
                instance: None,
                launch_type: LaunchType::Ec2 | LaunchType::External,
                ..
            } => Some((source, ordinal)),
            _ => None,
        };
        if let Some((source, ordinal)) = copy
            && source == self.source
            && self.found.is_none()
            && now >= SimTime::ZERO + self.after
        {
            self.found = Some(ordinal);
        }
    }
}

/// Looks for the call that was turned away with a copy (CAS-009).
struct Refused {
    source: SourceId,
    ordinal: u32,
    found: Option<(SimTime, HeldBack)>,
}

impl Observer for Refused {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        if let Fact::RequestRefused { source, ordinal, count, by } = *fact
            && source == self.source
            && (ordinal..ordinal.saturating_add(count)).contains(&self.ordinal)
        {
            self.found = Some((now, by));
        }
    }
}

/// A task's stay on an instance.
struct Stay {
    task: TaskId,
    definition: ecsim_cluster::TaskDefinitionId,
    group: ecsim_cluster::GroupId,
    came: SimTime,
    running: Option<SimTime>,
    left: Option<SimTime>,
    reason: Option<String>,
}

/// Everybody's stay on one instance, and what happened to the instance.
struct Stays {
    name: String,
    /// Once it is known.
    instance: Option<InstanceId>,
    rows: Vec<Stay>,
    story: Vec<String>,
}

impl Stays {
    fn is(&self, instance: InstanceId) -> bool {
        self.instance == Some(instance)
    }

    fn row(&mut self, task: TaskId) -> Option<&mut Stay> {
        let at = self.rows.binary_search_by_key(&task, |stay| stay.task).ok()?;
        self.rows.get_mut(at)
    }
}

impl Observer for Stays {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        match *fact {
            Fact::InstanceLaunched { instance, market, .. } if *cluster.instances()[instance].name == *self.name => {
                self.instance = Some(instance);
                self.story.push(format!("{now}  launched ({})", market.name()));
            }
            Fact::TaskCreated { task, definition, group, instance: Some(instance), .. } if self.is(instance) => {
                self.rows.push(Stay { task, definition, group, came: now, running: None, left: None, reason: None });
            }
            Fact::TaskPlaced { task, instance, .. } if self.is(instance) => {
                let row = cluster.task(task);
                let (definition, group) = (row.definition, row.group);
                let stay = Stay { task, definition, group, came: now, running: None, left: None, reason: None };
                let at = self.rows.partition_point(|other| other.task < task);
                self.rows.insert(at, stay);
            }
            Fact::InstanceLifecycleChanged { instance, to } if self.is(instance) => {
                self.story.push(format!("{now}  {to}"));
            }
            Fact::InstanceTerminated { instance, reason } if self.is(instance) => {
                self.story.push(format!("{now}  terminated: {}", reason.name()));
            }
            Fact::SpotInterruptionNoticed { instance, reclaimed_at } if self.is(instance) => {
                self.story.push(format!("{now}  Spot interruption notice: gone at {reclaimed_at}"));
            }
            Fact::RebalanceRecommended { instance } if self.is(instance) => {
                self.story.push(format!("{now}  rebalance recommendation"));
            }
            Fact::InstanceProtectionChanged { instance, protected } if self.is(instance) => {
                let what = if protected { "protected from scale-in" } else { "no longer protected from scale-in" };
                self.story.push(format!("{now}  {what}"));
            }
            Fact::InstanceHealthChanged { instance, healthy: false } if self.is(instance) => {
                self.story.push(format!("{now}  the group finds it unhealthy"));
            }
            Fact::TaskStatusChanged { task, to } => {
                if let Some(stay) = self.row(task) {
                    match to {
                        ecsim_cluster::TaskStatus::Running => stay.running = Some(now),
                        ecsim_cluster::TaskStatus::Stopped => stay.left = Some(now),
                        _ => {}
                    }
                }
            }
            Fact::TaskStopRequested { task, reason } => {
                let whose = cluster.tasks().get(task).map(|row| row.origin);
                let text = reason.text(cluster, whose);
                if let Some(stay) = self.row(task) {
                    stay.reason = Some(text);
                }
            }
            Fact::InstanceStatusChanged { instance, to } if self.is(instance) => {
                self.story.push(format!("{now}  {to}"));
            }
            Fact::AgentConnectionChanged { instance, connected } if self.is(instance) => {
                let what = if connected { "agent connected" } else { "agent disconnected" };
                self.story.push(format!("{now}  {what}"));
            }
            Fact::HostPowerChanged { instance, running } if self.is(instance) => {
                let what =
                    if running { "the EC2 instance started" } else { "the EC2 instance stopped or was terminated" };
                self.story.push(format!("{now}  {what}"));
            }
            _ => {}
        }
    }
}
