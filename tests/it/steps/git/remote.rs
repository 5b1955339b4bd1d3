//! Edge. Remotes that fail: what passes by itself is tried again, and the rest says what to do.

use super::forge::{HttpForge, SshForge};
use super::site::{Site, git};
use hookspool::config::{GitUpdate, StepAction, Variable, VariableValue};
use hookspool::model::Outcome;
use std::fs;
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::Duration;

const MAIN: &str = "refs/heads/main";

/// A site whose remote is at `url` from now on.
fn at(site: &Site, url: &str) {
    git(site.dir(), &["remote", "set-url", "origin", url]);
}

#[test]
fn what_an_http_server_fails_at_is_tried_again() {
    let failures = [
        "",
        "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 522 Origin Timed Out\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut off",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "this is no HTTP",
    ];
    let mut site = Site::new();
    site.updated_to(MAIN);
    let newer = site.commit("file", "two");
    for failure in failures {
        let forge = HttpForge::start(&site.origin, &[failure]);
        at(&site, &forge.url);
        let (reason, transient) = site.refusal(MAIN);
        assert!(transient && reason.starts_with("the remote could not be reached: "), "{failure:?}: {reason}");
        assert_eq!(site.updated_to(MAIN), newer, "{failure:?}");
        assert!(forge.connections.load(Ordering::SeqCst) > 1);
    }
}

#[test]
fn a_default_branch_is_asked_for_again_where_the_answer_was_cut() {
    let mut site = Site::new();
    site.updated_to(MAIN);
    let newer = site.commit("file", "two");
    git(site.dir(), &["checkout", "--quiet", "--detach"]);
    let forge = HttpForge::start(&site.origin, &["HTTP/1.1 200 OK\r\nContent-Le"]);
    at(&site, &forge.url);
    site.bench.facts.meta.reference = None;
    let done = site.bench.run();
    assert_eq!(done.result.commit.as_deref(), Some(newer.as_str()), "{}", done.log);
}

#[test]
fn a_tls_handshake_that_is_cut_is_tried_again() {
    let mut site = Site::new();
    site.updated_to(MAIN);
    let forge = HttpForge::start(&site.origin, &[""; 9]);
    at(&site, &forge.url.replace("http://", "https://"));
    let (reason, transient) = site.refusal(MAIN);
    assert!(transient, "{reason}");
}

#[test]
fn what_an_http_server_refuses_is_not_tried_again_and_says_what_to_do() {
    for (answer, expected) in [
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x", "asks for a name and password, or refuses"),
        ("403 Forbidden", "asks for a name and password, or refuses"),
        ("404 Not Found", "does not exist, or"),
    ] {
        let mut site = Site::new();
        let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let forge = HttpForge::start(&site.origin, &[answer.as_str(); 9]);
        let from = Some(forge.url.clone());
        site.bench.plan.steps =
            vec![crate::support::steps::step(StepAction::Git(GitUpdate { from, ..GitUpdate::default() }))];
        let (reason, transient) = site.refusal(MAIN);
        assert!(!transient && reason.contains(expected) && reason.contains(&forge.url), "{reason}");
    }
}

#[test]
fn a_remote_that_says_nothing_is_given_up_and_tried_again() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let mut site = Site::new();
    site.updated_to(MAIN);
    site.bench.stall = Duration::from_millis(300);
    for scheme in ["http", "git", "ssh"] {
        let url = format!("{scheme}://{address}/x.git");
        at(&site, &url);
        let (reason, transient) = site.refusal(MAIN);
        let expected = format!("`{url}` has sent nothing for 300ms; `silence` allows for more");
        assert_eq!((reason, transient), (expected, true));
    }
}

#[test]
fn the_silence_of_a_step_ends_a_git_that_says_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut site = Site::new();
    site.updated_to(MAIN);
    site.bench.plan.steps[0].silence = Some(Duration::from_millis(300));
    at(&site, &format!("http://{}/x.git", silent.local_addr().unwrap()));
    let done = site.update_to(MAIN);
    assert_eq!(done.result.outcome, Outcome::TimedOut, "{}", done.log);
    assert!(done.result.reason.contains("it printed nothing for 300ms"), "{}", done.result.reason);
    assert!(done.result.transient, "it may pass by itself");
}

