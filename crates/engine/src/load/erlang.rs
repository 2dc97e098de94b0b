//! The probability to wait in a queue with several servers (Erlang C), also for a number of servers that is not whole.

/// More servers than these change nothing that anybody would see.
const MOST: f64 = 1_024.0;

/// The probability that a request that comes to `servers` servers with a utilisation of `rho` finds all of them busy.
///
/// Between two whole numbers of servers it is interpolated at the same utilisation; below one server it is that of one.
#[must_use]
pub fn wait_probability(servers: f64, rho: f64) -> f64 {
    if rho >= 1.0 {
        return 1.0;
    }
    if rho <= 0.0 {
        return 0.0;
    }
    between(servers, |servers| whole(servers, rho))
}

/// The probability that a request finds all of `servers` servers busy where nobody can wait (Erlang B), at a load of `rho`
/// by server, which may be more than one. Between two whole numbers of servers it is interpolated likewise.
#[must_use]
pub fn blocked(servers: f64, rho: f64) -> f64 {
    if rho <= 0.0 {
        return 0.0;
    }
    between(servers, |servers| whole_blocked(servers, rho))
}

/// What holds for so many servers, from what holds for the whole numbers around it, at least one.
fn between(servers: f64, whole: impl Fn(u32) -> f64) -> f64 {
    let servers = servers.clamp(1.0, MOST);
    let below = servers.floor();
    let part = servers - below;
    let low = whole(below as u32);
    if part == 0.0 { low } else { low + part * (whole(below as u32 + 1) - low) }
}

/// Erlang B by its recursion, which never overflows.
fn whole_blocked(servers: u32, rho: f64) -> f64 {
    let load = rho * f64::from(servers);
    let mut blocked = 1.0;
    for count in 1..=servers {
        blocked = load * blocked / (f64::from(count) + load * blocked);
    }
    blocked
}

/// Erlang C, from Erlang B.
fn whole(servers: u32, rho: f64) -> f64 {
    let blocked = whole_blocked(servers, rho);
    blocked / (1.0 - rho * (1.0 - blocked))
}

#[cfg(test)]
mod tests {
    use super::wait_probability;

    /// Values of the tables of Erlang C, to four decimals.
    #[test]
    fn it_is_erlangs_table() {
        for (servers, load, wanted) in [
            (1.0, 0.5, 0.5),
            (2.0, 1.0, 0.3333),
            (3.0, 2.0, 0.4444),
            (5.0, 4.0, 0.5541),
            (10.0, 8.0, 0.4092),
            (10.0, 5.0, 0.0361),
        ] {
            let got = wait_probability(servers, load / servers);
            assert!((got - wanted).abs() < 6e-5, "{servers} servers, load {load}: {got}");
        }
    }

    #[test]
    fn between_whole_numbers_it_is_between_their_values() {
        let (two, three) = (wait_probability(2.0, 0.8), wait_probability(3.0, 0.8));
        let between = wait_probability(2.5, 0.8);
        assert!(three < between && between < two);
        assert!((wait_probability(0.25, 0.8) - 0.8).abs() < 1e-12, "one slow server waits like one server");
        assert!((wait_probability(7.0, 1.2) - 1.0).abs() < f64::EPSILON && wait_probability(7.0, 0.0) == 0.0);
    }
}
