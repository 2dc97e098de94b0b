//! The little language of `expect:` and its verdicts.
//!
//! ```yaml
//! expect:
//!   - at 10m: services.web.runningCount == 4
//!   - always: cluster.tasksLost == 0
//!   - max over 24h: containerInstances.A1.runningTasksCount <= 20
//! ```
//!
//! An entry is *when* and *what*. **When**: `at 10m` · `at end`, `finally` · `always`, `never`, `eventually`, each also
//! with a window (`from 2m to 10m`, `after 5m`, `until 5m`) · `by 10m` · a window alone, which means always in it ·
//! `max`, `min`, `mean`, `p95` (any percentile), each also `over 1h` and `from 2h`. **What**: comparisons of paths,
//! numbers with units and texts, with `+ - * /`, `and`, `or`, `not`, parentheses, `contains`, and `== 5 +- 10%`.
//!
//! | path | means |
//! | --- | --- |
//! | `cluster.X`, `services.NAME.X`, `containerInstances.NAME.X`, `zones.ZONE.X`, `workload.NAME.X`, `autoScalingGroups.NAME.X`, `capacityProviders.NAME.X` | a metric of the catalogue ([`crate::metrics`]) |
//! | `services.NAME.zones.ZONE`, `.instances.NAME`, `.providers.NAME`; also of `workload.NAME`, `groups.NAME`, `cluster` | live tasks there |
//! | `autoScalingGroups.NAME.zones.ZONE` | instances there that count towards its desired capacity |
//! | `containerInstances.NAME.groups.GROUP`, `.attributes.NAME` | live tasks of a group; an attribute's value |
//! | `….failures.CODE`, `….stopCodes.CODE`, `….exitCodes.N` of cluster, service, workload | entries of failure lists (FLR-001); tasks by stopCode; containers by exit code |
//! | `….placements`, `….stops` | instances in the order in which tasks were placed or asked to stop: `== [A1, B1]` |
//! | `services.NAME.events contains "text"`, `count(… contains "text")`, `.events.count`, `.events.last` | the event list |
//! | `callErrors.EXCEPTION` | calls rejected as a whole |
//!
//! **Instances that are launched** during a run are called after their group or Managed Instances provider, and numbered
//! from 1 in the order of their launch: `containerInstances.spot-3.lifecycle`. Before its launch such a one has no value.
//!
//! **Missing values.** A metric can have no value, such as the reservation of a cluster without instances. A comparison
//! with it is neither true nor false: `always` and `never` are not broken by it, but nothing is fulfilled by it either,
//! and an expectation that had no value at any moment in question fails. A mean leaves such times out.
//!
//! **Instants.** An expression is judged on complete instants: after all facts of a time, before the next. A time `t` is
//! met from `t` to `t` + 50 ms ([`TOLERANCE`]). Metrics that are dear to compute (`stranded…`, `…timeToRunning…`, `…cost…`) are sampled when
//! a metrics period ends, as in the tables.

mod lexer;
mod measure;
mod parser;
mod path;
mod probe;
mod quantifier;
mod telling;
#[cfg(test)]
mod tests;
mod watch;

use core::ops::Range;

use ecsim_cluster::{Cluster, Definitions};
use ecsim_kernel::SimTime;

use crate::cost::SharedLedger;
use crate::metrics::Unit;
pub use measure::{Measure, Measured, Measures, MeasuresWatch};
use parser::{Comparison, Node};
use path::Path;
pub use quantifier::{Statistic, When, Window};
pub use telling::{TellError, Tellings, TellingsWatch};
pub use watch::{TOLERANCE, Watch};

/// Checked expectations, ready to watch a run.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    compiled: Vec<Compiled>,
    paths: Vec<Path>,
}

#[derive(Clone, Debug)]
struct Compiled {
    entry: usize,
    quantifier: String,
    expression: String,
    when: When,
    test: Test,
    /// The paths it reads, in the order of the text.
    paths: Vec<usize>,
    /// What is demanded of the one path on the left, such as `== 4`.
    demand: Option<String>,
}

#[derive(Clone, Debug)]
enum Test {
    Truth(Node),
    Measure { number: Node, comparison: Comparison, bound: f64, tolerance: f64, label: String, unit: Unit },
}

/// A mistake in an entry of `expect:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectError {
    /// Which entry, from 0.
    pub entry: usize,
    /// In which part of it.
    pub part: Part,
    /// Where in that part, in bytes.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl core::fmt::Display for ExpectError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl core::error::Error for ExpectError {}

/// A part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// When it must hold: the key.
    Quantifier,
    /// What must hold: the value.
    Expression,
}

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which entry, from 0.
    pub entry: usize,
    /// When it had to hold, as written.
    pub quantifier: String,
    /// What had to hold, as written.
    pub expression: String,
    /// Whether it did.
    pub passed: bool,
    /// The deciding moment, where there is one.
    pub at: Option<SimTime>,
    /// What was seen and what was expected: `at 00:10:00: services.web.runningCount is 3, expected == 4`. Empty where an
    /// `always` held.
    pub message: String,
    /// The values at that moment.
    pub actual: Vec<Actual>,
}

/// The value of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actual {
    /// As written.
    pub path: String,
    /// With its unit.
    pub value: String,
}

