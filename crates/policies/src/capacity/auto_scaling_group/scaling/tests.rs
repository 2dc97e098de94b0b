//! A group of small instances under each kind of policy. Metrics are sampled at the full minute and known at once; what the
//! group launches is in service at once unless a test says otherwise.

use ecsim_cluster::definitions::LaunchOwner;
use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{Fact, InstanceId, MetricId, Process, Processes};

use super::*;
use crate::capacity::spec::ScheduledAction;
use crate::scaling::step::{AdjustmentType, StepAdjustment};
use crate::testkit::{Lab, Plan, room};

struct Scene {
    lab: Lab,
    group: AsgId,
    metric: MetricId,
    controller: GroupScalingController,
    wake: Option<SimTime>,
    /// Whether launched instances come into service at once.
    arrives: bool,
}

/// A group from 1 to 20 with so many instances.
fn plan(desired: u32) -> (Plan, AsgId, MetricId) {
    let mut plan = Plan::new();
    let group = plan.auto_scaling_group("web", (1, desired, 20), &["a"]);
    plan.option(LaunchOwner::Group(group), "m5.large", "a", room(2_048, 7_680), 96);
    let metric = plan.metric("load");
    (plan, group, metric)
}

impl Scene {
    fn new(plan: Plan, group: AsgId, metric: MetricId) -> Self {
        let mut lab = plan.start();
        lab.settings.capacity.sample_offset = Span::ZERO;
        lab.settings.capacity.metric_publish_delay = Span::ZERO;
        lab.start_capacity();
        let controller = GroupScalingController::new(group, &lab.capacity.groups[group]).expect("policies or actions");
        let mut scene = Self { lab, group, metric, controller, wake: None, arrives: true };
        scene.turn();
        scene
    }

    fn desired(&self) -> u32 {
        self.lab.cluster.groups()[self.group].desired
    }

    fn instances(&self) -> Vec<InstanceId> {
        self.lab.cluster.groups()[self.group].instances.clone()
    }

    fn turn(&mut self) -> Vec<Command> {
        let (commands, wake) = self.lab.turn(|view| self.controller.decide(view));
        self.wake = wake;
        self.fit();
        commands
    }

    /// The group has what it wants.
    fn fit(&mut self) {
        let option = self.lab.capacity.groups[self.group].options[0];
        while self.lab.cluster.groups()[self.group].counts.capacity < self.desired() {
            let instance = self.lab.launch(option, ecsim_cluster::Market::OnDemand);
            if self.arrives {
                self.lab.arrive(instance);
            }
        }
        while self.lab.cluster.groups()[self.group].counts.capacity > self.desired() {
            let last = *self.instances().last().expect("an instance");
            self.lab.terminate(last, TerminationReason::ScaleIn);
        }
    }

    /// Runs so many minutes with that value of the metric, and gives every command with its instant in whole seconds.
    fn run(&mut self, minutes: u64, value: Option<i64>) -> Vec<(u64, Command)> {
        self.lab.measure(self.metric, value);
        let minute = SimTime::from_ms(self.lab.now.ms() / MINUTE.ms() * MINUTE.ms());
        let end = minute + Span::from_mins(minutes);
        let mut commands = Vec::new();
        // A datapoint of the last minute is published a millisecond later.
        while let Some(wake) = self.wake.filter(|at| *at <= end + Span::from_ms(1)) {
            self.lab.now = wake;
            let secs = wake.whole_secs();
            commands.extend(self.turn().into_iter().map(|command| (secs, command)));
        }
        self.lab.now = end.max(self.lab.now);
        commands
    }
}

fn target_tracking(plan: &mut Plan, name: &str, metric: ScalingMetric, target: i64) -> ScalingPolicy {
    let kind = PolicyKind::TargetTracking { metric, target: target * 1_000_000, disable_scale_in: false };
    ScalingPolicy { name: plan.policy(name), kind, warmup: Some(Span::ZERO) }
}

fn alarm(metric: MetricId, threshold: i64, comparison: Comparison) -> AlarmSpec {
    AlarmSpec {
        metric: ScalingMetric::Custom(metric),
        period: MINUTE,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: threshold * 1_000_000,
        comparison,
        missing: MissingData::Missing,
    }
}

