//! A Compute Savings Plan: money promised for every hour, whether it is used or not (BIL-004).
//!
//! **What it does.** Collects the on-demand use of each hour of the calendar ([`HourlyUse`]) and settles it hour by hour:
//!
//! ```text
//! covered   = min(commitment, use * (1 - discount))
//! on demand = use - covered / (1 - discount)
//! unused    = commitment - covered
//! ```
//!
//! **What AWS documents.** Plans cover EC2 and Fargate on demand, not Spot. An hour's unused commitment is lost.
//!
//! **What we left out.** Discounts that differ by instance type and region: there is one for all. A run that starts or
//! ends within an hour owes that part of the commitment (AWS would charge the hour; but the run is only a window on
//! a longer life). Fargate's extra storage and EBS are not covered.
//!
//! **How we know it is right.** The parts of every hour add up to its use and its commitment: see the tests.

use std::collections::BTreeMap;

use ecsim_kernel::{SimTime, Span};

use super::money::{Fraction, HOUR_MS, Money};

/// A promise to pay for every hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavingsPlan {
    /// `savings_plan_commitment`: money for each hour.
    pub commitment: Money,
    /// `savings_plan_discount`: what the plan takes off on-demand prices; AWS's are up to 0.50 to 0.52 for Fargate.
    pub discount: Fraction,
}

/// The use of each hour of the calendar, at on-demand prices.
///
/// Adding a stretch of use costs the same however long it is: what fills whole hours is kept as the change of a rate.
#[derive(Clone, Debug, Default)]
pub struct HourlyUse {
    /// How far into its hour the run starts.
    into_hour: u64,
    /// By hour: the change of the rate that fills whole hours, and what was used in parts of this hour.
    hours: BTreeMap<u64, Hour>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Hour {
    rate_change: i128,
    partly: i128,
}

/// Fine units in a pico: amounts are spread over time as picos x 2^32 a millisecond, so that no hour is off by as much
/// as one pico.
const FINE: u32 = 32;
/// The largest amount that is spread, in picos: a hundred million million dollars.
const MOST: i128 = 100_000_000_000_000_000_000_000_000;

/// How one hour was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledHour {
    /// The hour, counted from the one in which the run starts.
    pub hour: u64,
    /// The use at on-demand prices.
    pub used: Money,
    /// What the commitment paid of it, at the plan's prices.
    pub covered: Money,
    /// What was left to pay on demand.
    pub on_demand: Money,
    /// The commitment that was lost.
    pub unused: Money,
}

/// How all hours were settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettledPlan {
    /// Hour by hour, the first hour of the run first.
    pub hours: Vec<SettledHour>,
    /// What the plan took off the on-demand bill.
    pub saving: Money,
    /// The commitment that was lost: a line of its own on the bill.
    pub unused: Money,
}

impl HourlyUse {
    /// Nothing used yet, in a run that starts so many milliseconds after the Unix epoch.
    #[must_use]
    pub fn new(start_unix_ms: i64) -> Self {
        let into_hour = start_unix_ms.rem_euclid(3_600_000).unsigned_abs();
        Self { into_hour, hours: BTreeMap::new() }
    }

    /// Adds an amount that was spent evenly over a stretch of time.
    pub fn add(&mut self, from: SimTime, lasted: Span, amount: Money) {
        if lasted.is_zero() {
            return;
        }
        // No bill comes near the bound; it only keeps nonsense from overflowing.
        let picos = amount.picos().clamp(-MOST, MOST);
        let rate = (picos << FINE) / i128::from(lasted.ms());
        let (start, end) = (self.place(from), self.place(from + lasted));
        if start.0 == end.0 {
            self.hour(start.0).partly += rate * i128::from(end.1 - start.1);
            return;
        }
        self.hour(start.0).partly += rate * i128::from(HOUR_MS - start.1);
        self.hour(start.0 + 1).rate_change += rate;
        self.hour(end.0).rate_change -= rate;
        self.hour(end.0).partly += rate * i128::from(end.1);
    }

