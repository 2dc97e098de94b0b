//! `ecsim catalog`: look up AWS's numbers, with where each comes from.

use ecsim_catalog::{
    Architecture, Catalog as Data, Columns as _, FargatePrice, FargatePriceRow, FargateSizeRow, InstanceType, PriceRow,
    Query, RegionRow, Row, SpotOs, SpotRow, glob_matches,
};
use ecsim_scenario::schema::MemorySize;
use serde_json::{Value, json};

use crate::app::{Catalog, CatalogTable, DataFormat};
use crate::exit::{Done, Failure, Outcome};
use crate::table;
use crate::terminal::Terminal;

const DEFAULT_REGION: &str = "us-east-1";

/// Prints the rows asked for.
///
/// # Errors
/// An unknown region, instance type or architecture, with near names; filters that the table does not have.
pub fn run(command: &Catalog, terminal: &Terminal) -> Outcome {
    let region = match &command.region {
        None => DEFAULT_REGION,
        Some(name) => match Data::region(name) {
            Some(region) => region.name.as_str(),
            None => return Err(unknown("region", name, &Data::nearest_region(name, 3))),
        },
    };
    reject_filters_without_effect(command)?;
    let (columns, rows): (&[&str], Vec<Value>) = match command.show {
        CatalogTable::InstanceTypes if command.format == DataFormat::Table => {
            let types = instance_types(command)?;
            if let Some(price) = types.iter().find_map(|it| Data::on_demand_usd_per_hour(region, &it.name)) {
                terminal.note(&format!("Linux in {region}; prices: {}", price.source.explanation()));
            } else if !types.is_empty() {
                terminal.note(&format!("no prices in US dollars are known for {region}; see --show prices"));
            }
            (&SHORT, types.iter().map(|it| short_row(&Row::new(it, region))).collect())
        }
        CatalogTable::InstanceTypes => {
            (Row::COLUMNS, instance_types(command)?.iter().map(|it| value(&Row::new(it, region))).collect())
        }
        CatalogTable::Prices => {
            let rows = instance_types(command)?.into_iter().filter_map(|it| PriceRow::new(it, region));
            (PriceRow::COLUMNS, rows.map(|row| value(&row)).collect())
        }
        CatalogTable::Spot => {
            let rows = instance_types(command)?.into_iter().filter_map(|it| SpotRow::new(it, region, SpotOs::Linux));
            (SpotRow::COLUMNS, rows.map(|row| value(&row)).collect())
        }
        CatalogTable::FargateSizes => {
            let price = Data::fargate_price(region, Architecture::X86_64);
            let rows = Data::fargate_sizes().iter().map(|size| value(&FargateSizeRow::new(size, price)));
            (FargateSizeRow::COLUMNS, rows.collect())
        }
        CatalogTable::FargatePrices => {
            let wanted = |price: &&FargatePrice| command.region.is_none() || price.region == region;
            let rows = Data::fargate_prices().iter().filter(wanted).map(|price| value(&FargatePriceRow::new(price)));
            (FargatePriceRow::COLUMNS, rows.collect())
        }
        CatalogTable::Regions => (RegionRow::COLUMNS, regions(command)?),
    };
    if rows.is_empty() {
        terminal.note("nothing in the catalogue matches all of that");
    }
    table::print_rows(columns, &rows, command.format)?;
    Ok(Done::Fine)
}

fn unknown(what: &str, name: &str, near: &[&str]) -> Failure {
    let help = if near.is_empty() { String::new() } else { format!("; near names: {}", near.join(", ")) };
    Failure::Input(format!("unknown {what} `{name}`{help}"))
}

/// Only some tables have instance types to choose from: a filter that does nothing would be a wrong answer.
fn reject_filters_without_effect(command: &Catalog) -> Result<(), Failure> {
    let table = match command.show {
        CatalogTable::InstanceTypes | CatalogTable::Prices | CatalogTable::Spot => return Ok(()),
        CatalogTable::FargateSizes => "fargate-sizes",
        CatalogTable::FargatePrices => "fargate-prices",
        CatalogTable::Regions => "regions",
    };
    let filters = [
        ("--family", command.family.is_some()),
        ("--min-vcpu", command.min_vcpu.is_some()),
        ("--max-vcpu", command.max_vcpu.is_some()),
        ("--min-memory", command.min_memory.is_some()),
        ("--max-memory", command.max_memory.is_some()),
        ("--min-gpus", command.min_gpus.is_some()),
        ("--architecture", command.architecture.is_some()),
        ("--trunking", command.trunking),
        ("--current-generation", command.current_generation),
        ("--offered", command.offered),
        ("a name", !command.names.is_empty() && command.show != CatalogTable::Regions),
    ];
    match filters.iter().find(|(_, given)| *given) {
        Some((filter, _)) => Err(Failure::Input(format!("{filter} does not go with --show {table}"))),
        None => Ok(()),
    }
}

