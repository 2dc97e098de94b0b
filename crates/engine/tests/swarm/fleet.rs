//! Random models of capacity: groups, providers, Spot, Fargate, and everything that can be done to them or befall them.
#![allow(dead_code, reason = "each test that makes fleets uses a part of it")]

use std::collections::BTreeSet;
use std::sync::Arc;

use ecsim_cluster::capacity::{Process, Processes};
use ecsim_cluster::definitions::{LaunchOwner, LaunchType, ManagedScaling, SchedulingStrategy};
use ecsim_cluster::{
    AsgId, InstanceId, InstanceStatus, Market, PoolId, ProviderId, Requirements, Resources, ServiceId, StrategyId,
    TaskDefinitionId,
};
use ecsim_engine::Model;
use ecsim_engine::builder::Builder;
use ecsim_engine::fleet::{MetricSeries, SpotProcess};
use ecsim_engine::model::{Arrivals, Call, Crash, InstanceSelector, TaskSelector, WhenUnplaced};
use ecsim_kernel::{Distribution, SimTime, Span};
use ecsim_policies::capacity::auto_scaling_group::allocation::{OnDemandStrategy, SpotStrategy};
use ecsim_policies::capacity::auto_scaling_group::mixed::InstancesDistribution;
use ecsim_policies::capacity::auto_scaling_group::termination::Policy;
use ecsim_policies::capacity::auto_scaling_group::warm_pool::WarmPool;
use ecsim_policies::capacity::auto_scaling_group::zones::ZoneStrategy;
use ecsim_policies::capacity::managed_scaling::need::Algorithm;
use ecsim_policies::capacity::managed_scaling::step::{ScaleInCap, ZeroStart};
use ecsim_policies::capacity::settings::{
    CountedInstances, DrainCount, LaunchGroups, ProvisioningOverflow, ProvisioningReasons, Tie,
};
use ecsim_policies::capacity::spec::{
    AlarmSpec, Comparison, Hook, Kept, MissingData, PolicyKind, Refresh, ScalingMetric, ScalingPolicy, ScheduledAction,
    Transition, WarmPoolSpec, WarmState,
};
use ecsim_policies::capacity::spot::{PoolEvents, PriceWalk, RebalanceLead, SCARCE_ROWS};
use ecsim_policies::scaling::simple::SimplePolicy;
use ecsim_policies::scaling::step::AdjustmentType;
use ecsim_policies::settings::{Bucket, TieBreak};

use super::dice::Dice;
use super::kit::{at, secs};

/// Nothing disturbs from here on.
pub const CALM: u64 = 3_600;
/// Every service is told to try again.
pub const AGAIN: u64 = 9_000;
pub const END: u64 = 14_400;

/// Which features a model has.
struct Features {
    delays: bool,
    spot: bool,
    hooks: bool,
    warm: bool,
    rebalance: bool,
    providers: bool,
    protection: bool,
    draining: bool,
    fargate: bool,
    fixed: bool,
    daemons: bool,
    constraints: bool,
    awsvpc: bool,
    trunks: bool,
    processes: bool,
    sizes: bool,
    hands: bool,
    hosts: bool,
    zones: bool,
    shortages: bool,
    fate: bool,
    failures: bool,
    workload: bool,
    updates: bool,
    refreshes: bool,
    policies: bool,
    balance: bool,
    managed: bool,
}

impl Features {
    /// Everything at once.
    fn all() -> Self {
        Self::each(|| true)
    }

    fn roll(dice: &mut Dice) -> Self {
        let likely = *dice.pick(&[0.2, 0.5, 0.9]);
        Self::each(|| dice.chance(likely))
    }

    fn each(mut on: impl FnMut() -> bool) -> Self {
        Self {
            delays: on(),
            spot: on(),
            hooks: on(),
            warm: on(),
            rebalance: on(),
            providers: on(),
            protection: on(),
            draining: on(),
            fargate: on(),
            fixed: on(),
            daemons: on(),
            constraints: on(),
            awsvpc: on(),
            trunks: on(),
            processes: on(),
            sizes: on(),
            hands: on(),
            hosts: on(),
            zones: on(),
            shortages: on(),
            fate: on(),
            failures: on(),
            workload: on(),
            updates: on(),
            refreshes: on(),
            policies: on(),
            balance: on(),
            managed: on(),
        }
    }
}

/// A model, and who will not come to rest.
pub struct Fleet {
    pub model: Arc<Model>,
    /// Groups whose instances come and go for ever: Spot, launches that are abandoned, machines that fail.
    pub restless: BTreeSet<AsgId>,
    pub text: String,
}

/// A random model.
pub fn make(seed: u64) -> Fleet {
    build(seed, false)
}

/// A random model with every feature on.
pub fn make_full(seed: u64) -> Fleet {
    build(seed, true)
}

