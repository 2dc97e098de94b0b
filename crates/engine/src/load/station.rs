//! One task as a queue.
//!
//! A request needs some CPU time, and may spend some time without it (network, other services, disks). The CPU time is
//! served by the vCPUs that the task may use. A request uses one thread, so at most one vCPU; the threads of a task share
//! its vCPUs evenly, as the scheduler of the kernel does: M/G/c with processor sharing. Its mean does not depend on the
//! distribution of the work (insensitivity). Where a task takes no more requests at a time than it has vCPUs, the others
//! wait in line: M/G/c first come first served, with the correction of Allen and Cunneen.

use ecsim_kernel::math;

use super::erlang::wait_probability;
use super::response::Response;

/// Near saturation a queue takes long to become as long as it would be in the end: it is taken to have had so many seconds.
pub(super) const QUEUE_AGE_SECS: f64 = 60.0;

/// Time that a request spends without CPU, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Delay {
    /// The mean.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
    /// The least.
    pub min: f64,
}

/// One task, or one of several that are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// vCPUs that the task may use.
    pub vcpus: f64,
    /// CPU time of a request: the mean, in seconds.
    pub cpu: f64,
    /// Its squared coefficient of variation: 0 constant, 1 exponential.
    pub variation: f64,
    /// Time without CPU.
    pub delay: Delay,
    /// How many requests it takes at a time; `None`: any number.
    pub workers: Option<u32>,
    /// The squared coefficient of variation of the times between arrivals: 1 is a Poisson process.
    pub arrivals: f64,
    /// How many such tasks have one line together; 1: each its own.
    pub pool: f64,
}

/// A queue in its steady state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steady {
    /// Times to the answer.
    pub response: Response,
    /// Requests in flight: being answered, or waiting.
    pub in_flight: f64,
    /// vCPUs in use.
    pub busy: f64,
}

impl Station {
    /// Requests a second that it can answer; infinite where they cost nothing.
    #[must_use]
    pub fn capacity(&self) -> f64 {
        let by_cpu = if self.cpu > 0.0 { self.servers() / self.cpu } else { f64::INFINITY };
        match self.workers {
            Some(workers) if self.alone() + self.delay.mean > 0.0 => {
                by_cpu.min(f64::from(workers) / (self.alone() + self.delay.mean))
            }
            _ => by_cpu,
        }
    }

    /// vCPUs that requests can use at a time.
    fn servers(&self) -> f64 {
        match self.workers {
            Some(workers) => self.vcpus.min(f64::from(workers)),
            None => self.vcpus,
        }
    }

    /// How long the CPU time of a request takes when it is alone in the task.
    fn alone(&self) -> f64 {
        self.cpu * (1.0 / self.servers()).max(1.0)
    }

    /// Whether requests share the processors.
    pub(crate) fn shares(&self) -> bool {
        !self.is_in_line()
    }

    /// Whether requests wait in line for their CPU time, instead of sharing it.
    fn is_in_line(&self) -> bool {
        self.workers.is_some_and(|workers| f64::from(workers) <= self.vcpus.max(1.0))
    }

    /// How many requests keep it fully busy, and how many more it takes at a time.
    pub(super) fn places(&self) -> (f64, f64) {
        let busy = (self.capacity() * (self.alone() + self.delay.mean)).max(1.0);
        (busy, self.workers.map_or(0.0, |workers| (f64::from(workers) - busy).max(0.0)))
    }

    /// How much longer than that of M/M/c the tail of its queue is: by the variation of work where it waits in line, and of
    /// the times between arrivals.
    pub(super) fn tail_factor(&self) -> f64 {
        f64::midpoint(self.arrivals, if self.is_in_line() { self.variation } else { 1.0 })
    }

    /// Times to the answer while nobody else asks.
    #[must_use]
    pub fn alone_response(&self) -> Response {
        let alone = if self.cpu > 0.0 && self.vcpus > 0.0 { self.alone() } else { 0.0 };
        let shift = self.delay.min + if self.variation == 0.0 { alone } else { 0.0 };
        Response {
            shift,
            mean: self.delay.mean + alone,
            variance: self.delay.variance + self.variation * alone * alone,
        }
    }

