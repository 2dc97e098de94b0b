//! How long a group waits after a launch that failed for lack of capacity (ASG-005).
//!
//! *What it does.* 60 s, doubled with every failure in a row up to 900 s, with a jitter of a fifth either way; a success
//! starts it again. Observed by third parties to be exponential; the numbers are ours (`ice_backoff`).

use ecsim_kernel::{Span, Stream};

/// After so long without one success, AWS may suspend a group.
pub const SUSPENSION_AFTER: Span = Span::from_hours(24);

/// `ice_backoff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Span,
    /// At most, before the jitter.
    pub most: Span,
    /// Up to so many percent more or fewer.
    pub jitter_percent: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Span::from_secs(60), most: Span::from_secs(900), jitter_percent: 20 }
    }
}

impl Backoff {
    /// The wait after the `failures`-th failure in a row, from 1, without jitter.
    #[must_use]
    pub fn base(self, failures: u32) -> Span {
        let doublings = failures.saturating_sub(1).min(63);
        self.first.saturating_mul(1 << doublings).min(self.most)
    }

    /// The wait after the `failures`-th failure in a row, from 1; one draw.
    #[must_use]
    pub fn wait(self, failures: u32, stream: &mut Stream) -> Span {
        let jitter = f64::from(self.jitter_percent) / 100.0;
        let factor = 1.0 - jitter + 2.0 * jitter * stream.uniform();
        Span::from_secs_f64(self.base(failures).secs_f64() * factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsim_kernel::{Key, Purpose, Streams};

    #[test]
    fn asg_005_doubles_up_to_fifteen_minutes() {
        let waits = [0, 1, 2, 3, 4, 5, 6, 99].map(|failures| Backoff::default().base(failures).ms() / 1_000);
        assert_eq!(waits, [60, 60, 120, 240, 480, 900, 900, 900]);
    }

    #[test]
    fn asg_005_jitter_is_a_fifth_either_way() {
        let mut stream = Streams::new(1, 0).stream(Purpose(1), Key::new("group", 0));
        let mut waits: Vec<u64> = (0..4_000).map(|_| Backoff::default().wait(5, &mut stream).ms()).collect();
        waits.sort_unstable();
        assert!(waits[0] >= 720_000 && waits[0] < 722_000, "{}", waits[0]);
        assert!(waits[3_999] <= 1_080_000 && waits[3_999] > 1_078_000, "{}", waits[3_999]);
        assert!(waits[2_000].abs_diff(900_000) < 12_000, "{}", waits[2_000]);
        let exact = Backoff { jitter_percent: 0, ..Backoff::default() };
        assert_eq!(exact.wait(2, &mut stream), Span::from_secs(120));
    }
}
