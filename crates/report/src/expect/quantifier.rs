//! When an expression must hold: the key of an entry of `expect:`.

use core::ops::Range;

use ecsim_kernel::{SimTime, Span};

use super::Problem;

/// When an expression must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// `at 10m`: at some moment of `[t, t + 50 ms]`.
    At(SimTime),
    /// `at end`, `finally`: in the last state of the run.
    End,
    /// `always`, `from 2m to 10m`, `after 5m`, and with `holds` false `never`: at every moment of the window.
    Always {
        /// Where.
        window: Window,
        /// What the expression must be.
        holds: bool,
    },
    /// `eventually`, `by 10m`: at some moment of the window.
    Eventually(Window),
    /// `max`, `min`, `mean`, `p95`, over the run or a part of it: the number on one side of the comparison.
    Over {
        /// Which number.
        statistic: Statistic,
        /// Where.
        window: Window,
    },
}

/// A part of the run: `[from, to)`, to the end where there is no `to`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Its start.
    pub from: SimTime,
    /// Its end.
    pub to: Option<SimTime>,
}

/// A number that stands for a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The mean, weighted by time.
    Mean,
    /// A percentile, weighted by time: the least value that is not exceeded for that share of the time.
    Percentile(u32),
    /// The last one, that at the end of the window included. Only for [`super::Measures`].
    Last,
    /// How much it has risen, from the beginning of the window to its end. Only for [`super::Measures`].
    Gain,
}

impl core::fmt::Display for Statistic {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Min => f.write_str("min"),
            Self::Mean => f.write_str("mean"),
            Self::Percentile(percent) => write!(f, "p{percent}"),
            Self::Last => f.write_str("last"),
            Self::Gain => f.write_str("gain"),
        }
    }
}

/// What the help of an error lists.
const FORMS: &str = "write `at 10m`, `at end`, `always`, `never`, `eventually`, `by 10m`, `from 2m to 10m`, `after 5m`, `until 5m`, `max`, `min`, `mean` or `p95`, the last four also `over 1h` and `from 2h`";

struct Words<'a> {
    text: &'a str,
    words: Vec<(Range<usize>, &'a str)>,
    at: usize,
}

const KEYWORDS: [&str; 9] = ["from", "to", "over", "until", "after", "before", "and", "between", "by"];

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).map(|(_, word)| *word)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// Where the next word stands.
    fn place(&self) -> Range<usize> {
        self.words.get(self.at).map_or(self.text.len()..self.text.len(), |(span, _)| span.clone())
    }

    /// A span of time: everything up to the next keyword. `None` is `end`.
    fn time(&mut self, after: &str) -> Result<Option<Span>, Problem> {
        let start = self.at;
        while self.peek().is_some_and(|word| !KEYWORDS.contains(&word)) {
            self.at += 1;
        }
        let Some(first) = self.words[start..self.at].first() else {
            return Err(Problem::new(self.place(), format!("a time is missing after `{after}`"))
                .help("write for example 250ms, 90s or 1h 30m"));
        };
        let place = first.0.start..self.words[self.at - 1].0.end;
        match &self.text[place.clone()] {
            "end" | "the end" => Ok(None),
            written => written
                .parse()
                .map(Some)
                .map_err(|error: ecsim_kernel::time::ParseSpanError| Problem::new(place, error.to_string())),
        }
    }

    fn moment(&mut self, after: &str) -> Result<SimTime, Problem> {
        let place = self.place();
        match self.time(after)? {
            Some(span) => Ok(SimTime::ZERO + span),
            None => Err(Problem::new(place, format!("`{after} end` leaves no time"))),
        }
    }

    /// `from 2m to 10m`, `after 5m`, `until 5m`; nothing is the whole run.
    fn window(&mut self) -> Result<Window, Problem> {
        let mut window = Window::default();
        let place = self.place();
        if self.take("from") {
            window.from = self.moment("from")?;
        } else if self.take("after") {
            window.from = self.moment("after")?;
        } else if self.take("between") {
            window.from = self.moment("between")?;
            if self.take("and") {
                window.to = self.time("and")?.map(|span| SimTime::ZERO + span);
            } else {
                return Err(Problem::new(self.place(), "`between` needs an `and`").help("between 2m and 10m"));
            }
        }
        if window.to.is_none() {
            for word in ["to", "until", "before", "by"] {
                if self.take(word) {
                    window.to = self.time(word)?.map(|span| SimTime::ZERO + span);
                    break;
                }
            }
        }
        if window.to.is_some_and(|to| to <= window.from) {
            return Err(Problem::new(place.start..self.text.len(), "the window ends before it begins"));
        }
        Ok(window)
    }
}

