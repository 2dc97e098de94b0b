//! The `ecsim` command: the table of contents of the command line.

use std::process::ExitCode;

use clap::Parser as _;
use ecsim::app::{Args, Command};
use ecsim::commands;
use ecsim::exit::{Outcome, Report as _};
use ecsim::terminal::Terminal;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // clap writes help and version to stdout and mistakes to stderr; a mistake of the call is exit status 2.
            let code = error.exit_code();
            let _ = error.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let terminal = Terminal::new(args.color);
    let outcome: Outcome = match args.command {
        Command::Run(command) => commands::run::run(&command, &terminal),
        Command::Check(command) => commands::check::run(&command, &terminal),
        Command::Test(command) => commands::test::run(&command, &terminal),
        Command::Compare(command) => commands::compare::run(&command, &terminal),
        Command::Sweep(command) => commands::sweep::run(&command, &terminal),
        Command::Explain(command) => commands::explain::run(&command, &terminal),
        Command::Lab(command) => commands::lab::run(&command, &terminal),
        Command::Import(command) => commands::import::run(&command, &terminal),
        Command::Report(command) => commands::report::run(&command, &terminal),
        Command::Catalog(command) => commands::catalog::run(&command, &terminal),
        Command::Schema(command) => commands::schema::run(&command),
        Command::Completions(command) => commands::completions::run(&command),
    };
    outcome.report(&terminal)
}
