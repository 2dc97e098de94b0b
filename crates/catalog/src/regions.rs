//! Which regions and zones there are, which types they offer, and how dear a region is against us-east-1.

use std::collections::BTreeMap;

use crate::embedded;
use crate::rate::parse_decimal;
use crate::table::{ByRegionAndType, DataError, Fields, read};

/// The region that all price ratios refer to.
pub(crate) const BASE_REGION: &str = "us-east-1";

/// A region of which some table knows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// `us-east-1`.
    pub name: String,
    /// The letters of its zones, sorted; empty where no table lists them (GovCloud, China, the newest regions).
    ///
    /// They are the letters of the account that took the snapshot.
    pub zones: Vec<char>,
    /// How its prices compare with those of us-east-1.
    pub price_ratio: Option<RegionRatio>,
}

/// The median price of a region relative to us-east-1, and what the median was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionRatio {
    ten_thousandths: u64,
    /// What was compared.
    pub basis: RatioBasis,
}

/// Which prices a [`RegionRatio`] compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatioBasis {
    /// Linux on-demand prices of so many instance types in 2026.
    Ec2In2026 {
        /// How many types are priced in both regions.
        types: u32,
    },
    /// Linux on-demand prices of so many instance types in 2017.
    Ec2In2017 {
        /// How many types are priced in both regions.
        types: u32,
    },
    /// The price of a Fargate vCPU-hour in 2021, a stand-in where no EC2 price is known: the two kinds of ratio
    /// differ by up to a tenth.
    FargateVcpuIn2021,
}

impl RegionRatio {
    /// The ratio: 1.1923 means 19 % dearer than us-east-1.
    pub fn ratio(self) -> f64 {
        self.ten_thousandths as f64 / 1e4
    }

    /// The ratio in exact ten-thousandths.
    pub fn ten_thousandths(self) -> u64 {
        self.ten_thousandths
    }
}

/// Zones by region and type.
pub(crate) type Zones = ByRegionAndType<Vec<char>>;

/// Reads which zones of a region offer a type.
pub(crate) fn load_zones() -> Result<Zones, DataError> {
    Zones::read(&embedded::INSTANCE_TYPE_ZONES, &["region", "instance_type", "zone_suffixes"], |fields| {
        fields.word("zone letters in order, such as `a;b`", parse_zones)
    })
}

fn parse_zones(text: &str) -> Option<Vec<char>> {
    let mut zones: Vec<char> = Vec::new();
    for suffix in text.split(';') {
        let mut letters = suffix.chars();
        let (Some(zone), None) = (letters.next(), letters.next()) else { return None };
        if !zone.is_ascii_lowercase() || zones.last().is_some_and(|&last| last >= zone) {
            return None;
        }
        zones.push(zone);
    }
    Some(zones)
}

/// Reads the price ratio of each region; where there are several, the best founded one.
pub(crate) fn load_ratios() -> Result<BTreeMap<String, RegionRatio>, DataError> {
    let table = embedded::REGION_PRICE_RATIOS;
    let columns =
        &["region", "ec2_ratio_2026", "ec2_types_2026", "ec2_ratio_2017", "ec2_types_2017", "fargate_vcpu_ratio_2021"];
    let rows = read(table.name, columns, &table.text()?, |fields| {
        let region = fields.text()?.to_owned();
        let in_2026 = ec2_ratio(fields, |types| RatioBasis::Ec2In2026 { types })?;
        let in_2017 = ec2_ratio(fields, |types| RatioBasis::Ec2In2017 { types })?;
        let fargate =
            ratio(fields)?.map(|ten_thousandths| RegionRatio { ten_thousandths, basis: RatioBasis::FargateVcpuIn2021 });
        let best = in_2026.or(in_2017).or(fargate).ok_or_else(|| fields.error("the region has no ratio at all"))?;
        Ok((region, best))
    })?;
    Ok(rows.into_iter().collect())
}

fn ec2_ratio(fields: &mut Fields<'_>, basis: impl FnOnce(u32) -> RatioBasis) -> Result<Option<RegionRatio>, DataError> {
    match (ratio(fields)?, fields.optional_number()?) {
        (Some(ten_thousandths), Some(types)) => Ok(Some(RegionRatio { ten_thousandths, basis: basis(types) })),
        (None, None) => Ok(None),
        _ => Err(fields.error("a ratio and its number of types belong together")),
    }
}

fn ratio(fields: &mut Fields<'_>) -> Result<Option<u64>, DataError> {
    fields.optional("a ratio with at most four decimals", |text| parse_decimal(text, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_single_letters_in_order() {
        assert_eq!(parse_zones("a;c"), Some(vec!['a', 'c']));
        for text in ["", "a;", "b;a", "a;a", "ab", "A", "1"] {
            assert_eq!(parse_zones(text), None, "{text}");
        }
    }

    #[test]
    fn every_row_is_read_and_the_best_ratio_wins() {
        assert_eq!(load_zones().unwrap().len(), 20_628);
        let ratios = load_ratios().unwrap();
        assert_eq!(ratios.len(), 22);
        assert_eq!(ratios["us-gov-west-1"].basis, RatioBasis::Ec2In2026 { types: 760 });
        assert_eq!(ratios["eu-central-1"].ratio(), 1.1923);
        assert_eq!(ratios["eu-north-1"].basis, RatioBasis::FargateVcpuIn2021);
    }
}
