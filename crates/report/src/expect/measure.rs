//! Numbers of a run in the words of `expect:`: `mean from 1h: cluster.CPUReservation`.
//!
//! **What it does.** Where an expectation judges, a measure only says what a number came to: a path or an expression, and
//! over which part of the run it is taken: `mean`, `max`, `min`, `p95` (weighted by time), `at 10m`, `at end`, and `gain`
//! (how much a counter rose). That is how runs are compared. A window that a measure does not name itself is that of the
//! whole comparison: the run without its warm-up, or one batch of it.

use ecsim_cluster::{Cluster, Definitions, Fact, Observer};
use ecsim_kernel::{SimTime, Span};

use super::quantifier::{Statistic, When, Window};
use super::watch::Watch;
use super::{Expectations, Problem, Test, compile, parser, quantifier};
use crate::cost::SharedLedger;
use crate::metrics::Unit;

/// What is measured: an expression, and how it becomes one number.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    statistic: Statistic,
    /// Where it names a window of its own.
    window: Option<Window>,
    expression: String,
}

impl Measure {
    /// Reads `WHEN: EXPRESSION`; without the first part it is the value at the end. Names are looked up later, by
    /// [`Measures::add`].
    ///
    /// # Errors
    /// What is wrong with the first part.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((when, expression)) = text.split_once(':') {
            let first = when.split_whitespace().next().unwrap_or_default();
            if first == "gain" {
                // The window is written as behind `mean`.
                let when = when.replacen("gain", "mean", 1);
                let parsed = quantifier::parse(&when).map_err(in_words)?;
                if let When::Over { window, .. } = parsed {
                    return Ok(Self::over(Statistic::Gain, window, expression));
                }
            }
            match quantifier::parse(when) {
                Ok(When::Over { statistic, window }) => return Ok(Self::over(statistic, window, expression)),
                Ok(When::At(time)) => {
                    let window = Window { from: SimTime::ZERO, to: Some(time + Span::from_ms(1)) };
                    return Ok(Self::over(Statistic::Last, window, expression));
                }
                Ok(When::End) => return Ok(Self::over(Statistic::Last, Window::default(), expression)),
                Ok(_) => {
                    return Err(format!(
                        "`{when}` holds or not, and is no number; write mean, max, min, p95, gain, `at 10m` or `at end`"
                    ));
                }
                // A path may have a colon of its own: `groups.family:encode.liveTasks`.
                Err(problem) if !first.contains('.') => return Err(in_words(problem)),
                Err(_) => {}
            }
        }
        Ok(Self::over(Statistic::Last, Window::default(), text))
    }

    fn over(statistic: Statistic, window: Window, expression: &str) -> Self {
        let window = (window != Window::default()).then_some(window);
        Self { statistic, window, expression: expression.trim().to_owned() }
    }

    /// What is measured, without how.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// How it becomes one number.
    #[must_use]
    pub const fn statistic(&self) -> Statistic {
        self.statistic
    }

    /// Whether it names a window of its own.
    #[must_use]
    pub const fn has_window(&self) -> bool {
        self.window.is_some()
    }
}

fn in_words(problem: Problem) -> String {
    match problem.help {
        Some(help) => format!("{}; {help}", problem.message),
        None => problem.message,
    }
}

/// Measures whose names are known, ready to watch a run.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    expectations: Expectations,
    series: Vec<usize>,
}

impl Measures {
    /// Adds a measure over a window (its own, where it has one) and tells its number, and what it is measured in.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn add(
        &mut self,
        measure: &Measure,
        window: Window,
        definitions: &Definitions,
    ) -> Result<(usize, Unit), String> {
        let at = self.expectations.compiled.len();
        let when = When::Over { statistic: measure.statistic, window: measure.window.unwrap_or(window) };
        let mut problems = Vec::new();
        // As one side of a comparison it is a number, or said not to be one.
        let text = format!("({}) >= 0", measure.expression);
        let parsed = parser::parse(&text, definitions, &mut self.expectations.paths, &mut problems);
        if let Some(problem) = problems.into_iter().next() {
            return Err(in_words(problem));
        }
        let no_number = || format!("`{}` is no number of the run", measure.expression);
        let parsed = parsed.ok_or_else(no_number)?;
        let compiled = compile(at, "", &text, when, parsed, &self.expectations.paths).map_err(|_| no_number())?;
        let Test::Measure { unit, .. } = compiled.test else { return Err(no_number()) };
        self.expectations.compiled.push(compiled);
        Ok((at, unit))
    }

    /// Also keeps the means of measure number `at` over equal parts of the run.
    pub fn with_series(&mut self, at: usize) {
        self.series.push(at);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expectations.is_empty()
    }

    /// An observer of a run that has not begun and ends at `end`; series have so many `parts`.
    #[must_use]
    pub fn watch(&self, cluster: &Cluster, costs: Option<&SharedLedger>, parts: usize, end: SimTime) -> MeasuresWatch {
        let mut watch = Watch::new(self.expectations.clone(), cluster, costs);
        for at in &self.series {
            watch.keep_series(*at, parts, end);
        }
        MeasuresWatch(watch)
    }
}

/// Watches a run and measures.
#[derive(Clone, Debug)]
pub struct MeasuresWatch(Watch);

/// What a measure came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The number; nothing where there was none in the window.
    pub number: Option<f64>,
    /// Means over equal parts of the run, where they are kept; parts without a value are left out.
    pub series: Vec<f64>,
}

impl MeasuresWatch {
    /// What the measures came to, in their order. Call it after the run has ended.
    #[must_use]
    pub fn finish(self) -> Vec<Measured> {
        self.0.measured().into_iter().map(|(number, series)| Measured { number, series }).collect()
    }
}

impl Observer for MeasuresWatch {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.0.observe(now, fact, cluster);
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.0.period_ended(now, cluster);
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.0.run_ended(now, cluster);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms() {
        let parse = |text| Measure::parse(text).unwrap();
        let it = parse("mean: cluster.CPUReservation");
        assert_eq!(
            (it.statistic(), it.has_window(), it.expression()),
            (Statistic::Mean, false, "cluster.CPUReservation")
        );
        assert_eq!(parse("p95 from 1h: cluster.cost").statistic(), Statistic::Percentile(95));
        assert!(parse("gain from 1h: cluster.cost").has_window());
        assert_eq!(parse("gain: cluster.cost").statistic(), Statistic::Gain);
        assert_eq!(parse("cluster.cost").statistic(), Statistic::Last);
        assert_eq!(parse("at end: cluster.cost"), parse("cluster.cost"));
        assert_eq!(parse("groups.family:encode.liveTasks").expression(), "groups.family:encode.liveTasks");
        assert!(Measure::parse("always: cluster.cost").unwrap_err().contains("no number"));
        assert!(Measure::parse("meen: cluster.cost").unwrap_err().contains("did you mean `mean`?"));
    }
}
