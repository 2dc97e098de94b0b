//! Fields that the schema marks as accepted without effect (`x-ecsim: kept` or `later`), wherever a document has them.

use serde_json::Value;

use super::spelling::forms;
use crate::document::{Document, Locator, Node, NodeKind, Path};

/// Calls `found` for every field of the document that the schema marks, with its mark, in the order of the document.
pub fn walk_marked(schema: &Value, document: &Document, found: &mut dyn FnMut(Locator<'_>, &str)) {
    visit(schema, &forms(schema, &[schema]), &document.root, &Path::root(), document, found);
}

fn visit(
    root: &Value,
    forms: &[&Value],
    node: &Node,
    path: &Path,
    document: &Document,
    found: &mut dyn FnMut(Locator<'_>, &str),
) {
    match &node.kind {
        NodeKind::Map(map) => {
            for entry in map.iter() {
                let inner: Vec<&Value> = forms
                    .iter()
                    .filter_map(|form| form.get("properties").and_then(|known| known.get(&entry.key)))
                    .collect();
                let path = path.clone().key(entry.key.clone());
                if let Some(mark) = inner.iter().find_map(|form| form.get("x-ecsim").and_then(Value::as_str)) {
                    found(document.at_path(&path), mark);
                    continue;
                }
                let inner = self::forms(root, &inner);
                if !inner.is_empty() {
                    visit(root, &inner, &entry.value, &path, document, found);
                }
            }
        }
        NodeKind::List(list) => {
            let items: Vec<&Value> = forms.iter().filter_map(|form| form.get("items")).collect();
            let inner = self::forms(root, &items);
            if !inner.is_empty() {
                for (index, element) in list.iter().enumerate() {
                    visit(root, &inner, element, &path.clone().index(index), document, found);
                }
            }
        }
        _ => {}
    }
}
