//! The page of a study: what stands between its marks is made from the results.
//!
//! `<!-- table: NAME -->` … `<!-- end -->` holds a table, and `<!-- =1 EXPRESSION -->` … `<!-- / -->` a number with one
//! decimal. All else is written by hand, and claims in `study.yaml` say what of it must hold.

use super::expression;
use super::results::Results;
use super::study::Study;
use super::tables::{self, plain};
use crate::Error;

const TABLE: &str = "<!-- table: ";
const NUMBER: &str = "<!-- =";
const CLOSE: &str = " -->";
const TABLE_END: &str = "<!-- end -->";
const NUMBER_END: &str = "<!-- / -->";
const INDEX: &str = "<!-- studies -->\n";

/// The page with its tables and numbers.
///
/// # Errors
/// A mark that is wrong, a table or figure that the page does not have, or one it should not have.
pub fn filled(page: &str, study: &Study, all: &[Results]) -> Result<String, Error> {
    for table in &study.tables {
        if !page.contains(&format!("{TABLE}{}{CLOSE}", table.name)) {
            return Err(format!("README.md has no place for table `{}`", table.name).into());
        }
    }
    for figure in &study.figures {
        if !page.contains(&format!("(figures/{}.svg)", figure.name)) {
            return Err(format!("README.md does not show figures/{}.svg", figure.name).into());
        }
    }
    let page = replaced(page, TABLE, TABLE_END, |name| {
        let table = study.tables.iter().find(|table| table.name == name);
        let table = table.ok_or_else(|| format!("there is no table `{name}` in study.yaml"))?;
        let text = tables::markdown(study, all, table).map_err(|error| format!("table `{name}`: {error}"))?;
        Ok(format!("\n{text}"))
    })?;
    replaced(&page, NUMBER, NUMBER_END, |text| number(text, all))
}

/// `1 EXPRESSION`, with so many decimals.
fn number(text: &str, all: &[Results]) -> Result<String, Error> {
    let wrong = || format!("`={text}` is not a number of decimals and an expression");
    let (digits, expression) = text.split_once(' ').ok_or_else(wrong)?;
    Ok(plain(expression::value(expression, all)?, digits.parse().map_err(|_| wrong())?))
}

/// Puts something new between all marks of a kind.
fn replaced(page: &str, start: &str, end: &str, new: impl Fn(&str) -> Result<String, Error>) -> Result<String, Error> {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(start) {
        let (name, after) = after.split_once(CLOSE).ok_or_else(|| format!("`{start}` has no `{CLOSE}`"))?;
        let (_, after) = after.split_once(end).ok_or_else(|| format!("`{start}{name}{CLOSE}` has no `{end}`"))?;
        text.push_str(&format!("{before}{start}{name}{CLOSE}{}{end}", new(name)?));
        rest = after;
    }
    Ok(text + rest)
}

/// Whether all claims hold.
///
/// # Errors
/// Those that do not.
pub fn claims(study: &Study, all: &[Results]) -> Result<(), Error> {
    let mut broken = Vec::new();
    for claim in &study.claims {
        let (holds, left, right) = expression::claim(claim, all)?;
        if !holds {
            broken.push(format!("no longer true: {claim}   ({left} and {right})"));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n  ").into()) }
}

/// The list of all studies, on the page that has them.
///
/// # Errors
/// Where the page has no place for it, or a finding is wrong.
pub fn index(page: &str, studies: &[Study]) -> Result<String, Error> {
    let mut rows = String::from("| study | question | finding |\n| --- | --- | --- |\n");
    for study in studies {
        // Whoever writes a new study runs it alone first; that others lack results is said when they are looked at.
        let has_results = study.experiments.iter().all(|it| study.folder.join(Results::path(&it.name)).is_file());
        let finding = if has_results {
            finding(study).map_err(|error| format!("{}: {error}", study.name))?
        } else {
            "no results yet".to_owned()
        };
        rows.push_str(&format!("| [{0}]({0}/README.md) | {1} | {finding} |\n", study.name, study.question));
    }
    let (before, after) = page.split_once(INDEX).ok_or_else(|| format!("README.md has no `{}`", INDEX.trim()))?;
    let (_, after) = after.split_once(TABLE_END).ok_or_else(|| format!("README.md has no `{TABLE_END}`"))?;
    Ok(format!("{before}{INDEX}{rows}{TABLE_END}{after}"))
}

/// The finding of a study, with its numbers.
fn finding(study: &Study) -> Result<String, Error> {
    let all: Vec<Results> =
        study.experiments.iter().map(|experiment| Results::read(study, experiment)).collect::<Result<_, _>>()?;
    let mut text = String::new();
    let mut rest = study.finding.as_str();
    while let Some((before, after)) = rest.split_once("{=") {
        let (inside, after) = after.split_once('}').ok_or("`finding`: a `{=` has no `}`")?;
        text.push_str(before);
        text.push_str(&number(inside, &all)?);
        rest = after;
    }
    Ok(text + rest)
}

#[cfg(test)]
mod tests {
    use super::super::expression::tests::results;
    use super::*;

    fn study() -> Study {
        Study::parse(
            "
question: Q?
finding: f
needs: []
responses: {r: {path: cost, title: Cost}}
experiments: [{name: e, factors: {s: x, t: y}}]
tables: [{name: all, of: e, rows: [{factor: s, title: S}, {factor: t, title: T}], columns: [r]}]
claims: ['e.r(t=2) > 19', 'e.r(t=2) < 20']
",
        )
        .unwrap()
    }

    #[test]
    fn only_what_is_marked_changes() {
        let page = "a <!-- =1 e.r(t=2) -->old<!-- / --> b\n<!-- table: all -->\nold\n<!-- end -->\nc\n";
        let new = filled(page, &study(), &results()).unwrap();
        let expected = "a <!-- =1 e.r(t=2) -->20.0<!-- / --> b\n<!-- table: all -->\n| S | T | Cost |\n| --- | --- | ---: |\n\
                        | a | 1 | 10 ± 1 |\n| a | 2 | 20 ± 2 |\n| b c:d | 1 | 8 |\n<!-- end -->\nc\n";
        assert_eq!(new, expected);
        assert_eq!(filled(&new, &study(), &results()).unwrap(), new, "once more changes nothing");
    }

    #[test]
    fn marks_that_are_wrong() {
        let table = "<!-- table: all --><!-- end -->";
        for (page, part) in [
            ("nothing", "no place for table `all`"),
            ("<!-- table: all -->", "has no `<!-- end -->`"),
            (&format!("{table}<!-- table: other --><!-- end -->"), "no table `other`"),
            (&format!("{table}<!-- =1 e.r(t=9) --><!-- / -->"), "no point"),
            (&format!("{table}<!-- =e.r(t=2) --><!-- / -->"), "not a number of decimals"),
        ] {
            let error = filled(page, &study(), &results()).unwrap_err().to_string();
            assert!(error.contains(part), "{page}: {error}");
        }
    }

    #[test]
    fn a_claim_that_does_not_hold_is_an_error() {
        let error = claims(&study(), &results()).unwrap_err().to_string();
        assert_eq!(error, "no longer true: e.r(t=2) < 20   (20 and 20)");
    }
}
