//! What must hold of random models of capacity between instants, and once nothing disturbs them any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ecsim_cluster::definitions::{LaunchOwner, ProviderKind, SchedulingStrategy};
use ecsim_cluster::fact::{TaskOrigin, TerminationReason};
use ecsim_cluster::scaling::Decision;
use ecsim_cluster::{
    AsgId, Cluster, Fact, InstanceId, InstanceLifecycle, Observer, Process, ProviderId, ProviderStatus, ServiceStatus,
    Task, TaskId, TaskStatus, invariants,
};
use ecsim_engine::{Model, Simulation};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::placement::{Request, reference};

use super::fleet::{END, Fleet};
use super::kit::{Recorder, at};

/// What a task that waits in PROVISIONING asks for.
fn request<'a>(model: &'a Model, cluster: &'a Cluster, task: &Task) -> Request<'a> {
    Request {
        definition: task.definition,
        requirements: task.requirements,
        group: task.group,
        placement: task.placement,
        launch_type: task.launch_type,
        provider: task.provider,
        subnets: match task.origin {
            TaskOrigin::Service { service, deployment, .. } => &cluster.revision(service, deployment).subnets,
            TaskOrigin::Source { source, .. } => &model.sources[source].template.subnets,
        },
        zone: None,
        is_daemon: false,
    }
}

/// Runs a model, checks what must hold after every event, and what must hold between instants.
pub fn run(fleet: &Fleet) -> (Simulation, Recorder) {
    let model = &fleet.model;
    let mut sim = Simulation::new(Arc::clone(model));
    let mut watch = Watch::default();
    while sim.step(&mut watch) {
        if let Err(contradiction) = invariants::check(sim.cluster()) {
            panic!("at {}: {contradiction}", sim.now());
        }
        if sim.next_due().is_none_or(|due| due > sim.now()) {
            nobody_waits_in_vain(model, &sim);
            nobody_outlives_its_notice(&sim);
        }
    }
    sim.run(&mut watch);
    (sim, watch.recorder)
}

/// Looks at each fact as it happens.
#[derive(Default)]
struct Watch {
    recorder: Recorder,
    /// Instances that their group told to go: whether they were protected, and whether it had `Terminate` suspended.
    told: BTreeMap<InstanceId, (bool, bool)>,
    /// The state of every task there is, and whether it was asked to stop.
    tasks: BTreeMap<TaskId, (TaskStatus, bool)>,
}

impl Observer for Watch {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.recorder.observe(now, fact, cluster);
        match *fact {
            Fact::InstanceLaunched { option, market, .. } => {
                let launch = &cluster.definitions().launch_options[option];
                if now == SimTime::ZERO {
                    return; // Those were there before.
                }
                assert!(cluster.zone_works(launch.zone), "at {now}: launched in a zone that failed");
                assert!(cluster.pool(launch.pool).is_available(market), "at {now}: launched where there is nothing");
                if let LaunchOwner::Group(group) = launch.owner {
                    let group = &cluster.groups()[group];
                    assert!(!group.suspended.has(Process::Launch), "at {now}: launched while that was suspended");
                    assert!(group.by_zone.iter().any(|(zone, _)| *zone == launch.zone), "at {now}: a zone of others");
                }
            }
            Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminating } => {
                let row = &cluster.instances()[instance];
                let suspended =
                    row.group.is_some_and(|group| cluster.groups()[group].suspended.has(Process::Terminate));
                self.told.insert(instance, (row.protected_from_scale_in, suspended));
            }
            Fact::InstanceTerminated {
                instance,
                reason: TerminationReason::ScaleIn | TerminationReason::AzRebalance,
            } => {
                let name = &cluster.instances()[instance].name;
                assert_eq!(self.told.get(&instance), Some(&(false, false)), "at {now}: {name} was protected");
            }
            Fact::SpotInterruptionNoticed { instance, reclaimed_at } => {
                let notice = reclaimed_at.since(now);
                let name = &cluster.instances()[instance].name;
                assert!(notice <= Span::from_secs(120), "at {now}: {name} has a notice of {notice}");
            }
            Fact::ScalingDecided { group, decision: Decision::ManagedScaling { .. }, .. } => {
                let suspended = cluster.groups()[group].suspended;
                assert!(!suspended.has(Process::AlarmNotification), "at {now}: scaled while that was suspended");
            }
            Fact::TaskCreated { task, instance, zone, provider, .. } => {
                assert_eq!(self.tasks.insert(task, (TaskStatus::Provisioning, false)), None, "at {now}: created twice");
                if let Some(zone) = zone {
                    assert!(cluster.zone_works(zone), "at {now}: {task:?} starts in a zone that failed");
                }
                if let Some(instance) = instance {
                    takes(now, cluster, instance, task, provider);
                }
            }
            Fact::TaskPlaced { task, instance, .. } => {
                takes(now, cluster, instance, task, cluster.task(task).provider);
            }
            Fact::TaskStopRequested { task, .. } => {
                let row = self.tasks.get_mut(&task).expect("a task that is there");
                assert!(!row.1, "at {now}: {task:?} was asked to stop already");
                row.1 = true;
            }
            Fact::TaskStatusChanged { task, to } => {
                let (before, is_stopping) = self.tasks[&task];
                assert!(before < to, "at {now}: {task:?} goes from {before} to {to}");
                if to == TaskStatus::Stopped {
                    assert!(is_stopping, "at {now}: {task:?} is STOPPED and nothing says why");
                    assert!(cluster.tasks().get(task).is_none(), "at {now}: {task:?} is STOPPED, and in the books");
                    self.tasks.remove(&task);
                } else {
                    self.tasks.insert(task, (to, is_stopping));
                }
            }
            _ => {}
        }
        assert_eq!(self.tasks.len(), cluster.tasks().len(), "at {now}: tasks are lost from the books, or invented");
    }
}

