//! What is asked of a placement: one task, its needs, its group, its rules.

use ecsim_cluster::definitions::LaunchType;
use ecsim_cluster::{GroupId, PlacementId, ProviderId, Requirements, SubnetId, TaskDefinitionId, ZoneId};

/// A task to be placed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What it runs: gives its static host ports and required attributes.
    pub definition: TaskDefinitionId,
    /// What it reserves, overrides applied (RES-010).
    pub requirements: Requirements,
    /// What spread and `distinctInstance` count (PLC-024, PLC-041).
    pub group: GroupId,
    /// Its strategies and constraints.
    pub placement: PlacementId,
    /// Which instances its launch type admits (PLC-011).
    pub launch_type: LaunchType,
    /// Its capacity provider: only instances of it are looked at (CP-015).
    pub provider: Option<ProviderId>,
    /// Subnets of an `awsvpc` task; empty where the scenario names none, then every zone will do (PLC-007).
    pub subnets: &'a [SubnetId],
    /// Only instances of this zone: the target of a rebalancing move (AZR-007).
    pub zone: Option<ZoneId>,
    /// Whether this is a daemon's own task, for which room was reserved (PLC-052).
    pub is_daemon: bool,
}
