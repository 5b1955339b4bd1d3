//! Outputs that cannot be written, and texts that should not be printed as they are.

use crate::support::one_hook::{OneHook, answer, push, run};
use std::fs::OpenOptions;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// The writing end of a connection whose reader is gone.
fn closed() -> Stdio {
    let (reader, writer) = UnixStream::pair().unwrap();
    drop(reader);
    Stdio::from(std::os::fd::OwnedFd::from(writer))
}

#[test]
fn a_delivery_is_answered_although_its_log_line_cannot_be_written() {
    let site = OneHook::of_github("steps = [{ run = [\"true\"] }]");
    for stderr in [full(), closed()] {
        let mut cgi = site.signed("push", &push('a'));
        cgi.stderr(stderr);
        let reply = answer(cgi, &push('a'));
        assert!(reply.starts_with("Status: 202 "), "{reply}");
    }
}

#[test]
fn jobs_run_although_the_runners_log_line_cannot_be_written() {
    let site = OneHook::of_github("steps = [{ run = [\"true\"] }]");
    site.queue('a');
    let ended = site.hookspool(&["spool-runner", "--once"]).stderr(full()).output().unwrap();
    assert_eq!((ended.status.code(), site.names("done").len()), (Some(0), 2), "{ended:?}");
}

#[test]
fn no_verb_panics_when_nobody_reads_what_it_prints() {
    let site = OneHook::of_github("steps = [{ run = [\"true\"] }]");
    site.queue('a');
    for arguments in [&["check"][..], &["check", "--json"], &["list"], &["list", "--json"]] {
        let quiet = site.hookspool(arguments).stdout(closed()).output().unwrap();
        assert_eq!((quiet.status.code(), quiet.stderr.as_slice()), (Some(0), &b""[..]), "{arguments:?}");
        let told = site.hookspool(arguments).stdout(full()).output().unwrap();
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(74), "{arguments:?}: {text}");
        assert!(text.starts_with("hookspool: cannot print: "), "{arguments:?}: {text}");
    }
    let unsaid = site.hookspool(&["show", "00000000"]).stderr(full()).output().unwrap();
    assert_eq!(unsaid.status.code(), Some(1), "{unsaid:?}");
}

#[test]
fn a_limit_on_the_size_of_files_is_an_answer_and_not_the_end() {
    let site = OneHook::of_github("steps = [{ run = [\"true\"] }]");
    let body = push('a');
    let plain = site.signed("push", &body);
    let mut limited = std::process::Command::new("/bin/sh");
    limited.args(["-c", "ulimit -f 0; exec \"$0\"", crate::support::world::PROGRAM]);
    limited.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = run(limited, &body);
    let reply = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && reply.starts_with("Status: 503 "), "{output:?}");
}

/// A job as anybody in the spool's group could write it.
fn forged(id: &str, after: &str, hook: &str) -> Vec<u8> {
    let line = serde_json::json!({
        "version": 1, "id": id, "sequence": &id[..19], "hook": hook, "provider": "github", "event": "push",
        "after": after, "pusher": "me\u{1b}]0;title\u{7}", "content_type": "application/json",
        "arrived_at": "2026-01-01T00:00:00Z", "length": 0, "sha256": "0".repeat(64),
    });
    let line = line.to_string();
    format!("\n{},\"seal\":\"{}\"}}\n", &line[..line.len() - 1], "0".repeat(64)).into_bytes()
}

#[test]
fn a_forged_job_is_shown_without_harm_to_the_terminal_or_the_program() {
    let site = OneHook::of_github("steps = [{ run = [\"true\"] }]");
    let id = "1700000000000000000.0000abcd";
    let job = site.path("spool/queued").join(format!("{id}.job"));
    std::fs::write(&job, forged(id, "aaaaaaaaa\u{e9}aaaaaaaaaa", "docs\u{1b}[2J\u{9b}31m\u{202e}x\nforged")).unwrap();
    for arguments in [&["list"][..], &["show", id]] {
        let shown = site.hookspool(arguments).output().unwrap();
        let text = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&shown.stderr));
        assert!(text.contains("docs\\x1b[2J\\u{9b}31m\\u{202e}x\\x0aforged"), "{arguments:?}: {text}");
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{arguments:?}: {text}");
    }
}

#[test]
fn a_log_is_followed_from_before_the_job_begins_until_it_has_ended() {
    let site = OneHook::of_github("steps = [{ run = [\"echo\", \"hello\"] }]");
    site.queue('a');
    let id = site.names("queued")[0].trim_end_matches(".job").to_owned();
    let mut follower =
        site.hookspool(&["log", "-f", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(site.hookspool(&["spool-runner", "--once"]).output().unwrap().status.success());
    let status = follower.wait().unwrap();
    let (mut text, mut pipe) = (String::new(), follower.stdout.take().unwrap());
    std::io::Read::read_to_string(&mut pipe, &mut text).unwrap();
    assert!(status.success() && text.contains(" out hello\n") && text.ends_with(" job succeeded\n"), "{text}");
}
