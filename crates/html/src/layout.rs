//! The page itself.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::bill::{Bill, Reading, money, thousands};
use crate::unplaced::{Failed, Unplaced, meaning};
use crate::{About, assets, headline};

/// Nothing may be loaded from anywhere, whatever a name in a trace says.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";

const SECTIONS: [(&str, &str); 8] = [
    ("numbers", "Numbers"),
    ("replay", "Replay"),
    ("series", "Time series"),
    ("scaling", "Scaling"),
    ("events", "Events"),
    ("unplaced", "Unplaced"),
    ("bill", "Bill"),
    ("about", "About"),
];

/// The page.
#[must_use]
pub fn page(about: &About, bill: &Option<Bill>, unplaced: &Unplaced, index: &str, columns: &str) -> String {
    let scripts = [
        assets::UNPACK,
        assets::CLOCK,
        assets::CHARTS,
        assets::CLUSTER,
        assets::REPLAY,
        assets::LIVES,
        assets::LISTS,
        assets::MAIN,
    ]
    .concat();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (about.scenario) " · ecsim" }
                style { (PreEscaped(assets::STYLE)) }
            }
            body {
                header {
                    div.bar {
                        h1 { (about.scenario) }
                        nav aria-label="Sections" { @for (id, title) in SECTIONS { a href={ "#" (id) } { (title) } } }
                        button #theme type="button" title="Light, dark, or as the system is" { "◐" }
                    }
                }
                main {
                    (numbers(about))
                    (replay(about))
                    (series())
                    (lists())
                    (unplaced_work(about, unplaced))
                    (bill_section(about, bill.as_ref()))
                    (about_section(about))
                }
                aside #life hidden aria-live="polite" {
                    button.close type="button" aria-label="Close" { "×" }
                    div.body {}
                }
                script #data-index type="text/plain" { (PreEscaped(index)) }
                script #data-columns type="text/plain" { (PreEscaped(columns)) }
                script #data-plotly type="text/plain" { (PreEscaped(assets::PLOTLY)) }
                script { (PreEscaped(scripts)) }
            }
        }
    };
    markup.into_string()
}

fn numbers(about: &About) -> Markup {
    let text = |path: &str| about.summary.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    html! {
        section #numbers aria-label="Numbers" {
            p.lead {
                (text("/clusterName")) " in " (text("/region")) ", "
                (about.start.get(..16).unwrap_or_default().replace('T', " ")) " to "
                (text("/end").get(..16).unwrap_or_default().replace('T', " ")) " UTC, seed " (about.seed)
            }
            div.cards {
                @for number in headline::numbers(&about.summary) {
                    div.card.alarming[number.alarming] {
                        div.title { (number.title) }
                        div.value { (number.value) @if !number.unit.is_empty() { " " small { (number.unit) } } }
                        div.more { (number.more) }
                    }
                }
            }
            noscript { p.note { "Charts, replay and lists need JavaScript; it is in this file." } }
            p #trouble.note hidden {}
        }
    }
}

