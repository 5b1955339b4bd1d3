//! Pure. The order of what is sent: of each target one message after the other, of each forge one after the other for
//! each commit. No target waits for another.

use super::bucket::Bucket;
use super::pause::TryPause;
use crate::model::{Addressee, JobId};
use crate::notify::MessageRate;
use crate::spool::Letter;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Of more messages that wait for one target, one summary is made.
const SUMMED_UP_FROM: usize = 6;
/// Statuses that are sent to one forge at the same time.
const AT_ONCE: usize = 4;

/// Rounds that are on their way at the same time, to whomever.
const ALL_AT_ONCE: usize = 32;

/// One that is told: a target, or the forge of a hook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Recipient {
    /// A `[[notify]]`.
    Target(String),
    /// The forge of a hook.
    Forge(String),
}

impl Recipient {
    pub(super) fn of(letter: &Letter) -> Self {
        match &letter.addressee {
            Addressee::Target(name) => Self::Target(name.clone()),
            Addressee::Status | Addressee::DeployedStatus => Self::Forge(letter.tidings.hook.clone()),
        }
    }

    /// Its name in logs.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Target(name) => name.clone(),
            Self::Forge(hook) => format!("the commit status of hook `{hook}`"),
        }
    }
}

/// Messages that are sent as one.
#[derive(Debug, Clone)]
pub(super) struct Round {
    pub(super) recipient: Recipient,
    pub(super) letters: Vec<Letter>,
    /// The messages that go one after the other; of a forge those about one commit.
    lane: String,
}

/// The end of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoundEnd {
    /// Nothing is left of it to be sent.
    Over,
    /// It is sent again.
    Again { after: Option<Duration>, alone: bool },
}

/// The messages of one recipient.
#[derive(Debug, Default)]
struct Stack {
    letters: BTreeMap<u64, Letter>,
    /// The number of the newest message of each job and addressee.
    newest: BTreeMap<(JobId, Addressee), u64>,
    /// Lanes of which something is on its way.
    busy: BTreeSet<String>,
    pause: TryPause,
    lane_pauses: BTreeMap<String, TryPause>,
    bucket: Option<Bucket>,
}

/// All messages that wait.
#[derive(Debug, Default)]
pub(super) struct Rounds(BTreeMap<Recipient, Stack>);

fn lane_of(letter: &Letter) -> String {
    match &letter.addressee {
        Addressee::Target(_) => String::new(),
        Addressee::Status | Addressee::DeployedStatus => letter.tidings.commit.clone().unwrap_or_default(),
    }
}

impl Rounds {
    /// Takes in a message; one that it replaces is forgotten.
    pub(super) fn add(&mut self, letter: Letter) {
        self.0.entry(Recipient::of(&letter)).or_default().add(letter);
    }

    /// Sets the limits of targets, and forgives what failed: a new configuration may have put it right.
    pub(super) fn configure(&mut self, rate_of: impl Fn(&Recipient) -> Option<(MessageRate, Duration)>, now: Instant) {
        for (recipient, stack) in &mut self.0 {
            (stack.pause, stack.lane_pauses) = Default::default();
            stack.limit(rate_of(recipient), now);
        }
    }

    /// The next messages to send, which are on their way then. `rate_of` is asked for a recipient's first.
    pub(super) fn next(
        &mut self,
        rate_of: impl Fn(&Recipient) -> Option<(MessageRate, Duration)>,
        now: Instant,
    ) -> Option<Round> {
        if self.is_full() {
            return None;
        }
        for (recipient, stack) in &mut self.0 {
            if stack.bucket.is_none() {
                stack.limit(rate_of(recipient), now);
            }
            if let Some((lane, letters)) = stack.next(recipient, now) {
                return Some(Round { recipient: recipient.clone(), letters, lane });
            }
        }
        None
    }

    /// Notes what became of a round.
    pub(super) fn end(&mut self, round: &Round, end: RoundEnd, now: Instant) {
        let Some(stack) = self.0.get_mut(&round.recipient) else { return };
        stack.busy.remove(&round.lane);
        match end {
            RoundEnd::Over => {
                stack.pause = TryPause::default();
                stack.lane_pauses.remove(&round.lane);
                round.letters.iter().for_each(|letter| stack.remove(letter));
            }
            RoundEnd::Again { after, alone: true } => {
                stack.lane_pauses.entry(round.lane.clone()).or_default().failed(after, now);
            }
            RoundEnd::Again { after, alone: false } => stack.pause.failed(after, now),
        }
        stack.forget_lanes();
        if stack.letters.is_empty() && stack.busy.is_empty() && stack.bucket.is_none() {
            self.0.remove(&round.recipient);
        }
    }

