//! Flat rows for `ecsim catalog`, which prints them as a table, as CSV or as JSON.
//!
//! These types are serialised: their columns are part of what users script against. The version is
//! [`ROWS_VERSION`]; it grows when a column is renamed, removed or changes its meaning, not when one is added.

use serde::Serialize;

use crate::catalog::Catalog;
use crate::fargate::{FargatePrice, FargateSize};
use crate::instance_type::InstanceType;
use crate::regions::Region;
use crate::spot::SpotOs;

/// Version of the columns of all rows in this module.
pub const ROWS_VERSION: u32 = 1;

/// A row whose column names are known before there is one, so that an empty answer still has its header.
pub trait Columns: Serialize {
    /// The column names, in order.
    const COLUMNS: &'static [&'static str];
}

macro_rules! row {
    (
        $(#[$about:meta])*
        $name:ident { $( $(#[$field_about:meta])* $field:ident: $kind:ty = $column:literal, )* }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Serialize)]
        pub struct $name {
            $( $(#[$field_about])* #[serde(rename = $column)] pub $field: $kind, )*
        }

        impl Columns for $name {
            const COLUMNS: &'static [&'static str] = &[$($column),*];
        }
    };
}

row! {
    /// An instance type as seen from a region.
    Row {
        /// `m5.large`.
        instance_type: &'static str = "instanceType",
        /// vCPUs.
        vcpu: u32 = "vcpu",
        /// CPU units that it registers.
        cpu_units: u32 = "cpuUnits",
        /// Nominal memory.
        memory_mib: u32 = "memoryMiB",
        /// Memory that an operating system saw.
        os_visible_memory_mib: Option<u32> = "osVisibleMemoryMiB",
        /// Whole GPUs.
        gpus: u32 = "gpus",
        /// GPU model.
        gpu_model: Option<&'static str> = "gpuModel",
        /// `awsvpc` tasks without trunking.
        task_eni_limit: Option<u32> = "taskEniLimit",
        /// `awsvpc` tasks with trunking; empty = not supported.
        task_eni_limit_trunked: Option<u32> = "taskEniLimitTrunked",
        /// `x86_64`, `arm64`, or a Mac.
        architecture: &'static str = "architecture",
        /// On-demand price, Linux.
        on_demand_usd_per_hour: Option<f64> = "onDemandUsdPerHour",
        /// The day of the price.
        price_as_of: Option<&'static str> = "priceAsOf",
        /// Where the price comes from.
        price_source: Option<String> = "priceSource",
        /// The advisor's savings under Linux.
        spot_savings_pct: Option<i32> = "spotSavingsPct",
        /// The advisor's interruption band under Linux: `<5%` to `>20%`.
        spot_interruption_band: Option<&'static str> = "spotInterruptionBand",
        /// Zones that offer it, joined by `;`.
        zones: String = "zones",
    }
}

impl Row {
    /// The row of an instance type in a region.
    pub fn new(instance_type: &'static InstanceType, region: &str) -> Self {
        let name = instance_type.name.as_str();
        let price = Catalog::on_demand_usd_per_hour(region, name);
        let advice = Catalog::spot_advisor(region, SpotOs::Linux, name);
        Self {
            instance_type: name,
            vcpu: instance_type.vcpu,
            cpu_units: instance_type.cpu_units(),
            memory_mib: instance_type.memory_mib,
            os_visible_memory_mib: instance_type.os_visible_memory_mib,
            gpus: instance_type.gpus,
            gpu_model: instance_type.gpu_model.as_deref(),
            task_eni_limit: instance_type.task_eni_limit(),
            task_eni_limit_trunked: instance_type.task_eni_limit_trunked(),
            architecture: instance_type.architecture.as_str(),
            on_demand_usd_per_hour: price.map(|price| price.usd_per_hour()),
            price_as_of: price.map(|price| price.as_of),
            price_source: price.map(|price| price.source.to_string()),
            spot_savings_pct: advice.map(|advice| advice.savings_pct),
            spot_interruption_band: advice.map(|advice| advice.interruption_band.label()),
            zones: Catalog::availability_zones(region, name).join(";"),
        }
    }
}

row! {
    /// An on-demand price, in dollars or, in China, in yuan.
    PriceRow {
        /// The region.
        region: String = "region",
        /// The instance type.
        instance_type: &'static str = "instanceType",
        /// Per hour, in `currency`.
        on_demand_per_hour: f64 = "onDemandPerHour",
        /// `USD` or `CNY`.
        currency: &'static str = "currency",
        /// The day of the price.
        price_as_of: &'static str = "priceAsOf",
        /// Where it comes from.
        price_source: String = "priceSource",
        /// Whether it is another region's price, scaled.
        derived_from_ratio: bool = "derivedFromRatio",
    }
}

impl PriceRow {
    /// The row of an instance type in a region; `None` where no price is known.
    pub fn new(instance_type: &'static InstanceType, region: &str) -> Option<Self> {
        let name = instance_type.name.as_str();
        let row = |per_hour, currency, as_of, source, derived| Self {
            region: region.to_owned(),
            instance_type: name,
            on_demand_per_hour: per_hour,
            currency,
            price_as_of: as_of,
            price_source: source,
            derived_from_ratio: derived,
        };
        if let Some(usd) = Catalog::on_demand_usd_per_hour(region, name) {
            let source = usd.source.to_string();
            return Some(row(usd.usd_per_hour(), "USD", usd.as_of, source, usd.derived_from_ratio));
        }
        let cny = Catalog::on_demand_cny_per_hour(region, name)?;
        Some(row(cny.cny_per_hour(), "CNY", cny.as_of, "price-list-cn-2024".to_owned(), false))
    }
}

row! {
    /// What is known of Spot for an instance type in a region.
    SpotRow {
        /// The region.
        region: String = "region",
        /// `linux` or `windows`.
        operating_system: &'static str = "operatingSystem",
        /// The instance type.
        instance_type: &'static str = "instanceType",
        /// The advisor's savings against on demand.
        spot_savings_pct: i32 = "spotSavingsPct",
        /// The advisor's band: `<5%` to `>20%` of instances a month.
        spot_interruption_band: &'static str = "spotInterruptionBand",
        /// On-demand price less savings; Linux only.
        spot_usd_per_hour: Option<f64> = "spotUsdPerHour",
        /// Price in the snapshot of April 2021.
        spot_usd_per_hour_2021: Option<f64> = "spotUsdPerHour2021",
    }
}

impl SpotRow {
    /// The row of an instance type in a region; `None` where the advisor has no entry.
    pub fn new(instance_type: &'static InstanceType, region: &str, os: SpotOs) -> Option<Self> {
        let name = instance_type.name.as_str();
        let advice = Catalog::spot_advisor(region, os, name)?;
        let snapshot = Catalog::spot_price_2021(region, name);
        let (estimate, old) = match os {
            SpotOs::Linux => (Catalog::spot_usd_per_hour(region, name), snapshot.and_then(|price| price.linux)),
            SpotOs::Windows => (None, snapshot.and_then(|price| price.windows)),
        };
        Some(Self {
            region: region.to_owned(),
            operating_system: os.as_str(),
            instance_type: name,
            spot_savings_pct: advice.savings_pct,
            spot_interruption_band: advice.interruption_band.label(),
            spot_usd_per_hour: estimate.map(|price| price.usd_per_hour()),
            spot_usd_per_hour_2021: old.map(|rate| rate.per_hour()),
        })
    }
}

row! {
    /// A size of a Fargate task; with a price where a region is given.
    FargateSizeRow {
        /// CPU units, as in a task definition.
        cpu: u32 = "cpu",
        /// The same in vCPUs.
        vcpu: f64 = "vcpu",
        /// MiB, as in a task definition.
        memory: u32 = "memory",
        /// Whether Linux tasks may have it.
        linux: bool = "linux",
        /// Whether Windows tasks may have it.
        windows: bool = "windows",
        /// The first platform version that has it; empty = all.
        platform_version: Option<&'static str> = "platformVersion",
        /// What a Linux task of the size costs; 20 GB of storage are included.
        usd_per_hour: Option<f64> = "usdPerHour",
    }
}

impl FargateSizeRow {
    /// The row of a size, at these prices.
    pub fn new(size: &'static FargateSize, price: Option<&FargatePrice>) -> Self {
        let cost = |price: &FargatePrice| {
            // Sizes are multiples of 1/1024 and rates whole billionths, so the sum is exact before it is shown.
            let cpu = u128::from(price.vcpu_hour.nanos()) * u128::from(size.cpu_units);
            let memory = u128::from(price.gb_hour.nanos()) * u128::from(size.memory_mib);
            ((cpu + memory + 512) / 1024) as f64 / 1e9
        };
        Self {
            cpu: size.cpu_units,
            vcpu: f64::from(size.cpu_units) / 1024.0,
            memory: size.memory_mib,
            linux: size.linux,
            windows: size.windows,
            platform_version: size.min_platform_version.as_deref(),
            usd_per_hour: price.filter(|_| size.linux).map(cost),
        }
    }
}

row! {
    /// Fargate's prices in a region, US dollars.
    FargatePriceRow {
        /// The region.
        region: &'static str = "region",
        /// `x86_64` or `arm64`.
        architecture: &'static str = "architecture",
        /// A vCPU-hour.
        vcpu_hour_usd: f64 = "vcpuHourUsd",
        /// A GB-hour of memory.
        gb_hour_usd: f64 = "gbHourUsd",
        /// A vCPU-hour on Fargate Spot.
        spot_vcpu_hour_usd: Option<f64> = "spotVcpuHourUsd",
        /// A GB-hour on Fargate Spot.
        spot_gb_hour_usd: Option<f64> = "spotGbHourUsd",
        /// A GB-hour of storage above 20 GB.
        ephemeral_gb_hour_usd: f64 = "ephemeralGbHourUsd",
        /// When the price held.
        price_as_of: &'static str = "priceAsOf",
        /// Where it comes from.
        price_source: &'static str = "priceSource",
        /// Whether the price is 0.80 of the x86_64 one.
        derived_from_ratio: bool = "derivedFromRatio",
        /// Whether the storage price is scaled from us-east-1.
        ephemeral_derived: bool = "ephemeralDerived",
    }
}

impl FargatePriceRow {
    /// The row of a price.
    pub fn new(price: &'static FargatePrice) -> Self {
        Self {
            region: &price.region,
            architecture: price.architecture.as_str(),
            vcpu_hour_usd: price.vcpu_hour.per_hour(),
            gb_hour_usd: price.gb_hour.per_hour(),
            spot_vcpu_hour_usd: price.spot_vcpu_hour.map(|rate| rate.per_hour()),
            spot_gb_hour_usd: price.spot_gb_hour.map(|rate| rate.per_hour()),
            ephemeral_gb_hour_usd: price.ephemeral_gb_hour.per_hour(),
            price_as_of: &price.price_as_of,
            price_source: &price.source,
            derived_from_ratio: price.derived_from_ratio,
            ephemeral_derived: price.ephemeral_derived,
        }
    }
}

row! {
    /// A region.
    RegionRow {
        /// `us-east-1`.
        region: &'static str = "region",
        /// Its zones, joined by `;`; empty = not known.
        zones: String = "zones",
        /// How its prices compare with those of us-east-1.
        price_ratio: Option<f64> = "priceRatio",
    }
}

impl RegionRow {
    /// The row of a region.
    pub fn new(region: &'static Region) -> Self {
        let zones: Vec<String> = region.zones.iter().map(|letter| format!("{}{letter}", region.name)).collect();
        Self {
            region: &region.name,
            zones: zones.join(";"),
            price_ratio: region.price_ratio.map(|ratio| ratio.ratio()),
        }
    }
}
