//! What is removed, when, and what never is.

use crate::support::control::{FRAGILE, json, queue, said};
use crate::support::until;
use crate::support::yard::Yard;
use hookspool::model::JobId;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const DAY: u64 = 86_400;

/// Three jobs that succeeded and one that failed, with their logs.
fn yard() -> (Yard, Vec<JobId>, JobId) {
    yard_of("")
}

fn yard_of(runner: &str) -> (Yard, Vec<JobId>, JobId) {
    let yard = Yard::new(runner, &[("docs", FRAGILE)]);
    let failed = queue(&yard, &["main"])[0];
    yard.drain();
    fs::write(yard.path("site/repaired"), "").unwrap();
    let ids = queue(&yard, &["a", "b", "c"]);
    yard.drain();
    (yard, ids, failed)
}

/// Gives a job that ended the name and the times that it would have if it had arrived and ended `days` ago.
fn age(yard: &Yard, id: JobId, days: u64) -> JobId {
    let old = JobId::new(id.sequence() - days * DAY * 1_000_000_000, 7).unwrap();
    let then = SystemTime::now() - Duration::from_secs(days * DAY);
    let place = place_of(yard, id);
    for (from, to) in paths_in(yard, place, id).into_iter().zip(paths_in(yard, place, old)) {
        File::options().write(true).open(&from).unwrap().set_modified(then).unwrap();
        fs::rename(from, to).unwrap();
    }
    old
}

fn place_of(yard: &Yard, id: JobId) -> &'static str {
    if yard.is_in("failed", id) { "failed" } else { "done" }
}

fn paths(yard: &Yard, id: JobId) -> [PathBuf; 3] {
    paths_in(yard, place_of(yard, id), id)
}

/// Job, history and log.
fn paths_in(yard: &Yard, place: &str, id: JobId) -> [PathBuf; 3] {
    let spool = yard.path("spool");
    let of = |dir: &str, end: &str| spool.join(dir).join(format!("{id}.{end}"));
    [of(place, "job"), of(place, "events"), of("log", "log")]
}

fn is_whole(yard: &Yard, id: JobId) -> bool {
    let there = paths(yard, id).map(|path| path.exists());
    assert!(there.iter().all(|&is| is == there[0]), "{id} is there in part: {there:?}");
    there[0]
}

#[test]
fn what_is_old_goes_with_its_history_and_its_log_and_failed_jobs_stay() {
    for with_runner in [true, false] {
        let (yard, ids, failed) = yard();
        let runner = with_runner.then(|| yard.start());
        let old = age(&yard, ids[0], 8);
        let old_failure = age(&yard, failed, 400);
        let would = json(&yard, &["prune", "--older-than", "7d", "--dry-run"]);
        assert_eq!((&would["jobs"], &would["dry_run"]), (&1.into(), &true.into()));
        assert!(is_whole(&yard, old));
        let (status, text) = said(&yard, &["prune", "--older-than", "7d"]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.starts_with("removed 1 job, "), "{text}");
        assert!(text.ends_with("\n1 failed and 0 corrupt jobs stay until a person removes them\n"), "{text}");
        assert!(!is_whole(&yard, old) && is_whole(&yard, ids[1]) && is_whole(&yard, old_failure));
        assert_eq!(json(&yard, &["prune", "--older-than", "7d"])["jobs"], 0, "again changes nothing");
        assert_eq!(json(&yard, &["prune", "--older-than", "7d", "--failed"])["jobs"], 1);
        assert!(!is_whole(&yard, old_failure));
        drop(runner);
    }
}

