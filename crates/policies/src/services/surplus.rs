//! Which task goes when a service has too many and its tasks are spread over capacity providers.
//!
//! *What it does.* Holds the victims of each provider apart. The class comes first (PLC-076); inside the first class that
//! has a task, the provider with the largest surplus loses one (CP-020); then the ordinary order inside that provider.
//!
//! *What AWS documents.* Nothing about providers: CP-020 is our choice, so that a service that grows and shrinks returns
//! to the same split. Without a strategy there is one lot only, and nothing changes.
//!
//! *How we know it is right.* `cp_020_` tests of the services and of the arithmetic.

use ecsim_cluster::{InstanceId, ProviderId, ServiceId, TaskId};

use super::scale_in::{Class, Victims};
use crate::capacity::provider_strategy;
use crate::view::View;

/// Tasks of one provider, or of none, that may be stopped.
type OfProvider = (Option<ProviderId>, Vec<(TaskId, Class)>);

/// The tasks that may be stopped, by provider.
#[derive(Clone, Debug)]
pub struct Surplus {
    service: ServiceId,
    lots: Vec<(Option<ProviderId>, Victims)>,
}

impl Surplus {
    /// `candidates` are the tasks that may be stopped, ascending.
    #[must_use]
    pub fn new(view: &View<'_>, service: ServiceId, candidates: impl IntoIterator<Item = (TaskId, Class)>) -> Self {
        let mut by_provider: Vec<OfProvider> = Vec::new();
        for (task, class) in candidates {
            let provider = view.cluster.task(task).provider;
            match by_provider.iter_mut().find(|(known, _)| *known == provider) {
                Some((_, tasks)) => tasks.push((task, class)),
                None => by_provider.push((provider, vec![(task, class)])),
            }
        }
        by_provider.sort_by_key(|(provider, _)| *provider);
        let lots =
            by_provider.into_iter().map(|(provider, tasks)| (provider, Victims::new(view, service, tasks))).collect();
        Self { service, lots }
    }

    /// A task of the service was started or stopped on that instance.
    pub fn changed(&mut self, view: &View<'_>, instance: InstanceId) {
        for (_, victims) in &mut self.lots {
            victims.changed(view, instance);
        }
    }

    /// Takes out the next victim.
    pub fn next(&mut self, view: &View<'_>) -> Option<TaskId> {
        let class = self.lots.iter().filter_map(|(_, victims)| victims.class()).min()?;
        let of_class: Vec<usize> = (0..self.lots.len()).filter(|at| self.lots[*at].1.class() == Some(class)).collect();
        let at = if of_class.len() == 1 { of_class[0] } else { self.largest(view, &of_class) };
        self.lots[at].1.next(view)
    }

    /// Of several lots, the one that CP-020 names. Tasks of no item of the strategy in force go first: nothing wants them
    /// there any more.
    fn largest(&self, view: &View<'_>, lots: &[usize]) -> usize {
        let row = &view.cluster.services()[self.service];
        let Some(strategy) = row.strategy else { return lots[0] };
        let items = &view.cluster.definitions().capacity_strategies[strategy];
        let is_item =
            |at: &usize| self.lots[*at].0.is_some_and(|provider| items.iter().any(|item| item.provider == provider));
        if let Some(stray) = lots.iter().find(|at| !is_item(at)) {
            return *stray;
        }
        // Only the items that have a task of this class can lose one: the others are asked again without them.
        let mut counts: Vec<u32> = items.iter().map(|item| row.live_on(item.provider)).collect();
        let zero_weight_base = view.settings.capacity.zero_weight_base;
        for _ in 0..items.len() {
            let Some(item) = provider_strategy::surplus(items, &counts, zero_weight_base) else { break };
            let found = lots.iter().find(|at| self.lots[**at].0 == Some(items[item].provider));
            match found {
                Some(at) => return *at,
                None => counts[item] = 0,
            }
        }
        lots[0]
    }
}
