//! Edge. Branches, tags, locks, addresses: what an update does and what it refuses.

use super::site::{Daemon, Site, git};
use crate::support::steps::{shell, step, until};
use hookspool::config::{GitUpdate, StepAction};
use hookspool::model::{Outcome, RefName};
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn the_first_job_clones_and_the_next_one_follows() {
    let mut site = Site::new();
    fs::remove_dir(site.dir()).unwrap();
    let first = git(&site.origin, &["rev-parse", "HEAD"]);
    assert_eq!(site.updated_to("refs/heads/main"), first);
    assert_eq!(git(site.dir(), &["rev-parse", "--abbrev-ref", "@{upstream}"]), "origin/main");
    let second = site.commit("file", "two");
    assert_eq!(site.updated_to("refs/heads/main"), second);
    assert_eq!(site.bench.file("file"), "two");
}

#[test]
fn what_the_branch_is_now_counts_and_not_what_the_delivery_says() {
    let mut site = Site::new();
    site.bench.facts.meta.after = Some(git(&site.origin, &["rev-parse", "HEAD"]));
    let newer = site.commit("file", "two");
    assert_eq!(site.updated_to("refs/heads/main"), newer);
}

#[test]
fn a_forced_push_is_followed_and_local_changes_go_while_untracked_files_stay() {
    let mut site = Site::new();
    site.commit("gone-later", "two");
    site.commit(".gitignore", "ignored");
    site.updated_to("refs/heads/main");
    for (name, text) in [("file", "edited here"), ("untracked", "x"), ("ignored", "y")] {
        fs::write(site.dir().join(name), text).unwrap();
    }
    git(&site.origin, &["reset", "--quiet", "--hard", "HEAD~2"]);
    let forced = site.commit("new", "rewritten");
    assert_eq!(site.updated_to("refs/heads/main"), forced);
    assert_eq!(
        ["file", "untracked", "ignored", "new"].map(|name| site.bench.file(name)),
        ["one", "x", "y", "rewritten"]
    );
    assert!(!site.dir().join("gone-later").exists());
}

#[test]
fn a_half_done_merge_does_not_stop_an_update() {
    let mut site = Site::new();
    site.updated_to("refs/heads/main");
    git(site.dir(), &["checkout", "--quiet", "-b", "mine"]);
    fs::write(site.dir().join("file"), "mine").unwrap();
    git(site.dir(), &["commit", "--quiet", "-am", "mine"]);
    let theirs = site.commit("file", "theirs");
    git(site.dir(), &["fetch", "--quiet"]);
    let merge = Command::new("git").args(["merge", "--quiet", "origin/main"]).current_dir(site.dir()).output().unwrap();
    assert!(!merge.status.success(), "a conflict");
    assert_eq!(site.updated_to("refs/heads/main"), theirs);
}

