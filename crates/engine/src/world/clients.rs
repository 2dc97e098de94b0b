//! The callers of `RunTask`: they ask, and where nothing fits they give up, wait in line, or try again.
//!
//! `RunTask` itself places once and never retries (PLC-056, PLC-057); waiting is the caller's business, as it is with
//! a queue worker, a workflow or a cron job in front of the API.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use ecsim_cluster::definitions::LaunchType;
use ecsim_cluster::fact::{HeldBack, TaskOrigin};
use ecsim_cluster::{Fact, GroupId, PlacementId, ProviderId, Requirements, SourceId};
use ecsim_kernel::Span;
use ecsim_policies::capacity::settings::ProvisioningOverflow;
use ecsim_policies::placement::{Request, explain};

use crate::event::Event;
use crate::execute::{NewTask, Placed};
use crate::model::{Arrivals, Model, WhenUnplaced};
use crate::probe::Subject;
use crate::simulation::{Simulation, Step};

/// How the copies of one call are spread over capacity providers so far (CP-014).
#[derive(Debug, Default)]
pub(crate) struct Split(Vec<(ProviderId, u32)>);

impl Split {
    fn of(&self, provider: ProviderId) -> u32 {
        self.0.iter().find(|(known, _)| *known == provider).map_or(0, |(_, count)| *count)
    }

    fn add(&mut self, provider: Option<ProviderId>) {
        let Some(provider) = provider else { return };
        match self.0.iter_mut().find(|(known, _)| *known == provider) {
            Some((_, count)) => *count += 1,
            None => self.0.push((provider, 1)),
        }
    }
}

