//! What is shown on a terminal only: columns, colour, what is waited for; and the local time.

use crate::support::control::{GATE, json, open_gate, queue, said, until_begun};
use crate::support::terminal::Terminal;
use crate::support::yard::Yard;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// What `list` prints on a terminal of so many columns.
fn on_a_terminal(yard: &Yard, columns: u16, environment: &[(&str, &str)]) -> String {
    let mut list = yard.hookspool(&["list"]);
    let (_, text) = Terminal::start(list.envs(environment.iter().copied()), columns).ends();
    text.replace('\r', "")
}

/// A verb that goes on, on a terminal of 80 columns.
fn session(yard: &Yard, verb: &[&str]) -> Terminal {
    Terminal::start(&yard.hookspool(verb), 80)
}

#[test]
fn a_table_is_as_wide_as_the_terminal_and_its_colour_can_be_turned_off() {
    let long = "a-branch-with-a-name-that-is-longer-than-half-of-any-terminal-there-is";
    let yard =
        Yard::new("", &[("docs", "branches = [\"*\"]\nretry = { attempts = 1 }\nsteps = [{ run = [\"false\"] }]")]);
    queue(&yard, &[long, "文档"]);
    yard.drain();
    let plain = on_a_terminal(&yard, 80, &[("NO_COLOR", "1")]);
    assert!(plain.lines().all(|line| line.chars().count() <= 80) && plain.contains('…'), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let coloured = on_a_terminal(&yard, 80, &[]);
    assert!(coloured.contains("\u{1b}[31mfailed\u{1b}[0m"), "{coloured}");
    let wide = on_a_terminal(&yard, 250, &[("NO_COLOR", "1")]);
    assert!(wide.contains(long) && !wide.contains('…'), "{wide}");
    let (_, piped) = said(&yard, &["list"]);
    assert!(piped.contains(long) && !piped.contains('\u{1b}'), "{piped}");
}

#[test]
fn a_wait_shows_on_a_terminal_what_it_waits_for_and_on_a_pipe_nothing() {
    let yard = Yard::new("", &[("docs", GATE)]);
    yard.fifo("gate");
    let runner = yard.start();
    let id = queue(&yard, &["main"])[0].short();
    until_begun(&yard, 1);
    let piped = yard.hookspool(&["wait", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut shown = Terminal::start(&yard.hookspool(&["wait", &id]), 60);
    let text = shown.until("\u{1b}[K");
    let line = text.trim_start_matches('\r').split('\u{1b}').next().unwrap();
    assert!(line.starts_with(&format!("job {id}: running, step 1 of 1, echo ")) && line.ends_with('…'), "{line}");
    assert_eq!(line.chars().count(), 60, "{line}");
    open_gate(&yard);
    let (is_good, text) = shown.ends();
    assert!(is_good && text.ends_with(&format!("\r\u{1b}[Kjob {id}: succeeded\r\n")), "{text:?}");
    let piped = piped.wait_with_output().unwrap();
    assert_eq!((piped.stdout, piped.stderr), (format!("job {id}: succeeded\n").into_bytes(), Vec::new()));
    drop(runner);
}

#[test]
fn the_local_time_stands_beside_utc_and_json_has_utc_alone() {
    let yard = Yard::new("", &[("docs", "steps = [{ run = [\"true\"] }]")]);
    let id = yard.append(&crate::spool::append::meta("docs", 0)).short(); // 2026-01-01T00:00:00Z
    let zoned = |verb: &[&str], zone: &str| {
        let output = yard.hookspool(verb).env("TZ", zone).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let arrived = |text: &str| text.lines().find(|line| line.starts_with("arrived")).unwrap().to_owned();
    let utc = "arrived     2026-01-01T00:00:00.000000000Z";
    assert_eq!(arrived(&zoned(&["show", &id], "UTC")), utc);
    assert_eq!(arrived(&zoned(&["show", &id], "Asia/Shanghai")), format!("{utc} (08:00:00 +08:00)"));
    assert_eq!(arrived(&zoned(&["show", &id], "America/Lima")), format!("{utc} (2025-12-31 19:00:00 -05:00)"));
    assert!(
        zoned(&["status"], "Asia/Shanghai").contains("\ntime     20") && !said(&yard, &["status"]).1.contains("time ")
    );
    assert_eq!(zoned(&["list", "--json"], "Asia/Shanghai"), zoned(&["list", "--json"], "UTC"));
    assert_eq!(json(&yard, &["show", &id])["job"]["arrived_at"], "2026-01-01T00:00:00Z");
}

const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
const LEAVE: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";

#[test]
fn a_watched_status_is_drawn_in_place_when_something_changes_and_q_ends_it() {
    let yard = Yard::new("", &[("docs", GATE)]);
    let mut session = session(&yard, &["status", "--watch"]);
    let first = session.until("q ends this");
    assert!(first.starts_with(ENTER) && first.contains("0 queued") && first.contains("\u{1b}[H"), "{first:?}");
    yard.deliver("docs", "main", "1");
    let second = session.until("1 queued");
    assert_eq!(second.matches("\u{1b}[2J").count(), 0, "nothing is cleared that is drawn again: {second:?}");
    session.types("xq");
    let (is_good, rest) = session.ends();
    assert!(is_good && rest.ends_with(LEAVE), "{rest:?}");
}

#[test]
fn control_c_ends_a_watched_status_and_gives_the_terminal_back() {
    let yard = Yard::new("", &[("docs", GATE)]);
    let mut session = session(&yard, &["status", "--watch"]);
    session.until("q ends this");
    session.types("\u{3}");
    let (is_good, rest) = session.ends();
    assert!(is_good && rest.ends_with(LEAVE), "{rest:?}");
}

#[test]
fn a_watched_status_of_more_hooks_than_lines_fits_the_terminal() {
    let names: Vec<String> = (0..60).map(|number| format!("hook{number}")).collect();
    let hooks: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), GATE)).collect();
    let yard = Yard::new("workers = 2", &hooks);
    let mut session = session(&yard, &["status", "--watch"]);
    let screen = session.until("q ends this");
    assert_eq!(screen.matches("\r\n").count(), 23, "{screen:?}");
    assert!(screen.contains("more lines; q ends this"), "{screen:?}");
    session.types("q");
    assert!(session.ends().0);
}

#[test]
fn a_watched_status_without_a_terminal_is_shown_once_and_says_so() {
    let yard = Yard::new("", &[("docs", GATE)]);
    let (status, text) = said(&yard, &["status", "--watch"]);
    assert_eq!(status, Some(0));
    assert!(text.contains("--watch needs a terminal; this is how it is now") && text.contains("jobs     0 queued"));
}

#[test]
fn who_follows_a_log_is_told_what_it_waits_for() {
    let yard = Yard::new("", &[("docs", GATE)]);
    yard.fifo("gate");
    let id = yard.deliver("docs", "other", "1").short();
    let mut alone = yard.hookspool(&["log", "-f", &id]);
    let mut alone = alone.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(alone.stderr.take().unwrap()).lines();
    let expected = format!("hookspool: job {id}: it is queued, and no runner is alive: nothing runs until ");
    assert!(told.next().unwrap().unwrap().starts_with(&expected));
    let runner = yard.start();
    until_begun(&yard, 1);
    let behind = yard.deliver("docs", "main", "2").short();
    let mut session = session(&yard, &["log", "-f", &behind]);
    let line = session.until(", for ");
    assert!(line.contains(&format!("job {behind}: it is queued behind {id} (docs, other), which runs")), "{line:?}");
    open_gate(&yard);
    let (is_good, text) = session.ends();
    assert!(is_good && text.contains("\r\u{1b}[K") && text.contains(" job succeeded"), "{text:?}");
    let output = alone.wait_with_output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains(" job succeeded"));
    assert_eq!(told.count(), 0, "a job that runs is told of by its log alone");
    drop(runner);
}

