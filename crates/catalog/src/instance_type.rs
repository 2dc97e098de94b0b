//! What an EC2 instance type is, as far as a container scheduler cares.

use std::collections::BTreeMap;

use crate::corrections::{self, Correction};
use crate::embedded;
use crate::table::{DataError, Fields, each_record, parse_record};

/// CPU units of one vCPU (RES-001).
pub const CPU_UNITS_PER_VCPU: u32 = 1024;

/// Percent of the nominal memory that a Linux instance registers where nothing better is known (RES-004).
pub const DEFAULT_LINUX_MEMORY_PERCENT: u32 = 97;

/// The instruction set of an instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Architecture {
    /// 64-bit Intel or AMD.
    X86_64,
    /// 64-bit Arm (Graviton).
    Arm64,
    /// A Mac with an Intel processor; ECS has no agent for it.
    X86_64Mac,
    /// A Mac with an Apple processor; ECS has no agent for it.
    Arm64Mac,
}

impl Architecture {
    /// All architectures, in the order of the type.
    pub const ALL: [Self; 4] = [Self::X86_64, Self::Arm64, Self::X86_64Mac, Self::Arm64Mac];

    /// The name as EC2 spells it: `x86_64`, `arm64`, `x86_64_mac`, `arm64_mac`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
            Self::X86_64Mac => "x86_64_mac",
            Self::Arm64Mac => "arm64_mac",
        }
    }

    /// Reads EC2's spelling (`x86_64`, `arm64`) or, for these two, that of a Fargate task (`X86_64`, `ARM64`).
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "X86_64" => Some(Self::X86_64),
            "ARM64" => Some(Self::Arm64),
            _ => Self::ALL.into_iter().find(|architecture| architecture.as_str() == name),
        }
    }

    /// The value of the attribute `ecs.cpu-architecture` (CQL-015); `None` where ECS cannot use the type.
    pub fn ecs_attribute(self) -> Option<&'static str> {
        self.usable_with_ecs().then(|| self.as_str())
    }

    /// Whether ECS has an agent for it: not for the Macs.
    pub fn usable_with_ecs(self) -> bool {
        matches!(self, Self::X86_64 | Self::Arm64)
    }
}

/// The hypervisor under a virtual instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hypervisor {
    /// AWS Nitro.
    Nitro,
    /// Xen, of the older generations.
    Xen,
}

impl Hypervisor {
    /// `nitro` or `xen`, as EC2 spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nitro => "nitro",
            Self::Xen => "xen",
        }
    }
}

/// Who says how many `awsvpc` tasks an instance type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EniLimitSource {
    /// The table of the ECS Developer Guide, mid-2023.
    EcsGuide2023,
    /// `branch_interfaces + max_enis - 2`; an upper bound on types with several network cards.
    DerivedFromBranchInterfaces,
    /// `max_enis - 1`; no trunking known.
    DerivedFromEnis,
    /// A rule of `spec/` or a second source, through `corrections.csv`.
    Corrected,
}

/// Where the memory that an instance registers comes from (RES-002 to RES-004).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemorySource {
    /// This percent of the nominal memory, rounded down: the model of RES-004.
    LinuxPercent(u32),
    /// What a Linux image really saw, where somebody measured it, otherwise this percent of the nominal memory.
    ///
    /// Measured values differ between images by a few percent, and small types see far less than 97 %.
    MeasuredOrLinuxPercent(u32),
    /// Nominal memory less 1 MiB, as Windows sees it (RES-004).
    Windows,
}

impl Default for MemorySource {
    fn default() -> Self {
        Self::LinuxPercent(DEFAULT_LINUX_MEMORY_PERCENT)
    }
}

