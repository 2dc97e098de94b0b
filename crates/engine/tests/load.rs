//! Requests to services: against closed forms, against a simulation request by request, and what CloudWatch shows.

mod kit;

use ecsim_cluster::cloudwatch::{
    ClusterMetric, SeriesDefinition, SeriesSource, ServiceMetric, Statistic, TargetGroupMetric,
};
use ecsim_cluster::load::LoadSample;
use ecsim_cluster::{Fact, SeriesId, ServiceId};
use ecsim_engine::builder::Builder;
use ecsim_engine::demand::{LoadModel, Slo};
use ecsim_engine::load::{Rate, Station};
use ecsim_engine::model::{Call, ContainerBehavior, Crash};
use ecsim_kernel::{Distribution, Key, Purpose, SimTime, Span, Streams};
use kit::{Run, at, room, secs};

/// A service `web` of `tasks` tasks of 1,024 units and 1,024 MiB on one instance of `vcpus`, and a minute's metrics.
fn web(tasks: u32, vcpus: u32) -> (Builder, ServiceId) {
    let mut builder = Builder::new();
    builder.metrics_period = secs(60);
    let shape = builder.shape("big", room(vcpus * 1_024, 64 * 1_024));
    builder.instances("host", shape, "us-east-1a", 1);
    let definition = builder.task_definition("web", Builder::needs(1_024, 1_024));
    let placement = builder.service_default(&[]);
    let service = builder.service("web", definition, tasks, placement);
    (builder, service)
}

/// From `from` on another value.
fn jump(points: &[(u64, f64)]) -> Rate {
    let points = points.iter().map(|(second, value)| (*second as i64 * 1_000, *value)).collect();
    Rate::Points { points, period: 0, step: None, clock: None }
}

fn watch(builder: &mut Builder, source: SeriesSource, statistic: Statistic, period: u64) -> SeriesId {
    builder.definitions_mut().series.push(SeriesDefinition { source, statistic, period: secs(period) })
}

fn limit(builder: &mut Builder, cpu: u32) {
    let id = builder.definitions().task_definitions.ids().next().unwrap();
    builder.task_definition_mut(id).task_cpu = Some(cpu);
}

fn samples(run: &Run, service: ServiceId) -> Vec<(u64, LoadSample)> {
    let of = |(time, fact): &(SimTime, Fact)| match fact {
        Fact::LoadMeasured { service: of, sample } if *of == service => Some((time.ms() / 1_000, *sample)),
        _ => None,
    };
    run.facts().iter().filter_map(of).collect()
}

/// Datapoints as published: when, from which second on, and the value in millionths.
fn datapoints(run: &Run, series: SeriesId) -> Vec<(u64, u64, Option<i64>)> {
    let of = |(time, fact): &(SimTime, Fact)| match fact {
        Fact::DatapointPublished { series: of, from, value } if *of == series => {
            Some((time.ms() / 1_000, from.ms() / 1_000, *value))
        }
        _ => None,
    };
    run.facts().iter().filter_map(of).collect()
}

fn near(got: u64, wanted: f64, part: f64) {
    assert!((got as f64 / wanted - 1.0).abs() < part, "{got} is not {wanted}");
}

#[test]
fn a_task_is_m_m_1_and_costs_nothing_while_nothing_changes() {
    let (mut builder, service) = web(1, 4);
    limit(&mut builder, 1_024);
    let load = LoadModel::new(service, "web", Rate::Constant(80.0), 0.01);
    builder.demand.loads = vec![LoadModel { memory: 2.0, base_memory: Some(100.0), ..load }];
    builder.duration = Span::from_days(30);
    builder.metrics_period = Span::from_hours(24);
    let run = Run::whole(builder);
    let samples = samples(&run, service);
    assert_eq!(samples.len(), 2, "the first period has the start in it, the second is like all others");
    let sample = samples[1].1;
    assert_eq!((sample.requests, sample.succeeded), (6_912_000_000, 6_912_000_000));
    near(sample.mean_us, 50_000.0, 1e-4);
    // 0.8 vCPU, and four requests in flight.
    assert_eq!((sample.cpu, sample.receivers), (819_200, 1_000));
    assert_eq!(sample.memory_kib, 108 * 1_024);
    // Thirty periods, the start, and the scheduler that says every six hours that all is well.
    assert!(run.sim.counts().events < 200, "{:?}", run.sim.counts());
}

/// Periods in which nothing changed are not told (the first has the start in it), and what changes afterwards is told of its own period only.
#[test]
fn a_sample_after_a_quiet_time_is_of_its_period() {
    let (mut builder, service) = web(1, 4);
    builder.demand.loads = vec![LoadModel::new(service, "web", jump(&[(0, 10.0), (630, 20.0)]), 0.01)];
    let run = Run::whole(builder);
    let told: Vec<_> = samples(&run, service).iter().map(|(at, it)| (*at, it.requests, it.length_ms)).collect();
    assert_eq!(told, [(60, 600_000, 60_000), (120, 600_000, 60_000), (660, 900_000, 60_000), (720, 1_200_000, 60_000)]);
}

#[test]
fn several_vcpus_are_m_m_c() {
    let (mut builder, service) = web(1, 8);
    limit(&mut builder, 5 * 1_024);
    builder.demand.loads = vec![LoadModel::new(service, "web", Rate::Constant(40.0), 0.1)];
    let run = Run::whole(builder);
    // Erlang C of five servers and a load of four is 0.5541.
    near(samples(&run, service)[1].1.mean_us, 1e6 * (0.1 + 0.554_11 / 10.0), 1e-4);
}

/// Queues request by request.
mod by_request {
    use super::*;

    /// Times to the answer of `count` requests at a task.
    pub fn times(station: &Station, rate: f64, work: &Distribution, count: usize, seed: u64) -> Vec<f64> {
        let streams = Streams::new(seed, 0);
        let mut gaps = streams.stream(Purpose(9_001), Key::new("gap", 0));
        let mut works = streams.stream(Purpose(9_002), Key::new("work", 0));
        let gap = Distribution::exponential(1.0 / rate).unwrap();
        let most = station.workers.map_or(usize::MAX, |workers| workers as usize);
        // When it came, and the CPU seconds that are left; the first `most` are served.
        let mut inside: Vec<(f64, f64)> = Vec::new();
        let (mut now, mut next) = (0.0, gap.sample(&mut gaps));
        let mut answers = Vec::new();
        while answers.len() < count {
            let served = inside.len().min(most);
            let speed = if served == 0 { 0.0 } else { (station.vcpus / served as f64).min(1.0) };
            let first = (0..served).min_by(|a, b| inside[*a].1.total_cmp(&inside[*b].1));
            let done = first.map_or(f64::INFINITY, |at| now + inside[at].1 / speed);
            let until = done.min(next);
            for request in &mut inside[..served] {
                request.1 -= (until - now) * speed;
            }
            now = until;
            if done <= next {
                let (came, _) = inside.remove(first.unwrap());
                answers.push(now - came);
            } else {
                inside.push((now, work.sample(&mut works)));
                next = now + gap.sample(&mut gaps);
            }
        }
        answers.split_off(count / 20)
    }

