//! AWS writes the first letter of a field small in one service's JSON and as a capital in another's: both are accepted.

use serde_json::Value;

use super::words::{flip_first_letter, small_abbreviation};
use crate::diagnostic::{Diagnostic, Diagnostics, shown};
use crate::document::{Document, Node, NodeKind};

/// Renames each key that the schema does not know to its other spelling where it knows that one: `minSize` and `MinSize`
/// are the same field, `vpcZoneIdentifier` and `VPCZoneIdentifier` too. Where APIs have several names for one thing, the
/// schema lists them under `x-ecsim-also`. A field given in both spellings is an error.
pub fn normalise_spelling(schema: &Value, document: &mut Document, diagnostics: &mut Diagnostics) {
    visit(schema, &forms(schema, &[schema]), &mut document.root, diagnostics);
}

fn visit(root: &Value, forms: &[&Value], node: &mut Node, diagnostics: &mut Diagnostics) {
    match &mut node.kind {
        NodeKind::Map(map) => {
            let is_known = |key: &str| {
                forms.iter().any(|form| form.get("properties").is_some_and(|known| known.get(key).is_some()))
            };
            let clashes = map.rename(|_, key| {
                if is_known(key) {
                    return None;
                }
                let spellings = [flip_first_letter(key), small_abbreviation(key)].into_iter().flatten();
                let mut spellings = spellings.chain([key.to_owned()]);
                spellings.find_map(|other| if is_known(&other) { Some(other) } else { named_otherwise(forms, &other) })
            });
            for (entry, other) in clashes {
                let message = format!("the field `{}` is given twice, in two spellings", shown(&entry.key));
                diagnostics.push(
                    Diagnostic::error("E006", message)
                        .label(entry.key_span, "given again here")
                        .label(other, "and given here"),
                );
            }
            for (key, value) in map.values_mut() {
                let inner = forms.iter().filter_map(|form| {
                    form.get("properties").and_then(|known| known.get(key)).or_else(|| form.get("additionalProperties"))
                });
                visit_inner(root, inner, value, diagnostics);
            }
        }
        NodeKind::List(list) => {
            let inner: Vec<&Value> = forms.iter().filter_map(|form| form.get("items")).collect();
            let inner = self::forms(root, &inner);
            if !inner.is_empty() {
                list.iter_mut().for_each(|element| visit(root, &inner, element, diagnostics));
            }
        }
        _ => {}
    }
}

/// The field that has this other name.
fn named_otherwise(forms: &[&Value], name: &str) -> Option<String> {
    let fields = forms.iter().filter_map(|form| form.get("properties").and_then(Value::as_object)).flatten();
    let also = |field: &Value| {
        let names = field.get("x-ecsim-also").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|also| also.as_str() == Some(name)))
    };
    fields.into_iter().find(|(_, field)| also(field)).map(|(key, _)| key.clone())
}

fn visit_inner<'a>(
    root: &'a Value,
    schemas: impl Iterator<Item = &'a Value>,
    node: &mut Node,
    diagnostics: &mut Diagnostics,
) {
    if matches!(node.kind, NodeKind::Map(_) | NodeKind::List(_)) {
        let schemas: Vec<&Value> = schemas.collect();
        let forms = forms(root, &schemas);
        if !forms.is_empty() {
            visit(root, &forms, node, diagnostics);
        }
    }
}

/// All the object schemas that a value may be held against: references followed, alternatives opened.
pub(crate) fn forms<'a>(root: &'a Value, schemas: &[&'a Value]) -> Vec<&'a Value> {
    let mut found: Vec<&Value> = Vec::new();
    let mut waiting: Vec<&Value> = schemas.to_vec();
    while let Some(schema) = waiting.pop() {
        if !schema.is_object() || found.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        found.push(schema);
        waiting.extend(reference(root, schema));
        waiting.extend(["then", "else"].into_iter().filter_map(|keyword| schema.get(keyword)));
        for keyword in ["allOf", "anyOf", "oneOf"] {
            waiting.extend(schema.get(keyword).and_then(Value::as_array).into_iter().flatten());
        }
    }
    found
}

/// What the `$ref` of a schema points to.
pub(super) fn reference<'a>(root: &'a Value, schema: &Value) -> Option<&'a Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}
