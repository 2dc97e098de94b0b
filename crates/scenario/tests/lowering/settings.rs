//! Settings: presets, the list of numbers that AWS does not publish, latencies and behaviour (LAT-009 to LAT-011).

use ecsim_engine::Model;
use ecsim_kernel::{Distribution, Span};
use ecsim_policies::Settings;
use ecsim_policies::load_balancing::LoadBalancingSettings;
use ecsim_policies::scaling::settings::ScalingSettings;
use ecsim_policies::services::settings::DeploymentSettings;
use ecsim_policies::settings::{PullRetry, TieBreak};
use ecsim_scenario::schema;

use crate::kit::*;

/// Every number of the rules that are our choice, and the setting that holds it.
const NUMBERS: &[(&str, &str)] = &[
    ("PLC-022", "placement_tie_break"),
    ("PLC-025", "spread_scope"),
    ("PLC-074", "placement_tie_break"),
    ("AZR-006", "az_rebalance_interval_s"),
    ("RES-004", "linux_memory_percent"),
    ("RES-020", "reserve_prometheus_port"),
    ("RES-024", "max_reserved_ports"),
    ("RES-053", "ebs_slots"),
    ("INS-005", "agent_disconnect_s"),
    ("FLR-012", "service_event_repeat_s"),
    ("FLR-032", "placement_retry_at_s"),
    ("FLR-032", "placement_retry_gap_s"),
    ("QTA-018", "ec2_launch_bucket"),
    ("QTA-019", "registration_rate"),
    ("QTA-031", "service_launches_per_min"),
    ("QTA-014", "service_launches_per_min_on_ec2"),
    ("CAS-004", "cas_n"),
    ("CAS-007", "zero_start"),
    ("CAS-008", "provisioning_reasons"),
    ("CAS-009", "provisioning_overflow"),
    ("CAS-009", "provisioning_tasks_per_cluster"),
    ("CAS-010", "provisioning_timeout"),
    ("CAS-015", "daemon_reserve_in_estimate"),
    ("CAS-016", "cas_algorithm"),
    ("CAS-023", "scale_in_cap"),
    ("CAS-024", "scale_in_step_period"),
    ("CAS-031", "cas_sample_offset_ms"),
    ("CP-009", "zero_weight_base"),
    ("CP-018", "allow_cp_family_change"),
    ("CP-045", "mi_scale_in_after_default"),
    ("ASG-003", "az_tie"),
    ("ASG-005", "ice_backoff"),
    ("ASG-006", "asg_status_check_wait_s"),
    ("ASG-031", "billing_hour_tie"),
    ("SPT-003", "rebalance_lead"),
    ("SPT-003", "rebalance_false_ratio"),
    ("SPT-004", "spot_drain_delay"),
    ("SPT-013", "spot_price_sigma"),
    ("SPT-013", "spot_price_reversion"),
    ("SPT-016", "spot_band_midpoints"),
    ("SPT-017", "spot_profile"),
    ("SPT-017", "spot_notice_window_s"),
    ("SPT-017", "spot_pool_event_rate"),
    ("SPT-017", "spot_pool_all_probability"),
    ("SPT-018", "spot_scarce_row"),
    ("DRN-004", "drain_count"),
    ("DEP-004", "first_task_digest_gate"),
    ("DEP-013", "eager_stop"),
    ("DEP-030", "breaker_minimum"),
    ("DEP-032", "breaker_placement_counts"),
    ("DEP-036", "breaker_counts_crashes"),
    ("DEP-042", "alarm_poll_s"),
    ("DEP-046", "bake_alarm_factor"),
    ("SVC-023", "own_revision_replacement"),
    ("SVC-041", "throttle_free_failures"),
    ("SVC-041", "throttle_first_s"),
    ("SVC-041", "throttle_cap_s"),
    ("TSK-007", "count_stopping_in_max"),
    ("LAT-004", "asg_reaction"),
    ("LAT-004", "cold_launch"),
    ("LAT-005", "warm_start"),
    ("LAT-005", "warm_poll"),
    ("LAT-014", "metric_publish_delay"),
    ("LAT-020", "instance_shutdown"),
    ("LAT-021", "asg_health_notice_s"),
    ("SVC-070", "launch_groups"),
    ("SVC-071", "fargate_bucket_burst"),
    ("FGT-010", "fargate_vcpu_quota"),
    ("FGT-020", "fargate_provision_s"),
    ("FGT-020", "start_s"),
    ("FGT-020", "fargate_pull_mb_per_s"),
    ("FGT-020", "pull_s"),
    ("FGT-020", "deprovision_s"),
    ("BIL-001", "fargate_windows_minimum_s"),
    ("BIL-003", "fargate_spot_discount"),
    ("BIL-004", "savings_plan_commitment"),
    ("BIL-004", "savings_plan_discount"),
    ("BIL-010", "instance_pending_s"),
    ("BIL-011", "spot_first_hour_free"),
    ("MEAS-005", "fargate_bucket_share"),
];

