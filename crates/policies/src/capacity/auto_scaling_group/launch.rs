//! How a group launches its next instance: in which market, zone and type (ASG-003, ASG-004, ASG-009 to ASG-011).
//!
//! *What it does.* Puts the market first (the mixed instances policy), then the zone (balance), then the type (allocation
//! strategy), and takes the first way that EC2 has capacity for.
//!
//! *What AWS documents.* The orders themselves, each in a file of its own beside this one. That a group tries other zones
//! and types before it fails (ASG-004, ASG-005).
//!
//! *What we left out.* Capacity Reservations hold no instance of their own here: `reservations-then-balanced` balances.
//! A group never buys on demand what it could not get as Spot, as AWS does not.
//!
//! *How we know it is right.* `asg_003_` to `asg_011_` tests of the arithmetic, of the engine and of the scenarios.

use ecsim_cluster::fact::LaunchFailure;
use ecsim_cluster::{AsgId, AutoScalingGroup, LaunchOptionId, Market, PoolId};
use ecsim_kernel::Key;

use super::Tie;
use super::allocation::{self, SpotPool, SpotStrategy};
use super::mixed::Split;
use super::zones::{ZoneState, launch_order};
use crate::capacity::settings;
use crate::capacity::spec::GroupSpec;
use crate::purposes;
use crate::view::View;

/// How the next instance is to be launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// This way; EC2 has it.
    As(LaunchOptionId, Market),
    /// In no way; the first that was tried, and why it failed.
    Fails(LaunchOptionId, Market, LaunchFailure),
    /// The group has no instance type at all.
    Impossible,
}

/// The market of the next instance (ASG-009).
#[must_use]
pub fn next_market(spec: &GroupSpec, group: &AutoScalingGroup) -> Market {
    match &spec.mixed {
        Some(mixed) => mixed.next_launch(Split { on_demand: group.counts.on_demand, spot: group.counts.spot }),
        None if spec.spot_only => Market::Spot,
        None => Market::OnDemand,
    }
}

/// How many more instances a pool can give in a market; `None`: no limit is known. What was said during the run holds
/// rather than what held at the start.
#[must_use]
pub fn free(view: &View<'_>, pool: PoolId, market: Market) -> Option<u64> {
    let state = view.cluster.pool(pool);
    let (said, running) = match market {
        Market::OnDemand => (state.on_demand_limit, state.instances - state.spot_instances),
        Market::Spot => (state.spot_limit, state.spot_instances),
    };
    let limit = said.or(view.capacity.pools[pool].limit(market))?;
    Some(u64::from(limit.saturating_sub(running)))
}

/// Whether a record says when this way to launch has a Spot instance (SPT-018).
fn is_recorded(view: &View<'_>, option: LaunchOptionId) -> bool {
    let pool = view.cluster.definitions().launch_options[option].pool;
    view.cluster.pool(pool).spot_limit.is_some()
}

/// Whether all these launches take what a record has to give. It tells when instances were there, so its replay does not
/// wait on top of that for the next attempt of ASG-005, as one does who cannot know (SPT-018, MEAS-118).
#[must_use]
pub fn are_recorded(view: &View<'_>, options: &[LaunchOptionId], market: Market) -> bool {
    market == Market::Spot && !options.is_empty() && options.iter().all(|option| is_recorded(view, *option))
}

/// Whether one of these ways to launch has something to give by its record.
#[must_use]
pub fn record_offers(view: &View<'_>, options: &[LaunchOptionId]) -> bool {
    options.iter().any(|option| {
        let pool = view.cluster.definitions().launch_options[*option].pool;
        is_recorded(view, *option) && shortage(view, pool, Market::Spot).is_none()
    })
}

/// Why EC2 has no instance of the pool, if so (ASG-005).
#[must_use]
pub fn shortage(view: &View<'_>, pool: PoolId, market: Market) -> Option<LaunchFailure> {
    let definition = &view.cluster.definitions().pools[pool];
    if !view.cluster.zone_works(definition.zone) {
        Some(LaunchFailure::ZoneUnavailable)
    } else if !view.cluster.pool(pool).is_available(market) || free(view, pool, market) == Some(0) {
        Some(LaunchFailure::InsufficientInstanceCapacity)
    } else {
        None
    }
}

