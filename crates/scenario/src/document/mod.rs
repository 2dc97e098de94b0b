//! A scenario as a tree of values of which each knows where it was written: text goes in, problems with places come out.

pub(crate) mod include;
pub(crate) mod overrides;
mod parse;
mod path;
pub mod prune;
mod scalar;

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use crate::diagnostic::{Diagnostic, FileId, Span};
pub use parse::parse;
pub(crate) use parse::{Budget, parse_part, parse_template};
pub use path::{Path, Segment};

/// How much input is read before it is refused. Nothing a person writes comes near; a trap does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of all files of a scenario together (not of traces, which are read piece by piece).
    pub max_bytes: u64,
    /// The values of all files together.
    pub max_nodes: usize,
    /// The values that YAML aliases may add.
    pub max_alias_nodes: usize,
    /// How deep maps and lists may be nested.
    pub max_depth: usize,
    /// How many files may include one another in a row.
    pub max_include_depth: usize,
    /// How many files may be included in all.
    pub max_files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_nodes: 4_000_000,
            max_alias_nodes: 2_000_000,
            max_depth: 128,
            max_include_depth: 16,
            max_files: 1000,
        }
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub kind: NodeKind,
    /// Where it was written. A value that was left out (`key:` and nothing) is where its key is.
    pub span: Span,
}

/// The kinds of value that YAML and JSON share.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// Nothing: `null`, `~`, or left out.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, and how it was written: `0256` is a number, but as an account's id it was meant letter by letter.
    Number(Number, Box<str>),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Map),
}

impl Node {
    pub(crate) fn new(kind: NodeKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        if let NodeKind::Map(map) = &self.kind { Some(map) } else { None }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        if let NodeKind::List(list) = &self.kind { Some(list) } else { None }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let NodeKind::String(text) = &self.kind { Some(text) } else { None }
    }

    /// The value of this key, if it is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|entry| &entry.value)
    }

    /// The value in the terms of serde, without places.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(value) => Value::Bool(*value),
            NodeKind::Number(number, _) => Value::Number(number.clone()),
            NodeKind::String(text) => Value::String(text.clone()),
            NodeKind::List(list) => Value::Array(list.iter().map(Node::to_value).collect()),
            NodeKind::Map(map) => {
                Value::Object(map.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect())
            }
        }
    }

    /// How many values it is made of, itself included, and how many levels.
    pub(crate) fn size(&self) -> (usize, usize) {
        let mut total = 1;
        let mut deepest = 0;
        let mut add = |node: &Node| {
            let (count, levels) = node.size();
            total += count;
            deepest = deepest.max(levels);
        };
        match &self.kind {
            NodeKind::List(list) => list.iter().for_each(&mut add),
            NodeKind::Map(map) => map.iter().for_each(|entry| add(&entry.value)),
            _ => return (1, 0),
        }
        (total, deepest + 1)
    }
}

/// A key of a map, its value, and where the key was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// A map in the order in which it was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map {
    entries: Vec<Entry>,
    /// Where each key is, kept only for maps too large to look through.
    places: Option<BTreeMap<String, usize>>,
}

/// Up to this many keys are looked through one by one.
const SMALL_MAP: usize = 16;

impl Map {
    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Its entries in the order in which they were written.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// The entry of this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.place(key).map(|place| &self.entries[place])
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.place(key).map(|place| &mut self.entries[place].value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.entries.iter_mut().map(|entry| (entry.key.as_str(), &mut entry.value))
    }

    /// Adds an entry whose key the map does not have; gives it back otherwise.
    pub(crate) fn insert(&mut self, entry: Entry) -> Result<(), Entry> {
        if self.place(&entry.key).is_some() {
            return Err(entry);
        }
        if let Some(places) = &mut self.places {
            places.insert(entry.key.clone(), self.entries.len());
        }
        self.entries.push(entry);
        if self.places.is_none() && self.entries.len() > SMALL_MAP {
            self.index();
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Entry> {
        let place = self.place(key)?;
        let entry = self.entries.remove(place);
        if self.places.is_some() {
            self.index();
        }
        Some(entry)
    }

    /// Gives other names to keys; a new name that the map has already is left out and given back.
    pub(crate) fn rename(&mut self, mut new_name: impl FnMut(&Map, &str) -> Option<String>) -> Vec<(Entry, Span)> {
        let renames: Vec<(usize, String)> = (0..self.entries.len())
            .filter_map(|place| new_name(self, &self.entries[place].key).map(|name| (place, name)))
            .collect();
        let mut clashes = Vec::new();
        let mut gone = Vec::new();
        for (place, name) in renames {
            let taken = self.entries.iter().position(|entry| entry.key == name);
            match taken {
                Some(other) => {
                    clashes.push((self.entries[place].clone(), self.entries[other].key_span));
                    gone.push(place);
                }
                None => self.entries[place].key = name,
            }
        }
        for place in gone.into_iter().rev() {
            self.entries.remove(place);
        }
        if self.places.is_some() {
            self.index();
        }
        clashes
    }

    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    fn place(&self, key: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(key).copied(),
            None => self.entries.iter().position(|entry| entry.key == key),
        }
    }

    fn index(&mut self) {
        let places = self.entries.iter().enumerate().map(|(place, entry)| (entry.key.clone(), place)).collect();
        self.places = Some(places);
    }
}

/// A scenario as written: includes read, overrides applied, nothing checked yet against what a scenario may say.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The outermost value.
    pub root: Node,
}

