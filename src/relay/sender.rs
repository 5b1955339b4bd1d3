//! Edge. The origin's part: sends what is marked until the host has said that it has it. Reads jobs, removes marks.

use super::envelope::{self, Route};
use super::outbox::{Outbox, Passage};
use super::receipt::HostReceipt;
use super::store::JobStore;
use super::subjects::{Parties, Subjects};
use super::wire::{Arrival, BrokerMessage, Wire, WireError};
use super::{age, api};
use crate::config::{PayloadRule, RelaySettings};
use crate::model::JobId;
use crate::spool::{HostWord, RelayPeer, RelayState, SealedJob, SealedLine, SpoolError};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Room for the headers and the subject, which count as a part of a message.
const HEADERS_BYTES: u64 = 1024;
/// Most bytes of payloads that are in memory at a time, but for one that is larger.
const BATCH_BYTES: usize = 1024 * 1024;
/// Between two tries at what no server takes: an election refuses each at once, tens of thousands of them.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Until a payload that is too large is tried again: somebody may have raised the limit.
const TOO_LARGE_PAUSE: Duration = Duration::from_secs(600);

/// A job that is sent, or is not.
enum Packed {
    BrokerMessage(BrokerMessage),
    TooLarge,
    /// It cannot be sent, ever; why.
    Over(String),
}

/// The sending side of one host, for one connection: what a server stored on an earlier one, it may have lost.
pub(super) struct JobSender {
    settings: RelaySettings,
    subjects: Subjects,
    key: Option<SigningKey>,
    outboxes: BTreeMap<String, Outbox>,
    /// Tells the tries of this process from those of others.
    session: String,
    tries: u64,
    pause: Option<Duration>,
    resume_at: Option<Instant>,
}

impl JobSender {
    /// Nothing was sent yet.
    pub(super) fn new(settings: &RelaySettings, key: Option<SigningKey>, session: &str) -> Self {
        let subjects = Subjects::new(&settings.prefix, &settings.stream);
        let (settings, session) = (settings.clone(), session.to_owned());
        Self { settings, subjects, key, outboxes: BTreeMap::new(), session, tries: 0, pause: None, resume_at: None }
    }

    /// Reads the marks, and gives up on what is too old, unless this host's clock and the server's tell of other days:
    /// a clock that jumped for a moment must cost no job.
    pub(super) fn look(
        &mut self,
        wire: &dyn Wire,
        store: &mut dyn JobStore,
        state: &RelayState,
    ) -> Result<(), SpoolError> {
        let now = wire.clock();
        let knows_the_day = state.ahead_ms.is_some_and(age::clocks_agree);
        if store.takes_again() {
            self.outboxes.values_mut().for_each(Outbox::ask_at_once);
        }
        for host in store.hosts()? {
            let outbox = self.outboxes.entry(host.clone()).or_default();
            let marked = store.marked(&host, &|id| outbox.is_set_aside(id))?;
            let is_over = |id: &JobId| knows_the_day && age::is_over(*id, self.settings.keep, now);
            let (old, young): (Vec<JobId>, Vec<JobId>) = marked.into_iter().partition(is_over);
            outbox.learn(&young);
            let why = format!("given up: not taken within {}", age::words(self.settings.keep));
            for id in &old {
                tracing::error!(event = "given-up", job = %id, host, reason = why);
            }
            self.end(store, &host, &old, &why, now)?;
        }
        Ok(())
    }

    /// True if everything was sent, or nothing can be.
    pub(super) fn is_at_rest(&self) -> bool {
        self.resume_at.is_some() || self.outboxes.values().all(Outbox::is_sent)
    }

