//! Edge. Files of people in the way of a commit: none is ever lost.

use super::site::{Daemon, Site, git};
use hookspool::config::{GitUpdate, InTheWay, StepAction};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MAIN: &str = "refs/heads/main";
const REMEDY: &str = "; move them, or set `in_the_way = \"move-aside\"`";

/// A site that is at a commit with `file`, `config`, `plain` and `shared/.keep`.
pub(super) fn deployed() -> Site {
    let mut site = Site::new();
    fs::create_dir(site.origin.join("shared")).unwrap();
    site.commit("shared/.keep", "kept");
    site.commit("plain", "plain");
    site.commit("config", "theirs");
    site.updated_to(MAIN);
    site
}

/// Commits what `change` does in the work tree of `origin`.
pub(super) fn push(site: &Site, change: impl FnOnce(&Path)) {
    change(&site.origin);
    git(&site.origin, &["add", "--all"]);
    git(&site.origin, &["commit", "--quiet", "--message", "another"]);
}

pub(super) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A file of people's below `dir`.
pub(super) fn mine(dir: &Path, name: &str) {
    write(&dir.join(name), "mine");
}

/// A file of people's that git ignores, since `pattern` is excluded.
fn ignored(dir: &Path, pattern: &str, name: &str) {
    write(&dir.join(".git/info/exclude"), &format!("{pattern}\n"));
    mine(dir, name);
}

/// A file of the commit's below `dir`.
pub(super) fn theirs(dir: &Path, name: &str) {
    write(&dir.join(name), "theirs");
}

fn moves_aside(site: &mut Site) {
    let StepAction::Git(update) = &mut site.bench.plan.steps[0].action else { unreachable!() };
    *update = GitUpdate { in_the_way: InTheWay::MoveAside, ..update.clone() };
}

/// Everything below `dir` that is called `name`, with its text.
fn found(dir: &Path, name: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_name() == name {
            found.push((entry.path(), fs::read_to_string(entry.path()).unwrap_or_default()));
        } else if entry.file_type().unwrap().is_dir() {
            found.extend(self::found(&entry.path(), name));
        }
    }
    found
}

/// A file of people's, a push, and the names in the reason.
struct Case {
    name: &'static str,
    people: fn(&Path),
    push: fn(&Path),
    /// As the reason names it.
    named: &'static str,
    /// The file with the text `mine`.
    precious: &'static str,
}

pub(super) fn remove_dir(dir: &Path) {
    fs::remove_dir_all(dir).unwrap();
}

const CASES: [Case; 11] = [
    Case {
        name: "an untracked file where the commit has one",
        people: |dir| mine(dir, "new"),
        push: |dir| theirs(dir, "new"),
        named: "`new`",
        precious: "new",
    },
    Case {
        name: "an ignored file where the commit has one",
        people: |dir| ignored(dir, "*.log", "x.log"),
        push: |dir| theirs(dir, "x.log"),
        named: "`x.log`",
        precious: "x.log",
    },
    Case {
        name: "a directory that becomes a link",
        people: |dir| mine(dir, "shared/2024/photo"),
        push: |dir| {
            remove_dir(&dir.join("shared"));
            symlink("../elsewhere", dir.join("shared")).unwrap();
        },
        named: "`shared/2024`",
        precious: "shared/2024/photo",
    },
    Case {
        name: "a directory that becomes a file",
        people: |dir| mine(dir, "shared/photo"),
        push: |dir| {
            remove_dir(&dir.join("shared"));
            write(&dir.join("shared"), "a file");
        },
        named: "`shared/photo`",
        precious: "shared/photo",
    },
    Case {
        name: "an ignored directory where the commit has a file",
        people: |dir| ignored(dir, "cache", "cache/deep/er"),
        push: |dir| theirs(dir, "cache"),
        named: "`cache/deep`",
        precious: "cache/deep/er",
    },
    Case {
        name: "a file where the commit has a directory",
        people: |dir| mine(dir, "data"),
        push: |dir| theirs(dir, "data/set/1"),
        named: "`data`",
        precious: "data",
    },
    Case {
        name: "a directory in place of a tracked file",
        people: |dir| {
            fs::remove_file(dir.join("plain")).unwrap();
            mine(dir, "plain/mine");
        },
        push: |dir| theirs(dir, "other"),
        named: "`plain/mine`",
        precious: "plain/mine",
    },
    Case {
        name: "a link in place of a tracked directory",
        people: |dir| {
            fs::rename(dir.join("shared"), dir.join(".git/elsewhere")).unwrap();
            mine(dir, ".git/elsewhere/photo");
            symlink(".git/elsewhere", dir.join("shared")).unwrap();
        },
        push: |dir| theirs(dir, "other"),
        named: "`shared`",
        precious: "shared/photo",
    },
    Case {
        name: "a file that was added and not committed",
        people: |dir| {
            mine(dir, "new");
            git(dir, &["add", "new"]);
        },
        push: |dir| theirs(dir, "new"),
        named: "`new`",
        precious: "new",
    },
    Case {
        name: "a skip-worktree file that the commit changes",
        people: |dir| {
            git(dir, &["update-index", "--skip-worktree", "config"]);
            mine(dir, "config");
        },
        push: |dir| write(&dir.join("config"), "another"),
        named: "`config`",
        precious: "config",
    },
    Case {
        name: "a repository of somebody's own",
        people: |dir| {
            git(dir, &["init", "--quiet", "tool"]);
            mine(dir, "tool/work");
        },
        push: |dir| theirs(dir, "tool"),
        named: "`tool/.git`, `tool/work`",
        precious: "tool/work",
    },
];

