//! A compose file of the former ECS integration of Docker: each service one of Fargate.

use super::fit::Dialect;
use super::node::{as_number, as_text, elements, find, find_at, find_text, list, map, number, push, set, text};
use super::{Import, Kind, Object};
use crate::diagnostic::{Span, shown};
use crate::document::{Entry, Node};
use ecsim_catalog::Catalog;

/// Fields of a service that ECS has somewhere, or not, and that change nothing of a run.
const UNNEEDED: [&str; 33] = [
    "annotations",
    "cap_add",
    "cap_drop",
    "command",
    "configs",
    "container_name",
    "dns",
    "dns_search",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extra_hosts",
    "hostname",
    "init",
    "labels",
    "logging",
    "networks",
    "privileged",
    "pull_policy",
    "read_only",
    "secrets",
    "security_opt",
    "stdin_open",
    "stop_signal",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "user",
    "working_dir",
    "x-aws-pull_credentials",
    "x-aws-logs_retention",
];

/// Those that are carried over, or told where they are not.
const CARRIED: [&str; 14] = [
    "image",
    "build",
    "ports",
    "healthcheck",
    "deploy",
    "cpus",
    "mem_limit",
    "mem_reservation",
    "scale",
    "platform",
    "restart",
    "stop_grace_period",
    "depends_on",
    "x-aws-autoscaling",
];

