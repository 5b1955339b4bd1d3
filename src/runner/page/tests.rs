//! Edge. The work that a page costs: what is read and written when something has changed, and when nothing has.

use super::place::{Folder, PageDir};
use super::writer::{Pace, PageWriter};
use crate::config::{Config, probe};
use crate::model::{EventKind, JobId, JobMeta, Outcome, RefName};
use crate::page::RunnerFacts;
use crate::spool::{Claim, Claimed, Entry, HistoryEvent, Inbox, Settlement, SpoolOwner};
use jiff::Timestamp;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;

/// Hooks of the configuration.
const HOOKS: [&str; 3] = ["docs", "shop", "api"];

/// A spool in memory, its owner and its page.
struct Home {
    dir: TempDir,
    owner: SpoolOwner,
    config: Config,
    writer: PageWriter,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let owner = SpoolOwner::lock(&dir.path().join("spool")).unwrap();
        let config = config(dir.path(), "logs = true");
        Self { dir, owner, config, writer: PageWriter::default() }
    }

    fn www(&self, name: &str) -> PathBuf {
        self.dir.path().join("www").join(name)
    }

    fn write(&mut self) -> Pace {
        self.writer.write(&self.config, RunnerFacts::default(), None).unwrap()
    }

    /// Jobs that were read, and pages of jobs that were written, by one more page.
    fn work(&mut self) -> (u64, u64) {
        let before = (self.writer.ledger.reads, self.writer.jobs.writes);
        self.write();
        (self.writer.ledger.reads - before.0, self.writer.jobs.writes - before.1)
    }

    fn claimed(&self, hook: &str, branch: &str) -> Claim {
        let inbox = Inbox::open(&self.dir.path().join("spool")).unwrap();
        let mut draft = inbox.draft().unwrap();
        draft.write(b"{}").unwrap();
        let reference = RefName::branch_named(branch);
        let meta = JobMeta { reference, ..JobMeta::new(hook, "github", EventKind::Push, Timestamp::now()) };
        let id = draft.commit(&meta).unwrap();
        self.claim(id)
    }

    fn claim(&self, id: JobId) -> Claim {
        match self.owner.claim(id, Timestamp::now()).unwrap() {
            Claimed::Job(mut claim) => {
                claim.record(&Entry::new(Timestamp::now(), HistoryEvent::Started { attempt: 1 })).unwrap();
                *claim
            }
            other => panic!("{other:?}"),
        }
    }

    fn end(claim: Claim, outcome: Outcome) -> JobId {
        let id = claim.id();
        let reason = outcome.is_failure().then(|| "step 1 (x) exited with 1".to_owned());
        claim.settle(Settlement::Ended { outcome, reason }, Timestamp::now()).unwrap();
        id
    }

    /// Jobs that ended; each ninth has failed, and the last of each hook not.
    fn past(&self, jobs: usize) {
        for number in 0..jobs {
            let fails = number % 9 == 0 && number + 10 < jobs;
            Self::end(
                self.claimed(HOOKS[number % HOOKS.len()], "main"),
                if fails { Outcome::Failed } else { Outcome::Succeeded },
            );
        }
    }
}

fn config(root: &Path, page: &str) -> Config {
    let root = root.display();
    let hook = |name: &&str| {
        format!(
            "[[hook]]\nname = \"{name}\"\nprovider = \"github\"\ndir = \"/d/{name}\"\nsecret = {{ env = \"S\" }}\n\
             steps = [{{ shell = \"x\" }}]\n"
        )
    };
    let hooks: String = HOOKS.iter().map(hook).collect();
    probe::read(&format!("spool = \"{root}/spool\"\n[page]\ndir = \"{root}/www\"\n{page}\n{hooks}")).unwrap()
}

/// Number of jobs that are kept: few, unless somebody wants to know what many cost.
fn jobs() -> usize {
    std::env::var("HOOKSPOOL_PAGE_JOBS").ok().and_then(|number| number.parse().ok()).unwrap_or(400)
}

#[test]
fn a_page_reads_and_writes_what_has_changed_and_nothing_else() {
    let mut home = Home::new();
    home.past(jobs());
    let timed = |home: &mut Home| {
        let began = Instant::now();
        let work = home.work();
        (work, began.elapsed())
    };
    let ((reads, writes), first) = timed(&mut home);
    assert!(reads <= 2100 && writes == jobs() as u64, "{reads} {writes}");
    let (work, again) = timed(&mut home);
    assert_eq!(work, (0, 0), "nothing has changed");
    Home::end(home.claimed("docs", "main"), Outcome::Succeeded);
    let (work, one_more) = timed(&mut home);
    assert_eq!(work, (1, 1), "one job has ended");
    let size = fs::metadata(home.www("index.html")).unwrap().len();
    assert!(size < 100_000, "{size} bytes");
    println!("{} jobs: first page {first:?}, again {again:?}, one more {one_more:?}; {size} bytes", jobs());
}

#[test]
fn a_new_runner_writes_no_page_of_a_job_again_that_is_as_it_was() {
    let mut home = Home::new();
    home.past(40);
    home.write();
    let failed = Home::end(home.claimed("docs", "main"), Outcome::Failed);
    home.writer = PageWriter::default();
    assert_eq!(home.work().1, 1, "the one that ended meanwhile");
    // Cut short by a power failure.
    fs::write(home.www(&format!("job/{failed}.html")), "").unwrap();
    home.writer = PageWriter::default();
    assert_eq!(home.work().1, 1, "the one that is empty");
    home.config = config(home.dir.path(), "logs = true\ntitle = \"Another\"");
    assert_eq!(home.work().1, 41, "all, since all have the title");
}

