//! What the paths of an expression mean: names are looked up in the scenario's definitions and the metrics' catalogue.

use core::ops::Range;
use std::collections::BTreeSet;
use std::sync::Arc;

use ecsim_cluster::definitions::{LaunchOwner, ProviderKind};
use ecsim_cluster::{
    AlarmId, AsgId, AttributeId, Definitions, GroupId, HealthStatus, InstanceId, ProviderId, Rejection, ServiceId,
    SourceId, StopCode, TargetGroupId, ZoneId,
};

use super::lexer::Segment;
use super::probe::{FailureCode, Place, Probe, Who};
use super::{Problem, nearest};
use crate::metrics::{self, Inputs, Metric, Scope, Unit};

/// Where the value of a path comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// The catalogue of metrics.
    Metric(&'static Metric, Entity),
    /// Live tasks of a service in a zone.
    LiveInZone(ServiceId, ZoneId),
    /// Live tasks of a service on a capacity provider.
    LiveOnProvider(ServiceId, ProviderId),
    /// Capacity of an Auto Scaling group in a zone.
    CapacityInZone(AsgId, ZoneId),
    /// Capacity of an Auto Scaling group of an instance type.
    CapacityOfType(AsgId, Arc<str>),
    /// Live tasks of a group on an instance.
    GroupOn(Host, GroupId),
    /// An attribute of an instance.
    Attribute(Host, AttributeId),
    /// The state of an alarm.
    AlarmState(AlarmId),
    /// The newest datapoint of the metric of an alarm.
    AlarmDatapoint(AlarmId),
    /// A fold of its own.
    Probe(Probe),
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.scope() == other.scope()
    }
}

/// What a metric is read of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entity {
    Cluster,
    Service(ServiceId),
    Instance(Host),
    Zone(ZoneId),
    Workload(SourceId),
    CapacityProvider(ProviderId),
    AutoScalingGroup(AsgId),
    TargetGroup(TargetGroupId),
}

/// A container instance that an expression names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// The scenario plans it.
    Planned(InstanceId),
    /// A group or a Managed Instances provider may launch it: its name, which is known, and its id, which is not before.
    Launched(Arc<str>),
}

impl Path {
    fn new(label: &str, origin: Origin, unit: Unit, inputs: Inputs) -> Self {
        let path = Self { label: label.to_owned(), origin, unit, inputs };
        // Its launch gives it a value.
        if path.launched().is_some() { Self { inputs: inputs.and(Inputs::CAPACITY), ..path } } else { path }
    }

    /// The instance that it is about and that must be launched first.
    pub(crate) fn launched(&self) -> Option<&str> {
        match &self.origin {
            Origin::Metric(_, Entity::Instance(Host::Launched(name)))
            | Origin::GroupOn(Host::Launched(name), _)
            | Origin::Attribute(Host::Launched(name), _) => Some(name),
            _ => None,
        }
    }
}

/// A path with its meaning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    /// As the user wrote it.
    pub(crate) label: String,
    pub(crate) origin: Origin,
    pub(crate) unit: Unit,
    pub(crate) inputs: Inputs,
}

/// What a path stands for in an expression.
pub(crate) enum Meaning {
    Value(Path),
    /// The event list of a service, to be searched.
    Events(ServiceId),
}

const ROOTS: [&str; 15] = [
    "cluster",
    "services",
    "containerInstances",
    "zones",
    "workload",
    "capacityProviders",
    "autoScalingGroups",
    "targetGroups",
    "alarms",
    "groups",
    "failures",
    "stopCodes",
    "exitCodes",
    "callErrors",
    "placements",
];

/// States of an alarm (CW-003).
const ALARM_STATES: &[&str] = &["INSUFFICIENT_DATA", "OK", "ALARM"];

/// Whether a word can begin a path.
pub(crate) fn is_root(word: &str) -> bool {
    ROOTS.contains(&word)
}

