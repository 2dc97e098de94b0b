//! The whole way of a scenario in one call: text → document → schema → model and expectations, with every problem on the way.

use core::ops::Range;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use ecsim_cluster::Definitions;
use ecsim_engine::Model;
use ecsim_engine::model::{Arrivals, Call};
use ecsim_kernel::SimTime;
use ecsim_report::cost::rates::PriceBook;
use ecsim_report::expect::{Expectations, Part};
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, SourceMap, Span};
use crate::document::{Document, Limits, Locator, prune};
use crate::lab::{self, Lab};
use crate::load::load_with;
use crate::lower;
use crate::schema::{self, Expectation, Scenario};
use crate::source::{DATA_PREFIX, SourceFiles};
use crate::validate::Checker;

/// What became of a scenario.
#[derive(Debug)]
pub struct Prepared {
    /// The texts that diagnostics point into.
    pub sources: SourceMap,
    /// Every problem, sorted by place; warnings too.
    pub diagnostics: Diagnostics,
    /// What can be run; there only if there is no error.
    pub ready: Option<Ready>,
    /// Whether it names files under the data root, and none was given: it cannot run here, through no fault of its own.
    pub lacks_data: bool,
}

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Ready {
    /// What the engine runs.
    pub model: Model,
    /// What things cost: for whoever reckons the bill of the run.
    pub prices: Arc<PriceBook>,
    /// What must hold.
    pub expectations: Expectations,
    /// A digest of the whole scenario, includes and overrides applied.
    pub digest: String,
    /// The rules it says it proves.
    pub proves: Vec<String>,
    /// AWS fields that are accepted and have no effect, with their places.
    pub kept: Vec<Diagnostic>,
    /// The question about it, where it is a lab.
    pub lab: Option<Lab>,
}

/// The schema of scenarios, made ready once.
fn checker() -> Option<&'static Checker> {
    static CHECKER: OnceLock<Option<Checker>> = OnceLock::new();
    CHECKER.get_or_init(|| Checker::with_formats(&schema::json_schema(), schema::FORMATS).ok()).as_ref()
}

/// Where a scenario is read from, and how it is changed on the way.
#[derive(Clone, Copy)]
struct Origin<'a> {
    files: &'a dyn SourceFiles,
    path: &'a str,
    overrides: &'a [String],
    limits: &'a Limits,
    /// Whether it is a lab's own scenario with changes: then what is expected and asked of the scenario as written is no matter.
    changed: bool,
}

/// Reads, checks and lowers the scenario at `path`. Never panics on any input.
pub fn prepare(files: &dyn SourceFiles, path: &str, overrides: &[String], limits: &Limits) -> Prepared {
    prepare_from(Origin { files, path, overrides, limits, changed: false })
}

/// The scenario with more changes: what a lab holds against it. The reason where it cannot be read.
fn changed(origin: Origin<'_>, set: &[String]) -> Result<Ready, String> {
    let overrides: Vec<String> = origin.overrides.iter().chain(set).cloned().collect();
    let prepared = prepare_from(Origin { overrides: &overrides, changed: true, ..origin });
    let first = prepared.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    let reason = first.map_or_else(|| "it cannot be read".to_owned(), |diagnostic| diagnostic.message.clone());
    prepared.ready.ok_or(reason)
}

fn prepare_from(origin: Origin<'_>) -> Prepared {
    let Origin { files, path, overrides, limits, .. } = origin;
    let Some(checker) = checker() else {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::error("E000", "the schema of ecsim itself is broken; please report it"));
        return Prepared { sources: SourceMap::new(), diagnostics, ready: None, lacks_data: false };
    };
    let loaded = load_with(files, path, overrides, limits, checker);
    let (sources, mut diagnostics) = (loaded.sources, loaded.diagnostics);
    let mut lacks_data = false;
    let ready = match loaded.document {
        Some(document) if !diagnostics.has_errors() => {
            ready(origin, &document, &sources, checker.schema(), &mut diagnostics)
        }
        Some(document) => {
            look_further(origin, &document, &sources, checker, &mut diagnostics);
            None
        }
        None => None,
    };
    if ready.is_none() {
        // `data:` without a data root is a missing file here; every other error would be reported as such.
        lacks_data = diagnostics.errors() > 0
            && diagnostics.iter().all(|diagnostic| {
                diagnostic.severity == Severity::Warning
                    || (diagnostic.code == "E320"
                        && diagnostic.help.as_deref().is_some_and(|help| help.contains(DATA_PREFIX)))
            });
    }
    diagnostics.sort();
    Prepared { sources, diagnostics, ready, lacks_data }
}

