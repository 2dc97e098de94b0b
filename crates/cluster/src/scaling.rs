//! What auto scalers of instances decide, with the numbers that led to it, and how that reads.
//!
//! Decisions are facts, so that `scaling_activities.csv`, `explain` and the replay can show the arithmetic without doing
//! it again. Metric values are millionths, so that facts stay comparable and hashable.

use core::fmt;

use ecsim_kernel::Span;

use crate::definitions::Definitions;
use crate::ids::{MetricId, PolicyId, ProviderId};

/// A sample of `CapacityProviderReservation` and what it was made of (CAS-003, CAS-011).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reservation {
    /// Instances needed.
    pub m: u32,
    /// Instances running (CAS-004).
    pub n: u32,
    /// `targetCapacity`, in percent.
    pub target: u32,
    /// Tasks that wait in PROVISIONING.
    pub waiting: u32,
    /// Of those, tasks that are larger than the smallest instance type in some dimension (CAS-013).
    pub incompatible: u32,
    /// Instances in use (CAS-005).
    pub used: u32,
    /// Whether nothing but incompatible tasks waits, so that the metric is the target itself (CAS-013).
    pub all_incompatible: bool,
}

impl Reservation {
    /// The metric in millionths of a percent, rounded to the nearest (CAS-003, CAS-006, CAS-013).
    #[must_use]
    pub fn micros(&self) -> i64 {
        if self.all_incompatible {
            return i64::from(self.target) * 1_000_000;
        }
        match (self.n, self.m) {
            (0, 0) => 100_000_000,
            (0, _) => 200_000_000,
            (n, m) => (i64::from(m) * 100_000_000 + i64::from(n) / 2) / i64::from(n),
        }
    }

    /// Above, at or below the target, exactly.
    #[must_use]
    pub fn against_target(&self) -> core::cmp::Ordering {
        if self.all_incompatible {
            return core::cmp::Ordering::Equal;
        }
        match (self.n, self.m) {
            (0, 0) => 100.cmp(&self.target),
            (0, _) => 200.cmp(&self.target),
            (n, m) => (u64::from(m) * 100).cmp(&(u64::from(n) * u64::from(self.target))),
        }
    }
}

/// Whose alarm it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alarm {
    /// The high alarm of managed scaling (CAS-017).
    ManagedHigh(ProviderId),
    /// The low alarm of managed scaling (CAS-018).
    ManagedLow(ProviderId),
    /// The alarm of a step or simple scaling policy of the group.
    Policy(PolicyId),
    /// The alarm of a target tracking policy that scales out.
    PolicyHigh(PolicyId),
    /// The alarm of a target tracking policy that scales in.
    PolicyLow(PolicyId),
}

impl Alarm {
    /// A name for tables.
    #[must_use]
    pub fn name(self, definitions: &Definitions) -> String {
        match self {
            Self::ManagedHigh(provider) => format!("{}-AlarmHigh", definitions.capacity_providers[provider].name),
            Self::ManagedLow(provider) => format!("{}-AlarmLow", definitions.capacity_providers[provider].name),
            Self::Policy(policy) => format!("{}-Alarm", definitions.policies.name(policy)),
            Self::PolicyHigh(policy) => format!("{}-AlarmHigh", definitions.policies.name(policy)),
            Self::PolicyLow(policy) => format!("{}-AlarmLow", definitions.policies.name(policy)),
        }
    }
}

/// A decision of an auto scaler, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Cluster auto scaling (CAS-020, CAS-023).
    ManagedScaling {
        /// Of which provider.
        provider: ProviderId,
        /// The sample it acted on.
        sample: Reservation,
        /// Instances of the group when it acted.
        instances: u32,
        /// What the formula gave before any limit.
        raw: u32,
        /// How many instances a step may take, for scale-in (CAS-023).
        step: Option<u32>,
    },
    /// Target tracking of the group's own (ASG-020).
    TargetTracking {
        /// Which policy.
        policy: PolicyId,
        /// Which metric.
        metric: MetricId,
        /// Its value, in millionths.
        value: i64,
        /// The target, in millionths.
        target: i64,
        /// The capacity that the metric is of: instances past their warm-up, for scale-out.
        capacity: u32,
        /// What the formula gave before any limit.
        raw: u32,
    },
    /// Step scaling (ASG-022).
    Step {
        /// Which policy.
        policy: PolicyId,
        /// Which metric.
        metric: MetricId,
        /// Its value, in millionths.
        value: i64,
        /// The alarm's threshold, in millionths.
        threshold: i64,
        /// The change that the step asked for.
        change: i64,
    },
    /// Simple scaling (ASG-024).
    Simple {
        /// Which policy.
        policy: PolicyId,
        /// Which metric.
        metric: MetricId,
        /// Its value, in millionths.
        value: i64,
        /// The alarm's threshold, in millionths.
        threshold: i64,
        /// The change that the policy asked for.
        change: i64,
    },
    /// A scheduled action (ASG-025).
    Scheduled {
        /// Which.
        action: PolicyId,
    },
    /// `SetDesiredCapacity`, `UpdateAutoScalingGroup` and the like, by hand.
    User,
    /// The sizes changed and the desired capacity had to follow (ASG-001).
    Clamped,
}