    /// Messages of the recipient of a round that failed: its own, and those that are not on their way.
    pub(super) fn at_hand(&self, round: &Round) -> Vec<Letter> {
        let Some(stack) = self.0.get(&round.recipient) else { return round.letters.clone() };
        let is_here = |letter: &&Letter| lane_of(letter) == round.lane || !stack.busy.contains(&lane_of(letter));
        stack.letters.values().filter(is_here).cloned().collect()
    }

    /// Forgets messages that nobody sends any more.
    pub(super) fn forget(&mut self, recipient: &Recipient, letters: &[Letter]) {
        let Some(stack) = self.0.get_mut(recipient) else { return };
        for letter in letters {
            stack.remove(letter);
        }
    }

    /// Time until something may be sent; `None` if nothing waits but for what is on its way.
    pub(super) fn due(&mut self, now: Instant) -> Option<Duration> {
        if self.is_full() {
            return None;
        }
        self.0.values_mut().filter_map(|stack| stack.due(now)).min()
    }

    /// The same without what was tried and failed.
    pub(super) fn due_untried(&mut self, now: Instant) -> Option<Duration> {
        self.0.values_mut().filter(|stack| !stack.pause.has_failed()).filter_map(|stack| stack.due_untried(now)).min()
    }

    fn is_full(&self) -> bool {
        self.0.values().map(|stack| stack.busy.len()).sum::<usize>() >= ALL_AT_ONCE
    }

    /// `true` while something is on its way.
    pub(super) fn are_busy(&self) -> bool {
        self.0.values().any(|stack| !stack.busy.is_empty())
    }

    /// Messages that wait, by recipient.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&Recipient, usize)> {
        self.0.iter().map(|(recipient, stack)| (recipient, stack.letters.len())).filter(|(_, count)| *count > 0)
    }
}

impl Stack {
    fn add(&mut self, letter: Letter) {
        let (of, number) = ((letter.tidings.job, letter.addressee.clone()), letter.tidings.number);
        if let Some(older) = self.newest.insert(of, number) {
            self.letters.remove(&older);
        }
        self.letters.insert(number, letter);
    }

    fn remove(&mut self, letter: &Letter) {
        let (of, number) = ((letter.tidings.job, letter.addressee.clone()), letter.tidings.number);
        self.letters.remove(&number);
        if self.newest.get(&of) == Some(&number) {
            self.newest.remove(&of);
        }
    }

    /// Forgets the pauses of lanes in which nothing waits.
    fn forget_lanes(&mut self) {
        let lanes: BTreeSet<String> = self.letters.values().map(lane_of).collect();
        self.lane_pauses.retain(|lane, _| lanes.contains(lane));
    }

    fn limit(&mut self, rate: Option<(MessageRate, Duration)>, now: Instant) {
        match (&mut self.bucket, rate) {
            (Some(bucket), Some((rate, gap))) => bucket.change(rate, gap),
            (bucket, rate) => *bucket = rate.map(|(rate, gap)| Bucket::full(rate, gap, now)),
        }
    }

    fn next(&mut self, recipient: &Recipient, now: Instant) -> Option<(String, Vec<Letter>)> {
        let is_free = self.pause.wait(now).is_zero() && self.busy.len() < AT_ONCE;
        if !is_free || self.bucket.as_mut().is_some_and(|bucket| !bucket.wait(now).is_zero()) {
            return None;
        }
        let (lane, letters) = match recipient {
            Recipient::Target(_) if self.letters.len() >= SUMMED_UP_FROM && self.busy.is_empty() => {
                (String::new(), self.letters.values().cloned().collect())
            }
            _ => {
                let letter = self.first_free(now)?.clone();
                (lane_of(&letter), vec![letter])
            }
        };
        self.busy.insert(lane.clone());
        if let Some(bucket) = &mut self.bucket {
            bucket.take(now);
        }
        Some((lane, letters))
    }

    /// The first message of those whose lanes are free. None overtakes another in its lane.
    fn first_free(&self, now: Instant) -> Option<&Letter> {
        self.letters.values().find(|letter| {
            let lane = lane_of(letter);
            let is_due = self.lane_pauses.get(&lane).is_none_or(|pause| pause.wait(now).is_zero());
            is_due && !self.busy.contains(&lane)
        })
    }

