//! What becomes of the requests of a load while nothing changes.

use ecsim_cluster::load::TargetGroupSample;
use ecsim_cluster::{InstanceId, TargetGroupId};
use ecsim_kernel::{SimTime, Span};

use super::{Demand, Load, Member, STEP};
use crate::load::limits::PATIENT_SECS;
use crate::load::{Limit, Mixture, Response, Station, Steady, mesh};
use crate::simulation::Simulation;

/// What becomes of the requests of a load, each second.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    pub(super) arrivals: f64,
    pub(super) succeeded: f64,
    pub(super) failed: f64,
    pub(super) rejected: f64,
    /// Times to the answers, with how many there are a second.
    pub(super) mixture: Mixture,
    /// CPU units in use, MiB in use, tasks that receive requests.
    pub(super) cpu: f64,
    pub(super) memory: f64,
    pub(super) receivers: f64,
    pub(super) out_of_slo: bool,
    /// By target group.
    pub(super) groups: Vec<GroupFlow>,
    /// What the proxies of the tasks see, those of retries included (LB-041).
    pub(super) proxied: GroupFlow,
    pub(super) reports: Reports,
    /// Of the CPU in use, what instances give (CW-022).
    pub(super) on_instances: (f64, f64),
    answer: (Response, f64),
}

/// What a target group sees of it, each second (LB-033).
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupFlow {
    pub(super) group: TargetGroupId,
    pub(super) requests: f64,
    pub(super) succeeded: f64,
    pub(super) failed: f64,
    pub(super) rejected: f64,
    /// Requests that a target got and did not answer: it was too late, or it was gone.
    pub(super) unanswered: f64,
    /// Answers times the seconds they take, and how many there are.
    pub(super) waited: f64,
    pub(super) answers: f64,
    pub(super) in_flight: f64,
}

/// The samples of the tasks that report (CW-033 to CW-035).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reports {
    /// How many tasks report.
    pub(super) tasks: f64,
    /// CPU in percent of what the task reserves: sum, least, most.
    pub(super) cpu: (f64, f64, f64),
    /// How many of them reserve CPU at all.
    pub(super) cpu_tasks: f64,
    /// Memory likewise.
    pub(super) memory: (f64, f64, f64),
    /// CPU units and MiB in use.
    pub(super) used: (f64, f64),
}

impl Default for GroupFlow {
    fn default() -> Self {
        Self::new(TargetGroupId::new(0))
    }
}

impl GroupFlow {
    /// It has seen nothing.
    pub(super) const fn new(group: TargetGroupId) -> Self {
        Self {
            group,
            requests: 0.0,
            succeeded: 0.0,
            failed: 0.0,
            rejected: 0.0,
            unanswered: 0.0,
            waited: 0.0,
            answers: 0.0,
            in_flight: 0.0,
        }
    }

    /// Adds up what another one sees each second.
    pub(super) fn add(&mut self, flow: &Self, seconds: f64) {
        self.requests += flow.requests * seconds;
        self.succeeded += flow.succeeded * seconds;
        self.failed += flow.failed * seconds;
        self.rejected += flow.rejected * seconds;
        self.unanswered += flow.unanswered * seconds;
        self.waited += flow.waited * seconds;
        self.answers += flow.answers * seconds;
        self.in_flight += flow.in_flight * seconds;
    }

    /// Requests that overflow the queue of a target, which answers 503 itself, or wait too long in it, which the load balancer
    /// answers with 504.
    pub(super) fn overflow(&mut self, is_queue: bool, requests: f64) {
        *(if is_queue { &mut self.failed } else { &mut self.unanswered }) += requests;
    }

