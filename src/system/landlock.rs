//! Edge. Landlock: files, ports and processes that the kernel keeps out of a thread's reach, and of all that it starts.
//!
//! A `Fence` says what remains. It is made ready first, with all that may fail or allocate, and then entered by the
//! thread that is meant: threads that are there already stay outside, those that it starts later are inside. Nothing
//! leads out again. Entering sets `no_new_privs`.
//!
//! Later kernels refuse more (`Barrier`); each refuses what it can. The first version of the interface is not used: it
//! forbids every move of a file to another directory, which neither a spool nor a build can do without.

use super::errno;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd,
    PathFdError, RestrictSelf, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
    make_bitflags,
};
use std::error::Error;
use std::io;
use std::ops::BitOr;
use std::path::PathBuf;

/// The oldest version that is of use: Linux 5.19.
const OLDEST: u32 = 2;
/// Rights on files that are taken away if they are not given. Connecting to sockets has a word of its own.
const FILES: ABI = ABI::V5;

/// Actions on a file, or on everything below a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit(BitFlags<AccessFs>);

impl Permit {
    /// Reads files and lists directories.
    pub const READ: Self = Self(make_bitflags!(AccessFs::{ReadFile | ReadDir}));
    /// Starts programs.
    pub const EXECUTE: Self = Self(make_bitflags!(AccessFs::{Execute}));
    /// Changes files that are there, and cuts them short.
    pub const WRITE: Self = Self(make_bitflags!(AccessFs::{WriteFile | Truncate}));
    /// Makes files, and moves or links some in from elsewhere if `MOVE` is given at both ends.
    pub const MAKE: Self = Self(make_bitflags!(AccessFs::{MakeReg}));
    /// Removes files, and moves them away if `MOVE` is given at both ends.
    pub const REMOVE: Self = Self(make_bitflags!(AccessFs::{RemoveFile}));
    /// Moves from and to other directories. What is moved may not come by more rights than it had.
    pub const MOVE: Self = Self(make_bitflags!(AccessFs::{Refer}));
    /// All that one does in a tree of one's own, but not starting programs, and no device files.
    pub const MANAGE: Self = Self(make_bitflags!(AccessFs::{
        ReadFile | ReadDir | WriteFile | Truncate | Refer | RemoveFile | RemoveDir
        | MakeReg | MakeDir | MakeSym | MakeSock | MakeFifo
    }));
    /// Reads, writes and commands a device, such as `/dev/null` or a terminal.
    pub const DEVICE: Self = Self(make_bitflags!(AccessFs::{ReadFile | WriteFile | Truncate | IoctlDev}));
}

impl BitOr for Permit {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A limit that not every kernel with Landlock can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// Cutting a file short, where opening it to write is refused.
    Truncation,
    /// TCP.
    Tcp,
    /// Commands to devices.
    Devices,
    /// Signals to processes outside, and connections to their sockets with abstract names.
    Outsiders,
    /// Connections to sockets that are files.
    Sockets,
    /// UDP.
    Udp,
}

impl Barrier {
    /// All of them, the oldest first.
    pub const ALL: [Self; 6] = [Self::Truncation, Self::Tcp, Self::Devices, Self::Outsiders, Self::Sockets, Self::Udp];

    /// The version of the interface that brought it.
    pub fn since(self) -> u32 {
        match self {
            Self::Truncation => 3,
            Self::Tcp => 4,
            Self::Devices => 5,
            Self::Outsiders => 6,
            Self::Sockets => 9,
            Self::Udp => 10,
        }
    }

    /// The words for it in a list.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncation => "truncation",
            Self::Tcp => "TCP",
            Self::Devices => "device commands",
            Self::Outsiders => "signals",
            Self::Sockets => "Unix sockets",
            Self::Udp => "UDP",
        }
    }
}

/// The version of the interface that limits are set by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enforced {
    /// The version, at least 2.
    pub version: u32,
}

impl Enforced {
    /// True if the kernel sets this limit.
    pub fn covers(self, barrier: Barrier) -> bool {
        self.version >= barrier.since()
    }

    /// The limits that this kernel cannot set.
    pub fn gaps(self) -> impl Iterator<Item = Barrier> {
        Barrier::ALL.into_iter().filter(move |barrier| !self.covers(*barrier))
    }
}

/// The reason for which there is no fence.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoLandlock {
    /// `ENOSYS`, or a container forbids the calls.
    #[error("the kernel does not offer Landlock (Linux 5.19 and later do), or a container forbids it")]
    Absent,
    /// `EOPNOTSUPP`.
    #[error("Landlock is switched off; add `landlock` to the kernel's parameter `lsm=`")]
    SwitchedOff,
    /// The first version of the interface.
    #[error("the kernel's Landlock is too old to allow moving files; Linux 5.19 and later do")]
    TooOld,
    /// Landlock is there, and refused.
    #[error("cannot use Landlock: {0}")]
    Refused(String),
}

/// The things that a thread, and all that it starts, may still do: with files nothing that is not allowed here.
#[derive(Debug, Clone, Default)]
pub struct Fence {
    trees: Vec<(PathBuf, Permit)>,
    ports: BitFlags<AccessNet>,
    outsiders: BitFlags<Scope>,
    sockets: BitFlags<AccessFs>,
}

