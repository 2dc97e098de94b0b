//! Which tasks a load has: those that receive requests, and those that report their use (CW-035, LB-023).

use std::collections::BTreeSet;

use ecsim_cluster::targets::RoutingAlgorithm;
use ecsim_cluster::{DesiredStatus, InstanceId, Task, TaskId};
use ecsim_kernel::SimTime;

use super::watch::counted;
use super::{Demand, HostTasks, Member};
use crate::demand::LoadModel;
use crate::load::shares::{Claim, available};
use crate::simulation::Simulation;

/// CPU units of a vCPU.
const UNITS: f64 = 1_024.0;
/// The kernel gives a container at least so many shares.
const LEAST_WEIGHT: u32 = 2;
/// A task that has more than it wants does not care for so small a part of its vCPUs, so that a neighbour's small change
/// is none.
const GRAIN: f64 = 0.01;
/// How often the agent takes a sample (CW-033).
const SAMPLE_MS: u64 = 20_000;

impl Demand {
    /// Asks who receives the requests of a load, and who runs.
    pub(super) fn find_members(&mut self, sim: &Simulation, at: u32, hosts: &mut Vec<InstanceId>) {
        let load = &mut self.loads[at as usize];
        let receivers = sim.receivers(load.service);
        load.members_until = receivers.changes_at.filter(|at| *at > sim.now).unwrap_or(SimTime::MAX);
        let mut shares = receivers.shares;
        shares.sort_unstable_by_key(|(task, _)| *task);
        let share = |task: TaskId| shares.binary_search_by_key(&task, |(id, _)| *id).map_or(0.0, |at| shares[at].1);
        let revision = sim.cluster.primary_revision(load.service);
        load.front = revision.target_groups.first().copied();
        let mut tasks = Vec::new();
        for id in &sim.cluster.services()[load.service].tasks {
            let row = sim.cluster.task(*id);
            let runs =
                row.started_at.is_some() && !row.execution_stopped && !self.crashed.contains(id) && !is_down(sim, row);
            if !runs && share(*id) == 0.0 {
                continue;
            }
            let known = load.tasks.binary_search_by_key(id, |it| it.task).ok().map(|at| load.tasks[at]);
            let mut member = known.unwrap_or_else(|| Member::new(sim, row, &load.model));
            member.share = share(*id);
            let of_revision = sim.model.behaviors[row.definition].request_errors;
            member.errors = 1.0 - (1.0 - f64::from(row.error_share) / 1e6) * (1.0 - of_revision);
            member.runs = runs;
            member.group = row.targets.first().map(|target| target.group);
            tasks.push(member);
        }
        // Requests to tasks whose row is gone are lost until nobody sends any there (LB-023).
        for (task, share) in &shares {
            if sim.cluster.tasks().get(*task).is_none() {
                let known = load.tasks.binary_search_by_key(task, |it| it.task).ok().map(|at| &load.tasks[at]);
                let strikes = known.map_or(0.0, |it| it.strikes);
                tasks.push(Member { strikes, group: load.front, ..Member::gone(*task, *share) });
            }
        }
        if receivers.lost > 0.0 {
            // Somebody sends there still, and nobody is there (LB-023, LB-040).
            tasks.push(Member { group: load.front, ..Member::gone(TaskId::new(u32::MAX), receivers.lost) });
        }
        (load.mesh, load.may_eject) = (receivers.mesh, receivers.may_eject);
        load.refused = receivers.refused;
        tasks.sort_unstable_by_key(|it| it.task);
        let before = core::mem::replace(&mut load.tasks, tasks);
        load.receivers = load.receiver_count();
        for member in before {
            let still = load.tasks.binary_search_by_key(&member.task, |it| it.task).ok();
            let ended = still.is_none_or(|at| !load.tasks[at].runs) && member.runs;
            if !ended {
                continue;
            }
            // What still waits when the containers are gone is lost. Asked to stop, a task answers until then, and what it
            // has begun; a crash takes that too. It was counted as answered when it came, so no more is lost than was.
            load.period.failed += member.backlog;
            load.period.seen(member.group, |it| it.unanswered += member.backlog);
            let restarts = sim.cluster.tasks().get(member.task).is_some_and(|row| is_down(sim, row));
            if self.crashed.contains(&member.task) || restarts {
                load.owed += member.inside.min(member.answered);
                load.settle_owed();
            }
            if let Some(at) = still {
                let gone = &mut load.tasks[at];
                (gone.backlog, gone.growth, gone.wants, gone.in_flight, gone.busy) = (0.0, 0.0, 0.0, 0.0, 0.0);
                (gone.inside, gone.came, gone.answered) = (0.0, 0.0, 0.0);
                (gone.arriving, gone.answering) = (0.0, 0.0);
            }
            if let Some(instance) = member.instance {
                hosts.push(instance);
                self.hosts[instance.index()].tasks.retain(|(_, task)| *task != member.task);
            }
        }
        for member in load.tasks.iter().filter(|it| it.runs) {
            if let Some(instance) = member.instance {
                if self.hosts.len() <= instance.index() {
                    self.hosts.resize_with(instance.index() + 1, HostTasks::default);
                }
                let tasks = &mut self.hosts[instance.index()].tasks;
                if !tasks.contains(&(at, member.task)) {
                    tasks.push((at, member.task));
                    hosts.push(instance);
                }
            }
        }
        let algorithm = load.front.map(|group| sim.model.definitions.target_groups[group].algorithm);
        load.least_outstanding = algorithm == Some(RoutingAlgorithm::LeastOutstandingRequests);
        load.turns = algorithm == Some(RoutingAlgorithm::RoundRobin);
    }

