//! `scaling_activities.csv`: what auto scalers decided and why, and what groups then did about it.
//!
//! One row for each decision, for each reason not to act that is new, for each alarm that changed, for each instance
//! that was launched or terminated, for each launch that failed, and for each step of an instance refresh. Decisions
//! carry their arithmetic: [`Decision::text`].

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::definitions::{Definitions, LaunchOwner};
use ecsim_cluster::scaling::{Alarm, Decision};
use ecsim_cluster::service_scaling::metric_name;
use ecsim_cluster::{
    ActivityStatus, AsgId, Cluster, Fact, InstanceId, Observer, ProviderId, ServiceDecision, ServiceId,
};
use ecsim_kernel::SimTime;

use super::activities::{failure_cause, launch_cause, provider_of, termination_cause};
use super::sheet::Sheet;
use super::{Column, Sink, column};

/// The columns of `scaling_activities.csv`.
pub const COLUMNS: [Column; 17] = [
    column("timestamp", "ISO 8601", "When it happened."),
    column("secondsSinceStart", "seconds since start", "timestamp as a number."),
    column("autoScalingGroup", "", "The Auto Scaling group; blank for a Managed Instances provider."),
    column("capacityProvider", "", "The capacity provider that the group or the instance belongs to."),
    column(
        "kind",
        "",
        "Who decided: ManagedScaling, TargetTrackingScaling, StepScaling, SimpleScaling, ScheduledAction, User, SizeLimits, PredictiveScaling, RegisterScalableTarget; or NotScaled, ActivityEnded, Forecast, CapacityLimits, Withheld, Alarm, Launch, LaunchFailed, Terminate, InstanceRefresh.",
    ),
    column("policy", "", "The policy, scheduled action or alarm, by name."),
    column("from", "count", "The desired capacity before; for what changes none, the present one."),
    column("to", "count", "The desired capacity after."),
    column("metric", "", "The metric that was looked at."),
    column("value", "number", "Its value."),
    column("target", "number", "Its target, or the threshold of the alarm."),
    column("cause", "", "The arithmetic of the decision, the reason not to act, or why the activity began."),
    column("containerInstance", "", "The instance that was launched or terminated."),
    column("service", "", "The service whose scalable target it is about."),
    column("status", "", "StatusCode of the service's scaling activity, or the NotScaledReasons code."),
    column(
        "activityStartSeconds",
        "seconds since start",
        "For an activity that ended: when it began; for a forecast: when its hour begins.",
    ),
    column("detail", "", "The arithmetic of a decision about a service."),
];

/// Writes `scaling_activities.csv`.
pub struct ScalingActivitySink<W: Write> {
    sheet: Sheet<W>,
    definitions: Arc<Definitions>,
    /// Activities of services that are in progress: when they began, and from what to what.
    open: BTreeMap<(ServiceId, u32), (SimTime, u32, u32, ServiceDecision)>,
}

/// A row but for its time.
#[derive(Clone, Copy, Default)]
struct Row<'a> {
    group: Option<AsgId>,
    provider: Option<ProviderId>,
    kind: &'static str,
    policy: &'a str,
    from: Option<u32>,
    to: Option<u32>,
    metric: &'a str,
    /// Millionths.
    value: Option<i64>,
    /// Millionths.
    target: Option<i64>,
    cause: &'a str,
    instance: &'a str,
    service: &'a str,
    status: &'a str,
    started: Option<SimTime>,
    detail: &'a str,
}

impl<W: Write> ScalingActivitySink<W> {
    /// A sink that writes into `writer`; the header is written at once.
    pub fn new(definitions: Arc<Definitions>, writer: W) -> Self {
        Self { sheet: Sheet::new(writer, &COLUMNS, definitions.start_unix_ms), definitions, open: BTreeMap::new() }
    }

    fn row(&mut self, now: SimTime, row: &Row<'_>) {
        let Self { sheet, definitions, .. } = self;
        sheet.stamp(now);
        sheet.seconds(now);
        sheet.text(row.group.map_or("", |group| &definitions.auto_scaling_groups[group].name));
        sheet.text(row.provider.map_or("", |provider| &definitions.capacity_providers[provider].name));
        sheet.text(row.kind);
        sheet.text(row.policy);
        for count in [row.from, row.to] {
            match count {
                Some(count) => sheet.number(count),
                None => sheet.blank(),
            }
        }
        sheet.text(row.metric);
        for micros in [row.value, row.target] {
            sheet.build(|out| {
                if let Some(micros) = micros {
                    write_micros(micros, out);
                }
            });
        }
        sheet.text(row.cause);
        sheet.text(row.instance);
        sheet.text(row.service);
        sheet.text(row.status);
        match row.started {
            Some(at) => sheet.seconds(at),
            None => sheet.blank(),
        }
        sheet.text(row.detail);
        sheet.end_row();
    }