fn build(seed: u64, full: bool) -> Fleet {
    let dice = &mut Dice::new(seed, if full { "full fleet" } else { "fleet" });
    let on = if full { Features::all() } else { Features::roll(dice) };
    let mut builder = Builder::new();
    let b = &mut builder;
    b.seed = seed;
    b.duration = secs(END);
    settings(dice, &on, b);
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"];
    let zones = &zones[..dice.count(1, 4) as usize];
    let mut restless = BTreeSet::new();
    let mut groups = Vec::new();
    for number in 0..dice.count(1, 3) {
        let group = group(dice, &on, b, number, zones, &mut restless);
        groups.push(group);
    }
    let pools: Vec<PoolId> = b.definitions().pools.ids().collect();
    market(dice, &on, b, &pools, &groups, &mut restless);
    let providers = providers(dice, &on, b, &groups);
    let fargate = if on.fargate { vec![b.fargate_provider(false), b.fargate_provider(true)] } else { Vec::new() };
    let mut fixed = Vec::new();
    if on.fixed {
        let shape = b.shape("fixed", Resources { cpu: 2048, memory: 4000, gpus: 0, enis: 4 });
        for zone in zones {
            fixed.extend(b.instances(&format!("fixed-{zone}"), shape, zone, dice.count(0, 1)));
        }
        for id in fixed.clone() {
            if dice.chance(0.3) {
                b.instance_mut(id).join_at = at(dice.below(CALM));
            }
        }
    }
    let definitions = definitions(dice, &on, b);
    let managed = if on.managed { vec![managed_instances(dice, b, zones)] } else { Vec::new() };
    let mut strategies = Vec::new();
    for _ in 0..dice.count(1, 3) {
        strategies.extend(strategy(dice, b, &providers));
        strategies.extend(strategy(dice, b, &fargate));
        strategies.extend(strategy(dice, b, &managed));
    }
    let services = services(dice, &on, b, &definitions, &strategies, zones);
    let sources = sources(dice, &on, b, &definitions, &strategies);
    let world =
        World { zones, groups: &groups, pools: &pools, providers: &providers, fargate: &fargate, fixed: &fixed };
    let calls = dice.below(45);
    for _ in 0..calls {
        let when = SimTime::from_ms(dice.below(CALM * 1_000));
        if let Some(call) = call(dice, &on, b, &world, &services, &sources, &strategies) {
            b.call(when, call);
        }
    }
    calm_down(b, &world, &services, &sources);
    let text = format!("{} groups, {} services, {calls} calls", groups.len(), services.len());
    Fleet { model: Arc::new(builder.build()), restless, text }
}

fn settings(dice: &mut Dice, on: &Features, b: &mut Builder) {
    if dice.chance(0.5) {
        b.settings.placement_tie_break = TieBreak::Random;
    }
    b.settings.scheduler_latency = secs(*dice.pick(&[0, 1, 5, 30]));
    b.settings.healthy_wait = secs(*dice.pick(&[0, 0, 10, 40]));
    b.settings.service_launches_per_minute = *dice.pick(&[10, 60, 500]);
    b.settings.update_state_instances = 1_000;
    b.settings.agent_disconnect = secs(*dice.pick(&[1, 60, 180]));
    b.definitions_mut().release_at_desired_stopped = dice.chance(0.8);
    if dice.chance(0.1) {
        b.settings.container_instances_per_cluster = dice.count(2, 8);
    }
    if dice.chance(0.1) {
        b.settings.ec2_launch_bucket = Some(Bucket { capacity: dice.count(1, 5), refill_per_second: dice.count(1, 3) });
    }
    let capacity = &mut b.settings.capacity;
    capacity.provisioning_tasks = *dice.pick(&[500, 500, 10, 3]);
    capacity.provisioning_overflow =
        *dice.pick(&[ProvisioningOverflow::RejectCall, ProvisioningOverflow::AcceptUpToLimit]);
    capacity.provisioning_reasons =
        *dice.pick(&[ProvisioningReasons::All, ProvisioningReasons::All, ProvisioningReasons::Resources]);
    capacity.counted_instances = *dice.pick(&[
        CountedInstances::LaunchingAndRunning,
        CountedInstances::LaunchingAndRunning,
        CountedInstances::Registered,
    ]);
    capacity.metric_publish_delay = secs(*dice.pick(&[0, 50, 90]));
    capacity.zero_start = *dice.pick(&[ZeroStart::Formula, ZeroStart::AlwaysTwo]);
    capacity.algorithm = *dice.pick(&[Algorithm::Current, Algorithm::Current, Algorithm::Historic2020]);
    capacity.scale_in_step_period = secs(*dice.pick(&[60, 60, 120]));
    capacity.scale_in_cap = *dice.pick(&[ScaleInCap::HALF, ScaleInCap::TWENTIETH]);
    capacity.drain_count = *dice.pick(&[DrainCount::DesiredStatus, DrainCount::LastStatus]);
    capacity.zone_tie = *dice.pick(&[Tie::Order, Tie::SeededRandom]);
    capacity.billing_hour_tie = *dice.pick(&[Tie::Order, Tie::SeededRandom]);
    capacity.fargate_vcpu_quota = *dice.pick(&[None, None, Some(2)]);
    if on.fargate && dice.chance(0.3) {
        capacity.launch_groups = Some(LaunchGroups { size: dice.count(1, 5), period: secs(10) });
    }
    b.settings.az_rebalance_interval = secs(*dice.pick(&[100, 900]));
    if on.fargate && on.shortages {
        for spot in [false, true] {
            let from = dice.below(CALM / 2);
            b.fleet.fargate.unavailable.push((at(from), at(from + dice.below(CALM / 2)), spot));
        }
    }
    if on.fargate && on.fate && dice.chance(0.5) {
        b.fleet.fargate.spot_interruptions_per_hour = 0.5;
    }
    if on.delays {
        let from = dice.below(900) as f64;
        b.fleet.provisioning_timeout = Distribution::uniform(60.0 + from, 1_000.0 + from).unwrap();
    }
    b.instance_behavior.registration = dice.wait(on.delays, 60);
    b.instance_behavior.trunk_attach = dice.wait(on.delays, 60);
    b.instance_behavior.trunk_detach = dice.wait(on.delays, 60);
    b.fleet.health_notice = dice.wait(on.delays, 60);
    b.fleet.status_check_wait = secs(dice.below(300));
    b.fleet.spot_drain_delay = dice.wait(on.delays, 2);
    b.fleet.managed_draining_limit = secs(*dice.pick(&[600, 48 * 3_600]));
    if dice.chance(0.5) {
        b.fleet.recommendations = Some(RebalanceLead::default());
    }
    if dice.chance(0.3) {
        b.fleet.spot_price_walk = Some(PriceWalk::default());
    }
}

