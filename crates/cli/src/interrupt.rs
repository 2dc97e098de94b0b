//! Ctrl-C: the run stops at the next event, removes what it had begun to write, and says so.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static HANDLER: Once = Once::new();

/// Begins to listen. Without a handler (none could be set) Ctrl-C kills the process as ever.
pub fn listen() {
    HANDLER.call_once(|| {
        let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
    });
}

/// Whether somebody pressed Ctrl-C.
#[must_use]
pub fn happened() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
