//! The parsed form of an expression: what evaluation walks, what callers ask about its inputs, and what prints back as
//! canonical text for reports.

use std::fmt;

use super::parser;
use super::pattern::Pattern;
use super::value::{Decimal, Version};
use super::{EXPRESSION_LENGTH_LIMIT, QueryError};

/// A cluster query expression, ready to be tested against instances (CQL-001, PLC-040).
///
/// Chains of `and` and of `or` are flat: `a and (b and c)` is the same expression as `a and b and c`. `Display` prints
/// canonical text (symbolic operators, no needless parentheses or quotes) that parses back to an equal expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression(pub(super) Node);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// At least two expressions, none of them an `All`.
    All(Vec<Expression>),
    /// At least two expressions, none of them an `Any`.
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Condition(Condition),
}

/// A simple expression: subject, operator and argument (CQL-001).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) subject: Subject,
    pub(super) operator: Operator,
    pub(super) test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Subject {
    AgentConnected,
    AgentVersion,
    Ec2InstanceId,
    RegisteredAt,
    RunningTasksCount,
    TaskGroup,
    Attribute(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    In,
    NotIn,
    Matches,
    NotMatches,
    Exists,
    NotExists,
}

/// The compiled argument. The texts stay with the compiled values because canonical text prints what was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Presence,
    Text(String),
    OneOf(Vec<String>),
    Pattern(Pattern),
    Order { text: String, number: Option<Decimal> },
    Version { text: String, version: Version },
    Instant { text: String, unix_ms: i64 },
    Count { text: String, count: i128 },
}

/// Which properties of an instance an expression looks at, for callers that remember its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Subjects {
    /// Some `attribute:NAME`; see [`Expression::uses_attribute`] for the names.
    pub attributes: bool,
    /// `agentConnected`.
    pub agent_connected: bool,
    /// `agentVersion`.
    pub agent_version: bool,
    /// `ec2InstanceId`.
    pub ec2_instance_id: bool,
    /// `registeredAt`.
    pub registered_at: bool,
    /// `runningTasksCount`.
    pub running_tasks_count: bool,
    /// `task:group`.
    pub task_group: bool,
}

impl Subjects {
    /// Whether nothing but attributes is looked at, so that instances with the same attributes have the same outcome.
    pub fn is_static(self) -> bool {
        self == Self { attributes: self.attributes, ..Self::default() }
    }
}

impl Expression {
    /// Parses an expression of at most [`EXPRESSION_LENGTH_LIMIT`] characters (CQL-001 to CQL-006, PLC-009, QTA-023).
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_with_limit(text, EXPRESSION_LENGTH_LIMIT)
    }

    /// Parses an expression of at most `limit` characters (QTA-023).
    pub fn parse_with_limit(text: &str, limit: usize) -> Result<Self, QueryError> {
        parser::parse(text, limit)
    }

    /// The names of all attributes mentioned, each once, in the order of their first mention.
    pub fn uses_attribute(&self) -> impl Iterator<Item = &str> {
        let mut names = Vec::new();
        self.visit(&mut |condition| {
            if let Subject::Attribute(name) = &condition.subject
                && !names.contains(&name.as_str())
            {
                names.push(name.as_str());
            }
        });
        names.into_iter()
    }

    /// The properties that the outcome depends on.
    pub fn subjects(&self) -> Subjects {
        let mut subjects = Subjects::default();
        self.visit(&mut |condition| {
            *match condition.subject {
                Subject::AgentConnected => &mut subjects.agent_connected,
                Subject::AgentVersion => &mut subjects.agent_version,
                Subject::Ec2InstanceId => &mut subjects.ec2_instance_id,
                Subject::RegisteredAt => &mut subjects.registered_at,
                Subject::RunningTasksCount => &mut subjects.running_tasks_count,
                Subject::TaskGroup => &mut subjects.task_group,
                Subject::Attribute(_) => &mut subjects.attributes,
            } = true;
        });
        subjects
    }

    /// The properties other than attributes that the outcome depends on.
    pub fn dynamic_subjects(&self) -> Subjects {
        Subjects { attributes: false, ..self.subjects() }
    }

    /// Whether the outcome depends on attributes only, so that it may be remembered per pool of like instances.
    pub fn is_static(&self) -> bool {
        self.subjects().is_static()
    }

    /// The expressions that must all hold for this one to hold: the operands of a top-level `and`, else this one.
    pub fn split_conjunction(&self) -> Vec<&Expression> {
        match &self.0 {
            Node::All(parts) => parts.iter().collect(),
            _ => vec![self],
        }
    }

    fn visit<'a>(&'a self, each: &mut dyn FnMut(&'a Condition)) {
        match &self.0 {
            Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| part.visit(each)),
            Node::Not(inner) => inner.visit(each),
            Node::Condition(condition) => each(condition),
        }
    }
}

