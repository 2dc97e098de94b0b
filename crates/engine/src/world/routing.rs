//! Who receives a service's requests, and what share of them each (LB-030 to LB-041).
//!
//! *What it does.* Behind load balancers: the healthy targets of each target group alike, newcomers in a slow start less
//! (LB-032); where all are unhealthy, those (LB-016); where there is none, the load balancer answers itself. Several target
//! groups have equal parts. Where a deployment shifts traffic, each deployment has the share it was given. Without a load
//! balancer: every task that runs, as soon as callers know of it (LB-040); with Service Connect, those that its proxies have
//! not ejected (LB-041).
//!
//! *What AWS documents.* LB-016, LB-030, LB-031. Ours: the share in a slow start (LB-032), the parts of several target groups, and
//! that callers of Cloud Map follow what it knew one TTL ago.
//!
//! *What we left out.* What an algorithm does to the queues of tasks: that is the demand's business, which is told which
//! algorithm it is. Service Connect beside a load balancer: requests then go through the load balancer.
//!
//! *How we know it is right.* Tests below, among them SX-019, and `engine/tests/targets.rs`.

use std::collections::{BTreeMap, BTreeSet};

use ecsim_cluster::targets::RoutingAlgorithm;
use ecsim_cluster::{HealthStatus, ServiceId, TargetGroupId, TargetState, Task, TaskId, ZoneId};
use ecsim_kernel::{SimTime, Span};

use crate::load::mesh;
use crate::simulation::Simulation;

/// Who receives requests. All shares add up to 1, unless nobody is there and no load balancer either.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Receivers {
    /// Tasks and their shares, by task.
    pub(crate) shares: Vec<(TaskId, f64)>,
    /// The share that is sent to tasks that are gone: those requests fail (LB-023, LB-040).
    pub(crate) lost: f64,
    /// The share that a load balancer answers itself for want of a target: `HTTPCode_ELB_5XX_Count` (LB-033).
    pub(crate) refused: f64,
    /// Whether only unhealthy targets are left, and receive requests for that reason (LB-016).
    pub(crate) fails_open: bool,
    /// How the load balancer chooses; `None`: there is none.
    pub(crate) algorithm: Option<RoutingAlgorithm>,
    /// When the shares change by themselves, such as in a slow start (LB-031); `None`: not before a fact says so.
    pub(crate) changes_at: Option<SimTime>,
    /// Whether proxies send the requests, which try again elsewhere and eject (LB-041).
    pub(crate) mesh: bool,
    /// Whether one more task may be ejected.
    pub(crate) may_eject: bool,
}

impl Receivers {
    fn changes(&mut self, at: SimTime) {
        self.changes_at = Some(self.changes_at.map_or(at, |known| known.min(at)));
    }

    fn give(&mut self, shares: &mut BTreeMap<TaskId, f64>, whom: Option<TaskId>, share: f64) {
        match whom {
            Some(task) => *shares.entry(task).or_default() += share,
            None => self.lost += share,
        }
    }
}

/// One that may receive requests of a target group; `None`: it has crashed.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    task: Option<TaskId>,
    zone: Option<ZoneId>,
    weight: f64,
}

impl Simulation {
    /// Who receives the requests of a service now.
    pub(crate) fn receivers(&self, service: ServiceId) -> Receivers {
        let row = &self.cluster.services()[service];
        let mut receivers = Receivers::default();
        let mut shares = BTreeMap::new();
        if self.cluster.shifts_traffic(service) {
            for deployment in row.deployments.iter().filter(|deployment| deployment.traffic > 0) {
                let share = f64::from(deployment.traffic) / 1e6;
                self.share_out(service, Some(deployment.number), share, &mut receivers, &mut shares);
            }
        } else {
            self.share_out(service, None, 1.0, &mut receivers, &mut shares);
        }
        receivers.shares = shares.into_iter().filter(|(_, share)| *share > 0.0).collect();
        receivers
    }

