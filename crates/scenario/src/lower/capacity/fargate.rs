//! AWS Fargate: what it can run (FGT-001 to FGT-004), and how long it takes (FGT-020).

use ecsim_catalog::Catalog;
use ecsim_cluster::definitions::{FargatePlatform, FargateSize, NetworkMode};
use ecsim_engine::fleet::FargateBehavior;
use ecsim_kernel::{Distribution, SimTime, Span};
use ecsim_policies::capacity::spot;

use super::super::Context;
use super::super::distributions::{constant, points, sum};
use super::Demand;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{self, FargatePullRate, MemorySize, aws};

/// AWS's words for a size that Fargate does not have (FGT-001).
const NO_CONFIGURATION: &str = "No Fargate configuration exists for given values.";
/// Ephemeral storage that is included, and the least that can be asked for beyond it, and the most (FGT-003), in GiB.
const INCLUDED_GIB: u32 = 20;
const EPHEMERAL_GIB: std::ops::RangeInclusive<u32> = 21..=200;
/// Longest `stopTimeout` (DRN-007).
const LONGEST_STOP_TIMEOUT: u32 = 120;
/// What `startTimeout` may be, in seconds (TSK-023).
const START_TIMEOUT: std::ops::RangeInclusive<u32> = 2..=120;
/// Equally likely values that stand for a start with stragglers.
const STRAGGLER_POINTS: u32 = 2_000;

/// Who wants to run what on Fargate.
pub(in crate::lower) struct FargateUse<'u, 's> {
    /// The service or call.
    pub(in crate::lower) demand: &'u Demand<'s>,
    /// What it runs.
    pub(in crate::lower) definition: &'u aws::TaskDefinition,
    /// Whether some of it may run on Fargate Spot.
    pub(in crate::lower) spot: bool,
}

/// Why a task definition cannot run on Fargate: where in it, in AWS's words where they are known, and what would be right.
pub(in crate::lower) struct Unfit {
    place: Vec<Step>,
    message: String,
    help: String,
}

/// A step into a task definition.
#[derive(Clone, Copy, Debug)]
enum Step {
    Key(&'static str),
    Index(usize),
}

impl Unfit {
    fn new(place: &[Step], message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: place.to_vec(), message: message.into(), help: help.into() }
    }

    /// The place in the definition that stands here; the definition itself where the field is missing.
    fn place<'a>(&self, definition: &Locator<'a>) -> Locator<'a> {
        let place = self.place.iter().fold(definition.clone(), |at, step| match *step {
            Step::Key(key) => at.key(key),
            Step::Index(index) => at.index(index),
        });
        if place.node().is_some() { place } else { definition.clone() }
    }
}

/// What Fargate has to know of a task definition; the first reason why it cannot run it (FGT-001, FGT-002).
pub(in crate::lower) fn size(given: &aws::TaskDefinition) -> Result<FargateSize, Unfit> {
    use Step::Key;
    if given.network_mode != Some(aws::NetworkMode::Awsvpc) {
        let message = format!(
            "Fargate only supports network mode ‘{}’.",
            super::super::task_definitions::mode_name(NetworkMode::Awsvpc)
        );
        return Err(Unfit::new(&[Key("networkMode")], message, "write `networkMode: awsvpc` (FGT-002)"));
    }
    let (Some(cpu), Some(memory)) = (given.cpu, given.memory) else {
        let key = if given.cpu.is_none() { "cpu" } else { "memory" };
        let help = "give the task `cpu` and `memory` of its own, such as 256 and 512 (FGT-001)";
        return Err(Unfit::new(&[Key(key)], NO_CONFIGURATION, help));
    };
    let runtime = given.runtime_platform.as_ref();
    let windows = runtime.and_then(|it| it.operating_system_family).is_some_and(aws::OsFamily::is_windows);
    let arm = runtime.and_then(|it| it.cpu_architecture) == Some(aws::CpuArchitecture::Arm64);
    let known = Catalog::fargate_size(cpu.0, memory.0).filter(|size| if windows { size.windows } else { size.linux });
    if known.is_none() {
        return Err(no_such_size(cpu.0, memory.0, windows));
    }
    if windows && arm {
        return Err(Unfit::new(&[Key("runtimePlatform")], "there is no Windows on Arm", "use X86_64 (FGT-002)"));
    }
    let ephemeral_gib = match &given.ephemeral_storage {
        None => INCLUDED_GIB,
        Some(storage) if EPHEMERAL_GIB.contains(&storage.size_in_gib) => storage.size_in_gib,
        Some(storage) => {
            let message = format!("{} GiB of ephemeral storage; 21 to 200 are possible", storage.size_in_gib);
            let place = [Key("ephemeralStorage"), Key("sizeInGiB")];
            return Err(Unfit::new(&place, message, "leave it out for the 20 GiB included (FGT-003)"));
        }
    };
    of_the_host(given)?;
    for (index, container) in given.container_definitions.iter().enumerate() {
        if let Some(seconds) = container.start_timeout.filter(|seconds| !START_TIMEOUT.contains(seconds)) {
            let place = [Key("containerDefinitions"), Step::Index(index), Key("startTimeout")];
            let message = format!("a start timeout of {seconds} s");
            return Err(Unfit::new(&place, message, "2 to 120 are possible on Fargate (TSK-023)"));
        }
    }
    Ok(FargateSize {
        cpu: cpu.0,
        memory: memory.0,
        ephemeral_gib,
        platform: match (windows, arm) {
            (true, _) => FargatePlatform::Windows,
            (false, true) => FargatePlatform::LinuxArm,
            (false, false) => FargatePlatform::LinuxX86,
        },
    })
}

