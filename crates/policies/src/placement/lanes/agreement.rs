//! The index must say what the definition says: random clusters, random facts, every chain of strategies.

use std::sync::Arc;

use ecsim_cluster::definitions::{LaunchType, SchedulingStrategy};
use ecsim_cluster::{
    Fact, GpuNeed, GroupId, InstanceId, InstanceStatus, PlacementId, Resources, ServiceId, ServiceStatus, SubnetId,
    TaskDefinitionId, TaskId, ZoneId,
};
use ecsim_kernel::{Key, Purpose, Streams};
use proptest::prelude::*;

use super::PlacementIndex;
use crate::placement::strategies::{Candidate, CustomStrategy, Strategy as PlacementStrategy};
use crate::placement::{Request, Ties, reference};
use crate::settings::TieBreak;
use crate::testkit::{Lab, Plan, room, tcp};

/// Every chain that differs in what the index does with it.
const CHAINS: [&[&str]; 15] = [
    &[],
    &["random"],
    &["binpack(memory)"],
    &["binpack(cpu)"],
    &["spread(instanceId)"],
    &["spread(attribute:ecs.availability-zone)"],
    &["spread(attribute:ecs.availability-zone)", "spread(instanceId)"],
    &["spread(attribute:ecs.availability-zone)", "binpack(memory)"],
    &["binpack(memory)", "binpack(cpu)"],
    &["binpack(cpu)", "spread(attribute:rack)", "binpack(memory)"],
    &["spread(instanceId)", "binpack(memory)"],
    &["binpack(memory)", "spread(instanceId)"],
    &["spread(attribute:rack)", "random"],
    &["spread(attribute:rack)", "spread(attribute:ecs.availability-zone)", "binpack(cpu)", "spread(instanceId)"],
    &["random", "binpack(memory)"],
];

const CONSTRAINTS: [&[&str]; 10] = [
    &[],
    &[],
    &["distinctInstance"],
    &["attribute:rack exists"],
    &["attribute:rack in [r1, r2]"],
    &["task:group == g0"],
    &["not(task:group == g1)", "distinctInstance"],
    &["runningTasksCount < 3", "attribute:ecs.availability-zone != us-east-1b"],
    &["agentVersion >= 1.50.0"],
    &["registeredAt < 2100-01-01 and agentConnected == true"],
];

#[derive(Debug)]
struct Emptiest;

impl CustomStrategy for Emptiest {
    fn name(&self) -> &str {
        "emptiest"
    }

    fn key(&self, candidate: &Candidate<'_>, _request: &Request<'_>) -> u64 {
        u64::from(candidate.instance.live_tasks) << 32 | u64::from(candidate.group_tasks)
    }
}

const GROUPS: u32 = 4;
const PLACEMENTS: u32 = ((CHAINS.len() + 1) * CONSTRAINTS.len()) as u32;

