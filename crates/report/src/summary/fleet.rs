//! Folds what becomes of Auto Scaling groups, capacity providers and Fargate into the summary.

use ecsim_cluster::{AsgId, Cluster, Definitions, Fact};
use ecsim_kernel::{SimTime, Table};

use super::build::{quantiles, round};
use super::{FargateSummary, Fleet, GroupSummary, ProviderSummary, Range, WaitedForCapacity};
use crate::metrics::Tally;

/// A number over time.
#[derive(Clone, Copy, Debug, Default)]
struct Gauge {
    value: u64,
    since: SimTime,
    /// Values times milliseconds, and milliseconds.
    sum: u128,
    ms: u64,
    min: Option<u64>,
    max: u64,
}

impl Gauge {
    fn starting_at(value: u32) -> Self {
        Self { value: u64::from(value), ..Self::default() }
    }

    /// The value holds from now on; one that lasted no time counts for nothing.
    fn set(&mut self, now: SimTime, value: u64) {
        if value != self.value {
            self.pass(now);
            self.value = value;
        }
    }

    fn pass(&mut self, now: SimTime) {
        let ms = now.since(self.since).ms();
        self.since = now;
        if ms > 0 {
            self.sum += u128::from(self.value) * u128::from(ms);
            self.ms += ms;
            self.min = Some(self.min.map_or(self.value, |min| min.min(self.value)));
            self.max = self.max.max(self.value);
        }
    }

    fn range(mut self, now: SimTime) -> Range {
        self.pass(now);
        Range {
            min: self.min.unwrap_or(self.value) as f64,
            mean: if self.ms == 0 { self.value as f64 } else { round(self.sum as f64 / self.ms as f64) },
            max: self.max as f64,
            last: self.value as f64,
        }
    }
}

impl Range {
    /// The same in a unit of which `one` make one.
    fn in_units_of(self, one: f64) -> Self {
        Self {
            min: round(self.min / one),
            mean: round(self.mean / one),
            max: round(self.max / one),
            last: round(self.last / one),
        }
    }
}

/// What is followed of one group.
#[derive(Clone, Copy, Debug)]
struct GroupFold {
    desired: Gauge,
    in_service: Gauge,
}

/// What is followed of all capacity.
#[derive(Clone, Debug)]
pub(super) struct FleetFold {
    groups: Table<AsgId, GroupFold>,
    awaiting_instance: Gauge,
    fargate_running: Gauge,
    fargate_cpu: Gauge,
}

impl FleetFold {
    pub(super) fn new(definitions: &Definitions) -> Self {
        let group = |desired| GroupFold { desired: Gauge::starting_at(desired), in_service: Gauge::default() };
        Self {
            groups: definitions.auto_scaling_groups.values().map(|it| group(it.desired_capacity)).collect(),
            awaiting_instance: Gauge::default(),
            fargate_running: Gauge::default(),
            fargate_cpu: Gauge::default(),
        }
    }

    /// Takes in a fact that `tally` and `cluster` have taken in already.
    pub(super) fn observe(&mut self, now: SimTime, fact: &Fact, tally: &Tally, cluster: &Cluster) {
        let group = match *fact {
            Fact::DesiredCapacityChanged { group, .. } | Fact::GroupSizeChanged { group, .. } => Some(group),
            Fact::InstanceLaunched { instance, .. }
            | Fact::InstanceLifecycleChanged { instance, .. }
            | Fact::InstanceTerminated { instance, .. } => cluster.instances()[instance].group,
            _ => None,
        };
        if let Some(group) = group {
            let (fold, row) = (&mut self.groups[group], &cluster.groups()[group]);
            fold.desired.set(now, u64::from(row.desired));
            fold.in_service.set(now, u64::from(row.counts.in_service));
        }
        let totals = cluster.totals();
        self.awaiting_instance.set(now, u64::from(totals.awaiting_instance));
        self.fargate_running.set(now, tally.tasks.fargate_running);
        self.fargate_cpu.set(now, totals.fargate_cpu + totals.fargate_spot_cpu);
    }

