//! Edge. Descriptors that a service manager opened for us.

use rustix::io::fcntl_getfd;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

/// First descriptor that systemd passes (`SD_LISTEN_FDS_START` of `sd_listen_fds(3)`).
const FIRST: i32 = 3;

/// The first socket that systemd listens on for this process: `LISTEN_FDS` counts only when `LISTEN_PID` is us.
pub fn systemd_socket() -> Option<OwnedFd> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let is_ours = number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS")? >= 1;
    if is_ours { first() } else { None }
}

#[expect(unsafe_code, reason = "by the protocol of sd_listen_fds(3) descriptor 3 is ours; nothing else took it")]
fn first() -> Option<OwnedFd> {
    // SAFETY: borrowed for this one call, which says whether it is open at all.
    fcntl_getfd(unsafe { BorrowedFd::borrow_raw(FIRST) }).ok()?;
    // SAFETY: called once, at start, before this process has opened anything of its own.
    Some(unsafe { OwnedFd::from_raw_fd(FIRST) })
}
