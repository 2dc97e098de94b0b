//! A token bucket that never rounds: so many at once, then so many a second (SVC-071, CP-024).
//!
//! *What it does.* Grants tokens first come, first served, each at the first instant at which one is there. The state is
//! when the bucket would be full again, in milliseconds times tokens a second, which is exact for any rate.
//!
//! *How we know it is right.* SX-030, and a comparison with the definition.

use ecsim_kernel::SimTime;

use crate::settings::Bucket;

const TOKEN: u128 = 1_000;

/// The state of a token bucket, full at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenBucket {
    full_at: u128,
}

impl TokenBucket {
    /// The first instant, from `now` on, at which one more token is there. A capacity or a rate of 0 counts as 1.
    #[must_use]
    pub fn next_at(&self, now: SimTime, bucket: Bucket) -> SimTime {
        let rate = u128::from(bucket.refill_per_second.max(1));
        let others = u128::from(bucket.capacity.max(1) - 1) * TOKEN;
        let full_at = self.full_at.max(u128::from(now.ms()) * rate);
        let at = full_at.saturating_sub(others).div_ceil(rate);
        now.max(SimTime::from_ms(u64::try_from(at).unwrap_or(u64::MAX)))
    }

    /// The same, and the token is taken; whoever asks later gets the next.
    pub fn take(&mut self, now: SimTime, bucket: Bucket) -> SimTime {
        let at = self.next_at(now, bucket);
        let rate = u128::from(bucket.refill_per_second.max(1));
        self.full_at = self.full_at.max(u128::from(now.ms()) * rate).saturating_add(TOKEN);
        at
    }

    /// How many tokens are there now.
    #[must_use]
    pub fn tokens(&self, now: SimTime, bucket: Bucket) -> u32 {
        let rate = u128::from(bucket.refill_per_second.max(1));
        let missing = self.full_at.saturating_sub(u128::from(now.ms()) * rate).div_ceil(TOKEN);
        bucket.capacity.max(1).saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FARGATE: Bucket = Bucket { capacity: 100, refill_per_second: 20 };

    fn at(ms: u64) -> SimTime {
        SimTime::from_ms(ms)
    }

    #[test]
    fn svc_071_burst_then_rate() {
        let mut bucket = TokenBucket::default();
        assert_eq!(bucket.tokens(at(0), FARGATE), 100);
        let times: Vec<u64> = (0..102).map(|_| bucket.take(at(0), FARGATE).ms()).collect();
        assert_eq!((times[0], times[99], times[100], times[101]), (0, 0, 50, 100));
        assert_eq!(bucket.tokens(at(0), FARGATE), 0);
        assert_eq!(bucket.next_at(at(0), FARGATE), at(150));
        assert_eq!(bucket.tokens(at(149), FARGATE), 0);
        assert_eq!(bucket.tokens(at(150), FARGATE), 1);
        assert_eq!(bucket.tokens(at(5_100), FARGATE), 100);
    }

    #[test]
    fn svc_071_no_input_panics() {
        let mut bucket = TokenBucket::default();
        let none = Bucket { capacity: 0, refill_per_second: 0 };
        assert_eq!([(); 3].map(|()| bucket.take(at(0), none).ms()), [0, 1_000, 2_000]);
        assert_eq!(bucket.take(SimTime::MAX, FARGATE), SimTime::MAX);
        assert_eq!(bucket.take(SimTime::MAX, Bucket { capacity: 1, refill_per_second: u32::MAX }), SimTime::MAX);
    }

    proptest! {
        /// The definition, millisecond by millisecond: the bucket fills, and whoever is first in line takes a token.
        #[test]
        fn svc_071_equals_the_definition(
            capacity in 1..9_u32, refill_per_second in 1..9_u32, gaps in proptest::collection::vec(0..900_u64, 1..60),
        ) {
            let bucket = Bucket { capacity, refill_per_second };
            let wishes: Vec<u64> = gaps.iter().scan(0, |now, gap| { *now += gap; Some(*now) }).collect();
            let mut state = TokenBucket::default();
            let mut granted = Vec::new();
            for wish in &wishes {
                let (tokens, next) = (state.tokens(at(*wish), bucket), state.next_at(at(*wish), bucket));
                let time = state.take(at(*wish), bucket);
                prop_assert_eq!(next, time);
                prop_assert_eq!(tokens > 0, time == at(*wish));
                granted.push(time.ms());
            }
            let (mut thousandths, mut now) = (u64::from(capacity) * 1_000, 0);
            for (wish, granted) in wishes.iter().zip(granted) {
                while now < *wish || thousandths < 1_000 {
                    // What comes in while somebody waits is taken on the spot: nothing of it spills over.
                    let most = if now < *wish { u64::from(capacity) * 1_000 } else { u64::MAX };
                    now += 1;
                    thousandths = (thousandths + u64::from(refill_per_second)).min(most);
                }
                prop_assert_eq!(granted, now);
                thousandths -= 1_000;
            }
        }
    }
}
