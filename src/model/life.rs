//! Pure. A job's life as one table. The directory names are the states.

use serde::{Deserialize, Serialize};

/// The place of a job. Each state is a directory of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Accepted, not yet claimed.
    Queued,
    /// Claimed by the runner.
    Running,
    /// Will be tried again when its time has come.
    Waiting,
    /// A person must release it.
    Held,
    /// Ended well, or by a decision.
    Done,
    /// Ended badly, for good.
    Failed,
    /// Damaged or hostile.
    Corrupt,
}

impl State {
    /// Every state, in the order in which a person reads them.
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Running, Self::Waiting, Self::Held, Self::Done, Self::Failed, Self::Corrupt];

    /// Name of the state and of its directory.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Corrupt => "corrupt",
        }
    }
}

/// The end of a job, or of one attempt at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every step did.
    Succeeded,
    /// A step did not.
    Failed,
    /// A step or the job took too long.
    TimedOut,
    /// The runner stopped or died while it ran.
    Interrupted,
    /// A newer job for the same hook and ref took its place.
    Superseded,
    /// The same delivery as an earlier job.
    Repeat,
    /// A person stopped it.
    Cancelled,
    /// It is for other hosts alone.
    Relayed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Interrupted,
        Self::Superseded,
        Self::Repeat,
        Self::Cancelled,
        Self::Relayed,
    ];

    /// `true` for a job that ran and did not succeed.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Interrupted)
    }

    /// The word for tables and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Interrupted => "interrupted",
            Self::Superseded => "superseded",
            Self::Repeat => "repeat",
            Self::Cancelled => "cancelled",
            Self::Relayed => "relayed",
        }
    }
}

/// A move of a job from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The runner took it.
    Claimed,
    /// An attempt ended (or the job was decided without one), and it will not be tried again.
    Ended(Outcome),
    /// An attempt ended, and another is allowed.
    WillRetry,
    /// The runner died or gave up while it ran, and the hook says `on_interrupt = "hold"`; or the hook is on hold or
    /// gone, or does not want it.
    PutOnHold,
    /// A person released or retried it.
    Released,
    /// Its file is damaged or hostile.
    FoundCorrupt,
}

/// A move that the table does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {} cannot be {transition:?}", state.as_str())]
pub struct IllegalMove {
    /// The job's place.
    pub state: State,
    /// The move that was asked for.
    pub transition: Transition,
}

/// The table: where a job goes from `state` when `transition` happens.
pub fn next(state: State, transition: Transition) -> Result<State, IllegalMove> {
    use State as S;
    use Transition as H;
    match (state, transition) {
        (S::Queued | S::Waiting, H::Claimed) => Ok(S::Running),
        (S::Queued | S::Waiting | S::Held, H::Ended(Outcome::Superseded | Outcome::Repeat | Outcome::Cancelled)) => {
            Ok(S::Done)
        }
        (S::Queued, H::Ended(Outcome::Relayed))
        | (S::Running, H::Ended(Outcome::Succeeded | Outcome::Cancelled | Outcome::Superseded)) => Ok(S::Done),
        (S::Running, H::Ended(Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted)) => Ok(S::Failed),
        (S::Running, H::WillRetry) => Ok(S::Waiting),
        (S::Queued | S::Waiting | S::Running, H::PutOnHold) => Ok(S::Held),
        (S::Waiting | S::Held | S::Failed | S::Done, H::Released) => Ok(S::Queued),
        (_, H::FoundCorrupt) => Ok(S::Corrupt),
        _ => Err(IllegalMove { state, transition }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_one_in_the_manual() {
        let transitions = [
            Transition::Claimed,
            Transition::Ended(Outcome::Succeeded),
            Transition::Ended(Outcome::Failed),
            Transition::Ended(Outcome::Superseded),
            Transition::Ended(Outcome::Relayed),
            Transition::WillRetry,
            Transition::PutOnHold,
            Transition::Released,
            Transition::FoundCorrupt,
        ];
        let rows: Vec<String> =
            State::ALL.iter().map(|&s| transitions.map(|h| next(s, h).map_or("-", State::as_str)).join(" ")).collect();
        assert_eq!(
            rows,
            [
                "running - - done done - held - corrupt",      // queued
                "- done failed done - waiting held - corrupt", // running
                "running - - done - - held queued corrupt",    // waiting
                "- - - done - - - queued corrupt",             // held
                "- - - - - - - queued corrupt",                // done
                "- - - - - - - queued corrupt",                // failed
                "- - - - - - - - corrupt",                     // corrupt
            ]
        );
    }

    #[test]
    fn a_state_is_its_directory() {
        for state in State::ALL {
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{}\"", state.as_str()));
        }
    }
}
