//! Runs the study and writes its results, tables and figures, or says what has moved.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use gpu_allocation::files::Data;
use gpu_allocation::study::{self, SEEDS};
use gpu_allocation::{Failure, figures, tables};

/// The published GPU allocation of Random and BestFit on the Alibaba trace of 2023, run again
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder that holds openb/
    #[arg(long, env = "ECSIM_DATA")]
    data: PathBuf,
    /// So many seeds, from 42 on; with fewer than ten nothing is written
    #[arg(long, default_value_t = SEEDS, value_parser = clap::value_parser!(u64).range(1..=SEEDS))]
    seeds: u64,
    /// Write nothing, and fail where the committed results differ
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match carry_out(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(arguments: &Arguments) -> Result<bool, Failure> {
    let data = Data::new(&arguments.data);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = read(&folder.join("README.md"))?;
    for name in tables::NAMES {
        // Better before the runs than after them.
        tables::place_of(&readme, name)?;
    }
    let all = study::run_all(&data, &study::plan(), arguments.seeds)?;
    let results = tables::results(&all);
    if arguments.seeds < SEEDS {
        if !arguments.check {
            print!("{results}");
            return Ok(true);
        }
        let committed = read(&folder.join("results.csv"))?;
        let moved: Vec<&str> = results.lines().filter(|row| !committed.lines().any(|known| known == *row)).collect();
        for row in &moved {
            eprintln!("results.csv has no row {row}");
        }
        return Ok(moved.is_empty());
    }
    let files = [
        ("results.csv", results),
        ("curves.csv", tables::curves(&data, &all)?),
        ("curve.svg", figures::curve(&data, &all)?),
        ("strategies.svg", figures::strategies(&all)?),
        ("README.md", tables::fill(&readme, &data, &all)?),
    ];
    let mut same = true;
    for (name, text) in files {
        let path = folder.join(name);
        if !arguments.check {
            std::fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            println!("wrote {}", path.display());
        } else if read(&path)? != text {
            eprintln!("{} has moved", path.display());
            same = false;
        }
    }
    Ok(same)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
