//! A document without the values that are wrong, so that the rest can be checked for what it means in the same go.

use std::collections::BTreeSet;

use super::{Document, Map, Node, NodeKind};
use crate::diagnostic::Span;

/// The document without every value or entry that stands at one of `wrong`. Places of what is left stay as they were.
#[must_use]
pub fn without(document: &Document, wrong: &BTreeSet<Span>) -> Document {
    Document::new(prune(&document.root, wrong))
}

fn prune(node: &Node, wrong: &BTreeSet<Span>) -> Node {
    let kind = match &node.kind {
        NodeKind::Map(map) => {
            let mut kept = Map::default();
            for entry in map.iter() {
                if wrong.contains(&entry.key_span) || wrong.contains(&entry.value.span) {
                    continue;
                }
                let mut entry = entry.clone();
                entry.value = prune(&entry.value, wrong);
                // Keys of a map are unique already.
                let _ = kept.insert(entry);
            }
            NodeKind::Map(kept)
        }
        NodeKind::List(list) => NodeKind::List(
            list.iter().filter(|item| !wrong.contains(&item.span)).map(|item| prune(item, wrong)).collect(),
        ),
        scalar => scalar.clone(),
    };
    Node::new(kind, node.span)
}