fn group(
    dice: &mut Dice,
    on: &Features,
    b: &mut Builder,
    number: u32,
    zones: &[&str],
    restless: &mut BTreeSet<AsgId>,
) -> AsgId {
    let most = dice.count(1, 8);
    let least = if dice.chance(0.3) { dice.count(0, most.into()) } else { 0 };
    let desired = dice.count(least.into(), most.into());
    let types: Vec<(String, Resources)> = (0..dice.count(1, 3))
        .map(|kind| {
            let room = Resources {
                cpu: 1024 * dice.count(1, 4),
                memory: 1000 * dice.count(1, 6),
                gpus: 0,
                enis: u16::try_from(dice.below(5)).unwrap(),
            };
            // Some types are in several groups: those share their pools.
            (if kind == 0 && dice.chance(0.3) { "shared".into() } else { format!("type-{number}-{kind}") }, room)
        })
        .collect();
    let types: Vec<(&str, Resources)> = types.iter().map(|(name, room)| (name.as_str(), *room)).collect();
    let own = &zones[..dice.count(1, zones.len() as u64) as usize];
    let id = b.auto_scaling_group(&format!("g{number}"), (least, desired, most), own, &types, 0.0);
    if on.trunks {
        for option in b.group_mut(id).1.options.clone() {
            let shape = b.definitions().launch_options[option].shape;
            b.shape_mut(shape).trunk = dice.chance(0.5);
        }
    }
    let hooks: Vec<Hook> = if on.hooks {
        (0..dice.count(0, 3))
            .map(|hook| {
                self::hook(dice, b, hook, &mut || {
                    restless.insert(id);
                })
            })
            .collect()
    } else {
        Vec::new()
    };
    let policies = [
        Policy::Default,
        Policy::AllocationStrategy,
        Policy::OldestLaunchTemplate,
        Policy::OldestLaunchConfiguration,
        Policy::ClosestToNextInstanceHour,
        Policy::NewestInstance,
        Policy::OldestInstance,
    ];
    let (_, spec, machine) = b.group_mut(id);
    spec.hooks = hooks;
    spec.reaction = dice.wait(on.delays, 30);
    if on.spot {
        match dice.below(3) {
            0 => spec.spot_only = true,
            1 => {
                spec.mixed = Some(InstancesDistribution {
                    on_demand_base: dice.count(0, 3),
                    on_demand_percentage: *dice.pick(&[0, 25, 50, 100]),
                });
            }
            _ => {}
        }
        if dice.chance(0.1) {
            spec.spot_max_price = Some(1 + dice.below(60_000_000));
        }
    }
    spec.on_demand = *dice.pick(&[OnDemandStrategy::Prioritized, OnDemandStrategy::LowestPrice]);
    spec.spot = *dice.pick(&[
        SpotStrategy::PriceCapacityOptimized,
        SpotStrategy::CapacityOptimized,
        SpotStrategy::CapacityOptimizedPrioritized,
        SpotStrategy::LowestPrice { pools: 2 },
    ]);
    spec.zone_strategy =
        *dice.pick(&[ZoneStrategy::BalancedBestEffort, ZoneStrategy::BalancedBestEffort, ZoneStrategy::BalancedOnly]);
    spec.capacity_rebalance = on.rebalance && dice.chance(0.7);
    spec.termination = dice.some(&policies, 0.2);
    spec.health_check_grace = secs(*dice.pick(&[0, 120]));
    spec.spot_draining = dice.chance(0.5);
    let on_demand = !spec.spot_only && spec.mixed.is_none();
    if on.warm && on_demand {
        spec.warm_pool = Some(WarmPoolSpec {
            size: WarmPool {
                max_group_prepared_capacity: if dice.chance(0.5) { Some(dice.count(0, 8)) } else { None },
                min_size: dice.count(0, 2),
            },
            state: *dice.pick(&[WarmState::Stopped, WarmState::Running, WarmState::Hibernated]),
        });
    }
    machine.launch = dice.wait(on.delays, 120);
    machine.pending = dice.wait(on.delays, 20);
    machine.warm_start = dice.wait(on.delays, 20);
    machine.warm_poll = dice.wait(on.delays, 60);
    machine.warm_stop = dice.wait(on.delays, 60);
    machine.shutdown = dice.wait(on.delays, 60);
    if on.failures && dice.chance(0.3) {
        restless.insert(id);
        machine.status_check_failure = Some((0.3, Distribution::uniform(0.0, 900.0).unwrap()));
    }
    if on.refreshes {
        refreshes(dice, b, id, &types, own, restless);
    }
    if on.policies && dice.chance(0.4) {
        // Two who scale one group need never agree.
        restless.insert(id);
        policies_of(dice, b, id, number);
    }
    id
}

