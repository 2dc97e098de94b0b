//! The one door to the tables: each is unpacked and read at its first use, then kept, so that lookups are cheap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::ebs::{self, EbsPrice};
use crate::fargate::{Fargate, FargatePrice, FargateSize};
use crate::instance_type::{Architecture, InstanceType, InstanceTypes};
use crate::near;
use crate::prices::{CnyPrice, MEDIAN_SPOT_SAVINGS_PCT, OnDemand, Price, PriceSource};
use crate::regions::{self, Region, RegionRatio, Zones};
use crate::spot::{Spot, SpotAdvice, SpotOs, SpotPrice2021};
use crate::table::DataError;

/// AWS's numbers. All functions are lookups in tables that are part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Catalog;

/// Gives a table, reading it at the first call. That the embedded tables can be read is a test
/// (`every_table_is_read_without_error`), not a question of the input.
fn loaded<T>(cell: &'static OnceLock<T>, load: impl FnOnce() -> Result<T, DataError>) -> &'static T {
    cell.get_or_init(|| load().unwrap_or_else(|error| panic!("the catalogue inside this program is broken: {error}")))
}

fn types() -> &'static InstanceTypes {
    static CELL: OnceLock<InstanceTypes> = OnceLock::new();
    loaded(&CELL, InstanceTypes::load)
}

fn zones() -> &'static Zones {
    static CELL: OnceLock<Zones> = OnceLock::new();
    loaded(&CELL, regions::load_zones)
}

fn ratios() -> &'static BTreeMap<String, RegionRatio> {
    static CELL: OnceLock<BTreeMap<String, RegionRatio>> = OnceLock::new();
    loaded(&CELL, regions::load_ratios)
}

fn on_demand() -> &'static OnDemand {
    static CELL: OnceLock<OnDemand> = OnceLock::new();
    loaded(&CELL, OnDemand::load)
}

fn spot() -> &'static Spot {
    static CELL: OnceLock<Spot> = OnceLock::new();
    loaded(&CELL, Spot::load)
}

fn fargate() -> &'static Fargate {
    static CELL: OnceLock<Fargate> = OnceLock::new();
    loaded(&CELL, Fargate::load)
}

fn all_regions() -> &'static [Region] {
    static CELL: OnceLock<Vec<Region>> = OnceLock::new();
    CELL.get_or_init(|| {
        let names: BTreeSet<&str> = zones()
            .regions()
            .chain(ratios().keys().map(String::as_str))
            .chain(on_demand().regions())
            .chain(spot().regions())
            .chain(fargate().prices.iter().map(|price| price.region.as_str()))
            .collect();
        let region = |name: &str| {
            let letters: BTreeSet<char> = zones().in_region(name).flat_map(|(_, letters)| letters).copied().collect();
            Region {
                name: name.to_owned(),
                zones: letters.into_iter().collect(),
                price_ratio: ratios().get(name).copied(),
            }
        };
        names.into_iter().map(region).collect()
    })
}

/// Instance types.
impl Catalog {
    /// The instance type with exactly this name.
    pub fn instance_type(name: &str) -> Option<&'static InstanceType> {
        types().get(name)
    }

    /// All instance types, by family and then by size (nano to metal).
    pub fn instance_types() -> &'static [InstanceType] {
        &types().rows
    }

    /// Up to `limit` names that a misspelt `name` may stand for, the likeliest first; types of the same family
    /// come before all others. Empty where nothing looks alike.
    pub fn nearest(name: &str, limit: usize) -> Vec<&'static str> {
        near::instance_types(name, limit, Self::instance_types().iter().map(|row| row.name.as_str()))
    }
}

/// Regions and zones.
impl Catalog {
    /// All regions of which any table knows something, by name.
    pub fn regions() -> &'static [Region] {
        all_regions()
    }

    /// The region with exactly this name.
    pub fn region(name: &str) -> Option<&'static Region> {
        let regions = all_regions();
        let at = regions.binary_search_by(|region| region.name.as_str().cmp(name)).ok()?;
        regions.get(at)
    }

    /// Up to `limit` regions that a misspelt name may stand for.
    pub fn nearest_region(name: &str, limit: usize) -> Vec<&'static str> {
        near::words(name, limit, all_regions().iter().map(|region| region.name.as_str()))
    }

    /// The letters of the zones of `region` that offer the type, sorted. `None` where it is not offered, and in
    /// regions without a table of zones.
    pub fn zones(region: &str, instance_type: &str) -> Option<&'static [char]> {
        zones().get(region, instance_type).map(Vec::as_slice)
    }

    /// The names of these zones as in the attribute `ecs.availability-zone` (CQL-015): `us-east-1a`.
    pub fn availability_zones(region: &str, instance_type: &str) -> Vec<String> {
        let letters = Self::zones(region, instance_type).unwrap_or_default();
        letters.iter().map(|letter| format!("{region}{letter}")).collect()
    }

    /// Whether the region offers the type. Where no table lists its zones (GovCloud, China, the newest regions),
    /// a published price or an entry of the Spot advisor counts as an offer.
    pub fn is_offered(region: &str, instance_type: &str) -> bool {
        if zones().has_region(region) {
            return zones().get(region, instance_type).is_some();
        }
        on_demand().published(region, instance_type).is_some()
            || on_demand().cny(region, instance_type).is_some()
            || SpotOs::ALL.into_iter().any(|os| spot().advice(region, os, instance_type).is_some())
    }
}