fn step_policy(
    plan: &mut Plan,
    name: &str,
    alarm: AlarmSpec,
    rows: &[(Option<i64>, Option<i64>, i64)],
) -> ScalingPolicy {
    let step = |(lower, upper, adjustment): &(Option<i64>, Option<i64>, i64)| StepAdjustment {
        lower: lower.map(Millionths::whole),
        upper: upper.map(Millionths::whole),
        adjustment: *adjustment,
    };
    let policy = StepPolicy {
        threshold: Millionths(alarm.threshold),
        adjustment_type: AdjustmentType::ChangeInCapacity,
        min_adjustment_magnitude: 0,
        steps: rows.iter().map(step).collect(),
    };
    ScalingPolicy { name: plan.policy(name), kind: PolicyKind::Step { alarm, policy }, warmup: Some(Span::ZERO) }
}

fn simple_policy(plan: &mut Plan, name: &str, alarm: AlarmSpec, adjustment: i64) -> ScalingPolicy {
    let policy = SimplePolicy {
        adjustment_type: AdjustmentType::ChangeInCapacity,
        adjustment,
        min_adjustment_magnitude: 0,
        cooldown: None,
    };
    ScalingPolicy { name: plan.policy(name), kind: PolicyKind::Simple { alarm, policy }, warmup: None }
}

/// The new desired capacities among commands, with their instants in minutes.
fn sizes(commands: &[(u64, Command)]) -> Vec<(u64, u32)> {
    let size = |(at, command): &(u64, Command)| match command {
        Command::SetDesiredCapacity { to, .. } => Some((at / 60, *to)),
        _ => None,
    };
    commands.iter().filter_map(size).collect()
}

fn withheld(commands: &[(u64, Command)]) -> Vec<(u64, Withheld)> {
    let note = |(at, command): &(u64, Command)| match command {
        Command::NoteWithheld { withheld, .. } => Some((at / 60, *withheld)),
        _ => None,
    };
    commands.iter().filter_map(note).collect()
}

#[test]
fn sas_011_target_tracking_out_after_three_minutes_and_in_after_fifteen() {
    let (mut plan, group, metric) = plan(4);
    let policy = target_tracking(&mut plan, "load-50", ScalingMetric::Custom(metric), 50);
    plan.capacity.groups[group].policies.push(policy.clone());
    let mut scene = Scene::new(plan, group, metric);
    let commands = scene.run(3, Some(70));
    assert_eq!(sizes(&commands), [(3, 6)], "ceil(4 x 70 / 50)");
    let (_, Command::SetAlarm { alarm: Alarm::PolicyHigh(name), in_alarm: true, .. }) = commands[0] else {
        panic!("{commands:?}")
    };
    assert_eq!(name, policy.name);
    let (at, Command::SetDesiredCapacity { decision, .. }) = commands[1] else { panic!("{commands:?}") };
    assert_eq!(at, 180);
    let (value, target) = (70_000_000, 50_000_000);
    let because = Because::TargetTracking { policy: policy.name, metric, value, target, capacity: 4, raw: 6 };
    assert_eq!(decision, because);
    // SAS-023: between 90 % and the target neither alarm is on.
    assert_eq!(sizes(&scene.run(30, Some(46))), []);
    let commands = scene.run(15, Some(20));
    assert_eq!(sizes(&commands), [(48, 3)], "fifteen minutes below 45: ceil(6 x 20 / 50)");
}

#[test]
fn sas_015_a_lasting_alarm_acts_every_minute() {
    let (mut plan, group, metric) = plan(2);
    let policy = target_tracking(&mut plan, "load-50", ScalingMetric::Custom(metric), 50);
    plan.capacity.groups[group].policies.push(policy);
    let mut scene = Scene::new(plan, group, metric);
    assert_eq!(sizes(&scene.run(6, Some(75))), [(3, 3), (4, 5), (5, 8), (6, 12)]);
    let commands = scene.run(3, Some(75));
    assert_eq!(sizes(&commands), [(7, 18), (8, 20)], "no more than MaxSize (ASG-001)");
    assert_eq!(withheld(&commands), [(9, Withheld::MaxSize(20))]);
    assert_eq!(scene.run(5, Some(75)), [], "that is noted once");
}

