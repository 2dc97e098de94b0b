//! Every way to launch an instance: the types of a group in each of its zones, per version of its template; and the pools
//! that types in zones make up, interned in the order of type and zone (SPT-001).
//!
//! A zone has one subnet here, the one with the most free addresses, the first of equals (ASG-003).

use std::collections::BTreeSet;

use ecsim_cluster::definitions::{CapacityPool, LaunchOption, LaunchOwner};
use ecsim_cluster::{LaunchOptionId, PoolId, SubnetId};
use ecsim_engine::fleet::SpotProcess;
use ecsim_policies::capacity::spec::PoolSpec;

use super::super::Context;
use super::super::fleet::LaunchedKind;
use super::templates::TypeChoice;

/// A zone of a group, with the subnet that its instances are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) zone: String,
    pub(super) subnet: Option<SubnetId>,
}

impl<'a> Context<'a> {
    /// Adds the ways to launch `types` at `places`.
    pub(super) fn launch_options(
        &mut self,
        owner: LaunchOwner,
        kind: &LaunchedKind<'a>,
        types: &[TypeChoice<'a>],
        places: &[Place],
        template: u32,
    ) -> Vec<LaunchOptionId> {
        let mut options = Vec::new();
        for (rank, choice) in (0..).zip(types) {
            let of = self.launched_type(kind, &choice.name, &choice.at, choice.derived);
            for place in places {
                let name = place.subnet.map(|subnet| self.definitions.subnets[subnet].name.clone());
                let shape = self.launched_shape(&of, &place.zone, name.as_deref());
                let zone = self.zone(&place.zone);
                options.push(self.definitions.launch_options.push(LaunchOption {
                    owner,
                    // Pools have ids when all types are known: see `lower_pools`.
                    pool: PoolId::new(0),
                    shape,
                    zone,
                    subnet: place.subnet,
                    rank,
                    template,
                    volume_gib: choice.volume_gib,
                }));
            }
        }
        options
    }

    /// Gives pools their ids, in the order of type and zone, and every way to launch its pool.
    pub(super) fn lower_pools(&mut self) {
        let of = |context: &Self, option: &LaunchOption| {
            let name = context.definitions.shapes[option.shape].instance_type.clone();
            (name, context.definitions.zones.name(option.zone).to_owned())
        };
        let keys: Vec<(String, String)> =
            self.definitions.launch_options.values().map(|option| of(self, option)).collect();
        for key in keys.iter().cloned().collect::<BTreeSet<_>>() {
            let zone = self.zone(&key.1);
            let id = self.definitions.pools.push(CapacityPool { instance_type: key.0.clone(), zone });
            self.capacity.model.pools.push(PoolSpec {
                on_demand_nano_dollars: self.on_demand_nanos(&key.0),
                spot_nano_dollars: self.spot_nanos(&key.0),
                monthly_interruption: 0.0,
                on_demand_limit: None,
                spot_limit: None,
            });
            self.capacity.fleet.spot.push(SpotProcess::None);
            self.capacity.pools.insert(key, id);
        }
        let pools: Vec<PoolId> = keys.iter().map(|key| self.capacity.pools[key]).collect();
        let ids: Vec<LaunchOptionId> = self.definitions.launch_options.iter().map(|(id, _)| id).collect();
        for (id, pool) in ids.into_iter().zip(pools) {
            self.definitions.launch_options[id].pool = pool;
        }
    }
}
