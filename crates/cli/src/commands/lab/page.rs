//! A lab as text: the question, the verdict, and the explanation with what the run shows.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use ecsim_report::expect::Verdict;
use ecsim_scenario::lab::Lab;
use ecsim_scenario::schema::{LabTable, LabTrial};

use super::evidence::{self, Rows, Shown};
use super::library::Found;
use crate::terminal::{Terminal, wrapped};

/// Lines longer than this are hard to read, however wide the terminal is.
const LONGEST_LINE: usize = 100;

/// Text in the making.
pub struct Page {
    text: String,
    width: usize,
    color: bool,
}

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new(terminal: &Terminal) -> Self {
        Self { text: String::new(), width: terminal.width.min(LONGEST_LINE), color: terminal.color_stdout }
    }

    /// The whole text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.blank();
        let text = self.bold(text);
        self.text.push_str(&text);
        self.blank();
    }

    fn bold(&self, text: &str) -> String {
        if self.color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn faint(&self, text: &str) -> String {
        if self.color { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Paragraphs with a blank line between them, list items without; the first with something before it.
    fn paragraphs(&mut self, text: &str, first: &str, rest: &str) {
        let mut paragraphs = text.split('\n').map(str::trim).filter(|paragraph| !paragraph.is_empty());
        if let Some(paragraph) = paragraphs.next() {
            self.text.push_str(&wrapped(paragraph, self.width, first, rest));
        }
        for paragraph in paragraphs {
            let hang = format!("{rest}  ");
            if paragraph.starts_with("- ") {
                self.text.push_str(&wrapped(paragraph, self.width, rest, &hang));
            } else {
                self.blank();
                self.text.push_str(&wrapped(paragraph, self.width, rest, rest));
            }
        }
    }

    /// Lines as they are, moved to the right; one that is too long goes on below, a little further in.
    fn lines(&mut self, text: &str, before: &str) {
        for line in text.lines() {
            if line.trim().is_empty() {
                self.blank();
                continue;
            }
            let indent = format!("{before}{}", &line[..line.len() - line.trim_start().len()]);
            for part in wrapped(line.trim_start(), self.width, &indent, &format!("{indent}  ")).lines() {
                let part = self.faint(part);
                self.text.push_str(&part);
                self.blank();
            }
        }
    }

    /// The question with its choices.
    pub fn question(&mut self, name: &str, lab: &Lab, with_hint: bool) {
        let title = self.bold(&lab.text.title);
        self.text.push_str(&format!("{title}  ({name}, {})\n", lab.text.level.name()));
        self.blank();
        self.paragraphs(&lab.text.question, "", "");
        self.blank();
        for (at, choice) in lab.text.choices.iter().enumerate() {
            self.paragraphs(choice.answer.as_str(), &format!("  {}) ", Lab::letter(at)), "     ");
        }
        if with_hint {
            self.blank();
            self.hint(lab);
        }
    }

    /// The hint.
    pub fn hint(&mut self, lab: &Lab) {
        let hint = lab.text.hint.as_deref().unwrap_or("There is no hint for this one.");
        self.paragraphs(hint, "Hint: ", "      ");
    }

    /// How to answer for those who were not asked.
    pub fn how_to_answer(&mut self, found: &Found, lab: &Lab, has_hint: bool) {
        self.blank();
        let name = evidence::word(if found.is_built_in { &found.name } else { &found.file });
        let last = Lab::letter(lab.text.choices.len() - 1);
        self.text.push_str(&format!("Answer with: ecsim lab {name} --answer LETTER (a to {last})\n"));
        if lab.text.hint.is_some() && !has_hint {
            self.text.push_str(&format!("A hint with: ecsim lab {name} --hint\n"));
        }
    }

    /// Whether the answer is right.
    pub fn verdict(&mut self, lab: &Lab, answer: usize) {
        let (mine, right) = (Lab::letter(answer), Lab::letter(lab.correct()));
        let said = |choice: usize| lab.text.choices[choice].answer.as_str();
        let begin = self.text.len();
        let (word, color) = if answer == lab.correct() {
            self.paragraphs(said(answer), &format!("Right: {mine}) "), "          ");
            ("Right", 32)
        } else {
            let hang = " ".repeat(20);
            self.paragraphs(said(answer), &format!("Wrong, you chose {mine}) "), &hang);
            self.paragraphs(said(lab.correct()), &format!("Right is         {right}) "), &hang);
            ("Wrong", 33)
        };
        if self.color {
            // Painted at the end, for lines are broken by what is seen of them.
            self.text.replace_range(begin..begin + word.len(), &format!("\x1b[1;{color}m{word}\x1b[0m"));
        }
    }

    /// Why: the remark on the answer, what the run shows, the other choices, and what to try next.
    pub fn explanation(
        &mut self,
        lab: &Lab,
        answer: usize,
        run: &Shown,
        ask: &mut Asks<'_>,
        file: &str,
        is_built_in: bool,
    ) {
        let right = lab.correct();
        let remark = |at: usize| run.texts.get(at).cloned().unwrap_or_default();
        self.blank();
        if answer != right {
            self.paragraphs(&remark(answer), &format!("{}) ", Lab::letter(answer)), "   ");
            self.variant(lab, answer, ask);
            self.blank();
        }
        self.paragraphs(&remark(right), &format!("{}) ", Lab::letter(right)), "   ");

        self.heading("What the run shows");
        let mut tables = run.tables.iter();
        for (at, step) in lab.text.explanation.iter().enumerate() {
            let number = format!("{:>2}. ", at + 1);
            self.paragraphs(&remark(lab.text.choices.len() + at), &number, "    ");
            for verdict in run.verdicts.get(lab.shows[at].clone()).unwrap_or_default() {
                self.evidence(verdict, "      ");
            }
            if let Some(asked) = &step.explain {
                self.paragraphs(&evidence::typed(asked, file), "      $ ", "        ");
                let text = (ask.explain)(asked);
                let most = asked.lines.map_or(usize::MAX, |lines| lines as usize);
                let shown: Vec<&str> = text.lines().take(most).collect();
                self.lines(&shown.join("\n"), "      ");
                if text.lines().count() > most {
                    self.lines("...", "      ");
                }
            }
            if let Some(table) = &step.table
                && let Some(rows) = tables.next()
            {
                self.table(table, rows);
            }
        }

        let others: Vec<usize> = (0..lab.text.choices.len()).filter(|at| *at != right && *at != answer).collect();
        if !others.is_empty() {
            self.heading(if answer == right { "The other answers" } else { "The others" });
            for at in others {
                self.paragraphs(&remark(at), &format!("{}) ", Lab::letter(at)), "   ");
                self.variant(lab, at, ask);
            }
        }
        self.next(lab, file, is_built_in.then_some(ask.name));
    }

    /// What would make an answer right.
    fn variant(&mut self, lab: &Lab, choice: usize, ask: &mut Asks<'_>) {
        let (Some(Some(variant)), Some(text)) = (lab.variants.get(choice), lab.text.choices[choice].variant.as_ref())
        else {
            return;
        };
        let Some(run) = (ask.variant)(variant) else { return };
        for text in run.texts {
            self.paragraphs(&text, "   It would be so if ", "   ");
        }
        for set in &text.set {
            self.paragraphs(&evidence::word(set), "      --set ", "        ");
        }
        for verdict in &run.verdicts {
            self.evidence(verdict, "      ");
        }
    }

    /// What was seen of an expectation.
    fn evidence(&mut self, verdict: &Verdict, before: &str) {
        let said = if verdict.message.is_empty() {
            // What held throughout has no moment of its own.
            format!("{}: {}", verdict.quantifier, verdict.expression)
        } else {
            verdict.message.clone()
        };
        let mark = if verdict.passed { "" } else { "NOT SO: " };
        self.lines(&format!("{mark}{said}"), before);
    }

    fn table(&mut self, table: &LabTable, rows: &Rows) {
        let mut filter: Vec<String> = table
            .filter
            .iter()
            .map(|(name, values)| {
                let values: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
                format!("{name} {}", values.join(" or "))
            })
            .collect();
        filter.extend(table.from.map(|from| format!("from {from}")));
        filter.extend(table.until.map(|until| format!("until {until}")));
        let filter = if filter.is_empty() { String::new() } else { format!(" ({})", filter.join(", ")) };
        self.paragraphs(&format!("{}{filter}:", table.file), "      ", "      ");
        let mut grid = Table::new();
        let room = u16::try_from(self.width.saturating_sub(8)).unwrap_or(u16::MAX);
        grid.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(room);
        grid.set_header(&table.columns);
        for row in &rows.cells {
            grid.add_row(row);
        }
        // Only the last column, if any, holds sentences: the others are not broken.
        let last = table.columns.len().saturating_sub(1);
        for at in 0..=last {
            if let Some(column) = grid.column_mut(at) {
                column.set_padding((0, 2));
                if at < last {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                } else {
                    let least = u16::try_from(table.columns[at].chars().count() + 2).unwrap_or(u16::MAX);
                    column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
                }
            }
        }
        let mut text: String = grid.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        if rows.cells.is_empty() {
            text = "no such row\n".to_owned();
        }
        if rows.more > 0 {
            text.push_str(&format!("and {} more\n", rows.more));
        }
        self.lines(&text, "        ");
    }

    fn next(&mut self, lab: &Lab, file: &str, name: Option<&str>) {
        if lab.text.next.is_empty() {
            return;
        }
        self.heading("Try next");
        if let Some(name) = name {
            self.text.push_str(&format!("  ecsim lab {name} --scenario > {file}\n"));
        }
        for trial in &lab.text.next {
            self.paragraphs(&trial.say, "  - ", "    ");
            let command = command(trial, file);
            self.text.push_str(&format!("    {command}\n"));
        }
    }
}

/// Who makes more runs where the page needs them.
pub struct Asks<'a> {
    /// What the lab is called.
    pub name: &'a str,
    /// What `ecsim explain` says about the scenario.
    pub explain: &'a mut dyn FnMut(&ecsim_scenario::schema::LabExplain) -> String,
    /// What a variant shows.
    pub variant: &'a mut dyn FnMut(&ecsim_scenario::lab::Variant) -> Option<Shown>,
}

/// The command of a trial, in one line so that it can be copied.
fn command(trial: &LabTrial, file: &str) -> String {
    let mut command = match &trial.explain {
        Some(asked) => evidence::typed(asked, file),
        None => format!("ecsim run {}", evidence::word(file)),
    };
    for set in &trial.set {
        command.push_str(&format!(" --set {}", evidence::word(set)));
    }
    command
}
