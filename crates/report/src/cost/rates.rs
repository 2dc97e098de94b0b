//! What the report needs to know of prices, as plain data, so that it depends on no catalogue.
//!
//! A [`PriceBook`] is filled once, before the run, by whoever knows the region and the user's wishes. A price that is
//! not in it is not guessed: the lookup says `None`, and the bill has to say so too. Every price carries the sentence
//! that explains where it is from, so that a report can name its estimates.

use std::collections::BTreeMap;

use ecsim_cluster::definitions::FargatePlatform;
use ecsim_kernel::Span;

use super::discounts::Discounts;
use super::money::{Fraction, HourlyRate, Money};
use super::steps::PriceSteps;

/// The currency of all amounts of a run: AWS bills its Chinese regions in yuan, and no exchange rate is assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Currency {
    /// US dollars.
    #[default]
    Usd,
    /// Chinese yuan.
    Cny,
}

impl Currency {
    /// The currency in which AWS bills a region.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        if region.starts_with("cn-") { Self::Cny } else { Self::Usd }
    }

    /// `USD` or `CNY`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Cny => "CNY",
        }
    }

    /// `$` or `¥`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Usd => "$",
            Self::Cny => "¥",
        }
    }
}

/// How capacity was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purchase {
    /// On demand.
    OnDemand,
    /// Spot or Fargate Spot.
    Spot,
}

/// Where a price is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pedigree {
    /// A sentence for the reader who has to judge the price: `the price in us-east-1 x 1.12, ...`.
    pub provenance: String,
    /// Whether nobody published this very price: it was scaled, discounted or assumed.
    pub estimate: bool,
}

impl Pedigree {
    /// A published price.
    #[must_use]
    pub fn published(provenance: impl Into<String>) -> Self {
        Self { provenance: provenance.into(), estimate: false }
    }

    /// An estimate.
    #[must_use]
    pub fn estimate(provenance: impl Into<String>) -> Self {
        Self { provenance: provenance.into(), estimate: true }
    }
}

/// A price and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote<P> {
    /// The price.
    pub price: P,
    /// Where it is from.
    pub pedigree: Pedigree,
}

impl<P> Quote<P> {
    /// A price with its pedigree.
    #[must_use]
    pub const fn new(price: P, pedigree: Pedigree) -> Self {
        Self { price, pedigree }
    }
}

/// Fargate's prices on a platform (BIL-002).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FargateRates {
    /// A vCPU for an hour.
    pub vcpu_hour: HourlyRate,
    /// A GB of memory for an hour.
    pub gb_hour: HourlyRate,
    /// A GB of ephemeral storage beyond the free ones, for an hour.
    pub storage_gb_hour: HourlyRate,
    /// A vCPU and a GB for an hour on Fargate Spot where they are known; otherwise
    /// [`BillingSettings::fargate_spot_discount`] is taken off (BIL-003).
    pub spot: Option<(HourlyRate, HourlyRate)>,
}

/// The settings of billing, each with AWS's value or the documented guess as its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillingSettings {
    /// Least time that a start of an EC2 instance is billed for (BIL-010): 60 s.
    pub instance_minimum: Span,
    /// `instance_pending_s`: from launch to the start of billing (BIL-010): 0 s.
    pub instance_pending: Span,
    /// `spot_first_hour_free`: a Spot instance that AWS interrupts in its first hour is free (SPT-012, BIL-011).
    pub spot_first_hour_free: bool,
    /// Least time that a Linux task on Fargate is billed for (BIL-001): 60 s.
    pub fargate_minimum: Span,
    /// `fargate_windows_minimum_s`: the same for Windows (BIL-001): 300 s.
    pub fargate_windows_minimum: Span,
    /// `fargate_spot_discount`: what Fargate Spot takes off vCPU and memory (BIL-003): 0.70.
    pub fargate_spot_discount: Fraction,
    /// GiB of ephemeral storage that every Fargate task has for nothing (BIL-002): 20.
    pub fargate_free_storage_gib: u32,
    /// Least time that a volume is billed for: 60 s.
    pub volume_minimum: Span,
    /// The month of a GiB-month: 30 days, as in the examples of AWS's EBS price page.
    pub volume_month: Span,
}

impl Default for BillingSettings {
    fn default() -> Self {
        Self {
            instance_minimum: Span::from_secs(60),
            instance_pending: Span::ZERO,
            spot_first_hour_free: true,
            fargate_minimum: Span::from_secs(60),
            fargate_windows_minimum: Span::from_secs(300),
            fargate_spot_discount: Fraction::from_percent(70),
            fargate_free_storage_gib: 20,
            volume_minimum: Span::from_secs(60),
            volume_month: Span::from_days(30),
        }
    }
}

/// Spot prices of an instance type: one for all zones, and those of single pools (a type in a zone).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct SpotOfType {
    everywhere: Option<Quote<PriceSteps>>,
    by_zone: BTreeMap<String, Quote<PriceSteps>>,
}

/// All prices of a run: one region, one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceBook {
    /// The currency of every price.
    pub currency: Currency,
    /// A GiB of EBS storage for a month. `None` leaves volumes out of the bill.
    pub volume_gib_month: Option<Quote<Money>>,
    /// What contracts take off.
    pub discounts: Discounts,
    /// How time is counted.
    pub settings: BillingSettings,
    on_demand: BTreeMap<String, Quote<HourlyRate>>,
    spot: BTreeMap<String, SpotOfType>,
    fargate: BTreeMap<FargatePlatform, Quote<FargateRates>>,
}

