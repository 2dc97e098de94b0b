//! `distinctInstance`: at most one live task of a group on an instance.
//!
//! *What it does.* An instance that holds a live task of the request's group is out (PLC-041).
//!
//! *What AWS documents.* The rule looks at the desired status, so a task that was told to stop no longer blocks its
//! host (PLC-042). It spans deployments and task sets of a service: old-revision tasks block new ones (PLC-043). It is
//! not allowed in a task definition and carries no expression (PLC-009).
//!
//! *What we left out.* Nothing.
//!
//! *How we know it is right.* `plc_041_*` to `plc_043_*` in the placement tests, the worked examples PX-07 and PX-08,
//! and the property that the index agrees with the definition.

use ecsim_cluster::{GroupId, Instance};

use crate::placement::CatalogueEntry;

/// Its line in the catalogue.
pub const ENTRY: CatalogueEntry = CatalogueEntry {
    name: "distinctInstance",
    summary: "No instance holds two live tasks of the same group.",
    rules: &["PLC-041", "PLC-042", "PLC-043"],
};

/// Whether the instance holds no live task of the group (PLC-041).
#[must_use]
pub fn holds(instance: &Instance, group: GroupId) -> bool {
    instance.live_tasks_of(group) == 0
}
