//! Edge. The runner's journal: what it alone knows after a power cut, and what is done where it is damaged.

use super::promises::places_on;
use super::scenarios::{at, backlog};
use crate::model::{JobId, Outcome, State};
use crate::spool::disk::{Access, Disk, Place};
use crate::spool::fake::{FakeDisk, Mute, Survives};
use crate::spool::owner::SpoolOwner;
use crate::spool::{Claim, Claimed, Entry, HistoryEvent, Settlement};
use std::ffi::OsStr;

const ROOT: Place = Place::Root;
const SECTOR: u64 = 512;

fn runner(disk: &FakeDisk) -> SpoolOwner<FakeDisk> {
    let owner = SpoolOwner::on(disk.clone()).unwrap();
    owner.begin_journal().unwrap();
    owner
}

fn begin(owner: &SpoolOwner<FakeDisk>, id: JobId) -> Claim<FakeDisk> {
    let Claimed::Job(mut claim) = owner.claim(id, at(2)).unwrap() else { panic!("{id} is not there") };
    claim.record(&Entry::new(at(2), HistoryEvent::Started { attempt: 1 })).unwrap();
    *claim
}

fn end(claim: Claim<FakeDisk>, outcome: Outcome) {
    claim.settle(Settlement::Ended { outcome, reason: None }, at(2)).unwrap();
}

fn jobs(owner: &SpoolOwner<FakeDisk>) -> Vec<JobId> {
    owner.scan(at(2)).unwrap().jobs
}

/// The places of jobs after a recovery on what is left.
fn recovered(disk: &FakeDisk, survives: Survives, ids: &[JobId]) -> (Vec<Vec<State>>, Vec<String>) {
    let after = disk.after(survives);
    let owner = SpoolOwner::on(after.clone()).unwrap();
    let problems = owner.recover(at(3)).unwrap().problems.iter().map(ToString::to_string).collect();
    let places = places_on(&after);
    (ids.iter().map(|id| places.get(id).cloned().unwrap_or_default()).collect(), problems)
}

fn mixtures() -> impl Iterator<Item = Survives> {
    [Survives::Nothing, Survives::Everything].into_iter().chain((0..40).map(Survives::Some))
}

fn flip(disk: &FakeDisk, offset: u64) {
    let file = disk.open(ROOT, OsStr::new("journal"), Access::Write).unwrap();
    let mut byte = [0];
    disk.read_full_at(&file, &mut byte, offset).unwrap();
    disk.write_all_at(&file, &[byte[0] ^ 1], offset).unwrap();
    disk.flush(&file).unwrap();
}

/// The place of the first record of a new journal: that of generation 1, in the other half.
const FIRST: u64 = FakeDisk::JOURNAL_HALF_BYTES as u64;

/// Three jobs: ended, waiting, begun. What is lost of that by a power cut.
fn undone(mute: Option<Mute>) -> Vec<String> {
    let (disk, _) = backlog();
    disk.mute(mute);
    let owner = runner(&disk);
    let ids = jobs(&owner);
    end(begin(&owner, ids[0]), Outcome::Succeeded);
    let wait = Settlement::Waiting { not_before: at(9), reason: "again".to_owned() };
    begin(&owner, ids[1]).settle(wait, at(2)).unwrap();
    let _runs = begin(&owner, ids[2]);
    let wanted = [State::Done, State::Waiting, State::Running].map(|state| vec![state]);
    let found = mixtures().map(|survives| (survives, recovered(&disk, survives, &ids[..3])));
    let wrong = found.filter(|(_, found)| found.0 != wanted || !found.1.is_empty());
    wrong.map(|(survives, found)| format!("{survives:?}: {found:?}")).collect()
}

#[test]
fn what_was_recorded_is_brought_about_after_a_power_cut() {
    assert_eq!(undone(None), [""; 0]);
    assert!(!undone(Some(Mute::File(ROOT, "journal"))).is_empty(), "nobody missed the flush of records");
}

#[test]
fn an_attempt_costs_two_flushes_and_a_checkpoint_two_more() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let before = disk.flushes();
    for id in &jobs(&owner)[..3] {
        end(begin(&owner, *id), Outcome::Failed);
    }
    assert_eq!(disk.flushes() - before, 3 * 2);
    owner.checkpoint().unwrap();
    owner.checkpoint().unwrap();
    assert_eq!(disk.flushes() - before, 3 * 2 + 2);
}

