//! Why a task went where it went, or nowhere: the definition once more, keeping who fell out where (FLR-003 to FLR-005).
//!
//! [`diagnose`] is what a failed placement reports; [`funnel`] is the whole story of one decision for `ecsim explain`.

use core::fmt;
use std::fmt::Write as _;

use ecsim_cluster::{Definitions, GpuNeed, GpuSharing, Instance, InstanceId, Rejection, RejectionCounts, Resources};

use super::daemons::Daemons;
use super::reference::{candidate, rejection};
use super::request::Request;
use super::strategies::{Key, Ranking, SpreadField, Strategy, spread};
use super::{constraints, fit};
use crate::View;

/// Why a task could not be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// How many instances fell out for which reason.
    pub counts: RejectionCounts,
    /// The instance that got furthest in the order of FLR-003; then the one that lacks least; then the one registered
    /// first (FLR-005).
    pub closest: Option<(InstanceId, Rejection)>,
    /// Every instance that fell out, with its one reason, in the order of ids (FLR-003, FLR-004).
    pub rejected: Vec<(InstanceId, Rejection)>,
}

/// Why instances cannot take the task now; those that can are not mentioned (FLR-003 to FLR-005).
#[must_use]
pub fn diagnose(view: &View<'_>, request: &Request<'_>) -> Diagnosis {
    let daemons = Daemons::against(view, request);
    let mut diagnosis = Diagnosis::default();
    let mut closest: Option<(Distance, InstanceId, Rejection)> = None;
    for instance in view.cluster.present() {
        if !fit::is_eligible(view, request, instance) {
            continue;
        }
        let Some(reason) = rejection(view, request, &daemons, instance) else { continue };
        diagnosis.counts.add(reason);
        diagnosis.rejected.push((instance.id, reason));
        let distance = Distance::of(view, request, &daemons, instance, reason);
        if closest.as_ref().is_none_or(|(least, _, _)| distance < *least) {
            closest = Some((distance, instance.id, reason));
        }
    }
    diagnosis.closest = closest.map(|(_, instance, reason)| (instance, reason));
    diagnosis
}

/// Why this one instance cannot take the task: its first failing check in the order of FLR-003. `None` where it can,
/// and where it is not looked at, not being ACTIVE or of the launch type.
#[must_use]
pub fn rejection_of(view: &View<'_>, request: &Request<'_>, instance: InstanceId) -> Option<Rejection> {
    let instance = &view.cluster.instances()[instance];
    if !fit::is_eligible(view, request, instance) {
        return None;
    }
    rejection(view, request, &Daemons::against(view, request), instance)
}

/// How far from taking the task an instance is: the less, the closer (FLR-005).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    /// Checks of FLR-003 not passed.
    checks: usize,
    /// Shortage of the failing resource, in 2^-32 of what is needed.
    shortage: u64,
    /// PLC-022.
    ordinal: (i64, InstanceId),
}

impl Distance {
    fn of(view: &View<'_>, request: &Request<'_>, daemons: &Daemons, instance: &Instance, reason: Rejection) -> Self {
        let room = daemons.room(view, instance);
        let need = request.requirements.on(instance.registered);
        let definitions = view.cluster.definitions();
        let ports = &definitions.task_definitions[request.definition].ports;
        let share = |need: u32, have: u32| (u64::from(need.saturating_sub(have)) << 32) / u64::from(need.max(1));
        let shortage = match reason {
            Rejection::Cpu => share(need.cpu, room.cpu),
            Rejection::Memory => share(need.memory, room.memory),
            Rejection::Ports => {
                let taken = ports.iter().filter(|port| instance.ports.contains(**port)).count();
                let over = (instance.ports.len() + ports.len()).saturating_sub(definitions.max_reserved_ports);
                ((taken.max(over) as u64) << 32) / (ports.len().max(1) as u64)
            }
            Rejection::Eni => share(need.enis.into(), room.enis.into()),
            Rejection::Gpu => share(need.gpus.into(), room.gpus.into()),
            Rejection::Attribute
            | Rejection::Location
            | Rejection::MemberOf
            | Rejection::DistinctInstance
            | Rejection::Agent => 0,
        };
        Self { checks: Rejection::ALL.len() - reason as usize, shortage, ordinal: instance.ordinal() }
    }
}

