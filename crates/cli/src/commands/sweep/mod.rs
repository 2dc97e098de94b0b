//! `ecsim sweep`: an experiment that is too large for flags.
//!
//! A point of the design is a variant, and everything that [`super::compare`] does with variants is done with points: the
//! same luck for all of them, the same statistics, the same files. What comes on top: designs (`experiment`), a journal that
//! makes a sweep go on where it was broken off and lets shards be merged (`journal`), constraints and an objective
//! (`rules`), with a search that gives more runs to better points.
//!
//! What is left behind is a function of the values alone: a sweep that was broken off, sharded or run on more cores leaves
//! the same bytes.

mod experiment;
mod journal;
mod rules;
mod written;

use std::collections::BTreeSet;
use std::path::Path;

use ecsim_experiment::numbers::with_uncertainty;
use ecsim_experiment::sentence::{list, with_unit};
use ecsim_experiment::{Confidence, Estimate, Paired, Verdict, sampling};
use ecsim_kernel::Span;
use ecsim_kernel::digest::hash64;
use ecsim_report::responses::{Frame, Recorded, Response};
use ecsim_report::sinks::Cells;
use serde_json::Value;

use crate::app::{DataFormat, Sweep};
use crate::commands::compare::analysis::{Cell, Study};
use crate::commands::compare::files::Table;
use crate::commands::compare::responses::{self, Asked, Wrong, path_of};
use crate::commands::compare::runner::{Job, Runner};
use crate::commands::compare::variants::{self, Variant};
use crate::commands::compare::{self, Ranking, Remark, files};
use crate::exit::{Done, Failure, Outcome};
use crate::interrupt;
use crate::output::{Holds, OutputDirectory};
use crate::table;
use crate::terminal::{self, Terminal};

use ecsim_scenario::disk::DiskFiles;
use experiment::{Experiment, Search};
use journal::{Journal, Known};
use rules::Judge;
use written::Written;

/// So many points are shown one by one.
const SHOWN: usize = 40;
/// So many runs of the best point are looked at for a warm-up.
const LOOKED_AT: usize = 4;

