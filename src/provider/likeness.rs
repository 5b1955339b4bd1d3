//! Pure. Whose delivery this looks like, for people: the headers are the sender's choice, so they decide nothing.

use crate::model::{Head, Headers};

/// Headers by which a provider is known: each must be there, none of the last may. A provider that also sends the headers
/// of those that it stems from stands before them.
const MARKS: [(&str, &[&str], &[&str]); 21] = [
    ("forgejo", &["x-forgejo-event"], &[]),
    ("gitea", &["x-gitea-event"], &[]),
    ("gogs", &["x-gogs-event"], &[]),
    ("gitee", &["x-gitee-event"], &[]),
    ("gitee", &["x-git-oschina-event"], &[]),
    ("gitcode", &["x-gitcode-event"], &[]),
    ("codeup", &["codeup-event"], &[]),
    ("coding", &["x-coding-event"], &[]),
    ("pagure", &["x-pagure-topic"], &[]),
    ("bitbucket", &["x-event-key", "x-hook-uuid"], &[]),
    ("bitbucket", &["x-event-key", "x-attempt-number"], &[]),
    ("bitbucket-server", &["x-event-key"], &[]),
    ("tencent-git", &["x-token", "x-event", "x-gitlab-event"], &[]),
    ("codearts", &["x-repo-token"], &[]),
    ("gitlab", &["x-gitlab-event"], &[]),
    ("sourcehut", &["x-payload-signature", "x-payload-nonce"], &[]),
    ("standard-webhooks", &["webhook-signature", "webhook-id"], &[]),
    ("standard-webhooks", &["svix-signature", "svix-id"], &[]),
    ("stripe", &["stripe-signature"], &[]),
    ("slack", &["x-slack-signature"], &[]),
    ("github", &["x-github-event"], &["x-gogs-delivery", "x-gitea-delivery"]),
];

/// The name of the provider whose delivery this looks like.
pub fn looks_like(head: &Head) -> Option<&'static str> {
    looks_like_by(&head.headers)
}

fn looks_like_by(headers: &Headers) -> Option<&'static str> {
    let there = |name: &&str| headers.first(name).is_some();
    let fits = |(_, all, none): &&(_, &[&str], &[&str])| all.iter().all(there) && !none.iter().any(there);
    MARKS.iter().find(fits).map(|(provider, ..)| *provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Headers {
        names.iter().map(|name| (*name, &b"x"[..])).collect()
    }

    #[test]
    fn a_fork_is_told_from_what_it_stems_from() {
        let github = ["X-GitHub-Event", "X-GitHub-Delivery", "X-Hub-Signature-256"];
        let gogs = [&github[..2], &["X-Gogs-Event", "X-Gogs-Delivery", "X-Gogs-Signature"]].concat();
        let gitea = [&github[..], &gogs, &["X-Gitea-Event", "X-Gitea-Signature"]].concat();
        let forgejo = [&gitea[..], &["X-Forgejo-Event"]].concat();
        for (names, provider) in [(&github[..], "github"), (&gogs, "gogs"), (&gitea, "gitea"), (&forgejo, "forgejo")] {
            assert_eq!(looks_like_by(&of(names)), Some(provider));
        }
    }

    #[test]
    fn what_several_send_is_told_apart_by_the_rest() {
        for (names, provider) in [
            (&["X-Event-Key", "X-Hub-Signature"][..], Some("bitbucket-server")),
            (&["X-Event-Key", "X-Hook-UUID"], Some("bitbucket")),
            (&["X-Event", "X-Gitlab-Event", "X-Token"], Some("tencent-git")),
            (&["X-Gitlab-Event", "webhook-id", "webhook-signature"], Some("gitlab")),
            (&["webhook-id", "webhook-signature"], Some("standard-webhooks")),
            (&["X-Hub-Signature-256", "User-Agent"], None),
        ] {
            assert_eq!(looks_like_by(&of(names)), provider, "{names:?}");
        }
    }
}
