//! What the real programs write, flush and move, from their traces, as whole sequences: no flush can be dropped, and
//! nothing is said before it is so.

use crate::crash::strace::Call;
use crate::support::crash_home::{Home, Reply, body};

/// A call as a few words, if it changes the spool, flushes it, answers or starts a process. Jobs and drafts lose their
/// names. Logs, the counts beside them and the payload's copy are not followed: they promise nothing.
fn words(call: &Call) -> Option<String> {
    let is_followed = |path: &String| !path.starts_with("spool/log") && !path.ends_with(".payload");
    let named: Vec<String> = paths(call).into_iter().filter(is_followed).collect();
    let of_spool = named.first().is_some_and(|path| path.starts_with("spool"));
    let text = match call.name.as_str() {
        "open" | "openat" if of_spool && call.arguments.contains("O_CREAT") => {
            let is_safe = call.arguments.contains("O_EXCL") && call.arguments.contains("O_NOFOLLOW");
            format!("create{} {}", if is_safe { "" } else { " (over what is there)" }, named.join("/"))
        }
        "pwrite64" | "write" | "ftruncate" if of_spool => format!("write {}", named[0]),
        "fsync" | "fdatasync" | "syncfs" if of_spool => format!("{} {}", call.name, named[0]),
        "renameat2" if of_spool && call.arguments.contains("RENAME_NOREPLACE") => format!("move {}", named.join("/")),
        "rename" | "renameat" | "renameat2" | "link" | "linkat" if !named.is_empty() => {
            format!("{} {}", call.name, named.join("/"))
        }
        "unlink" | "unlinkat" if of_spool => format!("remove {}", named.join("/")),
        "write" if call.arguments.starts_with("1<") => "answer".to_owned(),
        "clone" | "clone3" | "fork" | "vfork" => "start the step".to_owned(),
        _ => return None,
    };
    let failed = if call.failed() { " fails" } else { "" };
    Some(text.replace("spool/", "") + failed)
}

/// Paths and names among the arguments, without the home, and with jobs and drafts called alike.
fn paths(call: &Call) -> Vec<String> {
    let words = call.arguments.split(", ").filter_map(|argument| {
        let descriptor = argument.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| path);
        let text = argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        descriptor.or(text).map(|word| word.strip_prefix("~/").unwrap_or(word))
    });
    let words = words.filter(|word| !word.contains(['{', '\\', ' ']) && !word.starts_with('/'));
    words.map(|word| word.split('/').map(anonymous).collect::<Vec<_>>().join("/")).collect()
}

fn anonymous(name: &str) -> String {
    let is_draft = name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit());
    match name.rsplit_once('.') {
        Some((id, kind)) if id.len() == 28 => format!("ID.{kind}"),
        _ if is_draft => "DRAFT".to_owned(),
        _ => name.to_owned(),
    }
}

/// Adjacent writes to the same file are one.
fn story(calls: &[Call]) -> Vec<String> {
    let mut story: Vec<String> = calls.iter().filter_map(words).collect();
    story.dedup_by(|next, previous| next == previous && next.starts_with("write "));
    story
}

/// The trace comes last, and is never flushed.
const APPEND: [&str; 9] = [
    "write sequence",
    "create tmp/DRAFT",
    "write tmp/DRAFT",
    "fsync tmp/DRAFT",
    "move tmp/DRAFT/queued/ID.job",
    "fsync queued",
    "create seen/succeeds",
    "write seen/succeeds",
    "answer",
];

#[test]
fn a_delivery_is_flushed_moved_and_flushed_before_it_is_answered() {
    let home = Home::new();
    let strace = home.strace();
    home.deliver_under(&strace, "succeeds", &body());
    assert_eq!(story(&strace.calls()), APPEND);
}

#[test]
fn a_long_delivery_is_written_as_it_comes_and_then_the_same() {
    let home = Home::new();
    let mut long = body();
    long.extend(std::iter::repeat_n(b' ', 300_000));
    let strace = home.strace();
    home.deliver_under(&strace, "succeeds", &long);
    let expected =
        ["create tmp/DRAFT", "write tmp/DRAFT", "write sequence", "write tmp/DRAFT"].iter().chain(&APPEND[3..]);
    assert!(story(&strace.calls()).iter().eq(expected), "{:#?}", story(&strace.calls()));
}

#[test]
fn a_flush_that_fails_is_not_tried_again_and_the_draft_goes() {
    let home = Home::new();
    let strace = home.strace().fail_at("fsync", 1, "EIO");
    let output = home.deliver_under(&strace, "succeeds", &body());
    assert_eq!(Reply::read(&output.stdout).map(|reply| reply.status), Some(503));
    let expected =
        ["fsync tmp/DRAFT fails", "remove tmp/DRAFT", "create seen/succeeds", "write seen/succeeds", "answer"];
    assert_eq!(story(&strace.calls())[3..], expected);
}

#[test]
fn a_job_is_claimed_then_recorded_and_run_then_recorded_and_moved_and_all_is_flushed_at_the_end() {
    let home = Home::new();
    home.deliver("succeeds", "one");
    let strace = home.strace();
    assert!(home.drain_under(&strace).status.success());
    let story = story(&strace.calls());
    let claim = story.iter().position(|words| words.starts_with("move queued")).expect("nothing was claimed");
    assert_eq!(
        story[claim..],
        [
            "move queued/ID.job/running/ID.job",
            "create running/ID.events",
            "write running/ID.events",
            "write journal",
            "fdatasync journal",
            "start the step",
            "write running/ID.events",
            "write journal",
            "fdatasync journal",
            "move running/ID.job/done/ID.job",
            "move running/ID.events/done/ID.events",
            "syncfs spool",
            "write journal",
            "fdatasync journal",
        ]
    );
}

/// The names of a million jobs take most of a second to read.
#[test]
fn a_runner_lists_the_jobs_that_wait_once_before_it_begins_and_once_before_it_ends() {
    let home = Home::new();
    home.deliver("succeeds", "one");
    home.deliver("succeeds", "two");
    let strace = home.strace().follow_apart();
    assert!(home.drain_under(&strace).status.success());
    let lists = |call: &&Call| call.name == "openat" && paths(call) == ["spool/queued", "."];
    assert_eq!(strace.calls_apart().iter().flatten().filter(lists).count(), 2);
}
