//! A provider with two types in three zones. What it buys comes after a minute, and what waits is placed then, the oldest
//! first.

use ecsim_cluster::Fact;
use ecsim_cluster::definitions::LaunchOwner;
use ecsim_kernel::Distribution;

use super::*;
use crate::settings::TieBreak;
use crate::testkit::{Lab, Plan as Definitions};

const SMALL: Resources = Resources { cpu: 2_048, memory: 8_000, gpus: 0, enis: 3 };
const LARGE: Resources = Resources { cpu: 8_192, memory: 32_000, gpus: 0, enis: 4 };

struct Scene {
    lab: Lab,
    provider: ProviderId,
    controller: ManagedInstancesController,
    wake: Option<SimTime>,
    commands: Vec<(u64, Command)>,
}

/// What a test adds to a provider with small and large instances in three zones.
struct Setup {
    plan: Definitions,
    provider: ProviderId,
}

impl Setup {
    fn new(scale_in_after: Option<Span>, spot: bool, zones: &[&str]) -> Self {
        let mut plan = Definitions::new();
        let provider = plan.managed_instances("mi", spot, scale_in_after);
        for (instance_type, registered, price) in [("m5.large", SMALL, 96), ("m5.2xlarge", LARGE, 384)] {
            for zone in zones {
                plan.option(LaunchOwner::Provider(provider), instance_type, zone, registered, price);
            }
        }
        Self { plan, provider }
    }

    /// A service of so many tasks of that size, none of which was started.
    fn service(&mut self, name: &str, desired: u32, cpu: u32, constraints: &[&str]) -> ServiceId {
        let task = self.plan.task(name, cpu, 1_000);
        let placement = self.plan.placement(&[], constraints);
        let service = self.plan.service(name, SchedulingStrategy::Replica, task, placement);
        self.plan.definitions.services[service].desired_count = desired;
        service
    }

    fn start(self) -> Scene {
        let mut lab = self.plan.start();
        lab.start_capacity();
        lab.now = SimTime::from_ms(1_000_000);
        let controller = ManagedInstancesController::new(self.provider, &lab.capacity.providers[self.provider]);
        let controller = controller.expect("a provider of Managed Instances");
        Scene { lab, provider: self.provider, controller, wake: None, commands: Vec::new() }
    }
}

impl Scene {
    fn turn(&mut self) -> Vec<Command> {
        let (commands, wake) = self.lab.turn(|view| self.controller.decide(view));
        self.wake = wake;
        let secs = self.lab.now.whole_secs();
        self.commands.extend(commands.iter().map(|command| (secs, *command)));
        commands
    }

