//! What an experiment came to: a row for each point and response, rounded to what can be meant.
//!
//! The file is the result: what was just run and what was read from the file make the same tables and figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::study::{Experiment, Levels, Study};
use crate::Error;

/// The results of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// Which.
    pub experiment: String,
    /// The short names of its factors.
    pub factors: Vec<String>,
    /// Its points, in their order.
    pub points: Vec<Point>,
}

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The level of each factor.
    pub levels: Vec<String>,
    /// What each response came to, by its name.
    pub cells: BTreeMap<String, Cell>,
}

/// What a response came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Runs that have a value.
    pub n: u32,
    /// Their mean, where there are any.
    pub mean: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// The mean of the differences to the same runs of the first point, with its interval.
    pub difference: Option<(f64, f64, f64)>,
}

impl Cell {
    /// Half the width of the interval.
    #[must_use]
    pub fn half(&self) -> Option<f64> {
        self.interval.map(|(low, high)| (high - low) / 2.0)
    }
}

const LAST: [&str; 9] =
    ["response", "unit", "n", "mean", "low", "high", "difference", "differenceLow", "differenceHigh"];

impl Results {
    /// Where they are kept, from the folder of the study.
    #[must_use]
    pub fn path(experiment: &str) -> String {
        format!("results/{experiment}.csv")
    }

    /// From the files of a sweep.
    ///
    /// # Errors
    /// A factor or response that is not there.
    pub fn of_sweep(study: &Study, experiment: &Experiment, estimates: &str, differences: &str) -> Result<Self, Error> {
        let mut results = Self {
            experiment: experiment.name.clone(),
            factors: experiment.factors.keys().cloned().collect(),
            points: Vec::new(),
        };
        let names: BTreeMap<&str, (&str, f64)> =
            study.responses.iter().map(|(name, it)| (it.path.as_str(), (name.as_str(), it.divide))).collect();
        let paths: Vec<&str> = experiment.factors.values().map(String::as_str).collect();
        for row in Rows::of(estimates)?.iter() {
            let Some((name, divide)) = names.get(row.text("path")?) else { continue };
            let number =
                |column: &str| -> Result<Option<f64>, Error> { Ok(row.number(column)?.map(|it| rounded(it / divide))) };
            let cell = Cell {
                n: row.text("n")?.parse()?,
                mean: number("mean")?,
                interval: number("intervalLow")?.zip(number("intervalHigh")?),
                difference: None,
            };
            let levels = paths.iter().map(|path| row.text(path).map(ToOwned::to_owned)).collect::<Result<_, _>>()?;
            results.point(levels).cells.insert((*name).to_owned(), cell);
        }
        for row in Rows::of(differences)?.iter() {
            let Some((name, divide)) = names.get(row.text("path")?) else { continue };
            let number =
                |column: &str| -> Result<Option<f64>, Error> { Ok(row.number(column)?.map(|it| rounded(it / divide))) };
            let levels = paths.iter().map(|path| row.text(path).map(ToOwned::to_owned)).collect::<Result<_, _>>()?;
            let difference = match (number("difference")?, number("intervalLow")?, number("intervalHigh")?) {
                (Some(mean), Some(low), Some(high)) => Some((mean, low, high)),
                _ => None,
            };
            if let Some(cell) = results.point(levels).cells.get_mut(*name) {
                cell.difference = difference;
            }
        }
        results.check(study)
    }

    /// The point of these levels; a new one stands last.
    fn point(&mut self, levels: Vec<String>) -> &mut Point {
        let at = self.points.iter().position(|point| point.levels == levels).unwrap_or_else(|| {
            self.points.push(Point { levels, cells: BTreeMap::new() });
            self.points.len() - 1
        });
        &mut self.points[at]
    }

    fn check(self, study: &Study) -> Result<Self, Error> {
        if self.points.is_empty() {
            return Err(format!("experiment `{}` has no response of `responses`", self.experiment).into());
        }
        for name in study.used(&self.experiment) {
            if !self.points.iter().any(|point| point.cells.contains_key(name)) {
                let path = &study.response(name)?.path;
                return Err(format!("experiment `{}` does not look at `{path}` ({name})", self.experiment).into());
            }
        }
        Ok(self)
    }