/// Sweeps.
///
/// # Errors
/// Mistakes in the call, the experiment or the scenario; the machine; Ctrl-C, after which the same command goes on.
pub fn run(command: &Sweep, terminal: &Terminal) -> Outcome {
    interrupt::listen();
    let data = command.options.data.clone().filter(|root| !root.as_os_str().is_empty());
    let written = Written::read(&DiskFiles::new(data), &command.experiment, terminal)?;
    let experiment = &written.experiment;
    let search = experiment.objective.as_ref().map_or(Search::Exhaustive, |it| it.search);
    if command.shard.is_some() && search == Search::SuccessiveHalving {
        return Err(Failure::Input(
            "--shard: successive halving decides after each round which points go on, so no shard can do it alone; leave \
             out `search` in the shards, and merge with --from"
                .into(),
        ));
    }
    let variants = points(command, &written, terminal)?;
    let warm_up = experiment.warm_up().map_err(Failure::Input)?;
    let shortest = variants.iter().map(|variant| variant.model.duration).min().unwrap_or(Span::ZERO);
    if warm_up.is_some_and(|warm_up| warm_up >= shortest) {
        return Err(written.no_time(shortest, terminal));
    }
    let frame = compare::frame(warm_up, None, &variants)?;
    let (asked, plans, judge) =
        responses(experiment, &variants, frame).map_err(|wrong| written.no_response(&wrong, terminal))?;
    let directory = OutputDirectory::begin(&command.out, Holds::Sweep)?;
    let runner = Runner::new(&variants, &plans, false, command.jobs, !command.quiet && terminal.interactive)?;
    let mut work = Work {
        seed: variants[0].model.seed,
        measured: asked.iter().map(|it| it.path.as_str()).collect::<Vec<_>>().join("\n"),
        head: journal::head(asked.iter().map(|it| it.path.as_str())),
        known: Known::new(),
        used: Known::new(),
        frame,
    };
    work.look_up(command, &variants, experiment.seeds)?;
    let mut study = Study {
        variants: &variants,
        responses: &asked,
        baseline: 0,
        confidence: Confidence::default(),
        antithetic: false,
        batches: 1,
        runs: vec![Vec::new(); variants.len()],
    };
    // Whether a path of the summary leads anywhere is known after a run: one, before all.
    if study.responses.iter().any(|it| matches!(it.response, Response::Summary(_))) {
        let probe = runner.run_jobs(&[Job { variant: 0, replication: 0 }])?;
        if let Err(wrong) = compare::check_paths(probe.iter().map(|(_, recorded)| recorded), true) {
            runner.finish();
            return Err(written.no_response(&wrong, terminal));
        }
    }
    let journal = Journal::open(&command.out, &work.head, &work.known)?;
    let outcome = work.all(experiment, search, &judge, &runner, &journal, &mut study).and_then(|order| {
        // The journal has no means over time: the best point is run a few times more to look at its warm-up.
        let again = study.runs[order[0]].len().min(LOOKED_AT);
        let jobs: Vec<Job> = (0..again).map(|replication| Job { variant: order[0], replication }).collect();
        Ok((order, runner.run_jobs(&jobs)?))
    });
    runner.finish();
    let (order, best_runs) = outcome.map_err(|failure| match failure {
        Failure::Interrupted(_) => Failure::Interrupted(format!(
            "interrupted; what has been run is kept in {}, and the same command goes on from there",
            journal::unfinished(&command.out).display()
        )),
        other => other,
    })?;
    // From here on, points stand in the order of their rank, and the best is what the others are held against.
    let ranked: Vec<Variant> = order.iter().map(|at| variants[*at].clone()).collect();
    let runs: Vec<Vec<Recorded>> = order.iter().map(|at| std::mem::take(&mut study.runs[*at])).collect();
    let study = Study { variants: &ranked, runs, ..study };
    let (sentences, mut remarks) = answer(experiment, &study, &judge);
    remarks.extend(advice(&study, &judge, best_runs, warm_up.unwrap_or(Span::ZERO)));
    let result = result(&study, &study, &judge, &sentences, &remarks, frame, warm_up);
    let few = ranked.len().min(SHOWN);
    let best = Study { variants: &ranked[..few], runs: study.runs[..few].to_vec(), ..study };
    let mut more = remarks.clone();
    if few < ranked.len() {
        more.push(Remark {
            is_warning: false,
            text: format!("the {few} best of {} points are shown; estimates.csv has all of them", ranked.len()),
        });
    }
    let to_read = self::result(&best, &study, &judge, &sentences, &more, frame, warm_up);
    let ranking = [("ranking.csv", ranking(&study, &judge))];
    let target = files::write(&result, &to_read, &ranking, vec![(journal::NAME, work.lines())], directory)?;
    journal.remove();
    if !command.quiet || command.format != DataFormat::Table {
        show(command, &result, &judge, &sentences)?;
    }
    for remark in &more {
        if remark.is_warning {
            terminal.warning(&remark.text);
        } else if !command.quiet {
            terminal.note(&remark.text);
        }
    }
    if !command.quiet {
        terminal.note(&format!("the sweep is in {}", target.display()));
    }
    Ok(Done::Fine)
}

/// The points of this shard, as variants.
fn points(command: &Sweep, written: &Written, terminal: &Terminal) -> Result<Vec<Variant>, Failure> {
    let experiment = &written.experiment;
    let points = written.points(terminal)?;
    let of_shard = |at: usize| command.shard.is_none_or(|(part, of)| at % of == part - 1);
    let base = Path::new(&experiment.base);
    let factors = experiment.factors.iter().map(|factor| factor.called());
    let ends_otherwise = experiment.set.keys().map(String::as_str).chain(factors).any(|it| it == "simulation.duration");
    let mut variants = Vec::new();
    for (_, point) in points.into_iter().enumerate().filter(|(at, _)| of_shard(*at)) {
        let mut options = command.options.clone();
        options.set.extend(point.settings.iter().map(|it| it.text.clone()));
        let mut prepared = variants::prepared(base, &options, ends_otherwise);
        written.relocate(&mut prepared, command.options.set.len(), &point.settings);
        // One mistake is mostly that of every point: it is said once.
        let Some((model, prices, digest)) = variants::show(prepared, !variants.is_empty(), terminal) else {
            return Err(Failure::InputReported);
        };
        variants.push(Variant { name: String::new(), factors: point.factors, model, prices, digest });
    }
    if variants.is_empty() {
        return Err(Failure::Input("this shard has no point: there are fewer points than shards".into()));
    }
    variants::name(&mut variants, &[String::new()]);
    Ok(variants)
}

