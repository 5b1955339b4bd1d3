//! Edge. Promises of the spool so far, and whether a disk keeps them.

use crate::model::{JobId, State};
use crate::spool::append::inbox::Inbox;
use crate::spool::disk::{Access, Disk, Place};
use crate::spool::fake::{FakeDisk, Survives};
use crate::spool::job::check::check;
use crate::spool::job::history_file;
use crate::spool::owner::SpoolOwner;
use crate::spool::owner::state_dirs::job_name;
use crate::spool::{Entry, History};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;

use super::meta;

/// The promises about one job.
#[derive(Debug, Clone, Default)]
pub(super) struct Promise {
    /// Lines of its history.
    pub(super) lines: Vec<Entry>,
    /// The places where it may be: one, and while something is under way where that leads, too.
    pub(super) places: BTreeSet<State>,
}

/// The promises about all jobs.
#[derive(Debug, Clone, Default)]
pub(super) struct Promises(pub(super) BTreeMap<JobId, Promise>);

impl Promises {
    /// The job is, or is about to be, in one of these.
    pub(super) fn places(&mut self, id: JobId, places: &[State]) {
        self.0.entry(id).or_default().places = places.iter().copied().collect();
    }

    /// Everything in the history was flushed.
    pub(super) fn lines(&mut self, id: JobId, history: &History) {
        self.0.entry(id).or_default().lines = history.entries().to_vec();
    }

    /// One more line was flushed.
    pub(super) fn line(&mut self, id: JobId, entry: Entry) {
        self.0.entry(id).or_default().lines.push(entry);
    }

    /// The promises that `disk` breaks after a recovery.
    pub(super) fn broken_on(&self, disk: &FakeDisk) -> Vec<String> {
        let owner = SpoolOwner::on(disk.clone()).unwrap();
        let recovered = owner.recover(Timestamp::UNIX_EPOCH).unwrap();
        let mut broken: Vec<String> = recovered.problems.iter().map(|p| format!("problem: {p}")).collect();
        let places = places_on(disk);
        for (id, promise) in &self.0 {
            broken.extend(promise.broken(disk, *id, places.get(id)));
        }
        for (id, states) in &places {
            broken.extend(invalid(disk, *id, states));
        }
        let queued = owner.scan(Timestamp::UNIX_EPOCH).unwrap().jobs;
        if !queued.iter().all(|id| recovered.queued.jobs.contains(id)) {
            broken.push(format!("queued/ holds {queued:?}, recovery saw {:?}", recovered.queued.jobs));
        }
        let in_hand: Vec<JobId> = recovered.interrupted.iter().map(super::super::Claim::id).collect();
        let running: Vec<JobId> =
            places.iter().filter(|(_, s)| s.contains(&State::Running)).map(|(id, _)| *id).collect();
        if in_hand != running {
            broken.push(format!("running/ holds {running:?}, recovery returned {in_hand:?}"));
        }
        drop(recovered);
        let after_a_cut = places_on(&disk.after(Survives::Nothing));
        if after_a_cut != places {
            broken.push(format!("recovery left {places:?}, and a power cut makes {after_a_cut:?} of it"));
        }
        broken.extend(second_recovery_changes(&owner, disk, &places));
        broken.extend(next_number_is_not_larger(disk, &places));
        broken
    }
}

impl Promise {
    fn broken(&self, disk: &FakeDisk, id: JobId, found: Option<&Vec<State>>) -> Option<String> {
        let [state] = found.map(Vec::as_slice).unwrap_or_default() else {
            return Some(format!("{id} should be in {:?} and is in {found:?}", self.places));
        };
        if !self.places.contains(state) {
            return Some(format!("{id} should be in {:?} and is in {state:?}", self.places));
        }
        let history = history(disk, id, *state);
        if history.entries().starts_with(&self.lines) {
            return None;
        }
        Some(format!("{id} lost lines: promised {:#?}, has {:#?}", self.lines, history.entries()))
    }
}

fn history(disk: &FakeDisk, id: JobId, state: State) -> History {
    let name = history_file::history_name(id);
    let file = disk.open(Place::In(state), name.as_ref(), Access::Read);
    file.map_or_else(|_| History::default(), |file| history_file::read(disk, &file).unwrap().0)
}

pub(super) fn places_on(disk: &FakeDisk) -> BTreeMap<JobId, Vec<State>> {
    let mut places: BTreeMap<JobId, Vec<State>> = BTreeMap::new();
    for state in State::ALL {
        disk.entries(Place::In(state), &mut |name, _| {
            if let Some(id) = JobId::from_job_file_name(name.as_bytes()) {
                places.entry(id).or_default().push(state);
            }
        })
        .unwrap();
    }
    places
}

/// Whoever is on disk under a job's name, acknowledged or not, is whole, has one name, and is where its history says.
fn invalid(disk: &FakeDisk, id: JobId, states: &[State]) -> Option<String> {
    let file = disk.open(Place::In(states[0]), job_name(id).as_ref(), Access::Read).unwrap();
    let facts = disk.facts(&file).unwrap();
    let damage = check(disk, &file, facts.size, id).err();
    let history = history(disk, id, states[0]);
    let says = history.state();
    // A claim whose line was durable before its rename: nothing began, so it is as good as none.
    let came_to_nothing = says == State::Running && !history.started_since_claim();
    let before_claim = came_to_nothing && matches!(states[0], State::Queued | State::Waiting);
    let is_right = damage.is_none() && facts.links == 1 && (says == states[0] || before_claim);
    (!is_right).then(|| format!("{id} in {states:?}: {} names, history says {says:?}, damage {damage:?}", facts.links))
}

fn second_recovery_changes(
    owner: &SpoolOwner<FakeDisk>,
    disk: &FakeDisk,
    before: &BTreeMap<JobId, Vec<State>>,
) -> Option<String> {
    owner.recover(Timestamp::UNIX_EPOCH).unwrap();
    let after = places_on(disk);
    (after != *before).then(|| format!("a second recovery made {after:?} of {before:?}"))
}

fn next_number_is_not_larger(disk: &FakeDisk, places: &BTreeMap<JobId, Vec<State>>) -> Option<String> {
    let inbox = Inbox::on(disk.clone()).unwrap();
    let id = inbox.draft().unwrap().commit(&meta(Timestamp::UNIX_EPOCH)).unwrap();
    let largest = places.keys().map(|id| id.sequence()).max();
    largest.filter(|&l| l >= id.sequence()).map(|l| format!("the next job is {id}, and {l} exists"))
}
