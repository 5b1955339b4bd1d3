//! Edge. Telling people and forges what became of jobs: messages are files of the outbox before a job is settled, and a
//! thread sends them. What becomes of a message changes nothing of a job.

mod bucket;
mod courier;
mod envelope;
mod letters;
mod pause;
mod rounds;
mod tally;

pub(super) use courier::Courier;
pub use envelope::{NoParcel, tell_sample};
pub(super) use letters::is_told;
pub(super) use tally::Told;

use crate::config::{Config, Hook};
use crate::model::{Addressee, JobId, Outcome, Standing, State};
use crate::spool::{Claim, Letter, Settlement, SpoolError, SpoolOwner};
use crate::system::stop::Stop;
use courier::CourierEvent;
use jiff::Timestamp;
use letters::{Ending, standing_after};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};
use tally::MessageTally;

/// Longest time in which a runner that ends when nothing is left to do still sends messages.
const LAST_ROUND: Duration = Duration::from_secs(30);
/// The same where its time is up.
const LAST_MOMENT: Duration = Duration::from_secs(5);

/// The hand that writes messages, for the loop and for those who run attempts. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Teller {
    /// The courier that sends them, if this process has one.
    courier: Option<Sender<CourierEvent>>,
    tally: MessageTally,
}

impl Teller {
    /// A teller, and the courier that hears of each message.
    pub(super) fn with_courier<'a>(owner: &'a SpoolOwner, config: &Arc<Config>, stop: &Stop) -> (Self, Courier<'a>) {
        let (events, heard) = channel();
        let teller = Self { courier: Some(events.clone()), tally: MessageTally::default() };
        let courier = Courier::new(owner, Arc::clone(config), (events, heard), (teller.tally.clone(), stop.clone()));
        (teller, courier)
    }

    /// No more will come.
    pub(super) fn halt(&self) {
        self.send(CourierEvent::Halt);
    }

    /// No more will come. What can be sent is, as far as that takes no longer than `LAST_ROUND`; where the runner has a
    /// time of its own, no longer than that, but for a moment.
    pub(super) fn last_round(&self, time_is_up: Option<Instant>) {
        let now = Instant::now();
        let until = time_is_up.map_or(now + LAST_ROUND, |up| up.clamp(now + LAST_MOMENT, now + LAST_ROUND));
        self.send(CourierEvent::LastRound(until));
    }

    /// Messages since the start, by the name of whoever is told.
    pub(super) fn counts(&self) -> BTreeMap<String, Told> {
        self.tally.counts()
    }

    /// An attempt has begun: the forge shows it.
    pub(super) fn begun(&self, owner: &SpoolOwner, hook: &Hook, claim: &Claim) -> Result<(), SpoolError> {
        let ending = Ending { history: claim.history(), ..bare(claim, Standing::Begun) };
        self.post(owner, ending.statuses(hook))
    }

    /// A job that was claimed is about to be settled so. `before` is the end of the job before it.
    pub(super) fn settled(
        &self,
        owner: &SpoolOwner,
        (config, hook): (&Config, &Hook),
        claim: &Claim,
        settlement: &Settlement,
        (commit, before): (Option<&str>, Option<bool>),
    ) -> Result<(), SpoolError> {
        let Some(standing) = standing_after(settlement) else { return Ok(()) };
        let ending = Ending { reason: settlement.reason(), commit, before, ..bare(claim, standing) };
        self.post(owner, ending.letters(config, hook))
    }

    /// A job that was claimed is about to be held before anything of it was run again. The forge hears of it if it was
    /// told of an attempt.
    pub(super) fn held(
        &self,
        owner: &SpoolOwner,
        (config, hook): (&Config, &Hook),
        claim: &Claim,
        reason: &str,
    ) -> Result<(), SpoolError> {
        let ending = Ending { reason: Some(reason.to_owned()), ..bare(claim, Standing::Held) };
        let mut letters = ending.letters(config, hook);
        if !claim.history().is_unfinished() {
            letters.retain(|letter| matches!(letter.addressee, Addressee::Target(_)));
        }
        self.post(owner, letters)
    }

    /// A decision is about to be made about a job that does not run. Nobody was told of it, unless an attempt had
    /// begun: then the forge must not go on showing that.
    pub(super) fn decided(
        &self,
        owner: &SpoolOwner,
        config: &Config,
        id: JobId,
        settlement: &Settlement,
    ) -> Result<(), SpoolError> {
        let Some(standing) = standing_after(settlement).filter(|_| config.hooks.iter().any(is_told)) else {
            return Ok(());
        };
        let at_rest = [State::Waiting, State::Queued, State::Held];
        let Some((meta, history)) = at_rest.into_iter().find_map(|state| owner.look(id, state)) else { return Ok(()) };
        let Some(hook) = config.hook(&meta.hook).filter(|_| history.is_unfinished()) else { return Ok(()) };
        let (reason, commit, at) = (settlement.reason(), None, Timestamp::now());
        let ending = Ending { id, meta: &meta, history: &history, standing, reason, commit, before: None, at };
        let mut letters = ending.statuses(hook);
        if standing == Standing::Over(Outcome::Cancelled) {
            letters = ending.letters(config, hook);
        }
        self.post(owner, letters)
    }

    /// The runner goes by another configuration.
    pub(super) fn reconfigured(&self, config: &Arc<Config>) {
        self.send(CourierEvent::Config(Arc::clone(config)));
    }

    fn post(&self, owner: &SpoolOwner, mut letters: Vec<Letter>) -> Result<(), SpoolError> {
        if letters.is_empty() {
            return Ok(());
        }
        owner.post(&mut letters)?;
        self.send(CourierEvent::Posted(letters));
        Ok(())
    }

    fn send(&self, event: CourierEvent) {
        if let Some(courier) = &self.courier {
            // Without a courier they wait for the next runner's.
            let _nobody_hears = courier.send(event);
        }
    }
}

fn bare(claim: &Claim, standing: Standing) -> Ending<'_> {
    Ending {
        id: claim.id(),
        meta: claim.meta(),
        history: claim.history(),
        standing,
        reason: None,
        commit: None,
        before: None,
        at: Timestamp::now(),
    }
}
