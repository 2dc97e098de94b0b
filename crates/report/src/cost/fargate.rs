//! What a Fargate task costs (BIL-001 to BIL-003).
//!
//! **What it does.** For a task that is billed for `s` seconds:
//!
//! ```text
//! amount = s/3600 * (vCPU * Pv + GB * Pm + max(0, storage - 20) * Ps)
//! ```
//!
//! as one exact fraction for vCPU and memory and one for storage, each rounded once.
//!
//! **What AWS documents.** Time runs from the start of the image download until the task ends, rounded up to the second,
//! at least a minute. Fargate Spot costs up to 70 % less for vCPU and memory; storage has no discount.
//!
//! **What we left out.** How the Spot price moves (one discount for the whole run). The end is the exit of the
//! containers. Windows has a minimum of five minutes, unverified; Spot is not offered for it, so it pays the full price.
//!
//! **How we know it is right.** SX-029 a, b, c, d and f to the eight printed digits.

use ecsim_kernel::{SimTime, Span};

use super::ec2::whole_seconds;
use super::money::{Fraction, HOUR_MS, HourlyRate, Money};
use super::rates::{BillingSettings, FargateRates, Purchase};
use ecsim_cluster::definitions::FargatePlatform;

/// The life of a task on Fargate, as far as it is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskUse {
    /// When the download of its images began.
    pub pull_started: SimTime,
    /// When its containers had exited; for a task that still runs, now.
    pub ended: SimTime,
    /// CPU units: 1,024 are a vCPU.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Ephemeral storage in GiB, the free ones included.
    pub storage_gib: u32,
    /// What it runs on.
    pub platform: FargatePlatform,
    /// How it was bought.
    pub purchase: Purchase,
}

/// What a task is billed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskCost {
    /// The billed time.
    pub billed: Span,
    /// vCPU and memory: what Spot and Savings Plans make cheaper.
    pub compute: Money,
    /// Ephemeral storage above the free GiB.
    pub storage: Money,
}

impl TaskCost {
    /// The whole amount.
    #[must_use]
    pub fn total(&self) -> Money {
        self.compute + self.storage
    }
}

impl TaskUse {
    /// The time that is billed.
    #[must_use]
    pub fn billed(&self, settings: &BillingSettings) -> Span {
        let minimum = match self.platform {
            FargatePlatform::LinuxX86 | FargatePlatform::LinuxArm => settings.fargate_minimum,
            FargatePlatform::Windows => settings.fargate_windows_minimum,
        };
        whole_seconds(self.ended.since(self.pull_started)).max(minimum)
    }

    /// What it costs at these prices.
    #[must_use]
    pub fn cost(&self, rates: &FargateRates, settings: &BillingSettings) -> TaskCost {
        let TaskRate { compute, storage } = self.rate(rates, settings);
        let billed = self.billed(settings);
        let compute = Money::rounded(
            compute.saturating_mul(u128::from(billed.ms()) * 1000),
            u128::from(HOUR_MS).saturating_mul(TaskRate::COMPUTE_UNITS),
        );
        let storage = HourlyRate::settle(storage.saturating_mul(billed.ms().into()));
        TaskCost { billed, compute, storage }
    }

    /// What an hour of it costs at these prices.
    pub(crate) fn rate(&self, rates: &FargateRates, settings: &BillingSettings) -> TaskRate {
        let spot = self.purchase == Purchase::Spot && self.platform != FargatePlatform::Windows;
        let (vcpu, gb, paid) = match rates.spot {
            Some((vcpu, gb)) if spot => (vcpu, gb, Fraction::ALL),
            None if spot => (rates.vcpu_hour, rates.gb_hour, settings.fargate_spot_discount.rest()),
            _ => (rates.vcpu_hour, rates.gb_hour, Fraction::ALL),
        };
        let size = times(vcpu, self.cpu) + times(gb, self.memory);
        let extra = self.storage_gib.saturating_sub(settings.fargate_free_storage_gib);
        TaskRate { compute: size * u128::from(paid.millionths()), storage: times(rates.storage_gb_hour, extra) }
    }
}

/// The price of a task for an hour, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskRate {
    /// vCPU and memory: so many of [`Self::COMPUTE_UNITS`] make a nano-unit of the currency.
    pub(crate) compute: u128,
    /// Storage, in nano-units.
    pub(crate) storage: u128,
}

impl TaskRate {
    /// CPU units in a vCPU (or MiB in a GB) times millionths in a whole: the denominators of [`Self::compute`].
    pub(crate) const COMPUTE_UNITS: u128 = 1024 * 1_000_000;
}

