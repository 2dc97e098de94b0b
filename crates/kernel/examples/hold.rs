//! Shows which queue the calendar should stand on: the classic HOLD model (pop one, schedule one) against two alternatives.
//!
//! `cargo run --release -p ecsim-kernel --example hold`. The figures are ratios to the calendar, so that they mean something on any machine.

#![allow(clippy::disallowed_types, reason = "a stopwatch, outside of any simulation")]

use core::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use ecsim_kernel::{Calendar, Due, Key, Phase, Purpose, SimTime, Span, Stream, Streams, id};
use priority_queue::PriorityQueue;

id! {
    /// What the calendar wakes; here it is only ever an index.
    struct ControllerId;
}

/// As large as the largest event that is allowed.
type Event = (u64, u64);
type Entry = Reverse<((u64, u64), Event)>;

/// What all queues have in common here.
trait Queue {
    const NAME: &str;
    fn new() -> Self;
    fn schedule(&mut self, at: SimTime, sequence: u64);
    fn pop(&mut self) -> SimTime;
}

impl Queue for Calendar<Event, ControllerId> {
    const NAME: &str = "calendar, events";

    fn new() -> Self {
        Calendar::new()
    }

    fn schedule(&mut self, at: SimTime, sequence: u64) {
        self.schedule(at, Phase::new(0), (sequence, 0));
    }

    fn pop(&mut self) -> SimTime {
        self.pop().expect("as many are pushed as popped").0
    }
}

/// The calendar's other queue, under the same load: each wake-up popped is scheduled anew.
struct Wakes(Calendar<Event, ControllerId>, ControllerId);

impl Queue for Wakes {
    const NAME: &str = "calendar, wake-ups";

    fn new() -> Self {
        Wakes(Calendar::new(), ControllerId::new(0))
    }

    fn schedule(&mut self, at: SimTime, sequence: u64) {
        // While filling, the next controller; afterwards, the one that was popped.
        let controller = if self.0.now() == SimTime::ZERO { ControllerId::new(sequence as u32) } else { self.1 };
        self.0.wake(controller, at, Phase::new(0));
    }

    fn pop(&mut self) -> SimTime {
        let (now, Due::Wake(controller)) = self.0.pop().expect("as many are pushed as popped") else {
            unreachable!("no events were scheduled")
        };
        self.1 = controller;
        now
    }
}

impl Queue for BinaryHeap<Entry> {
    const NAME: &str = "std BinaryHeap";

    fn new() -> Self {
        BinaryHeap::new()
    }

    fn schedule(&mut self, at: SimTime, sequence: u64) {
        self.push(Reverse(((at.ms(), sequence), (sequence, 0))));
    }

    fn pop(&mut self) -> SimTime {
        SimTime::from_ms(self.pop().expect("as many are pushed as popped").0.0.0)
    }
}

impl Queue for PriorityQueue<u64, Reverse<(u64, u64)>> {
    const NAME: &str = "priority-queue";

    fn new() -> Self {
        PriorityQueue::new()
    }

    fn schedule(&mut self, at: SimTime, sequence: u64) {
        self.push(sequence, Reverse((at.ms(), sequence)));
    }

    fn pop(&mut self) -> SimTime {
        SimTime::from_ms(self.pop().expect("as many are pushed as popped").1.0.0)
    }
}

fn delay(stream: &mut Stream) -> Span {
    Span::from_ms(1 + stream.below(1_000_000))
}

/// Nanoseconds for each pop and schedule while `pending` are waiting: the best of five rounds.
fn hold<Q: Queue>(pending: u64) -> f64 {
    let mut stream = Streams::new(1, 0).stream(Purpose(0), Key::new("hold", 0));
    let mut queue = Q::new();
    for sequence in 0..pending {
        queue.schedule(SimTime::ZERO + delay(&mut stream), sequence);
    }
    let rounds = 500_000;
    let mut sequence = pending;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..rounds {
            let now = queue.pop();
            queue.schedule(now + delay(&mut stream), sequence);
            sequence += 1;
        }
        best = best.min(start.elapsed().as_nanos() as f64 / rounds as f64);
    }
    best
}

fn report<Q: Queue>(pending: u64, calendar: f64) {
    let ns = hold::<Q>(pending);
    println!("{pending:>9} {:<20} {ns:>7.0} ns {:>6.2}x", Q::NAME, ns / calendar);
}

fn main() {
    println!("  pending queue                one hold  to the calendar");
    for pending in [1_000, 100_000, 1_000_000] {
        let calendar = hold::<Calendar<Event, ControllerId>>(pending);
        report::<Calendar<Event, ControllerId>>(pending, calendar);
        report::<Wakes>(pending, calendar);
        report::<BinaryHeap<Entry>>(pending, calendar);
        report::<PriorityQueue<u64, Reverse<(u64, u64)>>>(pending, calendar);
    }
}
