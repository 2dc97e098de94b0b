//! `ecsim test`: run every scenario that expects something, as a test runner does.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ecsim_cluster::invariants;
use ecsim_engine::Simulation;
use ecsim_report::cost::SharedLedger;
use ecsim_report::expect::{Actual, Verdict};
use ecsim_report::sinks::FactDigest;
use ecsim_scenario::lab::Lab;
use ecsim_scenario::{Prepared, Ready};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::app::Test;
use crate::exit::{Done, Failure, Outcome};
use crate::output;
use crate::session;
use crate::table::counted;
use crate::terminal::{self, Terminal};
use crate::wall_clock::Stopwatch;

/// What became of one scenario.
enum Result {
    /// It ran: verdicts, the digest of its facts, and what was wrong with the run itself, if anything was.
    Ran { verdicts: Vec<Verdict>, digest: String, broken: Option<String>, seconds: f64 },
    /// It expects nothing.
    ExpectsNothing,
    /// It needs data that nobody gave.
    LacksData,
    /// It cannot be read.
    Unreadable,
}

/// A scenario, read and perhaps run.
struct Tested {
    name: String,
    prepared: Prepared,
    result: Result,
}

/// Runs the scenarios and reports.
///
/// # Errors
/// Paths without scenarios, unreadable scenarios, a report that cannot be written.
pub fn run(command: &Test, terminal: &Terminal) -> Outcome {
    command.junit.as_deref().map(output::can_be_file).transpose()?;
    let mut files = Vec::new();
    for path in &command.paths {
        collect(path, &mut files)?;
    }
    if files.is_empty() {
        return Err(Failure::Input("no scenario (*.yaml, *.yml) in the paths given".into()));
    }
    let jobs = command.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let watch = Stopwatch::start();
    let tested = run_all(&files, command, jobs);
    let mut text = String::new();
    let (mut passed, mut failed, mut skipped, mut unreadable) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut suites = Vec::new();
    for one in &tested {
        let mut suite = TestSuite::new(one.name.as_str());
        match &one.result {
            Result::Unreadable => {
                unreadable += 1;
                session::print_diagnostics(&one.prepared.diagnostics, &one.prepared.sources, terminal);
                text.push_str(&format!("{} {}: cannot be read\n", word("FAIL", 31, terminal), one.name));
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_message("the scenario cannot be read");
                suite.add_test_case(TestCase::new("read", status));
            }
            Result::LacksData => {
                skipped += 1;
                text.push_str(&format!(
                    "{} {}: needs data; give the data root with --data DIR or ECSIM_DATA\n",
                    word("SKIP", 33, terminal),
                    one.name
                ));
                suite.add_test_case(TestCase::new("data", TestCaseStatus::skipped()));
            }
            Result::ExpectsNothing => {
                skipped += 1;
                text.push_str(&format!("{} {}: expects nothing\n", word("SKIP", 33, terminal), one.name));
                suite.add_test_case(TestCase::new("expect", TestCaseStatus::skipped()));
            }
            Result::Ran { verdicts, digest, broken, seconds } => {
                let wrong = verdicts.iter().filter(|verdict| !verdict.passed).count();
                let fine = wrong == 0 && broken.is_none();
                passed += verdicts.len() - wrong;
                failed += wrong + usize::from(broken.is_some());
                let mark = if fine { word("PASS", 32, terminal) } else { word("FAIL", 31, terminal) };
                let number = counted(verdicts.len(), "expectation");
                text.push_str(&format!("{mark} {} ({number}, facts {digest})\n", one.name));
                if let Some(broken) = broken {
                    text.push_str(&format!("     {broken}\n"));
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                    status.set_message(broken.as_str());
                    suite.add_test_case(TestCase::new("the run itself", status));
                }
                for verdict in verdicts {
                    let label = format!("{}: {}", verdict.quantifier, verdict.expression);
                    let status = if verdict.passed {
                        TestCaseStatus::success()
                    } else {
                        text.push_str(&format!("     {label}\n       {}\n", verdict.message));
                        // The message has already said the one value that an expectation is mostly about.
                        let said = |actual: &&Actual| {
                            let path = actual.path.rsplit(" of ").next().unwrap_or_default();
                            verdict.message.contains(&format!("{path} is {}", actual.value))
                                || verdict.message.contains(" contain")
                        };
                        for actual in verdict.actual.iter().filter(|actual| !said(actual)) {
                            text.push_str(&format!("       {} = {}\n", actual.path, actual.value));
                        }
                        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                        status.set_message(verdict.message.as_str());
                        status
                    };
                    suite.add_test_case(TestCase::new(label, status));
                }
                suite.set_time(std::time::Duration::from_secs_f64(seconds.max(0.0)));
            }
        }
        suites.push(suite);
    }
    text.push_str(&format!("\n{passed} passed, {} failed, {skipped} skipped\n", failed + unreadable));
    terminal::print(&text)?;
    if let Some(path) = &command.junit {
        let mut report = Report::new("ecsim test");
        report.set_time(std::time::Duration::from_secs_f64(watch.seconds().max(0.0)));
        report.add_test_suites(suites);
        let xml = report
            .to_string()
            .map_err(|error| Failure::Machine(format!("failed to make {}: {error}", path.display())))?;
        output::write_file(path, xml.as_bytes())?;
    }
    if unreadable > 0 {
        Err(Failure::InputReported)
    } else if failed > 0 {
        Ok(Done::ExpectationFailed)
    } else {
        Ok(Done::Fine)
    }
}

