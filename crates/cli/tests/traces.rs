//! A trace is CSV that every tool opens without options: one header row, rows of equal length, ISO time stamps, and the
//! columns that the reference promises.

mod kit;

use ecsim::report::metrics::{self, Scope};
use ecsim::report::sinks::TRACES;

#[test]
fn every_table_is_plain_csv_with_the_documented_columns() {
    let place = kit::workplace();
    let output = kit::run(place.path(), &["run", "scenarios/quickstart.yaml", "--quiet", "--out", "run"]);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = kit::files(&place.path().join("run"));
    let tables: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".csv")).collect();
    assert_eq!(tables.len(), 5);
    for (name, bytes) in tables {
        let text = std::str::from_utf8(bytes).expect("UTF-8");
        assert!(!text.starts_with('\u{feff}') && text.ends_with('\n') && !text.contains('\r'), "{name}");
        // The reader is strict: it fails on rows of another length.
        let mut reader = csv::ReaderBuilder::new().has_headers(true).flexible(false).from_reader(bytes.as_slice());
        let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        for (at, column) in header.iter().enumerate() {
            assert!(!column.is_empty() && !header[..at].contains(column), "{name}: column {at} `{column}`");
        }
        assert_eq!(header, documented(name, &header), "{name}");
        let mut rows = 0;
        for row in reader.records() {
            let row = row.unwrap_or_else(|error| panic!("{name}: {error}"));
            rows += 1;
            for (column, cell) in header.iter().zip(&row) {
                let is_stamp = column == "timestamp" || column.ends_with("At");
                if is_stamp && !cell.is_empty() {
                    let form: String = cell.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
                    assert_eq!(form, "0000-00-00T00:00:00.000Z", "{name}: {column}");
                }
                let is_number = column.ends_with("Seconds") || column == "secondsSinceStart";
                if is_number && !cell.is_empty() {
                    assert!(cell.parse::<f64>().is_ok_and(f64::is_finite), "{name}: {column} is {cell}");
                }
                assert!(!["NaN", "inf", "-inf", "null", "None"].contains(&cell), "{name}: {column} is {cell}");
            }
        }
        assert!(rows > 0, "{name} has no rows");
    }
}

/// The header as `docs/traces.md` has it; the columns per zone of a service follow the zones of the scenario.
fn documented(file: &str, header: &[String]) -> Vec<String> {
    if let Some(trace) = TRACES.iter().find(|trace| trace.file == file) {
        return trace.columns.iter().map(|column| column.name.to_owned()).collect();
    }
    let scope = if file == "metrics/cluster.csv" { Scope::Cluster } else { Scope::Service };
    let mut columns = vec!["timestamp".to_owned(), "secondsSinceStart".to_owned(), scope.entity().to_owned()];
    columns.extend(metrics::of_scope(scope).filter(|metric| metric.column).map(|metric| metric.name.to_owned()));
    columns.extend(header.iter().filter(|column| column.starts_with("liveTasks.")).cloned());
    columns
}
