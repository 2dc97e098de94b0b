//! Requests to services: rates, traces, calls, and what is refused.

use ecsim_engine::Model;
use ecsim_engine::load::Rate;
use ecsim_engine::load::rate::Luck;
use ecsim_kernel::{Key, Streams};

use crate::kit::*;

const SERVICES: &str = "services: [{serviceName: a, taskDefinition: t}, {serviceName: b, taskDefinition: t}]\n";

fn text(workload: &str) -> String {
    format!("{A1}{T}{SERVICES}workload: [{workload}]\n")
}

/// The rate of the only load at these seconds.
#[track_caller]
fn rates(model: &Model, seconds: &[i64]) -> Vec<f64> {
    let rate: &Rate = &model.demand.loads[0].rate;
    let streams = Streams::new(1, 0);
    let luck = Luck { streams: &streams, key: Key::new("a", 0) };
    seconds.iter().map(|second| rate.at(second * 1_000, luck).0).collect()
}

#[track_caller]
fn traced(fields: &str, csv: &str, seconds: &[i64]) -> Vec<f64> {
    let text = text(&format!(
        "{{service: a, cpuPerRequest: 1ms, requestsPerSecond: {{trace: {{file: t.csv, column: n, {fields}}}}}}}"
    ));
    rates(&model_with(&text, &[("t.csv", csv)]), seconds)
}

#[test]
fn an_entry_says_what_a_request_costs() {
    let text = text(
        "{service: a, requestsPerSecond: 50, cpuPerRequest: 1.5ms, serviceTimeVariation: 0.5, memoryPerRequest: 2MiB, \
         baseMemory: 64MiB, latency: 20ms, concurrency: 8, maxQueue: 100, timeout: 5s, errorRate: 1%, retries: 2, \
         calls: [{service: b, perRequest: 3}], slo: {latency: 300ms, percentile: p99.9, errorRate: 2%}}, \
         {service: b, cpuPerRequest: 800us}",
    );
    let model = model(&text);
    let [a, b] = model.demand.loads.as_slice() else { panic!("two loads") };
    assert_eq!((a.name.as_str(), a.cpu, a.variation, a.memory), ("a", 0.0015, 0.25, 2.0));
    assert_eq!((a.base_memory, a.delay.mean, a.concurrency, a.max_queue), (Some(64.0), 0.02, Some(8), Some(100.0)));
    assert_eq!((a.timeout, a.error_rate, a.retries, a.calls.clone()), (5.0, 0.01, 2, vec![(1, 3.0)]));
    let slo = a.slo.expect("an objective");
    assert!((slo.percentile - 0.999).abs() < 1e-12 && slo.latency == Some(0.3) && slo.error_rate == Some(0.02));
    assert!((b.cpu - 0.0008).abs() < 1e-15 && b.variation == 1.0 && b.timeout == 60.0);
}

/// Callers come before those they call, whatever the order of the names.
#[test]
fn callers_come_first() {
    let text = text(
        "{service: a, cpuPerRequest: 1ms}, {service: b, cpuPerRequest: 1ms, requestsPerSecond: 1, calls: [{service: a}]}",
    );
    let loads = &model(&text).demand.loads;
    assert_eq!((loads[0].name.as_str(), loads[0].calls.clone()), ("b", vec![(1, 1.0)]));
}

#[test]
fn rates_by_the_minute_are_a_sixtieth() {
    let model = model(&text("{service: a, cpuPerRequest: 1ms, requestsPerMinute: 90}"));
    assert_eq!(rates(&model, &[0]), [1.5]);
}

