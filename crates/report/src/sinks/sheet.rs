//! A CSV table in the making: typed cells through reused buffers, and the first error of the writer kept for the end.

use std::io::{self, Write};

use ecsim_cluster::GpuSharing;
use ecsim_kernel::SimTime;

use super::Column;
use crate::clock::Clock;
use crate::cost::{Currency, Money, SharedLedger};

/// "It has not happened": a blank cell.
pub(super) const NEVER: SimTime = SimTime::MAX;

/// How many bytes are gathered before they go to the writer.
const BUFFER: usize = 1 << 18;

pub(super) struct Sheet<W: Write> {
    csv: csv::Writer<W>,
    error: Option<io::Error>,
    clock: Clock,
    scratch: Vec<u8>,
    digits: itoa::Buffer,
}

impl<W: Write> Sheet<W> {
    /// A table with its header row.
    pub(super) fn new(writer: W, columns: &[Column], start_unix_ms: i64) -> Self {
        Self::with_costs(writer, columns, start_unix_ms, None)
    }

    /// A table with costs in the currency of a ledger: the header says which.
    pub(super) fn with_costs(writer: W, columns: &[Column], start_unix_ms: i64, costs: Option<&SharedLedger>) -> Self {
        let currency = costs.map_or(Currency::Usd, |costs| costs.with(|ledger| ledger.prices().currency));
        let csv = csv::WriterBuilder::new().buffer_capacity(BUFFER).from_writer(writer);
        let mut sheet = Self {
            csv,
            error: None,
            clock: Clock::new(start_unix_ms),
            scratch: Vec::new(),
            digits: itoa::Buffer::new(),
        };
        for column in columns {
            sheet.text(match (column.name, currency) {
                ("costUsd", Currency::Cny) => "costCny",
                (name, _) => name,
            });
        }
        sheet.end_row();
        sheet
    }

    /// A cell as it is.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn blank(&mut self) {
        self.bytes(b"");
    }

    pub(super) fn blanks(&mut self, count: usize) {
        for _ in 0..count {
            self.blank();
        }
    }

    pub(super) fn number(&mut self, number: impl itoa::Integer) {
        let cell = self.digits.format(number).as_bytes();
        put(&mut self.csv, &mut self.error, cell);
    }

    /// GPUs: whole ones, or with a fraction where tasks share them.
    pub(super) fn gpus(&mut self, sharing: GpuSharing, amount: u16) {
        if sharing.is_on() {
            self.text(&sharing.show(amount.into()));
        } else {
            self.number(amount);
        }
    }

    /// An amount with that many decimals; blank where there is none.
    pub(super) fn money(&mut self, amount: Option<Money>, decimals: usize) {
        match amount {
            Some(amount) => self.text(&format!("{amount:.decimals$}")),
            None => self.blank(),
        }
    }

    /// An instant as ISO 8601; blank for [`NEVER`].
    pub(super) fn stamp(&mut self, at: SimTime) {
        self.scratch.clear();
        if at != NEVER {
            self.clock.write(at, &mut self.scratch);
        }
        put(&mut self.csv, &mut self.error, &self.scratch);
    }

    /// An instant in milliseconds of Unix time as ISO 8601.
    pub(super) fn unix_stamp(&mut self, unix_ms: i64) {
        self.text(&Clock::new(unix_ms).stamp(SimTime::ZERO));
    }

    /// An instant as seconds since the start of the run, three decimals; blank for [`NEVER`].
    pub(super) fn seconds(&mut self, at: SimTime) {
        if at == NEVER {
            self.blank();
        } else {
            self.decimal(at.ms() / 1000, at.ms() % 1000, 3);
        }
    }

    /// `whole.fraction` with that many decimals.
    pub(super) fn decimal(&mut self, whole: u64, fraction: u64, decimals: usize) {
        self.scratch.clear();
        self.scratch.extend_from_slice(self.digits.format(whole).as_bytes());
        self.scratch.push(b'.');
        let fraction = self.digits.format(fraction).as_bytes();
        self.scratch.extend(core::iter::repeat_n(b'0', decimals.saturating_sub(fraction.len())));
        self.scratch.extend_from_slice(fraction);
        put(&mut self.csv, &mut self.error, &self.scratch);
    }

    /// A cell that `fill` writes into an empty buffer.
    pub(super) fn build(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        self.scratch.clear();
        fill(&mut self.scratch);
        put(&mut self.csv, &mut self.error, &self.scratch);
    }

    pub(super) fn end_row(&mut self) {
        if self.error.is_none()
            && let Err(error) = self.csv.write_record(None::<&[u8]>)
        {
            self.error = Some(error.into());
        }
    }

    /// Flushes, and gives back the writer or the first error.
    pub(super) fn finish(self) -> io::Result<W> {
        match self.error {
            Some(error) => Err(error),
            None => self.csv.into_inner().map_err(csv::IntoInnerError::into_error),
        }
    }

    fn bytes(&mut self, cell: &[u8]) {
        put(&mut self.csv, &mut self.error, cell);
    }
}

fn put<W: Write>(csv: &mut csv::Writer<W>, error: &mut Option<io::Error>, cell: &[u8]) {
    if error.is_none()
        && let Err(trouble) = csv.write_field(cell)
    {
        *error = Some(trouble.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::column;

    #[test]
    fn cells() {
        let columns = [column("a", "", "A."), column("b", "", "B."), column("c", "", "C."), column("d", "", "D.")];
        let mut sheet = Sheet::new(Vec::new(), &columns, -1);
        sheet.text("x, \"y\"\nz");
        sheet.seconds(SimTime::from_ms(61_050));
        sheet.stamp(SimTime::from_ms(1));
        sheet.decimal(7, 5, 2);
        sheet.end_row();
        sheet.seconds(NEVER);
        sheet.stamp(NEVER);
        sheet.number(-3);
        sheet.unix_stamp(-1);
        sheet.end_row();
        let text = String::from_utf8(sheet.finish().unwrap()).unwrap();
        assert_eq!(
            text,
            "a,b,c,d\n\"x, \"\"y\"\"\nz\",61.050,1970-01-01T00:00:00.000Z,7.05\n,,-3,1969-12-31T23:59:59.999Z\n"
        );
    }

    #[test]
    fn an_unbalanced_row_is_an_error() {
        let mut sheet = Sheet::new(Vec::new(), &[column("a", "", "A."), column("b", "", "B.")], 0);
        sheet.number(1);
        sheet.end_row();
        assert!(sheet.finish().is_err());
    }
}
