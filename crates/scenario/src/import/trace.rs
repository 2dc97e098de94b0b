//! Tables in CSV: a trace of tasks (when each came, how long it ran, what it needed), or of requests to a service. Which
//! column is what is guessed by its name and said.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::fit::Dialect;
use super::node::{list, map, number, set, text};
use super::{Import, Kind, Object};
use crate::diagnostic::{Diagnostic, Span, shown};

/// Rows that are looked at.
const MOST_ROWS: usize = 5_000_000;
/// So many values of a column can tell complete rows from others.
const FEW: usize = 12;
/// A run that shows a trace is a day at most.
const DAY: f64 = 86_400.0;

/// Whether a file is a table, by its name.
pub(super) fn is_table(path: &str) -> bool {
    path.rsplit('.').next().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// A column that was recognised.
#[derive(Debug, Clone)]
struct Guess {
    index: usize,
    name: String,
    /// The unit of its numbers, as a scenario writes it; nothing for dates and times.
    unit: Option<&'static str>,
    /// Whether the unit is a guess that the name does not support.
    unsure: bool,
}

/// What a whole column holds.
#[derive(Debug, Clone, Default)]
struct Column {
    filled: usize,
    numbers: usize,
    zeros: usize,
    dates: usize,
    least: f64,
    most: f64,
}

impl Import<'_> {
    /// A table of tasks or of requests.
    pub(super) fn table(&mut self, path: &str) {
        let stream = match self.files.open(path) {
            Ok(stream) => stream,
            Err(error) => {
                self.diagnostics.push(crate::document::include::cannot_read(&error, None, self.limits));
                return;
            }
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(stream);
        let header: Vec<String> = match reader.headers() {
            Ok(header) => header.iter().map(|name| name.trim().trim_start_matches('\u{FEFF}').to_owned()).collect(),
            Err(error) => return self.bad_table(path, &error.to_string()),
        };
        let file = self.sources.add(path, header.join(","));
        let length = self.sources.get(file).map_or(0, |source| source.text().len());
        let span = Span::new(file, 0, u32::try_from(length).unwrap_or(0));
        if header.iter().all(String::is_empty) {
            return self.useless(
                span,
                format!("`{}` has no header row", shown(path)),
                "the first row names the columns",
            );
        }
        let columns = match survey(&mut reader, header.len()) {
            Ok(columns) => columns,
            Err(error) => return self.bad_table(path, &error),
        };
        if columns.iter().all(|column| column.filled == 0) {
            return self.useless(
                span,
                format!("`{}` has no rows", shown(path)),
                "a row a task, or a row a minute of requests",
            );
        }
        let guesses = Guesses::new(&header, &columns);
        if guesses.arrival.is_some() && guesses.is_tasks() {
            self.task_table(path, span, &header, &guesses);
        } else if let Some(requests) = &guesses.requests {
            self.request_table(path, span, &header, requests, &guesses, &columns);
        } else {
            let names: Vec<&str> = header.iter().map(String::as_str).collect();
            let message = format!(
                "`{}` is no table of tasks or requests that is understood: its columns are {}",
                shown(path),
                crate::validate::list_of(&names)
            );
            let help = "a table of tasks has a column of arrivals (such as submit_offset_seconds) and one of durations or ends \
                        (run_seconds, deletion_time); one of requests has a column `requests`, `qps` or the like; else write \
                        `workload: - trace:` by hand (docs/scenario.md)";
            self.useless(span, message, help);
        }
    }

    fn bad_table(&mut self, path: &str, reason: &str) {
        let message = format!("`{}` is not a table in CSV: {}", shown(path), shown(reason));
        self.diagnostics.push(Diagnostic::error("E411", message));
    }

    fn task_table(&mut self, path: &str, span: Span, header: &[String], guesses: &Guesses) {
        let Some(arrival) = &guesses.arrival else { return };
        let filter = match self.files.open(path) {
            Ok(stream) => complete_rows(stream, header, guesses),
            Err(_) => None,
        };
        let mut columns = map([], span);
        let mut said = Vec::new();
        let roles = [
            ("arrival", Some(arrival)),
            ("end", guesses.end.as_ref().filter(|_| guesses.duration.is_none())),
            ("duration", guesses.duration.as_ref()),
            ("cpu", guesses.cpu.as_ref()),
            ("memory", guesses.memory.as_ref()),
            ("gpus", guesses.gpus.as_ref()),
            ("name", guesses.name.as_ref()),
        ];
        for (role, guess) in roles {
            let Some(guess) = guess else { continue };
            let mut column = map([("column", text(guess.name.clone(), span))], span);
            if let Some(unit) = guess.unit {
                set(&mut column, "unit", text(unit, span));
            }
            let unit = match (guess.unit, role) {
                (Some(unit), _) => format!(" in {unit}"),
                (None, "arrival" | "end") => " (dates and times)".to_owned(),
                _ => String::new(),
            };
            let unsure = if guess.unsure { ", which its name does not say" } else { "" };
            said.push(format!("{role} is `{}`{unit}{unsure}", shown(&guess.name)));
            set(&mut columns, role, column);
        }
        self.findings.assumed(format!("columns of the table: {}", said.join("; ")), Some(span));
        let used: BTreeSet<&str> =
            roles.iter().filter_map(|(_, guess)| guess.map(|guess| guess.name.as_str())).collect();
        let mut where_ = None;
        if let Some((column, values)) = &filter {
            self.findings.assumed(
                format!(
                    "rows without a duration are left out: those whose `{}` is none of {}",
                    shown(column),
                    values.join(", ")
                ),
                Some(span),
            );
            let values = values.iter().map(|value| text(value.clone(), span)).collect();
            where_ = Some(map([(column.as_str(), list(values, span))], span));
        }
        let filtered = filter.as_ref().map(|(column, _)| column.as_str());
        self.unused_columns(header, |name| used.contains(name) || Some(name) == filtered, span);
        let totals = self.files.open(path).map(|stream| Totals::of(stream, guesses)).unwrap_or_default();
        let whole = totals.last - totals.first;
        self.longer_than_a_day(whole, span);
        let mut trace = map([("file", text(relative(&self.options.out, path), span)), ("columns", columns)], span);
        if let Some(where_) = where_ {
            set(&mut trace, "where", where_);
        }
        // Times since 1970 or since some beginning long before the first row.
        if arrival.unit.is_some() && totals.first >= DAY {
            set(&mut trace, "skipBefore", text(format!("{}s", totals.first.floor() as u64), span));
            self.findings.assumed("the first row of the table is the start of the run", Some(span));
        }
        let seconds = (whole.min(DAY) / 3_600.0).ceil().max(1.0) * 3_600.0;
        let mut entry = map([("trace", trace), ("whenUnplaced", text("queue", span))], span);
        if guesses.duration.is_none() && guesses.end.is_none() {
            self.findings.assumed("the table does not say how long tasks run: 10 minutes stand in", Some(span));
            set(&mut entry, "duration", text("10m", span));
        }
        set(&mut entry, "seconds", number(seconds as u64, span));
        let whole_number = |value: f64| number(value.clamp(0.0, 1e12).ceil() as u64, span);
        let needs = [
            ("cpu", whole_number(totals.cpu)),
            ("memory", whole_number(totals.memory)),
            ("gpus", whole_number(totals.gpus)),
            ("load", whole_number(totals.load())),
        ];
        set(&mut entry, "needs", map(needs, span));
        self.objects.push(Object::new(Kind::TaskTrace, entry, Dialect::Api));
    }

    /// What is in the table and not in the trace.
    fn unused_columns(&mut self, header: &[String], is_used: impl Fn(&str) -> bool, span: Span) {
        let unused = header.iter().filter(|name| !name.is_empty() && !is_used(name));
        let unused: Vec<String> = unused.map(|name| format!("`{}`", shown(name))).collect();
        if !unused.is_empty() {
            self.findings.lost(format!("columns that are not used: {}", unused.join(", ")), Some(span));
        }
    }

    /// A run that shows a trace is a day at most, which is said where the trace is longer.
    fn longer_than_a_day(&mut self, seconds: f64, span: Span) {
        if seconds > DAY {
            let days = (seconds / DAY).ceil();
            let message = format!(
                "the table covers {days} days and the run its first 24 hours; `simulation.duration` or `timeScale` of the trace \
                 change that"
            );
            self.findings.note(message, Some(span));
        }
    }

    fn request_table(
        &mut self,
        path: &str,
        span: Span,
        header: &[String],
        requests: &Guess,
        guesses: &Guesses,
        columns: &[Column],
    ) {
        let (key, per) = match requests.unit {
            Some("second") => ("requestsPerSecond", None),
            Some("minute") => ("requestsPerMinute", None),
            _ => ("requestsPerSecond", Some("row")),
        };
        let mut trace = map(
            [("file", text(relative(&self.options.out, path), span)), ("column", text(requests.name.clone(), span))],
            span,
        );
        let mut said = format!("requests are `{}`", shown(&requests.name));
        said += match (per, key) {
            (Some(_), _) => ", counted until the next row",
            (None, "requestsPerMinute") => " a minute",
            _ => " a second",
        };
        let mut whole = 0.0;
        if let Some(time) = &guesses.arrival {
            let mut column = map([("column", text(time.name.clone(), span))], span);
            match time.unit {
                Some(unit) => {
                    set(&mut column, "unit", text(unit, span));
                    let range = &columns[time.index];
                    whole = (range.most - range.least) * unit_seconds(unit);
                    said += &format!(", at `{}` in {unit}", shown(&time.name));
                }
                None => {
                    whole = DAY;
                    said += &format!(", at `{}`", shown(&time.name));
                }
            }
            set(&mut trace, "timeColumn", column);
        } else {
            set(&mut trace, "every", text("1m", span));
            said += ", one row a minute";
            whole += columns[requests.index].filled as f64 * 60.0;
        }
        if let Some(per) = per {
            set(&mut trace, "per", text(per, span));
        }
        self.findings.assumed(format!("columns of the table: {said}"), Some(span));
        let time = guesses.arrival.as_ref().map(|time| time.name.as_str());
        self.unused_columns(header, |name| name == requests.name || Some(name) == time, span);
        if guesses.arrival.as_ref().is_some_and(|time| time.unit.is_none()) {
            let message = "the run is the first 24 hours of the table; `simulation.duration` or `timeScale` of the trace change that";
            self.findings.note(message, Some(span));
        }
        self.longer_than_a_day(whole, span);
        let seconds = (whole.min(DAY) / 3_600.0).ceil().max(1.0) * 3_600.0;
        let rate = map([("trace", trace)], span);
        let entry = map([(key, rate), ("seconds", number(seconds as u64, span))], span);
        self.objects.push(Object::new(Kind::RequestTrace, entry, Dialect::Api));
    }
}

/// What every column holds.
fn survey<R: Read>(reader: &mut csv::Reader<R>, width: usize) -> Result<Vec<Column>, String> {
    let mut columns = vec![Column { least: f64::INFINITY, most: f64::NEG_INFINITY, ..Column::default() }; width];
    let mut record = csv::StringRecord::new();
    for _ in 0..MOST_ROWS {
        if !reader.read_record(&mut record).map_err(|error| error.to_string())? {
            break;
        }
        for (column, cell) in columns.iter_mut().zip(record.iter()) {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            column.filled += 1;
            if let Some(value) = cell.parse::<f64>().ok().filter(|value| value.is_finite()) {
                column.numbers += 1;
                column.zeros += usize::from(value == 0.0);
                column.least = column.least.min(value);
                column.most = column.most.max(value);
            } else if cell.len() >= 10 && cell.as_bytes()[4] == b'-' && cell[..4].bytes().all(|it| it.is_ascii_digit())
            {
                column.dates += 1;
            }
        }
    }
    Ok(columns)
}

/// Which column is what.
struct Guesses {
    arrival: Option<Guess>,
    duration: Option<Guess>,
    end: Option<Guess>,
    cpu: Option<Guess>,
    memory: Option<Guess>,
    gpus: Option<Guess>,
    name: Option<Guess>,
    requests: Option<Guess>,
}

impl Guesses {
    fn new(header: &[String], columns: &[Column]) -> Self {
        let is_number = |at: usize| columns[at].numbers > 0 && columns[at].numbers == columns[at].filled;
        let is_time = |at: usize| is_number(at) || columns[at].dates > 0 && columns[at].dates == columns[at].filled;
        let first = |words: &[&str], not: &[&str], fits: &dyn Fn(usize) -> bool| {
            words.iter().find_map(|word| {
                header.iter().enumerate().find_map(|(at, name)| {
                    let lower = name.to_ascii_lowercase();
                    let has = lower.contains(word) && !not.iter().any(|not| lower.contains(not)) && fits(at);
                    has.then(|| (at, name.clone(), lower))
                })
            })
        };
        let time = |found: Option<(usize, String, String)>, default: &'static str| {
            let (index, name, lower) = found?;
            if columns[index].dates > 0 {
                return Some(Guess { index, name, unit: None, unsure: false });
            }
            let (unit, unsure) = match time_unit(&lower) {
                Some(unit) => (unit, false),
                None if columns[index].most > 1e11 => ("ms", true),
                None => (default, true),
            };
            Some(Guess { index, name, unit: Some(unit), unsure })
        };
        let arrival = first(
            &["arriv", "submit", "creat", "start", "offset", "timestamp", "minute", "date", "time"],
            &["delet", "end", "finish", "run", "wait", "duration", "schedul", "elapsed", "limit", "request", "zone"],
            &is_time,
        );
        let duration = first(
            &["duration", "run_s", "runtime", "run_time", "run_m", "elapsed", "lifetime", "service_time", "execution"],
            &["request", "limit"],
            &is_number,
        );
        let end = first(&["delet", "end", "finish", "complet", "terminat"], &["pend", "vendor", "weekend"], &is_time);
        let share = ["pct", "percent", "util", "usage", "duty", "spec", "model", "type", "clock"];
        let not_gpu: Vec<&str> = share.iter().copied().chain(["gpu"]).collect();
        let cpu = first(&["cpu", "core", "processor", "procs"], &not_gpu, &is_number);
        let cpu = cpu.map(|(index, name, lower)| {
            let (unit, unsure) = if lower.contains("milli") || lower.contains("mcpu") || lower.ends_with("_m") {
                ("millicores", false)
            } else if lower.contains("unit") {
                ("cpuUnits", false)
            } else if columns[index].least >= 128.0 && columns[index].most > 512.0 {
                ("cpuUnits", true)
            } else {
                ("vCPU", !(lower.contains("vcpu") || lower.contains("core") || lower.contains("proc")))
            };
            Guess { index, name, unit: Some(unit), unsure }
        });
        let memory = first(&["memory", "mem", "ram"], &not_gpu, &is_number);
        let memory = memory.map(|(index, name, lower)| {
            let units = [
                ("kib", "KiB"),
                ("mib", "MiB"),
                ("gib", "GiB"),
                ("kb", "KB"),
                ("mb", "MB"),
                ("gb", "GB"),
                ("byte", "B"),
            ];
            let unit = units.iter().find(|(word, _)| lower.contains(word)).map(|(_, unit)| *unit);
            Guess { index, name, unit: Some(unit.unwrap_or("MiB")), unsure: unit.is_none() }
        });
        let not: Vec<&str> = share.iter().copied().chain(["milli", "mem", "frac"]).collect();
        let gpus = first(&["num_gpu", "gpus", "gpu_count", "gpu"], &not, &is_number);
        let gpus = gpus.map(|(index, name, _)| Guess { index, name, unit: None, unsure: false });
        let name = header.iter().position(|name| name.eq_ignore_ascii_case("name"));
        let name = name.map(|index| Guess { index, name: header[index].clone(), unit: None, unsure: false });
        // A column of nothing but zeros tells no story.
        let tells = |at: usize| is_number(at) && columns[at].zeros < columns[at].numbers;
        let requests =
            first(&["requests", "qps", "rps", "rpm", "hits", "invocations"], &["reporting", "requested"], &tells);
        let requests = requests.map(|(index, name, lower)| {
            let second = ["qps", "rps", "per_second", "_s"].iter().any(|word| lower.contains(word));
            let minute = ["rpm", "per_minute"].iter().any(|word| lower.contains(word));
            let unit = if second { Some("second") } else { minute.then_some("minute") };
            Guess { index, name, unit, unsure: unit.is_none() }
        });
        Self {
            arrival: time(arrival, "s"),
            duration: time(duration, "s"),
            end: time(end, "s"),
            cpu,
            memory,
            gpus,
            name,
            requests,
        }
    }

    /// Whether the rows are tasks.
    fn is_tasks(&self) -> bool {
        self.duration.is_some()
            || self.end.is_some()
            || self.requests.is_none() && (self.cpu.is_some() || self.memory.is_some())
    }
}