    /// Shares `whole` out among the tasks of one deployment, or of all.
    fn share_out(
        &self,
        service: ServiceId,
        deployment: Option<u32>,
        whole: f64,
        receivers: &mut Receivers,
        shares: &mut BTreeMap<TaskId, f64>,
    ) {
        let revision = match deployment {
            Some(deployment) => self.cluster.revision(service, deployment),
            None => self.cluster.primary_revision(service),
        };
        if revision.target_groups.is_empty() {
            self.share_out_directly(service, deployment, whole, receivers, shares);
            return;
        }
        let row = &self.cluster.services()[service];
        let is_of = |of: Option<u32>| deployment.is_none() || of == deployment;
        let tasks = row.tasks.iter().map(|task| self.cluster.task(*task)).filter(|task| is_of(task.deployment()));
        let tasks: Vec<&Task> = tasks.collect();
        let mut groups: BTreeSet<TargetGroupId> = tasks
            .iter()
            .flat_map(|task| &task.targets)
            .filter(|target| target.state != TargetState::Draining)
            .map(|target| target.group)
            .collect();
        let gone =
            self.targets.lost(service).iter().filter(|lost| lost.until > self.now && is_of(Some(lost.deployment)));
        let gone: Vec<_> = gone.collect();
        groups.extend(gone.iter().map(|lost| lost.group));
        if groups.is_empty() {
            groups.extend(&revision.target_groups);
        }
        let whole = whole / groups.len() as f64;
        for group in groups {
            receivers.algorithm.get_or_insert(self.model.definitions.target_groups[group].algorithm);
            let lost = gone.iter().filter(|lost| lost.group == group);
            let lost = lost.map(|lost| {
                receivers.changes(lost.until);
                Candidate { task: None, zone: None, weight: 1.0 }
            });
            let lost: Vec<Candidate> = lost.collect();
            self.share_out_group(group, &tasks, lost, whole, receivers, shares);
        }
    }

    /// The targets of one group.
    fn share_out_group(
        &self,
        group: TargetGroupId,
        tasks: &[&Task],
        lost: Vec<Candidate>,
        whole: f64,
        receivers: &mut Receivers,
        shares: &mut BTreeMap<TaskId, f64>,
    ) {
        let definition = &self.model.definitions.target_groups[group];
        let in_state = |state: TargetState| {
            let matches =
                move |task: &&&Task| task.targets.iter().any(|target| target.group == group && target.state == state);
            tasks.iter().filter(matches).copied()
        };
        let mut candidates = lost;
        for task in in_state(TargetState::Healthy) {
            let mut weight = 1.0;
            if let Some(since) = self.targets.slow_since(task.id, group) {
                let age = self.now.since(since);
                if age < definition.slow_start {
                    weight = age.ms() as f64 / definition.slow_start.ms() as f64;
                    // Its share is looked at again often enough to follow the line.
                    let step = Span::from_ms((definition.slow_start.ms() / 60).max(1_000));
                    receivers.changes((self.now + step).min(since + definition.slow_start));
                }
            }
            candidates.push(Candidate { task: Some(task.id), zone: self.cluster.zone_of(task), weight });
        }
        if candidates.is_empty() {
            // LB-016: it fails open.
            let all = in_state(TargetState::Unhealthy);
            candidates.extend(all.map(|task| Candidate {
                task: Some(task.id),
                zone: self.cluster.zone_of(task),
                weight: 1.0,
            }));
            receivers.fails_open |= !candidates.is_empty();
        }
        if candidates.is_empty() {
            receivers.refused += whole;
            return;
        }
        if candidates.iter().all(|candidate| candidate.weight <= 0.0) {
            candidates.iter_mut().for_each(|candidate| candidate.weight = 1.0);
        }
        // Without cross-zone load balancing each zone that has a target gets as much as any other (LB-030).
        let zones: BTreeSet<Option<ZoneId>> = if definition.cross_zone {
            BTreeSet::from([None])
        } else {
            candidates.iter().map(|candidate| candidate.zone).collect()
        };
        let part = whole / zones.len() as f64;
        for zone in zones {
            let here = || candidates.iter().filter(|it| definition.cross_zone || it.zone == zone);
            let sum: f64 = here().map(|candidate| candidate.weight).sum();
            for candidate in here() {
                let share = if sum > 0.0 { candidate.weight / sum } else { 1.0 / here().count() as f64 };
                receivers.give(shares, candidate.task, part * share);
            }
        }
    }

