//! What the proxies of Service Connect and of App Mesh do about requests that fail: they try again on another task, and
//! avoid a task that keeps failing for a while (LB-041).
//!
//! **What AWS documents** of Service Connect: round robin; two retries, of which the next never goes where the one before
//! failed; a host with five failures within 30 s is avoided for 30 to 300 s. Its proxy is Envoy, where those are five in a
//! row, the time is 30 s for each time in a row that the host was ejected, and no more than a part of the hosts is ejected
//! at a time, yet always one. App Mesh's proxy is Envoy, too.
//!
//! **Ours.** How many may be ejected at a time is not documented for Service Connect: it is Envoy's default (a setting). A run
//! of failures comes after the mean time that it takes to come, not by chance. All proxies of the callers are alike and
//! eject at once; each of them sees its part of the requests.

use ecsim_kernel::{Span, math};

/// How often a proxy sends a failed request again.
pub const RETRIES: u32 = 2;
/// So many failures in a row, and a task is ejected.
const FAILURES: i32 = 5;
/// They must come within this time, in seconds.
const WINDOW_SECS: f64 = 30.0;
/// For how long a task is ejected the first time; each further one in a row adds as much.
const BASE: Span = Span::from_secs(30);
/// And at most so long.
const LONGEST: Span = Span::from_secs(300);

/// Requests with their retries, each second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempts {
    /// What comes to each task.
    pub each: Vec<f64>,
    /// Requests whose last attempt failed, too.
    pub lost: f64,
}

/// Sends `requests` a second to tasks with these shares (they add up to 1), of which each fails a part: what failed goes to
/// another one, at most [`RETRIES`] times.
#[must_use]
pub fn attempts(requests: f64, tasks: &[(f64, f64)]) -> Attempts {
    let mut now: Vec<f64> = tasks.iter().map(|(share, _)| requests * share).collect();
    let mut each = now.clone();
    for _ in 0..RETRIES {
        // From task i to task j goes failed(i) * share(j) / (1 - share(i)); the sum over all i but j.
        let spread = |at: usize| {
            let (share, fails) = tasks[at];
            if share < 1.0 { now[at] * fails / (1.0 - share) } else { 0.0 }
        };
        let all: f64 = (0..tasks.len()).map(spread).sum();
        let next = (0..tasks.len()).map(|at| {
            let (share, fails) = tasks[at];
            // Where there is no other, it is the same one again.
            if share < 1.0 { (share * (all - spread(at))).max(0.0) } else { now[at] * fails }
        });
        now = next.collect();
        for (sum, again) in each.iter_mut().zip(&now) {
            *sum += again;
        }
    }
    let lost = tasks.iter().zip(&now).map(|((_, fails), now)| fails * now).sum();
    Attempts { each, lost }
}

/// Seconds until a task that fails the part `fails` of the `rate` requests that it gets from a proxy each second has failed
/// five in a row, the mean; `None`: they come too rarely, or not at all.
#[must_use]
pub fn ejected_after(rate: f64, fails: f64) -> Option<f64> {
    if rate <= 0.0 || fails <= 0.0 || f64::from(FAILURES) / rate > WINDOW_SECS {
        return None;
    }
    // The mean number of trials until a run of n: (p^-n - 1) / (1 - p).
    let run = math::pow(fails.min(1.0), f64::from(FAILURES));
    let trials = if fails < 1.0 - 1e-9 { (1.0 / run - 1.0) / (1.0 - fails) } else { f64::from(FAILURES) };
    // What takes longer than anybody simulates never happens.
    Some(trials / rate).filter(|secs| *secs < 1e9)
}

/// How long an ejection lasts that is the `times`-th in a row.
#[must_use]
pub fn ejection(times: u32) -> Span {
    BASE.saturating_mul(u64::from(times)).min(LONGEST)
}

