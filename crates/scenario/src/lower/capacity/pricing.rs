//! What everything costs that can be bought in the run: the catalogue's prices, what `pricing:` says instead, and where each
//! price is from (SPT-013, SPT-014, BIL-001 to BIL-011).

use std::collections::BTreeSet;

use ecsim_catalog::{Architecture, Catalog};
use ecsim_cluster::definitions::FargatePlatform;
use ecsim_kernel::Span;
use ecsim_report::cost::discounts::{Discounts, ReservedCoverage};
use ecsim_report::cost::ledger::Ledger;
use ecsim_report::cost::money::{Fraction, HourlyRate, Money};
use ecsim_report::cost::rates::{BillingSettings, FargateRates, Pedigree, PriceBook, Quote};
use ecsim_report::cost::savings_plan::SavingsPlan;
use ecsim_report::cost::steps::PriceSteps;

use super::super::Context;
use crate::diagnostic::{Diagnostic, Span as Place, shown};
use crate::document::Locator;
use crate::schema::{Share, Usd};

/// The month of `pricing.ebs`: 730 hours.
const EBS_MONTH: Span = Span::from_hours(730);
/// Windows on Fargate in us-east-1: vCPU, licence and GB for an hour, in billionths of a dollar (BIL-002).
const WINDOWS_VCPU: u64 = 91_480_000;
const WINDOWS_LICENCE: u64 = 46_000_000;
const WINDOWS_GB: u64 = 10_050_000;
/// Where that is from.
const WINDOWS_SOURCE: &str = "a third-party table of us-east-1";

impl<'a> Context<'a> {
    /// What a type costs on demand, in billionths of a dollar an hour; 0 where nobody knows.
    pub(super) fn on_demand_nanos(&self, instance_type: &str) -> u64 {
        self.on_demand_quote(instance_type).map_or(0, |quote| quote.price.nanos())
    }

    /// What a type costs as Spot at the start, in billionths of a dollar an hour; 0 where nobody knows.
    pub(super) fn spot_nanos(&self, instance_type: &str) -> u64 {
        self.spot_quote(instance_type).map_or(0, |quote| quote.price.nanos())
    }

    fn on_demand_quote(&self, instance_type: &str) -> Option<Quote<HourlyRate>> {
        if let Some(price) = self.scenario.pricing.on_demand.get(instance_type) {
            return Some(own(*price));
        }
        let region = self.scenario.region();
        if let Some(price) = Catalog::on_demand_usd_per_hour(region, instance_type) {
            let pedigree = pedigree(price.source.explanation(), price.derived_from_ratio);
            return Some(Quote::new(HourlyRate::from_nanos(price.rate.nanos()), pedigree));
        }
        let price = Catalog::on_demand_cny_per_hour(region, instance_type)?;
        let provenance = format!("AWS's price list of {} for the region, in yuan", price.as_of);
        Some(Quote::new(HourlyRate::from_nanos(price.rate.nanos()), Pedigree::published(provenance)))
    }

    fn spot_quote(&self, instance_type: &str) -> Option<Quote<HourlyRate>> {
        let pricing = &self.scenario.pricing;
        if let Some(price) = pricing.spot.get(instance_type) {
            return Some(own(*price));
        }
        let full = self.on_demand_quote(instance_type)?.price.nanos();
        let less = |millionths: u64, provenance: String| {
            let rest = 1_000_000 - millionths.min(1_000_000);
            let nanos = u128::from(full) * u128::from(rest) / 1_000_000;
            let price = HourlyRate::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            Some(Quote::new(price, Pedigree::estimate(provenance)))
        };
        if let Some(discount) = pricing.spot_discount {
            return less(
                u64::from(discount.millionths()),
                "the on-demand price less the scenario's pricing.spotDiscount".to_owned(),
            );
        }
        let estimate = Catalog::spot_estimate_usd_per_hour(self.scenario.region(), instance_type);
        if let (Some(estimate), false) = (estimate, pricing.on_demand.contains_key(instance_type)) {
            let price = HourlyRate::from_nanos(estimate.rate.nanos());
            return Some(Quote::new(price, Pedigree::estimate(estimate.source.explanation())));
        }
        // The advisor's saving, on a price that is the scenario's own or in yuan; its median where it knows nothing.
        let advice = Catalog::spot_advisor(self.scenario.region(), ecsim_catalog::SpotOs::Linux, instance_type);
        let percent = advice.map_or(ecsim_catalog::MEDIAN_SPOT_SAVINGS_PCT, |advice| advice.savings_pct).clamp(0, 100);
        let provenance = format!("the on-demand price less {percent} %, after the Spot Instance Advisor of 2025-06-28");
        less(u64::from(percent.unsigned_abs()) * 10_000, provenance)
    }

