//! What must hold after every event: everything recounted from scratch and compared with the books.
//!
//! Tests call [`check`] after every event, on random scenarios too. It is slow on purpose: it trusts nothing.

mod fleet;

use crate::cluster::{Cluster, Totals};
use crate::definitions::{ProviderKind, TaskDefinition};
use crate::gpus::GpuSharing;
use crate::instances::Instance;
use crate::lifecycle::{DesiredStatus, InstanceStatus, ServiceStatus, TaskStatus};
use crate::resources::{PortSet, Resources};
use crate::targets::TargetState;
use crate::tasks::Task;

/// Recounts everything.
///
/// # Errors
/// The first contradiction found, in words.
pub fn check(cluster: &Cluster) -> Result<(), String> {
    let definitions = cluster.definitions();
    let early = definitions.release_at_desired_stopped;
    let mut totals = Totals::default();
    let mut listed = 0;
    for (id, instance) in cluster.instances().iter() {
        let name = &instance.name;
        let fail = |what: String| Err(format!("instance {name}: {what}"));
        let mut reserved = Resources::ZERO;
        let mut on_host = Resources::ZERO;
        let mut ports = definitions.shapes[instance.shape].reserved_ports.clone();
        let mut host_ports: PortSet = ports.clone();
        let mut devices = vec![0_u32; usize::from(definitions.gpu_sharing.devices(instance.registered.gpus)).min(64)];
        let mut groups = std::collections::BTreeMap::new();
        let mut live = 0;
        let mut running = Resources::ZERO;
        if instance.status == InstanceStatus::Absent && !instance.tasks.is_empty() {
            return fail("holds tasks before it registered".into());
        }
        for task_id in &instance.tasks {
            let Some(task) = cluster.tasks().get(*task_id) else {
                return fail(format!("lists {task_id:?}, which is gone"));
            };
            listed += 1;
            if task.instance != Some(id) {
                return fail(format!("lists {task_id:?}, which is elsewhere"));
            }
            let definition = &definitions.task_definitions[task.definition];
            let booked = task.is_live() || !early;
            let amount = if booked { task.reserved } else { task.reserved.only_enis() };
            reserved = match reserved.checked_add(amount) {
                Some(sum) => sum,
                None => return fail("reservations overflow".into()),
            };
            if booked {
                for port in &definition.ports {
                    if !ports.insert(*port) {
                        return fail(format!("port {port} is reserved twice"));
                    }
                }
                let gpus = task.reserved.gpus;
                if task.gpu_devices.count_ones() != u32::from(definitions.gpu_sharing.devices(gpus)) {
                    return fail(format!("{task_id:?} has {:b} for {gpus} GPUs", task.gpu_devices));
                }
                for (device, used) in devices.iter_mut().enumerate() {
                    if task.gpu_devices >> device & 1 == 1 {
                        *used += u32::from(gpus.min(definitions.gpu_sharing.parts()));
                    }
                }
            }
            if task.is_live() {
                live += 1;
                *groups.entry(task.group).or_insert(0_u32) += 1;
            }
            if task.is_running() {
                running = running.checked_add(task.reserved).ok_or("running reservations overflow")?;
                totals.running_tasks += 1;
            } else if task.is_live() {
                totals.pending_tasks += 1;
            } else {
                totals.stopping_tasks += 1;
            }
            if task.admitted && !task.execution_stopped {
                on_host = on_host.checked_add(task.reserved.without_enis()).ok_or("host account overflows")?;
                for port in &definition.ports {
                    if !host_ports.insert(*port) {
                        return fail(format!("host port {port} is in use twice"));
                    }
                }
            }
            if task.admitted && !task.execution_stopped && !instance.host_running {
                return fail(format!("{task_id:?} runs on a host that does not"));
            }
            if task.last == TaskStatus::Stopped {
                return fail(format!("{task_id:?} is STOPPED and still listed"));
            }
            if let Err(what) = check_containers(task, definition) {
                return fail(what);
            }
            if task.last == TaskStatus::Running && !task.admitted {
                return fail(format!("{task_id:?} is RUNNING without the host's resources"));
            }
            if task.last > TaskStatus::Running && task.desired == DesiredStatus::Running {
                return fail(format!("{task_id:?} is {} while it is wanted", task.last));
            }
        }
        if instance.remaining.checked_add(reserved) != Some(instance.registered) {
            return fail(format!(
                "registered {:?}, reserved {reserved:?}, remaining {:?}",
                instance.registered, instance.remaining
            ));
        }
        if instance.host_free.checked_add(on_host) != Some(instance.registered) {
            return fail(format!("host account {:?} does not match {on_host:?}", instance.host_free));
        }
        if instance.ports != ports {
            return fail("ports in the books differ from the recount".into());
        }
        if instance.host_ports != host_ports {
            return fail("ports on the host differ from the recount".into());
        }
        if instance.ports.len()
            > definitions.max_reserved_ports.max(definitions.shapes[instance.shape].reserved_ports.len())
        {
            return fail(format!("{} ports are reserved", instance.ports.len()));
        }
        if let Err(what) = check_gpus(instance, &devices, definitions.gpu_sharing) {
            return fail(what);
        }
        if instance.live_tasks != live {
            return fail(format!("counts {} live tasks, has {live}", instance.live_tasks));
        }
        if !instance.groups.iter().copied().eq(groups) {
            return fail("live tasks by group differ from the recount".into());
        }
        if instance.running_cpu != running.cpu {
            return fail(format!("running tasks reserve {} CPU units, not {}", running.cpu, instance.running_cpu));
        }
        for waiting in &instance.queue {
            match cluster.tasks().get(*waiting) {
                Some(task) if task.instance == Some(id) && !task.admitted && task.last == TaskStatus::Pending => {}
                _ => return fail(format!("{waiting:?} waits for the host and should not")),
            }
        }
        if instance.status.is_registered() {
            totals.registered_instances += 1;
            totals.registered.add(instance.registered);
            totals.reserved.add(reserved);
            totals.reserved_by_running.add(running);
            totals.used_instances += u32::from(!instance.tasks.is_empty());
        }
        totals.receiving_instances += u32::from(instance.can_receive());
    }
    for task in cluster.tasks().iter().filter(|task| task.instance.is_none()) {
        listed += 1;
        if !task.is_live() {
            totals.stopping_tasks += 1;
        } else if task.is_running() {
            totals.running_tasks += 1;
        } else {
            totals.pending_tasks += 1;
        }
        if task.is_fargate() {
            let cpu = definitions.task_definitions[task.definition].fargate.map_or(0, |size| u64::from(size.cpu));
            let kind = task.provider.map(|provider| definitions.capacity_providers[provider].kind);
            if kind == Some(ProviderKind::FargateSpot) {
                totals.fargate_spot_cpu += cpu;
            } else {
                totals.fargate_cpu += cpu;
            }
        } else if task.last != TaskStatus::Provisioning {
            return Err(format!("{:?} is {} without an instance", task.id, task.last));
        } else {
            totals.awaiting_instance += u32::from(task.is_live());
        }
    }
    if listed != cluster.tasks().len() {
        return Err(format!("{listed} tasks are on instances, {} exist", cluster.tasks().len()));
    }
    if totals != *cluster.totals() {
        return Err(format!("totals {:?} differ from the recount {totals:?}", cluster.totals()));
    }
    check_services(cluster)?;
    fleet::check(cluster)
}

