//! `ecsim lab`: teaching labs. Lists them, or poses the question, takes the answer, runs, and explains.
//!
//! A lab is a scenario with a `lab:` block, so that `run`, `explain`, `test` and `check` know it as well. Nothing in the
//! explanation is prose alone: the numbers in its texts are read off the run, and what it claims is an expectation.

mod evidence;
pub mod library;
mod page;

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use ecsim_scenario::Ready;
use ecsim_scenario::diagnostic::shown;
use ecsim_scenario::lab::{Lab as Posed, Variant};
use ecsim_scenario::schema::LabExplain;
use serde_json::{Value, json};

use crate::app::{DataFormat, Lab};
use crate::exit::{Done, Failure, Outcome};
use crate::interrupt;
use crate::session;
use crate::table;
use crate::terminal::{self, Terminal};
use evidence::Shown;
use library::{Found, LABS};
use page::{Asks, Page};

/// Lists the labs, or poses one.
///
/// # Errors
/// A name that no lab has, a file that is none, a letter that is no choice.
pub fn run(command: &Lab, terminal: &Terminal) -> Outcome {
    let Some(name) = &command.name else {
        return list(command.format, terminal);
    };
    interrupt::listen();
    let mut found = library::find(name)?;
    session::print_diagnostics(&found.prepared.diagnostics, &found.prepared.sources, terminal);
    let mut ready = found.prepared.ready.take().ok_or(Failure::InputReported)?;
    let Some(lab) = ready.lab.take() else {
        return Err(Failure::Input(format!(
            "{name} is a scenario without a `lab:` block; docs/labs.md tells how to write one"
        )));
    };
    if command.scenario {
        return print_scenario(&found, &lab);
    }
    if let Some(letter) = command.answer {
        let answer = choice(&lab, letter).ok_or_else(|| Failure::Input(no_choice(&lab, &letter.to_string())))?;
        return judge(&found, &lab, &ready, answer, command, terminal);
    }
    match command.format {
        DataFormat::Table => {}
        DataFormat::Json => return print_json(&question(&found, &lab)),
        DataFormat::Csv => {
            let choices = lab.text.choices.iter().enumerate();
            let rows: Vec<Value> = choices
                .map(|(at, choice)| json!({"choice": Posed::letter(at).to_string(), "answer": choice.answer.as_str()}))
                .collect();
            table::print_rows(&["choice", "answer"], &rows, DataFormat::Csv)?;
            return Ok(Done::Fine);
        }
    }
    let mut page = Page::new(terminal);
    page.question(&found.name, &lab, command.hint);
    let asks = std::io::stdin().is_terminal();
    if !asks {
        page.how_to_answer(&found, &lab, command.hint);
    }
    terminal::print(&page.finish())?;
    match ask(&lab, asks, terminal)? {
        Some(answer) => {
            terminal::print("\n")?;
            judge(&found, &lab, &ready, answer, command, terminal)
        }
        None => Ok(Done::Fine),
    }
}

/// The labs that come with the program.
fn list(format: DataFormat, terminal: &Terminal) -> Outcome {
    let mut rows = Vec::new();
    for (name, text) in LABS {
        let Some((level, title, choices)) = library::summary(text) else { continue };
        rows.push(json!({"lab": name, "level": level.name(), "title": title, "choices": choices}));
    }
    let columns = ["lab", "level", "title", "choices"];
    let shown = if format == DataFormat::Table { &columns[..3] } else { &columns };
    table::print_rows(shown, &rows, format)?;
    if format == DataFormat::Table {
        terminal.note("`ecsim lab NAME` poses one");
    }
    Ok(Done::Fine)
}

/// The place of a choice by its letter.
fn choice(lab: &Posed, letter: char) -> Option<usize> {
    (0..lab.text.choices.len()).find(|at| Posed::letter(*at) == letter.to_ascii_lowercase())
}

fn no_choice(lab: &Posed, written: &str) -> String {
    format!("`{}` is no choice; they are a to {}", shown(written), Posed::letter(lab.text.choices.len() - 1))
}

/// Reads lines until there is an answer; nothing where there is none to come. `?` shows the hint, `q` leaves. Who sits at a
/// terminal is asked again after a slip; a program that pipes something else gets the error that `--answer` gives.
fn ask(lab: &Posed, asks: bool, terminal: &Terminal) -> Result<Option<usize>, Failure> {
    let last = Posed::letter(lab.text.choices.len() - 1);
    if asks {
        terminal::print("\n")?;
    }
    loop {
        if asks {
            let _ = write!(std::io::stderr(), "Your answer (a to {last}, ? for a hint, q to leave): ");
        }
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        let read = read.map_err(|error| Failure::io("failed to read the answer", &error))?;
        let written = line.trim();
        // The answer may be written as the choices are: `b)`.
        let plain = written.trim_end_matches([')', '.']);
        let mut letters = plain.chars();
        match (letters.next(), letters.next()) {
            _ if read == 0 => return Ok(None),
            (None, _) if asks => {}
            (None, _) => return Err(Failure::Input(format!("an empty line is no choice; they are a to {last}"))),
            (Some('q' | 'Q'), None) => return Ok(None),
            (Some('?'), None) => {
                let mut page = Page::new(terminal);
                page.hint(lab);
                terminal::print(&page.finish())?;
            }
            (Some(letter), None) if choice(lab, letter).is_some() => return Ok(choice(lab, letter)),
            _ if asks => terminal.note(&no_choice(lab, written)),
            _ => return Err(Failure::Input(no_choice(lab, written))),
        }
    }
}

