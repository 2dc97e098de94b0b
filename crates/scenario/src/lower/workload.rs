//! Who asks for standalone tasks, and when.

use ecsim_cluster::SourceId;
use ecsim_cluster::definitions::{LaunchType, Source};
use ecsim_engine::model::{Arrivals, SourceModel, TaskTemplate, WhenUnplaced};
use ecsim_kernel::{Distribution, SimTime, Span};
use ecsim_policies::scaling::expression::{Expression, ScheduleError};

use super::Context;
use super::capacity::Demand;
use super::placement::Caller;
use super::services::Placed;
use super::task_definitions::raise;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{self, Every, Workload, aws};

/// More calls, one each millisecond, would never let a run get on.
const MOST_CALLS_PER_HOUR: f64 = 3_600_000.0;

impl<'a> Context<'a> {
    /// Every workload entry, in name order.
    pub(super) fn lower_workload(&mut self) {
        let scenario = self.scenario;
        let name_of = |entry: &Workload| {
            entry.name.clone().unwrap_or_else(|| {
                let Some(call) = &entry.run_task else { return entry.service.clone().unwrap_or_default() };
                let short = call.task_definition.rsplit('/').next().unwrap_or_default();
                short.split(':').next().unwrap_or(short).to_owned()
            })
        };
        let mut order: Vec<(String, usize)> =
            scenario.workload.iter().enumerate().map(|(index, entry)| (name_of(entry), index)).collect();
        order.sort();
        for pair in order.windows(2) {
            if pair[0].0 == pair[1].0 {
                let first = self.at("workload").index(pair[0].1.min(pair[1].1));
                let second = self.at("workload").index(pair[0].1.max(pair[1].1));
                let diagnostic = second
                    .error("E302", format!("two workload entries are called `{}`", shown(&pair[0].0)), "this one")
                    .label(first.span(), "and this one")
                    .help("give each a `name` of its own");
                self.push(diagnostic);
            }
        }
        for (name, index) in order {
            let at = self.at("workload").index(index);
            let entry = &scenario.workload[index];
            match (&entry.run_task, &entry.service) {
                (Some(call), None) => {
                    self.out_of_place(entry, true, &at);
                    self.workload_entry(name, entry, call, &at);
                }
                (None, Some(_)) => self.out_of_place(entry, false, &at),
                _ => {
                    let help = Some("runTask asks for standalone tasks, service sends requests to a service".into());
                    let message = format!("workload `{}` needs exactly one of `runTask` and `service`", shown(&name));
                    self.error(&at, "E361", message, help);
                }
            }
        }
    }

    /// Fields of the other kind of entry.
    fn out_of_place(&mut self, entry: &Workload, is_call: bool, at: &Locator<'a>) {
        let of_requests = [
            ("requestsPerSecond", entry.requests_per_second.is_some()),
            ("requestsPerMinute", entry.requests_per_minute.is_some()),
            ("cpuPerRequest", entry.cpu_per_request.is_some()),
            ("serviceTimeVariation", entry.service_time_variation.is_some()),
            ("memoryPerRequest", entry.memory_per_request.is_some()),
            ("baseMemory", entry.base_memory.is_some()),
            ("latency", entry.latency.is_some()),
            ("concurrency", entry.concurrency.is_some()),
            ("maxQueue", entry.max_queue.is_some()),
            ("timeout", entry.timeout.is_some()),
            ("errorRate", entry.error_rate.is_some()),
            ("retries", entry.retries.is_some()),
            ("calls", !entry.calls.is_empty()),
            ("slo", entry.slo.is_some()),
        ];
        let of_calls = [
            ("at", !entry.at.0.is_empty()),
            ("every", entry.every.is_some()),
            ("scheduleExpression", entry.schedule_expression.is_some()),
            ("scheduleExpressionTimezone", entry.schedule_expression_timezone.is_some()),
            ("trace", entry.trace.is_some()),
            ("from", entry.from.is_some()),
            ("until", entry.until.is_some()),
            ("limit", entry.limit.is_some()),
            ("duration", entry.duration.is_some()),
            ("whenLost", entry.when_lost != schema::WhenLost::default()),
        ];
        let wrong: Vec<&str> = if is_call {
            of_requests.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect()
        } else {
            of_calls.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect()
        };
        for key in wrong {
            let (kind, help) = if is_call {
                ("`service`", "it says what requests to a service cost")
            } else if key == "trace" {
                ("`runTask`", "requests of a trace: requestsPerSecond: {trace: {file: ..., column: ...}}")
            } else {
                ("`runTask`", "when requests come, `requestsPerSecond` says: {points: ...}, {ramp: ...}, {spike: ...}")
            };
            self.error(&at.clone().key(key), "E362", format!("`{key}` goes with {kind} only"), Some(help.into()));
        }
    }

