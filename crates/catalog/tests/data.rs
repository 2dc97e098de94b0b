//! The tables as a whole: all of them are read, agree with each other, and no question makes the catalogue fall.

use std::collections::BTreeSet;

use ecsim_catalog::{
    Architecture, Catalog, InterruptionBand, MEDIAN_SPOT_SAVINGS_PCT, Price, PriceSource, RatioBasis, SpotOs,
};

fn price(region: &str, name: &str) -> Price {
    Catalog::on_demand_usd_per_hour(region, name).unwrap_or_else(|| panic!("{name} in {region} has no price"))
}

#[test]
fn every_table_is_read_without_error() {
    assert_eq!(Catalog::verify(), Ok(()));
}

#[test]
fn all_instance_types_are_there_and_plausible() {
    let types = Catalog::instance_types();
    assert_eq!(types.len(), 1397);
    assert_eq!(types[0].name, "a1.medium");
    for row in types {
        assert_eq!(Catalog::instance_type(&row.name), Some(row));
        assert!(row.vcpu > 0 && row.memory_mib > 0, "{}", row.name);
        // Trunking never takes slots away, except on i4i.large, whose figure in AWS's table is odd (RES-044).
        let gains =
            row.task_eni_limit_trunked().is_none_or(|with| row.task_eni_limit().is_some_and(|less| less < with));
        assert!(gains || row.name == "i4i.large", "{}", row.name);
        assert_eq!(row.name.starts_with("mac"), !row.usable_with_ecs(), "{}", row.name);
    }
    assert_eq!(types.iter().map(|row| &row.name).collect::<BTreeSet<_>>().len(), 1397);
}

#[test]
fn zones_and_regions() {
    assert_eq!(Catalog::zones("us-east-1", "a1.medium").map(<[char]>::is_empty), Some(false));
    assert_eq!(Catalog::zones("us-east-1", "m5.larg"), None);
    assert_eq!(Catalog::zones("moon", "m5.large"), None);
    let frankfurt = Catalog::region("eu-central-1").unwrap();
    assert_eq!(frankfurt.zones, ['a', 'b', 'c']);
    assert_eq!(frankfurt.price_ratio.map(|ratio| ratio.ratio()), Some(1.1923));
    assert!(Catalog::region("us-gov-west-1").unwrap().zones.is_empty());
    assert!(Catalog::region("cn-north-1").is_some() && Catalog::region("mx-central-1").is_some());
    assert_eq!(Catalog::region("eu-central-11"), None);
    assert_eq!(Catalog::nearest_region("eu-centrl-1", 1), ["eu-central-1"]);
    assert!(Catalog::regions().is_sorted_by(|one, other| one.name < other.name));
    assert_eq!(Catalog::regions().len(), 36);
}

#[test]
fn a_type_is_offered_where_a_zone_a_price_or_the_advisor_says_so() {
    assert!(Catalog::is_offered("us-east-1", "m5.large"));
    assert!(Catalog::is_offered("us-gov-east-1", "m5.large"));
    assert!(Catalog::is_offered("cn-north-1", "c5.large"));
    assert!(Catalog::is_offered("mx-central-1", "m6i.large"));
    assert!(!Catalog::is_offered("us-east-1", "u-24tb1.112xlarge"));
    assert!(!Catalog::is_offered("moon", "m5.large"));
}

#[test]
fn the_newest_published_price_of_the_region_comes_first() {
    let virginia = price("us-east-1", "m5.large");
    assert_eq!((virginia.usd_per_hour(), virginia.micro_usd_per_hour()), (0.096, 96_000));
    assert_eq!((virginia.as_of, virginia.source), ("2026-07-20", PriceSource::PriceList2026));
    assert!(!virginia.derived_from_ratio);
    let tokyo = price("ap-northeast-1", "m4.large");
    assert_eq!((tokyo.as_of, tokyo.source), ("2017-10-26", PriceSource::PriceList2017));
    assert!(!tokyo.derived_from_ratio);
}

#[test]
fn a_scaled_price_says_so() {
    let frankfurt = price("eu-central-1", "m5.large");
    assert!(frankfurt.derived_from_ratio);
    assert_eq!(frankfurt.micro_usd_per_hour(), 114_461);
    assert_eq!(frankfurt.source.to_string(), "us-east-1-x-ec2-ratio-2017");
    assert_eq!(
        frankfurt.source.explanation(),
        "the price in us-east-1 x 1.1923, the median ratio over 62 types in 2017"
    );
    let PriceSource::ScaledFromUsEast1(stockholm) = price("eu-north-1", "m5.large").source else {
        panic!("a published price in eu-north-1?");
    };
    assert_eq!(stockholm.basis, RatioBasis::FargateVcpuIn2021);
    // Neither a price nor a ratio; no such region; no such type; another currency.
    for (region, name) in
        [("ap-northeast-3", "m5.large"), ("moon", "m5.large"), ("eu-central-1", "m5.larg"), ("cn-north-1", "c5.large")]
    {
        assert_eq!(Catalog::on_demand_usd_per_hour(region, name), None, "{name} in {region}");
    }
}

