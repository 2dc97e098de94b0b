//! The compiled pattern of `=~` and `!~`, apart from its translation so that only this file knows which regular
//! expression engine runs it.

use std::fmt;
use std::ops::Range;

use super::error::QueryError;
use super::java;

/// Most backtracking steps that one match may take; a match that needs more is none (CQL-009).
///
/// It exists so that a scenario with a catastrophic pattern ends, and it counts steps, not time, so that it ends the
/// same way on every machine. Patterns without look-around, back-references or possessive quantifiers never backtrack.
pub const BACKTRACK_LIMIT: usize = 100_000;

/// Bytes that one compiled part of a pattern may take, so that `(x{1000}){1000}` is an error and not a stall.
const COMPILED_SIZE_LIMIT: usize = 1 << 20;
/// Instructions that a pattern which needs backtracking may take.
const PROGRAM_SIZE_LIMIT: usize = 10_000;

/// A Java regular expression that must match the whole value (CQL-009).
#[derive(Clone)]
pub(super) struct Pattern {
    source: String,
    regex: fancy_regex::Regex,
}

impl Pattern {
    /// Compiles `source`, which stands at `span` of the expression, so that errors point into the expression.
    pub(super) fn compile(source: &str, span: Range<usize>) -> Result<Self, QueryError> {
        let translated = java::translate(source).map_err(|fault| {
            let place = span.start + fault.span.start..span.start + fault.span.end;
            QueryError { span: place, message: fault.message, help: fault.help }
        })?;
        let regex = fancy_regex::RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(COMPILED_SIZE_LIMIT)
            .max_prog_size(PROGRAM_SIZE_LIMIT)
            .build()
            .map_err(|error| QueryError::new(span, reason(&error)))?;
        Ok(Self { source: source.to_owned(), regex })
    }

    /// The pattern as it was written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Whether the whole of `value` matches; a match that exceeds [`BACKTRACK_LIMIT`] does not (CQL-009).
    pub(super) fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value).unwrap_or(false)
    }
}

/// What the engine refuses although it is good Java: the translation has already reported everything else.
fn reason(error: &fancy_regex::Error) -> String {
    use fancy_regex::{CompileError, Error, ParseError};
    match error {
        Error::ParseError(_, ParseError::TargetNotRepeatable) => {
            "the pattern repeats something that is always empty".into()
        }
        Error::ParseError(_, ParseError::RecursionExceeded) => "the pattern is nested too deeply".into(),
        Error::CompileError(error) => match &**error {
            CompileError::InnerError(inner) if inner.size_limit().is_some() => {
                "the pattern is too large; its repetition counts multiply".into()
            }
            CompileError::PatternTooComplex => "the pattern is too large; its repetition counts multiply".into(),
            _ => "the pattern is not supported".into(),
        },
        _ => "the pattern is not supported".into(),
    }
}

/// Two patterns are the same if they are written the same; how they are compiled follows from that.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}
