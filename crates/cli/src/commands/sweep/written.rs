//! The experiment file as it is written: read with the places of all its values, held against its form, and asked for the
//! place of whatever turns out to be wrong later, when points are read and names are looked up.

use std::path::Path;

use ecsim_kernel::Span as Time;
use ecsim_scenario::Prepared;
use ecsim_scenario::diagnostic::{Diagnostic, Diagnostics, FileId, SourceMap, Span, shown};
use ecsim_scenario::document::{Document, Locator};
use ecsim_scenario::load::load_with;
use ecsim_scenario::source::{SourceFiles, resolve_path};
use ecsim_scenario::validate::{Checker, nearest};
use serde_json::{Value, json};

use super::experiment::{Experiment, Factor, MOST_POINTS, Origin, Point, Setting};
use super::rules;
use crate::app::MOST_SEEDS;
use crate::commands::compare::responses::{self, Wrong};
use crate::exit::Failure;
use crate::session::{self, LIMITS};
use crate::terminal::Terminal;

/// Before the text of an override, in what a scenario keeps of it.
const OPTION: &str = "--set ";
const FACTOR: &str = "a factor has a `path` with `values` or `between: [4, 20]`, or a `name` with `choices`";

/// An experiment and the text it was read from.
#[derive(Debug)]
pub struct Written {
    /// What it says.
    pub experiment: Experiment,
    document: Document,
    sources: SourceMap,
}

/// What is wrong with an experiment, and the texts that this points into.
type Problems = Box<(Diagnostics, SourceMap)>;

impl Written {
    /// Reads the file; prints every problem.
    ///
    /// # Errors
    /// Where it cannot be read, or is wrong.
    pub fn read(files: &dyn SourceFiles, path: &Path, terminal: &Terminal) -> Result<Self, Failure> {
        let path = path.to_string_lossy();
        let path = if std::path::MAIN_SEPARATOR == '/' { path.into_owned() } else { path.replace('\\', "/") };
        match Self::parse(files, &path) {
            Ok((written, warnings)) => {
                session::print_diagnostics(&warnings, &written.sources, terminal);
                Ok(written)
            }
            Err(problems) => {
                session::print_diagnostics(&problems.0, &problems.1, terminal);
                Err(Failure::InputReported)
            }
        }
    }

    fn parse(files: &dyn SourceFiles, path: &str) -> Result<(Self, Diagnostics), Problems> {
        let broken = |reason: String| {
            let mut problems = Diagnostics::new();
            problems.push(Diagnostic::error("E000", format!("the schema of experiments is broken: {reason}")));
            Box::new((problems, SourceMap::new()))
        };
        let checker = Checker::new(&schema()).map_err(broken)?;
        let loaded = load_with(files, path, &[], &LIMITS, &checker);
        let (sources, mut problems) = (loaded.sources, loaded.diagnostics);
        let document = match loaded.document {
            Some(document) if !problems.has_errors() => document,
            // Not every one of its fields is a mistake of its own.
            Some(document) if is_scenario(&document) => {
                let at = document.at("simulation").key_span();
                let mut only = Diagnostics::new();
                let problem =
                    Diagnostic::error("E430", "this is a scenario, and no experiment about one").label(at, "");
                only.push(problem.help("name it in a file of its own: `base: FILE`, and `factors` that are varied"));
                return Err(Box::new((only, sources)));
            }
            _ => return Err(Box::new((problems, sources))),
        };
        match serde_json::from_value::<Experiment>(document.to_value()) {
            Ok(mut experiment) => {
                experiment.base = resolve_path(path, &experiment.base);
                check(&experiment, &document, &mut problems);
                problems.sort();
                if problems.has_errors() {
                    return Err(Box::new((problems, sources)));
                }
                Ok((Self { experiment, document, sources }, problems))
            }
            Err(error) => {
                problems.push(document.at("base").error("E300", format!("this cannot be read: {error}"), ""));
                Err(Box::new((problems, sources)))
            }
        }
    }

    /// Prints a problem of this experiment.
    pub fn fail(&self, problem: Diagnostic, terminal: &Terminal) -> Failure {
        let mut problems = Diagnostics::new();
        problems.push(problem);
        session::print_diagnostics(&problems, &self.sources, terminal);
        Failure::InputReported
    }