impl PriceBook {
    /// An empty book for a region.
    #[must_use]
    pub fn new(region: &str) -> Self {
        Self { currency: Currency::of_region(region), ..Self::default() }
    }

    /// Writes down what an instance type costs on demand.
    pub fn set_on_demand(&mut self, instance_type: &str, quote: Quote<HourlyRate>) {
        self.on_demand.insert(instance_type.to_owned(), quote);
    }

    /// Writes down what an instance type costs on Spot: in one zone, or with `None` wherever no zone has its own price.
    pub fn set_spot(&mut self, instance_type: &str, zone: Option<&str>, quote: Quote<PriceSteps>) {
        let of_type = self.spot.entry(instance_type.to_owned()).or_default();
        match zone {
            Some(zone) => {
                of_type.by_zone.insert(zone.to_owned(), quote);
            }
            None => of_type.everywhere = Some(quote),
        }
    }

    /// Writes down Fargate's prices on a platform.
    pub fn set_fargate(&mut self, platform: FargatePlatform, quote: Quote<FargateRates>) {
        self.fargate.insert(platform, quote);
    }

    /// What an instance type costs on demand.
    #[must_use]
    pub fn on_demand(&self, instance_type: &str) -> Option<&Quote<HourlyRate>> {
        self.on_demand.get(instance_type)
    }

    /// What an instance type costs on Spot in a zone: the price of the pool, else that of the type.
    #[must_use]
    pub fn spot(&self, instance_type: &str, zone: &str) -> Option<&Quote<PriceSteps>> {
        let of_type = self.spot.get(instance_type)?;
        of_type.by_zone.get(zone).or(of_type.everywhere.as_ref())
    }

    /// Fargate's prices on a platform.
    #[must_use]
    pub fn fargate(&self, platform: FargatePlatform) -> Option<&Quote<FargateRates>> {
        self.fargate.get(&platform)
    }

    /// Every price of the book with its pedigree, for the notes of a report: `m5.large`, `m5.large Spot us-east-1a`,
    /// `Fargate LINUX/ARM64`, `EBS`.
    pub fn pedigrees(&self) -> impl Iterator<Item = (String, &Pedigree)> {
        let on_demand = self.on_demand.iter().map(|(name, quote)| (name.clone(), &quote.pedigree));
        let spot = self.spot.iter().flat_map(|(name, of_type)| {
            let everywhere = of_type.everywhere.iter().map(move |quote| (format!("{name} Spot"), &quote.pedigree));
            let zones = of_type.by_zone.iter();
            everywhere.chain(zones.map(move |(zone, quote)| (format!("{name} Spot {zone}"), &quote.pedigree)))
        });
        let fargate = self.fargate.iter();
        let fargate = fargate.map(|(platform, quote)| (format!("Fargate {}", platform.as_str()), &quote.pedigree));
        let volumes = self.volume_gib_month.iter().map(|quote| ("EBS".to_owned(), &quote.pedigree));
        on_demand.chain(spot).chain(fargate).chain(volumes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(nanos: u64) -> PriceSteps {
        PriceSteps::constant(HourlyRate::from_nanos(nanos))
    }

    #[test]
    fn a_pool_has_its_own_price_or_that_of_its_type() {
        let mut book = PriceBook::new("us-east-1");
        assert_eq!(book.spot("m5.large", "us-east-1a"), None);
        book.set_spot("m5.large", Some("us-east-1b"), Quote::new(steps(2), Pedigree::published("a trace")));
        assert_eq!(book.spot("m5.large", "us-east-1a"), None);
        book.set_spot("m5.large", None, Quote::new(steps(1), Pedigree::estimate("0.35 of on demand")));
        assert_eq!(book.spot("m5.large", "us-east-1a").map(|quote| &quote.price), Some(&steps(1)));
        assert_eq!(book.spot("m5.large", "us-east-1b").map(|quote| &quote.price), Some(&steps(2)));
        assert_eq!(book.on_demand("m5.large"), None);
        assert_eq!(book.fargate(FargatePlatform::LinuxX86), None);
    }

    #[test]
    fn every_price_says_where_it_is_from() {
        let mut book = PriceBook::new("us-east-1");
        book.set_on_demand("m5.large", Quote::new(HourlyRate::from_nanos(1), Pedigree::published("the list")));
        book.set_spot("m5.large", None, Quote::new(steps(1), Pedigree::estimate("less 65 %")));
        book.set_spot("m5.large", Some("us-east-1b"), Quote::new(steps(1), Pedigree::published("a trace")));
        book.set_fargate(FargatePlatform::LinuxArm, Quote::new(FargateRates::default(), Pedigree::estimate("x 0.8")));
        book.volume_gib_month = Some(Quote::new(Money::ZERO, Pedigree::published("the page")));
        let notes: Vec<(String, bool)> = book.pedigrees().map(|(what, from)| (what, from.estimate)).collect();
        let expected = [
            ("m5.large", false),
            ("m5.large Spot", true),
            ("m5.large Spot us-east-1b", false),
            ("Fargate LINUX/ARM64", true),
            ("EBS", false),
        ];
        assert_eq!(notes, expected.map(|(what, estimate)| (what.to_owned(), estimate)));
    }

    #[test]
    fn china_is_billed_in_yuan() {
        assert_eq!(PriceBook::new("cn-north-1").currency.code(), "CNY");
        assert_eq!(PriceBook::new("eu-central-1").currency.symbol(), "$");
    }
}
