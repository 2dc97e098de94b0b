//! The steady state of a service is an event people wait for, and the clock of zone rebalancing.
//!
//! *What it does.* Remembers since when a service has been steady, and when that is to be announced again.
//!
//! *What AWS documents.* The message (FLR-020) and that it repeats; measured: every 21,600 s and 9 to 45 s (SVC-053).
//!
//! *What we left out.* What a steady state is: each pass knows that for itself.
//!
//! *How we know it is right.* `svc_053_` tests in the procedures.

use ecsim_kernel::{Key, SimTime, Span};

use crate::purposes;
use crate::view::View;

/// Since when, and what was said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steady {
    since: Option<SimTime>,
    again_at: Option<SimTime>,
    announcements: u64,
}

impl Steady {
    /// When the steady state was entered, while it lasts.
    #[must_use]
    pub const fn since(&self) -> Option<SimTime> {
        self.since
    }

    /// When it is to be announced again.
    #[must_use]
    pub const fn again_at(&self) -> Option<SimTime> {
        self.again_at
    }

    /// The state has ended.
    pub fn leave(&mut self) {
        self.since = None;
        self.again_at = None;
    }

    /// The service is steady now: whether to say so.
    pub fn hold(&mut self, view: &View<'_>, name: &str) -> bool {
        if self.since.is_some() && self.again_at.is_none_or(|at| view.now < at) {
            return false;
        }
        self.since.get_or_insert(view.now);
        let repeat = view.settings.steady_event_repeat;
        self.again_at = (!repeat.is_zero()).then(|| view.now + repeat + self.jitter(view, name));
        self.announcements += 1;
        true
    }

    /// A draw of its own for each announcement: nothing else can be disturbed by it.
    fn jitter(&self, view: &View<'_>, name: &str) -> Span {
        let (least, most) = view.settings.steady_event_jitter;
        let width = most.saturating_sub(least).ms() + 1;
        let mut stream = view.streams.stream(purposes::STEADY_REPEAT, Key::new(name, self.announcements));
        least + Span::from_ms(stream.below(width))
    }
}