/// What tasks have of each GPU device, and what the books say is left.
fn check_gpus(instance: &Instance, used: &[u32], sharing: GpuSharing) -> Result<(), String> {
    let parts = u32::from(sharing.parts());
    if instance.gpu_left.len() != if sharing.is_on() { used.len() } else { 0 } || instance.gpu_chosen.is_some() {
        return Err("the account of its GPU devices is not what it should be".into());
    }
    if instance.free_gpu_devices.count_ones() as usize > used.len() {
        return Err("more GPU devices are free than there are".into());
    }
    for (device, used) in used.iter().copied().enumerate() {
        if used > parts {
            return Err(format!("GPU device {device} is given away more than once"));
        }
        if (instance.free_gpu_devices >> device & 1 == 1) != (used == 0) {
            return Err(format!("GPU device {device} is free in one account and not in the other"));
        }
        if sharing.is_on() && u32::from(instance.gpu_left[device]) != parts - used {
            return Err(format!(
                "{} thousandths of GPU device {device} are left, not {}",
                instance.gpu_left[device],
                parts - used
            ));
        }
    }
    Ok(())
}

/// Containers start before they exit, and only those that run, or ran to the end of their task, have a health.
fn check_containers(task: &Task, definition: &TaskDefinition) -> Result<(), String> {
    let id = task.id;
    let all = definition.all_containers();
    if task.started & !all != 0 || task.checked != definition.checked_containers() {
        return Err(format!("{id:?} has containers that its definition has not"));
    }
    if task.last == TaskStatus::Running && task.started != all {
        return Err(format!("{id:?} is RUNNING and not all of its containers have started"));
    }
    if !definition.is_ordered() && task.last < TaskStatus::Activating && task.started != 0 {
        return Err(format!("{id:?} has containers that started before it was ACTIVATING"));
    }
    if task.exited & !task.started != 0 || task.failed & !task.exited != 0 {
        return Err(format!("{id:?} has containers that exited before they started"));
    }
    if task.healthy & task.unhealthy != 0 || (task.healthy | task.unhealthy) & !task.started != 0 {
        return Err(format!("{id:?} has containers whose health cannot be known"));
    }
    Ok(())
}

