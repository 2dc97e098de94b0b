//! `report.html`: one self-contained page from the trace files of a run.
//!
//! ## What it does
//! [`page`] reads what `ecsim run --out` left (through [`TraceFiles`], so that it opens no file itself) and writes one HTML
//! page that needs no network: headline numbers, time series, the replay of the cluster, scaling decisions, events,
//! unplaced work, the bill. It knows files, not runs: `ecsim report` builds the same bytes again from a directory.
//!
//! * [`table`]: rows of a CSV file by the names of their columns; a column that is not there is a column of blanks.
//! * [`pack`]: whole columns of numbers as deltas in a few bytes, deflated, as base64; the page unpacks them.
//! * [`tasks`], [`instances`], [`metrics`], [`scaling`], [`events`]: a file each, made into columns.
//! * [`charts`]: which metrics make which chart; they are found by the headers of the files.
//! * [`headline`], [`unplaced`], [`bill`], [`layout`]: what needs no script is plain HTML, written by `maud`.
//! * [`assets`]: the scripts and styles of our own (`page/`), and Plotly, taken from the `plotly` crate at build time.
//!
//! ## Size
//! A page aggregates and says so; it does not leave anything out silently. What the limits are is in [`limits`].
//!
//! ## How we know it is right
//! Each module has tests; `tests/browser.rs` opens a page in headless Chromium and clicks through it.

use std::io::{self, Read};

pub mod assets;
pub mod bill;
pub mod charts;
pub mod events;
pub mod headline;
pub mod instances;
pub mod layout;
pub mod limits;
pub mod metrics;
pub mod pack;
pub mod scaling;
pub mod table;
pub mod tasks;
pub mod unplaced;

use pack::Pack;
use serde_json::{Map, Value, json};

/// The name of the page among the files of a run.
pub const FILE: &str = "report.html";

/// The files of a run, wherever they are.
pub trait TraceFiles {
    /// The names of the files, with `/`.
    fn names(&self) -> Vec<String>;
    /// A file for reading, or nothing where there is no such file.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>>;
}

/// Why there is no page.
#[derive(Debug)]
pub enum PageError {
    /// A file could not be read.
    Read {
        /// Which.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// A file is not what a run writes.
    Content {
        /// Which.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl core::fmt::Display for PageError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Read { file, error } => write!(out, "{file}: {error}"),
            Self::Content { file, problem } => write!(out, "{file}: {problem}"),
        }
    }
}

impl core::error::Error for PageError {}

/// What is known of a run before its tables are read.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// `name:` of the scenario.
    pub scenario: String,
    /// Version of the program.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// Start, ISO 8601.
    pub start: String,
    /// Start, milliseconds since 1970.
    pub start_ms: i64,
    /// Length in milliseconds.
    pub duration_ms: i64,
    /// `summary.json`.
    pub summary: Value,
    /// What was aggregated, for the reader.
    pub notes: Vec<String>,
}

impl About {
    fn read(files: &dyn TraceFiles) -> Result<Self, PageError> {
        let manifest = json_file(files, "manifest.json")?;
        let summary = json_file(files, "summary.json")?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let start = text(&summary, "start");
        let wrong = |problem: &str| PageError::Content { file: "summary.json".to_owned(), problem: problem.to_owned() };
        let start_ms = table::unix_ms(&start).ok_or_else(|| wrong("`start` is no time stamp"))?;
        let end_ms = table::unix_ms(&text(&summary, "end")).ok_or_else(|| wrong("`end` is no time stamp"))?;
        Ok(Self {
            scenario: text(&summary, "scenarioName"),
            version: text(&manifest, "version"),
            seed: manifest.get("seed").and_then(Value::as_u64).unwrap_or_default(),
            start,
            start_ms,
            duration_ms: end_ms - start_ms,
            summary,
            notes: Vec::new(),
        })
    }
}

/// A JSON file of a run; nothing where there is none (a run in the making has no manifest yet).
fn json_file(files: &dyn TraceFiles, name: &str) -> Result<Value, PageError> {
    let read = |error| PageError::Read { file: name.to_owned(), error };
    let Some(mut file) = files.open(name).map_err(read)? else { return Ok(Value::Null) };
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(read)?;
    serde_json::from_str(&text)
        .map_err(|error| PageError::Content { file: name.to_owned(), problem: error.to_string() })
}

