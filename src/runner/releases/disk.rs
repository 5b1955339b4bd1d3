//! Edge. The calls by which a switch looks at a disk and changes it, each with its promise; and the real disk.

use super::name::ReleaseName;
use super::place::{Current, ReleasesDir};
use super::switches::{Switch, parse, whole_lines};
use rustix::fs::{CWD, OFlags, RenameFlags, fsync, renameat_with, symlinkat, syncfs};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Bytes of the log that are read, the last ones: some two hundred switches.
const TAIL_BYTES: u64 = 48 * 1024;
/// Beginning of the name of a directory that the first switch found in the link's place.
const ASIDE: &str = "current.before-releases";

/// The end of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LogTail {
    /// The last switches, oldest first.
    pub(super) switches: Vec<Switch>,
    /// Bytes of whole lines: where the next one goes.
    pub(super) length: u64,
}

/// The calls. After a crash, what is not said to be durable may be there or not.
pub(super) trait SwitchDisk {
    /// The state of `current`.
    fn current(&self) -> io::Result<Current>;
    /// The state of `.current.new`.
    fn unfinished(&self) -> io::Result<Current>;
    /// Makes `.current.new` a link to a release.
    fn make_link(&self, to: &ReleaseName) -> io::Result<()>;
    /// Removes the link `.current.new`.
    fn remove_link(&self) -> io::Result<()>;
    /// Renames `.current.new` to `current`, over a link or nothing. A reader finds the one or the other.
    fn put_link(&self) -> io::Result<()>;
    /// Exchanges `.current.new` with `current`. A reader finds the one or the other.
    fn exchange_link(&self) -> io::Result<()>;
    /// Renames `.current.new`, a directory, to a name that is free; the name.
    fn set_aside(&self) -> io::Result<PathBuf>;
    /// Makes durable what was made, renamed and removed beside `current`.
    fn flush_names(&self) -> io::Result<()>;
    /// Reads the end of the log.
    fn read_log(&self) -> io::Result<LogTail>;
    /// Writes a line at `length`, in the place of what is behind that. Durable when it returns.
    fn write_log(&self, length: u64, line: &[u8]) -> io::Result<()>;
    /// Makes all files of a release durable.
    fn flush_release(&self, release: &ReleaseName) -> io::Result<()>;
    /// Gives a release its mark, all of it or none. Durable when it returns.
    fn write_mark(&self, release: &ReleaseName, text: &[u8]) -> io::Result<()>;
}

impl SwitchDisk for ReleasesDir {
    fn current(&self) -> io::Result<Current> {
        self.look_at(&self.link())
    }

    fn unfinished(&self) -> io::Result<Current> {
        self.look_at(&self.new_link())
    }

    fn make_link(&self, to: &ReleaseName) -> io::Result<()> {
        Ok(symlinkat(Path::new("releases").join(to.to_string()), CWD, self.new_link())?)
    }

    fn remove_link(&self) -> io::Result<()> {
        fs::remove_file(self.new_link())
    }

    fn put_link(&self) -> io::Result<()> {
        fs::rename(self.new_link(), self.link())
    }

    fn exchange_link(&self) -> io::Result<()> {
        Ok(renameat_with(CWD, self.new_link(), CWD, self.link(), RenameFlags::EXCHANGE)?)
    }

    fn set_aside(&self) -> io::Result<PathBuf> {
        let names = (2..100).map(|number| format!("{ASIDE}.{number}"));
        for name in std::iter::once(ASIDE.to_owned()).chain(names) {
            let aside = self.dir().join(name);
            match renameat_with(CWD, self.new_link(), CWD, &aside, RenameFlags::NOREPLACE) {
                Err(rustix::io::Errno::EXIST) => {}
                other => return Ok(other.map(|()| aside)?),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn flush_names(&self) -> io::Result<()> {
        Ok(fsync(File::open(self.dir())?)?)
    }

    fn read_log(&self) -> io::Result<LogTail> {
        let mut file = match open_log(&self.log(), false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(LogTail::default()),
            other => other?,
        };
        let from = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.read_to_end(&mut tail)?;
        // The first line of a tail may be half of one, which is passed over.
        Ok(LogTail { switches: parse(&tail), length: from + whole_lines(&tail) as u64 })
    }

    fn write_log(&self, length: u64, line: &[u8]) -> io::Result<()> {
        let is_new = !self.log().exists();
        let file = open_log(&self.log(), true)?;
        if is_new {
            file.set_permissions(fs::Permissions::from_mode(self.mode() & 0o666))?;
        }
        file.set_len(length)?;
        file.write_all_at(line, length)?;
        file.sync_data()?;
        if is_new { self.flush_names() } else { Ok(()) }
    }

    fn flush_release(&self, release: &ReleaseName) -> io::Result<()> {
        // One call for thousands of files; what else waits to be written is written with them.
        Ok(syncfs(File::open(self.path_of(release))?)?)
    }

    fn write_mark(&self, release: &ReleaseName, text: &[u8]) -> io::Result<()> {
        let (fresh, mark) = (self.new_mark_of(release), self.mark_of(release));
        let mut file = File::create(&fresh)?;
        file.set_permissions(fs::Permissions::from_mode(self.mode() & 0o666))?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(fresh, mark)?;
        Ok(fsync(File::open(self.releases())?)?)
    }
}

impl ReleasesDir {
    /// The switches that were written down after the log had `length` bytes.
    pub(super) fn switches_since(&self, length: u64) -> io::Result<Vec<Switch>> {
        let mut file = match open_log(&self.log(), false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(length))?;
        file.read_to_end(&mut tail)?;
        Ok(parse(&tail))
    }

    /// Takes the mark of a release away, if it has one. Durable when it returns.
    pub(super) fn remove_mark(&self, release: &ReleaseName) -> io::Result<()> {
        match fs::remove_file(self.mark_of(release)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
        Ok(fsync(File::open(self.releases())?)?)
    }
}

fn open_log(path: &Path, is_written: bool) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    File::options().read(true).write(is_written).create(is_written).custom_flags(flags).open(path)
}
