//! The one cluster of a scenario, and what belongs to another one.

use std::collections::BTreeMap;

use super::super::fit::Dialect;
use super::super::node::{elements, find, find_text, last_part, list, rename, set, take, text};
use super::super::{Kind, Object};
use super::{Parts, words};
use crate::diagnostic::shown;

impl Parts<'_, '_> {
    /// Leaves out what belongs to another cluster than the one that is imported, and says so.
    pub(super) fn of_one_cluster(&mut self, objects: Vec<Object>) -> Vec<Object> {
        let mut clusters: BTreeMap<String, usize> = BTreeMap::new();
        for object in &objects {
            if let Some(name) = cluster_of(object) {
                *clusters.entry(name).or_insert(0) += if object.kind == Kind::Cluster { 1 } else { 2 };
            }
        }
        let most = clusters.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse((*name).clone())));
        let chosen = self.import.options.cluster.clone().or_else(|| most.map(|(name, _)| name.clone()));
        let Some(chosen) = chosen else { return objects };
        if !clusters.is_empty() && !clusters.contains_key(&chosen) {
            let names: Vec<&str> = clusters.keys().map(String::as_str).collect();
            let message = format!("the files have no cluster `{}`", shown(&chosen));
            let near = crate::validate::nearest(&chosen, names.iter().copied());
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let help = help.unwrap_or_else(|| format!("they have {}", crate::validate::list_of(&names)));
            self.import.diagnostics.push(crate::diagnostic::Diagnostic::error("E411", message).help(help));
            return objects;
        }
        set(&mut self.cluster, "clusterName", text(chosen.clone(), super::nowhere()));
        let (here, elsewhere): (Vec<Object>, Vec<Object>) =
            objects.into_iter().partition(|object| cluster_of(object).is_none_or(|name| name == chosen));
        let mut others: BTreeMap<String, (usize, crate::diagnostic::Span)> = BTreeMap::new();
        for object in elsewhere {
            if let Some(name) = cluster_of(&object) {
                others.entry(name).or_insert((0, object.node.span)).0 += 1;
            }
        }
        for (name, (count, span)) in others {
            let what = if count == 1 { "1 object belongs".to_owned() } else { format!("{count} objects belong") };
            let message = format!(
                "{what} to another cluster, `{}`; a scenario has one: import it with --cluster {}",
                shown(&name),
                shown(&name)
            );
            self.findings().lost(message, Some(span));
        }
        here
    }

    /// The cluster itself, and which providers it has.
    pub(super) fn clusters(&mut self, clusters: Vec<Object>, associations: Vec<Object>) {
        for mut object in clusters {
            rename(&mut object.node, "clusterSettings", "settings");
            if let Some(status) = find_text(&object.node, "status").filter(|status| *status != "ACTIVE") {
                let message = format!("the cluster is {}", shown(status));
                self.findings().note(message, Some(object.node.span));
            }
            let cluster = self.fitted("Cluster", object, "the cluster");
            for entry in cluster.as_map().into_iter().flat_map(|map| map.iter()) {
                if find(&self.cluster, &entry.key).is_none() {
                    set(&mut self.cluster, &entry.key, entry.value.clone());
                }
            }
        }
        for mut object in associations {
            take(&mut object.node, "cluster");
            let association = self.fitted("Cluster", object, "the capacity providers of the cluster");
            for key in ["capacityProviders", "defaultCapacityProviderStrategy"] {
                if let Some(value) = find(&association, key) {
                    set(&mut self.cluster, key, value.clone());
                }
            }
        }
        // Names and ARNs of providers are one thing here.
        let named: Vec<_> = elements(find(&self.cluster, "capacityProviders"))
            .into_iter()
            .filter_map(|node| Some(text(last_part(super::super::node::as_text(node)?), node.span)))
            .collect();
        if named.is_empty() {
            take(&mut self.cluster, "capacityProviders");
        } else {
            set(&mut self.cluster, "capacityProviders", list(named, super::nowhere()));
        }
        if words(find(&self.cluster, "settings")).is_empty() && elements(find(&self.cluster, "settings")).is_empty() {
            take(&mut self.cluster, "settings");
        }
        for key in ["tags", "defaultCapacityProviderStrategy"] {
            if elements(find(&self.cluster, key)).is_empty() {
                take(&mut self.cluster, key);
            }
        }
    }
}

/// The cluster that an object of an answer belongs to. In templates the name is often a parameter that stands for the same
/// cluster under another name, so they do not count.
fn cluster_of(object: &Object) -> Option<String> {
    if object.dialect == Dialect::Template && object.kind != Kind::Cluster {
        return None;
    }
    let name = match object.kind {
        Kind::Cluster => find_text(&object.node, "clusterName"),
        Kind::Service | Kind::RunTask | Kind::TaskSet | Kind::Task | Kind::ProviderAssociation => {
            ["clusterArn", "cluster"].into_iter().find_map(|key| find_text(&object.node, key))
        }
        Kind::ContainerInstance => {
            // arn:aws:ecs:REGION:ACCOUNT:container-instance/CLUSTER/ID
            let arn = find_text(&object.node, "containerInstanceArn")?;
            return match arn.split('/').collect::<Vec<_>>().as_slice() {
                [_, cluster, _] => Some((*cluster).to_owned()),
                _ => None,
            };
        }
        Kind::ScalableTarget | Kind::ServicePolicy | Kind::ServiceSchedule => {
            let resource = find_text(&object.node, "resourceId")?;
            return match resource.split('/').collect::<Vec<_>>().as_slice() {
                ["service", cluster, _] => Some((*cluster).to_owned()),
                _ => None,
            };
        }
        _ => None,
    };
    name.map(|name| last_part(name).to_owned())
}