/// What replaces instances that nothing is wrong with: refreshes, also of a new template, a maximum lifetime, and how many
/// may be missing meanwhile.
fn refreshes(
    dice: &mut Dice,
    b: &mut Builder,
    id: AsgId,
    types: &[(&str, Resources)],
    zones: &[&str],
    restless: &mut BTreeSet<AsgId>,
) {
    let zones: Vec<_> = zones.iter().map(|zone| b.definitions_mut().zones.intern(zone)).collect();
    let newer = b.launch_options(LaunchOwner::Group(id), types, &zones, 2);
    let (_, spec, _) = b.group_mut(id);
    spec.options.extend(newer);
    for _ in 0..2 {
        spec.refreshes.push(Refresh {
            min_healthy: *dice.pick(&[0, 50, 90, 100]),
            max_healthy: *dice.pick(&[100, 110, 200]),
            warmup: *dice.pick(&[None, Some(secs(60))]),
            skip_matching: dice.chance(0.5),
            protected: *dice.pick(&[Kept::Wait, Kept::Ignore, Kept::Refresh]),
            standby: *dice.pick(&[Kept::Wait, Kept::Ignore, Kept::Refresh]),
            checkpoints: if dice.chance(0.3) { vec![50] } else { Vec::new() },
            checkpoint_delay: secs(dice.below(600)),
        });
    }
    if dice.chance(0.3) {
        spec.maintenance = Some(*dice.pick(&[(90, 110), (50, 100), (100, 200)]));
    }
    if dice.chance(0.2) {
        restless.insert(id);
        spec.max_lifetime = Some(secs(2_000 + dice.below(2_000)));
    }
}

/// Scaling policies and scheduled actions of a group's own.
fn policies_of(dice: &mut Dice, b: &mut Builder, id: AsgId, number: u32) {
    let metric = b.definitions_mut().metrics.intern(&format!("load-{number}"));
    let mut time = 0;
    let values: Vec<(SimTime, Option<i64>)> = (0..12)
        .map(|_| {
            time += dice.below(600);
            let value = dice.below(100_000_000) as i64;
            (at(time), if dice.chance(0.8) { Some(value) } else { None })
        })
        .collect();
    b.fleet.metrics.push(MetricSeries { metric, values: values.into() });
    let metric = *dice.pick(&[
        ScalingMetric::Custom(metric),
        ScalingMetric::ClusterCpuReservation(metric),
        ScalingMetric::GroupCpuUtilization(metric),
    ]);
    let alarm = |dice: &mut Dice, comparison| AlarmSpec {
        metric,
        period: secs(60),
        evaluation_periods: 2,
        datapoints_to_alarm: 1,
        threshold: 50_000_000,
        comparison,
        missing: *dice.pick(&[MissingData::Missing, MissingData::Ignore, MissingData::Breaching]),
    };
    let kinds = [
        PolicyKind::TargetTracking { metric, target: 50_000_000, disable_scale_in: dice.chance(0.3) },
        PolicyKind::Simple {
            alarm: alarm(dice, Comparison::Greater),
            policy: SimplePolicy {
                adjustment_type: AdjustmentType::ChangeInCapacity,
                adjustment: 2,
                min_adjustment_magnitude: 0,
                cooldown: Some(secs(60)),
            },
        },
        PolicyKind::Simple {
            alarm: alarm(dice, Comparison::Less),
            policy: SimplePolicy {
                adjustment_type: AdjustmentType::PercentChangeInCapacity,
                adjustment: -30,
                min_adjustment_magnitude: 1,
                cooldown: None,
            },
        },
    ];
    for (at, kind) in kinds.into_iter().enumerate() {
        if dice.chance(0.6) {
            let name = b.definitions_mut().policies.intern(&format!("policy-{number}-{at}"));
            b.group_mut(id).1.policies.push(ScalingPolicy { name, kind, warmup: *dice.pick(&[None, Some(secs(30))]) });
        }
    }
    if dice.chance(0.5) {
        let name = b.definitions_mut().policies.intern(&format!("action-{number}"));
        let (least, most) = (dice.count(0, 3), dice.count(3, 8));
        b.group_mut(id).1.schedule.push(ScheduledAction {
            name,
            at: vec![at(500), at(1_500)],
            min_size: Some(least),
            max_size: Some(most),
            desired_capacity: Some(dice.count(least.into(), most.into())),
        });
    }
}