/// The whole story of one placement decision, as data; [`Funnel::render`] tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funnel {
    /// What is asked: `web:1 in group service:web needs 256 CPU units, 512 MiB`.
    pub request: String,
    /// The four steps with how many instances came in and went out.
    pub steps: [Step; 4],
    /// Who fell out in steps 1 and 2, in the order of registration.
    pub rejected: Vec<Dropped>,
    /// Who was left after step 2, best first.
    pub survivors: Vec<Survivor>,
    /// What each strategy of the chain kept.
    pub rounds: Vec<Round>,
    /// The instances left after the last strategy, the one registered first in front.
    pub tied: Vec<InstanceId>,
}

/// One of the four steps of PLC-002.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it keeps.
    pub title: &'static str,
    /// Instances before it.
    pub before: usize,
    /// Instances after it.
    pub after: usize,
}

/// An instance that fell out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Which.
    pub instance: InstanceId,
    /// Its name.
    pub name: String,
    /// AWS's reason.
    pub reason: Rejection,
    /// The same with amounts: `needs 512 CPU units, 256 left`.
    pub because: String,
}

/// An instance that could take the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// Which.
    pub instance: InstanceId,
    /// Its name.
    pub name: String,
    /// Its key for each strategy of the chain; smallest is best.
    pub keys: Vec<u64>,
    /// The keys in words: `1 task in us-east-1a`.
    pub words: Vec<String>,
}

/// What one strategy of the chain kept (PLC-021).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// `binpack(memory)`.
    pub strategy: String,
    /// The least key among those that came in.
    pub best: u64,
    /// Who has it, the one registered first in front.
    pub kept: Vec<InstanceId>,
}

/// Every step of the decision with everybody's reason (PLC-002, FLR-003).
#[must_use]
pub fn funnel(view: &View<'_>, request: &Request<'_>) -> Funnel {
    let daemons = Daemons::against(view, request);
    let ranking = Ranking::new(view, request);
    let definitions = view.cluster.definitions();
    let mut eligible: Vec<&Instance> =
        view.cluster.present().filter(|instance| fit::is_eligible(view, request, instance)).collect();
    eligible.sort_by_key(|instance| instance.ordinal());
    let (mut rejected, mut left) = (Vec::new(), Vec::<(Key, &Instance)>::new());
    for instance in &eligible {
        match rejection(view, request, &daemons, instance) {
            Some(reason) => rejected.push(Dropped {
                instance: instance.id,
                name: instance.name.to_string(),
                reason,
                because: because(view, request, &daemons, instance, reason),
            }),
            None => left.push((ranking.key(&candidate(view, request, &daemons, instance)), instance)),
        }
    }
    let fitting = eligible.len() - rejected.iter().filter(|out| out.reason < Rejection::MemberOf).count();
    let allowed = left.len();
    left.sort_by_key(|(key, instance)| (*key, instance.ordinal()));
    let survivors = left
        .iter()
        .map(|(key, instance)| Survivor {
            instance: instance.id,
            name: instance.name.to_string(),
            keys: key[..ranking.strategies().len()].to_vec(),
            words: ranking
                .strategies()
                .iter()
                .zip(key)
                .map(|(strategy, key)| key_in_words(definitions, strategy, *key, instance))
                .collect(),
        })
        .collect();
    let mut rounds = Vec::new();
    for (at, strategy) in ranking.strategies().iter().enumerate() {
        let Some(best) = left.first().map(|(key, _)| key[at]) else { break };
        left.retain(|(key, _)| key[at] == best);
        let kept = left.iter().map(|(_, instance)| instance.id).collect();
        rounds.push(Round { strategy: strategy.describe(definitions), best, kept });
    }
    let tied: Vec<InstanceId> = left.iter().map(|(_, instance)| instance.id).collect();
    Funnel {
        request: request_in_words(definitions, request),
        steps: [
            Step { title: "has room and attributes", before: eligible.len(), after: fitting },
            Step { title: "satisfies the constraints, agent connected", before: fitting, after: allowed },
            Step { title: "is best by the strategies", before: allowed, after: tied.len() },
            Step { title: "is selected", before: tied.len(), after: tied.len().min(1) },
        ],
        rejected,
        survivors,
        rounds,
        tied,
    }
}

