//! The list of events: what services said, what scaled, what happened to instances and tasks, on one clock.
//!
//! Events of the same moment, kind, owner and words are one row with a count. Where a kind has too many rows for a page,
//! events within a minute, ten minutes, and so on are told together; the page says so.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::limits::EVENTS_OF_A_KIND;
use crate::pack::{Code, Pack, Words};
use crate::table::{Table, unix_ms};
use crate::{About, PageError, TraceFiles};

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An entry of a service's event list.
    Service,
    /// A decision of an auto scaler.
    Scaling,
    /// A deployment began or ended.
    Deployment,
    /// An instance came, went, or drains.
    Instance,
    /// Spot took, or warned.
    Spot,
    /// A task started or ended well.
    Task,
    /// A task was lost, failed, or exited with an error.
    Trouble,
    /// Anything else that `events.jsonl` holds.
    Other,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Service,
        Self::Scaling,
        Self::Deployment,
        Self::Instance,
        Self::Spot,
        Self::Task,
        Self::Trouble,
        Self::Other,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Scaling => "scaling",
            Self::Deployment => "deployment",
            Self::Instance => "instance",
            Self::Spot => "spot",
            Self::Task => "task",
            Self::Trouble => "trouble",
            Self::Other => "other",
        }
    }
}

/// What a click on an event leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An instance, by its row.
    Instance(u32),
    /// A task, by its place in the page.
    Task(u32),
}

#[derive(Clone, Copy, Debug)]
struct Event {
    at: i64,
    who: u32,
    text: u32,
    subject: Option<Subject>,
}

/// A row of the list.
struct Row {
    at: i64,
    until: i64,
    kind: Kind,
    who: u32,
    text: u32,
    count: i64,
    subject: Option<Subject>,
}

/// All events.
#[derive(Debug, Default)]
pub struct Log {
    words: Words,
    of: BTreeMap<Kind, Vec<Event>>,
}

/// Within how many milliseconds events are told together, from fine to coarse.
const TOGETHER: [i64; 7] = [1, 1_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000];

impl Log {
    /// Adds an event.
    pub fn push(&mut self, kind: Kind, at: i64, who: &str, text: &str, subject: Option<Subject>) {
        let (who, text) = (self.words.number(who), self.words.number(text));
        self.of.entry(kind).or_default().push(Event { at, who, text, subject });
    }

    /// Adds the end of a task.
    #[expect(clippy::too_many_arguments, reason = "what a row of tasks.csv says of an end")]
    pub fn push_stop(
        &mut self,
        kind: Kind,
        at: i64,
        source: &str,
        code: &str,
        reason: &str,
        exit: &str,
        subject: Option<Subject>,
    ) {
        let exit = if exit.is_empty() { String::new() } else { format!(", exit code {exit}") };
        self.push(kind, at, source, &format!("task STOPPED, {code}: {reason}{exit}"), subject);
    }

    /// Puts the list into the page.
    pub fn finish(mut self, about: &mut About, pack: &mut Pack) -> Value {
        let mut rows = Vec::new();
        for kind in Kind::ALL {
            let events = self.of.remove(&kind).unwrap_or_default();
            let (of_kind, within) = together(kind, events);
            if within > 1_000 {
                about.notes.push(format!(
                    "Events of kind “{}” that are alike and within {} of each other are one row with a count.",
                    kind.name(),
                    span(within)
                ));
            }
            rows.extend(of_kind);
        }
        rows.sort_by_key(|row| (row.at, row.kind, row.who, row.text));
        let number = |value: u32| Some(i64::from(value));
        pack.column("events.at", Code::Delta, 3, rows.iter().map(|row| Some(row.at)));
        pack.column("events.until", Code::Delta, 3, rows.iter().map(|row| Some(row.until)));
        pack.column("events.kind", Code::Plain, 0, rows.iter().map(|row| Some(row.kind as i64)));
        pack.column("events.who", Code::Plain, 0, rows.iter().map(|row| number(row.who)));
        pack.column("events.text", Code::Plain, 0, rows.iter().map(|row| number(row.text)));
        pack.column("events.count", Code::Plain, 0, rows.iter().map(|row| Some(row.count)));
        pack.column(
            "events.subject",
            Code::Plain,
            0,
            rows.iter().map(|row| {
                row.subject.map(|subject| match subject {
                    Subject::Instance(number) => 2 * i64::from(number),
                    Subject::Task(number) => 2 * i64::from(number) + 1,
                })
            }),
        );
        json!({"words": self.words.list(), "kinds": Kind::ALL.map(Kind::name)})
    }
}

