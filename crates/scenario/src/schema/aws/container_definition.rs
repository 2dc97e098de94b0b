//! A container of a task definition.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::Text;
use super::common::{KeptObject, KeyValuePair, ResourceRequirement};

/// A container of a task definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContainerDefinition {
    /// Its name, unique in the task definition.
    pub name: String,
    /// Its image; instances cache images by this name (LAT-011). AWS requires it; here the container's name stands in
    /// for it.
    pub image: Option<String>,
    /// CPU units (RES-005). Default 0.
    pub cpu: Option<u32>,
    /// Hard limit of its memory in MiB: crossing it kills the container (TSK-026).
    pub memory: Option<u32>,
    /// Soft limit of its memory in MiB: what placement reserves where the task has no size (RES-006).
    pub memory_reservation: Option<u32>,
    /// Ports it listens on (RES-023).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub port_mappings: Vec<PortMapping>,
    /// Whether the task stops with it (TSK-020). Default true.
    pub essential: Option<bool>,
    /// Which containers must have come how far before it starts (TSK-021).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<ContainerDependency>,
    /// How long, in seconds, its dependents wait for it (TSK-023).
    pub start_timeout: Option<u32>,
    /// From the stop signal to SIGKILL, in seconds (TSK-025). Default 30.
    pub stop_timeout: Option<u32>,
    /// Whether it is started again in place (TSK-030).
    pub restart_policy: Option<RestartPolicy>,
    /// How its health is checked (TSK-040); makes an instance attribute necessary (RES-060).
    pub health_check: Option<HealthCheck>,
    /// GPUs and other devices (RES-030).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_requirements: Vec<ResourceRequirement>,
    /// Where its output goes; makes an instance attribute necessary (RES-060).
    pub log_configuration: Option<LogConfiguration>,
    /// Makes it the log router; makes an instance attribute necessary (RES-060).
    pub firelens_configuration: Option<FirelensConfiguration>,
    /// Secrets in its environment; make instance attributes necessary (RES-060).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Files with its environment; make an instance attribute necessary (RES-060).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment_files: Vec<EnvironmentFile>,
    /// Whether it has the rights of root on the host; makes an instance attribute necessary (RES-060).
    pub privileged: Option<bool>,
    /// Volumes it mounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub mount_points: Vec<MountPoint>,
    /// Containers whose volumes it mounts too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub volumes_from: Vec<KeptObject>,
    /// Credentials of a private registry; make an instance attribute necessary (RES-060).
    pub repository_credentials: Option<KeptObject>,
    /// Containers it reaches by name in `bridge` mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub links: Vec<String>,
    /// What it runs, in place of the image's entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub entry_point: Vec<Text>,
    /// Arguments of the entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub command: Vec<Text>,
    /// Its environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub environment: Vec<KeyValuePair>,
    /// Devices, capabilities, swap and the like.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub linux_parameters: Option<KeptObject>,
    /// Whether the image's digest is fixed for the whole deployment.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub version_consistency: Option<VersionConsistency>,
    /// Its host name.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub hostname: Option<String>,
    /// The user it runs as.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub user: Option<Text>,
    /// Where it runs.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub working_directory: Option<String>,
    /// Whether it has no network.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub disable_networking: Option<bool>,
    /// Whether its root file system is read-only.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub readonly_root_filesystem: Option<bool>,
    /// Its DNS servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub dns_servers: Vec<String>,
    /// Its DNS search domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub dns_search_domains: Vec<String>,
    /// More lines of its `/etc/hosts`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub extra_hosts: Vec<KeptObject>,
    /// SELinux, AppArmor or credential specifications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub docker_security_options: Vec<String>,
    /// Whether it has a standard input.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub interactive: Option<bool>,
    /// Whether it has a terminal.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub pseudo_terminal: Option<bool>,
    /// Its Docker labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub docker_labels: BTreeMap<String, Text>,
    /// Its limits, as of `ulimit`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ulimits: Vec<KeptObject>,
    /// Its kernel parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub system_controls: Vec<KeptObject>,
    /// Its Active Directory credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub credential_specs: Vec<String>,
}