/// The number of an ejection, where the one before was the `times`-th and ended so long ago: a task that behaves for 30 s is
/// forgiven one.
#[must_use]
pub fn ejection_number(times: u32, behaved: Span) -> u32 {
    let forgiven = u32::try_from(behaved.ms() / BASE.ms()).unwrap_or(u32::MAX);
    times.saturating_sub(forgiven) + 1
}

/// Whether one more of `hosts` may be ejected where `ejected` are: at most a percentage, yet always one.
#[must_use]
pub fn may_eject(hosts: usize, ejected: usize, percent: u32) -> bool {
    ejected == 0 || (ejected as u64 + 1) * 100 <= u64::from(percent) * hosts as u64
}

/// Whether so few of `hosts` would be left that a proxy does not look at ejections (Envoy's panic threshold of 50 %).
#[must_use]
pub const fn panics(hosts: usize, ejected: usize) -> bool {
    ejected * 2 > hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four tasks of which one fails everything: a quarter is tried again on the other three, and nothing is lost.
    #[test]
    fn lb_041_what_failed_is_tried_again_elsewhere() {
        let bad = attempts(100.0, &[(0.25, 1.0), (0.25, 0.0), (0.25, 0.0), (0.25, 0.0)]);
        let wanted = [25.0, 25.0 + 25.0 / 3.0, 25.0 + 25.0 / 3.0, 25.0 + 25.0 / 3.0];
        assert!(bad.each.iter().zip(wanted).all(|(got, wanted)| (got - wanted).abs() < 1e-9), "{bad:?}");
        assert!(bad.lost.abs() < 1e-9);
        // All fail a tenth: a thousandth is lost, and each attempt makes a tenth of an attempt more.
        let all = attempts(100.0, &[(0.5, 0.1), (0.5, 0.1)]);
        assert!((all.lost - 0.1).abs() < 1e-9 && (all.each.iter().sum::<f64>() - 111.0).abs() < 1e-9, "{all:?}");
        // Two of three fail everything: half of the retries go from the one to the other; a retry goes back to the first.
        let two = attempts(90.0, &[(1.0 / 3.0, 1.0), (1.0 / 3.0, 1.0), (1.0 / 3.0, 0.0)]);
        assert!((two.lost - 15.0).abs() < 1e-9, "{two:?}");
        // A single one has to do.
        let one = attempts(10.0, &[(1.0, 1.0)]);
        assert_eq!((one.each, one.lost), (vec![30.0], 10.0));
        assert_eq!(attempts(10.0, &[]), Attempts::default());
    }

    #[test]
    fn lb_041_five_failures_in_a_row_within_thirty_seconds() {
        assert_eq!(ejected_after(10.0, 1.0), Some(0.5));
        // (2^5 - 1) / (1 / 2) = 62 requests.
        assert!((ejected_after(10.0, 0.5).unwrap() - 6.2).abs() < 1e-9);
        // A tenth of errors: 111,110 requests.
        assert!((ejected_after(100.0, 0.1).unwrap() - 1_111.1).abs() < 1e-6);
        assert_eq!((ejected_after(0.1, 1.0), ejected_after(10.0, 0.0), ejected_after(10.0, 1e-3)), (None, None, None));
    }

    #[test]
    fn lb_041_ejections_last_from_thirty_to_three_hundred_seconds_and_never_take_all() {
        let secs = [1, 2, 9, 10, 11, 500].map(|times| ejection(times).ms() / 1_000);
        assert_eq!(secs, [30, 60, 270, 300, 300, 300]);
        assert_eq!(ejection_number(3, Span::from_secs(29)), 4);
        assert_eq!((ejection_number(3, Span::from_secs(60)), ejection_number(3, Span::from_days(1))), (2, 1));
        assert!(may_eject(2, 0, 10) && !may_eject(19, 1, 10) && may_eject(20, 1, 10) && !may_eject(29, 2, 10));
        assert!(panics(1, 1) && !panics(2, 1) && !panics(0, 0) && panics(3, 2));
    }
}