/// A Managed Instances provider.
fn managed_instances(dice: &mut Dice, b: &mut Builder, zones: &[&str]) -> ProviderId {
    let room = |cpu| Resources { cpu, memory: 8_000, gpus: 0, enis: 3 };
    b.managed_instances_provider(
        "mi",
        zones,
        &[("mi-small", room(1_024)), ("mi-large", room(4_096))],
        dice.below(60) as f64,
    )
}

fn hook(dice: &mut Dice, b: &mut Builder, number: u32, never_rests: &mut dyn FnMut()) -> Hook {
    let transition = *dice.pick(&[Transition::Launching, Transition::Terminating]);
    let hook = Hook {
        name: b.definitions_mut().policies.intern(&format!("hook-{number}")),
        transition,
        heartbeat: secs(30 + dice.below(300)),
        default_continue: dice.chance(0.7),
        duration: if dice.chance(0.7) { Some(dice.wait(true, 200)) } else { None },
        from_warm_pool: if dice.chance(0.5) { Some(dice.wait(true, 60)) } else { None },
        answers_continue: dice.chance(0.8),
    };
    if transition == Transition::Launching && !(hook.default_continue && hook.answers_continue) {
        never_rests();
    }
    hook
}

/// Prices, limits and the fate of Spot pools.
fn market(
    dice: &mut Dice,
    on: &Features,
    b: &mut Builder,
    pools: &[PoolId],
    groups: &[AsgId],
    restless: &mut BTreeSet<AsgId>,
) {
    for pool in pools {
        let spec = &mut b.capacity.pools[*pool];
        spec.on_demand_nano_dollars = 50_000_000 + dice.below(100_000_000);
        spec.spot_nano_dollars = 10_000_000 + dice.below(60_000_000);
        spec.monthly_interruption = *dice.pick(&[0.0, 0.3, 0.999_999]);
        if on.shortages && dice.chance(0.2) {
            let limit = Some(dice.count(0, 4));
            spec.on_demand_limit = limit;
            spec.spot_limit = limit;
        }
        if !on.fate {
            continue;
        }
        b.fleet.spot[*pool] = match dice.below(6) {
            0 | 1 => SpotProcess::None,
            2 => SpotProcess::Advisor,
            3 => SpotProcess::Pool { events: PoolEvents::default(), window: secs(180) },
            4 => SpotProcess::Scarce(dice.pick(&SCARCE_ROWS)),
            _ => {
                let mut time = dice.below(100);
                let rows: Vec<(SimTime, u32)> = (0..dice.count(1, 12))
                    .map(|_| {
                        time += dice.below(600);
                        (at(time), dice.count(0, 6))
                    })
                    .collect();
                SpotProcess::Trace(rows.into())
            }
        };
    }
    for group in groups {
        let options = b.group_mut(*group).1.options.clone();
        let is_fickle = |pool: PoolId| !matches!(b.fleet.spot[pool], SpotProcess::None | SpotProcess::Trace(_));
        if options.iter().any(|option| is_fickle(b.definitions().launch_options[*option].pool)) {
            restless.insert(*group);
        }
    }
}

fn managed(dice: &mut Dice) -> ManagedScaling {
    let minimum_step = *dice.pick(&[1, 1, 1, 3]);
    ManagedScaling {
        target: *dice.pick(&[100, 100, 80, 50]),
        minimum_step,
        maximum_step: *dice.pick(&[10_000, 10_000, 3]),
        warmup: secs(*dice.pick(&[0, 60, 300])),
    }
}

