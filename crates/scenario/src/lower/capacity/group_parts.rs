//! The smaller parts of a group: lifecycle hooks, warm pool, termination policies, lifetimes (ASG-031 to ASG-045).

use ecsim_kernel::Span;
use ecsim_policies::capacity::auto_scaling_group::termination::Policy;
use ecsim_policies::capacity::auto_scaling_group::warm_pool::WarmPool;
use ecsim_policies::capacity::spec::{Hook, Transition, WarmPoolSpec, WarmState};

use super::super::Context;
use super::groups::seconds;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{AutoScalingGroupBehavior, aws};

/// Seconds of a day: the least lifetime of instances (ASG-045).
const DAY_SECONDS: u32 = 86_400;
/// Most hooks of a group (ASG-040).
const MOST_HOOKS: usize = 50;
/// `HeartbeatTimeout` where none is given (ASG-040).
const HEARTBEAT: u32 = 3_600;

impl<'a> Context<'a> {
    /// ASG-040: hooks, with what `behavior` says of those who answer them.
    pub(super) fn hooks(
        &mut self,
        given: &aws::AutoScalingGroup,
        behavior: &AutoScalingGroupBehavior,
        at: &Locator<'a>,
        behavior_at: &Locator<'a>,
    ) -> Vec<Hook> {
        let list_at = at.clone().key("lifecycleHookSpecificationList");
        let list = &given.lifecycle_hook_specification_list;
        if list.len() > MOST_HOOKS {
            let message = format!("{} lifecycle hooks, at most {MOST_HOOKS} are allowed (ASG-040)", list.len());
            self.error(&list_at, "E330", message, None);
        }
        for name in behavior.lifecycle_hooks.keys() {
            if !list.iter().any(|hook| hook.lifecycle_hook_name == *name) {
                let known = list.iter().map(|hook| hook.lifecycle_hook_name.as_str());
                self.unknown(&behavior_at.clone().key("lifecycleHooks").key(name), "lifecycle hook", name, known);
            }
        }
        let mut hooks = Vec::new();
        for (index, hook) in list.iter().enumerate() {
            let name = &hook.lifecycle_hook_name;
            if list[..index].iter().any(|earlier| earlier.lifecycle_hook_name == *name) {
                let message = format!("two lifecycle hooks are called `{}`", shown(name));
                self.error(&list_at.clone().index(index).key("lifecycleHookName"), "E302", message, None);
                continue;
            }
            let known = behavior.lifecycle_hooks.get(name);
            let place = behavior_at.clone().key("lifecycleHooks").key(name).key("duration");
            let duration = known.and_then(|known| known.duration.as_ref()).map(|spec| self.seconds(spec, &place));
            let result = known.and_then(|known| known.result).unwrap_or(aws::LifecycleResult::Continue);
            hooks.push(Hook {
                name: self.definitions.policies.intern(name),
                transition: match hook.lifecycle_transition {
                    aws::LifecycleTransition::Launching => Transition::Launching,
                    aws::LifecycleTransition::Terminating => Transition::Terminating,
                },
                heartbeat: seconds(hook.heartbeat_timeout.unwrap_or(HEARTBEAT)),
                default_continue: hook.default_result == Some(aws::LifecycleResult::Continue),
                duration,
                // What is installed stays installed: out of the warm pool the answer comes at once (MEAS-046).
                from_warm_pool: None,
                answers_continue: result == aws::LifecycleResult::Continue,
            });
        }
        hooks
    }

