//! Proofs of the placement rules and the worked examples, each named by its id. Every placement goes through the index and
//! the definition, which must agree (see [`Lab::choose`]).

use ecsim_cluster::definitions::{LaunchType, SchedulingStrategy, TaskDefinition};
use ecsim_cluster::fact::StartTaskFailure;
use ecsim_cluster::{
    Fact, GpuNeed, GroupId, InstanceStatus, PlacementId, Rejection, Resources, ServiceStatus, TaskDefinitionId,
};

use super::constraints::member_of;
use super::constraints::query::Expression;
use super::explain::{diagnose, funnel, rejection_of};
use super::strategies::{self, SpreadField, Strategy};
use super::{Request, Ties, fit, reference, select};
use crate::settings::TieBreak::{self, Fixed, Random};
use crate::testkit::{AGENT_PORTS, Lab, Plan, room, tcp, udp};

const ZONE: &str = "spread(attribute:ecs.availability-zone)";
const MODES: [TieBreak; 2] = [Fixed, Random];

/// A plan with instances `NAME ZONE CPU MEMORY`.
fn plan(instances: &[(&str, &str, u32, u32)]) -> Plan {
    let mut plan = Plan::new();
    for (name, zone, cpu, memory) in instances {
        plan.instance(name, zone, room(*cpu, *memory), &[]);
    }
    plan
}

/// Puts `count` tasks of a group on an instance.
fn hold(lab: &mut Lab, definition: TaskDefinitionId, group: GroupId, instance: &str, count: usize) {
    let request = lab.request(definition, group, PlacementId::new(0));
    let instance = lab.instance(instance);
    for _ in 0..count {
        lab.put(&request, instance);
    }
}

/// Live tasks of a group on instances.
fn counts(lab: &Lab, group: GroupId, instances: &[&str]) -> Vec<u32> {
    instances.iter().map(|name| lab.cluster.instances()[lab.instance(name)].live_tasks_of(group)).collect()
}

fn reason(lab: &Lab, request: &Request<'_>, instance: &str) -> Option<Rejection> {
    rejection_of(&lab.view(), request, lab.instance(instance))
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names
}

// The process.

#[test]
fn plc_002_needs_then_constraints_then_strategies() {
    let mut plan = plan(&[
        ("small", "a", 100, 100),
        ("wrong", "a", 1000, 1000),
        ("good", "a", 1000, 1000),
        ("idle", "b", 1000, 1000),
    ]);
    let web = plan.task("web", 200, 200);
    let group = plan.group("service:web");
    let placement = plan.placement(&["spread(instanceId)", "binpack(memory)"], &["not(task:group == other)"]);
    let other = plan.group("other");
    let mut lab = plan.start();
    hold(&mut lab, web, other, "wrong", 1);
    hold(&mut lab, web, group, "good", 1);
    let request = lab.request(web, group, placement);
    // `wrong` would be packed fullest and `small` is emptiest, but neither gets as far as the strategies.
    let funnel = funnel(&lab.view(), &request);
    assert_eq!(lab.place_many(&request, Fixed, 1), ["idle"]);
    assert_eq!(funnel.steps.each_ref().map(|step| (step.before, step.after)), [(4, 3), (3, 2), (2, 1), (1, 1)]);
}

#[test]
fn plc_003_tasks_are_placed_one_at_a_time() {
    let mut plan = plan(&[("i1", "a", 1000, 1000), ("i2", "a", 1000, 1000)]);
    let web = plan.task("web", 600, 600);
    let group = plan.group("service:web");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start();
    let request = lab.request(web, group, placement);
    assert_eq!(lab.place_many(&request, Fixed, 3), ["i1", "i2", "-"]);
}