/// FGT-001: what of the size is wrong, and the nearest that would be right.
fn no_such_size(cpu: u32, memory: u32, windows: bool) -> Unfit {
    let sizes = || Catalog::fargate_sizes().iter().filter(|size| if windows { size.windows } else { size.linux });
    let alike = sizes().filter(|size| size.cpu_units == cpu).min_by_key(|size| size.memory_mib.abs_diff(memory));
    let roomy = sizes()
        .filter(|size| size.cpu_units >= cpu && size.memory_mib >= memory)
        .min_by_key(|size| (size.cpu_units, size.memory_mib));
    let mut near: Vec<String> = Vec::new();
    near.extend(roomy.map(|size| format!("cpu {} with memory {} has room for it", size.cpu_units, size.memory_mib)));
    near.extend(alike.map(|size| format!("the nearest memory with cpu {cpu} is {}", size.memory_mib)));
    if near.is_empty() {
        let largest = sizes().max_by_key(|size| (size.cpu_units, size.memory_mib));
        near.extend(
            largest.map(|size| format!("the largest is cpu {} with memory {}", size.cpu_units, size.memory_mib)),
        );
    }
    let key = if alike.is_some() { "memory" } else { "cpu" };
    let help = format!("{}; `ecsim catalog fargate` lists the sizes (FGT-001)", near.join("; "));
    Unfit::new(&[Step::Key(key)], NO_CONFIGURATION, help)
}

/// FGT-002: what only a host of one's own has.
fn of_the_host(given: &aws::TaskDefinition) -> Result<(), Unfit> {
    use Step::{Index, Key};
    for (index, container) in given.container_definitions.iter().enumerate() {
        let at = |key| [Key("containerDefinitions"), Index(index), Key(key)];
        if container.privileged == Some(true) {
            let message = "Fargate has no privileged containers";
            return Err(Unfit::new(&at("privileged"), message, "leave `privileged` out (FGT-002)"));
        }
        if !container.links.is_empty() {
            let message = "Fargate has no links between containers";
            let help = "containers of a task reach one another at localhost (FGT-002)";
            return Err(Unfit::new(&at("links"), message, help));
        }
        let devices = container.linux_parameters.as_ref().and_then(|linux| linux.get("devices"));
        if devices.is_some_and(|devices| devices.as_array().is_none_or(|list| !list.is_empty())) {
            let place = [Key("containerDefinitions"), Index(index), Key("linuxParameters"), Key("devices")];
            return Err(Unfit::new(&place, "Fargate has no devices of a host", "leave them out (FGT-002)"));
        }
        if !container.resource_requirements.is_empty() {
            let message = "Fargate has neither GPUs nor other accelerators";
            return Err(Unfit::new(&at("resourceRequirements"), message, "run the task on EC2 (FGT-002)"));
        }
        if container.stop_timeout.is_some_and(|timeout| timeout > LONGEST_STOP_TIMEOUT) {
            let message = format!("a stop timeout above {LONGEST_STOP_TIMEOUT} s");
            return Err(Unfit::new(&at("stopTimeout"), message, "120 is the most on Fargate (DRN-007)"));
        }
    }
    for (index, volume) in given.volumes.iter().enumerate() {
        let at = |key| [Key("volumes"), Index(index), Key(key)];
        if volume.host.as_ref().is_some_and(|host| host.source_path.is_some()) {
            let message = "Fargate has no directories of a host";
            return Err(Unfit::new(&at("host"), message, "leave `sourcePath` out, or use EFS (FGT-002)"));
        }
        if volume.docker_volume_configuration.is_some() {
            let message = "Fargate has no Docker volumes";
            return Err(Unfit::new(&at("dockerVolumeConfiguration"), message, "use EFS, or leave it out (FGT-002)"));
        }
    }
    if given.pid_mode == Some(aws::PidMode::Host) {
        return Err(Unfit::new(&[Key("pidMode")], "Fargate shares no processes of a host", "write `task` (FGT-002)"));
    }
    if given.ipc_mode.is_some() {
        return Err(Unfit::new(&[Key("ipcMode")], "Fargate has no IPC modes", "leave `ipcMode` out (FGT-002)"));
    }
    Ok(())
}

