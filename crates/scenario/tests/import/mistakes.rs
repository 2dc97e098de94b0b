//! Files that make no scenario: what they are is said, and what would be right.

use ecsim_scenario::import::FindingKind::NotCarriedOver;

use crate::kit::*;

#[test]
fn what_makes_no_scenario_is_named() {
    for (text, expected) in [
        (r#"{"detail-type": "ECS Task State Change", "source": "aws.ecs", "detail": {}}"#, "an event of EventBridge"),
        (
            r#"{"taskDefinitionArns": ["arn:x"]}"#,
            "only the names of task definitions | import what `aws ecs describe-task-definition",
        ),
        (r#"{"Reservations": []}"#, "EC2 instances"),
        (r#"{"family": "", "containerDefinitions": []}"#, "`family` is empty: this is the skeleton"),
        (r#"{"serviceName": "", "taskDefinition": ""}"#, "`serviceName` is empty"),
        (r#"{"service": "web", "desiredCount": 4}"#, "the input of update-service"),
        ("simulation: {duration: 1h}\nservices: []", "a scenario of ecsim already"),
        ("apiVersion: v1\nkind: Pod", "a manifest of Kubernetes"),
        (r#"{"terraform_version": "1.9", "resources": []}"#, "a state of Terraform"),
        (r#"{"hello": 1}"#, "a map with `hello`, which is nothing that import knows | import takes"),
        ("[1, 2]", "an element of this list is no object"),
        ("just words", "holds a text and no objects"),
        (r#"{"services": []}"#, "holds nothing that a scenario could be made of"),
        ("AWSTemplateFormatVersion: 2010-09-09\nResources: {}", "holds nothing that a scenario could be made of"),
    ] {
        let imported = imported(&[("x.yaml", text)]);
        let found = problems(&imported);
        assert!(imported.scenario.is_none(), "{text}");
        assert!(
            found.iter().any(|it| it.starts_with("E411 x.yaml:") && it.contains(expected)),
            "{found:#?} for {text}"
        );
    }
    let found = problems(&imported(&[("x.csv", "a,b\n1,2\n")]));
    assert!(found[0].starts_with("E411") && found[0].contains("its columns are `a` and `b`"), "{found:?}");
    let found = problems(&imported(&[("x.csv", "a,b\n")]));
    assert!(found[0].contains("has no rows"), "{found:?}");
}

/// What AWS itself would refuse is refused at its place in the user's file.
#[test]
fn the_check_points_into_the_users_file() {
    let text = "{\"family\": \"t\",\n \"containerDefinitions\": [{\"name\": \"app\", \"image\": \"x\"}]}";
    let found = problems(&imported(&[("t.json", text)]));
    assert!(found[0].starts_with("E342 t.json:2:"), "{found:?}");
}

/// A part that cannot be simulated does not keep the rest from running, and is named with the reason.
#[test]
fn a_policy_that_is_refused_is_left_out_with_the_reason() {
    let services = r#"{"services": [{"serviceName": "web", "taskDefinition": "web", "launchType": "FARGATE", "desiredCount": 2, "status": "ACTIVE"}]}"#;
    let scaling = r#"{"ScalableTargets": [{"ServiceNamespace": "ecs", "ResourceId": "service/default/web", "MinCapacity": 1, "MaxCapacity": 4}],
      "ScalingPolicies": [
       {"PolicyName": "broken", "ServiceNamespace": "ecs", "ResourceId": "service/default/web", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50.0}},
       {"PolicyName": "fine", "ServiceNamespace": "ecs", "ResourceId": "service/default/web", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}}]}"#;
    let imported = imported(&[("services.json", services), ("scaling.json", scaling)]);
    let made = scenario(&imported);
    let policies = made["services"][0]["autoScaling"]["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1);
    assert_eq!(policies[0]["policyName"], "fine");
    says(&imported, NotCarriedOver, &["scaling.json:3:8", "`services` `web` `autoScaling` `policies` `broken`"]);
}

#[test]
fn a_missing_file_and_a_broken_one() {
    let found = problems(&{
        let options = ecsim_scenario::import::Options { out: "o.yaml".to_owned(), ..Default::default() };
        ecsim_scenario::import::import(&memory(&[]), &["gone.json".to_owned()], &options, &Default::default())
    });
    assert_eq!(found, ["E001 cannot read `gone.json`: there is no such file | "]);
    let found = problems(&imported(&[("x.json", "{\"services\": [")]));
    assert!(found[0].starts_with("E005 x.json:"), "{found:?}");
}