#[test]
fn plc_004_only_active_and_connected_instances() {
    let mut plan = plan(&[("i1", "a", 1000, 1000)]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("service:web");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start_empty();
    let request = lab.request(web, group, placement);
    let instance = lab.instance("i1");
    use InstanceStatus::{Active, Deregistering, Draining, Inactive, Registering};
    for (to, placeable) in [
        (Registering, false),
        (Active, true),
        (Draining, false),
        (Active, true),
        (Deregistering, false),
        (Inactive, false),
    ] {
        lab.apply(Fact::InstanceStatusChanged { instance, to });
        for mode in MODES {
            assert_eq!(lab.choose(&request, mode).is_some(), placeable, "{to}");
        }
        if to == Active {
            lab.apply(Fact::AgentConnectionChanged { instance, connected: false });
            assert_eq!(lab.choose(&request, Fixed), None);
            assert_eq!(reason(&lab, &request, "i1"), Some(Rejection::Agent));
            lab.apply(Fact::AgentConnectionChanged { instance, connected: true });
        }
    }
}

#[test]
fn plc_005_equality_fits() {
    let mut plan = plan(&[("i1", "a", 1000, 2000)]);
    let exact = plan.task("exact", 1000, 2000);
    let cpu = plan.task("cpu", 1001, 1);
    let memory = plan.task("memory", 1, 2001);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start();
    for (definition, expected) in [(cpu, Some(Rejection::Cpu)), (memory, Some(Rejection::Memory)), (exact, None)] {
        let request = lab.request(definition, group, placement);
        assert_eq!(reason(&lab, &request, "i1"), expected);
        assert_eq!(lab.choose(&request, Fixed).is_some(), expected.is_none());
    }
}

#[test]
fn plc_006_required_attributes() {
    let mut plan = Plan::new();
    plan.instance("none", "a", room(100, 100), &[]);
    plan.instance("flag", "a", room(100, 100), &["gpu-driver"]);
    plan.instance("arm", "a", room(100, 100), &["gpu-driver", "ecs.cpu-architecture=arm64"]);
    let (driver, architecture) = (plan.attribute("gpu-driver"), plan.attribute("ecs.cpu-architecture"));
    let arm = plan.value("arm64");
    let flag = plan.task_with("flag", 1, 1, |task| task.required_attributes = vec![(driver, None)]);
    let valued = plan.task_with("arm", 1, 1, |task| {
        task.required_attributes = vec![(driver, None), (architecture, Some(arm))];
    });
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start();
    let request = lab.request(flag, group, placement);
    assert_eq!(reason(&lab, &request, "none"), Some(Rejection::Attribute));
    assert_eq!(lab.place_many(&request, Fixed, 1), ["flag"]);
    let request = lab.request(valued, group, placement);
    assert_eq!(reason(&lab, &request, "flag"), Some(Rejection::Attribute));
    assert_eq!(lab.place_many(&request, Random, 1), ["arm"]);
}

#[test]
fn plc_007_the_zone_of_a_subnet_and_a_subnet_with_addresses() {
    let mut plan = plan(&[("A", "a", 100, 100), ("B", "b", 100, 100)]);
    let web = plan.task_with("web", 1, 1, |task| task.requirements.eni = true);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let full = plan.subnet("b-full", "b", 0);
    let one = plan.subnet("b-1", "b", 10);
    let two = plan.subnet("b-2", "b", 10);
    let elsewhere = plan.subnet("c", "c", 10);
    let mut lab = plan.start();
    let subnets = [elsewhere, full, one, two];
    let mut request = lab.request(web, group, placement);
    request.subnets = &subnets;
    assert_eq!(reason(&lab, &request, "A"), Some(Rejection::Location));
    let b = lab.choose(&request, Random).map(|instance| lab.name(instance).to_owned());
    assert_eq!(b.as_deref(), Some("B"));
    let zone = lab.cluster.instances()[lab.instance("B")].zone;
    assert_eq!(select::subnet(&lab.cluster, &subnets, zone, Ties::Fixed), Some(one));
    let mut seen = [0; 2];
    for _ in 0..400 {
        let drawn = select::subnet(&lab.cluster, &subnets, zone, Ties::Random(&mut lab.ties));
        seen[if drawn == Some(one) { 0 } else { 1 }] += 1;
        assert!(drawn == Some(one) || drawn == Some(two));
    }
    assert!(seen.iter().all(|count| *count > 140), "{seen:?}");
    assert_eq!(select::subnet(&lab.cluster, &[full, elsewhere], zone, Ties::Fixed), None);
}

#[test]
fn plc_008_constraints_bind_and_strategies_do_not() {
    let mut plan = plan(&[("i1", "a", 1000, 1000)]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let impossible = plan.placement(&[ZONE], &["attribute:ecs.availability-zone == us-east-1a", "attribute:x exists"]);
    let lacking = plan.placement(&["spread(attribute:nowhere)", "binpack(cpu)"], &[]);
    let mut lab = plan.start();
    let request = lab.request(web, group, impossible);
    assert_eq!(lab.place_many(&request, Fixed, 2), ["-", "-"]);
    assert_eq!(reason(&lab, &request, "i1"), Some(Rejection::MemberOf));
    let request = lab.request(web, group, lacking);
    assert_eq!(lab.place_many(&request, Fixed, 2), ["i1", "i1"]);
}

#[test]
fn plc_010_later_changes_stop_nothing() {
    let mut plan = Plan::new();
    plan.instance("i1", "a", room(100, 100), &["stack=prod"]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &["attribute:stack == prod"]);
    let mut lab = plan.start();
    let request = lab.request(web, group, placement);
    let (_, instance) = lab.place(&request, Fixed).expect("a place");
    lab.set_attribute(instance, "stack", None);
    assert_eq!(lab.place(&request, Fixed), None);
    assert_eq!(counts(&lab, group, &["i1"]), [1]);
}

#[test]
fn plc_011_launch_types() {
    let mut plan = plan(&[("ec2", "a", 100, 100)]);
    plan.instance_with("anywhere", "b", room(100, 100), &["ecs.capability.external"], |shape| shape.external = true);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["spread(instanceId)"], &[]);
    let mut lab = plan.start();
    let mut request = lab.request(web, group, placement);
    assert_eq!(lab.place_many(&request, Fixed, 3), ["ec2", "ec2", "ec2"]);
    request.launch_type = LaunchType::External;
    assert_eq!(lab.place_many(&request, Random, 2), ["anywhere", "anywhere"]);
    assert!(diagnose(&lab.view(), &request).rejected.is_empty(), "the other kind gets no entry");
}

// Strategies.

#[test]
fn plc_020_catalogues_list_aws_s_strategies_and_constraints() {
    assert_eq!(strategies::CATALOGUE.map(|entry| entry.name), ["spread", "binpack", "random"]);
    assert_eq!(super::constraints::CATALOGUE.map(|entry| entry.name), ["distinctInstance", "memberOf"]);
    assert_eq!(strategies::MAX_STRATEGIES, 5);
}

#[test]
fn plc_021_chains_are_lexicographic() {
    for mode in MODES {
        let mut plan = plan(&[("A1", "a", 100, 4000), ("B1", "b", 100, 2000), ("B2", "b", 100, 1000)]);
        let web = plan.task("web", 1, 10);
        let group = plan.group("g");
        let placement = plan.placement(&[ZONE, "binpack(memory)"], &[]);
        let mut lab = plan.start();
        hold(&mut lab, web, group, "B2", 1);
        let request = lab.request(web, group, placement);
        // Zone a has fewer tasks, so memory does not matter; then both zones tie and it does, across zones.
        assert_eq!(lab.place_many(&request, mode, 2), ["A1", "B2"]);
    }
}

#[test]
fn plc_022_fixed_ties_go_by_registration_then_id() {
    let mut plan = Plan::new();
    for (name, registered) in [("late", 3_000), ("early", 1_000), ("same-1", 2_000), ("same-2", 2_000)] {
        let instance = plan.instance(name, "a", room(10, 10), &[]);
        plan.definitions.instances[instance].registered_at_unix_ms = Some(registered);
    }
    let web = plan.task("web", 10, 10);
    let group = plan.group("g");
    for chain in [&["random"][..], &["binpack(cpu)"], &["spread(instanceId)"], &[]] {
        let mut plan = plan.clone();
        let placement = plan.placement(chain, &[]);
        let mut lab = plan.start();
        let request = lab.request(web, group, placement);
        assert_eq!(lab.place_many(&request, Fixed, 5), ["early", "same-1", "same-2", "late", "-"], "{chain:?}");
    }
}

#[test]
fn plc_023_spread_takes_the_emptiest_bucket() {
    let mut plan = Plan::new();
    plan.instance("r1-1", "a", room(100, 100), &["rack=r1"]);
    plan.instance("r1-2", "a", room(100, 100), &["rack=r1"]);
    plan.instance("r2", "a", room(100, 100), &["rack=r2"]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let by_rack = plan.placement(&["spread(attribute:rack)"], &[]);
    let by_host = plan.placement(&["spread(host)"], &[]);
    let mut lab = plan.start();
    assert!(matches!(lab.placements[by_host].strategies[..], [Strategy::Spread(SpreadField::Instance)]));
    hold(&mut lab, web, group, "r1-1", 1);
    let request = lab.request(web, group, by_rack);
    for mode in MODES {
        assert_eq!(lab.choose(&request, mode), Some(lab.instance("r2")), "the bucket, not the instance, is counted");
    }
    let request = lab.request(web, group, by_host);
    assert_eq!(lab.place_many(&request, Fixed, 3), ["r1-2", "r2", "r1-1"]);
}

#[test]
fn plc_024_other_groups_never_count() {
    let mut plan = plan(&[("i1", "a", 100, 100), ("i2", "b", 100, 100)]);
    let web = plan.task("web", 1, 1);
    let (group, other) = (plan.group("g"), plan.group("other"));
    let placement = plan.service_default(&[]);
    let mut lab = plan.start();
    hold(&mut lab, web, other, "i1", 9);
    hold(&mut lab, web, group, "i2", 1);
    let request = lab.request(web, group, placement);
    for mode in MODES {
        assert_eq!(lab.choose(&request, mode), Some(lab.instance("i1")));
    }
}

#[test]
fn plc_025_all_revisions_of_a_service_count_together() {
    let mut plan = plan(&[("i1", "a", 100, 100), ("i2", "b", 100, 100)]);
    let (old, new) = (plan.task("web", 1, 1), plan.task("web", 2, 2));
    let group = plan.group("service:web");
    let placement = plan.service_default(&[]);
    let mut lab = plan.start();
    hold(&mut lab, old, group, "i1", 2);
    let request = lab.request(new, group, placement);
    assert_eq!(lab.place_many(&request, Random, 2), ["i2", "i2"]);
}

#[test]
fn plc_026_tasks_on_instances_that_are_no_candidates_count() {
    for mode in MODES {
        let mut plan = plan(&[("A1", "a", 10, 10), ("A2", "a", 100, 100), ("B1", "b", 100, 100)]);
        let web = plan.task("web", 1, 1);
        let group = plan.group("g");
        let placement = plan.placement(&[ZONE], &[]);
        let mut lab = plan.start();
        hold(&mut lab, web, group, "A1", 2);
        hold(&mut lab, web, group, "B1", 1);
        let request = lab.request(web, group, placement);
        let instance = lab.instance("A1");
        lab.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Draining });
        assert_eq!(lab.place_many(&request, mode, 1), ["B1"], "draining tasks count: zone a has two");
        lab.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Inactive });
        assert_eq!(lab.place_many(&request, mode, 2), ["A2", "A2"], "ECS no longer knows them: zone a has none");
    }
}