    /// Nothing where the scenario has neither groups nor providers, and nothing ran on Fargate.
    pub(super) fn finish(&self, now: SimTime, tally: &Tally, cluster: &Cluster) -> Option<Fleet> {
        let definitions = cluster.definitions();
        let (tasks, all) = (&tally.tasks, &tally.capacity.all);
        if definitions.auto_scaling_groups.is_empty()
            && definitions.capacity_providers.is_empty()
            && tasks.fargate_created == 0
        {
            return None;
        }
        let mut waits = tally.timing.capacity_waits().to_vec();
        Some(Fleet {
            auto_scaling_groups: self.groups.iter().map(|(id, fold)| fold.summary(id, now, tally, cluster)).collect(),
            capacity_providers: definitions
                .capacity_providers
                .iter()
                .map(|(id, provider)| {
                    let flow = tasks.provider(id);
                    ProviderSummary {
                        capacity_provider_name: provider.name.clone(),
                        placed: flow.placed,
                        running: flow.running,
                        waiting: cluster.providers()[id].waiting.len() as u64,
                        failed_to_start: flow.failed_to_start,
                        lost: flow.lost,
                    }
                })
                .collect(),
            scale_outs: all.scale_outs,
            scale_ins: all.scale_ins,
            launches: all.launches,
            launch_failures: all.launch_failures,
            interruptions_noticed: all.noticed,
            interruptions_reclaimed: all.reclaimed,
            rebalance_recommendations: all.rebalance_recommended,
            tasks_drained: tasks.drained,
            tasks_lost_to_spot: tasks.lost_to_spot,
            tasks_lost_otherwise: tasks.all.lost.saturating_sub(tasks.lost_to_spot),
            work_lost_seconds: round(tasks.all.lost_ms as f64 / 1_000.0),
            tasks_held_back: tally.capacity.held_back,
            waited_for_capacity: WaitedForCapacity {
                got_capacity: tally.timing.got_capacity,
                gave_up: tally.timing.gave_up,
                waiting: u64::from(cluster.totals().awaiting_instance),
                waiting_peak: self.awaiting_instance.range(now).max as u64,
                time: quantiles(&mut waits),
            },
            fargate: (tasks.fargate_created > 0).then(|| FargateSummary {
                tasks: tasks.fargate_created,
                spot_interruptions: tasks.fargate_spot_interrupted,
                running: self.fargate_running.range(now),
                vcpu: self.fargate_cpu.range(now).in_units_of(1024.0),
            }),
        })
    }
}

impl GroupFold {
    fn summary(&self, id: AsgId, now: SimTime, tally: &Tally, cluster: &Cluster) -> GroupSummary {
        let activity = tally.capacity.group(id);
        GroupSummary {
            auto_scaling_group_name: cluster.definitions().auto_scaling_groups[id].name.clone(),
            desired_capacity: self.desired.range(now),
            in_service: self.in_service.range(now),
            launches: activity.launches,
            launch_failures: activity.launch_failures,
            terminations: activity.terminations,
            interruptions_noticed: activity.noticed,
            interruptions_reclaimed: activity.reclaimed,
            scale_outs: activity.scale_outs,
            scale_ins: activity.scale_ins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_weighs_by_time_and_forgets_what_lasted_none() {
        let at = SimTime::from_ms;
        let mut gauge = Gauge::starting_at(3);
        gauge.set(at(10), 9);
        gauge.set(at(10), 5);
        gauge.set(at(30), 1);
        let range = gauge.range(at(40));
        assert_eq!((range.min, range.mean, range.max, range.last), (1.0, 3.5, 5.0, 1.0));
        let never = Gauge::default().range(at(0));
        assert_eq!((never.min, never.mean, never.max), (0.0, 0.0, 0.0));
    }
}
