//! A document held against the JSON Schema of a scenario: every problem in one go, at its place and in plain words.
//!
//! A schema may help with the words:
//! * `x-ecsim-expected`: what is expected, to follow "expected": "a length of time with its unit, such as 90s or 5m";
//! * `x-ecsim-help`: what to do when it is something else;
//! * `x-ecsim-noun`: what an object is called, with its article: "a service". Otherwise the name under `$defs` is used.

mod marked;
mod spelling;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, Span, shown};
use crate::document::{Document, Node, NodeKind, Path, Segment};
pub use marked::walk_marked;
pub(crate) use spelling::forms;
pub use spelling::normalise_spelling;
pub use words::nearest;
#[cfg(test)]
pub(crate) use words::small_abbreviation;
pub(crate) use words::{flip_first_letter, list_of};

/// After this many problems with the form of a document no more are worked out.
const MOST_PROBLEMS: usize = 2000;

/// Tells whether a text is well written in a `format`.
pub type FormatCheck = fn(&str) -> bool;

/// A schema made ready for checking many documents.
#[derive(Debug)]
pub struct Checker {
    schema: Value,
    validator: Validator,
}

impl Checker {
    /// Makes a schema ready. An error says what is wrong with the *schema*: a fault of ours, never of a user.
    pub fn new(schema: &Value) -> Result<Self, String> {
        Self::with_formats(schema, &[])
    }

