//! How many tasks of each old revision are still to be kept (DEP-011).

use std::collections::BTreeMap;

use ecsim_cluster::{RolloutState, Service};

/// `want` of DEP-011, by the number of the deployment.
#[derive(Clone, Debug, Default)]
pub struct Wants {
    want: BTreeMap<u32, u32>,
    /// The desired count at the last look.
    desired: u32,
}

impl Wants {
    /// Old deployments come and go, the desired count changes, new tasks become healthy: `ok` of the PRIMARY deployment.
    /// Nothing is given up while `held`: traffic still goes to the old tasks (DEP-061); only those of `blue` while the
    /// service is being reconciled (DEP-060).
    pub fn look(&mut self, row: &Service, ok: u32, held: bool, blue: Option<u32>) {
        let desired = row.desired_count;
        let Some((_, old)) = row.deployments.split_last() else { return };
        self.want.retain(|number, _| old.iter().any(|deployment| deployment.number == *number));
        let grown = desired.saturating_sub(self.desired);
        let mut known_old = None;
        for deployment in old {
            match self.want.get(&deployment.number) {
                Some(_) if deployment.rollout != RolloutState::Failed => known_old = Some(deployment.number),
                Some(_) => {}
                None => {
                    self.want.insert(deployment.number, deployment.live.min(desired));
                }
            }
        }
        if let Some(want) = known_old.and_then(|number| self.want.get_mut(&number)) {
            *want += grown;
        }
        self.desired = desired;
        if let Some(blue) = blue {
            for (number, want) in &mut self.want {
                *want = if *number == blue { desired } else { 0 };
            }
        }
        // The ceiling holds for the sum; the newest old one is cut first.
        let ceiling = if held { desired } else { desired.saturating_sub(ok) };
        let mut over = self.want.values().sum::<u32>().saturating_sub(ceiling);
        for want in self.want.values_mut().rev() {
            let cut = over.min(*want);
            *want -= cut;
            over -= cut;
        }
    }

    /// How many tasks of an old deployment are to be kept.
    #[must_use]
    pub fn of(&self, deployment: u32) -> u32 {
        self.want.get(&deployment).copied().unwrap_or(0)
    }

    /// A task of an old deployment was stopped on purpose, and so many are left.
    pub fn stopped(&mut self, deployment: u32, live: u32) {
        if let Some(want) = self.want.get_mut(&deployment) {
            *want = (*want).min(live);
        }
    }
}
