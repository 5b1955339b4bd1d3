//! Edge. The target's part: verifies jobs, puts them into the spool, and says so. Writes jobs.

use super::envelope::{self, OpenedJob, Route};
use super::receipt::HostReceipt;
use super::store::JobStore;
use super::subjects::{Parties, Subjects};
use super::wire::{Arrival, BrokerMessage, Wire};
use super::{age, api};
use crate::config::{Config, RelaySettings};
use crate::model::{JobId, JobMeta};
use crate::spool::{RelayState, SpoolError};
use jiff::Timestamp;
use std::sync::Arc;

/// A line and an envelope beside a payload.
const AROUND_BYTES: u64 = 66 * 1024;

/// The decision about a message.
enum Verdict {
    New(Box<JobMeta>, Vec<u8>),
    /// It is here, perhaps since a moment before a crash: nobody has written down that its name is durable.
    Here,
    Taken,
    Refused(String),
}

/// The taking side of one host.
pub(super) struct Taker {
    config: Arc<Config>,
    settings: RelaySettings,
    subjects: Subjects,
    identity: String,
    session: String,
    tries: u64,
}

/// The jobs of one batch, and the answers to their messages.
#[derive(Default)]
struct TakenBatch<'m> {
    fresh: Vec<(JobId, String)>,
    answers: Vec<(&'m Arrival, Option<(String, HostReceipt)>)>,
}

impl Taker {
    /// Of the spool with that `identity`.
    pub(super) fn new(config: Arc<Config>, settings: &RelaySettings, identity: &str, session: &str) -> Self {
        let subjects = Subjects::new(&settings.prefix, &settings.stream);
        let (settings, session, identity) = (settings.clone(), session.to_owned(), identity.to_owned());
        Self { config, settings, subjects, identity, session, tries: 0 }
    }

    /// Takes what may be taken, in this order: jobs written and flushed, their names flushed, the ledger flushed,
    /// receipts, and only then the server may forget the messages. Whatever is cut short comes again.
    pub(super) fn take(
        &mut self,
        wire: &mut dyn Wire,
        store: &mut dyn JobStore,
        arrivals: &[Arrival],
        state: &mut RelayState,
    ) -> Result<(), SpoolError> {
        let now = wire.clock();
        let mut batch = TakenBatch::default();
        for arrival in arrivals {
            self.take_one(store, arrival, now, &mut batch, state)?;
        }
        if !batch.fresh.is_empty() {
            store.flush_adopted()?;
            let fresh: Vec<(JobId, &str)> = batch.fresh.iter().map(|(id, from)| (*id, from.as_str())).collect();
            store.note_taken(&fresh, now, age::forgotten(self.settings.keep, now))?;
        }
        self.answer(wire, batch.answers);
        Ok(())
    }

    /// After a crash, or an error of the disk: what came then is here, and may be run and pruned before its message
    /// comes once more. It is written down before that.
    pub(super) fn catch_up(&self, store: &mut dyn JobStore, now: Timestamp) -> Result<(), SpoolError> {
        let unnoted = store.unnoted()?;
        if unnoted.is_empty() {
            return Ok(());
        }
        store.flush_adopted()?;
        let unnoted: Vec<(JobId, &str)> = unnoted.iter().map(|(id, from)| (*id, from.as_str())).collect();
        store.note_taken(&unnoted, now, age::forgotten(self.settings.keep, now))
    }

