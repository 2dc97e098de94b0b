//! One scenario from several files: `include:` at the top of a file merges others into it, and a map `{include: file}`
//! anywhere below stands for that file.

use std::collections::{BTreeMap, BTreeSet};

use super::{Budget, Document, Entry, Limits, Map, Node, NodeKind, parse_part};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, SourceMap, Span, shown};
use crate::source::{SourceError, SourceErrorKind, SourceFiles};

/// Reads a scenario's file and all it includes.
pub(crate) struct Loader<'a> {
    pub(crate) files: &'a dyn SourceFiles,
    pub(crate) limits: &'a Limits,
    pub(crate) budget: Budget,
    pub(crate) sources: SourceMap,
    pub(crate) diagnostics: Diagnostics,
    /// The files being read, each included by the one before.
    stack: Vec<String>,
    /// How many files were asked for, however often the same.
    asked: usize,
    /// The files merged into the scenario: one that is reached in two ways is merged once.
    merged: BTreeSet<String>,
    /// The texts read so far: a file that is named twice is read once, and its problems have one place.
    read: BTreeMap<String, FileId>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(files: &'a dyn SourceFiles, limits: &'a Limits) -> Self {
        Self {
            files,
            limits,
            budget: Budget::new(limits),
            sources: SourceMap::new(),
            diagnostics: Diagnostics::new(),
            stack: Vec::new(),
            asked: 0,
            merged: BTreeSet::new(),
            read: BTreeMap::new(),
        }
    }

    /// The scenario in this file, with everything it includes.
    pub(crate) fn scenario(&mut self, path: &str) -> Option<Document> {
        let mut root = self.file(path, None, 0)?;
        for (key, value) in root.map_values_mut() {
            if key == "taskDefinitions"
                && let NodeKind::List(list) = &mut value.kind
            {
                list.iter_mut().for_each(|node| unwrap(node, "taskDefinition"));
            }
        }
        Some(Document::new(root))
    }

    /// The value that a file holds; `at` is where it is named.
    fn file(&mut self, path: &str, at: Option<Span>, depth: usize) -> Option<Node> {
        let named = |diagnostic: Diagnostic, label: &str| match at {
            Some(span) => diagnostic.label(span, label),
            None => diagnostic,
        };
        if self.stack.iter().any(|open| open == path) {
            let mut way: Vec<String> =
                self.stack.iter().skip_while(|open| *open != path).map(|name| shown(name)).collect();
            way.push(shown(path));
            let message = format!("`{}` includes itself: {}", shown(path), way.join(" → "));
            self.diagnostics.push(named(Diagnostic::error("E015", message), "included again here"));
            return None;
        }
        if self.stack.len() > self.limits.max_include_depth {
            let message = format!("more than {} files include one another in a row", self.limits.max_include_depth);
            self.diagnostics.push(named(Diagnostic::error("E015", message), "the limit is passed here"));
            return None;
        }
        self.asked += 1;
        if self.asked > self.limits.max_files {
            // Once is enough: every further one would say the same.
            if self.asked == self.limits.max_files + 1 {
                let message = format!("more than {} files are included", self.limits.max_files);
                self.diagnostics.push(named(Diagnostic::error("E015", message), "the limit is passed here"));
            }
            return None;
        }
        let file = match self.read.get(path) {
            Some(file) => *file,
            None => self.text(path, at)?,
        };
        let mut node = parse_part(&self.sources, file, 0, self.limits, &mut self.budget, &mut self.diagnostics)?;
        self.stack.push(path.to_owned());
        self.expand(&mut node, depth, None);
        self.merge_included(&mut node, depth);
        self.stack.pop();
        Some(node)
    }

    /// Reads and decodes a file.
    fn text(&mut self, path: &str, at: Option<Span>) -> Option<FileId> {
        let content = match self.files.read(path, self.budget.bytes) {
            Ok(content) => content,
            Err(error) => {
                self.diagnostics.push(cannot_read(&error, at, self.limits));
                // A file that could not be read still has a name, so that the first id is always the scenario's.
                self.sources.add(path, String::new());
                return None;
            }
        };
        self.budget.bytes = self.budget.bytes.saturating_sub(content.len() as u64);
        let (text, bad) = decode(content);
        let file = self.sources.add(path, text);
        let Some((byte, letter)) = bad else {
            self.read.insert(path.to_owned(), file);
            return Some(file);
        };
        let span = Span::new(file, letter, letter + '\u{FFFD}'.len_utf8() as u32);
        let position = self.sources.position(span);
        let message = format!(
            "`{}` is not UTF-8: byte {byte} (line {}, column {}) does not belong to any letter",
            shown(path),
            position.line,
            position.column
        );
        let head = self.sources.get(file).map_or("", |source| source.text());
        let looks_wide = byte < 2 || head.bytes().take(200).filter(|byte| *byte == 0).count() > 20;
        let help = if looks_wide {
            "it looks like UTF-16 or a binary file; save it as UTF-8"
        } else {
            "save the file as UTF-8"
        };
        self.diagnostics.push(Diagnostic::error("E003", message).label(span, "the first bad byte").help(help));
        None
    }

    /// The `include:` at the top of a file: the files it names come first, then what the file itself says.
    fn merge_included(&mut self, node: &mut Node, depth: usize) {
        let NodeKind::Map(map) = &mut node.kind else { return };
        let Some(include) = map.remove("include") else { return };
        let own_is_empty = map.is_empty();
        let Some(paths) = self.paths(&include.value) else { return };
        let span = node.span;
        let own = std::mem::replace(&mut node.kind, NodeKind::Null);
        let mut whole: Option<Node> = None;
        for (path, at) in paths {
            let path = self.files.resolve(self.sources.name(at.file), &path);
            let is_cycle = self.stack.contains(&path);
            if !is_cycle && !self.merged.insert(path.clone()) {
                continue;
            }
            let Some(mut other) = self.file(&path, Some(at), depth) else { continue };
            if other.as_map().is_none() && !(own_is_empty && whole.is_none()) {
                let what =
                    format!("`{}` cannot be merged: it holds {}, not a map", shown(&path), other.kind_in_words());
                self.diagnostics
                    .push(Diagnostic::error("E014", what).label(at, "included here").label(other.span, "this"));
                continue;
            }
            match &mut whole {
                None => {
                    other.span = span;
                    whole = Some(other);
                }
                Some(whole) => merge(whole, other, &mut self.diagnostics),
            }
        }
        *node = match whole {
            None => {
                if own_is_empty {
                    self.budget.damaged.push(span);
                }
                Node::new(own, span)
            }
            Some(whole) if own_is_empty => whole,
            Some(mut whole) => {
                merge(&mut whole, Node::new(own, span), &mut self.diagnostics);
                whole
            }
        };
    }

    /// Replaces each `{include: file}` below this node. `list` is the key of the list the node stands in.
    fn expand(&mut self, node: &mut Node, depth: usize, key: Option<&str>) {
        match &mut node.kind {
            NodeKind::Map(map) => {
                for (key, value) in map.values_mut() {
                    if let Some(include) = sole_include(value) {
                        let included = self.included(include, depth + 1, Some(key));
                        if included.is_empty() {
                            self.budget.damaged.push(value.span);
                        }
                        *value = one(included, value.span);
                    } else {
                        self.expand(value, depth + 1, Some(key));
                    }
                }
            }
            NodeKind::List(list) => {
                if !list.iter().any(|element| sole_include(element).is_some()) {
                    list.iter_mut().for_each(|element| self.expand(element, depth + 1, key));
                    return;
                }
                let mut whole = Vec::with_capacity(list.len());
                for mut element in std::mem::take(list) {
                    match sole_include(&element) {
                        None => {
                            self.expand(&mut element, depth + 1, key);
                            whole.push(element);
                        }
                        Some(include) => {
                            for node in self.included(include, depth + 1, key) {
                                splice(node, key, &mut whole);
                            }
                        }
                    }
                }
                *list = whole;
            }
            _ => {}
        }
    }

    /// The values of the files that an `include` below the top names.
    fn included(&mut self, include: &Node, depth: usize, key: Option<&str>) -> Vec<Node> {
        let Some(paths) = self.paths(include) else { return Vec::new() };
        let mut nodes = Vec::new();
        for (path, at) in paths {
            let path = self.files.resolve(self.sources.name(at.file), &path);
            let Some(mut node) = self.file(&path, Some(at), depth) else { continue };
            if depth + node.size().1 > self.limits.max_depth {
                let message = format!(
                    "with `{}` maps and lists are nested more than {} deep",
                    shown(&path),
                    self.limits.max_depth
                );
                self.diagnostics.push(Diagnostic::error("E009", message).label(at, "included here"));
                continue;
            }
            unwrap(&mut node, key.map_or("taskDefinition", |key| key.strip_suffix('s').unwrap_or(key)));
            nodes.push(node);
        }
        nodes
    }

    /// The paths that an `include` names, each with its place.
    fn paths(&mut self, include: &Node) -> Option<Vec<(String, Span)>> {
        let path = |node: &Node| node.as_str().filter(|path| !path.is_empty()).map(|path| (path.to_owned(), node.span));
        let paths = match &include.kind {
            NodeKind::List(list) => list.iter().map(path).collect(),
            _ => path(include).map(|path| vec![path]),
        };
        if paths.is_none() {
            self.diagnostics.push(
                Diagnostic::error(
                    "E014",
                    format!("`include` takes the path of a file or a list of paths, not {}", include.kind_in_words()),
                )
                .label(include.span, "here")
                .help("for example `include: [services.yaml, task-definitions.yaml]`"),
            );
        }
        paths
    }
}

