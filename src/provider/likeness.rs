//! Pure. Whose delivery this looks like, for people: the headers are the sender's choice, so they decide nothing.

use crate::model::Head;

/// Headers that only one provider sends, before those that others copy from it.
const SIGNS: [(&str, &str); 21] = [
    ("x-forgejo-event", "forgejo"),
    ("x-gitea-event", "gitea"),
    ("x-gogs-event", "gogs"),
    ("x-gitee-event", "gitee"),
    ("x-git-oschina-event", "gitee"),
    ("x-gitcode-event", "gitcode"),
    ("codeup-event", "codeup"),
    ("x-coding-event", "coding"),
    ("x-pagure-topic", "pagure"),
    ("x-hook-uuid", "bitbucket"),
    ("x-event-key", "bitbucket-server"),
    ("x-token", "tencent-git"),
    ("x-repo-token", "codearts"),
    ("x-gitlab-event", "gitlab"),
    ("x-payload-signature", "sourcehut"),
    ("webhook-signature", "standard-webhooks"),
    ("svix-signature", "standard-webhooks"),
    ("x-github-event", "github"),
    ("stripe-signature", "stripe"),
    ("x-slack-signature", "slack"),
    ("x-slack-request-timestamp", "slack"),
];

/// The name of the provider whose delivery this looks like.
pub fn looks_like(head: &Head) -> Option<&'static str> {
    SIGNS.iter().find(|(header, _)| head.headers.first(header).is_some()).map(|(_, provider)| *provider)
}
