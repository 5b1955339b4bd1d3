//! Files and directories that all releases share.

use crate::support::app::{App, NO_STEPS};
use std::fs;
use std::os::unix::fs::MetadataExt;

fn read(app: &App, path: &str) -> String {
    fs::read_to_string(app.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn what_is_shared_is_made_or_taken_from_the_commit_at_first() {
    let app = App::new("shared = [\"storage\", \"public/uploads\", \"cache.d/\"]", NO_STEPS);
    let log = app.deploy(&[("storage/app/.gitkeep", ""), ("storage/seed", "seed")]);
    for said in ["/shared/storage` of what the commit has", "made the directory `", "/shared/cache.d`"] {
        assert!(log.contains(said), "{said}: {log}");
    }
    fs::write(app.at("current/storage/data"), "data").unwrap();
    fs::write(app.at("current/public/uploads/image"), "image").unwrap();
    app.deploy(&[("page", "two")]);
    assert_eq!((app.page("storage/data"), app.page("public/uploads/image")), ("data".into(), "image".into()));
    assert_eq!(read(&app, "shared/storage/seed"), "seed");
    let led = fs::read_link(app.at("current/public/uploads")).unwrap();
    assert_eq!(led, std::path::Path::new("../../../shared/public/uploads"));
    assert!(app.at("shared/cache.d").is_dir());
}

#[test]
fn a_file_that_is_nowhere_yet_is_asked_for_by_name() {
    let app = App::new("shared = [\".env\"]", NO_STEPS);
    let reason = app.fails(&[("page", "one")]);
    let expected = "`.env` is shared, and is neither in `ROOT/app/shared` nor in the commit; put it there \
                    (for a directory, write `.env/`)";
    assert!(reason.contains(expected), "{reason}");
    assert_eq!(app.numbers(), [0; 0], "what came to nothing is gone");
    fs::write(app.at("shared/.env"), "A=1").unwrap();
    app.deploy(&[]);
    assert_eq!(app.page(".env"), "A=1");
}

#[test]
fn nothing_that_the_commit_has_is_hidden() {
    let app = App::new("shared = [\"storage\"]", NO_STEPS);
    app.deploy(&[("storage/seed", "seed"), ("storage/.gitignore", "*\n")]);
    app.deploy(&[("page", "the same is no matter")]);
    let reason = app.fails(&[("storage/seed", "another"), ("storage/more/new", "x")]);
    let expected = "the shared `storage` would hide what the commit has: `storage/more/new`, `storage/seed`; put the \
                    same into `ROOT/app/shared/storage`, or take it out of the repository";
    let sorted = reason.replace("`storage/seed`, `storage/more/new`", "`storage/more/new`, `storage/seed`");
    assert!(sorted.contains(expected), "{reason}");
    assert_eq!((app.current(), read(&app, "shared/storage/seed")), (2, "seed".into()));
    app.git(&["rm", "--quiet", "-r", "storage/seed", "storage/more"]);
    app.deploy(&[("storage/.gitignore", "*\n!logs\n"), ("storage/logs/.gitkeep", "")]);
    assert!(app.at("shared/storage/logs").is_dir(), "what only keeps a directory brings the directory");
    assert_eq!(read(&app, "shared/storage/.gitignore"), "*\n", "and changes nothing");
}

#[test]
fn a_path_through_a_file_or_a_link_of_the_commit_is_refused() {
    let app = App::new("shared = [\"a/b\"]", NO_STEPS);
    let reason = app.fails(&[("a", "a file")]);
    assert!(reason.contains("`a/b` cannot be shared: `a` of the commit is no directory"), "{reason}");
    app.git(&["rm", "--quiet", "a"]);
    std::os::unix::fs::symlink("/etc", app.path("origin/a")).unwrap();
    let reason = app.fails(&[("page", "two")]);
    assert!(reason.contains("`a/b` cannot be shared: `a` of the commit is no directory"), "{reason}");
}

#[test]
fn data_of_a_site_that_is_no_release_yet_is_moved_and_missed_at_no_moment() {
    let app = App::new("shared = [\"data\", \".env\"]", NO_STEPS);
    fs::create_dir_all(app.at("current/data")).unwrap();
    fs::write(app.at("current/data/row"), "row").unwrap();
    fs::write(app.at("current/.env"), "A=1").unwrap();
    let inode = fs::metadata(app.at("current/data")).unwrap().ino();
    app.set("steps = [{ shell = \"false\" }]");
    app.fails(&[("page", "one")]);
    assert_eq!((app.page("data/row"), app.page(".env")), ("row".into(), "A=1".into()), "the site goes on with them");
    app.set(NO_STEPS);
    app.deploy(&[("page", "two")]);
    assert_eq!((app.page("data/row"), app.page(".env"), app.page("page")), ("row".into(), "A=1".into(), "two".into()));
    assert_eq!(fs::metadata(app.at("shared/data")).unwrap().ino(), inode, "moved, with its owners");
}

#[test]
fn what_somebody_else_put_into_the_shared_directory_harms_nobody() {
    let app = App::new("shared = [\"storage\"]", NO_STEPS);
    app.deploy(&[("storage/seed", "seed"), ("storage/logs/.gitkeep", "")]);
    let seed = app.at("shared/storage/seed");
    fs::remove_file(&seed).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&seed).status().unwrap().success());
    let reason = app.fails(&[("page", "two")]);
    assert!(
        reason.contains("would hide what the commit has: `storage/seed`"),
        "a pipe that nobody writes to: {reason}"
    );
    fs::remove_file(&seed).unwrap();
    fs::write(&seed, "seed").unwrap();
    fs::remove_dir_all(app.at("shared/storage/logs")).unwrap();
    fs::create_dir(app.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(app.path("elsewhere"), app.at("shared/storage/logs")).unwrap();
    let reason = app.fails(&[("page", "three")]);
    assert!(reason.contains("would hide what the commit has: `storage/logs`"), "{reason}");
    assert_eq!(fs::read_dir(app.path("elsewhere")).unwrap().count(), 0, "nothing is put where a link leads");
}

#[test]
fn a_link_that_somebody_else_put_in_the_place_of_a_part_is_refused() {
    let app = App::new("shared = [\"storage/app\"]", NO_STEPS);
    app.deploy(&[("storage/app/.gitkeep", "")]);
    fs::create_dir(app.path("elsewhere")).unwrap();
    for part in ["storage/app", "storage"] {
        let link = app.at("shared").join(part);
        fs::rename(&link, app.path("aside")).unwrap();
        std::os::unix::fs::symlink(app.path("elsewhere"), &link).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::lchown(&link, Some(33), None).unwrap();
            let reason = app.fails(&[("storage/app/logs/.gitkeep", ""), ("page", part)]);
            let expected = format!("`ROOT/app/shared/{part}` is a link that somebody else made; remove it");
            assert!(reason.contains(&expected), "{reason}");
            assert_eq!(fs::read_dir(app.path("elsewhere")).unwrap().count(), 0, "nothing is put where it leads");
        }
        fs::remove_file(&link).unwrap();
        fs::rename(app.path("aside"), &link).unwrap();
    }
    let link = app.at("shared/storage/app");
    fs::rename(&link, app.path("volume")).unwrap();
    std::os::unix::fs::symlink(app.path("volume"), &link).unwrap();
    app.deploy(&[("storage/app/logs/.gitkeep", ""), ("page", "ours")]);
    assert!(app.path("volume/logs/.gitkeep").is_file(), "a link that the runner's user, or root, made is followed");
}
