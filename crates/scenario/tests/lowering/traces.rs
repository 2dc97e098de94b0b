//! Task traces: columns, units, scales, filters, and rows that cannot be read (RES-010, RES-030).

use std::fmt::Write as _;

use ecsim_cluster::GpuNeed;
use ecsim_engine::Model;
use ecsim_engine::model::{Arrivals, TraceTask};

use crate::kit::*;

/// A workload `w` that replays `trace.csv` with these fields of the trace.
fn text(fields: &str) -> String {
    format!("{A1}{T}workload:\n- name: w\n  runTask: {{taskDefinition: t}}\n  trace: {{file: trace.csv, {fields}}}\n")
}

const SIMPLE: &str = "columns: {arrival: {column: at, unit: s}, duration: {column: run, unit: m}}";

#[track_caller]
fn rows(fields: &str, csv: &str) -> (Model, Vec<TraceTask>) {
    let model = model_with(&text(fields), &[("trace.csv", csv)]);
    let rows = match &source(&model, "w").arrivals {
        Arrivals::Trace(rows) => rows.to_vec(),
        other => panic!("{other:?}"),
    };
    (model, rows)
}

/// Arrival and duration of each row, in milliseconds.
#[track_caller]
fn times(fields: &str, csv: &str) -> Vec<(u64, Option<u64>)> {
    rows(fields, csv).1.iter().map(|row| (row.arrival.ms(), row.duration.map(|it| it.ms()))).collect()
}

#[test]
fn rows_are_sorted_and_scaled() {
    let csv = "at,run\n20,2\n10,1\n10,\n";
    assert_eq!(times(SIMPLE, csv), [(10_000, Some(60_000)), (10_000, None), (20_000, Some(120_000))]);
    let scaled = format!("{SIMPLE}, timeScale: 0.1, durationScale: 2");
    assert_eq!(times(&scaled, csv), [(1_000, Some(12_000)), (1_000, None), (2_000, Some(24_000))]);
    assert_eq!(times(&format!("{SIMPLE}, skipBefore: 15s"), csv), [(5_000, Some(120_000))]);
    assert_eq!(times(&format!("{SIMPLE}, limit: 1"), csv), [(10_000, Some(60_000))]);
    let end = "columns: {arrival: {column: at, unit: s}, end: {column: run, unit: m}}";
    assert_eq!(times(end, csv), [(10_000, Some(50_000)), (10_000, None), (20_000, Some(100_000))]);
    assert_eq!(times(&format!("{end}, timeScale: 2"), csv)[0], (20_000, Some(100_000)));
}

#[test]
fn a_trace_is_shuffled_where_it_says_so() {
    let csv = "at,run\n10,1\n20,2\n";
    assert!(!source(&rows(SIMPLE, csv).0, "w").shuffled);
    let (model, rows) = rows(&format!("{SIMPLE}, shuffle: true"), csv);
    assert!(source(&model, "w").shuffled);
    assert_eq!(rows[0].arrival.ms(), 10_000, "the engine draws the order, anew for each replication");
}

#[test]
fn dates_count_from_the_earliest_row_or_an_origin() {
    let dates = "columns: {arrival: at, end: {column: to}}".replace("{column: to}", "to");
    let csv = "at,to\n2026-03-02T10:00:10Z,2026-03-02T10:01:10Z\n2026-03-02T10:00:00Z,2026-03-02T10:00:30Z\n2026-03-02T11:00:00,\n";
    assert_eq!(times(&dates, csv), [(0, Some(30_000)), (10_000, Some(60_000)), (3_600_000, None)]);
    assert_eq!(
        times(&format!("{dates}, timeScale: 0.5"), csv),
        [(0, Some(15_000)), (5_000, Some(30_000)), (1_800_000, None)]
    );
    assert_eq!(times(&format!("{dates}, origin: 2026-03-02T09:59:00Z, limit: 1"), csv), [(60_000, Some(30_000))]);
    assert_eq!(times(&format!("{dates}, skipBefore: 5s, limit: 1"), csv), [(5_000, Some(60_000))]);
}

#[test]
fn res_010_sizes_of_rows_are_overrides() {
    let fields = "columns: {arrival: {column: at, unit: s}, cpu: {column: milli, unit: millicores}, memory: {column: mib, unit: MiB}, gpus: gpu, name: id, group: who, exitCode: code, count: n}";
    let csv = "id,at,milli,mib,gpu,who,code,n\nx,0,1500,100.5,0.5,blue,3,2\ny,1,1,1,,,,\n";
    let (model, rows) = rows(fields, csv);
    let first = &rows[0];
    assert_eq!(
        (first.requirements.cpu, first.requirements.memory, first.requirements.gpus, first.exit_code),
        (1536, 101, GpuNeed::Count(1), 3)
    );
    assert_eq!(model.definitions.groups.name(first.group), "blue");
    assert_eq!(first.name.map(|name| model.definitions.texts.name(name)), Some("x"));
    assert_eq!(rows.len(), 3, "the first row stands for two");
    assert_eq!(
        (rows[2].requirements.cpu, rows[2].requirements.memory, rows[2].requirements.gpus),
        (2, 1, GpuNeed::Count(0))
    );
    assert_eq!(model.definitions.groups.name(rows[2].group), "family:t");
    // The limit counts rows.
    assert_eq!(self::rows(&format!("{fields}, limit: 1"), csv).1.len(), 2);
}

