//! What the AWS CLI prints: several answers make one scenario, in which they name each other.

use ecsim_scenario::import::FindingKind::{Assumed, NotCarriedOver, NotNeeded, Note};
use serde_json::{Value, json};

use crate::kit::*;

pub const SERVICES: &str = r#"{
  "services": [
    {"serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/prod/shop", "serviceName": "shop",
     "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "status": "ACTIVE",
     "desiredCount": 4, "runningCount": 4, "pendingCount": 0,
     "capacityProviderStrategy": [{"capacityProvider": "cp", "weight": 1, "base": 0}],
     "taskDefinition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/shop:7",
     "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 50,
       "alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}},
     "loadBalancers": [{"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/6d0ecf831eec9f09", "containerName": "app", "containerPort": 80}],
     "deployments": [{"status": "PRIMARY"}, {"status": "ACTIVE"}], "events": [{"message": "x"}],
     "placementConstraints": [], "placementStrategy": [{"type": "binpack", "field": "memory"}],
     "schedulingStrategy": "REPLICA", "propagateTags": "NONE", "enableECSManagedTags": false,
     "fancyNewField": {"a": 1}},
    {"serviceName": "old", "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "status": "INACTIVE"},
    {"serviceName": "else", "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/test", "status": "ACTIVE", "taskDefinition": "x:1", "desiredCount": 1}
  ],
  "failures": [{"arn": "arn:aws:ecs:eu-west-1:111122223333:service/prod/gone", "reason": "MISSING"}]
}"#;

pub const DEFINITION: &str = r#"{"taskDefinition": {
  "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/shop:7", "family": "shop", "revision": 7,
  "status": "ACTIVE", "networkMode": "bridge", "compatibilities": ["EC2"], "registeredAt": "2026-01-01T00:00:00Z",
  "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}], "volumes": [],
  "containerDefinitions": [{"name": "app", "image": "shop", "cpu": 256, "memory": 512, "portMappings": [{"containerPort": 80, "hostPort": 0}], "essential": true, "environment": [], "mountPoints": []}]},
  "tags": [{"key": "team", "value": "web"}]}"#;

pub const CAPACITY: &str = r#"{
  "capacityProviders": [
    {"name": "FARGATE", "status": "ACTIVE"},
    {"name": "cp", "status": "ACTIVE", "updateStatus": "UPDATE_COMPLETE", "autoScalingGroupProvider": {
      "autoScalingGroupArn": "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/fleet",
      "managedScaling": {"status": "ENABLED", "targetCapacity": 80}, "managedTerminationProtection": "DISABLED"}}],
  "clusters": [{"clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "clusterName": "prod", "status": "ACTIVE",
    "registeredContainerInstancesCount": 2, "runningTasksCount": 4, "pendingTasksCount": 0, "activeServicesCount": 1,
    "statistics": [], "settings": [], "capacityProviders": ["cp"], "defaultCapacityProviderStrategy": [{"capacityProvider": "cp", "weight": 1, "base": 0}]}]
}"#;

pub const GROUPS: &str = r#"{"AutoScalingGroups": [{
  "AutoScalingGroupName": "fleet", "AutoScalingGroupARN": "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/fleet",
  "LaunchTemplate": {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "nodes", "Version": "4"},
  "MinSize": 1, "MaxSize": 8, "DesiredCapacity": 2, "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
  "VPCZoneIdentifier": "subnet-a,subnet-b", "Instances": [{"InstanceId": "i-1", "InstanceType": "m5.large"}],
  "CreatedTime": "2026-01-01T00:00:00Z", "HealthCheckType": "EC2", "DefaultCooldown": 300}]}"#;

pub const TEMPLATES: &str = r#"{"LaunchTemplateVersions": [
  {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "nodes", "VersionNumber": 4, "DefaultVersion": false, "CreateTime": "2026-01-02T00:00:00Z", "CreatedBy": "me", "LaunchTemplateData": {"InstanceType": "m6i.xlarge"}},
  {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "nodes", "VersionNumber": 2, "DefaultVersion": true, "CreateTime": "2026-01-01T00:00:00Z", "CreatedBy": "me", "LaunchTemplateData": {"InstanceType": "m5.large"}}]}"#;

