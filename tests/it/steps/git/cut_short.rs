//! Edge. Updates that are cut short, and what the next one finds.

use super::people::{deployed, mine, push, remove_dir, theirs, with_submodule, write};
use super::site::{Site, git};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const MAIN: &str = "refs/heads/main";

/// Leaves what a checkout of the last commit of `origin` leaves that is killed, but for its files.
fn leave_note(site: &Site) -> String {
    let line = format!("{} {}\n", git(&site.origin, &["rev-parse", "HEAD"]), git(site.dir(), &["rev-parse", "HEAD"]));
    git(site.dir(), &["fetch", "--quiet"]);
    write(&site.dir().join(".git/HOOKSPOOL_CHECKOUT"), &line);
    line
}

#[test]
fn what_a_checkout_left_that_was_cut_short_is_not_a_persons() {
    let mut site = deployed();
    let head = git(site.dir(), &["rev-parse", "HEAD"]);
    push(&site, |dir| {
        write(&dir.join("deep/new"), "a long text");
        remove_dir(&dir.join("shared"));
        write(&dir.join("shared"), "now a file");
    });
    let cut_short = git(&site.origin, &["rev-parse", "HEAD"]);
    git(site.dir(), &["fetch", "--quiet"]);
    write(&site.dir().join(".git/HOOKSPOOL_CHECKOUT"), &format!("{cut_short} {head}\n"));
    write(&site.dir().join("deep/new"), "a lo");
    fs::remove_dir_all(site.dir().join("shared")).unwrap();
    write(&site.dir().join("shared"), "now a");
    push(&site, |dir| write(&dir.join("deep/new"), "a longer text"));
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("deep/new"), "a longer text");
    assert!(!site.dir().join(".git/HOOKSPOOL_CHECKOUT").exists());
    assert!(!site.bench.log().contains("overwritten"), "{}", site.bench.log());

    mine(site.dir(), "mine");
    write(&site.dir().join(".git/HOOKSPOOL_CHECKOUT"), &format!("{cut_short} {head}\n"));
    push(&site, |dir| theirs(dir, "mine"));
    assert!(site.refusal(MAIN).0.contains("`mine`"), "the note was of another HEAD");
}

#[test]
fn a_lock_that_an_attempt_left_which_was_cut_short_goes() {
    let mut site = Site::new();
    site.updated_to(MAIN);
    let newer = site.commit("file", "two");
    let note = site.dir().join(".git/HOOKSPOOL_UPDATE");
    assert!(!note.exists(), "nothing was cut short");
    fs::write(&note, "").unwrap();
    for lock in ["index.lock", "HEAD.lock"] {
        fs::write(site.dir().join(".git").join(lock), "").unwrap();
    }
    assert_eq!(site.updated_to(MAIN), newer);
    assert!(
        site.bench.log().contains("index.lock`, which an attempt left that was cut short\n"),
        "{}",
        site.bench.log()
    );
    assert!(!note.exists());
}

#[test]
fn files_of_a_checkout_that_was_cut_short_go_where_the_next_commit_lacks_them() {
    let mut site = deployed();
    push(&site, |dir| {
        for name in ["deep/er/whole", "deep/begun", "deep/changed", "top"] {
            theirs(dir, name);
        }
    });
    leave_note(&site);
    theirs(site.dir(), "deep/er/whole");
    write(&site.dir().join("deep/begun"), "the");
    mine(site.dir(), "deep/changed");
    theirs(site.dir(), "top");
    push(&site, |dir| remove_dir(&dir.join("deep")));
    site.updated_to(MAIN);
    let left = git(site.dir(), &["ls-files", "--others"]);
    assert_eq!(left, "deep/changed", "what a person changed stays: {}", site.bench.log());
    assert!(!site.dir().join("deep/er").exists() && site.bench.file("top") == "theirs");
}

#[test]
fn files_of_each_of_two_checkouts_that_were_cut_short_go() {
    let mut site = deployed();
    push(&site, |dir| theirs(dir, "first"));
    let note = leave_note(&site);
    push(&site, |dir| fs::rename(dir.join("first"), dir.join("second")).unwrap());
    let both = note + &leave_note(&site);
    write(&site.dir().join(".git/HOOKSPOOL_CHECKOUT"), &both);
    theirs(site.dir(), "first");
    theirs(site.dir(), "second");
    push(&site, |dir| fs::rename(dir.join("second"), dir.join("third")).unwrap());
    site.updated_to(MAIN);
    assert_eq!(git(site.dir(), &["ls-files", "--others"]), "");
}

#[test]
fn a_note_of_a_checkout_that_came_to_its_end_is_of_use_too() {
    let mut site = deployed();
    push(&site, |dir| theirs(dir, "first"));
    let note = leave_note(&site);
    push(&site, |dir| fs::rename(dir.join("first"), dir.join("second")).unwrap());
    site.updated_to(MAIN);
    let ended = format!("{} none\n", git(site.dir(), &["rev-parse", "HEAD"]));
    write(&site.dir().join(".git/HOOKSPOOL_CHECKOUT"), &(note + &ended));
    theirs(site.dir(), "first");
    push(&site, |dir| theirs(dir, "third"));
    site.updated_to(MAIN);
    assert_eq!(git(site.dir(), &["ls-files", "--others"]), "");
}

#[test]
fn nothing_goes_at_the_other_end_of_a_link() {
    let mut site = deployed();
    let elsewhere = site.bench.root.path().join("elsewhere");
    theirs(&elsewhere, "new");
    push(&site, |dir| theirs(dir, "deep/new"));
    leave_note(&site);
    push(&site, |dir| {
        remove_dir(&dir.join("deep"));
        symlink(&elsewhere, dir.join("deep")).unwrap();
    });
    site.updated_to(MAIN);
    assert_eq!(fs::read_to_string(elsewhere.join("new")).unwrap(), "theirs");
}

