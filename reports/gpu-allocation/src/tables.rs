//! What came out, as CSV for machines and as Markdown for `README.md`.

use crate::files::Data;
use crate::policies::Policy;
use crate::study::{self, AROUND, BETWEEN, Beside, FIRST_SEED, PUBLISHED, Runs, beside, more_than, spread};
use crate::{Failure, MOST_LOAD, published};

/// Every run, one a row.
#[must_use]
pub fn results(all: &[Runs]) -> String {
    let mut text =
        "variant,policy,gpus,memory,seed,allocated_at_100,allocated_at_130,served_at_100,served_at_130,pods,dropped\n"
            .to_owned();
    for runs in all {
        for (seed, outcome) in (FIRST_SEED..).zip(&runs.outcomes) {
            text.push_str(&format!(
                "{},{},{},{},{seed},{:.4},{:.4},{:.4},{:.4},{},{}\n",
                runs.setup.variant,
                runs.setup.policy.name(),
                runs.setup.gpus(),
                runs.setup.memory(),
                outcome.allocated[100],
                outcome.allocated[MOST_LOAD],
                outcome.served[100],
                outcome.served[MOST_LOAD],
                outcome.pods,
                outcome.dropped
            ));
        }
    }
    text
}

/// The curves that were published beside ours, one load a row.
///
/// # Errors
/// Where the published numbers cannot be read.
pub fn curves(data: &Data, all: &[Runs]) -> Result<String, Failure> {
    let mut text = "variant,policy,load,mean,sd,published_mean,published_sd\n".to_owned();
    for runs in all.iter().filter(|runs| is_published(runs)) {
        for (load, at) in beside(data, runs)?.iter().enumerate() {
            let (here, there) = (at.here, at.published);
            let (variant, policy) = (runs.setup.variant, runs.setup.policy.name());
            text.push_str(&format!(
                "{variant},{policy},{load},{:.4},{:.4},{:.4},{:.4}\n",
                here.0, here.1, there.0, there.1
            ));
        }
    }
    Ok(text)
}

/// Whether these runs have published results of the same list.
#[must_use]
pub fn is_published(runs: &Runs) -> bool {
    PUBLISHED.contains(&runs.setup.variant)
        && Policy::PUBLISHED.contains(&runs.setup.policy)
        && !runs.setup.whole
        && runs.setup.memory
}

fn shown((mean, sd): (f64, f64)) -> String {
    format!("{mean:.2} ± {sd:.2}")
}

/// The published results and ours, with the verdict.
///
/// # Errors
/// Where the published numbers cannot be read.
pub fn verdicts(data: &Data, all: &[Runs]) -> Result<String, Failure> {
    let mut text = "| list | policy | load | published | here | difference | in published sd | within |\n\
                    | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n"
        .to_owned();
    for runs in all.iter().filter(|runs| is_published(runs)) {
        let beside = beside(data, runs)?;
        for load in [100, MOST_LOAD] {
            let at = &beside[load];
            text.push_str(&format!(
                "| {} | {} | {load} % | {} | {} | {:+.2} | {:+.2} | {} |\n",
                runs.setup.variant,
                runs.setup.policy.name(),
                shown(at.published),
                shown(at.here),
                at.here.0 - at.published.0,
                at.deviations(),
                if at.is_inside() { "**yes**" } else { "**no**" },
            ));
        }
    }
    Ok(text)
}

/// The same over the whole curve.
///
/// # Errors
/// Where the published numbers cannot be read.
pub fn whole_curves(data: &Data, all: &[Runs]) -> Result<String, Failure> {
    let mut text = "| list | policy | loads within the published sd | largest difference |\n\
                    | --- | --- | ---: | ---: |\n"
        .to_owned();
    for runs in all.iter().filter(|runs| is_published(runs)) {
        let beside = beside(data, runs)?;
        let known: Vec<(usize, &Beside)> =
            beside.iter().enumerate().filter(|(_, at)| at.here.0.is_finite() && at.published.0.is_finite()).collect();
        let inside = known.iter().filter(|(_, at)| at.is_inside()).count();
        let size = |at: &Beside| (at.here.0 - at.published.0).abs();
        let Some((load, most)) = known.iter().copied().max_by(|a, b| size(a.1).total_cmp(&size(b.1))) else { continue };
        text.push_str(&format!(
            "| {} | {} | {inside} of {} | {:+.2} at {load} % |\n",
            runs.setup.variant,
            runs.setup.policy.name(),
            known.len(),
            most.here.0 - most.published.0,
        ));
    }
    Ok(text)
}

