//! What an EBS volume costs: its GiB-months, by the second.
//!
//! AWS's price page prorates a month of 30 days by the second, with a minimum of a minute. Provisioned IOPS, throughput
//! and snapshots are left out, as is the price of other volume types unless the price book holds it.

use ecsim_kernel::Span;

use super::ec2::whole_seconds;
use super::money::Money;
use super::rates::BillingSettings;

/// What a volume of `gib` costs that existed for `lifetime`, at a price for a GiB-month.
#[must_use]
pub fn cost(gib: u32, lifetime: Span, gib_month: Money, settings: &BillingSettings) -> Money {
    let billed = whole_seconds(lifetime).max(settings.volume_minimum);
    let price = gib_month.picos().max(0).unsigned_abs();
    let volume = u128::from(gib) * u128::from(billed.ms());
    Money::rounded(price.saturating_mul(volume), settings.volume_month.ms().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(gib: u32, lifetime: Span) -> String {
        format!("{:.6}", cost(gib, lifetime, Money::parse("0.08").unwrap(), &BillingSettings::default()))
    }

    #[test]
    fn a_volume_is_prorated_over_thirty_days() {
        // 0.08 * 2000 * 43,200 / (86,400 * 30).
        assert_eq!(dollars(2000, Span::from_hours(12)), "2.666667");
        assert_eq!(dollars(30, Span::from_days(30)), "2.400000");
    }

    #[test]
    fn a_volume_pays_for_a_minute_at_least() {
        assert_eq!(dollars(1000, Span::ZERO), dollars(1000, Span::from_secs(60)));
        assert_eq!(dollars(1000, Span::from_ms(60_001)), dollars(1000, Span::from_secs(61)));
    }
}
