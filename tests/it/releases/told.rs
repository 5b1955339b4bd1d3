//! What `check` and `doctor` tell of releases.

use crate::support::app::{App, NO_STEPS};
use crate::support::control::said;
use std::fs;
use std::os::unix::fs::symlink;

/// The findings of `doctor` on the hook's releases, with `ROOT` for the directory.
fn findings(app: &App) -> Vec<String> {
    let (_, text) = said(app, &["doctor", "--offline", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let is_of_delivery = |finding: &serde_json::Value| finding["what"].as_str().unwrap().starts_with("no delivery");
    let of_app =
        |finding: &&serde_json::Value| finding["hooks"] == serde_json::json!(["app"]) && !is_of_delivery(finding);
    let line = |finding: &serde_json::Value| {
        let what = finding["what"].as_str().unwrap().replace(app.root().to_str().unwrap(), "ROOT");
        format!("{}: {what}", finding["level"].as_str().unwrap())
    };
    // No forge sends anything to it.
    let is_of_releases = |finding: &String| !finding.ends_with("nothing has ever arrived");
    found["findings"].as_array().unwrap().iter().filter(of_app).map(line).filter(is_of_releases).collect()
}

#[test]
fn check_says_how_many_stay_what_is_shared_and_when_the_switch_comes() {
    let app = App::new("keep = 3, shared = [\"storage\", \".env\"]", "steps = [{ run = [\"true\"] }]");
    let (status, text) = said(&app, &["check"]);
    let expected = format!(
        "\n  releases: 3 are kept; shared: storage, .env; step 3 of 3 switches {}\n",
        app.at("current").display()
    );
    assert!(status == Some(0) && text.contains(&expected), "{text}");
    app.set("rollback = \"on-failure\"\nsteps = [{ switch = \"current\" }, { shell = \"true\" }]");
    assert!(said(&app, &["check"]).1.contains("/app/current, and back if one after it fails\n"));
}

#[test]
fn doctor_says_what_is_served_and_what_could_not_be_removed() {
    let app = App::new("shared = [\"storage\"]", NO_STEPS);
    assert_eq!(findings(&app), [""; 0], "nothing is there yet, and the first job makes it");
    app.deploy(&[("page", "one")]);
    let name = app.trees().remove(0);
    assert_eq!(findings(&app), [format!("ok: ROOT/app/current is release {name}; 1 good one is there")]);
    fs::create_dir(app.at("releases/.9-aaaaaaaaaa.gone")).unwrap();
    fs::remove_file(app.at(&format!("releases/{name}.good"))).unwrap();
    assert_eq!(
        findings(&app),
        [
            format!("warning: ROOT/app/current leads to release {name}, which has no mark of a good one"),
            "warning: ROOT/app/releases/.9-aaaaaaaaaa.gone could not be removed".to_owned(),
        ]
    );
    fs::remove_dir_all(app.at("releases")).unwrap();
    assert_eq!(findings(&app), [format!("problem: ROOT/app/current leads to release {name}, which is gone")]);
    let current = app.at("current");
    fs::remove_file(&current).unwrap();
    assert_eq!(findings(&app), ["note: there is no ROOT/app/current yet"]);
    symlink("/srv", &current).unwrap();
    assert_eq!(findings(&app), ["warning: ROOT/app/current leads to /srv, which is no release"]);
    fs::remove_file(&current).unwrap();
    fs::create_dir(&current).unwrap();
    fs::remove_dir_all(app.at("shared/storage")).unwrap();
    let expected =
        ["note: ROOT/app/current is a directory", "note: of what is shared, `storage` is not in ROOT/app/shared"];
    assert_eq!(findings(&app), expected);
}

#[test]
fn doctor_looks_at_the_key_and_at_the_bare_repository() {
    let app = App::new("", &format!("ssh_key = \"ROOT/key\"\n{NO_STEPS}"));
    assert!(
        findings(&app).contains(&"problem: `ssh_key`: `ROOT/key`: does not exist".to_owned()),
        "{:?}",
        findings(&app)
    );
    app.write("key", "x");
    app.deploy(&[("page", "one")]);
    assert_eq!(findings(&app).len(), 1, "{:?}", findings(&app));
    crate::support::app::git(&app.at("repo"), &["remote", "remove", "origin"]);
    let expected = "problem: the repository ROOT/app/repo has no remote `origin`".to_owned();
    assert!(findings(&app).contains(&expected), "{:?}", findings(&app));
}