    pub fn quantile(times: &mut [f64], share: f64) -> f64 {
        times.sort_by(f64::total_cmp);
        times[(share * times.len() as f64) as usize]
    }
}

/// A task whose requests need 20 ms of CPU and come as a Poisson process.
fn lone(vcpus: f64, variation: f64, workers: Option<u32>) -> Station {
    let delay = ecsim_engine::load::Delay::default();
    Station { vcpus, cpu: 0.02, variation, delay, workers, arrivals: 1.0, pool: 1.0 }
}

/// What the model claims, against requests one by one. Means are within 4 %, quantiles within 20 % where work is
/// exponential or constant; the median under processor sharing is the worst of them.
#[test]
fn the_model_is_what_requests_do_one_by_one() {
    let constant = Distribution::constant(0.02).unwrap();
    let exponential = Distribution::exponential(0.02).unwrap();
    for (vcpus, rho, workers, variation, work) in [
        (1.0, 0.5, None, 1.0, &exponential),
        (1.0, 0.8, None, 1.0, &exponential),
        (1.0, 0.8, None, 0.0, &constant),
        (2.0, 0.8, None, 1.0, &exponential),
        (4.0, 0.9, None, 1.0, &exponential),
        (4.0, 0.6, None, 0.0, &constant),
        (0.5, 0.7, None, 1.0, &exponential),
        (1.0, 0.8, Some(1), 1.0, &exponential),
        (4.0, 0.85, Some(4), 1.0, &exponential),
        (2.0, 0.8, Some(2), 0.0, &constant),
    ] {
        let station = lone(vcpus, variation, workers);
        let rate = rho * vcpus / 0.02;
        let steady = station.steady(rate).response;
        let mut times = by_request::times(&station, rate, work, 400_000, 7);
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        let mut text =
            format!("{vcpus} vCPU at {rho}, workers {workers:?}, variation {variation}: mean {mean} {}", steady.mean);
        let mut good = (steady.mean / mean - 1.0).abs() < 0.05;
        for share in [0.5, 0.95, 0.99] {
            let real = by_request::quantile(&mut times, share);
            let said = steady.quantile(share);
            text += &format!("; p{} {real:.4} {said:.4}", share * 100.0);
            good &= (said / real - 1.0).abs() < 0.25;
        }
        println!("{text}");
        assert!(good, "{text}");
    }
}

#[test]
fn more_than_a_task_can_answer_piles_up_and_drains() {
    let (mut builder, service) = web(1, 4);
    limit(&mut builder, 1_024);
    // 100 a second can be answered; 150 come for a minute, then 50.
    let load = LoadModel::new(service, "web", jump(&[(0, 50.0), (60, 150.0), (120, 50.0)]), 0.01);
    builder.demand.loads = vec![load];
    let run = Run::whole(builder);
    let samples = samples(&run, service);
    let of = |second: u64| samples.iter().find(|(at, _)| *at == second).unwrap().1;
    assert_eq!((of(120).requests, of(120).succeeded, of(120).failed), (9_000_000, 6_000_000, 0));
    // 3,000 are left over, and go at 50 a second.
    assert_eq!((of(180).requests, of(180).succeeded), (3_000_000, 6_000_000));
    assert_eq!((of(240).requests, of(240).succeeded), (3_000_000, 3_000_000));
    // The backlog is 1,500 on average: fifteen seconds.
    assert!((14_500_000..17_500_000).contains(&of(120).mean_us), "{}", of(120).mean_us);
    near(of(240).mean_us, 20_000.0, 0.05);
    assert_eq!(of(120).cpu, 1_024_000);
}

#[test]
fn who_waits_too_long_gives_up_and_a_full_queue_turns_away() {
    let (mut builder, service) = web(1, 4);
    limit(&mut builder, 1_024);
    let load = LoadModel::new(service, "web", Rate::Constant(150.0), 0.01);
    let slo = Slo { percentile: 0.95, latency: Some(0.3), error_rate: None };
    builder.demand.loads = vec![LoadModel { timeout: 2.0, slo: Some(slo), ..load.clone() }];
    let first = Run::whole(builder.clone());
    let sample = samples(&first, service).last().unwrap().1;
    assert_eq!(
        (sample.requests, sample.succeeded, sample.failed, sample.rejected),
        (9_000_000, 6_000_000, 3_000_000, 0)
    );
    assert!((2_000_000..4_000_000).contains(&sample.p95_us), "{}", sample.p95_us);
    assert_eq!(sample.out_of_slo_ms, Some(60_000));
    builder.demand.loads = vec![LoadModel { max_queue: Some(10.0), ..load }];
    let second = Run::whole(builder);
    let sample = samples(&second, service).last().unwrap().1;
    // M/M/1/11: 1.5^11 (1.5 - 1) / (1.5^12 - 1) of all, a little more than a third.
    let powers = [11.0, 12.0].map(|power| ecsim_kernel::math::pow(1.5, power));
    near(sample.rejected, 9e6 * powers[0] * 0.5 / (powers[1] - 1.0), 1e-5);
    assert_eq!((sample.failed, sample.succeeded + sample.rejected), (0, 9_000_000));
}

#[test]
fn without_a_task_requests_are_turned_away_and_clients_try_again() {
    let (mut builder, service) = web(0, 4);
    let load = LoadModel::new(service, "web", Rate::Constant(10.0), 0.01);
    builder.demand.loads = vec![LoadModel { retries: 2, ..load }];
    builder.call(at(90), kit::scale(service, 1));
    let run = Run::whole(builder);
    let samples = samples(&run, service);
    assert_eq!((samples[0].1.requests, samples[0].1.rejected), (1_800_000, 1_800_000));
    let last = samples.last().unwrap().1;
    assert_eq!((last.requests, last.succeeded, last.rejected), (600_000, 600_000, 0));
}

