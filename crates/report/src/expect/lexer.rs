//! Cuts an expression into tokens, each with its place in the text.

use core::ops::Range;

use ecsim_kernel::Span as TimeSpan;

use super::Problem;
use crate::metrics::Unit;

/// A token and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A number, with its unit where one is written.
    Number(f64, Option<Unit>),
    /// Quoted text.
    Text(String),
    /// One bare word, or several with dots between.
    Path(Vec<Segment>),
    /// `== != < <= > >= + - * / ( ) [ ] , +-` and the words `and or not contains`.
    Symbol(&'static str),
    /// Behind the last token.
    End,
}

/// One part of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

const SYMBOLS: [(&str, &str); 21] = [
    ("==", "=="),
    ("!=", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("+-", "+-"),
    ("±", "+-"),
    ("&&", "and"),
    ("||", "or"),
    ("<", "<"),
    (">", ">"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    (",", ","),
    ("!", "not"),
    ("×", "*"),
];

const WORDS: [&str; 4] = ["and", "or", "not", "contains"];

pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let end = token.kind == Kind::End;
        tokens.push(token);
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Result<Token, Problem> {
        self.at = self.text.len() - self.rest().trim_start().len();
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Ok(Token { kind: Kind::End, span: start..start });
        };
        let kind = if first.is_ascii_digit() {
            self.number()?
        } else if first == '"' || first == '\'' {
            Kind::Text(self.quoted(first)?)
        } else if first.is_alphabetic() || first == '_' {
            self.path()?
        } else if let Some((written, symbol)) = SYMBOLS.iter().find(|(written, _)| self.rest().starts_with(written)) {
            self.at += written.len();
            Kind::Symbol(symbol)
        } else {
            let span = start..start + first.len_utf8();
            return Err(match first {
                '=' => Problem::new(span, "`=` is not a comparison").help("write `==`"),
                '.' => Problem::new(span, "a path cannot begin with a dot"),
                _ => Problem::new(span, format!("`{first}` has no meaning here")),
            });
        };
        Ok(Token { kind, span: start..self.at })
    }

    fn number(&mut self) -> Result<Kind, Problem> {
        let start = self.at;
        let length = self
            .rest()
            .find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '%' || c == '_'))
            .unwrap_or(self.rest().len());
        let written = &self.rest()[..length];
        self.at += length;
        let digits = written.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(length);
        let (number, unit) = written.split_at(digits);
        let parsed = number.replace('_', "").parse::<f64>();
        let problem = |message: String| Problem::new(start..start + length, message);
        let scaled = |factor: f64, unit: Unit| match &parsed {
            Ok(value) => Ok(Kind::Number(value * factor, Some(unit))),
            Err(_) => Err(problem(format!("`{number}` is not a number"))),
        };
        const MIB: f64 = 1024.0 * 1024.0;
        match unit {
            "" => match parsed {
                Ok(value) => Ok(Kind::Number(value, None)),
                Err(_) => Err(problem(format!("`{written}` is not a number"))),
            },
            "%" => scaled(1.0, Unit::Percent),
            "B" => scaled(1.0 / MIB, Unit::MiB),
            "KiB" => scaled(1.0 / 1024.0, Unit::MiB),
            "MiB" => scaled(1.0, Unit::MiB),
            "GiB" => scaled(1024.0, Unit::MiB),
            "TiB" => scaled(MIB, Unit::MiB),
            "KB" | "kB" => scaled(1e3 / MIB, Unit::MiB),
            "MB" => scaled(1e6 / MIB, Unit::MiB),
            "GB" => scaled(1e9 / MIB, Unit::MiB),
            "TB" => scaled(1e12 / MIB, Unit::MiB),
            "vCPU" => scaled(1024.0, Unit::CpuUnits),
            // Finer than what the simulator counts time in: times to an answer are.
            "us" => scaled(1e-6, Unit::Seconds),
            "ms" => scaled(1e-3, Unit::Seconds),
            _ => match written.parse::<TimeSpan>() {
                Ok(span) => Ok(Kind::Number(span.secs_f64(), Some(Unit::Seconds))),
                Err(_) => Err(problem(format!("`{written}` is not a number with a unit")).help(
                    "units are us ms s m h d w, B KiB MiB GiB TiB KB MB GB TB, vCPU and %; quote it if it is a text",
                )),
            },
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Problem> {
        let start = self.at;
        let inner = start + 1;
        let mut text = String::new();
        let mut chars = self.text[inner..].char_indices();
        while let Some((at, c)) = chars.next() {
            if c == '\\' {
                if let Some((_, escaped)) = chars.next() {
                    text.push(escaped);
                }
            } else if c == quote {
                self.at = inner + at + 1;
                return Ok(text);
            } else {
                text.push(c);
            }
        }
        Err(Problem::new(start..self.text.len(), format!("the quote {quote} is never closed")))
    }

    fn bare(&mut self) -> String {
        let mut length = 0;
        let rest = self.rest();
        let mut chars = rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next_is_word = chars.peek().is_some_and(|(_, next)| next.is_alphanumeric() || *next == '_');
            // A hyphen or colon inside a word belongs to it; with blanks around it, a hyphen is a minus.
            if c.is_alphanumeric() || c == '_' || ((c == '-' || c == ':' || c == '/') && at > 0 && next_is_word) {
                length = at + c.len_utf8();
            } else {
                break;
            }
        }
        let word = rest[..length].to_owned();
        self.at += length;
        word
    }

    fn path(&mut self) -> Result<Kind, Problem> {
        let mut segments = Vec::new();
        loop {
            let start = self.at;
            let quote = self.rest().chars().next().filter(|c| matches!(c, '\'' | '"'));
            let text = match quote {
                Some(quote) => self.quoted(quote)?,
                None => self.bare(),
            };
            if text.is_empty() {
                let end = (start + 1).min(self.text.len()).max(start);
                return Err(Problem::new(start..end, "a name is missing after the dot")
                    .help("names with odd characters are written in quotes: services.'my service'.runningCount"));
            }
            segments.push(Segment { text, span: start..self.at });
            if !self.rest().starts_with('.') {
                break;
            }
            self.at += 1;
        }
        if let [only] = segments.as_slice()
            && let Some(word) = WORDS.iter().find(|word| only.text == **word)
        {
            return Ok(Kind::Symbol(word));
        }
        Ok(Kind::Path(segments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn numbers_take_units() {
        assert_eq!(
            kinds("20% 1h30m 2GiB 1.5 2vCPU"),
            [
                Kind::Number(20.0, Some(Unit::Percent)),
                Kind::Number(5400.0, Some(Unit::Seconds)),
                Kind::Number(2048.0, Some(Unit::MiB)),
                Kind::Number(1.5, None),
                Kind::Number(2048.0, Some(Unit::CpuUnits)),
                Kind::End,
            ]
        );
        assert!(tokens("3 parsecs").is_ok());
        assert!(tokens("3parsecs").unwrap_err().help.unwrap().contains("units are"));
    }

    #[test]
    fn paths_take_hyphens_colons_and_quotes() {
        let found = kinds("a.us-east-1a.service:web.'x.y' - b");
        let [Kind::Path(path), Kind::Symbol("-"), Kind::Path(other), Kind::End] = found.as_slice() else {
            panic!("a path, a minus, a path")
        };
        assert_eq!(
            path.iter().map(|part| part.text.as_str()).collect::<Vec<_>>(),
            ["a", "us-east-1a", "service:web", "x.y"]
        );
        assert_eq!(other[0].text, "b");
    }

    #[test]
    fn mistakes_have_a_place() {
        assert_eq!(tokens("a = 4").unwrap_err().span, 2..3);
        assert_eq!(tokens("a == 'x").unwrap_err().span, 5..7);
        assert_eq!(tokens("a. == 4").unwrap_err().span, 2..3);
        assert_eq!(tokens("a ? b").unwrap_err().message, "`?` has no meaning here");
    }
}
