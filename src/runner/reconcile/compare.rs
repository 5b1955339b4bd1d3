//! Pure. The remote's branches against what was done.

use crate::runner::recent_outcomes::Last;
use crate::runner::steps::RemoteHead;

/// `true` if nobody told of a branch's head: it is neither deployed nor was it tried. What was tried and failed is for
/// people. Where nothing is known of the branch, the work tree says what is deployed.
pub(super) fn missed(head: &RemoteHead, last: Option<&Last>) -> bool {
    let is_head = |commit: &Option<String>| commit.as_deref() == Some(head.commit.as_str());
    match last {
        Some(last) => !is_head(&last.commit) && !is_head(&last.tried),
        None => !is_head(&head.here),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RefName;

    fn head(here: Option<&str>) -> RemoteHead {
        let branch = RefName::branch_named("main").unwrap();
        RemoteHead { branch, commit: "new".to_owned(), here: here.map(str::to_owned) }
    }

    fn last(commit: Option<&str>, tried: Option<&str>) -> Last {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Last { succeeded: true, commit: text(commit), tried: text(tried), repository: None }
    }

    #[test]
    fn a_head_is_missed_that_was_neither_deployed_nor_tried() {
        assert!(missed(&head(None), Some(&last(Some("old"), Some("old")))));
        assert!(!missed(&head(None), Some(&last(Some("new"), Some("old")))));
        assert!(!missed(&head(None), Some(&last(Some("old"), Some("new")))), "a failed one is not tried for ever");
        assert!(missed(&head(Some("new")), Some(&last(None, None))), "what a person checked out was not deployed");
    }

    #[test]
    fn where_no_job_is_known_the_work_tree_counts() {
        assert!(missed(&head(Some("old")), None) && missed(&head(None), None));
        assert!(!missed(&head(Some("new")), None));
    }
}
