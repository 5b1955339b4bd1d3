//! Edge. The flush of `queued/`, shared by those who ask for it at the same time.

use crate::spool::disk::Io;
use rustix::io::Errno;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Lets one flush serve all who asked before it began: a flush covers every name that was there when it began, and no
/// other. Whoever asks while one is running waits for the next.
#[derive(Debug, Default)]
pub(in crate::spool) struct Arrivals {
    flushes: Mutex<Flushes>,
    /// Those who wait for a flush of even number, and of odd number. Nobody waits for one beyond the next.
    ended: [Condvar; 2],
}

/// Flushes are numbered from 1, in the order in which they begin; only one runs at a time.
#[derive(Debug, Default)]
struct Flushes {
    begun: u64,
    ended: u64,
    /// The last that failed. It fails all that it covered: a later success would not say that it made up for it.
    failed: Option<(u64, Errno)>,
}

impl Arrivals {
    /// Returns when a flush has ended that began after this call. `flush` is called unless another's will do.
    pub(in crate::spool) fn flush(&self, flush: impl FnOnce() -> Io<()>) -> Io<()> {
        let mut flushes = self.lock();
        let mine = flushes.begun + 1;
        while flushes.ended < mine && flushes.begun > flushes.ended {
            flushes = self.ended(mine).wait(flushes).unwrap_or_else(PoisonError::into_inner);
        }
        if flushes.ended >= mine {
            return flushes.failed.filter(|(number, _)| *number >= mine).map_or(Ok(()), |(_, errno)| Err(errno));
        }
        flushes.begun = mine;
        drop(flushes);
        let result = flush();
        self.end(mine, result);
        result
    }

    /// Wakes all whom this flush served, and of those who wait for the next one the one that will make it.
    fn end(&self, number: u64, result: Io<()>) {
        let mut flushes = self.lock();
        flushes.ended = number;
        if let Err(errno) = result {
            flushes.failed = Some((number, errno));
        }
        drop(flushes);
        self.ended(number).notify_all();
        self.ended(number + 1).notify_one();
    }

    fn ended(&self, number: u64) -> &Condvar {
        &self.ended[usize::from(number % 2 == 1)]
    }

    fn lock(&self) -> MutexGuard<'_, Flushes> {
        self.flushes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::thread::scope;

    #[test]
    fn each_is_served_by_a_flush_that_began_after_it_asked_and_has_ended() {
        let arrivals = Arrivals::default();
        let clock = AtomicUsize::new(0);
        let tick = || clock.fetch_add(1, SeqCst);
        let flushes: Mutex<Vec<(usize, usize)>> = Mutex::default();
        scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let asked = tick();
                        let flush = || {
                            let began = tick();
                            std::thread::yield_now();
                            flushes.lock().unwrap().push((began, tick()));
                            Ok(())
                        };
                        arrivals.flush(flush).unwrap();
                        let told = tick();
                        let flushes = flushes.lock().unwrap();
                        let serves = |&&(began, ended): &&(usize, usize)| began > asked && ended < told;
                        assert!(flushes.iter().rev().any(|flush| serves(&flush)), "asked at {asked}, told at {told}");
                    }
                });
            }
        });
        assert!(flushes.lock().unwrap().len() <= 8 * 200);
    }

    #[test]
    fn a_failure_is_told_to_all_whom_the_flush_was_to_serve() {
        let arrivals = Arrivals::default();
        let results: Vec<Io<()>> = scope(|scope| {
            let ask = || arrivals.flush(|| Err(Errno::IO));
            let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(results, [Err(Errno::IO); 8]);
    }

    #[test]
    fn one_after_the_other_each_flushes_for_itself() {
        let arrivals = Arrivals::default();
        let count = AtomicUsize::new(0);
        for _ in 0..3 {
            let flush = || {
                count.fetch_add(1, SeqCst);
                Ok(())
            };
            arrivals.flush(flush).unwrap();
        }
        assert_eq!(count.load(SeqCst), 3);
    }

    #[test]
    fn a_failure_is_told_and_the_next_flush_counts_for_itself() {
        let arrivals = Arrivals::default();
        assert_eq!(arrivals.flush(|| Err(Errno::IO)), Err(Errno::IO));
        assert_eq!(arrivals.flush(|| Ok(())), Ok(()));
    }
}
