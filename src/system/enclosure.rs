//! Edge. All that keeps a program in a box: the fence around files and processes, the calls that it may not make, and
//! root's powers.

use super::landlock::{Enforced, Fence, NoLandlock, ReadyFence};
use super::powers;
use super::refused_calls::RefusedCalls;
use rustix::net::AddressFamily;
use std::io;

/// A box that is ready to be entered.
#[derive(Debug)]
pub struct Enclosure {
    fence: ReadyFence,
    calls: RefusedCalls,
}

/// The sockets that are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sockets {
    /// Those of the Internet.
    pub network: bool,
    /// Those of this host that are files.
    pub local: bool,
}

impl Enclosure {
    /// A box with the files of `fence`, no signals to processes outside, and `sockets`.
    pub fn new(fence: Fence, sockets: Sockets) -> Result<Self, NoLandlock> {
        let mut families = vec![AddressFamily::NETLINK];
        let mut fence = fence.without_signals();
        if sockets.network {
            families.extend([AddressFamily::INET, AddressFamily::INET6]);
        } else {
            fence = fence.without_network();
        }
        if sockets.local {
            families.push(AddressFamily::UNIX);
        } else {
            fence = fence.without_unix_sockets();
        }
        let calls = RefusedCalls::but_for_sockets_of(&families)
            .map_err(|error| NoLandlock::Refused(format!("no list of calls: {error}")))?;
        Ok(Self { fence: fence.prepare()?, calls })
    }

    /// From now on the calling thread is inside, and whatever it starts.
    pub fn enter(&self) -> io::Result<Enforced> {
        powers::reduce()?;
        let enforced = self.fence.enter()?;
        self.calls.enter()?;
        Ok(enforced)
    }
}
