//! Edge. The removal of releases that nobody needs any more.

use super::fault::ReleaseFault;
use super::listing::ReleaseListing;
use super::name::ReleaseName;
use super::place::{ReleasesDir, ReleasesLock};
use rustix::fs::fsync;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

/// The numbers of releases that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Good ones.
    pub good: usize,
    /// Failed ones.
    pub failed: usize,
}

impl ReleasesDir {
    /// Takes the releases that are over out of the list, and returns what is to be removed of them. The current one,
    /// the one before it and `building` are never among them.
    pub fn retire(
        &self,
        _lock: &ReleasesLock,
        keep: Keep,
        building: Option<&ReleaseName>,
    ) -> Result<Vec<PathBuf>, ReleaseFault> {
        let listing = self.list()?;
        let mut gone: Vec<PathBuf> = listing.leftovers.clone();
        let over = over(&listing, keep, &self.needed(building)?);
        for release in &over {
            let (tree, to) = (self.path_of(release), self.gone_of(release));
            fs::rename(&tree, &to).map_err(|error| ReleaseFault::call("rename", &tree, &error))?;
            gone.push(to);
        }
        for release in over.iter().chain(&listing.stray_marks) {
            let _stray_next_time = fs::remove_file(self.mark_of(release));
        }
        // What is half removed must never come back under its name.
        if !over.is_empty() {
            let flushed = File::open(self.releases()).and_then(|dir| Ok(fsync(dir)?));
            flushed.map_err(|error| ReleaseFault::call("flush", &self.releases(), &error))?;
        }
        Ok(gone)
    }

    /// Removes a release that came to nothing; what of it cannot be removed.
    pub fn discard(&self, release: &ReleaseName) -> Vec<(PathBuf, io::Error)> {
        let (tree, gone) = (self.path_of(release), self.gone_of(release));
        let named = fs::rename(&tree, &gone).map_or(tree, |()| gone);
        remove_all(vec![named])
    }

    /// Releases that stay however many there are.
    fn needed(&self, building: Option<&ReleaseName>) -> Result<BTreeSet<ReleaseName>, ReleaseFault> {
        let mut needed: BTreeSet<ReleaseName> = building.cloned().into_iter().collect();
        needed.extend(self.current()?.release().cloned());
        needed.extend(self.before_current()?);
        needed.extend(self.switches()?.last().and_then(|last| last.previous.clone()));
        Ok(needed)
    }
}

/// The releases that are over: `keep` counts the newest, and failed ones do not push good ones out.
fn over(listing: &ReleaseListing, keep: Keep, needed: &BTreeSet<ReleaseName>) -> Vec<ReleaseName> {
    let old = |releases: &BTreeSet<ReleaseName>, count: usize| -> Vec<ReleaseName> {
        releases.iter().rev().skip(count).filter(|release| !needed.contains(release)).cloned().collect()
    };
    let failed: BTreeSet<ReleaseName> = listing.unmarked.difference(needed).cloned().collect();
    [old(&listing.good, keep.good), old(&failed, keep.failed)].concat()
}

/// Removes trees, as far as that is possible; those that cannot be, since a web server's user wrote into them.
pub fn remove_all(gone: Vec<PathBuf>) -> Vec<(PathBuf, io::Error)> {
    let remove = |path: &PathBuf| match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    gone.into_iter().filter_map(|path| remove(&path).err().map(|error| (path, error))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(numbers: &[u64]) -> BTreeSet<ReleaseName> {
        numbers.iter().map(|number| ReleaseName::new(*number, "1a2b3c4d5e")).collect()
    }

    fn removed(good: &[u64], unmarked: &[u64], needed: &[u64]) -> Vec<u64> {
        let listing = ReleaseListing { good: names(good), unmarked: names(unmarked), ..ReleaseListing::default() };
        let over = over(&listing, Keep { good: 3, failed: 1 }, &names(needed));
        over.iter().map(ReleaseName::number).collect()
    }

    #[test]
    fn the_newest_good_ones_stay_and_one_that_failed() {
        assert_eq!(removed(&[1, 2, 3, 4, 5], &[], &[5, 4]), [2, 1]);
        assert_eq!(removed(&[1, 2, 3], &[4, 5, 6, 7, 8, 9], &[3, 2]), [8, 7, 6, 5, 4], "no good one goes for these");
        assert_eq!(removed(&[1], &[2, 3], &[1, 3]), [0; 0], "one is being made, one has failed");
    }

    #[test]
    fn what_is_needed_stays_however_old_it_is() {
        assert_eq!(removed(&[1, 2, 3, 4, 5, 6], &[], &[2, 1]), [3]);
        assert_eq!(removed(&[4, 5, 6, 7], &[1], &[1]), [4]);
    }
}
