//! Load balancers (MEAS-051, MEAS-060 to MEAS-063, MEAS-113).

use ecsim::cluster::events::ServiceEvent;
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

/// MEAS-113: one task behind a network load balancer is replaced by a rolling update. The instants are counted one from the other,
/// as the case has them.
#[test]
fn meas_113_meas_051_a_rolling_update_behind_a_network_load_balancer() {
    let text = scenario(NLB, "updateService: {service: web, forceNewDeployment: true}");
    let seen = over_seeds(&text, |run| {
        let after = |wanted: &dyn Fn(&Fact) -> bool| {
            let update = 900.0;
            run.times(wanted).into_iter().find(|at| *at >= update).expect("it happens")
        };
        let created = after(&|fact| matches!(fact, Fact::TaskCreated { .. }));
        let registered = after(&|fact| matches!(fact, Fact::TargetRegistered { .. }));
        let draining = after(&becomes(TargetState::Draining));
        let stopped = after(&|fact| matches!(fact, Fact::TaskStatusChanged { to: TaskStatus::Stopped, .. }));
        let steady = after(&|fact| matches!(fact, Fact::ServiceEvent { event: ServiceEvent::SteadyState, .. }));
        [registered - created, draining - registered, stopped - draining, steady - stopped, steady - created]
    });
    let [registered, draining, stopped, steady, total] =
        [0, 1, 2, 3, 4].map(|part| median(seen.iter().map(|parts| parts[part])));
    holds("MEAS-113 start to registration", registered, 5.0, 45.0);
    holds("MEAS-113 registration to the drain of the old task", draining, 230.0, 310.0);
    holds("MEAS-113 drain", stopped, 180.0, 200.0);
    holds("MEAS-051 last old task stopped to steady", steady, 5.0, 45.0);
    holds("MEAS-113 in all", total, 430.0, 600.0);
}
