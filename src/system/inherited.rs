//! Edge. The inheritance of a process: descriptors of a service manager, and odd signals.

use rustix::io::fcntl_getfd;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

/// Gives signals their usual ways back. Who starts us may have ignored SIGCHLD, so that no exit status could be had,
/// or blocked SIGTERM; both pass through exec(2). Descriptors 0 to 2 that are closed were opened on `/dev/null` before
/// `main` by the standard library.
#[expect(unsafe_code, reason = "no crate in use offers these two calls")]
pub fn settle_signals() {
    // SAFETY: at start, with one thread; SIG_DFL is no function, and the set is made before it is used.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

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
