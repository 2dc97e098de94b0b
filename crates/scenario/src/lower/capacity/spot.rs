//! The Spot market of every pool: how instances are taken back, how many there are, what is recommended, how prices move
//! (SPT-003, SPT-013 to SPT-018).

use std::collections::{BTreeMap, BTreeSet};

use ecsim_catalog::{Catalog, InterruptionBand, SpotOs};
use ecsim_cluster::definitions::LaunchOwner;
use ecsim_cluster::{Market, PoolId};
use ecsim_engine::fleet::SpotProcess;
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::capacity::spec::GroupSpec;
use ecsim_policies::capacity::spot::{self, PoolEvents, PriceWalk, RebalanceLead, SCARCE_ROWS};

use super::super::Context;
use super::super::tables::CsvTable;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{
    self, InterruptionProfile, OneOrMany, PoolCapacity, SpotBand, SpotInterruptions, SpotPriceModel, SpotProfile,
    SpotTrace, TimeUnit,
};

/// Prices stay for runs of up to this length (SPT-013).
const STEADY: Span = Span::from_days(1);
/// More rows than this are the wrong file.
const MOST_ROWS: usize = 5_000_000;
/// A fallback where the advisor does not know a type: the median of its bands (SPT-015).
const BAND_UNKNOWN: InterruptionBand = InterruptionBand::From10To15;

/// A row of a record: from when in milliseconds, how long, how many instances, at what price.
type RecordedRow = (f64, f64, u32, Option<f64>);

/// A recorded history of one pool.
#[derive(Default)]
struct History {
    available: Vec<(SimTime, u32)>,
    prices: Vec<(SimTime, u64)>,
}

impl<'a> Context<'a> {
    /// What is known of each pool, once all pools are there.
    pub(super) fn lower_spot(&mut self) {
        let scenario = self.scenario;
        let settings = &scenario.settings;
        let none = SpotInterruptions::default();
        let shared = scenario.behavior.spot.interruptions.as_ref().unwrap_or(&none);
        let shared_at = self.at("behavior").key("spot").key("interruptions");
        let owners = self.owners_of_pools();
        // Each history is read once, whoever follows it.
        let mut histories: BTreeMap<String, BTreeMap<PoolId, History>> = BTreeMap::new();
        let mut recommended = shared.rebalance_recommendations;
        let pools: Vec<PoolId> = self.definitions.pools.iter().map(|(id, _)| id).collect();
        for pool in pools {
            let own = owners.get(&pool).map(Vec::as_slice).unwrap_or_default();
            let said: Vec<(String, &SpotInterruptions, Locator<'a>)> =
                own.iter().filter_map(|owner| self.interruptions_of(*owner)).collect();
            if let Some((_, _, place)) = said.iter().skip(1).find(|(_, other, _)| *other != said[0].1) {
                let (name, zone) = self.pool_name(pool);
                let message =
                    format!("the pool {name} in {zone} follows what `{}` says of it: a pool has one fate", said[0].0);
                self.warning(place, "W360", message, None);
            }
            let (given, at) = said.first().map_or((shared, &shared_at), |(_, given, at)| (*given, at));
            recommended = recommended.or(given.rebalance_recommendations);
            self.capacity.model.pools[pool].monthly_interruption = self.monthly(given, pool);
            // The setting `spot_pool_event_rate` wins over the band.
            let process = self.process(given, pool, &mut histories, at);
            self.capacity.fleet.spot[pool] = process;
            self.pool_limit(pool, own);
        }
        let share = settings.rebalance_with_notice_probability.fraction();
        if recommended != Some(false) && self.buys_spot() {
            let lead = self.seconds(&settings.rebalance_lead, &self.at("settings").key("rebalance_lead"));
            self.capacity.fleet.recommendations = Some(RebalanceLead {
                // Always with the notice is one draw that can never fail.
                none_probability: share.min(1.0 - f64::EPSILON),
                lead,
                false_ratio: settings.rebalance_false_ratio,
            });
        }
        let walks = match scenario.pricing.spot_price {
            Some(SpotPriceModel::Constant) => false,
            Some(SpotPriceModel::Walk) => true,
            None => scenario.simulation.duration.0 > STEADY,
        };
        if walks {
            self.capacity.fleet.spot_price_walk = Some(PriceWalk {
                sigma: settings.spot_price_sigma,
                reversion: settings.spot_price_reversion.fraction(),
            });
        }
    }

    /// Whether anybody may launch Spot instances.
    pub(super) fn buys_spot(&self) -> bool {
        let groups =
            self.capacity.model.groups.iter().any(|(id, _)| self.may_buy(LaunchOwner::Group(id), Market::Spot));
        let providers = self.definitions.capacity_providers.iter();
        groups || providers.into_iter().any(|(id, _)| self.may_buy(LaunchOwner::Provider(id), Market::Spot))
    }

    /// Whether a group or provider may launch in a market.
    fn may_buy(&self, owner: LaunchOwner, market: Market) -> bool {
        match owner {
            LaunchOwner::Group(group) => {
                let buys = |spec: &GroupSpec| match (&spec.mixed, market) {
                    (None, Market::Spot) => spec.spot_only,
                    (None, Market::OnDemand) => !spec.spot_only,
                    (Some(mixed), Market::Spot) => mixed.on_demand_percentage < 100,
                    (Some(mixed), Market::OnDemand) => mixed.on_demand_base > 0 || mixed.on_demand_percentage > 0,
                };
                let model = &self.capacity.model;
                let later = model.later_groups.iter().filter(|((of, _), _)| *of == group).map(|(_, spec)| spec);
                later.chain([&model.groups[group]]).any(buys)
            }
            LaunchOwner::Provider(provider) => match &self.capacity.model.providers[provider] {
                ecsim_policies::capacity::spec::ProviderSpec::ManagedInstances(spec) => {
                    spec.spot == (market == Market::Spot)
                }
                _ => false,
            },
        }
    }

    fn owners_of_pools(&self) -> BTreeMap<PoolId, Vec<LaunchOwner>> {
        let mut owners: BTreeMap<PoolId, Vec<LaunchOwner>> = BTreeMap::new();
        for option in self.definitions.launch_options.values() {
            let of = owners.entry(option.pool).or_default();
            if !of.contains(&option.owner) {
                of.push(option.owner);
            }
        }
        owners
    }

    fn owner_name(&self, owner: LaunchOwner) -> String {
        match owner {
            LaunchOwner::Group(group) => self.definitions.auto_scaling_groups[group].name.clone(),
            LaunchOwner::Provider(provider) => self.definitions.capacity_providers[provider].name.clone(),
        }
    }

    fn behavior_at(&self, owner: LaunchOwner) -> Locator<'a> {
        let key = if matches!(owner, LaunchOwner::Group(_)) { "autoScalingGroups" } else { "managedInstances" };
        self.at("behavior").key(key).key(self.owner_name(owner))
    }

