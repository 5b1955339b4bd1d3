//! Edge. A Unix listening socket on a path: ready, with its mode and group, before it appears under its name; never in
//! the place of anything but a dead socket, not even when two processes start at once.

use crate::system::errno::words;
use crate::system::random::random_bytes;
use crate::system::rename::rename_to_new;
use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Gid, Mode, OFlags, RenameFlags, Stat};
use rustix::fs::{chmod, chownat, flock, lstat, rename, renameat_with, unlink};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind as bind_socket, connect, listen, socket_with,
};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Connections that may wait to be accepted; the kernel lowers it to `net.core.somaxconn`.
pub(super) const BACKLOG: i32 = 4096;

/// A socket file of ours, removed when dropped if it is still ours.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if lstat(&self.path).is_ok_and(|found| identity(&found) == self.identity) {
            // If that fails, the next start finds a dead socket and replaces it.
            let _ = unlink(&self.path);
        }
    }
}

/// Listens on `path`.
pub(super) fn bind(path: &Path, mode: Option<u32>, group: Option<u32>) -> io::Result<(OwnedFd, SocketFile)> {
    let failed = |errno: Errno| explain(errno, &format!("cannot listen on {}", path.display()));
    let dead = dead_socket_at(path)?;
    let temporary = temporary_name(path)?;
    let socket = new_socket().map_err(failed)?;
    bind_socket(&socket, &SocketAddrUnix::new(&temporary).map_err(failed)?).map_err(failed)?;
    let ready = prepare(&socket, &temporary, mode, group).map_err(failed);
    let placed = ready.and_then(|identity| place(&temporary, path, dead).map(|()| identity));
    // What is left under the temporary name is our own socket, or the dead one that it replaced.
    let _ = unlink(&temporary);
    Ok((socket, SocketFile { path: path.to_owned(), identity: placed? }))
}

fn new_socket() -> rustix::io::Result<OwnedFd> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
}

/// Nobody can connect before `listen`, and nobody finds it before it is placed.
fn prepare(socket: &OwnedFd, path: &Path, mode: Option<u32>, group: Option<u32>) -> rustix::io::Result<(u64, u64)> {
    if let Some(group) = group {
        chownat(CWD, path, None, Some(Gid::from_raw(group)), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    if let Some(mode) = mode {
        chmod(path, Mode::from_raw_mode(mode))?;
    }
    listen(socket, BACKLOG)?;
    lstat(path).map(|stat| identity(&stat))
}

/// Moves the socket to its name: onto nothing, or in exchange for the dead socket that was seen there.
fn place(temporary: &Path, path: &Path, dead: Option<(u64, u64)>) -> io::Result<()> {
    let told = |errno| explain(errno, &format!("cannot place the socket {}", path.display()));
    let _turn = turn(path);
    let Some(dead) = dead else { return rename_to_new((CWD, temporary), (CWD, path)).map_err(told) };
    let is_dead = |path: &Path| lstat(path).is_ok_and(|found| identity(&found) == dead);
    let exchange = || renameat_with(CWD, temporary, CWD, path, RenameFlags::EXCHANGE);
    match exchange() {
        Ok(()) if is_dead(temporary) => return Ok(()),
        Ok(()) => exchange().map_err(told)?,
        // Before Linux 3.15, or on a file system without the flag, nothing exchanges: a look, and the move.
        Err(Errno::NOSYS | Errno::INVAL) if is_dead(path) => return rename(temporary, path).map_err(told),
        Err(Errno::NOSYS | Errno::INVAL) => {}
        Err(errno) => return Err(told(errno)),
    }
    Err(in_use(path, "another process has just placed something there"))
}

/// One process after the other places a socket in a directory, as far as its mode lets us in: an exchange needs no such
/// care, a look and a move do.
fn turn(path: &Path) -> Option<OwnedFd> {
    let directory = rustix::fs::open(path.parent()?, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    flock(&directory, FlockOperation::LockExclusive).ok()?;
    Some(directory)
}

/// The identity of a socket at `path` that nobody listens on; `None` if there is nothing at all.
fn dead_socket_at(path: &Path) -> io::Result<Option<(u64, u64)>> {
    let found = match lstat(path) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(explain(errno, &format!("cannot look at {}", path.display()))),
    };
    if FileType::from_raw_mode(found.st_mode) != FileType::Socket {
        return Err(in_use(path, "there is something that is no socket; remove it"));
    }
    match connect(&new_socket()?, &SocketAddrUnix::new(path)?) {
        Err(Errno::CONNREFUSED) => Ok(Some(identity(&found))),
        Ok(()) | Err(Errno::AGAIN) => Err(in_use(path, "a server answers there; stop it first")),
        Err(errno) => Err(explain(errno, &format!("cannot tell whether a server answers on {}", path.display()))),
    }
}

fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    Ok(path.with_file_name(format!(".{:08x}", u32::from_ne_bytes(random_bytes()?))))
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

fn in_use(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, format!("cannot listen on {}: {why}", path.display()))
}

/// An error with what was tried before its cause.
pub(super) fn explain(errno: Errno, tried: &str) -> io::Error {
    let cause = io::Error::from(errno);
    io::Error::new(cause.kind(), format!("{tried}: {}", words(&cause)))
}
