//! Fargate: which task sizes it sells, and what a vCPU, a GB and a GB of scratch disk cost by the hour.

use std::collections::BTreeMap;

use crate::embedded;
use crate::instance_type::Architecture;
use crate::rate::Rate;
use crate::regions::BASE_REGION;
use crate::table::{DataError, read};

/// A pair of cpu and memory that Fargate accepts (FGT-001).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FargateSize {
    /// CPU units: 1024 for each vCPU.
    pub cpu_units: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Whether Linux tasks may have it.
    pub linux: bool,
    /// Whether Windows tasks may have it.
    pub windows: bool,
    /// The first platform version that has it, such as `1.4.0`; `None` means all.
    pub min_platform_version: Option<String>,
}

/// Fargate's prices in a region, Linux, US dollars per hour.
#[derive(Debug, Clone, PartialEq)]
pub struct FargatePrice {
    /// The region.
    pub region: String,
    /// `x86_64` or `arm64`.
    pub architecture: Architecture,
    /// A vCPU for an hour.
    pub vcpu_hour: Rate,
    /// A GB of memory for an hour.
    pub gb_hour: Rate,
    /// The same on Fargate Spot; an old snapshot, and absent for most of `arm64`.
    pub spot_vcpu_hour: Option<Rate>,
    /// The same on Fargate Spot; an old snapshot, and absent for most of `arm64`.
    pub spot_gb_hour: Option<Rate>,
    /// A GB of ephemeral storage above the free 20 GB, for an hour.
    pub ephemeral_gb_hour: Rate,
    /// Whether the storage price is that of us-east-1 scaled by the two regions' vCPU prices.
    pub ephemeral_derived: bool,
    /// When the price held: `2021-01`, `2022-11`, or `unknown`.
    pub price_as_of: String,
    /// When the Spot price held.
    pub spot_as_of: Option<String>,
    /// Which source gave it.
    pub source: String,
    /// Whether the price is the region's x86_64 price times 0.80, the ratio wherever both are known.
    pub derived_from_ratio: bool,
}

impl FargatePrice {
    /// One sentence for a reader who has to judge the price of vCPU and memory.
    pub fn explanation(&self) -> String {
        let as_of = match self.price_as_of.as_str() {
            "unknown" => "of an unknown day".to_owned(),
            day => format!("of {day}"),
        };
        let region = &self.region;
        if self.derived_from_ratio {
            format!("{ARM_PERCENT} % of AWS's x86_64 price {as_of} for {region}, the ratio wherever both are known")
        } else {
            format!("AWS's price {as_of} for {region}")
        }
    }

    /// One sentence for a reader who has to judge the price of storage.
    pub fn storage_explanation(&self) -> String {
        let region = &self.region;
        if self.ephemeral_derived {
            format!("AWS's price in {BASE_REGION}, scaled by the Fargate vCPU prices of {region} and {BASE_REGION}")
        } else {
            format!("AWS's price for {region}")
        }
    }
}

/// What `arm64` costs of `x86_64`, in percent, wherever both are known (0.7999 to 0.8053).
const ARM_PERCENT: u64 = 80;

/// Both Fargate tables.
#[derive(Debug)]
pub(crate) struct Fargate {
    pub(crate) sizes: Vec<FargateSize>,
    /// In the order of regions, x86_64 before arm64; the derived prices included.
    pub(crate) prices: Vec<FargatePrice>,
}

/// A row of the price table as it stands: the storage price has gaps.
type PriceRow = (FargatePrice, Option<Rate>);

impl Fargate {
    pub(crate) fn load() -> Result<Self, DataError> {
        Ok(Self { sizes: load_sizes()?, prices: complete(load_prices()?)? })
    }

    pub(crate) fn price(&self, region: &str, architecture: Architecture) -> Option<&FargatePrice> {
        self.prices.iter().find(|price| price.region == region && price.architecture == architecture)
    }
}