    /// Of what is on its way the end is heard.
    fn due(&mut self, now: Instant) -> Option<Duration> {
        if self.busy.len() >= AT_ONCE {
            return None;
        }
        let lane_wait = self.free_lanes().map(|lane| self.lane_wait(&lane, now)).min()?;
        let bucket = self.bucket.as_mut().map_or(Duration::ZERO, |bucket| bucket.wait(now));
        Some(lane_wait.max(self.pause.wait(now)).max(bucket))
    }

    fn due_untried(&mut self, now: Instant) -> Option<Duration> {
        let is_untried = self.free_lanes().any(|lane| !self.lane_pauses.contains_key(&lane));
        let bucket = self.bucket.as_mut().map_or(Duration::ZERO, |bucket| bucket.wait(now));
        is_untried.then_some(bucket)
    }

    fn lane_wait(&self, lane: &str, now: Instant) -> Duration {
        self.lane_pauses.get(lane).map_or(Duration::ZERO, |pause| pause.wait(now))
    }

    fn free_lanes(&self) -> impl Iterator<Item = String> {
        self.letters.values().map(lane_of).filter(|lane| !self.busy.contains(lane))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Standing, Tidings};
    use jiff::Timestamp;

    fn letter(to: &str, number: u64, commit: &str) -> Letter {
        let tidings = Tidings {
            number,
            at: Timestamp::UNIX_EPOCH,
            job: JobId::new(number / 10, 1).unwrap(),
            hook: "docs".into(),
            standing: Standing::Held,
            turn: None,
            reason: None,
            repository: None,
            reference: None,
            commit: Some(commit.into()),
            pusher: None,
            attempts: 1,
            seconds: None,
        };
        Letter { addressee: to.parse().unwrap(), tidings }
    }

    fn rounds(letters: &[(&str, u64, &str)]) -> Rounds {
        let mut rounds = Rounds::default();
        for (to, number, commit) in letters {
            rounds.add(letter(to, *number, commit));
        }
        rounds
    }

    fn no_limit(_: &Recipient) -> Option<(MessageRate, Duration)> {
        None
    }

    fn numbers(round: Option<&Round>) -> Vec<u64> {
        round.map_or_else(Vec::new, |round| round.letters.iter().map(|letter| letter.tidings.number).collect())
    }

    const AGAIN: RoundEnd = RoundEnd::Again { after: None, alone: false };

    #[test]
    fn a_target_gets_one_after_the_other_and_a_dead_one_stops_no_other() {
        let (mut rounds, now) = (rounds(&[("a", 10, ""), ("a", 20, ""), ("b", 30, "")]), Instant::now());
        let first = rounds.next(no_limit, now).unwrap();
        let other = rounds.next(no_limit, now).unwrap();
        assert_eq!((numbers(Some(&first)), numbers(Some(&other))), (vec![10], vec![30]));
        assert!(rounds.next(no_limit, now).is_none() && rounds.are_busy(), "20 waits for 10");
        rounds.end(&first, AGAIN, now);
        rounds.end(&other, RoundEnd::Over, now);
        assert!(rounds.next(no_limit, now).is_none());
        assert_eq!((rounds.due(now), rounds.due_untried(now)), (Some(Duration::from_secs(5)), None));
        let later = now + Duration::from_secs(5);
        let again = rounds.next(no_limit, later).unwrap();
        assert_eq!(numbers(Some(&again)), [10]);
        rounds.end(&again, RoundEnd::Over, later);
        assert_eq!(numbers(rounds.next(no_limit, later).as_ref()), [20]);
    }

    #[test]
    fn a_forge_gets_them_in_order_for_each_commit_and_several_commits_at_a_time() {
        let letters = [("@status", 10, "x"), ("@deployed", 20, "x"), ("@status", 30, "y")];
        let (mut rounds, now) = (rounds(&letters), Instant::now());
        let x = rounds.next(no_limit, now).unwrap();
        let y = rounds.next(no_limit, now).unwrap();
        assert_eq!((numbers(Some(&x)), numbers(Some(&y))), (vec![10], vec![30]));
        assert!(rounds.next(no_limit, now).is_none());
        rounds.end(&y, RoundEnd::Over, now);
        rounds.end(&x, RoundEnd::Again { after: None, alone: true }, now);
        rounds.add(letter("@status", 40, "y"));
        assert_eq!(numbers(rounds.next(no_limit, now).as_ref()), [40], "a fault of one commit is its own");
        assert!(rounds.next(no_limit, now).is_none(), "and nothing overtakes it there");
    }

