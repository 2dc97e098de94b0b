//! The files of a comparison: tidy tables in CSV and Parquet, JSON, Markdown and a page; all of them, or none.

use std::io::Write as _;
use std::path::PathBuf;

use ecsim_experiment::numbers::exact;
use ecsim_experiment::{Estimate, Paired};
use ecsim_kernel::digest::hash64;
use ecsim_report::sinks::Cells::{self, Flag, Number, Text, Whole};
use serde_json::{Map, Value, json};

use super::Result;
use super::responses::Asked;
use super::runner::luck;
use crate::exit::Failure;
use crate::output::OutputDirectory;
use crate::parquet;

/// A table of a comparison: what its columns are called and hold, and its rows.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(String, Cells)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub const fn new(columns: Vec<(String, Cells)>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row: a cell a column.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// As CSV.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _ = writer.write_record(self.columns.iter().map(|(name, _)| name));
        for row in &self.rows {
            let _ = writer.write_record(row);
        }
        String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()).into_owned()
    }

    /// The CSV file of a name, and the Parquet file beside it.
    fn files(&self, name: &str) -> std::result::Result<[(String, Vec<u8>); 2], Failure> {
        let text = self.csv();
        let beside = parquet::beside(name);
        let cells = |at: usize, _: &str| self.columns.get(at).map(|(_, cells)| *cells);
        let bytes = parquet::convert(text.as_bytes(), cells, Vec::new())
            .map_err(|error| Failure::io(format_args!("failed to write {beside}"), &error))?;
        Ok([(name.to_owned(), text.into_bytes()), (beside, bytes)])
    }
}

/// Writes everything: `result` into tables, `to_read` (the same, or the best part of it) into pages; `more` tables, and files
/// with their text.
///
/// # Errors
/// Where the machine refuses; nothing is left then.
pub fn write(
    result: &Result<'_>,
    to_read: &Result<'_>,
    more: &[(&str, Table)],
    others: Vec<(&str, String)>,
    directory: OutputDirectory,
) -> std::result::Result<PathBuf, Failure> {
    let mut files: Vec<(String, Vec<u8>)> = [
        ("comparison.html", super::page::render(to_read)),
        ("comparison.json", json(result)),
        ("comparison.md", super::table::markdown(to_read)),
    ]
    .into_iter()
    .chain(others)
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .collect();
    let own = [
        ("differences.csv", differences(result)),
        ("effects.csv", effects(result)),
        ("estimates.csv", estimates(result)),
        ("runs.csv", runs(result)),
    ];
    // A full grid has main effects, and nothing else has.
    let own = own.iter().filter(|(name, table)| *name != "effects.csv" || !table.rows.is_empty());
    for (name, table) in own.chain(more) {
        files.extend(table.files(name)?);
    }
    files.sort();
    let mut listed = Vec::new();
    for (name, bytes) in &files {
        put(&directory, name, bytes)?;
        listed.push(json!({"name": name, "bytes": bytes.len(), "digest": format!("{:016x}", hash64(bytes))}));
    }
    let together = listed.iter().map(|it| it["digest"].as_str().unwrap_or_default()).collect::<String>();
    let study = result.study;
    let manifest = json!({
        "kind": "comparison",
        "version": env!("CARGO_PKG_VERSION"),
        "seed": study.variants[0].model.seed,
        "replications": study.replications(),
        "antithetic": study.antithetic,
        "variants": study.variants.iter().map(|it| json!({"name": it.name, "scenarioDigest": it.digest})).collect::<Vec<_>>(),
        "tracesDigest": format!("{:016x}", hash64(together.as_bytes())),
        "files": listed,
    });
    put(&directory, "manifest.json", format!("{:#}\n", manifest).as_bytes())?;
    directory.finish()
}

fn put(directory: &OutputDirectory, name: &str, bytes: &[u8]) -> std::result::Result<(), Failure> {
    let mut file = directory.create(name)?;
    file.write_all(bytes).map_err(|error| Failure::io(format_args!("failed to write {name}"), &error))
}

/// A number as it stands in a file; nothing for none.
fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| exact(number).to_string())
}