#[test]
fn a_log_whose_job_waits_for_its_next_attempt_says_so_and_why() {
    // The wait is a part of an hour that chance decides on.
    let step = "retry = { attempts = 20, backoff = \"1h\" }\nsteps = [{ shell = \"echo no; exit 75; true\" }]";
    let yard = Yard::new("", &[("docs", step)]);
    let id = yard.deliver("docs", "main", "1").short();
    let runner = yard.start();
    let mut session = session(&yard, &["log", "-f", &id]);
    let text = session.until("it waits for its next attempt, in ");
    assert!(text.contains(" out no\r\n"), "{text:?}");
    session.until(": step 1 (");
    assert_eq!(said(&yard, &["cancel", &id]).0, Some(0));
    assert!(session.ends().0);
    drop(runner);
}

#[test]
fn a_step_under_way_is_told_with_the_time_that_it_took_last() {
    let yard = Yard::new("", &[("docs", GATE)]);
    queue(&yard, &["main"]);
    yard.drain();
    yard.fifo("gate");
    let runner = yard.start();
    let id = queue(&yard, &["next"])[0].short();
    until_begun(&yard, 2);
    let (_, screen) = said(&yard, &["status"]);
    assert!(screen.contains(" (usually 1s, at most 1m); "), "{screen}");
    assert_eq!(json(&yard, &["show", &id])["usual_s"], 1);
    open_gate(&yard);
    drop(runner);
}
