//! The last step: the scenario goes through the check that every scenario goes through. What is refused is traced back to the
//! user's file; parts that a run can do without are left out, which is said.

use std::io::Read;

use super::{Draft, Import, Scenario, write};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, SourceMap, Span};
use crate::document::{Document, Map, Node, NodeKind, Path, Segment, parse};
use crate::prepare;
use crate::source::{SourceError, SourceFiles};

/// So often parts are left out before it is given up.
const MOST_ROUNDS: usize = 200;

/// Parts without which the rest can run: the list or field, as keys; `*` is an element.
const OPTIONAL: [&[&str]; 16] = [
    &["alarms", "*"],
    &["targetGroups", "*"],
    &["loadBalancers", "*"],
    &["timeline", "*"],
    &["services", "*", "autoScaling", "policies", "*"],
    &["services", "*", "autoScaling", "scheduledActions", "*"],
    &["services", "*", "deploymentConfiguration", "alarms"],
    &["services", "*", "deploymentConfiguration", "lifecycleHooks", "*"],
    &["services", "*", "serviceRegistries", "*"],
    &["services", "*", "vpcLatticeConfigurations"],
    &["autoScalingGroups", "*", "scalingPolicies", "*"],
    &["autoScalingGroups", "*", "scheduledActions", "*"],
    &["autoScalingGroups", "*", "lifecycleHookSpecificationList", "*"],
    &["autoScalingGroups", "*", "warmPool"],
    &["autoScalingGroups", "*", "warmPoolConfiguration"],
    &["autoScalingGroups", "*", "instanceMaintenancePolicy"],
];

/// The files of the user, and the scenario where it will lie.
struct Overlay<'a> {
    files: &'a dyn SourceFiles,
    path: &'a str,
    text: &'a str,
}

impl SourceFiles for Overlay<'_> {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        if path == self.path { Ok(self.text.as_bytes().to_vec()) } else { self.files.read(path, limit) }
    }

    fn resolve(&self, from: &str, path: &str) -> String {
        self.files.resolve(from, path)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read>, SourceError> {
        self.files.open(path)
    }
}

/// The scenario, if it passes; else there are diagnostics.
pub(super) fn prove(import: &mut Import<'_>, mut draft: Draft, paths: &[String]) -> Option<Scenario> {
    for _ in 0..MOST_ROUNDS {
        let text = write::yaml(&draft, &[], &import.sources, paths);
        let overlay = Overlay { files: import.files, path: &import.options.out, text: &text };
        let prepared = prepare(&overlay, &import.options.out, &[], import.limits);
        let written = reread(&prepared.sources, import);
        let Some(written) = written else {
            broken(import, "its own YAML cannot be read");
            return None;
        };
        let errors: Vec<&Diagnostic> =
            prepared.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect();
        if errors.is_empty() && prepared.ready.is_some() {
            remarks(import, &draft, &written, prepared.diagnostics.iter());
            let findings = import.findings.clone().finish();
            return Some(Scenario {
                yaml: write::yaml(&draft, &findings, &import.sources, paths),
                value: draft.document.to_value(),
                summary: summary(&draft),
            });
        }
        let mut left_out = false;
        for error in &errors {
            let path = error.span().map(|span| path_of(&written, span)).unwrap_or_default();
            let Some(way) = optional(&path) else { continue };
            let what = name_of(&draft.document, &way);
            let span = draft.document.span(&way);
            let message = format!("{what}: {}", with_help(error));
            import.findings.lost(message, Some(span));
            remove(&mut draft.document.root, &way.0);
            left_out = true;
            // Places behind it have moved.
            break;
        }
        if left_out {
            continue;
        }
        if errors.is_empty() {
            broken(import, "it is refused without a reason");
        }
        for error in errors {
            let path = error.span().map(|span| path_of(&written, span)).unwrap_or_default();
            let mut place = draft.document.get(&path).map(|_| draft.document.span(&path));
            if place == Some(draft.nowhere) {
                place = None;
            }
            let mut told = Diagnostic::error(error.code, error.message.clone()).help_if(error.help.clone());
            if let Some(span) = place.or_else(|| around(&draft, &path)) {
                told = told.label(span, error.labels.first().map_or("", |label| label.text.as_str()));
            } else {
                told = told.note("this is about a part of the scenario that import made up: please report it");
            }
            import.diagnostics.push(told);
        }
        return None;
    }
    broken(import, "too much of it is refused");
    None
}

fn broken(import: &mut Import<'_>, why: &str) {
    import.diagnostics.push(
        Diagnostic::error("E413", format!("the scenario that was made does not pass the check: {why}"))
            .help("this is a fault in ecsim: please report it"),
    );
}

fn reread(sources: &SourceMap, import: &Import<'_>) -> Option<Document> {
    let (file, _) = sources.iter().next()?;
    let mut ignored = Diagnostics::new();
    parse(sources, file, import.limits, &mut ignored).map(Document::new)
}

/// Warnings of the check are worth knowing too.
fn remarks<'d>(
    import: &mut Import<'_>,
    draft: &Draft,
    written: &Document,
    diagnostics: impl Iterator<Item = &'d Diagnostic>,
) {
    for warning in diagnostics {
        let path = warning.span().map(|span| path_of(written, span)).unwrap_or_default();
        let place = draft.document.get(&path).map(|_| draft.document.span(&path)).filter(|span| *span != draft.nowhere);
        import.findings.note(with_help(warning), place);
    }
}

