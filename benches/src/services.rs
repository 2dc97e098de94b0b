//! Services under load with scaling policies, on a fleet that stands: what a service-minute costs, and what one costs whose
//! traffic never changes.

use ecsim_engine::Simulation;
use ecsim_kernel::{Digest, SimTime, Span};
use ecsim_report::sinks::FactDigest;
use ecsim_scenario::Ready;

use crate::end_to_end::{self, Traces};

/// How the traffic of every service goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Another rate each minute: a wave of a day with noise on it.
    Noisy,
    /// A wave of a day in steps of ten minutes.
    Wave,
    /// Always the same.
    Constant,
    /// None: the services have tasks and nothing else.
    None,
}

impl Traffic {
    /// What is measured.
    pub const ALL: [Self; 4] = [Self::Noisy, Self::Wave, Self::Constant, Self::None];

    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noisy => "noisy",
            Self::Wave => "wave",
            Self::Constant => "constant",
            Self::None => "none",
        }
    }
}

/// `services` services with target tracking on CPU, two instances for each, for so many hours.
#[must_use]
pub fn model(services: u32, traffic: Traffic, hours: u32) -> Ready {
    let mut text = format!(
        "
name: services
simulation: {{start: 2026-03-02T00:00:00Z, duration: {hours}h, seed: 1, metricsPeriod: 1m}}
region: us-east-1
containerInstances:
  - {{name: a, count: {third}, instanceType: m5.xlarge, availabilityZone: us-east-1a}}
  - {{name: b, count: {third}, instanceType: m5.xlarge, availabilityZone: us-east-1b}}
taskDefinitions:
  - {{family: web, cpu: \"512\", memory: \"1024\", containerDefinitions: [{{name: app, image: web}}]}}
services:
",
        third = services.max(1),
    );
    let mut workload = String::from("workload:\n");
    for number in 0..services {
        let scaling = if traffic == Traffic::None {
            ""
        } else {
            ", autoScaling: {minCapacity: 2, maxCapacity: 12, policies: [{policyName: cpu, policyType: TargetTrackingScaling, \
             targetTrackingScalingPolicyConfiguration: {targetValue: 60, predefinedMetricSpecification: \
             {predefinedMetricType: ECSServiceAverageCPUUtilization}}}]}"
        };
        text.push_str(&format!("  - {{serviceName: s{number}, taskDefinition: web, desiredCount: 5{scaling}}}\n"));
        let hour = number % 24;
        let rate = match traffic {
            Traffic::Noisy => format!(
                "{{product: [{{daily: {{peak: 150, trough: 30, peakAt: \"{hour:02}:00\"}}}}, \
                 {{noise: {{distribution: {{uniform: {{min: 0.9, max: 1.1}}}}}}}}]}}"
            ),
            Traffic::Wave => format!("{{daily: {{peak: 150, trough: 30, peakAt: \"{hour:02}:00\", step: 10m}}}}"),
            Traffic::Constant => "120".to_owned(),
            Traffic::None => continue,
        };
        workload.push_str(&format!("  - {{service: s{number}, requestsPerSecond: {rate}, cpuPerRequest: 10ms}}\n"));
    }
    if traffic != Traffic::None {
        text.push_str(&workload);
    }
    end_to_end::read("services.yaml", &text, &[])
}

/// A week of it, with or without files; its digest is that of the facts, then of every byte that was written.
#[must_use]
pub fn week(services: u32, traffic: Traffic, traces: Traces) -> Digest {
    end_to_end::run(model(services, traffic, 7 * 24), traces)
}

/// The state after a first day, in which every policy has found its place.
#[must_use]
pub fn settled(services: u32, traffic: Traffic) -> Simulation {
    let mut simulation = Simulation::new(model(services, traffic, 48).model);
    simulation.run_until(SimTime::ZERO + Span::from_hours(24), &mut ());
    simulation
}

/// The second day; its digest is that of the facts.
#[must_use]
pub fn day(mut simulation: Simulation) -> Digest {
    use std::hash::Hasher as _;
    let mut facts = FactDigest::new();
    simulation.run(&mut facts);
    let mut digest = Digest::new();
    digest.write_u64(facts.value());
    digest
}
