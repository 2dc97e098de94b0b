//! One placement and the upkeep it causes, in a cluster in its steady state: a task stops somewhere, another starts.
//!
//! The cluster has three sizes of instances in three zones. A third of it is taken by tasks of other groups, placed at
//! random; then the chain that is measured fills it up, so that it finds the cluster as it would have left it.

use core::hash::Hash as _;

use ecsim_cluster::definitions::LaunchType;
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{Cluster, Fact, InstanceId, InstanceStatus, Resources, SourceId, StopReason, TaskId, TaskStatus};
use ecsim_engine::Model;
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Arrivals, WhenUnplaced};
use ecsim_kernel::{Digest, Key, Purpose, SimTime, Stream, Streams};
use ecsim_policies::View;
use ecsim_policies::placement::{PlacementIndex, Request, Ties, reference};
use ecsim_policies::settings::TieBreak;

/// A chain of strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// `binpack(memory)`
    Binpack,
    /// `spread(attribute:ecs.availability-zone)`, then `binpack(memory)`
    SpreadZoneBinpack,
    /// `spread(instanceId)`
    SpreadInstance,
    /// `random`
    Random,
}

impl Chain {
    /// All that are measured.
    pub const ALL: [Self; 4] = [Self::Binpack, Self::SpreadZoneBinpack, Self::SpreadInstance, Self::Random];

    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binpack => "binpack",
            Self::SpreadZoneBinpack => "spread-zone-binpack",
            Self::SpreadInstance => "spread-instance",
            Self::Random => "random",
        }
    }

    const fn strategies(self) -> &'static [&'static str] {
        match self {
            Self::Binpack => &["binpack(memory)"],
            Self::SpreadZoneBinpack => &["spread(attribute:ecs.availability-zone)", "binpack(memory)"],
            Self::SpreadInstance => &["spread(instanceId)"],
            Self::Random => &["random"],
        }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The strategies.
    pub chain: Chain,
    /// Whether only half of the instances satisfy a `memberOf`.
    pub member_of: bool,
    /// Whether the cluster is so full that nothing fits but where a task has just stopped; else two thirds are taken.
    pub nearly_full: bool,
}

impl Case {
    /// Every chain, with and without a constraint, in a cluster with room and in one without.
    pub fn all() -> impl Iterator<Item = Self> {
        Chain::ALL.into_iter().flat_map(|chain| {
            [(false, false), (true, false), (false, true), (true, true)].map(|(member_of, nearly_full)| Self {
                chain,
                member_of,
                nearly_full,
            })
        })
    }

    /// Such as `binpack memberOf full`.
    #[must_use]
    pub fn name(self) -> String {
        let mut name = self.chain.name().to_owned();
        if self.member_of {
            name += " memberOf";
        }
        if self.nearly_full {
            name += " full";
        }
        name
    }
}

/// Who is asked for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The index, with random ties, which are the default of ecsim.
    Index,
    /// The index, with fixed ties.
    IndexWithFixedTies,
    /// The definition, with fixed ties: it must say the same.
    Definition,
}

/// Asked for by nobody else: the streams of this bench.
const TIE: Purpose = Purpose(1);
const LUCK: Purpose = Purpose(2);

/// The tasks, by their sources: what fills the cluster beforehand, and the two sizes that come and go.
const BACKGROUND: SourceId = SourceId::new(0);
const SMALL: SourceId = SourceId::new(1);
const LARGE: SourceId = SourceId::new(2);

/// A cluster in which tasks come and go.
#[derive(Clone, Debug)]
pub struct Steady {
    model: Model,
    cluster: Cluster,
    index: PlacementIndex,
    streams: Streams,
    luck: Stream,
    /// The tasks that come and go, in no particular order.
    live: Vec<(TaskId, SourceId)>,
    ordinal: u32,
    now: SimTime,
    asked: Asked,
    /// Of every choice, in order.
    digest: Digest,
}

fn model(instances: u32, case: Case) -> Model {
    let mut builder = Builder::new();
    builder.settings.placement_tie_break = TieBreak::Random;
    let sizes = [("c5.xlarge", 4_096, 7_680), ("m5.xlarge", 4_096, 15_900), ("m5.4xlarge", 16_384, 63_600)];
    let shapes = sizes.map(|(name, cpu, memory)| builder.shape(name, Resources { cpu, memory, gpus: 0, enis: 3 }));
    let kinds = 2 * 3 * shapes.len() as u32;
    let mut kind = 0;
    for shape in shapes {
        for zone in ["us-east-1a", "us-east-1b", "us-east-1c"] {
            for pool in ["a", "b"] {
                let count = instances / kinds + u32::from(kind < instances % kinds);
                let name = format!("i{kind}");
                builder.instances_with(&name, shape, zone, count, &[("pool", Some(pool))]);
                kind += 1;
            }
        }
    }
    let constraints: &[&str] = if case.member_of { &["attribute:pool == a"] } else { &[] };
    let background = builder.rules(&["random"], &[]);
    let measured = builder.rules(case.chain.strategies(), constraints);
    for (name, cpu, memory, placement) in
        [("background", 768, 2_000, background), ("small", 512, 900, measured), ("large", 1_024, 3_000, measured)]
    {
        let definition = builder.task_definition(name, Builder::needs(cpu, memory));
        builder.source(name, definition, placement, Arrivals::Never, Some(constant(60.0)), WhenUnplaced::Drop);
    }
    builder.build()
}

