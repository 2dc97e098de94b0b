//! What the timeline does to groups, providers, Spot and Fargate: each action becomes a call, some become two.

use ecsim_cluster::capacity::Process;
use ecsim_cluster::definitions::ProviderKind;
use ecsim_cluster::{AsgId, Market, PoolId, ProviderId};
use ecsim_engine::model::{Call, InstanceSelector, TaskSelector};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::capacity::spec::{GroupSpec, Kept, ProviderSpec, Refresh};

use super::super::Context;
use super::groups::{processes_of, seconds};
use super::metrics::millionths;
use super::providers::RESERVED;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{self, Action, Count, aws};

/// `MinHealthyPercentage` and `MaxHealthyPercentage` of a refresh (ASG-043).
const REFRESH_HEALTHY: (u32, u32) = (90, 100);
/// `CheckpointDelay` of a refresh in seconds (ASG-043).
const CHECKPOINT_DELAY: u32 = 3_600;
/// From a Spot notice to the end (SPT-002).
const NOTICE: Span = Span::from_secs(120);
/// Days between the notice of a retirement on Fargate and the retirement (FGT-006).
const RETIREMENT_DAYS: u64 = 7;

impl<'a> Context<'a> {
    /// The calls of an action about capacity; `None` where it is about something else.
    pub(in crate::lower) fn capacity_calls(
        &mut self,
        action: Action<'a>,
        index: usize,
        at: &Locator<'a>,
    ) -> Option<Vec<Call>> {
        let group_at = at.clone().key("autoScalingGroupName");
        let instances_at = at.clone().key("containerInstances");
        let call = match action {
            Action::UpdateAutoScalingGroup(given) => self.update_group(given, index, at),
            Action::SetDesiredCapacity(given) => {
                let (group, to) = (self.find_group(&given.auto_scaling_group_name, &group_at), given.desired_capacity);
                if let Some(group) = group {
                    self.warn_out_of_bounds(group, to, &at.clone().key("desiredCapacity"));
                }
                group.map(|group| match given.honor_cooldown {
                    Some(true) => Call::SetDesiredCapacityAfterCooldown { group, to },
                    _ => Call::SetDesiredCapacity { group, to },
                })
            }
            Action::SetInstanceProtection(given) => self
                .members_selector(given.auto_scaling_group_name.as_deref(), &given.container_instances, at)
                .map(|instances| Call::SetInstanceProtection { instances, protected: given.protected_from_scale_in }),
            Action::SetInstanceHealth(given) => {
                let healthy = given.health_status == schema::group_actions::HealthStatus::Healthy;
                let respects_grace = given.should_respect_grace_period.unwrap_or(true);
                self.instance_selector(&given.container_instances, &instances_at)
                    .map(|instances| Call::SetInstanceHealth { instances, healthy, respects_grace })
            }
            Action::TerminateInstanceInAutoScalingGroup(given) => {
                self.instance_selector(&given.container_instances, &instances_at).map(|instances| {
                    Call::TerminateInGroup { instances, decrement: given.should_decrement_desired_capacity }
                })
            }
            Action::EnterStandby(given) => self
                .members_selector(given.auto_scaling_group_name.as_deref(), &given.container_instances, at)
                .map(|instances| Call::EnterStandby { instances, decrement: given.should_decrement_desired_capacity }),
            Action::ExitStandby(given) => self
                .members_selector(given.auto_scaling_group_name.as_deref(), &given.container_instances, at)
                .map(|instances| Call::ExitStandby { instances }),
            Action::DetachInstances(given) => {
                self.members_selector(given.auto_scaling_group_name.as_deref(), &given.container_instances, at).map(
                    |instances| Call::DetachInstances { instances, decrement: given.should_decrement_desired_capacity },
                )
            }
            Action::SuspendProcesses(given) => {
                let processes = processes_of(&given.scaling_processes);
                let group = self.find_group(&given.auto_scaling_group_name, &group_at);
                if processes.has(Process::AlarmNotification)
                    && let Some(group) = group.filter(|_| !given.scaling_processes.is_empty())
                {
                    self.warn_no_scaling(group, at);
                }
                group.map(|group| Call::SuspendProcesses { group, processes })
            }
            Action::ResumeProcesses(given) => self
                .find_group(&given.auto_scaling_group_name, &group_at)
                .map(|group| Call::ResumeProcesses { group, processes: processes_of(&given.scaling_processes) }),
            Action::StartInstanceRefresh(given) => self.start_refresh(given, index, at),
            Action::CancelInstanceRefresh(given) => self
                .find_group(&given.auto_scaling_group_name, &group_at)
                .map(|group| Call::CancelInstanceRefresh { group }),
            Action::CompleteLifecycleAction(given) => self.complete_lifecycle_action(given, at),
            // The group has it already, with every instant at which it is due.
            Action::PutScheduledUpdateGroupAction(given) => {
                match &given.auto_scaling_group_name {
                    Some(name) => {
                        self.find_group(name, &group_at);
                    }
                    None => {
                        let help = Some("write `autoScalingGroupName`".into());
                        self.error(at, "E397", "which Auto Scaling group?", help);
                    }
                }
                None
            }
            Action::CreateCapacityProvider(given) => {
                let provider = self.capacity.providers.get(&given.name).copied();
                provider.map(|provider| Call::CreateCapacityProvider { provider })
            }
            Action::UpdateCapacityProvider(given) => self.update_provider(given, index, at),
            Action::DeleteCapacityProvider(given) => {
                let place = at.clone().key("capacityProvider");
                if RESERVED.contains(&given.capacity_provider.as_str()) {
                    let message = format!("`{}` always exists and cannot be deleted (CP-005)", given.capacity_provider);
                    let help = Some("leave it out of putClusterCapacityProviders to disassociate it".into());
                    self.error(&place, "E393", message, help);
                    return Some(Vec::new());
                }
                let provider = self.find_provider(&given.capacity_provider, &place);
                provider.map(|provider| Call::DeleteCapacityProvider { provider })
            }
            Action::PutClusterCapacityProviders(given) => return Some(self.put_providers(given, at)),
            Action::SpotInterruption(given) => return Some(self.spot_interruption(given, at)),
            Action::RebalanceRecommendation(given) => self
                .spot_selector(given.container_instances.as_ref(), given.pool.as_ref(), given.count, at)
                .map(|instances| Call::RebalanceRecommendation { instances }),
            Action::AvailabilityZoneOutage(given) => {
                let zone = self.known_zone(&given.zone, &at.clone().key("zone"));
                zone.map(|zone| Call::ZoneOutage { zone, duration: given.duration.map(|it| it.0) })
            }
            Action::InsufficientCapacity(given) => {
                let pools = self.pools_like(given.instance_type.as_deref(), given.zone.as_deref(), at);
                pools.map(|pools| Call::InsufficientCapacity {
                    pools,
                    market: given.market.map(market_of),
                    duration: given.duration.map(|it| it.0),
                })
            }
            Action::PoolCapacity(given) => {
                let pools = self.pools_like(given.instance_type.as_deref(), given.zone.as_deref(), at);
                pools.map(|pools| Call::PoolCapacity {
                    pools,
                    market: given.market.map(market_of),
                    instances: given.instances,
                })
            }
            Action::InstanceStatusCheckFails(given) => {
                let duration = given.duration.map(|it| it.0);
                self.instance_selector(&given.container_instances, &instances_at)
                    .map(|instances| Call::StatusCheckFails { instances, duration })
            }
            Action::FargateRetirement(given) => {
                let wait = given.wait.map_or_else(|| self.retirement_wait(), |wait| wait.0);
                self.task_selector(&given.task, &at.clone().key("task"))
                    .map(|tasks| Call::FargateRetirement { tasks, wait })
            }
            Action::SetErrorRate(given) => {
                let share = (given.error_rate.fraction() * 1e6).round().clamp(0.0, 1e6) as u32;
                self.task_selector(&given.task, &at.clone().key("task")).map(|tasks| Call::SetErrorRate {
                    tasks,
                    share,
                    duration: given.duration.map(|it| it.0),
                    fails_health_checks: given.fails_health_checks.unwrap_or(false),
                })
            }
            Action::FargateSpotInterruption(given) => self
                .task_selector(&given.task, &at.clone().key("task"))
                .map(|tasks| self.on_fargate_spot(tasks))
                .map(|tasks| Call::FargateSpotInterruption { tasks }),
            Action::SetMetric(given) => {
                let metric = self.set_metric_id(&given.namespace, &given.metric_name, &given.dimensions);
                match given.value.map(millionths) {
                    Some(None) => {
                        self.error(&at.clone().key("value"), "E397", "the value is too large for a metric", None);
                        None
                    }
                    value => Some(Call::SetMetric { metric, value: value.flatten() }),
                }
            }
            _ => return None,
        };
        Some(call.into_iter().collect())
    }

