//! Edge. The tree is the commit: submodules, Git LFS and other filters.

use super::forge::HttpForge;
use super::site::{Daemon, Site, git};
use std::fs;
use std::path::{Path, PathBuf};

const MAIN: &str = "refs/heads/main";

/// A repository `name` beside that of the site, with one commit that has `file`.
fn library(site: &Site, name: &str, file: &str) -> PathBuf {
    let dir = site.bench.root.path().join(name);
    fs::create_dir(&dir).unwrap();
    git(&dir, &["init", "--quiet"]);
    commit(&dir, file, "one");
    dir
}

fn commit(dir: &Path, file: &str, text: &str) -> String {
    fs::write(dir.join(file), text).unwrap();
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--message", text]);
    git(dir, &["rev-parse", "HEAD"])
}

fn add_submodule(site: &Site, daemon: &Daemon, library: &str) {
    let url = format!("git://127.0.0.1:{}/{library}", daemon.port);
    git(&site.origin, &["submodule", "--quiet", "add", "--force", "--name", "part", &url, "part"]);
    git(&site.origin, &["commit", "--quiet", "--all", "--message", library]);
}

#[test]
fn a_submodule_is_at_the_commit_that_is_named_whatever_gitmodules_says() {
    for word in ["merge", "rebase", "checkout"] {
        let mut site = Site::new();
        let part = library(&site, "library", "inside");
        let old = git(&part, &["rev-parse", "HEAD"]);
        commit(&part, "inside", "two");
        let daemon = Daemon::start(site.bench.root.path());
        add_submodule(&site, &daemon, "library");
        git(&site.origin, &["config", "--file", ".gitmodules", "submodule.part.update", word]);
        git(&site.origin, &["commit", "--quiet", "--all", "--message", "update"]);
        site.updated_to(MAIN);
        assert_eq!(site.bench.file("part/inside"), "two");
        git(&site.origin.join("part"), &["checkout", "--quiet", &old]);
        git(&site.origin, &["commit", "--quiet", "--all", "--message", "back"]);
        site.updated_to(MAIN);
        assert_eq!(site.bench.file("part/inside"), "one", "{word}");
        fs::write(site.dir().join("part/inside"), "changed here").unwrap();
        site.updated_to(MAIN);
        assert_eq!(site.bench.file("part/inside"), "one");
        assert!(site.bench.log().contains("local changes of tracked files are overwritten: `part/inside`"));
    }
}

#[test]
fn a_submodule_that_comes_from_elsewhere_from_now_on_is_followed_at_once() {
    for is_seen_without in [true, false] {
        let mut site = Site::new();
        library(&site, "library", "inside");
        library(&site, "another", "other");
        let daemon = Daemon::start(site.bench.root.path());
        add_submodule(&site, &daemon, "library");
        site.updated_to(MAIN);
        git(&site.origin, &["rm", "--quiet", "part"]);
        git(&site.origin, &["commit", "--quiet", "--message", "no part"]);
        fs::remove_dir_all(site.origin.join(".git/modules/part")).unwrap();
        if is_seen_without {
            site.updated_to(MAIN);
            assert!(!site.dir().join("part").exists(), "it went with the commit");
        }
        add_submodule(&site, &daemon, "another");
        site.updated_to(MAIN);
        assert_eq!((site.bench.file("part/other"), site.dir().join("part/inside").exists()), ("one".into(), false));
    }
}

#[test]
fn a_submodule_below_a_submodule_comes_along() {
    let mut site = Site::new();
    let inner = library(&site, "inner", "deep");
    let outer = library(&site, "outer", "inside");
    let daemon = Daemon::start(site.bench.root.path());
    let url = format!("git://127.0.0.1:{}/inner", daemon.port);
    git(&outer, &["submodule", "--quiet", "add", &url, "inner"]);
    git(&outer, &["commit", "--quiet", "--message", "inner"]);
    add_submodule(&site, &daemon, "outer");
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("part/inner/deep"), "one");
    commit(&inner, "deep", "two");
    git(&outer, &["submodule", "--quiet", "update", "--remote"]);
    git(&outer, &["commit", "--quiet", "--all", "--message", "inner moved"]);
    git(&site.origin, &["submodule", "--quiet", "update", "--remote"]);
    git(&site.origin, &["commit", "--quiet", "--all", "--message", "part moved"]);
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("part/inner/deep"), "two");
}

/// Text of a pointer as Git LFS writes it.
fn pointer(size: u32) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {size}\n", "ab".repeat(32))
}

/// A site whose commit has `big` as a pointer; `process` is what filters it.
fn with_pointer(process: &str) -> Site {
    let mut site = Site::new();
    site.updated_to(MAIN);
    git(&site.origin, &["config", "filter.lfs.process", ""]);
    git(&site.origin, &["config", "filter.lfs.required", "false"]);
    git(site.dir(), &["config", "filter.lfs.process", process]);
    git(site.dir(), &["config", "filter.lfs.smudge", ""]);
    git(site.dir(), &["config", "filter.lfs.required", if process.is_empty() { "false" } else { "true" }]);
    fs::write(site.origin.join(".gitattributes"), "big filter=lfs diff=lfs merge=lfs -text\n").unwrap();
    site.commit("big", &pointer(3));
    site
}

#[test]
fn pointers_in_place_of_files_are_named() {
    let mut site = with_pointer("");
    let (reason, transient) = site.refusal(MAIN);
    assert!(
        !transient && reason.starts_with("`big` are Git LFS pointers instead of files; install `git-lfs`"),
        "{reason}"
    );
}

#[test]
fn a_filter_whose_program_is_missing_is_named_and_no_network_failure() {
    let mut site = with_pointer("git-lfs filter-process");
    let bin = site.bench.root.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let broken = "#!/bin/sh\necho 'git-lfs filter-process: 1: git-lfs: not found' >&2\nexit 127\n";
    fs::write(bin.join("git-lfs"), broken).unwrap();
    fs::set_permissions(bin.join("git-lfs"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    git(site.dir(), &["config", "filter.lfs.process", bin.join("git-lfs").to_str().unwrap()]);
    let (reason, transient) = site.refusal(MAIN);
    assert!(!transient && reason.contains("git-lfs: not found; install it"), "{reason}");
}

#[test]
fn an_lfs_server_that_is_busy_is_tried_again() {
    let mut site = with_pointer("git-lfs filter-process");
    let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let forge = HttpForge::start(&site.origin, &[busy; 99]);
    for (key, value) in
        [("lfs.url", forge.url.as_str()), ("lfs.transfer.maxretries", "1"), ("lfs.locksverify", "false")]
    {
        git(site.dir(), &["config", key, value]);
    }
    let (reason, transient) = site.refusal(MAIN);
    assert!(transient, "{reason}\n{}", site.bench.log());
}

#[test]
fn another_filter_that_is_not_configured_is_noted() {
    let mut site = Site::new();
    fs::write(site.origin.join(".gitattributes"), "secret filter=git-crypt\n").unwrap();
    site.commit("secret", "text");
    site.updated_to(MAIN);
    let expected = " job filter `git-crypt` is not used here: `secret` have their content of the repository\n";
    assert!(site.bench.log().contains(expected), "{}", site.bench.log());
}
