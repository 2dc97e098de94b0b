//! What services may be: REPLICA and DAEMON (PLC-050, PLC-051), rebalancing of zones (AZR-001 to AZR-003), bounds.

use ecsim_cluster::definitions::{LaunchType, SchedulingStrategy};
use ecsim_cluster::fact::CallError;

use crate::kit::*;

fn text(fields: &str) -> String {
    format!("{A1}{T}services: [{{serviceName: s, taskDefinition: t, {fields}}}]\n")
}

#[test]
fn plc_050_replica_is_the_default_and_some_controllers_require_it() {
    let model = accepted(&text("desiredCount: 3"));
    let plain = service(&model, "s");
    assert_eq!(
        (plain.scheduling, plain.desired_count, plain.launch_type),
        (SchedulingStrategy::Replica, 3, LaunchType::Ec2)
    );
    for controller in ["CODE_DEPLOY", "EXTERNAL"] {
        let daemon = format!("schedulingStrategy: DAEMON, deploymentController: {{type: {controller}}}");
        let found = problems(&text(&daemon));
        let expected =
            format!("The daemon scheduling strategy does not support the deployment controller {controller}");
        assert!(found.iter().any(|line| line.starts_with("E353") && line.contains(&expected)), "{found:?}");
        // With REPLICA it is accepted; but UpdateService then has no say in what the tasks run (DEP-070, DEP-082).
        let replica = text(&format!("deploymentController: {{type: {controller}}}"));
        accepted(&replica);
        rejected(
            &format!("{replica}timeline: [{{at: 1s, updateService: {{service: s, forceNewDeployment: true}}}}]\n"),
            "E353",
            "UpdateService cannot have `forceNewDeployment` with this deployment controller",
        );
    }
    accepted(&text("schedulingStrategy: DAEMON, deploymentController: {type: ECS}"));
    rejected(
        &text("schedulingStrategy: DAEMON, launchType: FARGATE").replace(T, crate::capacity::F),
        "E396",
        "The daemon scheduling strategy is not supported by Fargate",
    );
}

#[test]
fn plc_051_what_a_daemon_service_cannot_have() {
    let model = accepted(&text("schedulingStrategy: DAEMON"));
    let daemon = service(&model, "s");
    assert_eq!(
        (daemon.scheduling, daemon.minimum_healthy_percent, daemon.maximum_percent, daemon.desired_count),
        (SchedulingStrategy::Daemon, 0, 100, 0)
    );
    let rest = "The daemon scheduling strategy does not support";
    for (fields, what) in [
        ("placementStrategy: [{type: random}]", "placement strategies"),
        ("desiredCount: 0", "a desired count for services"),
        ("desiredCount: 2", "a desired count for services"),
        ("deploymentConfiguration: {maximumPercent: 101}", "values above 100 for maximumPercent"),
    ] {
        rejected(&text(&format!("schedulingStrategy: DAEMON, {fields}")), "E353", &format!("{rest} {what}"));
    }
    // All of them at once, and by update as well.
    let all = "schedulingStrategy: DAEMON, desiredCount: 1, placementStrategy: [{type: random}], deploymentConfiguration: {maximumPercent: 200}";
    assert_eq!(problems(&text(all)).len(), 3);
    let update = text("schedulingStrategy: DAEMON")
        + "timeline: [{at: 1s, updateService: {service: s, desiredCount: 1, placementStrategy: [{type: random}], deploymentConfiguration: {maximumPercent: 200}}}]\n";
    assert_eq!(problems(&update).iter().filter(|line| line.starts_with("E353")).count(), 3);
    accepted(&text(
        "schedulingStrategy: DAEMON, placementConstraints: [{type: distinctInstance}], deploymentConfiguration: {minimumHealthyPercent: 50, maximumPercent: 100}",
    ));
}

#[test]
fn svc_002_bounds_by_default() {
    let model = accepted(&text("deploymentConfiguration: {maximumPercent: 150}"));
    let replica = service(&model, "s");
    assert_eq!((replica.minimum_healthy_percent, replica.maximum_percent), (100, 150));
    rejected(
        &text("deploymentConfiguration: {minimumHealthyPercent: 100, maximumPercent: 90}"),
        "E347",
        "minimumHealthyPercent 100 exceeds maximumPercent 90",
    );
}

/// Whether the service is rebalanced, or the text of the refusal.
fn rebalanced(fields: &str) -> Result<bool, String> {
    let prepared = prepare_with(text(fields), &[]);
    let refusal = prepared.diagnostics.iter().find(|diagnostic| diagnostic.code == "E354");
    match (refusal, &prepared.ready) {
        (Some(refusal), _) => Err(refusal.message.clone()),
        (None, Some(ready)) => Ok(service(&ready.model, "s").availability_zone_rebalancing),
        (None, None) => panic!("{:?}", problems_of(&prepared)),
    }
}

const ZONE: &str =
    "placementStrategy: [{type: spread, field: 'attribute:ecs.availability-zone'}, {type: binpack, field: cpu}]";
const BINPACK: &str = "placementStrategy: [{type: binpack, field: cpu}]";
const SPREAD: &str = "placementStrategy: [{type: spread, field: instanceId}]";

