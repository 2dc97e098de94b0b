//! Every code that a problem can have: what it stands for, and an example that shows it. For documentation and `explain`.

/// What a code stands for. Codes keep their meaning when the words of a message change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `E` (an error) or `W` (a warning) and three digits. `E0..`: the text and its form; `E3..`, `W3..`: what it means.
    pub code: &'static str,
    /// What is wrong, in general.
    pub meaning: &'static str,
    /// A small scenario that has this problem; empty where it takes more than one file.
    pub example: &'static str,
}

const fn code(code: &'static str, meaning: &'static str, example: &'static str) -> Code {
    Code { code, meaning, example }
}

/// All codes, ascending, errors first.
pub const CODES: &[Code] = &[
    code("E000", "the schema of ecsim itself is broken", ""),
    code("E001", "a file cannot be read", "include: [missing.yaml]\n"),
    code("E002", "the scenario is too large", ""),
    code("E003", "the text is not UTF-8", ""),
    code("E004", "a control character stands in the text", "name: a\u{1}b\n"),
    code("E005", "the text is not YAML", "name: {\n"),
    code("E006", "a key is given twice in one map", "name: a\nname: b\n"),
    code("E007", "the file holds more than one document", "name: a\n---\nname: b\n"),
    code("E008", "an alias names nothing, itself, or too much", "name: *nothing\n"),
    code("E009", "the document is nested too deep or has too many values", ""),
    code("E010", "a tag means nothing here", "name: !ref x\n"),
    code("E011", "a key is missing or is no text", "? [a]\n: b\n"),
    code("E012", "a number is not finite or too large", "simulation: {seed: .inf}\n"),
    code("E013", "the file is empty", ""),
    code("E014", "an `include` cannot be used as it is written", "include: 7\n"),
    code("E015", "files include themselves, or too many of one another", "include: [main.yaml]\n"),
    code("E016", "two files that are merged say different things", ""),
    code("E017", "an override is not of the form `path=value`", ""),
    code("E018", "the path of an override leads nowhere", ""),
    code("E019", "a merge key `<<` has no map", "simulation: {<<: 7}\n"),
    code("E020", "a field is unknown", "nmae: x\n"),
    code("E021", "a value is of the wrong kind", "name: [x]\n"),
    code("E022", "a field is missing", "taskDefinitions: [{family: t}]\n"),
    code("E023", "a word is not one of those allowed", "accountSettings: {awsvpcTrunking: on}\n"),
    code("E024", "a number is out of range", "settings: {linux_memory_percent: 101}\n"),
    code("E025", "a text is not of the right form", "simulation: {duration: soon}\n"),
    code("E026", "a value fits none of several forms, or more than one", ""),
    code("E027", "a list, map or text has the wrong length or repeats itself", ""),
    code("E029", "the schema itself is broken: a fault in ecsim", ""),
    code("E300", "the scenario fits the schema and still cannot be read", ""),
    code("E301", "a name means nothing", "region: us-esat-1\n"),
    code(
        "E302",
        "a name is given twice",
        "containerInstances: [{name: a, instanceType: m5.large}, {name: a, instanceType: m5.large}]\n",
    ),
    code(
        "E303",
        "a zone is no Availability Zone of the Region",
        "containerInstances: [{instanceType: m5.large, availabilityZone: eu-west-1a}]\n",
    ),
    code(
        "E304",
        "two fields do not go together",
        "containerInstances: [{instanceType: m5.large, count: 2, ec2InstanceId: i-1}]\n",
    ),
    code("E305", "container instances have neither a type nor a size", "containerInstances: [{name: a}]\n"),
    code("E306", "an instance type cannot run tasks", "containerInstances: [{instanceType: mac1.metal}]\n"),
    code(
        "E307",
        "an instance type of the scenario's own lacks its size",
        "instanceTypes: {my.box: {vcpu: 1}}\ncontainerInstances: [{instanceType: my.box}]\n",
    ),
    code(
        "E308",
        "instances do not lie where their subnet does",
        "vpc: {subnets: {s: us-east-1b}}\n\
         containerInstances: [{instanceType: m5.large, availabilityZone: us-east-1a, subnet: s}]\n",
    ),
    code("E310", "the length of the run or of its metrics cannot be", "simulation: {duration: 0s}\n"),
    code("E311", "a setting cannot have this value", "settings: {placement_retry_gap_s: []}\n"),
    code(
        "E312",
        "a distribution cannot have these parameters",
        "behavior: {latencies: {instanceRegistration: {uniform: {min: 2s, max: 1s}}}}\n",
    ),
    code("E313", "the unit of a column is missing", ""),
    code(
        "E320",
        "a data file cannot be read",
        "containerInstances:\n\
         - fromCsv: {file: x.csv, columns: {cpu: {column: c, unit: vCPU}, memory: {column: m, unit: MiB}}}\n",
    ),
    code("E321", "a data file is no table", ""),
    code("E322", "a data file lacks a column", ""),
    code("E323", "a row of a data file cannot be used", ""),
    code("E324", "a data file holds nothing that is asked for", ""),
    code(
        "E330",
        "a quota is exceeded",
        "settings: {container_instances_per_cluster: 1}\ncontainerInstances: [{instanceType: m5.large, count: 2}]\n",
    ),
    code(
        "E331",
        "an instance has too many custom attributes",
        "settings: {custom_attributes_per_resource: 0}\n\
         containerInstances: [{instanceType: m5.large, attributes: [{name: a}]}]\n",
    ),
    code(
        "E332",
        "an attribute cannot have this name or value",
        "containerInstances: [{instanceType: m5.large, attributes: [{name: 'a b'}]}]\n",
    ),
    code(
        "E333",
        "a range of dynamic ports is none",
        "containerInstances: [{instanceType: m5.large, agent: {ECS_DYNAMIC_HOST_PORT_RANGE: 9-1}}]\n",
    ),
    code(
        "E334",
        "the agent keeps back more memory than there is",
        "containerInstances: [{instanceType: t3.nano, agent: {ECS_RESERVED_MEMORY: 9999}}]\n",
    ),
    code(
        "E335",
        "an instance has more GPUs than possible",
        "containerInstances: [{registeredResources: {cpu: 1, memory: 1, gpus: 65}}]\n",
    ),
    code(
        "E336",
        "a version of the agent is none",
        "containerInstances: [{instanceType: m5.large, agentVersion: latest}]\n",
    ),
    code(
        "E337",
        "the agent does not take this stop timeout",
        "containerInstances: [{instanceType: m5.large, agent: {ECS_CONTAINER_STOP_TIMEOUT: 0s}}]\n",
    ),
    code(
        "E340",
        "AWS would not take this name",
        "taskDefinitions: [{family: a b, containerDefinitions: [{name: c, memory: 9}]}]\n",
    ),
    code(
        "E341",
        "a task definition lacks an essential container",
        "taskDefinitions: [{family: t, containerDefinitions: []}]\n",
    ),
    code("E342", "sizes of a task cannot be", "taskDefinitions: [{family: t, containerDefinitions: [{name: c}]}]\n"),
    code(
        "E343",
        "a task maps a host port twice",
        "taskDefinitions: [{family: t, networkMode: host, containerDefinitions: [{name: c, memory: 9, portMappings: \
         [{containerPort: 80}, {containerPort: 80}]}]}]\n",
    ),
    code(
        "E344",
        "an override does not say which container it means",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: a, memory: 9}, {name: b, memory: 9}]}]\n\
         workload: [{at: 1s, runTask: {taskDefinition: t, overrides: {containerOverrides: [{cpu: 1}]}}}]\n",
    ),
    code(
        "E345",
        "a port mapping cannot be",
        "taskDefinitions: [{family: t, networkMode: none, containerDefinitions: [{name: c, memory: 9, portMappings: \
         [{containerPort: 80}]}]}]\n",
    ),
    code("E346", "a service names no task definition", "services: [{serviceName: s}]\n"),
    code(
        "E347",
        "the bounds of a service contradict each other",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, deploymentConfiguration: {maximumPercent: 50}}]\n",
    ),
    code(
        "E348",
        "the launch type does not suit the task definition, or cannot be asked for",
        "taskDefinitions: [{family: t, requiresCompatibilities: [EC2], containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, launchType: EXTERNAL}]\n",
    ),
    code(
        "E349",
        "subnets are missing, or do not go with the network mode",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, networkConfiguration: {awsvpcConfiguration: {subnets: []}}}]\n",
    ),
    code(
        "E350",
        "there are too many strategies or constraints",
        "settings: {max_strategies: 0}\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, placementStrategy: [{type: random}]}]\n",
    ),
    code(
        "E351",
        "a strategy or constraint cannot be",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, placementStrategy: [{type: spread}]}]\n",
    ),
    code(
        "E352",
        "an expression cannot be read",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, placementConstraints: [{type: memberOf, expression: x}]}]\n",
    ),
    code(
        "E353",
        "a DAEMON service cannot have this",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, schedulingStrategy: DAEMON, desiredCount: 0}]\n",
    ),
    code(
        "E354",
        "Availability Zone rebalancing is not possible for the service",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, schedulingStrategy: DAEMON, availabilityZoneRebalancing: \
         ENABLED}]\n",
    ),
    code(
        "E355",
        "Fargate takes no strategies and no constraints",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, launchType: FARGATE, placementStrategy: [{type: random}]}]\n",
    ),
    code(
        "E356",
        "external instances do not support this",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, launchType: EXTERNAL, loadBalancers: [{targetGroupArn: x}]}]\n",
    ),
    code(
        "E357",
        "an EBS volume cannot be attached so",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, volumeConfigurations: [{name: v}]}]\n",
    ),
    code(
        "E358",
        "containers cannot wait for one another so",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9, dependsOn: [{containerName: c, \
         condition: START}]}]}]\n",
    ),
    code(
        "E359",
        "a health check or restart policy cannot be",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9, healthCheck: {command: [CMD, x], \
         interval: 1}}]}]\n",
    ),
    code(
        "E361",
        "a workload does not say, or says twice, when it calls",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         workload: [{runTask: {taskDefinition: t}}]\n",
    ),
    code(
        "E362",
        "the times of a workload cannot be",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         workload: [{runTask: {taskDefinition: t}, every: 0s}]\n",
    ),
    code(
        "E363",
        "a caller cannot try again so",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         workload: [{runTask: {taskDefinition: t}, at: 1s, whenUnplaced: {retry: {every: 0s}}}]\n",
    ),
    code(
        "E364",
        "a task group cannot have this name",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         workload: [{runTask: {taskDefinition: t, group: 'service:x'}, at: 1s}]\n",
    ),
    code("E365", "a trace cannot be read in this way", ""),
    code(
        "E366",
        "a scenario asks for more tasks than a run can hold",
        "containerInstances: [{instanceType: m5.large}]\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         simulation: {duration: 36500d, metricsPeriod: 1h}\n\
         workload: [{runTask: {taskDefinition: t}, every: {poisson: {ratePerHour: 3600000}}}]\n",
    ),
    code(
        "E367",
        "requests to a service cannot be as they are written",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t}]\n\
         workload: [{service: s, requestsPerSecond: {daily: {peak: 9}}, cpuPerRequest: 1ms}]\n",
    ),
    code(
        "E368",
        "services call each other in a circle",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: a, taskDefinition: t}, {serviceName: b, taskDefinition: t}]\n\
         workload: [{service: a, requestsPerSecond: 1, cpuPerRequest: 1ms, calls: [{service: b}]}, {service: b, cpuPerRequest: 1ms, calls: [{service: a}]}]\n",
    ),
    code("E371", "an entry of the timeline has no action, or several", "timeline: [{at: 1s}]\n"),
    code(
        "E372",
        "protection cannot last so long",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t}]\n\
         timeline: [{at: 1s, updateTaskProtection: {tasks: {service: s}, protectionEnabled: true, expiresInMinutes: 0}}]\n",
    ),
    code(
        "E373",
        "StartTask does not name its container instances",
        "containerInstances: [{instanceType: m5.large}]\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         timeline: [{at: 1s, startTask: {taskDefinition: t, containerInstances: {count: 1}}}]\n",
    ),
    code("E374", "a selector of tasks selects nothing in particular", "timeline: [{at: 1s, stopTask: {task: {}}}]\n"),
    code(
        "E376",
        "a target group or load balancer cannot be as it is written",
        "targetGroups: [{targetGroupName: web, targetType: lambda}]\n",
    ),
    code(
        "E377",
        "a service cannot have this load balancer",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, image: c, memory: 1}]}]\n\
         services: [{serviceName: s, taskDefinition: t, loadBalancers: [{containerName: c}]}]\n",
    ),
    code("E380", "an expectation cannot be read", "expect: [{always: 'cluster.nothing == 0'}]\n"),
    code(
        "E390",
        "the sizes of an Auto Scaling group contradict each other",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}, desiredCapacity: 9}]\n",
    ),
    code(
        "E391",
        "what an Auto Scaling group launches cannot be",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 1}]\n",
    ),
    code(
        "E392",
        "no instance type meets the requirements",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 1, launchTemplate: {instanceRequirements: {vCpuCount: {min: 9000}, memoryMiB: {min: 1}}}}]\n",
    ),
    code("E393", "a capacity provider cannot be as it is written", "capacityProviders: [{name: c}]\n"),
    code(
        "E394",
        "a capacity provider strategy is not allowed",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}}]\n\
         capacityProviders: [{name: c, autoScalingGroupProvider: {autoScalingGroup: g}}]\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, capacityProviderStrategy: [{capacityProvider: c, base: 1}, {capacityProvider: c, base: 1}]}]\n",
    ),
    code(
        "E395",
        "a strategy names a capacity provider that the cluster does not have",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}}]\n\
         capacityProviders: [{name: c, autoScalingGroupProvider: {autoScalingGroup: g}}]\n\
         cluster: {capacityProviders: [FARGATE]}\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, capacityProviderStrategy: [{capacityProvider: c, weight: 1}]}]\n",
    ),
    code(
        "E396",
        "Fargate or Managed Instances cannot run such a task",
        "taskDefinitions: [{family: t, requiresCompatibilities: [FARGATE], containerDefinitions: [{name: c, memory: 9}]}]\n",
    ),
    code(
        "E397",
        "a scaling policy, a schedule, a metric or a shortage cannot be as it is written",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}, scheduledActions: [{scheduledActionName: a, recurrence: '0 8 * *', minSize: 1}]}]\n",
    ),
    code(
        "E398",
        "a warm pool, a lifetime or an instance refresh cannot be as it is written",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}, maxInstanceLifetime: 60}]\n",
    ),
    code(
        "E399",
        "a recorded history or a band of Spot interruptions cannot be used",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}}]\n\
         behavior: {spot: {interruptions: {profile: trace}}}\n",
    ),
    code(
        "E400",
        "a lab has no right answer, or several",
        "lab: {title: t, level: basic, question: q, choices: [{answer: a, remark: r}, {answer: b, remark: r}], explanation: [{say: s}]}\n",
    ),
    code(
        "E401",
        "what stands in braces in a text of a lab is no number of the run",
        "lab: {title: t, level: basic, question: q, choices: [{answer: a, remark: r, correct: true}, {answer: b, remark: r}], explanation: [{say: 'x {y} z'}]}\n",
    ),
    code(
        "E402",
        "a lab changes its scenario so that it is none",
        "lab: {title: t, level: basic, question: q, choices: [{answer: a, remark: r, correct: true}, {answer: b, remark: r}], explanation: [{say: s}], next: [{say: s, set: [nmae=x]}]}\n",
    ),
    code(
        "E403",
        "a lab shows what a run does not have",
        "lab: {title: t, level: basic, question: q, choices: [{answer: a, remark: r, correct: true}, {answer: b, remark: r}], explanation: [{say: s, table: {file: tsaks.csv, columns: [task]}}]}\n",
    ),
    code("E411", "import: the file makes no scenario", ""),
    code("E412", "import: a template cannot be worked out", ""),
    code("E413", "import: the scenario that was made is refused: a fault in ecsim", ""),
    code("E430", "a factor, the design or the objective of an experiment has none of its forms", ""),
    code("E431", "an experiment has no points, or too many", ""),
    code("E432", "a constraint of an experiment cannot be read", ""),
    code("E433", "an experiment asks for a number that runs do not have", ""),
    code(
        "W303",
        "ecsim knows no such Availability Zone",
        "containerInstances: [{instanceType: m5.large, availabilityZone: us-east-1z}]\n",
    ),
    code("W306", "the network interfaces of an instance type are unknown", ""),
    code(
        "W308",
        "a capability that is taken away is not there",
        "containerInstances: [{instanceType: m5.large, capabilities: {remove: [x]}}]\n",
    ),
    code(
        "W340",
        "Windows ignores the size of a task",
        "taskDefinitions: [{family: t, memory: 512, runtimePlatform: {operatingSystemFamily: \
         WINDOWS_SERVER_2022_FULL}, containerDefinitions: [{name: c, memory: 9}]}]\n",
    ),
    code(
        "W343",
        "no instance has so many host ports",
        "settings: {max_reserved_ports: 0}\n\
         taskDefinitions: [{family: t, networkMode: host, containerDefinitions: [{name: c, memory: 9, portMappings: \
         [{containerPort: 80}]}]}]\n",
    ),
    code(
        "W350",
        "a strategy has no effect where it stands",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, placementStrategy: [{type: random}, {type: random}]}]\n",
    ),
    code(
        "W351",
        "no instance has an attribute that an expression asks for",
        "containerInstances: [{instanceType: m5.large}]\n\
         taskDefinitions: [{family: t, placementConstraints: [{type: memberOf, expression: 'attribute:a == b'}], \
         containerDefinitions: [{name: c, memory: 9}]}]\n",
    ),
    code(
        "W352",
        "no instance has the attribute that tasks are spread over",
        "containerInstances: [{instanceType: m5.large}]\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, placementStrategy: [{type: spread, field: 'attribute:a'}]}]\n",
    ),
    code(
        "W356",
        "external instances cannot run such a task",
        "taskDefinitions: [{family: t, networkMode: awsvpc, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, launchType: EXTERNAL}]\n",
    ),
    code("W360", "something is accepted that this version does not simulate", "settings: {spread_scope: deployment}\n"),
    code(
        "W370",
        "something lies after the end of the run",
        "simulation: {duration: 1m}\ntimeline: [{at: 2m, registerContainerInstances: {instanceType: m5.large}}]\n",
    ),
    code(
        "W371",
        "a call will be refused",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}}]\n\
         timeline: [{at: 1s, setDesiredCapacity: {autoScalingGroupName: g, desiredCapacity: 9}}]\n",
    ),
    code(
        "W372",
        "a setting of deployments does nothing useful here",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, image: c, memory: 1}]}]\n\
         services: [{serviceName: s, taskDefinition: t, deploymentConfiguration: {strategy: LINEAR, canaryConfiguration: {canaryPercent: 5}}}]\n",
    ),
    code(
        "W373",
        "StartTask names a container instance that is not there",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         timeline: [{at: 1s, startTask: {taskDefinition: t, containerInstances: x}}]\n",
    ),
    code("W374", "a setting changes nothing of a run", "settings: {list_page: 5}\n"),
    code(
        "W376",
        "a service names a target group that is not described",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, image: c, memory: 1}]}]\n\
         services: [{serviceName: s, taskDefinition: t, loadBalancers: [{targetGroupArn: web}]}]\n",
    ),
    code(
        "W377",
        "a load balancer reaches a port that the container does not map: AWS would refuse the service",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, image: c, memory: 1}]}]\n\
         targetGroups: [{targetGroupName: web}]\n\
         services:\n\
         - {serviceName: s, taskDefinition: t, loadBalancers: [{targetGroupArn: web, containerPort: 80}]}\n",
    ),
    code(
        "W381",
        "an expectation lies after the end of the run",
        "simulation: {duration: 1m}\nexpect: [{at 2m: cluster.tasksLost == 0}]\n",
    ),
    code(
        "W390",
        "an AWS field is accepted and has no effect",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9, user: root}]}]\n",
    ),
    code(
        "W391",
        "an Auto Scaling group can never have an instance",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 0, launchTemplate: {instanceType: m5.large}}]\n",
    ),
    code(
        "W392",
        "an Auto Scaling group and its capacity provider work against each other",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}}]\n\
         capacityProviders: [{name: c, autoScalingGroupProvider: {autoScalingGroup: g, managedScaling: {targetCapacity: 80}}}]\n",
    ),
    code(
        "W393",
        "the run is too short to see what is asked for",
        "simulation: {duration: 5m}\n\
         autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}}]\n\
         capacityProviders: [{name: c, autoScalingGroupProvider: {autoScalingGroup: g}}]\n",
    ),
    code(
        "W394",
        "a service keeps spare instances from going",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}}]\n\
         capacityProviders: [{name: c, autoScalingGroupProvider: {autoScalingGroup: g, managedScaling: {targetCapacity: 80}}}]\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, capacityProviderStrategy: [{capacityProvider: c, weight: 1}], placementStrategy: [{type: spread, field: instanceId}, {type: binpack, field: memory}]}]\n",
    ),
    code(
        "W395",
        "a metric or an alarm never does anything",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}, scalingPolicies: [{policyName: p, policyType: TargetTrackingScaling, targetTrackingConfiguration: {targetValue: 1, customizedMetricSpecification: {namespace: N, metricName: M}}}]}]\n",
    ),
    code(
        "W396",
        "a capacity provider is not associated with the cluster",
        "cluster: {capacityProviders: [FARGATE]}\n\
         autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}}]\n\
         capacityProviders: [{name: c, autoScalingGroupProvider: {autoScalingGroup: g}}]\n",
    ),
    code(
        "W397",
        "nothing has a price in the region, so there is no bill",
        "region: ap-southeast-4\n\
         containerInstances: [{name: a, instanceType: m5.large, availabilityZone: ap-southeast-4a}]\n",
    ),
    code(
        "W398",
        "a warm pool does not go with the ECS agent as it is configured",
        "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 4, launchTemplate: {instanceType: m5.large}, warmPool: {}}]\n",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Every code in the crate's sources, this file apart.
    fn codes_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                codes_in(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("diagnostic/codes.rs") {
                let text = std::fs::read_to_string(path).unwrap();
                // What tests of their own make up is no code of the program.
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                for (at, _) in text.match_indices('"') {
                    let piece = text.get(at + 1..at + 6).unwrap_or_default();
                    let is_code = piece.ends_with('"')
                        && piece.starts_with(['E', 'W'])
                        && piece[1..4].bytes().all(|digit| digit.is_ascii_digit());
                    if is_code {
                        found.insert(piece[..4].to_owned());
                    }
                }
            }
        }
    }

    #[test]
    fn every_code_is_listed_once_and_used() {
        let mut used = BTreeSet::new();
        // Experiments are read by the command line.
        for sources in ["src", "../cli/src"] {
            codes_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join(sources), &mut used);
        }
        let listed: Vec<String> = CODES.iter().map(|it| it.code.to_owned()).collect();
        assert!(listed.is_sorted_by(|a, b| a < b), "ascending, each once");
        let unlisted: Vec<&String> = used.iter().filter(|code| !listed.contains(code)).collect();
        let unused: Vec<&String> = listed.iter().filter(|code| !used.contains(*code)).collect();
        assert!(unlisted.is_empty() && unused.is_empty(), "not listed: {unlisted:?}; never given: {unused:?}");
    }
}