    fn update_group(&mut self, given: &schema::UpdateAutoScalingGroup, index: usize, at: &Locator<'a>) -> Option<Call> {
        let group = self.find_group(&given.auto_scaling_group_name, &at.clone().key("autoScalingGroupName"))?;
        if let (Some(min), Some(max)) = (given.min_size, given.max_size) {
            self.check_sizes(min, max, given.desired_capacity, at);
        }
        Some(Call::UpdateAutoScalingGroup {
            group,
            min_size: given.min_size,
            max_size: given.max_size,
            desired_capacity: given.desired_capacity,
            protects_new_instances: given.new_instances_protected_from_scale_in,
            template: self.capacity.templates.get(&index).copied(),
            configuration: self.capacity.configurations.get(&index).copied(),
        })
    }

    fn start_refresh(&mut self, given: &schema::StartInstanceRefresh, index: usize, at: &Locator<'a>) -> Option<Call> {
        let group = self.find_group(&given.auto_scaling_group_name, &at.clone().key("autoScalingGroupName"))?;
        if given.strategy == Some(schema::group_actions::RefreshStrategy::ReplaceRootVolume) {
            self.not_simulated(&at.clone().key("strategy"), "ReplaceRootVolume");
        }
        let preferences = &given.preferences;
        let place = at.clone().key("preferences");
        for (key, present) in
            [("autoRollback", preferences.auto_rollback == Some(true)), ("bakeTime", preferences.bake_time.is_some())]
        {
            if present {
                self.not_simulated(&place.clone().key(key), key);
            }
        }
        let (least, most) = self.configuration_at(group, index).maintenance.unwrap_or(REFRESH_HEALTHY);
        let min_healthy = preferences.min_healthy_percentage.unwrap_or(least);
        let max_healthy = preferences.max_healthy_percentage.unwrap_or(most).max(100);
        if max_healthy - min_healthy.min(max_healthy) > 100 {
            let message = format!("from {min_healthy} % to {max_healthy} %: at most 100 apart");
            self.error(&place, "E398", message, Some("for example 90 and 120 (ASG-043)".into()));
        }
        let checkpoints = preferences.checkpoint_percentages.clone();
        if !checkpoints.is_sorted_by(|a, b| a < b) || checkpoints.iter().any(|percent| !(1..=100).contains(percent)) {
            let place = place.clone().key("checkpointPercentages");
            self.error(&place, "E398", "percentages of 1 to 100, ascending", Some("for example [50, 100]".into()));
        }
        let refresh = Refresh {
            min_healthy,
            max_healthy,
            warmup: preferences.instance_warmup.map(seconds),
            skip_matching: preferences.skip_matching.unwrap_or(false),
            protected: match preferences.scale_in_protected_instances.unwrap_or_default() {
                schema::group_actions::ProtectedInstances::Refresh => Kept::Refresh,
                schema::group_actions::ProtectedInstances::Ignore => Kept::Ignore,
                schema::group_actions::ProtectedInstances::Wait => Kept::Wait,
            },
            standby: match preferences.standby_instances.unwrap_or_default() {
                schema::group_actions::StandbyInstances::Terminate => Kept::Refresh,
                schema::group_actions::StandbyInstances::Ignore => Kept::Ignore,
                schema::group_actions::StandbyInstances::Wait => Kept::Wait,
            },
            checkpoints,
            checkpoint_delay: seconds(preferences.checkpoint_delay.unwrap_or(CHECKPOINT_DELAY)),
        };
        let refreshes = &mut self.capacity.model.groups[group].refreshes;
        refreshes.push(refresh);
        let refresh = u32::try_from(refreshes.len() - 1).unwrap_or(u32::MAX);
        Some(Call::StartInstanceRefresh {
            group,
            refresh,
            template: self.capacity.templates.get(&index).copied(),
            configuration: self.capacity.configurations.get(&index).copied(),
        })
    }

