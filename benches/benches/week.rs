//! A week of an auto-scaled, Spot-heavy cluster of two thousand instances, and days of nothing but ticks.

use core::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode};
use ecsim_benches::end_to_end::Traces;
use ecsim_benches::pins;
use ecsim_benches::quiet::{self, Past};
use ecsim_benches::week::week;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    let mut group = criterion.benchmark_group("week");
    group.sampling_mode(SamplingMode::Flat);
    for (percent, traces) in [(10, Traces::Nothing), (10, Traces::Files), (100, Traces::Nothing), (100, Traces::Files)]
    {
        let mut first = true;
        group.bench_function(BenchmarkId::new(traces.name(), percent), |bencher| {
            bencher.iter(|| {
                let digest = week(percent, traces);
                if core::mem::take(&mut first) {
                    pins::check(&pins::week(traces, percent), digest);
                }
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("quiet");
    group.sampling_mode(SamplingMode::Flat);
    for past in Past::ALL {
        let simulation = quiet::start(past);
        pins::check(&pins::quiet(past), quiet::day(simulation.clone()));
        group.bench_function(past.name(), |bencher| {
            bencher.iter_batched(|| simulation.clone(), quiet::day, BatchSize::PerIteration);
        });
    }
    group.finish();
    criterion.final_summary();
}