/// Why an auto scaler did not do what its metric asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Withheld {
    /// An instance is younger than the warm-up (CAS-021, CAS-025, ASG-023).
    WarmingUp {
        /// Its age.
        age: Span,
        /// The warm-up.
        warmup: Span,
        /// Whether it kept the group from scaling out; else from scaling in.
        out: bool,
    },
    /// The last scale-out is too recent to scale in (CAS-025).
    RecentScaleOut {
        /// How long ago it was.
        since: Span,
    },
    /// The group has its `MaxSize` already (ASG-001).
    MaxSize(u32),
    /// The group has its `MinSize` already (ASG-001).
    MinSize(u32),
    /// `AlarmNotification` is suspended (ASG-042).
    Suspended,
    /// Every instance that would have to go is protected (CAS-030).
    AllProtected,
    /// A simple scaling policy is in its cooldown (ASG-024).
    Cooldown {
        /// What is left of it.
        left: Span,
    },
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WarmingUp { age, warmup, out } => {
                let what = if *out { "scale-out" } else { "scale-in" };
                write!(f, "{what} waits: the youngest instance is {age} old, the warm-up is {warmup}")
            }
            Self::RecentScaleOut { since } => {
                write!(f, "scale-in waits: the last scale-out was {since} ago, 15m must pass")
            }
            Self::MaxSize(size) => write!(f, "no scale-out: the group has its MaxSize of {size}"),
            Self::MinSize(size) => write!(f, "no scale-in: the group has its MinSize of {size}"),
            Self::Suspended => f.write_str("nothing done: AlarmNotification is suspended"),
            Self::AllProtected => f.write_str(
                "Could not scale to desired capacity because all remaining instances are protected from scale-in.",
            ),
            Self::Cooldown { left } => write!(f, "nothing done: {left} of the cooldown are left"),
        }
    }
}

impl Decision {
    /// Who decided: a word for tables.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ManagedScaling { .. } => "ManagedScaling",
            Self::TargetTracking { .. } => "TargetTrackingScaling",
            Self::Step { .. } => "StepScaling",
            Self::Simple { .. } => "SimpleScaling",
            Self::Scheduled { .. } => "ScheduledAction",
            Self::User => "User",
            Self::Clamped => "SizeLimits",
        }
    }

    /// The policy, provider or action that decided, by name.
    #[must_use]
    pub fn who<'a>(&self, definitions: &'a Definitions) -> &'a str {
        match self {
            Self::ManagedScaling { provider, .. } => &definitions.capacity_providers[*provider].name,
            Self::TargetTracking { policy, .. } | Self::Step { policy, .. } | Self::Simple { policy, .. } => {
                definitions.policies.name(*policy)
            }
            Self::Scheduled { action } => definitions.policies.name(*action),
            Self::User | Self::Clamped => "",
        }
    }

    /// The arithmetic in words and numbers, such as `N=14, M=26, CPR 185.7 > 100: desired 14 → 26`.
    #[must_use]
    pub fn text(&self, definitions: &Definitions, from: u32, to: u32) -> String {
        let change = format!("desired {from} → {to}");
        match *self {
            Self::ManagedScaling { sample, instances, raw, step, .. } => {
                let sign = match sample.against_target() {
                    core::cmp::Ordering::Greater => '>',
                    core::cmp::Ordering::Equal => '=',
                    core::cmp::Ordering::Less => '<',
                };
                let mut text = format!(
                    "N={}, M={}, CPR {} {sign} {}: {change}",
                    sample.n,
                    sample.m,
                    decimal(sample.micros()),
                    sample.target
                );
                let mut notes = Vec::new();
                match sample.waiting {
                    0 => {}
                    1 => notes.push("1 task waits".to_owned()),
                    waiting => notes.push(format!("{waiting} tasks wait")),
                }
                if sample.incompatible > 0 {
                    notes.push(format!("{} of them too large for the smallest instance type", sample.incompatible));
                }
                if instances != sample.n {
                    notes.push(format!("{instances} instances in the group"));
                }
                match step {
                    Some(most) if raw < to && from - to == most => {
                        notes.push(format!("the formula gave {raw}, a step takes at most {most} of {from}"));
                    }
                    _ => notes.extend(clamped(raw, to)),
                }
                if !notes.is_empty() {
                    text.push_str(&format!(" ({})", notes.join(", ")));
                }
                text
            }
            Self::TargetTracking { metric, value, target, capacity, raw, .. } => {
                let sign = if value > target { '>' } else { '<' };
                let limit = clamped(raw, to).map_or_else(String::new, |limit| format!(" ({limit})"));
                let (metric, value, target) = (definitions.metrics.name(metric), decimal(value), decimal(target));
                format!("{metric} {value} {sign} {target}: {capacity} x {value} / {target}, {change}{limit}")
            }
            Self::Step { metric, value, threshold, change: by, .. }
            | Self::Simple { metric, value, threshold, change: by, .. } => format!(
                "{} {} against the threshold {}: {by:+}, {change}",
                definitions.metrics.name(metric),
                decimal(value),
                decimal(threshold)
            ),
            Self::Scheduled { .. } => change,
            Self::User => format!("{change}, by a user request"),
            Self::Clamped => format!("{change}, to keep within MinSize and MaxSize"),
        }
    }
}

