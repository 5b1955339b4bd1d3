//! The way back: by hand, at once, beside whatever runs; and by itself where a step after the switch fails.

use crate::crash::strace::{run, was_killed};
use crate::support::app::{App, NO_STEPS};
use crate::support::control::{json, said};
use crate::support::yard::{Runner, Yard};
use hookspool::model::{DeployWish, EventKind, JobId, JobMeta};
use hookspool::spool::{Order, PendingRequest, Request};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

const RELOAD: &str = "steps = [{ switch = \"current\" }, { shell = \"cat page >>../../reloads\" }]";

fn deployed(app: &App, pages: &[&str]) {
    for page in pages {
        app.deploy(&[("page", page)]);
    }
}

#[test]
fn a_rollback_goes_by_the_log_of_switches_and_twice_is_two_steps() {
    let app = App::new("", NO_STEPS);
    deployed(&app, &["1", "2", "3"]);
    // Deployers that go by time take the newest for the one before.
    for name in app.names_in("releases") {
        let touched = Command::new("touch").arg(app.at("releases").join(&name)).status().unwrap();
        assert!(touched.success());
    }
    let text = app.roll_back(&["-m", "it was slow"]);
    assert!(text.starts_with("hook app: release 2-") && text.contains(" is current again, and was 3-"), "{text}");
    assert_eq!((app.page("page"), app.current()), ("2".into(), 2));
    app.roll_back(&[]);
    assert_eq!(app.page("page"), "1");
    let (status, text) = said(&app, &["rollback", "app"]);
    assert!(status == Some(1) && text.contains("there is no good release before release 1-"), "{text}");
    assert_eq!(app.switches(), ["switch 1", "switch 2", "switch 3", "rollback 2", "rollback 1"]);
    let view = app.releases();
    assert_eq!(view[0]["current"], true);
    assert_eq!(
        (&view[1]["switched"]["why"], &view[1]["switched"]["what"]),
        (&"it was slow".into(), &"rollback".into())
    );
    assert!(view[1]["switched"]["by"].as_str().is_some_and(|by| !by.is_empty()), "{view}");
}

#[test]
fn a_release_can_be_named_and_one_that_failed_or_is_not_there_cannot() {
    let app = App::new("", "steps = [{ shell = \"test ! -e fail\" }]");
    deployed(&app, &["1", "2", "3"]);
    app.fails(&[("fail", "")]);
    app.roll_back(&["--to", "1"]);
    assert_eq!(app.page("page"), "1");
    let name = app.releases()[1]["release"].as_str().unwrap().to_owned();
    app.roll_back(&["--to", &name]);
    assert_eq!(app.page("page"), "2");
    let (status, text) = said(&app, &["rollback", "app", "--to", &name]);
    assert!(status == Some(0) && text.contains("is current already"), "{text}");
    for (to, expected) in [("4", "failed, or is being made"), ("9", "no release `9`"), ("../..", "no release `../..`")]
    {
        let (status, text) = said(&app, &["rollback", "app", "--to", to]);
        assert!(status == Some(1) && text.contains(expected), "{to}: {text}");
    }
    assert_eq!(app.page("page"), "2");
}

#[test]
fn afterwards_the_hook_is_on_hold_and_says_why_until_it_is_released() {
    let app = App::new("", RELOAD);
    deployed(&app, &["1\n", "2\n"]);
    let text = app.roll_back(&["-m", "it was slow"]);
    assert!(text.contains("pushes wait until `hookspool release app`"), "{text}");
    let status = json(&app, &["status"]);
    let why = status["hooks"][0]["hold"]["why"].as_str().unwrap();
    assert!(why.starts_with("rolled back to release 1-") && why.ends_with(": it was slow"), "{why}");
    let held = app.try_to_deploy(&[("page", "3\n")]);
    assert_eq!((app.job(held)[0].as_str(), app.page("page").as_str()), ("held", "1\n"));
    let reloads = fs::read_to_string(app.at("reloads")).unwrap();
    assert_eq!(reloads, "1\n2\n1\n", "what follows a switch follows the way back, too, though the hook is on hold");
    assert_eq!(said(&app, &["release", "app"]).0, Some(0));
    assert!(app.drain().status.success());
    assert_eq!((app.page("page"), app.current()), ("3\n".into(), 3));
    app.roll_back(&[]);
    assert_eq!(app.page("page"), "1\n", "what was taken back is not on the way");
}

