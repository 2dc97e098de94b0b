//! CloudFormation: functions, parameters, conditions, and resources that name each other.

use ecsim_scenario::import::FindingKind::{Assumed, NotCarriedOver, NotNeeded, Note};
use ecsim_scenario::import::Options;
use serde_json::json;

use crate::kit::*;

pub const STACK: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Description: A shop.
Parameters:
  Size: {Type: String, Default: large, AllowedValues: [small, large]}
  Count: {Type: Number, Default: "3"}
  Subnets: {Type: List<AWS::EC2::Subnet::Id>}
  Vpc: {Type: AWS::EC2::VPC::Id}
  Stage: {Type: String, Default: prod}
Mappings:
  Types:
    us-east-1: {small: m5.large, large: m5.2xlarge}
    eu-west-1: {small: m6i.large, large: m6i.2xlarge}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsSmall: !And [!Not [!Condition IsProd], !Equals [!Ref Size, small]]
Resources:
  Cluster:
    Type: AWS::ECS::Cluster
    Properties: {ClusterName: !Sub "${AWS::StackName}-${Stage}"}
  Role: {Type: AWS::IAM::Role}
  Logs: {Type: AWS::Logs::LogGroup}
  Queue: {Type: AWS::Batch::JobQueue}
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        InstanceType: !FindInMap [Types, !Ref "AWS::Region", !Ref Size]
        UserData: {"Fn::Base64": !Sub "ECS_CLUSTER=${Cluster} ${!Literal}"}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    UpdatePolicy: {AutoScalingRollingUpdate: {MaxBatchSize: 1}}
    Properties:
      VPCZoneIdentifier: !Ref Subnets
      LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: !GetAtt Template.LatestVersionNumber}
      MinSize: "1"
      MaxSize: !If [IsProd, 10, 2]
      Cooldown: "120"
  Provider:
    Type: AWS::ECS::CapacityProvider
    Properties:
      AutoScalingGroupProvider: {AutoScalingGroupArn: !Ref Group, ManagedScaling: {Status: ENABLED, TargetCapacity: 90}}
  Association:
    Type: AWS::ECS::ClusterCapacityProviderAssociations
    Properties: {Cluster: !Ref Cluster, CapacityProviders: [!Ref Provider], DefaultCapacityProviderStrategy: [{CapacityProvider: !Ref Provider, Weight: 1}]}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: !Join ["-", [!Ref Stage, shop]]
      TaskRoleArn: !GetAtt Role.Arn
      ContainerDefinitions:
        - {Name: app, Image: !Select [1, !Split ["|", "a|shop"]], Cpu: "256", Memory: "512", Essential: "true", PortMappings: [{ContainerPort: "80"}]}
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Protocol: HTTP, Port: 80, VpcId: !Ref Vpc, HealthCheckIntervalSeconds: 10, TargetGroupAttributes: [{Key: deregistration_delay.timeout_seconds, Value: "20"}]}
  Service:
    Type: AWS::ECS::Service
    Properties:
      Cluster: !Ref Cluster
      TaskDefinition: !Ref Task
      DesiredCount: !Ref Count
      PlacementStrategies: [{Type: spread, Field: "attribute:ecs.availability-zone"}]
      LoadBalancers: [{TargetGroupArn: !Ref Targets, ContainerName: app, ContainerPort: "80"}]
      HealthCheckGracePeriodSeconds: !If [IsSmall, 1, !Ref "AWS::NoValue"]
      Wrong: 1
  Canary:
    Type: AWS::ECS::Service
    Condition: IsSmall
    Properties: {TaskDefinition: !Ref Task}
  Scaling:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ServiceNamespace: ecs
      ScalableDimension: ecs:service:DesiredCount
      ResourceId: !Join ["/", [service, !Ref Cluster, !GetAtt Service.Name]]
      MinCapacity: 2
      MaxCapacity: 9
      ScheduledActions: [{ScheduledActionName: day, Schedule: "cron(0 8 * * ? *)", ScalableTargetAction: {MinCapacity: 4}}]
  Policy:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyName: cpu
      PolicyType: TargetTrackingScaling
      ScalingTargetId: !Ref Scaling
      TargetTrackingScalingPolicyConfiguration: {TargetValue: "60", PredefinedMetricSpecification: {PredefinedMetricType: ECSServiceAverageCPUUtilization}}
  Nightly:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: cron(30 2 * * ? *)
      Targets: [{Arn: !GetAtt Cluster.Arn, Id: t, EcsParameters: {TaskDefinitionArn: !Ref Task, TaskCount: 2}}]
  Hourly:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(2 hours)
      Target: {Arn: !GetAtt Cluster.Arn, EcsParameters: {TaskDefinitionArn: !Ref Task}}