/// Says whether the answer is right, and why.
fn judge(found: &Found, lab: &Posed, ready: &Ready, answer: usize, command: &Lab, terminal: &Terminal) -> Outcome {
    let run = evidence::watch(ready, &lab.tellings, &evidence::tables(lab))?;
    let mut wrong: Vec<String> = unfulfilled("", &run);
    if command.format != DataFormat::Table {
        let verdict = verdict(found, lab, answer, &run);
        match command.format {
            DataFormat::Csv => table::print_rows(&["lab", "answer", "right", "correct"], &[verdict], DataFormat::Csv)?,
            _ => drop(print_json(&verdict)?),
        }
        return report(&wrong, terminal);
    }
    let mut page = Page::new(terminal);
    page.verdict(lab, answer);
    if !command.quiet {
        let mut failure = None;
        let mut explain = |asked: &LabExplain| match evidence::explained(&ready.model, asked) {
            Ok(text) => text,
            Err(error) => {
                failure.get_or_insert(error);
                String::new()
            }
        };
        let mut interrupted = None;
        let mut variant = |variant: &Variant| match evidence::watch(&variant.ready, &variant.telling, &[]) {
            Ok(run) => {
                wrong.extend(unfulfilled("with those changes, ", &run));
                Some(run)
            }
            Err(error) => {
                interrupted.get_or_insert(error);
                None
            }
        };
        let mut asks = Asks { name: &found.name, explain: &mut explain, variant: &mut variant };
        page.explanation(lab, answer, &run, &mut asks, &found.file, found.is_built_in);
        if let Some(failure) = failure.or(interrupted) {
            return Err(failure);
        }
    }
    terminal::print(&page.finish())?;
    report(&wrong, terminal)
}

/// What the lab claims and the run does not show.
fn unfulfilled(when: &str, run: &Shown) -> Vec<String> {
    let wrong = run.verdicts.iter().filter(|verdict| !verdict.passed);
    wrong.map(|verdict| format!("{when}{}: {}: {}", verdict.quantifier, verdict.expression, verdict.message)).collect()
}

/// A lab that is wrong about its own run is a failed expectation.
fn report(wrong: &[String], terminal: &Terminal) -> Outcome {
    for one in wrong {
        terminal.warning(&format!("the lab claims what its run does not show: {one}"));
    }
    Ok(if wrong.is_empty() { Done::Fine } else { Done::ExpectationFailed })
}

/// The question for programs: no word of the answer.
fn question(found: &Found, lab: &Posed) -> Value {
    let choices = lab.text.choices.iter().enumerate();
    let choices: Vec<Value> = choices
        .map(|(at, choice)| json!({"choice": Posed::letter(at).to_string(), "answer": choice.answer.as_str()}))
        .collect();
    json!({
        "lab": found.name,
        "level": lab.text.level.name(),
        "title": lab.text.title,
        "question": lab.text.question.trim(),
        "hint": lab.text.hint.as_deref().map(str::trim),
        "choices": choices,
    })
}

/// The verdict for programs.
fn verdict(found: &Found, lab: &Posed, answer: usize, run: &Shown) -> Value {
    let evidence: Vec<Value> = lab
        .shows
        .iter()
        .flat_map(|step| run.verdicts.get(step.clone()).unwrap_or_default())
        .map(|verdict| {
            json!({
                "when": verdict.quantifier, "what": verdict.expression, "holds": verdict.passed, "seen": verdict.message,
            })
        })
        .collect();
    let text = |at: usize| run.texts.get(at).map(|text| text.trim().to_owned());
    let steps = (0..lab.text.explanation.len()).map(|at| text(lab.text.choices.len() + at));
    json!({
        "lab": found.name,
        "answer": Posed::letter(answer).to_string(),
        "right": Posed::letter(lab.correct()).to_string(),
        "correct": answer == lab.correct(),
        "remark": text(answer),
        "explanation": steps.collect::<Vec<_>>(),
        "evidence": evidence,
    })
}

fn print_json(value: &Value) -> Outcome {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    terminal::print(&text)?;
    Ok(Done::Fine)
}

/// The keys at the top of a lab that give the answer away.
const TELLING: [&str; 4] = ["description:", "proves:", "expect:", "lab:"];

/// The scenario as it is written, without what gives the answer away.
fn print_scenario(found: &Found, lab: &Posed) -> Outcome {
    let source = found.prepared.sources.get(ecsim_scenario::diagnostic::FileId::ROOT);
    let mut text = format!("# {} (ecsim lab {})\n", lab.text.title, found.name);
    text.push_str(&without_answer(source.map_or("", |source| source.text())));
    terminal::print(&text)?;
    Ok(Done::Fine)
}

/// Leaves out the blocks of [`TELLING`]: from their key to the next line that begins at the margin.
fn without_answer(text: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in text.lines() {
        let begins = line.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '#' || letter == '"');
        if begins {
            let leaves = inside;
            inside = TELLING.iter().any(|key| line.starts_with(key));
            // The blank line behind a block went with it.
            if leaves && !inside && !kept.ends_with("\n\n") {
                kept.push('\n');
            }
        }
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    let mut trimmed = kept.trim_end().to_owned();
    trimmed.push('\n');
    trimmed
}
