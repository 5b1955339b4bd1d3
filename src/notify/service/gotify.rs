//! Pure. Applications of Gotify.

use super::Occasion;
use crate::notify::clean::TextUnit;
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::wording::Mood;

/// Gotify names none; more is read by nobody.
const LIMIT_BYTES: usize = 8_000;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let fitted = wording.fitted(TextUnit::Bytes, (LIMIT_BYTES, 0), str::to_owned);
    let priority = if wording.mood == Mood::Bad { 8 } else { 4 };
    let text: Vec<String> = fitted.lines.into_iter().chain(wording.link.clone()).collect();
    let mut body = serde_json::json!({ "title": fitted.title, "message": text.join("\n"), "priority": priority });
    if let Some(link) = &wording.link {
        body["extras"] = serde_json::json!({ "client::notification": { "click": { "url": link } } });
    }
    let token = destination.token.as_deref().unwrap_or_default();
    HttpParcel::json(format!("{}/message", destination.base()), &body).with("X-Gotify-Key", token)
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.json();
    if answer.is_good() && !said["id"].is_number() {
        let why = format!("{}; that is no answer of Gotify: is the URL right?", answer.said(&answer.body));
        return Receipt::refused(why);
    }
    answer.by_status(super::text(&said["errorDescription"]))
}