impl Steady {
    /// A cluster of so many instances that is as full as the case wants it.
    #[must_use]
    pub fn new(instances: u32, case: Case) -> Self {
        Self::asking(Asked::Index, instances, case)
    }

    /// The same, where somebody else may be asked than the index with random ties.
    #[must_use]
    pub fn asking(asked: Asked, instances: u32, case: Case) -> Self {
        let model = model(instances, case);
        let cluster = Cluster::new(model.definitions.clone());
        let streams = Streams::new(1, 0);
        let mut steady = Self {
            index: PlacementIndex::new(&cluster),
            luck: streams.stream(LUCK, Key::new("placement", 0)),
            cluster,
            model,
            streams,
            live: Vec::new(),
            ordinal: 0,
            now: SimTime::ZERO,
            asked,
            digest: Digest::new(),
        };
        for instance in steady.model.definitions.clone().instances.ids() {
            steady.take_in(&Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
        }
        let total = steady.cluster.totals().registered.cpu;
        while steady.cluster.totals().reserved.cpu < total / 3 && steady.place(BACKGROUND).is_some() {}
        // With a constraint only half of the cluster can be filled.
        let wanted = if case.member_of { total / 2 } else { total * 2 / 3 };
        while case.nearly_full || steady.cluster.totals().reserved.cpu < wanted {
            let source = if steady.live.len() % 3 == 2 { LARGE } else { SMALL };
            if steady.start(source).is_none() {
                break;
            }
        }
        while case.nearly_full && (steady.start(LARGE).is_some() || steady.start(SMALL).is_some()) {}
        steady
    }

    fn take_in(&mut self, fact: &Fact) {
        self.cluster.apply(self.now, fact);
        self.index.observe(&self.cluster, fact);
    }

    /// One placement, and its fact.
    fn place(&mut self, source: SourceId) -> Option<TaskId> {
        let template = &self.model.sources[source].template;
        let request = Request {
            definition: template.definition,
            requirements: template.requirements,
            group: template.group,
            placement: template.placement,
            launch_type: LaunchType::Ec2,
            provider: None,
            subnets: &[],
            zone: None,
            is_daemon: false,
        };
        let view = View {
            now: self.now,
            cluster: &self.cluster,
            placements: &self.model.placements,
            capacity: &self.model.capacity,
            settings: &self.model.settings,
            streams: &self.streams,
        };
        let ordinal = self.ordinal;
        self.ordinal += 1;
        let chosen = match self.asked {
            Asked::Index => {
                let mut stream = self.streams.stream(TIE, Key::new("placement", u64::from(ordinal)));
                self.index.choose(&view, &request, Ties::Random(&mut stream))
            }
            Asked::IndexWithFixedTies => self.index.choose(&view, &request, Ties::Fixed),
            Asked::Definition => reference::choose(&view, &request, Ties::Fixed),
        };
        chosen.map(InstanceId::get).hash(&mut self.digest);
        let (instance, task) = (chosen?, self.cluster.tasks().next_id());
        let fact = Fact::TaskCreated {
            task,
            definition: request.definition,
            group: request.group,
            origin: TaskOrigin::Source { source, ordinal },
            placement: request.placement,
            launch_type: request.launch_type,
            provider: None,
            instance: Some(instance),
            zone: None,
            requirements: request.requirements,
            subnet: None,
        };
        self.take_in(&fact);
        // The agent takes it at once: no queue grows on any host.
        self.take_in(&Fact::TaskAdmitted { task });
        Some(task)
    }

    fn start(&mut self, source: SourceId) -> Option<TaskId> {
        let task = self.place(source)?;
        self.live.push((task, source));
        Some(task)
    }

    /// Some task stops, and another of its size is placed: what a cluster does that neither grows nor shrinks.
    ///
    /// # Panics
    /// Where there is no room for the new one: there is, where the old one was.
    pub fn step(&mut self) {
        self.now = SimTime::from_ms(self.now.ms() + 1);
        let at = self.luck.below(self.live.len() as u64);
        let (task, source) = self.live.swap_remove(at as usize);
        self.take_in(&Fact::TaskStopRequested { task, reason: StopReason::EssentialContainerExited });
        self.take_in(&Fact::TaskExecutionStopped { task });
        self.take_in(&Fact::TaskStatusChanged { task, to: TaskStatus::Stopped });
        assert!(self.start(source).is_some(), "there is room where a task of this size has just stopped");
    }

    /// So many of them.
    pub fn steps(&mut self, count: u64) {
        for _ in 0..count {
            self.step();
        }
    }

    /// The digest of all choices so far.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

/// Fills a cluster and lets 2,000 tasks come and go.
#[must_use]
pub fn placement(instances: u32, case: Case) -> Digest {
    let mut steady = Steady::new(instances, case);
    steady.steps(2_000);
    steady.digest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins;

    #[test]
    fn small_versions_choose_what_they_did() {
        for case in Case::all() {
            pins::check(&pins::placement(case, 100), placement(100, case));
        }
    }

    #[test]
    fn the_index_chooses_what_the_definition_does() {
        for case in Case::all() {
            let digests = [Asked::IndexWithFixedTies, Asked::Definition].map(|asked| {
                let mut steady = Steady::asking(asked, 60, case);
                steady.steps(300);
                steady.digest().hex()
            });
            assert_eq!(digests[0], digests[1], "{}", case.name());
        }
    }
}
