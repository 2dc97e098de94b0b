//! What EBS storage costs: one public figure, as no table with prices of volumes is at hand.

use crate::regions::BASE_REGION;

/// The price of EBS storage, in dollars a GiB-month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EbsPrice {
    /// The volume type, `gp3`.
    pub volume_type: &'static str,
    /// The region in which the price holds.
    pub region: &'static str,
    /// A GiB for a month, in billionths of a dollar.
    pub nano_usd_per_gib_month: u64,
}

/// General purpose storage in us-east-1, 0.08 dollars a GiB-month, on AWS's EBS price page.
pub(crate) const GP3: EbsPrice =
    EbsPrice { volume_type: "gp3", region: BASE_REGION, nano_usd_per_gib_month: 80_000_000 };

impl EbsPrice {
    /// Dollars a GiB-month.
    pub fn usd_per_gib_month(&self) -> f64 {
        // Both operands are exact, so the one rounding of the division gives the float that the decimal denotes.
        self.nano_usd_per_gib_month as f64 / 1e9
    }

    /// One sentence for a reader who has to judge the price, for use in `region`.
    pub fn explanation(&self, region: &str) -> String {
        let own = format!("AWS's public price of {} storage in {}", self.volume_type, self.region);
        if region == self.region { own } else { format!("{own}, not scaled to {region}") }
    }
}
