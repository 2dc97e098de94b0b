//! How long a placement takes by the index, at 1,000, 10,000 and 100,000 instances, so that a change that makes it depend
//! on the size of the cluster is seen.
//!
//! `cargo run --release -p ecsim-policies --features testkit --example placement_timing [-- FILTER]`
//!
//! Each line fills a cluster of three zones, then stops a random task and places another, again and again. `choose` is
//! the query with all the catching up it does, `update` what it costs to take two facts into the books and the index.

#![expect(clippy::disallowed_types, reason = "a measurement needs a clock")]

use std::time::Instant;

use ecsim_cluster::{GroupId, PlacementId, Requirements, TaskDefinitionId, TaskId};
use ecsim_kernel::{Key, Purpose, Stream, Streams};
use ecsim_policies::View;
use ecsim_policies::placement::{Ties, reference};
use ecsim_policies::settings::TieBreak;
use ecsim_policies::testkit::{Lab, Plan, room};

const ZONE: &str = "spread(attribute:ecs.availability-zone)";
const CASES: [(&str, &[&str], &[&str]); 9] = [
    ("binpack(memory)", &["binpack(memory)"], &[]),
    ("spread(zone), binpack(memory)", &[ZONE, "binpack(memory)"], &[]),
    ("spread(zone)", &[ZONE], &[]),
    ("spread(instanceId)", &["spread(instanceId)"], &[]),
    ("random", &["random"], &[]),
    ("default: spread(zone), spread(instanceId)", &[ZONE, "spread(instanceId)"], &[]),
    ("binpack(memory) + memberOf", &["binpack(memory)"], &["attribute:stack == prod"]),
    ("default + memberOf", &[ZONE, "spread(instanceId)"], &["attribute:stack == prod"]),
    ("default + distinctInstance", &[ZONE, "spread(instanceId)"], &["distinctInstance"]),
];

struct Workload {
    groups: u32,
    /// What part of the cluster's memory is in use, in percent; above 100: until nothing fits.
    fill: u64,
    /// Whether every request has its own size.
    own_sizes: bool,
}

fn world(instances: usize, chain: &[&str], constraints: &[&str]) -> Lab {
    let mut plan = Plan::new();
    for at in 0..instances {
        let zone = ["a", "b", "c"][at % 3];
        let stack = if at % 2 == 0 { "stack=prod" } else { "stack=dev" };
        plan.instance(&format!("i{at}"), zone, room(4096, 15_700), &[stack]);
    }
    plan.task("web", 256, 512);
    for group in 0..1_000 {
        plan.group(&format!("service:s{group}"));
    }
    plan.placement(chain, constraints);
    plan.start()
}

struct Bench {
    lab: Lab,
    tasks: Vec<TaskId>,
    sizes: Stream,
    groups: u32,
    own_sizes: bool,
    mode: TieBreak,
    choose: Vec<u128>,
    update: Vec<u128>,
    failed: u64,
}

impl Bench {
    fn place(&mut self) -> bool {
        let group = GroupId::new(u32::try_from(self.sizes.below(u64::from(self.groups))).unwrap_or(0));
        let mut request = self.lab.request(TaskDefinitionId::new(0), group, PlacementId::new(0));
        request.requirements = if self.own_sizes {
            let cpu = 100 + u32::try_from(self.sizes.below(900)).unwrap_or(0);
            let memory = 200 + u32::try_from(self.sizes.below(3_600)).unwrap_or(0);
            Requirements { cpu, memory, ..Requirements::default() }
        } else {
            let size = 1 << self.sizes.below(3);
            Requirements { cpu: 256 * size, memory: 1_000 * size, ..Requirements::default() }
        };
        let lab = &mut self.lab;
        let view = View {
            now: lab.now,
            cluster: &lab.cluster,
            capacity: &lab.capacity,
            placements: &lab.placements,
            settings: &lab.settings,
            streams: &lab.streams,
        };
        let ties = match self.mode {
            TieBreak::Fixed => Ties::Fixed,
            TieBreak::Random => Ties::Random(&mut lab.ties),
        };
        let start = Instant::now();
        let chosen = lab.index.choose(&view, &request, ties);
        self.choose.push(start.elapsed().as_nanos());
        let Some(instance) = chosen else {
            self.failed += 1;
            return false;
        };
        if self.tasks.len().is_multiple_of(50_021) {
            assert!(reference::tied(&view, &request).contains(&instance), "the index agrees with the definition");
        }
        let start = Instant::now();
        let task = lab.put(&request, instance);
        self.update.push(start.elapsed().as_nanos());
        self.tasks.push(task);
        true
    }