#[test]
fn china_is_billed_in_yuan() {
    let beijing = Catalog::on_demand_cny_per_hour("cn-north-1", "c3.large").unwrap();
    assert_eq!((beijing.cny_per_hour(), beijing.micro_cny_per_hour()), (1.054, 1_054_000));
    assert_eq!(beijing.as_of, "2024-11-06");
    assert_eq!(Catalog::on_demand_cny_per_hour("us-east-1", "c3.large"), None);
}

#[test]
fn old_prices_of_us_east_1_still_hold() {
    // A check of the two tables against each other, which also shows that 2017 is not far from today.
    let mut shared = 0;
    for row in Catalog::instance_types() {
        if let Some(ratio) = Catalog::region("us-west-2").unwrap().price_ratio
            && let Some(west) = Catalog::on_demand_usd_per_hour("us-west-2", &row.name)
            && west.source == PriceSource::PriceList2017
        {
            shared += 1;
            let scaled = price("us-east-1", &row.name).usd_per_hour() * ratio.ratio();
            assert!((west.usd_per_hour() / scaled - 1.0).abs() < 0.2, "{}", row.name);
        }
    }
    assert!(shared >= 75, "{shared}");
}

#[test]
fn spot_advice_and_the_price_it_implies() {
    let advice = Catalog::spot_advisor("af-south-1", SpotOs::Linux, "c5.large").unwrap();
    assert_eq!((advice.savings_pct, advice.interruption_band), (71, InterruptionBand::From10To15));
    let estimate = Catalog::spot_usd_per_hour("us-east-1", "m5.large").unwrap();
    let savings = Catalog::spot_advisor("us-east-1", SpotOs::Linux, "m5.large").unwrap().savings_pct;
    assert_eq!(estimate.source, PriceSource::SpotAdvisor { savings_pct: savings });
    assert_eq!(i64::try_from(estimate.micro_usd_per_hour()), Ok(960 * i64::from(100 - savings)));
    assert_eq!(Catalog::spot_advisor("us-east-1", SpotOs::Windows, "m6g.large"), None);
    assert_eq!(Catalog::spot_usd_per_hour("moon", "m5.large"), None);
    let snapshot = Catalog::spot_price_2021("ap-southeast-2", "a1.medium").unwrap();
    assert_eq!((snapshot.linux.map(|rate| rate.per_hour()), snapshot.windows), (Some(0.0089), None));
}

#[test]
fn savings_can_be_negative_and_still_give_a_price() {
    let mut negative = 0;
    for row in Catalog::instance_types() {
        for region in Catalog::regions() {
            let Some(advice) = Catalog::spot_advisor(&region.name, SpotOs::Linux, &row.name) else { continue };
            let full = Catalog::on_demand_usd_per_hour(&region.name, &row.name);
            let spot = Catalog::spot_usd_per_hour(&region.name, &row.name);
            assert_eq!(full.is_some(), spot.is_some());
            if let (Some(full), Some(spot)) = (full, spot) {
                assert_eq!(spot.rate > full.rate, advice.savings_pct < 0, "{} in {}", row.name, region.name);
                negative += u32::from(advice.savings_pct < 0);
            }
        }
    }
    println!("{negative} Linux entries are dearer on Spot");
}

#[test]
fn spt_014_a_type_that_the_advisor_does_not_know_has_the_median_savings() {
    let mut savings: Vec<i32> = Vec::new();
    let (mut known, mut median) = (0, 0);
    for region in Catalog::regions() {
        for row in Catalog::instance_types() {
            let advice = Catalog::spot_advisor(&region.name, SpotOs::Linux, &row.name);
            savings.extend(advice.map(|advice| advice.savings_pct));
            let full = Catalog::on_demand_usd_per_hour(&region.name, &row.name);
            let estimate = Catalog::spot_estimate_usd_per_hour(&region.name, &row.name);
            assert_eq!(full.is_some(), estimate.is_some(), "{} in {}", row.name, region.name);
            let (Some(full), Some(estimate)) = (full, estimate) else { continue };
            assert!(estimate.rate <= full.rate);
            match (advice, estimate.source) {
                (Some(_), PriceSource::SpotAdvisor { .. }) => known += 1,
                (None, PriceSource::SpotMedian) => {
                    // Estimates are rounded to a millionth.
                    let exact = full.rate.nanos() * 35 / 100;
                    assert!(estimate.rate.nanos().abs_diff(exact) <= 1000, "{} in {}", row.name, region.name);
                    median += 1;
                }
                other => panic!("{} in {}: {other:?}", row.name, region.name),
            }
        }
    }
    savings.sort_unstable();
    assert_eq!(savings[savings.len() / 2], MEDIAN_SPOT_SAVINGS_PCT);
    assert!(known > 1000 && median > 100, "{known} {median}");
    assert!(PriceSource::SpotMedian.explanation().contains("less 65 %"));
    assert_eq!(Catalog::spot_estimate_usd_per_hour("moon", "m5.large"), None);
}

