//! From text to a tree: YAML 1.2 (and so JSON), refusing what is not text, not one document, or a trap for the reader.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks, StrInput, Tag};

use super::scalar::{self, Plain};
use super::{Entry, Limits, Map, Node, NodeKind};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, LetterIndex, SourceMap, Span, shown};

/// What is left of the [`Limits`] that all files of a scenario share, and what could not be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget {
    pub(crate) bytes: u64,
    pub(crate) nodes: usize,
    pub(crate) alias_nodes: usize,
    /// The places of values that were not read as they were meant: nothing more should be said about them.
    pub(crate) damaged: Vec<Span>,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            bytes: limits.max_bytes,
            nodes: limits.max_nodes,
            alias_nodes: limits.max_alias_nodes,
            damaged: Vec::new(),
        }
    }
}

/// The value that a text holds. Every problem goes into `diagnostics`; after a fatal one there is no value.
pub fn parse(sources: &SourceMap, file: FileId, limits: &Limits, diagnostics: &mut Diagnostics) -> Option<Node> {
    parse_part(sources, file, 0, limits, &mut Budget::new(limits), diagnostics)
}

/// The same for the part of a text that begins at byte `from`.
pub(crate) fn parse_part(
    sources: &SourceMap,
    file: FileId,
    from: usize,
    limits: &Limits,
    budget: &mut Budget,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    read(sources, file, from, Tags::Refused, limits, budget, diagnostics)
}

/// The value of a text in which the short forms of CloudFormation's functions may stand: `!Ref x` is read as the long form
/// `{Ref: x}`, `!Sub x` as `{Fn::Sub: x}`.
pub(crate) fn parse_template(
    sources: &SourceMap,
    file: FileId,
    limits: &Limits,
    budget: &mut Budget,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    read(sources, file, 0, Tags::CloudFormation, limits, budget, diagnostics)
}

/// What a tag such as `!Ref` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// A mistake.
    Refused,
    /// The short form of a function.
    CloudFormation,
}

/// The functions of CloudFormation that have a short form.
const CLOUD_FORMATION: [&str; 21] = [
    "Ref",
    "Sub",
    "GetAtt",
    "Join",
    "Select",
    "Split",
    "If",
    "Equals",
    "And",
    "Or",
    "Not",
    "FindInMap",
    "ImportValue",
    "Base64",
    "Cidr",
    "GetAZs",
    "Transform",
    "Condition",
    "GetStackOutput",
    "Length",
    "ToJsonString",
];

fn read(
    sources: &SourceMap,
    file: FileId,
    from: usize,
    tags: Tags,
    limits: &Limits,
    budget: &mut Budget,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let source = sources.get(file)?;
    let text = source.text().get(from..)?;
    if refuse_control_characters(text, file, from, diagnostics) {
        return None;
    }
    let (joined, shifts) = join_surrogates(text);
    let parsed: &str = joined.as_deref().unwrap_or(text);
    let own_index = (from > 0 || joined.is_some()).then(|| LetterIndex::new(parsed));
    let letters = own_index.as_ref().unwrap_or(source.letter_index());
    let mut builder = Builder {
        parser: Parser::new_from_str(parsed),
        text: parsed,
        file,
        from: from as u32,
        tags,
        letters,
        shifts,
        limits,
        budget,
        diagnostics,
        anchors: BTreeMap::new(),
        open: Vec::new(),
    };
    builder.document().ok().flatten()
}

/// Control characters have no place in YAML, and the parser takes some of them for the end of the text.
fn refuse_control_characters(text: &str, file: FileId, from: usize, diagnostics: &mut Diagnostics) -> bool {
    let is_bad = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    let Some(at) = text.as_bytes().iter().position(is_bad) else { return false };
    let span = Span::new(file, (from + at) as u32, (from + at + 1) as u32);
    let byte = text.as_bytes()[at];
    let zeros = text.as_bytes().iter().filter(|byte| **byte == 0).count();
    let help = if zeros > text.len() / 4 {
        "every other byte is zero: the file looks like UTF-16; save it as UTF-8"
    } else {
        "remove it; inside double quotes it can be written as an escape such as \"\\x1b\""
    };
    diagnostics.push(
        Diagnostic::error("E004", format!("the control character U+{byte:04X} cannot stand in a scenario"))
            .label(span, "here")
            .help(help),
    );
    true
}

