//! What a task reserves: CPU, memory and GPUs, with what a call overrides (RES-005 to RES-010, RES-030).

use ecsim_cluster::definitions::NetworkMode;
use ecsim_cluster::{GpuNeed, GpuSharing, Requirements};

use crate::schema::aws;

/// `cpu` of a task on container instances (RES-008).
const TASK_CPU: std::ops::RangeInclusive<u32> = 128..=196_608;
/// Docker refuses less memory for a container (RES-007).
const LEAST_CONTAINER_MEMORY: u32 = 6;
/// More GPUs no instance has.
const MOST_GPUS: u16 = 64;

/// Something that is wrong with the sizes of a task definition, or of what overrides made of it.
pub(super) struct Problem {
    /// In which container; `None`: in the task.
    pub(super) container: Option<usize>,
    /// In which of its fields; empty: in all of them together.
    pub(super) key: &'static str,
    /// What.
    pub(super) message: String,
    /// What would be right.
    pub(super) help: Option<&'static str>,
}

/// Whether the definition says that it is for Windows.
pub(in crate::lower) fn is_windows(given: &aws::TaskDefinition) -> bool {
    given
        .runtime_platform
        .as_ref()
        .and_then(|platform| platform.operating_system_family)
        .is_some_and(aws::OsFamily::is_windows)
}

/// The definition as a call has it run: what it overrides replaces the definition's values (RES-010).
pub(super) fn with_overrides(given: &aws::TaskDefinition, overrides: &aws::TaskOverride) -> aws::TaskDefinition {
    let mut result = given.clone();
    result.cpu = overrides.cpu.or(result.cpu);
    result.memory = overrides.memory.or(result.memory);
    result.task_role_arn = overrides.task_role_arn.clone().or(result.task_role_arn);
    result.execution_role_arn = overrides.execution_role_arn.clone().or(result.execution_role_arn);
    for change in &overrides.container_overrides {
        let Some(at) = container_of(given, change) else { continue };
        let container = &mut result.container_definitions[at];
        container.cpu = change.cpu.or(container.cpu);
        container.memory = change.memory.or(container.memory);
        container.memory_reservation = change.memory_reservation.or(container.memory_reservation);
        if !change.resource_requirements.is_empty() {
            container.resource_requirements.clone_from(&change.resource_requirements);
        }
        if !change.environment_files.is_empty() {
            container.environment_files.clone_from(&change.environment_files);
        }
    }
    result
}

/// Which container an override is about: the one it names, or the only one.
pub(super) fn container_of(given: &aws::TaskDefinition, change: &aws::ContainerOverride) -> Option<usize> {
    match &change.name {
        Some(name) => given.container_definitions.iter().position(|container| container.name == *name),
        None => (given.container_definitions.len() == 1).then_some(0),
    }
}

