//! Numbers out of results, and claims about them.
//!
//! `share.wait(spot=50)` is the mean of response `wait` of experiment `share` at the point where factor `spot` has level
//! `50`; `.low`, `.high`, `.half`, `.difference`, `.differenceLow` and `.differenceHigh` behind it are the ends and half of its
//! interval, and its difference to the first point. Numbers go together by `+ - * /` and parentheses, and `<`, `<=`, `>`,
//! `>=` make a claim.

use super::results::{Cell, Results};
use crate::Error;

/// The value of an expression.
///
/// # Errors
/// Where it is none, or a name or point does not exist.
pub fn value(text: &str, all: &[Results]) -> Result<f64, Error> {
    let mut parser = Parser { rest: text, all };
    let value = parser.sum().map_err(|error| format!("`{text}`: {error}"))?;
    if parser.rest.trim().is_empty() {
        Ok(value)
    } else {
        Err(format!("`{text}`: `{}` was not expected", parser.rest.trim()).into())
    }
}

/// Whether a claim holds; with both sides.
///
/// # Errors
/// Where it is none, or a name or point does not exist.
pub fn claim(text: &str, all: &[Results]) -> Result<(bool, f64, f64), Error> {
    let at = text.find(['<', '>']).ok_or_else(|| format!("claim `{text}` has no < or >"))?;
    let or_equal = text[at + 1..].starts_with('=');
    let left = value(text[..at].trim(), all)?;
    let right = value(text[at + 1 + usize::from(or_equal)..].trim(), all)?;
    let (less, more) = if text[at..].starts_with('<') { (left, right) } else { (right, left) };
    Ok((if or_equal { less <= more } else { less < more }, left, right))
}

struct Parser<'a> {
    rest: &'a str,
    all: &'a [Results],
}

impl<'a> Parser<'a> {
    fn takes(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let taken = rest.strip_prefix(sign);
        self.rest = taken.unwrap_or(rest);
        taken.is_some()
    }