/// Target groups list exactly the tasks that are registered with them, with their states counted.
fn check_targets(cluster: &Cluster) -> Result<(), String> {
    let mut registered = 0;
    for (id, definition) in cluster.definitions().target_groups.iter() {
        let group = cluster.target_group(id);
        let (mut healthy, mut unhealthy) = (0, 0);
        for task in &group.targets {
            let target =
                cluster.tasks().get(*task).and_then(|task| task.targets.iter().find(|target| target.group == id));
            let Some(target) = target else {
                return Err(format!("target group {}: lists {task:?}, which is not registered", definition.name));
            };
            healthy += u32::from(target.state == TargetState::Healthy);
            unhealthy += u32::from(target.state == TargetState::Unhealthy);
            registered += 1;
        }
        if (healthy, unhealthy) != (group.healthy, group.unhealthy) {
            return Err(format!("target group {}: the counts of its targets are wrong", definition.name));
        }
    }
    if registered != cluster.tasks().iter().map(|task| task.targets.len()).sum::<usize>() {
        return Err("a task has a target that its target group does not list".into());
    }
    Ok(())
}

fn check_services(cluster: &Cluster) -> Result<(), String> {
    let mut of_services = 0;
    for (id, service) in cluster.services().iter() {
        let name = &cluster.definitions().services[id].name;
        let (mut live, mut running) = (0, 0);
        let mut by_provider = std::collections::BTreeMap::new();
        let mut by_deployment = std::collections::BTreeMap::new();
        let mut last = None;
        for task_id in &service.tasks {
            let Some(task) = cluster.tasks().get(*task_id) else {
                return Err(format!("service {name}: lists {task_id:?}, which is gone"));
            };
            if task.service() != Some(id) {
                return Err(format!("service {name}: lists {task_id:?} of somebody else"));
            }
            if last >= Some(*task_id) {
                return Err(format!("service {name}: tasks are not ascending"));
            }
            last = Some(*task_id);
            live += u32::from(task.is_live());
            if let Some(number) = task.deployment().filter(|_| task.is_live()) {
                let counted = by_deployment.entry(number).or_insert((0_u32, 0_u32));
                *counted = (counted.0 + 1, counted.1 + u32::from(task.is_running()));
            }
            if let Some(provider) = task.provider.filter(|_| task.is_live()) {
                *by_provider.entry(provider).or_insert(0_u32) += 1;
            }
            running += u32::from(task.is_running());
            of_services += 1;
        }
        if (live, running) != (service.live, service.running) {
            return Err(format!(
                "service {name}: counts {}/{} live/running, has {live}/{running}",
                service.live, service.running
            ));
        }
        if !service.by_provider.iter().copied().eq(by_provider) {
            return Err(format!("service {name}: live tasks by provider differ from the recount"));
        }
        for deployment in &service.deployments {
            let found = by_deployment.remove(&deployment.number).unwrap_or_default();
            if found != (deployment.live, deployment.running) {
                return Err(format!(
                    "service {name}: deployment {} counts {}/{} live/running, has {}/{}",
                    deployment.number, deployment.live, deployment.running, found.0, found.1
                ));
            }
        }
        if let Some((number, _)) = by_deployment.pop_first() {
            return Err(format!("service {name}: deployment {number} is gone and has live tasks"));
        }
        if service.status == ServiceStatus::Absent && !service.tasks.is_empty() {
            return Err(format!("service {name}: has tasks before it was created"));
        }
    }
    check_targets(cluster)?;
    let with_service = cluster.tasks().iter().filter(|task| task.service().is_some()).count();
    if with_service != of_services {
        return Err(format!("{with_service} tasks belong to services, {of_services} are listed"));
    }
    Ok(())
}
