//! `ecsim completions`: a completion script for a shell.

use clap::CommandFactory as _;

use crate::app::{Args, Completions};
use crate::exit::{Done, Outcome};
use crate::terminal;

/// Prints the script to stdout.
///
/// # Errors
/// Where stdout cannot be written to.
pub fn run(command: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Args::command(), "ecsim", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))?;
    Ok(Done::Fine)
}