    #[test]
    fn what_fails_together_is_one_failure_of_all_that_wait_but_for_what_is_on_its_way() {
        let commits = ["u", "v", "w", "x", "y", "z"];
        let letters: Vec<_> = (1..).zip(commits).map(|(n, commit)| ("@status", n * 10, commit)).collect();
        let (mut rounds, now) = (rounds(&letters), Instant::now());
        let four: Vec<Round> = std::iter::from_fn(|| rounds.next(no_limit, now)).collect();
        rounds.end(&four[0], AGAIN, now);
        let numbers: Vec<u64> = rounds.at_hand(&four[1]).iter().map(|letter| letter.tidings.number).collect();
        assert_eq!(numbers, [10, 20, 50, 60], "30 and 40 are on their way");
        four[1..].iter().for_each(|round| rounds.end(round, AGAIN, now));
        assert_eq!(rounds.due(now), Some(Duration::from_secs(5)));
    }

    #[test]
    fn the_pause_of_a_commit_goes_with_its_last_message() {
        let (mut rounds, now) = (rounds(&[("@status", 10, "x"), ("@status", 20, "y")]), Instant::now());
        let round = rounds.next(no_limit, now).unwrap();
        rounds.forget(&round.recipient, &round.letters);
        rounds.end(&round, RoundEnd::Again { after: None, alone: true }, now);
        rounds.add(letter("@status", 30, "x"));
        let free = [rounds.next(no_limit, now), rounds.next(no_limit, now)];
        assert_eq!(free.map(|round| numbers(round.as_ref())), [[20], [30]]);
    }

    #[test]
    fn however_many_are_told_so_many_are_told_at_a_time() {
        let names: Vec<String> = (0..40).map(|n| format!("t{n}")).collect();
        let letters: Vec<_> = (1..).zip(&names).map(|(n, name)| (name.as_str(), n * 10, "")).collect();
        let (mut rounds, now) = (rounds(&letters), Instant::now());
        let first = rounds.next(no_limit, now).unwrap();
        assert_eq!(std::iter::from_fn(|| rounds.next(no_limit, now)).count(), ALL_AT_ONCE - 1);
        assert_eq!(rounds.due(now), None, "an end is waited for, and not a moment");
        rounds.end(&first, RoundEnd::Over, now);
        assert!(rounds.due(now).is_some() && rounds.next(no_limit, now).is_some());
    }

    #[test]
    fn what_a_newer_message_of_the_job_replaces_is_not_sent() {
        let (mut rounds, now) = (rounds(&[("@status", 10, "x"), ("@status", 11, "x")]), Instant::now());
        let newer = rounds.next(no_limit, now).unwrap();
        assert_eq!(numbers(Some(&newer)), [11]);
        rounds.add(letter("@status", 12, "x"));
        rounds.end(&newer, RoundEnd::Over, now);
        assert_eq!(numbers(rounds.next(no_limit, now).as_ref()), [12], "the old one was on its way");
    }

    #[test]
    fn more_than_five_become_one() {
        let many: Vec<(&str, u64, &str)> = (1..=7).map(|n| ("a", n * 10, "")).collect();
        let (mut rounds, now) = (rounds(&many), Instant::now());
        let all = rounds.next(no_limit, now).unwrap();
        assert_eq!(numbers(Some(&all)), [10, 20, 30, 40, 50, 60, 70]);
        rounds.end(&all, RoundEnd::Over, now);
        assert_eq!((rounds.due(now), rounds.waiting().count()), (None, 0));
    }

    #[test]
    fn a_flood_is_told_in_time_and_then_in_one() {
        let limit = |_: &Recipient| Some((MessageRate { count: 2, per: Duration::from_secs(20) }, Duration::ZERO));
        let (mut rounds, now) = (rounds(&[("a", 10, ""), ("a", 20, ""), ("a", 30, "")]), Instant::now());
        for _ in 0..2 {
            let round = rounds.next(limit, now).unwrap();
            rounds.end(&round, RoundEnd::Over, now);
        }
        assert!(rounds.next(limit, now).is_none());
        assert_eq!(rounds.due(now), Some(Duration::from_secs(10)));
        (4..=9).for_each(|n| rounds.add(letter("a", n * 10, "")));
        assert_eq!(numbers(rounds.next(limit, now + Duration::from_secs(10)).as_ref()).len(), 7);
    }
}
