//! Runs in which tasks share GPUs, which ECS does not offer: the books are in order after every event, and all comes back.

mod kit;

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::{Fact, GpuNeed, GpuSharing, Requirements, Resources};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Arrivals, WhenUnplaced};
use ecsim_kernel::{Distribution, SimTime};
use kit::{Run, digest_of};

/// Three instances of four GPUs, and three kinds of tasks that come and go until there is not enough for all.
fn busy(sharing: GpuSharing, early: bool) -> Builder {
    let mut b = Builder::new();
    b.definitions_mut().gpu_sharing = sharing;
    b.definitions_mut().release_at_desired_stopped = early;
    let room = Resources { cpu: 64_000, memory: 64_000, gpus: 4 * sharing.parts(), enis: 10 };
    let shape = b.shape("test.gpu", room);
    b.instances("gpu", shape, "us-east-1a", 3);
    for (name, gpus, every, lasts) in
        [("small", 230, 7.0, 90.0), ("most", 640, 11.0, 70.0), ("whole", 2_000, 18.0, 60.0)]
    {
        let needs = Requirements { gpus: GpuNeed::Count(gpus), ..Builder::needs(100, 100) };
        let definition = b.task_definition(name, needs);
        b.behavior_mut(definition).containers[0].stop = constant(3.0);
        let placement = b.run_task_default(&[]);
        let mean = |seconds| Distribution::exponential(seconds).expect("a mean");
        let arrivals = Arrivals::Renewal {
            interval: mean(every),
            first_at_start: false,
            from: SimTime::ZERO,
            until: SimTime::MAX,
            limit: 120,
        };
        b.source(name, definition, placement, arrivals, Some(mean(lasts)), WhenUnplaced::Queue);
    }
    b
}

#[test]
fn shares_come_and_go_and_the_books_are_in_order() {
    for (sharing, early) in
        [(GpuSharing::Best, true), (GpuSharing::Best, false), (GpuSharing::Random, true), (GpuSharing::Random, false)]
    {
        let run = Run::whole(busy(sharing, early));
        let unplaced = run.facts().iter().filter(|(_, fact)| matches!(fact, Fact::RequestUnplaced { .. })).count();
        let created = run.created().count();
        assert!(created > 200 && unplaced > 5, "{sharing:?}: {created} tasks, {unplaced} times no place");
        assert!(run.cluster().tasks().is_empty(), "every task has ended");
        for instance in run.cluster().instances().values() {
            assert_eq!(instance.gpu_left, [1_000; 4]);
            assert_eq!((instance.remaining, instance.host_free), (instance.registered, instance.registered));
        }
    }
}

#[test]
fn chance_uses_every_device_and_best_is_not_asked() {
    let chosen = |sharing| {
        let mut devices = BTreeMap::new();
        for (_, fact) in Run::whole(busy(sharing, true)).facts() {
            if let Fact::GpuDeviceChosen { device, .. } = fact {
                *devices.entry(*device).or_insert(0) += 1;
            }
        }
        devices
    };
    let devices = chosen(GpuSharing::Random);
    assert!(devices.len() == 4 && devices.values().all(|count| *count > 20), "{devices:?}");
    assert!(chosen(GpuSharing::Best).is_empty());
}

#[test]
fn runs_with_shared_gpus_repeat() {
    let digest = |seed| {
        let mut model = busy(GpuSharing::Random, true).build();
        model.seed = seed;
        digest_of(&Arc::new(model))
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}
