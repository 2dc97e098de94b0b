//! The room that ECS keeps free for daemon tasks before they exist (PLC-052).
//!
//! On every ACTIVE instance that satisfies a daemon service's constraints and attributes, the daemon's CPU, memory and
//! network interface are withheld from other tasks until its task is live there. Not retroactive: an instance that is
//! full already keeps what it has, and then nothing more than what is left can be withheld.

use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::{Instance, InstanceStatus, Resources, Service, ServiceStatus};

use crate::View;
use crate::placement::{Request, constraints, fit};

/// The daemon services that withhold room, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct Daemons(Vec<ecsim_cluster::ServiceId>);

impl Daemons {
    /// The daemon services that are ACTIVE now.
    #[must_use]
    pub fn of(view: &View<'_>) -> Self {
        Self(
            view.cluster
                .services()
                .values()
                .filter(|service| service.status == ServiceStatus::Active && is_daemon(view, service))
                .map(|service| service.id)
                .collect(),
        )
    }

    /// What such a request must leave alone: nothing for a daemon's own task (PLC-052).
    #[must_use]
    pub fn against(view: &View<'_>, request: &Request<'_>) -> Self {
        if request.is_daemon { Self::default() } else { Self::of(view) }
    }

    /// Whether no room is withheld anywhere.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is withheld on the instance: the needs of every matching daemon that has no live task there.
    #[must_use]
    pub fn withheld(&self, view: &View<'_>, instance: &Instance) -> Resources {
        let mut sum = Resources::ZERO;
        if instance.status != InstanceStatus::Active {
            return sum;
        }
        for service in &self.0 {
            let service = &view.cluster.services()[*service];
            if instance.live_tasks_of(service.group) == 0 && qualifies(view, service, instance) {
                let definition = &view.cluster.definitions().task_definitions[service.task_definition];
                let need = Resources { gpus: 0, ..definition.requirements.least() };
                sum = sum.checked_add(need).unwrap_or(Resources {
                    cpu: u32::MAX,
                    memory: u32::MAX,
                    gpus: 0,
                    enis: u16::MAX,
                });
            }
        }
        sum
    }

    /// What the instance has left for everybody else.
    #[must_use]
    pub fn room(&self, view: &View<'_>, instance: &Instance) -> Resources {
        if self.0.is_empty() {
            instance.remaining
        } else {
            instance.remaining.saturating_sub(self.withheld(view, instance))
        }
    }
}

fn is_daemon(view: &View<'_>, service: &Service) -> bool {
    view.cluster.definitions().services[service.id].scheduling == SchedulingStrategy::Daemon
}

/// Whether a daemon service wants its task on the instance: attributes, zone and constraints, whatever room there is
/// (PLC-051).
#[must_use]
pub fn qualifies(view: &View<'_>, service: &Service, instance: &Instance) -> bool {
    let definitions = view.cluster.definitions();
    let definition = &definitions.task_definitions[service.task_definition];
    let external = definitions.shapes[instance.shape].external;
    let is_of = match service.strategy {
        Some(strategy) => {
            definitions.capacity_strategies[strategy].iter().any(|item| instance.provider == Some(item.provider))
        }
        None => fit::is_of(service.launch_type, None, instance, external),
    };
    is_of
        && fit::has_attributes(definition, instance)
        && fit::is_in_zone_of(definitions, &view.cluster.primary_revision(service.id).subnets, instance.zone)
        && view.placements[service.placement]
            .constraints
            .iter()
            .all(|constraint| constraints::member_of_holds(constraint, definitions, instance))
}