/// The unit of time that a name says.
fn time_unit(name: &str) -> Option<&'static str> {
    let words: Vec<&str> = name.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let has = |of: &[&str]| words.iter().any(|word| of.contains(word));
    if has(&["ms", "millis", "msec", "milliseconds", "millisecond"]) {
        Some("ms")
    } else if has(&["s", "sec", "secs", "second", "seconds"]) {
        Some("s")
    } else if has(&["m", "min", "mins", "minute", "minutes"]) {
        Some("m")
    } else if has(&["h", "hour", "hours"]) {
        Some("h")
    } else {
        None
    }
}

fn unit_seconds(unit: &str) -> f64 {
    match unit {
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => 1.0,
    }
}

/// A column with few values that tells rows with a duration from those without: its name, and the values that are complete.
fn complete_rows(stream: Box<dyn Read>, header: &[String], guesses: &Guesses) -> Option<(String, Vec<String>)> {
    let needed = guesses.duration.as_ref().or(guesses.end.as_ref())?.index;
    let mut values: Vec<BTreeMap<String, (usize, usize)>> = vec![BTreeMap::new(); header.len()];
    let mut incomplete = 0_usize;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(stream);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).ok()? {
        let is_complete = record.get(needed).is_some_and(|cell| !cell.trim().is_empty());
        incomplete += usize::from(!is_complete);
        for (seen, cell) in values.iter_mut().zip(record.iter()) {
            if seen.len() <= FEW {
                let counts = seen.entry(cell.trim().to_owned()).or_insert((0, 0));
                if is_complete { counts.0 += 1 } else { counts.1 += 1 }
            }
        }
    }
    if incomplete == 0 {
        return None;
    }
    let mut found =
        header.iter().zip(&values).filter(|(_, seen)| (2..=FEW).contains(&seen.len())).filter_map(|(name, seen)| {
            let good: Vec<String> =
                seen.iter().filter(|(_, counts)| counts.1 == 0).map(|(value, _)| value.clone()).collect();
            let lost: usize = seen.values().filter(|counts| counts.1 > 0).map(|counts| counts.0).sum();
            (!good.is_empty() && good.iter().all(|value| !value.is_empty())).then_some((lost, name.clone(), good))
        });
    // The column that loses the fewest complete rows; of equals the one with the fewest values: a number for each row
    // tells nothing.
    let first = found.next()?;
    let rank = |it: &(usize, String, Vec<String>)| (it.0, it.2.len());
    let best = found.fold(first, |best, next| if rank(&next) < rank(&best) { next } else { best });
    Some((best.1, best.2))
}

