//! The comparison as a table for reading, on the terminal and in Markdown.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use ecsim_experiment::numbers::{fixed, plain, with_uncertainty};
use ecsim_experiment::{Estimate, Paired, Verdict};
use ecsim_kernel::Span;

use super::Result;
use super::analysis::is_shown;
use crate::terminal::{Terminal, wrapped};

/// One line of the table: a variant under a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The variant.
    pub name: String,
    /// Its mean.
    pub mean: String,
    /// Its standard deviation.
    pub sd: String,
    /// The interval of the mean.
    pub interval: String,
    /// The difference to the baseline.
    pub difference: String,
    /// The same in percent of the baseline.
    pub relative: String,
    /// What is shown.
    pub verdict: &'static str,
}

/// What stands over everything: `3 variants × 30 seeds, 4h each`.
pub fn headline(result: &Result<'_>) -> String {
    let study = result.study;
    let variants = study.variants.len();
    let shortest = Span::from_ms(result.frame.end.ms());
    let mut text = match variants {
        1 => format!("{}: {}, {shortest} each", study.variants[0].name, study.counted()),
        many => format!(
            "{many} {} × {}, {shortest} each; differences are to {}, by pairs on common random numbers",
            result.noun,
            study.counted_of_all(),
            study.variants[study.baseline].name
        ),
    };
    if !result.warm_up.is_zero() {
        text.push_str(&format!("; the first {} are left out", result.warm_up));
    }
    text
}

/// The name of a response with its unit: `cost, $`.
pub fn title(result: &Result<'_>, response: usize) -> String {
    let asked = &result.study.responses[response];
    if asked.unit.is_empty() { asked.name.clone() } else { format!("{}, {}", asked.name, asked.unit) }
}

/// The lines under a response.
pub fn lines(result: &Result<'_>, response: usize) -> Vec<Line> {
    let study = result.study;
    let line = |(at, cell): (usize, &super::Cell)| {
        let mut line = Line { name: study.variants[at].name.clone(), ..Line::default() };
        if let Some(estimate) = &cell.estimate {
            (line.mean, line.sd, line.interval) = level(estimate);
        } else {
            line.mean = "no value".to_owned();
        }
        if let Some(paired) = &cell.paired {
            (line.difference, line.relative, line.verdict) = difference(paired);
        } else if study.variants.len() > 1 && at == study.baseline {
            line.difference = "baseline".to_owned();
        }
        line
    };
    result.table[response].iter().enumerate().map(line).collect()
}

fn level(estimate: &Estimate) -> (String, String, String) {
    let mean = with_uncertainty(estimate.mean, estimate.half_width).0;
    let sd = estimate.sd.map_or_else(String::new, |sd| with_uncertainty(sd, estimate.half_width).0);
    let interval = match (estimate.half_width, estimate.interval()) {
        (Some(half), Some((low, high))) if half > 0.0 => {
            format!("{} … {}", with_uncertainty(low, Some(half)).0, with_uncertainty(high, Some(half)).0)
        }
        (Some(_), _) => "exact".to_owned(),
        _ => String::new(),
    };
    (mean, sd, interval)
}

fn signed(number: f64, text: String) -> String {
    if number > 0.0 { format!("+{text}") } else { text }
}

fn difference(paired: &Paired) -> (String, String, &'static str) {
    let of = |number: f64, half: Option<f64>, unit: &str| {
        let (text, half) = with_uncertainty(number, half);
        let text = signed(number, text);
        match half.as_deref() {
            Some("0") | None => format!("{text}{unit}"),
            Some(half) => format!("{text} ± {half}{unit}"),
        }
    };
    if paired.verdict == Verdict::Same {
        return ("0".to_owned(), String::new(), "same");
    }
    let relative = paired
        .relative
        .map_or_else(String::new, |it| of(it.share * 100.0, it.half_width.map(|half| half * 100.0), " %"));
    let verdict = match paired.verdict {
        Verdict::NotShown => "not shown",
        Verdict::Unknown => "",
        other => other.name(),
    };
    (of(paired.difference.mean, paired.difference.half_width, ""), relative, verdict)
}

