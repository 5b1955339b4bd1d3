//! Edge. Origins of a work tree, leftovers of fetches that were cut short, and steps backwards.

use super::site::{Site, git};
use crate::support::steps::{step, until};
use crate::support::yard::Yard;
use hookspool::config::{GitUpdate, StepAction};
use hookspool::model::Outcome;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MAIN: &str = "refs/heads/main";

fn options(site: &mut Site) -> &mut GitUpdate {
    let StepAction::Git(update) = &mut site.bench.plan.steps[0].action else { unreachable!() };
    update
}

/// A copy of the site's repository elsewhere, with a commit of its own; its address.
fn moved(site: &Site) -> String {
    let dir = site.bench.root.path().join("moved");
    git(site.bench.root.path(), &["clone", "--quiet", site.origin.to_str().unwrap(), "moved"]);
    fs::write(dir.join("file"), "moved").unwrap();
    git(&dir, &["commit", "--quiet", "--all", "--message", "moved"]);
    dir.display().to_string()
}

#[test]
fn a_changed_address_is_followed_and_one_that_a_person_changed_counts() {
    let mut site = Site::new();
    site.updated_to(MAIN);
    let url = moved(&site);
    git(site.dir(), &["remote", "set-url", "origin", &url]);
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("file"), "moved", "a person's word");
    git(site.dir(), &["remote", "set-url", "origin", site.origin.to_str().unwrap()]);
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("file"), "one");
    options(&mut site).from = Some(url.clone());
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("file"), "moved");
    assert!(
        site.bench.log().contains(&format!(" job `from` has changed: fetching from {url}")),
        "{}",
        site.bench.log()
    );
}

#[test]
fn a_clone_of_somebody_elses_is_not_followed_elsewhere_without_a_word() {
    let mut site = Site::new();
    git(site.dir(), &["clone", "--quiet", site.origin.to_str().unwrap(), "."]);
    options(&mut site).from = Some(format!("{}/", site.origin.display()));
    site.updated_to(MAIN);
    git(site.dir(), &["config", "--unset", "hookspool.from"]);
    let url = moved(&site);
    options(&mut site).from = Some(url.clone());
    let (reason, transient) = site.refusal(MAIN);
    let expected = format!("`from` says {url}; to follow `from` run `git -C DIR remote set-url origin {url}`");
    assert!(!transient && reason.contains(&expected), "{reason}");
}

#[test]
fn a_repository_of_either_hash_is_cloned_whatever_the_users_default_is() {
    for format in ["sha256", "sha1"] {
        let mut site = Site::new();
        fs::remove_dir_all(site.origin.join(".git")).unwrap();
        git(&site.origin, &["init", "--quiet", &format!("--object-format={format}")]);
        let commit = site.commit("file", "two");
        assert_eq!(site.updated_to(MAIN), commit);
        assert_eq!(git(site.dir(), &["rev-parse", "--show-object-format"]), format);
        let newer = site.commit("file", "three");
        assert_eq!(site.updated_to(MAIN), newer);
    }
}

#[test]
fn what_a_fetch_left_that_was_cut_short_goes_and_what_a_live_one_writes_stays() {
    let mut site = Site::new();
    site.updated_to(MAIN);
    site.commit("file", "two");
    let packs = site.dir().join(".git/objects/pack");
    for name in ["tmp_pack_abc", "tmp_idx_abc", "tmp_pack_live"] {
        fs::write(packs.join(name), "left").unwrap();
    }
    let live = packs.join("tmp_pack_live");
    let output = File::options().append(true).open(&live).unwrap();
    let mut holder = Command::new("cat").stdin(Stdio::piped()).stdout(output).spawn().unwrap();
    site.updated_to(MAIN);
    assert_eq!(left(&packs), ["tmp_pack_live"]);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    site.updated_to(MAIN);
    assert_eq!(left(&packs), [""; 0]);
}

fn left(packs: &Path) -> Vec<String> {
    let names = fs::read_dir(packs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("tmp_")).collect()
}