pub const SCALING: &str = r#"{
  "ScalableTargets": [{"ServiceNamespace": "ecs", "ResourceId": "service/prod/shop", "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2, "MaxCapacity": 20, "RoleARN": "arn:aws:iam::111122223333:role/x", "CreationTime": 1.5}],
  "ScalingPolicies": [
    {"PolicyARN": "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:9:resource/ecs/service/prod/shop:policyName/steps", "PolicyName": "steps", "ServiceNamespace": "ecs", "ResourceId": "service/prod/shop", "ScalableDimension": "ecs:service:DesiredCount", "PolicyType": "StepScaling",
     "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}], "Cooldown": 60}, "Alarms": [{"AlarmName": "busy", "AlarmARN": "arn:x"}]},
    {"PolicyName": "table", "ServiceNamespace": "dynamodb", "ResourceId": "table/x"}]
}"#;

pub const ALARMS: &str = r#"{"MetricAlarms": [
  {"AlarmName": "busy", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:busy", "StateValue": "OK", "ActionsEnabled": true, "OKActions": [],
   "AlarmActions": ["arn:aws:sns:eu-west-1:111122223333:ops", "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:9:resource/ecs/service/prod/shop:policyName/steps"],
   "MetricName": "CPUUtilization", "Namespace": "AWS/ECS", "Statistic": "Average", "Dimensions": [{"Name": "ClusterName", "Value": "prod"}, {"Name": "ServiceName", "Value": "shop"}],
   "Period": 60, "EvaluationPeriods": 2, "Threshold": 70.0, "ComparisonOperator": "GreaterThanThreshold"},
  {"AlarmName": "errors", "MetricName": "MemoryUtilization", "Namespace": "AWS/ECS", "Statistic": "Average", "Dimensions": [{"Name": "ClusterName", "Value": "prod"}, {"Name": "ServiceName", "Value": "shop"}],
   "Period": 60, "EvaluationPeriods": 1, "Threshold": 90.0, "ComparisonOperator": "GreaterThanThreshold"},
  {"AlarmName": "pager", "MetricName": "X", "Namespace": "Y", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": ["arn:aws:sns:eu-west-1:111122223333:ops"]}]}"#;

pub const NETWORK: &str = r#"{
  "TargetGroups": [{"TargetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/6d0ecf831eec9f09", "TargetGroupName": "shop", "Protocol": "HTTP", "Port": 80, "HealthCheckIntervalSeconds": 10, "TargetType": "instance", "LoadBalancerArns": ["arn:x"]}],
  "Subnets": [{"SubnetId": "subnet-a", "AvailabilityZone": "eu-west-1b"}]}"#;

pub fn all() -> Vec<(&'static str, &'static str)> {
    vec![
        ("services.json", SERVICES),
        ("definition.json", DEFINITION),
        ("capacity.json", CAPACITY),
        ("groups.json", GROUPS),
        ("templates.json", TEMPLATES),
        ("scaling.json", SCALING),
        ("alarms.json", ALARMS),
        ("network.json", NETWORK),
    ]
}

#[test]
fn answers_that_name_each_other_make_one_scenario() {
    let imported = imported(&all());
    let made = scenario(&imported);
    assert_eq!(made["region"], "eu-west-1", "the Region of the ARNs");
    assert_eq!(made["cluster"]["clusterName"], "prod");
    assert_eq!(made["cluster"]["capacityProviders"], json!(["cp"]));
    let service = &made["services"][0];
    assert_eq!((&service["serviceName"], &service["taskDefinition"]), (&json!("shop"), &json!("shop:7")));
    assert_eq!(service["loadBalancers"][0]["targetGroupArn"], "shop", "its name, for the group is there");
    assert_eq!(made["services"].as_array().unwrap().len(), 1);
    assert_eq!(made["autoScalingGroups"][0]["launchTemplate"], json!({"launchTemplateName": "nodes", "version": "2"}));
    assert_eq!(made["launchTemplates"][0]["defaultVersionNumber"], 1);
    assert_eq!(made["launchTemplates"][0]["versions"][0]["launchTemplateData"]["instanceType"], "m6i.xlarge");
    assert_eq!(made["capacityProviders"][0]["autoScalingGroupProvider"]["autoScalingGroup"], "fleet");
    // The zone that is known stays; the other subnet gets the zone of its place in the list.
    assert_eq!(made["vpc"]["subnets"]["subnet-a"], "eu-west-1b");
    let scaling = &service["autoScaling"];
    assert_eq!((&scaling["minCapacity"], &scaling["maxCapacity"]), (&json!(2), &json!(20)));
    assert_eq!(scaling["policies"][0]["policyName"], "steps");
    let alarms: Vec<&str> =
        made["alarms"].as_array().unwrap().iter().filter_map(|it| it["alarmName"].as_str()).collect();
    assert_eq!(alarms, ["busy", "errors"], "those that do something");
    assert_eq!(made["alarms"][0]["alarmActions"], json!(["steps"]));
}

#[test]
fn nothing_is_dropped_silently() {
    let imported = imported(&all());
    scenario(&imported);
    says(&imported, NotCarriedOver, &["services.json:14:6", "fancyNewField"]);
    says(&imported, NotCarriedOver, &["AWS did not find", "service/prod/gone", "MISSING"]);
    says(&imported, NotCarriedOver, &["`old` is INACTIVE"]);
    says(&imported, NotCarriedOver, &["another cluster, `test`", "--cluster test"]);
    says(&imported, NotCarriedOver, &["a deployment is under way"]);
    says(&imported, NotCarriedOver, &["`dynamodb`, which is not ECS"]);
    says(&imported, Note, &["versions count from 1", "2 is now 1", "4 is now 2"]);
    says(&imported, Assumed, &["subnet-b in eu-west-1"]);
    says(&imported, NotNeeded, &["alarms that only notify somebody", "actions of alarms that notify somebody"]);
    // What only answers have is one line, not one for each field.
    says(&imported, NotNeeded, &["runningCount", "registeredContainerInstancesCount", "events", "createdTime"]);
}

#[test]
fn what_is_missing_gets_a_stand_in_that_is_said_to_be_one() {
    let imported = imported(&[("services.json", SERVICES)]);
    let made = scenario(&imported);
    assert_eq!(made["taskDefinitions"][0]["family"], "shop");
    assert_eq!(made["services"][0]["taskDefinition"], "shop");
    assert_eq!(made["capacityProviders"][0]["name"], "cp");
    assert_eq!(made["autoScalingGroups"][0]["launchTemplate"]["instanceType"], "m5.large");
    says(&imported, Assumed, &["`shop:7` is not among the files", "describe-task-definition"]);
    says(&imported, Assumed, &["capacity provider `cp` is not among the files"]);
    let yaml = &imported.scenario.as_ref().unwrap().yaml;
    assert!(yaml.contains("# A stand-in: `cp`, which was not among the files."), "{yaml}");
}

#[test]
fn another_cluster_can_be_chosen() {
    let options = ecsim_scenario::import::Options { cluster: Some("test".to_owned()), ..Default::default() };
    let imported = with(&[("services.json", SERVICES)], options);
    assert_eq!(scenario(&imported)["services"][0]["serviceName"], "else");
    let options = ecsim_scenario::import::Options { cluster: Some("prd".to_owned()), ..Default::default() };
    let problems = problems(&with(&[("services.json", SERVICES)], options));
    assert!(problems[0].starts_with("E411") && problems[0].contains("did you mean `prod`?"), "{problems:?}");
}

#[test]
fn container_instances_and_tasks_as_they_were() {
    let instances = r#"{"containerInstances": [
      {"containerInstanceArn": "arn:aws:ecs:us-east-1:1:container-instance/c/1", "ec2InstanceId": "i-0123456789abcdef0", "status": "DRAINING", "agentConnected": true,
       "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048}, {"name": "MEMORY", "type": "INTEGER", "integerValue": 7680}], "remainingResources": [],
       "attributes": [{"name": "ecs.instance-type", "value": "m5.large"}, {"name": "ecs.availability-zone", "value": "us-east-1b"}, {"name": "stack", "value": "prod"}, {"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"}]},
      {"containerInstanceArn": "arn:aws:ecs:us-east-1:1:container-instance/c/2", "ec2InstanceId": "i-0123456789abcdef1", "status": "ACTIVE",
       "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 4096}, {"name": "MEMORY", "type": "INTEGER", "integerValue": 8000}], "attributes": []}]}"#;
    let tasks = r#"{"tasks": [
      {"taskArn": "a", "group": "service:web", "lastStatus": "RUNNING", "taskDefinitionArn": "arn:aws:ecs:us-east-1:1:task-definition/web:1", "clusterArn": "arn:aws:ecs:us-east-1:1:cluster/c"},
      {"taskArn": "b", "group": "family:shop", "lastStatus": "RUNNING", "launchType": "EC2", "taskDefinitionArn": "arn:aws:ecs:us-east-1:1:task-definition/shop:7", "clusterArn": "arn:aws:ecs:us-east-1:1:cluster/c"},
      {"taskArn": "c", "group": "family:shop", "lastStatus": "STOPPED", "taskDefinitionArn": "arn:aws:ecs:us-east-1:1:task-definition/shop:7", "clusterArn": "arn:aws:ecs:us-east-1:1:cluster/c"}]}"#;
    let imported = imported(&[("instances.json", instances), ("tasks.json", tasks), ("definition.json", DEFINITION)]);
    let made = scenario(&imported);
    let first = &made["containerInstances"][0];
    assert_eq!((&first["instanceType"], &first["availabilityZone"]), (&json!("m5.large"), &json!("us-east-1b")));
    assert_eq!(first["attributes"], json!([{"name": "stack", "value": "prod"}]));
    assert_eq!(made["containerInstances"][1]["registeredResources"], json!({"cpu": 4096, "memory": 8000}));
    assert_eq!(made["timeline"][0]["updateContainerInstancesState"]["status"], "DRAINING");
    assert_eq!(made["workload"][0]["runTask"]["count"], 1);
    says(&imported, Note, &["1 tasks have stopped"]);
    says(&imported, Note, &["1 running tasks belong to services"]);
}

#[test]
fn inputs_of_calls_are_understood_too() {
    let run = r#"{"cluster": "c", "taskDefinition": "shop:7", "count": 3, "launchType": "EC2", "startedBy": "me"}"#;
    let imported_run = imported(&[("run.json", run), ("definition.json", DEFINITION)]);
    let made = scenario(&imported_run);
    assert_eq!(made["workload"][0]["runTask"]["count"], 3);
    assert_eq!(made["workload"][0]["at"], json!(["1m"]));
    says(&imported_run, Assumed, &["when the call is made is not known"]);
    assert_eq!(made["containerInstances"][0]["instanceType"], "m5.large", "somewhere to run");

    let set = r#"{"cluster": "c", "service": "web", "externalId": "blue", "taskDefinition": "shop:7", "launchType": "EC2", "scale": {"unit": "PERCENT", "value": 50.0}}"#;
    let imported_set = imported(&[("set.json", set), ("definition.json", DEFINITION)]);
    let made = scenario(&imported_set);
    assert_eq!(made["services"][0]["deploymentController"]["type"], "EXTERNAL");
    assert_eq!(made["timeline"][0]["createTaskSet"]["externalId"], "blue");
}

#[test]
fn policies_of_groups_take_their_alarm_with_them_and_hooks_their_group() {
    let more = r#"{
      "ScalingPolicies": [{"AutoScalingGroupName": "fleet", "PolicyName": "out", "PolicyARN": "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:5:autoScalingGroupName/fleet:policyName/out", "PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}], "Alarms": [], "Enabled": true},
        {"AutoScalingGroupName": "fleet", "PolicyName": "lonely", "PolicyType": "SimpleScaling", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1}],
      "ScheduledUpdateGroupActions": [{"AutoScalingGroupName": "fleet", "ScheduledActionName": "night", "Recurrence": "0 20 * * *", "MinSize": 1, "MaxSize": 4, "DesiredCapacity": 1}],
      "LifecycleHooks": [{"LifecycleHookName": "install", "AutoScalingGroupName": "fleet", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "HeartbeatTimeout": 600, "GlobalTimeout": 60000, "DefaultResult": "CONTINUE"}],
      "MetricAlarms": [{"AlarmName": "hot", "AlarmActions": ["arn:aws:autoscaling:eu-west-1:1:scalingPolicy:5:autoScalingGroupName/fleet:policyName/out"], "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "Statistic": "Average", "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "fleet"}], "Period": 60, "EvaluationPeriods": 1, "Threshold": 70.0, "ComparisonOperator": "GreaterThanThreshold"}]}"#;
    let imported = imported(&[("groups.json", GROUPS), ("templates.json", TEMPLATES), ("more.json", more)]);
    let made = scenario(&imported);
    let group = &made["autoScalingGroups"][0];
    assert_eq!(group["scalingPolicies"].as_array().unwrap().len(), 1);
    assert_eq!(group["scalingPolicies"][0]["alarm"]["threshold"], json!(70));
    assert_eq!(group["scheduledActions"][0]["recurrence"], "0 20 * * *");
    assert_eq!(group["lifecycleHookSpecificationList"][0]["heartbeatTimeout"], 600);
    assert!(made.get("alarms").is_none(), "it stands under its policy");
    says(&imported, NotCarriedOver, &["`lonely`", "no alarm among the files invokes it"]);
}