/// An EC2 instance type. `None` means that no source gives the figure.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceType {
    /// `m5.large`.
    pub name: String,
    /// `m5`.
    pub family: String,
    /// `large`.
    pub size: String,
    /// Default number of vCPUs.
    pub vcpu: u32,
    /// Physical cores.
    pub physical_cores: Option<u32>,
    /// Hardware threads per core.
    pub threads_per_core: Option<u32>,
    /// Nominal memory in MiB, as `DescribeInstanceTypes` gives it.
    pub memory_mib: u32,
    /// Memory in MiB that an operating system saw on it in a benchmark; typical, not exact.
    pub os_visible_memory_mib: Option<u32>,
    /// Instruction set.
    pub architecture: Architecture,
    /// `Intel`, `AMD`, `AWS`, `Apple`.
    pub cpu_manufacturer: Option<String>,
    /// Sustained clock in GHz.
    pub cpu_clock_ghz: Option<f64>,
    /// CoreMark of the whole instance, iterations per second: a relative speed.
    pub coremark_iterations_per_second: Option<f64>,
    /// Whole GPUs, the only ones that a task can ask for (RES-031); 0 on the types that hold a part of one.
    pub gpus: u32,
    /// The part of one GPU that the type holds: 1 on whole GPUs, 0.125 to 0.5 on `g6f` and `gr6f`.
    pub gpu_partition_size: Option<f64>,
    /// `NVIDIA`, `AMD`, `Habana`.
    pub gpu_manufacturer: Option<String>,
    /// `A10G`, `T4`, ...
    pub gpu_model: Option<String>,
    /// GPU memory of the whole instance in MiB.
    pub gpu_memory_mib: Option<u32>,
    /// `neuron`, `inference`, `fpga` or `media`: devices that are no GPUs.
    pub accelerator_kind: Option<String>,
    /// Number of such devices.
    pub accelerators: Option<u32>,
    /// `Trainium2`, `U30`, ...
    pub accelerator_model: Option<String>,
    /// Their memory in MiB, whole instance.
    pub accelerator_memory_mib: Option<u32>,
    /// Instance store in GB.
    pub local_storage_gb: Option<u32>,
    /// Disks of the instance store.
    pub local_disk_count: Option<u32>,
    /// `ssd` or `hdd`.
    pub local_disk_type: Option<String>,
    /// EBS bandwidth that is always there, Mbit/s.
    pub ebs_baseline_mbps: Option<f64>,
    /// EBS bandwidth at most, Mbit/s.
    pub ebs_max_mbps: Option<f64>,
    /// Network bandwidth that is always there, Mbit/s.
    pub network_baseline_mbps: Option<f64>,
    /// Network bandwidth at most, Mbit/s.
    pub network_peak_mbps: Option<f64>,
    /// EC2's own words: `Up to 10 Gigabit`.
    pub network_performance: Option<String>,
    /// Network cards.
    pub network_cards: Option<u32>,
    /// Network interfaces at most, the primary one counted.
    pub max_enis: Option<u32>,
    /// IPv4 addresses per interface.
    pub ipv4_per_eni: Option<u32>,
    /// Whether the VPC resource controller trunks on the type. ECS decides by
    /// [`task_eni_limit_trunked`](Self::task_eni_limit_trunked), which can differ.
    pub trunking_compatible: Option<bool>,
    /// Branch interfaces on the trunk.
    pub branch_interfaces: Option<u32>,
    task_eni_limit: Option<u32>,
    task_eni_limit_trunked: Option<u32>,
    /// Who gives the two limits on `awsvpc` tasks.
    pub task_eni_limit_source: Option<EniLimitSource>,
    /// Whether there is no hypervisor.
    pub bare_metal: bool,
    /// The hypervisor; `None` on bare metal and where unknown.
    pub hypervisor: Option<Hypervisor>,
    /// Whether AWS counts the type to the current generation.
    pub current_generation: bool,
    /// Whether CPU credits limit it (`t2`, `t3`, `t3a`, `t4g`).
    pub burstable: bool,
    /// Whether it is sold as Spot.
    pub spot_supported: Option<bool>,
    /// `cluster`, `partition`, `spread`.
    pub placement_group_strategies: Vec<String>,
    /// Which source gave vCPU and memory.
    pub spec_source: String,
}

impl InstanceType {
    /// CPU units that it registers: 1024 for each vCPU (RES-001).
    pub fn cpu_units(&self) -> u32 {
        self.vcpu.saturating_mul(CPU_UNITS_PER_VCPU)
    }

    /// Memory in MiB that it registers before `ECS_RESERVED_MEMORY` is taken off (RES-002, RES-004).
    pub fn registered_memory_mib(&self, source: MemorySource) -> u32 {
        let percent = |percent: u32| {
            let mib = u64::from(self.memory_mib) * u64::from(percent) / 100;
            u32::try_from(mib).unwrap_or(u32::MAX)
        };
        match source {
            MemorySource::LinuxPercent(of_nominal) => percent(of_nominal),
            MemorySource::MeasuredOrLinuxPercent(of_nominal) => {
                self.os_visible_memory_mib.unwrap_or_else(|| percent(of_nominal))
            }
            MemorySource::Windows => self.memory_mib.saturating_sub(1),
        }
    }

