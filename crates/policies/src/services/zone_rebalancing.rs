//! Balance over Availability Zones: what it means, how few moves reach it, and which services may have it.
//!
//! *What it does.* Pure functions; [`super::replica`] runs the procedure (start first, then stop) with them.
//!
//! *What AWS documents.* Eligibility (AZR-002), balance (AZR-004), the procedure (AZR-007 to AZR-011). Observed: the
//! texts of three errors (AZR-003). Ours: the interval (AZR-006), configured zones (AZR-005), fewest moves.
//!
//! *What we left out.* Classic Load Balancers. Tasks in a zone that is not configured belong
//! nowhere: their zone's target is 0.
//!
//! *How we know it is right.* Every row of PX-23, and a comparison with all possible targets.

use std::collections::BTreeSet;

use ecsim_cluster::definitions::{LaunchType, NetworkMode, SchedulingStrategy};
use ecsim_cluster::{ProviderId, ServiceId, Task, ZoneId};

use crate::placement::constraints::query::attributes::AVAILABILITY_ZONE;
use crate::placement::daemons::qualifies;
use crate::placement::strategies::{SpreadField, Strategy};
use crate::services::providers::is_on_fargate;
use crate::view::View;

/// The error of AZR-003 for another first strategy.
pub const ONLY_ZONE_SPREAD: &str =
    "Availability Zone Rebalancing only supports availability zone spread as task placement strategy";
/// The error of AZR-003 where nothing can be started before something stops.
pub const MAXIMUM_PERCENT: &str =
    "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.";
/// The error of AZR-003 for DAEMON.
pub const DAEMON: &str = "Availability Zone Rebalancing does not support DAEMON services";
/// For EXTERNAL (AZR-002); AWS's words are not known, these follow the others.
pub const EXTERNAL: &str = "Availability Zone Rebalancing does not support EXTERNAL launch type";
/// For a constraint that names zones (AZR-002); AWS's words are not known, these follow the others.
pub const ZONE_CONSTRAINT: &str =
    "Availability Zone Rebalancing does not support task placement constraints on attribute:ecs.availability-zone";

/// What decides whether a service may be rebalanced.
#[derive(Clone, Copy, Debug)]
pub struct Eligibility<'a> {
    /// REPLICA or DAEMON.
    pub scheduling: SchedulingStrategy,
    /// `launchType`.
    pub launch_type: LaunchType,
    /// The first strategy the user gave; `None` where the default is in force.
    pub first_strategy: Option<First<'a>>,
    /// Whether a constraint's expression uses `attribute:ecs.availability-zone`.
    pub zone_constraint: bool,
    /// `maximumPercent`.
    pub maximum_percent: u32,
}

/// The first strategy of a chain, as far as eligibility goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First<'a> {
    /// `spread` over the attribute of that name.
    SpreadAttribute(&'a str),
    /// Anything else.
    Other,
}

impl<'a> First<'a> {
    /// Of a chain, with the attributes' names.
    #[must_use]
    pub fn of(strategies: &[Strategy], name: impl Fn(ecsim_cluster::AttributeId) -> &'a str) -> Option<Self> {
        strategies.first().map(|strategy| match strategy {
            Strategy::Spread(SpreadField::Attribute(attribute)) => Self::SpreadAttribute(name(*attribute)),
            _ => Self::Other,
        })
    }
}

