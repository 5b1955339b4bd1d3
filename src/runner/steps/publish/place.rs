//! Edge. The place where a tree is published, and the step in which one tree takes the place of another.

use super::copy::trouble;
use crate::runner::steps::attempt::{Trouble, real};
use crate::system::random::random_bytes;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, mkdirat, renameat_with, symlinkat, unlinkat};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The target, and the names of ours beside it.
pub(super) struct PublishTarget {
    pub(super) target: PathBuf,
    pub(super) directory: PathBuf,
    /// The open directory.
    pub(super) parent: File,
    name: OsString,
}

/// A tree at the target.
enum Now {
    Nothing,
    Directory,
    /// A link, and the tree of ours that it leads to.
    Link(Option<PathBuf>),
}

/// A path, and why it could not be removed.
pub(super) type Unremoved = (PathBuf, io::Error);

impl PublishTarget {
    /// The place at `target`, whose directory must exist.
    pub(super) fn of(target: &Path) -> Result<Self, Trouble> {
        let (Some(directory), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(Trouble::refused(format!("nothing can be published as `{}`", target.display())));
        };
        let flags = (OFlags::DIRECTORY | OFlags::CLOEXEC).bits().cast_signed();
        let parent = File::options().read(true).custom_flags(flags).open(directory);
        let parent = parent.map_err(|error| trouble("open", directory, &error))?;
        Ok(Self { target: target.to_owned(), directory: directory.to_owned(), parent, name: name.to_owned() })
    }

    /// The target, in the directory as it is reached without links.
    pub(super) fn real_target(&self) -> PathBuf {
        real(&self.directory).join(&self.name)
    }

    /// A name for a copy that is to be made.
    pub(super) fn fresh(&self) -> Result<PathBuf, Trouble> {
        self.named("new-")
    }

    fn named(&self, end: &str) -> Result<PathBuf, Trouble> {
        self.random(end).map_err(|error| trouble("name", &self.target, &error))
    }

    fn random(&self, end: &str) -> io::Result<PathBuf> {
        Ok(self.beside(&format!("{end}{}", hex::encode(random_bytes::<8>()?))))
    }

    /// Removes copies that came to nothing; only their maker, who has the lock, may make any. A tree of before that did
    /// not get its name gets it.
    pub(super) fn remove_leftovers(&self) -> Vec<Unremoved> {
        let mut unremoved = self.name_before();
        unremoved.extend(self.set_all_aside("new-", |path| !self.is_itself("new-", path)));
        let _said_after_the_switch = self.remove_over();
        unremoved
    }

    /// Puts `fresh` in the target's place, and flushes that. The answer is where the tree of before is, if it was ours.
    pub(super) fn switch_to(&self, fresh: &Path) -> Result<Option<PathBuf>, Trouble> {
        let previous = match self.now()? {
            Now::Nothing if self.can_exchange()? => self.rename(fresh).map(|()| None)?,
            Now::Nothing => self.link_to(fresh).map(|()| None)?,
            Now::Directory => self.exchange(fresh).map(Some)?,
            Now::Link(before) => self.link_to(fresh).map(|()| before)?,
        };
        self.flush()?;
        Ok(previous)
    }

    /// Removes trees that neither are at the target nor were before.
    pub(super) fn tidy(&self) -> Vec<Unremoved> {
        let links = [self.target.clone(), self.previous()];
        let mut unremoved = self.set_all_aside("at-", |path| !links.iter().any(|link| leads_to(link, path)));
        unremoved.extend(self.set_all_aside("back-", |_| true));
        unremoved.extend(self.set_aside(&self.beside("undone")).map_err(|error| (self.beside("undone"), error)).err());
        unremoved.extend(self.remove_over());
        unremoved
    }