fn span(ms: i64) -> String {
    match ms {
        3_600_000.. => format!("{} h", ms / 3_600_000),
        60_000.. => format!("{} min", ms / 60_000),
        _ => format!("{} s", ms / 1_000),
    }
}

/// Events of one kind told together as finely as a page bears.
fn together(kind: Kind, mut events: Vec<Event>) -> (Vec<Row>, i64) {
    let mut rows = Vec::new();
    for within in TOGETHER {
        let key = |event: &Event| (event.at / within, event.who, event.text);
        events.sort_by_key(key);
        rows = events
            .chunk_by(|one, other| key(one) == key(other))
            .filter_map(|alike| {
                let first = alike.iter().min_by_key(|event| event.at)?;
                let until = alike.iter().map(|event| event.at).max()?;
                let count = i64::try_from(alike.len()).unwrap_or(i64::MAX);
                let Event { at, who, text, subject } = *first;
                Some(Row { at, until, kind, who, text, count, subject })
            })
            .collect();
        if rows.len() <= EVENTS_OF_A_KIND {
            return (rows, within);
        }
    }
    (rows, TOGETHER[TOGETHER.len() - 1])
}

/// What services said, from `service_events.csv`.
///
/// # Errors
/// Where the file cannot be read.
pub fn service_events(files: &dyn TraceFiles, log: &mut Log) -> Result<(), PageError> {
    let Some(table) = Table::open(files, "service_events.csv")? else { return Ok(()) };
    let [at, service, message] = ["createdSeconds", "service", "message"].map(|name| table.column(name));
    table.each(|row| {
        let text = shortened(message.text(row));
        log.push(Kind::Service, at.seconds(row).unwrap_or_default(), service.text(row), &text, None);
    })
}

/// When deployments began and how they ended, from `deployments.csv`.
///
/// # Errors
/// Where the file cannot be read.
pub fn deployments(files: &dyn TraceFiles, log: &mut Log) -> Result<(), PageError> {
    let Some(table) = Table::open(files, "deployments.csv")? else { return Ok(()) };
    let [service, number, definition, cause, rollout, reason] =
        ["service", "deployment", "taskDefinition", "cause", "rolloutState", "reason"].map(|name| table.column(name));
    let [created, finished] = ["createdSeconds", "finishedSeconds"].map(|name| table.column(name));
    table.each(|row| {
        let [service, number, definition, cause, rollout, reason] =
            [service, number, definition, cause, rollout, reason].map(|column| column.text(row));
        let what = format!("deployment {number} of {definition}");
        if let Some(at) = created.seconds(row) {
            log.push(Kind::Deployment, at, service, &format!("{what} began: {cause}"), None);
        }
        if let Some(at) = finished.seconds(row) {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            log.push(Kind::Deployment, at, service, &format!("{what} {rollout}{why}"), None);
        }
    })
}

/// A message that names hundreds of tasks names the first ones and says how many more there are.
fn shortened(message: &str) -> String {
    const NAMED: usize = 2;
    let mut text = String::new();
    for (index, piece) in message.split("(task ").enumerate() {
        if index == 0 {
            text.push_str(piece);
            continue;
        }
        let (id, rest) = piece.split_once(')').unwrap_or((piece, ""));
        if index <= NAMED {
            text.push_str("(task ");
            text.push_str(id.get(..8).unwrap_or(id));
            text.push_str("…)");
            text.push_str(rest);
        } else if !rest.trim().is_empty() {
            text.push_str(rest);
        }
    }
    let named = message.matches("(task ").count();
    if named > NAMED {
        let end = text.trim_end().trim_end_matches('.').trim_end().to_owned();
        return format!("{end} and {} more.", named - NAMED);
    }
    text
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "detail-type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    time: std::borrow::Cow<'a, str>,
    #[serde(default)]
    resources: Vec<String>,
    detail: Detail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    #[serde(rename = "eventName")]
    event: Option<String>,
    reason: Option<String>,
    #[serde(rename = "Cause")]
    cause: Option<String>,
    #[serde(rename = "AutoScalingGroupName")]
    group: Option<String>,
}

