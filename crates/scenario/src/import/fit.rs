//! Makes an object of AWS fit the scenario's schema: field names, and texts where numbers belong. What does not fit is told.
//!
//! CloudFormation begins its fields with capital letters and writes numbers as texts where it likes; answers of AWS have
//! fields that calls do not. The schema knows what a scenario may say, so there is no second list of fields here.

use std::sync::OnceLock;

use serde_json::Value;

use super::findings::Findings;
use super::node::{as_text, list};
use crate::diagnostic::shown;
use crate::document::{Entry, Map, Node, NodeKind};
use crate::schema;
use crate::validate::{flip_first_letter, forms};

/// Where an object comes from, as far as its form matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The JSON of an API or of the CLI.
    Api,
    /// The properties of a resource of CloudFormation.
    Template,
}

/// Fields that only answers have, beside those that the schema itself calls so.
const ANSWERS: [&str; 41] = [
    "serviceArn",
    "clusterArn",
    "status",
    "runningCount",
    "pendingCount",
    "roleArn",
    "events",
    "deployments",
    "taskSets",
    "createdAt",
    "createdBy",
    "updatedAt",
    "currentServiceDeployment",
    "currentServiceRevisions",
    "resourceManagementType",
    "registeredContainerInstancesCount",
    "runningTasksCount",
    "pendingTasksCount",
    "activeServicesCount",
    "statistics",
    "attachments",
    "attachmentsStatus",
    "alarmArn",
    "alarmConfigurationUpdatedTimestamp",
    "stateValue",
    "stateReason",
    "stateReasonData",
    "stateUpdatedTimestamp",
    "stateTransitionedTimestamp",
    "evaluationState",
    "creationTime",
    "createTime",
    "createdTime",
    "globalTimeout",
    "defaultVersion",
    "versionNumber",
    "latestVersionNumber",
    "operator",
    "availabilityZoneIds",
    "stabilityStatus",
    "stabilityStatusAt",
];

/// The schema of scenarios, made once.
fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(schema::json_schema)
}

/// Makes an object fit the definition of this name in the schema. `of` says in a message what it belongs to.
pub(super) fn fit(definition: &str, node: Node, dialect: Dialect, of: &str, findings: &mut Findings) -> Node {
    let root = schema();
    let pointer = format!("/$defs/{definition}");
    let forms = root.pointer(&pointer).map(|form| forms(root, &[form])).unwrap_or_default();
    Fit { root, dialect, of, findings }.value(&forms, node)
}

struct Fit<'a> {
    root: &'static Value,
    dialect: Dialect,
    of: &'a str,
    findings: &'a mut Findings,
}

