//! `ecsim catalog`: look up AWS's numbers, with where each comes from.

use ecsim_catalog::{
    Architecture, Catalog as Data, Columns as _, FargatePriceRow, FargateSizeRow, InstanceType, PriceRow, Query, RegionRow, Row,
    SpotOs, SpotRow,
};
use ecsim_scenario::schema::MemorySize;
use serde_json::Value;

use crate::app::{Catalog, CatalogTable};
use crate::exit::{Done, Failure, Outcome};
use crate::table;
use crate::terminal::Terminal;

/// Prints the rows asked for.
///
/// # Errors
/// An unknown region, instance type or architecture, with near names.
pub fn run(command: &Catalog, terminal: &Terminal) -> Outcome {
    if Data::region(&command.region).is_none() {
        let near = Data::nearest_region(&command.region, 3).join(", ");
        return Err(Failure::Input(format!("unknown region `{}`; near names: {near}", command.region)));
    }
    let region = command.region.as_str();
    match command.show {
        CatalogTable::InstanceTypes => {
            let types = instance_types(command)?;
            if types.is_empty() {
                terminal.note("no instance type matches all of that");
            }
            let rows: Vec<Value> = types.iter().map(|it| value(&Row::new(it, region))).collect();
            if command.format == crate::app::DataFormat::Table {
                if let Some(Some(price)) = types.iter().map(|it| Data::on_demand_usd_per_hour(region, &it.name)).next() {
                    if price.derived_from_ratio {
                        terminal.note(&format!("prices: {}", price.source.explanation()));
                    }
                }
            }
            table::print_rows(Row::COLUMNS, &rows, command.format)?;
        }
        CatalogTable::Prices => {
            let rows: Vec<Value> =
                instance_types(command)?.iter().filter_map(|it| PriceRow::new(it, region)).map(|row| value(&row)).collect();
            table::print_rows(PriceRow::COLUMNS, &rows, command.format)?;
        }
        CatalogTable::Spot => {
            let rows: Vec<Value> = instance_types(command)?
                .iter()
                .filter_map(|it| SpotRow::new(it, region, SpotOs::Linux))
                .map(|row| value(&row))
                .collect();
            table::print_rows(SpotRow::COLUMNS, &rows, command.format)?;
        }
        CatalogTable::FargateSizes => {
            let price = Data::fargate_price(region, Architecture::X86_64);
            let rows: Vec<Value> =
                Data::fargate_sizes().iter().map(|size| value(&FargateSizeRow::new(size, price))).collect();
            table::print_rows(FargateSizeRow::COLUMNS, &rows, command.format)?;
        }
        CatalogTable::FargatePrices => {
            let rows: Vec<Value> =
                Data::fargate_prices().iter().map(|price| value(&FargatePriceRow::new(price))).collect();
            table::print_rows(FargatePriceRow::COLUMNS, &rows, command.format)?;
        }
        CatalogTable::Regions => {
            let rows: Vec<Value> = Data::regions().iter().map(|region| value(&RegionRow::new(region))).collect();
            table::print_rows(RegionRow::COLUMNS, &rows, command.format)?;
        }
    }
    Ok(Done::Fine)
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
        region: command.offered.then(|| command.region.clone()),
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
            let near = Data::nearest(name, 3).join(", ");
            return Err(Failure::Input(format!("unknown instance type `{name}`; near names: {near}")));
        }
        found.extend(query.search());
    }
    Ok(Data::instance_types().iter().filter(|it| found.iter().any(|known| known.name == it.name)).collect())
}