Outputs:
  Name: {Value: !GetAtt Service.Name}
"#;

#[test]
fn a_stack_with_functions_makes_a_scenario() {
    let imported = imported(&[("shop.yaml", STACK)]);
    let made = scenario(&imported);
    assert_eq!((&made["name"], &made["description"]), (&json!("shop"), &json!("A shop.")));
    assert_eq!(made["cluster"]["clusterName"], "shop-prod");
    assert_eq!(made["cluster"]["defaultCapacityProviderStrategy"][0]["capacityProvider"], "Provider");
    let data = &made["launchTemplates"][0]["launchTemplateData"];
    assert_eq!(
        (&data["instanceType"], &data["userData"]),
        (&json!("m5.2xlarge"), &json!("ECS_CLUSTER=shop-prod ${Literal}"))
    );
    let group = &made["autoScalingGroups"][0];
    assert_eq!((&group["minSize"], &group["maxSize"], &group["defaultCooldown"]), (&json!(1), &json!(10), &json!(120)));
    assert_eq!(group["launchTemplate"], json!({"launchTemplateName": "Template", "version": "1"}));
    assert_eq!(group["vpcZoneIdentifier"], json!(["Subnets-1", "Subnets-2", "Subnets-3"]));
    let definition = &made["taskDefinitions"][0];
    assert_eq!(
        (&definition["family"], &definition["taskRoleArn"]),
        (&json!("prod-shop"), &json!("arn:aws:iam::111122223333:role/Role"))
    );
    let container = &definition["containerDefinitions"][0];
    assert_eq!(
        (&container["image"], &container["cpu"], &container["essential"]),
        (&json!("shop"), &json!(256), &json!(true))
    );
    let service = &made["services"][0];
    assert_eq!(made["services"].as_array().unwrap().len(), 1);
    assert_eq!((&service["taskDefinition"], &service["desiredCount"]), (&json!("prod-shop"), &json!(3)));
    assert_eq!(service["placementStrategy"][0]["type"], "spread");
    assert_eq!(service["loadBalancers"][0]["targetGroupArn"], "Targets");
    assert_eq!(made["targetGroups"][0]["attributes"][0]["value"], "20");
    assert_eq!(service["autoScaling"]["policies"][0]["policyName"], "cpu");
    assert_eq!(service["autoScaling"]["scheduledActions"][0]["scheduledActionName"], "day");
    assert!(service.get("healthCheckGracePeriodSeconds").is_none(), "AWS::NoValue");
    assert_eq!(made["workload"][0]["scheduleExpression"], "cron(30 2 * * ? *)", "of every day of the run");
    assert_eq!((&made["workload"][1]["every"], &made["workload"][0]["runTask"]["count"]), (&json!("2h"), &json!(2)));
    assert_eq!(made["simulation"]["duration"], "1d", "so that the schedules are seen");

    says(&imported, NotCarriedOver, &["shop.yaml:64:7", "`Wrong`"]);
    says(&imported, NotCarriedOver, &["`Queue`", "AWS Batch is not simulated"]);
    says(&imported, Assumed, &["shop.yaml:6:3", "`Subnets` has no default", "3 made-up subnets"]);
    says(&imported, Note, &["`Canary` is not made", "IsSmall"]);
    says(&imported, NotNeeded, &["AWS::IAM::Role", "AWS::Logs::LogGroup", "UpdatePolicy"]);
}

