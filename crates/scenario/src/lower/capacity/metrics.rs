//! CloudWatch metrics for scaling policies: those that the scenario gives, and those that the simulator makes itself.
//!
//! A metric is called `Namespace/MetricName`; its dimensions follow where it has any: `App/Depth Queue=jobs`.

use std::collections::{BTreeMap, BTreeSet};

use ecsim_cluster::MetricId;
use ecsim_engine::fleet::MetricSeries;
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::capacity::spec::ScalingMetric;

use super::super::Context;
use crate::document::Locator;
use crate::schema::{MetricFile, MetricValues, TimeUnit, aws};

/// Namespace, name, and dimensions in name order.
pub(super) type MetricKey = (String, String, BTreeMap<String, String>);

/// More values than this are the wrong file.
const MOST_VALUES: usize = 5_000_000;
/// The largest value of a metric: a millionth of it is still told apart.
const LARGEST: f64 = 9e12;

impl<'a> Context<'a> {
    /// Metrics of `behavior.metrics` and of the timeline, in name order; then the values of the former.
    pub(super) fn lower_metrics(&mut self) {
        let scenario = self.scenario;
        let given = scenario.behavior.metrics.iter().map(|it| key(&it.namespace, &it.metric_name, &it.dimensions));
        let set = scenario.timeline.iter().filter_map(|entry| entry.set_metric.as_ref());
        let set = set.map(|it| key(&it.namespace, &it.metric_name, &it.dimensions));
        let all: BTreeSet<MetricKey> = given.chain(set).collect();
        for key in &all {
            self.metric_id(key.clone());
        }
        self.capacity.given_metrics = all;
        let mut seen: BTreeMap<MetricKey, usize> = BTreeMap::new();
        let mut series = Vec::new();
        for (index, metric) in scenario.behavior.metrics.iter().enumerate() {
            let at = self.at("behavior").key("metrics").index(index);
            let key = key(&metric.namespace, &metric.metric_name, &metric.dimensions);
            if let Some(first) = seen.insert(key.clone(), index) {
                let diagnostic = at
                    .error("E302", format!("metric `{}` is given twice", name_of(&key)), "this one")
                    .label(self.at("behavior").key("metrics").index(first).span(), "and this one");
                self.push(diagnostic);
                continue;
            }
            if let Some(period) = metric.period.map(|period| period.0).filter(|period| *period != Span::from_mins(1)) {
                if period.is_zero() {
                    self.error(&at.clone().key("period"), "E397", "a metric with a period of no length", None);
                }
                let metric = self.metric_id(key.clone());
                self.capacity.fleet.metric_periods.insert(metric, period);
            }
            let values = match &metric.values {
                None => Vec::new(),
                Some(MetricValues::Points(points)) => {
                    let place = at.clone().key("values");
                    let points = points.iter().map(|point| (SimTime::ZERO + point.0.0, point.1)).collect();
                    self.metric_values(points, &place)
                }
                Some(MetricValues::File(file)) => self.metric_file(file, &at.clone().key("values")),
            };
            if !values.is_empty() {
                let metric = self.metric_id(key);
                series.push(MetricSeries { metric, values: values.into() });
            }
        }
        series.sort_by_key(|series| series.metric);
        self.capacity.fleet.metrics = series;
    }

    fn metric_id(&mut self, key: MetricKey) -> MetricId {
        let name = name_of(&key);
        let id = self.definitions.metrics.intern(&name);
        self.capacity.metrics.insert(key, id);
        id
    }

