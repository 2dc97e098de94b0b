//! What has been run: one line a run, written as it ends, so that a sweep that is broken off goes on where it was.
//!
//! A line is `JOB,VALUE,VALUE,…`. The job is a digest of everything that a run depends on (scenario, seed, replication, what
//! is measured, version), so that a line is good in whatever file it stands: in that of another shard, or of an experiment
//! that has grown since. Values are written such that they are read back to the last bit. A torn last line is left out.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::exit::Failure;

/// The file's name, in a finished directory and in an unfinished one.
pub const NAME: &str = "journal.csv";

/// Values by job.
pub type Known = BTreeMap<String, Vec<Option<f64>>>;

/// The journal of a sweep that is going on.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    file: Mutex<File>,
}

/// `DIR.unfinished`.
#[must_use]
pub fn unfinished(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    out.with_file_name(name)
}

/// Adds what stands in a directory's journal, if it has one of `width` values a line.
///
/// # Errors
/// Where it cannot be read.
pub fn read(directory: &Path, width: usize, known: &mut Known) -> Result<bool, Failure> {
    let path = directory.join(NAME);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Failure::path("read", &path, &error)),
    };
    known.extend(text.split_inclusive('\n').filter_map(|line| parse(line.strip_suffix('\n')?, width)));
    Ok(true)
}

fn parse(line: &str, width: usize) -> Option<(String, Vec<Option<f64>>)> {
    let mut fields = line.split(',');
    let job = fields.next().filter(|job| job.len() == 16)?.to_owned();
    let values: Option<Vec<Option<f64>>> =
        fields.map(|field| if field.is_empty() { Some(None) } else { field.parse::<f64>().ok().map(Some) }).collect();
    Some((job, values.filter(|values| values.len() == width)?))
}

/// One line.
#[must_use]
pub fn line(job: &str, values: &[Option<f64>]) -> String {
    let mut line = job.to_owned();
    for value in values {
        line.push(',');
        if let Some(value) = value {
            line.push_str(&value.to_string());
        }
    }
    line.push('\n');
    line
}

impl Journal {
    /// Opens the journal of an unfinished sweep, with what is known already.
    ///
    /// # Errors
    /// Where the machine refuses.
    pub fn open(out: &Path, known: &Known) -> Result<Self, Failure> {
        let directory = unfinished(out);
        let fail = |error: &std::io::Error| Failure::path("write", &directory, error);
        std::fs::create_dir_all(&directory).map_err(|error| fail(&error))?;
        let path = directory.join(NAME);
        // Rewritten whole: a torn line would spoil the next one.
        let text: String = known.iter().map(|(job, values)| line(job, values)).collect();
        crate::output::write_file(&path, text.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path).map_err(|error| fail(&error))?;
        Ok(Self { directory, file: Mutex::new(file) })
    }

    /// Adds a run.
    ///
    /// # Errors
    /// Where the machine refuses.
    pub fn add(&self, job: &str, values: &[Option<f64>]) -> Result<(), Failure> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(line(job, values).as_bytes())
            .map_err(|error| Failure::path("write", &self.directory.join(NAME), &error))
    }

    /// All is written elsewhere: it goes.
    pub fn remove(self) {
        drop(self.file);
        let _ = std::fs::remove_file(self.directory.join(NAME));
        // What is not empty by now holds something of somebody else.
        let _ = std::fs::remove_dir(&self.directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_to_the_last_bit_and_torn_ones_do_not() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("sweep");
        let values = [Some(0.1 + 0.2), None, Some(1e-300), Some(-7.0)];
        let known = Known::from([("0123456789abcdef".to_owned(), values.to_vec())]);
        let journal = Journal::open(&out, &known).unwrap();
        journal.add("fedcba9876543210", &[Some(1.0), None, None, None]).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(unfinished(&out).join(NAME))
            .and_then(|mut file| file.write_all(b"aaaaaaaaaaaaaaaa,1,2,3,4.2"))
            .unwrap();
        let mut again = Known::new();
        assert!(read(&unfinished(&out), 4, &mut again).unwrap());
        assert_eq!(again.len(), 2);
        assert_eq!(again["0123456789abcdef"], values);
        assert!(!read(&out, 4, &mut again).unwrap());
        let mut others = Known::new();
        read(&unfinished(&out), 3, &mut others).unwrap();
        assert!(others.is_empty(), "lines of other lengths are of other questions");
        journal.remove();
        assert!(!unfinished(&out).exists());
    }
}
