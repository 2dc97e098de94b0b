//! `ecsim compare`: variants run on the same luck, many times over; how they differ, and how sure that is.
//!
//! The command is the one-machine adapter of a pure function: (scenario, replication) → numbers. Variants and responses
//! are read first, with every problem; then all runs go over all cores; the statistics are
//! [`ecsim_experiment`]'s; at the end come the table, the files, and what a colleague would remark.

pub(super) mod advice;
pub(super) mod analysis;
mod effects;
pub(super) mod files;
pub(super) mod page;
pub(super) mod plots;
pub(super) mod responses;
pub(super) mod runner;
mod sketch;
pub(super) mod table;
pub(super) mod variants;

use ecsim_experiment::{Confidence, replications};
use ecsim_kernel::{SimTime, Span};
use ecsim_report::responses::{Frame, Recorded, Response, nearest_path};

use crate::app::{Compare, DataFormat};
use crate::exit::{Done, Failure, Outcome};
use crate::interrupt;
use crate::output::{Holds, OutputDirectory};
use crate::terminal::{self, Terminal};

pub(super) use advice::Remark;
use analysis::{Cell, Study};
use responses::Wrong;
use runner::{Job, Runner};
use variants::Variant;

/// What is known at the end, for whoever shows it.
#[derive(Debug)]
pub(super) struct Result<'a> {
    /// What it is called.
    pub(super) title: &'static str,
    /// What it has so many of: variants or points.
    pub(super) noun: &'static str,
    /// What was run, or the part of it that is shown one by one.
    pub(super) study: &'a Study<'a>,
    /// All that was run.
    pub(super) all: &'a Study<'a>,
    /// The points of a sweep, the best first.
    pub(super) ranking: Option<Ranking>,
    /// By response, and in it by variant.
    pub(super) table: Vec<Vec<Cell>>,
    /// The responses that are shown.
    pub(super) shown: Vec<usize>,
    /// What it comes to.
    pub(super) sentences: Vec<String>,
    /// What a colleague would remark.
    pub(super) remarks: Vec<Remark>,
    /// Which part of a run counts.
    pub(super) frame: Frame,
    /// What is left out before.
    pub(super) warm_up: Span,
}

