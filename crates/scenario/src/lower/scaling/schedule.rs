//! Scheduled actions of services: every instant of the run at which they are due (SAS-060 to SAS-063).

use ecsim_kernel::SimTime;
use ecsim_policies::scaling::expression::{Expression, ScheduleError};
use ecsim_policies::scaling::service::spec::ActionSpec;

use super::super::Context;
use super::{GivenAction, Target};

impl<'a> Context<'a> {
    /// The actions of a service, in the order in which they are written (SAS-062).
    pub(super) fn service_actions(&mut self, target: &Target<'a>) -> Vec<ActionSpec> {
        target.actions.iter().filter_map(|given| self.service_action(given)).collect()
    }

    fn service_action(&mut self, given: &GivenAction<'a>) -> Option<ActionSpec> {
        let (action, at) = (given.action, &given.at);
        let sets = action.scalable_target_action.unwrap_or_default();
        if sets.min_capacity.is_none() && sets.max_capacity.is_none() {
            let help = Some("write `scalableTargetAction` with minCapacity or maxCapacity (SAS-061)".into());
            self.error(at, "E397", "a scheduled action that sets nothing", help);
        }
        if let (Some(min), Some(max)) = (sets.min_capacity, sets.max_capacity)
            && min > max
        {
            let message = format!("minCapacity {min} exceeds maxCapacity {max}");
            self.error(&at.clone().key("scalableTargetAction"), "E397", message, None);
        }
        let Some(text) = &action.schedule else {
            let help = Some("write `schedule`: at(...), rate(...) or cron(...) (SAS-060)".into());
            self.error(at, "E397", "nothing says when the action is due", help);
            return None;
        };
        let origin = self.definitions.start_unix_ms;
        let ms = |time: SimTime| i64::try_from(time.ms()).unwrap_or(i64::MAX);
        let made = origin.saturating_add(ms(given.exists.from));
        let bounds = (
            action.start_time.map(crate::schema::DateTime::unix_ms),
            action.end_time.map(crate::schema::DateTime::unix_ms),
        );
        let expression = match Expression::parse(text, action.timezone.as_deref(), bounds, made) {
            Ok(expression) => expression,
            Err(error) => {
                let key = if matches!(error, ScheduleError::Zone { .. }) { "timezone" } else { "schedule" };
                let help = (key == "schedule").then(|| "for example \"cron(0 8 ? * MON-FRI *)\" (SAS-060)".to_owned());
                self.error(&at.clone().key(key), "E397", error.to_string(), help);
                return None;
            }
        };
        let mut last = SimTime::ZERO + self.scenario.simulation.duration.0;
        if let Some(until) = given.exists.until {
            last = last.min(SimTime::from_ms(until.ms().saturating_sub(1)));
        }
        let end = origin.saturating_add(ms(last));
        let due = self.due_instants((made, end), |after| expression.next_after(after), at)?;
        Some(ActionSpec {
            name: self.definitions.policies.intern(&action.scheduled_action_name),
            at: due,
            min: sets.min_capacity,
            max: sets.max_capacity,
        })
    }
}
