//! Step 1 of placement: which instances have what the task needs (PLC-002, PLC-005 to PLC-007, RES-024, RES-030, RES-040).
//!
//! The checks run in the order of FLR-003, and the first that fails is the instance's reason. `StartTask` uses the same
//! checks without constraints and strategies (PLC-059).

use ecsim_cluster::definitions::{LaunchType, TaskDefinition};
use ecsim_cluster::fact::StartTaskFailure;
use ecsim_cluster::{
    Definitions, Instance, InstanceId, InstanceStatus, ProviderId, Rejection, Resources, SubnetId, ZoneId,
};

use super::daemons::Daemons;
use super::request::Request;
use crate::View;

/// Whether the instance is looked at at all: ACTIVE, and of the request's launch type or capacity provider (PLC-004,
/// PLC-011, CP-015). Instances that ECS itself bought are reached through their provider only (CP-011).
///
/// One that is not gets no entry among the failures (FLR-003). Whether the agent is connected is the last check there.
#[must_use]
pub fn is_eligible(view: &View<'_>, request: &Request<'_>, instance: &Instance) -> bool {
    let external = view.cluster.definitions().shapes[instance.shape].external;
    instance.status == InstanceStatus::Active && is_of(request.launch_type, request.provider, instance, external)
}

/// Whether the instance is of the launch type, or of the capacity provider where there is one (PLC-011, CP-011, CP-015).
#[must_use]
pub fn is_of(launch_type: LaunchType, provider: Option<ProviderId>, instance: &Instance, external: bool) -> bool {
    match provider {
        Some(_) => instance.provider == provider,
        None => external == (launch_type == LaunchType::External) && !instance.is_managed(),
    }
}

/// Whether the instance meets the needs of the task, or the first it fails (FLR-003): attributes, zone, CPU, memory,
/// ports, network interface, GPUs. Whether it is ACTIVE and connected is not looked at.
///
/// # Errors
/// The first reason in the order of FLR-003, from [`Rejection::Attribute`] to [`Rejection::Gpu`].
pub fn check(view: &View<'_>, request: &Request<'_>, instance: InstanceId) -> Result<(), Rejection> {
    let instance = &view.cluster.instances()[instance];
    check_room(view, request, instance, Daemons::against(view, request).room(view, instance))
}

/// The same, where the caller knows what the instance has left for this request (PLC-052).
///
/// # Errors
/// As [`check`].
pub fn check_room(
    view: &View<'_>,
    request: &Request<'_>,
    instance: &Instance,
    room: Resources,
) -> Result<(), Rejection> {
    let definitions = view.cluster.definitions();
    let definition = &definitions.task_definitions[request.definition];
    let need = request.requirements.on(instance.registered);
    if !has_attributes(definition, instance) {
        Err(Rejection::Attribute)
    } else if !is_located(definitions, request, instance.zone) {
        Err(Rejection::Location)
    } else if need.cpu > room.cpu {
        Err(Rejection::Cpu)
    } else if need.memory > room.memory {
        Err(Rejection::Memory)
    } else if !instance.ports.can_add(&definition.ports, definitions.max_reserved_ports) {
        Err(Rejection::Ports)
    } else if need.enis > room.enis {
        Err(Rejection::Eni)
    } else if need.gpus > room.gpus || !instance.gives_gpus(need.gpus) {
        Err(Rejection::Gpu)
    } else {
        Ok(())
    }
}

/// Whether `StartTask` can start the task on the instance: everything but constraints and strategies (PLC-059).
///
/// # Errors
/// `MISSING` for an instance that never registered, `INACTIVE` for one that is not ACTIVE, else the first failing check
/// of FLR-003, `AGENT` last.
pub fn check_start_task(view: &View<'_>, request: &Request<'_>, instance: InstanceId) -> Result<(), StartTaskFailure> {
    let row = view.cluster.instances().get(instance).ok_or(StartTaskFailure::Missing)?;
    match row.status {
        InstanceStatus::Absent => return Err(StartTaskFailure::Missing),
        InstanceStatus::Active => {}
        _ => return Err(StartTaskFailure::Inactive),
    }
    check(view, request, instance).map_err(StartTaskFailure::Rejected)?;
    if row.connected { Ok(()) } else { Err(StartTaskFailure::Rejected(Rejection::Agent)) }
}

/// Whether the instance has every attribute that the task definition requires (PLC-006).
#[must_use]
pub fn has_attributes(definition: &TaskDefinition, instance: &Instance) -> bool {
    definition.required_attributes.iter().all(|(name, required)| match (instance.attribute(*name), required) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(value), required) => value == *required,
    })
}

/// Whether the zone is one of the request's (PLC-007, AZR-007).
#[must_use]
pub fn is_located(definitions: &Definitions, request: &Request<'_>, zone: ZoneId) -> bool {
    request.zone.is_none_or(|only| only == zone) && is_in_zone_of(definitions, request.subnets, zone)
}

/// Whether some of the subnets lies in the zone; where none is named every zone will do (PLC-007).
#[must_use]
pub fn is_in_zone_of(definitions: &Definitions, subnets: &[SubnetId], zone: ZoneId) -> bool {
    subnets.is_empty() || subnets.iter().any(|subnet| definitions.subnets[*subnet].zone == zone)
}