    fn request_of(&self, service: ServiceId) -> Request<'static> {
        let row = &self.lab.cluster.services()[service];
        let request = self.lab.request(row.task_definition, row.group, row.placement);
        Request { provider: Some(self.provider), ..request }
    }

    /// So many tasks of a service wait.
    fn wait(&mut self, service: ServiceId, count: u32) {
        let request = self.request_of(service);
        for _ in 0..count {
            self.lab.wait_for_instance(&request, Some(service));
        }
    }

    /// Whatever was launched comes, and what waits is placed.
    fn arrive(&mut self) {
        for instance in self.lab.launching() {
            self.lab.arrive(instance);
        }
        self.place();
    }

    fn place(&mut self) {
        for id in self.lab.cluster.providers()[self.provider].waiting.clone() {
            let task = self.lab.cluster.task(id);
            let request = self.lab.request(task.definition, task.group, task.placement);
            let request = Request { provider: task.provider, ..request };
            if let Some(instance) = self.lab.choose(&request, TieBreak::Fixed) {
                self.lab.apply(Fact::TaskPlaced { task: id, instance, subnet: None });
            }
        }
    }

    /// The types and zones of launches.
    fn bought(&self, commands: &[Command]) -> Vec<String> {
        let definitions = self.lab.cluster.definitions();
        let name = |command: &Command| match command {
            Command::LaunchInstance { option, .. } => {
                let option = &definitions.launch_options[*option];
                let zone = definitions.zones.name(option.zone).trim_start_matches("us-east-");
                Some(format!("{}@{zone}", definitions.shapes[option.shape].instance_type))
            }
            _ => None,
        };
        commands.iter().filter_map(name).collect()
    }

    /// Has turns whenever the loop wants one, until an instant.
    fn run(&mut self, span: Span) {
        let end = self.lab.now + span;
        while let Some(wake) = self.wake.filter(|at| *at <= end) {
            self.lab.now = wake;
            self.turn();
            self.place();
        }
        self.lab.now = end;
    }

    fn ended(&self) -> Vec<(u64, InstanceId, TerminationReason)> {
        let end = |(at, command): &(u64, Command)| match command {
            Command::TerminateInstance { instance, reason } => Some((*at - 1_000, *instance, *reason)),
            _ => None,
        };
        self.commands.iter().filter_map(end).collect()
    }

    fn drained(&self) -> Vec<(u64, InstanceId)> {
        let drain = |(at, command): &(u64, Command)| match command {
            Command::DrainInstance { instance } => Some((*at - 1_000, *instance)),
            _ => None,
        };
        self.commands.iter().filter_map(drain).collect()
    }

    fn instances(&self) -> Vec<InstanceId> {
        self.lab.cluster.providers()[self.provider].instances.clone()
    }
}

#[test]
fn cp_041_the_cheapest_type_that_fits_each_task() {
    let mut setup = Setup::new(None, false, &["a"]);
    let small = setup.service("small", 1, 1_000, &[]);
    let large = setup.service("large", 1, 4_000, &[]);
    let huge = setup.service("huge", 1, 9_000, &[]);
    let mut scene = setup.start();
    scene.wait(small, 1);
    scene.wait(large, 1);
    scene.wait(huge, 1);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a", "m5.2xlarge@1a"], "nothing holds the third");
    assert_eq!(scene.wake, Some(SimTime::from_ms(1_000_000) + Span::from_days(14)), "nothing else to be done");
    scene.arrive();
    assert_eq!(scene.turn(), []);
    assert_eq!(scene.lab.cluster.providers()[scene.provider].waiting.len(), 1);
}

#[test]
fn cp_041_constraints_and_the_price_of_spot_decide_too() {
    let mut setup = Setup::new(None, true, &["a", "b"]);
    let pinned = setup.service("pinned", 1, 500, &["attribute:ecs.instance-type == m5.2xlarge"]);
    let any = setup.service("any", 1, 500, &[]);
    let other_zone = setup.service("zone", 1, 500, &["attribute:ecs.availability-zone == us-east-1b"]);
    let mut scene = setup.start();
    for (pool, nano_dollars) in
        scene.lab.cluster.definitions().pools.ids().collect::<Vec<_>>().into_iter().zip([70, 40, 90, 80])
    {
        scene.lab.apply(Fact::SpotPriceChanged { pool, nano_dollars });
    }
    scene.wait(pinned, 1);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.2xlarge@1b"]);
    assert!(matches!(commands[0], Command::LaunchInstance { market: Market::Spot, warm: false, .. }));
    let scene_of = |service| {
        let mut fresh =
            Scene { lab: scene.lab.clone(), controller: scene.controller.clone(), commands: vec![], ..scene };
        let instance = fresh.instances()[0];
        fresh.lab.terminate(instance, TerminationReason::SpotInterruption);
        for task in fresh.lab.cluster.providers()[fresh.provider].waiting.clone() {
            fresh.lab.stop(task);
            fresh.lab.finish(task);
        }
        fresh.wait(service, 1);
        let commands = fresh.turn();
        fresh.bought(&commands)
    };
    assert_eq!(scene_of(any), ["m5.large@1b"], "40 is less than 70");
    assert_eq!(scene_of(other_zone), ["m5.large@1b"]);
}