/// Who had no place for a copy.
#[derive(Clone, Copy, Debug)]
struct Refused {
    provider: Option<ProviderId>,
    /// What refused it, where it was no instance.
    by: Option<HeldBack>,
}

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
        self.ask(source, ordinal, count);
    }

    /// A task is lost with its host, or taken back: the caller asks for the same copy again, if that is its way. The copy
    /// keeps its number, so its row of the trace and its draws are the same, and those of all others stay as they were.
    pub(crate) fn rerun(&mut self, origin: TaskOrigin) {
        if let TaskOrigin::Source { source, ordinal } = origin
            && self.sim.model.sources[source].reruns
        {
            self.sim.schedule(self.sim.now, Event::Rerun { source, ordinal });
        }
    }

    /// Copies `ordinal` and following are asked for.
    pub(crate) fn ask(&mut self, source: SourceId, ordinal: u32, count: u32) {
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

    /// Places copies one after the other, each seeing the one before (PLC-003, PLC-056); tells how many found a place, or
    /// wait for one in PROVISIONING.
    ///
    /// Copies of one call are alike: where one does not fit, the following of the same provider do not either, and whoever
    /// is left without a place has the last numbers (FLR-004).
    fn try_copies(&mut self, source: SourceId, ordinal: u32, count: u32) -> u32 {
        if self.sim.would_overflow(source, ordinal, count) {
            // CAS-009: the whole call is rejected, whatever of it would have found a place.
            self.unplaced(source, ordinal, count, Refused { provider: None, by: Some(HeldBack::ProvisioningQuota) });
            return 0;
        }
        let mut split = Split::default();
        let mut placed = 0;
        let mut refused: Vec<Refused> = Vec::new();
        for _ in 0..count {
            // A provider that refused one copy refuses the others it would get; the rest get theirs (CP-015).
            let provider = self.sim.provider_of_copy(source, &split);
            if !refused.iter().any(|it| it.provider == provider) {
                match self.try_copy(source, ordinal + placed, provider) {
                    Ok(()) => placed += 1,
                    Err(by) => refused.push(Refused { provider, by }),
                }
            }
            split.add(provider);
        }
        if let Some(first) = refused.first() {
            self.unplaced(source, ordinal + placed, count - placed, *first);
        }
        placed
    }

    /// One copy, one placement; the error is what refused it, where it was no instance.
    fn try_copy(
        &mut self,
        source: SourceId,
        ordinal: u32,
        provider: Option<ProviderId>,
    ) -> Result<(), Option<HeldBack>> {
        let model = Arc::clone(&self.sim.model);
        // PLC-058: without a registered instance the call fails as a whole; there is nothing to look at.
        let copy = self.copy(&model, source, ordinal);
        let template = &model.sources[source].template;
        let request = request(self.sim, &model, source, &copy, provider);
        let new = NewTask {
            definition: template.definition,
            group: copy.group,
            origin: TaskOrigin::Source { source, ordinal },
            placement: copy.placement,
            launch_type: request.launch_type,
            provider,
            requirements: copy.requirements,
        };
        if request.launch_type == LaunchType::Fargate {
            return self.create_fargate_task(new, &template.subnets, None).map_err(Some);
        }
        let key = self.sim.keys.sources[source].with(u64::from(ordinal));
        let next = self.sim.cluster.tasks().next_id();
        match self.place(&request, Subject::Copy { source, ordinal }, key, next) {
            Placed::At(instance) => {
                let subnet = self.choose_subnet(&template.subnets, instance, copy.requirements.eni, key);
                self.create_task(new, Some(instance), subnet);
            }
            Placed::Nowhere if !self.sim.may_provision(&request) => return Err(None),
            Placed::Nowhere if self.sim.provisioning_room() == 0 => return Err(Some(HeldBack::ProvisioningQuota)),
            Placed::Nowhere => self.create_task(new, None, None),
        }
        Ok(())
    }

    fn unplaced(&mut self, source: SourceId, ordinal: u32, count: u32, refused: Refused) {
        if let Some(by @ (HeldBack::ProvisioningQuota | HeldBack::FargateQuota)) = refused.by {
            // An exception of the call, not a failure of a placement.
            self.emit(Fact::RequestRefused { source, ordinal, count, by });
            return;
        }
        let model = Arc::clone(&self.sim.model);
        let copy = self.copy(&model, source, ordinal);
        let request = request(self.sim, &model, source, &copy, refused.provider);
        let diagnosis = match refused.by {
            None => explain::diagnose(&self.sim.view(), &request),
            Some(_) => explain::Diagnosis::default(),
        };
        self.emit(Fact::RequestUnplaced {
            source,
            ordinal,
            count,
            rejections: diagnosis.counts,
            closest: diagnosis.closest.map(|(instance, _)| instance),
            held_back: refused.by,
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
        let provider = self.sim.provider_of_copy(source, &Split::default());
        let Err(by) = self.try_copy(source, ordinal, provider) else { return };
        self.unplaced(source, ordinal, 1, Refused { provider, by });
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
        self.place_waiting();
        let mut next = self.sim.clients.in_line.first().copied();
        while let Some((ticket, source)) = next {
            let ordinal = self.sim.clients.sources[source].waiting.front().map(|(_, ordinal)| *ordinal);
            let ordinal = ordinal.expect("whoever is in line waits");
            let provider = self.sim.provider_of_copy(source, &Split::default());
            if self.try_copy(source, ordinal, provider).is_ok() {
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

impl Simulation {
    /// Whether a call would put more tasks into PROVISIONING than may wait there (CAS-009, `provisioning_overflow`).
    ///
    /// Only near the limit the call is tried on a copy of the run, as what of it finds a place depends on every copy.
    fn would_overflow(&self, source: SourceId, ordinal: u32, count: u32) -> bool {
        let settings = &self.model.settings.capacity;
        if self.model.sources[source].template.strategy.is_none()
            || settings.provisioning_overflow == ProvisioningOverflow::AcceptUpToLimit
            || self.provisioning_room() >= count
        {
            return false;
        }
        let mut trial = self.clone();
        let mut step = Step { sim: &mut trial, observer: &mut () };
        let mut split = Split::default();
        // Whoever would have to wait while nobody may any more is the one too many.
        (0..count).any(|offset| {
            let provider = step.sim.provider_of_copy(source, &split);
            split.add(provider);
            step.try_copy(source, ordinal + offset, provider) == Err(Some(HeldBack::ProvisioningQuota))
        })
    }

    /// The provider of the next copy of a call, chosen before anybody looks for a place (CP-013 to CP-015).
    fn provider_of_copy(&self, source: SourceId, split: &Split) -> Option<ProviderId> {
        let strategy = self.model.sources[source].template.strategy?;
        self.pick_provider(strategy, |provider| split.of(provider))
    }

    /// The row of the trace a copy comes from, if its source replays one: all of it but the time of arrival.
    pub(crate) fn trace_row(&self, source: SourceId, ordinal: u32) -> Option<&crate::model::TraceTask> {
        let Arrivals::Trace(rows) = &self.model.sources[source].arrivals else { return None };
        let place = usize::try_from(ordinal).ok()?;
        match &self.clients.sources[source].order {
            Some(order) => order.get(place).and_then(|row| rows.get(*row as usize)),
            None => rows.get(place),
        }
    }
}

fn request<'a>(
    sim: &Simulation,
    model: &'a Model,
    source: SourceId,
    copy: &Copy,
    provider: Option<ProviderId>,
) -> Request<'a> {
    let template = &model.sources[source].template;
    Request {
        definition: template.definition,
        requirements: copy.requirements,
        group: copy.group,
        placement: copy.placement,
        launch_type: sim.launch_type_of(provider, template.launch_type),
        provider,
        subnets: &template.subnets,
        zone: None,
        is_daemon: false,
    }
}
