//! The one error type of the query language, apart from the parser because patterns and values report through it too.

use std::fmt;
use std::ops::Range;

/// Why a text is not a cluster query expression (CQL-005). ECS answers such a text with `InvalidParameterException`.
///
/// `message` and `help` are lower-case, without a full stop, ready to be placed under the quoted expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// The place of the mistake, in bytes from the start of the expression; always on character boundaries.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right, where that can be said.
    pub help: Option<String>,
}

impl QueryError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for QueryError {}