    /// All points.
    ///
    /// # Errors
    /// Where there are too many; that is printed.
    pub fn points(&self, terminal: &Terminal) -> Result<Vec<Point>, Failure> {
        self.experiment.points().ok_or_else(|| {
            let of = if self.document.at("design").node().is_some() { "design" } else { "factors" };
            let message = format!("these are more than {MOST_POINTS} points");
            let problem = Diagnostic::error("E431", message).label(self.document.at(of).key_span(), "all together");
            self.fail(problem.help("draw some of them: `design: {latinHypercube: 100}`"), terminal)
        })
    }

    /// Prints that runs do not have a response that the experiment names.
    pub fn no_response(&self, wrong: &Wrong, terminal: &Terminal) -> Failure {
        let is_it = |name: &str| responses::path_of(name) == wrong.response;
        let it = &self.experiment;
        let listed = it.responses.iter().position(|text| is_it(text)).map(|at| ("responses", at));
        let of_rule = |text: &String| rules::parse(text).is_ok_and(|parts| is_it(parts.response));
        let ruled = || it.constraints.iter().position(of_rule).map(|at| ("constraints", at));
        let place = match listed.or_else(ruled) {
            Some((block, at)) => self.document.at(block).index(at),
            None => {
                let objective = self.document.at("objective");
                let least = objective.clone().key("minimize");
                if least.node().is_some() { least } else { objective.key("maximize") }
            }
        };
        let span = inside(&self.sources, place.span(), &wrong.response);
        let problem = Diagnostic::error("E433", wrong.what.clone()).label(span, "");
        self.fail(problem.help_if(wrong.help.clone()), terminal)
    }

    /// Prints that the warm-up leaves nothing of a run.
    pub fn no_time(&self, shortest: Time, terminal: &Terminal) -> Failure {
        let message = format!("the warm-up leaves nothing of a run of {shortest}");
        self.fail(self.document.at("warmUp").error("E304", message, ""), terminal)
    }

    /// Problems of a scenario that come from what the experiment sets are shown where it says so: those at the overrides
    /// from number `first` on, which are these settings.
    pub fn relocate(&self, prepared: &mut Prepared, first: usize, settings: &[Setting]) {
        if prepared.diagnostics.is_empty() {
            return;
        }
        let Some(written) = self.sources.get(FileId::ROOT) else { return };
        let said: Vec<(FileId, &Setting)> = prepared
            .sources
            .iter()
            .filter(|(_, source)| source.name() == "command line")
            .map(|(file, _)| file)
            .skip(first)
            .zip(settings)
            .collect();
        let own = prepared.sources.add(written.name(), written.text().to_owned());
        let here = |span: Span| Span::new(own, span.start, span.end);
        let moved = |span: Span| {
            let (_, setting) = said.iter().find(|(file, _)| *file == span.file)?;
            let (path, value) = self.places(setting.origin);
            let length = setting.text.split_once('=')?.0.len() as u32;
            let option = OPTION.len() as u32;
            if span.start >= option + length {
                return Some(here(value));
            }
            // Which word of the path, where it is written plainly.
            let shift = u32::from(self.sources.text(path).starts_with(['"', '\'']));
            let start = path.start + shift + span.start.saturating_sub(option);
            let end = (start + span.end.min(option + length).saturating_sub(span.start)).min(path.end);
            Some(if start < end { Span::new(own, start, end) } else { here(path) })
        };
        let mut problems = Diagnostics::new();
        for mut problem in std::mem::take(&mut prepared.diagnostics) {
            for label in &mut problem.labels {
                label.span = moved(label.span).unwrap_or(label.span);
            }
            if problem.code == "E017" {
                problem.help = Some("write a path as `--set` does, for example services.web.desiredCount".into());
            }
            // Files that are named in other files have places: this is the base itself.
            if problem.code == "E001" && problem.labels.is_empty() {
                let near = neighbour(&self.experiment.base);
                problem = problem.label(here(self.document.at("base").span()), "the base is named here");
                problem = problem.help_if(near.map(|near| format!("did you mean `{near}`?")));
            }
            problems.push(problem);
        }
        problems.sort();
        prepared.diagnostics = problems;
    }