/// Durably, and nothing else.
fn move_by_hand(disk: &FakeDisk, id: JobId, from: State, to: State) {
    for name in [format!("{id}.job"), format!("{id}.events")] {
        disk.rename((Place::In(from), name.as_ref()), (Place::In(to), name.as_ref())).unwrap();
    }
    for state in [to, from, State::Running] {
        disk.flush_dir(Place::In(state)).unwrap();
    }
}

/// A job that failed, and that a person moves back by hand; where it is after a power cut.
fn moved_by_hand(checkpoint: bool, mute: Option<Mute>, survives: Survives) -> Vec<State> {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let id = jobs(&owner)[0];
    end(begin(&owner, id), Outcome::Failed);
    disk.mute(mute);
    if checkpoint {
        owner.checkpoint().unwrap();
    }
    drop(owner);
    move_by_hand(&disk, id, State::Failed, State::Queued);
    recovered(&disk, survives, &[id]).0.remove(0)
}

#[test]
fn what_a_person_moves_stays_unless_the_power_goes_before_a_checkpoint() {
    assert_eq!(moved_by_hand(true, None, Survives::Nothing), [State::Queued]);
    assert_eq!(moved_by_hand(false, None, Survives::Everything), [State::Queued], "a kill is no power cut");
    assert_eq!(moved_by_hand(false, None, Survives::Nothing), [State::Failed]);
    let mute = Some(Mute::File(ROOT, "journal"));
    assert_eq!(moved_by_hand(true, mute, Survives::Nothing), [State::Failed], "nobody missed the last record's flush");
}

#[test]
fn a_runner_that_dies_at_its_end_leaves_no_record_that_undoes_what_a_person_did() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let id = jobs(&owner)[0];
    end(begin(&owner, id), Outcome::Failed);
    // Its last flush is never made.
    disk.mute(Some(Mute::File(ROOT, "journal")));
    owner.checkpoint().unwrap();
    drop(owner);
    disk.mute(None);
    drop(SpoolOwner::on(disk.clone()).unwrap());
    move_by_hand(&disk, id, State::Failed, State::Queued);
    assert_eq!(recovered(&disk, Survives::Nothing, &[id]).0, [[State::Queued]]);
}

#[test]
fn a_job_that_is_removed_soon_after_its_end_does_not_come_back_as_another() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let id = jobs(&owner)[0];
    let claim = begin(&owner, id);
    owner.checkpoint().unwrap();
    end(claim, Outcome::Succeeded);
    assert_eq!(owner.remove(&[id], false).unwrap().ids, [id]);
    for survives in mixtures() {
        let (places, problems) = recovered(&disk, survives, &[id]);
        let is_right = places[0].is_empty() || places == [[State::Done]];
        assert!(is_right && problems.is_empty(), "{survives:?}: {places:?}, {problems:?}");
    }
}

#[test]
fn a_torn_last_record_is_none_and_the_next_runner_says_nothing_of_it() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let ids = jobs(&owner);
    end(begin(&owner, ids[0]), Outcome::Succeeded);
    let _runs = begin(&owner, ids[1]);
    flip(&disk, FIRST + 2 * SECTOR + 30);
    let (places, problems) = recovered(&disk, Survives::Nothing, &ids[..2]);
    assert_eq!((places, problems), (vec![vec![State::Done], vec![State::Queued]], Vec::new()));
}

#[test]
fn a_damaged_journal_is_put_away_and_told_and_nothing_runs_unasked() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let ids = jobs(&owner);
    let _runs = begin(&owner, ids[0]);
    end(begin(&owner, ids[1]), Outcome::Succeeded);
    flip(&disk, FIRST + 30);
    let (places, problems) = recovered(&disk, Survives::Nothing, &ids);
    let held = |_| vec![State::Held];
    let mut expected: Vec<Vec<State>> = ids.iter().map(held).collect();
    expected[1] = vec![State::Done];
    assert_eq!(places, expected);
    let [said] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(said.starts_with("/fake/./journal: damaged: record 0 of generation 1 is missing before others; moved to "));
    assert!(said.ends_with(".journal; 5 jobs that had not ended are held"), "{said}");
}

#[test]
fn a_damaged_journal_holds_nothing_where_the_machine_stayed_up() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let ids = jobs(&owner);
    let _runs = begin(&owner, ids[0]);
    end(begin(&owner, ids[1]), Outcome::Succeeded);
    flip(&disk, FIRST + 30);
    let (places, problems) = recovered(&disk, Survives::Everything, &ids[..3]);
    assert_eq!(places, [[State::Running], [State::Done], [State::Queued]]);
    assert!(problems.len() == 1 && !problems[0].contains("held"), "{problems:?}");
}

