//! `ecsim run`: simulate a scenario, print the summary, write the traces.

use std::sync::Arc;

use ecsim_cluster::{Definitions, Observer};
use ecsim_engine::Simulation;
use ecsim_kernel::SimTime;
use ecsim_report::cost::SharedLedger;
use ecsim_report::metrics::{MetricTables, Scope};
use ecsim_report::summary::{Style, Summary, SummaryBuilder};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::app::{Run, SummaryFormat};
use crate::exit::{Done, Failure, Outcome};
use crate::interrupt;
use crate::output::{Holds, OutputDirectory};
use crate::plot::{self, Tables, Wanted};
use crate::session;
use crate::terminal::{self, Terminal};
use crate::traces::{About, Extras, Traces};
use crate::wall_clock::Stopwatch;

/// So many events between two looks at the clock, the bar and Ctrl-C.
const EVENTS_BETWEEN_LOOKS: u32 = 8_192;
/// A run that is done within so many seconds needs no bar.
const SECONDS_WITHOUT_BAR: f64 = 0.7;

/// Runs the scenario.
///
/// # Errors
/// Input, machine, or Ctrl-C; nothing is written then.
pub fn run(command: &Run, terminal: &Terminal) -> Outcome {
    interrupt::listen();
    let mut options = command.options.clone();
    if let Some(until) = command.until {
        if until.is_zero() {
            return Err(Failure::Input("--until 0s leaves nothing to run; write for example 6h".into()));
        }
        // As if the scenario said so: its limits hold for this length too.
        options.set.push(format!("simulation.duration={}", until.to_string().replace(' ', "")));
    }
    let wanted = command.plot.as_deref().map(Wanted::parse).transpose()?;
    if wanted.is_some() && command.format != SummaryFormat::Table {
        return Err(Failure::Input(
            "--plot draws for people, and --format json or csv writes for programs; give one".into(),
        ));
    }
    let mut prepared = session::read(&command.scenario, &options);
    if command.until.is_some() {
        // Who ends a run earlier does not want to hear what would have come later.
        let problems = std::mem::take(&mut prepared.diagnostics);
        prepared.diagnostics.extend(problems.into_iter().filter(|problem| !["W370", "W381"].contains(&problem.code)));
    }
    session::print_diagnostics(&prepared.diagnostics, &prepared.sources, terminal);
    let mut ready = prepared.ready.ok_or(Failure::InputReported)?;
    ready.model.run_index = command.replication;
    let directory = command.out.as_deref().map(|out| OutputDirectory::begin(out, Holds::Run)).transpose()?;
    let definitions = Arc::clone(&ready.model.definitions);
    let (name, seed, duration) = (ready.model.name.clone(), ready.model.seed, ready.model.duration);
    let watch = Stopwatch::start();
    let mut simulation = Simulation::new(ready.model);
    // One ledger for everybody who asks for money.
    let costs = SharedLedger::new(&definitions, &ready.prices);
    let costs = costs.as_ref();
    let mut summary = SummaryBuilder::new(&definitions).with_costs(costs);
    let mut traces =
        directory.map(|directory| Traces::create(directory, &definitions, costs, command.events)).transpose()?;
    let mut drawn = wanted.is_some().then(|| metric_tables(&definitions, costs));
    {
        let (mut no_traces, mut no_plot) = ((), ());
        let traces = traces.as_mut().map_or(&mut no_traces as &mut dyn Observer, |it| it);
        let drawn = drawn.as_mut().map_or(&mut no_plot as &mut dyn Observer, |it| it);
        let mut observers = (&mut summary, (traces, drawn));
        drive(&mut simulation, &mut observers, !command.quiet && terminal.interactive)?;
    }
    let mut summary = summary.finish(simulation.now(), simulation.cluster());
    summary.scenario_name.clone_from(&name);
    if let Some(traces) = traces {
        let about = About {
            scenario_name: name,
            scenario_digest: ready.digest,
            seed,
            duration,
            events: simulation.counts().events,
            wall_seconds: watch.seconds(),
        };
        let extras = Extras { page: !command.no_report, parquet: command.parquet };
        let target = traces.finish(&summary, &definitions, simulation.cluster(), about, extras)?;
        if !command.quiet {
            terminal.note(&format!("traces are in {}", target.display()));
        }
    }
    if !command.quiet || command.format != SummaryFormat::Table {
        print_summary(&summary, command.format, terminal)?;
    }
    if let (Some(wanted), Some(tables)) = (wanted, drawn) {
        let fail = |error: std::io::Error| Failure::io("failed to write metrics", &error);
        let files: Vec<Vec<u8>> = tables.finish().map_err(fail)?;
        let known: Vec<(&str, Vec<u8>)> = Scope::TABLES.into_iter().filter_map(Scope::table).zip(files).collect();
        let open = |name: &str| Ok(known.iter().find(|it| it.0 == name).map(|it| it.1.as_slice()));
        let gap = if command.quiet { "" } else { "\n" };
        terminal::print(&format!("{gap}{}", plot::render(&Tables::read(open)?, &wanted, terminal)?))?;
    }
    Ok(Done::Fine)
}

