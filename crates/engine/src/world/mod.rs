//! The world around the control planes: what happens by itself, one file a concern.

mod arrivals;
mod clients;
mod containers;
mod demand;
mod fargate;
mod fleet;
mod health;
mod instances;
mod launches;
mod metrics;
mod probes;
mod provisioning;
mod routing;
mod spot;
mod targets;
mod tasks;
mod zones;

pub(crate) use containers::Containers;
pub(crate) use demand::Demand;
pub(crate) use fargate::Fargate;
pub(crate) use instances::{Host, RegistrationLog};
pub(crate) use launches::Launches;
pub(crate) use metrics::CustomMetrics;
pub(crate) use spot::SpotMarket;
pub(crate) use targets::Targets;

use crate::event::Event;
use crate::simulation::Step;

impl Step<'_> {
    /// Something is due.
    pub(crate) fn on_event(&mut self, event: Event) {
        match event {
            Event::Arrival(source) => self.arrival(source),
            Event::RetryRequest { source, ordinal, attempts } => self.retry_request(source, ordinal, attempts),
            Event::Rerun { source, ordinal } => self.ask(source, ordinal, 1),
            Event::ServeQueues => self.serve_queues(),
            Event::Call(call) => self.call(call),
            Event::ServiceExists(service) => {
                self.emit(ecsim_cluster::Fact::ServiceStatusChanged {
                    service,
                    to: ecsim_cluster::ServiceStatus::Active,
                });
            }
            Event::Opens => self.opens(),
            Event::InstanceRuns(instance) => self.instance_runs(instance),
            Event::HookEnds { instance, hook, proceed, from_pool } => {
                // The answer to a hook of the way into the pool is none to the same hook on the way out of it.
                if from_pool == self.sim.leaves_pool(instance) {
                    self.hook_ends(instance, hook, proceed);
                }
            }
            Event::WarmReady(instance) => self.warm_ready(instance),
            Event::DrainLimit(instance) => self.drain_limit(instance),
            Event::InstanceGone(instance) => self.instance_gone(instance),
            Event::HealthNoticed(instance) => self.health_noticed(instance),
            Event::StatusCheckFails(instance) => self.status_check_fails(instance),
            Event::StatusCheckBelieved(instance) => self.status_check_believed(instance),
            Event::StatusCheckPasses(instance) => self.status_check_passes(instance),
            Event::SpotNotice { instance, after } => self.spot_notice(instance, after),
            Event::SpotReclaim(instance) => self.spot_reclaim(instance),
            Event::SpotDrain(instance) => self.spot_drain(instance),
            Event::Recommend(instance) => self.recommend(instance),
            Event::SpotPool(pool) => self.spot_pool(pool),
            Event::SpotTrace(pool) => self.spot_trace(pool),
            Event::SpotPrice(pool) => self.spot_price(pool),
            Event::ShortageEnds(call) => self.shortage_ends(call),
            Event::ZoneRecovers(zone) => self.zone_recovers(zone),
            Event::MetricValue(series) => self.metric_value(series),
            Event::MetricPeriodEnds(series) => self.metric_period_ends(series),
            Event::MetricPublished(series) => self.metric_published(series),
            Event::ProvisioningTimeout(task) => self.provisioning_timeout(task),
            Event::FargateSpotReclaim(task) => self.fargate_spot_reclaim(task),
            Event::FargateRetires(task) => self.fargate_retires(task),
            Event::InstanceJoins(instance) => self.instance_joins(instance),
            Event::InstanceRegisters(instance) => self.instance_registers(instance),
            Event::InstanceDeregistered(instance) => self.instance_deregistered(instance),
            Event::AgentLost(instance) => self.agent_lost(instance),
            Event::AgentReconnects(instance) => self.agent_reconnects(instance),
            Event::Launched(task) => self.launched(task),
            Event::EniAttached(task) => self.eni_attached(task),
            Event::EniDetached(task) => self.eni_detached(task),
            Event::HostLacks { task, error } => self.host_lacks(task, error),
            Event::ImagesPulled(task) => self.images_pulled(task),
            Event::StartFails { task, error } => self.start_fails(task, error),
            Event::ContainersStarted(task) => self.containers_started(task),
            Event::ContainerExits { task, container, run, cause, exit_code } => {
                self.container_exits(task, container, run, cause, exit_code);
            }
            Event::ContainerPulled { task, container } => self.container_pulled(task, container),
            Event::ContainerStarts { task, container } => self.container_starts(task, container),
            Event::StartTimeout { task, container } => self.start_timeout(task, container),
            Event::HealthChanges { task, container, run } => self.health_changes(task, container, run),
            Event::Activated(task) => self.activated(task),
            Event::TargetRegisters { task, group } => self.target_registers(task, group),
            Event::TargetChanges { task, group, plan } => self.target_changes(task, group, plan),
            Event::ErrorRateEnds(task) => self.error_rate_ends(task),
            Event::TargetDrained { task, group } => self.target_drained(task, group),
            Event::Deactivated(task) => self.deactivated(task),
            Event::GraceEnds(task) => self.grace_ends(task),
            Event::TargetsTold => self.targets_told(),
            Event::DemandMoves => self.demand_moves(),
            Event::DatapointsAppear => self.datapoints_appear(),
            Event::PeriodEnded => {
                self.measure_loads();
                self.observer.period_ended(self.sim.now, &self.sim.cluster);
                let next = self.sim.now + self.sim.model.metrics_period;
                self.sim.schedule(next, Event::PeriodEnded);
            }
        }
    }
}
