//! Edge. Kernels without Landlock, and what is told of a box. strace answers in the place of the kernel.

use crate::support::yard::Yard;
use std::process::Output;

/// The calls of Landlock.
const LANDLOCK: &str = "?landlock_create_ruleset,?landlock_add_rule,?landlock_restrict_self";

fn drained_without_landlock(yard: &Yard) -> Output {
    let runner = yard.hookspool(&["spool-runner", "--once"]);
    yard.strace().without(LANDLOCK).around(&runner).output().unwrap()
}

fn lines(confine: &str) -> String {
    format!(
        "confine = {confine}\nsteps = [{{ shell = \"ls ../spool >/dev/null 2>&1 && echo free >>ran || echo confined >>ran\" }}]\n\
         on_failure = [{{ shell = \"echo >>failed\", confine = false }}]\n"
    )
}

#[test]
fn without_landlock_a_job_is_held_whole_and_runs_once_it_is_released() {
    let yard = Yard::new("", &[("docs", &lines("true"))]);
    let id = yard.deliver("docs", "main", "d-1");
    drained_without_landlock(&yard);
    let [state, _, reason] = yard.job(id);
    assert_eq!(state, "held", "{reason}");
    let expected = format!(
        "its steps are to be confined (`confine`), and the kernel does not offer Landlock (Linux 5.19 and later do), \
         or a container forbids it; start a kernel that has it, or allow them to run without (`fallback = \"run\"`), \
         then `hookspool release {}`",
        id.short()
    );
    assert_eq!(reason, expected);
    assert_eq!((yard.site("ran").as_str(), yard.site("failed").as_str()), ("", ""), "nothing of it ran");
    assert!(yard.hookspool(&["release", &id.to_string()]).status().unwrap().success());
    assert!(yard.drain().status.success());
    assert_eq!(yard.job(id)[..2], ["done", "succeeded"]);
    assert_eq!(yard.site("ran"), "confined\n");
}

#[test]
fn without_landlock_a_step_with_a_fallback_runs_without_a_box_and_says_so() {
    let yard = Yard::new("", &[("docs", &lines("{ fallback = \"run\" }"))]);
    let id = yard.deliver("docs", "main", "d-1");
    drained_without_landlock(&yard);
    assert_eq!(yard.job(id)[..2], ["done", "succeeded"], "{:?}", yard.job(id));
    assert_eq!(yard.site("ran"), "free\n");
    let step = yard.history(id).into_iter().find(|line| line["what"] == "step").unwrap();
    assert_eq!(step["confined"], "not confined: no Landlock");
}

#[test]
fn where_a_container_forbids_landlock_it_counts_as_absent() {
    let yard = Yard::new("", &[("docs", &lines("true"))]);
    let id = yard.deliver("docs", "main", "d-1");
    let runner = yard.hookspool(&["spool-runner", "--once"]);
    yard.strace().answering(LANDLOCK, "EPERM").around(&runner).output().unwrap();
    assert_eq!(yard.job(id)[0], "held", "{:?}", yard.job(id));
}

#[test]
fn the_history_and_show_say_in_which_box_a_step_ran() {
    let yard = Yard::new("", &[("docs", &lines("true"))]);
    let id = yard.deliver("docs", "main", "d-1");
    assert!(yard.drain().status.success());
    let step = yard.history(id).into_iter().find(|line| line["what"] == "step").unwrap();
    let said = step["confined"].as_str().unwrap();
    assert!(said.starts_with("confined by Landlock "), "{said}");
    let shown = yard.hookspool(&["show", &id.to_string()]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("confined by Landlock "), "{shown}");
}

/// The findings of `doctor` on confined steps, under a kernel that lacks the calls `missing`.
fn findings(yard: &Yard, missing: Option<&str>) -> Vec<String> {
    let mut doctor = yard.hookspool(&["doctor", "--offline", "--json"]);
    let output = match missing {
        Some(missing) => yard.strace().without(missing).around(&doctor).output().unwrap(),
        None => doctor.output().unwrap(),
    };
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = said["findings"].as_array().unwrap().iter();
    let line = |finding: &serde_json::Value| {
        format!("{}: {}", finding["level"].as_str().unwrap(), finding["what"].as_str().unwrap())
    };
    findings.map(line).filter(|line| line.contains("confine")).collect()
}

#[test]
fn check_and_doctor_tell_of_boxes() {
    let lines = "confine = true\nsteps = [{ shell = \"make\" }, { run = [\"x\"], confine = false }, \
                 { shell = \"y\", confine = { network = false, read = [\"ROOT/absent\"] } }]";
    let yard = Yard::new("", &[("docs", lines)]);
    let checked = yard.hookspool(&["check"]).output().unwrap();
    let checked = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.contains("\n  confined: 2 of 3 programs; 1 without network\n"), "{checked}");
    let absent =
        format!("problem: `{}` of `confine` is not there, or out of this user's reach", yard.path("absent").display());
    let said = findings(&yard, None);
    assert!(said[0].starts_with("ok: confined steps: Landlock "), "{said:?}");
    assert_eq!(said.last(), Some(&absent));
    let said = findings(&yard, Some(LANDLOCK));
    assert!(said[0].starts_with("problem: there is no box for confined steps: the kernel does not offer"), "{said:?}");
    yard.configure("", &[("docs", "confine = { fallback = \"run\" }\nsteps = [{ shell = \"make\" }]")]);
    let said = findings(&yard, Some(LANDLOCK));
    assert!(said[0].starts_with("warning: there is no box for confined steps"), "{said:?}");
    yard.configure("", &[("docs", "steps = [{ shell = \"make\" }]")]);
    assert_eq!(findings(&yard, None), [""; 0]);
}
