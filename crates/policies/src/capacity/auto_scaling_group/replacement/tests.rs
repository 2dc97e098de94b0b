//! Whole refreshes and lifetimes of a small group in two zones, driven by its loop. What is launched is in service after a
//! minute.

use std::collections::BTreeMap;

use ecsim_cluster::Fact;
use ecsim_cluster::capacity::Processes;
use ecsim_cluster::definitions::LaunchOwner;

use super::*;
use crate::capacity::auto_scaling_group::controller::GroupController;
use crate::capacity::auto_scaling_group::warm_pool::WarmPool;
use crate::capacity::spec::{WarmPoolSpec, WarmState};
use crate::testkit::{Lab, Plan as Definitions, room};

const ARRIVES_AFTER: Span = Span::from_secs(60);

struct Scene {
    lab: Lab,
    group: AsgId,
    controller: GroupController,
    wake: Option<SimTime>,
    /// Whether EC2 gives what it is asked for.
    comes: bool,
    /// The least healthy instances and the most there ever were, as the loop wanted it.
    least: u32,
    most: u32,
    /// When what went, in whole seconds.
    gone: Vec<(u64, InstanceId, TerminationReason)>,
    ended: Option<(u64, RefreshStatus)>,
    warmup: Span,
    /// When the refresh began, in seconds: times are counted from here.
    began: u64,
}

fn preferences(min_healthy: u32, max_healthy: u32) -> Refresh {
    Refresh {
        min_healthy,
        max_healthy,
        warmup: Some(Span::from_secs(120)),
        skip_matching: false,
        protected: Kept::Wait,
        standby: Kept::Wait,
        checkpoints: Vec::new(),
        checkpoint_delay: Span::from_hours(1),
    }
}

impl Scene {
    /// A group of so many instances, which a second version of its template awaits.
    fn new(desired: u32, change: impl FnOnce(&mut GroupSpec)) -> Self {
        let mut plan = Definitions::new();
        let group = plan.auto_scaling_group("web", (0, desired, 4 * desired), &["a", "b"]);
        for zone in ["a", "b"] {
            plan.option(LaunchOwner::Group(group), "m5.large", zone, room(2_048, 7_680), 96);
        }
        plan.options_of_template(group, 2);
        change(&mut plan.capacity.groups[group]);
        let mut lab = plan.start();
        lab.start_capacity();
        let controller = GroupController::new(group, &lab.cluster);
        let warmup = lab.capacity.groups[group].refreshes.first().and_then(|it| it.warmup).unwrap_or(Span::ZERO);
        let mut scene = Self {
            lab,
            group,
            controller,
            wake: None,
            comes: true,
            least: desired,
            most: desired,
            gone: Vec::new(),
            ended: None,
            warmup,
            began: 0,
        };
        scene.turn();
        scene
    }

    fn row(&self) -> &AutoScalingGroup {
        &self.lab.cluster.groups()[self.group]
    }

    fn templates(&self) -> BTreeMap<u32, usize> {
        let mut templates = BTreeMap::new();
        for id in &self.row().instances {
            *templates.entry(self.lab.cluster.instances()[*id].template).or_insert(0) += 1;
        }
        templates
    }

    fn refresh(&mut self) {
        let group = self.group;
        self.lab.apply(Fact::TemplateChanged { group, version: 2 });
        self.start_refresh();
    }

    fn start_refresh(&mut self) {
        let group = self.group;
        self.lab.now = self.lab.now.max(SimTime::from_ms(1_000_000));
        self.began = self.lab.now.whole_secs();
        self.lab.apply(Fact::InstanceRefreshChanged { group, refresh: 0, to: RefreshStatus::InProgress });
        self.turn();
    }

    fn watch(&mut self) {
        let is_ready = |id: &&InstanceId| {
            let instance = &self.lab.cluster.instances()[**id];
            let since = instance.in_service_at.filter(|_| instance.lifecycle == InstanceLifecycle::InService);
            since.is_some_and(|at| instance.was_there_at_start() || at + self.warmup <= self.lab.now)
        };
        let ready = self.row().instances.iter().filter(is_ready).count() as u32;
        self.least = self.least.min(ready);
        self.most = self.most.max(self.row().counts.capacity);
    }

    fn turn(&mut self) {
        let (mut commands, mut wake) = (Vec::new(), None);
        for _ in 0..1_000 {
            match self.controller.decide(&self.lab.view()) {
                crate::Decision::Act(command) => {
                    self.lab.obey(command);
                    commands.push(command);
                    self.watch();
                }
                crate::Decision::WakeAt(at) => {
                    wake = Some(at);
                    break;
                }
                crate::Decision::Sleep => break,
            }
        }
        assert!(commands.len() < 1_000, "a loop without end: {:?}", commands.last());
        self.wake = wake;
        let secs = self.lab.now.whole_secs() - self.began;
        for command in commands {
            match command {
                Command::TerminateInstance { instance, reason } => self.gone.push((secs, instance, reason)),
                Command::EndRefresh { to, .. } => self.ended = Some((secs, to)),
                _ => {}
            }
        }
    }

