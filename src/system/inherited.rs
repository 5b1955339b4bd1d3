//! Edge. Descriptors that a service manager opened for us.

use rustix::io::fcntl_getfd;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

/// First descriptor that systemd passes (`SD_LISTEN_FDS_START` of `sd_listen_fds(3)`).
const FIRST: i32 = 3;

/// More sockets than anybody names in one unit.
const LIMIT: i32 = 64;

/// The sockets that systemd listens on for this process: `LISTEN_FDS` counts only when `LISTEN_PID` is us.
pub fn systemd_sockets() -> Vec<OwnedFd> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let is_ours = number("LISTEN_PID") == Some(std::process::id());
    let count = number("LISTEN_FDS").filter(|_| is_ours).and_then(|count| i32::try_from(count).ok()).unwrap_or(0);
    (FIRST..FIRST + count.min(LIMIT)).filter_map(take).collect()
}

#[expect(
    unsafe_code,
    reason = "by the protocol of sd_listen_fds(3) these descriptors are ours; nothing else took them"
)]
fn take(number: i32) -> Option<OwnedFd> {
    // SAFETY: borrowed for this one call, which says whether it is open at all.
    fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) }).ok()?;
    // SAFETY: called once for each, at start, before this process has opened anything of its own.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}