/// What the scenario refused before: fields of these answers, pasted as they are.
#[test]
fn answers_can_be_pasted_into_a_scenario() {
    let text = r#"{
      "cluster": {"clusterArn": "arn:aws:ecs:us-east-1:1:cluster/c", "clusterName": "c", "status": "ACTIVE", "registeredContainerInstancesCount": 0, "runningTasksCount": 0, "pendingTasksCount": 0, "activeServicesCount": 0, "statistics": [], "attachments": [], "attachmentsStatus": "UPDATE_COMPLETE"},
      "launchTemplates": [{"LaunchTemplateId": "lt-1", "LaunchTemplateName": "nodes", "VersionNumber": 4, "CreateTime": "2026-01-01T00:00:00Z", "CreatedBy": "me", "DefaultVersion": true, "LaunchTemplateData": {"InstanceType": "m5.large"}}],
      "autoScalingGroups": [{"AutoScalingGroupName": "g", "MinSize": 1, "MaxSize": 2, "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "4"},
        "LifecycleHookSpecificationList": [{"LifecycleHookName": "h", "AutoScalingGroupName": "g", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "GlobalTimeout": 172800}]}]}"#;
    let prepare = |text: &str| {
        let prepared = ecsim_scenario::prepare(&memory(&[("main.yaml", text)]), "main.yaml", &[], &Default::default());
        let problems: Vec<String> =
            prepared.diagnostics.iter().map(|it| format!("{} {} {:?}", it.code, it.message, it.help)).collect();
        (prepared.ready.is_some(), problems)
    };
    let (fine, problems) = prepare(text);
    assert!(fine, "{problems:#?}");
    let (fine, problems) = prepare(&text.replace(r#""Version": "4""#, r#""Version": "3""#));
    assert!(!fine && problems.iter().any(|it| it.contains("versions: 4 to 4")), "{problems:#?}");
}

/// What was left out does not count as imported.
#[test]
fn the_summary_counts_what_is_there() {
    let definition =
        r#"{"taskDefinition": {"family": "t", "containerDefinitions": [{"name": "a", "image": "x", "memory": 100}]}}"#;
    let services = r#"{"services": [
        {"serviceName": "a", "taskDefinition": "t", "desiredCount": 1, "status": "ACTIVE"},
        {"serviceName": "b", "taskDefinition": "t", "desiredCount": 1, "status": "INACTIVE"},
        {"serviceName": "a", "taskDefinition": "t", "desiredCount": 2, "status": "ACTIVE"}]}"#;
    let imported = imported(&[("t.json", definition), ("s.json", services)]);
    let summary = &imported.scenario.as_ref().unwrap().summary;
    assert_eq!(summary, "1 task definition, 1 service (2 more left out)");
}