/// What would have come out had one thing been done otherwise than in the published experiment.
///
/// # Errors
/// Where the published numbers cannot be read.
pub fn otherwise(data: &Data, all: &[Runs]) -> Result<String, Failure> {
    let mut text = "| policy | otherwise | at 100 % | in published sd | at 130 % | in published sd |\n\
                    | --- | --- | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let is_twisted =
        |runs: &&Runs| !runs.setup.memory || runs.setup.is_plain() && runs.setup.policy == Policy::EcsRandom;
    for runs in all.iter().filter(is_twisted).filter(|runs| !runs.setup.whole) {
        let (policy, what) = match runs.setup.policy {
            Policy::EcsRandom => (Policy::Random, "a share lies on the device with the least left"),
            policy => (policy, "memory is not looked at"),
        };
        let published = published::curves(data, runs.setup.variant, policy)?;
        text.push_str(&format!("| {} | {what} |", policy.name()));
        for load in [100, MOST_LOAD] {
            let at = Beside { here: spread(&runs.allocated(load)), published: spread(&published[load]) };
            text.push_str(&format!(" {} | {:+.2} |", shown(at.here), at.deviations()));
        }
        text.push('\n');
    }
    Ok(text)
}

/// The list without published results, between its neighbours.
///
/// # Errors
/// Where the published numbers cannot be read.
pub fn between(data: &Data, all: &[Runs]) -> Result<String, Failure> {
    let mut text = format!(
        "| policy | load | {} published | {} published | {BETWEEN} here |\n| --- | ---: | ---: | ---: | ---: |\n",
        AROUND[0], AROUND[1]
    );
    for runs in all.iter().filter(|runs| runs.setup.variant == BETWEEN) {
        for load in [100, MOST_LOAD] {
            text.push_str(&format!("| {} | {load} % |", runs.setup.policy.name()));
            for variant in AROUND {
                let curves = published::curves(data, variant, runs.setup.policy)?;
                text.push_str(&format!(" {} |", shown(spread(&curves[load]))));
            }
            text.push_str(&format!(" {} |\n", shown(spread(&runs.allocated(load)))));
        }
    }
    Ok(text)
}

/// The strategies of ECS on the default list, with shared and with whole GPUs.
#[must_use]
pub fn strategies(all: &[Runs]) -> String {
    let mut text =
        "| GPUs | policy | given at 100 % | given at 130 % | asked for and served at 130 % | pods dropped | \
                    more than BestFit with as many at 130 % |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n"
            .to_owned();
    for whole in [false, true] {
        let of = |runs: &&Runs| runs.setup.is_plain() && runs.setup.whole == whole;
        let base = all.iter().filter(of).find(|runs| runs.setup.policy == Policy::BestFit);
        for runs in all.iter().filter(of) {
            let more = base
                .filter(|base| base.setup.policy != runs.setup.policy)
                .and_then(|base| more_than(runs, base, MOST_LOAD))
                .map_or(String::new(), |(mean, half)| format!("{mean:+.2} ± {half:.2}"));
            let dropped: Vec<f64> = runs.outcomes.iter().map(|outcome| outcome.dropped as f64).collect();
            let served = spread(&runs.served(MOST_LOAD));
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} | {:.0} ± {:.0} | {more} |\n",
                runs.setup.gpus(),
                runs.setup.policy.name(),
                shown(spread(&runs.allocated(100))),
                shown(spread(&runs.allocated(MOST_LOAD))),
                shown(served),
                spread(&dropped).0,
                spread(&dropped).1,
            ));
        }
    }
    text
}

/// `README.md` with every table between its marks.
///
/// # Errors
/// Where a mark is missing, or the published numbers cannot be read.
pub fn fill(readme: &str, data: &Data, all: &[Runs]) -> Result<String, Failure> {
    let tables = [
        ("verdicts", verdicts(data, all)?),
        ("curves", whole_curves(data, all)?),
        ("otherwise", otherwise(data, all)?),
        ("between", between(data, all)?),
        ("strategies", strategies(all)),
    ];
    let mut text = readme.to_owned();
    for (name, table) in tables {
        let place = place_of(&text, name)?;
        text.replace_range(place, &format!("\n{table}\n"));
    }
    Ok(text)
}

/// The tables that [`fill`] fills in.
pub const NAMES: [&str; 5] = ["verdicts", "curves", "otherwise", "between", "strategies"];

/// Where a table stands in `README.md`.
///
/// # Errors
/// Where its marks are missing.
pub fn place_of(readme: &str, name: &str) -> Result<std::ops::Range<usize>, Failure> {
    let (from, to) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let missing = || format!("README.md has no marks of the table `{name}`");
    let start = readme.find(&from).ok_or_else(missing)? + from.len();
    let end = readme.find(&to).filter(|end| *end >= start).ok_or_else(missing)?;
    Ok(start..end)
}

/// The setup of a row of [`results`] in words that begin such a row.
#[must_use]
pub fn row_start(setup: study::Setup, seed: u64) -> String {
    format!("{},{},{},{},{seed},", setup.variant, setup.policy.name(), setup.gpus(), setup.memory())
}
