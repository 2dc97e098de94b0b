//! A draft as text: YAML, block by block, with what is to be told as comments.

use serde_json::Value;

use super::Draft;
use super::findings::{Finding, FindingKind};
use crate::diagnostic::SourceMap;

/// Longest line of a comment.
const WIDTH: usize = 118;

/// The scenario as YAML.
pub(super) fn yaml(draft: &Draft, findings: &[Finding], sources: &SourceMap, paths: &[String]) -> String {
    let mut out = String::new();
    let names: Vec<String> = paths.iter().map(|path| plain(path)).collect();
    comment(&mut out, &format!("Imported by `ecsim import` from {}.", names.join(", ")), "");
    for kind in FindingKind::ALL {
        let of_kind: Vec<&Finding> = findings.iter().filter(|finding| finding.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        out.push_str("#\n");
        let mut heading = kind.heading().to_owned();
        if let Some(first) = heading.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        comment(&mut out, &format!("{heading}:"), "");
        for finding in of_kind {
            comment(&mut out, &format!("- {}", plain(&finding.line(sources))), "  ");
        }
    }
    let value = draft.document.to_value();
    for (at, (key, value)) in value.as_object().into_iter().flatten().enumerate() {
        // Single values stand together, blocks apart.
        if value.is_object() || value.is_array() || at == 0 {
            out.push('\n');
        }
        for remark in draft.remarks.get(key.as_str()).into_iter().flatten() {
            comment(&mut out, &plain(remark), "");
        }
        let mut block = serde_json::Map::new();
        block.insert(key.clone(), value.clone());
        // Serialising a value of JSON cannot fail.
        out.push_str(&serde_yaml::to_string(&Value::Object(block)).unwrap_or_default());
    }
    if !draft.closing.is_empty() {
        out.push('\n');
        for line in &draft.closing {
            out.push_str("# ");
            out.push_str(&plain(line));
            out.push('\n');
        }
    }
    out
}

/// A text without anything that would end a comment.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() || letter == '\u{2028}' || letter == '\u{2029}' { ' ' } else { letter })
        .collect()
}

/// Lines of a comment; those after the first are indented.
fn comment(out: &mut String, text: &str, indent: &str) {
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() + 1 > WIDTH && line.len() > indent.len() + 1 {
            out.push_str(&line);
            out.push('\n');
            line = format!("# {indent}{word}").trim_end().to_owned();
            continue;
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