fn world(instances: usize) -> Lab {
    let mut plan = Plan::new();
    for group in 0..GROUPS {
        plan.group(&format!("g{group}"));
    }
    let zones = ["a", "b", "c"];
    for at in 0..instances {
        let racks: [&[&str]; 4] = [&["rack=r1"], &["rack=r2"], &["rack"], &[]];
        let registered = match at % 5 {
            0 => Resources { cpu: 4096, memory: 8000, gpus: 2, enis: 3 },
            1 | 2 => Resources { enis: 2, ..room(2048, 4000) },
            _ => room(2048, 8000),
        };
        plan.instance_with(&format!("i{at}"), zones[at / 2 % 3], registered, racks[at % 4], |shape| {
            shape.external = at % 11 == 10;
            if at % 7 == 3 {
                "1.49.9".clone_into(&mut shape.agent_version);
            }
        });
    }
    for value in ["r1", "r2", "r3"] {
        plan.value(value);
    }
    let zone = plan.attribute("ecs.availability-zone");
    plan.task("plain", 256, 512);
    plan.task_with("eni", 128, 256, |task| task.requirements.eni = true);
    plan.task_with("port", 64, 64, |task| task.ports = vec![tcp(80)]);
    plan.task_with("gpu", 64, 64, |task| task.requirements.gpus = GpuNeed::Count(1));
    plan.task_with("all", 64, 64, |task| task.requirements.gpus = GpuNeed::All);
    let rack = plan.attribute("rack");
    plan.task_with("rack", 64, 64, |task| task.required_attributes = vec![(rack, None)]);
    let a = plan.value("us-east-1a");
    plan.task_with("zone", 64, 64, |task| task.required_attributes = vec![(zone, Some(a))]);
    for chain in CHAINS {
        for constraints in CONSTRAINTS {
            plan.placement(chain, constraints);
        }
    }
    for constraints in CONSTRAINTS {
        let id = plan.placement(&["spread(attribute:ecs.availability-zone)"], constraints);
        plan.placements[id].strategies.push(PlacementStrategy::Custom(Arc::new(Emptiest)));
    }
    plan.subnet("a", "a", 1_000);
    plan.subnet("c", "c", 1_000);
    let daemon = plan.task_with("daemon", 100, 200, |task| task.requirements.eni = true);
    let free = plan.placement(&[], &[]);
    let racked = plan.placement(&[], &["attribute:rack == r1 and not(task:group == g2)"]);
    plan.service("log", SchedulingStrategy::Daemon, daemon, free);
    plan.service("racked", SchedulingStrategy::Daemon, daemon, racked);
    let mut lab = plan.start_empty();
    for instance in lab.cluster.instances().ids() {
        if instance.index() % 6 != 5 {
            lab.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
        }
    }
    lab
}

/// One random thing that happens.
type Step = (u8, u16, u16, u16);

struct Run {
    lab: Lab,
    live: Vec<TaskId>,
    stopping: Vec<TaskId>,
    placed: usize,
}

impl Run {
    fn step(&mut self, (what, x, y, z): Step) {
        let instances = self.lab.cluster.instances().len();
        let instance = InstanceId::from(usize::from(x) % instances);
        match what % 32 {
            0..=17 => self.place(what, x, y, z),
            18..=21 => {
                if !self.live.is_empty() {
                    let task = self.live.swap_remove(usize::from(x) % self.live.len());
                    self.lab.stop(task);
                    self.stopping.push(task);
                }
            }
            22 | 23 => {
                if !self.stopping.is_empty() {
                    let task = self.stopping.swap_remove(usize::from(x) % self.stopping.len());
                    self.lab.finish(task);
                }
            }
            24 => {
                let value = [None, Some(""), Some("r1"), Some("r2"), Some("r3")][usize::from(y) % 5];
                self.lab.set_attribute(instance, "rack", value);
            }
            25 | 26 => {
                use InstanceStatus::{Active, Draining, Inactive};
                let status = self.lab.cluster.instances()[instance].status;
                let to = [Active, Draining, Active, Draining, Inactive][usize::from(y) % 5];
                if status.may_become(to) {
                    self.lab.apply(Fact::InstanceStatusChanged { instance, to });
                }
            }
            27 => {
                if self.lab.cluster.instances()[instance].status == InstanceStatus::Active {
                    self.lab.apply(Fact::AgentConnectionChanged { instance, connected: y % 3 > 0 });
                }
            }
            28 => {
                let service = ServiceId::new(u32::from(x % 2));
                let row = &self.lab.cluster.services()[service];
                match row.status {
                    ServiceStatus::Absent if y % 2 == 0 => {
                        self.lab.apply(Fact::ServiceStatusChanged { service, to: ServiceStatus::Active });
                    }
                    ServiceStatus::Active if y % 8 == 0 => {
                        self.lab.apply(Fact::ServiceStatusChanged { service, to: ServiceStatus::Draining });
                    }
                    ServiceStatus::Active if y % 8 == 1 => {
                        let placement = PlacementId::new(PLACEMENTS + u32::from(z % 2));
                        self.lab.apply(Fact::ServicePlacementChanged { service, placement });
                    }
                    _ => {}
                }
            }
            29 | 30 => {
                let service = &self.lab.cluster.services()[ServiceId::new(u32::from(x % 2))];
                let (service, group, exists) = (service.id, service.group, service.status == ServiceStatus::Active);
                if !exists {
                    return;
                }
                let mut request = self.lab.request(TaskDefinitionId::new(7), group, PlacementId::new(PLACEMENTS));
                request.is_daemon = true;
                if let Some(instance) = self.both(&request) {
                    self.live.push(self.lab.put_for(service, &request, instance));
                }
            }
            _ => {
                // An index made of the cluster as it is says the same.
                let index = PlacementIndex::new(&self.lab.cluster);
                if y % 2 == 0 {
                    self.lab.index = index;
                }
            }
        }
    }

