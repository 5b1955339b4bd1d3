//! Edge. The deliveries to each hook: none, refused ones, or such as nobody wanted.

use super::finding::Finding;
use crate::cli::jobs::age;
use crate::config::{Config, Hook};
use crate::provider::Provider;
use crate::spool::{self, DeliveryResult, Filter, Seen, Streak};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Jobs that are looked at.
const LOOK_LIMIT: usize = 10_000;

/// Looks at the traces that deliveries left. Where they cannot be read, the look at the spool's parts says so.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let with_jobs = hooks_with_jobs(config);
    let astray = spool::seen(&config.spool, None).is_ok_and(|seen| seen.last().is_some());
    for hook in config.hooks.iter().filter(|hook| hook.from.is_empty()) {
        let Ok(seen) = spool::seen(&config.spool, Some(&hook.name)) else { continue };
        let has_jobs = with_jobs.as_ref().is_none_or(|hooks| hooks.contains(&hook.name));
        findings.extend(match seen.streak() {
            None => (!has_jobs).then(|| of_silent(hook, astray)),
            Some(streak) => of_streak(hook, &seen, &streak),
        });
    }
}

/// The hooks that have a job in the spool: by `deploy`, by `reconcile`, or from before traces were kept. `None`: there
/// are too many jobs to tell.
fn hooks_with_jobs(config: &Config) -> Option<BTreeSet<String>> {
    let filter = Filter { newest: Some(LOOK_LIMIT), ..Filter::default() };
    let jobs: Vec<_> = spool::newest_first(&config.spool, &filter).ok()?.flatten().collect();
    (jobs.len() < LOOK_LIMIT).then(|| jobs.into_iter().filter_map(|job| job.hook).collect())
}

fn of_silent(hook: &Hook, astray: bool) -> Finding {
    let why = "it was neither refused nor ignored: no request for this hook has come as far as the receiver";
    let elsewhere = if astray { "; some requests named no hook: `hookspool deliveries` shows them" } else { "" };
    let forge = limit_of(&hook.provider);
    let repair = format!(
        "`hookspool send HOOK --url URL`, with the URL that the forge has; if that arrives, the forge does not come \
         through: see its list of deliveries, the URL there, firewalls{forge}{elsewhere}"
    );
    Finding::note("nothing has ever arrived", why).repaired_by(repair).of(&hook.name)
}

/// Refusals are a warning where nothing else was ever kept: anybody may send what is refused.
fn of_streak(hook: &Hook, seen: &Seen, streak: &Streak<'_>) -> Option<Finding> {
    let Streak { last, .. } = streak;
    let now = Timestamp::now();
    let what = format!("the last delivery: {}", seen.headline(|at| age(at, now)));
    let why = last.reason.clone().unwrap_or_default();
    let see = format!("`hookspool deliveries {}` shows what came, from whom and when", hook.name);
    let is_taken = |result: DeliveryResult| !result.is_refused() && result != DeliveryResult::Error;
    let was_ever_taken = seen.counts.iter().any(|(result, count)| count > 0 && is_taken(result));
    let finding = match last.result {
        DeliveryResult::Queued | DeliveryResult::Pong => return None,
        DeliveryResult::Ignored if seen.counts.of(DeliveryResult::Queued) > 0 => return None,
        DeliveryResult::Ignored => {
            let repair = format!("change the hook if it should run; {see}");
            Finding::note(what, "none of its deliveries was ever wanted").repaired_by(repair)
        }
        DeliveryResult::Error => Finding::warning(what, why, see),
        _ if was_ever_taken => Finding::note(what, why).repaired_by(see),
        _ => Finding::warning(what, why, see),
    };
    Some(finding.of(&hook.name))
}

/// The setting that keeps a forge's own server from sending to some hosts.
fn limit_of(provider: &Provider) -> &'static str {
    match provider.name() {
        "gitea" | "forgejo" => ", and `[webhook] ALLOWED_HOST_LIST` of its app.ini",
        "gogs" => ", and `[security] LOCAL_NETWORK_ALLOWLIST` of its app.ini",
        "gitlab" => ", and Admin > Settings > Network > Outbound requests",
        _ => "",
    }
}
