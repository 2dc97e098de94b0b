//! `spread`: the bucket with the fewest counted tasks.
//!
//! *What it does.* A bucket is all instances that share a value of the field; the candidates of the bucket with the
//! fewest live tasks of the request's group are best (PLC-023).
//!
//! *What AWS documents.* The fields: `instanceId`, its alias `host`, and `attribute:NAME` (PLC-023). Only tasks of the
//! same service or group count (PLC-024), all revisions together (PLC-025), also those on instances that are no
//! candidates themselves (PLC-026).
//!
//! *What we left out.* `spread_scope = deployment` of PLC-025: the simulator counts by service. An instance without the
//! attribute ranks after all that have it, and all of those share one bucket (PLC-027); an attribute without a value is
//! a bucket of its own.
//!
//! *How we know it is right.* `plc_023_*` to `plc_027_*` in the placement tests, PX-01, PX-02, PX-04 to PX-06, and the
//! property that the index agrees with the definition.

use std::collections::BTreeMap;

use ecsim_cluster::{AttributeId, Cluster, GroupId, Instance, InstanceStatus, ValueId};

use crate::placement::CatalogueEntry;

/// Its line in the catalogue.
pub const ENTRY: CatalogueEntry = CatalogueEntry {
    name: "spread",
    summary: "Evenly over the values of a field: `instanceId` (or `host`), or `attribute:NAME`.",
    rules: &["PLC-023", "PLC-024", "PLC-025", "PLC-026", "PLC-027"],
};

/// What `spread` spreads over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpreadField {
    /// `instanceId`, also written `host`: every instance is a bucket.
    Instance,
    /// `attribute:NAME`: instances with the same value are a bucket.
    Attribute(AttributeId),
}

/// What puts an instance that lacks the attribute behind all that have it (PLC-027).
pub const LACKS_ATTRIBUTE: u64 = 1 << 63;

/// An instance's value of a spread attribute: lacking, without a value, or with one.
pub type Value = Option<Option<ValueId>>;

/// Live tasks of one group by value of one attribute.
#[derive(Clone, Debug, Default)]
pub struct Buckets(BTreeMap<Value, u64>);

impl Buckets {
    /// Counts over all registered instances, candidates or not (PLC-026).
    #[must_use]
    pub fn count(cluster: &Cluster, attribute: AttributeId, group: GroupId) -> Self {
        let mut counts = BTreeMap::new();
        for instance in cluster.present() {
            let live = instance.live_tasks_of(group);
            if live > 0 && is_counted(instance) {
                *counts.entry(instance.attribute(attribute)).or_insert(0) += u64::from(live);
            }
        }
        Self(counts)
    }

    /// The key of the bucket of that value.
    #[must_use]
    pub fn key(&self, value: Value) -> u64 {
        key(value, self.0.get(&value).copied().unwrap_or(0))
    }
}

/// The key of a bucket: its count, behind everything else where the attribute is lacking (PLC-027).
#[must_use]
pub const fn key(value: Value, count: u64) -> u64 {
    match value {
        Some(_) => count,
        None => LACKS_ATTRIBUTE | count,
    }
}

/// Whether tasks on the instance count in buckets: whether ECS still knows it (PLC-026).
#[must_use]
pub const fn is_counted(instance: &Instance) -> bool {
    !matches!(instance.status, InstanceStatus::Absent | InstanceStatus::Inactive)
}