/// Events that the other files tell already.
const TOLD: [&str; 6] = [
    "ECS Task State Change",
    "ECS Container Instance State Change",
    "ECS Service Action",
    "EC2 Instance Launch Successful",
    "EC2 Instance Terminate Successful",
    "EC2 Spot Instance Interruption Warning",
];

/// What `events.jsonl` holds beyond the other files.
///
/// # Errors
/// Where the file cannot be read, or a line is no event.
pub fn other_events(files: &dyn TraceFiles, about: &mut About, log: &mut Log) -> Result<(), PageError> {
    const FILE: &str = "events.jsonl";
    let read = |error| PageError::Read { file: FILE.to_owned(), error };
    let Some(file) = files.open(FILE).map_err(read)? else { return Ok(()) };
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let (mut line, mut number) = (String::new(), 0_u64);
    while {
        line.clear();
        reader.read_line(&mut line).map_err(read)? > 0
    } {
        number += 1;
        let event: Envelope = serde_json::from_str(&line).map_err(|error| PageError::Content {
            file: FILE.to_owned(),
            problem: format!("line {number}: {error}"),
        })?;
        *counts.entry(event.kind.clone().into_owned()).or_default() += 1;
        if TOLD.contains(&&*event.kind) {
            continue;
        }
        let at = unix_ms(&event.time).unwrap_or(about.start_ms) - about.start_ms;
        let who = event.detail.group.unwrap_or_else(|| {
            let arn = event.resources.first().map_or("", String::as_str);
            arn.rsplit('/').next().unwrap_or(arn).to_owned()
        });
        let what = [event.detail.event, event.detail.reason, event.detail.cause].into_iter().flatten();
        let text = core::iter::once(event.kind.into_owned()).chain(what).collect::<Vec<_>>().join(", ");
        log.push(Kind::Other, at, &who, &text, None);
    }
    if !counts.is_empty() {
        let list: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        about.notes.push(format!("events.jsonl holds {number} events: {}.", list.join(", ")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_names_many_tasks_names_two() {
        let id = |digit: char| digit.to_string().repeat(32);
        let message = format!(
            "(service web) has started 4 tasks: (task {}) (task {}) (task {}) (task {}).",
            id('a'),
            id('b'),
            id('c'),
            id('d')
        );
        assert_eq!(
            shortened(&message),
            "(service web) has started 4 tasks: (task aaaaaaaa…) (task bbbbbbbb…) and 2 more."
        );
        assert_eq!(shortened("(service web) has reached a steady state."), "(service web) has reached a steady state.");
        assert_eq!(
            shortened(&format!("(service web) has stopped (task {}).", id('a'))),
            "(service web) has stopped (task aaaaaaaa…)."
        );
    }

    #[test]
    fn alike_events_of_a_moment_are_one_row() {
        let event = |at, text| Event { at, who: 0, text, subject: None };
        let (rows, within) = together(Kind::Task, vec![event(5, 1), event(5, 1), event(5, 2), event(6, 1)]);
        let told: Vec<_> = rows.iter().map(|row| (row.at, row.text, row.count)).collect();
        assert_eq!((told, within), (vec![(5, 1, 2), (5, 2, 1), (6, 1, 1)], 1));
    }

    #[test]
    fn too_many_events_are_told_by_the_minute() {
        let events = (0..100_000).map(|at| Event { at: at * 50, who: 0, text: 0, subject: None }).collect();
        let (rows, within) = together(Kind::Task, events);
        assert_eq!((rows.len(), within), (5_000, 1_000));
        assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), 100_000, "all are counted");
    }
}
