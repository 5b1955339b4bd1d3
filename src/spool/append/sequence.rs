//! Edge. The order of arrival: a number under a lock. The file is a hint; the names of the jobs are the truth.

use crate::model::{JobId, State};
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::{Access, Disk, Io, Lock, Place, SHARED_MODE};
use crate::spool::error::SpoolError;
use crate::spool::job::name::Name;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Numbers from here on (the year 2286) are taken for damage: counting up from them would soon leave 19 digits.
const CEILING: u64 = 9_990_000_000_000_000_000;
/// 19 digits and a line feed.
const FILE_BYTES: usize = 20;

/// Longest wait for the lock. It is held for as long as a number takes to be written.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two tries, at first.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The open file `sequence`. The mutex orders our own threads: a `flock` belongs to the open file description, which
/// they share.
#[derive(Debug)]
pub(in crate::spool) struct Sequence<F>(Mutex<F>);

fn name() -> &'static OsStr {
    OsStr::new("sequence")
}

fn error<D: Disk>(disk: &D, call: &'static str, errno: Errno) -> SpoolError {
    SpoolError::call(call, disk.path(Place::Root, name()), errno)
}

impl<F> Sequence<F> {
    /// Opens the file, or makes it.
    pub(in crate::spool) fn open<D: Disk<File = F>>(disk: &D) -> Result<Self, SpoolError> {
        let file = match disk.open(Place::Root, name(), Access::Write) {
            Err(Errno::NOENT) => create(disk).map_err(|e| error(disk, "create", e))?,
            other => other.map_err(|e| error(disk, "open", e))?,
        };
        Ok(Self(Mutex::new(file)))
    }

    /// The next number: the time in nanoseconds, or one more than the last, whichever is larger.
    pub(in crate::spool) fn next<D: Disk<File = F>>(&self, disk: &D, now: jiff::Timestamp) -> Result<u64, SpoolError> {
        let now_ns = u64::try_from(now.as_nanosecond().max(0)).ok().filter(|&ns| ns < CEILING);
        let now_ns = now_ns.ok_or(SpoolError::ClockOutOfRange(now))?;
        self.locked(disk, |file| {
            let last = read(disk, file)?.map_or_else(|| largest_in_use(disk), Ok)?;
            let next = now_ns.max(last + 1);
            write(disk, file, next).map(|()| next)
        })
    }

    /// Makes sure that the next number is larger than `last`.
    pub(in crate::spool) fn raise<D: Disk<File = F>>(&self, disk: &D, last: u64) -> Result<(), SpoolError> {
        self.locked(disk, |file| match read(disk, file)? {
            Some(written) if written >= last => Ok(()),
            _ => write(disk, file, last),
        })
    }

    fn locked<D: Disk<File = F>, T>(&self, disk: &D, work: impl FnOnce(&F) -> Io<T>) -> Result<T, SpoolError> {
        let file = self.lock(disk)?;
        let result = work(&file);
        let unlocked = disk.lock(&file, Lock::Release);
        let result = result.map_err(|e| error(disk, "update", e))?;
        unlocked.map_err(|e| error(disk, "unlock", e))?;
        Ok(result)
    }

    /// The file, locked against others and our own threads. Who holds it for longer than anybody needs is stopped, or
    /// means harm; while one of our threads waits for that, the others do, too, and none for another.
    fn lock<D: Disk<File = F>>(&self, disk: &D) -> Result<MutexGuard<'_, F>, SpoolError> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match disk.lock(&file, Lock::Try) {
                Ok(true) => return Ok(file),
                Ok(false) if began.elapsed() >= LOCK_TIMEOUT => return Err(error(disk, "lock", Errno::TIMEDOUT)),
                Ok(false) => drop(file),
                Err(errno) => return Err(error(disk, "lock", errno)),
            }
            std::thread::sleep(pause);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

fn create<D: Disk>(disk: &D) -> Io<D::File> {
    match disk.create(Place::Root, name(), SHARED_MODE) {
        Err(Errno::EXIST) => disk.open(Place::Root, name(), Access::Write),
        other => other,
    }
}

/// The number in the file; `None` when it is short or garbage.
fn read<D: Disk>(disk: &D, file: &D::File) -> Io<Option<u64>> {
    let mut text = [0; FILE_BYTES];
    let filled = disk.read_full_at(file, &mut text, 0)?;
    let digits = text[..filled].strip_suffix(b"\n").filter(|d| d.len() == FILE_BYTES - 1);
    let digits = digits.filter(|d| d.iter().all(u8::is_ascii_digit)).and_then(|d| std::str::from_utf8(d).ok());
    Ok(digits.and_then(|d| d.parse().ok()).filter(|&n| n < CEILING))
}

fn write<D: Disk>(disk: &D, file: &D::File, number: u64) -> Io<()> {
    let text = format!("{number:019}\n");
    with_reserve(disk, || disk.write_all_at(file, text.as_bytes(), 0))
}

/// The largest number that any job's name holds. Directories that we may not read are passed over: this is a
/// receiver's last resort, and the runner, which may read them all, repairs the file when it starts.
fn largest_in_use<D: Disk>(disk: &D) -> Io<u64> {
    let mut largest = 0;
    for state in State::ALL {
        let seen = disk.entries(Place::In(state), &mut |name, _| largest = largest.max(number_in(Name::of(name))));
        match seen {
            Err(Errno::ACCESS | Errno::NOENT) => {}
            other => other?,
        }
    }
    Ok(largest)
}

/// The sequence number in the name of a job or of a history; 0 for any other name.
pub(in crate::spool) fn number_in(name: Name) -> u64 {
    name.id().map(JobId::sequence).filter(|&n| n < CEILING).unwrap_or(0)
}