impl Funnel {
    /// The story as text, with at most `limit` instances in each list.
    #[must_use]
    pub fn render(&self, limit: usize) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, limit);
        text
    }

    fn write(&self, text: &mut String, limit: usize) -> fmt::Result {
        writeln!(text, "{}", self.request)?;
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(text, "{}. {}: {} of {}", number + 1, step.title, step.after, step.before)?;
            let range = match number {
                0 => Rejection::Attribute..=Rejection::Gpu,
                1 => Rejection::MemberOf..=Rejection::Agent,
                2 => {
                    self.write_rounds(text, limit)?;
                    continue;
                }
                _ => continue,
            };
            let out: Vec<&Dropped> = self.rejected.iter().filter(|dropped| range.contains(&dropped.reason)).collect();
            for dropped in out.iter().take(limit) {
                writeln!(text, "   - {}: {} ({})", dropped.name, dropped.because, dropped.reason)?;
            }
            more(text, out.len(), limit)?;
        }
        let names: Vec<&str> = self.tied.iter().take(limit).filter_map(|id| self.name(*id)).collect();
        match self.tied.len() {
            0 => writeln!(text, "nobody is left: the task is not placed"),
            1 => writeln!(text, "the choice: {}", names.join(", ")),
            tied => {
                write!(text, "{tied} are equal: {}", names.join(", "))?;
                writeln!(text, "{}", if tied > limit { ", ..." } else { "" })
            }
        }
    }

    fn write_rounds(&self, text: &mut String, limit: usize) -> fmt::Result {
        for survivor in self.survivors.iter().take(limit) {
            writeln!(text, "   - {}: {}", survivor.name, survivor.words.join("; "))?;
        }
        more(text, self.survivors.len(), limit)?;
        for round in &self.rounds {
            writeln!(text, "   {} keeps {}", round.strategy, round.kept.len())?;
        }
        Ok(())
    }

    fn name(&self, instance: InstanceId) -> Option<&str> {
        self.survivors.iter().find(|survivor| survivor.instance == instance).map(|survivor| survivor.name.as_str())
    }
}

impl fmt::Display for Funnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(20))
    }
}

fn more(text: &mut String, count: usize, limit: usize) -> fmt::Result {
    if count > limit { writeln!(text, "   - and {} more", count - limit) } else { Ok(()) }
}

fn request_in_words(definitions: &Definitions, request: &Request<'_>) -> String {
    let requirements = request.requirements;
    let mut text = format!(
        "{} in group {} needs {} CPU units, {} MiB",
        definitions.task_definitions[request.definition].display_name(),
        definitions.groups.name(request.group),
        requirements.cpu,
        requirements.memory
    );
    match requirements.gpus {
        GpuNeed::Count(0) => {}
        GpuNeed::Count(count) => text.push_str(&format!(", {}", gpus(definitions.gpu_sharing, count))),
        GpuNeed::All => text.push_str(", all GPUs"),
    }
    if requirements.eni {
        text.push_str(", a network interface");
    }
    let ports = &definitions.task_definitions[request.definition].ports;
    if !ports.is_empty() {
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        text.push_str(&format!(", host ports {}", ports.join(" ")));
    }
    text
}

fn key_in_words(definitions: &Definitions, strategy: &Strategy, key: u64, instance: &Instance) -> String {
    match strategy {
        Strategy::Spread(SpreadField::Instance) => format!("{} of its group on it", amount(key, "task")),
        Strategy::Spread(SpreadField::Attribute(attribute)) => {
            let tasks = amount(key & !spread::LACKS_ATTRIBUTE, "task");
            let name = definitions.attributes.name(*attribute);
            match instance.attribute(*attribute) {
                None => format!("{tasks} where {name} is lacking"),
                Some(None) => format!("{tasks} where {name} has no value"),
                Some(Some(value)) => format!("{tasks} in {}", definitions.values.name(value)),
            }
        }
        Strategy::Binpack(super::strategies::BinpackResource::Cpu) => format!("{} left", amount(key, "CPU unit")),
        Strategy::Binpack(super::strategies::BinpackResource::Memory) => format!("{key} MiB left"),
        Strategy::Random => "any".to_owned(),
        Strategy::Custom(custom) => format!("{} {key}", custom.name()),
    }
}

