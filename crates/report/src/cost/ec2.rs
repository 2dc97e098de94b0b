//! What an EC2 instance costs for the time it ran (BIL-010, BIL-011, SPT-012).
//!
//! **What it does.** Counts the time that is billed, in whole seconds, and integrates the price over it.
//!
//! **What AWS documents.** Linux and Windows are billed by the second, at least a minute for each start, from running
//! to the request to stop or terminate. A Spot instance that AWS interrupts in its first hour is free; one that is
//! interrupted later, or that its owner ends, pays for the seconds used. SUSE is billed in full hours; where AWS
//! interrupts it, the broken hour is free.
//!
//! **What we left out.** Reserved capacity that is not used, Dedicated Hosts, the licence of Windows and SUSE: the price
//! book has to hold the price of the operating system, and the catalogue knows Linux only. A second that has begun
//! counts as one (AWS does not say). An instance that ended before it was running costs nothing.
//!
//! **How we know it is right.** EX-A21 and SX-029 e to the digit.

use ecsim_kernel::{SimTime, Span};

use super::money::{HOUR_MS, HourlyRate, Money};
use super::rates::{BillingSettings, Purchase};
use super::steps::PriceSteps;

/// The operating system, as far as it changes how time is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperatingSystem {
    /// Linux, except SUSE: by the second.
    #[default]
    Linux,
    /// Windows: by the second.
    Windows,
    /// SUSE Linux: by the hour.
    Suse,
}

/// The life of an instance, as far as it is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceUse {
    /// When it was launched.
    pub launched: SimTime,
    /// When its stop or termination was asked for; for one that is still there, now.
    pub ended: SimTime,
    /// Whether it was AWS that took it back, and not its owner.
    pub interrupted: bool,
    /// How it was bought.
    pub purchase: Purchase,
    /// Its operating system.
    pub operating_system: OperatingSystem,
}

/// What an instance is billed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceCost {
    /// The start of the billed time.
    pub from: SimTime,
    /// The billed time; zero where it is free.
    pub billed: Span,
    /// The amount.
    pub amount: Money,
}

impl InstanceUse {
    /// When billing starts: with the state `running`, the pending time after the launch.
    #[must_use]
    pub fn running(&self, settings: &BillingSettings) -> SimTime {
        self.launched + settings.instance_pending
    }

    /// The time that is billed.
    #[must_use]
    pub fn billed(&self, settings: &BillingSettings) -> Span {
        let running = self.running(settings);
        if self.ended < running {
            return Span::ZERO;
        }
        let used = self.ended.since(running);
        let taken_back = self.interrupted && self.purchase == Purchase::Spot && settings.spot_first_hour_free;
        let hour = Span::from_hours(1);
        match self.operating_system {
            OperatingSystem::Linux | OperatingSystem::Windows if taken_back && used < hour => Span::ZERO,
            OperatingSystem::Linux | OperatingSystem::Windows => whole_seconds(used).max(settings.instance_minimum),
            OperatingSystem::Suse if taken_back => hour.saturating_mul(used.ms() / HOUR_MS),
            OperatingSystem::Suse => hour.saturating_mul(used.ms().div_ceil(HOUR_MS).max(1)),
        }
    }

    /// What it costs at this price.
    #[must_use]
    pub fn cost(&self, price: &PriceSteps, settings: &BillingSettings) -> InstanceCost {
        let (from, billed) = (self.running(settings), self.billed(settings));
        let amount = HourlyRate::settle(price.integral(from, self.ended, billed));
        InstanceCost { from, billed, amount }
    }
}

