//! Pure. Errors of a spool, in words for the operator. Nothing here is for a sender's eyes.

use crate::model::{IllegalMove, JobId, exit_code};
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// An error of the spool.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A call to the system failed.
    #[error("cannot {call} {}: {}{}", path.display(), words(*errno), remedy(*errno))]
    Call {
        /// The action, as a verb.
        call: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's answer.
        errno: Errno,
    },
    /// Another runner has the spool.
    #[error("{} is locked by {}; only one runner works on a spool", path.display(), holder(*pid))]
    Locked {
        /// Its process, if the lock file says.
        pid: Option<u32>,
        /// The lock file.
        path: PathBuf,
    },
    /// A directory of the spool is not the one that this process opened.
    #[error("{} was moved, replaced or mounted over since it was opened; start this process again", path.display())]
    Replaced {
        /// Its path.
        path: PathBuf,
    },
    /// An entry of the spool is nothing that any part of this program made.
    #[error("{} is no file of a receiver; remove it", path.display())]
    Strange {
        /// Its path.
        path: PathBuf,
    },
    /// The spool is of a version that this program does not know.
    #[error(
        "{} says `{found}`, and this program knows spools of version {known} at most; nothing was touched: run the \
         hookspool that wrote it, or a newer one",
        path.display()
    )]
    UnknownVersion {
        /// The file that says so.
        path: PathBuf,
        /// Its content.
        found: String,
        /// The highest that is known.
        known: u64,
    },
    /// A job's description does not fit its line.
    #[error("the job's description takes {bytes} bytes, more than {limit_bytes}; allow fewer or shorter headers")]
    DescriptionTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The time of arrival has no sequence number.
    #[error("the clock says {0}, which no job can be named after; set the clock")]
    ClockOutOfRange(jiff::Timestamp),
    /// There is no such job where it was looked for.
    #[error("job {0} not found; it may have been moved in the meantime")]
    NoSuchJob(JobId),
    /// The job cannot go there.
    #[error(transparent)]
    IllegalMove(#[from] IllegalMove),
    /// A flush of the job's history failed before, and nothing can be promised of it any more.
    #[error("the history of job {0} could not be flushed before; stop, look at the disk, then start again")]
    HistoryLost(JobId),
}

impl SpoolError {
    /// `cannot <call> <path>: <errno>; <remedy>`.
    pub(super) fn call(call: &'static str, path: impl AsRef<Path>, errno: Errno) -> Self {
        Self::Call { call, path: path.as_ref().to_owned(), errno }
    }

    /// The system's answer, where there was one.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::Call { errno, .. } => Some(*errno),
            _ => None,
        }
    }

    /// `true` if a right is missing.
    pub fn is_permission(&self) -> bool {
        matches!(self.errno(), Some(Errno::ACCESS | Errno::PERM))
    }

    /// `true` if something is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NoSuchJob(_)) || self.errno() == Some(Errno::NOENT)
    }

    /// The exit code of a verb that cannot go on for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Locked { .. } | Self::Replaced { .. } => exit_code::TRY_AGAIN,
            Self::Call { .. } if self.is_permission() => exit_code::NO_PERMISSION,
            Self::Call { .. } if self.is_missing() => exit_code::CANNOT_CREATE,
            Self::IllegalMove(_) => exit_code::INTERNAL,
            Self::UnknownVersion { .. } => exit_code::UNAVAILABLE,
            _ => exit_code::IO_ERROR,
        }
    }
}

/// `true` if space, inodes or quota ran out.
pub(super) fn is_full(errno: Errno) -> bool {
    matches!(errno, Errno::NOSPC | Errno::DQUOT)
}

/// `true` for the answer of a damaged disk or file system, as against a shortage that passes.
pub(super) fn is_damage(errno: Errno) -> bool {
    matches!(errno, Errno::IO | Errno::UCLEAN | Errno::BADMSG)
}

/// Reads once more where the disk reports damage: a sector may be read at the second try.
pub(super) fn read_twice<T>(read: impl Fn() -> Result<T, Errno>) -> Result<T, Errno> {
    read().or_else(|errno| if is_damage(errno) { read() } else { Err(errno) })
}

/// `true` for an answer about one file, as against a shortage that passes, or a spool that is not there.
pub(super) fn is_unreadable(errno: Errno) -> bool {
    is_damage(errno) || matches!(errno, Errno::ACCESS | Errno::PERM | Errno::LOOP | Errno::NXIO | Errno::FBIG)
}

/// The system's sentence, as every message says it.
pub(super) fn words(errno: Errno) -> String {
    crate::system::errno::words(&errno.into())
}

fn remedy(errno: Errno) -> &'static str {
    match errno {
        Errno::NOSPC => "; free space or inodes there (`df`, `df -i`)",
        Errno::DQUOT => "; free space or raise the quota",
        Errno::ACCESS | Errno::PERM => "; run as the spool's owner or as a member of its group",
        Errno::ROFS => "; see the kernel's log for the reason, then mount it read-write",
        Errno::IO => "; the disk reports a fault: see the kernel's log",
        Errno::MFILE | Errno::NFILE => "; raise the limit of open files",
        Errno::NOENT => "; the runner makes what is missing when it starts",
        Errno::TIMEDOUT => "; another process holds it: see `fuser` of the file, and end that process",
        Errno::INVAL | Errno::NOSYS => "; put the spool on a local file system such as ext4, xfs or btrfs",
        _ => "",
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another runner".to_owned(), |pid| format!("the runner with process id {pid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_call_the_path_the_cause_and_the_remedy() {
        let error = SpoolError::call("create", "/s/tmp/1", Errno::NOSPC);
        assert_eq!(
            error.to_string(),
            "cannot create /s/tmp/1: no space left on device; free space or inodes there (`df`, `df -i`)"
        );
        assert!(!error.is_permission());
        assert_eq!(error.exit_code(), 74, "a full disk");
    }

    #[test]
    fn a_locked_spool_names_the_holder_and_says_try_later() {
        let error = SpoolError::Locked { pid: Some(7), path: "/s/lock".into() };
        assert_eq!(
            error.to_string(),
            "/s/lock is locked by the runner with process id 7; only one runner works on a spool"
        );
        assert_eq!(error.exit_code(), 75);
    }
}