#[test]
fn a_job_that_is_tried_again_and_fails_again_within_a_moment_is_seen() {
    let mut home = Home::new();
    let id = Home::end(home.claimed("docs", "main"), Outcome::Failed);
    home.write();
    let page = |home: &Home| fs::read_to_string(home.www(&format!("job/{id}.html"))).unwrap();
    let length = page(&home).len();
    home.owner.decide(id, Settlement::Released, Timestamp::now()).unwrap();
    Home::end(home.claim(id), Outcome::Failed);
    assert_eq!(home.work().1, 1);
    assert!(page(&home).len() > length, "its history is longer");
}

#[test]
fn the_page_of_a_running_job_has_a_new_time_whenever_it_is_written() {
    let mut home = Home::new();
    let claim = home.claimed("docs", "main");
    let page = home.www(&format!("job/{}.html", claim.id()));
    let history = home.dir.path().join(format!("spool/running/{}.events", claim.id()));
    let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let hour = std::time::Duration::from_secs(3600);
    let began = time(&history) - hour;
    fs::File::options().write(true).open(&history).unwrap().set_modified(began).unwrap();
    home.write();
    assert!(time(&page) > began + hour / 2, "a browser that asks for what is newer gets it");
    Home::end(claim, Outcome::Succeeded);
    home.write();
    home.writer = PageWriter::default();
    assert_eq!(home.work().1, 0, "a page that is over has the time of its history");
}

#[test]
fn what_is_broken_is_told_by_branch_and_since_its_first_failure() {
    let mut home = Home::new();
    Home::end(home.claimed("docs", "main"), Outcome::Failed);
    Home::end(home.claimed("docs", "main"), Outcome::Succeeded);
    Home::end(home.claimed("shop", "main"), Outcome::Succeeded);
    let first = Home::end(home.claimed("shop", "main"), Outcome::Failed);
    Home::end(home.claimed("shop", "main"), Outcome::Cancelled);
    let last = Home::end(home.claimed("shop", "main"), Outcome::TimedOut);
    Home::end(home.claimed("shop", "other"), Outcome::Succeeded);
    Home::end(home.claimed("gone", "main"), Outcome::Failed);
    home.write();
    let status: serde_json::Value = serde_json::from_slice(&fs::read(home.www("status.json")).unwrap()).unwrap();
    let broken = status["broken"].as_array().unwrap();
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert_eq!((&broken[0]["last"]["job"]["id"], &broken[0]["jobs"]), (&last.to_string().into(), &2.into()));
    let recent = status["recent"].as_array().unwrap();
    let ended = recent.iter().find(|card| card["job"]["id"] == first.to_string()).unwrap();
    assert_eq!(broken[0]["since"], ended["ended_at"]);
    assert_eq!(status["hooks"][0]["last_failure"]["job"]["state"], "failed");
}

#[test]
fn many_pages_are_written_in_portions_and_the_index_does_not_wait_for_them() {
    let mut home = Home::new();
    home.past(60);
    let pace = home.writer.write(&home.config, RunnerFacts::default(), Some(Instant::now())).unwrap();
    assert_eq!((pace, home.writer.jobs.writes), (Pace::Behind, 0));
    assert!(home.www("index.html").exists());
    let inode = |home: &Home| fs::metadata(home.www("icon.svg")).unwrap().ino();
    let before = inode(&home);
    assert_eq!(home.write(), Pace::Idle);
    assert_eq!((home.writer.jobs.writes, inode(&home)), (60, before));
}

#[test]
fn a_directory_that_was_emptied_is_filled_again() {
    let mut home = Home::new();
    home.past(5);
    home.write();
    fs::remove_dir_all(home.www("")).unwrap();
    assert_eq!(home.work().1, 5);
    assert!(home.www("style.css").exists() && home.www("badge/api.svg").exists());
}

#[test]
fn a_badge_of_a_hook_that_is_gone_goes_and_a_picture_of_somebody_else_stays() {
    let mut home = Home::new();
    home.write();
    fs::write(home.www("badge/logo.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>logo: x</title></svg>")
        .unwrap();
    fs::copy(home.www("badge/api.svg"), home.www("badge/copy.svg")).unwrap();
    home.config.hooks.retain(|hook| hook.name != "shop");
    home.write();
    let badges = ["docs", "api", "shop", "logo", "copy"].map(|name| home.www(&format!("badge/{name}.svg")).exists());
    assert_eq!(badges, [true, true, false, true, true]);
}

#[test]
fn what_a_crash_left_half_written_goes_when_nobody_can_be_at_it_any_more() {
    let mut home = Home::new();
    home.write();
    let (half, other) = (home.www("job/.hookspool.0123456789abcdef~"), home.www("job/.hookspool"));
    fs::write(&half, "half").unwrap();
    fs::write(&other, "somebody else's").unwrap();
    let dir = PageDir::open(home.config.page.as_ref().unwrap(), &home.config.spool).unwrap();
    let names = dir.names(Folder::Job).unwrap();
    let now_s = Timestamp::now().as_second();
    dir.sweep(Folder::Job, &names, now_s + 599);
    assert!(half.exists());
    dir.sweep(Folder::Job, &names, now_s + 700);
    assert!(!half.exists() && other.exists());
}