    /// How a group is configured when an entry of the timeline is due.
    fn configuration_at(&self, group: AsgId, index: usize) -> &GroupSpec {
        let name = &self.definitions.auto_scaling_groups[group].name;
        let of_group = |index: usize| {
            let entry = &self.scenario.timeline[index];
            let update = entry.update_auto_scaling_group.as_ref().map(|it| &it.auto_scaling_group_name);
            let refresh = entry.start_instance_refresh.as_ref().map(|it| &it.auto_scaling_group_name);
            update.or(refresh).is_some_and(|of| of.rsplit('/').next() == Some(name))
        };
        let order = self.due_order();
        let until = order.iter().position(|other| *other == index).map_or(order.len(), |at| at + 1);
        let numbers = order[..until].iter().filter(|index| of_group(**index));
        let number = numbers.filter_map(|index| self.capacity.configurations.get(index)).next_back();
        let model = &self.capacity.model;
        number.and_then(|number| model.later_groups.get(&(group, *number))).unwrap_or(&model.groups[group])
    }

    fn complete_lifecycle_action(&mut self, given: &schema::CompleteLifecycleAction, at: &Locator<'a>) -> Option<Call> {
        let name = &given.auto_scaling_group_name;
        let group = self.find_group(name, &at.clone().key("autoScalingGroupName"))?;
        let written = self.capacity.written[group.index()].group;
        let hooks = &written.lifecycle_hook_specification_list;
        let hook = &given.lifecycle_hook_name;
        if !hooks.iter().any(|known| known.lifecycle_hook_name == *hook) {
            let known = hooks.iter().map(|known| known.lifecycle_hook_name.as_str());
            self.unknown(&at.clone().key("lifecycleHookName"), "lifecycle hook", hook, known);
            return None;
        }
        let count = match given.count {
            Some(Count::Number(number)) => Some(number),
            Some(Count::All) | None => None,
        };
        let instances = match &given.container_instances {
            Some(selector) => self.instance_selector(selector, &at.clone().key("containerInstances"))?,
            None => InstanceSelector::Filter {
                group: Some(group),
                count: None,
                zone: None,
                instance_type: None,
                name_prefix: None,
                provider: None,
                market: None,
                empty: None,
                attribute: None,
                expression: None,
                random: false,
            },
        };
        Some(Call::CompleteLifecycleAction {
            instances,
            hook: Some(self.definitions.policies.intern(hook)),
            proceed: given.lifecycle_action_result == aws::LifecycleResult::Continue,
            count,
        })
    }

