//! Simulated time as people write it: ISO 8601, UTC, milliseconds.

use ecsim_kernel::SimTime;

/// Turns simulated time into calendar time. Remembers the current day, because a trace prints millions of stamps.
#[derive(Clone, Debug)]
pub struct Clock {
    start_unix_ms: i64,
    day: i64,
    date: [u8; 10],
}

const DAY_MS: i64 = 86_400_000;

impl Clock {
    /// A clock for a run that starts at `start_unix_ms` milliseconds after the Unix epoch.
    #[must_use]
    pub fn new(start_unix_ms: i64) -> Self {
        let mut clock = Self { start_unix_ms, day: i64::MIN, date: *b"1970-01-01" };
        clock.turn_to(start_unix_ms.div_euclid(DAY_MS));
        clock
    }

    /// `2026-03-02T00:01:00.000Z`.
    #[must_use]
    pub fn stamp(&mut self, at: SimTime) -> String {
        let mut text = Vec::with_capacity(24);
        self.write(at, &mut text);
        String::from_utf8(text).expect("ASCII")
    }

    /// Appends the stamp to `out`.
    pub fn write(&mut self, at: SimTime, out: &mut Vec<u8>) {
        let unix_ms = self.start_unix_ms.saturating_add(i64::try_from(at.ms()).unwrap_or(i64::MAX));
        let (day, ms) = (unix_ms.div_euclid(DAY_MS), unix_ms.rem_euclid(DAY_MS));
        if day != self.day {
            self.turn_to(day);
        }
        // By hand, because `write!` takes a third of the time of writing a table.
        let digit = |unit: i64, base: i64| b'0' + (ms / unit % base) as u8;
        out.extend_from_slice(&self.date);
        out.extend_from_slice(&[
            b'T',
            digit(36_000_000, 10),
            digit(3_600_000, 10),
            b':',
            digit(600_000, 6),
            digit(60_000, 10),
            b':',
            digit(10_000, 6),
            digit(1_000, 10),
            b'.',
            digit(100, 10),
            digit(10, 10),
            digit(1, 10),
            b'Z',
        ]);
    }

    fn turn_to(&mut self, day: i64) {
        self.day = day;
        let text = jiff::Timestamp::from_millisecond(day.saturating_mul(DAY_MS))
            .unwrap_or(jiff::Timestamp::MAX)
            .strftime("%Y-%m-%d")
            .to_string();
        if let Ok(date) = text.as_bytes().try_into() {
            self.date = date;
        }
    }
}

/// Milliseconds after the Unix epoch of an instant in ISO 8601 with its offset, such as `2026-03-02T00:01:00.000Z`; `None`
/// for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsim_kernel::Span;

    #[test]
    fn stamps_are_iso_8601_and_cross_midnight() {
        let mut clock = Clock::new(1_772_409_600_000);
        assert_eq!(clock.stamp(SimTime::ZERO), "2026-03-02T00:00:00.000Z");
        assert_eq!(clock.stamp(SimTime::ZERO + Span::from_hours(24)), "2026-03-03T00:00:00.000Z");
        assert_eq!(clock.stamp(SimTime::from_ms(61_250)), "2026-03-02T00:01:01.250Z");
        assert_eq!(clock.stamp(SimTime::from_ms(86_399_999)), "2026-03-02T23:59:59.999Z");
        assert_eq!(clock.stamp(SimTime::from_ms(45_296_789)), "2026-03-02T12:34:56.789Z");
        assert_eq!(Clock::new(-1).stamp(SimTime::ZERO), "1969-12-31T23:59:59.999Z");
    }
}