/// The ways to launch in one market and zone, the best first, by the allocation strategy (ASG-010, ASG-011).
///
/// Spot pools whose price is above the limit are left out.
fn options_of<'a>(
    view: &View<'_>,
    spec: &'a GroupSpec,
    group: &AutoScalingGroup,
    market: Market,
    zone: usize,
) -> Vec<&'a LaunchOptionId> {
    let definitions = view.cluster.definitions();
    let zone = group.by_zone[zone].0;
    let here: Vec<&LaunchOptionId> = spec
        .options
        .iter()
        .filter(|id| {
            let option = &definitions.launch_options[**id];
            option.zone == zone && option.template == group.template
        })
        .collect();
    let order = match market {
        Market::OnDemand => {
            let price = |id: &&LaunchOptionId| {
                view.capacity.pools[definitions.launch_options[**id].pool].on_demand_nano_dollars
            };
            allocation::on_demand_order(spec.on_demand, &here.iter().map(price).collect::<Vec<_>>())
        }
        Market::Spot => {
            let pools: Vec<SpotPool> = here.iter().map(|id| spot_pool(view, spec, group, **id)).collect();
            let wanted = u64::from(group.desired.saturating_sub(group.counts.capacity)).max(1);
            allocation::spot_order(spec.spot, &pools, spec.spot_max_price, wanted)
        }
    };
    order.into_iter().map(|at| here[at]).collect()
}

fn spot_pool(view: &View<'_>, spec: &GroupSpec, group: &AutoScalingGroup, id: LaunchOptionId) -> SpotPool {
    let pool = view.cluster.definitions().launch_options[id].pool;
    let known = &view.capacity.pools[pool];
    // Only this strategy spreads over pools, so only it has to count.
    let running = match spec.spot {
        SpotStrategy::LowestPrice { .. } => {
            let mine = group.instances.iter().map(|instance| &view.cluster.instances()[*instance]);
            mine.filter(|row| row.is_capacity() && row.market == Market::Spot && row.option == Some(id)).count() as u64
        }
        _ => 0,
    };
    SpotPool {
        price: view.cluster.pool(pool).spot_nano_dollars,
        on_demand_price: known.on_demand_nano_dollars,
        hazard: known.monthly_interruption,
        free: free(view, pool, Market::Spot),
        running,
    }
}

/// The way to launch the next instance of a group.
#[must_use]
pub fn next(view: &View<'_>, id: AsgId, market: Market) -> Launch {
    let group = &view.cluster.groups()[id];
    let spec = view.capacity.group(group);
    let open: Vec<usize> = (0..group.by_zone.len()).filter(|at| spec.launches_in(group.by_zone[*at].0)).collect();
    let zones: Vec<ZoneState> =
        open.iter().map(|at| ZoneState { instances: group.by_zone[*at].1, free_reservations: 0 }).collect();
    let mut stream;
    let mut tie = match view.settings.capacity.zone_tie {
        settings::Tie::Order => Tie::Order,
        settings::Tie::SeededRandom => {
            let name = &view.cluster.definitions().auto_scaling_groups[id].name;
            stream = view.streams.stream(purposes::LAUNCH_ZONE, Key::new(name, group.launched.into()));
            Tie::Random(&mut stream)
        }
    };
    let mut first = None;
    for zone in launch_order(&zones, spec.zone_strategy, &mut tie) {
        let options = options_of(view, spec, group, market, open[zone]);
        for option in &options {
            let pool = view.cluster.definitions().launch_options[**option].pool;
            match shortage(view, pool, market) {
                None => return Launch::As(**option, market),
                Some(failure) => {
                    first.get_or_insert((**option, failure));
                }
            }
        }
    }
    let Some((option, failure)) = first else {
        // Every pool was left out for its price, or there is none.
        let any =
            spec.options.iter().find(|id| view.cluster.definitions().launch_options[**id].template == group.template);
        return any.map_or(Launch::Impossible, |id| Launch::Fails(*id, market, LaunchFailure::SpotMaxPriceTooLow));
    };
    Launch::Fails(option, market, failure)
}

/// Where each way to launch stands today in the order of the allocation strategy, the best first: what the termination
/// policy `AllocationStrategy` looks at (ASG-032, ASG-033). The place in the list is the rank.
#[must_use]
pub fn ranking(view: &View<'_>, id: AsgId) -> Vec<(LaunchOptionId, Market)> {
    let group = &view.cluster.groups()[id];
    let spec = view.capacity.group(group);
    let mut ranks: Vec<(usize, LaunchOptionId, Market)> = Vec::new();
    for market in [Market::OnDemand, Market::Spot] {
        for zone in 0..group.by_zone.len() {
            let options = options_of(view, spec, group, market, zone);
            ranks.extend(options.into_iter().enumerate().map(|(rank, option)| (rank, *option, market)));
        }
    }
    ranks.sort_unstable_by_key(|(rank, option, market)| (*rank, *market, *option));
    ranks.into_iter().map(|(_, option, market)| (option, market)).collect()
}
