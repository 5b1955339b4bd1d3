//! Edge. The payload as a file for the steps: the JSON document, also where the forge sent a form.

use crate::model::JobId;
use crate::provider::Provider;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A payload that lies beside its job while it runs, and goes away with this value. It can be made anew at any time,
/// so nothing is flushed.
#[derive(Debug)]
pub(super) struct PayloadFile(PathBuf);

impl PayloadFile {
    /// Writes what `body` holds as `<id>.payload` into `dir`, for its owner to read.
    pub(super) fn write(
        dir: &Path,
        id: JobId,
        provider: &Provider,
        is_form: bool,
        body: &mut dyn Read,
    ) -> io::Result<Self> {
        let path = path(dir, id);
        let mut file = create(&path)?;
        let payload = Self(path);
        io::copy(&mut provider.document(is_form, body), &mut file)?;
        Ok(payload)
    }

    /// Removes what a runner that died has left.
    pub(super) fn remove(dir: &Path, id: JobId) {
        drop(Self(path(dir, id)));
    }

    /// Removes every one in `dir`: those of jobs that have moved on, whose removal failed. Only while nothing runs.
    pub(super) fn remove_all(dir: &Path) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.filter(|path| path.extension().is_some_and(|e| e == "payload")).for_each(|path| drop(Self(path)));
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

fn path(dir: &Path, id: JobId) -> PathBuf {
    dir.join(format!("{id}.payload"))
}

/// A runner that was killed may have left one.
fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

impl Drop for PayloadFile {
    fn drop(&mut self) {
        // What stays behind is removed at the next attempt, or when the next runner starts.
        let _ = std::fs::remove_file(&self.0);
    }
}
