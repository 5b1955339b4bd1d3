//! Edge. Random histories: whatever is pushed, whatever people leave in the work tree, and wherever an attempt is cut,
//! the tree is the commit afterwards and people's files are there.

use super::site::{Daemon, Site, git};
use hookspool::config::{GitUpdate, InTheWay, StepAction};
use hookspool::model::{Outcome, RefName};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Paths on which files, links and directories meet.
const PATHS: [&str; 10] = ["a", "b", "a/x", "a/y", "b/x/deep", "b/x", "c d", "link", "a/x/y/z", "part/file"];
/// Histories of a test run; more by hand (`HOOKSPOOL_HISTORIES`).
const HISTORIES: u64 = 3;
const ROUNDS: usize = 10;

/// Numbers that follow from a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }

    fn path(&mut self) -> &'static str {
        PATHS[self.below(PATHS.len())]
    }
}

/// Removes whatever is at `path` or in the way of it below `top`.
fn clear(top: &Path, path: &str) {
    let mut place = top.to_owned();
    for part in Path::new(path) {
        place.push(part);
        let Ok(found) = fs::symlink_metadata(&place) else { continue };
        let is_last = place == top.join(path);
        match (found.is_dir(), is_last) {
            (true, true) => fs::remove_dir_all(&place).unwrap(),
            (true, false) => {}
            (false, _) => fs::remove_file(&place).unwrap(),
        }
    }
}

/// Changes something in the work tree of `origin` and commits it, perhaps on another branch.
fn push(site: &Site, chance: &mut Chance, number: usize) -> String {
    let origin = &site.origin;
    match chance.below(6) {
        0 => drop(git(origin, &["checkout", "--quiet", "-B", "next"])),
        1 => drop(git(origin, &["checkout", "--quiet", "-B", "main"])),
        _ => {}
    }
    for _ in 0..=chance.below(4) {
        let path = chance.path();
        if path.starts_with("part") {
            continue;
        }
        clear(origin, path);
        fs::create_dir_all(origin.join(path).parent().unwrap()).unwrap();
        match chance.below(4) {
            0 => {}
            1 => symlink("../elsewhere", origin.join(path)).unwrap(),
            _ => {
                fs::write(origin.join(path), format!("theirs {number}")).unwrap();
                let mode = if chance.below(2) == 0 { 0o755 } else { 0o644 };
                fs::set_permissions(origin.join(path), fs::Permissions::from_mode(mode)).unwrap();
            }
        }
    }
    fs::write(origin.join("number"), number.to_string()).unwrap();
    git(origin, &["add", "--all"]);
    git(origin, &["commit", "--quiet", "--message", "more"]);
    match chance.below(4) {
        0 => {
            git(origin, &["tag", "--force", "v"]);
            "refs/tags/v".to_owned()
        }
        _ => git(origin, &["symbolic-ref", "HEAD"]),
    }
}

/// Leaves a file of its own in the work tree where nothing is, or changes what git has there.
fn meddle(site: &Site, chance: &mut Chance, people: &mut BTreeMap<PathBuf, String>, number: usize) {
    let path = chance.path();
    let place = site.dir().join(path);
    let parent = place.parent().unwrap();
    if fs::symlink_metadata(&place).is_ok() {
        if people.keys().any(|file| file.starts_with(path)) || !place.is_file() {
            return;
        }
        return fs::write(&place, "changed here").unwrap();
    }
    let is_below_a_link = Path::new(path).ancestors().skip(1).any(|dir| site.dir().join(dir).is_symlink());
    if !is_below_a_link && fs::create_dir_all(parent).is_ok() {
        let text = format!("mine {number}");
        fs::write(&place, &text).unwrap();
        people.insert(PathBuf::from(path), text);
    }
}

/// Every text of a file below `dir`.
fn texts(dir: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            texts(&entry.path(), found);
        } else if entry.file_type().unwrap().is_file() {
            found.extend(fs::read_to_string(entry.path()).ok());
        }
    }
}

fn set_rule(site: &mut Site, rule: InTheWay) {
    let StepAction::Git(update) = &mut site.bench.plan.steps[0].action else { unreachable!() };
    *update = GitUpdate { in_the_way: rule, ..update.clone() };
}