#[test]
fn an_update_stops_before_anything_moves_and_says_what_is_in_the_way() {
    for Case { name, people, push: change, named, precious } in CASES {
        let mut site = deployed();
        let before = git(site.dir(), &["rev-parse", "HEAD"]);
        people(site.dir());
        fs::write(site.dir().join("file"), "changed here").unwrap();
        push(&site, change);
        let (reason, transient) = site.refusal(MAIN);
        let expected = format!("files that git does not track are in the way of the commit: {named}{REMEDY}");
        assert_eq!((reason, transient), (expected, false), "{name}");
        assert_eq!(site.bench.file(precious), "mine", "{name}");
        assert_eq!(site.bench.file("file"), "changed here", "{name}: nothing moved");
        assert_eq!(git(site.dir(), &["rev-parse", "HEAD"]), before, "{name}");
    }
}

#[test]
fn what_is_in_the_way_is_moved_aside_where_that_is_asked_for() {
    for Case { name, people, push: change, named, precious } in CASES {
        let mut site = deployed();
        moves_aside(&mut site);
        people(site.dir());
        push(&site, change);
        site.updated_to(MAIN);
        let precious = found(site.dir(), Path::new(precious).file_name().unwrap().to_str().unwrap());
        assert!(precious.iter().any(|(_, text)| text == "mine"), "{name}: {precious:?}");
        let aside = site.dir().canonicalize().unwrap().join(".git/hookspool-aside");
        let log = site.bench.log();
        assert!(log.contains(&format!(" job moved to {}/", aside.display())) && log.contains(named), "{name}: {log}");
        assert_eq!(git(site.dir(), &["diff", "HEAD"]), "", "{name}");
    }
}

#[test]
fn what_is_not_in_the_way_stays_where_it_is() {
    let mut site = deployed();
    mine(site.dir(), "shared/photo");
    mine(site.dir(), "added");
    theirs(site.dir(), "same");
    git(site.dir(), &["add", "added"]);
    git(site.dir(), &["update-index", "--skip-worktree", "config"]);
    mine(site.dir(), "config");
    push(&site, |dir| {
        remove_dir(&dir.join("shared"));
        theirs(dir, "same");
        write(&dir.join("file"), "two");
    });
    site.updated_to(MAIN);
    assert_eq!(
        ["shared/photo", "added", "same", "config", "file"].map(|name| site.bench.file(name)),
        ["mine", "mine", "theirs", "mine", "two"]
    );
    assert_eq!(git(site.dir(), &["status", "--porcelain", "--", "added"]), "?? added");
}

#[test]
fn local_changes_that_are_overwritten_are_named_in_the_log() {
    let mut site = deployed();
    write(&site.dir().join("file"), "changed here");
    git(site.dir(), &["update-index", "--assume-unchanged", "config"]);
    write(&site.dir().join("config"), "changed here");
    git(site.dir(), &["rm", "--quiet", "plain"]);
    push(&site, |dir| theirs(dir, "other"));
    site.updated_to(MAIN);
    let expected = " job local changes of tracked files are overwritten: `config`, `file`, `plain`\n";
    assert!(site.bench.log().contains(expected), "{}", site.bench.log());
    assert_eq!(["file", "config", "plain"].map(|name| site.bench.file(name)), ["one", "theirs", "plain"]);
    let before = site.bench.log();
    site.updated_to(MAIN);
    assert!(!site.bench.log()[before.len()..].contains("overwritten"), "{}", site.bench.log());
}

#[test]
fn a_skip_worktree_file_without_local_changes_follows_the_commit() {
    let mut site = deployed();
    git(site.dir(), &["update-index", "--skip-worktree", "config"]);
    push(&site, |dir| write(&dir.join("config"), "another"));
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("config"), "another");
}

/// A site with a submodule `part` that holds `inside`, and the submodule's own repository.
pub(super) fn with_submodule() -> (Site, Daemon, PathBuf) {
    let site = Site::new();
    let part = site.bench.root.path().join("part");
    git(site.bench.root.path(), &["clone", "--quiet", site.origin.to_str().unwrap(), "part"]);
    let daemon = Daemon::start(site.bench.root.path());
    let url = format!("git://127.0.0.1:{}/part", daemon.port);
    git(&site.origin, &["submodule", "--quiet", "add", &url, "part"]);
    git(&site.origin, &["commit", "--quiet", "-m", "part"]);
    (site, daemon, part)
}