fn load_sizes() -> Result<Vec<FargateSize>, DataError> {
    let table = embedded::FARGATE_TASK_SIZES;
    let columns = &["cpu_units", "memory_mib", "linux_supported", "windows_supported", "min_platform_version"];
    read(table.name, columns, &table.text()?, |fields| {
        Ok(FargateSize {
            cpu_units: fields.number()?,
            memory_mib: fields.number()?,
            linux: fields.flag()?,
            windows: fields.flag()?,
            min_platform_version: fields.optional_text().map(str::to_owned),
        })
    })
}

fn load_prices() -> Result<Vec<PriceRow>, DataError> {
    let table = embedded::FARGATE_PRICES;
    let columns = &[
        "region",
        "architecture",
        "vcpu_hour_usd",
        "gb_hour_usd",
        "spot_vcpu_hour_usd",
        "spot_gb_hour_usd",
        "ephemeral_gb_hour_usd",
        "price_as_of",
        "spot_as_of",
        "source",
    ];
    read(table.name, columns, &table.text()?, |fields| {
        let region = fields.text()?.to_owned();
        let architecture = fields.word("`x86_64` or `arm64`", |name| {
            Architecture::parse(name).filter(|architecture| architecture.usable_with_ecs())
        })?;
        let (vcpu_hour, gb_hour) = (fields.rate()?, fields.rate()?);
        let (spot_vcpu_hour, spot_gb_hour) = (fields.optional_rate()?, fields.optional_rate()?);
        let ephemeral = fields.optional_rate()?;
        let price = FargatePrice {
            region,
            architecture,
            vcpu_hour,
            gb_hour,
            spot_vcpu_hour,
            spot_gb_hour,
            ephemeral_gb_hour: ephemeral.unwrap_or_default(),
            ephemeral_derived: ephemeral.is_none(),
            price_as_of: fields.text()?.to_owned(),
            spot_as_of: fields.optional_text().map(str::to_owned),
            source: fields.text()?.to_owned(),
            derived_from_ratio: false,
        };
        Ok((price, ephemeral))
    })
}

/// Fills what no source gives, and marks it: storage prices, and `arm64` in regions with `x86_64` only.
fn complete(rows: Vec<PriceRow>) -> Result<Vec<FargatePrice>, DataError> {
    let missing = |what: &str| DataError::new(embedded::FARGATE_PRICES.name, 0, "", format!("{what} is missing"));
    let is = |row: &PriceRow, region: &str| row.0.region == region && row.0.architecture == Architecture::X86_64;
    let base = rows.iter().find(|row| is(row, BASE_REGION)).ok_or_else(|| missing("us-east-1"))?;
    let base_ephemeral = base.1.ok_or_else(|| missing("the storage price of us-east-1"))?;
    let base_vcpu = base.0.vcpu_hour;

    let mut completed: BTreeMap<(String, Architecture), FargatePrice> = BTreeMap::new();
    for row in &rows {
        let mut price = row.0.clone();
        if price.ephemeral_derived {
            // Storage costs the same on both architectures, so the region's x86_64 price is what to scale by.
            let x86 = rows.iter().find(|other| is(other, &price.region)).ok_or_else(|| missing("x86_64"))?;
            price.ephemeral_gb_hour = base_ephemeral.scaled(x86.0.vcpu_hour.nanos(), base_vcpu.nanos());
        }
        let key = (price.region.clone(), price.architecture);
        if completed.insert(key, price).is_some() {
            return Err(DataError::new(embedded::FARGATE_PRICES.name, 0, "", "a region comes twice"));
        }
    }
    for (price, _) in rows {
        let key = (price.region.clone(), Architecture::Arm64);
        if let (Some(x86), false) = (completed.get(&(price.region, Architecture::X86_64)), completed.contains_key(&key))
        {
            let arm = FargatePrice {
                architecture: Architecture::Arm64,
                vcpu_hour: x86.vcpu_hour.scaled(ARM_PERCENT, 100),
                gb_hour: x86.gb_hour.scaled(ARM_PERCENT, 100),
                spot_vcpu_hour: None,
                spot_gb_hour: None,
                spot_as_of: None,
                derived_from_ratio: true,
                ..x86.clone()
            };
            completed.insert(key, arm);
        }
    }
    Ok(completed.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        assert_eq!(load_sizes().unwrap().len(), 74);
        assert_eq!(load_prices().unwrap().len(), 26);
    }
}
