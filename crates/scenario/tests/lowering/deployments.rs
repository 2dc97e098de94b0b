//! Deployments: how a configuration is read, what AWS rejects, and what calls of the timeline deploy (DEP-030 to DEP-071).

use ecsim_cluster::deployments::{DeploymentController, DeploymentStrategy, Stage, Threshold};
use ecsim_engine::model::Call;
use ecsim_kernel::Span;

use crate::kit::*;

fn text(service: &str, timeline: &str) -> String {
    format!(
        "{A1}taskDefinitions:\n- {{family: t, containerDefinitions: [{{name: c, image: i, memory: 8}}]}}\n- {{family: t, containerDefinitions: [{{name: c, image: j, memory: 8}}]}}\nservices: [{{serviceName: s, taskDefinition: 't:1', {service}}}]\ntimeline: [{timeline}]\n"
    )
}

fn configured(configuration: &str) -> String {
    text(&format!("deploymentConfiguration: {{{configuration}}}"), "")
}

#[test]
fn dep_030_dep_031_dep_033_the_circuit_breaker_and_its_defaults() {
    let policy = |configuration: &str| {
        let model = accepted(&configured(configuration));
        model.definitions.deployment_policies.values().next().unwrap()[0].clone()
    };
    assert_eq!(policy("minimumHealthyPercent: 50").breaker, None, "DEP-030: off by default");
    assert_eq!(policy("deploymentCircuitBreaker: {enable: false, rollback: true}").breaker, None);
    let breaker = policy("deploymentCircuitBreaker: {enable: true, rollback: true}").breaker.unwrap();
    assert!(breaker.rollback && breaker.reset_on_healthy);
    assert_eq!(breaker.threshold, Threshold::BoundedPercent(50));
    let breaker = policy(
        "deploymentCircuitBreaker: {enable: true, rollback: false, resetOnHealthyTask: false, thresholdConfiguration: {type: COUNT, value: 4}}",
    )
    .breaker
    .unwrap();
    assert!(!breaker.reset_on_healthy);
    assert_eq!(breaker.threshold, Threshold::Count(4));
    rejected(
        &configured(
            "deploymentCircuitBreaker: {enable: true, rollback: false, thresholdConfiguration: {type: UNBOUNDED_PERCENT, value: 101}}",
        ),
        "E372",
        "a threshold of 101; 1 to 100 percent is possible (DEP-031)",
    );
}

#[test]
fn dep_063_dep_064_dep_066_strategies_their_defaults_and_hooks() {
    let policy = |configuration: &str| {
        let model = accepted(&configured(configuration));
        model.definitions.deployment_policies.values().next().unwrap()[0].clone()
    };
    assert_eq!(
        policy("strategy: LINEAR").strategy,
        DeploymentStrategy::Linear { step: 100_000, bake: Span::from_mins(6) }
    );
    assert_eq!(
        policy("strategy: CANARY").strategy,
        DeploymentStrategy::Canary { share: 50_000, bake: Span::from_mins(10) }
    );
    let hooked = policy(
        "strategy: BLUE_GREEN, lifecycleHooks: [{targetType: PAUSE, lifecycleStages: [PRE_SCALE_UP, POST_SCALE_UP], timeoutConfiguration: {timeoutInMinutes: 7, action: CONTINUE}}]",
    );
    let hook = &hooked.hooks[0];
    assert_eq!(hook.stages, Stage::PreScaleUp.bit() | Stage::PostScaleUp.bit());
    assert!(hook.pause && hook.continues_on_timeout && hook.timeout == Span::from_mins(7));
    rejected(
        &configured("strategy: LINEAR, linearConfiguration: {stepPercent: 2}"),
        "E372",
        "2 percent of the traffic; 3 to 100 are possible (DEP-063, DEP-064)",
    );
    rejected(
        &configured(
            "strategy: BLUE_GREEN, lifecycleHooks: [{targetType: PAUSE, lifecycleStages: [PRODUCTION_TRAFFIC_SHIFT]}]",
        ),
        "E301",
        "a lifecycle hook is not possible at the stage `PRODUCTION_TRAFFIC_SHIFT` (DEP-066)",
    );
    rejected(&configured("alarms: {enable: true, rollback: true, alarmNames: [none]}"), "E301", "unknown alarm `none`");
}

#[test]
fn svc_060_svc_061_svc_062_what_a_call_deploys() {
    let calls = |timeline: &str| {
        let model = accepted(&text("desiredCount: 1", timeline));
        model.calls.values().cloned().collect::<Vec<_>>()
    };
    let update = |call: &Call| matches!(call, Call::UpdateService { .. });
    assert!(update(&calls("{at: 1s, updateService: {service: s, desiredCount: 2}}")[0]));
    let deploys = calls("{at: 1s, updateService: {service: s, taskDefinition: 't:2'}}");
    assert!(matches!(deploys[0], Call::Deploy { revision: Some(1), force: false, policy: None, .. }));
    let forced = calls("{at: 1s, updateService: {service: s, forceNewDeployment: true}}");
    assert!(matches!(forced[0], Call::Deploy { revision: None, force: true, .. }));
    let configured = calls(
        "{at: 1s, updateService: {service: s, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}}",
    );
    assert!(matches!(configured[0], Call::Deploy { revision: None, force: false, policy: Some(1), .. }));
}

