//! Pure. GitHub's shape of a document, which Gitea, Forgejo, Gogs, Gitee and Coding.net took over, each with fields
//! of its own.

use crate::model::{Delivery, Event, EventKind};
use crate::provider::body::Document;
use crate::provider::event::{at_commit, branch, commit, default_branch, name, other_action, push, reference, tag};
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};

/// The fields that are read of a document.
const WANTED: &[&str] = &[
    "id",
    "type",
    "ref",
    "ref_type",
    "before",
    "after",
    "sha",
    "action",
    "created",
    "deleted",
    "forced",
    "total_commits",
    "total_commits_count",
    "commits_more_than_ten",
    "commits[]",
    "head_commit.id",
    "head_commit.message",
    "repository.full_name",
    "repository.path_with_namespace",
    "repository.default_branch",
    "repository.name",
    "repository.owner.global_key",
    "pusher.name",
    "pusher.login",
    "pusher.username",
    "sender.login",
    "sender.username",
    "user.global_key",
    "user_name",
    "pull_request.merged",
    "pull_request.merge_commit_sha",
    "pull_request.base.ref",
    "release.tag_name",
    "state",
    "commit.message",
    "commit.commit.message",
    "branches[].name",
    "branches[].commit.sha",
    "workflow_run.conclusion",
    "workflow_run.event",
    "workflow_run.head_branch",
    "workflow_run.head_sha",
    "workflow_run.head_commit.message",
    "workflow_run.head_repository.full_name",
    "check_suite.conclusion",
    "check_suite.head_branch",
    "check_suite.head_sha",
    "run.status",
    "run.event",
    "run.prettyref",
    "run.commit_sha",
    "run.is_fork_pull_request",
    "run.repository.full_name",
    "run.repository.default_branch",
    "package.name",
    "package.package_version.id",
    "registry_package.name",
    "registry_package.package_version.id",
];

/// A document in this shape. The event's word is in a header that nobody signs, so that a captured body could be sent
/// again under another word: what it becomes, the body must bear out.
pub(crate) struct GithubDocument {
    pub(crate) fields: Fields,
    pub(crate) delivery: Option<String>,
    pub(crate) pushers: &'static [&'static str],
}