/// Sums over all rows.
#[derive(Debug, Default)]
struct Totals {
    first: f64,
    last: f64,
    /// CPU units, MiB and GPUs of the largest task.
    cpu: f64,
    memory: f64,
    gpus: f64,
    /// vCPU-seconds that arrive in the first day.
    work: f64,
}

impl Totals {
    fn of(stream: Box<dyn Read>, guesses: &Guesses) -> Self {
        let mut totals = Self { first: f64::INFINITY, last: f64::NEG_INFINITY, ..Self::default() };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(stream);
        let mut record = csv::StringRecord::new();
        let value = |record: &csv::StringRecord, guess: &Option<Guess>| {
            let guess = guess.as_ref()?;
            let cell: f64 = record.get(guess.index)?.trim().parse().ok()?;
            cell.is_finite().then(|| cell * guess.unit.map_or(1.0, scale_of))
        };
        let mut rows = 0.0;
        let mut arrivals: Vec<(f64, f64)> = Vec::new();
        while rows < MOST_ROWS as f64 && reader.read_record(&mut record).unwrap_or(false) {
            rows += 1.0;
            let at = value(&record, &guesses.arrival).unwrap_or(0.0);
            totals.first = totals.first.min(at);
            totals.last = totals.last.max(at);
            let cpu = value(&record, &guesses.cpu).unwrap_or(1_024.0);
            totals.cpu = totals.cpu.max(cpu);
            totals.memory = totals.memory.max(value(&record, &guesses.memory).unwrap_or(0.0));
            totals.gpus = totals.gpus.max(value(&record, &guesses.gpus).unwrap_or(0.0));
            let runs = value(&record, &guesses.duration);
            let runs = runs.or_else(|| value(&record, &guesses.end).map(|end| end - at)).unwrap_or(600.0);
            arrivals.push((at, cpu / 1_024.0 * runs.clamp(0.0, DAY)));
        }
        if rows == 0.0 {
            return Self::default();
        }
        let first = totals.first;
        totals.work = arrivals.iter().filter(|(at, _)| at - first < DAY).map(|(_, work)| work).sum();
        totals
    }

