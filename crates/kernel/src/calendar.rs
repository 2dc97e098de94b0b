//! The calendar knows what is due next; it exists so that the order of a run is total and never an accident of a data structure.
//!
//! The order is (time, phase, sequence): an earlier instant first, within an instant the lower phase, within a phase what was scheduled
//! first. Two queues stand behind one type. Events happen once and are never moved, which suits a plain heap. Controllers have one
//! wake-up each that is moved again and again, which wants a queue with changeable priorities.

use core::cmp::Reverse;
use core::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;

use crate::digest::Digest;
use crate::heap::{Heap, Key};
use crate::table::Id;
use crate::time::SimTime;

/// What comes first among things due at the same instant: lower phases do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
pub struct Phase(u8);

impl Phase {
    /// The phase with this rank; 0 comes first.
    pub const fn new(rank: u8) -> Self {
        Phase(rank)
    }

    /// The rank of this phase; 0 comes first.
    pub const fn rank(self) -> u8 {
        self.0
    }
}

/// What is due: an event, or a controller whose time has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Due<E, C> {
    /// An event scheduled with [`Calendar::schedule`].
    Event(E),
    /// A controller woken with [`Calendar::wake`] or [`Calendar::rewake`].
    Wake(C),
}

/// Sequence numbers share a word with the phase: 2^56 of them outlast any run (a million a second for 2,000 years).
const SEQUENCE_BITS: u32 = 56;

/// What is due when: events `E`, which are small, and wake-ups of controllers `C`, at most one each.
///
/// Time only goes forward: what is scheduled before the instant popped last panics. At that same instant anything may
/// still be scheduled, in a lower phase than the one running too; it is popped next.
#[derive(Clone, Debug)]
pub struct Calendar<E, C: Id> {
    now: SimTime,
    sequence: u64,
    events: Heap<E>,
    // The priority is compared through `PartialOrd` *and* `Ord`; `Reverse` agrees with itself in both. Keys hold the sequence
    // number, so no two are equal and the inner order of the queue cannot show. A stable hasher, though no order depends on it.
    wakes: PriorityQueue<C, Reverse<Key>, BuildHasherDefault<Digest>>,
}

impl<E: Copy, C: Id> Calendar<E, C> {
    /// An empty calendar at [`SimTime::ZERO`].
    pub fn new() -> Self {
        Calendar { now: SimTime::ZERO, sequence: 0, events: Heap::new(), wakes: PriorityQueue::with_default_hasher() }
    }

    /// The instant popped last, or the start of the run.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Schedules `event` at `at`. Panics if that is in the past.
    #[track_caller]
    pub fn schedule(&mut self, at: SimTime, phase: impl Into<Phase>, event: E) {
        let key = self.next_key(at, phase.into());
        self.events.push(key, event);
    }

    /// Wakes `controller` at `at`, unless it is already to be woken at or before that (time, phase). Panics if `at` is in the past.
    #[track_caller]
    pub fn wake(&mut self, controller: C, at: SimTime, phase: impl Into<Phase>) {
        let key = self.next_key(at, phase.into());
        // A new sequence number is above all others, so an equal (time, phase) keeps its place in the queue.
        self.wakes.push_increase(controller, Reverse(key));
    }

    /// Wakes `controller` at `at` and at no other time: any pending wake-up is forgotten. Panics if `at` is in the past.
    #[track_caller]
    pub fn rewake(&mut self, controller: C, at: SimTime, phase: impl Into<Phase>) {
        let key = self.next_key(at, phase.into());
        self.wakes.push(controller, Reverse(key));
    }

    /// Forgets the pending wake-up of `controller`, if there is one.
    pub fn cancel_wake(&mut self, controller: C) {
        self.wakes.remove(&controller);
    }

    /// When `controller` is to be woken, if at all.
    pub fn wake_of(&self, controller: C) -> Option<SimTime> {
        self.wakes.get_priority(&controller).map(|&Reverse((at, _))| SimTime::from_ms(at))
    }

    /// When the next thing is due, if there is one.
    pub fn peek(&self) -> Option<SimTime> {
        let wake = self.wakes.peek().map(|(_, &Reverse(key))| key);
        // `None` sorts before everything, so the two are merged by hand.
        let first = match (self.events.peek(), wake) {
            (Some(event), Some(wake)) => event.min(wake),
            (event, wake) => event.or(wake)?,
        };
        Some(SimTime::from_ms(first.0))
    }