#[test]
fn cp_041_what_is_on_its_way_counts() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 1, 900, &[]);
    let mut scene = setup.start();
    scene.wait(service, 1);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a"]);
    scene.wait(service, 1);
    assert_eq!(scene.turn(), [], "the one that comes holds two");
    scene.wait(service, 1);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a"], "but not three");
    // They have come; the engine places in a moment, and nothing is bought in it.
    for instance in scene.lab.launching() {
        scene.lab.arrive(instance);
        assert_eq!(scene.turn(), []);
    }
    scene.place();
    assert!(scene.lab.cluster.providers()[scene.provider].waiting.is_empty());
}

#[test]
fn cp_042_three_zones_before_bin_packing() {
    let mut setup = Setup::new(None, false, &["a", "b", "c"]);
    let service = setup.service("web", 7, 900, &[]);
    let mut scene = setup.start();
    scene.wait(service, 7);
    let commands = scene.turn();
    // Two fit on one: one in each zone, then the second of each, and the seventh needs a fourth instance.
    assert_eq!(scene.bought(&commands), ["m5.large@1a", "m5.large@1b", "m5.large@1c", "m5.large@1a"]);
    assert_eq!(scene.turn(), []);
}

#[test]
fn cp_042_a_single_subnet_and_a_single_task_are_packed() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 6, 680, &[]);
    let mut scene = setup.start();
    scene.wait(service, 6);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a", "m5.large@1a"], "three on each");
    // Services of one task each share an instance although there are three zones.
    let mut setup = Setup::new(None, false, &["a", "b", "c"]);
    let services = ["one", "two", "three"].map(|name| setup.service(name, 1, 680, &[]));
    let mut scene = setup.start();
    for service in services {
        scene.wait(service, 1);
    }
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a"]);
}

#[test]
fn cp_042_distinct_instances_and_network_interfaces_are_honoured() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 3, 100, &["distinctInstance"]);
    let mut scene = setup.start();
    scene.wait(service, 3);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands).len(), 3);
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("eni", 7, 100, &[]);
    let definition = setup.plan.definitions.services[service].task_definition();
    setup.plan.definitions.task_definitions[definition].requirements.eni = true;
    let mut scene = setup.start();
    scene.wait(service, 7);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a"; 3], "three network interfaces each");
}

#[test]
fn cp_041_daemons_take_their_room_first() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 1, 2_000, &[]);
    let agent = setup.plan.task("agent", 100, 100);
    let placement = setup.plan.placement(&[], &[]);
    let daemon = setup.plan.service("agent", SchedulingStrategy::Daemon, agent, placement);
    let provider = setup.provider;
    let item = ecsim_cluster::definitions::StrategyItem { provider, base: 0, weight: 1 };
    let strategy = setup.plan.definitions.capacity_strategies.push(vec![item]);
    setup.plan.definitions.services[daemon].strategy = Some(strategy);
    let mut scene = setup.start();
    scene.wait(service, 1);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.2xlarge@1a"], "2,000 and 100 are more than 2,048");
}