    /// The same with checks for the schema's own `format`s.
    pub fn with_formats(schema: &Value, formats: &[(&'static str, FormatCheck)]) -> Result<Self, String> {
        let mut schema = schema.clone();
        bound_integers(&mut schema);
        let mut options = jsonschema::options().should_validate_formats(!formats.is_empty());
        for (name, check) in formats {
            options = options.with_format(*name, *check);
        }
        // The linear engine cannot be made to hang by a long text; only a pattern that looks ahead needs the other one.
        let validator = match options.clone().with_pattern_options(PatternOptions::regex()).build(&schema) {
            Ok(validator) => validator,
            Err(_) => options.build(&schema).map_err(|error| error.to_string())?,
        };
        Ok(Self { schema, validator })
    }

    /// The schema, with the bounds of its integers made explicit.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Adds every problem with the form of the document.
    pub fn check(&self, document: &Document, diagnostics: &mut Diagnostics) {
        let value = document.to_value();
        if self.validator.is_valid(&value) {
            return;
        }
        let mut report = Report { schema: &self.schema, document, found: Vec::new() };
        let errors: Vec<ValidationError<'_>> = self.validator.iter_errors(&value).take(MOST_PROBLEMS * 5).collect();
        report.add_all(&errors);
        diagnostics.extend(report.found);
    }
}

/// Adds every problem with the form of the document. To check many documents, make a [`Checker`] once.
pub fn validate(schema: &Value, document: &Document, diagnostics: &mut Diagnostics) {
    match Checker::new(schema) {
        Ok(checker) => checker.check(document, diagnostics),
        Err(reason) => diagnostics.push(schema_is_broken(&reason)),
    }
}

pub(crate) fn schema_is_broken(reason: &str) -> Diagnostic {
    Diagnostic::error("E029", format!("ecsim's own schema cannot be used: {}", shown(reason)))
        .help("this is a fault in ecsim: please report it")
}

/// `format: uint32` says more than `minimum: 0`: what would not fit the type is to be found here, with a place, and not later.
fn bound_integers(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(bound_integers),
        Value::Object(fields) => {
            let bounds: Option<(Value, Value)> = match fields.get("format").and_then(Value::as_str) {
                Some("uint8") => Some((0.into(), u8::MAX.into())),
                Some("uint16") => Some((0.into(), u16::MAX.into())),
                Some("uint32") => Some((0.into(), u32::MAX.into())),
                Some("uint64" | "uint") => Some((0.into(), u64::MAX.into())),
                Some("int8") => Some((i8::MIN.into(), i8::MAX.into())),
                Some("int16") => Some((i16::MIN.into(), i16::MAX.into())),
                Some("int32") => Some((i32::MIN.into(), i32::MAX.into())),
                Some("int64" | "int") => Some((i64::MIN.into(), i64::MAX.into())),
                _ => None,
            };
            if let Some((least, most)) = bounds {
                for (keyword, other, bound) in
                    [("minimum", "exclusiveMinimum", least), ("maximum", "exclusiveMaximum", most)]
                {
                    if !fields.contains_key(other) {
                        fields.entry(keyword).or_insert(bound);
                    }
                }
            }
            fields.iter_mut().for_each(|(_, value)| bound_integers(value));
        }
        _ => {}
    }
}

/// The problems of one document, as they are found.
struct Report<'a> {
    schema: &'a Value,
    document: &'a Document,
    found: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    /// All errors that concern one value, or values in it.
    fn add_all(&mut self, errors: &[ValidationError<'_>]) {
        // A misspelt field is said once: not again as the lack of the well-spelt one. Unknown ones that are like no
        // other stand here with an empty name.
        let mut meant: BTreeSet<(String, String)> = BTreeSet::new();
        for error in errors {
            if self.found.len() >= MOST_PROBLEMS {
                return;
            }
            if !matches!(error.kind(), ValidationErrorKind::Required { .. }) && self.choice_of_fields(error).is_none() {
                self.add(error, &mut meant);
            }
        }
        for error in errors {
            if let Some(names) = self.choice_of_fields(error) {
                self.add_choice_of_fields(error, &names, &meant);
            }
        }
        let mut missing: BTreeMap<&str, Vec<(&str, &ValidationError<'_>)>> = BTreeMap::new();
        for error in errors {
            if let ValidationErrorKind::Required { property } = error.kind() {
                let name = property.as_str().unwrap_or_default();
                if !meant.contains(&(error.instance_path().as_str().to_owned(), name.to_owned())) {
                    missing.entry(error.instance_path().as_str()).or_default().push((name, error));
                }
            }
        }
        for fields in missing.values() {
            self.add_missing(fields);
        }
    }

    fn add(&mut self, error: &ValidationError<'_>, meant: &mut BTreeSet<(String, String)>) {
        let pointer = error.instance_path().as_str();
        let path = self.document.path_of_pointer(pointer);
        let (holder_pointer, holder) = self.holder(error);
        let node = self.document.get(&path);
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = properties(self.schema, holder);
                for name in unexpected.iter().take(MOST_PROBLEMS) {
                    let near = self.add_unknown(&path, name, &known, &self.place_of(holder_pointer, holder, &path));
                    meant.insert((pointer.to_owned(), near.unwrap_or_default()));
                }
            }
            ValidationErrorKind::AnyOf { context } => self.add_alternatives(error, &path, holder, "anyOf", context),
            ValidationErrorKind::OneOfNotValid { context } => {
                self.add_alternatives(error, &path, holder, "oneOf", context)
            }
            ValidationErrorKind::Type { kind } => {
                let expected = self.expected_or(holder, || types_in_words(kind));
                self.add_mismatch("E021", &path, holder, &expected);
            }
            ValidationErrorKind::Enum { options } => {
                let options: Vec<&Value> = options.as_array().into_iter().flatten().collect();
                self.add_choice(&path, &options);
            }
            ValidationErrorKind::Constant { expected_value } => self.add_choice(&path, &[expected_value.as_ref()]),
            ValidationErrorKind::Minimum { limit } => self.add_range(&path, holder, format!("at least {limit}")),
            ValidationErrorKind::Maximum { limit } => self.add_range(&path, holder, format!("at most {limit}")),
            ValidationErrorKind::ExclusiveMinimum { limit } => {
                self.add_range(&path, holder, format!("more than {limit}"))
            }
            ValidationErrorKind::ExclusiveMaximum { limit } => {
                self.add_range(&path, holder, format!("less than {limit}"))
            }
            ValidationErrorKind::MultipleOf { multiple_of } => {
                self.add_range(&path, holder, format!("a multiple of {multiple_of}"))
            }
            ValidationErrorKind::Pattern { pattern } => {
                let expected = self.expected_or(holder, || format!("a text of the form `{}`", shown(pattern)));
                self.add_mismatch("E025", &path, holder, &expected);
            }
            ValidationErrorKind::Format { format } => {
                let expected = self.expected_or(holder, || format!("a text in the format `{}`", shown(format)));
                self.add_mismatch("E025", &path, holder, &expected);
            }
            ValidationErrorKind::MinItems { limit } => {
                self.add_length(&path, holder, node, "at least", *limit, "element")
            }
            ValidationErrorKind::MaxItems { limit } => {
                self.add_length(&path, holder, node, "at most", *limit, "element")
            }
            ValidationErrorKind::MinLength { limit } => {
                self.add_length(&path, holder, node, "at least", *limit, "letter")
            }
            ValidationErrorKind::MaxLength { limit } => {
                self.add_length(&path, holder, node, "at most", *limit, "letter")
            }
            ValidationErrorKind::MinProperties { limit } => {
                self.add_length(&path, holder, node, "at least", *limit, "field")
            }
            ValidationErrorKind::MaxProperties { limit } => {
                self.add_length(&path, holder, node, "at most", *limit, "field")
            }
            ValidationErrorKind::UniqueItems => self.add_repeated(&path),
            ValidationErrorKind::FalseSchema => {
                self.found.push(
                    Diagnostic::error("E020", format!("{} has no place here", subject(&path)))
                        .label(self.document.key_span(&path), "remove it"),
                );
            }
            ValidationErrorKind::PropertyNames { error } => {
                let key = error.instance().as_str().unwrap_or_default().to_owned();
                let (_, holder) = self.holder(error);
                let expected = self.expected_or(holder, || error.to_string());
                let message = format!("the key `{}` in {}: expected {expected}", shown(&key), subject(&path));
                self.found
                    .push(Diagnostic::error("E025", message).label(self.document.key_span(&path.key(key)), "this key"));
            }
            // Required is gathered by the caller; the rest are keywords that our schema does not use.
            _ => {
                let expected = self.expected_or(holder, || error.to_string());
                self.add_mismatch("E027", &path, holder, &expected);
            }
        }
    }

