//! What an instance costs by the hour on demand, and, as the tables are full of holes, how sure that is.

use std::fmt;

use crate::embedded::{self, Embedded};
use crate::rate::Rate;
use crate::regions::{BASE_REGION, RatioBasis, RegionRatio};
use crate::table::{ByRegionAndType, DataError};

/// The day of the on-demand prices of us-east-1 and GovCloud.
pub(crate) const AS_OF_2026: &str = "2026-07-20";
/// The day of the older prices of fifteen regions.
pub(crate) const AS_OF_2017: &str = "2017-10-26";
/// The day of the prices of cn-north-1.
pub(crate) const AS_OF_CN: &str = "2024-11-06";

/// A price in US dollars, with its pedigree. Linux, shared tenancy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Dollars per hour, exact.
    pub rate: Rate,
    /// The day of the underlying price, `YYYY-MM-DD`.
    pub as_of: &'static str,
    /// Where it comes from. Prints as a short name; [`PriceSource::explanation`] is a sentence.
    pub source: PriceSource,
    /// Whether the price of another region was scaled: then it is an estimate.
    pub derived_from_ratio: bool,
}

impl Price {
    /// Dollars per hour.
    pub fn usd_per_hour(&self) -> f64 {
        self.rate.per_hour()
    }

    /// Millionths of a dollar per hour; exact, as no EC2 price has more digits.
    pub fn micro_usd_per_hour(&self) -> u64 {
        self.rate.micros()
    }
}

/// A price in Chinese yuan: AWS in China bills in its own currency, and no exchange rate is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CnyPrice {
    /// Yuan per hour, exact.
    pub rate: Rate,
    /// The day of the price, `YYYY-MM-DD`.
    pub as_of: &'static str,
}

impl CnyPrice {
    /// Yuan per hour.
    pub fn cny_per_hour(&self) -> f64 {
        self.rate.per_hour()
    }

    /// Millionths of a yuan per hour.
    pub fn micro_cny_per_hour(&self) -> u64 {
        self.rate.micros()
    }
}

/// The median of the advisor's savings over all Linux entries, in percent (SPT-014).
pub const MEDIAN_SPOT_SAVINGS_PCT: i32 = 65;

/// Where a [`Price`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceSource {
    /// The price list of 2026-07-20, for this very region.
    PriceList2026,
    /// The price list of 2017-10-26, for this very region.
    PriceList2017,
    /// The price in us-east-1 times the region's ratio.
    ScaledFromUsEast1(RegionRatio),
    /// An on-demand price less the savings that the Spot Instance Advisor showed on 2025-06-28.
    SpotAdvisor {
        /// Percent off; negative where Spot was dearer than on demand.
        savings_pct: i32,
    },
    /// An on-demand price less [`MEDIAN_SPOT_SAVINGS_PCT`], where the advisor has no entry for the type.
    SpotMedian,
}

impl PriceSource {
    /// One sentence for a reader who has to judge the price.
    pub fn explanation(&self) -> String {
        match self {
            Self::PriceList2026 => format!("AWS's price list of {AS_OF_2026} for the region"),
            Self::PriceList2017 => format!("AWS's price list of {AS_OF_2017} for the region"),
            Self::ScaledFromUsEast1(ratio) => {
                let basis = match ratio.basis {
                    RatioBasis::Ec2In2026 { types } => format!("the median ratio over {types} types in 2026"),
                    RatioBasis::Ec2In2017 { types } => format!("the median ratio over {types} types in 2017"),
                    RatioBasis::FargateVcpuIn2021 => {
                        "the ratio of the Fargate vCPU prices in 2021, for want of EC2 prices".to_owned()
                    }
                };
                format!("the price in {BASE_REGION} x {}, {basis}", ratio.ratio())
            }
            Self::SpotAdvisor { savings_pct } => {
                format!("the on-demand price less {savings_pct} %, the Spot Instance Advisor's figure of 2025-06-28")
            }
            Self::SpotMedian => {
                format!(
                    "the on-demand price less {MEDIAN_SPOT_SAVINGS_PCT} %, the median over all types of the Spot Instance \
                     Advisor of 2025-06-28, which has no entry for this one"
                )
            }
        }
    }
}

impl fmt::Display for PriceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PriceList2026 => "price-list-2026",
            Self::PriceList2017 => "price-list-2017",
            Self::ScaledFromUsEast1(ratio) => match ratio.basis {
                RatioBasis::Ec2In2026 { .. } => "us-east-1-x-ec2-ratio-2026",
                RatioBasis::Ec2In2017 { .. } => "us-east-1-x-ec2-ratio-2017",
                RatioBasis::FargateVcpuIn2021 => "us-east-1-x-fargate-ratio-2021",
            },
            Self::SpotAdvisor { .. } => "spot-advisor-2025",
            Self::SpotMedian => "spot-advisor-2025-median",
        })
    }
}

/// The three price tables.
#[derive(Debug)]
pub(crate) struct OnDemand {
    in_2026: ByRegionAndType<Rate>,
    in_2017: ByRegionAndType<Rate>,
    cny: ByRegionAndType<Rate>,
}

impl OnDemand {
    pub(crate) fn load() -> Result<Self, DataError> {
        const USD: &[&str] = &["region", "instance_type", "usd_per_hour"];
        const CNY: &[&str] = &["region", "instance_type", "cny_per_hour"];
        Ok(Self {
            in_2026: load(&embedded::ON_DEMAND_PRICES, USD)?,
            in_2017: load(&embedded::ON_DEMAND_PRICES_2017, USD)?,
            cny: load(&embedded::ON_DEMAND_PRICES_CN, CNY)?,
        })
    }

    /// A price that AWS published for this very region, the newer one first.
    pub(crate) fn published(&self, region: &str, instance_type: &str) -> Option<Price> {
        let price = |rate: &Rate, as_of, source| Price { rate: *rate, as_of, source, derived_from_ratio: false };
        let newer = self.in_2026.get(region, instance_type);
        newer.map(|rate| price(rate, AS_OF_2026, PriceSource::PriceList2026)).or_else(|| {
            let older = self.in_2017.get(region, instance_type);
            older.map(|rate| price(rate, AS_OF_2017, PriceSource::PriceList2017))
        })
    }

    /// A published price, else that of us-east-1 times the region's ratio.
    pub(crate) fn usd(&self, region: &str, instance_type: &str, ratio: Option<&RegionRatio>) -> Option<Price> {
        self.published(region, instance_type).or_else(|| {
            let base = self.published(BASE_REGION, instance_type)?;
            let ratio = *ratio?;
            Some(Price {
                rate: base.rate.scaled(ratio.ten_thousandths(), 10_000),
                as_of: base.as_of,
                source: PriceSource::ScaledFromUsEast1(ratio),
                derived_from_ratio: true,
            })
        })
    }

    pub(crate) fn cny(&self, region: &str, instance_type: &str) -> Option<CnyPrice> {
        Some(CnyPrice { rate: *self.cny.get(region, instance_type)?, as_of: AS_OF_CN })
    }

    pub(crate) fn regions(&self) -> impl Iterator<Item = &str> {
        self.in_2026.regions().chain(self.in_2017.regions()).chain(self.cny.regions())
    }
}

fn load(table: &Embedded, columns: &'static [&'static str]) -> Result<ByRegionAndType<Rate>, DataError> {
    ByRegionAndType::read(table, columns, |fields| fields.rate())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let prices = OnDemand::load().unwrap();
        assert_eq!((prices.in_2026.len(), prices.in_2017.len(), prices.cny.len()), (2686, 950, 316));
    }
}
