//! Volumes of a task definition, and what a launch configures of them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::Text;
use super::common::{Enabled, KeptObject};

/// A volume of a task definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Volume {
    /// Its name.
    pub name: Option<String>,
    /// A directory of the host; does not tie the task to it (RES-050).
    #[schemars(extend("x-ecsim" = "kept"))]
    pub host: Option<HostVolume>,
    /// A Docker volume; the instance must have its driver (RES-051).
    pub docker_volume_configuration: Option<DockerVolumeConfiguration>,
    /// An EFS file system; makes an instance attribute necessary (RES-050).
    pub efs_volume_configuration: Option<EfsVolumeConfiguration>,
    /// An S3 Files file system.
    #[serde(rename = "s3filesVolumeConfiguration")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub s3files_volume_configuration: Option<KeptObject>,
    /// An FSx for Windows file system.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub fsx_windows_file_server_volume_configuration: Option<KeptObject>,
    /// Whether the launch configures it: an EBS volume (RES-052). Default false.
    pub configured_at_launch: Option<bool>,
}

/// A directory of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "HostVolumeProperties")]
pub struct HostVolume {
    /// Its path. Default: Docker makes one.
    pub source_path: Option<String>,
}

/// A Docker volume (RES-051).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DockerVolumeConfiguration {
    /// The volume driver; the instance must have `ecs.capability.docker-plugin.DRIVER`. Default `local`, which every
    /// instance has.
    pub driver: Option<String>,
    /// Whether it lives with the task or stays.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub scope: Option<VolumeScope>,
    /// Whether it is made where it does not exist.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub autoprovision: Option<bool>,
    /// The driver's options.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub driver_opts: BTreeMap<String, Text>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub labels: BTreeMap<String, Text>,
}

/// How long a Docker volume lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VolumeScope {
    /// As long as the task.
    Task,
    /// Longer than the task.
    Shared,
}

/// An EFS file system (RES-050).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "EFSVolumeConfiguration")]
pub struct EfsVolumeConfiguration {
    /// Its id.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub file_system_id: String,
    /// The directory that becomes the volume's root.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub root_directory: Option<String>,
    /// Whether traffic is encrypted.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub transit_encryption: Option<Enabled>,
    /// The port for encrypted traffic.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub transit_encryption_port: Option<u32>,
    /// An access point or IAM; with either the instance must have `ecs.capability.efsAuth` (RES-050).
    pub authorization_config: Option<EfsAuthorizationConfig>,
}

/// How EFS checks the task (RES-050).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "EFSAuthorizationConfig")]
pub struct EfsAuthorizationConfig {
    /// The access point's id.
    pub access_point_id: Option<String>,
    /// Whether the task role is used.
    pub iam: Option<Enabled>,
}

/// What a `RunTask` or `StartTask` call configures of a volume (RES-052).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TaskVolumeConfiguration {
    /// The volume's name in the task definition.
    pub name: String,
    /// The EBS volume to make.
    #[serde(rename = "managedEBSVolume")]
    pub managed_ebs_volume: Option<KeptObject>,
}