    fn interruptions_of(&self, owner: LaunchOwner) -> Option<(String, &'a SpotInterruptions, Locator<'a>)> {
        let scenario = self.scenario;
        let name = self.owner_name(owner);
        let given = match owner {
            LaunchOwner::Group(_) => {
                scenario.behavior.auto_scaling_groups.get(&name).and_then(|it| it.spot_interruptions.as_ref())
            }
            LaunchOwner::Provider(_) => {
                scenario.behavior.managed_instances.get(&name).and_then(|it| it.spot_interruptions.as_ref())
            }
        };
        let at = self.behavior_at(owner).key("spotInterruptions");
        given.map(|given| (name, given, at))
    }

    fn pool_name(&self, pool: PoolId) -> (String, String) {
        let pool = &self.definitions.pools[pool];
        (pool.instance_type.clone(), self.definitions.zones.name(pool.zone).to_owned())
    }

    /// SPT-015, SPT-016: how likely one instance is interrupted in a month.
    fn monthly(&self, given: &SpotInterruptions, pool: PoolId) -> f64 {
        let midpoints = &self.scenario.settings.spot_band_midpoints;
        let of_band = |number: usize| {
            midpoints.get(number).map_or(spot::BAND_MIDPOINTS[number.min(4)], |percent| percent.fraction())
        };
        match given.band.unwrap_or_default() {
            SpotBand::Monthly(percent) => percent.fraction(),
            SpotBand::Band(number) => of_band(usize::from(number)),
            SpotBand::Advisor => {
                let instance_type = &self.definitions.pools[pool].instance_type;
                let advice = Catalog::spot_advisor(self.scenario.region(), SpotOs::Linux, instance_type);
                let band = advice.map_or(BAND_UNKNOWN, |advice| advice.interruption_band);
                of_band(band.number() as usize)
            }
        }
    }