    fn sum(&mut self) -> Result<f64, Error> {
        let mut value = self.product()?;
        loop {
            if self.takes('+') {
                value += self.product()?;
            } else if self.takes('-') {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Result<f64, Error> {
        let mut value = self.single()?;
        loop {
            if self.takes('*') {
                value *= self.single()?;
            } else if self.takes('/') {
                value /= self.single()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn single(&mut self) -> Result<f64, Error> {
        if self.takes('-') {
            return Ok(-self.single()?);
        }
        if self.takes('(') {
            let value = self.sum()?;
            return if self.takes(')') { Ok(value) } else { Err("a `)` is missing".into()) };
        }
        let word = self.word(|it| it.is_alphanumeric() || it == '.' || it == '_');
        if let Ok(number) = word.parse() {
            return Ok(number);
        }
        let (experiment, response) =
            word.split_once('.').ok_or("a number or EXPERIMENT.RESPONSE(FACTOR=LEVEL) is expected")?;
        if !self.takes('(') {
            return Err(format!("behind `{word}` the point is expected: (FACTOR=LEVEL, …)").into());
        }
        let inside = self.rest.split_once(')').ok_or("a `)` is missing")?;
        self.rest = inside.1;
        let cell = self.cell(experiment, response, inside.0)?;
        let missing = || -> Error { format!("`{word}` has no such value there").into() };
        let Some(rest) = self.rest.strip_prefix('.') else { return cell.mean.ok_or_else(missing) };
        self.rest = rest;
        let part = self.word(char::is_alphanumeric);
        let value = match part {
            "low" => cell.interval.map(|it| it.0),
            "high" => cell.interval.map(|it| it.1),
            "half" => cell.half(),
            "difference" => cell.difference.map(|it| it.0),
            "differenceLow" => cell.difference.map(|it| it.1),
            "differenceHigh" => cell.difference.map(|it| it.2),
            other => return Err(format!("`.{other}` is no part of a result").into()),
        };
        value.ok_or_else(missing)
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest.trim_start();
        let (word, rest) = rest.split_at(rest.find(|it| !part(it)).unwrap_or(rest.len()));
        self.rest = rest;
        word
    }

    fn cell(&self, experiment: &str, response: &str, point: &str) -> Result<Cell, Error> {
        let results = self.all.iter().find(|it| it.experiment == experiment);
        let results = results.ok_or_else(|| format!("there is no experiment `{experiment}`"))?;
        let mut wanted: Vec<(&str, &str)> = Vec::new();
        for part in point.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (factor, level) = part.split_once('=').ok_or_else(|| format!("`{part}` is not FACTOR=LEVEL"))?;
            if !results.factors.iter().any(|it| it == factor.trim()) {
                return Err(format!("`{experiment}` has no factor `{}`", factor.trim()).into());
            }
            wanted.push((factor.trim(), level.trim()));
        }
        let mut found =
            results.points.iter().filter(|point| wanted.iter().all(|it| results.level(point, it.0) == it.1));
        let (first, second) = (found.next(), found.next());
        match (first, second) {
            (Some(only), None) => only
                .cells
                .get(response)
                .copied()
                .ok_or_else(|| format!("`{experiment}` has no response `{response}`").into()),
            (None, _) => Err(format!("`{experiment}` has no point ({point})").into()),
            (Some(_), Some(_)) => Err(format!("`{experiment}` has several points ({point})").into()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::reports::results::Point;

    /// Experiment `e` with response `r`: 10 ± 1 at (s=a, t=1), 20 ± 2 at (s=a, t=2), 8 at (s=b c:d, t=1).
    pub fn results() -> Vec<Results> {
        let point = |s: &str, t: &str, mean: f64, half: f64, difference| Point {
            levels: vec![s.to_owned(), t.to_owned()],
            cells: BTreeMap::from([(
                "r".to_owned(),
                Cell { n: 4, mean: Some(mean), interval: Some((mean - half, mean + half)), difference },
            )]),
        };
        vec![Results {
            experiment: "e".to_owned(),
            factors: vec!["s".to_owned(), "t".to_owned()],
            points: vec![
                point("a", "1", 10.0, 1.0, None),
                point("a", "2", 20.0, 2.0, Some((10.0, 9.0, 11.0))),
                point("b c:d", "1", 8.0, 0.0, Some((-2.0, -3.0, -1.0))),
            ],
        }]
    }

    #[test]
    fn arithmetic_with_results() {
        let all = results();
        for (text, expected) in [
            ("1 + 2 * 3 - -4 / (1 + 1)", 9.0),
            ("e.r(s=a, t=1)", 10.0),
            ("e.r(s=b c:d)", 8.0),
            ("e.r(t=2).high - e.r(t=2).low", 4.0),
            ("e.r(t=2).half", 2.0),
            ("100 * (e.r(t=2) / e.r(s=a,t=1) - 1)", 100.0),
            ("e.r(t=2).difference + e.r(t=2).differenceLow", 19.0),
        ] {
            assert_eq!(value(text, &all).unwrap(), expected, "{text}");
        }
        for (text, part) in [
            ("e.r(s=a)", "several points"),
            ("e.r(s=c)", "no point"),
            ("e.r(u=c)", "no factor `u`"),
            ("f.r(s=a)", "no experiment `f`"),
            ("e.q(t=2)", "no response `q`"),
            ("e.r(t=2).wide", "no part"),
            ("e.r", "the point is expected"),
            ("1 +", "EXPERIMENT.RESPONSE"),
            ("1 2", "not expected"),
            ("(1", "missing"),
            ("e.r(s=a, t=1).difference", "no such value"),
        ] {
            let error = value(text, &all).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn claims_hold_or_not() {
        let all = results();
        assert_eq!(claim("e.r(t=2) > 2 * e.r(s=a, t=1)", &all).unwrap(), (false, 20.0, 20.0));
        assert!(claim("e.r(t=2) >= 2 * e.r(s=a, t=1)", &all).unwrap().0);
        assert!(claim("e.r(s=b c:d).differenceHigh < 0", &all).unwrap().0);
        assert!(claim("e.r(t=2)", &all).is_err());
    }
}