    /// Lets instances come into service and the loop have its turns until an instant.
    fn run_until(&mut self, secs: u64) {
        let end = SimTime::from_ms((self.began + secs) * 1_000);
        loop {
            let arrival = |id: &InstanceId| (self.lab.cluster.instances()[*id].launched_at + ARRIVES_AFTER, *id);
            let next = self.lab.launching().iter().map(arrival).min().filter(|_| self.comes);
            let at = next.map(|(at, _)| at).into_iter().chain(self.wake).min().filter(|at| *at <= end);
            let Some(at) = at else { break };
            self.lab.now = at.max(self.lab.now);
            if let Some((_, instance)) = next.filter(|(arrives, _)| *arrives <= at) {
                self.lab.arrive(instance);
            }
            self.turn();
        }
        self.lab.now = end;
    }

    fn times(&self) -> Vec<u64> {
        self.gone.iter().map(|(at, _, _)| *at).collect()
    }
}

#[test]
fn asg_043_terminates_first_in_batches() {
    let mut scene = Scene::new(10, |spec| spec.refreshes.push(preferences(80, 100)));
    scene.refresh();
    scene.run_until(86_400);
    // Two at a time: a minute to come into service, two to warm up.
    assert_eq!(scene.times(), [0, 0, 180, 180, 360, 360, 540, 540, 720, 720]);
    assert_eq!(scene.ended, Some((900, RefreshStatus::Successful)));
    assert_eq!((scene.least, scene.most), (8, 10));
    assert_eq!(scene.templates(), BTreeMap::from([(2, 10)]));
    assert!(scene.gone.iter().all(|(_, _, reason)| *reason == TerminationReason::Refresh));
    let zones: Vec<u32> = scene.row().by_zone.iter().map(|(_, count)| *count).collect();
    assert_eq!(zones, [5, 5]);
}

#[test]
fn asg_043_launches_first_above_a_hundred_percent() {
    let mut scene = Scene::new(10, |spec| spec.refreshes.push(preferences(100, 130)));
    scene.refresh();
    assert_eq!((scene.row().counts.capacity, scene.gone.len()), (13, 0));
    scene.run_until(86_400);
    assert_eq!(scene.times(), [180, 180, 180, 360, 360, 360, 540, 540, 540, 720]);
    assert_eq!(scene.ended, Some((720, RefreshStatus::Successful)));
    assert_eq!((scene.least, scene.most), (10, 13));
    assert_eq!(scene.templates(), BTreeMap::from([(2, 10)]));
}

#[test]
fn asg_043_a_hundred_and_a_hundred_is_one_at_a_time() {
    let mut scene = Scene::new(4, |spec| spec.refreshes.push(preferences(100, 100)));
    scene.refresh();
    scene.run_until(86_400);
    assert_eq!(scene.times(), [0, 180, 360, 540]);
    assert_eq!((scene.least, scene.most), (3, 4));
}

#[test]
fn asg_043_skip_matching_leaves_what_is_up_to_date() {
    let mut skipping = preferences(50, 100);
    skipping.skip_matching = true;
    let mut scene = Scene::new(4, |spec| spec.refreshes.push(skipping));
    // One went by itself, and its replacement is of the new template already.
    let group = scene.group;
    scene.lab.apply(Fact::TemplateChanged { group, version: 2 });
    let first = scene.row().instances[0];
    scene.lab.terminate(first, TerminationReason::User);
    scene.turn();
    scene.run_until(1_000);
    scene.refresh();
    scene.run_until(86_400);
    assert_eq!(scene.gone.len(), 3);
    // Nothing is left for a second one.
    scene.start_refresh();
    assert_eq!(scene.ended, Some((0, RefreshStatus::Successful)));
    assert_eq!(scene.gone.len(), 3);
}

#[test]
fn asg_043_without_skip_matching_all_are_replaced() {
    let mut scene = Scene::new(4, |spec| spec.refreshes.push(preferences(50, 100)));
    scene.start_refresh();
    scene.run_until(86_400);
    assert_eq!(scene.gone.len(), 4, "although the template is the same");
    assert_eq!(scene.templates(), BTreeMap::from([(1, 4)]));
}

