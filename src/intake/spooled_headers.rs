//! Pure. Which request headers may be kept in a job's file.

use crate::model::Headers;
use std::collections::BTreeMap;

/// Headers that say what a delivery is. Never one that can hold a secret: not `Authorization`, not a token, not a
/// signature, and nothing that a forge may invent one day.
const ALLOWED: [&str; 33] = [
    "codeup-event",
    "idempotency-key",
    "svix-id",
    "user-agent",
    "webhook-id",
    "x-attempt-number",
    "x-coding-delivery",
    "x-coding-event",
    "x-event",
    "x-event-key",
    "x-forgejo-delivery",
    "x-forgejo-event",
    "x-gitcode-delivery",
    "x-gitcode-event",
    "x-gitea-delivery",
    "x-gitea-event",
    "x-gitea-event-type",
    "x-gitee-event",
    "x-gitee-ping",
    "x-github-delivery",
    "x-github-event",
    "x-github-hook-id",
    "x-gitlab-event",
    "x-gitlab-event-uuid",
    "x-gogs-delivery",
    "x-gogs-event",
    "x-hook-uuid",
    "x-pagure-topic",
    "x-request-id",
    "x-request-uuid",
    "x-trace-id",
    "x-webhook-delivery",
    "x-webhook-event",
];

/// Longest kept value in bytes.
const VALUE_LIMIT_BYTES: usize = 256;

/// The allowed ones of `headers`, cut to 256 bytes each.
pub(super) fn allowed(headers: &Headers) -> BTreeMap<String, String> {
    let kept = headers.iter().filter(|(name, _)| ALLOWED.contains(name));
    kept.map(|(name, value)| (name.to_owned(), cut(value))).collect()
}

fn cut(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[..value.len().min(VALUE_LIMIT_BYTES)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
