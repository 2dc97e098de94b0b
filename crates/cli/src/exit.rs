//! How a command ends: 0 done, 1 an expectation failed, 2 the input or the call is wrong, 3 the machine failed us.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::terminal::Terminal;

/// What a command answers.
pub type Outcome = Result<Done, Failure>;

/// A command that did what it was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Exit status 0.
    Fine,
    /// Exit status 1: it ran, and an expectation does not hold. Already reported.
    ExpectationFailed,
}

/// A command that could not.
#[derive(Debug)]
pub enum Failure {
    /// Exit status 2: the input or the call is wrong.
    Input(String),
    /// Exit status 2, already reported in full.
    InputReported,
    /// Exit status 3: the machine failed us.
    Machine(String),
    /// Exit status 130: the user stopped it.
    Interrupted(String),
}

impl Failure {
    /// A failure of the machine, with what was being done.
    pub fn io(doing: impl fmt::Display, error: &io::Error) -> Self {
        // Some libraries add a path of their own after the reason; it has been said what was being done.
        let error = error.to_string();
        let reason = error.split(" at path ").next().unwrap_or(&error);
        Self::Machine(format!("{doing}: {reason}"))
    }

    /// A failure of the machine at a path.
    #[must_use]
    pub fn path(doing: &str, path: &Path, error: &io::Error) -> Self {
        Self::io(format_args!("failed to {doing} {}", path.display()), error)
    }
}

/// Extends an outcome with its end.
pub trait Report {
    /// Prints what is left to say and gives the exit status.
    fn report(self, terminal: &Terminal) -> ExitCode;
}

impl Report for Outcome {
    fn report(self, terminal: &Terminal) -> ExitCode {
        match self {
            Ok(Done::Fine) => ExitCode::SUCCESS,
            Ok(Done::ExpectationFailed) => ExitCode::from(1),
            Err(Failure::Input(message)) => {
                terminal.error(&message);
                ExitCode::from(2)
            }
            Err(Failure::InputReported) => ExitCode::from(2),
            Err(Failure::Machine(message)) => {
                terminal.error(&message);
                ExitCode::from(3)
            }
            Err(Failure::Interrupted(message)) => {
                terminal.error(&message);
                ExitCode::from(130)
            }
        }
    }
}
