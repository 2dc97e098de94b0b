//! Calls of CloudWatch and of Application Auto Scaling.

use std::sync::Arc;

use ecsim_cluster::fact::CallError;
use ecsim_cluster::{CallId, Fact, ServiceDecision, ServiceStatus};

use crate::model::Call;
use crate::simulation::Step;

impl Step<'_> {
    /// A call about alarms or scalable targets.
    pub(super) fn scaling_call(&mut self, id: CallId) -> Result<(), CallError> {
        let model = Arc::clone(&self.sim.model);
        match &model.calls[id] {
            Call::SetAlarmState { alarm, to } => {
                if self.sim.cluster.alarm(*alarm).state != *to {
                    self.emit(Fact::AlarmStateChanged { alarm: *alarm, to: *to });
                }
                self.sim.reconsider_alarm(*alarm);
            }
            Call::SetAlarmActions { alarms, enabled } => {
                for alarm in alarms {
                    self.emit(Fact::AlarmActionsChanged { alarm: *alarm, enabled: *enabled });
                }
            }
            Call::RegisterScalableTarget { service, min, max, suspended } => {
                let service = *service;
                let row = &self.sim.cluster.services()[service];
                if row.status != ServiceStatus::Active {
                    return Err(CallError::ServiceNotActive { service });
                }
                let desired = row.desired_count;
                let before = self.sim.cluster.scaling_of(service);
                let (min, max) = (min.unwrap_or(before.min), max.unwrap_or(before.max));
                if min > max {
                    return Err(CallError::CapacityLimits { min, max });
                }
                let suspended = suspended.unwrap_or(before.suspended);
                self.emit(Fact::ScalableTargetChanged { service, registered: true, min, max, suspended });
                // SAS-003: a target that is registered anew moves the desired count into its limits.
                let limit = model.settings.tasks_per_service;
                let to = desired.clamp(min.min(limit), max.min(limit));
                if before.registered && to != desired {
                    let activity = self.sim.cluster.scaling_of(service).activities;
                    self.scale_service(service, to, ServiceDecision::Registered { min, max });
                    let status = ecsim_cluster::ActivityStatus::Successful;
                    self.emit(Fact::ServiceScalingEnded { service, activity, status });
                }
            }
            Call::DeregisterScalableTarget { service } => {
                let service = *service;
                let before = self.sim.cluster.scaling_of(service);
                if !before.registered {
                    return Err(CallError::NoScalableTarget);
                }
                let (min, max, suspended) = (before.min, before.max, before.suspended);
                self.emit(Fact::ScalableTargetChanged { service, registered: false, min, max, suspended });
            }
            _ => {}
        }
        Ok(())
    }
}