/// The regions that the names mean; all of them where there are none.
fn regions(command: &Catalog) -> Result<Vec<Value>, Failure> {
    let patterns: Vec<&str> = command.names.iter().chain(&command.region).map(String::as_str).collect();
    for pattern in &patterns {
        if !pattern.contains(['*', '?']) && Data::region(pattern).is_none() {
            return Err(unknown("region", pattern, &Data::nearest_region(pattern, 3)));
        }
    }
    let wanted = |name: &str| patterns.is_empty() || patterns.iter().any(|pattern| glob_matches(pattern, name));
    Ok(Data::regions()
        .iter()
        .filter(|region| wanted(&region.name))
        .map(|region| value(&RegionRow::new(region)))
        .collect())
}

/// What a person asks for first; the other columns are in CSV and JSON.
const SHORT: [&str; 11] = [
    "instanceType",
    "vcpu",
    "memoryGiB",
    "gpus",
    "taskEnis",
    "trunked",
    "architecture",
    "usdPerHour",
    "spotSaves",
    "interrupted",
    "zones",
];

fn short_row(row: &Row) -> Value {
    let gpus = match (row.gpus, row.gpu_model) {
        (0, _) => String::new(),
        (number, model) => format!("{number} {}", model.unwrap_or_default()),
    };
    let gib = match (row.memory_mib / 1024, row.memory_mib % 1024) {
        (whole, 0) => json!(whole),
        _ => json!(f64::from(row.memory_mib) / 1024.0),
    };
    let zones: Vec<String> = row.zones.split(';').filter_map(|zone| zone.chars().last()).map(String::from).collect();
    json!({
        "instanceType": row.instance_type,
        "vcpu": row.vcpu,
        "memoryGiB": gib,
        "gpus": gpus.trim(),
        "taskEnis": row.task_eni_limit,
        "trunked": row.task_eni_limit_trunked,
        "architecture": row.architecture,
        "usdPerHour": row.on_demand_usd_per_hour,
        "spotSaves": row.spot_savings_pct.map(|percent| format!("{percent} %")),
        "interrupted": row.spot_interruption_band,
        "zones": zones.join(" "),
    })
}

fn value<T: serde::Serialize>(row: &T) -> Value {
    serde_json::to_value(row).unwrap_or_default()
}

/// The instance types a call means, in the catalogue's order, each once.
fn instance_types(command: &Catalog) -> Result<Vec<&'static InstanceType>, Failure> {
    let architecture = command
        .architecture
        .as_deref()
        .map(|name| {
            Architecture::parse(name)
                .ok_or_else(|| Failure::Input(format!("unknown architecture `{name}`; known: x86_64, arm64")))
        })
        .transpose()?;
    let memory = |text: &Option<String>| {
        text.as_deref()
            .map(|text| {
                text.parse::<MemorySize>()
                    .map(|size| u32::try_from(size.whole_mib()).unwrap_or(u32::MAX))
                    .map_err(|error| Failure::Input(error.to_string()))
            })
            .transpose()
    };
    let base = Query {
        name: None,
        family: command.family.clone(),
        min_vcpu: command.min_vcpu,
        max_vcpu: command.max_vcpu,
        min_memory_mib: memory(&command.min_memory)?,
        max_memory_mib: memory(&command.max_memory)?,
        min_gpus: command.min_gpus,
        architecture,
        region: command.offered.then(|| command.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned())),
        trunking: command.trunking.then_some(true),
        current_generation: command.current_generation.then_some(true),
        ..Query::default()
    };
    if command.names.is_empty() {
        return Ok(base.search().collect());
    }
    let mut found = Vec::new();
    for name in &command.names {
        let query = Query { name: Some(name.clone()), ..base.clone() };
        let is_glob = name.contains(['*', '?']);
        if !is_glob && Data::instance_type(&name.to_lowercase()).is_none() {
            return Err(unknown("instance type", name, &Data::nearest(name, 3)));
        }
        found.extend(query.search());
    }
    Ok(Data::instance_types().iter().filter(|it| found.iter().any(|known| known.name == it.name)).collect())
}
