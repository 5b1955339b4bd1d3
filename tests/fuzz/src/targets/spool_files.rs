//! Every file that a runner or a verb reads back: whatever is in one of them, nothing panics, the spool can be locked,
//! looked at and recovered, and the jobs beside it are all there and can be run.
//!
//! The first line names the file, of those in `FILES`, or any; what follows is its content.

use hookspool::model::{EventKind, JobId, JobMeta, State};
use hookspool::spool::{self, Claimed, RelayDir, Settlement, SpoolOwner, probe};
use jiff::Timestamp;
use std::fs;
use std::path::Path;

/// A job whose files nobody touches, and one of which a file may be the input.
const GOOD: u64 = 1_795_332_869_000_000_001;
const OTHER: u64 = 1_795_332_869_000_000_002;
const RANDOM: u32 = 0x3f9a_1c2e;

/// `ID` is the other job's.
const FILES: [&str; 24] = [
    "running/ID.events",
    "waiting/ID.events",
    "held/ID.events",
    "queued/ID.events",
    "done/ID.events",
    "failed/ID.events",
    "corrupt/ID.events",
    "running/ID.job",
    "queued/ID.job",
    "holds/docs",
    "outbox/ID.people.json",
    "outbox/failed/ID.people.json",
    "log/tally",
    "reconcile",
    "sequence",
    "lock",
    "reserve",
    "seen/docs",
    "control/0123456789abcdef.request",
    "control/0123456789abcdef.taken",
    "control/0123456789abcdef.answer",
    "relay/taken",
    "relay/heard/web1",
    "relay/state",
];

pub fn run(input: &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    let (name, content) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let sum: usize = name.iter().map(|&byte| usize::from(byte)).sum();
    let file = FILES.iter().find(|file| file.as_bytes() == name).unwrap_or(&FILES[sum % FILES.len()]);
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
    let root = dir.path().join("spool");
    let other = id(OTHER);
    fill(&root, file, content, other);
    look(&root, other);
    let may_be_damaged = *file == "queued/ID.job" || *file == "running/ID.job";
    recovers(&root, other, may_be_damaged);
    look(&root, other);
}

fn id(sequence: u64) -> JobId {
    JobId::new(sequence, RANDOM).expect("19 digits")
}

/// A spool with two jobs, and the file.
fn fill(root: &Path, file: &str, content: &[u8], other: JobId) {
    drop(SpoolOwner::lock(root).expect("a new spool"));
    let meta = JobMeta::new("docs", "github", EventKind::Push, Timestamp::UNIX_EPOCH);
    let job = |state: &str, id: JobId| {
        fs::write(root.join(state).join(format!("{id}.job")), probe::written(id, &meta, b"{}")).expect("written");
    };
    job("queued", id(GOOD));
    let state = file.split('/').next().filter(|place| State::ALL.iter().any(|state| state.as_str() == *place));
    job(state.unwrap_or("queued"), other);
    let path = root.join(file.replace("ID", &other.to_string()));
    fs::create_dir_all(path.parent().expect("below the spool")).expect("a directory");
    fs::write(path, content).expect("written");
}

/// What verbs, page and metrics read.
fn look(root: &Path, other: JobId) {
    let listed = spool::list(root, spool::Filter::default()).expect("it can be listed");
    let listed: Vec<JobId> = listed.filter_map(|job| job.ok().map(|job| job.id)).collect();
    assert!(listed.contains(&id(GOOD)), "the job beside it is not shown: {listed:?}");
    let _ = (spool::show(root, other), spool::outbox(root), spool::holds(root), spool::seen(root, Some("docs")));
    let _ = (spool::tally(root), spool::presence(root), spool::count(root));
    let relay = RelayDir::of(root);
    let _ = (relay.state(), relay.heard(), relay.hosts(), relay.waiting_for(other));
}

/// The day of a runner.
fn recovers(root: &Path, other: JobId, may_be_damaged: bool) {
    let now = Timestamp::from_second(1_800_000_000).expect("within range");
    let owner = SpoolOwner::lock(root).expect("it can be locked");
    let recovered = owner.recover(now).expect("it can be recovered");
    let places = State::ALL.iter().filter(|state| spool::job_path(root, **state, other).exists()).count();
    // What is no job at all is put away under a name of its own.
    assert!(places == 1 || may_be_damaged, "the other job is in {places} places: {:?}", recovered.problems);
    drop(recovered);
    let _ = (owner.waiting(), owner.holds(), owner.letters(), owner.reconcile_times(), owner.keep_tally());
    let _ = (owner.take_requests(now), owner.put_requests_back(), owner.tidy(now), owner.refill_reserve());
    let relay = RelayDir::of(root);
    let _ = (relay.heard_of("web1"), relay.taken(), relay.identity());
    let scan = owner.scan(now).expect("it can be looked through");
    assert!(scan.jobs.contains(&id(GOOD)), "the job beside it is not found");
    run_good(&owner, now);
    let _ = owner.claim(other, now);
    assert!(owner.recover(now).is_ok(), "not a second time");
}

fn run_good(owner: &SpoolOwner, now: Timestamp) {
    match owner.claim(id(GOOD), now) {
        Ok(Claimed::Job(claim)) => {
            let ended = claim.settle(Settlement::Held { reason: "a test".to_owned() }, now);
            assert!(ended.is_ok(), "the job beside it cannot be settled: {ended:?}");
        }
        other => panic!("the job beside it cannot be claimed: {other:?}"),
    }
}
