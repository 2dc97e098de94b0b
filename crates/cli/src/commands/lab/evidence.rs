//! What the run of a lab shows: one run for everything that is said about it, and `explain` where the lab asks for that.

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::{Cluster, Fact, Observer};
use ecsim_engine::{Model, Simulation};
use ecsim_kernel::{SimTime, Span};
use ecsim_report::cost::SharedLedger;
use ecsim_report::expect::{Tellings, Verdict};
use ecsim_report::metrics::{MetricTables, Scope};
use ecsim_report::sinks::{self, Sink, TRACES};
use ecsim_scenario::Ready;
use ecsim_scenario::lab::{Lab, moments};
use ecsim_scenario::schema::{LabExplain, LabTable};

use crate::app::{DataFormat, Explain, ExplainSubject, ScenarioOptions};
use crate::commands::{explain, run};
use crate::exit::Failure;
use crate::moment::Moment;

/// Rows of a table that are shown where the lab does not say how many.
const ROWS: usize = 12;

/// Rows of a file of the run, as far as the lab shows them.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// One cell for each column that is shown.
    pub cells: Vec<Vec<String>>,
    /// How many more there would be.
    pub more: usize,
}

/// What one run of a scenario shows.
pub struct Shown {
    /// The texts, with their numbers.
    pub texts: Vec<String>,
    /// What became of the expectations, in their order.
    pub verdicts: Vec<Verdict>,
    /// The rows of each table that was asked for, in that order.
    pub tables: Vec<Rows>,
}

/// Runs a scenario once and reads everything off that run.
///
/// # Errors
/// Where the run passes a limit of the engine, or is interrupted.
pub fn watch(ready: &Ready, tellings: &Tellings, tables: &[&LabTable]) -> Result<Shown, Failure> {
    let mut simulation = Simulation::new(ready.model.clone());
    let costs = SharedLedger::new(simulation.cluster().definitions(), &ready.prices);
    let costs = costs.as_ref();
    let mut expectations = ready.expectations.clone().watch_with_costs(simulation.cluster(), costs);
    let mut texts = tellings.watch(simulation.cluster(), costs, simulation.end());
    let mut files = Files::open(&simulation, costs, tables);
    run::drive(&mut simulation, &mut ((&mut expectations, &mut texts), &mut files), false)?;
    let files = files.close();
    let rows = tables.iter().map(|table| files.get(&table.file).map_or_else(Rows::default, |text| rows(table, text)));
    Ok(Shown { texts: texts.finish(), verdicts: expectations.finish(), tables: rows.collect() })
}

/// A file in the making that stays in memory.
type MemorySink = Box<dyn Sink<Vec<u8>>>;

/// The files that tables are shown of.
struct Files {
    sinks: Vec<(String, MemorySink)>,
    metrics: Option<MetricTables<Vec<u8>>>,
    names: Vec<String>,
}

impl Files {
    fn open(simulation: &Simulation, costs: Option<&SharedLedger>, tables: &[&LabTable]) -> Self {
        let definitions = Arc::clone(&simulation.model().definitions);
        let is_wanted = |file: &str| tables.iter().any(|table| table.file == file);
        let open = |kind| sinks::open_with_costs(kind, &definitions, costs, Vec::new());
        let wanted = TRACES.iter().filter(|trace| is_wanted(trace.file));
        let sinks = wanted.map(|trace| (trace.file.to_owned(), open(trace.kind))).collect();
        let mut metrics = None;
        let mut names = Vec::new();
        for (scope, file) in Scope::TABLES.into_iter().filter_map(|scope| Some((scope, scope.table()?))) {
            if is_wanted(file) {
                let tables = metrics.take().unwrap_or_else(|| MetricTables::new(&definitions).with_costs(costs));
                metrics = Some(tables.with(scope, Vec::new(), &definitions));
                names.push(file.to_owned());
            }
        }
        Self { sinks, metrics, names }
    }

    /// What was written, by the names of the files. Writing to memory does not fail.
    fn close(self) -> BTreeMap<String, Vec<u8>> {
        let mut files: BTreeMap<String, Vec<u8>> =
            self.sinks.into_iter().map(|(name, sink)| (name, sink.finish().unwrap_or_default())).collect();
        let written = self.metrics.map(|tables| tables.finish().unwrap_or_default()).unwrap_or_default();
        files.extend(self.names.into_iter().zip(written));
        files
    }
}