#[test]
fn what_a_cut_update_left_goes_although_the_next_one_stops_before_it_meets_it() {
    let mut site = deployed();
    git(site.dir(), &["branch", "--quiet", "tmp_branch"]);
    let repository = site.dir().join(".git");
    write(&repository.join("HOOKSPOOL_UPDATE"), "");
    for left in ["index.lock", "refs/heads/other.lock", "objects/aa/tmp_obj_1", "objects/pack/tmp_pack_1"] {
        write(&repository.join(left), "");
    }
    mine(&repository, "hookspool-aside/1/yarn.lock");
    git(site.dir(), &["branch", "--quiet", "objects/tmp_branch"]);
    mine(site.dir(), "new");
    push(&site, |dir| theirs(dir, "new"));
    assert!(site.refusal(MAIN).0.contains("`new`"));
    for left in ["index.lock", "refs/heads/other.lock", "objects/aa/tmp_obj_1", "objects/pack/tmp_pack_1"] {
        assert!(!repository.join(left).exists(), "{left}: {}", site.bench.log());
    }
    assert!(repository.join("hookspool-aside/1/yarn.lock").exists());
    git(site.dir(), &["rev-parse", "tmp_branch", "objects/tmp_branch"]);
    fs::remove_file(site.dir().join("new")).unwrap();
    site.updated_to(MAIN);
}

/// Lets git's next checkouts kill it, while they hold the lock of the index, as `repository`, a git directory, says.
fn kill_at_checkout(repository: &Path) {
    let config = repository.join("config");
    let words = ["config", "--file", config.to_str().unwrap(), "filter.deadly.smudge", "kill -KILL $PPID; exit 1"];
    git(repository, &words);
    write(&repository.join("info/attributes"), "file filter=deadly\n");
}

#[test]
fn after_a_git_that_was_killed_the_next_attempt_is_right() {
    let mut site = deployed();
    let newer = site.commit("file", "two");
    let repository = site.dir().join(".git");
    kill_at_checkout(&repository);
    let (reason, transient) = site.refusal(MAIN);
    assert!(transient && reason.ends_with(": git was ended by signal 9"), "{reason}");
    assert!(repository.join("index.lock").exists(), "{reason}");
    fs::remove_file(repository.join("info/attributes")).unwrap();
    assert_eq!(site.updated_to(MAIN), newer);
    assert!(!repository.join("index.lock").exists());
}

#[test]
fn after_a_killed_git_that_git_had_started_the_next_attempt_is_right() {
    let (mut site, _daemon, _) = with_submodule();
    site.updated_to(MAIN);
    git(&site.origin, &["rm", "--quiet", "part"]);
    git(&site.origin, &["commit", "--quiet", "--message", "no part"]);
    site.updated_to(MAIN);
    let repository = site.dir().join(".git/modules/part");
    kill_at_checkout(&repository);
    git(&site.origin, &["revert", "--no-edit", "HEAD"]);
    let (reason, transient) = site.refusal(MAIN);
    assert!(transient && reason.contains("died of signal 9"), "{reason}\n{}", site.bench.log());
    assert!(repository.join("index.lock").exists(), "{reason}");
    fs::remove_file(repository.join("info/attributes")).unwrap();
    site.updated_to(MAIN);
    assert!(site.dir().join("part/file").exists() && !repository.join("index.lock").exists());
}

/// Leaves what a clone of a submodule leaves that is killed before it has its objects.
fn leave_half_clone(site: &Site, name: &str) {
    let repository = site.dir().join(".git/modules").join(name);
    fs::create_dir(repository.parent().unwrap()).unwrap();
    git(site.dir(), &["init", "--quiet", "--separate-git-dir", repository.to_str().unwrap(), name]);
    write(&repository.join("HEAD"), "ref: refs/heads/.invalid\n");
}

#[test]
fn a_clone_of_a_submodule_that_was_killed_begins_anew() {
    let (mut site, _daemon, _) = with_submodule();
    let whole = git(&site.origin, &["rev-parse", "HEAD"]);
    git(&site.origin, &["reset", "--quiet", "--hard", "HEAD~1"]);
    site.updated_to(MAIN);
    git(&site.origin, &["reset", "--quiet", "--hard", &whole]);
    leave_half_clone(&site, "part");
    site.updated_to(MAIN);
    assert!(site.dir().join("part/file").exists(), "{}", site.bench.log());
    assert!(site.bench.log().contains(" job removed the half clone of submodule `part`\n"), "{}", site.bench.log());
}

#[test]
fn a_submodules_repository_in_which_somebody_has_a_branch_is_no_half_clone() {
    let (mut site, _daemon, _) = with_submodule();
    site.updated_to(MAIN);
    let repository = site.dir().join(".git/modules/part");
    git(&site.dir().join("part"), &["branch", "--quiet", "work"]);
    write(&repository.join("HEAD"), "ref: refs/heads/none\n");
    site.commit("file", "two");
    site.updated_to(MAIN);
    git(&site.dir().join("part"), &["rev-parse", "--verify", "work"]);
}

#[test]
fn a_note_of_a_submodule_goes_with_it() {
    let (mut site, _daemon, _) = with_submodule();
    site.updated_to(MAIN);
    let head = git(&site.dir().join("part"), &["rev-parse", "HEAD"]);
    let note = site.dir().join(".git/modules/part/HOOKSPOOL_CHECKOUT");
    write(&note, &format!("{head} {head}\n"));
    git(&site.origin, &["rm", "--quiet", "part"]);
    site.commit("file", "two");
    site.updated_to(MAIN);
    assert!(!note.exists(), "{}", site.bench.log());
}
