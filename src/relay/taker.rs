//! Edge. The target's part: verifies jobs, puts them into the spool, and says so. Writes jobs.

use super::envelope::{self, OpenedJob, Route};
use super::receipt::HostReceipt;
use super::subjects::{Parties, Subjects};
use super::wire::{Arrival, BrokerMessage, Wire};
use super::{age, api};
use crate::config::{Config, RelaySettings};
use crate::model::JobMeta;
use crate::spool::{JobLedger, RelayDir, SpoolError, SpoolOwner};
use jiff::Timestamp;
use std::sync::Arc;

/// A line and an envelope beside a payload.
const AROUND_BYTES: u64 = 66 * 1024;

/// The decision about a message.
enum Verdict {
    New(Box<JobMeta>, Vec<u8>),
    Known,
    Refused(String),
}

/// The taking side of one host.
pub(super) struct Taker<'a> {
    owner: &'a SpoolOwner,
    config: Arc<Config>,
    settings: RelaySettings,
    subjects: Subjects,
    identity: String,
    taken: JobLedger,
    session: String,
    tries: u64,
}

impl<'a> Taker<'a> {
    /// Reads what was taken before.
    pub(super) fn new(
        owner: &'a SpoolOwner,
        dir: &RelayDir,
        config: Arc<Config>,
        settings: &RelaySettings,
        session: &str,
    ) -> Result<Self, SpoolError> {
        let subjects = Subjects::new(&settings.prefix, &settings.stream);
        let (identity, taken) = (dir.identity()?, dir.taken()?);
        let (settings, session) = (settings.clone(), session.to_owned());
        Ok(Self { owner, config, settings, subjects, identity, taken, session, tries: 0 })
    }

    /// Takes what may be taken, in this order: jobs written and flushed, their names flushed, the ledger flushed,
    /// receipts, and only then the server may forget the messages. Whatever is cut short comes again.
    pub(super) fn take(&mut self, wire: &mut dyn Wire, arrivals: &[Arrival]) -> Result<(), SpoolError> {
        let now = Timestamp::now();
        let mut answers = Vec::new();
        let (mut new, mut has_adopted) = (Vec::new(), false);
        for arrival in arrivals {
            let Some(parties) = self.parties(arrival) else {
                tracing::warn!(event = "strange-message", subject = arrival.subject);
                answers.push((arrival, None));
                continue;
            };
            let (id, refused) = match self.judge(&parties, arrival, now)? {
                Verdict::New(meta, payload) => {
                    let is_new = self.owner.adopt(parties.id, &meta, &payload)?;
                    has_adopted = true;
                    if is_new {
                        tracing::info!(event = "relayed", job = %parties.id, hook = meta.hook, from = parties.from);
                    }
                    new.push((parties.id, parties.from.clone()));
                    (parties.id, None)
                }
                Verdict::Known => (parties.id, None),
                Verdict::Refused(why) => {
                    tracing::error!(event = "refused", job = %parties.id, from = parties.from, reason = why);
                    (parties.id, Some(why))
                }
            };
            answers.push((arrival, Some((parties.from, HostReceipt::new(id, &self.identity, refused)))));
        }
        if has_adopted {
            self.owner.flush_adopted()?;
            self.taken.add(new.iter().map(|(id, from)| (*id, from.as_str())), now)?;
            self.taken.forget(age::forgotten(self.settings.keep, now))?;
        }
        self.answer(wire, answers);
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
        for reply in done.into_iter().filter_map(|arrival| arrival.reply.as_deref()) {
            // One that is lost lets the job come once more, and it is known then.
            let _lost = wire.ask(reply, api::ACK);
        }
    }

    fn judge(&self, parties: &Parties, arrival: &Arrival, now: Timestamp) -> Result<Verdict, SpoolError> {
        let opened = match self.open(parties, arrival, now) {
            Ok(opened) => opened,
            Err(why) => return Ok(Verdict::Refused(why)),
        };
        if let Some(known) = self.taken.word(parties.id) {
            let why = || format!("it has the id of a job that came from `{}`", known.text);
            return Ok(if known.text == parties.from { Verdict::Known } else { Verdict::Refused(why()) });
        }
        if self.owner.has(parties.id)? {
            return Ok(Verdict::Known);
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