    fn update_provider(
        &mut self,
        given: &schema::UpdateCapacityProvider,
        index: usize,
        at: &Locator<'a>,
    ) -> Option<Call> {
        let provider = self.find_provider(&given.name, &at.clone().key("name"))?;
        if let Some(change) = &given.managed_instances_provider {
            return self.update_managed(provider, change, index, &at.clone().key("managedInstancesProvider"));
        }
        let place = at.clone().key("autoScalingGroupProvider");
        let Some(change) = &given.auto_scaling_group_provider else {
            let help = Some("write `autoScalingGroupProvider` or `managedInstancesProvider`".into());
            self.error(at, "E393", "nothing says what changes of the capacity provider", help);
            return None;
        };
        let kind = self.definitions.capacity_providers[provider].kind;
        let ProviderKind::AutoScalingGroup(group) = kind else {
            let message = format!("`{}` is no provider of an Auto Scaling group", shown(&given.name));
            self.error(&place, "E393", message, None);
            return None;
        };
        if change.group().is_some_and(|name| name != self.definitions.auto_scaling_groups[group].name) {
            let help = Some("create another capacity provider (CP-003)".into());
            self.error(&place, "E393", "the Auto Scaling group of a provider cannot be changed", help);
        }
        let managed_scaling = change.managed_scaling.as_ref().map(|scaling| {
            // What the update does not say stays as it was.
            let known = self.definitions.capacity_providers[provider].managed_scaling;
            let given = aws::ManagedScaling {
                status: scaling.status,
                target_capacity: scaling.target_capacity.or(known.map(|known| known.target)),
                minimum_scaling_step_size: scaling.minimum_scaling_step_size.or(known.map(|known| known.minimum_step)),
                maximum_scaling_step_size: scaling.maximum_scaling_step_size.or(known.map(|known| known.maximum_step)),
                instance_warmup_period: scaling
                    .instance_warmup_period
                    .or(known.and_then(|known| u32::try_from(known.warmup.ms() / 1_000).ok())),
            };
            self.managed_scaling(Some(&given), &place)
        });
        Some(Call::UpdateCapacityProvider {
            provider,
            managed_scaling,
            termination_protection: change.managed_termination_protection.map(|it| it == aws::Enabled::Enabled),
            managed_draining: change.managed_draining.map(|it| it == aws::Enabled::Enabled),
            configuration: None,
        })
    }