#[test]
fn a_remote_without_branches_is_not_one_whose_branch_was_deleted() {
    let mut site = Site::new();
    let empty = site.bench.root.path().join("empty.git");
    git(site.bench.root.path(), &["init", "--quiet", "--bare", "empty.git"]);
    let from = Some(empty.display().to_string());
    site.bench.plan.steps =
        vec![crate::support::steps::step(StepAction::Git(GitUpdate { from, ..GitUpdate::default() }))];
    let expected =
        format!("`{}` has no branches: it is empty, or it is not the repository of the push", empty.display());
    assert_eq!(site.refusal(MAIN), (expected, false));
}

/// A site whose remote is reached over ssh, and the commit that is new there.
fn over_ssh() -> (Site, SshForge, String) {
    let mut site = Site::new();
    site.updated_to(MAIN);
    let newer = site.commit("file", "two");
    let forge = SshForge::start(site.bench.root.path(), "host", 0);
    forge.know("known", "host");
    at(&site, &forge.url(&site.origin.join(".git")));
    (site, forge, newer)
}

#[test]
fn over_ssh_each_failure_says_what_to_do() {
    let (mut site, forge, newer) = over_ssh();
    let keys = site.bench.root.path().to_owned();
    let ssh = |site: &Site, forge: &SshForge, key, known| {
        git(site.dir(), &["config", "core.sshCommand", &forge.client(key, known)]);
    };
    ssh(&site, &forge, "client", "known");
    assert_eq!(site.updated_to(MAIN), newer);

    let says = |site: &mut Site, words: &[&str]| {
        let (reason, transient) = site.refusal(MAIN);
        assert!(!transient && words.iter().all(|word| reason.contains(word)), "{words:?}: {reason}");
    };
    ssh(&site, &forge, "client", "nobody");
    says(&mut site, &["ssh does not know the remote's host key; connect to it once by hand as"]);
    ssh(&site, &forge, "stranger", "known");
    says(&mut site, &["Permission denied (publickey", "deploy key", "127.0.0.1"]);
    ssh(&site, &forge, "client", "known");
    at(&site, &forge.url(&site.origin.join("elsewhere")));
    says(&mut site, &["does not appear to be a git repository", "check the address and the key"]);

    let port = forge.port;
    drop(forge);
    let forge = SshForge::start(&keys, "host2", port);
    says(&mut site, &["the host key of `[127.0.0.1]:", "has changed", "ssh-keygen -R"]);
    drop(forge);
    let (reason, transient) = site.refusal(MAIN);
    assert!(transient && reason.contains("Connection refused"), "{reason}");
}

#[test]
fn each_hook_may_have_an_ssh_command_and_so_a_deploy_key_of_its_own() {
    let (mut site, forge, newer) = over_ssh();
    let with_key = |key| {
        let value = VariableValue::Text(forge.client(key, "known"));
        vec![Variable { name: "GIT_SSH_COMMAND".to_owned(), value }]
    };
    site.bench.plan.env = with_key("stranger");
    let (reason, _) = site.refusal(MAIN);
    assert!(reason.contains("Permission denied (publickey"), "{reason}");
    site.bench.plan.env = with_key("client");
    assert_eq!(site.updated_to(MAIN), newer);
}

#[test]
fn what_ssh_and_a_forge_say_is_the_reason() {
    let mut site = Site::new();
    site.updated_to(MAIN);
    let ssh = site.bench.root.path().join("ssh");
    at(&site, "git@git.example.org:me/docs.git");
    git(site.dir(), &["config", "core.sshCommand", ssh.to_str().unwrap()]);
    for (said, expected, is_transient) in [
        ("Connection to forge.example closed by remote host.", "closed by remote host", true),
        ("client_loop: send disconnect: Broken pipe", "Broken pipe", true),
        ("Timeout, server forge.example not responding.", "not responding", true),
        ("ERROR: Repository not found.", "Repository not found", false),
        ("remote: The project you were looking for could not be found.", "could not be found", false),
        ("Too many authentication failures", "deploy key", false),
    ] {
        fs::write(&ssh, format!("#!/bin/sh\necho '{said}' >&2\nexit 255\n")).unwrap();
        fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let (reason, transient) = site.refusal(MAIN);
        assert!(reason.contains(expected) && transient == is_transient, "{said}: {reason}");
    }
}
