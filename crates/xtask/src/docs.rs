//! Pages that the product generates about itself: written when they change, and checked to be what they should be.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Error;

/// A page and the call of `ecsim` that prints it.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Where it lies, from the root.
    pub path: &'static str,
    /// What `ecsim` is called with.
    pub arguments: &'static [&'static str],
}

/// The pages. To add one, add a line.
pub const PAGES: [Page; 1] = [Page { path: "docs/scenario.schema.json", arguments: &["schema"] }];

/// Writes every page, or says with `check` which of them are stale; gives the paths of those that were.
///
/// # Errors
/// Where `ecsim` fails or a file cannot be written.
pub fn refresh(root: &Path, binary: &Path, check: bool) -> Result<Vec<&'static str>, Error> {
    let mut stale = Vec::new();
    for page in PAGES {
        let output = Command::new(binary).args(page.arguments).output();
        let output = output.map_err(|error| format!("failed to start {}: {error}", binary.display()))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`ecsim {}` failed: {}", page.arguments.join(" "), message.trim()).into());
        }
        if refresh_file(&root.join(page.path), &String::from_utf8(output.stdout)?, check)? {
            stale.push(page.path);
        }
    }
    Ok(stale)
}

/// Makes the file hold this text; with `check` it is only looked at. Says whether it held something else.
///
/// # Errors
/// Where the file cannot be written.
pub fn refresh_file(path: &Path, text: &str, check: bool) -> Result<bool, Error> {
    let is_stale = fs::read_to_string(path).ok().as_deref() != Some(text);
    if is_stale && !check {
        let fail = |error| format!("failed to write {}: {error}", path.display());
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(fail)?;
        }
        fs::write(path, text).map_err(fail)?;
    }
    Ok(is_stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_only_looked_at_when_checked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b.md");
        assert!(refresh_file(&path, "x", true).unwrap());
        assert!(!path.exists());
        assert!(refresh_file(&path, "x", false).unwrap());
        assert!(!refresh_file(&path, "x", false).unwrap());
        assert!(refresh_file(&path, "y", true).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "x");
    }
}
