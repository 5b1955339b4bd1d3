//! Edge. Random histories: whatever is pushed, whatever people leave in the work tree, and wherever an attempt is cut,
//! the tree is the commit afterwards and people's files are there.

use super::authors::{Author, Chance, Files};
use super::site::{Daemon, Site, git};
use hookspool::config::{GitUpdate, InTheWay, StepAction};
use hookspool::model::Outcome;
use std::path::Path;
use std::time::Duration;

/// Histories of a test run.
const HISTORIES: u64 = 2;
const ROUNDS: usize = 6;

fn set_rule(site: &mut Site, rule: InTheWay) {
    let StepAction::Git(update) = &mut site.bench.plan.steps[0].action else { unreachable!() };
    *update = GitUpdate { in_the_way: rule, ..update.clone() };
}

/// Asserts that the work tree is at the commit of `reference`, and nobody's file is lost.
fn is_right(site: &Site, people: &Files, reference: &str, what: &str) {
    let commit = git(&site.origin, &["rev-parse", &format!("{reference}^{{commit}}")]);
    assert_eq!(git(site.dir(), &["rev-parse", "HEAD"]), commit, "{what}");
    assert_eq!(git(site.dir(), &["status", "--porcelain", "--untracked-files=no"]), "", "{what}\n{}", site.bench.log());
    people.are_there(site.dir(), what);
}

/// Cuts an attempt short after so many milliseconds.
fn cut(site: &mut Site, reference: &str, milliseconds: u64) {
    site.bench.plan.steps[0].timeout = Some(Duration::from_millis(milliseconds));
    let done = site.update_to(reference);
    site.bench.plan.steps[0].timeout = None;
    let is_in_the_way = done.result.reason.contains("in the way");
    assert!(done.result.outcome != Outcome::Failed || is_in_the_way, "{}\n{}", done.result.reason, done.log);
}

fn history(seed: u64, author: Author<'_>) {
    let (mut site, mut chance, mut people) = (Site::new(), Chance(seed), Files::default());
    site.bench.kill_delay = Duration::from_secs(5);
    let after = chance.below(300) as u64;
    cut(&mut site, "refs/heads/main", after);
    site.updated_to("refs/heads/main");
    let (origin, dir) = (site.origin.clone(), site.dir().to_owned());
    let author = Author { origin: &origin, ..author };
    for number in 0..ROUNDS {
        let what = format!("history {seed}, round {number}");
        for file in 0..chance.below(3) {
            people.meddle(&dir, &mut chance, number * 10 + file);
        }
        let reference = author.push(&mut chance, number);
        if chance.below(3) == 0 {
            let after = 20 + chance.below(150) as u64;
            cut(&mut site, &reference, after);
            people.are_there(&dir, &what);
        }
        set_rule(&mut site, InTheWay::Stop);
        let done = site.update_to(&reference);
        if done.result.outcome != Outcome::Succeeded {
            assert!(done.result.reason.contains("in the way"), "{what}: {}\n{}", done.result.reason, done.log);
            people.are_in_place(&dir, &what);
            set_rule(&mut site, InTheWay::MoveAside);
            let done = site.update_to(&reference);
            assert_eq!(done.result.outcome, Outcome::Succeeded, "{what}: {}\n{}", done.result.reason, done.log);
        }
        is_right(&site, &people, &reference, &what);
        people.keep_those_in_place(&dir);
    }
}

#[test]
fn the_tree_is_the_commit_and_nobodys_file_is_lost_whatever_happens() {
    let base = tempfile::tempdir().unwrap();
    let part = base.path().join("part");
    let daemon = Daemon::start(base.path());
    let part_url = format!("git://127.0.0.1:{}/part", daemon.port);
    let author = Author { origin: Path::new(""), part: &part, part_url: &part_url };
    author.begin_part();
    for seed in 1..=HISTORIES {
        history(seed, author);
    }
}