#[test]
fn plc_027_instances_without_the_attribute_come_last_and_share_a_bucket() {
    let mut plan = Plan::new();
    plan.instance("without-1", "a", room(100, 100), &[]);
    plan.instance("without-2", "a", room(100, 100), &[]);
    plan.instance("with", "a", room(2, 2), &["rack=r1"]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["spread(attribute:rack)", "spread(instanceId)"], &[]);
    let mut lab = plan.start();
    let request = lab.request(web, group, placement);
    assert_eq!(lab.place_many(&request, Fixed, 5), ["with", "with", "without-1", "without-2", "without-1"]);
}

#[test]
fn plc_028_binpack_takes_the_least_remaining_that_fits() {
    for mode in MODES {
        let mut plan = plan(&[("big", "a", 4000, 900), ("mid", "a", 2000, 2000), ("small", "a", 1000, 4000)]);
        let web = plan.task("web", 500, 500);
        let group = plan.group("g");
        let cpu = plan.placement(&["binpack(cpu)"], &[]);
        let memory = plan.placement(&["binpack(memory)"], &[]);
        let mut lab = plan.start();
        let request = lab.request(web, group, cpu);
        assert_eq!(lab.place_many(&request, mode, 3), ["small", "small", "mid"]);
        let request = lab.request(web, group, memory);
        assert_eq!(lab.place_many(&request, mode, 2), ["big", "mid"]);
    }
}

#[test]
fn plc_029_nothing_after_random_has_an_effect() {
    let mut plan = plan(&[("full", "a", 100, 100), ("empty", "a", 1000, 1000)]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["random", "binpack(memory)"], &[]);
    let mut lab = plan.start();
    let request = lab.request(web, group, placement);
    assert_eq!(strategies::effective(&lab.placements[placement].strategies).len(), 1);
    let mut seen = [0; 2];
    for _ in 0..400 {
        seen[lab.choose(&request, Random).expect("a place").index()] += 1;
    }
    assert!(seen.iter().all(|count| *count > 140), "{seen:?}");
}

#[test]
fn plc_032_the_default_of_a_service_is_zones_then_instances() {
    let mut plan = Plan::new();
    let zone = plan.attribute("ecs.availability-zone");
    assert!(matches!(
        strategies::service_default(zone)[..],
        [Strategy::Spread(SpreadField::Attribute(first)), Strategy::Spread(SpreadField::Instance)] if first == zone
    ));
    let placement = plan.service_default(&[]);
    assert!(plan.placements[placement].is_default);
    assert!(plan.placements[placement].constraints.is_empty(), "PLC-036");
}

