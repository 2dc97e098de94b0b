//! Just enough of Rust's grammar to tell code from comments and texts, and tests from other functions.
//!
//! A full parser would be slow to build and would refuse a file that somebody is writing at the moment.

/// A comment, without its slashes and stars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Whether it is documentation: `///`, `//!`, `/** */`, `/*! */`.
    pub is_doc: bool,
    /// What it says.
    pub text: String,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// The line of whatever comes first of its comments and attributes, from 1.
    pub first_line: usize,
    /// Whether it has `#[test]`.
    pub is_test: bool,
    /// Whether it has `#[ignore]`.
    pub is_ignored: bool,
}

/// A Rust file, taken apart.
#[derive(Clone, Debug)]
pub struct RustSource {
    code: String,
    comments: Vec<Comment>,
    functions: Vec<Function>,
    test_lines: Vec<(usize, usize)>,
    test_modules: Vec<String>,
}

impl RustSource {
    /// Takes a file apart.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let (code, comments) = mask(text);
        let Items { functions, test_lines, test_modules } = items(&code, &comments);
        Self { code, comments, functions, test_lines, test_modules }
    }

    /// The code alone: comments and the insides of texts are blanks, lines are where they were.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// All comments, in order.
    #[must_use]
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// All functions, in order.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The modules in other files that are only there for tests (`#[cfg(test)] mod name;`).
    #[must_use]
    pub fn test_modules(&self) -> &[String] {
        &self.test_modules
    }

    /// Whether this line lies in something that is only there for tests (`#[cfg(test)]`).
    #[must_use]
    pub fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.iter().any(|(first, last)| (*first..=*last).contains(&line))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Blanks everything that is no code, byte by byte, so that places stay what they are.
fn mask(text: &str) -> (String, Vec<Comment>) {
    let bytes = text.as_bytes();
    let mut masked = bytes.to_vec();
    let mut comments = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let end = find(bytes, at, b"\n").unwrap_or(bytes.len());
                comments.push(comment(&text[at..end], line));
                end
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = block_comment_end(bytes, at);
                comments.push(comment(&text[at..end], line));
                end
            }
            b'"' => text_end(bytes, at + 1),
            b'r' | b'b' | b'c' if at == 0 || !is_word(bytes[at - 1]) => match literal_after_prefix(bytes, at) {
                Some(end) => end,
                None => {
                    at += 1;
                    continue;
                }
            },
            b'\'' => match character_end(text, at) {
                Some(end) => end,
                None => {
                    at += 1;
                    continue;
                }
            },
            byte => {
                line += usize::from(byte == b'\n');
                at += 1;
                continue;
            }
        };
        for byte in &mut masked[at..end] {
            if *byte == b'\n' {
                line += 1;
            } else {
                *byte = b' ';
            }
        }
        at = end;
    }
    (String::from_utf8_lossy(&masked).into_owned(), comments)
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(what.len()).position(|window| window == what).map(|it| it + from)
}