    /// CP-045: when idle Managed Instances go. Calls come in the order of the file, but what they bring holds in the order
    /// in which they are due.
    fn update_managed(
        &mut self,
        provider: ProviderId,
        change: &aws::ManagedInstancesProvider,
        index: usize,
        at: &Locator<'a>,
    ) -> Option<Call> {
        let ProviderSpec::ManagedInstances(spec) = &self.capacity.model.providers[provider] else {
            let name = &self.definitions.capacity_providers[provider].name;
            let message = format!("`{}` is no provider of Managed Instances", shown(name));
            self.error(at, "E393", message, None);
            return None;
        };
        let mut spec = spec.clone();
        if change.instance_launch_template.is_some() {
            let key = "instanceLaunchTemplate";
            self.not_simulated(&at.clone().key(key), key);
        }
        let configuration = change.infrastructure_optimization.map(|optimization| {
            spec.scale_in_after = self.scale_in_after(optimization);
            let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            self.capacity.model.later_providers.insert((provider, number), ProviderSpec::ManagedInstances(spec));
            number
        });
        Some(Call::UpdateCapacityProvider {
            provider,
            managed_scaling: None,
            termination_protection: None,
            managed_draining: None,
            configuration,
        })
    }

    /// CP-004; a provider that exists and was never associated is there from then on.
    fn put_providers(&mut self, given: &schema::PutClusterCapacityProviders, at: &Locator<'a>) -> Vec<Call> {
        let mut providers = self.put_list(&given.capacity_providers, &at.clone().key("capacityProviders"));
        // Managed Instances providers are the cluster's without being named (CP-003).
        let managed = self.definitions.capacity_providers.iter();
        providers.extend(managed.filter(|(_, it)| it.kind == ProviderKind::ManagedInstances).map(|(id, _)| id));
        providers.sort_unstable();
        providers.dedup();
        let scenario = self.scenario;
        let is_created = |name: &str| {
            scenario
                .timeline
                .iter()
                .any(|entry| entry.create_capacity_provider.as_ref().is_some_and(|created| created.name == name))
        };
        let mut calls = Vec::new();
        for provider in &providers {
            let created = is_created(&self.definitions.capacity_providers[*provider].name);
            if !created && self.capacity.later_providers.remove(provider) {
                calls.push(Call::CreateCapacityProvider { provider: *provider });
            }
        }
        calls.push(Call::PutClusterCapacityProviders { providers });
        calls
    }

