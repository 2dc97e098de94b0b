//! A CloudWatch alarm: so many of the newest datapoints breach, and what missing ones count as (CW-010 to CW-014).
//!
//! *What it does.* Says in which state an alarm is after an evaluation.
//!
//! *What AWS documents.* M of N; that more than N datapoints are looked at, so that missing ones may be made up for; the
//! four ways to treat what is missing still, with two tables of examples (CW-011); that an alarm does not wait for the
//! rest where every datapoint there is breaches (CW-012). Ours: how many more than N are looked at (CW-013).
//!
//! *What we left out.* Periods and statistics: a datapoint is what the caller makes of them.
//!
//! *How we know it is right.* Both tables of AWS's guide; the window of bits says the same as the list, on random ones.

pub use ecsim_cluster::cloudwatch::{AlarmState, MissingData};

/// `evaluation_range_extra` where nobody sets it (CW-013).
pub const RANGE_EXTRA: usize = 2;

/// M of N, and how missing datapoints are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmRule {
    /// `EvaluationPeriods`, N.
    pub evaluation_periods: usize,
    /// `DatapointsToAlarm`, M.
    pub datapoints_to_alarm: usize,
    /// `TreatMissingData`.
    pub missing: MissingData,
    /// `evaluation_range_extra`: how many datapoints beyond N are looked at (CW-013).
    pub range_extra: usize,
}

impl AlarmRule {
    /// How many datapoints an evaluation looks at (CW-013).
    #[must_use]
    pub const fn range(self) -> usize {
        self.evaluation_periods.saturating_add(self.range_extra)
    }

    /// The state after an evaluation (CW-011, CW-012). `points` says which datapoints breach, the newest last; `None` is a
    /// missing one, and so is every one before the first.
    #[must_use]
    pub fn evaluate(self, points: &[Option<bool>], state: AlarmState) -> AlarmState {
        let points = &points[points.len().saturating_sub(self.range())..];
        let real = points.iter().flatten().count();
        let newest = points.iter().rev().flatten().take(self.evaluation_periods);
        let found = newest.filter(|breaches| **breaches).count();
        let age = points.iter().position(Option::is_some).map_or(0, |at| points.len() - at);
        self.judge(real, found, age, state)
    }

    /// The same of a window of bits, which must not hold more datapoints than are looked at (CW-011, CW-012).
    #[must_use]
    pub fn evaluate_window(self, window: Window, state: AlarmState) -> AlarmState {
        let real = window.real.count_ones() as usize;
        let mut left_out = 0;
        let mut over = real.saturating_sub(self.evaluation_periods);
        while over > 0 {
            let oldest = u64::MAX >> (window.real & !left_out).leading_zeros();
            left_out |= window.real & (oldest ^ (oldest >> 1));
            over -= 1;
        }
        let found = (window.breaching & !left_out).count_ones() as usize;
        let age = (u64::BITS - window.real.leading_zeros()) as usize;
        self.judge(real, found, age, state)
    }

    /// The state: `real` datapoints are there, the oldest of them is the `age`th from the newest end, and of the newest N
    /// that are there `found` breach.
    const fn judge(self, real: usize, found: usize, age: usize, state: AlarmState) -> AlarmState {
        let (needed, enough) = (self.evaluation_periods, self.datapoints_to_alarm);
        let alarm = if real == 0 {
            match self.missing {
                MissingData::Missing => return AlarmState::InsufficientData,
                MissingData::Ignore => return state,
                MissingData::Breaching => true,
                MissingData::NotBreaching => false,
            }
        } else if real >= needed {
            found >= enough
        } else {
            match self.missing {
                MissingData::Breaching => found + needed - real >= enough,
                MissingData::NotBreaching => found >= enough,
                MissingData::Missing | MissingData::Ignore if found >= enough => true,
                MissingData::Missing | MissingData::Ignore if found < real => false,
                // CW-012: every datapoint breaches; how old is the oldest?
                MissingData::Missing if age >= enough => true,
                MissingData::Missing | MissingData::Ignore => return state,
            }
        };
        if alarm { AlarmState::Alarm } else { AlarmState::Ok }
    }
}

