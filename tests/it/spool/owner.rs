//! A runner's side of the spool on the real disk: claims, histories, settlements, and what people see of them.

use crate::spool::append::{meta, names};
use hookspool::model::{JobId, Outcome, State, next};
use hookspool::spool::{
    Claim, Claimed, Entry, Filter, HistoryEvent, Inbox, JobView, Match, Settlement, SpoolError, SpoolOwner, Wait,
    create, find, history_path, job_path, list, show,
};
use jiff::Timestamp;
use std::fs;
use std::io::Read;
use std::path::Path;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_767_225_600 + second, 0).unwrap()
}

pub(crate) fn append(root: &Path, second: i64) -> JobId {
    let mut draft = Inbox::open(root).unwrap().draft().unwrap();
    draft.write(format!("payload {second}").as_bytes()).unwrap();
    draft.commit(&meta("docs", second)).unwrap()
}

pub(crate) fn claim(owner: &SpoolOwner, id: JobId) -> Claim {
    match owner.claim(id, at(10)).unwrap() {
        Claimed::Job(claim) => *claim,
        other => panic!("{other:?}"),
    }
}

fn ended(outcome: Outcome) -> Settlement {
    Settlement::Ended { outcome, reason: None }
}

fn views(root: &Path, filter: Filter) -> Vec<JobView> {
    list(root, filter).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_job_goes_from_queued_through_running_to_done_with_its_history() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let id = append(home.path(), 1);
    assert_eq!(owner.scan(at(1)).unwrap().jobs, [id]);
    let mut claim = claim(&owner, id);
    assert_eq!((claim.id(), claim.attempt(), claim.meta()), (id, 1, &meta("docs", 1)));
    let mut payload = String::new();
    claim.payload().read_to_string(&mut payload).unwrap();
    assert_eq!(payload, "payload 1");
    assert_eq!(names(&home.path().join("queued")), [""; 0]);
    claim.record(&Entry::new(at(11), HistoryEvent::Started { attempt: 1 })).unwrap();
    assert_eq!(claim.settle(ended(Outcome::Succeeded), at(12)).unwrap(), State::Done);

    assert_eq!(names(&home.path().join("running")), [""; 0]);
    assert_eq!(names(&home.path().join("done")), [format!("{id}.events"), format!("{id}.job")]);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(
        fs::read_to_string(history_path(home.path(), State::Done, id)).unwrap(),
        format!(
            "{{\"at\":\"2026-01-01T00:00:10Z\",\"what\":\"claimed\",\"runner_pid\":{},\"boot_id\":\"{}\"}}\n\
             {{\"at\":\"2026-01-01T00:00:11Z\",\"what\":\"started\",\"attempt\":1}}\n\
             {{\"at\":\"2026-01-01T00:00:12Z\",\"what\":\"ended\",\"outcome\":\"succeeded\"}}\n",
            std::process::id(),
            boot.trim()
        )
    );
    assert!(matches!(owner.claim(id, at(13)).unwrap(), Claimed::Gone));
}

#[test]
fn a_second_runner_is_told_who_has_the_spool_and_a_claim_keeps_the_lock() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let id = append(home.path(), 1);
    let claim = claim(&owner, id);
    drop(owner);
    match SpoolOwner::lock(home.path()) {
        Err(error @ SpoolError::Locked { pid, .. }) => {
            assert_eq!((pid, error.exit_code()), (Some(std::process::id()), 75));
        }
        other => panic!("{other:?}"),
    }
    drop(claim);
    assert_eq!(SpoolOwner::lock(home.path()).unwrap().recover(at(2)).unwrap().interrupted[0].id(), id);
}

#[test]
fn a_job_waits_as_long_as_its_history_says() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let ids = [append(home.path(), 1), append(home.path(), 2)];
    for (id, second) in ids.into_iter().zip([50, 40]) {
        let wait = Settlement::Waiting { not_before: at(second), reason: "exit 75".to_owned() };
        assert_eq!(claim(&owner, id).settle(wait, at(11)).unwrap(), State::Waiting);
    }
    let wait = |since, until| Wait { since: at(since), until: at(until) };
    assert_eq!(owner.waiting().unwrap(), [(ids[0], wait(11, 50)), (ids[1], wait(11, 40))]);
    let mut again = claim(&owner, ids[0]);
    again.record(&Entry::new(at(51), HistoryEvent::Started { attempt: 1 })).unwrap();
    let later = Settlement::Waiting { not_before: at(90), reason: "exit 75".to_owned() };
    again.settle(later, at(52)).unwrap();
    assert_eq!(owner.waiting().unwrap(), [(ids[0], wait(52, 90)), (ids[1], wait(11, 40))]);
    assert_eq!(claim(&owner, ids[0]).attempt(), 2);
}

