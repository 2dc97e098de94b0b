//! The world around the control planes: what happens by itself, one file a concern.

mod arrivals;
mod clients;
mod instances;
mod launches;
mod tasks;

pub(crate) use instances::{Host, RegistrationLog};
pub(crate) use launches::Launches;

use crate::event::Event;
use crate::simulation::Step;

impl Step<'_> {
    /// Something is due.
    pub(crate) fn on_event(&mut self, event: Event) {
        match event {
            Event::Arrival(source) => self.arrival(source),
            Event::RetryRequest { source, ordinal, attempts } => self.retry_request(source, ordinal, attempts),
            Event::ServeQueues => self.serve_queues(),
            Event::Call(call) => self.call(call),
            Event::ServiceExists(service) => {
                self.emit(ecsim_cluster::Fact::ServiceStatusChanged {
                    service,
                    to: ecsim_cluster::ServiceStatus::Active,
                });
            }
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
            Event::ContainersStarted(task) => self.containers_started(task),
            Event::ContainerExits { task, container, cause, exit_code } => {
                self.container_exits(task, container, cause, exit_code);
            }
            Event::PeriodEnded => {
                self.observer.period_ended(self.sim.now, &self.sim.cluster);
                let next = self.sim.now + self.sim.model.metrics_period;
                self.sim.schedule(next, Event::PeriodEnded);
            }
        }
    }
}
