//! What can be typed: commands, options, help texts.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use ecsim_kernel::Span;

use crate::moment::Moment;
use crate::terminal::ColorChoice;

/// A deterministic discrete-event simulator of Amazon ECS clusters.
///
/// A YAML scenario goes in; metric traces, a summary and explanations come out. The same scenario with the same seed
/// gives the same bytes on every machine.
#[derive(Debug, Parser)]
#[command(name = "ecsim", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Args {
    /// Colours: always, never, or auto (on a terminal, unless NO_COLOR is set)
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "WHEN",
        display_order = 1000
    )]
    pub color: ColorChoice,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 done; 1 an expectation failed; 2 the input or the call is wrong; \
                           3 the machine failed (disk full, no permission).";

const RUN_EXAMPLES: &str = "\
Examples:
  ecsim run scenarios/quickstart.yaml
  ecsim run scenarios/quickstart.yaml --set services.web.desiredCount=9 --seed 3 --out run9
  ecsim run scenarios/quickstart.yaml --plot=CPUReservation,services.web.RunningTaskCount";

const TEST_EXAMPLES: &str = "\
Examples:
  ecsim test scenarios
  ecsim test scenarios/quickstart.yaml --junit report.xml";

const COMPARE_EXAMPLES: &str = "\
Examples:
  ecsim compare scenarios/quickstart.yaml --vary workload.encode.runTask.placementStrategy=binpack:cpu,binpack:memory,random
  ecsim compare scenarios/quickstart.yaml --vary services.web.desiredCount=6,9 --vary containerInstances.web.count=6,8 --out grid
  ecsim compare before.yaml after.yaml --seeds 20 --until-precise 2%
  ecsim compare steady.yaml --set simulation.duration=14d --warm-up 4h --batch-means 20

A placement strategy may be written as type:field; + joins several: spread:zone+binpack:memory.
Responses are paths of summary.json (cost.total), times of tasks (timeToRunning.total.p95) and measures in the words of
`expect:` (mean: cluster.CPUReservation). docs/compare.md has it all.";

const SWEEP_EXAMPLES: &str = "\
Examples:
  ecsim sweep docs/experiments/cheapest-fleet.yaml --out cheapest
  ecsim sweep experiment.yaml --shard 1/2 --out part1
  ecsim sweep experiment.yaml --from part1 --from part2 --out whole

docs/compare.md explains the experiment file.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  ecsim explain scenarios/quickstart.yaml --task 12
  ecsim explain scenarios/quickstart.yaml --workload encode
  ecsim explain scenarios/quickstart.yaml --service web --at 95m
  ecsim explain scenarios/quickstart.yaml --service web --at 09:35 --format json
  ecsim explain scenarios/quickstart.yaml --instance web-2";

const LAB_EXAMPLES: &str = "\
Examples:
  ecsim lab
  ecsim lab second-copy
  ecsim lab second-copy --answer b
  ecsim lab second-copy --scenario > second-copy.yaml
  ecsim lab my/own/lab.yaml

A wrong answer is not a failure of the call: the exit status is 0, and --format json says `correct`. It is 1 where a
statement of the lab does not hold in the run. docs/labs.md tells how to write one.";
const IMPORT_EXAMPLES: &str = "\
Examples:
  ecsim import task-definition.json --out web.yaml
  ecsim import cluster.yaml service.yaml --parameter DesiredCount=6 --out prod.yaml
  aws ecs describe-services --cluster prod --services web > services.json
  ecsim import services.json definitions.json groups.json --out prod.yaml

docs/import.md says what is understood, and what becomes of it.";

const REPORT_EXAMPLES: &str = "\
Examples:
  ecsim run scenarios/quickstart.yaml --out run1 --no-report
  ecsim report run1
  ecsim report run1 --plot";

