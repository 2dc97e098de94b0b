//! Expressions: the tree, how it is read and checked, and its value on a list of path values.
//!
//! ```text
//! or         = and { "or" and }
//! and        = not { "and" not }
//! not        = [ "not" ] comparison
//! comparison = sum [ ( == != < <= > >= ) sum [ "+-" sum ] | "contains" text ]
//! sum        = product { ( + - ) product }
//! product    = factor { ( * / ) factor }
//! factor     = number | text | path | [ list ] | "(" or ")" | "-" factor | "count" "(" path "contains" text ")"
//! ```

use core::ops::Range;
use std::borrow::Cow;

use ecsim_cluster::{Definitions, ServiceId};

use super::Problem;
use super::lexer::{Kind, Token};
use super::path::{Meaning, Origin, Path, is_root, resolve};
use super::probe::Probe;
use crate::metrics::{Inputs, Unit, Value};

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Number(f64),
    Text(String),
    Flag(bool),
    /// The value of a path, by its number.
    Path(usize),
    Negative(Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>, Option<Box<Tolerance>>),
    Contains(Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    /// The same question asked from the other side.
    pub(crate) const fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
            Self::Equal | Self::Unequal => self,
        }
    }

    pub(crate) fn holds(self, left: f64, right: f64, tolerance: f64) -> bool {
        // Computed numbers may be off in the last digit; what was counted is exact well within this.
        let slack = tolerance + 1e-9 * left.abs().max(right.abs()).max(1.0);
        match self {
            Self::Equal => (left - right).abs() <= slack,
            Self::Unequal => (left - right).abs() > slack,
            Self::Less => left < right - slack,
            Self::AtMost => left <= right + slack,
            Self::Greater => left > right + slack,
            Self::AtLeast => left >= right - slack,
        }
    }
}

/// `+- 10%` of the right side, or `+- 2`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tolerance {
    Relative(Node),
    Absolute(Node),
}

impl Tolerance {
    pub(crate) fn of(&self, right: f64, values: &[Value]) -> Option<f64> {
        Some(match self {
            Self::Relative(node) => node.number(values)? / 100.0 * right.abs(),
            Self::Absolute(node) => node.number(values)?.abs(),
        })
    }
}

/// What a part of an expression gives.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    /// A number; `None` is a plain one, written without a unit.
    Number(Option<Unit>),
    Text(&'static [&'static str]),
    Flag,
    Events(ServiceId),
    /// Wrong already: no second complaint.
    Unknown,
}

impl Type {
    fn what(self) -> String {
        match self {
            Self::Number(None | Some(Unit::Count)) => "a number".to_owned(),
            Self::Number(Some(unit)) => format!("a number of {}", unit.name()),
            Self::Text(_) => "a text".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Events(_) => "a list of events".to_owned(),
            Self::Unknown => "unknown".to_owned(),
        }
    }
}

