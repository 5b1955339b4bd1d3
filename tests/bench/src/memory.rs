//! Edge. Memory of a contender while it takes large deliveries in parallel.

use crate::contender::Contender;
use crate::delivery::Request;
use crate::load;
use crate::procfs::{self, Memory};
use crate::room::Room;
use crate::round::probe;
use rustix::process::Pid;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Deliveries at once.
pub const PARALLEL: u64 = 8;
/// Size of each, the product's default limit.
pub const SIZE_BYTES: usize = 25 << 20;
/// How often the eight are sent.
const REPEATS: u64 = 3;
/// Pause between two looks at the processes.
const SAMPLE_EVERY: Duration = Duration::from_millis(5);

/// Memory at rest, and the peak under load.
#[derive(Debug, Clone, Copy)]
pub struct Footprint {
    /// After one small delivery.
    pub rest: Memory,
    /// Largest of each figure while the deliveries came in.
    pub peak: Memory,
}

/// Starts the contender, sends the deliveries, and watches all its processes. `None` for those without a process.
pub fn measure(contender: Contender, room: &Room) -> io::Result<Option<Footprint>> {
    room.fresh_spool()?;
    let Some(group) = contender.start(room)? else { return Ok(None) };
    probe(contender, room, 8192)?;
    let rest = procfs::memory(group.pid());
    let uri = contender.uri().unwrap_or_default();
    let requests: Vec<Request> = (0..PARALLEL).map(|nonce| Request::signed(uri, SIZE_BYTES, nonce)).collect();
    let done = AtomicBool::new(false);
    let (peak, sent) = thread::scope(|scope| {
        let watch = scope.spawn(|| watch(group.pid(), &done));
        let sent = send_all(contender, room, requests);
        done.store(true, Ordering::Release);
        (watch.join().unwrap_or_default(), sent)
    });
    sent?;
    Ok(Some(Footprint { rest, peak: rest.max(peak) }))
}

fn watch(root: Pid, done: &AtomicBool) -> Memory {
    let mut peak = Memory::default();
    while !done.load(Ordering::Acquire) {
        peak = peak.max(procfs::memory(root));
        thread::sleep(SAMPLE_EVERY);
    }
    peak.max(procfs::memory(root))
}

fn send_all(contender: Contender, room: &Room, requests: Vec<Request>) -> io::Result<()> {
    thread::scope(|scope| {
        let senders: Vec<_> = (0..)
            .zip(requests)
            .map(|(number, request)| scope.spawn(move || send_repeatedly(contender, room, request, number)))
            .collect();
        senders.into_iter().try_for_each(|sender| sender.join().unwrap_or_else(|_| Err(io::Error::other("panic"))))
    })
}

fn send_repeatedly(contender: Contender, room: &Room, mut request: Request, number: u64) -> io::Result<()> {
    for repeat in 0..REPEATS {
        request.stamp(2000 + number * REPEATS + repeat);
        let status = load::send_one(room.unbuffered, &request)?;
        if !(200..300).contains(&status) {
            return Err(io::Error::other(format!("{}: a large delivery got {status}", contender.name())));
        }
    }
    Ok(())
}
