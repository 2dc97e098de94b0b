//! The files a run leaves behind: which observers watch it, and the manifest at the end.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use ecsim_cluster::{Cluster, Definitions, Fact, Observer};
use ecsim_kernel::SimTime;
use ecsim_report::clock::Clock;
use ecsim_report::cost::SharedLedger;
use ecsim_report::metrics::{self, Scope};
use ecsim_report::sinks::{self, Counts, FactDigest, HashingWriter, Manifest, Sink, TraceFile};
use ecsim_report::summary::Summary;

use crate::exit::Failure;
use crate::output::OutputDirectory;
use crate::pages::{self, RunFiles};
use crate::parquet;

type Writer = HashingWriter<BufWriter<File>>;

/// Everything that is written while a run goes by.
pub struct Traces {
    directory: OutputDirectory,
    sinks: Vec<(&'static str, Box<dyn Sink<Writer>>)>,
    tables: metrics::MetricTables<Writer>,
    names: Vec<&'static str>,
    digest: FactDigest,
}

/// What the manifest says about a run.
#[derive(Clone, Debug)]
pub struct About {
    /// `name:` of the scenario.
    pub scenario_name: String,
    /// Digest of the scenario.
    pub scenario_digest: String,
    /// The seed.
    pub seed: u64,
    /// How long was simulated.
    pub duration: ecsim_kernel::Span,
    /// Events the engine processed.
    pub events: u64,
    /// Wall time of the run in seconds.
    pub wall_seconds: f64,
}

/// What is made of the files of a run when they are all there.
#[derive(Clone, Copy, Debug)]
pub struct Extras {
    /// `report.html`.
    pub page: bool,
    /// A Parquet file beside every CSV file.
    pub parquet: bool,
}

impl Traces {
    /// Opens every file of a run in the making.
    ///
    /// # Errors
    /// Where the directory cannot be written.
    pub fn create(
        directory: OutputDirectory,
        definitions: &Arc<Definitions>,
        costs: Option<&SharedLedger>,
        events: bool,
    ) -> Result<Self, Failure> {
        let open = |name: &str| -> Result<Writer, Failure> {
            Ok(HashingWriter::new(BufWriter::with_capacity(1 << 18, directory.create(name)?)))
        };
        let mut opened = Vec::new();
        let wanted = |trace: &&sinks::Trace| (trace.always || events) && (costs.is_some() || !trace.priced);
        for trace in sinks::TRACES.iter().filter(wanted) {
            opened.push((trace.file, sinks::open_with_costs(trace.kind, definitions, costs, open(trace.file)?)));
        }
        let mut tables = metrics::MetricTables::new(definitions).with_costs(costs);
        let mut names = Vec::new();
        for scope in Scope::TABLES {
            if let Some(name) = scope.table() {
                tables = tables.with(scope, open(name)?, definitions);
                names.push(name);
            }
        }
        Ok(Self { directory, sinks: opened, tables, names, digest: FactDigest::default() })
    }

    /// Closes the files, adds `summary.json`, what else is wanted, and `manifest.json`, and lets the directory appear.
    ///
    /// # Errors
    /// The first error of any file: then nothing appears.
    pub fn finish(
        self,
        summary: &Summary,
        definitions: &Definitions,
        cluster: &Cluster,
        about: About,
        extras: Extras,
    ) -> Result<PathBuf, Failure> {
        let Self { directory, sinks, tables, names, digest } = self;
        let fail = |name: &str, error: &std::io::Error| Failure::io(format_args!("failed to write {name}"), error);
        let mut files = Vec::new();
        let mut seal = |name: &str, writer: Writer| -> Result<(), Failure> {
            let (mut inner, seal) = writer.into_parts();
            inner.flush().map_err(|error| fail(name, &error))?;
            files.push(TraceFile::new(name, seal));
            Ok(())
        };
        for (name, sink) in sinks {
            seal(name, sink.finish().map_err(|error| fail(name, &error))?)?;
        }
        let writers = tables.finish().map_err(|error| fail("metrics", &error))?;
        for (name, writer) in names.into_iter().zip(writers) {
            seal(name, writer)?;
        }
        let mut text = serde_json::to_string_pretty(summary).unwrap_or_default();
        text.push('\n');
        let mut writer = HashingWriter::new(BufWriter::new(directory.create("summary.json")?));
        writer.write_all(text.as_bytes()).map_err(|error| fail("summary.json", &error))?;
        seal("summary.json", writer)?;

        let mut manifest = Manifest {
            format: Manifest::FORMAT,
            scenario_name: about.scenario_name,
            scenario_digest: about.scenario_digest,
            seed: about.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            start: Clock::new(definitions.start_unix_ms).stamp(SimTime::ZERO),
            duration_seconds: about.duration.secs_f64(),
            counts: Counts {
                facts: digest.count(),
                tasks: cluster.tasks().created() as u64,
                container_instances: cluster
                    .instances()
                    .values()
                    .filter(|instance| instance.status != ecsim_cluster::InstanceStatus::Absent)
                    .count() as u64,
                events: about.events,
            },
            facts_digest: digest.hex(),
            traces_digest: String::new(),
            files: Vec::new(),
            wall_seconds: about.wall_seconds,
        };
        if extras.parquet {
            files.extend(in_parquet(&directory, &files)?);
        }
        manifest.set_files(files);
        if extras.page {
            let page = pages::build(&RunFiles::new(directory.path(), &manifest))?;
            manifest.put_file(pages::write(&page, directory.create(ecsim_html::FILE)?)?);
        }
        let text = manifest.to_json().unwrap_or_default();
        let mut file = directory.create("manifest.json")?;
        file.write_all(text.as_bytes()).map_err(|error| fail("manifest.json", &error))?;
        directory.finish()
    }
}

/// Parquet beside every CSV file.
fn in_parquet(directory: &OutputDirectory, files: &[TraceFile]) -> Result<Vec<TraceFile>, Failure> {
    let tables = files.iter().filter(|file| file.name.ends_with(".csv"));
    tables
        .map(|file| {
            let name = parquet::beside(&file.name);
            let fail = |error: std::io::Error| Failure::io(format_args!("failed to write {name}"), &error);
            let csv = File::open(directory.path().join(&file.name)).map_err(fail)?;
            let writer = HashingWriter::new(BufWriter::new(directory.create(&name)?));
            let cells = |_, column: &str| sinks::cells::of(&file.name, column);
            let (mut inner, seal) = parquet::convert(csv, cells, writer).map_err(fail)?.into_parts();
            inner.flush().map_err(fail)?;
            Ok(TraceFile::new(name, seal))
        })
        .collect()
}

impl Observer for Traces {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.digest.observe(now, fact, cluster);
        for (_, sink) in &mut self.sinks {
            sink.observe(now, fact, cluster);
        }
        self.tables.observe(now, fact, cluster);
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        for (_, sink) in &mut self.sinks {
            sink.period_ended(now, cluster);
        }
        self.tables.period_ended(now, cluster);
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        for (_, sink) in &mut self.sinks {
            sink.run_ended(now, cluster);
        }
        self.tables.run_ended(now, cluster);
    }
}