impl Eligibility<'_> {
    /// Whether the service may be rebalanced (AZR-002).
    ///
    /// # Errors
    /// The message of the 400 error that an explicit ENABLED gets (AZR-003).
    pub fn check(&self) -> Result<(), &'static str> {
        if self.scheduling == SchedulingStrategy::Daemon {
            return Err(DAEMON);
        }
        if self.launch_type == LaunchType::External {
            return Err(EXTERNAL);
        }
        if !matches!(self.first_strategy, None | Some(First::SpreadAttribute(AVAILABILITY_ZONE))) {
            return Err(ONLY_ZONE_SPREAD);
        }
        if self.zone_constraint {
            return Err(ZONE_CONSTRAINT);
        }
        if self.maximum_percent <= 100 {
            return Err(MAXIMUM_PERCENT);
        }
        Ok(())
    }

    /// What a `CreateService` call stores: an absent field means ENABLED where it is possible (AZR-001, AZR-003).
    ///
    /// # Errors
    /// Where ENABLED was asked for and is not possible.
    pub fn on_create(&self, asked: Option<bool>) -> Result<bool, &'static str> {
        match asked {
            Some(true) => self.check().map(|()| true),
            Some(false) => Ok(false),
            None => Ok(self.check().is_ok()),
        }
    }

    /// What an `UpdateService` call stores: an absent field keeps the value, which must still be possible (AZR-003).
    ///
    /// # Errors
    /// Where the service would be left ENABLED and that is not possible.
    pub fn on_update(&self, stored: bool, asked: Option<bool>) -> Result<bool, &'static str> {
        if asked.unwrap_or(stored) { self.check().map(|()| true) } else { Ok(false) }
    }
}

/// The configured zones of a service, ascending (AZR-005).
#[must_use]
pub fn configured_zones(view: &View<'_>, service: ServiceId) -> Vec<ZoneId> {
    let definitions = view.cluster.definitions();
    let subnets = &view.cluster.primary_revision(service).subnets;
    let row = &view.cluster.services()[service];
    let mut configured = vec![false; definitions.zones.len()];
    let on_fargate = is_on_fargate(view, row);
    if on_fargate && subnets.is_empty() {
        configured.fill(true);
    } else if on_fargate
        || definitions.task_definitions[row.task_definition].network_mode == NetworkMode::Awsvpc && !subnets.is_empty()
    {
        for subnet in subnets {
            configured[definitions.subnets[*subnet].zone.index()] = true;
        }
    } else {
        for instance in view.cluster.present() {
            let zone = &mut configured[instance.zone.index()];
            *zone = *zone || instance.can_receive() && qualifies(view, row, instance);
        }
    }
    definitions.zones.iter().map(|(zone, _)| zone).filter(|zone| configured[zone.index()]).collect()
}

/// How many tasks a service has in a zone, and how many it should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneCount {
    /// Which.
    pub zone: ZoneId,
    /// Whether tasks belong there at all (AZR-005).
    pub configured: bool,
    /// Live tasks of the service.
    pub tasks: u32,
    /// What balance with fewest moves wants.
    pub target: u32,
}

impl ZoneCount {
    /// Tasks that are missing.
    #[must_use]
    pub const fn lack(&self) -> u32 {
        self.target.saturating_sub(self.tasks)
    }

    /// Tasks that are too many.
    #[must_use]
    pub const fn excess(&self) -> u32 {
        self.tasks.saturating_sub(self.target)
    }
}

/// Tasks of a service that are balanced together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// All that run on container instances.
    OnInstances,
    /// On Fargate those of each provider, of `FARGATE` and of `FARGATE_SPOT`, or those that have only a launch type
    /// (AZR-010).
    OnFargate(Option<ProviderId>),
}

impl Counted {
    /// Whether a task is one of them.
    #[must_use]
    pub fn holds(self, task: &Task) -> bool {
        match self {
            Self::OnInstances => !task.is_fargate(),
            Self::OnFargate(provider) => task.is_fargate() && task.provider == provider,
        }
    }
}

/// The tasks of a service that are out of balance, each with its counts (AZR-004, AZR-010).
#[must_use]
pub fn out_of_balance(view: &View<'_>, service: ServiceId) -> Vec<(Counted, Vec<ZoneCount>)> {
    let row = &view.cluster.services()[service];
    let sets: BTreeSet<Counted> = if is_on_fargate(view, row) {
        let tasks = row.tasks.iter().map(|task| view.cluster.task(*task));
        tasks.filter(|task| task.is_live() && task.is_fargate()).map(|task| Counted::OnFargate(task.provider)).collect()
    } else {
        BTreeSet::from([Counted::OnInstances])
    };
    let all = sets.into_iter().map(|counted| (counted, zone_counts(view, service, counted, 0)));
    all.filter(|(_, counts)| !is_balanced(counts)).collect()
}