const CATALOG_EXAMPLES: &str = "\
Examples:
  ecsim catalog m5.large \"c7g.*\" --region eu-west-1
  ecsim catalog --min-gpus 1 --max-vcpu 16 --format csv
  ecsim catalog --show regions \"eu-*\"";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a scenario and print the summary
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// Read scenarios and report every problem at once, without running them
    Check(Check),
    /// Run every scenario that has an `expect:` block and report as a test runner does
    #[command(after_help = TEST_EXAMPLES)]
    Test(Test),
    /// Run variants of a scenario on the same luck, many times over, and say how they differ and how sure that is
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(Compare),
    /// Run an experiment that is too large for flags: factors, constraints, an objective; resumes where it was broken off
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(Sweep),
    /// Why a task was placed where it was, or why it could not be placed
    #[command(after_help = EXPLAIN_EXAMPLES, override_usage = "ecsim explain [OPTIONS] SCENARIO (--task ID | --service NAME | --workload NAME | --instance NAME)")]
    Explain(Explain),
    /// Teaching labs: a question about a cluster, your answer, and the run that shows why
    #[command(after_help = LAB_EXAMPLES)]
    Lab(Lab),
    /// Make a scenario of task definitions, CloudFormation templates, answers of the AWS CLI, and traces in CSV
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Build report.html of a run again from its traces
    #[command(after_help = REPORT_EXAMPLES)]
    Report(Report),
    /// Look up instance types, prices, Fargate sizes, Spot bands
    #[command(after_help = CATALOG_EXAMPLES)]
    Catalog(Catalog),
    /// Print the JSON Schema of the scenario, for editors
    Schema(Schema),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// An empty path too: an empty environment variable is as good as none.
fn any_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a whole number above 0 is wanted".to_owned())
}

fn up_to<const MOST: usize>(text: &str) -> Result<usize, String> {
    let wanted = || format!("a whole number from 1 to {MOST} is wanted");
    text.parse().ok().filter(|number| (1..=MOST).contains(number)).ok_or_else(wanted)
}

/// Threads: a machine that is asked for ten thousand does nothing else any more.
const MOST_JOBS: usize = 512;

/// Seeds of one variant: beyond that intervals are a hundredth of the standard deviation wide, and memory runs out.
pub const MOST_SEEDS: usize = 100_000;

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// How a scenario is found and changed on the way in.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct ScenarioOptions {
    /// Change a value of the scenario: `--set services.web.desiredCount=6` (repeatable)
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Where `data:` paths of scenarios are found
    #[arg(long, value_name = "DIR", env = "ECSIM_DATA", hide_env_values = true, value_parser = any_path())]
    pub data: Option<PathBuf>,
    /// Seed of every random stream, instead of the scenario's
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
}

/// `ecsim run`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Run {
    /// The scenario file
    pub scenario: PathBuf,
    /// Where it comes from
    #[command(flatten)]
    pub options: ScenarioOptions,
    /// Write the traces and report.html, a page to look at them with, into this directory
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also write events.jsonl: every state change in the shape of the EventBridge events that ECS emits
    #[arg(long, requires = "out")]
    pub events: bool,
    /// Write the traces without report.html, the page to look at them with
    #[arg(long, requires = "out")]
    pub no_report: bool,
    /// Also write a Parquet file beside every CSV file: the same columns, with types
    #[arg(long, requires = "out")]
    pub parquet: bool,
    /// End the run earlier or later than the scenario says, for example 6h
    #[arg(long, value_name = "TIME")]
    pub until: Option<Span>,
    /// The luck of this replication of `ecsim compare`; 0 is that of a plain run
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub replication: u64,
    /// Also draw time series on the terminal: what is looked at first, or metrics by their names in the tables under metrics/
    #[arg(long, value_name = "NAME,...", num_args = 0..=1, require_equals = true, default_missing_value = "", value_delimiter = ',')]
    pub plot: Option<Vec<String>>,
    /// Print no summary and no progress
    #[arg(long, short)]
    pub quiet: bool,
    /// How the summary is printed: table, json (as in summary.json), csv (one row per number)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: SummaryFormat,
}

