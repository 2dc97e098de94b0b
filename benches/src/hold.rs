//! HOLD: pop what is due next, schedule one more; so many are pending all the time. It is what a calendar does all day.

use core::hash::Hash as _;

use ecsim_kernel::{Calendar, Digest, Distribution, Due, Key, Phase, Purpose, SimTime, Span, Streams, id};

id! {
    /// Who is woken.
    pub struct ControllerId;
}

/// What a calendar holds: as large as the largest event of the engine.
type Event = (u64, u64);

/// Which of the calendar's two queues is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// One-shot events.
    Events,
    /// Wake-ups of controllers.
    Wakes,
}

impl Queue {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Events, Self::Wakes];

    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Wakes => "wakes",
        }
    }
}

/// So many delays are drawn beforehand, so that the calendar is measured and not the luck.
const DELAYS: usize = 1 << 16;
const WORLD: Phase = Phase::new(0);

/// A calendar with a constant number of pending things.
#[derive(Clone, Debug)]
pub struct Hold {
    calendar: Calendar<Event, ControllerId>,
    delays: Vec<Span>,
    next: u64,
    /// Of everything popped so far, in order.
    digest: Digest,
}

impl Hold {
    /// A calendar in which `pending` events, or wake-ups, wait; delays are exponential with a mean of 1,000 seconds.
    ///
    /// # Panics
    /// Never: the mean is a good one.
    #[must_use]
    pub fn new(queue: Queue, pending: u32) -> Self {
        let mut stream = Streams::new(1, 0).stream(Purpose(1), Key::new("hold", 0));
        let exponential = Distribution::exponential(1_000.0).expect("a mean above zero");
        let delays = (0..DELAYS).map(|_| exponential.sample_span(&mut stream)).collect();
        let mut hold = Self { calendar: Calendar::new(), delays, next: 0, digest: Digest::new() };
        for number in 0..pending {
            let due = match queue {
                Queue::Events => Due::Event((u64::from(number), 0)),
                Queue::Wakes => Due::Wake(ControllerId::new(number)),
            };
            hold.schedule(SimTime::ZERO, due);
        }
        hold
    }

    /// What comes back after one delay.
    fn schedule(&mut self, now: SimTime, due: Due<Event, ControllerId>) {
        let at = now + self.delays[self.next as usize % DELAYS];
        self.next += 1;
        match due {
            Due::Event((number, times)) => self.calendar.schedule(at, WORLD, (number, times + 1)),
            Due::Wake(controller) => self.calendar.wake(controller, at, WORLD),
        }
    }

    /// One hold.
    ///
    /// # Panics
    /// Where nothing was pending from the start.
    pub fn step(&mut self) {
        let (now, due) = self.calendar.pop().expect("as many are scheduled as popped");
        (now, due).hash(&mut self.digest);
        self.schedule(now, due);
    }

    /// The digest of what was popped so far.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

/// Twice as many holds as are pending.
#[must_use]
pub fn hold(queue: Queue, pending: u32) -> Digest {
    let mut hold = Hold::new(queue, pending);
    for _ in 0..2 * pending {
        hold.step();
    }
    hold.digest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins;

    #[test]
    fn small_versions_pop_what_they_did() {
        for queue in Queue::ALL {
            pins::check(&pins::hold(queue, 1_000), hold(queue, 1_000));
        }
    }
}
