//! `--set path=value`: one value of a scenario changed from the command line, with the command line as its place.

use super::{Budget, Document, Entry, Limits, Map, Node, NodeKind, parse_part};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, SourceMap, Span, shown};

/// The keys by whose value an element of a list is called, the likeliest first.
const NAME_KEYS: [&str; 17] = [
    "name",
    "serviceName",
    "family",
    // Before the group, whose name AWS prints beside theirs.
    "launchTemplateName",
    "scheduledActionName",
    "lifecycleHookName",
    "policyName",
    "targetGroupName",
    "loadBalancerName",
    "alarmName",
    "autoScalingGroupName",
    "capacityProvider",
    "clusterName",
    "instanceType",
    "id",
    // Requests to a service are called after it, and so are calls of another one.
    "service",
    // An attribute of a target group.
    "key",
];

/// Applies overrides in their order; what cannot be applied is said and left out.
pub(crate) fn apply(
    document: &mut Document,
    overrides: &[String],
    sources: &mut SourceMap,
    limits: &Limits,
    budget: &mut Budget,
    diagnostics: &mut Diagnostics,
) {
    for text in overrides {
        const OPTION: &str = "--set ";
        let file = sources.add("command line", format!("{OPTION}{}", text.replace("\r\n", "\n").replace('\r', "\n")));
        let text = sources.get(file).map_or("", |source| source.text());
        let (steps, value_at) = match steps(text, OPTION.len(), file) {
            Ok(parsed) => parsed,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                continue;
            }
        };
        let Some(mut value) = parse_part(sources, file, value_at, limits, budget, diagnostics) else { continue };
        if value.kind == NodeKind::Null {
            value.span = Span::new(file, OPTION.len() as u32, text.len() as u32);
        }
        if let Err(diagnostic) = set(&mut document.root, &steps, value) {
            diagnostics.push(diagnostic);
        }
    }
}

/// One word of the path: between dots, in `[ ]`, or in quotes.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    text: String,
    span: Span,
    /// Quoted words are never put together with the next ones.
    is_quoted: bool,
}

fn steps(text: &str, from: usize, file: FileId) -> Result<(Vec<Step>, usize), Diagnostic> {
    let span = |start: usize, end: usize| Span::new(file, start as u32, end as u32);
    let form = |start: usize, end: usize, message: &str| {
        Diagnostic::error("E017", message)
            .label(span(start, end), "here")
            .help("write `--set path=value`, for example `--set services.web.desiredCount=6` or `--set instanceTypes.\"my.gpu\".gpus=8`")
    };
    let bytes = text.as_bytes();
    let mut steps: Vec<Step> = Vec::new();
    let mut at = from;
    // Whether a word is due: at the beginning and after a dot.
    let mut is_due = true;
    loop {
        match bytes.get(at) {
            None => return Err(form(from, text.len(), "this override has no `=`")),
            Some(b'=') if is_due && steps.is_empty() => {
                return Err(form(at, at + 1, "this override has no path before its `=`"));
            }
            Some(b'=') if is_due => return Err(form(at, at + 1, "the path of this override ends in a dot")),
            Some(b'=') => return Ok((steps, at + 1)),
            Some(b'.') if is_due => return Err(form(at, at + 1, "a name is missing before this dot")),
            Some(b'.') => {
                is_due = true;
                at += 1;
            }
            Some(open @ (b'"' | b'\'' | b'[')) => {
                let is_bracket = *open == b'[';
                let (quote, start) = match bytes.get(at + 1) {
                    Some(quote @ (b'"' | b'\'')) if is_bracket => (Some(*quote), at + 2),
                    _ if is_bracket => (None, at + 1),
                    _ => (Some(*open), at + 1),
                };
                let close = quote.unwrap_or(b']');
                let Some(length) = bytes[start..].iter().position(|byte| *byte == close) else {
                    return Err(form(at, text.len(), "a bracket or a quote is not closed"));
                };
                let end = start + length;
                steps.push(Step {
                    text: text[start..end].to_owned(),
                    span: span(start, end),
                    is_quoted: quote.is_some(),
                });
                at = end + 1;
                if is_bracket && quote.is_some() {
                    if bytes.get(at) != Some(&b']') {
                        return Err(form(at.min(text.len()), (at + 1).min(text.len()), "a bracket is not closed"));
                    }
                    at += 1;
                }
                is_due = false;
            }
            Some(_) if !is_due => return Err(form(at, at + 1, "a dot is missing here")),
            Some(_) => {
                let length =
                    bytes[at..].iter().position(|byte| matches!(byte, b'.' | b'=' | b'[')).unwrap_or(bytes.len() - at);
                steps.push(Step {
                    text: text[at..at + length].trim().to_owned(),
                    span: span(at, at + length),
                    is_quoted: false,
                });
                at += length;
                is_due = false;
            }
        }
    }
}

