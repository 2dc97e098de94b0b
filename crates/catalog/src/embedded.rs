//! The tables as the build left them: compressed bytes in the binary, and the one place that unpacks them.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use crate::table::DataError;

/// A table of `data/`, compressed by `build.rs`.
pub(crate) struct Embedded {
    /// File name under `data/`, for messages.
    pub(crate) name: &'static str,
    compressed: &'static [u8],
}

impl Embedded {
    /// Unpacks the table into text.
    pub(crate) fn text(&self) -> Result<String, DataError> {
        let mut text = String::new();
        ZlibDecoder::new(self.compressed)
            .read_to_string(&mut text)
            .map_err(|error| DataError::new(self.name, 0, "", format!("does not unpack: {error}")))?;
        Ok(text)
    }
}

macro_rules! embedded {
    ($($constant:ident = $file:literal;)*) => {
        $(pub(crate) const $constant: Embedded = Embedded {
            name: $file,
            compressed: include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".z")),
        };)*
    };
}

embedded! {
    CORRECTIONS = "corrections.csv";
    FARGATE_PRICES = "fargate_prices.csv";
    FARGATE_TASK_SIZES = "fargate_task_sizes.csv";
    INSTANCE_TYPES = "ec2_instance_types.csv";
    INSTANCE_TYPE_ZONES = "ec2_instance_type_zones.csv";
    ON_DEMAND_PRICES = "ec2_on_demand_prices.csv";
    ON_DEMAND_PRICES_2017 = "ec2_on_demand_prices_2017.csv";
    ON_DEMAND_PRICES_CN = "ec2_on_demand_prices_cn.csv";
    REGION_PRICE_RATIOS = "region_price_ratios.csv";
    SPOT_ADVISOR = "spot_advisor.csv";
    SPOT_PRICES_2021 = "ec2_spot_prices_2021.csv";
}
