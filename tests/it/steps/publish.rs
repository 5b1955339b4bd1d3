//! `publish`: a tree takes the place of another in one step, or nothing happens.

use crate::crash::strace::{run, was_killed};
use crate::support::campaign::{number, tried};
use crate::support::steps::{Bench, step};
use crate::support::yard::Yard;
use hookspool::config::{Publish, StepAction};
use hookspool::model::Outcome;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// A work directory with a tree `dist`, and a directory `www` beside it.
struct Site {
    bench: Bench,
    www: PathBuf,
}

impl Site {
    fn new() -> Self {
        let mut bench = Bench::new([]);
        let www = bench.root.path().join("www");
        fs::create_dir(&www).unwrap();
        fs::create_dir(&bench.facts.spool).unwrap();
        let publish = Publish { from: "dist".into(), to: www.join("docs") };
        bench.plan.steps = vec![step(StepAction::Publish(publish))];
        Self { bench, www }
    }

    /// Makes the tree anew, each page with the name of the build.
    fn build(&self, name: &str) {
        let dist = self.bench.dir().join("dist");
        let _absent_at_first = fs::remove_dir_all(&dist);
        fs::create_dir_all(dist.join("assets")).unwrap();
        for page in ["index.html", "assets/app.js"] {
            fs::write(dist.join(page), name).unwrap();
        }
    }

    /// Publishes; the log.
    fn publish(&self, name: &str) -> String {
        self.build(name);
        let done = self.bench.run();
        assert_eq!(done.result.outcome, Outcome::Succeeded, "{:?}", done.result);
        done.log
    }

    fn refused(&self) -> String {
        let done = self.bench.run();
        assert_eq!(done.result.outcome, Outcome::Failed);
        done.result.reason
    }

    fn page(&self, path: &str) -> String {
        fs::read_to_string(self.www.join(path)).unwrap_or_default()
    }

    /// Without the lock, which stays.
    fn names(&self) -> Vec<String> {
        let mut names = crate::spool::append::names(&self.www);
        names.retain(|name| name != ".docs.lock");
        names
    }
}

#[test]
fn a_copy_takes_the_place_of_a_directory_and_the_one_before_is_kept() {
    let site = Site::new();
    let log = site.publish("one");
    assert!(log.contains("published 2 files, 6 bytes\n"), "{log}");
    assert_eq!((site.page("docs/index.html"), site.names()), ("one".into(), vec!["docs".to_owned()]));
    let log = site.publish("two");
    assert!(log.contains(&format!("; the one before is `{}/.docs.previous`", site.www.display())), "{log}");
    site.publish("three");
    let pages = ["docs/index.html", "docs/assets/app.js", ".docs.previous/index.html"].map(|path| site.page(path));
    assert_eq!(pages, ["three", "three", "two"]);
    assert_eq!(site.names(), [".docs.previous", "docs"], "what was before that is gone");
    assert!(site.bench.dir().join("dist/index.html").exists(), "the next build goes on from here");
}

