//! `study.yaml`: what a study asks, what it runs, and what is made of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml::Value;

use crate::Error;

/// A study.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Study {
    /// Its folder in `reports/`.
    #[serde(skip)]
    pub name: String,
    /// Where that lies.
    #[serde(skip)]
    pub folder: PathBuf,
    /// What is asked; for the index.
    pub question: String,
    /// What was found, in one sentence; for the index. `{=1 EXPRESSION}` stands for a number with so many decimals.
    pub finding: String,
    /// The data files that it needs, below the data root.
    pub needs: Vec<PathBuf>,
    /// What is looked at, by the names that the rest of the file and the results use.
    pub responses: BTreeMap<String, Response>,
    /// What is run.
    pub experiments: Vec<Experiment>,
    /// The tables of the page.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// The figures.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// What must hold of the results, for the words of the page are true only then.
    #[serde(default)]
    pub claims: Vec<String>,
}

/// A number that is looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Response {
    /// As `ecsim sweep` writes it.
    pub path: String,
    /// What tables and figures call it.
    pub title: String,
    /// In what it is given, such as `%`, `USD`, `min`.
    #[serde(default)]
    pub unit: String,
    /// What the simulator gives is divided by this: 60 makes minutes of seconds.
    #[serde(default = "one")]
    pub divide: f64,
    /// Decimals in tables.
    #[serde(default)]
    pub digits: usize,
}

fn one() -> f64 {
    1.0
}

/// One `ecsim sweep`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Experiment {
    /// What its results are called.
    pub name: String,
    /// The experiment, beside the study; default: its name with `.yaml`.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// Short names of its factors, each with the path or name that the experiment has.
    pub factors: BTreeMap<String, String>,
    /// How it is made small.
    #[serde(default)]
    pub small: Small,
}

/// How an experiment is made small.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Small {
    /// Runs of each point; default 2.
    #[serde(default)]
    pub seeds: Option<usize>,
    /// What is set besides, such as a shorter duration.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    /// Which levels of a factor, by its short name, stay: by number, from 0.
    #[serde(default)]
    pub levels: BTreeMap<String, Vec<usize>>,
}

/// A table of the page.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    /// What the page calls it.
    pub name: String,
    /// Of which experiment.
    pub of: String,
    /// Only these points: a factor's short name with a level, or several.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, Levels>,
    /// The factors that rows are by, in the order of the columns, each with its heading.
    pub rows: Vec<Heading>,
    /// The factor that columns are by.
    #[serde(default)]
    pub across: Option<Heading>,
    /// The responses.
    pub columns: Vec<String>,
    /// Responses that are also given as the difference to the first point of the experiment.
    #[serde(default)]
    pub differences: Vec<String>,
}

/// A factor and what it is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Heading {
    /// Its short name.
    pub factor: String,
    /// What people call it.
    pub title: String,
    /// Other words for its levels.
    #[serde(default)]
    pub say: BTreeMap<String, String>,
}

impl Heading {
    /// What a level is called.
    #[must_use]
    pub fn level<'a>(&'a self, level: &'a str) -> &'a str {
        self.say.get(level).map_or(level, String::as_str)
    }
}

/// One level or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Levels {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Levels {
    /// Whether this is one of them.
    #[must_use]
    pub fn hold(&self, level: &str) -> bool {
        match self {
            Self::One(one) => one == level,
            Self::Several(several) => several.iter().any(|one| one == level),
        }
    }
}

/// A figure.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Figure {
    /// The name of its file.
    pub name: String,
    /// What stands above it.
    pub title: String,
    /// Of which experiment.
    pub of: String,
    /// Only these points.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, Levels>,
    /// What is drawn.
    pub draw: Drawing,
}

/// What is drawn. Intervals are always drawn.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Drawing {
    /// A response over a factor that is a number: a line for each level of `by`.
    Lines {
        /// The factor along.
        x: Heading,
        /// The response up.
        y: String,
        /// The factor with a line for each level.
        #[serde(default)]
        by: Option<Heading>,
        /// Whether the axis upwards begins at 0.
        #[serde(default)]
        from_zero: bool,
        /// Whether levels stand at equal distances, whatever numbers they are.
        #[serde(default)]
        even: bool,
    },
    /// A row for each point, with a dot for each level of `by`.
    Dots {
        /// The factors that rows are by.
        rows: Vec<Heading>,
        /// The response along.
        x: String,
        /// The factor with a colour for each level.
        #[serde(default)]
        by: Option<Heading>,
        /// Whether the difference to the first point is drawn.
        #[serde(default)]
        difference: bool,
    },
    /// One response against another, both of which are better when smaller, with those points that no other beats in both.
    Frontier {
        /// The response along.
        x: String,
        /// The response up.
        y: String,
        /// The factor whose levels stand at the points.
        label: Heading,
        /// The factor with a colour for each level.
        #[serde(default)]
        by: Option<Heading>,
    },
}

impl Study {
    /// All studies, by name.
    ///
    /// # Errors
    /// One that cannot be read, or is wrong.
    pub fn all(folder: &Path) -> Result<Vec<Self>, Error> {
        let fail = |error| format!("failed to list {}: {error}", folder.display());
        let mut studies = Vec::new();
        for entry in fs::read_dir(folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.join("study.yaml").is_file() {
                studies.push(Self::read(&path)?);
            }
        }
        studies.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(studies)
    }

