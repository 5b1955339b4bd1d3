//! hookspool-json(7): its members are those that the commands print.

use crate::support::app::{App, NO_STEPS};
use crate::support::control::{GATE, json, open_gate, queue, said, until_begun};
use crate::support::http::{self, Framing, Request};
use crate::support::until;
use crate::support::world::PROGRAM;
use crate::support::yard::Yard;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

/// The members on the page, by the heading above them.
fn page() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(PROGRAM).args(["man", "hookspool-json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace("\\-", "-");
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut heading = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix(".SH ") {
            heading = title.to_ascii_lowercase();
        } else if line == ".TP" {
            let term = lines.next().unwrap().trim_start_matches("\\fB").trim_end_matches("\\fR");
            assert!(members.entry(heading.clone()).or_default().insert(term.to_owned()), "{term} twice");
        }
    }
    members
}

/// Objects whose members differ from case to case.
const OPEN: [&str; 1] = ["delivery"];
/// Members that follow from another one's word.
const BY_THE_WORD: &str = "history[].";

/// Collects the paths of what is in `value`; of a job its members, apart.
fn collect(value: &Value, path: &str, paths: &mut BTreeSet<String>, jobs: &mut BTreeSet<String>) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                collect(element, &format!("{path}[]"), paths, jobs);
            }
        }
        Value::Object(members) => {
            let is_job = members.contains_key("id") && members.contains_key("attempts");
            if is_job || (OPEN.contains(&path) && members.contains_key("hook")) {
                paths.insert(path.to_owned());
            }
            for (name, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                match name.as_str() {
                    "step" | "limit_s" | "usual_s" => collect(value, &format!("{path}{dot}{name}"), paths, jobs),
                    _ if is_job => drop(jobs.insert(name.clone())),
                    _ if OPEN.contains(&path) => {}
                    _ => collect(value, &format!("{path}{dot}{name}"), paths, jobs),
                }
            }
        }
        Value::Null => {}
        _ => drop(paths.insert(path.to_owned())),
    }
}

#[derive(Default)]
struct Seen {
    paths: BTreeMap<String, BTreeSet<String>>,
    jobs: BTreeSet<String>,
}

impl Seen {
    fn add(&mut self, heading: &str, value: &Value) {
        let paths = self.paths.entry(heading.to_owned()).or_default();
        collect(value, "", paths, &mut self.jobs);
        paths.retain(|path| !path.is_empty());
    }

    /// What a verb prints, however it ends.
    fn verb(&mut self, heading: &str, yard: &Yard, arguments: &[&str]) {
        let output = yard.hookspool(&[arguments, &["--json"]].concat()).stdin(Stdio::null()).output().unwrap();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            self.add(heading, &serde_json::from_str(line).unwrap());
        }
    }
}

/// Takes the rows apart that the page consists of, and leaves their jobs.
fn without_rows(value: &mut Value, rows: &mut BTreeSet<String>) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| without_rows(element, rows)),
        Value::Object(members) if members.contains_key("took_s") => {
            let mut job = members.remove("job").unwrap();
            rows.insert("row.job".to_owned());
            for (name, member) in std::mem::take(members) {
                if matches!(name.as_str(), "step" | "usual_s") {
                    job[if name == "step" { "step" } else { "limit_s" }] = member;
                } else if !member.is_null() {
                    rows.insert(format!("row.{name}"));
                }
            }
            *value = job;
        }
        Value::Object(members) => members.values_mut().for_each(|member| without_rows(member, rows)),
        _ => {}
    }
}

impl Seen {
    /// The page's file.
    fn page(&mut self, yard: &Yard) {
        let text = std::fs::read_to_string(yard.path("www/status.json")).unwrap();
        let mut value = serde_json::from_str(&text).unwrap();
        let mut rows = BTreeSet::new();
        without_rows(&mut value, &mut rows);
        self.add("page", &value);
        let paths = self.paths.get_mut("page").unwrap();
        if paths.remove("running[].limit_s") {
            paths.insert("running[].usual_s".to_owned());
        }
        paths.extend(rows);
    }
}

/// A hook whose jobs wait for hours.
const SHOP: &str = "retry = { attempts = 2, backoff = \"1h\" }\nsteps = [{ shell = \"echo no; exit 75; true\" }]";

