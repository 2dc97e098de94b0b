//! AWS's numbers as data, so that no other crate has one in its code: instance types, network limits, prices,
//! Spot bands and Fargate sizes, each with its date and source. Contains no behaviour.
//!
//! Everything hangs on [`Catalog`]. The tables are readable CSV under `data/`, where `PROVENANCE.md` says where
//! each number comes from; the build compresses them into the program, so nothing is read or fetched at run time.
//!
//! ```
//! use ecsim_catalog::{Catalog, MemorySource, Query};
//!
//! let m5 = Catalog::instance_type("m5.large").expect("a type that exists");
//! assert_eq!((m5.cpu_units(), m5.registered_memory_mib(MemorySource::default())), (2048, 7946));
//! assert_eq!((m5.task_eni_limit(), m5.task_eni_limit_trunked()), (Some(2), Some(10)));
//!
//! let price = Catalog::on_demand_usd_per_hour("eu-central-1", "m5.large").expect("a price");
//! assert!(price.derived_from_ratio);
//! println!("{} USD an hour: {}", price.usd_per_hour(), price.source.explanation());
//!
//! let small_gpus = Query { min_gpus: Some(1), max_vcpu: Some(4), ..Query::default() };
//! assert!(small_gpus.search().any(|found| found.name == "g5.xlarge"));
//! assert_eq!(Catalog::nearest("m5.lrage", 1), ["m5.large"]);
//! ```

mod catalog;
mod corrections;
mod ebs;
mod embedded;
mod fargate;
mod glob;
mod instance_type;
mod near;
mod prices;
mod query;
mod rate;
mod regions;
mod rows;
mod spot;
mod table;

pub use catalog::Catalog;
pub use ebs::EbsPrice;
pub use fargate::{FargatePrice, FargateSize};
pub use glob::matches as glob_matches;
pub use instance_type::{
    Architecture, CPU_UNITS_PER_VCPU, DEFAULT_LINUX_MEMORY_PERCENT, EniLimitSource, Hypervisor, InstanceType,
    MemorySource,
};
pub use prices::{CnyPrice, MEDIAN_SPOT_SAVINGS_PCT, Price, PriceSource};
pub use query::Query;
pub use rate::Rate;
pub use regions::{RatioBasis, Region, RegionRatio};
pub use rows::{Columns, FargatePriceRow, FargateSizeRow, PriceRow, ROWS_VERSION, RegionRow, Row, SpotRow};
pub use spot::{InterruptionBand, SPOT_PRICES_AS_OF, SpotAdvice, SpotOs, SpotPrice2021};
pub use table::DataError;
