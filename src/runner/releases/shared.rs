//! Edge. Paths that all releases share: in each a link leads to `shared/`.
//!
//! - What is not there yet is taken from the site that `current` is before the first switch, or from the commit; or a
//!   directory is made.
//! - A link hides nothing that the commit has: files below it must be in `shared/`, too, and be the same. Files that
//!   only keep a directory in a repository (`.gitkeep`, `.gitignore`) are put there where they are missing.

use super::fault::ReleaseFault;
use super::name::ReleaseName;
use super::place::{Current, ReleasesDir};
use crate::config::SharedPath;
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with, symlinkat};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Names of files whose content says nothing to a program.
const PLACEHOLDERS: [&str; 4] = [".gitkeep", ".gitignore", ".keep", ".empty"];
/// Most names in one message.
const NAMED: usize = 5;

impl ReleasesDir {
    /// Links the shared paths into a release; what there is to be said of it.
    pub fn share(&self, release: &ReleaseName, paths: &[SharedPath]) -> Result<Vec<String>, ReleaseFault> {
        let mut said = Vec::new();
        for shared in paths {
            self.share_one(release, shared, &mut said)?;
        }
        Ok(said)
    }

    fn share_one(
        &self,
        release: &ReleaseName,
        shared: &SharedPath,
        said: &mut Vec<String>,
    ) -> Result<(), ReleaseFault> {
        let path = shared.path.as_path();
        let (here, there) = (self.path_of(release).join(path), self.shared().join(path));
        refuse_links_of_others(&self.shared(), path)?;
        make_way(&self.path_of(release), path)?;
        // A move that was cut short left the link that was to take the place of what is moved.
        if fs::read_link(&there).is_ok_and(|led| led == from_site(path)) {
            remove(&there)?;
        }
        if is_absent(&there)? {
            self.make_dirs(there.parent().unwrap_or(&there))?;
            said.push(self.adopt(shared, &here, &there)?);
        }
        if !is_absent(&here)? {
            let mut hidden = Vec::new();
            hidden_by((&there, &here), path, true, &mut hidden)?;
            if !hidden.is_empty() {
                return Err(hides(path, &there, &hidden));
            }
            remove(&here)?;
        }
        symlinkat(relative(path), CWD, &here).map_err(|errno| ReleaseFault::call("create", &here, &errno.into()))
    }

    /// Brings what is shared to its place, for the first time.
    fn adopt(&self, shared: &SharedPath, here: &Path, there: &Path) -> Result<String, ReleaseFault> {
        let path = shared.path.display();
        let of_site = self.link().join(&shared.path);
        if self.current()? == Current::Directory && !is_absent(&of_site)? {
            move_from_site(&shared.path, &of_site, there)?;
            return Ok(format!("moved `{path}` of the site to `{}`", there.display()));
        }
        if !is_absent(here)? {
            fs::rename(here, there).map_err(|error| by_hand(here, there, &error))?;
            return Ok(format!("made `{}` of what the commit has", there.display()));
        }
        let is_file = shared.path.file_name().is_some_and(|name| name.to_string_lossy().contains('.'));
        if is_file && !shared.is_directory {
            return Err(ReleaseFault::new(format!(
                "`{path}` is shared, and is neither in `{}` nor in the commit; put it there (for a directory, write \
                 `{path}/`)",
                self.shared().display()
            )));
        }
        self.make_dirs(there)?;
        Ok(format!("made the directory `{}`", there.display()))
    }
}

/// In one step, so that the site misses it at no moment: a link takes its place there.
fn move_from_site(path: &Path, of_site: &Path, there: &Path) -> Result<(), ReleaseFault> {
    symlinkat(from_site(path), CWD, there).map_err(|errno| ReleaseFault::call("create", there, &errno.into()))?;
    renameat_with(CWD, of_site, CWD, there, RenameFlags::EXCHANGE).map_err(|errno| {
        let _not_there_next_time = fs::remove_file(there);
        by_hand(of_site, there, &errno.into())
    })
}

fn by_hand(from: &Path, to: &Path, error: &io::Error) -> ReleaseFault {
    let (from, to) = (from.display(), to.display());
    let error = crate::system::errno::words(error);
    ReleaseFault::new(format!("cannot move `{from}` to `{to}`: {error}; move it by hand (`mv {from} {to}`)"))
}

/// `a/b` of a release leads to `../../../shared/a/b`: a relative link outlives a move of the directory, and a chroot.
fn relative(path: &Path) -> PathBuf {
    let mut led = PathBuf::from("..");
    led.extend(path.components().map(|_| ".."));
    led.push("shared");
    led.push(path);
    led
}

/// The same from the site that `current` was, or from where it was set aside.
fn from_site(path: &Path) -> PathBuf {
    let mut led: PathBuf = path.components().map(|_| "..").collect();
    led.push("shared");
    led.push(path);
    led
}

