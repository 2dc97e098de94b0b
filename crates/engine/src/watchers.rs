//! Who looks at which metric and which alarm: what is published wakes only them.

use ecsim_cluster::{AlarmId, Definitions, SeriesId, ServiceId};
use ecsim_kernel::Table;
use ecsim_policies::scaling::service::spec::{PolicyKind, ScalingModel};

/// By series and by alarm.
#[derive(Clone, Debug)]
pub(crate) struct Watchers {
    /// Alarms that read a series.
    pub(crate) alarms: Table<SeriesId, Vec<AlarmId>>,
    /// Services whose policies read a series.
    pub(crate) readers: Table<SeriesId, Vec<ServiceId>>,
    /// Services whose policies an alarm invokes.
    pub(crate) invoked: Table<AlarmId, Vec<ServiceId>>,
}

impl Watchers {
    pub(crate) fn new(definitions: &Definitions, scaling: &ScalingModel) -> Self {
        let mut watchers = Self {
            alarms: definitions.series.ids().map(|_| Vec::new()).collect(),
            readers: definitions.series.ids().map(|_| Vec::new()).collect(),
            invoked: definitions.alarms.ids().map(|_| Vec::new()).collect(),
        };
        for (alarm, spec) in scaling.alarms.iter() {
            watchers.alarms[spec.base].push(alarm);
        }
        for (service, target) in &scaling.targets {
            for policy in &target.policies {
                for alarm in policy.kind.alarms() {
                    note(&mut watchers.invoked[alarm], *service);
                    if let Some(spec) = scaling.alarms.get(alarm) {
                        note(&mut watchers.readers[spec.base], *service);
                    }
                }
                if let PolicyKind::Predictive(predictive) = &policy.kind {
                    note(&mut watchers.readers[predictive.series], *service);
                }
            }
        }
        watchers
    }
}

fn note(list: &mut Vec<ServiceId>, service: ServiceId) {
    if !list.contains(&service) {
        list.push(service);
    }
}
