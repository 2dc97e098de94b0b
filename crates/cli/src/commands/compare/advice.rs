//! What a colleague would say who looks over your shoulder: where the numbers mislead, and how many seeds are missing.

use ecsim_engine::Model;
use ecsim_experiment::numbers::{fixed, plain, with_uncertainty};
use ecsim_experiment::sentence::{list, with_unit};
use ecsim_experiment::{Verdict, batches, influence, replications, warm_up};
use ecsim_kernel::Span;
use ecsim_policies::scaling::service::spec::PolicyKind;

use super::analysis::{Cell, Study, is_shown};
use super::responses::UNFINISHED;
use super::runner::luck;

/// The low alarm of managed scaling looks at fifteen datapoints of a minute (CAS-018, LAT-015).
const LOW_ALARM: Span = Span::from_mins(15);
/// Below this, intervals are wide whatever they are of.
const FEW: usize = 5;
/// From so many intervals on some miss by chance.
const MANY_INTERVALS: usize = 20;

/// A remark: a warning, or only something to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Whether it casts doubt on the numbers.
    pub is_warning: bool,
    /// What is to be said.
    pub text: String,
}

fn warning(text: impl Into<String>) -> Remark {
    Remark { is_warning: true, text: text.into() }
}

fn note(text: impl Into<String>) -> Remark {
    Remark { is_warning: false, text: text.into() }
}

/// What there is to say about a sweep: of its best point, which has means over time in its runs, and of how the next one
/// differs. Where many points are looked at, some are odd by chance.
pub fn of_sweep(study: &Study<'_>, table: &[Vec<Cell>], shown: &[usize], warm_up: Span) -> Vec<Remark> {
    let mut remarks = Vec::new();
    remarks.extend(horizon(study, warm_up));
    remarks.extend(unfinished(study, table, shown));
    remarks.extend(transient(study, table, shown, warm_up, "`warmUp: ", "`"));
    remarks.extend(few(study));
    remarks.extend(one_decides(study, table, shown));
    remarks.extend(missing(study, table, shown));
    remarks
}

/// Everything there is to say.
pub fn all(study: &Study<'_>, table: &[Vec<Cell>], shown: &[usize], warm_up: Span) -> Vec<Remark> {
    let mut remarks = Vec::new();
    remarks.extend(files(study));
    remarks.extend(horizon(study, warm_up));
    remarks.extend(unfinished(study, table, shown));
    remarks.extend(transient(study, table, shown, warm_up, "--warm-up ", ""));
    remarks.extend(whole_run(study, shown, warm_up));
    remarks.extend(few(study));
    remarks.extend(nothing_varies(study, table, shown));
    remarks.extend(one_decides(study, table, shown));
    remarks.extend(dependent_batches(study, shown));
    remarks.extend(missing(study, table, shown));
    remarks.extend(many(study, shown));
    remarks.extend(more_seeds(study, table, shown));
    remarks
}

/// Files may differ in what should be alike.
fn files(study: &Study<'_>) -> Vec<Remark> {
    let base = &study.variants[study.baseline];
    let first = &study.variants[0];
    let mut remarks = Vec::new();
    if let Some(other) = study.variants.iter().find(|it| it.model.seed != first.model.seed) {
        remarks.push(note(format!(
            "{} says seed {}, {} says seed {}: all run with seed {}, so that they share their luck",
            first.name, first.model.seed, other.name, other.model.seed, first.model.seed
        )));
    }
    if let Some(other) = study.variants.iter().find(|it| it.model.duration != base.model.duration) {
        remarks.push(warning(format!(
            "{} runs for {}, {} for {}: their costs and counts are of different lengths of time",
            base.name, base.model.duration, other.name, other.model.duration
        )));
    }
    remarks
}