    /// From the file.
    ///
    /// # Errors
    /// Where it cannot be read, or is not such a file.
    pub fn read(study: &Study, experiment: &Experiment) -> Result<Self, Error> {
        let path = study.folder.join(Self::path(&experiment.name));
        let factors: Vec<String> = experiment.factors.keys().cloned().collect();
        let mut results = Self { experiment: experiment.name.clone(), factors: factors.clone(), points: Vec::new() };
        let rows = Rows::of(&super::read(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        for row in rows.iter() {
            let levels =
                factors.iter().map(|factor| row.text(factor).map(ToOwned::to_owned)).collect::<Result<_, _>>()?;
            let difference = row.number("difference")?.zip(row.number("differenceLow")?);
            let cell = Cell {
                n: row.text("n")?.parse()?,
                mean: row.number("mean")?,
                interval: row.number("low")?.zip(row.number("high")?),
                difference: difference.zip(row.number("differenceHigh")?).map(|((mean, low), high)| (mean, low, high)),
            };
            let name = row.text("response")?.to_owned();
            results.point(levels).cells.insert(name, cell);
        }
        results.check(study)
    }

    /// As a file.
    #[must_use]
    pub fn csv(&self, study: &Study, experiment: &Experiment) -> String {
        let head: Vec<&str> = experiment.factors.keys().map(String::as_str).chain(LAST).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = |row: &[String]| writer.write_record(row).expect("memory takes everything");
        write(&head.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        for point in &self.points {
            for (name, cell) in &point.cells {
                let unit = study.responses.get(name).map_or("", |it| it.unit.as_str());
                let mut row = point.levels.clone();
                row.extend([name.clone(), unit.to_owned()]);
                row.extend(numbers(cell));
                write(&row);
            }
        }
        String::from_utf8(writer.into_inner().expect("memory takes everything")).expect("text was written")
    }

    /// The points that have these levels.
    pub fn only<'a>(&'a self, wanted: &'a BTreeMap<String, Levels>) -> impl Iterator<Item = &'a Point> {
        self.points
            .iter()
            .filter(move |point| wanted.iter().all(|(factor, levels)| levels.hold(self.level(point, factor))))
    }

    /// The level of a factor at a point.
    #[must_use]
    pub fn level<'a>(&self, point: &'a Point, factor: &str) -> &'a str {
        let at = self.factors.iter().position(|it| it == factor);
        at.map_or("", |at| point.levels[at].as_str())
    }
}

fn numbers(cell: &Cell) -> Vec<String> {
    let text = |number: Option<f64>| number.map_or_else(String::new, |it| it.to_string());
    vec![
        cell.n.to_string(),
        text(cell.mean),
        text(cell.interval.map(|it| it.0)),
        text(cell.interval.map(|it| it.1)),
        text(cell.difference.map(|it| it.0)),
        text(cell.difference.map(|it| it.1)),
        text(cell.difference.map(|it| it.2)),
    ]
}

/// All small experiments of a study in one table.
#[must_use]
pub fn together(study: &Study, all: &[Results]) -> String {
    let mut text = String::from("experiment,point,response,unit,n,mean,low,high\n");
    for results in all {
        for point in &results.points {
            let levels: Vec<String> =
                results.factors.iter().zip(&point.levels).map(|(factor, level)| format!("{factor}={level}")).collect();
            for (name, cell) in &point.cells {
                let unit = study.responses.get(name).map_or("", |it| it.unit.as_str());
                let numbers = numbers(cell);
                let _ = writeln!(
                    text,
                    "{},\"{}\",{name},{unit},{}",
                    results.experiment,
                    levels.join("; ").replace('"', "\"\""),
                    numbers[..4].join(",")
                );
            }
        }
    }
    text
}

/// Six digits; more than that nobody means.
fn rounded(number: f64) -> f64 {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    // What the order of a sum leaves behind is nothing, and there is no -0.
    if rounded.abs() < 1e-9 { 0.0 } else { rounded }
}

/// A row of a table with a head.
struct Row<'a> {
    head: &'a csv::StringRecord,
    cells: &'a csv::StringRecord,
}

