//! Constraints, and the order of points: those that meet them first, the best first.

use ecsim_kernel::Span;

use crate::commands::compare::analysis::Study;

use super::experiment::Objective;

/// What must hold of a mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// As written.
    pub text: String,
    /// The number of its response.
    pub response: usize,
    /// Whether the mean must be below the bound; else above.
    pub below: bool,
    /// Whether the bound itself is as good.
    pub equal: bool,
    /// The bound, in the unit of the response.
    pub bound: f64,
}

/// The response of a rule as written, and all else of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts<'a> {
    /// The name or path of the response.
    pub response: &'a str,
    below: bool,
    equal: bool,
    bound: f64,
}

/// Reads `p95 time to RUNNING < 30s`.
///
/// # Errors
/// What is wrong.
pub fn parse(text: &str) -> Result<Parts<'_>, &'static str> {
    let at = text.find(['<', '>']).ok_or("it has no < or >")?;
    let rest = &text[at + 1..];
    let (equal, bound) = rest.strip_prefix('=').map_or((false, rest), |rest| (true, rest));
    let response = text[..at].trim();
    if response.is_empty() {
        return Err("it names no response");
    }
    let bound = number(bound.trim()).ok_or("its bound is no number")?;
    Ok(Parts { response, below: text[at..].starts_with('<'), equal, bound })
}

/// A number, a time in seconds, a percentage, or an amount of money.
fn number(text: &str) -> Option<f64> {
    let plain = text.trim_start_matches(['$', '¥']).trim_end_matches('%').trim();
    plain
        .parse()
        .ok()
        .filter(|it: &f64| it.is_finite())
        .or_else(|| Some(text.parse::<Span>().ok()?.ms() as f64 / 1_000.0))
}

impl Parts<'_> {
    /// With the number of its response.
    pub fn of(&self, text: &str, response: usize) -> Rule {
        Rule { text: text.trim().to_owned(), response, below: self.below, equal: self.equal, bound: self.bound }
    }
}

impl Rule {
    /// By how much a mean misses the bound, as a share of it; 0 where it does not.
    pub fn missed_by(&self, mean: f64) -> f64 {
        let over = if self.below { mean - self.bound } else { self.bound - mean };
        let met = if self.equal { over <= 0.0 } else { over < 0.0 };
        if met { 0.0 } else { over.max(f64::MIN_POSITIVE) / self.bound.abs().max(1e-9) }
    }

    /// Whether the interval lies on the good side as a whole.
    pub fn is_sure(&self, mean: f64, half_width: Option<f64>) -> bool {
        let half = half_width.unwrap_or(f64::INFINITY);
        self.missed_by(if self.below { mean + half } else { mean - half }) == 0.0
    }
}

/// What decides between points.
#[derive(Clone, Debug)]
pub struct Judge {
    /// What must hold.
    pub rules: Vec<Rule>,
    /// The response that is to be least or most.
    pub objective: Option<(usize, bool)>,
}

impl Judge {
    /// By how much a point misses its constraints; without a value it misses them most.
    pub fn missed_by(&self, study: &Study<'_>, variant: usize) -> f64 {
        self.rules
            .iter()
            .map(|rule| {
                let mean = study.cell(rule.response, variant).estimate.map(|it| it.mean);
                mean.map_or(f64::INFINITY, |mean| rule.missed_by(mean))
            })
            .sum()
    }

    /// These points, the best first; equally good ones in their order.
    pub fn order(&self, study: &Study<'_>, points: &[usize]) -> Vec<usize> {
        let mut keyed: Vec<(f64, f64, usize)> = points
            .iter()
            .map(|point| {
                let value = self.objective.and_then(|(response, least)| {
                    let mean = study.cell(response, *point).estimate?.mean;
                    Some(if least { mean } else { -mean })
                });
                let value = if self.objective.is_some() { value.unwrap_or(f64::INFINITY) } else { 0.0 };
                (self.missed_by(study, *point), value, *point)
            })
            .collect();
        if self.objective.is_some() {
            keyed.sort_by(|one, other| {
                one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)).then(one.2.cmp(&other.2))
            });
        }
        keyed.into_iter().map(|it| it.2).collect()
    }
}

/// The response that an objective is about, and whether less is better.
pub fn objective(objective: &Objective) -> (&str, bool) {
    match (&objective.minimize, &objective.maximize) {
        (Some(response), _) => (response.trim(), true),
        (None, response) => (response.as_deref().unwrap_or_default().trim(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_as_people_write_them() {
        let parts = parse("p95 time to RUNNING < 30s").unwrap();
        assert_eq!((parts.response, parts.below, parts.equal, parts.bound), ("p95 time to RUNNING", true, false, 30.0));
        assert_eq!(parse("cost <= $40").unwrap().bound, 40.0);
        assert_eq!(parse("timeToRunning.total.p95<=2m").unwrap().bound, 120.0);
        let parts = parse("mean: cluster.CPUReservation >= 60%").unwrap();
        assert_eq!((parts.response, parts.below, parts.bound), ("mean: cluster.CPUReservation", false, 60.0));
        for wrong in ["cost", "< 3", "cost < much", "cost < "] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn how_far_a_mean_misses() {
        let rule = parse("x <= 10").unwrap().of("x <= 10", 0);
        assert_eq!((rule.missed_by(10.0), rule.missed_by(12.0)), (0.0, 0.2));
        assert!(rule.is_sure(9.0, Some(1.0)) && !rule.is_sure(9.0, Some(1.1)) && !rule.is_sure(9.0, None));
        let rule = parse("x > 0").unwrap().of("x > 0", 0);
        assert!(rule.missed_by(0.0) > 0.0 && rule.missed_by(0.1) == 0.0);
    }
}
