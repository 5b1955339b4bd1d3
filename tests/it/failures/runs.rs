//! Jobs and runners: what runs, what hid that it failed, and what ran before.

use crate::support::control::{json, queue, said};
use crate::support::until;
use crate::support::yard::Yard;
use std::fs;

#[test]
fn a_job_under_way_is_shown_with_its_step_its_limit_and_its_last_words() {
    let steps = "timeout = \"15m\"\nsteps = [{ run = [\"true\"] }, { shell = \"echo 37 percent; cat gate\" }]";
    let yard = Yard::new("", &[("docs", steps)]);
    yard.fifo("gate");
    let runner = yard.start();
    let id = queue(&yard, &["main"])[0].short();
    until("the step has printed", || said(&yard, &["show", &id]).1.contains("37 percent"));
    let (_, text) = said(&yard, &["show", &id]);
    let line = text.lines().find_map(|line| line.strip_prefix("under way   ")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.starts_with("step 2 of 2, echo 37 percent; cat gate, for "), "{line}");
    assert!(line.contains(" (at most 15m); last output ") && line.ends_with(" ago: 37 percent"), "{line}");
    let told = json(&yard, &["show", &id]);
    assert_eq!((&told["step"]["number"], &told["limit_s"]), (&2.into(), &900.into()));
    fs::write(yard.path("site/gate"), "x\n").unwrap();
    assert_eq!(said(&yard, &["wait", &id]).0, Some(0));
    assert!(!said(&yard, &["show", &id]).1.contains("under way"));
    drop(runner);
}

#[test]
fn a_shell_that_goes_on_after_a_failed_command_is_noted_before_it_hides_one() {
    let hook = |script: &str| format!("retry = {{ attempts = 1 }}\nsteps = [{{ shell = \"{script}\" }}]");
    let commit = "GIT_CONFIG_GLOBAL=/dev/null git -c user.useConfigOnly=true commit --allow-empty -m x";
    let identity = &format!("git init -q .; {commit}; echo built");
    let yard = Yard::new("", &[("docs", &hook(identity))]);
    yard.open_to_all();
    fs::set_permissions(yard.path("hookspool.toml"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let note = "note: hook `docs`, steps 1: the shell goes on after a command that fails; begin it with `set -e;`\n";
    let (status, text) = said(&yard, &["check"]);
    assert!(status == Some(0) && text.contains(note), "{text}");
    let hidden = queue(&yard, &["main"])[0];
    yard.drain();
    assert_eq!(yard.job(hidden)[1], "succeeded", "the failure was hidden");
    yard.configure("", &[("docs", &hook(&format!("set -e; {identity}")))]);
    let (_, text) = said(&yard, &["check"]);
    assert!(!text.contains("note: "), "{text}");
    let shown = queue(&yard, &["main"])[0];
    yard.drain();
    assert_eq!(yard.job(shown)[0], "failed");
    let (_, log) = said(&yard, &["log", &shown.short()]);
    assert!(
        log.contains("no email was given and auto-detection is disabled") || log.contains("tell me who you are"),
        "{log}"
    );
}

#[test]
fn between_two_runs_of_cron_nobody_is_missed() {
    let yard = Yard::new("", &[("docs", "steps = [{ run = [\"true\"] }]")]);
    queue(&yard, &["main"]);
    yard.drain();
    let (status, screen) = said(&yard, &["status"]);
    let line = screen.lines().next().unwrap();
    assert!(status == Some(0) && line.starts_with("runner   none now; the last one ended "), "{line}");
    assert!(line.ends_with(" ago: nothing is left to do"), "{line}");
    let told = json(&yard, &["status"]);
    assert_eq!((&told["runner"]["last"]["failed"], &told["runner"]["alive"]), (&false.into(), &false.into()));
    let (_, report) = said(&yard, &["doctor", "--offline"]);
    assert!(report.contains("ok       no runner is alive now; the last one ended "), "{report}");
    let runner = yard.start();
    until("it runs", || yard.log().contains("event=runner "));
    assert_eq!(runner.stop(), Some(0));
    let (_, screen) = said(&yard, &["status"]);
    assert!(
        screen.starts_with("runner   none: the last one ended ") && screen.contains("it was told to stop"),
        "{screen}"
    );
    let (_, report) = said(&yard, &["doctor", "--offline"]);
    assert!(report.contains("warning  no runner is alive\n"), "{report}");
}