impl<'a> Context<'a> {
    /// Complaints at a definition that says it is for Fargate: AWS would not register it (FGT-001, FGT-002).
    pub(in crate::lower) fn check_fargate_definition(&mut self, given: &aws::TaskDefinition, at: &Locator<'a>) {
        if !given.requires_compatibilities.contains(&aws::Compatibility::Fargate) {
            return;
        }
        if let Err(unfit) = size(given) {
            self.error(&unfit.place(at), "E396", unfit.message, Some(unfit.help));
        }
        if !given.placement_constraints.is_empty() {
            let help = Some("leave them out (FGT-002)".into());
            let message = "Task definition placement constraints are not supported with FARGATE launch type";
            self.error(&at.clone().key("placementConstraints"), "E396", message, help);
        }
    }

    /// Complaints at a service or call that wants to run on Fargate (FGT-001 to FGT-004, PLC-001).
    pub(super) fn check_fargate(&mut self, wanted: FargateUse<'_, '_>, place: &Locator<'a>, at: &Locator<'a>) {
        let FargateUse { demand, definition, spot } = wanted;
        let (strategies, constraints) = (demand.placed.strategies.len(), demand.placed.constraints.len());
        if let Err(error) = ecsim_policies::placement::validate::fargate(constraints, strategies) {
            let key = if constraints > 0 { "placementConstraints" } else { "placementStrategy" };
            self.error(&at.clone().key(key), "E355", error.to_string(), Some("leave it out (FGT-002)".into()));
        }
        if demand.daemon {
            let message = "The daemon scheduling strategy is not supported by Fargate";
            let help = Some("use REPLICA (FGT-002)".into());
            self.error(&at.clone().key("schedulingStrategy"), "E396", message, help);
        }
        let family = shown(&definition.family);
        // What is wrong with a definition for Fargate is said there.
        let said = definition.requires_compatibilities.contains(&aws::Compatibility::Fargate);
        match size(definition) {
            Ok(size) => {
                self.capacity.platforms.insert(size.platform);
                if spot && size.platform == FargatePlatform::Windows {
                    let help = Some("use FARGATE for Windows (FGT-004)".into());
                    self.error(
                        place,
                        "E396",
                        format!("Fargate Spot does not run Windows, and `{family}` is for it"),
                        help,
                    );
                }
                self.check_platform_version(demand, &size, spot, at);
            }
            Err(_) if said => {}
            Err(Unfit { message, help, .. }) => {
                self.error(place, "E396", format!("`{family}` cannot run on Fargate: {message}"), Some(help));
            }
        }
        if !said && !definition.placement_constraints.is_empty() {
            let message = format!("`{family}` cannot run on Fargate: it has placement constraints");
            self.error(place, "E396", message, Some("leave them out (FGT-002)".into()));
        }
    }