fn providers(dice: &mut Dice, on: &Features, b: &mut Builder, groups: &[AsgId]) -> Vec<ProviderId> {
    let mut providers = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        if number > 0 && !on.providers {
            continue;
        }
        let provider = b.group_provider(&format!("cp{number}"), *group, 100, Span::ZERO);
        let row = b.provider_mut(provider);
        row.managed_scaling = if dice.chance(0.8) { Some(managed(dice)) } else { None };
        row.termination_protection = on.protection && row.managed_scaling.is_some() && dice.chance(0.8);
        row.managed_draining = on.draining && dice.chance(0.8);
        let protects = row.termination_protection || on.protection && dice.chance(0.2);
        b.group_mut(*group).0.protects_new_instances = protects;
        providers.push(provider);
    }
    providers
}

fn definitions(dice: &mut Dice, on: &Features, b: &mut Builder) -> Vec<TaskDefinitionId> {
    (0..dice.count(1, 4))
        .map(|number| {
            let eni = on.awsvpc && dice.chance(0.4);
            let needs = Requirements { eni, ..Builder::needs(*dice.pick(&[128, 256, 512, 1024]), dice.count(1, 1500)) };
            let id = b.task_definition(&format!("family-{number}"), needs);
            b.fargate(id, dice.below(60) as f64, dice.below(30) as f64);
            let behavior = b.behavior_mut(id);
            behavior.eni_attach = dice.wait(on.delays, 20);
            behavior.eni_detach = dice.wait(on.delays, 20);
            behavior.start = dice.wait(on.delays, 10);
            let container = &mut behavior.containers[0];
            container.cold_pull = dice.wait(on.delays, 40);
            container.stop = dice.wait(on.delays, 90);
            if on.failures && dice.chance(0.2) {
                container.crash =
                    Some(Crash { after: Distribution::uniform(20.0, 600.0).unwrap(), probability: 0.2, exit_code: 1 });
            }
            id
        })
        .collect()
}

/// A strategy of some of the providers.
fn strategy(dice: &mut Dice, b: &mut Builder, from: &[ProviderId]) -> Option<StrategyId> {
    let mut chosen = dice.some(from, 0.6);
    if chosen.is_empty() {
        chosen.push(*from.first()?);
    }
    let holder = dice.below(chosen.len() as u64) as usize;
    let items: Vec<(ProviderId, u32, u32)> = chosen
        .iter()
        .enumerate()
        .map(|(at, provider)| {
            (*provider, if at == holder { dice.count(0, 3) } else { 0 }, if at == 0 { 1 } else { dice.count(0, 4) })
        })
        .collect();
    Some(b.capacity_strategy(&items))
}

fn services(
    dice: &mut Dice,
    on: &Features,
    b: &mut Builder,
    definitions: &[TaskDefinitionId],
    strategies: &[StrategyId],
    zones: &[&str],
) -> Vec<ServiceId> {
    let chains = ["spread(attribute:ecs.availability-zone)", "spread(instanceId)", "binpack(cpu)", "random"];
    let constraints = ["distinctInstance", "runningTasksCount < 3", "not(task:group == service:s0)"];
    let subnets: Vec<_> = zones.iter().map(|zone| b.subnet(&format!("subnet-{zone}"), zone, 40)).collect();
    (0..dice.count(1, 4))
        .map(|number| {
            let name = format!("s{number}");
            let definition = *dice.pick(definitions);
            let chain = dice.some(&chains, 0.4);
            let chosen = if on.constraints { dice.some(&constraints, 0.2) } else { Vec::new() };
            let placement = b.rules(&chain, &chosen);
            let id = if on.daemons && dice.chance(0.2) {
                let any = b.rules(&[], &[]);
                b.daemon(&name, definition, any)
            } else {
                let id = b.service(&name, definition, dice.count(0, 12), placement);
                let service = b.service_mut(id);
                service.minimum_healthy_percent = *dice.pick(&[0, 50, 100]);
                service.maximum_percent = *dice.pick(&[150, 200]);
                service.availability_zone_rebalancing =
                    on.balance && chain.first().is_none_or(|first| *first == chains[0]) && dice.chance(0.6);
                id
            };
            if dice.chance(0.85) {
                b.service_mut(id).strategy = Some(*dice.pick(strategies));
            }
            if b.definitions().task_definitions[definition].requirements.eni && dice.chance(0.5) {
                b.service_mut(id).revisions[0].subnets = subnets.clone();
            }
            id
        })
        .collect()
}