fn settlements() -> Vec<Settlement> {
    let id = JobId::new(1, 1).unwrap();
    let reason = || "x".to_owned();
    let outcomes = [Outcome::Succeeded, Outcome::Failed, Outcome::Interrupted, Outcome::Cancelled];
    let others = [
        Settlement::Waiting { not_before: at(90), reason: reason() },
        Settlement::Held { reason: reason() },
        Settlement::SupersededBy { id },
        Settlement::RepeatOf { id },
        Settlement::Released,
        Settlement::Corrupt { reason: reason() },
    ];
    outcomes.map(ended).into_iter().chain(others).collect()
}

/// A job brought to `state`.
fn brought_to(state: State, owner: &SpoolOwner, root: &Path) -> JobId {
    let id = append(root, 1);
    let settlement = match state {
        State::Queued | State::Running => return id,
        State::Waiting => Settlement::Waiting { not_before: at(90), reason: "x".to_owned() },
        State::Held => Settlement::Held { reason: "x".to_owned() },
        State::Done => ended(Outcome::Succeeded),
        State::Failed => ended(Outcome::Failed),
        State::Corrupt => unreachable!("nothing is decided about a damaged job"),
    };
    assert_eq!(claim(owner, id).settle(settlement, at(2)).unwrap(), state);
    id
}

#[test]
fn a_move_that_the_table_forbids_is_refused_and_leaves_the_job_alone() {
    let at_rest = [State::Queued, State::Waiting, State::Held, State::Done, State::Failed];
    for state in at_rest.into_iter().chain([State::Running]) {
        for settlement in settlements() {
            let home = tempfile::tempdir().unwrap();
            let owner = SpoolOwner::lock(home.path()).unwrap();
            let id = brought_to(state, &owner, home.path());
            let expected = next(state, settlement.transition()).map_err(|illegal| illegal.to_string());
            let moved = match state {
                State::Running => claim(&owner, id).settle(settlement.clone(), at(3)),
                _ => owner.decide(id, settlement.clone(), at(3)),
            };
            assert_eq!(moved.map_err(|error| error.to_string()), expected, "{state:?}, {settlement:?}");
            let place = expected.unwrap_or(state);
            assert!(job_path(home.path(), place, id).exists(), "{state:?}, {settlement:?}");
            let last = show(home.path(), id).unwrap().unwrap().history.entries().last().cloned();
            let is_noted = last.is_some_and(|entry| entry.at == at(3) && entry.what == settlement.clone().into());
            assert_eq!(is_noted, next(state, settlement.transition()).is_ok(), "{state:?}, {settlement:?}");
        }
    }
}

#[test]
fn a_decision_takes_a_job_where_the_table_says_and_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let [old, new] = [append(home.path(), 1), append(home.path(), 2)];
    assert_eq!(owner.decide(old, Settlement::SupersededBy { id: new }, at(3)).unwrap(), State::Done);
    assert_eq!(owner.decide(new, Settlement::Held { reason: "on hold".into() }, at(3)).unwrap(), State::Held);
    let refused = owner.decide(new, ended(Outcome::Succeeded), at(4)).unwrap_err();
    assert_eq!(refused.to_string(), "a job that is held cannot be Ended(Succeeded)");
    assert_eq!(owner.decide(new, Settlement::Released, at(5)).unwrap(), State::Queued);
    assert_eq!(names(&home.path().join("queued")), [format!("{new}.events"), format!("{new}.job")]);
    assert_eq!(claim(&owner, new).history().entries().len(), 3);
    assert_eq!(names(&home.path().join("queued")), [""; 0]);
    assert!(owner.decide(JobId::new(1, 1).unwrap(), Settlement::Released, at(5)).unwrap_err().is_missing());
    let superseded = show(home.path(), old).unwrap().unwrap().view;
    assert_eq!(superseded.outcome, Some(Outcome::Superseded));
    assert_eq!(superseded.reason, Some(format!("superseded by {new}")));
}