#[test]
fn of_many_the_newest_are_kept() {
    let (yard, ids, failed) = yard();
    assert_eq!(json(&yard, &["prune", "--keep", "2"])["jobs"], 1);
    assert_eq!(ids.iter().map(|&id| is_whole(&yard, id)).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(json(&yard, &["prune", "--keep", "0"])["jobs"], 2);
    assert!(is_whole(&yard, failed));
    assert_eq!(crate::spool::append::names(&yard.path("spool/done")), [""; 0]);
}

#[test]
fn the_runner_removes_what_the_configuration_gives_up_and_nothing_else() {
    for (runner, kept) in [("keep = \"7d\"", [false, true, true]), ("keep_count = 1", [false, false, true])] {
        for once in [true, false] {
            let (yard, mut ids, failed) = yard_of("");
            ids[0] = age(&yard, ids[0], 8);
            let failed = age(&yard, failed, 400);
            yard.configure(runner, &[("docs", FRAGILE)]);
            let background = (!once).then(|| yard.start());
            if once {
                assert!(yard.drain().status.success());
            }
            until("the disk is cared for", || ids.iter().map(|&id| paths(&yard, id)[0].exists()).eq(kept));
            assert!(is_whole(&yard, failed));
            // A runner that stops has finished the portion that it was removing.
            assert_eq!(background.map_or(Some(0), crate::support::yard::Runner::stop), Some(0));
            assert_eq!(ids.iter().map(|&id| is_whole(&yard, id)).collect::<Vec<_>>(), kept);
        }
    }
}

#[test]
fn jobs_stay_for_thirty_days_unless_told_otherwise() {
    let (yard, mut ids, _) = yard();
    ids[0] = age(&yard, ids[0], 31);
    ids[1] = age(&yard, ids[1], 29);
    assert!(yard.drain().status.success());
    assert_eq!(ids.iter().map(|&id| is_whole(&yard, id)).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn a_clock_that_leapt_makes_nothing_old() {
    let (yard, mut ids, _) = yard();
    ids[0] = age(&yard, ids[0], 31);
    // As if it had been that long ago: the time of a directory is that of its last change.
    let then = SystemTime::now() - Duration::from_secs(31 * DAY);
    let done = File::open(yard.path("spool/done")).unwrap();
    done.set_modified(then).unwrap();
    let output = yard.drain();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("clock-leapt") && is_whole(&yard, ids[0]), "{log}");
    yard.configure("keep_count = 1", &[("docs", FRAGILE)]);
    yard.drain();
    assert_eq!(ids.iter().map(|&id| is_whole(&yard, id)).collect::<Vec<_>>(), [false, false, true]);

    let (yard, mut ids, _) = self::yard();
    ids[0] = age(&yard, ids[0], 31);
    let done = File::open(yard.path("spool/done")).unwrap();
    done.set_modified(then).unwrap();
    queue(&yard, &["d"]);
    yard.drain();
    assert!(is_whole(&yard, ids[0]), "what was seen before the job ended counts");
    yard.drain();
    assert!(!is_whole(&yard, ids[0]));
}

#[test]
fn a_job_that_arrived_long_ago_and_ended_today_stays() {
    let (yard, ids, _) = yard();
    let old = age(&yard, ids[0], 40);
    let events = &paths(&yard, old)[1];
    File::options().write(true).open(events).unwrap().set_modified(SystemTime::now()).unwrap();
    assert_eq!(json(&yard, &["prune", "--older-than", "7d"])["jobs"], 0);
    assert!(is_whole(&yard, old));
}

#[test]
fn what_killed_receivers_left_is_removed_after_an_hour() {
    let (yard, ..) = yard();
    let tmp = yard.path("spool/tmp");
    let then = SystemTime::now() - Duration::from_secs(2 * 3600);
    let make = |name: &str| {
        let file = File::create(tmp.join(name)).unwrap();
        file.set_modified(then).unwrap();
        file
    };
    make("00000000000000aa");
    let slow = make("00000000000000bb");
    rustix::fs::flock(&slow, rustix::fs::FlockOperation::LockExclusive).unwrap();
    File::create(tmp.join("00000000000000cc")).unwrap();
    let half_a_hold = yard.path("spool/holds/00000000000000dd~");
    File::create(&half_a_hold).unwrap().set_modified(then).unwrap();
    let lone_log = yard.path("spool/log/1700000000000000000.0000000a.log");
    File::create(&lone_log).unwrap();
    assert!(yard.drain().status.success());
    assert_eq!(crate::spool::append::names(&tmp), ["00000000000000bb", "00000000000000cc"]);
    assert!(!half_a_hold.exists());
    assert!(!lone_log.exists(), "a log without a job is as old as its name");
}

#[test]
fn what_a_killed_removal_leaves_is_a_job_that_the_next_one_removes() {
    let (yard, ids, _) = yard();
    // Log and history are gone, the job is not: the last moment at which a removal can be killed.
    let [job, events, log] = paths(&yard, ids[0]);
    fs::remove_file(events).unwrap();
    fs::remove_file(log).unwrap();
    let drained = yard.drain();
    assert!(drained.status.success());
    assert!(!String::from_utf8(drained.stderr).unwrap().contains("event=problem"));
    assert!(job.exists());
    assert_eq!(json(&yard, &["prune", "--keep", "0"])["jobs"], 3);
    assert!(!job.exists());
}