#[test]
fn asg_005_a_provider_waits_after_it_got_nothing_anywhere() {
    let mut setup = Setup::new(None, false, &["a", "b", "c"]);
    let service = setup.service("web", 3, 3_000, &[]);
    let mut scene = setup.start();
    let pools: Vec<PoolId> = scene.lab.cluster.definitions().pools.ids().collect();
    // The large ones are short in b, and then everywhere.
    scene.lab.apply(Fact::PoolCapacityChanged { pool: pools[4], market: None, available: false, limit: None });
    scene.wait(service, 3);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.2xlarge@1a", "m5.2xlarge@1c"], "two fit on one");
    scene.arrive();
    for pool in &pools[3..] {
        scene.lab.apply(Fact::PoolCapacityChanged { pool: *pool, market: None, available: false, limit: None });
    }
    scene.wait(service, 3);
    let commands = scene.turn();
    let failed = |command: &Command| {
        matches!(
            command,
            Command::NoteLaunchFailure {
                failure: LaunchFailure::InsufficientInstanceCapacity,
                market: Market::OnDemand,
                ..
            }
        )
    };
    assert!(commands.len() == 1 && failed(&commands[0]), "{commands:?}");
    let first = scene.wake.expect("it tries again").since(scene.lab.now);
    assert!(first >= Span::from_secs(48) && first <= Span::from_secs(72), "{first}");
    scene.run(first);
    let second = scene.wake.expect("it tries again").since(scene.lab.now);
    assert!(second >= Span::from_secs(96) && second <= Span::from_secs(144), "{second}");
    scene.lab.apply(Fact::PoolCapacityChanged { pool: pools[3], market: None, available: true, limit: None });
    assert_eq!(scene.turn(), [], "not before the wait is over");
    scene.lab.now += second;
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.2xlarge@1a"]);
}

#[test]
fn cp_041_the_limit_of_a_pool_holds_within_a_turn() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 4, 2_000, &[]);
    let pools: Vec<PoolId> = setup.plan.capacity.pools.ids().collect();
    setup.plan.capacity.pools[pools[0]].on_demand_limit = Some(2);
    let mut scene = setup.start();
    scene.wait(service, 4);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a", "m5.large@1a", "m5.2xlarge@1a"]);
}

#[test]
fn lat_004_buying_takes_its_reaction_time() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 3, 2_000, &[]);
    let ProviderSpec::ManagedInstances(spec) = &mut setup.plan.capacity.providers[setup.provider] else {
        unreachable!("made so")
    };
    spec.reaction = Distribution::constant(15.0).expect("a distribution");
    let mut scene = setup.start();
    scene.wait(service, 2);
    assert_eq!(scene.turn(), []);
    assert_eq!(scene.wake, Some(SimTime::from_ms(1_015_000)));
    scene.lab.now = SimTime::from_ms(1_005_000);
    scene.wait(service, 1);
    assert_eq!(scene.turn(), []);
    scene.run(Span::from_secs(10));
    assert_eq!(scene.instances().len(), 3, "those that came meanwhile too, at the same time");
}

#[test]
fn cp_045_idle_instances_go_after_a_while() {
    let mut setup = Setup::new(Some(Span::from_secs(300)), false, &["a"]);
    let service = setup.service("web", 2, 2_000, &[]);
    let mut scene = setup.start();
    scene.wait(service, 2);
    scene.turn();
    scene.lab.now = SimTime::from_ms(1_060_000);
    scene.arrive();
    scene.turn();
    let instances = scene.instances();
    scene.lab.now = SimTime::from_ms(1_100_000);
    scene.lab.clear(instances[0]);
    scene.turn();
    scene.run(Span::from_secs(100));
    assert_eq!(scene.wake, Some(SimTime::from_ms(1_400_000)));
    // A task that lands meanwhile cancels it.
    let request = scene.request_of(service);
    scene.lab.put_for(service, &request, instances[0]);
    scene.turn();
    scene.run(Span::from_secs(800));
    assert_eq!(scene.ended(), []);
    scene.lab.clear(instances[0]);
    scene.lab.clear(instances[1]);
    scene.turn();
    scene.run(Span::from_secs(3_600));
    assert_eq!(scene.ended(), [0, 1].map(|at| (1_300, instances[at], TerminationReason::Idle)));
    assert_eq!(scene.wake, None);
}

