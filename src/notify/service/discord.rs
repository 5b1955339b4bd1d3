//! Pure. Discord's webhooks. Without `wait` a message that is not saved is answered like one that is.

use super::Occasion;
use crate::notify::address::with_parameter;
use crate::notify::clean::TextUnit;
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt, seconds};
use crate::notify::wording::Mood;

const TITLE_LIMIT: usize = 256;
const DESCRIPTION_LIMIT: usize = 4_096;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let fitted = wording.fitted(TextUnit::Characters, (DESCRIPTION_LIMIT, 0), escape);
    let colour = match wording.mood {
        Mood::Good => 0x1a_c600,
        Mood::Bad => 0xff_3232,
        Mood::Neutral => 0x4f_545c,
    };
    let title = TextUnit::Characters.cut(&wording.title, TITLE_LIMIT);
    let mut embed = serde_json::json!({ "title": title, "description": fitted.lines.join("\n"), "color": colour });
    if let Some(link) = &wording.link {
        embed["url"] = link.as_str().into();
    }
    let body = serde_json::json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } });
    HttpParcel::json(with_parameter(&destination.url, "wait", "true"), &body)
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if r"\*_~`|>[]()#<@".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.json();
    let words = super::text(&said["message"]);
    match answer.status {
        429 => {
            // Seconds, with a fraction.
            let after = said["retry_after"].as_f64().and_then(seconds).max(answer.retry_after);
            Receipt::later(after, format!("{}; it wants fewer messages", answer.said(words)))
        }
        401 | 404 => Receipt::refused(format!("{}; the webhook is gone or wrong: make a new one", answer.said(words))),
        _ => answer.by_status(words),
    }
}
