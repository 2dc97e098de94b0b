//! The ids and ARNs that AWS would print, made from names and numbers so that they are the same in every run.

use ecsim_kernel::digest::stable_hash;

use crate::definitions::Definitions;
use crate::ids::{ServiceId, TaskDefinitionId, TaskId};
use crate::instances::Instance;

/// 32 hexadecimal digits, as the last part of a task ARN.
#[must_use]
pub fn task_id(definitions: &Definitions, task: TaskId) -> String {
    hex32(&(definitions.cluster_name.as_str(), "task", task.get()))
}

/// The last part of a container instance ARN: the name the scenario gave, else 32 hexadecimal digits.
#[must_use]
pub fn container_instance_id(definitions: &Definitions, instance: &Instance) -> String {
    match definitions.instances.get(instance.id) {
        Some(planned) if planned.named => planned.name.clone(),
        _ => hex32(&(&*instance.name, "container-instance")),
    }
}

/// `i-` and 17 hexadecimal digits, or what the scenario gave.
#[must_use]
pub fn ec2_instance_id(definitions: &Definitions, instance: &Instance) -> String {
    let given = definitions.instances.get(instance.id).and_then(|planned| planned.ec2_instance_id.clone());
    given.unwrap_or_else(|| format!("i-0{}", &hex32(&(&*instance.name, "ec2-instance"))[..16]))
}

/// `ecs-svc/` and 19 digits.
#[must_use]
pub fn deployment_id(definitions: &Definitions, service: ServiceId) -> String {
    let number = stable_hash(&(definitions.services[service].name.as_str(), "deployment")) % 9_000_000_000_000_000_000;
    format!("ecs-svc/{:019}", number + 1_000_000_000_000_000_000)
}

/// `ecs-svc/` and nineteen digits: one of a service's deployments; the first has the id above.
#[must_use]
pub fn deployment_id_of(definitions: &Definitions, service: ServiceId, deployment: u32) -> String {
    if deployment == 0 {
        return deployment_id(definitions, service);
    }
    let name = definitions.services[service].name.as_str();
    let number = stable_hash(&(name, "deployment", deployment)) % 9_000_000_000_000_000_000;
    format!("ecs-svc/{:019}", number + 1_000_000_000_000_000_000)
}

/// `arn:aws:ecs:REGION:ACCOUNT:task-set/CLUSTER/SERVICE/ecs-svc/NUMBER`: a task set has the id of its deployment.
#[must_use]
pub fn task_set_arn(definitions: &Definitions, service: ServiceId, deployment: u32) -> String {
    let name = &definitions.services[service].name;
    let id = deployment_id_of(definitions, service, deployment);
    arn(definitions, &format!("task-set/{}/{name}/{id}", definitions.cluster_name))
}

/// `arn:aws:ecs:REGION:ACCOUNT:cluster/NAME`.
#[must_use]
pub fn cluster_arn(definitions: &Definitions) -> String {
    arn(definitions, &format!("cluster/{}", definitions.cluster_name))
}

/// `arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID`.
#[must_use]
pub fn task_arn(definitions: &Definitions, task: TaskId) -> String {
    arn(definitions, &format!("task/{}/{}", definitions.cluster_name, task_id(definitions, task)))
}

/// `arn:aws:ecs:REGION:ACCOUNT:container-instance/CLUSTER/ID`.
#[must_use]
pub fn container_instance_arn(definitions: &Definitions, instance: &Instance) -> String {
    arn(
        definitions,
        &format!("container-instance/{}/{}", definitions.cluster_name, container_instance_id(definitions, instance)),
    )
}

/// `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`.
#[must_use]
pub fn service_arn(definitions: &Definitions, service: ServiceId) -> String {
    arn(definitions, &format!("service/{}/{}", definitions.cluster_name, definitions.services[service].name))
}

/// `arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION`.
#[must_use]
pub fn task_definition_arn(definitions: &Definitions, definition: TaskDefinitionId) -> String {
    arn(definitions, &format!("task-definition/{}", definitions.task_definitions[definition].display_name()))
}

/// `arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID`.
#[must_use]
pub fn target_group_arn(definitions: &Definitions, name: &str) -> String {
    format!(
        "arn:{}:elasticloadbalancing:{}:{}:targetgroup/{name}/{}",
        partition(&definitions.region),
        definitions.region,
        definitions.account,
        &hex32(&(name, "target-group"))[..16]
    )
}

/// The host port that Docker gives a container with a dynamic one (LB-002): made up, the same in every run.
#[must_use]
pub fn dynamic_port(definitions: &Definitions, task: TaskId) -> u16 {
    let number = stable_hash(&(definitions.cluster_name.as_str(), "host-port", task.get())) % 28_232;
    32_768 + u16::try_from(number).unwrap_or(0)
}

fn arn(definitions: &Definitions, resource: &str) -> String {
    format!("arn:{}:ecs:{}:{}:{resource}", partition(&definitions.region), definitions.region, definitions.account)
}

/// The partition a region belongs to.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

fn hex32<T: core::hash::Hash>(value: &T) -> String {
    let first = stable_hash(value);
    let second = stable_hash(&(first, value));
    format!("{first:016x}{second:016x}")
}
