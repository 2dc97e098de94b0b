//! Attribute-based choice: which types of the catalogue have what is required, the cheapest first (CP-041, ASG-010).
//!
//! *What it does.* Compares every type of the catalogue that ECS can use and the Region offers with each requirement, then
//! leaves out types that cost too much more than the cheapest, as AWS's price protection does.
//!
//! *Ours.* Price protection compares on-demand prices, for Spot too; a group that buys both takes the wider limit.
//! Types whose price is not known are left out where others have one. A requirement about something the catalogue does not
//! know of a type is not met by it.

use ecsim_catalog::{Architecture, Catalog, InstanceType, glob_matches};

use crate::document::Locator;
use crate::schema::aws::{
    AcceleratorManufacturer, AcceleratorType, CpuManufacturer, Inclusion, InstanceGeneration, InstanceRequirements,
    IntegerRange, LocalStorageType, NumberRange,
};

use super::super::Context;
use super::templates::TypeChoice;

/// At most so many types are allowed or excluded (CP-041), and so many are considered.
const MOST_TYPES: usize = 400;
/// On-demand: percent above the cheapest type that is still taken.
const ON_DEMAND_PERCENT: u32 = 20;
/// Spot: the same.
const SPOT_PERCENT: u32 = 100;

/// How the instances are bought: price protection differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// On demand.
    OnDemand,
    /// As Spot.
    Spot,
    /// Both.
    Mixed,
}

impl<'a> Context<'a> {
    /// The types that have what is required; a complaint where none has.
    pub(super) fn matching(
        &mut self,
        given: &InstanceRequirements,
        wanted: Wanted,
        volume_gib: u32,
        at: &Locator<'a>,
    ) -> Option<Vec<TypeChoice<'a>>> {
        if !given.allowed_instance_types.is_empty() && !given.excluded_instance_types.is_empty() {
            let help = Some("keep one of the two".into());
            let place = at.clone().key("excludedInstanceTypes");
            self.error(&place, "E392", "both `allowedInstanceTypes` and `excludedInstanceTypes`", help);
            return None;
        }
        for (key, list) in [
            ("allowedInstanceTypes", &given.allowed_instance_types),
            ("excludedInstanceTypes", &given.excluded_instance_types),
        ] {
            if list.len() > MOST_TYPES {
                let message = format!("{} types, at most {MOST_TYPES} are allowed (CP-041)", list.len());
                self.error(&at.clone().key(key), "E330", message, None);
            }
        }
        let region = self.scenario.region();
        let mut found: Vec<&'static InstanceType> = Catalog::instance_types()
            .iter()
            .filter(|row| row.usable_with_ecs() && Catalog::is_offered(region, &row.name) && meets(given, row))
            .collect();
        if wanted != Wanted::OnDemand {
            found.retain(|row| row.spot_supported != Some(false));
        }
        let mut priced: Vec<(u64, &'static InstanceType)> =
            found.iter().map(|row| (self.on_demand_nanos(&row.name), *row)).collect();
        if priced.iter().any(|(price, _)| *price > 0) {
            priced.retain(|(price, _)| *price > 0);
        }
        // Stable: equally cheap types stay in the order of the catalogue.
        priced.sort_by_key(|(price, _)| *price);
        let percent = match wanted {
            Wanted::OnDemand => given.on_demand_max_price_percentage_over_lowest_price.unwrap_or(ON_DEMAND_PERCENT),
            Wanted::Spot => given.spot_max_price_percentage_over_lowest_price.unwrap_or(SPOT_PERCENT),
            Wanted::Mixed => given
                .on_demand_max_price_percentage_over_lowest_price
                .unwrap_or(ON_DEMAND_PERCENT)
                .max(given.spot_max_price_percentage_over_lowest_price.unwrap_or(SPOT_PERCENT)),
        };
        // AWS measures against the cheapest type of the current generation of C, M or R; without one, the cheapest.
        let is_reference = |row: &InstanceType| row.current_generation && row.family.starts_with(['c', 'm', 'r']);
        let reference = priced.iter().find(|(_, row)| is_reference(row)).or(priced.first()).map_or(0, |first| first.0);
        let most = u128::from(reference) * (100 + u128::from(percent));
        priced.retain(|(price, _)| u128::from(*price) * 100 <= most);
        if let (Wanted::Spot, Some(percent)) = (wanted, given.max_spot_price_as_percentage_of_optimal_on_demand_price) {
            let most = u128::from(reference) * u128::from(percent);
            let affordable = |row: &InstanceType| u128::from(self.spot_nanos(&row.name)) * 100 <= most;
            priced.retain(|(_, row)| affordable(row));
        }
        priced.truncate(MOST_TYPES);
        if priced.is_empty() {
            let help = Some("`ecsim catalog types` lists what there is".into());
            self.error(at, "E392", format!("no instance type of {region} meets these requirements"), help);
            return None;
        }
        let choice = |(_, row): (u64, &InstanceType)| TypeChoice {
            name: row.name.clone(),
            at: at.clone(),
            derived: true,
            volume_gib,
        };
        Some(priced.into_iter().map(choice).collect())
    }

