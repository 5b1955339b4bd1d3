//! Edge. One connection, from the first request to its loss: makes the consumers anew, then sends, takes and hears.

use super::api::{self, Consumer};
use super::presence::TwinWatch;
use super::sender::JobSender;
use super::state::RelayState;
use super::subjects::Subjects;
use super::taker::Taker;
use super::wire::{Arrival, Inlet, Wire, WireError};
use crate::spool::SpoolError;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Longest wait for anything: what a lost message would have said is looked for again.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// A request for messages counts for so much longer than the server keeps it: its answer may be lost.
const ANSWER_MARGIN: Duration = Duration::from_secs(3);
/// Between two requests that do not wait.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// A relay with an end of its own waits so long for receipts of what it sent.
const RECEIPT_TIME: Duration = Duration::from_secs(2);
/// Most that the servers may give out at a time; one message may be larger.
const PULL_BYTES: u64 = 4 * 1024 * 1024;
/// While messages arrive, marks are read so often: a long list of them takes its time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A host that has just come listens so long for another of its name.
const LISTEN_FIRST: Duration = Duration::from_millis(300);

/// A consumer, and what was asked of it.
struct Inflow {
    inlet: Inlet,
    consumer: Consumer,
    /// Messages that the last request may still bring.
    left: usize,
    /// The time from which on it brings none.
    ends_at: Instant,
    /// It had nothing when it was asked last.
    is_empty: bool,
}

/// The parts of a session, each of which does one thing.
pub(super) struct Session<'s, 'a> {
    /// Sends.
    pub sender: &'s mut JobSender<'a>,
    /// Takes, on a host that trusts others.
    pub taker: Option<&'s mut Taker<'a>>,
    /// Looks out for another host of this name.
    pub twins: &'s mut TwinWatch,
    /// The state that people are shown.
    pub state: &'s mut RelayState,
    /// It ends when nothing is left to do.
    pub once: bool,
}

/// The judgement of those who own a session, between two of its turns.
pub(super) trait Outside {
    /// True if the session is to end.
    fn is_over(&self) -> bool;
    /// People are shown this; `at_rest`: nothing is left to do.
    fn show(&mut self, state: &mut RelayState, at_rest: bool);
}

impl Session<'_, '_> {
    /// Works until the connection is lost or somebody wants it to end; the reason.
    pub(super) fn run(
        &mut self,
        wire: &mut dyn Wire,
        subjects: &Subjects,
        outside: &mut dyn Outside,
    ) -> Result<String, SpoolError> {
        let mut inflows = self.inflows(subjects);
        for inflow in &inflows {
            if let Err(error) = make_anew(wire, &inflow.consumer) {
                return Ok(format!("cannot make a consumer: {}", advice(&error)));
            }
        }
        self.twins.greet(wire);
        let mut arrived = self.listen(wire);
        let (mut quiet_since, mut looked_at) = (Instant::now(), Instant::now());
        loop {
            if outside.is_over() {
                self.twins.leave(wire);
                return Ok("it is over".to_owned());
            }
            if let Some(why) = wire.lost() {
                return Ok(why);
            }
            if arrived.is_empty() || looked_at.elapsed() >= LOOK_EVERY {
                self.sender.look(Timestamp::now())?;
                looked_at = Instant::now();
            }
            let has_sent = self.sender.send(wire, self.state)?;
            if has_sent || arrived.iter().any(|arrival| arrival.status.is_none() && arrival.inlet != Inlet::Here) {
                quiet_since = Instant::now();
            }
            // What was heard may make room for what is to be sent.
            let has_heard = !arrived.is_empty();
            if let Some(why) = self.hear_all(wire, &mut inflows, &mut arrived)? {
                return Ok(why);
            }
            self.twins.turn(wire, self.state);
            self.ask(wire, &mut inflows);
            let at_rest = self.is_at_rest(&inflows, quiet_since);
            outside.show(self.state, at_rest);
            if !has_sent && !has_heard {
                arrived = next(wire, self.wait(&inflows));
            }
        }
    }

    fn inflows(&self, subjects: &Subjects) -> Vec<Inflow> {
        let of = |inlet, consumer| Inflow { inlet, consumer, left: 0, ends_at: Instant::now(), is_empty: false };
        let jobs = self.taker.is_some().then(|| of(Inlet::Jobs, Consumer::of_jobs(subjects, &self.state.name)));
        let receipts = of(Inlet::Receipts, Consumer::of_receipts(subjects, &self.state.name));
        jobs.into_iter().chain([receipts]).collect()
    }

