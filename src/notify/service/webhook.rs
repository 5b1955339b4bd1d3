//! Pure. A receiver of one's own, by Standard Webhooks. The id is the same each time a message is sent, the time that
//! of the attempt.

use super::Occasion;
use crate::model::Tidings;
use crate::notify::clean::TextUnit;
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::sign::hmac_base64;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The body should stay below 20 KB.
const JOBS: usize = 5;
/// Of the texts of a job, in characters.
const TEXT_LIMIT: usize = 500;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> Result<HttpParcel, String> {
    let wording = occasion.wording;
    let newest = occasion.tidings.len().saturating_sub(JOBS);
    let jobs: Vec<Value> = occasion.tidings[newest..].iter().map(public).collect();
    let body = serde_json::json!({
        "type": if occasion.tidings.is_empty() { "hookspool.test" } else { "hookspool.jobs" },
        "timestamp": occasion.now,
        "data": {
            "title": wording.title, "host": occasion.host, "page": wording.link, "count": occasion.tidings.len(),
            "jobs": jobs,
        },
    });
    let parcel = HttpParcel::json(&destination.url, &body);
    let now = occasion.now.as_second().to_string();
    let signature = destination.sign.as_ref().map(|secret| signature(secret, occasion.id, &now, &parcel.body));
    let parcel = parcel.with("webhook-id", occasion.id).with("webhook-timestamp", now);
    Ok(match signature.transpose()? {
        Some(signature) => parcel.with("webhook-signature", signature),
        None => parcel,
    })
}

/// A program reads it: nothing is left out of a text but what is too long. The number is our own.
fn public(tidings: &Tidings) -> Value {
    let mut job = serde_json::to_value(shortened(tidings)).unwrap_or_default();
    job.as_object_mut().map(|members| members.remove("number"));
    job
}

fn shortened(tidings: &Tidings) -> Tidings {
    let short = |text: &Option<String>| text.as_ref().map(|text| TextUnit::Characters.cut(text, TEXT_LIMIT));
    let (reason, repository) = (short(&tidings.reason), short(&tidings.repository));
    let (reference, pusher) = (short(&tidings.reference), short(&tidings.pusher));
    Tidings { reason, repository, reference, pusher, ..tidings.clone() }
}

fn signature(secret: &str, id: &str, now: &str, body: &str) -> Result<String, String> {
    let key = secret.strip_prefix("whsec_").and_then(|rest| STANDARD.decode(rest).ok());
    let key = key.ok_or("`sign` must be `whsec_` and base64, as Standard Webhooks has it")?;
    Ok(format!("v1,{}", hmac_base64(&key, format!("{id}.{now}.{body}").as_bytes())))
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    match answer.status {
        410 => Receipt::refused(format!("{}; the receiver wants no more: take the target out", answer.said(""))),
        _ => answer.by_status(&answer.body),
    }
}