#[test]
fn cp_045_one_that_never_got_a_task_is_idle_from_its_registration_on() {
    let mut setup = Setup::new(Some(Span::from_secs(300)), false, &["a"]);
    let service = setup.service("web", 1, 2_000, &[]);
    let mut scene = setup.start();
    scene.wait(service, 1);
    scene.turn();
    for task in scene.lab.cluster.providers()[scene.provider].waiting.clone() {
        scene.lab.stop(task);
        scene.lab.finish(task);
    }
    scene.turn();
    scene.run(Span::from_secs(400));
    assert_eq!(scene.ended(), [], "it has not even come");
    scene.arrive();
    scene.turn();
    scene.run(Span::from_secs(3_600));
    assert_eq!(scene.ended().len(), 1);
    assert_eq!(scene.ended()[0].0, 700);
}

#[test]
fn cp_045_switched_off_nothing_goes() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 2, 900, &["distinctInstance"]);
    let mut scene = setup.start();
    scene.wait(service, 2);
    scene.turn();
    scene.arrive();
    let instances = scene.instances();
    scene.lab.clear(instances[0]);
    scene.turn();
    scene.run(Span::from_days(1));
    assert_eq!((scene.ended(), scene.drained()), (vec![], vec![]));
}

/// Two instances in one zone with two tasks of a service each; then one task of each is stopped.
fn half_empty(constraints: &[&str], spot: bool) -> (Scene, ServiceId, Vec<InstanceId>) {
    let mut setup = Setup::new(Some(Span::from_secs(300)), spot, &["a"]);
    let service = setup.service("web", 4, 900, constraints);
    let mut scene = setup.start();
    scene.wait(service, 4);
    scene.turn();
    scene.arrive();
    scene.turn();
    let instances = scene.instances();
    for instance in &instances {
        let tasks = scene.lab.cluster.instances()[*instance].tasks.clone();
        for task in tasks.into_iter().skip(1) {
            scene.lab.stop(task);
            scene.lab.finish(task);
        }
    }
    scene.lab.now += Span::from_secs(100);
    scene.turn();
    (scene, service, instances)
}

#[test]
fn cp_046_an_underused_instance_is_emptied_and_goes() {
    let (mut scene, service, instances) = half_empty(&[], false);
    assert_eq!(instances.len(), 2);
    scene.run(Span::from_secs(299));
    assert_eq!(scene.drained(), []);
    scene.run(Span::from_secs(1));
    assert_eq!(scene.drained(), [(400, instances[0])]);
    scene.run(Span::from_secs(600));
    assert_eq!(scene.ended(), [], "it goes when it is empty");
    // The service starts its task elsewhere, and stops this one.
    let request = scene.request_of(service);
    scene.lab.put_for(service, &request, instances[1]);
    scene.lab.clear(instances[0]);
    scene.turn();
    assert_eq!(scene.ended(), [(1_000, instances[0], TerminationReason::Consolidated)]);
    scene.run(Span::from_days(1));
    assert_eq!(scene.drained().len(), 1, "the other one stays");
}

#[test]
fn cp_046_a_task_that_starts_or_stops_begins_the_wait_anew() {
    let (mut scene, service, instances) = half_empty(&[], false);
    scene.run(Span::from_secs(200));
    let tasks = scene.lab.cluster.instances()[instances[0]].tasks.clone();
    let request = scene.request_of(service);
    for task in tasks {
        scene.lab.stop(task);
        scene.lab.finish(task);
        scene.lab.put_for(service, &request, instances[0]);
    }
    scene.turn();
    scene.run(Span::from_secs(299));
    // The other one has waited for long enough.
    assert_eq!(scene.drained(), [(400, instances[1])]);
}

