//! Edge. One connection, from the first request to its loss: makes the consumers anew, then sends, takes and hears.

use super::age;
use super::api::{self, Consumer};
use super::presence::TwinWatch;
use super::sender::JobSender;
use super::store::JobStore;
use super::subjects::Subjects;
use super::taker::Taker;
use super::wire::{Arrival, Inlet, Wire, WireError};
use crate::spool::{RelayState, SpoolError};
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
/// A consumer that gave nothing for so long is made anew: servers of a cluster may have lost the stream while this
/// connection stayed, and what is stored since then would be hidden behind a position from before.
const MAKE_ANEW_AFTER: Duration = Duration::from_secs(300);
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
    /// The time at which it was made, or gave something last.
    fresh_at: Instant,
    /// The time at which it was made anew in this session.
    remade_at: Option<Instant>,
}

/// The parts of a session, each of which does one thing.
pub(super) struct Session<'s> {
    /// Sends.
    pub sender: &'s mut JobSender,
    /// Takes, on a host that trusts others.
    pub taker: Option<&'s mut Taker>,
    /// The spool.
    pub store: &'s mut dyn JobStore,
    /// Looks out for another host of this name.
    pub twins: &'s mut TwinWatch,
    /// The state that people are shown.
    pub state: &'s mut RelayState,
    /// It ends when nothing is left to do.
    pub once: bool,
}

/// A session under way.
pub(super) struct Course {
    inflows: Vec<Inflow>,
    arrived: VecDeque<Arrival>,
    quiet_since: Instant,
    looked_at: Instant,
}

/// The judgement of those who own a session, between two of its turns.
pub(super) trait Outside {
    /// True if the session is to end.
    fn is_over(&self) -> bool;
    /// People are shown this; `at_rest`: nothing is left to do. The time until it is to be shown once more, if it
    /// changed too soon after the last time.
    fn show(&mut self, state: &mut RelayState, at_rest: bool) -> Option<Duration>;
}

