//! The experiment file: base, factors, design, seeds, responses, constraints, objective.

use std::collections::BTreeMap;

use ecsim_experiment::sampling;
use ecsim_kernel::Span;
use ecsim_kernel::streams::{Key, Purpose, Streams};
use serde::Deserialize;
use serde_json::Value;

use crate::commands::compare::variants::{in_full, in_short, is_strategy};

/// More points than this are not held at once.
pub(super) const MOST_POINTS: usize = 10_000;
/// The stream that designs are drawn from: far from those of the engine, and of a run that no replication has.
const DESIGN: Purpose = Purpose(60_000);

/// An experiment as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Experiment {
    /// What the question is; shown, and nothing else.
    #[serde(default)]
    pub question: Option<String>,
    /// The scenario, beside the experiment file.
    pub base: String,
    /// Changed in every point, as with `--set`.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    /// What is varied.
    pub factors: Vec<Factor>,
    /// How points are chosen; the full grid where nothing is said.
    #[serde(default)]
    pub design: Design,
    /// Runs of each point.
    #[serde(default = "ten")]
    pub seeds: usize,
    /// As `--warm-up`.
    #[serde(default)]
    pub warm_up: Option<String>,
    /// What is looked at; as `--response`.
    #[serde(default, deserialize_with = "lines")]
    pub responses: Vec<String>,
    /// What must hold of the means, such as `p95 time to RUNNING < 30s`.
    #[serde(default, deserialize_with = "lines")]
    pub constraints: Vec<String>,
    /// What is best.
    #[serde(default)]
    pub objective: Option<Objective>,
}

const fn ten() -> usize {
    10
}

/// Texts. `at end: cluster.cost` is a map of one key to YAML and a text to everybody who knows `expect:`.
fn lines<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let line = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) if map.len() == 1 => {
            let (key, value) = map.iter().next()?;
            value.as_str().map(|value| format!("{key}: {value}"))
        }
        _ => None,
    };
    Vec::<Value>::deserialize(deserializer)?
        .iter()
        .map(|value| {
            let wrong =
                || format!("{value} is no text; write for example `at end: cluster.cost`, in quotes if in doubt");
            line(value).ok_or_else(|| serde::de::Error::custom(wrong()))
        })
        .collect()
}

/// What is varied.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Factor {
    /// The path, as `--set` writes it.
    #[serde(default)]
    pub path: Option<String>,
    /// Its values.
    #[serde(default)]
    pub values: Vec<Value>,
    /// Or a range.
    #[serde(default)]
    pub between: Option<(f64, f64)>,
    /// In a grid, so many values of the range.
    #[serde(default)]
    pub levels: Option<usize>,
    /// Instead of a path: what the factor is called,
    #[serde(default)]
    pub name: Option<String>,
    /// and its choices, each of which sets several paths.
    #[serde(default)]
    pub choices: Vec<Choice>,
}

/// A level that sets several paths.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// What it is called.
    pub name: String,
    /// What it sets.
    pub set: BTreeMap<String, Value>,
}

/// How points are chosen.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Design {
    /// So many independent points.
    #[serde(default)]
    pub random: Option<usize>,
    /// So many points of a Latin hypercube.
    #[serde(default)]
    pub latin_hypercube: Option<usize>,
    /// Of the draws.
    #[serde(default)]
    pub seed: u64,
}

/// What is best.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Objective {
    /// The less, the better.
    #[serde(default)]
    pub minimize: Option<String>,
    /// The more, the better.
    #[serde(default)]
    pub maximize: Option<String>,
    /// How it is looked for.
    #[serde(default)]
    pub search: Search,
    /// With successive halving, runs of each point in the first round.
    #[serde(default = "four")]
    pub first_seeds: usize,
}

const fn four() -> usize {
    4
}

/// How the best is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Search {
    /// Every point with all seeds.
    #[default]
    Exhaustive,
    /// All points with few seeds, the better half with twice as many, and so on.
    SuccessiveHalving,
}

/// One point of the design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// What each factor is called, and its level.
    pub factors: Vec<(String, String)>,
    /// What is set.
    pub settings: Vec<Setting>,
}

/// A value that is set, as `--set` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `path=value`.
    pub text: String,
    /// Where the experiment says so.
    pub origin: Origin,
}

