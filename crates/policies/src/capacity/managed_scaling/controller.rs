//! Cluster auto scaling as a control loop: one for each capacity provider of an Auto Scaling group (CAS-001, CAS-032).
//!
//! *What it does.* Every full minute it samples `CapacityProviderReservation`; when the sample is published it moves the
//! two alarms on and, while one of them is in ALARM, sets the group's desired capacity. Beside that it lifts and restores
//! scale-in protection where managed termination protection is on.
//!
//! *What AWS documents.* The metric (CAS-003 to CAS-013), alarms (CAS-017 to CAS-019), warm-up and the limits of a step
//! (CAS-021, CAS-023, CAS-025), protection (CAS-029, CAS-030). Ours: the moment of the sample (CAS-031), which empty
//! instances lose their protection first.
//!
//! *What we left out.* Whether constraints other than `distinctInstance` can be met by a new instance (CAS-014).
//!
//! *How we know it is right.* EX-A02, EX-A05 to EX-A14, EX-A26, MEAS-104 to MEAS-107 in the engine's tests and scenarios.
//!
//! A turn costs the same whatever the group holds: sums are in the books, and instances are looked at only while some of
//! them are to lose their protection.

use std::collections::{BTreeMap, VecDeque};

use ecsim_cluster::definitions::{ManagedScaling, ProviderKind};
use ecsim_cluster::scaling::{Alarm, Decision as Because, Reservation as Sample, Withheld};
use ecsim_cluster::{
    AsgId, Command, GpuNeed, InstanceId, InstanceLifecycle, Port, Process, ProviderId, ProviderStatus, ServiceStatus,
    Task,
};
use ecsim_kernel::{SimTime, Span};

use super::alarms::{Action, AlarmState, Alarms};
use super::need::{self, Basis, Capacity, Fleet, StepSizes, WaitingGroup};
use super::reservation::Reservation;
use super::step::{self, GroupSize};
use crate::ages;
use crate::capacity::settings::CountedInstances;
use crate::placement::constraints::Constraint;
use crate::view::{Decision, View};

/// CloudWatch's period of the metric (CAS-003).
const MINUTE: Span = Span::from_mins(1);

/// The control loop of one provider. Its memory is plain data.
#[derive(Clone, Debug)]
pub struct ManagedScalingController {
    provider: ProviderId,
    group: AsgId,
    alarms: Alarms,
    /// When the next sample is taken; `None` while managed scaling is off.
    sample_at: Option<SimTime>,
    /// Samples on their way to CloudWatch.
    published: VecDeque<Published>,
    /// What is left to do in this turn.
    todo: VecDeque<Command>,
    scaled_in_at: Option<SimTime>,
    /// What was noted last, so that the same is not noted every minute.
    noted: Option<core::mem::Discriminant<Withheld>>,
    /// What instances of the group's types hold, by the version of its template.
    types: Option<(u32, Vec<Capacity>)>,
}

/// A sample on its way to CloudWatch.
#[derive(Clone, Copy, Debug)]
struct Published {
    /// When it arrives (LAT-014).
    at: SimTime,
    /// What it says.
    sample: Sample,
    /// Instances of the group when it was taken.
    instances: u32,
}

/// A change of the desired capacity, and how it came about.
struct Change {
    to: u32,
    /// What the formula gave before any limit.
    raw: u32,
    /// How many instances a step of scale-in may take (CAS-023).
    step: Option<u32>,
}

impl ManagedScalingController {
    /// The loop of a provider; `None` where it is no provider of an Auto Scaling group.
    #[must_use]
    pub fn new(provider: ProviderId, kind: ProviderKind) -> Option<Self> {
        let ProviderKind::AutoScalingGroup(group) = kind else { return None };
        Some(Self {
            provider,
            group,
            alarms: Alarms::default(),
            sample_at: None,
            published: VecDeque::new(),
            todo: VecDeque::new(),
            scaled_in_at: None,
            noted: None,
            types: None,
        })
    }