    fn decided(&mut self, now: SimTime, group: AsgId, from: u32, to: u32, decision: Decision, cluster: &Cluster) {
        let definitions = Arc::clone(&self.definitions);
        let (metric, value, target) = match decision {
            Decision::ManagedScaling { sample, .. } => {
                ("CapacityProviderReservation", Some(sample.micros()), Some(i64::from(sample.target) * 1_000_000))
            }
            Decision::TargetTracking { metric, value, target, .. } => {
                (definitions.metrics.name(metric), Some(value), Some(target))
            }
            Decision::Step { metric, value, threshold, .. } | Decision::Simple { metric, value, threshold, .. } => {
                (definitions.metrics.name(metric), Some(value), Some(threshold))
            }
            Decision::Scheduled { .. } | Decision::User | Decision::Clamped => ("", None, None),
        };
        let (provider, policy) = match decision {
            Decision::ManagedScaling { provider, .. } => (Some(provider), ""),
            _ => (provider_of(LaunchOwner::Group(group), cluster), decision.who(&definitions)),
        };
        let row = Row {
            group: Some(group),
            provider,
            kind: decision.kind(),
            policy,
            from: Some(from),
            to: Some(to),
            metric,
            value,
            target,
            cause: &decision.text(&definitions, from, to),
            ..Row::default()
        };
        self.row(now, &row);
    }

    /// A row about a group that changes no capacity.
    fn noted(&mut self, now: SimTime, group: AsgId, row: Row<'_>, cluster: &Cluster) {
        let provider = row.provider.or_else(|| provider_of(LaunchOwner::Group(group), cluster));
        let from = Some(cluster.groups()[group].desired);
        self.row(now, &Row { group: Some(group), provider, from, ..row });
    }

    /// A row about the scalable target of a service.
    fn of_service(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        let definitions = Arc::clone(&self.definitions);
        let name = |service: ServiceId| definitions.services[service].name.as_str();
        let desired = |service: ServiceId| Some(cluster.services()[service].desired_count);
        match *fact {
            Fact::ServiceScalingDecided { service, activity, from, to, decision } => {
                self.open.insert((service, activity), (now, from, to, decision));
                let metric = decision
                    .reading()
                    .map(|(series, value, target)| (metric_name(&definitions, series), value, target));
                let row = Row {
                    kind: decision.kind(),
                    policy: decision.policy().map_or("", |policy| definitions.policies.name(policy)),
                    from: Some(from),
                    to: Some(to),
                    metric: metric.as_ref().map_or("", |(name, ..)| name),
                    value: metric.as_ref().map(|(_, value, _)| *value),
                    target: metric.as_ref().map(|(.., target)| *target),
                    cause: &decision.cause(&definitions),
                    service: name(service),
                    status: "InProgress",
                    detail: &decision.text(&definitions, from, to),
                    ..Row::default()
                };
                self.row(now, &row);
            }
            Fact::ServiceScalingEnded { service, activity, status } => {
                let Some((started, from, to, decision)) = self.open.remove(&(service, activity)) else { return };
                let row = Row {
                    kind: "ActivityEnded",
                    policy: decision.policy().map_or("", |policy| definitions.policies.name(policy)),
                    from: Some(from),
                    to: Some(to),
                    cause: &decision.cause(&definitions),
                    service: name(service),
                    status: status.name(),
                    started: Some(started),
                    detail: &format!("Successfully set desired count to {to}. Change successfully fulfilled by ecs."),
                    ..Row::default()
                };
                let overridden = Row { detail: "another change of the desired count took its place", ..row };
                let row = if status == ActivityStatus::Successful { row } else { overridden };
                self.row(now, &row);
            }
            Fact::ServiceScalingWithheld { service, withheld } => {
                let alarm = withheld.alarm.map(|alarm| &definitions.alarms[alarm]);
                let metric = alarm.map(|alarm| metric_name(&definitions, alarm.series));
                let cause = alarm.map(|alarm| format!("monitor alarm {} in state ALARM", alarm.name));
                let row = Row {
                    kind: "NotScaled",
                    policy: definitions.policies.name(withheld.policy),
                    from: desired(service),
                    metric: metric.as_deref().unwrap_or(""),
                    value: withheld.value,
                    target: alarm.map(|alarm| alarm.threshold),
                    cause: cause.as_deref().unwrap_or(""),
                    service: name(service),
                    status: withheld.why.code(),
                    detail: &format!("{}; {} running", withheld.why.text(&definitions), withheld.running),
                    ..Row::default()
                };
                self.row(now, &row);
            }
            Fact::ScalableTargetChanged { service, registered, min, max, suspended } => {
                let cause = if registered {
                    format!("minimum capacity was set to {min} and maximum capacity was set to {max}")
                } else {
                    "the scalable target was deregistered".to_owned()
                };
                let off = [
                    (suspended.scale_in, "DynamicScalingInSuspended"),
                    (suspended.scale_out, "DynamicScalingOutSuspended"),
                    (suspended.scheduled, "ScheduledScalingSuspended"),
                ];
                let off: Vec<&str> = off.iter().filter(|(off, _)| *off).map(|(_, name)| *name).collect();
                let row = Row {
                    kind: "CapacityLimits",
                    from: desired(service),
                    cause: &cause,
                    service: name(service),
                    detail: &off.join(", "),
                    ..Row::default()
                };
                self.row(now, &row);
            }
            Fact::CapacityForecast { service, policy, hour, load, capacity } => {
                let row = Row {
                    kind: "Forecast",
                    policy: definitions.policies.name(policy),
                    from: desired(service),
                    to: Some(capacity),
                    value: Some(load),
                    cause: "forecast of the load of an hour",
                    service: name(service),
                    started: Some(hour),
                    ..Row::default()
                };
                self.row(now, &row);
            }
            _ => {}
        }
    }

