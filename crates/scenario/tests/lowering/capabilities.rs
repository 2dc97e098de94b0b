//! Every mapping of RES-060 from a task definition to an attribute of the instance, and back.

use crate::kit::*;

/// What the definition says, and the attribute that must be there.
const MAPPINGS: &[(&str, &str)] = &[
    ("networkMode: awsvpc, C{}", "ecs.capability.task-eni"),
    ("cpu: 256, C{}", "ecs.capability.task-cpu-mem-limit"),
    ("memory: 256, C{}", "ecs.capability.task-cpu-mem-limit"),
    ("C{logConfiguration: {logDriver: awslogs}}", "com.amazonaws.ecs.capability.logging-driver.awslogs"),
    ("C{logConfiguration: {logDriver: json-file}}", "com.amazonaws.ecs.capability.logging-driver.json-file"),
    ("C{logConfiguration: {logDriver: syslog}}", "com.amazonaws.ecs.capability.logging-driver.syslog"),
    ("C{logConfiguration: {logDriver: journald}}", "com.amazonaws.ecs.capability.logging-driver.journald"),
    ("C{logConfiguration: {logDriver: gelf}}", "com.amazonaws.ecs.capability.logging-driver.gelf"),
    ("C{logConfiguration: {logDriver: fluentd}}", "com.amazonaws.ecs.capability.logging-driver.fluentd"),
    ("C{logConfiguration: {logDriver: splunk}}", "com.amazonaws.ecs.capability.logging-driver.splunk"),
    ("C{logConfiguration: {logDriver: awsfirelens}}", "com.amazonaws.ecs.capability.logging-driver.awsfirelens"),
    ("taskRoleArn: r, C{}", "com.amazonaws.ecs.capability.task-iam-role"),
    ("taskRoleArn: r, networkMode: host, C{}", "com.amazonaws.ecs.capability.task-iam-role-network-host"),
    (
        "executionRoleArn: r, C{image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/x}",
        "ecs.capability.execution-role-ecr-pull",
    ),
    ("C{image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/x}", "com.amazonaws.ecs.capability.ecr-auth"),
    ("executionRoleArn: r, C{logConfiguration: {logDriver: awslogs}}", "ecs.capability.execution-role-awslogs"),
    ("C{healthCheck: {command: [CMD]}}", "ecs.capability.container-health-check"),
    (
        "C{secrets: [{name: n, valueFrom: 'arn:aws:secretsmanager:us-east-1:1:secret:x'}]}",
        "ecs.capability.secrets.asm.environment-variables",
    ),
    (
        "C{secrets: [{name: n, valueFrom: 'arn:aws:ssm:us-east-1:1:parameter/x'}]}",
        "ecs.capability.secrets.ssm.environment-variables",
    ),
    ("C{secrets: [{name: n, valueFrom: /plain/name}]}", "ecs.capability.secrets.ssm.environment-variables"),
    (
        "C{logConfiguration: {logDriver: splunk, secretOptions: [{name: n, valueFrom: 'arn:aws:secretsmanager:us-east-1:1:secret:x'}]}}",
        "ecs.capability.secrets.asm.bootstrap.log-driver",
    ),
    (
        "C{logConfiguration: {logDriver: splunk, secretOptions: [{name: n, valueFrom: x}]}}",
        "ecs.capability.secrets.ssm.bootstrap.log-driver",
    ),
    ("pidMode: host, C{}", "ecs.capability.pid-ipc-namespace-sharing"),
    ("ipcMode: task, C{}", "ecs.capability.pid-ipc-namespace-sharing"),
    ("C{privileged: true}", "com.amazonaws.ecs.capability.privileged-container"),
    ("C{firelensConfiguration: {type: fluentbit}}", "ecs.capability.firelens.fluentbit"),
    ("C{firelensConfiguration: {type: fluentd}}", "ecs.capability.firelens.fluentd"),
    (
        "C{firelensConfiguration: {type: fluentbit, options: {config-file-type: s3}}}",
        "ecs.capability.firelens.options.config.s3",
    ),
    (
        "C{firelensConfiguration: {type: fluentbit, options: {config-file-type: file}}}",
        "ecs.capability.firelens.options.config.file",
    ),
    ("C{environmentFiles: [{type: s3, value: 'arn:aws:s3:::b/x.env'}]}", "ecs.capability.env-files.s3"),
    ("C{restartPolicy: {enabled: true}}", "ecs.capability.container-restart-policy"),
    (
        "C{repositoryCredentials: {credentialsParameter: x}}",
        "ecs.capability.private-registry-authentication.secretsmanager",
    ),
    ("C{portMappings: [{containerPortRange: 1-2}]}", "ecs.capability.network.container-port-range"),
    ("volumes: [{name: v, efsVolumeConfiguration: {fileSystemId: f}}], C{}", "ecs.capability.efs"),
    ("volumes: [{name: v, dockerVolumeConfiguration: {driver: local}}], C{}", "ecs.capability.docker-plugin.local"),
    ("volumes: [{name: v, configuredAtLaunch: true}], C{}", "ecs.capability.storage.ebs-task-volume-attach"),
    ("enableFaultInjection: true, C{}", "ecs.capability.fault-injection"),
];

