//! No policy takes a capacity out of its bounds (ASG-001).

/// The minimum and the maximum of a capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl Bounds {
    /// The nearest capacity inside; the maximum wins if the bounds contradict each other.
    #[must_use]
    pub const fn clamp(self, capacity: u64) -> u64 {
        let raised = if capacity < self.min { self.min } else { capacity };
        if raised > self.max { self.max } else { raised }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: ASG-001
    #[test]
    fn ex_a17_clamping() {
        assert_eq!(Bounds { min: 0, max: 3 }.clamp(2 + 3), 3);
        assert_eq!(Bounds { min: 2, max: 9 }.clamp(3 - 2), 2);
        assert_eq!(Bounds { min: 2, max: 9 }.clamp(5), 5);
        assert_eq!(Bounds { min: 5, max: 3 }.clamp(4), 3);
    }
}