/// Rounded up to whole seconds.
pub(crate) fn whole_seconds(span: Span) -> Span {
    Span::from_secs(span.ms().div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An instance that was launched at 10:00.
    fn spot(ended_after: Span, interrupted: bool) -> InstanceUse {
        let launched = SimTime::ZERO + Span::from_hours(10);
        InstanceUse {
            launched,
            ended: launched + ended_after,
            interrupted,
            purchase: Purchase::Spot,
            operating_system: OperatingSystem::Linux,
        }
    }

    fn cost(used: InstanceUse, per_hour: &str) -> (u64, String) {
        let price = PriceSteps::constant(HourlyRate::parse(per_hour).unwrap());
        let cost = used.cost(&price, &BillingSettings::default());
        (cost.billed.ms() / 1000, format!("{:.8}", cost.amount))
    }

    #[test]
    fn ex_a21_spot_billing_linux() {
        assert_eq!(cost(spot(Span::from_mins(45), true), "0.036"), (0, "0.00000000".to_owned()));
        assert_eq!(cost(spot(Span::from_mins(45), false), "0.036"), (2700, "0.02700000".to_owned()));
        assert_eq!(cost(spot(Span::from_mins(130), true), "0.036"), (7800, "0.07800000".to_owned()));
    }

    #[test]
    fn spt_012_only_the_first_hour_of_an_interrupted_instance_is_free() {
        let hour = Span::from_hours(1);
        assert_eq!(spot(hour.saturating_sub(Span::from_ms(1)), true).billed(&BillingSettings::default()), Span::ZERO);
        assert_eq!(spot(hour, true).billed(&BillingSettings::default()), hour);
        let on_demand = InstanceUse { purchase: Purchase::OnDemand, ..spot(Span::from_mins(45), true) };
        assert_eq!(on_demand.billed(&BillingSettings::default()), Span::from_mins(45));
        let windows = InstanceUse { operating_system: OperatingSystem::Windows, ..spot(Span::from_mins(45), true) };
        assert_eq!(windows.billed(&BillingSettings::default()), Span::ZERO);
    }

    #[test]
    fn spt_012_suse_pays_full_hours_but_not_the_broken_one() {
        let suse = |minutes, interrupted| {
            let used = spot(Span::from_mins(minutes), interrupted);
            InstanceUse { operating_system: OperatingSystem::Suse, ..used }.billed(&BillingSettings::default())
        };
        assert_eq!([suse(45, true), suse(130, true)], [Span::ZERO, Span::from_hours(2)]);
        assert_eq!([suse(0, false), suse(60, false), suse(61, false)], [1, 1, 2].map(Span::from_hours));
    }

    #[test]
    fn bil_011_the_free_first_hour_can_be_switched_off() {
        let settings = BillingSettings { spot_first_hour_free: false, ..BillingSettings::default() };
        assert_eq!(spot(Span::from_mins(45), true).billed(&settings), Span::from_mins(45));
    }

    #[test]
    fn sx_029_e_an_instance_of_45_seconds_pays_a_minute() {
        let used = InstanceUse { purchase: Purchase::OnDemand, ..spot(Span::from_secs(45), false) };
        assert_eq!(cost(used, "0.17"), (60, "0.00283333".to_owned()));
    }

    #[test]
    fn bil_010_by_the_second_from_running_to_the_request() {
        let used = |ms| InstanceUse { purchase: Purchase::OnDemand, ..spot(Span::from_ms(ms), false) };
        let settings = BillingSettings::default();
        assert_eq!(used(90_001).billed(&settings), Span::from_secs(91));
        assert_eq!(used(0).billed(&settings), Span::from_secs(60));
        let pending = BillingSettings { instance_pending: Span::from_secs(18), ..settings };
        assert_eq!(used(100_000).running(&pending), used(0).launched + Span::from_secs(18));
        assert_eq!(used(100_000).billed(&pending), Span::from_secs(82));
        assert_eq!(used(17_999).billed(&pending), Span::ZERO);
    }

    #[test]
    fn bil_011_a_spot_price_that_changes_is_paid_as_it_was() {
        let mut price = PriceSteps::constant(HourlyRate::parse("0.036").unwrap());
        price.change(SimTime::ZERO + Span::from_hours(11), HourlyRate::parse("0.072").unwrap());
        let cost = spot(Span::from_mins(90), false).cost(&price, &BillingSettings::default());
        assert_eq!(cost.amount, Money::parse("0.072").unwrap());
    }
}
