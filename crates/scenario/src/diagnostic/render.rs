//! Diagnostics as people read them, in the manner of rustc, and as programs read them, in JSON.

use annotate_snippets::{AnnotationKind, Level, Message, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Diagnostic, Diagnostics, Label, Severity, SourceFile, SourceMap};

/// How to write diagnostics for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Whether to use the colours of a terminal.
    pub colour: bool,
    /// How wide the terminal is.
    pub width: usize,
    /// How many diagnostics to write before `… and N more`.
    pub most: usize,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { colour: false, width: 140, most: 1000 }
    }
}

/// Two labels that lie this many lines apart or fewer share an excerpt.
const SAME_EXCERPT_LINES: usize = 6;
/// How many letters of a long line are shown before and after the place.
const CONTEXT_LETTERS: usize = 60;
/// A line of up to this many letters is shown whole.
const WHOLE_LINE_LETTERS: usize = 160;

impl Diagnostics {
    /// The diagnostics for people, one after the other in their present order.
    pub fn render(&self, sources: &SourceMap, options: RenderOptions) -> String {
        let mut out = String::new();
        for diagnostic in self.iter().take(options.most) {
            out.push_str(&diagnostic.render(sources, options));
            out.push('\n');
        }
        let more = self.len().saturating_sub(options.most);
        if more > 0 {
            out.push_str(&format!("… and {more} more\n"));
        }
        out
    }

    /// The diagnostics for programs: a list of objects with `file`, `line`, `column`, `endLine`, `endColumn` and so on.
    pub fn to_json(&self, sources: &SourceMap) -> Value {
        self.iter().map(|diagnostic| diagnostic.to_json(sources)).collect()
    }

    /// How many there are in words: `3 errors and 1 warning`; nothing when there are none.
    pub fn summary(&self) -> Option<String> {
        let count = |many: usize, noun: &str| match many {
            0 => None,
            1 => Some(format!("1 {noun}")),
            many => Some(format!("{many} {noun}s")),
        };
        match (count(self.errors(), "error"), count(self.warnings(), "warning")) {
            (Some(errors), Some(warnings)) => Some(format!("{errors} and {warnings}")),
            (errors, warnings) => errors.or(warnings),
        }
    }
}