    /// ASG-041.
    pub(super) fn warm_pool(
        &mut self,
        given: &aws::AutoScalingGroup,
        behavior: &AutoScalingGroupBehavior,
        at: &Locator<'a>,
    ) -> Option<WarmPoolSpec> {
        let pool = given.warm_pool()?;
        let key = if given.warm_pool.is_some() { "warmPool" } else { "warmPoolConfiguration" };
        let place = at.clone().key(key);
        if pool.instance_reuse_policy.is_some_and(|policy| policy.reuse_on_scale_in == Some(true)) {
            let help = Some("ECS does not take instances back that were in service (ASG-041): leave it out".into());
            let place = place.clone().key("instanceReusePolicy");
            self.error(&place, "E398", "`reuseOnScaleIn` is not possible with ECS", help);
        }
        if let Some(mixed) = &given.mixed_instances_policy {
            let distribution = &mixed.instances_distribution;
            if distribution.on_demand_percentage_above_base_capacity.is_some_and(|percent| percent < 100) {
                let help = Some("only groups whose instances are all on-demand may have one (ASG-041)".into());
                self.error(&place, "E398", "a warm pool for a group that launches Spot instances", help);
            }
        } else if self.is_spot_template(given) {
            let help = Some("only groups whose instances are all on-demand may have one (ASG-041)".into());
            self.error(&place, "E398", "a warm pool for a group that launches Spot instances", help);
        }
        if behavior.container_instance.agent.ecs_warm_pools_check != Some(true) {
            let message = "without ECS_WARM_POOLS_CHECK the agents would register while their instances are still warm; \
                           this version simulates the group as if it were set";
            let help = format!(
                "set behavior.autoScalingGroups.{}.containerInstance.agent.ECS_WARM_POOLS_CHECK: true (ASG-041)",
                given.auto_scaling_group_name
            );
            self.warning(&place, "W398", message, Some(help));
        }
        let prepared = pool.max_group_prepared_capacity.filter(|most| *most >= 0);
        Some(WarmPoolSpec {
            size: WarmPool {
                max_group_prepared_capacity: prepared.map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
                min_size: pool.min_size.unwrap_or(0),
            },
            state: match pool.pool_state.unwrap_or_default() {
                aws::PoolState::Stopped => WarmState::Stopped,
                aws::PoolState::Running => WarmState::Running,
                aws::PoolState::Hibernated => WarmState::Hibernated,
            },
        })
    }

    fn is_spot_template(&mut self, given: &'_ aws::AutoScalingGroup) -> bool {
        let market = given.launch_template.as_ref().and_then(|template| template.instance_market_options.as_ref());
        market.is_some_and(|market| market.market_type == Some(aws::MarketType::Spot))
    }

    /// ASG-031 to ASG-033.
    pub(super) fn termination(&mut self, given: &[aws::TerminationPolicy], at: &Locator<'a>) -> Vec<Policy> {
        let mut policies = Vec::new();
        for (index, policy) in given.iter().enumerate() {
            policies.push(match policy {
                aws::TerminationPolicy::Default => Policy::Default,
                aws::TerminationPolicy::AllocationStrategy => Policy::AllocationStrategy,
                aws::TerminationPolicy::OldestLaunchTemplate => Policy::OldestLaunchTemplate,
                aws::TerminationPolicy::OldestLaunchConfiguration => Policy::OldestLaunchConfiguration,
                aws::TerminationPolicy::ClosestToNextInstanceHour => Policy::ClosestToNextInstanceHour,
                aws::TerminationPolicy::NewestInstance => Policy::NewestInstance,
                aws::TerminationPolicy::OldestInstance => Policy::OldestInstance,
                aws::TerminationPolicy::Lambda(_) => {
                    let message = "this version asks no Lambda function which instance goes: the policy is left out";
                    self.warning(&at.clone().index(index), "W360", message, None);
                    continue;
                }
            });
        }
        policies
    }

    /// ASG-045.
    pub(super) fn max_lifetime(&mut self, given: &aws::AutoScalingGroup, at: &Locator<'a>) -> Option<Span> {
        let lifetime = given.max_instance_lifetime.filter(|lifetime| *lifetime > 0)?;
        if lifetime < DAY_SECONDS {
            let message = format!("a lifetime of {lifetime} s; at least {DAY_SECONDS} s are possible, or 0 for none");
            self.error(
                &at.clone().key("maxInstanceLifetime"),
                "E398",
                message,
                Some("a day is 86400 (ASG-045)".into()),
            );
        }
        Some(seconds(lifetime))
    }

    /// ASG-044: both percentages or neither, at most 100 apart.
    pub(super) fn maintenance(
        &mut self,
        given: Option<&aws::InstanceMaintenancePolicy>,
        at: &Locator<'a>,
    ) -> Option<(u32, u32)> {
        let given = given?;
        let place = at.clone().key("instanceMaintenancePolicy");
        let percent =
            |value: Option<i32>| value.filter(|value| *value >= 0).and_then(|value| u32::try_from(value).ok());
        match (percent(given.min_healthy_percentage), percent(given.max_healthy_percentage)) {
            (None, None) => None,
            (Some(least), Some(most)) => {
                if most < 100 || most - least.min(most) > 100 {
                    let message =
                        format!("from {least} % to {most} %: the most is 100 to 200, at most 100 above the least");
                    self.error(&place, "E398", message, Some("for example 90 and 120 (ASG-044)".into()));
                }
                Some((least, most))
            }
            _ => {
                let help = Some("write minHealthyPercentage and maxHealthyPercentage (ASG-044)".into());
                self.error(&place, "E398", "one of the two percentages is missing", help);
                None
            }
        }
    }
}
