//! Edge. Directories, files and links.

use super::GoalState;
use super::place::{self, gift, look, refuse_weak};
use super::write::{FileRights, put};
use crate::cli::exit::{self, Failure};
use crate::cli::init::goal::{Directory, SecretFile, TextFile};
use crate::cli::init::owner::Owner;
use crate::system::random::random_bytes;
use rustix::process::geteuid;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

const ROOT: (&str, &str) = ("root", "root");

pub(super) fn of_directory(it: &Directory) -> Result<GoalState, Failure> {
    let Some(found) = look(&it.path, &it.owner)? else { return Ok(GoalState::ToDo) };
    if !it.path.is_dir() {
        return Err(refused(&it.path, "is no directory"));
    }
    let ids = place::ids(&it.owner);
    // Who is not root makes directories of the group that the one above gives them.
    let is_same = |(uid, gid)| uid == found.uid() && (gid == found.gid() || !geteuid().is_root());
    let has_owner = ids.is_some_and(is_same);
    let is_usable = ids.is_some_and(|(uid, _)| uid == found.uid()) || it.owner.user == "root";
    if !it.is_ours && !is_usable {
        let why = format!("is not {}'s: name one that is, or one that is not there yet", it.owner.user);
        return Err(refused(&it.path, &why));
    }
    Ok(GoalState::of(!it.is_ours || (has_owner && found.mode() & 0o7777 == it.mode)))
}

pub(super) fn make_directory(it: &Directory) -> Result<(), Failure> {
    let unable = |error| Failure::create(format!("cannot make directory `{}`", it.path.display()), &error);
    refuse_weak(&it.path, &it.owner)?;
    if let Some(parent) = it.path.parent() {
        fs::create_dir_all(parent).map_err(unable)?;
    }
    if look(&it.path, &it.owner)?.is_none() {
        DirBuilder::new().mode(0o700).create(&it.path).map_err(unable)?;
    }
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
    let opened = rustix::fs::open(&it.path, flags, rustix::fs::Mode::empty()).map_err(io::Error::from);
    let rights = FileRights { mode: it.mode, ids: gift(&it.owner)? };
    opened.and_then(|dir| rights.give(&File::from(dir))).map_err(unable)
}

/// A file that begins as ours does is ours, and may have been edited since: then the edit stays.
pub(super) fn of_text(it: &TextFile) -> Result<GoalState, Failure> {
    let Some(found) = look(&it.path, &it.owner)? else { return Ok(GoalState::ToDo) };
    let text = read(&it.path, &found)?;
    if text == it.text {
        return Ok(GoalState::good());
    }
    if it.replaces.as_ref() == Some(&text) {
        return Ok(GoalState::ToDo);
    }
    if text.lines().next() == it.text.lines().next() {
        return Ok(GoalState::AsIs("edited by hand, and left so".to_owned()));
    }
    Err(refused(&it.path, &format!("is there already, and is not ours; add this to it by hand:\n{}", it.text)))
}

pub(super) fn write_text(it: &TextFile) -> Result<(), Failure> {
    refuse_weak(&it.path, &it.owner)?;
    let mut rights = FileRights { mode: it.mode, ids: gift(&it.owner)? };
    if let Some(found) = look(&it.path, &it.owner)? {
        rights = FileRights { mode: found.mode() & 0o7777, ids: rights.ids.map(|_| (found.uid(), found.gid())) };
    }
    make_parent(&it.path)?;
    let fill = |file: &mut File| file.write_all(it.text.as_bytes());
    put(&it.path, rights, it.replaces.is_some(), fill).map_err(|error| unwritten(&it.path, &error))
}

pub(super) fn of_secret(it: &SecretFile) -> Result<GoalState, Failure> {
    let Some(found) = look(&it.path, &it.owner)? else { return Ok(GoalState::ToDo) };
    if !found.is_file() {
        return Err(refused(&it.path, "is no file"));
    }
    if found.mode() & 0o007 != 0 {
        return Err(refused(&it.path, &format!("is open to all: `chmod {:04o} {}`", it.mode, it.path.display())));
    }
    Ok(GoalState::good())
}

