//! Where the initial transient of a run ends.
//!
//! **MSER** (Marginal Standard Error Rule, White 1997): cut off the beginning such that the standard error of the mean of
//! the rest is least. It is applied to the series averaged over all replications, as Welch's method does, so that the
//! noise of one run does not hide the transient. A cut in the second half says that the run is too short to tell.

use crate::estimate::mean;

/// What MSER says of a series of means over equal parts of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transient {
    /// So many parts at the beginning are the transient.
    pub parts: usize,
    /// The mean with it.
    pub with: f64,
    /// The mean without it.
    pub without: f64,
    /// Whether the cut lies at the very end of where it is looked for: the run has not settled.
    pub unsettled: bool,
}

/// The average of several series, part by part; as long as the shortest.
#[must_use]
pub fn average(series: &[Vec<f64>]) -> Vec<f64> {
    let length = series.iter().map(Vec::len).min().unwrap_or(0);
    (0..length).filter_map(|at| mean(&series.iter().map(|it| it[at]).collect::<Vec<_>>())).collect()
}

/// Looks for the transient; nothing of a series that is too short or constant.
#[must_use]
pub fn mser(series: &[f64]) -> Option<Transient> {
    const LEAST: usize = 10;
    if series.len() < LEAST || series.iter().all(|it| *it == series[0]) {
        return None;
    }
    let limit = series.len() / 2;
    let score = |cut: usize| {
        let rest = &series[cut..];
        let mean = mean(rest).unwrap_or(0.0);
        let squares: f64 = rest.iter().map(|it| (it - mean) * (it - mean)).sum();
        squares / (rest.len() as f64 * rest.len() as f64)
    };
    // The first of the least.
    let parts = (0..=limit).fold(0, |best, cut| if score(cut) < score(best) { cut } else { best });
    Some(Transient { parts, with: mean(series)?, without: mean(&series[parts..])?, unsettled: parts == limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_is_cut_off() {
        // Six parts rising, then noise around 10.
        let mut series: Vec<f64> = (0..6).map(|at| f64::from(at) * 1.5).collect();
        series.extend((0..54).map(|at| 10.0 + f64::from(at * 7 % 5 - 2) / 10.0));
        let found = mser(&series).unwrap();
        assert!((6..=7).contains(&found.parts), "{found:?}");
        assert!(found.with < 9.5 && (found.without - 10.0).abs() < 0.05 && !found.unsettled);
        // What only rises never settles.
        let rising: Vec<f64> = (0..40).map(f64::from).collect();
        assert!(mser(&rising).unwrap().unsettled);
        // Noise has no transient worth speaking of.
        let noise: Vec<f64> = (0..60).map(|at| f64::from(at * 31 % 17)).collect();
        assert!(mser(&noise).unwrap().parts < 10);
        assert_eq!(mser(&[1.0; 60]), None);
        assert_eq!(mser(&[1.0, 2.0]), None);
    }

    #[test]
    fn replications_are_averaged_part_by_part() {
        assert_eq!(average(&[vec![1.0, 2.0, 9.0], vec![3.0, 4.0]]), [2.0, 3.0]);
        assert!(average(&[]).is_empty());
    }
}