    /// Divides the processors of an instance anew; loads whose tasks get more or less are `work`.
    pub(super) fn divide(&mut self, sim: &Simulation, host: InstanceId, work: &mut BTreeSet<u32>) {
        let tasks = &self.hosts[host.index()].tasks;
        let total = f64::from(sim.model.definitions.shapes[sim.cluster.instances()[host].shape].registered.cpu) / UNITS;
        let mut claims = Vec::with_capacity(tasks.len());
        let mut places = Vec::with_capacity(tasks.len());
        for (load, task) in tasks {
            let members = &self.loads[*load as usize].tasks;
            let Ok(at) = members.binary_search_by_key(task, |it| it.task) else { continue };
            let it = &members[at];
            claims.push(Claim { weight: f64::from(it.reserved.0.max(LEAST_WEIGHT)), wants: it.wants, limit: it.limit });
            places.push((*load, at));
        }
        let limits: f64 = claims.iter().map(|claim| claim.limit).sum();
        self.hosts[host.index()].is_roomy = limits <= total;
        for (own, (load, at)) in places.into_iter().enumerate() {
            let free = available(&claims, own, total);
            let member = &mut self.loads[load as usize].tasks[at];
            let vcpus = if free >= member.limit * (1.0 - 1e-9) { member.limit } else { free };
            // Who uses all that it gets has exactly that.
            let has_enough = member.wants <= vcpus.min(member.vcpus);
            let grain = if vcpus == member.limit {
                0.0
            } else if has_enough {
                GRAIN
            } else {
                1e-9
            };
            if (member.vcpus - vcpus).abs() > grain * member.vcpus {
                member.vcpus = vcpus;
                if member.share > 0.0 {
                    work.insert(load);
                }
            }
        }
    }
}

/// Whether the container that does the work has exited and is to be started again in place: its task still runs.
fn is_down(sim: &Simulation, row: &Task) -> bool {
    let main = crate::world::containers::main_container(&sim.model.definitions.task_definitions[row.definition]);
    row.desired != DesiredStatus::Stopped && row.running_containers() >> main & 1 == 0
}

impl Member {
    fn new(sim: &Simulation, row: &Task, load: &LoadModel) -> Self {
        let definition = &sim.model.definitions.task_definitions[row.definition];
        let limit = match (definition.task_cpu, row.is_fargate(), definition.fargate) {
            (_, true, Some(size)) => f64::from(size.cpu) / UNITS,
            (Some(cpu), ..) => f64::from(cpu) / UNITS,
            _ => f64::INFINITY,
        };
        // The limit of the task, or the hard limit of the container that does the work (TSK-026, TSK-027).
        let main = crate::world::containers::main_container(definition);
        let own = definition.containers.get(main).and_then(|container| container.memory);
        let fargate = definition.fargate.filter(|_| row.is_fargate()).map(|size| size.memory);
        let memory_limit = [fargate, definition.task_memory, own].into_iter().flatten().min();
        let started = counted(row.started_at.unwrap_or(sim.now)).ms();
        Self {
            runs: true,
            reports_from: SimTime::from_ms(started.div_ceil(SAMPLE_MS) * SAMPLE_MS),
            instance: row.instance,
            reserved: (row.requirements.cpu, row.requirements.memory),
            limit,
            vcpus: if limit.is_finite() { limit } else { 1.0 },
            cpu: sim.model.behaviors[row.definition].request_cpu.unwrap_or(load.cpu),
            base_memory: load.base_memory.unwrap_or_else(|| sim.memory_at_start(row.id)),
            memory_limit: memory_limit.map_or(f64::INFINITY, f64::from),
            ..Self::gone(row.id, 0.0)
        }
    }

    /// A task that is not there any more.
    const fn gone(task: TaskId, share: f64) -> Self {
        Self {
            task,
            share,
            runs: false,
            reports_from: SimTime::MAX,
            group: None,
            instance: None,
            reserved: (0, 0),
            limit: 0.0,
            vcpus: 0.0,
            wants: 0.0,
            backlog: 0.0,
            growth: 0.0,
            cpu: 0.0,
            errors: 0.0,
            most: 0.0,
            is_queue: false,
            bound: None,
            capacity: 0.0,
            part: 0.0,
            lost: 0.0,
            strikes: 0.0,
            striking: 0.0,
            base_memory: 0.0,
            memory_limit: f64::INFINITY,
            in_flight: 0.0,
            inside: 0.0,
            arriving: 0.0,
            came: 0.0,
            answering: 0.0,
            answered: 0.0,
            busy: 0.0,
        }
    }
}