impl Diagnostic {
    /// The diagnostic for people: code, what is wrong, file, line, column, excerpt, and what would be right.
    pub fn render(&self, sources: &SourceMap, options: RenderOptions) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let excerpts = excerpts(&self.labels, sources);
        let mut group = level.primary_title(self.message.as_str()).id(self.code).elements(Vec::<Message<'_>>::new());
        for excerpt in &excerpts {
            let mut snippet =
                Snippet::source(excerpt.text.as_str()).path(excerpt.name).line_start(excerpt.first_line).fold(true);
            for (range, text, index) in &excerpt.marks {
                let kind = if *index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                let mark = kind.span(range.clone());
                snippet = snippet.annotation(if text.is_empty() { mark } else { mark.label(*text) });
            }
            group = group.element(snippet);
        }
        if let Some(note) = &self.note {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if options.colour { Renderer::styled() } else { Renderer::plain() };
        let mut out = renderer.term_width(options.width.max(40)).render(&[group]);
        // The renderer counts columns in the excerpt, and that of a long line does not begin where the line does.
        for excerpt in excerpts.iter().filter(|excerpt| excerpt.shown_column != excerpt.column) {
            let place = format!("{}:{}:", excerpt.name, excerpt.line);
            out = out.replacen(&format!("{place}{}", excerpt.shown_column), &format!("{place}{}", excerpt.column), 1);
        }
        out.push('\n');
        out
    }

    /// The diagnostic for programs. Lines and columns begin at 1; columns count letters.
    pub fn to_json(&self, sources: &SourceMap) -> Value {
        let place = |label: &Label| {
            let file = sources.get(label.span.file);
            let position = |byte| file.map_or((1, 1), |file| (file.position(byte).line, file.position(byte).column));
            let ((line, column), (end_line, end_column)) = (position(label.span.start), position(label.span.end));
            json!({
                "file": sources.name(label.span.file), "line": line, "column": column,
                "endLine": end_line, "endColumn": end_column, "text": label.text,
            })
        };
        let mut object = json!({
            "code": self.code, "severity": self.severity.to_string(), "message": self.message,
        });
        if let (Some(first), Value::Object(fields)) = (self.labels.first(), &mut object) {
            if let Value::Object(place) = place(first) {
                fields.extend(place);
            }
            if self.labels.len() > 1 {
                fields.insert("related".to_owned(), self.labels[1..].iter().map(place).collect());
            }
        }
        for (key, text) in [("help", &self.help), ("note", &self.note)] {
            if let Some(text) = text {
                object[key] = json!(text);
            }
        }
        object
    }
}

/// A few lines of one file with marks in them, small whatever the size of the file.
struct Excerpt<'a> {
    name: &'a str,
    line: usize,
    column: usize,
    /// The column of the place within the excerpt, which is another one where a long line was cut.
    shown_column: usize,
    first_line: usize,
    text: String,
    marks: Vec<(std::ops::Range<usize>, &'a str, usize)>,
}

/// The labels gathered into excerpts, that of the first label first.
fn excerpts<'a>(labels: &'a [Label], sources: &'a SourceMap) -> Vec<Excerpt<'a>> {
    struct Cluster<'a> {
        file: &'a SourceFile,
        lines: (usize, usize),
        labels: Vec<(usize, &'a Label)>,
    }
    let mut clusters: Vec<Cluster<'a>> = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        let Some(file) = sources.get(label.span.file) else { continue };
        let line = file.line_of(label.span.start);
        let near = clusters.iter_mut().find(|cluster| {
            std::ptr::eq(cluster.file, file)
                && line + SAME_EXCERPT_LINES >= cluster.lines.0
                && line <= cluster.lines.1 + SAME_EXCERPT_LINES
        });
        match near {
            Some(cluster) => {
                cluster.lines = (cluster.lines.0.min(line), cluster.lines.1.max(line));
                cluster.labels.push((index, label));
            }
            None => clusters.push(Cluster { file, lines: (line, line), labels: vec![(index, label)] }),
        }
    }
    clusters
        .into_iter()
        .map(|cluster| {
            let position = cluster.file.position(cluster.labels[0].1.span.start);
            let mut excerpt = Excerpt {
                name: cluster.file.name(),
                line: position.line as usize,
                column: position.column as usize,
                shown_column: 0,
                first_line: cluster.lines.0 + 1,
                text: String::new(),
                marks: Vec::new(),
            };
            for line in cluster.lines.0..=cluster.lines.1 {
                let here: Vec<(usize, &Label)> = cluster
                    .labels
                    .iter()
                    .copied()
                    .filter(|(_, label)| cluster.file.line_of(label.span.start) == line)
                    .collect();
                add_line(&mut excerpt, cluster.file, line, &here);
            }
            let place = excerpt.marks.iter().find(|mark| mark.2 == cluster.labels[0].0).map_or(0, |mark| mark.0.start);
            let line_start = excerpt.text[..place].rfind('\n').map_or(0, |end| end + 1);
            excerpt.shown_column = excerpt.text[line_start..place].chars().count() + 1;
            excerpt
        })
        .collect()
}