/// Where an experiment sets something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Under `set`, by the order of names.
    Set(usize),
    /// One of the `values` of a factor.
    Value(usize, usize),
    /// The range of a factor.
    Range(usize),
    /// A factor, one of its choices, and what that sets, by the order of names.
    Choice(usize, usize, usize),
}

#[derive(Clone, Debug)]
struct Level {
    label: String,
    settings: Vec<Setting>,
}

impl Experiment {
    /// The warm-up.
    ///
    /// # Errors
    /// Where it is no time.
    pub fn warm_up(&self) -> Result<Option<Span>, String> {
        self.warm_up.as_deref().map(|text| text.parse().map_err(|error| format!("{error}"))).transpose()
    }

    /// All points, in their order; nothing where there are more than [`MOST_POINTS`].
    pub fn points(&self) -> Option<Vec<Point>> {
        let fixed: Vec<Setting> =
            self.set.iter().enumerate().map(|(at, (path, value))| setting(path, value, Origin::Set(at))).collect();
        let point = |levels: Vec<&Level>| Point {
            factors: self
                .factors
                .iter()
                .zip(&levels)
                .map(|(it, level)| (it.called().to_owned(), level.label.clone()))
                .collect(),
            settings: fixed.iter().chain(levels.iter().flat_map(|level| &level.settings)).cloned().collect(),
        };
        let sampled = self.design.random.or(self.design.latin_hypercube);
        let Some(count) = sampled else {
            let levels: Vec<Vec<Level>> = self.factors.iter().enumerate().map(|(at, factor)| factor.grid(at)).collect();
            levels
                .iter()
                .try_fold(1_usize, |size, it| size.checked_mul(it.len()))
                .filter(|size| *size <= MOST_POINTS)?;
            let mut cells: Vec<Vec<&Level>> = vec![Vec::new()];
            for factor in &levels {
                cells = cells
                    .iter()
                    .flat_map(|cell| factor.iter().map(|level| cell.iter().copied().chain([level]).collect()))
                    .collect();
            }
            return Some(cells.into_iter().map(point).collect());
        };
        if count > MOST_POINTS {
            return None;
        }
        let mut stream = Streams::new(self.design.seed, u64::MAX).stream(DESIGN, Key::new("design", 0));
        let draw = if self.design.random.is_some() { sampling::random } else { sampling::latin_hypercube };
        let drawn = draw(count, self.factors.len(), &mut || stream.uniform());
        let mut points: Vec<Point> = Vec::new();
        for place in drawn {
            let factors = self.factors.iter().enumerate().zip(place);
            let levels: Vec<Level> = factors.map(|((at, factor), u)| factor.at(at, u)).collect();
            let next = point(levels.iter().collect());
            // Whole numbers can meet: the same point twice says nothing new.
            let same = |it: &Point| it.settings.iter().map(|it| &it.text).eq(next.settings.iter().map(|it| &it.text));
            if !points.iter().any(same) {
                points.push(next);
            }
        }
        Some(points)
    }
}

impl Factor {
    /// Its path, or its name.
    pub fn called(&self) -> &str {
        self.path.as_deref().or(self.name.as_deref()).unwrap_or_default()
    }

    fn listed(&self, factor: usize) -> Vec<Level> {
        let path = self.called();
        let own = self.values.iter().enumerate().map(|(at, value)| Level {
            label: label(path, value),
            settings: vec![setting(path, value, Origin::Value(factor, at))],
        });
        let choices = self.choices.iter().enumerate().map(|(at, choice)| Level {
            label: choice.name.clone(),
            settings: choice
                .set
                .iter()
                .enumerate()
                .map(|(nth, (path, value))| setting(path, value, Origin::Choice(factor, at, nth)))
                .collect(),
        });
        own.chain(choices).collect()
    }

    /// The levels of a grid.
    fn grid(&self, factor: usize) -> Vec<Level> {
        let Some(_) = self.between else { return self.listed(factor) };
        let count = self.levels.unwrap_or(5);
        let mut levels: Vec<Level> = Vec::new();
        for at in 0..count {
            let share = if count == 1 { 0.5 } else { at as f64 / (count - 1) as f64 };
            let level = self.in_range(factor, share, false);
            if levels.iter().all(|other| other.label != level.label) {
                levels.push(level);
            }
        }
        levels
    }