#[test]
fn parameters_and_pseudo_parameters_are_given_from_outside() {
    let options = parameters(&[
        ("Size", "small"),
        ("Stage", "dev"),
        ("Count", "5"),
        ("Subnets", "s1,s2"),
        ("AWS::Region", "eu-west-1"),
    ]);
    let imported = with(&[("shop.yaml", STACK)], options);
    let made = scenario(&imported);
    assert_eq!(made["region"], "eu-west-1");
    assert_eq!(made["launchTemplates"][0]["launchTemplateData"]["instanceType"], "m6i.large");
    assert_eq!(made["autoScalingGroups"][0]["maxSize"], 2);
    assert_eq!(made["services"].as_array().unwrap().len(), 2, "the canary's condition holds");
    assert_eq!(made["vpc"]["subnets"].as_object().unwrap().len(), 2);
    let service = made["services"].as_array().unwrap().iter().find(|it| it["serviceName"] == "Service").unwrap();
    assert_eq!((&service["desiredCount"], &service["healthCheckGracePeriodSeconds"]), (&json!(5), &json!(1)));
}

#[test]
fn json_templates_are_the_same() {
    let long = serde_json::json!({"Resources": {
        "T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"RequiresCompatibilities": ["FARGATE"], "NetworkMode": "awsvpc", "Cpu": 256, "Memory": 512,
            "ContainerDefinitions": [{"Name": {"Fn::Sub": "app-${AWS::Region}"}, "Image": {"Ref": "Image"}}]}},
        "S": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": {"Ref": "T"}, "LaunchType": "FARGATE",
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [{"Fn::ImportValue": "net:SubnetA"}]}}}}},
        "Parameters": {"Image": {"Type": "String", "Default": "nginx"}}});
    let imported = imported(&[("t.json", &long.to_string())]);
    let made = scenario(&imported);
    assert_eq!(made["taskDefinitions"][0]["containerDefinitions"][0]["name"], "app-us-east-1");
    assert_eq!(made["services"][0]["networkConfiguration"]["awsvpcConfiguration"]["subnets"], json!(["SubnetA"]));
    says(&imported, Assumed, &["`net:SubnetA` is `SubnetA`"]);
}

#[test]
fn mistakes_of_a_template_have_their_place() {
    for (wrong, right, expected) in [
        (
            "!Ref Count",
            "!Ref Cuont",
            "E412 shop.yaml:60:21 the template has no parameter and no resource `Cuont` | did you mean `Count`?",
        ),
        (
            "!If [IsProd, 10, 2]",
            "!If [IsPrd, 10, 2]",
            "E412 shop.yaml:36: the template has no condition `IsPrd` | did you mean `IsProd`?",
        ),
        ("[1, !Split", "[7, !Split", "E412 shop.yaml:51: `Fn::Select` picks what is not there: the list has 2 values"),
        ("!Ref Size]", "!Ref Stage]", "E412 shop.yaml:27: the mapping `Types` has no `us-east-1` with `prod`"),
        (
            "!Equals [!Ref Stage, prod]",
            "!Condition IsSmall",
            "E412 shop.yaml:14:3 the condition `IsProd` depends on itself",
        ),
    ] {
        let text = STACK.replacen(wrong, right, 1);
        let found = problems(&imported(&[("shop.yaml", &text)]));
        // The place, and after a blank the words.
        let (place, words) =
            expected[5..].split_once(' ').map_or((expected, ""), |(at, words)| (&expected[..5 + at.len()], words));
        assert!(found.iter().any(|it| it.starts_with(place) && it.contains(words)), "{found:#?} for {right}");
    }
    let found = problems(&with(&[("shop.yaml", STACK)], parameters(&[("Siez", "small")])));
    assert_eq!(found, ["E412 no template has a parameter `Siez` | did you mean `Size`?"]);
    let found = problems(&with(&[("shop.yaml", STACK)], parameters(&[("Size", "smal")])));
    assert!(
        found[0].contains("`smal` is no value that the parameter `Size` allows | did you mean `small`?"),
        "{found:?}"
    );
    let options = Options { region: Some("eu-wset-1".to_owned()), ..Options::default() };
    let found = problems(&with(&[("shop.yaml", STACK)], options));
    assert!(found[0].starts_with("E301") && found[0].contains("did you mean `eu-west-1`?"), "{found:?}");
}

