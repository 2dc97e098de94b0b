//! Requests to services, part of the model: how many come, what each costs, what becomes of those that nobody can take.

use ecsim_cluster::ServiceId;

use crate::load::{Delay, Rate};

/// Requests to services.
#[derive(Clone, Debug, Default)]
pub struct DemandModel {
    /// One entry a service, callers before those they call.
    pub loads: Vec<LoadModel>,
}

/// Requests to one service.
#[derive(Clone, Debug)]
pub struct LoadModel {
    /// To which.
    pub service: ServiceId,
    /// The name of the workload entry: its noise is drawn by it.
    pub name: String,
    /// Requests a second from outside.
    pub rate: Rate,
    /// CPU time of a request, in seconds, the mean.
    pub cpu: f64,
    /// Its squared coefficient of variation.
    pub variation: f64,
    /// MiB that a request takes while it is in flight.
    pub memory: f64,
    /// MiB that a task takes without requests; `None`: what its containers use at their start.
    pub base_memory: Option<f64>,
    /// Time of a request without CPU.
    pub delay: Delay,
    /// How many requests a task takes at a time; `None`: any number.
    pub concurrency: Option<u32>,
    /// How many requests wait at a task beyond those; more are turned away. `None`: any number.
    pub max_queue: Option<f64>,
    /// Who has waited so long gives up, in seconds.
    pub timeout: f64,
    /// The share of the answers that are errors anyway.
    pub error_rate: f64,
    /// How often a client sends a request again that failed.
    pub retries: u32,
    /// Which other loads its requests call, and how often each.
    pub calls: Vec<(u32, f64)>,
    /// What it promises.
    pub slo: Option<Slo>,
}

impl LoadModel {
    /// `rate` requests a second of `cpu` seconds each, exponentially distributed, and nothing else.
    #[must_use]
    pub fn new(service: ServiceId, name: &str, rate: Rate, cpu: f64) -> Self {
        Self {
            service,
            name: name.to_owned(),
            rate,
            cpu,
            variation: 1.0,
            memory: 0.0,
            base_memory: None,
            delay: Delay::default(),
            concurrency: None,
            max_queue: None,
            timeout: 60.0,
            error_rate: 0.0,
            retries: 0,
            calls: Vec::new(),
            slo: None,
        }
    }
}

/// A service level objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slo {
    /// The share of the answers, in (0, 1), that come within [`Self::latency`].
    pub percentile: f64,
    /// In seconds.
    pub latency: Option<f64>,
    /// The share of requests that may fail or be turned away.
    pub error_rate: Option<f64>,
}
