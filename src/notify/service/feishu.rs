//! Pure. The bots of Feishu and Lark. A refusal is HTTP 200 with a `code`.

use super::Occasion;
use crate::notify::clean::{TextUnit, without_markup};
use crate::notify::messenger::Destination;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::sign::hmac_base64;
use std::time::Duration;

/// Of a body of 20 KB, in which some characters take six bytes.
const LIMIT_BYTES: usize = 9_000;

pub(super) fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> HttpParcel {
    let wording = occasion.wording;
    let fitted = wording.fitted(TextUnit::Bytes, (LIMIT_BYTES, 0), without_markup);
    let lines = fitted.lines.iter().map(|text| serde_json::json!([{ "tag": "text", "text": text }]));
    let link = wording.link.iter().map(|link| serde_json::json!([{ "tag": "a", "text": "details", "href": link }]));
    let content: Vec<_> = lines.chain(link).collect();
    let mut body = serde_json::json!({
        "msg_type": "post",
        "content": { "post": { "en_us": { "title": fitted.title, "content": content } } },
    });
    if let Some(secret) = &destination.sign {
        let now_s = occasion.now.as_second();
        // The whole text is the key, and the message is empty: not as with DingTalk.
        body["timestamp"] = now_s.to_string().into();
        body["sign"] = hmac_base64(format!("{now_s}\n{secret}").as_bytes(), b"").into();
    }
    HttpParcel::json(&destination.url, &body)
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let said = answer.json();
    let code = super::code(&said["code"]).or_else(|| super::code(&said["StatusCode"]));
    let words = [&said["msg"], &said["StatusMessage"]].map(super::text).concat();
    let words = code.map_or_else(String::new, |code| format!("code {code} {words}"));
    let step = |step: &str| format!("{}; {step}", answer.said(&words));
    match code {
        Some(0) if answer.is_good() => Receipt::Sent,
        Some(19_021) => Receipt::refused(step(
            "`sign` is not the bot's secret, or this machine's clock is off by more than an hour: see `date`",
        )),
        Some(19_022) => Receipt::refused(step("this machine's address is not on the bot's list")),
        Some(19_024) => Receipt::refused(step("the bot's keyword must be `hookspool`")),
        Some(19_001) => Receipt::refused(step("the token in the URL is wrong: copy it again")),
        Some(11_232) => {
            Receipt::later(answer.retry_after.or(Some(Duration::from_secs(60))), step("it wants fewer messages"))
        }
        Some(_) => Receipt::refused(answer.said(&words)),
        None if answer.is_good() => {
            Receipt::refused(format!("{}; that is no answer of Feishu: is the URL right?", answer.said(&answer.body)))
        }
        None => answer.by_status(&answer.body),
    }
}
