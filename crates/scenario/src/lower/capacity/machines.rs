//! How machines come and go, and the delays that all groups share (LAT-002 to LAT-005, LAT-020, LAT-021).

use ecsim_engine::fleet::MachineBehavior;
use ecsim_kernel::{Distribution, Span};

use super::super::Context;
use super::super::distributions::{constant, sum};
use crate::document::Locator;
use crate::schema::{AutoScalingGroupBehavior, ManagedInstancesBehavior, StatusCheckFailure};

/// Managed draining ends after so long (DRN-021).
const MANAGED_DRAINING_LIMIT: Span = Span::from_hours(48);

impl<'a> Context<'a> {
    /// What is the same for all groups and providers.
    pub(super) fn lower_fleet_behavior(&mut self) {
        let scenario = self.scenario;
        let given = &scenario.settings;
        let at = self.at("settings");
        let health_notice =
            self.seconds(&given.asg_health_notice_s.durations(), &at.clone().key("asg_health_notice_s"));
        let drain_delay = self.seconds(&given.spot_drain_delay, &at.clone().key("spot_drain_delay"));
        let timeout = self.seconds(&given.provisioning_timeout, &at.key("provisioning_timeout"));
        let fleet = &mut self.capacity.fleet;
        fleet.health_notice = health_notice;
        fleet.spot_drain_delay = drain_delay;
        fleet.provisioning_timeout = timeout;
        fleet.status_check_wait = given.asg_status_check_wait_s.0;
        fleet.managed_draining_limit = MANAGED_DRAINING_LIMIT;
        self.lower_fargate();
    }

    /// The machines of a group.
    pub(super) fn group_machines(&mut self, given: &AutoScalingGroupBehavior, at: &Locator<'a>) -> MachineBehavior {
        let scenario = self.scenario;
        let settings = &scenario.settings;
        let settings_at = self.at("settings");
        let launch = match &given.launch {
            Some(spec) => self.seconds(spec, &at.clone().key("launch")),
            None => self.seconds(&settings.cold_launch.distribution(), &settings_at.clone().key("cold_launch")),
        };
        let launch = match &given.user_data {
            Some(spec) => {
                let user_data = self.seconds(spec, &at.clone().key("userData"));
                sum(&launch, &user_data)
            }
            None => launch,
        };
        let (warm_start, warm_poll) = match &given.warm_start {
            // From taking it out to its registration: the agent's look is part of it.
            Some(spec) => (self.seconds(spec, &at.clone().key("warmStart")), constant(0.0)),
            None => (
                self.seconds(&settings.warm_start, &settings_at.clone().key("warm_start")),
                self.seconds(&settings.warm_poll, &settings_at.clone().key("warm_poll")),
            ),
        };
        let shutdown = self.shutdown(given.shutdown.as_ref(), at);
        MachineBehavior {
            launch,
            pending: self.instance_pending(),
            warm_start,
            warm_poll,
            // An instance goes into the warm pool as it goes at all: by a shutdown.
            warm_stop: shutdown.clone(),
            shutdown,
            status_check_failure: self.status_check_failure(given.status_check_failure.as_ref(), at),
        }
    }

    /// The machines of a Managed Instances provider (LAT-008).
    pub(super) fn managed_machines(&mut self, given: &ManagedInstancesBehavior, at: &Locator<'a>) -> MachineBehavior {
        let scenario = self.scenario;
        let launch = match &given.launch {
            Some(spec) => self.seconds(spec, &at.clone().key("launch")),
            None => {
                let place = self.at("settings").key("mi_launch");
                self.seconds(&scenario.settings.mi_launch, &place)
            }
        };
        MachineBehavior {
            launch,
            pending: self.instance_pending(),
            warm_start: constant(0.0),
            warm_poll: constant(0.0),
            warm_stop: constant(0.0),
            shutdown: self.shutdown(given.shutdown.as_ref(), at),
            status_check_failure: self.status_check_failure(given.status_check_failure.as_ref(), at),
        }
    }

    fn shutdown(&mut self, given: Option<&crate::schema::DurationDistribution>, at: &Locator<'a>) -> Distribution {
        let scenario = self.scenario;
        match given {
            Some(spec) => self.seconds(spec, &at.clone().key("shutdown")),
            None => {
                let place = self.at("settings").key("instance_shutdown");
                self.seconds(&scenario.settings.instance_shutdown, &place)
            }
        }
    }

    fn instance_pending(&mut self) -> Distribution {
        let place = self.at("settings").key("instance_pending_s");
        let spec = self.scenario.settings.instance_pending_s.durations();
        self.seconds(&spec, &place)
    }

    fn status_check_failure(
        &mut self,
        given: Option<&StatusCheckFailure>,
        at: &Locator<'a>,
    ) -> Option<(f64, Distribution)> {
        let given = given?;
        let after = self.seconds(&given.after, &at.clone().key("statusCheckFailure").key("after"));
        Some((given.probability.fraction(), after))
    }
}
