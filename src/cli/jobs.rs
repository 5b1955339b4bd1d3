//! Edge. Hooks, jobs and the spool as people name them, and the failures of verbs that cannot find them.

use super::exit::{self, Failure};
use crate::config::Config;
use crate::model::JobId;
use crate::spool::{self, Match, SpoolError};
use jiff::Timestamp;
use std::path::Path;

/// The one job whose id or last digits are `text`.
pub(super) fn find(root: &Path, text: &str) -> Result<JobId, Failure> {
    match spool::find(root, text).map_err(unreadable)? {
        Match::One(id) => Ok(id),
        Match::None => Err(no_such(text)),
        Match::Several(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let ids = ids.join(", ");
            Err(Failure::new(exit::USAGE, format!("`{text}` is too short to tell one job; it may be any of: {ids}, …")))
        }
    }
}

/// The failure of a verb whose job does not exist.
pub(super) fn no_such(text: &str) -> Failure {
    Failure::new(exit::NO, format!("no job `{text}`; `hookspool list` shows which there are"))
}

/// Fails unless the configuration has the hook: a misspelt name has no jobs either.
pub(super) fn refuse_unknown(config: &Config, hook: &str) -> Result<(), Failure> {
    config.hook(hook).map(|_| ()).ok_or_else(|| no_such_hook(config, hook))
}

/// The failure of a verb whose hook does not exist.
pub(super) fn no_such_hook(config: &Config, hook: &str) -> Failure {
    Failure::new(exit::NO, format!("no hook `{hook}`; there are: {}", names_of_hooks(config)))
}

/// The message for a text that is neither a hook nor a job.
pub(super) fn no_hook_and_no_job(config: &Config, text: &str) -> String {
    format!("no hook and no job `{text}`; the hooks are: {}", names_of_hooks(config))
}

fn names_of_hooks(config: &Config) -> String {
    config.hooks.iter().map(|hook| hook.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The failure of a verb whose spool does not exist.
pub(super) fn no_spool(root: &Path) -> Failure {
    let text = format!("there is no spool at {}; the runner makes it when it starts", root.display());
    Failure::new(exit::UNAVAILABLE, text)
}

/// The failure of a verb whose spool is a directory in which nothing is yet.
fn no_runner_yet(root: &Path) -> Failure {
    let text = format!("no runner has ever run on {}: start one, which makes the spool's parts", root.display());
    Failure::new(exit::UNAVAILABLE, text)
}

/// The failure of a verb that cannot read the spool.
pub(super) fn unreadable(error: SpoolError) -> Failure {
    match &error {
        SpoolError::Call { call: "open", path, .. } if error.is_missing() && !path.exists() => return no_spool(path),
        SpoolError::Call { path, .. } if error.is_missing() => {
            if let Some(root) = path.parent().filter(|root| spool::is_unmade(root)) {
                return no_runner_yet(root);
            }
        }
        _ => {}
    }
    match spool::remedy_of_closed(&error) {
        Some(remedy) => Failure::new(error.exit_code(), format!("{error}: {remedy}")),
        None => Failure::new(error.exit_code(), error),
    }
}

/// The time between the two as `12s`, `5m`, `3h` or `2d`: in the largest unit that fits.
pub(super) fn age(from: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(from).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        let at = |s| Timestamp::from_second(s).unwrap();
        let ages = [0, 59, 60, 3599, 3600, 86_399, 86_400, 900_000].map(|s| age(at(0), at(s)));
        assert_eq!(ages, ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "10d"]);
        assert_eq!(age(at(10), at(0)), "0s");
    }
}