/// The text of the first `count` steps, if they may be read as one name with dots in it.
fn joined(steps: &[Step], count: usize) -> Option<String> {
    let steps = steps.get(..count)?;
    if count > 1 && steps.iter().any(|step| step.is_quoted) {
        return None;
    }
    Some(steps.iter().map(|step| step.text.as_str()).collect::<Vec<_>>().join("."))
}

fn set(node: &mut Node, steps: &[Step], value: Node) -> Result<(), Diagnostic> {
    let Some(step) = steps.first() else {
        *node = value;
        return Ok(());
    };
    match &mut node.kind {
        NodeKind::Map(map) => {
            // A name may have dots in it: the shortest that exists is meant.
            let known = (1..=steps.len()).find_map(|count| Some((known_key(map, &joined(steps, count)?)?, count)));
            if let Some((key, count)) = known
                && let Some(inner) = map.get_mut(&key)
            {
                return set(inner, &steps[count..], value);
            }
            let mut inner = Node::new(NodeKind::Null, step.span);
            set(&mut inner, &steps[1..], value)?;
            // It cannot be there: it was just looked for.
            let _ = map.insert(Entry { key: step.text.clone(), key_span: step.span, value: inner });
            Ok(())
        }
        NodeKind::List(list) => {
            let names: Vec<Option<String>> = list.iter().map(name).collect();
            for count in 1..=steps.len() {
                let Some(wanted) = joined(steps, count) else { break };
                let found: Vec<usize> =
                    (0..list.len()).filter(|at| names[*at].as_deref() == Some(wanted.as_str())).collect();
                match found.as_slice() {
                    [] => {}
                    [at] => return set(&mut list[*at], &steps[count..], value),
                    several => {
                        let numbers: Vec<String> = several.iter().map(|at| format!("[{at}]")).collect();
                        return Err(Diagnostic::error(
                            "E018",
                            format!("{} elements are called `{}`", several.len(), shown(&wanted)),
                        )
                        .label(step.span, "which of them?")
                        .help(format!("name it by its place in the list, counted from 0: {}", numbers.join(", "))));
                    }
                }
            }
            let index = step.text.parse::<usize>().ok().filter(|_| !step.is_quoted);
            if let Some(element) = index.and_then(|index| list.get_mut(index)) {
                return set(element, &steps[1..], value);
            }
            Err(unknown_element(list.len(), &names, step))
        }
        // Nothing was there: the path makes it a map.
        NodeKind::Null => {
            let mut map = Map::default();
            let mut inner = Node::new(NodeKind::Null, step.span);
            set(&mut inner, &steps[1..], value)?;
            let _ = map.insert(Entry { key: step.text.clone(), key_span: step.span, value: inner });
            node.kind = NodeKind::Map(map);
            Ok(())
        }
        _ => Err(Diagnostic::error(
            "E018",
            format!("`{}` cannot be set: {} has no fields", shown(&step.text), node.in_words()),
        )
        .label(step.span, "this goes too far")
        .label(node.span, "the value is here")),
    }
}

/// The key as the map spells it; its first letter may be a capital or not.
fn known_key(map: &Map, wanted: &str) -> Option<String> {
    if map.get(wanted).is_some() {
        return Some(wanted.to_owned());
    }
    let flipped = crate::validate::flip_first_letter(wanted)?;
    map.get(&flipped).map(|entry| entry.key.clone())
}

/// What an element of a list is called.
fn name(node: &Node) -> Option<String> {
    let map = node.as_map()?;
    NAME_KEYS.iter().find_map(|key| {
        let value = &map.get(&known_key(map, key)?)?.value;
        match &value.kind {
            NodeKind::String(text) => Some(text.clone()),
            NodeKind::Number(_, raw) => Some(raw.to_string()),
            _ => None,
        }
    })
}

fn unknown_element(length: usize, names: &[Option<String>], step: &Step) -> Diagnostic {
    let known: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
    let diagnostic = Diagnostic::error("E018", format!("the list has no element `{}`", shown(&step.text)))
        .label(step.span, "not there");
    let places = match length {
        0 => "the list is empty".to_owned(),
        1 => "the list has one element, `[0]`".to_owned(),
        many => format!("the list has {many} elements, `[0]` to `[{}]`", many - 1),
    };
    let diagnostic = if known.is_empty() {
        diagnostic.note(places)
    } else {
        diagnostic.note(format!("the elements are called {}", crate::validate::list_of(&known)))
    };
    diagnostic.help_if(
        crate::validate::nearest(&step.text, known.iter().copied())
            .map(|near| format!("did you mean `{}`?", shown(near))),
    )
}