#[test]
fn a_torn_last_line_is_replaced_by_the_next_one() {
    let home = tempfile::tempdir().unwrap();
    let id = {
        let owner = SpoolOwner::lock(home.path()).unwrap();
        let id = append(home.path(), 1);
        let mut claim = claim(&owner, id);
        claim.record(&Entry::new(at(11), HistoryEvent::Started { attempt: 1 })).unwrap();
        id
    };
    let path = history_path(home.path(), State::Running, id);
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}{{\"at\":\"2026-01-01T00:00:12Z\",\"what\":\"a rather long torn line")).unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let mut recovered = owner.recover(at(20)).unwrap();
    let mut claim = recovered.interrupted.remove(0);
    assert_eq!((claim.attempt(), claim.history().started_since_claim()), (2, true));
    claim.record(&Entry::new(at(21), Settlement::Released.into())).unwrap();
    let released = "{\"at\":\"2026-01-01T00:00:21Z\",\"what\":\"released\"}\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{whole}{released}"));
}

#[test]
fn people_find_list_and_show_jobs_while_the_runner_has_the_lock() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let ids: Vec<JobId> = (1..=4).map(|second| append(home.path(), second)).collect();
    claim(&owner, ids[0]).settle(ended(Outcome::Failed), at(11)).unwrap();
    let running = claim(&owner, ids[1]);
    let states: Vec<(JobId, State)> = views(home.path(), Filter::default()).iter().map(|v| (v.id, v.state)).collect();
    let expected = [State::Failed, State::Running, State::Queued, State::Queued];
    assert_eq!(states, ids.iter().copied().zip(expected).collect::<Vec<_>>());
    let queued = views(home.path(), Filter { states: vec![State::Queued], ..Filter::default() });
    assert_eq!(queued.iter().map(|v| v.id).collect::<Vec<_>>(), ids[2..]);
    assert!(views(home.path(), Filter { hook: Some("other".into()), ..Filter::default() }).is_empty());
    assert_eq!(views(home.path(), Filter { from: Some(ids[3]), ..Filter::default() }).len(), 1);

    assert_eq!(find(home.path(), &ids[1].to_string()).unwrap(), Match::One(ids[1]));
    assert_eq!(find(home.path(), &ids[1].short()).unwrap(), Match::One(ids[1]));
    assert_eq!(find(home.path(), "").unwrap(), Match::None);
    let twin = JobId::new(5, u32::from_str_radix(&ids[1].short(), 16).unwrap()).unwrap();
    fs::copy(job_path(home.path(), State::Running, ids[1]), job_path(home.path(), State::Done, twin)).unwrap();
    assert_eq!(find(home.path(), &ids[1].short()).unwrap(), Match::Several(vec![twin, ids[1]]));

    let json = serde_json::to_value(show(home.path(), running.id()).unwrap().unwrap().view).unwrap();
    let expected = serde_json::json!({
        "id": ids[1].to_string(), "state": "running", "outcome": null, "hook": "docs", "event": "push", "ref": null,
        "after": null, "provider": "github", "delivery": "delivery-2", "arrived_at": "2026-01-01T00:00:02Z",
        "attempts": 0, "reason": null, "not_before": null,
    });
    assert_eq!(json, expected);
    assert!(show(home.path(), JobId::new(1, 1).unwrap()).unwrap().is_none());
}

#[test]
fn a_scan_returns_the_oldest_jobs_and_says_that_there_are_more() {
    let home = tempfile::tempdir().unwrap();
    create(home.path()).unwrap();
    let queued = home.path().join("queued");
    for n in (0..5_003).rev() {
        fs::write(queued.join(format!("{n:019}.00000000.job")), "").unwrap();
    }
    let scan = SpoolOwner::lock(home.path()).unwrap().scan(at(1)).unwrap();
    assert!(scan.more && scan.problems.is_empty());
    assert_eq!(scan.jobs.iter().map(|id| id.sequence()).collect::<Vec<_>>(), (0..5_000).collect::<Vec<_>>());
}

#[test]
fn what_died_writing_is_swept_after_a_day_and_what_is_being_written_is_not() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let tmp = home.path().join("tmp");
    let inbox = Inbox::open(home.path()).unwrap();
    let mut draft = inbox.draft().unwrap();
    draft.write(&vec![0; 100_000]).unwrap();
    fs::write(tmp.join("abandoned"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", tmp.join("link")).unwrap();
    let now = Timestamp::now();
    assert!(owner.recover(now).unwrap().problems.is_empty());
    assert_eq!(names(&tmp).len(), 3);
    owner.recover(now.checked_add(jiff::SignedDuration::from_hours(25)).unwrap()).unwrap();
    assert_eq!(names(&tmp).len(), 1);
    let id = draft.commit(&meta("docs", 1)).unwrap();
    assert_eq!(claim(&owner, id).payload().read_to_end(&mut Vec::new()).unwrap(), 100_000);
}
