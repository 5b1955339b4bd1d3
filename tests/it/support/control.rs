//! Edge. A yard whose step waits at a gate, and verbs with what they said.

use crate::support::until;
use crate::support::yard::Yard;
use hookspool::model::JobId;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;

/// Marks that it has begun, and waits until somebody opens the gate.
pub(crate) const GATE: &str = r#"timeout = "60s"
retry = { attempts = 1 }
when_newer = "keep"
branches = ["*"]
steps = [{ shell = """
echo $HOOKSPOOL_BRANCH >>begun; if [ -p gate ]; then cat gate; fi; echo $HOOKSPOOL_BRANCH >>ended""" }]"#;

/// Fails until there is a file `repaired`.
pub(crate) const FRAGILE: &str = r#"timeout = "60s"
retry = { attempts = 1 }
when_newer = "keep"
steps = [{ shell = "test -e repaired && echo $HOOKSPOOL_BRANCH >>order" }]"#;

/// How a verb ended, and what it printed.
pub(crate) fn said(yard: &Yard, arguments: &[&str]) -> (Option<i32>, String) {
    let output = yard.hookspool(arguments).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// The same as JSON; it must have ended well.
pub(crate) fn json(yard: &Yard, arguments: &[&str]) -> Value {
    let (status, text) = said(yard, &[arguments, &["--json"]].concat());
    assert_eq!(status, Some(0), "{arguments:?}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Waits until a step has begun `times` times.
pub(crate) fn until_begun(yard: &Yard, times: usize) {
    until("a step begins", || yard.site("begun").lines().count() >= times);
}

/// Lets the step at the gate go on, and the next ones pass.
pub(crate) fn open_gate(yard: &Yard) {
    let gate = yard.path("site/gate");
    let open = std::fs::OpenOptions::new().write(true).open(&gate).unwrap();
    std::fs::remove_file(gate).unwrap();
    drop(open);
}

/// Names in `control/`, sorted.
pub(crate) fn control(yard: &Yard) -> Vec<String> {
    crate::spool::append::names(&yard.path("spool/control"))
}

/// The only request in `control/`, once it is there.
pub(crate) fn request(yard: &Yard) -> PathBuf {
    until("a request is placed", || control(yard).iter().any(|name| name.ends_with(".request")));
    let name = control(yard).into_iter().find(|name| name.ends_with(".request")).unwrap();
    yard.path("spool/control").join(name)
}

pub(crate) fn queue(yard: &Yard, branches: &[&str]) -> Vec<JobId> {
    branches.iter().map(|branch| yard.deliver("docs", branch, branch)).collect()
}
