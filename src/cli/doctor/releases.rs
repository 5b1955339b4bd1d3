//! Edge. The releases of hooks: what is served, and what cannot be removed.

use super::finding::Finding;
use crate::cli::print;
use crate::config::{Config, Hook};
use crate::runner::releases::{Current, ReleaseFault, ReleasesDir};

/// Looks at every hook with `releases`.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    for hook in &config.hooks {
        let Some(place) = ReleasesDir::of(&hook.plan).filter(|place| place.dir().exists()) else { continue };
        let said = of_hook(&place).unwrap_or_else(|fault| {
            vec![Finding::problem(fault.to_string(), "jobs cannot make a release", "see who owns it, and its mode")]
        });
        findings.extend(said.into_iter().map(|finding| finding.of(&hook.name)));
        findings.extend(missing(hook));
    }
}

fn of_hook(place: &ReleasesDir) -> Result<Vec<Finding>, ReleaseFault> {
    let there = place.list()?;
    let mut said = vec![of_current(place, &place.current()?, there.good.len())];
    said.extend(there.leftovers().iter().map(|path| {
        let what = format!("{} could not be removed", path.display());
        let why = "somebody else's files are in it, perhaps a web server's, and it takes room";
        Finding::warning(what, why, format!("rm -rf {}", path.display()))
    }));
    Ok(said)
}

fn of_current(place: &ReleasesDir, current: &Current, good: usize) -> Finding {
    let (link, why) = (place.link().display().to_string(), "the web server serves what it leads to");
    match current {
        Current::Release(name) if !place.path_of(name).is_dir() => {
            let repair = "`hookspool rollback` to a release that is there";
            Finding::problem(format!("{link} leads to release {name}, which is gone"), why, repair)
        }
        Current::Release(name) if place.mark(name).is_none() => {
            let what = format!("{link} leads to release {name}, which has no mark of a good one");
            Finding::warning(what, why, "deploy anew, or go back to a good one")
        }
        Current::Release(name) => {
            let are = if good == 1 { "is" } else { "are" };
            Finding::ok(format!("{link} is release {name}; {} {are} there", print::count(good, "good one")))
        }
        Current::Nothing => Finding::note(format!("there is no {link} yet"), "the first job makes it"),
        Current::Directory => {
            let why = "the first job puts the link in its place in one step, and keeps the directory beside it";
            Finding::note(format!("{link} is a directory"), why)
        }
        Current::Elsewhere(to) => {
            let what = format!("{link} leads to {}, which is no release", to.display());
            Finding::warning(what, "there is no way back to it after the next job", "")
        }
        Current::NoDirectory => {
            Finding::problem(format!("{link} is a file"), "no job can switch it", format!("move {link} away"))
        }
    }
}

/// Reports shared paths that are not there yet.
fn missing(hook: &Hook) -> Option<Finding> {
    let releases = hook.plan.releases.as_ref()?;
    let absent = releases.shared.iter().filter(|shared| !hook.plan.dir.join("shared").join(&shared.path).exists());
    let names: Vec<String> = absent.map(|shared| format!("`{}`", shared.path.display())).collect();
    if names.is_empty() || !hook.plan.dir.join("shared").exists() {
        return None;
    }
    let what = format!("of what is shared, {} is not in {}/shared", names.join(", "), hook.plan.dir.display());
    let why = "the next job takes it from the commit, makes a directory, or asks for the file";
    Some(Finding::note(what, why).of(&hook.name))
}