/// Columns, with those of the factors in between.
fn columns(result: &Result<'_>, first: &[(&str, Cells)], last: &[(&str, Cells)]) -> Vec<(String, Cells)> {
    let factors = result.study.variants[0].factors.iter().map(|(path, _)| (path.clone(), Text));
    let own = |columns: &[(&str, Cells)]| columns.iter().map(|it| (it.0.to_owned(), it.1)).collect::<Vec<_>>();
    own(first).into_iter().chain(factors).chain(own(last)).collect()
}

fn factors(result: &Result<'_>, variant: usize) -> Vec<String> {
    result.study.variants[variant].factors.iter().map(|(_, value)| value.clone()).collect()
}

/// How a row about a variant begins: what it is called beside `lead`, its factors, and the response in its unit.
fn begun(result: &Result<'_>, variant: usize, lead: Option<usize>, asked: &Asked, unit: &str) -> Vec<String> {
    let named = |at: usize| result.study.variants[at].name.clone();
    let mut row: Vec<String> = [variant].into_iter().chain(lead).map(named).collect();
    row.extend(factors(result, variant));
    row.extend([asked.name.clone(), asked.path.clone(), unit.to_owned()]);
    row
}

/// A mean and the ends of its interval.
fn with_interval(estimate: Option<Estimate>) -> [String; 3] {
    let interval = estimate.and_then(|it| it.interval());
    [number(estimate.map(|it| it.mean)), number(interval.map(|it| it.0)), number(interval.map(|it| it.1))]
}

/// One row per run, batch and response.
fn runs(result: &Result<'_>) -> Table {
    let study = result.study;
    let last = [
        ("replication", Whole),
        ("runIndex", Whole),
        ("antithetic", Flag),
        ("batch", Whole),
        ("response", Text),
        ("path", Text),
        ("unit", Text),
        ("value", Number),
    ];
    let mut table = Table::new(columns(result, &[("variant", Text)], &last));
    for (variant, runs) in study.runs.iter().enumerate() {
        for (replication, run) in runs.iter().enumerate() {
            let (index, mirrored) = luck(replication, study.antithetic);
            for response in &result.shown {
                let asked = &study.responses[*response];
                for (batch, value) in run.values[*response].iter().enumerate() {
                    let mut row = vec![study.variants[variant].name.clone()];
                    row.extend(factors(result, variant));
                    row.extend([replication.to_string(), index.to_string(), mirrored.to_string(), batch.to_string()]);
                    row.extend([asked.name.clone(), asked.path.clone(), asked.unit.clone(), number(*value)]);
                    table.push(row);
                }
            }
        }
    }
    table
}

/// One row per variant and response.
pub fn estimates(result: &Result<'_>) -> Table {
    let study = result.study;
    let last = [
        ("response", Text),
        ("path", Text),
        ("unit", Text),
        ("n", Whole),
        ("mean", Number),
        ("standardDeviation", Number),
        ("intervalLow", Number),
        ("intervalHigh", Number),
        ("confidence", Number),
    ];
    let mut table = Table::new(columns(result, &[("variant", Text)], &last));
    for response in &result.shown {
        let asked = &study.responses[*response];
        for (variant, cell) in result.table[*response].iter().enumerate() {
            let mut row = begun(result, variant, None, asked, &asked.unit);
            let [mean, low, high] = with_interval(cell.estimate);
            row.extend([cell.estimate.map_or(0, |it| it.n).to_string(), mean]);
            row.extend([number(cell.estimate.and_then(|it| it.sd)), low, high]);
            row.push(exact(study.confidence.share()).to_string());
            table.push(row);
        }
    }
    table
}