    /// What has been added up over so many seconds, as it is told.
    pub(super) fn sample(&self, seconds: f64) -> TargetGroupSample {
        let thousandths = |value: f64| (value * 1e3).round().max(0.0) as u64;
        TargetGroupSample {
            requests: thousandths(self.requests),
            succeeded: thousandths(self.succeeded),
            failed: thousandths(self.failed),
            rejected: thousandths(self.rejected),
            unanswered: thousandths(self.unanswered),
            answers: thousandths(self.answers),
            mean_us: if self.answers > 0.0 { (self.waited / self.answers * 1e6).round() as u64 } else { 0 },
            in_flight: thousandths(self.in_flight / seconds),
        }
    }
}

impl Flow {
    /// How requests are answered, as whoever sends them sees it, and which share with success.
    pub(super) const fn answer(&self) -> (Response, f64) {
        self.answer
    }

    fn group(&mut self, group: TargetGroupId) -> &mut GroupFlow {
        let at = self.groups.iter().position(|it| it.group == group).unwrap_or_else(|| {
            self.groups.push(GroupFlow::new(group));
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }
}

impl Load {
    fn station(&self, member: &Member, receivers: usize) -> Station {
        Station {
            vcpus: member.vcpus,
            cpu: member.cpu,
            variation: self.model.variation,
            delay: self.model.delay,
            workers: self.model.concurrency,
            // Taking turns makes what comes to one task more even: every n-th request of a Poisson process.
            arrivals: if self.turns { 1.0 / receivers.max(1) as f64 } else { 1.0 },
            pool: if self.least_outstanding { receivers.max(1) as f64 } else { 1.0 },
        }
    }

    /// How many tasks receive requests.
    pub(super) fn receiver_count(&self) -> usize {
        self.tasks.iter().filter(|it| it.share > 0.0 && it.runs).count()
    }

    /// What each of its tasks can answer, and its part of the requests: where they go to whoever has the fewest, by what
    /// each can answer.
    fn weigh(&mut self) {
        let receivers = self.receivers;
        let (mut shares, mut sum) = (0.0, 0.0);
        for at in 0..self.tasks.len() {
            let member = &self.tasks[at];
            let capacity = if member.runs { self.station(member, receivers).capacity() } else { 0.0 };
            let (most, is_queue, limit) = self.most(member, capacity);
            let (group, share) = (member.group, member.share);
            let known = &mut self.tasks[at];
            (known.capacity, known.most, known.is_queue, known.bound) = (capacity, most, is_queue, limit);
            // Less may pile up than did: the rest is lost.
            let over = (known.backlog - most).max(0.0);
            *(if is_queue { &mut self.period.rejected } else { &mut self.period.failed }) += over;
            self.period.seen(group, |it| it.overflow(is_queue, over));
            known.backlog -= over;
            shares += share;
            sum += if share > 0.0 { capacity } else { 0.0 };
        }
        let by_capacity = self.least_outstanding && sum.is_finite() && sum > 0.0;
        let shares = if shares > 0.0 { shares } else { 1.0 };
        let taken = 1.0 - self.refused;
        for member in &mut self.tasks {
            member.part = match member.share {
                share if share > 0.0 && by_capacity => taken * member.capacity / sum,
                share => taken * share / shares,
            };
        }
    }

    /// Requests a second that are lost or turned away when so many come.
    fn lost(&mut self, offered: f64) -> f64 {
        if !self.tasks.iter().any(|it| it.share > 0.0) {
            return offered;
        }
        if self.mesh {
            return self.lost_behind_proxies(offered);
        }
        let receivers = self.receivers;
        let each = self.tasks.iter().map(|member| {
            let arrivals = offered * member.part;
            if !member.runs {
                return arrivals;
            }
            let lost = self.overflow(member, receivers, arrivals);
            if member.errors > 0.0 { lost + (arrivals - lost) * member.errors } else { lost }
        });
        let lost = each.sum::<f64>() + offered * self.refused;
        lost + (offered - lost) * self.model.error_rate
    }

    /// The same where proxies send what failed to another task (LB-041); tells each task its part of all attempts. From few
    /// attempts to many, until as many fail as that many make.
    fn lost_behind_proxies(&mut self, offered: f64) -> f64 {
        let receivers = self.receivers;
        let all: f64 = self.tasks.iter().map(|it| it.share).sum();
        let mut each: Vec<f64> = self.tasks.iter().map(|it| offered * it.share / all).collect();
        let mut lost = 0.0;
        for _ in 0..64 {
            let with_share = self.tasks.iter().zip(&each);
            let tasks: Vec<(f64, f64)> =
                with_share.map(|(it, rate)| (it.share / all, self.fails(it, receivers, *rate))).collect();
            let next = mesh::attempts(offered, &tasks);
            lost = next.lost;
            let settled = each.iter().zip(&next.each).all(|(a, b)| (a - b).abs() <= 1e-9 * b);
            each = next.each;
            if settled {
                break;
            }
        }
        for (member, rate) in self.tasks.iter_mut().zip(&each) {
            member.part = if offered > 0.0 { rate / offered } else { member.share / all };
        }
        lost
    }

    /// The share of the requests that come to a task which it fails by itself.
    fn fails(&self, member: &Member, receivers: usize, arrivals: f64) -> f64 {
        if !member.runs {
            return 1.0;
        }
        let answered = (1.0 - member.errors) * (1.0 - self.model.error_rate);
        let over = if arrivals > 0.0 { self.overflow(member, receivers, arrivals) / arrivals } else { 0.0 };
        1.0 - (1.0 - over) * answered
    }

    /// Requests a second that find the queue of a task full, or wait too long in it: what is more than it can answer once as
    /// much has piled up as may; and by chance before that, where there is a limit that is felt.
    fn overflow(&self, member: &Member, receivers: usize, arrivals: f64) -> f64 {
        let is_full = member.backlog >= member.most;
        let more = if is_full && arrivals > member.capacity { arrivals - member.capacity } else { 0.0 };
        let Some(limit) = member.bound else { return more };
        let station = self.station(member, receivers);
        let by_chance = |rate: f64| station.limited(rate, limit).map_or(0.0, |it| it.lost) * arrivals;
        if is_full || arrivals <= member.capacity {
            return by_chance(arrivals).max(more);
        }
        // It fills, or what comes too much is lost by chance anyway.
        let lost = by_chance(member.capacity);
        if arrivals - lost <= member.capacity { by_chance(arrivals) } else { lost }
    }

    /// How much may pile up at a task of this capacity: until its queue is full, its clients give up, or it dies of it; and
    /// whether it is the queue. Last, what is felt below saturation: no queue is older than [`PATIENT_SECS`] there.
    fn most(&self, member: &Member, capacity: f64) -> (f64, bool, Option<Limit>) {
        let in_time = capacity * self.model.timeout;
        let queue = self.model.max_queue.unwrap_or(f64::INFINITY);
        let (most, is_queue) = if queue <= in_time { (queue, true) } else { (in_time, false) };
        let room = if self.model.memory > 0.0 && member.memory_limit.is_finite() {
            // A little beyond its memory, so that it is seen to be over.
            ((member.memory_limit - member.base_memory) / self.model.memory + 1.0).max(0.0)
        } else {
            f64::INFINITY
        };
        let limit = match most {
            most if most > room || capacity <= 0.0 || !capacity.is_finite() => None,
            queue if is_queue => Some(Limit::Queue(queue)),
            _ => Some(Limit::Wait(self.model.timeout)).filter(|_| self.model.timeout < PATIENT_SECS),
        };
        (most.min(room), is_queue, limit)
    }
}

impl Demand {
    /// How many requests come to a load, and how much CPU its tasks want for them.
    pub(super) fn offer(&mut self, sim: &Simulation, at: u32, hosts: &mut Vec<InstanceId>) {
        let called: f64 =
            self.loads[at as usize].callers.iter().map(|(by, times)| self.loads[*by as usize].served * times).sum();
        // Each task that calls has a proxy of its own; so has whoever calls from outside.
        let mut proxies = if self.loads[at as usize].mesh {
            let callers = self.loads[at as usize].callers.iter().map(|(by, _)| self.loads[*by as usize].receivers);
            callers.sum::<usize>() as f64
        } else {
            0.0
        };
        let load = &mut self.loads[at as usize];
        let (outside, until) = load.model.rate.at(sim.now.ms() as i64, sim.luck(load.key));
        load.rate_until = if until == i64::MAX { SimTime::MAX } else { SimTime::from_ms(until.max(0) as u64) };
        let base = outside.max(0.0) + called;
        proxies += if outside > 0.0 { 1.0 } else { 0.0 };
        load.weigh();
        let mut offered = base;
        if load.model.retries > 0 && base > 0.0 {
            // Those that fail come again: from few to many, until as many come as that many make.
            for _ in 0..64 {
                let share = (load.lost(offered) / offered).clamp(0.0, 1.0);
                let times = (1..=load.model.retries).fold((1.0, 1.0), |(sum, power), _| {
                    let power = power * share;
                    (sum + power, power)
                });
                let next = base * times.0;
                if (next - offered).abs() <= 1e-9 * next {
                    break;
                }
                offered = next;
            }
        }
        if load.mesh {
            // Each task's part of what comes in the end.
            load.lost(offered);
        }
        load.offered = offered;
        let (receivers, proxies) = (load.receivers, proxies.max(1.0));
        let mut served = 0.0;
        for index in 0..load.tasks.len() {
            let member = &load.tasks[index];
            let (arrivals, capacity) = (offered * member.part, member.capacity);
            let lost = if member.runs { load.overflow(member, receivers, arrivals) } else { 0.0 };
            let striking = if load.mesh && member.share > 0.0 {
                let fails = load.fails(member, receivers, arrivals);
                mesh::ejected_after(arrivals / proxies, fails).map_or(0.0, |secs| 1.0 / secs)
            } else {
                0.0
            };
            let member = &mut load.tasks[index];
            let is_full = member.backlog >= member.most && arrivals > capacity;
            let net = if is_full { arrivals - capacity } else { arrivals - lost - capacity };
            let piles = member.runs && (member.backlog > 0.0 || net > 0.0);
            member.growth = match net {
                _ if !piles || capacity.is_infinite() => 0.0,
                net if net > 0.0 && member.backlog >= member.most => 0.0,
                net => net,
            };
            member.lost = lost;
            (member.striking, member.strikes) = (striking, if striking > 0.0 { member.strikes } else { 0.0 });
            served += if !member.runs { 0.0 } else { member.taken(arrivals, piles) };
            let wants = if !member.runs {
                0.0
            } else if piles {
                load.model.concurrency.map_or(f64::INFINITY, f64::from)
            } else {
                (arrivals - lost) * member.cpu
            };
            if member.wants != wants {
                member.wants = wants;
                hosts.extend(member.instance.filter(|host| !self.hosts[host.index()].is_roomy));
            }
        }
        load.served = served;
    }

    /// What becomes of the requests of a load for the next `step` at most.
    pub(super) fn flow(&mut self, sim: &Simulation, at: u32, step: Span) {
        let mut behind = Response::default();
        let mut success = 1.0;
        for (called, times) in &self.loads[at as usize].model.calls {
            let (response, share) = self.loads[*called as usize].answer();
            behind = behind.then(response, *times);
            success *= ecsim_kernel::math::pow(share, *times);
        }
        let load = &mut self.loads[at as usize];
        let own_success = 1.0 - load.model.error_rate;
        let success = success * own_success;
        // Attempts, and those of them that failed or were turned away by the tasks themselves.
        let (mut attempts, mut again) = (0.0, (0.0, 0.0));
        let mut flow = Flow { arrivals: load.offered, ..Flow::default() };
        let receivers = load.receivers;
        // Tasks that are alike are worked out once.
        let mut known: Vec<([u64; 3], Steady)> = Vec::new();
        let step = step.min(STEP).secs_f64();
        for index in 0..load.tasks.len() {
            let station = load.station(&load.tasks[index], receivers);
            let member = &mut load.tasks[index];
            let (arrivals, capacity) = (load.offered * member.part, member.capacity);
            let (most, is_queue) = (member.most, member.is_queue);
            if arrivals > 0.0 && member.share > 0.0 {
                flow.receivers += 1.0;
            }
            let mut seen = GroupFlow { requests: arrivals, ..GroupFlow::new(TargetGroupId::new(0)) };
            let mut own = (0.0, 0.0);
            if !member.runs {
                seen.failed = arrivals;
                flow.failed += arrivals;
                own.0 = arrivals;
                (member.busy, member.in_flight, member.inside) = (0.0, 0.0, 0.0);
            } else if arrivals > 0.0 || member.backlog > 0.0 {
                let lost = member.lost;
                let piles = member.backlog > 0.0 || member.growth > 0.0 || (arrivals > capacity && lost > 0.0);
                let rate = member.taken(arrivals, piles);
                let bits = [rate, member.vcpus, member.cpu].map(f64::to_bits);
                let steady = known.iter().find(|it| it.0 == bits).map(|it| it.1).unwrap_or_else(|| {
                    let steady = station.steady(rate);
                    known.push((bits, steady));
                    steady
                });
                let mut response = steady.response;
                let alone = station.alone_response();
                // What waits by chance, and no more than may.
                let chance = (response.mean - alone.mean).max(0.0) * rate;
                let mut waiting = 0.0;
                let limited = member.bound.filter(|_| member.backlog <= 0.0 && member.growth <= 0.0 && most > 0.0);
                let limited = limited.and_then(|limit| station.limited(arrivals, limit)).filter(|it| it.lost > 1e-12);
                if let Some(limited) = limited {
                    // As long as the queue under its limit is, and no longer than it gets in time.
                    let wait = limited.wait.min(response.mean - alone.mean).max(0.0);
                    let stretch = if station.shares() { 1.0 + wait / alone.mean.max(1e-12) } else { 1.0 };
                    response = Response {
                        shift: alone.shift,
                        mean: alone.mean + wait,
                        variance: (alone.variance * stretch * stretch + limited.variance).min(response.variance),
                    };
                } else if piles || chance > most {
                    // The backlog in the middle of the step; by chance there is a queue before anything piles up.
                    let backlog = (member.backlog + member.growth * step / 2.0).clamp(0.0, most);
                    let full = most > 0.0 && member.growth == 0.0 && backlog >= most;
                    let wait = backlog.max(chance).min(most) / capacity;
                    waiting = if piles { backlog } else { 0.0 };
                    let spread = member.growth * step / capacity;
                    let random = if full { 0.0 } else { chance.min(most) / capacity };
                    response = Response {
                        shift: alone.shift + (wait - random).max(0.0),
                        mean: alone.mean + wait,
                        variance: alone.variance + spread * spread / 12.0 + random * random,
                    };
                }
                *(if is_queue { &mut seen.rejected } else { &mut seen.failed }) = lost;
                own = (seen.failed + rate * (1.0 - own_success * (1.0 - member.errors)), seen.rejected);
                let success = success * (1.0 - member.errors);
                let response = response.then(behind, 1.0);
                flow.mixture.add(rate, response);
                seen.succeeded = rate * success;
                seen.failed += rate * (1.0 - success);
                seen.waited = rate * response.mean;
                seen.answers = rate;
                member.busy = rate * member.cpu;
                member.in_flight = rate * response.mean;
                member.inside = (member.in_flight - waiting).max(0.0);
                seen.in_flight = member.in_flight;
                flow.succeeded += seen.succeeded;
                flow.failed += seen.failed;
                flow.rejected += seen.rejected;
            } else {
                (member.busy, member.in_flight, member.inside) = (0.0, 0.0, 0.0);
            }
            (again.0, again.1) = (again.0 + own.0, again.1 + own.1);
            if load.mesh {
                attempts += arrivals;
                flow.proxied.add(&seen, 1.0);
            }
            let member = &mut load.tasks[index];
            (member.arriving, member.answering) = if member.runs { (arrivals, seen.succeeded) } else { (0.0, 0.0) };
            if let Some(group) = member.group {
                let mut of_group = GroupFlow { failed: 0.0, rejected: 0.0, ..seen };
                if member.runs {
                    of_group.failed = seen.failed + seen.rejected - member.lost;
                    of_group.overflow(is_queue, member.lost);
                } else {
                    of_group.unanswered = arrivals;
                }
                flow.group(group).add(&of_group, 1.0);
            }
        }
        if load.mesh && again.0 + again.1 > 0.0 {
            // What a proxy sends again has not failed (LB-041).
            let part = ((attempts - load.offered).max(0.0) / (again.0 + again.1)).min(1.0);
            flow.failed -= part * again.0;
            flow.rejected -= part * again.1;
        }
        let turned_away = if load.tasks.iter().any(|it| it.share > 0.0) { load.refused } else { 1.0 };
        if turned_away > 0.0 {
            flow.rejected += load.offered * turned_away;
            if let Some(front) = load.front {
                flow.group(front).rejected += load.offered * turned_away;
            }
        }
        load.report(&mut flow, sim.now);
        let answered = flow.mixture.overall();
        let once = if flow.arrivals > 0.0 { (flow.succeeded / flow.arrivals).min(1.0) } else { 1.0 };
        // Who calls sees the last of all attempts, after the time that they took together.
        let mut again = (1.0, 1.0);
        for _ in 0..load.model.retries {
            again.1 *= 1.0 - once;
            again.0 += again.1;
        }
        flow.answer = (Response::default().then(answered, again.0), 1.0 - again.1 * (1.0 - once));
        flow.out_of_slo = load.model.slo.is_some_and(|slo| {
            let bad = flow.failed + flow.rejected;
            // Where nobody gets an answer, nobody gets one in time.
            let slow = slo
                .latency
                .is_some_and(|most| flow.mixture.weight() <= 0.0 || flow.mixture.quantiles([slo.percentile])[0] > most);
            let fails = slo.error_rate.is_some_and(|most| bad > most * flow.arrivals);
            flow.arrivals > 0.0 && (slow || fails)
        });
        load.flow = flow;
        load.changed = true;
        load.dirty |= load.is_given && !sim.model.metrics_period.is_zero();
    }
}

impl Load {
    /// What the agents report of the tasks (CW-030 to CW-035).
    fn report(&self, flow: &mut Flow, now: SimTime) {
        let mut reports =
            Reports { cpu: (0.0, f64::INFINITY, 0.0), memory: (0.0, f64::INFINITY, 0.0), ..Reports::default() };
        let put = |sums: &mut (f64, f64, f64), value: f64| {
            *sums = (sums.0 + value, sums.1.min(value), sums.2.max(value));
        };
        for member in self.tasks.iter().filter(|it| it.runs) {
            let (cpu, memory) = (member.busy * 1_024.0, member.memory(&self.model));
            flow.cpu += cpu;
            flow.memory += memory;
            if member.instance.is_some() {
                flow.on_instances.0 += cpu;
                flow.on_instances.1 += memory;
            }
            if member.reports_from > now {
                continue;
            }
            reports.tasks += 1.0;
            reports.used.0 += cpu;
            reports.used.1 += memory;
            if member.reserved.0 > 0 {
                reports.cpu_tasks += 1.0;
                put(&mut reports.cpu, cpu / f64::from(member.reserved.0) * 100.0);
            }
            // Usage is in whole MiB (CW-032).
            let whole = (memory + 1e-6).floor();
            put(&mut reports.memory, whole / f64::from(member.reserved.1.max(1)) * 100.0);
        }
        flow.reports = reports;
    }
}
