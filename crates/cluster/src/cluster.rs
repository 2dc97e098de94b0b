//! What is true now: a fold of facts. [`Cluster::apply`] is the only code that changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ecsim_kernel::{SimTime, Table};

use crate::capacity::{AutoScalingGroup, CapacityProvider};
use crate::cloudwatch::{AlarmRow, Series};
use crate::definitions::{Definitions, LaunchOwner, LaunchType, ProviderKind, SchedulingStrategy, ServiceRevision};
use crate::deployments::DeploymentCause;
use crate::fact::{Fact, RefreshStatus, TaskOrigin};
use crate::ids::{
    AlarmId, AsgId, GroupId, InstanceId, LaunchOptionId, MetricId, PoolId, ProviderId, SeriesId, ServiceId, SubnetId,
    TargetGroupId, TaskDefinitionId, TaskId, ZoneId,
};
use crate::instances::Instance;
use crate::lifecycle::{
    DesiredStatus, HealthStatus, InstanceLifecycle, InstanceStatus, Market, ProviderStatus, ServiceStatus, TaskStatus,
};
use crate::reasons::{StopCode, StopReason};
use crate::resources::Resources;
use crate::service_scaling::ScalableTarget;
use crate::services::{Service, count_sorted, remove_sorted};
use crate::targets::{Target, TargetGroup, TargetState};
use crate::tasks::{Task, TaskTable};

mod deployments;
mod fleet;

/// The state of an ECS cluster at an instant.
#[derive(Clone, Debug)]
pub struct Cluster {
    definitions: Arc<Definitions>,
    instances: Table<InstanceId, Instance>,
    tasks: TaskTable,
    services: Table<ServiceId, Service>,
    groups: Table<AsgId, AutoScalingGroup>,
    providers: Table<ProviderId, CapacityProvider>,
    /// What the market says of each capacity pool.
    pools: Table<PoolId, PoolState>,
    /// Zones that do not work.
    failed_zones: BTreeSet<ZoneId>,
    /// The latest value of each custom metric, in millionths.
    metrics: Table<MetricId, Option<i64>>,
    target_groups: Table<TargetGroupId, TargetGroup>,
    /// What CloudWatch has published of the metrics that somebody watches.
    series: Table<SeriesId, Series>,
    alarms: Table<AlarmId, AlarmRow>,
    /// What Application Auto Scaling knows of services.
    scalable_targets: BTreeMap<ServiceId, ScalableTarget>,
    /// Instances that ECS knows or will know: whoever looks at all instances need not look at those that are gone.
    present: BTreeSet<InstanceId>,
    free_addresses: Table<SubnetId, u32>,
    /// Live Fargate tasks by zone, for each group and provider that has some (FGP-001); never zero.
    fargate_zones: BTreeMap<FargateTasks, Vec<(ZoneId, u32)>>,
    totals: Totals,
}

/// Fargate tasks that are spread over zones together: those of a group on a provider.
type FargateTasks = (GroupId, Option<ProviderId>);

/// What is true of a capacity pool now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// Whether on-demand launches succeed (ASG-005).
    pub on_demand_available: bool,
    /// Whether Spot launches succeed.
    pub spot_available: bool,
    /// Instances of groups and providers that run in it, whoever's they are.
    pub instances: u32,
    /// Those of them that are Spot.
    pub spot_instances: u32,
    /// How many on-demand instances it holds at most, where somebody said so during the run.
    pub on_demand_limit: Option<u32>,
    /// How many Spot instances it holds at most, where a record or somebody said so during the run.
    pub spot_limit: Option<u32>,
    /// The Spot price in billionths of a dollar an hour; 0: not known.
    pub spot_nano_dollars: u64,
}

impl PoolState {
    /// Whether the pool gives out instances.
    #[must_use]
    pub const fn is_available(&self, market: Market) -> bool {
        match market {
            Market::OnDemand => self.on_demand_available,
            Market::Spot => self.spot_available,
        }
    }
}

/// Sums that every metric wants, kept up to date fact by fact and recounted by [`crate::invariants`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Instances that are ACTIVE or DRAINING.
    pub registered_instances: u32,
    /// Instances that can receive tasks (PLC-004).
    pub receiving_instances: u32,
    /// What ACTIVE and DRAINING instances registered.
    pub registered: Sum,
    /// What is reserved on them.
    pub reserved: Sum,
    /// What tasks that are live and RUNNING reserve on them (CW-020).
    pub reserved_by_running: Sum,
    /// Instances that are ACTIVE or DRAINING and hold at least one task.
    pub used_instances: u32,
    /// Live tasks that are RUNNING.
    pub running_tasks: u32,
    /// Live tasks that are not RUNNING yet.
    pub pending_tasks: u32,
    /// Of those, tasks in PROVISIONING that wait for an instance of their provider (CAS-009).
    pub awaiting_instance: u32,
    /// CPU units of Fargate tasks that have not reached STOPPED, on demand (FGT-010).
    pub fargate_cpu: u64,
    /// The same of Fargate Spot.
    pub fargate_spot_cpu: u64,
    /// Tasks asked to stop that have not reached STOPPED.
    pub stopping_tasks: u32,
}

/// A sum of resources over many instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// CPU units.
    pub cpu: u64,
    /// MiB.
    pub memory: u64,
    /// GPUs, counted as in [`Resources::gpus`].
    pub gpus: u64,
    /// Task network interfaces.
    pub enis: u64,
}

