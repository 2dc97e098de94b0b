//! A day of a million tasks on ten thousand instances from end to end: the very scenario of `scenarios/million.yaml`,
//! read, run and written, every trace on, into writers that hash and count what passes and keep nothing.

use std::hash::Hasher as _;
use std::io::Sink;
use std::sync::Arc;

use ecsim_cluster::Observer;
use ecsim_engine::{Model, Simulation};
use ecsim_kernel::Digest;
use ecsim_report::metrics::{MetricTables, Scope};
use ecsim_report::sinks::{self, FactDigest, HashingWriter};
use ecsim_report::summary::SummaryBuilder;
use ecsim_scenario::document::Limits;
use ecsim_scenario::prepare;
use ecsim_scenario::source::MemoryFiles;

/// What users can run themselves.
pub const SCENARIO: &str = include_str!("../scenarios/million.yaml");

/// What is written while the day goes by.
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

/// The day on `percent` percent of the instances, with as much less to do: 100 is the whole.
///
/// # Panics
/// Where the scenario has a mistake.
#[must_use]
pub fn model(percent: u32) -> Model {
    let mut overrides = Vec::new();
    let scaled = |path: String, whole: u32| format!("{path}={}", whole / 100 * percent);
    for (name, count) in [("general", 4_000), ("compute", 3_000), ("memory", 2_000), ("big", 1_000)] {
        overrides.push(scaled(format!("containerInstances.{name}.count"), count));
    }
    for (name, count) in [("web", 600), ("edge", 300), ("api", 400), ("cache", 100)] {
        overrides.push(scaled(format!("services.{name}.desiredCount"), count));
    }
    for (name, limit, rate) in [("small", 500_000, 21_050), ("medium", 300_000, 12_650), ("large", 200_000, 8_450)] {
        overrides.push(scaled(format!("workload.{name}.limit"), limit));
        overrides.push(format!("workload.{name}.every.poisson.ratePerHour={}", f64::from(rate * percent) / 100.0));
    }
    if percent != 100 {
        // Its expectations are about the whole day.
        overrides.push("expect=[]".to_owned());
    }
    let files = MemoryFiles::new().with("million.yaml", SCENARIO);
    let prepared = prepare(&files, "million.yaml", &overrides, &Limits::default());
    let wrong: Vec<String> = prepared.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
    prepared.ready.unwrap_or_else(|| panic!("million.yaml: {wrong:?}")).model
}

/// The day; its digest is that of the facts, then of every byte that was written.
#[must_use]
pub fn day(percent: u32, traces: Traces) -> Digest {
    run(model(percent), traces)
}

/// Runs a model.
///
/// # Panics
/// Never: what is written into nothing does not fail.
#[must_use]
pub fn run(model: Model, traces: Traces) -> Digest {
    let definitions = Arc::clone(&model.definitions);
    let mut simulation = Simulation::new(model);
    let mut facts = FactDigest::new();
    let mut digest = Digest::new();
    if traces == Traces::Nothing {
        simulation.run(&mut facts);
        digest.write_u64(facts.value());
        return digest;
    }
    let writer = || HashingWriter::new(std::io::sink());
    let wanted = sinks::TRACES.iter().filter(|trace| trace.always || traces == Traces::FilesAndEvents);
    let mut files: Vec<Box<dyn sinks::Sink<HashingWriter<Sink>>>> =
        wanted.map(|trace| sinks::open(trace.kind, &definitions, writer())).collect();
    let mut tables = MetricTables::new(&definitions).with(Scope::Cluster, writer(), &definitions).with(
        Scope::Service,
        writer(),
        &definitions,
    );
    let mut summary = SummaryBuilder::new(&definitions);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins;

    #[test]
    fn a_hundredth_of_the_day_writes_what_it_did() {
        for traces in Traces::ALL {
            pins::check(&pins::day(traces, 1), day(1, traces));
        }
    }
}