#[test]
fn the_page_on_json_has_the_members_that_the_commands_print_and_no_others() {
    let gate = GATE.replace("echo $HOOKSPOOL_BRANCH >>begun", "echo hi; echo $HOOKSPOOL_BRANCH >>begun");
    let target = "[[notify]]\nname = \"ops\"\nkind = \"gotify\"\nurl = \"http://127.0.0.1:1\"\n\
                  token = { file = \"ROOT/secret\" }\n";
    let yard = Yard::new("[page]\ndir = \"ROOT/www\"", &[("docs", &gate), ("shop", &format!("{SHOP}\n{target}"))]);
    let mut seen = Seen::default();
    seen.verb("check", &yard, &["check"]);
    seen.verb("doctor", &yard, &["doctor", "--offline"]);
    yard.deliver("shop", "main", "1");
    let job = sent(&yard, &mut seen);
    let runner = yard.start();
    assert_eq!(said(&yard, &["wait", &job]).0, Some(0));
    until("the other waits", || yard.listed().iter().any(|job| job["state"] == "waiting"));
    seen.verb("log", &yard, &["log", &job]);
    seen.verb("status", &yard, &["status"]);
    seen.verb("explain", &yard, &["explain", &job]);
    yard.fifo("gate");
    let ids = queue(&yard, &["a", "b"]);
    until_begun(&yard, 2);
    until("the step has printed", || !json(&yard, &["show", &ids[0].short()])["step"]["last_output"].is_null());
    seen.verb("deploy, rollback, retry, cancel, hold, release", &yard, &["hold", "shop", "-m", "x"]);
    seen.verb("show", &yard, &["show", &ids[0].short()]);
    seen.verb("status", &yard, &["status"]);
    seen.verb("list", &yard, &["list"]);
    assert_eq!(said(&yard, &["page"]).0, Some(0));
    seen.page(&yard);
    open_gate(&yard);
    seen.verb("wait", &yard, &["wait", &ids[1].short()]);
    runner.stop();
    seen.verb("status", &yard, &["status"]);
    seen.verb("show", &yard, &["show", &job]);
    seen.verb("deploy, rollback, retry, cancel, hold, release", &yard, &["deploy", "docs"]);
    seen.verb("prune", &yard, &["prune", "--dry-run"]);
    releases(&mut seen);
    seen.verb("tell", &yard, &["tell", "ops"]);
    let failed = serde_json::json!({
        "number": 1, "at": "2026-01-01T00:00:00Z", "job": ids[0].to_string(), "hook": "docs", "standing": "failed",
        "attempts": 1, "failed_at": "2026-01-01T00:00:00Z", "why": "x",
    });
    std::fs::write(yard.spool().join(format!("outbox/failed/{}.ops.json", ids[0])), failed.to_string()).unwrap();
    seen.verb("status", &yard, &["status"]);
    seen.verb("doctor", &yard, &["doctor", "--offline"]);
    seen.verb("an error", &yard, &["show", "ffffffff"]);
    std::fs::write(yard.path("headers"), "X-GitHub-Event: push\nX-Hub-Signature-256: sha256=00\n").unwrap();
    std::fs::write(yard.path("body"), crate::support::github::push_to("dev", crate::support::github::COMMIT)).unwrap();
    let (headers, body) = (yard.path("headers"), yard.path("body"));
    seen.verb("explain", &yard, &["explain", "shop", "--headers", headers.to_str().unwrap(), body.to_str().unwrap()]);
    std::fs::write(yard.path("secret"), "with a blank ").unwrap();
    seen.verb("check", &yard, &["check"]);
    yard.configure("", &[("docs", "stesp = []")]);
    seen.verb("check", &yard, &["check"]);
    compare(&seen);
}

/// Releases of a hook, one of which somebody went back to.
fn releases(seen: &mut Seen) {
    let app = App::new("", NO_STEPS);
    for page in ["1", "2"] {
        app.deploy(&[("page", page)]);
    }
    seen.verb("deploy, rollback, retry, cancel, hold, release", &app, &["rollback", "app", "-m", "it was slow"]);
    seen.verb("releases", &app, &["releases", "app"]);
}

/// Sends to a real server; the job's id.
fn sent(yard: &Yard, seen: &mut Seen) -> String {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut server = yard.hookspool(&["serve", "--listen", &address]).stderr(Stdio::null()).spawn().unwrap();
    until("it listens", || TcpStream::connect(&address).is_ok());
    let url = format!("http://{address}/hooks/docs");
    seen.verb("send", yard, &["send", "docs", "--url", &url, "--branch", "main"]);
    http::send(address.parse().unwrap(), &Request::new("POST", "/hooks/docs", Framing::Length, b"{}"));
    until("both have left a trace", || json(yard, &["deliveries"])["deliveries"].as_array().unwrap().len() == 2);
    seen.verb("deliveries", yard, &["deliveries"]);
    server.kill().unwrap();
    server.wait().unwrap();
    let listed = yard.listed();
    let id = listed.iter().find(|job| job["hook"] == "docs").unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(said(yard, &["show", &id]).0, Some(0));
    id
}

/// Members that only an uncommon machine or configuration has.
const UNCOMMON: [(&str, &str); 25] = [
    ("deliveries", "hooks[].unreadable"),
    ("page", "hooks[].deliveries.words"),
    ("page", "hooks[].deliveries.refused"),
    ("status", "unused[]"),
    ("status", "free.files"),
    ("check", "replaceable[]"),
    ("check", "page[]"),
    ("page", "row.repository"),
    ("page", "row.pusher"),
    ("page", "held[]"),
    ("page", "waiting[]"),
    ("page", "hooks[].last_failure"),
    ("page", "broken[].since"),
    ("page", "broken[].jobs"),
    ("page", "broken[].last"),
    ("check", "problems[].hint"),
    ("explain", "signature.findings[]"),
    ("explain", "remarks[]"),
    ("explain", "events[].note"),
    ("check", "hooks[].hosts[]"),
    ("check", "hooks[].from[]"),
    ("send", "remedy"),
    ("show", "hosts[].host"),
    ("show", "hosts[].word"),
    ("show", "hosts[].at"),
];

fn compare(seen: &Seen) {
    let page = page();
    assert_eq!(seen.jobs, page["a job"], "members of a job");
    for (heading, members) in page.iter().filter(|(heading, _)| *heading != "a job") {
        let found = seen.paths.get(heading).unwrap_or_else(|| panic!("{heading} was not printed"));
        let found: BTreeSet<&String> =
            found.iter().filter(|path| !path.starts_with(BY_THE_WORD) || members.contains(*path)).collect();
        let unknown: Vec<_> = found.iter().filter(|path| !members.contains(**path)).collect();
        let is_alone = |member: &str| member.starts_with("relay.");
        let is_common =
            |member: &&String| !is_alone(member) && !UNCOMMON.contains(&(heading.as_str(), member.as_str()));
        let absent: Vec<_> = members.iter().filter(is_common).filter(|member| !found.contains(member)).collect();
        assert!(
            unknown.is_empty() && absent.is_empty(),
            "{heading}: not on the page {unknown:?}, not printed {absent:?}"
        );
    }
}