    /// Reads the study of a folder.
    ///
    /// # Errors
    /// Where it cannot be read, or is wrong.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("study.yaml");
        let mut study = Self::parse(&super::read(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        study.name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        study.folder = folder.to_owned();
        study.check().map_err(|message| format!("{}: {message}", path.display()))?;
        Ok(study)
    }

    /// Reads a text. Over JSON, where `{lines: {…}}` is a choice; to YAML that would be `!lines {…}`.
    ///
    /// # Errors
    /// Where it is no study.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let value: serde_json::Value = serde_yaml::from_str(text)?;
        Ok(serde_json::from_value(value)?)
    }

    fn check(&self) -> Result<(), Error> {
        for table in &self.tables {
            let experiment = self.experiment(&table.of)?;
            for heading in table.rows.iter().chain(&table.across) {
                experiment.factor(&heading.factor)?;
            }
            for factor in table.only.keys() {
                experiment.factor(factor)?;
            }
            for name in table.columns.iter().chain(&table.differences) {
                self.response(name)?;
            }
        }
        for figure in &self.figures {
            let experiment = self.experiment(&figure.of)?;
            let (headings, responses): (Vec<&Heading>, Vec<&String>) = match &figure.draw {
                Drawing::Lines { x, y, by, .. } => ([x].into_iter().chain(by).collect(), vec![y]),
                Drawing::Dots { rows, x, by, .. } => (rows.iter().chain(by).collect(), vec![x]),
                Drawing::Frontier { x, y, label, by } => ([label].into_iter().chain(by).collect(), vec![x, y]),
            };
            for factor in headings.iter().map(|it| &it.factor).chain(figure.only.keys()) {
                experiment.factor(factor)?;
            }
            for name in responses {
                self.response(name)?;
            }
        }
        Ok(())
    }

    /// The response of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn response(&self, name: &str) -> Result<&Response, Error> {
        self.responses.get(name).ok_or_else(|| format!("there is no response `{name}` in `responses`").into())
    }

    /// The experiment of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn experiment(&self, name: &str) -> Result<&Experiment, Error> {
        let found = self.experiments.iter().find(|experiment| experiment.name == name);
        found.ok_or_else(|| format!("there is no experiment `{name}` in `experiments`").into())
    }

    /// The responses that tables and figures want of an experiment.
    #[must_use]
    pub fn used(&self, experiment: &str) -> Vec<&str> {
        let tables = self.tables.iter().filter(|table| table.of == experiment);
        let figures = self.figures.iter().filter(|figure| figure.of == experiment);
        let of_tables = tables.flat_map(|table| table.columns.iter().chain(&table.differences));
        let of_figures = figures.flat_map(|figure| match &figure.draw {
            Drawing::Lines { y, .. } => vec![y],
            Drawing::Dots { x, .. } => vec![x],
            Drawing::Frontier { x, y, .. } => vec![x, y],
        });
        of_tables.chain(of_figures).map(String::as_str).collect()
    }

    /// What of its data is missing, in words.
    #[must_use]
    pub fn missing(&self, data: Option<&Path>) -> Option<String> {
        if self.needs.is_empty() {
            return None;
        }
        let Some(data) = data else {
            return Some("ECSIM_DATA is not set; it names the folder with the traces".into());
        };
        let missing = self.needs.iter().find(|path| !data.join(path).is_file())?;
        Some(format!("{} is not in {}", missing.display(), data.display()))
    }
}

impl Experiment {
    /// The file, from the folder of the study.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.file.clone().unwrap_or_else(|| PathBuf::from(format!("{}.yaml", self.name)))
    }

    /// The path or name of a factor.
    ///
    /// # Errors
    /// There is none of that short name.
    pub fn factor(&self, short: &str) -> Result<&str, Error> {
        let found = self.factors.get(short).map(String::as_str);
        found.ok_or_else(|| format!("experiment `{}` has no factor `{short}` in `factors`", self.name).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study(rest: &str) -> Result<(), String> {
        let text = format!(
            "question: q\nfinding: f\nneeds: [a.csv]\nresponses: {{r: {{path: cost, title: Cost}}}}\n\
             experiments: [{{name: e, factors: {{f: x.y}}}}]\n{rest}"
        );
        let study = Study::parse(&text).map_err(|error| error.to_string())?;
        study.check().map_err(|error| error.to_string())
    }

    #[test]
    fn names_must_be_known() {
        let table = |of: &str, factor: &str, column: &str| {
            format!("tables: [{{name: t, of: {of}, rows: [{{factor: {factor}, title: T}}], columns: [{column}]}}]")
        };
        assert_eq!(study(&table("e", "f", "r")), Ok(()));
        for (text, part) in [
            (table("a", "f", "r"), "experiment `a`"),
            (table("e", "g", "r"), "factor `g`"),
            (table("e", "f", "s"), "response `s`"),
            ("tabels: []".to_owned(), "tabels"),
            (
                "figures: [{name: n, title: t, of: e, draw: {lines: {x: {factor: f, title: F}, y: z}}}]".to_owned(),
                "`z`",
            ),
        ] {
            let error = study(&text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn missing_data_is_named() {
        let text = "question: q\nfinding: f\nneeds: [traces/a.csv]\nresponses: {}\nexperiments: []\n";
        let study = Study::parse(text).unwrap();
        assert!(study.missing(None).unwrap().contains("ECSIM_DATA"));
        let folder = tempfile::tempdir().unwrap();
        assert!(study.missing(Some(folder.path())).unwrap().contains("a.csv is not in"));
        fs::create_dir(folder.path().join("traces")).unwrap();
        fs::write(folder.path().join("traces/a.csv"), "").unwrap();
        assert_eq!(study.missing(Some(folder.path())), None);
    }
}
