//! Outputs that cannot be written, and texts that should not be printed as they are.

use crate::hostile_bench::{Site, answer, push, run};
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
    let site = Site::with("steps = [{ run = [\"true\"] }]");
    for stderr in [full(), closed()] {
        let mut cgi = site.cgi("push", &push('a'));
        cgi.stderr(stderr);
        let reply = answer(cgi, &push('a'));
        assert!(reply.starts_with("Status: 202 "), "{reply}");
    }
}

#[test]
fn jobs_run_although_the_runners_log_line_cannot_be_written() {
    let site = Site::with("steps = [{ run = [\"true\"] }]");
    site.queue('a');
    let ended = site.verb(&["spool-runner", "--once"]).stderr(full()).output().unwrap();
    assert_eq!((ended.status.code(), site.names("done").len()), (Some(0), 2), "{ended:?}");
}

#[test]
fn no_verb_panics_when_nobody_reads_what_it_prints() {
    let site = Site::with("steps = [{ run = [\"true\"] }]");
    site.queue('a');
    for arguments in [&["check"][..], &["check", "--json"], &["list"], &["list", "--json"]] {
        let quiet = site.verb(arguments).stdout(closed()).output().unwrap();
        assert_eq!((quiet.status.code(), quiet.stderr.as_slice()), (Some(0), &b""[..]), "{arguments:?}");
        let told = site.verb(arguments).stdout(full()).output().unwrap();
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(74), "{arguments:?}: {text}");
        assert!(text.starts_with("hookspool: cannot print: "), "{arguments:?}: {text}");
    }
    let unsaid = site.verb(&["show", "00000000"]).stderr(full()).output().unwrap();
    assert_eq!(unsaid.status.code(), Some(1), "{unsaid:?}");
}

#[test]
fn a_limit_on_the_size_of_files_is_an_answer_and_not_the_end() {
    let site = Site::with("steps = [{ run = [\"true\"] }]");
    let body = push('a');
    let plain = site.cgi("push", &body);
    let mut limited = std::process::Command::new("/bin/sh");
    limited.args(["-c", "ulimit -f 0; exec \"$0\"", crate::hostile_bench::BINARY]);
    limited.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = run(limited, &body);
    let reply = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && reply.starts_with("Status: 503 "), "{output:?}");
}
