//! What a policy did lately: activities in progress, cooldowns, and the capacity they are credited with (SAS-050 to
//! SAS-052, SAS-055).
//!
//! *What AWS documents.* A cooldown begins when the activity succeeds. Scale-in waits for the scale-in cooldown; a
//! scale-out within the scale-out cooldown only adds what it wants more than the activities of the cooldown have added.
//!
//! *Where AWS leaves a choice.* The anchor of the credit is the running count before the first activity of the chain; it
//! stays until a cooldown ends undisturbed. Ages of cooldowns are whole seconds ([`crate::ages`]). A scale-in in progress blocks the next one as its cooldown will.

use ecsim_kernel::{SimTime, Span};

use crate::ages;
use crate::scaling::settings::CreditMode;

/// The memory of one policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cooldown {
    /// The capacity before the first scale-out of the chain.
    anchor: Option<u64>,
    /// Scale-outs in progress.
    out_open: u32,
    /// Scale-ins in progress.
    in_open: u32,
    out_until: Option<SimTime>,
    in_until: Option<SimTime>,
}

/// What a scale-out may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    /// No cooldown, no activity: nothing is credited.
    Free,
    /// The new desired count, and what was credited.
    To(u64, u64),
    /// All of it is there already.
    Nothing,
}

impl Cooldown {
    /// Whether a scale-out is in progress or its cooldown lasts.
    #[must_use]
    pub fn is_out(&self, now: SimTime) -> bool {
        self.out_open > 0 || self.out_until.is_some_and(|until| now < until)
    }

    /// Whether a scale-in is in progress or its cooldown lasts.
    #[must_use]
    pub fn is_in(&self, now: SimTime) -> bool {
        self.in_open > 0 || self.in_until.is_some_and(|until| now < until)
    }

    /// When the scale-out cooldown ends, if it has begun.
    #[must_use]
    pub const fn out_until(&self) -> Option<SimTime> {
        if self.out_open > 0 { None } else { self.out_until }
    }

    /// When the scale-in cooldown ends, if it has begun.
    #[must_use]
    pub const fn in_until(&self) -> Option<SimTime> {
        if self.in_open > 0 { None } else { self.in_until }
    }

    /// SAS-052: what is left of a proposal from a running count, with a desired count of `desired`.
    #[must_use]
    pub fn credit(&self, now: SimTime, mode: CreditMode, proposal: u64, running: u64, desired: u64) -> Credit {
        let Some(anchor) = self.anchor.filter(|_| self.is_out(now)) else { return Credit::Free };
        let credited = desired.saturating_sub(anchor);
        match mode {
            CreditMode::DesiredFloor if proposal > desired => Credit::To(proposal, 0),
            CreditMode::DesiredFloor => Credit::Nothing,
            CreditMode::Literal => match proposal.saturating_sub(running).checked_sub(credited) {
                None | Some(0) => Credit::Nothing,
                Some(net) => Credit::To(desired.saturating_add(net), credited),
            },
        }
    }

    /// An activity begins; `running` is the capacity before it.
    pub fn begin(&mut self, now: SimTime, out: bool, running: u64) {
        if out {
            if !self.is_out(now) {
                self.anchor = None;
            }
            self.anchor.get_or_insert(running);
            self.out_open += 1;
        } else {
            self.in_open += 1;
        }
    }

    /// An activity ends; where it succeeded its cooldown begins.
    pub fn end(&mut self, now: SimTime, out: bool, cooldown: Option<Span>) {
        let (open, until) =
            if out { (&mut self.out_open, &mut self.out_until) } else { (&mut self.in_open, &mut self.in_until) };
        *open = open.saturating_sub(1);
        if let Some(cooldown) = cooldown {
            *until = Some(ages::passes_at(now, cooldown));
        }
    }

    /// A scale-out ends what scale-in had to wait for (SAS-051, SAS-055).
    pub fn cancel_in(&mut self) {
        (self.in_open, self.in_until) = (0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    const COOLDOWN: Option<Span> = Some(Span::from_secs(300));

    // proves: SAS-050, SAS-052
    #[test]
    fn sx_022_cooldown_with_credit() {
        let literal = CreditMode::Literal;
        let mut policy = Cooldown::default();
        assert_eq!(policy.credit(at(0), literal, 7, 4, 4), Credit::Free);
        policy.begin(at(0), true, 4);
        assert_eq!(policy.credit(at(30), literal, 8, 4, 7), Credit::To(8, 3));
        policy.begin(at(30), true, 4);
        policy.end(at(60), true, COOLDOWN);
        policy.end(at(60), true, COOLDOWN);
        assert_eq!(policy.credit(at(120), literal, 9, 8, 8), Credit::Nothing);
        assert_eq!(policy.credit(at(180), literal, 15, 8, 8), Credit::To(11, 4));
        policy.begin(at(180), true, 8);
        policy.end(at(240), true, COOLDOWN);
        assert_eq!(policy.out_until(), Some(at(540)));
        assert_eq!(policy.credit(at(550), literal, 14, 11, 11), Credit::Free);
        assert_eq!(policy.credit(at(180), CreditMode::DesiredFloor, 15, 8, 8), Credit::To(15, 0));
    }

    #[test]
    fn sas_052_aws_two_more_and_then_one_more() {
        let mut policy = Cooldown::default();
        policy.begin(at(0), true, 10);
        policy.end(at(60), true, COOLDOWN);
        // The step of +3 on what ran before, and on what runs since.
        assert_eq!(policy.credit(at(120), CreditMode::Literal, 15, 12, 12), Credit::To(13, 2));
    }

    #[test]
    fn sas_051_scale_in_waits_and_a_scale_out_ends_that() {
        let mut policy = Cooldown::default();
        policy.begin(at(990), false, 8);
        assert!(policy.is_in(at(995)));
        policy.end(at(1_000), false, COOLDOWN);
        assert!(policy.is_in(at(1_100)));
        assert!(!policy.is_in(at(1_300)));
        policy.cancel_in();
        assert!(!policy.is_in(at(1_100)));
    }
}