    fn metric_values(
        &mut self,
        mut points: Vec<(SimTime, Option<f64>)>,
        at: &Locator<'a>,
    ) -> Vec<(SimTime, Option<i64>)> {
        if points.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            let help = Some("the later value holds from its time on".into());
            self.error(at, "E397", "the times of a metric ascend", help);
        }
        points.sort_by_key(|(time, _)| *time);
        let mut values = Vec::new();
        for (time, value) in points {
            let value = match value {
                None => None,
                Some(value) => match millionths(value) {
                    Some(value) => Some(value),
                    None => {
                        self.error(at, "E397", format!("`{value}` is too large for a metric"), None);
                        return Vec::new();
                    }
                },
            };
            values.push((time, value));
        }
        values
    }

    fn metric_file(&mut self, file: &MetricFile, at: &Locator<'a>) -> Vec<(SimTime, Option<i64>)> {
        let Some(mut table) = self.open_table(&file.file, &at.clone().key("file")) else { return Vec::new() };
        let columns = at.clone().key("columns");
        let time = self.column(&table, &file.columns.time.column, &columns.clone().key("time"));
        let value = self.column(&table, &file.columns.value.column, &columns.clone().key("value"));
        let (Some(time), Some(value)) = (time, value) else { return Vec::new() };
        let Some(unit) = file.columns.time.unit.map(TimeUnit::ms) else {
            let help = Some("write `unit:` and ms, s, m or h: times count from the start of the run".into());
            self.error(&columns.key("time"), "E313", "the unit of the column is missing", help);
            return Vec::new();
        };
        let scale = unit as f64 * file.columns.time.scale.unwrap_or(1.0);
        let mut points = Vec::new();
        while self.next_row(&mut table, at) {
            let Some(when) = self.number(&mut table, time, &file.columns.time.column, at) else { continue };
            let when = when * scale;
            if when < 0.0 {
                self.bad_cell(&mut table, at, &file.columns.time.column, "lies before the start of the run");
                continue;
            }
            let number = if table.cell(value).is_empty() {
                None
            } else {
                let Some(number) = self.number(&mut table, value, &file.columns.value.column, at) else { continue };
                Some(number * file.columns.value.scale.unwrap_or(1.0))
            };
            points.push((SimTime::ZERO + Span::from_secs_f64(when / 1_000.0), number));
            if points.len() > MOST_VALUES {
                self.error(at, "E397", format!("`{}` has more than {MOST_VALUES} rows", file.file), None);
                return Vec::new();
            }
        }
        self.metric_values(points, at)
    }

    /// The metric that an alarm or a target is about; a warning where nobody will ever give it a value.
    pub(super) fn scaling_metric(
        &mut self,
        namespace: &str,
        name: &str,
        dimensions: &[aws::Dimension],
        group: &str,
        at: &Locator<'a>,
    ) -> ScalingMetric {
        let key = key(namespace, name, dimensions);
        if !self.capacity.given_metrics.contains(&key) {
            let of_cluster = key.2.get("ClusterName").is_none_or(|it| *it == self.definitions.cluster_name)
                && key.2.keys().all(|dimension| dimension == "ClusterName");
            let of_group = key.2.get("AutoScalingGroupName").is_none_or(|it| it == group)
                && key.2.keys().all(|dimension| dimension == "AutoScalingGroupName");
            match (namespace, name) {
                ("AWS/ECS", "CPUReservation") if of_cluster => {
                    return ScalingMetric::ClusterCpuReservation(self.metric_id(key));
                }
                ("AWS/ECS", "MemoryReservation") if of_cluster => {
                    return ScalingMetric::ClusterMemoryReservation(self.metric_id(key));
                }
                ("AWS/EC2", "CPUUtilization") if of_group => {
                    return ScalingMetric::GroupCpuUtilization(self.metric_id(key));
                }
                _ => {
                    let message =
                        format!("nothing gives the metric `{}` a value, so it never does anything", name_of(&key));
                    let help = "give its values under behavior.metrics; the simulator itself makes AWS/ECS CPUReservation \
                                and MemoryReservation of the cluster, and AWS/EC2 CPUUtilization of the group";
                    self.warning(at, "W395", message, Some(help.into()));
                }
            }
        }
        ScalingMetric::Custom(self.metric_id(key))
    }

    /// A metric whose values the scenario gives.
    pub(in crate::lower) fn given_metric(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &[aws::Dimension],
    ) -> Option<MetricId> {
        let key = key(namespace, name, dimensions);
        if self.capacity.given_metrics.contains(&key) { self.capacity.metrics.get(&key).copied() } else { None }
    }

    /// A metric that only the scenario could give values; it has some or not.
    pub(in crate::lower) fn custom_metric(
        &mut self,
        namespace: &str,
        name: &str,
        dimensions: &[aws::Dimension],
    ) -> (MetricId, String) {
        let key = key(namespace, name, dimensions);
        let name = name_of(&key);
        (self.metric_id(key), name)
    }

    /// `ASGAverageCPUUtilization`.
    pub(super) fn group_cpu(&mut self, group: &str) -> ScalingMetric {
        let dimensions = BTreeMap::from([("AutoScalingGroupName".to_owned(), group.to_owned())]);
        ScalingMetric::GroupCpuUtilization(self.metric_id((
            "AWS/EC2".to_owned(),
            "CPUUtilization".to_owned(),
            dimensions,
        )))
    }

    /// The metric that a call of the timeline sets.
    pub(super) fn set_metric_id(&mut self, namespace: &str, name: &str, dimensions: &[aws::Dimension]) -> MetricId {
        self.metric_id(key(namespace, name, dimensions))
    }
}

fn key(namespace: &str, name: &str, dimensions: &[aws::Dimension]) -> MetricKey {
    let dimensions = dimensions.iter().map(|it| (it.name.clone(), it.value.as_str().to_owned())).collect();
    (namespace.to_owned(), name.to_owned(), dimensions)
}

fn name_of((namespace, name, dimensions): &MetricKey) -> String {
    let dimensions: String = dimensions.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("{namespace}/{name}{dimensions}")
}

/// The nearest number of millionths; `None` for what is too large or no number.
pub(in crate::lower) fn millionths(value: f64) -> Option<i64> {
    (value.abs() <= LARGEST).then(|| (value * 1e6).round() as i64)
}
