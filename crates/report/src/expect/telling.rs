//! Texts that tell numbers of a run, in the words of `expect:`: `5 minutes in, {at 5m: services.web.runningCount} tasks run`.
//!
//! **What stands in braces.** A [`Measure`] becomes its number: `{max: cluster.tasks}`, `{at end: cluster.cost}`. An
//! `eventually` or a `by` becomes the moment at which it was first true: `{eventually: services.web.runningCount == 2}`.
//! A brace that is meant as one is written twice. So a text that explains a run cannot say what the run does not show.

use core::ops::Range;

use ecsim_cluster::{Cluster, Definitions, Fact, Observer};
use ecsim_kernel::SimTime;

use super::measure::{Measure, Measures, MeasuresWatch};
use super::quantifier::{When, Window};
use super::watch::{Watch, show};
use super::{Expectations, Part, quantifier};
use crate::cost::SharedLedger;
use crate::metrics::{Unit, Value};

/// A part of a text.
#[derive(Clone, Debug)]
enum Piece {
    Words(String),
    Number(usize, Unit),
    Moment(usize),
}

/// Texts whose names are known, ready to watch a run.
#[derive(Clone, Debug, Default)]
pub struct Tellings {
    texts: Vec<Vec<Piece>>,
    measures: Measures,
    /// The entries that give moments, and the same checked.
    moments: Vec<(String, String)>,
    checked: Expectations,
}

/// A mistake between the braces of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TellError {
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// What the help of an error shows.
const FORMS: &str = "write a number as `{at 5m: services.web.runningCount}`, a moment as \
                     `{eventually: services.web.runningCount == 2}`, and a brace that is meant as one twice";

impl Tellings {
    /// Adds a text; they are told in the order in which they were added.
    ///
    /// # Errors
    /// Every mistake between its braces; then nothing is added.
    pub fn add(&mut self, text: &str, definitions: &Definitions) -> Result<(), Vec<TellError>> {
        let mut pieces = Vec::new();
        let mut words = String::new();
        let mut errors = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find(['{', '}']) {
            let brace = at + found;
            words.push_str(&text[at..brace]);
            let letter = &text[brace..=brace];
            let after = &text[brace + 1..];
            if after.starts_with(letter) {
                words.push_str(letter);
                at = brace + 2;
                continue;
            }
            let end = if letter == "{" { after.find('}') } else { None };
            let Some(end) = end else {
                let message = "a brace stands alone".to_owned();
                errors.push(TellError { span: brace..brace + 1, message, help: Some(FORMS.to_owned()) });
                at = brace + 1;
                continue;
            };
            pieces.push(Piece::Words(core::mem::take(&mut words)));
            match self.piece(&after[..end], definitions) {
                Ok(piece) => pieces.push(piece),
                Err((message, help)) => errors.push(TellError { span: brace + 1..brace + 1 + end, message, help }),
            }
            at = brace + end + 2;
        }
        words.push_str(&text[at..]);
        pieces.push(Piece::Words(words));
        if errors.is_empty() {
            self.texts.push(pieces);
            Ok(())
        } else {
            Err(errors)
        }
    }

    fn piece(&mut self, text: &str, definitions: &Definitions) -> Result<Piece, (String, Option<String>)> {
        if let Some((when, expression)) = text.split_once(':')
            && matches!(quantifier::parse(when), Ok(When::Eventually(_)))
        {
            let mut moments = self.moments.clone();
            moments.push((when.trim().to_owned(), expression.trim().to_owned()));
            self.checked = Expectations::parse(&moments, definitions).map_err(|errors| {
                let first = errors.into_iter().find(|error| error.part == Part::Expression);
                first.map_or_else(|| (FORMS.to_owned(), None), |error| (error.message, error.help))
            })?;
            self.moments = moments;
            return Ok(Piece::Moment(self.moments.len() - 1));
        }
        let forms = |message: String| (message, Some(FORMS.to_owned()));
        let measure = Measure::parse(text).map_err(forms)?;
        let (number, unit) = self.measures.add(&measure, Window::default(), definitions).map_err(forms)?;
        Ok(Piece::Number(number, unit))
    }

    /// An observer of a run that has not begun and ends at `end`.
    #[must_use]
    pub fn watch(&self, cluster: &Cluster, costs: Option<&SharedLedger>, end: SimTime) -> TellingsWatch {
        TellingsWatch {
            texts: self.texts.clone(),
            measures: self.measures.watch(cluster, costs, 1, end),
            moments: Watch::new(self.checked.clone(), cluster, costs),
        }
    }
}

/// Watches a run and tells.
#[derive(Clone, Debug)]
pub struct TellingsWatch {
    texts: Vec<Vec<Piece>>,
    measures: MeasuresWatch,
    moments: Watch,
}

impl TellingsWatch {
    /// The texts with their numbers, in their order. Call it after the run has ended.
    #[must_use]
    pub fn finish(self) -> Vec<String> {
        let numbers = self.measures.finish();
        let moments = self.moments.finish();
        let say = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Number(at, unit) => {
                numbers.get(*at).and_then(|it| it.number).map_or_else(|| "no value".to_owned(), |it| say(it, *unit))
            }
            Piece::Moment(at) => match moments.get(*at).filter(|verdict| verdict.passed).and_then(|verdict| verdict.at)
            {
                // The engine's own milliseconds of order are nobody's business in a text.
                Some(time) => SimTime::from_ms(time.ms() / 1000 * 1000).to_string(),
                None => "never".to_owned(),
            },
        };
        self.texts.iter().map(|pieces| pieces.iter().map(say).collect()).collect()
    }
}

/// A number as people say it: two decimals are enough, four for money.
fn say(number: f64, unit: Unit) -> String {
    let scale = if unit == Unit::Money { 10_000.0 } else { 100.0 };
    show(&Value::Number((number * scale).round() / scale), unit)
}

impl Observer for TellingsWatch {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.measures.observe(now, fact, cluster);
        self.moments.observe(now, fact, cluster);
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.measures.period_ended(now, cluster);
        self.moments.period_ended(now, cluster);
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.measures.run_ended(now, cluster);
        self.moments.run_ended(now, cluster);
    }
}
