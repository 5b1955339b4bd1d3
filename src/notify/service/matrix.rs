//! Pure. Rooms of Matrix. The message's own name is a part of the URL, so that the server takes it once however often
//! it is sent.

use super::Occasion;
use crate::notify::address::path_part;
use crate::notify::clean::{TextUnit, html, without_mentions};
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt, seconds};

/// Of an event of 65,536 bytes, which holds the text twice, once of it escaped.
const LIMIT_BYTES: usize = 8_000;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let fitted = wording.fitted(TextUnit::Bytes, (LIMIT_BYTES, 0), without_mentions);
    let link = wording.link.iter().cloned();
    let plain: Vec<String> = [fitted.title.clone()].into_iter().chain(fitted.lines.clone()).chain(link).collect();
    let lines: Vec<String> = fitted.lines.iter().map(|line| html(line)).collect();
    let link = wording.link.as_ref();
    let link = link.map_or_else(String::new, |link| format!("<br><a href=\"{}\">details</a>", html(link)));
    let formatted = format!("<strong>{}</strong><br>{}{link}", html(&fitted.title), lines.join("<br>"));
    let body = serde_json::json!({
        "msgtype": "m.notice",
        "body": plain.join("\n"),
        "format": "org.matrix.custom.html",
        "formatted_body": formatted,
        "m.mentions": {},
    });
    let (room, id) = (path_part(&destination.room), path_part(occasion.id));
    let url = format!("{}/_matrix/client/v3/rooms/{room}/send/m.room.message/{id}", destination.base());
    let token = destination.token.as_deref().unwrap_or_default();
    HttpParcel { method: "PUT", ..HttpParcel::json(url, &body) }.with("Authorization", format!("Bearer {token}"))
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.json();
    let words = format!("{} {}", super::text(&said["errcode"]), super::text(&said["error"]));
    let step = |step: &str| format!("{}; {step}", answer.said(&words));
    match super::text(&said["errcode"]) {
        "" if answer.is_good() && said["event_id"].is_string() => Receipt::Sent,
        "" if answer.is_good() => Receipt::refused(step("that is no answer of Matrix: is the URL right?")),
        "M_LIMIT_EXCEEDED" => {
            let after = said["retry_after_ms"].as_f64().and_then(|ms| seconds(ms / 1000.0)).max(answer.retry_after);
            Receipt::later(after, step("it wants fewer messages"))
        }
        "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" => Receipt::refused(step("the access token is wrong, or was revoked")),
        "M_FORBIDDEN" => Receipt::refused(step("its user is not in the room, or may not write there: invite it")),
        "M_TOO_LARGE" => Receipt::refused(step("the message is too long")),
        _ => answer.by_status(&words),
    }
}
