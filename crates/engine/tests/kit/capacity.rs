//! What tests of capacity share: a group with its provider, and questions to the facts about groups and instances.
#![allow(dead_code, reason = "each test file uses a part of it")]

use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::scaling::Reservation;
use ecsim_cluster::{
    AsgId, Fact, InstanceId, InstanceLifecycle, InstanceStatus, ProviderId, Resources, ServiceId, StopReason, TaskId,
};
use ecsim_engine::builder::Builder;
use ecsim_engine::model::InstanceSelector;
use ecsim_kernel::Span;

use super::{Run, at, scale};

pub const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// What an instance of that many CPU units registers; memory never binds.
pub const fn cpu(cpu: u32) -> Resources {
    Resources { cpu, memory: 1_000_000, gpus: 0, enis: 10 }
}

/// `(milliseconds, new desired capacity)` of a group, in order.
pub fn desired(run: &Run, group: AsgId) -> Vec<(u64, u32)> {
    let changes = run.facts().iter().filter_map(|(time, fact)| match *fact {
        Fact::DesiredCapacityChanged { group: of, to } if of == group => Some((time.ms(), to)),
        _ => None,
    });
    changes.collect()
}

/// The same in whole seconds, each within 50 ms of its second (file 00, item 8c).
pub fn desired_at(run: &Run, group: AsgId) -> Vec<(u64, u32)> {
    desired(run, group)
        .into_iter()
        .map(|(ms, to)| {
            assert!(ms % 1_000 <= 50, "{ms} ms is not within 50 ms of a second");
            (ms / 1_000, to)
        })
        .collect()
}

pub fn samples(run: &Run, provider: ProviderId) -> Vec<(u64, Reservation)> {
    let samples = run.facts().iter().filter_map(|(time, fact)| match *fact {
        Fact::ReservationSampled { provider: of, sample } if of == provider => Some((time.ms() / 1_000, sample)),
        _ => None,
    });
    samples.collect()
}

pub fn sample_at(run: &Run, provider: ProviderId, second: u64) -> Reservation {
    let found = samples(run, provider).into_iter().find(|(at, _)| *at == second);
    found.unwrap_or_else(|| panic!("no sample at {second}")).1
}

/// A group of one type with a provider at target 100, and a service on it; instances take `lead` seconds.
pub struct Plan {
    pub builder: Builder,
    pub group: AsgId,
    pub provider: ProviderId,
}

impl Plan {
    pub fn new(sizes: (u32, u32, u32), cpu_units: u32, lead: f64, target: u32) -> Self {
        let mut builder = Builder::new();
        let group = builder.auto_scaling_group("asg", sizes, &["us-east-1a"], &[("big", cpu(cpu_units))], lead);
        let provider = builder.group_provider("cp", group, target, Span::from_secs(300));
        Self { builder, group, provider }
    }

    pub fn service(&mut self, name: &str, cpu_units: u32, desired: u32) -> ServiceId {
        let task = self.builder.task_definition(name, Builder::needs(cpu_units, 1));
        let placement = self.builder.rules(&["binpack(cpu)"], &[]);
        let service = self.builder.service(name, task, desired, placement);
        self.builder.use_strategy(service, &[(self.provider, 0, 1)]);
        service
    }

    pub fn scale_at(&mut self, second: u64, service: ServiceId, desired: u32) {
        self.builder.call(at(second), scale(service, desired));
    }

    pub fn run(self, seconds: u64) -> (Run, AsgId, ProviderId) {
        let Self { mut builder, group, provider } = self;
        builder.duration = Span::from_secs(seconds);
        (Run::whole(builder), group, provider)
    }
}

/// The instances of these names, which a group gives during the run.
pub fn launched(names: &[&str]) -> InstanceSelector {
    InstanceSelector::Launched(names.iter().map(|name| (*name).to_owned()).collect())
}

impl Run {
    /// The instance of that name.
    pub fn instance(&self, name: &str) -> InstanceId {
        let found = self.cluster().instances().values().find(|row| &*row.name == name);
        found.unwrap_or_else(|| panic!("there is no {name}")).id
    }

    /// When an instance entered states of its group's life cycle, in milliseconds.
    pub fn lifecycle(&self, instance: InstanceId) -> Vec<(u64, InstanceLifecycle)> {
        let changes = self.facts().iter().filter_map(|(time, fact)| match *fact {
            Fact::InstanceLifecycleChanged { instance: of, to } if of == instance => Some((time.ms(), to)),
            _ => None,
        });
        changes.collect()
    }

    /// When an instance entered states that ECS knows, in milliseconds.
    pub fn statuses(&self, instance: InstanceId) -> Vec<(u64, InstanceStatus)> {
        let changes = self.facts().iter().filter_map(|(time, fact)| match *fact {
            Fact::InstanceStatusChanged { instance: of, to } if of == instance => Some((time.ms(), to)),
            _ => None,
        });
        changes.collect()
    }

    /// When ECS set an instance to DRAINING, in milliseconds.
    pub fn drained(&self, instance: InstanceId) -> Option<u64> {
        self.statuses(instance).into_iter().find(|(_, to)| *to == InstanceStatus::Draining).map(|(time, _)| time)
    }

    /// When and why an instance was terminated, in milliseconds.
    pub fn terminated(&self, instance: InstanceId) -> Option<(u64, TerminationReason)> {
        self.facts().iter().find_map(|(time, fact)| match *fact {
            Fact::InstanceTerminated { instance: of, reason } if of == instance => Some((time.ms(), reason)),
            _ => None,
        })
    }

    /// When instances were launched after the start, in milliseconds, with their names.
    pub fn launches(&self) -> Vec<(u64, &str)> {
        let launches = self.facts().iter().filter_map(|(time, fact)| match *fact {
            Fact::InstanceLaunched { instance, .. } if time.ms() > 0 => Some((time.ms(), self.name(instance))),
            _ => None,
        });
        launches.collect()
    }

    /// When, which and why tasks were asked to stop, in milliseconds.
    pub fn stops(&self) -> Vec<(u64, TaskId, StopReason)> {
        let stops = self.facts().iter().filter_map(|(time, fact)| match *fact {
            Fact::TaskStopRequested { task, reason } => Some((time.ms(), task, reason)),
            _ => None,
        });
        stops.collect()
    }

    /// When tasks were lost with a host that was terminated, in milliseconds.
    pub fn lost_with_host(&self) -> Vec<u64> {
        let stops = self.stops().into_iter();
        stops.filter(|(_, _, reason)| matches!(reason, StopReason::HostTerminated(_))).map(|(time, ..)| time).collect()
    }

    /// The provider of each task of a service, in the order of creation.
    pub fn providers_of(&self, service: ServiceId) -> Vec<Option<ProviderId>> {
        let created = self.facts().iter().filter_map(|(_, fact)| match *fact {
            Fact::TaskCreated { origin, provider, .. } if origin.service() == Some(service) => Some(provider),
            _ => None,
        });
        created.collect()
    }
}

/// Whether an instant is within 50 ms after a second (file 00, item 8c).
pub fn is_at(ms: u64, second: u64) -> bool {
    (second * 1_000..=second * 1_000 + 50).contains(&ms)
}