// proves: CW-030, CW-031
#[test]
fn cw_030_and_cw_031_and_sx_027_use_is_of_the_reservation_and_may_pass_it_without_a_limit() {
    // Six tasks of 256 units and 384 MiB reserved, using 900 units and 1,600 MiB together.
    let build = |limited: bool| {
        let mut builder = Builder::new();
        builder.metrics_period = secs(60);
        let shape = builder.shape("big", room(8 * 1_024, 64 * 1_024));
        builder.instances("host", shape, "us-east-1a", 1);
        let definition = builder.task_definition("web", Builder::needs(256, 384));
        builder.task_definition_mut(definition).containers[0].memory = Some(512);
        if limited {
            builder.task_definition_mut(definition).task_cpu = Some(256);
        }
        let placement = builder.service_default(&[]);
        let service = builder.service("web", definition, 6, placement);
        (builder, service)
    };
    let (mut builder, service) = build(false);
    let load = LoadModel::new(service, "web", Rate::Constant(900.0 / 1_024.0 * 100.0), 0.01);
    builder.demand.loads = vec![LoadModel { base_memory: Some(267.0), ..load.clone() }];
    let cpu =
        watch(&mut builder, SeriesSource::Service(service, ServiceMetric::CpuUtilization), Statistic::Average, 60);
    let memory =
        watch(&mut builder, SeriesSource::Service(service, ServiceMetric::MemoryUtilization), Statistic::Average, 60);
    let run = Run::whole(builder);
    assert_eq!(datapoints(&run, cpu), [(180, 0, Some(58_593_750))]);
    assert_eq!(datapoints(&run, memory), [(180, 0, Some(69_531_250))], "267 whole MiB of 384");
    // Twice the reservation: with spare CPU and only shares it may (CW-031) ...
    let (mut builder, service) = build(false);
    builder.demand.loads = vec![LoadModel { rate: Rate::Constant(300.0), ..load.clone() }];
    let cpu =
        watch(&mut builder, SeriesSource::Service(service, ServiceMetric::CpuUtilization), Statistic::Average, 60);
    assert_eq!(datapoints(&Run::whole(builder), cpu), [(180, 0, Some(200_000_000))]);
    // ... and with a task-level limit it is cut off at 100 %.
    let (mut builder, service) = build(true);
    builder.demand.loads = vec![LoadModel { rate: Rate::Constant(300.0), ..load }];
    let cpu =
        watch(&mut builder, SeriesSource::Service(service, ServiceMetric::CpuUtilization), Statistic::Average, 60);
    assert_eq!(datapoints(&Run::whole(builder), cpu), [(180, 0, Some(100_000_000))]);
}

// proves: CW-020, CW-021, CW-022, SX-027
#[test]
fn cw_020_and_cw_021_reservations_of_the_cluster() {
    let mut builder = Builder::new();
    for (name, cpu, memory) in [("a", 16_384, 30_158), ("b", 2_048, 3_768)] {
        let shape = builder.shape(name, room(cpu, memory));
        builder.instances(name, shape, "us-east-1a", 1);
    }
    let definition = builder.task_definition("web", Builder::needs(1_024, 2_048));
    let placement = builder.service_default(&[]);
    let service = builder.service("web", definition, 10, placement);
    builder.demand.loads = vec![LoadModel::new(service, "web", Rate::Constant(180.0), 0.01)];
    let of = |builder: &mut Builder, metric| watch(builder, SeriesSource::Cluster(metric), Statistic::Average, 60);
    let cpu = of(&mut builder, ClusterMetric::CpuReservation);
    let memory = of(&mut builder, ClusterMetric::MemoryReservation);
    let gpu = of(&mut builder, ClusterMetric::GpuReservation);
    let used = of(&mut builder, ClusterMetric::CpuUtilization);
    let run = Run::whole(builder);
    assert_eq!(datapoints(&run, cpu), [(180, 0, Some(55_555_556))]);
    assert_eq!(datapoints(&run, memory), [(180, 0, Some(60_366_680))]);
    assert_eq!(datapoints(&run, gpu), [(180, 0, None)]);
    // CW-022: 1.8 of 18 vCPU.
    assert_eq!(datapoints(&run, used), [(180, 0, Some(10_000_000))]);
}

// proves: CW-050, SX-021
#[test]
fn cw_050_and_sx_021_a_jump_is_seen_in_the_mean_of_its_period_and_after_the_delay() {
    let (mut builder, service) = web(1, 4);
    // As the example, ten minutes later: 40 % until 645, then 100 %.
    builder.demand.loads = vec![LoadModel::new(service, "web", jump(&[(0, 40.0), (645, 100.0)]), 0.01)];
    let source = SeriesSource::Service(service, ServiceMetric::CpuUtilization);
    let standard = watch(&mut builder, source, Statistic::Average, 60);
    let high = watch(&mut builder, source, Statistic::Average, 20);
    let count = watch(&mut builder, source, Statistic::SampleCount, 60);
    builder.call(at(1_200), kit::scale(service, 0));
    let run = Run::whole(builder);
    assert_eq!(
        datapoints(&run, standard),
        [(180, 0, Some(40_000_000)), (780, 600, Some(55_000_000)), (840, 660, Some(100_000_000)), (1_380, 1_200, None)],
    );
    // No task is no datapoint (CW-034).
    assert_eq!(
        datapoints(&run, high),
        [(36, 0, Some(40_000_000)), (676, 640, Some(85_000_000)), (696, 660, Some(100_000_000)), (1_236, 1_200, None)],
    );
    // CW-033: a sample of each task every twenty seconds.
    let counts = datapoints(&run, count);
    assert_eq!(counts[0], (180, 0, Some(3_000_000)), "{counts:?}");
}

// proves: CW-033, CW-034, CW-035
#[test]
fn cw_035_a_task_reports_from_its_first_full_sample_on() {
    let (mut builder, service) = web(0, 4);
    builder.demand.loads = vec![LoadModel::new(service, "web", Rate::Constant(50.0), 0.01)];
    let source = SeriesSource::Service(service, ServiceMetric::CpuUtilization);
    let high = watch(&mut builder, source, Statistic::Average, 20);
    let standard = watch(&mut builder, source, Statistic::SampleCount, 60);
    builder.call(at(70), kit::scale(service, 1));
    let run = Run::whole(builder);
    assert_eq!(datapoints(&run, high), [(36, 0, None), (116, 80, Some(50_000_000))]);
    assert_eq!(datapoints(&run, standard), [(180, 0, None), (240, 60, Some(2_000_000)), (300, 120, Some(3_000_000))]);
}