/// Why a file is missing, as a diagnostic at the place that names it.
pub(crate) fn cannot_read(error: &SourceError, at: Option<Span>, limits: &Limits) -> Diagnostic {
    let code = if error.kind == SourceErrorKind::TooLarge { "E002" } else { "E001" };
    let mut diagnostic = Diagnostic::error(code, error.to_string());
    if let Some(span) = at {
        diagnostic = diagnostic.label(span, "named here");
    }
    match error.kind {
        SourceErrorKind::TooLarge => diagnostic.help(format!(
            "a scenario and all it includes may have {}; large traces belong into CSV files of their own, which are read piece by piece",
            crate::source::human_size(limits.max_bytes)
        )),
        SourceErrorKind::NotFound if at.is_some() => diagnostic.help("paths are relative to the file that names them"),
        _ => diagnostic,
    }
}

/// Bytes as text without a byte order mark and with `\n` as the only line end; where they are no text, the byte
/// in the file and in the repaired text of the first bad one.
pub(crate) fn decode(content: Vec<u8>) -> (String, Option<(usize, u32)>) {
    const MARK: &str = "\u{FEFF}";
    let (text, bad) = match String::from_utf8(content) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let content = error.into_bytes();
            // A binary file of many megabytes need not be repaired: the line with the first bad byte is shown, no more.
            let end = content.len().min(valid + 1000);
            (String::from_utf8_lossy(&content[..end]).into_owned(), Some(valid))
        }
    };
    let mut cut = 0;
    let text = match text.strip_prefix(MARK) {
        Some(rest) => {
            cut += MARK.len();
            rest.to_owned()
        }
        None => text,
    };
    let bad_letter = bad.map(|byte| {
        let before = &text[..text.floor_char_boundary(byte.saturating_sub(cut))];
        (byte, (before.len() - before.matches("\r\n").count()) as u32)
    });
    let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
    (text, bad_letter)
}

