//! Edge. Limits of everything that a responder grants; reads the process's descriptor limit.

use rustix::process::{Resource, getrlimit};
use std::time::Duration;

/// Descriptors that are open whatever happens: standard streams, listeners, epoll, signals, logs, and what the handler
/// keeps open.
const DESCRIPTORS_KEPT: u64 = 32;

/// Bounds of everything that a responder grants. What is beyond waits, is refused, or is cut off; it never grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Worker threads, each of which runs one handler at a time.
    pub workers: usize,
    /// Connections open at once. A further one takes the place of one without a request, or else of the request that
    /// has taken longest, if that is more than a second; it waits in the kernel's backlog otherwise. Lowered to half of
    /// what `RLIMIT_NOFILE` leaves, so that the other half remains for what handlers open.
    pub connections: usize,
    /// Most bytes of a request's parameters (`PARAMS` stream, or HTTP head); beyond it the answer is 431.
    pub params_bytes: usize,
    /// Most parameters of a request; beyond it the answer is 431.
    pub pairs: usize,
    /// A request goes to a worker when its body is complete or this much more of it has come. No worker waits for it.
    pub ahead_bytes: usize,
    /// Bodies of more than `ahead_bytes` that are on their way at once. Where there would be more, the one that has
    /// taken longest is given up with `ResourceBusy`.
    pub uploads: usize,
    /// The same for what has come of them in all, in bytes, which handlers may have put on a disk.
    pub upload_bytes: u64,
    /// Bytes of a body, left by the handler, that are read and dropped before the answer is sent, at most. Some web
    /// servers read no answer before they have written the whole body.
    pub drain_bytes: u64,
    /// Longest time for that.
    pub drain_timeout: Duration,
    /// From a connection's or a request's first byte to its last parameter.
    pub head_timeout: Duration,
    /// Longest wait of a kept-alive connection for its next request.
    pub idle_timeout: Duration,
    /// Longest silence within a body.
    pub read_timeout: Duration,
    /// Longest time in which not a byte of an answer is taken.
    pub write_timeout: Duration,
    /// From a request's first byte to the last of its body; an answer that is late gets one `write_timeout` more.
    pub request_timeout: Duration,
    /// Longest wait for the peer's end after an answer that came before the body's end.
    pub linger_timeout: Duration,
    /// Bytes that are read and dropped meanwhile, at most.
    pub linger_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            workers: 16,
            connections: 1024,
            params_bytes: 64 * 1024,
            pairs: 1024,
            ahead_bytes: 32 * 1024,
            uploads: 256,
            upload_bytes: 256 * 1024 * 1024,
            drain_bytes: 64 * 1024 * 1024,
            drain_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(300),
            linger_timeout: Duration::from_secs(2),
            linger_bytes: 16 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// The same, lowered to what this process may open.
    pub(super) fn fitted(&self) -> Self {
        let connections = fit(self.connections, getrlimit(Resource::Nofile).current);
        Self { connections, uploads: self.uploads.min(connections), ..self.clone() }
    }
}

/// `wanted` connections, or half of the descriptors that remain below `limit`, but at least one.
fn fit(wanted: usize, limit: Option<u64>) -> usize {
    let Some(limit) = limit else { return wanted };
    let half = limit.saturating_sub(DESCRIPTORS_KEPT) / 2;
    wanted.min(usize::try_from(half).unwrap_or(usize::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_descriptor_limit() {
        assert_eq!(fit(1024, None), 1024);
        assert_eq!(fit(1024, Some(20_000)), 1024);
        assert_eq!(fit(1024, Some(1024)), 496);
        assert_eq!(fit(1024, Some(64)), 16);
        assert_eq!(fit(1024, Some(3)), 1);
    }
}