impl Node {
    pub(crate) fn number(&self, values: &[Value]) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Path(path) => values.get(*path)?.number(),
            Self::Negative(node) => node.number(values).map(|number| -number),
            Self::Arithmetic(arithmetic, left, right) => {
                let (left, right) = (left.number(values)?, right.number(values)?);
                let result = match arithmetic {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                    Arithmetic::Divide => left / right,
                };
                // Nothing divided by nothing is no number: the expression has no value then.
                result.is_finite().then_some(result)
            }
            _ => None,
        }
    }

    fn text<'a>(&'a self, values: &'a [Value]) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Path(path) => match values.get(*path)? {
                Value::Text(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// `None` where a value is missing and the answer depends on it.
    pub(crate) fn truth(&self, values: &[Value]) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Path(path) => match values.get(*path)? {
                Value::Flag(flag) => Some(*flag),
                _ => None,
            },
            Self::Compare(comparison, left, right, tolerance) => {
                if let (Some(left), Some(right)) = (left.number(values), right.number(values)) {
                    let tolerance = match tolerance {
                        Some(tolerance) => tolerance.of(right, values)?,
                        None => 0.0,
                    };
                    return Some(comparison.holds(left, right, tolerance));
                }
                let equal = if let (Some(left), Some(right)) = (left.text(values), right.text(values)) {
                    left == right
                } else {
                    left.truth(values)? == right.truth(values)?
                };
                Some(equal == (*comparison == Comparison::Equal))
            }
            Self::Contains(whole, part) => Some(whole.text(values)?.contains(part.text(values)?)),
            Self::And(left, right) => match (left.truth(values), right.truth(values)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(left, right) => match (left.truth(values), right.truth(values)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(node) => node.truth(values).map(|truth| !truth),
            _ => None,
        }
    }

    /// Whether it is a share: a number of the run over another, or a sum of such.
    pub(crate) fn is_share(&self) -> bool {
        match self {
            Self::Arithmetic(Arithmetic::Divide, left, right) => left.varies() && right.varies(),
            Self::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, left, right) => {
                left.is_share() && right.is_share()
            }
            Self::Negative(node) => node.is_share(),
            _ => false,
        }
    }

    /// The same share in percent.
    fn in_percent(self) -> Self {
        Self::Arithmetic(Arithmetic::Multiply, Box::new(self), Box::new(Self::Number(100.0)))
    }

    /// Whether it is a share that was made percent of.
    pub(crate) fn is_share_in_percent(&self) -> bool {
        matches!(self, Self::Arithmetic(Arithmetic::Multiply, share, _) if share.is_share())
    }

    /// Whether its value can change during a run.
    pub(crate) fn varies(&self) -> bool {
        match self {
            Self::Path(_) => true,
            Self::Number(_) | Self::Text(_) | Self::Flag(_) => false,
            Self::Negative(node) | Self::Not(node) => node.varies(),
            Self::Arithmetic(_, left, right)
            | Self::Compare(_, left, right, _)
            | Self::Contains(left, right)
            | Self::And(left, right)
            | Self::Or(left, right) => left.varies() || right.varies(),
        }
    }

    /// The paths it reads, in the order of the text, each once.
    pub(crate) fn paths(&self, found: &mut Vec<usize>) {
        match self {
            Self::Path(path) => {
                if !found.contains(path) {
                    found.push(*path);
                }
            }
            Self::Number(_) | Self::Text(_) | Self::Flag(_) => {}
            Self::Negative(node) | Self::Not(node) => node.paths(found),
            Self::Compare(_, left, right, tolerance) => {
                left.paths(found);
                right.paths(found);
                if let Some(tolerance) = tolerance {
                    let (Tolerance::Relative(node) | Tolerance::Absolute(node)) = &**tolerance;
                    node.paths(found);
                }
            }
            Self::Arithmetic(_, left, right)
            | Self::Contains(left, right)
            | Self::And(left, right)
            | Self::Or(left, right) => {
                left.paths(found);
                right.paths(found);
            }
        }
    }
}

/// A parsed expression, and where its right side stands if it is one comparison.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// For `path == something`: `== something`.
    pub(crate) demand: Option<String>,
}