#[test]
fn plc_033_explicit_zone_spread_has_no_instance_key() {
    let mut plan = plan(&[("A1", "a", 100, 100), ("A2", "a", 100, 100)]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let explicit = plan.placement(&[ZONE], &[]);
    let default = plan.service_default(&[]);
    let mut lab = plan.start();
    hold(&mut lab, web, group, "A1", 3);
    let request = lab.request(web, group, explicit);
    assert_eq!(reference::tied(&lab.view(), &request).len(), 2);
    assert_eq!(lab.choose(&request, Fixed), Some(lab.instance("A1")));
    let request = lab.request(web, group, default);
    assert_eq!(lab.choose(&request, Random), Some(lab.instance("A2")));
}

#[test]
fn plc_034_run_task_without_a_strategy_is_random() {
    assert!(matches!(strategies::run_task_default()[..], [Strategy::Random]));
}

#[test]
fn plc_035_console_templates_are_chains_of_these() {
    for chain in [&[ZONE, "spread(instanceId)"][..], &[ZONE, "binpack(memory)"], &["binpack(memory)"]] {
        let mut plan = Plan::new();
        let placement = plan.placement(chain, &[]);
        let described: Vec<String> =
            plan.placements[placement].strategies.iter().map(|strategy| strategy.describe(&plan.definitions)).collect();
        assert_eq!(described, chain);
    }
}

// Constraints.

#[test]
fn plc_040_member_of_filters_by_expression() {
    let mut plan = Plan::new();
    plan.instance("prod", "a", room(10, 10), &["stack=prod"]);
    plan.instance("dev", "a", room(100, 100), &["stack=dev"]);
    let web = plan.task("web", 5, 5);
    let group = plan.group("g");
    let placement = plan.placement(&["spread(instanceId)"], &["attribute:stack == prod"]);
    let mut lab = plan.start();
    let request = lab.request(web, group, placement);
    assert_eq!(lab.place_many(&request, Random, 3), ["prod", "prod", "-"]);
    lab.set_attribute(lab.instance("dev"), "stack", Some("prod"));
    assert_eq!(lab.place_many(&request, Random, 1), ["dev"]);
}

#[test]
fn plc_041_one_live_task_of_a_group_on_an_instance() {
    let mut plan = plan(&[("i1", "a", 100, 100), ("i2", "a", 100, 100)]);
    let web = plan.task("web", 1, 1);
    let (group, other) = (plan.group("g"), plan.group("other"));
    let placement = plan.placement(&["binpack(memory)"], &["distinctInstance"]);
    let mut lab = plan.start();
    let request = lab.request(web, group, placement);
    assert_eq!(lab.place_many(&request, Random, 3).iter().filter(|name| *name == "-").count(), 1);
    let request = lab.request(web, other, placement);
    assert!(lab.place(&request, Random).is_some(), "other groups do not matter");
}

#[test]
fn plc_042_distinct_instance_looks_at_the_desired_status() {
    let mut plan = plan(&[("i1", "a", 100, 100)]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &["distinctInstance"]);
    let mut lab = plan.start();
    let request = lab.request(web, group, placement);
    let (task, _) = lab.place(&request, Fixed).expect("a place");
    assert_eq!(reason(&lab, &request, "i1"), Some(Rejection::DistinctInstance));
    lab.stop(task);
    assert!(lab.place(&request, Random).is_some(), "its last status is not STOPPED yet");
}

#[test]
fn plc_043_old_revisions_block_new_ones() {
    let mut plan = plan(&[("i1", "a", 100, 100)]);
    let (old, new) = (plan.task("web", 1, 1), plan.task("web", 2, 2));
    let group = plan.group("service:web");
    let placement = plan.service_default(&["distinctInstance"]);
    let mut lab = plan.start();
    hold(&mut lab, old, group, "i1", 1);
    let request = lab.request(new, group, placement);
    assert_eq!(lab.place(&request, Fixed), None);
}

#[test]
fn plc_044_affinity_restricts_the_new_task_only() {
    let mut plan = plan(&[("i1", "a", 100, 100), ("i2", "a", 100, 100)]);
    let web = plan.task("web", 1, 1);
    let (database, cache) = (plan.group("database"), plan.group("cache"));
    let free = plan.placement(&["random"], &[]);
    let apart = plan.placement(&["random"], &["not(task:group == database)"]);
    let mut lab = plan.start();
    hold(&mut lab, web, database, "i1", 1);
    let request = lab.request(web, cache, apart);
    assert_eq!(lab.place_many(&request, Random, 1), ["i2"]);
    let request = lab.request(web, database, free);
    let all = lab.place_many(&request, Random, 40);
    assert!(all.iter().any(|name| name == "i2"), "nothing keeps the database away from the cache");
}

// Daemons and StartTask.

#[test]
fn plc_052_room_is_withheld_for_daemons() {
    let mut plan = Plan::new();
    plan.instance("edge", "a", Resources { enis: 1, ..room(1000, 1000) }, &["role=edge"]);
    plan.instance("plain", "a", Resources { enis: 1, ..room(1000, 500) }, &[]);
    let daemon = plan.task_with("logd", 200, 400, |task| task.requirements.eni = true);
    let web = plan.task("web", 100, 700);
    let small = plan.task("small", 100, 300);
    let networked = plan.task_with("networked", 1, 1, |task| task.requirements.eni = true);
    let group = plan.group("service:web");
    let edges = plan.placement(&[], &["attribute:role == edge"]);
    let pack = plan.placement(&["binpack(memory)"], &[]);
    let service = plan.service("logd", SchedulingStrategy::Daemon, daemon, edges);
    let mut lab = plan.start();
    let edge = lab.instance("edge");

    let request = lab.request(web, group, pack);
    assert_eq!(reason(&lab, &request, "edge"), Some(Rejection::Memory), "600 of 1000 are for others");
    assert_eq!(lab.place(&request, Fixed), None);
    assert!(funnel(&lab.view(), &request).render(9).contains("needs 700 MiB, 600 left (400 withheld for daemons)"));
    let request = lab.request(networked, group, pack);
    assert_eq!(reason(&lab, &request, "edge"), Some(Rejection::Eni));
    assert_eq!(lab.choose(&request, Random), Some(lab.instance("plain")));
    let request = lab.request(small, group, pack);
    assert_eq!(lab.choose(&request, Fixed), Some(lab.instance("plain")), "500 remaining against 600");

    let mut own = lab.request(daemon, lab.group("service:logd"), edges);
    own.is_daemon = true;
    assert_eq!(fit::check(&lab.view(), &own, edge), Ok(()));
    assert_eq!(lab.choose(&own, Fixed), Some(edge));
    let task = lab.put_for(service, &own, edge);
    let request = lab.request(small, group, pack);
    assert_eq!(
        lab.place_many(&request, Random, 2),
        ["plain", "edge"],
        "once it runs, what it reserved is simply taken"
    );

    lab.stop(task);
    lab.finish(task);
    assert_eq!(lab.place_many(&request, Fixed, 2), ["edge", "-"], "stopped: 400 of the 700 left are withheld again");
}

#[test]
fn plc_052_a_full_instance_keeps_its_replicas_and_a_deleted_daemon_frees_its_room() {
    let mut plan = plan(&[("i1", "a", 1000, 1000)]);
    let daemon = plan.task("logd", 10, 300);
    let web = plan.task("web", 10, 400);
    let group = plan.group("service:web");
    let placement = plan.placement(&["random"], &[]);
    let service = plan.service("logd", SchedulingStrategy::Daemon, daemon, placement);
    let mut lab = plan.start_empty();
    let instance = lab.instance("i1");
    lab.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
    let request = lab.request(web, group, placement);
    assert_eq!(lab.place_many(&request, Fixed, 2), ["i1", "i1"]);
    lab.apply(Fact::ServiceStatusChanged { service, to: ServiceStatus::Active });
    assert_eq!(counts(&lab, group, &["i1"]), [2], "not retroactive");
    let tiny = lab.request(daemon, group, placement);
    assert_eq!(lab.choose(&tiny, Fixed), None, "200 are left and all withheld");
    lab.apply(Fact::ServiceStatusChanged { service, to: ServiceStatus::Draining });
    let mut tiny = tiny;
    tiny.requirements.memory = 200;
    assert_eq!(lab.choose(&tiny, Fixed), Some(instance));
}

#[test]
fn plc_059_start_task_skips_constraints_and_strategies() {
    let mut plan = plan(&[("i1", "a", 100, 100), ("i2", "b", 100, 100)]);
    let web = plan.task("web", 60, 60);
    let group = plan.group("g");
    let placement = plan.placement(&[ZONE], &["attribute:x exists", "distinctInstance"]);
    let b = plan.subnet("b", "b", 5);
    let mut lab = plan.start_empty();
    let subnets = [b];
    let (i1, i2) = (lab.instance("i1"), lab.instance("i2"));
    let request = lab.request(web, group, placement);
    let check = |lab: &Lab, request: &Request<'_>, instance| fit::check_start_task(&lab.view(), request, instance);
    assert_eq!(check(&lab, &request, i1), Err(StartTaskFailure::Missing));
    for instance in [i1, i2] {
        lab.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
    }
    assert_eq!(check(&lab, &request, i1), Ok(()), "no constraint is looked at");
    let located = Request { subnets: &subnets, ..request };
    assert_eq!(check(&lab, &located, i1), Err(StartTaskFailure::Rejected(Rejection::Location)));
    lab.apply(Fact::AgentConnectionChanged { instance: i1, connected: false });
    assert_eq!(check(&lab, &request, i1), Err(StartTaskFailure::Rejected(Rejection::Agent)));
    lab.apply(Fact::InstanceStatusChanged { instance: i1, to: InstanceStatus::Draining });
    assert_eq!(check(&lab, &request, i1), Err(StartTaskFailure::Inactive));
    lab.put(&request, i2);
    assert_eq!(check(&lab, &request, i2), Err(StartTaskFailure::Rejected(Rejection::Cpu)));
}

// Resources.

#[test]
fn res_024_at_most_a_hundred_ports() {
    let mut plan = plan(&[("i1", "a", 100, 100)]);
    let ports =
        |from: u16, count: u16| move |task: &mut TaskDefinition| task.ports = (from..from + count).map(udp).collect();
    let fits = plan.task_with("fits", 1, 1, ports(1_000, 94));
    let one = plan.task_with("one", 1, 1, ports(2_000, 1));
    let none = plan.task("none", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start();
    let request = lab.request(fits, group, placement);
    assert_eq!(lab.place_many(&request, Fixed, 1), ["i1"], "6 + 94, TCP and UDP together");
    let request = lab.request(one, group, placement);
    assert_eq!(reason(&lab, &request, "i1"), Some(Rejection::Ports));
    assert!(funnel(&lab.view(), &request).render(9).contains("101 ports would be reserved, at most 100 may be"));
    let request = lab.request(none, group, placement);
    assert_eq!(lab.place_many(&request, Fixed, 1), ["i1"]);
}

#[test]
fn res_030_whole_gpus_and_all_of_them() {
    let mut plan = Plan::new();
    plan.instance("four", "a", Resources { gpus: 4, ..room(100, 100) }, &[]);
    plan.instance("none", "a", room(100, 100), &[]);
    let two = plan.task_with("two", 1, 1, |task| task.requirements.gpus = GpuNeed::Count(2));
    let all = plan.task_with("all", 1, 1, |task| task.requirements.gpus = GpuNeed::All);
    let group = plan.group("g");
    let placement = plan.placement(&["binpack(memory)"], &[]);
    let mut lab = plan.start();
    let request = lab.request(all, group, placement);
    assert_eq!(reason(&lab, &request, "none"), Some(Rejection::Gpu), "ALL of none is not enough");
    let (task, _) = lab.place(&request, Random).expect("four free");
    assert_eq!(lab.place(&request, Random), None);
    lab.stop(task);
    let request = lab.request(two, group, placement);
    assert_eq!(lab.place_many(&request, Random, 3), ["four", "four", "-"]);
}

#[test]
fn res_032_tasks_without_gpus_may_use_gpu_instances() {
    let mut plan = Plan::new();
    plan.instance("gpu", "a", Resources { gpus: 1, ..room(50, 50) }, &[]);
    plan.instance("plain", "a", room(100, 100), &[]);
    let web = plan.task("web", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["binpack(memory)"], &[]);
    let mut lab = plan.start();
    let request = lab.request(web, group, placement);
    assert_eq!(lab.place_many(&request, Random, 2), ["gpu", "gpu"]);
}

#[test]
fn res_040_a_slot_for_each_awsvpc_task() {
    let mut plan = Plan::new();
    plan.instance("i1", "a", Resources { enis: 1, ..room(100, 100) }, &[]);
    let networked = plan.task_with("networked", 1, 1, |task| task.requirements.eni = true);
    let bridged = plan.task("bridged", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start();
    let request = lab.request(networked, group, placement);
    assert_eq!(lab.place_many(&request, Random, 2), ["i1", "-"]);
    assert_eq!(reason(&lab, &request, "i1"), Some(Rejection::Eni));
    let request = lab.request(bridged, group, placement);
    assert_eq!(lab.place_many(&request, Random, 1), ["i1"]);
}

// Failures.

/// One instance that fails every check, its agent disconnected, and a request for it; `cure` takes away one cause.
#[test]
fn flr_003_the_first_failing_check_is_the_reason() {
    let mut plan = Plan::new();
    plan.instance_with("i1", "a", Resources { cpu: 10, memory: 10, gpus: 0, enis: 0 }, &["x=1"], |_| {});
    let missing = plan.attribute("missing");
    let web = plan.task_with("web", 11, 11, |task| {
        task.required_attributes = vec![(missing, None)];
        task.ports = vec![tcp(22)];
        task.requirements.eni = true;
        task.requirements.gpus = GpuNeed::Count(1);
    });
    let calm = plan.task("calm", 1, 1);
    let group = plan.group("g");
    let strict = plan.placement(&["random"], &["attribute:y exists", "distinctInstance"]);
    let distinct = plan.placement(&["random"], &["distinctInstance"]);
    let free = plan.placement(&["random"], &[]);
    let elsewhere = plan.subnet("b", "b", 5);
    let mut lab = plan.start();
    hold(&mut lab, calm, group, "i1", 1);
    let instance = lab.instance("i1");
    lab.apply(Fact::AgentConnectionChanged { instance, connected: false });
    let subnets = [elsewhere];
    let mut request = Request { subnets: &subnets, ..lab.request(web, group, strict) };
    let mut seen = Vec::new();
    loop {
        let found = reason(&lab, &request, "i1");
        seen.extend(found);
        match found {
            Some(Rejection::Attribute) => lab.set_attribute(instance, "missing", Some("")),
            Some(Rejection::Location) => request.subnets = &[],
            Some(Rejection::Cpu) => request.requirements.cpu = 1,
            Some(Rejection::Memory) => request.requirements.memory = 1,
            Some(Rejection::Ports) => request.definition = calm,
            Some(Rejection::Eni) => request.requirements.eni = false,
            Some(Rejection::Gpu) => request.requirements.gpus = GpuNeed::Count(0),
            Some(Rejection::MemberOf) => request.placement = distinct,
            Some(Rejection::DistinctInstance) => request.placement = free,
            Some(Rejection::Agent) => lab.apply(Fact::AgentConnectionChanged { instance, connected: true }),
            None => break,
        }
    }
    assert_eq!(seen, Rejection::ALL);
    lab.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Draining });
    request.requirements.cpu = 1_000;
    assert!(diagnose(&lab.view(), &request).rejected.is_empty(), "not ACTIVE: no entry at all");
}

#[test]
fn flr_001_every_reason_can_be_given_and_told() {
    // The codes are pinned where they are defined; here: the words with amounts that go with them.
    let mut plan = Plan::new();
    plan.instance("i1", "a", Resources { cpu: 256, memory: 1, gpus: 0, enis: 0 }, &["x=1"]);
    let web = plan.task("web", 512, 1);
    let group = plan.group("service:web");
    let placement = plan.placement(&["random"], &[]);
    let lab = plan.start();
    let funnel = funnel(&lab.view(), &lab.request(web, group, placement));
    assert_eq!(funnel.rejected[0].because, "needs 512 CPU units, 256 left");
    assert_eq!(
        funnel.render(5),
        "web:1 in group service:web needs 512 CPU units, 1 MiB\n\
         1. has room and attributes: 0 of 1\n   - i1: needs 512 CPU units, 256 left (RESOURCE:CPU)\n\
         2. satisfies the constraints, agent connected: 0 of 0\n\
         3. is best by the strategies: 0 of 0\n\
         4. is selected: 0 of 0\n\
         nobody is left: the task is not placed\n"
    );
}

#[test]
fn flr_004_one_entry_for_each_instance() {
    let mut plan = plan(&[("i1", "a", 10, 100), ("i2", "a", 100, 10), ("i3", "a", 10, 10)]);
    let web = plan.task("web", 50, 50);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let lab = plan.start();
    let diagnosis = diagnose(&lab.view(), &lab.request(web, group, placement));
    let reasons: Vec<Rejection> = diagnosis.rejected.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, [Rejection::Cpu, Rejection::Memory, Rejection::Cpu]);
    assert_eq!((diagnosis.counts.of(Rejection::Cpu), diagnosis.counts.total()), (2, 3));
}