    /// Without a load balancer: tasks that callers know of, alike.
    fn share_out_directly(
        &self,
        service: ServiceId,
        deployment: Option<u32>,
        whole: f64,
        receivers: &mut Receivers,
        shares: &mut BTreeMap<TaskId, f64>,
    ) {
        let is_of = |of: Option<u32>| deployment.is_none() || of == deployment;
        let row = &self.cluster.services()[service];
        let routing = &self.cluster.primary_revision(service).routing;
        let (discovery, mesh) = (routing.discovery, routing.mesh);
        let mut known: Vec<Option<TaskId>> = Vec::new();
        if let Some(names) = self.targets.names.get(&service) {
            let ttl = self.model.settings.load_balancing.cloud_map_ttl;
            let names = names.iter().filter(|(_, name)| is_of(Some(name.deployment)));
            for (id, name) in names.clone() {
                let (from, until) = (name.registered + ttl, name.left.map_or(SimTime::MAX, |left| left + ttl));
                if from <= self.now && self.now < until {
                    // Proxies know which one it is that is gone, and eject it.
                    let serves = |task: &Task| task.running_containers() != 0;
                    let here = mesh || self.cluster.tasks().get(*id).is_some_and(serves);
                    known.push(here.then_some(*id));
                }
                for at in [from, until].into_iter().filter(|at| *at > self.now && *at < SimTime::MAX) {
                    receivers.changes(at);
                }
            }
            if known.is_empty() {
                // Nobody has asked before: whoever asks now hears of all there are.
                known.extend(names.filter(|(_, name)| name.left.is_none()).map(|(id, _)| Some(*id)));
            }
        } else {
            let running = row.tasks.iter().map(|task| self.cluster.task(*task));
            let running = running.filter(|task| task.is_running() && is_of(task.deployment()));
            known.extend(running.map(|task| Some(task.id)));
        }
        // Names and proxies follow the health of containers (LB-040), unless nobody would be left.
        let unwell = |id: &Option<TaskId>| {
            let row = id.and_then(|id| self.cluster.tasks().get(id));
            (discovery || mesh) && row.is_some_and(|row| row.health() == HealthStatus::Unhealthy)
        };
        if !known.iter().all(unwell) {
            known.retain(|id| !unwell(id));
        }
        if mesh {
            receivers.mesh = true;
            let until = |id: &Option<TaskId>| id.and_then(|id| self.targets.ejected_until(id, self.now));
            let ejected = known.iter().filter_map(until).inspect(|until| receivers.changes(*until)).count();
            let percent = self.model.settings.load_balancing.max_ejection_percent;
            receivers.may_eject |= known.len() > 1 && mesh::may_eject(known.len(), ejected, percent);
            if !mesh::panics(known.len(), ejected) {
                known.retain(|id| until(id).is_none());
            }
        }
        let share = whole / known.len().max(1) as f64;
        for task in known {
            receivers.give(shares, task, share);
        }
    }
}

#[cfg(test)]
mod tests {
    use ecsim_cluster::definitions::HealthCheck;
    use ecsim_cluster::targets::{BalancerKind, TargetGroupDefinition};
    use ecsim_cluster::{Resources, TargetGroupId};
    use ecsim_kernel::Distribution;

    use super::*;
    use crate::builder::{Builder, constant};
    use crate::model::{Call, Crash, HealthFailure};

    const ROOM: Resources = Resources { cpu: 100_000, memory: 100_000, gpus: 0, enis: 10 };

    fn at(seconds: u64) -> SimTime {
        SimTime::from_ms(seconds * 1_000)
    }

    fn scale(service: ServiceId, desired_count: u32) -> Call {
        Call::UpdateService {
            service,
            desired_count: Some(desired_count),
            placement: None,
            healthy_percent: None,
            rebalancing: None,
            capacity: None,
            grace: None,
        }
    }

    /// A service of `count` tasks behind target groups, on an instance in each of the zones.
    fn behind(groups: Vec<TargetGroupDefinition>, zones: &[&str], count: u32) -> (Builder, ServiceId) {
        let mut builder = Builder::new();
        builder.duration = Span::from_hours(3);
        let shape = builder.shape("test.large", ROOM);
        for zone in zones {
            builder.instances(&format!("in-{zone}"), shape, zone, 1);
        }
        let web = builder.task_definition("web", Builder::needs(1, 1));
        let anywhere = builder.service_default(&[]);
        let service = builder.service("web", web, count, anywhere);
        let groups: Vec<TargetGroupId> = groups.into_iter().map(|group| builder.target_group(group)).collect();
        builder.service_mut(service).revisions[0].target_groups = groups;
        (builder, service)
    }

