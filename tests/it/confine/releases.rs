//! Edge. Confined steps that work in a release.

use crate::support::app::App;
use std::fs;
use std::os::unix::fs::symlink;

/// A hook whose steps run `script` in a box, before the switch and after it.
fn app(shared: &str, script: &str) -> App {
    let step = format!("{{ shell = \"{script}\" }}");
    App::new(shared, &format!("confine = true\nsteps = [{step}, {{ switch = \"current\" }}, {step}]"))
}

#[test]
fn a_step_writes_to_its_release_and_to_what_is_shared_and_to_no_other() {
    let script = "set -e; echo x >built; echo x >>storage/log; cat page; ! ls ../../repo; ! ls ..; ! echo >../evil; \
                  ! echo >>../../releases.log; ! ln -sfn / ../../current; ! echo >../../shared/evil; \
                  if [ -n \\\"$HOOKSPOOL_PREVIOUS\\\" ]; then ! cat $HOOKSPOOL_PREVIOUS/page; fi";
    let app = app("shared = [\"storage/\"]", script);
    for page in ["one", "two"] {
        let log = app.deploy(&[("page", page)]);
        assert!(log.contains("out "), "{log}");
    }
    assert_eq!(app.page("built"), "x\n");
    assert_eq!(fs::read_to_string(app.at("shared/storage/log")).unwrap(), "x\n".repeat(4));
    assert!(!app.at("releases/evil").exists() && !app.at("shared/evil").exists());
}

#[test]
fn a_link_that_a_step_put_in_the_place_of_a_shared_part_opens_nothing() {
    let app = app("shared = [\"storage/\"]", "true");
    app.deploy(&[("page", "one")]);
    fs::remove_dir_all(app.at("shared/storage")).unwrap();
    symlink(app.path("spool"), app.at("shared/storage")).unwrap();
    let reason = app.fails(&[("page", "two")]);
    assert!(reason.contains("`confine`: it opens `ROOT/spool`, which no confined step may reach"), "{reason}");
}
