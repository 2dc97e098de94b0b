//! One HOLD of the calendar, at a thousand, a hundred thousand and a million pending events or wake-ups.

use core::time::Duration;

use criterion::{BenchmarkId, Criterion};
use ecsim_benches::hold::{Hold, Queue, hold};
use ecsim_benches::pins;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut group = criterion.benchmark_group("hold");
    for queue in Queue::ALL {
        for pending in [1_000, 100_000, 1_000_000] {
            // Made when it is known that this one is wanted.
            let mut workload: Option<Hold> = None;
            group.bench_function(BenchmarkId::new(queue.name(), pending), |bencher| {
                let workload = workload.get_or_insert_with(|| {
                    pins::check(&pins::hold(queue, pending), hold(queue, pending));
                    Hold::new(queue, pending)
                });
                bencher.iter(|| workload.step());
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
