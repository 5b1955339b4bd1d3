//! Edge. `init`: makes a host ready for a hook. Facts of the machine and what is wanted make a plan; the plan is
//! carried out, or shown; then the hook is tried, and the last words say what is left to do.

mod apply;
pub(super) mod args;
mod ask;
mod closing;
mod configuration;
mod draft;
mod finish;
mod goal;
mod look;
mod machine;
mod owner;
mod plan;
mod shipped;
mod tool;
mod url;
mod web;
mod wishes;

use super::exit::{self, Failure};
use super::print;
use args::InitArgs;
use draft::WishDraft;
use finish::Finish;
use std::path::Path;
use std::process::ExitCode;

/// Makes it ready. Exit 1 when a push would not be deployed yet.
pub(super) fn run(config: Option<&Path>, args: &InitArgs) -> Result<ExitCode, Failure> {
    let machine = look::look(config)?;
    let usage = |why: String| Failure::new(exit::USAGE, why);
    let draft = WishDraft::new(args, &machine);
    draft.refusal(&machine).map_or(Ok(()), |why| Err(usage(why)))?;
    let draft = ask::complete(draft, &machine)?;
    let wishes = draft.finish(&machine).map_err(usage)?;
    let plan = plan::plan(&machine, &wishes).map_err(usage)?;
    if args.dry_run {
        let report = apply::show(&plan.goals)?;
        print::line(&format!("{}; nothing was touched", print::count(report.changes, "change")))?;
        return Ok(ExitCode::from(if report.silence.is_some() { exit::NO } else { 0 }));
    }
    let report = apply::carry_out(&plan.goals).map_err(|failure| unfinished(&failure))?;
    let has_changed = report.changes > 0;
    let finish = Finish { plan: &plan, wishes: &wishes, config: &machine.config, has_changed, silence: report.silence };
    let closing = finish.look();
    closing.lines().iter().try_for_each(|line| print::line(line))?;
    Ok(ExitCode::from(if closing.is_good() { 0 } else { exit::NO }))
}

/// A run that ended on its way can be taken up again.
fn unfinished(failure: &Failure) -> Failure {
    Failure::new(failure.code, format!("{}\nWhat was done stays; the same command goes on from there.", failure.text))
}