/// One row per variant but the baseline, and response.
fn differences(result: &Result<'_>) -> Table {
    let study = result.study;
    let last = [
        ("response", Text),
        ("path", Text),
        ("unit", Text),
        ("n", Whole),
        ("difference", Number),
        ("intervalLow", Number),
        ("intervalHigh", Number),
        ("percent", Number),
        ("percentLow", Number),
        ("percentHigh", Number),
        ("correlation", Number),
        ("verdict", Text),
        ("seedsNeeded", Whole),
    ];
    let mut table = Table::new(columns(result, &[("variant", Text), ("baseline", Text)], &last));
    for response in &result.shown {
        let asked = &study.responses[*response];
        for (variant, cell) in result.table[*response].iter().enumerate() {
            let Some(paired) = &cell.paired else { continue };
            let mut row = begun(result, variant, Some(study.baseline), asked, asked.difference_unit());
            let share = paired.relative.map(|it| it.share * 100.0);
            let half = paired.relative.and_then(|it| it.half_width).map(|half| half * 100.0);
            let edge = |sign: f64| Some(share? + sign * half?);
            row.push(paired.difference.n.to_string());
            row.extend(with_interval(Some(paired.difference)));
            row.extend([
                number(share),
                number(edge(-1.0)),
                number(edge(1.0)),
                number(paired.correlation),
                paired.verdict.name().to_owned(),
                paired.needed.map_or_else(String::new, |it| it.to_string()),
            ]);
            table.push(row);
        }
    }
    table
}

/// One row per factor, level and response; nothing where there are no main effects.
fn effects(result: &Result<'_>) -> Table {
    let study = result.study;
    let columns = [
        ("factor", Text),
        ("level", Text),
        ("response", Text),
        ("path", Text),
        ("unit", Text),
        ("n", Whole),
        ("mean", Number),
        ("intervalLow", Number),
        ("intervalHigh", Number),
    ];
    let mut table = Table::new(columns.map(|(name, cells)| (name.to_owned(), cells)).to_vec());
    for response in &result.shown {
        let asked = &study.responses[*response];
        for effect in super::effects::main(study, *response) {
            let mut row = vec![effect.factor, effect.level, asked.name.clone(), asked.path.clone(), asked.unit.clone()];
            row.push(effect.estimate.n.to_string());
            row.extend(with_interval(Some(effect.estimate)));
            table.push(row);
        }
    }
    table
}

fn value(number: Option<f64>) -> Value {
    number.map_or(Value::Null, |number| json!(exact(number)))
}

fn estimate(it: &Estimate) -> Value {
    json!({
        "n": it.n,
        "mean": exact(it.mean),
        "standardDeviation": value(it.sd),
        "interval": it.interval().map(|(low, high)| [exact(low), exact(high)]),
    })
}

fn paired(it: &Paired) -> Value {
    json!({
        "difference": estimate(&it.difference),
        "percent": value(it.relative.map(|it| it.share * 100.0)),
        "percentHalfWidth": value(it.relative.and_then(|it| it.half_width).map(|half| half * 100.0)),
        "correlation": value(it.correlation),
        "verdict": it.verdict.name(),
        "seedsNeeded": it.needed,
    })
}

/// All of it, but the single runs.
pub fn json(result: &Result<'_>) -> String {
    let study = result.study;
    let variants: Vec<Value> = study
        .variants
        .iter()
        .map(|it| {
            let factors: Map<String, Value> =
                it.factors.iter().map(|(path, value)| (path.clone(), json!(value))).collect();
            json!({"name": it.name, "factors": factors, "scenarioDigest": it.digest})
        })
        .collect();
    let responses: Vec<Value> = result
        .shown
        .iter()
        .map(|response| {
            let asked = &study.responses[*response];
            let cells: Vec<Value> = result.table[*response]
                .iter()
                .enumerate()
                .map(|(at, cell)| {
                    json!({
                        "variant": study.variants[at].name,
                        "estimate": cell.estimate.as_ref().map(estimate),
                        "paired": cell.paired.as_ref().map(paired),
                        "missing": cell.missing,
                    })
                })
                .collect();
            json!({"name": asked.name, "path": asked.path, "unit": asked.unit, "variants": cells})
        })
        .collect();
    let remarks: Vec<Value> = result
        .remarks
        .iter()
        .map(|it| json!({"level": if it.is_warning { "warning" } else { "note" }, "text": it.text}))
        .collect();
    let all = json!({
        "seed": study.variants[0].model.seed,
        "replications": study.replications(),
        "batches": study.batches,
        "antithetic": study.antithetic,
        "confidence": exact(study.confidence.share()),
        "warmUpSeconds": exact(result.warm_up.ms() as f64 / 1_000.0),
        "baseline": study.variants[study.baseline].name,
        "variants": variants,
        "responses": responses,
        "sentences": result.sentences,
        "remarks": remarks,
    });
    format!("{all:#}\n")
}