    /// What to do now.
    pub fn decide(&mut self, view: &View<'_>) -> Decision {
        if let Some(command) = self.todo.pop_front() {
            return Decision::Act(command);
        }
        let row = &view.cluster.providers()[self.provider];
        let Some(managed) = row.managed_scaling.filter(|_| row.status == ProviderStatus::Active) else {
            // CAS-033: metric, alarms and policy are gone; the desired capacity stays where it is.
            *self = Self::new(self.provider, ProviderKind::AutoScalingGroup(self.group)).expect("of a group");
            return Decision::Sleep;
        };
        if row.termination_protection
            && let Some(command) = self.protect(view)
        {
            return Decision::Act(command);
        }
        if let Some(datapoint) = self.published.front().copied().filter(|datapoint| datapoint.at <= view.now) {
            self.published.pop_front();
            self.evaluate(view, managed, datapoint);
            return self.decide(view);
        }
        let offset = view.settings.capacity.sample_offset;
        let due = *self.sample_at.get_or_insert_with(|| next_minute(view.now) + offset);
        if due <= view.now {
            self.sample_at = Some(next_minute(view.now) + offset);
            let sample = self.sample(view, managed);
            let minute = SimTime::from_ms(view.now.ms() / MINUTE.ms() * MINUTE.ms());
            let at = minute + view.settings.capacity.metric_publish_delay;
            let at = at.max(view.now + view.settings.reaction);
            let instances = view.cluster.groups()[self.group].counts.capacity;
            self.published.push_back(Published { at, sample, instances });
            return Decision::Act(Command::SampleReservation { provider: self.provider, sample });
        }
        let next = self.published.front().map(|datapoint| datapoint.at);
        Decision::WakeAt(next.map_or(due, |at| at.min(due)))
    }

    /// A datapoint has arrived: alarms, and what they ask for (CAS-017 to CAS-026).
    fn evaluate(&mut self, view: &View<'_>, managed: ManagedScaling, datapoint: Published) {
        let sample = datapoint.sample;
        let found = self.alarms.datapoint(sample.against_target());
        let group = self.group;
        let mut set = |alarm, changed: Option<AlarmState>| {
            if let Some(state) = changed {
                let in_alarm = state == AlarmState::Alarm;
                self.todo.push_back(Command::SetAlarm { group, alarm, in_alarm });
            }
        };
        set(Alarm::ManagedHigh(self.provider), found.high_changed);
        set(Alarm::ManagedLow(self.provider), found.low_changed);
        let outcome = match found.action {
            None => {
                self.noted = None;
                return;
            }
            Some(_) if view.cluster.groups()[group].suspended.has(Process::AlarmNotification) => {
                Err(Withheld::Suspended)
            }
            Some(Action::ScaleOut) => self.scale_out(view, managed, datapoint),
            Some(Action::ScaleIn) => self.scale_in(view, managed, sample),
        };
        match outcome {
            Ok(Some(Change { to, raw, step })) => {
                self.noted = None;
                let instances = view.cluster.groups()[group].counts.capacity;
                let decision = Because::ManagedScaling { provider: self.provider, sample, instances, raw, step };
                self.todo.push_back(Command::SetDesiredCapacity { group, to, decision });
            }
            Ok(None) => {}
            Err(withheld) => {
                let kind = Some(core::mem::discriminant(&withheld));
                if self.noted != kind {
                    self.noted = kind;
                    self.todo.push_back(Command::NoteWithheld { group, withheld });
                }
            }
        }
    }

    fn size(&self, view: &View<'_>) -> GroupSize {
        let row = &view.cluster.groups()[self.group];
        GroupSize { desired: row.desired.into(), min: row.min_size.into(), max: row.max_size.into() }
    }

    /// The youngest instance that is not past its warm-up (CAS-021): its age.
    fn warming(&self, view: &View<'_>, warmup: Span) -> Option<Span> {
        let instances = view.cluster.groups()[self.group].instances.iter().rev();
        let mut capacity = instances.map(|id| &view.cluster.instances()[*id]).filter(|instance| instance.is_capacity());
        let youngest = capacity.next().filter(|instance| !instance.was_there_at_start())?.launched_at;
        (!ages::has_passed(youngest, view.now, warmup)).then(|| ages::age(youngest, view.now))
    }