/// The size of the group that kept the formula from being followed (ASG-001).
fn clamped(raw: u32, to: u32) -> Option<String> {
    match raw.cmp(&to) {
        core::cmp::Ordering::Greater => Some(format!("the formula gave {raw}, MaxSize is {to}")),
        core::cmp::Ordering::Less => Some(format!("the formula gave {raw}, MinSize is {to}")),
        core::cmp::Ordering::Equal => None,
    }
}

/// Millionths as a decimal number with one digit after the point, or as many as it takes where there are fewer.
fn decimal(micros: i64) -> String {
    let tenths = (micros.unsigned_abs() + 50_000) / 100_000;
    let sign = if micros < 0 && tenths > 0 { "-" } else { "" };
    if tenths.is_multiple_of(10) {
        format!("{sign}{}", tenths / 10)
    } else {
        format!("{sign}{}.{}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cas_003_and_006_the_metric_and_its_special_cases() {
        let at =
            |m, n| Reservation { m, n, target: 100, waiting: 0, incompatible: 0, used: 0, all_incompatible: false };
        assert_eq!(at(26, 14).micros(), 185_714_286);
        assert_eq!(at(0, 0).micros(), 100_000_000);
        assert_eq!(at(7, 0).micros(), 200_000_000);
        assert_eq!(Reservation { target: 80, all_incompatible: true, ..at(9, 3) }.micros(), 80_000_000);
        assert!(at(4, 5).against_target().is_lt());
        assert!(Reservation { target: 80, ..at(4, 5) }.against_target().is_eq());
        assert!(Reservation { target: 90, ..at(0, 0) }.against_target().is_gt());
    }

    #[test]
    fn cas_023_and_asg_001_a_decision_tells_what_kept_it_from_the_formula() {
        let definitions = Definitions::default();
        let of = |(m, n, waiting), (raw, step), (from, to)| {
            let sample = Reservation { m, n, target: 100, waiting, incompatible: 0, used: m, all_incompatible: false };
            let decision = Decision::ManagedScaling { provider: ProviderId::new(0), sample, instances: n, raw, step };
            decision.text(&definitions, from, to)
        };
        assert_eq!(
            of((26, 14, 12), (26, None), (14, 26)),
            "N=14, M=26, CPR 185.7 > 100: desired 14 → 26 (12 tasks wait)"
        );
        assert_eq!(
            of((1, 0, 1), (2, None), (0, 1)),
            "N=0, M=1, CPR 200 > 100: desired 0 → 1 (1 task waits, the formula gave 2, MaxSize is 1)"
        );
        assert_eq!(
            of((2, 5, 0), (2, Some(2)), (5, 3)),
            "N=5, M=2, CPR 40 < 100: desired 5 → 3 (the formula gave 2, a step takes at most 2 of 5)"
        );
        assert_eq!(
            of((1, 5, 0), (1, Some(2)), (5, 4)),
            "N=5, M=1, CPR 20 < 100: desired 5 → 4 (the formula gave 1, MinSize is 4)"
        );
    }

    #[test]
    fn decimals_read_well() {
        for (micros, text) in
            [(185_714_286, "185.7"), (100_000_000, "100"), (62_500_000, "62.5"), (-40_000, "0"), (-2_460_000, "-2.5")]
        {
            assert_eq!(decimal(micros), text);
        }
    }
}
