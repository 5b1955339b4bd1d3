//! Edge. Whether strangers come as far as a secret that its mode would let them read. Docker and Kubernetes mount
//! secrets with the modes 0444 and 0644, which nobody can change there.

use rustix::fs::StatVfsMountFlags;
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
    path.starts_with(CONTAINER_SECRETS) || is_read_only(&real) || real.ancestors().skip(1).any(is_closed)
}

/// True for a file on a mount on which nobody can change modes.
fn is_read_only(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY))
}
