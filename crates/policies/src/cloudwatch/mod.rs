//! CloudWatch: when alarms change their state (CW-001 to CW-014).
//!
//! * [`datapoints`]: what of a series is visible at an instant.
//! * [`controller`]: the loop of one alarm.
//!
//! The rule itself, M of N with missing data, is [`crate::scaling::alarm`].

pub mod controller;
pub mod datapoints;

use ecsim_cluster::SeriesId;
use ecsim_kernel::SimTime;

/// What an alarm looks at, beside its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmSpec {
    /// The series whose datapoints it reads: of a minute, or of its own period where that is shorter.
    pub base: SeriesId,
    /// How many of them make one datapoint of the alarm: a longer period slides by a minute (CW-002).
    pub window: u32,
    /// From when until when it exists.
    pub exists: Existence,
}

/// From when until when something exists; the end is not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Existence {
    /// Since when.
    pub from: SimTime,
    /// Until when; `None`: to the end.
    pub until: Option<SimTime>,
}

impl Existence {
    /// From the start to the end.
    pub const ALWAYS: Self = Self { from: SimTime::ZERO, until: None };

    /// Whether it exists at an instant.
    #[must_use]
    pub fn holds(self, now: SimTime) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// When that changes next.
    #[must_use]
    pub fn next_change(self, now: SimTime) -> Option<SimTime> {
        if now < self.from { Some(self.from) } else { self.until.filter(|until| now < *until) }
    }
}
