//! The receiver's log: one line for each request, with what a person needs to find the delivery at the forge; and what
//! never reaches log or disk.

use crate::support::one_hook::{OneHook, push, run};
use std::fs;
use std::path::Path;
use std::process::Command;

const STEPS: &str = "steps = [{ run = [\"true\"] }]";
const DELIVERY: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

/// What a refused, ignored or answered request logs, in one line: everything but the time.
fn logged(command: Command, body: &[u8]) -> String {
    let output = run(command, body);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    let (time, rest) = log.trim_end().split_once(' ').unwrap();
    assert!(time.parse::<jiff::Timestamp>().is_ok(), "{log}");
    rest.to_owned()
}

/// A change to a request.
type Change = fn(&mut Command) -> &mut Command;

/// A signed delivery of `body`, changed by `change`.
fn of(site: &OneHook, event: &str, body: &[u8], change: Change) -> String {
    let mut command = site.signed(event, body);
    command.env("HTTP_X_GITHUB_DELIVERY", DELIVERY);
    change(&mut command);
    logged(command, body)
}

const SIGNATURE: &str = "HTTP_X_HUB_SIGNATURE_256";

#[test]
fn what_strangers_send_is_cut_in_the_log() {
    let site = OneHook::of_github(STEPS);
    let body = push('a');
    for variable in [
        "SCRIPT_NAME",
        "CONTENT_TYPE",
        "CONTENT_LENGTH",
        "REMOTE_ADDR",
        "HTTP_X_GITHUB_DELIVERY",
        "HTTP_X_GITHUB_EVENT",
    ] {
        let mut command = site.signed("push", &body);
        command.env(SIGNATURE, "sha256=00").env(variable, "\u{1}".repeat(60_000));
        let line = logged(command, &body);
        assert!(line.len() < 2000, "{variable}: {} bytes: {}", line.len(), &line[..1000]);
    }
}

#[test]
fn every_refusal_is_one_line_with_hook_provider_delivery_address_and_reason() {
    let site = OneHook::of_github(STEPS);
    let body = push('a');
    let refused = |status: u16, reason: &str| {
        format!(
            "warn event=refused status={status} hook=docs provider=github delivery={DELIVERY} remote=192.0.2.1 \
             reason=\"{reason}"
        )
    };
    let rows: [(Change, &[u8], String); 9] = [
        (|c| c.env_remove(SIGNATURE), &body, refused(403, "`X-Hub-Signature-256` is absent: ")),
        (|c| c.env(SIGNATURE, "sha256="), &body, refused(403, "`X-Hub-Signature-256` is empty: ")),
        (|c| c.env(SIGNATURE, "sha256=zz"), &body, refused(403, "`X-Hub-Signature-256` is malformed: ")),
        (|c| c.env("CONTENT_TYPE", "text/plain"), &body, refused(415, "content type `text/plain`")),
        (|c| c.env("CONTENT_LENGTH", "99999999999"), &body, refused(413, "99999999999 bytes are more than ")),
        (|c| c.env("REQUEST_METHOD", "GET"), b"", refused(405, "not a POST\"")),
        (|c| c.env("CONTENT_LENGTH", "9999"), &body, refused(400, "")),
        (|c| c, b"{", refused(400, "malformed delivery: ")),
        (
            |c| c.env("HTTP_X_FORGEJO_EVENT", "push").env(SIGNATURE, format!("sha256={}", "0".repeat(64))),
            &body,
            refused(
                403,
                "`X-Hub-Signature-256` is wrong: the forge has another secret than this hook, \
                 or the body was changed on its way; this delivery looks like forgejo's, the hook says github\"",
            ),
        ),
    ];
    for (change, body, expected) in rows {
        let line = of(&site, "push", body, change);
        assert!(line.starts_with(&expected), "{line}\n{expected}");
    }
}