/// How the summary is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    /// For reading
    #[default]
    Table,
    /// As in summary.json
    Json,
    /// One row per number: name, value
    Csv,
}

/// `ecsim check`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Check {
    /// Scenario files
    #[arg(required = true)]
    pub scenarios: Vec<PathBuf>,
    /// Where they come from
    #[command(flatten)]
    pub options: ScenarioOptions,
    /// Also list the AWS fields that are accepted and have no effect on the simulation
    #[arg(long)]
    pub kept: bool,
    /// How problems are printed: human (with excerpts, on stderr) or json (on stdout)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: CheckFormat,
}

/// How problems are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// With excerpts, on stderr
    #[default]
    Human,
    /// As JSON on stdout
    Json,
}

/// `ecsim test`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Test {
    /// Scenario files, or directories that hold some
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Where they come from
    #[command(flatten)]
    pub options: ScenarioOptions,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Recount everything after every event: slow, and finds faults of ecsim itself
    #[arg(long)]
    pub invariants: bool,
    /// How many scenarios run at the same time [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = up_to::<MOST_JOBS>)]
    pub jobs: Option<usize>,
}

/// `ecsim compare`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Compare {
    /// Scenario files: one with --vary, or several to be held against each other
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Where they come from
    #[command(flatten)]
    pub options: ScenarioOptions,
    /// A value to vary, with its levels: `--vary services.web.desiredCount=4,6,8` (repeatable: all combinations)
    #[arg(long, value_name = "PATH=V1,V2,...")]
    pub vary: Vec<String>,
    /// So many runs of each variant; run k has the same luck in all of them [default: 30; 10 with --until-precise; 1 with --batch-means]
    #[arg(long, value_name = "N", value_parser = up_to::<MOST_SEEDS>)]
    pub seeds: Option<usize>,
    /// Add runs until the intervals are so narrow: of the paired differences of the main responses, as a share of the baseline
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub until_precise: Option<f64>,
    /// With --until-precise: never more runs than this
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = up_to::<MOST_SEEDS>, requires = "until_precise")]
    pub max_seeds: usize,
    /// A number to compare (repeatable) [default: cost, time to RUNNING, lost and unplaced tasks, reservation, instances, latency and errors]
    #[arg(long, value_name = "PATH")]
    pub response: Vec<String>,
    /// The variant that the others are held against, by name [default: the first]
    #[arg(long, value_name = "NAME")]
    pub baseline: Option<String>,
    /// How sure intervals are
    #[arg(long, value_name = "PERCENT", default_value = "95%", value_parser = percent)]
    pub confidence: f64,
    /// Leave out the beginning of every run: initial-transient deletion, for steady-state questions
    #[arg(long, value_name = "TIME")]
    pub warm_up: Option<Span>,
    /// Cut every run into N batches whose means count as observations: batch means, for one long run
    #[arg(long, value_name = "N", value_parser = batches)]
    pub batch_means: Option<usize>,
    /// Run every odd run with the mirrored luck of the one before: antithetic variates; pairs count as one observation
    #[arg(long)]
    pub antithetic: bool,
    /// End the runs earlier or later than the scenario says, for example 6h
    #[arg(long, value_name = "TIME")]
    pub until: Option<Span>,
    /// How many runs go on at the same time; the result is the same [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = up_to::<MOST_JOBS>)]
    pub jobs: Option<usize>,
    /// Write runs, estimates and differences (CSV and Parquet), comparison.md and comparison.html into this directory
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also draw the intervals on the terminal
    #[arg(long)]
    pub plot: bool,
    /// How the comparison is printed: table, json, csv (one row per variant and response)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: DataFormat,
    /// Print no table and no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// `ecsim sweep`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Sweep {
    /// The experiment file
    pub experiment: PathBuf,
    /// Where the base scenario comes from
    #[command(flatten)]
    pub options: ScenarioOptions,
    /// Write the results into this directory; runs that are done stand in DIR.unfinished until all are
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
    /// Only this part of the points, for example 3/16: another machine does the others
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<(usize, usize)>,
    /// Take over what was run in these directories, finished or not: merges shards (repeatable)
    #[arg(long, value_name = "DIR")]
    pub from: Vec<PathBuf>,
    /// Replace what another experiment has left in DIR and in DIR.unfinished
    #[arg(long)]
    pub force: bool,
    /// How many runs go on at the same time; the result is the same [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = up_to::<MOST_JOBS>)]
    pub jobs: Option<usize>,
    /// How the ranking is printed: table, json, csv
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: DataFormat,
    /// Print no table and no progress
    #[arg(long, short)]
    pub quiet: bool,
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    parts
        .filter(|(part, of)| *part >= 1 && part <= of)
        .ok_or_else(|| "a part of a whole is wanted, for example 3/16".to_owned())
}

