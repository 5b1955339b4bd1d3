//! A job makes a release, and `current` leads to it once its steps have done what they should.

use crate::support::app::{App, NO_STEPS, git};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn a_job_makes_a_release_and_its_steps_work_there() {
    let steps = "steps = [{ shell = \"echo $HOOKSPOOL_RELEASE ${HOOKSPOOL_PREVIOUS:-none} $HOOKSPOOL_COMMIT >>../../seen; \
                 echo built >built\" }]";
    let app = App::new("", steps);
    let first = app.commit(&[("page", "one")]);
    app.deploy(&[]);
    let log = app.deploy(&[("page", "two")]);
    assert_eq!((app.page("page"), app.page("built"), app.current()), ("two".into(), "built\n".into(), 2));
    let seen = fs::read_to_string(app.at("seen")).unwrap().replace(app.root().to_str().unwrap(), "ROOT");
    let lines: Vec<Vec<&str>> = seen.lines().map(|line| line.split(' ').collect()).collect();
    let trees = app.trees();
    let path = |at: usize| format!("ROOT/app/releases/{}", trees[at]);
    assert_eq!(lines[0][..2], [path(0), "none".to_owned()]);
    assert_eq!(lines[1][..2], [path(1), path(0)]);
    assert!(lines[0][2] != first && trees[0].ends_with(&lines[0][2][..10]), "{lines:?}: {trees:?}");
    assert_eq!(app.good(), trees, "each has its mark");
    assert!(log.contains("step 3 of 3: switch current"), "it follows the last step: {log}");
    assert_eq!(app.switches(), ["switch 1", "switch 2"]);
}

#[test]
fn a_repository_of_which_a_power_cut_left_only_names_is_made_anew() {
    let app = App::new("", NO_STEPS);
    git(app.root(), &["init", "--quiet", "--bare", "app/repo"]);
    for name in ["HEAD", "config"] {
        fs::write(app.at("repo").join(name), "").unwrap();
    }
    app.deploy(&[("page", "one")]);
    assert_eq!(app.page("page"), "one");
}

#[test]
fn a_build_that_fails_leaves_the_site_as_it_was_and_one_of_them_stays() {
    let app = App::new("", "steps = [{ shell = \"test ! -e fail\" }]");
    app.deploy(&[("page", "one")]);
    for text in ["two", "three", "four"] {
        let reason = app.fails(&[("page", text), ("fail", "")]);
        assert!(reason.starts_with("step 2 (test ! -e fail) exited with 1"), "{reason}");
        assert_eq!((app.page("page"), app.current()), ("one".into(), 1));
    }
    assert_eq!(app.numbers(), [1, 4], "the good one, and the last that failed");
    app.git(&["rm", "--quiet", "fail"]);
    app.deploy(&[("page", "five")]);
    assert_eq!((app.page("page"), app.numbers()), ("five".into(), vec![1, 4, 5]));
}

#[test]
fn steps_after_the_switch_run_in_what_is_served_and_their_failure_says_so() {
    let app = App::new(
        "",
        "steps = [{ switch = \"current\" }, { shell = \"cd ../../current && cat page >>../../reloads; test ! -e fail\" }]",
    );
    app.deploy(&[("page", "one\n")]);
    let reason = app.fails(&[("page", "two\n"), ("fail", "")]);
    assert!(reason.contains(" exited with 1; `current` is release 2-"), "{reason}");
    assert!(reason.ends_with(" all the same"), "{reason}");
    assert_eq!((app.page("page"), app.current()), ("two\n".into(), 2));
    assert_eq!(fs::read_to_string(app.at("reloads")).unwrap(), "one\ntwo\n");
}

#[test]
fn no_more_good_ones_stay_than_are_to_be_kept_and_failed_ones_push_none_out() {
    let app = App::new("keep = 2", "steps = [{ shell = \"test ! -e fail\" }]");
    for text in ["1", "2", "3", "4"] {
        app.deploy(&[("page", text)]);
    }
    assert_eq!(app.numbers(), [3, 4]);
    for text in ["5", "6", "7"] {
        app.fails(&[("page", text), ("fail", "")]);
    }
    assert_eq!((app.numbers(), app.page("page")), (vec![3, 4, 7], "4".into()));
    app.roll_back(&[]);
    assert_eq!((app.page("page"), app.current()), ("3".into(), 3), "there is a good one to go back to");
}