#[test]
fn asg_043_checkpoints() {
    let mut careful = preferences(50, 100);
    careful.checkpoints = vec![20, 50, 100];
    careful.checkpoint_delay = Span::from_mins(90);
    let mut scene = Scene::new(10, |spec| spec.refreshes.push(careful));
    scene.refresh();
    scene.run_until(86_400);
    // 20 %: two, warm at 180, then an hour and a half; 50 %: three more; then as the percentages allow.
    let (second, third) = (180 + 5_400, 180 + 5_400 + 180 + 5_400);
    let expected = [[0; 2].as_slice(), &[second; 3], &[third; 5]].concat();
    assert_eq!(scene.times(), expected);
    assert_eq!(scene.ended, Some((third + 180, RefreshStatus::Successful)), "and no rest after the last");
}

#[test]
fn asg_043_the_last_checkpoint_ends_it() {
    let mut half = preferences(50, 100);
    half.checkpoints = vec![50];
    let mut scene = Scene::new(4, |spec| spec.refreshes.push(half));
    scene.refresh();
    scene.run_until(86_400);
    assert_eq!(scene.ended, Some((180, RefreshStatus::Successful)));
    assert_eq!(scene.templates(), BTreeMap::from([(1, 2), (2, 2)]));
}

#[test]
fn asg_043_protected_instances_are_waited_for_an_hour() {
    for (kept, gone, ended) in [
        (Kept::Wait, 3, (540 + 3_600, RefreshStatus::Failed)),
        (Kept::Ignore, 3, (540, RefreshStatus::Successful)),
        (Kept::Refresh, 4, (720, RefreshStatus::Successful)),
    ] {
        let own = Refresh { protected: kept, ..preferences(90, 100) };
        let mut scene = Scene::new(4, |spec| spec.refreshes.push(own));
        let instance = scene.row().instances[0];
        scene.lab.apply(Fact::InstanceProtectionChanged { instance, protected: true });
        scene.refresh();
        scene.run_until(86_400);
        assert_eq!((scene.gone.len(), scene.ended), (gone, Some(ended)), "{kept:?}");
    }
}

#[test]
fn asg_043_instances_that_stand_by() {
    for (kept, left, ended) in [
        (Kept::Wait, true, RefreshStatus::Failed),
        (Kept::Ignore, true, RefreshStatus::Successful),
        (Kept::Refresh, false, RefreshStatus::Successful),
    ] {
        let own = Refresh { standby: kept, ..preferences(50, 100) };
        let mut scene = Scene::new(4, |spec| spec.refreshes.push(own));
        let (group, instance) = (scene.group, scene.row().instances[0]);
        scene.lab.apply(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Standby });
        scene.lab.apply(Fact::DesiredCapacityChanged { group, to: 3 });
        scene.refresh();
        scene.run_until(86_400);
        assert_eq!(scene.row().instances.contains(&instance), left, "{kept:?}");
        assert_eq!(scene.ended.map(|(_, to)| to), Some(ended), "{kept:?}");
        assert_eq!(scene.least, 2, "half of three, rounded up");
    }
}

#[test]
fn asg_043_a_refresh_that_is_stuck_for_an_hour_fails() {
    let mut scene = Scene::new(4, |spec| spec.refreshes.push(preferences(90, 100)));
    scene.comes = false;
    scene.refresh();
    scene.run_until(86_400);
    assert_eq!(scene.gone.len(), 1, "its replacement never comes");
    assert_eq!(scene.ended, Some((3_600, RefreshStatus::Failed)));
}

#[test]
fn asg_043_a_long_warm_up_is_no_standstill() {
    let own = Refresh { warmup: Some(Span::from_hours(5)), ..preferences(50, 100) };
    let mut scene = Scene::new(4, |spec| spec.refreshes.push(own));
    scene.refresh();
    scene.run_until(2 * 86_400);
    assert_eq!(scene.ended, Some((2 * (60 + 18_000), RefreshStatus::Successful)));
}

#[test]
fn asg_043_fourteen_days_at_most() {
    let mut slow = preferences(50, 100);
    slow.checkpoints = vec![25, 50, 100];
    slow.checkpoint_delay = Span::from_days(10);
    let mut scene = Scene::new(4, |spec| spec.refreshes.push(slow));
    scene.refresh();
    scene.run_until(30 * 86_400);
    assert_eq!(scene.ended, Some((14 * 86_400, RefreshStatus::Failed)));
    assert_eq!(scene.gone.len(), 2);
}

#[test]
fn asg_042_nothing_is_replaced_while_launch_terminate_or_refresh_is_suspended() {
    for process in [Process::Launch, Process::Terminate, Process::InstanceRefresh] {
        let mut scene = Scene::new(4, |spec| spec.refreshes.push(preferences(50, 100)));
        let group = scene.group;
        scene.lab.apply(Fact::ProcessesChanged { group, suspended: Processes::NONE.with(process) });
        scene.refresh();
        assert_eq!(scene.gone, [], "{process:?}");
        scene.lab.apply(Fact::ProcessesChanged { group, suspended: Processes::NONE });
        scene.turn();
        assert_eq!(scene.gone.len(), 2);
    }
}

