//! Reads the summary of costs from the ledger.

use ecsim_cluster::Definitions;
use ecsim_kernel::SimTime;

use super::{Amount, Cost, Count, PriceNotes, Savings};
use crate::cost::bill::Charge;
use crate::cost::ledger::{Owner, Titles};
use crate::cost::{Ledger, Money};
use crate::metrics::costs::FARGATE;

/// Decimals of the amounts in `summary.json`.
const DECIMALS: usize = 6;

/// What the run came to; nothing where nothing in it had a price.
pub(super) fn cost(ledger: &mut Ledger, now: SimTime, definitions: &Definitions) -> Option<Cost> {
    ledger.end(now);
    let standing = ledger.standing(now).clone();
    if standing.is_empty() {
        return None;
    }
    let savings = standing.savings();
    let titles = Titles::new(ledger, definitions);
    let [kinds, providers, owners] = titles.readings(&standing);
    let idle = titles.owner(Owner::Idle);
    let charges = standing.bill().by_charge.iter().map(|(charge, amount)| (charge.as_str().to_owned(), *amount));
    Some(Cost {
        currency: ledger.prices().currency.code(),
        currency_symbol: ledger.prices().currency.symbol(),
        total: number(standing.total()),
        mean_per_hour: if now == SimTime::ZERO { 0.0 } else { number(per_hour(standing.total(), now)) },
        list_price: number(standing.list()),
        on_demand: number(standing.charges(&[Charge::OnDemand])),
        spot: number(standing.charges(&[Charge::Spot])),
        fargate: number(standing.charges(&FARGATE)),
        volumes: number(standing.charges(&[Charge::Volume])),
        idle: number(standing.idle()),
        savings: Savings {
            reservations: number(savings.reserved),
            savings_plan: number(savings.savings_plan),
            discount: number(savings.overall),
        },
        unused_commitment: number(standing.unused_commitment()),
        by_charge: amounts(charges),
        by_resource_type: by_name(kinds),
        by_capacity_provider: by_name(providers),
        by_service: by_name(owners).into_iter().filter(|row| row.name != idle).collect(),
        price_notes: notes(ledger),
        without_price: ledger.unpriced().map(|(name, count)| Count { name: name.to_owned(), count }).collect(),
    })
}

/// An amount of a run as one of an hour.
fn per_hour(amount: Money, run: SimTime) -> Money {
    let hour = 3_600_000;
    let size = Money::rounded(amount.picos().unsigned_abs().saturating_mul(hour), run.ms().into());
    if amount.is_negative() { -size } else { size }
}

fn number(amount: Money) -> f64 {
    amount.round(DECIMALS).to_f64()
}

/// Amounts that add up as they are rounded.
fn amounts(parts: impl Iterator<Item = (String, Money)>) -> Vec<Amount> {
    let (names, parts): (Vec<String>, Vec<Money>) = parts.unzip();
    let rounded = Money::round_column(&parts, DECIMALS);
    names.into_iter().zip(rounded).map(|(name, amount)| Amount { name, amount: amount.to_f64() }).collect()
}

/// All charges of a name together; names in the order in which they come.
fn by_name(rows: Vec<(String, Charge, Money)>) -> Vec<Amount> {
    let mut sums: Vec<(String, Money)> = Vec::new();
    for (name, _, amount) in rows {
        match sums.iter_mut().find(|sum| sum.0 == name) {
            Some(sum) => sum.1 += amount,
            None => sums.push((name, amount)),
        }
    }
    amounts(sums.into_iter())
}

fn notes(ledger: &Ledger) -> Vec<PriceNotes> {
    let mut notes: Vec<PriceNotes> = Vec::new();
    for note in ledger.notes() {
        match notes.last_mut().filter(|last| last.provenance == note.provenance && last.estimate == note.estimate) {
            Some(last) => last.prices.push(note.what.clone()),
            None => notes.push(PriceNotes {
                provenance: note.provenance.clone(),
                estimate: note.estimate,
                prices: vec![note.what.clone()],
            }),
        }
    }
    notes
}
