//! Instance types that the catalogue does not have, and corrections of those it has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::MemorySize;

/// An instance type of your own, or what differs from the catalogue's type of the same name. A new type needs `vcpu`
/// and `memory`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceTypeSpec {
    /// Virtual CPUs; each registers 1024 CPU units (RES-001).
    pub vcpu: Option<u32>,
    /// Nominal memory; an instance registers somewhat less (RES-004).
    pub memory: Option<MemorySize>,
    /// Whole GPUs (RES-030). Default 0.
    pub gpus: Option<u32>,
    /// Network interfaces an instance may have, the primary one included (RES-040). Default 2.
    pub max_enis: Option<u32>,
    /// Task network interfaces with `awsvpcTrunking` (RES-041). Default: the type does not support trunking.
    pub task_eni_limit_trunked: Option<u32>,
    /// `x86_64` or `arm64`: the attribute `ecs.cpu-architecture` (CQL-015). Default `x86_64`.
    pub architecture: Option<Architecture>,
    /// Whether it is built on the Nitro system; EBS task volumes need it (RES-052). Default true.
    pub nitro: Option<bool>,
}

/// The instruction set, as EC2 spells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Architecture {
    /// 64-bit Intel or AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X8664,
    /// 64-bit Arm (Graviton).
    #[serde(rename = "arm64")]
    Arm64,
}
