//! Pure. Who seems to have sent a delivery, by the names of its headers. For people: the sender chooses the headers, so
//! nothing of this decides which check is made.

use crate::model::{Head, Headers};

/// Headers by which a provider is known: each must be there, none of the last may. A provider that also sends the
/// headers of those that it stems from stands before them.
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

/// Headers that hold a delivery id, best first.
const DELIVERY_IDS: [&str; 16] = [
    "x-forgejo-delivery",
    "x-gitea-delivery",
    "x-gogs-delivery",
    "x-gitcode-delivery",
    "x-coding-delivery",
    "x-github-delivery",
    "idempotency-key",
    "webhook-id",
    "svix-id",
    "x-gitlab-event-uuid",
    "x-webhook-delivery",
    "x-request-uuid",
    "x-request-id",
    "x-trace-id",
    "x-delivery-id",
    "x-delivery",
];

/// Longest delivery id; they are UUIDs.
const ID_LIMIT_BYTES: usize = 128;

/// The provider whose headers these are, by its name in the configuration.
pub fn looks_like(headers: &Headers) -> Option<&'static str> {
    let there = |name: &&str| headers.first(name).is_some();
    let fits = |(_, all, none): &&(_, &[&str], &[&str])| all.iter().all(there) && !none.iter().any(there);
    MARKS.iter().find(fits).map(|(provider, ..)| *provider)
}

/// Says that a delivery seems to be another provider's than `configured`, if it does.
pub fn mismatch(configured: &str, headers: &Headers) -> Option<String> {
    let seen = looks_like(headers)?;
    // Schemes that any service may use say nothing of who it is, and GitLab's signing token is one of them.
    let own_scheme = matches!(configured, "generic" | "standard-webhooks");
    (seen != configured && !own_scheme)
        .then(|| format!("this delivery looks like {seen}'s, the hook says {configured}"))
}

/// The delivery id that a header claims, before anything is verified.
pub(super) fn delivery_id(head: &Head) -> Option<String> {
    let id = DELIVERY_IDS.iter().find_map(|name| head.headers.first(name))?;
    let fits = !id.is_empty() && id.len() <= ID_LIMIT_BYTES && id.iter().all(u8::is_ascii_graphic);
    fits.then(|| String::from_utf8_lossy(id).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Provider, Secret};
    use jiff::Timestamp;

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
            assert_eq!(looks_like(&of(names)), Some(provider));
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
            assert_eq!(looks_like(&of(names)), provider, "{names:?}");
        }
    }

    /// The headers that identify a sender, and those that are kept, are in lists of this layer: order and caution are
    /// theirs.
    #[test]
    fn no_provider_was_forgotten() {
        let mut unknown = Vec::new();
        for provider in Provider::ALL {
            let text = match provider {
                Provider::Sourcehut => "whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                Provider::StandardWebhooks => "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                _ => "s3cr3t",
            };
            let headers =
                provider.sign(&Secret::new(text).unwrap(), b"{}", "push", "d-1", Timestamp::UNIX_EPOCH).unwrap();
            let headers: Headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
            let name = provider.name();
            match looks_like(&headers) {
                None => unknown.push(name),
                seen => assert_eq!(seen, Some(name)),
            }
            let kept = super::super::spooled_headers::allowed(&headers);
            for (header, _) in headers.iter().filter(|(_, value)| *value == b"d-1") {
                assert!(DELIVERY_IDS.contains(&header), "{header} of {name}");
                assert!(kept.contains_key(header) || name == "generic", "{header} of {name}");
            }
        }
        // The true Tencent Git also repeats GitLab's headers; the others send none of their own.
        assert_eq!(unknown, ["azure-devops", "tencent-git", "docker-hub", "harbor", "generic"]);
    }

    #[test]
    fn another_provider_than_the_configured_one_is_a_remark() {
        let forgejo = of(&["X-Forgejo-Event", "X-GitHub-Event"]);
        let said = mismatch("github", &forgejo);
        assert_eq!(said.as_deref(), Some("this delivery looks like forgejo's, the hook says github"));
        assert_eq!(mismatch("forgejo", &forgejo), None);
        assert_eq!(mismatch("generic", &forgejo), None);
        assert_eq!(mismatch("github", &Headers::default()), None);
    }
}