#[test]
fn flr_005_the_closest_got_furthest_then_lacks_least_then_registered_first() {
    let mut plan =
        plan(&[("cpu", "a", 49, 500), ("far", "a", 100, 20), ("near-1", "a", 100, 40), ("near-2", "a", 100, 40)]);
    let web = plan.task("web", 50, 50);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let lab = plan.start();
    let closest = diagnose(&lab.view(), &lab.request(web, group, placement)).closest;
    assert_eq!(closest, Some((lab.instance("near-1"), Rejection::Memory)));
}

// Worked examples.

#[test]
fn px_01_default_service_strategy() {
    for mode in MODES {
        let mut plan =
            plan(&[("A1", "a", 4096, 8000), ("A2", "a", 4096, 8000), ("B1", "b", 4096, 8000), ("C1", "c", 4096, 8000)]);
        let web = plan.task("web", 256, 512);
        let group = plan.group("service:web");
        let placement = plan.service_default(&[]);
        let mut lab = plan.start();
        let request = lab.request(web, group, placement);
        let order = lab.place_many(&request, mode, 6);
        if mode == Fixed {
            assert_eq!(order, ["A1", "B1", "C1", "A2", "B1", "C1"]);
        }
        assert_eq!(counts(&lab, group, &["A1", "A2", "B1", "C1"]), [1, 1, 2, 2], "{order:?}");
    }
}