#[test]
fn rows_are_kept_by_their_values_and_constrained_by_them() {
    let fields = "columns: {arrival: {column: at, unit: s}, memberOf: {column: model, expression: 'attribute:gpu =~ {}'}}, where: {qos: [LS, BE]}";
    let (model, rows) = rows(fields, "at,qos,model\n1,LS,P100\n2,XX,P100\n3,BE,\n4,BE,P100|T4\n");
    let words: Vec<Vec<String>> = rows.iter().map(|row| describe(&model, row.placement).1).collect();
    assert_eq!(
        words,
        [
            vec!["memberOf(attribute:gpu =~ P100)".to_owned()],
            vec![],
            vec!["memberOf(attribute:gpu =~ P100|T4)".to_owned()]
        ]
    );
    check_with(
        &text(fields),
        &[("trace.csv", "at,qos,model\n1,LS,(\n2,LS,(\n")],
        &[
            "E323 6:10 bad row in `trace.csv`, line 2: column `model` gives the expression `attribute:gpu =~ (`, which cannot be read",
        ],
    );
}

#[test]
fn bad_rows_are_said_with_their_lines() {
    let fields = "columns: {arrival: {column: at, unit: s}, end: {column: to, unit: s}, cpu: {column: c, unit: vCPU}, group: g, exitCode: x, count: n}";
    let csv = "at,to,c,g,x,n\nx,2,1,,,\n-1,2,1,,,\n5,2,1,,,\n1,2,-1,,,\n1,2,1,service:s,,\n1,2,1,,256,\n1,2,1,,,1.5\n1,2,1\n,2,1,,,\n";
    check_with(
        &text(fields),
        &[("trace.csv", csv)],
        &[
            "E323 6:10 bad row in `trace.csv`, line 2: column `at` holds `x`; a number is expected",
            "E323 6:10 bad row in `trace.csv`, line 3: column `at` holds `-1`, which is no time of a run",
            "E323 6:10 bad row in `trace.csv`, line 4: column `to` ends the task before it arrives",
            "E323 6:10 bad row in `trace.csv`, line 5: column `c` holds `-1024`, which is out of range",
            "E323 6:10 bad row in `trace.csv`, line 6: column `g` holds `service:s`: InvalidParameterException: a task cannot join",
            "E323 6:10 bad row in `trace.csv`, line 7: column `x` holds `256`; a whole number from 0 to 255 is expected",
            "E323 6:10 bad row in `trace.csv`, line 8: column `n` holds `1.5`; a whole number from 0 to 1000000 is expected",
            "E323 6:10 bad row in `trace.csv`, line 9: it has 3 fields, the header has 6",
            "E323 6:10 bad row in `trace.csv`, line 10: column `at` is empty; a number is expected",
        ],
    );
    let many: String = std::iter::once("at,run\n".to_owned()).chain((0..50).map(|_| "x,1\n".to_owned())).collect();
    let found = problems_of(&prepare_with(text(SIMPLE), &[("trace.csv", &many)]));
    assert_eq!(found.len(), 11);
    assert!(
        found[10].contains("`trace.csv` has at least 10 bad rows: the rest from line 12 on was not looked at"),
        "{}",
        found[10]
    );
}

#[test]
fn a_bad_row_far_down_is_found_with_its_text() {
    let mut csv = "at,run\n".to_owned();
    for line in 2..=60_000 {
        writeln!(csv, "{line},1").unwrap();
    }
    csv.push_str("60001,never\n60002,1\n");
    let prepared = prepare_with(text(SIMPLE), &[("trace.csv", &csv)]);
    let found = problems_of(&prepared);
    assert_eq!(
        found,
        ["E323 6:10 bad row in `trace.csv`, line 60001: column `run` holds `never`; a number is expected"]
    );
    assert_eq!(prepared.diagnostics.iter().next().unwrap().note.as_deref(), Some("the row is: 60001,never"));
}

