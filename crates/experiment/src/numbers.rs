//! Numbers for people: as many digits as are known, and no more.

/// A number with at most so many decimals, without needless zeros.
#[must_use]
pub fn plain(number: f64, decimals: usize) -> String {
    let text = fixed(number, decimals);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A number with exactly so many decimals, thousands grouped, and no minus before a zero.
#[must_use]
pub fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", number.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if number < 0.0 && text.bytes().any(|it| matches!(it, b'1'..=b'9')) { "-" } else { "" };
    format!("{sign}{grouped}{rest}")
}

/// How many decimals an uncertain number deserves: its uncertainty is shown with one digit, with two where that begins
/// with 1 or 2.
#[must_use]
pub fn decimals_for(uncertainty: f64) -> usize {
    const MOST: usize = 6;
    let mut scaled = uncertainty.abs();
    if scaled == 0.0 || !scaled.is_finite() {
        return 0;
    }
    let mut decimals = 0;
    // Two digits before the point where it begins with 1 or 2, else one.
    while decimals < MOST && scaled < 2.95 {
        scaled *= 10.0;
        decimals += 1;
    }
    decimals
}

/// How many decimals show a certain number with four digits.
#[must_use]
pub fn decimals_of(number: f64) -> usize {
    const MOST: usize = 6;
    let mut scaled = number.abs();
    if scaled == 0.0 || scaled.fract() == 0.0 || !scaled.is_finite() {
        return 0;
    }
    let mut decimals = 0;
    while decimals < MOST && scaled < 999.5 {
        scaled *= 10.0;
        decimals += 1;
    }
    decimals
}

/// `12.3` and `0.4`: a number beside its uncertainty, with the same decimals.
#[must_use]
pub fn with_uncertainty(number: f64, half_width: Option<f64>) -> (String, Option<String>) {
    match half_width {
        Some(half) if half > 0.0 => {
            let decimals = decimals_for(half);
            (fixed(number, decimals), Some(fixed(half, decimals)))
        }
        Some(_) => (plain(number, decimals_of(number)), Some("0".to_owned())),
        None => (plain(number, decimals_of(number)), None),
    }
}

/// A number for a file: twelve digits are more than anybody has, and the same on every machine.
#[must_use]
pub fn exact(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_digits_as_are_known() {
        let show = |number, half| {
            let (number, half) = with_uncertainty(number, half);
            (number, half.unwrap_or_default())
        };
        let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(show(11.8234, Some(0.9)), text("11.8", "0.9"));
        assert_eq!(show(11.8234, Some(0.123)), text("11.82", "0.12"));
        assert_eq!(show(12_345.678, Some(420.0)), text("12,346", "420"));
        assert_eq!(show(-0.04, Some(3.0)), text("0", "3"));
        assert_eq!(show(2.5, Some(0.0)), text("2.5", "0"));
        assert_eq!(show(2.0, None), text("2", ""));
        assert_eq!(show(0.123_456_7, None), text("0.1235", ""));
        assert_eq!(plain(95.0, 2), "95");
        assert_eq!(fixed(-1_234_567.0, 1), "-1,234,567.0");
        assert_eq!(exact(0.1 + 0.2), 0.3);
    }
}
