//! What has been run: one line a run, written as it ends, so that a sweep that is broken off goes on where it was.
//!
//! The first line says what the columns are: `job`, and the responses by their paths. Every other one is `JOB,VALUE,VALUE,…`.
//! The job is a digest of everything that a run depends on (scenario, seed, replication, what is measured, version), so that
//! a line is good in whatever file it stands: in that of another shard, of an experiment that has grown since, or in one of
//! before there were heads. Values are written such that they are read back to the last bit. A torn last line is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::exit::Failure;

/// The file's name, in a finished directory and in an unfinished one.
pub const NAME: &str = "journal.csv";
/// The first column.
const JOB: &str = "job";

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

/// The line that says what the columns are.
#[must_use]
pub fn head<'a>(paths: impl IntoIterator<Item = &'a str>) -> String {
    let mut head = JOB.to_owned();
    for path in paths {
        // A path that goes over several lines is one that goes over one.
        let path = path.split_whitespace().collect::<Vec<_>>().join(" ");
        head.push(',');
        if path.contains([',', '"']) {
            head.push_str(&format!("\"{}\"", path.replace('"', "\"\"")));
        } else {
            head.push_str(&path);
        }
    }
    head.push('\n');
    head
}

/// Adds what stands in a directory's journal and is of the columns of `head`. All its jobs, also those of other columns;
/// nothing where there is no journal.
///
/// # Errors
/// Where it cannot be read, or is no journal.
pub fn read(directory: &Path, head: &str, known: &mut Known) -> Result<Option<BTreeSet<String>>, Failure> {
    let path = directory.join(NAME);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::path("read", &path, &error)),
    };
    let has_head = text.starts_with(&format!("{JOB},")) || text.starts_with(&format!("{JOB}\n"));
    // Without a head the jobs alone say what the values are: what is measured is part of their digest.
    let is_ours = !has_head || text.starts_with(head);
    let width = head.split_inclusive('\n').next().map_or(0, columns);
    let mut jobs = BTreeSet::new();
    for (at, line) in text.split_inclusive('\n').enumerate().skip(usize::from(has_head)) {
        let Some(line) = line.strip_suffix('\n') else { break };
        let Some((job, values)) = parse(line) else {
            return Err(Failure::Input(format!(
                "{}:{}: this is no line of a journal of `ecsim sweep`; without it the sweep can go on",
                path.display(),
                at + 1
            )));
        };
        if is_ours && values.len() + 1 == width {
            known.insert(job.clone(), values);
        }
        jobs.insert(job);
    }
    Ok(Some(jobs))
}

/// How many columns a head has: commas in quotes are part of a name.
fn columns(head: &str) -> usize {
    let mut quoted = false;
    let commas = head.chars().filter(|letter| {
        quoted ^= *letter == '"';
        *letter == ',' && !quoted
    });
    commas.count() + 1
}

fn parse(line: &str) -> Option<(String, Vec<Option<f64>>)> {
    let mut fields = line.split(',');
    let is_job = |job: &&str| job.len() == 16 && job.bytes().all(|byte| byte.is_ascii_hexdigit());
    let job = fields.next().filter(is_job)?.to_owned();
    let values: Option<Vec<Option<f64>>> =
        fields.map(|field| if field.is_empty() { Some(None) } else { field.parse::<f64>().ok().map(Some) }).collect();
    Some((job, values?))
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
    pub fn open(out: &Path, head: &str, known: &Known) -> Result<Self, Failure> {
        let directory = unfinished(out);
        let fail = |error: &std::io::Error| Failure::path("write", &directory, error);
        std::fs::create_dir_all(&directory).map_err(|error| fail(&error))?;
        let path = directory.join(NAME);
        // Rewritten whole: a torn line would spoil the next one.
        let lines: String = known.iter().map(|(job, values)| line(job, values)).collect();
        let text = format!("{head}{lines}");
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
        let head = head(["cost", "at end: max(a,\n b)", "c", "d"]);
        assert_eq!(head, "job,cost,\"at end: max(a, b)\",c,d\n");
        let values = [Some(0.1 + 0.2), None, Some(1e-300), Some(-7.0)];
        let known = Known::from([("0123456789abcdef".to_owned(), values.to_vec())]);
        let journal = Journal::open(&out, &head, &known).unwrap();
        journal.add("fedcba9876543210", &[Some(1.0), None, None, None]).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(unfinished(&out).join(NAME))
            .and_then(|mut file| file.write_all(b"aaaaaaaaaaaaaaaa,1,2,3,4.2"))
            .unwrap();
        let mut again = Known::new();
        assert_eq!(read(&unfinished(&out), &head, &mut again).unwrap().unwrap().len(), 2);
        assert_eq!(again.len(), 2);
        assert_eq!(again["0123456789abcdef"], values);
        assert!(read(&out, &head, &mut again).unwrap().is_none());
        let mut others = Known::new();
        let jobs = read(&unfinished(&out), "job,a,b,c,d\n", &mut others).unwrap().unwrap();
        assert!(others.is_empty() && jobs.len() == 2, "lines of other columns are of other questions");
        journal.remove();
        assert!(!unfinished(&out).exists());
    }

    #[test]
    fn a_journal_without_a_head_is_understood_and_something_else_is_not() {
        let place = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(place.path().join(NAME), text).unwrap();
        let mut known = Known::new();
        write("0123456789abcdef,1,\n");
        read(place.path(), &head(["a", "b"]), &mut known).unwrap();
        assert_eq!(known["0123456789abcdef"], [Some(1.0), None]);
        write("0123456789abcdef,1,\nmonday,3,4\n");
        let Err(Failure::Input(message)) = read(place.path(), &head(["a", "b"]), &mut known) else {
            panic!("somebody's table is no journal")
        };
        assert!(message.contains("journal.csv:2: "), "{message}");
    }
}
