//! Edge. After a crash, before anything else: what the runner's journal says is brought about.

use super::SpoolOwner;
use super::recover::mend::{Journaled, Mending};
use super::recover::{Found, Recovered};
use super::scan::{Scan, SpoolProblem};
use crate::model::{JobId, State};
use crate::spool::disk::{Disk, Place};
use crate::spool::error::{SpoolError, words};
use crate::spool::job::entry::{Entry, HistoryEvent};
use crate::spool::job::name::Name;
use crate::spool::job::settlement::Settlement;
use crate::spool::journal::reading::Reading;
use crate::spool::journal::record::{Addition, Record};
use crate::spool::journal::{self, Journal};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

/// States out of which a runner takes jobs, or in which it has them.
const NOT_AT_REST: [State; 3] = [State::Running, State::Queued, State::Waiting];

impl<D: Disk> SpoolOwner<D> {
    /// Follows every record that counts, makes all of it durable, and is done with them.
    pub(in crate::spool) fn catch_up(&self, at: Timestamp) -> Result<(), SpoolError> {
        let disk = &self.dirs.disk;
        let opened = Journal::open(disk, &self.dirs.boot_id).map_err(|e| self.dirs.journal_error("read", e))?;
        let Some((journal, reading)) = opened else { return Ok(()) };
        if reading.records.is_empty() && reading.damage.is_none() {
            // Whoever wrote that no record counts may not have flushed it.
            return journal.make_sure(disk).or_else(|e| self.put_journal_away(&words(e), "", at));
        }
        let held = self.follow(&reading, at)?;
        disk.flush_all().map_err(|e| self.dirs.journal_error("flush what follows from", e))?;
        match reading.damage {
            Some(damage) => self.put_journal_away(&damage, &held, at),
            None => journal.close(disk).or_else(|e| self.put_journal_away(&words(e), "", at)),
        }
    }

    /// The answer says what became of jobs of which nothing is known, for people.
    fn follow(&self, reading: &Reading, at: Timestamp) -> Result<String, SpoolError> {
        let (interrupted, problems, queued) = (Vec::new(), Vec::new(), Scan::default());
        let mut recovered = Recovered { interrupted, problems, queued };
        for (id, journaled) in histories(&reading.records, &self.dirs.boot_id) {
            Mending::of(self, self.look_for(id)?, &mut recovered, at).follow(journaled)?;
        }
        let held = match &reading.damage {
            Some(damage) if !self.has_stayed_up(reading) => {
                let held = self.hold_all(damage, &mut recovered, at)?;
                format!("; {held} jobs that had not ended are held")
            }
            _ => String::new(),
        };
        self.found_early().extend(recovered.problems);
        Ok(held)
    }

    /// `true` if names and histories tell all that a damaged journal does not. Else nobody knows how far any job came
    /// that is not at rest.
    fn has_stayed_up(&self, reading: &Reading) -> bool {
        !reading.records.is_empty() && reading.records.iter().all(|record| is_of_boot(record, &self.dirs.boot_id))
    }

    /// The journal cannot be relied upon. What follows from it is durable by then, so that it is not needed any more.
    fn put_journal_away(&self, damage: &str, held: &str, at: Timestamp) -> Result<(), SpoolError> {
        let disk = &self.dirs.disk;
        let safe = self.dirs.put_away_from(Place::Root, journal::name(), damage, at);
        let safe = safe.map_err(|e| self.dirs.journal_error("move to corrupt/", e))?;
        let text = format!("damaged: {damage}; moved to corrupt/{safe}{held}");
        self.found_early().push(SpoolProblem { path: disk.path(Place::Root, journal::name()), text });
        let gone = disk.flush_dir(Place::In(State::Corrupt)).and_then(|()| disk.flush_dir(Place::Root));
        gone.map_err(|e| self.dirs.journal_error("flush the removal of", e))
    }

    fn found_early(&self) -> MutexGuard<'_, Vec<SpoolProblem>> {
        self.found_early.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold_all(&self, damage: &str, recovered: &mut Recovered<D>, at: Timestamp) -> Result<usize, SpoolError> {
        let mut ids = BTreeSet::new();
        for state in NOT_AT_REST {
            self.list(state, &mut |name, _| ids.extend(Name::of(name).job()))?;
        }
        let mut held = 0;
        for id in ids {
            let home = Mending::of(self, self.look_for(id)?, recovered, at).bring_home()?;
            if let Some(state) = home.filter(|state| NOT_AT_REST.contains(state)) {
                self.hold_unknown(id, state, damage, at)?;
                held += 1;
            }
        }
        Ok(held)
    }

    fn hold_unknown(&self, id: JobId, state: State, damage: &str, at: Timestamp) -> Result<(), SpoolError> {
        let reason =
            format!("it may have begun: the runner's journal is damaged ({damage}); release the job to run it");
        let mut history_file = self.dirs.history_file(state, id, at)?;
        history_file.note(&self.dirs.disk, &Entry::new(at, HistoryEvent::from(Settlement::Held { reason })))?;
        self.dirs.carry(id, state, State::Held, at)
    }

    fn look_for(&self, id: JobId) -> Result<Found, SpoolError> {
        let found = Found::look(&self.dirs.disk, id);
        found.map_err(|e| self.dirs.error("look for", State::Running, id.to_string(), e))
    }
}

/// The end of each job's history, put together from its records. One that does not go on where the one before ended
/// begins anew there: the first of a claim has all of the history.
fn histories(records: &[Record], boot: &str) -> BTreeMap<JobId, Journaled> {
    let mut histories: BTreeMap<JobId, Journaled> = BTreeMap::new();
    for record in records {
        let Some(Addition { id, offset, lines }) = &record.addition else { continue };
        let is_of_this_boot = is_of_boot(record, boot);
        let new = || Journaled { offset: *offset, lines: Vec::new(), is_of_this_boot, was_whole: false };
        let history = histories.entry(*id).or_insert_with(new);
        let at = offset.checked_sub(history.offset).and_then(|at| usize::try_from(at).ok());
        match at.filter(|&at| at <= history.lines.len()) {
            Some(at) => history.lines.truncate(at),
            None => *history = new(),
        }
        history.lines.extend_from_slice(lines);
        history.is_of_this_boot &= is_of_this_boot;
    }
    histories
}

fn is_of_boot(record: &Record, boot: &str) -> bool {
    record.boot == boot && !boot.is_empty()
}
