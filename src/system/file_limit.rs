//! Edge. A limit on the size of files (`ulimit -f`), met by an error instead of a signal that ends the process.

use signal_hook::consts::SIGXFSZ;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// From now on a write beyond the limit fails with `EFBIG` (setrlimit(2)). The signal is caught, not ignored: programs
/// that are started later have it as they expect it.
pub fn as_error() -> io::Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}