fn replay(about: &About) -> Markup {
    html! {
        section #replay aria-labelledby="replay-title" {
            h2 #replay-title { "Replay" }
            div.controls {
                button #play type="button" title="Play or pause (space)" { "▶" }
                button #back type="button" title="A step back (←)" { "◂ step" }
                button #forward type="button" title="A step forward (→)" { "step ▸" }
                label { "speed " select #speed title="Speed (− and +)" {} }
                label { "blocks by " select #size { option value="cpu" { "CPU" } option value="memory" { "memory" } option value="gpus" { "GPU" } } }
                input #find type="search" placeholder="find an instance or a task" aria-label="Find an instance or a task" list="found";
                datalist #found {}
            }
            @for note in about.notes.iter().filter(|note| note.starts_with(crate::tasks::LEFT_OUT)) { p.note { (note) } }
            div.time {
                output #now for="scrub" {}
                canvas #strip height="44" aria-hidden="true" {}
                input #scrub type="range" min="0" max="1000" value="0" step="any" aria-label="Time of the replay";
            }
            div #counts.counts aria-live="off" {}
            div #legend.legend {}
            div.stage {
                canvas #stage tabindex="0" role="img" aria-label="The cluster at the time of the replay: instances as boxes by zone and provider, tasks as blocks. Space plays, arrows step, plus and minus change the speed, home and end jump." {}
                div #tip hidden {}
            }
            p.hint {
                "Space plays and pauses, ← → step (with shift, ten steps), + − change the speed, home and end jump, a click on a block or box tells its life. "
                @for (key, text) in [("draining", "draining"), ("notice", "Spot notice"), ("booting", "launching"), ("stopping", "task starting or stopping")] {
                    span.keys { span.{ "key " (key) } {} " " (text) } " "
                }
            }
        }
    }
}

fn series() -> Markup {
    html! {
        section #series aria-labelledby="series-title" {
            h2 #series-title { "Time series" }
            div.controls {
                div.group role="group" aria-label="Dragging" {
                    button #drag-zoom type="button" aria-pressed="true" { "drag zooms" }
                    button #drag-pan type="button" aria-pressed="false" { "drag pans" }
                }
                button #zoom-in type="button" title="Zoom in around the time of the replay" { "+" }
                button #zoom-out type="button" title="Zoom out" { "−" }
                button #earlier type="button" title="Earlier" { "◀" }
                button #later type="button" title="Later" { "▶" }
                button #zoom-all type="button" { "all" }
                output #cursor {}
            }
            div #charts {}
            details #explorer {
                summary { "A chart of any metric" }
                div.controls {
                    label { "table " select #any-table {} }
                    label { "of " select #any-entity {} }
                    label { "metric " select #any-column {} }
                    button #any-add type="button" { "add line" }
                    button #any-clear type="button" { "clear" }
                }
                div #any-chart {}
            }
        }
    }
}

fn lists() -> Markup {
    html! {
        section #scaling aria-labelledby="scaling-title" {
            h2 #scaling-title { "Scaling decisions" }
            p.hint { "Every decision with its arithmetic, on the clock of the replay: a click moves it there." }
            div.controls { div #scaling-kinds.group {} input #scaling-filter type="search" placeholder="filter" aria-label="Filter decisions"; output #scaling-count {} }
            div.table #scaling-table {}
        }
        section #events aria-labelledby="events-title" {
            h2 #events-title { "Events" }
            div.controls { div #events-kinds.group {} input #events-filter type="search" placeholder="filter" aria-label="Filter events"; label { input #events-from type="checkbox"; " from the time of the replay" } output #events-count {} }
            div.table #events-table {}
        }
    }
}

fn unplaced_work(about: &About, unplaced: &Unplaced) -> Markup {
    let placement = about.summary.get("placement");
    let list = |key: &str| placement.and_then(|it| it.get(key)).and_then(Value::as_array).cloned().unwrap_or_default();
    let failed = placement.and_then(|it| it.get("failedAttempts")).and_then(Value::as_i64).unwrap_or_default();
    let at = |ms: i64| html! { time.at data-at=(ms) { (headline_time(ms)) } };
    let reason = |code: &str| html! { td { code { (if code.is_empty() { "no attempt yet" } else { code }) } @let text = meaning(code); @if !text.is_empty() { " " span.dim { (text) } } } };
    let named = |title: &str, rows: &[Value]| {
        html! {
            @if !rows.is_empty() {
                div.small { h4 { (title) } table { tbody { @for row in rows {
                    tr {
                        td { code { (row.get("name").and_then(Value::as_str).unwrap_or_default()) } }
                        td.number { (thousands(row.get("count").and_then(Value::as_i64).unwrap_or_default())) }
                    }
                } } } }
            }
        }
    };
    html! {
        section #unplaced aria-labelledby="unplaced-title" {
            h2 #unplaced-title { "Unplaced work" }
            @if unplaced.never.is_empty() {
                p { "Everything that was asked for got a place." }
            } @else {
                h3 { "Never placed" }
                div.table { table {
                    thead { tr { th { "source" } th { "reason of the last attempt" } th.number { "copies" } th.number { "attempts" } th { "wanted since" } } }
                    tbody { @for ((source, code), row) in &unplaced.never { (never(source, reason(code), row, &at)) } }
                } }
            }
            @if !unplaced.waited.is_empty() {
                h3 { "Placed after failed attempts" }
                div.table { table {
                    thead { tr { th { "source" } th { "reason of the last failed attempt" } th.number { "tasks" } th.number { "longest wait" } } }
                    tbody { @for ((source, code), row) in &unplaced.waited { tr {
                        td { (source) } (reason(code)) td.number { (thousands(row.count.cast_signed())) }
                        td.number { (span(row.longest)) }
                    } } }
                } }
            }
            @if failed > 0 {
                h3 { (thousands(failed)) " failed attempts" }
                div.smalls {
                    (named("Reasons of instances", &list("reasons")))
                    (named("Of the instance that came closest", &list("closestReasons")))
                    (named("Its type", &list("closestInstanceTypes")))
                    @let free = list("freeWhenFailed");
                    @if !free.is_empty() { div.small { h4 { "Free in the cluster at that time" } table { tbody { @for row in &free { tr {
                        td { (row.get("resource").and_then(Value::as_str).unwrap_or_default()) }
                        td.number { (format!("{:.1} %", row.get("percent").and_then(Value::as_f64).unwrap_or_default())) }
                    } } } } } }
                }
            }
            p.hint { "Why exactly, step by step: " code { "ecsim explain SCENARIO --service NAME --at TIME" } " or " code { "--task NUMBER" } "." }
        }
    }
}

fn never(source: &str, reason: Markup, row: &Failed, at: &dyn Fn(i64) -> Markup) -> Markup {
    html! { tr {
        td { (source) @if !row.meant_for.is_empty() { " " span.dim { "for " (row.meant_for.join(", ")) } } }
        (reason)
        td.number { (thousands(row.count.cast_signed())) }
        td.number { (thousands(row.attempts)) }
        td { @if let Some((first, last)) = row.wanted { (at(first)) @if first != last { " to " (at(last)) } } }
    } }
}

/// A time before the page's script has put it on the clock: seconds since the start.
fn headline_time(ms: i64) -> String {
    format!("{} s", ms / 1000)
}

/// A length of time in milliseconds, for a reader.
fn span(ms: i64) -> String {
    let seconds = u32::try_from(ms.max(0) / 1000).map_or(f64::from(u32::MAX), f64::from);
    headline::seconds(seconds)
}

fn bill_section(about: &About, bill: Option<&Bill>) -> Markup {
    let notes = about.summary.pointer("/cost/priceNotes").and_then(Value::as_array).cloned().unwrap_or_default();
    let without = about.summary.pointer("/cost/withoutPrice").and_then(Value::as_array).cloned().unwrap_or_default();
    let names = |list: &Value| {
        let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.collect::<Vec<_>>().join(", ")
    };
    html! {
        section #bill aria-labelledby="bill-title" {
            h2 #bill-title { "Bill" }
            @match bill {
                None => p { "Nothing of this run has a price." },
                Some(bill) => {
                    p.lead { strong { (money(bill.readings.first().map_or(0, Reading::total))) " " (bill.currency) } " after all discounts, read in three ways." }
                    div.legend { @for (index, charge) in bill.charges.iter().enumerate() { span { i.{ "charge charge-" (index % 8) } {} (charge) } } }
                    div.bills { @for reading in &bill.readings { (reading_table(bill, reading)) } }
                }
            }
            @if !without.is_empty() {
                p.note { "Without a price, and so not in the bill: " (names(&Value::Array(without))) "." }
            }
            @if !notes.is_empty() {
                details { summary { "Where the prices come from" } ul { @for note in &notes { li {
                    (note.get("provenance").and_then(Value::as_str).unwrap_or_default())
                    @if note.get("estimate").and_then(Value::as_bool) == Some(true) { " (an estimate)" }
                    ": " (names(note.get("prices").unwrap_or(&Value::Null)))
                } } } }
            }
        }
    }
}

