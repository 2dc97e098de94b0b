//! A price that changes over time, as a list of steps, so that any stretch of it can be integrated exactly (SPT-013).

use ecsim_kernel::{SimTime, Span};

use super::money::HourlyRate;

/// A price that holds from an instant until the next step; the first step holds from the start of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceSteps {
    first: HourlyRate,
    /// In order of time; neighbours differ.
    later: Vec<(SimTime, HourlyRate)>,
}

impl PriceSteps {
    /// A price that never changes.
    #[must_use]
    pub const fn constant(rate: HourlyRate) -> Self {
        Self { first: rate, later: Vec::new() }
    }

    /// From `at` on the price is `rate`. A change at or before the last step replaces what came after `at`.
    pub fn change(&mut self, at: SimTime, rate: HourlyRate) {
        let kept = self.later.partition_point(|step| step.0 < at);
        self.later.truncate(kept);
        if at == SimTime::ZERO {
            self.first = rate;
        } else if self.last() != rate {
            self.later.push((at, rate));
        }
    }

    /// The price at an instant.
    #[must_use]
    pub fn at(&self, at: SimTime) -> HourlyRate {
        let past = self.later.partition_point(|step| step.0 <= at);
        past.checked_sub(1).map_or(self.first, |last| self.later[last].1)
    }

    /// The price after the last change.
    #[must_use]
    pub fn last(&self) -> HourlyRate {
        self.later.last().map_or(self.first, |step| step.1)
    }

    /// The highest price that it has at any time.
    #[must_use]
    pub fn highest(&self) -> HourlyRate {
        self.later.iter().map(|step| step.1).fold(self.first, HourlyRate::max)
    }

    /// Price times time of a use that lasted from `from` to `to` and is billed for `billed`, in nano-units times
    /// milliseconds an hour: give it to [`HourlyRate::settle`]. What is billed beyond `to` (a minimum, the rest of a
    /// second) costs what it cost at `to`: later changes are no business of a use that has ended.
    #[must_use]
    pub fn integral(&self, from: SimTime, to: SimTime, billed: Span) -> u128 {
        let end = from + billed;
        let mut total = 0_u128;
        let (mut since, mut rate) = (from, self.at(from));
        let first = self.later.partition_point(|step| step.0 <= from);
        for &(at, next) in &self.later[first..] {
            if at >= to.min(end) {
                break;
            }
            total = total.saturating_add(piece(rate, at.since(since)));
            (since, rate) = (at, next);
        }
        total.saturating_add(piece(rate, end.since(since)))
    }
}

fn piece(rate: HourlyRate, length: Span) -> u128 {
    u128::from(rate.nanos()) * u128::from(length.ms())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minutes(minutes: u64) -> SimTime {
        SimTime::ZERO + Span::from_mins(minutes)
    }

    #[test]
    fn spt_013_a_changing_price_is_integrated_exactly() {
        let rate = HourlyRate::from_nanos;
        let mut price = PriceSteps::constant(rate(36_000_000));
        price.change(minutes(60), rate(72_000_000));
        price.change(minutes(90), rate(18_000_000));
        assert_eq!((price.at(minutes(59)), price.at(minutes(60))), (rate(36_000_000), rate(72_000_000)));
        let hours = |from: u64, to: u64| {
            let (from, to) = (minutes(from), minutes(to));
            HourlyRate::settle(price.integral(from, to, to.since(from))).picos()
        };
        assert_eq!(hours(30, 60), 18_000_000_000);
        // 30 min at 0.036, 30 min at 0.072, 60 min at 0.018.
        assert_eq!(hours(30, 150), 18_000_000_000 + 36_000_000_000 + 18_000_000_000);
        // Ended a minute before the rise, billed for two: the rise does not count.
        let billed = price.integral(minutes(58), minutes(59), Span::from_mins(2));
        assert_eq!(HourlyRate::settle(billed).picos(), 1_200_000_000);
    }

    #[test]
    fn a_change_replaces_what_came_later() {
        let mut price = PriceSteps::constant(HourlyRate::from_nanos(1));
        price.change(minutes(2), HourlyRate::from_nanos(2));
        price.change(minutes(3), HourlyRate::from_nanos(3));
        price.change(minutes(2), HourlyRate::from_nanos(1));
        assert_eq!(price, PriceSteps::constant(HourlyRate::from_nanos(1)));
        price.change(SimTime::ZERO, HourlyRate::from_nanos(9));
        assert_eq!(price.at(minutes(5)), HourlyRate::from_nanos(9));
    }

    proptest! {
        #[test]
        fn pieces_add_up(
            changes in prop::collection::vec((1..500_u64, 0..9_u64), 0..9),
            (from, a, b) in (0..300_u64, 0..300_u64, 0..300_u64),
        ) {
            let mut changes = changes;
            changes.sort_unstable();
            let mut price = PriceSteps::constant(HourlyRate::from_nanos(5));
            for (at, rate) in changes {
                price.change(SimTime::from_ms(at), HourlyRate::from_nanos(rate));
            }
            let (from, middle, to) = (from, from + a, from + a + b);
            let cost = |from: u64, to: u64| {
                price.integral(SimTime::from_ms(from), SimTime::from_ms(to), Span::from_ms(to - from))
            };
            prop_assert_eq!(cost(from, middle) + cost(middle, to), cost(from, to));
            let slow: u128 = (from..to).map(|at| u128::from(price.at(SimTime::from_ms(at)).nanos())).sum();
            prop_assert_eq!(cost(from, to), slow);
        }
    }
}
