//! `tasks.csv`: the blocks of the replay, and what was never placed.

use serde_json::{Value, json};

use crate::events::{Kind, Log, Subject};
use crate::instances::Instances;
use crate::limits::{DETAILED_TASKS, REPLAYED_TASKS};
use crate::pack::{Code, Column, Pack, Words};
use crate::table::{At, Table, decimal};
use crate::unplaced::Unplaced;
use crate::{About, PageError, TraceFiles};

/// What tasks of one kind have in common: columns of the file, joined.
const KIND: [&str; 10] =
    ["source", "group", "service", "taskDefinition", "launchType", "capacityProvider", "cpu", "memory", "gpus", "enis"];
/// How a task ended: columns of the file, joined.
const END: [&str; 6] = ["stopCode", "stoppedReason", "exitCodes", "lastStatus", "desiredStatus", "healthStatus"];
/// The steps that every task has in the page, as milliseconds after its creation, by their column of seconds.
const STEPS: [(&str, &str); 3] =
    [("placed", "placedSeconds"), ("started", "startedSeconds"), ("stopped", "stoppedSeconds")];
/// The steps that only the page of a run of moderate size has, by their column of time stamps.
const FINE_STEPS: [(&str, &str); 5] = [
    ("pending", "pendingAt"),
    ("pullStarted", "pullStartedAt"),
    ("pullStopped", "pullStoppedAt"),
    ("stopping", "stoppingAt"),
    ("executionStopped", "executionStoppedAt"),
];
/// How the note begins that says what the replay leaves out.
pub const LEFT_OUT: &str = "The replay shows";
/// Between the parts of a joined text.
const JOINT: char = '\u{1f}';

fn joined(row: &csv::ByteRecord, columns: &[At], text: &mut String) {
    text.clear();
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            text.push(JOINT);
        }
        text.push_str(column.text(row));
    }
}

fn parts(words: &Words) -> Vec<Vec<&str>> {
    words.list().iter().map(|text| text.split(JOINT).collect()).collect()
}

/// Evenly picks `share` of every `of`.
const fn picked(number: u64, share: u64, of: u64) -> bool {
    share >= of || (number + 1) * share / of > number * share / of
}

/// Whether a stop is something to worry about.
fn is_trouble(stop_code: &str, exit_code: &str) -> bool {
    match stop_code {
        "" | "ServiceSchedulerInitiated" | "UserInitiated" => false,
        "EssentialContainerExited" => !matches!(exit_code, "0" | ""),
        _ => true,
    }
}

