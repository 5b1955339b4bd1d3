//! A runner that is started by the wrong person, or given hostile jobs.

use crate::hostile_bench::Site;

#[test]
fn root_does_not_run_the_jobs_of_another_users_spool() {
    let site = Site::with("steps = [{ run = [\"true\"] }]");
    site.queue('a');
    let nobody = Some(65534);
    // Only root can give a spool away, and only root is refused.
    let expected = match std::os::unix::fs::chown(site.path("spool"), nobody, None) {
        Ok(()) => (Some(77), 1),
        Err(_) => (Some(0), 0),
    };
    let ended = site.verb(&["spool-runner", "--once"]).output().unwrap();
    assert_eq!((ended.status.code(), site.names("queued").len()), expected, "{ended:?}");
}