/// Asserts that the work tree is at the commit of `reference`, and nobody's file is lost.
fn is_right(site: &Site, people: &BTreeMap<PathBuf, String>, reference: &str, what: &str) {
    let commit = git(&site.origin, &["rev-parse", &format!("{reference}^{{commit}}")]);
    assert_eq!(git(site.dir(), &["rev-parse", "HEAD"]), commit, "{what}");
    assert_eq!(git(site.dir(), &["status", "--porcelain", "--untracked-files=no"]), "", "{what}\n{}", site.bench.log());
    are_there(site, people, what);
}

fn are_there(site: &Site, people: &BTreeMap<PathBuf, String>, what: &str) {
    let mut found = Vec::new();
    texts(site.dir(), &mut found);
    for (path, text) in people {
        assert!(found.contains(text), "{what}: {} is lost\n{}", path.display(), site.bench.log());
    }
}

/// Cuts an attempt short after so many milliseconds.
fn cut(site: &mut Site, reference: &str, milliseconds: u64) {
    site.bench.plan.steps[0].timeout = Some(Duration::from_millis(milliseconds));
    let done = site.update_to(reference);
    site.bench.plan.steps[0].timeout = None;
    let is_in_the_way = done.result.reason.contains("in the way");
    assert!(done.result.outcome != Outcome::Failed || is_in_the_way, "{}\n{}", done.result.reason, done.log);
}

fn history(seed: u64, daemon: &Daemon, library: &Path) {
    let (mut site, mut chance, mut people) = (Site::new(), Chance(seed), BTreeMap::new());
    site.bench.kill_delay = Duration::from_secs(5);
    let after = chance.below(300) as u64;
    cut(&mut site, "refs/heads/main", after);
    site.updated_to("refs/heads/main");
    for number in 0..ROUNDS {
        let what = format!("history {seed}, round {number}");
        for _ in 0..chance.below(3) {
            meddle(&site, &mut chance, &mut people, number * 10);
        }
        if chance.below(5) == 0 {
            move_submodule(&site, daemon, library, number);
        }
        let reference = push(&site, &mut chance, number);
        site.bench.facts.meta.reference = RefName::parse(&reference);
        if chance.below(3) == 0 {
            let after = 20 + chance.below(150) as u64;
            cut(&mut site, &reference, after);
            are_there(&site, &people, &what);
        }
        set_rule(&mut site, InTheWay::Stop);
        let done = site.update_to(&reference);
        if done.result.outcome != Outcome::Succeeded {
            assert!(done.result.reason.contains("in the way"), "{what}: {}\n{}", done.result.reason, done.log);
            for (path, text) in &people {
                assert_eq!(site.bench.file(path.to_str().unwrap()), *text, "{what}: stopped before anything moved");
            }
            set_rule(&mut site, InTheWay::MoveAside);
            let done = site.update_to(&reference);
            assert_eq!(done.result.outcome, Outcome::Succeeded, "{what}: {}\n{}", done.result.reason, done.log);
        }
        is_right(&site, &people, &reference, &what);
        people.retain(|path, text| site.bench.file(path.to_str().unwrap()) == *text);
    }
}

/// Adds the submodule `part`, or lets it follow its repository, or takes it out.
fn move_submodule(site: &Site, daemon: &Daemon, library: &Path, number: usize) {
    let url = format!("git://127.0.0.1:{}/library", daemon.port);
    if !site.origin.join("part").exists() {
        git(&site.origin, &["submodule", "--quiet", "add", "--force", "--name", "part", &url, "part"]);
    } else if number.is_multiple_of(2) {
        fs::write(library.join(format!("inside{number}")), "more").unwrap();
        git(library, &["add", "--all"]);
        git(library, &["commit", "--quiet", "--allow-empty", "--message", "more"]);
        git(&site.origin, &["submodule", "--quiet", "update", "--init", "--remote", "part"]);
    } else {
        git(&site.origin, &["rm", "--quiet", "--force", "part"]);
    }
}

#[test]
fn the_tree_is_the_commit_and_nobodys_file_is_lost_whatever_happens() {
    let base = tempfile::tempdir().unwrap();
    let library = base.path().join("library");
    fs::create_dir(&library).unwrap();
    git(&library, &["init", "--quiet"]);
    fs::write(library.join("inside"), "one").unwrap();
    git(&library, &["add", "--all"]);
    git(&library, &["commit", "--quiet", "--message", "one"]);
    let daemon = Daemon::start(base.path());
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = number("HOOKSPOOL_FIRST_HISTORY").unwrap_or(1);
    let count = number("HOOKSPOOL_HISTORIES").unwrap_or(HISTORIES);
    for seed in first..first + count {
        history(seed, &daemon, &library);
    }
}