/// The times of the example itself: with the service there from the start.
// proves: SX-021
#[test]
fn sx_021_times_of_the_example() {
    let (mut builder, service) = web(1, 4);
    builder.demand.loads = vec![LoadModel::new(service, "web", jump(&[(0, 40.0), (45, 100.0)]), 0.01)];
    let source = SeriesSource::Service(service, ServiceMetric::CpuUtilization);
    let standard = watch(&mut builder, source, Statistic::Average, 60);
    let high = watch(&mut builder, source, Statistic::Average, 20);
    let run = Run::whole(builder);
    assert_eq!(datapoints(&run, standard), [(180, 0, Some(55_000_000)), (240, 60, Some(100_000_000))]);
    assert_eq!(
        datapoints(&run, high),
        [(36, 0, Some(40_000_000)), (76, 40, Some(85_000_000)), (96, 60, Some(100_000_000))]
    );
}

// proves: CW-036, CW-040
#[test]
fn cw_036_and_cw_040_counts_of_tasks() {
    let (mut builder, service) = web(2, 8);
    let of =
        |builder: &mut Builder, metric| watch(builder, SeriesSource::Service(service, metric), Statistic::Average, 60);
    let live = of(&mut builder, ServiceMetric::LiveTaskCount);
    let desired = of(&mut builder, ServiceMetric::DesiredTaskCount);
    let running = of(&mut builder, ServiceMetric::RunningTaskCount);
    let pending = of(&mut builder, ServiceMetric::PendingTaskCount);
    let deployments = of(&mut builder, ServiceMetric::DeploymentCount);
    let used = of(&mut builder, ServiceMetric::CpuUtilized);
    builder.demand.loads = vec![LoadModel::new(service, "web", Rate::Constant(100.0), 0.01)];
    builder.call(at(120), kit::scale(service, 3));
    let run = Run::whole(builder);
    let last = |series| datapoints(&run, series).last().unwrap().2;
    for series in [live, desired, running] {
        assert_eq!(last(series), Some(3_000_000));
    }
    assert_eq!((last(pending), last(deployments)), (Some(0), Some(1_000_000)));
    assert_eq!(last(used), Some(1_024_000_000));
}

// proves: CW-040
#[test]
fn cw_040_metrics_of_instances_and_of_the_cluster() {
    use ecsim_cluster::cloudwatch::InstanceMetric;
    let (mut builder, service) = web(3, 8);
    let shape = builder.shape("small", room(1_024, 4_096));
    let small = builder.instances("small", shape, "us-east-1b", 1)[0];
    builder.demand.loads = vec![LoadModel {
        memory: 0.0,
        base_memory: Some(256.0),
        ..LoadModel::new(service, "web", Rate::Constant(30.0), 0.01)
    }];
    builder.duration = Span::from_mins(10);
    let cluster = [
        (ClusterMetric::ContainerInstanceCount, 2.0),
        (ClusterMetric::ServiceCount, 1.0),
        (ClusterMetric::TaskCount, 3.0),
        (ClusterMetric::CpuUtilized, 307.2),
        (ClusterMetric::CpuReserved, 3_072.0),
        (ClusterMetric::MemoryUtilized, 768.0),
        (ClusterMetric::MemoryReserved, 3_072.0),
    ];
    let mut wanted: Vec<(SeriesId, f64)> = Vec::new();
    for (metric, value) in cluster {
        wanted.push((watch(&mut builder, SeriesSource::Cluster(metric), Statistic::Average, 60), value));
    }
    let all = |metric| SeriesSource::Instances(None, metric);
    for (source, statistic, value) in [
        (all(InstanceMetric::NumberOfRunningTasks), Statistic::Sum, 3.0),
        (all(InstanceMetric::NumberOfRunningTasks), Statistic::SampleCount, 2.0),
        (all(InstanceMetric::CpuLimit), Statistic::Maximum, 8_192.0),
        (SeriesSource::Instances(Some(small), InstanceMetric::CpuLimit), Statistic::Average, 1_024.0),
        (SeriesSource::Instances(Some(small), InstanceMetric::MemoryLimit), Statistic::Average, 4_294_967_296.0),
        (SeriesSource::Service(service, ServiceMetric::CpuReserved), Statistic::Average, 3_072.0),
    ] {
        wanted.push((watch(&mut builder, source, statistic, 60), value));
    }
    // However the tasks are spread, the sum is theirs.
    let usage = watch(&mut builder, all(InstanceMetric::CpuUsageTotal), Statistic::Sum, 60);
    let memory = watch(&mut builder, all(InstanceMetric::MemoryWorkingSet), Statistic::Sum, 60);
    wanted.extend([(usage, 307.2), (memory, 768.0 * 1_048_576.0)]);
    let run = Run::whole(builder);
    for (series, value) in wanted {
        let last = datapoints(&run, series).last().unwrap().2.unwrap() as f64 / 1e6;
        assert!((last - value).abs() < 1e-3 * value, "{series:?}: {last} is not {value}");
    }
}

#[test]
fn custom_metrics_become_datapoints_too() {
    let (mut builder, _) = web(1, 4);
    let metric = builder.definitions_mut().metrics.intern("App/Depth");
    let depth = watch(&mut builder, SeriesSource::Custom(metric), Statistic::Average, 60);
    builder.call(at(60), Call::SetMetric { metric, value: Some(900_000_000) });
    builder.call(at(270), Call::SetMetric { metric, value: Some(100_000_000) });
    builder.call(at(600), Call::SetMetric { metric, value: None });
    let run = Run::whole(builder);
    assert_eq!(
        datapoints(&run, depth),
        [(240, 60, Some(900_000_000)), (420, 240, Some(500_000_000)), (480, 300, Some(100_000_000)), (780, 600, None)],
    );
}

