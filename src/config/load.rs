//! Edge. Reads the configuration file.

use super::check::check;
use super::report::Report;
use super::settings::{Config, FileVersion};
use crate::system::errno::words;
use jiff::Timestamp;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Largest configuration in bytes; no person writes a larger one.
const LIMIT_BYTES: u64 = 1 << 20;

/// The bit of a mode by which everybody may write.
const OTHERS_MAY_WRITE: u32 = 0o002;

/// Error of a configuration that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read configuration `{}`: {}; {remedy}", file.display(), words(cause))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's error.
        cause: io::Error,
        /// The remedy.
        remedy: &'static str,
    },
    /// Anybody could have written the file, and so the commands in it.
    #[error("configuration `{}` may be written by anybody: `chmod o-w {}`, \
             and see whether it is still yours", .0.display(), .0.display())]
    Open(PathBuf),
    /// The file is not right.
    #[error(transparent)]
    Wrong(Report),
}

/// Reads and checks `file`.
pub fn load(file: &Path) -> Result<Config, LoadError> {
    let unreadable = |cause: io::Error| {
        let remedy = remedy(cause.kind());
        LoadError::Unreadable { file: file.to_owned(), cause, remedy }
    };
    let mut opened = File::open(file).map_err(unreadable)?;
    if opened.metadata().map_err(unreadable)?.mode() & OTHERS_MAY_WRITE != 0 {
        return Err(LoadError::Open(file.to_owned()));
    }
    let (read_at, version) = (Timestamp::now(), FileVersion::of(&opened.metadata().map_err(unreadable)?));
    let text = read(&mut opened).map_err(unreadable)?;
    let mut config = check(&text, file.to_owned()).map_err(LoadError::Wrong)?;
    config.file = std::path::absolute(file).map_err(unreadable)?;
    (config.read_at, config.version) = (read_at, version);
    Ok(config)
}

fn read(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|&byte| byte == b'\n').count();
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "create it, or name another with `--config` or `$HOOKSPOOL_CONFIG`",
        io::ErrorKind::PermissionDenied => {
            "let this user read it (receiver and runner both must): `chgrp hookspool` and `chmod 640`"
        }
        io::ErrorKind::InvalidData => "save it as UTF-8",
        _ => "name a regular file",
    }
}
