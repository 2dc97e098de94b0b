//! The tables under `metrics/`: one row per period and entity, one column per metric.

use std::io::{self, Write};

use csv::ByteRecord;
use ecsim_cluster::{Cluster, Definitions, Fact, Observer, ProviderId, ServiceStatus, ZoneId};
use ecsim_kernel::SimTime;

use super::auto_scaling_groups::in_zone;
use super::capacity_providers::exists;
use super::{Detail, Inputs, Metric, Read, Reading, Scope, Tally, Value};
use crate::clock::Clock;
use crate::cost::{Ledger, SharedLedger};

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
    costs: Option<SharedLedger>,
    clock: Clock,
    tables: Vec<Table<W>>,
    stamp: Vec<u8>,
    field: Vec<u8>,
    record: ByteRecord,
    last_row_at: Option<SimTime>,
    error: Option<io::Error>,
}

/// A column that a scenario's names make.
#[derive(Clone, Copy, Debug)]
enum More {
    Zone(ZoneId),
    Provider(ProviderId),
}

#[derive(Debug)]
struct Table<W: Write> {
    scope: Scope,
    columns: Vec<&'static Metric>,
    /// What columns behind those of the catalogue are about.
    more: Vec<More>,
    writer: csv::Writer<W>,
}

impl<W: Write> MetricTables<W> {
    /// No table yet.
    #[must_use]
    pub fn new(definitions: &Definitions) -> Self {
        Self {
            tally: Tally::new(definitions, Detail { period_times: true, all_times: false }),
            costs: None,
            clock: Clock::new(definitions.start_unix_ms),
            tables: Vec::new(),
            stamp: Vec::new(),
            field: Vec::new(),
            record: ByteRecord::new(),
            last_row_at: None,
            error: None,
        }
    }

    /// With what it costs. To be called before [`Self::with`]: without prices, tables have no columns of costs.
    #[must_use]
    pub fn with_costs(self, costs: Option<&SharedLedger>) -> Self {
        Self { costs: costs.cloned(), ..self }
    }

    /// Adds the table of a scope and writes its header. Instances have no table: it would be too long.
    ///
    /// Behind the columns of the catalogue come, for a service, its live tasks by zone (`liveTasks.ZONE`) and by capacity
    /// provider (`providers.NAME`); for a group its capacity by zone (`instances.ZONE`).
    #[must_use]
    pub fn with(mut self, scope: Scope, writer: W, definitions: &Definitions) -> Self {
        let columns: Vec<&'static Metric> = super::of_scope(scope)
            .filter(|metric| metric.column && (self.costs.is_some() || !metric.inputs.touches(Inputs::COSTS)))
            .collect();
        let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(writer);
        let mut header: Vec<String> =
            ["timestamp", "secondsSinceStart", scope.entity()].into_iter().map(str::to_owned).collect();
        header.extend(columns.iter().map(|metric| metric.name.to_owned()));
        let mut more = Vec::new();
        let prefix = match scope {
            Scope::Service => Some("liveTasks"),
            Scope::AutoScalingGroup => Some("instances"),
            _ => None,
        };
        if let Some(prefix) = prefix {
            header.extend(definitions.zones.iter().map(|(_, name)| format!("{prefix}.{name}")));
            more.extend(definitions.zones.iter().map(|(zone, _)| More::Zone(zone)));
        }
        if scope == Scope::Service {
            let providers = &definitions.capacity_providers;
            header.extend(providers.values().map(|provider| format!("providers.{}", provider.name)));
            more.extend(providers.ids().map(More::Provider));
        }
        if let Err(error) = writer.write_record(&header) {
            self.error.get_or_insert(io_error(error));
        }
        self.tables.push(Table { scope, columns, more, writer });
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
            let written = match self.costs.clone() {
                Some(costs) => costs.with(|ledger| {
                    ledger.standing(now);
                    self.write(now, cluster, Some(ledger))
                }),
                None => self.write(now, cluster, None),
            };
            if let Err(error) = written {
                self.error = Some(io_error(error));
            }
        }
        self.tally.open_period();
    }

    fn write(&mut self, now: SimTime, cluster: &Cluster, costs: Option<&Ledger>) -> csv::Result<()> {
        let Self { tally, tables, stamp, field, record, .. } = self;
        let reading = Reading { now, cluster, tally, costs };
        let definitions = cluster.definitions();
        field.clear();
        Value::Number(now.secs_f64()).write(field);
        let seconds = field.clone();
        for table in tables {
            let mut row = |name: &str, read: &dyn Fn(&Metric) -> Value, more: &dyn Fn(More) -> Value| {
                record.clear();
                record.push_field(stamp);
                record.push_field(&seconds);
                record.push_field(name.as_bytes());
                let values = table.columns.iter().map(|metric| read(metric));
                for value in values.chain(table.more.iter().map(|column| more(*column))) {
                    field.clear();
                    value.write(field);
                    record.push_field(field);
                }
                table.writer.write_byte_record(record)
            };
            let none = |_: More| Value::Missing;
            match table.scope {
                Scope::Cluster => {
                    row(&definitions.cluster_name, &|metric| read_cluster(metric, &reading), &none)?;
                }
                Scope::Service => {
                    for (id, service) in cluster.services().iter() {
                        if matches!(service.status, ServiceStatus::Absent | ServiceStatus::Inactive) {
                            continue;
                        }
                        let more = |column: More| match column {
                            More::Zone(zone) => reading.tally.services.live_in(id, zone).into(),
                            More::Provider(provider) => service.live_on(provider).into(),
                        };
                        let read = |metric: &Metric| match metric.read {
                            Read::Service(read) => read(&reading, id),
                            _ => Value::Missing,
                        };
                        row(&definitions.services[id].name, &read, &more)?;
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
                Scope::CapacityProvider => {
                    for (id, provider) in cluster.providers().iter() {
                        if !exists(provider.status) {
                            continue;
                        }
                        let read = |metric: &Metric| match metric.read {
                            Read::CapacityProvider(read) => read(&reading, id),
                            _ => Value::Missing,
                        };
                        row(&definitions.capacity_providers[id].name, &read, &none)?;
                    }
                }
                Scope::AutoScalingGroup => {
                    for (id, group) in definitions.auto_scaling_groups.iter() {
                        let more = |column: More| match column {
                            More::Zone(zone) => in_zone(&reading, id, zone),
                            More::Provider(_) => Value::Missing,
                        };
                        let read = |metric: &Metric| match metric.read {
                            Read::AutoScalingGroup(read) => read(&reading, id),
                            _ => Value::Missing,
                        };
                        row(&group.name, &read, &more)?;
                    }
                }
                Scope::TargetGroup => {
                    for (id, group) in definitions.target_groups.iter() {
                        let read = |metric: &Metric| match metric.read {
                            Read::TargetGroup(read) => read(&reading, id),
                            _ => Value::Missing,
                        };
                        row(&group.name, &read, &none)?;
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
        if let Some(costs) = &mut self.costs {
            costs.observe(now, fact, cluster);
        }
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.rows(now, cluster);
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        if let Some(costs) = &self.costs {
            costs.end(now);
        }
        self.rows(now, cluster);
    }
}
