//! How the containers of a task wait for one another, are checked, and are started again (TSK-021 to TSK-023, TSK-030,
//! TSK-040).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use ecsim_cluster::definitions::{ContainerDependency, DependencyCondition, HealthCheck, RestartPolicy};
use ecsim_kernel::Span;

use super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;

/// Defaults of a health check in seconds, and of its retries (TSK-040).
const INTERVAL: u32 = 30;
const TIMEOUT: u32 = 5;
const RETRIES: u32 = 3;
/// Default `restartAttemptPeriod` in seconds (TSK-030).
const ATTEMPT_PERIOD: u32 = 300;
/// The most codes of `ignoredExitCodes` (TSK-030).
const MOST_IGNORED: usize = 50;

const fn seconds(given: Option<u32>, default: u32) -> Span {
    Span::from_secs(match given {
        Some(seconds) => seconds as u64,
        None => default as u64,
    })
}

/// What a container waits for; names that mean nothing were complained about.
pub(super) fn depends_on(
    definition: &aws::TaskDefinition,
    container: &aws::ContainerDefinition,
) -> Vec<ContainerDependency> {
    let number = |name: &str| {
        let at = definition.container_definitions.iter().position(|other| other.name == name)?;
        u8::try_from(at).ok()
    };
    let dependency = |given: &aws::ContainerDependency| {
        Some(ContainerDependency {
            container: number(&given.container_name)?,
            condition: match given.condition {
                aws::DependencyCondition::Start => DependencyCondition::Start,
                aws::DependencyCondition::Complete => DependencyCondition::Complete,
                aws::DependencyCondition::Success => DependencyCondition::Success,
                aws::DependencyCondition::Healthy => DependencyCondition::Healthy,
            },
        })
    };
    container.depends_on.iter().filter_map(dependency).collect()
}

/// The restart policy, where it is enabled (TSK-030).
pub(super) fn restart_policy(container: &aws::ContainerDefinition) -> Option<RestartPolicy> {
    let given = container.restart_policy.as_ref().filter(|policy| policy.enabled)?;
    let mut ignored_exit_codes = given.ignored_exit_codes.clone();
    ignored_exit_codes.sort_unstable();
    ignored_exit_codes.dedup();
    Some(RestartPolicy { ignored_exit_codes, attempt_period: seconds(given.restart_attempt_period, ATTEMPT_PERIOD) })
}

/// The health check with its defaults (TSK-040).
pub(super) fn health_check(given: &aws::HealthCheck) -> HealthCheck {
    HealthCheck {
        interval: seconds(given.interval, INTERVAL),
        timeout: seconds(given.timeout, TIMEOUT),
        retries: given.retries.unwrap_or(RETRIES),
        start_period: seconds(given.start_period, 0),
    }
}

impl<'a> Context<'a> {
    /// Complaints about `dependsOn` (TSK-021); `names` are those of all containers.
    pub(super) fn check_dependencies(
        &mut self,
        given: &aws::TaskDefinition,
        names: &BTreeMap<&str, usize>,
        containers_at: &Locator<'a>,
    ) {
        let containers = &given.container_definitions;
        let mut edges: Vec<Vec<(usize, usize)>> = vec![Vec::new(); containers.len()];
        for (index, container) in containers.iter().enumerate() {
            for (at, dependency) in container.depends_on.iter().enumerate() {
                let place = containers_at.clone().index(index).key("dependsOn").index(at);
                let name = dependency.container_name.as_str();
                let Some(other) = containers.iter().position(|other| other.name == name) else {
                    self.unknown(&place.key("containerName"), "container", name, names.keys().copied());
                    continue;
                };
                edges[index].push((other, at));
                let known = &containers[other];
                match dependency.condition {
                    aws::DependencyCondition::Complete | aws::DependencyCondition::Success
                        if known.essential.unwrap_or(true) =>
                    {
                        let message = format!(
                            "`{}` is essential: the task would stop with it, and nothing could wait for its end (TSK-021)",
                            shown(name)
                        );
                        let help = Some("give that container `essential: false`".into());
                        self.error(&place.key("condition"), "E358", message, help);
                    }
                    aws::DependencyCondition::Healthy if known.health_check.is_none() => {
                        let message = format!("`{}` has no health check to pass (TSK-021)", shown(name));
                        let help = Some("give that container a `healthCheck`, or wait for its START".into());
                        self.error(&place.key("condition"), "E358", message, help);
                    }
                    _ => {}
                }
            }
        }
        if let Some((path, at)) = cycle(&edges) {
            let index = path[path.len() - 1];
            let mut circle: Vec<&str> = path.iter().map(|at| containers[*at].name.as_str()).collect();
            circle.push(circle[0]);
            let place = containers_at.clone().index(index).key("dependsOn").index(at).key("containerName");
            let message =
                format!("these containers wait for one another for ever: {} (TSK-021)", shown(&circle.join(" -> ")));
            self.error(&place, "E358", message, Some("take one of these dependencies out".into()));
        }
    }

