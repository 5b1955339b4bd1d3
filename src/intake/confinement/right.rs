//! Edge. The rights that a receiver keeps, and what lay at their paths when it got them.

use super::Stay;
use crate::config::{Config, SecretSource};
use crate::spool::ReceiverReach;
use crate::system::landlock::Permit;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A right at a path, and what lay there when it was given.
#[derive(Debug)]
pub(super) struct Right {
    path: PathBuf,
    permit: Permit,
    place: Option<(PathBuf, DeviceAndInode)>,
}

/// Device and inode.
type DeviceAndInode = (u64, u64);

impl Right {
    pub(super) fn new((path, permit): (PathBuf, Permit)) -> Self {
        let place = fs::canonicalize(&path).ok().zip(identity(&path));
        Self { path, permit, place }
    }

    pub(super) fn was_replaced(&self) -> bool {
        let before = self.place.as_ref().map(|(_, identity)| *identity);
        identity(&self.path).is_some_and(|now| Some(now) != before)
    }

    pub(super) fn covers(&self, real: &Path, permit: Permit) -> bool {
        self.place.as_ref().is_some_and(|(place, _)| real.starts_with(place)) && self.permit.includes(permit)
    }
}

fn identity(path: &Path) -> Option<DeviceAndInode> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Every right that a receiver needs.
pub(super) fn needed(config: &Config, reach: ReceiverReach, stay: Stay<'_>) -> Vec<(PathBuf, Permit)> {
    let mut files = secret_files(config);
    let sockets = match stay {
        Stay::OneRequest => &[],
        Stay::Long(sockets) => {
            // It is read again when somebody asks for that.
            files.push(config.file.clone());
            sockets
        }
    };
    let readable: BTreeSet<PathBuf> = files.iter().flat_map(|file| places_of(file)).collect();
    let removed = sockets.iter().filter_map(|socket| socket.parent()).map(|above| (above.to_owned(), Permit::REMOVE));
    // Where a call for random numbers is missing, they are read.
    let random = PathBuf::from("/dev/urandom");
    let readable = readable.into_iter().chain([random]).map(|path| (path, Permit::CONTENT));
    readable.chain(reach.rights).chain(removed).collect()
}

/// The directory of a file, in which another may take its place; and where its name is a link, the directory of what
/// that leads to.
fn places_of(file: &Path) -> Vec<PathBuf> {
    let is_link = fs::symlink_metadata(file).is_ok_and(|found| found.is_symlink());
    let real = is_link.then(|| fs::canonicalize(file).ok()).flatten();
    [Some(file), real.as_deref()].into_iter().flatten().filter_map(Path::parent).map(Path::to_owned).collect()
}

/// The files of all secrets that deliveries are checked with.
fn secret_files(config: &Config) -> Vec<PathBuf> {
    let sources = config.hooks.iter().flat_map(|hook| &hook.secrets).map(|secret| &secret.source);
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let file = |source: &SecretSource| match source {
        SecretSource::File(path) => Some(path.clone()),
        SecretSource::Credential(name) => Some(credentials.as_ref()?.join(name)),
        SecretSource::Env(_) => None,
    };
    sources.filter_map(file).collect()
}