/// The live tasks by zone, zones in name order, with the targets of AZR-006. `moved` of them are the newcomers of a move
/// under way, beyond what the service wants.
#[must_use]
pub fn zone_counts(view: &View<'_>, service: ServiceId, counted: Counted, moved: u32) -> Vec<ZoneCount> {
    let configured = configured_zones(view, service);
    let row = &view.cluster.services()[service];
    let mut counts: Vec<ZoneCount> = view
        .cluster
        .definitions()
        .zones
        .iter()
        .map(|(zone, _)| ZoneCount { zone, configured: configured.contains(&zone), tasks: 0, target: 0 })
        .collect();
    let mut placed = 0_u32;
    for task in &row.tasks {
        let task = view.cluster.task(*task);
        if let Some(zone) = view.cluster.zone_of(task).filter(|_| task.is_live() && counted.holds(task)) {
            counts[zone.index()].tasks += 1;
            placed += 1;
        }
    }
    counts.retain(|count| count.configured || count.tasks > 0);
    let wanted = match counted {
        Counted::OnInstances => row.wanted(),
        Counted::OnFargate(_) => placed.saturating_sub(moved),
    };
    set_targets(&mut counts, wanted);
    counts
}

/// Sets the targets: each configured zone floor(D/Z), and one more for the D mod Z zones with most tasks (AZR-006).
pub fn set_targets(counts: &mut [ZoneCount], desired: u32) {
    let zones = counts.iter().filter(|count| count.configured).count() as u32;
    if zones == 0 {
        for count in counts {
            count.target = count.tasks;
        }
        return;
    }
    let mut order: Vec<usize> = (0..counts.len()).filter(|at| counts[*at].configured).collect();
    order.sort_by_key(|at| core::cmp::Reverse(counts[*at].tasks));
    for count in counts.iter_mut() {
        count.target = 0;
    }
    for (rank, at) in order.into_iter().enumerate() {
        counts[at].target = desired / zones + u32::from((rank as u32) < desired % zones);
    }
}

/// Whether each configured zone has floor(D/Z) or ceil(D/Z) tasks, D mod Z of them the larger number, and no task is
/// elsewhere (AZR-004). Targets must have been set.
#[must_use]
pub fn is_balanced(counts: &[ZoneCount]) -> bool {
    counts.iter().all(|count| count.tasks == count.target)
}

/// Where the next `most` moves start their tasks: each in the zone that then lacks most, zones in name order.
#[must_use]
pub fn starts(counts: &[ZoneCount], most: u32) -> Vec<(ZoneId, u32)> {
    share_out(counts.iter().map(|count| (count.zone, count.lack())).collect(), most)
}

/// Where as many tasks are stopped afterwards: each in the zone that then has most too many.
#[must_use]
pub fn stops(counts: &[ZoneCount], most: u32) -> Vec<(ZoneId, u32)> {
    share_out(counts.iter().map(|count| (count.zone, count.excess())).collect(), most)
}

/// Takes one at a time from the greatest, the first zone of equals, until `most` are taken or nothing is left.
fn share_out(mut from: Vec<(ZoneId, u32)>, most: u32) -> Vec<(ZoneId, u32)> {
    let mut taken: Vec<(ZoneId, u32)> = from.iter().map(|(zone, _)| (*zone, 0)).collect();
    for _ in 0..most {
        let Some(at) = (0..from.len()).rev().max_by_key(|at| from[*at].1).filter(|at| from[*at].1 > 0) else { break };
        from[at].1 -= 1;
        taken[at].1 += 1;
    }
    taken.retain(|(_, count)| *count > 0);
    taken
}
