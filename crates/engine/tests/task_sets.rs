//! Task sets: what they say of their counts and when they are steady (DEP-080, DEP-081, SVC-052).

mod kit;

use ecsim_cluster::definitions::ServiceRevision;
use ecsim_cluster::deployments::{DeploymentController, DeploymentPolicy, DeploymentStrategy};
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{Fact, InstanceId, InstanceStatus, ServiceId};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::Call;
use ecsim_kernel::Span;
use kit::{Run, at, fleet, secs, set_status};

/// A service of `desired` tasks, whose tasks start within ten seconds; a second revision to go to.
fn service(desired: u32, policy: DeploymentPolicy) -> (Builder, ServiceId, Vec<InstanceId>) {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("a", "a", 4096, 4000), ("b", "b", 4096, 4000)]);
    let [first, second] = ["web", "next"].map(|name| builder.task_definition(name, Builder::needs(100, 100)));
    for definition in [first, second] {
        builder.behavior_mut(definition).start = constant(10.0);
    }
    let spread = builder.rules(&["spread(instanceId)"], &[]);
    let web = builder.service("web", first, desired, spread);
    builder.service_mut(web).revisions.push(ServiceRevision::plain(second));
    builder.definitions_mut().deployment_policies.insert(web, vec![policy]);
    builder.settings.healthy_wait = secs(40);
    builder.settings.scheduler_latency = secs(1);
    (builder, web, all)
}

/// What was said of SVC-052, with the second.
fn events(run: &Run) -> Vec<(u64, ServiceEvent)> {
    let ours = |fact: &Fact| match *fact {
        Fact::ServiceEvent {
            event: event @ (ServiceEvent::TaskSetSteadyState { .. } | ServiceEvent::DesiredCountUpdated { .. }),
            ..
        } => Some(event),
        _ => None,
    };
    run.facts().iter().filter_map(|(time, fact)| Some((time.ms() / 1_000, ours(fact)?))).collect()
}

const fn counted(deployment: u32, to: u32) -> ServiceEvent {
    ServiceEvent::DesiredCountUpdated { deployment: Some(deployment), to }
}

const fn steady(deployment: u32) -> ServiceEvent {
    ServiceEvent::TaskSetSteadyState { deployment }
}

#[test]
fn svc_052_dep_081_what_task_sets_say() {
    let policy = DeploymentPolicy { controller: DeploymentController::External, ..DeploymentPolicy::default() };
    let (mut builder, service, _) = service(5, policy);
    let scale =
        |deployment, percent: u32| Call::ScaleTaskSet { service, deployment, scale: percent * 10_000, deleted: None };
    builder.call(at(60), Call::CreateTaskSet { service, revision: 1, scale: 300_000 });
    builder.call(at(120), scale(1, 40));
    builder.call(at(180), scale(1, 100));
    builder.call(at(240), kit::scale(service, 6));
    builder.call(at(300), kit::scale(service, 3));
    let run = Run::whole(builder);
    // The service begins without a task set of its own choosing: deployment 0 has no scale.
    let of_set: Vec<_> = events(&run).into_iter().filter(|(_, event)| event.task_set() == Some(1)).collect();
    assert_eq!(
        of_set,
        [
            (60, counted(1, 2)),
            (72, steady(1)),
            // 120: 40 % of 5 are 2, too: nothing is another.
            (180, counted(1, 5)),
            (192, steady(1)),
            // 240, 300: somebody changes the desired count, which is not said; the set has to become steady again.
            (252, steady(1)),
            (301, steady(1)),
        ]
    );
}

#[test]
fn dep_081_a_task_on_a_draining_instance_unsettles_its_set() {
    let policy = DeploymentPolicy { controller: DeploymentController::External, ..DeploymentPolicy::default() };
    let (mut builder, service, all) = service(2, policy);
    builder.call(at(60), Call::CreateTaskSet { service, revision: 1, scale: 1_000_000 });
    builder.call(at(200), set_status(&all[..1], InstanceStatus::Draining));
    let run = Run::whole(builder);
    let stability: Vec<_> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::TaskSetStabilityChanged { deployment: 1, steady, .. } => Some((time.ms() / 1_000, steady)),
            _ => None,
        })
        .collect();
    assert_eq!(stability[..2], [(72, true), (201, false)]);
    let (again, steady) = stability[2];
    assert!(again > 210 && steady && stability.len() == 3, "{stability:?}");
    let set = run.cluster().services()[service].deployment(1).unwrap();
    assert_eq!(set.stability_status(), "STEADY_STATE");
    assert_eq!(set.steady_since.map(|since| since.ms() / 1_000), Some(again));
}

#[test]
fn svc_052_dep_081_codedeploy_has_task_sets_and_ecs_has_none() {
    for (controller, expected) in [
        (DeploymentController::CodeDeploy { termination_wait: Span::from_mins(5) }, vec![(12, 0), (112, 1)]),
        (DeploymentController::Ecs, vec![]),
    ] {
        let strategy = DeploymentStrategy::BlueGreen;
        let policy = DeploymentPolicy { controller, strategy, ..DeploymentPolicy::default() };
        let (mut builder, service, _) = service(2, policy);
        builder.call(
            at(100),
            Call::Deploy {
                update: Box::new(kit::scale(service, 2)),
                service,
                revision: Some(1),
                force: false,
                policy: None,
            },
        );
        let run = Run::whole(builder);
        let said: Vec<(u64, u32)> = events(&run)
            .into_iter()
            .map(|(time, event)| match event {
                ServiceEvent::TaskSetSteadyState { deployment } => (time, deployment),
                other => panic!("{controller:?}: {other:?}"),
            })
            .collect();
        assert_eq!(said, expected, "{controller:?}");
    }
}

#[test]
fn svc_052_a_daemons_count_is_the_schedulers() {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("a", "a", 4096, 4000), ("b", "b", 4096, 4000)]);
    let logd = builder.task_definition("logd", Builder::needs(1, 1));
    let anywhere = builder.service_default(&[]);
    let service = builder.daemon("logd", logd, anywhere);
    builder.call(at(100), set_status(&all[..1], InstanceStatus::Draining));
    let run = Run::whole(builder);
    let event = |to| ServiceEvent::DesiredCountUpdated { deployment: None, to };
    assert_eq!(events(&run), [(0, event(2)), (100, event(1))]);
    assert!(run.said(service).iter().all(|(_, text)| !text.contains("now wants")), "EventBridge alone has it");
}
