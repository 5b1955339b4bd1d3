//! Edge. Random histories of the real runner: whatever is pushed, whatever people leave in the work tree, and wherever a
//! connection is cut or a process killed, the next attempt makes the tree the commit, people's files are there, and
//! nothing is left behind.

use super::authors::{Author, Chance, Files};
use super::kills::Kill;
use super::proxy::{Cut, Proxy};
use super::site::{Daemon, git};
use crate::support::campaign::{given, number, tried};
use crate::support::git_http::GitHttp;
use crate::support::yard::Yard;
use hookspool::model::{JobId, JobMeta, RefName};
use serde_json::Value;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tempfile::TempDir;

/// Histories of a test run, unless `HOOKSPOOL_HISTORIES` says how many; `HOOKSPOOL_SEED` is the first one's.
const HISTORIES: u64 = 3;
/// Pushes of a history.
const ROUNDS: usize = 6;
/// Histories at a time.
const AT_ONCE: usize = 4;
/// Runners that may follow one that was killed.
const RUNNERS: usize = 4;
/// A cut happens within so many bytes of the server's: fewer than 2 to this power.
const CUT_BITS: usize = 17;

/// Servers of all histories: each has a directory below `root`.
struct Forges {
    root: TempDir,
    _own_files: TempDir,
    daemon: Daemon,
    http: GitHttp,
}

impl Forges {
    fn start() -> Self {
        let new = || tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let (root, own_files) = (new(), new());
        let (daemon, http) = (Daemon::start(root.path()), GitHttp::start(root.path(), own_files.path()));
        Self { root, _own_files: own_files, daemon, http }
    }
}

/// Something that interrupts an attempt.
#[derive(Debug, Clone, Copy)]
enum Interruption {
    Cut(Cut),
    Kill(Kill),
}

impl Interruption {
    fn by_chance(chance: &mut Chance) -> Option<Self> {
        match chance.below(6) {
            0 | 1 => {
                let most = 1 << chance.below(CUT_BITS);
                Some(Self::Cut(Cut { passed: chance.below(3), bytes: chance.below(most) }))
            }
            2..5 => Some(Self::Kill(Kill::by_chance(chance))),
            _ => None,
        }
    }
}

/// What became of a job.
#[derive(Debug)]
struct Ended {
    outcome: String,
    reason: String,
    attempts: usize,
}

/// A hook that updates a site from an origin, over a way that can be cut.
struct World {
    yard: Yard,
    origin: PathBuf,
    way: Proxy,
    to_library: Proxy,
    from: String,
    log: String,
}

impl World {
    fn new(forges: &Forges, seed: u64) -> Self {
        let name = seed.to_string();
        let origin = forges.root.path().join(&name).join("origin");
        fs::create_dir_all(&origin).unwrap();
        let (scheme, port) =
            [("git", forges.daemon.port), ("http", forges.http.port)][usize::from(seed.is_multiple_of(2))];
        let (way, to_library) = (Proxy::to(port), Proxy::to(forges.daemon.port));
        let from = format!("{scheme}://127.0.0.1:{}/{name}/origin", way.port);
        let yard = Yard::in_memory("", &[]);
        let world = Self { yard, origin, way, to_library, from, log: String::new() };
        world.set_rule("stop");
        world
    }

    fn set_rule(&self, in_the_way: &str) {
        let hook = format!(
            "branches = [\"**\"]\ntags = [\"*\"]\nretry = {{ attempts = 5, backoff = \"1ms\", cap = \"1ms\" }}\n\
             steps = [{{ git = \"update\", from = \"{}\", in_the_way = \"{in_the_way}\" }}]",
            self.from
        );
        self.yard.configure("", &[("docs", &hook)]);
    }

    fn site(&self) -> PathBuf {
        self.yard.path("site")
    }

    /// Runs the job of a push to `reference`; `meanwhile` happens if another runner has to follow.
    fn deploy(&mut self, reference: &str, interruption: Option<Interruption>, meanwhile: impl FnOnce()) -> Ended {
        let reference = RefName::parse(reference);
        let arrived_at = jiff::Timestamp::now();
        let job = self.yard.append(&JobMeta { reference, arrived_at, ..crate::spool::append::meta("docs", 0) });
        let cut = match interruption {
            Some(Interruption::Cut(cut)) => Some(cut),
            _ => None,
        };
        self.way.set_cut(cut);
        self.to_library.set_cut(cut.filter(|cut| cut.passed > 0).map(|cut| Cut { passed: cut.passed - 1, ..cut }));
        let runner = self.yard.start_as(self.yard.hookspool(&["spool-runner", "--once"]));
        if let Some(Interruption::Kill(kill)) = interruption {
            kill.strike(&runner, &self.site());
        }
        runner.ends();
        self.log = self.yard.log();
        self.way.set_cut(None);
        self.to_library.set_cut(None);
        if !self.has_ended(job) {
            meanwhile();
        }
        self.finish(job);
        self.ended(job)
    }

