//! Edge. `deploy/`: each file loaded by the program that it is for. The web servers' files are under `e2e_gateways`.

use crate::support::github::{delivery, push_to};
use crate::support::http::{Framing, Request, send};
use crate::support::repository::Repository;
use crate::support::site::read_shipped;
use crate::support::{Account, Gateway, Site, job, supervisor, until};
use hookspool::model::State;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

#[test]
fn the_example_configuration_deploys_a_push_as_it_is() {
    let site = Site::new();
    let repository = Repository::new(&site);
    repository.commit("Makefile", "site:\n\tmkdir site && echo \"built as told\" >site/index.html\n");
    let bare = site.srv().join("git/site.git");
    let ours = bare.to_str().expect("UTF-8 path");
    let example = read_shipped("deploy/hookspool.toml");
    let theirs = "https://git.example.org/me/docs.git";
    assert!(example.contains(theirs), "the example clones from {theirs}");
    site.configure(&example.replace(theirs, ours));
    for name in ["docs", "shop", "shop.old", "metrics", "wiki"] {
        site.secret(name, crate::support::site::SECRET);
    }
    let config = site.config();
    let checked = site.hookspool(&["check", "--config", config.to_str().expect("UTF-8 path")]);
    assert!(checked.status.success(), "{checked:?}");

    let server = Gateway::NginxFastcgi.start(&site);
    let commit = repository.commit("README", "hello\n");
    let reply = send(server.address, &delivery(&server.path("docs"), "push", &push_to("main", &commit)));
    assert_eq!(reply.status, 202, "{reply:?}");
    site.drain();
    assert_eq!(states(&site), [State::Done], "{}", journal(&site));
    let page = fs::read_to_string(site.srv().join("docs/site/index.html")).expect("what make built");
    assert_eq!(page, "built as told\n");
    assert!(site.srv().join("docs/last-deploy.txt").exists());
}

#[test]
fn the_crontab_drains_the_spool_of_a_shared_host() {
    let site = Site::on_shared_host();
    let server = Gateway::SharedHosting.start(&site);
    let reply =
        send(server.address, &delivery(&server.path("docs"), "push", &push_to("main", crate::support::github::COMMIT)));
    assert_eq!(reply.status, 202, "{reply:?}");

    let crontab = read_shipped("deploy/crontab");
    let entries: Vec<&str> = crontab.lines().filter(|line| !line.starts_with('#')).collect();
    let command = entries[0].strip_prefix("* * * * * ").expect("each minute");
    assert_eq!(entries.len(), 1);
    assert!(!command.contains('%'), "crontab(5) turns a percent sign into a line feed");
    let home = site.at("/home/me");
    let mut cron = Account::owner().command("/bin/sh", &[]);
    cron.args(["-c", command]).current_dir(&home).env_clear();
    cron.envs([("SHELL", "/bin/sh"), ("PATH", "/usr/bin:/bin")])
        .env("HOME", &home)
        .env("LOGNAME", &Account::owner().name);
    let output = cron.output().expect("sh");
    assert!(
        output.status.success(),
        "{output:?} {:?}",
        fs::read_to_string(home.join(".local/state/hookspool/cron.log"))
    );
    assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()), "cron would send mail");
    assert_eq!(states(&site), [State::Done], "{}", journal(&site));
}

#[test]
fn cron_itself_accepts_the_crontab() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/crontab");
    let output = run(Command::new("crontab").arg("-n").arg(file));
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn beside_the_script_of_a_shared_host_nothing_is_served() {
    let site = Site::on_shared_host();
    let server = Gateway::SharedHosting.start(&site);
    for path in ["/deploy/secret.txt", "/deploy/.htaccess", "/deploy/"] {
        let reply = send(server.address, &Request::new("GET", path, Framing::None, b""));
        assert_eq!(reply.status, 403, "{path}: {reply:?}");
    }
}

#[test]
fn the_units_are_right_for_systemd() {
    let site = Site::new();
    let units = ["hookspool.socket", "hookspool.service", "hookspool-runner.service"].map(|unit| {
        let text = site.shipped(&format!("deploy/systemd/{unit}"), &[]);
        site.write(&format!("/etc/systemd/system/{unit}"), &text)
    });
    let verified = || {
        let options = ["verify", "--man=no", "--recursive-errors=no"];
        let output = run(Command::new("systemd-analyze").args(options).args(&units));
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    };
    verified();
    let text = site.shipped("deploy/systemd/serve.conf", &[]);
    site.write("/etc/systemd/system/hookspool-runner.service.d/serve.conf", &text);
    verified();
}

