//! How long things take and what goes wrong, with every default filled in (LAT-009 to LAT-011, MEAS-025).

use std::collections::BTreeSet;

use ecsim_cluster::reasons::{StartError, StopError};
use ecsim_engine::model::{ContainerBehavior, Crash, HealthBehavior, HealthFailure, MemoryUse, TaskBehavior};
use ecsim_kernel::Distribution;

use super::Context;
use super::distributions::constant;
use super::task_definitions::sizes::is_windows;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{self, DurationDistribution, MemorySize, aws};

impl<'a> Context<'a> {
    /// The behaviour of a task definition: `family:revision` wins over `family`, that over `latencies`, that over settings.
    pub(super) fn task_behavior(&mut self, definition: &aws::TaskDefinition, revision: u32) -> TaskBehavior {
        let scenario = self.scenario;
        let named = &scenario.behavior.task_definitions;
        let exact = format!("{}:{revision}", definition.family);
        let name = if named.contains_key(&exact) { exact } else { definition.family.clone() };
        let none = schema::TaskBehavior::default();
        let given = named.get(&name).unwrap_or(&none);
        let at = self.at("behavior").key("taskDefinitions").key(&name);
        let latencies = &scenario.behavior.latencies;
        let latencies_at = self.at("behavior").key("latencies");
        let settings = &scenario.settings;
        let settings_at = self.at("settings");
        let eni_attach = match &latencies.eni_attach {
            Some(spec) => self.seconds(spec, &latencies_at.clone().key("eniAttach")),
            None => self.seconds(&settings.eni_attach, &settings_at.clone().key("eni_attach")),
        };
        let eni_detach = match &latencies.eni_detach {
            Some(spec) => self.seconds(spec, &latencies_at.clone().key("eniDetach")),
            None => constant(settings.eni_detach_s.0.secs_f64()),
        };
        let start = self.first_of(
            [(&given.start, &at, "start"), (&latencies.start, &latencies_at, "start")],
            &settings.container_start,
            &settings_at.clone().key("container_start"),
        );
        let main = definition
            .container_definitions
            .iter()
            .position(|container| container.essential.unwrap_or(true))
            .unwrap_or(0);
        let mut containers = Vec::new();
        for (index, container) in definition.container_definitions.iter().enumerate() {
            let place = at.clone().key("containers").key(&container.name);
            let own = given.containers.get(&container.name).cloned().unwrap_or_default();
            let is_main = index == main;
            // Keys of the task describe the container that does the work; an own entry of it says more.
            let of_task = |is_main: bool| is_main.then_some(given);
            let size = own.image_size.or(of_task(is_main).and_then(|given| given.image_size));
            // What the task says of its images holds for all of them together.
            let elsewhere = !is_main && own.image_size.is_none();
            let cold_pull = match (&given.image_pull, &latencies.image_pull, size) {
                (Some(spec), ..) if is_main => self.seconds(spec, &at.clone().key("imagePull")),
                _ if elsewhere && (given.image_pull.is_some() || given.image_size.is_some()) => constant(0.0),
                (None, Some(spec), None) => self.seconds(spec, &latencies_at.clone().key("imagePull")),
                (.., size) => self.pull_by_size(size),
            };
            let cached_pull = self.first_of(
                [
                    (&given.cached_image_pull, &at, "cachedImagePull"),
                    (&latencies.cached_image_pull, &latencies_at, "cachedImagePull"),
                ],
                &settings.cached_pull,
                &settings_at.clone().key("cached_pull"),
            );
            let duration = own.duration.as_ref().map(|spec| (spec, place.clone().key("duration"))).or_else(|| {
                of_task(is_main)
                    .and_then(|given| given.duration.as_ref())
                    .map(|spec| (spec, at.clone().key("duration")))
            });
            let duration = duration.map(|(spec, place)| self.seconds(spec, &place));
            let from = |is_own: bool| if is_own { &place } else { &at };
            let stop_at = from(own.stop.is_some()).clone().key("stop");
            let stop = own.stop.as_ref().or(given.stop.as_ref());
            let stop = stop.map_or_else(|| constant(0.0), |spec| self.seconds(spec, &stop_at));
            let crash_at = from(own.crash.is_some()).clone().key("crash").key("after");
            let crash = own.crash.as_ref().or(of_task(is_main).and_then(|given| given.crash.as_ref()));
            let crash = crash.map(|crash| Crash {
                after: self.seconds(&crash.after, &crash_at),
                probability: crash.probability.fraction(),
                exit_code: i32::from(crash.exit_code),
            });
            let memory_at = from(own.memory.is_some()).clone().key("memory").key("perTask");
            let memory = own.memory.as_ref().or(of_task(is_main).and_then(|given| given.memory.as_ref()));
            let memory = memory.map(|memory| MemoryUse {
                at_start: self.mebibytes(&memory.per_task, &memory_at),
                growth_per_hour: memory.growth_per_hour.bytes() as f64 / f64::from(1 << 20),
            });
            let health_at = from(own.health_check.is_some()).clone().key("healthCheck");
            let health = own.health_check.as_ref().or(of_task(is_main).and_then(|given| given.health_check.as_ref()));
            if health.is_some() && container.health_check.is_none() {
                let message = format!("container `{}` has no health check to behave so", shown(&container.name));
                let help = "give it `healthCheck: {command: [CMD-SHELL, \"exit 0\"]}` in the task definition";
                self.error(&health_at, "E359", message, Some(help.into()));
            }
            let health = health.map_or_else(HealthBehavior::default, |health| self.health_behavior(health, &health_at));
            let probes_at = from(own.target_health_check.is_some()).clone().key("targetHealthCheck");
            let probes = own.target_health_check.as_ref();
            let probes = probes.or(of_task(is_main).and_then(|given| given.target_health_check.as_ref()));
            let probes = probes.map_or_else(HealthBehavior::default, |probes| self.health_behavior(probes, &probes_at));
            containers.push(ContainerBehavior {
                cold_pull,
                cached_pull,
                duration,
                exit_code: i32::from(own.exit_code.or(of_task(is_main).and_then(|given| given.exit_code)).unwrap_or(0)),
                crash,
                stop,
                stop_exit_code: i32::from(own.stop_exit_code.or(given.stop_exit_code).unwrap_or(0)),
                memory,
                health,
                probes,
            });
        }
        TaskBehavior {
            eni_attach,
            eni_detach,
            start,
            fail_to_start: given
                .fail_to_start
                .as_ref()
                .map(|fails| (fails.probability.fraction(), start_error(fails.error))),
            fail_to_stop: given
                .fail_to_stop
                .as_ref()
                .map(|fails| (fails.probability.fraction(), stop_error(fails.error))),
            on_windows: is_windows(definition),
            request_cpu: given.cpu_per_request.map(|it| it.seconds),
            request_errors: given.error_rate.map_or(0.0, |it| it.fraction()),
            containers,
            fargate: self.fargate_behavior(definition, given, &at),
        }
    }

