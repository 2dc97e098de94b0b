//! Which provider a task gets, and tasks that wait in PROVISIONING for an instance of theirs (CP-013, CP-015, CAS-008 to
//! CAS-010).

use std::collections::BTreeSet;
use std::sync::Arc;

use ecsim_cluster::definitions::{LaunchType, ProviderKind};
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{
    Fact, ProviderId, ProviderStatus, Rejection, StopReason, StrategyId, SubnetId, Task, TaskId, TaskStatus,
    Unprovisioned, ZoneId,
};
use ecsim_policies::capacity::provider_strategy;
use ecsim_policies::capacity::settings::ProvisioningReasons;
use ecsim_policies::capacity::spec::ProviderSpec;
use ecsim_policies::placement::{Request, explain};

use crate::event::Event;
use crate::execute::Placed;
use crate::probe::Subject;
use crate::purposes;
use crate::simulation::{Simulation, Step};

impl Simulation {
    /// The provider of the next copy (CP-013): `live` counts what each provider has in this call (CP-014).
    pub(crate) fn pick_provider(&self, strategy: StrategyId, live: impl Fn(ProviderId) -> u32) -> Option<ProviderId> {
        provider_strategy::of_next(&self.model.definitions, &self.model.settings, strategy, live)
    }

    /// EC2 or FARGATE, by the kind of the provider, else as the service or call says (CP-011).
    pub(crate) fn launch_type_of(&self, provider: Option<ProviderId>, otherwise: LaunchType) -> LaunchType {
        match provider.map(|provider| self.model.definitions.capacity_providers[provider].kind) {
            None => otherwise,
            Some(ProviderKind::Fargate | ProviderKind::FargateSpot) => LaunchType::Fargate,
            Some(_) => LaunchType::Ec2,
        }
    }

    /// Whether a task that found no instance waits in PROVISIONING instead of failing (CAS-008, CP-017).
    pub(crate) fn may_provision(&self, request: &Request<'_>) -> bool {
        let Some(provider) = request.provider else { return false };
        let row = &self.cluster.providers()[provider];
        if row.status != ProviderStatus::Active || request.is_daemon {
            return false;
        }
        let managed = match self.model.definitions.capacity_providers[provider].kind {
            ProviderKind::AutoScalingGroup(_) => row.managed_scaling.is_some(),
            ProviderKind::ManagedInstances => true,
            ProviderKind::Fargate | ProviderKind::FargateSpot => false,
        };
        managed
            && match self.model.settings.capacity.provisioning_reasons {
                ProvisioningReasons::All => true,
                ProvisioningReasons::Resources => {
                    let furthest = explain::diagnose(&self.view(), request).counts.furthest();
                    !matches!(furthest, Some(Rejection::MemberOf | Rejection::DistinctInstance | Rejection::Attribute))
                }
            }
    }

    /// How many more tasks of Auto Scaling group providers may wait in PROVISIONING (CAS-009).
    pub(crate) fn provisioning_room(&self) -> u32 {
        let of_groups = self.cluster.providers().iter().filter(|(id, _)| {
            matches!(self.model.definitions.capacity_providers[*id].kind, ProviderKind::AutoScalingGroup(_))
        });
        let waiting: usize = of_groups.map(|(_, row)| row.waiting.len()).sum();
        let limit = self.model.settings.capacity.provisioning_tasks;
        limit.saturating_sub(u32::try_from(waiting).unwrap_or(u32::MAX))
    }

    /// CP-042: while instances of a Managed Instances provider are on their way, a service's waiting tasks do not all go to
    /// the first that arrives: no zone gets more than its share. `None`: any zone will do; `Some(None)`: it waits on.
    fn zone_to_wait_for(&self, task: &Task) -> Option<Option<ZoneId>> {
        let provider = task.provider?;
        let service = task.service()?;
        let row = &self.cluster.providers()[provider];
        let on_their_way = row.counts.capacity > row.counts.registered;
        let ProviderSpec::ManagedInstances(spec) = self.model.capacity.provider(row) else { return None };
        if !on_their_way {
            return None;
        }
        let zones: BTreeSet<ZoneId> =
            spec.options.iter().map(|option| self.model.definitions.launch_options[*option].zone).collect();
        let service = &self.cluster.services()[service];
        let share = service.desired_count.div_ceil(u32::try_from(zones.len()).ok()?.max(1));
        let placed = |zone: ZoneId| {
            let tasks = service.tasks.iter().filter_map(|task| self.cluster.tasks().get(*task));
            tasks.filter(|task| task.is_live() && self.cluster.zone_of(task) == Some(zone)).count()
        };
        let arrived = |zone: &ZoneId| {
            row.instances.iter().any(|id| {
                let instance = &self.cluster.instances()[*id];
                instance.zone == *zone && instance.can_receive()
            })
        };
        let here = zones.into_iter().filter(arrived).map(|zone| (placed(zone), zone));
        Some(here.filter(|(count, _)| *count < share as usize).min().map(|(_, zone)| zone))
    }

