//! Which instance types a launch template or a mixed instances policy means, in what order, and whether as Spot.

use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;

use super::super::{Context, did_you_mean};
use super::requirements::Wanted;

/// Size of an instance's volume in GiB where nothing says one, as in the ECS-optimized image.
const VOLUME_GIB: u32 = 30;

/// A launch template: each part with the place that says it.
#[derive(Clone)]
struct Template<'a> {
    instance_type: Option<(&'a str, Locator<'a>)>,
    requirements: Option<(&'a aws::InstanceRequirements, Locator<'a>)>,
    market: Option<(&'a aws::InstanceMarketOptions, Locator<'a>)>,
    volumes: &'a [aws::BlockDeviceMapping],
}

/// An instance type that may be launched.
pub(super) struct TypeChoice<'a> {
    /// Its name.
    pub(super) name: String,
    /// The map whose `instanceType` names it, or whose requirements led to it.
    pub(super) at: Locator<'a>,
    /// Whether it was derived from requirements.
    pub(super) derived: bool,
    /// Size of its volumes in GiB.
    pub(super) volume_gib: u32,
}

/// What a group launches.
#[derive(Default)]
pub(super) struct Launches<'a> {
    /// The types, the first one first.
    pub(super) types: Vec<TypeChoice<'a>>,
    /// Whether the template says that all are Spot.
    pub(super) spot: bool,
    /// The most to pay for Spot, in billionths of a dollar an hour.
    pub(super) spot_max_price: Option<u64>,
    /// Whether types were chosen by requirements.
    pub(super) by_requirements: bool,
}

/// The number of the latest version.
fn latest_version(known: &aws::LaunchTemplate) -> u32 {
    u32::try_from(known.versions.len()).unwrap_or(u32::MAX).saturating_add(1)
}

/// The number that AWS gives the first version that stands in the scenario.
fn first_version(known: &aws::LaunchTemplate) -> u32 {
    known.version_number.unwrap_or(1).max(1)
}

/// A version in the order of the scenario, from 1; 0 where it stands before the first.
fn counted(known: &aws::LaunchTemplate, number: u32) -> u32 {
    (number.saturating_add(1)).saturating_sub(first_version(known))
}

/// The version that is meant, counted from 1; 0 where there is none of that name.
fn version_of(spec: &aws::LaunchTemplateSpecification, known: &aws::LaunchTemplate) -> u32 {
    match spec.version.as_ref().map(|version| version.as_str()) {
        None | Some("$Default") => known.default_version_number.map_or(1, |number| counted(known, number)),
        Some("$Latest") => latest_version(known),
        Some(text) => text.parse().map_or(0, |number| counted(known, number)),
    }
}