#[test]
fn asg_020_missing_data_scales_nothing() {
    let (mut plan, group, metric) = plan(4);
    let policy = target_tracking(&mut plan, "load-50", ScalingMetric::Custom(metric), 50);
    plan.capacity.groups[group].policies.push(policy);
    let mut scene = Scene::new(plan, group, metric);
    assert_eq!(scene.run(30, None), []);
    assert_eq!(sizes(&scene.run(14, Some(1))), []);
    assert_eq!(sizes(&scene.run(30, None)), [], "SAS-014: it is never read as low use");
}

// proves: SAS-024
#[test]
fn asg_020_out_if_any_in_only_if_all() {
    let (mut plan, group, metric) = plan(10);
    let other = plan.metric("other");
    let policies = [(metric, "one", 50), (other, "two", 70)]
        .map(|(metric, name, target)| target_tracking(&mut plan, name, ScalingMetric::Custom(metric), target));
    plan.capacity.groups[group].policies.extend(policies);
    let mut scene = Scene::new(plan, group, metric);
    scene.lab.measure(other, Some(65));
    assert_eq!(sizes(&scene.run(20, Some(30))), [], "the other is in its dead band");
    scene.lab.measure(other, Some(56));
    assert_eq!(sizes(&scene.run(15, Some(30))), [(35, 8)], "now both are low: the larger wins");
    scene.lab.measure(other, Some(10));
    assert_eq!(sizes(&scene.run(3, Some(60)))[0], (38, 10), "one is enough to grow");
}

#[test]
fn asg_023_growth_counts_what_warms_up_once() {
    let (mut plan, group, metric) = plan(4);
    let policy = ScalingPolicy {
        warmup: Some(Span::from_mins(5)),
        ..target_tracking(&mut plan, "load-50", ScalingMetric::Custom(metric), 50)
    };
    plan.capacity.groups[group].policies.push(policy);
    let mut scene = Scene::new(plan, group, metric);
    let commands = scene.run(10, Some(70));
    assert_eq!(sizes(&commands), [(3, 6), (8, 9)], "from 4 until the two new ones are warm, then from 6");
    assert_eq!(
        withheld(&commands),
        [(4, 60), (9, 60)].map(|(at, secs)| {
            let warmup = Span::from_mins(5);
            (at, Withheld::WarmingUp { age: Span::from_secs(secs), warmup, out: true })
        })
    );
}

#[test]
fn asg_023_a_policy_shrinks_nothing_while_an_instance_warms_up() {
    let (mut plan, group, metric) = plan(4);
    let low = alarm(metric, 30, Comparison::Less);
    let mut policy = step_policy(&mut plan, "in", low, &[(None, Some(0), -1)]);
    policy.warmup = None;
    plan.capacity.groups[group].policies.push(policy);
    plan.capacity.groups[group].default_warmup = Some(Span::from_mins(4));
    let mut scene = Scene::new(plan, group, metric);
    assert_eq!(sizes(&scene.run(2, Some(10))), [(2, 3)], "those that were there at the start are warm");
    // Somebody raises the desired capacity by hand; the new one takes half a minute to come.
    scene.lab.apply(Fact::DesiredCapacityChanged { group, to: 4 });
    scene.arrives = false;
    scene.fit();
    let commands = scene.run(1, Some(10));
    assert_eq!(withheld(&commands).len(), 1, "it is not even in service");
    scene.lab.now += Span::from_secs(30);
    let new = scene.lab.launching()[0];
    scene.lab.arrive(new);
    assert_eq!(sizes(&scene.run(5, Some(10))), [(8, 3)], "in service at 3:30, warm at 7:30");
}

