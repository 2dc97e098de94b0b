//! Launch templates, Auto Scaling groups, capacity providers, container instances.

use std::collections::{BTreeMap, BTreeSet};

use super::super::node::{
    as_text, elements, find, find_at, find_text, last_part, list, map, number, push, rename, set, take, text,
};
use super::super::{Kind, Object};
use super::services::drop_empty_lists;
use super::{Parts, nowhere};
use crate::diagnostic::{Span, shown};
use crate::document::{Node, NodeKind};

impl Parts<'_, '_> {
    /// Launch templates. Versions that answers print become versions 1, 2, ... of one entry.
    pub(super) fn the_launch_templates(&mut self, objects: Vec<Object>) {
        let mut printed: BTreeMap<String, Vec<(u32, Object)>> = BTreeMap::new();
        for mut object in objects {
            if object.kind == Kind::LaunchTemplateVersion {
                let name =
                    ["launchTemplateName", "launchTemplateId"].into_iter().find_map(|key| find_text(&object.node, key));
                let name = name.unwrap_or("launch-template").to_owned();
                let version = find_text(&object.node, "versionNumber").and_then(|it| it.parse().ok()).unwrap_or(1);
                printed.entry(name).or_default().push((version, object));
                continue;
            }
            take(&mut object.node, "tagSpecifications");
            let name = find_text(&object.node, "launchTemplateName").unwrap_or_default().to_owned();
            let template = self.fitted("LaunchTemplate", object, &format!("the launch template `{}`", shown(&name)));
            self.launch_templates.push(template);
        }
        for (name, mut versions) in printed {
            versions.sort_by_key(|(version, _)| *version);
            versions.dedup_by_key(|(version, _)| *version);
            let of = format!("the launch template `{}`", shown(&name));
            let numbers: Vec<u32> = versions.iter().map(|(version, _)| *version).collect();
            let span = versions.first().map_or_else(nowhere, |(_, object)| object.node.span);
            if numbers.iter().enumerate().any(|(at, number)| *number as usize != at + 1) {
                let said: Vec<String> =
                    numbers.iter().enumerate().map(|(at, number)| format!("{number} is now {}", at + 1)).collect();
                let message = format!("{of}: versions count from 1 here: {}", said.join(", "));
                self.findings().note(message, Some(span));
            }
            let mut template = map([("launchTemplateName", text(name.clone(), span))], span);
            for (at, (_, mut object)) in versions.into_iter().enumerate() {
                if let Some(id) = find(&object.node, "launchTemplateId").cloned() {
                    set(&mut template, "launchTemplateId", id);
                }
                if find_text(&object.node, "defaultVersion") == Some("true") {
                    set(&mut template, "defaultVersionNumber", number(at as u64 + 1, span));
                }
                let Some(data) = take(&mut object.node, "launchTemplateData") else { continue };
                let data = self.fitted("LaunchTemplateData", Object { node: data, ..object }, &of);
                if at == 0 {
                    set(&mut template, "launchTemplateData", data);
                } else {
                    push(&mut template, "versions", map([("launchTemplateData", data)], span));
                }
            }
            let versions = numbers.into_iter().enumerate().map(|(at, version)| (version, at as u32 + 1)).collect();
            self.import.versions.insert(name, versions);
            self.launch_templates.push(template);
        }
    }

    /// Auto Scaling groups.
    pub(super) fn the_groups(&mut self, objects: Vec<Object>, configurations: Vec<Object>) {
        for mut object in objects {
            let name = find_text(&object.node, "autoScalingGroupName").unwrap_or_default().to_owned();
            let of = format!("the group `{}`", shown(&name));
            let span = object.node.span;
            rename(&mut object.node, "cooldown", "defaultCooldown");
            if let Some(status) = find_text(&object.node, "status") {
                let message = format!("{of}: {}", shown(status));
                self.findings().note(message, Some(span));
            }
            let running: BTreeSet<String> = elements(find(&object.node, "instances"))
                .into_iter()
                .filter_map(|instance| find_text(instance, "instanceType"))
                .map(str::to_owned)
                .collect();
            let configuration = take(&mut object.node, "launchConfigurationName");
            if let Some(instance) = take(&mut object.node, "instanceId") {
                self.findings()
                    .lost(format!("{of}: what its instances are comes from an instance"), Some(instance.span));
            }
            self.zones_of_subnets(&object.node);
            let mut group = self.fitted("AutoScalingGroup", object, &of);
            drop_empty_lists(&mut group);
            if let Some(configuration) = configuration {
                let template = self.of_configuration(&configuration, &configurations, &of);
                set(&mut group, "launchTemplate", template);
            }
            self.name_templates(&mut group, &running, &of);
            if find(&group, "launchTemplate").is_none() && find(&group, "mixedInstancesPolicy").is_none() {
                let instance_type = running.first().cloned().unwrap_or_else(|| "m5.large".to_owned());
                let message = format!("{of}: nothing says what its instances are: {instance_type} stands in");
                self.findings().assumed(message, Some(span));
                set(&mut group, "launchTemplate", map([("instanceType", text(instance_type, span))], span));
            }
            for (key, default) in [("minSize", 0), ("maxSize", 1)] {
                if find(&group, key).is_none() {
                    self.findings().assumed(format!("{of} has no `{key}`: {default} stands in"), Some(span));
                    set(&mut group, key, number(default, span));
                }
            }
            self.groups.push(group);
        }
    }