/// Nothing scales in within a run that is shorter than the alarm that says so.
fn horizon(study: &Study<'_>, warm_up: Span) -> Option<Remark> {
    study.variants.iter().find_map(|variant| {
        let counted = Span::from_ms(variant.model.duration.ms().saturating_sub(warm_up.ms()));
        let (takes, whose) = low_alarm(&variant.model).filter(|(takes, _)| counted <= *takes)?;
        Some(warning(format!(
            "the horizon ({counted}) is no longer than the {takes} that the low alarm of {whose} takes: no scale-in can \
             happen in it, and what it would save is not seen; simulate hours"
        )))
    })
}

/// How long the slowest low alarm looks before anything scales in, and whose it is; nothing where none decides.
fn low_alarm(model: &Model) -> Option<(Span, &'static str)> {
    let definitions = &model.definitions;
    let managed = definitions.capacity_providers.values().any(|provider| provider.managed_scaling.is_some());
    let managed = managed.then_some((LOW_ALARM, "managed scaling"));
    let policies = model.scaling.targets.values().flat_map(|target| &target.policies);
    let lows = policies.filter_map(|policy| match &policy.kind {
        PolicyKind::TargetTracking(it) => it.low,
        PolicyKind::Step(_) | PolicyKind::Predictive(_) => None,
    });
    let takes = lows.map(|low| {
        let alarm = &definitions.alarms[low];
        let period = definitions.series[alarm.series].period;
        Span::from_ms(period.ms() * u64::from(alarm.evaluation_periods))
    });
    let services = takes.max().map(|takes| (takes, "service auto scaling"));
    [managed, services].into_iter().flatten().reduce(|one, other| if other.0 > one.0 { other } else { one })
}

/// A deployment that goes on when a run ends shows only its beginning.
fn unfinished(study: &Study<'_>, table: &[Vec<Cell>], shown: &[usize]) -> Option<Remark> {
    let at = shown.iter().copied().find(|at| study.responses[*at].name == UNFINISHED)?;
    let (variant, seen) = table[at]
        .iter()
        .enumerate()
        .filter_map(|(variant, cell)| Some((variant, cell.estimate?.mean)))
        .max_by(|one, other| one.1.total_cmp(&other.1))?;
    let what = if plain(seen, 1) == "1" { "deployment is" } else { "deployments are" };
    (seen > 0.0).then(|| {
        warning(format!(
            "when a run of {} ends, {} {what} in progress on average: how that \
             ends, and what it costs until then, is not seen; simulate longer",
            study.variants[variant].name,
            plain(seen, 1)
        ))
    })
}

/// The warm-up dominates a mean. It is left out with what stands between `with` and `end`.
fn transient(
    study: &Study<'_>,
    table: &[Vec<Cell>],
    shown: &[usize],
    already: Span,
    with: &str,
    end: &str,
) -> Option<Remark> {
    for response in shown {
        for (variant, cell) in table[*response].iter().enumerate() {
            let series = study.runs[variant].iter().map(|run| &run.series[*response]).filter(|it| !it.is_empty());
            let series: Vec<Vec<f64>> = series.cloned().collect();
            let average = warm_up::average(&series);
            let Some(found) = warm_up::mser(&average) else { continue };
            let off = (found.with - found.without).abs();
            let half = cell.estimate.and_then(|it| it.half_width).unwrap_or(0.0);
            if found.parts == 0 || off <= half || off <= 0.05 * found.without.abs() {
                continue;
            }
            let asked = &study.responses[*response];
            let counted = study.variants[variant].model.duration.ms().saturating_sub(already.ms());
            let minutes = (already.ms() + counted * found.parts as u64 / average.len() as u64).div_ceil(60_000);
            let cut = Span::from_mins(minutes);
            let show = |number: f64| with_unit(&with_uncertainty(number, Some(off)).0, &asked.unit);
            return Some(if found.unsettled {
                note(format!(
                    "{} of {} has not settled within the run: a mean over it depends on its length; if the question is \
                     about the steady state, simulate longer",
                    asked.name, study.variants[variant].name
                ))
            } else {
                warning(format!(
                    "the warm-up dominates the mean: {} of {} is {} with the first {cut} and {} without (MSER); if the \
                     question is about the steady state, leave it out with {with}{}{end}",
                    asked.name,
                    study.variants[variant].name,
                    show(found.with),
                    show(found.without),
                    cut.to_string().replace(' ', "")
                ))
            });
        }
    }
    None
}

