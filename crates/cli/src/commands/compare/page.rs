//! The comparison as one self-contained page: light and dark, narrow and wide, on paper; no script, no network.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use ecsim_experiment::sentence::Manner;

use super::Result;
use super::plots;
use super::responses::Asked;
use super::table::{self, Line};

const STYLE: &str = "
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2430;--soft:#5b6675;--line:#d9dee5;--tint:#f4f6f9;--warn:#8a4b00;--good:#0b6b43}
@media (prefers-color-scheme:dark){:root{--paper:#12161c;--ink:#e6eaf0;--soft:#9aa5b4;--line:#2c3440;--tint:#1a2029;--warn:#f0b261;--good:#63d3a0}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 4rem}h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2.2rem 0 .4rem}
p.lead{color:var(--soft);margin:.2rem 0 1rem}ul.said{padding-left:1.1rem}ul.said li{margin:.35rem 0}
.table{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.93rem}
th,td{padding:.32rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{color:var(--soft);font-weight:600}th:first-child,td:first-child{text-align:left}
td.higher,td.lower{font-weight:600}td.none{color:var(--soft)}figure{margin:.8rem 0}figcaption{color:var(--soft);font-size:.88rem}
.plot{overflow-x:auto}svg{width:100%;min-width:36rem;height:auto;display:block}
table.ranking td:nth-child(2),table.ranking th:nth-child(2){text-align:left}table.ranking tbody tr:first-child{font-weight:600}
.remark{border-left:4px solid var(--line);padding:.4rem .8rem;margin:.5rem 0;background:var(--tint)}
.remark.warning{border-color:var(--warn)}details summary{cursor:pointer;color:var(--soft)}footer{color:var(--soft);font-size:.85rem;margin-top:3rem}
.remark code{font-size:.9em}
@media(max-width:40rem){th{white-space:normal}td:first-child,table.ranking td:nth-child(2){white-space:normal;min-width:9rem}
table.ranking td:first-child{min-width:0}}
@media print{details{display:block}}
";

/// What costs and what waits, as far as they are there: the responses that are shown by default, or what was asked for.
fn axes(result: &Result<'_>) -> Option<(usize, usize)> {
    let asked = |at: &usize| &result.study.responses[*at];
    let first = |is: &dyn Fn(&Asked) -> bool| result.shown.iter().copied().find(|at| is(asked(at)));
    let money = |it: &Asked| it.unit == "$" || it.unit == "¥";
    let cost = first(&|it| it.manner == Manner::Cost).or_else(|| first(&money))?;
    let wait = first(&|it| it.manner == Manner::Wait).or_else(|| first(&|it| it.unit == "s"))?;
    Some((cost, wait))
}

/// The page.
pub fn render(result: &Result<'_>) -> String {
    let study = result.study;
    let frontier = match axes(result) {
        Some((cost, wait)) if study.variants.len() > 2 => plots::frontier(result, cost, wait),
        _ => String::new(),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (result.title) ": " (study.variants[study.baseline].name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (result.title) }
                    p.lead { (table::headline(result)) "." }
                    @if !result.sentences.is_empty() {
                        ul.said { @for sentence in &result.sentences { li { (with_code(sentence)) } } }
                    }
                    (remarks(result, true))
                    @if let Some(ranking) = &result.ranking {
                        h2 { "Ranking" }
                        div.table {
                            table.ranking {
                                thead { tr { @for head in &ranking.heads { th { (head) } } } }
                                tbody { @for row in &ranking.rows { tr { @for cell in row { td { (cell) } } } } }
                            }
                        }
                    }
                    @if !frontier.is_empty() {
                        h2 { "Cost against waiting" }
                        figure {
                            div.plot { (PreEscaped(&frontier)) }
                            figcaption { "Lower and further left is better. The line joins the " (result.noun) " that no other beats in both: the efficient frontier." }
                        }
                    }
                    @for response in &result.shown { (section(result, *response)) }
                    @if result.remarks.iter().any(|remark| !remark.is_warning) {
                        h2 { "Remarks" }
                        (remarks(result, false))
                    }
                    footer {
                        "Made by ecsim " (env!("CARGO_PKG_VERSION")) ", seed " (study.variants[0].model.seed) ". "
                        "Intervals: Student's t, " (study.confidence.in_words()) "; differences are paired on common random numbers."
                    }
                }
            }
        }
    };
    page.into_string()
}

fn remarks(result: &Result<'_>, warnings: bool) -> Markup {
    html! {
        @for remark in result.remarks.iter().filter(|remark| remark.is_warning == warnings) {
            div class=(if warnings { "remark warning" } else { "remark" }) {
                @if warnings { strong { "Warning: " } }
                (with_code(&remark.text))
            }
        }
    }
}

/// A text in which what stands between backticks is code.
fn with_code(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn section(result: &Result<'_>, response: usize) -> Markup {
    let differs = result.study.variants.len() > 1;
    let heads = table::heads(result);
    let columns = if differs { 6 } else { 3 };
    let differences = plots::differences(result, response);
    let effects = plots::effects(result, response);
    let distributions = plots::distributions(result, response);
    html! {
        h2 { (table::title(result, response)) }
        div.table {
            table {
                thead { tr { th { (result.noun.trim_end_matches('s')) } @for head in &heads[..columns] { th { (head) } } } }
                tbody { @for line in table::lines(result, response) { (row(&line, differs)) } }
            }
        }
        figure {
            div.plot { (PreEscaped(plots::levels(result, response))) }
            figcaption { "Mean with its interval; above it, one point an observation. " code { (result.study.responses[response].path) } }
        }
        @if !effects.is_empty() {
            details open {
                summary { "Main effects" }
                figure {
                    div.plot { (PreEscaped(effects)) }
                    figcaption { "The mean of all " (result.noun) " with a level, over all levels of the other factors." }
                }
            }
        }
        @if !distributions.is_empty() {
            details {
                summary { "Distributions" }
                figure {
                    div.plot { (PreEscaped(distributions)) }
                    figcaption { "The share of the observations that are no higher: further left is lower, and steeper is more alike." }
                }
            }
        }
        @if !differences.is_empty() {
            details {
                summary { "Paired differences" }
                figure {
                    div.plot { (PreEscaped(differences)) }
                    figcaption { "Where the interval leaves out 0, a difference is shown." }
                }
            }
        }
    }
}

fn row(line: &Line, differs: bool) -> Markup {
    let class = match line.verdict {
        "higher" => "higher",
        "lower" => "lower",
        _ => "none",
    };
    html! {
        tr {
            td { (line.name) }
            td { (line.mean) }
            td { (line.sd) }
            td { (line.interval) }
            @if differs {
                td { (line.difference) }
                td { (line.relative) }
                td class=(class) { (line.verdict) }
            }
        }
    }
}