/// The value of `include` if it is the map's only key.
fn sole_include(node: &Node) -> Option<&Node> {
    let map = node.as_map()?;
    if map.len() == 1 { map.get("include").map(|entry| &entry.value) } else { None }
}

/// What stands where a single value is expected.
fn one(mut nodes: Vec<Node>, span: Span) -> Node {
    match nodes.len() {
        0 => Node::new(NodeKind::Null, span),
        1 => nodes.remove(0),
        // Several files for one value are the elements of a list.
        _ => {
            let mut whole = Vec::new();
            nodes.into_iter().for_each(|node| splice(node, None, &mut whole));
            Node::new(NodeKind::List(whole), span)
        }
    }
}

/// Adds what a file holds to the list called `key`: the elements of a list, or the one value. AWS prints a list with
/// its name around it (`{"services": [...], "failures": []}`).
fn splice(node: Node, key: Option<&str>, list: &mut Vec<Node>) {
    match node.kind {
        NodeKind::List(elements) => list.extend(elements),
        NodeKind::Map(mut map) => {
            let is_wrapper = key.is_some_and(|key| {
                map.get(key).is_some_and(|entry| entry.value.as_list().is_some())
                    && map.iter().all(|entry| {
                        entry.key == key || matches!(entry.key.as_str(), "failures" | "nextToken" | "NextToken")
                    })
            });
            match key.filter(|_| is_wrapper).and_then(|key| map.remove(key)) {
                Some(Entry { value: Node { kind: NodeKind::List(elements), .. }, .. }) => list.extend(elements),
                _ => list.push(Node::new(NodeKind::Map(map), node.span)),
            }
        }
        kind => list.push(Node::new(kind, node.span)),
    }
}