#[test]
fn neither_a_question_to_the_remote_nor_a_push_undoes_a_rollback() {
    let app = App::new("", &format!("reconcile = \"1s\"\n{NO_STEPS}"));
    deployed(&app, &["1", "2"]);
    app.roll_back(&[]);
    app.commit(&[("page", "3")]);
    fs::write(app.path("spool/reconcile"), "{\"app\":\"2026-01-01T00:00:00Z\"}\n").unwrap();
    let before = app.listed().len();
    assert!(app.drain().status.success());
    assert_eq!((app.page("page"), app.listed().len()), ("1".into(), before), "{:?}", app.listed());
    assert_eq!(said(&app, &["release", "app"]).0, Some(0));
    fs::write(app.path("spool/reconcile"), "{\"app\":\"2026-01-01T00:00:00Z\"}\n").unwrap();
    assert!(app.drain().status.success());
    assert_eq!(app.page("page"), "3", "what was missed meanwhile is found");
}

/// A job whose build of page 3 waits.
struct Building<'a> {
    app: &'a App,
    job: JobId,
    runner: Runner,
}

impl<'a> Building<'a> {
    fn start(app: &'a App) -> Self {
        app.set("timeout = \"60s\"\nsteps = [{ shell = \"echo >>../../began; cat ../../../gate\" }]");
        assert!(Command::new("mkfifo").arg(app.path("gate")).status().unwrap().success());
        app.commit(&[("page", "3")]);
        let (job, runner) = (app.push(), app.start());
        crate::support::until("the build begins", || app.at("began").exists());
        Self { app, job, runner }
    }

    /// Lets it go on to its end.
    fn finish(self) -> [String; 3] {
        drop(fs::File::options().write(true).open(self.app.path("gate")).unwrap());
        crate::support::until("the job has ended", || self.app.is_in("done", self.job));
        assert_eq!(self.runner.stop(), Some(0));
        self.app.job(self.job)
    }
}

#[test]
fn a_job_that_runs_meanwhile_does_not_switch_forward_again() {
    let app = App::new("", NO_STEPS);
    deployed(&app, &["1", "2"]);
    let building = Building::start(&app);
    let text = app.roll_back(&[]);
    assert!(text.contains(" is current again"), "{text}");
    assert_eq!(app.page("page"), "1", "at once");
    let [_, outcome, reason] = building.finish();
    assert!(outcome == "superseded" && reason.contains(" went back to release 1-"), "{outcome}: {reason}");
    assert_eq!((app.page("page"), app.switches().len()), ("1".into(), 3));
}

#[test]
fn a_job_that_runs_meanwhile_undoes_no_rollback_to_what_is_current() {
    let app = App::new("", NO_STEPS);
    deployed(&app, &["1", "2"]);
    let building = Building::start(&app);
    let text = app.roll_back(&["--to", "2", "-m", "it stays"]);
    assert!(text.contains("is current already"), "{text}");
    let [_, outcome, reason] = building.finish();
    let expected = "hook `app` is on hold: rolled back to release 2-";
    assert!(outcome == "superseded" && reason.contains(expected), "{outcome}: {reason}");
    assert_eq!((app.page("page"), app.switches().len()), ("2".into(), 2), "no line tells of the rollback");
}

#[test]
fn an_order_that_comes_a_second_time_after_a_crash_goes_no_further_back() {
    let app = App::new("", RELOAD);
    deployed(&app, &["1\n", "2\n", "3\n"]);
    let to = app.releases()[1]["release"].as_str().unwrap().to_owned();
    let order = Order::Rollback { hook: "app".into(), to: Some(to), trees: Vec::new(), why: None };
    let request = || Request { by: "ada".to_owned(), order: order.clone() };
    let first = PendingRequest::place(&app.spool(), &request()).unwrap();
    assert!(app.drain().status.success());
    assert_eq!(app.page("page"), "2\n");
    // As a runner leaves it that died before it answered.
    let second = PendingRequest::place(&app.spool(), &request()).unwrap();
    let placed = crate::support::control::request(&app);
    fs::rename(&placed, placed.with_extension("taken")).unwrap();
    assert!(app.drain().status.success());
    assert_eq!((app.page("page"), app.switches().len()), ("2\n".into(), 4));
    assert_eq!(fs::read_to_string(app.at("reloads")).unwrap(), "1\n2\n3\n2\n", "nor are the steps run twice");
    drop((first, second));
}

#[test]
fn what_a_runner_did_not_get_to_queue_when_it_died_is_queued_by_the_next() {
    let app = App::new("", RELOAD);
    deployed(&app, &["1\n", "2\n"]);
    let to = app.releases()[0]["release"].as_str().unwrap().to_owned();
    app.roll_back(&["--to", &to]);
    for name in app.names("queued") {
        fs::remove_file(app.spool().join("queued").join(name)).unwrap();
    }
    let text = app.roll_back(&["--to", &to]);
    assert!(
        text.contains("is current already") && text.contains("queued: it runs the steps after the switch"),
        "{text}"
    );
    let text = app.roll_back(&["--to", &to]);
    assert!(!text.contains("queued: "), "{text}");
}