    /// The steady state at `rate` requests a second; at or above the capacity, what the queue is like beside the backlog.
    #[must_use]
    pub fn steady(&self, rate: f64) -> Steady {
        let capacity = self.capacity();
        let served = rate.min(capacity);
        let (mut mean, mut variance) = (self.delay.mean, self.delay.variance);
        let mut shift = self.delay.min;
        if self.cpu > 0.0 && self.vcpus > 0.0 {
            let (cpu_mean, cpu_variance) = self.cpu_time(served);
            mean += cpu_mean;
            variance += cpu_variance;
            if self.variation == 0.0 {
                shift += self.alone();
            }
        }
        if let (Some(workers), true) = (self.workers, self.delay.mean > 0.0) {
            // Requests that do not compute hold a worker too: those wait for one as in M/M/c.
            let held = self.alone() + self.delay.mean;
            let workers = f64::from(workers);
            let rho = (served * held / workers).min(1.0);
            let part = self.delay.mean / held;
            let slack = (1.0 - rho).max(self.least_slack(workers / held, rho, workers));
            let wait = part * wait_probability(workers * self.pool, rho) * held / (workers * self.pool * slack);
            mean += wait;
            variance += wait * wait;
        }
        let response = Response { shift: shift.min(mean), mean, variance };
        Steady { response, in_flight: served * mean, busy: served * self.cpu }
    }

    /// `1 - rho`, as far as a queue that is [`QUEUE_AGE_SECS`] old has felt it: its length is that of a Brownian motion.
    fn least_slack(&self, capacity: f64, rho: f64, servers: f64) -> f64 {
        let capacity = capacity * self.pool;
        let longest =
            math::sqrt(2.0 * capacity * (self.arrivals + self.variation) * QUEUE_AGE_SECS / core::f64::consts::PI);
        let probability = wait_probability(servers * self.pool, rho);
        let factor = f64::midpoint(self.arrivals, 1.0);
        // L = rho * C * factor / (1 - rho); without the first rho, so that who waits at the longest queue waits no less where
        // more comes.
        if longest > 0.0 { probability * factor / longest } else { 1.0 }
    }

    /// Mean and variance of the time until a request has got its CPU time.
    fn cpu_time(&self, rate: f64) -> (f64, f64) {
        let (servers, alone) = (self.servers(), self.alone());
        let rho = (rate * self.cpu / servers).min(1.0);
        let pooled = servers * self.pool;
        let probability = wait_probability(pooled, rho);
        let slack = (1.0 - rho).max(self.least_slack(servers / self.cpu, rho, servers)).max(1e-9);
        let burst = f64::midpoint(self.arrivals, 1.0);
        // 1 / (rate at which a full task answers, less the rate at which requests come).
        let unit = self.cpu / pooled / slack;
        if self.is_in_line() {
            let factor = f64::midpoint(self.arrivals, self.variation);
            let wait = probability * unit * factor;
            let second = 2.0 * probability * unit * unit * factor * factor;
            return (alone + wait, self.variation * alone * alone + second - wait * wait);
        }
        let wait = probability * unit * burst;
        let stretch = (alone + wait) / alone;
        let own = stretch * stretch * self.variation * alone * alone;
        let others =
            if rho > 0.0 { probability / rho * unit * unit * sharing_variance(rho, self.variation) } else { 0.0 };
        (alone + wait, own + burst * burst * others)
    }
}