/// The tables of all metrics, in memory.
fn metric_tables(definitions: &Definitions, costs: Option<&SharedLedger>) -> MetricTables<Vec<u8>> {
    let tables = Scope::TABLES.into_iter().filter(|scope| scope.table().is_some());
    tables.fold(MetricTables::new(definitions).with_costs(costs), |tables, scope| {
        tables.with(scope, Vec::new(), definitions)
    })
}

/// Runs to the end, with a bar on long runs, and stops on Ctrl-C.
///
/// # Errors
/// [`Failure::Interrupted`], or [`Failure::Input`] where the run passes a limit of the engine.
pub fn drive(simulation: &mut Simulation, observer: &mut dyn Observer, with_bar: bool) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let end = simulation.end();
    let mut bar: Option<ProgressBar> = None;
    loop {
        let mut more = true;
        for _ in 0..EVENTS_BETWEEN_LOOKS {
            more = simulation.step(observer);
            if !more {
                break;
            }
        }
        if interrupt::happened() {
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            return Err(Failure::Interrupted(format!(
                "interrupted at {} of {end}; nothing was written",
                simulation.now()
            )));
        }
        if let Some(overrun) = simulation.overrun() {
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            return Err(Failure::Input(format!("{overrun}; nothing was written")));
        }
        if !more {
            break;
        }
        if with_bar && bar.is_none() && watch.seconds() > SECONDS_WITHOUT_BAR {
            bar = Some(progress_bar(end));
        }
        if let Some(bar) = &bar {
            bar.set_position(simulation.now().ms() / 1000);
            bar.set_message(format!("{} tasks", simulation.cluster().tasks().created()));
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    simulation.run(observer);
    Ok(())
}

fn progress_bar(end: SimTime) -> ProgressBar {
    let bar = ProgressBar::new(end.ms() / 1000);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn print_summary(summary: &Summary, format: SummaryFormat, terminal: &Terminal) -> Result<(), Failure> {
    match format {
        SummaryFormat::Table => {
            let style = Style { color: terminal.color_stdout, width: terminal.width, unicode: true };
            terminal::print(&summary.render(style))
        }
        SummaryFormat::Json => {
            let mut text = serde_json::to_string_pretty(summary).unwrap_or_default();
            text.push('\n');
            terminal::print(&text)
        }
        SummaryFormat::Csv => {
            let mut rows = Vec::new();
            flatten("", &serde_json::to_value(summary).unwrap_or_default(), &mut rows);
            let mut writer = csv::Writer::from_writer(Vec::new());
            // Writing to memory cannot fail.
            let _ = writer.write_record(["name", "value"]);
            for (name, value) in rows {
                let _ = writer.write_record([name, value]);
            }
            terminal::print(&String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()))
        }
    }
}

/// Every number of a nested value under its path.
fn flatten(path: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(&below(key), value, rows)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| flatten(&below(&index.to_string()), value, rows));
        }
        Value::Null => rows.push((path.to_owned(), String::new())),
        Value::String(text) => rows.push((path.to_owned(), text.clone())),
        other => rows.push((path.to_owned(), other.to_string())),
    }
}
