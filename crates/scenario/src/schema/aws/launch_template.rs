//! `CreateLaunchTemplate`: what an instance is; and how an Auto Scaling group names one, or says it in place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::money::Usd;
use super::super::units::Text;
use super::common::KeptObject;
use super::instance_requirements::InstanceRequirements;

/// A launch template, as in AWS's `CreateLaunchTemplate`: its first version, and those made later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LaunchTemplate {
    /// Its name.
    pub launch_template_name: String,
    /// Its id, such as `lt-0abcd1234`, by which a group may name it too. Default: derived from the name.
    pub launch_template_id: Option<String>,
    /// Version 1.
    pub launch_template_data: LaunchTemplateData,
    /// Version 2 and those after it, each as in AWS's `CreateLaunchTemplateVersion`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<LaunchTemplateVersion>,
    /// What `$Default` means. Default 1.
    pub default_version_number: Option<u32>,
    /// What version 1 is about.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub version_description: Option<String>,
    /// Makes the call idempotent.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub client_token: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tag_specifications: Vec<KeptObject>,
    /// The number of the first version that stands here, where `describe-launch-template-versions` prints a later one.
    /// Default 1.
    pub version_number: Option<u32>,
    /// Whether this version is the default, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub default_version: Option<bool>,
    /// When it was created, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub create_time: Option<Value>,
    /// Who created it, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub created_by: Option<String>,
    /// The service that manages it, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub operator: Option<KeptObject>,
}

/// A later version of a launch template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LaunchTemplateVersion {
    /// The version from which everything comes that this one does not say. Default: none, it stands alone.
    pub source_version: Option<Text>,
    /// What its instances are.
    pub launch_template_data: LaunchTemplateData,
    /// What it is about.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub version_description: Option<String>,
    /// The template's name, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub launch_template_name: Option<String>,
    /// The template's id, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub launch_template_id: Option<String>,
    /// Its number, as AWS prints it; versions count in the order in which they stand here.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub version_number: Option<u32>,
    /// Whether it is the default, as AWS prints it; `defaultVersionNumber` says which one is.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub default_version: Option<bool>,
    /// When it was created, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub create_time: Option<Value>,
    /// Who created it, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub created_by: Option<String>,
    /// The service that manages it, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub operator: Option<KeptObject>,
}

/// What instances are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LaunchTemplateData {
    /// An instance type of the catalogue or of `instanceTypes`.
    pub instance_type: Option<String>,
    /// What the instance type must have, in place of a type.
    pub instance_requirements: Option<InstanceRequirements>,
    /// Whether the instances are Spot. Default: on-demand.
    pub instance_market_options: Option<InstanceMarketOptions>,
    /// Volumes of the instances; their size is part of what they cost. Default: what `pricing.ebs` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block_device_mappings: Vec<BlockDeviceMapping>,
    /// The machine image; what ECS sees of it is under `behavior.autoScalingGroups.NAME.containerInstance`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub image_id: Option<String>,
    /// The script of the first boot; what it costs in time is under `behavior.autoScalingGroups.NAME.userData`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub user_data: Option<Value>,
    /// A Capacity Reservation to use.
    #[schemars(extend("x-ecsim" = "later"))]
    pub capacity_reservation_specification: Option<KeptObject>,
    /// Number of cores, and threads for each.
    #[schemars(extend("x-ecsim" = "later"))]
    pub cpu_options: Option<KeptObject>,
    /// The kernel.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub kernel_id: Option<String>,
    /// The RAM disk.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ram_disk_id: Option<String>,
    /// Whether volumes have bandwidth of their own.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ebs_optimized: Option<bool>,
    /// The role of the instance.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub iam_instance_profile: Option<KeptObject>,
    /// Network interfaces at the launch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub network_interfaces: Vec<KeptObject>,
    /// The key for SSH.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub key_name: Option<String>,
    /// Detailed monitoring.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub monitoring: Option<KeptObject>,
    /// Placement group, host and tenancy.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub placement: Option<KeptObject>,
    /// Whether the EC2 API may terminate the instance.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub disable_api_termination: Option<bool>,
    /// Whether the EC2 API may stop the instance.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub disable_api_stop: Option<bool>,
    /// What a shutdown from inside does.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub instance_initiated_shutdown_behavior: Option<String>,
    /// Tags of instances and volumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tag_specifications: Vec<KeptObject>,
    /// Elastic GPUs; no longer offered by AWS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub elastic_gpu_specifications: Vec<KeptObject>,
    /// Elastic Inference accelerators; no longer offered by AWS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub elastic_inference_accelerators: Vec<KeptObject>,
    /// Security groups by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub security_group_ids: Vec<String>,
    /// Security groups by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub security_groups: Vec<String>,
    /// CPU credits of burstable types.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub credit_specification: Option<KeptObject>,
    /// Licences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub license_specifications: Vec<KeptObject>,
    /// Hibernation.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub hibernation_options: Option<KeptObject>,
    /// The instance metadata service.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub metadata_options: Option<KeptObject>,
    /// Nitro Enclaves.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub enclave_options: Option<KeptObject>,
    /// The instance's name in DNS.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub private_dns_name_options: Option<KeptObject>,
    /// Recovery after a failure of the host.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub maintenance_options: Option<KeptObject>,
    /// The service that manages the instance.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub operator: Option<KeptObject>,
    /// How bandwidth is shared between volumes and network.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub network_performance_options: Option<KeptObject>,
    /// Network interfaces of the second kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub secondary_interfaces: Vec<KeptObject>,
}