    fn take_one<'m>(
        &self,
        store: &mut dyn JobStore,
        arrival: &'m Arrival,
        now: Timestamp,
        batch: &mut TakenBatch<'m>,
        state: &mut RelayState,
    ) -> Result<(), SpoolError> {
        let Some(parties) = self.parties(arrival) else {
            tracing::warn!(event = "strange-message", subject = arrival.subject);
            batch.answers.push((arrival, None));
            return Ok(());
        };
        let Parties { id, from, .. } = &parties;
        let refused = match self.judge(store, &parties, arrival, now, state)? {
            Verdict::New(meta, payload) => {
                if store.adopt(*id, &meta, &payload)? {
                    tracing::info!(event = "relayed", job = %id, hook = meta.hook, from);
                }
                batch.fresh.push((*id, from.clone()));
                None
            }
            Verdict::Here => {
                let other = batch.fresh.iter().find(|(known, other)| known == id && other != from);
                let why = other.map(|(_, other)| of_another(other));
                batch.fresh.extend(why.is_none().then(|| (*id, from.clone())));
                why
            }
            Verdict::Taken => None,
            Verdict::Refused(why) => {
                tracing::error!(event = "refused", job = %id, from, reason = why);
                Some(why)
            }
        };
        let receipt = HostReceipt::new(*id, &self.identity, now, refused);
        batch.answers.push((arrival, Some((parties.from, receipt))));
        Ok(())
    }

    fn parties(&self, arrival: &Arrival) -> Option<Parties> {
        self.subjects.parties("job", &arrival.subject).filter(|parties| parties.to == self.settings.name)
    }

    /// Sends receipts; a message whose receipt no server has is given out again.
    fn answer(&mut self, wire: &mut dyn Wire, answers: Vec<(&Arrival, Option<(String, HostReceipt)>)>) {
        let (mut parcels, mut with_receipt) = (Vec::new(), Vec::new());
        let mut done: Vec<&Arrival> = Vec::new();
        for (arrival, receipt) in answers {
            let Some((origin, receipt)) = receipt else {
                done.push(arrival);
                continue;
            };
            self.tries += 1;
            let message_id = format!("{origin}.{}.{}{}r", receipt.id, self.session, self.tries);
            let subject = self.subjects.receipt(&origin, &self.settings.name, receipt.id);
            parcels.push(BrokerMessage { subject, message_id, body: receipt.to_bytes() });
            with_receipt.push(arrival);
        }
        for (arrival, result) in with_receipt.into_iter().zip(wire.store(parcels)) {
            match result {
                Ok(()) => done.push(arrival),
                Err(error) => tracing::warn!(event = "no-receipt", subject = arrival.subject, reason = %error),
            }
        }
        wire.acknowledge(&done.into_iter().filter_map(|arrival| arrival.reply.as_deref()).collect::<Vec<_>>());
    }

    fn judge(
        &self,
        store: &dyn JobStore,
        parties: &Parties,
        arrival: &Arrival,
        now: Timestamp,
        state: &mut RelayState,
    ) -> Result<Verdict, SpoolError> {
        let opened = match self.open(parties, arrival, now) {
            Ok(opened) => opened,
            Err(why) => return Ok(Verdict::Refused(why)),
        };
        note_clock(parties, &opened, arrival, state);
        if let Some(from) = store.taken_from(parties.id) {
            return Ok(if from == parties.from { Verdict::Taken } else { Verdict::Refused(of_another(&from)) });
        }
        if store.has(parties.id)? {
            return Ok(Verdict::Here);
        }
        let hook = &opened.line.meta().hook;
        if self.config.hook(hook).is_some_and(|hook| !hook.from.contains(&parties.from)) {
            return Ok(Verdict::Refused(format!("hook `{hook}` takes no jobs from `{}`", parties.from)));
        }
        let (meta, payload) = adopted(opened, &parties.from);
        Ok(Verdict::New(Box::new(meta), payload))
    }

    fn open(&self, parties: &Parties, arrival: &Arrival, now: Timestamp) -> Result<OpenedJob, String> {
        let Parties { to, from, id } = parties;
        let limit_bytes = self.config.body_limit_bytes;
        if arrival.body.len() as u64 > limit_bytes + AROUND_BYTES {
            return Err(format!("its payload is larger than `body_limit`, {limit_bytes} bytes"));
        }
        let key = self.settings.trust.get(from).ok_or_else(|| format!("`{from}` is not in `trust` here"))?;
        let opened = envelope::open(&arrival.body, key, Route { target: to, origin: from }, *id)?;
        if opened.payload.as_ref().is_some_and(|payload| payload.len() as u64 > limit_bytes) {
            return Err(format!("its payload is larger than `body_limit`, {limit_bytes} bytes"));
        }
        if opened.line.meta().origin.is_some() {
            return Err("it came to its sender from another host, and a job is passed on once only".to_owned());
        }
        if opened.line.meta().wish.is_some() {
            return Err("it has a person's wish, which counts on one host alone".to_owned());
        }
        age::objection(opened.line.meta().arrived_at, self.settings.keep, now).map_or(Ok(opened), Err)
    }
}

fn of_another(origin: &str) -> String {
    format!("it has the id of a job that came from `{origin}`")
}

/// A job that arrived at its origin after the server had it tells of their clocks.
fn note_clock(parties: &Parties, opened: &OpenedJob, arrival: &Arrival, state: &mut RelayState) {
    let Some(stored_at) = arrival.reply.as_deref().and_then(api::stored_at) else { return };
    let ahead_ms = age::ahead_ms(opened.line.meta().arrived_at, stored_at);
    // A job that is sent later tells less of a clock that is behind.
    if ahead_ms > 0 {
        state.origins_ahead_ms.insert(parties.from.clone(), ahead_ms);
    } else {
        state.origins_ahead_ms.remove(&parties.from);
    }
}

/// The job as it is queued here: under its own id, with its origin.
fn adopted(opened: OpenedJob, origin: &str) -> (JobMeta, Vec<u8>) {
    let mut meta = opened.line.meta().clone();
    meta.origin = Some(origin.to_owned());
    if opened.payload.is_none() {
        let stayed = format!("its payload of {} bytes stayed on {origin}", opened.line.length());
        meta.note = Some(meta.note.map_or_else(|| stayed.clone(), |note| format!("{note}; {stayed}")));
    }
    (meta, opened.payload.unwrap_or_default())
}
