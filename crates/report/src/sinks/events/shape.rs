//! The JSON of EventBridge events, field for field as Amazon ECS sends them, borrowed from what the sink remembers.
//!
//! Serialised; the format is AWS's own, so there is no version of ours.

use ecsim_cluster::{HealthStatus, PortSet, Protocol, Resources, TaskStatus};
use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Attachment, ContainerKind, ContainerState, TaskState};

/// What every event has.
#[derive(Serialize)]
pub(super) struct Envelope<'a, D> {
    pub(super) version: &'static str,
    pub(super) id: &'a str,
    #[serde(rename = "detail-type")]
    pub(super) detail_type: &'static str,
    pub(super) source: &'static str,
    pub(super) account: &'a str,
    pub(super) time: Seconds,
    pub(super) region: &'a str,
    pub(super) resources: &'a [&'a RawValue],
    pub(super) detail: D,
}

/// `detail` of `ECS Task State Change`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskDetail<'a> {
    pub(super) attachments: Attachments<'a>,
    pub(super) attributes: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) availability_zone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) capacity_provider_name: Option<&'a str>,
    pub(super) cluster_arn: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connectivity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connectivity_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) container_instance_arn: Option<&'a RawValue>,
    pub(super) containers: Containers<'a>,
    pub(super) cpu: Digits,
    pub(super) created_at: Stamp,
    pub(super) desired_status: &'static str,
    pub(super) enable_execute_command: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ephemeral_storage: Option<EphemeralStorage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) execution_stopped_at: Option<Stamp>,
    pub(super) group: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) health_status: Option<&'static str>,
    pub(super) launch_type: &'static str,
    pub(super) last_status: &'static str,
    pub(super) memory: Digits,
    pub(super) overrides: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pull_started_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pull_stopped_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stopping_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stopped_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stopped_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_code: Option<&'static str>,
    pub(super) task_arn: &'a RawValue,
    pub(super) task_definition_arn: &'a RawValue,
    pub(super) updated_at: Stamp,
    pub(super) version: u32,
}

/// `ephemeralStorage` of a Fargate task.
#[derive(Serialize)]
pub(super) struct EphemeralStorage {
    #[serde(rename = "sizeInGiB")]
    pub(super) size_in_gib: u32,
}

/// `detail` of `ECS Container Instance State Change`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstanceDetail<'a> {
    pub(super) agent_connected: bool,
    pub(super) attributes: &'a RawValue,
    pub(super) cluster_arn: &'a RawValue,
    pub(super) container_instance_arn: &'a RawValue,
    pub(super) ec2_instance_id: &'a RawValue,
    pub(super) registered_resources: &'a RawValue,
    pub(super) remaining_resources: ResourceList<'a>,
    pub(super) status: &'static str,
    pub(super) version: u32,
    pub(super) version_info: &'a RawValue,
    pub(super) updated_at: Stamp,
}

/// `detail` of `ECS Service Action`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceDetail<'a> {
    pub(super) event_type: &'static str,
    pub(super) event_name: &'static str,
    pub(super) cluster_arn: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) container_instance_arns: Option<&'a [&'a RawValue]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) task_set_arns: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) desired_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    pub(super) created_at: Stamp,
}

/// `detail` of `ECS Deployment State Change`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeploymentDetail<'a> {
    pub(super) event_type: &'static str,
    pub(super) event_name: &'static str,
    pub(super) deployment_id: &'a str,
    pub(super) updated_at: Stamp,
    pub(super) reason: &'a str,
}

/// A name with a value, or without.
#[derive(Serialize)]
pub(super) struct NameValue<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<&'a str>,
}

/// `versionInfo` of a container instance.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionInfo<'a> {
    pub(super) agent_hash: &'a str,
    pub(super) agent_version: &'a str,
    pub(super) docker_version: &'a str,
}

/// An instant, rendered once: `2026-03-02T00:01:00.000Z`.
#[derive(Clone, Copy)]
pub(super) struct Stamp([u8; 24]);

impl Stamp {
    /// A text of another length is cut or padded with blanks: years beyond 9999 are not AWS's.
    pub(super) fn new(text: &[u8]) -> Self {
        let mut stamp = [b' '; 24];
        let length = text.len().min(24);
        stamp[..length].copy_from_slice(&text[..length]);
        Self(stamp)
    }