pub(super) fn write_secret(it: &SecretFile) -> Result<(), Failure> {
    refuse_weak(&it.path, &it.owner)?;
    let bytes = it.from.as_deref().map_or_else(|| fresh(it.prefix), copied)?;
    let rights = FileRights { mode: it.mode, ids: gift(&it.owner)? };
    put(&it.path, rights, false, |file| file.write_all(&bytes)).map_err(|error| unwritten(&it.path, &error))
}

fn copied(from: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(from).map_err(|error| Failure::io(format!("cannot read `{}`", from.display()), &error))
}

fn fresh(prefix: &str) -> Result<Vec<u8>, Failure> {
    let random = random_bytes::<32>().map_err(|error| Failure::io("cannot get random bytes", &error.into()))?;
    Ok(format!("{prefix}{}\n", hex::encode(random)).into_bytes())
}

/// Another version is not ours to replace: services may run it.
pub(super) fn of_program(from: &Path, to: &Path) -> Result<GoalState, Failure> {
    if look(to, &Owner::new(ROOT.0, ROOT.1))?.is_none() {
        return Ok(GoalState::ToDo);
    }
    let same = same_bytes(from, to).map_err(|error| Failure::io(format!("cannot read `{}`", to.display()), &error))?;
    if same {
        return Ok(GoalState::good());
    }
    let install = format!("install -m 0755 {} {}", from.display(), to.display());
    Err(refused(to, &format!("is another version: run that one, or replace it: `{install}`")))
}

pub(super) fn copy_program(from: &Path, to: &Path) -> Result<(), Failure> {
    refuse_weak(to, &Owner::new(ROOT.0, ROOT.1))?;
    let fill = |file: &mut File| io::copy(&mut File::open(from)?, file).map(drop);
    put(to, FileRights { mode: 0o755, ids: None }, false, fill).map_err(|error| unwritten(to, &error))
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..count])?;
        if left[..count] != right[..count] {
            return Ok(false);
        }
    }
}

pub(super) fn of_link(at: &Path, to: &Path) -> Result<GoalState, Failure> {
    match fs::read_link(at) {
        Ok(target) if target == to => Ok(GoalState::good()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(GoalState::ToDo),
        _ => Err(refused(at, &format!("is there already, and is no link to {}", to.display()))),
    }
}

pub(super) fn link(at: &Path, to: &Path) -> Result<(), Failure> {
    refuse_weak(at, &Owner::new(ROOT.0, ROOT.1))?;
    std::os::unix::fs::symlink(to, at).map_err(|error| unwritten(at, &error))
}

pub(super) fn of_line(file: &Path, line: &str) -> Result<GoalState, Failure> {
    let Some(found) = look(file, &Owner::new(ROOT.0, ROOT.1))? else { return Err(refused(file, "is not there")) };
    let text = read(file, &found)?;
    Ok(GoalState::of(text.lines().any(|other| other.trim() == line)))
}

pub(super) fn append(file: &Path, line: &str) -> Result<(), Failure> {
    let owner = Owner::new(ROOT.0, ROOT.1);
    refuse_weak(file, &owner)?;
    let Some(found) = look(file, &owner)? else { return Err(refused(file, "is not there")) };
    let text = read(file, &found)?;
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let rights = FileRights { mode: found.mode() & 0o7777, ids: gift(&owner)?.map(|_| (found.uid(), found.gid())) };
    let write = |to: &mut File| to.write_all(format!("{text}{end}{line}\n").as_bytes());
    put(file, rights, true, write).map_err(|error| unwritten(file, &error))
}

fn read(path: &Path, found: &Metadata) -> Result<String, Failure> {
    if !found.is_file() {
        return Err(refused(path, "is no file"));
    }
    fs::read_to_string(path).map_err(|error| Failure::io(format!("cannot read `{}`", path.display()), &error))
}

/// Directories of a server's configuration, such as that of a unit's drop-ins.
fn make_parent(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(|error| Failure::create(format!("cannot make `{}`", parent.display()), &error))
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(exit::CANNOT_CREATE, format!("`{}` {why}", path.display()))
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::create(format!("cannot write `{}`", path.display()), error)
}