    fn place(&mut self, what: u8, x: u16, y: u16, z: u16) {
        // Mostly few different placements and groups, so that they get far.
        let placement =
            if what.is_multiple_of(2) { u32::from(z % 8) * 20 % PLACEMENTS } else { u32::from(z) % PLACEMENTS };
        let definition = if what.is_multiple_of(3) { u32::from(y >> 8) % 7 } else { 0 };
        let group = GroupId::new(u32::from(x) % if what.is_multiple_of(2) { 2 } else { GROUPS });
        let mut request = self.lab.request(TaskDefinitionId::new(definition), group, PlacementId::new(placement));
        if what % 4 < 2 {
            request.requirements.cpu = u32::from(x % 1_000);
            request.requirements.memory = u32::from(y % 2_000);
        }
        match x % 23 {
            0 => request.launch_type = LaunchType::External,
            1 => request.zone = Some(ZoneId::new(u32::from(y % 3))),
            2 => request.subnets = &[SUBNET],
            _ => {}
        }
        if let Some(instance) = self.both(&request) {
            self.live.push(self.lab.put(&request, instance));
            self.placed += 1;
        }
    }

    fn both(&mut self, request: &Request<'_>) -> Option<InstanceId> {
        let fixed = self.lab.choose(request, TieBreak::Fixed);
        let random = self.lab.choose(request, TieBreak::Random);
        if request.requirements.cpu.is_multiple_of(2) { fixed } else { random }
    }
}

const SUBNET: SubnetId = SubnetId::new(1);

fn run(instances: usize, steps: Vec<Step>) -> usize {
    let mut run = Run { lab: world(instances), live: Vec::new(), stopping: Vec::new(), placed: 0 };
    for step in steps {
        run.step(step);
    }
    ecsim_cluster::invariants::check(&run.lab.cluster).expect("the books are in order");
    run.placed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plc_002_the_index_says_what_the_definition_says(
        instances in 1_usize..60,
        steps in prop::collection::vec(any::<Step>(), 1..400),
    ) {
        run(instances, steps);
    }
}

#[test]
fn plc_002_the_index_agrees_over_long_runs() {
    let mut placed = 0;
    for seed in 0..4 {
        let mut stream = Streams::new(seed, 0).stream(Purpose(9_998), Key::new("agreement", 0));
        let steps = (0..3_500)
            .map(|_| {
                let bits = stream.below(u64::MAX);
                (bits as u8, (bits >> 8) as u16, (bits >> 24) as u16, (bits >> 40) as u16)
            })
            .collect();
        placed += run(20 + 40 * usize::try_from(seed).unwrap_or(0), steps);
    }
    assert!(placed > 3_000, "{placed} placements");
}

