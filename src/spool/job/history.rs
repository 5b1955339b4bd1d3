//! Pure. A job's history: its lines, and what they add up to.

use super::entry::{Entry, HistoryEvent};
use super::settlement::Settlement;
use super::wait::Wait;
use crate::model::{Outcome, State, Transition, next};
use jiff::Timestamp;

/// Everything that happened to a job, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    entries: Vec<Entry>,
    length_bytes: u64,
}

impl History {
    /// Reads the lines. What follows the last line feed is the residue of a crash and was never promised: ignored. A
    /// line that cannot be read stands as a note, so that one bad sector does not hide the rest.
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let mut history = Self { entries: Vec::new(), length_bytes: end as u64 };
        for line in bytes[..end].split_inclusive(|&b| b == b'\n') {
            let at = history.entries.last().map_or(Timestamp::UNIX_EPOCH, |e| e.at);
            let entry = serde_json::from_slice(line);
            history.entries.push(entry.unwrap_or_else(|_| Entry::new(at, unreadable(line))));
        }
        history
    }

    /// The entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Bytes of whole lines: where the next one goes.
    pub(in crate::spool) fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    pub(in crate::spool) fn push(&mut self, entry: Entry, line_bytes: u64) {
        self.entries.push(entry);
        self.length_bytes += line_bytes;
    }

    /// The state that the entries add up to, and so the directory in which the job belongs.
    pub fn state(&self) -> State {
        self.whats().fold(State::Queued, state_after)
    }

    /// `true` if it was there: where it is, or came through, on the way that the entries tell of.
    pub(in crate::spool) fn was_in(&self, place: State) -> bool {
        let mut state = State::Queued;
        let mut has_been = [State::Queued, State::Running].contains(&place);
        for what in self.whats() {
            state = state_after(state, what);
            has_been |= state == place;
        }
        has_been
    }

    /// Attempts begun.
    pub fn attempts(&self) -> u32 {
        count_starts(self.whats())
    }

    /// Attempts begun since a person last released it: what counts against a hook's number of attempts.
    pub fn attempts_since_release(&self) -> u32 {
        count_starts(
            self.entries
                .iter()
                .rev()
                .map(|e| &e.what)
                .take_while(|w| !matches!(w, HistoryEvent::Settled(Settlement::Released))),
        )
    }

    /// `true` if an attempt began since the last claim.
    pub fn started_since_claim(&self) -> bool {
        let since = self.entries.iter().rev().map(|e| &e.what);
        count_starts(since.take_while(|w| !matches!(w, HistoryEvent::Claimed { .. }))) > 0
    }

    /// `true` if an attempt began that was not followed by an end, nor by a hold: it is to be tried again, or was
    /// decided about since.
    pub fn is_unfinished(&self) -> bool {
        let last = self.entries.iter().rev().find_map(|entry| match &entry.what {
            HistoryEvent::Started { .. } => Some(true),
            HistoryEvent::Settled(Settlement::Waiting { .. } | Settlement::Released) => None,
            HistoryEvent::Settled(_) => Some(false),
            _ => None,
        });
        last.unwrap_or(false)
    }

    /// The move that brought it where it is.
    pub(in crate::spool) fn last_transition(&self) -> Option<Transition> {
        self.last_move()?.what.transition()
    }

    /// The outcome, if it ended and was not released since.
    pub fn outcome(&self) -> Option<Outcome> {
        self.last_settlement()?.outcome()
    }

    /// Time and outcome of the last bad end for good, if there was one; a person may have released it since.
    pub fn last_failure(&self) -> Option<(Timestamp, Outcome)> {
        let failed = |entry: &Entry| {
            let outcome = entry.what.settlement()?.outcome()?;
            outcome.is_failure().then_some((entry.at, outcome))
        };
        self.entries.iter().rev().find_map(failed)
    }

    /// The reason why it is where it is, where one was given.
    pub fn reason(&self) -> Option<String> {
        self.last_settlement()?.reason()
    }

    /// The wait for the next attempt, if it waits.
    pub fn wait(&self) -> Option<Wait> {
        let entry = self.last_move()?;
        match entry.what.settlement()? {
            Settlement::Waiting { not_before, .. } => Some(Wait { since: entry.at, until: *not_before }),
            _ => None,
        }
    }

    /// The conclusion of the attempt that began last, if there is one: outcome and reason. A runner that ended while
    /// the step ran that restarts it has not failed.
    pub fn conclusion(&self) -> Option<(Outcome, Option<String>)> {
        let concluded = self.since_start().find_map(|what| match what {
            HistoryEvent::Concluded { outcome, reason, .. } => Some((*outcome, reason.clone())),
            _ => None,
        });
        let mut said = self.since_start().filter(|what| !matches!(what, HistoryEvent::Note { .. }));
        let restarts = matches!(said.next(), Some(HistoryEvent::Restarts));
        concluded.or_else(|| restarts.then_some((Outcome::Succeeded, None)))
    }

    /// The commit that was deployed last, hex.
    pub fn commit(&self) -> Option<&str> {
        self.entries.iter().rev().find_map(|e| match &e.what {
            HistoryEvent::Concluded { commit, .. } => commit.as_deref(),
            _ => None,
        })
    }

    fn since_start(&self) -> impl Iterator<Item = &HistoryEvent> {
        self.entries.iter().rev().map(|e| &e.what).take_while(|w| !matches!(w, HistoryEvent::Started { .. }))
    }

    /// The decision that brought it where it is, unless it was claimed since.
    fn last_settlement(&self) -> Option<&Settlement> {
        self.last_move()?.what.settlement()
    }

    fn last_move(&self) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.what.transition().is_some())
    }

    fn whats(&self) -> impl Iterator<Item = &HistoryEvent> {
        self.entries.iter().map(|e| &e.what)
    }
}

fn count_starts<'a>(whats: impl Iterator<Item = &'a HistoryEvent>) -> u32 {
    whats.map(|w| u32::from(matches!(w, HistoryEvent::Started { .. }))).sum()
}

/// The table decides. A line was written after its move had been allowed: where the table says no, the line that says
/// `claimed` is missing before it, since that one is not flushed by itself. What it forbids all the same changes
/// nothing.
fn state_after(state: State, what: &HistoryEvent) -> State {
    let Some(transition) = what.transition() else { return state };
    let may_lack_claim = matches!(state, State::Queued | State::Waiting);
    let unclaimed = |error| if may_lack_claim { next(State::Running, transition) } else { Err(error) };
    next(state, transition).or_else(unclaimed).unwrap_or(state)
}

fn unreadable(line: &[u8]) -> HistoryEvent {
    HistoryEvent::Note { text: format!("a line of {} bytes cannot be read", line.len()) }
}

#[cfg(test)]
mod tests;
