//! `container_instances.csv`: the machines of the replay.

use serde_json::{Value, json};

use crate::events::{Kind, Log, Subject};
use crate::pack::{Code, Column, Pack, Words};
use crate::table::Table;
use crate::{About, PageError, TraceFiles};

/// The columns of times, as they are named in the page and in the file.
const TIMES: [(&str, &str); 7] = [
    ("launched", "launchedSeconds"),
    ("registered", "registeredSeconds"),
    ("inService", "inServiceSeconds"),
    ("draining", "firstDrainingSeconds"),
    ("notice", "interruptionNoticeSeconds"),
    ("deregistered", "deregisteredSeconds"),
    ("terminated", "terminatedSeconds"),
];

/// The columns of names.
const NAMES: [(&str, &str); 8] = [
    ("type", "instanceType"),
    ("zone", "availabilityZone"),
    ("group", "autoScalingGroup"),
    ("provider", "capacityProvider"),
    ("purchase", "purchaseOption"),
    ("status", "status"),
    ("lifecycle", "lifecycle"),
    ("reason", "reason"),
];

/// The columns of numbers, with their decimals.
const NUMBERS: [(&str, &str, u32); 9] = [
    ("cpu", "registeredCpu", 0),
    ("memory", "registeredMemory", 0),
    ("gpus", "registeredGpus", 0),
    ("placed", "tasksPlaced", 0),
    ("peak", "peakRunningTasks", 0),
    ("busy", "busySeconds", 3),
    ("meanCpu", "meanCpuReservation", 2),
    ("meanMemory", "meanMemoryReservation", 2),
    ("cost", "costUsd", 6),
];

/// What other parts of the page need to know of the instances.
#[derive(Debug, Default)]
pub struct Instances {
    /// Their names; the number of a name is the row.
    pub names: Words,
    ec2: Vec<String>,
    words: Words,
    events: Vec<(Kind, i64, u32, String, u32)>,
}

/// Reads the instances.
///
/// # Errors
/// Where the file cannot be read.
pub fn read(files: &dyn TraceFiles, about: &About, pack: &mut Pack) -> Result<Instances, PageError> {
    let mut instances = Instances::default();
    let Some(table) = Table::open(files, "container_instances.csv")? else { return Ok(instances) };
    let name = table.column("containerInstance");
    let ec2 = table.column("ec2InstanceId");
    let times = TIMES.map(|(_, column)| table.column(column));
    let names = NAMES.map(|(_, column)| table.column(column));
    let numbers = NUMBERS.map(|(_, column, _)| table.column(column));
    let yuan = table.column("costCny");
    let mut time_columns = TIMES.map(|_| Column::new(Code::Delta));
    let mut name_columns = NAMES.map(|_| Column::new(Code::Plain));
    let mut number_columns = NUMBERS.map(|_| Column::new(Code::Plain));
    table.each(|row| {
        let number = instances.names.number(name.text(row));
        instances.ec2.push(ec2.text(row).to_owned());
        let at = times.map(|time| time.seconds(row));
        let texts = names.map(|column| column.text(row));
        for (column, at) in time_columns.iter_mut().zip(at) {
            column.push(at);
        }
        for (column, text) in name_columns.iter_mut().zip(texts) {
            column.push(Some(i64::from(instances.words.number(text))));
        }
        for ((column, place), (_, _, decimals)) in number_columns.iter_mut().zip(numbers).zip(NUMBERS) {
            let cell = if decimals == 6 && place.of(row).is_empty() { yuan.of(row) } else { place.of(row) };
            column.push(crate::table::decimal(cell).map(|number| number.at(decimals)));
        }
        let [launched, registered, _, draining, notice, deregistered, terminated] = at;
        let [kind, zone, group, provider, purchase, _, _, reason] = texts;
        let owner = [group, provider].into_iter().find(|text| !text.is_empty()).unwrap_or("(planned)");
        let owner = instances.words.number(owner);
        let mut tell = |event: Kind, at: Option<i64>, text: String| {
            if let Some(at) = at {
                instances.events.push((event, at, owner, text, number));
            }
        };
        let spot = if purchase == "SPOT" { "Spot " } else { "" };
        tell(Kind::Instance, launched, format!("{spot}{kind} launched in {zone}"));
        tell(Kind::Instance, registered, format!("{spot}{kind} registered in {zone}"));
        tell(Kind::Spot, notice, format!("Spot interruption notice for a {kind} in {zone}"));
        tell(Kind::Instance, draining, format!("{kind} set to DRAINING in {zone}"));
        let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        match terminated {
            Some(at) => tell(Kind::Instance, Some(at), format!("{spot}{kind} terminated in {zone}{why}")),
            None => tell(Kind::Instance, deregistered, format!("{spot}{kind} deregistered in {zone}{why}")),
        }
    })?;
    for ((name, _), column) in TIMES.iter().zip(time_columns) {
        pack.add(&format!("instances.{name}"), 3, column);
    }
    for ((name, _), column) in NAMES.iter().zip(name_columns) {
        pack.add(&format!("instances.{name}"), 0, column);
    }
    for ((name, _, decimals), column) in NUMBERS.iter().zip(number_columns) {
        pack.add(&format!("instances.{name}"), *decimals, column);
    }
    // What is planned registers at the start; that it does is no event.
    instances.events.retain(|(_, at, ..)| *at > 0 && *at <= about.duration_ms);
    Ok(instances)
}

impl Instances {
    /// What happened to them.
    pub fn tell(&self, log: &mut Log) {
        for (kind, at, owner, text, number) in &self.events {
            log.push(*kind, *at, self.words.text(*owner), text, Some(Subject::Instance(*number)));
        }
    }

    /// Their names and the words of their columns.
    #[must_use]
    pub fn index(&self) -> Value {
        json!({"names": self.names.list(), "ec2": self.ec2, "words": self.words.list()})
    }
}
