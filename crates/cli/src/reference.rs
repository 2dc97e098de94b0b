//! Pages of the reference that are made from the program itself, so that they cannot say anything else than it does.

use std::fmt::Write as _;

use ecsim_report::metrics::{self, Scope, Unit};
use ecsim_report::sinks::TRACES;
use ecsim_scenario::schema::SettingInfo;

/// `docs/settings.md`: every number under `settings:`.
#[must_use]
pub fn settings() -> String {
    let mut text = String::from(
        "# Settings\n\n\
         Numbers that AWS does not publish, or that an account can have changed: each with its default and the rules of \
         `spec/` it belongs to. A scenario changes them under `settings:`, a call with `--set settings.NAME=VALUE`. Names \
         that end in `_s` are seconds, or a length of time with its unit.\n\n\
         This page is printed by `ecsim schema --settings`.\n\n\
         | setting | default | rules | meaning |\n| --- | --- | --- | --- |\n",
    );
    for setting in SettingInfo::all() {
        let default = setting.default.as_str().map_or_else(|| setting.default.to_string(), str::to_owned);
        let _ =
            writeln!(text, "| `{}` | `{default}` | {} | {} |", setting.name, setting.rule, in_cell(&setting.meaning));
    }
    text
}

/// `docs/traces.md`: every file of a run, column by column.
#[must_use]
pub fn traces() -> String {
    let mut text = String::from(
        "# The files of a run\n\n\
         `ecsim run SCENARIO --out DIR` writes these. CSV files have one header row and no comments; time stamps are ISO \
         8601 in UTC, with milliseconds, and times are also given in seconds since the start. An empty cell means that \
         there is no such value. The same scenario, seed and version give the same bytes.\n\n\
         This page is printed by `ecsim schema --traces`.\n\n\
         * `manifest.json`: digests of the scenario, of the facts and of every file, seed, version, counts; \
         `wallSeconds` is the only value that differs between equal runs.\n\
         * `summary.json`: the numbers that the summary prints, times in seconds, percentages 0 to 100.\n\
         * `report.html`: a page to look at all of it with, in one file that needs no network; `ecsim report DIR` builds \
         it again from the others, `--no-report` leaves it out.\n\
         * `NAME.parquet` beside every `NAME.csv`: written with `--parquet`, the same columns with types. Time stamps are \
         TIMESTAMP(MILLIS, UTC), whole numbers INT64, other numbers and all of `metrics/` DOUBLE, true or false BOOLEAN, \
         texts UTF8; an empty cell is null.\n",
    );
    for trace in &TRACES {
        let note = if trace.always { "" } else { " Written with `--events`." };
        let _ = writeln!(text, "\n## {}\n\n{}{note}", trace.file, trace.holds);
        if trace.columns.is_empty() {
            continue;
        }
        text.push_str("\n| column | unit | holds |\n| --- | --- | --- |\n");
        for column in trace.columns {
            let _ = writeln!(text, "| `{}` | {} | {} |", column.name, column.unit, in_cell(column.holds));
        }
    }
    text.push_str(
        "\n## Metrics\n\n\
         One row per metrics period (`simulation.metricsPeriod`) and entity. Names are CloudWatch's where it has one. \
         Every metric can also be used under `expect:`, by its name or an alias; those without a file only there.\n",
    );
    for (scope, what) in [
        (Scope::Cluster, "the cluster"),
        (Scope::Service, "a service"),
        (Scope::CapacityProvider, "a capacity provider"),
        (Scope::AutoScalingGroup, "an Auto Scaling group"),
        (Scope::TargetGroup, "a target group"),
        (Scope::Instance, "a container instance"),
        (Scope::Zone, "an Availability Zone"),
        (Scope::Workload, "an entry of `workload:`, or a call of the timeline"),
    ] {
        let file = scope.table();
        let place = file.map_or_else(String::new, |file| format!(", in `{file}`"));
        let _ = writeln!(text, "\n### `{}`: metrics of {what}{place}\n", scope.root());
        if file.is_some() {
            let more: Vec<String> = scope
                .more_columns()
                .iter()
                .map(|column| {
                    let each = if column.ends_with(".ZONE") { "zone" } else { "capacity provider" };
                    format!("`{column}`, one for each {each}")
                })
                .collect();
            let after =
                if more.is_empty() { String::new() } else { format!(" Columns after these: {}.", more.join("; ")) };
            let entity = scope.entity();
            let _ = writeln!(text, "Columns before these: `timestamp`, `secondsSinceStart`, `{entity}`.{after}\n");
        }
        text.push_str("| metric | aliases | unit | holds |\n| --- | --- | --- | --- |\n");
        for metric in metrics::of_scope(scope) {
            let aliases: Vec<String> = metric.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            let unit = match metric.unit {
                Unit::Text(words) if !words.is_empty() => words.join(", "),
                unit => unit.name().to_owned(),
            };
            let only = if file.is_some() && !metric.column { " Only under `expect:`." } else { "" };
            let _ = writeln!(
                text,
                "| `{}` | {} | {unit} | {}{only} |",
                metric.name,
                aliases.join(", "),
                in_cell(metric.help)
            );
        }
    }
    text
}

/// Text that can stand in a cell of a Markdown table.
fn in_cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