fn block_comment_end(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn text_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `b'…'`, `c"…"`, or nothing where the letters begin a word.
fn literal_after_prefix(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    if matches!(bytes[at], b'b' | b'c') {
        at += 1;
    }
    let is_raw = bytes.get(at) == Some(&b'r');
    at += usize::from(is_raw);
    if !is_raw {
        return match bytes.get(at) {
            Some(b'"') => Some(text_end(bytes, at + 1)),
            Some(b'\'') if bytes[from] == b'b' => {
                let skip = if bytes.get(at + 1) == Some(&b'\\') { 3 } else { 2 };
                find(bytes, at + skip, b"'").map(|it| it + 1)
            }
            _ => None,
        };
    }
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    at += hashes;
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    Some(find(bytes, at + 1, &close).map_or(bytes.len(), |it| it + close.len()))
}

/// The end of a character, or nothing where the apostrophe begins a lifetime.
fn character_end(text: &str, from: usize) -> Option<usize> {
    let mut rest = text[from + 1..].char_indices();
    let (_, first) = rest.next()?;
    if first == '\\' {
        let _escaped = rest.next()?;
        return rest.find(|(_, it)| *it == '\'').map(|(at, _)| from + 1 + at + 1);
    }
    match rest.next() {
        Some((at, '\'')) => Some(from + 1 + at + 1),
        _ => None,
    }
}

fn comment(text: &str, line: usize) -> Comment {
    let is_doc = (text.starts_with("///") && !text.starts_with("////"))
        || text.starts_with("//!")
        || (text.starts_with("/**") && !text.starts_with("/***") && text != "/**/")
        || text.starts_with("/*!");
    let text = match text.strip_prefix("/*") {
        Some(block) => block.strip_suffix("*/").unwrap_or(block).trim_start_matches(['*', '!']),
        None => text.trim_start_matches('/').trim_start_matches('!'),
    };
    Comment { line, is_doc, text: text.trim().to_owned() }
}

#[derive(Default)]
struct Items {
    functions: Vec<Function>,
    test_lines: Vec<(usize, usize)>,
    test_modules: Vec<String>,
}

/// Finds functions, and what is only there for tests.
fn items(code: &str, comments: &[Comment]) -> Items {
    let bytes = code.as_bytes();
    let line_starts: Vec<usize> =
        core::iter::once(0).chain(bytes.iter().enumerate().filter(|it| *it.1 == b'\n').map(|it| it.0 + 1)).collect();
    let line_of = |at: usize| line_starts.partition_point(|start| *start <= at);
    let mut items = Items::default();
    // What stands before the item that is being read.
    let mut attributes: Vec<&str> = Vec::new();
    let mut last_item_line = 0;
    let mut first_attribute_line = None;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'#' if bytes.get(at + 1) == Some(&b'[') => {
                let end = bracket_end(bytes, at + 1, b'[', b']');
                attributes.push(code[at + 2..end].trim_end_matches(']').trim());
                first_attribute_line.get_or_insert(line_of(at));
                at = end;
            }
            delimiter @ (b'{' | b'}' | b';') => {
                let is_for_tests = attributes.iter().any(|it| is_cfg_test(it));
                if is_for_tests && delimiter == b'{' {
                    let end = bracket_end(bytes, at, b'{', b'}');
                    items.test_lines.push((line_of(at), line_of(end.saturating_sub(1))));
                } else if is_for_tests && delimiter == b';' {
                    let mut words = code[..at].split_whitespace().rev();
                    if let (Some(name), Some("mod")) = (words.next(), words.next()) {
                        items.test_modules.push(name.to_owned());
                    }
                }
                attributes.clear();
                first_attribute_line = None;
                last_item_line = line_of(at);
                at += 1;
            }
            byte if is_word(byte) => {
                let end = word_end(bytes, at);
                if &code[at..end] == "fn" {
                    let name_start = end + bytes[end..].iter().take_while(|it| it.is_ascii_whitespace()).count();
                    let name_end = word_end(bytes, name_start);
                    if name_end > name_start {
                        let line = line_of(name_start);
                        let first_line = comments
                            .iter()
                            .filter(|it| it.line > last_item_line && it.line <= line)
                            .map(|it| it.line)
                            .chain(first_attribute_line)
                            .chain([line_of(at)])
                            .min()
                            .unwrap_or(line);
                        items.functions.push(Function {
                            name: code[name_start..name_end].to_owned(),
                            line,
                            first_line,
                            is_test: attributes.iter().any(|it| path_of(it).rsplit("::").next() == Some("test")),
                            is_ignored: attributes.iter().any(|it| path_of(it) == "ignore"),
                        });
                        at = name_end;
                        continue;
                    }
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    items
}

fn word_end(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().take_while(|byte| is_word(**byte)).count()
}

/// Behind the bracket that closes the one at `from`.
fn bracket_end(bytes: &[u8], from: usize, open: u8, close: u8) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        if *byte == open {
            depth += 1;
        } else if *byte == close {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    bytes.len()
}

/// The path of an attribute: `tokio::test` of `tokio::test(flavor = …)`.
fn path_of(attribute: &str) -> &str {
    let end = attribute.find(|it: char| !(it.is_alphanumeric() || it == '_' || it == ':')).unwrap_or(attribute.len());
    &attribute[..end]
}

fn is_cfg_test(attribute: &str) -> bool {
    path_of(attribute) == "cfg"
        && !attribute.contains("not")
        && attribute.split(|it: char| !(it.is_alphanumeric() || it == '_')).any(|word| word == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests_of(text: &str) -> Vec<(String, bool)> {
        let source = RustSource::new(text);
        let tests = source.functions().iter().filter(|it| it.is_test);
        tests.map(|it| (it.name.clone(), it.is_ignored)).collect()
    }

    #[test]
    fn code_keeps_its_lines_and_loses_comments_and_texts() {
        let text = "let a = \"x // y \\\" z\"; // say \"no\"\nlet b = r#\"fn \" q\"#; /* a /* b */\nc */ let d = '\"';\nfn f<'a>() { b'\\''; '\\u{1F600}'; }\n";
        let source = RustSource::new(text);
        assert_eq!(source.code().len(), text.len());
        assert_eq!(source.code().lines().count(), 4);
        for gone in ["say", "x //", "q", "c */", "1F600"] {
            assert!(!source.code().contains(gone), "{gone}");
        }
        for kept in ["let a", "let b", "let d", "fn f<'a>() {"] {
            assert!(source.code().contains(kept), "{kept}: {}", source.code());
        }
        assert_eq!(source.comments()[0], Comment { line: 1, is_doc: false, text: "say \"no\"".to_owned() });
        assert_eq!(source.comments()[1].line, 2);
    }

    #[test]
    fn a_test_has_the_attribute_somewhere_before_it() {
        let text = r##"
            #[test]
            fn plain() {}
            #[test]
            #[should_panic(
                expected = "a ] in a text"
            )]
            // a comment
            fn spread_over_lines() {}
            // #[test]
            fn commented_out() {}
            fn helper() {}
            const TEXT: &str = "#[test] fn in_a_text() {}";
            #[test] #[ignore = "slow"] fn ignored() {}
            proptest! {
                #![proptest_config(ProptestConfig::with_cases(10))]
                /// Documented.
                #[test]
                fn property(a in 0..5_u32) { helper(); }
            }
            #[derive(Debug)]
            struct Test;
            fn after_a_struct() {}
        "##;
        let found = tests_of(text);
        let expected = [("plain", false), ("spread_over_lines", false), ("ignored", true), ("property", false)];
        assert_eq!(found, expected.map(|(name, ignored)| (name.to_owned(), ignored)));
    }

    #[test]
    fn the_first_line_of_a_function_is_that_of_its_comments() {
        let text = "fn a() {}\n\n// proves: x\n/// Says.\n#[test]\nfn b() {}\n";
        let source = RustSource::new(text);
        assert_eq!((source.functions()[1].first_line, source.functions()[1].line), (3, 6));
    }

    #[test]
    fn what_is_only_for_tests_is_known() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(not(test))]\nmod d {\n}\n";
        let source = RustSource::new(text);
        let lines: Vec<usize> = (1..=9).filter(|line| source.is_test_line(*line)).collect();
        assert_eq!(lines, [3, 4, 5]);
        let source = RustSource::new("mod a;\n#[cfg(test)]\npub(crate) mod b;\n#[cfg(test)]\nuse c;\nmod d;\n");
        assert_eq!(source.test_modules(), ["b"]);
    }
}
