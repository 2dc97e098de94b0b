//! What a run reads: the scenario, the nodes of the trace, and a list of pods that no file holds.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use ecsim::scenario::disk::DiskFiles;
use ecsim::scenario::source::{SourceError, SourceFiles};

use crate::Failure;
use crate::protocol::{self, Pod};

/// The scenario, from the folder of the study.
pub const SCENARIO: &str = include_str!("../scenario.yaml");
/// Its name among the files of a run.
pub const SCENARIO_NAME: &str = "scenario.yaml";
/// The list of pods in the scenario.
const PODS: &str = "data:openb/openb_pod_list_default.csv";

/// The trace and what was published on it, as they lie on the disk.
#[derive(Clone, Debug)]
pub struct Data {
    root: PathBuf,
}

impl Data {
    /// The folder that holds `openb/`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// A file of the trace.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let path = self.root.join("openb").join(name);
        std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    /// The pods of a variant of the trace.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn pods(&self, variant: &str) -> Result<Vec<Pod>, Failure> {
        protocol::pods(&self.read(&format!("openb_pod_list_{variant}.csv"))?)
    }

    /// How many GPUs the nodes have together.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn gpus(&self) -> Result<u64, Failure> {
        let text = self.read("openb_node_list_gpu_node.csv")?;
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let header = reader.headers().map_err(|error| error.to_string())?;
        let at = header.iter().position(|column| column == "gpu").ok_or("the list of nodes has no column `gpu`")?;
        let mut sum = 0;
        for row in reader.records() {
            let row = row.map_err(|error| error.to_string())?;
            let cell = row.get(at).unwrap_or_default();
            sum += cell.parse::<u64>().map_err(|error| format!("`{cell}` in the list of nodes: {error}"))?;
        }
        Ok(sum)
    }

    /// The files of one run over this list of pods.
    #[must_use]
    pub fn with_list(&self, list: &[Pod]) -> RunFiles {
        RunFiles { disk: DiskFiles::new(Some(self.root.clone())), pods: protocol::as_trace(list) }
    }
}

/// The files of one run.
#[derive(Clone, Debug)]
pub struct RunFiles {
    disk: DiskFiles,
    pods: String,
}

impl RunFiles {
    fn held(&self, path: &str) -> Option<&str> {
        match path {
            SCENARIO_NAME => Some(SCENARIO),
            PODS => Some(&self.pods),
            _ => None,
        }
    }
}

impl SourceFiles for RunFiles {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        match self.held(path) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => self.disk.read(path, limit),
        }
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read>, SourceError> {
        match self.held(path) {
            Some(text) => Ok(Box::new(Cursor::new(text.as_bytes().to_vec()))),
            None => self.disk.open(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenario_names_the_files_that_are_given() {
        assert!(SCENARIO.contains(PODS) && SCENARIO.contains("data:openb/openb_node_list_gpu_node.csv"));
    }
}
