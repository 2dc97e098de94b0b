//! Words for people: what a value is, what was probably meant, and lists that stay short.

use serde_json::Value;
use strsim::{damerau_levenshtein, jaro_winkler};

use crate::diagnostic::shown;
use crate::document::{Node, NodeKind};

/// Longer input than this is no misspelt name, and comparing it would only cost time.
const LONGEST_NAME: usize = 64;
/// How many names a list in a message may have.
const LONGEST_LIST: usize = 60;

/// The name that was probably meant, if one is near enough.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.chars().nth(LONGEST_NAME).is_some() {
        return None;
    }
    let plain = plain_form(wanted);
    if plain.is_empty() {
        return None;
    }
    // A single letter is like every other one.
    let far = if plain.chars().nth(1).is_none() { 0 } else { (plain.chars().count() / 3).clamp(1, 4) };
    let mut best: Option<((usize, usize), &str)> = None;
    for name in names {
        let other = plain_form(name);
        let distance = if other == plain || singular(&other) == singular(&plain) {
            0
        } else {
            let edits = damerau_levenshtein(&plain, &other);
            // `desired` for `desiredCount`, `strategy` for `placementStrategy`: a good part of the name, and nothing else.
            let is_part = plain.len() >= 4
                && plain.len() * 2 >= other.len()
                && (other.starts_with(&plain) || other.ends_with(&plain));
            if edits <= far {
                edits
            } else if is_part {
                far + 1
            } else {
                continue;
            }
        };
        // Among equally near names the one that begins alike.
        let unlike = ((1.0 - jaro_winkler(&plain, &other)) * 1000.0) as usize;
        if best.is_none_or(|(key, _)| (distance, unlike) < key) {
            best = Some(((distance, unlike), name));
        }
    }
    best.map(|(_, name)| name)
}

/// Without what people vary: capitals, `-` and `_`.
fn plain_form(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

fn singular(name: &str) -> &str {
    name.strip_suffix("ies").or_else(|| name.strip_suffix('y')).or_else(|| name.strip_suffix('s')).unwrap_or(name)
}

/// The name with its first letter as a capital if it was none and the other way round; nothing if it has neither form.
pub(crate) fn flip_first_letter(name: &str) -> Option<String> {
    let first = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let flipped = if first.is_ascii_uppercase() { first.to_ascii_lowercase() } else { first.to_ascii_uppercase() };
    Some(format!("{flipped}{}", &name[1..]))
}

/// The name with all capitals of a leading abbreviation made small: `VPCZoneIdentifier` is `vpcZoneIdentifier`.
pub(crate) fn small_abbreviation(name: &str) -> Option<String> {
    let capitals = name.bytes().take_while(u8::is_ascii_uppercase).count();
    // The last capital begins the next word, unless the name ends with it.
    let end = if capitals == name.len() { capitals } else { capitals.checked_sub(1)? };
    (end > 1).then(|| format!("{}{}", name[..end].to_ascii_lowercase(), &name[end..]))
}

/// `a`, `b` and `c`, with the tail of a long list counted instead of said.
pub(crate) fn list_of(names: &[&str]) -> String {
    let mut said: Vec<String> = names.iter().take(LONGEST_LIST).map(|name| format!("`{}`", shown(name))).collect();
    if names.len() > LONGEST_LIST {
        said.push(format!("{} more", names.len() - LONGEST_LIST));
    }
    join(&said, "and")
}

/// `a`, `b` or `c`.
pub(crate) fn join(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

impl Node {
    /// What kind of value it is, in words that fit "not …".
    pub fn kind_in_words(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Bool(_) => "`true` or `false`",
            NodeKind::Number(..) => "a number",
            NodeKind::String(_) => "a text",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    /// The value in words that fit "found …", as it was written.
    pub fn in_words(&self) -> String {
        match &self.kind {
            NodeKind::Null => "nothing".to_owned(),
            NodeKind::Bool(value) => format!("`{value}`"),
            NodeKind::Number(_, raw) => format!("the number `{}`", shown(raw)),
            NodeKind::String(text) if text.is_empty() => "an empty text".to_owned(),
            NodeKind::String(text) => format!("the text `{}`", shown(text)),
            NodeKind::List(list) if list.is_empty() => "an empty list".to_owned(),
            NodeKind::Map(map) if map.is_empty() => "an empty map".to_owned(),
            NodeKind::List(_) => "a list".to_owned(),
            NodeKind::Map(_) => "a map".to_owned(),
        }
    }
}

/// `PlacementStrategy` as words: "placement strategy".
pub(crate) fn decamelise(name: &str) -> String {
    let mut out = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let next_is_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        let last_is_small = at > 0 && letters[at - 1].is_lowercase();
        if letter.is_uppercase() && at > 0 && (last_is_small || next_is_small) {
            out.push(' ');
        }
        let keep_capital = letter.is_uppercase() && !next_is_small && !last_is_small && letters.len() > 1 && at > 0
            || (at == 0 && letters.get(1).is_some_and(|next| next.is_uppercase()));
        if keep_capital { out.push(*letter) } else { out.extend(letter.to_lowercase()) }
    }
    out
}

/// "a service", "an auto scaling group".
pub(crate) fn with_article(noun: &str) -> String {
    let sounds_like_you = ["uni", "use", "eu"].iter().any(|start| noun.starts_with(start));
    let is_vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']);
    let article = if is_vowel && !sounds_like_you { "an" } else { "a" };
    format!("{article} {noun}")
}

/// A value of a schema as a user would write it.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_abbreviations_become_small() {
        for (name, small) in [
            ("VPCZoneIdentifier", Some("vpcZoneIdentifier")),
            ("OKActions", Some("okActions")),
            ("ARN", Some("arn")),
            ("MinSize", None),
            ("Ecs", None),
            ("minSize", None),
            ("", None),
            ("É", None),
        ] {
            assert_eq!(small_abbreviation(name).as_deref(), small, "{name}");
        }
    }

    #[test]
    fn the_name_that_was_meant() {
        const NAMES: [&str; 8] = [
            "placementStrategy",
            "placementConstraints",
            "desiredCount",
            "serviceName",
            "subnets",
            "cpu",
            "memory",
            "launchType",
        ];
        for (wanted, expected) in [
            ("placementStrategi", Some("placementStrategy")),
            ("placementStrategies", Some("placementStrategy")),
            ("placement_strategy", Some("placementStrategy")),
            ("PlacementStrategy", Some("placementStrategy")),
            ("placementConstraint", Some("placementConstraints")),
            ("desiredcount", Some("desiredCount")),
            ("desired", Some("desiredCount")),
            ("strategy", Some("placementStrategy").filter(|_| false)),
            ("subnet", Some("subnets")),
            ("cpus", Some("cpu")),
            ("cup", Some("cpu")),
            ("launch_type", Some("launchType")),
            ("name", None),
            ("zzz", None),
            ("x", None),
            ("", None),
            ("🦀", None),
        ] {
            assert_eq!(nearest(wanted, NAMES), expected, "{wanted}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), NAMES), None);
        assert_eq!(nearest("ec2", ["EC2", "FARGATE"]), Some("EC2"));
    }

    #[test]
    fn words_read_well() {
        assert_eq!(list_of(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(decamelise("PlacementStrategy"), "placement strategy");
        assert_eq!(with_article(&decamelise("AutoScalingGroup")), "an auto scaling group");
        assert_eq!(decamelise("Service"), "service");
        assert_eq!(flip_first_letter("TargetValue").as_deref(), Some("targetValue"));
        assert_eq!(flip_first_letter("étage"), None);
    }
}