#[test]
fn a_new_branch_a_tag_and_the_way_back_are_checked_out() {
    let mut site = Site::new();
    let first = site.updated_to("refs/heads/main");
    git(&site.origin, &["checkout", "--quiet", "-b", "release/1"]);
    let second = site.commit("file", "two");
    git(&site.origin, &["tag", "-a", "v1", "-m", "v1", &first]);
    assert_eq!(site.updated_to("refs/heads/release/1"), second);
    assert_eq!(git(site.dir(), &["symbolic-ref", "HEAD"]), "refs/heads/release/1");
    assert_eq!(site.updated_to("refs/tags/v1"), first);
    assert_eq!(git(site.dir(), &["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
    git(&site.origin, &["tag", "-f", "v1", &second]);
    assert_eq!(site.updated_to("refs/tags/v1"), second);
    assert_eq!(site.updated_to("refs/heads/main"), first);
}

#[test]
fn a_branch_is_a_name_and_nothing_else() {
    let mut site = Site::new();
    for odd in
        ["$(touch${IFS}pwned)", "a;touch${IFS}pwned", "x/--upload-pack=touch", "'\"`id`", "ünïcode", "refs/heads/main"]
    {
        git(&site.origin, &["checkout", "--quiet", "-b", odd]);
        let commit = site.commit("file", odd);
        assert_eq!(site.updated_to(&format!("refs/heads/{odd}")), commit);
        assert_eq!(git(site.dir(), &["symbolic-ref", "HEAD"]), format!("refs/heads/{odd}"));
    }
    assert!(!site.dir().join("pwned").exists() && !site.origin.join("pwned").exists());
    assert_eq!(RefName::parse("refs/heads/-f"), None);
}

#[test]
fn without_a_branch_the_current_one_is_followed_or_the_remotes_default() {
    let mut site = Site::new();
    site.bench.facts.meta.reference = None;
    assert_eq!(site.bench.run().result.commit, Some(git(&site.origin, &["rev-parse", "HEAD"])));
    assert_eq!(git(site.dir(), &["symbolic-ref", "HEAD"]), "refs/heads/main");
    git(&site.origin, &["checkout", "--quiet", "-b", "next"]);
    site.commit("file", "two");
    git(&site.origin, &["checkout", "--quiet", "main"]);
    git(site.dir(), &["fetch", "--quiet"]);
    git(site.dir(), &["checkout", "--quiet", "-b", "here", "--track", "origin/next"]);
    git(&site.origin, &["checkout", "--quiet", "next"]);
    let newer = site.commit("file", "three");
    git(&site.origin, &["checkout", "--quiet", "main"]);
    assert_eq!(site.bench.run().result.commit, Some(newer));
    assert_eq!(git(site.dir(), &["symbolic-ref", "HEAD"]), "refs/heads/here");
}

#[test]
fn a_shallow_clone_stays_one() {
    let mut site = Site::new();
    site.commit("file", "two");
    let url = format!("file://{}", site.origin.display());
    git(site.dir(), &["clone", "--quiet", "--depth", "1", &url, "."]);
    let newer = site.commit("file", "three");
    assert_eq!(site.updated_to("refs/heads/main"), newer);
    assert_eq!(git(site.dir(), &["rev-parse", "--is-shallow-repository"]), "true");
}

#[test]
fn a_vanished_branch_is_named() {
    let mut site = Site::new();
    let (reason, transient) = site.refusal("refs/heads/gone");
    let origin = site.origin.display().to_string();
    assert_eq!(
        reason.replace(&origin, "ORIGIN"),
        "`refs/heads/gone` is not at `ORIGIN`: it was deleted after the push, or it is not the repository of the push"
    );
    assert!(!transient);
}

#[test]
fn a_branch_whose_name_was_a_part_of_an_old_ones_is_checked_out() {
    let mut site = Site::new();
    git(&site.origin, &["checkout", "--quiet", "-b", "a"]);
    site.commit("file", "a");
    site.updated_to("refs/heads/a");
    git(&site.origin, &["branch", "--quiet", "-m", "a", "a/b"]);
    let moved = site.commit("file", "a/b");
    assert_eq!(site.updated_to("refs/heads/a/b"), moved);
}

#[test]
fn a_lock_of_a_live_git_is_waited_for() {
    let mut site = Site::new();
    site.updated_to("refs/heads/main");
    site.commit("file", "two");
    let lock = site.dir().join(".git/index.lock");
    let mut holder = Command::new("sh");
    let holder = holder.args(["-c", "exec 9>.git/index.lock; echo up; read x"]).current_dir(site.dir());
    let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut up = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.take().unwrap()), &mut up).unwrap();
    let (reason, transient) = site.refusal("refs/heads/main");
    assert_eq!(reason, format!("`DIR/.git/index.lock` is held by another git (process {})", holder.id()));
    assert!(transient);

    site.bench.lock_wait = crate::support::steps::LONG;
    fs::remove_file(&site.bench.facts.log).unwrap();
    let log = site.bench.facts.log.clone();
    let done = std::thread::scope(|scope| {
        scope.spawn(|| {
            until("the job waits", || fs::read_to_string(&log).is_ok_and(|log| log.contains(" job waiting for `")));
            fs::remove_file(&lock).unwrap();
        });
        site.update_to("refs/heads/main")
    });
    assert_eq!((done.result.outcome, site.bench.file("file").as_str()), (Outcome::Succeeded, "two"));
    drop(holder.stdin.take());
    holder.wait().unwrap();
}

/// A lock that nobody holds, made an hour ago.
fn leave_lock(path: &std::path::Path) {
    let lock = fs::File::create(path).unwrap();
    lock.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(3600)).unwrap();
}

#[test]
fn a_lock_that_was_left_behind_is_named() {
    for lock in ["index.lock", "config.lock", "HEAD.lock", "refs/remotes/origin/next.lock"] {
        let mut site = Site::new();
        site.updated_to("refs/heads/main");
        git(&site.origin, &["checkout", "--quiet", "-b", "next"]);
        site.commit("file", "two");
        site.bench.lock_wait = crate::support::steps::LONG;
        leave_lock(&site.dir().join(".git").join(lock));
        let expected =
            format!("`DIR/.git/{lock}` was left behind by a git that is gone; remove it if no git works there");
        assert_eq!(site.refusal("refs/heads/next"), (expected, false));
        fs::remove_file(site.dir().join(".git").join(lock)).unwrap();
        site.updated_to("refs/heads/next");
    }
}