/// A table of points for reading: what stands over the columns, and the rows.
#[derive(Clone, Debug)]
pub(super) struct Ranking {
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Compares.
///
/// # Errors
/// Mistakes in the call or in a scenario, the machine, Ctrl-C; nothing is written then.
pub fn run(command: &Compare, terminal: &Terminal) -> Outcome {
    interrupt::listen();
    let seeds = seeds(command)?;
    let confidence = Confidence::new(command.confidence).ok_or_else(|| {
        Failure::Input("--confidence goes from 50% to 99.99%; 95% is what most people mean".to_owned())
    })?;
    let variants = variants::read(command, terminal)?;
    let baseline = baseline(command, &variants)?;
    let frame = frame(command.warm_up, command.batch_means, &variants)?;
    let (responses, plans) = responses::plan(&command.response, command.response.is_empty(), &variants, frame)?;
    let directory = command.out.as_deref().map(|out| OutputDirectory::begin(out, Holds::Comparison)).transpose()?;
    let with_bar = !command.quiet && terminal.interactive;
    let runner = Runner::new(&variants, &plans, command.antithetic, command.jobs, with_bar)?;
    let mut study = Study {
        variants: &variants,
        responses: &responses,
        baseline,
        confidence,
        antithetic: command.antithetic,
        batches: frame.batches,
        runs: vec![Vec::new(); variants.len()],
    };
    let outcome = simulate(command, seeds, &runner, &mut study);
    runner.finish();
    let precision = outcome?;
    let (table, shown) = (study.table(), study.shown());
    let warm_up = command.warm_up.unwrap_or(Span::ZERO);
    let mut remarks = advice::all(&study, &table, &shown, warm_up);
    remarks.extend(precision);
    let sentences = study.sentences(&table, &shown);
    let (title, noun, all, ranking) = ("Comparison", "variants", &study, None);
    let result = Result { title, noun, study: &study, all, ranking, table, shown, sentences, remarks, frame, warm_up };
    let target = directory.map(|directory| files::write(&result, &result, &[], Vec::new(), directory)).transpose()?;
    if !command.quiet || command.format != DataFormat::Table {
        let text = match command.format {
            DataFormat::Table if command.plot => {
                format!("{}{}", sketch::render(&result, terminal.width), table::render(&result, terminal))
            }
            DataFormat::Table => table::render(&result, terminal),
            DataFormat::Json => files::json(&result),
            DataFormat::Csv => files::estimates(&result).csv(),
        };
        terminal::print(&text)?;
    }
    for remark in &result.remarks {
        if remark.is_warning {
            terminal.warning(&remark.text);
        } else if !command.quiet {
            terminal.note(&remark.text);
        }
    }
    if let Some(target) = target
        && !command.quiet
    {
        terminal.note(&format!("the comparison is in {}", target.display()));
    }
    Ok(Done::Fine)
}

/// How many replications there are to begin with.
fn seeds(command: &Compare) -> std::result::Result<usize, Failure> {
    let default = match (command.batch_means, command.until_precise) {
        (Some(_), _) if command.antithetic => 2,
        (Some(_), _) => 1,
        (None, Some(_)) => 10,
        (None, None) => 30,
    };
    let seeds = command.seeds.unwrap_or(default);
    if command.antithetic && seeds % 2 == 1 {
        return Err(Failure::Input(format!(
            "--antithetic makes pairs of runs: {seeds} is odd; give --seeds {}",
            seeds + 1
        )));
    }
    if let Some(most) = command.until_precise.map(|_| command.max_seeds)
        && seeds > most
    {
        return Err(Failure::Input(format!("--seeds {seeds} is more than --max-seeds {most}")));
    }
    Ok(seeds)
}

fn baseline(command: &Compare, variants: &[Variant]) -> std::result::Result<usize, Failure> {
    let Some(wanted) = &command.baseline else { return Ok(0) };
    variants.iter().position(|variant| variant.name == *wanted).ok_or_else(|| {
        let names: Vec<String> = variants.iter().take(12).map(|variant| format!("`{}`", variant.name)).collect();
        let more = if variants.len() > 12 { ", …" } else { "" };
        Failure::Input(format!("--baseline {wanted}: there is no such variant; there is {}{more}", names.join(", ")))
    })
}

/// Which part of every run counts.
pub(super) fn frame(
    asked_warm_up: Option<Span>,
    asked_batches: Option<usize>,
    variants: &[Variant],
) -> std::result::Result<Frame, Failure> {
    let shortest = variants.iter().map(|variant| variant.model.duration).min().unwrap_or(Span::ZERO);
    let warm_up = asked_warm_up.unwrap_or(Span::ZERO);
    if warm_up >= shortest {
        return Err(Failure::Input(format!("--warm-up {warm_up} leaves nothing of a run of {shortest}")));
    }
    let batches = asked_batches.unwrap_or(1);
    let period = variants.iter().map(|variant| variant.model.metrics_period).max().unwrap_or(Span::ZERO);
    let length = (shortest.ms() - warm_up.ms()) / batches as u64;
    if batches > 1 && length < period.ms() {
        return Err(Failure::Input(format!(
            "--batch-means {batches}: a batch of {} is shorter than the metrics period of {period}; fewer batches, or a \
             longer run",
            Span::from_ms(length)
        )));
    }
    Ok(Frame { from: SimTime::ZERO + warm_up, end: SimTime::ZERO + shortest, batches })
}

/// Runs until there is enough.
fn simulate(
    command: &Compare,
    seeds: usize,
    runner: &Runner<'_>,
    study: &mut Study<'_>,
) -> std::result::Result<Option<Remark>, Failure> {
    let reads_summary = study.responses.iter().any(|it| matches!(it.response, Response::Summary(_)));
    if reads_summary {
        // Whether a path leads anywhere is known after a run: one, before all.
        let first = runner.run_jobs(&[Job { variant: study.baseline, replication: 0 }])?;
        let only_here = study.variants.len() == 1;
        check_paths(first.iter().map(|(_, recorded)| recorded), only_here)?;
    }
    let mut have = 0;
    let mut wanted = seeds;
    loop {
        for (job, recorded) in runner.run(have, wanted)? {
            study.runs[job.variant].push(recorded);
        }
        if have == 0 && reads_summary {
            check_paths(study.runs.iter().filter_map(|runs| runs.first()), true)?;
        }
        // Numbers were read from them; the rest is a burden.
        study.runs.iter_mut().flatten().for_each(|run| run.summary = None);
        have = wanted;
        let Some(share) = command.until_precise else { return Ok(None) };
        let percent = ecsim_experiment::numbers::plain(share * 100.0, 3);
        let of = if study.variants.len() > 1 { "difference" } else { "mean" };
        let Some((response, needed)) = study.needed_for(share).filter(|_| have > 1).or((have < 2).then_some((0, 4)))
        else {
            return Ok(Some(Remark {
                is_warning: false,
                text: format!("after {} the {of} of every main response is known to {percent} %", study.counted()),
            }));
        };
        if have >= command.max_seeds {
            return Ok(Some(Remark {
                is_warning: true,
                text: format!(
                    "--max-seeds {} reached: the {of} of {} is not known to {percent} % yet; about {needed} seeds would do",
                    command.max_seeds, study.responses[response].name
                ),
            }));
        }
        wanted = replications::next(have, needed, command.max_seeds);
        if command.antithetic {
            wanted = (wanted + wanted % 2).min(command.max_seeds - command.max_seeds % 2);
            if wanted <= have {
                return Ok(None);
            }
        }
    }
}

/// A path of the summary that no variant has is a mistake.
pub(super) fn check_paths<'a>(
    runs: impl Iterator<Item = &'a Recorded>,
    is_all: bool,
) -> std::result::Result<(), Wrong> {
    let runs: Vec<&Recorded> = runs.collect();
    let Some(first) = runs.first().filter(|_| is_all) else { return Ok(()) };
    let everywhere = first.absent.iter().find(|path| runs.iter().all(|run| run.absent.contains(path)));
    let Some(path) = everywhere else { return Ok(()) };
    let near = runs.iter().filter_map(|run| run.summary.as_ref()).find_map(|summary| nearest_path(summary, path));
    let help = near.map_or_else(
        || "`ecsim run --format csv` lists the paths of summary.json".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(Wrong { response: path.clone(), what: "the summary has no such number".to_owned(), help: Some(help) })
}
