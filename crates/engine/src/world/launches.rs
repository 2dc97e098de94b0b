//! The limit on task launches that AWS published until 2019 (QTA-018): a token bucket, off by default.
//!
//! Placement is not held up: the task exists and its resources are reserved. Its launch, which is what the quota
//! counts, waits for a token, first come first served. What AWS does to the caller meanwhile it never documented.

use std::collections::BTreeSet;

use ecsim_cluster::TaskId;
use ecsim_kernel::SimTime;
use ecsim_policies::settings::Bucket;

/// The bucket, and the tasks that wait for a token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launches {
    /// When the bucket would be full again, in milliseconds times tokens a thousand seconds: exact for any rate.
    full_at: u64,
    held: BTreeSet<TaskId>,
}

impl Launches {
    /// The instant at which one more task may be launched, whose token is then taken. `share` is that of the refill that is
    /// really achieved, in thousandths (MEAS-005).
    fn next_token(&mut self, now: SimTime, bucket: Bucket, share: u64) -> SimTime {
        const TOKEN: u64 = 1_000_000;
        let rate = (u64::from(bucket.refill_per_second.max(1)) * share).max(1);
        let others = u64::from(bucket.capacity.max(1) - 1) * TOKEN;
        let full_at = self.full_at.max(now.ms().saturating_mul(rate));
        self.full_at = full_at.saturating_add(TOKEN);
        now.max(SimTime::from_ms(full_at.saturating_sub(others).div_ceil(rate)))
    }

    /// When a new task may be launched, if not at once; it counts as held until then.
    pub(crate) fn hold(&mut self, now: SimTime, bucket: Option<Bucket>, task: TaskId) -> Option<SimTime> {
        self.hold_at_share(now, bucket?, 1_000, task)
    }

    /// The same, where only a share of the refill is achieved, in thousandths.
    pub(crate) fn hold_at_share(&mut self, now: SimTime, bucket: Bucket, share: u64, task: TaskId) -> Option<SimTime> {
        let at = self.next_token(now, bucket, share);
        (at > now).then(|| {
            self.held.insert(task);
            at
        })
    }

    /// The task waits no longer.
    pub(crate) fn release(&mut self, task: TaskId) {
        self.held.remove(&task);
    }

    /// Whether the task still waits for its token.
    pub(crate) fn holds(&self, task: TaskId) -> bool {
        !self.held.is_empty() && self.held.contains(&task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qta_018_no_window_sees_more_launches_than_burst_and_refill() {
        for (capacity, refill_per_second) in [(1, 1), (3, 2), (100, 20), (7, 3)] {
            let bucket = Bucket { capacity, refill_per_second };
            let mut launches = Launches::default();
            let mut times: Vec<u64> = Vec::new();
            let mut wish: u64 = 7;
            for wanted in 0..2_000_u64 {
                wish = wish * 48_271 % 2_147_483_647;
                let now = SimTime::from_ms(wanted / 40 * 1_000 + wanted % 40 * 5 + wish % 5);
                times.push(launches.next_token(now, bucket, 1_000).ms());
            }
            assert!(times.is_sorted());
            for from in (0..times.len()).step_by(7) {
                for to in (from..times.len()).step_by(11) {
                    let most = u64::from(capacity) * 1_000 + (times[to] - times[from]) * u64::from(refill_per_second);
                    assert!((to - from + 1) as u64 * 1_000 <= most, "{bucket:?}: {from} to {to}");
                }
            }
        }
    }
}