    /// The time until something is to be sent that cannot be sent now.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let next = self.outboxes.values().filter_map(|outbox| outbox.next(now)).min();
        let at = self.resume_at.filter(|at| *at > now).or(next);
        at.map(|at| at.saturating_duration_since(now))
    }

    /// Sends what is due, a batch for each host. `true`: there may be more.
    pub(super) fn send(
        &mut self,
        wire: &mut dyn Wire,
        store: &mut dyn JobStore,
        state: &mut RelayState,
    ) -> Result<bool, SpoolError> {
        let now = wire.now();
        if self.key.is_none() || self.resume_at.is_some_and(|at| at > now) {
            return Ok(false);
        }
        self.resume_at = None;
        let mut sent_any = false;
        for host in self.outboxes.keys().cloned().collect::<Vec<_>>() {
            let due = self.outboxes[&host].due(now, self.settings.window);
            if due.is_empty() {
                continue;
            }
            // One alone tells whether a server takes anything.
            let at_most = if self.pause.is_some() { 1 } else { api::BATCH };
            let (ids, parcels) = self.pack(wire, store, &host, &due[..due.len().min(at_most)])?;
            let results = wire.store(parcels);
            for (id, result) in ids.into_iter().zip(results) {
                sent_any |= self.note_sent(&host, id, result, wire.now(), state);
            }
            if self.resume_at.is_some() {
                break;
            }
        }
        state.sent = self.on_their_way();
        Ok(sent_any)
    }

    fn on_their_way(&self) -> BTreeMap<String, Vec<JobId>> {
        let of = |(host, outbox): (&String, &Outbox)| (host.clone(), outbox.sent().collect::<Vec<_>>());
        self.outboxes.iter().map(of).filter(|(_, ids)| !ids.is_empty()).collect()
    }

    fn note_sent(
        &mut self,
        host: &str,
        id: JobId,
        result: Result<(), WireError>,
        now: Instant,
        state: &mut RelayState,
    ) -> bool {
        match result {
            Ok(()) => {
                tracing::debug!(event = "sent", job = %id, host);
                (self.pause, state.trouble) = (None, None);
                self.note(host, id, Passage::Sent(now));
                true
            }
            Err(WireError::TooLarge) => {
                self.note(host, id, Passage::TooLarge(now + TOO_LARGE_PAUSE));
                false
            }
            Err(error) => {
                let pause = self.pause.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
                let reason = format!("nothing can be sent: {error}");
                if state.trouble.as_deref() != Some(&reason) {
                    tracing::warn!(event = "cannot-send", job = %id, host, reason = %error);
                }
                state.trouble = Some(reason);
                (self.pause, self.resume_at) = (Some(pause), Some(now + pause));
                false
            }
        }
    }

    fn note(&mut self, host: &str, id: JobId, standing: Passage) {
        if let Some(outbox) = self.outboxes.get_mut(host) {
            outbox.note(id, standing);
        }
    }

    /// The messages for some of these jobs, as many as may be in memory.
    fn pack(
        &mut self,
        wire: &dyn Wire,
        store: &mut dyn JobStore,
        host: &str,
        ids: &[JobId],
    ) -> Result<(Vec<JobId>, Vec<BrokerMessage>), SpoolError> {
        let (mut packed, mut parcels, mut bytes) = (Vec::new(), Vec::new(), 0);
        for &id in ids {
            match self.pack_one(wire, store, host, id)? {
                Packed::BrokerMessage(parcel) => {
                    bytes += parcel.body.len();
                    packed.push(id);
                    parcels.push(parcel);
                }
                Packed::TooLarge => self.note(host, id, Passage::TooLarge(wire.now() + TOO_LARGE_PAUSE)),
                Packed::Over(why) => {
                    tracing::error!(event = "given-up", job = %id, host, reason = why);
                    self.end(store, host, &[id], &format!("given up: {why}"), wire.clock())?;
                }
            }
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        Ok((packed, parcels))
    }

    fn pack_one(&mut self, wire: &dyn Wire, store: &dyn JobStore, host: &str, id: JobId) -> Result<Packed, SpoolError> {
        let Some(key) = &self.key else { return Ok(Packed::TooLarge) };
        let limit_bytes = wire.server().max_payload_bytes.saturating_sub(HEADERS_BYTES);
        let (line, payload) = match store.sealed(id, limit_bytes)? {
            SealedJob::Whole { line, payload } => (line, payload),
            SealedJob::Damaged(reason) => return Ok(Packed::Over(reason)),
            SealedJob::Gone => return Ok(Packed::Over("its file is gone".to_owned())),
        };
        let fits = |line: &SealedLine, bytes: u64| bytes + envelope::overhead_bytes(line) <= limit_bytes;
        let payload = payload.filter(|payload| fits(&line, payload.len() as u64));
        let payload = match self.settings.payload {
            PayloadRule::Never => None,
            PayloadRule::Always if payload.is_none() => return Ok(Packed::TooLarge),
            PayloadRule::Fits | PayloadRule::Always => payload,
        };
        let route = Route { target: host, origin: &self.settings.name };
        let body = envelope::seal(key, route, &line, payload.as_deref());
        self.tries += 1;
        let message_id = format!("{host}.{id}.{}{}", self.session, self.tries);
        Ok(Packed::BrokerMessage(BrokerMessage {
            subject: self.subjects.job(host, &self.settings.name, id),
            message_id,
            body,
        }))
    }

    /// Hears receipts, in this order: the word is written down, the mark removed and flushed, and then the server is
    /// told that it may forget the receipt.
    pub(super) fn hear(
        &mut self,
        wire: &mut dyn Wire,
        store: &mut dyn JobStore,
        arrivals: &[Arrival],
        state: &mut RelayState,
    ) -> Result<(), SpoolError> {
        let mut by_host: BTreeMap<String, Vec<(JobId, HostReceipt)>> = BTreeMap::new();
        for arrival in arrivals {
            let Some((Parties { from, id, .. }, receipt)) = self.read(arrival) else {
                tracing::warn!(event = "strange-receipt", subject = arrival.subject);
                continue;
            };
            if !self.outboxes.contains_key(&from) {
                // Nothing was ever sent there.
                continue;
            }
            compare(&from, &receipt, arrival.reply.as_deref().and_then(api::stored_at), state);
            by_host.entry(from).or_default().push((id, receipt));
        }
        for (host, receipts) in by_host {
            self.settle(wire, store, &host, receipts)?;
        }
        wire.acknowledge(&arrivals.iter().filter_map(|arrival| arrival.reply.as_deref()).collect::<Vec<_>>());
        state.sent = self.on_their_way();
        Ok(())
    }

    fn read(&self, arrival: &Arrival) -> Option<(Parties, HostReceipt)> {
        let parties = self.subjects.parties("receipt", &arrival.subject)?;
        let receipt = HostReceipt::read(&arrival.body, parties.id).filter(|_| parties.to == self.settings.name)?;
        Some((parties, receipt))
    }

    /// A word about a job that is not marked may be late, or invented: it would be all that is known of it.
    fn settle(
        &mut self,
        wire: &dyn Wire,
        store: &mut dyn JobStore,
        host: &str,
        receipts: Vec<(JobId, HostReceipt)>,
    ) -> Result<(), SpoolError> {
        let (mut taken, now) = (Vec::new(), wire.clock());
        for (id, receipt) in receipts {
            if !store.is_marked(host, id)? {
                continue;
            }
            let Some(why) = receipt.refused else {
                tracing::info!(event = "taken", job = %id, host);
                taken.push(id);
                continue;
            };
            tracing::error!(event = "refused", job = %id, host, reason = why);
            let since = age::forgotten(self.settings.keep, now);
            store.note(host, &[(id, &format!("refused: {why}"))], now, since)?;
            self.note(host, id, Passage::Refused(wire.now()));
        }
        self.end(store, host, &taken, HostWord::TAKEN, now)
    }

    /// It is over with these jobs.
    fn end(
        &mut self,
        store: &mut dyn JobStore,
        host: &str,
        ids: &[JobId],
        words: &str,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        if ids.is_empty() {
            return Ok(());
        }
        let lines: Vec<(JobId, &str)> = ids.iter().map(|id| (*id, words)).collect();
        store.note(host, &lines, now, age::forgotten(self.settings.keep, now))?;
        store.unmark(host, ids)?;
        if let Some(outbox) = self.outboxes.get_mut(host) {
            for id in ids {
                outbox.end(*id);
            }
        }
        Ok(())
    }
}

/// Two spools that answer under one name are two hosts.
fn compare(host: &str, receipt: &HostReceipt, stored_at: Option<Timestamp>, state: &mut RelayState) {
    let ahead_ms = stored_at.map(|stored_at| age::ahead_ms(receipt.at, stored_at));
    let peer = RelayPeer { identity: receipt.identity.clone(), ahead_ms };
    let before = state.peers.insert(host.to_owned(), peer).map(|before| before.identity);
    if let Some(before) = before.filter(|before| *before != receipt.identity) {
        let (now, reason) = (&receipt.identity, "another spool answers under this name");
        tracing::warn!(event = "other-spool", host, before, now, reason);
    }
}
