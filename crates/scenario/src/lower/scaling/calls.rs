//! Calls of CloudWatch and Application Auto Scaling in the timeline.

use ecsim_cluster::AlarmId;
use ecsim_cluster::cloudwatch::AlarmState;
use ecsim_engine::model::Call;

use super::super::Context;
use super::collect::is_ecs;
use super::suspended;
use crate::document::Locator;
use crate::schema::{Action, aws};

impl<'a> Context<'a> {
    /// The calls of an action about alarms or service auto scaling; `None` for every other action. Policies, actions and
    /// alarms that calls make are there already, with the time from which they exist.
    pub(in crate::lower) fn scaling_calls(&mut self, action: Action<'a>, at: &Locator<'a>) -> Option<Vec<Call>> {
        let call = match action {
            Action::PutMetricAlarm(_)
            | Action::PutScalingPolicy(_)
            | Action::DeleteScalingPolicy(_)
            | Action::PutScheduledAction(_)
            | Action::DeleteScheduledAction(_) => None,
            Action::DeleteAlarms(given) => {
                self.named_alarms(given, at);
                None
            }
            Action::SetAlarmState(given) => {
                let alarm = self.find_alarm(&given.alarm_name, &at.clone().key("alarmName"));
                let to = match given.state_value {
                    aws::AlarmStateValue::Ok => AlarmState::Ok,
                    aws::AlarmStateValue::Alarm => AlarmState::Alarm,
                    aws::AlarmStateValue::InsufficientData => AlarmState::InsufficientData,
                };
                alarm.map(|alarm| Call::SetAlarmState { alarm, to })
            }
            Action::EnableAlarmActions(given) => {
                Some(Call::SetAlarmActions { alarms: self.named_alarms(given, at), enabled: true })
            }
            Action::DisableAlarmActions(given) => {
                Some(Call::SetAlarmActions { alarms: self.named_alarms(given, at), enabled: false })
            }
            Action::RegisterScalableTarget(given) => {
                if !is_ecs(given.service_namespace.as_deref()) {
                    return Some(Vec::new());
                }
                if let (Some(min), Some(max)) = (given.min_capacity, given.max_capacity)
                    && min > max
                {
                    let message = format!("minCapacity {min} exceeds maxCapacity {max}");
                    self.error(at, "E397", message, None);
                }
                self.find_service(&given.resource_id, &at.clone().key("resourceId")).map(|service| {
                    Call::RegisterScalableTarget {
                        service,
                        min: given.min_capacity,
                        max: given.max_capacity,
                        suspended: given.suspended_state.map(|state| suspended(Some(state))),
                    }
                })
            }
            Action::DeregisterScalableTarget(given) => self
                .find_service(&given.resource_id, &at.clone().key("resourceId"))
                .map(|service| Call::DeregisterScalableTarget { service }),
            _ => return None,
        };
        Some(call.into_iter().collect())
    }

    fn named_alarms(&mut self, given: &aws::AlarmNames, at: &Locator<'a>) -> Vec<AlarmId> {
        let place = at.clone().key("alarmNames");
        let names = given.alarm_names.iter().enumerate();
        names.filter_map(|(index, name)| self.find_alarm(name, &place.clone().index(index))).collect()
    }
}
