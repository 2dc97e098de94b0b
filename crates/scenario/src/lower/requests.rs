//! Requests to services: what a `workload` entry with `service` becomes.

use std::collections::BTreeMap;

use ecsim_cluster::ServiceId;
use ecsim_engine::demand::{DemandModel, LoadModel, Slo};
use ecsim_engine::load::{Delay, Rate};
use ecsim_kernel::Distribution;

use super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::Workload;

/// More than this is a slip of the finger.
const MOST_PER_SECOND: f64 = 1e9;

/// An entry that has been read.
struct Entry<'a> {
    at: Locator<'a>,
    given: &'a Workload,
    model: LoadModel,
}

impl<'a> Context<'a> {
    /// Every entry about a service, callers before those they call.
    pub(super) fn lower_requests(&mut self) -> DemandModel {
        let scenario = self.scenario;
        let mut entries: BTreeMap<String, Entry<'a>> = BTreeMap::new();
        for (index, given) in scenario.workload.iter().enumerate() {
            // Whoever says both was told so.
            let Some(name) = given.service.as_ref().filter(|_| given.run_task.is_none()) else { continue };
            let at = self.at("workload").index(index);
            if let Some(first) = entries.get(name) {
                let message = format!("two workload entries send requests to `{}`", shown(name));
                let diagnostic = at
                    .clone()
                    .key("service")
                    .error("E302", message, "this one")
                    .label(first.at.span(), "and this one")
                    .help("one entry can add up several sources: requestsPerSecond: {sum: [...]}");
                self.push(diagnostic);
                continue;
            }
            let Some(service) = self.find_service(name, &at.clone().key("service")) else { continue };
            let model = self.load_of(name, service, given, &at);
            entries.insert(name.clone(), Entry { at, given, model });
        }
        self.in_call_order(entries)
    }

    fn load_of(&mut self, name: &str, service: ServiceId, given: &'a Workload, at: &Locator<'a>) -> LoadModel {
        let of = |key: &str| at.clone().key(key);
        let rate = match (&given.requests_per_second, &given.requests_per_minute) {
            (Some(_), Some(_)) => {
                let help = Some("write one of them; shapes can be added: {sum: [...]}".into());
                self.error(&of("requestsPerMinute"), "E367", "both `requestsPerSecond` and `requestsPerMinute`", help);
                Rate::Constant(0.0)
            }
            (Some(shape), None) => self.rate(shape, 1.0, &of("requestsPerSecond")),
            (None, Some(shape)) => match self.rate(shape, 60.0, &of("requestsPerMinute")) {
                Rate::Constant(value) => Rate::Constant(value / 60.0),
                rate => Rate::Product(vec![rate, Rate::Constant(1.0 / 60.0)]),
            },
            (None, None) => Rate::Constant(0.0),
        };
        if let Rate::Constant(value) = rate
            && !(0.0..=MOST_PER_SECOND).contains(&value)
        {
            self.error(at, "E367", format!("{value} requests a second: 0 to {MOST_PER_SECOND} are possible"), None);
        }
        let cpu = given.cpu_per_request.map_or(0.0, |it| it.seconds);
        if cpu == 0.0 && given.latency.is_none() && given.memory_per_request.is_none() {
            let message = format!("a request to `{}` costs nothing, so nothing can be seen of it", shown(name));
            self.error(at, "E367", message, Some("write for example cpuPerRequest: 12ms".into()));
        }
        let deviation = given.service_time_variation.unwrap_or(1.0);
        if !(0.0..=5.0).contains(&deviation) {
            let help = Some("0: all are alike; 1: exponentially distributed; 2 and more: a few are very long".into());
            let message = "`serviceTimeVariation` is the standard deviation by the mean, from 0 to 5";
            self.error(&of("serviceTimeVariation"), "E367", message, help);
        }
        if given.concurrency == Some(0) {
            let help = Some("leave it out for any number".into());
            self.error(&of("concurrency"), "E367", "a task that takes no request at a time", help);
        }
        if given.timeout.is_some_and(|timeout| timeout.0.is_zero()) {
            self.error(&of("timeout"), "E367", "a timeout of no time", Some("write for example 30s".into()));
        }
        if given.retries.is_some_and(|retries| retries > 10) {
            self.error(&of("retries"), "E367", "more than ten retries", Some("0 to 10 are possible".into()));
        }
        let delay = given.latency.as_ref().map_or(Delay::default(), |spec| delay(&self.seconds(spec, &of("latency"))));
        LoadModel {
            service,
            name: given.name.clone().unwrap_or_else(|| name.to_owned()),
            rate,
            cpu,
            variation: deviation * deviation,
            memory: given.memory_per_request.map_or(0.0, |it| it.bytes() as f64 / f64::from(1 << 20)),
            base_memory: given.base_memory.map(|it| it.bytes() as f64 / f64::from(1 << 20)),
            delay,
            concurrency: given.concurrency,
            max_queue: given.max_queue.map(f64::from),
            timeout: given.timeout.map_or(60.0, |it| it.0.secs_f64()),
            error_rate: given.error_rate.map_or(0.0, |it| it.fraction()),
            retries: given.retries.unwrap_or(0).min(10),
            calls: Vec::new(),
            slo: self.slo(given, &of("slo")),
        }
    }

