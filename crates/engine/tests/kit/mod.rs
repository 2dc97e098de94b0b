//! What the tests of the engine share: runs that are checked after every event, and questions to their facts.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod capacity;

use std::fmt::Write as _;
use std::hash::Hash as _;
use std::sync::Arc;

use ecsim_cluster::fact::{CallError, TaskOrigin};
use ecsim_cluster::{
    Cluster, Fact, InstanceId, InstanceStatus, Observer, RejectionCounts, Resources, ServiceId, SourceId, StopReason,
    TaskDefinitionId, TaskId, TaskStatus, invariants,
};
use ecsim_engine::builder::Builder;
use ecsim_engine::model::{Arrivals, Call, InstanceSelector, TaskSelector, WhenUnplaced};
use ecsim_engine::{Model, Simulation};
use ecsim_kernel::digest::Digest;
use ecsim_kernel::{SimTime, Span};

/// Keeps all facts.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    pub facts: Vec<(SimTime, Fact)>,
}

impl Observer for Recorder {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        self.facts.push((now, *fact));
    }
}

/// Keeps only their digest.
#[derive(Clone, Debug, Default)]
pub struct Fingerprint(pub Digest);

impl Observer for Fingerprint {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        (now, *fact).hash(&mut self.0);
    }
}

/// The digest of a whole run.
pub fn digest_of(model: &Arc<Model>) -> u64 {
    let mut fingerprint = Fingerprint::default();
    Simulation::new(Arc::clone(model)).run(&mut fingerprint);
    fingerprint.0.value()
}

pub const fn at(secs: u64) -> SimTime {
    SimTime::from_ms(secs * 1_000)
}

pub const fn ms(ms: u64) -> SimTime {
    SimTime::from_ms(ms)
}

pub const fn secs(secs: u64) -> Span {
    Span::from_secs(secs)
}

/// CPU units and MiB, with ten network interfaces.
pub const fn room(cpu: u32, memory: u32) -> Resources {
    Resources { cpu, memory, gpus: 0, enis: 10 }
}

/// Instances of these names, one shape each: name, last letter of the zone, CPU units, MiB.
pub fn fleet(builder: &mut Builder, instances: &[(&str, &str, u32, u32)]) -> Vec<InstanceId> {
    instances
        .iter()
        .map(|(name, zone, cpu, memory)| {
            let shape = builder.shape("test.large", room(*cpu, *memory));
            builder.instances(name, shape, &format!("us-east-1{zone}"), 1)[0]
        })
        .collect()
}

/// A source that calls only when the timeline does, once placed random or as `strategies` say.
pub fn caller(builder: &mut Builder, name: &str, definition: TaskDefinitionId, strategies: &[&str]) -> SourceId {
    let placement = if strategies.is_empty() { builder.run_task_default(&[]) } else { builder.rules(strategies, &[]) };
    builder.source(name, definition, placement, Arrivals::Never, None, WhenUnplaced::Drop)
}

/// A group of its own for a source.
pub fn regroup(builder: &mut Builder, source: SourceId, group: &str) {
    let group = builder.definitions_mut().groups.intern(group);
    builder.source_mut(source).template.group = group;
}

/// `RunTask` of one copy at each of these seconds.
pub fn run_task(builder: &mut Builder, source: SourceId, times: &[u64]) {
    for time in times {
        builder.call(at(*time), Call::RunTask { source });
    }
}

/// `StartTask` on these instances.
pub fn start_on(builder: &mut Builder, time: u64, source: SourceId, instances: &[InstanceId]) {
    let instances = instances.iter().copied().map(Some).collect();
    builder.call(at(time), Call::StartTask { source, instances });
}

/// Stops the oldest live task of a source.
pub fn stop_oldest(builder: &mut Builder, time: u64, source: SourceId) {
    let tasks = TaskSelector { source: Some(source), count: Some(1), ..TaskSelector::default() };
    builder.call(at(time), Call::StopTask { tasks, reason: None });
}

pub fn named(instances: &[InstanceId]) -> InstanceSelector {
    InstanceSelector::Named(instances.to_vec())
}