#[test]
fn every_number_that_is_our_choice_is_a_setting_with_its_rule() {
    let table = schema::SettingInfo::all();
    for (rule, name) in NUMBERS {
        let row = table.iter().find(|row| row.name == *name).unwrap_or_else(|| panic!("no setting {name}"));
        assert!(row.rule.split(", ").any(|known| known == *rule), "{name} does not name {rule}: {}", row.rule);
    }
}

#[test]
fn the_table_of_settings_reads_well() {
    for row in schema::SettingInfo::all() {
        let first = row.meaning.chars().next().unwrap_or(' ');
        assert!(first.is_uppercase() && row.meaning.ends_with('.'), "{}: {}", row.name, row.meaning);
        assert!(row.meaning.len() > 10 && !row.rule.is_empty(), "{}", row.name);
    }
}

/// The settings of a run, as JSON, so that they can be compared name by name.
fn difference(none: &schema::Settings, default: &schema::Settings) -> Vec<String> {
    let map = |settings: &schema::Settings| serde_json::to_value(settings).unwrap().as_object().unwrap().clone();
    let (none, default) = (map(none), map(default));
    none.into_iter().filter(|(name, value)| default.get(name) != Some(value)).map(|(name, _)| name).collect()
}

#[test]
fn the_preset_none_sets_delays_reactions_and_ties_and_nothing_else() {
    let names = difference(&schema::Settings::without_latencies(), &schema::Settings::default());
    assert_eq!(
        names,
        [
            "placement_tie_break",
            "agent_disconnect_s",
            "scheduler_latency_s",
            "replace_crashed_delay_s",
            "first_task_digest_gate",
            "pull_base_s",
            "pull_mb_per_s",
            "cached_pull",
            "pull_retry",
            "eni_attach",
            "container_start",
            "metric_publish_delay",
            "provisioning_timeout",
            "asg_reaction",
            "cold_launch",
            "warm_start",
            "warm_poll",
            "instance_shutdown",
            "asg_health_notice_s",
            "ice_backoff",
            "billing_hour_tie",
            "mi_launch",
            "spot_drain_delay",
            "fargate_provision_s",
            "start_s",
            "fargate_pull_mb_per_s",
            "pull_s",
            "deprovision_s",
            "alb_registration_s",
            "nlb_registration_s"
        ]
    );
    let none = model("simulation: {latencies: none}\n").settings;
    let expected = Settings {
        placement_tie_break: TieBreak::Fixed,
        scheduler_latency: Span::ZERO,
        replace_crashed_delay: Span::ZERO,
        agent_disconnect: Span::ZERO,
        pull_retry: PullRetry { attempts: 1, ..PullRetry::default() },
        steady_event_jitter: (Span::ZERO, Span::ZERO),
        deployments: DeploymentSettings { first_task_digest_gate: false, ..DeploymentSettings::default() },
        // That nothing of capacity takes any time is tested beside the settings themselves.
        capacity: none.capacity.clone(),
        ..Settings::default()
    };
    assert!(none.capacity.metric_publish_delay.is_zero() && none.capacity.launch_backoff.jitter_percent == 0);
    assert_eq!(none, expected);
    assert_eq!(model("name: x\n").settings, Settings::default());
    // What is written stands.
    let written =
        model("simulation: {latencies: none}\nsettings: {placement_tie_break: random, scheduler_latency_s: 7}\n")
            .settings;
    assert_eq!((written.placement_tie_break, written.scheduler_latency), (TieBreak::Random, Span::from_secs(7)));
}

