//! What the measured cases share: a scenario run with many seeds, and questions to the facts of a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ecsim::cluster::fact::{TaskOrigin, TerminationReason};
use ecsim::cluster::scaling::Reservation;
use ecsim::cluster::{
    Cluster, Fact, InstanceId, InstanceLifecycle, InstanceStatus, Market, Observer, ProviderId, TaskId, TaskStatus,
};
use ecsim::engine::{Model, Simulation};
use ecsim::kernel::SimTime;
use ecsim::scenario::document::Limits;
use ecsim::scenario::prepare;
use ecsim::scenario::source::MemoryFiles;

/// How many seeds stand behind a median.
pub const SEEDS: u64 = 20;

/// The model of a scenario, with `--set` values and files beside it.
#[track_caller]
pub fn model_with(text: &str, files: &MemoryFiles, sets: &[String]) -> Model {
    let files = files.clone().with("case.yaml", text);
    let prepared = prepare(&files, "case.yaml", sets, &Limits::default());
    let problems: Vec<String> = prepared.diagnostics.iter().map(|problem| problem.message.clone()).collect();
    match prepared.ready {
        Some(ready) => ready.model,
        None => panic!("cannot be run: {problems:#?}\n{text}"),
    }
}

/// What is wrong with a scenario.
pub fn problems(text: &str, files: &MemoryFiles) -> Vec<String> {
    let files = files.clone().with("case.yaml", text);
    let prepared = prepare(&files, "case.yaml", &[], &Limits::default());
    prepared.diagnostics.iter().map(|problem| problem.message.clone()).collect()
}

/// The model of a scenario.
#[track_caller]
pub fn model(text: &str) -> Model {
    model_with(text, &MemoryFiles::new(), &[])
}

/// One run.
#[track_caller]
pub fn run(text: &str, sets: &[String]) -> Run {
    Run::of(model_with(text, &MemoryFiles::new(), sets))
}

/// What `judge` makes of a run for each of [`SEEDS`] seeds.
#[track_caller]
pub fn over_seeds<T: Send>(text: &str, judge: impl Fn(&Run) -> T + Sync) -> Vec<T> {
    in_parallel(SEEDS, |seed| judge(&run(text, &[format!("simulation.seed={}", seed + 1)])))
}

/// Calls `job` with 0, 1, ... on all cores; the answers are in that order.
pub fn in_parallel<T: Send>(count: u64, job: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let answers = Mutex::new(BTreeMap::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    let answer = job(at);
                    answers.lock().expect("no job panicked").insert(at, answer);
                }
            });
        }
    });
    answers.into_inner().expect("no job panicked").into_values().collect()
}

/// The value in the middle, or the mean of the two there.
#[track_caller]
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    assert!(!values.is_empty(), "a median of nothing");
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
}

/// The value that a share of all lies below: `quantile(.., 0.95)`.
#[track_caller]
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// The smallest value.
pub fn least(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
}

/// The largest value.
pub fn most(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

/// Says what was measured (seen with `--nocapture`), and that it lies where it must.
#[track_caller]
pub fn holds(what: &str, value: f64, at_least: f64, at_most: f64) {
    println!("{what}: {value:.3} (must be {at_least} to {at_most})");
    assert!((at_least..=at_most).contains(&value), "{what} is {value}, must be {at_least} to {at_most}");
}

/// The life of a task, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    pub task: TaskId,
    /// The service or the workload.
    pub owner: String,
    pub provider: Option<ProviderId>,
    pub created: f64,
    pub pull_started: Option<f64>,
    pub pulled: Option<f64>,
    pub running: Option<f64>,
    pub stop_requested: Option<f64>,
    pub stopped: Option<f64>,
}

/// The life of an instance that a group or a provider launched, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    pub instance: InstanceId,
    pub name: String,
    pub market: Market,
    pub launched: f64,
    pub registered: Option<f64>,
    pub in_service: Option<f64>,
    pub draining: Option<f64>,
    /// When it left the warm pool.
    pub left_pool: Option<f64>,
    /// When it came to rest in the warm pool.
    pub warm: Option<f64>,
    pub noticed: Option<f64>,
    pub terminating: Option<f64>,
    pub terminated: Option<f64>,
    pub gone: Option<f64>,
    pub reason: Option<TerminationReason>,
}

/// A run that is over.
pub struct Run {
    pub simulation: Simulation,
    pub facts: Vec<(SimTime, Fact)>,
}

struct Recorder(Vec<(SimTime, Fact)>);

impl Observer for Recorder {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        self.0.push((now, *fact));
    }
}

fn secs(at: SimTime) -> f64 {
    at.ms() as f64 / 1_000.0
}

impl Run {
    /// Runs a model to its end.
    pub fn of(model: impl Into<Arc<Model>>) -> Self {
        let mut simulation = Simulation::new(model);
        let mut recorder = Recorder(Vec::new());
        simulation.run(&mut recorder);
        assert!(simulation.overrun().is_none(), "{:?}", simulation.overrun());
        Self { simulation, facts: recorder.0 }
    }

    pub fn cluster(&self) -> &Cluster {
        self.simulation.cluster()
    }

    /// Seconds of the run.
    pub fn duration(&self) -> f64 {
        secs(self.simulation.end())
    }

    /// When such facts happened, in seconds.
    pub fn times(&self, wanted: impl Fn(&Fact) -> bool) -> Vec<f64> {
        self.facts.iter().filter(|(_, fact)| wanted(fact)).map(|(at, _)| secs(*at)).collect()
    }