    /// Where a path is written, and where its value.
    fn places(&self, origin: Origin) -> (Span, Span) {
        let factor = |at: usize| self.document.at("factors").index(at);
        let entry = |map: Locator<'_>, nth: usize, names: Option<&String>| match names {
            Some(name) => (map.clone().key(name).key_span(), map.key(name).span()),
            None => (map.span(), map.clone().index(nth).span()),
        };
        match origin {
            Origin::Set(nth) => entry(self.document.at("set"), nth, self.experiment.set.keys().nth(nth)),
            Origin::Value(at, value) => (factor(at).key("path").span(), factor(at).key("values").index(value).span()),
            Origin::Range(at) => (factor(at).key("path").span(), factor(at).key("between").span()),
            Origin::Choice(at, choice, nth) => {
                let names = self.experiment.factors[at].choices[choice].set.keys().nth(nth);
                entry(factor(at).key("choices").index(choice).key("set"), nth, names)
            }
        }
    }
}

/// The part of a value that has this text; the whole value where it is written otherwise.
fn inside(sources: &SourceMap, whole: Span, part: &str) -> Span {
    let at = sources.text(whole).find(part).filter(|_| !part.is_empty());
    at.map_or(whole, |at| {
        let start = whole.start + at as u32;
        Span::new(whole.file, start, start + part.len() as u32)
    })
}

