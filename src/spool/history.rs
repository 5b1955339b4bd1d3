//! Pure. A job's history: its lines, and what they add up to.

use super::entry::{Entry, What};
use crate::model::{Outcome, State};
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
    pub(super) fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    pub(super) fn push(&mut self, entry: Entry, line_bytes: u64) {
        self.entries.push(entry);
        self.length_bytes += line_bytes;
    }

    /// The state that the entries add up to, and so the directory in which the job belongs.
    pub fn state(&self) -> State {
        self.whats().fold(State::Queued, state_after)
    }

    /// Attempts begun.
    pub fn attempts(&self) -> u32 {
        count_starts(self.whats())
    }

    /// Attempts begun since a person last released it: what counts against a hook's number of attempts.
    pub fn attempts_since_release(&self) -> u32 {
        count_starts(self.entries.iter().rev().map(|e| &e.what).take_while(|w| !matches!(w, What::Released)))
    }

    /// Whether an attempt began since the last claim.
    pub fn started_since_claim(&self) -> bool {
        let since = self.entries.iter().rev().map(|e| &e.what);
        count_starts(since.take_while(|w| !matches!(w, What::Claimed { .. }))) > 0
    }

    /// Process and boot of the runner that claimed it last.
    pub fn last_runner(&self) -> Option<(u32, &str)> {
        self.entries.iter().rev().find_map(|e| match &e.what {
            What::Claimed { runner_pid, boot_id } => Some((*runner_pid, boot_id.as_str())),
            _ => None,
        })
    }

    /// How it ended, if it did and was not released since.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.last_turn()? {
            What::Ended { outcome, .. } => Some(*outcome),
            What::SupersededBy { .. } => Some(Outcome::Superseded),
            What::RepeatOf { .. } => Some(Outcome::Repeat),
            _ => None,
        }
    }

    /// When and how it ended badly for good, if it did, and for the last time; a person may have released it since.
    pub fn last_failure(&self) -> Option<(Timestamp, Outcome)> {
        let failed = |entry: &Entry| match entry.what {
            What::Ended { outcome: outcome @ (Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted), .. } => {
                Some((entry.at, outcome))
            }
            _ => None,
        };
        self.entries.iter().rev().find_map(failed)
    }

    /// Why it is where it is, where something was said of that.
    pub fn reason(&self) -> Option<String> {
        match self.last_turn()? {
            What::Ended { reason, .. } => reason.clone(),
            What::WillRetry { reason, .. } | What::Held { reason } | What::Corrupt { reason } => Some(reason.clone()),
            What::SupersededBy { id } => Some(format!("superseded by {id}")),
            What::RepeatOf { id } => Some(format!("repeat of {id}")),
            _ => None,
        }
    }

    /// When it may be tried again, if it waits.
    pub fn not_before(&self) -> Option<Timestamp> {
        match self.last_turn()? {
            What::WillRetry { not_before, .. } => Some(*not_before),
            _ => None,
        }
    }

    /// How the attempt that began last was concluded, if it was: outcome and reason. A runner that ended while the step
    /// ran that restarts it has not failed.
    pub fn conclusion(&self) -> Option<(Outcome, Option<String>)> {
        let concluded = self.since_start().find_map(|what| match what {
            What::Concluded { outcome, reason, .. } => Some((*outcome, reason.clone())),
            _ => None,
        });
        let mut said = self.since_start().filter(|what| !matches!(what, What::Note { .. }));
        let restarts = matches!(said.next(), Some(What::Restarts));
        concluded.or_else(|| restarts.then_some((Outcome::Succeeded, None)))
    }

    /// The commit that was deployed last, hex.
    pub fn commit(&self) -> Option<&str> {
        self.entries.iter().rev().find_map(|e| match &e.what {
            What::Concluded { commit, .. } => commit.as_deref(),
            _ => None,
        })
    }

    fn since_start(&self) -> impl Iterator<Item = &What> {
        self.entries.iter().rev().map(|e| &e.what).take_while(|w| !matches!(w, What::Started { .. }))
    }

    /// The last entry that decided the state.
    fn last_turn(&self) -> Option<&What> {
        self.entries.iter().rev().map(|e| &e.what).find(|w| !is_remark(w))
    }

    fn whats(&self) -> impl Iterator<Item = &What> {
        self.entries.iter().map(|e| &e.what)
    }
}

fn count_starts<'a>(whats: impl Iterator<Item = &'a What>) -> u32 {
    whats.map(|w| u32::from(matches!(w, What::Started { .. }))).sum()
}

fn state_after(state: State, what: &What) -> State {
    match what {
        What::Claimed { .. } | What::Started { .. } => State::Running,
        What::Ended { outcome: Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted, .. } => State::Failed,
        What::Ended { .. } | What::SupersededBy { .. } | What::RepeatOf { .. } => State::Done,
        What::WillRetry { .. } => State::Waiting,
        What::Held { .. } => State::Held,
        What::Released => State::Queued,
        What::Corrupt { .. } => State::Corrupt,
        What::Step { .. } | What::Note { .. } | What::Concluded { .. } | What::Restarts => state,
    }
}

fn is_remark(what: &What) -> bool {
    matches!(what, What::Step { .. } | What::Note { .. } | What::Concluded { .. } | What::Restarts)
}

fn unreadable(line: &[u8]) -> What {
    What::Note { text: format!("a line of {} bytes cannot be read", line.len()) }
}

#[cfg(test)]
mod tests;
