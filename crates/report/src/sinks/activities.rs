//! What scaling activities of groups say for themselves, for `scaling_activities.csv` and the events of EC2 Auto Scaling.

use ecsim_cluster::definitions::{LaunchOption, LaunchOwner};
use ecsim_cluster::fact::{LaunchFailure, TerminationReason};
use ecsim_cluster::{Cluster, Definitions, Instance, Market, ProviderId};

/// Why an instance was launched; `cluster` has counted it already.
pub(super) fn launch_cause(row: &Instance, warm: bool, cluster: &Cluster) -> String {
    let Some(group) = row.group else {
        return "Amazon ECS launched an instance for tasks that fit on no other of the capacity provider.".to_owned();
    };
    if warm {
        return "an instance was launched into the warm pool.".to_owned();
    }
    let capacity = cluster.groups()[group].counts.capacity;
    format!(
        "an instance was started in response to a difference between desired and actual capacity, increasing the capacity from {} to {capacity}.",
        capacity.saturating_sub(1)
    )
}

/// Why an instance was terminated.
pub(super) const fn termination_cause(reason: TerminationReason) -> &'static str {
    match reason {
        TerminationReason::User => "an instance was terminated by a user.",
        TerminationReason::ScaleIn => {
            "an instance was taken out of service in response to a difference between desired and actual capacity."
        }
        TerminationReason::UserInGroup => "an instance was taken out of service in response to a user request.",
        TerminationReason::Unhealthy => "an instance was taken out of service in response to a health check.",
        TerminationReason::SpotInterruption => {
            "an instance was taken out of service in response to a Spot interruption."
        }
        TerminationReason::CapacityRebalance => {
            "an instance was taken out of service in response to an EC2 instance rebalance recommendation."
        }
        TerminationReason::AzRebalance => "an instance was taken out of service to rebalance Availability Zones.",
        TerminationReason::Refresh => "an instance was taken out of service in response to an instance refresh.",
        TerminationReason::Lifetime => {
            "an instance was taken out of service because it had reached its maximum lifetime."
        }
        TerminationReason::LaunchAbandoned => {
            "an instance was terminated because a lifecycle hook ended its launch with ABANDON."
        }
        TerminationReason::Idle => "an instance was terminated because nothing ran on it any more.",
        TerminationReason::Consolidated => "an instance was terminated because its tasks fit on others.",
        TerminationReason::WarmPool => "an instance was terminated because the warm pool had more than it wanted.",
    }
}

/// What was tried, and why it failed.
pub(super) fn failure_cause(
    definitions: &Definitions,
    option: &LaunchOption,
    market: Market,
    failure: LaunchFailure,
) -> String {
    let pool = &definitions.pools[option.pool];
    let zone = definitions.zones.name(pool.zone);
    format!("{} ({} in {zone}, {})", failure.text(), pool.instance_type, market.name())
}

/// The capacity provider that launches of an owner are for.
pub(super) fn provider_of(owner: LaunchOwner, cluster: &Cluster) -> Option<ProviderId> {
    match owner {
        LaunchOwner::Group(group) => cluster.provider_of(group).map(|row| row.id),
        LaunchOwner::Provider(provider) => Some(provider),
    }
}
