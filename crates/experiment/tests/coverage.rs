//! The intervals hold the true mean as often as they say: simulate a known mean, and count.

use ecsim_experiment::{Confidence, Estimate, Paired, Verdict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

struct Luck(ChaCha8Rng);

impl Luck {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// About normal with mean 0 and deviation 1: the sum of twelve uniforms, which is plenty for counting.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

const EXPERIMENTS: u32 = 4_000;

/// The share of experiments for which something holds, in percent.
fn percent(mut holds: impl FnMut(&mut Luck) -> bool) -> f64 {
    let mut luck = Luck::new(5);
    let held = (0..EXPERIMENTS).filter(|_| holds(&mut luck)).count();
    held as f64 * 100.0 / f64::from(EXPERIMENTS)
}

#[test]
fn intervals_of_a_mean_cover_as_they_say() {
    // The binomial deviation of the count is 0.34 percentage points at 95 %, and 0.47 at 90 %.
    for (share, n, slack) in [(0.95, 5, 1.1), (0.95, 30, 1.1), (0.90, 10, 1.5), (0.99, 10, 0.6)] {
        let confidence = Confidence::new(share).unwrap();
        let covered = percent(|luck| {
            let sample: Vec<f64> = (0..n).map(|_| 40.0 + 3.0 * luck.normal()).collect();
            let (low, high) = Estimate::of(&sample, confidence).and_then(|it| it.interval()).unwrap();
            low <= 40.0 && 40.0 <= high
        });
        assert!((covered - share * 100.0).abs() < slack, "{share} with {n}: {covered} %");
    }
}

#[test]
fn intervals_of_a_paired_difference_cover_as_they_say_and_are_narrower() {
    let confidence = Confidence::default();
    let (mut paired_width, mut apart_width) = (0.0, 0.0);
    let covered = percent(|luck| {
        // What the runs have in common is much larger than what is their own.
        let pairs: Vec<(f64, f64)> = (0..20)
            .map(|_| {
                let common = 10.0 * luck.normal();
                (100.0 + common + luck.normal(), 102.0 + common + luck.normal())
            })
            .collect();
        let paired = Paired::of(&pairs, confidence).unwrap();
        let half = |of: &dyn Fn(&(f64, f64)) -> f64| {
            let sample: Vec<f64> = pairs.iter().map(of).collect();
            Estimate::of(&sample, confidence).and_then(|it| it.half_width).unwrap()
        };
        paired_width += paired.difference.half_width.unwrap();
        let (one, other) = (half(&|it| it.0), half(&|it| it.1));
        apart_width += (one * one + other * other).sqrt();
        let (low, high) = paired.difference.interval().unwrap();
        low <= 2.0 && 2.0 <= high
    });
    assert!((covered - 95.0).abs() < 1.1, "{covered} %");
    assert!(paired_width * 5.0 < apart_width, "pairing reduces the variance: {paired_width} of {apart_width}");
}

#[test]
fn a_relative_difference_covers_too() {
    let confidence = Confidence::default();
    let covered = percent(|luck| {
        let pairs: Vec<(f64, f64)> = (0..30)
            .map(|_| {
                let base = 50.0 + 5.0 * luck.normal();
                (base, base * 0.88 + 2.0 * luck.normal())
            })
            .collect();
        let relative = Paired::of(&pairs, confidence).and_then(|it| it.relative).unwrap();
        (relative.share + 0.12).abs() <= relative.half_width.unwrap()
    });
    assert!((covered - 95.0).abs() < 1.3, "{covered} %");
}

#[test]
fn where_nothing_differs_one_in_twenty_is_said_to() {
    let shown = percent(|luck| {
        let pairs: Vec<(f64, f64)> = (0..15).map(|_| (luck.normal(), luck.normal())).collect();
        let verdict = Paired::of(&pairs, Confidence::default()).unwrap().verdict;
        matches!(verdict, Verdict::Higher | Verdict::Lower)
    });
    assert!((shown - 5.0).abs() < 1.1, "{shown} %");
}