fn sources(
    dice: &mut Dice,
    on: &Features,
    b: &mut Builder,
    definitions: &[TaskDefinitionId],
    strategies: &[StrategyId],
) -> Vec<ecsim_cluster::SourceId> {
    (0..dice.count(1, 2))
        .map(|number| {
            let arrivals = if on.workload {
                Arrivals::Renewal {
                    interval: Distribution::exponential(*dice.pick(&[20.0, 120.0])).unwrap(),
                    first_at_start: dice.chance(0.5),
                    from: at(dice.below(60)),
                    until: at(CALM),
                    limit: u64::from(dice.count(1, 60)),
                }
            } else {
                Arrivals::Never
            };
            let when_unplaced = match dice.below(3) {
                0 => WhenUnplaced::Drop,
                1 => WhenUnplaced::Retry { every: secs(20), backoff: 2.0, max_interval: secs(200), max_attempts: 5 },
                _ => WhenUnplaced::Queue,
            };
            let placement = b.run_task_default(&[]);
            let duration = Distribution::uniform(1.0, 900.0).unwrap();
            let id = b.source(
                &format!("w{number}"),
                *dice.pick(definitions),
                placement,
                arrivals,
                Some(duration),
                when_unplaced,
            );
            b.source_mut(id).count = dice.count(1, 5);
            if dice.chance(0.85) {
                b.source_mut(id).template.strategy = Some(*dice.pick(strategies));
            }
            id
        })
        .collect()
}

/// What there is to call about.
struct World<'a> {
    zones: &'a [&'a str],
    groups: &'a [AsgId],
    pools: &'a [PoolId],
    providers: &'a [ProviderId],
    fargate: &'a [ProviderId],
    fixed: &'a [InstanceId],
}

fn filter(group: Option<AsgId>, count: Option<u32>, random: bool) -> InstanceSelector {
    InstanceSelector::Filter {
        group,
        provider: None,
        market: None,
        empty: None,
        zone: None,
        instance_type: None,
        name_prefix: None,
        attribute: None,
        expression: None,
        count,
        random,
    }
}

/// Some instances of a group.
fn some(dice: &mut Dice, world: &World<'_>) -> InstanceSelector {
    let group = *dice.pick(world.groups);
    match dice.below(4) {
        0 => InstanceSelector::Launched(
            (0..dice.count(1, 3)).map(|_| format!("g{}-{}", group.get(), 1 + dice.below(12))).collect(),
        ),
        _ => filter(Some(group), Some(dice.count(1, 3)), dice.chance(0.5)),
    }
}

