//! Edge. Descriptors that a service manager opened for us.

use std::os::fd::{FromRawFd, OwnedFd};

/// First descriptor that systemd passes (`SD_LISTEN_FDS_START` of `sd_listen_fds(3)`).
const FIRST: i32 = 3;

/// The first socket that systemd listens on for this process: `LISTEN_FDS` counts only when `LISTEN_PID` is us.
pub fn systemd_socket() -> Option<OwnedFd> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let is_ours = number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS")? >= 1;
    is_ours.then(first)
}

#[expect(
    unsafe_code,
    reason = "by the protocol of sd_listen_fds(3) descriptor 3 is open and ours; nothing else took it"
)]
fn first() -> OwnedFd {
    // SAFETY: called once, at start, before this process has opened anything of its own.
    unsafe { OwnedFd::from_raw_fd(FIRST) }
}
