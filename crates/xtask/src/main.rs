//! `cargo xtask`: what can be typed, and what is done about it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use xtask::conformance::{self, Conformance};
use xtask::determinism::{self, Outcome, Trial};
use xtask::reports::{self, Wanted, Work};
use xtask::{Error, docs, files, tidy, workspace_root};

/// Chores of the project
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Which rule of spec/ is proven by which test, and which are not modelled
    Conformance {
        /// Fail where the list is wrong, a rule of a required family is missing, or spec/CONFORMANCE.md is stale
        #[arg(long)]
        check: bool,
        /// Write spec/CONFORMANCE.md
        #[arg(long, conflicts_with_all = ["check", "family"])]
        write: bool,
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// Only the rules of this family, such as PLC
        #[arg(long)]
        family: Option<String>,
        /// Only the rules of this status (in the table)
        #[arg(long, value_enum)]
        only: Option<Only>,
    },
    /// Rules about the code itself: heads, layers, lengths, words
    Tidy,
    /// The same scenario gives the same bytes: again, beside another run, and with its lists backwards
    Determinism {
        /// The ecsim to be tried
        #[arg(long, value_name = "PATH")]
        bin: PathBuf,
        /// Where `data:` paths of scenarios are found; without it such scenarios are skipped
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Run the studies of reports/ again, and write their results, figures, tables and numbers
    Reports {
        /// Which; all where none is named
        names: Vec<String>,
        /// The ecsim that runs them
        #[arg(long, value_name = "PATH", default_value = "target/release/ecsim")]
        bin: PathBuf,
        /// Where `data:` paths of scenarios are found; without it studies that need it are skipped
        #[arg(long, value_name = "DIR", env = "ECSIM_DATA")]
        data: Option<PathBuf>,
        /// So many runs at a time; all cores where nothing is said
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        /// Only the small experiments
        #[arg(long)]
        small: bool,
        /// Run nothing: make pages and figures from the results that are there
        #[arg(long, conflicts_with = "small")]
        pages: bool,
        /// Write nothing: fail where a study has moved (with --small), or where its page is not what its results say
        #[arg(long)]
        check: bool,
    },
    /// Write the pages that the product generates about itself
    Docs {
        /// The ecsim that generates them
        #[arg(long, value_name = "PATH")]
        bin: PathBuf,
        /// Only fail where a page is stale
        #[arg(long)]
        check: bool,
    },
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Table,
    /// As in spec/CONFORMANCE.md
    Md,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Only {
    /// Something proves it
    Proven,
    /// It is listed in spec/not-modelled.csv
    NotModelled,
    /// Neither
    Missing,
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Does the task; says whether all is well.
fn run(task: Task) -> Result<bool, Error> {
    let root = workspace_root();
    match task {
        Task::Conformance { check, write, format, family, only } => {
            let list = Conformance::of(&files::committed(&root)?)?;
            let mut failures = list.failures();
            let page = root.join(conformance::PAGE);
            if write {
                let written = docs::refresh_file(&page, &conformance::markdown(&list), false)?;
                println!("{}: {}", conformance::PAGE, if written { "written" } else { "already as it should be" });
            } else if check {
                if docs::refresh_file(&page, &conformance::markdown(&list), true)? {
                    failures.push(format!("{}: is stale; run `cargo xtask conformance --write`", conformance::PAGE));
                }
            } else {
                let list = family.map_or(Ok(list.clone()), |family| list.only(&family))?;
                let text = match format {
                    Format::Table => conformance::table(&list, only.map(only_name)),
                    Format::Md => conformance::markdown(&list),
                    Format::Json => conformance::json(&list),
                };
                print(&text);
                failures = list.problems;
            }
            for failure in &failures {
                eprintln!("{failure}");
            }
            if check {
                println!("conformance: {}", verdict(failures.len()));
            }
            Ok(failures.is_empty() || !check)
        }
        Task::Tidy => {
            let findings = tidy::findings(&files::committed(&root)?);
            for finding in &findings {
                println!("{finding}");
            }
            println!("tidy: {}", verdict(findings.len()));
            Ok(findings.is_empty())
        }
        Task::Determinism { bin, data } => {
            let outcomes = Trial { root, binary: bin, data }.run()?;
            print(&determinism::table(&outcomes));
            Ok(!outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Different(_))))
        }
        Task::Reports { names, bin, data, jobs, small, pages, check } => {
            let work = match (small, pages || check) {
                (true, _) => Work::Small { check },
                (false, true) => Work::Pages { check },
                (false, false) => Work::All,
            };
            let (lines, is_well) = reports::run(&Wanted { root, names, binary: bin, data, jobs, work })?;
            print(&(lines.join("\n") + "\n"));
            println!("reports: {}", if is_well { "all is well" } else { "something is not as it should be" });
            Ok(is_well)
        }
        Task::Docs { bin, check } => {
            let stale = docs::refresh(&root, &bin, check)?;
            for path in &stale {
                println!("{path}: {}", if check { "is stale; run `cargo xtask docs`" } else { "written" });
            }
            Ok(stale.is_empty() || !check)
        }
    }
}

fn only_name(only: Only) -> &'static str {
    match only {
        Only::Proven => "proven",
        Only::NotModelled => "not modelled",
        Only::Missing => "missing",
    }
}

fn verdict(failures: usize) -> String {
    match failures {
        0 => "all is well".to_owned(),
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    }
}

/// Prints to a pipe that may be closed before all is read, as by `head`.
fn print(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
