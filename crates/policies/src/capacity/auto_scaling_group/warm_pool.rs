//! How many instances a warm pool keeps ready, and how a launch uses them (ASG-041).
//!
//! *What AWS documents.* The size is what is missing from the prepared capacity, or from the maximum of the group, but at
//! least `MinSize`; scale-out takes warm instances first and launches the rest.

/// The settings of a warm pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WarmPool {
    /// `MaxGroupPreparedCapacity`: instances in the group and in the pool together; `None` is the maximum of the group.
    pub max_group_prepared_capacity: Option<u32>,
    /// `MinSize` of the pool.
    pub min_size: u32,
}

impl WarmPool {
    /// How many instances the pool shall have.
    #[must_use]
    pub fn size(self, desired: u32, max: u32) -> u32 {
        self.max_group_prepared_capacity.unwrap_or(max).saturating_sub(desired).max(self.min_size)
    }
}

/// From where the instances of a scale-out come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleOutSources {
    /// From the warm pool.
    pub warm: u32,
    /// Launched anew.
    pub cold: u32,
}

/// Warm instances first.
#[must_use]
pub fn sources(instances: u32, ready: u32) -> ScaleOutSources {
    let warm = instances.min(ready);
    ScaleOutSources { warm, cold: instances - warm }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ex_a19_warm_pool_size() {
        let pool = |prepared, min_size| WarmPool { max_group_prepared_capacity: prepared, min_size };
        assert_eq!(pool(None, 0).size(6, 10), 4);
        assert_eq!(pool(Some(8), 0).size(6, 10), 2);
        assert_eq!(pool(Some(8), 0).size(9, 10), 0);
        assert_eq!(pool(Some(8), 1).size(9, 10), 1);
    }

    #[test]
    fn asg_041_warm_ones_first() {
        assert_eq!(sources(5, 3), ScaleOutSources { warm: 3, cold: 2 });
        assert_eq!(sources(2, 3), ScaleOutSources { warm: 2, cold: 0 });
        assert_eq!(WarmPool::default().size(12, 10), 0);
    }
}