    fn process(
        &mut self,
        given: &SpotInterruptions,
        pool: PoolId,
        histories: &mut BTreeMap<String, BTreeMap<PoolId, History>>,
        at: &Locator<'a>,
    ) -> SpotProcess {
        let settings = &self.scenario.settings;
        let profile = given.profile.unwrap_or(match (&given.trace, settings.spot_profile) {
            (Some(_), _) => InterruptionProfile::Trace,
            (None, SpotProfile::Pool) => InterruptionProfile::Pool,
            (None, SpotProfile::Advisor) => InterruptionProfile::Advisor,
            (None, SpotProfile::Scarce) => InterruptionProfile::Scarce,
            (None, SpotProfile::None) => InterruptionProfile::None,
        });
        if let SpotBand::Monthly(percent) = given.band.unwrap_or_default()
            && percent.fraction() >= 1.0
        {
            let message = "an instance that is certainly interrupted within a month would never live";
            self.error(&at.clone().key("band"), "E399", message, Some("write less than 100%".into()));
        }
        match profile {
            InterruptionProfile::None => SpotProcess::None,
            InterruptionProfile::Advisor => SpotProcess::Advisor,
            InterruptionProfile::Pool => {
                let events = PoolEvents { all_probability: settings.spot_pool_all_probability.fraction() };
                if let schema::EventRate::PerHour(rate) = settings.spot_pool_event_rate {
                    // The engine reckons the rate from the hazard of one instance: this is the hazard with that rate.
                    let hazard = rate * events.mean_share();
                    let monthly = 1.0 - ecsim_kernel::math::exp(-hazard * spot::MONTH_HOURS);
                    self.capacity.model.pools[pool].monthly_interruption = monthly.min(1.0 - 1e-15);
                }
                SpotProcess::Pool { events, window: settings.spot_notice_window_s.0 }
            }
            InterruptionProfile::Scarce => {
                let row = usize::from(settings.spot_scarce_row.clamp(1, 4)) - 1;
                SpotProcess::Scarce(&SCARCE_ROWS[row])
            }
            InterruptionProfile::Trace => {
                let Some(trace) = &given.trace else {
                    let help = Some("write `trace: {file: ...}`".into());
                    self.error(at, "E399", "profile `trace` without a history to replay", help);
                    return SpotProcess::None;
                };
                let trace_at = at.clone().key("trace");
                let key = format!("{trace:?}");
                if !histories.contains_key(&key) {
                    let read = self.history(trace, &trace_at);
                    if read.is_empty() && self.diagnostics.errors() == 0 {
                        let message = "no row of the history is about a pool of this scenario";
                        let help = "name with `pool` which one it drives, or choose rows by zone and instanceType";
                        self.error(&trace_at, "E324", message, Some(help.into()));
                    }
                    histories.insert(key.clone(), read);
                }
                match histories.get_mut(&key).and_then(|read| read.get_mut(&pool)) {
                    None => SpotProcess::None,
                    Some(history) => {
                        if let Some((_, first)) = history.prices.first() {
                            self.capacity.model.pools[pool].spot_nano_dollars = *first;
                            self.capacity.spot_prices.insert(pool, history.prices.clone());
                        }
                        SpotProcess::Trace(history.available.clone().into())
                    }
                }
            }
        }
    }