/// A mistake in one text, before it is known whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

impl Problem {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    fn of(self, entry: usize, part: Part) -> ExpectError {
        ExpectError { entry, part, span: self.span, message: self.message, help: self.help }
    }
}

impl Expectations {
    /// Reads entries of (quantifier, expression) and looks all names up in the definitions of the scenario.
    ///
    /// # Errors
    /// Every mistake in every entry.
    pub fn parse<Q: AsRef<str>, E: AsRef<str>>(
        entries: &[(Q, E)],
        definitions: &Definitions,
    ) -> Result<Self, Vec<ExpectError>> {
        let mut expectations = Self::default();
        let mut errors = Vec::new();
        for (entry, (quantifier, expression)) in entries.iter().enumerate() {
            let (quantifier, expression) = (quantifier.as_ref(), expression.as_ref());
            let when = quantifier::parse(quantifier);
            let mut problems = Vec::new();
            let parsed = parser::parse(expression, definitions, &mut expectations.paths, &mut problems);
            let compiled = match (&when, parsed) {
                (Ok(when), Some(parsed)) => compile(entry, quantifier, expression, *when, parsed, &expectations.paths),
                _ => Err(None),
            };
            match compiled {
                Ok(compiled) => expectations.compiled.push(compiled),
                Err(problem) => problems.extend(problem),
            }
            if let Err(problem) = when {
                errors.push(problem.of(entry, Part::Quantifier));
            }
            errors.extend(problems.into_iter().map(|problem| problem.of(entry, Part::Expression)));
        }
        if errors.is_empty() { Ok(expectations) } else { Err(errors) }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.compiled.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.compiled.is_empty()
    }

    /// The latest time that any of them names: a shorter run cannot fulfil them all.
    #[must_use]
    pub fn horizon(&self) -> SimTime {
        let latest = |window: &Window| window.to.unwrap_or(window.from).max(window.from);
        self.compiled
            .iter()
            .map(|compiled| match &compiled.when {
                When::At(time) => *time,
                When::End => SimTime::ZERO,
                When::Always { window, .. } | When::Eventually(window) | When::Over { window, .. } => latest(window),
            })
            .max()
            .unwrap_or(SimTime::ZERO)
    }

    /// An observer of a run that has not begun; `cluster` is its state before the first fact.
    #[must_use]
    pub fn watch(self, cluster: &Cluster) -> Watch {
        Watch::new(self, cluster, None)
    }

    /// The same with what it costs; without prices, costs have no value.
    #[must_use]
    pub fn watch_with_costs(self, cluster: &Cluster, costs: Option<&SharedLedger>) -> Watch {
        Watch::new(self, cluster, costs)
    }
}

fn compile(
    entry: usize,
    quantifier: &str,
    expression: &str,
    when: When,
    parsed: parser::Parsed,
    all_paths: &[Path],
) -> Result<Compiled, Option<Problem>> {
    let mut paths = Vec::new();
    parsed.node.paths(&mut paths);
    let whole = 0..expression.len();
    if paths.is_empty() {
        return Err(Some(
            Problem::new(whole, "the expression reads nothing of the run")
                .help("a path begins with cluster, services, …"),
        ));
    }
    let mut demand = parsed.demand;
    let test = match when {
        When::Over { statistic, .. } => {
            let wrong = || {
                Problem::new(whole.clone(), format!("`{statistic}` needs one comparison of a number with a fixed one"))
                    .help(format!("{statistic}: services.web.runningCount <= 20"))
            };
            let Node::Compare(comparison, left, right, tolerance) = parsed.node else {
                return Err(Some(wrong()));
            };
            let (number, comparison, fixed) = match (left.varies(), right.varies()) {
                (true, false) => (*left, comparison, *right),
                (false, true) => (*right, comparison.mirrored(), *left),
                _ => return Err(Some(wrong())),
            };
            let unit = match paths.as_slice() {
                _ if number.is_share_in_percent() => Unit::Percent,
                [path, rest @ ..] => {
                    let unit = all_paths[*path].unit;
                    if rest.iter().all(|path| all_paths[*path].unit == unit) { unit } else { Unit::Count }
                }
                [] => Unit::Count,
            };
            if matches!(unit, Unit::Text(_) | Unit::Flag) {
                return Err(Some(wrong()));
            }
            let Some(bound) = fixed.number(&[]) else { return Err(Some(wrong())) };
            let tolerance = match tolerance {
                Some(tolerance) => tolerance.of(bound, &[]).ok_or_else(|| Some(wrong()))?,
                None => 0.0,
            };
            let label = match (&number, paths.as_slice()) {
                (Node::Path(path), _) => all_paths[*path].label.clone(),
                _ => {
                    demand = None;
                    expression.split(comparison.symbol()).next().unwrap_or(expression).trim().to_owned()
                }
            };
            Test::Measure { number, comparison, bound, tolerance, label, unit }
        }
        _ => Test::Truth(parsed.node),
    };
    Ok(Compiled {
        entry,
        quantifier: quantifier.trim().to_owned(),
        expression: expression.trim().to_owned(),
        when,
        test,
        paths,
        demand,
    })
}

/// The most similar of `names`, if any is similar enough to be what was meant.
fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let limit = (written.chars().count() / 3).clamp(1, 4);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
