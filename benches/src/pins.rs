//! What every workload computes in every size that is run. A change of behaviour that is meant changes `pins.txt` too; an
//! optimisation never does.
//!
//! `cargo run --release -p ecsim-benches --example pin` prints what `pins.txt` should say.

use ecsim_kernel::Digest;

use crate::day;
use crate::end_to_end::Traces;
use crate::hold::{self, Queue};
use crate::placement::{self, Case};
use crate::quiet::{self, Past};
use crate::services::{self, Traffic};
use crate::week;

/// A digest a line: the digest, then the name of the workload.
const PINS: &str = include_str!("../pins.txt");

/// The name of a HOLD in `pins.txt`.
#[must_use]
pub fn hold(queue: Queue, pending: u32) -> String {
    format!("hold {} {pending}", queue.name())
}

/// The name of a placement in `pins.txt`.
#[must_use]
pub fn placement(case: Case, instances: u32) -> String {
    format!("placement {} {instances}", case.name())
}

/// The name of a day in `pins.txt`.
#[must_use]
pub fn day(traces: Traces, percent: u32) -> String {
    format!("day {} {percent}%", traces.name())
}

/// The name of a week in `pins.txt`.
#[must_use]
pub fn week(traces: Traces, percent: u32) -> String {
    format!("week {} {percent}%", traces.name())
}

/// The name of a quiet day in `pins.txt`.
#[must_use]
pub fn quiet(past: Past) -> String {
    format!("quiet {}", past.name())
}

/// The name of a week of services in `pins.txt`.
#[must_use]
pub fn services_week(traffic: Traffic, traces: Traces) -> String {
    format!("services week {} {}", traffic.name(), traces.name())
}

/// The name of a day of settled services in `pins.txt`.
#[must_use]
pub fn services_day(traffic: Traffic) -> String {
    format!("services day {}", traffic.name())
}

/// Runs everything that is pinned and tells the lines of `pins.txt`, one by one.
pub fn tell_all(mut tell: impl FnMut(String)) {
    let mut line = |name: String, digest: Digest| tell(format!("{} {name}", digest.hex()));
    for queue in Queue::ALL {
        for pending in [1_000, 100_000, 1_000_000] {
            line(hold(queue, pending), hold::hold(queue, pending));
        }
    }
    for case in Case::all() {
        for instances in [100, 1_000, 10_000, 100_000] {
            line(placement(case, instances), placement::placement(instances, case));
        }
    }
    for (traces, percent) in [
        (Traces::Nothing, 1),
        (Traces::Files, 1),
        (Traces::FilesAndEvents, 1),
        (Traces::Nothing, 10),
        (Traces::Files, 10),
        (Traces::Nothing, 100),
        (Traces::Files, 100),
    ] {
        line(day(traces, percent), day::day(percent, traces));
    }
    for (traces, percent) in [(Traces::Nothing, 10), (Traces::Files, 10), (Traces::Nothing, 100), (Traces::Files, 100)]
    {
        line(week(traces, percent), week::week(percent, traces));
    }
    for past in Past::ALL {
        line(quiet(past), quiet::day(quiet::start(past)));
    }
    for (traffic, traces) in
        [(Traffic::Noisy, Traces::Nothing), (Traffic::Noisy, Traces::Files), (Traffic::Wave, Traces::Nothing)]
    {
        line(services_week(traffic, traces), services::week(500, traffic, traces));
    }
    for traffic in Traffic::ALL {
        line(services_day(traffic), services::day(services::settled(500, traffic)));
    }
}

/// Prints the digest of a workload.
///
/// # Panics
/// Where it is not the one that is pinned.
pub fn check(name: &str, digest: Digest) {
    let digest = digest.hex();
    println!("{digest} {name}");
    let pinned = PINS.lines().filter_map(|line| line.split_once(' ')).find(|(_, pinned)| *pinned == name);
    assert_eq!(
        Some(digest.as_str()),
        pinned.map(|(digest, _)| digest),
        "{name} computes something else; if that is meant, correct benches/pins.txt (see its module, benches/src/pins.rs)"
    );
}