/// Lets `part` follow its repository, in `origin`.
fn advance(site: &Site) {
    git(&site.origin, &["submodule", "--quiet", "update", "--remote", "part"]);
    git(&site.origin, &["commit", "--quiet", "--all", "--message", "part moved"]);
}

#[test]
fn files_of_people_in_a_submodule_stop_the_whole_update() {
    let (mut site, _daemon, part) = with_submodule();
    site.updated_to(MAIN);
    mine(site.dir(), "part/new");
    write(&part.join("new"), "theirs");
    git(&part, &["add", "--all"]);
    git(&part, &["commit", "--quiet", "--message", "new"]);
    advance(&site);
    site.commit("file", "two");
    let (reason, _) = site.refusal(MAIN);
    assert!(reason.contains("in the way of the commit: `part/new`"), "{reason}");
    assert_eq!((site.bench.file("part/new"), site.bench.file("file")), ("mine".into(), "one".into()));
    moves_aside(&mut site);
    site.updated_to(MAIN);
    assert_eq!((site.bench.file("part/new"), site.bench.file("file")), ("theirs".into(), "two".into()));
    assert!(found(&site.dir().join(".git/hookspool-aside"), "new").iter().any(|(_, text)| text == "mine"));
}

#[test]
fn a_submodule_that_goes_takes_no_file_of_people_along() {
    let (mut site, _daemon, _) = with_submodule();
    site.updated_to(MAIN);
    mine(site.dir(), "part/photo");
    git(&site.origin, &["rm", "--quiet", "part"]);
    git(&site.origin, &["commit", "--quiet", "--message", "no part"]);
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("part/photo"), "mine", "nothing needs its place");
    site.commit("part", "a file");
    let (reason, _) = site.refusal(MAIN);
    assert!(reason.contains("`part/photo`"), "{reason}");
    assert_eq!(site.bench.file("part/photo"), "mine");
}

#[test]
fn a_submodule_that_becomes_a_file_keeps_the_files_of_people() {
    let (mut site, _daemon, _) = with_submodule();
    site.updated_to(MAIN);
    mine(site.dir(), "part/photo");
    git(&site.origin, &["rm", "--quiet", "part"]);
    site.commit("part", "a file");
    let (reason, _) = site.refusal(MAIN);
    assert!(reason.contains("in the way of the commit: `part/photo`"), "{reason}");
    fs::remove_file(site.dir().join("part/photo")).unwrap();
    site.updated_to(MAIN);
    assert_eq!(site.bench.file("part"), "a file");
}

#[test]
fn a_new_submodule_is_not_put_over_files_of_people() {
    let mut site = deployed();
    let (donor, _daemon, _) = with_submodule();
    mine(site.dir(), "part/photo");
    let url = git(&donor.origin, &["config", "--file", ".gitmodules", "submodule.part.url"]);
    git(&site.origin, &["submodule", "--quiet", "add", &url, "part"]);
    git(&site.origin, &["commit", "--quiet", "--message", "part"]);
    let (reason, _) = site.refusal(MAIN);
    assert!(reason.contains("in the way of the commit: `part/photo`"), "{reason}");
    assert_eq!(site.bench.file("part/photo"), "mine");
}

#[test]
fn a_commit_with_a_path_that_leads_out_touches_nothing() {
    use std::io::Write;
    let mut site = Site::new();
    site.updated_to("refs/heads/main");
    moves_aside(&mut site);
    let secret = site.dir().parent().unwrap().join("secret");
    let inside = site.dir().join(".git/description");
    let described = fs::read_to_string(&inside).unwrap();
    fs::write(&secret, "a secret that is long enough").unwrap();
    for (outer, inner) in [("..", "secret"), (".git", "description")] {
        // No command of git's makes such a tree: its bytes are written as they are.
        let blob = git(&site.origin, &["hash-object", "-w", "file"]);
        let tree = |mode: &str, name: &str, object: &str| {
            let entry = [format!("{mode} {name}\0").as_bytes(), &hex::decode(object).unwrap()].concat();
            let mut hash = Command::new("git");
            hash.args(["hash-object", "-t", "tree", "-w", "--literally", "--stdin"]).current_dir(&site.origin);
            let mut hash = hash.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            hash.stdin.take().unwrap().write_all(&entry).unwrap();
            String::from_utf8(hash.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
        };
        let commit =
            git(&site.origin, &["commit-tree", "-m", "out", &tree("40000", outer, &tree("100644", inner, &blob))]);
        git(&site.origin, &["update-ref", "refs/heads/main", &commit]);
        let (reason, may_pass) = site.refusal("refs/heads/main");
        let expected = format!(
            "the commit has a path that leads out of the work tree, or to git's own files: `{outer}/{inner}`; nothing was touched"
        );
        assert_eq!((reason, may_pass), (expected, false));
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "a secret that is long enough");
    assert_eq!(fs::read_to_string(&inside).unwrap(), described);
}