#[test]
fn the_receiver_stays_within_the_system_calls_that_its_unit_allows() {
    let allowed = allowed_calls(&read_shipped("deploy/systemd/hookspool.service"));
    let site = Site::new();
    let trace_file = site.at("/var/log/hookspool/strace");
    // -DD: the tracer steps aside, so that the receiver keeps the process id that systemd gave the socket to.
    let tracer = ["strace", "-DD", "-f", "-o", trace_file.to_str().expect("UTF-8 path")];
    let server = Gateway::systemd_under(&site, &tracer);
    for body in [push_to("main", crate::support::github::COMMIT), crate::support::github::push_of_length(2 << 20)] {
        let reply = send(server.address, &delivery(&server.path("docs"), "push", &body));
        assert_eq!(reply.status, 202, "{reply:?}");
    }
    drop(server);
    let trace = || fs::read_to_string(&trace_file).unwrap_or_default();
    until("the trace is whole", || trace().lines().any(|line| line.ends_with("+++ exited with 0 +++")));
    let used = called(&trace());
    assert!(used.iter().any(|call| call == "renameat2"), "the trace shows how a job is queued: {used:?}");
    let forbidden: Vec<&String> = used.iter().filter(|call| !allowed.contains(call)).collect();
    assert!(forbidden.is_empty(), "the unit forbids {forbidden:?}");
}

#[test]
fn user_and_directories_are_what_systemd_makes_of_the_shipped_files() {
    let root = tempfile::tempdir().expect("temporary directory");
    let at = |path: &str| root.path().join(path);
    fs::create_dir(at("etc")).expect("directory");
    let make = |program: &str, flags: &[&str], file: &str| {
        let copy = at("etc").join(file);
        fs::write(&copy, read_shipped(&format!("deploy/systemd/{file}"))).expect("file");
        run(Command::new(program).arg(format!("--root={}", root.path().display())).args(flags).arg(copy))
    };

    let output = make("systemd-sysusers", &[], "sysusers.conf");
    assert!(output.status.success(), "{output:?}");
    let passwd = fs::read_to_string(at("etc/passwd")).expect("passwd");
    let user: Vec<&str> =
        passwd.lines().find(|line| line.starts_with("hookspool:")).expect("user").split(':').collect();
    let (uid, gid) = (user[2].parse().expect("uid"), user[3].parse().expect("gid"));
    assert_eq!((user[5], user[6]), ("/var/lib/hookspool", "/usr/sbin/nologin"));

    let output = make("systemd-tmpfiles", &["--create"], "tmpfiles.conf");
    // Nobody but root can give a directory away; the rest is done all the same.
    let is_root = Account::myself().is_root();
    assert_eq!(output.status.success(), is_root, "{output:?}");
    for (path, owner, mode) in [("var/spool/hookspool", uid, 0o2751), ("etc/hookspool/secrets", 0, 0o750)] {
        let facts = fs::metadata(at(path)).expect("directory");
        assert_eq!(facts.permissions().mode() & 0o777, mode & 0o777, "{path}");
        let whole = (facts.uid(), facts.gid(), facts.permissions().mode() & 0o7777);
        assert!(!is_root || whole == (owner, gid, mode), "{path}: {whole:?}");
    }
}

#[test]
fn receivers_under_supervisor_that_restart_in_turn_miss_no_delivery() {
    let site = Site::new();
    let server = Gateway::Supervisor.start(&site);
    let ping = || send(server.address, &delivery(&server.path("docs"), "ping", b"{\"zen\":\"calm\"}"));
    let restarts = || {
        ["hookspool:hookspool_00", "hookspool:hookspool_01"].map(|one| supervisor::control(&site, &["restart", one]))
    };
    std::thread::scope(|scope| {
        let restarting = scope.spawn(restarts);
        let mut pongs = 0;
        while !restarting.is_finished() {
            let reply = ping();
            assert_eq!(reply.status, 200, "after {pongs} others: {reply:?}");
            pongs += 1;
        }
        let outputs = restarting.join().expect("restarts");
        assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
        assert!(pongs > 10, "only {pongs} deliveries arrived meanwhile");
    });
}

/// What `SystemCallFilter=` of a unit leaves, by systemd's own lists.
fn allowed_calls(unit: &str) -> Vec<String> {
    let mut allowed = Vec::new();
    for filter in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (removes, sets) = filter.strip_prefix('~').map_or((false, filter), |sets| (true, sets));
        let calls: Vec<String> = sets.split_whitespace().flat_map(calls_of).collect();
        if removes {
            allowed.retain(|call| !calls.contains(call));
        } else {
            allowed.extend(calls);
        }
    }
    allowed
}

/// The system calls of one of systemd's sets, and of the sets in it; a call itself is one.
fn calls_of(set: &str) -> Vec<String> {
    if !set.starts_with('@') {
        return vec![set.to_owned()];
    }
    let output = run(Command::new("systemd-analyze").args(["syscall-filter", set]));
    let text = String::from_utf8(output.stdout).expect("text");
    let members = text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    members.flat_map(calls_of).collect()
}

/// Names of the calls in what strace(1) wrote, sorted.
fn called(trace: &str) -> Vec<String> {
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let name = |line: &str| Some(line.split_whitespace().nth(1)?.split_once('(')?.0.to_owned()).filter(|n| is_name(n));
    let mut calls: Vec<String> = trace.lines().filter_map(name).collect();
    calls.sort();
    calls.dedup();
    calls
}

fn states(site: &Site) -> Vec<State> {
    job::all(&site.spool()).into_iter().map(|(state, _)| state).collect()
}

/// Everything that the jobs printed, for a failure's message.
pub(super) fn journal(site: &Site) -> String {
    let logs = fs::read_dir(site.spool().join("log")).into_iter().flatten().flatten();
    logs.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect()
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("cannot run {command:?}: {e}; run tests/run once"))
}