/// A task only goes where tasks may go: not on a draining instance, nor on one of another provider (DRN-001, CP-015).
fn takes(now: SimTime, cluster: &Cluster, instance: InstanceId, task: TaskId, provider: Option<ProviderId>) {
    let row = &cluster.instances()[instance];
    assert!(row.can_receive(), "at {now}: {task:?} goes to {}, which is {}", row.name, row.status);
    assert!(
        provider.is_none() || row.provider == provider,
        "at {now}: {task:?} goes to {} of another provider",
        row.name
    );
}

/// CAS-008: who waits in PROVISIONING would fit on no instance of its provider.
fn nobody_waits_in_vain(model: &Model, sim: &Simulation) {
    let cluster = sim.cluster();
    if cluster.totals().awaiting_instance == 0 {
        return;
    }
    // While Managed Instances are on their way a service's tasks wait for the zone that is theirs (CP-042).
    let settled = cluster.providers().values().filter(|row| row.counts.capacity <= row.counts.registered);
    for id in settled.flat_map(|row| &row.waiting) {
        let tied = reference::tied(&sim.view(), &request(model, cluster, cluster.task(*id)));
        assert!(tied.is_empty(), "at {}: {id:?} waits, and would fit on {tied:?}", sim.now());
    }
}

/// SPT-002: when the notice has run out the instance is gone, whatever drains or hooks it has.
fn nobody_outlives_its_notice(sim: &Simulation) {
    for row in sim.cluster().instances().values().filter(|row| row.terminated_at.is_none()) {
        assert!(row.reclaimed_at.is_none_or(|at| at > sim.now()), "{} outlives its notice", row.name);
    }
}

/// The last fact of a kind, and when it was.
fn last<T>(recorder: &Recorder, of: impl Fn(&Fact) -> Option<T>) -> Option<(SimTime, T)> {
    recorder.facts.iter().rev().find_map(|(time, fact)| of(fact).map(|found| (*time, found)))
}

/// Since when must it have been so.
fn long_ago(time: SimTime, secs: u64) -> bool {
    time + Span::from_secs(secs) < at(END)
}

/// Once it is calm every group has the instances it wants, every service the tasks, or there is a reason.
pub fn is_calm(fleet: &Fleet, sim: &Simulation, recorder: &Recorder) {
    let cluster = sim.cluster();
    for id in cluster.groups().ids() {
        if !fleet.restless.contains(&id) {
            group_rests(fleet, cluster, recorder, id);
        }
    }
    let is_restless = |provider: ProviderId| match fleet.model.definitions.capacity_providers[provider].kind {
        ProviderKind::AutoScalingGroup(group) => fleet.restless.contains(&group),
        _ => false,
    };
    let crashes = |fact: &Fact| matches!(fact, Fact::ContainerExited { exit_code: 1, .. }).then_some(());
    let is_unsteady = last(recorder, crashes).is_some_and(|(time, ())| !long_ago(time, 4_000));
    for id in cluster.providers().ids() {
        if !is_restless(id) && !is_unsteady {
            provider_rests(fleet, cluster, recorder, id);
        }
    }
    if !is_unsteady && fleet.restless.is_empty() {
        services_rest(fleet, sim, recorder);
    }
}

