//! Pure. CI's word on a commit, in the shape of GitHub, Gitea and Forgejo. Only the success of a branch's own commit
//! is an event that a hook can want; a run of a pull request is none, whose branch may be a stranger's of the same
//! name.

use super::github_shape::GithubDocument;
use crate::model::{Delivery, Event, EventKind, RefName};
use crate::provider::event::{branch, default_branch, name, other, other_action, some_commit};
use crate::provider::json::Fields;
use crate::provider::malformed::NoEvent;

impl GithubDocument {
    /// A run of a workflow (GitHub, Gitea).
    pub(crate) fn workflow_run(&self) -> Result<Delivery, NoEvent> {
        let text = |field: &str| self.fields.text(&format!("workflow_run.{field}"));
        if let Some(other) = self.not_yet_good("workflow_run", "workflow_run.conclusion") {
            return Ok(other);
        }
        let is_elsewhere = |head: &str| Some(head) != self.fields.text("repository.full_name");
        let is_request = text("event").is_some_and(|event| event.starts_with("pull_request"));
        if is_request || text("head_repository.full_name").is_some_and(is_elsewhere) {
            return Err(of_no_branch("workflow run"));
        }
        let message = self.fields.start_of("workflow_run.head_commit.message").map(str::to_owned);
        self.good("workflow_run.head_branch", "workflow_run.head_sha", message)
    }

    /// All checks of one app (GitHub). A suite of a fork names no branch.
    pub(crate) fn check_suite(&self) -> Result<Delivery, NoEvent> {
        if let Some(other) = self.not_yet_good("check_suite", "check_suite.conclusion") {
            return Ok(other);
        }
        if !self.fields.has("check_suite.head_branch") {
            return Err(of_no_branch("check suite"));
        }
        self.good("check_suite.head_branch", "check_suite.head_sha", None)
    }

    /// A status of a commit. GitHub tells of which branches it is the head; Gitea and Forgejo tell of none, and whether
    /// it is the head of the branch is for the `git` step to see.
    pub(crate) fn status(&self) -> Result<Delivery, NoEvent> {
        let state = self.fields.text("state").unwrap_or("unknown");
        if state != "success" {
            return Ok(self.plain(other(&format!("status.{state}"))));
        }
        let after = Some(some_commit(&self.fields, "sha")?);
        let message = self.fields.start_of("commit.message").or_else(|| self.fields.start_of("commit.commit.message"));
        let event = Event { after, message: message.map(str::to_owned), ..self.event(EventKind::Ci) };
        let Some(branches) = self.fields.items("branches[].") else { return Ok(event.into()) };
        let is_head = |branch: &&Fields| branch.text("branches[].commit.sha") == event.after.as_deref();
        let heads = branches.kept.iter().filter(is_head);
        let references = heads.filter_map(|branch| RefName::branch_named(branch.text("branches[].name")?));
        let events: Vec<Event> =
            references.map(|reference| Event { reference: Some(reference), ..event.clone() }).collect();
        if events.is_empty() { Err(of_no_branch("status")) } else { Ok(Delivery::Events(events)) }
    }

    /// A run of Forgejo's Actions that succeeded, for the first time or again.
    pub(crate) fn action_run(&self, word: &str) -> Result<Delivery, NoEvent> {
        let text = |field: &str| self.fields.text(&format!("run.{field}"));
        if text("status") != Some("success") {
            return Ok(self.plain(other(word)));
        }
        let is_request = text("event").is_some_and(|event| event.starts_with("pull_request"));
        if is_request || self.fields.flag("run.is_fork_pull_request") == Some(true) {
            return Err(of_no_branch("run"));
        }
        let event = Event {
            reference: Some(branch(&self.fields, "run.prettyref")?),
            after: Some(some_commit(&self.fields, "run.commit_sha")?),
            repository: name(&self.fields, &["run.repository.full_name", "repository.full_name"]),
            default_branch: default_branch(&self.fields, "run.repository.default_branch"),
            ..self.event(EventKind::Ci)
        };
        Ok(event.into())
    }

    /// The event that it is while it has not ended well: `workflow_run.requested`, `check_suite.failure`.
    fn not_yet_good(&self, word: &str, conclusion: &str) -> Option<Delivery> {
        let end = self.fields.text(conclusion).filter(|_| self.fields.text("action") == Some("completed"));
        match end {
            Some("success") => None,
            Some(end) => Some(self.plain(other(&format!("{word}.{end}")))),
            None => Some(self.plain(other_action(word, &self.fields))),
        }
    }

    fn good(&self, head_branch: &str, head_sha: &str, message: Option<String>) -> Result<Delivery, NoEvent> {
        let reference = Some(branch(&self.fields, head_branch)?);
        let after = Some(some_commit(&self.fields, head_sha)?);
        Ok(Event { reference, after, message, ..self.event(EventKind::Ci) }.into())
    }
}

fn of_no_branch(what: &str) -> NoEvent {
    NoEvent::Ignored(format!("the {what} is of a fork, a pull request or an older commit, not of a branch's head"))
}