/// The longest time that Fargate waits for a container to stop, in seconds.
const LONGEST_STOP: u64 = 120;

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
        let limit = (
            resources("limits", "cpus").or(find(given, "cpus").cloned()),
            resources("limits", "memory").or(find(given, "mem_limit").cloned()),
        );
        let reserved = (
            resources("reservations", "cpus"),
            resources("reservations", "memory").or(find(given, "mem_reservation").cloned()),
        );
        // A task has one size: what it may use, or else what it is promised.
        let cpu = limit.0.clone().or(reserved.0.clone());
        let memory = limit.1.clone().or(reserved.1.clone());
        for (value, reads) in [
            (&limit.0, limit.0.as_ref().and_then(as_number).is_some()),
            (&reserved.0, reserved.0.as_ref().and_then(as_number).is_some()),
            (&limit.1, limit.1.as_ref().and_then(as_text).and_then(mebibytes).is_some()),
            (&reserved.1, reserved.1.as_ref().and_then(as_text).and_then(mebibytes).is_some()),
        ] {
            if let Some(value) = value.as_ref().filter(|_| !reads) {
                let written = as_text(value).unwrap_or("this");
                self.findings.lost(format!("`{}`: `{}` is no size", shown(name), shown(written)), Some(value.span));
            }
        }
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
            self.compose_health_check(name, check, &mut container);
        }
        // What is promised beside a limit is the container's own share of the task.
        if let (Some(_), Some(promised)) = (&limit.0, &reserved.0)
            && let Some(vcpus) = as_number(promised)
        {
            let units = (vcpus * 1024.0).clamp(0.0, f64::from(cpu_units)) as u64;
            set(&mut container, "cpu", number(units, promised.span));
        }
        if let (Some(_), Some(promised)) = (&limit.1, &reserved.1)
            && let Some(mib) = as_text(promised).and_then(mebibytes)
        {
            set(&mut container, "memoryReservation", number(u64::from(mib.clamp(6, memory_mib)), promised.span));
        }
        if let Some(grace) = find(given, "stop_grace_period") {
            match as_text(grace).and_then(seconds) {
                Some(wanted) => {
                    if wanted > LONGEST_STOP {
                        let message =
                            format!("`{}` stops within {LONGEST_STOP} s, which is all Fargate waits", shown(name));
                        self.findings.assumed(message, Some(grace.span));
                    }
                    set(&mut container, "stopTimeout", number(wanted.min(LONGEST_STOP), grace.span));
                }
                None => self.unreadable(name, "stop_grace_period", grace),
            }
        }
        let mut definition = map(
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
        if let Some(platform) = find(given, "platform") {
            match as_text(platform).unwrap_or_default() {
                "linux/amd64" | "linux/x86_64" => {}
                "linux/arm64" | "linux/arm64/v8" => {
                    let arm = map([("cpuArchitecture", text("ARM64", platform.span))], platform.span);
                    set(&mut definition, "runtimePlatform", arm);
                }
                other => {
                    let message = format!("`{}`: ECS has no platform `{}`", shown(name), shown(other));
                    self.findings.lost(message, Some(platform.span));
                }
            }
        }
        let (replicas, scale) = (find_at(given, &["deploy", "replicas"]), find(given, "scale"));
        if let (Some(replicas), Some(scale)) = (replicas, scale)
            && as_text(replicas) != as_text(scale)
        {
            let message =
                format!("`{}`: `scale` says something else than `deploy: {{replicas}}`, which holds", shown(name));
            self.findings.lost(message, Some(scale.span));
        }
        let count = replicas.or(scale).cloned().unwrap_or_else(|| number(1, span));
        let replicas = as_number(&count).unwrap_or(1.0);
        let mut service = map(
            [
                ("serviceName", text(name.clone(), span)),
                ("taskDefinition", text(name.clone(), span)),
                ("desiredCount", count),
                ("launchType", text("FARGATE", span)),
            ],
            given.span,
        );
        self.compose_deploy(name, given, replicas, &mut service);
        let scaling = find_at(given, &["deploy", "x-aws-autoscaling"]).or_else(|| find(given, "x-aws-autoscaling"));
        if let Some(scaling) = scaling {
            self.compose_scaling(name, scaling, &mut service);
        }
        self.compose_rest(name, given);
        self.objects.push(Object::new(Kind::TaskDefinition, definition, Dialect::Api));
        self.objects.push(Object::new(Kind::Service, service, Dialect::Api));
    }

    fn unreadable(&mut self, name: &str, key: &str, node: &Node) {
        let written = as_text(node).unwrap_or("this");
        let message = format!("`{}`: `{key}: {}` cannot be read", shown(name), shown(written));
        self.findings.lost(message, Some(node.span));
    }

    fn compose_health_check(&mut self, name: &str, check: &Node, container: &mut Node) {
        let span = check.span;
        let of = format!("`{}`: the health check", shown(name));
        let test = find(check, "test");
        let first = elements(test).first().and_then(|word| as_text(word)).unwrap_or_default();
        if find_text(check, "disable") == Some("true") || first == "NONE" {
            // As in ECS, where a task definition without a check has none.
            return;
        }
        let mut made = map([], span);
        match test {
            Some(test) if test.as_list().is_some() => set(&mut made, "command", test.clone()),
            Some(test) => {
                let words = vec![text("CMD-SHELL", test.span), test.clone()];
                set(&mut made, "command", list(words, test.span));
            }
            None => {
                let message = format!("{of} of the image itself: ECS looks only at one that the task definition has");
                self.findings.lost(message, Some(span));
                return;
            }
        }
        for (from, to) in [("interval", "interval"), ("timeout", "timeout"), ("start_period", "startPeriod")] {
            let Some(given) = find(check, from) else { continue };
            let Some(exact) = as_text(given).and_then(|text| text.parse::<ecsim_kernel::Span>().ok()) else {
                self.unreadable(name, from, given);
                continue;
            };
            let whole = exact.ms().div_ceil(1_000);
            if whole * 1_000 != exact.ms() {
                let message = format!("{of}: `{from}` is rounded up to {whole} s, ECS counts whole seconds");
                self.findings.assumed(message, Some(given.span));
            }
            set(&mut made, to, number(whole, given.span));
        }
        if let Some(retries) = find(check, "retries") {
            set(&mut made, "retries", retries.clone());
        }
        for entry in check.as_map().into_iter().flat_map(|map| map.iter()) {
            if !["test", "interval", "timeout", "start_period", "retries", "disable"].contains(&entry.key.as_str()) {
                self.findings.lost(format!("{of}: ECS has no `{}`", shown(&entry.key)), Some(entry.key_span));
            }
        }
        set(container, "healthCheck", made);
    }

    /// What `deploy` says beside replicas and sizes: the percentages of a rolling update, as Docker's integration makes them of
    /// `parallelism`, and for the rest that it has no part in ECS.
    fn compose_deploy(&mut self, name: &str, given: &Node, replicas: f64, service: &mut Node) {
        let Some(deploy) = find(given, "deploy") else { return };
        let name = shown(name);
        for entry in deploy.as_map().into_iter().flat_map(|map| map.iter()) {
            let span = Some(entry.key_span);
            match entry.key.as_str() {
                "replicas" | "x-aws-autoscaling" => {}
                "labels" | "endpoint_mode" => self.unneeded_setting(&name, &format!("deploy.{}", entry.key), entry),
                "mode" if as_text(&entry.value) == Some("replicated") => {}
                "mode" => {
                    let message = format!("`{name}`: a mode other than `replicated`: Fargate has no DAEMON services");
                    self.findings.lost(message, span);
                }
                "resources" => self.compose_resources(&name, &entry.value),
                "update_config" => self.compose_update(&name, &entry.value, replicas, service),
                "restart_policy" => {
                    let message =
                        format!("`{name}`: `deploy.restart_policy`: a service of ECS starts a new task instead");
                    self.findings.lost(message, span);
                }
                key => {
                    let message = format!("`{name}`: `deploy.{}` has no counterpart", shown(key));
                    self.findings.lost(message, span);
                }
            }
        }
    }

    fn compose_resources(&mut self, name: &str, given: &Node) {
        for of in given.as_map().into_iter().flat_map(|map| map.iter()) {
            for entry in of.value.as_map().into_iter().flat_map(|map| map.iter()) {
                let why = match entry.key.as_str() {
                    "cpus" | "memory" => continue,
                    "devices" | "generic_resources" => "Fargate has no GPUs and no devices",
                    _ => "it has no counterpart",
                };
                let message = format!("`{name}`: `deploy.resources.{}.{}`: {why}", shown(&of.key), shown(&entry.key));
                self.findings.lost(message, Some(entry.key_span));
            }
        }
    }

    fn compose_update(&mut self, name: &str, given: &Node, replicas: f64, service: &mut Node) {
        let mut made = map([], given.span);
        let parallelism = find(given, "parallelism").and_then(|node| Some((as_number(node)?, node.span)));
        // All at once is written as 0.
        let share = parallelism.filter(|_| replicas >= 1.0).map(|(count, span)| {
            let count = if count < 1.0 { replicas } else { count };
            (count.min(replicas) * 100.0 / replicas, span)
        });
        for (own, key, bound) in [
            ("x-aws-min_percent", "minimumHealthyPercent", share.map(|(share, span)| (100.0 - share, span))),
            ("x-aws-max_percent", "maximumPercent", share.map(|(share, span)| (100.0 + share, span))),
        ] {
            let value = match (find(given, own), bound) {
                (Some(value), _) => Some(value.clone()),
                (None, Some((percent, span))) => Some(number(percent.floor().max(0.0) as u64, span)),
                (None, None) => None,
            };
            if let Some(value) = value {
                set(&mut made, key, value);
            }
        }
        for entry in given.as_map().into_iter().flat_map(|map| map.iter()) {
            if !["parallelism", "x-aws-min_percent", "x-aws-max_percent"].contains(&entry.key.as_str()) {
                let message = format!("`{name}`: `deploy.update_config.{}` has no counterpart", shown(&entry.key));
                self.findings.lost(message, Some(entry.key_span));
            }
        }
        if made.as_map().is_some_and(|map| !map.is_empty()) {
            set(service, "deploymentConfiguration", made);
        }
    }

    fn compose_scaling(&mut self, name: &str, given: &Node, service: &mut Node) {
        let span = given.span;
        let bound = |key: &str, default: u64| find(given, key).cloned().unwrap_or_else(|| number(default, span));
        for key in ["min", "max"].into_iter().filter(|key| find(given, key).is_none()) {
            let message = format!(
                "`{}`: scaling says no `{key}`: Docker's is {}",
                shown(name),
                if key == "min" { 1 } else { 10 }
            );
            self.findings.assumed(message, Some(span));
        }
        for entry in given.as_map().into_iter().flat_map(|map| map.iter()) {
            if !["min", "max", "cpu", "memory"].contains(&entry.key.as_str()) {
                let message = format!("`{}`: scaling has no `{}`", shown(name), shown(&entry.key));
                self.findings.lost(message, Some(entry.key_span));
            }
        }
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

    /// A setting that changes nothing of a run, with its place.
    fn unneeded_setting(&mut self, name: &str, key: &str, entry: &Entry) {
        self.findings.unneeded_at(format!("`{name}`: `{key}`"), entry.key_span);
    }

    /// Says of every other field what becomes of it.
    fn compose_rest(&mut self, name: &str, given: &Node) {
        let name = shown(name);
        for entry in given.as_map().into_iter().flat_map(|map| map.iter()) {
            let key = entry.key.as_str();
            let span = Some(entry.key_span);
            match key {
                "depends_on" => {
                    let message = format!("`{name}`: `depends_on`: services of ECS do not wait for each other");
                    self.findings.lost(message, span);
                }
                "volumes" => self.findings.lost(format!("`{name}`: `volumes`: EFS has no part in a run"), span),
                "restart" if as_text(&entry.value) == Some("no") => {
                    let message = format!("`{name}`: `restart: no`: a service of ECS replaces a task that has stopped");
                    self.findings.lost(message, span);
                }
                key if CARRIED.contains(&key) => {}
                key if UNNEEDED.contains(&key) => self.unneeded_setting(&name, key, entry),
                "x-aws-policies" | "x-aws-role" => self.unneeded_setting(&name, key, entry),
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