#[test]
fn asg_022_the_further_the_metric_the_larger_the_step() {
    let (mut plan, group, metric) = plan(4);
    let high = alarm(metric, 60, Comparison::GreaterOrEqual);
    let policy = step_policy(&mut plan, "out", high, &[(Some(0), Some(20), 1), (Some(20), None, 4)]);
    plan.capacity.groups[group].policies.push(policy.clone());
    let mut scene = Scene::new(plan, group, metric);
    assert_eq!(sizes(&scene.run(1, Some(60))), [], "two of two datapoints");
    let commands = scene.run(2, Some(85));
    assert_eq!(sizes(&commands), [(2, 8), (3, 12)]);
    let (_, Command::SetDesiredCapacity { decision, .. }) = commands[1] else { panic!("{commands:?}") };
    let because = Because::Step { policy: policy.name, metric, value: 85_000_000, threshold: 60_000_000, change: 4 };
    assert_eq!(decision, because);
    let commands = scene.run(2, Some(59));
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(matches!(commands[0].1, Command::SetAlarm { alarm: Alarm::Policy(_), in_alarm: false, .. }));
}

#[test]
fn asg_021_the_largest_capacity_wins() {
    let (mut plan, group, metric) = plan(8);
    let low = || alarm(metric, 30, Comparison::Less);
    let three = step_policy(&mut plan, "minus-three", low(), &[(None, Some(0), -3)]);
    let mut quarter = step_policy(&mut plan, "minus-quarter", low(), &[(None, Some(0), -25)]);
    if let PolicyKind::Step { policy, .. } = &mut quarter.kind {
        policy.adjustment_type = AdjustmentType::PercentChangeInCapacity;
    }
    let name = quarter.name;
    plan.capacity.groups[group].policies.extend([three, quarter]);
    let mut scene = Scene::new(plan, group, metric);
    let commands = scene.run(2, Some(10));
    assert_eq!(sizes(&commands), [(2, 6)], "AWS: 8 instances, -3 against -25 %: two go");
    let Some((_, Command::SetDesiredCapacity { decision: Because::Step { policy, .. }, .. })) = commands.last() else {
        panic!("{commands:?}")
    };
    assert_eq!(*policy, name);
}

#[test]
fn asg_021_who_is_at_the_maximum_keeps_others_from_shrinking() {
    let (mut plan, group, metric) = plan(20);
    let queue = plan.metric("queue");
    let low = step_policy(&mut plan, "in", alarm(metric, 30, Comparison::Less), &[(None, Some(0), -3)]);
    let high = step_policy(&mut plan, "out", alarm(queue, 100, Comparison::Greater), &[(Some(0), None, 2)]);
    plan.capacity.groups[group].policies.extend([low, high]);
    let mut scene = Scene::new(plan, group, metric);
    scene.lab.measure(queue, Some(500));
    let commands = scene.run(4, Some(10));
    assert_eq!((sizes(&commands), withheld(&commands)), (vec![], vec![(2, Withheld::MaxSize(20))]));
    scene.lab.measure(queue, Some(5));
    assert_eq!(sizes(&scene.run(1, Some(10))), [(5, 17)]);
}

#[test]
fn asg_024_only_simple_scaling_waits_for_the_cooldown() {
    let (mut plan, group, metric) = plan(4);
    let policy = simple_policy(&mut plan, "plus-two", alarm(metric, 60, Comparison::Greater), 2);
    plan.capacity.groups[group].policies.push(policy.clone());
    let mut scene = Scene::new(plan, group, metric);
    let commands = scene.run(12, Some(90));
    assert_eq!(sizes(&commands), [(2, 6), (7, 8), (12, 10)], "300 s after the new ones are in service");
    let first = Because::Simple { policy: policy.name, metric, value: 90_000_000, threshold: 60_000_000, change: 2 };
    assert!(
        commands
            .iter()
            .any(|(_, command)| matches!(command, Command::SetDesiredCapacity { decision, .. } if *decision == first))
    );
    assert_eq!(withheld(&commands), [3, 8].map(|at| (at, Withheld::Cooldown { left: Span::from_secs(240) })));
    // It begins when the last instance is ready, however long that takes.
    scene.arrives = false;
    assert_eq!(sizes(&scene.run(10, Some(90))), [(17, 12)]);
    for instance in scene.lab.launching() {
        scene.lab.arrive(instance);
    }
    assert_eq!(sizes(&scene.run(5, Some(90))), [(27, 14)]);
}

