//! Edge. Two hosts of one name: each says from time to time which spool it is, and hears the other.

use super::wire::Wire;
use crate::spool::RelayState;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Between two signs of life.
const EVERY: Duration = Duration::from_secs(20);
/// Another one that was not heard for so long is gone.
const GONE_AFTER: Duration = Duration::from_secs(50);

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sign {
    /// The spool.
    identity: String,
    /// The process: a machine that was copied has the spool's identity, too.
    session: String,
    /// It leaves.
    #[serde(default)]
    leaves: bool,
}

/// The watch for another host of this name.
#[derive(Debug)]
pub(super) struct TwinWatch {
    own: Sign,
    subject: String,
    said_at: Option<Instant>,
    heard: Option<Twin>,
}

/// Another host of this name.
#[derive(Debug)]
struct Twin {
    identity: String,
    session: String,
    heard_at: Instant,
}

impl TwinWatch {
    /// Signs go out on `subject`, and are heard there.
    pub(super) fn new(identity: &str, session: &str, subject: String) -> Self {
        let own = Sign { identity: identity.to_owned(), session: session.to_owned(), leaves: false };
        Self { own, subject, said_at: None, heard: None }
    }

    /// Says at once who is here; whoever has the same name answers.
    pub(super) fn greet(&mut self, wire: &mut dyn Wire) {
        let sign = serde_json::to_vec(&self.own).expect("text keys and no floats");
        wire.say(&self.subject, &sign);
        self.said_at = Some(wire.now());
    }

    /// Says that it leaves: one that stays need not wait until it is sure.
    pub(super) fn leave(&self, wire: &mut dyn Wire) {
        let sign = Sign { leaves: true, ..self.own.clone() };
        wire.say(&self.subject, &serde_json::to_vec(&sign).expect("text keys and no floats"));
    }

    /// Hears a sign, perhaps its own.
    pub(super) fn hear(&mut self, body: &[u8], now: Instant) {
        let Ok(sign) = serde_json::from_slice::<Sign>(body) else { return };
        if sign.leaves {
            self.heard.take_if(|twin| twin.session == sign.session);
        } else if sign.session != self.own.session {
            let is_new = self.heard.is_none();
            let identity = sign.identity.chars().filter(char::is_ascii_hexdigit).take(32).collect();
            self.heard = Some(Twin { identity, session: sign.session, heard_at: now });
            if is_new {
                // It must hear of this one, too.
                self.said_at = None;
            }
        }
    }

    /// Says what is due, and notes whether there is another.
    pub(super) fn turn(&mut self, wire: &mut dyn Wire, state: &mut RelayState) {
        let now = wire.now();
        if self.said_at.is_none_or(|at| now.duration_since(at) >= EVERY) {
            self.greet(wire);
        }
        self.heard.take_if(|twin| now.duration_since(twin.heard_at) >= GONE_AFTER);
        let twin = self.heard.as_ref().map(|twin| twin.identity.clone());
        if twin != state.twin {
            let name = &state.name;
            if let Some(other) = &twin {
                let reason = "another host has this name: neither takes jobs until one is gone or renamed";
                tracing::error!(event = "two-of-one-name", name, own = self.own.identity, other, reason);
            } else {
                tracing::info!(event = "one-of-its-name", name);
            }
            state.twin = twin;
        }
    }

    /// Time until something is due.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let left = |at: Instant, time: Duration| (at + time).saturating_duration_since(now);
        let gone = self.heard.as_ref().map_or(EVERY, |twin| left(twin.heard_at, GONE_AFTER));
        self.said_at.map_or(Duration::ZERO, |at| left(at, EVERY)).min(gone)
    }
}