/// The distribution is always this.
#[track_caller]
pub fn always(distribution: &Distribution, seconds: f64) {
    let points = [0.0, 0.25, 0.5, 0.75, 0.999].map(|at| distribution.quantile(at));
    assert!(points.iter().all(|point| (point - seconds).abs() < 1e-9), "{points:?} instead of {seconds}");
}

#[test]
fn the_preset_none_leaves_no_delay_on_the_hosts() {
    let behavior = behavior(&format!("simulation: {{latencies: none}}\n{T}"));
    for distribution in [
        &behavior.eni_attach,
        &behavior.eni_detach,
        &behavior.start,
        &behavior.containers[0].cold_pull,
        &behavior.containers[0].cached_pull,
        &behavior.containers[0].stop,
    ] {
        always(distribution, 0.0);
    }
}

#[test]
fn every_setting_of_the_run_comes_from_the_scenario() {
    let model = model(
        "settings: {placement_tie_break: ordinal, scheduler_latency_s: 1, replace_crashed_delay_s: 2, healthy_wait_s: 3, start_first_unhealthy: false, placement_retry_at_s: [0, 4], placement_retry_gap_s: [5], service_event_repeat_s: 6, steady_event_repeat_s: 7, service_launches_per_min: 8, service_launches_per_min_on_ec2: 22, az_rebalance_interval_s: 9, agent_disconnect_s: 10, run_task_count: 11, start_task_instances: 12, update_state_instances: 13, tasks_per_service: 14, container_instances_per_cluster: 15, custom_attributes_per_resource: 16, max_reserved_ports: 17, ec2_launch_bucket: {capacity: 18, refill_per_s: 19}, registration_rate: {per_second: 20, per_minute: 21}, release_at_desired_stopped: false, pull_retry: {attempts: 23}, crash_deregister_s: 24, cloud_map_registration_s: 25, cloud_map_ttl_s: 26, max_ejection_percent: 32, metric_delay_std_s: 27, metric_delay_hr_s: 28, evaluation_range_extra: 29, alarm_action_repeat_s: 30, alarm_action_repeat_hr_s: 31}\n",
    );
    let secs = Span::from_secs;
    let settings = Settings { steady_event_jitter: (Span::ZERO, Span::ZERO), reaction: Span::ZERO, ..model.settings };
    assert_eq!(
        settings,
        Settings {
            deployments: DeploymentSettings::default(),
            start_first_unhealthy: false,
            placement_tie_break: TieBreak::Fixed,
            scheduler_latency: secs(1),
            replace_crashed_delay: secs(2),
            healthy_wait: secs(3),
            placement_retry_at: vec![secs(0), secs(4)],
            placement_retry_gap: vec![secs(5)],
            service_event_repeat: secs(6),
            steady_event_repeat: secs(7),
            service_launches_per_minute: 8,
            service_launches_per_minute_on_ec2: Some(22),
            az_rebalance_interval: secs(9),
            agent_disconnect: secs(10),
            run_task_count: 11,
            start_task_instances: 12,
            update_state_instances: 13,
            tasks_per_service: 14,
            container_instances_per_cluster: 15,
            custom_attributes_per_resource: 16,
            max_reserved_ports: 17,
            ec2_launch_bucket: Some(ecsim_policies::settings::Bucket { capacity: 18, refill_per_second: 19 }),
            registration_rate: Some(ecsim_policies::settings::RegistrationRate { per_second: 20, per_minute: 21 }),
            steady_event_jitter: (Span::ZERO, Span::ZERO),
            reaction: Span::ZERO,
            pull_retry: PullRetry { attempts: 23, ..PullRetry::default() },
            load_balancing: LoadBalancingSettings {
                crash_deregister: secs(24),
                cloud_map_registration: secs(25),
                cloud_map_ttl: secs(26),
                max_ejection_percent: 32,
            },
            scaling: ScalingSettings {
                metric_delay_std: secs(27),
                metric_delay_hr: secs(28),
                evaluation_range_extra: 29,
                alarm_action_repeat: secs(30),
                alarm_action_repeat_hr: secs(31),
                ..ScalingSettings::default()
            },
            // Every number of capacity has its own test.
            capacity: settings.capacity.clone(),
        }
    );
    assert!(!model.definitions.release_at_desired_stopped);
}