    /// Complaints about health checks and restart policies (TSK-030, TSK-040).
    pub(super) fn check_container_policies(&mut self, given: &aws::TaskDefinition, containers_at: &Locator<'a>) {
        for (index, container) in given.container_definitions.iter().enumerate() {
            let at = containers_at.clone().index(index);
            if let Some(check) = &container.health_check {
                let place = at.clone().key("healthCheck");
                self.check_range(&place, "interval", check.interval, 5..=300, " s", "TSK-040");
                self.check_range(&place, "timeout", check.timeout, 2..=60, " s", "TSK-040");
                self.check_range(&place, "retries", check.retries, 1..=10, "", "TSK-040");
                self.check_range(&place, "startPeriod", check.start_period, 0..=300, " s", "TSK-040");
                if check.command.is_empty() {
                    let help = Some("for example [CMD-SHELL, \"curl -f http://localhost/ || exit 1\"]".into());
                    self.error(&place.key("command"), "E359", "a health check needs a command (TSK-040)", help);
                }
            }
            if let Some(policy) = &container.restart_policy {
                let place = at.clone().key("restartPolicy");
                let period = policy.restart_attempt_period;
                self.check_range(&place, "restartAttemptPeriod", period, 60..=1800, " s", "TSK-030");
                let codes = policy.ignored_exit_codes.len();
                if codes > MOST_IGNORED {
                    let message =
                        format!("{codes} exit codes to ignore, at most {MOST_IGNORED} are possible (TSK-030)");
                    let help = Some("take out some of them".into());
                    self.error(&place.key("ignoredExitCodes"), "E359", message, help);
                }
            }
        }
    }

    fn check_range(
        &mut self,
        at: &Locator<'a>,
        key: &'static str,
        given: Option<u32>,
        range: RangeInclusive<u32>,
        unit: &str,
        rule: &str,
    ) {
        let Some(given) = given.filter(|given| !range.contains(given)) else { return };
        let message =
            format!("`{key}` of {given}{unit}; {} to {}{unit} are possible ({rule})", range.start(), range.end());
        let near = given.clamp(*range.start(), *range.end());
        self.error(&at.clone().key(key), "E359", message, Some(format!("{near} is the nearest")));
    }
}

/// The first circle of edges: the nodes on it, and which edge of the last one closes it.
fn cycle(edges: &[Vec<(usize, usize)>]) -> Option<(Vec<usize>, usize)> {
    fn walk(
        node: usize,
        edges: &[Vec<(usize, usize)>],
        path: &mut Vec<usize>,
        done: &mut [bool],
    ) -> Option<(Vec<usize>, usize)> {
        if done[node] {
            return None;
        }
        path.push(node);
        for (other, at) in &edges[node] {
            if let Some(from) = path.iter().position(|known| known == other) {
                return Some((path[from..].to_vec(), *at));
            }
            if let Some(found) = walk(*other, edges, path, done) {
                return Some(found);
            }
        }
        path.pop();
        done[node] = true;
        None
    }
    let mut done = vec![false; edges.len()];
    (0..edges.len()).find_map(|node| walk(node, edges, &mut Vec::new(), &mut done))
}
