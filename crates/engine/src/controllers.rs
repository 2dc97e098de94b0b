//! Every control loop of a run, and which number it has.
//!
//! Numbers are permanent within a run: services first, then providers, groups, the scaling loops of groups and of services,
//! and alarms.

use ecsim_cluster::definitions::ProviderKind;
use ecsim_cluster::{AlarmId, AsgId, Cluster, Definitions, ProviderId, ServiceId};
use ecsim_kernel::{Table, id};
use ecsim_policies::capacity::auto_scaling_group::controller::GroupController;
use ecsim_policies::capacity::auto_scaling_group::scaling::GroupScalingController;
use ecsim_policies::capacity::managed_instances::controller::ManagedInstancesController;
use ecsim_policies::capacity::managed_scaling::controller::ManagedScalingController;
use ecsim_policies::capacity::spec::CapacityModel;
use ecsim_policies::cloudwatch::controller::AlarmController;
use ecsim_policies::scaling::service::ServiceScalingController;
use ecsim_policies::scaling::service::spec::ScalingModel;
use ecsim_policies::services::ServiceController;
use ecsim_policies::{Controller as _, Decision, View};

use crate::event::Order;

id!(
    /// A control loop.
    pub struct ControllerId;
);

/// A control loop. One line a kind.
#[derive(Clone, Debug)]
pub(crate) enum AnyController {
    Service(Box<ServiceController>),
    ManagedScaling(Box<ManagedScalingController>),
    Group(Box<GroupController>),
    GroupScaling(Box<GroupScalingController>),
    ManagedInstances(Box<ManagedInstancesController>),
    ServiceScaling(Box<ServiceScalingController>),
    Alarm(AlarmController),
    /// Nothing is to be looked after.
    Idle,
}

impl AnyController {
    pub(crate) fn decide(&mut self, view: &View<'_>) -> Decision {
        match self {
            Self::Service(controller) => controller.decide(view),
            Self::ManagedScaling(controller) => controller.decide(view),
            Self::Group(controller) => controller.decide(view),
            Self::GroupScaling(controller) => controller.decide(view),
            Self::ManagedInstances(controller) => controller.decide(view),
            Self::ServiceScaling(controller) => controller.decide(view),
            Self::Alarm(controller) => controller.decide(view),
            Self::Idle => Decision::Sleep,
        }
    }
}

/// How many loops of each kind come before the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    services: u32,
    providers: u32,
    groups: u32,
}

impl Numbers {
    pub(crate) fn of(definitions: &Definitions) -> Self {
        let count = |length: usize| u32::try_from(length).expect("fewer than 2^32 of a kind");
        Self {
            services: count(definitions.services.len()),
            providers: count(definitions.capacity_providers.len()),
            groups: count(definitions.auto_scaling_groups.len()),
        }
    }

    const fn before_service_scaling(self) -> u32 {
        self.services + self.providers + self.groups + self.groups
    }

    pub(crate) const fn service_scaling(self, service: ServiceId) -> ControllerId {
        ControllerId::new(self.before_service_scaling() + service.get())
    }

    pub(crate) const fn alarm(self, alarm: AlarmId) -> ControllerId {
        ControllerId::new(self.before_service_scaling() + self.services + alarm.get())
    }

    /// When within an instant a loop has its turn: alarms are what CloudWatch publishes, everybody else acts on it.
    pub(crate) const fn order(self, id: ControllerId) -> Order {
        if id.get() >= self.before_service_scaling() + self.services { Order::Publish } else { Order::Control }
    }

    pub(crate) const fn service(self, service: ServiceId) -> ControllerId {
        ControllerId::new(service.get())
    }

    pub(crate) const fn provider(self, provider: ProviderId) -> ControllerId {
        ControllerId::new(self.services + provider.get())
    }

    pub(crate) const fn group(self, group: AsgId) -> ControllerId {
        ControllerId::new(self.services + self.providers + group.get())
    }

    pub(crate) const fn scaling(self, group: AsgId) -> ControllerId {
        ControllerId::new(self.services + self.providers + self.groups + group.get())
    }

    /// Whether the loop is a service's: those react after the latency of the service scheduler.
    pub(crate) const fn is_service(self, id: ControllerId) -> bool {
        id.get() < self.services
    }
}

/// All loops, by number.
pub(crate) fn all(
    cluster: &Cluster,
    capacity: &CapacityModel,
    scaling: &ScalingModel,
) -> Table<ControllerId, AnyController> {
    let definitions = cluster.definitions();
    let mut controllers = Table::default();
    for service in definitions.services.ids() {
        controllers.push(AnyController::Service(Box::new(ServiceController::new(service, cluster))));
    }
    for (provider, definition) in definitions.capacity_providers.iter() {
        controllers.push(match definition.kind {
            ProviderKind::AutoScalingGroup(_) => ManagedScalingController::new(provider, definition.kind)
                .map_or(AnyController::Idle, |controller| AnyController::ManagedScaling(Box::new(controller))),
            ProviderKind::ManagedInstances => ManagedInstancesController::new(provider, &capacity.providers[provider])
                .map_or(AnyController::Idle, |controller| AnyController::ManagedInstances(Box::new(controller))),
            ProviderKind::Fargate | ProviderKind::FargateSpot => AnyController::Idle,
        });
    }
    for group in definitions.auto_scaling_groups.ids() {
        controllers.push(AnyController::Group(Box::new(GroupController::new(group, cluster))));
    }
    for (group, spec) in capacity.groups.iter() {
        controllers.push(
            GroupScalingController::new(group, spec)
                .map_or(AnyController::Idle, |controller| AnyController::GroupScaling(Box::new(controller))),
        );
    }
    for service in definitions.services.ids() {
        controllers.push(
            ServiceScalingController::new(service, scaling)
                .map_or(AnyController::Idle, |controller| AnyController::ServiceScaling(Box::new(controller))),
        );
    }
    for alarm in definitions.alarms.ids() {
        controllers.push(match scaling.alarms.get(alarm) {
            Some(spec) => AnyController::Alarm(AlarmController::new(alarm, spec.clone())),
            None => AnyController::Idle,
        });
    }
    controllers
}