    /// Every price that can matter to the bill of the run.
    pub(in crate::lower) fn price_book(&self) -> PriceBook {
        let scenario = self.scenario;
        let pricing = &scenario.pricing;
        let mut book = PriceBook::new(scenario.region());
        let shapes = self.definitions.shapes.values().map(|shape| shape.instance_type.clone());
        let types: BTreeSet<String> = shapes.collect();
        for name in &types {
            if let Some(quote) = self.on_demand_quote(name) {
                book.set_on_demand(name, quote);
            }
        }
        let pools: BTreeSet<&String> = self.definitions.pools.values().map(|pool| &pool.instance_type).collect();
        for name in pools {
            if let Some(quote) = self.spot_quote(name) {
                book.set_spot(name, None, Quote::new(PriceSteps::constant(quote.price), quote.pedigree));
            }
        }
        for (pool, prices) in &self.capacity.spot_prices {
            let pool = &self.definitions.pools[*pool];
            let mut steps = PriceSteps::constant(HourlyRate::from_nanos(prices.first().map_or(0, |first| first.1)));
            for (at, nanos) in prices {
                steps.change(*at, HourlyRate::from_nanos(*nanos));
            }
            let zone = self.definitions.zones.name(pool.zone);
            let pedigree = Pedigree::published("the recorded history of the pool");
            book.set_spot(&pool.instance_type, Some(zone), Quote::new(steps, pedigree));
        }
        for platform in &self.capacity.platforms {
            if let Some(quote) = self.fargate_quote(*platform) {
                book.set_fargate(*platform, quote);
            }
        }
        book.settings = self.billing();
        book.volume_gib_month = self.volume_quote();
        book.discounts = Discounts {
            reserved: self.reserved(&types),
            savings_plan: self.savings_plan(),
            overall: fraction(pricing.discount.unwrap_or_default()),
        };
        book
    }

    /// A bill that is missing altogether is to be missed before the run.
    pub(in crate::lower) fn warn_without_prices(&mut self, book: &PriceBook) {
        let mut types = self.definitions.shapes.values().filter(|shape| !shape.external);
        let is_known = types.any(|shape| Catalog::instance_type(&shape.instance_type).is_some());
        let uses = is_known || !self.capacity.platforms.is_empty();
        if uses && self.diagnostics.errors() == 0 && !Ledger::has_prices(&self.definitions, book) {
            let message = format!(
                "no price is known in {}, and no ratio to another region either: this run has no bill",
                shown(self.scenario.region())
            );
            let help = Some("give prices under `pricing`, or take another region".into());
            self.warning(&self.at("region"), "W397", message, help);
        }
    }

