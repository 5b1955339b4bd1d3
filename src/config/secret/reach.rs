//! Edge. Secrets that strangers cannot reach although the mode would let them read. Docker mounts secrets with the
//! mode 0444, which nobody can change there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The directory where Docker mounts secrets, each into the one container that is to have it.
const CONTAINER_SECRETS: &str = "/run/secrets";
/// The bit of a directory's mode by which everybody may pass it.
const OTHERS_MAY_PASS: u32 = 0o001;

/// True if a file is mounted for this container alone, or lies behind a directory that others cannot pass.
pub fn is_out_of_reach(path: &Path) -> bool {
    let Ok(real) = fs::canonicalize(path) else { return false };
    let is_closed = |dir: &Path| fs::metadata(dir).is_ok_and(|metadata| metadata.mode() & OTHERS_MAY_PASS == 0);
    real.starts_with(CONTAINER_SECRETS) || real.ancestors().skip(1).any(is_closed)
}
