//! Intervals drawn with letters, for those who live in a terminal (`--plot`).

use super::Result;
use super::table::{self, axis};

/// So wide is a label at most.
const LABEL: usize = 36;

/// Every response: a line a variant, with its interval and its mean.
pub fn render(result: &Result<'_>, width: usize) -> String {
    let mut text = String::new();
    for response in &result.shown {
        let names: Vec<String> = result.study.variants.iter().map(|variant| cut(&variant.name)).collect();
        let label = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let room = width.saturating_sub(label + 5).clamp(20, 100);
        let cells = result.table[*response].iter().map(|cell| {
            cell.estimate.map(|it| {
                let (low, high) = it.interval().unwrap_or((it.mean, it.mean));
                (low, it.mean, high)
            })
        });
        let cells: Vec<Option<(f64, f64, f64)>> = cells.collect();
        let known = cells.iter().flatten();
        let (from, to) =
            known.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), it| (from.min(it.0), to.max(it.2)));
        text.push_str(&format!("{}\n", table::title(result, *response)));
        if !from.is_finite() || !to.is_finite() {
            text.push_str("  no value\n\n");
            continue;
        }
        for (name, cell) in names.iter().zip(&cells) {
            let line = cell.map_or_else(String::new, |cell| line(cell, (from, to), room));
            text.push_str(format!("  {name:<label$}  {line}").trim_end());
            text.push('\n');
        }
        let step = (to - from) / 10.0;
        let (left, right) = (axis(from, step), axis(to, step));
        let gap = room.saturating_sub(left.chars().count() + right.chars().count());
        if to > from {
            text.push_str(&format!("  {:<label$}  {left}{}{right}\n", "", " ".repeat(gap)));
        } else {
            text.push_str(&format!("  {:<label$}  {left}\n", ""));
        }
        text.push('\n');
    }
    text
}

/// `   ├───●───┤  `.
fn line((low, mean, high): (f64, f64, f64), (from, to): (f64, f64), room: usize) -> String {
    let place = |number: f64| {
        let share = if to > from { (number - from) / (to - from) } else { 0.0 };
        ((share * (room - 1) as f64).round() as usize).min(room - 1)
    };
    let (low, mean, high) = (place(low), place(mean), place(high));
    let letter = |at: usize| match at {
        _ if at == mean => '●',
        _ if at == low => '├',
        _ if at == high => '┤',
        _ if at > low && at < high => '─',
        _ => ' ',
    };
    (0..room).map(letter).collect()
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LABEL {
        return name.to_owned();
    }
    name.chars().take(LABEL - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_ends_and_a_middle() {
        assert_eq!(line((2.0, 4.0, 6.0), (0.0, 10.0), 11).trim_end(), "  ├─●─┤");
        assert_eq!(line((1.0, 1.0, 1.0), (1.0, 1.0), 5).trim_end(), "●");
        assert_eq!(line((0.0, 5.0, 10.0), (0.0, 10.0), 11), "├────●────┤");
    }
}
