//! Edge. Reads secrets from files, environment and systemd credentials. An error names the source, never the value.

mod oddity;
mod reach;
#[cfg(test)]
mod tests;

pub use oddity::oddity;
pub use reach::is_out_of_reach;

use super::settings::{Hook, HookSecret, SecretSource};
use crate::provider::Secret;
use crate::system::errno::words;
use jiff::Timestamp;
use rustix::fs::{Mode, OFlags};
use std::env;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Longest secret in bytes, without its line end.
const LIMIT_BYTES: usize = 4096;

/// Error of a secret that cannot be used. Every message begins with its source.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file, or the credential's file, cannot be read.
    #[error("cannot read secret {source_name}: {}", words(cause))]
    Unreadable {
        /// Its source.
        source_name: String,
        /// The system's error.
        cause: io::Error,
    },
    /// Others may read it, and so sign with it, or write it.
    #[error("secret {source_name} {what}; type `chmod 640 {}`", path.display())]
    Exposed {
        /// Its source.
        source_name: String,
        /// The rights of others.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// It is absent, empty, too long or damaged.
    #[error("secret {source_name} {what}")]
    Unusable {
        /// Its source.
        source_name: String,
        /// Problem and remedy.
        what: String,
    },
}

impl SecretError {
    /// True if another user, or a process that is started otherwise, may well be able to read it.
    pub fn is_of_this_process(&self) -> bool {
        match self {
            Self::Unreadable { cause, .. } => cause.kind() == io::ErrorKind::PermissionDenied,
            Self::Unusable { source_name, .. } => !source_name.starts_with("file "),
            Self::Exposed { .. } => false,
        }
    }
}

impl Hook {
    /// Reads the secrets of the hook that count at `now`; fails if one of them cannot be used.
    pub fn secrets_at(&self, now: Timestamp) -> Result<Vec<(&HookSecret, Secret)>, SecretError> {
        let counting = self.secrets.iter().filter(|secret| secret.counts_at(now));
        counting.map(|secret| Ok((secret, secret.source.read()?))).collect()
    }
}

impl SecretSource {
    /// Reads the secret: the bytes without one trailing line end.
    pub fn read(&self) -> Result<Secret, SecretError> {
        self.read_in(|name| env::var_os(name))
    }

    fn read_in(&self, environment: impl Fn(&str) -> Option<OsString>) -> Result<Secret, SecretError> {
        let bytes = match self {
            Self::File(path) => read_file(path, true),
            Self::Env(name) => environment(name).map(OsString::into_vec).ok_or_else(|| ReadError::other("is not set")),
            Self::Credential(name) => {
                credential_path(name, environment("CREDENTIALS_DIRECTORY")).and_then(|path| read_file(&path, false))
            }
        };
        bytes.and_then(usable).map_err(|trouble| trouble.with(self.source_name()))
    }

    /// The source, for people: ``file `/etc/…` ``.
    pub fn source_name(&self) -> String {
        match self {
            Self::File(path) => format!("file `{}`", path.display()),
            Self::Env(name) => format!("variable `{name}`"),
            Self::Credential(name) => format!("credential `{name}`"),
        }
    }
}

/// An error that does not know its source yet.
enum ReadError {
    Io(io::Error),
    Exposed(&'static str, PathBuf),
    Other(String),
}

impl ReadError {
    fn other(what: impl Into<String>) -> Self {
        Self::Other(what.into())
    }

    fn with(self, source_name: String) -> SecretError {
        match self {
            Self::Io(cause) => SecretError::Unreadable { source_name, cause },
            Self::Exposed(what, path) => SecretError::Exposed { source_name, what, path },
            Self::Other(what) => SecretError::Unusable { source_name, what },
        }
    }
}

/// `LoadCredential=` and `SetCredential=` of systemd.exec(5).
fn credential_path(name: &str, directory: Option<OsString>) -> Result<PathBuf, ReadError> {
    let directory = directory.map(PathBuf::from).filter(|path| path.is_absolute());
    let hint = "is not there: `$CREDENTIALS_DIRECTORY` is not set; add `LoadCredential=` to the systemd unit";
    directory.map(|directory| directory.join(name)).ok_or_else(|| ReadError::other(hint))
}

fn read_file(path: &Path, guarded: bool) -> Result<Vec<u8>, ReadError> {
    // Without O_NONBLOCK a FIFO in the secret's place would hang the receiver.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| ReadError::Io(errno.into()))?);
    let metadata = file.metadata().map_err(ReadError::Io)?;
    if !metadata.is_file() {
        return Err(ReadError::other("is not a regular file"));
    }
    if guarded {
        closed_to_others(&metadata, path)?;
    }
    let mut bytes = Vec::new();
    file.take(LIMIT_BYTES as u64 + 3).read_to_end(&mut bytes).map_err(ReadError::Io)?;
    Ok(bytes)
}

/// Fails for a file that others may read, and so sign with, or write. The group may read: it is the web server's.
fn closed_to_others(metadata: &Metadata, path: &Path) -> Result<(), ReadError> {
    let mode = metadata.permissions().mode();
    let what = if mode & 0o004 != 0 && !is_out_of_reach(path) {
        "can be read by everybody"
    } else if mode & 0o022 != 0 {
        "can be written by others than its owner"
    } else {
        return Ok(());
    };
    Err(ReadError::Exposed(what, path.to_owned()))
}

fn usable(mut bytes: Vec<u8>) -> Result<Secret, ReadError> {
    if bytes.ends_with(b"\n") {
        bytes.pop();
        bytes.pop_if(|last| *last == b'\r');
    }
    if bytes.len() > LIMIT_BYTES {
        return Err(ReadError::other(format!("is longer than {LIMIT_BYTES} bytes")));
    }
    if bytes.contains(&0) {
        return Err(ReadError::other("holds a NUL byte"));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::other("is empty"));
    }
    Secret::new(bytes).ok_or_else(|| ReadError::other("is empty"))
}