#[test]
fn asg_043_a_smaller_desired_capacity_is_obeyed_in_a_refresh() {
    let mut scene = Scene::new(6, |spec| spec.refreshes.push(preferences(100, 150)));
    scene.refresh();
    let group = scene.group;
    scene.lab.apply(Fact::DesiredCapacityChanged { group, to: 2 });
    scene.turn();
    scene.run_until(86_400);
    assert_eq!(scene.templates(), BTreeMap::from([(2, 2)]));
    assert_eq!(scene.ended.map(|(_, to)| to), Some(RefreshStatus::Successful));
}

#[test]
fn asg_043_a_cancelled_refresh_leaves_the_rest() {
    let mut scene = Scene::new(4, |spec| spec.refreshes.push(preferences(90, 100)));
    scene.refresh();
    let group = scene.group;
    scene.lab.apply(Fact::InstanceRefreshChanged { group, refresh: 0, to: RefreshStatus::Cancelled });
    scene.turn();
    scene.run_until(86_400);
    assert_eq!((scene.gone.len(), scene.ended), (1, None));
    assert_eq!(scene.row().counts.in_service, 4);
}

#[test]
fn asg_045_one_by_one_without_a_maintenance_policy() {
    let mut scene = Scene::new(4, |spec| {
        spec.max_lifetime = Some(Span::from_days(2));
        spec.default_warmup = Some(Span::from_secs(120));
    });
    assert_eq!(scene.wake, Some(SimTime::ZERO + Span::from_days(2)), "nothing to look at until then");
    scene.warmup = Span::from_secs(120);
    let day2 = 2 * 86_400;
    scene.run_until(day2 + 86_400);
    assert_eq!(scene.times(), [0, 180, 360, 540].map(|after| day2 + after));
    assert!(scene.gone.iter().all(|(_, _, reason)| *reason == TerminationReason::Lifetime));
    assert_eq!((scene.least, scene.most), (3, 4));
    // The first new one was launched at the end of the second day.
    assert_eq!(scene.wake, Some(SimTime::ZERO + Span::from_days(4)));
}

#[test]
fn asg_045_a_tenth_at_once() {
    let mut scene = Scene::new(40, |spec| spec.max_lifetime = Some(Span::from_days(1)));
    scene.run_until(86_400);
    assert_eq!(scene.gone.len(), 4);
    scene.run_until(86_400 + 3_600);
    assert_eq!(scene.gone.len(), 40);
    assert_eq!((scene.least, scene.most), (36, 40));
    assert_eq!(*scene.times().last().expect("some went"), 86_400 + 9 * 60);
}

#[test]
fn asg_044_a_maintenance_policy_bounds_lifetimes() {
    let mut scene = Scene::new(40, |spec| {
        spec.max_lifetime = Some(Span::from_days(1));
        spec.maintenance = Some((100, 105));
    });
    scene.run_until(86_400);
    assert_eq!((scene.row().counts.capacity, scene.gone.len()), (42, 0), "launched first");
    scene.run_until(2 * 86_400 - 1);
    assert_eq!(scene.gone.len(), 40);
    assert_eq!((scene.least, scene.most), (40, 42));
    assert_eq!(scene.row().counts.capacity, 40);
}

#[test]
fn asg_045_protected_instances_are_not_replaced() {
    let mut scene = Scene::new(4, |spec| spec.max_lifetime = Some(Span::from_days(1)));
    for instance in scene.row().instances.clone() {
        scene.lab.apply(Fact::InstanceProtectionChanged { instance, protected: true });
    }
    scene.run_until(2 * 86_400);
    assert_eq!(scene.gone, []);
    let instance = scene.row().instances[2];
    scene.lab.apply(Fact::InstanceProtectionChanged { instance, protected: false });
    scene.turn();
    scene.run_until(2 * 86_400 + 7_200);
    assert_eq!(scene.gone.iter().map(|(_, id, _)| *id).collect::<Vec<_>>(), [instance]);
}

#[test]
fn asg_043_outdated_instances_of_the_warm_pool_go_too() {
    let mut scene = Scene::new(2, |spec| {
        spec.refreshes.push(preferences(50, 100));
        let size = WarmPool { max_group_prepared_capacity: Some(2), min_size: 1 };
        spec.warm_pool = Some(WarmPoolSpec { size, state: WarmState::Stopped });
    });
    let warm = *scene.row().instances.last().expect("a warm one");
    scene.lab.apply(Fact::InstanceLifecycleChanged { instance: warm, to: InstanceLifecycle::WarmedStopped });
    scene.refresh();
    assert_eq!(scene.gone[0].1, warm);
    let rows = scene.row().instances.iter().map(|id| &scene.lab.cluster.instances()[*id]);
    assert!(rows.filter(|row| row.lifecycle.is_warm()).all(|row| row.template == 2));
}
