//! Tests of `events.jsonl`, with AWS's published samples where they are at hand.

use std::collections::BTreeMap;

use ecsim_cluster::fact::LaunchFailure;
use ecsim_cluster::{AsgId, InstanceLifecycle, LaunchOptionId, Market};
use serde_json::Value;

use super::*;
use crate::sinks::TraceKind;
use crate::sinks::kit::{Kit, ms, write};

const TASK: &str = "ECS Task State Change";
const INSTANCE: &str = "ECS Container Instance State Change";
const SERVICE: &str = "ECS Service Action";
const NOTICE: &str = "EC2 Spot Instance Interruption Warning";
const RECOMMENDATION: &str = "EC2 Instance Rebalance Recommendation";

fn events(kit: &Kit) -> Vec<Value> {
    write(kit, TraceKind::Events).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn of(events: &[Value], kind: &str) -> Vec<Value> {
    events.iter().filter(|event| event["detail-type"] == kind).map(|event| event["detail"].clone()).collect()
}

fn resource<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().and_then(|list| list.iter().find(|it| it["name"] == name)).unwrap_or(&Value::Null)
}

#[test]
fn a_task_tells_each_step_once() {
    let mut kit = Kit::new();
    kit.register("a", ms(0));
    let task = kit.place(ms(1000), "web", "a");
    kit.run(task, ms(2000));
    kit.fact(ms(3000), Fact::TaskStopRequested { task, reason: StopReason::ScaleIn });
    kit.fact(ms(3000), Fact::TaskStatusChanged { task, to: TaskStatus::Deactivating });
    kit.end(ms(4000), task, &[0]);
    let told: Vec<(String, String, u64, String)> = of(&events(&kit), TASK)
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            (text("lastStatus"), text("desiredStatus"), it["version"].as_u64().unwrap(), text("updatedAt"))
        })
        .collect();
    let expected = [
        ("PENDING", "RUNNING", 1, "2026-03-02T00:00:01.000Z"),
        ("RUNNING", "RUNNING", 2, "2026-03-02T00:00:02.000Z"),
        ("DEACTIVATING", "STOPPED", 3, "2026-03-02T00:00:03.000Z"),
        ("STOPPING", "STOPPED", 4, "2026-03-02T00:00:04.000Z"),
        ("STOPPED", "STOPPED", 5, "2026-03-02T00:00:04.000Z"),
    ];
    let expected =
        expected.map(|(last, desired, version, at)| (last.to_owned(), desired.to_owned(), version, at.to_owned()));
    assert_eq!(told, expected);
}

#[test]
fn a_change_without_a_status_is_told_at_the_end_of_its_instant() {
    let mut kit = Kit::new();
    kit.register("gpu", ms(0));
    kit.request(ms(0), 1);
    let task = kit.place_copy(ms(0), 0, "gpu");
    kit.run(task, ms(1000));
    kit.fact(ms(2000), Fact::ContainerExited { task, container: 1, exit_code: 137, out_of_memory: true });
    kit.fact(ms(5000), Fact::TaskStopRequested { task, reason: StopReason::UserInitiated(None) });
    let told = of(&events(&kit), TASK);
    let [.., exited, stopping] = told.as_slice() else { panic!("two events at least") };
    assert_eq!((exited["lastStatus"].as_str(), exited["desiredStatus"].as_str()), (Some("RUNNING"), Some("RUNNING")));
    let [app, sidecar] = exited["containers"].as_array().unwrap().as_slice() else { panic!("two containers") };
    assert_eq!((app["lastStatus"].as_str(), app.get("exitCode")), (Some("RUNNING"), None));
    assert_eq!((sidecar["lastStatus"].as_str(), sidecar["exitCode"].as_i64()), (Some("STOPPED"), Some(137)));
    assert_eq!(sidecar["reason"], "OutOfMemoryError: Container killed due to memory usage");
    assert_eq!((app["gpuIds"].as_array().unwrap().len(), sidecar["gpuIds"].as_array().unwrap().len()), (2, 1));
    assert_eq!(
        (stopping["stopCode"].as_str(), stopping["desiredStatus"].as_str()),
        (Some("UserInitiated"), Some("STOPPED"))
    );
    assert_eq!(stopping["updatedAt"], "2026-03-02T00:00:05.000Z");
    assert_eq!(stopping["startedBy"], "me, \"myself\"");
}

