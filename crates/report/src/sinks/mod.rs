//! The files of a run. Each is a fold over facts that writes into any [`Write`](io::Write) it is given: nothing here
//! opens a file, and nothing here can disturb a run.
//!
//! * [`bill`]: `bill.csv`. [`tasks`]: `tasks.csv`. [`container_instances`]: `container_instances.csv`. [`service_events`]:
//!   `service_events.csv`. [`scaling_activities`]: `scaling_activities.csv`. [`events`]: `events.jsonl`.
//! * [`manifest`]: `manifest.json` and the digest of all the files. [`hashing`]: a writer that hashes what passes.
//! * [`cells`]: what the cells of every column hold, for formats that have types.
//! * [`fact_digest`]: whether two runs are the same run, and where they part.
//!
//! To add a file: write `sinks/NAME.rs` and a line in [`TRACES`] and in [`open_with_costs`].
//!
//! Trouble with a writer does not stop a run: a sink remembers the first error, writes nothing more, and returns the
//! error from [`Sink::finish`].

use std::io;
use std::sync::Arc;

use ecsim_cluster::{Definitions, Observer};

use crate::cost::SharedLedger;

mod activities;
pub mod alarms;
pub mod bill;
pub mod cells;
pub mod container_instances;
pub mod deployments;
pub mod events;
pub mod fact_digest;
pub mod hashing;
#[cfg(test)]
pub(crate) mod kit;
pub mod manifest;
pub mod scaling_activities;
pub mod service_events;
mod sheet;
pub mod tasks;
mod waiting;

pub use alarms::AlarmSink;
pub use bill::BillSink;
pub use cells::Cells;
pub use container_instances::ContainerInstanceSink;
pub use deployments::DeploymentSink;
pub use events::EventSink;
pub use fact_digest::{FactDigest, FactRecorder, FirstDifference};
pub use hashing::{HashingWriter, Seal};
pub use manifest::{Counts, Manifest, TraceFile, traces_digest};
pub use scaling_activities::ScalingActivitySink;
pub use service_events::ServiceEventSink;
pub use tasks::TaskSink;

/// A file in the making: watches a run and writes.
pub trait Sink<W>: Observer {
    /// Writes what is left and hands the writer back, flushed.
    ///
    /// A sink that never saw [`Observer::run_ended`] writes what it knows; such a file is not complete.
    ///
    /// # Errors
    /// The first error that the writer gave, at whatever time.
    fn finish(self: Box<Self>) -> io::Result<W>;
}

/// One file of a run, for the reference and for whoever opens files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which; [`open`] takes it.
    pub kind: TraceKind,
    /// Its name in the output directory.
    pub file: &'static str,
    /// What it holds, in a sentence.
    pub holds: &'static str,
    /// Its columns in order; for a JSON file, nothing.
    pub columns: &'static [Column],
    /// Whether it is written without being asked for.
    pub always: bool,
    /// Whether it has something to say only where something has a price.
    pub priced: bool,
}

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TraceKind {
    /// `alarms.csv`
    Alarms,
    /// `bill.csv`
    Bill,
    /// `tasks.csv`
    Tasks,
    /// `container_instances.csv`
    ContainerInstances,
    /// `deployments.csv`
    Deployments,
    /// `scaling_activities.csv`
    ScalingActivities,
    /// `service_events.csv`
    ServiceEvents,
    /// `events.jsonl`
    Events,
}

/// A column of a CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// As in the header.
    pub name: &'static str,
    /// The unit of its numbers, or what else its cells are; empty for names and texts.
    pub unit: &'static str,
    /// What it says, in a sentence.
    pub holds: &'static str,
}

/// Decimals of what one instance or task cost.
const COST_DECIMALS: usize = 8;

/// A column in one line.
const fn column(name: &'static str, unit: &'static str, holds: &'static str) -> Column {
    Column { name, unit, holds }
}

/// Every file that this module knows, in the order of their names.
pub static TRACES: [Trace; 8] = [
    Trace {
        kind: TraceKind::Alarms,
        file: "alarms.csv",
        holds: "One row per change of the state of a CloudWatch alarm, with the datapoints that led to it.",
        columns: &alarms::COLUMNS,
        always: true,
        priced: false,
    },
    Trace {
        kind: TraceKind::Bill,
        file: "bill.csv",
        holds: "What the run costs, after all discounts: one row per name and kind of charge, read by type of resource, by capacity provider, by service and by charge.",
        columns: &bill::COLUMNS,
        always: true,
        priced: true,
    },
    Trace {
        kind: TraceKind::ContainerInstances,
        file: "container_instances.csv",
        holds: "One row per container instance that ever registered or was launched: those that the scenario plans in the order of their names, then the others in the order of their launch.",
        columns: &container_instances::COLUMNS,
        always: true,
        priced: false,
    },
    Trace {
        kind: TraceKind::Deployments,
        file: "deployments.csv",
        holds: "One row per deployment of a service, by service and in the order in which they began: what it brought, how it ended, and why.",
        columns: &deployments::COLUMNS,
        always: true,
        priced: false,
    },
    Trace {
        kind: TraceKind::Events,
        file: "events.jsonl",
        holds: "Every state change of tasks, container instances, services and Auto Scaling groups, one JSON object per line, in the shape of the EventBridge events that AWS sends.",
        columns: &[],
        always: false,
        priced: false,
    },
    Trace {
        kind: TraceKind::ScalingActivities,
        file: "scaling_activities.csv",
        holds: "One row per decision of an auto scaler, with the metric and the arithmetic that led to it, and per activity of an Auto Scaling group or of a service's scalable target.",
        columns: &scaling_activities::COLUMNS,
        always: true,
        priced: false,
    },
    Trace {
        kind: TraceKind::ServiceEvents,
        file: "service_events.csv",
        holds: "One row per entry of a service's event list, as DescribeServices returns them; all of them, not the latest 100 only.",
        columns: &service_events::COLUMNS,
        always: true,
        priced: false,
    },
    Trace {
        kind: TraceKind::Tasks,
        file: "tasks.csv",
        holds: "One row per task in the order of creation, then one row per copy that was asked for and never placed.",
        columns: &tasks::COLUMNS,
        always: true,
        priced: false,
    },
];