/// What a task of this definition reserves, and everything that is wrong with it (RES-005 to RES-009).
pub(super) fn requirements(
    given: &aws::TaskDefinition,
    mode: NetworkMode,
    sharing: GpuSharing,
) -> (Requirements, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut problem = |container: Option<usize>, key: &'static str, message: String, help: Option<&'static str>| {
        problems.push(Problem { container, key, message, help });
    };
    let task_cpu = given.cpu.map(|cpu| cpu.0);
    let task_memory = given.memory.map(|memory| memory.0);
    if let Some(cpu) = task_cpu.filter(|cpu| !TASK_CPU.contains(cpu)) {
        let message = format!(
            "{cpu} CPU units for a task; {} to {} are possible on container instances (RES-008)",
            TASK_CPU.start(),
            TASK_CPU.end()
        );
        problem(None, "cpu", message, Some("leave it out: the `cpu` of a container has no such bounds"));
    }
    if task_memory == Some(0) {
        problem(None, "memory", "a task cannot have 0 MiB of memory (RES-008)".to_owned(), Some("leave it out"));
    }
    let task_memory = task_memory.filter(|memory| *memory > 0);
    // RES-009: on Windows a task size and soft limits count for nothing.
    let windows = is_windows(given);
    let (mut cpu, mut memory, mut hard_only) = (0_u64, 0_u64, 0_u64);
    let mut gpus = GpuNeed::Count(0);
    for (at, container) in given.container_definitions.iter().enumerate() {
        let hard = container.memory.filter(|memory| *memory > 0);
        let soft = container.memory_reservation.filter(|memory| *memory > 0);
        for (key, amount) in [("memory", hard), ("memoryReservation", soft)] {
            if amount.is_some_and(|amount| amount < LEAST_CONTAINER_MEMORY) {
                let message = format!("Docker needs at least {LEAST_CONTAINER_MEMORY} MiB for a container (RES-007)");
                problem(Some(at), key, message, None);
            }
        }
        if let (Some(hard), Some(soft)) = (hard, soft)
            && hard <= soft
        {
            let message = format!("`memory` {hard} must be greater than `memoryReservation` {soft} (RES-007)");
            problem(Some(at), "memory", message, Some("leave out one of them, or raise `memory`"));
        }
        if hard.is_none() && soft.is_none() && task_memory.is_none() {
            let message = format!(
                "container `{}` needs `memory` or `memoryReservation`, or the task a `memory` of its own (RES-007)",
                crate::diagnostic::shown(&container.name)
            );
            problem(Some(at), "", message, None);
        }
        cpu += u64::from(container.cpu.unwrap_or(0));
        memory += u64::from(soft.or(hard).unwrap_or(0));
        hard_only += u64::from(hard.unwrap_or(0));
        match gpu_need(&container.resource_requirements, sharing) {
            Ok(need) => gpus = sum_of(gpus, need),
            Err(message) => problem(Some(at), "resourceRequirements", message, None),
        }
    }
    if let GpuNeed::Count(amount) = gpus
        && let Err(why) = check_share(amount, sharing)
    {
        problem(None, "containerDefinitions", format!("the task {why}"), None);
    }
    if let Some(size) = task_cpu.filter(|size| cpu > u64::from(*size)) {
        let message = format!("the containers ask for {cpu} CPU units together, the task has {size} (RES-007)");
        problem(None, "cpu", message, Some("raise the `cpu` of the task, or lower that of its containers"));
    }
    if let Some(size) = task_memory.filter(|size| memory > u64::from(*size)) {
        let message = format!("the containers reserve {memory} MiB together, the task has {size} (RES-007)");
        problem(None, "memory", message, Some("raise the `memory` of the task, or lower that of its containers"));
    }
    let mut fit = |amount: u64, key: &'static str| {
        u32::try_from(amount).unwrap_or_else(|_| {
            problem(None, "containerDefinitions", format!("a `{key}` of {amount} in all is too much"), None);
            0
        })
    };
    let requirements = Requirements {
        cpu: task_cpu.filter(|_| !windows).unwrap_or_else(|| fit(cpu, "cpu")),
        memory: match task_memory {
            _ if windows => fit(hard_only, "memory"),
            Some(memory) => memory,
            None => fit(memory, "memory"),
        },
        gpus,
        eni: mode == NetworkMode::Awsvpc,
    };
    (requirements, problems)
}

fn sum_of(a: GpuNeed, b: GpuNeed) -> GpuNeed {
    match (a, b) {
        (GpuNeed::All, _) | (_, GpuNeed::All) => GpuNeed::All,
        (GpuNeed::Count(a), GpuNeed::Count(b)) => GpuNeed::Count(a.saturating_add(b)),
    }
}

/// Where tasks share GPUs, a share is of one GPU: what is more than one is whole.
///
/// # Errors
/// What is wrong, in words.
pub(in crate::lower) fn check_share(amount: u16, sharing: GpuSharing) -> Result<(), String> {
    let parts = sharing.parts();
    if amount < parts || amount.is_multiple_of(parts) {
        return Ok(());
    }
    let shown = sharing.show(amount.into());
    Err(format!("asks for {shown} GPUs; a share is a part of one GPU, and more than one must be whole"))
}

/// GPUs of one container: whole numbers or `ALL` (RES-030), or a share of one where tasks may share.
pub(super) fn gpu_need(requirements: &[aws::ResourceRequirement], sharing: GpuSharing) -> Result<GpuNeed, String> {
    let mut need = GpuNeed::Count(0);
    for requirement in requirements.iter().filter(|requirement| requirement.kind == aws::ResourceRequirementType::Gpu) {
        let value = requirement.value.as_str();
        need = match value.parse::<u16>() {
            _ if value.eq_ignore_ascii_case("ALL") => GpuNeed::All,
            Ok(count) if count <= MOST_GPUS => sum_of(need, GpuNeed::Count(count * sharing.parts())),
            _ if sharing.is_on() && share(value, sharing).is_some() => {
                sum_of(need, GpuNeed::Count(share(value, sharing).unwrap_or(0)))
            }
            _ => {
                let shown = crate::diagnostic::shown(value);
                let what = if sharing.is_on() { "a whole number, a share such as 0.25," } else { "a whole number" };
                return Err(format!("`{shown}` is no number of GPUs: write {what} or ALL (RES-030)"));
            }
        };
    }
    Ok(need)
}

/// A decimal fraction below one, in parts.
fn share(value: &str, sharing: GpuSharing) -> Option<u16> {
    let part = value.parse::<f64>().ok().filter(|part| (0.0..1.0).contains(part))?;
    Some((part * f64::from(sharing.parts()) - 1e-6).ceil().max(0.0) as u16)
}