    /// A row about an instance.
    fn of_instance(&mut self, now: SimTime, kind: &'static str, instance: InstanceId, cause: &str, cluster: &Cluster) {
        let instance = &cluster.instances()[instance];
        let row = Row {
            group: instance.group,
            provider: instance.provider,
            kind,
            from: instance.group.map(|group| cluster.groups()[group].desired),
            cause,
            instance: &instance.name,
            ..Row::default()
        };
        self.row(now, &row);
    }
}

impl<W: Write> Observer for ScalingActivitySink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        match *fact {
            Fact::ScalingDecided { group, from, to, decision } => {
                self.decided(now, group, from, to, decision, cluster);
            }
            Fact::ScalingWithheld { group, withheld } => {
                let row = Row { kind: "Withheld", cause: &withheld.to_string(), ..Row::default() };
                self.noted(now, group, row, cluster);
            }
            Fact::AlarmChanged { group, alarm, in_alarm } => {
                let provider = match alarm {
                    Alarm::ManagedHigh(provider) | Alarm::ManagedLow(provider) => Some(provider),
                    Alarm::Policy(_) | Alarm::PolicyHigh(_) | Alarm::PolicyLow(_) => None,
                };
                let row = Row {
                    provider,
                    kind: "Alarm",
                    policy: &alarm.name(&self.definitions),
                    cause: if in_alarm { "OK → ALARM" } else { "ALARM → OK" },
                    ..Row::default()
                };
                self.noted(now, group, row, cluster);
            }
            Fact::ServiceScalingDecided { .. }
            | Fact::ServiceScalingEnded { .. }
            | Fact::ServiceScalingWithheld { .. }
            | Fact::ScalableTargetChanged { .. }
            | Fact::CapacityForecast { .. } => self.of_service(now, fact, cluster),
            Fact::InstanceRefreshChanged { group, to, .. } => {
                let row = Row { kind: "InstanceRefresh", cause: to.name(), ..Row::default() };
                self.noted(now, group, row, cluster);
            }
            Fact::LaunchFailed { owner, option, market, failure } => {
                let option = self.definitions.launch_options[option];
                let group = match owner {
                    LaunchOwner::Group(group) => Some(group),
                    LaunchOwner::Provider(_) => None,
                };
                let row = Row {
                    group,
                    provider: provider_of(owner, cluster),
                    kind: "LaunchFailed",
                    from: group.map(|group| cluster.groups()[group].desired),
                    cause: &failure_cause(&self.definitions, &option, market, failure),
                    ..Row::default()
                };
                self.row(now, &row);
            }
            Fact::InstanceLaunched { instance, warm, .. } => {
                let cause = launch_cause(&cluster.instances()[instance], warm, cluster);
                self.of_instance(now, "Launch", instance, &cause, cluster);
            }
            Fact::InstanceTerminated { instance, reason } => {
                self.of_instance(now, "Terminate", instance, termination_cause(reason), cluster);
            }
            _ => {}
        }
    }
}

