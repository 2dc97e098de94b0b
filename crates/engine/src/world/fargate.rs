//! AWS Fargate: tasks without container instances (FGT rules, FGP-001, FGP-002, SVC-071, SPT-011, CP-024).
//!
//! A task is provisioned (its network interface and its micro-VM), pulls every image, starts, and after its end is torn
//! down (FGT-020). Launches wait for a token of the account's bucket, on demand and Spot apart (SVC-071).

use std::sync::Arc;

use ecsim_cluster::definitions::ProviderKind;
use ecsim_cluster::fact::HeldBack;
use ecsim_cluster::{Fact, ProviderId, StopReason, SubnetId, TaskDefinitionId, TaskId, TaskStatus, ZoneId};
use ecsim_kernel::{Key, Span};
use ecsim_policies::settings::TieBreak;

use super::launches::Launches;
use crate::event::Event;
use crate::execute::NewTask;
use crate::purposes;
use crate::simulation::{Simulation, Step};

/// What the world knows of Fargate: its two token buckets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fargate {
    on_demand: Launches,
    spot: Launches,
}

impl Simulation {
    fn is_fargate_spot(&self, provider: Option<ProviderId>) -> bool {
        provider.is_some_and(|id| self.model.definitions.capacity_providers[id].kind == ProviderKind::FargateSpot)
    }

    /// Why Fargate takes no more task, if so (FGT-004, FGT-010).
    pub(crate) fn fargate_refuses(
        &self,
        definition: TaskDefinitionId,
        provider: Option<ProviderId>,
    ) -> Option<HeldBack> {
        let spot = self.is_fargate_spot(provider);
        let totals = self.cluster.totals();
        let used = if spot { totals.fargate_spot_cpu } else { totals.fargate_cpu };
        let size = self.model.definitions.task_definitions[definition].fargate;
        let cpu = size.map_or(0, |size| u64::from(size.cpu));
        if let Some(quota) = self.model.settings.capacity.fargate_vcpu_quota
            && used + cpu > u64::from(quota) * 1_024
        {
            return Some(HeldBack::FargateQuota);
        }
        let fargate = &self.model.fleet.fargate;
        let now = self.now;
        let absent = fargate.unavailable.iter().any(|(from, until, of)| *of == spot && *from <= now && now < *until);
        absent.then_some(HeldBack::FargateCapacity)
    }

    /// The zones a Fargate task may go to: those of its subnets that work and have an address left (FGP-001).
    fn fargate_zones(&self, subnets: &[SubnetId]) -> Vec<ZoneId> {
        let definitions = &self.model.definitions;
        let has_room = |zone: ZoneId| {
            let mut here = subnets.iter().filter(|subnet| definitions.subnets[**subnet].zone == zone);
            subnets.is_empty() || here.any(|subnet| self.cluster.free_addresses(*subnet) > 0)
        };
        let zones = definitions.zones.iter().map(|(zone, _)| zone);
        zones.filter(|zone| self.cluster.zone_works(*zone) && has_room(*zone)).collect()
    }
}