impl Session<'_> {
    /// Works until the connection is lost or somebody wants it to end; the reason.
    pub(super) fn run(
        &mut self,
        wire: &mut dyn Wire,
        subjects: &Subjects,
        outside: &mut dyn Outside,
    ) -> Result<String, SpoolError> {
        let mut course = match self.begin(wire, subjects) {
            Ok(course) => course,
            Err(why) => return Ok(why),
        };
        loop {
            if let Some(why) = self.turn(wire, &mut course, outside)? {
                return Ok(why);
            }
        }
    }

    /// Makes the consumers anew, and listens for another of this name; or why there is no session.
    pub(super) fn begin(&mut self, wire: &mut dyn Wire, subjects: &Subjects) -> Result<Course, String> {
        let inflows = self.inflows(wire.now(), subjects);
        for inflow in &inflows {
            let made = make_anew(wire, &inflow.consumer);
            self.state.ahead_ms =
                made.map_err(|error| format!("cannot make a consumer: {}", advice(&error)))?.or(self.state.ahead_ms);
        }
        self.tell_of_clocks(wire);
        self.twins.greet(wire);
        self.listen(wire);
        let now = wire.now();
        Ok(Course { inflows, arrived: VecDeque::new(), quiet_since: now, looked_at: now })
    }

    /// One turn: sends what is due, deals with what arrived, asks for more, and waits; the reason to end, if it is one.
    pub(super) fn turn(
        &mut self,
        wire: &mut dyn Wire,
        course: &mut Course,
        outside: &mut dyn Outside,
    ) -> Result<Option<String>, SpoolError> {
        if outside.is_over() {
            self.twins.leave(wire);
            return Ok(Some("it is over".to_owned()));
        }
        if let Some(why) = wire.lost() {
            return Ok(Some(why));
        }
        if course.arrived.is_empty() || wire.now().duration_since(course.looked_at) >= LOOK_EVERY {
            self.sender.look(wire, self.store, self.state)?;
            course.looked_at = wire.now();
        }
        let has_sent = self.sender.send(wire, self.store, self.state)?;
        let is_message = |arrival: &Arrival| arrival.status.is_none() && arrival.inlet != Inlet::Here;
        if has_sent || course.arrived.iter().any(is_message) {
            course.quiet_since = wire.now();
        }
        // What was heard may make room for what is to be sent.
        let has_heard = !course.arrived.is_empty();
        if let Some(why) = self.hear_all(wire, course)? {
            return Ok(Some(why));
        }
        self.twins.turn(wire, self.state);
        if let Err(error) = self.ask(wire, &mut course.inflows) {
            return Ok(Some(format!("cannot make a consumer anew: {}", advice(&error))));
        }
        let at_rest = self.is_at_rest(&course.inflows, wire.now().duration_since(course.quiet_since));
        let shown_in = outside.show(self.state, at_rest);
        if !has_sent && !has_heard {
            let at_most = self.wait(&course.inflows, wire.now()).min(shown_in.unwrap_or(LONGEST_WAIT));
            course.arrived = next(wire, at_most);
        }
        Ok(None)
    }

    /// The age of jobs is judged by clocks.
    fn tell_of_clocks(&self, wire: &dyn Wire) {
        if let Some(ahead_ms) = self.state.ahead_ms.filter(|ahead_ms| !age::clocks_agree(*ahead_ms)) {
            let (server, ahead_s) = (&wire.server().name, ahead_ms / 1000);
            let reason =
                "this host's clock and the server's tell of other days: no job is given up, others refuse some";
            tracing::error!(event = "clocks-differ", server, ahead_s, reason);
        }
    }

    fn inflows(&self, now: Instant, subjects: &Subjects) -> Vec<Inflow> {
        let of = |inlet, consumer| Inflow {
            inlet,
            consumer,
            left: 0,
            ends_at: now,
            is_empty: false,
            fresh_at: now,
            remade_at: None,
        };
        let jobs = self.taker.is_some().then(|| of(Inlet::Jobs, Consumer::of_jobs(subjects, &self.state.name)));
        let receipts = of(Inlet::Receipts, Consumer::of_receipts(subjects, &self.state.name));
        jobs.into_iter().chain([receipts]).collect()
    }

    /// Listens before anything is asked for: only another of this name can be heard then.
    fn listen(&mut self, wire: &mut dyn Wire) {
        let until = wire.now() + LISTEN_FIRST;
        while let Some(left) = until.checked_duration_since(wire.now()).filter(|left| !left.is_zero()) {
            if let Some(arrival) = wire.next(left).filter(|arrival| arrival.inlet == Inlet::Here) {
                self.twins.hear(&arrival.body, wire.now());
            }
        }
        self.twins.turn(wire, self.state);
    }

    /// Deals with what has arrived; the reason for another session, if there is one.
    fn hear_all(&mut self, wire: &mut dyn Wire, course: &mut Course) -> Result<Option<String>, SpoolError> {
        let (mut jobs, mut receipts, now) = (Vec::new(), Vec::new(), wire.now());
        for arrival in course.arrived.drain(..) {
            if arrival.inlet == Inlet::Here {
                self.twins.hear(&arrival.body, now);
                continue;
            }
            let inflow = course.inflows.iter_mut().find(|inflow| inflow.inlet == arrival.inlet);
            match (arrival.status, inflow) {
                (Some(status), Some(inflow)) => {
                    if let Some(why) = inflow.hear_status(status, &arrival.words, now) {
                        return Ok(Some(why));
                    }
                }
                (_, Some(inflow)) => {
                    inflow.left = inflow.left.saturating_sub(1);
                    (inflow.is_empty, inflow.fresh_at) = (false, now);
                    if arrival.inlet == Inlet::Jobs { jobs.push(arrival) } else { receipts.push(arrival) }
                }
                (_, None) => {}
            }
        }
        if let (Some(taker), false) = (self.taker.as_mut(), jobs.is_empty()) {
            taker.take(wire, self.store, &jobs, self.state)?;
        }
        if !receipts.is_empty() {
            self.sender.hear(wire, self.store, &receipts, self.state)?;
        }
        Ok(None)
    }

    /// Asks each consumer of which nothing is expected any more. Two hosts of one name take nothing.
    fn ask(&self, wire: &mut dyn Wire, inflows: &mut [Inflow]) -> Result<(), WireError> {
        let now = wire.now();
        let max_bytes = PULL_BYTES.max(wire.server().max_payload_bytes + 64 * 1024);
        for inflow in inflows {
            let is_spent = inflow.left == 0 || now >= inflow.ends_at;
            let is_barred = inflow.inlet == Inlet::Jobs && self.state.twin.is_some();
            if is_barred || !is_spent || (inflow.is_empty && now < inflow.ends_at) {
                continue;
            }
            if now.duration_since(inflow.fresh_at) >= MAKE_ANEW_AFTER {
                make_anew(wire, &inflow.consumer)?;
                (inflow.fresh_at, inflow.remade_at) = (now, Some(now));
            }
            wire.pull(inflow.inlet, &inflow.consumer.next(), &api::pull(!self.once, max_bytes));
            let time = if self.once { 2 * LOOK_AGAIN } else { api::PULL_TIME + ANSWER_MARGIN };
            (inflow.left, inflow.ends_at) = (api::BATCH, now + time);
        }
        Ok(())
    }

    fn wait(&self, inflows: &[Inflow], now: Instant) -> Duration {
        let asks = inflows.iter().map(|inflow| inflow.ends_at.saturating_duration_since(now)).min();
        let rest = self.once.then_some(LOOK_AGAIN);
        let waits = [self.sender.wait(now), asks, rest, Some(self.twins.wait(now)), Some(LONGEST_WAIT)];
        waits.into_iter().flatten().min().unwrap_or(LONGEST_WAIT).max(Duration::from_millis(1))
    }

    fn is_at_rest(&self, inflows: &[Inflow], quiet_for: Duration) -> bool {
        let has_all = inflows.iter().all(|inflow| inflow.is_empty) || self.state.twin.is_some();
        has_all && self.sender.is_at_rest() && quiet_for >= RECEIPT_TIME
    }
}