    /// The zones of a group are those of its subnets: where only the zones are known, they go in turn.
    fn zones_of_subnets(&mut self, group: &Node) {
        let zones: Vec<String> =
            super::words(find(group, "availabilityZones")).into_iter().map(str::to_owned).collect();
        let subnets: Vec<String> = super::words(find(group, "vpcZoneIdentifier"))
            .into_iter()
            .flat_map(|words| words.split(','))
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        if zones.is_empty() {
            return;
        }
        let unknown: Vec<&String> = subnets.iter().filter(|name| !self.import.places.is_placed(name)).collect();
        if unknown.is_empty() {
            return;
        }
        let said: Vec<String> = unknown
            .iter()
            .zip(zones.iter().cycle())
            .map(|(subnet, zone)| {
                self.import.places.stand_in_subnet(subnet, zone);
                format!("{} in {zone}", shown(subnet))
            })
            .collect();
        let span = find(group, "vpcZoneIdentifier").map(|node| node.span);
        let message = format!("subnets and zones of a group are taken to be in the same order: {}", said.join(", "));
        self.findings().assumed(message, span);
    }

    /// What a launch configuration says, in place.
    fn of_configuration(&mut self, named: &Node, configurations: &[Object], of: &str) -> Node {
        let span = named.span;
        let name = as_text(named).unwrap_or_default();
        let known =
            configurations.iter().find(|object| find_text(&object.node, "launchConfigurationName") == Some(name));
        let Some(known) = known else {
            let message = format!(
                "{of}: its launch configuration `{}` is not among the files: m5.large stands in; `aws autoscaling \
                 describe-launch-configurations` prints it",
                shown(name)
            );
            self.findings().assumed(message, Some(span));
            return map([("instanceType", text("m5.large", span))], span);
        };
        let mut template = map([], known.node.span);
        for key in ["instanceType", "imageId", "blockDeviceMappings"] {
            if let Some(value) = find(&known.node, key) {
                set(&mut template, key, value.clone());
            }
        }
        if let Some(price) =
            find(&known.node, "spotPrice").filter(|price| as_text(price).is_some_and(|it| !it.is_empty()))
        {
            let options = map([("maxPrice", price.clone())], price.span);
            let market = map([("marketType", text("spot", price.span)), ("spotOptions", options)], price.span);
            set(&mut template, "instanceMarketOptions", market);
        }
        let dialect = known.dialect;
        let mut template =
            super::super::fit::fit("LaunchTemplateSpecification", template, dialect, of, &mut self.import.findings);
        drop_empty_lists(&mut template);
        template
    }

    /// Makes every launch template that a group names lead to an entry, by its name and in its versions.
    fn name_templates(&mut self, group: &mut Node, running: &BTreeSet<String>, of: &str) {
        let ways: [&[&str]; 2] =
            [&["launchTemplate"], &["mixedInstancesPolicy", "launchTemplate", "launchTemplateSpecification"]];
        for way in ways {
            let Some(spec) = find_at(group, way).cloned() else { continue };
            let Some(resolved) = self.template_named(spec, running, of, way.len() > 1) else { continue };
            replace(group, way, resolved);
        }
        let way: &[&str] = &["mixedInstancesPolicy", "launchTemplate", "overrides"];
        let Some(overrides) = find_at(group, way).cloned() else { return };
        let NodeKind::List(values) = overrides.kind else { return };
        let mut resolved = Vec::new();
        for mut value in values {
            if let Some(spec) = find(&value, "launchTemplateSpecification").cloned()
                && let Some(spec) = self.template_named(spec, running, of, true)
            {
                set(&mut value, "launchTemplateSpecification", spec);
            }
            resolved.push(value);
        }
        replace(group, way, list(resolved, overrides.span));
    }

