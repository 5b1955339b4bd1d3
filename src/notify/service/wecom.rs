//! Pure. `WeCom`'s robots. A refusal is HTTP 200 with an `errcode`; the limit is in bytes.

use super::Occasion;
use super::dingtalk::safe_link;
use crate::notify::clean::{TextUnit, without_markup};
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::wording::Mood;
use std::time::Duration;

/// Longest `markdown`.
const LIMIT_BYTES: usize = 4_096;
/// The frame around a title.
const FRAME_BYTES: usize = "<font color=\"warning\"></font>\n".len();

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let link = wording.link.as_ref().map_or_else(String::new, |link| format!("\n[details]({})", safe_link(link)));
    let fitted = wording.fitted(TextUnit::Bytes, (LIMIT_BYTES, link.len() + FRAME_BYTES), without_markup);
    let colour = match wording.mood {
        Mood::Good => "info",
        Mood::Bad => "warning",
        Mood::Neutral => "comment",
    };
    let content = format!("<font color=\"{colour}\">{}</font>\n{}{link}", fitted.title, fitted.lines.join("\n"));
    let body = serde_json::json!({ "msgtype": "markdown", "markdown": { "content": content } });
    HttpParcel::json(&destination.url, &body)
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.json();
    let code = super::code(&said["errcode"]);
    let words = code.map_or_else(String::new, |code| format!("errcode {code} {}", super::text(&said["errmsg"])));
    let step = |step: &str| format!("{}; {step}", answer.said(&words));
    match code {
        Some(0) if answer.is_good() => Receipt::Sent,
        Some(45_009 | 45_033) => {
            Receipt::later(Some(Duration::from_secs(60)), step("more than 20 messages a minute: a pause"))
        }
        Some(93_000 | 93_008) => Receipt::refused(step("the key in the URL is wrong, or the robot is gone")),
        Some(-1) => Receipt::later(None, step("the service is busy")),
        Some(_) => Receipt::refused(answer.said(&words)),
        None if answer.is_good() => {
            Receipt::refused(format!("{}; that is no answer of WeCom: is the URL right?", answer.said(&answer.body)))
        }
        None => answer.by_status(&answer.body),
    }
}
