//! Pure. Which request headers may be kept in a job's file.

use crate::model::Headers;
use crate::provider::Provider;
use std::collections::BTreeMap;

/// Longest kept value in bytes.
const VALUE_LIMIT_BYTES: usize = 256;

/// The allowed ones of `headers`, cut to 256 bytes each.
pub(super) fn allowed(headers: &Headers) -> BTreeMap<String, String> {
    let kept = headers.iter().filter(|(name, _)| is_allowed(name));
    kept.map(|(name, value)| (name.to_owned(), cut(value))).collect()
}

/// True for a header that says what a delivery is, whichever provider's. Everything else may hold a secret.
fn is_allowed(name: &str) -> bool {
    let says_what_it_is =
        |provider: &Provider| provider.delivery_headers().contains(&name) || provider.kept_headers().contains(&name);
    name == "user-agent" || Provider::ALL.iter().any(says_what_it_is)
}

fn cut(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[..value.len().min(VALUE_LIMIT_BYTES)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new header of a provider is kept only after a look at this list.
    #[test]
    fn these_headers_and_no_others_are_kept() {
        let mut kept: Vec<&str> = Provider::ALL
            .iter()
            .flat_map(|provider| provider.delivery_headers().iter().chain(provider.kept_headers()))
            .copied()
            .collect();
        kept.sort_unstable();
        kept.dedup();
        let expected = "codeup-event idempotency-key svix-id webhook-id x-attempt-number x-coding-delivery \
            x-coding-event x-event x-event-key x-forgejo-delivery x-forgejo-event x-gitcode-delivery \
            x-gitcode-event x-gitea-delivery x-gitea-event x-gitea-event-type x-gitee-event x-gitee-ping \
            x-github-delivery x-github-event x-github-hook-id x-gitlab-event x-gitlab-event-uuid x-gogs-delivery \
            x-gogs-event x-hook-uuid x-pagure-topic x-request-id x-request-uuid x-trace-id x-webhook-delivery \
            x-webhook-event";
        assert_eq!(kept.join(" "), expected);
    }

    #[test]
    fn nothing_that_can_hold_a_secret_is_kept() {
        let names = [
            "Authorization",
            "X-Gitlab-Token",
            "X-Gitee-Token",
            "X-Hub-Signature-256",
            "X-Github-Encoded-Secret",
            "Cookie",
            "X-GitHub-Event",
        ];
        let headers: Headers = names.iter().map(|n| (*n, &b"push"[..])).collect();
        assert_eq!(allowed(&headers).into_keys().collect::<Vec<_>>(), ["x-github-event"]);
    }
}