    /// What is found in the facts, with its time in seconds.
    pub fn found<T>(&self, of: impl Fn(&Fact) -> Option<T>) -> Vec<(f64, T)> {
        self.facts.iter().filter_map(|(at, fact)| of(fact).map(|found| (secs(*at), found))).collect()
    }

    fn owner(&self, origin: TaskOrigin) -> String {
        match origin {
            TaskOrigin::Service { service, .. } => self.cluster().definitions().services[service].name.clone(),
            TaskOrigin::Source { source, .. } => self.cluster().definitions().sources[source].name.clone(),
        }
    }

    /// Every task there was, in the order of creation.
    pub fn tasks(&self) -> Vec<Life> {
        let mut all: BTreeMap<TaskId, Life> = BTreeMap::new();
        for (at, fact) in &self.facts {
            let at = secs(*at);
            let mut note = |task: TaskId, change: &dyn Fn(&mut Life)| {
                change(all.get_mut(&task).expect("a task is created before anything else"));
            };
            match *fact {
                Fact::TaskCreated { task, origin, provider, .. } => {
                    let owner = self.owner(origin);
                    let life = Life {
                        task,
                        owner,
                        provider,
                        created: at,
                        pull_started: None,
                        pulled: None,
                        running: None,
                        stop_requested: None,
                        stopped: None,
                    };
                    all.insert(task, life);
                }
                Fact::ImagePullStarted { task } => note(task, &|life| life.pull_started = Some(at)),
                Fact::ImagePullStopped { task } => note(task, &|life| life.pulled = Some(at)),
                Fact::TaskStatusChanged { task, to: TaskStatus::Running } => {
                    note(task, &|life| life.running = Some(at));
                }
                Fact::TaskStatusChanged { task, to: TaskStatus::Stopped } => {
                    note(task, &|life| life.stopped = Some(at));
                }
                Fact::TaskStopRequested { task, .. } => note(task, &|life| life.stop_requested = Some(at)),
                _ => {}
            }
        }
        all.into_values().collect()
    }

    /// When tasks came to RUNNING, ascending.
    pub fn starts(&self) -> Vec<f64> {
        self.times(|fact| matches!(fact, Fact::TaskStatusChanged { to: TaskStatus::Running, .. }))
    }

    /// Every instance that was launched, in that order; those there at the start were launched at 0.
    pub fn machines(&self) -> Vec<Machine> {
        let mut all: BTreeMap<InstanceId, Machine> = BTreeMap::new();
        for (at, fact) in &self.facts {
            let at = secs(*at);
            match *fact {
                Fact::InstanceLaunched { instance, market, .. } => {
                    let machine = Machine {
                        instance,
                        name: self.cluster().instances()[instance].name.to_string(),
                        market,
                        launched: at,
                        registered: None,
                        in_service: None,
                        draining: None,
                        left_pool: None,
                        warm: None,
                        noticed: None,
                        terminating: None,
                        terminated: None,
                        gone: None,
                        reason: None,
                    };
                    all.insert(instance, machine);
                }
                Fact::InstanceStatusChanged { instance, to } => {
                    let Some(machine) = all.get_mut(&instance) else { continue };
                    match to {
                        InstanceStatus::Active => _ = machine.registered.get_or_insert(at),
                        InstanceStatus::Draining => _ = machine.draining.get_or_insert(at),
                        _ => {}
                    }
                }
                Fact::InstanceLifecycleChanged { instance, to } => {
                    let Some(machine) = all.get_mut(&instance) else { continue };
                    match to {
                        InstanceLifecycle::InService => machine.in_service = Some(at),
                        InstanceLifecycle::WarmedStopped => machine.warm = Some(at),
                        InstanceLifecycle::Pending => machine.left_pool = Some(at),
                        InstanceLifecycle::Terminating => machine.terminating = Some(at),
                        InstanceLifecycle::Terminated => machine.gone = Some(at),
                        _ => {}
                    }
                }
                Fact::SpotInterruptionNoticed { instance, .. } => {
                    if let Some(machine) = all.get_mut(&instance) {
                        machine.noticed = Some(at);
                    }
                }
                Fact::InstanceTerminated { instance, reason } => {
                    if let Some(machine) = all.get_mut(&instance) {
                        machine.terminated = Some(at);
                        machine.reason = Some(reason);
                    }
                }
                _ => {}
            }
        }
        all.into_values().collect()
    }

    /// New desired capacities of the group of that name: when, and how many.
    pub fn desired(&self, name: &str) -> Vec<(f64, u32)> {
        let groups = &self.cluster().definitions().auto_scaling_groups;
        self.found(|fact| match *fact {
            Fact::DesiredCapacityChanged { group, to } if groups[group].name == name => Some(to),
            _ => None,
        })
    }

    /// The samples of CapacityProviderReservation of the provider of that name.
    pub fn reservations(&self, name: &str) -> Vec<(f64, Reservation)> {
        let providers = &self.cluster().definitions().capacity_providers;
        self.found(|fact| match *fact {
            Fact::ReservationSampled { provider, sample } if providers[provider].name == name => Some(sample),
            _ => None,
        })
    }

    /// What services said, and when.
    pub fn events(&self) -> Vec<(f64, String)> {
        self.found(|fact| match *fact {
            Fact::ServiceEvent { service, event } if event.is_listed() => {
                Some(event.message(self.cluster(), service, &[]))
            }
            _ => None,
        })
    }
}
