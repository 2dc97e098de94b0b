//! What the agent of a container instance advertises (CQL-016, RES-060): attributes with a name and no value.

/// What an instance is, as far as its capabilities go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host<'a> {
    /// Runs Windows.
    pub(super) windows: bool,
    /// ECS Anywhere (INS-010).
    pub(super) external: bool,
    /// A Nitro type: EBS volumes can be attached to tasks (RES-052).
    pub(super) nitro: bool,
    /// The agent is recent enough for port ranges (RES-027).
    pub(super) port_ranges: bool,
    /// `ECS_AVAILABLE_LOGGING_DRIVERS`, if the scenario sets it.
    pub(super) logging_drivers: Option<&'a [String]>,
}

/// What the ECS-optimised image makes available.
const LOGGING_DRIVERS: [&str; 8] =
    ["awsfirelens", "awslogs", "fluentd", "gelf", "journald", "json-file", "splunk", "syslog"];

/// Advertised on Linux and Windows alike.
const COMMON: [&str; 18] = [
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.task-iam-role",
    "ecs.capability.aws-appmesh",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
    "ecs.capability.container-restart-policy",
    "ecs.capability.docker-plugin.local",
    "ecs.capability.env-files.s3",
    "ecs.capability.execute-command",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.full-sync",
    "ecs.capability.private-registry-authentication.secretsmanager",
    "ecs.capability.increased-task-cpu-limit",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.secrets.asm.bootstrap.log-driver",
    "ecs.capability.secrets.ssm.bootstrap.log-driver",
];

/// Advertised on Linux only.
const LINUX: [&str; 12] = [
    "com.amazonaws.ecs.capability.privileged-container",
    "com.amazonaws.ecs.capability.task-iam-role-network-host",
    "ecs.capability.efs",
    "ecs.capability.efsAuth",
    "ecs.capability.fault-injection",
    "ecs.capability.firelens.fluentbit",
    "ecs.capability.firelens.fluentd",
    "ecs.capability.firelens.options.config.file",
    "ecs.capability.firelens.options.config.s3",
    "ecs.capability.pid-ipc-namespace-sharing",
    "ecs.capability.service-connect-v1",
    "ecs.capability.task-cpu-mem-limit",
];

/// Port ranges (RES-027).
pub(super) const PORT_RANGE: &str = "ecs.capability.network.container-port-range";
/// `awsvpc` tasks; never on external instances (RES-043, INS-010).
pub(super) const TASK_ENI: &str = "ecs.capability.task-eni";
/// EBS task volumes; Nitro only (RES-052).
pub(super) const EBS_VOLUME: &str = "ecs.capability.storage.ebs-task-volume-attach";
/// ECS Anywhere (INS-010).
pub(super) const EXTERNAL: &str = "ecs.capability.external";

/// The attribute for a logging driver (RES-060).
pub(super) fn logging_driver(name: &str) -> String {
    format!("com.amazonaws.ecs.capability.logging-driver.{name}")
}

/// Everything an agent of today advertises on such a host.
pub(super) fn advertised(host: Host<'_>) -> Vec<String> {
    let mut names: Vec<String> = COMMON.iter().map(|name| (*name).to_owned()).collect();
    if !host.windows {
        names.extend(LINUX.iter().map(|name| (*name).to_owned()));
        if host.port_ranges {
            names.push(PORT_RANGE.to_owned());
        }
    }
    match host.logging_drivers {
        Some(drivers) => names.extend(drivers.iter().map(|driver| logging_driver(driver))),
        None => names.extend(LOGGING_DRIVERS.iter().map(|driver| logging_driver(driver))),
    }
    // `none` needs no support from anybody.
    names.push(logging_driver("none"));
    if host.external {
        names.push(EXTERNAL.to_owned());
    } else {
        names.push(TASK_ENI.to_owned());
        if host.nitro && !host.windows {
            names.push(EBS_VOLUME.to_owned());
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}
