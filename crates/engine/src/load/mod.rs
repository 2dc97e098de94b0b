//! What requests do to the tasks that answer them: the mathematics, without a cluster and without events.
//!
//! * [`rate`]: requests a second as a function of time, in steps.
//! * [`erlang`]: the probability to wait, of Erlang.
//! * [`limits`]: full queues and clients that give up.
//! * [`mesh`]: retries and ejections by the proxies of Service Connect (LB-041).
//! * [`station`]: one task as a queue: capacity, mean and variance of the time to the answer, requests in flight.
//! * [`response`]: times to an answer as a distribution, mixtures of them, and their quantiles.
//! * [`shares`]: how the kernel of an instance divides its processors among tasks (CW-031).
//!
//! **What it does.** Within a stretch of time in which nothing changes each task is a queue in its steady state: M/G/c with
//! processor sharing, or first come first served where a task takes fewer requests at a time than it has processors. More
//! requests than a task can answer pile up like a fluid, time out or are turned away, and drain afterwards
//! (`world/demand.rs`).
//!
//! **What AWS documents.** Nothing of this: it is queueing theory. `docs/load.md` says what we left out.
//!
//! **How we know it is right.** Closed forms and tables in the tests of each module, and a simulation request by request in
//! `tests/load.rs`.

pub mod erlang;
pub mod limits;
pub mod mesh;
pub mod rate;
pub mod response;
pub mod shares;
pub mod station;

pub use limits::{Limit, Limited};
pub use rate::{Clock, Rate};
pub use response::{Mixture, Response};
pub use station::{Delay, Station, Steady};
