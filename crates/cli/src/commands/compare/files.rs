//! The files of a comparison: tidy CSV, JSON, Markdown and a page; all of them, or none.

use std::io::Write as _;
use std::path::PathBuf;

use ecsim_experiment::numbers::exact;
use ecsim_experiment::{Estimate, Paired};
use ecsim_kernel::digest::hash64;
use serde_json::{Map, Value, json};

use super::Result;
use super::runner::luck;
use crate::exit::Failure;
use crate::output::OutputDirectory;

/// Writes everything: `result` into tables, `to_read` (the same, or the best part of it) into pages, and `more` files.
///
/// # Errors
/// Where the machine refuses; nothing is left then.
pub fn write(
    result: &Result<'_>,
    to_read: &Result<'_>,
    more: Vec<(&'static str, String)>,
    directory: OutputDirectory,
) -> std::result::Result<PathBuf, Failure> {
    let mut files = vec![
        ("comparison.html", super::page::render(to_read)),
        ("comparison.json", json(result)),
        ("comparison.md", super::table::markdown(to_read)),
        ("differences.csv", differences(result)),
        ("estimates.csv", estimates(result)),
        ("runs.csv", runs(result)),
    ];
    let effects = effects(result);
    if !effects.is_empty() {
        files.push(("effects.csv", effects));
    }
    files.extend(more);
    files.sort_by_key(|(name, _)| *name);
    let mut listed = Vec::new();
    for (name, text) in &files {
        put(&directory, name, text)?;
        listed.push(json!({"name": name, "bytes": text.len(), "digest": format!("{:016x}", hash64(text.as_bytes()))}));
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
    put(&directory, "manifest.json", &format!("{:#}\n", manifest))?;
    directory.finish()
}

fn put(directory: &OutputDirectory, name: &str, text: &str) -> std::result::Result<(), Failure> {
    let mut file = directory.create(name)?;
    file.write_all(text.as_bytes()).map_err(|error| Failure::io(format_args!("failed to write {name}"), &error))
}

/// A number as it stands in a file; nothing for none.
fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| exact(number).to_string())
}

fn csv(head: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(head);
    for row in rows {
        let _ = writer.write_record(&row);
    }
    String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()).into_owned()
}

fn head(result: &Result<'_>, first: &[&str], last: &[&str]) -> Vec<String> {
    let factors = result.study.variants[0].factors.iter().map(|(path, _)| path.clone());
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    own(first).into_iter().chain(factors).chain(own(last)).collect()
}

fn factors(result: &Result<'_>, variant: usize) -> Vec<String> {
    result.study.variants[variant].factors.iter().map(|(_, value)| value.clone()).collect()
}

/// One row per run, batch and response.
fn runs(result: &Result<'_>) -> String {
    let study = result.study;
    let head = head(
        result,
        &["variant"],
        &["replication", "runIndex", "antithetic", "batch", "response", "path", "unit", "value"],
    );
    let mut rows = Vec::new();
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
                    rows.push(row);
                }
            }
        }
    }
    csv(&head, rows.into_iter())
}

/// One row per variant and response.
pub fn estimates(result: &Result<'_>) -> String {
    let study = result.study;
    let last =
        ["response", "path", "unit", "n", "mean", "standardDeviation", "intervalLow", "intervalHigh", "confidence"];
    let head = head(result, &["variant"], &last);
    let mut rows = Vec::new();
    for response in &result.shown {
        let asked = &study.responses[*response];
        for (variant, cell) in result.table[*response].iter().enumerate() {
            let mut row = vec![study.variants[variant].name.clone()];
            row.extend(factors(result, variant));
            row.extend([asked.name.clone(), asked.path.clone(), asked.unit.clone()]);
            let interval = cell.estimate.and_then(|it| it.interval());
            row.extend([
                cell.estimate.map_or(0, |it| it.n).to_string(),
                number(cell.estimate.map(|it| it.mean)),
                number(cell.estimate.and_then(|it| it.sd)),
                number(interval.map(|it| it.0)),
                number(interval.map(|it| it.1)),
                exact(study.confidence.share()).to_string(),
            ]);
            rows.push(row);
        }
    }
    csv(&head, rows.into_iter())
}

/// One row per variant but the baseline, and response.
fn differences(result: &Result<'_>) -> String {
    let study = result.study;
    let last = [
        "response",
        "path",
        "unit",
        "n",
        "difference",
        "intervalLow",
        "intervalHigh",
        "percent",
        "percentLow",
        "percentHigh",
        "correlation",
        "verdict",
        "seedsNeeded",
    ];
    let head = head(result, &["variant", "baseline"], &last);
    let mut rows = Vec::new();
    for response in &result.shown {
        let asked = &study.responses[*response];
        for (variant, cell) in result.table[*response].iter().enumerate() {
            let Some(paired) = &cell.paired else { continue };
            let mut row = vec![study.variants[variant].name.clone(), study.variants[study.baseline].name.clone()];
            row.extend(factors(result, variant));
            row.extend([asked.name.clone(), asked.path.clone(), asked.difference_unit().to_owned()]);
            let interval = paired.difference.interval();
            let share = paired.relative.map(|it| it.share * 100.0);
            let half = paired.relative.and_then(|it| it.half_width).map(|half| half * 100.0);
            let edge = |sign: f64| Some(share? + sign * half?);
            row.extend([
                paired.difference.n.to_string(),
                number(Some(paired.difference.mean)),
                number(interval.map(|it| it.0)),
                number(interval.map(|it| it.1)),
                number(share),
                number(edge(-1.0)),
                number(edge(1.0)),
                number(paired.correlation),
                paired.verdict.name().to_owned(),
                paired.needed.map_or_else(String::new, |it| it.to_string()),
            ]);
            rows.push(row);
        }
    }
    csv(&head, rows.into_iter())
}

/// One row per factor, level and response; nothing where there are no main effects.
fn effects(result: &Result<'_>) -> String {
    let study = result.study;
    let head = ["factor", "level", "response", "path", "unit", "n", "mean", "intervalLow", "intervalHigh"];
    let head: Vec<String> = head.iter().map(|it| (*it).to_owned()).collect();
    let mut rows = Vec::new();
    for response in &result.shown {
        let asked = &study.responses[*response];
        for effect in super::effects::main(study, *response) {
            let interval = effect.estimate.interval();
            rows.push(vec![
                effect.factor,
                effect.level,
                asked.name.clone(),
                asked.path.clone(),
                asked.unit.clone(),
                effect.estimate.n.to_string(),
                number(Some(effect.estimate.mean)),
                number(interval.map(|it| it.0)),
                number(interval.map(|it| it.1)),
            ]);
        }
    }
    if rows.is_empty() { String::new() } else { csv(&head, rows.into_iter()) }
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
