//! `releases` of a hook, and what the steps must be then.

use super::golden::report;
use hookspool::config::probe::read as load_text;
use hookspool::config::{Config, SharedPath, StepAction};
use std::path::Path;

/// The beginning of a hook that says neither where it works nor what it does.
const BEGIN: &str = "spool = \"/var/spool/hookspool\"\n[[hook]]\nname = \"docs\"\nprovider = \"gitee\"\n\
                     secret = { file = \"/etc/docs\" }\n";

/// A hook with these lines.
fn hook(lines: &str) -> String {
    format!("{BEGIN}{lines}\n")
}

fn loaded(lines: &str) -> Config {
    load_text(&hook(lines)).unwrap_or_else(|error| panic!("{error}"))
}

/// The message and the hint of each problem.
fn wrong(lines: &str) -> Vec<(String, String)> {
    report(&hook(lines))
        .problems
        .into_iter()
        .map(|problem| (problem.message, problem.hint.unwrap_or_default()))
        .collect()
}

fn kinds(config: &Config) -> Vec<&'static str> {
    let kind = |action: &StepAction| match action {
        StepAction::Git(_) => "git",
        StepAction::Switch => "switch",
        _ => "other",
    };
    config.hooks[0].plan.steps.iter().map(|step| kind(&step.action)).collect()
}

const PLACE: &str = "releases = { dir = \"/srv/app\" }\n";

#[test]
fn the_steps_that_are_not_written_are_put_in() {
    let both = loaded(&format!("{PLACE}steps = [{{ shell = \"make\" }}]"));
    assert_eq!(kinds(&both), ["git", "other", "switch"]);
    let plan = &both.hooks[0].plan;
    assert_eq!((plan.dir.as_path(), plan.releases.as_ref().unwrap().keep), (Path::new("/srv/app"), 5));
    let written = "steps = [{ git = \"update\", from = \"/x\" }, { switch = \"current\" }, { shell = \"reload\" }]";
    assert_eq!(kinds(&loaded(&format!("{PLACE}{written}"))), ["git", "switch", "other"]);
    let last = "steps = [{ shell = \"make\" }, { shell = \"restart\", restarts_runner = true }]";
    assert_eq!(kinds(&loaded(&format!("{PLACE}{last}"))), ["git", "other", "switch", "other"]);
}

#[test]
fn what_is_shared_is_a_list_of_paths_that_do_not_lie_in_one_another() {
    let config = loaded(
        "releases = { dir = \"/srv/app\", keep = 2, shared = [\"storage\", \"./cache.d/\", \".env\"], from = \"/x\" }\n\
         steps = [{ shell = \"make\" }]",
    );
    let shared = |path: &str, is_directory| SharedPath { path: path.into(), is_directory };
    let expected = [shared("storage", false), shared("cache.d", true), shared(".env", false)];
    assert_eq!(config.hooks[0].plan.releases.as_ref().unwrap().shared, expected);
    for (paths, message) in [
        ("\"a\", \"a/b\"", "`a` and `a/b` lie in one another"),
        ("\"../x\"", "`shared` must be a path below `dir`, relative and without `..`"),
        ("\".git\"", "a release has no `.git`"),
        ("\"*\"", "`shared` takes one path, not a glob"),
    ] {
        let said =
            wrong(&format!("releases = {{ dir = \"/srv/app\", shared = [{paths}] }}\nsteps = [{{ shell = \"x\" }}]"));
        assert_eq!(said.first().map(|(message, _)| message.as_str()), Some(message), "{paths}: {said:?}");
    }
}

