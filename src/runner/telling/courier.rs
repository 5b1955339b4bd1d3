//! Edge. The thread that sends: decides what is next, hands it to a thread of its own, so that no dead target stops
//! another, and hears what became of it.

use super::envelope::{NoParcel, host_name, outgoing};
use super::rounds::{Recipient, Round, RoundEnd, Rounds};
use super::tally::MessageTally;
use crate::config::Config;
use crate::model::JobId;
use crate::notify::{LaterCause, MessageRate, Receipt};
use crate::spool::{Letter, SpoolError, SpoolOwner};
use crate::system::stop::Stop;
use jiff::{SignedDuration, Timestamp};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// An older message is given up.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Longest sleep; nothing but an event needs to be sooner.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);
/// Between two looks at a request to stop, in the last round.
const LOOK: Duration = Duration::from_millis(100);
/// Longest wait of a runner that was told to stop for what is on its way: what is not over then is sent again.
const FAREWELL: Duration = Duration::from_secs(2);

/// The news that the courier hears.
#[derive(Debug)]
pub(super) enum CourierEvent {
    /// Messages are in the outbox.
    Posted(Vec<Letter>),
    /// Another configuration.
    Config(Arc<Config>),
    /// The end of a round.
    Answered(Round, Receipt),
    /// No more will come: to end when what can be sent was sent, and no later than this.
    LastRound(Instant),
    /// To end.
    Halt,
}

/// The one who sends.
pub(in crate::runner) struct Courier<'a> {
    owner: &'a SpoolOwner,
    config: Arc<Config>,
    rounds: Rounds,
    tally: MessageTally,
    host: String,
    events: Sender<CourierEvent>,
    heard: Receiver<CourierEvent>,
    /// The end is near, and when it is there.
    until: Option<Instant>,
    is_halted: bool,
    /// The runner was told to stop, perhaps in its last round.
    stop: Stop,
}

impl<'a> Courier<'a> {
    pub(super) fn new(
        owner: &'a SpoolOwner,
        config: Arc<Config>,
        (events, heard): (Sender<CourierEvent>, Receiver<CourierEvent>),
        (tally, stop): (MessageTally, Stop),
    ) -> Self {
        let rounds = Rounds::default();
        let (until, is_halted) = (None, false);
        Self { owner, config, rounds, tally, host: host_name(), events, heard, until, is_halted, stop }
    }

    /// Sends what the runner before has left, and what is posted, until told to end.
    pub(in crate::runner) fn run(mut self) {
        match self.owner.letters() {
            Ok((letters, damaged)) => {
                for letter in letters {
                    self.rounds.add(letter);
                }
                for file in damaged {
                    tracing::warn!(event = "message-damaged", file);
                }
            }
            Err(error) => tracing::error!(event = "outbox-unreadable", reason = %error),
        }
        while !self.is_over() {
            self.send_what_is_due();
            self.count();
            self.listen();
        }
        self.count();
    }

    fn count(&self) {
        self.tally.waiting(self.rounds.waiting().map(|(recipient, count)| (recipient.name(), count)));
    }

    fn is_over(&mut self) -> bool {
        if self.until.is_some() && !self.is_halted && self.stop.requested() {
            self.hear(CourierEvent::Halt);
        }
        let Some(until) = self.until else { return false };
        let now = Instant::now();
        let is_idle = !self.rounds.are_busy() && (self.is_halted || self.is_done_before(until, now));
        is_idle || now >= until
    }

    /// `true` if nothing can be sent before `until` that was not tried and failed: that waits for the next runner.
    fn is_done_before(&mut self, until: Instant, now: Instant) -> bool {
        self.rounds.due_untried(now).is_none_or(|wait| now + wait > until)
    }

    fn send_what_is_due(&mut self) {
        let config = Arc::clone(&self.config);
        while !self.is_halted
            && let Some(round) = self.rounds.next(|recipient| rate_of(&config, recipient), Instant::now())
        {
            self.begin(&round);
        }
    }

    fn begin(&mut self, round: &Round) {
        let outgoing = match outgoing(&self.config, round, &self.host) {
            Ok(outgoing) => outgoing,
            Err(NoParcel::ForGood(why)) => return self.end(round, Receipt::Refused { why }),
            Err(NoParcel::ForNow(why)) => {
                return self.end(round, Receipt::Later { after: None, why, cause: LaterCause::Silence });
            }
        };
        let (events, carried) = (self.events.clone(), round.clone());
        // Left to itself where the runner ends first: the message is still in the outbox.
        let send = move || {
            let receipt = catch_unwind(AssertUnwindSafe(|| outgoing.send())).unwrap_or_else(|_| fault());
            drop(events.send(CourierEvent::Answered(carried, receipt)));
        };
        if let Err(error) = Builder::new().name("send".to_owned()).spawn(send) {
            let why = format!("cannot start a thread: {}", crate::system::errno::words(&error));
            self.end(round, Receipt::Later { after: None, why, cause: LaterCause::Silence });
        }
    }

