//! A run is plain data: a copy goes its own way, and nothing outside a run touches it.

#[path = "swarm/dice.rs"]
mod dice;
#[path = "swarm/fleet.rs"]
mod fleets;
mod kit;

use std::sync::Arc;

use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Arrivals, Call, Crash, WhenUnplaced};
use ecsim_engine::{Model, Simulation};
use ecsim_kernel::{Distribution, SimTime};
use ecsim_policies::settings::TieBreak;
use kit::{Fingerprint, at, digest_of, fleet, named, scale};

/// A cluster with something of everything that draws random numbers.
fn busy(seed: u64, last_words: bool) -> Arc<Model> {
    let mut builder = Builder::new();
    builder.seed = seed;
    builder.settings.placement_tie_break = TieBreak::Random;
    let names: Vec<(String, &str)> = (0..9).map(|number| (format!("i{number}"), ["a", "b", "c"][number % 3])).collect();
    let list: Vec<(&str, &str, u32, u32)> =
        names.iter().map(|(name, zone)| (name.as_str(), *zone, 2048, 4096)).collect();
    let instances = fleet(&mut builder, &list);
    let web = builder.task_definition("web", Builder::needs(256, 300));
    builder.behavior_mut(web).containers[0].crash =
        Some(Crash { after: Distribution::exponential(600.0).unwrap(), probability: 0.5, exit_code: 1 });
    builder.behavior_mut(web).containers[0].cold_pull = Distribution::log_normal(5.0, 20.0).unwrap();
    let spread = builder.service_default(&[]);
    let service = builder.service("web", web, 12, spread);
    let job = builder.task_definition("job", Builder::needs(512, 700));
    let anywhere = builder.run_task_default(&[]);
    let arrivals = Arrivals::Renewal {
        interval: Distribution::exponential(10.0).unwrap(),
        first_at_start: false,
        from: SimTime::ZERO,
        until: at(3_600),
        limit: u64::MAX,
    };
    let duration = Distribution::log_normal(120.0, 500.0).unwrap();
    builder.source("jobs", job, anywhere, arrivals, Some(duration), WhenUnplaced::Queue);
    builder.call(at(600), Call::TerminateInstances { instances: named(&instances[..2]) });
    builder.call(at(1_200), scale(service, 16));
    if last_words {
        builder.call(at(2_400), scale(service, 5));
    }
    let cold = constant(1.0);
    builder.behavior_mut(job).containers[0].cold_pull = cold;
    Arc::new(builder.build())
}

#[test]
fn a_fork_ends_as_the_unforked_run_and_leaves_it_alone() {
    for seed in 1..=5 {
        let model = busy(seed, true);
        let whole = digest_of(&model);
        let mut first = Simulation::new(Arc::clone(&model));
        let mut fingerprint = Fingerprint::default();
        first.run_until(at(1_500), &mut fingerprint);
        let (mut second, mut third) = (first.clone(), first.clone());
        let (mut other, mut another) = (fingerprint.clone(), fingerprint.clone());
        second.run(&mut other);
        assert_eq!(first.now(), at(1_500), "the original waits where it was");
        third.run_until(at(1_501), &mut another);
        first.run(&mut fingerprint);
        third.run(&mut another);
        assert_eq!((fingerprint.0.value(), other.0.value(), another.0.value()), (whole, whole, whole), "seed {seed}");
    }
}

#[test]
fn a_random_fleet_forks_at_any_event() {
    for seed in 1..=40 {
        let model = fleets::make_full(seed).model;
        let mut whole = Simulation::new(Arc::clone(&model));
        let mut all = Fingerprint::default();
        whole.run(&mut all);
        // Between two things that are due, also in the middle of an instant, and once more half-way from there.
        let events = whole.counts().events;
        let mut first = Simulation::new(Arc::clone(&model));
        let mut noted = Fingerprint::default();
        for share in [7, 2] {
            let steps = (events - first.counts().events) / share;
            for _ in 0..steps {
                assert!(first.step(&mut noted), "seed {seed}");
            }
            let before = (first.now(), first.counts());
            let (mut copy, mut copied) = (first.clone(), noted.clone());
            copy.run(&mut copied);
            assert_eq!((copied.0.value(), copy.counts()), (all.0.value(), whole.counts()), "seed {seed}");
            assert_eq!((first.now(), first.counts()), before, "seed {seed}: the original waits where it was");
        }
        first.run(&mut noted);
        assert_eq!(noted.0.value(), all.0.value(), "seed {seed}");
    }
}

#[test]
fn futures_differ_only_from_where_the_timelines_do() {
    let (long, short) = (busy(7, true), busy(7, false));
    assert_ne!(digest_of(&long), digest_of(&short));
    let until = |model: &Arc<Model>, time: SimTime| {
        let mut fingerprint = Fingerprint::default();
        Simulation::new(Arc::clone(model)).run_until(time, &mut fingerprint);
        fingerprint.0.value()
    };
    assert_eq!(until(&long, SimTime::from_ms(2_399_999)), until(&short, SimTime::from_ms(2_399_999)));
    assert_ne!(until(&long, at(2_500)), until(&short, at(2_500)));
}

#[test]
fn runs_beside_each_other_on_threads_end_as_alone() {
    let models: Vec<Arc<Model>> = (1..=4).map(|seed| busy(seed, true)).collect();
    let alone: Vec<u64> = models.iter().map(digest_of).collect();
    for threads in [1, 2] {
        let together: Vec<u64> = std::thread::scope(|scope| {
            let parts: Vec<_> = models
                .chunks(models.len() / threads)
                .map(|part| scope.spawn(move || part.iter().map(digest_of).collect::<Vec<u64>>()))
                .collect();
            parts.into_iter().flat_map(|part| part.join().expect("no run panics")).collect()
        });
        assert_eq!(together, alone, "{threads} threads");
    }
}

#[test]
fn seeds_and_runs_differ_and_repeat() {
    let model = busy(1, true);
    assert_eq!(digest_of(&model), digest_of(&model));
    let other_seed = busy(2, true);
    let other_run = Arc::new(Model { run_index: 1, ..(*model).clone() });
    let mirrored = Arc::new(Model { antithetic: true, ..(*model).clone() });
    let digests = [&model, &other_seed, &other_run, &mirrored].map(digest_of);
    for (at, digest) in digests.iter().enumerate() {
        assert!(!digests[..at].contains(digest), "{at}");
    }
}
