//! Requests that find a full queue, or that wait too long, while a task could answer all of them in the long run.
//!
//! **Finite room.** A task is a birth-death process: with `j` requests more than its processors can work on, the next one finds
//! `j` with a probability of `rho^j` times that of none (M/M/c/K). Without any room this is Erlang B.
//!
//! **Patience.** Who waits for `tau` gives up: M/M/c with deterministic impatience (Gnedenko and Kovalenko). The time that a
//! newcomer would wait has the density `exp(-(c mu - lambda) t)` up to `tau`; beyond, nobody is added.
//!
//! Both are exact for exponential work and hold at, and above, saturation. Work and arrivals of another variation change how
//! fast the tail falls, as in heavy traffic: by the factor that Allen and Cunneen have for the mean.

use ecsim_kernel::math;

use super::erlang::blocked;
use super::station::Station;

/// What bounds the queue of a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// So many may wait, beside those that are taken at a time; more are turned away.
    Queue(f64),
    /// Who has waited so long gives up, in seconds.
    Wait(f64),
}

/// A queue with a limit in its steady state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limited {
    /// The share of the requests that is turned away or gives up.
    pub lost: f64,
    /// How long the others wait, the mean, in seconds.
    pub wait: f64,
    /// The variance of that.
    pub variance: f64,
}

/// Near saturation a queue is taken to be no older than this, so nobody in it has waited for longer: whoever is as patient
/// gives up only where more comes than a task can answer.
pub const PATIENT_SECS: f64 = super::station::QUEUE_AGE_SECS;
/// A limit so many times the natural scale of the queue away is not felt: exp(-40).
const FAR: f64 = 40.0;
/// What waits is at least so even: requests of a fixed size that take turns would never meet.
const LEAST_FACTOR: f64 = 0.05;

impl Station {
    /// The queue at `rate` requests a second under a limit; `None`: the limit is not felt.
    #[must_use]
    pub fn limited(&self, rate: f64, limit: Limit) -> Option<Limited> {
        let capacity = self.capacity();
        if rate <= 0.0 || capacity <= 0.0 || !capacity.is_finite() {
            return None;
        }
        let rho = rate / capacity;
        let factor = self.tail_factor().max(LEAST_FACTOR);
        // As many as keep it fully busy; those it takes beyond that share its processors.
        let (busy, beyond) = self.places();
        let (busy, beyond) = (busy * self.pool, beyond * self.pool / factor);
        match limit {
            Limit::Queue(queue) => {
                let room = beyond + queue * self.pool / factor;
                let fall = -room * math::ln(rho);
                if fall > FAR {
                    return None;
                }
                let none = blocked(busy, rho);
                let (all, queued) = geometric(rho, room);
                // Relative to the last state.
                let whole = math::exp(fall) + none * all;
                let lost = none / whole;
                let wait = none * queued / whole * factor / (rate * self.pool * (1.0 - lost));
                let scale = room * factor / (capacity * self.pool);
                let (_, _, square) = moments(fall);
                let second = none * room * scale * scale * square * math::exp(fall) / whole / (1.0 - lost);
                // Each that waits before it is served for a time of its own.
                let second = second + wait * factor / (capacity * self.pool);
                Some(Limited { lost, wait, variance: (second - wait * wait).max(0.0) })
            }
            Limit::Wait(patience) => {
                let room = capacity * self.pool * patience / factor;
                let fall = (1.0 - rho) * room;
                if fall + beyond * (1.0 - rho) > FAR {
                    return None;
                }
                let none = blocked(busy, rho);
                let before = math::exp(-beyond * math::ln(rho));
                let (all, queued) = geometric(rho, beyond);
                let shared = before + none * all;
                let full = none / shared;
                let (zeroth, first, square) = moments(fall);
                let grow = math::exp(fall);
                // Relative to the end of the patience.
                let whole = (1.0 - full) * grow + full * room * zeroth * grow + full;
                let lost = full / whole;
                let line = full * room * grow / whole;
                let waiting = patience * line * first;
                let second = patience * patience * line * square / (1.0 - lost);
                let sharing = (none * queued / shared - beyond * full) * grow / whole;
                let others = sharing + beyond * (line * zeroth + lost);
                let wait = waiting / (1.0 - lost) + others * factor / (rate * self.pool * (1.0 - lost));
                Some(Limited { lost, wait, variance: (second - wait * wait).max(0.0) })
            }
        }
    }
}

/// The sum of `rho^j` and of `j rho^j` for `j` from 1 to `room`, both by `rho^room`, for any `room` of at least 0.
fn geometric(rho: f64, room: f64) -> (f64, f64) {
    let slack = 1.0 - rho;
    let last = math::exp(-room * math::ln(rho));
    // Near one the quotients are differences of numbers that are alike.
    let near = (slack * room.max(1.0)).abs();
    let sum = if near < 1e-8 { room * last } else { rho * (last - 1.0) / slack };
    let weighted = if near < 1e-4 {
        room * (room + 1.0) / 2.0 * last
    } else {
        (rho * (last - 1.0 - room * slack) / (slack * slack)).max(0.0)
    };
    (sum, weighted)
}

