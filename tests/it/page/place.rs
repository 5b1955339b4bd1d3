//! The page's directory: what it may not be, who can read it, and who has been there before.

use crate::support::control::said;
use crate::support::until;
use crate::support::yard::Yard;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

const HOOKS: [(&str, &str); 1] = [("docs", "steps = [{ shell = \"true\" }]")];

fn yard() -> Yard {
    Yard::new("[page]\ndir = \"ROOT/www\"", &HOOKS)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_page_in_the_spool_or_around_it_is_refused_also_by_way_of_a_link() {
    let refused = |dir: &str| {
        let yard = yard();
        symlink(yard.spool(), yard.path("link")).unwrap();
        symlink(yard.root(), yard.path("around")).unwrap();
        yard.configure(&format!("[page]\ndir = \"{dir}\""), &HOOKS);
        let (status, text) = said(&yard, &["page"]);
        assert!(!yard.spool().join("index.html").exists() && !yard.path("index.html").exists());
        (status, text.replace(yard.root().to_str().unwrap(), "ROOT"))
    };
    for dir in ["ROOT/spool", "ROOT/spool/www", "ROOT", "/"] {
        let (status, text) = refused(dir);
        assert_eq!(status, Some(78), "{dir}: {text}");
    }
    for dir in ["ROOT/link", "ROOT/link/www", "ROOT/around"] {
        let (status, text) = refused(dir);
        assert_eq!(status, Some(73), "{dir}: {text}");
        assert!(text.contains("lie in one another"), "{text}");
    }
    let (status, text) = refused("/root");
    assert_eq!(status, Some(78), "{text}");
    assert!(text.contains("the page needs a directory of its own"), "{text}");
}

#[test]
fn the_directory_may_be_a_link_and_nothing_below_it_is_followed() {
    let yard = yard();
    fs::create_dir_all(yard.path("real")).unwrap();
    symlink(yard.path("real"), yard.path("www")).unwrap();
    assert_eq!(said(&yard, &["page"]).0, Some(0));
    for name in ["index.html", "icon.svg", "status.json"] {
        fs::write(yard.path(name), "a stranger's").unwrap();
        fs::remove_file(yard.path("real").join(name)).unwrap();
        symlink(yard.path(name), yard.path("real").join(name)).unwrap();
    }
    assert_eq!(said(&yard, &["page"]).0, Some(0));
    for name in ["index.html", "icon.svg", "status.json"] {
        assert_eq!(fs::read_to_string(yard.path(name)).unwrap(), "a stranger's");
        assert!(fs::symlink_metadata(yard.path("real").join(name)).unwrap().is_file(), "{name} is replaced");
    }
    fs::remove_dir_all(yard.path("real/job")).unwrap();
    fs::create_dir(yard.path("elsewhere")).unwrap();
    symlink(yard.path("elsewhere"), yard.path("real/job")).unwrap();
    yard.deliver("docs", "main", "1");
    let (status, text) = said(&yard, &["page"]);
    assert_eq!(status, Some(73), "{text}");
    assert!(text.contains("/job` is no directory; remove it"), "{text}");
    assert_eq!(fs::read_dir(yard.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_page_of_somebody_else_is_left_alone_and_named() {
    for name in ["index.html", "style.css", "status.json"] {
        let yard = yard();
        fs::create_dir(yard.path("www")).unwrap();
        fs::write(yard.path("www").join(name), "/* a stranger's */").unwrap();
        let refusal = format!("holds a page that is not hookspool's (`{name}`)");
        let remedy = "name another directory, or empty it";
        for (verb, expected) in [("page", 73), ("check", 1), ("doctor", 1)] {
            let (status, text) = said(&yard, &[verb]);
            assert!(status == Some(expected) && text.contains(&refusal), "{verb}: {status:?} {text}");
            assert_eq!(text.matches(remedy).count(), 1, "{verb}: {text}");
        }
        yard.deliver("docs", "main", "1");
        let log = String::from_utf8(yard.drain().stderr).unwrap();
        assert!(log.contains("event=page-not-written") && log.contains(&refusal), "{log}");
        let left: Vec<_> = fs::read_dir(yard.path("www")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [name]);
        assert_eq!(fs::read_to_string(yard.path("www").join(name)).unwrap(), "/* a stranger's */");
    }
}

#[test]
fn everybody_may_read_what_the_umask_leaves_to_them() {
    for (umask, files, directories) in
        [("000", 0o644, 0o755), ("022", 0o644, 0o755), ("027", 0o640, 0o750), ("077", 0o600, 0o700)]
    {
        let yard = yard();
        let program = crate::support::world::PROGRAM;
        let script = format!("umask {umask}; exec {program} --config {}/hookspool.toml page", yard.root().display());
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        for name in ["", "job", "badge"] {
            assert_eq!(mode(&yard.path("www").join(name)), directories, "{name} at {umask}");
        }
        for name in ["index.html", "style.css", "status.json", "icon.svg", "badge/docs.svg"] {
            assert_eq!(mode(&yard.path("www").join(name)), files, "{name} at {umask}");
        }
    }
}

#[test]
fn in_a_directory_with_the_group_of_the_web_server_that_group_may_read() {
    let yard = yard();
    fs::create_dir(yard.path("www")).unwrap();
    let gid = |path: &Path| fs::metadata(path).unwrap().gid();
    let group = if rustix::process::geteuid().is_root() { 33 } else { gid(&yard.path("www")) };
    chown(yard.path("www"), None, Some(group)).unwrap();
    fs::set_permissions(yard.path("www"), fs::Permissions::from_mode(0o2750)).unwrap();
    yard.deliver("docs", "main", "1");
    let program = crate::support::world::PROGRAM;
    let script = format!("umask 027; exec {program} -c {}/hookspool.toml spool-runner --once", yard.root().display());
    assert!(std::process::Command::new("sh").args(["-c", &script]).output().unwrap().status.success());
    for (name, expected) in [("job", 0o2750), ("badge", 0o2750), ("index.html", 0o640), ("style.css", 0o640)] {
        let path = yard.path("www").join(name);
        assert_eq!((gid(&path), mode(&path)), (group, expected), "{name}");
    }
    let page = fs::read_dir(yard.path("www/job")).unwrap().next().unwrap().unwrap().path();
    assert_eq!((gid(&page), mode(&page)), (group, 0o640));
}

#[test]
fn what_a_crash_left_half_written_is_swept_once_it_is_old() {
    let yard = yard();
    assert_eq!(said(&yard, &["page"]).0, Some(0));
    let fresh = yard.path("www/job/.hookspool.0123456789abcdef~");
    fs::write(&fresh, "half").unwrap();
    assert_eq!(said(&yard, &["page"]).0, Some(0));
    assert!(fresh.exists(), "somebody may be at it");
}

#[test]
fn check_names_a_directory_that_cannot_be_made_and_a_secret_that_would_be_handed_out() {
    let yard = yard();
    assert_eq!(said(&yard, &["check"]).0, Some(0));
    yard.configure("[page]\ndir = \"ROOT/absent/www\"", &HOOKS);
    let (status, text) = said(&yard, &["check"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("is not there, and the runner cannot make it; install -d -o "), "{text}");
    yard.configure("[page]\ndir = \"ROOT/www\"", &HOOKS);
    fs::create_dir(yard.path("www")).unwrap();
    fs::rename(yard.path("secret"), yard.path("www/secret")).unwrap();
    symlink(yard.path("www/secret"), yard.path("secret")).unwrap();
    let (status, text) = said(&yard, &["check"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("/secret lies below the page") && text.contains("move it elsewhere"), "{text}");
    let (status, text) = said(&yard, &["doctor", "--offline"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("a web server may hand it out to everybody"), "{text}");
}

#[test]
fn doctor_tells_whether_the_page_is_written_and_how_old_it_is() {
    let yard = yard();
    let told = || {
        let text = said(&yard, &["doctor", "--offline"]).1;
        let line = text.lines().find(|line| line.contains("the page ")).unwrap_or_default();
        line.replace(yard.root().to_str().unwrap(), "ROOT")
    };
    assert_eq!(told(), "note     the page ROOT/www was never written");
    let runner = yard.start();
    until("there is a page", || yard.path("www/index.html").exists());
    assert_eq!(told(), "ok       the page ROOT/www is written");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    fs::File::open(yard.path("www/index.html")).unwrap().set_modified(old).unwrap();
    assert_eq!(told(), "warning  the page ROOT/www was not written for 10 minutes");
    runner.stop();
}

#[test]
fn a_directory_in_the_place_of_a_file_is_said_and_stops_nothing_else() {
    let yard = yard();
    fs::create_dir_all(yard.path("www/index.html")).unwrap();
    let id = yard.deliver("docs", "main", "1");
    let output = yard.drain();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(yard.job(id)[1], "succeeded");
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("index.html`: ") && log.contains("event=page-not-written"), "{log}");
    let names: Vec<String> = fs::read_dir(yard.path("www"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".hookspool"))
        .collect();
    assert_eq!(names, [""; 0], "nothing is left half written");
}

#[test]
fn without_a_page_in_the_configuration_the_verb_says_how_to_get_one() {
    let yard = Yard::new("", &HOOKS);
    let (status, text) = said(&yard, &["page"]);
    assert_eq!(status, Some(78), "{text}");
    assert!(text.contains("there is no `[page]` in the configuration; add one with `dir`"), "{text}");
}