    /// Gives one of ours a name that means nothing. What is removed where it is may be removed in part only, since a
    /// web server's user wrote into it, and would be taken for whole.
    pub(super) fn set_aside(&self, path: &Path) -> io::Result<()> {
        match fs::rename(path, self.random("over-")?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Sets aside those of ours that `is_over` is true of, whatever becomes of the others.
    fn set_all_aside(&self, end: &str, is_over: impl Fn(&Path) -> bool) -> Vec<Unremoved> {
        let aside = |path: PathBuf| self.set_aside(&path).map_err(|error| (path, error)).err();
        self.each(end, |path| if is_over(&path) { aside(path) } else { None })
    }

    fn remove_over(&self) -> Vec<Unremoved> {
        self.each("over-", |path| remove(path).err())
    }

    fn each(&self, end: &str, mut what: impl FnMut(PathBuf) -> Option<Unremoved>) -> Vec<Unremoved> {
        match self.ours(end) {
            Ok(ours) => ours.into_iter().filter_map(&mut what).collect(),
            Err(error) => vec![(self.directory.clone(), error)],
        }
    }

    fn now(&self) -> Result<Now, Trouble> {
        let facts = match fs::symlink_metadata(&self.target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Now::Nothing),
            other => other.map_err(|error| trouble("look at", &self.target, &error))?,
        };
        if facts.is_symlink() {
            let led = fs::read_link(&self.target).map_err(|error| trouble("read", &self.target, &error))?;
            let is_ours = is_of(led.as_os_str(), &self.prefix("at-"));
            return Ok(Now::Link(is_ours.then(|| self.directory.join(led))));
        }
        if facts.is_dir() {
            return Ok(Now::Directory);
        }
        Err(Trouble::refused(format!("`{}` is neither a directory nor a link to one", self.target.display())))
    }

    /// `true` if the file system exchanges directories, so that the target can be a directory itself.
    fn can_exchange(&self) -> Result<bool, Trouble> {
        let names = [self.fresh()?, self.fresh()?];
        for name in &names {
            mkdirat(CWD, name, Mode::RWXU).map_err(|errno| trouble("create", name, &errno.into()))?;
        }
        let exchanged = renameat_with(CWD, &names[0], CWD, &names[1], RenameFlags::EXCHANGE);
        for name in &names {
            let _left_for_the_next = unlinkat(CWD, name, AtFlags::REMOVEDIR);
        }
        Ok(exchanged.is_ok())
    }

    fn rename(&self, fresh: &Path) -> Result<(), Trouble> {
        renameat_with(CWD, fresh, CWD, &self.target, RenameFlags::NOREPLACE)
            .map_err(|errno| trouble("create", &self.target, &errno.into()))
    }

    /// Exchanges two directories; the one of before gets its name.
    fn exchange(&self, fresh: &Path) -> Result<PathBuf, Trouble> {
        let target = self.target.display();
        let before = self.expecting_before(fresh)?;
        renameat_with(CWD, &before, CWD, &self.target, RenameFlags::EXCHANGE).map_err(|errno| match errno {
            Errno::BUSY => Trouble::refused(format!(
                "`{target}` is a mount point, which nothing can take the place of; publish into a directory below it"
            )),
            Errno::INVAL | Errno::NOSYS | Errno::XDEV | Errno::OPNOTSUPP => Trouble::refused(format!(
                "`{target}` is a directory, and its file system cannot exchange it for another in one step; \
                 move it away (`mv {target} {target}.old`), and the next publication makes a link there"
            )),
            errno => trouble("replace", &self.target, &errno.into()),
        })?;
        Ok(self.keep_before(&before).unwrap_or(before))
    }

    /// Switches the link at the target, or makes it, and notes where it led before.
    fn link_to(&self, fresh: &Path) -> Result<(), Trouble> {
        let at = self.named("at-")?;
        renameat_with(CWD, fresh, CWD, &at, RenameFlags::NOREPLACE)
            .map_err(|errno| trouble("create", &at, &errno.into()))?;
        let switched = self.point_at(&at);
        if switched.is_err() {
            let _left_for_the_next = remove(at);
        }
        switched
    }

    fn point_at(&self, at: &Path) -> Result<(), Trouble> {
        if let Ok(led) = fs::read_link(&self.target) {
            let previous = self.previous();
            if previous.is_dir() && !previous.is_symlink() {
                self.set_aside(&previous).map_err(|error| trouble("rename", &previous, &error))?;
            }
            self.put_link(&led, &previous)?;
        }
        self.put_link(Path::new(at.file_name().unwrap_or_default()), &self.target)
    }

    /// A relative link outlives a move of the directory, and a chroot.
    pub(super) fn put_link(&self, to: &Path, name: &Path) -> Result<(), Trouble> {
        let link = self.fresh()?;
        symlinkat(to, CWD, &link).map_err(|errno| trouble("create", &link, &errno.into()))?;
        fs::rename(&link, name).map_err(|error| {
            let _left_for_the_next = fs::remove_file(&link);
            trouble("switch", name, &error)
        })
    }

    fn prefix(&self, end: &str) -> OsString {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(format!(".{end}"));
        name
    }

    pub(super) fn beside(&self, end: &str) -> PathBuf {
        self.directory.join(self.prefix(end))
    }

    pub(super) fn ours(&self, end: &str) -> io::Result<Vec<PathBuf>> {
        let (prefix, mut found) = (self.prefix(end), Vec::new());
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            found.extend(is_of(&entry.file_name(), &prefix).then(|| entry.path()));
        }
        Ok(found)
    }
}

/// The inode of a directory, or of the one that a link leads to.
pub(super) fn inode_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_dir).map(|facts| facts.ino())
}

/// `true` for the prefix with sixteen hex digits behind it.
fn is_of(name: &OsStr, prefix: &OsStr) -> bool {
    let random = name.as_bytes().strip_prefix(prefix.as_bytes());
    random.is_some_and(|random| random.len() == 16 && random.iter().all(u8::is_ascii_hexdigit))
}

fn leads_to(link: &Path, tree: &Path) -> bool {
    fs::read_link(link).is_ok_and(|led| tree.file_name() == Some(led.as_os_str()))
}

/// Removes a copy that came to nothing, as far as that is possible: the next publication removes the rest.
pub(super) fn give_up(fresh: &Path) {
    let _left_for_the_next = remove(fresh.to_owned());
}

/// Removes a tree or a link, whatever it is. What is absent is removed already.
fn remove(path: PathBuf) -> Result<(), Unremoved> {
    let removed = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(&path),
        _ => fs::remove_file(&path),
    };
    removed.map_err(|error| (path, error))
}
