//! Edge. A disk that is full or broken at one call, and works again afterwards.

use super::promises::Promises;
use super::scenarios::{append, at, backlog, day, journaled_day};
use crate::spool::disk::{Disk, Place};
use crate::spool::fake::{FakeDisk, Survives};
use crate::spool::owner::SpoolOwner;
use crate::spool::{Claimed, Entry, HistoryEvent, SpoolError};
use rustix::io::Errno;

const ENDS: [Survives; 4] = [Survives::Everything, Survives::Nothing, Survives::Some(1), Survives::Some(2)];

#[test]
fn an_append_that_fails_at_any_call_acknowledges_nothing_that_is_not_there() {
    let (disk, mut promises) = (FakeDisk::with_spool(), Promises::default());
    append(&disk, &mut promises).unwrap();
    let mut refused = [0, 0];
    for call in 1..=disk.calls() {
        for (n, errno) in [Errno::NOSPC, Errno::IO].into_iter().enumerate() {
            let (disk, mut promises) = (FakeDisk::with_spool(), Promises::default());
            disk.fail_at(call, errno);
            refused[n] += u32::from(append(&disk, &mut promises).is_err());
            let mut left = Vec::new();
            disk.entries(Place::Tmp, &mut |name, _| left.push(name.to_owned())).unwrap();
            assert_eq!(left, [""; 0], "{errno:?} at call {call} left a draft behind");
            for survives in ENDS {
                assert_eq!(promises.broken_on(&disk.after(survives)), [""; 0], "{errno:?} at call {call}");
            }
        }
    }
    // With the reserve given back, a full disk refuses less often than a broken one.
    assert!(refused[0] < refused[1], "{refused:?}");
}

#[test]
fn a_runner_that_stops_at_a_failed_call_leaves_what_recovery_puts_right() {
    for day in [day, journaled_day] {
        let (disk, mut promises) = backlog();
        day(&disk, &mut promises).unwrap();
        for call in 1..=disk.calls() {
            for errno in [Errno::NOSPC, Errno::IO] {
                let (disk, mut promises) = backlog();
                disk.fail_at(call, errno);
                let _ = day(&disk, &mut promises);
                for survives in ENDS {
                    assert_eq!(promises.broken_on(&disk.after(survives)), [""; 0], "{errno:?} at call {call}");
                }
            }
        }
    }
}

#[test]
fn a_history_whose_flush_failed_takes_no_more_lines() {
    let (disk, _) = backlog();
    let owner = SpoolOwner::on(disk.clone()).unwrap();
    let id = owner.scan(at(2)).unwrap().jobs[0];
    let Claimed::Job(mut claim) = owner.claim(id, at(2)).unwrap() else { panic!("{id} is not there") };
    let started = Entry::new(at(2), HistoryEvent::Started { attempt: 1 });
    disk.fail_at(2, Errno::IO);
    assert!(claim.record(&started).unwrap_err().to_string().starts_with("cannot flush "));
    assert!(matches!(claim.record(&started), Err(SpoolError::HistoryLost(_))));
    assert_eq!(claim.history().attempts(), 0);
}