    fn stop(&mut self) {
        let at = usize::try_from(self.sizes.below(self.tasks.len() as u64)).unwrap_or(0);
        let task = self.tasks.swap_remove(at);
        let start = Instant::now();
        self.lab.stop(task);
        self.update.push(start.elapsed().as_nanos());
        self.lab.finish(task);
    }
}

fn measure(instances: usize, case: &(&str, &[&str], &[&str]), workload: &Workload, mode: TieBreak) -> (f64, f64, u64) {
    let mut bench = Bench {
        lab: world(instances, case.1, case.2),
        tasks: Vec::new(),
        sizes: Streams::new(7, 0).stream(Purpose(9_990), Key::new("sizes", 0)),
        groups: workload.groups,
        own_sizes: workload.own_sizes,
        mode,
        choose: Vec::new(),
        update: Vec::new(),
        failed: 0,
    };
    loop {
        let totals = bench.lab.cluster.totals();
        if totals.reserved.memory * 100 >= totals.registered.memory * workload.fill || bench.failed > 20 {
            break;
        }
        bench.place();
    }
    let rounds = 20_000;
    for warm in [true, false] {
        (bench.choose, bench.update, bench.failed) = (Vec::new(), Vec::new(), 0);
        for _ in 0..if warm { rounds / 4 } else { rounds } {
            bench.stop();
            bench.place();
        }
    }
    // Two facts a round.
    (trimmed_mean(bench.choose), 2.0 * trimmed_mean(bench.update), bench.failed)
}

/// The mean without the slowest hundredth, in which other processes had the processor.
fn trimmed_mean(mut samples: Vec<u128>) -> f64 {
    samples.sort_unstable();
    samples.truncate(samples.len() * 99 / 100);
    samples.iter().sum::<u128>() as f64 / samples.len() as f64
}

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let workloads = [
        ("half full, three sizes, 1 group", Workload { groups: 1, fill: 50, own_sizes: false }),
        ("full, own sizes, 1 group", Workload { groups: 1, fill: 200, own_sizes: true }),
        ("half full, own sizes, 20 groups", Workload { groups: 20, fill: 50, own_sizes: true }),
        ("full, own sizes, 20 groups", Workload { groups: 20, fill: 200, own_sizes: true }),
        ("full, own sizes, 1000 groups", Workload { groups: 1_000, fill: 200, own_sizes: true }),
    ];
    println!("choose / update in ns at 1k, 10k, 100k instances; ratio of choose+update 100k : 1k");
    for mode in [TieBreak::Random, TieBreak::Fixed] {
        for (name, workload) in &workloads {
            for case in &CASES {
                let title = format!("{mode:?}: {name}: {}", case.0);
                if !title.contains(&filter) {
                    continue;
                }
                let results = [1_000, 10_000, 100_000].map(|instances| measure(instances, case, workload, mode));
                let ratio = (results[2].0 + results[2].1) / (results[0].0 + results[0].1);
                let cells: Vec<String> =
                    results.iter().map(|(choose, update, _)| format!("{choose:6.0}/{update:4.0}")).collect();
                println!("{title:85} {}  x{ratio:.1}  (failed {})", cells.join(" "), results[2].2);
            }
        }
    }
}