impl Row<'_> {
    fn text(&self, column: &str) -> Result<&str, Error> {
        let at = self.head.iter().position(|it| it == column);
        at.and_then(|at| self.cells.get(at)).ok_or_else(|| format!("there is no column `{column}`").into())
    }

    fn number(&self, column: &str) -> Result<Option<f64>, Error> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some(text.parse().map_err(|_| format!("`{text}` in column `{column}` is no number"))?))
    }
}

/// A table with a head.
struct Rows {
    head: csv::StringRecord,
    rows: Vec<csv::StringRecord>,
}

impl Rows {
    fn of(text: &str) -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        Ok(Self { head: reader.headers()?.clone(), rows: reader.records().collect::<Result<_, _>>()? })
    }

    fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { head: &self.head, cells })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study() -> Study {
        Study::parse(
            "
question: q
finding: f
needs: []
responses:
  wait: {path: 'timeToRunning.total.p95', title: Wait, unit: min, divide: 60, digits: 1}
experiments: [{name: e, factors: {share: a.b, way: c}}]
tables: [{name: t, of: e, rows: [{factor: share, title: Share}], columns: [wait]}]
",
        )
        .unwrap()
    }

    const ESTIMATES: &str =
        "variant,a.b,c,response,path,unit,n,mean,standardDeviation,intervalLow,intervalHigh,confidence
x,0,\"one, two\",p95 time to RUNNING,timeToRunning.total.p95,s,4,90.00000123,1,84,96,0.95
y,10,\"one, two\",p95 time to RUNNING,timeToRunning.total.p95,s,4,120,0,120,120,0.95
x,0,\"one, two\",other,other,,4,1,1,1,1,0.95
";
    const DIFFERENCES: &str = "variant,baseline,a.b,c,response,path,unit,n,difference,intervalLow,intervalHigh,percent
y,x,10,\"one, two\",p95 time to RUNNING,timeToRunning.total.p95,s,4,30,24,36,33
";

    #[test]
    fn what_is_written_is_what_is_read() {
        let study = study();
        let experiment = &study.experiments[0];
        let results = Results::of_sweep(&study, experiment, ESTIMATES, DIFFERENCES).unwrap();
        let expected = "share,way,response,unit,n,mean,low,high,difference,differenceLow,differenceHigh
0,\"one, two\",wait,min,4,1.5,1.4,1.6,,,
10,\"one, two\",wait,min,4,2,2,2,0.5,0.4,0.6
";
        assert_eq!(results.csv(&study, experiment), expected);
        let folder = tempfile::tempdir().unwrap();
        let there = Study { folder: folder.path().to_owned(), ..study.clone() };
        std::fs::create_dir(folder.path().join("results")).unwrap();
        std::fs::write(folder.path().join(Results::path("e")), expected).unwrap();
        assert_eq!(Results::read(&there, experiment).unwrap(), results);
        let small = together(&study, &[results]);
        assert!(small.ends_with("e,\"share=10; way=one, two\",wait,min,4,2,2,2\n"), "{small}");
    }

    #[test]
    fn a_response_that_is_not_looked_at_is_an_error() {
        let study = study();
        let only_other = ESTIMATES.replace("timeToRunning.total.p95", "something");
        let error = Results::of_sweep(&study, &study.experiments[0], &only_other, DIFFERENCES).unwrap_err();
        assert!(error.to_string().contains("does not look at `timeToRunning.total.p95` (wait)"), "{error}");
    }

    #[test]
    fn six_digits() {
        assert_eq!([1_234_567.0, 0.001_234_567_8, -2.0, 1e-15].map(rounded), [1_234_570.0, 0.001_234_57, -2.0, 0.0]);
        assert_eq!(rounded(-0.0).to_string(), "0");
    }
}
