//! Pure. Telegram's bots. The token is a part of the path; the limit counts UTF-16 after entities are read.

use super::Occasion;
use crate::notify::clean::{TextUnit, html, without_mentions};
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt, seconds};

const LIMIT: usize = 4_096;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let shown = if wording.link.is_some() { "\ndetails".len() } else { 0 };
    let fitted = wording.fitted(TextUnit::Utf16, (LIMIT, shown + 1), without_mentions);
    let link =
        wording.link.as_ref().map_or_else(String::new, |link| format!("\n<a href=\"{}\">details</a>", html(link)));
    let lines: Vec<String> = fitted.lines.iter().map(|line| html(line)).collect();
    let text = format!("<b>{}</b>\n{}{link}", html(&fitted.title), lines.join("\n"));
    let mut body = serde_json::json!({
        "chat_id": destination.chat_id,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": { "is_disabled": true },
    });
    if let Some(topic) = destination.topic.as_ref().and_then(|topic| topic.parse::<i64>().ok()) {
        body["message_thread_id"] = topic.into();
    }
    let token = destination.token.as_deref().unwrap_or_default();
    HttpParcel::json(format!("{}/bot{token}/sendMessage", destination.base()), &body)
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.json();
    let words = super::text(&said["description"]);
    let step = |step: &str| format!("{}; {step}", answer.said(words));
    match answer.status {
        200 if said["ok"] == true => Receipt::Sent,
        200..300 => Receipt::refused(step("that is no answer of Telegram: is the URL right?")),
        429 => {
            let after = said["parameters"]["retry_after"].as_f64().and_then(seconds).max(answer.retry_after);
            Receipt::later(after, step("it wants fewer messages"))
        }
        401 | 404 => Receipt::refused(step("the bot's token is wrong: ask @BotFather for it")),
        403 => Receipt::refused(step("the bot is not in that chat, or was blocked: add it, or send it `/start`")),
        400 if words.contains("chat not found") => {
            Receipt::refused(step("add the bot to the chat, or send it `/start`, and see `chat_id`"))
        }
        400 if !said["parameters"]["migrate_to_chat_id"].is_null() => {
            let id = &said["parameters"]["migrate_to_chat_id"];
            Receipt::refused(step(&format!("the group has a new id: `chat_id = \"{id}\"`")))
        }
        _ => answer.by_status(words),
    }
}