    pub(super) fn health_behavior(&mut self, given: &schema::HealthCheckBehavior, at: &Locator<'a>) -> HealthBehavior {
        let mut seconds =
            |spec: &Option<DurationDistribution>, at: Locator<'a>| spec.as_ref().map(|spec| self.seconds(spec, &at));
        let (ready, probe) =
            (seconds(&given.ready, at.clone().key("ready")), seconds(&given.duration, at.clone().key("duration")));
        let fails_at = at.clone().key("fails");
        let failure = given.fails.as_ref().map(|fails| HealthFailure {
            after: self.seconds(&fails.after, &fails_at.clone().key("after")),
            lasts: fails.lasts.as_ref().map(|lasts| self.seconds(lasts, &fails_at.clone().key("lasts"))),
            probability: fails.probability.fraction(),
        });
        HealthBehavior { ready, probe, failure, hangs: given.hangs }
    }

    fn first_of(
        &mut self,
        given: [(&Option<DurationDistribution>, &Locator<'a>, &str); 2],
        default: &DurationDistribution,
        default_at: &Locator<'a>,
    ) -> Distribution {
        for (spec, at, key) in given {
            if let Some(spec) = spec {
                return self.seconds(spec, &at.clone().key(key));
            }
        }
        self.seconds(default, default_at)
    }

    /// LAT-010: a base, and the image's compressed size at the rate of the registry.
    fn pull_by_size(&mut self, size: Option<MemorySize>) -> Distribution {
        let settings = &self.scenario.settings;
        let megabytes = size.map_or(f64::from(settings.default_image_mb), MemorySize::megabytes);
        let rate = settings.pull_mb_per_s.value();
        // A rate of 0 is an error of the settings.
        let rate = rate.filter(|rate| *rate > 0.0);
        constant(settings.pull_base_s.0.secs_f64() + rate.map_or(0.0, |rate| megabytes / rate))
    }

    /// Names under `behavior:` that mean nothing.
    pub(super) fn check_behaviors(&mut self) {
        let scenario = self.scenario;
        for (name, behavior) in &scenario.behavior.task_definitions {
            let at = self.at("behavior").key("taskDefinitions").key(name);
            let Some(id) = self.find_behaved(name, &at) else { continue };
            let source = self.source_of(id);
            let known: BTreeSet<&str> =
                source.container_definitions.iter().map(|container| container.name.as_str()).collect();
            for container in behavior.containers.keys() {
                if !known.contains(container.as_str()) {
                    let place = at.clone().key("containers").key(container);
                    self.unknown(&place, "container", container, known.iter().copied());
                }
            }
            if behavior.fail_to_start.as_ref().is_some_and(|fails| fails.message.is_some()) {
                let place = at.key("failToStart").key("message");
                self.not_simulated(&place, "message");
            }
        }
    }

    fn find_behaved(&mut self, name: &str, at: &Locator<'a>) -> Option<ecsim_cluster::TaskDefinitionId> {
        self.find_task_definition(name, at)
    }
}

fn stop_error(error: schema::StopError) -> StopError {
    match error {
        schema::StopError::CannotStopContainerError => StopError::CannotStopContainer,
        schema::StopError::DockerTimeoutError => StopError::DockerTimeout,
    }
}

fn start_error(error: schema::StartError) -> StartError {
    match error {
        schema::StartError::CannotPullContainerError => StartError::CannotPullContainer,
        schema::StartError::CannotPullECRContainerError => StartError::CannotPullEcrContainer,
        schema::StartError::CannotPullImageManifestError => StartError::CannotPullImageManifest,
        schema::StartError::CannotCreateContainerError => StartError::CannotCreateContainer,
        schema::StartError::CannotInspectContainerError => StartError::CannotInspectContainer,
        schema::StartError::CannotStartContainerError => StartError::CannotStartContainer,
        schema::StartError::DockerTimeoutError => StartError::DockerTimeout,
        schema::StartError::ResourceInitializationError => StartError::ResourceInitialization,
        schema::StartError::OutOfMemoryError => StartError::OutOfMemory,
    }
}
