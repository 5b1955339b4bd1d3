//! A job that restarts its own runner, and a runner that is killed again and again, under supervisor.

use crate::support::{Gateway, Site, supervisor, until};
use hookspool::model::{JobId, State};
use hookspool::spool::Inbox;
use std::fs;

/// Queues a job of `hook`.
fn queue(site: &Site, hook: &str) -> JobId {
    queue_as(site, hook, 0)
}

/// Queues delivery number `delivery`.
fn queue_as(site: &Site, hook: &str, delivery: i64) -> JobId {
    let mut draft = Inbox::open(&site.spool()).unwrap().draft().unwrap();
    draft.write(b"{}").unwrap();
    draft.commit(&crate::spool::append::meta(hook, delivery)).unwrap()
}

fn is_in(site: &Site, state: State, id: JobId) -> bool {
    site.spool().join(state.as_str()).join(format!("{id}.job")).exists()
}

fn hook(name: &str, steps: &str) -> String {
    format!(
        "[[hook]]\nname = \"{name}\"\nprovider = \"github\"\nsecret = {{ file = \"/etc/hookspool/secrets/docs\" }}\n\
         dir = \"/srv\"\nwhen_newer = \"keep\"\nsteps = [{steps}]\n"
    )
}

#[test]
fn a_job_that_restarts_its_runner_under_supervisor_is_done_once() {
    let site = Site::new();
    let config = site.at(supervisor::CONFIG);
    let restart = format!(
        "{{ shell = \"echo x >>steps\" }}, {{ run = [\"supervisorctl\", \"-c\", \"{}\", \"restart\", \
         \"hookspool-runner\"], restarts_runner = true, timeout = \"1m\" }}",
        config.display()
    );
    let hooks = [hook("docs", "{ shell = \"echo x >>after\" }"), hook("self", &restart)].concat();
    site.configure(&format!("spool = \"/var/spool/hookspool\"\n{hooks}"));
    let _server = Gateway::Supervisor.start(&site);
    let pid = || String::from_utf8(supervisor::control(&site, &["pid", "hookspool-runner"]).stdout).unwrap();
    let first = pid();
    let job = queue(&site, "self");
    until("the job is done", || is_in(&site, State::Done, job));
    let next = queue(&site, "docs");
    until("the next runner has done another", || is_in(&site, State::Done, next));
    assert_eq!(fs::read_to_string(site.srv().join("steps")).unwrap(), "x\n");
    until("supervisor calls it running", || {
        String::from_utf8_lossy(&supervisor::control(&site, &["status", "hookspool-runner"]).stdout).contains("RUNNING")
    });
    assert_ne!(first, pid(), "the runner was not restarted");
}

#[test]
fn under_supervisor_no_job_is_lost_however_often_the_runner_restarts() {
    all_jobs_are_accounted_for("false");
}

#[test]
fn so_they_are_where_supervisor_stops_the_whole_process_group() {
    all_jobs_are_accounted_for("true");
}

/// Steps are in sessions of their own, so that a group that is stopped holds nothing of them.
fn all_jobs_are_accounted_for(stopasgroup: &str) {
    const JOBS: usize = 60;
    let site = Site::new();
    let step = "{ shell = \"exec 9>>alone; flock -n 9 || echo $HOOKSPOOL_JOB >>overlaps; sleep 0.05\" }";
    site.configure(&format!("spool = \"/var/spool/hookspool\"\n{}", hook("docs", step)));
    let jobs: Vec<JobId> = (0..JOBS).map(|n| queue_as(&site, "docs", i64::try_from(n).unwrap())).collect();
    let _server = Gateway::Supervisor.start(&site);
    let file = site.at("/etc/supervisor/conf.d/hookspool.conf");
    let shipped = fs::read_to_string(&file).unwrap();
    assert!(shipped.contains("stopasgroup=false"), "{shipped}");
    fs::write(&file, shipped.replace("stopasgroup=false", &format!("stopasgroup={stopasgroup}"))).unwrap();
    let updated = supervisor::control(&site, &["update"]);
    assert!(updated.status.success(), "{updated:?}");
    let done = || jobs.iter().filter(|id| is_in(&site, State::Done, **id)).count();
    for round in 1..=3 {
        until("some more are done", || done() >= round * 12);
        let output = supervisor::control(&site, &["pid", "hookspool-runner"]);
        let pid = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        if round == 2 {
            assert!(supervisor::control(&site, &["restart", "hookspool-runner"]).status.success());
        } else {
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL)
                .unwrap();
        }
    }
    until("all are done", || done() == JOBS);
    assert!(!site.srv().join("overlaps").exists(), "two copies ran at once");
    for id in &jobs {
        let events = site.spool().join("done").join(format!("{id}.events"));
        let ended = fs::read_to_string(events).unwrap().matches("\"what\":\"ended\"").count();
        assert_eq!(ended, 1, "{id}");
    }
}
