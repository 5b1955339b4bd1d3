//! Edge. A tree, copied: contents, modes, times and symbolic links; nothing else can be in it.

use crate::runner::steps::attempt::Trouble;
use crate::runner::steps::lookup::cause;
use rustix::fs::{CWD, OFlags, symlinkat};
use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Entries between two looks whether the attempt is over.
const ENTRIES_A_LOOK: u64 = 64;

/// Permissions that are kept: who may become somebody else by a file is not for a build to say.
const KEPT_MODE: u32 = 0o777;
/// Permissions of every directory: without them, only root could remove the tree again.
const REMOVABLE_MODE: u32 = 0o700;

/// The size of a copy.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// A copy under way.
pub(super) struct Copy<'a> {
    /// Fails once the attempt is over.
    pub(super) may_go_on: &'a mut dyn FnMut() -> Result<(), Trouble>,
    pub(super) copied: Copied,
    pub(super) entries: u64,
}

impl Copy<'_> {
    /// Copies the directory `from` to `to`, which must not exist.
    pub(super) fn directory(&mut self, from: &Path, to: &Path) -> Result<(), Trouble> {
        let facts = fs::symlink_metadata(from).map_err(|error| trouble("read", from, &error))?;
        DirBuilder::new().mode(0o700).create(to).map_err(|error| trouble("create", to, &error))?;
        let entries = fs::read_dir(from).map_err(|error| trouble("read", from, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| trouble("read", from, &error))?;
            self.entry(&entry.path(), &to.join(entry.file_name()))?;
        }
        let made = open(to, OFlags::DIRECTORY).map_err(|error| trouble("open", to, &error))?;
        dress(&made, &facts).map_err(|error| trouble("set the mode of", to, &error))
    }

    fn entry(&mut self, from: &Path, to: &Path) -> Result<(), Trouble> {
        if self.entries.is_multiple_of(ENTRIES_A_LOOK) {
            (self.may_go_on)()?;
        }
        self.entries += 1;
        let facts = fs::symlink_metadata(from).map_err(|error| trouble("read", from, &error))?;
        let kind = facts.file_type();
        if kind.is_dir() {
            return self.directory(from, to);
        }
        if kind.is_symlink() {
            let target = fs::read_link(from).map_err(|error| trouble("read", from, &error))?;
            return symlinkat(target, CWD, to).map_err(|errno| trouble("create", to, &errno.into()));
        }
        if !kind.is_file() {
            let text = format!("`{}` is no file, directory or symbolic link; nothing was published", from.display());
            return Err(Trouble::refused(text));
        }
        self.copied.files += 1;
        self.copied.bytes += file(from, to)?;
        Ok(())
    }
}

fn file(from: &Path, to: &Path) -> Result<u64, Trouble> {
    let mut source = open(from, OFlags::NOFOLLOW).map_err(|error| trouble("read", from, &error))?;
    let facts = source.metadata().map_err(|error| trouble("read", from, &error))?;
    let made = File::options().write(true).create_new(true).mode(0o600).open(to);
    let mut made = made.map_err(|error| trouble("create", to, &error))?;
    let bytes = io::copy(&mut source, &mut made).map_err(|error| trouble("write", to, &error))?;
    dress(&made, &facts).map_err(|error| trouble("set the mode of", to, &error))?;
    Ok(bytes)
}

fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = (flags | OFlags::NONBLOCK).bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

/// Gives a copy the mode and the time of what it is a copy of: web servers tell browsers the time.
fn dress(copy: &File, facts: &Metadata) -> io::Result<()> {
    let needed = if facts.is_dir() { REMOVABLE_MODE } else { 0 };
    copy.set_permissions(Permissions::from_mode((facts.mode() & KEPT_MODE) | needed))?;
    copy.set_modified(facts.modified()?)
}

/// A failure to do something with a path; a full disk may be emptied.
pub(super) fn trouble(verb: &str, path: &Path, error: &io::Error) -> Trouble {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let remedy = if full { "; free space or inodes there (`df`, `df -i`)" } else { "" };
    Trouble::failed(error, format!("cannot {verb} `{}`: {}{remedy}", path.display(), cause(error)))
}

/// The directory `path` below `dir`, with no symbolic link on the way.
pub(super) fn source(dir: &Path, path: &Path) -> Result<PathBuf, Trouble> {
    let mut found = dir.to_owned();
    for part in path.components() {
        found.push(part);
        let facts = fs::symlink_metadata(&found).map_err(|error| trouble("publish", &found, &error))?;
        if !facts.is_dir() {
            let text = format!("cannot publish `{}`: `{}` is no directory", path.display(), found.display());
            return Err(Trouble::refused(text));
        }
    }
    let mut entries = fs::read_dir(&found).map_err(|error| trouble("read", &found, &error))?;
    if entries.next().is_none() {
        return Err(Trouble::refused(format!("`{}` is empty; nothing was published", path.display())));
    }
    Ok(found)
}