    /// `awsvpc` tasks that it takes at once without ENI trunking (RES-040): interfaces less the primary one.
    ///
    /// `None` where the number of interfaces is unknown (`u-18tb1.112xlarge`, `u-24tb1.112xlarge`).
    pub fn task_eni_limit(&self) -> Option<u32> {
        self.task_eni_limit
    }

    /// `awsvpc` tasks that it takes at once with the account setting `awsvpcTrunking` (RES-041, RES-044).
    ///
    /// `None` where ECS does not trunk on the type: then [`task_eni_limit`](Self::task_eni_limit) holds.
    /// `Some(0)` on `i4i.large`, whose entry in AWS's table is negative.
    pub fn task_eni_limit_trunked(&self) -> Option<u32> {
        self.task_eni_limit_trunked
    }

    /// Whether it is on the Nitro System, which EBS task volumes need (RES-052). Bare metal is.
    pub fn is_nitro(&self) -> bool {
        self.bare_metal || self.hypervisor == Some(Hypervisor::Nitro)
    }

    /// Whether ECS can run tasks on it.
    pub fn usable_with_ecs(&self) -> bool {
        self.architecture.usable_with_ecs()
    }
}

const COLUMNS: &[&str] = &[
    "instance_type",
    "family",
    "size",
    "vcpu",
    "physical_cores",
    "threads_per_core",
    "memory_mib",
    "os_visible_memory_mib",
    "architecture",
    "cpu_manufacturer",
    "cpu_clock_ghz",
    "coremark_iterations_per_second",
    "gpu_count",
    "gpu_partition_size",
    "gpu_manufacturer",
    "gpu_model",
    "gpu_memory_mib",
    "accelerator_kind",
    "accelerator_count",
    "accelerator_model",
    "accelerator_memory_mib",
    "local_storage_gb",
    "local_disk_count",
    "local_disk_type",
    "ebs_baseline_mbps",
    "ebs_max_mbps",
    "network_baseline_mbps",
    "network_peak_mbps",
    "network_performance",
    "network_cards",
    "max_enis",
    "ipv4_per_eni",
    "trunking_compatible",
    "branch_interfaces",
    "ecs_task_eni_limit",
    "ecs_task_eni_limit_trunked",
    "ecs_task_eni_limit_source",
    "bare_metal",
    "hypervisor",
    "current_generation",
    "burstable",
    "spot_supported",
    "placement_group_strategies",
    "spec_source",
];

/// All instance types, in the order of the file, and by name.
#[derive(Debug)]
pub(crate) struct InstanceTypes {
    pub(crate) rows: Vec<InstanceType>,
    by_name: BTreeMap<String, usize>,
}

impl InstanceTypes {
    /// Unpacks and reads the embedded table, corrections applied.
    pub(crate) fn load() -> Result<Self, DataError> {
        let corrections = embedded::CORRECTIONS;
        let corrections = corrections::parse(corrections.name, &corrections.text()?, COLUMNS)?;
        Self::parse(embedded::INSTANCE_TYPES.name, &embedded::INSTANCE_TYPES.text()?, &corrections)
    }

