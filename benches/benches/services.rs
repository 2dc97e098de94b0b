//! Five hundred services with scaling policies on a thousand instances for a week, and what a quiet service costs.

use core::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput};
use ecsim_benches::end_to_end::Traces;
use ecsim_benches::pins;
use ecsim_benches::services::{self, Traffic};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    let mut group = criterion.benchmark_group("services-week");
    group.sampling_mode(SamplingMode::Flat);
    // A service-minute is the element.
    group.throughput(Throughput::Elements(500 * 7 * 24 * 60));
    for (traffic, traces) in
        [(Traffic::Noisy, Traces::Nothing), (Traffic::Noisy, Traces::Files), (Traffic::Wave, Traces::Nothing)]
    {
        let mut first = true;
        group.bench_function(BenchmarkId::new(traffic.name(), traces.name()), |bencher| {
            bencher.iter(|| {
                let digest = services::week(500, traffic, traces);
                if core::mem::take(&mut first) {
                    pins::check(&pins::services_week(traffic, traces), digest);
                }
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("services-day");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(500 * 24 * 60));
    for traffic in Traffic::ALL {
        let simulation = services::settled(500, traffic);
        pins::check(&pins::services_day(traffic), services::day(simulation.clone()));
        group.bench_function(traffic.name(), |bencher| {
            bencher.iter_batched(|| simulation.clone(), services::day, BatchSize::PerIteration);
        });
    }
    group.finish();
    criterion.final_summary();
}