type Responses = (Vec<Asked>, Vec<ecsim_report::responses::Plan>, Judge);

/// What is measured: what was asked for, and what constraints and objective are about.
fn responses(experiment: &Experiment, variants: &[Variant], frame: Frame) -> Result<Responses, Wrong> {
    let with_defaults = experiment.responses.is_empty();
    let mut asked: Vec<String> = experiment.responses.iter().map(|it| path_of(it)).collect();
    let mut rules = Vec::new();
    let objective = experiment.objective.as_ref().map(rules::objective);
    let mut need = |name: &str| {
        let path = path_of(name);
        let known = asked.contains(&path) || with_defaults && responses::default_path(&path).is_some();
        if !known {
            asked.push(path);
        }
    };
    for text in &experiment.constraints {
        // One that cannot be read has been refused with its place.
        let Ok(parts) = rules::parse(text) else { continue };
        need(parts.response);
        rules.push((text, parts));
    }
    if let Some((name, _)) = objective {
        need(name);
    }
    let (asked, plans) = responses::plan(&asked, with_defaults, variants, frame)?;
    let find = |name: &str| asked.iter().position(|it| it.path == path_of(name)).unwrap_or(0);
    let judge = Judge {
        rules: rules.iter().map(|(text, parts)| parts.of(text, find(parts.response))).collect(),
        objective: objective.map(|(name, least)| (find(name), least)),
    };
    Ok((asked, plans, judge))
}

/// What is to be run, and what has been.
struct Work {
    seed: u64,
    measured: String,
    /// What the columns of the journal are.
    head: String,
    known: Known,
    /// Of what is known, what this experiment is about.
    used: Known,
    frame: Frame,
}

impl Work {
    /// Everything that a run depends on, as a number.
    fn job(&self, variant: &Variant, replication: usize) -> String {
        let text = format!(
            "{}\n{}\n{}\n{}\n{} {}\n{}",
            env!("CARGO_PKG_VERSION"),
            variant.digest,
            self.seed,
            replication,
            self.frame.from.ms(),
            self.frame.end.ms(),
            self.measured
        );
        format!("{:016x}", hash64(text.as_bytes()))
    }

    /// Everything that has been run already, here and elsewhere.
    ///
    /// # Errors
    /// Where runs lie in the directory that would be replaced, and that this experiment does not need: they are the work
    /// of hours, and nobody said that they may go.
    fn look_up(&mut self, command: &Sweep, variants: &[Variant], seeds: usize) -> Result<(), Failure> {
        let Self { known, head, .. } = self;
        let unfinished = journal::unfinished(&command.out);
        let held = [command.out.as_path(), &unfinished]
            .map(|place| journal::read(place, head, known).map(|jobs| (place, jobs.unwrap_or_default())));
        for directory in &command.from {
            let finished = journal::read(directory, head, known)?;
            let others = journal::read(&journal::unfinished(directory), head, known)?;
            if finished.is_none() && others.is_none() {
                return Err(Failure::Input(format!(
                    "--from {}: there is no sweep, finished or not",
                    directory.display()
                )));
            }
        }
        let [finished, going_on] = held;
        let held: Vec<(&Path, BTreeSet<String>)> =
            [finished?, going_on?].into_iter().filter(|(_, jobs)| !jobs.is_empty() && !command.force).collect();
        if held.is_empty() {
            return Ok(());
        }
        let all = variants.iter().flat_map(|variant| (0..seeds).map(move |replication| (variant, replication)));
        let needed: BTreeSet<String> = all.map(|(variant, replication)| self.job(variant, replication)).collect();
        for (place, jobs) in held {
            let lost = jobs.difference(&needed).count();
            if lost > 0 {
                let out = command.out.display();
                let which = if lost == jobs.len() {
                    " of another experiment (or scenario, or version of ecsim)".to_owned()
                } else {
                    format!(", of which this experiment does not need {lost}")
                };
                return Err(Failure::Input(format!(
                    "{} holds {}{which}: they would be lost; name another directory with --out (and take over what is \
                     needed with `--from {out}`), or give --force to replace them",
                    place.display(),
                    table::counted(jobs.len(), "run")
                )));
            }
        }
        Ok(())
    }

