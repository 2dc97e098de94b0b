//! Queues with a known answer: M/M/c against Erlang C, M/M/c/c against Erlang B.

mod kit;

use std::sync::Arc;

use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{Cluster, Fact, Observer};
use ecsim_engine::builder::Builder;
use ecsim_engine::model::{Arrivals, WhenUnplaced};
use ecsim_engine::{Model, Simulation};
use ecsim_kernel::{Distribution, SimTime, math};

const SLOTS: u32 = 8;
const SERVICE_SECS: f64 = 100.0;
const WARM_UP: usize = 500;
const MEASURED: usize = 15_000;
const RUNS: u64 = 20;
/// The 99.5 % point of Student's t with 19 degrees of freedom.
const T: f64 = 2.861;

/// How long each copy waited, in seconds; `None` where it was turned away.
#[derive(Default)]
struct Waits {
    requested: Vec<SimTime>,
    waits: Vec<Option<f64>>,
}

impl Observer for Waits {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        match *fact {
            Fact::TaskRequested { ordinal, .. } => {
                assert_eq!(ordinal as usize, self.requested.len());
                self.requested.push(now);
                self.waits.push(None);
            }
            Fact::TaskCreated { origin: TaskOrigin::Source { ordinal, .. }, .. } => {
                let asked = self.requested[ordinal as usize];
                self.waits[ordinal as usize] = Some(now.since(asked).secs_f64());
            }
            _ => {}
        }
    }
}

/// One instance of eight slots, or eight of one.
fn waits(load: f64, when_unplaced: WhenUnplaced, one_big: bool) -> Vec<Vec<Option<f64>>> {
    let mut builder = Builder::new();
    let (cpu, count) = if one_big { (1024 * SLOTS, 1) } else { (1024, SLOTS) };
    let shape = builder.shape("slots", kit::room(cpu, 1_000_000));
    builder.instances("host", shape, "us-east-1a", count);
    let job = builder.task_definition("job", Builder::needs(1024, 10));
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    let arrivals = Arrivals::Renewal {
        interval: Distribution::exponential(SERVICE_SECS / f64::from(SLOTS) / load).unwrap(),
        first_at_start: false,
        from: SimTime::ZERO,
        until: SimTime::MAX,
        limit: (WARM_UP + MEASURED) as u64,
    };
    let duration = Distribution::exponential(SERVICE_SECS).unwrap();
    builder.source("jobs", job, placement, arrivals, Some(duration), when_unplaced);
    builder.duration = ecsim_kernel::Span::from_days(3_650);
    let model = builder.build();
    (0..RUNS)
        .map(|run_index| {
            let mut seen = Waits::default();
            Simulation::new(Arc::new(Model { run_index, ..model.clone() })).run(&mut seen);
            seen.waits.split_off(WARM_UP)
        })
        .collect()
}

/// Whether the mean of the replications lies as near to `expected` as it must 99 times of 100.
fn agrees(what: &str, means: &[f64], expected: f64) {
    let n = means.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let variance = means.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let half = T * math::sqrt(variance / n);
    assert!((mean - expected).abs() <= half, "{what}: {mean:.4} ± {half:.4}, theory says {expected:.4}");
    assert!(half < expected * 0.15, "{what}: {mean:.4} ± {half:.4} says nothing");
}

/// The chance that all of `c` servers are busy and nobody may wait, for `a` Erlangs.
fn erlang_b(c: u32, a: f64) -> f64 {
    (1..=c).fold(1.0, |b, servers| a * b / (f64::from(servers) + a * b))
}

#[test]
fn waiting_in_line_follows_erlang_c() {
    let load = 0.8;
    let offered = load * f64::from(SLOTS);
    let b = erlang_b(SLOTS, offered);
    let c = b / (1.0 - load * (1.0 - b));
    let mean_wait = c * SERVICE_SECS / (f64::from(SLOTS) - offered);
    for one_big in [true, false] {
        let runs = waits(load, WhenUnplaced::Queue, one_big);
        let count = |run: &Vec<Option<f64>>| run.len() as f64;
        let waited: Vec<f64> =
            runs.iter().map(|run| run.iter().filter(|wait| wait.unwrap() > 0.0).count() as f64 / count(run)).collect();
        let means: Vec<f64> =
            runs.iter().map(|run| run.iter().map(|wait| wait.unwrap()).sum::<f64>() / count(run)).collect();
        agrees("waiting probability", &waited, c);
        agrees("mean wait", &means, mean_wait);
    }
}

#[test]
fn turning_away_follows_erlang_b() {
    let load = 0.8;
    let runs = waits(load, WhenUnplaced::Drop, false);
    let lost: Vec<f64> =
        runs.iter().map(|run| run.iter().filter(|wait| wait.is_none()).count() as f64 / run.len() as f64).collect();
    agrees("blocking", &lost, erlang_b(SLOTS, load * f64::from(SLOTS)));
}