impl Document {
    /// A document with this outermost value.
    pub fn new(root: Node) -> Self {
        Self { root }
    }

    /// The whole document in the terms of serde, without places.
    pub fn to_value(&self) -> Value {
        self.root.to_value()
    }

    /// The value at a path.
    pub fn get(&self, path: &Path) -> Option<&Node> {
        let (node, _, steps) = self.walk(path);
        (steps == path.0.len()).then_some(node)
    }

    /// Where the value at a path was written; if there is none, where the nearest value around it was.
    pub fn span(&self, path: &Path) -> Span {
        self.walk(path).0.span
    }

    /// Where the key at the end of a path was written; for an element of a list, or if there is none, [`Document::span`].
    pub fn key_span(&self, path: &Path) -> Span {
        let (node, key_span, steps) = self.walk(path);
        if steps == path.0.len() { key_span.unwrap_or(node.span) } else { node.span }
    }

    /// The file in which the value at a path was written: relative paths in it start there.
    pub fn file(&self, path: &Path) -> FileId {
        self.span(path).file
    }

    /// How a scalar that is not quoted was written: `0256` for the number 256.
    pub fn raw(&self, path: &Path) -> Option<&str> {
        match &self.get(path)?.kind {
            NodeKind::Number(_, raw) => Some(raw),
            NodeKind::String(text) => Some(text),
            NodeKind::Bool(value) => Some(if *value { "true" } else { "false" }),
            _ => None,
        }
    }

    /// The beginning of a walk: `document.at("services").index(2).key("placementStrategy")`.
    pub fn at(&self, key: impl Into<String>) -> Locator<'_> {
        Locator { document: self, path: Path::root().key(key) }
    }

    /// The beginning of a walk at a path.
    pub fn at_path(&self, path: &Path) -> Locator<'_> {
        Locator { document: self, path: path.clone() }
    }

    /// A JSON pointer as a path. The document decides whether `/0` is an element of a list or a key.
    pub fn path_of_pointer(&self, pointer: &str) -> Path {
        let mut path = Path::root();
        let mut node = Some(&self.root);
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            match node.map(|node| &node.kind) {
                Some(NodeKind::List(list)) => {
                    let index = part.parse().unwrap_or(usize::MAX);
                    node = list.get(index);
                    path = path.index(index);
                }
                _ => {
                    node = node.and_then(|node| node.get(&part));
                    path = path.key(part);
                }
            }
        }
        path
    }

    /// As far along the path as the document goes: the value, where its key is, and the number of steps taken.
    fn walk(&self, path: &Path) -> (&Node, Option<Span>, usize) {
        let mut here = (&self.root, None, 0);
        for segment in &path.0 {
            let next = match (segment, &here.0.kind) {
                (Segment::Key(key), NodeKind::Map(map)) => {
                    map.get(key).map(|entry| (&entry.value, Some(entry.key_span)))
                }
                (Segment::Index(index), NodeKind::List(list)) => list.get(*index).map(|node| (node, None)),
                _ => None,
            };
            let Some((node, key_span)) = next else { break };
            here = (node, key_span, here.2 + 1);
        }
        here
    }
}

/// A place in a document under construction: steps are added one by one, and at the end it gives spans and diagnostics.
#[derive(Debug, Clone)]
pub struct Locator<'a> {
    document: &'a Document,
    path: Path,
}

impl<'a> Locator<'a> {
    /// One step further, into a key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.path = self.path.key(key);
        self
    }

    /// One step further, into a list.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.path = self.path.index(index);
        self
    }

    /// The path so far.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The value here.
    pub fn node(&self) -> Option<&'a Node> {
        self.document.get(&self.path)
    }

    /// See [`Document::span`].
    pub fn span(&self) -> Span {
        self.document.span(&self.path)
    }

    /// See [`Document::key_span`].
    pub fn key_span(&self) -> Span {
        self.document.key_span(&self.path)
    }

    /// An error about the value here.
    pub fn error(&self, code: &'static str, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).label(self.span(), label)
    }

    /// A warning about the value here.
    pub fn warning(&self, code: &'static str, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, message).label(self.span(), label)
    }
}

impl Node {
    /// The entries of a map, to be changed; none if it is something else.
    pub(crate) fn map_values_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        match &mut self.kind {
            NodeKind::Map(map) => Some(map.values_mut()),
            _ => None,
        }
        .into_iter()
        .flatten()
    }
}
