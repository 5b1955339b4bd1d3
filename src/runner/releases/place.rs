//! Edge. The directory of a hook's releases: its names, its lock, and the making of a release.

use super::fault::ReleaseFault;
use super::name::ReleaseName;
use crate::config::Plan;
use crate::system::process::UMASK;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The directory, which may not exist yet.
#[derive(Debug, Clone)]
pub struct ReleasesDir {
    dir: PathBuf,
    mode: u32,
}

/// The lock; whoever has it may switch, mark and remove.
#[derive(Debug)]
pub struct ReleasesLock(File);

/// The state of a name that should be a link to a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Current {
    /// It is absent.
    Nothing,
    /// A link to a release, which may be gone.
    Release(ReleaseName),
    /// A link to something else.
    Elsewhere(PathBuf),
    /// A real directory.
    Directory,
    /// Something that is no directory.
    NoDirectory,
}

impl Current {
    /// The release that it leads to.
    pub fn release(&self) -> Option<&ReleaseName> {
        if let Self::Release(name) = self { Some(name) } else { None }
    }
}

impl ReleasesDir {
    /// That of a plan with `releases`.
    pub fn of(plan: &Plan) -> Option<Self> {
        plan.releases.as_ref()?;
        Some(Self { dir: plan.dir.clone(), mode: 0o777 & !plan.umask.unwrap_or(UMASK) })
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The link that is switched.
    pub fn link(&self) -> PathBuf {
        self.dir.join("current")
    }

    /// The bare repository.
    pub fn repository(&self) -> PathBuf {
        self.dir.join("repo")
    }

    /// The directory of what all releases share.
    pub fn shared(&self) -> PathBuf {
        self.dir.join("shared")
    }

    /// The tree of a release.
    pub fn path_of(&self, release: &ReleaseName) -> PathBuf {
        self.releases().join(release.to_string())
    }

    /// The log of switches.
    pub fn log(&self) -> PathBuf {
        self.dir.join("releases.log")
    }

    pub(super) fn releases(&self) -> PathBuf {
        self.dir.join("releases")
    }

    fn lock_file(&self) -> PathBuf {
        self.releases().join(".lock")
    }

    pub(super) fn new_link(&self) -> PathBuf {
        self.dir.join(".current.new")
    }

    pub(super) fn mark_of(&self, release: &ReleaseName) -> PathBuf {
        self.releases().join(format!("{release}.good"))
    }

    pub(super) fn new_mark_of(&self, release: &ReleaseName) -> PathBuf {
        self.releases().join(format!(".{release}.good.new"))
    }

    pub(super) fn gone_of(&self, release: &ReleaseName) -> PathBuf {
        self.releases().join(format!(".{release}.gone"))
    }

    /// Mode of the directories that are made.
    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// Makes the directories that are missing.
    pub fn prepare(&self) -> Result<(), ReleaseFault> {
        for dir in [self.dir.clone(), self.releases(), self.shared()] {
            self.make_dirs(&dir)?;
        }
        Ok(())
    }

    /// Makes `dir` and what is missing above it: a web server is another user, and the umask of this process is its
    /// service manager's.
    pub fn make_dirs(&self, dir: &Path) -> Result<(), ReleaseFault> {
        let missing: Vec<&Path> = dir.ancestors().take_while(|path| !path.exists()).collect();
        for dir in missing.into_iter().rev() {
            self.make_dir(dir).map_err(|error| ReleaseFault::call("create", dir, &error))?;
        }
        if dir.is_dir() {
            return Ok(());
        }
        Err(ReleaseFault::new(format!("`{}` is not a directory", dir.display())))
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(dir)?;
        fs::set_permissions(dir, Permissions::from_mode(self.mode))
    }

    /// Takes the lock, unless somebody else has it.
    pub fn try_lock(&self) -> Result<Option<ReleasesLock>, ReleaseFault> {
        let path = self.lock_file();
        let open = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => {
                ReleaseFault::new(format!("there are no releases in `{}` yet", self.dir.display()))
            }
            _ => ReleaseFault::call("open", &path, &error),
        };
        // Whoever may open a file may lock it, and a web server's user may open the directory.
        let (mode, flags) = (0o600, OFlags::NOFOLLOW.bits().cast_signed());
        let options = &mut File::options();
        let file =
            options.read(true).write(true).create(true).mode(mode).custom_flags(flags).open(&path).map_err(open)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(ReleasesLock(file))),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(ReleaseFault::call("lock", &path, &errno.into())),
        }
    }

    /// The state of `current`.
    pub fn current(&self) -> Result<Current, ReleaseFault> {
        self.look_at(&self.link()).map_err(|error| ReleaseFault::call("look at", &self.link(), &error))
    }

    pub(super) fn look_at(&self, path: &Path) -> io::Result<Current> {
        let facts = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Current::Nothing),
            other => other?,
        };
        if !facts.is_symlink() {
            return Ok(if facts.is_dir() { Current::Directory } else { Current::NoDirectory });
        }
        let led = fs::read_link(path)?;
        let of_ours = self.dir.join(&led).strip_prefix(self.releases()).ok().and_then(Path::to_str).map(str::parse);
        Ok(of_ours.and_then(Result::ok).map_or(Current::Elsewhere(led), Current::Release))
    }

    /// Makes the directory of a new release of `commit`.
    pub fn make(&self, commit: &str) -> Result<ReleaseName, ReleaseFault> {
        let mut number = self.list()?.highest.max(self.highest_logged()?);
        loop {
            number += 1;
            let name = ReleaseName::new(number, commit);
            match self.make_dir(&self.path_of(&name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => {
                    other.map_err(|error| ReleaseFault::call("create", &self.path_of(&name), &error))?;
                    return Ok(name);
                }
            }
        }
    }
}

impl ReleasesLock {
    /// Gives the lock back.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for ReleasesLock {
    /// Closing is not enough: a process that another thread is starting may still have the descriptor.
    fn drop(&mut self) {
        let _is_closed_next = flock(&self.0, FlockOperation::Unlock);
    }
}
