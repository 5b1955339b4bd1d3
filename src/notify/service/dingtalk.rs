//! Pure. `DingTalk`'s robots. A refusal is HTTP 200 with an `errcode`.

use super::Occasion;
use crate::notify::address::with_parameter;
use crate::notify::clean::{TextUnit, without_markup};
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::sign::hmac_base64;
use std::time::Duration;

/// Of a body of 20,000 bytes.
const LIMIT_BYTES: usize = 18_000;
/// Above 20 messages a minute a robot is blocked for so long.
const BLOCKED: Duration = Duration::from_secs(600);

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let link = wording.link.as_ref().map_or_else(String::new, |link| format!("\n\n[details]({})", safe_link(link)));
    let reserved = link.len() + "### ".len() + 2 * wording.lines.len();
    let fitted = wording.fitted(TextUnit::Bytes, (LIMIT_BYTES / 2, reserved), without_markup);
    let text = format!("### {}\n\n{}{link}", fitted.title, fitted.lines.join("\n\n"));
    let body = serde_json::json!({
        "msgtype": "markdown",
        "markdown": { "title": fitted.title, "text": text },
        "at": { "isAtAll": false },
    });
    HttpParcel::json(signed(destination, occasion.now.as_millisecond()), &body)
}

/// A URL that ends no Markdown link.
pub(super) fn safe_link(link: &str) -> String {
    link.replace('(', "%28").replace(')', "%29").replace(' ', "%20")
}

/// The key is the secret, and the message begins with the time: not as with Feishu.
fn signed(destination: &Destination, now_ms: i64) -> String {
    let Some(secret) = &destination.sign else { return destination.url.clone() };
    let sign = hmac_base64(secret.as_bytes(), format!("{now_ms}\n{secret}").as_bytes());
    with_parameter(&with_parameter(&destination.url, "timestamp", &now_ms.to_string()), "sign", &sign)
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.json();
    let words = format!("{} {}", code_text(&said), super::text(&said["errmsg"]));
    let step = |step: &str| format!("{}; {step}", answer.said(&words));
    match super::code(&said["errcode"]) {
        Some(0) if answer.is_good() => Receipt::Sent,
        Some(310_000) => Receipt::refused(step(
            "the robot's security settings: its keyword must be `hookspool`, or `sign` must be its secret (and this \
             machine's clock right), or this machine's address be allowed",
        )),
        Some(130_101) => Receipt::later(Some(BLOCKED), step("more than 20 messages a minute: a pause of ten minutes")),
        Some(90_030) => Receipt::later(Some(Duration::from_secs(3600)), step("the quota of the day is used up")),
        Some(300_001 | 300_005) => Receipt::refused(step("the access token in the URL is wrong: copy it again")),
        Some(-1) => Receipt::later(None, step("the service is busy")),
        Some(_) => Receipt::refused(answer.said(&words)),
        None if answer.is_good() => {
            Receipt::refused(format!("{}; that is no answer of DingTalk: is the URL right?", answer.said(&answer.body)))
        }
        None => answer.by_status(&answer.body),
    }
}

fn code_text(said: &serde_json::Value) -> String {
    super::code(&said["errcode"]).map_or_else(String::new, |code| format!("errcode {code}"))
}
