//! What `ecsim catalog` shows: the filter finds what was asked for, and the rows have the promised columns.

use ecsim_catalog::{
    Architecture, Catalog, Columns, FargatePriceRow, FargateSizeRow, PriceRow, Query, RegionRow, Row, SpotOs, SpotRow,
};

fn names(query: &Query) -> Vec<&'static str> {
    query.search().map(|row| row.name.as_str()).collect()
}

fn count(query: &Query) -> usize {
    query.search().count()
}

fn columns_are_the_keys<T: Columns>(row: &T) {
    let value = serde_json::to_value(row).unwrap();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, T::COLUMNS);
    // Flat: no cell is a list or an object, so that CSV can hold every row.
    assert!(value.as_object().unwrap().values().all(|cell| !cell.is_array() && !cell.is_object()));
}

#[test]
fn an_empty_query_lists_everything_in_the_order_of_the_catalogue() {
    let all = names(&Query::default());
    assert_eq!(all.len(), 1397);
    assert_eq!(all[..3], ["a1.medium", "a1.large", "a1.xlarge"]);
}

#[test]
fn each_field_narrows() {
    let small = Query {
        family: Some("M5".to_owned()),
        min_vcpu: Some(4),
        max_vcpu: Some(16),
        min_memory_mib: Some(16_384),
        max_memory_mib: Some(32_768),
        ..Query::default()
    };
    assert_eq!(names(&small), ["m5.xlarge", "m5.2xlarge"]);
    let patterned = Query { name: Some("C5*.9XLARGE".to_owned()), ..Query::default() };
    assert_eq!(names(&patterned), ["c5.9xlarge", "c5d.9xlarge", "c5n.9xlarge"]);
    let gpus = Query { min_gpus: Some(8), region: Some("us-east-1".to_owned()), ..Query::default() };
    assert!(names(&gpus).contains(&"p4d.24xlarge") && !names(&gpus).contains(&"g5.xlarge"));
    let arm = Query { architecture: Some(Architecture::Arm64), ..Query::default() };
    assert_eq!(count(&arm), 396);
    let burstable = Query { burstable: Some(true), ..Query::default() };
    assert_eq!(count(&burstable), 28);
    let old = Query { current_generation: Some(false), ..Query::default() };
    assert_eq!(count(&old), 142);
    let trunked = |trunking| Query { family: Some("c5a".to_owned()), trunking, ..Query::default() };
    assert_eq!(names(&trunked(Some(false))), ["c5a.8xlarge"]);
    assert_eq!(count(&trunked(Some(true))) + 1, count(&trunked(None)));
    let macs = Query { usable_with_ecs: Some(false), ..Query::default() };
    assert!(names(&macs).iter().all(|name| name.starts_with("mac")));
    let metal = Query { bare_metal: Some(true), nitro: Some(false), ..Query::default() };
    assert_eq!(count(&metal), 0);
}

#[test]
fn nothing_is_offered_in_a_region_that_is_not_there() {
    assert_eq!(count(&Query { region: Some("moon".to_owned()), ..Query::default() }), 0);
    assert!(count(&Query { region: Some("us-gov-east-1".to_owned()), ..Query::default() }) > 500);
    assert_eq!(count(&Query { min_vcpu: Some(9), max_vcpu: Some(8), ..Query::default() }), 0);
}

#[test]
fn rows_are_flat_and_their_columns_known_beforehand() {
    let m5 = Catalog::instance_type("m5.large").unwrap();
    columns_are_the_keys(&Row::new(m5, "us-east-1"));
    columns_are_the_keys(&PriceRow::new(m5, "us-east-1").unwrap());
    columns_are_the_keys(&SpotRow::new(m5, "us-east-1", SpotOs::Windows).unwrap());
    columns_are_the_keys(&RegionRow::new(Catalog::region("us-east-1").unwrap()));
    let price = Catalog::fargate_price("us-east-1", Architecture::X86_64).unwrap();
    columns_are_the_keys(&FargatePriceRow::new(price));
    columns_are_the_keys(&FargateSizeRow::new(&Catalog::fargate_sizes()[0], Some(price)));
    assert_eq!(
        Row::COLUMNS.join(","),
        "instanceType,vcpu,cpuUnits,memoryMiB,osVisibleMemoryMiB,gpus,gpuModel,taskEniLimit,taskEniLimitTrunked,\
         architecture,onDemandUsdPerHour,priceAsOf,priceSource,spotSavingsPct,spotInterruptionBand,zones"
    );
}

#[test]
fn a_row_shows_what_is_known_and_leaves_the_rest_empty() {
    let m5 = Catalog::instance_type("m5.large").unwrap();
    let here = Row::new(m5, "us-east-1");
    assert_eq!((here.cpu_units, here.on_demand_usd_per_hour), (2048, Some(0.096)));
    assert_eq!(here.price_source.as_deref(), Some("price-list-2026"));
    assert!(here.zones.starts_with("us-east-1a;us-east-1b"));
    let nowhere = Row::new(m5, "moon");
    assert_eq!((nowhere.on_demand_usd_per_hour, nowhere.spot_savings_pct, nowhere.zones.as_str()), (None, None, ""));
    assert_eq!(PriceRow::new(m5, "moon"), None);
    assert_eq!(PriceRow::new(m5, "cn-north-1").map(|row| row.currency), Some("CNY"));
}

#[test]
fn a_fargate_size_is_priced_exactly() {
    let price = Catalog::fargate_price("us-east-1", Architecture::X86_64).unwrap();
    let size = Catalog::fargate_size(1024, 2048).unwrap();
    assert_eq!(FargateSizeRow::new(size, Some(price)).usd_per_hour, Some(0.04937));
    assert_eq!(FargateSizeRow::new(size, None).usd_per_hour, None);
}

#[test]
fn rows_make_csv() {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in Catalog::instance_types() {
        writer.serialize(Row::new(row, "eu-west-1")).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    assert_eq!(text.lines().next(), Some(Row::COLUMNS.join(",").as_str()));
    assert_eq!(text.lines().count(), 1398);
}