    /// Runs all rounds, and gives the points in the order of their rank.
    fn all(
        &mut self,
        experiment: &Experiment,
        search: Search,
        judge: &Judge,
        runner: &Runner<'_>,
        journal: &Journal,
        study: &mut Study<'_>,
    ) -> Result<Vec<usize>, Failure> {
        let first = match (search, &experiment.objective) {
            (Search::SuccessiveHalving, Some(objective)) => objective.first_seeds,
            _ => experiment.seeds,
        };
        let mut alive: Vec<usize> = (0..study.variants.len()).collect();
        // Those that are out, the last ones first.
        let mut out: Vec<usize> = Vec::new();
        for (left, replications) in sampling::halving(alive.len(), first, experiment.seeds) {
            let losers = alive.split_off(left.min(alive.len()));
            out.splice(0..0, losers);
            self.round(&alive, replications, runner, journal, study)?;
            alive = judge.order(study, &alive);
        }
        alive.extend(out);
        Ok(alive)
    }

    /// Brings these points to so many replications.
    fn round(
        &mut self,
        alive: &[usize],
        replications: usize,
        runner: &Runner<'_>,
        journal: &Journal,
        study: &mut Study<'_>,
    ) -> Result<(), Failure> {
        let wanted = |variant: usize| (study.runs[variant].len()..replications).map(move |it| (variant, it));
        let mut all: Vec<(usize, usize)> = alive.iter().flat_map(|variant| wanted(*variant)).collect();
        all.sort_by_key(|(variant, replication)| (*replication, *variant));
        let missing: Vec<Job> = all
            .iter()
            .filter(|(variant, replication)| {
                !self.known.contains_key(&self.job(&study.variants[*variant], *replication))
            })
            .map(|(variant, replication)| Job { variant: *variant, replication: *replication })
            .collect();
        let answers = runner.run_jobs_and(&missing, |job, recorded| {
            journal.add(&self.job(&study.variants[job.variant], job.replication), &values(recorded))
        })?;
        for (job, recorded) in answers {
            self.known.insert(self.job(&study.variants[job.variant], job.replication), values(&recorded));
        }
        for (variant, replication) in all {
            let job = self.job(&study.variants[variant], replication);
            let Some(values) = self.known.get(&job) else { continue };
            self.used.insert(job, values.clone());
            study.runs[variant].push(Recorded {
                values: values.iter().map(|value| vec![*value]).collect(),
                series: vec![Vec::new(); values.len()],
                ..Recorded::default()
            });
        }
        Ok(())
    }

    fn lines(&self) -> String {
        let lines: String = self.used.iter().map(|(job, values)| journal::line(job, values)).collect();
        format!("{}{lines}", self.head)
    }
}

fn values(recorded: &Recorded) -> Vec<Option<f64>> {
    recorded.values.iter().map(|batches| batches.first().copied().flatten()).collect()
}

/// What is known: of the points of `study`, which are the best of `all`.
fn result<'a>(
    study: &'a Study<'a>,
    all: &'a Study<'a>,
    judge: &Judge,
    sentences: &[String],
    remarks: &[Remark],
    frame: Frame,
    warm_up: Option<Span>,
) -> compare::Result<'a> {
    compare::Result {
        title: "Sweep",
        noun: "points",
        study,
        all,
        ranking: Some(ranked(study, judge, study.variants.len())),
        table: study.table(),
        shown: study.shown(),
        sentences: sentences.to_vec(),
        remarks: remarks.to_vec(),
        frame,
        warm_up: warm_up.unwrap_or(Span::ZERO),
    }
}