/// Numbers of the summary know no warm-up and no batches.
fn whole_run(study: &Study<'_>, shown: &[usize], warm_up: Span) -> Option<Remark> {
    if warm_up.is_zero() && study.batches == 1 {
        return None;
    }
    let whole = shown.iter().map(|at| &study.responses[*at]).filter(|it| !it.response.has_parts());
    let names: Vec<String> = whole.map(|it| it.name.clone()).collect();
    let what = if study.batches == 1 { "the warm-up is part of them" } else { "every batch has the same" };
    (!names.is_empty()).then(|| {
        let (is, of) = if names.len() == 1 { ("is", "a number") } else { ("are", "numbers") };
        warning(format!(
            "{} {is} {of} of the whole run ({what}); measures such as `mean: cluster.CPUReservation` are not",
            list(&names, "and")
        ))
    })
}

fn few(study: &Study<'_>) -> Option<Remark> {
    let n = study.observations(0, study.baseline).len();
    match n {
        0 | 1 => Some(warning(
            "one run tells nothing about luck: there are no intervals; give more seeds, or --batch-means for one long run",
        )),
        n if n < FEW => Some(warning(format!(
            "with {} the intervals are {} times as wide as with 30, and trust that the numbers are about normal",
            study.counted(),
            plain(
                study.confidence.t(n - 1).unwrap_or(0.0) / study.confidence.t(29).unwrap_or(1.0)
                    * (30.0 / n as f64).sqrt(),
                1
            )
        ))),
        _ => None,
    }
}

/// Equal results over seeds, or over variants.
fn nothing_varies(study: &Study<'_>, table: &[Vec<Cell>], shown: &[usize]) -> Vec<Remark> {
    let n = study.observations(0, study.baseline).len();
    let mut remarks = Vec::new();
    if n < 2 {
        return remarks;
    }
    let cells = || shown.iter().flat_map(|response| &table[*response]);
    if cells().all(|cell| cell.estimate.is_none_or(|it| it.sd == Some(0.0))) {
        remarks.push(note(format!(
            "{} gave the same numbers: nothing random in this scenario reaches them, and one seed says as much",
            study.counted()
        )));
    }
    for (at, variant) in study.variants.iter().enumerate().filter(|(at, _)| *at != study.baseline) {
        let same = |response: &usize| table[*response][at].paired.as_ref().is_none_or(|it| it.verdict == Verdict::Same);
        if shown.iter().all(same) {
            remarks.push(warning(format!(
                "{} and {} did the same in every run: does what differs between them have an effect here?",
                variant.name, study.variants[study.baseline].name
            )));
        }
    }
    remarks
}

/// One seed decides everything.
fn one_decides(study: &Study<'_>, table: &[Vec<Cell>], shown: &[usize]) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    if study.batches > 1 {
        return remarks;
    }
    for response in shown {
        for (variant, cell) in table[*response].iter().enumerate() {
            let values: Vec<f64> = match (&cell.paired, study.variants.len()) {
                (Some(_), _) => study.pairs(*response, variant).iter().map(|(base, other)| other - base).collect(),
                (None, 1) => study.known(*response, variant),
                (None, _) => continue,
            };
            // Runs without a value would shift the numbers.
            if values.len() != study.observations(*response, variant).len() {
                continue;
            }
            let Some((at, share)) = influence::decisive(&values) else { continue };
            let (run, _) = luck(if study.antithetic { at * 2 } else { at }, study.antithetic);
            let name = &study.responses[*response].name;
            let of = match study.variants.len() {
                1 => name.clone(),
                _ => format!("the difference in {name} of {}", study.variants[variant].name),
            };
            let doubt = match &cell.paired {
                Some(paired) if !is_shown(paired.verdict) => "; without it there is little to see",
                _ => "",
            };
            remarks.push(warning(format!(
                "one seed decides {of}: replication {run} makes {} % of its variance{doubt}; look at it with \
                 `ecsim run --replication {run}`, and give more seeds",
                fixed(share * 100.0, 0)
            )));
        }
    }
    // Three are a pattern; more are noise.
    remarks.truncate(3);
    remarks
}

