//! Target groups and load balancers: AWS's defaults and bounds, and what services may say of them (LB-001, LB-012, LB-013,
//! LB-020, LB-030, LB-031, SVC-014).

use ecsim_cluster::TargetGroupId;
use ecsim_cluster::definitions::TargetEnd;
use ecsim_cluster::targets::{BalancerKind, RoutingAlgorithm, TargetCheck, TargetGroupDefinition};
use ecsim_kernel::Span;

use crate::kit::*;

const PORTS: &str = "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 128, portMappings: [{containerPort: 80}, {containerPort: 81, hostPort: 8081}]}, {name: d, memory: 9, portMappings: [{containerPort: 90}]}]}]\n";

/// A target group as lowered.
fn group(fields: &str) -> TargetGroupDefinition {
    accepted(&format!("targetGroups: [{{targetGroupName: g, {fields}}}]\n")).definitions.target_groups
        [TargetGroupId::new(0)]
    .clone()
}

fn attribute(key: &str, value: &str) -> String {
    format!("attributes: [{{key: {key}, value: {value}}}]")
}

const fn secs(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

#[test]
fn lb_012_and_lb_020_and_lb_030_what_an_application_load_balancer_does_by_default() {
    let given = group("protocol: HTTPS");
    let check = TargetCheck { interval: secs(30), timeout: secs(5), healthy: 5, unhealthy: 2 };
    assert_eq!((given.balancer, given.check), (BalancerKind::Application, check));
    assert_eq!((given.deregistration_delay, given.slow_start), (secs(300), secs(0)));
    assert_eq!((given.algorithm, given.cross_zone, given.stickiness), (RoutingAlgorithm::RoundRobin, true, false));
    // LB-010, LB-011.
    assert_eq!((given.registration, given.before_probes, given.initial_passes), (secs(5), secs(0), 1));
    assert!(
        given.arn.starts_with("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/g/"),
        "{}",
        given.arn
    );
}

#[test]
fn lb_013_and_lb_015_and_lb_030_what_a_network_load_balancer_does_by_default() {
    let given = group("protocol: TCP");
    let check = TargetCheck { interval: secs(30), timeout: secs(10), healthy: 5, unhealthy: 2 };
    assert_eq!((given.balancer, given.check), (BalancerKind::Network, check));
    assert_eq!((given.algorithm, given.cross_zone), (RoutingAlgorithm::FlowHash, false));
    assert_eq!((given.registration + given.before_probes, given.initial_passes), (secs(190), 5));
    assert_eq!(group("protocol: TLS, healthCheckProtocol: HTTP").check.timeout, secs(6));
    assert_eq!(group("protocol: UDP, healthyThresholdCount: 3").initial_passes, 3);
    // The load balancer may have cross-zone load balancing for all of its target groups.
    let text = "targetGroups: [{targetGroupName: g, protocol: TCP}]\nloadBalancers: [{name: n, type: network, attributes: [{key: load_balancing.cross_zone.enabled, value: true}], listeners: [{defaultActions: [{type: forward, targetGroupArn: g}]}]}]\n";
    assert!(accepted(text).definitions.target_groups[TargetGroupId::new(0)].cross_zone);
}

#[test]
fn lb_020_and_lb_030_and_lb_031_attributes() {
    assert_eq!(group(&attribute("deregistration_delay.timeout_seconds", "0")).deregistration_delay, secs(0));
    assert_eq!(group(&attribute("slow_start.duration_seconds", "900")).slow_start, secs(900));
    let random = group(
        "attributes: [{Key: load_balancing.algorithm.type, Value: weighted_random}, {Key: load_balancing.algorithm.anomaly_mitigation, Value: 'on'}]",
    );
    assert_eq!((random.algorithm, random.anomaly_mitigation), (RoutingAlgorithm::WeightedRandom, true));
    for (key, value) in [
        ("deregistration_delay.timeout_seconds", "3601"),
        ("slow_start.duration_seconds", "29"),
        ("slow_start.duration_seconds", "901"),
        ("load_balancing.algorithm.type", "fastest"),
        ("stickiness.enabled", "perhaps"),
    ] {
        let found = problems(&format!("targetGroups: [{{targetGroupName: g, {}}}]\n", attribute(key, value)));
        assert!(found.len() == 1 && found[0].starts_with("E376"), "{key}: {found:?}");
    }
    let slow = "attributes: [{key: slow_start.duration_seconds, value: 30}, {key: load_balancing.algorithm.type, value: least_outstanding_requests}]";
    rejected(
        &format!("targetGroups: [{{targetGroupName: g, {slow}}}]\n"),
        "E376",
        "slow start goes with the algorithm round_robin only (LB-031)",
    );
}

#[test]
fn lb_012_and_lb_013_bounds_of_health_checks() {
    for (key, values) in [
        ("healthCheckIntervalSeconds", ["4", "301"]),
        ("healthCheckTimeoutSeconds", ["1", "121"]),
        ("healthyThresholdCount", ["1", "11"]),
        ("unhealthyThresholdCount", ["1", "11"]),
    ] {
        for value in values {
            let found = problems(&format!("targetGroups: [{{targetGroupName: g, {key}: {value}}}]\n"));
            assert!(found.len() == 1 && found[0].starts_with("E024"), "{key} {value}: {found:?}");
        }
    }
}

#[test]
fn lb_001_and_lb_002_what_a_service_registers() {
    let text = format!(
        "{A1}{PORTS}targetGroups: [{{targetGroupName: b, targetType: instance}}, {{targetGroupName: a}}]\nloadBalancers: [{{loadBalancerName: old}}]\nservices: [{{serviceName: s, taskDefinition: t, loadBalancers: [{{targetGroupArn: b, containerName: c, containerPort: 81}}, {{targetGroupArn: a, containerName: d, containerPort: 90}}, {{loadBalancerName: old, containerName: c, containerPort: 80}}]}}]\n"
    );
    let model = accepted(&text);
    let revision = &service(&model, "s").revisions[0];
    let names: Vec<&str> =
        revision.target_groups.iter().map(|id| model.definitions.target_groups[*id].name.as_str()).collect();
    assert_eq!(names, ["b", "a", "old"]);
    let ends: Vec<(u8, u16)> =
        revision.routing.ends.iter().map(|TargetEnd { container, port }| (*container, *port)).collect();
    assert_eq!(ends, [(0, 8081), (1, 0), (0, 0)], "a static host port, and dynamic ones");
    let classic = &model.definitions.target_groups[revision.target_groups[2]];
    assert_eq!((classic.balancer, classic.initial_passes), (BalancerKind::Classic, 10));
    // LB-001: awsvpc tasks are `ip` targets, the others are not.
    let awsvpc = text.replace("family: t,", "family: t, networkMode: awsvpc,").replace(", hostPort: 8081", "");
    let found = problems(&awsvpc);
    let message = "The provided target group b has target type instance, which is incompatible with the awsvpc network mode specified in the task definition.";
    assert!(found.iter().any(|line| line.contains(message)), "{found:?}");
}

#[test]
fn svc_014_a_grace_period_needs_a_load_balancer() {
    let text = |fields: &str| {
        format!(
            "{A1}{PORTS}targetGroups: [{{targetGroupName: a}}]\nservices: [{{serviceName: s, taskDefinition: t, {fields}}}]\n"
        )
    };
    let balanced = "loadBalancers: [{targetGroupArn: a, containerName: c, containerPort: 80}]";
    let model = accepted(&text(&format!("{balanced}, healthCheckGracePeriodSeconds: 2147483647")));
    assert_eq!(service(&model, "s").health_check_grace, secs(2_147_483_647));
    rejected(
        &text("healthCheckGracePeriodSeconds: 1"),
        "E377",
        "Health check grace period is only valid for services configured to use load balancers",
    );
}

#[test]
fn a_target_group_that_nobody_describes_is_an_ordinary_one() {
    let text = format!(
        "{A1}{PORTS}services: [{{serviceName: s, taskDefinition: t, loadBalancers: [{{targetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/0123', containerName: c, containerPort: 80}}]}}]\n"
    );
    let found = problems(&text);
    assert!(
        found.len() == 1 && found[0].starts_with("W376") && found[0].contains("`web` is not described"),
        "{found:?}"
    );
    assert_eq!(model(&text).definitions.target_groups[TargetGroupId::new(0)].balancer, BalancerKind::Application);
}
