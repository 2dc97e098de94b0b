//! `memberOf`: the instance satisfies an expression of the Cluster Query Language.
//!
//! *What it does.* Tests the expression against the instance's attributes, agent, id, registration and live tasks at the
//! moment of placement (PLC-040).
//!
//! *What AWS documents.* The language (CQL-001 to CQL-018). A later change of attributes moves nothing (PLC-010), and
//! affinity built on `task:group` restricts the new task only (PLC-044).
//!
//! *What we left out.* Nothing; the language itself is [`query`].
//!
//! *How we know it is right.* The examples of the guide (PX-09 to PX-12), and the property that the index agrees with
//! the definition also for expressions whose outcome changes during a run.

use std::cell::OnceCell;

use ecsim_cluster::{Definitions, Instance, arn};

use super::query::{self, AttributeValue, Expression};
use crate::placement::CatalogueEntry;

/// Its line in the catalogue.
pub const ENTRY: CatalogueEntry = CatalogueEntry {
    name: "memberOf",
    summary: "The instance satisfies a cluster query expression.",
    rules: &["PLC-040", "PLC-044", "CQL-001"],
};

/// Whether the instance satisfies the expression now (PLC-040).
#[must_use]
pub fn holds(definitions: &Definitions, expression: &Expression, instance: &Instance) -> bool {
    expression.matches(&Subject::new(definitions, instance))
}

/// A row of the cluster's books, as the query language wants to see it.
#[derive(Debug)]
pub struct Subject<'a> {
    definitions: &'a Definitions,
    instance: &'a Instance,
    /// Derived on demand where the scenario gives no id.
    ec2_instance_id: OnceCell<String>,
}

impl<'a> Subject<'a> {
    /// The instance, with the names that its ids stand for.
    #[must_use]
    pub const fn new(definitions: &'a Definitions, instance: &'a Instance) -> Self {
        Self { definitions, instance, ec2_instance_id: OnceCell::new() }
    }
}

impl query::Instance for Subject<'_> {
    fn attribute(&self, name: &str) -> AttributeValue<'_> {
        let found = self.definitions.attributes.get(name).and_then(|id| self.instance.attribute(id));
        match found {
            None => AttributeValue::Missing,
            Some(None) => AttributeValue::Valueless,
            Some(Some(value)) => AttributeValue::Value(self.definitions.values.name(value)),
        }
    }

    fn agent_connected(&self) -> bool {
        self.instance.connected
    }

    fn agent_version(&self) -> &str {
        &self.definitions.shapes[self.instance.shape].agent_version
    }

    fn ec2_instance_id(&self) -> &str {
        self.ec2_instance_id.get_or_init(|| arn::ec2_instance_id(self.definitions, self.instance))
    }

    fn registered_at_unix_ms(&self) -> i64 {
        self.instance.registered_at_unix_ms
    }

    fn running_tasks_count(&self) -> u64 {
        u64::from(self.instance.live_tasks)
    }

    fn any_task_group(&self, each: &mut dyn FnMut(&str) -> bool) -> bool {
        self.instance.groups.iter().any(|(group, _)| each(self.definitions.groups.name(*group)))
    }

    fn has_live_tasks(&self) -> bool {
        self.instance.live_tasks > 0
    }
}
