//! Groups, providers and pools for a [`Plan`], and what becomes of the commands of their control loops in a [`Lab`].
//!
//! A lab carries a command out at once and completely, but for what takes time anywhere: an instance that was launched
//! waits until [`Lab::arrive`] brings it into service.

use ecsim_cluster::capacity::Processes;
use ecsim_cluster::definitions::{
    CapacityPool, CapacityProviderDefinition, GroupDefinition, LaunchOption, LaunchOwner, ProviderKind,
};
use ecsim_cluster::fact::{TaskOrigin, TerminationReason};
use ecsim_cluster::{
    AsgId, Command, Fact, InstanceId, InstanceLifecycle, InstanceStatus, LaunchOptionId, Market, MetricId, PolicyId,
    PoolId, ProviderId, ProviderStatus, Resources, ServiceId, SourceId, StopReason, TaskId,
};
use ecsim_kernel::{Distribution, SimTime, Span};

use super::{Lab, Plan};
use crate::capacity::auto_scaling_group::allocation::{OnDemandStrategy, SpotStrategy};
use crate::capacity::auto_scaling_group::termination::Policy;
use crate::capacity::auto_scaling_group::zones::ZoneStrategy;
use crate::capacity::spec::{GroupSpec, ManagedInstancesSpec, PoolSpec, ProviderSpec};
use crate::placement::Request;
use crate::view::{Decision, View};

impl Plan {
    /// A group without any settings beside its sizes and zones (`us-east-1` + letter), which reacts at once. What it can
    /// launch is added by [`Self::option`].
    ///
    /// # Panics
    /// Where a constant is no distribution: never.
    pub fn auto_scaling_group(&mut self, name: &str, sizes: (u32, u32, u32), zones: &[&str]) -> AsgId {
        let (min_size, desired_capacity, max_size) = sizes;
        let zones = zones.iter().map(|zone| self.definitions.zones.intern(&format!("us-east-1{zone}"))).collect();
        self.definitions.auto_scaling_groups.push(GroupDefinition {
            name: name.to_owned(),
            min_size,
            max_size,
            desired_capacity,
            zones,
            protects_new_instances: false,
            suspended: Processes::NONE,
        });
        self.capacity.groups.push(GroupSpec {
            options: Vec::new(),
            zones: None,
            launch_failure: 0.0,
            templates: Vec::new(),
            reaction: Distribution::constant(0.0).expect("a distribution"),
            mixed: None,
            spot_only: false,
            on_demand: OnDemandStrategy::LowestPrice,
            spot: SpotStrategy::PriceCapacityOptimized,
            spot_max_price: None,
            zone_strategy: ZoneStrategy::BalancedBestEffort,
            capacity_rebalance: false,
            termination: vec![Policy::Default],
            default_cooldown: Span::from_secs(300),
            default_warmup: None,
            health_check_grace: Span::ZERO,
            hooks: Vec::new(),
            max_lifetime: None,
            maintenance: None,
            warm_pool: None,
            policies: Vec::new(),
            schedule: Vec::new(),
            spot_draining: false,
            refreshes: Vec::new(),
        })
    }

    /// A provider of Managed Instances, ACTIVE from the start, which reacts at once.
    ///
    /// # Panics
    /// Where a constant is no distribution: never.
    pub fn managed_instances(&mut self, name: &str, spot: bool, scale_in_after: Option<Span>) -> ProviderId {
        self.capacity.providers.push(ProviderSpec::ManagedInstances(ManagedInstancesSpec {
            options: Vec::new(),
            spot,
            scale_in_after,
            reaction: Distribution::constant(0.0).expect("a distribution"),
            launch_failure: 0.0,
            auto_repair: true,
        }));
        self.definitions.capacity_providers.push(CapacityProviderDefinition {
            name: name.to_owned(),
            kind: ProviderKind::ManagedInstances,
            managed_scaling: None,
            termination_protection: false,
            managed_draining: true,
            exists_at_start: true,
        })
    }