    fn listen(&mut self) {
        let now = Instant::now();
        let due = self.rounds.due(now).filter(|_| !self.is_halted).unwrap_or(LONGEST_SLEEP);
        // In the last round nobody is left who would tell of a stop.
        let left = self.until.map_or(LONGEST_SLEEP, |until| until.saturating_duration_since(now).min(LOOK));
        match self.heard.recv_timeout(due.min(left).min(LONGEST_SLEEP)) {
            Ok(event) => self.hear(event),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }

    fn hear(&mut self, event: CourierEvent) {
        match event {
            CourierEvent::Posted(letters) => letters.into_iter().for_each(|letter| self.rounds.add(letter)),
            CourierEvent::Config(config) => {
                self.config = config;
                let config = Arc::clone(&self.config);
                self.rounds.configure(|recipient| rate_of(&config, recipient), Instant::now());
            }
            CourierEvent::Answered(round, receipt) => self.end(&round, receipt),
            CourierEvent::LastRound(until) => self.until = Some(until),
            CourierEvent::Halt => (self.is_halted, self.until) = (true, Some(Instant::now() + FAREWELL)),
        }
    }

    /// Writes down what became of a round, and only then forgets it.
    fn end(&mut self, round: &Round, receipt: Receipt) {
        let to = round.recipient.name();
        let (job, messages) = (job_of(round), round.letters.len());
        let end = match receipt {
            Receipt::Sent => {
                tracing::info!(event = "told", to, job = %job, messages);
                self.tally.sent(&to);
                round.letters.iter().for_each(|letter| told_of(self.owner.take_out(letter)));
                RoundEnd::Over
            }
            Receipt::Refused { why } => {
                self.give_up(&round.letters, &to, &why);
                RoundEnd::Over
            }
            Receipt::Later { after, why, cause } => {
                tracing::warn!(event = "not-told-yet", to, job = %job, messages, reason = why);
                let alone = cause == LaterCause::ThisOne;
                let concerned = if alone { round.letters.clone() } else { self.rounds.at_hand(round) };
                self.give_up_the_old(&round.recipient, concerned, &why);
                RoundEnd::Again { after, alone }
            }
        };
        self.rounds.end(round, end, Instant::now());
    }

    /// Gives up what waits for too long among those whose turn it is, or would be if anything were taken.
    fn give_up_the_old(&mut self, recipient: &Recipient, letters: Vec<Letter>, why: &str) {
        let now = Timestamp::now();
        let is_old = |letter: &Letter| now.duration_since(letter.tidings.at) > GIVE_UP_AFTER;
        let old: Vec<Letter> = letters.into_iter().filter(is_old).collect();
        if !old.is_empty() {
            self.give_up(&old, &recipient.name(), &format!("given up after 24 hours; the last time: {why}"));
            self.rounds.forget(recipient, &old);
        }
    }

    fn give_up(&mut self, letters: &[Letter], to: &str, why: &str) {
        let job = letters.last().map(|letter| letter.tidings.job.to_string());
        tracing::error!(event = "not-told", to, job, messages = letters.len(), reason = why);
        self.tally.failed(to, letters.len());
        for letter in letters {
            told_of(self.owner.put_aside_letter(letter, why, Timestamp::now()));
        }
    }
}

/// A panic, which has been reported, must not keep the messages behind it for ever.
fn fault() -> Receipt {
    Receipt::Later { after: None, why: "a fault of hookspool".to_owned(), cause: LaterCause::ThisOne }
}

/// A message that cannot be removed is sent again by the next runner.
fn told_of(result: Result<(), SpoolError>) {
    if let Err(error) = result {
        tracing::error!(event = "outbox-failed", reason = %error);
    }
}

fn job_of(round: &Round) -> JobId {
    round.letters.last().map_or_else(|| unreachable!("a round has a message"), |letter| letter.tidings.job)
}

fn rate_of(config: &Config, recipient: &Recipient) -> Option<(MessageRate, Duration)> {
    match recipient {
        Recipient::Target(name) => config.target(name).map(|target| (target.rate, target.messenger.least_gap())),
        Recipient::Forge(_) => None,
    }
}
