//! Step 4 of placement: of equals, one (PLC-022), and the subnet of its network interface (PLC-007).

use ecsim_cluster::{Cluster, InstanceId, SubnetId, ZoneId};
use ecsim_kernel::Stream;

/// How ties are broken that the strategies leave (PLC-022).
#[derive(Debug)]
pub enum Ties<'a> {
    /// The instance registered first, then the smallest id.
    Fixed,
    /// Uniformly, from this stream.
    Random(&'a mut Stream),
}

/// One of the tied instances (PLC-022); `None` where there is none.
#[must_use]
pub fn one(cluster: &Cluster, tied: &[InstanceId], ties: Ties<'_>) -> Option<InstanceId> {
    match ties {
        _ if tied.is_empty() => None,
        Ties::Fixed => tied.iter().copied().min_by_key(|instance| cluster.instances()[*instance].ordinal()),
        Ties::Random(stream) => {
            let at = stream.below(tied.len() as u64);
            usize::try_from(at).ok().and_then(|at| tied.get(at)).copied()
        }
    }
}

/// The subnet in which an `awsvpc` task placed in `zone` gets its network interface: one of those listed that lie in
/// the zone and have a free address (PLC-007). Without random ties it is the first listed.
///
/// `None` where no subnet is listed, or none of them has an address left.
#[must_use]
pub fn subnet(cluster: &Cluster, subnets: &[SubnetId], zone: ZoneId, ties: Ties<'_>) -> Option<SubnetId> {
    let definitions = cluster.definitions();
    let mut usable = subnets
        .iter()
        .copied()
        .filter(|subnet| definitions.subnets[*subnet].zone == zone && cluster.free_addresses(*subnet) > 0);
    match ties {
        Ties::Fixed => usable.next(),
        Ties::Random(stream) => {
            let count = usable.clone().count();
            if count == 0 {
                return None;
            }
            let at = stream.below(count as u64);
            usable.nth(usize::try_from(at).ok()?)
        }
    }
}