/// Reads the tasks.
///
/// # Errors
/// Where the file cannot be read.
#[expect(clippy::too_many_lines, reason = "one pass over a wide table, column by column")]
pub fn read(
    files: &dyn TraceFiles,
    about: &mut About,
    instances: &Instances,
    pack: &mut Pack,
    log: &mut Log,
) -> Result<(Value, Unplaced), PageError> {
    let mut unplaced = Unplaced::default();
    let Some(table) = Table::open(files, "tasks.csv")? else { return Ok((json!({"count": 0}), unplaced)) };
    let total = about.summary.pointer("/tasks/placed").and_then(Value::as_u64).unwrap_or_default();
    let fine = total <= DETAILED_TASKS as u64;
    let replayed = REPLAYED_TASKS as u64;
    let at = |name: &str| table.column(name);
    let [number, id, instance, zone] = ["task", "taskId", "containerInstance", "availabilityZone"].map(at);
    let [requested, created, attempts, failure] =
        ["requestedSeconds", "createdSeconds", "placementAttempts", "placementFailure"].map(at);
    let [stop_code, exit_code, source, reason] = ["stopCode", "exitCode", "source", "stoppedReason"].map(at);
    let [cost, yuan, restarts, started_by] = ["costUsd", "costCny", "containerRestarts", "startedBy"].map(at);
    let (kind_columns, end_columns) = (KIND.map(at), END.map(at));
    let steps = STEPS.map(|(_, column)| at(column));
    let fine_steps = FINE_STEPS.map(|(_, column)| at(column));

    let (mut kinds, mut ends, mut words) = (Words::default(), Words::default(), Words::default());
    let plain = || Column::new(Code::Plain);
    let mut created_column = Column::new(Code::Delta);
    let mut number_column = Column::new(Code::Delta);
    let [mut kind_column, mut instance_column, mut zone_column, mut waited_column] = [(); 4].map(|()| plain());
    let [mut end_column, mut attempts_column, mut failure_column] = [(); 3].map(|()| plain());
    let [mut cost_column, mut restarts_column, mut by_column] = [(); 3].map(|()| plain());
    let mut step_columns = STEPS.map(|_| plain());
    let mut fine_columns = FINE_STEPS.map(|_| plain());
    let mut ids: Vec<u8> = Vec::new();
    let (mut count, mut left_out) = (0_u32, 0_u64);
    let mut text = String::new();
    table.each(|row| {
        let on = instances.names.find(instance.text(row));
        let Some(created_at) = created.seconds(row).filter(|_| !number.of(row).is_empty()) else {
            unplaced.never(
                source.text(row),
                failure.text(row),
                instance.text(row),
                requested.seconds(row),
                attempts.whole(row),
            );
            return;
        };
        let key = on.map_or_else(|| number.whole(row).unwrap_or_default().unsigned_abs(), u64::from);
        let shown = picked(key, replayed, total.max(1));
        let subject = shown.then_some(Subject::Task(count));
        let [placed_at, started_at, stopped_at] = steps.map(|step| step.seconds(row));
        let failed_on = failure.text(row);
        if !failed_on.is_empty() {
            let waited = requested.seconds(row).map(|since| placed_at.unwrap_or(about.duration_ms) - since);
            unplaced.waited(source.text(row), failed_on, waited.unwrap_or_default());
        }
        if let Some(at) = started_at {
            log.push(Kind::Task, at, source.text(row), "task RUNNING", subject);
        }
        if let Some(at) = stopped_at {
            let (code, exit) = (stop_code.text(row), exit_code.text(row));
            let kind = if is_trouble(code, exit) { Kind::Trouble } else { Kind::Task };
            log.push_stop(kind, at, source.text(row), code, general(reason.text(row)), exit, subject);
        }
        if !shown {
            left_out += 1;
            return;
        }
        count += 1;
        let after = |at: Option<i64>| at.map(|at| at - created_at);
        created_column.push(Some(created_at));
        number_column.push(number.whole(row));
        joined(row, &kind_columns, &mut text);
        kind_column.push(Some(i64::from(kinds.number(&text))));
        joined(row, &end_columns, &mut text);
        end_column.push(Some(i64::from(ends.number(&text))));
        instance_column.push(on.map(i64::from));
        zone_column.push(on.is_none().then(|| i64::from(words.number(zone.text(row)))));
        waited_column.push(requested.seconds(row).map(|since| created_at - since));
        for (column, at) in step_columns.iter_mut().zip([placed_at, started_at, stopped_at]) {
            column.push(after(at));
        }
        attempts_column.push(attempts.whole(row));
        failure_column.push((!failed_on.is_empty()).then(|| i64::from(words.number(failed_on))));
        if fine {
            for (column, step) in fine_columns.iter_mut().zip(fine_steps) {
                column.push(after(step.stamp(row, about.start_ms)));
            }
            let cell = if cost.of(row).is_empty() { yuan.of(row) } else { cost.of(row) };
            cost_column.push(decimal(cell).map(|number| number.at(6)));
            restarts_column.push(restarts.whole(row));
            by_column.push(Some(i64::from(words.number(started_by.text(row)))));
            push_id(id.of(row), &mut ids);
        }
    })?;
    for (name, column) in [
        ("created", created_column),
        ("number", number_column),
        ("kind", kind_column),
        ("end", end_column),
        ("instance", instance_column),
        ("zone", zone_column),
        ("waited", waited_column),
        ("attempts", attempts_column),
        ("failure", failure_column),
    ] {
        let decimals = if matches!(name, "created" | "waited") { 3 } else { 0 };
        pack.add(&format!("tasks.{name}"), decimals, column);
    }
    for ((name, _), column) in STEPS.iter().zip(step_columns) {
        pack.add(&format!("tasks.{name}"), 3, column);
    }
    if fine {
        for ((name, _), column) in FINE_STEPS.iter().zip(fine_columns) {
            pack.add(&format!("tasks.{name}"), 3, column);
        }
        pack.add("tasks.cost", 6, cost_column);
        pack.add("tasks.restarts", 0, restarts_column);
        pack.add("tasks.startedBy", 0, by_column);
        pack.raw("tasks.id", &ids);
    } else {
        about.notes.push(format!(
            "{total} tasks: of each, the page knows its number and when it was created, placed, started and stopped; \
             its id, its other steps and its cost are in tasks.csv."
        ));
    }
    if left_out > 0 {
        about.notes.push(format!(
            "{LEFT_OUT} {count} of {} tasks: those of evenly picked instances, with all that ran there. \
             All numbers, charts, events and bills cover everything.",
            u64::from(count) + left_out
        ));
    }
    let index = json!({
        "count": count, "fine": fine, "leftOut": left_out, "kinds": parts(&kinds), "ends": parts(&ends), "words": words.list(),
    });
    Ok((index, unplaced))
}

