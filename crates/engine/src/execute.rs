//! Commands become facts: the one place where a controller's wish meets the cluster.

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{Command, Fact, InstanceId, Requirements, ServiceId, StopReason, SubnetId, TaskId, ZoneId};
use ecsim_kernel::Key;
use ecsim_policies::placement::{Request, Ties, explain, select};
use ecsim_policies::settings::TieBreak;

use crate::probe::{Explained, Probe, Subject};
use crate::purposes;
use crate::simulation::Step;

/// Where a task goes, or who was closest.
pub(crate) enum Placed {
    At(InstanceId),
    Nowhere,
}

impl Step<'_> {
    /// Carries out a command, or refuses it with a fact.
    pub(crate) fn execute(&mut self, command: Command) {
        match command {
            Command::StartServiceTask { service, zone } => self.start_service_task(service, zone, None),
            Command::StartDaemonTask { service, instance } => self.start_service_task(service, None, Some(instance)),
            Command::StopTask { task, reason } => self.stop_task(task, reason),
            Command::SetDaemonCount { service, count } => self.emit(Fact::DesiredCountChanged { service, to: count }),
            Command::Announce { service, event } => self.announce(service, event),
            Command::SetServiceStatus { service, to } => self.emit(Fact::ServiceStatusChanged { service, to }),
        }
    }

    /// One placement: the four steps of PLC-002, with ties from the stream of that very task (PLC-022).
    pub(crate) fn place(&mut self, request: &Request<'_>, subject: Subject, key: Key) -> Placed {
        let sim = &mut *self.sim;
        sim.counts.placements += 1;
        let view = ecsim_policies::View {
            now: sim.now,
            cluster: &sim.cluster,
            placements: &sim.model.placements,
            settings: &sim.model.settings,
            streams: &sim.streams,
        };
        let mut stream;
        let ties = match sim.model.settings.placement_tie_break {
            TieBreak::Fixed => Ties::Fixed,
            TieBreak::Random => {
                stream = sim.streams.stream(purposes::PLACEMENT_TIE, key);
                Ties::Random(&mut stream)
            }
        };
        let chosen = sim.index.choose(&view, request, ties);
        if let Some(probe) = &mut sim.probe
            && probe.wants(sim.now, subject, sim.cluster.tasks().next_id())
        {
            if let Probe::Service { limit, .. } = probe {
                *limit -= 1;
            }
            let funnel = explain::funnel(&view, request);
            sim.explained.push(Explained { at: sim.now, subject, funnel, chosen });
        }
        chosen.map_or(Placed::Nowhere, Placed::At)
    }

    /// The subnet a task's network interface lies in (PLC-007).
    pub(crate) fn choose_subnet(
        &self,
        subnets: &[SubnetId],
        instance: InstanceId,
        needs: bool,
        key: Key,
    ) -> Option<SubnetId> {
        if !needs || subnets.is_empty() {
            return None;
        }
        let sim = &*self.sim;
        let zone = sim.cluster.instances()[instance].zone;
        let mut stream;
        let ties = match sim.model.settings.placement_tie_break {
            TieBreak::Fixed => Ties::Fixed,
            TieBreak::Random => {
                stream = sim.streams.stream(purposes::SUBNET, key);
                Ties::Random(&mut stream)
            }
        };
        select::subnet(&sim.cluster, subnets, zone, ties)
    }

    fn start_service_task(&mut self, service: ServiceId, zone: Option<ZoneId>, daemon_on: Option<InstanceId>) {
        let model = std::sync::Arc::clone(&self.sim.model);
        let definition = &model.definitions.services[service];
        let row = &self.sim.cluster.services()[service];
        let ordinal = row.started;
        let task_definition = row.task_definition;
        let requirements = model.definitions.task_definitions[task_definition].requirements;
        let request = Request {
            definition: task_definition,
            requirements,
            group: definition.group,
            placement: row.placement,
            launch_type: definition.launch_type,
            subnets: &definition.subnets,
            zone,
            is_daemon: daemon_on.is_some(),
        };
        let key = self.sim.keys.services[service].with(u64::from(ordinal));
        let subject = Subject::Service { service, ordinal };
        let placed = match daemon_on {
            None => self.place(&request, subject, key),
            Some(instance) => match explain::rejection_of(&self.sim.view(), &request, instance) {
                None => Placed::At(instance),
                Some(reason) => {
                    let mut rejections = ecsim_cluster::RejectionCounts::default();
                    rejections.add(reason);
                    self.emit(Fact::ServiceUnplaced {
                        service,
                        instance: Some(instance),
                        zone: None,
                        rejections,
                        closest: Some(instance),
                    });
                    self.announce(service, ServiceEvent::PlacementFailed { closest: Some((instance, reason)) });
                    return;
                }
            },
        };
        match placed {
            Placed::At(instance) => {
                let subnet = self.choose_subnet(&definition.subnets, instance, requirements.eni, key);
                self.create_task(
                    task_definition,
                    definition.group,
                    TaskOrigin::Service { service, ordinal },
                    instance,
                    requirements,
                    subnet,
                );
            }
            Placed::Nowhere => {
                let diagnosis = explain::diagnose(&self.sim.view(), &request);
                self.emit(Fact::ServiceUnplaced {
                    service,
                    instance: None,
                    zone,
                    rejections: diagnosis.counts,
                    closest: diagnosis.closest.map(|(instance, _)| instance),
                });
                if zone.is_none() {
                    self.announce(service, ServiceEvent::PlacementFailed { closest: diagnosis.closest });
                }
            }
        }
    }

    /// A task comes into being (RES-013) and its host begins to work on it.
    pub(crate) fn create_task(
        &mut self,
        definition: ecsim_cluster::TaskDefinitionId,
        group: ecsim_cluster::GroupId,
        origin: TaskOrigin,
        instance: InstanceId,
        requirements: Requirements,
        subnet: Option<SubnetId>,
    ) {
        let task = self.sim.cluster.tasks().next_id();
        self.emit(Fact::TaskCreated { task, definition, group, origin, instance, requirements, subnet });
        self.task_created(task);
    }

    /// Desired status STOPPED, and all that follows on the host.
    pub(crate) fn stop_task(&mut self, task: TaskId, reason: StopReason) {
        if self.sim.cluster.tasks().get(task).is_some_and(ecsim_cluster::Task::is_live) {
            self.emit(Fact::TaskStopRequested { task, reason });
            self.task_stopping(task);
        }
    }

    /// An entry of the event list, unless the same was said lately (FLR-012).
    fn announce(&mut self, service: ServiceId, event: ServiceEvent) {
        let sim = &*self.sim;
        let repeat = sim.model.settings.service_event_repeat;
        if !sim.cluster.services()[service].last_events.holds_back(event, sim.now, repeat.ms()) {
            self.emit(Fact::ServiceEvent { service, event });
        }
    }
}
