//! Edge. `releases`: the releases of a hook, as people see them.

use super::exit::{self, Failure};
use super::jobs::{age, no_such_hook};
use super::load::load;
use super::print;
use crate::model::{JobId, RefName};
use crate::runner::releases::{ReleaseFault, ReleaseListing, ReleaseName, ReleasesDir, Switch, SwitchKind};
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A release.
#[derive(Debug, Serialize)]
struct ReleaseView {
    release: ReleaseName,
    path: PathBuf,
    /// The steps before the switch did what they should.
    good: bool,
    current: bool,
    /// A rollback leads there.
    back: bool,
    /// Time at which it was found good.
    at: Option<Timestamp>,
    commit: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<RefName>,
    job: Option<JobId>,
    /// The last switch to it.
    switched: Option<SwitchView>,
}

/// A switch, as the log has it.
#[derive(Debug, Serialize)]
struct SwitchView {
    at: Timestamp,
    what: SwitchKind,
    by: Option<String>,
    why: Option<String>,
}

/// Prints a table or an array, the oldest first.
pub(super) fn run(config: Option<&Path>, hook: &str, json: bool) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let plan = &config.hook(hook).ok_or_else(|| no_such_hook(&config, hook))?.plan;
    let Some(place) = ReleasesDir::of(plan) else {
        return Err(Failure::new(exit::NO, format!("hook `{hook}` has no `releases`")));
    };
    let views = views(&place).map_err(|fault| Failure::new(exit::NO, fault))?;
    if json {
        print::json(&views)?;
    } else if views.is_empty() {
        print::line(&format!("there are no releases in {} yet", place.dir().display()))?;
    } else {
        print_table(&views)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn views(place: &ReleasesDir) -> Result<Vec<ReleaseView>, ReleaseFault> {
    let (current, back, switches) = (place.current()?, place.before_current()?, place.switches()?);
    let ReleaseListing { good, unmarked, .. } = place.list()?;
    let all = good.union(&unmarked).cloned();
    let view = |release: ReleaseName| {
        let mark = place.mark(&release).filter(|_| good.contains(&release));
        let (at, commit, job) =
            (mark.as_ref().map(|m| m.at), mark.as_ref().map(|m| m.commit.clone()), mark.as_ref().map(|m| m.job));
        ReleaseView {
            path: place.path_of(&release),
            good: good.contains(&release),
            current: current.release() == Some(&release),
            back: back.as_ref() == Some(&release),
            at,
            commit,
            reference: mark.and_then(|mark| mark.reference),
            job,
            switched: switches.iter().rev().find(|switch| switch.release == release).map(of_switch),
            release,
        }
    };
    Ok(all.map(view).collect())
}

fn of_switch(switch: &Switch) -> SwitchView {
    SwitchView { at: switch.at, what: switch.what, by: switch.by.clone(), why: switch.why.clone() }
}

const HEADINGS: [&str; 6] = ["RELEASE", "STATE", "REF", "AGE", "JOB", "SWITCHED"];

fn print_table(views: &[ReleaseView]) -> Result<(), Failure> {
    let now = Timestamp::now();
    let rows: Vec<Vec<String>> = views.iter().map(|view| row(view, now)).collect();
    print::table(&HEADINGS, &rows)
}

fn row(view: &ReleaseView, now: Timestamp) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let state = match view {
        ReleaseView { current: true, .. } => "current",
        ReleaseView { good: false, .. } => "unfinished",
        ReleaseView { back: true, .. } => "good, before",
        _ => "good",
    };
    vec![
        view.release.to_string(),
        state.to_owned(),
        or_dash(view.reference.as_ref().map(|reference| crate::intake::short(reference).to_owned())),
        or_dash(view.at.map(|at| age(at, now))),
        or_dash(view.job.map(JobId::short)),
        or_dash(view.switched.as_ref().map(|switch| words(switch, now))),
    ]
}

fn words(switch: &SwitchView, now: Timestamp) -> String {
    let what = match switch.what {
        SwitchKind::Switch => "",
        SwitchKind::Rollback => ", back",
        SwitchKind::Found => ", found so",
    };
    let by = switch.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let why = switch.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{} ago{what}{by}{why}", age(switch.at, now))
}