#[test]
fn a_release_that_cannot_be_removed_is_a_warning_and_goes_when_it_can() {
    let app = App::new("keep = 1", NO_STEPS);
    for text in ["1", "2"] {
        app.deploy(&[("page", text)]);
    }
    let first = app.at("releases").join(app.trees().remove(0));
    let stuck = first.join("stuck");
    fs::create_dir(&stuck).unwrap();
    // What a web server's user made cannot be removed; for root, a place that another file system is mounted on.
    let script = format!(
        "mount -t tmpfs none {0} && exec {1} --config {2} spool-runner --once",
        stuck.display(),
        crate::support::world::PROGRAM,
        app.path("hookspool.toml").display()
    );
    app.commit(&[("page", "3")]);
    let id = app.push();
    let words = ["--mount", "--propagation", "private", "sh", "-c", &script];
    let output = std::process::Command::new("unshare").args(words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let log = app.log_of(id);
    assert!(log.contains("warning: cannot remove `") && app.page("page") == "3", "{log}");
    app.deploy(&[("page", "4")]);
    assert_eq!((app.names_in("releases").len(), app.numbers()), (5, vec![3, 4]), "{:?}", app.names_in("releases"));
}

#[test]
fn submodules_come_along_and_nothing_of_git_is_in_the_tree() {
    let app = App::new("", NO_STEPS);
    let library = app.path("library");
    fs::create_dir(&library).unwrap();
    git(&library, &["init", "--quiet"]);
    fs::write(library.join("inside"), "one").unwrap();
    git(&library, &["add", "."]);
    git(&library, &["commit", "--quiet", "-m", "one"]);
    app.git(&["submodule", "--quiet", "add", library.to_str().unwrap(), "part"]);
    // A path as an address is refused to submodules, unless the user's own settings allow it.
    app.write("gitconfig", "[protocol \"file\"]\n\tallow = always\n");
    let allowed = format!("env = {{ GIT_CONFIG_GLOBAL = \"{}\" }}\n{NO_STEPS}", app.path("gitconfig").display());
    app.set(&allowed);
    app.deploy(&[("page", "one")]);
    assert_eq!(app.page("part/inside"), "one");
    fs::write(library.join("inside"), "two").unwrap();
    git(&library, &["commit", "--quiet", "-am", "two"]);
    git(&app.path("origin/part"), &["pull", "--quiet"]);
    app.deploy(&[("page", "two")]);
    assert_eq!((app.page("part/inside"), app.page("page")), ("two".into(), "two".into()));
    let output = std::process::Command::new("find").arg(app.at("releases")).args(["-name", ".git"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    assert!(app.at("repo/modules/part").is_dir() && app.at("repo/HEAD").is_file());
}

#[test]
fn sparse_trees_and_filters_are_as_the_repository_has_them() {
    let app = App::new("", NO_STEPS);
    app.deploy(&[("page", "one"), ("docs/a", "docs"), ("src/b", "src")]);
    let repo = app.at("repo");
    git(&repo, &["config", "core.sparseCheckout", "true"]);
    git(&repo, &["config", "filter.loud.smudge", "tr a-z A-Z"]);
    fs::create_dir_all(repo.join("info")).unwrap();
    fs::write(repo.join("info/sparse-checkout"), "/*\n!/src/\n").unwrap();
    app.deploy(&[("page", "two"), (".gitattributes", "docs/* filter=loud\n")]);
    assert_eq!((app.page("page"), app.page("docs/a")), ("two".into(), "DOCS".into()));
    assert!(!app.at("current/src").exists());
}

#[test]
fn a_real_directory_in_the_links_place_is_exchanged_once_and_kept_aside() {
    let app = App::new("", NO_STEPS);
    fs::create_dir_all(app.at("current")).unwrap();
    fs::write(app.at("current/page"), "by hand").unwrap();
    let log = app.deploy(&[("page", "one")]);
    let aside = app.at("current.before-releases");
    assert!(log.contains(&format!("the directory that stood there is `{}` now", aside.display())), "{log}");
    assert_eq!((app.page("page"), fs::read_to_string(aside.join("page")).unwrap()), ("one".into(), "by hand".into()));
    assert!(app.at("current").is_symlink());
    let link = app.at("current");
    fs::remove_file(&link).unwrap();
    fs::create_dir(&link).unwrap();
    app.deploy(&[("page", "two")]);
    assert_eq!(app.page("page"), "two");
    assert!(app.at("current.before-releases.2").is_dir(), "nothing that was set aside is replaced");
}

#[test]
fn a_file_in_the_links_place_is_refused_and_a_foreign_link_is_switched() {
    let app = App::new("", NO_STEPS);
    fs::create_dir(app.at("")).unwrap();
    fs::write(app.at("current"), "x").unwrap();
    let reason = app.fails(&[("page", "one")]);
    assert!(reason.contains("cannot replace `ROOT/app/current`: not a directory"), "{reason}");
    fs::remove_file(app.at("current")).unwrap();
    fs::create_dir(app.path("elsewhere")).unwrap();
    symlink(app.path("elsewhere"), app.at("current")).unwrap();
    app.deploy(&[("page", "two")]);
    assert_eq!(app.page("page"), "two");
    assert!(app.path("elsewhere").is_dir());
}

#[test]
fn files_have_the_modes_that_the_umask_leaves() {
    let app = App::new("", "umask = \"027\"\nsteps = [{ shell = \"umask; echo x >made; mkdir dir\" }]");
    let log = app.deploy(&[("page", "one")]);
    assert!(log.contains(" out 0027\n"), "{log}");
    let mode = |path: &str| fs::metadata(app.at(path)).unwrap().permissions().mode() & 0o777;
    let files = ["current/page", "current/made", "releases.log"].map(mode);
    assert_eq!(files, [0o640, 0o640, 0o640]);
    assert_eq!(["current/", "current/dir", "releases", "shared", ""].map(mode), [0o750; 5]);
}

#[test]
fn a_release_needs_a_repository_and_says_where_it_would_come_from() {
    let app = App::new("", NO_STEPS);
    let lines = format!("branches = [\"main\"]\nreleases = {{ dir = \"{}\" }}\n{NO_STEPS}", app.path("app").display());
    app.configure("", &[("app", &lines)]);
    let reason = app.fails(&[]);
    assert!(
        reason.contains("`ROOT/app/repo` holds no repository; `from` would say where releases come from"),
        "{reason}"
    );
    git(&app.path(""), &["clone", "--quiet", "--mirror", "origin", "app/repo"]);
    app.deploy(&[("page", "two")]);
    assert_eq!(app.page("page"), "two", "a mirror that somebody made");
}

/// A disk of six megabytes for the releases, as long as the script runs.
fn on_a_small_disk(app: &App, script: &str) -> String {
    let program = crate::support::world::PROGRAM;
    let hookspool = format!("{program} --config {}", app.path("hookspool.toml").display());
    let script = script.replace("HOOKSPOOL", &hookspool).replace("APP", app.at("").to_str().unwrap());
    fs::create_dir(app.at("")).unwrap();
    let script = format!("set -e; mount -t tmpfs -o size=6m,mode=0755 none {}; {script}", app.at("").display());
    let words = ["--mount", "--propagation", "private", "sh", "-c", &script];
    let output = std::process::Command::new("unshare").args(words).current_dir(app.path("origin")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const LOOK: &str = "cat APP/current/page; echo; ls APP/releases | grep -c -v good; ";

#[test]
fn a_disk_that_is_full_while_a_release_is_built_leaves_the_one_that_is_served() {
    let steps = "steps = [{ shell = \"test ! -e big || head -c 20M /dev/zero >out\" }]";
    let app = App::new("", steps);
    app.push();
    let commit = "git -c user.name=t -c user.email=t@h commit -q -m more";
    let printed = on_a_small_disk(
        &app,
        &format!(
            "HOOKSPOOL spool-runner --once; {LOOK} touch big; echo new >page; git add .; {commit}; \
             HOOKSPOOL deploy app >/dev/null; HOOKSPOOL spool-runner --once || true; {LOOK} git rm -q big; {commit}; \
             HOOKSPOOL deploy app >/dev/null; HOOKSPOOL spool-runner --once; {LOOK}"
        ),
    );
    assert_eq!(printed, "0\n1\n0\n1\nnew\n\n2\n", "the full one is not kept: it is in the way of the next");
    let reasons: Vec<String> = app.listed().iter().map(|job| job["reason"].to_string()).collect();
    assert!(reasons[1].contains("no space is left on the disk of"), "{reasons:?}");
}

#[test]
fn a_commit_for_which_there_is_no_room_leaves_no_half_release() {
    let app = App::new("", NO_STEPS);
    app.push();
    let commit = "git -c user.name=t -c user.email=t@h commit -q -m more";
    let printed = on_a_small_disk(
        &app,
        &format!(
            "HOOKSPOOL spool-runner --once; {LOOK} head -c 4M /dev/urandom >big; git add .; {commit}; \
             HOOKSPOOL deploy app >/dev/null; HOOKSPOOL spool-runner --once || true; {LOOK}"
        ),
    );
    assert_eq!(printed, "0\n1\n0\n1\n");
    let reasons: Vec<String> = app.listed().iter().map(|job| job["reason"].to_string()).collect();
    assert!(reasons[1].contains("no space left on the disk of"), "{reasons:?}");
}

#[test]
fn files_of_git_lfs_are_in_the_tree_and_not_their_pointers() {
    let app = App::new("", NO_STEPS);
    let lfs = "[filter \"lfs\"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\
               \tprocess = git-lfs filter-process\n\trequired = true\n";
    app.write("gitconfig", lfs);
    for (key, value) in [("clean", "git-lfs clean -- %f"), ("smudge", "git-lfs smudge -- %f"), ("required", "true")] {
        app.git(&["config", &format!("filter.lfs.{key}"), value]);
    }
    let origin = app.path("origin");
    let lines = format!(
        "branches = [\"main\"]\nenv = {{ GIT_CONFIG_GLOBAL = \"{}\" }}\n\
         releases = {{ dir = \"{}\", from = \"file://{}\" }}\n{NO_STEPS}",
        app.path("gitconfig").display(),
        app.path("app").display(),
        origin.display()
    );
    app.configure("", &[("app", &lines)]);
    app.commit(&[(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")]);
    for text in ["one", "two"] {
        app.deploy(&[("a.bin", text)]);
        assert!(app.git(&["show", "HEAD:a.bin"]).starts_with("version https://git-lfs"), "a pointer is committed");
        assert_eq!(app.page("a.bin"), text);
    }
}

#[test]
fn a_release_that_could_not_be_switched_to_is_not_good() {
    let app = App::new("keep = 2", NO_STEPS);
    fs::create_dir_all(app.at("")).unwrap();
    fs::write(app.at("current"), "a file").unwrap();
    for page in ["1", "2", "3"] {
        let reason = app.fails(&[("page", page)]);
        assert!(reason.contains("cannot replace `ROOT/app/current`"), "{reason}");
    }
    assert_eq!((app.good(), app.numbers()), (vec![], vec![3]), "one that failed stays, to be looked at");
    fs::remove_file(app.at("current")).unwrap();
    app.deploy(&[("page", "4")]);
    assert_eq!(app.good().len(), 1, "{:?}", app.good());
}

#[test]
fn nobody_who_may_only_read_releases_holds_up_a_switch() {
    let app = App::new("", &format!("timeout = \"5s\"\n{NO_STEPS}"));
    app.deploy(&[("page", "1")]);
    let readable = fs::File::open(app.at("releases")).unwrap();
    rustix::fs::flock(&readable, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    app.deploy(&[("page", "2")]);
    assert_eq!(app.page("page"), "2");
    let lock = app.at("releases/.lock");
    assert_eq!(fs::metadata(&lock).unwrap().permissions().mode() & 0o777, 0o600);
    fs::remove_file(&lock).unwrap();
    fs::write(app.path("elsewhere"), "").unwrap();
    symlink(app.path("elsewhere"), &lock).unwrap();
    let reason = app.fails(&[("page", "3")]);
    assert!(reason.contains("cannot open `ROOT/app/releases/.lock`"), "a link: {reason}");
}

#[test]
fn a_switch_waits_for_whoever_has_the_lock() {
    let app = App::new("", &format!("timeout = \"1s\"\nretry = {{ attempts = 1 }}\n{NO_STEPS}"));
    app.deploy(&[("page", "1")]);
    let lock = fs::File::options().read(true).write(true).open(app.at("releases/.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    app.commit(&[("page", "2")]);
    let job = app.push();
    app.drain();
    assert_eq!((app.job(job)[1].as_str(), app.page("page").as_str()), ("timed-out", "1"));
    drop(lock);
    app.deploy(&[]);
    assert_eq!(app.page("page"), "2");
}
