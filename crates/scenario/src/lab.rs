//! A teaching lab held against the scenario it stands in: one answer is right, every number in its texts can be read, and
//! what would make the wrong answers right can be run.

use core::ops::Range;

use ecsim_cluster::Definitions;
use ecsim_report::expect::Tellings;
use ecsim_report::metrics::{Scope, of_scope};
use ecsim_report::sinks::TRACES;

use crate::diagnostic::{Diagnostic, Diagnostics, SourceMap, Span, shown};
use crate::document::{Document, Locator};
use crate::prepare::{Entries, Ready};
use crate::schema;
use crate::schema::{LabExplain, LabTable};
use crate::validate::{list_of, nearest};

/// A lab that can be posed.
#[derive(Clone, Debug)]
pub struct Lab {
    /// As written.
    pub text: schema::Lab,
    /// The texts that tell numbers of the run: the remark of each choice, then what each step of the explanation says.
    pub tellings: Tellings,
    /// Which of the scenario's expectations each step of the explanation shows.
    pub shows: Vec<Range<usize>>,
    /// For each choice, what would have to be different.
    pub variants: Vec<Option<Variant>>,
}

/// The scenario with a few values changed, so that another answer is right.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What can be run; its expectations are those of the variant.
    pub ready: Ready,
    /// What is said about it.
    pub telling: Tellings,
}

impl Lab {
    /// The place of the right choice.
    #[must_use]
    pub fn correct(&self) -> usize {
        self.text.choices.iter().position(|choice| choice.correct).unwrap_or(0)
    }

    /// The letter of a choice.
    #[must_use]
    pub fn letter(choice: usize) -> char {
        u8::try_from(choice).map_or('?', |choice| char::from(b'a' + choice))
    }
}

/// What a run is changed by, and what became of it: nothing where it cannot be read, with the reason.
pub(crate) type Change<'a> = &'a dyn Fn(&[String]) -> Result<Ready, String>;

/// Adds what the steps of the lab show to the expectations of the scenario; which ones each step has.
pub(crate) fn shows<'a>(lab: &schema::Lab, document: &'a Document, entries: &mut Entries<'a>) -> Vec<Range<usize>> {
    let steps = document.at("lab").key("explanation");
    let add = |(at, step): (usize, &schema::LabStep)| entries.add(&step.shows, &steps.clone().index(at).key("shows"));
    lab.explanation.iter().enumerate().map(add).collect()
}

