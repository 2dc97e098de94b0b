//! The front door: the path of a scenario goes in, a document and every problem with it come out.

use serde_json::Value;

use crate::diagnostic::{Diagnostics, SourceMap};
use crate::document::include::Loader;
use crate::document::{Document, Limits, overrides};
use crate::source::SourceFiles;
use crate::validate::{Checker, normalise_spelling, schema_is_broken};

/// What became of a scenario's text.
#[derive(Debug)]
pub struct Loaded {
    /// The document, unless its text could not be read at all. It fits the schema if there are no errors.
    pub document: Option<Document>,
    /// The texts that the diagnostics and the document's spans point into. The scenario's own is [`crate::diagnostic::FileId::ROOT`].
    pub sources: SourceMap,
    /// Every problem, sorted by place.
    pub diagnostics: Diagnostics,
}

/// Reads a scenario with all it includes, applies overrides (`path=value`), and holds it against the schema.
pub fn load(files: &dyn SourceFiles, path: &str, overrides: &[String], limits: &Limits, schema: &Value) -> Loaded {
    match Checker::new(schema) {
        Ok(checker) => load_with(files, path, overrides, limits, &checker),
        Err(reason) => {
            let mut diagnostics = Diagnostics::new();
            diagnostics.push(schema_is_broken(&reason));
            Loaded { document: None, sources: SourceMap::new(), diagnostics }
        }
    }
}

/// The same with a schema that was made ready before: for those who load many scenarios.
pub fn load_with(
    files: &dyn SourceFiles,
    path: &str,
    overrides: &[String],
    limits: &Limits,
    checker: &Checker,
) -> Loaded {
    let mut loader = Loader::new(files, limits);
    let document = loader.scenario(path);
    let Loader { mut sources, mut diagnostics, mut budget, .. } = loader;
    let document = document.map(|mut document| {
        overrides::apply(&mut document, overrides, &mut sources, limits, &mut budget, &mut diagnostics);
        normalise_spelling(checker.schema(), &mut document, &mut diagnostics);
        let mut found = Diagnostics::new();
        checker.check(&document, &mut found);
        // What could not be read is not there, and that has been said.
        diagnostics.extend(
            found.into_iter().filter(|diagnostic| diagnostic.span().is_none_or(|span| !budget.damaged.contains(&span))),
        );
        document
    });
    diagnostics.sort();
    Loaded { document, sources, diagnostics }
}

#[cfg(test)]
mod tests;