    fn spot_interruption(&mut self, given: &schema::SpotInterruption, at: &Locator<'a>) -> Vec<Call> {
        let selector = self.spot_selector(given.container_instances.as_ref(), given.pool.as_ref(), given.count, at);
        let Some(instances) = selector else { return Vec::new() };
        let notice = given.notice.map_or(NOTICE, |notice| notice.0);
        let mut calls = vec![Call::SpotInterruption { instances, notice }];
        if let Some(shortage) = given.shortage.filter(|shortage| !shortage.0.is_zero()) {
            let pool = given.pool.as_ref();
            let of_type = pool.and_then(|pool| pool.instance_type.as_deref());
            let of_zone = pool.and_then(|pool| pool.zone.as_deref());
            if pool.is_none() && given.container_instances.is_some() {
                let help = Some("name the pool that has no capacity with `pool`".into());
                let place = at.clone().key("shortage");
                self.error(&place, "E374", "which pool has no capacity afterwards?", help);
            }
            if let Some(pools) = self.pools_like(of_type, of_zone, &at.clone().key("pool")) {
                calls.push(Call::InsufficientCapacity {
                    pools,
                    market: Some(Market::Spot),
                    duration: Some(shortage.0),
                });
            }
        }
        calls
    }

    /// Spot instances: as the scenario names them, or those of a pool.
    fn spot_selector(
        &mut self,
        given: Option<&schema::InstanceSelector>,
        pool: Option<&schema::SpotPool>,
        count: Option<Count>,
        at: &Locator<'a>,
    ) -> Option<InstanceSelector> {
        let count = match count {
            Some(Count::Number(number)) => Some(number),
            Some(Count::All) | None => None,
        };
        if let Some(given) = given {
            if pool.is_some() {
                let help = Some("keep one of the two".into());
                self.error(&at.clone().key("pool"), "E304", "both `containerInstances` and `pool`", help);
            }
            let selector = self.instance_selector(given, &at.clone().key("containerInstances"))?;
            return Some(match selector {
                InstanceSelector::Any(several) if count.is_some() => {
                    let help = Some("choose by one map of properties".into());
                    self.error(&at.clone().key("count"), "E304", "`count` does not go with a list", help);
                    InstanceSelector::Any(several)
                }
                InstanceSelector::Filter {
                    zone,
                    instance_type,
                    name_prefix,
                    group,
                    provider,
                    empty,
                    attribute,
                    expression,
                    count: own,
                    random,
                    ..
                } => InstanceSelector::Filter {
                    zone,
                    instance_type,
                    name_prefix,
                    group,
                    provider,
                    market: Some(Market::Spot),
                    empty,
                    attribute,
                    expression,
                    count: own.or(count),
                    random: random || own.is_none() && count.is_some(),
                },
                named => {
                    if count.is_some() {
                        let help = Some("choose by a map of properties".into());
                        self.error(&at.clone().key("count"), "E304", "`count` does not go with names", help);
                    }
                    named
                }
            });
        }
        let of_zone = pool.and_then(|pool| pool.zone.as_deref());
        let zone = match of_zone {
            None => None,
            Some(name) => Some(self.known_zone(name, &at.clone().key("pool").key("zone"))?),
        };
        let of_type = pool.and_then(|pool| pool.instance_type.as_deref());
        self.pools_like(of_type, of_zone, &at.clone().key("pool"))?;
        Some(InstanceSelector::Filter {
            zone,
            instance_type: of_type.map(str::to_owned),
            name_prefix: None,
            group: None,
            provider: None,
            market: Some(Market::Spot),
            empty: None,
            attribute: None,
            expression: None,
            count,
            random: count.is_some(),
        })
    }

    /// Instances of a call; a group beside them narrows a filter down.
    fn members_selector(
        &mut self,
        group: Option<&str>,
        given: &schema::InstanceSelector,
        at: &Locator<'a>,
    ) -> Option<InstanceSelector> {
        let of_group = match group {
            None => None,
            Some(name) => Some(self.find_group(name, &at.clone().key("autoScalingGroupName"))?),
        };
        let mut selector = self.instance_selector(given, &at.clone().key("containerInstances"))?;
        if let Some(of_group) = of_group {
            narrow(&mut selector, of_group);
        }
        Some(selector)
    }