#[test]
fn traces_that_cannot_be() {
    for (fields, code, message) in [
        ("columns: {arrival: {column: at, unit: s}, duration: run}", "E365", "a column of durations needs its unit"),
        (
            "columns: {arrival: at, end: {column: run, unit: s}}",
            "E365",
            "`arrival` and `end` are both dates and times, or both numbers with a unit",
        ),
        (
            "columns: {arrival: {column: at, unit: s}, end: {column: at, unit: s}, duration: {column: run, unit: s}}",
            "E365",
            "both `end` and `duration`",
        ),
        (
            "columns: {arrival: {column: at, unit: s}}, origin: 2026-01-01T00:00:00Z",
            "E365",
            "`origin` is for arrivals that are dates and times",
        ),
        ("columns: {arrival: {column: att, unit: s}}", "E322", "`trace.csv` has no column `att`"),
        ("columns: {arrival: {column: at, unit: s}}, where: {qos: LS}", "E322", "`trace.csv` has no column `qos`"),
        (
            "columns: {arrival: {column: at, unit: s}}, where: {run: '7'}",
            "E324",
            "no row of `trace.csv` asks for a task",
        ),
        (
            "columns: {arrival: {column: at, unit: s}}, skipBefore: 1h",
            "E324",
            "`origin`, `skipBefore` and `limit` leave no row of `trace.csv`",
        ),
    ] {
        let prepared = prepare_with(text(fields), &[("trace.csv", "at,run\n1,1\n")]);
        let found: Vec<(&str, &str)> = prepared.diagnostics.iter().map(|it| (it.code, it.message.as_str())).collect();
        assert_eq!(found, [(code, message)], "{fields}");
    }
    // All missing columns at once.
    let all = "columns: {arrival: {column: a, unit: s}, cpu: {column: b, unit: vCPU}, name: c}, where: {d: x}";
    assert_eq!(problems_of(&prepare_with(text(all), &[("trace.csv", "at\n1\n")])).len(), 4);
    let count = text(SIMPLE).replace("taskDefinition: t}", "taskDefinition: t, count: 3}");
    check_with(
        &count,
        &[("trace.csv", "at,run\n1,1\n")],
        &["E362 5:39 a trace asks for one task a row: `count` does not go with it"],
    );
    check_with(&text(SIMPLE), &[("trace.csv", "")], &["E321 6:17 `trace.csv` has no header row"]);
}

#[test]
fn data_that_are_not_here_are_no_other_fault() {
    let prepared = prepare_with(text(SIMPLE).replace("trace.csv", "'data:x.csv'"), &[]);
    assert!(prepared.lacks_data && prepared.ready.is_none());
    let wrong = prepare_with(text(SIMPLE).replace("trace.csv", "'data:x.csv'").replace("name: w", "limit: 3"), &[]);
    assert!(!wrong.lacks_data);
}

#[test]
fn numbers_of_a_file_are_a_distribution() {
    let text = |file: &str| format!("{T}behavior: {{taskDefinitions: {{t: {{duration: {{empirical: {file}}}}}}}}}\n");
    let model = model_with(&text("{file: runs.csv, column: run, unit: m}"), &[("runs.csv", "run\n1\n3\n\n2\n")]);
    let duration = model.behaviors.values().next().unwrap().containers[0].duration.clone().unwrap();
    assert_eq!((duration.quantile(0.0), duration.quantile(1.0), duration.mean()), (60.0, 180.0, 120.0));
    check_with(
        &text("{file: runs.csv, column: run}"),
        &[("runs.csv", "run\n1\n")],
        &["E313 2:56 the unit of the column is missing or unknown"],
    );
    check_with(
        &text("{file: runs.csv, column: run, unit: m}"),
        &[("runs.csv", "run\nx\n")],
        &["E323 2:56 bad row in `runs.csv`, line 2: column `run` holds `x`; a number is expected"],
    );
    check_with(
        &text("{file: runs.csv, column: run, unit: m}"),
        &[("runs.csv", "run\n")],
        &["E312 2:44 this distribution cannot be"],
    );
}

/// Not ECS, which has no fractions: `gpuShare` is multiplied with `gpus`, and only where `gpu_sharing` is on it stays a part.
#[test]
fn shares_of_gpus_are_thousandths_where_tasks_share_and_whole_where_not() {
    let fields = "columns: {arrival: {column: at, unit: s}, gpus: gpu, gpuShare: {column: milli, scale: 0.001}}";
    let csv = "at,gpu,milli\n0,1,460\n1,2,1000\n2,0,0\n3,1,\n";
    let needs = |text: &str, csv: &str| match &source(&model_with(text, &[("trace.csv", csv)]), "w").arrivals {
        Arrivals::Trace(rows) => rows.iter().map(|row| row.requirements.gpus).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(needs(&text(fields), csv), [1, 2, 0, 1].map(GpuNeed::Count));
    let sharing = format!("settings: {{gpu_sharing: best}}\n{}", text(fields));
    assert_eq!(needs(&sharing, csv), [460, 2_000, 0, 1_000].map(GpuNeed::Count));
    let model = model_with(&sharing, &[("trace.csv", csv)]);
    assert_eq!(model.definitions.shapes.values().next().map(|shape| shape.registered.gpus), Some(4_000));
    check_with(
        &sharing,
        &[("trace.csv", "at,gpu,milli\n0,3,500\n1,1,2000\n")],
        &[
            "E323 7:10 bad row in `trace.csv`, line 2: column `gpu` asks for 1.5 GPUs; a share is a part of one GPU, and more than one must be whole",
            "E323 7:10 bad row in `trace.csv`, line 3: column `milli` holds `2`; a share of a GPU is from 0 to 1",
        ],
    );
}