impl Sum {
    /// Adds one amount.
    pub fn add(&mut self, amount: Resources) {
        self.cpu += u64::from(amount.cpu);
        self.memory += u64::from(amount.memory);
        self.gpus += u64::from(amount.gpus);
        self.enis += u64::from(amount.enis);
    }

    /// Takes one amount away.
    pub fn sub(&mut self, amount: Resources) {
        self.cpu -= u64::from(amount.cpu);
        self.memory -= u64::from(amount.memory);
        self.gpus -= u64::from(amount.gpus);
        self.enis -= u64::from(amount.enis);
    }
}

impl Cluster {
    /// The cluster before anything has happened.
    #[must_use]
    pub fn new(definitions: Arc<Definitions>) -> Self {
        let mut instances = Table::default();
        for id in definitions.instances.ids() {
            instances.push(Instance::planned(id, &definitions));
        }
        let mut services = Table::default();
        for (id, definition) in definitions.services.iter() {
            services.push(Service::planned(id, definition));
        }
        let groups = definitions.auto_scaling_groups.iter().map(|(id, it)| AutoScalingGroup::planned(id, it)).collect();
        let providers =
            definitions.capacity_providers.iter().map(|(id, it)| CapacityProvider::planned(id, it)).collect();
        let fresh = PoolState {
            on_demand_available: true,
            spot_available: true,
            instances: 0,
            spot_instances: 0,
            on_demand_limit: None,
            spot_limit: None,
            spot_nano_dollars: 0,
        };
        let mut free_addresses = Table::default();
        for subnet in definitions.subnets.values() {
            free_addresses.push(subnet.free_addresses);
        }
        Self {
            instances,
            tasks: TaskTable::default(),
            services,
            groups,
            providers,
            pools: definitions.pools.values().map(|_| fresh).collect(),
            failed_zones: BTreeSet::new(),
            metrics: definitions.metrics.iter().map(|_| None).collect(),
            target_groups: definitions.target_groups.values().map(|_| TargetGroup::default()).collect(),
            series: definitions
                .series
                .ids()
                .map(|id| Series::looked_back(definitions.look_back.get(&id).copied().unwrap_or(0)))
                .collect(),
            alarms: definitions.alarms.values().map(|_| AlarmRow::default()).collect(),
            scalable_targets: definitions.scalable_targets.clone(),
            present: definitions.instances.ids().collect(),
            free_addresses,
            fargate_zones: BTreeMap::new(),
            totals: Totals::default(),
            definitions,
        }
    }

