//! `service_events.csv`: what services say about themselves, word for word, as `DescribeServices` lists it.
//!
//! AWS keeps the latest 100 of a service (SVC-050); a trace keeps all. EventBridge carries only some of them and without
//! their text, which is why they have a file of their own beside `events.jsonl`.

use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{Cluster, Definitions, Fact, Observer};
use ecsim_kernel::SimTime;

use super::sheet::Sheet;
use super::{Column, Sink, column};

/// The columns of `service_events.csv`.
pub const COLUMNS: [Column; 4] = [
    column("createdAt", "ISO 8601", "When the service said it."),
    column("createdSeconds", "seconds since start", "createdAt as a number."),
    column("service", "", "The service."),
    column("message", "", "What it said, in the words of AWS."),
];

/// Writes `service_events.csv`.
pub struct ServiceEventSink<W: Write> {
    sheet: Sheet<W>,
}

impl<W: Write> ServiceEventSink<W> {
    /// A sink that writes into `writer`; the header is written at once.
    pub fn new(definitions: Arc<Definitions>, writer: W) -> Self {
        Self { sheet: Sheet::new(writer, &COLUMNS, definitions.start_unix_ms) }
    }
}

impl<W: Write> Observer for ServiceEventSink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        let Fact::ServiceEvent { service, event } = *fact else { return };
        if !event.is_listed() {
            return;
        }
        let balance = match event {
            ServiceEvent::RebalancingStarted | ServiceEvent::RebalancingCompleted => cluster.balance(service),
            _ => Vec::new(),
        };
        let definitions = cluster.definitions();
        self.sheet.stamp(now);
        self.sheet.seconds(now);
        self.sheet.text(&definitions.services[service].name);
        self.sheet.text(&event.message(cluster, service, &balance));
        self.sheet.end_row();
    }
}

impl<W: Write> Sink<W> for ServiceEventSink<W> {
    fn finish(self: Box<Self>) -> io::Result<W> {
        self.sheet.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::TraceKind;
    use crate::sinks::kit::{Kit, cells, ms};
    use ecsim_cluster::Rejection;

    #[test]
    fn svc_051_the_texts_stand_in_the_file() {
        let mut kit = Kit::new();
        let (web, a) = (kit.service("web"), kit.register("a", ms(0)));
        let task = kit.place(ms(1000), "web", "a");
        for event in [
            ServiceEvent::TasksStarted { first: task, count: 1 },
            ServiceEvent::PlacementFailed { closest: Some((a, Rejection::Cpu)) },
            ServiceEvent::SteadyState,
            ServiceEvent::RebalancingCompleted,
        ] {
            kit.fact(ms(61_250), Fact::ServiceEvent { service: web, event });
        }
        let rows = cells(&kit, TraceKind::ServiceEvents);
        assert!(rows[0]["message"].starts_with("(service web) has started 1 tasks: (task "));
        assert!(
            rows[1]["message"]
                .contains("The closest matching (container-instance a) has insufficient CPU units available.")
        );
        assert_eq!(rows[2]["message"], "(service web) has reached a steady state.");
        assert_eq!(rows[3]["message"], "(service web) is AZ balanced with 1 tasks in us-east-1a.");
        let row = &rows[2];
        assert_eq!((row["createdAt"].as_str(), row["createdSeconds"].as_str()), ("2026-03-02T00:01:01.250Z", "61.250"));
        assert_eq!(row["service"], "web");
    }
}
