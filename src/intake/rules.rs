//! Pure. Whether a verified event becomes a job, and why not.

use crate::config::Rules;
use crate::model::{Event, EventKind, RefName};

/// What the rules say of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It becomes a job; `note` says what a person might wonder about.
    Run {
        /// For the job's record.
        note: Option<String>,
    },
    /// It does not; the reason is for sender and log.
    Ignore(String),
}

/// Decides in the order repository, event, branch or tag, paths; the first that does not fit names the reason.
pub fn decide(rules: &Rules, event: &Event) -> Decision {
    let unwanted = unwanted_repository(rules, event)
        .or_else(|| unwanted_kind(rules, event))
        .or_else(|| unwanted_reference(rules, event));
    match unwanted {
        Some(why) => Decision::Ignore(why),
        None => by_paths(rules, event),
    }
}

fn unwanted_repository(rules: &Rules, event: &Event) -> Option<String> {
    let wanted = rules.repository.as_ref()?;
    match &event.repository {
        Some(got) if got.eq_ignore_ascii_case(wanted) => None,
        Some(got) => Some(format!("repository {got} is not the one of this hook")),
        None => Some("the delivery names no repository".into()),
    }
}

fn unwanted_kind(rules: &Rules, event: &Event) -> Option<String> {
    let wanted = rules.events.iter().any(|wanted| event.is_a(wanted));
    (!wanted).then(|| format!("event {} is not wanted", event.kind.as_str()))
}

fn unwanted_reference(rules: &Rules, event: &Event) -> Option<String> {
    let reference = event.reference.as_ref()?;
    match (reference.branch(), reference.tag()) {
        (Some(branch), _) => unwanted_branch(rules, event, branch),
        (_, Some(tag)) => unwanted_tag(rules, event, tag),
        _ => None,
    }
}

fn unwanted_branch(rules: &Rules, event: &Event, branch: &str) -> Option<String> {
    match (&rules.branches, &event.default_branch) {
        (Some(globs), _) => (!globs.is_match(branch)).then(|| format!("branch {branch} is not deployed")),
        (None, Some(default)) if default == branch => None,
        (None, Some(default)) => Some(format!("branch {branch} is not the default branch {default}")),
        (None, None) => Some("the delivery names no default branch; set `branches`".into()),
    }
}

/// A release or package names a tag without anybody having asked for tags; `events` may ask for all of them.
fn unwanted_tag(rules: &Rules, event: &Event, tag: &str) -> Option<String> {
    match &rules.tags {
        Some(globs) => (!globs.is_match(tag)).then(|| format!("tag {tag} is not deployed")),
        None if matches!(event.kind, EventKind::Release | EventKind::Package) => None,
        None if event.is_a("tag") && rules.events.iter().any(|wanted| wanted == "tag") => None,
        None => Some("tags are not deployed".into()),
    }
}

/// An incomplete list lets the delivery pass: a needless job is better than a missing one.
fn by_paths(rules: &Rules, event: &Event) -> Decision {
    let Some(globs) = &rules.paths else { return Decision::Run { note: None } };
    if event.changes.paths.iter().any(|path| globs.is_match(path)) {
        return Decision::Run { note: None };
    }
    if event.changes.complete {
        return Decision::Ignore("none of the changed paths is one of this hook".into());
    }
    Decision::Run { note: Some("the list of changed paths is incomplete".into()) }
}

/// What `list` and `send` need of a reference.
pub fn short(reference: &RefName) -> &str {
    reference.branch().or_else(|| reference.tag()).unwrap_or(reference.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::{globs, rules};
    use crate::model::Changes;

    fn push(reference: &str) -> Event {
        Event {
            reference: RefName::parse(reference),
            repository: Some("me/docs".into()),
            default_branch: Some("main".into()),
            ..Event::new(EventKind::Push)
        }
    }

    fn ignored(rules: &Rules, event: &Event) -> String {
        match decide(rules, event) {
            Decision::Ignore(why) => why,
            Decision::Run { note } => format!("run {note:?}"),
        }
    }

    #[test]
    fn without_branches_only_the_default_branch_runs() {
        assert_eq!(ignored(&rules(), &push("refs/heads/main")), "run None");
        assert_eq!(ignored(&rules(), &push("refs/heads/dev")), "branch dev is not the default branch main");
        let unnamed = Event { default_branch: None, ..push("refs/heads/main") };
        assert_eq!(ignored(&rules(), &unnamed), "the delivery names no default branch; set `branches`");
    }

    #[test]
    fn globs_choose_branches_and_tags() {
        let rules = Rules { branches: Some(globs(&["main", "release/*"])), tags: Some(globs(&["v*"])), ..rules() };
        assert_eq!(ignored(&rules, &push("refs/heads/release/1")), "run None");
        assert_eq!(ignored(&rules, &push("refs/heads/release/1/x")), "branch release/1/x is not deployed");
        assert_eq!(ignored(&rules, &push("refs/tags/v1")), "run None");
        assert_eq!(ignored(&rules, &push("refs/tags/x1")), "tag x1 is not deployed");
    }

    #[test]
    fn tags_run_only_when_asked_for() {
        assert_eq!(ignored(&rules(), &push("refs/tags/v1")), "tags are not deployed");
        let release = Event { kind: EventKind::Release, ..push("refs/tags/v1") };
        let releases = Rules { events: vec!["release".into()], ..rules() };
        assert_eq!(ignored(&releases, &release), "run None");
        let any_tag = Rules { events: vec!["tag".into()], ..rules() };
        assert_eq!(ignored(&any_tag, &push("refs/tags/v1")), "run None");
        assert_eq!(ignored(&any_tag, &push("refs/heads/main")), "event push is not wanted");
        let some_tags = Rules { tags: Some(globs(&["v*"])), ..any_tag };
        assert_eq!(ignored(&some_tags, &push("refs/tags/x")), "tag x is not deployed");
    }

    #[test]
    fn deletion_never_runs_as_a_push() {
        let deleted = Event { kind: EventKind::Delete, ..push("refs/heads/main") };
        assert_eq!(ignored(&rules(), &deleted), "event delete is not wanted");
    }

    #[test]
    fn another_repository_is_told_apart_without_case() {
        let guarded = Rules { repository: Some("Me/Docs".into()), ..rules() };
        assert_eq!(ignored(&guarded, &push("refs/heads/main")), "run None");
        let other = Event { repository: Some("you/docs".into()), ..push("refs/heads/main") };
        assert_eq!(ignored(&guarded, &other), "repository you/docs is not the one of this hook");
    }

    #[test]
    fn an_incomplete_list_of_paths_runs_and_says_so() {
        let rules = Rules { paths: Some(globs(&["docs/**"])), ..rules() };
        let with = |paths: &[&str], complete| Event {
            changes: Changes { paths: paths.iter().map(ToString::to_string).collect(), complete },
            ..push("refs/heads/main")
        };
        assert_eq!(ignored(&rules, &with(&["docs/a/b.md"], true)), "run None");
        assert_eq!(ignored(&rules, &with(&["src/a"], true)), "none of the changed paths is one of this hook");
        let unsure = "run Some(\"the list of changed paths is incomplete\")";
        assert_eq!(ignored(&rules, &with(&["src/a"], false)), unsure);
    }
}