    /// CAS-020 to CAS-022: the new desired capacity; nothing where it stays.
    ///
    /// The formula takes the numbers of the sample (CAS-031), A too. What was launched since is in none of them: it is added,
    /// not multiplied, so that a short warm-up asks for the need once more each minute and does not run away.
    fn scale_out(
        &self,
        view: &View<'_>,
        managed: ManagedScaling,
        datapoint: Published,
    ) -> Result<Option<Change>, Withheld> {
        if let Some(age) = self.warming(view, managed.warmup) {
            return Err(Withheld::WarmingUp { age, warmup: managed.warmup, out: true });
        }
        let size = self.size(view);
        let Published { sample, instances, .. } = datapoint;
        let launched_since = view.cluster.groups()[self.group].counts.capacity.saturating_sub(instances);
        let reservation = Reservation::of_m_and_n(sample.m.into(), sample.n.into());
        let zero_start = view.settings.capacity.zero_start;
        let unbounded = GroupSize { desired: 0, min: 0, max: u64::from(u32::MAX) };
        let wanted = step::scale_out(unbounded, instances.into(), reservation, managed.target, zero_start);
        let raw = (wanted + u64::from(launched_since)).min(u64::from(u32::MAX));
        let to = raw.max(size.desired).max(size.min).min(size.max);
        if to > size.desired {
            Ok(Some(Change { to: to as u32, raw: raw as u32, step: None }))
        } else if raw > size.max && size.desired >= size.max {
            Err(Withheld::MaxSize(size.max as u32))
        } else {
            Ok(None)
        }
    }

    /// CAS-023 to CAS-025.
    fn scale_in(
        &mut self,
        view: &View<'_>,
        managed: ManagedScaling,
        sample: Sample,
    ) -> Result<Option<Change>, Withheld> {
        let settings = &view.settings.capacity;
        let size = self.size(view);
        let step = step::scale_in(size, sample.m.into(), managed.target, settings.scale_in_cap);
        if step.desired >= size.desired {
            let wants = step.wanted < size.desired;
            return if wants && size.desired == size.min { Err(Withheld::MinSize(size.min as u32)) } else { Ok(None) };
        }
        let raised_at = view.cluster.groups()[self.group].raised_at;
        if let (Some(at), Some(_)) = (raised_at, step::scale_in_held_until(raised_at, view.now)) {
            return Err(Withheld::RecentScaleOut { since: ages::age(at, view.now) });
        }
        if let Some(age) = self.warming(view, managed.warmup) {
            return Err(Withheld::WarmingUp { age, warmup: managed.warmup, out: false });
        }
        if self.scaled_in_at.is_some_and(|at| !ages::has_passed(at, view.now, settings.scale_in_step_period)) {
            return Ok(None);
        }
        self.scaled_in_at = Some(view.now);
        Ok(Some(Change {
            to: step.desired as u32,
            raw: u32::try_from(step.wanted).unwrap_or(u32::MAX),
            step: Some(settings.scale_in_cap.most(size.desired) as u32),
        }))
    }

    /// M, N and what they are made of (CAS-004, CAS-005, CAS-011).
    fn sample(&mut self, view: &View<'_>, managed: ManagedScaling) -> Sample {
        let group = &view.cluster.groups()[self.group];
        let row = &view.cluster.providers()[self.provider];
        let n = match view.settings.capacity.counted_instances {
            CountedInstances::LaunchingAndRunning => group.counts.capacity,
            CountedInstances::Registered => group.counts.registered_in_service,
        };
        let waiting = waiting_groups(view, row.waiting.iter().map(|task| view.cluster.task(*task)));
        let zones = group.by_zone.len() as u32;
        let types = self.types(view);
        let fleet = Fleet { types, zones, n: n.into(), used: group.counts.used.into() };
        let steps = StepSizes { minimum: managed.minimum_step.into(), maximum: managed.maximum_step.into() };
        let need = need::need(view.settings.capacity.algorithm, fleet, &waiting, steps);
        let incompatible: u64 =
            need.groups.iter().zip(&waiting).filter(|(need, _)| !need.compatible).map(|(_, group)| group.count).sum();
        Sample {
            m: u32::try_from(need.m).unwrap_or(u32::MAX),
            n,
            target: managed.target,
            waiting: row.waiting.len() as u32,
            incompatible: incompatible as u32,
            used: group.counts.used,
            all_incompatible: need.basis == Basis::AllIncompatible,
        }
    }

    /// What each instance type of the group holds beside daemons (CAS-015), worked out once for each template.
    fn types(&mut self, view: &View<'_>) -> &[Capacity] {
        let template = view.cluster.groups()[self.group].template;
        let daemons = view.settings.capacity.daemon_reserve_in_estimate && !view.capacity.daemons.is_empty();
        if daemons || self.types.as_ref().is_none_or(|(version, _)| *version != template) {
            let definitions = view.cluster.definitions();
            let reserve = if daemons { daemon_reserve(view, self.provider) } else { Capacity::default() };
            let mut types: BTreeMap<&str, Capacity> = BTreeMap::new();
            for option in &view.capacity.groups[self.group].options {
                let option = &definitions.launch_options[*option];
                if option.template == template {
                    let shape = &definitions.shapes[option.shape];
                    types.entry(&shape.instance_type).or_insert_with(|| {
                        Capacity { ports_in_use: shape.reserved_ports.clone(), ..shape.registered.into() }
                            .beside_daemons(&reserve)
                    });
                }
            }
            self.types = Some((template, types.into_values().collect()));
        }
        self.types.as_ref().map_or(&[], |(_, types)| types)
    }

