//! Whole columns of numbers in few bytes: differences as variable-length numbers, one column after the other, deflated.
//!
//! A cell is 0 where there is no value, else one more than the zigzag code of the difference to the last value there was
//! (for [`Code::Plain`], of the value itself). `page/unpack.js` is the other half.

use std::io::Write as _;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value, json};

/// How a column is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The difference to the last value: for what moves slowly.
    Delta,
    /// The value itself: for what jumps.
    Plain,
}

/// A column in the making: coded as it grows, so that a million rows take little room.
#[derive(Clone, Debug)]
pub struct Column {
    code: Code,
    bytes: Vec<u8>,
    count: u64,
    last: i64,
}

impl Column {
    /// An empty column.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, bytes: Vec::new(), count: 0, last: 0 }
    }

    /// Adds a cell.
    pub fn push(&mut self, value: Option<i64>) {
        self.count += 1;
        let Some(value) = value else {
            self.bytes.push(0);
            return;
        };
        let coded = match self.code {
            Code::Delta => value.wrapping_sub(core::mem::replace(&mut self.last, value)),
            Code::Plain => value,
        };
        let mut number = (coded.wrapping_shl(1) ^ (coded >> 63)).cast_unsigned().saturating_add(1);
        while number >= 0x80 {
            self.bytes.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.bytes.push(u8::try_from(number).unwrap_or_default());
    }
}

/// All columns of a page.
#[derive(Debug, Default)]
pub struct Pack {
    bytes: Vec<u8>,
    index: Map<String, Value>,
}

impl Pack {
    /// Adds a column of numbers with so many decimals.
    pub fn column(&mut self, name: &str, code: Code, decimals: u32, values: impl IntoIterator<Item = Option<i64>>) {
        let mut column = Column::new(code);
        values.into_iter().for_each(|value| column.push(value));
        self.add(name, decimals, column);
    }

    /// Adds a finished column.
    pub fn add(&mut self, name: &str, decimals: u32, column: Column) {
        let code = u8::from(column.code == Code::Delta);
        let place = json!([self.bytes.len(), column.bytes.len(), column.count, decimals, code]);
        self.index.insert(name.to_owned(), place);
        self.bytes.extend_from_slice(&column.bytes);
    }

    /// Adds bytes as they are.
    pub fn raw(&mut self, name: &str, bytes: &[u8]) {
        self.index.insert(name.to_owned(), json!([self.bytes.len(), bytes.len()]));
        self.bytes.extend_from_slice(bytes);
    }

    /// Where each column is, and the columns.
    #[must_use]
    pub fn finish(self) -> (Value, Vec<u8>) {
        (Value::Object(self.index), self.bytes)
    }
}

/// Deflated, as base64.
#[must_use]
pub fn compress(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::new(6));
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    base64::engine::general_purpose::STANDARD.encode(encoder.finish().unwrap_or_default())
}

/// Texts by number, each once.
#[derive(Clone, Debug, Default)]
pub struct Words {
    numbers: std::collections::BTreeMap<String, u32>,
    list: Vec<String>,
}

impl Words {
    /// The number of a text.
    pub fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text.to_owned(), number);
        self.list.push(text.to_owned());
        number
    }

    /// The number of a text that is known.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// A text.
    #[must_use]
    pub fn text(&self, number: u32) -> &str {
        self.list.get(number as usize).map_or("", String::as_str)
    }

    /// All texts in the order of their numbers.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_steps_take_a_byte_each() {
        let mut pack = Pack::default();
        pack.column("a", Code::Delta, 0, [Some(1000), Some(1001), None, Some(999)]);
        pack.column("b", Code::Plain, 2, [Some(5), Some(-5)]);
        let (index, bytes) = pack.finish();
        assert_eq!(index, json!({"a": [0, 5, 4, 0, 1], "b": [5, 2, 2, 2, 0]}));
        // 2 * 1000 + 1, in 7 bits and 7 bits; 2 * 1 + 1; nothing; 2 * 2 - 1 + 1; 2 * 5 + 1; 2 * 5 - 1 + 1.
        assert_eq!(bytes, [0xd1, 0x0f, 3, 0, 4, 11, 10]);
    }

    #[test]
    fn words_have_one_number_each() {
        let mut words = Words::default();
        assert_eq!([words.number("a"), words.number("b"), words.number("a")], [0, 1, 0]);
        assert_eq!((words.find("b"), words.find("c"), words.text(1), words.text(9)), (Some(1), None, "b", ""));
    }
}
