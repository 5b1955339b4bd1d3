//! Edge. Check of the programs that the steps name, found as the runner finds them.

use super::finding::Finding;
use crate::config::{Config, Hook, Step, StepAction, Variable, VariableValue};
use crate::runner::releases::ReleasesDir;
use crate::runner::steps::{List, find_program, search_path};
use crate::spool::{Presence, presence};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Looks for the program of every step `run`.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let of_runner = path_of_runner(&config.spool);
    let path = of_runner.clone().unwrap_or_else(|| search_path(std::env::var_os("PATH")));
    let said: Vec<Option<Finding>> = config.hooks.iter().flat_map(|hook| of_hook(hook, &path)).collect();
    let has_programs = !said.is_empty();
    let before = findings.len();
    findings.extend(said.into_iter().flatten());
    if has_programs && findings.len() == before {
        let whose =
            if of_runner.is_some() { "the runner's PATH" } else { "this PATH; a runner of cron may have another" };
        findings.push(Finding::ok(format!("the steps' programs are there ({whose})")));
    }
}

/// The findings on the `run` steps of `hook`; one for a program that several steps name.
fn of_hook(hook: &Hook, path: &OsStr) -> Vec<Option<Finding>> {
    let mut known = BTreeSet::new();
    let mut said = Vec::new();
    for list in List::ALL {
        for (index, step) in list.of(&hook.plan).iter().enumerate() {
            let Some(name) = program_of(step).filter(|name| known.insert(*name)) else { continue };
            let is_first = index == 0 && list == List::Steps;
            let dir = ReleasesDir::of(&hook.plan).map_or_else(|| hook.plan.dir.clone(), |place| place.link());
            let place = format!("{} {}", list.as_str(), index + 1);
            let path = own_path(hook, step).unwrap_or(path);
            said.push(of_step(&place, name, &dir, path, is_first).map(|finding| finding.of(&hook.name)));
        }
    }
    said
}

/// `PATH` as `env` sets it.
fn own_path<'a>(hook: &'a Hook, step: &'a Step) -> Option<&'a OsStr> {
    let set = |variables: &'a [Variable]| variables.iter().find(|variable| variable.name == "PATH");
    match &set(&step.env).or_else(|| set(&hook.plan.env))?.value {
        VariableValue::Text(path) => Some(OsStr::new(path)),
        VariableValue::Secret(_) => None,
    }
}

fn program_of(step: &Step) -> Option<&str> {
    let StepAction::Run(argv) = &step.action else { return None };
    argv.first().map(String::as_str)
}

/// A file in the work directory may be made by a step before.
fn of_step(place: &str, name: &str, dir: &Path, path: &OsStr, is_first: bool) -> Option<Finding> {
    let why = find_program(name, dir, path).err()?;
    let what = format!("{place}: {why}");
    let file = dir.join(name);
    let may_be_made = name.contains('/') && file.starts_with(dir) && !file.exists();
    if may_be_made && !(is_first && dir.exists()) {
        return Some(Finding::note(what, "it is right if an earlier step makes it"));
    }
    let repair = if may_be_made || file.exists() && name.contains('/') {
        format!("look at {}", file.display())
    } else {
        "install it, if it is not there at all".to_owned()
    };
    Some(Finding::problem(what, "the step fails", repair))
}

/// The search path of the runner that is alive, if it can be seen from here.
fn path_of_runner(spool: &Path) -> Option<OsString> {
    let Presence::Held { pid: Some(pid), .. } = presence(spool) else { return None };
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let path = environment.split(|byte| *byte == 0).find_map(|line| line.strip_prefix(b"PATH="));
    Some(search_path(path.map(|path| OsStr::from_bytes(path).to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Level;
    use crate::config::Confining;
    use crate::config::testing::hook;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn run(name: &str) -> Step {
        let action = StepAction::Run(vec![name.to_owned(), "argument".to_owned()]);
        Step {
            action,
            timeout: None,
            silence: None,
            env: Vec::new(),
            confining: Confining::AsHook,
            always: false,
            restarts_runner: false,
        }
    }

    /// The findings on a hook with these programs in `steps`, and `always` with one that does not exist.
    fn said(dir: &Path, names: &[&str]) -> Vec<Option<(Level, String)>> {
        let mut hook = hook("docs");
        hook.plan.dir = dir.to_owned();
        hook.plan.steps = names.iter().map(|name| run(name)).collect();
        hook.plan.always = vec![run("no-such-program")];
        let said = of_hook(&hook, OsStr::new("/usr/bin:/bin"));
        let strip = |text: String| text.replace(dir.to_str().unwrap(), "DIR");
        said.into_iter().map(|finding| finding.map(|f| (f.level, strip(f.line())))).collect()
    }

    #[test]
    fn each_program_is_found_as_the_runner_finds_it_or_the_step_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("build.sh"), "").unwrap();
        let found = said(dir.path(), &["sh", "/bin/sh", "sh", "./build.sh", "/nonexistent/x"]);
        let expected = [
            "steps 4: cannot run `./build.sh` in `DIR`: not executable; `chmod +x` it",
            "steps 5: cannot run `/nonexistent/x` in `DIR`: does not exist",
            "always 1: program `no-such-program` is not in PATH (/usr/bin:/bin); write its whole path, or set PATH \
             where the runner starts",
        ];
        let problem = |text: &&str| Some((Level::Problem, format!("hook `docs`: {text}")));
        let expected: Vec<_> = [None, None].into_iter().chain(expected.iter().map(problem)).collect();
        assert_eq!(found, expected);
        fs::set_permissions(dir.path().join("build.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(said(dir.path(), &["./build.sh"])[0], None);
    }

    #[test]
    fn what_an_earlier_step_may_make_is_no_problem() {
        let dir = tempfile::tempdir().unwrap();
        let absent = dir.path().join("absent");
        let level = |dir: &Path, names: &[&str], index: usize| said(dir, names)[index].clone().unwrap().0;
        assert_eq!(level(dir.path(), &["make", "out/tool"], 1), Level::Note);
        assert_eq!(level(dir.path(), &["out/tool"], 0), Level::Problem, "no step comes before it");
        assert_eq!(level(&absent, &["out/tool"], 0), Level::Note, "the work directory is not there yet");
        let beside = absent.to_str().unwrap();
        assert_eq!(level(&dir.path().join("work"), &["make", beside], 1), Level::Problem, "not in the work directory");
    }
}
