//! Factors and their levels, and the grid they make.

use core::fmt;

/// What is varied: a path of the scenario, and the values it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The path, as `--set` writes it.
    pub path: String,
    /// Its levels, in the order in which they were given.
    pub levels: Vec<String>,
}

/// A mistake in `PATH=V1,V2,…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorError(String);

impl fmt::Display for FactorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for FactorError {}

/// One cell of the grid: a level for each factor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// Path and value of each factor.
    pub settings: Vec<(String, String)>,
}

impl Factor {
    /// Reads `PATH=V1,V2,…`. Commas inside of brackets, braces and quotes belong to the value.
    ///
    /// # Errors
    /// Where a part is missing, a bracket is not closed, or a level is there twice.
    pub fn parse(text: &str) -> Result<Self, FactorError> {
        let wrong = |what: &str| FactorError(format!("--vary {text}: {what}"));
        let example = "write for example --vary services.web.desiredCount=4,6,8";
        let at = equals(text).ok_or_else(|| wrong(&format!("there is no `=`; {example}")))?;
        let (path, rest) = (text[..at].trim(), &text[at + 1..]);
        if path.is_empty() {
            return Err(wrong(&format!("there is no path before its `=`; {example}")));
        }
        let levels = split(rest).ok_or_else(|| wrong("a bracket or a quote is not closed"))?;
        if levels.iter().any(String::is_empty) {
            return Err(wrong("a value is empty; write null for nothing, and \"\" for an empty text"));
        }
        let twice = levels.iter().enumerate().find(|(at, level)| levels[..*at].contains(level));
        if let Some((_, level)) = twice {
            return Err(wrong(&format!("{level} is there twice")));
        }
        Ok(Self { path: path.to_owned(), levels })
    }
}

/// The first `=` outside of quotes and brackets.
fn equals(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (Some(open), _) if letter == open => quote = None,
            (None, '=') if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

fn split(text: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut quote: Option<char> = None;
    let mut open: Vec<char> = Vec::new();
    for letter in text.chars() {
        match (quote, letter) {
            (Some(it), _) if letter == it => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[') => open.push(']'),
            (None, '{') => open.push('}'),
            (None, ']' | '}') if open.pop() != Some(letter) => return None,
            (None, ',') if open.is_empty() => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    (quote.is_none() && open.is_empty()).then(|| parts.iter().map(|part| part.trim().to_owned()).collect())
}

/// All combinations; the last factor runs fastest, so that the first variant has every factor's first level. Without a
/// factor it is one variant that changes nothing. Nothing where there would be more than `at_most`.
#[must_use]
pub fn grid(factors: &[Factor], at_most: usize) -> Option<Vec<Variant>> {
    let size = factors.iter().try_fold(1_usize, |size, it| size.checked_mul(it.levels.len()))?;
    if size > at_most {
        return None;
    }
    let mut variants = vec![Variant::default()];
    for factor in factors {
        variants = variants
            .iter()
            .flat_map(|variant| {
                factor.levels.iter().map(|level| {
                    let mut settings = variant.settings.clone();
                    settings.push((factor.path.clone(), level.clone()));
                    Variant { settings }
                })
            })
            .collect();
    }
    Some(variants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_commas_of_their_own() {
        let factor =
            Factor::parse("services.web.placementStrategy=[{type: binpack, field: memory}], [{type: random}],x")
                .unwrap();
        assert_eq!(factor.path, "services.web.placementStrategy");
        assert_eq!(factor.levels, ["[{type: binpack, field: memory}]", "[{type: random}]", "x"]);
        assert_eq!(Factor::parse("a=\"1,2\",'3'").unwrap().levels, ["\"1,2\"", "'3'"]);
        assert_eq!(Factor::parse("a[\"x=y\"].b=1").unwrap().path, "a[\"x=y\"].b");
        assert_eq!(Factor::parse("a=b=c").unwrap().levels, ["b=c"]);
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        for (text, part) in [
            ("services.web", "no `=`"),
            ("=1,2", "no path"),
            ("a=1,,2", "a value is empty"),
            ("a=", "a value is empty"),
            ("a=[1,2", "not closed"),
            ("a=[1}", "not closed"),
            ("a=1,2,1", "1 is there twice"),
        ] {
            let error = Factor::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_grid_has_every_combination_once() {
        let factors = [Factor::parse("a=1,2").unwrap(), Factor::parse("b=x,y,z").unwrap()];
        let names: Vec<String> = grid(&factors, 10)
            .unwrap()
            .iter()
            .map(|it| it.settings.iter().map(|(_, value)| value.as_str()).collect())
            .collect();
        assert_eq!(names, ["1x", "1y", "1z", "2x", "2y", "2z"]);
        assert_eq!(grid(&[], 10).unwrap(), [Variant::default()]);
        assert_eq!(grid(&factors, 5), None);
    }
}
