//! When workloads call, what a trace says, what observers are told, and what a probe finds out.

mod kit;

use std::sync::Arc;

use ecsim_cluster::{Cluster, Fact, Observer, ServiceId, SourceId, TaskId};
use ecsim_engine::Simulation;
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Arrivals, TraceTask, WhenUnplaced};
use ecsim_engine::probe::{Probe, Subject};
use ecsim_kernel::{Distribution, SimTime};
use kit::{Run, at, caller, fleet, ms, run_task, secs};

fn source(arrivals: Arrivals) -> (Builder, SourceId) {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("i", "a", 1_000_000, 1_000_000)]);
    let job = builder.task_definition("job", Builder::needs(1, 1));
    let anywhere = builder.run_task_default(&[]);
    let source = builder.source("jobs", job, anywhere, arrivals, Some(constant(1.0)), WhenUnplaced::Drop);
    (builder, source)
}

fn renewal(interval: Distribution, first_at_start: bool, from: u64, until: SimTime, limit: u64) -> Arrivals {
    Arrivals::Renewal { interval, first_at_start, from: at(from), until, limit }
}

fn calls(arrivals: Arrivals) -> Vec<u64> {
    let (builder, _) = source(arrivals);
    let mut run = Run::new(builder);
    run.sim.run(&mut run.recorder);
    run.times(|fact| matches!(fact, Fact::TaskRequested { .. }))
}

#[test]
fn calls_come_when_they_are_due() {
    assert_eq!(calls(Arrivals::Never), []);
    assert_eq!(calls(Arrivals::At(vec![ms(0), ms(5), ms(5), at(9)])), [0, 5, 5, 9_000]);
    let every = |first| renewal(constant(10.0), first, 20, at(50), u64::MAX);
    assert_eq!(calls(every(true)), [20_000, 30_000, 40_000], "none at the end itself");
    assert_eq!(calls(every(false)), [30_000, 40_000]);
    assert_eq!(calls(renewal(constant(10.0), true, 20, SimTime::MAX, 2)), [20_000, 30_000]);
    assert_eq!(calls(renewal(constant(10.0), true, 20, SimTime::MAX, 0)), []);
}

#[test]
fn fractions_of_a_millisecond_do_not_bend_the_rate() {
    let every = constant(1.0 / 3.0);
    let times = calls(renewal(every, true, 0, at(1_000), u64::MAX));
    assert_eq!(times.len(), 3_000);
    assert_eq!(times[2_997..], [999_000, 999_333, 999_666]);
    assert_eq!(calls(renewal(constant(0.000_25), true, 0, at(1), u64::MAX)).len(), 4_000, "four a millisecond");
}

#[test]
fn a_poisson_process_has_its_rate() {
    let times = calls(renewal(Distribution::exponential(0.5).unwrap(), false, 0, SimTime::MAX, u64::MAX));
    assert!((7_200 - 350..=7_200 + 350).contains(&times.len()), "{}", times.len());
}

#[test]
fn a_trace_says_everything_about_its_tasks() {
    let (mut builder, jobs) = source(Arrivals::Never);
    let template = builder.source_mut(jobs).template.clone();
    let group = builder.definitions_mut().groups.intern("batch");
    let row = |arrival: u64, duration: Option<u64>, cpu: u32, exit_code: i32| TraceTask {
        arrival: at(arrival),
        duration: duration.map(secs),
        requirements: Builder::needs(cpu, 7),
        group,
        placement: template.placement,
        exit_code,
        name: None,
    };
    let rows = [row(3, Some(10), 100, 0), row(3, Some(20), 200, 5), row(8, None, 300, 9)];
    builder.source_mut(jobs).arrivals = Arrivals::Trace(Arc::from(rows));
    let run = Run::whole(builder);
    let reserved: Vec<(u64, u32, &str)> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::TaskCreated { requirements, group, .. } => {
                Some((time.ms(), requirements.cpu, run.cluster().definitions().groups.name(group)))
            }
            _ => None,
        })
        .collect();
    assert_eq!(reserved, [(3_000, 100, "batch"), (3_000, 200, "batch"), (8_000, 300, "batch")]);
    assert_eq!(run.exits(TaskId::new(0)), [(13_000, 0, 0, false)]);
    assert_eq!(run.exits(TaskId::new(1)), [(23_000, 0, 5, false)]);
    assert_eq!(run.exits(TaskId::new(2)), [(9_000, 0, 0, false)], "no duration: as the workload says");
}

/// What a trace of ten rows asks for, in the order of the calls, and when: row `n` comes at second `n` and wants `n` units.
fn asked(shuffled: bool, seed: u64) -> Vec<(u64, u32)> {
    let (mut builder, jobs) = source(Arrivals::Never);
    let template = builder.source_mut(jobs).template.clone();
    let row = |number: u32| TraceTask {
        arrival: at(u64::from(number)),
        duration: Some(secs(u64::from(number))),
        requirements: Builder::needs(number, 7),
        group: template.group,
        placement: template.placement,
        exit_code: 0,
        name: None,
    };
    builder.source_mut(jobs).arrivals = Arrivals::Trace((1..=10).map(row).collect());
    builder.source_mut(jobs).shuffled = shuffled;
    builder.seed = seed;
    let run = Run::whole(builder);
    let asked: Vec<(u64, u32)> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::TaskCreated { requirements, .. } => Some((time.ms(), requirements.cpu)),
            _ => None,
        })
        .collect();
    for (at, (created, cpu)) in asked.iter().enumerate() {
        let end = created + u64::from(*cpu) * 1_000;
        assert_eq!(run.exits(TaskId::new(at as u32)), [(end, 0, 0, false)], "the duration belongs to the row");
    }
    asked
}

