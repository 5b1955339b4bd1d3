//! The runner that writes the page: when, and what it never holds up.

use crate::support::control::{GATE, open_gate, said, until_begun};
use crate::support::until;
use crate::support::yard::Yard;
use hookspool::model::JobId;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;

const PAGE: &str = "[page]\ndir = \"ROOT/www\"";

fn index(yard: &Yard) -> String {
    fs::read_to_string(yard.path("www/index.html")).unwrap_or_default()
}

fn status(yard: &Yard) -> Value {
    let text = fs::read_to_string(yard.path("www/status.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn job_page(yard: &Yard, id: JobId) -> String {
    fs::read_to_string(yard.path(&format!("www/job/{id}.html"))).unwrap_or_default()
}

#[test]
fn the_page_follows_a_job_from_its_arrival_to_its_end() {
    let yard = Yard::new(PAGE, &[("docs", GATE)]);
    yard.fifo("gate");
    let runner = yard.start();
    until("there is a page", || index(&yard).contains("Nothing runs."));
    assert!(!index(&yard).contains("http-equiv=\"refresh\""), "nothing runs");
    let [first, second] = [yard.deliver("docs", "main", "1"), yard.deliver("docs", "other", "2")];
    until_begun(&yard, 1);
    until("one runs and one waits", || {
        let now = status(&yard);
        now["running"][0]["job"]["id"] == first.to_string() && now["queued"][0]["job"]["id"] == second.to_string()
    });
    until("the page says so", || index(&yard).contains("http-equiv=\"refresh\""));
    assert_eq!(status(&yard)["running"][0]["step"]["number"], 1);
    until("the job's page says so", || job_page(&yard, first).contains(">running<"));
    assert!(job_page(&yard, first).contains(&format!("hookspool cancel {}", first.short())));
    assert!(yard.path("www/still.html").exists(), "a copy that does not load itself anew");
    open_gate(&yard);
    until("both have ended", || status(&yard)["jobs"]["done"] == 2);
    until("the pages of the jobs say so", || {
        [first, second].iter().all(|id| job_page(&yard, *id).contains("succeeded"))
    });
    until("the copy is gone", || !yard.path("www/still.html").exists());
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(status(&yard)["runner"]["alive"], false);
    assert!(index(&yard).contains("No runner is at work."), "it says goodbye");
}

#[test]
fn a_run_of_cron_leaves_a_page_that_is_up_to_date_and_not_alarmed() {
    let yard = Yard::new(PAGE, &[("docs", "steps = [{ shell = \"true\" }]")]);
    let id = yard.deliver("docs", "main", "1");
    assert!(yard.drain().status.success());
    assert!(index(&yard).contains("All is well"), "{}", index(&yard));
    assert!(index(&yard).contains("the next one is started by whoever started it"), "{}", index(&yard));
    assert_eq!(status(&yard)["recent"][0]["job"]["id"], id.to_string());
    let badge = fs::read_to_string(yard.path("www/badge/docs.svg")).unwrap();
    assert!(badge.contains("succeeded") && badge.starts_with("<?xml"), "{badge}");
}

#[test]
fn a_page_of_a_runner_that_was_killed_tells_until_when_it_was_true() {
    let yard = Yard::new(PAGE, &[("docs", GATE)]);
    let runner = yard.start();
    until("there is a page", || index(&yard).contains("The runner has been at work since"));
    runner.signal(Signal::KILL);
    assert_eq!(runner.ends(), None);
    assert!(index(&yard).contains("As of "), "{}", index(&yard));
    assert!(index(&yard).contains("at least once a minute. If the time at its top is older"), "{}", index(&yard));
    let (status, text) = said(&yard, &["page"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(index(&yard).contains("Nothing runs until one is started"), "the verb knows better");
}

#[test]
fn a_page_that_cannot_be_written_is_a_warning_and_no_jobs_trouble() {
    let yard = Yard::new("[page]\ndir = \"ROOT/absent/www\"", &[("docs", "steps = [{ shell = \"true\" }]")]);
    let id = yard.deliver("docs", "main", "1");
    let output = yard.drain();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(yard.job(id)[1], "succeeded");
    let log = String::from_utf8(output.stderr).unwrap();
    let warnings = log.matches("event=page-not-written").count();
    assert!(log.contains("there is no directory for") && warnings <= 2, "{log}");
}

#[test]
fn nothing_that_a_job_printed_is_on_a_page_without_logs() {
    let steps = "retry = { attempts = 1 }\nsteps = [{ shell = \"cat ROOT/secret; echo; cat gate; exit 4\" }]";
    let yard = Yard::new(PAGE, &[("docs", steps)]);
    yard.fifo("gate");
    let id = yard.deliver("docs", "main", "1");
    let runner = yard.start();
    until("it runs and has printed", || {
        let log = fs::read_to_string(yard.spool().join(format!("log/{id}.log"))).unwrap_or_default();
        log.contains("a secret that") && job_page(&yard, id).contains(">running<")
    });
    let now = all_of(&yard);
    open_gate(&yard);
    until("it has failed", || job_page(&yard, id).contains(">failed<"));
    runner.stop();
    for page in [now, all_of(&yard)] {
        assert!(page.contains(&id.short()) && !page.contains("a secret that"), "{page}");
    }
    assert!(!yard.path(&format!("www/job/{id}.log")).exists());
}

/// Every file of the page.
fn all_of(yard: &Yard) -> String {
    let mut text = String::new();
    for folder in ["", "job", "badge"] {
        for entry in fs::read_dir(yard.path("www").join(folder)).unwrap().flatten() {
            text += &fs::read_to_string(entry.path()).unwrap_or_default();
        }
    }
    text
}

#[test]
fn logs_go_from_the_page_when_the_setting_does() {
    let hooks = [("docs", "steps = [{ shell = \"echo printed by the step\" }]")];
    let yard = Yard::new("[page]\ndir = \"ROOT/www\"\nlogs = true", &hooks);
    let id = yard.deliver("docs", "main", "1");
    yard.drain();
    assert!(job_page(&yard, id).contains("printed by the step"));
    assert!(yard.path(&format!("www/job/{id}.log")).exists());
    yard.configure(PAGE, &hooks);
    let runner = yard.start();
    until("the page is written anew", || job_page(&yard, id).contains("Logs are not shown here"));
    runner.stop();
    assert!(!all_of(&yard).contains("printed by the step</"), "{}", job_page(&yard, id));
    assert!(!yard.path(&format!("www/job/{id}.log")).exists());
}

#[test]
fn a_page_begins_when_a_reloaded_configuration_wants_one() {
    let hooks = [("docs", "steps = [{ shell = \"true\" }]")];
    let yard = Yard::new("", &hooks);
    let runner = yard.start();
    until("the runner is at work", || yard.log().contains("event=runner "));
    yard.configure(PAGE, &hooks);
    runner.signal(Signal::HUP);
    until("there is a page", || index(&yard).contains("All is well"));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn the_pages_of_jobs_go_with_their_jobs_and_those_that_stay_are_left_alone() {
    let yard = Yard::new(PAGE, &[("docs", "branches = [\"**\"]\nsteps = [{ shell = \"true\" }]")]);
    let first = yard.deliver("docs", "a", "1");
    yard.drain();
    let second = yard.deliver("docs", "b", "2");
    yard.drain();
    let file = |id: JobId| yard.path(&format!("www/job/{id}.html"));
    let inode = |id: JobId| std::os::unix::fs::MetadataExt::ino(&fs::metadata(file(id)).unwrap());
    let before = inode(second);
    fs::write(yard.path("www/job/notes.html"), "somebody else's").unwrap();
    fs::write(yard.path("www/job").join(format!("{first}.log")), "of an earlier setting").unwrap();
    let name = |end: &str| yard.spool().join(format!("done/{first}.{end}"));
    fs::remove_file(name("events")).unwrap();
    fs::remove_file(name("job")).unwrap();
    yard.drain();
    assert!(!file(first).exists() && !file(first).with_extension("log").exists());
    assert_eq!(inode(second), before, "it is what it was");
    assert!(yard.path("www/job/notes.html").exists());
}
