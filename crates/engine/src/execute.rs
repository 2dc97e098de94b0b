//! Commands become facts: the one place where a controller's wish meets the cluster.

use ecsim_cluster::definitions::LaunchType;
use ecsim_cluster::events::{ScaledBy, ServiceEvent};
use ecsim_cluster::fact::{HeldBack, TaskOrigin};
use ecsim_cluster::{
    ActivityStatus, Command, Deployment, Fact, GpuNeed, GpuSharing, GroupId, InstanceId, PlacementId, ProviderId,
    Requirements, ServiceDecision, ServiceId, StopReason, SubnetId, TaskDefinitionId, TaskId, ZoneId,
};
use ecsim_kernel::Key;
use ecsim_policies::placement::{Request, Ties, explain, select};
use ecsim_policies::settings::TieBreak;

use crate::probe::{Explained, Probe, Subject};
use crate::purposes;
use crate::simulation::Step;

/// A task about to be created, wherever it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewTask {
    pub(crate) definition: TaskDefinitionId,
    pub(crate) group: GroupId,
    pub(crate) origin: TaskOrigin,
    pub(crate) placement: PlacementId,
    pub(crate) launch_type: LaunchType,
    pub(crate) provider: Option<ProviderId>,
    pub(crate) requirements: Requirements,
}

impl NewTask {
    /// The fact that it exists.
    pub(crate) const fn fact(
        self,
        task: TaskId,
        instance: Option<InstanceId>,
        zone: Option<ZoneId>,
        subnet: Option<SubnetId>,
    ) -> Fact {
        Fact::TaskCreated {
            task,
            definition: self.definition,
            group: self.group,
            origin: self.origin,
            placement: self.placement,
            launch_type: self.launch_type,
            provider: self.provider,
            instance,
            zone,
            requirements: self.requirements,
            subnet,
        }
    }
}

/// Where a task goes, or who was closest.
pub(crate) enum Placed {
    At(InstanceId),
    Nowhere,
}

