//! What a controller sees, and how it answers.

use ecsim_cluster::{Cluster, Command, PlacementId};
use ecsim_kernel::{SimTime, Streams, Table};

use crate::capacity::spec::CapacityModel;
use crate::placement::Placement;
use crate::settings::Settings;

/// A read-only look at the present.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Now.
    pub now: SimTime,
    /// What is true.
    pub cluster: &'a Cluster,
    /// Strategies and constraints by id.
    pub placements: &'a Table<PlacementId, Placement>,
    /// Groups, providers and pools as configured.
    pub capacity: &'a CapacityModel,
    /// The numbers AWS does not publish.
    pub settings: &'a Settings,
    /// Where random draws come from: a stream per purpose and entity, so looking never disturbs anybody else.
    pub streams: &'a Streams,
}

/// What a controller answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Do this, then ask again.
    Act(Command),
    /// Nothing now; ask again at that instant at the latest.
    WakeAt(SimTime),
    /// Nothing until a fact concerns the controller.
    Sleep,
}

/// A control loop: reads the present, asks for one command at a time and then sees the truth again.
///
/// Its memory (cooldowns, back-off) is plain data.
pub trait Controller {
    /// What to do now.
    fn decide(&mut self, view: &View<'_>) -> Decision;
}