    fn template_named(&mut self, spec: Node, running: &BTreeSet<String>, of: &str, mixed: bool) -> Option<Node> {
        let span = spec.span;
        let named = ["launchTemplateId", "launchTemplateName"].into_iter().find_map(|key| find_text(&spec, key))?;
        let named = named.to_owned();
        let known = self.launch_templates.iter().find(|template| {
            ["launchTemplateName", "launchTemplateId"].into_iter().any(|key| find_text(template, key) == Some(&named))
        });
        let by_name = find_text(&spec, "launchTemplateName").map(str::to_owned);
        let known = known.or_else(|| {
            self.launch_templates
                .iter()
                .find(|template| find_text(template, "launchTemplateName") == by_name.as_deref())
        });
        let Some(known) = known else {
            let instance_type = running.first().cloned();
            let what = instance_type.as_deref().unwrap_or("m5.large").to_owned();
            let from = if instance_type.is_some() { ", the type of an instance that it has," } else { "" };
            let message = format!(
                "{of}: its launch template `{}` is not among the files: {what}{from} stands in; `aws ec2 \
                 describe-launch-template-versions` prints it",
                shown(by_name.as_deref().unwrap_or(&named))
            );
            self.findings().assumed(message, Some(span));
            if !mixed {
                return Some(map([("instanceType", text(what, span))], span));
            }
            let name = by_name.unwrap_or_else(|| named.clone());
            self.remark("launchTemplates", format!("A stand-in: `{name}`, which was not among the files."));
            let data = map([("instanceType", text(what, span))], span);
            let template = map([("launchTemplateName", text(name.clone(), span)), ("launchTemplateData", data)], span);
            self.launch_templates.push(template);
            return Some(map([("launchTemplateName", text(name, span))], span));
        };
        let name = find_text(known, "launchTemplateName").unwrap_or_default().to_owned();
        let mut resolved = map([("launchTemplateName", text(name.clone(), span))], span);
        if let Some(version) = find(&spec, "version") {
            let written = as_text(version).unwrap_or_default();
            let renumbered =
                self.import.versions.get(&name).map(|versions| written.parse().ok().and_then(|it| versions.get(&it)));
            let value = match renumbered {
                // Only some versions were printed; a number that is not among them is the newest there is.
                Some(None) if written.parse::<u32>().is_ok() => {
                    let message = format!(
                        "{of}: version {written} of `{}` is not among the files: the latest of those stands in",
                        shown(&name)
                    );
                    self.findings().assumed(message, Some(version.span));
                    "$Latest".to_owned()
                }
                Some(Some(version)) => version.to_string(),
                _ => written.to_owned(),
            };
            set(&mut resolved, "version", text(value, version.span));
        }
        Some(resolved)
    }

    /// Scheduled actions, lifecycle hooks and warm pools, each with the group that it names.
    pub(super) fn of_groups(&mut self, objects: Vec<Object>) {
        for mut object in objects {
            let span = object.node.span;
            let group = take(&mut object.node, "autoScalingGroupName");
            let group = group.as_ref().and_then(as_text).map(|name| last_part(name).to_owned()).unwrap_or_default();
            let (definition, key, what) = match object.kind {
                Kind::GroupSchedule => ("ScheduledAction", "scheduledActions", "scheduled action"),
                Kind::LifecycleHook => {
                    ("LifecycleHookSpecification", "lifecycleHookSpecificationList", "lifecycle hook")
                }
                _ => ("WarmPool", "warmPool", "warm pool"),
            };
            let Some(at) =
                self.groups.iter().position(|known| find_text(known, "autoScalingGroupName") == Some(&group))
            else {
                let message = format!("a {what} of the group `{}`, which is not among the files", shown(&group));
                self.findings().lost(message, Some(span));
                continue;
            };
            let part = self.fitted(definition, object, &format!("a {what} of the group `{}`", shown(&group)));
            if key == "warmPool" {
                set(&mut self.groups[at], key, part);
            } else {
                push(&mut self.groups[at], key, part);
            }
        }
    }

    /// Capacity providers.
    pub(super) fn the_providers(&mut self, objects: Vec<Object>) {
        for mut object in objects {
            let name = find_text(&object.node, "name").unwrap_or_default().to_owned();
            let span = object.node.span;
            // These two always exist.
            if name == "FARGATE" || name == "FARGATE_SPOT" {
                continue;
            }
            if let Some(status) = find_text(&object.node, "status").filter(|status| *status != "ACTIVE") {
                let message = format!("the capacity provider `{}` is {}: it is left out", shown(&name), shown(status));
                self.findings().lost(message, Some(span));
                continue;
            }
            if let Some(cluster) = take(&mut object.node, "clusterName") {
                self.findings().answer("clusterName");
                drop(cluster);
            }
            let mut provider =
                self.fitted("CapacityProvider", object, &format!("the capacity provider `{}`", shown(&name)));
            take(&mut provider, "cluster");
            if let Some(mut own) = find(&provider, "autoScalingGroupProvider").cloned() {
                let arn = take(&mut own, "autoScalingGroupArn").or_else(|| take(&mut own, "autoScalingGroup"));
                let group = arn.as_ref().and_then(as_text).map(|arn| last_part(arn).to_owned()).unwrap_or_default();
                let at = arn.map_or(span, |arn| arn.span);
                super::services::lead(&mut own, vec![("autoScalingGroup", text(group, at))]);
                set(&mut provider, "autoScalingGroupProvider", own);
            }
            drop_empty_lists(&mut provider);
            self.providers.push(provider);
        }
    }