#[test]
fn flr_032_attempts_begin_at_zero_and_ascend() {
    for (settings, message) in [
        ("placement_retry_at_s: [1, 2]", "the attempts after the first failure begin at 0 and ascend (FLR-032)"),
        ("placement_retry_at_s: [0, 5, 5]", "the attempts after the first failure begin at 0 and ascend (FLR-032)"),
        ("placement_retry_at_s: []", "the attempts after the first failure begin at 0 and ascend (FLR-032)"),
        ("placement_retry_gap_s: []", "there must be at least one gap, and none may be 0 (FLR-032)"),
        ("placement_retry_gap_s: [0]", "there must be at least one gap, and none may be 0 (FLR-032)"),
        ("pull_mb_per_s: 0", "a rate above 0 is needed"),
    ] {
        rejected(&format!("settings: {{{settings}}}\n"), "E311", message);
    }
}

#[test]
fn plc_025_the_scope_of_spread_changes_nothing_yet_and_says_so() {
    rejected(
        "settings: {spread_scope: deployment}\n",
        "W360",
        "`spread_scope: deployment` is not simulated: spread counts the tasks of all deployments of a service",
    );
}

#[test]
fn lat_009_attaching_an_interface() {
    let default = behavior(T);
    assert!((default.eni_attach.quantile(0.5) - 11.0).abs() < 0.01);
    assert!((default.eni_attach.quantile(0.95) - 20.0).abs() < 0.01);
    always(&behavior(&format!("settings: {{eni_attach: 3s}}\n{T}")).eni_attach, 3.0);
    let latencies = "behavior: {latencies: {eniAttach: 4s, eniDetach: 5s}}\n";
    let both = behavior(&format!("settings: {{eni_attach: 3s, eni_detach_s: 1}}\n{latencies}{T}"));
    always(&both.eni_attach, 4.0);
    always(&both.eni_detach, 5.0);
}

#[test]
fn lat_010_a_cold_pull_takes_a_base_and_the_size() {
    let pull = |more: &str| behavior(&format!("{more}{T}")).containers[0].cold_pull.clone();
    always(&pull(""), 7.0);
    always(&pull("behavior: {taskDefinitions: {t: {imageSize: 413MB}}}\n"), 42.3);
    always(
        &pull("settings: {pull_base_s: 2, pull_mb_per_s: 100}\nbehavior: {taskDefinitions: {t: {imageSize: 400MB}}}\n"),
        6.0,
    );
    always(&pull("settings: {pull_mb_per_s: off}\nbehavior: {taskDefinitions: {t: {imageSize: 400MB}}}\n"), 1.0);
    always(&pull("behavior: {latencies: {imagePull: 9s}}\n"), 9.0);
    always(&pull("behavior: {latencies: {imagePull: 9s}, taskDefinitions: {t: {imagePull: 8s}}}\n"), 8.0);
    always(&pull("settings: {default_image_mb: 100}\n"), 11.0);
}

#[test]
fn lat_010_the_size_of_a_task_is_that_of_all_its_images() {
    let two = "taskDefinitions: [{family: t, containerDefinitions: [{name: side, memory: 9, essential: false}, {name: main, memory: 9}]}]\n";
    let pulls = |more: &str| {
        let behavior = behavior(&format!("{two}behavior: {{taskDefinitions: {{t: {{{more}}}}}}}\n"));
        behavior
            .containers
            .iter()
            .map(|container| (container.cold_pull.quantile(0.5) * 10.0).round() / 10.0)
            .collect::<Vec<_>>()
    };
    // The first essential container is the one that the keys of the task describe.
    assert_eq!(pulls("imageSize: 200MB"), [0.0, 21.0]);
    assert_eq!(pulls("imageSize: 200MB, containers: {side: {imageSize: 50MB}}"), [6.0, 21.0]);
    assert_eq!(pulls("imagePull: 3s"), [0.0, 3.0]);
    assert_eq!(pulls("start: 1s"), [7.0, 7.0]);
}

