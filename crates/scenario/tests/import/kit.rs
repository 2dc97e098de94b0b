//! Files in memory, and what the tests look at.

use std::collections::BTreeMap;

use ecsim_scenario::document::Limits;
use ecsim_scenario::import::{FindingKind, Imported, Options, import};
use ecsim_scenario::source::MemoryFiles;
use serde_json::Value;

pub fn memory(files: &[(&str, &str)]) -> MemoryFiles {
    files.iter().fold(MemoryFiles::new(), |all, (name, text)| all.with(*name, *text))
}

pub fn with(files: &[(&str, &str)], options: Options) -> Imported {
    let paths: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let options = Options { out: "imported.yaml".to_owned(), ..options };
    import(&memory(files), &paths, &options, &Limits::default())
}

pub fn imported(files: &[(&str, &str)]) -> Imported {
    with(files, Options::default())
}

pub fn parameters(given: &[(&str, &str)]) -> Options {
    let parameters: BTreeMap<String, String> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Options { parameters, ..Options::default() }
}

/// Every problem, each with code, line and column.
pub fn problems(imported: &Imported) -> Vec<String> {
    let place = |diagnostic: &ecsim_scenario::diagnostic::Diagnostic| {
        diagnostic.span().map_or_else(String::new, |span| {
            let at = imported.sources.position(span);
            format!(" {}:{}:{}", imported.sources.name(span.file), at.line, at.column)
        })
    };
    imported
        .diagnostics
        .iter()
        .map(|it| format!("{}{} {} | {}", it.code, place(it), it.message, it.help.as_deref().unwrap_or_default()))
        .collect()
}

/// The scenario, which must be there.
pub fn scenario(imported: &Imported) -> &Value {
    match &imported.scenario {
        Some(scenario) => &scenario.value,
        None => panic!("no scenario: {:#?}", problems(imported)),
    }
}

/// Remarks of a kind, with their places.
pub fn told(imported: &Imported, kind: FindingKind) -> Vec<String> {
    imported.findings.iter().filter(|it| it.kind == kind).map(|it| it.line(&imported.sources)).collect()
}

/// Whether some remark of a kind says all of these.
#[track_caller]
pub fn says(imported: &Imported, kind: FindingKind, words: &[&str]) {
    let told = told(imported, kind);
    assert!(told.iter().any(|it| words.iter().all(|word| it.contains(word))), "{words:?} is not in {told:#?}");
}