/// A launch template of a group: an entry of `launchTemplates` by name or id, or what its instances are, in place:
/// `{instanceType: m6i.large}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LaunchTemplateSpecification {
    /// The name of an entry of `launchTemplates`.
    pub launch_template_name: Option<String>,
    /// The id of an entry of `launchTemplates`.
    pub launch_template_id: Option<String>,
    /// Its version: a number, `$Default` or `$Latest`. Default `$Default`.
    pub version: Option<Text>,
    /// In place: an instance type of the catalogue or of `instanceTypes`.
    pub instance_type: Option<String>,
    /// In place: what the instance type must have.
    pub instance_requirements: Option<InstanceRequirements>,
    /// In place: whether the instances are Spot. Default: on-demand.
    pub instance_market_options: Option<InstanceMarketOptions>,
    /// In place: volumes of the instances; their size is part of what they cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block_device_mappings: Vec<BlockDeviceMapping>,
    /// In place: the machine image.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub image_id: Option<String>,
}

impl LaunchTemplateSpecification {
    /// The name or id of an entry of `launchTemplates`; without one, the instances are described in place.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        self.launch_template_name.as_deref().or(self.launch_template_id.as_deref())
    }
}

/// Whether instances are Spot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceMarketOptions {
    /// `spot`, or a kind of reservation. Default: on-demand.
    pub market_type: Option<MarketType>,
    /// Options of Spot instances.
    pub spot_options: Option<SpotOptions>,
}

/// `marketType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MarketType {
    /// Spot instances (SPT-001).
    Spot,
    /// A capacity block for machine learning; this version does not simulate it.
    CapacityBlock,
    /// An interruptible Capacity Reservation; this version does not simulate it.
    InterruptibleCapacityReservation,
}

/// Options of Spot instances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SpotOptions {
    /// The most to pay for an hour, in USD. Default: the on-demand price.
    #[serde(default, deserialize_with = "Usd::optional")]
    #[schemars(with = "Option<super::super::money::OptionalUsd>")]
    pub max_price: Option<Usd>,
    /// `one-time` or `persistent`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub spot_instance_type: Option<String>,
    /// No longer offered by AWS.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub block_duration_minutes: Option<u32>,
    /// When the request ends.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub valid_until: Option<Value>,
    /// What an interruption does; a group always terminates.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub instance_interruption_behavior: Option<String>,
}

/// A volume of an instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BlockDeviceMapping {
    /// An EBS volume.
    pub ebs: Option<EbsBlockDevice>,
    /// The device's name, such as `/dev/xvda`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub device_name: Option<String>,
    /// A local disk.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub virtual_name: Option<String>,
    /// Leaves out a volume of the image.
    pub no_device: Option<Text>,
}

/// An EBS volume of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EbsBlockDevice {
    /// Its size in GiB. Default 30, as in the ECS-optimized image.
    pub volume_size: Option<u32>,
    /// Its type. Default `gp3`.
    pub volume_type: Option<VolumeType>,
    /// Operations a second.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub iops: Option<u32>,
    /// MiB a second.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub throughput: Option<u32>,
    /// Whether it goes with the instance.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub delete_on_termination: Option<bool>,
    /// Whether it is encrypted.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub encrypted: Option<bool>,
    /// The key it is encrypted with.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub kms_key_id: Option<String>,
    /// The snapshot it comes from.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub snapshot_id: Option<String>,
    /// How fast it is filled from the snapshot.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub volume_initialization_rate: Option<u32>,
    /// The card it is attached to.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ebs_card_index: Option<u32>,
}

/// Types of EBS volumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VolumeType {
    /// General purpose.
    #[default]
    Gp3,
    /// General purpose, of the generation before.
    Gp2,
    /// Provisioned IOPS.
    Io1,
    /// Provisioned IOPS, more durable.
    Io2,
    /// Hard disks for throughput.
    St1,
    /// Cold hard disks.
    Sc1,
    /// Magnetic.
    Standard,
}