    /// Reads a recorded history: what each pool that it is about had to give, from when on.
    fn history(&mut self, given: &SpotTrace, at: &Locator<'a>) -> BTreeMap<PoolId, History> {
        let mut read: BTreeMap<PoolId, Vec<RecordedRow>> = BTreeMap::new();
        let Some(mut table) = self.open_table(&given.file, &at.clone().key("file")) else { return BTreeMap::new() };
        let columns = &given.columns;
        let columns_at = at.clone().key("columns");
        let of = |key: &str| columns_at.clone().key(key);
        // Columns that are only for choosing rows need not be there.
        let has = |name: &str| table.has(name);
        let optional = |needed: bool, name: &str| needed || has(name);
        let by_zone = given.pool.as_ref().is_none_or(|pool| pool.zone.is_none());
        let by_type = given.pool.as_ref().is_none_or(|pool| pool.instance_type.is_none());
        let wants = [
            (optional(!given.trace_id.is_empty(), &columns.trace_id.column), "traceId", &columns.trace_id.column),
            (
                optional(!given.zone.is_empty() || by_zone && given.pool.is_none(), &columns.zone.column),
                "zone",
                &columns.zone.column,
            ),
            (
                optional(
                    !given.instance_type.is_empty() || by_type && given.pool.is_none(),
                    &columns.instance_type.column,
                ),
                "instanceType",
                &columns.instance_type.column,
            ),
            (true, "offset", &columns.offset.column),
            (has(&columns.duration.column), "duration", &columns.duration.column),
            (true, "availableInstances", &columns.available_instances.column),
            (has(&columns.price.column), "price", &columns.price.column),
        ];
        let before = self.diagnostics.errors();
        let found: Vec<Option<usize>> = wants
            .into_iter()
            .map(|(wanted, key, name)| if wanted { self.column(&table, name, &of(key)) } else { None })
            .collect();
        if self.diagnostics.errors() > before {
            return BTreeMap::new();
        }
        let &[trace_id, zone, instance_type, offset, duration, available, price] = found.as_slice() else {
            return BTreeMap::new();
        };
        let (Some(offset), Some(available)) = (offset, available) else { return BTreeMap::new() };
        let ms_of = |unit: Option<TimeUnit>, scale: Option<f64>| {
            unit.map_or(1_000.0, |unit| unit.ms() as f64) * scale.unwrap_or(1.0)
        };
        let (offset_ms, duration_ms) =
            (ms_of(columns.offset.unit, columns.offset.scale), ms_of(columns.duration.unit, columns.duration.scale));
        let keeps = |values: &OneOrMany<String>, column: Option<usize>, table: &CsvTable| {
            values.is_empty() || column.is_some_and(|column| values.iter().any(|value| value == table.cell(column)))
        };
        let mut rows = 0_usize;
        let mut histories: BTreeMap<PoolId, BTreeSet<String>> = BTreeMap::new();
        while self.next_row(&mut table, at) {
            if !keeps(&given.trace_id, trace_id, &table)
                || !keeps(&given.zone, zone, &table)
                || !keeps(&given.instance_type, instance_type, &table)
            {
                continue;
            }
            rows += 1;
            if rows > MOST_ROWS {
                self.error(at, "E399", format!("`{}` has more than {MOST_ROWS} rows", given.file), None);
                return BTreeMap::new();
            }
            let Some(start) = self.number(&mut table, offset, &columns.offset.column, at) else { continue };
            if start < 0.0 {
                self.bad_cell(&mut table, at, &columns.offset.column, "lies before the start of the history");
                continue;
            }
            let lasts = match duration.filter(|column| !table.cell(*column).is_empty()) {
                None => 0.0,
                Some(column) => match self.number(&mut table, column, &columns.duration.column, at) {
                    Some(lasts) => lasts * duration_ms,
                    None => continue,
                },
            };
            if table.cell(available).is_empty() {
                // Nobody knows, and the row before holds.
                continue;
            }
            let name = &columns.available_instances.column;
            let Some(number) = self.number(&mut table, available, name, at) else { continue };
            let number = number * columns.available_instances.scale.unwrap_or(1.0);
            if !(0.0..=f64::from(u32::MAX)).contains(&number) {
                self.bad_cell(&mut table, at, name, &format!("holds `{number}`; a number of instances is expected"));
                continue;
            }
            let usd = match price.filter(|column| !table.cell(*column).is_empty()) {
                None => None,
                Some(column) => match self.number(&mut table, column, &columns.price.column, at) {
                    Some(usd) => Some(usd * columns.price.scale.unwrap_or(1.0)),
                    None => continue,
                },
            };
            let pool = given.pool.as_ref();
            let of_type = pool.and_then(|pool| pool.instance_type.as_deref());
            let of_zone = pool.and_then(|pool| pool.zone.as_deref());
            let cell = |column: Option<usize>| column.map(|column| table.cell(column).to_owned());
            let (row_type, row_zone) = if pool.is_some() {
                (of_type.map(str::to_owned), of_zone.map(str::to_owned))
            } else {
                (cell(instance_type), cell(zone))
            };
            for (key, id) in &self.capacity.pools {
                let is_it = row_type.as_ref().is_none_or(|name| *name == key.0)
                    && row_zone.as_ref().is_none_or(|name| *name == key.1);
                if is_it {
                    // Rows of another type say when there were instances, and nothing about the price of this one.
                    let is_own = instance_type.is_none_or(|column| table.cell(column) == key.0);
                    let usd = usd.filter(|_| is_own);
                    if let Some(column) = trace_id {
                        histories.entry(*id).or_default().insert(table.cell(column).to_owned());
                    }
                    read.entry(*id).or_default().push((start * offset_ms, lasts, number as u32, usd));
                }
            }
        }
        if rows == 0 && self.diagnostics.errors() == before {
            self.error(at, "E324", format!("`{}` has no row that is asked for", shown(&given.file)), None);
        }
        // Several measurements of one pool, each from its own start, are no history of it.
        if let Some((pool, names)) = histories.into_iter().find(|(_, names)| names.len() > 1) {
            let (instance_type, zone) = self.pool_name(pool);
            let names: Vec<String> = names.iter().map(|name| format!("`{}`", shown(name))).collect();
            let message = format!(
                "{} histories would drive the pool of {instance_type} in {zone}: {}",
                names.len(),
                names.join(", ")
            );
            self.error(at, "E399", message, Some("choose one of them with `traceId`".into()));
            return BTreeMap::new();
        }
        read.into_iter().map(|(pool, rows)| (pool, self.replayed(given, rows))).collect()
    }