#[test]
fn calls_carry_load_and_latency_to_other_services() {
    let mut builder = Builder::new();
    builder.metrics_period = secs(60);
    let shape = builder.shape("big", room(16 * 1_024, 64 * 1_024));
    builder.instances("host", shape, "us-east-1a", 1);
    let placement = builder.service_default(&[]);
    let mut services = Vec::new();
    for name in ["web", "api"] {
        let definition = builder.task_definition(name, Builder::needs(1_024, 1_024));
        builder.task_definition_mut(definition).task_cpu = Some(1_024);
        services.push(builder.service(name, definition, 1, placement));
    }
    let front = LoadModel::new(services[0], "web", Rate::Constant(40.0), 0.01);
    let back = LoadModel::new(services[1], "api", Rate::Constant(0.0), 0.01);
    builder.demand.loads = vec![LoadModel { calls: vec![(1, 2.0)], ..front }, back];
    let run = Run::whole(builder);
    let back = samples(&run, services[1]).last().unwrap().1;
    assert_eq!(back.requests, 4_800_000);
    near(back.mean_us, 50_000.0, 1e-4);
    // 1 / (100 - 40), and two calls of 50 ms each.
    near(samples(&run, services[0]).last().unwrap().1.mean_us, 1e6 / 60.0 + 100_000.0, 1e-4);
}

#[test]
fn neighbours_on_an_instance_share_its_processors() {
    let mut builder = Builder::new();
    builder.metrics_period = secs(60);
    let shape = builder.shape("small", room(2 * 1_024, 64 * 1_024));
    builder.instances("host", shape, "us-east-1a", 1);
    let placement = builder.service_default(&[]);
    let mut services = Vec::new();
    for name in ["one", "two"] {
        let definition = builder.task_definition(name, Builder::needs(512, 1_024));
        services.push(builder.service(name, definition, 1, placement));
    }
    // Each wants 1.5 vCPU of two: one each; from 600 on the second wants nothing.
    let busy = |service, rate| LoadModel { timeout: 1.0, ..LoadModel::new(service, "busy", rate, 0.01) };
    let second = busy(services[1], jump(&[(0, 150.0), (600, 0.0)]));
    builder.demand.loads = vec![busy(services[0], Rate::Constant(150.0)), second];
    let run = Run::whole(builder);
    let one = samples(&run, services[0]);
    let busy = one.iter().rfind(|(at, _)| *at <= 600).unwrap().1;
    assert_eq!((busy.cpu, busy.succeeded, busy.failed), (1_024_000, 6_000_000, 3_000_000));
    let free = one.last().unwrap().1;
    assert_eq!((free.cpu, free.failed), (1_536_000, 0));
}

/// The limit of a task and what neighbours leave each other are exact, not cut to a step.
#[test]
fn cw_031_a_busy_task_uses_exactly_what_it_may() {
    let (mut builder, service) = web(1, 4);
    let id = builder.definitions().task_definitions.ids().next().unwrap();
    builder.task_definition_mut(id).task_cpu = Some(150);
    let load = LoadModel::new(service, "web", Rate::Constant(100.0), 0.01);
    builder.demand.loads = vec![LoadModel { timeout: 1.0, ..load }];
    let sample = samples(&Run::whole(builder), service).last().unwrap().1;
    assert_eq!(sample.cpu, 150_000);

    // 0.3 vCPU of four for the first; the rest by 1,024 to 2,000 units.
    let mut builder = Builder::new();
    builder.metrics_period = secs(60);
    let shape = builder.shape("big", room(4_096, 64 * 1_024));
    builder.instances("host", shape, "us-east-1a", 1);
    let placement = builder.service_default(&[]);
    let mut services = Vec::new();
    for (name, units, rate) in [("one", 1_024, 30.0), ("two", 1_024, 1_000.0), ("three", 2_000, 1_000.0)] {
        let definition = builder.task_definition(name, Builder::needs(units, 1_024));
        let service = builder.service(name, definition, 1, placement);
        let load = LoadModel::new(service, name, Rate::Constant(rate), 0.01);
        builder.demand.loads.push(LoadModel { timeout: 5.0, ..load });
        services.push(service);
    }
    let run = Run::whole(builder);
    let used: Vec<u64> = services.iter().map(|it| samples(&run, *it).last().unwrap().1.cpu).collect();
    let left = 3.7 * 1_024_000.0 / 3_024.0;
    assert_eq!(used[0], 307_200);
    near(used[1], left * 1_024.0, 1e-5);
    near(used[2], left * 2_000.0, 1e-5);
}

/// Who is asked to stop answers until its containers are gone, and what waits then is lost.
#[test]
fn a_task_that_stops_answers_no_more_than_it_has_time_for() {
    let (mut builder, service) = web(1, 4);
    limit(&mut builder, 1_024);
    let id = builder.definitions().task_definitions.ids().next().unwrap();
    builder.behavior_mut(id).containers[0].stop = Distribution::constant(20.0).unwrap();
    // 200 a second pile up for 300 s; 100 a second are answered.
    let load = LoadModel::new(service, "web", jump(&[(0, 0.0), (60, 300.0), (360, 0.0)]), 0.01);
    builder.demand.loads = vec![LoadModel { timeout: 3_600.0, ..load }];
    builder.call(at(360), kit::scale(service, 0));
    builder.duration = Span::from_mins(10);
    let run = Run::whole(builder);
    let stopping = samples(&run, service).into_iter().find(|(at, _)| *at == 420).unwrap().1;
    near(stopping.succeeded, 2_000_000.0, 0.01);
    near(stopping.failed, 58_000_000.0, 0.001);
}

#[test]
fn requests_at_a_task_that_crashes_are_lost() {
    let (mut builder, service) = web(1, 4);
    limit(&mut builder, 1_024);
    let id = builder.definitions().task_definitions.ids().next().unwrap();
    let container: &mut ContainerBehavior = &mut builder.behavior_mut(id).containers[0];
    let after = Distribution::constant(90.0).unwrap();
    container.crash = Some(Crash { after, probability: 1.0, exit_code: 1 });
    builder.duration = Span::from_mins(2);
    // Ten requests are in flight: 50 a second that take 0.2 s each.
    let load = LoadModel::new(service, "web", Rate::Constant(50.0), 0.0);
    let delay = ecsim_engine::load::Delay { mean: 0.2, variance: 0.0, min: 0.2 };
    builder.demand.loads = vec![LoadModel { delay, ..load }];
    let run = Run::whole(builder);
    let sample = samples(&run, service)[1].1;
    assert_eq!(sample.failed, 10_000);
    assert_eq!(sample.requests, sample.succeeded + sample.failed + sample.rejected);
}