    /// Listens before anything is asked for: only another of this name can be heard then.
    fn listen(&mut self, wire: &mut dyn Wire) -> VecDeque<Arrival> {
        let until = Instant::now() + LISTEN_FIRST;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            if let Some(arrival) = wire.next(left).filter(|arrival| arrival.inlet == Inlet::Here) {
                self.twins.hear(&arrival.body);
            }
        }
        self.twins.turn(wire, self.state);
        VecDeque::new()
    }

    /// Deals with what has arrived; the reason for another session, if there is one.
    fn hear_all(
        &mut self,
        wire: &mut dyn Wire,
        inflows: &mut [Inflow],
        arrived: &mut VecDeque<Arrival>,
    ) -> Result<Option<String>, SpoolError> {
        let (mut jobs, mut receipts) = (Vec::new(), Vec::new());
        for arrival in arrived.drain(..) {
            if arrival.inlet == Inlet::Here {
                self.twins.hear(&arrival.body);
                continue;
            }
            let inflow = inflows.iter_mut().find(|inflow| inflow.inlet == arrival.inlet);
            match (arrival.status, inflow) {
                (Some(status), Some(inflow)) => {
                    if let Some(why) = inflow.hear_status(status, &arrival.words) {
                        return Ok(Some(why));
                    }
                }
                (_, Some(inflow)) => {
                    inflow.left = inflow.left.saturating_sub(1);
                    inflow.is_empty = false;
                    if arrival.inlet == Inlet::Jobs { jobs.push(arrival) } else { receipts.push(arrival) }
                }
                (_, None) => {}
            }
        }
        if let (Some(taker), false) = (self.taker.as_mut(), jobs.is_empty()) {
            taker.take(wire, &jobs)?;
        }
        if !receipts.is_empty() {
            self.sender.hear(wire, &receipts, self.state)?;
        }
        Ok(None)
    }

    /// Asks each consumer of which nothing is expected any more. Two hosts of one name take nothing.
    fn ask(&self, wire: &mut dyn Wire, inflows: &mut [Inflow]) {
        let now = Instant::now();
        let max_bytes = PULL_BYTES.max(wire.server().max_payload_bytes + 64 * 1024);
        for inflow in inflows {
            let is_spent = inflow.left == 0 || now >= inflow.ends_at;
            let is_barred = inflow.inlet == Inlet::Jobs && self.state.twin.is_some();
            if is_barred || !is_spent || (inflow.is_empty && now < inflow.ends_at) {
                continue;
            }
            wire.pull(inflow.inlet, &inflow.consumer.next(), &api::pull(!self.once, max_bytes));
            let time = if self.once { 2 * LOOK_AGAIN } else { api::PULL_TIME + ANSWER_MARGIN };
            (inflow.left, inflow.ends_at) = (api::BATCH, now + time);
        }
    }

    fn wait(&self, inflows: &[Inflow]) -> Duration {
        let now = Instant::now();
        let asks = inflows.iter().map(|inflow| inflow.ends_at.saturating_duration_since(now)).min();
        let rest = self.once.then_some(LOOK_AGAIN);
        let waits = [self.sender.wait(now), asks, rest, Some(self.twins.wait(now)), Some(LONGEST_WAIT)];
        waits.into_iter().flatten().min().unwrap_or(LONGEST_WAIT).max(Duration::from_millis(1))
    }

    fn is_at_rest(&self, inflows: &[Inflow], quiet_since: Instant) -> bool {
        let has_all = inflows.iter().all(|inflow| inflow.is_empty) || self.state.twin.is_some();
        has_all && self.sender.is_at_rest() && quiet_since.elapsed() >= RECEIPT_TIME
    }
}

impl Inflow {
    /// The server's word about a request for messages; the reason to begin anew, if it is one.
    fn hear_status(&mut self, status: u16, words: &str) -> Option<String> {
        (self.left, self.ends_at) = (0, Instant::now());
        match status {
            404 => {
                (self.is_empty, self.ends_at) = (true, Instant::now() + LOOK_AGAIN);
                None
            }
            408 => None,
            // Enough bytes for one request, or too many requests at a time.
            409 if words.contains("MaxBytes") || words.contains("MaxWaiting") || words.contains("Batch") => None,
            409 => Some(format!("the server ended a request: {words}")),
            503 => Some(advice(&WireError::NoResponders)),
            other => Some(format!("the server says {other}")),
        }
    }
}

/// The first message that comes in time, and all that are there with it.
fn next(wire: &mut dyn Wire, at_most: Duration) -> VecDeque<Arrival> {
    let mut arrived: VecDeque<Arrival> = wire.next(at_most).into_iter().collect();
    while !arrived.is_empty() && arrived.len() < api::BATCH {
        let Some(arrival) = wire.next(Duration::from_millis(1)) else { break };
        arrived.push_back(arrival);
    }
    arrived
}

/// A consumer that is made anew knows no position from before an accident: of a work queue all is left that nobody
/// acknowledged, and it gets all of that.
fn make_anew(wire: &mut dyn Wire, consumer: &Consumer) -> Result<(), WireError> {
    wire.ask(&consumer.delete(), b"")?;
    let (subject, body) = consumer.create();
    let answer = wire.ask(&subject, &body)?;
    api::refusal(&answer).map_or(Ok(()), Err)
}

/// The error, and what a person does about it.
fn advice(error: &WireError) -> String {
    match error {
        WireError::NoResponders => {
            "no stream answers: `hookspool relay setup` makes it, or its servers choose a leader".to_owned()
        }
        WireError::Refused { code: 10_059, .. } => {
            "the stream is not there; `hookspool relay setup` makes it".to_owned()
        }
        other => other.to_string(),
    }
}
