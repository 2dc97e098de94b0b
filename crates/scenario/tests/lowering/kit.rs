//! What the tests share: a text becomes a model, a list of problems, or a run.

use std::sync::Arc;

use ecsim_cluster::definitions::{InstanceShape, ServiceDefinition, TaskDefinition};
use ecsim_cluster::fact::CallError;
use ecsim_cluster::{Cluster, Fact, InstanceId, Observer, PlacementId, Requirements};
use ecsim_engine::model::{SourceModel, TaskBehavior};
use ecsim_engine::{Model, Simulation};
use ecsim_kernel::SimTime;
use ecsim_scenario::document::Limits;
use ecsim_scenario::source::MemoryFiles;
use ecsim_scenario::{Prepared, prepare};

/// A small instance, a small task.
pub const A1: &str =
    "containerInstances: [{name: A1, registeredResources: {cpu: 2048, memory: 8000, gpus: 4, enis: 3}}]\n";
pub const T: &str = "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 128}]}]\n";

/// What becomes of a scenario that stands in `main.yaml` among these files.
pub fn prepare_with(text: impl Into<Vec<u8>>, files: &[(&str, &str)]) -> Prepared {
    let mut memory = MemoryFiles::new().with("main.yaml", text);
    for (name, content) in files {
        memory.insert(*name, *content);
    }
    prepare(&memory, "main.yaml", &[], &Limits::default())
}

/// One line for each problem: code, line:column of the place, message, and the help in brackets.
pub fn problems_of(prepared: &Prepared) -> Vec<String> {
    let line = |diagnostic: &ecsim_scenario::diagnostic::Diagnostic| {
        let place = diagnostic.span().map_or_else(String::new, |span| {
            let position = prepared.sources.position(span);
            format!(" {}:{}", position.line, position.column)
        });
        let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
        format!("{}{place} {}{help}", diagnostic.code, diagnostic.message)
    };
    prepared.diagnostics.iter().map(line).collect()
}

/// The problems of a scenario, errors and warnings.
pub fn problems(text: &str) -> Vec<String> {
    problems_of(&prepare_with(text, &[]))
}

/// The problems are exactly these: code, place and message; what follows in the real message may be left out.
#[track_caller]
pub fn check(text: &str, expected: &[&str]) {
    check_with(text, &[], expected);
}

/// The same with other files.
#[track_caller]
pub fn check_with(text: &str, files: &[(&str, &str)], expected: &[&str]) {
    let found = problems_of(&prepare_with(text, files));
    let alike =
        found.len() == expected.len() && found.iter().zip(expected).all(|(found, start)| found.starts_with(start));
    assert!(alike, "found\n  {}\ninstead of\n  {}\nin\n{text}", found.join("\n  "), expected.join("\n  "));
}

/// Exactly one problem, whose message is exactly this, wherever it is.
#[track_caller]
pub fn rejected(text: &str, code: &str, message: &str) {
    let prepared = prepare_with(text, &[]);
    let found: Vec<(&str, &str)> =
        prepared.diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.message.as_str())).collect();
    assert_eq!(found, [(code, message)], "in\n{text}");
}

/// A scenario without an error; warnings are fine.
#[track_caller]
pub fn model(text: &str) -> Model {
    model_with(text, &[])
}

/// The same with other files.
#[track_caller]
pub fn model_with(text: &str, files: &[(&str, &str)]) -> Model {
    let prepared = prepare_with(text, files);
    let problems = problems_of(&prepared).join("\n  ");
    match prepared.ready {
        Some(ready) => ready.model,
        None => panic!("cannot be run:\n  {problems}\n{text}"),
    }
}

/// A scenario without even a warning.
#[track_caller]
pub fn accepted(text: &str) -> Model {
    check(text, &[]);
    model(text)
}

/// The latest revision of a family, as it was written.
#[track_caller]
pub fn definition<'m>(model: &'m Model, family: &str) -> &'m TaskDefinition {
    let found = model.definitions.task_definitions.values().find(|definition| definition.family == family);
    found.expect("the family is there")
}

/// What a task of the only definition reserves.
#[track_caller]
pub fn reserves(definition_fields: &str) -> Requirements {
    let text = format!("taskDefinitions: [{{family: t, {definition_fields}}}]\n");
    definition(&model(&text), "t").requirements
}

/// The shape of an instance by name.
#[track_caller]
pub fn shape<'m>(model: &'m Model, name: &str) -> &'m InstanceShape {
    let found = model.definitions.instances.values().find(|instance| instance.name == name);
    &model.definitions.shapes[found.expect("the instance is there").shape]
}

