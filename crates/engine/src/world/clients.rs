//! The callers of `RunTask`: they ask, and where nothing fits they give up, wait in line, or try again.
//!
//! `RunTask` itself places once and never retries (PLC-056, PLC-057); waiting is the caller's business, as it is with
//! a queue worker, a workflow or a cron job in front of the API.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{Fact, GroupId, PlacementId, Requirements, SourceId};
use ecsim_kernel::Span;
use ecsim_policies::placement::{Request, explain};

use crate::event::Event;
use crate::execute::Placed;
use crate::model::{Arrivals, Model, WhenUnplaced};
use crate::probe::Subject;
use crate::simulation::Step;

/// What one copy asks for.
pub(crate) struct Copy {
    requirements: Requirements,
    group: GroupId,
    placement: PlacementId,
}

impl Step<'_> {
    /// A `RunTask` call of `count` copies.
    pub(crate) fn run_task(&mut self, source: SourceId, count: u32) {
        let ordinal = self.sim.clients.sources[source].asked;
        self.sim.clients.sources[source].asked += count;
        let model = Arc::clone(&self.sim.model);
        self.emit(Fact::TaskRequested { source, ordinal, count });
        if matches!(model.sources[source].when_unplaced, WhenUnplaced::Queue)
            && !self.sim.clients.sources[source].waiting.is_empty()
        {
            // Whoever comes later stands behind: the head would be tried first anyway.
            self.queue(source, ordinal, count);
            return;
        }
        let placed = self.try_copies(source, ordinal, count);
        if placed == count {
            return;
        }
        let (first, left) = (ordinal + placed, count - placed);
        match &model.sources[source].when_unplaced {
            WhenUnplaced::Drop => {
                for offset in 0..left {
                    self.emit(Fact::RequestDropped { source, ordinal: first + offset });
                }
            }
            WhenUnplaced::Queue => self.queue(source, first, left),
            WhenUnplaced::Retry { max_attempts: 1, .. } => {
                for offset in 0..left {
                    self.emit(Fact::RequestDropped { source, ordinal: first + offset });
                }
            }
            WhenUnplaced::Retry { every, .. } => {
                for offset in 0..left {
                    self.emit(Fact::RequestQueued { source, ordinal: first + offset });
                    self.sim.schedule(
                        self.sim.now + *every,
                        Event::RetryRequest { source, ordinal: first + offset, attempts: 1 },
                    );
                }
            }
        }
    }

    fn queue(&mut self, source: SourceId, first: u32, count: u32) {
        for ordinal in first..first + count {
            self.emit(Fact::RequestQueued { source, ordinal });
        }
        let clients = &mut self.sim.clients;
        let ticket = clients.next_ticket;
        clients.next_ticket += u64::from(count);
        if clients.sources[source].waiting.is_empty() {
            clients.in_line.insert((ticket, source));
        }
        clients.sources[source].waiting.extend((ticket..).zip(first..first + count));
    }

    /// Places copies one after the other, each seeing the one before (PLC-003, PLC-056); tells how many found a place.
    ///
    /// Copies of one call are alike: where one does not fit, the following do not either (FLR-004).
    fn try_copies(&mut self, source: SourceId, ordinal: u32, count: u32) -> u32 {
        for offset in 0..count {
            if !self.try_copy(source, ordinal + offset) {
                self.unplaced(source, ordinal + offset, count - offset);
                return offset;
            }
        }
        count
    }

    /// One copy, one placement.
    fn try_copy(&mut self, source: SourceId, ordinal: u32) -> bool {
        let model = Arc::clone(&self.sim.model);
        // PLC-058: without a registered instance the call fails as a whole; there is nothing to look at.
        let copy = self.copy(&model, source, ordinal);
        let request = request(&model, source, &copy);
        let key = self.sim.keys.sources[source].with(u64::from(ordinal));
        match self.place(&request, Subject::Copy { source, ordinal }, key) {
            Placed::At(instance) => {
                let template = &model.sources[source].template;
                let subnet = self.choose_subnet(&template.subnets, instance, copy.requirements.eni, key);
                let origin = TaskOrigin::Source { source, ordinal };
                self.create_task(template.definition, copy.group, origin, instance, copy.requirements, subnet);
                true
            }
            Placed::Nowhere => false,
        }
    }

    fn unplaced(&mut self, source: SourceId, ordinal: u32, count: u32) {
        let model = Arc::clone(&self.sim.model);
        let copy = self.copy(&model, source, ordinal);
        let diagnosis = explain::diagnose(&self.sim.view(), &request(&model, source, &copy));
        self.emit(Fact::RequestUnplaced {
            source,
            ordinal,
            count,
            rejections: diagnosis.counts,
            closest: diagnosis.closest.map(|(instance, _)| instance),
        });
    }

    /// What a copy asks for: its row of the trace, or the template.
    fn copy(&self, model: &Model, source: SourceId, ordinal: u32) -> Copy {
        if let Some(row) = self.sim.trace_row(source, ordinal) {
            return Copy { requirements: row.requirements, group: row.group, placement: row.placement };
        }
        let template = &model.sources[source].template;
        Copy { requirements: template.requirements, group: template.group, placement: template.placement }
    }

    /// The caller tries one copy again on its own clock.
    pub(crate) fn retry_request(&mut self, source: SourceId, ordinal: u32, attempts: u16) {
        if self.try_copy(source, ordinal) {
            return;
        }
        self.unplaced(source, ordinal, 1);
        let model = Arc::clone(&self.sim.model);
        let WhenUnplaced::Retry { every, backoff, max_interval, max_attempts } = &model.sources[source].when_unplaced
        else {
            return;
        };
        let attempts = attempts.saturating_add(1);
        if *max_attempts > 0 && u32::from(attempts) >= *max_attempts {
            self.emit(Fact::RequestDropped { source, ordinal });
            return;
        }
        let mut wait = every.ms() as f64;
        for _ in 1..attempts.min(1_000) {
            wait = (wait * backoff).min(max_interval.ms() as f64);
        }
        let wait = Span::from_ms((wait as u64).max(1));
        self.sim.schedule(self.sim.now + wait, Event::RetryRequest { source, ordinal, attempts });
    }

    /// Room appeared: the heads of all lines are tried, in the order in which they got there. Whoever moves up was
    /// behind in that order, so one sweep is enough.
    pub(crate) fn serve_queues(&mut self) {
        self.sim.clients.serving_scheduled = false;
        let mut next = self.sim.clients.in_line.first().copied();
        while let Some((ticket, source)) = next {
            let ordinal = self.sim.clients.sources[source].waiting.front().map(|(_, ordinal)| *ordinal);
            if self.try_copy(source, ordinal.expect("whoever is in line waits")) {
                let clients = &mut self.sim.clients;
                clients.in_line.remove(&(ticket, source));
                let waiting = &mut clients.sources[source].waiting;
                waiting.pop_front();
                if let Some((ticket, _)) = waiting.front() {
                    clients.in_line.insert((*ticket, source));
                }
            }
            next = self.sim.clients.in_line.range((Excluded((ticket, source)), Unbounded)).next().copied();
        }
    }
}

impl crate::simulation::Simulation {
    /// The row of the trace a copy comes from, if its source replays one.
    pub(crate) fn trace_row(&self, source: SourceId, ordinal: u32) -> Option<&crate::model::TraceTask> {
        let Arrivals::Trace(rows) = &self.model.sources[source].arrivals else { return None };
        usize::try_from(ordinal).ok().and_then(|row| rows.get(row))
    }
}

fn request<'a>(model: &'a Model, source: SourceId, copy: &Copy) -> Request<'a> {
    let template = &model.sources[source].template;
    Request {
        definition: template.definition,
        requirements: copy.requirements,
        group: copy.group,
        placement: copy.placement,
        launch_type: template.launch_type,
        subnets: &template.subnets,
        zone: None,
        is_daemon: false,
    }
}