/// The sink that writes the file `kind` into `writer`, without costs.
#[must_use]
pub fn open<W: io::Write + 'static>(kind: TraceKind, definitions: &Arc<Definitions>, writer: W) -> Box<dyn Sink<W>> {
    open_with_costs(kind, definitions, None, writer)
}

/// The same with what everything costs.
#[must_use]
pub fn open_with_costs<W: io::Write + 'static>(
    kind: TraceKind,
    definitions: &Arc<Definitions>,
    costs: Option<&SharedLedger>,
    writer: W,
) -> Box<dyn Sink<W>> {
    let definitions = Arc::clone(definitions);
    match kind {
        TraceKind::Alarms => Box::new(AlarmSink::new(definitions, writer)),
        TraceKind::Bill => Box::new(BillSink::new(definitions, costs, writer)),
        TraceKind::Tasks => Box::new(TaskSink::new(definitions, costs, writer)),
        TraceKind::ContainerInstances => Box::new(ContainerInstanceSink::new(definitions, costs, writer)),
        TraceKind::ScalingActivities => Box::new(ScalingActivitySink::new(definitions, writer)),
        TraceKind::ServiceEvents => Box::new(ServiceEventSink::new(definitions, writer)),
        TraceKind::Deployments => Box::new(DeploymentSink::new(definitions, writer)),
        TraceKind::Events => Box::new(EventSink::new(definitions, writer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::kit::{Kit, write};

    #[test]
    fn the_catalogue_is_in_order_and_says_something_about_everything() {
        assert!(TRACES.is_sorted_by(|a, b| a.file < b.file));
        for trace in &TRACES {
            assert!(trace.holds.ends_with('.'), "{}", trace.file);
            assert_eq!(trace.columns.is_empty(), !trace.file.ends_with(".csv"), "{}", trace.file);
            for (at, column) in trace.columns.iter().enumerate() {
                assert!(column.holds.ends_with('.'), "{}: {}", trace.file, column.name);
                let double = trace.columns[..at].iter().any(|other| other.name == column.name);
                assert!(!double, "{}: two columns {}", trace.file, column.name);
            }
        }
    }

    #[test]
    fn the_header_is_the_catalogue() {
        let kit = Kit::new();
        for trace in TRACES.iter().filter(|trace| !trace.columns.is_empty()) {
            let header: Vec<&str> = trace.columns.iter().map(|column| column.name).collect();
            assert_eq!(write(&kit, trace.kind), header.join(",") + "\n");
        }
    }

    #[test]
    fn two_runs_give_equal_bytes() {
        let (first, second) = (Kit::busy(), Kit::busy());
        for trace in &TRACES {
            let text = write(&first, trace.kind);
            assert!(text.lines().count() > 1, "{} is empty", trace.file);
            assert_eq!(text, write(&second, trace.kind), "{}", trace.file);
        }
    }

    #[test]
    fn sinks_of_one_run_are_one_observer() {
        let kit = Kit::busy();
        let costs = kit.costs();
        let open = |kind| open_with_costs(kind, kit.definitions(), costs.as_ref(), Vec::new());
        let mut sinks: Vec<_> = TRACES.iter().map(|trace| open(trace.kind)).collect();
        kit.replay(&mut sinks);
        for (sink, trace) in sinks.into_iter().zip(&TRACES) {
            assert_eq!(sink.finish().expect("writing to memory"), write(&kit, trace.kind).into_bytes());
        }
    }

    #[test]
    fn every_row_has_every_cell() {
        let kit = Kit::busy();
        for trace in TRACES.iter().filter(|trace| !trace.columns.is_empty()) {
            let text = write(&kit, trace.kind);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            for row in reader.records() {
                assert_eq!(row.expect("a whole row").len(), trace.columns.len(), "{}", trace.file);
            }
        }
    }

    /// Takes a few bytes, then fails.
    struct Full(usize);

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.min(bytes.len()) {
                0 => Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full")),
                taken => {
                    self.0 -= taken;
                    Ok(taken)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_an_error_at_the_end_and_not_before() {
        let kit = Kit::busy();
        for trace in &TRACES {
            let mut sink = open_with_costs(trace.kind, kit.definitions(), kit.costs().as_ref(), Full(20));
            kit.replay(&mut *sink);
            let error = sink.finish().err().unwrap_or_else(|| panic!("{} must fail", trace.file));
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{}", trace.file);
        }
    }

    #[test]
    fn a_sink_that_joins_late_does_not_fall_over() {
        let kit = Kit::busy();
        for trace in &TRACES {
            for skip in 0..kit.facts().len() {
                let mut sink = open_with_costs(trace.kind, kit.definitions(), kit.costs().as_ref(), Vec::new());
                kit.replay_from(skip, &mut *sink);
                assert!(sink.finish().is_ok());
            }
        }
    }
}
