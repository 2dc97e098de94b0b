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
//! *How we know it is right.* Both tables of AWS's guide.

use crate::capacity::spec::MissingData;

/// `evaluation_range_extra`: how many datapoints beyond N are looked at (CW-013).
pub const RANGE_EXTRA: usize = 2;

/// The state of an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlarmState {
    /// `INSUFFICIENT_DATA`: every alarm begins so (CW-003).
    #[default]
    InsufficientData,
    /// `OK`.
    Ok,
    /// `ALARM`.
    Alarm,
}

/// M of N, and how missing datapoints are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmRule {
    /// `EvaluationPeriods`, N.
    pub evaluation_periods: usize,
    /// `DatapointsToAlarm`, M.
    pub datapoints_to_alarm: usize,
    /// `TreatMissingData`.
    pub missing: MissingData,
}

impl AlarmRule {
    /// How many datapoints an evaluation looks at (CW-013).
    #[must_use]
    pub const fn range(self) -> usize {
        self.evaluation_periods.saturating_add(RANGE_EXTRA)
    }

    /// The state after an evaluation (CW-011, CW-012). `points` says which datapoints breach, the newest last; `None` is a
    /// missing one, and so is every one before the first.
    #[must_use]
    pub fn evaluate(self, points: &[Option<bool>], state: AlarmState) -> AlarmState {
        let points = &points[points.len().saturating_sub(self.range())..];
        let real: Vec<bool> = points.iter().flatten().copied().collect();
        let alarm_if = |holds: bool| if holds { AlarmState::Alarm } else { AlarmState::Ok };
        let (needed, enough) = (self.evaluation_periods, self.datapoints_to_alarm);
        let breaching = |points: &[bool]| points.iter().filter(|breaches| **breaches).count();
        if real.is_empty() {
            return match self.missing {
                MissingData::Missing => AlarmState::InsufficientData,
                MissingData::Ignore => state,
                MissingData::Breaching => AlarmState::Alarm,
                MissingData::NotBreaching => AlarmState::Ok,
            };
        }
        if real.len() >= needed {
            return alarm_if(breaching(&real[real.len() - needed..]) >= enough);
        }
        let found = breaching(&real);
        match self.missing {
            MissingData::Breaching => alarm_if(found + needed - real.len() >= enough),
            MissingData::NotBreaching => alarm_if(found >= enough),
            MissingData::Missing | MissingData::Ignore if found >= enough => AlarmState::Alarm,
            MissingData::Missing | MissingData::Ignore if found < real.len() => AlarmState::Ok,
            MissingData::Ignore => state,
            MissingData::Missing => {
                // CW-012: every datapoint breaches; how old is the oldest?
                let age = points.iter().position(Option::is_some).map_or(0, |at| points.len() - at);
                if age >= enough { AlarmState::Alarm } else { state }
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
                let rule = AlarmRule { evaluation_periods: 3, datapoints_to_alarm, missing };
                for state in [InsufficientData, Ok, Alarm] {
                    let found = rule.evaluate(&points(text), state);
                    assert_eq!(found, expected.unwrap_or(state), "{datapoints_to_alarm} of 3, {missing:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn cw_014_a_fresh_low_alarm_waits_for_all_its_datapoints() {
        let low = AlarmRule { evaluation_periods: 15, datapoints_to_alarm: 15, missing: Missing };
        let high = AlarmRule { evaluation_periods: 3, datapoints_to_alarm: 3, missing: Missing };
        let mut state = InsufficientData;
        for count in 1..=15 {
            state = low.evaluate(&vec![Some(true); count], state);
            assert_eq!(state, if count < 15 { InsufficientData } else { Alarm }, "{count} datapoints");
        }
        assert_eq!(high.evaluate(&[Some(false)], InsufficientData), Ok);
    }

    #[test]
    fn cw_013_what_is_older_than_the_range_is_forgotten() {
        let rule = AlarmRule { evaluation_periods: 1, datapoints_to_alarm: 1, missing: Missing };
        assert_eq!(rule.evaluate(&points("X - -"), Ok), Alarm);
        assert_eq!(rule.evaluate(&points("X - - -"), Ok), InsufficientData);
    }
}
