//! Edge. Makes a spool: directories, version, lock, sequence, reserve. What is there already stays as it is.

use super::real::RealDisk;
use super::reserve;
use super::version;
use super::{Disk, LOCK_MODE, Place, SHARED_MODE};
use crate::model::State;
use crate::spool::SpoolError;
use crate::system::random::random_bytes;
use crate::system::rename::rename_to_new;
use rustix::fs::{CWD, Mode, OFlags, fchmod, fstat, fsync};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The sequence before the first job.
const FIRST: &[u8] = b"0000000000000000000\n";

/// The users who take part in a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Its owner: receivers and runner are one user.
    Owner,
    /// Its group, too: receivers may be other users.
    Group,
}

/// The audience of the spool at `root`. A setgid directory is its group's, too; and so is a spool into which its group
/// can write already, of which a backup lost that bit.
pub fn audience(root: &Path) -> Audience {
    let mode = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.mode());
    let queued = root.join(State::Queued.as_str());
    if is_setgid(mode(root)) || mode(&queued) & 0o020 != 0 { Audience::Group } else { Audience::Owner }
}

/// `true` for a directory in which no part of a spool is yet.
pub fn is_unmade(root: &Path) -> bool {
    let parts = Place::BELOW_ROOT.map(|place| root.join(place.as_str()));
    fs::read_dir(root).is_ok() && !parts.iter().any(|part| part.exists())
}

fn is_setgid(mode: u32) -> bool {
    mode & 0o2000 != 0
}

/// Makes the spool at `root`, and its parents, as far as it is missing. Safe to repeat, and safe beside a running
/// receiver and runner; never changes the owner, group or mode of what exists. Everything is flushed when it returns.
///
/// A new spool is for nobody but us, unless the directory above is setgid. Where receivers are other users, make `root`
/// beforehand, `deploy:hookspool`, mode 2751: what is made in it is for that group, too.
pub fn create(root: &Path) -> Result<(), SpoolError> {
    // What a newer program made is left as it is.
    if root.exists() {
        version::open(root)?;
    }
    make_dir(root, &|inherits| mode_of(Place::Root, if inherits { Audience::Group } else { Audience::Owner }))?;
    let audience = audience(root);
    let make_below = |place: Place| make_dir(&root.join(place.as_str()), &|_| mode_of(place, audience));
    Place::VITAL.iter().copied().try_for_each(make_below)?;
    // Without traces of deliveries jobs run all the same.
    let _ = make_below(Place::Seen);
    let disk = version::open(root)?;
    make_file(&disk, version::FILE, version::MODE, format!("{}\n", version::VERSION).as_bytes())?;
    make_file(&disk, "lock", LOCK_MODE, b"")?;
    make_file(&disk, "sequence", SHARED_MODE, FIRST)?;
    // A reserve is a comfort: a disk that has no room for it can still take jobs.
    reserve::refill(&disk).map_err(|e| SpoolError::call("write", root.join("reserve"), e))?;
    disk.flush_dir(Place::Root).map_err(|e| SpoolError::call("flush", root, e))
}

/// Mode of a directory of the spool. Receivers write to three, where none may remove another's file; the rest is the
/// runner's, and who may write to `control/` orders it about. Others may pass the spool, and its group may look.
pub fn mode_of(place: Place, audience: Audience) -> u32 {
    match place {
        _ if audience == Audience::Owner => 0o700,
        Place::Root => 0o2751,
        Place::Control => 0o700,
        Place::Tmp | Place::Seen | Place::In(State::Queued) => 0o3770,
        _ => 0o2750,
    }
}

/// Makes a directory under another name first, so that no crash leaves one with the wrong mode under its own. `mode` is
/// told whether it inherits the group of the one above.
fn make_dir(path: &Path, mode: &dyn Fn(bool) -> u32) -> Result<(), SpoolError> {
    if path.exists() {
        return open_dir(path).map(drop).map_err(|e| SpoolError::call("open", path, e));
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    fs::create_dir_all(&parent).map_err(|e| SpoolError::call("create", &parent, errno(&e)))?;
    let fresh = random_bytes::<8>().map(|random| parent.join(format!(".new.{}", hex::encode(random))));
    let result = fresh.and_then(|fresh| {
        rustix::fs::mkdir(&fresh, Mode::from_raw_mode(0o700))?;
        name_dir(&fresh, path, mode).inspect_err(|_| drop(fs::remove_dir(&fresh)))
    });
    match result {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(e) => return Err(SpoolError::call("create", path, e)),
    }
    open_dir(&parent).and_then(fsync).map_err(|e| SpoolError::call("flush", &parent, e))
}

fn name_dir(fresh: &Path, path: &Path, mode: &dyn Fn(bool) -> u32) -> Result<(), Errno> {
    let dir = open_dir(fresh)?;
    let inherits = is_setgid(fstat(&dir)?.st_mode);
    fchmod(&dir, Mode::from_raw_mode(mode(inherits)))?;
    rename_to_new((CWD, fresh), (CWD, path))?;
    fsync(&dir)
}

fn open_dir(path: &Path) -> Result<std::os::fd::OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn make_file(disk: &RealDisk, name: &str, mode: u32, content: &[u8]) -> Result<(), SpoolError> {
    let path = disk.path(Place::Root, OsStr::new(name));
    let file = match disk.create(Place::Root, OsStr::new(name), mode) {
        Err(Errno::EXIST) => return Ok(()),
        other => other.map_err(|e| SpoolError::call("create", &path, e))?,
    };
    let written = disk.write_all_at(&file, content, 0).and_then(|()| disk.flush(&file));
    written.map_err(|e| SpoolError::call("write", &path, e))
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
