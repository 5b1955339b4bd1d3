//! Pure. The id of a delivery before anything is known of it: for the log line of one that is refused.

use crate::model::Head;

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

/// The delivery id that a header claims, before anything is verified.
pub(super) fn delivery_id(head: &Head) -> Option<String> {
    let id = DELIVERY_IDS.iter().find_map(|name| head.headers.first(name))?;
    let fits = !id.is_empty() && id.len() <= ID_LIMIT_BYTES && id.iter().all(u8::is_ascii_graphic);
    fits.then(|| String::from_utf8_lossy(id).into_owned())
}