/// Adds one line to an excerpt: whole, or the part around its first mark when it is long.
fn add_line<'a>(excerpt: &mut Excerpt<'a>, file: &SourceFile, line: usize, labels: &[(usize, &'a Label)]) {
    if line + 1 > excerpt.first_line {
        excerpt.text.push('\n');
    }
    let (start, end) = file.line_range(line);
    let text = &file.text()[start..end];
    let clip = |byte: u32| (byte as usize).clamp(start, end) - start;
    let focus = labels.first().map_or(0, |(_, label)| clip(label.span.start));
    let (from, to) = if text.chars().nth(WHOLE_LINE_LETTERS).is_none() {
        (0, text.len())
    } else {
        let back = text[..floor(text, focus)].char_indices().rev().nth(CONTEXT_LETTERS - 1).map_or(0, |(at, _)| at);
        let ahead = text[floor(text, focus)..]
            .char_indices()
            .nth(CONTEXT_LETTERS)
            .map_or(text.len(), |(at, _)| floor(text, focus) + at);
        (back, ahead)
    };
    if from > 0 {
        excerpt.text.push('…');
    }
    let base = excerpt.text.len();
    excerpt.text.push_str(&text[from..to]);
    let limit = base + (to - from);
    for (index, label) in labels {
        let start = base + floor(text, clip(label.span.start)).clamp(from, to) - from;
        let end = base + floor(text, clip(label.span.end)).clamp(from, to) - from;
        excerpt.marks.push((start..end.min(limit), label.text.as_str(), *index));
    }
    if to < text.len() {
        excerpt.text.push('…');
    }
}

/// The nearest beginning of a letter at or before `byte`.
fn floor(text: &str, byte: usize) -> usize {
    text.floor_char_boundary(byte)
}

#[cfg(test)]
mod tests {
    use super::super::{FileId, Span, shown};
    use super::*;

    fn at(file: FileId, text: &str, what: &str) -> Span {
        let start = text.find(what).unwrap();
        Span::new(file, start as u32, (start + what.len()) as u32)
    }

    #[test]
    fn reads_like_a_compilers_message() {
        let text = "services:\n- serviceName: web\n  placementStrategi: []\n";
        let mut sources = SourceMap::new();
        let file = sources.add("main.yaml", text.to_owned());
        let mut found = Diagnostics::new();
        found.push(
            Diagnostic::error("E020", "unknown field `placementStrategi` in a service")
                .label(at(file, text, "placementStrategi"), "not a field of a service")
                .label(at(file, text, "web"), "this service")
                .help("did you mean `placementStrategy`?")
                .note("known fields: `a`, `b`"),
        );
        let expected = "\
error[E020]: unknown field `placementStrategi` in a service
 --> main.yaml:3:3
  |
2 | - serviceName: web
  |                --- this service
3 |   placementStrategi: []
  |   ^^^^^^^^^^^^^^^^^ not a field of a service
  |
  = note: known fields: `a`, `b`
  = help: did you mean `placementStrategy`?

";
        assert_eq!(found.render(&sources, RenderOptions::default()), expected);
        let coloured = found.render(&sources, RenderOptions { colour: true, ..RenderOptions::default() });
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(
            found.to_json(&sources),
            json!([{
                "code": "E020", "severity": "error", "message": "unknown field `placementStrategi` in a service",
                "file": "main.yaml", "line": 3, "column": 3, "endLine": 3, "endColumn": 20,
                "text": "not a field of a service",
                "related": [{"file": "main.yaml", "line": 2, "column": 16, "endLine": 2, "endColumn": 19, "text": "this service"}],
                "help": "did you mean `placementStrategy`?", "note": "known fields: `a`, `b`",
            }])
        );
    }

    #[test]
    fn places_far_apart_and_in_other_files_have_their_own_excerpt() {
        let text = format!("a: 1\n{}a: 2\n", "#\n".repeat(1000));
        let mut sources = SourceMap::new();
        let (one, two) = (sources.add("one.yaml", text.clone()), sources.add("two.yaml", "a: 3".to_owned()));
        let last = text.rfind('a').unwrap() as u32;
        let mut found = Diagnostics::new();
        found.push(
            Diagnostic::error("E006", "twice")
                .label(Span::new(one, last, last + 1), "again")
                .label(Span::new(one, 0, 1), "first")
                .label(Span::new(two, 3, 4), "elsewhere"),
        );
        found.push(Diagnostic::warning("W001", "no place at all"));
        found.sort();
        let expected = "\
warning[W001]: no place at all

error[E006]: twice
    --> one.yaml:1002:1
     |
1002 | a: 2
     | ^ again
     |
    ::: one.yaml:1:1
     |
   1 | a: 1
     | - first
     |
    ::: two.yaml:1:4
     |
   1 | a: 3
     |    - elsewhere

";
        assert_eq!(found.render(&sources, RenderOptions::default()), expected);
        assert_eq!(found.summary().as_deref(), Some("1 error and 1 warning"));
    }

    #[test]
    fn long_lines_are_trimmed_and_keep_their_column() {
        let text = format!("{}é: \"{}\"", "ä".repeat(3_000_000), "z".repeat(3_000_000));
        let mut sources = SourceMap::new();
        let file = sources.add("long.yaml", text.clone());
        let mut found = Diagnostics::new();
        for shift in 0..1000 {
            let start = text.find('é').unwrap() as u32 + 4 + shift;
            found.push(
                Diagnostic::error("E021", format!("here {shift}")).label(Span::new(file, start, start + 500), "x"),
            );
        }
        let rendered = found.render(&sources, RenderOptions::default());
        assert!(rendered.contains("--> long.yaml:1:3000004\n"), "{}", &rendered[..600]);
        assert!(rendered.lines().all(|line| line.chars().count() < 200));
    }

    #[test]
    fn spans_beyond_the_text_do_no_harm() {
        let mut sources = SourceMap::new();
        let file = sources.add("a", "é".to_owned());
        let stranger = {
            let mut other = SourceMap::new();
            other.add("x", String::new());
            other.add("y", String::new())
        };
        let mut found = Diagnostics::new();
        for (start, end) in [(0, 0), (1, 1), (1, 9), (2, 2), (7, 9)] {
            found.push(Diagnostic::error("E000", "odd").label(Span::new(file, start, end), "x"));
        }
        found.push(Diagnostic::error("E000", "odd").label(Span::new(stranger, 3, 4), "x"));
        assert_eq!(
            found.render(&sources, RenderOptions { most: 5, ..RenderOptions::default() }).matches("odd").count(),
            5
        );
        assert!(
            found.render(&sources, RenderOptions { most: 5, ..RenderOptions::default() }).ends_with("… and 1 more\n")
        );
        found.to_json(&sources);
    }

    #[test]
    fn a_users_text_cannot_garble_the_terminal() {
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}b"), "a\\u{1b}[31m\\n\\u{202e}b");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 61);
    }
}
