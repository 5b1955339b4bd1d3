//! Pure. Workflows of Microsoft Teams. Every 2xx is a success: a card that fails inside the flow is seen only there.

use super::Occasion;
use crate::notify::clean::TextUnit;
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::wording::Mood;

/// Of a message of 28 KB, in which some characters take six bytes.
const LIMIT_BYTES: usize = 9_000;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let fitted = wording.fitted(TextUnit::Bytes, (LIMIT_BYTES, 0), str::to_owned);
    let colour = match wording.mood {
        Mood::Good => "good",
        Mood::Bad => "attention",
        Mood::Neutral => "default",
    };
    let title = run(&serde_json::json!({
        "type": "TextRun", "text": fitted.title, "weight": "bolder", "color": colour,
    }));
    let lines = fitted.lines.iter().map(|line| run(&serde_json::json!({ "type": "TextRun", "text": line })));
    let blocks: Vec<_> = [title].into_iter().chain(lines).collect();
    let mut card = serde_json::json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    });
    if let Some(link) = &wording.link {
        card["actions"] = serde_json::json!([{ "type": "Action.OpenUrl", "title": "Details", "url": link }]);
    }
    let attachment = serde_json::json!({
        "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card,
    });
    let body = serde_json::json!({ "type": "message", "attachments": [attachment] });
    HttpParcel::json(&destination.url, &body)
}

/// A text in which nothing is Markdown, as it would be in a `TextBlock`.
fn run(run: &serde_json::Value) -> serde_json::Value {
    serde_json::json!({ "type": "RichTextBlock", "inlines": [run] })
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.body.as_str();
    // What the connectors of old answer with 200.
    let failed = answer.is_good() && said.contains("Webhook message delivery failed");
    match answer.status {
        200..300 if failed && said.contains("429") => Receipt::later(None, answer.said(said)),
        200..300 if failed => Receipt::refused(answer.said(said)),
        401 | 403 | 404 | 410 => Receipt::refused(format!(
            "{}; the workflow is gone, turned off or the URL is wrong: copy it again",
            answer.said(said)
        )),
        _ => answer.by_status(said),
    }
}