    fn receivers_at(simulation: &mut Simulation, service: ServiceId, until: SimTime) -> Receivers {
        simulation.run_until(until, &mut ());
        let receivers = simulation.receivers(service);
        let whole = receivers.lost + receivers.refused + receivers.shares.iter().map(|(_, share)| share).sum::<f64>();
        assert!((whole - 1.0).abs() < 1e-12, "{receivers:?}");
        receivers
    }

    #[test]
    fn lb_031_and_lb_032_and_sx_019_a_newcomer_in_slow_start() {
        let group =
            TargetGroupDefinition { slow_start: Span::from_secs(120), ..TargetGroupDefinition::application("w") };
        let (mut builder, service) = behind(vec![group], &["a"], 3);
        builder.call(at(1_000), scale(service, 4));
        let mut simulation = Simulation::new(builder.build());
        // Into an empty group: alike from the start.
        let first = receivers_at(&mut simulation, service, at(1));
        assert!(first.shares.iter().all(|(_, share)| (share - 1.0 / 3.0).abs() < 1e-12) && first.changes_at.is_none());
        // The newcomer is healthy a millisecond after the call: its pass.
        let newest = |receivers: &Receivers| receivers.shares.last().map(|(_, share)| share * 100.0);
        for (age, expected) in [(30, 7.6923), (60, 14.2857), (90, 20.0), (120, 25.0), (500, 25.0)] {
            let now = receivers_at(&mut simulation, service, SimTime::from_ms(1_000_001 + age * 1_000));
            assert_eq!(now.shares.len(), 4);
            assert!((newest(&now).unwrap() - expected).abs() < 5e-5, "{age}: {now:?}");
            assert_eq!(now.changes_at.is_some(), age < 120, "{age}");
        }
    }

    #[test]
    fn lb_016_where_all_are_unhealthy_all_receive_and_where_none_is_nobody_does() {
        let (mut builder, service) = behind(vec![TargetGroupDefinition::application("w")], &["a"], 2);
        let web = builder.service_mut(service).task_definition();
        let failing = HealthFailure { after: constant(100.0), lasts: None, probability: 1.0 };
        builder.behavior_mut(web).containers[0].probes.failure = Some(failing);
        builder.service_mut(service).health_check_grace = Span::from_hours(9);
        builder.service_mut(service).minimum_healthy_percent = 0;
        builder.call(at(1_000), scale(service, 0));
        let mut simulation = Simulation::new(builder.build());
        assert!(!receivers_at(&mut simulation, service, at(149)).fails_open);
        let open = receivers_at(&mut simulation, service, at(151));
        assert!(open.fails_open && open.shares.len() == 2, "{open:?}");
        // Draining targets get no new requests (LB-020).
        let none = receivers_at(&mut simulation, service, at(1_001));
        assert_eq!((none.refused, none.shares.len()), (1.0, 0));
    }

    #[test]
    fn lb_023_requests_to_a_crashed_task_are_lost_for_a_while() {
        let (mut builder, service) = behind(vec![TargetGroupDefinition::application("w")], &["a"], 4);
        let web = builder.service_mut(service).task_definition();
        builder.behavior_mut(web).containers[0].crash =
            Some(Crash { after: Distribution::uniform(100.0, 500.0).unwrap(), probability: 1.0, exit_code: 1 });
        builder.settings.replace_crashed_delay = Span::from_hours(1);
        let mut simulation = Simulation::new(builder.build());
        let (mut lost, mut kept) = (Vec::new(), 4);
        for ms in (1_000..500_000).step_by(100) {
            let now = receivers_at(&mut simulation, service, SimTime::from_ms(ms));
            if now.shares.len() < kept {
                kept = now.shares.len();
                lost.push(now.lost);
                assert!(now.changes_at.is_some_and(|until| until <= SimTime::from_ms(ms + 1_000)));
            }
            if kept == 0 {
                break;
            }
        }
        assert!((lost[0] - 0.25).abs() < 1e-12 && (lost[1] - 1.0 / 3.0).abs() < 1e-12, "{lost:?}");
    }