    /// Settles every hour of a run of this length, and what is billed beyond its end.
    #[must_use]
    pub fn settle(&self, plan: &SavingsPlan, run: Span) -> SettledPlan {
        let last_used = self.hours.keys().next_back().map_or(0, |hour| hour + 1);
        let (last, into_last) = self.place(SimTime::ZERO + run);
        let hours = last_used.max(last + u64::from(into_last > 0));
        let mut rate = 0_i128;
        let mut settled = SettledPlan::default();
        for hour in 0..hours {
            let found = self.hours.get(&hour).copied().unwrap_or_default();
            rate += found.rate_change;
            let fine = found.partly + rate * i128::from(HOUR_MS);
            let used = Money::rounded(fine.max(0).unsigned_abs(), 1 << FINE);
            let result = plan.settle_hour(hour, used, self.owed(plan, hour, run));
            settled.saving += result.used - result.covered - result.on_demand;
            settled.unused += result.unused;
            settled.hours.push(result);
        }
        settled
    }

    /// The commitment for the part of an hour that belongs to the run.
    fn owed(&self, plan: &SavingsPlan, hour: u64, run: Span) -> Money {
        let (start, end) = (self.into_hour, self.into_hour.saturating_add(run.ms()));
        let from = hour.saturating_mul(HOUR_MS);
        let within = end.min(from.saturating_add(HOUR_MS)).saturating_sub(start.max(from));
        let commitment = plan.commitment.picos().max(0).unsigned_abs();
        Money::rounded(commitment.saturating_mul(within.into()), HOUR_MS.into())
    }

    /// The hour of an instant, and the milliseconds into it.
    fn place(&self, at: SimTime) -> (u64, u64) {
        let ms = at.ms().saturating_add(self.into_hour);
        (ms / HOUR_MS, ms % HOUR_MS)
    }

    fn hour(&mut self, hour: u64) -> &mut Hour {
        self.hours.entry(hour).or_default()
    }
}

