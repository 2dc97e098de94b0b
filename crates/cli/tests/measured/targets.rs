//! Load balancers (MEAS-060 to MEAS-063).

use ecsim::cluster::{Fact, TargetState, TaskStatus};

use super::kit::{Run, holds, median, over_seeds};

fn scenario(group: &str, call: &str) -> String {
    format!(
        "
simulation: {{duration: 40m}}
containerInstances: [{{name: i, instanceType: m5.large}}]
taskDefinitions:
  - {{family: web, containerDefinitions: [{{name: app, image: app, memory: 100, portMappings: [{{containerPort: 80}}]}}]}}
targetGroups: [{{targetGroupName: web, {group}}}]
services:
  - serviceName: web
    taskDefinition: web
    desiredCount: 1
    loadBalancers: [{{targetGroupArn: web, containerName: app, containerPort: 80}}]
timeline: [{{at: 15m, {call}}}]
"
    )
}

const NLB: &str = "protocol: TCP, healthyThresholdCount: 3, \
    attributes: [{key: deregistration_delay.timeout_seconds, value: 180}]";
const STOP: &str = "stopTask: {task: {service: web}}";

fn first(run: &Run, wanted: impl Fn(&Fact) -> bool) -> f64 {
    run.times(wanted)[0]
}

fn becomes(state: TargetState) -> impl Fn(&Fact) -> bool {
    move |fact| matches!(fact, Fact::TargetStateChanged { to, .. } if *to == state)
}

#[test]
fn meas_060_from_deregistration_to_the_stop() {
    let drains = over_seeds(&scenario(NLB, STOP), |run| {
        first(run, |fact| matches!(fact, Fact::TaskStatusChanged { to: TaskStatus::Stopped, .. }))
            - first(run, becomes(TargetState::Draining))
    });
    holds("MEAS-060 drain", median(drains.iter().copied()), 180.0, 200.0);
    holds("MEAS-060 beyond the deregistration delay", median(drains) - 180.0, 2.0, 12.0);
}

#[test]
fn meas_061_the_defaults_with_five_passes() {
    let text = scenario("protocol: HTTP", STOP);
    let text = format!("settings: {{alb_initial_passes: 5}}\n{text}");
    let waits = over_seeds(&text, |run| {
        first(run, becomes(TargetState::Healthy)) - first(run, |fact| matches!(fact, Fact::TargetRegistered { .. }))
    });
    holds("MEAS-061 healthy after", median(waits), 120.0, 150.0);
    let drains = over_seeds(&text, |run| {
        first(run, |fact| matches!(fact, Fact::TargetDeregistered { .. })) - first(run, becomes(TargetState::Draining))
    });
    holds("MEAS-061 deregistration delay", median(drains), 300.0, 300.0);
}

#[test]
fn meas_062_meas_063_a_network_load_balancer_takes_minutes() {
    let seen = over_seeds(&scenario(NLB, STOP), |run| {
        let created = first(run, |fact| matches!(fact, Fact::TaskCreated { .. }));
        let registered = first(run, |fact| matches!(fact, Fact::TargetRegistered { .. }));
        (registered - created, first(run, becomes(TargetState::Healthy)) - registered)
    });
    holds("MEAS-063 start to registration", median(seen.iter().map(|it| it.0)), 5.0, 45.0);
    holds("MEAS-062 registration to healthy", median(seen.iter().map(|it| it.1)), 230.0, 310.0);
}