    /// What the scenario wrote.
    #[must_use]
    pub const fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }

    /// Container instances, planned ones and those that are gone included.
    #[must_use]
    pub const fn instances(&self) -> &Table<InstanceId, Instance> {
        &self.instances
    }

    /// The instances that ECS knows or will know, in the order of their ids: neither deregistered nor terminated.
    pub fn present(&self) -> impl Iterator<Item = &Instance> {
        self.present.iter().map(|id| &self.instances[*id])
    }

    /// How many [`Self::present`] are there.
    #[must_use]
    pub fn present_count(&self) -> usize {
        self.present.len()
    }

    /// Auto Scaling groups.
    #[must_use]
    pub const fn groups(&self) -> &Table<AsgId, AutoScalingGroup> {
        &self.groups
    }

    /// Capacity providers.
    #[must_use]
    pub const fn providers(&self) -> &Table<ProviderId, CapacityProvider> {
        &self.providers
    }

    /// The provider of a group that is associated with the cluster, if there is one (CP-003).
    #[must_use]
    pub fn provider_of(&self, group: AsgId) -> Option<&CapacityProvider> {
        self.providers.values().find(|row| {
            row.status == ProviderStatus::Active
                && self.definitions.capacity_providers[row.id].kind == ProviderKind::AutoScalingGroup(group)
        })
    }

    /// What the market says of a capacity pool.
    #[must_use]
    pub fn pool(&self, pool: PoolId) -> &PoolState {
        &self.pools[pool]
    }

    /// Whether a zone works.
    #[must_use]
    pub fn zone_works(&self, zone: ZoneId) -> bool {
        !self.failed_zones.contains(&zone)
    }

    /// The latest value of a custom metric, in millionths.
    #[must_use]
    pub fn metric(&self, metric: MetricId) -> Option<i64> {
        self.metrics[metric]
    }

    /// What is registered with a target group.
    #[must_use]
    pub fn target_group(&self, group: TargetGroupId) -> &TargetGroup {
        &self.target_groups[group]
    }

    /// What CloudWatch shows of a watched metric.
    #[must_use]
    pub fn series(&self, series: SeriesId) -> &Series {
        &self.series[series]
    }

    /// The scalable target of a service, where one is registered (SAS-001).
    #[must_use]
    pub fn scalable_target(&self, service: ServiceId) -> Option<&ScalableTarget> {
        self.scalable_targets.get(&service).filter(|target| target.registered)
    }

    /// What is known of the scaling of a service, whether its target is registered or not any more.
    #[must_use]
    pub fn scaling_of(&self, service: ServiceId) -> ScalableTarget {
        self.scalable_targets.get(&service).copied().unwrap_or_default()
    }

    /// An alarm.
    #[must_use]
    pub fn alarm(&self, alarm: AlarmId) -> &AlarmRow {
        &self.alarms[alarm]
    }

    /// The service revision that a deployment deploys; that at creation where the deployment is not known any more.
    #[must_use]
    pub fn revision(&self, service: ServiceId, deployment: u32) -> &ServiceRevision {
        let revisions = &self.definitions.services[service].revisions;
        let deployed = self.services[service].deployment(deployment).map_or(0, |it| it.revision as usize);
        revisions.get(deployed).unwrap_or(&revisions[0])
    }

    /// The service revision of the PRIMARY deployment, or that at creation before there is one.
    #[must_use]
    pub fn primary_revision(&self, service: ServiceId) -> &ServiceRevision {
        self.revision(service, self.services[service].primary().map_or(0, |primary| primary.number))
    }

    /// Where a task runs, on an instance or on Fargate; `None` while it waits for an instance.
    #[must_use]
    pub fn zone_of(&self, task: &Task) -> Option<ZoneId> {
        task.instance.map(|instance| self.instances[instance].zone).or(task.zone)
    }

    /// Tasks.
    #[must_use]
    pub const fn tasks(&self) -> &TaskTable {
        &self.tasks
    }

    /// A task that exists.
    ///
    /// # Panics
    /// Where it is gone: a bug of the caller.
    #[must_use]
    pub fn task(&self, task: TaskId) -> &Task {
        self.tasks.get(task).unwrap_or_else(|| panic!("{task:?} does not exist"))
    }

    /// Services.
    #[must_use]
    pub const fn services(&self) -> &Table<ServiceId, Service> {
        &self.services
    }

    /// Sums over the cluster.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Addresses a subnet has left (PLC-007).
    #[must_use]
    pub fn free_addresses(&self, subnet: SubnetId) -> u32 {
        self.free_addresses[subnet]
    }

    /// Live Fargate tasks of a group and a provider in a zone: what the next one is spread by (FGP-001).
    #[must_use]
    pub fn fargate_tasks_in(&self, group: GroupId, provider: Option<ProviderId>, zone: ZoneId) -> u32 {
        let zones = self.fargate_zones.get(&(group, provider)).map_or(&[][..], Vec::as_slice);
        zones.binary_search_by_key(&zone, |(of, _)| *of).map_or(0, |at| zones[at].1)
    }

    /// All of them that are not zero.
    pub(crate) fn fargate_zones(&self) -> impl Iterator<Item = u32> {
        self.fargate_zones.values().flatten().map(|(_, count)| *count)
    }

    /// Live tasks of a service by zone name, zones in name order: those of registered instances, and where it has tasks
    /// on Fargate those of its subnets (AZR-011).
    #[must_use]
    pub fn balance(&self, service: ServiceId) -> Vec<(String, u32)> {
        let zones = &self.definitions.zones;
        let mut counts: Vec<Option<u32>> = vec![None; zones.len()];
        for instance in self.present().filter(|instance| instance.status.is_registered()) {
            counts[instance.zone.index()].get_or_insert(0);
        }
        let row = &self.services[service];
        if row.tasks.iter().any(|task| self.task(*task).is_fargate()) {
            for subnet in &self.primary_revision(service).subnets {
                counts[self.definitions.subnets[*subnet].zone.index()].get_or_insert(0);
            }
        }
        for task in &row.tasks {
            let task = self.task(*task);
            if let Some(zone) = self.zone_of(task).filter(|_| task.is_live()) {
                *counts[zone.index()].get_or_insert(0) += 1;
            }
        }
        zones.iter().filter_map(|(zone, name)| counts[zone.index()].map(|count| (name.to_owned(), count))).collect()
    }

    /// Takes a fact into the books. The only mutator.
    ///
    /// # Panics
    /// Where the fact contradicts what is true, or is a move AWS does not allow: a bug of the engine.
    pub fn apply(&mut self, now: SimTime, fact: &Fact) {
        match *fact {
            Fact::InstanceStatusChanged { instance, to } => self.instance_status(now, instance, to),
            Fact::AgentConnectionChanged { instance, connected } => self.agent_connection(instance, connected),
            Fact::AttributePut { instance, attribute, value } => {
                self.instances[instance].put_attribute(attribute, value);
            }
            Fact::AttributeDeleted { instance, attribute } => self.instances[instance].delete_attribute(attribute),
            Fact::HostPowerChanged { instance, running } => {
                let row = &mut self.instances[instance];
                row.host_running = running;
                if !running {
                    // The agent is gone with its host, and its queue with it; images stay on the disk.
                    row.queue.clear();
                }
            }
            Fact::GpuDeviceChosen { instance, device } => self.instances[instance].gpu_chosen = Some(device),
            Fact::TaskCreated { .. } => self.create_task(now, fact),
            Fact::TaskPlaced { task, instance, subnet } => self.place_task(now, task, instance, subnet),
            Fact::TaskStatusChanged { task, to } => self.task_status(now, task, to),
            Fact::TaskAdmitted { task } => self.admit(task),
            Fact::ImagePullStarted { task } => {
                if let Some(TaskOrigin::Service { service, deployment, .. }) = self.tasks.get(task).map(|it| it.origin)
                {
                    self.services[service].count_deployment(deployment, |it| it.digests_known = true);
                }
            }
            Fact::ImagePullStopped { task } => self.images_pulled(now, task),
            Fact::ContainerExited { task, container, exit_code, .. } => {
                let row = self.tasks.get_mut(task).expect("a container of an existing task");
                assert_eq!(row.exited >> container & 1, 0, "{task:?}: container {container} exited already");
                row.exited |= 1 << container;
                row.failed |= u32::from(exit_code != 0) << container;
            }
            Fact::ContainerStopFailed { task, container, .. } => {
                let row = self.tasks.get_mut(task).expect("a container of an existing task");
                row.exited |= 1 << container;
                row.failed |= 1 << container;
            }
            Fact::ContainerStarted { task, container, restarts } => {
                self.container_started(now, task, container, restarts);
            }
            Fact::ContainerHealthChanged { task, container, to } => self.container_health(now, task, container, to),
            Fact::TaskStopRequested { task, reason } => self.stop_requested(now, task, reason),
            Fact::TaskExecutionStopped { task } => self.execution_stopped(task),
            Fact::TaskRetirementNoticed { task } => {
                self.tasks.get_mut(task).expect("an existing task").retiring = true;
            }
            Fact::TaskErrorRateChanged { task, share } => {
                self.tasks.get_mut(task).expect("an existing task").error_share = share;
            }
            Fact::TaskProtectionChanged { task, until } => {
                self.tasks.get_mut(task).expect("an existing task").protected_until = until;
            }
            Fact::ServiceStatusChanged { service, to } => {
                let row = &mut self.services[service];
                assert!(row.status.may_become(to), "{service:?}: {:?} -> {to:?}", row.status);
                if to == ServiceStatus::Active {
                    row.created_at = now;
                    // DEP-001: a service comes with its first deployment.
                    self.start_deployment(now, service, 0, DeploymentCause::Created);
                }
                let row = &mut self.services[service];
                if to == ServiceStatus::Draining {
                    row.desired_count = 0;
                }
                row.status = to;
            }
            Fact::ServiceUpdated { service } => self.services[service].updates += 1,
            Fact::DesiredCountChanged { service, to } => self.services[service].desired_count = to,
            Fact::ServicePlacementChanged { service, placement } => self.services[service].placement = placement,
            Fact::HealthyPercentChanged { service, minimum, maximum } => {
                let row = &mut self.services[service];
                row.minimum_healthy_percent = minimum;
                row.maximum_percent = maximum;
            }
            Fact::RebalancingChanged { service, enabled } => {
                self.services[service].availability_zone_rebalancing = enabled;
            }
            Fact::ServiceUnplaced { service, .. } => self.services[service].placement_failures += 1,
            Fact::ServiceHeldBack { service, .. } => self.services[service].held_back += 1,
            Fact::ServiceCapacityChanged { service, strategy, launch_type } => {
                let row = &mut self.services[service];
                row.strategy = strategy;
                row.launch_type = launch_type;
            }
            Fact::ServiceEvent { service, event } => {
                let row = &mut self.services[service];
                // Reaching a steady state resolves whatever held the service up (FLR-012).
                if event == crate::events::ServiceEvent::SteadyState {
                    row.last_events.clear(|said| said != event);
                }
                row.last_events.say(event, now);
            }
            Fact::DeploymentStarted { service, deployment, revision, cause } => {
                assert_eq!(
                    self.services[service].deployments_started, deployment,
                    "{service:?}: deployments are numbered"
                );
                self.start_deployment(now, service, revision, cause);
            }
            Fact::GracePeriodChanged { service, to } => self.services[service].health_check_grace = to,
            Fact::DeploymentChanged { .. }
            | Fact::DeploymentStageEntered { .. }
            | Fact::DeploymentStopAsked { .. }
            | Fact::DeploymentAnswered { .. }
            | Fact::DeploymentPolicyChanged { .. }
            | Fact::TaskSetScaled { .. }
            | Fact::TaskSetStabilityChanged { .. }
            | Fact::TrafficShifted { .. } => self.apply_deployment(now, fact),
            Fact::TargetRegistered { task, group } => {
                let row = self.tasks.get_mut(task).expect("an existing task");
                assert!(row.targets.iter().all(|target| target.group != group), "{task:?} is registered already");
                row.targets.push(Target { group, state: TargetState::Initial, since: now });
                self.target_groups[group].targets.insert(task);
            }
            Fact::TargetStateChanged { task, group, to } => self.target_state(now, task, group, Some(to)),
            Fact::TargetDeregistered { task, group } => {
                self.target_state(now, task, group, None);
                let row = self.tasks.get_mut(task).expect("an existing task");
                row.targets.retain(|target| target.group != group);
                self.target_groups[group].targets.remove(&task);
            }
            Fact::DatapointPublished { series, from, value } => self.series[series].publish(now, from, value),
            Fact::AlarmStateChanged { alarm, to } => {
                let row = &mut self.alarms[alarm];
                (row.state, row.since) = (to, now);
            }
            Fact::AlarmActionsChanged { alarm, enabled } => self.alarms[alarm].actions_disabled = !enabled,
            Fact::ScalableTargetChanged { service, registered, min, max, suspended } => {
                let row = self.scalable_targets.entry(service).or_default();
                *row = ScalableTarget { registered, min, max, suspended, ..*row };
            }
            Fact::ServiceScalingDecided { service, .. } => {
                let row = self.scalable_targets.entry(service).or_default();
                row.activities += 1;
                row.in_progress += 1;
            }
            Fact::ServiceScalingEnded { service, .. } => {
                let row = self.scalable_targets.entry(service).or_default();
                row.in_progress = row.in_progress.saturating_sub(1);
            }
            Fact::ServiceScalingWithheld { service, .. } => {
                self.scalable_targets.entry(service).or_default().not_scaled += 1;
            }
            Fact::CapacityForecast { service, capacity, .. } => {
                self.scalable_targets.entry(service).or_default().forecast = Some(capacity);
            }
            Fact::TaskRequested { .. }
            | Fact::TaskEjected { .. }
            | Fact::LoadMeasured { .. }
            | Fact::TargetGroupMeasured { .. }
            | Fact::RequestUnplaced { .. }
            | Fact::RequestRefused { .. }
            | Fact::RequestQueued { .. }
            | Fact::RequestDropped { .. }
            | Fact::StartTaskFailed { .. }
            | Fact::CallRefused { .. }
            | Fact::ReservationSampled { .. }
            | Fact::AlarmChanged { .. }
            | Fact::ScalingDecided { .. }
            | Fact::ScalingWithheld { .. } => {}
            Fact::InstanceLaunched { .. }
            | Fact::LaunchFailed { .. }
            | Fact::InstanceLifecycleChanged { .. }
            | Fact::InstanceTerminated { .. }
            | Fact::InstanceProtectionChanged { .. }
            | Fact::InstanceHealthChanged { .. }
            | Fact::SpotInterruptionNoticed { .. }
            | Fact::RebalanceRecommended { .. }
            | Fact::SpotPriceChanged { .. }
            | Fact::PoolCapacityChanged { .. }
            | Fact::ZoneAvailabilityChanged { .. }
            | Fact::DesiredCapacityChanged { .. }
            | Fact::GroupSizeChanged { .. }
            | Fact::ProcessesChanged { .. }
            | Fact::NewInstanceProtectionChanged { .. }
            | Fact::TemplateChanged { .. }
            | Fact::ConfigurationChanged { .. }
            | Fact::InstanceRefreshChanged { .. }
            | Fact::MetricChanged { .. }
            | Fact::ProviderStatusChanged { .. }
            | Fact::ProviderChanged { .. } => self.apply_capacity(now, fact),
        }
    }

    fn instance_status(&mut self, now: SimTime, instance: InstanceId, to: InstanceStatus) {
        let definitions = Arc::clone(&self.definitions);
        let planned = definitions.instances.get(instance);
        let row = &self.instances[instance];
        assert!(row.status.may_become(to), "{}: {} -> {to}", row.name, row.status);
        let (was_registered, was_receiving) = (row.status.is_registered(), row.can_receive());
        self.recounted(instance, |row| {
            if row.status == InstanceStatus::Absent {
                row.registered_at = now;
                row.registered_at_unix_ms = planned
                    .and_then(|planned| planned.registered_at_unix_ms)
                    .unwrap_or(definitions.start_unix_ms + i64::try_from(now.ms()).unwrap_or(i64::MAX));
                row.connected = planned.is_none_or(|planned| planned.agent_connected);
            }
            row.status = to;
        });
        let row = &self.instances[instance];
        match (was_registered, to.is_registered()) {
            (false, true) => {
                self.totals.registered_instances += 1;
                self.totals.registered.add(row.registered);
                self.totals.reserved.add(row.reserved());
                self.totals.used_instances += u32::from(!row.tasks.is_empty());
                self.totals.reserved_by_running.add(running_on(&self.tasks, row));
            }
            (true, false) => {
                self.totals.registered_instances -= 1;
                self.totals.registered.sub(row.registered);
                self.totals.reserved.sub(row.reserved());
                self.totals.used_instances -= u32::from(!row.tasks.is_empty());
                self.totals.reserved_by_running.sub(running_on(&self.tasks, row));
            }
            _ => {}
        }
        let is_receiving = row.can_receive();
        count(&mut self.totals.receiving_instances, was_receiving, is_receiving);
        if to == InstanceStatus::Inactive {
            self.instances[instance].connected = false;
            self.present.remove(&instance);
        }
    }

    fn agent_connection(&mut self, instance: InstanceId, connected: bool) {
        let row = &mut self.instances[instance];
        let was_receiving = row.can_receive();
        row.connected = connected;
        let is_receiving = row.can_receive();
        count(&mut self.totals.receiving_instances, was_receiving, is_receiving);
    }

    /// A task comes into being: on an instance, on Fargate, or waiting in PROVISIONING for an instance (CAS-008).
    fn create_task(&mut self, now: SimTime, fact: &Fact) {
        let Fact::TaskCreated {
            task,
            definition,
            group,
            origin,
            placement,
            launch_type,
            provider,
            instance,
            zone,
            requirements,
            subnet,
        } = *fact
        else {
            unreachable!("called for this fact only")
        };
        self.totals.pending_tasks += 1;
        if let TaskOrigin::Service { service, ordinal, deployment } = origin {
            let row = &mut self.services[service];
            assert_eq!(row.started, ordinal, "{service:?}: starts are numbered");
            row.started += 1;
            row.live += 1;
            row.count_deployment(deployment, |it| {
                it.live += 1;
                it.started += 1;
            });
            row.tasks.push(task);
            if let Some(provider) = provider {
                row.count_provider(provider, true);
            }
        }
        if let Some(provider) = provider {
            self.providers[provider].tasks += 1;
        }
        let fargate = launch_type == LaunchType::Fargate;
        if fargate {
            self.count_fargate(definition, provider, true);
            self.count_fargate_zone(group, provider, zone, true);
            self.take_address(subnet);
            if let Some(service) = origin.service() {
                self.services[service].last_events.clear(crate::events::ServiceEvent::is_placement_failure);
            }
        } else if instance.is_none() {
            let provider = provider.expect("only a task of a capacity provider waits for an instance");
            self.providers[provider].waiting.insert(task);
            self.totals.awaiting_instance += 1;
        }
        self.tasks.insert(Task {
            id: task,
            definition,
            group,
            origin,
            placement,
            launch_type,
            provider,
            instance: None,
            zone: zone.filter(|_| fargate),
            subnet: subnet.filter(|_| fargate),
            requirements,
            reserved: Resources::ZERO,
            last: TaskStatus::Provisioning,
            desired: DesiredStatus::Running,
            stop_reason: None,
            admitted: false,
            execution_stopped: false,
            started: 0,
            exited: 0,
            failed: 0,
            checked: self.definitions.task_definitions[definition].checked_containers(),
            healthy: 0,
            unhealthy: 0,
            health_since: now,
            restarts: 0,
            gpu_devices: 0,
            created_at: now,
            started_at: None,
            stopping_at: None,
            protected_until: None,
            error_share: 0,
            retiring: false,
            targets: Vec::new(),
        });
        if let Some(instance) = instance {
            self.reserve(now, task, instance, subnet);
            if !requirements.eni {
                // Nothing is to be done in PROVISIONING: the state is passed over (TSK-001, TSK-004).
                self.tasks.get_mut(task).expect("just made").last = TaskStatus::Pending;
                self.instances[instance].queue.push_back(task);
            }
        }
    }

    /// A task that waited in PROVISIONING got its instance (CAS-008). It stays in that state until the engine moves it on.
    fn place_task(&mut self, now: SimTime, task: TaskId, instance: InstanceId, subnet: Option<SubnetId>) {
        let row = self.task(task);
        assert!(row.awaits_instance(), "{task:?} does not wait for an instance");
        let provider = row.provider.expect("a task that waits has a provider");
        self.providers[provider].waiting.remove(&task);
        self.totals.awaiting_instance -= 1;
        self.reserve(now, task, instance, subnet);
    }

    /// A deployment begins and is PRIMARY; its predecessor is ACTIVE from now on (DEP-001).
    /// A target moves on; `None`: it goes.
    fn target_state(&mut self, now: SimTime, task: TaskId, group: TargetGroupId, to: Option<TargetState>) {
        let row = self.tasks.get_mut(task).expect("an existing task");
        let target = row.targets.iter_mut().find(|target| target.group == group).expect("a registered target");
        let counts = &mut self.target_groups[group];
        counts.healthy -= u32::from(target.state == TargetState::Healthy);
        counts.unhealthy -= u32::from(target.state == TargetState::Unhealthy);
        if let Some(to) = to {
            counts.healthy += u32::from(to == TargetState::Healthy);
            counts.unhealthy += u32::from(to == TargetState::Unhealthy);
            (target.state, target.since) = (to, now);
        }
    }

    fn take_address(&mut self, subnet: Option<SubnetId>) {
        if let Some(subnet) = subnet {
            let free = &mut self.free_addresses[subnet];
            *free = free.saturating_sub(1);
        }
    }

    /// The task's resources on an instance are booked (RES-013).
    fn reserve(&mut self, now: SimTime, task: TaskId, instance: InstanceId, subnet: Option<SubnetId>) {
        let definitions = Arc::clone(&self.definitions);
        let asked = self.tasks.get_mut(task).expect("an existing task");
        let row = &mut self.instances[instance];
        assert_eq!(row.status, InstanceStatus::Active, "{task:?} was placed on {}, which is {}", row.name, row.status);
        let reserved = asked.requirements.on(row.registered);
        row.remaining = row
            .remaining
            .checked_sub(reserved)
            .unwrap_or_else(|| panic!("{task:?} needs {reserved:?}, {} has {:?} left", row.name, row.remaining));
        for port in &definitions.task_definitions[asked.definition].ports {
            assert!(row.ports.insert(*port), "{task:?}: port {port} of {} is taken", row.name);
        }
        let gpu_devices = row.take_gpus(reserved.gpus);
        if row.status.is_registered() {
            self.totals.reserved.add(reserved);
            self.totals.used_instances += u32::from(row.tasks.is_empty());
        }
        row.count_group(asked.group, true);
        row.live_tasks += 1;
        // A task that waited may be older than those that came before it.
        let at = row.tasks.partition_point(|other| *other < task);
        row.tasks.insert(at, task);
        asked.instance = Some(instance);
        asked.subnet = subnet;
        asked.reserved = reserved;
        asked.gpu_devices = gpu_devices;
        let (origin, provider) = (asked.origin, asked.provider);
        self.take_address(subnet);
        if let Some(service) = origin.service() {
            // A task was placed: the next failure to place is news again (FLR-012).
            let said = &mut self.services[service].last_events;
            said.clear(crate::events::ServiceEvent::is_placement_failure);
        }
        if self.is_provider_task(origin, provider) {
            self.count_provider_task(now, instance, true);
        }
    }

    fn task_status(&mut self, now: SimTime, task: TaskId, to: TaskStatus) {
        let row = self.tasks.get_mut(task).unwrap_or_else(|| panic!("{task:?} does not exist"));
        assert!(row.last.may_become(to), "{task:?}: {} -> {to}", row.last);
        let was_running = row.is_running();
        row.last = to;
        if to == TaskStatus::Running {
            row.started_at = Some(now);
            row.started = self.definitions.task_definitions[row.definition].all_containers();
            if let TaskOrigin::Service { service, deployment, .. } = row.origin {
                self.services[service].count_deployment(deployment, |it| it.ran += 1);
            }
        }
        let (is_running, live, instance, reserved) = (row.is_running(), row.is_live(), row.instance, row.reserved);
        let (origin, admitted) = (row.origin, row.admitted);
        if was_running != is_running && live {
            self.count_running(origin, instance, reserved, is_running);
            let pending = &mut self.totals.pending_tasks;
            *pending = if is_running { *pending - 1 } else { *pending + 1 };
        }
        if let Some(instance) = instance {
            if to == TaskStatus::Pending {
                self.instances[instance].queue.push_back(task);
            } else if to > TaskStatus::Running && !admitted {
                self.instances[instance].queue.retain(|waiting| *waiting != task);
            }
        }
        if to == TaskStatus::Stopped {
            self.task_stopped(now, task);
        }
    }

    /// A container started alone, or again: it has not exited and its health is not known (TSK-032). Its image is there.
    fn container_started(&mut self, now: SimTime, task: TaskId, container: u8, restarts: u32) {
        let row = self.tasks.get_mut(task).expect("a container of an existing task");
        let bit = 1 << container;
        let expected = if restarts > 0 { row.exited } else { !row.started };
        assert_eq!(expected & bit, bit, "{task:?}: container {container} runs already");
        let before = row.health();
        row.started |= bit;
        row.exited &= !bit;
        row.failed &= !bit;
        row.healthy &= !bit;
        row.unhealthy &= !bit;
        row.restarts += u32::from(restarts > 0);
        if row.health() != before {
            row.health_since = now;
        }
        if let Some(instance) = row.instance {
            let image = self.definitions.task_definitions[row.definition].containers[usize::from(container)].image;
            self.instances[instance].images.insert(image, now);
        }
    }

    fn container_health(&mut self, now: SimTime, task: TaskId, container: u8, to: HealthStatus) {
        let row = self.tasks.get_mut(task).expect("a container of an existing task");
        let (bit, before) = (1 << container, row.health());
        assert_eq!(
            row.running_containers() & bit,
            bit,
            "{task:?}: the health of container {container}, which does not run"
        );
        row.healthy &= !bit;
        row.unhealthy &= !bit;
        match to {
            HealthStatus::Unknown => {}
            HealthStatus::Healthy => row.healthy |= bit,
            HealthStatus::Unhealthy => row.unhealthy |= bit,
        }
        if row.health() != before {
            row.health_since = now;
        }
    }

    fn count_running(&mut self, origin: TaskOrigin, instance: Option<InstanceId>, reserved: Resources, up: bool) {
        let registered = instance.is_some_and(|instance| self.instances[instance].status.is_registered());
        if let Some(instance) = instance {
            self.recounted(instance, |row| {
                let cpu = &mut row.running_cpu;
                *cpu = if up { *cpu + reserved.cpu } else { *cpu - reserved.cpu };
            });
        }
        if up {
            self.totals.running_tasks += 1;
            if registered {
                self.totals.reserved_by_running.add(reserved);
            }
        } else {
            self.totals.running_tasks -= 1;
            if registered {
                self.totals.reserved_by_running.sub(reserved);
            }
        }
        if let TaskOrigin::Service { service, deployment, .. } = origin {
            let step = |count: &mut u32| *count = if up { *count + 1 } else { *count - 1 };
            let row = &mut self.services[service];
            step(&mut row.running);
            row.count_deployment(deployment, |it| step(&mut it.running));
        }
    }

    fn admit(&mut self, task: TaskId) {
        let row = self.tasks.get_mut(task).expect("an existing task");
        assert!(!row.admitted, "{task:?} was admitted already");
        row.admitted = true;
        let (instance, reserved, definition) = (row.instance, row.reserved, row.definition);
        let instance = instance.expect("an admitted task has a host");
        let host = &mut self.instances[instance];
        if host.queue.front() == Some(&task) {
            host.queue.pop_front();
        } else {
            host.queue.retain(|waiting| *waiting != task);
        }
        host.host_free = host
            .host_free
            .checked_sub(reserved.without_enis())
            .unwrap_or_else(|| panic!("{task:?} was admitted to {instance:?} without room on the host"));
        let definition = &self.definitions.task_definitions[definition];
        for port in &definition.ports {
            assert!(host.host_ports.insert(*port), "{task:?}: host port {port} of {instance:?} is in use");
        }
        host.dynamic_ports_used += definition.containers.iter().map(|container| container.dynamic_ports).sum::<u32>();
        host.ebs_used += u16::from(definition.ebs_volume);
    }

    fn images_pulled(&mut self, now: SimTime, task: TaskId) {
        let row = self.task(task);
        let definition = row.definition;
        // Fargate keeps no image (LAT-012).
        let Some(instance) = row.instance else { return };
        for container in &self.definitions.task_definitions[definition].containers {
            self.instances[instance].images.insert(container.image, now);
        }
    }

    /// The desired status became STOPPED: CPU, memory, ports and GPUs come free in ECS's books (RES-014), the network
    /// interface does not (RES-016).
    fn stop_requested(&mut self, now: SimTime, task: TaskId, reason: StopReason) {
        let row = self.tasks.get_mut(task).unwrap_or_else(|| panic!("{task:?} does not exist"));
        assert_eq!(row.desired, DesiredStatus::Running, "{task:?} was asked to stop already");
        let was_running = row.is_running();
        row.desired = DesiredStatus::Stopped;
        row.stop_reason = Some(reason);
        row.stopping_at = Some(now);
        let (origin, instance, group, reserved) = (row.origin, row.instance, row.group, row.reserved);
        let (provider, fargate_zone) = (row.provider, row.zone);
        if was_running {
            self.count_running(origin, instance, reserved, false);
        } else {
            self.totals.pending_tasks -= 1;
        }
        self.totals.stopping_tasks += 1;
        if let Some(instance) = instance {
            let host = &mut self.instances[instance];
            host.count_group(group, false);
            host.live_tasks -= 1;
        } else if self.task(task).launch_type == LaunchType::Fargate {
            self.count_fargate_zone(group, provider, fargate_zone, false);
        } else {
            let provider = provider.expect("a task that waits has a provider");
            self.providers[provider].waiting.remove(&task);
            self.totals.awaiting_instance -= 1;
        }
        if let TaskOrigin::Service { service, deployment, .. } = origin {
            let row = &mut self.services[service];
            row.live -= 1;
            let crashed = was_running && reason == StopReason::EssentialContainerExited;
            row.count_deployment(deployment, |it| {
                it.live -= 1;
                it.crashed += u32::from(crashed);
                it.lost += u32::from(was_running && !reason.by_service() && reason.code() != StopCode::UserInitiated);
                it.failed_to_start += u32::from(matches!(reason, StopReason::FailedToStart(_)));
                it.gave_up += u32::from(matches!(reason, StopReason::NoCapacity(_)));
            });
            if let Some(provider) = provider {
                row.count_provider(provider, false);
            }
            row.scheduler_stops += u64::from(reason.by_service());
            row.crashes += u64::from(crashed);
        }
        if self.definitions.release_at_desired_stopped {
            self.release_books(task);
        }
    }

    fn release_books(&mut self, task: TaskId) {
        let row = self.task(task);
        let (reserved, definition, devices) = (row.reserved, row.definition, row.gpu_devices);
        let Some(instance) = row.instance else { return };
        let host = &mut self.instances[instance];
        let released = reserved.without_enis();
        host.remaining = host.remaining.checked_add(released).expect("no more than was registered");
        host.return_gpus(devices, reserved.gpus);
        for port in &self.definitions.task_definitions[definition].ports {
            assert!(host.ports.remove(*port), "{task:?}: port {port} was not in use");
        }
        if host.status.is_registered() {
            self.totals.reserved.sub(released);
        }
    }

    fn execution_stopped(&mut self, task: TaskId) {
        let row = self.tasks.get_mut(task).expect("an existing task");
        assert!(!row.execution_stopped, "{task:?}: execution stopped already");
        row.execution_stopped = true;
        let (reserved, definition) = (row.reserved, row.definition);
        let Some(instance) = row.instance.filter(|_| row.admitted) else { return };
        let host = &mut self.instances[instance];
        host.host_free = host.host_free.checked_add(reserved.without_enis()).expect("no more than was registered");
        let definition = &self.definitions.task_definitions[definition];
        for port in &definition.ports {
            assert!(host.host_ports.remove(*port), "{task:?}: host port {port} was not in use");
        }
        host.dynamic_ports_used -= definition.containers.iter().map(|container| container.dynamic_ports).sum::<u32>();
        host.ebs_used -= u16::from(definition.ebs_volume);
    }

    fn task_stopped(&mut self, now: SimTime, task: TaskId) {
        let row = self.task(task);
        assert_eq!(row.desired, DesiredStatus::Stopped, "{task:?} reached STOPPED while it was wanted");
        assert!(row.execution_stopped, "{task:?} reached STOPPED before its containers exited");
        assert!(row.targets.is_empty(), "{task:?} reached STOPPED while a load balancer knew it");
        if !self.definitions.release_at_desired_stopped {
            self.release_books(task);
        }
        let row = self.tasks.remove(task).expect("an existing task");
        if let Some(instance) = row.instance {
            let host = &mut self.instances[instance];
            let enis = row.reserved.only_enis();
            host.remaining = host.remaining.checked_add(enis).expect("no more than was registered");
            remove_sorted(&mut host.tasks, &task);
            // An image is kept for a while after its last use (TSK-052, CP-044).
            for container in &self.definitions.task_definitions[row.definition].containers {
                if let Some(used) = host.images.get_mut(&container.image) {
                    *used = now;
                }
            }
            if host.status.is_registered() {
                self.totals.reserved.sub(enis);
                self.totals.used_instances -= u32::from(host.tasks.is_empty());
            }
            if self.is_provider_task(row.origin, row.provider) {
                self.count_provider_task(now, instance, false);
            }
        }
        if row.is_fargate() {
            self.count_fargate(row.definition, row.provider, false);
        }
        if let Some(provider) = row.provider {
            self.providers[provider].tasks -= 1;
        }
        if let Some(subnet) = row.subnet {
            self.free_addresses[subnet] += 1;
        }
        if let Some(service) = row.service() {
            let of = &mut self.services[service];
            remove_sorted(&mut of.tasks, &task);
            of.last_stopped = Some(now);
        }
        self.totals.stopping_tasks -= 1;
    }
}

/// What the running tasks of one instance reserve.
fn running_on(tasks: &TaskTable, instance: &Instance) -> Resources {
    instance
        .tasks
        .iter()
        .filter_map(|task| tasks.get(*task))
        .filter(|task| task.is_running())
        .fold(Resources::ZERO, |sum, task| sum.checked_add(task.reserved).expect("no more than was registered"))
}

fn count(counter: &mut u32, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *counter += 1,
        (true, false) => *counter -= 1,
        _ => {}
    }
}
