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

    /// A failure at a path: of the machine, or of the call where the path is of the wrong kind or leads nowhere.
    #[must_use]
    pub fn path(doing: &str, path: &Path, error: &io::Error) -> Self {
        let shown = path.display();
        match error.kind() {
            io::ErrorKind::IsADirectory => Self::Input(format!("cannot {doing} {shown}: it is a directory")),
            io::ErrorKind::NotADirectory => {
                Self::Input(format!("cannot {doing} {shown}: what stands before its last `/` is no directory"))
            }
            io::ErrorKind::NotFound if doing == "read" => {
                Self::Input(format!("cannot read {shown}: there is no such file"))
            }
            io::ErrorKind::InvalidData if doing == "read" => {
                Self::Input(format!("cannot read {shown}: it is not UTF-8 text"))
            }
            _ => Self::io(format_args!("failed to {doing} {shown}"), error),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_path_is_a_mistake_of_the_caller_and_a_full_disk_is_not() {
        for (doing, kind, is_input) in [
            ("read", io::ErrorKind::IsADirectory, true),
            ("write", io::ErrorKind::NotADirectory, true),
            ("read", io::ErrorKind::NotFound, true),
            ("read", io::ErrorKind::InvalidData, true),
            ("write", io::ErrorKind::NotFound, false),
            ("read", io::ErrorKind::PermissionDenied, false),
            ("write", io::ErrorKind::StorageFull, false),
        ] {
            let failure = Failure::path(doing, Path::new("x"), &kind.into());
            assert_eq!(matches!(failure, Failure::Input(_)), is_input, "{doing} {kind:?}");
        }
    }
}