    /// Which platform versions there are, and which of them can do what the task needs (FGT-002 to FGT-004, CP-025).
    fn check_platform_version(&mut self, demand: &Demand<'_>, size: &FargateSize, spot: bool, at: &Locator<'a>) {
        let version = demand.platform_version.unwrap_or("LATEST");
        if version.eq_ignore_ascii_case("LATEST") {
            return;
        }
        let place = at.clone().key("platformVersion");
        let windows = size.platform == FargatePlatform::Windows;
        let known = if windows { &["1.0.0"][..] } else { &["1.4.0", "1.3.0"][..] };
        if !known.contains(&version) {
            let message = format!("`{}` is no platform version of Fargate for such a task", shown(version));
            self.error(
                &place,
                "E396",
                message,
                Some("LATEST, 1.4.0 or 1.3.0 on Linux, 1.0.0 on Windows (FGT-002)".into()),
            );
            return;
        }
        let needs =
            Catalog::fargate_size(size.cpu, size.memory).and_then(|known| known.min_platform_version.as_deref());
        let lacks = match (version, needs) {
            ("1.3.0", _) if spot && size.platform == FargatePlatform::LinuxArm => {
                Some("Fargate Spot runs tasks for Arm on 1.4.0 and later (CP-025)")
            }
            ("1.3.0", _) if size.ephemeral_gib > INCLUDED_GIB => {
                Some("more ephemeral storage than 20 GiB is there on 1.4.0 and later (FGT-003)")
            }
            ("1.3.0", Some("1.4.0")) => Some("a task of this size is possible on 1.4.0 and later (FGT-001)"),
            _ => None,
        };
        if let Some(lacks) = lacks {
            self.error(&place, "E396", lacks, Some("write 1.4.0, or LATEST".into()));
        }
    }

    /// What Fargate's behaviour is for all tasks.
    pub(super) fn lower_fargate(&mut self) {
        let scenario = self.scenario;
        let given = &scenario.behavior.fargate;
        let at = self.at("behavior").key("fargate");
        let mut unavailable = Vec::new();
        for (index, shortage) in given.capacity_unavailable.iter().enumerate() {
            let from = SimTime::ZERO + shortage.from.map_or(Span::ZERO, |from| from.0);
            let until = shortage.until.map_or(SimTime::MAX, |until| SimTime::ZERO + until.0);
            if from >= until {
                let place = at.clone().key("capacityUnavailable").index(index).key("until");
                self.error(&place, "E397", "`until` is not after `from`", None);
            }
            let spot = shortage.market.unwrap_or(schema::Market::Spot) == schema::Market::Spot;
            unavailable.push((from, until, spot));
        }
        // What a scripted interruption says of the time after it.
        for entry in &scenario.timeline {
            let Some(interruption) = &entry.fargate_spot_interruption else { continue };
            if let Some(shortage) = interruption.shortage.filter(|shortage| !shortage.0.is_zero()) {
                let from = SimTime::ZERO + entry.at.0;
                unavailable.push((from, from + shortage.0, true));
            }
        }
        let rate = match given.spot_interruptions {
            None => 0.0,
            Some(schema::FargateInterruptions { rate_per_hour: Some(rate), monthly: None }) => rate,
            Some(schema::FargateInterruptions { rate_per_hour: None, monthly: Some(monthly) }) => {
                if monthly.fraction() >= 1.0 {
                    let place = at.clone().key("spotInterruptions").key("monthly");
                    self.error(&place, "E397", "a task that is certainly interrupted would never live", None);
                }
                spot::hazard(monthly.fraction().min(0.999))
            }
            Some(_) => {
                let help = Some("write `ratePerHour` or `monthly`".into());
                self.error(&at.key("spotInterruptions"), "E397", "how often? one of two rates is needed", help);
                0.0
            }
        };
        let fargate = &mut self.capacity.fleet.fargate;
        fargate.unavailable = unavailable;
        fargate.spot_interruptions_per_hour = rate;
    }