    /// Rows in the order of time, from the start of the run, repeated if that is asked for.
    fn replayed(&self, given: &SpotTrace, mut rows: Vec<(f64, f64, u32, Option<f64>)>) -> History {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let skipped = given.skip_before.map_or(0.0, |skip| skip.0.ms() as f64);
        let end = rows.iter().map(|(start, lasts, ..)| start + lasts).fold(0.0, f64::max) - skipped;
        let duration = self.scenario.simulation.duration.0.ms() as f64;
        let mut history = History::default();
        let mut shift = 0.0;
        loop {
            for (start, _, available, usd) in &rows {
                // What holds at the start of the run began before it.
                let at = (start - skipped).max(0.0) + shift;
                if at > duration {
                    break;
                }
                let at = SimTime::ZERO + Span::from_secs_f64(at / 1_000.0);
                push_step(&mut history.available, at, *available);
                if let Some(usd) = usd.filter(|usd| *usd >= 0.0) {
                    push_step(&mut history.prices, at, (usd * 1e9).round() as u64);
                }
            }
            shift += end;
            if !given.repeat || end < 1_000.0 || shift > duration {
                return history;
            }
        }
    }

    /// How many instances a pool can hold: what its only owner says, or what holds for all.
    fn pool_limit(&mut self, pool: PoolId, owners: &[LaunchOwner]) {
        let scenario = self.scenario;
        let (name, zone) = self.pool_name(pool);
        let (mut on_demand, mut spot) = (None, None);
        let shared_at = self.at("behavior").key("spot").key("poolCapacity");
        let mut lists: Vec<(&'a [PoolCapacity], Locator<'a>, Vec<LaunchOwner>)> =
            vec![(&scenario.behavior.spot.pool_capacity, shared_at, owners.to_vec())];
        for owner in owners {
            let own = self.owner_name(*owner);
            let list = match owner {
                LaunchOwner::Group(_) => {
                    scenario.behavior.auto_scaling_groups.get(&own).map(|it| it.pool_capacity.as_slice())
                }
                LaunchOwner::Provider(_) => {
                    scenario.behavior.managed_instances.get(&own).map(|it| it.pool_capacity.as_slice())
                }
            };
            if let Some(list) = list.filter(|list| !list.is_empty()) {
                lists.push((list, self.behavior_at(*owner).key("poolCapacity"), vec![*owner]));
            }
        }
        for (list, at, of) in lists {
            for (index, capacity) in list.iter().enumerate() {
                let fits = capacity.instance_type.as_ref().is_none_or(|wanted| *wanted == name)
                    && capacity.zone.as_ref().is_none_or(|wanted| *wanted == zone);
                if !fits {
                    continue;
                }
                let place = at.clone().index(index);
                let markets: Vec<Market> = [Market::OnDemand, Market::Spot]
                    .into_iter()
                    .filter(|market| owners.iter().any(|owner| self.may_buy(*owner, *market)))
                    .collect();
                let asked = capacity.market.map(|market| match market {
                    schema::Market::OnDemand => Market::OnDemand,
                    schema::Market::Spot => Market::Spot,
                });
                if asked.is_some_and(|asked| !markets.contains(&asked)) {
                    continue;
                }
                if of.len() < owners.len() {
                    let message = "others launch in this pool too: it holds so many instances, whoever's they are";
                    self.warning(&place, "W360", message, None);
                }
                if asked != Some(Market::Spot) {
                    on_demand = Some(capacity.instances);
                }
                if asked != Some(Market::OnDemand) {
                    spot = Some(capacity.instances);
                }
            }
        }
        let spec = &mut self.capacity.model.pools[pool];
        spec.on_demand_limit = on_demand;
        spec.spot_limit = spot;
    }
}

/// From an instant on a value; the later of two at one instant holds, and equal neighbours are one.
fn push_step<T: PartialEq>(steps: &mut Vec<(SimTime, T)>, at: SimTime, value: T) {
    if steps.last().is_some_and(|(last, _)| *last == at) {
        steps.pop();
    }
    if steps.last().is_none_or(|(_, last)| *last != value) {
        steps.push((at, value));
    }
}