fn word(word: &str, color: u8, terminal: &Terminal) -> String {
    if terminal.color_stdout { format!("\x1b[1;{color}m{word}\x1b[0m") } else { word.to_owned() }
}

/// The scenarios of a path: itself, or everything in a directory, in name order.
fn collect(path: &Path, into: &mut Vec<PathBuf>) -> std::result::Result<(), Failure> {
    if !path.is_dir() {
        if !path.exists() {
            return Err(Failure::Input(format!("{} does not exist", path.display())));
        }
        into.push(path.to_owned());
        return Ok(());
    }
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
        entries.sort();
        Ok(entries)
    };
    for entry in read().map_err(|error| Failure::path("read", path, &error))? {
        let is_scenario = entry.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if entry.is_dir() {
            collect(&entry, into)?;
        } else if is_scenario {
            into.push(entry);
        }
    }
    Ok(())
}

/// Runs all of them, several at a time; the answers are in the order of the files.
fn run_all(files: &[PathBuf], command: &Test, jobs: usize) -> Vec<Tested> {
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<(usize, Tested)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(files.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = files.get(at) else { return };
                    let tested = run_one(path, command);
                    answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, tested));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, tested)| tested).collect()
}

fn run_one(path: &Path, command: &Test) -> Tested {
    let mut prepared = session::read(path, &command.options);
    let name = path.display().to_string();
    let result = match prepared.ready.take() {
        None if prepared.lacks_data => Result::LacksData,
        None => Result::Unreadable,
        Some(ready) if ready.expectations.is_empty() => Result::ExpectsNothing,
        Some(mut ready) => {
            let stopwatch = Stopwatch::start();
            let lab = ready.lab.take();
            let Judged { mut verdicts, digest, mut broken } = judge(ready, command);
            // What a lab says about its wrong answers is held against runs of their own.
            for (at, variant) in lab.into_iter().flat_map(|lab| lab.variants).enumerate() {
                let Some(variant) = variant else { continue };
                let judged = judge(variant.ready, command);
                broken = broken.or(judged.broken);
                let choice = Lab::letter(at);
                verdicts.extend(judged.verdicts.into_iter().map(|verdict| Verdict {
                    quantifier: format!("choice {choice}, {}", verdict.quantifier),
                    ..verdict
                }));
            }
            Result::Ran { verdicts, digest, broken, seconds: stopwatch.seconds() }
        }
    };
    Tested { name, prepared, result }
}

/// What became of one run.
struct Judged {
    verdicts: Vec<Verdict>,
    digest: String,
    broken: Option<String>,
}

fn judge(ready: Ready, command: &Test) -> Judged {
    let mut simulation = Simulation::new(ready.model);
    let costs = SharedLedger::new(simulation.cluster().definitions(), &ready.prices);
    let mut watch = ready.expectations.watch_with_costs(simulation.cluster(), costs.as_ref());
    let mut digest = FactDigest::default();
    let mut broken = None;
    {
        let mut observers = (&mut watch, &mut digest);
        if command.invariants {
            while broken.is_none() && simulation.step(&mut observers) {
                broken = invariants::check(simulation.cluster())
                    .err()
                    .map(|what| format!("an invariant of ecsim is broken at {}: {what}", simulation.now()));
            }
        }
        simulation.run(&mut observers);
        if let Some(overrun) = simulation.overrun() {
            broken = Some(overrun.to_string());
        }
    }
    Judged { verdicts: watch.finish(), digest: digest.hex(), broken }
}