/// `$2.83 ± $0.12`.
fn amount(estimate: Option<Estimate>, asked: &Asked) -> String {
    let Some(it) = estimate else { return "no value".to_owned() };
    let (mean, half) = with_uncertainty(it.mean, it.half_width);
    match half.as_deref() {
        Some("0") | None => with_unit(&mean, &asked.unit),
        Some(half) if asked.unit == "$" || asked.unit == "¥" => {
            format!("{} ± {}", with_unit(&mean, &asked.unit), with_unit(half, &asked.unit))
        }
        Some(half) => with_unit(&format!("{mean} ± {half}"), &asked.unit),
    }
}

/// What the sweep comes to, in words.
fn answer(experiment: &Experiment, study: &Study<'_>, judge: &Judge) -> (Vec<String>, Vec<Remark>) {
    let (mut sentences, mut remarks) = (Vec::new(), Vec::new());
    if let Some(question) = &experiment.question {
        sentences.push(question.clone());
    }
    let cell = |response: usize, variant: usize| -> Cell { study.cell(response, variant) };
    let demands: Vec<String> = judge.rules.iter().map(|rule| rule.text.clone()).collect();
    let all = study.variants.len();
    let meeting = (0..all).filter(|at| judge.missed_by(study, *at) == 0.0).count();
    if !demands.is_empty() {
        let verb = if meeting == 1 { "meets" } else { "meet" };
        sentences.push(format!("{meeting} of {all} points {verb} {}.", list(&demands, "and")));
    }
    let Some((response, least)) = judge.objective else { return (sentences, remarks) };
    let asked = &study.responses[response];
    let word = if least { "least" } else { "most" };
    let best = &study.variants[0].name;
    if meeting == 0 && !demands.is_empty() {
        sentences.push(format!("{best} comes nearest to that."));
    } else {
        let seen: Vec<String> = judge
            .rules
            .iter()
            .map(|rule| rule.response)
            .filter(|at| *at != response)
            .map(|at| format!("{} {}", study.responses[at].name, amount(cell(at, 0).estimate, &study.responses[at])))
            .collect();
        let beside = if seen.is_empty() { String::new() } else { format!(", with {}", list(&seen, "and")) };
        sentences.push(format!(
            "{best} has the {word} {}: {}{beside}.",
            asked.name,
            amount(cell(response, 0).estimate, asked)
        ));
    }
    for rule in &judge.rules {
        let Some(it) = cell(rule.response, 0).estimate else { continue };
        if rule.missed_by(it.mean) == 0.0 && !rule.is_sure(it.mean, it.half_width) {
            remarks.push(Remark {
                is_warning: true,
                text: format!(
                    "that {best} meets `{}` is not sure: the interval reaches beyond the bound ({}); more seeds, or some \
                     distance",
                    rule.text,
                    amount(Some(it), &study.responses[rule.response])
                ),
            });
        }
    }
    let next = (1..all).find(|at| judge.missed_by(study, *at) == 0.0);
    if let Some(next) = next.filter(|_| meeting > 1)
        && let Some(paired) = Paired::of(&study.pairs(response, next), study.confidence)
    {
        let name = &study.variants[next].name;
        let seeds = paired.difference.n;
        let difference = amount(Some(paired.difference), asked);
        sentences.push(match paired.verdict {
            Verdict::Same => format!("{name} is just as good: the same {} in every run.", asked.name),
            Verdict::Higher | Verdict::Lower => format!("Next is {name}, {difference} away from it."),
            _ => format!("Next is {name}; no difference in {} between the two shown with {seeds} seeds.", asked.name),
        });
    }
    (sentences, remarks)
}

/// What a colleague would remark about the best point, whose first runs are there again with their means over time, and about
/// how the next one differs from it.
fn advice(study: &Study<'_>, judge: &Judge, best_runs: Vec<(Job, Recorded)>, warm_up: Span) -> Vec<Remark> {
    let two = study.variants.len().min(2);
    let mut shown = ranked_by(study, judge);
    shown.extend(study.shown().into_iter().filter(|at| study.responses[*at].name == responses::UNFINISHED));
    let mut pair = Study { variants: &study.variants[..two], runs: study.runs[..two].to_vec(), ..*study };
    let table = pair.table();
    for (job, recorded) in best_runs {
        pair.runs[0][job.replication].series = recorded.series;
    }
    compare::advice::of_sweep(&pair, &table, &shown, warm_up)
}

