//! Managed Instances providers (CP-040 to CP-048): which types they may buy, and where.

use ecsim_cluster::ProviderId;
use ecsim_cluster::definitions::{LaunchOwner, ProviderKind};
use ecsim_engine::fleet::MachineBehavior;
use ecsim_kernel::Span;
use ecsim_policies::capacity::managed_instances::ScaleInAfter;
use ecsim_policies::capacity::spec::{ManagedInstancesSpec, ProviderSpec};

use super::super::Context;
use super::super::distributions::constant;
use super::launch_options::Place;
use super::requirements::Wanted;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{LaunchedContainerInstance, ManagedInstancesBehavior, aws};

/// The data volume in GiB where none is given (CP-040).
const VOLUME_GIB: u32 = 80;

impl<'a> Context<'a> {
    /// A provider that buys instances itself.
    pub(super) fn managed_provider(
        &mut self,
        name: &str,
        given: &'a aws::ManagedInstancesProvider,
        at_start: bool,
        at: &Locator<'a>,
    ) -> Option<ProviderId> {
        let place = at.clone().key("managedInstancesProvider");
        let Some(template) = &given.instance_launch_template else {
            let help = Some("write `instanceLaunchTemplate` with its networkConfiguration (CP-040)".into());
            self.error(&place, "E393", "nothing says which instances it launches, and where", help);
            return None;
        };
        let template_at = place.clone().key("instanceLaunchTemplate");
        let places = self.managed_places(template, &template_at);
        let spot = match template.capacity_option_type.unwrap_or_default() {
            aws::CapacityOptionType::OnDemand => false,
            aws::CapacityOptionType::Spot => true,
            aws::CapacityOptionType::Reserved => {
                let message = "this version knows no Capacity Reservations: the instances are on-demand";
                self.warning(&template_at.clone().key("capacityOptionType"), "W360", message, None);
                false
            }
        };
        if template.capacity_reservations.as_ref().is_some_and(|it| it.reservation_preference.is_some()) {
            self.not_simulated(&template_at.clone().key("capacityReservations"), "capacityReservations");
        }
        let repair = given.auto_repair_configuration.and_then(|it| it.actions_status);
        let storage = template.storage_configuration.unwrap_or_default().storage_size_gib;
        let volume_gib = storage.unwrap_or(VOLUME_GIB);
        let types = match &template.instance_requirements {
            Some(requirements) => {
                let wanted = if spot { Wanted::Spot } else { Wanted::OnDemand };
                self.matching(requirements, wanted, volume_gib, &template_at.clone().key("instanceRequirements"))?
            }
            None => self.general_purpose(volume_gib, &template_at),
        };
        if types.is_empty() || places.is_empty() {
            return None;
        }
        let behavior = &self.scenario.behavior.managed_instances;
        let none = ManagedInstancesBehavior::default();
        let behavior = behavior.get(name).unwrap_or(&none);
        let behavior_at = self.at("behavior").key("managedInstances").key(name);
        let kind = self.launched_kind(&LaunchedContainerInstance::default(), template_at);
        let machines = self.managed_machines(behavior, &behavior_at);
        let placeholder = (ProviderSpec::AutoScalingGroup, MachineBehavior::after(0.0));
        let id = self.push_provider(name, ProviderKind::ManagedInstances, None, at_start, placeholder);
        let options = self.launch_options(LaunchOwner::Provider(id), &kind, &types, &places, 1);
        self.capacity.model.providers[id] = ProviderSpec::ManagedInstances(ManagedInstancesSpec {
            options,
            spot,
            scale_in_after: self.scale_in_after(given.infrastructure_optimization.unwrap_or_default()),
            launch_failure: behavior.launch_failure.map_or(0.0, |share| share.fraction()),
            auto_repair: repair != Some(aws::Enabled::Disabled),
            // What was measured from nothing to the first line of a log is all in the launch (LAT-008).
            reaction: constant(0.0),
        });
        self.capacity.fleet.providers[id] = machines;
        Some(id)
    }

    /// CP-045: `None` turns it off; without a value the setting `mi_scale_in_after_default` holds.
    pub(super) fn scale_in_after(&self, given: aws::InfrastructureOptimization) -> Option<Span> {
        let after = ScaleInAfter::from_secs(given.scale_in_after.map(i64::from)).unwrap_or_default();
        after.wait(self.scenario.settings.mi_scale_in_after_default.0)
    }

    /// The zones of its subnets, each with its first subnet.
    fn managed_places(&mut self, given: &aws::InstanceLaunchTemplate, at: &Locator<'a>) -> Vec<Place> {
        let subnets = given.network_configuration.as_ref().map_or(&[][..], |network| network.subnets.as_slice());
        let place = at.clone().key("networkConfiguration").key("subnets");
        if subnets.is_empty() {
            let help = Some("write networkConfiguration: {subnets: [...]}, each one of vpc.subnets (CP-040)".into());
            self.error(at, "E393", "nothing says where its instances go", help);
        }
        let mut places: Vec<Place> = Vec::new();
        for (index, name) in subnets.iter().enumerate() {
            let Some(id) = self.subnet(name, &place.clone().index(index)) else { continue };
            if subnets[..index].contains(name) {
                self.error(&place.clone().index(index), "E302", format!("`{}` is named twice", shown(name)), None);
            }
            let zone = self.definitions.zones.name(self.definitions.subnets[id].zone).to_owned();
            if !places.iter().any(|known| known.zone == zone) {
                places.push(Place { zone, subnet: Some(id) });
            }
        }
        places.sort_by(|a, b| a.zone.cmp(&b.zone));
        places
    }
}