impl Step<'_> {
    /// A task on Fargate comes into being, and is launched as soon as there is a token for it.
    ///
    /// # Errors
    /// What keeps Fargate from taking it (FGT-010, FGP-002).
    pub(crate) fn create_fargate_task(
        &mut self,
        new: NewTask,
        subnets: &[SubnetId],
        zone: Option<ZoneId>,
    ) -> Result<(), HeldBack> {
        if let Some(by) = self.sim.fargate_refuses(new.definition, new.provider) {
            return Err(by);
        }
        let key = self.key_of(new.origin);
        let zone = self.fargate_zone(&new, subnets, zone, key)?;
        let subnet = zone.and_then(|zone| self.subnet_in(subnets, zone, key));
        let task = self.sim.cluster.tasks().next_id();
        self.emit(new.fact(task, None, zone, subnet));
        let spot = self.sim.is_fargate_spot(new.provider);
        let settings = &self.sim.model.settings.capacity;
        let share = u64::from(settings.fargate_bucket_share);
        let bucket = settings.fargate_bucket;
        let launches = if spot { &mut self.sim.fargate.spot } else { &mut self.sim.fargate.on_demand };
        match launches.hold_at_share(self.sim.now, bucket, share, task) {
            None => self.launch_on_fargate(task),
            Some(at) => self.sim.schedule(at, Event::Launched(task)),
        }
        if spot {
            self.plan_fargate_spot(task);
        }
        Ok(())
    }

    /// The zone that has fewest live tasks of the group and the provider, ties by a draw (FGP-001); a rebalancing move has
    /// its zone already (AZR-010). `None` where the model has no zone at all.
    fn fargate_zone(
        &self,
        new: &NewTask,
        subnets: &[SubnetId],
        given: Option<ZoneId>,
        key: Key,
    ) -> Result<Option<ZoneId>, HeldBack> {
        let sim = &*self.sim;
        if sim.model.definitions.zones.is_empty() {
            return Ok(None);
        }
        let mut zones = sim.fargate_zones(subnets);
        zones.retain(|zone| given.is_none_or(|given| given == *zone));
        let tasks = |zone: &ZoneId| sim.cluster.fargate_tasks_in(new.group, new.provider, *zone);
        let least = zones.iter().map(tasks).min().ok_or(HeldBack::FargateCapacity)?;
        zones.retain(|zone| tasks(zone) == least);
        let at = match sim.model.settings.placement_tie_break {
            TieBreak::Fixed => 0,
            TieBreak::Random => {
                let mut stream = sim.streams.stream(purposes::PLACEMENT_TIE, key);
                usize::try_from(stream.below(zones.len() as u64)).unwrap_or(0)
            }
        };
        Ok(Some(zones[at]))
    }

    /// Its token is there: the network interface and the micro-VM are made (FGT-020).
    pub(crate) fn launch_on_fargate(&mut self, id: TaskId) {
        let task = self.sim.cluster.task(id);
        let (key, definition) = (self.key_of(task.origin), task.definition);
        let model = Arc::clone(&self.sim.model);
        let Some(behavior) = &model.behaviors[definition].fargate else { return };
        let wait = self.draw(purposes::FARGATE, key, &behavior.provision);
        self.sim.schedule(self.sim.now + wait, Event::EniAttached(id));
    }

    pub(crate) fn fargate_launched(&mut self, id: TaskId) {
        self.sim.fargate.on_demand.release(id);
        self.sim.fargate.spot.release(id);
        if self.sim.cluster.tasks().get(id).is_some_and(ecsim_cluster::Task::is_live) {
            self.launch_on_fargate(id);
        }
    }

    /// Provisioned: the images are pulled, all of them (LAT-012).
    pub(crate) fn pull_on_fargate(&mut self, id: TaskId) {
        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Pending });
        self.emit(Fact::ImagePullStarted { task: id });
        let task = self.sim.cluster.task(id);
        let (key, definition) = (self.key_of(task.origin), task.definition);
        let model = Arc::clone(&self.sim.model);
        let pull = model.behaviors[definition].fargate.as_ref().map(|behavior| &behavior.pull);
        let wait = pull.map_or(Span::ZERO, |pull| self.draw(purposes::FARGATE, key.with(1), pull));
        self.sim.schedule(self.sim.now + wait, Event::ImagesPulled(id));
    }

    /// When Fargate Spot takes the task back, if it still runs then (SPT-011).
    fn plan_fargate_spot(&mut self, id: TaskId) {
        let rate = self.sim.model.fleet.fargate.spot_interruptions_per_hour;
        if rate > 0.0 {
            let key = self.key_of(self.sim.cluster.task(id).origin);
            let mut stream = self.sim.streams.stream(purposes::FARGATE_SPOT, key);
            let hours = -ecsim_kernel::math::ln(stream.uniform()) / rate;
            let at = self.sim.now + Span::from_secs_f64((hours * 3_600.0).min(1e10));
            self.sim.schedule(at, Event::FargateSpotReclaim(id));
        }
    }

    /// The warning comes with the stop signal; what has not ended after its stop timeout is killed (SPT-011).
    pub(crate) fn fargate_spot_reclaim(&mut self, id: TaskId) {
        let running = |task: &&ecsim_cluster::Task| task.is_fargate() && task.is_live();
        let Some(task) = self.sim.cluster.tasks().get(id).filter(running) else { return };
        if self.sim.is_fargate_spot(task.provider) {
            self.stop_task(id, StopReason::SpotInterruption);
        }
    }

    /// Fargate retires the platform under a task (FGT-006): a standalone task is stopped; a task of a service is replaced,
    /// start-first, by its service.
    pub(crate) fn fargate_retires(&mut self, id: TaskId) {
        let live = |task: &&ecsim_cluster::Task| task.is_fargate() && task.is_live() && !task.retiring;
        let Some(task) = self.sim.cluster.tasks().get(id).filter(live) else { return };
        if task.service().is_some() {
            self.emit(Fact::TaskRetirementNoticed { task: id });
        } else {
            self.stop_task(id, StopReason::FargateRetirement);
        }
    }

    /// Fargate tasks in a zone that failed are lost.
    pub(crate) fn lose_fargate_tasks(&mut self, zone: ZoneId) {
        let there: Vec<TaskId> = {
            let tasks = self.sim.cluster.tasks().iter();
            let mut there: Vec<TaskId> =
                tasks.filter(|task| task.is_fargate() && task.zone == Some(zone)).map(|task| task.id).collect();
            there.sort_unstable();
            there
        };
        for task in there {
            self.lose_task(task, StopReason::ZoneOutage);
        }
    }

    /// The longest that containers of a Fargate task may take to stop (DRN-007).
    pub(crate) fn fargate_stop_timeout(&self, given: Option<Span>) -> Span {
        let fargate = &self.sim.model.fleet.fargate;
        given.unwrap_or(fargate.default_stop_timeout).min(fargate.longest_stop_timeout)
    }
}