fn group_rests(fleet: &Fleet, cluster: &Cluster, recorder: &Recorder, id: AsgId) {
    let row = &cluster.groups()[id];
    let name = &fleet.model.definitions.auto_scaling_groups[id].name;
    let counts = &row.counts;
    let owner = |option| fleet.model.definitions.launch_options[option].owner;
    let failed = last(recorder, |fact| match *fact {
        Fact::LaunchFailed { option, .. } => Some(owner(option))
            .filter(|of| matches!(of, ecsim_cluster::definitions::LaunchOwner::Group(group) if *group == id)),
        _ => None,
    });
    let cannot_launch = failed.is_some_and(|(time, _)| !long_ago(time, 1_100));
    // A desired capacity that changed in the last minutes is still being reached.
    let changed = last(recorder, |fact| match *fact {
        Fact::DesiredCapacityChanged { group, .. } if group == id => Some(()),
        _ => None,
    });
    let moved = last(recorder, |fact| match *fact {
        Fact::InstanceLifecycleChanged { instance, .. } if cluster.instances()[instance].group == Some(id) => Some(()),
        _ => None,
    });
    if changed.into_iter().chain(moved).any(|(time, ())| !long_ago(time, 1_000)) {
        return;
    }
    assert!(counts.capacity >= row.desired || cannot_launch, "{name}: {} of {}", counts.capacity, row.desired);
    assert!(
        counts.capacity <= row.desired || counts.unprotected == 0,
        "{name}: {} of {}, and {} are not protected",
        counts.capacity,
        row.desired,
        counts.unprotected
    );
    // A group that cannot launch what it lacks goes on scaling, and waits with what only failed its checks (ASG-007).
    assert!(counts.unhealthy == 0 || cannot_launch, "{name}: {} unhealthy", counts.unhealthy);
    for instance in row.instances.iter().map(|id| &cluster.instances()[*id]) {
        let what = format!("{} {:?} {}", instance.name, instance.lifecycle, instance.status);
        match instance.lifecycle {
            InstanceLifecycle::InService => {
                assert!(instance.host_running && instance.terminated_at.is_none(), "{what}")
            }
            InstanceLifecycle::WarmedStopped
            | InstanceLifecycle::WarmedRunning
            | InstanceLifecycle::WarmedHibernated => {
                assert!(instance.terminated_at.is_none(), "{what}");
            }
            InstanceLifecycle::TerminatingWait => {
                assert!(!instance.tasks.is_empty(), "{what} with nothing on it");
            }
            _ => panic!("{what} for ever"),
        }
    }
    let wanted = fleet.model.capacity.groups[id].warm_pool.map_or(0, |pool| pool.size.size(row.desired, row.max_size));
    assert!(counts.warm == wanted || cannot_launch, "{name}: {} warm, {wanted} wanted", counts.warm);
}

fn provider_rests(fleet: &Fleet, cluster: &Cluster, recorder: &Recorder, id: ProviderId) {
    let row = &cluster.providers()[id];
    let name = &fleet.model.definitions.capacity_providers[id].name;
    let ProviderKind::AutoScalingGroup(group) = fleet.model.definitions.capacity_providers[id].kind else { return };
    let group = &cluster.groups()[group];
    if row.status != ProviderStatus::Active || row.managed_scaling.is_none() {
        return;
    }
    let sample = last(recorder, |fact| match *fact {
        Fact::ReservationSampled { provider, sample } if provider == id => Some(sample),
        _ => None,
    });
    let (_, sample) = sample.expect("a sample every minute");
    let patient = row.waiting.iter().any(|task| long_ago(cluster.task(*task).created_at, 900));
    // From nothing two are asked for, and no more before one of them is there (CAS-007).
    if patient && !sample.all_incompatible && group.counts.capacity > 0 {
        assert!(group.desired == group.max_size, "{name}: tasks wait, and the group stays at {}", group.desired);
    }
}

fn services_rest(fleet: &Fleet, sim: &Simulation, recorder: &Recorder) {
    let cluster = sim.cluster();
    for service in cluster.services().values() {
        let definition = &fleet.model.definitions.services[service.id];
        let name = &definition.name;
        match service.status {
            ServiceStatus::Active => {}
            _ => {
                assert!(service.tasks.is_empty(), "{name}: deleted, with tasks");
                continue;
            }
        }
        if definition.scheduling == SchedulingStrategy::Daemon {
            continue;
        }
        let mut waits = 0;
        for task in service.tasks.iter().map(|task| cluster.task(*task)) {
            if task.awaits_instance() {
                waits += 1;
            } else if task.last != TaskStatus::Running && long_ago(task.created_at, 1_000) {
                panic!("{name}: {:?} is {} for ever", task.id, task.last);
            }
        }
        assert!(service.live <= service.desired_count, "{name}: {} of {}", service.live, service.desired_count);
        let held_back = last(recorder, |fact| match *fact {
            Fact::ServiceHeldBack { service: of, .. } if of == service.id => Some(()),
            _ => None,
        });
        let refused = last(recorder, |fact| match *fact {
            Fact::ServiceUnplaced { service: of, .. } if of == service.id => Some(()),
            _ => None,
        });
        // What it lost in the last minutes it may still be replacing.
        let mine: BTreeSet<TaskId> = recorder
            .facts
            .iter()
            .filter_map(|(_, fact)| match *fact {
                Fact::TaskCreated { task, origin, .. } if origin.service() == Some(service.id) => Some(task),
                _ => None,
            })
            .collect();
        let lost = last(recorder, |fact| match fact {
            Fact::TaskStopRequested { task, .. } if mine.contains(task) => Some(()),
            _ => None,
        });
        let has_reason = held_back.into_iter().chain(refused).any(|(time, ())| time > at(super::fleet::AGAIN))
            || lost.is_some_and(|(time, ())| !long_ago(time, 120));
        assert!(
            service.live == service.desired_count || has_reason,
            "{name}: {} live, {} wanted, {waits} wait",
            service.live,
            service.desired_count
        );
    }
}