/// Over a whole run no more is answered, lost or turned away than came, whatever crashes when: tasks that live for some
/// seconds with requests that take longer, and tasks that requests in flight kill.
#[test]
fn no_more_fails_than_came() {
    let slow = |seconds: f64| ecsim_engine::load::Delay { mean: seconds, variance: 0.0, min: seconds };
    for (crash, delay, memory, rate) in
        [(10.0, 20.0, 0.0, 100.0), (90.0, 20.0, 0.0, 100.0), (40.0, 0.1, 0.0, 190.0), (1e6, 1.0, 60.0, 100.0)]
    {
        let (mut builder, service) = web(2, 4);
        limit(&mut builder, 1_024);
        let id = builder.definitions().task_definitions.ids().next().unwrap();
        builder.task_definition_mut(id).containers[0].memory = Some(2_048);
        let after = Distribution::exponential(crash).unwrap();
        builder.behavior_mut(id).containers[0].crash = Some(Crash { after, probability: 1.0, exit_code: 1 });
        let load = LoadModel::new(service, "web", jump(&[(0, rate), (3_000, 0.0)]), 0.01);
        builder.demand.loads =
            vec![LoadModel { delay: slow(delay), memory, base_memory: Some(100.0), timeout: 60.0, ..load }];
        builder.duration = Span::from_mins(60);
        let run = Run::whole(builder);
        // What came in periods that are like the one before is not told again.
        let (mut came, mut became, mut failed, mut at, mut last) = (0, 0, 0, 60, LoadSample::default());
        for (told, sample) in samples(&run, service).into_iter().chain([(3_660, LoadSample::default())]) {
            while at < told {
                came += last.requests;
                became += last.succeeded + last.failed + last.rejected;
                failed += last.failed;
                at += 60;
            }
            last = sample;
        }
        assert!(came > 100_000_000 && failed > 0, "{came} {failed}");
        assert!(became <= came + 1_000, "{crash} {delay} {memory}: {became} of {came}");
        // Nothing is left at the end.
        assert!(became + 1_000 > came, "{crash} {delay} {memory}: {became} of {came}");
    }
}

/// A task that was just started has no more requests in flight than came to it: it takes its time to die of them.
#[test]
fn tsk_026_a_fresh_task_is_not_killed_by_requests_that_have_not_come() {
    let (mut builder, service) = web(1, 4);
    limit(&mut builder, 1_024);
    let id = builder.definitions().task_definitions.ids().next().unwrap();
    builder.task_definition_mut(id).containers[0].memory = Some(1_024);
    let load = LoadModel::new(service, "web", jump(&[(0, 0.0), (300, 10.0)]), 0.001);
    let delay = ecsim_engine::load::Delay { mean: 60.0, variance: 0.0, min: 60.0 };
    builder.demand.loads = vec![LoadModel { delay, memory: 10.0, base_memory: Some(24.0), ..load }];
    builder.duration = Span::from_mins(7);
    let run = Run::whole(builder);
    let killed = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::ContainerExited { out_of_memory: true, .. } => Some(time.ms()),
        _ => None,
    });
    // A hundred fit beside the base; ten more come each second.
    assert!(killed.is_some_and(|at| (310_000..=310_010).contains(&at)), "{killed:?}");
}

// proves: TSK-026
#[test]
fn tsk_026_requests_in_flight_can_be_more_than_the_memory() {
    let (mut builder, service) = web(1, 4);
    limit(&mut builder, 1_024);
    let id = builder.definitions().task_definitions.ids().next().unwrap();
    builder.task_definition_mut(id).containers[0].memory = Some(512);
    let load = LoadModel::new(service, "web", jump(&[(0, 50.0), (300, 150.0)]), 0.01);
    builder.demand.loads = vec![LoadModel { memory: 1.0, base_memory: Some(112.0), ..load }];
    builder.duration = Span::from_mins(6);
    let run = Run::whole(builder);
    let killed = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::ContainerExited { out_of_memory: true, exit_code, .. } => Some((time.ms() / 1_000, *exit_code)),
        _ => None,
    });
    // 400 requests fit beside the base; fifty more come a second than are answered.
    let (when, code) = killed.expect("a kill");
    assert!((304..=309).contains(&when), "{when}");
    assert_eq!(code, 137);
}

#[test]
fn a_seed_is_a_run() {
    let (mut builder, service) = web(2, 4);
    let noise = Rate::Noise { distribution: Distribution::uniform(0.5, 1.5).unwrap(), step: 60_000, ordinal: 0 };
    let rate = Rate::Product(vec![Rate::Constant(100.0), noise]);
    builder.demand.loads = vec![LoadModel::new(service, "web", rate, 0.01)];
    let model = std::sync::Arc::new(builder.build());
    assert_eq!(kit::digest_of(&model), kit::digest_of(&model));
}

/// Metrics of target groups need the routing of load balancers; without registrations they are real zeros (SAS-026).
#[test]
fn lb_033_counters_are_real_zeros() {
    let (mut builder, service) = web(1, 4);
    let group =
        builder.definitions_mut().target_groups.push(ecsim_cluster::targets::TargetGroupDefinition::application("web"));
    let other = builder.definitions_mut().target_groups[group].clone();
    let lonely = builder.definitions_mut().target_groups.push(other);
    let _ = service;
    let count = watch(
        &mut builder,
        SeriesSource::TargetGroup(lonely, TargetGroupMetric::RequestCountPerTarget),
        Statistic::Sum,
        60,
    );
    let time = watch(
        &mut builder,
        SeriesSource::TargetGroup(lonely, TargetGroupMetric::TargetResponseTime),
        Statistic::Average,
        60,
    );
    let run = Run::whole(builder);
    assert_eq!(datapoints(&run, count), [(180, 0, Some(0))]);
    assert_eq!(datapoints(&run, time), [(180, 0, None)]);
}

/// Queues with a limit, request by request.
mod bounded {
    use ecsim_engine::load::Limit;

    use super::*;