pub const fn scale(service: ServiceId, desired_count: u32) -> Call {
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

pub fn set_status(instances: &[InstanceId], status: InstanceStatus) -> Call {
    Call::UpdateContainerInstancesState { instances: named(instances), status }
}

/// Brings one task of the service after the other to the instances listed, one a second from second 1 on, by leaving only
/// that instance connected; tells the second after the last.
pub fn arrange(builder: &mut Builder, service: ServiceId, all: &[InstanceId], on: &[InstanceId]) -> u64 {
    for (count, instance) in on.iter().enumerate() {
        let (second, wanted) = (count as u64 + 1, u32::try_from(count).unwrap() + 1);
        let others: Vec<InstanceId> = all.iter().copied().filter(|other| other != instance).collect();
        if !others.is_empty() {
            let duration = Some(Span::from_ms(500));
            builder.call(at(second), Call::DisconnectAgent { instances: named(&others), duration });
        }
        builder.call(at(second), scale(service, wanted));
    }
    on.len() as u64 + 1
}

/// A run under way, checked after every event.
pub struct Run {
    pub sim: Simulation,
    pub recorder: Recorder,
}

impl Run {
    pub fn new(builder: Builder) -> Self {
        Self { sim: Simulation::new(builder.build()), recorder: Recorder::default() }
    }

    /// The whole run.
    pub fn whole(builder: Builder) -> Self {
        let mut run = Self::new(builder);
        run.finish();
        run
    }

    /// Everything due until that instant, that instant included.
    pub fn to(&mut self, until: SimTime) -> &mut Self {
        while self.sim.next_due().is_some_and(|due| due <= until) && self.sim.step(&mut self.recorder) {
            self.check();
        }
        self
    }

    pub fn finish(&mut self) -> &mut Self {
        while self.sim.step(&mut self.recorder) {
            self.check();
        }
        self.sim.run(&mut self.recorder);
        self
    }

    pub fn check(&self) {
        if let Err(contradiction) = invariants::check(self.sim.cluster()) {
            panic!("at {}: {contradiction}\n{}", self.sim.now(), self.last(30));
        }
    }

    /// The last facts, for whoever reads a failure.
    pub fn last(&self, count: usize) -> String {
        let mut text = String::new();
        for (time, fact) in &self.facts()[self.facts().len().saturating_sub(count)..] {
            writeln!(text, "{time} {fact:?}").expect("a string takes everything");
        }
        text
    }

    pub fn facts(&self) -> &[(SimTime, Fact)] {
        &self.recorder.facts
    }

    pub fn cluster(&self) -> &Cluster {
        self.sim.cluster()
    }

    pub fn name(&self, instance: InstanceId) -> &str {
        &self.cluster().instances()[instance].name
    }

    /// What was created, in order: when (in milliseconds), which, for whom, where.
    pub fn created(&self) -> impl Iterator<Item = (u64, TaskId, TaskOrigin, InstanceId)> + '_ {
        self.facts().iter().filter_map(|(time, fact)| match *fact {
            Fact::TaskCreated { task, origin, instance: Some(instance), .. } => {
                Some((time.ms(), task, origin, instance))
            }
            _ => None,
        })
    }

    /// Who wanted a task, whether it still exists or not.
    pub fn origin(&self, task: TaskId) -> TaskOrigin {
        let found = self.facts().iter().find_map(|(_, fact)| match *fact {
            Fact::TaskCreated { task: of, origin, .. } if of == task => Some(origin),
            _ => None,
        });
        found.expect("the task was created")
    }

    /// Where a source's copies went, in order.
    pub fn places(&self, source: SourceId) -> Vec<&str> {
        self.created()
            .filter(|(_, _, origin, _)| matches!(origin, TaskOrigin::Source { source: of, .. } if *of == source))
            .map(|(_, _, _, instance)| self.name(instance))
            .collect()
    }

    /// Where a service's tasks went from an instant on, in order.
    pub fn service_places(&self, service: ServiceId, from: u64) -> Vec<&str> {
        self.created()
            .filter(|(time, _, origin, _)| origin.service() == Some(service) && *time >= from)
            .map(|(_, _, _, instance)| self.name(instance))
            .collect()
    }

    /// The tasks of a source, in order.
    pub fn tasks(&self, source: SourceId) -> Vec<TaskId> {
        self.created()
            .filter(|(_, _, origin, _)| matches!(origin, TaskOrigin::Source { source: of, .. } if *of == source))
            .map(|(_, task, _, _)| task)
            .collect()
    }

    /// The tasks of a service, in order.
    pub fn service_tasks(&self, service: ServiceId) -> Vec<TaskId> {
        self.created()
            .filter(|(_, _, origin, _)| origin.service() == Some(service))
            .map(|(_, task, _, _)| task)
            .collect()
    }

    /// Where a task was placed.
    pub fn place(&self, task: TaskId) -> &str {
        let (_, _, _, instance) = self.created().find(|(_, created, _, _)| *created == task).expect("a task");
        self.name(instance)
    }

    pub fn created_ms(&self, task: TaskId) -> u64 {
        self.created().find(|(_, created, _, _)| *created == task).expect("a task").0
    }

    /// When a task entered a state, in milliseconds.
    pub fn entered(&self, task: TaskId, status: TaskStatus) -> Option<u64> {
        self.when(|fact| matches!(*fact, Fact::TaskStatusChanged { task: of, to } if of == task && to == status))
    }

    /// When the first such fact happened, in milliseconds.
    pub fn when(&self, wanted: impl Fn(&Fact) -> bool) -> Option<u64> {
        self.facts().iter().find(|(_, fact)| wanted(fact)).map(|(time, _)| time.ms())
    }

    /// When all such facts happened, in milliseconds.
    pub fn times(&self, wanted: impl Fn(&Fact) -> bool) -> Vec<u64> {
        self.facts().iter().filter(|(_, fact)| wanted(fact)).map(|(time, _)| time.ms()).collect()
    }

    /// When and why a task was asked to stop.
    pub fn stopped(&self, task: TaskId) -> Option<(u64, StopReason)> {
        self.facts().iter().find_map(|(time, fact)| match *fact {
            Fact::TaskStopRequested { task: of, reason } if of == task => Some((time.ms(), reason)),
            _ => None,
        })
    }

    /// Exit codes of a task: when, container, code, out of memory.
    pub fn exits(&self, task: TaskId) -> Vec<(u64, u8, i32, bool)> {
        self.facts()
            .iter()
            .filter_map(|(time, fact)| match *fact {
                Fact::ContainerExited { task: of, container, exit_code, out_of_memory } if of == task => {
                    Some((time.ms(), container, exit_code, out_of_memory))
                }
                _ => None,
            })
            .collect()
    }

    /// Stops of a service's tasks from an instant on, in order: which instance, why.
    pub fn victims(&self, service: ServiceId, from: u64) -> Vec<(&str, StopReason)> {
        let mine = self.service_tasks(service);
        self.facts()
            .iter()
            .filter_map(|(time, fact)| match *fact {
                Fact::TaskStopRequested { task, reason } if time.ms() >= from && mine.contains(&task) => {
                    Some((self.place(task), reason))
                }
                _ => None,
            })
            .collect()
    }

    /// Failed attempts of a source: when, how many copies, why.
    pub fn unplaced(&self, source: SourceId) -> Vec<(u64, u32, RejectionCounts)> {
        self.facts()
            .iter()
            .filter_map(|(time, fact)| match *fact {
                Fact::RequestUnplaced { source: of, count, rejections, .. } if of == source => {
                    Some((time.ms(), count, rejections))
                }
                _ => None,
            })
            .collect()
    }

    /// Failed attempts of a service: when, why, who was closest.
    pub fn service_unplaced(&self, service: ServiceId) -> Vec<(u64, RejectionCounts, Option<&str>)> {
        self.facts()
            .iter()
            .filter_map(|(time, fact)| match *fact {
                Fact::ServiceUnplaced { service: of, rejections, closest, .. } if of == service => {
                    Some((time.ms(), rejections, closest.map(|closest| self.name(closest))))
                }
                _ => None,
            })
            .collect()
    }

    /// What a service said, and when.
    pub fn said(&self, service: ServiceId) -> Vec<(u64, String)> {
        self.facts()
            .iter()
            .filter_map(|(time, fact)| match *fact {
                Fact::ServiceEvent { service: of, event } if of == service && event.is_listed() => {
                    Some((time.ms(), event.message(self.cluster(), service, &[])))
                }
                _ => None,
            })
            .collect()
    }

    /// Calls that were refused, and when.
    pub fn refused(&self) -> Vec<(u64, CallError)> {
        self.facts()
            .iter()
            .filter_map(|(time, fact)| match *fact {
                Fact::CallRefused { error, .. } => Some((time.ms(), error)),
                _ => None,
            })
            .collect()
    }

    /// Live tasks of a service on each of the instances.
    pub fn counts(&self, service: ServiceId, instances: &[InstanceId]) -> Vec<u32> {
        let group = self.cluster().services()[service].group;
        instances.iter().map(|instance| self.cluster().instances()[*instance].live_tasks_of(group)).collect()
    }
}
