//! The catalogue of metrics, as data: what a number is called, what it counts, and how it is folded from facts.
//!
//! Each family is one file: its running counts (a small fold over facts), and its list of [`Metric`]s. A metric in such
//! a list has a CSV column, a name in `expect:` and a row in the documentation at once.
//!
//! * [`tally`]: the running counts of all families together, folded fact by fact.
//! * [`reservation`], [`stranded`]: CloudWatch's reservation percentages, and what they hide.
//! * [`tasks`], [`instances`], [`services`], [`workload`]: how many of what, in which state.
//! * [`placement`]: who asked, who got a place, who did not and why (FLR-001).
//! * [`load`]: requests to services, and what they cost.
//! * [`timing`]: how long it took from request to RUNNING.
//! * [`capacity`]: launches, interruptions, scaling decisions, waits for capacity, Fargate.
//! * [`auto_scaling_groups`], [`capacity_providers`]: what each of them has and went through.
//! * [`target_groups`]: targets of load balancers by their state.
//! * [`costs`]: what it costs so far.
//! * [`requests`]: the ledger of requests that have not been placed yet.
//! * [`tables`]: the CSV files under `metrics/`.

pub mod auto_scaling_groups;
pub mod capacity;
pub mod capacity_providers;
pub mod costs;
#[cfg(test)]
pub(crate) mod fixture;
pub mod instances;
pub mod load;
pub mod placement;
pub mod requests;
pub mod reservation;
pub mod services;
pub(crate) mod slab;
pub mod stranded;
pub mod tables;
pub mod tally;
pub mod target_groups;
pub mod tasks;
pub mod timing;
pub mod workload;

use std::borrow::Cow;

use ecsim_cluster::{AsgId, Cluster, Fact, InstanceId, ProviderId, ServiceId, SourceId, TargetGroupId, ZoneId};
use ecsim_kernel::SimTime;

use crate::cost::{Ledger, Money};

pub use tables::MetricTables;
pub use tally::{Detail, Tally};

/// All families, in the order of the columns.
pub const FAMILIES: &[&[Metric]] = &[
    reservation::METRICS,
    tasks::METRICS,
    instances::CLUSTER,
    instances::ZONES,
    instances::INSTANCES,
    services::CLUSTER,
    services::METRICS,
    workload::METRICS,
    placement::METRICS,
    timing::CLUSTER,
    timing::SERVICES,
    timing::WORKLOAD,
    stranded::METRICS,
    capacity::CLUSTER,
    capacity::OF_INSTANCES,
    capacity_providers::METRICS,
    auto_scaling_groups::METRICS,
    target_groups::METRICS,
    costs::METRICS,
    load::CLUSTER,
    load::METRICS,
];

/// All metrics, in the order of the columns.
pub fn catalogue() -> impl Iterator<Item = &'static Metric> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The metrics of one scope, in the order of the columns.
pub fn of_scope(scope: Scope) -> impl Iterator<Item = &'static Metric> {
    catalogue().filter(move |metric| metric.scope() == scope)
}

/// The metric of a scope that goes by `name`: its own name, an alias, or its lower-camel spelling.
#[must_use]
pub fn find(scope: Scope, name: &str) -> Option<&'static Metric> {
    of_scope(scope).find(|metric| metric.is_called(name))
}

/// One metric: name, meaning, and how to read it.
#[derive(Debug)]
pub struct Metric {
    /// CloudWatch's name where AWS has one, else ours in camelCase. It is the column header and the name in `expect:`.
    pub name: &'static str,
    /// Other names that `expect:` accepts, such as the field of the `Describe…` calls.
    pub aliases: &'static [&'static str],
    /// What its numbers are measured in.
    pub unit: Unit,
    /// One sentence.
    pub help: &'static str,
    /// Which facts can change it.
    pub inputs: Inputs,
    /// Whether it is a column of the CSV tables.
    pub column: bool,
    /// What it is a property of, and how it is read.
    pub read: Read,
}

impl Metric {
    const fn new(name: &'static str, unit: Unit, inputs: Inputs, help: &'static str, read: Read) -> Self {
        Self { name, aliases: &[], unit, help, inputs, column: true, read }
    }

    const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// A metric that only `expect:` shows.
    const fn no_column(self) -> Self {
        Self { column: false, ..self }
    }

