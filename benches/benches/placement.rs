//! One placement with its upkeep, at 1,000, 10,000 and 100,000 instances; then how much dearer the larger clusters are.

use core::time::Duration;

use criterion::measurement::{Measurement as _, WallTime};
use criterion::{BenchmarkId, Criterion};
use ecsim_benches::pins;
use ecsim_benches::placement::{Case, Steady, placement};

const SIZES: [u32; 3] = [1_000, 10_000, 100_000];
/// A placement at 100,000 instances shall cost at most so many times what it costs at 1,000.
const REACH: f64 = 3.0;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut rows = Vec::new();
    let mut group = criterion.benchmark_group("placement");
    for case in Case::all() {
        // The best sample of each size: other work on the machine only ever adds time.
        let mut best = [f64::INFINITY; SIZES.len()];
        for (instances, best) in SIZES.into_iter().zip(&mut best) {
            // Made when it is known that this one is wanted.
            let mut workload: Option<Steady> = None;
            group.bench_function(BenchmarkId::new(case.name(), instances), |bencher| {
                let steady = workload.get_or_insert_with(|| {
                    pins::check(&pins::placement(case, instances), placement(instances, case));
                    Steady::new(instances, case)
                });
                bencher.iter_custom(|iterations| {
                    let start = WallTime.start();
                    steady.steps(iterations);
                    let took = WallTime.end(start);
                    *best = best.min(took.as_secs_f64() / iterations as f64);
                    took
                });
            });
        }
        rows.push((case.name(), best));
    }
    group.finish();
    criterion.final_summary();
    println!("{:<34}{:>12}{:>20}{:>20}", "a placement and a stop", "at 1,000", "10,000 to 1,000", "100,000 to 1,000");
    for (name, best) in rows.into_iter().filter(|(_, best)| best.iter().all(|best| best.is_finite())) {
        let [ns, ten, hundred] = [best[0] * 1e9, best[1] / best[0], best[2] / best[0]];
        let remark = if hundred > REACH { "  beyond the reach" } else { "" };
        println!("{name:<34}{ns:>9.0} ns{ten:>20.2}{hundred:>20.2}{remark}");
    }
}