    #[test]
    fn lb_030_without_cross_zone_each_zone_gets_as_much() {
        let nlb = TargetGroupDefinition {
            balancer: BalancerKind::Network,
            algorithm: RoutingAlgorithm::FlowHash,
            cross_zone: false,
            ..TargetGroupDefinition::application("w")
        };
        let (builder, service) = behind(vec![nlb.clone()], &["a", "b"], 3);
        let mut simulation = Simulation::new(builder.build());
        let now = receivers_at(&mut simulation, service, at(1));
        let mut shares: Vec<u32> = now.shares.iter().map(|(_, share)| (share * 100.0).round() as u32).collect();
        shares.sort_unstable();
        assert_eq!((shares, now.algorithm), (vec![25, 25, 50], Some(RoutingAlgorithm::FlowHash)));
        let (builder, service) = behind(vec![TargetGroupDefinition { cross_zone: true, ..nlb }], &["a", "b"], 3);
        let mut simulation = Simulation::new(builder.build());
        let now = receivers_at(&mut simulation, service, at(1));
        assert!(now.shares.iter().all(|(_, share)| (share - 1.0 / 3.0).abs() < 1e-12), "{now:?}");
    }

    #[test]
    fn lb_040_callers_of_cloud_map_follow_a_ttl_later() {
        let (mut builder, service) = behind(Vec::new(), &["a"], 1);
        builder.service_mut(service).revisions[0].routing.discovery = true;
        builder.service_mut(service).minimum_healthy_percent = 0;
        builder.call(at(1_000), scale(service, 2));
        builder.call(at(2_000), scale(service, 1));
        let mut simulation = Simulation::new(builder.build());
        let shares = |receivers: &Receivers| receivers.shares.iter().map(|(_, share)| *share).collect::<Vec<_>>();
        // Nobody has asked before: the first is known at once.
        assert_eq!(shares(&receivers_at(&mut simulation, service, at(1))), [1.0]);
        let before = receivers_at(&mut simulation, service, at(1_059));
        assert_eq!((shares(&before), before.changes_at.map(SimTime::whole_secs)), (vec![1.0], Some(1_060)));
        assert_eq!(shares(&receivers_at(&mut simulation, service, at(1_061))), [0.5, 0.5]);
        // It stops at once, and callers find out a minute later.
        assert_eq!(receivers_at(&mut simulation, service, at(2_059)).lost, 0.5);
        assert_eq!(receivers_at(&mut simulation, service, at(2_061)).lost, 0.0);
    }

    #[test]
    fn lb_041_proxies_send_nothing_to_an_unhealthy_task() {
        let (mut builder, service) = behind(Vec::new(), &["a"], 8);
        builder.service_mut(service).revisions[0].routing.mesh = true;
        builder.service_mut(service).maximum_percent = 100;
        let web = builder.service_mut(service).task_definition();
        builder.task_definition_mut(web).containers[0].health_check = Some(HealthCheck {
            interval: Span::from_secs(30),
            timeout: Span::from_secs(5),
            retries: 3,
            start_period: Span::ZERO,
        });
        let fails =
            HealthFailure { after: Distribution::uniform(100.0, 900.0).unwrap(), lasts: None, probability: 1.0 };
        builder.behavior_mut(web).containers[0].health.failure = Some(fails);
        let mut simulation = Simulation::new(builder.build());
        let mut unhealthy = 0;
        for second in 40..1_000 {
            let now = receivers_at(&mut simulation, service, at(second));
            let tasks = simulation.cluster.services()[service].tasks.iter().map(|id| simulation.cluster.task(*id));
            let unwell: Vec<TaskId> =
                tasks.filter(|task| task.health() == HealthStatus::Unhealthy).map(|task| task.id).collect();
            unhealthy += unwell.len();
            assert!(now.shares.iter().all(|(task, _)| !unwell.contains(task)), "{second}: {now:?}");
        }
        assert!(unhealthy > 0);
    }

    #[test]
    fn lb_001_several_target_groups_have_equal_parts() {
        let groups = ["in", "out"].map(TargetGroupDefinition::application).to_vec();
        let (builder, service) = behind(groups, &["a"], 2);
        let mut simulation = Simulation::new(builder.build());
        let now = receivers_at(&mut simulation, service, at(1));
        assert!(now.shares.iter().all(|(_, share)| (share - 0.5).abs() < 1e-12) && now.shares.len() == 2, "{now:?}");
    }
}
