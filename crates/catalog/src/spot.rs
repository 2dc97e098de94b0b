//! What is known of Spot: the advisor's savings and interruption bands, and one snapshot of real prices.

use crate::embedded;
use crate::rate::Rate;
use crate::table::{ByRegionAndType, DataError, read};

/// The operating system that a Spot figure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpotOs {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
}

impl SpotOs {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Linux, Self::Windows];

    /// `linux` or `windows`, as the attribute `ecs.os-type` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Windows => "windows",
        }
    }

    /// Reads `linux` or `windows` in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|os| os.as_str().eq_ignore_ascii_case(name))
    }
}

/// What the Spot Instance Advisor said on 2025-06-28 about the 30 days before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpotAdvice {
    /// Percent saved against the on-demand price of the same operating system; negative where Spot was dearer.
    pub savings_pct: i32,
    /// How often AWS took instances back.
    pub interruption_band: InterruptionBand,
}

/// The share of instances that AWS interrupted in a month. A frequency over a month, no hazard at any one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InterruptionBand {
    /// Under 5 %.
    Under5,
    /// 5 to 10 %.
    From5To10,
    /// 10 to 15 %.
    From10To15,
    /// 15 to 20 %.
    From15To20,
    /// Over 20 %.
    Over20,
}

impl InterruptionBand {
    /// All bands, rarest first: the index is the advisor's number.
    pub const ALL: [Self; 5] = [Self::Under5, Self::From5To10, Self::From10To15, Self::From15To20, Self::Over20];

    /// The advisor's number, 0 to 4.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The band with the advisor's number.
    pub fn from_number(number: usize) -> Option<Self> {
        Self::ALL.get(number).copied()
    }

    /// The advisor's words: `<5%`, `5-10%`, ..., `>20%`.
    pub fn label(self) -> &'static str {
        ["<5%", "5-10%", "10-15%", "15-20%", ">20%"][self as usize]
    }

    /// Lower and upper bound in percent of instances a month; the last band is open, so it has no upper one.
    pub fn monthly_percent(self) -> (u32, Option<u32>) {
        let from = 5 * self.number();
        (from, (self != Self::Over20).then_some(from + 5))
    }
}

/// Spot prices as the public feed gave them in April 2021. Old: a shape of the market, not today's bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpotPrice2021 {
    /// Dollars per hour under Linux.
    pub linux: Option<Rate>,
    /// Dollars per hour under Windows.
    pub windows: Option<Rate>,
}

/// The day of the snapshot of Spot prices.
pub const SPOT_PRICES_AS_OF: &str = "2021-04-06";

/// Both Spot tables.
#[derive(Debug)]
pub(crate) struct Spot {
    linux: ByRegionAndType<SpotAdvice>,
    windows: ByRegionAndType<SpotAdvice>,
    prices_2021: ByRegionAndType<SpotPrice2021>,
}

impl Spot {
    pub(crate) fn load() -> Result<Self, DataError> {
        let (mut linux, mut windows) = (ByRegionAndType::default(), ByRegionAndType::default());
        let advisor = embedded::SPOT_ADVISOR;
        let columns = &["region", "os", "instance_type", "savings_pct", "interruption_band"];
        read(advisor.name, columns, &advisor.text()?, |fields| {
            let region = fields.text()?;
            let os = fields.word("`linux` or `windows`", SpotOs::parse)?;
            let instance_type = fields.text()?;
            let savings_pct = fields.number()?;
            let interruption_band =
                fields.word("a band from 0 to 4", |band| InterruptionBand::from_number(band.parse().ok()?))?;
            let index = match os {
                SpotOs::Linux => &mut linux,
                SpotOs::Windows => &mut windows,
            };
            let advice = SpotAdvice { savings_pct, interruption_band };
            index.insert(region, instance_type, advice).map_err(|problem| fields.error(problem))
        })?;
        let columns = &["region", "instance_type", "linux_usd_per_hour", "windows_usd_per_hour"];
        let prices_2021 = ByRegionAndType::read(&embedded::SPOT_PRICES_2021, columns, |fields| {
            Ok(SpotPrice2021 { linux: fields.optional_rate()?, windows: fields.optional_rate()? })
        })?;
        Ok(Self { linux, windows, prices_2021 })
    }

    pub(crate) fn advice(&self, region: &str, os: SpotOs, instance_type: &str) -> Option<SpotAdvice> {
        match os {
            SpotOs::Linux => self.linux.get(region, instance_type).copied(),
            SpotOs::Windows => self.windows.get(region, instance_type).copied(),
        }
    }

    pub(crate) fn price_2021(&self, region: &str, instance_type: &str) -> Option<SpotPrice2021> {
        self.prices_2021.get(region, instance_type).copied()
    }

    pub(crate) fn regions(&self) -> impl Iterator<Item = &str> {
        self.linux.regions().chain(self.windows.regions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let spot = Spot::load().unwrap();
        assert_eq!(spot.linux.len() + spot.windows.len(), 25_323);
        assert_eq!(spot.prices_2021.len(), 1697);
    }

    #[test]
    fn the_bands_are_the_advisors() {
        for (number, band) in InterruptionBand::ALL.into_iter().enumerate() {
            assert_eq!(InterruptionBand::from_number(number), Some(band));
            assert_eq!(band.number() as usize, number);
        }
        assert_eq!(InterruptionBand::from_number(5), None);
        assert_eq!(InterruptionBand::From5To10.monthly_percent(), (5, Some(10)));
        assert_eq!(InterruptionBand::Over20.monthly_percent(), (20, None));
        assert_eq!(InterruptionBand::Over20.label(), ">20%");
    }
}
