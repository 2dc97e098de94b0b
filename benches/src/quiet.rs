//! A day in which nothing happens but the ticks of the control loops, in clusters with more or less behind them: what a
//! simulated minute costs must not grow with the tasks that have ended or with the instances that nobody uses.

use ecsim_engine::Simulation;
use ecsim_kernel::{Digest, SimTime, Span};
use ecsim_report::sinks::FactDigest;

use crate::end_to_end;

/// What lies behind the day, and what stands idle in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Tasks that have ended before the day begins.
    pub finished_tasks: u32,
    /// Instances of a group that have no task, beside the ten that do.
    pub idle_instances: u32,
}

impl Past {
    /// What is measured.
    pub const ALL: [Self; 5] = [
        Self { finished_tasks: 0, idle_instances: 0 },
        Self { finished_tasks: 20_000, idle_instances: 0 },
        Self { finished_tasks: 200_000, idle_instances: 0 },
        Self { finished_tasks: 0, idle_instances: 200 },
        Self { finished_tasks: 0, idle_instances: 2_000 },
    ];

    /// In words.
    #[must_use]
    pub fn name(self) -> String {
        format!("{} finished tasks, {} idle instances", self.finished_tasks, self.idle_instances)
    }
}

/// So long the past takes.
const PAST: Span = Span::from_hours(20);

/// The cluster at the beginning of the day.
#[must_use]
pub fn start(past: Past) -> Simulation {
    let idle = past.idle_instances;
    let text = format!(
        "
name: quiet
simulation: {{start: 2026-03-02T00:00:00Z, duration: 44h, seed: 1, latencies: none}}
region: us-east-1
autoScalingGroups:
  - {{autoScalingGroupName: busy, minSize: 10, maxSize: 10, desiredCapacity: 10, availabilityZones: [us-east-1a, us-east-1b],
     newInstancesProtectedFromScaleIn: true, launchTemplate: {{instanceType: m5.large}}}}
  - {{autoScalingGroupName: idle, minSize: {idle}, maxSize: {idle}, desiredCapacity: {idle}, availabilityZones: [us-east-1a, us-east-1b],
     newInstancesProtectedFromScaleIn: true, launchTemplate: {{instanceType: m5.large}}}}
capacityProviders:
  - {{name: cp-busy, autoScalingGroupProvider: {{autoScalingGroup: busy, managedTerminationProtection: ENABLED,
     managedScaling: {{status: ENABLED, targetCapacity: 100}}}}}}
  - {{name: cp-idle, autoScalingGroupProvider: {{autoScalingGroup: idle, managedTerminationProtection: ENABLED,
     managedScaling: {{status: ENABLED, targetCapacity: 100}}}}}}
cluster: {{defaultCapacityProviderStrategy: [{{capacityProvider: cp-busy, weight: 1}}]}}
taskDefinitions:
  - {{family: web, containerDefinitions: [{{name: app, image: web, cpu: 1024, memoryReservation: 512}}]}}
  - {{family: short, containerDefinitions: [{{name: app, image: short, cpu: 8, memoryReservation: 8}}]}}
services:
  - {{serviceName: web, taskDefinition: web, desiredCount: 10, placementStrategy: [{{type: binpack, field: cpu}}]}}
workload:
  - {{name: past, runTask: {{taskDefinition: short}}, every: {{interval: 300ms}}, limit: {limit}, duration: 10s}}
behavior: {{spot: {{}}}}
",
        limit = past.finished_tasks.max(1),
    );
    let mut simulation = Simulation::new(end_to_end::read("quiet.yaml", &text, &[]).model);
    simulation.run_until(SimTime::ZERO + PAST, &mut ());
    simulation
}

/// The day; its digest is that of the facts.
#[must_use]
pub fn day(mut simulation: Simulation) -> Digest {
    let mut facts = FactDigest::new();
    simulation.run(&mut facts);
    let mut digest = Digest::new();
    core::hash::Hasher::write_u64(&mut digest, facts.value());
    digest
}