    /// The level at a number from 0 to 1.
    fn at(&self, factor: usize, u: f64) -> Level {
        if self.between.is_some() {
            return self.in_range(factor, u, true);
        }
        let mut levels = self.listed(factor);
        let at = ((u * levels.len() as f64) as usize).min(levels.len() - 1);
        levels.swap_remove(at)
    }

    fn in_range(&self, factor: usize, u: f64, drawn: bool) -> Level {
        let (low, high) = self.between.unwrap_or((0.0, 1.0));
        let whole = low.fract() == 0.0 && high.fract() == 0.0;
        let number = match (whole, drawn) {
            // Every whole number is as likely as any other.
            (true, true) => (low + u * (high - low + 1.0)).floor().min(high),
            (true, false) => (low + u * (high - low)).round(),
            (false, _) => ((low + u * (high - low)) * 1e6).round() / 1e6,
        };
        let text = number.to_string();
        let set = Setting { text: format!("{}={text}", self.called()), origin: Origin::Range(factor) };
        Level { settings: vec![set], label: text }
    }
}

fn text(path: &str, value: &Value) -> String {
    match value {
        Value::String(text) if is_strategy(path) => in_full(path, text),
        other => other.to_string(),
    }
}

fn setting(path: &str, value: &Value, origin: Origin) -> Setting {
    Setting { text: format!("{path}={}", text(path, value)), origin }
}

fn label(path: &str, value: &Value) -> String {
    in_short(path, &text(path, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::commands::sweep::written::tests::experiment;

    fn texts(point: &Point) -> Vec<&str> {
        point.settings.iter().map(|it| it.text.as_str()).collect()
    }

    #[test]
    fn a_grid_of_everything_that_can_vary() {
        let it = experiment(
            "
base: a.yaml
set: {simulation.duration: 1h}
factors:
  - {path: services.web.desiredCount, values: [4, 6]}
  - {path: services.web.placementStrategy, values: [random, 'spread:zone+binpack:memory']}
  - {path: x, between: [1, 3], levels: 2}
  - {name: fleet, choices: [{name: few large, set: {a.count: 1, a.instanceType: m5.large}}]}
",
        )
        .unwrap();
        let points = it.points().unwrap();
        assert_eq!(points.len(), 8);
        let labels: Vec<&str> = points[0].factors.iter().map(|it| it.1.as_str()).collect();
        assert_eq!(labels, ["4", "random", "1", "few large"]);
        assert_eq!(
            texts(&points[0]),
            [
                "simulation.duration=\"1h\"",
                "services.web.desiredCount=4",
                "services.web.placementStrategy=[{type: random}]",
                "x=1",
                "a.count=1",
                "a.instanceType=\"m5.large\""
            ]
        );
    }

    #[test]
    fn draws_are_whole_where_the_ends_are() {
        let text = "{base: a, factors: [{path: n, between: [4, 20]}, {path: r, between: [0.5, 1.5]}], design: {latinHypercube: 17}}";
        let it = experiment(text).unwrap();
        let points = it.points().unwrap();
        let mut whole: Vec<u32> = points.iter().map(|it| it.factors[0].1.parse().unwrap()).collect();
        whole.sort_unstable();
        assert_eq!(whole, (4..=20).collect::<Vec<u32>>(), "a Latin hypercube of 17 points has each of 17 numbers once");
        assert_eq!(points, it.points().unwrap(), "the same experiment has the same points");
    }

    #[test]
    fn choices_can_share_what_they_set() {
        let it = experiment(
            "{base: a, factors: [{name: n, choices: [{name: x, set: &x {a: 1, b: 2}}, {name: y, set: {<<: *x, b: 3}}]}]}",
        )
        .unwrap();
        assert_eq!(texts(&it.points().unwrap()[1]), ["a=1", "b=3"]);
    }

    #[test]
    fn when_and_what_need_no_quotes() {
        let it = experiment(
            "{base: a, factors: [{path: x, values: [1]}], responses: [cost, at end: cluster.cost, 'mean: b'], constraints: [mean: cluster.CPUReservation >= 60%]}",
        )
        .unwrap();
        assert_eq!(it.responses, ["cost", "at end: cluster.cost", "mean: b"]);
        assert_eq!(it.constraints, ["mean: cluster.CPUReservation >= 60%"]);
    }
}