fn times(rate: HourlyRate, amount: u32) -> u128 {
    u128::from(rate.nanos()) * u128::from(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(vcpu: &str, gb: &str) -> FargateRates {
        let rate = |text| HourlyRate::parse(text).unwrap();
        FargateRates { vcpu_hour: rate(vcpu), gb_hour: rate(gb), storage_gb_hour: rate("0.000111"), spot: None }
    }

    /// us-east-1 (BIL-002).
    fn x86() -> FargateRates {
        rates("0.04048", "0.004445")
    }

    fn task(cpu: u32, memory: u32, lifetime: Span) -> TaskUse {
        let pull_started = SimTime::from_ms(12_345);
        TaskUse {
            pull_started,
            ended: pull_started + lifetime,
            cpu,
            memory,
            storage_gib: 20,
            platform: FargatePlatform::LinuxX86,
            purchase: Purchase::OnDemand,
        }
    }

    fn bill(tasks: usize, task: TaskUse, rates: &FargateRates) -> (u64, String) {
        let cost = task.cost(rates, &BillingSettings::default());
        let sum: Money = (0..tasks).map(|_| cost.total()).sum();
        (cost.billed.ms() / 1000, format!("{sum:.8}"))
    }

    #[test]
    fn sx_029_a_four_tasks_for_three_hours() {
        let lifetime = Span::from_hours(3) + Span::from_ms(17_200);
        assert_eq!(bill(4, task(1024, 2048, lifetime), &x86()), (10_818, "0.59342740".to_owned()));
    }

    #[test]
    fn sx_029_b_ten_arm_tasks_pay_a_minute() {
        let arm = TaskUse { platform: FargatePlatform::LinuxArm, ..task(256, 512, Span::from_ms(21_400)) };
        assert_eq!(bill(10, arm, &rates("0.03238", "0.00356")), (60, "0.00164583".to_owned()));
    }

    #[test]
    fn sx_029_c_storage_above_twenty_gib() {
        let large = TaskUse { storage_gib: 100, ..task(4096, 16_384, Span::from_hours(24)) };
        assert_eq!(bill(1, large, &x86()), (86_400, "5.80608000".to_owned()));
        let free = TaskUse { storage_gib: 20, ..large };
        assert_eq!(free.cost(&x86(), &BillingSettings::default()).storage, Money::ZERO);
    }

    #[test]
    fn sx_029_d_five_spot_tasks() {
        let spot = TaskUse { purchase: Purchase::Spot, ..task(2048, 8192, Span::from_hours(2)) };
        assert_eq!(bill(5, spot, &x86()), (7200, "0.34956000".to_owned()));
    }

    #[test]
    fn sx_029_f_a_month() {
        assert_eq!(bill(1, task(1024, 2048, Span::from_hours(730)), &x86()), (2_628_000, "36.04010000".to_owned()));
    }

    #[test]
    fn bil_001_seconds_are_rounded_up_and_a_minute_is_the_least() {
        let billed = |task: TaskUse| task.billed(&BillingSettings::default());
        assert_eq!(billed(task(256, 512, Span::ZERO)), Span::from_secs(60));
        assert_eq!(billed(task(256, 512, Span::from_ms(60_001))), Span::from_secs(61));
        let windows = TaskUse { platform: FargatePlatform::Windows, ..task(1024, 2048, Span::from_secs(90)) };
        assert_eq!(billed(windows), Span::from_secs(300));
        let settings = BillingSettings { fargate_windows_minimum: Span::from_secs(60), ..BillingSettings::default() };
        assert_eq!(windows.billed(&settings), Span::from_secs(90));
    }

    #[test]
    fn bil_002_cpu_memory_and_storage_are_paid_by_their_size() {
        let one = task(1024, 1024, Span::from_hours(1)).cost(&x86(), &BillingSettings::default());
        assert_eq!(one.compute, Money::parse("0.044925").unwrap());
        let more = TaskUse { storage_gib: 21, ..task(256, 512, Span::from_hours(1)) };
        assert_eq!(more.cost(&x86(), &BillingSettings::default()).storage, Money::parse("0.000111").unwrap());
    }

    #[test]
    fn bil_003_spot_takes_off_compute_only_and_not_for_windows() {
        let hour = TaskUse { storage_gib: 30, purchase: Purchase::Spot, ..task(1024, 0, Span::from_hours(1)) };
        let settings = BillingSettings::default();
        let cost = hour.cost(&x86(), &settings);
        assert_eq!(cost.compute, Money::parse("0.012144").unwrap());
        assert_eq!(cost.storage, Money::parse("0.00111").unwrap());
        let windows = TaskUse { platform: FargatePlatform::Windows, ..hour };
        assert_eq!(windows.cost(&x86(), &settings).compute, Money::parse("0.04048").unwrap());
        let known = FargateRates { spot: Some((HourlyRate::parse("0.0126").unwrap(), HourlyRate::ZERO)), ..x86() };
        assert_eq!(hour.cost(&known, &settings).compute, Money::parse("0.0126").unwrap());
    }
}
