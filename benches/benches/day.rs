//! A day of a million tasks on ten thousand instances, from the text of the scenario to the last byte of its traces.

use core::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode};
use ecsim_benches::day::day;
use ecsim_benches::end_to_end::Traces;
use ecsim_benches::pins;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    let mut group = criterion.benchmark_group("day");
    group.sampling_mode(SamplingMode::Flat);
    for (percent, traces) in [
        (1, Traces::Nothing),
        (1, Traces::Files),
        (1, Traces::FilesAndEvents),
        (10, Traces::Files),
        (100, Traces::Nothing),
        (100, Traces::Files),
    ] {
        let mut first = true;
        group.bench_function(BenchmarkId::new(traces.name(), percent), |bencher| {
            bencher.iter(|| {
                let digest = day(percent, traces);
                if core::mem::take(&mut first) {
                    pins::check(&pins::day(traces, percent), digest);
                }
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
