//! Region, Availability Zones and subnets: what files say of them, and where that lies which nobody says.

use std::collections::BTreeMap;

use ecsim_catalog::Catalog;

/// How many zones stand in where nobody says how many there are.
const ZONES: usize = 3;

/// Where things are.
#[derive(Debug, Clone)]
pub(super) struct Places {
    region: String,
    /// Subnets by name, with their zone; whether a file says so.
    subnets: BTreeMap<String, (String, bool)>,
}

impl Places {
    pub(super) fn new(region: &str) -> Self {
        Self { region: region.to_owned(), subnets: BTreeMap::new() }
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Zones of the Region, at most three.
    pub(super) fn zones(&self) -> Vec<String> {
        let letters = Catalog::region(&self.region).map(|region| region.zones.clone()).unwrap_or_default();
        let letters = if letters.is_empty() { vec!['a', 'b', 'c'] } else { letters };
        letters.into_iter().take(ZONES).map(|letter| format!("{}{letter}", self.region)).collect()
    }

    /// A subnet whose zone a file gives.
    pub(super) fn subnet(&mut self, name: &str, zone: &str) {
        self.subnets.insert(name.to_owned(), (zone.to_owned(), true));
    }

    /// A subnet that is made up, in a zone.
    pub(super) fn stand_in_subnet(&mut self, name: &str, zone: &str) {
        self.subnets.entry(name.to_owned()).or_insert_with(|| (zone.to_owned(), false));
    }

    /// The zone of a subnet. One of which nothing is known gets the next zone in turn.
    pub(super) fn zone_of(&mut self, subnet: &str) -> String {
        if let Some((zone, _)) = self.subnets.get(subnet) {
            return zone.clone();
        }
        let zones = self.zones();
        // The zone with the fewest subnets that were given a zone here.
        let load = |zone: &String| self.subnets.values().filter(|(of, _)| of == zone).count();
        let zone = zones.iter().min_by_key(|zone| load(zone)).cloned().unwrap_or_else(|| format!("{}a", self.region));
        self.subnets.insert(subnet.to_owned(), (zone.clone(), false));
        zone
    }

    /// Whether a file says where the subnet lies.
    pub(super) fn is_known(&self, subnet: &str) -> bool {
        self.subnets.get(subnet).is_some_and(|(_, known)| *known)
    }

    /// Whether it was placed already.
    pub(super) fn is_placed(&self, subnet: &str) -> bool {
        self.subnets.contains_key(subnet)
    }
}
