//! "Did you mean": which known names a misspelt one most likely stands for.

use strsim::damerau_levenshtein;

/// Longer input than this is no misspelt name, and comparing it would only cost time.
const LONGEST_NAME: usize = 64;

/// The up to `limit` instance types nearest to `wanted`: where its family exists, that family's types come first.
pub(crate) fn instance_types<'a>(wanted: &str, limit: usize, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let Some(wanted) = normalised(wanted) else { return Vec::new() };
    let (wanted_family, wanted_size) = split(&wanted);
    let far = farthest(&wanted);
    let mut ranked: Vec<((bool, usize, usize), &str)> = names
        .filter_map(|name| {
            let (family, size) = split(name);
            let other_family = family != wanted_family;
            let distance = damerau_levenshtein(&wanted, name);
            // A known family is a strong hint, so its types are offered whatever the size says; otherwise only
            // what looks alike. Of two equally near names the one of the wanted size is likelier.
            let likely = !other_family || distance <= far;
            likely.then(|| ((other_family, distance, usize::from(size != wanted_size)), name))
        })
        .collect();
    // The sort is stable: what is equally near stays in the order of the catalogue.
    ranked.sort_by_key(|&(key, _)| key);
    ranked.into_iter().take(limit).map(|(_, name)| name).collect()
}

/// The up to `limit` names nearest to `wanted`, nothing that looks unlike it.
pub(crate) fn words<'a>(wanted: &str, limit: usize, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let Some(wanted) = normalised(wanted) else { return Vec::new() };
    let far = farthest(&wanted);
    let mut ranked: Vec<(usize, &str)> =
        names.map(|name| (damerau_levenshtein(&wanted, name), name)).filter(|&(distance, _)| distance <= far).collect();
    ranked.sort_by_key(|&(distance, _)| distance);
    ranked.into_iter().take(limit).map(|(_, name)| name).collect()
}

fn normalised(wanted: &str) -> Option<String> {
    let wanted = wanted.trim();
    let sensible = !wanted.is_empty() && wanted.chars().nth(LONGEST_NAME).is_none();
    sensible.then(|| wanted.to_lowercase())
}

/// How many edits still make a plausible slip: two, or a third of a long name.
fn farthest(wanted: &str) -> usize {
    (wanted.chars().count() / 3).max(2)
}

fn split(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] =
        ["m5.large", "m5.xlarge", "m5.metal", "m5a.large", "m6i.large", "c5.large", "t3.micro", "u-6tb1.56xlarge"];

    fn near(wanted: &str) -> Vec<&'static str> {
        instance_types(wanted, 3, NAMES.into_iter())
    }

    #[test]
    fn the_family_comes_first_then_the_fewest_edits() {
        assert_eq!(near("m5.lrage"), ["m5.large", "m5.xlarge", "m5.metal"]);
        assert_eq!(near("m5.humongous")[0].split('.').next(), Some("m5"));
        assert_eq!(near("m5"), ["m5.large", "m5.metal", "m5.xlarge"]);
        assert_eq!(near("M5.LARGE")[0], "m5.large");
        assert_eq!(near("m5x.large")[0], "m5.large");
        assert_eq!(near("t3-micro"), ["t3.micro"]);
        assert_eq!(near("m5large")[0], "m5.large");
    }

    #[test]
    fn what_is_unlike_everything_gets_no_suggestion() {
        assert!(near("").is_empty());
        assert!(near("🦀🦀🦀🦀🦀🦀").is_empty());
        assert!(near(&"m".repeat(1_000_000)).is_empty());
        assert!(instance_types("m5.large", 0, NAMES.into_iter()).is_empty());
    }

    #[test]
    fn regions_are_compared_whole() {
        let regions = ["us-east-1", "us-east-2", "eu-west-1"];
        assert_eq!(words("us-esat-1", 1, regions.into_iter()), ["us-east-1"]);
        assert!(words("moon-base-alpha-7", 3, regions.into_iter()).is_empty());
    }
}