#[test]
fn svc_060_volumes_lattice_and_monitoring_deploy_where_they_change() {
    let volume = "volumeConfigurations: [{name: data, managedEBSVolume: {roleArn: r, sizeInGiB: 9}}]";
    let monitoring = "monitoring: {metricConfigurations: [{metricNames: [CPUUtilization], resolutionSeconds: 20}]}";
    let lattice = "vpcLatticeConfigurations: [{roleArn: r, targetGroupArn: t, portName: p}]";
    let written = |service: &str, timeline: &str| {
        text(service, timeline).replace("family: t,", "family: t, volumes: [{name: data, configuredAtLaunch: true}],")
    };
    for change in [volume, monitoring, lattice] {
        let revisions = |service: &str, updates: &[&str]| -> Vec<Option<u32>> {
            let updates: Vec<String> = updates
                .iter()
                .enumerate()
                .map(|(at, update)| format!("{{at: {}s, updateService: {{service: s, {update}}}}}", at + 1))
                .collect();
            let model = model(&written(service, &updates.join(", ")));
            let revision = |call: &Call| match call {
                Call::Deploy { revision, force: false, .. } => *revision,
                _ => None,
            };
            model.calls.values().map(revision).collect()
        };
        let same = change;
        let none = format!("{}: []", change.split_once(':').unwrap().0);
        let none = if change == monitoring { "monitoring: {metricConfigurations: []}" } else { none.as_str() };
        assert_eq!(revisions("desiredCount: 1", &[change, none]), [Some(1), Some(0)], "{change}");
        // Number 0 is what the service has: the engine starts no deployment of what runs (SVC-060).
        assert_eq!(revisions(&format!("desiredCount: 1, {change}"), &[same, none]), [Some(0), Some(1)], "{change}");
    }
    let both = format!("{{at: 1s, updateService: {{service: s, {volume}}}}}");
    let found = problems(&written("deploymentController: {type: EXTERNAL}", &both));
    assert!(found.iter().any(|problem| problem.contains("needs the deployment controller ECS")), "{found:?}");
    let unknown = both.replace("name: data", "name: other");
    let found = problems(&written("desiredCount: 1", &unknown));
    assert!(found.iter().any(|problem| problem.contains("volume `other` is not configured at launch")), "{found:?}");
}

#[test]
fn dep_070_dep_071_code_deploy_and_its_configurations() {
    let policy = |call: &str| {
        let timeline = format!("{{at: 1s, createDeployment: {{service: s, taskDefinition: 't:2'{call}}}}}");
        let model = accepted(&text("deploymentController: {type: CODE_DEPLOY}", &timeline));
        model.definitions.deployment_policies.values().next().unwrap().last().unwrap().clone()
    };
    for (name, expected) in [
        ("ECSAllAtOnce", DeploymentStrategy::BlueGreen),
        ("ECSLinear10PercentEvery1Minutes", DeploymentStrategy::Linear { step: 100_000, bake: Span::from_mins(1) }),
        ("ECSLinear10PercentEvery3Minutes", DeploymentStrategy::Linear { step: 100_000, bake: Span::from_mins(3) }),
        ("ECSCanary10Percent5Minutes", DeploymentStrategy::Canary { share: 100_000, bake: Span::from_mins(5) }),
        ("ECSCanary10Percent15Minutes", DeploymentStrategy::Canary { share: 100_000, bake: Span::from_mins(15) }),
    ] {
        let found = policy(&format!(", deploymentConfigName: CodeDeployDefault.{name}"));
        assert_eq!(found.strategy, expected);
        assert_eq!(found.controller, DeploymentController::CodeDeploy { termination_wait: Span::from_hours(1) });
    }
    let custom = policy(
        ", terminationWaitTimeInMinutes: 5, trafficRoutingConfig: {type: TimeBasedLinear, timeBasedLinear: {linearPercentage: 25, linearInterval: 2}}",
    );
    assert_eq!(custom.strategy, DeploymentStrategy::Linear { step: 250_000, bake: Span::from_mins(2) });
    assert_eq!(custom.controller, DeploymentController::CodeDeploy { termination_wait: Span::from_mins(5) });
}

#[test]
fn dep_073_the_percentages_of_codedeploy_are_fixed() {
    let written = "deploymentController: {type: CODE_DEPLOY}, deploymentConfiguration: {minimumHealthyPercent: 50, maximumPercent: 125}";
    let text = text(written, "{at: 1s, updateService: {service: s, desiredCount: 2}}");
    let model = model(&text);
    let service = model.definitions.services.values().next().unwrap();
    assert_eq!((service.minimum_healthy_percent, service.maximum_percent), (100, 200));
    let found = problems(&text);
    assert_eq!(found.iter().filter(|problem| problem.contains("DEP-073")).count(), 2, "{found:?}");
}