fn reading_table(bill: &Bill, reading: &Reading) -> Markup {
    let title = match reading.name.as_str() {
        "resourceType" => "By type of resource",
        "capacityProvider" => "By capacity provider",
        "service" => "By service and task group",
        other => other,
    };
    let sum = |charges: &std::collections::BTreeMap<String, i64>| charges.values().sum::<i64>();
    let mut rows: Vec<_> = reading.rows.iter().collect();
    rows.sort_by_key(|(_, charges)| core::cmp::Reverse(sum(charges)));
    let largest = rows.first().map_or(1, |(_, charges)| sum(charges)).max(1);
    let total = reading.total();
    html! {
        div.reading {
            h3 { (title) }
            table { tbody {
                @for (name, charges) in rows {
                    tr {
                        td.name { (name) }
                        td.bars { @for (index, charge) in bill.charges.iter().enumerate() { @if let Some(amount) = charges.get(charge).filter(|it| **it > 0) {
                            i.{ "charge charge-" (index % 8) } style={ "width:" (permille(*amount, largest)) } title={ (charge) ": " (money(*amount)) } {}
                        } } }
                        td.number { (money(sum(charges))) }
                        td.number.dim { (share(sum(charges), total)) }
                    }
                }
                tr.total { td { "total" } td {} td.number { (money(total)) } td.number.dim { (bill.currency) } }
            } }
        }
    }
}

/// A width in tenths of a percent.
fn permille(amount: i64, of: i64) -> String {
    let permille = (i128::from(amount) * 1000 / i128::from(of.max(1))).max(2);
    format!("{}.{}%", permille / 10, permille % 10)
}

/// A share for a reader.
fn share(amount: i64, of: i64) -> String {
    if of == 0 {
        return String::new();
    }
    let permille = (i128::from(amount) * 1000 + i128::from(of) / 2) / i128::from(of);
    format!("{}.{} %", permille / 10, permille % 10)
}

fn about_section(about: &About) -> Markup {
    html! {
        section #about aria-labelledby="about-title" {
            h2 #about-title { "About this page" }
            p { "Simulated by ecsim " (about.version) ", seed " (about.seed) ". The page is made of the files beside it by " code { "ecsim report" } "; it loads nothing from a network. Charts are drawn by Plotly (MIT licence), which is in the page." }
            @if about.notes.is_empty() {
                p #notes { "Nothing was aggregated: the page holds every value, task and event of those files." }
            } @else {
                ul #notes { @for note in &about.notes { li { (note) } } }
            }
        }
    }
}