#[test]
fn modes_times_and_links_are_kept_and_nobody_becomes_another_user() {
    let site = Site::new();
    site.build("one");
    let dist = site.bench.dir().join("dist");
    fs::write(dist.join("tool"), "x").unwrap();
    fs::set_permissions(dist.join("tool"), fs::Permissions::from_mode(0o4751)).unwrap();
    fs::set_permissions(dist.join("assets"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::hard_link(dist.join("tool"), dist.join("twin")).unwrap();
    symlink("assets/app.js", dist.join("latest.js")).unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(dist.join("index.html")).unwrap().set_modified(then).unwrap();
    assert_eq!(site.bench.run().result.outcome, Outcome::Succeeded);
    let facts = |path: &str| fs::symlink_metadata(site.www.join("docs").join(path)).unwrap();
    let mode = |path: &str| facts(path).permissions().mode() & 0o7777;
    assert_eq!((mode("tool"), mode("twin")), (0o751, 0o751));
    assert_eq!(mode("assets"), 0o755, "its owner can remove the tree again");
    assert_eq!(facts("index.html").modified().unwrap(), then);
    assert_eq!(fs::read_link(site.www.join("docs/latest.js")).unwrap(), Path::new("assets/app.js"));
    fs::write(dist.join("tool"), "changed").unwrap();
    assert_eq!((site.page("docs/tool"), site.page("docs/twin")), ("x".into(), "x".into()), "copies, not links");
    fs::set_permissions(dist.join("assets"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_link_is_switched_and_a_tree_of_somebody_elses_is_left_alone() {
    let site = Site::new();
    fs::create_dir(site.www.join("by-hand")).unwrap();
    fs::write(site.www.join("by-hand/index.html"), "by hand").unwrap();
    symlink("by-hand", site.www.join("docs")).unwrap();
    for name in ["one", "two", "three"] {
        site.publish(name);
        assert_eq!(site.page("docs/index.html"), name);
    }
    assert_eq!(site.page(".docs.previous/index.html"), "two");
    assert_eq!(site.page("by-hand/index.html"), "by hand");
    let led = fs::read_link(site.www.join("docs")).unwrap();
    assert!(led.is_relative(), "{}", led.display());
    let trees = site.names().into_iter().filter(|name| name.starts_with(".docs.at-")).count();
    assert_eq!((trees, site.names().len()), (2, 5), "{:?}", site.names());
}

#[test]
fn a_tree_whose_name_only_begins_like_ours_is_not_called_ours() {
    let site = Site::new();
    fs::create_dir(site.www.join(".docs.at-by-hand")).unwrap();
    symlink(".docs.at-by-hand", site.www.join("docs")).unwrap();
    let log = site.publish("one");
    assert!(!log.contains("the one before is"), "{log}");
    site.publish("two");
    assert!(site.www.join(".docs.at-by-hand").is_dir());
}

#[test]
fn whoever_may_read_the_directory_keeps_nobody_from_publishing() {
    let mut site = Site::new();
    site.bench.plan.timeout = Duration::from_secs(5);
    let directory = fs::File::open(&site.www).unwrap();
    flock(&directory, FlockOperation::NonBlockingLockExclusive).unwrap();
    site.publish("one");
    assert_eq!(site.page("docs/index.html"), "one");
    let lock = fs::metadata(site.www.join(".docs.lock")).unwrap();
    assert_eq!(lock.permissions().mode() & 0o777, 0o600, "a web server's user cannot open it");
}

#[test]
fn a_lock_that_somebody_put_there_is_refused_with_words() {
    let site = Site::new();
    site.publish("one");
    site.build("two");
    let lock = site.www.join(".docs.lock");
    let says = |expected: &str| {
        let reason = site.refused();
        assert!(reason.contains(expected), "{reason}");
        assert_eq!(site.page("docs/index.html"), "one");
        let _either = fs::remove_file(&lock).or_else(|_| fs::remove_dir(&lock));
    };
    fs::remove_file(&lock).unwrap();
    symlink(site.www.join("elsewhere"), &lock).unwrap();
    says(".docs.lock` is a symbolic link");
    assert!(!site.www.join("elsewhere").exists());
    assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
    says(".docs.lock` is not this user's own file");
    fs::create_dir(&lock).unwrap();
    says(".docs.lock`: ");
    site.publish("two");
}

#[test]
fn one_file_is_published_in_the_singular() {
    let site = Site::new();
    site.build("one");
    fs::remove_dir_all(site.bench.dir().join("dist/assets")).unwrap();
    let log = site.bench.run().log;
    assert!(log.contains("published 1 file, 3 bytes\n"), "{log}");
}

#[test]
fn what_cannot_be_published_changes_nothing_at_the_target() {
    let site = Site::new();
    site.publish("one");
    let dist = site.bench.dir().join("dist");
    let says = |expected: &str| {
        let reason = site.refused();
        assert!(reason.contains(expected), "{reason}");
        assert_eq!((site.page("docs/index.html"), site.names()), ("one".into(), vec!["docs".to_owned()]));
    };
    assert!(std::process::Command::new("mkfifo").arg(dist.join("pipe")).status().unwrap().success());
    says("is no file, directory or symbolic link; nothing was published");
    fs::remove_dir_all(&dist).unwrap();
    says("dist`: does not exist");
    fs::create_dir(&dist).unwrap();
    says("`dist` is empty; nothing was published");
    fs::remove_dir(&dist).unwrap();
    symlink("/etc", &dist).unwrap();
    says("dist` is no directory");
}

#[test]
fn what_lies_in_one_another_is_refused_also_through_links() {
    let mut site = Site::new();
    site.build("one");
    let work = site.bench.dir().to_owned();
    let into = |site: &mut Site, to: PathBuf| {
        site.bench.plan.steps = vec![step(StepAction::Publish(Publish { from: "dist".into(), to }))];
        site.refused()
    };
    symlink(&work, site.www.join("way")).unwrap();
    let inside = site.www.join("way/dist/assets");
    assert!(into(&mut site, inside).contains("lie in one another"));
    let whole = site.www.join("way/../work");
    assert!(into(&mut site, whole).contains("lie in one another"));
    let nowhere = site.www.join("not/there/docs");
    assert!(into(&mut site, nowhere).contains("does not exist"));
    let file = site.www.join("file");
    fs::write(&file, "x").unwrap();
    assert!(into(&mut site, file).contains("is neither a directory nor a link to one"));
}

#[test]
fn a_link_leads_no_publication_into_the_spool() {
    let mut site = Site::new();
    site.build("one");
    let spool = site.bench.facts.spool.clone();
    fs::create_dir_all(spool.join("done")).unwrap();
    fs::write(spool.join("done/a.job"), "a job").unwrap();
    symlink(&spool, site.www.join("way")).unwrap();
    let to = site.www.join("way/done");
    site.bench.plan.steps = vec![step(StepAction::Publish(Publish { from: "dist".into(), to: to.clone() }))];
    let expected = format!(
        "step 1 (publish dist to {}): `{}` and the spool `{}` lie in one another, through a link",
        to.display(),
        spool.canonicalize().unwrap().join("done").display(),
        spool.display()
    );
    assert_eq!(site.refused(), expected);
    assert_eq!(fs::read_to_string(spool.join("done/a.job")).unwrap(), "a job");
}

/// Reads the two pages of one open tree, and one by its path, until `built` is at its end. A tree goes with the second
/// publication after it: who is as slow as that may find it gone.
fn read_until_end(built: &AtomicUsize, builds: usize, target: &Path) -> usize {
    let page = |tree: &fs::File, name: &str| {
        let mut text = String::new();
        let opened = openat(tree, name, OFlags::RDONLY, Mode::empty()).map(fs::File::from);
        opened.ok()?.read_to_string(&mut text).ok()?;
        Some(text)
    };
    let mut reads = 0;
    while built.load(Ordering::SeqCst) < builds {
        let before = built.load(Ordering::SeqCst);
        let found = fs::read(target.join("index.html"));
        let is_slow = built.load(Ordering::SeqCst) > before;
        assert!(found.is_ok() || is_slow, "{found:?}");
        let found = fs::File::open(target);
        let is_slow = built.load(Ordering::SeqCst) > before;
        assert!(found.is_ok() || (is_slow && target.is_symlink()), "{found:?}");
        let both = found.ok().and_then(|tree| page(&tree, "index.html").zip(page(&tree, "assets/app.js")));
        if let Some((index, app)) = both {
            assert_eq!(index, app, "a mixture of two builds");
        }
        reads += 1;
    }
    reads
}

/// Publications, unless `HOOKSPOOL_BUILDS` says how many (`tests/campaign reads`).
const BUILDS: u64 = 100;

#[test]
fn a_reader_finds_no_gap_and_no_mixture() {
    let builds = usize::try_from(number("BUILDS", BUILDS)).unwrap();
    for is_link in [false, true] {
        let site = Site::new();
        if is_link {
            fs::create_dir(site.www.join("first")).unwrap();
            fs::write(site.www.join("first/index.html"), "first").unwrap();
            symlink("first", site.www.join("docs")).unwrap();
        }
        site.publish("0");
        let (built, target) = (AtomicUsize::new(0), site.www.join("docs"));
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| read_until_end(&built, builds, &target));
            for build in 1..=builds {
                site.publish(&build.to_string());
                built.store(build, Ordering::SeqCst);
            }
            let reads = reader.join().unwrap();
            println!("{builds} publications, {reads} reads");
            tried(builds as u64);
            assert!(reads > 0);
        });
    }
}

/// A runner whose hook publishes, killed at a call; and then the next.
fn killed_at(call: &str, nth: usize, is_link: bool) -> bool {
    let yard = Yard::in_memory("", &[("docs", r#"steps = [{ publish = "dist", to = "ROOT/www" }]"#)]);
    for (name, build) in [("www", "old"), ("site/dist", "new")] {
        fs::create_dir(yard.path(name)).unwrap();
        fs::write(yard.path(name).join("index.html"), build).unwrap();
    }
    if is_link {
        fs::rename(yard.path("www"), yard.path("by-hand")).unwrap();
        symlink("by-hand", yard.path("www")).unwrap();
    }
    let page = || fs::read_to_string(yard.path("www/index.html")).unwrap_or_default();
    yard.deliver("docs", "main", "1");
    let strace = yard.strace().follow().kill_at(call, nth);
    let output = run(&mut strace.around(&yard.hookspool(&["spool-runner", "--once"])), Stdio::null());
    assert!(["old", "new"].contains(&page().as_str()), "{call} {nth}: {}", page());
    if !was_killed(&output) {
        assert!(output.status.success(), "{output:?}");
        return false;
    }
    assert!(yard.drain().status.success(), "{call} {nth}");
    assert_eq!(page(), "new", "{call} {nth}");
    let names = crate::spool::append::names(&yard.path("."));
    assert!(!names.iter().any(|name| name.starts_with(".www.new-")), "{call} {nth}: {names:?}");
    true
}

#[test]
fn a_publication_that_is_killed_at_any_call_is_made_up_for() {
    for is_link in [false, true] {
        for call in ["renameat2", "rename", "symlinkat", "mkdir", "unlink", "unlinkat", "syncfs", "flock"] {
            let mut nth = 1;
            while killed_at(call, nth, is_link) {
                nth += 1;
            }
        }
    }
}
