//! Edge. The parts of a spool that a receiver works with, and the rights that it needs there.

use crate::model::State;
use crate::spool::disk::Place;
use crate::system::landlock::Permit;
use std::path::{Path, PathBuf};

/// Files in `tmp/`: made, written, read, and moved to `queued/`.
const DRAFTS: [Permit; 6] = [Permit::LIST, Permit::CONTENT, Permit::WRITE, Permit::MAKE, Permit::REMOVE, Permit::MOVE];
/// Jobs in `queued/`: put there, taken back, and never read.
const QUEUED: [Permit; 4] = [Permit::LIST, Permit::MAKE, Permit::REMOVE, Permit::MOVE];
/// Rings in `seen/`.
const TRACES: [Permit; 4] = [Permit::LIST, Permit::CONTENT, Permit::WRITE, Permit::MAKE];
/// `sequence` and `reserve`.
const SHARED_FILES: [Permit; 2] = [Permit::CONTENT, Permit::WRITE];

/// The rights of a receiver in one spool.
#[derive(Debug, Clone)]
pub struct ReceiverReach {
    /// Paths, with what is needed there.
    pub rights: Vec<(PathBuf, Permit)>,
    /// True if there is a directory at the spool's path.
    pub is_there: bool,
}

impl ReceiverReach {
    /// The rights in the spool at `root`: in its parts, or, while the runner has not made all of them, below its root.
    pub fn of(root: &Path) -> Self {
        let part = |place: Place, permits: &[Permit]| (root.join(place.as_str()), sum(permits));
        let file = |name: &str| (root.join(name), sum(&SHARED_FILES));
        let parts = vec![
            part(Place::Tmp, &DRAFTS),
            part(Place::In(State::Queued), &QUEUED),
            part(Place::Seen, &TRACES),
            file("sequence"),
            file("reserve"),
            (root.join("version"), Permit::CONTENT),
        ];
        let is_made = [0, 1, 3].iter().all(|needed: &usize| parts[*needed].0.exists());
        let rights = if is_made { parts } else { vec![(root.to_owned(), sum(&DRAFTS))] };
        Self { rights, is_there: is_made || root.is_dir() }
    }
}

fn sum(permits: &[Permit]) -> Permit {
    permits.iter().copied().reduce(|all, permit| all | permit).unwrap_or(Permit::CONTENT)
}