/// Whoever may write above a shared path, such as a web server's user, may lead it elsewhere by a link: what is put
/// there, and what releases serve, would be of their choice.
fn refuse_links_of_others(top: &Path, path: &Path) -> Result<(), ReleaseFault> {
    let trusted = [0, rustix::process::geteuid().as_raw()];
    let mut at = top.to_owned();
    for part in path.components() {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ReleaseFault::call("look at", &at, &error)),
            Ok(facts) if facts.is_symlink() && !trusted.contains(&facts.uid()) => {
                let at = at.display();
                return Err(ReleaseFault::new(format!("`{at}` is a link that somebody else made; remove it")));
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Makes the directories above `path` in the release at `top`.
fn make_way(top: &Path, path: &Path) -> Result<(), ReleaseFault> {
    let mut at = top.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        at.push(part);
        let made = match fs::symlink_metadata(&at) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(&at),
            Ok(facts) if facts.is_dir() => Ok(()),
            Ok(_) => {
                let (path, at) = (path.display(), at.strip_prefix(top).unwrap_or(&at).display());
                return Err(ReleaseFault::new(format!(
                    "`{path}` cannot be shared: `{at}` of the commit is no directory"
                )));
            }
            Err(error) => Err(error),
        };
        made.map_err(|error| ReleaseFault::call("create", &at, &error))?;
    }
    Ok(())
}

fn is_absent(path: &Path) -> Result<bool, ReleaseFault> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(ReleaseFault::call("look at", path, &error)),
    }
}

/// Names what is at `here`, and not the same at `there`. `path` is what both are called in messages.
fn hidden_by(
    (there, here): (&Path, &Path),
    path: &Path,
    is_top: bool,
    hidden: &mut Vec<PathBuf>,
) -> Result<(), ReleaseFault> {
    let failed = |error: &io::Error| ReleaseFault::call("compare", here, error);
    let facts = fs::symlink_metadata(here).map_err(|error| failed(&error))?;
    // No link below leads a file of ours to where somebody else wants one.
    let is_plain = || fs::symlink_metadata(there).is_ok_and(|facts| facts.is_dir());
    if facts.is_dir() && (is_absent(there)? || is_plain() || (is_top && there.is_dir())) {
        for entry in fs::read_dir(here).map_err(|error| failed(&error))? {
            let name = entry.map_err(|error| failed(&error))?.file_name();
            hidden_by((&there.join(&name), &here.join(&name)), &path.join(&name), false, hidden)?;
        }
        return Ok(());
    }
    if path.file_name().is_some_and(is_placeholder) && facts.is_file() {
        return put_placeholder(here, there).map_err(|error| ReleaseFault::call("copy", here, &error));
    }
    let is_same = match fs::read_link(here) {
        Ok(led) => fs::read_link(there).is_ok_and(|other| other == led),
        Err(_) => has_content_of(there, here).unwrap_or(false),
    };
    if !is_same {
        hidden.push(path.to_owned());
    }
    Ok(())
}

/// A web server's user may have put anything there, also what nobody can read to its end.
fn has_content_of(there: &Path, here: &Path) -> io::Result<bool> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(there)?;
    let facts = file.metadata()?;
    let ours = fs::read(here)?;
    if !facts.is_file() || facts.len() != ours.len() as u64 {
        return Ok(false);
    }
    let mut theirs = Vec::with_capacity(ours.len());
    file.take(facts.len()).read_to_end(&mut theirs)?;
    Ok(ours == theirs)
}

fn is_placeholder(name: &OsStr) -> bool {
    PLACEHOLDERS.iter().any(|known| name == *known)
}

fn put_placeholder(here: &Path, there: &Path) -> io::Result<()> {
    if fs::symlink_metadata(there).is_ok() {
        return Ok(());
    }
    fs::create_dir_all(there.parent().unwrap_or(there))?;
    let mut ours = File::open(here)?;
    // Never into what somebody puts there just now, nor through a link.
    let mut placed = File::options().write(true).create_new(true).open(there)?;
    io::copy(&mut ours, &mut placed)?;
    placed.set_permissions(ours.metadata()?.permissions())
}

fn hides(path: &Path, there: &Path, hidden: &[PathBuf]) -> ReleaseFault {
    let named: Vec<String> = hidden.iter().take(NAMED).map(|path| format!("`{}`", path.display())).collect();
    let more = match hidden.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    ReleaseFault::new(format!(
        "the shared `{}` would hide what the commit has: {}{more}; put the same into `{}`, or take it out of the \
         repository",
        path.display(),
        named.join(", "),
        there.display()
    ))
}

fn remove(path: &Path) -> Result<(), ReleaseFault> {
    let is_dir = fs::symlink_metadata(path).is_ok_and(|facts| facts.is_dir());
    let removed = if is_dir { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(|error| ReleaseFault::call("remove", path, &error))
}
