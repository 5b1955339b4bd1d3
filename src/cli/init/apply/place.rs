//! Edge. Whose a place is: root writes nothing where somebody else could have put something.

use crate::cli::exit::{self, Failure};
use crate::cli::init::owner::Owner;
use crate::system::replaceable::{Weakness, weakness};
use crate::system::{groups, users};
use rustix::process::geteuid;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The metadata of `path` itself, if there is something. A symbolic link is refused, and as root what belongs to
/// others.
pub(super) fn look(path: &Path, owner: &Owner) -> Result<Option<Metadata>, Failure> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(None),
        other => other.map_err(|error| Failure::io(format!("cannot look at `{}`", path.display()), &error))?,
    };
    let refuse = |why: String| Err(Failure::new(exit::NO_PERMISSION, format!("`{}` {why}", path.display())));
    let is_root = geteuid().is_root();
    if found.is_symlink() && (is_root || !path.is_dir()) {
        return refuse("is a symbolic link: name the place itself".to_owned());
    }
    let allowed = [Some(geteuid().as_raw()), ids(owner).map(|(uid, _)| uid)];
    if !allowed.contains(&Some(found.uid())) {
        let (theirs, ours) = (users::name_of(found.uid()), &owner.user);
        return refuse(format!("belongs to {theirs}: name one that is {ours}'s, or one that is not there yet"));
    }
    Ok(Some(found))
}

/// Refuses a place that somebody else could exchange on the way to it.
pub(super) fn refuse_weak(path: &Path, owner: &Owner) -> Result<(), Failure> {
    let mut trusted = vec![geteuid().as_raw()];
    trusted.extend(ids(owner).map(|(uid, _)| uid));
    let existing = path.ancestors().skip(1).find(|parent| parent.exists()).unwrap_or(Path::new("/"));
    let why = match weakness(existing, &trusted) {
        None => return Ok(()),
        Some(Weakness::Open(at)) => format!("anybody may write to {}", at.display()),
        Some(Weakness::Foreign(at, uid)) => format!("{} belongs to {}", at.display(), users::name_of(uid)),
    };
    let remedy = "make it by hand, or choose another place";
    Err(Failure::new(exit::NO_PERMISSION, format!("`{}` is not safe to make: {why}; {remedy}", path.display())))
}

/// Numbers of a user and a group; `None`: there is no such user yet.
pub(super) fn ids(owner: &Owner) -> Option<(u32, u32)> {
    Some((users::named(&owner.user)?.uid, groups::id_of(&owner.group)?))
}

/// The numbers to give to a file: none where it is whoever writes.
pub(super) fn gift(owner: &Owner) -> Result<Option<(u32, u32)>, Failure> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let unknown =
        || Failure::new(exit::UNAVAILABLE, format!("there is no user {} or group {}", owner.user, owner.group));
    ids(owner).ok_or_else(unknown).map(Some)
}