#[test]
fn steps_that_do_not_fit_releases_are_refused_with_what_to_do() {
    let rows = [
        ("dir = \"/srv/x\"\nsteps = [{ shell = \"x\" }]", "a hook with `releases` has no `dir`"),
        (
            "steps = [{ shell = \"x\" }, { git = \"update\" }]",
            "the step with `git` must be the first, and the only one",
        ),
        ("steps = [{ switch = \"current\" }, { switch = \"current\" }]", "a job switches once"),
        ("steps = [{ switch = \"now\" }]", "unknown word `now` for `switch`"),
        ("steps = [{ switch = \"current\", always = true }]", "a switch must not run after a failed step"),
        ("steps = [{ shell = \"x\" }]\nalways = [{ switch = \"current\" }]", "no step of `always` can switch"),
        (
            "steps = [{ shell = \"x\" }]\non_success = [{ git = \"update\" }]",
            "with `releases`, only a step of `steps` fetches: it makes the release",
        ),
        (
            "steps = [{ shell = \"x\" }]\nwhen_newer = \"parallel\"",
            "the releases of a hook are made one after the other",
        ),
        ("steps = [{ git = \"update\", depth = 0 }]", "`depth` must be an integer from 1 to 1000000"),
        (
            "steps = [{ git = \"update\", depth = 1, forward_only = true }]",
            "`forward_only` needs the whole history, and `depth` cuts it off",
        ),
        ("steps = [{ shell = \"x\" }]\numask = \"777\"", "with this `umask` the steps could not use their own files"),
        ("steps = [{ shell = \"x\" }]\numask = 27", "`umask` must be an octal number in quotes"),
        ("steps = [{ shell = \"x\" }]\nrollback = \"always\"", "unknown word `always` for `rollback`"),
        (
            "steps = [{ shell = \"x\" }]\nssh_key = \"/k\"\nenv = { GIT_SSH_COMMAND = \"ssh\" }",
            "`ssh_key` and `GIT_SSH_COMMAND` both choose the key",
        ),
    ];
    for (lines, message) in rows {
        let said = wrong(&format!("{PLACE}{lines}"));
        assert_eq!(said.first().map(|(message, _)| message.as_str()), Some(message), "{lines}: {said:?}");
    }
    let from = wrong("releases = { dir = \"/srv/app\", from = \"/x\" }\nsteps = [{ git = \"update\" }]");
    assert_eq!(from[0].0, "`from` stands here, and there is a step with `git`");
    let without = wrong("dir = \"/srv/x\"\nsteps = [{ switch = \"current\" }]");
    assert_eq!(without[0].0, "`switch` goes with `releases` only");
    let without = wrong("dir = \"/srv/x\"\nsteps = [{ shell = \"x\" }]\nrollback = \"on-failure\"");
    assert_eq!(without[0].0, "`rollback` goes with `releases` only");
}

#[test]
fn releases_lie_apart_from_the_spool_and_from_those_of_other_hooks() {
    let steps = "steps = [{ shell = \"x\" }]";
    for dir in ["/var/spool", "/var/spool/hookspool/app"] {
        let said = wrong(&format!("releases = {{ dir = \"{dir}\" }}\n{steps}"));
        assert_eq!(said[0].0, "the releases and the spool lie in one another");
    }
    let second = "[[hook]]\nname = \"b\"\nprovider = \"gitee\"\nsecret = { file = \"/etc/docs\" }\n";
    for dir in ["/srv/app", "/srv/app/inner", "/srv"] {
        let said = wrong(&format!("{PLACE}{steps}\n{second}releases = {{ dir = \"{dir}\" }}\n{steps}"));
        assert_eq!(said[0].0, "the releases of two hooks lie in one another", "{dir}");
        assert_eq!(said[0].1, "the other is on line 6: give each a directory of its own");
    }
    assert_eq!(wrong(&format!("releases = {{ dir = \"/\" }}\n{steps}"))[0].0, "releases cannot lie in `/`");
}

#[test]
fn releases_belong_to_one_hook_and_are_no_default() {
    let text = format!("spool = \"/s\"\n[defaults]\n{PLACE}");
    let said = report(&text);
    assert_eq!(said.problems[0].message, "unknown key `releases`");
    assert_eq!(said.problems[0].hint.as_deref(), Some("`releases` belongs in `[[hook]]`"));
    let both = "spool = \"/s\"\n[defaults]\ndir = \"/d\"\nprovider = \"gitee\"\nsecret = { file = \"/etc/docs\" }\n\
                rollback = \"on-failure\"\n[[hook]]\nname = \"a\"\nreleases = { dir = \"/srv/app\" }\n\
                steps = [{ shell = \"x\" }]\n[[hook]]\nname = \"b\"\nsteps = [{ shell = \"x\" }]\n";
    let config = load_text(both).unwrap_or_else(|error| panic!("{error}"));
    let dirs: Vec<&Path> = config.hooks.iter().map(|hook| hook.plan.dir.as_path()).collect();
    assert_eq!(dirs, [Path::new("/srv/app"), Path::new("/d")], "a hook with releases has no use for the default");
    assert!(config.hooks[0].plan.rolls_back && !config.hooks[1].plan.rolls_back);
}