    fn fargate_quote(&self, platform: FargatePlatform) -> Option<Quote<FargateRates>> {
        let given = &self.scenario.pricing.fargate;
        let rate = |given: Option<Usd>, known: u64| HourlyRate::from_nanos(given.map_or(known, Usd::nanos));
        let region = self.scenario.region();
        let x86 = Catalog::fargate_price(region, Architecture::X86_64);
        let storage = rate(given.ephemeral_gb_hour, x86.map_or(0, |price| price.ephemeral_gb_hour.nanos()));
        let own_spot = given.spot_vcpu_hour.zip(given.spot_gb_hour);
        let spot =
            own_spot.map(|(vcpu, gb)| (HourlyRate::from_nanos(vcpu.nanos()), HourlyRate::from_nanos(gb.nanos())));
        let scenario = "the scenario's pricing.fargate";
        match platform {
            FargatePlatform::Windows => {
                let vcpu = rate(given.windows_vcpu_hour, WINDOWS_VCPU).nanos();
                let licence = rate(given.windows_licence_vcpu_hour, WINDOWS_LICENCE).nanos();
                let vcpu_hour = HourlyRate::from_nanos(vcpu.saturating_add(licence));
                let gb_hour = rate(given.windows_gb_hour, WINDOWS_GB);
                let own = given.windows_vcpu_hour.is_some() && given.windows_gb_hour.is_some();
                let pedigree = if own { Pedigree::published(scenario) } else { Pedigree::estimate(WINDOWS_SOURCE) };
                let rates = FargateRates { vcpu_hour, gb_hour, storage_gb_hour: storage, spot: None };
                Some(Quote::new(rates, pedigree))
            }
            FargatePlatform::LinuxX86 | FargatePlatform::LinuxArm => {
                let arm = platform == FargatePlatform::LinuxArm;
                let (vcpu, gb) =
                    if arm { (given.arm_vcpu_hour, given.arm_gb_hour) } else { (given.vcpu_hour, given.gb_hour) };
                let architecture = if arm { Architecture::Arm64 } else { Architecture::X86_64 };
                let known = Catalog::fargate_price(region, architecture);
                if known.is_none() && (vcpu.is_none() || gb.is_none()) {
                    return None;
                }
                let rates = FargateRates {
                    vcpu_hour: rate(vcpu, known.map_or(0, |price| price.vcpu_hour.nanos())),
                    gb_hour: rate(gb, known.map_or(0, |price| price.gb_hour.nanos())),
                    storage_gb_hour: storage,
                    spot,
                };
                let pedigree = match known {
                    Some(price) if vcpu.is_none() || gb.is_none() => {
                        pedigree(price.explanation(), price.derived_from_ratio)
                    }
                    _ => Pedigree::published(scenario),
                };
                Some(Quote::new(rates, pedigree))
            }
        }
    }

    fn billing(&self) -> BillingSettings {
        let settings = &self.scenario.settings;
        let default = BillingSettings::default();
        let ebs = self.volume_price().is_some();
        BillingSettings {
            instance_pending: Span::ZERO,
            spot_first_hour_free: settings.spot_first_hour_free,
            fargate_windows_minimum: settings.fargate_windows_minimum_s.0,
            fargate_spot_discount: fraction(settings.fargate_spot_discount),
            volume_month: if ebs { EBS_MONTH } else { default.volume_month },
            ..default
        }
    }

    /// The price of the volumes: that of gp3, or the only one that is given.
    fn volume_price(&self) -> Option<Usd> {
        let ebs = &self.scenario.pricing.ebs;
        let others = [
            ebs.gp2_per_gib_month,
            ebs.io1_per_gib_month,
            ebs.io2_per_gib_month,
            ebs.st1_per_gib_month,
            ebs.sc1_per_gib_month,
            ebs.standard_per_gib_month,
        ];
        ebs.gp3_per_gib_month.or_else(|| others.into_iter().flatten().next())
    }

    fn volume_quote(&self) -> Option<Quote<Money>> {
        let price = Money::parse(&self.volume_price()?.to_string())?;
        Some(Quote::new(price, Pedigree::published("the scenario's pricing.ebs")))
    }

    fn reserved(&self, types: &BTreeSet<String>) -> Vec<ReservedCoverage> {
        let family_of = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
        let families: BTreeSet<String> = types.iter().map(|name| family_of(name)).collect();
        let mut covered = Vec::new();
        for given in &self.scenario.pricing.reserved_instances {
            let named = given.family.clone().or_else(|| given.instance_type.as_deref().map(family_of));
            for family in named.map_or_else(|| families.iter().cloned().collect(), |family| vec![family]) {
                covered.push(ReservedCoverage {
                    family,
                    coverage: given.coverage.map_or(Fraction::ALL, fraction),
                    discount: fraction(given.discount),
                });
            }
        }
        covered
    }

    fn savings_plan(&self) -> Option<SavingsPlan> {
        let settings = &self.scenario.settings;
        let given = self.scenario.pricing.savings_plan;
        let commitment = given.map_or(settings.savings_plan_commitment, |plan| plan.commitment_per_hour);
        if commitment.nanos() == 0 {
            return None;
        }
        let discount = given.and_then(|plan| plan.discount).unwrap_or(settings.savings_plan_discount);
        Some(SavingsPlan {
            commitment: HourlyRate::from_nanos(commitment.nanos()).for_an_hour(),
            discount: fraction(discount),
        })
    }