impl<'a> Context<'a> {
    /// What a group or an update of it launches; `None` and a complaint where that cannot be.
    pub(super) fn launches(
        &mut self,
        template: Option<&'a aws::LaunchTemplateSpecification>,
        mixed: Option<&'a aws::MixedInstancesPolicy>,
        at: &Locator<'a>,
    ) -> Option<Launches<'a>> {
        match (template, mixed) {
            (Some(_), Some(_)) => {
                let place = at.clone().key("mixedInstancesPolicy");
                let help = Some("keep one of the two".into());
                self.error(&place, "E391", "both `launchTemplate` and `mixedInstancesPolicy`", help);
                None
            }
            (None, None) => {
                let help = Some("for example launchTemplate: {instanceType: m6i.large}".into());
                self.error(at, "E391", "nothing says what its instances are", help);
                None
            }
            (Some(template), None) => {
                let place = at.clone().key("launchTemplate");
                let template = self.template(template, &place)?;
                self.of_template(&template, &place)
            }
            (None, Some(mixed)) => self.of_policy(mixed, &at.clone().key("mixedInstancesPolicy")),
        }
    }

    fn of_template(&mut self, template: &Template<'a>, at: &Locator<'a>) -> Option<Launches<'a>> {
        let (spot, spot_max_price) = self.market(template);
        let volume_gib = self.volume_gib(template.volumes);
        let mut launches = Launches { spot, spot_max_price, ..Launches::default() };
        match (&template.instance_type, &template.requirements) {
            (Some(_), Some((_, place))) => {
                let help = Some("keep one of the two".into());
                self.error(place, "E391", "both `instanceType` and `instanceRequirements`", help);
                return None;
            }
            (None, None) => {
                let help = Some("for example {instanceType: m6i.large}".into());
                self.error(at, "E391", "the launch template names no instance type", help);
                return None;
            }
            (Some((name, place)), None) => {
                let (name, at) = ((*name).to_owned(), place.clone());
                launches.types.push(TypeChoice { name, at, derived: false, volume_gib });
            }
            (None, Some((requirements, place))) => {
                launches.by_requirements = true;
                let wanted = if spot { Wanted::Spot } else { Wanted::OnDemand };
                launches.types = self.matching(requirements, wanted, volume_gib, place)?;
            }
        }
        Some(launches)
    }

    fn of_policy(&mut self, given: &'a aws::MixedInstancesPolicy, at: &Locator<'a>) -> Option<Launches<'a>> {
        let place = at.clone().key("launchTemplate");
        let template = match &given.launch_template.launch_template_specification {
            Some(spec) => Some(self.template(spec, &place.clone().key("launchTemplateSpecification"))?),
            None => None,
        };
        if let Some((market, place)) = template.as_ref().and_then(|template| template.market.clone())
            && market.market_type == Some(aws::MarketType::Spot)
        {
            let message = "a mixed instances policy cannot be used with a launch template that asks for Spot instances";
            let help = "leave `instanceMarketOptions` out; say with instancesDistribution how many are Spot (ASG-009)";
            self.error(&place, "E391", message, Some(help.into()));
        }
        let distribution = &given.instances_distribution;
        let wanted = Wanted::Mixed;
        let own_volumes = template.as_ref().map_or(&[][..], |template| template.volumes);
        let mut launches = Launches {
            spot_max_price: distribution.spot_max_price.map(crate::schema::Usd::nanos),
            ..Launches::default()
        };
        if given.launch_template.overrides.is_empty() {
            let Some(template) = &template else {
                let help = Some("for example overrides: [{instanceType: m6i.large}, {instanceType: m5.large}]".into());
                self.error(&place, "E391", "neither a launch template nor overrides", help);
                return None;
            };
            let of_template = self.of_template(template, &place)?;
            return Some(Launches {
                spot: false,
                spot_max_price: launches.spot_max_price.or(of_template.spot_max_price),
                ..of_template
            });
        }
        let before = self.diagnostics.errors();
        for (index, change) in given.launch_template.overrides.iter().enumerate() {
            let place = place.clone().key("overrides").index(index);
            let own = match &change.launch_template_specification {
                Some(spec) => self.template(spec, &place.clone().key("launchTemplateSpecification")),
                None => None,
            };
            let volumes = own.as_ref().map(|own| own.volumes).filter(|volumes| !volumes.is_empty());
            let volume_gib = self.volume_gib(volumes.unwrap_or(own_volumes));
            match (&change.instance_type, &change.instance_requirements) {
                (Some(_), Some(_)) => {
                    let help = Some("keep one of the two".into());
                    self.error(&place, "E391", "both `instanceType` and `instanceRequirements`", help);
                }
                (Some(name), None) => {
                    if launches.types.iter().any(|known| known.name == *name) {
                        let message = format!("`{}` is listed twice", shown(name));
                        self.error(&place.clone().key("instanceType"), "E391", message, None);
                        continue;
                    }
                    let (name, at) = (name.clone(), place);
                    launches.types.push(TypeChoice { name, at, derived: false, volume_gib });
                }
                (None, Some(requirements)) => {
                    launches.by_requirements = true;
                    let place = place.key("instanceRequirements");
                    let found = self.matching(requirements, wanted, volume_gib, &place).unwrap_or_default();
                    launches.types.extend(found);
                }
                (None, None) => {
                    let inherited = own.or_else(|| template.clone());
                    let Some((name, at)) = inherited.and_then(|inherited| inherited.instance_type) else {
                        let help = Some("for example {instanceType: m6i.large}".into());
                        self.error(&place, "E391", "an override that names no instance type", help);
                        continue;
                    };
                    launches.types.push(TypeChoice { name: name.to_owned(), at, derived: false, volume_gib });
                }
            }
        }
        if launches.by_requirements && given.launch_template.overrides.len() > 1 {
            let message = "requirements cannot be mixed with other overrides";
            self.error(&place.key("overrides"), "E391", message, Some("write one set of requirements".into()));
        }
        (self.diagnostics.errors() == before).then_some(launches)
    }

    /// Spot or not, and for how much.
    fn market(&mut self, template: &Template<'a>) -> (bool, Option<u64>) {
        let Some((market, place)) = &template.market else { return (false, None) };
        match market.market_type {
            None => (false, None),
            Some(aws::MarketType::Spot) => {
                let options = market.spot_options.as_ref();
                (true, options.and_then(|options| options.max_price).map(crate::schema::Usd::nanos))
            }
            Some(aws::MarketType::CapacityBlock | aws::MarketType::InterruptibleCapacityReservation) => {
                let message = "this version does not simulate reservations: the instances are on-demand";
                self.warning(&place.clone().key("marketType"), "W360", message, None);
                (false, None)
            }
        }
    }

    /// The size of all volumes together: what an instance pays for.
    fn volume_gib(&self, volumes: &[aws::BlockDeviceMapping]) -> u32 {
        let default = self.scenario.pricing.ebs.volume_size_gib.unwrap_or(VOLUME_GIB);
        let sizes = volumes.iter().filter_map(|mapping| mapping.ebs.as_ref());
        let sizes: Vec<u32> = sizes.map(|ebs| ebs.volume_size.unwrap_or(default)).collect();
        if sizes.is_empty() { default } else { sizes.into_iter().fold(0, u32::saturating_add) }
    }

    /// The entry of `launchTemplates` by name or id.
    fn launch_template(&self, name: &str) -> Option<usize> {
        self.scenario
            .launch_templates
            .iter()
            .position(|known| known.launch_template_name == name || known.launch_template_id.as_deref() == Some(name))
    }

    /// The entry of `launchTemplates` and the version that is meant; `None` where it is described in place.
    pub(super) fn named_version(&self, spec: &aws::LaunchTemplateSpecification) -> Option<(usize, u32)> {
        let index = self.launch_template(spec.entry()?)?;
        Some((index, version_of(spec, &self.scenario.launch_templates[index])))
    }

    /// A launch template by name, or what stands in its place.
    fn template(&mut self, spec: &'a aws::LaunchTemplateSpecification, at: &Locator<'a>) -> Option<Template<'a>> {
        let in_place = spec.instance_type.is_some()
            || spec.instance_requirements.is_some()
            || spec.instance_market_options.is_some()
            || !spec.block_device_mappings.is_empty();
        let Some(name) = spec.entry() else {
            return Some(Template {
                instance_type: spec.instance_type.as_deref().map(|name| (name, at.clone())),
                requirements: spec
                    .instance_requirements
                    .as_ref()
                    .map(|requirements| (requirements, at.clone().key("instanceRequirements"))),
                market: spec
                    .instance_market_options
                    .as_ref()
                    .map(|market| (market, at.clone().key("instanceMarketOptions"))),
                volumes: &spec.block_device_mappings,
            });
        };
        if in_place {
            let help = Some("describe the instances under `launchTemplates`, or leave the name out".into());
            self.error(at, "E391", "a launch template that is named and described in place", help);
            return None;
        }
        let scenario = self.scenario;
        let Some(index) = self.launch_template(name) else {
            let key = if spec.launch_template_name.is_some() { "launchTemplateName" } else { "launchTemplateId" };
            let known: Vec<&str> =
                scenario.launch_templates.iter().map(|known| known.launch_template_name.as_str()).collect();
            let help = did_you_mean(name, &known).unwrap_or_else(|| {
                "describe it under `launchTemplates:`, or in place: launchTemplate: {instanceType: m6i.large}"
                    .to_owned()
            });
            let message = format!("unknown launch template `{}`", shown(name));
            self.error(&at.clone().key(key), "E301", message, Some(help));
            return None;
        };
        let known = &scenario.launch_templates[index];
        let latest = latest_version(known);
        let version = version_of(spec, known);
        if version == 0 || version > latest {
            let message = format!("launch template `{}` has no such version", shown(name));
            let place = if spec.version.is_some() { at.clone().key("version") } else { at.clone() };
            let first = first_version(known);
            let last = latest.saturating_add(first - 1);
            self.error(&place, "E301", message, Some(format!("versions: {first} to {last}, $Default or $Latest")));
            return None;
        }
        self.version(known, version, &self.at("launchTemplates").index(index))
    }

    /// A version of a launch template; what it does not say comes from its source version.
    fn version(&mut self, known: &'a aws::LaunchTemplate, number: u32, at: &Locator<'a>) -> Option<Template<'a>> {
        let of = |data: &'a aws::LaunchTemplateData, place: &Locator<'a>| Template {
            instance_type: data.instance_type.as_deref().map(|name| (name, place.clone())),
            requirements: data
                .instance_requirements
                .as_ref()
                .map(|requirements| (requirements, place.clone().key("instanceRequirements"))),
            market: data
                .instance_market_options
                .as_ref()
                .map(|market| (market, place.clone().key("instanceMarketOptions"))),
            volumes: &data.block_device_mappings,
        };
        let Some(later) = number.checked_sub(2) else {
            return Some(of(&known.launch_template_data, &at.clone().key("launchTemplateData")));
        };
        let index = later as usize;
        let version = known.versions.get(index)?;
        let place = at.clone().key("versions").index(index);
        let own = of(&version.launch_template_data, &place.clone().key("launchTemplateData"));
        let Some(source) = &version.source_version else { return Some(own) };
        let source = match source.as_str().parse::<u32>().map(|source| counted(known, source)) {
            Ok(source) if 0 < source && source < number => source,
            _ => {
                let message = format!("`{}` is no earlier version", shown(source.as_str()));
                self.error(&place.key("sourceVersion"), "E391", message, Some("write a number from 1".into()));
                return None;
            }
        };
        let base = self.version(known, source, at)?;
        let retyped = own.instance_type.is_some() || own.requirements.is_some();
        Some(Template {
            instance_type: if retyped { own.instance_type } else { base.instance_type },
            requirements: if retyped { own.requirements } else { base.requirements },
            market: own.market.or(base.market),
            volumes: if own.volumes.is_empty() { base.volumes } else { own.volumes },
        })
    }
}
