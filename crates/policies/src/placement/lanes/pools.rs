//! Instances that are alike in every static way that can matter to a placement, so that what depends on those ways is
//! found out once for all of them.
//!
//! Only attributes that some constraint, strategy or task definition mentions tell pools apart: else a tag of its own on
//! every instance would make every instance a pool of its own.

use std::collections::BTreeMap;

use ecsim_cluster::{
    AttributeId, Instance, InstanceStatus, PlacementId, ProviderId, Resources, TaskDefinitionId, ZoneId,
};

use crate::View;
use crate::placement::constraints::query::{Expression, Subjects};
use crate::placement::constraints::{self, Constraint};
use crate::placement::fit;
use crate::placement::request::Request;
use crate::placement::strategies::spread::Value;
use crate::placement::strategies::{SpreadField, Strategy};

/// Stands for "in no pool".
pub(super) const NO_POOL: u32 = u32::MAX;

/// What tells pools apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PoolKey {
    zone: ZoneId,
    external: bool,
    /// Its capacity provider (CP-015), and whether ECS itself bought it (CP-011).
    provider: (Option<ProviderId>, bool),
    registered: Resources,
    /// Where some constraint asks for it.
    agent_version: Option<String>,
    /// Values of the mentioned attributes.
    values: Vec<Value>,
}

/// Instances that are alike.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    /// One of them, as it was when the pool was made: constraints are tested on it.
    pub exemplar: Instance,
    pub zone: ZoneId,
    pub registered: Resources,
    external: bool,
}

/// All pools, and who is in which.
#[derive(Clone, Debug, Default)]
pub(super) struct Pools {
    mentioned: Vec<AttributeId>,
    versions_matter: bool,
    rows: Vec<Pool>,
    ids: BTreeMap<PoolKey, u32>,
    of: Vec<u32>,
    /// Whether the static part of a placement and a task definition admits a pool: by pool, `None` = not yet tested.
    verdicts: BTreeMap<(PlacementId, TaskDefinitionId), Vec<Option<bool>>>,
}

/// Whether the outcome of an expression is the same for all instances of a pool.
pub(super) fn is_static(expression: &Expression) -> bool {
    let subjects = expression.subjects();
    Subjects { agent_version: false, ..subjects }.is_static()
}

impl Pools {
    /// No instance yet, with everything that the table of placements and the task definitions mention.
    pub(super) fn new(view: &View<'_>) -> Self {
        let definitions = view.cluster.definitions();
        let mut pools = Self { of: vec![NO_POOL; view.cluster.instances().len()], ..Self::default() };
        for placement in view.placements.values() {
            for strategy in &placement.strategies {
                if let Strategy::Spread(SpreadField::Attribute(attribute)) = strategy {
                    pools.mentioned.push(*attribute);
                }
            }
            for constraint in &placement.constraints {
                if let Constraint::MemberOf(expression) = constraint {
                    let names = expression.uses_attribute();
                    pools.mentioned.extend(names.filter_map(|name| definitions.attributes.get(name)));
                    pools.versions_matter |= expression.subjects().agent_version;
                }
            }
        }
        for definition in definitions.task_definitions.values() {
            pools.mentioned.extend(definition.required_attributes.iter().map(|(attribute, _)| *attribute));
        }
        pools.mentioned.sort_unstable();
        pools.mentioned.dedup();
        pools
    }

    /// Puts the instance into the pool where it belongs now.
    pub(super) fn assign(&mut self, view: &View<'_>, instance: &Instance) {
        if self.of.len() <= instance.id.index() {
            self.of.resize(view.cluster.instances().len(), NO_POOL);
        }
        if matches!(instance.status, InstanceStatus::Absent | InstanceStatus::Inactive) {
            self.of[instance.id.index()] = NO_POOL;
            return;
        }
        let shape = &view.cluster.definitions().shapes[instance.shape];
        let key = PoolKey {
            zone: instance.zone,
            external: shape.external,
            provider: (instance.provider, instance.is_managed()),
            registered: instance.registered,
            agent_version: self.versions_matter.then(|| shape.agent_version.clone()),
            values: self.mentioned.iter().map(|attribute| instance.attribute(*attribute)).collect(),
        };
        let rows = &mut self.rows;
        let pool = *self.ids.entry(key).or_insert_with(|| {
            rows.push(Pool {
                exemplar: Instance {
                    groups: Vec::new(),
                    tasks: Vec::new(),
                    queue: Default::default(),
                    images: Default::default(),
                    ..instance.clone()
                },
                zone: instance.zone,
                registered: instance.registered,
                external: shape.external,
            });
            (rows.len() - 1) as u32
        });
        self.of[instance.id.index()] = pool;
    }

    /// The number of the instance's pool, or [`NO_POOL`].
    #[inline]
    pub(super) fn of(&self, instance: usize) -> u32 {
        self.of.get(instance).copied().unwrap_or(NO_POOL)
    }

    /// A pool by its number.
    #[inline]
    pub(super) fn row(&self, pool: u32) -> &Pool {
        &self.rows[pool as usize]
    }

    /// Which pools the request admits as far as static rules go: launch type, zone, size, required attributes,
    /// constraints on attributes. `admit` is called with the number of each.
    pub(super) fn admitted(&mut self, view: &View<'_>, request: &Request<'_>, mut admit: impl FnMut(u32, &Pool)) {
        let definitions = view.cluster.definitions();
        let verdicts = self.verdicts.entry((request.placement, request.definition)).or_default();
        verdicts.resize(self.rows.len(), None);
        let everywhere = request.zone.is_none() && request.subnets.is_empty();
        for (number, (pool, verdict)) in self.rows.iter().zip(verdicts).enumerate() {
            if !fit::is_of(request.launch_type, request.provider, &pool.exemplar, pool.external)
                || !(everywhere || fit::is_located(definitions, request, pool.zone))
                || request.requirements.cpu > pool.registered.cpu
                || request.requirements.memory > pool.registered.memory
            {
                continue;
            }
            let admitted = *verdict.get_or_insert_with(|| {
                fit::has_attributes(&definitions.task_definitions[request.definition], &pool.exemplar)
                    && view.placements[request.placement].constraints.iter().all(|constraint| match constraint {
                        Constraint::MemberOf(expression) if is_static(expression) => {
                            constraints::member_of_holds(constraint, definitions, &pool.exemplar)
                        }
                        _ => true,
                    })
            });
            if admitted {
                admit(number as u32, pool);
            }
        }
    }
}
