//! Which attributes an instance must have for a task: what the agent must be able to do (RES-050 to RES-052, RES-060),
//! and the platform (PLC-006).

use std::collections::BTreeMap;

use ecsim_cluster::definitions::NetworkMode;
use ecsim_cluster::{AttributeId, ValueId};
use ecsim_policies::placement::constraints::query::attributes;

use super::super::{Context, capabilities};
use super::sizes::is_windows;
use crate::schema::aws;

/// Above this an instance must say that it can (RES-008).
const ORDINARY_TASK_CPU: u32 = 10_240;

impl Context<'_> {
    /// The attributes a definition implies (RES-050, RES-051, RES-052, RES-060, PLC-006).
    pub(super) fn required_attributes(
        &mut self,
        given: &aws::TaskDefinition,
        mode: NetworkMode,
    ) -> Vec<(AttributeId, Option<ValueId>)> {
        let mut names: Vec<String> = Vec::new();
        let mut need = |name: &str| names.push(name.to_owned());
        let windows = is_windows(given);
        if mode == NetworkMode::Awsvpc {
            need(capabilities::TASK_ENI);
        }
        if (given.cpu.is_some() || given.memory.is_some()) && !windows {
            need("ecs.capability.task-cpu-mem-limit");
        }
        if given.cpu.is_some_and(|cpu| cpu.0 > ORDINARY_TASK_CPU) && !windows {
            need("ecs.capability.increased-task-cpu-limit");
        }
        if given.task_role_arn.as_ref().is_some_and(|role| !role.is_empty()) {
            need(if mode == NetworkMode::Host {
                "com.amazonaws.ecs.capability.task-iam-role-network-host"
            } else {
                "com.amazonaws.ecs.capability.task-iam-role"
            });
        }
        if given.pid_mode.is_some() || given.ipc_mode.is_some() {
            need("ecs.capability.pid-ipc-namespace-sharing");
        }
        if given.enable_fault_injection == Some(true) {
            need("ecs.capability.fault-injection");
        }
        let has_execution_role = given.execution_role_arn.as_ref().is_some_and(|role| !role.is_empty());
        for container in &given.container_definitions {
            let from_ecr = container.image.as_ref().is_some_and(|image| image.contains(".dkr.ecr."));
            if from_ecr {
                need(if has_execution_role {
                    "ecs.capability.execution-role-ecr-pull"
                } else {
                    "com.amazonaws.ecs.capability.ecr-auth"
                });
            }
            if let Some(log) = &container.log_configuration {
                need(&capabilities::logging_driver(log.log_driver.as_str()));
                if has_execution_role && log.log_driver == aws::LogDriver::Awslogs {
                    need("ecs.capability.execution-role-awslogs");
                }
                for secret in &log.secret_options {
                    need(&format!("ecs.capability.secrets.{}.bootstrap.log-driver", secret_store(&secret.value_from)));
                }
            }
            for secret in &container.secrets {
                need(&format!("ecs.capability.secrets.{}.environment-variables", secret_store(&secret.value_from)));
            }
            if container.health_check.is_some() {
                need("ecs.capability.container-health-check");
            }
            if !container.depends_on.is_empty() {
                need("ecs.capability.container-ordering");
            }
            if container.privileged == Some(true) {
                need("com.amazonaws.ecs.capability.privileged-container");
            }
            if let Some(firelens) = &container.firelens_configuration {
                need(match firelens.kind {
                    aws::FirelensType::Fluentd => "ecs.capability.firelens.fluentd",
                    aws::FirelensType::Fluentbit => "ecs.capability.firelens.fluentbit",
                });
                if let Some(kind) = firelens.options.get("config-file-type") {
                    need(&format!("ecs.capability.firelens.options.config.{}", kind.as_str()));
                }
            }
            if !container.environment_files.is_empty() {
                need("ecs.capability.env-files.s3");
            }
            if container.restart_policy.as_ref().is_some_and(|policy| policy.enabled) {
                need("ecs.capability.container-restart-policy");
            }
            if container.port_mappings.iter().any(|mapping| mapping.container_port_range.is_some()) {
                need(capabilities::PORT_RANGE);
            }
            if container.repository_credentials.is_some() {
                need("ecs.capability.private-registry-authentication.secretsmanager");
            }
        }
        for volume in &given.volumes {
            let docker = volume.docker_volume_configuration.as_ref().and_then(|docker| docker.driver.as_ref());
            if let Some(driver) = docker.filter(|driver| !driver.is_empty()) {
                need(&format!("ecs.capability.docker-plugin.{driver}"));
            }
            if let Some(efs) = &volume.efs_volume_configuration {
                let uses_auth = efs
                    .authorization_config
                    .as_ref()
                    .is_some_and(|auth| auth.access_point_id.is_some() || auth.iam == Some(aws::Enabled::Enabled));
                need(if uses_auth { "ecs.capability.efsAuth" } else { "ecs.capability.efs" });
            }
            if volume.configured_at_launch == Some(true) {
                need(capabilities::EBS_VOLUME);
            }
        }
        let mut required: BTreeMap<AttributeId, Option<ValueId>> =
            names.iter().map(|name| (self.definitions.attributes.intern(name), None)).collect();
        if let Some(platform) = &given.runtime_platform {
            if let Some(architecture) = platform.cpu_architecture {
                let value = match architecture {
                    aws::CpuArchitecture::X8664 => "x86_64",
                    aws::CpuArchitecture::Arm64 => "arm64",
                };
                required.insert(
                    self.definitions.attributes.intern(attributes::CPU_ARCHITECTURE),
                    Some(self.definitions.values.intern(value)),
                );
            }
            if let Some(family) = platform.operating_system_family {
                required.insert(
                    self.definitions.attributes.intern(attributes::OS_FAMILY),
                    Some(self.definitions.values.intern(family.as_str())),
                );
            }
        }
        required.into_iter().collect()
    }
}

/// Which store a secret comes from (RES-060).
fn secret_store(value_from: &str) -> &'static str {
    if value_from.contains(":secretsmanager:") { "asm" } else { "ssm" }
}