    /// What it is a property of.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self.read {
            Read::Cluster(_) => Scope::Cluster,
            Read::Service(_) => Scope::Service,
            Read::Instance(_) => Scope::Instance,
            Read::Zone(_) => Scope::Zone,
            Read::Workload(_) => Scope::Workload,
            Read::CapacityProvider(_) => Scope::CapacityProvider,
            Read::AutoScalingGroup(_) => Scope::AutoScalingGroup,
            Read::TargetGroup(_) => Scope::TargetGroup,
        }
    }

    /// Whether `name` means this metric.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name) || lower_camel(self.name) == name
    }
}

/// `RunningTaskCount` as `runningTaskCount`, `CPUReservation` as `cpuReservation`.
#[must_use]
pub fn lower_camel(name: &str) -> Cow<'_, str> {
    let capitals = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let lowered = if capitals > 1 && capitals < name.len() { capitals - 1 } else { capitals };
    if lowered == 0 {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("{}{}", name[..lowered].to_ascii_lowercase(), &name[lowered..]))
}

/// What a metric is a property of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole cluster.
    Cluster,
    /// One service.
    Service,
    /// One container instance.
    Instance,
    /// One Availability Zone.
    Zone,
    /// One entry of `workload:`, or one call of the timeline.
    Workload,
    /// One capacity provider.
    CapacityProvider,
    /// One Auto Scaling group.
    AutoScalingGroup,
    /// One target group of a load balancer.
    TargetGroup,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 8] = [
        Self::Cluster,
        Self::Service,
        Self::Instance,
        Self::Zone,
        Self::Workload,
        Self::CapacityProvider,
        Self::AutoScalingGroup,
        Self::TargetGroup,
    ];

    /// The first part of a path in `expect:`.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Service => "services",
            Self::Instance => "containerInstances",
            Self::Zone => "zones",
            Self::Workload => "workload",
            Self::CapacityProvider => "capacityProviders",
            Self::AutoScalingGroup => "autoScalingGroups",
            Self::TargetGroup => "targetGroups",
        }
    }

    /// The header of the column that names the entity.
    #[must_use]
    pub const fn entity(self) -> &'static str {
        match self {
            Self::Cluster => "ClusterName",
            Self::Service => "ServiceName",
            Self::Instance => "ContainerInstanceName",
            Self::Zone => "AvailabilityZone",
            Self::Workload => "WorkloadName",
            Self::CapacityProvider => "CapacityProviderName",
            Self::AutoScalingGroup => "AutoScalingGroupName",
            Self::TargetGroup => "TargetGroup",
        }
    }

    /// Its table in the output directory; none for what only `expect:` can name.
    #[must_use]
    pub const fn table(self) -> Option<&'static str> {
        match self {
            Self::Cluster => Some("metrics/cluster.csv"),
            Self::Service => Some("metrics/services.csv"),
            Self::CapacityProvider => Some("metrics/capacity_providers.csv"),
            Self::AutoScalingGroup => Some("metrics/auto_scaling_groups.csv"),
            Self::TargetGroup => Some("metrics/target_groups.csv"),
            Self::Instance | Self::Zone | Self::Workload => None,
        }
    }

    /// The scopes that have a table, in the order in which their files are opened.
    pub const TABLES: [Self; 5] =
        [Self::Cluster, Self::Service, Self::CapacityProvider, Self::AutoScalingGroup, Self::TargetGroup];

    /// The columns of its table behind those of the catalogue, as the documentation writes them.
    #[must_use]
    pub const fn more_columns(self) -> &'static [&'static str] {
        match self {
            Self::Service => &["liveTasks.ZONE", "providers.NAME"],
            Self::AutoScalingGroup => &["instances.ZONE"],
            _ => &[],
        }
    }
}

/// What a number is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    Count,
    /// Percent, 0 to 100.
    Percent,
    /// Seconds.
    Seconds,
    /// CPU units, 1,024 to the vCPU.
    CpuUnits,
    /// Mebibytes.
    MiB,
    /// Money, in the currency in which AWS bills the region.
    Money,
    /// `true` or `false`.
    Flag,
    /// Text; where the list is not empty, one of these.
    Text(&'static [&'static str]),
}

impl Unit {
    /// As the documentation writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Percent => "percent",
            Self::Seconds => "seconds",
            Self::CpuUnits => "CPU units",
            Self::MiB => "MiB",
            Self::Money => "US dollars (yuan in China)",
            Self::Flag => "true or false",
            Self::Text(_) => "text",
        }
    }
}