fn with_help(diagnostic: &Diagnostic) -> String {
    match &diagnostic.help {
        Some(help) => format!("{} ({help})", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

/// The nearest part around a place that stands in a file of the user.
fn around(draft: &Draft, path: &Path) -> Option<Span> {
    (0..path.0.len())
        .rev()
        .map(|length| draft.document.span(&Path(path.0[..length].to_vec())))
        .find(|span| *span != draft.nowhere)
}

/// The path of the smallest value that a place lies in.
fn path_of(document: &Document, span: Span) -> Path {
    let holds = |outer: Span| outer.file == span.file && outer.start <= span.start && span.end <= outer.end;
    let mut path = Path::root();
    let mut node = &document.root;
    loop {
        let next: Option<(Segment, &Node)> = match &node.kind {
            NodeKind::Map(map) => map
                .iter()
                .find(|entry| holds(entry.value.span) || holds(entry.key_span))
                .map(|entry| (Segment::Key(entry.key.clone()), &entry.value)),
            NodeKind::List(values) => values
                .iter()
                .enumerate()
                .find(|(_, value)| holds(value.span))
                .map(|(index, value)| (Segment::Index(index), value)),
            _ => None,
        };
        let Some((segment, inner)) = next else { return path };
        path.0.push(segment);
        node = inner;
    }
}

/// The optional part that a path leads into.
fn optional(path: &Path) -> Option<Path> {
    OPTIONAL.iter().find_map(|way| {
        let fits = path.0.len() >= way.len()
            && way.iter().zip(&path.0).all(|(wanted, segment)| match segment {
                Segment::Index(_) => *wanted == "*",
                Segment::Key(key) => wanted == key,
            });
        fits.then(|| Path(path.0[..way.len()].to_vec()))
    })
}

/// What a part is called in a message.
fn name_of(document: &Document, path: &Path) -> String {
    let named = |node: &Node| {
        [
            "name",
            "alarmName",
            "policyName",
            "scheduledActionName",
            "lifecycleHookName",
            "targetGroupName",
            "loadBalancerName",
            "serviceName",
            "autoScalingGroupName",
            "hookTargetArn",
        ]
        .into_iter()
        .find_map(|key| super::node::find_text(node, key))
        .map(str::to_owned)
    };
    let mut words = Vec::new();
    for length in 1..=path.0.len() {
        let part = Path(path.0[..length].to_vec());
        match (part.0.last(), document.get(&part)) {
            (Some(Segment::Key(key)), Some(_)) => words.push(format!("`{key}`")),
            (Some(Segment::Index(index)), Some(node)) => {
                let name = named(node).unwrap_or_else(|| (index + 1).to_string());
                words.push(format!("`{}`", crate::diagnostic::shown(&name)));
            }
            _ => {}
        }
    }
    words.join(" ")
}

fn remove(node: &mut Node, way: &[Segment]) {
    match (way, &mut node.kind) {
        ([Segment::Key(key)], NodeKind::Map(map)) => drop(map.remove(key)),
        ([Segment::Index(index)], NodeKind::List(values)) if *index < values.len() => drop(values.remove(*index)),
        ([Segment::Key(key), rest @ ..], NodeKind::Map(map)) => {
            if let Some(inner) = Map::get_mut(map, key) {
                remove(inner, rest);
            }
        }
        ([Segment::Index(index), rest @ ..], NodeKind::List(values)) => {
            if let Some(inner) = values.get_mut(*index) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

/// What was imported, in words: `2 services (1 more left out), 1 task definition`.
fn summary(draft: &Draft) -> String {
    let mut places = Vec::new();
    places_in(&draft.document.root, &mut places);
    places.sort_unstable();
    // An object is there if any part of it is.
    let is_there = |span: &Span| {
        let first = places.partition_point(|place| (place.file, place.start) < (span.file, span.start));
        places[first..]
            .iter()
            .take_while(|place| place.file == span.file && place.start <= span.end)
            .any(|place| place.end <= span.end)
    };
    let told = draft.found.iter().map(|found| {
        let left_out = found.spans.iter().filter(|span| !is_there(span)).count();
        let there = counted(found.count - left_out, found.name);
        if left_out == 0 { there } else { format!("{there} ({left_out} more left out)") }
    });
    told.collect::<Vec<_>>().join(", ")
}

fn places_in(node: &Node, places: &mut Vec<Span>) {
    places.push(node.span);
    match &node.kind {
        NodeKind::Map(map) => map.iter().for_each(|entry| places_in(&entry.value, places)),
        NodeKind::List(values) => values.iter().for_each(|value| places_in(value, places)),
        _ => {}
    }
}

/// So many of a thing: `2 services`.
fn counted(count: usize, name: &str) -> String {
    match (count, name.strip_suffix('y')) {
        (1, _) => format!("1 {name}"),
        (count, Some(stem)) => format!("{count} {stem}ies"),
        (count, None) => format!("{count} {}", plural(name)),
    }
}

/// More than one of a thing: what has `of` in it changes its first word.
fn plural(name: &str) -> String {
    for word in ["call", "rule", "trace"] {
        if let Some(rest) = name.strip_prefix(word).filter(|rest| rest.starts_with(' ')) {
            return format!("{word}s{rest}");
        }
    }
    match name {
        "list of the cluster's capacity providers" => "lists of the cluster's capacity providers".to_owned(),
        "scheduled action of a group" => "scheduled actions of groups".to_owned(),
        "scaling policy of a group" => "scaling policies of groups".to_owned(),
        name => format!("{name}s"),
    }
}