#[test]
fn a_fetch_that_is_ended_leaves_nothing() {
    let mut site = Site::new();
    site.updated_to(MAIN);
    for n in 0..120 {
        fs::write(site.origin.join(format!("noise{n}")), noise(9000)).unwrap();
    }
    site.commit("noise", "x");
    // It sends half a pack, and then nothing.
    let stuck = site.bench.root.path().join("stuck");
    fs::write(&stuck, "#!/bin/sh\ngit-upload-pack \"$@\" | { stdbuf -o0 head -c 600000; exec sleep 100; }\n").unwrap();
    fs::set_permissions(&stuck, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    git(site.dir(), &["config", "remote.origin.uploadpack", stuck.to_str().unwrap()]);
    let packs = site.dir().join(".git/objects/pack");
    for is_timed in [true, false] {
        let limit = std::time::Duration::from_secs(2);
        site.bench.plan.steps[0].timeout = is_timed.then_some(limit);
        site.bench.stall = limit;
        let (had, done) = std::thread::scope(|scope| {
            let watch = scope.spawn(|| until("a pack is being written", || !left(&packs).is_empty()));
            let done = site.update_to(MAIN);
            (watch.join(), done)
        });
        had.unwrap();
        let expected = if is_timed { Outcome::TimedOut } else { Outcome::Failed };
        assert_eq!(done.result.outcome, expected, "{}", done.log);
        assert_eq!(left(&packs), [""; 0]);
    }
}

#[test]
fn forward_only_stops_at_what_does_not_contain_what_is_deployed() {
    let mut site = Site::new();
    git(&site.origin, &["tag", "v1"]);
    site.commit("file", "two");
    git(&site.origin, &["tag", "v2"]);
    site.updated_to("refs/tags/v2");
    site.updated_to("refs/tags/v1");
    assert_eq!(site.bench.file("file"), "one", "an older tag is deployed");
    site.updated_to("refs/tags/v2");
    options(&mut site).forward_only = true;
    site.updated_to("refs/tags/v2");
    let (reason, transient) = site.refusal("refs/tags/v1");
    assert!(!transient && reason.contains("which is deployed: `forward_only` stops here"), "{reason}");
    assert_eq!(site.bench.file("file"), "two");
    site.commit("file", "three");
    site.updated_to(MAIN);
}

/// Bytes that no compression makes fewer.
fn noise(bytes: u64) -> Vec<u8> {
    let mut noise = Vec::new();
    File::open("/dev/urandom").unwrap().take(bytes).read_to_end(&mut noise).unwrap();
    noise
}

/// A file system of its own, with room for little; gone with it. Only root can have one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(dir: &Path, size: &str) -> Self {
        let mount = ["-t", "tmpfs", "-o", &format!("size={size}"), "none"];
        assert!(Command::new("mount").args(mount).arg(dir).status().unwrap().success());
        Self(dir.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_during_the_first_clone_leaves_no_half_repository() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (text, size) in [("x".repeat(3_000_000), "1m"), (String::new(), "64k")] {
        let mut site = Site::new();
        site.bench.plan.steps = vec![step(StepAction::Git(GitUpdate {
            from: Some(format!("file://{}", site.origin.display())),
            ..GitUpdate::default()
        }))];
        fs::write(site.origin.join("noise"), noise(if text.is_empty() { 400_000 } else { 0 })).unwrap();
        fs::write(site.origin.join("big"), &text).unwrap();
        git(&site.origin, &["add", "--all"]);
        git(&site.origin, &["commit", "--quiet", "--message", "big"]);
        let disk = SmallDisk::mount(site.dir(), size);
        let done = site.update_to(MAIN);
        assert_eq!(done.result.outcome, Outcome::Failed);
        assert!(done.result.reason.contains("no space left on the disk"), "{}", done.result.reason);
        assert_eq!(fs::read_dir(site.dir()).unwrap().count(), 0, "{}", done.log);
        drop(disk);
    }
}

#[test]
fn a_work_directory_that_is_made_has_the_mode_of_what_steps_make_in_it() {
    let steps = "dir = \"ROOT/www/docs\"\nsteps = [{ git = \"update\", from = \"ROOT/remote\" }]";
    let yard = Yard::new("", &[("docs", steps)]);
    let commit = "git init -q -b main remote && cd remote && \
                  git -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m x";
    let committed = Command::new("sh").args(["-c", commit]).current_dir(yard.path(".")).status().unwrap();
    assert!(committed.success());
    yard.deliver("docs", "main", "1");
    let runner = yard.hookspool(&["spool-runner", "--once"]);
    let mut masked = Command::new("sh");
    masked.args(["-c", "umask 027; exec \"$0\" \"$@\""]).arg(runner.get_program()).args(runner.get_args());
    let output = masked.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mode_of = |name: &str| fs::metadata(yard.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["www", "www/docs"].map(mode_of), [0o755, 0o755]);
}
