//! The tables under `metrics/`: one row per period and entity, one column per metric.

use std::io::{self, Write};

use csv::ByteRecord;
use ecsim_cluster::{Cluster, Definitions, Fact, Observer, ServiceStatus};
use ecsim_kernel::SimTime;

use super::{Detail, Metric, Read, Reading, Scope, Tally, Value};
use crate::clock::Clock;

/// Writes a row for every entity at the end of every period, and at the end of the run where that is no period's end.
///
/// ```text
/// timestamp,secondsSinceStart,ClusterName,CPUReservation,…
/// 2026-03-02T00:01:00.000Z,60,prod,55.5556,…
/// ```
///
/// An observer cannot fail: the first error of a writer is kept, nothing more is written, and [`Self::finish`] returns it.
#[derive(Debug)]
pub struct MetricTables<W: Write> {
    tally: Tally,
    clock: Clock,
    tables: Vec<Table<W>>,
    stamp: Vec<u8>,
    field: Vec<u8>,
    record: ByteRecord,
    last_row_at: Option<SimTime>,
    error: Option<io::Error>,
}

#[derive(Debug)]
struct Table<W: Write> {
    scope: Scope,
    columns: Vec<&'static Metric>,
    /// Whether a column for each zone follows.
    zones: bool,
    writer: csv::Writer<W>,
}

impl<W: Write> MetricTables<W> {
    /// No table yet.
    #[must_use]
    pub fn new(definitions: &Definitions) -> Self {
        Self {
            tally: Tally::new(definitions, Detail { period_times: true, all_times: false }),
            clock: Clock::new(definitions.start_unix_ms),
            tables: Vec::new(),
            stamp: Vec::new(),
            field: Vec::new(),
            record: ByteRecord::new(),
            last_row_at: None,
            error: None,
        }
    }

    /// Adds the table of a scope and writes its header. Instances have no table: it would be too long.
    #[must_use]
    pub fn with(mut self, scope: Scope, writer: W, definitions: &Definitions) -> Self {
        let columns: Vec<&'static Metric> = super::of_scope(scope).filter(|metric| metric.column).collect();
        let zones = scope == Scope::Service;
        let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(writer);
        let mut header: Vec<String> =
            ["timestamp", "secondsSinceStart", scope.entity()].into_iter().map(str::to_owned).collect();
        header.extend(columns.iter().map(|metric| metric.name.to_owned()));
        if zones {
            header.extend(definitions.zones.iter().map(|(_, name)| format!("liveTasks.{name}")));
        }
        if let Err(error) = writer.write_record(&header) {
            self.error.get_or_insert(io_error(error));
        }
        self.tables.push(Table { scope, columns, zones, writer });
        self
    }

    /// Flushes, and gives the writers back in the order in which they came.
    ///
    /// # Errors
    /// The first error that any of the writers met.
    pub fn finish(mut self) -> io::Result<Vec<W>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.tables
            .into_iter()
            .map(|table| {
                let flushed = table.writer.into_inner();
                flushed.map_err(|error| io::Error::new(error.error().kind(), error.error().to_string()))
            })
            .collect()
    }

    fn rows(&mut self, now: SimTime, cluster: &Cluster) {
        self.tally.close_period();
        if self.error.is_none() && self.last_row_at != Some(now) {
            self.last_row_at = Some(now);
            self.stamp.clear();
            self.clock.write(now, &mut self.stamp);
            if let Err(error) = self.write(now, cluster) {
                self.error = Some(io_error(error));
            }
        }
        self.tally.open_period();
    }

    fn write(&mut self, now: SimTime, cluster: &Cluster) -> csv::Result<()> {
        let Self { tally, tables, stamp, field, record, .. } = self;
        let reading = Reading { now, cluster, tally };
        let definitions = cluster.definitions();
        field.clear();
        Value::Number(now.secs_f64()).write(field);
        let seconds = field.clone();
        for table in tables {
            let mut row =
                |name: &str, read: &dyn Fn(&Metric) -> Value, live: &dyn Fn(&mut ByteRecord, &mut Vec<u8>)| {
                    record.clear();
                    record.push_field(stamp);
                    record.push_field(&seconds);
                    record.push_field(name.as_bytes());
                    for metric in &table.columns {
                        field.clear();
                        read(metric).write(field);
                        record.push_field(field);
                    }
                    if table.zones {
                        live(record, field);
                    }
                    table.writer.write_byte_record(record)
                };
            let none = |_: &mut ByteRecord, _: &mut Vec<u8>| {};
            match table.scope {
                Scope::Cluster => {
                    row(&definitions.cluster_name, &|metric| read_cluster(metric, &reading), &none)?;
                }
                Scope::Service => {
                    for (id, service) in cluster.services().iter() {
                        if matches!(service.status, ServiceStatus::Absent | ServiceStatus::Inactive) {
                            continue;
                        }
                        let zones = |record: &mut ByteRecord, field: &mut Vec<u8>| {
                            for (zone, _) in definitions.zones.iter() {
                                field.clear();
                                Value::from(reading.tally.services.live_in(id, zone)).write(field);
                                record.push_field(field);
                            }
                        };
                        let read = |metric: &Metric| match metric.read {
                            Read::Service(read) => read(&reading, id),
                            _ => Value::Missing,
                        };
                        row(&definitions.services[id].name, &read, &zones)?;
                    }
                }
                Scope::Zone => {
                    for (id, name) in definitions.zones.iter() {
                        let read = |metric: &Metric| match metric.read {
                            Read::Zone(read) => read(&reading, id),
                            _ => Value::Missing,
                        };
                        row(name, &read, &none)?;
                    }
                }
                Scope::Workload => {
                    for (id, source) in definitions.sources.iter() {
                        let read = |metric: &Metric| match metric.read {
                            Read::Workload(read) => read(&reading, id),
                            _ => Value::Missing,
                        };
                        row(&source.name, &read, &none)?;
                    }
                }
                Scope::Instance => {}
            }
        }
        Ok(())
    }
}

/// The writer's own error, with its kind: a full disk must be known as such.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn read_cluster(metric: &Metric, reading: &Reading<'_>) -> Value {
    match metric.read {
        Read::Cluster(read) => read(reading),
        _ => Value::Missing,
    }
}

impl<W: Write> Observer for MetricTables<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.tally.observe(now, fact, cluster);
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.rows(now, cluster);
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.rows(now, cluster);
    }
}