#[test]
fn px_02_no_strategy_versus_explicit_zone_spread() {
    let setup = |explicit: bool| {
        let mut plan =
            plan(&[("A1", "a", 4000, 8000), ("A2", "a", 4000, 8000), ("B1", "b", 4000, 8000), ("C1", "c", 4000, 8000)]);
        let web = plan.task("web", 10, 10);
        let (group, other) = (plan.group("service:web"), plan.group("service:other"));
        let placement = if explicit { plan.placement(&[ZONE], &[]) } else { plan.service_default(&[]) };
        let mut lab = plan.start();
        hold(&mut lab, web, group, "A1", 1);
        hold(&mut lab, web, other, "B1", 9);
        let request = lab.request(web, group, placement);
        (lab, request)
    };
    let (mut lab, request) = setup(false);
    assert_eq!(lab.place_many(&request, Fixed, 3), ["B1", "C1", "A2"]);
    let (mut lab, request) = setup(true);
    assert_eq!(lab.place_many(&request, Fixed, 3), ["B1", "C1", "A1"]);
    let mut thirds = Vec::new();
    for seed in 0..60 {
        let (mut lab, request) = setup(true);
        for _ in 0..seed {
            lab.ties.uniform();
        }
        let placed = lab.place_many(&request, Random, 3);
        assert_eq!(sorted(placed[..2].to_vec()), ["B1", "C1"]);
        thirds.push(placed[2].clone());
    }
    thirds.sort_unstable();
    thirds.dedup();
    assert_eq!(thirds, ["A1", "A2", "B1", "C1"]);
}

#[test]
fn px_03_binpack_uses_absolute_remaining_memory() {
    for mode in MODES {
        let mut plan = plan(&[("i1", "a", 9000, 2000), ("i2", "a", 9000, 16000), ("i3", "a", 9000, 8000)]);
        let fill = plan.task("fill", 0, 0);
        let task = plan.task("task", 1, 600);
        let (group, other) = (plan.group("g"), plan.group("other"));
        let placement = plan.placement(&["binpack(memory)"], &[]);
        let mut lab = plan.start();
        for (name, used) in [("i1", 1_100), ("i2", 14_500), ("i3", 5_000)] {
            let mut request = lab.request(fill, other, placement);
            request.requirements.memory = used;
            let instance = lab.instance(name);
            lab.put(&request, instance);
        }
        let request = lab.request(task, group, placement);
        assert_eq!(lab.place_many(&request, mode, 5), ["i1", "i2", "i2", "i3", "i3"]);
    }
}

#[test]
fn px_04_zone_spread_then_binpack_with_a_tie_between_zones() {
    for mode in MODES {
        let mut plan =
            plan(&[("A1", "a", 9000, 4000), ("A2", "a", 9000, 2000), ("B1", "b", 9000, 3000), ("B2", "b", 9000, 3500)]);
        let task = plan.task("task", 1, 1000);
        let group = plan.group("g");
        let placement = plan.placement(&[ZONE, "binpack(memory)"], &[]);
        let mut lab = plan.start();
        let request = lab.request(task, group, placement);
        assert_eq!(lab.place_many(&request, mode, 5), ["A2", "B1", "A2", "B1", "B1"]);
    }
}

#[test]
fn px_05_spread_counts_only_the_services_own_tasks() {
    for mode in MODES {
        let mut plan = plan(&[("i1", "a", 100, 100), ("i2", "a", 100, 100), ("i3", "a", 100, 100)]);
        let web = plan.task("web", 1, 1);
        let (group, other) = (plan.group("service:web"), plan.group("service:other"));
        let placement = plan.placement(&["spread(instanceId)"], &[]);
        let mut lab = plan.start();
        hold(&mut lab, web, other, "i1", 5);
        hold(&mut lab, web, group, "i3", 1);
        let request = lab.request(web, group, placement);
        let placed = lab.place_many(&request, mode, 3);
        if mode == Fixed {
            assert_eq!(placed, ["i1", "i2", "i1"]);
        }
        assert_eq!(sorted(placed[..2].to_vec()), ["i1", "i2"]);
    }
}

#[test]
fn px_06_task_group_of_standalone_tasks() {
    for mode in MODES {
        let mut plan = plan(&[("A1", "a", 100, 100), ("B1", "b", 100, 100), ("C1", "c", 100, 100)]);
        let job = plan.task("job", 1, 1);
        let (service, family) = (plan.group("service:web"), plan.group("family:job"));
        let placement = plan.placement(&[ZONE], &[]);
        let mut lab = plan.start();
        hold(&mut lab, job, service, "A1", 3);
        let request = lab.request(job, family, placement);
        let placed = lab.place_many(&request, mode, 3);
        if mode == Fixed {
            assert_eq!(placed, ["A1", "B1", "C1"]);
        }
        assert_eq!(sorted(placed), ["A1", "B1", "C1"]);
    }
}

