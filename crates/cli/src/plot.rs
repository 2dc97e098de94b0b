//! Time series drawn with dots, for those who live in a terminal: `ecsim run --plot` and `ecsim report DIR --plot`.
//!
//! What is drawn is read from the tables under `metrics/`, so a metric that somebody adds can be drawn at once. A chart fills
//! the ground under what is, and draws what is wished as a line: so it can be read without colours. A dot stands for a stretch
//! of the run, and shows the highest of what falls into it.

use std::collections::BTreeMap;
use std::io::Read;

use ecsim_experiment::numbers::{decimals_of, plain};
use ecsim_kernel::Span;
use ecsim_report::metrics::{self, Scope, Unit};

use crate::exit::Failure;
use crate::terminal::Terminal;

/// So many lines of letters is a chart high.
const LINES: usize = 6;
/// Columns for the numbers beside it.
const MARGIN: usize = 10;
/// Beyond so many services, groups or providers the others are left out, and that is said.
const ENTITIES: usize = 4;

/// What shall be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What most people look at first, as far as a run has it.
    Usual,
    /// Metrics by their names.
    Named(Vec<Choice>),
}

/// A metric by its name: `RunningTaskCount`, `services.RunningTaskCount` of all services, `services.web.RunningTaskCount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    text: String,
    scope: Scope,
    entity: Option<String>,
    column: String,
}

impl Wanted {
    /// Reads what was asked for; nothing is the usual.
    ///
    /// # Errors
    /// A name that no metric has.
    pub fn parse(names: &[String]) -> Result<Self, Failure> {
        if names.iter().all(String::is_empty) {
            return Ok(Self::Usual);
        }
        names.iter().map(|name| Choice::parse(name.trim())).collect::<Result<_, _>>().map(Self::Named)
    }
}

impl Choice {
    fn parse(text: &str) -> Result<Self, Failure> {
        let unknown = |names: Vec<&'static str>| {
            let near = ecsim_scenario::validate::nearest(text.rsplit('.').next().unwrap_or(text), names);
            let help = near.map_or_else(
                || "`ecsim schema --traces` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            Failure::Input(format!("--plot {text}: no table has a metric of that name; {help}"))
        };
        let choice = |scope: Scope, entity: Option<&str>, column: &str| Self {
            text: text.to_owned(),
            scope,
            entity: entity.map(str::to_owned),
            column: column.to_owned(),
        };
        let rooted = text
            .split_once('.')
            .and_then(|(root, rest)| Some((Scope::TABLES.into_iter().find(|scope| scope.root() == root)?, rest)));
        if let Some((scope, rest)) = rooted {
            if let Some(column) = column(scope, rest) {
                return Ok(choice(scope, None, column));
            }
            // Names of services and of metrics may have dots in them.
            for (at, _) in rest.match_indices('.') {
                if let Some(column) = column(scope, &rest[at + 1..]) {
                    return Ok(choice(scope, Some(&rest[..at]), column));
                }
            }
            return Err(unknown(columns(scope).collect()));
        }
        let found = Scope::TABLES.into_iter().find_map(|scope| Some((scope, column(scope, text)?)));
        match found {
            Some((scope, column)) => Ok(choice(scope, None, column)),
            None => Err(unknown(Scope::TABLES.into_iter().flat_map(columns).collect())),
        }
    }
}

/// The columns of a table that have numbers.
fn columns(scope: Scope) -> impl Iterator<Item = &'static str> {
    let numbers = |metric: &&metrics::Metric| metric.column && !matches!(metric.unit, Unit::Flag | Unit::Text(_));
    metrics::of_scope(scope).filter(numbers).map(|metric| metric.name)
}

