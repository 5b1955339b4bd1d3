//! Edge. Scenarios of receivers and runners, one protocol after the other.

use super::meta;
use super::promises::Promises;
use crate::model::{JobId, Outcome, State};
use crate::spool::append::inbox::Inbox;
use crate::spool::fake::FakeDisk;
use crate::spool::owner::SpoolOwner;
use crate::spool::{Claim, Claimed, Entry, HistoryEvent, Settlement, SpoolError};
use jiff::Timestamp;

/// A delivery that arrived at this second.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::new(second, 0).unwrap()
}

/// Appends a small job, one that outgrows the buffer, and another small one, whatever becomes of each.
pub(super) fn append(disk: &FakeDisk, promises: &mut Promises) -> Result<(), SpoolError> {
    let inbox = Inbox::on(disk.clone())?;
    let results = [100, 70_000, 100].map(|bytes| append_one(&inbox, bytes, promises));
    results.into_iter().collect()
}

fn append_one(inbox: &Inbox<FakeDisk>, bytes: usize, promises: &mut Promises) -> Result<(), SpoolError> {
    let mut draft = inbox.draft()?;
    draft.write(&vec![b'p'; bytes])?;
    let id = draft.commit(&meta(at(1)))?;
    promises.places(id, &[State::Queued]);
    Ok(())
}

/// A disk with six queued jobs, all of it durable.
pub(super) fn backlog() -> (FakeDisk, Promises) {
    let disk = FakeDisk::with_spool();
    let mut promises = Promises::default();
    let inbox = Inbox::on(disk.clone()).unwrap();
    for _ in 0..6 {
        append_one(&inbox, 600, &mut promises).unwrap();
    }
    drop(inbox);
    disk.settle_down();
    (disk, promises)
}

/// A runner's day: every way in which a job can go, and one that is still running at the end.
pub(super) fn day(disk: &FakeDisk, promises: &mut Promises) -> Result<(), SpoolError> {
    let owner = SpoolOwner::on(disk.clone())?;
    day_of(&owner, promises)
}

/// The same, with a journal.
pub(super) fn journaled_day(disk: &FakeDisk, promises: &mut Promises) -> Result<(), SpoolError> {
    let owner = SpoolOwner::on(disk.clone())?;
    let _goes_on_without = owner.begin_journal();
    day_of(&owner, promises)?;
    owner.checkpoint()
}

fn day_of(owner: &SpoolOwner<FakeDisk>, promises: &mut Promises) -> Result<(), SpoolError> {
    owner.recover(at(2))?;
    let jobs = owner.scan(at(2))?.jobs;
    let ended = |outcome| Settlement::Ended { outcome, reason: None };
    let waiting = Settlement::Waiting { not_before: at(3), reason: "again".to_owned() };
    let held = || Settlement::Held { reason: "hold".to_owned() };
    run(owner, jobs[1], ended(Outcome::Failed), State::Failed, promises)?;
    run(owner, jobs[0], waiting.clone(), State::Waiting, promises)?;
    decide(owner, jobs[0], Settlement::Released, [State::Waiting, State::Queued], promises)?;
    run(owner, jobs[0], ended(Outcome::Succeeded), State::Done, promises)?;
    run(owner, jobs[2], waiting, State::Waiting, promises)?;
    decide(owner, jobs[3], Settlement::SupersededBy { id: jobs[4] }, [State::Queued, State::Done], promises)?;
    decide(owner, jobs[4], held(), [State::Queued, State::Held], promises)?;
    decide(owner, jobs[4], Settlement::Released, [State::Held, State::Queued], promises)?;
    decide(owner, jobs[1], Settlement::Released, [State::Failed, State::Queued], promises)?;
    run(owner, jobs[4], held(), State::Held, promises)?;
    let waiting: Vec<JobId> = owner.waiting()?.into_iter().map(|(id, _)| id).collect();
    assert_eq!(waiting, [jobs[2]]);
    run(owner, jobs[2], ended(Outcome::Succeeded), State::Done, promises)?;
    claim(owner, jobs[5], State::Queued, promises).map(drop)
}

fn claim(
    owner: &SpoolOwner<FakeDisk>,
    id: JobId,
    from: State,
    promises: &mut Promises,
) -> Result<Claim<FakeDisk>, SpoolError> {
    promises.places(id, &[from, State::Running]);
    let Claimed::Job(mut claim) = owner.claim(id, at(2))? else { panic!("{id} is not there, or corrupt") };
    claim.record(&Entry::new(at(2), HistoryEvent::Started { attempt: claim.attempt() }))?;
    promises.places(id, &[State::Running]);
    promises.lines(id, claim.history());
    Ok(*claim)
}

fn run(
    owner: &SpoolOwner<FakeDisk>,
    id: JobId,
    settlement: Settlement,
    to: State,
    promises: &mut Promises,
) -> Result<(), SpoolError> {
    let from = *promises.0[&id].places.first().unwrap();
    let claim = claim(owner, id, from, promises)?;
    promises.places(id, &[State::Running, to]);
    assert_eq!(claim.settle(settlement.clone(), at(2))?, to);
    promises.places(id, &[to]);
    promises.line(id, Entry::new(at(2), settlement.into()));
    Ok(())
}

fn decide(
    owner: &SpoolOwner<FakeDisk>,
    id: JobId,
    settlement: Settlement,
    [from, to]: [State; 2],
    promises: &mut Promises,
) -> Result<(), SpoolError> {
    promises.places(id, &[from, to]);
    assert_eq!(owner.decide(id, settlement.clone(), at(2))?, to);
    promises.places(id, &[to]);
    promises.line(id, Entry::new(at(2), settlement.into()));
    Ok(())
}