impl std::str::FromStr for Expression {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}

impl Subject {
    /// The subjects with a fixed name, for messages and suggestions.
    pub(super) const FIXED: [(&'static str, Self); 6] = [
        ("agentConnected", Self::AgentConnected),
        ("agentVersion", Self::AgentVersion),
        ("ec2InstanceId", Self::Ec2InstanceId),
        ("registeredAt", Self::RegisteredAt),
        ("runningTasksCount", Self::RunningTasksCount),
        ("task:group", Self::TaskGroup),
    ];

    /// The operators that the subject allows (CQL-004).
    pub(super) fn operators(&self) -> &'static [Operator] {
        use Operator::{
            Equal, Exists, Greater, GreaterOrEqual, In, Less, LessOrEqual, Matches, NotEqual, NotExists, NotIn,
            NotMatches,
        };
        match self {
            Self::AgentConnected | Self::Ec2InstanceId => &[Equal, NotEqual, In, NotIn, Matches, NotMatches],
            Self::AgentVersion | Self::RegisteredAt | Self::RunningTasksCount => {
                &[Equal, NotEqual, Greater, GreaterOrEqual, Less, LessOrEqual]
            }
            Self::TaskGroup => &[Equal, NotEqual, In, NotIn, Matches, NotMatches, Exists, NotExists],
            Self::Attribute(_) => &[
                Equal,
                NotEqual,
                Greater,
                GreaterOrEqual,
                Less,
                LessOrEqual,
                In,
                NotIn,
                Matches,
                NotMatches,
                Exists,
                NotExists,
            ],
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(name) => write!(f, "attribute:{name}"),
            fixed => {
                let (name, _) = Self::FIXED.iter().find(|(_, subject)| subject == fixed).expect("every other is fixed");
                f.write_str(name)
            }
        }
    }
}

impl Operator {
    /// The word forms, which are accepted in any case (CQL-006).
    pub(super) const WORDS: [(&'static str, Self); 12] = [
        ("equals", Self::Equal),
        ("not_equals", Self::NotEqual),
        ("greater_than", Self::Greater),
        ("greater_than_equal", Self::GreaterOrEqual),
        ("less_than", Self::Less),
        ("less_than_equal", Self::LessOrEqual),
        ("in", Self::In),
        ("not_in", Self::NotIn),
        ("matches", Self::Matches),
        ("not_matches", Self::NotMatches),
        ("exists", Self::Exists),
        ("not_exists", Self::NotExists),
    ];

    /// The forms that begin with a symbol and are single tokens (CQL-010), those that begin others after them.
    pub(super) const SYMBOLS: [(&'static str, Self); 10] = [
        ("!exists", Self::NotExists),
        ("!in", Self::NotIn),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        (">=", Self::GreaterOrEqual),
        ("<=", Self::LessOrEqual),
        ("=~", Self::Matches),
        ("!~", Self::NotMatches),
        (">", Self::Greater),
        ("<", Self::Less),
    ];

    /// The shortest form.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Exists => "exists",
            other => Self::SYMBOLS.iter().find(|(_, operator)| *operator == other).expect("every other has one").0,
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Node::All(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { " and " })?;
                    match &part.0 {
                        Node::Any(_) => write!(f, "({part})")?,
                        _ => write!(f, "{part}")?,
                    }
                }
                Ok(())
            }
            Node::Any(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { " or " })?;
                    write!(f, "{part}")?;
                }
                Ok(())
            }
            Node::Not(inner) => match &inner.0 {
                Node::All(_) | Node::Any(_) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            Node::Condition(condition) => write!(f, "{condition}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.subject, self.operator.symbol())?;
        match &self.test {
            Test::Presence => Ok(()),
            Test::Text(text)
            | Test::Order { text, .. }
            | Test::Version { text, .. }
            | Test::Instant { text, .. }
            | Test::Count { text, .. } => write!(f, " {}", Literal { text, bare: parser::is_bare(text) }),
            Test::Pattern(pattern) => {
                let text = pattern.source();
                write!(f, " {}", Literal { text, bare: parser::is_bare_pattern(text) })
            }
            Test::OneOf(texts) => {
                for (index, text) in texts.iter().enumerate() {
                    f.write_str(if index == 0 { " [" } else { ", " })?;
                    write!(f, "{}", Literal { text, bare: parser::is_bare(text) })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A literal that prints with the quotes it needs. A text with both kinds of quotes cannot have been quoted, so it was
/// bare and can be bare again.
struct Literal<'a> {
    text: &'a str,
    bare: bool,
}

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bare {
            f.write_str(self.text)
        } else if self.text.contains('\'') {
            write!(f, "\"{}\"", self.text)
        } else {
            write!(f, "'{}'", self.text)
        }
    }
}