#[test]
fn asg_042_suspended_alarm_notification() {
    let (mut plan, group, metric) = plan(4);
    let policy = target_tracking(&mut plan, "load-50", ScalingMetric::Custom(metric), 50);
    plan.capacity.groups[group].policies.push(policy);
    let mut scene = Scene::new(plan, group, metric);
    let suspended = Processes::NONE.with(Process::AlarmNotification);
    scene.lab.apply(Fact::ProcessesChanged { group, suspended });
    let commands = scene.run(5, Some(90));
    assert_eq!(withheld(&commands), [(3, Withheld::Suspended)]);
    assert!(matches!(commands[0].1, Command::SetAlarm { in_alarm: true, .. }), "the alarm itself goes on");
    assert_eq!(sizes(&commands), []);
    scene.lab.apply(Fact::ProcessesChanged { group, suspended: Processes::NONE });
    assert_eq!(sizes(&scene.run(1, Some(90))), [(6, 8)]);
}

fn action(plan: &mut Plan, name: &str, at: &[u64], sizes: (Option<u32>, Option<u32>, Option<u32>)) -> ScheduledAction {
    let at = at.iter().map(|secs| SimTime::from_ms(secs * 1_000)).collect();
    let (min_size, max_size, desired_capacity) = sizes;
    ScheduledAction { name: plan.policy(name), at, min_size, max_size, desired_capacity }
}

#[test]
fn asg_025_scheduled_actions_in_their_order() {
    let (mut plan, group, metric) = plan(4);
    let actions = [
        action(&mut plan, "morning", &[100, 500], (None, Some(30), Some(25))),
        action(&mut plan, "evening", &[300], (Some(2), Some(10), None)),
        action(&mut plan, "same-time", &[300], (None, None, Some(50))),
        action(&mut plan, "impossible", &[400], (Some(11), None, None)),
    ];
    let names = actions.clone().map(|action| action.name);
    plan.capacity.groups[group].schedule.extend(actions);
    let mut scene = Scene::new(plan, group, metric);
    assert_eq!(scene.wake, Some(SimTime::from_ms(100_000)), "nothing to do before that");
    let commands: Vec<(u64, Command)> = scene.run(20, None);
    let scheduled =
        |at, to, action| (at, Command::SetDesiredCapacity { group, to, decision: Because::Scheduled { action } });
    let resized = |at, min_size, max_size, action| (at, Command::SetGroupSize { group, min_size, max_size, action });
    assert_eq!(
        commands,
        [
            resized(100, 1, 30, names[0]),
            scheduled(100, 25, names[0]),
            resized(300, 2, 10, names[1]),
            // `evening` leaves the rest to the group itself, and `same-time` finds 10 of at most 10.
            resized(500, 2, 30, names[0]),
            scheduled(500, 25, names[0]),
        ]
    );
    assert_eq!((scene.wake, scene.desired()), (None, 25));
}

#[test]
fn asg_042_scheduled_actions_that_were_missed_are_lost() {
    let (mut plan, group, metric) = plan(4);
    let once = action(&mut plan, "morning", &[100, 200], (None, None, Some(9)));
    plan.capacity.groups[group].schedule.push(once);
    let mut scene = Scene::new(plan, group, metric);
    scene.lab.apply(Fact::ProcessesChanged { group, suspended: Processes::NONE.with(Process::ScheduledActions) });
    assert_eq!(scene.run(3, None), []);
    scene.lab.apply(Fact::ProcessesChanged { group, suspended: Processes::NONE });
    assert_eq!(sizes(&scene.run(1, None)), [(3, 9)], "the one at 200 s");
}

