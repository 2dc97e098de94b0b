//! Which capacity provider the next task of a pass gets, where some have already refused one.
//!
//! *What it does.* The provider is chosen before anybody looks for a place, and for life (CP-013, CP-015). One that refused
//! a task of this pass would refuse the next one too: its share stays missing, as if it had been created, and the others
//! get theirs. Nothing spills over.
//!
//! *What AWS documents.* That a task never moves to another provider because the chosen one is full (CP-015).
//!
//! *How we know it is right.* `cp_015_` tests of the engine.

use std::collections::BTreeMap;

use ecsim_cluster::definitions::{LaunchType, ProviderKind};
use ecsim_cluster::{ProviderId, Service};

use crate::capacity::provider_strategy;
use crate::view::View;

/// Why a task of a provider was not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No instance took it.
    NoRoom,
    /// A quota held it back, or Fargate had no capacity (CAS-009, FGT-004).
    HeldBack,
}

/// Who refused what in one pass. Tasks without a provider stand together as those of `None`.
#[derive(Clone, Debug, Default)]
pub struct Providers {
    refused: BTreeMap<Option<ProviderId>, Refusal>,
    /// Tasks that were not even tried.
    skipped: BTreeMap<Option<ProviderId>, u32>,
}

impl Providers {
    /// Nobody has refused anything.
    #[must_use]
    pub const fn new() -> Self {
        Self { refused: BTreeMap::new(), skipped: BTreeMap::new() }
    }

    /// The provider of the next task (CP-013), whoever refused one.
    #[must_use]
    pub fn first(&self, view: &View<'_>, row: &Service) -> Option<ProviderId> {
        let skipped = |provider| self.skipped.get(&Some(provider)).copied().unwrap_or(0);
        row.strategy.and_then(|strategy| {
            provider_strategy::of_next(view.cluster.definitions(), view.settings, strategy, |provider| {
                row.live_on(provider) + skipped(provider)
            })
        })
    }

    /// The provider of the next of `due` tasks; `None` where all that are left are of somebody who refused.
    pub fn next(&mut self, view: &View<'_>, row: &Service, due: u32) -> Option<Option<ProviderId>> {
        let mut skipped: u32 = self.skipped.values().sum();
        while skipped < due {
            let provider = self.first(view, row);
            if !self.refused.contains_key(&provider) {
                return Some(provider);
            }
            *self.skipped.entry(provider).or_insert(0) += 1;
            skipped += 1;
        }
        None
    }

    /// A task of that provider was refused.
    pub fn refuse(&mut self, provider: Option<ProviderId>, refusal: Refusal) {
        self.refused.insert(provider, refusal);
    }

    /// Whether somebody refused a task like that.
    #[must_use]
    pub fn any(&self, refusal: Refusal) -> bool {
        self.refused.values().any(|it| *it == refusal)
    }

    /// What refused like that may have changed: they are asked again.
    pub fn forget(&mut self, refusal: Refusal) {
        self.refused.retain(|_, it| *it != refusal);
        self.skipped.retain(|provider, _| self.refused.contains_key(provider));
    }
}

/// Whether the service's next tasks run on Fargate.
#[must_use]
pub fn is_on_fargate(view: &View<'_>, row: &Service) -> bool {
    let definitions = view.cluster.definitions();
    match row.strategy {
        Some(strategy) => definitions.capacity_strategies[strategy].iter().any(|item| {
            let kind = definitions.capacity_providers[item.provider].kind;
            matches!(kind, ProviderKind::Fargate | ProviderKind::FargateSpot)
        }),
        None => row.launch_type == LaunchType::Fargate,
    }
}