/// An attribute of a shape: `None` if it is not there, `Some(None)` if it has no value.
pub fn attribute<'m>(model: &'m Model, shape: &InstanceShape, name: &str) -> Option<Option<&'m str>> {
    let id = model.definitions.attributes.get(name)?;
    let (_, value) = shape.attributes.iter().find(|(held, _)| *held == id)?;
    Some(value.map(|value| model.definitions.values.name(value)))
}

/// The service of that name.
#[track_caller]
pub fn service<'m>(model: &'m Model, name: &str) -> &'m ServiceDefinition {
    model.definitions.services.values().find(|service| service.name == name).expect("the service is there")
}

/// The source of that name.
#[track_caller]
pub fn source<'m>(model: &'m Model, name: &str) -> &'m SourceModel {
    let found = model.definitions.sources.iter().find(|(_, source)| source.name == name);
    &model.sources[found.expect("the source is there").0]
}

/// How the tasks of the only definition behave.
#[track_caller]
pub fn behavior(text: &str) -> TaskBehavior {
    let model = model(text);
    let first = model.behaviors.values().next();
    first.expect("a definition").clone()
}

/// Strategies and constraints in words.
pub fn describe(model: &Model, placement: PlacementId) -> (Vec<String>, Vec<String>) {
    let placement = &model.placements[placement];
    let strategies = placement.strategies.iter().map(|strategy| strategy.describe(&model.definitions)).collect();
    let constraints = placement.constraints.iter().map(|constraint| constraint.describe()).collect();
    (strategies, constraints)
}

/// Names of the attributes that the tasks of the family require, ascending; `NAME=VALUE` where a value is required.
pub fn required(model: &Model, definition: &TaskDefinition) -> Vec<String> {
    let name = |(attribute, value): &(_, Option<_>)| {
        let name = model.definitions.attributes.name(*attribute);
        value.map_or_else(|| name.to_owned(), |value| format!("{name}={}", model.definitions.values.name(value)))
    };
    let mut names: Vec<String> = definition.required_attributes.iter().map(name).collect();
    names.sort();
    names
}

/// A run that is over.
pub struct Run {
    pub model: Arc<Model>,
    pub sim: Simulation,
    pub facts: Vec<(SimTime, Fact)>,
}

struct Recorder<'f>(&'f mut Vec<(SimTime, Fact)>);

impl Observer for Recorder<'_> {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        self.0.push((now, *fact));
    }
}

/// Runs a scenario without delays for a minute, or as long as it says.
#[track_caller]
pub fn run(text: &str) -> Run {
    let simulation = if text.contains("simulation:") { "" } else { "simulation: {latencies: none, duration: 1m}\n" };
    run_model(model(&format!("{simulation}{text}")))
}

/// Runs a model.
pub fn run_model(model: Model) -> Run {
    let model = Arc::new(model);
    let mut sim = Simulation::new(Arc::clone(&model));
    let mut facts = Vec::new();
    sim.run(&mut Recorder(&mut facts));
    Run { model, sim, facts }
}

impl Run {
    pub fn name(&self, instance: InstanceId) -> &str {
        &self.model.definitions.instances[instance].name
    }

    /// Where tasks were placed, in order.
    pub fn placed(&self) -> Vec<&str> {
        let place = |(_, fact): &(SimTime, Fact)| match *fact {
            Fact::TaskCreated { instance: Some(instance), .. } => Some(self.name(instance)),
            _ => None,
        };
        self.facts.iter().filter_map(place).collect()
    }

    /// What could not be placed: how many copies, and the reasons with the number of instances.
    pub fn unplaced(&self) -> Vec<String> {
        let reasons = |(_, fact): &(SimTime, Fact)| match fact {
            Fact::RequestUnplaced { count, rejections, .. } => {
                let all: Vec<String> = rejections.iter().map(|(reason, times)| format!("{reason:?} {times}")).collect();
                Some(format!("{count}: {}", all.join(", ")))
            }
            _ => None,
        };
        self.facts.iter().filter_map(reasons).collect()
    }

    /// Calls that were refused.
    pub fn refused(&self) -> Vec<CallError> {
        let error = |(_, fact): &(SimTime, Fact)| match fact {
            Fact::CallRefused { error, .. } => Some(*error),
            _ => None,
        };
        self.facts.iter().filter_map(error).collect()
    }
}