impl Step<'_> {
    /// Carries out a command, or refuses it with a fact.
    pub(crate) fn execute(&mut self, command: Command) {
        match command {
            Command::StartServiceTask { service, zone, provider, deployment } => {
                self.start_service_task(service, zone, provider, None, deployment);
            }
            Command::StartDaemonTask { service, instance } => {
                let has_strategy = self.sim.cluster.services()[service].strategy.is_some();
                let provider = self.sim.cluster.instances()[instance].provider.filter(|_| has_strategy);
                self.start_service_task(service, None, provider, Some(instance), None);
            }
            Command::StopTask { task, reason } => self.stop_task(task, reason),
            Command::StartDeployment { service, revision, cause } => {
                let deployment = self.sim.cluster.services()[service].deployments_started;
                self.emit(Fact::DeploymentStarted { service, deployment, revision, cause });
            }
            Command::ChangeDeployment { service, deployment, status, rollout, end } => {
                self.emit(Fact::DeploymentChanged { service, deployment, status, rollout, end });
            }
            Command::EnterStage { service, deployment, stage } => {
                self.emit(Fact::DeploymentStageEntered { service, deployment, stage });
            }
            Command::ShiftTraffic { service, deployment, share } => {
                self.emit(Fact::TrafficShifted { service, deployment, share });
            }
            Command::NoteStability { service, deployment, steady } => {
                self.emit(Fact::TaskSetStabilityChanged { service, deployment, steady });
                if steady {
                    self.announce(service, ServiceEvent::TaskSetSteadyState { deployment });
                }
            }
            Command::SetDaemonCount { service, count } => {
                self.emit(Fact::DesiredCountChanged { service, to: count });
                self.announce(service, ServiceEvent::DesiredCountUpdated { deployment: None, to: count });
            }
            Command::Announce { service, event } => self.announce(service, event),
            Command::SetServiceStatus { service, to } => self.emit(Fact::ServiceStatusChanged { service, to }),
            Command::SampleReservation { provider, sample } => {
                self.emit(Fact::ReservationSampled { provider, sample });
            }
            Command::SetAlarm { group, alarm, in_alarm } => self.emit(Fact::AlarmChanged { group, alarm, in_alarm }),
            Command::SetDesiredCapacity { group, to, decision } => self.set_desired_capacity(group, to, decision),
            Command::SetGroupSize { group, min_size, max_size, .. } => self.set_group_size(group, min_size, max_size),
            Command::NoteWithheld { group, withheld } => self.emit(Fact::ScalingWithheld { group, withheld }),
            Command::SetInstanceProtection { instance, protected } => {
                self.emit(Fact::InstanceProtectionChanged { instance, protected });
            }
            Command::LaunchInstance { option, market, warm } => self.launch_instance(option, market, warm),
            Command::NoteLaunchFailure { option, market, failure } => {
                let owner = self.sim.model.definitions.launch_options[option].owner;
                self.emit(Fact::LaunchFailed { owner, option, market, failure });
            }
            Command::StartWarmInstance { instance } => self.start_warm_instance(instance),
            Command::TerminateInstance { instance, reason } => self.terminate_instance(instance, reason),
            Command::DrainInstance { instance } => self.drain_instance(instance),
            Command::SetAlarmState { alarm, to } => self.emit(Fact::AlarmStateChanged { alarm, to }),
            Command::ScaleService { service, to, decision } => self.scale_service(service, to, decision),
            Command::SetCapacityLimits { service, min, max } => {
                let suspended = self.sim.cluster.scaling_of(service).suspended;
                self.emit(Fact::ScalableTargetChanged { service, registered: true, min, max, suspended });
            }
            Command::EndServiceScaling { service, activity, status, to, decision } => {
                self.emit(Fact::ServiceScalingEnded { service, activity, status });
                if status == ActivityStatus::Successful {
                    let by = ScaledBy::of(&decision);
                    self.announce(service, ServiceEvent::Scaled { to, by, fulfilled: true });
                }
            }
            Command::NoteNotScaled { service, withheld } => {
                self.emit(Fact::ServiceScalingWithheld { service, withheld });
            }
            Command::NoteForecast { service, policy, hour, load, capacity } => {
                self.emit(Fact::CapacityForecast { service, policy, hour, load, capacity });
            }
            Command::EndRefresh { group, to } => {
                if let Some(refresh) = self.sim.cluster.groups()[group].refresh {
                    self.emit(Fact::InstanceRefreshChanged { group, refresh, to });
                }
            }
        }
    }

    /// One placement: the four steps of PLC-002, with ties from the stream of that very task (PLC-022).
    ///
    /// `task` is the task that is placed, or the one that would be created.
    pub(crate) fn place(&mut self, request: &Request<'_>, subject: Subject, key: Key, task: TaskId) -> Placed {
        let sim = &mut *self.sim;
        sim.counts.placements += 1;
        let view = ecsim_policies::View {
            now: sim.now,
            cluster: &sim.cluster,
            capacity: &sim.model.capacity,
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
            && probe.wants(sim.now, subject, task)
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
        self.subnet_in(subnets, sim.cluster.instances()[instance].zone, key)
    }

    /// One of the subnets that lies in a zone and has an address left (PLC-007).
    pub(crate) fn subnet_in(&self, subnets: &[SubnetId], zone: ZoneId, key: Key) -> Option<SubnetId> {
        let sim = &*self.sim;
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

    /// The device on which the share of a GPU lies that a task on the instance asks for, where chance decides.
    pub(crate) fn choose_gpu(&mut self, instance: InstanceId, requirements: Requirements, key: Key) {
        let sharing = self.sim.model.definitions.gpu_sharing;
        let GpuNeed::Count(share @ 1..) = requirements.gpus else { return };
        if sharing != GpuSharing::Random || share >= sharing.parts() {
            return;
        }
        let devices: Vec<u8> = self.sim.cluster.instances()[instance].devices_for(share).collect();
        let at = self.sim.streams.stream(purposes::GPU_DEVICE, key).below(devices.len().max(1) as u64);
        if let Some(device) = usize::try_from(at).ok().and_then(|at| devices.get(at)).copied() {
            self.emit(Fact::GpuDeviceChosen { instance, device });
        }
    }

    fn start_service_task(
        &mut self,
        service: ServiceId,
        zone: Option<ZoneId>,
        provider: Option<ProviderId>,
        daemon_on: Option<InstanceId>,
        deployment: Option<u32>,
    ) {
        let model = std::sync::Arc::clone(&self.sim.model);
        let definition = &model.definitions.services[service];
        let row = &self.sim.cluster.services()[service];
        let ordinal = row.started;
        let deployment = deployment.unwrap_or_else(|| row.primary().map_or(0, |primary| primary.number));
        let revision = self.sim.cluster.revision(service, deployment).clone();
        let task_definition = revision.task_definition;
        let requirements = model.definitions.task_definitions[task_definition].requirements;
        let launch_type = self.sim.launch_type_of(provider, row.launch_type);
        let task = NewTask {
            definition: task_definition,
            group: definition.group,
            origin: TaskOrigin::Service { service, ordinal, deployment },
            placement: row.placement,
            launch_type,
            provider,
            requirements,
        };
        if launch_type == LaunchType::Fargate {
            match self.create_fargate_task(task, &revision.subnets, zone) {
                Ok(()) => {}
                // A rebalancing move is not worth a word beside that of AZR-008.
                Err(_) if zone.is_some() => {}
                Err(by) => {
                    self.emit(Fact::ServiceHeldBack { service, by });
                    if by == HeldBack::FargateCapacity {
                        self.announce(service, ServiceEvent::FargateUnavailable);
                    }
                }
            }
            return;
        }
        let request = Request {
            definition: task_definition,
            requirements,
            group: definition.group,
            placement: row.placement,
            launch_type,
            provider,
            subnets: &revision.subnets,
            zone,
            is_daemon: daemon_on.is_some(),
        };
        let key = self.sim.keys.services[service].with(u64::from(ordinal));
        let subject = Subject::Service { service, ordinal };
        let placed = match daemon_on {
            None => self.place(&request, subject, key, self.sim.cluster.tasks().next_id()),
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
                let subnet = self.choose_subnet(&revision.subnets, instance, requirements.eni, key);
                self.create_task(task, Some(instance), subnet);
            }
            Placed::Nowhere => {
                // A rebalancing move is not worth waiting for (AZR-008).
                if zone.is_none() && self.sim.may_provision(&request) {
                    if self.sim.provisioning_room() == 0 {
                        self.emit(Fact::ServiceHeldBack { service, by: HeldBack::ProvisioningQuota });
                    } else {
                        self.create_task(task, None, None);
                    }
                    return;
                }
                let diagnosis = explain::diagnose(&self.sim.view(), &request);
                self.emit(Fact::ServiceUnplaced {
                    service,
                    instance: None,
                    zone,
                    rejections: diagnosis.counts,
                    closest: diagnosis.closest.map(|(instance, _)| instance),
                });
                if zone.is_none() {
                    // FLR-010: an empty cluster first, then an empty provider.
                    let is_cluster_empty = self.sim.cluster.totals().registered_instances == 0;
                    let event = match diagnosis.closest {
                        None if provider.is_some() && !is_cluster_empty => ServiceEvent::ProviderEmpty,
                        closest => ServiceEvent::PlacementFailed { closest },
                    };
                    self.announce(service, event);
                }
            }
        }
    }

    /// A task comes into being, on an instance (RES-013) or in PROVISIONING (CAS-008), and work on it begins.
    pub(crate) fn create_task(&mut self, new: NewTask, instance: Option<InstanceId>, subnet: Option<SubnetId>) {
        let task = self.sim.cluster.tasks().next_id();
        if let Some(instance) = instance {
            self.choose_gpu(instance, new.requirements, self.key_of(new.origin));
        }
        self.emit(new.fact(task, instance, None, subnet));
        match instance {
            Some(_) => self.task_created(task),
            None => self.task_waits(task),
        }
    }

    /// Desired status STOPPED, and all that follows on the host.
    pub(crate) fn stop_task(&mut self, task: TaskId, reason: StopReason) {
        if let Some(row) = self.sim.cluster.tasks().get(task).filter(|row| row.is_live()) {
            let origin = row.origin;
            self.emit(Fact::TaskStopRequested { task, reason });
            if reason == StopReason::SpotInterruption {
                self.rerun(origin);
            }
            self.task_stopping(task);
        }
    }

    /// `UpdateService` by Application Auto Scaling: an activity begins (SAS-001).
    pub(crate) fn scale_service(&mut self, service: ServiceId, to: u32, decision: ServiceDecision) {
        let from = self.sim.cluster.services()[service].desired_count;
        let activity = self.sim.cluster.scaling_of(service).activities;
        self.emit(Fact::ServiceScalingDecided { service, activity, from, to, decision });
        self.set_desired_count(service, to);
        let counts: Vec<(u32, Option<u32>)> = self.sim.cluster.services()[service]
            .deployments
            .iter()
            .map(|set| (set.number, set.computed_desired_count(from)))
            .collect();
        for (set, before) in counts {
            self.note_computed_count(service, set, before.unwrap_or(0));
        }
        self.emit(Fact::ServiceUpdated { service });
        self.announce(service, ServiceEvent::Scaled { to, by: ScaledBy::of(&decision), fulfilled: false });
    }

    /// The desired count is another. What a task set wants may be another with it: it has to become steady anew (DEP-081).
    pub(crate) fn set_desired_count(&mut self, service: ServiceId, to: u32) {
        let row = &self.sim.cluster.services()[service];
        let from = row.desired_count;
        let moved = |set: &&Deployment| {
            set.steady_since.is_some()
                && set.computed_desired_count(from).unwrap_or(from) != set.computed_desired_count(to).unwrap_or(to)
        };
        let unsettled: Vec<u32> = row.deployments.iter().filter(moved).map(|set| set.number).collect();
        self.emit(Fact::DesiredCountChanged { service, to });
        for deployment in unsettled {
            self.emit(Fact::TaskSetStabilityChanged { service, deployment, steady: false });
        }
    }

    /// Says what the scheduler has computed for a task set, where it is another number than `before` (SVC-052).
    pub(crate) fn note_computed_count(&mut self, service: ServiceId, deployment: u32, before: u32) {
        let row = &self.sim.cluster.services()[service];
        let Some(set) = row.deployment(deployment) else { return };
        let Some(to) = set.computed_desired_count(row.desired_count).filter(|to| *to != before) else { return };
        if set.steady_since.is_some() {
            self.emit(Fact::TaskSetStabilityChanged { service, deployment, steady: false });
        }
        self.announce(service, ServiceEvent::DesiredCountUpdated { deployment: Some(deployment), to });
    }

    /// An entry of the event list, unless the same was said lately (FLR-012).
    pub(crate) fn announce(&mut self, service: ServiceId, event: ServiceEvent) {
        let sim = &*self.sim;
        let repeat = sim.model.settings.service_event_repeat;
        if !sim.cluster.services()[service].last_events.holds_back(event, sim.now, repeat.ms()) {
            self.emit(Fact::ServiceEvent { service, event });
        }
    }
}