/// The reason with amounts.
fn because(
    view: &View<'_>,
    request: &Request<'_>,
    daemons: &Daemons,
    instance: &Instance,
    reason: Rejection,
) -> String {
    let definitions = view.cluster.definitions();
    let definition = &definitions.task_definitions[request.definition];
    let withheld = daemons.withheld(view, instance);
    let room = instance.remaining.saturating_sub(withheld);
    let need = request.requirements.on(instance.registered);
    match reason {
        Rejection::Attribute => definition
            .required_attributes
            .iter()
            .find_map(|(name, required)| {
                let text = definitions.attributes.name(*name);
                match (instance.attribute(*name), required) {
                    (None, _) => Some(format!("lacks attribute {text}")),
                    (Some(value), Some(required)) if value != Some(*required) => Some(format!(
                        "{text} is {}, the task needs {}",
                        value.map_or("without a value", |value| definitions.values.name(value)),
                        definitions.values.name(*required)
                    )),
                    _ => None,
                }
            })
            .unwrap_or_default(),
        Rejection::Location => {
            let mut zones: Vec<&str> = match request.zone {
                Some(zone) => vec![definitions.zones.name(zone)],
                None => {
                    let zone = |subnet| definitions.zones.name(definitions.subnets[subnet].zone);
                    request.subnets.iter().copied().map(zone).collect()
                }
            };
            zones.sort_unstable();
            zones.dedup();
            format!("is in {}, the task must be in {}", definitions.zones.name(instance.zone), zones.join(" or "))
        }
        Rejection::Cpu => shortage(need, room, withheld, |of| u64::from(of.cpu), "CPU unit"),
        Rejection::Memory => shortage(need, room, withheld, |of| u64::from(of.memory), "MiB"),
        Rejection::Ports => definition
            .ports
            .iter()
            .find(|port| instance.ports.contains(**port))
            .map(|port| format!("host port {port} is in use"))
            .unwrap_or_else(|| {
                let count = instance.ports.len() + definition.ports.len();
                format!("{count} ports would be reserved, at most {} may be", definitions.max_reserved_ports)
            }),
        Rejection::Eni => shortage(need, room, withheld, |of| u64::from(of.enis), "network interface"),
        Rejection::Gpu => too_few_gpus(definitions.gpu_sharing, need.gpus, room.gpus, instance),
        Rejection::MemberOf => view.placements[request.placement]
            .constraints
            .iter()
            .find(|constraint| !constraints::member_of_holds(constraint, definitions, instance))
            .map(|constraint| format!("{} does not hold", constraint.describe()))
            .unwrap_or_default(),
        Rejection::DistinctInstance => {
            format!("already holds a live task of group {}", definitions.groups.name(request.group))
        }
        Rejection::Agent => "its agent is not connected".to_owned(),
    }
}

fn shortage(
    need: Resources,
    room: Resources,
    withheld: Resources,
    of: impl Fn(Resources) -> u64,
    unit: &str,
) -> String {
    let mut text = format!("needs {}, {} left", amount(of(need), unit), of(room));
    if of(withheld) > 0 {
        text.push_str(&format!(" ({} withheld for daemons)", of(withheld)));
    }
    text
}

/// `2 GPUs`, `0.46 GPU`.
fn gpus(sharing: GpuSharing, amount: u16) -> String {
    let plural = if amount > sharing.parts() { "s" } else { "" };
    format!("{} GPU{plural}", sharing.show(amount.into()))
}

/// Daemons have no GPU withheld for them (PLC-052).
fn too_few_gpus(sharing: GpuSharing, need: u16, left: u16, instance: &Instance) -> String {
    let mut text = format!("needs {}, {} left", gpus(sharing, need), sharing.show(left.into()));
    if need <= left {
        // Only where tasks share: it is there, but not in one piece.
        let most = instance.gpu_left.iter().copied().max().unwrap_or(0);
        text.push_str(&if need < sharing.parts() {
            format!(", at most {} on one device", sharing.show(most.into()))
        } else {
            format!(", {} of it whole", instance.free_gpu_devices.count_ones())
        });
    }
    text
}

fn amount(count: u64, unit: &str) -> String {
    let plural = if count == 1 || unit == "MiB" { "" } else { "s" };
    format!("{count} {unit}{plural}")
}