/// The column that goes by a name, an alias, or a name that a scenario makes, such as `liveTasks.us-east-1a`.
fn column(scope: Scope, name: &str) -> Option<&str> {
    if let Some(metric) = metrics::find(scope, name) {
        return columns(scope).find(|column| *column == metric.name);
    }
    let more = scope.more_columns().iter().filter_map(|it| it.split_once('.'));
    more.map(|(begin, _)| begin)
        .any(|begin| name.strip_prefix(begin).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.')))
        .then_some(name)
}

/// A run's tables, by their names.
#[derive(Debug, Default)]
pub struct Tables(BTreeMap<&'static str, Table>);

#[derive(Debug, Default)]
struct Table {
    columns: Vec<String>,
    /// By entity: its rows.
    entities: BTreeMap<String, Rows>,
}

/// When a row was written, in seconds, and its cells.
type Rows = Vec<(f64, Vec<Option<f64>>)>;

impl Tables {
    /// Reads the tables; `open` gives a file by its name, or nothing where a run has not got it.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn read<R: Read>(open: impl Fn(&str) -> std::io::Result<Option<R>>) -> Result<Self, Failure> {
        let mut tables = Self::default();
        for name in Scope::TABLES.into_iter().filter_map(Scope::table) {
            let fail = |error: std::io::Error| Failure::io(format_args!("failed to read {name}"), &error);
            if let Some(file) = open(name).map_err(fail)? {
                tables.0.insert(name, Table::read(file).map_err(|error| fail(error.into()))?);
            }
        }
        Ok(tables)
    }

    fn table(&self, scope: Scope) -> Option<&Table> {
        self.0.get(scope.table()?)
    }

    /// The last instant that any table has.
    fn end(&self) -> f64 {
        let rows = self.0.values().flat_map(|table| table.entities.values());
        rows.filter_map(|rows| rows.last()).map(|row| row.0).fold(0.0, f64::max)
    }

    /// A column of an entity over time; nothing where there is no such thing.
    fn series(&self, scope: Scope, entity: &str, column: &str) -> Option<Series> {
        let table = self.table(scope)?;
        let at = table.columns.iter().position(|name| name == column)?;
        let rows = table.entities.get(entity)?;
        Some(Series(rows.iter().map(|(time, cells)| (*time, cells.get(at).copied().flatten())).collect()))
    }

    fn entities(&self, scope: Scope) -> Vec<&str> {
        self.table(scope).map_or_else(Vec::new, |table| table.entities.keys().map(String::as_str).collect())
    }
}

impl Table {
    fn read(file: impl Read) -> csv::Result<Self> {
        // The time stamp, the seconds, the entity.
        const LEADING: usize = 3;
        let mut reader = csv::Reader::from_reader(file);
        let columns = reader.headers()?.iter().skip(LEADING).map(str::to_owned).collect();
        let mut table = Self { columns, ..Self::default() };
        for record in reader.records() {
            let record = record?;
            let Some(time) = record.get(1).and_then(|cell| cell.parse().ok()) else { continue };
            let cells = record.iter().skip(LEADING).map(|cell| cell.parse().ok()).collect();
            table.entities.entry(record.get(2).unwrap_or_default().to_owned()).or_default().push((time, cells));
        }
        Ok(table)
    }
}

/// Values over time; nothing where there was none.
#[derive(Clone, Debug, Default, PartialEq)]
struct Series(Vec<(f64, Option<f64>)>);

impl Series {
    fn known(&self) -> impl Iterator<Item = f64> {
        self.0.iter().filter_map(|(_, value)| *value)
    }

    fn has_something(&self) -> bool {
        self.known().any(|value| value != 0.0)
    }

    fn changes(&self) -> bool {
        let first = self.known().next();
        self.known().any(|value| Some(value) != first)
    }

    /// The highest value of each of `count` equal parts of the time up to `end`. A row tells of the period before it.
    fn parts(&self, end: f64, count: usize) -> Vec<Option<f64>> {
        let length = end / count as f64;
        let mut rows = self.0.iter().peekable();
        let mut parts = Vec::with_capacity(count);
        for part in 0..count {
            let to = if part + 1 == count { end } else { length * (part + 1) as f64 };
            let mut highest: Option<f64> = None;
            let mut any = false;
            while let Some((_, value)) = rows.next_if(|(time, _)| *time <= to) {
                any = true;
                highest = [highest, *value].into_iter().flatten().reduce(f64::max);
            }
            if !any {
                highest = rows.peek().and_then(|(_, value)| *value);
            }
            parts.push(highest);
        }
        parts
    }
}

/// One drawing: what is, and what is wished.
struct Drawing {
    title: String,
    unit: Unit,
    is: Series,
    wished: Option<Series>,
}

/// Draws what is wanted.
///
/// # Errors
/// A name that this run has nothing of.
pub fn render(tables: &Tables, wanted: &Wanted, terminal: &Terminal) -> Result<String, Failure> {
    let (drawings, left_out) = match wanted {
        Wanted::Usual => usual(tables),
        Wanted::Named(choices) => (named(tables, choices)?, 0),
    };
    let end = tables.end();
    let mut text: String = drawings.iter().map(|it| draw(it, end, terminal)).collect();
    if left_out > 0 {
        text.push_str(&format!(
            "… and {left_out} more charts of other services, groups and providers; --plot=NAME draws them\n\n"
        ));
    }
    Ok(text)
}

fn named(tables: &Tables, choices: &[Choice]) -> Result<Vec<Drawing>, Failure> {
    let mut drawings = Vec::new();
    for choice in choices {
        let entities: Vec<&str> = match &choice.entity {
            Some(entity) => vec![entity],
            None => tables.entities(choice.scope),
        };
        let mut any = false;
        for entity in entities {
            let Some(is) = tables.series(choice.scope, entity, &choice.column) else { continue };
            any = true;
            let title = match choice.scope {
                Scope::Cluster => choice.column.clone(),
                _ => format!("{} of {entity}", choice.column),
            };
            let unit = metrics::find(choice.scope, &choice.column).map_or(Unit::Count, |metric| metric.unit);
            drawings.push(Drawing { title, unit, is, wished: None });
        }
        if !any {
            let names = tables.entities(choice.scope);
            let there = if names.is_empty() { String::new() } else { format!("; there are: {}", names.join(", ")) };
            return Err(Failure::Input(format!("--plot {}: this run has nothing of that name{there}", choice.text)));
        }
    }
    Ok(drawings)
}

/// What is looked at first: a title, whose, the column, and the column of what is wished.
const USUAL: [(&str, Scope, &str, Option<Wish>); 12] = [
    ("pending tasks", Scope::Cluster, "PendingTaskCount", None),
    ("tasks waiting for an instance", Scope::Cluster, "tasksProvisioning", None),
    ("instances", Scope::Cluster, "ContainerInstanceCount", Some(("desired", "desiredCapacity"))),
    ("CPU reservation", Scope::Cluster, "CPUReservation", None),
    ("memory reservation", Scope::Cluster, "MemoryReservation", None),
    ("GPU reservation", Scope::Cluster, "GPUReservation", None),
    (
        "CapacityProviderReservation",
        Scope::CapacityProvider,
        "CapacityProviderReservation",
        Some(("target", "targetCapacity")),
    ),
    ("cost an hour", Scope::Cluster, "costRatePerHour", None),
    ("tasks", Scope::Service, "RunningTaskCount", Some(("desired", "DesiredTaskCount"))),
    ("requests in a period", Scope::Service, "RequestCount", None),
    ("p95 latency", Scope::Service, "latencyP95", None),
    ("error rate", Scope::Service, "errorRate", None),
];

/// What the line is called, and its column.
type Wish = (&'static str, &'static str);

/// What has something to show of what is looked at first, and how many charts are left out.
fn usual(tables: &Tables) -> (Vec<Drawing>, usize) {
    let mut drawings: Vec<Drawing> = tables.entities(Scope::Cluster).first().map_or_else(Vec::new, |cluster| {
        let of = |column: &str| tables.series(Scope::Cluster, cluster, column).unwrap_or_default();
        let is = of("RunningTaskCount");
        let lacking = ["PendingTaskCount", "missingTasks", "waitingRequests", "tasksProvisioning"].map(of);
        let wanted = is.0.iter().enumerate().map(|(at, (time, running))| {
            let more = lacking.iter().filter_map(|it| it.0.get(at)?.1).sum::<f64>();
            (*time, running.map(|running| running + more))
        });
        let wished = Some(Series(wanted.collect()));
        vec![Drawing { title: "running tasks (line: wanted)".to_owned(), unit: Unit::Count, is, wished }]
    });
    let mut left_out = 0;
    for (title, scope, column, wish) in USUAL {
        let mut drawn = 0;
        for entity in tables.entities(scope) {
            let Some(is) = tables.series(scope, entity, column) else { continue };
            let wished = wish.and_then(|(_, column)| tables.series(scope, entity, column));
            let wished = wished.filter(Series::has_something);
            // What never changes needs no picture: the summary tells it.
            if !is.changes() && !wished.as_ref().is_some_and(Series::changes) {
                continue;
            }
            if drawn == ENTITIES {
                left_out += 1;
                continue;
            }
            drawn += 1;
            let mut title = if scope == Scope::Cluster { title.to_owned() } else { format!("{entity}: {title}") };
            if let (Some((line, _)), Some(_)) = (wish, &wished) {
                title.push_str(&format!(" (line: {line})"));
            }
            let unit = metrics::find(scope, column).map_or(Unit::Count, |metric| metric.unit);
            drawings.push(Drawing { title, unit, is, wished });
        }
    }
    (drawings, left_out)
}

/// A title, and under it a chart with the numbers at its edges.
fn draw(it: &Drawing, end: f64, terminal: &Terminal) -> String {
    let paint = |code: &str, text: &str| {
        if terminal.color_stdout { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let letters = terminal.width.saturating_sub(MARGIN + 1).clamp(20, 200);
    // A letter is two dots wide and four high.
    let (wide, high) = (letters * 2, LINES * 4);
    let is = it.is.parts(end, wide);
    let wished = it.wished.as_ref().map(|series| series.parts(end, wide));
    let all = || is.iter().chain(wished.iter().flatten()).copied().flatten();
    let unit = match it.unit {
        Unit::Percent => ", %",
        Unit::Seconds => ", s",
        Unit::MiB => ", MiB",
        Unit::CpuUnits => ", CPU units",
        Unit::Money | Unit::Count | Unit::Flag | Unit::Text(_) => "",
    };
    let mut text = format!("{}\n", paint("1", &format!("{}{unit}", it.title)));
    if all().next().is_none() {
        return text + "  no value\n\n";
    }
    let (low, high_value) = all().fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let top = if high_value > low { high_value } else { low + 1.0 };
    let dot =
        |value: f64| ((value - low) / (top - low) * (high - 1) as f64).round().clamp(0.0, (high - 1) as f64) as usize;
    let ground = dot(0.0_f64.max(low));
    let mut dots = Dots::new(letters);
    for (x, value) in is.iter().enumerate() {
        let Some(value) = value else { continue };
        (ground.min(dot(*value))..=ground.max(dot(*value))).for_each(|y| dots.set(x, y));
    }
    for (x, value) in wished.iter().flatten().enumerate() {
        value.iter().for_each(|value| dots.set(x, dot(*value)));
    }
    let lines = dots.lines();
    for at in 0..LINES {
        let label = match at {
            0 => axis(top),
            _ if at + 1 == LINES => axis(low),
            _ => String::new(),
        };
        let drawn = lines.get(at).map_or("", |line| line.trim_end());
        let drawn = if drawn.is_empty() { String::new() } else { paint("36", drawn) };
        text.push_str(format!("{label:>width$} {drawn}", width = MARGIN - 1).trim_end());
        text.push('\n');
    }
    let until = Span::from_secs_f64(end).to_string();
    let gap = letters.saturating_sub(2 + until.chars().count());
    text.push_str(&format!("{:MARGIN$}0s{}{until}\n\n", "", " ".repeat(gap)));
    text
}

/// Dots in letters: the Braille patterns of Unicode are two dots wide and four high. (What the crates for it draw is this
/// table, and they bring colours and terminals of their own.)
struct Dots(Vec<Vec<u8>>);

impl Dots {
    /// A chart without a dot.
    fn new(letters: usize) -> Self {
        Self(vec![vec![0; letters]; LINES])
    }

    /// Sets a dot: `x` from the left, `y` from below.
    fn set(&mut self, x: usize, y: usize) {
        // From U+2800 on a pattern is the sum of its dots, a column from above.
        const COLUMNS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        let from_above = (LINES * 4 - 1).saturating_sub(y);
        if let Some(letter) = self.0.get_mut(from_above / 4).and_then(|line| line.get_mut(x / 2)) {
            *letter |= COLUMNS[x % 2][from_above % 4];
        }
    }

    /// The lines from above; a letter without dots is a blank.
    fn lines(&self) -> Vec<String> {
        let letter = |bits: &u8| match bits {
            0 => ' ',
            bits => char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' '),
        };
        self.0.iter().map(|line| line.iter().map(letter).collect()).collect()
    }
}

/// A number beside a chart.
fn axis(number: f64) -> String {
    plain(number, decimals_of(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::ColorChoice;

    const SERVICES: &str = "timestamp,secondsSinceStart,ServiceName,RunningTaskCount,DesiredTaskCount,liveTasks.a\n\
                            x,60,web,2,4,\n\
                            x,60,api.v2,1,1,1\n\
                            x,120,web,4,4,\n\
                            x,120,api.v2,1,1,1\n";

    fn tables() -> Tables {
        Tables::read(|name| Ok((name == "metrics/services.csv").then_some(SERVICES.as_bytes()))).unwrap()
    }

    fn drawn(wanted: &Wanted) -> Result<String, Failure> {
        let terminal = Terminal { width: 40, color_stdout: false, ..Terminal::new(ColorChoice::Never) };
        render(&tables(), wanted, &terminal)
    }

    fn wanted(name: &str) -> Result<Wanted, Failure> {
        Wanted::parse(&[name.to_owned()])
    }

    #[test]
    fn names_are_those_of_the_tables() {
        let choice = |name: &str| match wanted(name).unwrap() {
            Wanted::Named(choices) => choices[0].clone(),
            Wanted::Usual => panic!("{name} is a name"),
        };
        let told = |name: &str| {
            let it = choice(name);
            (it.scope, it.entity, it.column)
        };
        let own = str::to_owned;
        assert_eq!(told("RunningTaskCount"), (Scope::Cluster, None, own("RunningTaskCount")));
        assert_eq!(told("registered.cpu"), (Scope::Cluster, None, own("registered.cpu")));
        assert_eq!(told("services.runningCount"), (Scope::Service, None, own("RunningTaskCount")));
        assert_eq!(told("services.api.v2.latencyP95"), (Scope::Service, Some(own("api.v2")), own("latencyP95")));
        assert_eq!(told("services.web.liveTasks.us-east-1a").2, "liveTasks.us-east-1a");
        assert_eq!(told("targetGroups.HealthyHostCount"), (Scope::TargetGroup, None, own("HealthyHostCount")));
        assert_eq!(wanted("").unwrap(), Wanted::Usual);
        for (name, part) in [
            ("RuningTaskCount", "did you mean `RunningTaskCount`?"),
            ("services.web.latencyP59", "latencyP"),
            ("xyz", "ecsim schema --traces"),
        ] {
            let error = wanted(name).unwrap_err();
            assert!(format!("{error:?}").contains(part), "{error:?}");
        }
    }

    #[test]
    fn parts_show_the_highest_of_what_falls_into_them() {
        let series = Series(vec![(1.0, Some(1.0)), (2.0, Some(5.0)), (3.0, None), (4.0, Some(2.0))]);
        assert_eq!(series.parts(4.0, 2), [Some(5.0), Some(2.0)]);
        assert_eq!(series.parts(4.0, 4), [Some(1.0), Some(5.0), None, Some(2.0)]);
        // A row tells of the period before it, so a part without a row is like the one that follows.
        assert_eq!(series.parts(4.0, 8)[..4], [Some(1.0), Some(1.0), Some(5.0), Some(5.0)]);
        assert_eq!(series.parts(4.0, 1), [Some(5.0)]);
        assert_eq!(Series::default().parts(0.0, 2), [None, None]);
    }

    #[test]
    fn what_is_fills_the_ground_and_what_is_wished_is_a_line() {
        let text = drawn(&Wanted::Usual).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "web: tasks (line: desired)");
        // api.v2 never changes: no chart.
        assert_eq!(lines.len(), 1 + LINES + 2);
        let letters = 40 - MARGIN - 1;
        let body = |at: usize| lines[at].chars().skip(MARGIN).collect::<Vec<char>>();
        assert!(lines[1].starts_with("        4 "), "{text}");
        assert_eq!((body(1).len(), body(LINES).len()), (letters, letters));
        // First two of four tasks with a line above, then four.
        assert_eq!((body(1)[0], body(1)[letters - 1]), ('⠉', '⣿'));
        assert_eq!((body(2)[0], body(LINES)[0], body(LINES)[letters - 1]), (' ', '⣿', '⣿'));
        assert_eq!(lines[LINES + 1].trim(), format!("0s{}2m", " ".repeat(letters - 4)));
    }

    #[test]
    fn a_letter_has_eight_dots_and_a_line_without_any_is_a_line() {
        let mut dots = Dots::new(2);
        let (top, left) = (LINES * 4 - 1, 0);
        dots.set(left, top);
        dots.set(left, 0);
        dots.set(3, 0);
        dots.set(4, 0);
        let lines = dots.lines();
        assert_eq!((lines[0].as_str(), lines[1].as_str(), lines[LINES - 1].as_str()), ("⠁ ", "  ", "⡀⢀"));
        (0..2).for_each(|x| (0..4).for_each(|y| dots.set(x, y)));
        assert!(dots.lines()[LINES - 1].starts_with('⣿'));
        // Nothing is between 1 and 4, so nothing is drawn there; the height of the chart is the same.
        let rare = "timestamp,secondsSinceStart,ClusterName,PendingTaskCount\nx,60,c,1\nx,120,c,\nx,180,c,1\n";
        let tables = Tables::read(|name| Ok((name == "metrics/cluster.csv").then_some(rare.as_bytes()))).unwrap();
        let terminal = Terminal { width: 40, color_stdout: false, ..Terminal::new(ColorChoice::Never) };
        let text = render(&tables, &wanted("PendingTaskCount").unwrap(), &terminal).unwrap();
        assert_eq!(text.lines().count(), 1 + LINES + 2, "{text}");
    }

    #[test]
    fn named_metrics_are_drawn_whatever_they_are() {
        let text = drawn(&wanted("services.web.liveTasks.a").unwrap()).unwrap();
        assert_eq!(text, "liveTasks.a of web\n  no value\n\n");
        let text = drawn(&wanted("services.RunningTaskCount").unwrap()).unwrap();
        assert!(text.contains("RunningTaskCount of api.v2") && text.contains("RunningTaskCount of web"), "{text}");
        let error = drawn(&wanted("services.wep.RunningTaskCount").unwrap()).unwrap_err();
        assert!(format!("{error:?}").contains("there are: api.v2, web"), "{error:?}");
    }
}
