//! The numbers of load balancing and discovery that AWS does not publish.

use ecsim_kernel::Span;

/// Settings of load balancing. What belongs to a target group is in its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancingSettings {
    /// `crash_deregister_s` (LB-023): requests sent to a crashed task fail for so long.
    pub crash_deregister: Span,
    /// `cloud_map_registration_s` (LB-040): how long the registration of a task with Cloud Map takes.
    pub cloud_map_registration: Span,
    /// `cloud_map_ttl_s` (LB-040): for so long callers believe what the name service told them.
    pub cloud_map_ttl: Span,
    /// `max_ejection_percent` (LB-041): of the tasks of a service, so many may be ejected at a time, yet always one.
    pub max_ejection_percent: u32,
}

impl Default for LoadBalancingSettings {
    fn default() -> Self {
        Self {
            crash_deregister: Span::from_secs(1),
            cloud_map_registration: Span::ZERO,
            cloud_map_ttl: Span::from_secs(60),
            max_ejection_percent: 10,
        }
    }
}