/// `describe-services` prints the task sets of an external controller inside of the service (DEP-080).
#[test]
fn dep_080_task_sets_inside_of_a_service_are_carried_over() {
    let definition = r#"{"taskDefinition": {"family": "t", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "containerDefinitions": [{"name": "a", "image": "x"}]}}"#;
    let set = |id: &str, status: &str| {
        format!(
            r#"{{"id": "ecs-svc/{id}", "taskSetArn": "arn:aws:ecs:eu-west-1:1:task-set/c/s/ecs-svc/{id}", "status": "{status}",
            "serviceArn": "arn:aws:ecs:eu-west-1:1:service/c/s", "taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/t:1",
            "computedDesiredCount": 2, "launchType": "FARGATE", "scale": {{"value": 50.0, "unit": "PERCENT"}},
            "networkConfiguration": {{"awsvpcConfiguration": {{"subnets": ["subnet-1"]}}}}}}"#
        )
    };
    let services = format!(
        r#"{{"services": [{{"serviceName": "s", "desiredCount": 4, "status": "ACTIVE",
        "deploymentController": {{"type": "EXTERNAL"}}, "taskSets": [{}, {}, {}]}}]}}"#,
        set("1", "PRIMARY"),
        set("2", "ACTIVE"),
        set("3", "DRAINING")
    );
    let imported = imported(&[("t.json", definition), ("s.json", &services)]);
    let made = scenario(&imported);
    let calls = made["timeline"].as_array().unwrap();
    let sets: Vec<&Value> = calls.iter().map(|it| &it["createTaskSet"]).filter(|it| !it.is_null()).collect();
    assert_eq!(sets.len(), 2, "{calls:?}");
    assert_eq!((&sets[0]["service"], sets[0]["scale"]["value"].as_f64()), (&json!("s"), Some(50.0)));
    let primary: Vec<&Value> = calls.iter().filter(|it| !it["updateServicePrimaryTaskSet"].is_null()).collect();
    assert_eq!(primary[0]["updateServicePrimaryTaskSet"], json!({"service": "s", "primaryTaskSet": "1"}));
    says(&imported, NotCarriedOver, &["a task set is DRAINING"]);
}