#[test]
fn px_07_distinct_instance_caps_the_count() {
    for mode in MODES {
        let mut plan = plan(&[("i1", "a", 4000, 4000), ("i2", "b", 4000, 4000), ("i3", "b", 4000, 4000)]);
        let web = plan.task("web", 1, 1);
        let group = plan.group("service:web");
        let placement = plan.service_default(&["distinctInstance"]);
        let mut lab = plan.start();
        let request = lab.request(web, group, placement);
        let placed = lab.place_many(&request, mode, 4);
        assert_eq!(placed[3], "-");
        if mode == Fixed {
            assert_eq!(placed, ["i1", "i2", "i3", "-"]);
        }
        assert_eq!(sorted(placed[..3].to_vec()), ["i1", "i2", "i3"]);
        let (closest, reason) = diagnose(&lab.view(), &request).closest.expect("somebody is closest");
        assert_eq!((lab.name(closest), reason), ("i1", Rejection::DistinctInstance));
    }
}

#[test]
fn px_08_distinct_instance_looks_at_desired_status() {
    for mode in MODES {
        let mut plan = plan(&[("i1", "a", 100, 100), ("i2", "a", 100, 100)]);
        let web = plan.task("web", 1, 1);
        let group = plan.group("service:web");
        let placement = plan.placement(&["spread(instanceId)"], &["distinctInstance"]);
        let mut lab = plan.start();
        let request = lab.request(web, group, placement);
        let (i1, i2) = (lab.instance("i1"), lab.instance("i2"));
        let t1 = lab.put(&request, i1);
        lab.put(&request, i2);
        lab.stop(t1);
        assert_eq!(lab.place_many(&request, mode, 2), ["i1", "-"]);
        assert_eq!(lab.cluster.instances()[i1].tasks.len(), 2, "two have not stopped for a moment");
        assert_eq!(diagnose(&lab.view(), &request).counts.of(Rejection::DistinctInstance), 2);
    }
}

#[test]
fn px_12_task_group_and_affinity() {
    for mode in MODES {
        let names = ["q1", "q2", "q3", "q4", "q5"];
        let mut plan = plan(&names.map(|name| (name, "a", 100, 100)));
        let job = plan.task("job", 1, 1);
        let (database, web) = (plan.group("database"), plan.group("service:web"));
        let cache = plan.group("cache");
        let placement = plan.placement(&["spread(instanceId)"], &["task:group == database"]);
        let mut lab = plan.start();
        hold(&mut lab, job, database, "q1", 1);
        hold(&mut lab, job, database, "q2", 1);
        hold(&mut lab, job, web, "q2", 1);
        hold(&mut lab, job, web, "q3", 1);
        let request = lab.request(job, database, placement);
        let stopping = lab.put(&request, lab.instance("q5"));
        lab.stop(stopping);
        for (text, matching) in [
            ("task:group == database", &["q1", "q2"][..]),
            ("not(task:group == database)", &["q3", "q4", "q5"]),
            ("task:group != database", &["q3"]),
            ("task:group == service:web", &["q2", "q3"]),
            ("task:group =~ service:.*", &["q2", "q3"]),
        ] {
            let expression = Expression::parse(text).expect("an expression");
            let holds = |name: &&str| {
                let instance = &lab.cluster.instances()[lab.instance(name)];
                member_of::holds(lab.cluster.definitions(), &expression, instance)
            };
            assert_eq!(names.into_iter().filter(holds).collect::<Vec<_>>(), matching, "{text}");
        }
        let request = lab.request(job, cache, placement);
        let placed = lab.place_many(&request, mode, 3);
        if mode == Fixed {
            assert_eq!(placed, ["q1", "q2", "q1"]);
        }
        assert_eq!(sorted(placed[..2].to_vec()), ["q1", "q2"]);
    }
}

#[test]
fn px_15_host_ports() {
    let mut plan = plan(&[("i1", "a", 1000, 1000)]);
    let ports = |ports: Vec<ecsim_cluster::Port>| move |task: &mut TaskDefinition| task.ports = ports;
    let t0 = plan.task_with("t0", 1, 1, ports(vec![tcp(80)]));
    let lines = [
        (plan.task_with("tcp80", 1, 1, ports(vec![tcp(80)])), Some(Rejection::Ports)),
        (plan.task_with("udp80", 1, 1, ports(vec![udp(80)])), None),
        (plan.task("dynamic", 1, 1), None),
        (plan.task_with("awsvpc", 1, 1, |task| task.requirements.eni = true), None),
        (plan.task_with("host80", 1, 1, ports(vec![tcp(80)])), Some(Rejection::Ports)),
        (plan.task_with("tcp22", 1, 1, ports(vec![tcp(22)])), Some(Rejection::Ports)),
        (plan.task_with("tcp51680", 1, 1, ports(vec![tcp(51_680)])), Some(Rejection::Ports)),
    ];
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start();
    let (task, instance) = lab.place(&lab.request(t0, group, placement), Fixed).expect("a place");
    let in_use: Vec<u16> = lab.cluster.instances()[instance].ports.of(ecsim_cluster::Protocol::Tcp).collect();
    let mut expected = AGENT_PORTS.to_vec();
    expected.insert(1, 80);
    assert_eq!(in_use, expected);
    assert_eq!(lab.cluster.instances()[instance].ports.of(ecsim_cluster::Protocol::Udp).count(), 0);
    for (definition, expected) in lines {
        let mut lab = lab.clone();
        let request = lab.request(definition, group, placement);
        assert_eq!(reason(&lab, &request, "i1"), expected);
        for mode in MODES {
            assert_eq!(lab.choose(&request, mode).is_some(), expected.is_none());
        }
    }
    lab.stop(task);
    assert!(lab.place(&lab.request(lines[0].0, group, placement), Random).is_some(), "T0 is still shutting down");
}

