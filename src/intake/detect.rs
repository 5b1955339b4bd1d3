//! Pure. The likely sender of a delivery, by the names of its headers. For people: the sender chooses the headers, so
//! nothing of this decides which check is made.

use crate::model::{Head, Headers};
use crate::provider::Provider;

/// Longest delivery id; they are UUIDs.
const ID_LIMIT_BYTES: usize = 128;

/// The provider whose headers these are, by its name in the configuration.
pub fn looks_like(headers: &Headers) -> Option<&'static str> {
    seen(headers).map(Provider::name)
}

/// The provider whose headers these are: of several, the one that the others do not imitate.
fn seen(headers: &Headers) -> Option<&'static Provider> {
    let marked: Vec<_> = Provider::ALL.iter().filter(|provider| provider.is_marked_in(headers)).collect();
    let is_imitated = |name: &str| marked.iter().any(|other| other.imitates().contains(&name));
    marked.iter().find(|provider| !is_imitated(provider.name())).copied()
}

/// Says that a delivery seems to be another provider's than `configured`, if it does.
pub fn mismatch(configured: &Provider, headers: &Headers) -> Option<String> {
    let seen = looks_like(headers)?;
    // GitLab's signing token is Standard Webhooks, for one.
    let is_surprise = seen != configured.name() && !configured.is_open_scheme();
    is_surprise.then(|| format!("this delivery looks like {seen}'s, the hook says {}", configured.name()))
}

/// The delivery id that a header claims, before anything is verified: one of the hook's own provider, or else of the
/// one that the headers look like.
pub(super) fn delivery_id(head: &Head, configured: Option<&Provider>) -> Option<String> {
    let providers = [configured, seen(&head.headers)].into_iter().flatten();
    let id = providers.flat_map(Provider::delivery_headers).find_map(|name| head.headers.first(name))?;
    let fits = !id.is_empty() && id.len() <= ID_LIMIT_BYTES && id.iter().all(u8::is_ascii_graphic);
    fits.then(|| String::from_utf8_lossy(id).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Secret;
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
            // The header of `generic` may be anything, and so is not kept.
            for (header, _) in headers.iter().filter(|(_, value)| *value == b"d-1" && name != "generic") {
                assert!(provider.delivery_headers().contains(&header), "{header} of {name}");
                assert!(kept.contains_key(header), "{header} of {name}");
            }
        }
        // The true Tencent Git also repeats GitLab's headers; the others send none of their own.
        assert_eq!(unknown, ["azure-devops", "tencent-git", "docker-hub", "harbor", "generic"]);
    }

    #[test]
    fn another_provider_than_the_configured_one_is_a_remark() {
        let forgejo = of(&["X-Forgejo-Event", "X-GitHub-Event"]);
        let said = mismatch(&Provider::Github, &forgejo);
        assert_eq!(said.as_deref(), Some("this delivery looks like forgejo's, the hook says github"));
        assert_eq!(mismatch(&Provider::Forgejo, &forgejo), None);
        assert_eq!(mismatch(Provider::named("generic").unwrap(), &forgejo), None);
        assert_eq!(mismatch(&Provider::Github, &Headers::default()), None);
    }
}