impl Fence {
    /// A fence with nothing inside.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows `rights` on the file or tree at `path`, links followed. One that cannot be reached gives nothing. What
    /// is allowed adds up, along the path and over several calls.
    #[must_use]
    pub fn allow(mut self, path: impl Into<PathBuf>, rights: Permit) -> Self {
        self.trees.push((path.into(), rights));
        self
    }

    /// Neither listens nor connects, by TCP and, where the kernel can refuse it, by UDP. Sockets that are open remain.
    #[must_use]
    pub fn without_network(mut self) -> Self {
        self.ports = AccessNet::from_all(ABI::V10);
        self
    }

    /// No signal to a process that did not start inside.
    #[must_use]
    pub fn without_signals(mut self) -> Self {
        self.outsiders |= Scope::Signal;
        self
    }

    /// No connection to a Unix socket of a process outside, as far as the kernel can refuse it.
    #[must_use]
    pub fn without_unix_sockets(mut self) -> Self {
        self.outsiders |= Scope::AbstractUnixSocket;
        self.sockets = AccessFs::ResolveUnix.into();
        self
    }

    /// Asks the kernel for it, and opens the paths.
    pub fn prepare(&self) -> Result<ReadyFence, NoLandlock> {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let ruleset = ruleset.handle_access(AccessFs::from_all(ABI::V2)).map_err(|_| absence())?;
        let ruleset = self.narrow(ruleset).and_then(Ruleset::create).map_err(|error| refused(&error))?;
        self.open(ruleset).map(|ruleset| ReadyFence { ruleset })
    }

    fn narrow(&self, ruleset: Ruleset) -> Result<Ruleset, RulesetError> {
        let mut ruleset = ruleset.set_compatibility(CompatLevel::BestEffort);
        ruleset = ruleset.handle_access(AccessFs::from_all(FILES) | self.sockets)?;
        if !self.ports.is_empty() {
            ruleset = ruleset.handle_access(self.ports)?;
        }
        if self.outsiders.is_empty() { Ok(ruleset) } else { ruleset.scope(self.outsiders) }
    }

    fn open(&self, mut ruleset: RulesetCreated) -> Result<RulesetCreated, NoLandlock> {
        for (path, rights) in &self.trees {
            let Some(place) = place(path)? else { continue };
            ruleset = ruleset.add_rule(PathBeneath::new(place, rights.0)).map_err(|error| refused(&error))?;
        }
        Ok(ruleset)
    }
}

/// A fence of which only the last call is missing.
#[derive(Debug)]
pub struct ReadyFence {
    ruleset: RulesetCreated,
}

impl ReadyFence {
    /// From now on the calling thread is inside. On success nothing is allocated and no lock taken, hence it may stand
    /// between fork and exec.
    pub fn enter(&self) -> io::Result<Enforced> {
        let status = self.ruleset.try_clone()?.restrict_self().map_err(|error| system_error(&error))?;
        Ok(Enforced { version: version(&status.landlock) })
    }
}

/// The version of the interface that the kernel offers, if it is of use.
pub fn offered() -> Result<Enforced, NoLandlock> {
    match kernel() {
        LandlockStatus::NotImplemented => Err(NoLandlock::Absent),
        LandlockStatus::NotEnabled => Err(NoLandlock::SwitchedOff),
        status @ LandlockStatus::Available { .. } => match version(&status) {
            version @ OLDEST.. => Ok(Enforced { version }),
            _ => Err(NoLandlock::TooOld),
        },
    }
}

/// The kernel's own word. Nothing is given up for it.
fn kernel() -> LandlockStatus {
    let asked = RestrictSelf::default().no_new_privs(false).apply();
    asked.map_or(LandlockStatus::NotImplemented, |status| status.landlock)
}

/// The reason for which the second version is not there.
fn absence() -> NoLandlock {
    offered().err().unwrap_or(NoLandlock::Absent)
}

fn version(status: &LandlockStatus) -> u32 {
    match status {
        LandlockStatus::Available { effective_abi, .. } => *effective_abi as u32,
        _ => 0,
    }
}

/// The file or directory at `path`; none where the process could not go anyway.
fn place(path: &PathBuf) -> Result<Option<PathFd>, NoLandlock> {
    let error = match PathFd::new(path) {
        Ok(place) => return Ok(Some(place)),
        Err(PathFdError::OpenCall { source, .. }) => source,
        Err(error) => io::Error::other(error),
    };
    let shown = path.display();
    if errno::is_shortage(&error) {
        Err(NoLandlock::Refused(format!("`{shown}`: {}", errno::words(&error))))
    } else {
        Ok(None)
    }
}

fn refused(error: &RulesetError) -> NoLandlock {
    NoLandlock::Refused(errno::words(&system_error(error)))
}

/// The system's error below those of the crate.
fn system_error(error: &RulesetError) -> io::Error {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(number) = current.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
            return io::Error::from_raw_os_error(number);
        }
        cause = current.source();
    }
    io::Error::other(error.to_string())
}

#[cfg(test)]
mod tests;