#[test]
fn cp_046_never_with_standalone_or_protected_tasks_on_spot_or_against_constraints() {
    let (mut scene, ..) = half_empty(&[], true);
    scene.run(Span::from_days(1));
    assert_eq!(scene.drained(), [], "Spot");

    let (mut scene, _, instances) = half_empty(&["distinctInstance"], false);
    assert_eq!(instances.len(), 4);
    scene.run(Span::from_days(1));
    assert_eq!(scene.drained(), [], "there is room, but not for two of them on one");

    let (mut scene, service, instances) = half_empty(&[], false);
    let request = Request { requirements: Requirements::default(), ..scene.request_of(service) };
    for instance in &instances {
        scene.lab.put(&request, *instance);
    }
    scene.turn();
    scene.run(Span::from_days(1));
    assert_eq!(scene.drained(), [], "standalone tasks");

    let (mut scene, _, instances) = half_empty(&[], false);
    for instance in &instances {
        let task = scene.lab.cluster.instances()[*instance].tasks[0];
        let until = Some(scene.lab.now + Span::from_hours(1));
        scene.lab.apply(Fact::TaskProtectionChanged { task, until });
    }
    scene.turn();
    scene.run(Span::from_mins(30));
    assert_eq!(scene.drained(), [], "protected tasks");
    scene.run(Span::from_mins(30));
    assert_eq!(scene.drained(), [(100 + 3_600, instances[0])], "until they are not any more");
}

#[test]
fn cp_046_no_service_loses_one_of_its_three_zones() {
    let mut setup = Setup::new(Some(Span::from_secs(300)), false, &["a", "b", "c"]);
    let service = setup.service("web", 3, 600, &[]);
    let mut scene = setup.start();
    scene.wait(service, 3);
    scene.turn();
    // All come at once; the strategy of the service is what spreads them.
    let instances = scene.instances();
    assert_eq!(instances.len(), 3);
    for instance in &instances {
        scene.lab.arrive(*instance);
    }
    for (id, instance) in scene.lab.cluster.providers()[scene.provider].waiting.clone().into_iter().zip(&instances) {
        scene.lab.apply(Fact::TaskPlaced { task: id, instance: *instance, subnet: None });
    }
    scene.turn();
    scene.run(Span::from_days(1));
    assert_eq!(scene.drained(), []);
}

#[test]
fn cp_047_renewed_after_fourteen_days_and_gone_after_twenty_one() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 2, 2_000, &[]);
    let mut scene = setup.start();
    scene.wait(service, 2);
    scene.turn();
    let instances = scene.instances();
    scene.arrive();
    scene.turn();
    let day = 86_400;
    scene.run(Span::from_days(15));
    assert_eq!(scene.drained(), [0, 1].map(|at| (14 * day, instances[at])));
    scene.lab.clear(instances[1]);
    scene.turn();
    scene.run(Span::from_days(10));
    assert_eq!(
        scene.ended(),
        [(15 * day, instances[1], TerminationReason::Lifetime), (21 * day, instances[0], TerminationReason::Lifetime)]
    );
}

#[test]
fn cp_041_an_instance_that_lost_its_agent_is_not_counted_on() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 2, 900, &[]);
    let mut scene = setup.start();
    scene.wait(service, 1);
    scene.turn();
    scene.arrive();
    scene.wait(service, 1);
    assert_eq!(scene.turn(), [], "it is about to be placed there");
    let instance = scene.instances()[0];
    scene.lab.apply(Fact::AgentConnectionChanged { instance, connected: false });
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a"]);
}

#[test]
fn cp_041_tasks_of_a_renewed_instance_get_a_new_one() {
    let mut setup = Setup::new(None, false, &["a"]);
    let service = setup.service("web", 1, 500, &[]);
    let mut scene = setup.start();
    scene.wait(service, 1);
    scene.turn();
    scene.arrive();
    scene.turn();
    scene.run(Span::from_days(14));
    scene.wait(service, 1);
    let commands = scene.turn();
    assert_eq!(scene.bought(&commands), ["m5.large@1a"], "the old one is DRAINING");
}

#[test]
fn a_provider_of_another_kind_has_no_such_loop_and_an_idle_one_sleeps() {
    let provider = ProviderId::new(0);
    assert!(ManagedInstancesController::new(provider, &ProviderSpec::Fargate).is_none());
    let mut scene = Setup::new(Some(Span::ZERO), false, &["a"]).start();
    assert_eq!((scene.turn(), scene.wake), (vec![], None));
}