#[test]
fn traces_have_any_steps_and_gaps() {
    let seconds = "timeColumn: {column: t, unit: s}";
    let csv = "t,n\n0,6\n57,12\n114,\n171,3\n";
    assert_eq!(traced(seconds, csv, &[0, 56, 57, 113, 114, 171, 228]), [6.0, 6.0, 12.0, 12.0, 12.0, 3.0, 0.0]);
    assert_eq!(traced(&format!("{seconds}, gaps: zero"), csv, &[113, 114, 171]), [12.0, 0.0, 3.0]);
    assert_eq!(traced(&format!("{seconds}, per: minute, scale: 10"), csv, &[0]), [1.0]);
    assert_eq!(traced(&format!("{seconds}, per: row"), "t,n\n0,6\n60,30\n180,30\n", &[0, 60, 180]), [0.1, 0.25, 0.25]);
    assert_eq!(traced(&format!("{seconds}, offset: 57s"), csv, &[0, 114]), [12.0, 3.0]);
    assert_eq!(
        traced(&format!("{seconds}, offset: 57s, repeat: true"), csv, &[0, 114, 171, 228]),
        [12.0, 3.0, 6.0, 12.0]
    );
    assert_eq!(traced(&format!("{seconds}, timeScale: 0.5"), csv, &[0, 29]), [6.0, 12.0]);
    let holes = "t,n\n0,6\n60,0\n120,8\n";
    assert_eq!(traced(&format!("{seconds}, zeroIsGap: true"), holes, &[60]), [6.0]);
    assert_eq!(traced(&format!("{seconds}, zeroIsGap: true, gaps: interpolate"), holes, &[60]), [7.0]);
    assert_eq!(traced("every: 1m", "n\n1\n2\n", &[0, 60, 120]), [1.0, 2.0, 0.0]);
    let dates = "t,n\n2026-03-02T00:00:00,1\n2026-03-02T00:01:00,2\n";
    assert_eq!(traced("timeColumn: t", dates, &[0, 60, 120]), [1.0, 2.0, 0.0]);
    assert_eq!(traced("timeColumn: t, origin: 2026-03-02T00:01:00Z", dates, &[0, 60]), [2.0, 0.0]);
    let two = "t,n,k\n0,1,x\n0,5,y\n60,2,x\n60,6,y\n";
    assert_eq!(traced(&format!("{seconds}, where: {{k: y}}"), two, &[0, 60]), [5.0, 6.0]);
}

#[test]
fn what_cannot_be_is_said() {
    let bad = |entry: &str, problems: &[&str]| check(&text(entry), problems);
    bad("{service: a, runTask: {taskDefinition: t}, at: 1s}", &["E361"]);
    bad("{name: x}", &["E361"]);
    bad("{service: c, cpuPerRequest: 1ms}", &["E301"]);
    bad("{service: a}", &["E367"]);
    bad("{service: a, cpuPerRequest: 1ms, every: 1m}", &["E362"]);
    bad("{runTask: {taskDefinition: t}, at: 1s, cpuPerRequest: 1ms}", &["E362"]);
    bad("{service: a, cpuPerRequest: 1ms}, {name: z, service: a, cpuPerRequest: 1ms}", &["E302"]);
    bad("{service: a, cpuPerRequest: 1ms, requestsPerSecond: 1, requestsPerMinute: 1}", &["E367"]);
    bad("{service: a, cpuPerRequest: 1ms, calls: [{service: b}]}", &["E367"]);
    bad("{service: a, cpuPerRequest: 1ms, calls: [{service: a}]}", &["E368"]);
    bad("{service: a, cpuPerRequest: 1ms, slo: {percentile: p95}}", &["E367"]);
    bad("{service: a, cpuPerRequest: 1ms, slo: {latency: 1s, percentile: high}}", &["E367"]);
    bad("{service: a, cpuPerRequest: 1ms, concurrency: 0, timeout: 0s}", &["E367", "E367"]);
    let rate = |rate: &str| format!("{{service: a, cpuPerRequest: 1ms, requestsPerSecond: {rate}}}");
    bad(&rate("{daily: {peak: 9}}"), &["E367"]);
    bad(&rate("{daily: {points: {\"25:00\": 9}}}"), &["E367"]);
    bad(&rate("{daily: {points: {\"05:00\": 9}, timeZone: Mars/Olympus}}"), &["E367"]);
    bad(&rate("{weekly: {points: {Someday: 9}}}"), &["E367"]);
    bad(&rate("{spike: {value: 9, at: 1m, duration: 2m, every: 1m}}"), &["E367"]);
    bad(&rate("{sum: []}"), &["E367"]);
    bad(&rate("{trace: {file: t.csv, column: n}}"), &["E365"]);
}
