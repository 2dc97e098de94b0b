//! The scenario's `settings:` as the policies and the engine know them.

use ecsim_kernel::Span;
use ecsim_policies::Settings;
use ecsim_policies::load_balancing::LoadBalancingSettings;
use ecsim_policies::settings::{Bucket, PullRetry, RegistrationRate, TieBreak};

use super::Context;
use crate::schema;

/// Turns the block into the settings of a run.
pub(super) fn lower(context: &mut Context<'_>) -> Settings {
    let capacity = super::capacity::lower_settings(context);
    let given = &context.scenario.settings;
    if given.placement_retry_at_s.first().is_none_or(|first| !first.0.is_zero())
        || given.placement_retry_at_s.windows(2).any(|pair| pair[0].0 >= pair[1].0)
    {
        let at = context.at("settings").key("placement_retry_at_s");
        context.error(
            &at,
            "E311",
            "the attempts after the first failure begin at 0 and ascend (FLR-032)",
            Some("the default is [0, 15, 45]".into()),
        );
    }
    if given.placement_retry_gap_s.is_empty() || given.placement_retry_gap_s.iter().any(|gap| gap.0.is_zero()) {
        let at = context.at("settings").key("placement_retry_gap_s");
        context.error(
            &at,
            "E311",
            "there must be at least one gap, and none may be 0 (FLR-032)",
            Some("the default is [300, 600, 1200, 1620]".into()),
        );
    }
    let nothing_starts = [
        ("service_launches_per_min", given.service_launches_per_min.value() == Some(0)),
        (
            "service_launches_per_min_on_ec2",
            given.service_launches_per_min_on_ec2.is_some_and(|limit| limit.value() == Some(0)),
        ),
        (
            "ec2_launch_bucket",
            given.ec2_launch_bucket.value().is_some_and(|bucket| bucket.capacity == 0 || bucket.refill_per_s == 0),
        ),
        (
            "registration_rate",
            given.registration_rate.value().is_some_and(|rate| rate.per_second == 0 || rate.per_minute == 0),
        ),
    ];
    // Quotas of AWS that a scenario may name, and that nothing of a run depends on.
    for (key, why) in [
        ("service_events_kept", "service_events.csv has all events"),
        ("clusters_per_region", "a scenario has one cluster"),
        ("list_page", "outputs have no pages"),
    ] {
        let at = context.at("settings").key(key);
        if at.node().is_some() {
            let message = format!("`{key}` changes nothing: {why}");
            context.warning(&at, "W374", message, Some("leave it out".into()));
        }
    }
    for (key, wrong) in nothing_starts {
        if wrong {
            let at = context.at("settings").key(key);
            context.error(
                &at,
                "E311",
                format!("a `{key}` of 0 lets nothing through"),
                Some("write `off` for no limit".into()),
            );
        }
    }
    if given.pull_mb_per_s.value().is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
        let at = context.at("settings").key("pull_mb_per_s");
        context.error(&at, "E311", "a rate above 0 is needed", Some("write `off` for no delay".into()));
    }
    context.check_fargate_pull_rate();
    let given = &context.scenario.settings;
    Settings {
        placement_tie_break: match given.placement_tie_break {
            schema::TieBreak::Random => TieBreak::Random,
            schema::TieBreak::Fixed | schema::TieBreak::Ordinal => TieBreak::Fixed,
        },
        scheduler_latency: given.scheduler_latency_s.0,
        replace_crashed_delay: given.replace_crashed_delay_s.0,
        healthy_wait: given.healthy_wait_s.0,
        start_first_unhealthy: given.start_first_unhealthy,
        deployments: super::deployments::lower_settings(given),
        placement_retry_at: given.placement_retry_at_s.iter().map(|at| at.0).collect(),
        placement_retry_gap: given.placement_retry_gap_s.iter().map(|gap| gap.0).collect(),
        service_event_repeat: given.service_event_repeat_s.0,
        steady_event_repeat: given.steady_event_repeat_s.0,
        service_launches_per_minute: given.service_launches_per_min.value().unwrap_or(0),
        service_launches_per_minute_on_ec2: given
            .service_launches_per_min_on_ec2
            .map(|limit| limit.value().unwrap_or(0)),
        az_rebalance_interval: given.az_rebalance_interval_s.0,
        ec2_launch_bucket: given
            .ec2_launch_bucket
            .value()
            .map(|bucket| Bucket { capacity: bucket.capacity, refill_per_second: bucket.refill_per_s }),
        registration_rate: given
            .registration_rate
            .value()
            .map(|rate| RegistrationRate { per_second: rate.per_second, per_minute: rate.per_minute }),
        agent_disconnect: given.agent_disconnect_s.0,
        run_task_count: given.run_task_count,
        start_task_instances: given.start_task_instances,
        update_state_instances: given.update_state_instances,
        tasks_per_service: given.tasks_per_service,
        container_instances_per_cluster: given.container_instances_per_cluster,
        custom_attributes_per_resource: given.custom_attributes_per_resource,
        max_reserved_ports: given.max_reserved_ports,
        capacity,
        pull_retry: PullRetry {
            attempts: given.pull_retry.attempts,
            first: given.pull_retry.first_s.0,
            longest: given.pull_retry.max_s.0,
            jitter: given.pull_retry.jitter.millionths(),
        },
        load_balancing: LoadBalancingSettings {
            crash_deregister: given.crash_deregister_s.0,
            cloud_map_registration: given.cloud_map_registration_s.0,
            cloud_map_ttl: given.cloud_map_ttl_s.0,
            max_ejection_percent: given.max_ejection_percent,
        },
        scaling: super::scaling::settings(given),
        steady_event_jitter: match context.scenario.simulation.latencies {
            schema::LatencyPreset::None => (Span::ZERO, Span::ZERO),
            schema::LatencyPreset::Default => Settings::default().steady_event_jitter,
        },
        ..Settings::default()
    }
}