#[test]
fn px_16_the_100_port_limit() {
    let mut plan = plan(&[("i1", "a", 1000, 1000)]);
    let ports =
        |from: u16, count: u16| move |task: &mut TaskDefinition| task.ports = (from..from + count).map(tcp).collect();
    let x1 = plan.task_with("x1", 1, 1, ports(1_000, 30));
    let x2 = plan.task_with("x2", 1, 1, ports(1_030, 30));
    let x3 = plan.task_with("x3", 1, 1, ports(1_060, 30));
    let x4 = plan.task_with("x4", 1, 1, ports(1_090, 30));
    let y = plan.task_with("y", 1, 1, ports(1_200, 4));
    let z = plan.task_with("z", 1, 1, ports(1_300, 5));
    let d = plan.task("d", 1, 1);
    let group = plan.group("g");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start();
    let place = |lab: &mut Lab, definition| {
        let request = lab.request(definition, group, placement);
        lab.place(&request, Random).map(|(task, _)| task)
    };
    let first = place(&mut lab, x1).expect("36 in use");
    assert!(place(&mut lab, x2).is_some() && place(&mut lab, x3).is_some());
    assert_eq!(place(&mut lab, x4), None, "126 > 100");
    assert_eq!(reason(&lab, &lab.request(x4, group, placement), "i1"), Some(Rejection::Ports));
    assert!(place(&mut lab, y).is_some());
    assert_eq!(place(&mut lab, z), None, "105 > 100");
    assert!(place(&mut lab, d).is_some());
    lab.stop(first);
    assert!(place(&mut lab, x4).is_some());
    assert_eq!(lab.cluster.instances()[lab.instance("i1")].ports.len(), 100);
}

#[test]
fn px_17_eni_limit_without_trunking() {
    let mut plan = Plan::new();
    plan.instance("i1", "a", Resources { cpu: 2048, memory: 3700, gpus: 0, enis: 2 }, &[]);
    let networked = plan.task_with("networked", 256, 256, |task| task.requirements.eni = true);
    let bridged = plan.task("bridged", 256, 256);
    let group = plan.group("g");
    let placement = plan.placement(&["binpack(memory)"], &[]);
    let mut lab = plan.start();
    let request = lab.request(networked, group, placement);
    let (first, instance) = lab.place(&request, Random).expect("a slot");
    assert!(lab.place(&request, Random).is_some());
    assert_eq!(lab.place(&request, Random), None);
    assert_eq!(reason(&lab, &request, "i1"), Some(Rejection::Eni));
    let left = lab.cluster.instances()[instance].remaining;
    assert_eq!((left.cpu, left.memory), (1536, 3188));
    assert!(lab.place(&lab.request(bridged, group, placement), Random).is_some());
    lab.stop(first);
    assert_eq!(lab.cluster.instances()[instance].remaining.cpu, 1536, "CPU is free at once");
    assert_eq!(lab.place(&request, Random), None, "the interface is not");
    lab.finish(first);
    assert!(lab.place(&request, Random).is_some());
}

#[test]
fn px_18_location_attribute_eni_reasons() {
    let mut plan = Plan::new();
    plan.instance("A1", "a", room(100, 100), &[]);
    let b1 = plan.instance_with("B1", "b", room(100, 100), &[], |_| {});
    plan.instance("B2", "b", Resources { enis: 0, ..room(100, 100) }, &[]);
    let capability = plan.attribute("ecs.capability.task-eni");
    let shape = plan.definitions.instances[b1].shape;
    plan.definitions.shapes[shape].attributes.retain(|(name, _)| *name != capability);
    let web = plan.task_with("web", 1, 1, |task| {
        task.requirements.eni = true;
        task.required_attributes = vec![(capability, None)];
    });
    let group = plan.group("service:web");
    let placement = plan.placement(&["random"], &[]);
    let subnets = [plan.subnet("b", "b", 5)];
    let mut lab = plan.start();
    let request = Request { subnets: &subnets, ..lab.request(web, group, placement) };
    assert_eq!(lab.place(&request, Fixed), None);
    let diagnosis = diagnose(&lab.view(), &request);
    let failures: Vec<(&str, &str)> =
        diagnosis.rejected.iter().map(|(instance, reason)| (lab.name(*instance), reason.code())).collect();
    assert_eq!(failures, [("A1", "LOCATION"), ("B1", "ATTRIBUTE"), ("B2", "RESOURCE:ENI")]);
    assert_eq!(diagnosis.closest, Some((lab.instance("B2"), Rejection::Eni)));
    let told = funnel(&lab.view(), &request).render(9);
    for words in [
        "A1: is in us-east-1a, the task must be in us-east-1b (LOCATION)",
        "B1: lacks attribute ecs.capability.task-eni (ATTRIBUTE)",
        "B2: needs 1 network interface, 0 left (RESOURCE:ENI)",
    ] {
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn px_19_run_task_count_and_partial_success() {
    for mode in MODES {
        let mut plan = plan(&[("i1", "a", 1024, 2000), ("i2", "a", 512, 4000)]);
        let job = plan.task("job", 256, 512);
        let group = plan.group("family:job");
        let placement = plan.placement(&["binpack(memory)"], &[]);
        let mut lab = plan.start();
        let request = lab.request(job, group, placement);
        let placed = lab.place_many(&request, mode, 10);
        assert_eq!(placed[..5], ["i1", "i1", "i1", "i2", "i2"]);
        assert!(placed[5..].iter().all(|name| name == "-"));
        let rejected = diagnose(&lab.view(), &request).rejected;
        assert_eq!(rejected, [(lab.instance("i1"), Rejection::Memory), (lab.instance("i2"), Rejection::Cpu)]);
    }
}

#[test]
fn px_19_b_random_is_uniform() {
    let mut plan = plan(&["i1", "i2", "i3", "i4"].map(|name| (name, "a", 100_000, 100_000)));
    let job = plan.task("job", 1, 1);
    let group = plan.group("family:job");
    let placement = plan.placement(&["random"], &[]);
    let mut lab = plan.start();
    lab.placements[placement].strategies = strategies::run_task_default();
    let request = lab.request(job, group, placement);
    lab.place_many(&request, Random, 4_000);
    let counts = counts(&lab, group, &["i1", "i2", "i3", "i4"]);
    assert!(counts.iter().all(|count| (900..=1_100).contains(count)), "{counts:?}");
}

#[test]
fn px_25_gpus() {
    for mode in MODES {
        let mut plan = Plan::new();
        plan.instance("p3.8xlarge", "a", Resources { gpus: 4, ..room(32_768, 200_000) }, &[]);
        let two = plan.task_with("two", 1, 1, |task| task.requirements.gpus = GpuNeed::Count(2));
        let all = plan.task_with("all", 1, 1, |task| task.requirements.gpus = GpuNeed::All);
        let plain = plan.task("plain", 1, 1);
        let group = plan.group("g");
        let placement = plan.placement(&["random"], &[]);
        let mut lab = plan.start();
        let request = lab.request(two, group, placement);
        let (first, _) = lab.place(&request, mode).expect("two of four");
        let (second, _) = lab.place(&request, mode).expect("two of two");
        assert_eq!(lab.place(&request, mode), None);
        assert_eq!(reason(&lab, &request, "p3.8xlarge"), Some(Rejection::Gpu));
        assert!(lab.place(&lab.request(plain, group, placement), mode).is_some());
        let request = lab.request(all, group, placement);
        lab.stop(first);
        assert_eq!(lab.place(&request, mode), None, "a GPU is in use");
        lab.stop(second);
        assert!(lab.place(&request, mode).is_some());
    }
}
