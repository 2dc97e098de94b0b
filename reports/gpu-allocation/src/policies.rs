//! How an instance is chosen: two schedulers of the published experiment, and the strategies of ECS.

use std::sync::Arc;

use ecsim::policies::placement::Request;
use ecsim::policies::placement::strategies::{BinpackResource, Candidate, CustomStrategy, SpreadField, Strategy};

/// A choice of an instance, and of a GPU device on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// The published Random: any node with room, any device with room.
    Random,
    /// The published BestFit, and the device with the least left.
    BestFit,
    /// `random` of ECS; a share goes to the device with the least left.
    EcsRandom,
    /// `binpack(cpu)`.
    BinpackCpu,
    /// `binpack(memory)`.
    BinpackMemory,
    /// `spread(instanceId)`.
    Spread,
}

impl Policy {
    /// The two that have been published.
    pub const PUBLISHED: [Self; 2] = [Self::Random, Self::BestFit];
    /// The strategies of ECS.
    pub const ECS: [Self; 4] = [Self::BinpackCpu, Self::BinpackMemory, Self::Spread, Self::EcsRandom];

    /// Its name in tables; for the published ones, that of the published tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "Random",
            Self::BestFit => "BestFit",
            Self::EcsRandom => "random",
            Self::BinpackCpu => "binpack:cpu",
            Self::BinpackMemory => "binpack:memory",
            Self::Spread => "spread:instanceId",
        }
    }

    /// Which device a share gets: the setting `gpu_sharing`.
    #[must_use]
    pub const fn device(self) -> &'static str {
        match self {
            Self::Random => "random",
            _ => "best",
        }
    }

    /// The chain of strategies.
    #[must_use]
    pub fn strategies(self) -> Vec<Strategy> {
        vec![match self {
            Self::Random | Self::EcsRandom => Strategy::Random,
            Self::BestFit => Strategy::Custom(Arc::new(BestFit)),
            Self::BinpackCpu => Strategy::Binpack(BinpackResource::Cpu),
            Self::BinpackMemory => Strategy::Binpack(BinpackResource::Memory),
            Self::Spread => Strategy::Spread(SpreadField::Instance),
        }]
    }
}

/// CPU units of the largest node of the trace, 128 cores.
const MOST_CPU: u64 = 131_072;
/// Thousandths of GPUs of the largest node.
const MOST_GPU: u64 = 8_000;

/// The node on which the least is left of CPU and GPU together, each as a part of what the largest node has, weighed alike.
///
/// The published program gives a score of 0 to 100 and cuts its fraction off. Nodes within one point are equals, and one of
/// them is drawn. So is the key here: the points that are left, a fraction counting as one.
#[derive(Debug)]
pub struct BestFit;

impl CustomStrategy for BestFit {
    fn name(&self) -> &str {
        "best-fit"
    }

    fn key(&self, candidate: &Candidate<'_>, request: &Request<'_>) -> u64 {
        let need = request.requirements.on(candidate.instance.registered);
        // Whole GPUs, where tasks do not share, weigh as much as their thousandths.
        let parts = if candidate.instance.gpu_left.is_empty() { 1_000 } else { 1 };
        let cpu = u64::from(candidate.remaining.cpu.saturating_sub(need.cpu));
        let gpu = u64::from(candidate.remaining.gpus.saturating_sub(need.gpus)) * parts;
        // 100 * (0.5 * cpu / MOST_CPU + 0.5 * gpu / MOST_GPU), rounded up.
        (50 * (cpu * MOST_GPU + gpu * MOST_CPU)).div_ceil(MOST_CPU * MOST_GPU)
    }
}
