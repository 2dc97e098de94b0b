//! What an import has to tell: what could not be carried over, what was assumed, what is not needed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::diagnostic::{FileId, SourceMap, Span, shown};

/// What kind of remark it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// Something that AWS does and the scenario does not.
    NotCarriedOver,
    /// Something that the files do not say; a value stands in.
    Assumed,
    /// Something to know about what was carried over.
    Note,
    /// Something that a simulation does not need.
    NotNeeded,
}

impl FindingKind {
    /// All kinds, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::NotCarriedOver, Self::Assumed, Self::Note, Self::NotNeeded];

    /// The heading above remarks of this kind.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::NotCarriedOver => "not carried over",
            Self::Assumed => "assumed",
            Self::Note => "to know",
            Self::NotNeeded => "left out, a simulation does not need it",
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotCarriedOver => "notCarriedOver",
            Self::Assumed => "assumed",
            Self::Note => "note",
            Self::NotNeeded => "notNeeded",
        }
    }
}

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of remark it is.
    pub kind: FindingKind,
    /// What is to be said, in a sentence.
    pub message: String,
    /// Where the thing stands in the files.
    pub span: Option<Span>,
}

impl Finding {
    /// The remark with its place in front: `file:line:column`.
    #[must_use]
    pub fn line(&self, sources: &SourceMap) -> String {
        match self.span {
            Some(span) => {
                let at = sources.position(span);
                format!("{}:{}:{}: {}", sources.name(span.file), at.line, at.column, self.message)
            }
            None => self.message.clone(),
        }
    }

    /// The remark for programs.
    #[must_use]
    pub fn to_json(&self, sources: &SourceMap) -> Value {
        let at = self.span.map(|span| sources.position(span));
        json!({
            "kind": self.kind.as_str(),
            "message": self.message,
            "file": self.span.map(|span| sources.name(span.file)),
            "line": at.map(|at| at.line),
            "column": at.map(|at| at.column),
        })
    }
}

/// The remarks of an import, gathered.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    /// Names of fields that only answers of AWS have, with how often they were left out.
    answers: BTreeMap<String, usize>,
    /// Resources that a simulation does not need, with how many there were, by type.
    unneeded: BTreeMap<String, usize>,
    /// Parameters of templates without a value, for which their name stands in.
    parameters: Vec<(String, Span)>,
    /// Exports of other stacks, and what stands in for each.
    exports: Vec<(String, String, Span)>,
}

impl Findings {
    fn push(&mut self, kind: FindingKind, message: String, span: Option<Span>) {
        let finding = Finding { kind, message, span };
        if !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    pub(super) fn lost(&mut self, message: impl Into<String>, span: Option<Span>) {
        self.push(FindingKind::NotCarriedOver, message.into(), span);
    }

    pub(super) fn assumed(&mut self, message: impl Into<String>, span: Option<Span>) {
        self.push(FindingKind::Assumed, message.into(), span);
    }

    pub(super) fn note(&mut self, message: impl Into<String>, span: Option<Span>) {
        self.push(FindingKind::Note, message.into(), span);
    }

    /// A field that only answers have.
    pub(super) fn answer(&mut self, name: &str) {
        *self.answers.entry(name.to_owned()).or_insert(0) += 1;
    }

    /// A thing that a simulation does not need, by its type.
    pub(super) fn unneeded(&mut self, what: &str) {
        *self.unneeded.entry(what.to_owned()).or_insert(0) += 1;
    }

    /// A setting that a simulation does not need, where it stands.
    pub(super) fn unneeded_at(&mut self, what: String, span: Span) {
        self.push(FindingKind::NotNeeded, what, Some(span));
    }

    /// A parameter without a value, for which its name stands in.
    pub(super) fn named_after_itself(&mut self, name: &str, span: Span) {
        if !self.parameters.iter().any(|(known, at)| known == name && *at == span) {
            self.parameters.push((name.to_owned(), span));
        }
    }

    /// An export of another stack, and the text that stands in for it.
    pub(super) fn export(&mut self, name: &str, value: &str, span: Span) {
        if !self.exports.iter().any(|(known, ..)| known == name) {
            self.exports.push((name.to_owned(), value.to_owned(), span));
        }
    }

    /// What concerns several things of a kind, said once in each file.
    fn together(&mut self) {
        let mut files: BTreeMap<FileId, Vec<(String, Span)>> = BTreeMap::new();
        for (name, span) in std::mem::take(&mut self.parameters) {
            files.entry(span.file).or_default().push((name, span));
        }
        for names in files.into_values() {
            let said: Vec<String> = names.iter().map(|(name, _)| format!("`{}`", shown(name))).collect();
            let first = names.first().map(|(_, span)| *span);
            let message = match said.as_slice() {
                [only] => {
                    format!("the parameter {only} has no default: its name stands in; --parameter NAME=VALUE gives it")
                }
                _ => format!(
                    "parameters without a default: {}: the name of each stands in; --parameter NAME=VALUE gives one",
                    said.join(", ")
                ),
            };
            self.push(FindingKind::Assumed, message, first);
        }
        let exports = std::mem::take(&mut self.exports);
        if let Some((.., first)) = exports.first() {
            let said: Vec<String> =
                exports.iter().map(|(name, value, _)| format!("`{}` is `{}`", shown(name), shown(value))).collect();
            let message = format!("exports of other stacks are not known, so names stand in: {}", said.join(", "));
            self.push(FindingKind::Assumed, message, Some(*first));
        }
    }

    /// All of them: by kind, then by place.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.together();
        if !self.unneeded.is_empty() {
            let named = self.unneeded.iter().map(|(what, count)| match count {
                1 => what.clone(),
                count => format!("{what} ({count})"),
            });
            let message = named.collect::<Vec<_>>().join(", ");
            self.push(FindingKind::NotNeeded, message, None);
        }
        if !self.answers.is_empty() {
            let names: Vec<&str> = self.answers.keys().map(String::as_str).collect();
            let message = format!("what only AWS's answers have: {}", names.join(", "));
            self.push(FindingKind::NotNeeded, message, None);
        }
        self.list.sort_by_key(|finding| (finding.kind, finding.span));
        self.list
    }
}
