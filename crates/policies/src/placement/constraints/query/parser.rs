//! The parser. It reads characters directly, without a token list, because what ends an argument depends on the operator
//! before it (CQL-010), and because a message about a mistake needs the place where it was made.

use std::ops::Range;

use super::QueryError;
use super::ast::{Condition, Expression, Node, Operator, Subject, Test};
use super::attributes::is_name_character;
use super::java;
use super::pattern::Pattern;
use super::suggest::nearest;
use super::value::{Decimal, INSTANT_FORMATS, Version, parse_instant};

/// Most characters of an expression (PLC-009, CQL-003, QTA-023).
pub const EXPRESSION_LENGTH_LIMIT: usize = 2_000;

/// Most parentheses and `not`s around a condition. No rule of ECS: it keeps a hostile text from exhausting the stack.
pub const NESTING_LIMIT: usize = 100;

const ATTRIBUTE: &str = "attribute:";

/// Parses a whole expression (CQL-001, CQL-003, CQL-005, QTA-023).
pub(super) fn parse(text: &str, limit: usize) -> Result<Expression, QueryError> {
    if let Some((beyond, _)) = text.char_indices().nth(limit) {
        let message = format!("the expression has {} characters, more than the {limit} allowed", text.chars().count());
        return Err(QueryError::new(beyond..text.len(), message)
            .help("shorten it, or spread it over several constraints, which must all hold"));
    }
    let mut parser = Parser { text, at: 0, depth: 0, last_bare: None };
    parser.skip_space();
    if parser.rest().is_empty() {
        return Err(QueryError::new(0..text.len(), "the expression is empty")
            .help("write a condition such as `attribute:ecs.instance-type == t2.small`"));
    }
    let expression = parser.disjunction()?;
    if parser.rest().is_empty() { Ok(expression) } else { Err(parser.unexpected()) }
}

/// Whether the value can stand without quotes (CQL-010).
pub(super) fn is_bare(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(['[', '\'', '"']) && !text.contains(|c| ends_value(c) || c == '(')
}

/// Whether the pattern can stand without quotes, even before a `)` (CQL-010).
pub(super) fn is_bare_pattern(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(['\'', '"']) && java::bare_end(&format!("{text})")) == text.len()
}

/// Whether a bare argument ends before this character (CQL-010).
fn ends_value(character: char) -> bool {
    character.is_whitespace() || matches!(character, ',' | ']' | ')')
}

/// Whether the character belongs to a word, so that a keyword before it is not one. Wider than any subject or operator,
/// so that a misspelt one is quoted whole.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | ':' | '.' | '/' | '\\')
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// The bare argument read last and its operator, to explain what it swallowed when the text goes on wrongly.
    last_bare: Option<(Range<usize>, Operator)>,
}

