//! What an unquoted word of YAML means: the core schema of YAML 1.2, where `no` is a text and `0256` is two hundred and fifty-six.

use serde_json::Number;

/// The meaning of an unquoted word.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Number(Number),
    /// A number that no computer here can hold, such as `.nan`, `.inf` or `1e999`.
    Unholdable,
    Text,
}

pub(crate) fn resolve(text: &str) -> Plain {
    // Most words are names; the first letter tells them from everything below.
    match text.as_bytes().first() {
        None => return Plain::Null,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F') => {}
        Some(_) => return Plain::Text,
    }
    match text {
        "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        _ => {}
    }
    number(text).unwrap_or(Plain::Text)
}

fn number(text: &str) -> Option<Plain> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Plain::Unholdable);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|digit| digit.is_digit(radix))
        {
            return Some(u64::from_str_radix(digits, radix).map_or(Plain::Unholdable, |n| Plain::Number(n.into())));
        }
    }
    let digits_end = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits_end(unsigned);
    let rest = &unsigned[whole..];
    if rest.is_empty() && whole > 0 {
        let plain = text.strip_prefix('+').unwrap_or(text);
        if let Ok(number) = plain.parse::<i64>() {
            return Some(Plain::Number(number.into()));
        }
        if let Ok(number) = plain.parse::<u64>() {
            return Some(Plain::Number(number.into()));
        }
        return Some(float(plain));
    }
    let (rest, fraction) = match rest.strip_prefix('.') {
        Some(after) => {
            let digits = digits_end(after);
            (&after[digits..], digits)
        }
        None => (rest, 0),
    };
    if whole + fraction == 0 {
        return None;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.is_empty() || digits_end(digits) != digits.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    Some(float(text.strip_prefix('+').unwrap_or(text)))
}

fn float(text: &str) -> Plain {
    /// Every whole number up to here is a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let Ok(value) = text.parse::<f64>() else { return Plain::Text };
    // `4.0` and `1e3` are whole numbers to a JSON Schema, and so they must be to the readers that come after it.
    if value.fract() == 0.0 && value.abs() < EXACT && !(value == 0.0 && value.is_sign_negative()) {
        return Plain::Number((value as i64).into());
    }
    Number::from_f64(value).map_or(Plain::Unholdable, Plain::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_yaml_1_2_says() {
        let said = |text: &str| match resolve(text) {
            Plain::Null => "null".to_owned(),
            Plain::Bool(value) => format!("bool {value}"),
            Plain::Number(value) => format!("number {value}"),
            Plain::Unholdable => "unholdable".to_owned(),
            Plain::Text => "text".to_owned(),
        };
        for (text, expected) in [
            ("", "null"),
            ("~", "null"),
            ("null", "null"),
            ("nULL", "text"),
            ("true", "bool true"),
            ("False", "bool false"),
            ("yes", "text"),
            ("on", "text"),
            ("0", "number 0"),
            ("-0", "number 0"),
            ("-17", "number -17"),
            ("+17", "number 17"),
            ("0256", "number 256"),
            ("1_000", "text"),
            ("0o14", "number 12"),
            ("0x1F", "number 31"),
            ("0x", "text"),
            ("0b1", "text"),
            ("18446744073709551615", "number 18446744073709551615"),
            ("18446744073709551616", "number 1.8446744073709552e+19"),
            ("0xfffffffffffffffff", "unholdable"),
            ("1.5", "number 1.5"),
            (".5", "number 0.5"),
            ("5.", "number 5"),
            ("4.0", "number 4"),
            ("1e3", "number 1000"),
            ("1.5E-3", "number 0.0015"),
            ("1e", "text"),
            ("1e999", "unholdable"),
            (".nan", "unholdable"),
            ("-.inf", "unholdable"),
            ("-.nan", "text"),
            (".", "text"),
            ("-", "text"),
            ("+", "text"),
            ("1.2.3", "text"),
            ("12:30:00", "text"),
            ("2026-03-02T00:00:00Z", "text"),
            ("90s", "text"),
            ("20%", "text"),
            ("--1", "text"),
            ("+-1", "text"),
            ("nginx", "text"),
            ("é", "text"),
        ] {
            assert_eq!(said(text), expected, "{text:?}");
        }
    }
}
