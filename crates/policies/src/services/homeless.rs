//! Which task goes first among those that have no instance: on Fargate, or waiting in PROVISIONING for capacity.
//!
//! *What it does.* Gives them out by class, then from the zone where the service has most on that provider (FGP-001), then
//! by the tie-break (PLC-071, PLC-074).
//!
//! *What AWS documents.* Fargate services are spread over zones with best effort; strategies do not apply (FGT-002).
//! Victims by class first (PLC-076). A task that waits is in no zone: it ranks before those that have one.
//!
//! *How we know it is right.* `plc_076_` tests of the services, `fgp_001_` tests of the engine.

use std::collections::BTreeMap;

use ecsim_cluster::{ProviderId, ServiceId, Task, TaskId, ZoneId};
use ecsim_kernel::Key;

use super::scale_in::Class;
use crate::purposes;
use crate::settings::TieBreak;
use crate::view::View;

/// Tasks without an instance that may be stopped, by class, zone and provider; the newest of each is the last.
#[derive(Clone, Debug, Default)]
pub struct Homeless(BTreeMap<Kind, Vec<TaskId>>);

/// What tasks have in common that tie.
type Kind = (Class, Option<ZoneId>, Option<ProviderId>);

impl Homeless {
    /// One more; they come in ascending order.
    pub fn add(&mut self, view: &View<'_>, task: &Task, class: Class) {
        self.0.entry((class, view.cluster.zone_of(task), task.provider)).or_default().push(task.id);
    }

    /// The class of the next one.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        self.0.keys().next().map(|(class, ..)| *class)
    }

    /// Takes out the next one.
    pub fn next(&mut self, view: &View<'_>, service: ServiceId) -> Option<TaskId> {
        let class = self.class()?;
        let group = view.cluster.services()[service].group;
        // Who waits for an instance is in no zone and goes first.
        let there = |(_, zone, provider): &Kind| {
            zone.map_or(u32::MAX, |zone| view.cluster.fargate_tasks_in(group, *provider, zone))
        };
        let of_class = || self.0.keys().filter(|(of, ..)| *of == class);
        let most = of_class().map(there).max()?;
        let kinds: Vec<Kind> = of_class().filter(|kind| there(kind) == most).copied().collect();
        let tied: Vec<TaskId> = kinds.iter().flat_map(|kind| &self.0[kind]).copied().collect();
        let task = if view.settings.placement_tie_break == TieBreak::Random {
            let row = &view.cluster.services()[service];
            let name = &view.cluster.definitions().services[service].name;
            let mut stream = view.streams.stream(purposes::SCALE_IN, Key::new(name, row.scheduler_stops));
            tied[usize::try_from(stream.below(tied.len() as u64)).ok()?]
        } else {
            tied.into_iter().max()?
        };
        for kind in kinds {
            let tasks = self.0.get_mut(&kind)?;
            if let Ok(at) = tasks.binary_search(&task) {
                tasks.remove(at);
                if tasks.is_empty() {
                    self.0.remove(&kind);
                }
                return Some(task);
            }
        }
        None
    }
}