    /// The share of `count` requests that is lost, and the mean time to the answer of the others. A queue is that of those
    /// that are not taken at a time; without a bound for these, that of those beyond the processors.
    pub fn run(station: &Station, rate: f64, work: &Distribution, count: usize, limit: Limit) -> (f64, f64) {
        let streams = Streams::new(11, 0);
        let mut gaps = streams.stream(Purpose(9_001), Key::new("gap", 0));
        let mut works = streams.stream(Purpose(9_002), Key::new("work", 0));
        let gap = Distribution::exponential(1.0 / rate).unwrap();
        let most = station.workers.map_or(usize::MAX, |workers| workers as usize);
        let places = station.workers.map_or(station.vcpus.max(1.0) as usize, |workers| workers as usize);
        let (room, patience) = match limit {
            Limit::Queue(queue) => (places + queue as usize, f64::INFINITY),
            Limit::Wait(patience) => (usize::MAX, patience),
        };
        // When it came, and the CPU seconds that are left; the first `most` are served.
        let mut inside: Vec<(f64, f64)> = Vec::new();
        let (mut now, mut next) = (0.0, gap.sample(&mut gaps));
        let (mut came, mut lost, mut answers, mut times) = (0, 0, 0, 0.0);
        while came < count {
            let served = inside.len().min(most);
            let speed = if served == 0 { 0.0 } else { (station.vcpus / served as f64).min(1.0) };
            let first = (0..served).min_by(|a, b| inside[*a].1.total_cmp(&inside[*b].1));
            let done = first.map_or(f64::INFINITY, |at| now + inside[at].1 / speed);
            let gives_up = inside.get(served).map_or(f64::INFINITY, |request| request.0 + patience);
            let until = done.min(next).min(gives_up);
            for request in &mut inside[..served] {
                request.1 -= (until - now) * speed;
            }
            now = until;
            if until == done {
                let (since, _) = inside.remove(first.unwrap());
                answers += 1;
                times += now - since;
            } else if until == gives_up {
                inside.remove(served);
                lost += 1;
            } else {
                came += 1;
                if inside.len() >= room {
                    lost += 1;
                } else {
                    inside.push((now, work.sample(&mut works)));
                }
                next = now + gap.sample(&mut gaps);
            }
        }
        (lost as f64 / count as f64, times / f64::from(answers))
    }
}

/// What is turned away and who gives up, below and above saturation, against requests one by one: shares within 5 % for
/// exponential work, within 15 % for constant work; means within 5 %.
#[test]
fn limits_below_saturation_are_what_requests_do_one_by_one() {
    use ecsim_engine::load::Limit;
    let constant = Distribution::constant(0.02).unwrap();
    let exponential = Distribution::exponential(0.02).unwrap();
    for (vcpus, rho, workers, variation, limit) in [
        (1.0, 0.9, Some(1), 1.0, Limit::Queue(5.0)),
        (1.0, 0.7, Some(1), 1.0, Limit::Queue(0.0)),
        (4.0, 0.9, Some(4), 1.0, Limit::Queue(0.0)),
        (4.0, 0.9, Some(16), 1.0, Limit::Queue(4.0)),
        (2.0, 1.0, Some(2), 1.0, Limit::Queue(10.0)),
        (2.0, 1.3, Some(2), 1.0, Limit::Queue(10.0)),
        (2.0, 0.9, None, 0.0, Limit::Queue(6.0)),
        (1.0, 0.9, Some(1), 0.0, Limit::Queue(5.0)),
        (1.0, 0.8, Some(1), 1.0, Limit::Wait(0.1)),
        (4.0, 0.95, Some(4), 1.0, Limit::Wait(0.02)),
        (4.0, 0.95, Some(12), 1.0, Limit::Wait(0.02)),
        (2.0, 1.2, Some(2), 1.0, Limit::Wait(0.2)),
        (1.0, 0.9, Some(1), 0.0, Limit::Wait(0.1)),
    ] {
        let station = lone(vcpus, variation, workers);
        let rate = rho * vcpus / 0.02;
        let said = station.limited(rate, limit).unwrap();
        let work = if variation == 0.0 { &constant } else { &exponential };
        let (lost, mean) = bounded::run(&station, rate, work, 400_000, limit);
        let text = format!("{vcpus} at {rho}, {workers:?}, {limit:?}: lost {lost:.5} {:.5}", said.lost);
        let answer = station.alone_response().mean + said.wait;
        let text = format!("{text}, mean {mean:.5} {answer:.5}");
        println!("{text}");
        // Sharing does not see the distribution of the work.
        let exact = variation == 1.0 || workers.is_none();
        assert!((said.lost - lost).abs() <= if exact { 0.05 } else { 0.15 } * lost, "{text}");
        assert!((answer / mean - 1.0).abs() < 0.05, "{text}");
    }
}

/// With a limit, requests are lost below saturation; what comes is answered or turned away; and a little more than a task can
/// answer makes no leap.
#[test]
fn a_full_queue_turns_away_below_saturation_too() {
    let lost_at = |rho: f64, change: fn(&mut LoadModel)| {
        let (mut builder, service) = web(1, 4);
        limit(&mut builder, 1_024);
        let mut load = LoadModel::new(service, "web", Rate::Constant(rho * 100.0), 0.01);
        change(&mut load);
        builder.demand.loads = vec![load];
        builder.duration = Span::from_hours(1);
        let run = Run::whole(builder);
        let sample = samples(&run, service).last().unwrap().1;
        let all = sample.succeeded + sample.failed + sample.rejected;
        assert!(sample.requests.abs_diff(all) <= 3, "{sample:?}");
        (sample.failed as f64 / sample.requests as f64, sample.rejected as f64 / sample.requests as f64)
    };
    // M/M/1/3: rho^3 (1 - rho) / (1 - rho^4).
    let queue = |load: &mut LoadModel| (load.concurrency, load.max_queue) = (Some(1), Some(2.0));
    let (failed, rejected) = lost_at(0.9, queue);
    assert!(failed == 0.0 && (rejected - 0.729 * 0.1 / 0.3439).abs() < 1e-5, "{rejected}");
    let at: Vec<f64> = [0.98, 0.999, 1.001, 1.02].map(|rho| lost_at(rho, queue).1).to_vec();
    assert!(at.windows(2).all(|it| it[0] < it[1] && it[1] - it[0] < 0.012), "{at:?}");
    // Erlang B of one server: rho / (1 + rho).
    let none = |load: &mut LoadModel| (load.concurrency, load.max_queue) = (Some(1), Some(0.0));
    assert!((lost_at(0.5, none).1 - 1.0 / 3.0).abs() < 1e-5);
    assert!((lost_at(3.0, none).1 - 0.75).abs() < 1e-5);
    // M/M/1 with patience of 100 ms.
    let patience = |load: &mut LoadModel| (load.concurrency, load.timeout) = (Some(1), 0.1);
    let (failed, rejected) = lost_at(0.8, patience);
    let e = ecsim_kernel::math::exp(-2.0);
    assert!(rejected == 0.0 && (failed - 0.16 * e / (1.0 - 0.64 * e)).abs() < 1e-5, "{failed}");
    // Patience of a minute is not felt.
    assert_eq!(lost_at(0.99, |_| ()), (0.0, 0.0));
}