/// A template that takes a provider by parameter finds the only one that there is.
#[test]
fn two_templates_find_each_other() {
    let service = "Parameters: {Capacity: {Type: String}}\nResources:\n  Worker:\n    Type: AWS::ECS::Service\n    Properties: {TaskDefinition: prod-shop, DesiredCount: 2, CapacityProviderStrategy: [{CapacityProvider: !Ref Capacity, Weight: 1}]}\n";
    let imported = imported(&[("shop.yaml", STACK), ("worker.yaml", service)]);
    let made = scenario(&imported);
    let worker = made["services"].as_array().unwrap().iter().find(|it| it["serviceName"] == "Worker").unwrap();
    assert_eq!(worker["capacityProviderStrategy"][0]["capacityProvider"], "Provider");
    says(&imported, Assumed, &["`Capacity` is not among the files, but there is one: `Provider`"]);
}

const LOOP: &str = r#"
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: "web,back-end"}}
Resources:
  Fn::ForEach::Services:
    - Name
    - !Ref Names
    - "Task&{Name}":
        Type: AWS::ECS::TaskDefinition
        Properties: {Family: !Ref Name, ContainerDefinitions: [{Name: app, Image: x, Memory: 100}]}
      "Service&{Name}":
        Type: AWS::ECS::Service
        Properties:
          ServiceName: !Sub "${Name}-service"
          TaskDefinition: !Ref "Task&{Name}"
          DesiredCount: 1
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}
"#;

#[test]
fn loops_are_written_out() {
    let imported = imported(&[("loop.yaml", LOOP)]);
    let made = scenario(&imported);
    let names = |list: &str, key: &str| -> Vec<String> {
        made[list].as_array().unwrap().iter().map(|it| it[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("services", "serviceName"), ["web-service", "back-end-service"]);
    assert_eq!(names("services", "taskDefinition"), ["web", "back-end"]);
    assert_eq!(names("taskDefinitions", "family"), ["web", "back-end"]);
    says(&imported, NotCarriedOver, &["`Nested`, an AWS::CloudFormation::Stack", "left out with all it holds"]);
}

#[test]
fn loops_that_cannot_be_written_out_and_macros_are_told() {
    let twice = LOOP.replace("\"Task&{Name}\":", "Task:");
    assert!(problems(&imported(&[("loop.yaml", &twice)])).iter().any(|it| it.contains("`Task` is made twice")));
    let formless = LOOP.replace("- Name\n    - !Ref Names\n", "- Name\n");
    assert!(
        problems(&imported(&[("loop.yaml", &formless)])).iter().any(|it| it.contains("a loop takes an identifier"))
    );
    let plain = LOOP.replace("Transform: AWS::LanguageExtensions", "Transform: [{Name: Ours, Parameters: {A: b}}]");
    let told = imported(&[("loop.yaml", &plain)]);
    says(&told, NotCarriedOver, &["loop.yaml:2:13", "the macro `Ours` is not applied", "--template-stage Processed"]);
    says(&told, Note, &["only with `Transform: AWS::LanguageExtensions`"]);
    // A loop in a loop in a loop makes nothing that does not fit into memory.
    let many = "a,".repeat(400);
    let trap = format!(
        "Resources:\n  Fn::ForEach::A: [A, [{many}], {{'Fn::ForEach::B': [B, [{many}], {{'Fn::ForEach::C': [C, [{many}], \
         {{'${{A}}${{B}}${{C}}': {{Type: X}}}}]}}]}}]\n"
    );
    assert!(problems(&imported(&[("trap.yaml", &trap)])).iter().any(|it| it.contains("make too much")));
}
