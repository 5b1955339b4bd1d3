//! Edge. The page for people: whether it can be written, and is.

use super::finding::Finding;
use crate::cli::page::{page_troubles, written_at_s};
use crate::config::Config;
use crate::spool::{self, Presence};
use jiff::Timestamp;

/// A runner writes it at least once a minute.
const OLD_S: i64 = 300;

/// Looks at the page, where there is to be one.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let Some(page) = &config.page else { return };
    let troubles = page_troubles(config);
    if !troubles.is_empty() {
        findings.extend(troubles.into_iter().map(|t| Finding::problem(t.what, t.why, t.repair)));
        return;
    }
    let dir = page.dir.display();
    let is_alive = matches!(spool::presence(&config.spool), Presence::Held { .. });
    let repair = "see the runner's log for `page-not-written`; a runner that is older than `[page]` needs SIGHUP";
    let now_s = Timestamp::now().as_second();
    findings.push(match written_at_s(page) {
        Err(error) => Finding::warning(error.text, "the web server may not see it either", "open the way to it"),
        Ok(None) if is_alive => {
            Finding::warning(format!("the page {dir} was never written, and a runner is alive"), "", repair)
        }
        Ok(None) => Finding::note(format!("the page {dir} was never written"), "the runner writes it when it starts")
            .repaired_by("hookspool page"),
        Ok(Some(at)) if is_alive && now_s.saturating_sub(at) > OLD_S => {
            let minutes = now_s.saturating_sub(at) / 60;
            let why = "what it shows may not be so any more";
            Finding::warning(format!("the page {dir} was not written for {minutes} minutes"), why, repair)
        }
        Ok(Some(_)) => Finding::ok(format!("the page {dir} is written")),
    });
}