/// The fields of the table as those of a definition of family `t`.
fn definition_text(fields: &str) -> String {
    let (before, container) = fields.split_once("C{").expect("a container");
    let comma = if container == "}" { "" } else { ", " };
    format!(
        "taskDefinitions: [{{family: t, {before}containerDefinitions: [{{name: c, memory: 128{comma}{container}]}}]\n"
    )
}

#[test]
fn res_060_each_part_of_a_definition_requires_its_attribute() {
    for (fields, name) in MAPPINGS {
        let model = model(&definition_text(fields));
        let required = required(&model, definition(&model, "t"));
        assert!(required.contains(&(*name).to_owned()), "{fields}: {required:?}");
    }
    let plain = model(&definition_text("C{}"));
    assert!(definition(&plain, "t").required_attributes.is_empty());
    // What is written and says nothing requires nothing.
    let empty = "taskRoleArn: '', executionRoleArn: '', C{privileged: false, restartPolicy: {enabled: false}, secrets: [], environmentFiles: [], dependsOn: []}";
    assert!(definition(&model(&definition_text(empty)), "t").required_attributes.is_empty());
}

#[test]
fn res_060_order_of_containers() {
    let text = "taskDefinitions: [{family: t, containerDefinitions: [{name: a, memory: 9}, {name: b, memory: 9, dependsOn: [{containerName: a, condition: START}]}]}]\n";
    let model = model(text);
    assert_eq!(required(&model, definition(&model, "t")), ["ecs.capability.container-ordering"]);
}

#[test]
fn res_060_a_service_or_call_adds_its_own() {
    let text = format!(
        "{A1}{T}services:\n- {{serviceName: exec, taskDefinition: t, enableExecuteCommand: true}}\n- {{serviceName: connect, taskDefinition: t, serviceConnectConfiguration: {{enabled: true}}}}\n- {{serviceName: plain, taskDefinition: t, serviceConnectConfiguration: {{enabled: false}}}}\nworkload: [{{name: w, at: 1s, runTask: {{taskDefinition: t, enableExecuteCommand: true}}}}]\n"
    );
    let model = model(&text);
    let of = |id| required(&model, &model.definitions.task_definitions[id]);
    assert_eq!(of(service(&model, "exec").task_definition()), ["ecs.capability.execute-command"]);
    assert_eq!(of(service(&model, "connect").task_definition()), ["ecs.capability.service-connect-v1"]);
    assert!(of(service(&model, "plain").task_definition()).is_empty());
    // The same need makes the same definition.
    assert_eq!(source(&model, "w").template.definition, service(&model, "exec").task_definition());
}

#[test]
fn res_060_an_instance_of_today_can_do_all_of_it_and_one_that_cannot_gets_no_task() {
    for (fields, name) in MAPPINGS {
        let text = format!(
            "containerInstances: [{{name: able, instanceType: m5.large}}, {{name: unable, instanceType: m5.large, capabilities: {{remove: [{name}]}}}}]\n{}timeline: [{{at: 1s, runTask: {{taskDefinition: t, count: 4}}}}]\n",
            definition_text(fields)
        );
        let run = run(&text);
        assert!(
            run.placed().iter().all(|place| *place == "able") && !run.placed().is_empty(),
            "{fields}: {:?}",
            run.placed()
        );
    }
}

#[test]
fn res_060_windows_agents_can_do_less() {
    let model =
        model("containerInstances: [{name: w, instanceType: m5.large, operatingSystem: WINDOWS_SERVER_2022_FULL}]\n");
    let has = |name: &str| attribute(&model, shape(&model, "w"), name).is_some();
    for name in ["ecs.capability.efs", "ecs.capability.task-cpu-mem-limit", "ecs.capability.pid-ipc-namespace-sharing"]
    {
        assert!(!has(name), "{name}");
    }
    assert!(has("ecs.capability.task-eni") && has("com.amazonaws.ecs.capability.task-iam-role"));
}

#[test]
fn res_060_logging_drivers_are_those_of_the_agent() {
    let model = model(
        "containerInstances: [{name: A1, instanceType: m5.large, agent: {ECS_AVAILABLE_LOGGING_DRIVERS: [awslogs]}}]\n",
    );
    let has = |driver: &str| {
        attribute(&model, shape(&model, "A1"), &format!("com.amazonaws.ecs.capability.logging-driver.{driver}"))
            .is_some()
    };
    assert_eq!((has("awslogs"), has("splunk")), (true, false));
}

#[test]
fn a_capability_that_is_not_there_cannot_be_taken_away() {
    check(
        "containerInstances: [{instanceType: m5.large, capabilities: {remove: [ecs.capability.task-en]}}]\n",
        &[
            "W308 1:71 these instances do not have the capability `ecs.capability.task-en` anyway (did you mean `ecs.capability.task-eni`?)",
        ],
    );
}