/// An argument with the place of its text, quotes excluded.
struct Literal<'a> {
    text: &'a str,
    span: Range<usize>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// The word at this place, or nothing.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]
    }

    /// What stands at this place, for messages: a word, a run of other characters, or a single bracket.
    fn found(&self) -> &'a str {
        let rest = self.rest();
        let word = self.word();
        if !word.is_empty() {
            return word;
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        if rest.starts_with(['(', ')', '[', ']', ',', '\'', '"']) {
            return &rest[..first];
        }
        let end = rest.find(|c: char| is_word(c) || c.is_whitespace() || "()[],'\"".contains(c));
        &rest[..end.unwrap_or(rest.len()).max(first)]
    }

    fn here(&self) -> Range<usize> {
        self.at..self.at + self.found().len()
    }

    fn error(&self, message: impl Into<String>) -> QueryError {
        QueryError::new(self.here(), message)
    }

    /// Reads a boolean word in any case (CQL-006) or its symbol.
    fn eat_boolean(&mut self, word: &str, symbol: &str) -> bool {
        let length = if self.word().eq_ignore_ascii_case(word) {
            word.len()
        } else if self.rest().starts_with(symbol) {
            symbol.len()
        } else {
            return false;
        };
        self.at += length;
        self.skip_space();
        true
    }

    fn at_boolean(&self) -> bool {
        let word = self.word();
        ["and", "or", "not"].iter().any(|boolean| word.eq_ignore_ascii_case(boolean))
            || self.rest().starts_with("&&")
            || self.rest().starts_with("||")
    }

    /// `or` binds weakest (CQL-002).
    fn disjunction(&mut self) -> Result<Expression, QueryError> {
        let mut parts = Vec::new();
        loop {
            match self.conjunction()? {
                Expression(Node::Any(inner)) => parts.extend(inner),
                part => parts.push(part),
            }
            if !self.eat_boolean("or", "||") {
                break;
            }
        }
        Ok(only(&mut parts).unwrap_or_else(|| Expression(Node::Any(parts))))
    }

    /// `and` binds stronger than `or` (CQL-002).
    fn conjunction(&mut self) -> Result<Expression, QueryError> {
        let mut parts = Vec::new();
        loop {
            match self.negation()? {
                Expression(Node::All(inner)) => parts.extend(inner),
                part => parts.push(part),
            }
            if !self.eat_boolean("and", "&&") {
                break;
            }
        }
        Ok(only(&mut parts).unwrap_or_else(|| Expression(Node::All(parts))))
    }

    /// `not` binds to the next simple or parenthesised expression (CQL-002); parentheses group (CQL-001).
    fn negation(&mut self) -> Result<Expression, QueryError> {
        let start = self.at;
        if self.eat_boolean("not", "!") {
            self.enter(start)?;
            let inner = self.negation()?;
            self.depth -= 1;
            return Ok(Expression(Node::Not(Box::new(inner))));
        }
        if !self.rest().starts_with('(') {
            return self.condition();
        }
        self.at += 1;
        self.enter(start)?;
        self.skip_space();
        if self.rest().starts_with(')') {
            return Err(QueryError::new(start..self.at + 1, "nothing stands between the parentheses")
                .help("put a condition there, such as `attribute:stack exists`"));
        }
        let inner = self.disjunction()?;
        self.depth -= 1;
        if self.rest().starts_with(')') {
            self.at += 1;
            self.skip_space();
            Ok(inner)
        } else if self.rest().is_empty() {
            Err(QueryError::new(start..start + 1, "`(` is not closed").help("add the missing `)`"))
        } else {
            Err(self.unexpected())
        }
    }

    fn enter(&mut self, start: usize) -> Result<(), QueryError> {
        self.depth += 1;
        if self.depth <= NESTING_LIMIT {
            return Ok(());
        }
        let message = format!("more than {NESTING_LIMIT} parentheses and `not`s are nested here");
        Err(QueryError::new(start..self.at.max(start + 1), message)
            .help("split the expression into several constraints"))
    }

    /// The error for whatever stands after a complete condition (CQL-005).
    fn unexpected(&self) -> QueryError {
        let found = self.found();
        let error = match found {
            ")" => self.error("`)` has no `(` before it").help("remove it, or quote a value that contains it"),
            "," => self
                .error("`,` separates values only within `[` and `]`")
                .help("write a list such as `in [a, b]`, or quote a value that contains a comma"),
            "]" => self.error("`]` has no `[` before it").help("write a list such as `in [a, b]`"),
            _ => self.error(format!("expected `and` or `or` here, found `{found}`")),
        };
        let Some((span, operator)) = &self.last_bare else { return error };
        let value = &self.text[span.clone()];
        let operator = operator.symbol();
        if ["and", "or", "not", "&&", "||"].iter().any(|boolean| value.eq_ignore_ascii_case(boolean)) {
            return error.help(format!(
                "`{value}` was read as the value of `{operator}`; the value itself seems to be missing"
            ));
        }
        if let Some(symbol) = ["&&", "||"].iter().find(|symbol| value.contains(**symbol)) {
            return error.help(format!("`{symbol}` was read as part of the value `{value}`; put a space before it"));
        }
        let begins_condition =
            found.starts_with(ATTRIBUTE) || Subject::FIXED.iter().any(|(name, _)| *name == found) || self.at_boolean();
        let follows = self.text[span.end..self.at].chars().all(char::is_whitespace);
        if error.help.is_none() && follows && !begins_condition && found.starts_with(is_word) {
            return error.help(format!("a value that contains spaces needs quotes: `'{value} {found}'`"));
        }
        error
    }

    /// A simple expression (CQL-001).
    fn condition(&mut self) -> Result<Expression, QueryError> {
        let start = self.at;
        let subject = self.subject()?;
        let name = &self.text[start..self.at];
        self.skip_space();
        let (operator, place) = self.operator(&subject, name, start)?;
        let test = self.test(&subject, operator, place)?;
        self.skip_space();
        Ok(Expression(Node::Condition(Condition { subject, operator, test })))
    }

    /// Subjects and attribute names are case-sensitive (CQL-005, CQL-006).
    fn subject(&mut self) -> Result<Subject, QueryError> {
        let word = self.word();
        if word.is_empty() {
            return Err(self.no_condition());
        }
        let span = self.here();
        if let Some(name) = word.strip_prefix(ATTRIBUTE) {
            let name_at = self.at + ATTRIBUTE.len();
            if name.is_empty() {
                return Err(QueryError::new(span, "`attribute:` needs a name right after it")
                    .help("write one such as `attribute:ecs.instance-type`"));
            }
            if let Some((at, character)) = name.char_indices().find(|(_, character)| !is_name_character(*character)) {
                let place = name_at + at..name_at + at + character.len_utf8();
                return Err(QueryError::new(place, format!("an attribute name cannot have `{character}`"))
                    .help("allowed are letters, digits, `-`, `_`, `/`, `\\` and `.`"));
            }
            self.at = span.end;
            return Ok(Subject::Attribute(name.to_owned()));
        }
        if let Some((_, subject)) = Subject::FIXED.iter().find(|(fixed, _)| *fixed == word) {
            self.at = span.end;
            return Ok(subject.clone());
        }
        if self.at_boolean() || Operator::WORDS.iter().any(|(operator, _)| word.eq_ignore_ascii_case(operator)) {
            return Err(self.no_condition());
        }
        Err(unknown_subject(word, span))
    }

    /// The error where a condition should begin and none does.
    fn no_condition(&self) -> QueryError {
        let names: Vec<_> = Subject::FIXED.iter().map(|(name, _)| format!("`{name}`")).collect();
        let help = format!("a condition begins with {} or `attribute:NAME`", names.join(", "));
        match self.found() {
            "" => {
                // Point at what is left hanging, since nothing can be underlined at the end.
                let last = self.text.trim_end();
                let from = last
                    .rfind(char::is_whitespace)
                    .map_or(0, |space| space + last[space..].chars().next().map_or(0, char::len_utf8));
                QueryError::new(from..last.len(), "the expression ends where a condition should follow").help(help)
            }
            found => self.error(format!("expected a condition here, found `{found}`")).help(help),
        }
    }

    /// Reads the operator and checks that the subject allows it (CQL-004, CQL-005).
    fn operator(
        &mut self,
        subject: &Subject,
        name: &str,
        start: usize,
    ) -> Result<(Operator, Range<usize>), QueryError> {
        let span = self.here();
        let Some((operator, length)) = self.operator_at() else {
            return Err(self.no_operator(subject, name, start));
        };
        let place = self.at..self.at + length;
        if !subject.operators().contains(&operator) {
            let written = &self.text[place.clone()];
            let message = format!("operator `{written}` is not allowed for `{}`", subject);
            return Err(QueryError::new(place, message).help(format!("allowed are {}", allowed(subject))));
        }
        // `===` and the like are typing mistakes, not an operator before a value that begins with a symbol.
        let symbols = self.rest().find(|c| !"=!<>~".contains(c)).unwrap_or(self.rest().len());
        if let Some((wrong, right)) =
            [("===", "=="), ("!==", "!="), ("<>", "!=")].iter().find(|(wrong, _)| self.rest()[..symbols] == **wrong)
        {
            return Err(QueryError::new(span.start..span.start + wrong.len(), format!("unknown operator `{wrong}`"))
                .help(format!("did you mean `{right}`?")));
        }
        self.at = place.end;
        Ok((operator, place))
    }

    /// The operator at this place and its length. Symbols end where they end; words must end where the word does.
    /// `!exists` and `!in` are single tokens (CQL-010); words are accepted in any case (CQL-006).
    fn operator_at(&self) -> Option<(Operator, usize)> {
        let word = self.word();
        if let Some((text, operator)) = Operator::WORDS.iter().find(|(text, _)| word.eq_ignore_ascii_case(text)) {
            return Some((*operator, text.len()));
        }
        Operator::SYMBOLS.iter().map(|(text, operator)| (*operator, *text)).find_map(|(operator, text)| {
            let begins = self.text.get(self.at..self.at + text.len())?.eq_ignore_ascii_case(text);
            let ends = !text.ends_with(is_word) || !self.text[self.at + text.len()..].starts_with(is_word);
            (begins && ends).then_some((operator, text.len()))
        })
    }

    /// The error where an operator should stand and none does.
    fn no_operator(&self, subject: &Subject, name: &str, start: usize) -> QueryError {
        let found = self.found();
        let list = format!("allowed are {}", allowed(subject));
        let after_not = ["not", "!"].iter().find_map(|not| {
            let rest = self.rest().get(not.len()..)?;
            let after = rest.trim_start();
            let word = &after[..after.find(|c| !is_word(c)).unwrap_or(after.len())];
            let known = ["in", "exists", "equals", "matches"].iter().find(|known| word.eq_ignore_ascii_case(known))?;
            (found.eq_ignore_ascii_case(not)).then(|| (*known, self.at..self.text.len() - after.len() + word.len()))
        });
        if let Some((word, span)) = after_not {
            let message = format!("unknown operator `{}`", &self.text[span.clone()]);
            return QueryError::new(span, message).help(format!("did you mean `not_{word}`?"));
        }
        if found.is_empty() || found.starts_with(['(', ')', '[', ']', ',', '\'', '"']) || self.at_boolean() {
            let examples = match subject {
                Subject::Attribute(_) | Subject::TaskGroup => "`==` or `exists`",
                _ => "`==`",
            };
            return QueryError::new(
                start..start + name.len(),
                format!("`{name}` needs an operator such as {examples}"),
            )
            .help(list);
        }
        let operators = subject.operators();
        let words =
            || Operator::WORDS.iter().filter(|(_, operator)| operators.contains(operator)).map(|(text, _)| *text);
        // `is` and the like mean equality, which no spelling distance would find.
        let meant = match found.to_ascii_lowercase().as_str() {
            "=" | "is" | "eq" | ":" => Some("=="),
            "=>" => Some(">="),
            "=<" => Some("<="),
            "~=" | "~" | "like" => Some("=~"),
            other => nearest(other, words()),
        };
        let negated =
            self.rest().strip_prefix('!').map(|rest| &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]);
        if let Some(word) = negated.filter(|word| found == "!" && !word.is_empty()) {
            let place = self.at..self.at + 1 + word.len();
            let error = QueryError::new(place, format!("unknown operator `!{word}`"));
            return match nearest(&format!("not_{word}"), words()) {
                Some(meant) => error.help(format!("did you mean `{meant}`?")),
                None => error.help(list),
            };
        }
        let error = self.error(format!("unknown operator `{found}`"));
        match meant.filter(|meant| allowed(subject).contains(&format!("`{meant}`")) || !"=<>~".contains(&meant[..1])) {
            Some(meant) => error.help(format!("did you mean `{meant}`?")),
            None => error.help(list),
        }
    }

    /// Reads the argument and compiles it to the type of the subject (CQL-004, CQL-009, CQL-012 to CQL-014).
    fn test(&mut self, subject: &Subject, operator: Operator, place: Range<usize>) -> Result<Test, QueryError> {
        match operator {
            Operator::Exists | Operator::NotExists => {
                self.last_bare = None;
                return Ok(Test::Presence);
            }
            Operator::In | Operator::NotIn => return self.list(operator, place).map(Test::OneOf),
            _ => {}
        }
        let literal = self.literal(operator, place)?;
        if matches!(operator, Operator::Matches | Operator::NotMatches) {
            return Pattern::compile(literal.text, literal.span).map(Test::Pattern);
        }
        let text = literal.text.to_owned();
        match subject {
            Subject::AgentVersion => match Version::parse(&text) {
                Some(version) => Ok(Test::Version { text, version }),
                None => Err(QueryError::new(literal.span, format!("`{text}` is not an agent version"))
                    .help("write numbers with dots between them, such as 1.14.5")),
            },
            Subject::RegisteredAt => match parse_instant(&text) {
                Ok(unix_ms) => Ok(Test::Instant { text, unix_ms }),
                Err(message) => Err(QueryError::new(literal.span, message).help(INSTANT_FORMATS)),
            },
            Subject::RunningTasksCount => match text.parse() {
                Ok(count) => Ok(Test::Count { text, count }),
                Err(_) => Err(QueryError::new(literal.span, format!("`{text}` is not a whole number"))
                    .help("`runningTasksCount` compares with a whole number, such as 1")),
            },
            Subject::Attribute(_) if !matches!(operator, Operator::Equal | Operator::NotEqual) => {
                Ok(Test::Order { number: Decimal::parse(&text), text })
            }
            _ => Ok(Test::Text(text)),
        }
    }

    /// The argument of `in` and `not_in`: a list, or a single value.
    fn list(&mut self, operator: Operator, place: Range<usize>) -> Result<Vec<String>, QueryError> {
        self.skip_space();
        let open = self.at;
        if !self.rest().starts_with('[') {
            return Ok(vec![self.literal(operator, place)?.text.to_owned()]);
        }
        self.at += 1;
        let unclosed = || QueryError::new(open..open + 1, "`[` is not closed").help("add the missing `]`");
        let mut values = Vec::new();
        loop {
            self.skip_space();
            match self.rest().chars().next() {
                None => return Err(unclosed()),
                Some(']') if values.is_empty() => {
                    return Err(QueryError::new(open..self.at + 1, "the list is empty")
                        .help("write at least one value, such as `[a, b]`"));
                }
                Some(',' | ']') => return Err(self.error(format!("expected a value here, found `{}`", self.found()))),
                Some('[') => return Err(self.error("a list cannot contain a list")),
                Some(_) => values.push(self.literal(operator, place.clone())?.text.to_owned()),
            }
            self.skip_space();
            match self.rest().chars().next() {
                Some(',') => self.at += 1,
                Some(']') => {
                    self.at += 1;
                    self.last_bare = None;
                    return Ok(values);
                }
                None | Some(')') => return Err(unclosed()),
                Some(_) => {
                    return Err(self
                        .error(format!("expected `,` or `]` here, found `{}`", self.found()))
                        .help("put `,` between values and quotes around a value that contains spaces"));
                }
            }
        }
    }

    /// A single value: quoted, or bare with the ends of CQL-010.
    fn literal(&mut self, operator: Operator, place: Range<usize>) -> Result<Literal<'a>, QueryError> {
        self.skip_space();
        let start = self.at;
        let rest = self.rest();
        let is_pattern = matches!(operator, Operator::Matches | Operator::NotMatches);
        self.last_bare = None;
        if let Some(quote @ ('\'' | '"')) = rest.chars().next() {
            let Some(length) = rest[1..].find(quote) else {
                return Err(QueryError::new(start..self.text.len(), format!("`{quote}` is not closed"))
                    .help(format!("add the missing `{quote}` at the end of the value")));
            };
            let span = start + 1..start + 1 + length;
            self.at = span.end + 1;
            return Ok(Literal { text: &self.text[span.clone()], span });
        }
        let end = if is_pattern { java::bare_end(rest) } else { rest.find(ends_value).unwrap_or(rest.len()) };
        if end == 0 {
            let written = &self.text[place.clone()];
            let example = match operator {
                Operator::In | Operator::NotIn => "[a, b]",
                Operator::Matches | Operator::NotMatches => "t2.*",
                _ => "prod",
            };
            return Err(QueryError::new(place, format!("operator `{written}` needs a value"))
                .help(format!("write one after it, such as `{written} {example}`")));
        }
        if !is_pattern && rest.starts_with('[') {
            let written = &self.text[place];
            return Err(QueryError::new(
                start..start + 1,
                format!("operator `{written}` takes a single value, not a list"),
            )
            .help("use `in` or `not_in` for a list"));
        }
        if !is_pattern && let Some(open) = rest[..end].find('(') {
            return Err(QueryError::new(start + open..start + open + 1, "a value without quotes cannot have `(`")
                .help("put quotes around the value; parentheses group whole conditions"));
        }
        let span = start..start + end;
        self.at = span.end;
        self.last_bare = Some((span.clone(), operator));
        Ok(Literal { text: &self.text[span.clone()], span })
    }
}