    /// Takes the next thing that is due, with its instant, which becomes [`now`](Calendar::now).
    pub fn pop(&mut self) -> Option<(SimTime, Due<E, C>)> {
        let wake_is_first = match (self.events.peek(), self.wakes.peek()) {
            (None, None) => return None,
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (Some(event), Some((_, &Reverse(wake)))) => wake < event,
        };
        let (key, due) = if wake_is_first {
            let (controller, Reverse(key)) = self.wakes.pop()?;
            (key, Due::Wake(controller))
        } else {
            let (key, event) = self.events.pop()?;
            (key, Due::Event(event))
        };
        self.now = SimTime::from_ms(key.0);
        Some((self.now, due))
    }

    /// How many events and wake-ups are pending.
    pub fn len(&self) -> usize {
        self.events.len() + self.wakes.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[track_caller]
    fn next_key(&mut self, at: SimTime, phase: Phase) -> Key {
        assert!(at >= self.now, "scheduled in the past: {at}, but it is {} already", self.now);
        let sequence = self.sequence;
        self.sequence += 1;
        debug_assert!(sequence < 1 << SEQUENCE_BITS);
        (at.ms(), u64::from(phase.0) << SEQUENCE_BITS | sequence)
    }
}

impl<E: Copy, C: Id> Default for Calendar<E, C> {
    fn default() -> Self {
        Calendar::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use proptest::prelude::*;

    crate::id! {
        struct ControllerId;
    }

    const WORLD: Phase = Phase::new(0);
    const CONTROL: Phase = Phase::new(2);

    fn at(ms: u64) -> SimTime {
        SimTime::from_ms(ms)
    }

    fn controller(number: u32) -> ControllerId {
        ControllerId::new(number)
    }

    fn drain(mut calendar: Calendar<char, ControllerId>) -> String {
        let mut order = String::new();
        while let Some((now, due)) = calendar.pop() {
            match due {
                Due::Event(event) => order += &format!("{}{event} ", now.ms()),
                Due::Wake(controller) => order += &format!("{}#{controller} ", now.ms()),
            }
        }
        order.trim_end().to_owned()
    }

    #[test]
    fn time_then_phase_then_sequence() {
        let mut calendar = Calendar::new();
        calendar.schedule(at(5), CONTROL, 'd');
        calendar.wake(controller(9), at(5), CONTROL);
        calendar.wake(controller(1), at(5), CONTROL);
        calendar.schedule(at(5), CONTROL, 'e');
        calendar.schedule(at(5), WORLD, 'b');
        calendar.schedule(at(5), WORLD, 'c');
        calendar.schedule(at(1), Phase::new(255), 'a');
        assert_eq!((calendar.peek(), calendar.len()), (Some(at(1)), 7));
        assert_eq!(drain(calendar.clone()), "1a 5b 5c 5d 5#9 5#1 5e");
        assert_eq!(calendar.len(), 7, "the clone was drained, not the original");
    }

    #[test]
    fn wake_keeps_the_earliest_and_rewake_replaces() {
        let mut calendar: Calendar<char, _> = Calendar::new();
        calendar.wake(controller(1), at(10), CONTROL);
        calendar.wake(controller(1), at(20), CONTROL);
        assert_eq!(calendar.wake_of(controller(1)), Some(at(10)));
        calendar.wake(controller(1), at(5), CONTROL);
        assert_eq!((calendar.wake_of(controller(1)), calendar.len()), (Some(at(5)), 1));
        calendar.rewake(controller(1), at(30), CONTROL);
        assert_eq!((calendar.wake_of(controller(1)), calendar.peek()), (Some(at(30)), Some(at(30))));
        calendar.cancel_wake(controller(1));
        calendar.cancel_wake(controller(1));
        assert_eq!((calendar.wake_of(controller(1)), calendar.peek(), calendar.is_empty()), (None, None, true));

        calendar.wake(controller(1), at(40), CONTROL);
        calendar.wake(controller(2), at(40), CONTROL);
        calendar.wake(controller(1), at(40), CONTROL); // keeps its place: nothing earlier was asked for
        assert_eq!(drain(calendar.clone()), "40#1 40#2");
        calendar.rewake(controller(1), at(40), CONTROL); // a new wake-up, and so the latest
        assert_eq!(drain(calendar.clone()), "40#2 40#1");
        calendar.wake(controller(1), at(40), WORLD); // a lower phase is earlier
        assert_eq!(drain(calendar), "40#1 40#2");
    }

    #[test]
    fn the_present_is_not_the_past() {
        let mut calendar: Calendar<char, ControllerId> = Calendar::default();
        calendar.schedule(at(7), CONTROL, 'a');
        assert_eq!(calendar.pop(), Some((at(7), Due::Event('a'))));
        assert_eq!(calendar.now(), at(7));
        calendar.schedule(at(7), WORLD, 'b');
        assert_eq!(calendar.pop(), Some((at(7), Due::Event('b'))));
        assert_eq!(calendar.pop(), None);
        assert_eq!(calendar.now() + Span::ZERO, at(7));
    }

    #[test]
    #[should_panic(expected = "scheduled in the past: 00:00:06.999, but it is 00:00:07 already")]
    fn the_past_panics() {
        let mut calendar: Calendar<char, ControllerId> = Calendar::new();
        calendar.schedule(at(7_000), WORLD, 'a');
        calendar.pop();
        calendar.wake(controller(0), at(6_999), WORLD);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Schedule(u64, u8),
        Wake(u32, u64, u8),
        Rewake(u32, u64, u8),
        Cancel(u32),
        Pop,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..6_u64, 0..4_u8).prop_map(|(delay, phase)| Step::Schedule(delay, phase)),
            3 => (0..5_u32, 0..6_u64, 0..4_u8).prop_map(|(id, delay, phase)| Step::Wake(id, delay, phase)),
            1 => (0..5_u32, 0..6_u64, 0..4_u8).prop_map(|(id, delay, phase)| Step::Rewake(id, delay, phase)),
            1 => (0..5_u32).prop_map(Step::Cancel),
            4 => Just(Step::Pop),
        ]
    }

