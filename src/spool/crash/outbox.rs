//! Edge. Power cuts and kills at every call between an attempt and the last of its messages.

use super::scenarios::{at, backlog};
use crate::model::{Addressee, JobId, Outcome, Standing, Tidings};
use crate::spool::disk::Place;
use crate::spool::fake::{FakeDisk, Mute, Survives};
use crate::spool::owner::SpoolOwner;
use crate::spool::{Claim, Claimed, Entry, HistoryEvent, Letter, Settlement, SpoolError};

/// Messages that the other sides have heard, in order.
type Heard = Vec<(Addressee, JobId, Standing)>;

fn letter(to: &str, job: JobId, standing: Standing) -> Letter {
    let tidings = Tidings {
        number: 0,
        // The clock stands still: the order is kept all the same.
        at: at(2),
        job,
        hook: "docs".into(),
        standing,
        turn: None,
        reason: None,
        repository: None,
        reference: None,
        commit: Some("c".repeat(40)),
        pusher: None,
        attempts: 1,
        seconds: None,
    };
    Letter { addressee: to.parse().unwrap(), tidings }
}

/// Sends what waits: it is heard before it is forgotten.
fn deliver(owner: &SpoolOwner<FakeDisk>, heard: &mut Heard) -> Result<(), SpoolError> {
    for letter in owner.letters()?.0 {
        heard.push((letter.addressee.clone(), letter.tidings.job, letter.tidings.standing));
        owner.take_out(&letter)?;
    }
    Ok(())
}

fn end(owner: &SpoolOwner<FakeDisk>, claim: Claim<FakeDisk>, outcome: Outcome) -> Result<(), SpoolError> {
    let over = Standing::Over(outcome);
    owner.post(&mut [letter("@status", claim.id(), over), letter("ops", claim.id(), over)])?;
    claim.settle(Settlement::Ended { outcome, reason: None }, at(2)).map(drop)
}

/// Two jobs of one commit fail, one after the other. With `early` the forge hears of each claim before the end.
fn two_failures(disk: &FakeDisk, heard: &mut Heard, early: bool, journaled: bool) -> Result<(), SpoolError> {
    let owner = SpoolOwner::on(disk.clone())?;
    if journaled {
        let _goes_on_without = owner.begin_journal();
    }
    let jobs = owner.scan(at(2))?.jobs;
    for &id in &jobs[..2] {
        let Claimed::Job(mut claim) = owner.claim(id, at(2))? else { panic!("{id} is not there") };
        claim.record(&Entry::new(at(2), HistoryEvent::Started { attempt: 1 }))?;
        owner.post(&mut [letter("@status", id, Standing::Begun)])?;
        if early {
            deliver(&owner, heard)?;
        }
        let (outcome, reason, commit) = (Outcome::Failed, None, None);
        claim.record(&Entry::new(at(2), HistoryEvent::Concluded { outcome, reason, commit }))?;
        end(&owner, *claim, outcome)?;
        if !early {
            deliver(&owner, heard)?;
        }
    }
    deliver(&owner, heard)
}

/// The next runner: accounts for what was running, and sends what there is.
fn next_runner(disk: &FakeDisk, heard: &mut Heard) -> Result<(), SpoolError> {
    let owner = SpoolOwner::on(disk.clone())?;
    for claim in owner.recover(at(3))?.interrupted {
        let outcome = claim.history().conclusion().map_or(Outcome::Interrupted, |(outcome, _)| outcome);
        end(&owner, claim, outcome)?;
    }
    deliver(&owner, heard)
}

/// The promise that is not kept, if one is not.
fn broken(disk: &FakeDisk, heard: &Heard) -> Option<String> {
    let names = disk.names(Place::In(crate::model::State::Failed));
    let ids = names.iter().filter_map(|name| JobId::from_job_file_name(name.as_bytes()));
    let failed: Vec<JobId> = ids.collect();
    let is_told = |job: &JobId, to: &str| {
        heard
            .iter()
            .any(|(who, id, standing)| who.to_string() == to && id == job && matches!(standing, Standing::Over(_)))
    };
    if let Some(silent) = failed.iter().find(|job| !is_told(job, "ops") || !is_told(job, "@status")) {
        return Some(format!("nobody heard of {silent}: {heard:?}"));
    }
    let last = heard.iter().rfind(|(who, ..)| *who == Addressee::Status);
    let newest = failed.last();
    let is_right = match (last, newest) {
        (Some((_, id, Standing::Over(_))), Some(job)) => id == job,
        (Some((_, _, standing)), _) => matches!(standing, Standing::Over(_)),
        (None, newest) => newest.is_none(),
    };
    (!is_right).then(|| format!("the forge shows {last:?}, and the last job is {newest:?}"))
}

fn breakage(early: bool, journaled: bool, mute: Option<Mute>) -> Option<String> {
    let (disk, _) = backlog();
    two_failures(&disk, &mut Vec::new(), early, journaled).unwrap();
    let calls = disk.calls();
    for call in 1..=calls + 1 {
        let (disk, _) = backlog();
        let mut heard = Vec::new();
        disk.mute(mute);
        disk.die_at(call);
        let result = two_failures(&disk, &mut heard, early, journaled);
        // What cannot be read stays for the next runner.
        assert!(result.is_ok() || call <= calls, "{result:?} without a death");
        let mixtures = (0..6).map(|n| Survives::Some(n + 1000 * call as u64));
        for survives in [Survives::Nothing, Survives::Everything].into_iter().chain(mixtures) {
            let (after, mut heard) = (disk.after(survives), heard.clone());
            next_runner(&after, &mut heard).unwrap();
            if let Some(broken) = broken(&after, &heard) {
                return Some(format!("call {call} of {calls}, {survives:?}: {broken}"));
            }
        }
    }
    None
}

#[test]
fn a_power_cut_at_any_call_loses_no_message_and_the_forge_shows_the_last_end() {
    for journaled in [true, false] {
        assert_eq!((breakage(true, journaled, None), breakage(false, journaled, None)), (None, None));
    }
}

#[test]
fn each_flush_of_a_message_that_is_left_out_is_missed() {
    for mute in [Mute::File(Place::Outbox, "~"), Mute::Dir(Place::Outbox)] {
        for journaled in [true, false] {
            let broken = breakage(true, journaled, Some(mute));
            assert!(broken.is_some(), "nobody missed the flush of {mute:?}, journal: {journaled}");
        }
    }
}