/// JSON writes 🦀 as `\ud83e\udd80`, two halves that YAML does not know; YAML's way is one escape with eight digits.
/// Gives the changed text, and where it is shorter than the original and by how much in all.
fn join_surrogates(text: &str) -> (Option<String>, Vec<(u32, u32)>) {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return (None, Vec::new());
    }
    let half = |at: usize| -> Option<u32> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
    };
    let mut out = String::with_capacity(text.len());
    let mut shifts = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match (half(at), half(at + 6)) {
            (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                out.push_str(&text[copied..at]);
                out.push_str(&format!("\\U{:08X}", 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)));
                at += 12;
                copied = at;
                shifts.push((out.len() as u32, (at - out.len()) as u32));
            }
            // The letter after a backslash belongs to it: `\\ud83e` is a backslash and a word.
            _ => at += 2,
        }
    }
    out.push_str(text.get(copied..).unwrap_or(""));
    (Some(out), shifts)
}

/// A problem was found after which the rest of the text makes no sense; it has been written down.
struct Fatal;

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    file: FileId,
    from: u32,
    tags: Tags,
    letters: &'a LetterIndex,
    shifts: Vec<(u32, u32)>,
    limits: &'a Limits,
    budget: &'a mut Budget,
    diagnostics: &'a mut Diagnostics,
    anchors: BTreeMap<usize, Node>,
    /// The places where the maps and lists around the present one begin.
    open: Vec<Span>,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Option<Node>, Fatal> {
        let mut root = None;
        loop {
            let (event, marks) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    self.diagnostics.push(
                        Diagnostic::error("E007", "the file holds more than one YAML document")
                            .label(self.span(marks), "the second one begins here")
                            .help("a scenario is one document; put the other one into a file of its own and name it under `include:`"),
                    );
                    return Err(Fatal);
                }
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, marks)?),
            }
        }
        let is_empty = root.as_ref().is_none_or(|node| node.kind == NodeKind::Null && node.span.start == node.span.end);
        if !is_empty {
            return Ok(root);
        }
        if self.from > 0 {
            // The value of an override may well be left out; that of a file may not.
            return Ok(Some(Node::new(NodeKind::Null, Span::new(self.file, self.from, self.from))));
        }
        let what =
            if self.text.trim().is_empty() { "the file is empty" } else { "the file holds nothing but comments" };
        self.diagnostics.push(Diagnostic::error("E013", what).label(Span::new(self.file, 0, 0), "nothing here"));
        Err(Fatal)
    }

    fn next(&mut self) -> Result<(Event<'a>, Marks), Fatal> {
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, Marks::default())),
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let diagnostic = self.explain(&error);
                self.diagnostics.push(diagnostic);
                Err(Fatal)
            }
        }
    }

    /// The byte in the stored text of a letter of the parsed text.
    fn byte(&self, letter: usize) -> u32 {
        let byte = self.letters.byte_of(self.text, letter);
        let shift =
            self.shifts.partition_point(|(at, _)| *at <= byte).checked_sub(1).map_or(0, |last| self.shifts[last].1);
        self.from + byte + shift
    }

    fn span(&self, marks: Marks) -> Span {
        Span::new(self.file, self.byte(marks.start.index()), self.byte(marks.end.index()))
    }

    fn node(&mut self, event: Event<'a>, marks: Marks) -> Result<Node, Fatal> {
        let span = self.span(marks);
        self.count(span)?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let function = self.function(tag.as_deref());
                let node = match &function {
                    // What a function is given is a text, whatever it looks like.
                    Some(_) => Node::new(NodeKind::String(text.into_owned()), span),
                    None => self.scalar(&text, style, tag.as_deref(), span),
                };
                let node = self.called(function, node);
                self.remember(anchor, &node, span)?;
                Ok(node)
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::SequenceStart(anchor, tag) => {
                let function = self.function(tag.as_deref());
                if function.is_none() {
                    self.container_tag(tag.as_deref(), "seq", span);
                }
                self.open(span)?;
                let mut list: Vec<Node> = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::SequenceEnd, marks) => break self.span(marks),
                        (event, marks) => list.push(self.node(event, marks)?),
                    }
                };
                self.open.pop();
                let span = self.whole(span, end, list.last().map(|node| node.span));
                let node = self.called(function, Node::new(NodeKind::List(list), span));
                self.remember(anchor, &node, span)?;
                Ok(node)
            }
            Event::MappingStart(anchor, tag) => {
                let function = self.function(tag.as_deref());
                if function.is_none() {
                    self.container_tag(tag.as_deref(), "map", span);
                }
                self.open(span)?;
                let (map, end, is_damaged) = self.map()?;
                self.open.pop();
                let span = self.whole(span, end, map.iter().last().map(|entry| entry.value.span));
                if is_damaged {
                    self.budget.damaged.push(span);
                }
                let node = self.called(function, Node::new(NodeKind::Map(map), span));
                self.remember(anchor, &node, span)?;
                Ok(node)
            }
            // The parser gives no other events where a value is due; if it did, "nothing" would be the honest reading.
            _ => Ok(Node::new(NodeKind::Null, span)),
        }
    }

    /// The map, its end, and whether one of its keys could not be read.
    fn map(&mut self) -> Result<(Map, Span, bool), Fatal> {
        let mut map = Map::default();
        let mut merges: Vec<Node> = Vec::new();
        let mut is_damaged = false;
        loop {
            let (event, marks) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                let end = self.span(marks);
                for node in merges {
                    self.merge(&mut map, node);
                }
                return Ok((map, end, is_damaged));
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.key(event, marks)?;
            let (event, marks) = self.next()?;
            let was_left_out = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, 0, None) if text.is_empty());
            let mut value = self.node(event, marks)?;
            let Some((key, key_span)) = key else {
                is_damaged = true;
                continue;
            };
            if was_left_out {
                value.span = key_span;
            }
            if is_merge {
                merges.push(value);
                continue;
            }
            if let Err(entry) = map.insert(Entry { key, key_span, value }) {
                let first = map.get(&entry.key).map_or(key_span, |first| first.key_span);
                self.diagnostics.push(
                    Diagnostic::error("E006", format!("the key `{}` is given twice in one map", shown(&entry.key)))
                        .label(key_span, "given again here")
                        .label(first, "first given here")
                        .help("keep one of them; YAML would silently use only one"),
                );
            }
        }
    }

    /// The key of a map as a text, or nothing after a problem that need not stop the reading.
    fn key(&mut self, event: Event<'a>, marks: Marks) -> Result<Option<(String, Span)>, Fatal> {
        let span = self.span(marks);
        let problem = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if text.is_empty() && style == ScalarStyle::Plain && tag.is_none() {
                    Diagnostic::error("E011", "a key is missing before this `:`").label(span, "here")
                } else {
                    // Keys are texts, whatever they look like: `22: ssh` has the key "22".
                    let node = Node::new(NodeKind::String(text.to_string()), span);
                    self.remember(anchor, &node, span)?;
                    return Ok(Some((text.into_owned(), span)));
                }
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).map(|node| &node.kind) {
                Some(NodeKind::String(text)) => return Ok(Some((text.clone(), span))),
                Some(NodeKind::Number(_, raw)) => return Ok(Some((raw.to_string(), span))),
                _ => Diagnostic::error("E011", "a key must be a text, and this alias stands for something else")
                    .label(span, "used as a key here"),
            },
            event => {
                let node = self.node(event, marks)?;
                let braces = self.text.get((node.span.start.saturating_sub(self.from + 1)) as usize..);
                let help = if braces.is_some_and(|text| text.starts_with("{{")) {
                    "`{{ … }}` is not filled in here; a text that begins with `{` must stand in quotes"
                } else {
                    "write the key as a text, in quotes if it begins with `{` or `[`"
                };
                Diagnostic::error("E011", "a key must be a text, not a map or a list")
                    .label(node.span, "used as a key here")
                    .help(help)
            }
        };
        self.diagnostics.push(problem);
        Ok(None)
    }

    /// YAML's merge key: what the map says itself wins over what it merges, and earlier maps over later ones.
    fn merge(&mut self, map: &mut Map, node: Node) {
        let span = node.span;
        match node.kind {
            NodeKind::Map(other) => {
                for entry in other.into_entries() {
                    // A key that is there already is meant to win: that is what the merge key is for.
                    let _ = map.insert(entry);
                }
            }
            NodeKind::List(list) if list.iter().all(|node| node.as_map().is_some()) => {
                for node in list {
                    self.merge(map, node);
                }
            }
            _ => self.diagnostics.push(
                Diagnostic::error("E019", "the merge key `<<` takes a map or a list of maps")
                    .label(span, "this is neither")
                    .help("for example `<<: *defaults`, where `&defaults` marks a map"),
            ),
        }
    }

    /// The long name of the function that a tag is the short form of.
    fn function(&self, tag: Option<&Tag>) -> Option<String> {
        let tag = tag.filter(|tag| self.tags == Tags::CloudFormation && tag.handle == "!")?;
        CLOUD_FORMATION.contains(&tag.suffix.as_str()).then(|| match tag.suffix.as_str() {
            "Ref" | "Condition" => tag.suffix.clone(),
            name => format!("Fn::{name}"),
        })
    }

    /// The long form of a function, where there is one.
    fn called(&self, function: Option<String>, given: Node) -> Node {
        let Some(key) = function else { return given };
        let span = given.span;
        let mut map = Map::default();
        // The map is empty: nothing can be there already.
        let _ = map.insert(Entry { key, key_span: span, value: given });
        Node::new(NodeKind::Map(map), span)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Node {
        let kind = match tag {
            None if style != ScalarStyle::Plain => NodeKind::String(text.to_owned()),
            None => self.plain(text, span),
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => NodeKind::String(text.to_owned()),
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => NodeKind::String(text.to_owned()),
            Some(tag)
                if tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "int" | "float" | "bool" | "null") =>
            {
                let kind = self.plain(text, span);
                let fits = match tag.suffix.as_str() {
                    "null" => kind == NodeKind::Null,
                    "bool" => matches!(kind, NodeKind::Bool(_)),
                    _ => matches!(kind, NodeKind::Number(..)),
                };
                if !fits {
                    let message = format!("`{}` is not what its tag `!!{}` says", shown(text), tag.suffix);
                    self.diagnostics.push(Diagnostic::error("E010", message).label(span, "here"));
                }
                kind
            }
            Some(tag) => {
                self.unknown_tag(tag, span);
                NodeKind::String(text.to_owned())
            }
        };
        Node::new(kind, span)
    }

    fn plain(&mut self, text: &str, span: Span) -> NodeKind {
        match scalar::resolve(text) {
            Plain::Null => NodeKind::Null,
            Plain::Bool(value) => NodeKind::Bool(value),
            Plain::Number(number) => NodeKind::Number(number, text.into()),
            Plain::Text => NodeKind::String(text.to_owned()),
            Plain::Unholdable => {
                self.budget.damaged.push(span);
                self.diagnostics.push(
                    Diagnostic::error("E012", format!("`{}` is not a number that can be used here", shown(text)))
                        .label(span, "not finite, or too large")
                        .help("numbers must be finite; if it is meant as a text, write it in quotes"),
                );
                NodeKind::Null
            }
        }
    }

    fn container_tag(&mut self, tag: Option<&Tag>, expected: &str, span: Span) {
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == expected)
            && !(tag.handle.is_empty() && tag.suffix == "!")
        {
            self.unknown_tag(tag, span);
        }
    }

    fn unknown_tag(&mut self, tag: &Tag, span: Span) {
        let name = if tag.is_yaml_core_schema() {
            format!("!!{}", tag.suffix)
        } else {
            format!("{}{}", tag.handle, tag.suffix)
        };
        let help = if tag.handle == "!" && CLOUD_FORMATION.contains(&tag.suffix.as_str()) {
            "this is a CloudFormation template's function; `ecsim import` turns a template into a scenario"
        } else {
            "remove the tag; a scenario needs none"
        };
        self.diagnostics.push(
            Diagnostic::error("E010", format!("the tag `{}` means nothing in a scenario", shown(&name)))
                .label(Span::new(self.file, span.start, span.end), "tagged here")
                .help(help),
        );
    }

    /// Keeps what an anchor stands for. The copy is paid for from what aliases may add.
    fn remember(&mut self, anchor: usize, node: &Node, span: Span) -> Result<(), Fatal> {
        if anchor == 0 {
            return Ok(());
        }
        let (count, _) = node.size();
        self.pay_for_copy(count, span, "anchor")?;
        self.anchors.insert(anchor, node.clone());
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, Fatal> {
        let Some(node) = self.anchors.get(&anchor) else {
            let message = format!("the alias `{}` stands inside the very value it names", shown(self.name(span)));
            self.diagnostics.push(Diagnostic::error("E008", message).label(span, "it would never end"));
            return Err(Fatal);
        };
        let (count, levels) = node.size();
        if self.open.len() + levels > self.limits.max_depth {
            return Err(self.too_deep(span));
        }
        self.pay_for_copy(count, span, "alias")?;
        self.anchors.get(&anchor).cloned().ok_or(Fatal)
    }

    fn pay_for_copy(&mut self, count: usize, span: Span, what: &str) -> Result<(), Fatal> {
        match self.budget.alias_nodes.checked_sub(count) {
            Some(left) => {
                self.budget.alias_nodes = left;
                Ok(())
            }
            None => {
                let name = self.name(span);
                let span = Span::new(self.file, span.start, span.start + name.len() as u32);
                let message = format!(
                    "the {what} `{}` makes the document too large: aliases may add at most {} values",
                    shown(name),
                    self.limits.max_alias_nodes
                );
                self.diagnostics.push(Diagnostic::error("E008", message).label(span, "the limit is passed here"));
                Err(Fatal)
            }
        }
    }

    /// The word at a span, up to the first blank: the name of an anchor or alias.
    fn name(&self, span: Span) -> &'a str {
        let text = self.text.get((span.start - self.from) as usize..).unwrap_or("");
        text.split([' ', '\n', '\t', ',', ']', '}']).next().unwrap_or("")
    }

    fn count(&mut self, span: Span) -> Result<(), Fatal> {
        if self.budget.nodes == 0 {
            let message = format!("the scenario has more than {} values", self.limits.max_nodes);
            self.diagnostics.push(Diagnostic::error("E009", message).label(span, "the limit is passed here"));
            return Err(Fatal);
        }
        self.budget.nodes -= 1;
        Ok(())
    }

    fn open(&mut self, span: Span) -> Result<(), Fatal> {
        if self.open.len() >= self.limits.max_depth {
            return Err(self.too_deep(span));
        }
        self.open.push(span);
        Ok(())
    }

    fn too_deep(&mut self, span: Span) -> Fatal {
        let message = format!("maps and lists are nested more than {} deep", self.limits.max_depth);
        self.diagnostics.push(Diagnostic::error("E009", message).label(span, "too deep here"));
        Fatal
    }

    /// From the beginning of a map or list to its closing bracket, or to the end of its last value if it has none.
    fn whole(&self, start: Span, end: Span, last: Option<Span>) -> Span {
        let closing = self.text.as_bytes().get((end.start - self.from) as usize);
        let is_closed = end.end > end.start && matches!(closing, Some(b']' | b'}'));
        let last = last.filter(|last| last.file == self.file && last.end >= start.start);
        let end = if is_closed { end.end } else { last.map_or(start.end, |last| last.end.max(start.end)) };
        Span::new(self.file, start.start, end)
    }

    /// The parser's words are those of its authors; most mistakes are a few, and those are said plainly.
    fn explain(&self, error: &ScanError) -> Diagnostic {
        let info = error.info();
        let at = self.byte(error.marker().index());
        let here = Span::new(self.file, at, self.after(at));
        let plain = |message: &str, label: &str| Diagnostic::error("E005", message).label(here, label);
        let unclosed = |diagnostic: Diagnostic| match self.open.iter().rev().find(|span| span.end > span.start) {
            Some(bracket) => diagnostic.label(*bracket, "this is not closed before"),
            None => diagnostic,
        };
        if info.contains("recursion limit") {
            return Diagnostic::error(
                "E009",
                format!("maps and lists are nested more than {} deep", self.limits.max_depth),
            )
            .label(here, "too deep here");
        }
        if info.contains("unknown anchor") {
            let name = shown(self.name(here));
            return Diagnostic::error("E008", format!("the alias `{name}` names nothing"))
                .label(here, "no anchor of this name stands before")
                .help(format!(
                    "mark a value with `&{}` first, or write the text in quotes if no alias is meant",
                    name.trim_start_matches('*')
                ));
        }
        if info.contains("tab") && !info.contains("tag") {
            let line_start = self.text[..self.local(at)].rfind('\n').map_or(0, |end| end + 1);
            let tab =
                self.text[line_start..].find('\t').map_or(self.local(at), |tab| line_start + tab) as u32 + self.from;
            return Diagnostic::error("E005", "a tab cannot be used for indentation")
                .label(Span::new(self.file, tab, tab + 1), "this is a tab")
                .help("indent with spaces");
        }
        if info.contains("mapping values are not allowed") {
            return plain("a `:` stands where no key can be", "this would make a second key")
                .help("a text with `: ` in it must stand in quotes; a map inside a map begins on a line of its own, or in `{ }`");
        }
        if info.contains("simple key expect") {
            return Diagnostic::error("E005", "this is neither `key: value` nor an element `- value` of a list")
                .label(self.line_before(at), "a `:` and a value are missing here");
        }
        if info.contains("unexpected character") {
            return plain("a text without quotes cannot begin with this character", "here")
                .help("write the text in quotes");
        }
        if info.contains("unexpected end of stream") || info.contains("invalid indentation in quoted") {
            return plain("a quoted text is not closed", "it begins here")
                .help("add the closing quote; a quote inside single quotes is written twice, inside double quotes with a backslash");
        }
        if info.contains("unknown escape") || info.contains("escape code") || info.contains("hexadecimal") {
            return plain("a double-quoted text has a backslash that means nothing", "in this text").help(
                "write `\\\\` for a backslash, or use single quotes, in which a backslash is a letter like any other",
            );
        }
        if info.contains("expected node content") {
            let is_in_brackets = self.open.iter().any(|span| span.end > span.start);
            let message =
                if is_in_brackets { "a `[` or `{` is not closed, or a value is missing" } else { "a value is missing" };
            return unclosed(plain(message, "a value was expected here"));
        }
        if info.contains("flow sequence")
            || info.contains("flow mapping")
            || info.contains("placement of ':'")
            || info.contains("flow construct")
        {
            return unclosed(plain(
                "a `[` or `{` is not closed, or a comma is missing",
                "a `,` or the closing bracket was expected here",
            ));
        }
        if info.contains("misplaced bracket") {
            return plain("a closing bracket has no opening one", "here");
        }
        if info.contains("did not find expected '-'")
            || info.contains("did not find expected key")
            || info.contains("invalid indentation")
        {
            return plain("the indentation does not fit what stands above", "this line belongs to nothing above it")
                .help("keys of one map, and the `-` of one list, begin in the same column");
        }
        if info.contains("block sequence entries are not allowed") {
            return plain("an element of a list cannot begin here", "this `-`")
                .help("begin a list on the line after its key, or write it as `[a, b]`");
        }
        plain(&format!("this is not YAML: {}", shown(info)), "here")
    }

    /// A byte of the stored text as one of the parsed text, near enough for looking around.
    fn local(&self, at: u32) -> usize {
        self.text.floor_char_boundary((at - self.from) as usize)
    }

    /// The byte after the letter at `at`.
    fn after(&self, at: u32) -> u32 {
        let letter = self.text[self.local(at)..].chars().next();
        at + letter.filter(|letter| *letter != '\n').map_or(0, |letter| letter.len_utf8() as u32)
    }

    /// What stands on the last line before `at` that is not empty.
    fn line_before(&self, at: u32) -> Span {
        let before = self.text[..self.local(at)].trim_end();
        let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
        let start = before.len() - line.trim_start().len();
        Span::new(self.file, self.from + start as u32, self.from + before.len() as u32)
    }
}
