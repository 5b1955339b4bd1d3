//! Pure. The jobs that one host has not taken: which is sent next, and when again. Time is an argument.

use crate::model::JobId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A job of which nothing was heard for so long is sent once more.
pub(super) const RESEND: Duration = Duration::from_secs(300);
/// The same of one that was refused: somebody may have put right what was wrong.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(3600);

/// The standing of a job with one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Passage {
    /// It was not sent on this connection.
    Unsent,
    /// A server stored it then; nobody promises more.
    Sent(Instant),
    /// The host refused it then.
    Refused(Instant),
    /// It stays here until then: the servers do not allow its size.
    TooLarge(Instant),
}

/// Those of one host.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    jobs: BTreeMap<JobId, Passage>,
}

impl Outbox {
    /// Takes in what is marked; what is no longer marked is forgotten, as far as `marked` reaches.
    pub(super) fn learn(&mut self, marked: &[JobId]) {
        let known = std::mem::take(&mut self.jobs);
        let standing = |id: &JobId| (*id, known.get(id).cloned().unwrap_or(Passage::Unsent));
        self.jobs = marked.iter().map(standing).collect();
    }

    /// True if a job waits for more than its turn.
    pub(super) fn is_set_aside(&self, id: JobId) -> bool {
        matches!(self.jobs.get(&id), Some(Passage::Refused(_) | Passage::TooLarge(_)))
    }

    /// The jobs to send now, oldest first: never more than `window` of which nothing was heard.
    pub(super) fn due(&self, now: Instant, window: usize) -> Vec<JobId> {
        let room = window.saturating_sub(self.on_their_way(now));
        self.jobs.iter().filter(|(_, standing)| is_due(standing, now)).map(|(id, _)| *id).take(room).collect()
    }

    /// The time at which the next is due that is not due yet.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let again = |standing: &Passage| match standing {
            Passage::Unsent => None,
            Passage::Sent(at) => Some(*at + RESEND),
            Passage::Refused(at) => Some(*at + ASK_AGAIN),
            Passage::TooLarge(until) => Some(*until),
        };
        self.jobs.values().filter_map(again).filter(|again| *again > now).min()
    }

    fn on_their_way(&self, now: Instant) -> usize {
        self.jobs.values().filter(|standing| matches!(standing, Passage::Sent(at) if now < *at + RESEND)).count()
    }

    /// True if nothing waits that was not sent.
    pub(super) fn is_sent(&self) -> bool {
        !self.jobs.values().any(|standing| *standing == Passage::Unsent)
    }

    /// Those of which a server has said that it stored them.
    pub(super) fn sent(&self) -> impl Iterator<Item = JobId> {
        self.jobs.iter().filter(|(_, standing)| matches!(standing, Passage::Sent(_))).map(|(id, _)| *id)
    }

    /// Something happened with a job.
    pub(super) fn note(&mut self, id: JobId, standing: Passage) {
        if let Some(known) = self.jobs.get_mut(&id) {
            *known = standing;
        }
    }

    /// It is over with a job. `false`: nothing was known of it.
    pub(super) fn end(&mut self, id: JobId) -> bool {
        self.jobs.remove(&id).is_some()
    }

    /// A person wants sent once more what was refused, or too large.
    pub(super) fn ask_at_once(&mut self) {
        let waits = |standing: &&mut Passage| matches!(standing, Passage::Refused(_) | Passage::TooLarge(_));
        self.jobs.values_mut().filter(waits).for_each(|standing| *standing = Passage::Unsent);
    }
}

fn is_due(standing: &Passage, now: Instant) -> bool {
    match standing {
        Passage::Unsent => true,
        Passage::Sent(at) => now >= *at + RESEND,
        Passage::Refused(at) => now >= *at + ASK_AGAIN,
        Passage::TooLarge(until) => now >= *until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u64]) -> Vec<JobId> {
        numbers.iter().map(|&n| JobId::new(n, 7).unwrap()).collect()
    }

    fn outbox(count: u64) -> Outbox {
        let mut outbox = Outbox::default();
        outbox.learn(&ids(&(1..=count).collect::<Vec<_>>()));
        outbox
    }

    #[test]
    fn the_oldest_go_first_and_no_more_than_the_window_are_on_their_way() {
        let (mut outbox, now) = (outbox(5), Instant::now());
        assert_eq!(outbox.due(now, 3), ids(&[1, 2, 3]));
        for id in ids(&[1, 2, 3]) {
            outbox.note(id, Passage::Sent(now));
        }
        assert_eq!(outbox.due(now, 3), []);
        assert!(outbox.end(ids(&[2])[0]) && !outbox.end(ids(&[2])[0]));
        assert_eq!(outbox.due(now, 3), ids(&[4]));
    }

    #[test]
    fn silence_means_once_more() {
        let (mut outbox, now) = (outbox(2), Instant::now());
        for id in ids(&[1, 2]) {
            outbox.note(id, Passage::Sent(now));
        }
        assert!(outbox.is_sent());
        assert_eq!((outbox.due(now + RESEND / 2, 9), outbox.next(now)), (vec![], Some(now + RESEND)));
        assert_eq!(outbox.due(now + RESEND, 9), ids(&[1, 2]));
    }

    #[test]
    fn a_refusal_blocks_nothing_and_is_asked_about_later() {
        let (mut outbox, now) = (outbox(2), Instant::now());
        outbox.note(ids(&[1])[0], Passage::Refused(now));
        assert_eq!(outbox.due(now, 1), ids(&[2]));
        assert_eq!(outbox.due(now + ASK_AGAIN, 9), ids(&[1, 2]));
        outbox.ask_at_once();
        assert_eq!(outbox.due(now, 9), ids(&[1, 2]));
    }

    #[test]
    fn what_is_marked_counts_and_what_is_known_of_it_stays() {
        let (mut outbox, now) = (outbox(2), Instant::now());
        outbox.note(ids(&[2])[0], Passage::Sent(now));
        outbox.learn(&ids(&[2, 3]));
        assert_eq!(outbox.due(now, 9), ids(&[3]));
        assert_eq!(outbox.sent().collect::<Vec<_>>(), ids(&[2]));
    }
}
