//! `manifest.json`: what was run and what it left, so that two output directories can be compared without reading them.
//!
//! Serialised, as JSON; [`Manifest::FORMAT`] is its version. Wall time is the only thing in an output directory that may
//! differ between two equal runs. The command line fills the manifest in and writes it last.

use serde::{Deserialize, Serialize};

use super::hashing::{Seal, sha256};

/// The manifest of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// `name:` of the scenario.
    pub scenario_name: String,
    /// A digest of the scenario with everything it includes and overrides.
    pub scenario_digest: String,
    /// The seed of the run.
    pub seed: u64,
    /// The version of `ecsim`.
    pub version: String,
    /// Start of the simulated time, ISO 8601.
    pub start: String,
    /// How much time was simulated, in seconds.
    pub duration_seconds: f64,
    /// How much there was of everything.
    pub counts: Counts,
    /// [`super::FactDigest::hex`]: equal in equal runs.
    pub facts_digest: String,
    /// [`traces_digest`] of `files`.
    pub traces_digest: String,
    /// The other files of the directory, in the order of their names.
    pub files: Vec<TraceFile>,
    /// How long the run took on this machine, in seconds.
    pub wall_seconds: f64,
}

/// How much there was of everything in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Facts.
    pub facts: u64,
    /// Tasks that were created.
    pub tasks: u64,
    /// Container instances that registered.
    pub container_instances: u64,
    /// Events that the engine processed.
    pub events: u64,
}

/// A file of the output directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TraceFile {
    /// Its path within the directory, with `/`.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// The SHA-256 of its bytes in hexadecimal.
    pub sha256: String,
}

impl TraceFile {
    /// The file `name` with what a [`super::HashingWriter`] has seen of it.
    pub fn new(name: impl Into<String>, seal: Seal) -> Self {
        Self { name: name.into(), bytes: seal.bytes, sha256: seal.sha256 }
    }
}

impl Manifest {
    /// The version of the format that this code writes.
    pub const FORMAT: u32 = 1;

    /// Takes in the files: sorted by name, with their common digest.
    pub fn set_files(&mut self, mut files: Vec<TraceFile>) {
        files.sort();
        self.traces_digest = traces_digest(files.iter().map(|file| (file.name.as_str(), file.sha256.as_str())));
        self.files = files;
    }

    /// Adds a file, or takes what is new about one, and digests again.
    pub fn put_file(&mut self, file: TraceFile) {
        let mut files = core::mem::take(&mut self.files);
        files.retain(|known| known.name != file.name);
        files.push(file);
        self.set_files(files);
    }

    /// The text of `manifest.json`.
    ///
    /// # Errors
    /// Never for a manifest of finite numbers.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// One digest over all files, given as names with the SHA-256 of their bytes in hexadecimal; their order is irrelevant.
///
/// It is the SHA-256 of what `sha256sum` prints about them in the order of their names, so that it can be checked by
/// hand: one line `HASH  NAME` a file.
#[must_use]
pub fn traces_digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut files: Vec<(&str, &str)> = files.into_iter().collect();
    files.sort_unstable();
    let list: String = files.iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect();
    sha256(list.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &str) -> TraceFile {
        TraceFile::new(name, Seal { bytes: bytes.len() as u64, sha256: sha256(bytes.as_bytes()) })
    }

    fn digest(files: &[(&str, &str)]) -> String {
        let files: Vec<TraceFile> = files.iter().map(|(name, bytes)| file(name, bytes)).collect();
        traces_digest(files.iter().map(|file| (file.name.as_str(), file.sha256.as_str())))
    }

    #[test]
    fn the_digest_depends_on_names_and_bytes_and_not_on_their_order() {
        let both = digest(&[("a", "1"), ("b", "2")]);
        assert_eq!(both, digest(&[("b", "2"), ("a", "1")]));
        for other in
            [&[("a", "1"), ("b", "3")][..], &[("a", "1"), ("c", "2")], &[("a", "2"), ("b", "1")], &[("a", "1")], &[]]
        {
            assert_ne!(both, digest(other));
        }
    }

    #[test]
    fn the_digest_is_that_of_sha256sum() {
        // printf abc > x; sha256sum x | sha256sum
        assert_eq!(digest(&[("x", "abc")]), sha256(format!("{}  x\n", sha256(b"abc")).as_bytes()));
    }

    #[test]
    fn a_manifest_can_be_read_back() {
        let mut manifest = Manifest {
            format: Manifest::FORMAT,
            scenario_name: "spot \"web\"".into(),
            scenario_digest: "00ff".into(),
            seed: u64::MAX,
            version: "0.1.0".into(),
            start: "2026-03-02T00:00:00.000Z".into(),
            duration_seconds: 86_400.0,
            counts: Counts { facts: 1, tasks: 2, container_instances: 3, events: 4 },
            facts_digest: "0123456789abcdef".into(),
            traces_digest: String::new(),
            files: Vec::new(),
            wall_seconds: 0.25,
        };
        manifest.set_files(vec![file("tasks.csv", "t"), file("metrics/cluster.csv", "m")]);
        let text = manifest.to_json().unwrap();
        assert!(text.contains("\"scenarioName\": \"spot \\\"web\\\"\""), "{text}");
        assert!(text.contains("\"containerInstances\": 3"), "{text}");
        let read: Manifest = serde_json::from_str(&text).unwrap();
        assert_eq!(read, manifest);
        assert_eq!(read.files[0].name, "metrics/cluster.csv");
    }

    #[test]
    fn a_file_that_is_written_again_is_there_once() {
        let mut manifest = Manifest {
            format: Manifest::FORMAT,
            scenario_name: String::new(),
            scenario_digest: String::new(),
            seed: 0,
            version: String::new(),
            start: String::new(),
            duration_seconds: 0.0,
            counts: Counts::default(),
            facts_digest: String::new(),
            traces_digest: String::new(),
            files: Vec::new(),
            wall_seconds: 0.0,
        };
        manifest.set_files(vec![file("report.html", "old"), file("tasks.csv", "t")]);
        let before = manifest.clone();
        manifest.put_file(file("report.html", "new"));
        assert_eq!(manifest.files.len(), 2);
        assert_ne!(manifest.traces_digest, before.traces_digest);
        manifest.put_file(file("report.html", "old"));
        assert_eq!(manifest, before);
    }
}
