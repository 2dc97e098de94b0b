//! When workloads call: fixed times, renewal processes, traces.

use std::sync::Arc;

use ecsim_cluster::SourceId;
use ecsim_kernel::SimTime;

use crate::event::Event;
use crate::model::Arrivals;
use crate::purposes;
use crate::simulation::{Simulation, Step};

impl Simulation {
    /// Puts the first call of a source on the calendar.
    pub(crate) fn schedule_first_arrival(&mut self, source: SourceId) {
        let model = Arc::clone(&self.model);
        match &model.sources[source].arrivals {
            Arrivals::Never => {}
            Arrivals::At(times) => {
                if let Some(first) = times.first() {
                    self.schedule(*first, Event::Arrival(source));
                }
            }
            Arrivals::Renewal { first_at_start, from, limit, until, .. } => {
                if *limit == 0 {
                    return;
                }
                let mut stream = self.streams.stream(purposes::ARRIVALS, self.keys.sources[source]);
                let mut due = from.ms() as f64;
                if !first_at_start {
                    due += self.draw_interval(source, &mut stream);
                }
                let client = &mut self.clients.sources[source];
                client.arrivals = Some(stream);
                client.due_ms = due;
                self.schedule_renewal(source, due, *until);
            }
            Arrivals::Trace(rows) => {
                if model.sources[source].shuffled {
                    self.clients.sources[source].order = Some(self.shuffled_order(source, rows.len()));
                }
                if let Some(first) = rows.first() {
                    self.schedule(first.arrival, Event::Arrival(source));
                }
            }
        }
    }

    /// Every order of the rows is as likely as any other (Fisher and Yates).
    fn shuffled_order(&self, source: SourceId, rows: usize) -> Arc<[u32]> {
        let mut stream = self.streams.stream(purposes::TRACE_ORDER, self.keys.sources[source]);
        let mut order: Vec<u32> = (0..u32::try_from(rows).expect("copies are numbered in 32 bits")).collect();
        for last in (1..order.len()).rev() {
            let other = stream.below(last as u64 + 1) as usize;
            order.swap(last, other);
        }
        order.into()
    }

    fn draw_interval(&self, source: SourceId, stream: &mut ecsim_kernel::Stream) -> f64 {
        match &self.model.sources[source].arrivals {
            Arrivals::Renewal { interval, .. } => interval.sample(stream).max(0.0) * 1000.0,
            _ => 0.0,
        }
    }

    fn schedule_renewal(&mut self, source: SourceId, due_ms: f64, until: SimTime) {
        // Rounded here only: the exact time is kept, so that the rate is not bent by millisecond steps.
        if due_ms < until.ms() as f64 {
            self.schedule(SimTime::from_ms(due_ms as u64), Event::Arrival(source));
        }
    }
}

impl Step<'_> {
    /// A call of a workload entry is due: the next one goes on the calendar, then the call is made.
    pub(crate) fn arrival(&mut self, source: SourceId) {
        let model = Arc::clone(&self.sim.model);
        let made = self.sim.clients.sources[source].calls;
        self.sim.clients.sources[source].calls += 1;
        let next = made + 1;
        let mut count = model.sources[source].count;
        match &model.sources[source].arrivals {
            Arrivals::Never => {}
            Arrivals::At(times) => {
                if let Some(at) = usize::try_from(next).ok().and_then(|next| times.get(next)) {
                    self.sim.schedule(*at, Event::Arrival(source));
                }
            }
            Arrivals::Renewal { until, limit, .. } => {
                if next < *limit {
                    let mut stream = self.sim.clients.sources[source].arrivals.take().expect("a renewal process draws");
                    let due = self.sim.clients.sources[source].due_ms + self.sim.draw_interval(source, &mut stream);
                    let client = &mut self.sim.clients.sources[source];
                    client.arrivals = Some(stream);
                    client.due_ms = due;
                    self.sim.schedule_renewal(source, due, *until);
                }
            }
            Arrivals::Trace(rows) => {
                let at = usize::try_from(made).expect("a trace fits into memory");
                if let Some(row) = rows.get(at + 1) {
                    self.sim.schedule(row.arrival, Event::Arrival(source));
                }
                count = 1;
            }
        }
        self.run_task(source, count);
    }
}
