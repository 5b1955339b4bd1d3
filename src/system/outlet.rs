//! Edge. Lines for a reader who may be late, or gone for good: nobody but a thread for it waits for him.

use super::wait;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Bytes of lines that are kept for a reader who is late.
const LIMIT_BYTES: usize = 256 * 1024;
/// Time for which the first line waits for others: waking a thread for each one costs more than writing it.
const GATHER: Duration = Duration::from_millis(2);
/// A descriptor that can be written to takes so much at once (`PIPE_BUF`).
const AT_ONCE_BYTES: usize = 4096;

/// Lines on their way to a descriptor, through a thread of their own. What does not fit is dropped and counted.
#[derive(Clone)]
pub struct Outlet(Arc<OutletState>);

struct OutletState {
    target: Box<dyn AsFd + Send + Sync>,
    queue: Mutex<Queue>,
    changed: Condvar,
    limit_bytes: usize,
    /// The line that says how many were dropped.
    told: fn(u64) -> String,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<u8>,
    dropped: u64,
    /// True if the thread is writing, perhaps for ever.
    is_writing: bool,
    /// True if the thread waits for a line.
    is_idle: bool,
    has_thread: bool,
}

impl Outlet {
    /// An outlet to `target` that tells of dropped lines by the line that `told` makes of their number.
    pub fn new(target: impl AsFd + Send + Sync + 'static, told: fn(u64) -> String) -> Self {
        Self::with_limit(target, told, LIMIT_BYTES)
    }

    fn with_limit(target: impl AsFd + Send + Sync + 'static, told: fn(u64) -> String, limit_bytes: usize) -> Self {
        let (queue, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(OutletState { target: Box::new(target), queue, changed, limit_bytes, told }))
    }

    /// Waits until all is written, or until the time is up.
    pub fn finish(&self, within: Duration) {
        let until = wait::after(within);
        let mut queue = self.0.lock();
        while queue.is_writing || !queue.waiting.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            queue = self.0.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Starts the thread. Without one, which the system may refuse for a while, lines go out as far as that is at once.
    fn start(&self, queue: &mut Queue) {
        let shared = Arc::clone(&self.0);
        queue.has_thread = Builder::new().name("outlet".into()).spawn(move || shared.run()).is_ok();
        if !queue.has_thread {
            let waiting = std::mem::take(&mut queue.waiting);
            say(self.0.target.as_fd(), &waiting, Duration::ZERO);
        }
    }
}

impl Write for Outlet {
    /// Takes a whole line, or drops it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut queue = self.0.lock();
        if queue.waiting.len() + line.len() > self.0.limit_bytes {
            queue.dropped += 1;
            return Ok(line.len());
        }
        if queue.dropped > 0 {
            let told = (self.0.told)(std::mem::take(&mut queue.dropped));
            queue.waiting.extend(told.as_bytes());
        }
        queue.waiting.extend(line);
        if !queue.has_thread {
            self.start(&mut queue);
        }
        let wake = std::mem::take(&mut queue.is_idle);
        drop(queue);
        if wake {
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OutletState {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let mut queue = self.lock();
            while queue.waiting.is_empty() {
                queue.is_idle = true;
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            drop(queue);
            // Lines of a busy moment leave together.
            std::thread::sleep(GATHER);
            let mut queue = self.lock();
            let lines = std::mem::take(&mut queue.waiting);
            queue.is_writing = true;
            drop(queue);
            write_all(self.target.as_fd(), &lines);
            self.lock().is_writing = false;
            self.changed.notify_all();
        }
    }
}

/// Writes, however long that takes. A line that cannot be written is lost: nobody can be told that nobody can be told.
fn write_all(target: BorrowedFd<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::retry_on_intr(|| rustix::io::write(target, bytes)) {
            Ok(0) | Err(_) => return,
            Ok(written) => bytes = &bytes[written..],
        }
    }
}

/// Writes as far as a reader makes room within a time.
pub fn say(target: BorrowedFd<'_>, bytes: &[u8], within: Duration) {
    let until = wait::after(within);
    for piece in bytes.chunks(AT_ONCE_BYTES) {
        if !has_room(target, until.saturating_duration_since(Instant::now())) {
            return;
        }
        write_all(target, piece);
    }
}

fn has_room(target: BorrowedFd<'_>, within: Duration) -> bool {
    let Ok(time) = Timespec::try_from(within) else { return false };
    let mut fds = [PollFd::from_borrowed_fd(target, PollFlags::OUT)];
    poll(&mut fds, Some(&time)).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn told(lines: u64) -> String {
        format!("{lines} dropped\n")
    }

    fn line(outlet: &Outlet, text: &str) {
        outlet.clone().write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn lines_leave_in_their_order() {
        let (mut reader, writer) = io::pipe().unwrap();
        let outlet = Outlet::new(writer, told);
        line(&outlet, "one\n");
        line(&outlet, "two\n");
        outlet.finish(Duration::MAX);
        let mut read = [0; 8];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"one\ntwo\n");
    }

    #[test]
    fn nobody_waits_for_a_reader_who_is_late_and_what_is_dropped_is_counted() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
        writer.write_all(&[b'x'; 4096]).unwrap();
        let outlet = Outlet::with_limit(writer, told, 100);
        line(&outlet, "first\n");
        outlet.finish(Duration::ZERO);
        while !outlet.0.lock().is_writing {
            std::thread::yield_now();
        }
        (0..30).for_each(|_| line(&outlet, "one of many\n"));
        outlet.finish(Duration::from_millis(1));
        reader.read_exact(&mut [0; 4096]).unwrap();
        outlet.finish(Duration::MAX);
        line(&outlet, "last\n");
        outlet.finish(Duration::MAX);
        let mut rest = vec![0; 6 + 8 * 12 + 11 + 5];
        reader.read_exact(&mut rest).unwrap();
        let expected = format!("first\n{}22 dropped\nlast\n", "one of many\n".repeat(8));
        assert_eq!(String::from_utf8(rest).unwrap(), expected);
    }

    #[test]
    fn what_is_said_within_a_time_is_not_said_to_nobody() {
        let (_reader, mut writer) = io::pipe().unwrap();
        rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
        writer.write_all(&[b'x'; 4096]).unwrap();
        say(writer.as_fd(), b"nobody reads this", Duration::from_millis(1));
    }
}
