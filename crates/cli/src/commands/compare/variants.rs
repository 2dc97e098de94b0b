//! What is compared: scenario files and a grid of `--vary`, made into variants with names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ecsim_engine::Model;
use ecsim_experiment::design::{Factor, grid};
use ecsim_kernel::Span;
use ecsim_report::cost::rates::PriceBook;
use ecsim_scenario::Prepared;
use ecsim_scenario::diagnostic::Severity;

use crate::app::{Compare, ScenarioOptions};
use crate::exit::Failure;
use crate::session;
use crate::terminal::Terminal;

/// More variants than this are not meant for the command line.
const MOST: usize = 1_000;

/// One scenario as it is run.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What it is called everywhere.
    pub name: String,
    /// Its file and its values, by the factors' names.
    pub factors: Vec<(String, String)>,
    /// What the engine runs.
    pub model: Arc<Model>,
    /// What things cost.
    pub prices: Arc<PriceBook>,
    /// The digest of its scenario.
    pub digest: String,
}

/// Reads all of them; prints problems.
///
/// # Errors
/// Mistakes in the call or in a scenario.
pub fn read(command: &Compare, terminal: &Terminal) -> Result<Vec<Variant>, Failure> {
    let factors: Vec<Factor> = command
        .vary
        .iter()
        .map(|text| Factor::parse(text).map_err(|error| Failure::Input(error.to_string())))
        .collect::<Result<_, _>>()?;
    let twice = |at: usize| factors[..at].iter().any(|other| other.path == factors[at].path);
    if let Some(at) = (0..factors.len()).find(|at| twice(*at)) {
        return Err(Failure::Input(format!("--vary {} is there twice; write its values in one", factors[at].path)));
    }
    let again = |at: usize| command.scenarios[..at].contains(&command.scenarios[at]);
    if let Some(at) = (0..command.scenarios.len()).find(|at| again(*at)) {
        return Err(Failure::Input(format!("{} is there twice", command.scenarios[at].display())));
    }
    let cells = grid(&factors, MOST / command.scenarios.len().max(1)).ok_or_else(|| {
        Failure::Input(format!("that are more than {MOST} variants; leave out levels, or compare in several steps"))
    })?;
    let files = file_names(&command.scenarios);
    let mut variants = Vec::new();
    let mut broken = false;
    let mut said = BTreeSet::new();
    for (path, file) in command.scenarios.iter().zip(&files) {
        for cell in &cells {
            let mut options = command.options.clone();
            let mut named: Vec<(String, String)> = Vec::new();
            if files.len() > 1 {
                named.push(("scenario".to_owned(), file.clone()));
            }
            for (path, value) in &cell.settings {
                options.set.push(format!("{path}={}", in_full(path, value)));
                named.push((path.clone(), in_short(path, value)));
            }
            let silent = broken || !variants.is_empty();
            let prepared = ended(path, &mut options, command.until)?;
            // A path that leads nowhere does so with every value.
            let problems = prepared.diagnostics.iter().filter(|it| it.severity == Severity::Error);
            let news = problems.filter(|it| said.insert((path, it.code, it.message.clone()))).count();
            if prepared.ready.is_none() && news == 0 && broken {
                continue;
            }
            match show(prepared, silent, terminal) {
                Some((model, prices, digest)) => {
                    variants.push(Variant { name: String::new(), factors: named, model, prices, digest });
                }
                None => broken = true,
            }
        }
    }
    if broken {
        return Err(Failure::InputReported);
    }
    name(&mut variants, &files);
    Ok(variants)
}

/// A model, what things cost in it, and the digest of its scenario.
pub type Read = (Arc<Model>, Arc<PriceBook>, String);

/// Reads one that ends when it is told to.
///
/// # Errors
/// A length of nothing.
fn ended(path: &Path, options: &mut ScenarioOptions, until: Option<Span>) -> Result<Prepared, Failure> {
    if let Some(until) = until {
        if until.is_zero() {
            return Err(Failure::Input("--until 0s leaves nothing to run; write for example 6h".into()));
        }
        options.set.push(format!("simulation.duration={}", until.to_string().replace(' ', "")));
    }
    Ok(prepared(path, options, until.is_some()))
}

/// Reads one that ends earlier or later than it says itself, or not; its problems are still to be shown.
pub fn prepared(path: &Path, options: &ScenarioOptions, ends_otherwise: bool) -> Prepared {
    let mut prepared = session::read(path, options);
    // What is said about short runs by whoever looks at the results.
    let mut said: Vec<&str> = vec!["W393"];
    if ends_otherwise {
        // Who ends runs earlier does not want to hear what would have come later.
        said.extend(["W370", "W381"]);
    }
    let problems = std::mem::take(&mut prepared.diagnostics);
    prepared.diagnostics.extend(problems.into_iter().filter(|problem| !said.contains(&problem.code)));
    prepared
}

/// Prints the errors of one, and its warnings unless it shall be silent; what can be run of it.
pub fn show(prepared: Prepared, silent: bool, terminal: &Terminal) -> Option<Read> {
    // The warnings of one variant are those of all; errors are not.
    if !silent || prepared.ready.is_none() {
        session::print_diagnostics(&prepared.diagnostics, &prepared.sources, terminal);
    }
    prepared.ready.map(|ready| (Arc::new(ready.model), ready.prices, ready.digest))
}