/// EC2 prices and Spot.
impl Catalog {
    /// What an instance costs on demand (Linux, shared tenancy), with the best pedigree there is: the price list
    /// of 2026, else that of 2017, else the price in us-east-1 times the region's ratio (then
    /// [`Price::derived_from_ratio`] is set), else `None`. In China see [`Catalog::on_demand_cny_per_hour`].
    pub fn on_demand_usd_per_hour(region: &str, instance_type: &str) -> Option<Price> {
        on_demand().usd(region, instance_type, ratios().get(region))
    }

    /// What an instance costs on demand in `cn-north-1`, in yuan.
    pub fn on_demand_cny_per_hour(region: &str, instance_type: &str) -> Option<CnyPrice> {
        on_demand().cny(region, instance_type)
    }

    /// The Spot Instance Advisor's entry.
    pub fn spot_advisor(region: &str, os: SpotOs, instance_type: &str) -> Option<SpotAdvice> {
        spot().advice(region, os, instance_type)
    }

    /// An estimate of the Spot price under Linux: the on-demand price less the advisor's savings.
    pub fn spot_usd_per_hour(region: &str, instance_type: &str) -> Option<Price> {
        let savings_pct = spot().advice(region, SpotOs::Linux, instance_type)?.savings_pct;
        let full = Self::on_demand_usd_per_hour(region, instance_type)?;
        let rest = u64::try_from(100 - i64::from(savings_pct)).unwrap_or(0);
        Some(Price { rate: full.rate.scaled(rest, 100), source: PriceSource::SpotAdvisor { savings_pct }, ..full })
    }

    /// A Spot price under Linux for every type that has an on-demand price: the on-demand price less the advisor's
    /// savings, or where the advisor has no entry less the median of all entries ([`PriceSource::SpotMedian`]). At most
    /// the on-demand price (SPT-013), as the advisor's few negative savings say nothing about tomorrow.
    pub fn spot_estimate_usd_per_hour(region: &str, instance_type: &str) -> Option<Price> {
        let full = Self::on_demand_usd_per_hour(region, instance_type)?;
        let estimate = Self::spot_usd_per_hour(region, instance_type).unwrap_or_else(|| {
            let rest = u64::from(100 - MEDIAN_SPOT_SAVINGS_PCT.unsigned_abs());
            Price { rate: full.rate.scaled(rest, 100), source: PriceSource::SpotMedian, ..full }
        });
        Some(Price { rate: estimate.rate.min(full.rate), ..estimate })
    }

    /// The Spot price in the snapshot of April 2021 (five regions).
    pub fn spot_price_2021(region: &str, instance_type: &str) -> Option<SpotPrice2021> {
        spot().price_2021(region, instance_type)
    }
}

/// Fargate.
impl Catalog {
    /// All sizes of a Fargate task, by cpu and then by memory (FGT-001).
    pub fn fargate_sizes() -> &'static [FargateSize] {
        &fargate().sizes
    }

    /// The size with exactly this cpu and memory; `None` means that Fargate refuses the pair.
    pub fn fargate_size(cpu_units: u32, memory_mib: u32) -> Option<&'static FargateSize> {
        fargate().sizes.iter().find(|size| size.cpu_units == cpu_units && size.memory_mib == memory_mib)
    }

    /// Fargate's prices in a region. An `arm64` price that no source gives is 0.80 of the `x86_64` one, and says so.
    pub fn fargate_price(region: &str, architecture: Architecture) -> Option<&'static FargatePrice> {
        fargate().price(region, architecture)
    }

    /// All Fargate prices, by region, derived ones included.
    pub fn fargate_prices() -> &'static [FargatePrice] {
        &fargate().prices
    }
}

/// EBS.
impl Catalog {
    /// What a GiB of a gp3 volume costs for a month in us-east-1. No table here has the other regions and volume types,
    /// and this one is scaled to none of them: it is a default that a user may replace.
    pub fn ebs_gp3() -> EbsPrice {
        ebs::GP3
    }
}

impl Catalog {
    /// Reads every table anew and says what is wrong with the first broken one; for tests.
    pub fn verify() -> Result<(), DataError> {
        InstanceTypes::load()?;
        regions::load_zones()?;
        regions::load_ratios()?;
        OnDemand::load()?;
        Spot::load()?;
        Fargate::load()?;
        Ok(())
    }
}