// proves: AZR-001, AZR-002
#[test]
fn azr_001_absent_means_enabled_where_it_is_possible() {
    for (fields, enabled) in [
        ("desiredCount: 1", true),
        (ZONE, true),
        ("availabilityZoneRebalancing: ENABLED", true),
        ("availabilityZoneRebalancing: DISABLED", false),
        (BINPACK, false),
        (SPREAD, false),
        ("schedulingStrategy: DAEMON", false),
        ("launchType: EXTERNAL", false),
        ("deploymentConfiguration: {maximumPercent: 100}", false),
        ("deploymentConfiguration: {maximumPercent: 101}", true),
        ("loadBalancers: [{loadBalancerName: classic, containerName: c, containerPort: 80}]", false),
        ("loadBalancers: [{targetGroupArn: arn, containerName: c, containerPort: 80}]", true),
        (
            "placementConstraints: [{type: memberOf, expression: 'attribute:ecs.availability-zone != us-east-1d'}]",
            false,
        ),
        (
            "placementConstraints: [{type: memberOf, expression: 'attribute:ecs.os-type == ecs.availability-zone'}]",
            true,
        ),
        ("placementConstraints: [{type: distinctInstance}]", true),
    ] {
        assert_eq!(rebalanced(fields), Ok(enabled), "{fields}");
    }
}

#[test]
fn azr_003_enabled_where_it_is_not_possible_is_refused() {
    for (fields, refusal) in [
        (BINPACK, "Availability Zone Rebalancing only supports availability zone spread as task placement strategy"),
        (SPREAD, "Availability Zone Rebalancing only supports availability zone spread as task placement strategy"),
        (
            "deploymentConfiguration: {maximumPercent: 100}",
            "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.",
        ),
        ("schedulingStrategy: DAEMON", "Availability Zone Rebalancing does not support DAEMON services"),
        ("launchType: EXTERNAL", "Availability Zone Rebalancing does not support EXTERNAL launch type"),
        (
            "loadBalancers: [{loadBalancerName: x}]",
            "Availability Zone Rebalancing does not support Classic Load Balancers",
        ),
    ] {
        let explicit = format!("availabilityZoneRebalancing: ENABLED, {fields}");
        assert_eq!(rebalanced(&explicit), Err(refusal.to_owned()), "{fields}");
        assert_eq!(rebalanced(&format!("availabilityZoneRebalancing: DISABLED, {fields}")), Ok(false), "{fields}");
    }
}

#[test]
fn azr_003_lowering_the_maximum_needs_disabled_with_it() {
    let update = |fields: &str| {
        let timeline = format!("timeline: [{{at: 1s, updateService: {{service: s, {fields}}}}}]\n");
        run(&(text("desiredCount: 1") + &timeline)).refused()
    };
    assert!(matches!(
        update("deploymentConfiguration: {maximumPercent: 100}")[..],
        [CallError::RebalancingNotPossible { .. }]
    ));
    assert!(update("deploymentConfiguration: {maximumPercent: 100}, availabilityZoneRebalancing: DISABLED").is_empty());
    assert!(update("deploymentConfiguration: {maximumPercent: 150}").is_empty());
}

#[test]
fn launch_types_must_suit_the_definition() {
    let with = |compatible: &str, fields: &str| {
        format!(
            "{A1}taskDefinitions: [{{family: t, requiresCompatibilities: [{compatible}], containerDefinitions: [{{name: c, memory: 9}}]}}]\nservices: [{{serviceName: s, taskDefinition: t, {fields}}}]\n"
        )
    };
    accepted(&with("EXTERNAL, EC2", "launchType: EC2"));
    accepted(&with("EXTERNAL", "launchType: EXTERNAL"));
    for (compatible, fields, name) in
        [("EXTERNAL", "desiredCount: 1", "EC2"), ("EC2", "launchType: EXTERNAL", "EXTERNAL")]
    {
        let message = format!("the task definition `t` does not support launch type {name}: it requires {compatible}");
        rejected(&with(compatible, fields), "E348", &message);
    }
}

#[test]
fn names_of_services() {
    rejected(
        &text("desiredCount: 1").replace("serviceName: s", "serviceName: 'a b'"),
        "E340",
        "`a b` is no name of a service",
    );
    rejected(&format!("{A1}services: [{{serviceName: s}}]\n"), "E346", "service `s` names no task definition");
    let twice =
        format!("{A1}{T}services: [{{serviceName: s, taskDefinition: t}}, {{serviceName: s, taskDefinition: t}}]\n");
    rejected(&twice, "E302", "two services are called `s`");
    // A service that could not be read is not unknown as well.
    check(
        &format!(
            "{A1}{T}services: [{{serviceName: s, taskDefinition: tt}}]\ntimeline: [{{at: 1s, updateService: {{service: s, desiredCount: 2}}}}, {{at: 2s, deleteService: {{service: z}}}}]\n"
        ),
        &["E301 3:45 unknown task definition `tt` (did you mean `t`?)", "E301 4:102 unknown service `z`"],
    );
}

#[test]
fn what_is_not_simulated_yet_is_said_once() {
    let key = "vpcLatticeConfigurations";
    rejected(
        &text(&format!("{key}: [{{roleArn: x}}]")),
        "W360",
        &format!("`{key}` is accepted, but this version does not simulate it"),
    );
}
