//! Edge. The releases that are there: which are good, which failed, and what is a leftover.

use super::disk::SwitchDisk;
use super::fault::ReleaseFault;
use super::name::ReleaseName;
use super::place::ReleasesDir;
use super::switches::{Switch, way_back};
use crate::model::{JobId, RefName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

/// The mark of a good release: what its file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseMark {
    /// Time at which the steps before the switch were done.
    pub at: Timestamp,
    /// The commit, hex.
    pub commit: String,
    /// Branch or tag.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<RefName>,
    /// The job that made it.
    pub job: JobId,
}

/// The content of `releases/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseListing {
    /// Those whose steps did what they should.
    pub good: BTreeSet<ReleaseName>,
    /// Those that failed, or are being made.
    pub unmarked: BTreeSet<ReleaseName>,
    /// Marks without a tree.
    pub(super) stray_marks: BTreeSet<ReleaseName>,
    /// Leftovers of removals and marks that were cut short.
    pub(super) leftovers: Vec<PathBuf>,
    /// The highest number that is in use.
    pub(super) highest: u64,
}

impl ReleaseListing {
    /// Leftovers of removals that were cut short, or could not be done.
    pub fn leftovers(&self) -> &[PathBuf] {
        &self.leftovers
    }
}

impl ReleasesDir {
    /// Looks at what is there; nothing, where nothing was ever released.
    pub fn list(&self) -> Result<ReleaseListing, ReleaseFault> {
        let failed = |error: &io::Error| ReleaseFault::call("list", &self.releases(), error);
        let entries = match fs::read_dir(self.releases()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ReleaseListing::default()),
            other => other.map_err(|error| failed(&error))?,
        };
        let (mut trees, mut marks, mut leftovers) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let mut highest = 0;
        for entry in entries {
            let entry = entry.map_err(|error| failed(&error))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let hidden = name.strip_prefix('.');
            let ours = hidden.unwrap_or(name);
            let ours = [".gone", ".good.new", ".good"].iter().find_map(|end| ours.strip_suffix(end)).unwrap_or(ours);
            let Ok(release) = ours.parse::<ReleaseName>() else { continue };
            highest = highest.max(release.number());
            if hidden.is_some() {
                leftovers.push(entry.path());
            } else if ours.len() < name.len() {
                marks.insert(release);
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                trees.insert(release);
            }
        }
        Ok(ReleaseListing {
            good: trees.intersection(&marks).cloned().collect(),
            unmarked: trees.difference(&marks).cloned().collect(),
            stray_marks: marks.difference(&trees).cloned().collect(),
            leftovers,
            highest,
        })
    }

    /// The mark of a release, if it has one that can be read.
    pub fn mark(&self, release: &ReleaseName) -> Option<ReleaseMark> {
        serde_json::from_slice(&fs::read(self.mark_of(release)).ok()?).ok()
    }

    /// The last switches, oldest first.
    pub fn switches(&self) -> Result<Vec<Switch>, ReleaseFault> {
        self.read_log().map(|log| log.switches).map_err(|error| ReleaseFault::call("read", &self.log(), &error))
    }

    pub(super) fn highest_logged(&self) -> Result<u64, ReleaseFault> {
        Ok(self.switches()?.iter().map(|switch| switch.release.number()).max().unwrap_or(0))
    }

    /// The release that a rollback leads to: the last good one on the way back that is still there.
    pub fn before_current(&self) -> Result<Option<ReleaseName>, ReleaseFault> {
        let (current, listing) = (self.current()?, self.list()?);
        let way = way_back(&self.switches()?, current.release());
        Ok(way.into_iter().find(|release| listing.good.contains(release)))
    }
}
