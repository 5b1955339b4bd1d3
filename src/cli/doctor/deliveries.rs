//! Edge. Hooks of which no delivery has become a job: the spool cannot tell why, but a test delivery can.

use super::finding::Finding;
use crate::config::{Config, Hook};
use crate::provider::Provider;
use crate::spool::{self, Filter};
use std::collections::BTreeSet;

/// Jobs that are looked at.
const LOOK_LIMIT: usize = 10_000;

/// Looks for hooks without a job.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let filter = Filter { newest: Some(LOOK_LIMIT), ..Filter::default() };
    let Ok(jobs) = spool::newest_first(&config.spool, &filter) else { return };
    let mut silent: BTreeSet<&str> = config.hooks.iter().map(|hook| hook.name.as_str()).collect();
    let mut count = 0;
    for job in jobs.flatten() {
        count += 1;
        job.hook.as_ref().map(|name| silent.remove(name.as_str()));
        if silent.is_empty() {
            return;
        }
    }
    let is_silent = |hook: &&Hook| count < LOOK_LIMIT && silent.contains(hook.name.as_str());
    findings.extend(config.hooks.iter().filter(is_silent).map(of_hook));
}

fn of_hook(hook: &Hook) -> Finding {
    let why = "one that is refused or ignored leaves a line in the receiver's log; one that never came leaves none";
    let forge = limit_of(&hook.provider);
    let repair = format!(
        "`hookspool send HOOK --url URL`, with the URL that the forge has; if that is queued, the forge does not come \
         through: see its list of deliveries, the URL there, firewalls{forge}"
    );
    Finding::note("no delivery has become a job that is still in the spool", why).repaired_by(repair).of(&hook.name)
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