#[allow(clippy::too_many_lines, reason = "a list")]
fn call(
    dice: &mut Dice,
    on: &Features,
    b: &mut Builder,
    world: &World<'_>,
    services: &[ServiceId],
    sources: &[ecsim_cluster::SourceId],
    strategies: &[StrategyId],
) -> Option<Call> {
    let group = *dice.pick(world.groups);
    let service = *dice.pick(services);
    let short = |dice: &mut Dice| Some(secs(dice.below(900)));
    let is_daemon = b.definitions().services[service].scheduling == SchedulingStrategy::Daemon;
    let market = *dice.pick(&[None, Some(Market::Spot), Some(Market::OnDemand)]);
    Some(match dice.below(37) {
        0..=2 if on.sizes => {
            Call::SetDesiredCapacity { group, to: dice.count(0, 9) } // Some are refused.
        }
        3 if on.sizes => {
            let max_size = dice.count(1, 10);
            Call::UpdateAutoScalingGroup {
                group,
                min_size: Some(dice.count(0, max_size.into())),
                max_size: Some(max_size),
                desired_capacity: None,
                protects_new_instances: if dice.chance(0.2) { Some(dice.chance(0.5)) } else { None },
                template: None,
                configuration: None,
            }
        }
        4 if on.hands => Call::SetInstanceProtection { instances: some(dice, world), protected: dice.chance(0.5) },
        5 if on.hands => {
            Call::SetInstanceHealth { instances: some(dice, world), healthy: dice.chance(0.2), respects_grace: false }
        }
        6 if on.hands => Call::TerminateInGroup { instances: some(dice, world), decrement: dice.chance(0.5) },
        7 if on.hands => Call::EnterStandby { instances: some(dice, world), decrement: dice.chance(0.5) },
        8 if on.hands => Call::ExitStandby { instances: some(dice, world) },
        9 if on.hands => Call::DetachInstances { instances: some(dice, world), decrement: dice.chance(0.5) },
        10 if on.processes => {
            Call::SuspendProcesses { group, processes: dice.some(&Process::ALL, 0.4).into_iter().collect() }
        }
        11 if on.processes => Call::ResumeProcesses { group, processes: Processes::ALL },
        12 if on.hooks => Call::CompleteLifecycleAction {
            instances: some(dice, world),
            hook: None,
            proceed: dice.chance(0.8),
            count: None,
        },
        13 if on.updates && !world.providers.is_empty() => Call::UpdateCapacityProvider {
            provider: *dice.pick(world.providers),
            managed_scaling: match dice.below(3) {
                0 => None,
                1 => Some(None),
                _ => Some(Some(managed(dice))),
            },
            termination_protection: *dice.pick(&[None, Some(true), Some(false)]),
            managed_draining: *dice.pick(&[None, Some(true), Some(false)]),
            configuration: None,
        },
        14 if on.updates => {
            let all: Vec<ProviderId> = world.providers.iter().chain(world.fargate).copied().collect();
            Call::PutClusterCapacityProviders { providers: dice.some(&all, 0.7) }
        }
        15 if on.updates && !world.providers.is_empty() && dice.chance(0.2) => {
            Call::DeleteCapacityProvider { provider: *dice.pick(world.providers) }
        }
        16 | 17 if on.fate => {
            Call::SpotInterruption { instances: some(dice, world), notice: secs(*dice.pick(&[120, 120, 0])) }
        }
        18 if on.fate => Call::RebalanceRecommendation { instances: some(dice, world) },
        19 if on.zones => {
            let zone = b.definitions().zones.get(dice.pick::<&str>(world.zones))?;
            Call::ZoneOutage { zone, duration: short(dice) }
        }
        20 if on.shortages => {
            Call::InsufficientCapacity { pools: dice.some(world.pools, 0.6), market, duration: short(dice) }
        }
        21 if on.failures => Call::StatusCheckFails { instances: some(dice, world), duration: None },
        22 if on.fargate => Call::FargateSpotInterruption {
            tasks: TaskSelector { count: Some(dice.count(1, 4)), ..TaskSelector::default() },
        },
        23 if on.fargate => Call::FargateRetirement {
            tasks: TaskSelector { service: Some(service), count: Some(dice.count(1, 4)), ..TaskSelector::default() },
            wait: secs(dice.below(600)),
        },
        24 if on.hosts => Call::TerminateInstances { instances: some(dice, world) },
        25 if on.hosts => Call::StopInstances { instances: some(dice, world) },
        26 if on.hosts => Call::StartInstances { instances: some(dice, world) },
        27 if on.hosts => Call::DeregisterContainerInstance { instances: some(dice, world), force: dice.chance(0.7) },
        28 if on.hosts => Call::UpdateContainerInstancesState {
            instances: some(dice, world),
            status: *dice.pick(&[InstanceStatus::Draining, InstanceStatus::Draining, InstanceStatus::Active]),
        },
        29 if on.hosts => Call::DisconnectAgent { instances: some(dice, world), duration: short(dice) },
        30 if !is_daemon && on.updates => Call::UpdateService {
            service,
            desired_count: None,
            placement: None,
            healthy_percent: None,
            rebalancing: None,
            capacity: Some(if dice.chance(0.8) {
                (Some(*dice.pick(strategies)), LaunchType::Ec2)
            } else {
                (None, LaunchType::Ec2)
            }),
            grace: None,
        },
        34 | 35 if on.refreshes => Call::StartInstanceRefresh {
            group,
            refresh: dice.count(0, 1),
            template: *dice.pick(&[None, Some(1), Some(2)]),
            configuration: None,
        },
        36 if on.refreshes => Call::CancelInstanceRefresh { group },
        31 if dice.chance(0.1) => Call::DeleteService { service, force: true },
        32 => Call::RunTask { source: *dice.pick(sources) },
        33 => Call::StopTask {
            tasks: TaskSelector { count: Some(dice.count(1, 5)), newest: dice.chance(0.5), ..TaskSelector::default() },
            reason: None,
        },
        _ if !is_daemon => super::kit::scale(service, dice.count(0, 16)),
        _ => return None,
    })
}

/// Agents are back, processes go on, nobody stands by, standalone tasks are gone; later every service may try again.
fn calm_down(b: &mut Builder, world: &World<'_>, services: &[ServiceId], sources: &[ecsim_cluster::SourceId]) {
    for group in world.groups {
        b.call(at(CALM), Call::ResumeProcesses { group: *group, processes: Processes::ALL });
    }
    // A selector takes all or nothing: one at a time, whoever there may be.
    for group in world.groups {
        for number in 1..=60 {
            let one = || InstanceSelector::Launched(vec![format!("g{}-{number}", group.get())]);
            b.call(at(CALM), Call::ExitStandby { instances: one() });
            b.call(at(CALM), Call::ConnectAgent { instances: one() });
        }
    }
    for instance in world.fixed {
        let one = || InstanceSelector::Named(vec![*instance]);
        b.call(at(CALM), Call::StartInstances { instances: one() });
        b.call(at(CALM), Call::ConnectAgent { instances: one() });
    }
    for source in sources {
        let tasks = || TaskSelector { source: Some(*source), ..TaskSelector::default() };
        for after in [100, 1_000] {
            b.call(at(CALM + after), Call::StopTask { tasks: tasks(), reason: None });
        }
    }
    for service in services {
        b.call(
            at(AGAIN),
            Call::UpdateService {
                service: *service,
                desired_count: None,
                placement: None,
                healthy_percent: None,
                rebalancing: None,
                capacity: None,
                grace: None,
            },
        );
    }
}