    fn parse(table: &str, text: &str, corrections: &[Correction]) -> Result<Self, DataError> {
        let limits = ["ecs_task_eni_limit", "ecs_task_eni_limit_trunked"]
            .map(|limit| COLUMNS.iter().position(|column| *column == limit));
        let mut rows: Vec<InstanceType> = Vec::new();
        let mut by_name = BTreeMap::new();
        each_record(table, COLUMNS, text, |line, record| {
            let name = record.get(0).unwrap_or_default().to_owned();
            let mut limit_corrected = false;
            for correction in corrections.iter().filter(|correction| correction.concerns(&name)) {
                limit_corrected |= limits.iter().flatten().any(|&limit| correction.sets(limit));
                correction.apply(record);
            }
            let mut row = parse_record(table, COLUMNS, line, record, parse_row)?;
            if limit_corrected {
                row.task_eni_limit_source = Some(EniLimitSource::Corrected);
            }
            if by_name.insert(name, rows.len()).is_some() {
                return Err(DataError::new(table, line, "instance_type", format!("`{}` comes twice", row.name)));
            }
            rows.push(row);
            Ok(())
        })?;
        Ok(Self { rows, by_name })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&InstanceType> {
        self.rows.get(*self.by_name.get(name)?)
    }
}

fn parse_row(fields: &mut Fields<'_>) -> Result<InstanceType, DataError> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let name = fields.text()?.to_owned();
    let family = fields.text()?.to_owned();
    let size = fields.text()?.to_owned();
    if name.split_once('.') != Some((&family, &size)) {
        return Err(fields.error(format!("`{name}` is not `{family}.{size}`")));
    }
    // The fields are taken in the order in which they are written here, which is that of `COLUMNS`.
    Ok(InstanceType {
        name,
        family,
        size,
        vcpu: fields.number()?,
        physical_cores: fields.optional_number()?,
        threads_per_core: fields.optional_number()?,
        memory_mib: fields.number()?,
        os_visible_memory_mib: fields.optional_number()?,
        architecture: fields.word("an architecture", Architecture::parse)?,
        cpu_manufacturer: owned(fields.optional_text()),
        cpu_clock_ghz: fields.optional_decimal()?,
        coremark_iterations_per_second: fields.optional_decimal()?,
        gpus: fields.number()?,
        gpu_partition_size: fields.optional_decimal()?,
        gpu_manufacturer: owned(fields.optional_text()),
        gpu_model: owned(fields.optional_text()),
        gpu_memory_mib: fields.optional_number()?,
        accelerator_kind: owned(fields.optional_text()),
        accelerators: fields.optional_number()?,
        accelerator_model: owned(fields.optional_text()),
        accelerator_memory_mib: fields.optional_number()?,
        local_storage_gb: fields.optional_number()?,
        local_disk_count: fields.optional_number()?,
        local_disk_type: owned(fields.optional_text()),
        ebs_baseline_mbps: fields.optional_decimal()?,
        ebs_max_mbps: fields.optional_decimal()?,
        network_baseline_mbps: fields.optional_decimal()?,
        network_peak_mbps: fields.optional_decimal()?,
        network_performance: owned(fields.optional_text()),
        network_cards: fields.optional_number()?,
        max_enis: fields.optional_number()?,
        ipv4_per_eni: fields.optional_number()?,
        trunking_compatible: fields.optional_flag()?,
        branch_interfaces: fields.optional_number()?,
        task_eni_limit: fields.optional_number()?,
        task_eni_limit_trunked: fields.optional_number()?,
        task_eni_limit_source: fields.optional("a known source", |source| match source {
            "ecs_guide_2023" => Some(EniLimitSource::EcsGuide2023),
            "derived_branch_plus_enis_minus_2" => Some(EniLimitSource::DerivedFromBranchInterfaces),
            "derived_enis_minus_1" => Some(EniLimitSource::DerivedFromEnis),
            _ => None,
        })?,
        bare_metal: fields.flag()?,
        hypervisor: fields.optional("`nitro` or `xen`", |hypervisor| {
            [Hypervisor::Nitro, Hypervisor::Xen].into_iter().find(|known| known.as_str() == hypervisor)
        })?,
        current_generation: fields.flag()?,
        burstable: fields.flag()?,
        spot_supported: fields.optional_flag()?,
        placement_group_strategies: fields
            .optional_text()
            .map(|strategies| strategies.split(';').map(str::to_owned).collect())
            .unwrap_or_default(),
        spec_source: fields.text()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_correction_concerns_a_type_that_exists() {
        let table = embedded::CORRECTIONS;
        let corrections = corrections::parse(table.name, &table.text().unwrap(), COLUMNS).unwrap();
        let types = InstanceTypes::load().unwrap();
        for correction in &corrections {
            let pattern = correction.pattern();
            assert!(types.rows.iter().any(|row| correction.concerns(&row.name)), "{pattern} matches nothing");
        }
    }

    #[test]
    fn a_broken_row_is_an_error_with_line_and_column() {
        let text = embedded::INSTANCE_TYPES.text().unwrap();
        let broken = text.replacen("a1.medium,a1,medium,1,", "a1.medium,a1,medium,one,", 1);
        let error = InstanceTypes::parse("t.csv", &broken, &[]).unwrap_err();
        assert_eq!(error.to_string(), "t.csv:2, column `vcpu`: `one` should be a whole number in range");
        let renamed = text.replacen("a1.medium,a1,medium,", "a1.medium,a2,medium,", 1);
        assert!(InstanceTypes::parse("t.csv", &renamed, &[]).unwrap_err().problem.contains("is not `a2.medium`"));
    }
}