pub(crate) fn resolve(segments: &[Segment], label: &str, definitions: &Definitions) -> Result<Meaning, Problem> {
    let resolver = Resolver { definitions, label };
    let (first, rest) = segments.split_first().ok_or_else(|| Problem::new(0..0, "a path is missing"))?;
    let whole = first.span.start..segments.last().map_or(first.span.end, |last| last.span.end);
    let value = |origin: Origin, unit: Unit, inputs: Inputs| Ok(Meaning::Value(Path::new(label, origin, unit, inputs)));
    match first.text.as_str() {
        "cluster" => resolver.cluster(rest, &whole),
        "failures" | "stopCodes" | "exitCodes" | "callErrors" | "placements" => resolver.cluster(segments, &whole),
        "services" | "service" => {
            let (id, rest) = resolver.name(
                rest,
                &whole,
                "service",
                |name| definitions.services.iter().find(|(_, service)| service.name == name).map(|(id, _)| id),
                || definitions.services.values().map(|service| service.name.clone()).collect(),
            )?;
            let who = Who::Service(id);
            match rest {
                [events] if events.text == "events" => Ok(Meaning::Events(id)),
                [events, last] if events.text == "events" && last.text == "last" => {
                    value(Origin::Probe(Probe::last_event(id)), Unit::Text(&[]), Inputs::EVENTS)
                }
                [zones, zone @ ..] if zones.text == "zones" => {
                    let zone = resolver.zone(zone, &whole)?;
                    value(Origin::LiveInZone(id, zone), Unit::Count, Inputs::TASKS)
                }
                [providers, provider @ ..] if is_providers(&providers.text) => {
                    let provider = resolver.last_provider(provider, &whole)?;
                    value(Origin::LiveOnProvider(id, provider), Unit::Count, Inputs::TASKS)
                }
                [reasons, code] if reasons.text == "notScaledReasons" => {
                    value(Origin::Probe(Probe::not_scaled(id, code.text.clone())), Unit::Count, Inputs::SCALING)
                }
                _ => resolver.owned(who, Scope::Service, Entity::Service(id), rest, &whole),
            }
        }
        "workload" | "workloads" => {
            let (id, rest) = resolver.name(
                rest,
                &whole,
                "workload entry or call",
                |name| definitions.sources.iter().find(|(_, source)| source.name == name).map(|(id, _)| id),
                || definitions.sources.values().map(|source| source.name.clone()).collect(),
            )?;
            resolver.owned(Who::Source(id), Scope::Workload, Entity::Workload(id), rest, &whole)
        }
        "groups" | "group" => {
            let (id, rest) = resolver.name(
                rest,
                &whole,
                "task group",
                |name| definitions.groups.get(name),
                || definitions.groups.iter().map(|(_, name)| name.to_owned()).collect(),
            )?;
            match rest {
                [count]
                    if ["liveTasks", "runningTasksCount", "runningCount", "liveCount"]
                        .contains(&count.text.as_str()) =>
                {
                    value(Origin::Probe(Probe::live(Who::Group(id), Place::Anywhere)), Unit::Count, Inputs::TASKS)
                }
                _ => match resolver.special(Who::Group(id), rest, &whole) {
                    Some(found) => found,
                    None => Err(resolver.unknown(
                        None,
                        rest,
                        &whole,
                        "a task group",
                        &[
                            "liveTasks",
                            "zones.ZONE",
                            "instances.NAME",
                            "providers.NAME",
                            "placements",
                            "stops",
                            "lastStoppedReason",
                            "stopCodes.CODE",
                            "exitCodes.CODE",
                        ],
                    )),
                },
            }
        }
        "containerInstances" | "containerInstance" => {
            let (id, rest) = resolver.instance(rest, &whole)?;
            match rest {
                [groups, group @ ..] if groups.text == "groups" => {
                    let (group, rest) = resolver.name(
                        group,
                        &whole,
                        "task group",
                        |name| definitions.groups.get(name),
                        || definitions.groups.iter().map(|(_, name)| name.to_owned()).collect(),
                    )?;
                    resolver.nothing_more(rest)?;
                    value(Origin::GroupOn(id, group), Unit::Count, Inputs::TASKS)
                }
                [attributes, attribute @ ..] if attributes.text == "attributes" => {
                    let (attribute, rest) = resolver.name(
                        attribute,
                        &whole,
                        "attribute",
                        |name| definitions.attributes.get(name),
                        || definitions.attributes.iter().map(|(_, name)| name.to_owned()).collect(),
                    )?;
                    resolver.nothing_more(rest)?;
                    value(Origin::Attribute(id, attribute), Unit::Text(&[]), Inputs::ATTRIBUTES.and(Inputs::INSTANCES))
                }
                _ => resolver.metric(
                    Scope::Instance,
                    Entity::Instance(id),
                    rest,
                    &whole,
                    "a container instance",
                    &["groups.NAME", "attributes.NAME"],
                ),
            }
        }
        "alarms" | "alarm" => {
            let (id, rest) = resolver.name(
                rest,
                &whole,
                "alarm",
                |name| definitions.alarms.iter().find(|(_, alarm)| alarm.name == name).map(|(id, _)| id),
                || definitions.alarms.values().map(|alarm| alarm.name.clone()).collect(),
            )?;
            match rest {
                [state] if matches!(state.text.as_str(), "state" | "stateValue") => {
                    value(Origin::AlarmState(id), Unit::Text(ALARM_STATES), Inputs::ALARMS)
                }
                [it] if it.text == "datapoint" => value(Origin::AlarmDatapoint(id), Unit::Count, Inputs::ALARMS),
                [it] if it.text == "timesInAlarm" => {
                    value(Origin::Probe(Probe::times_in_alarm(id)), Unit::Count, Inputs::ALARMS)
                }
                _ => Err(resolver.unknown(None, rest, &whole, "an alarm", &["state", "datapoint", "timesInAlarm"])),
            }
        }
        "zones" | "zone" => {
            let (id, rest) = resolver.name(
                rest,
                &whole,
                "zone",
                |name| definitions.zones.get(name),
                || definitions.zones.iter().map(|(_, name)| name.to_owned()).collect(),
            )?;
            resolver.metric(Scope::Zone, Entity::Zone(id), rest, &whole, "a zone", &[])
        }
        "capacityProviders" | "capacityProvider" => {
            let (id, rest) = resolver.provider(rest, &whole)?;
            let entity = Entity::CapacityProvider(id);
            resolver.metric(Scope::CapacityProvider, entity, rest, &whole, "a capacity provider", &[])
        }
        "autoScalingGroups" | "autoScalingGroup" => {
            let groups = &definitions.auto_scaling_groups;
            let (id, rest) = resolver.name(
                rest,
                &whole,
                "Auto Scaling group",
                |name| groups.iter().find(|(_, group)| group.name == name).map(|(id, _)| id),
                || groups.values().map(|group| group.name.clone()).collect(),
            )?;
            match rest {
                [zones, zone @ ..] if zones.text == "zones" => {
                    let zone = resolver.zone(zone, &whole)?;
                    value(Origin::CapacityInZone(id, zone), Unit::Count, Inputs::CAPACITY)
                }
                [types, instance_type @ ..] if types.text == "instanceTypes" => {
                    let instance_type = resolver.instance_type(id, instance_type, &whole)?;
                    value(Origin::CapacityOfType(id, instance_type), Unit::Count, Inputs::CAPACITY)
                }
                _ => {
                    let entity = Entity::AutoScalingGroup(id);
                    let what = "an Auto Scaling group";
                    let more = ["zones.ZONE", "instanceTypes.TYPE"];
                    resolver.metric(Scope::AutoScalingGroup, entity, rest, &whole, what, &more)
                }
            }
        }
        "targetGroups" | "targetGroup" => {
            let groups = &definitions.target_groups;
            let (id, rest) = resolver.name(
                rest,
                &whole,
                "target group",
                |name| groups.iter().find(|(_, group)| group.name == name).map(|(id, _)| id),
                || groups.values().map(|group| group.name.clone()).collect(),
            )?;
            let entity = Entity::TargetGroup(id);
            resolver.metric(Scope::TargetGroup, entity, rest, &whole, "a target group", &[])
        }
        other => {
            let help = match nearest(other, ROOTS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("a path begins with one of {}", ROOTS.join(", ")),
            };
            Err(Problem::new(first.span.clone(), format!("unknown name `{other}`")).help(help))
        }
    }
}