    /// Container instances as they were registered. Those of a group that is among the files are launched by it.
    pub(super) fn the_instances(&mut self, objects: Vec<Object>) {
        let providers: BTreeSet<String> =
            self.providers.iter().filter_map(|provider| find_text(provider, "name")).map(str::to_owned).collect();
        let mut launched = 0_usize;
        let mut first = None;
        for object in objects {
            let (node, span) = (&object.node, object.node.span);
            if find_text(node, "capacityProviderName").is_some_and(|name| providers.contains(name)) {
                launched += 1;
                first.get_or_insert(span);
                continue;
            }
            let attributes = elements(find(node, "attributes"));
            let attribute = |name: &str| {
                attributes.iter().find(|it| find_text(it, "name") == Some(name)).and_then(|it| find_text(it, "value"))
            };
            let id = find_text(node, "ec2InstanceId").map(str::to_owned);
            let arn = find_text(node, "containerInstanceArn").map(|arn| last_part(arn).to_owned());
            let name = id.clone().or(arn).unwrap_or_else(|| format!("instance-{}", self.container_instances.len() + 1));
            let mut instance = map([("name", text(name.clone(), span))], span);
            let known = attribute("ecs.instance-type").filter(|it| ecsim_catalog::Catalog::instance_type(it).is_some());
            match known {
                Some(known) => set(&mut instance, "instanceType", text(known, span)),
                None => {
                    let mut resources = map([], span);
                    for resource in elements(find(node, "registeredResources")) {
                        let key = match find_text(resource, "name") {
                            Some("CPU") => "cpu",
                            Some("MEMORY") => "memory",
                            _ => continue,
                        };
                        if let Some(value) = find(resource, "integerValue") {
                            set(&mut resources, key, value.clone());
                        }
                    }
                    set(&mut instance, "registeredResources", resources);
                }
            }
            if let Some(zone) = attribute("ecs.availability-zone") {
                set(&mut instance, "availabilityZone", text(zone, span));
            }
            let id = id.filter(|id| id.starts_with("i-"));
            if let Some(id) = id {
                set(&mut instance, "ec2InstanceId", text(id, span));
            }
            let own: Vec<Node> = attributes
                .iter()
                .filter(|it| {
                    find_text(it, "name")
                        .is_some_and(|name| !name.starts_with("ecs.") && !name.starts_with("com.amazonaws."))
                })
                .map(|it| (*it).clone())
                .collect();
            if !own.is_empty() {
                set(&mut instance, "attributes", list(own, span));
            }
            let os = attribute("ecs.os-family").filter(|os| *os != "LINUX").map(str::to_owned);
            if let Some(os) = os {
                set(&mut instance, "operatingSystem", text(os, span));
            }
            if find_text(node, "status") == Some("DRAINING") {
                let call =
                    map([("containerInstances", text(name.clone(), span)), ("status", text("DRAINING", span))], span);
                self.timeline.push(map([("at", text("0s", span)), ("updateContainerInstancesState", call)], span));
            }
            let of = format!("the container instance `{}`", shown(&name));
            let instance =
                super::super::fit::fit("ContainerInstances", instance, object.dialect, &of, &mut self.import.findings);
            for key in ["remainingResources", "versionInfo", "registeredAt", "agentConnected"] {
                if find(node, key).is_some() {
                    self.import.findings.answer(key);
                }
            }
            self.container_instances.push(instance);
        }
        if launched > 0 {
            let what = if launched == 1 { "1 instance".to_owned() } else { format!("{launched} instances") };
            let message = format!("{what} of capacity providers: their groups launch new ones, as many as they want");
            self.findings().note(message, first);
        }
    }
}

/// Replaces the value at the end of a way of keys that is there.
fn replace(node: &mut Node, way: &[&str], value: Node) {
    let mut here = node;
    for key in &way[..way.len() - 1] {
        let NodeKind::Map(map) = &mut here.kind else { return };
        let Some(next) = map.get_mut(key) else { return };
        here = next;
    }
    set(here, way[way.len() - 1], value);
}

/// A group of which nothing is known, with instances of a type.
pub(in crate::import) fn stand_in_group(name: &str, instance_type: &str, desired: u64, span: Span) -> Node {
    map(
        [
            ("autoScalingGroupName", text(name, span)),
            ("minSize", number(0, span)),
            ("maxSize", number(desired.max(10), span)),
            ("desiredCapacity", number(desired, span)),
            ("launchTemplate", map([("instanceType", text(instance_type, span))], span)),
        ],
        span,
    )
}
