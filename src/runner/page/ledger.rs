//! Edge. The memory of what was read of jobs, kept as long as their histories stay as they are: a page that is written
//! every second reads what has changed since the last one.

use crate::model::{JobId, Outcome, State};
use crate::page::JobCard;
use crate::spool::{HistoryStamp, Shown, SpoolError, SpoolReader};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The little of a job that counts for its hook.
#[derive(Debug, Clone)]
pub(super) struct Brief {
    pub(super) state: State,
    pub(super) hook: Arc<str>,
    pub(super) reference: Option<Arc<str>>,
    pub(super) outcome: Option<Outcome>,
    pub(super) ended_at: Option<Timestamp>,
    stamp: Option<HistoryStamp>,
}

impl Brief {
    /// `true` if the job ran and failed.
    pub(super) fn is_failure(&self) -> bool {
        self.state == State::Failed && self.outcome.is_some_and(Outcome::is_failure)
    }

    /// `true` if it ran and succeeded.
    pub(super) fn is_success(&self) -> bool {
        self.state == State::Done && self.outcome == Some(Outcome::Succeeded)
    }
}

/// A job in full, as it was at `stamp`.
#[derive(Debug)]
struct Kept {
    state: State,
    stamp: Option<HistoryStamp>,
    card: JobCard,
}

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    briefs: HashMap<JobId, Brief>,
    cards: HashMap<JobId, Kept>,
    /// Cards that were asked for since the last page began.
    wanted: HashSet<JobId>,
    /// Names, each once.
    names: HashSet<Arc<str>>,
    /// Jobs that were read from the disk.
    pub(super) reads: u64,
}

impl Ledger {
    /// Forgets what is gone from the spool, and the cards that nobody asked for in the last page.
    pub(super) fn begin(&mut self, here: &HashMap<JobId, State>) {
        self.briefs.retain(|id, _| here.contains_key(id));
        self.cards.retain(|id, _| self.wanted.contains(id) && here.contains_key(id));
        self.wanted.clear();
    }

    /// Forgets briefs whose histories have grown where nobody looked: a job that was tried again within a second.
    pub(super) fn recheck(&mut self, reader: &SpoolReader) {
        self.briefs.retain(|id, brief| reader.stamp(*id, brief.state) == brief.stamp);
    }

    /// `true` if the card of a job was asked for.
    pub(super) fn shows(&self, id: JobId) -> bool {
        self.wanted.contains(&id)
    }

    /// The little that counts of a job; `None` when it is gone.
    pub(super) fn brief(&mut self, reader: &SpoolReader, id: JobId, state: State) -> Result<Option<Brief>, SpoolError> {
        match self.briefs.get(&id) {
            Some(brief) if brief.state == state => Ok(Some(brief.clone())),
            _ => {
                self.read(reader, id, state)?;
                Ok(self.briefs.get(&id).cloned())
            }
        }
    }

    /// A job for a row; `None` when it is gone.
    pub(super) fn card(
        &mut self,
        reader: &SpoolReader,
        id: JobId,
        state: State,
    ) -> Result<Option<JobCard>, SpoolError> {
        self.wanted.insert(id);
        let stamp = reader.stamp(id, state);
        match self.cards.get(&id) {
            Some(kept) if kept.state == state && kept.stamp == stamp && stamp.is_some() => Ok(Some(kept.card.clone())),
            _ => Ok(self.read(reader, id, state)?.map(|shown| self.keep_card(shown, stamp))),
        }
    }

    fn keep_card(&mut self, shown: Shown, stamp: Option<HistoryStamp>) -> JobCard {
        let (id, state) = (shown.view.id, shown.view.state);
        let card = JobCard::of(shown);
        self.cards.insert(id, Kept { state, stamp, card: card.clone() });
        card
    }

    /// Reads a job. Its version is looked at before: what changes meanwhile is read the next time.
    fn read(&mut self, reader: &SpoolReader, id: JobId, state: State) -> Result<Option<Shown>, SpoolError> {
        let stamp = reader.stamp(id, state);
        self.reads += 1;
        let Some(shown) = reader.show(id, state)? else {
            self.briefs.remove(&id);
            return Ok(None);
        };
        let view = &shown.view;
        let moved = shown.history.entries().iter().rev().find(|entry| entry.what.settlement().is_some());
        let brief = Brief {
            state: view.state,
            hook: self.name(view.hook.as_deref().unwrap_or_default()),
            reference: view.reference.as_ref().map(|reference| self.name(reference.as_str())),
            outcome: view.outcome,
            ended_at: moved.map(|entry| entry.at),
            stamp,
        };
        self.briefs.insert(id, brief);
        Ok(Some(shown))
    }

    fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.names.get(text) {
            return Arc::clone(name);
        }
        let name: Arc<str> = text.into();
        self.names.insert(Arc::clone(&name));
        name
    }
}