    /// The same without its milliseconds.
    pub(super) fn to_seconds(self) -> Seconds {
        let mut seconds = [b'Z'; 20];
        seconds[..19].copy_from_slice(&self.0[..19]);
        Seconds(seconds)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

/// `2026-03-02T00:01:00Z`.
#[derive(Clone, Copy)]
pub(super) struct Seconds([u8; 20]);

impl Seconds {
    /// As it is written.
    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

/// A number as a text of digits.
#[derive(Clone, Copy)]
pub(super) struct Digits(pub(super) u32);

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(itoa::Buffer::new().format(self.0))
    }
}

/// A list made while it is written.
struct List<F>(F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for List<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// `registeredResources` or `remainingResources` (RES-012): `ports` are those in use, `gpus` a bit set of devices.
pub(super) struct ResourceList<'a> {
    pub(super) amount: Resources,
    pub(super) ports: &'a PortSet,
    pub(super) gpus: u64,
    /// The ids of all devices; empty without GPUs, and then there is no such entry.
    pub(super) gpu_ids: &'a [String],
}

impl Serialize for ResourceList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element(&IntegerResource::new("CPU", self.amount.cpu))?;
        list.serialize_element(&IntegerResource::new("MEMORY", self.amount.memory))?;
        for (name, protocol) in [("PORTS", Protocol::Tcp), ("PORTS_UDP", Protocol::Udp)] {
            let ports = List(|| self.ports.of(protocol).map(|port| Digits(u32::from(port))));
            list.serialize_element(&SetResource::new(name, ports))?;
        }
        if !self.gpu_ids.is_empty() {
            list.serialize_element(&SetResource::new("GPU", GpuIds { bits: self.gpus, ids: self.gpu_ids }))?;
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IntegerResource {
    name: &'static str,
    r#type: &'static str,
    integer_value: u32,
}

impl IntegerResource {
    const fn new(name: &'static str, integer_value: u32) -> Self {
        Self { name, r#type: "INTEGER", integer_value }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetResource<T> {
    name: &'static str,
    r#type: &'static str,
    string_set_value: T,
}

impl<T> SetResource<T> {
    const fn new(name: &'static str, string_set_value: T) -> Self {
        Self { name, r#type: "STRINGSET", string_set_value }
    }
}

/// Those of some devices whose bit is set.
#[derive(Clone, Copy)]
pub(super) struct GpuIds<'a> {
    pub(super) bits: u64,
    pub(super) ids: &'a [String],
}

impl Serialize for GpuIds<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let set = self.ids.iter().enumerate().filter(|(at, _)| *at < 64 && self.bits >> at & 1 == 1);
        serializer.collect_seq(set.map(|(_, id)| id))
    }
}

/// `attachments`: the network interface of an awsvpc task, or nothing.
pub(super) struct Attachments<'a> {
    pub(super) eni: Option<&'a Attachment>,
    pub(super) last: TaskStatus,
}

impl Serialize for Attachments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.eni.map(|eni| AttachmentAt { eni, last: self.last }))
    }
}

struct AttachmentAt<'a> {
    eni: &'a Attachment,
    last: TaskStatus,
}

impl Serialize for AttachmentAt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (status, details) = match self.last {
            TaskStatus::Provisioning => ("PRECREATED", self.eni.subnet_only()),
            TaskStatus::Deprovisioning => ("DETACHING", self.eni.all()),
            TaskStatus::Stopped => ("DELETED", self.eni.all()),
            _ => ("ATTACHED", self.eni.all()),
        };
        let mut attachment = serializer.serialize_struct("Attachment", 4)?;
        attachment.serialize_field("id", &self.eni.id)?;
        attachment.serialize_field("type", "eni")?;
        attachment.serialize_field("status", status)?;
        let details = List(|| details.iter().map(|(name, value)| NameValue { name, value: Some(value) }));
        attachment.serialize_field("details", &details)?;
        attachment.end()
    }
}

/// `containers` of a task.
pub(super) struct Containers<'a> {
    pub(super) task: &'a TaskState,
    pub(super) kinds: &'a [ContainerKind],
    pub(super) gpu_ids: &'a [String],
}

impl Serialize for Containers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.task.containers.iter().zip(self.kinds).map(|(state, kind)| self.container(state, kind)))
    }
}

impl<'a> Containers<'a> {
    fn container(&self, state: &'a ContainerState, kind: &'a ContainerKind) -> Container<'a> {
        let task = self.task;
        let pulled = task.pull_stopped.is_some() || task.started.is_some();
        let eni = task.attachment.as_deref().filter(|_| task.last != TaskStatus::Provisioning);
        Container {
            container_arn: &state.arn,
            exit_code: state.exit_code,
            health_status: state.health.map(HealthStatus::name),
            last_status: state.status.name(),
            name: &kind.name,
            image: &kind.image,
            image_digest: pulled.then_some(&*kind.image_digest),
            runtime_id: (state.status != TaskStatus::Pending && task.started.is_some()).then_some(&*state.runtime_id),
            task_arn: &task.arn,
            network_interfaces: eni
                .map(|eni| NetworkInterface { attachment_id: &eni.id, private_ipv4_address: &eni.address }),
            cpu: Digits(kind.cpu),
            memory: kind.memory.map(Digits),
            memory_reservation: kind.memory_reservation.map(Digits),
            gpu_ids: (state.gpus != 0).then_some(GpuIds { bits: state.gpus, ids: self.gpu_ids }),
            reason: state.reason,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Container<'a> {
    container_arn: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health_status: Option<&'static str>,
    last_status: &'static str,
    name: &'a RawValue,
    image: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_digest: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime_id: Option<&'a RawValue>,
    task_arn: &'a RawValue,
    #[serde(serialize_with = "as_list")]
    network_interfaces: Option<NetworkInterface<'a>>,
    cpu: Digits,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Digits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_reservation: Option<Digits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_ids: Option<GpuIds<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NetworkInterface<'a> {
    attachment_id: &'a str,
    private_ipv4_address: &'a str,
}

fn as_list<S: Serializer, T: Serialize>(one: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(one)
}