    /// Pools of a type and a zone; a complaint where nobody ever launches in one.
    fn pools_like(&mut self, instance_type: Option<&str>, zone: Option<&str>, at: &Locator<'a>) -> Option<Vec<PoolId>> {
        let types: Vec<String> = self.capacity.pools.keys().map(|(name, _)| name.clone()).collect();
        if let Some(name) = instance_type.filter(|name| !types.iter().any(|known| known == name)) {
            let mut known: Vec<&str> = types.iter().map(String::as_str).collect();
            known.dedup();
            self.unknown(&at.clone().key("instanceType"), "instance type that anybody launches", name, known);
            return None;
        }
        if let Some(name) = zone {
            self.known_zone(name, &at.clone().key("zone"))?;
        }
        let fits = |(of, place): &(String, String)| {
            instance_type.is_none_or(|name| name == of) && zone.is_none_or(|name| name == place)
        };
        let found: Vec<PoolId> = self.capacity.pools.iter().filter(|(key, _)| fits(key)).map(|(_, id)| *id).collect();
        if found.is_empty() {
            let message = "nobody ever launches an instance there";
            self.warning(at, "W370", message, Some("check the type and the zone".into()));
        }
        Some(found)
    }

    fn on_fargate_spot(&self, tasks: TaskSelector) -> TaskSelector {
        let provider = self.capacity.providers.get(super::providers::RESERVED[1]).copied();
        TaskSelector { provider: tasks.provider.or(provider), ..tasks }
    }

    /// `fargateTaskRetirementWaitPeriod` (FGT-006).
    fn retirement_wait(&mut self) -> Span {
        let Some(days) = &self.scenario.account_settings.fargate_task_retirement_wait_period else {
            return Span::from_days(RETIREMENT_DAYS);
        };
        match days.as_str() {
            "0" => Span::ZERO,
            "7" => Span::from_days(7),
            "14" => Span::from_days(14),
            other => {
                let message = format!("`{}` days; 0, 7 and 14 are possible (FGT-006)", shown(other));
                let at = self.at("accountSettings").key("fargateTaskRetirementWaitPeriod");
                self.error(&at, "E311", message, None);
                Span::from_days(RETIREMENT_DAYS)
            }
        }
    }

    /// A capacity that the group cannot have, as far as nothing changes its sizes (ASG-001).
    fn warn_out_of_bounds(&mut self, group: AsgId, to: u32, at: &Locator<'a>) {
        let definition = &self.definitions.auto_scaling_groups[group];
        let (name, min, max) = (definition.name.clone(), definition.min_size, definition.max_size);
        let changes = |entry: &schema::TimelineEntry| {
            let update = entry.update_auto_scaling_group.as_ref();
            update.is_some_and(|it| it.auto_scaling_group_name.rsplit('/').next() == Some(name.as_str()))
        };
        let scheduled = !self.capacity.model.groups[group].schedule.is_empty();
        if !(min..=max).contains(&to) && !scheduled && !self.scenario.timeline.iter().any(changes) {
            let message =
                format!("{to} is not between `minSize` {min} and `maxSize` {max}: the call will be refused (ASG-001)");
            self.warning(at, "W371", message, Some("change the sizes with updateAutoScalingGroup first".into()));
        }
    }

    /// CAS does nothing without AlarmNotification (ASG-042).
    fn warn_no_scaling(&mut self, group: AsgId, at: &Locator<'a>) {
        let managed = self.definitions.capacity_providers.values().any(|provider| {
            provider.kind == ProviderKind::AutoScalingGroup(group) && provider.managed_scaling.is_some()
        });
        if managed {
            let message = "without AlarmNotification cluster auto scaling does nothing (ASG-042)";
            self.warning(&at.clone().key("scalingProcesses"), "W392", message, None);
        }
    }

    /// When an entry of the timeline is due.
    pub(in crate::lower) fn due(&self, index: usize) -> SimTime {
        SimTime::ZERO + self.scenario.timeline[index].at.0
    }
}

/// Filters that name no group mean instances of this one.
fn narrow(selector: &mut InstanceSelector, of_group: AsgId) {
    match selector {
        InstanceSelector::Filter { group, .. } => {
            group.get_or_insert(of_group);
        }
        InstanceSelector::Any(several) => several.iter_mut().for_each(|one| narrow(one, of_group)),
        InstanceSelector::Named(_) | InstanceSelector::Launched(_) => {}
    }
}

fn market_of(given: schema::Market) -> Market {
    match given {
        schema::Market::OnDemand => Market::OnDemand,
        schema::Market::Spot => Market::Spot,
    }
}
