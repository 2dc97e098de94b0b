//! Tables in Markdown.

use super::results::{Cell, Point, Results};
use super::study::{Heading, Response, Study, Table};
use crate::Error;

/// The table, with a new line at its end.
///
/// # Errors
/// A name that does not exist.
pub fn markdown(study: &Study, all: &[Results], table: &Table) -> Result<String, Error> {
    let results = all.iter().find(|it| it.experiment == table.of).ok_or("its experiment has no results")?;
    let points: Vec<&Point> = results.only(&table.only).collect();
    let columns: Vec<Column<'_>> = columns(study, results, &points, table)?;
    let mut rows: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for point in &points {
        let names: Vec<&str> =
            table.rows.iter().map(|heading| heading.level(results.level(point, &heading.factor))).collect();
        let at = rows.iter().position(|row| row.0 == names).unwrap_or_else(|| {
            rows.push((names, vec!["–".to_owned(); columns.len()]));
            rows.len() - 1
        });
        for (column, text) in columns.iter().zip(&mut rows[at].1) {
            let is_there = column.level.is_none_or(|level| across(table, results, point) == Some(level));
            if let (true, Some(cell)) = (is_there, point.cells.get(column.name)) {
                *text = column.text(cell);
            }
        }
    }
    let heads = table.rows.iter().map(|it| it.title.clone()).chain(columns.iter().map(|it| it.title.clone()));
    let heads: Vec<String> = heads.collect();
    let sides: Vec<&str> = table.rows.iter().map(|_| "---").chain(columns.iter().map(|_| "---:")).collect();
    let mut text = format!("| {} |\n| {} |\n", heads.join(" | "), sides.join(" | "));
    for (names, cells) in rows {
        let names = names.into_iter().map(ToOwned::to_owned);
        text.push_str(&format!("| {} |\n", names.chain(cells).collect::<Vec<_>>().join(" | ")));
    }
    Ok(text)
}

struct Column<'a> {
    name: &'a str,
    response: &'a Response,
    /// The level of the factor across.
    level: Option<&'a str>,
    is_difference: bool,
    title: String,
}

impl Column<'_> {
    fn text(&self, cell: &Cell) -> String {
        let digits = self.response.digits;
        if !self.is_difference {
            return with_half(cell.mean, cell.half(), digits, false);
        }
        let half = cell.difference.map(|(_, low, high)| (high - low) / 2.0);
        with_half(cell.difference.map(|it| it.0), half, digits, true)
    }
}

fn across<'a>(table: &Table, results: &Results, point: &'a Point) -> Option<&'a str> {
    table.across.as_ref().map(|heading| results.level(point, &heading.factor))
}

fn columns<'a>(
    study: &'a Study,
    results: &Results,
    points: &[&'a Point],
    table: &'a Table,
) -> Result<Vec<Column<'a>>, Error> {
    let mut levels: Vec<Option<&str>> = Vec::new();
    for point in points {
        let level = across(table, results, point);
        if !levels.contains(&level) {
            levels.push(level);
        }
    }
    let mut columns = Vec::new();
    for name in &table.columns {
        let response = study.response(name)?;
        for level in &levels {
            let unit = if response.unit.is_empty() { String::new() } else { format!(", {}", response.unit) };
            let many = table.columns.len() + table.differences.len() > 1;
            let said = table.across.as_ref().zip(*level).map(|(heading, level)| said(heading, level));
            let title = match said {
                Some(said) if many => format!("{}{unit}: {said}", response.title),
                Some(said) => said,
                None => format!("{}{unit}", response.title),
            };
            columns.push(Column { name, response, level: *level, is_difference: false, title });
            if table.differences.contains(name) {
                let title = "difference to the first".to_owned();
                columns.push(Column { name, response, level: *level, is_difference: true, title });
            }
        }
    }
    Ok(columns)
}

/// A level beside its factor, or alone where it has a name of its own.
fn said(heading: &Heading, level: &str) -> String {
    if heading.say.contains_key(level) { heading.level(level).to_owned() } else { format!("{} {level}", heading.title) }
}

/// A number with half of its interval, where that can be seen.
fn with_half(value: Option<f64>, half: Option<f64>, digits: usize, signed: bool) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let sign = if signed && value > 0.0 { "+" } else { "" };
    let mut text = format!("{sign}{}", plain(value, digits));
    if let Some(half) =
        half.map(|half| plain(half, digits)).filter(|half| half.chars().any(|it| ('1'..='9').contains(&it)))
    {
        text.push_str(&format!(" ± {half}"));
    }
    text
}

/// A number with so many decimals, and commas between thousands.
#[must_use]
pub fn plain(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, decimals) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let is_zero = !text.chars().any(|it| ('1'..='9').contains(&it));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    decimals.map_or_else(|| format!("{sign}{grouped}"), |decimals| format!("{sign}{grouped}.{decimals}"))
}

#[cfg(test)]
mod tests {
    use super::super::expression::tests::results;
    use super::*;

    fn study(table: &str) -> Study {
        let text = format!(
            "question: q\nfinding: f\nneeds: []\nresponses: {{r: {{path: cost, title: Cost, unit: USD, digits: 1}}}}\n\
             experiments: [{{name: e, factors: {{s: x, t: y}}}}]\ntables: [{table}]\n"
        );
        Study::parse(&text).unwrap()
    }

    #[test]
    fn rows_and_columns() {
        let study = study(
            "{name: t, of: e, rows: [{factor: s, title: Way, say: {a: first way}}], across: {factor: t, title: size}, columns: [r]}",
        );
        let expected = "\
| Way | size 1 | size 2 |
| --- | ---: | ---: |
| first way | 10.0 ± 1.0 | 20.0 ± 2.0 |
| b c:d | 8.0 | – |
";
        assert_eq!(markdown(&study, &results(), &study.tables[0]).unwrap(), expected);
    }

    #[test]
    fn differences_stand_behind_their_response() {
        let study = study(
            "{name: t, of: e, where: {t: \"1\"}, rows: [{factor: s, title: Way}], columns: [r], differences: [r]}",
        );
        let expected = "\
| Way | Cost, USD | difference to the first |
| --- | ---: | ---: |
| a | 10.0 ± 1.0 | – |
| b c:d | 8.0 | −2.0 ± 1.0 |
";
        assert_eq!(markdown(&study, &results(), &study.tables[0]).unwrap(), expected);
    }

    #[test]
    fn numbers_as_people_write_them() {
        let cases =
            [(1_234_567.0, 0, "1,234,567"), (-1234.56, 1, "−1,234.6"), (999.0, 2, "999.00"), (-0.001, 1, "0.0")];
        for (value, digits, text) in cases {
            assert_eq!(plain(value, digits), text);
        }
    }
}