/// A share written in percent.
fn percent(text: &str) -> Result<f64, String> {
    let wrong = || "a percentage above 0 % and below 100 % is wanted, for example 2%".to_owned();
    let number: f64 = text.trim().strip_suffix('%').ok_or_else(wrong)?.trim().parse().map_err(|_| wrong())?;
    if number > 0.0 && number < 100.0 { Ok(number / 100.0) } else { Err(wrong()) }
}

fn batches(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (2..=1_000).contains(number))
        .ok_or_else(|| "a whole number from 2 to 1000 is wanted".to_owned())
}

/// `ecsim explain`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Explain {
    /// The scenario file
    pub scenario: PathBuf,
    /// Where it comes from
    #[command(flatten)]
    pub options: ScenarioOptions,
    /// What is to be explained
    #[command(flatten)]
    pub subject: ExplainSubject,
    /// With --service or --workload: the moment, as 10m after the start, 14:07 in UTC, or 2026-03-02T14:07:00Z
    #[arg(long, value_name = "TIME")]
    pub at: Option<Moment>,
    /// With --workload: the copy, counted from 0
    #[arg(long, value_name = "N")]
    pub copy: Option<u32>,
    /// Show at most so many instances
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
    pub limit: usize,
    /// How the answer is printed: table, json, csv
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: DataFormat,
}

/// What `explain` is about.
#[derive(Clone, Debug, ClapArgs)]
#[group(required = true, multiple = false)]
pub struct ExplainSubject {
    /// A task: its number in tasks.csv, or the beginning of its id
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// A service: its scaling, its deployment and its next placement at --at, or its first failure
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// A workload entry: its first copy that found no place, or --copy
    #[arg(long, value_name = "NAME")]
    pub workload: Option<String>,
    /// An instance: who ran there, when, and why it went
    #[arg(long, value_name = "NAME")]
    pub instance: Option<String>,
}

/// `ecsim lab`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Lab {
    /// A lab by its name, or the file of one; without it, all labs are listed
    #[arg(value_parser = crate::commands::lab::library::LabName, hide_possible_values = true)]
    pub name: Option<String>,
    /// The answer, a letter: nothing is asked then
    #[arg(long, short, value_name = "LETTER", requires = "name")]
    pub answer: Option<char>,
    /// Show the hint with the question
    #[arg(long, requires = "name", conflicts_with = "answer")]
    pub hint: bool,
    /// Print the scenario without question and answer, to be saved and changed
    #[arg(long, requires = "name", conflicts_with_all = ["answer", "hint", "format", "quiet"])]
    pub scenario: bool,
    /// How the list, the question or the verdict is printed: table, json, csv
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: DataFormat,
    /// Print whether the answer is right, and no explanation
    #[arg(long, short, requires = "answer")]
    pub quiet: bool,
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// For reading
    #[default]
    Table,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
}