/// Draws many times without placing and compares the frequencies with an even distribution.
fn is_even(lab: &mut Lab, request: &Request<'_>) {
    let tied = reference::tied(&lab.view(), request);
    assert!(tied.len() > 1, "a draw among {tied:?}");
    let draws = 400 * tied.len();
    let mut counts = vec![0_u32; tied.len()];
    for _ in 0..draws {
        let chosen = lab.choose(request, TieBreak::Random).expect("somebody is tied");
        counts[tied.iter().position(|other| *other == chosen).expect("one of the tied")] += 1;
    }
    let chi: f64 = counts.iter().map(|count| (f64::from(*count) - 400.0) * (f64::from(*count) - 400.0) / 400.0).sum();
    // Mean k - 1, variance 2 (k - 1): five standard deviations, plus something for the skew of few.
    let free = (tied.len() - 1) as f64;
    assert!(chi < free + 5.0 * (2.0 * free).sqrt() + 10.0, "{chi} with {free} degrees of freedom: {counts:?}");
}

#[test]
fn plc_022_random_ties_are_even() {
    let mut lab = world(60);
    let plain = TaskDefinitionId::new(0);
    for at in 0..80_u32 {
        let mut request = lab.request(plain, GroupId::new(at % 3), PlacementId::new(10));
        request.requirements.cpu = at % 5 * 64;
        request.requirements.memory = at % 3 * 256;
        lab.place(&request, TieBreak::Random);
    }
    let mut draws = 0;
    for placement in 0..PLACEMENTS {
        for group in [0, 3] {
            let mut request = lab.request(plain, GroupId::new(group), PlacementId::new(placement));
            request.requirements.cpu = 512;
            if placement % 3 == 0 {
                request.definition = TaskDefinitionId::new(2);
                request.requirements.memory = 4_000;
            }
            if reference::tied(&lab.view(), &request).len() > 1 {
                is_even(&mut lab, &request);
                draws += 1;
            }
        }
    }
    assert!(draws > 100, "{draws} situations with a tie");
}

#[test]
fn plc_028_a_run_of_equals_ends_where_the_amount_does() {
    let mut plan = Plan::new();
    for (at, memory) in [1_001, 1_000, 1_000, 1_001, 1_002].into_iter().enumerate() {
        plan.instance(&format!("i{at}"), "a", room(1_000 + 10 * at as u32, memory), &[]);
    }
    let task = plan.task("task", 1_015, 10);
    let placement = plan.placement(&["binpack(memory)"], &[]);
    let group = plan.group("g");
    let mut lab = plan.start();
    let request = lab.request(task, group, placement);
    for _ in 0..50 {
        assert_eq!(lab.choose(&request, TieBreak::Random), Some(InstanceId::new(2)));
    }
}

#[test]
fn more_groups_than_bits_are_told_apart() {
    let mut plan = Plan::new();
    for at in 0..20 {
        plan.instance(&format!("i{at}"), "a", room(1_000, 1_000), &[]);
    }
    let groups: Vec<GroupId> = (0..200).map(|at| plan.group(&format!("g{at}"))).collect();
    let task = plan.task("task", 10, 10);
    let spread = plan.placement(&["spread(instanceId)"], &[]);
    let apart = plan.placement(&["random"], &["distinctInstance"]);
    let mut lab = plan.start();
    for at in 0..1_200_usize {
        let request = lab.request(task, groups[at * 7 % 200], if at % 3 == 0 { apart } else { spread });
        let fixed = lab.choose(&request, TieBreak::Fixed);
        let random = lab.choose(&request, TieBreak::Random);
        if let Some(instance) = if at % 2 == 0 { fixed } else { random } {
            lab.put(&request, instance);
        }
    }
}

#[test]
fn a_fork_goes_on_as_the_original() {
    let mut lab = world(40);
    let request = lab.request(TaskDefinitionId::new(0), GroupId::new(0), PlacementId::new(60));
    for _ in 0..50 {
        lab.place(&request, TieBreak::Random);
    }
    let mut fork = lab.clone();
    for _ in 0..50 {
        assert_eq!(lab.place(&request, TieBreak::Random), fork.place(&request, TieBreak::Random));
    }
    let view = fork.view();
    let mut fresh = PlacementIndex::new(&fork.cluster);
    assert_eq!(fresh.choose(&view, &request, Ties::Fixed), reference::choose(&view, &request, Ties::Fixed));
}
