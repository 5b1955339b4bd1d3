//! Edge. The sandbox of a receiver: it gives up what it never needs, once it has read its configuration and opened its
//! sockets. What remains: the configuration's and the secrets' directories to read, its parts of the spool, its
//! sockets, its log.
//!
//! Rights go by what lay at a path at that time. Whoever replaces one of those directories leaves a receiver outside of
//! the new one, with no way to widen its rights; it then ends, to be started again.

mod right;

use crate::config::{Config, SandboxMode};
use crate::spool::{ReceiverReach, foreseen_remedy};
use crate::system::errno::words;
use crate::system::landlock::{Barrier, Enforced, Fence, NoLandlock, Permit};
use crate::system::seccomp;
use crate::system::stop::StopTrigger;
use right::{Right, needed};
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A receiver of one request, or one that stays.
#[derive(Debug, Clone, Copy)]
pub enum Stay<'a> {
    /// CGI. To make a list of system calls would cost each request more than Landlock does.
    OneRequest,
    /// With the socket files that it removes at its end.
    Long(&'a [PathBuf]),
}

/// The reason that a receiver is not, or not wholly, confined.
#[derive(Debug, thiserror::Error)]
pub enum Unconfined {
    /// No Landlock.
    #[error(transparent)]
    Landlock(#[from] NoLandlock),
    /// No list of system calls.
    #[error("cannot limit system calls: {}", words(.0))]
    Seccomp(io::Error),
    /// There is nothing yet that rights could be given for.
    #[error("there is no spool at {} yet; start the runner, which makes it, and then this receiver again",
        .0.display())]
    NoSpool(PathBuf),
}

/// The sandbox of this process.
#[derive(Debug, Default)]
pub struct Confinement {
    /// The rights that remain; empty outside of a sandbox, and for one request.
    rights: Vec<Right>,
    enforced: Option<Enforced>,
    has_list: bool,
    gaps: Vec<Unconfined>,
    /// The reason that the spool is closed to this user, in names that cannot be looked up inside.
    closed: Option<String>,
    is_outgrown: AtomicBool,
    end: OnceLock<StopTrigger>,
}

impl Confinement {
    /// Confines the calling thread, and all threads that it starts, as `config` asks for. Under `require` an error
    /// says what is missing; otherwise `gaps` does.
    pub fn enter(config: &Config, stay: Stay<'_>) -> Result<Self, Unconfined> {
        if config.sandbox == SandboxMode::Off {
            return Ok(Self::default());
        }
        let mut confinement = Self { closed: foreseen_remedy(&config.spool), ..Self::default() };
        confinement.give_up_files(config, stay).or_else(|gap| confinement.lack(config, gap))?;
        if matches!(stay, Stay::Long(_)) {
            let listed = seccomp::serve_only().map_err(Unconfined::Seccomp);
            confinement.has_list = listed.is_ok();
            listed.or_else(|gap| confinement.lack(config, gap))?;
        }
        Ok(confinement)
    }

    fn give_up_files(&mut self, config: &Config, stay: Stay<'_>) -> Result<(), Unconfined> {
        let reach = ReceiverReach::of(&config.spool);
        if matches!(stay, Stay::Long(_)) && !reach.is_there {
            return Err(Unconfined::NoSpool(config.spool.clone()));
        }
        let rights = needed(config, reach, stay);
        let fence = Fence::new().without_network().without_signals().without_unix_sockets();
        let fence = rights.iter().fold(fence, |fence, (path, permit)| fence.allow(path, *permit));
        let ready = fence.prepare()?;
        let entered = ready.enter().map_err(|error| NoLandlock::Refused(words(&error)));
        self.enforced = Some(entered?);
        if matches!(stay, Stay::Long(_)) {
            self.rights = rights.into_iter().map(Right::new).collect();
        }
        Ok(())
    }

    /// Goes on without, if that will do. What is refused to those who would gain rights is refused all the same.
    fn lack(&mut self, config: &Config, gap: Unconfined) -> Result<(), Unconfined> {
        if config.sandbox == SandboxMode::Require {
            return Err(gap);
        }
        let _best_effort = rustix::thread::set_no_new_privs(true);
        self.gaps.push(gap);
        Ok(())
    }

    /// The parts that are missing of the sandbox that `auto` asks for.
    pub fn gaps(&self) -> &[Unconfined] {
        &self.gaps
    }

    /// Ends the process by `end` when it cannot go on inside.
    pub fn ends_by(&self, end: StopTrigger) {
        let _only_once = self.end.set(end);
    }

    /// True if a place inside was replaced, so that this process has to be started again. To be asked after something
    /// was refused; makes it end.
    pub fn heed(&self) -> bool {
        let is_outgrown = self.rights.iter().any(Right::was_replaced);
        if is_outgrown {
            self.is_outgrown.store(true, Ordering::Relaxed);
            self.end.get().into_iter().for_each(StopTrigger::request);
        }
        is_outgrown
    }

    /// True once `heed` was.
    pub fn is_outgrown(&self) -> bool {
        self.is_outgrown.load(Ordering::Relaxed)
    }

    /// True if `mode` does not ask for more than there is.
    pub fn is_enough_for(&self, mode: SandboxMode) -> bool {
        mode != SandboxMode::Require || (self.enforced.is_some() && self.has_list)
    }

    /// The first path that `config` needs and that lies outside.
    pub fn lacks_for(&self, config: &Config) -> Option<PathBuf> {
        if self.rights.is_empty() {
            return None;
        }
        let needed = needed(config, ReceiverReach::of(&config.spool), Stay::Long(&[]));
        let is_covered = |(path, permit): &(PathBuf, Permit)| {
            let Ok(real) = fs::canonicalize(path) else { return true };
            self.rights.iter().any(|right| right.covers(&real, *permit))
        };
        needed.into_iter().find(|right| !is_covered(right)).map(|(path, _)| path)
    }

    /// The remedy for a spool that was closed to this user when the sandbox was entered.
    pub fn remedy_of_closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }
}

/// `Landlock 7 and seccomp`, with what the kernel cannot refuse; `none` without.
impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.enforced, self.has_list) {
            (None, false) => f.write_str("none"),
            (None, true) => f.write_str("seccomp"),
            (Some(enforced), true) => write!(f, "Landlock {} and seccomp", enforced.version),
            (Some(enforced), false) => {
                let gaps: Vec<_> = enforced.gaps().map(Barrier::name).collect();
                write!(f, "Landlock {} without {}", enforced.version, gaps.join(", "))
            }
        }
    }
}