    fn workload_entry(&mut self, name: String, given: &Workload, call: &aws::RunTask, at: &Locator<'a>) {
        let call_at = at.clone().key("runTask");
        let scheduled = given.schedule_expression.is_some();
        let ways = [!given.at.0.is_empty(), given.every.is_some(), scheduled, given.trace.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            self.error(
                at,
                "E361",
                format!(
                    "workload `{}` needs exactly one of `at`, `every`, `scheduleExpression` and `trace`",
                    shown(&name)
                ),
                Some("for example `every: {poisson: {ratePerHour: 40}}`".into()),
            );
        }
        let Some(template) = self.run_task_template(call, SimTime::ZERO, &call_at) else { return };
        let by_default = call.capacity_provider_strategy.is_empty() && call.launch_type.is_none();
        if by_default && self.default_changes() {
            let message = "the cluster's default strategy changes during the run: this workload keeps the first one";
            let help = Some("name its `capacityProviderStrategy`".into());
            self.warning(&call_at, "W360", message, help);
        }
        let count = self.run_task_count(call.count, &call_at);
        let from = SimTime::ZERO + given.from.map_or(Span::ZERO, |from| from.0);
        let until = given.until.map_or(SimTime::MAX, |until| SimTime::ZERO + until.0);
        let limit = given.limit.unwrap_or(u64::MAX);
        if given.every.is_none() {
            let written =
                [("from", given.from.is_some()), ("until", given.until.is_some()), ("limit", given.limit.is_some())];
            for (key, _) in written.iter().filter(|(_, present)| *present) {
                let help =
                    if given.trace.is_some() { "use `skipBefore` and `limit` of the trace" } else { "leave it out" };
                self.error(&at.clone().key(*key), "E362", format!("`{key}` goes with `every` only"), Some(help.into()));
            }
        } else if from >= until {
            let help = Some("let `until` be later than `from`, or leave it out".into());
            self.error(
                &at.clone().key("until"),
                "E362",
                "`until` is not after `from`: nothing would ever arrive",
                help,
            );
        }
        if given.schedule_expression_timezone.is_some() && !scheduled {
            let message = "`scheduleExpressionTimezone` goes with `scheduleExpression` only";
            self.error(&at.clone().key("scheduleExpressionTimezone"), "E362", message, Some("leave it out".into()));
        }
        let arrivals = if let Some(text) = &given.schedule_expression {
            let times = self.scheduled_calls(text, given.schedule_expression_timezone.as_deref(), at);
            times.map_or(Arrivals::Never, Arrivals::At)
        } else if let Some(trace) = &given.trace {
            if count > 1 {
                let help = Some("a column can say how many tasks a row stands for: columns: {count: COLUMN}".into());
                let message = "a trace asks for one task a row: `count` does not go with it";
                self.error(&call_at.clone().key("count"), "E362", message, help);
            }
            match self.trace(trace, &template, &at.clone().key("trace")) {
                Some(rows) => Arrivals::Trace(rows.into()),
                None => Arrivals::Never,
            }
        } else {
            match &given.every {
                None => {
                    let mut times: Vec<SimTime> = given.at.0.iter().map(|at| SimTime::ZERO + at.0).collect();
                    times.sort_unstable();
                    Arrivals::At(times)
                }
                Some(every) => self.renewal(every, from, until, limit, &at.clone().key("every")),
            }
        };
        let duration = given.duration.as_ref().map(|spec| self.seconds(spec, &at.clone().key("duration")));
        let when_unplaced = match &given.when_unplaced {
            schema::WhenUnplaced::Drop => WhenUnplaced::Drop,
            schema::WhenUnplaced::Queue => WhenUnplaced::Queue,
            schema::WhenUnplaced::Retry(retry) => {
                let place = at.clone().key("whenUnplaced").key("retry");
                if retry.every.0.is_zero() {
                    self.error(
                        &place.clone().key("every"),
                        "E363",
                        "a retry without a wait would never end",
                        Some("write for example 30s".into()),
                    );
                }
                if retry.backoff < 1.0 {
                    let help = Some("1 keeps the wait as it is, 2 doubles it".into());
                    self.error(
                        &place.key("backoff"),
                        "E363",
                        "a back-off below 1 would shorten the waits to nothing",
                        help,
                    );
                }
                WhenUnplaced::Retry {
                    every: retry.every.0,
                    backoff: retry.backoff,
                    max_interval: retry.max_interval.map_or(Span::from_days(365), |most| most.0),
                    max_attempts: retry.max_attempts.unwrap_or(0),
                }
            }
        };
        let started_by = call.started_by.clone();
        let reruns = given.when_lost == schema::WhenLost::Rerun;
        let shuffled = given.trace.as_ref().is_some_and(|trace| trace.shuffle);
        self.source(
            name,
            started_by,
            SourceModel { template, arrivals, shuffled, count, duration, when_unplaced, reruns },
        );
    }