/// The responses that the ranking shows: objective, constraints, or the first three.
fn ranked_by(study: &Study<'_>, judge: &Judge) -> Vec<usize> {
    let mut shown: Vec<usize> = judge.objective.iter().map(|it| it.0).collect();
    for at in judge.rules.iter().map(|rule| rule.response) {
        if !shown.contains(&at) {
            shown.push(at);
        }
    }
    if shown.is_empty() { study.shown().into_iter().take(3).collect() } else { shown }
}

fn show(command: &Sweep, result: &compare::Result<'_>, judge: &Judge, sentences: &[String]) -> Result<(), Failure> {
    const ROWS: usize = 20;
    let study = result.study;
    match command.format {
        DataFormat::Json => return terminal::print(&files::json(result)),
        DataFormat::Csv => return terminal::print(&ranking(study, judge).csv()),
        DataFormat::Table => {}
    }
    let Ranking { heads, rows } = ranked(study, judge, ROWS);
    let columns: Vec<&str> = heads.iter().map(String::as_str).collect();
    let row = |row: Vec<String>| Value::Object(heads.iter().cloned().zip(row.into_iter().map(Value::from)).collect());
    let rows: Vec<Value> = rows.into_iter().map(row).collect();
    table::print_rows(&columns, &rows, DataFormat::Table)?;
    let more = study.variants.len().saturating_sub(ROWS);
    let mut text = if more > 0 { format!("... and {more} more\n\n") } else { "\n".to_owned() };
    for sentence in sentences {
        text.push_str(sentence);
        text.push('\n');
    }
    terminal::print(&text)
}

/// The best points with what they are ranked by, for reading.
fn ranked(study: &Study<'_>, judge: &Judge, most: usize) -> Ranking {
    let shown = ranked_by(study, judge);
    let mut heads = vec!["rank".to_owned(), "point".to_owned()];
    heads.extend(shown.iter().map(|at| study.responses[*at].name.clone()));
    heads.push("seeds".to_owned());
    heads.extend((!judge.rules.is_empty()).then(|| "meets".to_owned()));
    let row = |at: usize| {
        let mut row = vec![(at + 1).to_string(), study.variants[at].name.clone()];
        row.extend(
            shown.iter().map(|response| amount(study.cell(*response, at).estimate, &study.responses[*response])),
        );
        row.push(study.runs[at].len().to_string());
        let meets = if judge.missed_by(study, at) == 0.0 { "yes" } else { "no" };
        row.extend((!judge.rules.is_empty()).then(|| meets.to_owned()));
        row
    };
    Ranking { rows: (0..study.variants.len().min(most)).map(row).collect(), heads }
}

/// One row per point, the best first.
fn ranking(study: &Study<'_>, judge: &Judge) -> Table {
    let shown = study.shown();
    let mut columns = vec![("rank".to_owned(), Cells::Whole), ("point".to_owned(), Cells::Text)];
    columns.extend(study.variants[0].factors.iter().map(|(name, _)| (name.clone(), Cells::Text)));
    columns.extend([("seeds".to_owned(), Cells::Whole), ("meetsConstraints".to_owned(), Cells::Flag)]);
    columns.extend(shown.iter().map(|at| (study.responses[*at].name.clone(), Cells::Number)));
    let mut table = Table::new(columns);
    for (at, variant) in study.variants.iter().enumerate() {
        let mut row = vec![(at + 1).to_string(), variant.name.clone()];
        row.extend(variant.factors.iter().map(|(_, value)| value.clone()));
        row.extend([study.runs[at].len().to_string(), (judge.missed_by(study, at) == 0.0).to_string()]);
        row.extend(shown.iter().map(|response| {
            let mean = study.cell(*response, at).estimate.map(|it| ecsim_experiment::numbers::exact(it.mean));
            mean.map_or_else(String::new, |mean| mean.to_string())
        }));
        table.push(row);
    }
    table
}
