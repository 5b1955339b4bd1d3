//! Edge. Deliveries as GitHub makes and signs them; counts them, so that each has an id of its own.

use super::http::{Framing, Request};
use super::site::SECRET;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::sync::atomic::{AtomicU64, Ordering};

/// A commit that no test looks for.
pub(crate) const COMMIT: &str = "5b1c0f6a3f5f0a0d6b3f2f9c4de7a81b90c3d2e1";
/// The commit before it.
pub(crate) const BEFORE: &str = "0c9e7d2b14a65f83c1de90b7a4f3826d5e1b0a97";
/// Name of the header that holds the signature.
pub(crate) const SIGNATURE: &str = "X-Hub-Signature-256";

/// The payload of a push of `after` to `refs/heads/<branch>` of `me/docs`, whose default branch is `main`.
pub(crate) fn push_to(branch: &str, after: &str) -> Vec<u8> {
    let payload = json!({
        "ref": format!("refs/heads/{branch}"),
        "before": BEFORE,
        "after": after,
        "created": false,
        "deleted": false,
        "forced": false,
        "repository": { "id": 1, "name": "docs", "full_name": "me/docs", "default_branch": "main" },
        "pusher": { "name": "ada", "email": "ada@example.org" },
        "sender": { "login": "ada", "id": 7 },
        "commits": [{ "id": after, "added": ["a.txt"], "removed": [], "modified": ["docs/ü b.md"] }],
        "head_commit": { "id": after, "added": ["a.txt"], "removed": [], "modified": ["docs/ü b.md"] },
    });
    serde_json::to_vec(&payload).expect("JSON")
}

/// A push of exactly `length_bytes`.
pub(crate) fn push_of_length(length_bytes: usize) -> Vec<u8> {
    let mut payload = push_to("main", COMMIT);
    assert_eq!(payload.pop(), Some(b'}'));
    payload.extend(br#","padding":""#);
    let fill = length_bytes - payload.len() - 2;
    payload.extend(&b"0123456789abcdefghijklmnopqrstuvwxyz".repeat(fill / 36 + 1)[..fill]);
    payload.extend(b"\"}");
    payload
}

/// `sha256=<hex>` over `body`.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length of key");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// An id such as GitHub's, never the same twice in one run.
pub(crate) fn delivery_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("72d3162e-cc78-11e3-81ab-{:012x}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A signed delivery of `event` to `target`.
pub(crate) fn delivery(target: &str, event: &str, body: &[u8]) -> Request {
    delivery_signed(SECRET, target, event, body)
}

/// The same under another secret.
pub(crate) fn delivery_signed(secret: &str, target: &str, event: &str, body: &[u8]) -> Request {
    Request::new("POST", target, Framing::Length, body)
        .header("User-Agent", "GitHub-Hookshot/test")
        .header("Content-Type", "application/json")
        .header("X-GitHub-Event", event)
        .header("X-GitHub-Delivery", delivery_id())
        .header(SIGNATURE, signature(secret, body))
}