    /// Every instant of the run at which a rule or schedule of EventBridge is due. Its expressions are those of Application
    /// Auto Scaling (SAS-060, SAS-063), and `rate` counts from the start of the run.
    fn scheduled_calls(&mut self, text: &str, zone: Option<&str>, at: &Locator<'a>) -> Option<Vec<SimTime>> {
        let origin = self.definitions.start_unix_ms;
        let expression = match Expression::parse(text, zone, (None, None), origin) {
            Ok(expression) => expression,
            Err(error) => {
                let is_zone = matches!(error, ScheduleError::Zone { .. });
                let key = if is_zone { "scheduleExpressionTimezone" } else { "scheduleExpression" };
                let help = (!is_zone).then(|| "for example \"cron(0 9 ? * MON-FRI *)\" or rate(1 hour)".to_owned());
                self.error(&at.clone().key(key), "E397", error.to_string(), help);
                return None;
            }
        };
        let last = i64::try_from(self.scenario.simulation.duration.0.ms()).unwrap_or(i64::MAX);
        let bounds = (origin, origin.saturating_add(last).saturating_sub(1));
        self.due_instants(bounds, |after| expression.next_after(after), &at.clone().key("scheduleExpression"))
    }

    /// Registers a source of standalone tasks.
    pub(super) fn source(&mut self, name: String, started_by: Option<String>, model: SourceModel) -> SourceId {
        let started_by = started_by.map(|text| self.definitions.texts.intern(&text));
        self.definitions.sources.push(Source { name, started_by });
        self.source_models.push(model)
    }

    /// `count`: 1 to 10 (PLC-056, QTA-008, QTA-030).
    pub(super) fn run_task_count(&mut self, given: Option<u32>, at: &Locator<'a>) -> u32 {
        let most = self.scenario.settings.run_task_count;
        let count = given.unwrap_or(1);
        if count == 0 || count > most {
            let message =
                format!("InvalidParameterException: `count` is {count}; 1 to {most} are allowed in one call (QTA-008)");
            self.error(&at.clone().key("count"), "E330", message, raise("run_task_count"));
        }
        count.max(1)
    }