#[test]
fn a_link_that_somebody_switched_by_hand_is_the_truth() {
    let app = App::new("", NO_STEPS);
    deployed(&app, &["1", "2", "3"]);
    let first = app.names_in("releases").into_iter().find(|name| name.starts_with("1-")).unwrap();
    fs::remove_file(app.at("current")).unwrap();
    symlink(format!("releases/{first}"), app.at("current")).unwrap();
    let (status, _) = said(&app, &["rollback", "app"]);
    assert_eq!(status, Some(1), "nothing was before the first");
    app.deploy(&[("page", "4")]);
    assert_eq!(app.switches(), ["switch 1", "switch 2", "switch 3", "found 1", "switch 4"]);
    app.roll_back(&[]);
    assert_eq!(app.page("page"), "1");
}

#[test]
fn a_step_after_the_switch_that_fails_switches_back_where_the_hook_says_so() {
    let steps = "[{ switch = \"current\" }, { shell = \"cat page >>../../reloads; test ! -e fail\" }]";
    let app = App::new("", &format!("rollback = \"on-failure\"\nsteps = {steps}"));
    let first = app.fails(&[("page", "0\n"), ("fail", "")]);
    assert!(first.ends_with(" all the same"), "there is none to go back to: {first}");
    app.git(&["rm", "--quiet", "fail"]);
    app.deploy(&[("page", "1\n")]);
    let reason = app.fails(&[("page", "2\n"), ("fail", "")]);
    assert!(reason.contains(" exited with 1; switched back to release 2-"), "{reason}");
    assert_eq!(app.page("page"), "1\n");
    assert_eq!(fs::read_to_string(app.at("reloads")).unwrap(), "0\n1\n2\n1\n", "the old one is started again");
    let view = app.releases();
    let good: Vec<_> = view.as_array().unwrap().iter().map(|release| release["good"].as_bool().unwrap()).collect();
    assert_eq!(good, [true, true, false], "what had to be left is not good");
    assert_eq!(app.switches().last().unwrap(), "rollback 2");
    app.git(&["rm", "--quiet", "fail"]);
    app.deploy(&[("page", "3\n")]);
    assert_eq!(app.page("page"), "3\n", "the next push is deployed");
}

fn published(lines: &str) -> Yard {
    let yard = Yard::in_memory("", &[("docs", "steps = [{ publish = \"dist\", to = \"ROOT/www\" }]")]);
    if lines == "link" {
        fs::create_dir(yard.path("by-hand")).unwrap();
        symlink("by-hand", yard.path("www")).unwrap();
    }
    for build in ["one", "two", "three"] {
        publish(&yard, build);
    }
    yard
}

fn publish(yard: &Yard, build: &str) {
    fs::create_dir_all(yard.path("site/dist")).unwrap();
    fs::write(yard.path("site/dist/page"), build).unwrap();
    yard.deliver("docs", "main", build);
    assert!(yard.drain().status.success());
}

#[test]
fn what_was_published_before_comes_back_one_step_and_no_further() {
    for kind in ["directory", "link"] {
        let yard = published(kind);
        let page = || fs::read_to_string(yard.path("www/page")).unwrap();
        let (status, text) = said(&yard, &["rollback", "docs", "-m", "a typing error"]);
        assert!(status == Some(0) && text.contains("/www` again; pushes wait"), "{kind}: {text}");
        assert_eq!(page(), "two", "{kind}");
        let (status, text) = said(&yard, &["rollback", "docs"]);
        assert!(status == Some(1) && text.contains("nothing that was published at"), "{kind}: {text}");
        assert_eq!(page(), "two", "{kind}");
        yard.deliver("docs", "main", "held");
        assert!(yard.drain().status.success());
        assert_eq!((page().as_str(), yard.names("held").len()), ("two", 2), "{kind}");
        assert_eq!(said(&yard, &["release", "docs"]).0, Some(0));
        publish(&yard, "four");
        assert_eq!(page(), "four", "{kind}");
        assert_eq!(said(&yard, &["rollback", "docs"]).0, Some(0));
        assert_eq!(page(), "two", "{kind}");
        let names = crate::spool::append::names(&yard.path("."));
        let left = names.iter().filter(|name| name.starts_with(".www.") && *name != ".www.lock").count();
        assert!(left <= 2, "{kind}: {names:?}");
    }
}