#[test]
fn the_rows_of_a_shuffled_trace_change_places_and_their_times_stay() {
    let plain = asked(false, 1);
    assert_eq!(plain, (1..=10).map(|number| (u64::from(number) * 1_000, number)).collect::<Vec<_>>());
    let shuffled = asked(true, 1);
    assert_ne!(shuffled, plain);
    let times = |rows: &[(u64, u32)]| rows.iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(times(&shuffled), times(&plain));
    let mut needs: Vec<u32> = shuffled.iter().map(|it| it.1).collect();
    needs.sort_unstable();
    assert_eq!(needs, (1..=10).collect::<Vec<u32>>(), "each row comes once");
    assert_eq!(asked(true, 1), shuffled, "the same seed, the same order");
    assert_ne!(asked(true, 2), shuffled);
}

#[test]
fn a_workloads_duration_is_about_the_container_that_does_the_work() {
    let (mut builder, jobs) = source(Arrivals::At(vec![at(1)]));
    let job = builder.definitions().task_definitions.ids().next().unwrap();
    let mut main = builder.task_definition_mut(job).containers[0].clone();
    main.name = "main".into();
    builder.task_definition_mut(job).containers.push(main);
    builder.task_definition_mut(job).containers[0].essential = false;
    let behavior = builder.behavior_mut(job);
    behavior.containers.push(behavior.containers[0].clone());
    behavior.containers[0].duration = Some(constant(2.0));
    builder.source_mut(jobs).duration = Some(constant(5.0));
    let run = Run::whole(builder);
    assert_eq!(run.exits(TaskId::new(0)), [(3_000, 0, 0, false), (6_000, 1, 0, false)]);
}

#[derive(Default)]
struct Clock {
    periods: Vec<u64>,
    ends: Vec<u64>,
}

impl Observer for Clock {
    fn observe(&mut self, _: SimTime, _: &Fact, _: &Cluster) {}

    fn period_ended(&mut self, now: SimTime, _: &Cluster) {
        self.periods.push(now.ms());
    }

    fn run_ended(&mut self, now: SimTime, _: &Cluster) {
        self.ends.push(now.ms());
    }
}

#[test]
fn observers_hear_of_every_period_and_once_of_the_end() {
    let (mut builder, _) = source(Arrivals::Never);
    builder.duration = secs(150);
    builder.metrics_period = secs(60);
    let mut sim = Simulation::new(builder.build());
    let mut clock = Clock::default();
    sim.run(&mut clock);
    sim.run(&mut clock);
    assert_eq!((clock.periods, clock.ends), (vec![60_000, 120_000], vec![150_000]));
    assert_eq!(sim.now(), sim.end());
}

#[test]
fn a_probe_finds_the_decision_it_was_asked_for() {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("a", "a", 1024, 1000), ("b", "b", 1024, 1000)]);
    let job = builder.task_definition("job", Builder::needs(1, 600));
    let jobs = caller(&mut builder, "jobs", job, &["spread(instanceId)"]);
    run_task(&mut builder, jobs, &[1, 2, 3]);
    let default = builder.service_default(&[]);
    let service = builder.service("web", job, 0, default);
    builder.call(at(10), kit::scale(service, 1));
    let ask = |probe: Probe| {
        let mut sim = Simulation::new(builder.clone().build());
        sim.set_probe(Some(probe));
        sim.run(&mut ());
        sim.take_explained()
    };
    let task = ask(Probe::Task(TaskId::new(1)));
    assert_eq!((task[0].at, task[0].chosen.map(|id| id.get())), (at(2), Some(1)));
    let third = ask(Probe::Copy { source: jobs, ordinal: 2 });
    assert_eq!((third.len(), third[0].chosen, third[0].subject), (1, None, Subject::Copy { source: jobs, ordinal: 2 }));
    let tries = ask(Probe::Service { service: ServiceId::new(0), from: at(20), limit: 3 });
    let times: Vec<u64> = tries.iter().map(|explained| explained.at.ms()).collect();
    assert_eq!(times, [25_001, 55_001, 355_001]);
}

#[test]
fn a_run_can_be_driven_step_by_step() {
    let (builder, _) = source(renewal(constant(10.0), true, 0, at(100), u64::MAX));
    let model = Arc::new(builder.build());
    let mut whole = kit::Fingerprint::default();
    Simulation::new(Arc::clone(&model)).run(&mut whole);
    let mut sim = Simulation::new(Arc::clone(&model));
    let mut stepped = kit::Fingerprint::default();
    while sim.next_due().is_some_and(|due| due <= sim.end()) {
        assert!(sim.step(&mut stepped));
    }
    assert!(!sim.step(&mut stepped));
    assert_eq!(whole.0.value(), stepped.0.value());
    assert!(sim.counts().facts > 60 && sim.counts().events > 30 && sim.counts().placements == 10);
}
