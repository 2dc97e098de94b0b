//! A hand-made run and what it comes to.

use ecsim_cluster::InstanceId;
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{Fact, Rejection, ServiceId, SourceId, StopReason};

use super::*;
use crate::metrics::fixture::{Names, Story};

fn summary() -> Summary {
    let definitions = Names {
        instances: vec![("A1", "us-east-1a", 4_096, 8_192, 0), ("B1", "us-east-1b", 4_096, 8_192, 0)],
        families: vec![("job", 1_024, 4_096, 0)],
        services: vec![("web", 0, 2)],
        sources: vec!["jobs", "never"],
    }
    .definitions();
    let mut story = Story::new(&definitions, SummaryBuilder::new(&definitions));
    story.register_all().create_service(0).ask(0, 0, 3);
    let jobs = [story.place_copy(0, 0, 0, 0), story.place_copy(0, 1, 0, 0)];
    story.unplaced(0, 2, &[Rejection::Memory, Rejection::MemberOf], 0);
    story.fact(Fact::RequestQueued { source: SourceId::new(0), ordinal: 2 });
    story.at(1_000);
    let web = [story.place_service(0, 1), story.place_service(0, 1)];
    story.fact(Fact::TaskAdmitted { task: jobs[0] });
    story.fact(Fact::ImagePullStarted { task: jobs[0] });
    story.at(5_000).fact(Fact::ImagePullStopped { task: jobs[0] });
    story.at(6_000).run_on(jobs[0]);
    story.at(10_000).run(jobs[1]).run(web[0]).run(web[1]);
    story.at(60_000).period();
    story.exits(jobs[0], 0);
    let third = story.place_copy(0, 2, 0, 0);
    story.at(70_000).run(third);
    story.ask_to_stop(web[0], StopReason::HostTerminated(InstanceId::new(1)));
    let closest = Some((InstanceId::new(0), Rejection::Memory));
    story.fact(Fact::ServiceEvent { service: ServiceId::new(0), event: ServiceEvent::PlacementFailed { closest } });
    story.at(120_000).period().end(120_000);
    let (now, cluster) = (story.now, story.cluster);
    story.observer.finish(now, &cluster)
}

impl Story<SummaryBuilder> {
    fn run_on(&mut self, task: ecsim_cluster::TaskId) -> &mut Self {
        self.fact(Fact::TaskStatusChanged { task, to: ecsim_cluster::TaskStatus::Running })
    }
}

#[test]
fn the_numbers() {
    let summary = summary();
    let tasks = &summary.tasks;
    assert_eq!((tasks.requested, tasks.placed, tasks.started, tasks.running), (6, 5, 5, 3));
    assert_eq!(
        (tasks.waiting, tasks.missing, tasks.dropped, tasks.stopped, tasks.stopping, tasks.lost),
        (0, 1, 0, 1, 1, 1)
    );
    assert_eq!(tasks.exit_codes, [Count { name: "0".into(), count: 1 }]);
    assert_eq!(tasks.stop_codes.len(), 2);
    let placement = &summary.placement;
    assert_eq!(placement.failed_attempts, 1);
    assert_eq!(placement.closest_reasons[0].name, "MemberOf placement constraint unsatisfied.");
    assert_eq!(placement.reasons.len(), 2);
    assert_eq!(placement.free_when_failed[0], Free { resource: "memory", percent: 50.0 });
    assert_eq!(placement.zones[0].free[0], Free { resource: "memory", percent: 0.0 });
    // jobs: 6 s, 10 s, and 70 s of which 60 s waiting; web: 10 s each.
    let times = &summary.time_to_running;
    assert_eq!((times.tasks, times.total.p50, times.total.max), (5, Some(10.0), Some(70.0)));
    assert_eq!((times.waiting.p50, times.waiting.max), (Some(1.0), Some(60.0)));
    assert_eq!((times.pulling.max, times.queued.max), (Some(4.0), Some(10.0)));
    let memory = &summary.capacity[1];
    assert_eq!(memory.resource, "memory");
    // Running: 0 to 6 s, 4,096 to 10 s, 16,384 to 60 s, 12,288 to 120 s (at 70 s one came and one went).
    let mean = (4_096.0 * 4.0 + 16_384.0 * 50.0 + 12_288.0 * 60.0) / (16_384.0 * 120.0) * 100.0;
    assert!((memory.reservation.mean - mean).abs() < 0.01, "{} {mean}", memory.reservation.mean);
    assert_eq!((memory.reservation.peak, memory.reservation.last), (100.0, Some(75.0)));
    assert_eq!(memory.reservation.series.len(), 2);
    assert_eq!(summary.capacity.len(), 3, "nobody registered a GPU");
    assert_eq!((summary.instances.registered, summary.instances.used_peak), (2, 2));
    let web = &summary.services[0];
    assert_eq!((web.desired_count, web.running_count, web.min_running_count), (2, 1, Some(1)));
    assert!((web.below_desired_seconds - 60.0).abs() < 1e-9);
    assert!(web.last_event.as_ref().unwrap().contains("insufficient memory available"));
    assert_eq!(summary.workload.len(), 1, "who never asked is left out");
    assert_eq!(summary.workload[0].time_to_running.waiting.max, Some(60.0));
}

#[test]
fn it_is_printed_within_the_width_and_with_or_without_colours() {
    let summary = summary();
    for width in [60, 100, 160] {
        let text = summary.render(Style { width, unicode: true, color: false });
        assert!(text.lines().all(|line| line.chars().count() <= width.max(100)), "{text}");
        assert!(!text.contains('\x1b'));
    }
    let text = summary.render(Style::default());
    for part in
        ["Tasks", "Where it was tight", "Time to RUNNING", "Capacity", "Services", "Workload", "insufficient memory"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(summary.render(Style { color: true, ..Style::default() }).contains('\x1b'));
    assert!(summary.render(Style { unicode: false, ..Style::default() }).is_ascii());
    let json = serde_json::to_string(&summary).unwrap();
    assert!(json.contains("\"timeToRunning\":{\"tasks\":5"));
    assert!(json.contains("\"minRunningCount\":1"));
}
