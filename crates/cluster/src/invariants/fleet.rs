//! The recount of groups, providers and pools.

use std::collections::BTreeMap;

use crate::capacity::FleetCounts;
use crate::cluster::Cluster;
use crate::definitions::{LaunchOwner, ProviderKind};
use crate::ids::{InstanceId, ProviderId, TaskId};
use crate::instances::Instance;
use crate::lifecycle::{InstanceLifecycle, InstanceStatus, Market, ProviderStatus};

/// States of instances that contradict each other, sums that do not add up.
pub(super) fn check(cluster: &Cluster) -> Result<(), String> {
    let definitions = cluster.definitions();
    let mut members: BTreeMap<LaunchOwner, (Vec<InstanceId>, FleetCounts)> = BTreeMap::new();
    let mut in_pool = vec![(0_u32, 0_u32); definitions.pools.len()];
    let mut used: BTreeMap<InstanceId, u32> = BTreeMap::new();
    for task in cluster.tasks().iter() {
        let fargate = task.provider.map(|provider| {
            let kind = definitions.capacity_providers[provider].kind;
            matches!(kind, ProviderKind::Fargate | ProviderKind::FargateSpot)
        });
        if fargate.is_some_and(|fargate| fargate != task.is_fargate()) {
            return Err(format!("{:?} has a launch type that is not its provider's", task.id));
        }
        if let Some(instance) = task.instance.filter(|_| cluster.is_provider_task(task.origin, task.provider)) {
            *used.entry(instance).or_insert(0) += 1;
        }
        if let (Some(provider), Some(instance)) = (task.provider, task.instance) {
            let row = &cluster.instances()[instance];
            if row.provider != Some(provider) && row.lifecycle != InstanceLifecycle::Detached {
                return Err(format!(
                    "{:?} of {provider:?} runs on {}, which is not of that provider",
                    task.id, row.name
                ));
            }
        }
    }
    for instance in cluster.instances().values() {
        check_state(instance)?;
        let recounted = used.get(&instance.id).copied().unwrap_or(0);
        if instance.provider_tasks != recounted {
            return Err(format!(
                "instance {}: counts {} tasks of a provider, has {recounted}",
                instance.name, instance.provider_tasks
            ));
        }
        let Some(option) = instance.option else { continue };
        let launch = &definitions.launch_options[option];
        if instance.terminated_at.is_none() {
            let (all, spot) = &mut in_pool[launch.pool.index()];
            *all += 1;
            *spot += u32::from(instance.market == Market::Spot);
        }
        let (list, counts) = members.entry(launch.owner).or_default();
        let listed = match launch.owner {
            LaunchOwner::Group(_) => instance.lifecycle.is_member(),
            LaunchOwner::Provider(_) => instance.terminated_at.is_none(),
        };
        if listed {
            list.push(instance.id);
        }
        counts.count(instance, true);
    }
    for (id, group) in cluster.groups().iter() {
        let name = &definitions.auto_scaling_groups[id].name;
        let (list, counts) = members.remove(&LaunchOwner::Group(id)).unwrap_or_default();
        if list.iter().any(|instance| cluster.instances()[*instance].group != Some(id)) {
            return Err(format!("group {name}: lists an instance of another group"));
        }
        if group.instances != list || group.counts != counts {
            return Err(format!("group {name}: has {:?}, the recount gives {counts:?}", group.counts));
        }
        if !(group.min_size <= group.desired && group.desired <= group.max_size) {
            return Err(format!("group {name}: desired {} is not within its limits", group.desired));
        }
        for (zone, count) in &group.by_zone {
            let there = list.iter().map(|id| &cluster.instances()[*id]);
            if there.filter(|row| row.is_capacity() && row.zone == *zone).count() != *count as usize {
                return Err(format!("group {name}: {count} instances in {zone:?} differ from the recount"));
            }
        }
    }
    let mut waiting: BTreeMap<ProviderId, Vec<TaskId>> = BTreeMap::new();
    let mut tasks: BTreeMap<ProviderId, u32> = BTreeMap::new();
    for task in cluster.tasks().iter() {
        if let Some(provider) = task.provider {
            *tasks.entry(provider).or_insert(0) += 1;
            if task.awaits_instance() {
                waiting.entry(provider).or_default().push(task.id);
            }
        }
    }
    for (id, provider) in cluster.providers().iter() {
        let name = &definitions.capacity_providers[id].name;
        let mut wait = waiting.remove(&id).unwrap_or_default();
        wait.sort_unstable();
        if !provider.waiting.is_empty() && provider.status != ProviderStatus::Active {
            return Err(format!("provider {name}: tasks wait for it, and it is {:?}", provider.status));
        }
        if !provider.waiting.iter().copied().eq(wait) {
            return Err(format!("provider {name}: those who wait differ from the recount"));
        }
        if provider.tasks != tasks.get(&id).copied().unwrap_or(0) {
            return Err(format!("provider {name}: counts {} tasks", provider.tasks));
        }
        let (list, counts) = members.remove(&LaunchOwner::Provider(id)).unwrap_or_default();
        let owns = definitions.capacity_providers[id].kind == ProviderKind::ManagedInstances;
        if provider.instances != list || provider.counts != counts || (!owns && !list.is_empty()) {
            return Err(format!("provider {name}: its instances differ from the recount"));
        }
    }
    check_fargate_zones(cluster)?;
    for (pool, count) in definitions.pools.ids().zip(in_pool) {
        let row = cluster.pool(pool);
        if (row.instances, row.spot_instances) != count {
            let counted = (row.instances, row.spot_instances);
            return Err(format!("{pool:?}: counts {counted:?} instances and Spot instances, has {count:?}"));
        }
    }
    Ok(())
}