/// The heads of the columns.
pub fn heads(result: &Result<'_>) -> [String; 6] {
    let interval = format!("{} interval", result.study.confidence.in_words());
    ["mean".into(), "std. dev.".into(), interval, "difference".into(), "in %".into(), String::new()]
}

/// For the terminal.
pub fn render(result: &Result<'_>, terminal: &Terminal) -> String {
    let paint = |code: &str, text: &str| {
        if terminal.color_stdout && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let columns = if result.study.variants.len() > 1 { 7 } else { 4 };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for response in &result.shown {
        let mut head = vec![title(result, *response)];
        head.extend(heads(result));
        head.truncate(columns);
        table.add_row(head);
        for line in lines(result, *response) {
            let mut row = vec![
                format!("  {}", line.name),
                line.mean,
                line.sd,
                line.interval,
                line.difference,
                line.relative,
                line.verdict.to_owned(),
            ];
            row.truncate(columns);
            table.add_row(row);
        }
        table.add_row([""]);
    }
    for at in 0..columns {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if (1..6).contains(&at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    let titles: Vec<String> = result.shown.iter().map(|response| title(result, *response)).collect();
    let mut text = format!("{}\n\n", headline(result));
    for line in table.lines() {
        let line = line.trim_end();
        // Colours are put on whole lines, when all widths are known.
        let is_title = titles.iter().any(|title| line.starts_with(title.as_str())) && !line.starts_with(' ');
        let painted = if is_title {
            paint("1", line)
        } else if line.ends_with("not shown") || line.ends_with("same") {
            paint("2", line)
        } else {
            line.to_owned()
        };
        text.push_str(&painted);
        text.push('\n');
    }
    for sentence in &result.sentences {
        text.push_str(&wrapped(sentence, terminal.width, "", "  "));
    }
    text
}

/// A page in Markdown: tables, sentences, remarks.
pub fn markdown(result: &Result<'_>) -> String {
    let escape = |text: &str| text.replace('|', "\\|");
    let mut text = format!("# {}\n\n{}.\n\n", result.title, headline(result));
    for sentence in &result.sentences {
        text.push_str(&format!("* {sentence}\n"));
    }
    if !result.sentences.is_empty() {
        text.push('\n');
    }
    if let Some(ranking) = &result.ranking {
        text.push_str(&format!("| {} |\n|{}\n", ranking.heads.join(" | "), " --- |".repeat(ranking.heads.len())));
        for row in &ranking.rows {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text.push('\n');
    }
    let differs = result.study.variants.len() > 1;
    for response in &result.shown {
        let mut heads: Vec<String> = heads(result).to_vec();
        heads.truncate(if differs { 6 } else { 3 });
        text.push_str(&format!("| {} | {} |\n", escape(&title(result, *response)), heads.join(" | ")));
        text.push_str(&format!("| --- |{}\n", " ---: |".repeat(heads.len())));
        for line in lines(result, *response) {
            let mut cells = vec![
                line.mean,
                line.sd,
                line.interval,
                line.difference,
                line.relative,
                if is_bold(line.verdict) { format!("**{}**", line.verdict) } else { line.verdict.to_owned() },
            ];
            cells.truncate(heads.len());
            text.push_str(&format!("| {} | {} |\n", escape(&line.name), cells.join(" | ")));
        }
        text.push('\n');
    }
    if !result.remarks.is_empty() {
        text.push_str("## Remarks\n\n");
        for remark in &result.remarks {
            let word = if remark.is_warning { "**Warning:** " } else { "" };
            text.push_str(&format!("* {word}{}\n", remark.text));
        }
    }
    text
}

fn is_bold(verdict: &str) -> bool {
    [Verdict::Higher, Verdict::Lower].into_iter().any(|it| is_shown(it) && it.name() == verdict)
}

/// A short number for an axis.
pub fn axis(number: f64, step: f64) -> String {
    let decimals = if step >= 1.0 {
        0
    } else if step >= 0.1 {
        1
    } else if step >= 0.01 {
        2
    } else {
        4
    };
    if decimals == 0 { fixed(number, 0) } else { plain(number, decimals) }
}