    /// The subnets a task may lie in: those of its service or call.
    fn subnets_of(&self, origin: TaskOrigin) -> &[SubnetId] {
        match origin {
            TaskOrigin::Service { service, deployment, .. } => &self.cluster.revision(service, deployment).subnets,
            TaskOrigin::Source { source, .. } => &self.model.sources[source].template.subnets,
        }
    }
}

/// What a waiting task asks of a placement.
fn request<'a>(task: &Task, subnets: &'a [SubnetId]) -> Request<'a> {
    Request {
        definition: task.definition,
        requirements: task.requirements,
        group: task.group,
        placement: task.placement,
        launch_type: task.launch_type,
        provider: task.provider,
        subnets,
        zone: None,
        is_daemon: false,
    }
}

impl Step<'_> {
    /// A task waits in PROVISIONING, and will not wait for ever (CAS-010).
    pub(crate) fn task_waits(&mut self, id: TaskId) {
        let model = Arc::clone(&self.sim.model);
        let key = self.key_of(self.sim.cluster.task(id).origin);
        let wait = self.draw(purposes::PROVISIONING_TIMEOUT, key, &model.fleet.provisioning_timeout);
        self.sim.schedule(self.sim.now + wait, Event::ProvisioningTimeout(id));
    }

    /// It gives up (CAS-010, FLR-002).
    pub(crate) fn provisioning_timeout(&mut self, id: TaskId) {
        let Some(task) = self.sim.cluster.tasks().get(id).filter(|task| task.awaits_instance()) else { return };
        let diagnosis = explain::diagnose(&self.sim.view(), &request(task, self.sim.subnets_of(task.origin)));
        let why = match diagnosis.counts.furthest() {
            Some(reason) => Unprovisioned::Rejected(reason),
            None if self.sim.cluster.totals().registered_instances == 0 => Unprovisioned::EmptyCapacityProvider,
            None => Unprovisioned::NoActiveInstances,
        };
        self.stop_task(id, StopReason::NoCapacity(why));
    }

    /// Room may have appeared: whoever waits is tried, the oldest first; one that does not fit does not hold up the next
    /// (CAS-008).
    pub(crate) fn place_waiting(&mut self) {
        if self.sim.cluster.totals().awaiting_instance == 0 {
            return;
        }
        let mut waiting: Vec<TaskId> =
            self.sim.cluster.providers().values().flat_map(|row| row.waiting.iter().copied()).collect();
        waiting.sort_unstable();
        // What was refused will be refused to everybody who asks for the same, as long as nobody gets anything; and what
        // others get makes nothing better, unless a constraint looks at them.
        let mut refused = BTreeSet::new();
        for id in waiting {
            let Some(task) = self.sim.cluster.tasks().get(id).filter(|task| task.awaits_instance()) else { continue };
            let need = task.requirements.least();
            let like = (
                task.provider,
                task.definition,
                task.group,
                task.placement,
                (need.cpu, need.memory, need.gpus, need.enis),
                task.requirements.gpus == ecsim_cluster::GpuNeed::All,
            );
            if refused.contains(&like) {
                continue;
            }
            let (origin, requirements) = (task.origin, task.requirements);
            let task = task.clone();
            let model = Arc::clone(&self.sim.model);
            let subnets = match origin {
                TaskOrigin::Service { service, deployment, .. } => {
                    &self.sim.cluster.revision(service, deployment).subnets.clone()
                }
                TaskOrigin::Source { source, .. } => &model.sources[source].template.subnets,
            };
            let key = self.key_of(origin);
            let subject = match origin {
                TaskOrigin::Service { service, ordinal, .. } => Subject::Service { service, ordinal },
                TaskOrigin::Source { source, ordinal } => Subject::Copy { source, ordinal },
            };
            let mut asked = request(&task, subnets);
            match self.sim.zone_to_wait_for(&task) {
                None => {}
                Some(Some(zone)) => asked.zone = Some(zone),
                // An instance for it is on its way in another zone (CP-042).
                Some(None) => continue,
            }
            match self.place(&asked, subject, key, id) {
                Placed::At(instance) => {
                    let subnet = self.choose_subnet(subnets, instance, requirements.eni, key);
                    self.choose_gpu(instance, requirements, key);
                    self.emit(Fact::TaskPlaced { task: id, instance, subnet });
                    if !requirements.eni {
                        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Pending });
                    }
                    self.task_created(id);
                    if self.sim.has_affinity {
                        refused.clear();
                    }
                }
                Placed::Nowhere => {
                    refused.insert(like);
                }
            }
        }
    }
}