impl Observer for Files {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        for (_, sink) in &mut self.sinks {
            sink.observe(now, fact, cluster);
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.observe(now, fact, cluster);
        }
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        for (_, sink) in &mut self.sinks {
            sink.period_ended(now, cluster);
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.period_ended(now, cluster);
        }
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        for (_, sink) in &mut self.sinks {
            sink.run_ended(now, cluster);
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.run_ended(now, cluster);
        }
    }
}

/// The rows of a file that a lab shows.
fn rows(table: &LabTable, text: &[u8]) -> Rows {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().cloned().unwrap_or_default();
    let place = |name: &str| header.iter().position(|column| column == name);
    let moments = moments(&table.file);
    let clock = moments.first().and_then(|name| place(name));
    let columns: Vec<Option<usize>> = table.columns.iter().map(|name| place(name)).collect();
    let filters: Vec<(Option<usize>, Vec<&str>)> = table
        .filter
        .iter()
        .map(|(name, values)| (place(name), values.iter().map(|value| value.as_str()).collect()))
        .collect();
    let limit = table.limit.map_or(ROWS, |limit| limit as usize);
    let mut shown = Rows::default();
    for record in reader.records().map_while(Result::ok) {
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let seconds = cell(clock).parse::<f64>().ok();
        let is_late = |bound: SimTime| seconds.is_some_and(|seconds| seconds > bound.secs_f64());
        let is_early = |bound: SimTime| seconds.is_some_and(|seconds| seconds < bound.secs_f64());
        let outside = table.from.is_some_and(|from| is_early(SimTime::ZERO + from.span()))
            || table.until.is_some_and(|until| is_late(SimTime::ZERO + until.span()));
        if outside || filters.iter().any(|(at, values)| !values.contains(&cell(*at))) {
            continue;
        }
        if shown.cells.len() == limit {
            shown.more += 1;
            continue;
        }
        let write = |(name, at): (&String, &Option<usize>)| {
            let at = if name == "time" { clock } else { *at };
            let is_moment = name == "time" || moments.contains(&name.as_str());
            match cell(at).parse::<f64>() {
                // The engine's own milliseconds of order are nobody's business on a clock.
                Ok(seconds) if is_moment => (SimTime::ZERO + Span::from_secs(seconds as u64)).to_string(),
                _ => cell(at).to_owned(),
            }
        };
        shown.cells.push(table.columns.iter().zip(&columns).map(write).collect());
    }
    shown
}

/// The command of `ecsim explain` that a lab asks for, as somebody would type it.
#[must_use]
pub fn typed(asked: &LabExplain, file: &str) -> String {
    let mut command = format!("ecsim explain {}", word(file));
    for (option, value) in [
        ("task", asked.task.map(|task| task.to_string())),
        ("service", asked.service.clone()),
        ("workload", asked.workload.clone()),
        ("instance", asked.instance.clone()),
        ("at", asked.at.map(|at| at.to_string().replace(' ', ""))),
        ("copy", asked.copy.map(|copy| copy.to_string())),
    ] {
        if let Some(value) = value {
            command.push_str(&format!(" --{option} {}", word(&value)));
        }
    }
    command
}

/// A word of a command line, in quotes where a shell would read something else.
#[must_use]
pub fn word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=@%+,".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What `ecsim explain` says.
///
/// # Errors
/// As `ecsim explain` has them.
pub fn explained(model: &Model, asked: &LabExplain) -> Result<String, Failure> {
    let command = Explain {
        scenario: std::path::PathBuf::new(),
        options: ScenarioOptions::default(),
        subject: ExplainSubject {
            task: asked.task.map(|task| task.to_string()),
            service: asked.service.clone(),
            workload: asked.workload.clone(),
            instance: asked.instance.clone(),
        },
        at: asked.at.map(|at| Moment::After(at.span())),
        copy: asked.copy,
        limit: ROWS,
        format: DataFormat::Table,
    };
    explain::answer(model.clone(), &command)
}

/// The tables of a lab's explanation, in the order of its steps.
#[must_use]
pub fn tables(lab: &Lab) -> Vec<&LabTable> {
    lab.text.explanation.iter().filter_map(|step| step.table.as_ref()).collect()
}