impl SavingsPlan {
    /// Settles one hour: its use against what is owed for it.
    #[must_use]
    pub fn settle_hour(&self, hour: u64, used: Money, owed: Money) -> SettledHour {
        let paid = self.discount.rest();
        let at_plan_prices = paid.of(used);
        if at_plan_prices <= owed {
            let unused = owed - at_plan_prices;
            return SettledHour { hour, used, covered: at_plan_prices, on_demand: Money::ZERO, unused };
        }
        // More use than the commitment covers, so there is a price, and the fraction is not zero.
        let bought = paid.whole_of(owed).unwrap_or_default().min(used);
        SettledHour { hour, used, covered: owed, on_demand: used - bought, unused: Money::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    fn plan(commitment: &str, percent: u32) -> SavingsPlan {
        SavingsPlan { commitment: money(commitment), discount: Fraction::from_percent(percent) }
    }

    fn minutes(minutes: u64) -> Span {
        Span::from_mins(minutes)
    }

    #[test]
    fn bil_004_the_commitment_covers_discounted_use_and_the_rest_is_lost() {
        let plan = plan("1", 50);
        let hour = |used| {
            let settled = plan.settle_hour(0, money(used), plan.commitment);
            [settled.covered, settled.on_demand, settled.unused].map(|amount| format!("{amount}"))
        };
        assert_eq!(hour("0"), ["0.00", "0.00", "1.00"]);
        assert_eq!(hour("1.5"), ["0.75", "0.00", "0.25"]);
        assert_eq!(hour("2"), ["1.00", "0.00", "0.00"]);
        assert_eq!(hour("5"), ["1.00", "3.00", "0.00"]);
    }

    #[test]
    fn bil_004_each_hour_stands_alone() {
        // 4 an hour for one hour, then nothing: the second hour's commitment does not help the first.
        let mut used = HourlyUse::new(0);
        used.add(SimTime::ZERO, minutes(60), money("4"));
        let settled = used.settle(&plan("1", 50), minutes(120));
        assert_eq!(settled.hours.len(), 2);
        assert_eq!((settled.saving, settled.unused), (money("1"), money("1")));
        // The same use over two hours is better covered.
        let mut used = HourlyUse::new(0);
        used.add(SimTime::ZERO, minutes(120), money("4"));
        let settled = used.settle(&plan("1", 50), minutes(120));
        assert_eq!((settled.saving, settled.unused), (money("2"), Money::ZERO));
    }

    #[test]
    fn bil_004_hours_are_those_of_the_calendar_and_a_part_owes_a_part() {
        // The run starts at half past and lasts an hour.
        let mut used = HourlyUse::new(30 * 60_000);
        used.add(SimTime::ZERO + minutes(15), minutes(30), money("6"));
        let settled = used.settle(&plan("1", 50), minutes(60));
        let hours: Vec<[Money; 4]> =
            settled.hours.iter().map(|hour| [hour.used, hour.covered, hour.on_demand, hour.unused]).collect();
        let half = [money("3"), money("0.5"), money("2"), Money::ZERO];
        assert_eq!(hours, [half, half]);
    }

    #[test]
    fn bil_004_a_plan_that_takes_all_off_pays_nothing() {
        let mut used = HourlyUse::new(0);
        used.add(SimTime::ZERO, minutes(30), money("7"));
        let settled = used.settle(&plan("2", 100), minutes(60));
        assert_eq!((settled.saving, settled.unused), (money("7"), money("2")));
    }

    proptest! {
        #[test]
        fn bil_004_every_hour_adds_up(
            start in 0..3_600_000_i64,
            uses in prop::collection::vec((0..20_000_000_u64, 1..20_000_000_u64, 0..10_i128.pow(15)), 0..12),
            commitment in 0..10_i128.pow(14),
            discount in 0..=1_000_000_u32,
        ) {
            let run = Span::from_hours(12);
            let mut used = HourlyUse::new(start);
            for &(from, lasted, amount) in &uses {
                used.add(SimTime::from_ms(from), Span::from_ms(lasted), Money::from_picos(amount));
            }
            let plan = SavingsPlan {
                commitment: Money::from_picos(commitment),
                discount: Fraction::from_millionths(discount).unwrap(),
            };
            let settled = used.settle(&plan, run);
            let total: Money = settled.hours.iter().map(|hour| hour.used).sum();
            let spent: i128 = uses.iter().map(|used| used.2).sum();
            prop_assert!((total.picos() - spent).abs() <= settled.hours.len() as i128, "{} {}", total.picos(), spent);
            let mut owed = Money::ZERO;
            for hour in &settled.hours {
                owed += hour.covered + hour.unused;
                prop_assert!(!hour.on_demand.is_negative() && !hour.unused.is_negative());
                prop_assert!(hour.covered + hour.on_demand <= hour.used);
                prop_assert!(hour.on_demand == Money::ZERO || hour.unused == Money::ZERO);
                // An hour, found the slow way: by looking at every use.
                let from = (i128::from(hour.hour) * 3_600_000 - i128::from(start)).max(0);
                let to = i128::from(hour.hour + 1) * 3_600_000 - i128::from(start);
                let slow: i128 = uses
                    .iter()
                    .map(|&(at, lasted, amount)| {
                        let (at, end) = (i128::from(at), i128::from(at + lasted));
                        amount * (end.min(to) - at.max(from)).max(0) / i128::from(lasted)
                    })
                    .sum();
                prop_assert!((hour.used.picos() - slow).abs() <= uses.len() as i128 + 1);
            }
            prop_assert!((owed.picos() - commitment * 12).abs() <= settled.hours.len() as i128);
        }
    }
}