/// Live Fargate tasks by group, provider and zone.
fn check_fargate_zones(cluster: &Cluster) -> Result<(), String> {
    let mut counts: BTreeMap<_, u32> = BTreeMap::new();
    for task in cluster.tasks().iter().filter(|task| task.is_fargate() && task.is_live()) {
        if let Some(zone) = task.zone {
            *counts.entry((task.group, task.provider, zone)).or_insert(0) += 1;
        }
    }
    for ((group, provider, zone), count) in &counts {
        let known = cluster.fargate_tasks_in(*group, *provider, *zone);
        if known != *count {
            return Err(format!("{known} Fargate tasks of {group:?} in {zone:?} are known, the recount gives {count}"));
        }
    }
    if cluster.fargate_zones().count() != counts.len() {
        return Err("Fargate tasks are counted in zones where there are none".into());
    }
    Ok(())
}

/// What an instance says of itself at once must be possible at once.
fn check_state(instance: &Instance) -> Result<(), String> {
    let fail = |what: &str| Err(format!("instance {}: {what}", instance.name));
    if instance.terminated_at.is_some() {
        if instance.host_running {
            return fail("terminated, and its host runs");
        }
        // One that was stopped before lingers as ACTIVE until ECS misses its agent (INS-005, INS-007).
        if !instance.tasks.is_empty() && !instance.can_receive() && instance.status != InstanceStatus::Draining {
            return fail("terminated, and still has tasks");
        }
    }
    if instance.lifecycle.is_warm() && instance.status != InstanceStatus::Absent {
        return fail("in the warm pool, and known to ECS");
    }
    if instance.lifecycle == InstanceLifecycle::InService && instance.in_service_at.is_none() {
        return fail("in service, and nobody knows since when");
    }
    if instance.group.is_some() == (instance.lifecycle == InstanceLifecycle::Unmanaged) {
        return fail("of a group without a life cycle, or the other way round");
    }
    if matches!(instance.lifecycle, InstanceLifecycle::WarmedStopped | InstanceLifecycle::WarmedHibernated)
        && instance.host_running
        && instance.terminated_at.is_none()
    {
        return fail("stopped in the warm pool, and its host runs");
    }
    if instance.reclaimed_at.is_some() && instance.market != Market::Spot {
        return fail("on demand, and interrupted by Spot");
    }
    if instance.lifecycle == InstanceLifecycle::Terminated && instance.terminated_at.is_none() {
        return fail("gone from its group, and not terminated");
    }
    Ok(())
}