    /// Lets runners follow, until the job has ended.
    fn finish(&mut self, job: JobId) {
        for _ in 0..RUNNERS {
            if self.has_ended(job) {
                break;
            }
            let output = self.yard.drain();
            self.log.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        let printed = self.yard.hookspool(&["log", &job.to_string()]).output().unwrap();
        self.log.push_str(&String::from_utf8_lossy(&printed.stdout));
    }

    fn has_ended(&self, job: JobId) -> bool {
        ["done", "failed"].into_iter().any(|state| self.yard.is_in(state, job))
    }

    fn ended(&self, job: JobId) -> Ended {
        let history = self.yard.history(job);
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let last = history.iter().rfind(|line| line["what"] == "ended").unwrap_or(&Value::Null);
        Ended {
            outcome: text(last, "outcome"),
            reason: text(last, "reason"),
            attempts: history.iter().filter(|line| line["what"] == "started").count(),
        }
    }

    /// Asserts that the work tree is the commit of `reference`, and that nothing but people's files is beside it.
    fn is_right(&self, people: &Files, reference: &str, what: &str) {
        let (site, log) = (self.site(), &self.log);
        let commit = git(&self.origin, &["rev-parse", &format!("{reference}^{{commit}}")]);
        assert_eq!(git(&site, &["rev-parse", "HEAD"]), commit, "{what}\n{log}");
        assert_eq!(git(&site, &["status", "--porcelain", "--untracked-files=no"]), "", "{what}\n{log}");
        let submodules = git(&site, &["submodule", "status"]);
        assert!(!submodules.starts_with(['+', '-', 'U']), "{what}: {submodules}\n{log}");
        let untracked = git(&site, &["ls-files", "-z", "--others"]);
        let strange: Vec<&str> = untracked.split('\0').filter(|p| !p.is_empty() && !people.hold(p)).collect();
        assert!(strange.is_empty(), "{what}: nobody's files {strange:?}\n{log}");
        let mut left = Vec::new();
        leftovers(&site.join(".git"), &mut left);
        assert!(left.is_empty(), "{what}: left behind {left:?}\n{log}");
        people.are_there(&site, &format!("{what}\n{log}"));
    }
}

/// Locks, unfinished objects and notes below a git directory.
fn leftovers(dir: &Path, left: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().unwrap().is_dir() && name != "hookspool-aside" {
            leftovers(&path, left);
        } else if path.extension().is_some_and(|ending| ending == "lock")
            || name.starts_with("tmp_")
            || name.starts_with("HOOKSPOOL_")
        {
            left.push(path);
        }
    }
}

fn history(forges: &Forges, seed: u64) {
    let mut world = World::new(forges, seed);
    let (origin, part) = (world.origin.clone(), world.origin.with_file_name("part"));
    let part_url = format!("git://127.0.0.1:{}/{seed}/part", world.to_library.port);
    let author = Author { origin: &origin, part: &part, part_url: &part_url };
    author.begin_part();
    git(&origin, &["init", "--quiet"]);
    let (mut chance, mut people) = (Chance(seed), Files::default());
    for round in 0..ROUNDS {
        for file in 0..chance.below(3) {
            if round > 0 {
                people.meddle(&world.site(), &mut chance, round * 10 + file);
            }
        }
        fs::write(origin.join("round"), round.to_string()).unwrap();
        git(&origin, &["add", "--all"]);
        git(&origin, &["commit", "--quiet", "--message", "a round"]);
        let reference = author.push(&mut chance, round);
        let interruption = Interruption::by_chance(&mut chance);
        let what = format!("history {seed}, round {round}, {reference}, {interruption:?}");
        let is_pushed_again = matches!(interruption, Some(Interruption::Kill(_))) && chance.below(2) == 0;
        let again = || {
            if is_pushed_again {
                author.push_again(&mut chance, round, &reference);
            }
        };
        expect_deployed(&mut world, &mut people, &reference, interruption, again, &what);
    }
    fs::remove_dir_all(origin.parent().unwrap()).unwrap();
}

/// One push and what becomes of it.
fn expect_deployed(
    world: &mut World,
    people: &mut Files,
    reference: &str,
    interruption: Option<Interruption>,
    again: impl FnOnce(),
    what: &str,
) {
    world.set_rule("stop");
    let broken = world.way.broken() + world.to_library.broken();
    let mut ended = world.deploy(reference, interruption, again);
    let is_cut = matches!(interruption, Some(Interruption::Cut(_)));
    let is_interrupted = world.way.broken() + world.to_library.broken() > broken || !is_cut && interruption.is_some();
    let spent = 1 + usize::from(is_interrupted);
    assert!(ended.attempts <= spent, "{what}: wasted an attempt: {ended:?}\n{}", world.log);
    if ended.outcome != "succeeded" {
        assert!(ended.reason.contains("in the way"), "{what}: {ended:?}\n{}", world.log);
        people.are_in_place(&world.site(), what);
        world.set_rule("move-aside");
        ended = world.deploy(reference, None, || {});
        assert_eq!(ended.outcome, "succeeded", "{what}: {ended:?}\n{}", world.log);
    }
    world.is_right(people, reference, what);
    people.keep_those_in_place(&world.site());
}

#[test]
fn however_an_attempt_is_interrupted_the_next_one_is_right() {
    let (first, count) = (number("SEED", 1), number("HISTORIES", HISTORIES));
    let (forges, next, has_failed) = (Forges::start(), AtomicU64::new(first), AtomicBool::new(false));
    let goes_on = given("HISTORIES").is_some();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while goes_on || !has_failed.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + count {
                        return;
                    }
                    if catch_unwind(AssertUnwindSafe(|| history(&forges, seed))).is_err() {
                        eprintln!("---- history {seed} went wrong; HOOKSPOOL_SEED={seed} HOOKSPOOL_HISTORIES=1");
                        has_failed.store(true, Ordering::SeqCst);
                    }
                    tried(1);
                }
            });
        }
    });
    assert!(!has_failed.into_inner(), "see above");
}
