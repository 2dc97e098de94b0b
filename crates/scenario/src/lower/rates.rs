//! Shapes of requests over time, as the scenario writes them, become the engine's.

use std::collections::BTreeMap;

use ecsim_engine::load::{Clock, Rate};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{Duration, RateMap, RateShape};

const DAY: i64 = 86_400_000;
const WEEK: i64 = 7 * DAY;
const MINUTE: i64 = 60_000;
/// The first day of the epoch was a Thursday.
const TO_MONDAY: i64 = 3 * DAY;
/// A wave whose steps nobody has written has at least so many.
const LEAST_STEPS: i64 = 60;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl<'a> Context<'a> {
    /// A rate; its numbers are requests in `unit` seconds.
    pub(super) fn rate(&mut self, given: &'a RateShape, unit: f64, at: &Locator<'a>) -> Rate {
        let mut noises = 0;
        self.rate_shape(given, unit, &mut noises, at)
    }

    fn rate_shape(&mut self, given: &'a RateShape, unit: f64, noises: &mut u64, at: &Locator<'a>) -> Rate {
        match given {
            RateShape::Constant(value) if value.is_finite() && *value >= 0.0 => Rate::Constant(*value),
            RateShape::Constant(value) => {
                self.error(at, "E367", format!("`{value}` is no number of requests"), None);
                Rate::Constant(0.0)
            }
            RateShape::Shape(map) => self.rate_map(map, unit, noises, at),
        }
    }

    fn rate_map(&mut self, given: &'a RateMap, unit: f64, noises: &mut u64, at: &Locator<'a>) -> Rate {
        let of = |key: &str| at.clone().key(key);
        if let Some(daily) = &given.daily {
            let at = of("daily");
            let clock = self.rate_clock(daily.time_zone.as_deref(), 0, &at);
            let step = self.rate_step(daily.step, &at);
            return match (daily.peak, daily.trough, daily.points.is_empty()) {
                (Some(peak), Some(trough), true) => {
                    let text = daily.peak_at.as_deref().unwrap_or("14:00");
                    let peak_at = self.time_of_day(text, &at.clone().key("peakAt"));
                    self.not_negative(&[peak, trough], &at);
                    Rate::Sine { peak, trough, peak_at, period: DAY, step, clock }
                }
                (None, None, false) if daily.peak_at.is_none() => {
                    let place = at.clone().key("points");
                    let points = self.named_points(&daily.points, &place, Self::time_of_day);
                    self.rate_curve(points, DAY, (daily.interpolate.unwrap_or(true)).then_some(step), clock, &place)
                }
                _ => {
                    let help = Some("for example {peak: 200, trough: 40, peakAt: \"14:00\"}".into());
                    self.error(&at, "E367", "a day has either `points`, or `peak` and `trough`", help);
                    Rate::Constant(0.0)
                }
            };
        }
        if let Some(weekly) = &given.weekly {
            let at = of("weekly");
            let clock = self.rate_clock(weekly.time_zone.as_deref(), TO_MONDAY, &at);
            let step = self.rate_step(weekly.step, &at);
            let place = at.key("points");
            let points = self.named_points(&weekly.points, &place, Self::time_of_week);
            return self.rate_curve(points, WEEK, (weekly.interpolate.unwrap_or(true)).then_some(step), clock, &place);
        }
        if let Some(sine) = &given.sine {
            let at = of("sine");
            let period = sine.period.map_or(DAY, |it| it.0.ms() as i64);
            if period == 0 {
                self.error(&at.clone().key("period"), "E367", "a wave of no length", None);
            }
            self.not_negative(&[sine.peak, sine.trough], &at);
            let peak_at = sine.peak_at.map_or(period / 2, |it| it.0.ms() as i64);
            let mut step = self.rate_step(sine.step, &at);
            // A wave that is as short as its steps would be a line, or one that is not there.
            let fine = (period / LEAST_STEPS).max(1_000);
            if step > fine && sine.step.is_some() && step > period / 4 {
                let help = Some(format!("at most a quarter of the period, such as {}s", fine / 1_000));
                self.error(&at.clone().key("step"), "E367", "the steps are too long to show the wave", help);
            }
            if sine.step.is_none() {
                step = step.min(fine);
            }
            return Rate::Sine {
                peak: sine.peak,
                trough: sine.trough,
                peak_at,
                period: period.max(1),
                step: step.min(period.max(1)),
                clock: None,
            };
        }
        if let Some(points) = &given.points {
            let at = of("points");
            let step = self.rate_step(points.step, &at);
            let list: Vec<(i64, f64)> = points.at.0.iter().map(|(time, value)| (time.0.ms() as i64, *value)).collect();
            let period = points.repeat_every.map_or(0, |it| it.0.ms() as i64);
            let place = at.key("at");
            return self.rate_curve(list, period, points.interpolate.unwrap_or(false).then_some(step), None, &place);
        }
        if let Some(ramp) = &given.ramp {
            let at = of("ramp");
            let start = ramp.start.map_or(0, |it| it.0.ms() as i64);
            let length = ramp.duration.0.ms() as i64;
            let usual = MINUTE.min((length / 10).max(1_000));
            let step = ramp.step.map_or(usual, |_| self.rate_step(ramp.step, &at));
            self.not_negative(&[ramp.from, ramp.to], &at);
            return Rate::Ramp { from: ramp.from, to: ramp.to, start, end: start + length, step };
        }
        if let Some(spike) = &given.spike {
            let at = of("spike");
            let (duration, every) = (spike.duration.0.ms() as i64, spike.every.map_or(0, |it| it.0.ms() as i64));
            if duration == 0 || (spike.every.is_some() && every <= duration) {
                let help = Some("`every` counts from one beginning to the next".into());
                self.error(&at, "E367", "a spike has some length, and less than from one to the next", help);
                return Rate::Constant(0.0);
            }
            let base = spike.base.unwrap_or(0.0);
            self.not_negative(&[spike.value, base], &at);
            return Rate::Spike { value: spike.value, base, at: spike.at.0.ms() as i64, duration, every };
        }
        if let Some(noise) = &given.noise {
            let at = of("noise");
            let place = at.clone().key("distribution");
            let distribution = self.plain_numbers(&noise.distribution, &place);
            let distribution = distribution.clone().at_least(0.0).unwrap_or(distribution);
            let step = self.rate_step(noise.step, &at);
            *noises += 1;
            return Rate::Noise { distribution, step, ordinal: *noises - 1 };
        }
        if let Some(trace) = &given.trace {
            return self.rate_trace(trace, unit, &of("trace")).unwrap_or(Rate::Constant(0.0));
        }
        for (key, parts) in [("sum", &given.sum), ("product", &given.product)] {
            let Some(parts) = parts else { continue };
            let place = of(key);
            if parts.is_empty() {
                self.error(&place, "E367", format!("a `{key}` of nothing"), None);
            }
            // In a product only the first factor is a number of requests.
            let lower = |(index, part): (usize, &'a RateShape)| {
                let unit = if key == "product" && index > 0 { 1.0 } else { unit };
                self.rate_shape(part, unit, noises, &place.clone().index(index))
            };
            let parts = parts.iter().enumerate().map(lower).collect();
            return if key == "sum" { Rate::Sum(parts) } else { Rate::Product(parts) };
        }
        self.error(at, "E367", "a rate without a shape", Some("for example {sine: {peak: 200, trough: 40}}".into()));
        Rate::Constant(0.0)
    }

    fn not_negative(&mut self, values: &[f64], at: &Locator<'a>) {
        if values.iter().any(|value| !(value.is_finite() && *value >= 0.0)) {
            self.error(at, "E367", "requests cannot be less than none", None);
        }
    }

    /// The length of a step: a minute, and never so short that a run does not get on.
    fn rate_step(&mut self, given: Option<Duration>, at: &Locator<'a>) -> i64 {
        let step = given.map_or(MINUTE, |it| it.0.ms() as i64);
        if step < 1_000 {
            let help = Some("leave it out: a minute is usual".into());
            self.error(&at.clone().key("step"), "E367", "a step below one second", help);
        }
        step.max(1_000)
    }

    pub(super) fn rate_curve(
        &mut self,
        mut points: Vec<(i64, f64)>,
        period: i64,
        step: Option<i64>,
        clock: Option<Clock>,
        at: &Locator<'a>,
    ) -> Rate {
        points.sort_by_key(|(time, _)| *time);
        if points.is_empty() {
            self.error(at, "E367", "a curve without points", None);
            return Rate::Constant(0.0);
        }
        if points.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            self.error(at, "E367", "two points at the same time", None);
        }
        if period > 0 && points.last().is_some_and(|last| last.0 >= period) {
            self.error(at, "E367", "a point beyond the time after which the curve begins again", None);
        }
        self.not_negative(&points.iter().map(|(_, value)| *value).collect::<Vec<_>>(), at);
        Rate::Points { points: points.into(), period, step, clock }
    }

    fn named_points(
        &mut self,
        given: &BTreeMap<String, f64>,
        at: &Locator<'a>,
        read: fn(&mut Self, &str, &Locator<'a>) -> i64,
    ) -> Vec<(i64, f64)> {
        given.iter().map(|(name, value)| (read(self, name, &at.clone().key(name)), *value)).collect()
    }

    fn time_of_day(&mut self, text: &str, at: &Locator<'a>) -> i64 {
        let read = || {
            let (hours, minutes) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
            let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
            ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some((hours * 60 + minutes) * MINUTE)
        };
        read().unwrap_or_else(|| {
            let message = format!("`{}` is no time of day", shown(text));
            self.error(at, "E367", message, Some("write for example \"08:30\"".into()));
            0
        })
    }

    fn time_of_week(&mut self, text: &str, at: &Locator<'a>) -> i64 {
        let (day, time) = text.trim().split_once(' ').unwrap_or((text.trim(), "00:00"));
        let short: String = day.to_ascii_lowercase().chars().take(3).collect();
        match WEEKDAYS.iter().position(|known| *known == short) {
            Some(at_day) => at_day as i64 * DAY + self.time_of_day(time, at),
            None => {
                let message = format!("`{}` is no time of the week", shown(text));
                self.error(at, "E367", message, Some("write for example \"Mon 08:30\"".into()));
                0
            }
        }
    }

    /// How the clock of a zone goes during the run; `shift` moves the beginning of its period.
    fn rate_clock(&mut self, zone: Option<&str>, shift: i64, at: &Locator<'a>) -> Option<Clock> {
        let start = self.definitions.start_unix_ms;
        let name = zone.unwrap_or("UTC");
        let Ok(zone) = TimeZoneDatabase::bundled().get(name) else {
            let message = format!("unknown time zone `{}`", shown(name));
            let help = Some("names are those of the IANA database, such as Europe/Berlin".into());
            self.error(&at.clone().key("timeZone"), "E367", message, help);
            return None;
        };
        let begin = Timestamp::from_millisecond(start).ok()?;
        let end = start.saturating_add(self.scenario.simulation.duration.0.ms() as i64);
        let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds()) * 1_000;
        let mut offsets = vec![(0, start + offset(begin) + shift)];
        for change in zone.following(begin).take_while(|it| it.timestamp().as_millisecond() < end) {
            let at = change.timestamp();
            offsets.push((at.as_millisecond() - start, start + offset(at) + shift));
        }
        Some(Clock { offsets: offsets.into() })
    }
}