impl<W: Write> Sink<W> for ScalingActivitySink<W> {
    fn finish(self: Box<Self>) -> io::Result<W> {
        self.sheet.finish()
    }
}

/// Millionths as a decimal number without trailing zeros.
pub(super) fn write_micros(micros: i64, out: &mut Vec<u8>) {
    if micros < 0 {
        out.push(b'-');
    }
    let magnitude = micros.unsigned_abs();
    out.extend_from_slice(itoa::Buffer::new().format(magnitude / 1_000_000).as_bytes());
    let mut rest = magnitude % 1_000_000;
    if rest > 0 {
        out.push(b'.');
        let mut unit = 100_000;
        while rest > 0 {
            out.push(b'0' + (rest / unit) as u8);
            rest %= unit;
            unit /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::TraceKind;
    use crate::sinks::kit::{Kit, cells, ms};
    use ecsim_cluster::fact::{LaunchFailure, RefreshStatus, TerminationReason};
    use ecsim_cluster::scaling::{Reservation, Withheld};
    use ecsim_cluster::{AlarmId, LaunchOptionId, Market, NotScaled, SeriesId, Withholding};
    use ecsim_kernel::Span;

    fn sample(m: u32, n: u32) -> Reservation {
        Reservation { m, n, target: 100, waiting: 12, incompatible: 0, used: n, all_incompatible: false }
    }

    #[test]
    fn cas_020_a_decision_carries_its_arithmetic() {
        let mut kit = Kit::new();
        let (group, provider) = (AsgId::new(0), ProviderId::new(1));
        let decision =
            Decision::ManagedScaling { provider, sample: sample(26, 14), instances: 14, raw: 26, step: None };
        kit.fact(ms(60_000), Fact::AlarmChanged { group, alarm: Alarm::ManagedHigh(provider), in_alarm: true });
        kit.fact(ms(60_000), Fact::ScalingDecided { group, from: 14, to: 26, decision });
        let rows = cells(&kit, TraceKind::ScalingActivities);
        let row = &rows[1];
        for (column, cell) in [
            ("timestamp", "2026-03-02T00:01:00.000Z"),
            ("secondsSinceStart", "60.000"),
            ("autoScalingGroup", "spot"),
            ("capacityProvider", "cp-spot"),
            ("kind", "ManagedScaling"),
            ("policy", ""),
            ("from", "14"),
            ("to", "26"),
            ("metric", "CapacityProviderReservation"),
            ("value", "185.714286"),
            ("target", "100"),
            ("cause", "N=14, M=26, CPR 185.7 > 100: desired 14 → 26 (12 tasks wait)"),
            ("containerInstance", ""),
        ] {
            assert_eq!(row[column], cell, "{column}");
        }
        let alarm = &rows[0];
        assert_eq!((alarm["kind"].as_str(), alarm["policy"].as_str()), ("Alarm", "cp-spot-AlarmHigh"));
        assert_eq!((alarm["cause"].as_str(), alarm["from"].as_str(), alarm["to"].as_str()), ("OK → ALARM", "1", ""));
    }

    #[test]
    fn asg_022_and_025_other_scalers_name_their_policy() {
        let mut kit = Kit::new();
        let group = AsgId::new(0);
        let (policy, metric) = (kit.policy("cpu-steps"), kit.metric("CPUUtilization"));
        let step = Decision::Step { policy, metric, value: 87_500_000, threshold: 70_000_000, change: 2 };
        kit.fact(ms(1000), Fact::ScalingDecided { group, from: 1, to: 3, decision: step });
        let action = kit.policy("cpu-steps");
        kit.fact(ms(2000), Fact::ScalingDecided { group, from: 3, to: 5, decision: Decision::Scheduled { action } });
        let rows = cells(&kit, TraceKind::ScalingActivities);
        let pick = |row: usize| {
            ["kind", "policy", "metric", "value", "target", "cause"].map(|column| rows[row][column].clone())
        };
        assert_eq!(
            pick(0),
            [
                "StepScaling",
                "cpu-steps",
                "CPUUtilization",
                "87.5",
                "70",
                "CPUUtilization 87.5 against the threshold 70: +2, desired 1 → 3"
            ]
        );
        assert_eq!(pick(1), ["ScheduledAction", "cpu-steps", "", "", "", "desired 3 → 5"]);
    }

    #[test]
    fn asg_005_activities_of_the_group_have_their_cause() {
        let mut kit = Kit::new();
        let group = AsgId::new(0);
        let instance = kit.launch(ms(1000), Market::Spot);
        kit.fact(
            ms(2000),
            Fact::LaunchFailed {
                owner: LaunchOwner::Group(group),
                option: LaunchOptionId::new(0),
                market: Market::Spot,
                failure: LaunchFailure::InsufficientInstanceCapacity,
            },
        );
        let withheld = Withheld::WarmingUp { age: Span::from_secs(60), warmup: Span::from_secs(300), out: true };
        kit.fact(ms(3000), Fact::ScalingWithheld { group, withheld });
        kit.fact(ms(4000), Fact::InstanceRefreshChanged { group, refresh: 0, to: RefreshStatus::InProgress });
        kit.fact(ms(5000), Fact::InstanceTerminated { instance, reason: TerminationReason::SpotInterruption });
        let rows = cells(&kit, TraceKind::ScalingActivities);
        let told: Vec<_> =
            rows.iter().map(|row| ["kind", "containerInstance", "cause"].map(|column| row[column].as_str())).collect();
        let failed = format!("{} (m5.large in us-east-1a, spot)", LaunchFailure::InsufficientInstanceCapacity.text());
        assert_eq!(
            told,
            [
                [
                    "Launch",
                    "spot-1",
                    "an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 1."
                ],
                ["LaunchFailed", "", failed.as_str()],
                ["Withheld", "", "scale-out waits: the youngest instance is 1m old, the warm-up is 5m"],
                ["InstanceRefresh", "", "InProgress"],
                ["Terminate", "spot-1", "an instance was taken out of service in response to a Spot interruption."],
            ]
        );
        assert!(rows.iter().all(|row| row["autoScalingGroup"] == "spot" && row["capacityProvider"] == "cp-spot"));
    }

    #[test]
    fn sas_006_and_007_activities_of_services_begin_and_end() {
        let mut kit = Kit::new();
        let service = kit.service("web");
        let (policy, alarm, series) = (kit.policy("cpu-steps"), AlarmId::new(0), SeriesId::new(0));
        let decision = ServiceDecision::TargetTracking {
            policy,
            alarm,
            series,
            value: 75_000_000,
            target: 50_000_000,
            running: 10,
            raw: 15,
            credited: None,
        };
        kit.fact(ms(1000), Fact::ServiceScalingDecided { service, activity: 0, from: 10, to: 15, decision });
        let status = ActivityStatus::Successful;
        kit.fact(ms(3000), Fact::ServiceScalingEnded { service, activity: 0, status });
        let why = NotScaled::AlreadyAtMaxCapacity(15);
        let withheld = Withholding { policy, alarm: Some(alarm), out: true, value: Some(75_000_000), running: 15, why };
        kit.fact(ms(4000), Fact::ServiceScalingWithheld { service, withheld });
        let rows = cells(&kit, TraceKind::ScalingActivities);
        let pick = |row: usize| {
            ["kind", "service", "policy", "to", "value", "target", "status", "activityStartSeconds"]
                .map(|column| rows[row][column].as_str())
        };
        assert_eq!(pick(0), ["TargetTrackingScaling", "web", "cpu-steps", "15", "75", "50", "InProgress", ""]);
        assert_eq!(rows[0]["cause"], "monitor alarm hot in state ALARM triggered policy cpu-steps");
        assert_eq!(rows[0]["detail"], "CPUUtilization 75 > 50: 10 x 75 / 50 = 15, desired 10 → 15");
        assert_eq!(pick(1), ["ActivityEnded", "web", "cpu-steps", "15", "", "", "Successful", "1.000"]);
        assert_eq!(pick(2), ["NotScaled", "web", "cpu-steps", "", "75", "60", "AlreadyAtMaxCapacity", ""]);
    }

    #[test]
    fn millionths_are_plain_numbers() {
        for (micros, text) in [(0, "0"), (185_714_286, "185.714286"), (62_500_000, "62.5"), (-1, "-0.000001")] {
            let mut out = Vec::new();
            write_micros(micros, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