#[test]
fn a_hook_that_keeps_nothing_of_before_has_no_way_back() {
    let yard = Yard::new("", &[("docs", NO_STEPS)]);
    let (status, text) = said(&yard, &["rollback", "docs"]);
    assert!(status == Some(1) && text.contains("neither `releases` nor a step with `publish`"), "{text}");
    let (status, text) = said(&yard, &["releases", "docs"]);
    assert!(status == Some(1) && text.contains("hook `docs` has no `releases`"), "{text}");
    assert!(said(&yard, &["rollback", "shop"]).1.contains("no hook `shop`"));
}

#[test]
fn a_rollback_is_answered_by_a_runner_that_is_alive() {
    let app = App::new("", RELOAD);
    deployed(&app, &["1\n", "2\n"]);
    let runner = app.start();
    crate::support::until("it has begun", || app.log().contains("event=runner "));
    app.roll_back(&["-m", "now"]);
    assert_eq!(app.page("page"), "1\n");
    crate::support::until("the steps after the switch have run", || {
        fs::read_to_string(app.at("reloads")).unwrap() == "1\n2\n1\n"
    });
    runner.signal(Signal::TERM);
    assert_eq!(runner.ends(), Some(0));
}

#[test]
fn a_publication_taken_back_by_one_who_is_killed_is_never_led_forward_again() {
    for kind in ["directory", "link"] {
        for call in ["flock", "rename", "renameat2", "symlinkat", "fsync", "unlink"] {
            for nth in 1.. {
                let yard = published(kind);
                let page = || fs::read_to_string(yard.path("www/page")).unwrap();
                let strace =
                    yard.strace().only(&[".", "www", ".www.previous", ".www.lock"].map(|name| yard.path(name)));
                let strace = strace.kill_at(call, nth);
                let output = run(&mut strace.around(&yard.hookspool(&["rollback", "docs"])), Stdio::null());
                assert!(["two", "three"].contains(&page().as_str()), "{kind} {call} {nth}");
                let is_killed = was_killed(&output);
                let (_, text) = said(&yard, &["rollback", "docs"]);
                assert_eq!(page(), "two", "{kind} {call} {nth}: {text}");
                if !is_killed {
                    break;
                }
            }
        }
    }
}

#[test]
fn nobody_but_the_spools_owner_runs_what_follows_a_rollback() {
    let app = App::new("", RELOAD);
    deployed(&app, &["1\n"]);
    let event = EventKind::Other(JobMeta::ROLLBACK.to_owned());
    let forged =
        |wish| JobMeta { wish, ..JobMeta::new("app", JobMeta::BY_HAND, event.clone(), jiff::Timestamp::now()) };
    let plain = app.append(&forged(None));
    let wished = app.append(&forged(Some(DeployWish { commit: None, is_forced: true })));
    if rustix::process::geteuid().is_root() {
        // As a receiver makes one, who is another user.
        let job = app.spool().join(format!("queued/{wished}.job"));
        std::os::unix::fs::chown(job, Some(1), None).unwrap();
    }
    app.drain();
    assert_eq!(app.job(plain)[0], "held");
    assert!(app.job(plain)[2].contains("event rollback is not wanted"), "{:?}", app.job(plain));
    let expected = if rustix::process::geteuid().is_root() { "1\n" } else { "1\n1\n" };
    assert_eq!(fs::read_to_string(app.at("reloads")).unwrap(), expected, "{:?}", app.job(wished));
}

/// Trees of several files, so that one that is removed in part shows.
fn wide(yard: &Yard, build: &str) {
    let dist = yard.path("site/dist");
    fs::create_dir_all(dist.join("assets")).unwrap();
    for name in PARTS {
        fs::write(dist.join(name), build).unwrap();
    }
    yard.deliver("docs", "main", build);
}

const PARTS: [&str; 4] = ["page", "assets/one", "assets/two", "other"];

/// The build of which every file at the target is.
fn whole(yard: &Yard) -> String {
    let parts = PARTS.map(|name| fs::read_to_string(yard.path("www").join(name)).unwrap_or_default());
    let [first, ..] = &parts;
    assert!(!first.is_empty() && parts.iter().all(|part| part == first), "{parts:?}");
    first.clone()
}