fn dependent_batches(study: &Study<'_>, shown: &[usize]) -> Option<Remark> {
    if study.batches == 1 {
        return None;
    }
    for response in shown.iter().filter(|at| study.responses[**at].response.has_parts()) {
        for variant in 0..study.variants.len() {
            if let Some(found) = batches::depend(&study.known(*response, variant)) {
                return Some(warning(format!(
                    "the batches of {} of {} depend on each other (lag-1 autocorrelation {}): intervals are too narrow; \
                     fewer batches, or a longer run",
                    study.responses[*response].name,
                    study.variants[variant].name,
                    fixed(found, 2)
                )));
            }
        }
    }
    None
}

fn missing(study: &Study<'_>, table: &[Vec<Cell>], shown: &[usize]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for response in shown {
        for (variant, cell) in table[*response].iter().enumerate() {
            if cell.missing > 0 {
                let all = study.observations(*response, variant).len();
                remarks.push(warning(format!(
                    "{} has no value in {} of {all} observations of {}: its mean is of the others",
                    study.responses[*response].name, cell.missing, study.variants[variant].name
                )));
            }
        }
    }
    let unplaced = study.responses.iter().position(|it| it.name == "unplaced tasks" && !it.wanted);
    if let Some(at) = unplaced {
        let left = table[at].iter().enumerate().find(|(_, cell)| cell.estimate.is_some_and(|it| it.mean >= 0.5));
        if let Some((variant, cell)) = left {
            let mean = cell.estimate.map_or(0.0, |it| it.mean);
            remarks.push(note(format!(
                "{} leaves {} tasks without a place on average: times to RUNNING are of tasks that ran, and do not count \
                 those",
                study.variants[variant].name,
                plain(mean, 1)
            )));
        }
    }
    remarks
}

fn many(study: &Study<'_>, shown: &[usize]) -> Option<Remark> {
    let intervals = shown.len() * (study.variants.len() - 1);
    (intervals >= MANY_INTERVALS && study.confidence.share() <= 0.99).then(|| {
        note(format!(
            "of {intervals} differences about {} are shown by chance alone at {}; --confidence 99% asks for more",
            plain(intervals as f64 * (1.0 - study.confidence.share()), 1),
            study.confidence.in_words()
        ))
    })
}

/// When more seeds are needed, and how many.
fn more_seeds(study: &Study<'_>, table: &[Vec<Cell>], shown: &[usize]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let runs_each = |n: usize| study.replications() as f64 / n as f64;
    for (variant, it) in study.variants.iter().enumerate() {
        let mut parts = Vec::new();
        for response in shown {
            let asked = &study.responses[*response];
            let Some(paired) = &table[*response][variant].paired else { continue };
            let Some(needed) = paired.needed else { continue };
            // What is less than a hundredth of the baseline is nobody's question.
            if paired.relative.is_some_and(|it| it.share.abs() < 0.01) {
                continue;
            }
            let seen = with_unit(
                &with_uncertainty(paired.difference.mean, paired.difference.half_width).0,
                asked.difference_unit(),
            );
            let runs = (needed as f64 * runs_each(paired.difference.n)).ceil();
            let many = if needed >= replications::MANY {
                "more than 100,000".into()
            } else {
                format!("about {}", fixed(runs, 0))
            };
            parts.push(format!("{many} for {} ({seen})", asked.name));
        }
        if !parts.is_empty() {
            remarks.push(note(format!(
                "more seeds are needed to show how {} seems to differ from {}, if it does: {}",
                it.name,
                study.variants[study.baseline].name,
                list(&parts, "and")
            )));
        }
    }
    remarks
}