    fn slo(&mut self, given: &Workload, at: &Locator<'a>) -> Option<Slo> {
        let slo = given.slo.as_ref()?;
        if slo.latency.is_none() && slo.error_rate.is_none() {
            let help = Some("write for example slo: {latency: 300ms, percentile: p95}".into());
            self.error(at, "E367", "an objective without `latency` and `errorRate` promises nothing", help);
        }
        let text = slo.percentile.as_deref().unwrap_or("p95");
        let number = text.trim_start_matches('p').parse::<f64>().ok().filter(|it| *it > 0.0 && *it < 100.0);
        let Some(percent) = number else {
            let message = format!("`{}` is no percentile", shown(text));
            self.error(&at.clone().key("percentile"), "E367", message, Some("write for example p95 or p99.9".into()));
            return None;
        };
        Some(Slo {
            percentile: percent / 100.0,
            latency: slo.latency.map(|it| it.0.secs_f64()),
            error_rate: slo.error_rate.map(|it| it.fraction()),
        })
    }

    /// Callers first; a circle of calls is an error.
    fn in_call_order(&mut self, entries: BTreeMap<String, Entry<'a>>) -> DemandModel {
        let mut calls: BTreeMap<&str, Vec<(String, f64)>> = BTreeMap::new();
        for (name, entry) in &entries {
            let mut of = Vec::new();
            for (index, call) in entry.given.calls.iter().enumerate() {
                let at = entry.at.clone().key("calls").index(index);
                let times = call.per_request.unwrap_or(1.0);
                if !(times > 0.0 && times <= 1_000.0) {
                    let help = Some("0.2 is one request in five".into());
                    self.error(&at.clone().key("perRequest"), "E367", "`perRequest` is above 0 and at most 1000", help);
                } else if entries.contains_key(&call.service) {
                    of.push((call.service.clone(), times));
                } else if self.find_service(&call.service, &at.clone().key("service")).is_some() {
                    let message = format!("nothing says what a request to `{}` costs", shown(&call.service));
                    let help = format!("add an entry to `workload`: {{service: {}, cpuPerRequest: 5ms}}", call.service);
                    self.error(&at.key("service"), "E367", message, Some(help));
                }
            }
            calls.insert(name, of);
        }
        let mut waiting: BTreeMap<&str, usize> = entries.keys().map(|name| (name.as_str(), 0)).collect();
        for (called, _) in calls.values().flatten() {
            *waiting.entry(called.as_str()).or_default() += 1;
        }
        let mut order: Vec<&str> = Vec::new();
        while let Some(name) = waiting.iter().find(|(_, callers)| **callers == 0).map(|(name, _)| *name) {
            waiting.remove(name);
            order.push(name);
            for (called, _) in &calls[name] {
                if let Some(callers) = waiting.get_mut(called.as_str()) {
                    *callers -= 1;
                }
            }
        }
        if let Some(first) = waiting.keys().next() {
            let circle: Vec<String> = waiting.keys().map(|name| format!("`{}`", shown(name))).collect();
            let message = format!("services call each other in a circle: {}", circle.join(", "));
            let help = Some("leave out one of the calls: load is carried one way only".into());
            let at = entries[*first].at.clone().key("calls");
            self.error(&at, "E368", message, help);
            return DemandModel::default();
        }
        let place: BTreeMap<&str, u32> = order.iter().zip(0..).map(|(name, at)| (*name, at)).collect();
        let loads = order.iter().map(|name| {
            let mut model = entries[*name].model.clone();
            model.calls = calls[name].iter().map(|(called, times)| (place[called.as_str()], *times)).collect();
            model
        });
        DemandModel { loads: loads.collect() }
    }
}

/// Mean, variance and least of a distribution.
fn delay(distribution: &Distribution) -> Delay {
    const POINTS: u32 = 400;
    let (min, max) = distribution.support();
    let mean = distribution.mean();
    if min == max {
        return Delay { mean, variance: 0.0, min };
    }
    let square = |at: u32| {
        let difference = distribution.quantile((f64::from(at) + 0.5) / f64::from(POINTS)) - mean;
        difference * difference
    };
    let variance = (0..POINTS).map(square).sum::<f64>() / f64::from(POINTS);
    Delay { mean, variance, min: min.clamp(0.0, mean) }
}