/// Kinds of facts, as a set: what can change a metric. It saves an expectation from looking when nothing can be new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs(u16);

impl Inputs {
    /// Instances registering, draining, leaving; agents connecting.
    pub const INSTANCES: Self = Self(1);
    /// Tasks changing state, or being created.
    pub const TASKS: Self = Self(2);
    /// Services changing state or desired count.
    pub const SERVICES: Self = Self(4);
    /// Requests made, placed, queued, dropped or refused.
    pub const REQUESTS: Self = Self(8);
    /// Entries of event lists.
    pub const EVENTS: Self = Self(16);
    /// Containers exiting.
    pub const CONTAINERS: Self = Self(32);
    /// Attributes put or deleted.
    pub const ATTRIBUTES: Self = Self(64);
    /// The end of a period: the metric is dear, and sampled only then.
    pub const PERIODS: Self = Self(128);
    /// Auto Scaling groups and capacity providers changing; instances launching, leaving, being interrupted.
    pub const CAPACITY: Self = Self(256);
    /// The end of a period, for what is read from the ledger.
    pub const COSTS: Self = Self(512);
    /// Targets of load balancers, and what became of requests.
    pub const LOAD: Self = Self(1_024);
    /// CloudWatch alarms, and the metrics that somebody watches.
    pub const ALARMS: Self = Self(2_048);
    /// Scalable targets of services, and what is decided about them.
    pub const SCALING: Self = Self(4_096);

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets have anything in common.
    #[must_use]
    pub const fn touches(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds a fact is of.
    #[must_use]
    pub const fn of(fact: &Fact) -> Self {
        match fact {
            Fact::InstanceStatusChanged { .. } | Fact::AgentConnectionChanged { .. } => Self::INSTANCES,
            Fact::AttributePut { .. } | Fact::AttributeDeleted { .. } => Self::ATTRIBUTES,
            Fact::TaskRequested { .. }
            | Fact::RequestUnplaced { .. }
            | Fact::RequestRefused { .. }
            | Fact::RequestQueued { .. }
            | Fact::RequestDropped { .. }
            | Fact::StartTaskFailed { .. }
            | Fact::CallRefused { .. }
            | Fact::ServiceUnplaced { .. } => Self::REQUESTS,
            Fact::TaskCreated { .. } | Fact::TaskPlaced { .. } => Self::TASKS.and(Self::REQUESTS),
            // A task that is asked to stop leaves its service short of one: that is a new request.
            Fact::TaskStopRequested { .. } => Self::TASKS.and(Self::REQUESTS),
            Fact::TaskStatusChanged { .. } => Self::TASKS,
            Fact::ContainerExited { .. }
            | Fact::ContainerStopFailed { .. }
            | Fact::ContainerStarted { .. }
            | Fact::ContainerHealthChanged { .. } => Self::CONTAINERS,
            Fact::ServiceStatusChanged { .. } | Fact::DesiredCountChanged { .. } => Self::SERVICES.and(Self::REQUESTS),
            Fact::ServiceHeldBack { .. } => Self::REQUESTS.and(Self::CAPACITY),
            Fact::ServiceUpdated { .. }
            | Fact::ServicePlacementChanged { .. }
            | Fact::HealthyPercentChanged { .. }
            | Fact::RebalancingChanged { .. }
            | Fact::DeploymentStarted { .. }
            | Fact::DeploymentChanged { .. }
            | Fact::DeploymentStageEntered { .. }
            | Fact::DeploymentStopAsked { .. }
            | Fact::DeploymentAnswered { .. }
            | Fact::DeploymentPolicyChanged { .. }
            | Fact::TaskSetScaled { .. }
            | Fact::TaskSetStabilityChanged { .. }
            | Fact::TrafficShifted { .. }
            | Fact::GracePeriodChanged { .. }
            | Fact::ServiceCapacityChanged { .. } => Self::SERVICES,
            Fact::TargetRegistered { .. }
            | Fact::TargetStateChanged { .. }
            | Fact::TargetDeregistered { .. }
            | Fact::TaskEjected { .. }
            | Fact::LoadMeasured { .. }
            | Fact::TargetGroupMeasured { .. } => Self::LOAD,
            Fact::ServiceEvent { .. } => Self::EVENTS,
            Fact::InstanceLaunched { .. }
            | Fact::LaunchFailed { .. }
            | Fact::InstanceLifecycleChanged { .. }
            | Fact::InstanceTerminated { .. }
            | Fact::InstanceProtectionChanged { .. }
            | Fact::InstanceHealthChanged { .. }
            | Fact::SpotInterruptionNoticed { .. }
            | Fact::RebalanceRecommended { .. }
            | Fact::DesiredCapacityChanged { .. }
            | Fact::GroupSizeChanged { .. }
            | Fact::ScalingDecided { .. }
            | Fact::ReservationSampled { .. }
            | Fact::ProviderStatusChanged { .. }
            | Fact::ProviderChanged { .. } => Self::CAPACITY,
            Fact::GpuDeviceChosen { .. }
            | Fact::HostPowerChanged { .. }
            | Fact::TaskAdmitted { .. }
            | Fact::ImagePullStarted { .. }
            | Fact::ImagePullStopped { .. }
            | Fact::TaskExecutionStopped { .. }
            | Fact::TaskRetirementNoticed { .. }
            | Fact::TaskErrorRateChanged { .. }
            | Fact::TaskProtectionChanged { .. }
            | Fact::SpotPriceChanged { .. }
            | Fact::PoolCapacityChanged { .. }
            | Fact::ZoneAvailabilityChanged { .. }
            | Fact::ProcessesChanged { .. }
            | Fact::NewInstanceProtectionChanged { .. }
            | Fact::TemplateChanged { .. }
            | Fact::ConfigurationChanged { .. }
            | Fact::InstanceRefreshChanged { .. }
            | Fact::ScalingWithheld { .. }
            | Fact::AlarmChanged { .. }
            | Fact::MetricChanged { .. } => Self(0),
            Fact::DatapointPublished { .. } | Fact::AlarmStateChanged { .. } | Fact::AlarmActionsChanged { .. } => {
                Self::ALARMS
            }
            Fact::ScalableTargetChanged { .. }
            | Fact::ServiceScalingDecided { .. }
            | Fact::ServiceScalingEnded { .. }
            | Fact::ServiceScalingWithheld { .. }
            | Fact::CapacityForecast { .. } => Self::SCALING,
        }
    }
}

/// How a metric is read, by what it is a property of.
#[derive(Clone, Copy, Debug)]
pub enum Read {
    /// Of the cluster.
    Cluster(fn(&Reading<'_>) -> Value),
    /// Of a service.
    Service(fn(&Reading<'_>, ServiceId) -> Value),
    /// Of a container instance.
    Instance(fn(&Reading<'_>, InstanceId) -> Value),
    /// Of a zone.
    Zone(fn(&Reading<'_>, ZoneId) -> Value),
    /// Of a workload entry or call.
    Workload(fn(&Reading<'_>, SourceId) -> Value),
    /// Of a capacity provider.
    CapacityProvider(fn(&Reading<'_>, ProviderId) -> Value),
    /// Of an Auto Scaling group.
    AutoScalingGroup(fn(&Reading<'_>, AsgId) -> Value),
    /// Of a target group.
    TargetGroup(fn(&Reading<'_>, TargetGroupId) -> Value),
}

/// Everything a metric may look at.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The instant.
    pub now: SimTime,
    /// The present.
    pub cluster: &'a Cluster,
    /// What the present does not remember.
    pub tally: &'a Tally,
    /// What it costs, where anything has a price; its bill was read at this instant.
    pub costs: Option<&'a Ledger>,
}

/// A value of a metric at an instant.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// It has none now, such as a percentage of nothing: an empty field.
    Missing,
    /// A whole number.
    Count(u64),
    /// A fraction, in the metric's unit.
    Number(f64),
    /// An amount of money.
    Money(Money),
    /// Yes or no.
    Flag(bool),
    /// A word or a text.
    Text(Cow<'static, str>),
}

impl Value {
    /// A word.
    #[must_use]
    pub const fn word(word: &'static str) -> Self {
        Self::Text(Cow::Borrowed(word))
    }

    /// `part` of `whole` in percent; missing where there is no whole.
    #[must_use]
    pub fn percent(part: u64, whole: u64) -> Self {
        if whole == 0 { Self::Missing } else { Self::Number(part as f64 / whole as f64 * 100.0) }
    }

    /// GPUs: whole ones, or with a fraction where tasks share them.
    #[must_use]
    pub fn gpus(cluster: &Cluster, amount: u64) -> Self {
        let sharing = cluster.definitions().gpu_sharing;
        if sharing.is_on() { Self::Number(amount as f64 / f64::from(sharing.parts())) } else { Self::Count(amount) }
    }

    /// Milliseconds as seconds.
    #[must_use]
    pub fn seconds(ms: Option<u32>) -> Self {
        ms.map_or(Self::Missing, |ms| Self::Number(f64::from(ms) / 1000.0))
    }

    /// As a number, where it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Number(number) => Some(*number),
            Self::Money(money) => Some(money.to_f64()),
            Self::Missing | Self::Flag(_) | Self::Text(_) => None,
        }
    }

    /// Appends the plain writing of a table: at most four decimals, six for money, no grouping, nothing for a missing value.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Missing => {}
            Self::Count(count) => write_count(*count, out),
            Self::Number(number) => write_number(*number, out),
            Self::Money(money) => write_money(*money, out),
            Self::Flag(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

impl core::fmt::Display for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if *self == Self::Missing {
            return f.write_str("missing");
        }
        let mut text = Vec::new();
        self.write(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(u64::from(count))
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

fn write_count(mut count: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (count % 10) as u8;
        count /= 10;
        if count == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Two to six decimals.
fn write_money(money: Money, out: &mut Vec<u8>) {
    let text = format!("{money:.6}");
    let decimals = text.len() - text.trim_end_matches('0').len();
    out.extend_from_slice(&text.as_bytes()[..text.len() - decimals.min(4)]);
}

/// At most four decimals, no exponent, no trailing zeros.
fn write_number(number: f64, out: &mut Vec<u8>) {
    const TEN_THOUSAND: u64 = 10_000;
    let magnitude = number.abs();
    if !magnitude.is_finite() || magnitude >= 1e15 {
        out.extend_from_slice(number.to_string().as_bytes());
        return;
    }
    let scaled = (magnitude * TEN_THOUSAND as f64).round() as u64;
    if number < 0.0 && scaled > 0 {
        out.push(b'-');
    }
    write_count(scaled / TEN_THOUSAND, out);
    let mut rest = scaled % TEN_THOUSAND;
    if rest > 0 {
        out.push(b'.');
        let mut unit = TEN_THOUSAND / 10;
        while rest > 0 {
            out.push(b'0' + (rest / unit) as u8);
            rest %= unit;
            unit /= 10;
        }
    }
}

#[cfg(test)]
mod folds;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_within_their_scope_and_documented() {
        for scope in Scope::ALL {
            let mut names: Vec<String> = Vec::new();
            for metric in of_scope(scope) {
                assert!(metric.help.ends_with('.'), "{}: a sentence ends with a full stop", metric.name);
                names.push(metric.name.to_owned());
                names.extend(metric.aliases.iter().map(|alias| (*alias).to_owned()));
                let spelling = lower_camel(metric.name);
                if spelling != metric.name && !metric.aliases.contains(&&*spelling) {
                    names.push(spelling.into_owned());
                }
            }
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "{scope:?} has two metrics of one name: {names:?}");
        }
    }

    #[test]
    fn numbers_are_plain() {
        let text = |value: Value| {
            let mut out = Vec::new();
            value.write(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(Value::Count(0)), "0");
        assert_eq!(text(Value::Count(u64::MAX)), "18446744073709551615");
        assert_eq!(text(Value::Number(55.555_555_6)), "55.5556");
        assert_eq!(text(Value::Number(60.5)), "60.5");
        assert_eq!(text(Value::Number(0.0001)), "0.0001");
        assert_eq!(text(Value::Number(-0.000_01)), "0");
        assert_eq!(text(Value::Number(-2.25)), "-2.25");
        assert_eq!(text(Value::Number(99.999_99)), "100");
        assert_eq!(text(Value::Missing), "");
        for (money, written) in [("12.5", "12.50"), ("0", "0.00"), ("0.0123456", "0.012346"), ("-3.1", "-3.10")] {
            assert_eq!(text(Value::Money(Money::parse(money).unwrap())), written);
        }
    }

    #[test]
    fn lower_camel_spellings() {
        assert_eq!(lower_camel("RunningTaskCount"), "runningTaskCount");
        assert_eq!(lower_camel("CPUReservation"), "cpuReservation");
        assert_eq!(lower_camel("eniReservation"), "eniReservation");
        assert_eq!(find(Scope::Service, "runningCount").unwrap().name, "RunningTaskCount");
        assert_eq!(find(Scope::Cluster, "gpuReservation").unwrap().name, "GPUReservation");
        assert!(find(Scope::Cluster, "runingCount").is_none());
    }
}