/// Four tasks behind Service Connect of which one fails every request for two minutes.
fn one_bad_task(mesh: bool) -> (Run, ServiceId) {
    let (mut builder, service) = web(4, 8);
    builder.service_mut(service).revisions[0].routing.mesh = mesh;
    builder.demand.loads = vec![LoadModel::new(service, "web", Rate::Constant(40.0), 0.001)];
    builder.duration = Span::from_mins(20);
    let tasks = ecsim_engine::model::TaskSelector { service: Some(service), count: Some(1), ..Default::default() };
    let bad = Call::SetErrorRate { tasks, share: 1_000_000, duration: Some(secs(120)), fails_health_checks: false };
    builder.call(at(600), bad);
    for (metric, statistic) in [
        (ServiceMetric::RequestCount, Statistic::Sum),
        (ServiceMetric::HttpCodeTarget5xx, Statistic::Sum),
        (ServiceMetric::TargetResponseTime, Statistic::Average),
    ] {
        watch(&mut builder, SeriesSource::Service(service, metric), statistic, 60);
    }
    (Run::whole(builder), service)
}

#[test]
fn lb_041_a_task_that_fails_is_ejected_for_longer_each_time_and_comes_back() {
    let (run, service) = one_bad_task(true);
    let ejected = |(time, fact): &(SimTime, Fact)| match fact {
        Fact::TaskEjected { until, times, .. } => Some((time.ms(), until.ms(), *times)),
        _ => None,
    };
    let ejections: Vec<_> = run.facts().iter().filter_map(ejected).collect();
    // Five requests at ten a second; back after 30 s; again for 60 s; then it is well again.
    assert_eq!(ejections, [(600_500, 630_500, 1), (631_000, 691_000, 2), (691_500, 781_500, 3)]);
    let samples = samples(&run, service);
    // All that failed was tried again elsewhere.
    let well = |it: &LoadSample| it.failed == 0 && it.requests.abs_diff(it.succeeded) <= 1;
    assert!(samples.iter().skip(1).all(|(_, it)| well(it)), "{samples:?}");
    let receivers = |minute: u64| samples.iter().rfind(|it| it.0 <= minute * 60).unwrap().1.receivers;
    assert_eq!((receivers(10), receivers(20)), (4_000, 4_000));
    assert!((3_000..3_100).contains(&receivers(12)), "{}", receivers(12));
    // The proxies of the tasks see ten attempts fail in the eleventh minute: half a second of one task, twice. Those come again.
    let [count, failures, time] = [0, 1, 2].map(|at| datapoints(&run, SeriesId::new(at)));
    let of = |series: &[(u64, u64, Option<i64>)], second: u64| series.iter().rfind(|it| it.1 <= second).unwrap().2;
    assert_eq!((of(&failures, 540), of(&failures, 600)), (Some(0), Some(10_000_000)));
    let more = of(&count, 600).unwrap() - of(&count, 540).unwrap();
    assert!((9_900_000..10_100_000).contains(&more), "{count:?}");
    assert!((990_000..1_010_000).contains(&of(&time, 540).unwrap()), "{time:?}");
    // Without proxies a quarter fails as long as it lasts.
    let (run, service) = one_bad_task(false);
    let failed: u64 = samples_of_failures(&run, service);
    near(failed, 120.0 * 10.0 * 1e3, 1e-3);
    assert!(!run.facts().iter().any(|(_, fact)| matches!(fact, Fact::TaskEjected { .. })));
}

/// Requests that failed, in thousandths, in all periods.
fn samples_of_failures(run: &Run, service: ServiceId) -> u64 {
    let told = samples(run, service);
    let ends = told.iter().skip(1).map(|it| it.0).chain([run.sim.now().ms() / 1_000]);
    told.iter().zip(ends).map(|((from, it), until)| it.failed * ((until - from) / 60).max(1)).sum()
}

/// Where all tasks fail alike, one is ejected at a time, and the retries do not help.
#[test]
fn lb_041_never_are_all_ejected_and_retries_help_no_more() {
    let (mut builder, service) = web(4, 8);
    builder.service_mut(service).revisions[0].routing.mesh = true;
    builder.demand.loads = vec![LoadModel::new(service, "web", Rate::Constant(40.0), 0.001)];
    builder.duration = Span::from_mins(30);
    let tasks = ecsim_engine::model::TaskSelector { service: Some(service), ..Default::default() };
    let bad = Call::SetErrorRate { tasks, share: 1_000_000, duration: None, fails_health_checks: false };
    builder.call(at(600), bad);
    let run = Run::whole(builder);
    let ejections: Vec<(u64, u64)> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::TaskEjected { until, .. } => Some((time.ms(), until.ms())),
            _ => None,
        })
        .collect();
    assert!(ejections.len() > 5 && ejections.windows(2).all(|it| it[1].0 >= it[0].1), "{ejections:?}");
    let last = samples(&run, service).last().unwrap().1;
    assert_eq!((last.succeeded, last.requests, last.failed), (0, 2_400_000, 2_400_000));
}

/// A task that cannot answer what comes to it, because a neighbour takes its processors, is taken out as well; a few errors of
/// all tasks are tried again and eject nobody.
#[test]
fn lb_041_overload_ejects_and_a_few_errors_do_not() {
    let (mut builder, service) = web(2, 4);
    builder.service_mut(service).revisions[0].routing.mesh = true;
    let load = LoadModel::new(service, "web", Rate::Constant(200.0), 0.001);
    builder.demand.loads = vec![LoadModel { error_rate: 0.01, ..load }];
    let run = Run::whole(builder);
    let sample = samples(&run, service).last().unwrap().1;
    near(sample.failed, sample.requests as f64 * 1e-6, 0.01);
    assert!(!run.facts().iter().any(|(_, fact)| matches!(fact, Fact::TaskEjected { .. })));
    let (mut builder, service) = web(2, 4);
    limit(&mut builder, 1_024);
    builder.service_mut(service).revisions[0].routing.mesh = true;
    // Five times what both can answer: four of five are turned away.
    let load = LoadModel::new(service, "web", Rate::Constant(1_000.0), 0.01);
    builder.demand.loads = vec![LoadModel { concurrency: Some(1), max_queue: Some(0.0), ..load }];
    let run = Run::whole(builder);
    let sample = samples(&run, service).last().unwrap().1;
    assert!(sample.rejected > sample.requests / 2, "{sample:?}");
    assert!(sample.requests.abs_diff(sample.succeeded + sample.failed + sample.rejected) <= 3, "{sample:?}");
    assert!(run.facts().iter().any(|(_, fact)| matches!(fact, Fact::TaskEjected { .. })));
}
