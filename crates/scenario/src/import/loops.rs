//! `Fn::ForEach` of the transform AWS::LanguageExtensions: a loop over names, written out before anything else is looked at.
//!
//! The identifier is put in where AWS puts it in: `${Name}` and `{Ref: Name}` become the value, `&{Name}` its letters and
//! digits alone.

use super::Import;
use super::functions::Evaluator;
use super::node::{as_text, elements, text};
use crate::diagnostic::shown;
use crate::document::{Entry, Map, Node, NodeKind};

const LOOP: &str = "Fn::ForEach::";

/// Whether there is a loop anywhere.
pub(super) fn are_in(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Map(map) => map.iter().any(|entry| entry.key.starts_with(LOOP) || are_in(&entry.value)),
        NodeKind::List(values) => values.iter().any(are_in),
        _ => false,
    }
}

impl Import<'_> {
    /// The template with all loops written out.
    pub(super) fn without_loops(&mut self, stack: &str, root: &Node) -> Node {
        let evaluator = Evaluator::new(
            root,
            stack,
            &self.options.parameters,
            &mut self.places,
            &mut self.findings,
            &mut self.diagnostics,
        );
        Loops { evaluator, left: self.limits.max_nodes }.expanded(root)
    }
}

struct Loops<'a> {
    evaluator: Evaluator<'a>,
    /// How many more values may be made: a loop in a loop in a loop is a trap.
    left: usize,
}

impl Loops<'_> {
    fn expanded(&mut self, node: &Node) -> Node {
        match &node.kind {
            NodeKind::Map(map) => {
                let mut made = Map::default();
                for entry in map.iter() {
                    self.add(entry, &mut made);
                }
                Node::new(NodeKind::Map(made), node.span)
            }
            NodeKind::List(values) => {
                Node::new(NodeKind::List(values.iter().map(|value| self.expanded(value)).collect()), node.span)
            }
            _ => node.clone(),
        }
    }

    /// Adds an entry, or what its loop makes.
    fn add(&mut self, entry: &Entry, made: &mut Map) {
        if entry.key.starts_with(LOOP) {
            return self.each(entry, made);
        }
        let value = self.expanded(&entry.value);
        if let Err(twice) = made.insert(Entry { value, ..entry.clone() }) {
            let help = Some("let the key have the identifier of the loop in it, such as `Service${Name}`".to_owned());
            self.evaluator.wrong(twice.key_span, format!("`{}` is made twice", shown(&twice.key)), help);
        }
    }

    fn each(&mut self, entry: &Entry, made: &mut Map) {
        let parts = match entry.value.as_list() {
            Some([name, values, body]) if as_text(name).is_some() && body.as_map().is_some() => (name, values, body),
            _ => {
                let help = Some("write `Fn::ForEach::Loop: [Name, [a, b], {\"Key${Name}\": ...}]`".to_owned());
                let message = "a loop takes an identifier, a list of values, and a map";
                self.evaluator.wrong(entry.value.span, message, help);
                return;
            }
        };
        let (name, values, body) = parts;
        let name = as_text(name).unwrap_or_default();
        let Some(values) = self.evaluator.value(values) else { return };
        let size = body.size().0;
        for value in elements(Some(&values)).into_iter().filter_map(as_text) {
            let Some(left) = self.left.checked_sub(size) else {
                self.evaluator.wrong(entry.key_span, "the loops of the template make too much", None);
                return;
            };
            self.left = left;
            for inner in body.as_map().into_iter().flat_map(|map| map.iter()) {
                let (key, inner_value) = (put_into(&inner.key, name, value), put(&inner.value, name, value));
                let inner = Entry { key, key_span: inner.key_span, value: inner_value };
                self.add(&inner, made);
            }
        }
    }
}

/// The value with the identifier put in.
fn put(node: &Node, name: &str, value: &str) -> Node {
    let kind = match &node.kind {
        NodeKind::String(written) => NodeKind::String(put_into(written, name, value)),
        NodeKind::List(values) => NodeKind::List(values.iter().map(|it| put(it, name, value)).collect()),
        NodeKind::Map(map) => {
            if map.len() == 1 && map.get("Ref").is_some_and(|entry| as_text(&entry.value) == Some(name)) {
                return text(value, node.span);
            }
            let mut made = Map::default();
            for entry in map.iter() {
                // Two keys that become one are one already: AWS refuses them.
                let _ = made.insert(Entry {
                    key: put_into(&entry.key, name, value),
                    key_span: entry.key_span,
                    value: put(&entry.value, name, value),
                });
            }
            NodeKind::Map(made)
        }
        other => other.clone(),
    };
    Node::new(kind, node.span)
}

fn put_into(written: &str, name: &str, value: &str) -> String {
    if !written.contains('{') {
        return written.to_owned();
    }
    let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    written.replace(&format!("${{{name}}}"), value).replace(&format!("&{{{name}}}"), &plain)
}
