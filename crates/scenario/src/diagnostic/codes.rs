//! The codes of the problems that reading and checking the form of a scenario can find, for documentation and `explain`.

/// Each code with what it stands for. Codes keep their meaning; those from `E050` on belong to the cross-checks.
pub const FORM_CODES: &[(&str, &str)] = &[
    ("E001", "a file cannot be read"),
    ("E002", "the scenario is too large"),
    ("E003", "the text is not UTF-8"),
    ("E004", "a control character stands in the text"),
    ("E005", "the text is not YAML"),
    ("E006", "a key is given twice in one map"),
    ("E007", "the file holds more than one document"),
    ("E008", "an alias names nothing, itself, or too much"),
    ("E009", "the document is nested too deep or has too many values"),
    ("E010", "a tag means nothing here"),
    ("E011", "a key is missing or is no text"),
    ("E012", "a number is not finite or too large"),
    ("E013", "the file is empty"),
    ("E014", "an `include` cannot be used as it is written"),
    ("E015", "files include themselves, or too many of one another"),
    ("E016", "two files that are merged say different things"),
    ("E017", "an override is not of the form `path=value`"),
    ("E018", "the path of an override leads nowhere"),
    ("E019", "a merge key `<<` has no map"),
    ("E020", "a field is unknown"),
    ("E021", "a value is of the wrong kind"),
    ("E022", "a field is missing"),
    ("E023", "a word is not one of those allowed"),
    ("E024", "a number is out of range"),
    ("E025", "a text is not of the right form"),
    ("E026", "a value fits none of several forms, or more than one"),
    ("E027", "a list, map or text has the wrong length or repeats itself"),
    ("E029", "the schema itself is broken: a fault in ecsim"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_used() {
        let sources = [
            include_str!("../document/include.rs"),
            include_str!("../document/overrides.rs"),
            include_str!("../document/parse.rs"),
            include_str!("../validate/mod.rs"),
            include_str!("../validate/spelling.rs"),
        ];
        for (code, _) in FORM_CODES {
            assert!(sources.iter().any(|source| source.contains(&format!("\"{code}\""))), "{code} is never given");
            assert_eq!(FORM_CODES.iter().filter(|(other, _)| other == code).count(), 1, "{code} is listed twice");
        }
        for source in sources {
            for (at, _) in source.match_indices("\"E0") {
                let code = &source[at + 1..at + 5];
                assert!(FORM_CODES.iter().any(|(known, _)| *known == code), "{code} is not listed");
            }
        }
    }
}
