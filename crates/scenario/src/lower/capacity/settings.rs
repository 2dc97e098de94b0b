//! The settings about capacity, as the policies know them.

use ecsim_policies::capacity::auto_scaling_group::backoff::Backoff;
use ecsim_policies::capacity::managed_scaling::need::Algorithm;
use ecsim_policies::capacity::managed_scaling::step::{ScaleInCap, ZeroStart};
use ecsim_policies::capacity::provider_strategy::ZeroWeightBase;
use ecsim_policies::capacity::settings::{
    CapacitySettings, CountedInstances, DrainCount, LaunchGroups, ProvisioningOverflow, ProvisioningReasons, Tie,
};
use ecsim_policies::settings::Bucket;

use super::super::Context;
use crate::schema::setting_values as values;

/// One whole, in the millionths of a share.
const WHOLE: u32 = 1_000_000;

/// Turns the part of the block that is about capacity into the settings of a run.
pub(in crate::lower) fn lower(context: &mut Context<'_>) -> CapacitySettings {
    let given = &context.scenario.settings;
    let wrong = [
        ("scale_in_cap", given.scale_in_cap.millionths() == 0, "a share above 0 is needed: at least one instance goes"),
        ("scale_in_step_period", given.scale_in_step_period.0.is_zero(), "steps without a wait would never end"),
        ("fargate_bucket_burst", given.fargate_bucket_burst == 0, "a bucket that holds nothing lets nothing through"),
        (
            "fargate_bucket_refill_per_s",
            given.fargate_bucket_refill_per_s == 0,
            "a bucket that is never refilled lets nothing more through",
        ),
        (
            "fargate_bucket_share",
            given.fargate_bucket_share.millionths() < 1_000,
            "a thousandth of the rate is the least",
        ),
        ("ice_backoff", given.ice_backoff.first_s.0.is_zero(), "attempts to launch without a wait would never end"),
        (
            "launch_groups",
            given.launch_groups.value().is_some_and(|groups| groups.tasks == 0 || groups.every_s.0.is_zero()),
            "a group needs a task at least, and a time to the next one",
        ),
        (
            "spot_band_midpoints",
            given.spot_band_midpoints.iter().any(|band| band.fraction() >= 1.0),
            "an instance that is certainly interrupted within a month would never live",
        ),
    ];
    for (key, wrong, message) in wrong {
        if wrong {
            let at = context.at("settings").key(key);
            context.error(&at, "E311", message, None);
        }
    }
    let jitter = given.ice_backoff.jitter.millionths();
    if !jitter.is_multiple_of(10_000) {
        let at = context.at("settings").key("ice_backoff").key("jitter");
        context.warning(&at, "W360", "`jitter` is rounded to whole percents", None);
    }
    CapacitySettings {
        zero_weight_base: match given.zero_weight_base {
            values::ZeroWeightBase::Honour => ZeroWeightBase::Honour,
            values::ZeroWeightBase::Ignore => ZeroWeightBase::Ignore,
        },
        allow_family_change: given.allow_cp_family_change,
        provisioning_reasons: match given.provisioning_reasons {
            values::ProvisioningReasons::All => ProvisioningReasons::All,
            values::ProvisioningReasons::Resources => ProvisioningReasons::Resources,
        },
        provisioning_tasks: given.provisioning_tasks_per_cluster,
        provisioning_overflow: match given.provisioning_overflow {
            values::ProvisioningOverflow::RejectCall => ProvisioningOverflow::RejectCall,
            values::ProvisioningOverflow::RejectExcess => ProvisioningOverflow::AcceptUpToLimit,
        },
        counted_instances: match given.cas_n {
            values::CasN::LaunchingAndRunning => CountedInstances::LaunchingAndRunning,
            values::CasN::Registered => CountedInstances::Registered,
        },
        sample_offset: ecsim_kernel::Span::from_ms(u64::from(given.cas_sample_offset_ms)),
        metric_publish_delay: given.metric_publish_delay.0,
        zero_start: match given.zero_start {
            values::ZeroStart::Formula => ZeroStart::Formula,
            values::ZeroStart::AlwaysTwo => ZeroStart::AlwaysTwo,
        },
        algorithm: match given.cas_algorithm {
            values::CasAlgorithm::Current => Algorithm::Current,
            values::CasAlgorithm::Historic => Algorithm::Historic2020,
        },
        scale_in_step_period: given.scale_in_step_period.0,
        scale_in_cap: ScaleInCap::new(given.scale_in_cap.millionths(), WHOLE).unwrap_or_default(),
        daemon_reserve_in_estimate: given.daemon_reserve_in_estimate,
        drain_count: match given.drain_count {
            values::DrainCount::DesiredStatus => DrainCount::DesiredStatus,
            values::DrainCount::LastStatus => DrainCount::LastStatus,
        },
        zone_tie: match given.az_tie {
            values::AzTie::ConfigOrder => Tie::Order,
            values::AzTie::Random => Tie::SeededRandom,
        },
        billing_hour_tie: match given.billing_hour_tie {
            values::BillingHourTie::SeededRandom => Tie::SeededRandom,
            values::BillingHourTie::Oldest => Tie::Order,
        },
        launch_backoff: Backoff {
            first: given.ice_backoff.first_s.0,
            most: given.ice_backoff.max_s.0,
            jitter_percent: (jitter + 5_000) / 10_000,
        },
        managed_scale_in_after: given.mi_scale_in_after_default.0,
        fargate_vcpu_quota: given.fargate_vcpu_quota.value(),
        fargate_bucket: Bucket {
            capacity: given.fargate_bucket_burst,
            refill_per_second: given.fargate_bucket_refill_per_s,
        },
        fargate_bucket_share: given.fargate_bucket_share.millionths() / 1_000,
        launch_groups: given
            .launch_groups
            .value()
            .map(|groups| LaunchGroups { size: groups.tasks, period: groups.every_s.0 }),
    }
}
