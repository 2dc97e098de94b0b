//! Chores of the project, as a library so that `cargo test` runs the same checks as `cargo xtask`.
//!
//! * [`conformance`]: which rule of `spec/` is proven by which test, and which are not modelled, with the reason.
//! * [`tidy`]: rules about the code itself: headers, layers, lengths, words.
//! * [`determinism`]: the same scenario gives the same bytes, whatever runs beside it and in whatever order it is written.
//! * [`docs`]: pages that the product generates about itself.
//! * [`reports`]: the worked studies: run again, drawn again, checked to be what they say.
//!
//! Nothing here is needed to build or to use `ecsim`.

pub mod conformance;
pub mod determinism;
pub mod docs;
pub mod files;
pub mod reports;
pub mod rust_source;
pub mod tidy;

use std::path::{Path, PathBuf};

/// Why a chore could not be done: a text that begins small and has no full stop.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The root of the workspace that this crate lies in.
#[must_use]
pub fn workspace_root() -> PathBuf {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_directory.ancestors().nth(2).unwrap_or(crate_directory).to_owned()
}