/// What an evaluation looks at, as bits, the newest datapoint in the lowest: an alarm that looks ahead shifts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Which datapoints are there.
    real: u64,
    /// Which of them breach.
    breaching: u64,
}

impl Window {
    /// How many datapoints it can hold.
    pub const LONGEST: usize = u64::BITS as usize;

    /// The newest datapoints, the newest first; what does not fit is left out.
    pub fn newest_first(points: impl Iterator<Item = Option<bool>>) -> Self {
        let mut window = Self::default();
        for (at, point) in points.take(Self::LONGEST).enumerate() {
            window.real |= u64::from(point.is_some()) << at;
            window.breaching |= u64::from(point == Some(true)) << at;
        }
        window
    }

    /// The window after so many more equal datapoints, of which it keeps the newest `range`.
    #[must_use]
    pub fn followed_by(self, point: Option<bool>, times: u64, range: usize) -> Self {
        let newest = |count: u64| if count >= u64::from(u64::BITS) { u64::MAX } else { (1 << count) - 1 };
        let older = |bits: u64| if times >= u64::from(u64::BITS) { 0 } else { bits << times };
        let kept = newest(range as u64);
        let more = |is: bool| if is { newest(times) } else { 0 };
        Self {
            real: (older(self.real) | more(point.is_some())) & kept,
            breaching: (older(self.breaching) | more(point == Some(true))) & kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use AlarmState::{Alarm, InsufficientData, Ok};
    use MissingData::{Breaching, Ignore, Missing, NotBreaching};

    fn points(text: &str) -> Vec<Option<bool>> {
        let one = |letter| match letter {
            'X' => Some(true),
            '0' => Some(false),
            _ => None,
        };
        text.chars().filter(|letter| *letter != ' ').map(one).collect()
    }

    // proves: CW-010
    #[test]
    fn cw_011_and_012_both_tables_of_the_guide() {
        // What `missing`, `ignore`, `breaching` and `notBreaching` make of it; `None` keeps the state.
        let kept: Option<AlarmState> = None;
        let table = [
            (3, "0 - X - X", [Some(Ok), Some(Ok), Some(Ok), Some(Ok)]),
            (3, "0 - - - -", [Some(Ok), Some(Ok), Some(Ok), Some(Ok)]),
            (3, "- - - - -", [Some(InsufficientData), kept, Some(Alarm), Some(Ok)]),
            (3, "0 X X - X", [Some(Alarm), Some(Alarm), Some(Alarm), Some(Alarm)]),
            (3, "- - X - -", [Some(Alarm), kept, Some(Alarm), Some(Ok)]),
            (2, "0 - X - X", [Some(Alarm), Some(Alarm), Some(Alarm), Some(Alarm)]),
            (2, "0 0 X 0 X", [Some(Alarm), Some(Alarm), Some(Alarm), Some(Alarm)]),
            (2, "0 - X - -", [Some(Ok), Some(Ok), Some(Alarm), Some(Ok)]),
            (2, "- - - - 0", [Some(Ok), Some(Ok), Some(Alarm), Some(Ok)]),
            (2, "- - - X -", [Some(Alarm), kept, Some(Alarm), Some(Ok)]),
        ];
        for (datapoints_to_alarm, text, expected) in table {
            for (missing, expected) in [Missing, Ignore, Breaching, NotBreaching].into_iter().zip(expected) {
                let rule = AlarmRule { evaluation_periods: 3, datapoints_to_alarm, missing, range_extra: RANGE_EXTRA };
                for state in [InsufficientData, Ok, Alarm] {
                    let found = rule.evaluate(&points(text), state);
                    let window = Window::newest_first(points(text).into_iter().rev());
                    assert_eq!(rule.evaluate_window(window, state), found, "as bits");
                    assert_eq!(found, expected.unwrap_or(state), "{datapoints_to_alarm} of 3, {missing:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn cw_013_and_sx_026_beyond_the_tables_of_aws() {
        let kept: Option<AlarmState> = None;
        let table = [
            (3, "- 0 - X -", [Some(Ok), Some(Ok), Some(Ok), Some(Ok)]),
            (3, "X X - - -", [Some(Alarm), kept, Some(Alarm), Some(Ok)]),
            (2, "X 0 - - X", [Some(Alarm), Some(Alarm), Some(Alarm), Some(Alarm)]),
            (2, "0 - - - X", [Some(Ok), Some(Ok), Some(Alarm), Some(Ok)]),
            (3, "- - - X -", [kept, kept, Some(Alarm), Some(Ok)]),
        ];
        for (datapoints_to_alarm, text, expected) in table {
            for (missing, expected) in [Missing, Ignore, Breaching, NotBreaching].into_iter().zip(expected) {
                let rule = AlarmRule { evaluation_periods: 3, datapoints_to_alarm, missing, range_extra: RANGE_EXTRA };
                for state in [InsufficientData, Ok, Alarm] {
                    let found = rule.evaluate(&points(text), state);
                    let window = Window::newest_first(points(text).into_iter().rev());
                    assert_eq!(rule.evaluate_window(window, state), found, "as bits");
                    assert_eq!(found, expected.unwrap_or(state), "{datapoints_to_alarm} of 3, {missing:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn cw_014_a_fresh_low_alarm_waits_for_all_its_datapoints() {
        let low =
            AlarmRule { evaluation_periods: 15, datapoints_to_alarm: 15, missing: Missing, range_extra: RANGE_EXTRA };
        let high =
            AlarmRule { evaluation_periods: 3, datapoints_to_alarm: 3, missing: Missing, range_extra: RANGE_EXTRA };
        let mut state = InsufficientData;
        for count in 1..=15 {
            state = low.evaluate(&vec![Some(true); count], state);
            assert_eq!(state, if count < 15 { InsufficientData } else { Alarm }, "{count} datapoints");
        }
        assert_eq!(high.evaluate(&[Some(false)], InsufficientData), Ok);
    }

    #[test]
    fn cw_013_what_is_older_than_the_range_is_forgotten() {
        let rule =
            AlarmRule { evaluation_periods: 1, datapoints_to_alarm: 1, missing: Missing, range_extra: RANGE_EXTRA };
        assert_eq!(rule.evaluate(&points("X - -"), Ok), Alarm);
        assert_eq!(rule.evaluate(&points("X - - -"), Ok), InsufficientData);
    }

    fn any_points() -> impl Strategy<Value = Vec<Option<bool>>> {
        prop::collection::vec(prop::option::of(any::<bool>()), 0..80)
    }

    proptest! {
        // proves: CW-010, CW-011, CW-012, CW-013
        #[test]
        fn a_window_of_bits_says_what_the_list_says(
            mut list in any_points(),
            evaluation_periods in 1_usize..=62,
            datapoints in 0_usize..62,
            missing in prop::sample::select(vec![Missing, Ignore, Breaching, NotBreaching]),
            range_extra in 0_usize..=2,
            state in prop::sample::select(vec![InsufficientData, Ok, Alarm]),
            more in prop::collection::vec((prop::option::of(any::<bool>()), 0_u64..70), 0..4),
        ) {
            let datapoints_to_alarm = datapoints % evaluation_periods + 1;
            let rule = AlarmRule { evaluation_periods, datapoints_to_alarm, missing, range_extra };
            let seen = |list: &[Option<bool>]| Window::newest_first(list.iter().rev().take(rule.range()).copied());
            let mut window = seen(&list);
            prop_assert_eq!(rule.evaluate_window(window, state), rule.evaluate(&list, state));
            for (point, times) in more {
                window = window.followed_by(point, times, rule.range());
                list.extend((0..times).map(|_| point));
                prop_assert_eq!(window, seen(&list));
                prop_assert_eq!(rule.evaluate_window(window, state), rule.evaluate(&list, state));
            }
        }
    }
}