impl GithubDocument {
    /// Reads the document of the delivery `delivery`; `pushers` are the fields that can name the person, best first.
    pub(crate) fn read(
        document: Document<'_>,
        delivery: Option<String>,
        pushers: &'static [&'static str],
    ) -> Result<Self, Malformed> {
        Ok(Self::of(Fields::read(WANTED, document)?, delivery, pushers))
    }

    /// A document of which `fields` have been read.
    pub(crate) fn of(fields: Fields, delivery: Option<String>, pushers: &'static [&'static str]) -> Self {
        Self { fields, delivery, pushers }
    }

    /// An event of `kind` with what every delivery says.
    pub(crate) fn event(&self, kind: EventKind) -> Event {
        Event {
            repository: name(&self.fields, &["repository.full_name", "repository.path_with_namespace"]),
            default_branch: default_branch(&self.fields, "repository.default_branch"),
            pusher: name(&self.fields, self.pushers),
            delivery: self.delivery.clone(),
            message: self.fields.start_of("head_commit.message").map(str::to_owned),
            ..Event::new(kind)
        }
    }

    /// An event of `kind` of which nothing else matters.
    pub(crate) fn plain(&self, kind: EventKind) -> Delivery {
        self.event(kind).into()
    }

    /// Owner and name of the repository, where the document has no full name.
    pub(crate) fn name_in_parts(&self) -> Option<String> {
        let owner = name(&self.fields, &["repository.owner.global_key"])?;
        Some(format!("{owner}/{}", name(&self.fields, &["repository.name"])?))
    }

    /// A push. `all_listed` says whether the provider lists every commit and path, for a branch that moved forward.
    pub(crate) fn push(mut self, all_listed: fn(&Fields) -> bool) -> Result<Delivery, NoEvent> {
        let moved = self.moved_forward();
        let complete = moved && all_listed(&self.fields);
        let commits = self.fields.take_commits().unwrap_or_default();
        let mut event = self.event(EventKind::Push);
        let head = self.fields.text("after").and_then(|after| commits.message_of(after));
        event.message = event.message.or_else(|| head.map(str::to_owned));
        event.changes = commits.into_changes(complete);
        let reference = reference(&self.fields, "ref")?;
        let is_tag = reference.tag().is_some();
        let delivery = push(event, Some(reference), &self.fields)?;
        Ok(if is_tag { self.of_the_tagged_commit(delivery) } else { delivery })
    }

    /// `after` of an annotated tag is the tag itself, and the head commit is what it names.
    fn of_the_tagged_commit(&self, delivery: Delivery) -> Delivery {
        let tagged = commit(&self.fields, "head_commit.id").ok().flatten();
        at_commit(delivery, tagged)
    }

    /// True if the listed commits are the difference between `before` and `after`: not so for a new branch, nor
    /// after a forced push, where the provider says so.
    fn moved_forward(&self) -> bool {
        let existed = matches!(commit(&self.fields, "before"), Ok(Some(_)));
        existed && self.fields.flag("created") != Some(true) && self.fields.flag("forced") != Some(true)
    }

    /// A tag that was created without a push event; its commit is `sha`.
    pub(crate) fn created_tag(&self) -> Result<Delivery, NoEvent> {
        let mut event = self.event(EventKind::Push);
        event.reference = Some(tag(&self.fields, "ref")?);
        event.after = commit(&self.fields, "sha")?;
        Ok(event.into())
    }

    /// A branch or tag that was deleted.
    pub(crate) fn deleted(&self) -> Result<Delivery, NoEvent> {
        let mut event = self.event(EventKind::Delete);
        event.reference = Some(match self.fields.text("ref_type") {
            Some("branch") => branch(&self.fields, "ref")?,
            Some("tag") => tag(&self.fields, "ref")?,
            _ => return Err(Malformed::new("`ref_type` is neither `branch` nor `tag`").into()),
        });
        Ok(event.into())
    }

    /// A pull request, of which `word` is the event: a merge if it was really merged.
    pub(crate) fn pull_request(&self, word: &str, merged_action: &str) -> Result<Delivery, NoEvent> {
        let merged = self.fields.flag("pull_request.merged") == Some(true);
        if !merged || self.fields.text("action") != Some(merged_action) {
            return Ok(self.plain(other_action(word, &self.fields)));
        }
        let mut event = self.event(EventKind::Merge);
        event.reference = Some(branch(&self.fields, "pull_request.base.ref")?);
        event.after = commit(&self.fields, "pull_request.merge_commit_sha")?;
        Ok(event.into())
    }

    /// A release, if it was published, or, after it was a pre-release, released.
    pub(crate) fn release(&self) -> Result<Delivery, NoEvent> {
        let kind = match self.fields.text("action") {
            Some("published") => EventKind::Release,
            Some("released") => EventKind::Released,
            _ => return Ok(self.plain(other_action("release", &self.fields))),
        };
        let mut event = self.event(kind);
        event.reference = Some(tag(&self.fields, "release.tag_name")?);
        Ok(event.into())
    }

    /// A package, if it was published (`published_action`).
    pub(crate) fn package(&self, published_action: &str) -> Event {
        let is_package = self.fields.has("package.name") || self.fields.has("registry_package.name");
        let is_published = is_package && self.fields.text("action") == Some(published_action);
        let kind = if is_published { EventKind::Package } else { other_action("package", &self.fields) };
        Event { delivery: self.version().or(self.delivery.clone()), ..self.event(kind) }
    }

    /// The version of a package, as a delivery id: it may be announced in two deliveries of different ids.
    fn version(&self) -> Option<String> {
        let paths = ["package.package_version.id", "registry_package.package_version.id"];
        let number = paths.iter().find_map(|path| self.fields.number(path))?;
        Some(format!("package-version-{number}"))
    }
}