/// The single element of `parts`, taken out.
fn only(parts: &mut Vec<Expression>) -> Option<Expression> {
    if parts.len() == 1 { parts.pop() } else { None }
}

/// The operators that a subject allows, for messages.
fn allowed(subject: &Subject) -> String {
    let symbols: Vec<_> = subject.operators().iter().map(|operator| format!("`{}`", operator.symbol())).collect();
    symbols.join(" ")
}

/// The error for a word that is no subject (CQL-005), with the subject that it resembles.
fn unknown_subject(word: &str, span: Range<usize>) -> QueryError {
    let fixed = Subject::FIXED.iter().map(|(name, _)| *name);
    let (prefix, name) = word.split_once(':').unwrap_or(("", word));
    let mut message = format!("unknown subject `{word}`");
    let mut help = None;
    if let Some(meant) = nearest(word, fixed) {
        message.push_str(&format!("; did you mean `{meant}`?"));
    } else if !prefix.is_empty() && !name.is_empty() && nearest(prefix, ["attribute"]).is_some() {
        message.push_str(&format!("; did you mean `attribute:{name}`?"));
    } else if word.chars().all(is_name_character) {
        help = Some(format!("if it is an attribute, write `attribute:{word}`"));
    } else {
        let names: Vec<_> = Subject::FIXED.iter().map(|(name, _)| format!("`{name}`")).collect();
        help = Some(format!("subjects are {} and `attribute:NAME`", names.join(", ")));
    }
    QueryError { span, message, help }
}
