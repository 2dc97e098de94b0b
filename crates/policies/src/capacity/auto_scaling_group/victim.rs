//! Which instance of a group goes next at scale-in: the group's own answer to ASG-030 to ASG-034.
//!
//! The choice is [`super::termination`]; this file tells it what is true of the group.

use ecsim_cluster::{AsgId, InstanceId, InstanceLifecycle, LaunchOptionId, Market};
use ecsim_kernel::Key;

use super::Tie;
use super::launch;
use super::mixed::Split;
use super::termination::{self, Candidate, Policy, TemplateAge, Terminations};
use super::zones::ZoneStrategy;
use crate::capacity::settings;
use crate::capacity::spec::TemplateVersion;
use crate::purposes;
use crate::view::View;

/// How outdated the template of an instance is (ASG-031). Where nothing is said of templates, the later is the newer.
fn template_age(templates: &[TemplateVersion], current: u32, own: u32) -> TemplateAge {
    let of = |number: u32| number.checked_sub(1).and_then(|at| templates.get(at as usize));
    match (of(current), of(own)) {
        (Some(current), Some(own)) if current.template != own.template => TemplateAge::OtherTemplate,
        (_, Some(own)) => TemplateAge::Version(own.version),
        (_, None) => TemplateAge::Version(own),
    }
}

/// The instance in service that goes next; `None` where all are protected (CAS-030). `nth` counts the terminations so far.
#[must_use]
pub fn next(view: &View<'_>, id: AsgId, nth: u64) -> Option<InstanceId> {
    let group = &view.cluster.groups()[id];
    let spec = view.capacity.group(group);
    if group.counts.unprotected == 0 {
        return None;
    }
    // Only some policies look at the allocation strategy of today.
    let looks_at_allocation = spec.mixed.is_some() || spec.termination.contains(&Policy::AllocationStrategy);
    let ranking: Vec<(LaunchOptionId, Market)> =
        if looks_at_allocation { launch::ranking(view, id) } else { Vec::new() };
    let candidates: Vec<Candidate<InstanceId, _>> = group
        .instances
        .iter()
        .map(|instance| &view.cluster.instances()[*instance])
        .filter(|row| row.lifecycle == InstanceLifecycle::InService)
        .map(|row| {
            let rank = ranking.iter().position(|(option, market)| (Some(*option), *market) == (row.option, row.market));
            Candidate {
                id: row.id,
                zone: row.zone,
                protected: row.protected_from_scale_in,
                market: row.market,
                launched_at: row.launched_at,
                template: template_age(&spec.templates, group.template, row.template),
                allocation_rank: rank.map_or(u32::MAX, |rank| u32::try_from(rank).unwrap_or(u32::MAX)),
                reserved: false,
            }
        })
        .collect();
    let split = Split { on_demand: group.counts.on_demand, spot: group.counts.spot };
    let terminations = Terminations {
        policies: &spec.termination,
        mixed: spec.mixed.as_ref().and_then(|mixed| mixed.next_termination(split)),
        unreserved_first: spec.zone_strategy == ZoneStrategy::ReservationsThenBalanced,
    };
    let mut stream;
    let mut tie = match view.settings.capacity.billing_hour_tie {
        settings::Tie::Order => Tie::Order,
        settings::Tie::SeededRandom => {
            let name = &view.cluster.definitions().auto_scaling_groups[id].name;
            stream = view.streams.stream(purposes::TERMINATION, Key::new(name, nth));
            Tie::Random(&mut stream)
        }
    };
    termination::choose(&candidates, terminations, view.now, &mut tie).map(|victim| candidates[victim.index].id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asg_031_versions_are_those_of_the_launch_template() {
        // In the order of use: version 3, version 2, another launch template, version 4.
        let of = |template, version| TemplateVersion { template, version };
        let templates = [of(0, 3), of(0, 2), of(1, 1), of(0, 4)];
        let age = |current, own| template_age(&templates, current, own);
        assert!(age(4, 2) < age(4, 1), "version 2 is older than version 3, whichever was used first");
        assert!(age(4, 3) < age(4, 2), "another launch template is more outdated than any version of the current one");
        assert_eq!((age(3, 1), age(3, 4)), (TemplateAge::OtherTemplate, TemplateAge::OtherTemplate));
        assert_eq!(template_age(&[], 1, 2), TemplateAge::Version(2));
    }
}