/// The form is wrong somewhere: what is right of it is held against the cross-checks all the same, so that nobody has to
/// mend one kind of problem to be told of the next.
fn look_further(
    origin: Origin<'_>,
    document: &Document,
    sources: &SourceMap,
    checker: &Checker,
    diagnostics: &mut Diagnostics,
) {
    let wrong: BTreeSet<Span> = diagnostics.iter().filter_map(Diagnostic::span).collect();
    let pruned = prune::without(document, &wrong);
    let mut found = Diagnostics::new();
    checker.check(&pruned, &mut found);
    if found.has_errors() {
        // What was left out was needed: anything said beyond this would be noise.
        return;
    }
    let mut found = Diagnostics::new();
    ready(origin, &pruned, sources, checker.schema(), &mut found);
    // A complaint about something whose part is wrong already follows from that.
    let follows = |span: Span| {
        wrong.iter().any(|wrong| wrong.file == span.file && span.start <= wrong.start && wrong.end <= span.end)
    };
    diagnostics.extend(found.into_iter().filter(|diagnostic| diagnostic.span().is_some_and(|span| !follows(span))));
}

fn ready(
    origin: Origin<'_>,
    document: &Document,
    sources: &SourceMap,
    schema: &Value,
    diagnostics: &mut Diagnostics,
) -> Option<Ready> {
    let value = document.to_value();
    let digest = format!("{:016x}", ecsim_kernel::hash64(value.to_string().as_bytes()));
    let scenario = match Scenario::from_value(value) {
        Ok(scenario) => scenario,
        Err(error) => {
            // The schema let it pass and the types did not: say what serde says, at the top.
            diagnostics.push(document.at("simulation").error("E300", format!("this cannot be read: {error}"), ""));
            return None;
        }
    };
    let lowered = lower::lower(&scenario, document, sources, origin.files, origin.path, diagnostics);
    let mut entries = Entries::default();
    let mut shows = Vec::new();
    if !origin.changed {
        entries.add(&scenario.expect, &document.at("expect"));
        shows = scenario.lab.as_ref().map_or_else(Vec::new, |it| lab::shows(it, document, &mut entries));
    }
    // Without a model there are no names to hold expectations against.
    let lower::Lowered { model, prices } = lowered?;
    if let Some((block, text)) = too_many_tasks(&model) {
        let problem = document.at(block).error("E366", format!("{text}; a run holds at most {MOST_TASKS}"), "");
        diagnostics.push(problem.help("ask for less, or simulate a shorter time"));
        return None;
    }
    let expectations = entries.parse(&model.definitions, sources, diagnostics);
    let posed = match &scenario.lab {
        Some(text) if !origin.changed => {
            let change = |set: &[String]| changed(origin, set);
            Some(lab::check(text, shows, document, sources, &model.definitions, &change, diagnostics)?)
        }
        _ => None,
    };
    let expectations = expectations?;
    if expectations.horizon() > SimTime::ZERO + model.duration {
        diagnostics.push(document.at("expect").warning(
            "W381",
            "an expectation lies after the end of the run, so it cannot hold",
            "",
        ));
    }
    let kept = kept_fields(document, schema);
    Some(Ready { model, prices, expectations, digest, proves: scenario.proves.clone(), kept, lab: posed })
}

/// More tasks than this would not fit into memory, or not into anybody's day.
const MOST_TASKS: u32 = 50_000_000;