    /// The general-purpose types of the Region, the cheapest first: what Managed Instances use where nothing is required.
    pub(super) fn general_purpose(&mut self, volume_gib: u32, at: &Locator<'a>) -> Vec<TypeChoice<'a>> {
        let region = self.scenario.region();
        let mut found: Vec<(u64, &'static InstanceType)> = Catalog::instance_types()
            .iter()
            .filter(|row| {
                // `m` and a digit: m5, m6i, m7g; not mac.
                let mut letters = row.family.chars();
                let general = letters.next() == Some('m') && letters.next().is_some_and(|c| c.is_ascii_digit());
                general && row.current_generation && !row.bare_metal && row.usable_with_ecs()
            })
            .filter(|row| Catalog::is_offered(region, &row.name))
            .map(|row| (self.on_demand_nanos(&row.name), row))
            .filter(|(price, _)| *price > 0)
            .collect();
        found.sort_by_key(|(price, _)| *price);
        found.truncate(MOST_TYPES);
        let choice = |(_, row): (u64, &InstanceType)| TypeChoice {
            name: row.name.clone(),
            at: at.clone(),
            derived: true,
            volume_gib,
        };
        found.into_iter().map(choice).collect()
    }
}

fn meets(given: &InstanceRequirements, row: &InstanceType) -> bool {
    let named = |patterns: &[String]| patterns.iter().any(|pattern| glob_matches(pattern, &row.name));
    let accelerators = row.gpus + row.accelerators.unwrap_or(0);
    let memory_per_vcpu = f64::from(row.memory_mib) / 1024.0 / f64::from(row.vcpu.max(1));
    let local_gb = f64::from(row.local_storage_gb.unwrap_or(0));
    within(given.v_cpu_count, u64::from(row.vcpu))
        && within(given.memory_mib, u64::from(row.memory_mib))
        && (given.cpu_manufacturers.is_empty() || given.cpu_manufacturers.iter().any(|maker| makes(*maker, row)))
        && given.memory_gib_per_v_cpu.is_none_or(|range| between(range, memory_per_vcpu))
        && (given.allowed_instance_types.is_empty() || named(&given.allowed_instance_types))
        && !named(&given.excluded_instance_types)
        && (given.instance_generations.is_empty()
            || given.instance_generations.iter().any(|generation| match generation {
                InstanceGeneration::Current => row.current_generation,
                InstanceGeneration::Previous => !row.current_generation,
            }))
        && is_included(given.bare_metal, Inclusion::Excluded, row.bare_metal)
        && is_included(given.burstable_performance, Inclusion::Excluded, row.burstable)
        && is_included(given.local_storage, Inclusion::Included, row.local_storage_gb.is_some_and(|gb| gb > 0))
        && (given.local_storage_types.is_empty()
            || row.local_disk_type.as_deref().is_none_or(|kind| {
                given.local_storage_types.iter().any(|wanted| match wanted {
                    LocalStorageType::Hdd => kind == "hdd",
                    LocalStorageType::Ssd => kind == "ssd",
                })
            }))
        && given.total_local_storage_gb.is_none_or(|range| between(range, local_gb))
        && given
            .network_interface_count
            .is_none_or(|range| row.max_enis.is_some_and(|enis| within(range, u64::from(enis))))
        && given
            .baseline_ebs_bandwidth_mbps
            .is_none_or(|range| row.ebs_baseline_mbps.is_some_and(|mbps| within(range, mbps as u64)))
        && given
            .network_bandwidth_gbps
            .is_none_or(|range| row.network_peak_mbps.is_some_and(|mbps| between(range, mbps / 1_000.0)))
        && accelerates(given, row, accelerators)
}

/// What is required of accelerators; without a word about them, types that have any are left out, as AWS does.
fn accelerates(given: &InstanceRequirements, row: &InstanceType, number: u32) -> bool {
    let asked = given.accelerator_count.is_some()
        || !given.accelerator_types.is_empty()
        || !given.accelerator_manufacturers.is_empty()
        || !given.accelerator_names.is_empty()
        || given.accelerator_total_memory_mib.is_some();
    if !asked {
        return number == 0;
    }
    let kind = row.accelerator_kind.as_deref().unwrap_or_default();
    let is_kind = |wanted: &AcceleratorType| match wanted {
        AcceleratorType::Gpu => row.gpus > 0,
        AcceleratorType::Fpga => kind == "fpga",
        AcceleratorType::Inference => matches!(kind, "inference" | "neuron"),
        AcceleratorType::Media => kind == "media",
    };
    let maker = row.gpu_manufacturer.as_deref().unwrap_or_default();
    let is_maker = |wanted: &AcceleratorManufacturer| match wanted {
        AcceleratorManufacturer::AmazonWebServices => kind == "neuron",
        AcceleratorManufacturer::Amd => maker == "AMD",
        AcceleratorManufacturer::Nvidia => maker == "NVIDIA",
        AcceleratorManufacturer::Xilinx => matches!(kind, "fpga" | "media"),
        AcceleratorManufacturer::Habana => maker == "Habana",
    };
    let model = row.gpu_model.as_deref().or(row.accelerator_model.as_deref()).unwrap_or_default();
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '-', '_'], "");
    let is_named = |wanted: &String| plain(model) == plain(wanted);
    let memory = row.gpu_memory_mib.or(row.accelerator_memory_mib).unwrap_or(0);
    given.accelerator_count.is_none_or(|range| within(range, u64::from(number)))
        && (given.accelerator_types.is_empty() || given.accelerator_types.iter().any(is_kind))
        && (given.accelerator_manufacturers.is_empty() || given.accelerator_manufacturers.iter().any(is_maker))
        && (given.accelerator_names.is_empty() || given.accelerator_names.iter().any(is_named))
        && given.accelerator_total_memory_mib.is_none_or(|range| within(range, u64::from(memory)))
}

fn within(range: IntegerRange, value: u64) -> bool {
    range.min.is_none_or(|min| min <= value) && range.max.is_none_or(|max| value <= max)
}

fn between(range: NumberRange, value: f64) -> bool {
    range.min.is_none_or(|min| min <= value) && range.max.is_none_or(|max| value <= max)
}

fn makes(maker: CpuManufacturer, row: &InstanceType) -> bool {
    let known = row.cpu_manufacturer.as_deref();
    match maker {
        CpuManufacturer::Intel => known == Some("Intel"),
        CpuManufacturer::Amd => known == Some("AMD"),
        CpuManufacturer::AmazonWebServices => known == Some("AWS") || row.architecture == Architecture::Arm64,
        CpuManufacturer::Apple => known == Some("Apple"),
    }
}

fn is_included(given: Option<Inclusion>, default: Inclusion, is: bool) -> bool {
    match given.unwrap_or(default) {
        Inclusion::Included => true,
        Inclusion::Excluded => !is,
        Inclusion::Required => is,
    }
}