impl Inflow {
    fn was_remade(&self, now: Instant) -> bool {
        self.remade_at.is_some_and(|at| now.duration_since(at) < api::PULL_TIME + ANSWER_MARGIN)
    }

    /// The server's word about a request for messages; the reason to begin anew, if it is one.
    fn hear_status(&mut self, status: u16, words: &str, now: Instant) -> Option<String> {
        (self.left, self.ends_at) = (0, now);
        match status {
            404 => {
                (self.is_empty, self.ends_at) = (true, now + LOOK_AGAIN);
                None
            }
            408 => None,
            // Enough bytes for one request, or too many requests at a time.
            409 if words.contains("MaxBytes") || words.contains("MaxWaiting") || words.contains("Batch") => None,
            // What was asked of the old consumer, by this very session.
            409 if words.contains("Consumer Deleted") && self.was_remade(now) => None,
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
///
/// The milliseconds by which this host's clock is ahead of the server's.
fn make_anew(wire: &mut dyn Wire, consumer: &Consumer) -> Result<Option<i64>, WireError> {
    wire.ask(&consumer.delete(), b"")?;
    let (subject, body) = consumer.create();
    let asked_at = wire.clock();
    let answer = wire.ask(&subject, &body)?;
    let middle = asked_at + wire.clock().duration_since(asked_at) / 2;
    api::refusal(&answer).map_or(Ok(()), Err)?;
    Ok(api::made_at(&answer).map(|made_at| age::ahead_ms(middle, made_at)))
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