/// What asks for more than [`MOST_TASKS`]: an entry of `workload:` by its mean rate, or all services together. The block it
/// stands in, and what is wrong.
fn too_many_tasks(model: &Model) -> Option<(&'static str, String)> {
    let most = f64::from(MOST_TASKS);
    for (id, source) in model.sources.iter() {
        let Arrivals::Renewal { interval, from, until, limit, .. } = &source.arrivals else { continue };
        let end = (*until).min(SimTime::ZERO + model.duration);
        let seconds = (end.secs_f64() - from.secs_f64()).max(0.0);
        let calls = (seconds / interval.mean().max(1e-12)).min(*limit as f64);
        let tasks = calls * f64::from(source.count);
        if tasks > most {
            let name = &model.definitions.sources[id].name;
            return Some(("workload", format!("`{name}` would ask for about {tasks:.1e} tasks in this run")));
        }
    }
    let desired = model.definitions.services.values().map(|service| f64::from(service.desired_count)).sum::<f64>();
    if desired > most {
        return Some(("services", format!("the services want {desired:.1e} tasks")));
    }
    let updated = model.calls.values().map(|call| match call {
        Call::Deploy { update, .. } => match &**update {
            Call::UpdateService { desired_count, .. } => f64::from(desired_count.unwrap_or(0)),
            _ => 0.0,
        },
        Call::UpdateService { desired_count, .. } => f64::from(desired_count.unwrap_or(0)),
        _ => 0.0,
    });
    let updated = updated.sum::<f64>();
    (updated > most).then(|| ("timeline", format!("the calls of UpdateService want {updated:.1e} tasks")))
}

/// Entries of `expect:` and of what is like it, with their places.
#[derive(Default)]
pub(crate) struct Entries<'a> {
    texts: Vec<(String, String)>,
    /// The entry, and which of its expressions.
    places: Vec<(Locator<'a>, usize)>,
}

impl<'a> Entries<'a> {
    /// Adds the expectations that stand at a place; which ones they are among all.
    pub(crate) fn add(&mut self, list: &[Expectation], at: &Locator<'a>) -> Range<usize> {
        let first = self.texts.len();
        for (index, expectation) in list.iter().enumerate() {
            let entry = at.clone().index(index).key(expectation.quantifier.as_str());
            for (number, expression) in expectation.expressions.iter().enumerate() {
                self.texts.push((expectation.quantifier.clone(), expression.clone()));
                self.places.push((entry.clone(), number));
            }
        }
        first..self.texts.len()
    }

    /// Reads them; nothing where one is wrong, and that has been said then.
    pub(crate) fn parse(
        &self,
        definitions: &Definitions,
        sources: &SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Option<Expectations> {
        let errors = match Expectations::parse(&self.texts, definitions) {
            Ok(expectations) => return Some(expectations),
            Err(errors) => errors,
        };
        for error in errors {
            let (entry, number) = &self.places[error.entry];
            let is_list = entry.node().is_some_and(|node| node.as_list().is_some());
            let whole = match error.part {
                Part::Quantifier => entry.key_span(),
                Part::Expression if is_list => entry.clone().index(*number).span(),
                Part::Expression => entry.span(),
            };
            let span = inside(sources, whole, &error.span);
            diagnostics.push(Diagnostic::error("E380", error.message).label(span, "").help_if(error.help));
        }
        None
    }
}

/// The part of a plainly written text that a mistake is about; the whole text where it is quoted or folded.
fn inside(sources: &SourceMap, whole: Span, part: &Range<usize>) -> Span {
    let text = sources.text(whole);
    if text.contains(['\\', '\n']) {
        return whole;
    }
    let shift = u32::from(text.starts_with(['"', '\'']));
    let start = whole.start + shift + u32::try_from(part.start).unwrap_or(0);
    let end = whole.start + shift + u32::try_from(part.end).unwrap_or(0);
    if start <= end && end <= whole.end { Span::new(whole.file, start, end) } else { whole }
}

/// AWS fields of the scenario that the schema marks as accepted without effect.
fn kept_fields(document: &Document, schema: &Value) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    crate::validate::walk_marked(schema, document, &mut |locator, mark| {
        // AWS prints lists of nothing for what is not there.
        if locator.node().is_some_and(|node| node.as_list().is_some_and(|list| list.is_empty())) {
            return;
        }
        let what = match mark {
            "later" => "would matter to the run, but this version does not simulate it",
            _ => "is accepted and has no effect on the simulation",
        };
        let name = locator.path().last_key().unwrap_or_default().to_owned();
        found.push(Diagnostic::warning("W390", format!("`{name}` {what}")).label(locator.key_span(), ""));
    });
    found
}