    /// How the tasks of a definition behave on Fargate (FGT-020): what `behavior` says of the task wins over what it says
    /// of Fargate, that over the settings.
    pub(in crate::lower) fn fargate_behavior(
        &mut self,
        definition: &aws::TaskDefinition,
        given: &schema::TaskBehavior,
        at: &Locator<'a>,
    ) -> Option<FargateBehavior> {
        let size = size(definition).ok()?;
        let scenario = self.scenario;
        let settings = &scenario.settings;
        let settings_at = self.at("settings");
        let all = &scenario.behavior.fargate;
        let all_at = self.at("behavior").key("fargate");
        let provision = match &all.provision {
            Some(spec) => self.seconds(spec, &all_at.clone().key("provision")),
            None => {
                let spec = settings.fargate_provision_s.durations();
                self.seconds(&spec, &settings_at.clone().key("fargate_provision_s"))
            }
        };
        let start = match (&given.start, &all.start) {
            (Some(spec), _) => self.seconds(spec, &at.clone().key("start")),
            (None, Some(spec)) => self.seconds(spec, &all_at.clone().key("start")),
            (None, None) => {
                let spec = settings.start_s.durations();
                self.seconds(&spec, &settings_at.clone().key("start_s"))
            }
        };
        let deprovision = match &all.deprovision {
            Some(spec) => self.seconds(spec, &all_at.clone().key("deprovision")),
            None => {
                let spec = settings.deprovision_s.durations();
                self.seconds(&spec, &settings_at.clone().key("deprovision_s"))
            }
        };
        let pull = match (&given.image_pull, &all.image_pull, self.image_megabytes(definition, given)) {
            (Some(spec), ..) => self.seconds(spec, &at.clone().key("imagePull")),
            (None, Some(spec), None) => self.seconds(spec, &all_at.key("imagePull")),
            (None, _, Some(megabytes)) => constant(self.fargate_pull(megabytes, size.cpu)),
            (None, None, None) => {
                let spec = settings.pull_s.durations();
                self.seconds(&spec, &settings_at.clone().key("pull_s"))
            }
        };
        let share = settings.fargate_straggler_share.fraction();
        let provision = if share > 0.0 {
            let delay = self.seconds(&settings.fargate_straggler_delay, &settings_at.key("fargate_straggler_delay"));
            with_stragglers(&provision, &delay, share)
        } else {
            provision
        };
        Some(FargateBehavior { provision, pull, start, deprovision })
    }

    /// The size of all images of a task, in millions of bytes, where the scenario says anything about it.
    fn image_megabytes(&self, definition: &aws::TaskDefinition, given: &schema::TaskBehavior) -> Option<f64> {
        let of_container = |container: &aws::ContainerDefinition| {
            given.containers.get(&container.name).and_then(|own| own.image_size).map(MemorySize::megabytes)
        };
        let known: Vec<f64> = definition.container_definitions.iter().filter_map(of_container).collect();
        match (given.image_size, known.is_empty()) {
            (Some(size), true) => Some(size.megabytes()),
            (_, false) => Some(known.into_iter().sum()),
            (None, true) => None,
        }
    }

    /// FGT-020: size over the rate of tasks with so much CPU.
    fn fargate_pull(&self, megabytes: f64, cpu: u32) -> f64 {
        let vcpu = f64::from(cpu) / 1024.0;
        let rate = match &self.scenario.settings.fargate_pull_mb_per_s {
            FargatePullRate::Off => return 0.0,
            FargatePullRate::Same(rate) => Some(*rate),
            FargatePullRate::BySize(steps) => {
                let fits = steps.iter().filter(|step| step.from_vcpu <= vcpu);
                // The step with the largest bound; the first one where all begin higher.
                fits.max_by(|a, b| a.from_vcpu.total_cmp(&b.from_vcpu)).or(steps.first()).map(|step| step.mb_per_s)
            }
        };
        // A rate of 0 is an error of the settings.
        rate.filter(|rate| *rate > 0.0).map_or(0.0, |rate| megabytes / rate)
    }

    /// A rate of 0 would never end.
    pub(in crate::lower) fn check_fargate_pull_rate(&mut self) {
        let rates: Vec<f64> = match &self.scenario.settings.fargate_pull_mb_per_s {
            FargatePullRate::Off => return,
            FargatePullRate::Same(rate) => vec![*rate],
            FargatePullRate::BySize(steps) => steps.iter().map(|step| step.mb_per_s).collect(),
        };
        if rates.iter().any(|rate| !(*rate > 0.0 && rate.is_finite())) {
            let at = self.at("settings").key("fargate_pull_mb_per_s");
            self.error(&at, "E311", "a rate above 0 is needed", Some("write `off` for no delay".into()));
        }
    }
}

/// A distribution of which a share is late by a delay of its own.
fn with_stragglers(usual: &Distribution, delay: &Distribution, share: f64) -> Distribution {
    let late = sum(usual, delay);
    let number = (f64::from(STRAGGLER_POINTS) * share.min(1.0)).round() as u32;
    let on_time = STRAGGLER_POINTS - number.min(STRAGGLER_POINTS);
    let values: Vec<f64> = points(usual, on_time).chain(points(&late, number)).collect();
    Distribution::empirical(values).unwrap_or_else(|_| usual.clone())
}