pub(crate) fn parse(text: &str) -> Result<When, Problem> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in text.split(char::is_whitespace) {
        if !word.is_empty() {
            words.push((at..at + word.len(), word));
        }
        at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    let mut words = Words { text, words, at: 0 };
    let Some(first) = words.peek() else {
        return Err(Problem::new(0..text.len(), "it is not said when the expression must hold").help(FORMS));
    };
    let first_place = words.place();
    if !matches!(first, "from" | "after" | "until" | "before" | "between" | "by") {
        words.at += 1;
    }
    let when = match first {
        "at" => match words.time("at")? {
            Some(span) => When::At(SimTime::ZERO + span),
            None => When::End,
        },
        "finally" => When::End,
        "always" => When::Always { window: words.window()?, holds: true },
        "never" => When::Always { window: words.window()?, holds: false },
        "eventually" => When::Eventually(words.window()?),
        "by" => When::Eventually(words.window()?),
        "from" | "after" | "until" | "before" | "between" => When::Always { window: words.window()?, holds: true },
        _ => {
            let Some(statistic) = statistic(first) else {
                return Err(Problem::new(first_place, format!("`{first}` is not a time to hold at")).help(
                    match super::nearest(
                        first,
                        ["at", "always", "never", "eventually", "finally", "from", "after", "until", "mean"],
                    ) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => FORMS.to_owned(),
                    },
                ));
            };
            let length = if words.take("over") {
                let place = words.place();
                match words.time("over")? {
                    Some(span) if span.is_zero() => return Err(Problem::new(place, "a window of no length")),
                    length => length,
                }
            } else {
                None
            };
            let mut window = words.window()?;
            if let Some(length) = length {
                if window.to.is_some() {
                    return Err(Problem::new(
                        first_place.start..text.len(),
                        "`over` and `to` both say where the window ends",
                    ));
                }
                window.to = Some(window.from + length);
            }
            When::Over { statistic, window }
        }
    };
    if words.peek().is_some() {
        let place = words.place().start..text.trim_end().len();
        let rest = &text[place.clone()];
        return Err(Problem::new(place, format!("`{rest}` is not understood here")).help(FORMS));
    }
    Ok(when)
}

fn statistic(word: &str) -> Option<Statistic> {
    match word {
        "max" | "maximum" => Some(Statistic::Max),
        "min" | "minimum" => Some(Statistic::Min),
        "mean" | "average" => Some(Statistic::Mean),
        _ => {
            let percent = word.strip_prefix('p')?.parse().ok()?;
            (1..=100).contains(&percent).then_some(Statistic::Percentile(percent))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(minutes: u64) -> SimTime {
        SimTime::ZERO + Span::from_mins(minutes)
    }

    #[test]
    fn the_forms() {
        let window = |from, to: Option<u64>| Window { from: minutes(from), to: to.map(minutes) };
        for (text, when) in [
            ("at 10m", When::At(minutes(10))),
            ("at 1h 30m", When::At(minutes(90))),
            ("at end", When::End),
            ("at the end", When::End),
            ("finally", When::End),
            ("always", When::Always { window: window(0, None), holds: true }),
            ("never from 2m", When::Always { window: window(2, None), holds: false }),
            ("from 2m to 10m", When::Always { window: window(2, Some(10)), holds: true }),
            ("between 2m and 10m", When::Always { window: window(2, Some(10)), holds: true }),
            ("after 5m", When::Always { window: window(5, None), holds: true }),
            ("until 5m", When::Always { window: window(0, Some(5)), holds: true }),
            ("eventually", When::Eventually(window(0, None))),
            ("by 10m", When::Eventually(window(0, Some(10)))),
            ("eventually after 5m", When::Eventually(window(5, None))),
            ("max over 24h", When::Over { statistic: Statistic::Max, window: window(0, Some(1440)) }),
            ("mean over 10m from 2h", When::Over { statistic: Statistic::Mean, window: window(120, Some(130)) }),
            ("p95", When::Over { statistic: Statistic::Percentile(95), window: window(0, None) }),
            ("min from 1m to end", When::Over { statistic: Statistic::Min, window: window(1, None) }),
        ] {
            assert_eq!(parse(text), Ok(when), "{text}");
        }
    }

    #[test]
    fn mistakes() {
        assert_eq!(parse("alwys").unwrap_err().help.as_deref(), Some("did you mean `always`?"));
        assert_eq!(parse("at 10").unwrap_err().span, 3..5);
        assert!(parse("at").unwrap_err().message.contains("a time is missing"));
        assert!(parse("").is_err());
        assert!(parse("from 10m to 2m").unwrap_err().message.contains("ends before"));
        assert_eq!(parse("always at 5m").unwrap_err().span, 7..12);
        assert!(parse("p0").is_err());
        assert!(parse("max over").is_err());
        assert!(parse("max over 1h to 2h").is_err());
    }
}