/// What the others add to the variance of the time of a request of M/G/1 with processor sharing, in units of
/// `(work / (1 - rho))` squared: exact for constant and for exponential work, a straight line through both for the rest
/// (Yashkov: `2 / (1 - rho)^2` times the integral of `(x - u) P(wait > u)` up to the work `x`, averaged over it).
fn sharing_variance(rho: f64, variation: f64) -> f64 {
    let tail = if rho < 1e-3 { 0.5 + rho / 6.0 } else { (math::exp(rho) - 1.0 - rho) / (rho * rho) };
    let constant = 1.0 - 2.0 * (1.0 - rho) * tail;
    let exponential = 2.0 * rho / (2.0 - rho);
    constant + variation * (exponential - constant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station(vcpus: f64, cpu: f64, variation: f64, workers: Option<u32>) -> Station {
        Station { vcpus, cpu, variation, delay: Delay::default(), workers, arrivals: 1.0, pool: 1.0 }
    }

    fn near(got: f64, wanted: f64) {
        assert!((got / wanted - 1.0).abs() < 1e-9, "{got} is not {wanted}");
    }

    /// M/M/1: the mean is 1 / (mu - lambda) whether served in line or all at a time, and in line it is exponential.
    #[test]
    fn one_server_is_m_m_1() {
        for rho in [0.1, 0.5, 0.8, 0.95] {
            let (cpu, rate) = (0.02, rho * 50.0);
            let mean = 1.0 / (50.0 - rate);
            let line = station(1.0, cpu, 1.0, Some(1)).steady(rate);
            near(line.response.mean, mean);
            near(line.response.variance, mean * mean);
            near(line.in_flight, rho / (1.0 - rho));
            assert!((line.response.quantile(0.95) / (mean * 2.995_732) - 1.0).abs() < 1e-4);
            let shared = station(1.0, cpu, 1.0, None).steady(rate);
            near(shared.response.mean, mean);
            // Coffman, Muntz, Trotter (1970).
            near(shared.response.variance, mean * mean * (2.0 + rho) / (2.0 - rho));
            near(shared.busy, rho);
        }
    }

    /// Half a vCPU is a server of half the speed.
    #[test]
    fn a_part_of_a_vcpu_is_a_slow_server() {
        near(station(0.5, 0.02, 1.0, None).steady(10.0).response.mean, 1.0 / (25.0 - 10.0));
        near(station(0.25, 0.02, 1.0, None).capacity(), 12.5);
    }

    /// M/M/c: c servers, load 4 of 5: the wait is C / (c mu - lambda) with C = 0.5541.
    #[test]
    fn several_servers_are_m_m_c() {
        let steady = station(5.0, 0.1, 1.0, Some(5)).steady(40.0);
        assert!((steady.response.mean - (0.1 + 0.554_113 / 10.0)).abs() < 1e-6, "{steady:?}");
        near(station(5.0, 0.1, 1.0, None).steady(40.0).response.mean, steady.response.mean);
    }

    /// M/G/1 with processor sharing does not see the distribution of the work; in line the formula of Pollaczek and
    /// Khinchine does.
    #[test]
    fn sharing_is_insensitive_and_a_line_is_not() {
        for variation in [0.0, 0.5, 1.0, 4.0] {
            near(station(1.0, 0.02, variation, None).steady(40.0).response.mean, 0.1);
            let wait = 0.8 / (1.0 - 0.8) * 0.02 * (1.0 + variation) / 2.0;
            near(station(1.0, 0.02, variation, Some(1)).steady(40.0).response.mean, 0.02 + wait);
        }
    }

    /// Requests that only wait hold a worker: the task is M/M/c of its workers.
    #[test]
    fn workers_limit_what_does_not_compute() {
        let mut it = station(4.0, 0.0, 1.0, Some(10));
        it.delay = Delay { mean: 0.5, variance: 0.25, min: 0.0 };
        near(it.capacity(), 20.0);
        let mean = it.steady(16.0).response.mean;
        assert!((mean - (0.5 + 0.409_180 / 4.0)).abs() < 1e-5, "{mean}");
    }

    #[test]
    fn at_its_capacity_a_queue_is_as_long_as_its_age_allows() {
        let it = station(1.0, 0.01, 1.0, None);
        let (below, at, above) = (it.steady(99.9), it.steady(100.0), it.steady(140.0));
        assert!((at.in_flight / 87.4 - 1.0).abs() < 0.05, "{}", at.in_flight);
        assert!((below.response.mean / at.response.mean - 1.0).abs() < 0.01);
        near(above.response.mean, at.response.mean);
    }

    #[test]
    fn one_line_for_all_is_shorter() {
        let own = station(1.0, 0.02, 1.0, None);
        let pooled = Station { pool: 5.0, ..own };
        near(pooled.steady(40.0).response.mean, 0.02 + 0.554_112_554_112_554_2 / 50.0);
        assert!(pooled.steady(40.0).response.mean < own.steady(40.0).response.mean);
        let turns = Station { arrivals: 0.2, ..own };
        let mean = turns.steady(40.0).response.mean;
        assert!(mean < own.steady(40.0).response.mean && mean > pooled.steady(40.0).response.mean);
    }
}
