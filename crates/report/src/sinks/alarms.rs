//! `alarms.csv`: when CloudWatch alarms changed their state, and why, in AWS's words (CW-002).

use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::cloudwatch::{AlarmState, Comparison};
use ecsim_cluster::definitions::Definitions;
use ecsim_cluster::service_scaling::{decimal, series_name};
use ecsim_cluster::{AlarmId, Cluster, Fact, Observer};
use ecsim_kernel::{SimTime, Table};

use super::scaling_activities::write_micros;
use super::sheet::Sheet;
use super::{Column, Sink, column};

/// The columns of `alarms.csv`.
pub const COLUMNS: [Column; 8] = [
    column("timestamp", "ISO 8601", "When its state changed."),
    column("secondsSinceStart", "seconds since start", "timestamp as a number."),
    column("alarm", "", "The alarm."),
    column("from", "", "The state before: OK, ALARM or INSUFFICIENT_DATA."),
    column("to", "", "The state after."),
    column("metric", "", "The metric with its statistic and period."),
    column("threshold", "number", "What the metric is compared with."),
    column("reason", "", "The datapoints that led to it, the oldest first; a missing one is a dash."),
];

/// Writes `alarms.csv`.
pub struct AlarmSink<W: Write> {
    sheet: Sheet<W>,
    definitions: Arc<Definitions>,
    /// The state of each alarm as written last.
    states: Table<AlarmId, AlarmState>,
}

impl<W: Write> AlarmSink<W> {
    /// A sink that writes into `writer`; the header is written at once.
    pub fn new(definitions: Arc<Definitions>, writer: W) -> Self {
        let states = definitions.alarms.values().map(|_| AlarmState::default()).collect();
        Self { sheet: Sheet::new(writer, &COLUMNS, definitions.start_unix_ms), definitions, states }
    }
}

impl<W: Write> Observer for AlarmSink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        let Fact::AlarmStateChanged { alarm, to } = *fact else { return };
        let Self { sheet, definitions, states } = self;
        let definition = &definitions.alarms[alarm];
        sheet.stamp(now);
        sheet.seconds(now);
        sheet.text(&definition.name);
        sheet.text(core::mem::replace(&mut states[alarm], to).name());
        sheet.text(to.name());
        sheet.text(&series_name(definitions, definition.series));
        sheet.build(|out| write_micros(definition.threshold, out));
        sheet.text(&reason(definitions, alarm, to, now, cluster));
        sheet.end_row();
    }
}

impl<W: Write> Sink<W> for AlarmSink<W> {
    fn finish(self: Box<Self>) -> io::Result<W> {
        self.sheet.finish()
    }
}

/// `StateReason`, near enough: what was seen, and how it compares.
fn reason(definitions: &Definitions, alarm: AlarmId, to: AlarmState, now: SimTime, cluster: &Cluster) -> String {
    let definition = &definitions.alarms[alarm];
    let period = definitions.series[definition.series].period;
    let count = definition.evaluation_periods as usize;
    let mut points: Vec<String> = cluster
        .series(definition.series)
        .newest_first(period, now, count)
        .map(|value| value.map_or_else(|| "-".to_owned(), decimal))
        .collect();
    points.reverse();
    let points = points.join(", ");
    let compared = match definition.comparison {
        Comparison::Greater => "greater than",
        Comparison::GreaterOrEqual => "greater than or equal to",
        Comparison::Less => "less than",
        Comparison::LessOrEqual => "less than or equal to",
    };
    let threshold = decimal(definition.threshold);
    match to {
        AlarmState::InsufficientData => format!("Insufficient Data: [{points}]"),
        AlarmState::Alarm => {
            format!("Threshold Crossed: of [{points}], enough were {compared} the threshold ({threshold}).")
        }
        AlarmState::Ok => {
            format!("Threshold Crossed: of [{points}], too few were {compared} the threshold ({threshold}).")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::TraceKind;
    use crate::sinks::kit::{Kit, cells, ms};
    use ecsim_cluster::SeriesId;

    #[test]
    fn cw_002_a_change_says_what_was_seen() {
        let mut kit = Kit::new();
        let (alarm, series) = (AlarmId::new(0), SeriesId::new(0));
        kit.fact(ms(180_000), Fact::DatapointPublished { series, from: ms(0), value: Some(66_500_000) });
        kit.fact(ms(240_000), Fact::AlarmStateChanged { alarm, to: AlarmState::Alarm });
        let rows = cells(&kit, TraceKind::Alarms);
        let told = ["secondsSinceStart", "alarm", "from", "to", "metric", "threshold", "reason"]
            .map(|column| rows[0][column].as_str());
        assert_eq!(
            told,
            [
                "240.000",
                "hot",
                "INSUFFICIENT_DATA",
                "ALARM",
                "Average CPUUtilization over 1m",
                "60",
                "Threshold Crossed: of [66.5, 66.5], enough were greater than the threshold (60).",
            ]
        );
    }
}