    /// A type in a zone that somebody may launch, at so many nano-dollars an hour on demand, a third of it as Spot.
    ///
    /// # Panics
    /// Where the provider is none of Managed Instances.
    pub fn option(
        &mut self,
        owner: LaunchOwner,
        instance_type: &str,
        zone: &str,
        registered: Resources,
        price: u64,
    ) -> LaunchOptionId {
        let zone_name = format!("us-east-1{zone}");
        let zone = self.definitions.zones.intern(&zone_name);
        let wanted = CapacityPool { instance_type: instance_type.to_owned(), zone };
        let known = self.definitions.pools.iter().find(|(_, pool)| **pool == wanted).map(|(id, _)| id);
        let pool: PoolId = known.unwrap_or_else(|| {
            self.capacity.pools.push(PoolSpec {
                on_demand_nano_dollars: price,
                spot_nano_dollars: price / 3,
                monthly_interruption: 0.05,
                on_demand_limit: None,
                spot_limit: None,
            });
            self.definitions.pools.push(wanted)
        });
        let shape = self.shape(instance_type, &zone_name, registered, &[], |_| {});
        let options = match owner {
            LaunchOwner::Group(group) => &mut self.capacity.groups[group].options,
            LaunchOwner::Provider(provider) => match &mut self.capacity.providers[provider] {
                ProviderSpec::ManagedInstances(spec) => &mut spec.options,
                other => panic!("{other:?} launches nothing itself"),
            },
        };
        let rank = u32::try_from(options.len()).unwrap_or(u32::MAX);
        let option = LaunchOption { owner, pool, shape, zone, subnet: None, rank, template: 1, volume_gib: 30 };
        let id = self.definitions.launch_options.push(option);
        options.push(id);
        id
    }

    /// The same ways to launch, of another version of the group's template.
    pub fn options_of_template(&mut self, group: AsgId, template: u32) {
        for id in self.capacity.groups[group].options.clone() {
            let option = LaunchOption { template, ..self.definitions.launch_options[id] };
            let id = self.definitions.launch_options.push(option);
            self.capacity.groups[group].options.push(id);
        }
    }

    /// The id of a metric.
    pub fn metric(&mut self, name: &str) -> MetricId {
        self.definitions.metrics.intern(name)
    }

    /// The id of a scaling policy, scheduled action or hook.
    pub fn policy(&mut self, name: &str) -> PolicyId {
        self.definitions.policies.intern(name)
    }
}

impl Lab {
    /// Providers become ACTIVE, and every group gets the instances that it wants, in service, in the order of its options.
    ///
    /// # Panics
    /// Where a group can launch nothing.
    pub fn start_capacity(&mut self) {
        for provider in self.cluster.providers().ids() {
            self.apply(Fact::ProviderStatusChanged { provider, to: ProviderStatus::Active });
        }
        for group in self.cluster.groups().ids() {
            let version = self.cluster.groups()[group].template;
            let definitions = self.cluster.definitions();
            let options = self.capacity.groups[group].options.iter().copied();
            let options: Vec<LaunchOptionId> =
                options.filter(|id| definitions.launch_options[*id].template == version).collect();
            for at in 0..self.cluster.groups()[group].desired as usize {
                let instance = self.launch(options[at % options.len()], Market::OnDemand);
                self.arrive(instance);
            }
        }
    }

    /// EC2 launches an instance.
    pub fn launch(&mut self, option: LaunchOptionId, market: Market) -> InstanceId {
        let instance = self.cluster.instances().next_id();
        self.apply(Fact::InstanceLaunched { instance, option, market, warm: false });
        instance
    }