/// A file beside the one that is not there, with a name like it.
fn neighbour(path: &str) -> Option<String> {
    let path = Path::new(path);
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Whether somebody has given the scenario itself.
fn is_scenario(document: &Document) -> bool {
    let has = |key: &str| document.at(key).node().is_some();
    !has("base") && !has("factors") && ["simulation", "taskDefinitions", "services", "workload"].into_iter().any(has)
}

/// What the form does not tell.
fn check(it: &Experiment, document: &Document, problems: &mut Diagnostics) {
    if it.factors.is_empty() {
        let problem = document.at("factors").error("E431", "`factors` is empty: there is nothing to vary", "");
        problems.push(problem.help("`ecsim compare` runs one scenario many times"));
    }
    if it.design.random.is_some() && it.design.latin_hypercube.is_some() {
        let both = document.at("design");
        let problem =
            both.clone().key("latinHypercube").error("E430", "`design` is either `random` or `latinHypercube`", "");
        problems.push(problem.label(both.key("random").key_span(), "and here"));
    }
    let mut names: Vec<&str> = Vec::new();
    for (at, factor) in it.factors.iter().enumerate() {
        let place = document.at("factors").index(at);
        let name = factor.called();
        if let Some(first) = names.iter().position(|other| *other == name && !name.is_empty()) {
            let called = if factor.path.is_some() { "path" } else { "name" };
            let of = document.at("factors").index(first);
            problems.push(
                place
                    .clone()
                    .key(called)
                    .error("E302", format!("factor `{}` is there twice", shown(name)), "again")
                    .label(of.span(), "first here")
                    .help("write all its values in one factor"),
            );
        }
        names.push(name);
        check_factor(factor, &place, problems);
    }
    if let Some(objective) = &it.objective {
        let place = document.at("objective");
        match (&objective.minimize, &objective.maximize) {
            (None, None) => problems.push(
                place
                    .error("E430", "`objective` needs either `minimize` or `maximize`", "")
                    .help("write for example `objective: {minimize: cost}`"),
            ),
            (Some(_), Some(_)) => problems.push(
                place
                    .clone()
                    .key("maximize")
                    .error("E430", "`objective` is either `minimize` or `maximize`", "")
                    .label(place.key("minimize").span(), "and here")
                    .help("make one of them a constraint, such as `cost <= 40`"),
            ),
            _ => {}
        }
    }
    for (at, text) in it.constraints.iter().enumerate() {
        if let Err(what) = rules::parse(text) {
            let message = format!("the constraint `{}` cannot be read: {what}", shown(text));
            let problem = document.at("constraints").index(at).error("E432", message, "");
            problems.push(problem.help("write for example `cost <= 40`, `p95 time to RUNNING < 30s`"));
        }
    }
    if let Err(what) = it.warm_up() {
        problems.push(document.at("warmUp").error("E025", format!("`warmUp`: {what}"), ""));
    }
}

fn check_factor(factor: &Factor, place: &Locator<'_>, problems: &mut Diagnostics) {
    let has_path = factor.path.is_some();
    let fits = match (&factor.path, &factor.name) {
        (Some(_), None) => factor.choices.is_empty() && factor.values.is_empty() != factor.between.is_none(),
        (None, Some(_)) => !factor.choices.is_empty() && factor.values.is_empty() && factor.between.is_none(),
        _ => false,
    };
    if !fits {
        let what = match (has_path, factor.name.is_some()) {
            (true, true) => "a factor has either a `path` or a `name`",
            (false, false) => "this factor has neither a `path` nor a `name`",
            (true, false) if !factor.choices.is_empty() => "this factor has a `path` and `choices`",
            (true, false) if factor.between.is_some() => "this factor has `values` and `between`",
            (true, false) => "this factor has no values",
            (false, true) if factor.choices.is_empty() => "this factor has no choices",
            (false, true) => "this factor has `choices`, and values beside them",
        };
        problems.push(place.error("E430", what, "").help(FACTOR));
    }
    if let Some((low, high)) = factor.between
        && low >= high
    {
        let range = place.clone().key("between");
        let problem = range.error("E312", "`between` ends before it begins", "");
        problems.push(if low > high { problem.help(format!("write `between: [{high}, {low}]`")) } else { problem });
    }
    if factor.levels.is_some() && factor.between.is_none() {
        let problem = place.clone().key("levels").error("E304", "`levels` cuts a range, and this factor has none", "");
        problems.push(problem.help("write `between: [4, 20]`, or leave `levels` out"));
    }
}

/// The form of an experiment.
fn schema() -> Value {
    let texts = json!({"type": "array", "items": {"anyOf": [
        {"type": "string"},
        // `at end: cluster.cost` is a map of one key to YAML and a text to everybody who knows `expect:`.
        {
            "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {"type": "string"},
            "x-ecsim-expected": "a text; `at end: cluster.cost` goes without quotes too",
        },
    ]}});
    let values = json!({"type": "object", "x-ecsim-noun": "a map of paths and values"});
    let count = |least: u32, most: usize| json!({"type": "integer", "minimum": least, "maximum": most});
    json!({
        "type": "object", "additionalProperties": false, "required": ["base", "factors"],
        "x-ecsim-noun": "an experiment",
        "properties": {
            "question": {"type": "string"},
            "base": {"type": "string", "x-ecsim-expected": "the scenario's file, beside this one"},
            "set": values,
            "factors": {"type": "array", "items": {"$ref": "#/$defs/Factor"}},
            "design": {
                "type": "object", "additionalProperties": false, "x-ecsim-noun": "a design",
                "properties": {
                    "random": count(1, usize::MAX >> 12), "latinHypercube": count(1, usize::MAX >> 12),
                    "seed": {"type": "integer", "format": "uint64"},
                },
            },
            "seeds": count(1, MOST_SEEDS),
            "warmUp": {"type": "string", "x-ecsim-expected": "a length of time with its unit, such as 1h"},
            "responses": texts,
            "constraints": texts,
            "objective": {
                "type": "object", "additionalProperties": false, "x-ecsim-noun": "an objective",
                "properties": {
                    "minimize": {"type": "string"}, "maximize": {"type": "string"},
                    "search": {"type": "string", "enum": ["exhaustive", "successiveHalving"]},
                    "firstSeeds": count(1, MOST_SEEDS),
                },
            },
        },
        "$defs": {
            "Factor": {
                "type": "object", "additionalProperties": false, "x-ecsim-noun": "a factor",
                "properties": {
                    "path": {"type": "string"}, "name": {"type": "string"},
                    "values": {"type": "array"},
                    "between": {
                        "type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2,
                        "x-ecsim-expected": "the two ends of a range, such as [4, 20]",
                    },
                    "levels": count(1, MOST_POINTS),
                    "choices": {"type": "array", "items": {"$ref": "#/$defs/Choice"}},
                },
            },
            "Choice": {
                "type": "object", "additionalProperties": false, "required": ["name", "set"],
                "x-ecsim-noun": "a choice", "properties": {"name": {"type": "string"}, "set": values},
            },
        },
    })
}

#[cfg(test)]
pub(super) mod tests {
    use ecsim_scenario::diagnostic::RenderOptions;
    use ecsim_scenario::source::MemoryFiles;

    use super::*;

    fn written(text: &str) -> Result<Written, String> {
        let mut files = MemoryFiles::default();
        files.insert("e.yaml", text);
        Written::parse(&files, "e.yaml")
            .map(|it| it.0)
            .map_err(|problems| problems.0.render(&problems.1, RenderOptions::default()))
    }

    /// The experiment of a text, or what is said about it.
    pub fn experiment(text: &str) -> Result<Experiment, String> {
        written(text).map(|it| it.experiment)
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let one = "{base: a, factors: [{path: x, values: [1]}]";
        for (text, place, parts) in [
            ("{base: a, factors: []}".to_owned(), "1:20", vec!["nothing to vary"]),
            ("{base: a, factors: [{path: x}]}".to_owned(), "1:21", vec!["no values", "`between: [4, 20]`"]),
            ("{base: a, factors: [{path: x, values: [1], between: [1, 2]}]}".to_owned(), "1:21", vec!["`values` and"]),
            ("{base: a, factors: [{path: x, between: [2, 1]}]}".to_owned(), "1:40", vec!["ends before", "[1, 2]"]),
            ("{base: a, factors: [{path: x, between: [2, b]}]}".to_owned(), "1:44", vec!["a number", "the text `b`"]),
            ("{base: a, factors: [{path: x, between: [2]}]}".to_owned(), "1:31", vec!["at least 2 elements"]),
            ("{base: a, factors: [{path: x, values: [1], levels: 3}]}".to_owned(), "1:52", vec!["cuts a range"]),
            ("{base: a, factors: [{name: x}]}".to_owned(), "1:21", vec!["no choices"]),
            ("{base: a, factors: [{path: x, vales: [1]}]}".to_owned(), "1:31", vec!["did you mean `values`?"]),
            (
                "{base: a, factors: [{path: x, values: [1]}, {path: x, values: [1]}]}".to_owned(),
                "1:52",
                vec!["is there twice", "first here"],
            ),
            (format!("{one}, sedes: 3}}"), "1:46", vec!["in an experiment", "did you mean `seeds`?"]),
            (format!("{one}, seeds: 0}}"), "1:53", vec!["at least 1"]),
            (format!("{one}, design: {{random: 3, latinHypercube: 3}}}}"), "1:82", vec!["either `random`"]),
            (format!("{one}, design: {{sobol: 3}}}}"), "1:55", vec!["unknown field `sobol` in a design"]),
            (format!("{one}, responses: [{{a: b, c: d}}]}}"), "1:58", vec!["at most 1 field"]),
            (format!("{one}, constraints: ['cost 3']}}"), "1:60", vec!["no < or >", "`cost <= 40`"]),
            (format!("{one}, objective: {{}}}}"), "1:57", vec!["`minimize` or `maximize`"]),
            (format!("{one}, objective: {{minimize: cost, search: halving}}}}"), "1:82", vec!["`successiveHalving`"]),
            (format!("{one}, warmUp: soon}}"), "1:54", vec!["`soon` is not a span of time"]),
            ("{factors: [{path: x, values: [1]}]}".to_owned(), "1:2", vec!["`base`"]),
        ] {
            let error = experiment(&text).unwrap_err();
            assert!(error.contains(&format!("e.yaml:{place}\n")), "{text}: {error}");
            for part in parts {
                assert!(error.contains(part), "{text}: {part}: {error}");
            }
        }
    }

    #[test]
    fn whatever_is_set_has_its_places() {
        let text = "base: a\nset: {'m.n': 7}\nfactors:\n  - {path: x.y, values: [1, 2]}\n  - {path: z, between: [1, 2]}\n  \
                    - {name: f, choices: [{name: a, set: {b.c: 3}}]}\n";
        let written = written(text).unwrap();
        let point = &written.experiment.points().unwrap()[0];
        let texts: Vec<(&str, &str)> = point
            .settings
            .iter()
            .map(|it| written.places(it.origin))
            .map(|(path, value)| (written.sources.text(path), written.sources.text(value)))
            .collect();
        assert_eq!(texts, [("'m.n'", "7"), ("x.y", "1"), ("z", "[1, 2]"), ("b.c", "3")]);
    }
}