/// The page of the run that left these files.
///
/// # Errors
/// Where a file cannot be read or is not what a run writes.
pub fn page(files: &dyn TraceFiles) -> Result<Vec<u8>, PageError> {
    let mut about = About::read(files)?;
    let mut pack = Pack::default();
    let mut index = Map::new();
    let instances = instances::read(files, &about, &mut pack)?;
    let mut log = events::Log::default();
    instances.tell(&mut log);
    let (tasks, unplaced) = tasks::read(files, &mut about, &instances, &mut pack, &mut log)?;
    let scaling = scaling::read(files, &mut about, &mut pack, &mut log)?;
    let metrics = metrics::read(files, &mut about, &mut pack)?;
    let charts = charts::find(&metrics);
    events::service_events(files, &mut log)?;
    events::deployments(files, &mut log)?;
    events::other_events(files, &mut about, &mut log)?;
    let events = log.finish(&mut about, &mut pack);
    let bill = bill::read(files)?;
    index.insert("scenario".into(), json!(about.scenario));
    index.insert("startMs".into(), json!(about.start_ms));
    index.insert("durationMs".into(), json!(about.duration_ms));
    index.insert("instances".into(), instances.index());
    index.insert("tasks".into(), tasks);
    index.insert("scaling".into(), scaling);
    index.insert("metrics".into(), metrics.index());
    index.insert("charts".into(), charts::index(&charts));
    index.insert("events".into(), events);
    let (columns, bytes) = pack.finish();
    index.insert("columns".into(), columns);
    let index = pack::compress(Value::Object(index).to_string().as_bytes());
    Ok(layout::page(&about, &bill, &unplaced, &index, &pack::compress(&bytes)).into_bytes())
}

#[cfg(test)]
mod kit;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Files;

    const SUMMARY: &str = r#"{"scenarioName": "a <b> & c", "start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z",
        "tasks": {"placed": 2, "started": 2, "lost": 0}}"#;

    fn files() -> Files {
        Files::default()
            .with("summary.json", SUMMARY)
            .with(
                "container_instances.csv",
                "containerInstance,instanceType,availabilityZone,registeredCpu,registeredSeconds,terminatedSeconds,reason\n\
                 a-1,m5.large,us-east-1a,2048,0.000,1800.000,user\n",
            )
            .with(
                "tasks.csv",
                "task,taskId,source,containerInstance,cpu,requestedSeconds,createdSeconds,placedSeconds,startedSeconds,stoppedSeconds,stopCode,stoppedReason,placementAttempts,placementFailure\n\
                 1,d443f9540b3c6161f285a96f5a2e3fe0,web,a-1,256,0.000,1.000,1.000,2.500,1800.000,TerminationNotice,Host EC2 (instance i-1) terminated.,1,\n\
                 2,e443f9540b3c6161f285a96f5a2e3fe0,web,a-1,256,0.000,3.000,3.000,4.000,,,,2,RESOURCE:CPU\n\
                 ,,web,,256,5.000,,,,,,,7,RESOURCE:MEMORY\n",
            )
            .with("service_events.csv", "createdAt,createdSeconds,service,message\nt,5.000,web,(service web) is <i>odd</i>.\n")
    }

    fn text(files: &Files) -> String {
        String::from_utf8(page(files).expect("a page")).expect("UTF-8")
    }

    #[test]
    fn the_same_files_make_the_same_page_and_it_asks_nobody_for_anything() {
        let page = text(&files());
        assert_eq!(page, text(&files()));
        assert!(page.contains("a &lt;b&gt; &amp; c") && !page.contains("<b> & c"));
        let loads = ["src=\"http", "href=\"http", "url(http", "@import", "<link"];
        assert!(loads.iter().all(|load| !page.contains(load)));
        assert!(page.contains("RESOURCE:MEMORY") && page.contains("RESOURCE:CPU"), "never placed, and placed late");
        assert!(page.contains("Nothing was aggregated"));
    }

    #[test]
    fn a_run_with_next_to_nothing_has_a_page_too() {
        let page = text(&Files::default().with("summary.json", SUMMARY));
        assert!(page.contains("Nothing of this run has a price."));
        assert!(page.contains("Everything that was asked for got a place."));
    }

    #[test]
    fn what_is_no_trace_is_said() {
        let told = |files: Files| page(&files).expect_err("no page").to_string();
        assert_eq!(told(Files::default()), "summary.json: `start` is no time stamp");
        assert!(told(Files::default().with("summary.json", "{")).starts_with("summary.json: EOF"));
        let broken = files().with("tasks.csv", "task,source\n1\n");
        assert!(told(broken).starts_with("tasks.csv: CSV error"));
        let broken = files().with("events.jsonl", "{}\n");
        assert!(told(broken).starts_with("events.jsonl: line 1: missing field"));
    }
}
