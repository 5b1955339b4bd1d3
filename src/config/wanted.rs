//! Pure. The rules about what a job's file tells, too. The receiver asks them of a delivery, and the runner of a job:
//! whoever may write to the spool could have made that without a delivery.

use super::Rules;
use crate::model::{EventKind, RefName};

impl Rules {
    /// The reason why `repository` does not want what comes from this one, if it does not.
    pub fn unwanted_repository(&self, repository: Option<&str>) -> Option<String> {
        let wanted = self.repository.as_ref()?;
        match repository {
            Some(got) if got.eq_ignore_ascii_case(wanted) => None,
            Some(got) => Some(format!("repository {got} is not the one of this hook")),
            None => Some("the delivery names no repository".into()),
        }
    }

    /// The reason why `events` does not want this kind of event at `reference`, if it does not.
    pub fn unwanted_kind(&self, kind: &EventKind, reference: Option<&RefName>) -> Option<String> {
        let wanted = self.events.iter().any(|wanted| kind.is_a(wanted, reference));
        (!wanted).then(|| format!("event {} is not wanted", kind.as_str()))
    }

    /// The reason why `branches` or `tags` does not want this ref, if it does not. Without `branches` it depends on the
    /// default branch, which only a delivery names.
    pub fn unwanted_reference(&self, kind: &EventKind, reference: &RefName) -> Option<String> {
        let branch = reference.branch().zip(self.branches.as_ref());
        let unwanted = branch.filter(|(branch, globs)| !globs.is_match(branch));
        unwanted
            .map(|(branch, globs)| format!("branch {branch} is not deployed: `branches` are {}", globs.misfit(branch)))
            .or_else(|| self.unwanted_tag(kind, reference))
    }

    /// A release or package names a tag without anybody having asked for tags; `events` may ask for all of them.
    fn unwanted_tag(&self, kind: &EventKind, reference: &RefName) -> Option<String> {
        let tag = reference.tag()?;
        match &self.tags {
            Some(globs) => {
                (!globs.is_match(tag)).then(|| format!("tag {tag} is not deployed: `tags` are {}", globs.misfit(tag)))
            }
            None if matches!(kind, EventKind::Release | EventKind::Released | EventKind::Package) => None,
            None if kind.is_a("tag", Some(reference)) && self.events.iter().any(|wanted| wanted == "tag") => None,
            None => Some("tags are not deployed: the hook has no `tags`".into()),
        }
    }
}