/// Checks the lab; nothing where something is wrong, and that has been said then.
pub(crate) fn check(
    lab: &schema::Lab,
    shows: Vec<Range<usize>>,
    document: &Document,
    sources: &SourceMap,
    definitions: &Definitions,
    change: Change<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Lab> {
    let mut check = Check { sources, found: Vec::new() };
    let place = document.at("lab");
    check.one_is_right(lab, &place);
    let mut tellings = Tellings::default();
    let mut variants = Vec::new();
    for (at, choice) in lab.choices.iter().enumerate() {
        let place = place.clone().key("choices").index(at);
        check.text(&choice.remark, &place.clone().key("remark"), &mut tellings, definitions);
        let variant = choice.variant.as_ref().map(|variant| check.variant(variant, &place.key("if"), change));
        variants.push(variant.flatten());
    }
    for (at, step) in lab.explanation.iter().enumerate() {
        let place = place.clone().key("explanation").index(at);
        check.text(&step.say, &place.clone().key("say"), &mut tellings, definitions);
        if let Some(explain) = &step.explain {
            check.explain(explain, &place.clone().key("explain"), definitions);
        }
        if let Some(table) = &step.table {
            check.table(table, &place.key("table"));
        }
    }
    for (at, trial) in lab.next.iter().enumerate() {
        let place = place.clone().key("next").index(at);
        if !trial.set.is_empty() {
            check.changed(&trial.set, &place.clone().key("set"), change);
        }
        if let Some(explain) = &trial.explain {
            check.explain(explain, &place.key("explain"), definitions);
        }
    }
    let is_fine = check.found.is_empty();
    diagnostics.extend(check.found);
    is_fine.then(|| Lab { text: lab.clone(), tellings, shows, variants })
}

struct Check<'a> {
    sources: &'a SourceMap,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn one_is_right(&mut self, lab: &schema::Lab, place: &Locator<'_>) {
        let choices = place.clone().key("choices");
        let mut right = lab.choices.iter().enumerate().filter(|(_, choice)| choice.correct).map(|(at, _)| at);
        match (right.next(), right.next()) {
            (None, _) => {
                let problem = Diagnostic::error("E400", "none of the choices of this lab is correct");
                self.found
                    .push(problem.label(choices.key_span(), "").help("write `correct: true` in the one that is right"));
            }
            (Some(first), Some(second)) => {
                let at = |choice| choices.clone().index(choice).key("correct").span();
                let problem = Diagnostic::error("E400", "more than one of the choices of this lab is correct");
                let problem = problem.label(at(second), "").label(at(first), "the first one is here");
                self.found.push(problem.help("a lab has one right answer; word the others so that they are wrong"));
            }
            (Some(_), None) => {}
        }
    }

    /// A text with numbers in braces.
    fn text(&mut self, text: &str, place: &Locator<'_>, tellings: &mut Tellings, definitions: &Definitions) {
        let Err(errors) = tellings.add(text, definitions) else { return };
        for error in errors {
            let problem = Diagnostic::error("E401", error.message);
            self.found.push(problem.label(self.piece(place, text, &error.span), "").help_if(error.help));
        }
    }

    /// Where a part of a text stands; a folded text is searched for it.
    fn piece(&self, place: &Locator<'_>, text: &str, part: &Range<usize>) -> Span {
        let whole = place.span();
        let written = self.sources.text(whole);
        let words = text.get(part.clone()).unwrap_or_default();
        let found = match written.find(text) {
            Some(at) => Some(at + part.start),
            None => written.find(words).filter(|_| words.len() > 1),
        };
        match found {
            Some(at) => {
                let start = whole.start + u32::try_from(at).unwrap_or(0);
                Span::new(whole.file, start, start + u32::try_from(words.len()).unwrap_or(0))
            }
            None => whole,
        }
    }

    /// The scenario with changes, where it can be read.
    fn changed(&mut self, set: &[String], place: &Locator<'_>, change: Change<'_>) -> Option<Ready> {
        change(set)
            .map_err(|reason| {
                let problem = Diagnostic::error("E402", format!("with these changes it is no scenario: {reason}"));
                self.found.push(
                    problem
                        .label(place.span(), "")
                        .help("try them out: `ecsim check FILE --set PATH=VALUE` says where each goes wrong"),
                );
            })
            .ok()
    }

    fn variant(&mut self, variant: &schema::LabVariant, place: &Locator<'_>, change: Change<'_>) -> Option<Variant> {
        let mut ready = self.changed(&variant.set, &place.clone().key("set"), change)?;
        let mut entries = Entries::default();
        entries.add(&variant.expect, &place.clone().key("expect"));
        let mut problems = Diagnostics::new();
        let expectations = entries.parse(&ready.model.definitions, self.sources, &mut problems);
        self.found.extend(problems);
        let mut telling = Tellings::default();
        self.text(&variant.say, &place.clone().key("say"), &mut telling, &ready.model.definitions);
        ready.expectations = expectations?;
        Some(Variant { ready, telling })
    }

    fn explain(&mut self, explain: &LabExplain, place: &Locator<'_>, definitions: &Definitions) {
        let named = [explain.service.is_some(), explain.workload.is_some(), explain.instance.is_some()];
        let asked = named.into_iter().filter(|it| *it).count() + usize::from(explain.task.is_some());
        if asked != 1 {
            let problem = place.error("E403", "exactly one thing is explained at a time", "");
            self.found.push(problem.help("give one of `task`, `service`, `workload` and `instance`"));
        }
        let services: Vec<&str> = definitions.services.values().map(|service| service.name.as_str()).collect();
        let sources: Vec<&str> = definitions.sources.values().map(|source| source.name.as_str()).collect();
        for (key, name, known) in [("service", &explain.service, services), ("workload", &explain.workload, sources)] {
            if let Some(name) = name
                && !known.contains(&name.as_str())
            {
                let problem = place.clone().key(key).error("E403", format!("no {key} is called `{}`", shown(name)), "");
                self.found.push(problem.help(meant(name, &known)));
            }
        }
    }

    fn table(&mut self, table: &LabTable, place: &Locator<'_>) {
        let Some(known) = columns_of(&table.file) else {
            let files: Vec<String> = files().collect();
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            let message = format!("a run has no file `{}`", shown(&table.file));
            let problem = place.clone().key("file").error("E403", message, "");
            self.found.push(problem.help(meant(&table.file, &files)));
            return;
        };
        // Columns such as `liveTasks.us-east-1a` are made from the names of the scenario.
        let is_known = |name: &str| known.contains(&name) || table.file.starts_with(METRICS) && name.contains('.');
        let columns = table.columns.iter().enumerate().map(|(at, name)| (place.clone().key("columns").index(at), name));
        let filters = table.filter.keys().map(|name| (place.clone().key("where").key(name.as_str()), name));
        for (place, name) in columns.chain(filters) {
            if !is_known(name) {
                let message = format!("{} has no column `{}`", table.file, shown(name));
                let problem = Diagnostic::error("E403", message).label(place.key_span(), "");
                self.found.push(problem.help(meant(name, &known)));
            }
        }
    }
}

/// Where the tables of metrics are.
const METRICS: &str = "metrics/";

/// The files of rows that a run leaves.
fn files() -> impl Iterator<Item = String> {
    let metrics = Scope::TABLES.into_iter().filter_map(Scope::table).map(str::to_owned);
    TRACES.iter().filter(|trace| !trace.columns.is_empty()).map(|trace| trace.file.to_owned()).chain(metrics)
}

/// The columns of a file that hold moments, in seconds since the start: a lab shows them as a clock does, and the first of
/// them is its `time`.
#[must_use]
pub fn moments(file: &str) -> Vec<&'static str> {
    if file.starts_with(METRICS) {
        return vec!["secondsSinceStart"];
    }
    let columns = TRACES.iter().filter(|trace| trace.file == file).flat_map(|trace| trace.columns);
    columns.filter(|column| column.unit == "seconds since start").map(|column| column.name).collect()
}

/// The columns of a file that a lab can show; nothing where there is no such file.
fn columns_of(file: &str) -> Option<Vec<&'static str>> {
    let mut columns = Vec::new();
    if !moments(file).is_empty() {
        columns.push("time");
    }
    if let Some(trace) = TRACES.iter().find(|trace| trace.file == file && !trace.columns.is_empty()) {
        columns.extend(trace.columns.iter().map(|column| column.name));
        return Some(columns);
    }
    let scope = Scope::TABLES.into_iter().find(|scope| scope.table() == Some(file))?;
    columns.extend(["timestamp", "secondsSinceStart", scope.entity()]);
    columns.extend(of_scope(scope).filter(|metric| metric.column).map(|metric| metric.name));
    Some(columns)
}

/// A near name, or all of them.
fn meant(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => format!("there are {}", list_of(known)),
    }
}