    /// The schema that holds the keyword which failed.
    fn holder<'e>(&self, error: &'e ValidationError<'_>) -> (&'e str, &'a Value) {
        let keyword = error.schema_path().as_str();
        let pointer = keyword.rfind('/').map_or("", |end| &keyword[..end]);
        (pointer, self.schema.pointer(pointer).unwrap_or(self.schema))
    }

    /// Where a field stands, to follow the name of an unknown one: "in a service".
    fn place_of(&self, pointer: &str, holder: &Value, path: &Path) -> String {
        if let Some(noun) = holder.get("x-ecsim-noun").and_then(Value::as_str) {
            return format!("in {noun}");
        }
        match (path.0.last(), pointer.strip_prefix("/$defs/")) {
            (None, _) => "at the top of the scenario".to_owned(),
            (Some(Segment::Index(_)), Some(name)) if !name.contains('/') => {
                format!("in {}", words::with_article(&words::decamelise(name)))
            }
            _ => format!("in {}", subject(path)),
        }
    }

    fn add_unknown(&mut self, path: &Path, name: &str, known: &[&str], place: &str) -> Option<String> {
        // A field that is there already was hardly meant, but a misspelt override says it once more.
        let near = nearest(name, known.iter().copied().filter(|known| !self.has(path, known)))
            .or_else(|| nearest(name, known.iter().copied()));
        let diagnostic = Diagnostic::error("E020", format!("unknown field `{}` {place}", shown(name)))
            .label(self.document.key_span(&path.clone().key(name)), "no such field");
        self.found.push(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => diagnostic.help("there are no fields here: remove it"),
            None if known.len() == 1 => diagnostic.note(format!("the only field is {}", list_of(known))),
            None => diagnostic.note(format!("the fields are {}", list_of(known))),
        });
        near.map(str::to_owned)
    }

    fn has(&self, path: &Path, key: &str) -> bool {
        self.document.get(path).is_some_and(|node| node.get(key).is_some())
    }

    /// The names, if the schema says "exactly one of these fields": a `oneOf` of nothing but `required`.
    fn choice_of_fields(&self, error: &ValidationError<'_>) -> Option<Vec<&'a str>> {
        if !matches!(
            error.kind(),
            ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::OneOfMultipleValid { .. }
        ) {
            return None;
        }
        let (_, holder) = self.holder(error);
        let branches = holder.get("oneOf")?.as_array()?.iter();
        branches
            .map(|branch| match branch.as_object()?.iter().collect::<Vec<_>>().as_slice() {
                [(keyword, names)] if keyword.as_str() == "required" => match names.as_array()?.as_slice() {
                    [only] => only.as_str(),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    /// None of several fields of which one is needed, or more than one.
    fn add_choice_of_fields(
        &mut self,
        error: &ValidationError<'_>,
        names: &[&str],
        meant: &BTreeSet<(String, String)>,
    ) {
        let pointer = error.instance_path().as_str();
        let path = self.document.path_of_pointer(pointer);
        let given: Vec<&str> = names.iter().copied().filter(|name| self.has(&path, name)).collect();
        if !given.is_empty() {
            return self.push_exclusive(&path, &given);
        }
        // An unknown field was probably meant to be the one.
        if meant.iter().any(|(place, _)| place == pointer) {
            return;
        }
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("{} must have exactly one of {}", subject(&path), words::join(&quoted, "or"));
        let (_, holder) = self.holder(error);
        let help = holder.get("x-ecsim-help").and_then(Value::as_str).map(str::to_owned);
        self.found
            .push(Diagnostic::error("E022", message).label(self.span_of_map(&path), "none is given").help_if(help));
    }

    /// Fields that exclude one another are given together.
    fn push_exclusive(&mut self, path: &Path, given: &[&str]) {
        let [first, others @ ..] = given else { return };
        let quoted: Vec<String> = given.iter().map(|key| format!("`{}`", shown(key))).collect();
        let message = format!("{}: only one of {} can be given", subject(path), words::join(&quoted, "and"));
        let mut diagnostic = Diagnostic::error("E026", message);
        for key in others {
            diagnostic = diagnostic.label(self.document.key_span(&path.clone().key(*key)), "this one excludes");
        }
        self.found.push(diagnostic.label(self.document.key_span(&path.clone().key(*first)), "this one"));
    }

    fn add_missing(&mut self, fields: &[(&str, &ValidationError<'_>)]) {
        let Some((_, error)) = fields.first() else { return };
        let path = self.document.path_of_pointer(error.instance_path().as_str());
        let (holder_pointer, holder) = self.holder(error);
        let place = self.place_of(holder_pointer, holder, &path);
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let what = if names.len() == 1 { "the field" } else { "the fields" };
        let verb = if names.len() == 1 { "is" } else { "are" };
        let message = format!("{what} {} {verb} missing {place}", list_of(&names));
        let mut diagnostic = Diagnostic::error("E022", message).label(self.span_of_map(&path), "missing here");
        if let [name] = names.as_slice()
            && let Some(expected) =
                properties_of(self.schema, holder).get(name).and_then(|field| self.expected(field, 0))
        {
            diagnostic = diagnostic.help(format!("add `{name}`: {expected}"));
        }
        self.found.push(diagnostic);
    }

    /// A place that stands for a whole map: the key it belongs to, or for an element of a list its own first key.
    fn span_of_map(&self, path: &Path) -> Span {
        let first = self.document.get(path).and_then(Node::as_map).and_then(|map| map.iter().next());
        match path.0.last() {
            Some(Segment::Key(_)) => self.document.key_span(path),
            _ => first.map_or_else(|| self.document.span(path), |entry| entry.key_span),
        }
    }

    /// "`x`: expected this, found that", with what would be right where that can be told.
    fn add_mismatch(&mut self, code: &'static str, path: &Path, holder: &Value, expected: &str) {
        let node = self.document.get(path);
        let found = node.map_or_else(|| "nothing".to_owned(), Node::in_words);
        let help = holder.get("x-ecsim-help").and_then(Value::as_str).map(str::to_owned);
        // What is long is said once, in the first line.
        let label = if expected.len() > 40 { String::new() } else { format!("expected {expected}") };
        self.found.push(
            Diagnostic::error(code, format!("{}: expected {expected}, found {found}", subject(path)))
                .label(self.document.span(path), label)
                .help_if(help.or_else(|| node.and_then(|node| advice(holder, node)))),
        );
    }

    fn add_range(&mut self, path: &Path, holder: &Value, bound: String) {
        let expected = self.expected_or(holder, || bound.clone());
        let expected = if expected == bound { bound } else { format!("{expected} ({bound})") };
        self.add_mismatch("E024", path, &Value::Null, &expected);
    }

    fn add_length(&mut self, path: &Path, holder: &Value, node: Option<&Node>, bound: &str, limit: u64, noun: &str) {
        let many = |count: u64| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let length = node.map_or(0, |node| match &node.kind {
            NodeKind::List(list) => list.len(),
            NodeKind::Map(map) => map.len(),
            NodeKind::String(text) => text.chars().count(),
            _ => 0,
        });
        // A long list is best shown by its name.
        let is_text = node.is_some_and(|node| node.as_str().is_some());
        let span = if is_text { self.document.span(path) } else { self.document.key_span(path) };
        let help = holder.get("x-ecsim-help").and_then(Value::as_str).map(str::to_owned);
        let message = format!("{} has {}; it must have {bound} {}", subject(path), many(length as u64), many(limit));
        self.found
            .push(Diagnostic::error("E027", message).label(span, format!("{bound} {}", many(limit))).help_if(help));
    }

    fn add_repeated(&mut self, path: &Path) {
        let list = self.document.get(path).and_then(Node::as_list).unwrap_or(&[]);
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for node in list {
            let value = node.to_value().to_string();
            if let Some(first) = seen.get(&value) {
                let message = format!("{} has the same element twice: {}", subject(path), node.in_words());
                self.found.push(
                    Diagnostic::error("E027", message).label(node.span, "again here").label(*first, "first here"),
                );
            } else {
                seen.insert(value, node.span);
            }
        }
    }

    /// The value is not one of a few that are allowed.
    fn add_choice(&mut self, path: &Path, options: &[&Value]) {
        let texts: Vec<String> =
            options.iter().filter(|option| !option.is_null()).map(|option| words::written(option)).collect();
        let names: Vec<&str> = texts.iter().map(String::as_str).collect();
        let node = self.document.get(path);
        let found = node.map_or_else(|| "nothing".to_owned(), Node::in_words);
        let near = node.and_then(|node| match &node.kind {
            NodeKind::String(text) => nearest(text, names.iter().copied()),
            NodeKind::Number(_, raw) => nearest(raw, names.iter().copied()),
            NodeKind::Bool(value) => {
                // YAML took an unquoted word for a truth value; the schema wants the word.
                let word = if *value { "true" } else { "false" };
                names.iter().copied().find(|name| name.eq_ignore_ascii_case(word))
            }
            _ => None,
        });
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let expected = match quoted.len() {
            0 => "nothing".to_owned(),
            1..=5 => words::join(&quoted, "or"),
            _ => "one of a few words".to_owned(),
        };
        let mut diagnostic =
            Diagnostic::error("E023", format!("{}: expected {expected}, found {found}", subject(path)))
                .label(
                    self.document.span(path),
                    if near.is_some() {
                        "not one of the words allowed here".to_owned()
                    } else {
                        format!("expected {expected}")
                    },
                )
                .help_if(near.map(|near| format!("did you mean `{near}`?")));
        if names.len() > 5 {
            diagnostic = diagnostic.note(format!("the words allowed here are {}", list_of(&names)));
        }
        self.found.push(diagnostic);
    }

    /// None of several forms fits: say it for the one that was meant, or name them all in one sentence.
    fn add_alternatives(
        &mut self,
        error: &ValidationError<'_>,
        path: &Path,
        holder: &'a Value,
        keyword: &str,
        context: &[Vec<ValidationError<'static>>],
    ) {
        let branches: Vec<&Value> = holder.get(keyword).and_then(Value::as_array).into_iter().flatten().collect();
        let Some(node) = self.document.get(path) else { return };
        let is_container = matches!(node.kind, NodeKind::Map(_) | NodeKind::List(_));
        let here = error.instance_path().as_str();
        let mut alive: Vec<usize> =
            (0..context.len()).filter(|at| !context[*at].iter().any(|error| is_mismatch(error, here))).collect();

        if let NodeKind::Map(map) = &node.kind
            && alive.len() > 1
        {
            let keys: Vec<&str> = map.iter().map(|entry| entry.key.as_str()).collect();
            // `{type: spread, …}`: the forms whose `type` is another word are out.
            let by_tag: Vec<usize> = alive
                .iter()
                .copied()
                .filter(|at| !context[*at].iter().any(|error| is_wrong_tag(error, here)))
                .collect();
            if by_tag.is_empty() {
                if let Some(tag) =
                    alive.iter().find_map(|at| context[*at].iter().find(|error| is_wrong_tag(error, here)))
                {
                    let tag_path = self.document.path_of_pointer(tag.instance_path().as_str());
                    let key = tag_path.last_key().unwrap_or_default().to_owned();
                    let options: Vec<&Value> = alive
                        .iter()
                        .flat_map(|at| {
                            constants(self.schema, properties_of(self.schema, branches[*at]).get(key.as_str()).copied())
                        })
                        .collect();
                    return self.add_choice(&tag_path, &options);
                }
            } else {
                alive = by_tag;
            }
            let shared = |at: &usize| {
                let known = branches.get(*at).map(|branch| properties(self.schema, branch)).unwrap_or_default();
                keys.iter().filter(|key| known.contains(key)).count()
            };
            let most = alive.iter().map(shared).max().unwrap_or(0);
            if most == 0 && alive.len() > 1 {
                return self.add_unlike_all(path, holder, &branches, &alive, &keys);
            }
            if self.add_exclusive(path, &branches, &alive, &keys) {
                return;
            }
            alive.retain(|at| shared(at) == most);
            alive.sort_by_key(|at| context[*at].len());
            alive.truncate(1);
        }
        if matches!(node.kind, NodeKind::List(_)) && alive.len() > 1 {
            alive.sort_by_key(|at| context[*at].len());
            alive.truncate(1);
        }

        let own_words = holder.get("x-ecsim-expected").is_some();
        if let [only] = alive.as_slice()
            && (is_container || !own_words)
        {
            return self.add_all(&context[*only]);
        }
        let constants: Vec<&Value> = branches.iter().flat_map(|branch| constants(self.schema, Some(branch))).collect();
        let only_constants =
            branches.iter().all(|branch| !self::constants(self.schema, Some(branch)).is_empty() || is_null(branch));
        if only_constants && !own_words {
            return self.add_choice(path, &constants);
        }
        let code = if alive.is_empty() { "E021" } else { "E026" };
        let expected = self.expected(holder, 0).unwrap_or_else(|| "something else".to_owned());
        self.add_mismatch(code, path, holder, &expected);
    }

    /// A map that has no key of any of its forms.
    fn add_unlike_all(&mut self, path: &Path, holder: &Value, branches: &[&Value], alive: &[usize], keys: &[&str]) {
        let mut known: Vec<&str> = Vec::new();
        for name in alive.iter().filter_map(|at| branches.get(*at)).flat_map(|branch| properties(self.schema, branch)) {
            if !known.contains(&name) {
                known.push(name);
            }
        }
        if keys.is_empty() || known.is_empty() {
            let expected = self.expected(holder, 0).unwrap_or_else(|| format!("a map with {}", list_of(&known)));
            return self.add_mismatch("E026", path, holder, &expected);
        }
        for key in keys {
            self.add_unknown(path, key, &known, &format!("in {}", subject(path)));
        }
    }

    /// `{constant: 8s, uniform: {…}}`: two forms at once. True if that is what is wrong.
    fn add_exclusive(&mut self, path: &Path, branches: &[&Value], alive: &[usize], keys: &[&str]) -> bool {
        let known: Vec<Vec<&str>> = alive
            .iter()
            .map(|at| branches.get(*at).map(|branch| properties(self.schema, branch)).unwrap_or_default())
            .collect();
        let is_known = |key: &&&str| known.iter().any(|names| names.contains(*key));
        let fits_one = known.iter().any(|names| keys.iter().filter(is_known).all(|key| names.contains(key)));
        if fits_one {
            return false;
        }
        // A key that all forms share tells nothing about which one was meant.
        let telling: Vec<&str> = keys
            .iter()
            .copied()
            .filter(|key| is_known(&key))
            .filter(|key| !known.iter().all(|names| names.contains(key)))
            .collect();
        if telling.is_empty() {
            return false;
        }
        self.push_exclusive(path, &telling);
        true
    }

    fn expected_or(&self, schema: &Value, otherwise: impl FnOnce() -> String) -> String {
        schema.get("x-ecsim-expected").and_then(Value::as_str).map_or_else(otherwise, str::to_owned)
    }

    /// What a schema wants, in words that follow "expected".
    fn expected(&self, schema: &Value, depth: usize) -> Option<String> {
        if let Some(said) = schema.get("x-ecsim-expected").and_then(Value::as_str) {
            return Some(said.to_owned());
        }
        if depth > 8 {
            return None;
        }
        if let Some(inner) = spelling::reference(self.schema, schema) {
            return self.expected(inner, depth + 1);
        }
        let options = constants(self.schema, Some(schema));
        if !options.is_empty() {
            let quoted: Vec<String> =
                options.iter().take(8).map(|option| format!("`{}`", words::written(option))).collect();
            return Some(words::join(&quoted, "or"));
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
            let mut said: Vec<String> = Vec::new();
            for words in
                branches.filter(|branch| !is_null(branch)).filter_map(|branch| self.expected(branch, depth + 1))
            {
                if !said.contains(&words) {
                    said.push(words);
                }
            }
            if !said.is_empty() {
                return Some(words::join(&said, "or"));
            }
        }
        let types: Vec<String> = match schema.get("type")? {
            Value::String(name) => vec![type_in_words(name).to_owned()],
            Value::Array(names) => names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null")
                .map(|name| type_in_words(name).to_owned())
                .collect(),
            _ => return None,
        };
        Some(words::join(&types, "or"))
    }
}

/// Whether this error says that a form is not meant at all: the value is of another kind.
fn is_mismatch(error: &ValidationError<'_>, here: &str) -> bool {
    if error.instance_path().as_str() != here {
        return false;
    }
    match error.kind() {
        ValidationErrorKind::Type { .. }
        | ValidationErrorKind::Enum { .. }
        | ValidationErrorKind::Constant { .. }
        | ValidationErrorKind::FalseSchema => true,
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().all(|branch| branch.iter().any(|error| is_mismatch(error, here)))
        }
        _ => false,
    }
}

/// Whether this error says that a field whose word tells the forms apart has another word.
fn is_wrong_tag(error: &ValidationError<'_>, here: &str) -> bool {
    let below = error.instance_path().as_str().strip_prefix(here).and_then(|rest| rest.strip_prefix('/'));
    let is_constant = match error.kind() {
        ValidationErrorKind::Constant { .. } => true,
        ValidationErrorKind::Enum { options } => options.as_array().is_some_and(|options| options.len() == 1),
        _ => false,
    };
    is_constant && below.is_some_and(|key| !key.contains('/'))
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null") || schema.get("const").is_some_and(Value::is_null)
}

/// The fields an object schema knows, with their schemas.
fn properties_of<'a>(root: &'a Value, schema: &'a Value) -> BTreeMap<&'a str, &'a Value> {
    let forms = spelling::forms(root, &[schema]);
    forms
        .into_iter()
        .filter_map(|form| form.get("properties").and_then(Value::as_object))
        .flatten()
        .map(|(name, field)| (name.as_str(), field))
        .collect()
}

/// The names of the fields an object schema knows.
fn properties<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a str> {
    properties_of(root, schema).into_keys().collect()
}

/// The values that a schema lists one by one.
fn constants<'a>(root: &'a Value, schema: Option<&'a Value>) -> Vec<&'a Value> {
    let Some(schema) = schema else { return Vec::new() };
    let schema = spelling::reference(root, schema).unwrap_or(schema);
    if let Some(value) = schema.get("const") {
        return if value.is_null() { Vec::new() } else { vec![value] };
    }
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return options.iter().filter(|option| !option.is_null()).collect();
    }
    for keyword in ["oneOf", "anyOf"] {
        let Some(branches) = schema.get(keyword).and_then(Value::as_array) else { continue };
        let lists: Vec<&Vec<Value>> =
            branches.iter().filter_map(|branch| branch.get("enum").and_then(Value::as_array)).collect();
        let singles: Vec<&Value> = branches.iter().filter_map(|branch| branch.get("const")).collect();
        if !branches.is_empty() && lists.len() + singles.len() == branches.len() {
            return lists.into_iter().flatten().chain(singles).filter(|option| !option.is_null()).collect();
        }
    }
    Vec::new()
}

/// What people call the value at a path: its key, and its place if it is in a list.
fn subject(path: &Path) -> String {
    let from = path.0.iter().rposition(|segment| matches!(segment, Segment::Key(_)));
    match from {
        Some(from) => format!("`{}`", Path(path.0[from..].to_vec())),
        None => "the scenario".to_owned(),
    }
}

fn type_in_words(name: &str) -> &str {
    match name {
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a text",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        "object" => "a map",
        "null" => "nothing",
        other => other,
    }
}

fn types_in_words(kind: &TypeKind) -> String {
    let names: Vec<String> = match kind {
        TypeKind::Single(name) => vec![name.to_string()],
        TypeKind::Multiple(names) => names.iter().map(|name| name.to_string()).filter(|name| name != "null").collect(),
    };
    let said: Vec<String> = names.iter().map(|name| type_in_words(name).to_owned()).collect();
    words::join(&said, "or")
}

/// What would be right, where the value itself tells.
fn advice(schema: &Value, node: &Node) -> Option<String> {
    let wants = |name: &str| match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(names)) => names.iter().any(|known| known == name),
        _ => false,
    };
    let is_free_text = wants("string") && schema.get("pattern").is_none() && schema.get("x-ecsim-expected").is_none();
    match &node.kind {
        NodeKind::Number(_, raw) if is_free_text => Some(format!("write it in quotes: `\"{}\"`", shown(raw))),
        NodeKind::Bool(value) if is_free_text => Some(format!("write it in quotes: `\"{value}\"`")),
        NodeKind::String(text) if wants("integer") || wants("number") => {
            let plain: String = text.chars().filter(|letter| !matches!(letter, '_' | '\'' | ' ' | ',')).collect();
            plain.parse::<f64>().ok().filter(|number| number.is_finite())?;
            Some(if plain == *text {
                format!("write it without quotes: `{plain}`")
            } else {
                format!("write it as `{plain}`")
            })
        }
        NodeKind::String(text) if wants("boolean") => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" | "true" | "enabled" => Some("write `true`".to_owned()),
            "no" | "off" | "n" | "false" | "disabled" => Some("write `false`".to_owned()),
            _ => None,
        },
        NodeKind::Null if wants("array") => Some("write `[]` for an empty list, or remove the key".to_owned()),
        NodeKind::Null => Some("give a value, or remove the key".to_owned()),
        _ if wants("array") => {
            Some("write it as a list: `[ ]` around it, or each element on a line that begins with `- `".to_owned())
        }
        _ => None,
    }
}