#[test]
fn a_publication_of_which_one_call_fails_leaves_a_whole_tree_to_go_back_to() {
    let faults = [
        ("unlinkat", "error=EACCES"),
        ("unlinkat", "signal=KILL"),
        ("renameat2", "error=EIO"),
        ("renameat2", "signal=KILL"),
        ("rename", "error=EIO"),
        ("rename", "signal=KILL"),
        ("fsync", "error=EIO"),
    ];
    for (call, fault) in faults {
        for nth in 1.. {
            let yard = Yard::in_memory("", &[("docs", "steps = [{ publish = \"dist\", to = \"ROOT/www\" }]")]);
            fs::create_dir(yard.path("www")).unwrap();
            for build in ["one", "two"] {
                wide(&yard, build);
                assert!(yard.drain().status.success());
            }
            wide(&yard, "three");
            let ours = ["", "www", ".www.previous"].map(|name| yard.path(name));
            let strace = yard.strace().follow().inject(call, nth, fault);
            let strace = if call == "unlinkat" { strace } else { strace.only(&ours) };
            let output = run(&mut strace.around(&yard.hookspool(&["spool-runner", "--once"])), Stdio::null());
            let trace = fs::read_to_string(yard.path("trace")).unwrap();
            let is_over = !trace.contains("INJECTED") && !was_killed(&output);
            let published = whole(&yard);
            let (status, text) = said(&yard, &["rollback", "docs"]);
            let expected = if published == "three" { "two" } else { "one" };
            assert_eq!((whole(&yard).as_str(), status), (expected, Some(0)), "{call} {fault} {nth}: {text}");
            if is_over {
                assert_eq!(published, "three", "{call} {fault} {nth}");
                break;
            }
        }
    }
}

fn hold_of(yard: &Yard) -> String {
    let status = json(yard, &["status"]);
    status["hooks"][0]["hold"]["why"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_tree_that_is_put_back_leaves_its_hook_on_hold_whatever_fails_then() {
    for (call, errno) in [("unlinkat", "EACCES"), ("fsync", "EIO"), ("rename", "EIO")] {
        for nth in 1.. {
            let yard = published("directory");
            fs::create_dir(yard.path(".www.undone")).unwrap();
            fs::write(yard.path(".www.undone/page"), "of a way back before").unwrap();
            let strace = yard.strace().only(&["", "www", ".www.undone"].map(|name| yard.path(name)));
            let strace = strace.fail_at(call, nth, errno);
            run(&mut strace.around(&yard.hookspool(&["rollback", "docs"])), Stdio::null());
            let is_over = !fs::read_to_string(yard.path("trace")).unwrap().contains("INJECTED");
            let is_back = fs::read_to_string(yard.path("www/page")).unwrap() == "two";
            assert_eq!(hold_of(&yard).starts_with("rolled back"), is_back, "{call} {nth}");
            if is_over {
                assert!(is_back, "{call} {nth}");
                break;
            }
        }
    }
}

#[test]
fn a_job_that_runs_meanwhile_does_not_publish_over_a_rollback() {
    for is_held_before in [false, true] {
        let yard = published("directory");
        let gated = "timeout = \"60s\"\nsteps = [{ shell = \"echo >>begun; cat gate\" }, \
                     { publish = \"dist\", to = \"ROOT/www\" }]";
        yard.configure("", &[("docs", gated)]);
        yard.fifo("gate");
        fs::write(yard.path("site/dist/page"), "four").unwrap();
        let job = yard.deliver("docs", "main", "four");
        let runner = yard.start();
        crate::support::control::until_begun(&yard, 1);
        if is_held_before {
            assert_eq!(said(&yard, &["hold", "docs", "-m", "maintenance"]).0, Some(0));
        }
        let (status, text) = said(&yard, &["rollback", "docs"]);
        assert_eq!(status, Some(0), "{text}");
        crate::support::control::open_gate(&yard);
        crate::support::until("the job has ended", || yard.is_in("done", job));
        assert_eq!(runner.stop(), Some(0));
        let [_, outcome, reason] = yard.job(job);
        assert!(outcome == "superseded" && reason.contains(" went back meanwhile"), "{outcome}: {reason}");
        assert_eq!(fs::read_to_string(yard.path("www/page")).unwrap(), "two");
    }
}

#[test]
fn a_rollback_of_a_hook_on_hold_says_both_and_one_that_is_refused_says_neither() {
    let yard = published("directory");
    assert_eq!(said(&yard, &["hold", "docs", "-m", "maintenance"]).0, Some(0));
    let order = Order::Rollback { hook: "docs".into(), to: None, trees: vec![1], why: None };
    let refused = PendingRequest::place(&yard.spool(), &Request { by: "ada".to_owned(), order }).unwrap();
    assert!(yard.drain().status.success());
    assert_eq!(hold_of(&yard), "maintenance");
    drop(refused);
    assert_eq!(said(&yard, &["rollback", "docs", "-m", "slow"]).0, Some(0));
    assert_eq!(hold_of(&yard), "rolled back to what was published before: slow; before: maintenance");
}