    /// A launched instance is in service and registers.
    pub fn arrive(&mut self, instance: InstanceId) {
        if self.cluster.instances()[instance].lifecycle.is_pending() {
            self.apply(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::InService });
        }
        self.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
    }

    /// Instances that were launched and have not come yet.
    #[must_use]
    pub fn launching(&self) -> Vec<InstanceId> {
        let waits = |status| status == InstanceStatus::Absent;
        let rows = self.cluster.present().filter(|row| row.option.is_some() && row.terminated_at.is_none());
        rows.filter(|row| waits(row.status) && !row.lifecycle.is_warm()).map(|row| row.id).collect()
    }

    /// The instance is gone at once, with everything on it.
    pub fn terminate(&mut self, instance: InstanceId, reason: TerminationReason) {
        for task in self.cluster.instances()[instance].tasks.clone() {
            if self.cluster.task(task).is_live() {
                self.stop(task);
            }
            self.finish(task);
        }
        if self.cluster.instances()[instance].group.is_some() {
            self.apply(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminating });
        }
        self.apply(Fact::InstanceTerminated { instance, reason });
        if self.cluster.instances()[instance].status.is_registered() {
            self.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Inactive });
        }
        if self.cluster.instances()[instance].group.is_some() {
            self.apply(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminated });
        }
    }

    /// A task waits in PROVISIONING for an instance of its provider (CAS-008): of a service, or standalone.
    ///
    /// # Panics
    /// Where the request names no provider.
    pub fn wait_for_instance(&mut self, request: &Request<'_>, service: Option<ServiceId>) -> TaskId {
        assert!(request.provider.is_some(), "only a task of a provider waits");
        let task = self.cluster.tasks().next_id();
        let origin = match service {
            Some(service) => {
                TaskOrigin::Service { service, ordinal: self.cluster.services()[service].started, deployment: 0 }
            }
            None => {
                self.copies += 1;
                TaskOrigin::Source { source: SourceId::new(0), ordinal: self.copies }
            }
        };
        self.apply(Fact::TaskCreated {
            task,
            definition: request.definition,
            group: request.group,
            origin,
            placement: request.placement,
            launch_type: request.launch_type,
            provider: request.provider,
            instance: None,
            zone: None,
            requirements: request.requirements,
            subnet: None,
        });
        task
    }

    /// Carries out the wish of a group, of its scaling policies or of a provider.
    ///
    /// # Panics
    /// Where it is a wish of a service, or is none that can be carried out.
    pub fn obey(&mut self, command: Command) {
        match command {
            Command::SetAlarm { group, alarm, in_alarm } => {
                self.apply(Fact::AlarmChanged { group, alarm, in_alarm });
            }
            Command::SetDesiredCapacity { group, to, decision } => {
                let from = self.cluster.groups()[group].desired;
                self.apply(Fact::ScalingDecided { group, from, to, decision });
                self.apply(Fact::DesiredCapacityChanged { group, to });
            }
            Command::SetGroupSize { group, min_size, max_size, .. } => {
                self.apply(Fact::GroupSizeChanged { group, min_size, max_size });
            }
            Command::NoteWithheld { group, withheld } => self.apply(Fact::ScalingWithheld { group, withheld }),
            Command::SetInstanceProtection { instance, protected } => {
                self.apply(Fact::InstanceProtectionChanged { instance, protected });
            }
            Command::LaunchInstance { option, market, warm } => {
                let instance = self.cluster.instances().next_id();
                self.apply(Fact::InstanceLaunched { instance, option, market, warm });
            }
            Command::NoteLaunchFailure { option, market, failure } => {
                let owner = self.cluster.definitions().launch_options[option].owner;
                self.apply(Fact::LaunchFailed { owner, option, market, failure });
            }
            Command::TerminateInstance { instance, reason } => self.terminate(instance, reason),
            Command::DrainInstance { instance } => {
                self.apply(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Draining });
            }
            Command::EndRefresh { group, to } => {
                let refresh = self.cluster.groups()[group].refresh.expect("a refresh in progress");
                self.apply(Fact::InstanceRefreshChanged { group, refresh, to });
            }
            other => panic!("{other:?} is no wish about capacity"),
        }
    }

    /// Asks a control loop again and again, and carries out what it wants, until it has no wish; gives the wishes and the
    /// instant at which it wants to be asked again.
    ///
    /// # Panics
    /// Where it never has enough.
    pub fn turn(&mut self, mut decide: impl FnMut(&View<'_>) -> Decision) -> (Vec<Command>, Option<SimTime>) {
        let mut commands = Vec::new();
        for _ in 0..10_000 {
            match decide(&self.view()) {
                Decision::Act(command) => {
                    self.obey(command);
                    commands.push(command);
                }
                Decision::WakeAt(at) => {
                    assert!(at > self.now, "asked to be woken at {at:?}, and it is {:?}", self.now);
                    return (commands, Some(at));
                }
                Decision::Sleep => return (commands, None),
            }
        }
        panic!("a loop without end: {:?}", commands.last());
    }

    /// A custom metric has a new value, in whole numbers.
    pub fn measure(&mut self, metric: MetricId, value: Option<i64>) {
        self.apply(Fact::MetricChanged { metric, value: value.map(|value| value * 1_000_000) });
    }

    /// All tasks of an instance that are live are told to stop and are gone.
    pub fn clear(&mut self, instance: InstanceId) {
        for task in self.cluster.instances()[instance].tasks.clone() {
            self.apply(Fact::TaskStopRequested { task, reason: StopReason::UserInitiated(None) });
            self.finish(task);
        }
    }
}
