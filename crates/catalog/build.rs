//! Compresses the readable tables of `data/` so that the binary carries a quarter of a megabyte instead of two.

use std::io::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Every table that the crate embeds; `src/embedded.rs` names the same files.
const TABLES: [&str; 11] = [
    "corrections.csv",
    "ec2_instance_type_zones.csv",
    "ec2_instance_types.csv",
    "ec2_on_demand_prices.csv",
    "ec2_on_demand_prices_2017.csv",
    "ec2_on_demand_prices_cn.csv",
    "ec2_spot_prices_2021.csv",
    "fargate_prices.csv",
    "fargate_task_sizes.csv",
    "region_price_ratios.csv",
    "spot_advisor.csv",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("data");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data");
    for table in TABLES {
        // A checkout on Windows may have rewritten the line ends; the embedded bytes must not depend on that.
        let text = fs::read_to_string(data.join(table))?.replace("\r\n", "\n");
        // zlib, unlike gzip, has no field for a time or a file name: equal tables give equal bytes.
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes())?;
        fs::write(out.join(format!("{table}.z")), encoder.finish()?)?;
    }
    Ok(())
}