/// A port that a container listens on (RES-023).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PortMapping {
    /// The port in the container.
    pub container_port: Option<u16>,
    /// The port on the host: 0 or absent in `bridge` mode means a dynamic one, which reserves nothing (RES-023).
    pub host_port: Option<u16>,
    /// `tcp` or `udp`, which do not collide (RES-022). Default `tcp`.
    pub protocol: Option<Protocol>,
    /// A range of ports in the container, such as `5000-5010`; dynamic on the host (RES-027).
    pub container_port_range: Option<String>,
    /// Its name for Service Connect.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub name: Option<String>,
    /// Its protocol for Service Connect: `http`, `http2` or `grpc`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub app_protocol: Option<AppProtocol>,
}

/// The protocol of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// The application protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AppProtocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2.
    Http2,
    /// gRPC.
    Grpc,
}

/// Whether the image's digest is fixed for the whole deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VersionConsistency {
    /// It is.
    Enabled,
    /// Each task resolves the tag anew.
    Disabled,
}

/// What must have happened to another container first (TSK-021).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContainerDependency {
    /// The other container.
    pub container_name: String,
    /// What must have happened to it.
    pub condition: DependencyCondition,
}

/// How far a container must have come (TSK-021, TSK-022).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DependencyCondition {
    /// It has started.
    Start,
    /// It has run to its exit, with any code.
    Complete,
    /// It has exited with code 0.
    Success,
    /// Its health check has passed.
    Healthy,
}

/// Whether a container is started again in place (TSK-030, TSK-031).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "ContainerRestartPolicy")]
pub struct RestartPolicy {
    /// Whether it is.
    pub enabled: bool,
    /// Exit codes after which it is not, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored_exit_codes: Vec<i32>,
    /// It must have run for so many seconds, 60 to 1800. Default 300.
    pub restart_attempt_period: Option<u32>,
}

/// How a container's health is checked (TSK-040).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HealthCheck {
    /// What is run in the container.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub command: Vec<Text>,
    /// Seconds between checks, 5 to 300. Default 30.
    pub interval: Option<u32>,
    /// Seconds a check may take, 2 to 60. Default 5.
    pub timeout: Option<u32>,
    /// Failures in a row that make it unhealthy, 1 to 10. Default 3.
    pub retries: Option<u32>,
    /// Seconds from its start in which failures do not count, 0 to 300. Default 0.
    pub start_period: Option<u32>,
}

/// Where a container's output goes (RES-060).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LogConfiguration {
    /// The log driver; the instance must have its attribute (RES-060).
    pub log_driver: LogDriver,
    /// The driver's options.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub options: BTreeMap<String, Text>,
    /// Secrets among the options; make instance attributes necessary (RES-060).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_options: Vec<Secret>,
}

/// A log driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogDriver {
    /// Docker's default.
    JsonFile,
    /// syslog.
    Syslog,
    /// journald.
    Journald,
    /// Graylog.
    Gelf,
    /// Fluentd.
    Fluentd,
    /// CloudWatch Logs.
    Awslogs,
    /// Splunk.
    Splunk,
    /// FireLens.
    Awsfirelens,
}

impl LogDriver {
    /// The name as AWS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JsonFile => "json-file",
            Self::Syslog => "syslog",
            Self::Journald => "journald",
            Self::Gelf => "gelf",
            Self::Fluentd => "fluentd",
            Self::Awslogs => "awslogs",
            Self::Splunk => "splunk",
            Self::Awsfirelens => "awsfirelens",
        }
    }
}

/// Makes a container the log router (RES-060).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FirelensConfiguration {
    /// `fluentd` or `fluentbit`; the instance must have its attribute.
    #[serde(rename = "type")]
    pub kind: FirelensType,
    /// The router's options.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub options: BTreeMap<String, Text>,
}

/// The kind of log router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FirelensType {
    /// Fluentd.
    Fluentd,
    /// Fluent Bit.
    Fluentbit,
}

/// A secret: its name, and where it is kept (RES-060).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// The name of the variable or option.
    pub name: String,
    /// The ARN in Secrets Manager, or the name or ARN of a parameter in Systems Manager; which of them decides the
    /// attribute.
    pub value_from: String,
}

/// A file with environment variables (RES-060).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EnvironmentFile {
    /// Its ARN in S3.
    pub value: String,
    /// `s3`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A volume mounted in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MountPoint {
    /// The volume's name.
    pub source_volume: Option<String>,
    /// Where it is mounted.
    pub container_path: Option<String>,
    /// Whether it is read-only.
    pub read_only: Option<bool>,
}
