//! What things cost, where it is not what the catalogue says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::money::{Share, Usd};

/// What things cost, where it is not what the catalogue says. All amounts are in US dollars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Pricing {
    /// `USD`, the only currency.
    pub currency: Option<Currency>,
    /// On-demand price of an hour, by instance type. Default: the catalogue's for the Region.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub on_demand: BTreeMap<String, Usd>,
    /// Spot price of an hour, by instance type (SPT-013). Default: on-demand less the saving.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub spot: BTreeMap<String, Usd>,
    /// Saving of Spot against on-demand, for every type (SPT-014). Default: what AWS's Spot Instance Advisor says of
    /// the type.
    pub spot_discount: Option<Share>,
    /// Whether Spot prices move (SPT-013). Default: they stay for runs of up to a day, and walk in longer ones.
    pub spot_price: Option<SpotPriceModel>,
    /// Prices of Fargate (BIL-002). Default: the catalogue's for the Region.
    pub fargate: FargatePrices,
    /// Prices of EBS volumes of instances. Default: volumes cost nothing.
    pub ebs: EbsPrices,
    /// A Compute Savings Plan (BIL-004). Default: the settings `savings_plan_commitment` and `savings_plan_discount`.
    pub savings_plan: Option<SavingsPlan>,
    /// Reserved Instances: on-demand hours that cost less.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reserved_instances: Vec<ReservedInstances>,
    /// What is taken off everything, last: a private price, say. Default 0.
    pub discount: Option<Share>,
}

/// The currency of all amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Currency {
    /// US dollars.
    #[default]
    #[serde(rename = "USD")]
    Usd,
}

/// Whether Spot prices move (SPT-013).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpotPriceModel {
    /// They stay.
    Constant,
    /// They take a step each day, by the settings `spot_price_sigma` and `spot_price_reversion`.
    Walk,
}

/// Prices of Fargate (BIL-002).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct FargatePrices {
    /// One vCPU for an hour: Linux on x86.
    pub vcpu_hour: Option<Usd>,
    /// One GB of memory for an hour: Linux on x86.
    pub gb_hour: Option<Usd>,
    /// One vCPU for an hour: Linux on Arm.
    pub arm_vcpu_hour: Option<Usd>,
    /// One GB of memory for an hour: Linux on Arm.
    pub arm_gb_hour: Option<Usd>,
    /// One vCPU for an hour on Fargate Spot. Default: less by the setting `fargate_spot_discount` (BIL-003).
    pub spot_vcpu_hour: Option<Usd>,
    /// One GB of memory for an hour on Fargate Spot. Default: less by the setting `fargate_spot_discount` (BIL-003).
    pub spot_gb_hour: Option<Usd>,
    /// One vCPU for an hour: Windows, without the licence.
    pub windows_vcpu_hour: Option<Usd>,
    /// One GB of memory for an hour: Windows.
    pub windows_gb_hour: Option<Usd>,
    /// The licence of Windows for one vCPU and an hour.
    pub windows_licence_vcpu_hour: Option<Usd>,
    /// One GB of ephemeral storage above 20 GB for an hour.
    pub ephemeral_gb_hour: Option<Usd>,
}

/// Prices of EBS volumes: one GiB for a month of 730 hours, by volume type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct EbsPrices {
    /// `gp3`.
    #[serde(rename = "gp3PerGiBMonth")]
    pub gp3_per_gib_month: Option<Usd>,
    /// `gp2`.
    #[serde(rename = "gp2PerGiBMonth")]
    pub gp2_per_gib_month: Option<Usd>,
    /// `io1`.
    #[serde(rename = "io1PerGiBMonth")]
    pub io1_per_gib_month: Option<Usd>,
    /// `io2`.
    #[serde(rename = "io2PerGiBMonth")]
    pub io2_per_gib_month: Option<Usd>,
    /// `st1`.
    #[serde(rename = "st1PerGiBMonth")]
    pub st1_per_gib_month: Option<Usd>,
    /// `sc1`.
    #[serde(rename = "sc1PerGiBMonth")]
    pub sc1_per_gib_month: Option<Usd>,
    /// `standard`.
    #[serde(rename = "standardPerGiBMonth")]
    pub standard_per_gib_month: Option<Usd>,
    /// Size of an instance's volume in GiB where no block device mapping says one. Default 30.
    #[serde(rename = "volumeSizeGiB")]
    pub volume_size_gib: Option<u32>,
}

/// A Compute Savings Plan (BIL-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SavingsPlan {
    /// What is paid each hour, used or not.
    pub commitment_per_hour: Usd,
    /// What it takes off on-demand prices. Default: the setting `savings_plan_discount`.
    pub discount: Option<Share>,
}

/// Reserved Instances: on-demand hours of some types that cost less.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReservedInstances {
    /// The instance type.
    pub instance_type: Option<String>,
    /// The family, such as `m6i`, in place of a type. Default, with neither: every type.
    pub family: Option<String>,
    /// How much of each on-demand hour of these types is covered. Default 1, all of it.
    pub coverage: Option<Share>,
    /// What it takes off the on-demand price of what is covered.
    pub discount: Share,
}