#[test]
fn a_lock_of_the_configuration_is_waited_for() {
    let mut site = Site::new();
    site.updated_to("refs/heads/main");
    git(&site.origin, &["checkout", "--quiet", "-b", "next"]);
    site.commit("file", "two");
    site.bench.lock_wait = crate::support::steps::LONG;
    let lock = site.dir().join(".git/config.lock");
    fs::write(&lock, "").unwrap();
    let log = site.bench.facts.log.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("the job waits", || fs::read_to_string(&log).is_ok_and(|log| log.contains("config.lock`\n")));
            fs::remove_file(&lock).unwrap();
        });
        site.updated_to("refs/heads/next");
    });
}

#[test]
fn tags_that_nobody_asked_for_stand_in_no_branchs_way() {
    let mut site = Site::new();
    git(&site.origin, &["tag", "rel"]);
    git(&site.origin, &["tag", "moved"]);
    site.updated_to("refs/heads/main");
    assert_eq!(git(site.dir(), &["tag"]), "", "none came along");
    git(site.dir(), &["fetch", "--quiet", "--tags"]);
    git(&site.origin, &["tag", "--delete", "rel"]);
    let newer = site.commit("file", "two");
    git(&site.origin, &["tag", "rel/1"]);
    git(&site.origin, &["tag", "--force", "moved"]);
    assert_eq!(site.updated_to("refs/heads/main"), newer);
    assert_eq!(site.updated_to("refs/tags/rel/1"), newer, "also where an old tag's name is in the way");
    git(site.dir(), &["config", "remote.origin.tagOpt", "--tags"]);
    git(&site.origin, &["tag", "wanted"]);
    site.updated_to("refs/heads/main");
    assert!(git(site.dir(), &["tag"]).contains("wanted"), "asked for");
}

#[test]
fn a_damaged_repository_says_what_to_do() {
    let mut site = Site::new();
    site.updated_to("refs/heads/main");
    let newer = site.commit("file", "two");
    fs::write(site.dir().join(".git/index"), "no index").unwrap();
    let (reason, transient) = site.refusal("refs/heads/main");
    assert!(!transient && reason.contains("remove `DIR/.git/index`"), "{reason}");
    fs::remove_file(site.dir().join(".git/index")).unwrap();
    assert_eq!(site.updated_to("refs/heads/main"), newer, "as the reason says");

    let tree = git(site.dir(), &["rev-parse", "HEAD^{tree}"]);
    site.commit("file", "three");
    let objects = site.dir().join(".git/objects");
    for entry in fs::read_dir(objects.join("pack")).unwrap().flatten() {
        fs::remove_file(entry.path()).unwrap();
    }
    let object = objects.join(&tree[..2]).join(&tree[2..]);
    fs::remove_file(&object).unwrap();
    fs::write(&object, "no object").unwrap();
    let (reason, transient) = site.refusal("refs/heads/main");
    assert!(!transient && reason.starts_with("the repository in `DIR` is damaged: "), "{reason}");
}

#[test]
fn a_remote_that_cannot_be_reached_may_be_tried_again() {
    let mut site = Site::new();
    let from = Some("git://127.0.0.1:1/x".to_owned());
    site.bench.plan.steps = vec![step(StepAction::Git(GitUpdate { from, ..GitUpdate::default() }))];
    let (reason, transient) = site.refusal("refs/heads/main");
    assert!(transient && reason.starts_with("the remote could not be reached: "), "{reason}");
}

#[test]
fn an_address_that_is_a_command_is_refused() {
    let mut site = Site::new();
    let command = format!("ext::sh -c touch% {}/pwned", site.bench.root.path().display());
    site.bench.plan.steps = vec![step(StepAction::Git(GitUpdate { from: Some(command), ..GitUpdate::default() }))];
    fs::write(site.bench.root.path().join("config"), "").unwrap();
    let (reason, transient) = site.refusal("refs/heads/main");
    assert_eq!((reason.as_str(), transient), ("fatal: transport 'ext' not allowed", false));
    assert!(!site.bench.root.path().join("pwned").exists());
}

#[test]
fn hooks_of_the_work_tree_do_not_run() {
    let mut site = Site::new();
    site.updated_to("refs/heads/main");
    for name in ["post-checkout", "reference-transaction", "post-index-change"] {
        let hook = site.dir().join(".git/hooks").join(name);
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, "#!/bin/sh\ntouch pwned\n").unwrap();
        fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    site.commit("file", "two");
    assert_eq!(site.update_to("refs/heads/main").result.outcome, Outcome::Succeeded);
    assert!(!site.dir().join("pwned").exists());
    git(site.dir(), &["checkout", "--quiet", "-b", "x"]);
    assert!(site.dir().join("pwned").exists(), "a person's git runs them");
}

#[test]
fn a_directory_that_is_no_clone_is_left_alone() {
    let mut site = Site::new();
    fs::write(site.dir().join("precious"), "x").unwrap();
    let (reason, _) = site.refusal("refs/heads/main");
    assert_eq!(reason, "`DIR` holds no git repository; with `from`, an empty directory is cloned into");
    git(site.bench.root.path(), &["init", "--quiet"]);
    let (reason, _) = site.refusal("refs/heads/main");
    assert!(reason.starts_with("`DIR` holds no git repository"), "a repository further up is not it: {reason}");
    assert_eq!(site.bench.file("precious"), "x");
}

