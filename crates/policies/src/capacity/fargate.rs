//! How fast Fargate starts tasks, and when it retires them (CP-024, SVC-071, FGT-006).
//!
//! *What AWS documents.* A bucket of 100 tokens and 20 a second in the large Regions, 25 and 5 in the others, for
//! on-demand and Spot each (CP-024); notice of a retirement 0, 7 or 14 days ahead (FGT-006).
//!
//! *What we left out.* Sizes: they are data of the catalogue. Quotas of vCPUs (FGT-010): a sum, kept by whoever counts.
//!
//! *How we know it is right.* SX-030, as far as no service and its own limit is concerned.

use ecsim_kernel::{SimTime, Span};

use crate::settings::Bucket;

/// The launch rate in the sixteen large Regions, for on-demand and for Spot each.
pub const LARGE_REGION: Bucket = Bucket { capacity: 100, refill_per_second: 20 };
/// The launch rate in all other Regions.
pub const SMALL_REGION: Bucket = Bucket { capacity: 25, refill_per_second: 5 };

/// `fargateTaskRetirementWaitPeriod` (FGT-006).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetirementWait {
    /// At once.
    None,
    /// Seven days.
    #[default]
    Week,
    /// Fourteen days.
    Fortnight,
}

impl RetirementWait {
    /// From the value of the account setting: 0, 7 or 14.
    #[must_use]
    pub const fn from_days(days: u32) -> Option<Self> {
        match days {
            0 => Some(Self::None),
            7 => Some(Self::Week),
            14 => Some(Self::Fortnight),
            _ => None,
        }
    }

    /// When the tasks go of which notice was given at that instant.
    #[must_use]
    pub fn retires_at(self, notice: SimTime) -> SimTime {
        notice
            + match self {
                Self::None => Span::ZERO,
                Self::Week => Span::from_days(7),
                Self::Fortnight => Span::from_days(14),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::launch_bucket::TokenBucket;

    // proves: SVC-071
    #[test]
    fn sx_030_run_task() {
        let mut bucket = TokenBucket::default();
        let times: Vec<u64> = (0..1_000).map(|_| bucket.take(SimTime::ZERO, LARGE_REGION).ms()).collect();
        assert_eq!((times[99], times[100], times[499], times[999]), (0, 50, 20_000, 45_000));
    }

    #[test]
    fn cp_024_small_regions() {
        let mut bucket = TokenBucket::default();
        let times: Vec<u64> = (0..130).map(|_| bucket.take(SimTime::ZERO, SMALL_REGION).ms()).collect();
        assert_eq!((times[24], times[25], times[129]), (0, 200, 21_000));
    }

    #[test]
    fn cp_024_spot_has_a_bucket_of_its_own() {
        let mut buckets = [TokenBucket::default(); 2];
        (0..100).for_each(|_| {
            buckets[0].take(SimTime::ZERO, LARGE_REGION);
        });
        let tokens = buckets.map(|bucket| bucket.tokens(SimTime::ZERO, LARGE_REGION));
        assert_eq!(tokens, [0, 100]);
    }

    #[test]
    fn fgt_006_notice() {
        let days = |wait: RetirementWait| wait.retires_at(SimTime::from_ms(5)).ms();
        assert_eq!(days(RetirementWait::default()), 7 * 86_400_000 + 5);
        assert_eq!(
            [0, 7, 14].map(|it| RetirementWait::from_days(it).map(days)),
            [Some(5), Some(604_800_005), Some(1_209_600_005)]
        );
        assert_eq!(RetirementWait::from_days(8), None);
    }
}
