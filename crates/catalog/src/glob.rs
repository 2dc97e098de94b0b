//! Name patterns with `*` and `?`, the wildcards that AWS itself takes for instance types (`m5*.large`).

/// Whether `name` matches `pattern`, in which `*` stands for any run of characters and `?` for any one.
///
/// Works in at most pattern times name steps, so no pattern can hang it, and on bytes: AWS's names are ASCII.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at_pattern, mut at_name) = (0, 0);
    // Where the last `*` was, and how much of the name it swallows so far.
    let mut star: Option<(usize, usize)> = None;
    while at_name < name.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                star = Some((at_pattern, at_name));
                at_pattern += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == name[at_name] => {
                at_pattern += 1;
                at_name += 1;
            }
            _ => {
                let Some((star_pattern, swallowed)) = star else { return false };
                star = Some((star_pattern, swallowed + 1));
                at_pattern = star_pattern + 1;
                at_name = swallowed + 1;
            }
        }
    }
    pattern[at_pattern..].iter().all(|&rest| rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_work_as_in_aws() {
        assert!(matches("m5.large", "m5.large"));
        assert!(matches("m5.*", "m5.24xlarge"));
        assert!(!matches("m5.*", "m5n.large"));
        assert!(matches("*.metal*", "c7i.metal-24xl"));
        assert!(matches("c?n.*large", "c5n.18xlarge"));
        assert!(matches("**", ""));
        assert!(!matches("", "m5.large"));
        assert!(!matches("?", ""));
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        assert!(!matches(&"*a".repeat(2000), &"b".repeat(2000)));
        assert!(!matches(&"*a".repeat(1000), &"a".repeat(999)));
    }
}
