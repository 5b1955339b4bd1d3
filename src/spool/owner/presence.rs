//! Edge. The holder of the spool's lock: asked of the kernel, without touching the lock.

use crate::system::errno::words;
use crate::system::locks;
use jiff::Timestamp;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The holder of the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// A runner, or a verb that is carrying out an order itself.
    Held {
        /// Its process, as far as it can be seen from here.
        pid: Option<u32>,
        /// The time at which it took the lock.
        since: Option<Timestamp>,
    },
    /// Nobody.
    Free,
    /// It cannot be told from here; why.
    Unknown(String),
}

/// Looks at the lock of the spool at `root`. Trying it would for a moment keep a runner from starting. Where its file
/// was removed, the lock on `control/` tells.
pub fn presence(root: &Path) -> Presence {
    match holder_of(&root.join("lock")) {
        Presence::Free => holder_of(&root.join("control")),
        other => other,
    }
}

fn holder_of(path: &Path) -> Presence {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Presence::Free,
        Err(error) => return Presence::Unknown(format!("cannot look at {}: {}", path.display(), words(&error))),
        Ok(metadata) => metadata,
    };
    let written = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
    match locks::holder_of(metadata.dev(), metadata.ino(), written) {
        Err(error) => Presence::Unknown(format!("cannot read /proc/locks: {}", words(&error))),
        Ok(None) => Presence::Free,
        Ok(Some(pid)) => {
            let pid = u32::try_from(pid).ok().filter(|&pid| pid > 0).or(written);
            Presence::Held { pid, since: Timestamp::from_second(metadata.mtime()).ok() }
        }
    }
}