    /// vCPUs in use on average.
    fn load(&self) -> f64 {
        self.work / (self.last - self.first).clamp(3_600.0, DAY)
    }
}

/// A unit in seconds, CPU units or MiB.
fn scale_of(unit: &str) -> f64 {
    match unit {
        "ms" | "s" | "m" | "h" => unit_seconds(unit),
        "vCPU" => 1_024.0,
        "millicores" => 1.024,
        "B" => 1.0 / 1_048_576.0,
        "KiB" | "KB" => 1.0 / 1_024.0,
        "GiB" | "GB" => 1_024.0,
        _ => 1.0,
    }
}

/// A path as it is written in a scenario that lies at `out`.
fn relative(out: &str, path: &str) -> String {
    if path.starts_with('/') || path.starts_with(crate::source::DATA_PREFIX) || path.as_bytes().get(1) == Some(&b':') {
        return path.to_owned();
    }
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
    };
    let (mut folder, path) = (parts(out), parts(path));
    folder.pop();
    let same = folder.iter().zip(&path).take_while(|(one, other)| one == other).count();
    let up = folder.len() - same;
    let ways = std::iter::repeat_n("..".to_owned(), up).chain(path[same..].iter().cloned());
    ways.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_scenario() {
        for (out, path, expected) in [
            ("x.yaml", "t.csv", "t.csv"),
            ("x.yaml", "a/t.csv", "a/t.csv"),
            ("a/x.yaml", "a/t.csv", "t.csv"),
            ("a/b/x.yaml", "a/t.csv", "../t.csv"),
            ("a/x.yaml", "t.csv", "../t.csv"),
            ("a/x.yaml", "/abs/t.csv", "/abs/t.csv"),
            ("/out/x.yaml", "data:t.csv", "data:t.csv"),
        ] {
            assert_eq!(relative(out, path), expected, "{out} {path}");
        }
    }
}