    /// CAS-029: as many empty instances as must go lose their protection, the one that is empty for longest first; one
    /// that got a task again, or that need not go any more, is protected once more.
    fn protect(&self, view: &View<'_>) -> Option<Command> {
        let row = &view.cluster.groups()[self.group];
        let excess = row.counts.capacity.saturating_sub(row.desired);
        if excess == 0 && row.counts.unprotected == 0 {
            return None;
        }
        let mut free: Vec<(SimTime, InstanceId)> = Vec::new();
        let mut held: Vec<(SimTime, InstanceId)> = Vec::new();
        for id in &row.instances {
            let instance = &view.cluster.instances()[*id];
            if instance.lifecycle != InstanceLifecycle::InService || instance.provider != Some(self.provider) {
                continue;
            }
            match (instance.protected_from_scale_in, instance.provider_tasks) {
                (false, 1..) => return Some(Command::SetInstanceProtection { instance: *id, protected: true }),
                (false, 0) => free.push((instance.empty_since, *id)),
                (true, 0) => held.push((instance.empty_since, *id)),
                (true, _) => {}
            }
        }
        if free.len() > excess as usize {
            let (_, instance) = free.into_iter().max()?;
            return Some(Command::SetInstanceProtection { instance, protected: true });
        }
        if free.len() < excess as usize {
            let (_, instance) = held.into_iter().min()?;
            return Some(Command::SetInstanceProtection { instance, protected: false });
        }
        None
    }
}

/// The first full minute after an instant.
pub(crate) fn next_minute(now: SimTime) -> SimTime {
    SimTime::from_ms((now.ms() / MINUTE.ms() + 1) * MINUTE.ms())
}

/// Tasks that wait, grouped by identical requirements (CAS-011, step 1).
#[must_use]
pub fn waiting_groups<'a>(view: &View<'_>, tasks: impl Iterator<Item = &'a Task>) -> Vec<WaitingGroup> {
    type Key = (u32, u32, (bool, u16), bool, Vec<Port>, bool);
    let sharing = view.cluster.definitions().gpu_sharing;
    let mut groups: BTreeMap<Key, u64> = BTreeMap::new();
    for task in tasks {
        let gpus = match task.requirements.gpus {
            GpuNeed::Count(count) => (false, count),
            GpuNeed::All => (true, 0),
        };
        let constraints = &view.placements[task.placement].constraints;
        let distinct = constraints.iter().any(|constraint| matches!(constraint, Constraint::DistinctInstance));
        let ports = view.cluster.definitions().task_definitions[task.definition].ports.clone();
        let need = task.requirements;
        *groups.entry((need.cpu, need.memory, gpus, need.eni, ports, distinct)).or_insert(0) += 1;
    }
    let group = |((cpu, memory, gpus, awsvpc, ports, one_per_instance), count): (Key, u64)| WaitingGroup {
        count,
        cpu: cpu.into(),
        memory: memory.into(),
        gpus: if gpus.0 { GpuNeed::All } else { GpuNeed::Count(gpus.1) },
        gpu_parts: if sharing.is_on() { sharing.parts() } else { 0 },
        awsvpc,
        ports,
        one_per_instance,
    };
    groups.into_iter().map(group).collect()
}

/// What daemon services withhold on a new instance of the provider (CAS-015).
fn daemon_reserve(view: &View<'_>, provider: ProviderId) -> Capacity {
    let definitions = view.cluster.definitions();
    let mut reserve = Capacity::default();
    for service in &view.capacity.daemons {
        let row = &view.cluster.services()[*service];
        let comes = match row.strategy {
            Some(strategy) => definitions.capacity_strategies[strategy].iter().any(|item| item.provider == provider),
            None => row.launch_type == ecsim_cluster::definitions::LaunchType::Ec2,
        };
        if comes && row.status == ServiceStatus::Active {
            let need = definitions.task_definitions[row.task_definition].requirements.least();
            reserve.cpu += u64::from(need.cpu);
            reserve.memory += u64::from(need.memory);
            reserve.enis += u64::from(need.enis);
        }
    }
    reserve
}