impl Fit<'_> {
    fn value(&mut self, forms: &[&'static Value], node: Node) -> Node {
        let span = node.span;
        match node.kind {
            NodeKind::Map(map) => Node::new(NodeKind::Map(self.map(forms, map)), span),
            NodeKind::List(values) => {
                let items: Vec<&Value> = forms.iter().filter_map(|form| form.get("items")).collect();
                let inner = self::forms(self.root, &items);
                let values = values.into_iter().filter(|value| value.kind != NodeKind::Null);
                list(values.map(|value| self.value(&inner, value)).collect(), span)
            }
            kind => {
                let node = Node::new(kind, span);
                let takes = |name: &str| forms.iter().any(|form| is_of_type(form, name));
                // One value where a list belongs: a parameter that holds a single subnet, say.
                if takes("array") && !["string", "number", "integer", "boolean"].into_iter().any(takes) {
                    let items: Vec<&Value> = forms.iter().filter_map(|form| form.get("items")).collect();
                    let inner = self::forms(self.root, &items);
                    let value = self.value(&inner, node);
                    return list(vec![value], span);
                }
                scalar(node, &takes)
            }
        }
    }

    fn map(&mut self, forms: &[&'static Value], map: Map) -> Map {
        let root = self.root;
        let properties: Vec<&'static serde_json::Map<String, Value>> =
            forms.iter().filter_map(|form| form.get("properties").and_then(Value::as_object)).collect();
        let free = properties.is_empty();
        let others: Vec<&'static Value> =
            forms.iter().filter_map(|form| form.get("additionalProperties")).filter(|form| form.is_object()).collect();
        let mut fitting = Map::default();
        for Entry { key, key_span, value } in map.into_entries() {
            if value.kind == NodeKind::Null {
                continue;
            }
            let known = known_name(&properties, &key);
            let (key, value) = match known {
                Some(known) => {
                    let fields: Vec<&'static Value> =
                        properties.iter().filter_map(|fields| fields.get(known)).collect();
                    match mark(&fields) {
                        Some("answer") => {
                            self.findings.answer(known);
                            continue;
                        }
                        Some("later") if !is_nothing(&value) => self.findings.note(
                            format!("{}: `{known}` is there, but this version does not simulate it", self.of),
                            Some(key_span),
                        ),
                        _ => {}
                    }
                    let inner = self::forms(root, &fields);
                    (known.to_owned(), self.value(&inner, value))
                }
                // Whatever stands in a map of names, or in an object that does not matter, stays as it is.
                None if free || !others.is_empty() => {
                    let inner = self::forms(root, &others);
                    let is_kept = inner.iter().all(|form| form.get("type").is_none());
                    let key = match self.dialect {
                        Dialect::Template if is_kept => flip_first_letter(&key)
                            .filter(|_| key.starts_with(|letter: char| letter.is_ascii_uppercase()))
                            .unwrap_or(key),
                        _ => key,
                    };
                    (key, self.value(&inner, value))
                }
                None => {
                    if ANSWERS.iter().any(|name| name.eq_ignore_ascii_case(&key)) {
                        self.findings.answer(&small(&key));
                    } else if !is_nothing(&value) {
                        let message = format!("{}: the scenario has no field `{}`", self.of, shown(&key));
                        self.findings.lost(message, Some(key_span));
                    }
                    continue;
                }
            };
            if fitting.insert(Entry { key, key_span, value }).is_err() {
                let message = format!("{}: a field stands here in two spellings; the first one holds", self.of);
                self.findings.lost(message, Some(key_span));
            }
        }
        fitting
    }
}

/// The schema's name of a field, whatever the case of its letters.
fn known_name(properties: &[&'static serde_json::Map<String, Value>], key: &str) -> Option<&'static str> {
    let exact = properties.iter().find_map(|fields| fields.get_key_value(key));
    let found = exact.or_else(|| {
        properties.iter().flat_map(|fields| fields.iter()).find(|(name, _)| name.eq_ignore_ascii_case(key))
    });
    found.map(|(name, _)| name.as_str())
}

/// `later` for a field that is not simulated yet, `answer` for one that only answers have.
fn mark(fields: &[&'static Value]) -> Option<&'static str> {
    let field = fields.first()?;
    let described = field.get("description").and_then(Value::as_str).unwrap_or_default();
    match field.get("x-ecsim").and_then(Value::as_str)? {
        "kept" if described.contains("as AWS prints") => Some("answer"),
        other => Some(other),
    }
}

fn is_of_type(form: &Value, name: &str) -> bool {
    match form.get("type") {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        _ => false,
    }
}

/// A scalar of the type that the schema wants, where it can be read as one.
fn scalar(node: Node, takes: &dyn Fn(&str) -> bool) -> Node {
    let span = node.span;
    let is_number = takes("number") || takes("integer");
    match &node.kind {
        NodeKind::String(written) if !takes("string") => {
            let word = written.trim();
            if takes("boolean") {
                let value = match word.to_ascii_lowercase().as_str() {
                    "true" | "yes" => Some(true),
                    "false" | "no" => Some(false),
                    _ => None,
                };
                if let Some(value) = value {
                    return Node::new(NodeKind::Bool(value), span);
                }
            }
            if is_number && let Ok(number) = serde_json::from_str::<serde_json::Number>(word) {
                return Node::new(NodeKind::Number(number, word.into()), span);
            }
            node
        }
        NodeKind::Number(..) | NodeKind::Bool(_) if takes("string") && !is_number && !takes("boolean") => {
            let word = as_text(&node).unwrap_or_default().to_owned();
            Node::new(NodeKind::String(word), span)
        }
        _ => node,
    }
}

/// Nothing, or a list or map of nothing: AWS prints those for what is not there.
pub(super) fn is_nothing(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Null => true,
        NodeKind::String(text) => text.is_empty(),
        NodeKind::List(values) => values.is_empty(),
        NodeKind::Map(map) => map.is_empty(),
        NodeKind::Bool(value) => !value,
        NodeKind::Number(..) => false,
    }
}

fn small(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}