#[test]
fn lat_011_a_cached_pull_asks_the_registry() {
    let pull = |more: &str| behavior(&format!("{more}{T}")).containers[0].cached_pull.clone();
    let default = pull("");
    assert_eq!((default.quantile(0.0), default.mean()), (0.5, 1.25));
    always(&pull("settings: {cached_pull: 3s}\n"), 3.0);
    always(&pull("behavior: {latencies: {cachedImagePull: 4s}}\n"), 4.0);
    always(&pull("behavior: {latencies: {cachedImagePull: 4s}, taskDefinitions: {t: {cachedImagePull: 5s}}}\n"), 5.0);
}

#[test]
fn behaviour_of_a_revision_wins_over_that_of_the_family() {
    let text = "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}, {family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
                behavior: {taskDefinitions: {t: {start: 1s, exitCode: 3}, 't:2': {start: 2s}}}\n";
    let model = accepted(text);
    let both: Vec<(f64, i32)> =
        model.behaviors.values().map(|it| (it.start.quantile(0.5), it.containers[0].exit_code)).collect();
    assert_eq!(both, [(1.0, 3), (2.0, 0)]);
    check(
        &format!("{T}behavior: {{taskDefinitions: {{tt: {{}}, 't:2': {{}}, t: {{containers: {{d: {{}}}}}}}}}}\n"),
        &[
            "E301 2:34 unknown task definition `tt` (did you mean `t`?)",
            "E301 2:45 unknown revision `t:2` (known: t:1)",
            "E301 2:69 unknown container `d`",
        ],
    );
}

// proves: TSK-026, TSK-027
#[test]
fn tsk_027_behaviour_of_containers() {
    let text = format!(
        "{T}behavior:\n  taskDefinitions:\n    t: {{duration: 5m, exitCode: 2, stop: 3s, stopExitCode: 143, crash: {{after: 9s, probability: 25%, exitCode: 7}}, failToStart: {{probability: 5%}}, memory: {{perTask: 100MiB, growthPerHour: 20MiB}}}}\n"
    );
    let behavior = behavior(&text);
    let container = &behavior.containers[0];
    always(container.duration.as_ref().unwrap(), 300.0);
    always(&container.stop, 3.0);
    assert_eq!((container.exit_code, container.stop_exit_code), (2, 143));
    let crash = container.crash.as_ref().unwrap();
    assert_eq!((crash.probability, crash.exit_code), (0.25, 7));
    let memory = container.memory.as_ref().unwrap();
    always(&memory.at_start, 100.0);
    assert!((memory.growth_per_hour - 20.0).abs() < 1e-9);
    assert_eq!(behavior.fail_to_start.map(|(probability, _)| probability), Some(0.05));
    // 128 MiB are crossed after 28 of 20 an hour: 84 minutes.
    let leak = |memory: &str| {
        format!(
            "simulation: {{latencies: none, duration: 2h}}\n{A1}{T}behavior: {{taskDefinitions: {{t: {{memory: {memory}}}}}}}\ntimeline: [{{at: 1s, runTask: {{taskDefinition: t}}}}]\n"
        )
    };
    let killed = |text: &str| {
        run(text).facts.iter().find_map(|(at, fact)| match fact {
            ecsim_cluster::Fact::ContainerExited { exit_code, out_of_memory: true, .. } => {
                Some((at.ms() / 1000, *exit_code))
            }
            _ => None,
        })
    };
    assert_eq!(killed(&leak("{perTask: 100MiB, growthPerHour: 20MiB}")), Some((5041, 137)));
    assert_eq!(killed(&leak("{perTask: 100MiB}")), None);
}