/// What files are called: by their name without the ending, or as they were given where that is not enough.
fn file_names(paths: &[PathBuf]) -> Vec<String> {
    let stems: Vec<String> = paths
        .iter()
        .map(|path| path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()))
        .collect();
    let clear = stems.iter().enumerate().all(|(at, stem)| !stems[..at].contains(stem));
    if clear { stems } else { paths.iter().map(|path| path.display().to_string()).collect() }
}

/// Names that say what differs, and nothing more.
pub fn name(variants: &mut [Variant], files: &[String]) {
    let paths: Vec<String> = variants
        .first()
        .map_or_else(Vec::new, |variant| variant.factors.iter().map(|(path, _)| path.clone()).collect());
    let strategies = paths.iter().filter(|path| is_strategy(path)).count();
    for variant in &mut *variants {
        let part = |(path, value): &(String, String)| {
            // A strategy speaks for itself; a number does not.
            let needs_key = path != "scenario" && !(strategies == 1 && is_strategy(path));
            if needs_key { format!("{}={value}", short_path(path, &paths)) } else { value.clone() }
        };
        let parts: Vec<String> = variant.factors.iter().map(part).collect();
        variant.name = if parts.is_empty() { files[0].clone() } else { parts.join(" ") };
    }
}

/// The last words of a path that tell it from the others.
fn short_path(path: &str, all: &[String]) -> String {
    let words: Vec<&str> = path.split('.').collect();
    (1..=words.len())
        .map(|count| words[words.len() - count..].join("."))
        .find(|short| all.iter().filter(|other| *other == short || other.ends_with(&format!(".{short}"))).count() <= 1)
        .unwrap_or_else(|| path.to_owned())
}

/// Whether a path is that of a placement strategy.
pub fn is_strategy(path: &str) -> bool {
    path.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("placementStrategy"))
}

/// `spread:zone+binpack:memory` as AWS writes it; everything else as it is.
pub fn in_full(path: &str, value: &str) -> String {
    if !is_strategy(path) || value.starts_with(['[', '{', '"', '\'']) || value == "null" {
        return value.to_owned();
    }
    let one = |part: &str| match part.trim().split_once(':') {
        Some((kind, field)) => {
            let field = match field {
                "zone" | "az" | "availability-zone" => "attribute:ecs.availability-zone",
                "instance" => "instanceId",
                other => other,
            };
            format!("{{type: {kind}, field: \"{field}\"}}")
        }
        None => format!("{{type: {}}}", part.trim()),
    };
    let parts: Vec<String> = value.split('+').map(one).collect();
    format!("[{}]", parts.join(", "))
}

/// A value as a name: strategies short, long values cut.
pub fn in_short(path: &str, value: &str) -> String {
    const LONGEST: usize = 40;
    if is_strategy(path) && value.starts_with('[') {
        // From `[{type: binpack, field: memory}]` to `binpack:memory`.
        let parts: Vec<String> = value
            .trim_matches(['[', ']'])
            .split('}')
            .filter_map(|part| {
                let words = part.trim_matches(['{', ',', ' ']);
                let of = |key: &str| {
                    let at = words.find(key)? + key.len();
                    let word = words[at..].trim_start_matches(['"', ':', ' ']);
                    Some(word.split([',', '"', ' ']).next().unwrap_or_default().to_owned())
                };
                let kind = of("type")?;
                Some(match of("field") {
                    Some(field) => {
                        let field = match field.as_str() {
                            "instanceId" => "instance",
                            zone if zone.ends_with("availability-zone") => "zone",
                            other => other,
                        };
                        format!("{kind}:{field}")
                    }
                    None => kind,
                })
            })
            .collect();
        return if parts.is_empty() { "no strategy".to_owned() } else { parts.join("+") };
    }
    let plain = value.trim_matches(['"', '\'']);
    if plain.chars().count() <= LONGEST {
        return plain.to_owned();
    }
    let mut cut: String = plain.chars().take(LONGEST - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_have_short_names() {
        let path = "services.web.placementStrategy";
        assert_eq!(in_full(path, "random"), "[{type: random}]");
        assert_eq!(
            in_full(path, "spread:zone+binpack:memory"),
            "[{type: spread, field: \"attribute:ecs.availability-zone\"}, {type: binpack, field: \"memory\"}]"
        );
        assert_eq!(in_full("a.desiredCount", "6"), "6");
        assert_eq!(in_full(path, "[]"), "[]");
        for value in ["random", "spread:zone+binpack:memory", "spread:instance"] {
            assert_eq!(in_short(path, &in_full(path, value)), value);
        }
        assert_eq!(in_short(path, "[]"), "no strategy");
        assert_eq!(in_short(path, "[{\"type\": \"binpack\", \"field\": \"cpu\"}]"), "binpack:cpu");
        assert_eq!(in_short("a", &"x".repeat(50)).chars().count(), 40);
    }

    #[test]
    fn paths_are_cut_to_what_tells_them_apart() {
        let all = ["services.web.desiredCount".to_owned(), "services.api.desiredCount".to_owned()];
        assert_eq!(short_path(&all[0], &all), "web.desiredCount");
        assert_eq!(short_path(&all[0], &all[..1]), "desiredCount");
        assert_eq!(file_names(&["a/x.yaml".into(), "b/y.yaml".into()]), ["x", "y"]);
        assert_eq!(file_names(&["a/x.yaml".into(), "b/x.yaml".into()]), ["a/x.yaml", "b/x.yaml"]);
    }
}
