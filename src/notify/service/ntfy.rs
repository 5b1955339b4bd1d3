//! Pure. Topics of ntfy, by its JSON form: headers could not hold every title.

use super::Occasion;
use crate::notify::clean::TextUnit;
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::sign::authorization;
use crate::notify::wording::Mood;

/// A longer text becomes an attachment.
const LIMIT_BYTES: usize = 4_096;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let fitted = wording.fitted(TextUnit::Bytes, (LIMIT_BYTES, 0), str::to_owned);
    let (priority, tag) = match wording.mood {
        Mood::Good => (3, "white_check_mark"),
        Mood::Bad => (4, "rotating_light"),
        Mood::Neutral => (3, "information_source"),
    };
    let mut body = serde_json::json!({
        "topic": destination.topic, "title": fitted.title, "message": fitted.lines.join("\n"), "priority": priority,
        "tags": [tag],
    });
    if let Some(link) = &wording.link {
        body["click"] = link.as_str().into();
    }
    let parcel = HttpParcel::json(format!("{}/", destination.base()), &body);
    match &destination.token {
        Some(token) => parcel.with("Authorization", authorization(token)),
        None => parcel,
    }
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.json();
    if answer.is_good() && !said["id"].is_string() {
        let why = format!("{}; that is no answer of ntfy: is the URL right?", answer.said(&answer.body));
        return Receipt::refused(why);
    }
    answer.by_status(super::text(&said["error"]))
}
