//! Pure. Slack's incoming webhooks, as Mattermost and Rocket.Chat take them, too. A success is the body `ok`.

use super::Occasion;
use crate::notify::clean::{TextUnit, without_mentions};
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};

/// Longest text of a section; of a whole message more is taken, but nobody reads it.
const LIMIT: usize = 3_000;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let link = wording.link.as_ref().map_or_else(String::new, |link| format!("\n<{}|details>", escape(link)));
    let reserved = TextUnit::Characters.length(&link) + "**".len();
    let fitted = wording.fitted(TextUnit::Characters, (LIMIT, reserved), escape);
    let text = format!("*{}*\n{}{link}", fitted.title, fitted.lines.join("\n"));
    let body = serde_json::json!({ "text": text, "unfurl_links": false, "link_names": false });
    HttpParcel::json(&destination.url, &body)
}

/// The three escapes of Slack: with them no `<!channel>` is one. Mattermost and Rocket.Chat look for `@channel`, and
/// make links and pictures of brackets.
fn escape(text: &str) -> String {
    let text = without_mentions(text).replace('[', "［").replace(']', "］");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Words by which Slack refuses, and what to do.
const WORDS: [(&str, &str); 9] = [
    ("no_service", "the webhook is disabled, removed or wrong: make a new one"),
    ("no_active_hooks", "the webhook is disabled: make a new one"),
    ("invalid_token", "the URL is wrong: copy it again"),
    ("channel_is_archived", "its channel is archived: make a webhook for another"),
    ("channel_not_found", "its channel is gone: make a webhook for another"),
    ("action_prohibited", "an administrator has forbidden it"),
    ("posting_to_general_channel_denied", "only administrators may post there"),
    ("team_disabled", "the workspace is disabled"),
    ("user_not_found", "its owner has left: make a new webhook"),
];

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.body.trim();
    let is_rocket_chat = answer.json()["success"] == true;
    match answer.status {
        200 if said == "ok" || is_rocket_chat => Receipt::Sent,
        200..300 => Receipt::refused(format!("{}; Slack says exactly `ok`: is the URL right?", answer.said(said))),
        _ => match WORDS.iter().find(|(word, _)| *word == said) {
            Some((_, step)) => Receipt::refused(format!("{}; {step}", answer.said(said))),
            None => answer.by_status(said),
        },
    }
}
