//! Edge. Kernels without Landlock or seccomp, with them switched off, and with older versions of them.

use super::Host;
use crate::crash::strace::Strace;
use crate::support::github::{COMMIT, push_to};
use crate::support::one_hook::run;
use std::process::Stdio;

/// What each kernel answers to a question for Landlock, and what is said of it.
const WITHOUT: [(&str, &str); 2] = [("ENOSYS", "does not offer Landlock"), ("EOPNOTSUPP", "Landlock is switched off")];

/// A kernel with another Landlock, and what is said of it.
fn kernels(host: &Host) -> Vec<(Strace, &'static str)> {
    let lacking = WITHOUT.map(|(errno, said)| (host.strace().answering("landlock_create_ruleset", errno), said));
    let first = (host.strace().returning("landlock_create_ruleset", 1), "too old to allow moving files");
    lacking.into_iter().chain([first]).collect()
}

/// The reply by CGI, and what was logged.
fn by_cgi(host: &Host, strace: &Strace) -> (String, String) {
    let body = push_to("main", COMMIT);
    let mut command = strace.around(&host.cgi(&body));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = run(command, &body);
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn without_landlock_one_request_is_answered_unless_it_is_required() {
    let host = Host::new("auto");
    for (strace, said) in kernels(&host) {
        let (reply, log) = by_cgi(&host, &strace);
        assert!(reply.starts_with("Status: 202 "), "{said}: {reply}{log}");
        assert!(!log.contains("sandbox"), "one line for each request is too much: {log}");
    }
    let host = Host::new("require");
    for (strace, said) in kernels(&host) {
        let (reply, log) = by_cgi(&host, &strace);
        assert!(reply.starts_with("Status: 500 ") && reply.ends_with("\r\nnot configured\n"), "{said}: {reply}");
        assert!(log.contains("sandbox = \\\"require\\\"") && log.contains(said), "{log}");
        assert_eq!(host.names("queued"), [""; 0], "{said}");
    }
}

#[test]
fn without_landlock_a_receiver_that_stays_says_so_once_unless_it_is_required() {
    let host = Host::new("auto");
    for (strace, said) in kernels(&host) {
        let served = host.served(strace.around(&host.command(&["serve", "--listen", "127.0.0.1:0"])));
        assert_eq!((served.status(), served.status()), (202, 202), "{said}");
        let log = host.log();
        assert_eq!(log.matches("event=no-sandbox").count(), 1, "{log}");
        assert!(log.contains(said) && log.contains(" sandbox=seccomp"), "{log}");
    }
    let host = Host::new("require");
    for (strace, said) in kernels(&host) {
        let output = strace.around(&host.command(&["serve", "--listen", "127.0.0.1:0"])).output().unwrap();
        assert_eq!(output.status.code(), Some(69), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{output:?}");
    }
}

#[test]
fn without_seccomp_there_is_landlock_alone_unless_more_is_required() {
    let host = Host::new("auto");
    let strace = || host.strace().answering("seccomp", "ENOSYS");
    let served = host.served(strace().around(&host.command(&["serve", "--listen", "127.0.0.1:0"])));
    assert_eq!(served.status(), 202);
    let log = host.log();
    assert!(log.contains("reason=\"cannot limit system calls: function not implemented\""), "{log}");
    assert!(log.contains(" sandbox=\"Landlock "), "{log}");
    drop(served);
    host.settle("require", &[("docs", "conf/secrets/docs")]);
    let output = strace().around(&host.command(&["serve", "--listen", "127.0.0.1:0"])).output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{output:?}");
}

#[test]
fn doctor_says_what_the_kernel_gives() {
    let said = |mut command: std::process::Command| String::from_utf8(command.output().unwrap().stdout).unwrap();
    for (mode, without) in [("auto", "warning  receivers have no sandbox: "), ("require", "PROBLEM  `sandbox = ")] {
        let host = Host::new(mode);
        let doctor = || host.command(&["doctor", "--offline"]);
        assert!(said(doctor()).contains("ok       receivers work in a sandbox: the kernel has Landlock "), "{mode}");
        for (strace, reason) in kernels(&host) {
            let text = said(strace.around(&doctor()));
            assert!(text.contains(without) && text.contains(reason), "{mode}: {text}");
        }
    }
    let text = said(Host::new("off").command(&["doctor", "--offline"]));
    assert!(text.contains("note     `sandbox = \"off\"`: receivers work without one"), "{text}");
}

#[test]
fn each_version_of_landlock_from_the_second_on_will_do() {
    let host = Host::new("require");
    for version in 2..=6 {
        let strace = host.strace().follow_apart().inject("landlock_create_ruleset", 1, &format!("retval={version}"));
        let (reply, log) = by_cgi(&host, &strace);
        assert!(reply.starts_with("Status: 202 "), "version {version}: {reply}{log}");
    }
}