#[test]
fn a_power_cut_while_a_damaged_journal_is_dealt_with_changes_nothing_of_it() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let ids = jobs(&owner);
    let _runs = begin(&owner, ids[0]);
    end(begin(&owner, ids[1]), Outcome::Succeeded);
    flip(&disk, FIRST + 30);
    let first = disk.after(Survives::Some(3));
    for call in 1.. {
        let again = first.after(Survives::Everything);
        again.die_at(call);
        let is_done = SpoolOwner::on(again.clone()).and_then(|owner| owner.recover(at(3)).map(drop)).is_ok();
        for survives in [Survives::Nothing, Survives::Everything, Survives::Some(call as u64)] {
            let (places, _) = recovered(&again, survives, &ids);
            let is_right =
                |(n, places): (usize, &Vec<State>)| *places == [if n == 1 { State::Done } else { State::Held }];
            assert!(places.iter().enumerate().all(is_right), "call {call}, {survives:?}: {places:?}");
        }
        if is_done {
            break;
        }
    }
}

#[test]
fn a_journal_that_cannot_be_written_to_any_more_keeps_no_runner_from_its_work() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let id = jobs(&owner)[0];
    end(begin(&owner, id), Outcome::Succeeded);
    drop(owner);
    let after = disk.after(Survives::Nothing);
    let said = (1..200).find_map(|call| {
        let again = after.after(Survives::Everything);
        again.fail_at(call, rustix::io::Errno::IO);
        let problems = SpoolOwner::on(again.clone()).and_then(|owner| owner.recover(at(3))).ok()?.problems;
        let told = problems.first().filter(|problem| problem.text.starts_with("damaged: input"))?.to_string();
        Some((told, places_on(&again).remove(&id)))
    });
    let (told, places) = said.expect("a failed write of the last record is told");
    assert!(told.starts_with("/fake/./journal: damaged: input/output error; moved to corrupt/"), "{told}");
    assert_eq!(places, Some(vec![State::Done]));
}

#[test]
fn a_history_of_which_the_beginning_is_gone_holds_its_job() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let id = jobs(&owner)[0];
    let mut claim = begin(&owner, id);
    owner.checkpoint().unwrap();
    claim.record(&Entry::new(at(2), HistoryEvent::Restarts)).unwrap();
    disk.remove(Place::In(State::Running), format!("{id}.events").as_ref(), crate::spool::Kind::Regular).unwrap();
    let (places, problems) = recovered(&disk, Survives::Everything, &[id]);
    assert_eq!(places, [[State::Held]]);
    assert!(problems[0].contains("its history ends after 0 bytes, and went on after "), "{problems:?}");
}

#[test]
fn a_journal_that_is_removed_beneath_the_runner_is_told_once_and_missed_by_no_job() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let ids = jobs(&owner);
    end(begin(&owner, ids[0]), Outcome::Succeeded);
    disk.remove(ROOT, OsStr::new("journal"), crate::spool::Kind::Regular).unwrap();
    let problems = owner.scan(at(2)).unwrap().problems;
    assert!(problems.len() == 1 && problems[0].text.starts_with("it was removed or replaced "), "{problems:?}");
    assert_eq!(owner.scan(at(2)).unwrap().problems, []);
    end(begin(&owner, ids[1]), Outcome::Succeeded);
    for survives in mixtures() {
        assert_eq!(recovered(&disk, survives, &ids[..2]).0, [[State::Done], [State::Done]]);
    }
}

#[test]
fn a_long_history_is_flushed_where_it_lies() {
    let (disk, _) = backlog();
    let owner = runner(&disk);
    let id = jobs(&owner)[0];
    let mut claim = begin(&owner, id);
    claim.note(&Entry::new(at(2), HistoryEvent::Note { text: "x".repeat(40_000) })).unwrap();
    end(claim, Outcome::Failed);
    for survives in mixtures() {
        assert_eq!(recovered(&disk, survives, &[id]), (vec![vec![State::Failed]], Vec::new()));
    }
}

#[test]
fn a_disk_without_room_for_a_journal_runs_jobs_as_ever() {
    let (disk, _) = backlog();
    let owner = SpoolOwner::on(disk.clone()).unwrap();
    disk.fail_at(2, rustix::io::Errno::NOSPC);
    assert!(owner.begin_journal().unwrap_err().starts_with("cannot make /fake/./journal: "));
    let id = jobs(&owner)[0];
    end(begin(&owner, id), Outcome::Succeeded);
    for survives in mixtures() {
        assert_eq!(recovered(&disk, survives, &[id]).0, [[State::Done]]);
    }
}
