//! A scenario from end to end: read, run and written, into writers that hash and count what passes and keep nothing.

use std::hash::Hasher as _;
use std::io::Sink;
use std::sync::Arc;

use ecsim_cluster::Observer;
use ecsim_engine::Simulation;
use ecsim_kernel::Digest;
use ecsim_report::cost::SharedLedger;
use ecsim_report::metrics::{MetricTables, Scope};
use ecsim_report::sinks::{self, FactDigest, HashingWriter};
use ecsim_report::summary::SummaryBuilder;
use ecsim_scenario::document::Limits;
use ecsim_scenario::source::MemoryFiles;
use ecsim_scenario::{Ready, prepare};

/// What is written while a run goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traces {
    /// Nothing: the engine alone.
    Nothing,
    /// What `ecsim run --out` writes.
    Files,
    /// What `ecsim run --out --events` writes.
    FilesAndEvents,
}

impl Traces {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Files, Self::FilesAndEvents];

    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "engine",
            Self::Files => "files",
            Self::FilesAndEvents => "files-and-events",
        }
    }
}

/// Reads a scenario.
///
/// # Panics
/// Where it has a mistake.
#[must_use]
pub fn read(name: &str, text: &str, overrides: &[String]) -> Ready {
    let files = MemoryFiles::new().with(name, text);
    let prepared = prepare(&files, name, overrides, &Limits::default());
    let wrong: Vec<String> = prepared.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
    prepared.ready.unwrap_or_else(|| panic!("{name}: {wrong:?}"))
}

/// Runs it; the digest is that of the facts, then of every byte that was written.
///
/// # Panics
/// Never: what is written into nothing does not fail.
#[must_use]
pub fn run(ready: Ready, traces: Traces) -> Digest {
    let definitions = Arc::clone(&ready.model.definitions);
    let mut simulation = Simulation::new(ready.model);
    let mut facts = FactDigest::new();
    let mut digest = Digest::new();
    if traces == Traces::Nothing {
        simulation.run(&mut facts);
        digest.write_u64(facts.value());
        return digest;
    }
    let costs = SharedLedger::new(&definitions, &ready.prices);
    let costs = costs.as_ref();
    let writer = || HashingWriter::new(std::io::sink());
    let wanted = sinks::TRACES
        .iter()
        .filter(|trace| (trace.always || traces == Traces::FilesAndEvents) && (costs.is_some() || !trace.priced));
    let mut files: Vec<Box<dyn sinks::Sink<HashingWriter<Sink>>>> =
        wanted.map(|trace| sinks::open_with_costs(trace.kind, &definitions, costs, writer())).collect();
    let mut tables = MetricTables::new(&definitions).with_costs(costs);
    for scope in Scope::TABLES {
        tables = tables.with(scope, writer(), &definitions);
    }
    let mut summary = SummaryBuilder::new(&definitions).with_costs(costs);
    {
        let mut reports: (&mut dyn Observer, &mut dyn Observer) = (&mut tables, &mut summary);
        let mut observers = ((&mut facts, &mut files), &mut reports);
        simulation.run(&mut observers);
    }
    digest.write_u64(facts.value());
    let written = files.into_iter().map(|file| file.finish().expect("writing into nothing"));
    for writer in written.chain(tables.finish().expect("writing into nothing")) {
        digest.write(writer.into_parts().1.sha256.as_bytes());
    }
    let summary = summary.finish(simulation.now(), simulation.cluster());
    digest.write(serde_json::to_string(&summary).expect("a summary is JSON").as_bytes());
    digest
}