    type Model = Vec<((u64, u8, u64), Due<u64, ControllerId>)>;

    proptest! {
        /// The model is a vector, sorted anew for each look.
        #[test]
        fn agrees_with_a_sorted_vector(steps in proptest::collection::vec(step(), 0..200)) {
            let mut calendar = Calendar::new();
            let mut model = Model::new();
            let mut now = 0;
            for (sequence, step) in (0_u64..).zip(steps) {
                match step {
                    Step::Schedule(delay, phase) => {
                        calendar.schedule(at(now + delay), Phase::new(phase), sequence);
                        model.push(((now + delay, phase, sequence), Due::Event(sequence)));
                    }
                    Step::Wake(id, delay, phase) => {
                        let due = Due::Wake(controller(id));
                        calendar.wake(controller(id), at(now + delay), Phase::new(phase));
                        match model.iter_mut().find(|entry| entry.1 == due) {
                            Some(entry) => entry.0 = entry.0.min((now + delay, phase, sequence)),
                            None => model.push(((now + delay, phase, sequence), due)),
                        }
                    }
                    Step::Rewake(id, delay, phase) => {
                        let due = Due::Wake(controller(id));
                        calendar.rewake(controller(id), at(now + delay), Phase::new(phase));
                        model.retain(|entry| entry.1 != due);
                        model.push(((now + delay, phase, sequence), due));
                    }
                    Step::Cancel(id) => {
                        calendar.cancel_wake(controller(id));
                        model.retain(|entry| entry.1 != Due::Wake(controller(id)));
                    }
                    Step::Pop => {
                        model.sort();
                        let expected = (!model.is_empty()).then(|| model.remove(0));
                        let expected = expected.map(|((time, _, _), due)| (at(time), due));
                        let popped = calendar.pop();
                        prop_assert_eq!(popped, expected);
                        now = popped.map_or(now, |(time, _)| time.ms());
                    }
                }
                prop_assert_eq!(calendar.len(), model.len());
                prop_assert_eq!(calendar.peek(), model.iter().map(|entry| at(entry.0.0)).min());
                for id in 0..5 {
                    let expected = model.iter().find(|entry| entry.1 == Due::Wake(controller(id)));
                    prop_assert_eq!(calendar.wake_of(controller(id)), expected.map(|entry| at(entry.0.0)));
                }
            }
        }
    }
}
