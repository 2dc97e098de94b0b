//! What contracts take off a bill, in the order in which AWS applies them: reservations, Savings Plans, the whole bill.
//!
//! Reservations are not simulated one by one: a share of a family's on-demand use is said to be covered, at a discount
//! (`coverage` and `discount`, both the user's). What a reservation covers is no business of a Savings Plan.

use super::money::{Fraction, Money};
use super::savings_plan::SavingsPlan;

/// All discounts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discounts {
    /// Reserved capacity; the first entry that fits a family holds.
    pub reserved: Vec<ReservedCoverage>,
    /// A Compute Savings Plan (BIL-004).
    pub savings_plan: Option<SavingsPlan>,
    /// A discount on everything, after all others.
    pub overall: Fraction,
}

/// Reserved Instances of a family, as their owner's coverage report shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedCoverage {
    /// The family, such as `m5`.
    pub family: String,
    /// The part of the family's on-demand use that is covered.
    pub coverage: Fraction,
    /// What is taken off the covered part.
    pub discount: Fraction,
}

impl Discounts {
    /// What holds for an instance type: the family is what stands before the point.
    #[must_use]
    pub fn reserved(&self, instance_type: &str) -> Option<&ReservedCoverage> {
        let family = instance_type.split_once('.').map_or(instance_type, |(family, _)| family);
        self.reserved.iter().find(|reserved| reserved.family == family)
    }
}

impl ReservedCoverage {
    /// The part of an on-demand amount that is covered.
    #[must_use]
    pub fn covered(&self, on_demand: Money) -> Money {
        self.coverage.of(on_demand)
    }

    /// What is taken off an on-demand amount.
    #[must_use]
    pub fn saving(&self, on_demand: Money) -> Money {
        self.discount.of(self.covered(on_demand))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_of_a_family() {
        let m5 = ReservedCoverage {
            family: "m5".to_owned(),
            coverage: Fraction::from_percent(80),
            discount: Fraction::from_percent(40),
        };
        let discounts = Discounts { reserved: vec![m5.clone()], ..Discounts::default() };
        assert_eq!(discounts.reserved("m5.large"), Some(&m5));
        assert_eq!((discounts.reserved("m5a.large"), discounts.reserved("")), (None, None));
        let amount = Money::parse("10").unwrap();
        assert_eq!((m5.covered(amount), m5.saving(amount)), (Money::parse("8").unwrap(), Money::parse("3.2").unwrap()));
    }
}