    /// What of `pricing:` is read and means less than it says.
    pub(super) fn check_pricing(&mut self) {
        let pricing = &self.scenario.pricing;
        let at = self.at("pricing");
        for (key, prices) in [("onDemand", &pricing.on_demand), ("spot", &pricing.spot)] {
            for name in prices.keys() {
                let place = at.clone().key(key).key(name).key_span();
                self.check_priced_type(name, place);
            }
        }
        for (index, given) in pricing.reserved_instances.iter().enumerate() {
            let place = at.clone().key("reservedInstances").index(index);
            if given.instance_type.is_some() && given.family.is_some() {
                let help = Some("keep one of the two".into());
                self.error(&place.clone().key("family"), "E304", "both `instanceType` and `family`", help);
            }
            if let Some(name) = &given.instance_type {
                self.check_priced_type(name, place.clone().key("instanceType").span());
            }
            if let Some(family) = &given.family {
                self.check_family(family, &place.key("family"));
            }
            if let (Some(name), None) = (&given.instance_type, &given.family) {
                let place = at.clone().key("reservedInstances").index(index).key("instanceType");
                let family = name.split('.').next().unwrap_or(name).to_owned();
                let others = self.definitions.shapes.values().any(|shape| {
                    shape.instance_type != *name && shape.instance_type.split('.').next() == Some(family.as_str())
                });
                if others {
                    let message = format!("this version covers all types of the family `{family}` alike");
                    self.warning(&place, "W360", message, None);
                }
            }
        }
        let given = [
            pricing.ebs.gp3_per_gib_month,
            pricing.ebs.gp2_per_gib_month,
            pricing.ebs.io1_per_gib_month,
            pricing.ebs.io2_per_gib_month,
            pricing.ebs.st1_per_gib_month,
            pricing.ebs.sc1_per_gib_month,
            pricing.ebs.standard_per_gib_month,
        ];
        if given.into_iter().flatten().count() > 1 {
            let message = "this version has one price for all volumes: that of gp3, or the first that is given";
            self.warning(&at.key("ebs"), "W360", message, None);
        }
        let half = pricing.fargate.spot_vcpu_hour.is_some() != pricing.fargate.spot_gb_hour.is_some();
        if half {
            let help = Some("write spotVcpuHour and spotGbHour".into());
            let at = self.at("pricing").key("fargate");
            self.error(&at, "E304", "one of the two prices of Fargate Spot is missing", help);
        }
    }
}

impl<'a> Context<'a> {
    /// A price for a type that nobody has would never count.
    fn check_priced_type(&mut self, name: &str, place: Place) {
        if Catalog::instance_type(name).is_some() || self.scenario.instance_types.contains_key(name) {
            return;
        }
        let near = Catalog::nearest(name, 3).join(", ");
        let message = format!("unknown instance type `{}`", shown(name));
        let help = format!("near names: {near}; a type of your own goes under `instanceTypes:`");
        self.push(Diagnostic::error("E301", message).label(place, "").help(help));
    }

    fn check_family(&mut self, family: &str, at: &Locator<'a>) {
        let is_of = |name: &str| name.split('.').next() == Some(family);
        let own = self.scenario.instance_types.keys().any(|name| is_of(name));
        if own || Catalog::instance_types().iter().any(|known| is_of(&known.name)) {
            return;
        }
        let near = Catalog::nearest(&format!("{family}.large"), 3);
        let mut families: Vec<&str> = near.iter().filter_map(|name| name.split('.').next()).collect();
        families.dedup();
        let message = format!("unknown family of instance types `{}`", shown(family));
        self.error(at, "E301", message, Some(format!("near names: {}", families.join(", "))));
    }
}

fn own(price: Usd) -> Quote<HourlyRate> {
    Quote::new(HourlyRate::from_nanos(price.nanos()), Pedigree::published("the scenario's pricing"))
}

fn pedigree(provenance: String, estimate: bool) -> Pedigree {
    Pedigree { provenance, estimate }
}

fn fraction(share: Share) -> Fraction {
    Fraction::from_millionths(share.millionths()).unwrap_or(Fraction::ALL)
}