/// Whether the next part of a path is a capacity provider.
fn is_providers(word: &str) -> bool {
    matches!(word, "providers" | "capacityProviders")
}

struct Resolver<'a> {
    definitions: &'a Definitions,
    label: &'a str,
}

impl Resolver<'_> {
    fn value(&self, origin: Origin, unit: Unit, inputs: Inputs) -> Result<Meaning, Problem> {
        Ok(Meaning::Value(Path::new(self.label, origin, unit, inputs)))
    }

    /// A name the scenario gave. Names may hold dots: the longest that is known wins.
    fn name<'s, I>(
        &self,
        segments: &'s [Segment],
        whole: &Range<usize>,
        what: &str,
        find: impl Fn(&str) -> Option<I>,
        names: impl Fn() -> Vec<String>,
    ) -> Result<(I, &'s [Segment]), Problem> {
        for length in (1..=segments.len()).rev() {
            if let Some(id) = find(&joined(&segments[..length])) {
                return Ok((id, &segments[length..]));
            }
        }
        let mut names = names();
        let list = |names: &[String]| match names {
            [] => format!("the scenario has no {what}"),
            names if names.len() <= 12 => format!("there is {}", quote(names)),
            names => format!("there are {} of them, such as {}", names.len(), quote(&names[..8])),
        };
        let Some(first) = segments.first() else {
            return Err(Problem::new(whole.clone(), format!("the name of a {what} is missing")).help(list(&names)));
        };
        let help = match nearest(&first.text, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                names.sort();
                list(&names)
            }
        };
        Err(Problem::new(first.span.clone(), format!("unknown {what} `{}`", first.text)).help(help))
    }

    fn instance<'s>(&self, segments: &'s [Segment], whole: &Range<usize>) -> Result<(Host, &'s [Segment]), Problem> {
        let instances = &self.definitions.instances;
        self.name(
            segments,
            whole,
            "container instance",
            |name| {
                let planned = instances.iter().find(|(_, planned)| planned.name == name);
                planned.map(|(id, _)| Host::Planned(id)).or_else(|| self.launched(name))
            },
            || {
                let planned = instances.values().map(|planned| planned.name.clone());
                // Those that are launched have their owner's name and a number from 1 on.
                planned.chain(self.launchers().map(|owner| format!("{owner}-1"))).collect()
            },
        )
    }

    /// Who launches instances: groups, and providers that buy their own.
    fn launchers(&self) -> impl Iterator<Item = &str> {
        let groups = self.definitions.auto_scaling_groups.values().map(|group| group.name.as_str());
        let providers = self.definitions.capacity_providers.values();
        groups.chain(
            providers.filter(|it| it.kind == ProviderKind::ManagedInstances).map(|provider| provider.name.as_str()),
        )
    }

    /// The name of an instance that may be launched: `OWNER-NUMBER`, numbered from 1 on.
    fn launched(&self, name: &str) -> Option<Host> {
        let (owner, number) = name.rsplit_once('-')?;
        let counts = number.parse::<u32>().is_ok_and(|parsed| parsed > 0 && parsed.to_string() == number);
        (counts && self.launchers().any(|launcher| launcher == owner)).then(|| Host::Launched(name.into()))
    }

    fn provider<'s>(
        &self,
        segments: &'s [Segment],
        whole: &Range<usize>,
    ) -> Result<(ProviderId, &'s [Segment]), Problem> {
        let providers = &self.definitions.capacity_providers;
        self.name(
            segments,
            whole,
            "capacity provider",
            |name| providers.iter().find(|(_, provider)| provider.name == name).map(|(id, _)| id),
            || providers.values().map(|provider| provider.name.clone()).collect(),
        )
    }

    /// A capacity provider with nothing behind it.
    fn last_provider(&self, segments: &[Segment], whole: &Range<usize>) -> Result<ProviderId, Problem> {
        let (provider, rest) = self.provider(segments, whole)?;
        self.nothing_more(rest)?;
        Ok(provider)
    }

    fn zone(&self, segments: &[Segment], whole: &Range<usize>) -> Result<ZoneId, Problem> {
        let zones = &self.definitions.zones;
        let (zone, rest) = self.name(
            segments,
            whole,
            "zone",
            |name| zones.get(name),
            || zones.iter().map(|(_, name)| name.to_owned()).collect(),
        )?;
        self.nothing_more(rest)?;
        Ok(zone)
    }

    /// An instance type that a group may launch.
    fn instance_type(&self, group: AsgId, segments: &[Segment], whole: &Range<usize>) -> Result<Arc<str>, Problem> {
        let options = self.definitions.launch_options.values();
        let types: BTreeSet<&str> = options
            .filter(|option| option.owner == LaunchOwner::Group(group))
            .map(|option| self.definitions.pools[option.pool].instance_type.as_str())
            .collect();
        let (found, rest) = self.name(
            segments,
            whole,
            "instance type of the group",
            |name| types.get(name).map(|known| Arc::from(*known)),
            || types.iter().map(|known| (*known).to_owned()).collect(),
        )?;
        self.nothing_more(rest)?;
        Ok(found)
    }

    fn nothing_more(&self, rest: &[Segment]) -> Result<(), Problem> {
        match rest {
            [] => Ok(()),
            [first, ..] => Err(Problem::new(first.span.clone(), format!("`{}` has nothing to name here", first.text))),
        }
    }

    fn cluster(&self, rest: &[Segment], whole: &Range<usize>) -> Result<Meaning, Problem> {
        if let [errors, name] = rest
            && errors.text == "callErrors"
        {
            const EXCEPTIONS: [&str; 8] = [
                "InvalidParameterException",
                "LimitExceededException",
                "AttributeLimitExceededException",
                "ServiceNotActiveException",
                "ClientException",
                "ResourceInUseException",
                "ValidationError",
                "InstanceRefreshInProgress",
            ];
            let Some(exception) = EXCEPTIONS.into_iter().find(|exception| *exception == name.text) else {
                return Err(Problem::new(name.span.clone(), format!("unknown exception `{}`", name.text))
                    .help(format!("there is {}", EXCEPTIONS.join(", "))));
            };
            return self.value(Origin::Probe(Probe::call_errors(exception)), Unit::Count, Inputs::REQUESTS);
        }
        self.owned(Who::Anybody, Scope::Cluster, Entity::Cluster, rest, whole)
    }

    /// Of something that has tasks: the paths that all of them share, then the metrics of its scope.
    fn owned(
        &self,
        who: Who,
        scope: Scope,
        entity: Entity,
        rest: &[Segment],
        whole: &Range<usize>,
    ) -> Result<Meaning, Problem> {
        if let Some(found) = self.special(who, rest, whole) {
            return found;
        }
        let what = match scope {
            Scope::Cluster => "the cluster",
            Scope::Service => "a service",
            Scope::Instance => "a container instance",
            Scope::Zone => "a zone",
            Scope::Workload => "a workload entry",
            Scope::CapacityProvider => "a capacity provider",
            Scope::AutoScalingGroup => "an Auto Scaling group",
            Scope::TargetGroup => "a target group",
        };
        let mut more = vec![
            "failures.CODE",
            "stopCodes.CODE",
            "exitCodes.CODE",
            "healthStatus.STATUS",
            "containerRestarts",
            "instances.NAME",
            "zones.ZONE",
            "providers.NAME",
            "placements",
            "stops",
        ];
        if scope == Scope::Service {
            more.extend(["events", "events.last", "notScaledReasons.CODE"]);
        }
        self.metric(scope, entity, rest, whole, what, &more)
    }

    fn special(&self, who: Who, rest: &[Segment], whole: &Range<usize>) -> Option<Result<Meaning, Problem>> {
        let (first, more) = rest.split_first()?;
        let count = |probe: Result<Probe, Problem>, inputs: Inputs| {
            probe.and_then(|probe| self.value(Origin::Probe(probe), Unit::Count, inputs))
        };
        Some(match first.text.as_str() {
            "zones" => count(self.zone(more, whole).map(|zone| Probe::live(who, Place::Zone(zone))), Inputs::TASKS),
            "providers" | "capacityProviders" => {
                count(self.last_provider(more, whole).map(|id| Probe::live(who, Place::Provider(id))), Inputs::TASKS)
            }
            "instances" | "containerInstances" => count(
                self.instance(more, whole).and_then(|(instance, rest)| {
                    self.nothing_more(rest)?;
                    Ok(Probe::live(who, Place::Instance(instance)))
                }),
                Inputs::TASKS,
            ),
            "failures" => {
                count(self.failure_code(more, whole).map(|code| Probe::failures(who, code)), Inputs::REQUESTS)
            }
            "stopCodes" => count(self.stop_code(more, whole).map(|code| Probe::stop_codes(who, code)), Inputs::TASKS),
            "exitCodes" => {
                count(self.exit_code(more, whole).map(|code| Probe::exit_codes(who, code)), Inputs::CONTAINERS)
            }
            "healthStatus" => count(
                self.health_status(more, whole).map(|status| Probe::health(who, status)),
                Inputs::TASKS.and(Inputs::CONTAINERS),
            ),
            "containerRestarts" if more.is_empty() => count(Ok(Probe::restarts(who)), Inputs::CONTAINERS),
            "placements" if more.is_empty() => {
                self.value(Origin::Probe(Probe::placements(who)), Unit::Text(&[]), Inputs::TASKS)
            }
            "lastStoppedReason" if more.is_empty() => {
                self.value(Origin::Probe(Probe::last_stopped_reason(who)), Unit::Text(&[]), Inputs::TASKS)
            }
            "stops" if more.is_empty() => self.value(Origin::Probe(Probe::stops(who)), Unit::Text(&[]), Inputs::TASKS),
            _ => return None,
        })
    }

    fn failure_code(&self, rest: &[Segment], whole: &Range<usize>) -> Result<FailureCode, Problem> {
        let written = joined(rest);
        let known = || {
            Rejection::ALL.into_iter().map(FailureCode::Rejected).chain([FailureCode::Missing, FailureCode::Inactive])
        };
        if let Some(code) = known().find(|code| code.name() == written || code.short() == written) {
            return Ok(code);
        }
        let names: Vec<&str> = known().map(FailureCode::short).collect();
        let span = span_of(rest, whole);
        Err(Problem::new(span, format!("unknown failure reason `{written}`")).help(
            match nearest(&written, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there is {}", names.join(", ")),
            },
        ))
    }

    fn stop_code(&self, rest: &[Segment], whole: &Range<usize>) -> Result<StopCode, Problem> {
        const CODES: [StopCode; 6] = [
            StopCode::TaskFailedToStart,
            StopCode::EssentialContainerExited,
            StopCode::UserInitiated,
            StopCode::ServiceSchedulerInitiated,
            StopCode::TerminationNotice,
            StopCode::SpotInterruption,
        ];
        let written = joined(rest);
        CODES.into_iter().find(|code| code.name() == written).ok_or_else(|| {
            let names = CODES.map(StopCode::name);
            Problem::new(span_of(rest, whole), format!("unknown stop code `{written}`")).help(
                match nearest(&written, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is {}", names.join(", ")),
                },
            )
        })
    }

    fn health_status(&self, rest: &[Segment], whole: &Range<usize>) -> Result<HealthStatus, Problem> {
        const ALL: [HealthStatus; 3] = [HealthStatus::Healthy, HealthStatus::Unhealthy, HealthStatus::Unknown];
        let written = joined(rest);
        ALL.into_iter().find(|status| status.name() == written).ok_or_else(|| {
            let names = ALL.map(HealthStatus::name);
            Problem::new(span_of(rest, whole), format!("unknown health status `{written}`"))
                .help(format!("there is {}", names.join(", ")))
        })
    }

    fn exit_code(&self, rest: &[Segment], whole: &Range<usize>) -> Result<i32, Problem> {
        joined(rest).parse().map_err(|_| {
            Problem::new(span_of(rest, whole), format!("`{}` is not an exit code", joined(rest)))
                .help("an exit code is a whole number, such as 137")
        })
    }

    fn metric(
        &self,
        scope: Scope,
        entity: Entity,
        rest: &[Segment],
        whole: &Range<usize>,
        what: &str,
        more: &[&str],
    ) -> Result<Meaning, Problem> {
        if let Some(metric) = metrics::find(scope, &joined(rest)) {
            return self.value(Origin::Metric(metric, entity), metric.unit, metric.inputs);
        }
        let names: Vec<&str> = metrics::of_scope(scope).map(|metric| metric.name).chain(more.iter().copied()).collect();
        Err(self.unknown(Some(scope), rest, whole, what, &names))
    }

    fn unknown(
        &self,
        scope: Option<Scope>,
        rest: &[Segment],
        whole: &Range<usize>,
        what: &str,
        names: &[&str],
    ) -> Problem {
        if rest.is_empty() {
            return Problem::new(whole.clone(), format!("it is not said what of {what} is meant"))
                .help(format!("there is {}", names.join(", ")));
        }
        let written = joined(rest);
        // Lower-camel spellings and aliases are as good a suggestion as the name itself.
        let aliases = scope.into_iter().flat_map(metrics::of_scope).flat_map(|metric| {
            metric
                .aliases
                .iter()
                .map(|alias| (*alias).to_owned())
                .chain([metrics::lower_camel(metric.name).into_owned()])
        });
        let candidates: Vec<String> = names.iter().map(|name| (*name).to_owned()).chain(aliases).collect();
        let help = match nearest(&written, candidates.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{what} has {}", names.join(", ")),
        };
        Problem::new(span_of(rest, whole), format!("unknown metric `{written}`")).help(help)
    }
}

fn span_of(segments: &[Segment], whole: &Range<usize>) -> Range<usize> {
    match (segments.first(), segments.last()) {
        (Some(first), Some(last)) => first.span.start..last.span.end,
        _ => whole.clone(),
    }
}

fn joined(segments: &[Segment]) -> String {
    segments.iter().map(|segment| segment.text.as_str()).collect::<Vec<_>>().join(".")
}

fn quote(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