#[test]
fn bil_002_every_region_with_a_price_ratio_has_its_own_fargate_price() {
    for region in Catalog::regions() {
        let x86 = Catalog::fargate_price(&region.name, Architecture::X86_64);
        assert_eq!(x86.is_some(), region.price_ratio.is_some(), "{}", region.name);
        assert!(x86.is_none_or(|price| !price.derived_from_ratio));
    }
    let explain = |region, architecture| {
        let price = Catalog::fargate_price(region, architecture).unwrap();
        (price.explanation(), price.storage_explanation())
    };
    let (compute, storage) = explain("eu-central-1", Architecture::Arm64);
    assert_eq!(compute, "80 % of AWS's x86_64 price of 2021-01 for eu-central-1, the ratio wherever both are known");
    assert!(storage.contains("scaled"), "{storage}");
    assert_eq!(explain("sa-east-1", Architecture::Arm64).0, "AWS's price of an unknown day for sa-east-1");
    assert_eq!(explain("us-east-1", Architecture::X86_64).1, "AWS's price for us-east-1");
}

#[test]
fn ebs_has_one_price_and_says_where_it_holds() {
    let gp3 = Catalog::ebs_gp3();
    assert_eq!((gp3.volume_type, gp3.usd_per_gib_month()), ("gp3", 0.08));
    assert!(!gp3.explanation("us-east-1").contains("scaled"));
    assert!(gp3.explanation("eu-west-1").ends_with("not scaled to eu-west-1"));
}

#[test]
fn fargate_prices_are_filled_in_and_marked() {
    let frankfurt = Catalog::fargate_price("eu-central-1", Architecture::X86_64).unwrap();
    assert_eq!(frankfurt.vcpu_hour.per_hour(), 0.04656);
    assert_eq!((frankfurt.ephemeral_gb_hour.per_hour(), frankfurt.ephemeral_derived), (0.000128, true));
    let arm = Catalog::fargate_price("eu-central-1", Architecture::Arm64).unwrap();
    assert!(arm.derived_from_ratio && arm.spot_vcpu_hour.is_none());
    assert_eq!(arm.vcpu_hour.per_hour(), 0.037248);
    let published = Catalog::fargate_price("sa-east-1", Architecture::Arm64).unwrap();
    assert!(!published.derived_from_ratio);
    assert_eq!(Catalog::fargate_price("moon", Architecture::X86_64), None);
    assert_eq!(Catalog::fargate_price("us-east-1", Architecture::Arm64Mac), None);
    // Twice the regions: every one has both architectures.
    assert_eq!(Catalog::fargate_prices().len(), 44);
}

#[test]
fn a_misspelt_name_gets_a_sensible_suggestion() {
    assert_eq!(Catalog::nearest("m5.lrage", 3)[0], "m5.large");
    assert!(Catalog::nearest("m5.lrage", 3).iter().all(|name| name.starts_with("m5.")));
    assert_eq!(Catalog::nearest("M5.Large", 1), ["m5.large"]);
    assert_eq!(Catalog::nearest("m5large", 1), ["m5.large"]);
    assert_eq!(Catalog::nearest("c6g.x-large", 1), ["c6g.xlarge"]);
    assert!(Catalog::nearest("t5.micro", 5).iter().all(|name| name.ends_with(".micro")));
    assert_eq!(Catalog::nearest("m5.24xl", 1), ["m5.24xlarge"]);
}

#[test]
fn no_string_makes_it_panic() {
    let long = "m".repeat(100_000);
    for text in ["", ".", "..", "*", "m5.", ".large", "\0", "🦀.large", "m5.🦀", "Ω", " ", &long] {
        assert_eq!(Catalog::instance_type(text), None);
        let _ = Catalog::nearest(text, usize::MAX);
        let _ = Catalog::nearest_region(text, usize::MAX);
        assert_eq!(Catalog::zones(text, text), None);
        assert!(Catalog::availability_zones(text, text).is_empty());
        assert!(!Catalog::is_offered(text, text));
        assert_eq!(Catalog::region(text), None);
        assert_eq!(Catalog::on_demand_usd_per_hour(text, text), None);
        assert_eq!(Catalog::on_demand_cny_per_hour(text, text), None);
        assert_eq!(Catalog::spot_advisor(text, SpotOs::Linux, text), None);
        assert_eq!(Catalog::spot_price_2021(text, text), None);
        assert_eq!(Architecture::parse(text), None);
        assert_eq!(SpotOs::parse(text), None);
    }
    assert_eq!(Catalog::fargate_size(u32::MAX, 0), None);
}
