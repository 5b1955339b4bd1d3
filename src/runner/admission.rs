//! Pure. A hook's rules, asked about a job once more: its file may have been made without a delivery, or under another
//! configuration.

use crate::config::Hook;
use crate::model::{EventKind, JobMeta, RefName};

/// The reason why the rules of `hook` do not want the job of `meta`, if they do not. What only its payload says, such
/// as which branch is the default one, was judged when it came.
pub fn unwanted(hook: &Hook, meta: &JobMeta) -> Option<String> {
    if meta.is_rollback() {
        let has_releases = hook.plan.releases.is_some();
        return (!has_releases).then(|| "it follows a rollback, and the hook has no `releases`".to_owned());
    }
    if meta.is_forced() {
        return None;
    }
    let (rules, reference) = (&hook.rules, meta.reference.as_ref());
    let unwanted_kind = || rules.unwanted_kind(&meta.event, reference).filter(|_| !is_missed_push(hook, meta));
    rules
        .unwanted_repository(meta.repository.as_deref())
        .or_else(unwanted_kind)
        .or_else(|| rules.unwanted_reference(&meta.event, reference?))
}

/// True for a job as the runner itself queues it, for the head of a wanted branch: whatever the deliveries of the hook
/// tell of.
fn is_missed_push(hook: &Hook, meta: &JobMeta) -> bool {
    let is_of_branch = meta.reference.as_ref().and_then(RefName::branch).is_some();
    hook.plan.reconcile.is_some()
        && meta.provider == JobMeta::RECONCILE
        && meta.event == EventKind::Push
        && is_of_branch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::{globs, hook, rules};
    use crate::config::{Plan, Rules};
    use jiff::Timestamp;
    use std::time::Duration;

    fn job(reference: &str) -> JobMeta {
        JobMeta {
            reference: RefName::parse(reference),
            repository: Some("Me/Docs".into()),
            ..JobMeta::new("docs", "github", EventKind::Push, Timestamp::UNIX_EPOCH)
        }
    }

    fn guarded() -> Hook {
        let repository = Some("me/docs".into());
        let rules = Rules { branches: Some(globs(&["main"])), tags: Some(globs(&["v*"])), repository, ..rules() };
        Hook { rules, ..hook("docs") }
    }

    fn why(hook: &Hook, meta: &JobMeta) -> String {
        unwanted(hook, meta).unwrap_or_default()
    }

    #[test]
    fn each_rule_about_what_a_job_tells_is_asked_again() {
        let (hook, main) = (guarded(), job("refs/heads/main"));
        assert_eq!((why(&hook, &main), why(&hook, &job("refs/tags/v1"))), (String::new(), String::new()));
        let rows = [
            ("branch evil is not deployed: `branches` are `main`", job("refs/heads/evil")),
            ("tag x is not deployed: `tags` are `v*`", job("refs/tags/x")),
            ("event delete is not wanted", JobMeta { event: EventKind::Delete, ..main.clone() }),
            (
                "repository you/docs is not the one of this hook",
                JobMeta { repository: Some("you/docs".into()), ..main.clone() },
            ),
            ("the delivery names no repository", JobMeta { repository: None, ..main }),
        ];
        for (expected, meta) in rows {
            assert_eq!(why(&hook, &meta), expected);
        }
    }

    #[test]
    fn without_branches_any_branch_may_be_the_default_and_no_tag_is_wanted() {
        let open = hook("docs");
        assert_eq!(why(&open, &job("refs/heads/trunk")), "");
        assert_eq!(why(&open, &job("refs/tags/v1")), "tags are not deployed: the hook has no `tags`");
        assert_eq!(why(&open, &JobMeta { reference: None, ..job("") }), "");
    }

    #[test]
    fn what_reconcile_queues_needs_no_wanted_event() {
        let every = Some(Duration::from_secs(60));
        let merges = Rules { events: vec!["merge".into()], ..guarded().rules };
        let asking = Hook { plan: Plan { reconcile: every, ..guarded().plan }, rules: merges.clone(), ..guarded() };
        let silent = Hook { rules: merges, ..guarded() };
        let missed = JobMeta { provider: JobMeta::RECONCILE.into(), ..job("refs/heads/main") };
        let elsewhere = JobMeta { reference: RefName::parse("refs/heads/evil"), ..missed.clone() };
        let tag = JobMeta { reference: RefName::parse("refs/tags/v1"), ..missed.clone() };
        let unwanted = "event push is not wanted";
        assert_eq!((why(&asking, &missed), why(&silent, &missed).as_str()), (String::new(), unwanted));
        assert_eq!(why(&asking, &job("refs/heads/main")), unwanted);
        assert_eq!(
            (why(&asking, &elsewhere).as_str(), why(&asking, &tag).as_str()),
            ("branch evil is not deployed: `branches` are `main`", unwanted)
        );
    }
}
