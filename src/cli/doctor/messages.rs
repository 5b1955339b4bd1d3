//! Edge. Messages that did not arrive, and targets that cannot be told.

use super::finding::Finding;
use crate::cli::print;
use crate::config::Config;
use crate::model::Addressee;
use crate::notify::trouble_with_url;
use crate::spool::{self, FailedLetter};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Messages that wait for so long meet a trouble.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// Looks at the outbox.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let Ok(outbox) = spool::outbox(&config.spool) else { return };
    let mut failed: BTreeMap<String, Vec<&FailedLetter>> = BTreeMap::new();
    for (addressee, letter) in &outbox.failed {
        failed.entry(to(addressee, &letter.tidings.hook)).or_default().push(letter);
    }
    for (to, letters) in &failed {
        findings.extend(letters.last().map(|last| of_failed(config, to, letters.len(), last)));
    }
    findings.extend((outbox.damaged > 0).then(|| of_damaged(config, outbox.damaged)));
    let now = Timestamp::now();
    let mut late: BTreeMap<String, usize> = BTreeMap::new();
    for letter in outbox.waiting.iter().filter(|letter| now.duration_since(letter.tidings.at) > PATIENCE) {
        *late.entry(to(&letter.addressee, &letter.tidings.hook)).or_default() += 1;
    }
    findings.extend(late.iter().map(|(to, count)| {
        let what = format!("{} to {to} wait for more than 15 minutes", print::count(*count, "message"));
        let why = "the runner tries again, and gives up after 24 hours";
        Finding::warning(what, why, "see `not-told-yet` in the runner's log, and `hookspool tell` for a target")
    }));
}

fn of_failed(config: &Config, to: &str, count: usize, last: &FailedLetter) -> Finding {
    let what = format!("{} to {to} did not arrive; the last one: {}", print::count(count, "message"), last.why);
    let failed = config.spool.join("outbox/failed");
    let repair = format!("repair that, then `rm {}/*`", failed.display());
    Finding::warning(what, "nobody was told", repair)
}

fn of_damaged(config: &Config, count: usize) -> Finding {
    let (outbox, files) = (config.spool.join("outbox"), print::count(count, "file"));
    let what = format!("{files} below {} cannot be read as a message", outbox.display());
    let repair = "see `message-damaged` in the runner's log for its name, look at `failed` there, and remove it";
    Finding::warning(what, "of what it told nobody hears", repair)
}

fn to(addressee: &Addressee, hook: &str) -> String {
    match addressee {
        Addressee::Target(name) => format!("`{name}`"),
        Addressee::Status | Addressee::DeployedStatus => format!("the forge of hook `{hook}`"),
    }
}

/// Looks at the secrets of targets and forges, as the runner's user.
pub(super) fn look_at_secrets(config: &Config, findings: &mut Vec<Finding>) {
    for target in &config.notify {
        let trouble = match target.destination() {
            Err(error) => Some(error.to_string()),
            Ok(destination) if target.to.is_empty() => trouble_with_url(&destination.url).map(str::to_owned),
            Ok(_) => None,
        };
        findings.extend(trouble.map(|trouble| cannot_tell(&format!("target `{}`: {trouble}", target.name))));
    }
    for hook in &config.hooks {
        let account = hook.plan.status.as_ref().map(crate::config::StatusSettings::account);
        if let Some(Err(error)) = account {
            findings.push(cannot_tell(&format!("`status`: {error}")).of(&hook.name));
        }
    }
    let told: Vec<&String> = config.hooks.iter().flat_map(|hook| &hook.plan.notify).collect();
    for target in config.notify.iter().filter(|target| !told.contains(&&target.name)) {
        let what = format!("target `{}` is told of nothing", target.name);
        findings.push(Finding::note(what, "no hook names it in `notify`"));
    }
}

fn cannot_tell(what: &str) -> Finding {
    let why = "what should be told waits, and is given up after 24 hours";
    Finding::problem(what, why, "put it right, so that the runner's user can read it; the next try takes it")
}