/// The API prints an object with its name around it: `{"taskDefinition": {...}, "tags": [...]}`.
fn unwrap(node: &mut Node, name: &str) {
    let NodeKind::Map(map) = &mut node.kind else { return };
    let is_wrapper = map.get(name).is_some_and(|entry| entry.value.as_map().is_some())
        && map.iter().all(|entry| entry.key == name || entry.key == "tags");
    if !is_wrapper {
        return;
    }
    let tags = map.remove("tags");
    let Some(Entry { value: mut inner, .. }) = map.remove(name) else { return };
    if let (Some(tags), NodeKind::Map(inner)) = (tags, &mut inner.kind) {
        // The object's own tags win; the API never prints both.
        let _ = inner.insert(tags);
    }
    *node = inner;
}

/// Adds `other` to `into`: maps key by key, lists one after the other, and equal scalars once.
fn merge(into: &mut Node, other: Node, diagnostics: &mut Diagnostics) {
    let other_span = other.span;
    match (&mut into.kind, other.kind) {
        (_, NodeKind::Null) => {}
        (NodeKind::Null, kind) => *into = Node::new(kind, other_span),
        (NodeKind::List(list), NodeKind::List(more)) => list.extend(more),
        (NodeKind::Map(map), NodeKind::Map(more)) => merge_maps(map, more, diagnostics),
        (NodeKind::Bool(a), NodeKind::Bool(b)) if *a == b => {}
        (NodeKind::String(a), NodeKind::String(b)) if *a == b => {}
        (NodeKind::Number(a, _), NodeKind::Number(b, _)) if *a == b => {}
        (_, kind) => {
            let other = Node::new(kind, other_span);
            let (one, two) = (into.in_words(), other.in_words());
            diagnostics.push(
                Diagnostic::error("E016", format!("two files say different things here: {one} and {two}"))
                    .label(other_span, "this")
                    .label(into.span, "and this")
                    .help("keep one of them, or change the value with `--set`"),
            );
        }
    }
}

fn merge_maps(map: &mut Map, more: Map, diagnostics: &mut Diagnostics) {
    for entry in more.into_entries() {
        match map.get_mut(&entry.key) {
            Some(value) => merge(value, entry.value, diagnostics),
            None => {
                // It cannot be there: it was just looked for.
                let _ = map.insert(entry);
            }
        }
    }
}