#[test]
fn a_request_for_no_hook_or_without_a_length_says_who_asked_for_what() {
    let site = OneHook::of_github(STEPS);
    let line = of(&site, "push", b"{}", |c| c.env("SCRIPT_NAME", "/hooks/dosc"));
    let expected = format!(
        "warn event=refused status=404 delivery={DELIVERY} remote=192.0.2.1 reason=\"no hook answers on `/hooks/dosc`\""
    );
    assert_eq!(line, expected);
    let line = of(&site, "push", b"", |c| c.env_remove("CONTENT_LENGTH"));
    assert!(
        line.starts_with(
            "warn event=refused status=411 remote=192.0.2.1 path=/hooks/docs reason=\"no `CONTENT_LENGTH`"
        ),
        "{line}"
    );
}

#[test]
fn a_spool_that_cannot_take_it_is_one_line() {
    let site = OneHook::of_github(STEPS);
    fs::rename(site.path("spool"), site.path("gone")).unwrap();
    let line = of(&site, "push", &push('a'), |c| c);
    let expected = format!(
        "warn event=refused status=503 hook=docs provider=github delivery={DELIVERY} remote=192.0.2.1 reason=\""
    );
    assert!(line.starts_with(&expected), "{line}");
}

#[test]
fn what_is_ignored_answered_or_queued_is_one_line_too() {
    let site = OneHook::of_github(&format!("{STEPS}\nbranches = [\"other\"]"));
    let about = format!("hook=docs provider=github delivery={DELIVERY} remote=192.0.2.1");
    let line = of(&site, "push", &push('a'), |c| c);
    assert_eq!(
        line,
        format!("info event=ignored {about} reason=\"branch main is not deployed: `branches` are `other`\"")
    );
    assert_eq!(of(&site, "ping", b"{}", |c| c), format!("info event=pong {about}"));
    let site = OneHook::of_github(&format!("{STEPS}\npaths = [\"docs/**\"]"));
    let line = of(&site, "push", &push('a'), |c| c);
    assert!(line.starts_with("info event=queued job="), "{line}");
    let rest = line.split_once(" hook=").unwrap().1;
    let (after, note) = ("a".repeat(40), "the list of changed paths is incomplete");
    assert_eq!(
        rest,
        format!(
            "docs provider=github ref=refs/heads/main after={after} delivery={DELIVERY} remote=192.0.2.1 \
             note=\"{note}\""
        )
    );
}

#[test]
fn no_header_that_can_hold_a_secret_reaches_log_or_disk() {
    let site = OneHook::of_github(STEPS);
    let names = [
        "AUTHORIZATION",
        "COOKIE",
        "X_GITLAB_TOKEN",
        "X_GITEE_TOKEN",
        "X_GITHUB_ENCODED_SECRET",
        "X_TOKEN",
        "X_CODEUP_TOKEN",
        "X_REPO_TOKEN",
        "X_AUTH_TOKEN",
        "X_GITCODE_TOKEN",
        "PROXY_AUTHORIZATION",
        "X_API_KEY",
        "X_HUB_SIGNATURE",
        "X_UNHEARD_OF",
    ];
    for signed in [true, false] {
        let body = push('a');
        let mut command = site.signed("push", &body);
        for name in names {
            command.env(format!("HTTP_{name}"), format!("canary-{name}"));
        }
        if !signed {
            command.env(SIGNATURE, format!("sha256={}", "0".repeat(64)));
        }
        command.env("QUERY_STRING", "token=canary-query");
        let output = run(command, &body);
        let log = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(log.contains(if signed { "queued" } else { "refused" }), "{log}");
        assert!(!log.contains("canary"), "{log}");
    }
    assert_eq!(site.names("queued").len(), 1);
    assert_eq!(with_canary(&site.path("spool")), Vec::<String>::new());
}

/// Files below `directory` in which a canary sits.
fn with_canary(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(with_canary(&path));
        } else if fs::read(&path).unwrap().windows(6).any(|bytes| bytes == b"canary") {
            found.push(path.display().to_string());
        }
    }
    found
}