#[test]
fn without_an_address_an_absent_clone_is_named() {
    let mut site = Site::new();
    site.bench.plan.steps = vec![step(StepAction::Git(GitUpdate::default()))];
    assert!(site.refusal("refs/heads/main").0.starts_with("`DIR` holds no git repository"));
    git(site.dir(), &["init", "--quiet"]);
    assert_eq!(site.refusal("refs/heads/main").0, "the repository has no remote `origin`");
    fs::remove_dir_all(site.dir()).unwrap();
    let (reason, _) = site.refusal("refs/heads/main");
    assert!(reason.ends_with("does not exist; `from` would say where to clone it from"), "{reason}");
}

#[test]
fn a_clone_that_was_cut_short_goes_on() {
    let mut site = Site::new();
    git(site.dir(), &["init", "--quiet"]);
    git(site.dir(), &["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]);
    git(site.dir(), &["config", "remote.origin.url", "/a/wrong/address"]);
    site.updated_to("refs/heads/main"); // `from` was corrected meanwhile
}

#[test]
fn a_clone_of_which_a_power_cut_left_only_names_begins_anew() {
    let mut site = Site::new();
    git(site.dir(), &["init", "--quiet"]);
    for name in ["HEAD", "config"] {
        fs::write(site.dir().join(".git").join(name), "").unwrap();
    }
    site.updated_to("refs/heads/main");
}

#[test]
fn submodules_come_along() {
    let mut site = Site::new();
    let part = site.bench.root.path().join("part");
    git(site.bench.root.path(), &["clone", "--quiet", site.origin.to_str().unwrap(), "part"]);
    fs::write(part.join("inside"), "x").unwrap();
    git(&part, &["add", "-A"]);
    git(&part, &["commit", "--quiet", "-m", "part"]);
    let daemon = Daemon::start(site.bench.root.path());
    let url = format!("git://127.0.0.1:{}/part", daemon.port);
    git(&site.origin, &["submodule", "--quiet", "add", &url, "sub"]);
    git(&site.origin, &["commit", "--quiet", "-m", "sub"]);
    site.updated_to("refs/heads/main");
    assert_eq!(site.bench.file("sub/inside"), "x");
}

#[test]
fn credentials_of_an_address_stay_out_of_log_and_reason() {
    let mut site = Site::new();
    let url = "http://me:s3cret@127.0.0.1:1/x.git";
    let commit = site.commit(".gitmodules", &format!("[submodule \"sub\"]\n\tpath = sub\n\turl = {url}\n"));
    git(&site.origin, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
    git(&site.origin, &["commit", "--quiet", "-m", "a submodule, of whose address git tells all"]);
    let done = site.update_to("refs/heads/main");
    assert_eq!(done.result.outcome, Outcome::Failed);
    assert!(done.log.contains("http://127.0.0.1:1/x.git"), "{}", done.log);
    assert!(!done.result.reason.contains("s3cret") && !done.log.contains("s3cret"), "{}", done.log);

    let mut direct = Site::new();
    direct.bench.plan.steps =
        vec![step(StepAction::Git(GitUpdate { from: Some(url.to_owned()), ..GitUpdate::default() }))];
    let done = direct.update_to("refs/heads/main");
    assert!(
        done.log.contains(" job cloning http://127.0.0.1:1/x.git\n") && !done.log.contains("s3cret"),
        "{}",
        done.log
    );
}

#[test]
fn what_ci_has_tested_is_deployed_only_while_it_is_the_head_of_the_branch() {
    let mut site = Site::new();
    let tested = site.commit("file", "tested");
    for reference in [Some("refs/heads/main"), None] {
        let done = site.update_tested(reference, &tested);
        assert_eq!((done.result.outcome, done.result.commit.as_deref()), (Outcome::Succeeded, Some(&*tested)));
    }
    let newer = site.commit("file", "newer");
    site.bench.plan.steps.push(shell("touch ../built"));
    for (reference, tested) in [(Some("refs/heads/main"), &tested), (None, &"c".repeat(40))] {
        let done = site.update_tested(reference, tested);
        let expected = format!(
            "step 1 (git update): CI succeeded on {tested}, and `refs/heads/main` is at {newer}: \
             it is deployed when CI has succeeded on that"
        );
        assert_eq!((done.result.outcome, done.result.reason), (Outcome::Superseded, expected));
    }
    assert_eq!(fs::read_to_string(site.dir().join("file")).unwrap(), "tested");
    assert!(!site.bench.root.path().join("built").exists(), "nothing is built from it");
}
