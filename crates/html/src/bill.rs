//! `bill.csv`: the bill in its readings, each of which adds up to the same total.

use std::collections::BTreeMap;

use crate::table::{Table, decimal};
use crate::{PageError, TraceFiles};

/// The decimals of an amount.
const DECIMALS: u32 = 6;

/// A reading of the bill: for each name, an amount for each kind of charge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// As the file calls it.
    pub name: String,
    /// In the order of the file.
    pub rows: Vec<(String, BTreeMap<String, i64>)>,
}

impl Reading {
    /// What it adds up to.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.rows.iter().flat_map(|(_, charges)| charges.values()).sum()
    }
}

/// The bill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// USD or CNY.
    pub currency: String,
    /// The kinds of charges in the order in which they first appear.
    pub charges: Vec<String>,
    /// The readings in the order of the file; without the one by charge alone, which is in the legend.
    pub readings: Vec<Reading>,
}

/// Reads the bill; nothing where nothing has a price.
///
/// # Errors
/// Where the file cannot be read.
pub fn read(files: &dyn TraceFiles) -> Result<Option<Bill>, PageError> {
    let Some(table) = Table::open(files, "bill.csv")? else { return Ok(None) };
    let mut bill = Bill::default();
    let [reading, name, charge] = ["reading", "name", "charge"].map(|name| table.column(name));
    bill.currency = if table.header().iter().any(|column| column == "costCny") { "CNY" } else { "USD" }.to_owned();
    let amount = table.column(if bill.currency == "CNY" { "costCny" } else { "costUsd" });
    table.each(|row| {
        let [reading, name, charge] = [reading, name, charge].map(|column| column.text(row));
        if !bill.charges.iter().any(|known| known == charge) {
            bill.charges.push(charge.to_owned());
        }
        let amount = decimal(amount.of(row)).map_or(0, |number| number.at(DECIMALS));
        if bill.readings.last().is_none_or(|last| last.name != reading) {
            bill.readings.push(Reading { name: reading.to_owned(), rows: Vec::new() });
        }
        let Some(last) = bill.readings.last_mut() else { return };
        if last.rows.last().is_none_or(|(known, _)| known != name) {
            last.rows.push((name.to_owned(), BTreeMap::new()));
        }
        if let Some((_, charges)) = last.rows.last_mut() {
            *charges.entry(charge.to_owned()).or_default() += amount;
        }
    })?;
    bill.readings.retain(|reading| reading.name != "charge");
    Ok((!bill.readings.is_empty()).then_some(bill))
}

/// An amount for a reader: cents, or more digits where it is small.
#[must_use]
pub fn money(millionths: i64) -> String {
    let (sign, amount) = if millionths < 0 { ("-", -millionths) } else { ("", millionths) };
    if amount >= 999_950 || amount == 0 {
        let cents = (amount + 5_000) / 10_000;
        format!("{sign}{}.{:02}", thousands(cents / 100), cents % 100)
    } else {
        format!("{sign}0.{:04}", (amount + 50) / 100)
    }
}

/// A whole number with its thousands set apart.
#[must_use]
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Files;

    #[test]
    fn every_reading_adds_up_to_the_same() {
        let text = "reading,name,charge,costUsd\n\
                    resourceType,m5.large,EC2 on demand,1.500000\nresourceType,m5.large,EC2 Spot,0.250000\n\
                    service,web,EC2 on demand,1.000000\nservice,(idle),EC2 on demand,0.500000\nservice,(idle),EC2 Spot,0.250000\n\
                    charge,EC2 on demand,EC2 on demand,1.500000\n";
        let bill = read(&Files::default().with("bill.csv", text)).expect("readable").expect("a bill");
        assert_eq!(bill.readings.len(), 2);
        assert!(bill.readings.iter().all(|reading| reading.total() == 1_750_000));
        assert_eq!(bill.readings[0].rows.len(), 1);
        assert_eq!(read(&Files::default()).expect("no file"), None);
    }

    #[test]
    fn amounts_are_written_for_readers() {
        assert_eq!(
            [money(27_268_512_093), money(12_345), money(0), money(999_999)].join(" "),
            "27,268.51 0.0123 0.00 1.00"
        );
        assert_eq!(thousands(-1_234_567), "-1,234,567");
    }
}