// proves: CW-020
#[test]
fn cw_021_reservation_of_the_cluster() {
    let mut plan = Plan::new();
    let group = plan.auto_scaling_group("web", (0, 0, 9), &["a"]);
    plan.option(LaunchOwner::Group(group), "m5.large", "a", room(2_048, 7_680), 96);
    let (cpu, memory) = (plan.metric("cpu"), plan.metric("memory"));
    plan.instance("i1", "a", room(16_384, 30_158), &[]);
    plan.instance("i2", "a", room(2_048, 3_768), &[]);
    let task = plan.task("worker", 1_024, 2_048);
    let placement = plan.placement(&[], &[]);
    let tasks = plan.group("family:worker");
    let high = target_tracking(&mut plan, "cpu", ScalingMetric::ClusterCpuReservation(cpu), 50);
    let policies =
        [high.clone(), target_tracking(&mut plan, "memory", ScalingMetric::ClusterMemoryReservation(memory), 70)];
    plan.capacity.groups[group].policies.extend(policies);
    let mut scene = Scene::new(plan, group, cpu);
    let request = scene.lab.request(task, tasks, placement);
    for at in 0..11 {
        let instance = scene.lab.instance(if at < 10 { "i1" } else { "i2" });
        let task = scene.lab.put(&request, instance);
        if at != 5 {
            // One stays PENDING and does not count.
            scene.lab.apply(Fact::TaskStatusChanged { task, to: ecsim_cluster::TaskStatus::Running });
        }
    }
    let commands = scene.run(3, None);
    let Some((_, Command::SetDesiredCapacity { to, decision, .. })) = commands.last() else { panic!("{commands:?}") };
    // AWS's example: 10,240 of 18,432 units are 55.56 %, 20,480 of 33,926 MiB 60.37 %.
    let (value, target) = (55_555_556, 50_000_000);
    assert_eq!(
        *decision,
        Because::TargetTracking { policy: high.name, metric: cpu, value, target, capacity: 0, raw: 1 }
    );
    assert_eq!(*to, 1, "SAS-026: from zero to one");
}

#[test]
fn asg_023_the_group_metric_leaves_out_what_warms_up() {
    let (mut plan, group, _) = plan(2);
    let cpu = plan.metric("cpu");
    let task = plan.task("worker", 1_024, 1_024);
    let placement = plan.placement(&[], &[]);
    let tasks = plan.group("family:worker");
    let mut policy = target_tracking(&mut plan, "cpu", ScalingMetric::GroupCpuUtilization(cpu), 70);
    policy.warmup = Some(Span::from_mins(10));
    plan.capacity.groups[group].policies.push(policy);
    let mut scene = Scene::new(plan, group, cpu);
    scene.lab.now = SimTime::from_ms(1_000);
    scene.lab.apply(Fact::DesiredCapacityChanged { group, to: 3 });
    scene.fit();
    let request = scene.lab.request(task, tasks, placement);
    let instances = scene.instances();
    for instance in [instances[0], instances[0], instances[1]] {
        let task = scene.lab.put(&request, instance);
        scene.lab.apply(Fact::TaskStatusChanged { task, to: ecsim_cluster::TaskStatus::Running });
    }
    let spec = scene.lab.capacity.groups[group].clone();
    let value = |scene: &Scene| scene.controller.sample(&scene.lab.view(), &spec, &spec.policies[0]);
    assert_eq!(value(&scene), Some(Metric::whole(75)), "3 of 4 halves");
    scene.lab.now = SimTime::from_ms(601_000);
    assert_eq!(value(&scene), Some(Metric::whole(50)), "3 of 6");
}

#[test]
fn cw_002_a_period_of_minutes_slides() {
    let (mut plan, group, metric) = plan(4);
    let mut high = alarm(metric, 50, Comparison::Greater);
    high.period = Span::from_mins(3);
    (high.evaluation_periods, high.datapoints_to_alarm) = (1, 1);
    let policy = step_policy(&mut plan, "out", high, &[(Some(0), None, 1)]);
    plan.capacity.groups[group].policies.push(policy);
    let mut scene = Scene::new(plan, group, metric);
    assert_eq!(sizes(&scene.run(3, Some(20))), []);
    assert_eq!(sizes(&scene.run(2, Some(80))), [(5, 5)], "20, 80, 80 are 60 on average; 20, 20, 80 are 40");
}

#[test]
fn lat_014_a_sample_is_known_when_it_is_published() {
    let (mut plan, group, metric) = plan(4);
    let policy = target_tracking(&mut plan, "load-50", ScalingMetric::Custom(metric), 50);
    plan.capacity.groups[group].policies.push(policy);
    let mut scene = Scene::new(plan, group, metric);
    scene.lab.settings.capacity.metric_publish_delay = Span::from_secs(50);
    let commands = scene.run(4, Some(70));
    assert_eq!(commands[0].0, 3 * 60 + 50);
}

#[test]
fn a_group_without_policies_and_actions_has_no_loop() {
    let (plan, group, _) = plan(4);
    assert!(GroupScalingController::new(group, &plan.capacity.groups[group]).is_none());
}
