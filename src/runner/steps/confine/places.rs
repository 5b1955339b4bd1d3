//! Edge. The places of a confined step: what it writes, what it sees, and what of these is refused.

use super::super::attempt::{Attempt, Trouble};
use super::super::lookup::cause;
use super::{dirs, scratch, trees};
use crate::config::{Clash, Confine};
use crate::system::errno::words;
use crate::system::users;
use rustix::process::geteuid;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Trees of the system, where they exist.
const SYSTEM: [&str; 10] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/etc", "/proc", "/sys"];
/// Directories of the account's home with keys.
pub(super) const KEYS: [&str; 2] = [".ssh", ".gnupg"];
/// The addresses of name servers, often a link to a directory outside of the system's trees.
const NAME_SERVERS: &str = "/etc/resolv.conf";
/// Variables that name files of the job itself, which its steps may read.
const OF_JOB: [&str; 2] = ["HOOKSPOOL_PAYLOAD", "HOOKSPOOL_LOG"];
/// Providers whose payloads may hold the hook's secret.
const SECRET_IN_PAYLOAD: [&str; 2] = ["coding", "gitee"];

/// The places that a step writes.
pub(super) struct OwnPlaces {
    pub(super) home: PathBuf,
    pub(super) scratch: PathBuf,
    /// The work directory, what releases share, and `write`.
    pub(super) written: Vec<PathBuf>,
    /// Files of the job that it reads.
    pub(super) told: Vec<PathBuf>,
}

impl OwnPlaces {
    pub(super) fn of(attempt: &mut Attempt<'_>, confine: &Confine) -> Result<Self, Trouble> {
        let account = account_home();
        let mut written = work_places(attempt)?;
        for path in &confine.write {
            written.push(there("write", &path.within(&account))?);
        }
        for place in &written {
            refuse_closed(attempt, place, false)?;
            let keys = KEYS.map(|name| account.join(name)).into_iter().find(|keys| keys.starts_with(place));
            if let Some(keys) = keys.filter(|keys| keys != place) {
                let text = format!("`confine`: `{}` holds `{}`; name what is meant", place.display(), keys.display());
                return Err(Trouble::refused(text));
            }
        }
        let told = files_of_job(attempt);
        Ok(Self { home: dirs::home(attempt)?, scratch: scratch::make(attempt)?, written, told })
    }
}

/// The trees that a step reads and starts programs from.
pub(super) fn seen(attempt: &Attempt<'_>, confine: &Confine) -> Result<Vec<PathBuf>, Trouble> {
    let account = account_home();
    let closed = trees::Closed::of(attempt, &account);
    let mut seen = Vec::new();
    for tree in SYSTEM.iter().filter_map(|tree| Path::new(tree).canonicalize().ok()) {
        trees::open_around(&tree, &closed, &mut seen).map_err(|error| unlisted(&tree, &error))?;
    }
    for path in &confine.read {
        let tree = there("read", &path.within(&account))?;
        refuse_closed(attempt, &tree, true)?;
        trees::open_around(&tree, &closed, &mut seen).map_err(|error| unlisted(&tree, &error))?;
    }
    seen.extend(name_servers());
    seen.sort();
    seen.dedup();
    Ok(seen)
}

/// The job's payload and log, but for a payload that may hold a secret.
fn files_of_job(attempt: &mut Attempt<'_>) -> Vec<PathBuf> {
    if SECRET_IN_PAYLOAD.contains(&attempt.provider) {
        attempt.environment.unset(OF_JOB[0]);
    }
    OF_JOB.iter().filter_map(|name| attempt.environment.get(name).map(PathBuf::from)).collect()
}

fn unlisted(tree: &Path, error: &io::Error) -> Trouble {
    Trouble::failed(error, format!("`confine`: cannot list `{}`: {}", tree.display(), words(error)))
}

/// The home of the runner's user; a place that holds nothing where the user has none.
fn account_home() -> PathBuf {
    users::current().map_or_else(|| PathBuf::from("/nonexistent"), |user| user.home.into())
}

/// The work directory, without links on the way, and what its release shares.
fn work_places(attempt: &Attempt<'_>) -> Result<Vec<PathBuf>, Trouble> {
    let Some(releases) = &attempt.plan.releases else { return Ok(vec![there("dir", &attempt.dir)?]) };
    // Before the first release, the directory holds what is not the steps'.
    let Some(release) = &attempt.release else { return Ok(Vec::new()) };
    let shared = release.place().shared();
    let shared = shared.canonicalize().unwrap_or(shared);
    let mut places = vec![there("dir", &attempt.dir)?];
    for path in releases.shared.iter().map(|path| shared.join(&path.path)) {
        // A web server's user may have put a link in its place.
        let found = fs::symlink_metadata(&path);
        if found.is_ok_and(|found| found.is_symlink() && ![0, geteuid().as_raw()].contains(&found.uid())) {
            return Err(Trouble::refused(format!("`confine`: `{}` is a link of another user", path.display())));
        }
        places.push(there("shared", &path)?);
    }
    Ok(places)
}

fn there(key: &str, path: &Path) -> Result<PathBuf, Trouble> {
    path.canonicalize().map_err(|error| {
        let (path, error) = (path.display(), cause(&error));
        Trouble::refused(format!("`confine`: `{path}` of `{key}` {error}; make it, or take it out"))
    })
}

/// Refuses a place that lies in what is closed, or holds it and `may` not.
fn refuse_closed(attempt: &Attempt<'_>, place: &Path, may_hold: bool) -> Result<(), Trouble> {
    let closed = trees::real_forms(attempt.closed);
    let shown = place.display();
    let what = match closed.clash(place) {
        Some(Clash::Holds(held)) if held == place => format!("it opens `{shown}`"),
        Some(Clash::Holds(held)) if !may_hold => format!("`{shown}` holds `{}`", held.display()),
        Some(Clash::LiesIn(closed)) => format!("`{shown}` lies in `{}`", closed.display()),
        _ => return Ok(()),
    };
    Err(Trouble::refused(format!("`confine`: {what}, which no confined step may reach")))
}

/// The file that tells name servers, where it is a link to somewhere else. It is replaced while steps run, so that its
/// directory is opened.
fn name_servers() -> Option<PathBuf> {
    let real = Path::new(NAME_SERVERS).canonicalize().ok().filter(|real| real.starts_with("/run"))?;
    Some(real.parent().filter(|parent| *parent != Path::new("/run")).unwrap_or(&real).to_owned())
}
