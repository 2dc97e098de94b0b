//! What a run costs, in exact integers: prices times billed time, less discounts, shared out to whoever caused it.
//!
//! The formulas, from the bottom up; none of them looks at a fact:
//!
//! * [`money`]: amounts, hourly rates and fractions as integers; rounding, sharing out, printing.
//! * [`steps`]: a price that changes over time, integrated exactly.
//! * [`rates`]: the price book and the settings of billing, plain data with the pedigree of every price.
//! * [`ec2`], [`ebs`], [`fargate`]: from a stretch of use to the amount on a line of the bill.
//! * [`discounts`], [`savings_plan`]: what a contract takes off.
//! * [`share`]: which task group used how much of an instance, kept up to date in small steps.
//! * [`bill`]: all lines added up in several ways that always agree.
//!
//! And what looks at a run:
//!
//! * [`ledger`]: the fold over facts that makes the bill, and the handle by which several observers share one.
//!
//! **What we left out.** Data transfer, public IPv4 addresses, NAT, load balancers and CloudWatch (BIL-012): an amount
//! from elsewhere is one more [`bill::Line`]. Taxes, free tiers, support plans.

pub mod bill;
pub mod discounts;
pub mod ebs;
pub mod ec2;
pub mod fargate;
pub mod ledger;
pub mod money;
pub mod rates;
pub mod savings_plan;
pub mod share;
pub mod steps;

pub use bill::{Bill, Charge, Line, Split};
pub use ledger::{Ledger, SharedLedger, Standing};
pub use money::{Fraction, HourlyRate, Money};
pub use rates::{BillingSettings, Currency, FargateRates, PriceBook, Purchase, Quote};