    /// What one copy of a `RunTask` call is.
    pub(super) fn run_task_template(
        &mut self,
        given: &aws::RunTask,
        since: SimTime,
        at: &Locator<'a>,
    ) -> Option<TaskTemplate> {
        let id = self.find_task_definition(&given.task_definition, &at.clone().key("taskDefinition"))?;
        let source = self.source_of(id);
        let placed = Placed { strategies: &given.placement_strategy, constraints: &given.placement_constraints };
        let demand = Demand {
            launch_type: given.launch_type,
            strategy: &given.capacity_provider_strategy,
            platform_version: given.platform_version.as_deref(),
            placed,
            daemon: false,
            since,
        };
        let (launch_type, strategy) = self.capacity_of(&demand, source, at);
        if launch_type == LaunchType::External && !given.capacity_provider_strategy.is_empty() {
            let key = "capacityProviderStrategy";
            let message = format!("launch type EXTERNAL does not support `{key}` (INS-010)");
            self.error(&at.clone().key(key), "E356", message, Some("leave it out".into()));
        }
        let volumes: Vec<&str> = given.volume_configurations.iter().map(|volume| volume.name.as_str()).collect();
        self.check_volume_names(&volumes, source, &at.clone().key("volumeConfigurations"));
        self.check_tags(given.tags.len(), at);
        let group = self.group(given.group.as_deref(), &source.family, at);
        let (id, requirements) = self.overridden(id, given.overrides.as_ref(), &at.clone().key("overrides"));
        let placement =
            self.placement(Caller::RunTask, &given.placement_strategy, &given.placement_constraints, source, at);
        let extra: &[&str] =
            if given.enable_execute_command == Some(true) { &["ecs.capability.execute-command"] } else { &[] };
        let definition = self.requiring(id, extra);
        let subnets = self.subnets(given.network_configuration.as_ref(), definition, at);
        Some(TaskTemplate { definition, group, placement, requirements, launch_type, strategy, subnets })
    }

    /// The task group: at most 255 characters, never a service's (PLC-030, PLC-031, QTA-023).
    fn group(&mut self, given: Option<&str>, family: &str, at: &Locator<'a>) -> ecsim_cluster::GroupId {
        let Some(group) = given else { return self.definitions.groups.intern(&format!("family:{family}")) };
        if let Err((code, message)) = self.check_group(group) {
            let help = if code == "E330" { raise("group_name_length") } else { Some("use a name of its own".into()) };
            self.error(&at.clone().key("group"), code, message, help);
        }
        self.definitions.groups.intern(group)
    }

    /// What is wrong with the name of a task group (PLC-030, PLC-031, QTA-023).
    pub(super) fn check_group(&self, group: &str) -> Result<(), (&'static str, String)> {
        let most = self.scenario.settings.group_name_length as usize;
        let characters = group.chars().count();
        if group.starts_with("service:") {
            let message = "InvalidParameterException: a task cannot join the group of a service (PLC-031)";
            return Err(("E364", message.to_owned()));
        }
        if characters > most {
            return Err((
                "E330",
                format!("a group name of {characters} characters, at most {most} are allowed (QTA-023)"),
            ));
        }
        if group.is_empty() {
            return Err(("E364", "a task group needs a name (PLC-030)".to_owned()));
        }
        Ok(())
    }

    fn renewal(&mut self, every: &Every, from: SimTime, until: SimTime, limit: u64, at: &Locator<'a>) -> Arrivals {
        match every {
            Every::Poisson(poisson) => {
                let rate = poisson.rate_per_hour;
                if !(rate > 0.0 && rate <= MOST_CALLS_PER_HOUR) {
                    let message =
                        format!("a Poisson process needs a rate above 0 and at most {MOST_CALLS_PER_HOUR} an hour");
                    self.error(&at.clone().key("poisson").key("ratePerHour"), "E362", message, None);
                    return Arrivals::Never;
                }
                match Distribution::exponential(3_600.0 / rate) {
                    Ok(interval) => Arrivals::Renewal { interval, first_at_start: false, from, until, limit },
                    Err(error) => {
                        self.error(at, "E312", error.to_string(), None);
                        Arrivals::Never
                    }
                }
            }
            Every::Interval(spec) => {
                let interval = self.seconds(spec, at);
                // Without any time between calls the run would never get past its first instant.
                if interval.mean() < 0.001 {
                    let message = "an interval below one millisecond: the run would never get past its first instant";
                    self.error(at, "E362", message, Some("write for example 10s".into()));
                    return Arrivals::Never;
                }
                let first_at_start = matches!(spec.shape, schema::Shape::Constant(_));
                Arrivals::Renewal { interval, first_at_start, from, until, limit }
            }
        }
    }
}
