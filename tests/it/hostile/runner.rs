//! A runner that is started by the wrong person, or given hostile jobs.

use crate::support::one_hook::OneHook;
use crate::support::steps::until;
use hookspool::spool::Presence;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

#[test]
fn root_does_not_run_the_jobs_of_another_users_spool() {
    let site = OneHook::of_github("steps = [{ run = [\"true\"] }]");
    site.queue('a');
    let nobody = Some(65534);
    // Only root can give a spool away, and only root is refused.
    let expected = match std::os::unix::fs::chown(site.path("spool"), nobody, None) {
        Ok(()) => (Some(77), 1),
        Err(_) => (Some(0), 0),
    };
    let ended = site.hookspool(&["spool-runner", "--once"]).output().unwrap();
    assert_eq!((ended.status.code(), site.names("queued").len()), expected, "{ended:?}");
}

/// The decision is made when both wait. Whoever removes files by hand afterwards can see from the history what there
/// was.
#[test]
fn a_job_that_gave_way_names_its_successor_even_when_that_one_was_taken_away() {
    let take_away = r#"test $HOOKSPOOL_BRANCH != first || rm "$(ls ../spool/queued/*.job | tail -n 1)""#;
    let site = OneHook::of_github(&format!("branches = [\"*\"]\nsteps = [{{ shell = '{take_away}' }}]"));
    site.queue_branch("first", 'a');
    site.queue_branch("main", 'b');
    site.queue_branch("main", 'c');
    let successor = site.names("queued").into_iter().max().unwrap().replace(".job", "");
    assert!(site.hookspool(&["spool-runner", "--once"]).output().unwrap().status.success());
    let listed = site.hookspool(&["list", "--json"]).output().unwrap();
    let jobs: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let ended: Vec<_> = jobs.as_array().unwrap().iter().map(|job| (&job["outcome"], &job["reason"])).collect();
    let reason = serde_json::json!(format!("superseded by {successor}"));
    let (first, second) = (serde_json::json!("succeeded"), serde_json::json!("superseded"));
    assert_eq!(ended, [(&first, &serde_json::Value::Null), (&second, &reason)]);
}

/// Supervisor gives up a program for good that dies four times within its `startsecs`.
#[test]
fn a_runner_that_cannot_go_on_lets_go_of_the_spool_and_does_not_die_at_once() {
    let site = OneHook::of_github("steps = [{ shell = 'rm ../spool/running/*.job' }]");
    site.queue('a');
    let began = std::time::Instant::now();
    let mut runner = site.hookspool(&["spool-runner"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(runner.stderr.take().unwrap()).lines();
    let said = log.find(|line| line.as_ref().is_ok_and(|line| line.contains("event=runner-failed")));
    assert!(said.unwrap().unwrap().contains("not found"));
    until("the lock is free", || hookspool::spool::presence(&site.path("spool")) == Presence::Free);
    assert_eq!((runner.wait().unwrap().code(), began.elapsed().as_secs() >= 2), (Some(74), true));
}

#[test]
fn a_configuration_or_secret_that_anybody_could_replace_is_told_of() {
    let site = OneHook::of_github("steps = [{ shell = \"true\" }]");
    let open = site.path("open");
    std::fs::create_dir(&open).unwrap();
    let file = site.path("hookspool.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::rename(site.path("secret"), open.join("secret")).unwrap();
    std::fs::write(&file, text.replace("/secret\"", "/open/secret\"")).unwrap();
    let check = || site.hookspool(&["check"]).output().unwrap();
    assert!(check().status.success());
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    let told = check();
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    let told = String::from_utf8(told.stdout).unwrap();
    let expected = format!("can be replaced: anybody may write to {0}; `chmod o-w {0}`", open.display());
    assert!(told.contains(&expected), "{told}");
    let doctor = site.hookspool(&["doctor", "--offline"]).output().unwrap();
    let told = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.status.code() == Some(1) && told.contains("can be replaced: anybody may write to"), "{told}");
}