#[test]
fn res_012_registered_is_fixed_and_remaining_lists_ports_in_use() {
    let mut kit = Kit::new();
    kit.register("a", ms(0));
    let task = kit.place(ms(1000), "web", "a");
    kit.fact(ms(2000), Fact::TaskStopRequested { task, reason: StopReason::ScaleIn });
    let told = of(&events(&kit), INSTANCE);
    assert_eq!(told.len(), 3, "registered, placed, released");
    let ports = |list: &Value| -> Vec<String> {
        resource(list, "PORTS")["stringSetValue"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect()
    };
    let agent = ["22", "2375", "2376", "51678", "51679"];
    for (event, (cpu, memory, in_use)) in
        told.iter().zip([(2048, 3767, vec![]), (1792, 3255, vec!["80"]), (2048, 3767, vec![])])
    {
        let (registered, remaining) = (&event["registeredResources"], &event["remainingResources"]);
        assert_eq!(resource(registered, "CPU")["integerValue"], 2048);
        assert_eq!(ports(registered), agent);
        assert_eq!(resource(remaining, "CPU")["integerValue"], cpu);
        assert_eq!(resource(remaining, "MEMORY")["integerValue"], memory);
        let mut expected: Vec<&str> = agent.to_vec();
        expected.splice(1..1, in_use);
        assert_eq!(ports(remaining), expected);
        assert_eq!(resource(remaining, "PORTS_UDP")["stringSetValue"], Value::Array(Vec::new()));
        assert_eq!(resource(remaining, "GPU"), &Value::Null);
    }
    assert_eq!(told.iter().map(|it| it["version"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn res_030_gpus_are_listed_by_device() {
    let mut kit = Kit::new();
    kit.register("gpu", ms(0));
    kit.request(ms(0), 1);
    kit.place_copy(ms(1000), 0, "gpu");
    let told = events(&kit);
    let placed = of(&told, INSTANCE).pop().unwrap();
    let all = resource(&placed["registeredResources"], "GPU")["stringSetValue"].as_array().unwrap().clone();
    let free = resource(&placed["remainingResources"], "GPU")["stringSetValue"].as_array().unwrap().clone();
    assert_eq!((all.len(), free.as_slice()), (4, &all[3..]));
    let task = of(&told, TASK).pop().unwrap();
    assert_eq!(task["containers"][0]["gpuIds"].as_array().unwrap().as_slice(), &all[..2]);
}

#[test]
fn res_016_the_interface_of_a_task_shows_and_goes() {
    let mut kit = Kit::new();
    kit.register("b", ms(0));
    let task = kit.place(ms(1000), "vpc", "b");
    kit.run(task, ms(2000));
    kit.fact(ms(3000), Fact::TaskStopRequested { task, reason: StopReason::ScaleIn });
    kit.end(ms(4000), task, &[0]);
    let told = of(&events(&kit), TASK);
    let statuses: Vec<&str> = told.iter().map(|it| it["attachments"][0]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["PRECREATED", "ATTACHED", "ATTACHED", "ATTACHED", "ATTACHED", "DETACHING", "DELETED"]);
    assert_eq!(told[0]["attachments"][0]["details"], serde_json::json!([{"name": "subnetId", "value": "subnet-1"}]));
    assert_eq!(told[0]["containers"][0]["networkInterfaces"], serde_json::json!([]));
    let address = &told[1]["containers"][0]["networkInterfaces"][0]["privateIpv4Address"];
    assert!(address.as_str().unwrap().starts_with("10."), "{address}");
    assert_eq!(told[1]["attachments"][0]["details"][4]["value"], *address);
}

#[test]
fn flr_011_a_failed_placement_names_the_reason_and_the_instance() {
    let mut kit = Kit::new();
    let (web, a) = (kit.service("web"), kit.register("a", ms(0)));
    for event in [
        ServiceEvent::PlacementFailed { closest: Some((a, Rejection::Cpu)) },
        ServiceEvent::PlacementFailed { closest: None },
        ServiceEvent::ProviderEmpty,
        ServiceEvent::FargateUnavailable,
        ServiceEvent::TasksStarted { first: TaskId::new(0), count: 0 },
        ServiceEvent::SteadyState,
    ] {
        kit.fact(ms(1500), Fact::ServiceEvent { service: web, event });
    }
    let told = of(&events(&kit), SERVICE);
    assert_eq!(told.len(), 5, "AWS sends no event for started tasks");
    assert_eq!((told[0]["eventType"].as_str(), told[0]["reason"].as_str()), (Some("ERROR"), Some("RESOURCE:CPU")));
    assert_eq!(told[0]["eventName"], "SERVICE_TASK_PLACEMENT_FAILURE");
    let arn = "arn:aws:ecs:us-east-1:111122223333:container-instance/default/a";
    assert_eq!(told[0]["containerInstanceArns"], serde_json::json!([arn]));
    assert_eq!(told[1]["containerInstanceArns"], serde_json::json!([]));
    assert_eq!(told[1]["reason"], "No Container Instances were found in your cluster.");
    assert_eq!(told[2]["reason"], "No Container Instances were found in your capacity provider.");
    // FGP-002.
    assert_eq!(told[3]["eventName"], "SERVICE_TASK_PLACEMENT_FAILURE");
    assert_eq!(told[3]["reason"], "RESOURCE:FARGATE");
    assert_eq!(told[3].get("containerInstanceArns"), None);
    assert_eq!((told[4]["eventName"].as_str(), told[4].get("reason")), (Some("SERVICE_STEADY_STATE"), None));
}

#[test]
fn azr_008_a_rebalancing_failure_names_who_got_furthest_in_the_zone() {
    let mut kit = Kit::new();
    let (web, a) = (kit.service("web"), kit.register("a", ms(0)));
    let zone = kit.definitions().zones.get("us-east-1a").unwrap();
    let mut rejections = ecsim_cluster::RejectionCounts::default();
    rejections.add(Rejection::Memory);
    kit.fact(
        ms(10),
        Fact::ServiceUnplaced { service: web, instance: None, zone: Some(zone), rejections, closest: Some(a) },
    );
    kit.fact(ms(10), Fact::ServiceEvent { service: web, event: ServiceEvent::RebalancingPlacementFailed { zone } });
    let told = of(&events(&kit), SERVICE);
    assert_eq!(told[0]["reason"], "RESOURCE:MEMORY");
    assert_eq!(told[0]["containerInstanceArns"].as_array().unwrap().len(), 1);
}

#[test]
fn every_event_has_an_id_of_its_own_and_times_never_go_back() {
    let told = events(&Kit::busy());
    let mut ids: Vec<&str> = told.iter().map(|it| it["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told.len());
    let times: Vec<&str> = told.iter().map(|it| it["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    for event in &told {
        let kind = event["detail-type"].as_str().unwrap();
        let source = match kind {
            NOTICE | RECOMMENDATION => "aws.ec2",
            _ if kind.starts_with("ECS ") => "aws.ecs",
            _ => "aws.autoscaling",
        };
        assert_eq!((event["version"].as_str(), event["source"].as_str()), (Some("0"), Some(source)));
        assert_eq!(event["time"].as_str().map(str::len), Some(20));
    }
}

#[test]
fn versions_count_from_one_for_each_task_and_instance() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for event in
        events(&Kit::busy()).iter().filter(|event| [TASK, INSTANCE].iter().any(|it| event["detail-type"] == *it))
    {
        let last = seen.entry(event["resources"][0].as_str().unwrap().to_owned()).or_default();
        *last += 1;
        assert_eq!(event["detail"]["version"].as_u64(), Some(*last), "{event}");
    }
    assert_eq!(seen.len(), 4 + 6, "four instances and six tasks");
}

#[test]
fn cas_008_a_task_that_waits_for_an_instance_says_so_until_it_has_one() {
    let mut kit = Kit::new();
    let task = kit.place(ms(1000), "web", "cp-spot");
    let instance = kit.launch(ms(2000), Market::Spot);
    kit.serve(ms(60_000), instance);
    kit.give(ms(60_000), task, instance);
    kit.run(task, ms(61_000));
    let told = of(&events(&kit), TASK);
    let statuses: Vec<_> = told.iter().map(|it| it["lastStatus"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["PROVISIONING", "PROVISIONING", "PENDING", "RUNNING"]);
    for it in &told {
        assert_eq!((it["capacityProviderName"].as_str(), it["launchType"].as_str()), (Some("cp-spot"), Some("EC2")));
        assert_eq!((it["cpu"].as_str(), it["memory"].as_str()), (Some("256"), Some("512")));
    }
    let absent = ["containerInstanceArn", "availabilityZone", "connectivity", "connectivityAt"];
    assert!(absent.iter().all(|key| told[0].get(key).is_none() && told[1].get(key).is_some()), "{told:#?}");
    assert_eq!(told[0]["attributes"], serde_json::json!([]));
    assert_eq!(told[1]["availabilityZone"], "us-east-1a");
    assert_eq!(told[1]["updatedAt"], "2026-03-02T00:01:00.000Z");
}

#[test]
fn fgt_002_a_fargate_task_has_no_instance_and_a_platform() {
    let mut kit = Kit::new();
    let task = kit.place(ms(1000), "vpc", "FARGATE");
    kit.run(task, ms(30_000));
    let told = of(&events(&kit), TASK);
    let running = told.last().unwrap();
    assert_eq!(running["launchType"], "FARGATE");
    assert_eq!(running["capacityProviderName"], "FARGATE");
    assert_eq!(running["platformVersion"], "1.4.0");
    assert_eq!(running["ephemeralStorage"], serde_json::json!({"sizeInGiB": 21}));
    assert_eq!(running["availabilityZone"], "us-east-1b");
    assert_eq!(running["connectivity"], "CONNECTED");
    assert_eq!(running.get("containerInstanceArn"), None);
    assert_eq!(running["attributes"], serde_json::json!([{"name": "ecs.cpu-architecture", "value": "x86_64"}]));
    assert_eq!(told[0].get("connectivity"), None, "nobody is there yet");
}

#[test]
fn spt_002_and_003_the_events_of_ec2() {
    let mut kit = Kit::new();
    let instance = kit.launch(ms(0), Market::Spot);
    kit.serve(ms(60_000), instance);
    kit.fact(ms(100_000), Fact::RebalanceRecommended { instance });
    kit.interrupt(ms(200_000), instance);
    let told = events(&kit);
    let one = |kind: &str| told.iter().find(|it| it["detail-type"] == kind).unwrap();
    let id = one(NOTICE)["detail"]["instance-id"].as_str().unwrap();
    assert_eq!((id.len(), &id[..2]), (19, "i-"));
    assert_eq!(one(NOTICE)["detail"], serde_json::json!({"instance-id": id, "instance-action": "terminate"}));
    assert_eq!(one(NOTICE)["resources"], serde_json::json!([format!("arn:aws:ec2:us-east-1a:instance/{id}")]));
    assert_eq!(one(NOTICE)["time"], "2026-03-02T00:03:20Z");
    assert_eq!(one(RECOMMENDATION)["detail"], serde_json::json!({"instance-id": id}));
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:instance/{id}");
    assert_eq!(one(RECOMMENDATION)["resources"], serde_json::json!([arn]));
    // The container instance drains at the same time.
    assert_eq!(of(&told, INSTANCE).last().unwrap()["status"], "DRAINING");
    assert_eq!(of(&told, INSTANCE).last().unwrap()["ec2InstanceId"], id);
}

#[test]
fn asg_002_the_events_of_auto_scaling() {
    let mut kit = Kit::new();
    let instance = kit.launch(ms(1000), Market::Spot);
    kit.fact(
        ms(2000),
        Fact::LaunchFailed {
            owner: ecsim_cluster::definitions::LaunchOwner::Group(AsgId::new(0)),
            option: LaunchOptionId::new(0),
            market: Market::Spot,
            failure: LaunchFailure::InsufficientInstanceCapacity,
        },
    );
    kit.serve(ms(60_000), instance);
    kit.interrupt(ms(200_000), instance);
    kit.reclaim(ms(320_000), instance);
    let told: Vec<Value> = events(&kit).into_iter().filter(|it| it["source"] == "aws.autoscaling").collect();
    let kinds: Vec<_> = told.iter().map(|it| it["detail-type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["EC2 Instance Launch Unsuccessful", "EC2 Instance Launch Successful", "EC2 Instance Terminate Successful"]
    );
    let [failed, launched, terminated] = told.as_slice() else { panic!("three events") };
    assert_eq!(failed["detail"]["StatusCode"], "Failed");
    assert_eq!(failed["detail"]["StatusMessage"], LaunchFailure::InsufficientInstanceCapacity.text());
    assert_eq!(failed["resources"].as_array().map(Vec::len), Some(1));
    let detail = &launched["detail"];
    let id = detail["EC2InstanceId"].as_str().unwrap();
    assert_eq!(detail["Description"], format!("Launching a new EC2 instance: {id}"));
    assert_eq!((detail["Origin"].as_str(), detail["Destination"].as_str()), (Some("EC2"), Some("AutoScalingGroup")));
    assert_eq!(detail["AutoScalingGroupName"], "spot");
    assert_eq!(
        (detail["StartTime"].as_str(), detail["EndTime"].as_str()),
        (Some("2026-03-02T00:00:01Z"), Some("2026-03-02T00:01:00Z"))
    );
    assert_eq!(
        detail["Cause"],
        "At 2026-03-02T00:00:01Z an instance was started in response to a difference between desired and actual \
         capacity, increasing the capacity from 0 to 1."
    );
    assert_eq!(launched["resources"].as_array().map(Vec::len), Some(2));
    let detail = &terminated["detail"];
    assert_eq!(detail["EC2InstanceId"], id);
    assert!(detail["Cause"].as_str().unwrap().ends_with("in response to a Spot interruption."), "{detail}");
    assert_eq!((detail["Origin"].as_str(), detail["Destination"].as_str()), (Some("AutoScalingGroup"), Some("EC2")));
}

#[test]
fn asg_041_a_warm_instance_is_launched_twice() {
    let mut kit = Kit::new();
    let instance = InstanceId::new(3);
    let option = LaunchOptionId::new(0);
    kit.fact(ms(0), Fact::InstanceLaunched { instance, option, market: Market::OnDemand, warm: true });
    for (at, to) in [
        (30_000, InstanceLifecycle::WarmedStopped),
        (90_000, InstanceLifecycle::Pending),
        (100_000, InstanceLifecycle::InService),
        (110_000, InstanceLifecycle::Standby),
        (120_000, InstanceLifecycle::Pending),
        (120_000, InstanceLifecycle::InService),
    ] {
        kit.fact(ms(at), Fact::InstanceLifecycleChanged { instance, to });
    }
    let told: Vec<_> = of(&events(&kit), "EC2 Instance Launch Successful")
        .iter()
        .map(|it| ["Origin", "Destination", "StartTime", "EndTime"].map(|key| it[key].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(
        told,
        [
            ["EC2", "WarmPool", "2026-03-02T00:00:00Z", "2026-03-02T00:00:30Z"],
            ["WarmPool", "AutoScalingGroup", "2026-03-02T00:01:30Z", "2026-03-02T00:01:40Z"],
        ]
    );
}

#[test]
fn svc_052_counts_and_task_sets_that_the_scheduler_tells_of() {
    let mut kit = Kit::new();
    let (log, web) = (kit.service("log"), kit.service("web"));
    let counted = |deployment, to| ServiceEvent::DesiredCountUpdated { deployment, to };
    kit.fact(ms(1000), Fact::ServiceEvent { service: log, event: counted(None, 3) });
    kit.fact(ms(2000), Fact::ServiceEvent { service: web, event: counted(Some(0), 2) });
    let event = ServiceEvent::TaskSetSteadyState { deployment: 0 };
    kit.fact(ms(3000), Fact::ServiceEvent { service: web, event });
    let told = of(&events(&kit), SERVICE);
    let names: Vec<_> = told.iter().map(|it| (it["eventType"].as_str(), it["eventName"].as_str())).collect();
    let updated = (Some("INFO"), Some("SERVICE_DESIRED_COUNT_UPDATED"));
    assert_eq!(names, [updated, updated, (Some("INFO"), Some("TASKSET_STEADY_STATE"))]);
    assert_eq!(told[0].get("taskSetArns"), None, "the count of a DAEMON service");
    assert_eq!((told[0]["desiredCount"].as_u64(), told[1]["desiredCount"].as_u64()), (Some(3), Some(2)));
    let set = told[1]["taskSetArns"][0].as_str().unwrap();
    assert!(set.contains(":task-set/") && set.contains("/web/ecs-svc/"), "{set}");
    assert_eq!(told[2]["taskSetArns"], told[1]["taskSetArns"]);
    assert_eq!(told[2].get("desiredCount"), None);
}

/// Keys of the sample, a Fargate task of a capacity provider, that a task on EC2 does not have.
const NOT_OURS: [&str; 3] = ["/detail/capacityProviderName", "/detail/ephemeralStorage", "/detail/platformVersion"];

/// Keys that a task on EC2 has, and the sample has not.
const ONLY_OURS: [&str; 3] =
    ["/detail/containerInstanceArn", "/detail/containers/0/gpuIds", "/detail/containers/0/reason"];

#[test]
fn events_have_the_structure_of_awss_own() {
    let Some(data) = std::env::var_os("ECSIM_DATA") else {
        println!("skipped: ECSIM_DATA does not say where AWS's samples are");
        return;
    };
    let folder = std::path::Path::new(&data).join("ecs-artifacts/events");
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder).expect("a folder of samples").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let ours = events(&Kit::busy());
    let mut compared = 0;
    for path in paths {
        let sample: Value = serde_json::from_slice(&std::fs::read(&path).expect("a sample")).expect("JSON");
        let same_kind = |event: &&Value| {
            event["detail-type"] == sample["detail-type"]
                && event["detail"]["eventName"] == sample["detail"]["eventName"]
                // The sample is a task with an interface of its own that has stopped.
                && (event["detail-type"] != TASK
                    || (event["detail"]["lastStatus"] == "STOPPED" && event["detail"]["attachments"][0] != Value::Null))
        };
        for event in ours.iter().filter(same_kind) {
            let mut faults = Vec::new();
            compare(&sample, event, "", &mut faults);
            assert!(faults.is_empty(), "{}: {faults:#?}\n{event:#}", path.display());
            compared += 1;
        }
    }
    assert!(compared >= 10, "only {compared} comparisons");
}

/// Every key of the sample with its type, and nothing else.
fn compare(sample: &Value, ours: &Value, at: &str, faults: &mut Vec<String>) {
    match (sample, ours) {
        (Value::Object(sample), Value::Object(ours)) => {
            for (key, value) in sample {
                let at = format!("{at}/{key}");
                match ours.get(key) {
                    Some(other) => compare(value, other, &at, faults),
                    None if NOT_OURS.contains(&at.as_str()) => {}
                    None => faults.push(format!("{at} is missing")),
                }
            }
            for key in ours.keys().filter(|key| !sample.contains_key(*key)) {
                let at = format!("{at}/{key}");
                // An attribute may have a value, though those of the sample have none.
                if !ONLY_OURS.contains(&at.as_str()) && !at.starts_with("/detail/attributes/") {
                    faults.push(format!("{at} is not AWS's"));
                }
            }
        }
        (Value::Array(sample), Value::Array(ours)) => {
            for (number, value) in ours.iter().enumerate() {
                // The entry of the same name, else of the same type, else any.
                let alike = |key: &str| sample.iter().find(|it| !it[key].is_null() && it[key] == value[key]);
                if let Some(like) = alike("name").or_else(|| alike("type")).or(sample.first()) {
                    compare(like, value, &format!("{at}/{number}"), faults);
                }
            }
        }
        _ if core::mem::discriminant(sample) != core::mem::discriminant(ours) => {
            faults.push(format!("{at}: {sample} there, {ours} here"));
        }
        _ => {}
    }
}