/// A reason without what differs from task to task, so that alike events can be told together.
fn general(reason: &str) -> &str {
    reason.split(" (").next().unwrap_or(reason)
}

/// The sixteen bytes of a task's id; zeros where it is none.
fn push_id(text: &[u8], ids: &mut Vec<u8>) {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default();
    for index in 0..16 {
        let pair = text.get(2 * index..2 * index + 2).unwrap_or(b"00");
        ids.push(digit(pair[0]) << 4 | digit(pair[1]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picking_is_even() {
        assert_eq!((0..10).filter(|number| picked(*number, 3, 10)).count(), 3);
        assert!((0..10).all(|number| picked(number, 12, 10)));
    }

    #[test]
    fn what_the_replay_leaves_out_is_said_and_still_counted() {
        use core::fmt::Write as _;
        let rows = 4_000_u64;
        let mut text = String::from("task,containerInstance,createdSeconds,placedSeconds,startedSeconds,source\n");
        let mut names = String::from("containerInstance,registeredSeconds\n");
        for row in 0..rows {
            let _ = writeln!(text, "{},i-{},1.000,1.000,2.000,web", row + 1, row % 100);
        }
        for row in 0..100 {
            let _ = writeln!(names, "i-{row},0.000");
        }
        let files = crate::kit::Files::default().with("tasks.csv", &text).with("container_instances.csv", &names);
        // As if those were so many that only a quarter fits.
        let mut about = About { duration_ms: 10_000, ..About::default() };
        about.summary = json!({"tasks": {"placed": 4 * REPLAYED_TASKS}});
        let (mut pack, mut log) = (Pack::default(), Log::default());
        let instances = crate::instances::read(&files, &about, &mut pack).expect("instances");
        let (index, _) = read(&files, &mut about, &instances, &mut pack, &mut log).expect("tasks");
        assert_eq!((&index["count"], &index["leftOut"]), (&json!(1_000), &json!(3_000)));
        assert!(
            about.notes.iter().any(|note| note.starts_with("The replay shows 1000 of 4000 tasks")),
            "{:?}",
            about.notes
        );
        log.finish(&mut about, &mut pack);
        let (columns, bytes) = pack.finish();
        let place =
            |at: usize| columns["events.count"][at].as_u64().and_then(|it| usize::try_from(it).ok()).expect("a number");
        // One row tells of all: 2 * 4,000 + 1 in groups of seven bits.
        assert_eq!(bytes[place(0)..place(0) + place(1)], [0xc1, 0x3e]);
    }

    #[test]
    fn what_is_trouble() {
        let trouble = [("EssentialContainerExited", "1"), ("TerminationNotice", ""), ("TaskFailedToStart", "")];
        assert!(trouble.iter().all(|(code, exit)| is_trouble(code, exit)));
        let fine = [("EssentialContainerExited", "0"), ("ServiceSchedulerInitiated", ""), ("UserInitiated", "137")];
        assert!(!fine.iter().any(|(code, exit)| is_trouble(code, exit)));
    }

    #[test]
    fn ids_are_bytes() {
        let mut ids = Vec::new();
        push_id(b"d443f9540b3c6161f285a96f5a2e3fe0", &mut ids);
        push_id(b"", &mut ids);
        assert_eq!((ids.len(), ids[0], ids[15], ids[16]), (32, 0xd4, 0xe0, 0));
    }
}