/// The integrals of `t^k exp(-fall t)` from 0 to 1 for k = 0, 1, 2.
fn moments(fall: f64) -> (f64, f64, f64) {
    if fall.abs() < 1e-2 {
        let series = |k: f64| 1.0 / k - fall / (k + 1.0) + fall * fall / (2.0 * (k + 2.0));
        return (series(1.0), series(2.0), series(3.0));
    }
    let end = math::exp(-fall);
    let zeroth = (1.0 - end) / fall;
    let first = (zeroth - end) / fall;
    (zeroth, first, (2.0 * first - end) / fall)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Delay, erlang::wait_probability};

    fn station(vcpus: f64, workers: Option<u32>) -> Station {
        Station { vcpus, cpu: 0.02, variation: 1.0, delay: Delay::default(), workers, arrivals: 1.0, pool: 1.0 }
    }

    /// The birth-death process state by state: the probability of the last one, and the mean number that waits.
    fn chain(servers: u32, rho: f64, places: u32) -> (f64, f64) {
        let load = rho * f64::from(servers);
        let (mut state, mut all, mut waiting) = (1.0, 1.0, 0.0);
        for count in 1..=places {
            state *= load / f64::from(count.min(servers));
            all += state;
            waiting += state * f64::from(count.saturating_sub(servers));
        }
        (state / all, waiting / all)
    }

    /// M/M/c/K, from far below to far above saturation, with and without a queue, in line and shared.
    #[test]
    fn a_full_queue_is_the_last_state_of_a_birth_death_process() {
        for servers in [1, 2, 5, 40] {
            for rho in [0.3, 0.8, 0.95, 0.999_999_99, 1.0, 1.000_01, 1.05, 1.5, 4.0] {
                for (workers, queue) in [(servers, 0), (servers, 1), (servers, 20), (servers + 7, 0), (servers + 7, 5)]
                {
                    let it = station(f64::from(servers), Some(workers));
                    let rate = rho * it.capacity();
                    let (last, waiting) = chain(servers, rho, workers + queue);
                    let Some(got) = it.limited(rate, Limit::Queue(f64::from(queue))) else {
                        assert!(last < 1e-15, "{servers} {rho} {queue}: {last}");
                        continue;
                    };
                    assert!((got.lost / last - 1.0).abs() < 1e-7, "{servers} {rho} {queue}: {} {last}", got.lost);
                    let wait = waiting / (rate * (1.0 - last));
                    assert!(
                        (got.wait - wait).abs() <= 2e-4 * wait + 1e-12,
                        "{servers} {rho} {queue}: {} {wait}",
                        got.wait
                    );
                    assert!(got.variance >= 0.0);
                }
            }
        }
    }

    /// Without a queue: Erlang B of five servers and a load of four is 0.1991.
    #[test]
    fn no_queue_at_all_is_erlang_b() {
        let got = station(5.0, Some(5)).limited(0.8 * 250.0, Limit::Queue(0.0)).unwrap();
        assert!((got.lost - 0.199_07).abs() < 1e-5 && got.wait == 0.0, "{got:?}");
    }

    /// M/M/1 with patience: `rho (1 - rho) e / (1 - rho^2 e)` with `e = exp(-(mu - lambda) tau)`, and the limit at
    /// saturation; long patience is the tail of Erlang C.
    #[test]
    fn who_has_no_patience_gives_up() {
        let one = station(1.0, Some(1));
        for rho in [0.2, 0.7, 0.95, 1.2] {
            for patience in [0.01, 0.1, 0.5] {
                let e = math::exp(-(50.0 - rho * 50.0) * patience);
                let wanted = rho * (1.0 - rho) * e / (1.0 - rho * rho * e);
                let got = one.limited(rho * 50.0, Limit::Wait(patience)).unwrap().lost;
                assert!((got / wanted - 1.0).abs() < 1e-9, "{rho} {patience}: {got} {wanted}");
            }
        }
        let at = |rho: f64| one.limited(rho * 50.0, Limit::Wait(0.2)).unwrap();
        let (below, here, above) = (at(1.0 - 1e-7), at(1.0), at(1.0 + 1e-7));
        assert!((here.lost - 1.0 / 12.0).abs() < 1e-9, "{here:?}");
        assert!((below.lost - above.lost).abs() < 1e-6 && (below.wait - above.wait).abs() < 1e-6);
        let four = station(4.0, Some(4));
        let (rate, tail) = (180.0, math::exp(-(200.0 - 180.0) * 0.5));
        let got = four.limited(rate, Limit::Wait(0.5)).unwrap();
        let wanted = wait_probability(4.0, 0.9) * 0.1 * tail;
        assert!((got.lost / wanted - 1.0).abs() < 1e-3, "{} {wanted}", got.lost);
        // A limit that is far away is not felt.
        assert_eq!(one.limited(25.0, Limit::Wait(50.0)), None);
    }
}
