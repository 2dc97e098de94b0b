//! A compose file of the former ECS integration of Docker: each service one of Fargate.

use super::fit::Dialect;
use super::node::{as_number, as_text, elements, find, find_at, find_text, list, map, number, push, set, text};
use super::{Import, Kind, Object};
use crate::diagnostic::{Span, shown};
use crate::document::{Entry, Node};
use ecsim_catalog::Catalog;

/// Fields of a service that a simulation does not need.
const UNNEEDED: [&str; 25] = [
    "environment",
    "env_file",
    "command",
    "entrypoint",
    "labels",
    "logging",
    "hostname",
    "user",
    "working_dir",
    "container_name",
    "restart",
    "init",
    "read_only",
    "tty",
    "stdin_open",
    "cap_add",
    "cap_drop",
    "networks",
    "expose",
    "dns",
    "extra_hosts",
    "sysctls",
    "ulimits",
    "pull_policy",
    "platform",
];

impl Import<'_> {
    /// The services of a compose file.
    pub(super) fn compose(&mut self, _path: &str, root: &Node) {
        let Some(services) = root.get("services").and_then(Node::as_map) else { return };
        for entry in root.as_map().into_iter().flat_map(|map| map.iter()) {
            match entry.key.as_str() {
                "services" | "version" | "name" => {}
                "secrets" | "configs" | "networks" => {
                    self.findings.unneeded(&format!("{} of the compose file", entry.key))
                }
                "volumes" => {
                    self.findings.lost("volumes of the compose file: EFS has no part in a run", Some(entry.key_span))
                }
                other if other.starts_with("x-aws-") => {
                    let message = format!("`{}`: the scenario says nothing of it", shown(other));
                    self.findings.lost(message, Some(entry.key_span));
                }
                other => self.findings.unneeded(&format!("`{}` of the compose file", shown(other))),
            }
        }
        if !services.is_empty() {
            self.findings.assumed(
                "each service of the compose file runs on Fargate, as Docker's ECS integration would deploy it",
                root.get("services").map(|node| node.span).map(|span| Span::new(span.file, span.start, span.start)),
            );
        }
        for entry in services.iter() {
            self.compose_service(entry);
        }
    }

    fn compose_service(&mut self, entry: &Entry) {
        let (name, span, given) = (&entry.key, entry.key_span, &entry.value);
        let resources = |of: &str, what: &str| find_at(given, &["deploy", "resources", of, what]).cloned();
        let cpu =
            resources("limits", "cpus").or_else(|| resources("reservations", "cpus")).or(find(given, "cpus").cloned());
        let memory =
            resources("limits", "memory")
                .or_else(|| resources("reservations", "memory"))
                .or(find(given, "mem_limit").cloned());
        let wanted_cpu = cpu.as_ref().and_then(as_number).map_or(256, |vcpus| (vcpus * 1024.0).clamp(0.0, 1e6) as u32);
        let wanted_memory = memory.as_ref().and_then(as_text).and_then(mebibytes).unwrap_or(512);
        let mut sizes = Catalog::fargate_sizes().iter();
        let size = sizes.find(|size| size.cpu_units >= wanted_cpu && size.memory_mib >= wanted_memory);
        let (cpu_units, memory_mib) = size.map_or((256, 512), |size| (size.cpu_units, size.memory_mib));
        let at = cpu.or(memory).map_or(span, |node| node.span);
        if size.is_none() {
            let message = format!(
                "`{}` asks for more than the largest Fargate task; {cpu_units} CPU units and {memory_mib} MiB stand in",
                shown(name)
            );
            self.findings.assumed(message, Some(at));
        } else if at == span {
            self.findings.assumed(
                format!("`{}` says no size: 256 CPU units and 512 MiB, Fargate's smallest, stand in", shown(name)),
                Some(span),
            );
        } else if (cpu_units, memory_mib) != (wanted_cpu, wanted_memory) {
            let message =
                format!("`{}` gets {cpu_units} CPU units and {memory_mib} MiB, the next size of Fargate", shown(name));
            self.findings.assumed(message, Some(at));
        }

        let mut container = map([("name", text(name.clone(), span))], given.span);
        match find(given, "image").filter(|image| as_text(image).is_some()) {
            Some(image) => set(&mut container, "image", image.clone()),
            None => self.findings.note(format!("`{}` has no image: it is built", shown(name)), Some(span)),
        }
        let mut ports = Vec::new();
        for port in elements(find(given, "ports")) {
            let target = match port.as_map() {
                Some(_) => find_text(port, "target").map(str::to_owned),
                None => as_text(port).and_then(|port| port.rsplit(':').next()).map(str::to_owned),
            };
            let said = find_text(port, "protocol").unwrap_or("tcp").to_owned();
            let target = target.unwrap_or_default();
            let (number_text, protocol) = target.split_once('/').unwrap_or((target.as_str(), said.as_str()));
            match number_text.parse::<u16>() {
                Ok(value) => {
                    let protocol = if protocol == "udp" { "udp" } else { "tcp" };
                    ports.push(map(
                        [
                            ("containerPort", number(u64::from(value), port.span)),
                            ("protocol", text(protocol, port.span)),
                        ],
                        port.span,
                    ));
                }
                Err(_) => {
                    let message = format!("`{}`: the port `{}` is no single port", shown(name), shown(&target));
                    self.findings.lost(message, Some(port.span));
                }
            }
        }
        if !ports.is_empty() {
            set(&mut container, "portMappings", list(ports, span));
        }
        if let Some(check) = find(given, "healthcheck") {
            self.compose_health_check(check, &mut container);
        }
        let definition = map(
            [
                ("family", text(name.clone(), span)),
                ("cpu", text(cpu_units.to_string(), at)),
                ("memory", text(memory_mib.to_string(), at)),
                ("networkMode", text("awsvpc", span)),
                ("requiresCompatibilities", list(vec![text("FARGATE", span)], span)),
                ("containerDefinitions", list(vec![container], span)),
            ],
            given.span,
        );
        let replicas = find_at(given, &["deploy", "replicas"]).or_else(|| find(given, "scale"));
        let count = replicas.cloned().unwrap_or_else(|| number(1, span));
        let mut service = map(
            [
                ("serviceName", text(name.clone(), span)),
                ("taskDefinition", text(name.clone(), span)),
                ("desiredCount", count),
                ("launchType", text("FARGATE", span)),
            ],
            given.span,
        );
        if let Some(scaling) = find(given, "x-aws-autoscaling") {
            self.compose_scaling(name, scaling, &mut service);
        }
        self.compose_rest(name, given);
        self.objects.push(Object::new(Kind::TaskDefinition, definition, Dialect::Api));
        self.objects.push(Object::new(Kind::Service, service, Dialect::Api));
    }

    fn compose_health_check(&mut self, check: &Node, container: &mut Node) {
        let span = check.span;
        let mut made = map([], span);
        match find(check, "test") {
            Some(test) if test.as_list().is_some() => set(&mut made, "command", test.clone()),
            Some(test) => {
                let words = vec![text("CMD-SHELL", test.span), test.clone()];
                set(&mut made, "command", list(words, test.span));
            }
            None => return,
        }
        for (from, to) in [("interval", "interval"), ("timeout", "timeout"), ("start_period", "startPeriod")] {
            let given = find(check, from);
            if let Some(seconds) = given.and_then(as_text).and_then(seconds) {
                set(&mut made, to, number(seconds, given.map_or(span, |node| node.span)));
            }
        }
        if let Some(retries) = find(check, "retries") {
            set(&mut made, "retries", retries.clone());
        }
        set(container, "healthCheck", made);
    }

    fn compose_scaling(&mut self, name: &str, given: &Node, service: &mut Node) {
        let span = given.span;
        let bound = |key: &str, default: u64| find(given, key).cloned().unwrap_or_else(|| number(default, span));
        let mut scaling = map([("minCapacity", bound("min", 1)), ("maxCapacity", bound("max", 10))], span);
        let metrics = [("cpu", "ECSServiceAverageCPUUtilization"), ("memory", "ECSServiceAverageMemoryUtilization")];
        for (key, metric) in metrics {
            let Some(target) = find(given, key) else { continue };
            let metric = map([("predefinedMetricType", text(metric, span))], span);
            let tracking = map([("targetValue", target.clone()), ("predefinedMetricSpecification", metric)], span);
            let policy = map(
                [
                    ("policyName", text(format!("{name}-{key}"), span)),
                    ("policyType", text("TargetTrackingScaling", span)),
                    ("targetTrackingScalingPolicyConfiguration", tracking),
                ],
                span,
            );
            push(&mut scaling, "policies", policy);
        }
        set(service, "autoScaling", scaling);
    }

    /// Says of every other field what becomes of it.
    fn compose_rest(&mut self, name: &str, given: &Node) {
        const CARRIED: [&str; 8] =
            ["image", "ports", "healthcheck", "deploy", "cpus", "mem_limit", "scale", "x-aws-autoscaling"];
        for entry in given.as_map().into_iter().flat_map(|map| map.iter()) {
            let key = entry.key.as_str();
            if CARRIED.contains(&key) {
                continue;
            }
            let span = Some(entry.key_span);
            match key {
                "secrets" | "configs" => self.findings.unneeded(&format!("{key} of services")),
                "depends_on" => {
                    let message = format!("`{name}`: `depends_on`: services of ECS do not wait for each other");
                    self.findings.lost(message, span);
                }
                "volumes" => self.findings.lost(format!("`{name}`: `volumes`: EFS has no part in a run"), span),
                "build" => {}
                key if UNNEEDED.contains(&key) => self.findings.unneeded("settings of containers"),
                key => self.findings.lost(format!("`{name}`: `{}` has no counterpart", shown(key)), span),
            }
        }
    }
}

/// Memory as compose writes it: `512m`, `1.5g`, `50M`, `2gb`, or bytes.
fn mebibytes(written: &str) -> Option<u32> {
    let written = written.trim().to_ascii_lowercase();
    let digits = written.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(written.len());
    let value: f64 = written[..digits].trim().parse().ok()?;
    let unit = match written[digits..].trim_end_matches('b') {
        "" => 1.0 / 1_048_576.0,
        "k" => 1.0 / 1_024.0,
        "m" => 1.0,
        "g" => 1_024.0,
        _ => return None,
    };
    let whole = (value * unit).ceil();
    (whole.is_finite() && (0.0..1e9).contains(&whole)).then_some(whole as u32)
}

/// A time as compose writes it: `30s`, `1m30s`; whole seconds.
fn seconds(written: &str) -> Option<u64> {
    let span: ecsim_kernel::Span = written.parse().ok()?;
    Some(span.ms() / 1_000)
}