/// Reads and checks an expression. Paths are appended to `paths`, each once; problems to `problems`.
pub(crate) fn parse(
    text: &str,
    definitions: &Definitions,
    paths: &mut Vec<Path>,
    problems: &mut Vec<Problem>,
) -> Option<Parsed> {
    let tokens = match super::lexer::tokens(text) {
        Ok(tokens) => tokens,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    if tokens.len() > TOKEN_LIMIT {
        problems.push(Problem::new(0..text.len(), "the expression is too long").help("write several entries"));
        return None;
    }
    let before = problems.len();
    let mut parser = Parser { text, tokens, at: 0, depth: 0, definitions, paths, problems, demand: None };
    let parsed = parser.whole();
    let demand = parser.demand.take();
    match parsed {
        Ok(node) if problems.len() == before => Some(Parsed { node, demand }),
        Ok(_) => None,
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

/// An expression is written by a person: deeper nesting than this is not meant.
const DEPTH_LIMIT: u32 = 100;

/// Nor is an expression of more parts than this: a chain is as deep as it is long.
const TOKEN_LIMIT: usize = 2_000;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    definitions: &'a Definitions,
    paths: &'a mut Vec<Path>,
    problems: &'a mut Vec<Problem>,
    demand: Option<String>,
}

struct Typed {
    node: Node,
    kind: Type,
    span: Range<usize>,
}

impl Typed {
    fn new(node: Node, kind: Type, span: Range<usize>) -> Self {
        Self { node, kind, span }
    }
}

/// A share beside a percentage is meant in percent: `costIdle / cost < 20%`.
fn percent_of(share: &mut Typed, other: &Typed) {
    let plain = matches!(share.kind, Type::Number(None | Some(Unit::Count)));
    if plain && share.node.is_share() && other.kind == Type::Number(Some(Unit::Percent)) {
        let node = core::mem::replace(&mut share.node, Node::Flag(false));
        share.node = node.in_percent();
        share.kind = Type::Number(Some(Unit::Percent));
    }
}

type Outcome = Result<Typed, Problem>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek().kind, Kind::Symbol(found) if found == symbol);
        self.at += usize::from(found);
        found
    }

    fn complain(&mut self, problem: Problem) -> Type {
        self.problems.push(problem);
        Type::Unknown
    }

    fn whole(&mut self) -> Result<Node, Problem> {
        if self.peek().kind == Kind::End {
            return Err(Problem::new(0..self.text.len(), "the expression is empty")
                .help("write for example services.web.runningCount == 4"));
        }
        let all = self.or()?;
        let next = self.peek();
        if next.kind != Kind::End {
            let span = next.span.clone();
            let what = &self.text[span.clone()];
            return Err(Problem::new(span, format!("`{what}` is not expected here"))
                .help("names with odd characters are written in quotes; comparisons are joined by `and` and `or`"));
        }
        self.flag(&all);
        Ok(all.node)
    }

    /// Complains unless `part` is true or false.
    fn flag(&mut self, part: &Typed) {
        let problem = match part.kind {
            Type::Flag | Type::Unknown => return,
            Type::Events(_) => Problem::new(part.span.clone(), "a list of events is neither true nor false")
                .help("write `… contains \"text\"`, or compare `….count`"),
            Type::Number(_) => Problem::new(part.span.clone(), "a number is neither true nor false")
                .help("compare it, for example `… == 4`"),
            Type::Text(_) => Problem::new(part.span.clone(), "a text is neither true nor false")
                .help("compare it, for example `… == ACTIVE`"),
        };
        self.problems.push(problem);
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        if self.depth >= DEPTH_LIMIT {
            return Err(Problem::new(self.peek().span.clone(), "the expression is nested too deeply"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Outcome {
        let mut left = self.and()?;
        while self.take("or") {
            let right = self.and()?;
            self.demand = None;
            left = self.join(left, right, Node::Or);
        }
        Ok(left)
    }

    fn and(&mut self) -> Outcome {
        let mut left = self.not()?;
        while self.take("and") {
            let right = self.not()?;
            self.demand = None;
            left = self.join(left, right, Node::And);
        }
        Ok(left)
    }

    fn join(&mut self, left: Typed, right: Typed, make: fn(Box<Node>, Box<Node>) -> Node) -> Typed {
        self.flag(&left);
        self.flag(&right);
        let span = left.span.start..right.span.end;
        Typed::new(make(Box::new(left.node), Box::new(right.node)), Type::Flag, span)
    }

    fn not(&mut self) -> Outcome {
        let start = self.peek().span.start;
        if self.take("not") {
            let part = self.deeper(Self::not)?;
            self.demand = None;
            self.flag(&part);
            return Ok(Typed::new(Node::Not(Box::new(part.node)), Type::Flag, start..part.span.end));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Outcome {
        let mut left = self.sum()?;
        let operator = self.peek().clone();
        if self.take("contains") {
            return self.contains(left);
        }
        let comparison = match operator.kind {
            Kind::Symbol("==") => Comparison::Equal,
            Kind::Symbol("!=") => Comparison::Unequal,
            Kind::Symbol("<") => Comparison::Less,
            Kind::Symbol("<=") => Comparison::AtMost,
            Kind::Symbol(">") => Comparison::Greater,
            Kind::Symbol(">=") => Comparison::AtLeast,
            _ => return Ok(left),
        };
        self.at += 1;
        let mut right = self.sum()?;
        percent_of(&mut left, &right);
        percent_of(&mut right, &left);
        self.compatible(&left, comparison, &right, &operator.span);
        let mut end = right.span.end;
        let tolerance = if self.take("+-") {
            let amount = self.sum()?;
            end = amount.span.end;
            if !matches!(comparison, Comparison::Equal | Comparison::Unequal) {
                self.complain(Problem::new(operator.span.clone(), "`+-` goes with `==` and `!=` only"));
            }
            match amount.kind {
                Type::Number(Some(Unit::Percent)) if !matches!(right.kind, Type::Number(Some(Unit::Percent))) => {
                    Some(Tolerance::Relative(amount.node))
                }
                Type::Number(_) | Type::Unknown => Some(Tolerance::Absolute(amount.node)),
                other => {
                    self.complain(Problem::new(amount.span, format!("a tolerance is a number, not {}", other.what())));
                    None
                }
            }
        } else {
            None
        };
        if let Kind::Symbol("==" | "!=" | "<" | "<=" | ">" | ">=") = self.peek().kind {
            return Err(
                Problem::new(self.peek().span.clone(), "two comparisons in a row").help("write `1 <= x and x <= 4`")
            );
        }
        self.demand = matches!(left.node, Node::Path(_))
            .then(|| self.text[operator.span.start..end].trim().to_owned())
            .filter(|_| !right.node.varies());
        let span = left.span.start..end;
        let node = Node::Compare(comparison, Box::new(left.node), Box::new(right.node), tolerance.map(Box::new));
        Ok(Typed::new(node, Type::Flag, span))
    }

    /// `… contains "text"`: of a text, or of the messages of an event list.
    fn contains(&mut self, left: Typed) -> Outcome {
        let right = self.factor()?;
        let span = left.span.start..right.span.end;
        self.demand = None;
        match (left.kind, &right.node, right.kind) {
            (Type::Events(service), Node::Text(text), _) => {
                let label = self.text[left.span.start..right.span.end].to_owned();
                let path = self.events(service, text.clone(), label);
                Ok(Typed::new(
                    Node::Compare(Comparison::AtLeast, Box::new(Node::Path(path)), Box::new(Node::Number(1.0)), None),
                    Type::Flag,
                    span,
                ))
            }
            (Type::Text(_), _, Type::Text(_)) => {
                self.demand = matches!(left.node, Node::Path(_))
                    .then(|| self.text[left.span.end..right.span.end].trim().to_owned());
                Ok(Typed::new(Node::Contains(Box::new(left.node), Box::new(right.node)), Type::Flag, span))
            }
            (Type::Unknown, ..) | (.., Type::Unknown) => Ok(Typed::new(Node::Flag(false), Type::Unknown, span)),
            _ => {
                let kind = self.complain(
                    Problem::new(span.clone(), "`contains` looks for a text in a text or in a service's events")
                        .help("services.web.events contains \"unable to place\""),
                );
                Ok(Typed::new(Node::Flag(false), kind, span))
            }
        }
    }

    fn events(&mut self, service: ServiceId, text: String, label: String) -> usize {
        self.path(Path {
            label,
            origin: Origin::Probe(Probe::events(service, text)),
            unit: Unit::Count,
            inputs: Inputs::EVENTS,
        })
    }

    /// The number of a path; the same path written twice is one.
    fn path(&mut self, path: Path) -> usize {
        if let Some(at) = self.paths.iter().position(|known| known.label == path.label && known.origin == path.origin) {
            return at;
        }
        self.paths.push(path);
        self.paths.len() - 1
    }

    fn compatible(&mut self, left: &Typed, comparison: Comparison, right: &Typed, operator: &Range<usize>) {
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::Unequal);
        let whole = left.span.start..right.span.end;
        match (left.kind, right.kind) {
            (Type::Unknown, _) | (_, Type::Unknown) => {}
            (Type::Number(one), Type::Number(other)) => {
                self.units(one, other, &left.span, &right.span);
            }
            (Type::Text(choices), Type::Text(others)) => {
                if ordered {
                    self.complain(Problem::new(operator.clone(), "texts have no order").help("write `==` or `!=`"));
                }
                for (choices, side) in [(choices, right), (others, left)] {
                    if let Node::Text(text) = &side.node
                        && !choices.is_empty()
                        && !choices.contains(&text.as_str())
                    {
                        let help = match super::nearest(text, choices.iter().copied()) {
                            Some(near) => format!("did you mean {near}?"),
                            None => format!("it is one of {}", choices.join(", ")),
                        };
                        self.complain(Problem::new(side.span.clone(), format!("it is never `{text}`")).help(help));
                    }
                }
            }
            (Type::Flag, Type::Flag) => {
                if ordered {
                    self.complain(Problem::new(operator.clone(), "true and false have no order").help("write `==`"));
                }
            }
            (Type::Events(_), _) | (_, Type::Events(_)) => {
                self.complain(
                    Problem::new(whole, "a list of events cannot be compared")
                        .help("compare `….count`, or write `… contains \"text\"`"),
                );
            }
            (one, other) => {
                let message = format!("{} cannot be compared with {}", one.what(), other.what());
                let problem = Problem::new(whole, message);
                // A bare word on the one side is most likely a path that lacks its beginning.
                let problem = match [&left.node, &right.node].into_iter().find_map(|node| match node {
                    Node::Text(text) => Some(text),
                    _ => None,
                }) {
                    Some(text) => {
                        problem.help(format!("`{text}` is read as a text: a path begins with cluster, services, …"))
                    }
                    None => problem,
                };
                self.complain(problem);
            }
        }
    }

    /// The unit that two numbers have together; complains where they cannot meet.
    fn units(
        &mut self,
        one: Option<Unit>,
        other: Option<Unit>,
        one_at: &Range<usize>,
        other_at: &Range<usize>,
    ) -> Type {
        match (one, other) {
            (None, None) => Type::Number(None),
            (Some(Unit::Seconds), None) => self.unitless(other_at),
            (None, Some(Unit::Seconds)) => self.unitless(one_at),
            (Some(unit), None) | (None, Some(unit)) => Type::Number(Some(unit)),
            (Some(one), Some(other)) if one == other => Type::Number(Some(one)),
            (Some(one), Some(other)) => self.complain(Problem::new(
                one_at.start.min(other_at.start)..one_at.end.max(other_at.end),
                format!(
                    "{} and {} cannot be compared or added",
                    Type::Number(Some(one)).what(),
                    Type::Number(Some(other)).what()
                ),
            )),
        }
    }

    /// A bare number beside a span of time: fine if it is 0.
    fn unitless(&mut self, at: &Range<usize>) -> Type {
        let written = &self.text[at.clone()];
        if written.trim().parse::<f64>().is_ok_and(|number| number == 0.0) {
            return Type::Number(Some(Unit::Seconds));
        }
        let help = if written.trim().parse::<f64>().is_ok() {
            format!("write for example {0}s or {0}m", written.trim())
        } else {
            "units of time are ms, s, m, h, d and w".to_owned()
        };
        self.complain(Problem::new(at.clone(), "a span of time needs a unit").help(help))
    }

    fn sum(&mut self) -> Outcome {
        let mut left = self.product()?;
        loop {
            let arithmetic = if self.take("+") {
                Arithmetic::Add
            } else if self.take("-") {
                Arithmetic::Subtract
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            let kind = match self.numbers(&left, &right) {
                Some((one, other)) => self.units(one, other, &left.span, &right.span),
                None => Type::Unknown,
            };
            let span = left.span.start..right.span.end;
            left = Typed::new(Node::Arithmetic(arithmetic, Box::new(left.node), Box::new(right.node)), kind, span);
        }
    }

    fn product(&mut self) -> Outcome {
        let mut left = self.factor()?;
        loop {
            let arithmetic = if self.take("*") {
                Arithmetic::Multiply
            } else if self.take("/") {
                Arithmetic::Divide
            } else {
                return Ok(left);
            };
            let right = self.factor()?;
            let kind = match self.numbers(&left, &right) {
                Some((unit, None | Some(Unit::Count))) => Type::Number(unit),
                Some((None | Some(Unit::Count), unit)) if arithmetic == Arithmetic::Multiply => Type::Number(unit),
                Some(_) => Type::Number(None),
                None => Type::Unknown,
            };
            let span = left.span.start..right.span.end;
            left = Typed::new(Node::Arithmetic(arithmetic, Box::new(left.node), Box::new(right.node)), kind, span);
        }
    }

    fn numbers(&mut self, left: &Typed, right: &Typed) -> Option<(Option<Unit>, Option<Unit>)> {
        let mut number = |part: &Typed| match part.kind {
            Type::Number(unit) => Some(unit),
            Type::Unknown => None,
            other => {
                self.problems
                    .push(Problem::new(part.span.clone(), format!("arithmetic needs a number, not {}", other.what())));
                None
            }
        };
        let (one, other) = (number(left), number(right));
        one.zip(other)
    }

    fn factor(&mut self) -> Outcome {
        let token = self.peek().clone();
        let span = token.span.clone();
        match token.kind {
            Kind::Number(number, unit) => {
                self.at += 1;
                Ok(Typed::new(Node::Number(number), Type::Number(unit), span))
            }
            Kind::Text(text) => {
                self.at += 1;
                Ok(Typed::new(Node::Text(text), Type::Text(&[]), span))
            }
            Kind::Symbol("(") => {
                self.at += 1;
                let inner = self.deeper(Self::or)?;
                let end = self.peek().span.end;
                if !self.take(")") {
                    return Err(Problem::new(span, "this parenthesis is never closed"));
                }
                Ok(Typed::new(inner.node, inner.kind, span.start..end))
            }
            Kind::Symbol("-") => {
                self.at += 1;
                let inner = self.deeper(Self::factor)?;
                let kind = match inner.kind {
                    Type::Number(_) | Type::Unknown => inner.kind,
                    other => {
                        let message = format!("a minus needs a number, not {}", other.what());
                        self.complain(Problem::new(inner.span.clone(), message))
                    }
                };
                Ok(Typed::new(Node::Negative(Box::new(inner.node)), kind, span.start..inner.span.end))
            }
            Kind::Symbol("[") => self.list(span.start),
            Kind::Path(segments) => {
                self.at += 1;
                if let [word] = segments.as_slice()
                    && !is_root(&word.text)
                {
                    return match word.text.as_str() {
                        "true" => Ok(Typed::new(Node::Flag(true), Type::Flag, span)),
                        "false" => Ok(Typed::new(Node::Flag(false), Type::Flag, span)),
                        "count" if matches!(self.peek().kind, Kind::Symbol("(")) => self.count(span.start),
                        _ => Ok(Typed::new(Node::Text(word.text.clone()), Type::Text(&[]), span)),
                    };
                }
                let label = self.text[span.clone()].to_owned();
                match resolve(&segments, &label, self.definitions) {
                    Ok(Meaning::Value(path)) => {
                        let kind = match path.unit {
                            Unit::Flag => Type::Flag,
                            Unit::Text(choices) => Type::Text(choices),
                            unit => Type::Number(Some(unit)),
                        };
                        Ok(Typed::new(Node::Path(self.path(path)), kind, span))
                    }
                    Ok(Meaning::Events(service)) => Ok(Typed::new(Node::Flag(false), Type::Events(service), span)),
                    Err(problem) => {
                        let kind = self.complain(problem);
                        Ok(Typed::new(Node::Flag(false), kind, span))
                    }
                }
            }
            Kind::End => Err(Problem::new(span, "the expression breaks off here")),
            Kind::Symbol(symbol) => Err(Problem::new(span, format!("`{symbol}` is not expected here"))),
        }
    }

    /// `[A1, B1]`: the text `A1, B1`, as lists of names are kept.
    fn list(&mut self, start: usize) -> Outcome {
        self.at += 1;
        let mut names: Vec<Cow<'_, str>> = Vec::new();
        loop {
            let token = self.peek().clone();
            if self.take("]") {
                return Ok(Typed::new(Node::Text(names.join(", ")), Type::Text(&[]), start..token.span.end));
            }
            if !names.is_empty() && !self.take(",") {
                return Err(Problem::new(token.span, "a comma or `]` is missing in the list"));
            }
            let token = self.peek().clone();
            let name = match token.kind {
                Kind::Text(text) => Cow::Owned(text),
                Kind::Path(_) | Kind::Number(..) => Cow::Owned(self.text[token.span].to_owned()),
                _ => return Err(Problem::new(token.span, "a list holds names")),
            };
            self.at += 1;
            names.push(name);
        }
    }

    /// `count(services.web.events contains "text")`.
    fn count(&mut self, start: usize) -> Outcome {
        self.at += 1;
        let of = self.factor()?;
        let needs = "`count` counts events: count(services.web.events contains \"text\")";
        let (Type::Events(service), true) = (of.kind, self.take("contains")) else {
            if of.kind == Type::Unknown {
                while !matches!(self.peek().kind, Kind::End | Kind::Symbol(")")) {
                    self.at += 1;
                }
                self.take(")");
                return Ok(Typed::new(Node::Flag(false), Type::Unknown, of.span));
            }
            return Err(Problem::new(of.span, needs));
        };
        let text = self.factor()?;
        let Node::Text(text) = text.node else { return Err(Problem::new(text.span, needs)) };
        let end = self.peek().span.end;
        if !self.take(")") {
            return Err(Problem::new(start..end, "the parenthesis of `count` is never closed"));
        }
        let label = self.text[start..end].to_owned();
        let path = self.events(service, text, label);
        Ok(Typed::new(Node::Path(path), Type::Number(Some(Unit::Count)), start..end))
    }
}
