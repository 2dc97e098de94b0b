//! What the terminal can do, and the few ways in which a command speaks to a person: on stderr.

use std::io::{IsTerminal as _, Write as _};

use clap::ValueEnum;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// Colours where the stream is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The terminal, as far as output cares.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Whether stdout gets colours.
    pub color_stdout: bool,
    /// Whether stderr gets colours.
    pub color_stderr: bool,
    /// Whether stderr is a terminal: progress bars.
    pub interactive: bool,
    /// Columns to write in.
    pub width: usize,
}

impl Terminal {
    /// Looks at the streams, the size of the terminal, and the environment (`NO_COLOR`, `COLUMNS`).
    #[must_use]
    pub fn new(choice: ColorChoice) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let wants = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !plain,
        };
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        Self {
            color_stdout: wants(std::io::stdout().is_terminal()),
            color_stderr: wants(std::io::stderr().is_terminal()),
            interactive: std::io::stderr().is_terminal(),
            width: columns.or_else(columns_of_terminal).unwrap_or(100).clamp(40, 240),
        }
    }

    /// `error: MESSAGE` on stderr.
    pub fn error(&self, message: &str) {
        self.say("error", "\x1b[1;31m", message);
    }

    /// `warning: MESSAGE` on stderr.
    pub fn warning(&self, message: &str) {
        self.say("warning", "\x1b[1;33m", message);
    }

    /// `note: MESSAGE` on stderr.
    pub fn note(&self, message: &str) {
        self.say("note", "\x1b[1;36m", message);
    }

    fn say(&self, word: &str, color: &str, message: &str) {
        // A closed stderr is no reason to fail.
        let _ = if self.color_stderr {
            writeln!(std::io::stderr(), "{color}{word}\x1b[0m\x1b[1m:\x1b[0m {message}")
        } else {
            writeln!(std::io::stderr(), "{word}: {message}")
        };
    }
}

/// How wide the terminal is that somebody looks at, if any does.
fn columns_of_terminal() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// A paragraph, broken at spaces: its first line begins with `first`, the others with `rest`.
#[must_use]
pub fn wrapped(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut lines = String::from(first);
    let mut length = first.chars().count();
    let mut is_empty = true;
    for word in text.split(' ') {
        let letters = word.chars().count();
        if !is_empty && length + 1 + letters > width {
            lines.push('\n');
            lines.push_str(rest);
            length = rest.chars().count();
        } else if !is_empty {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += letters;
        is_empty = false;
    }
    lines.push('\n');
    lines
}

/// Prints data to stdout; a reader that went away (`ecsim … | head`) is not an error.
///
/// # Errors
/// Any other failure to write.
pub fn print(text: &str) -> Result<(), crate::exit::Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(crate::exit::Failure::io("failed to write to stdout", &error))
        }
        _ => Ok(()),
    }
}