/// `ecsim import`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Import {
    /// Task definitions, templates, answers of the AWS CLI, compose files, tables in CSV; together they make one scenario
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write the scenario into this file instead of printing it
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Value of a parameter of a template, or of AWS::Region and the like (repeatable) [default: the template's own]
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = parameter)]
    pub parameter: Vec<(String, String)>,
    /// The Region [default: the one that the files name, else us-east-1]
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Only what belongs to this cluster [default: the one that the files name most]
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// Where `data:` paths are found
    #[arg(long, value_name = "DIR", env = "ECSIM_DATA", hide_env_values = true, value_parser = any_path())]
    pub data: Option<PathBuf>,
    /// How the scenario is printed: yaml, with remarks as comments; or json, with `scenario` and `findings`
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: ImportFormat,
    /// Do not tell on stderr what was not carried over and what was assumed
    #[arg(long, short)]
    pub quiet: bool,
}

/// How an imported scenario is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// A scenario, with remarks as comments
    #[default]
    Yaml,
    /// The scenario and the remarks, for programs
    Json,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "NAME=VALUE is wanted, for example DesiredCount=6".to_owned())
}

/// `ecsim report`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Report {
    /// The directory that `ecsim run --out` wrote
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Draw time series on the terminal instead: what is looked at first, or metrics by their names in the tables under metrics/
    #[arg(long, value_name = "NAME,...", num_args = 0..=1, require_equals = true, default_missing_value = "", value_delimiter = ',')]
    pub plot: Option<Vec<String>>,
    /// Do not say where the page is
    #[arg(long, short)]
    pub quiet: bool,
}

/// `ecsim catalog`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Catalog {
    /// Instance types by name or glob, such as m5.large or "c7g.*"; with `--show regions`, regions
    pub names: Vec<String>,
    /// What to list: instance-types, prices, spot, fargate-sizes, fargate-prices, regions
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, value_name = "TABLE")]
    pub show: CatalogTable,
    /// The region of prices, zones and Spot bands [default: us-east-1]
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Only this family, such as m5
    #[arg(long, value_name = "NAME")]
    pub family: Option<String>,
    /// At least so many vCPUs
    #[arg(long, value_name = "N")]
    pub min_vcpu: Option<u32>,
    /// At most so many vCPUs
    #[arg(long, value_name = "N")]
    pub max_vcpu: Option<u32>,
    /// At least so much memory, for example 16GiB
    #[arg(long, value_name = "SIZE")]
    pub min_memory: Option<String>,
    /// At most so much memory
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<String>,
    /// At least so many GPUs
    #[arg(long, value_name = "N")]
    pub min_gpus: Option<u32>,
    /// Only this architecture: x86_64 or arm64
    #[arg(long, value_name = "NAME")]
    pub architecture: Option<String>,
    /// Only types that trunk network interfaces
    #[arg(long)]
    pub trunking: bool,
    /// Only types of the current generation
    #[arg(long)]
    pub current_generation: bool,
    /// Only types that the region offers
    #[arg(long)]
    pub offered: bool,
    /// How the rows are printed: table (the columns most asked for), json, csv (all columns)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: DataFormat,
}

/// The tables of the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CatalogTable {
    /// Instance types with sizes, network interface limits and prices
    #[default]
    InstanceTypes,
    /// On-demand prices with their sources
    Prices,
    /// Spot savings and interruption bands
    Spot,
    /// Fargate task sizes
    FargateSizes,
    /// Fargate prices
    FargatePrices,
    /// Regions, their zones and price ratios
    Regions,
}

/// `ecsim schema`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Schema {
    /// Print the reference of all settings instead, in Markdown
    #[arg(long, conflicts_with = "traces")]
    pub settings: bool,
    /// Print the reference of the files of a run and of all metrics instead, in Markdown
    #[arg(long)]
    pub traces: bool,
}

/// `ecsim completions`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Completions {
    /// Which shell
    pub shell: clap_complete::Shell,
}
