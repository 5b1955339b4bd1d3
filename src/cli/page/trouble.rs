//! Edge. Troubles of the page: reasons for which it cannot be written, or hands out too much.

use crate::cli::exit::Failure;
use crate::cli::trust::secret_files;
use crate::config::{Config, PageSettings, is_below};
use crate::runner::page::{Misplaced, check_place};
use crate::system::users;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// One thing that is wrong with the directory of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct PageTrouble {
    /// Its description.
    pub(in crate::cli) what: String,
    /// Its consequence.
    pub(in crate::cli) why: &'static str,
    /// Its remedy.
    pub(in crate::cli) repair: String,
}

impl fmt::Display for PageTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.repair)
    }
}

/// The troubles of the directory of the page, if there is to be one.
pub(in crate::cli) fn page_troubles(config: &Config) -> Vec<PageTrouble> {
    let Some(page) = &config.page else { return Vec::new() };
    [place(page, &config.spool), exposure(config, page), absence(config, page), rights(config, page)]
        .into_iter()
        .flatten()
        .collect()
}

fn place(page: &PageSettings, spool: &Path) -> Option<PageTrouble> {
    let Misplaced { what, repair } = check_place(page, spool).err()?;
    Some(PageTrouble { what, why: "the page is not written", repair: repair.to_owned() })
}

/// The page's directory is there to be read by others: what is kept from them may not lie in it.
fn exposure(config: &Config, page: &PageSettings) -> Option<PageTrouble> {
    let secrets = secret_files(config);
    let mut files = secrets.iter().chain([&config.file]);
    let file = files.find(|file| is_below(file, &page.dir))?.display();
    Some(PageTrouble {
        what: format!("{file} lies below the page `{}`", page.dir.display()),
        why: "a web server may hand it out to everybody",
        repair: "move it elsewhere".to_owned(),
    })
}

fn absence(config: &Config, page: &PageSettings) -> Option<PageTrouble> {
    let (dir, parent) = (page.dir.as_path(), page.dir.parent()?);
    if dir.exists() || parent.is_dir() && (may_write(parent) || !is_owner(config)) {
        return None;
    }
    Some(PageTrouble {
        what: format!("the page `{}` is not there, and the runner cannot make it", dir.display()),
        why: "the page is not written",
        repair: making(config, dir),
    })
}

/// Only the runner's user can tell what the runner may do.
fn rights(config: &Config, page: &PageSettings) -> Option<PageTrouble> {
    let dir = page.dir.as_path();
    if !dir.exists() || !is_owner(config) || may_write(dir) {
        return None;
    }
    Some(PageTrouble {
        what: format!("the runner may not write to the page `{}`", dir.display()),
        why: "the page is not written",
        repair: making(config, dir),
    })
}

fn making(config: &Config, dir: &Path) -> String {
    let owner =
        fs::metadata(&config.spool).map_or_else(|_| "hookspool".to_owned(), |found| users::name_of(found.uid()));
    format!("install -d -o {owner} -m 755 {}", dir.display())
}

fn may_write(dir: &Path) -> bool {
    accessat(CWD, dir, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

fn is_owner(config: &Config) -> bool {
    fs::metadata(&config.spool).is_ok_and(|found| found.uid() == rustix::process::geteuid().as_raw())
}

/// The time of the index, in seconds since 1970; `None`: it was never written.
pub(in crate::cli) fn written_at_s(page: &PageSettings) -> Result<Option<i64>, Failure> {
    let index = page.dir.join("index.html");
    match fs::metadata(&index) {
        Ok(found) => Ok(Some(found.mtime())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io(format!("cannot look at `{}`", index.display()), &error)),
    }
}
