//! Small tools for trees of values: looking up, taking out, and building new parts that keep a place.

use serde_json::Number;

use crate::diagnostic::Span;
use crate::document::{Entry, Map, Node, NodeKind};

/// A text.
pub(super) fn text(value: impl Into<String>, span: Span) -> Node {
    Node::new(NodeKind::String(value.into()), span)
}

/// A whole number.
pub(super) fn number(value: u64, span: Span) -> Node {
    Node::new(NodeKind::Number(Number::from(value), value.to_string().into()), span)
}

/// A list.
pub(super) fn list(values: Vec<Node>, span: Span) -> Node {
    Node::new(NodeKind::List(values), span)
}

/// A map of these keys; of a key given twice the first holds.
pub(super) fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Node)>, span: Span) -> Node {
    let mut map = Map::default();
    for (key, value) in entries {
        let _ = map.insert(Entry { key: key.to_owned(), key_span: value.span, value });
    }
    Node::new(NodeKind::Map(map), span)
}

/// Sets a key of a map; nothing happens to anything else.
pub(super) fn set(node: &mut Node, key: &str, value: Node) {
    if let NodeKind::Map(map) = &mut node.kind {
        map.remove(key);
        let _ = map.insert(Entry { key: key.to_owned(), key_span: value.span, value });
    }
}

/// Adds an element to the list under a key, which is made where there is none.
pub(super) fn push(node: &mut Node, key: &str, value: Node) {
    let NodeKind::Map(map) = &mut node.kind else { return };
    match map.get_mut(key).map(|there| &mut there.kind) {
        Some(NodeKind::List(values)) => values.push(value),
        _ => {
            let values = list(vec![value.clone()], value.span);
            set(node, key, values);
        }
    }
}

/// The value of a key, whatever the case of its letters: AWS writes `roleArn` here and `RoleARN` there.
pub(super) fn find<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let map = node.as_map()?;
    let exact = map.get(key).or_else(|| map.iter().find(|entry| entry.key.eq_ignore_ascii_case(key)));
    exact.map(|entry| &entry.value).filter(|value| value.kind != NodeKind::Null)
}

/// The value at the end of a way of keys.
pub(super) fn find_at<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n Node> {
    keys.iter().try_fold(node, |node, key| find(node, key))
}

/// The text of a key; a number as it was written.
pub(super) fn find_text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    find(node, key).and_then(as_text).filter(|text| !text.is_empty())
}

/// A scalar as it was written.
pub(super) fn as_text(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::String(text) => Some(text),
        NodeKind::Number(_, raw) => Some(raw),
        NodeKind::Bool(true) => Some("true"),
        NodeKind::Bool(false) => Some("false"),
        _ => None,
    }
}

/// A scalar as a number.
pub(super) fn as_number(node: &Node) -> Option<f64> {
    as_text(node)?.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// The elements of a list; a single value is a list of one.
pub(super) fn elements(node: Option<&Node>) -> Vec<&Node> {
    match node {
        None => Vec::new(),
        Some(node) => match &node.kind {
            NodeKind::List(values) => values.iter().collect(),
            NodeKind::Null => Vec::new(),
            _ => vec![node],
        },
    }
}

/// Takes the value of a key out of a map, whatever the case of its letters.
pub(super) fn take(node: &mut Node, key: &str) -> Option<Node> {
    let NodeKind::Map(map) = &mut node.kind else { return None };
    let name = match map.get(key) {
        Some(entry) => entry.key.clone(),
        None => map.iter().find(|entry| entry.key.eq_ignore_ascii_case(key))?.key.clone(),
    };
    map.remove(&name).map(|entry| entry.value).filter(|value| value.kind != NodeKind::Null)
}

/// Gives a key another name, unless the map has that one.
pub(super) fn rename(node: &mut Node, from: &str, to: &str) {
    if find(node, to).is_some() {
        return;
    }
    let NodeKind::Map(map) = &mut node.kind else { return };
    let Some(name) = map.iter().find(|entry| entry.key.eq_ignore_ascii_case(from)).map(|entry| entry.key.clone())
    else {
        return;
    };
    if let Some(entry) = map.remove(&name) {
        let _ = map.insert(Entry { key: to.to_owned(), ..entry });
    }
}

/// What stands after the last `/` of an ARN; a text without one is a name already.
pub(super) fn last_part(name: &str) -> &str {
    if name.starts_with("arn:") { name.rsplit('/').next().unwrap_or(name) } else { name }
}