#[test]
fn ins_001_the_trunk_interface_takes_time_and_can_fail() {
    let text = "behavior: {trunkFailure: 100%, latencies: {trunkAttach: 3s, trunkDetach: 2s, instanceRegistration: 1s}}\n\
                containerInstances: [{name: A1, instanceType: m5.large, awsvpcTrunking: true}]\n";
    let model: Model = accepted(text);
    let behavior = &model.instance_behavior;
    always(&behavior.registration, 1.0);
    always(&behavior.trunk_attach, 3.0);
    always(&behavior.trunk_detach, 2.0);
    assert_eq!(behavior.trunk_failure, 1.0);
    let run = run(text);
    let status = run.sim.cluster().instances().values().next().unwrap().status;
    assert_eq!(status, ecsim_cluster::InstanceStatus::RegistrationFailed);
}

#[test]
fn distributions_that_cannot_be() {
    let text = |distribution: &str| format!("{T}behavior: {{taskDefinitions: {{t: {{duration: {distribution}}}}}}}\n");
    for (distribution, what) in [
        ("{lognormal: {median: 5s, p95: 2s}}", "this distribution cannot be: the p95 must be above the median"),
        ("{uniform: {min: 5s, max: 2s}}", "this distribution cannot be: the max must be above the min"),
        ("{exponential: {mean: 0s}}", "this distribution cannot be: the mean must be above zero"),
    ] {
        let found = problems(&text(distribution));
        assert!(found.len() == 1 && found[0].starts_with("E312 2:") && found[0].contains(what), "{found:?}");
    }
    // One problem, even where the interval between calls is what cannot be.
    let found = problems(&format!(
        "{A1}{T}workload: [{{runTask: {{taskDefinition: t}}, every: {{interval: {{uniform: {{min: 5s, max: 2s}}}}}}}}]\n"
    ));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn simulation_has_a_length_and_a_region() {
    check("simulation: {duration: 0s}\n", &["E310 1:24 a run of no length (write for example 24h)"]);
    check("simulation: {duration: 40000d}\n", &["E310 1:24 a run of more than a hundred years"]);
    check("simulation: {metricsPeriod: 500ms}\n", &["E310 1:29 a metrics period below one second"]);
    check("simulation: {duration: 1000d, metricsPeriod: 1s}\n", &["E310 1:46 more than ten million metrics periods"]);
    check("region: us-esat-1\n", &["E301 1:9 unknown region `us-esat-1` (near names: us-east-1"]);
}

#[test]
fn spt_017_an_event_rate_of_its_own_wins_over_the_band() {
    let hazard = |settings: &str| {
        let group =
            "autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSize: 1, availabilityZones: [us-east-1a],
  launchTemplate: {instanceType: m5.large, instanceMarketOptions: {marketType: spot}}}]
behavior: {spot: {interruptions: {band: 5%}}}\n";
        let model = model(&format!("{settings}{group}"));
        let pool = ecsim_cluster::PoolId::new(0);
        ecsim_policies::capacity::spot::hazard(model.capacity.pools[pool].monthly_interruption)
    };
    assert!((hazard("") - 7.124e-5).abs() < 1e-8);
    // An event every 50 hours takes 0.4 + 0.6 / 2 of the instances on average.
    let own = hazard("settings: {spot_pool_event_rate: 0.02}\n");
    assert!((own - 0.014).abs() < 1e-9, "{own}");
}

#[test]
fn every_setting_of_deployments_comes_from_the_scenario() {
    let model = model(
        "settings: {eager_stop: false, own_revision_replacement: false, first_task_digest_gate: false, count_stopping_in_max: true, throttle_free_failures: 4, throttle_first_s: 5, throttle_cap_s: 900, breaker_counts_crashes: false, breaker_placement_counts: task, breaker_minimum: 10, alarm_poll_s: 7, bake_alarm_factor: 1.5}\n",
    );
    let expected = DeploymentSettings {
        eager_stop: false,
        own_revision_replacement: false,
        first_task_digest_gate: false,
        count_stopping_in_max: true,
        throttle_free_failures: 4,
        throttle_first: Span::from_secs(5),
        throttle_cap: Span::from_secs(900),
        breaker_counts_crashes: false,
        breaker_placement_counts_tasks: true,
        breaker_minimum: 10,
        alarm_poll: Span::from_secs(7),
        bake_alarm_factor: 1_500,
    };
    assert_eq!(model.settings.deployments, expected);
}
