//! Scheduled actions: every instant of the run at which they are due (ASG-025, LAT-022).

use std::collections::BTreeSet;

use ecsim_kernel::SimTime;
use ecsim_policies::capacity::spec::ScheduledAction;
use ecsim_policies::scaling::schedule::{ACTIONS_MAX, Recurrence, RecurrenceError, Schedule};

use super::super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;

impl<'a> Context<'a> {
    /// The actions of a group, those of the timeline's calls too.
    pub(super) fn schedule(&mut self, given: &aws::AutoScalingGroup, at: &Locator<'a>) -> Vec<ScheduledAction> {
        let scenario = self.scenario;
        let list_at = at.clone().key("scheduledActions");
        let most = given.scheduled_actions.len();
        if most > ACTIONS_MAX {
            let message = format!("{most} scheduled actions, at most {ACTIONS_MAX} are allowed (ASG-025)");
            self.error(&list_at, "E330", message, None);
        }
        let mut names = BTreeSet::new();
        let mut schedule = Vec::new();
        for (index, action) in given.scheduled_actions.iter().enumerate() {
            let place = list_at.clone().index(index);
            if !names.insert(action.scheduled_action_name.as_str()) {
                let message = format!("two scheduled actions are called `{}`", shown(&action.scheduled_action_name));
                self.error(&place.clone().key("scheduledActionName"), "E302", message, None);
            }
            schedule.extend(self.scheduled_action(action, SimTime::ZERO, &place));
        }
        for index in self.due_order() {
            let Some(action) = &scenario.timeline[index].put_scheduled_update_group_action else { continue };
            let group = action.auto_scaling_group_name.as_deref().and_then(|name| name.rsplit('/').next());
            if group != Some(given.auto_scaling_group_name.as_str()) {
                continue;
            }
            let since = SimTime::ZERO + scenario.timeline[index].at.0;
            let place = self.at("timeline").index(index).key("putScheduledUpdateGroupAction");
            let Some(put) = self.scheduled_action(action, since, &place) else { continue };
            // The same name again replaces the action.
            for earlier in schedule.iter_mut().filter(|earlier: &&mut ScheduledAction| earlier.name == put.name) {
                earlier.at.retain(|due| *due < since);
            }
            schedule.push(put);
        }
        schedule
    }

    fn scheduled_action(
        &mut self,
        given: &aws::ScheduledAction,
        since: SimTime,
        at: &Locator<'a>,
    ) -> Option<ScheduledAction> {
        if given.min_size.is_none() && given.max_size.is_none() && given.desired_capacity.is_none() {
            let help = Some("write minSize, maxSize or desiredCapacity".into());
            self.error(at, "E397", "a scheduled action that sets nothing", help);
        }
        if let (Some(min), Some(max)) = (given.min_size, given.max_size) {
            self.check_sizes(min, max, given.desired_capacity, at);
        }
        let start = given.start_time.or(given.time);
        let recurrence = match &given.recurrence {
            None => None,
            Some(text) => match Recurrence::parse(text, given.time_zone.as_deref()) {
                Ok(recurrence) => Some(recurrence),
                Err(error) => {
                    let key = match error {
                        RecurrenceError::UnknownZone { .. } => "timeZone",
                        _ => "recurrence",
                    };
                    let help = (key == "recurrence").then(|| "for example \"0 8 * * MON-FRI\" (ASG-025)".to_owned());
                    self.error(&at.clone().key(key), "E397", error.to_string(), help);
                    return None;
                }
            },
        };
        if recurrence.is_none() && start.is_none() {
            let help = Some("write startTime, recurrence, or both".into());
            self.error(at, "E397", "nothing says when the action is due", help);
            return None;
        }
        let schedule = Schedule {
            start: start.map(crate::schema::DateTime::unix_ms),
            end: given.end_time.map(crate::schema::DateTime::unix_ms),
            recurrence,
        };
        let origin = self.definitions.start_unix_ms;
        let ms = |time: SimTime| i64::try_from(time.ms()).unwrap_or(i64::MAX);
        let end = origin.saturating_add(ms(SimTime::ZERO + self.scenario.simulation.duration.0));
        let from = origin.saturating_add(ms(since));
        let due = self.due_instants((from, end), |after| schedule.next_after(after), at)?;
        Some(ScheduledAction {
            name: self.definitions.policies.intern(&given.scheduled_action_name),
            at: due,
            min_size: given.min_size,
            max_size: given.max_size,
            desired_capacity: given.desired_capacity,
        })
    }
}
