//! Pure. Each service: the request, its limits with hostile text, and its answers.

use super::*;
use crate::notify::clean::TextUnit;
use crate::notify::parcel::HttpParcel;
use crate::notify::wording::tests::{SENDER, failed};
use serde_json::Value;
use std::time::Duration;

const SECRET_URL: &str = "https://hooks.example.org/T000/secretsecret?access_token=tokentoken";

fn destination(messenger: Messenger) -> Destination {
    let text = |text: &str| text.to_owned();
    Destination {
        url: if messenger.has_open_url() { text("https://example.org/base/") } else { text(SECRET_URL) },
        token: Some(text("to-ken")),
        sign: Some(text("whsec_c2VjcmV0IG9mIDI0IGJ5dGVzIGhlcmUh")),
        room: text("!room:example.org"),
        chat_id: text("-100123"),
        topic: Some(text("17")),
        to: vec![text("ops@example.org"), text("me@example.org")],
        from: text("hookspool@example.org"),
        ..Destination::of(messenger)
    }
}

fn sent(messenger: Messenger, hostile: &str) -> Parcel {
    let tidings = [failed(hostile)];
    let wording = Wording::of(&tidings[0], SENDER);
    let now = Timestamp::from_second(1_795_000_001).unwrap();
    let occasion = Occasion { wording: &wording, tidings: &tidings, id: "job-7", now, host: "web1" };
    parcel(&destination(messenger), &occasion).unwrap()
}

fn http(messenger: Messenger, hostile: &str) -> (HttpParcel, Value) {
    let Parcel::Http(parcel) = sent(messenger, hostile) else { panic!("{messenger:?} is no HTTP") };
    let body = serde_json::from_str(&parcel.body).unwrap();
    (parcel, body)
}

fn header<'a>(parcel: &'a HttpParcel, name: &str) -> &'a str {
    parcel.headers.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value.as_str())
}

const FIRST_LINE: &str = "hookspool: docs failed, me/docs main";

#[test]
fn each_service_gets_the_shape_that_it_takes() {
    let (parcel, body) = http(Messenger::Slack, "");
    assert_eq!((parcel.method, parcel.url.as_str()), ("POST", SECRET_URL));
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with(&format!("*{FIRST_LINE}*\ncommit 0123456789, pushed by jo\n")), "{text}");
    assert!(text.ends_with("\n<https://example.org/p/x|details>"), "{text}");

    let (parcel, body) = http(Messenger::Discord, "");
    assert_eq!(parcel.url, format!("{SECRET_URL}&wait=true"));
    assert_eq!(body["allowed_mentions"], serde_json::json!({ "parse": [] }));
    assert_eq!((&body["embeds"][0]["title"], &body["embeds"][0]["color"]), (&FIRST_LINE.into(), &0xff_3232.into()));
    assert_eq!(body["embeds"][0]["url"], "https://example.org/p/x");

    let (parcel, body) = http(Messenger::Dingtalk, "");
    assert!(parcel.url.starts_with(&format!("{SECRET_URL}&timestamp=1795000001000&sign=")), "{}", parcel.url);
    assert_eq!(body["msgtype"], "markdown");
    assert!(body["markdown"]["text"].as_str().unwrap().ends_with("[details](https://example.org/p/x)"));

    let (parcel, body) = http(Messenger::Feishu, "");
    assert_eq!((parcel.url.as_str(), &body["timestamp"]), (SECRET_URL, &"1795000001".into()));
    assert_eq!(body["content"]["post"]["en_us"]["title"], FIRST_LINE);
    assert!(body["sign"].is_string());

    let (_, body) = http(Messenger::Wecom, "");
    let content = body["markdown"]["content"].as_str().unwrap();
    assert!(content.starts_with(&format!("<font color=\"warning\">{FIRST_LINE}</font>\n")), "{content}");

    let (parcel, body) = http(Messenger::Telegram, "");
    assert_eq!(parcel.url, "https://example.org/base/botto-ken/sendMessage");
    assert_eq!((&body["chat_id"], &body["message_thread_id"]), (&"-100123".into(), &17.into()));
    assert!(body["text"].as_str().unwrap().starts_with(&format!("<b>{FIRST_LINE}</b>\n")));

    let (_, body) = http(Messenger::Teams, "");
    let card = &body["attachments"][0]["content"];
    assert_eq!((&card["type"], &card["version"]), (&"AdaptiveCard".into(), &"1.4".into()));
    assert_eq!(card["body"][0]["inlines"][0]["text"], FIRST_LINE);
    assert_eq!(card["actions"][0]["url"], "https://example.org/p/x");

    let (parcel, body) = http(Messenger::Matrix, "");
    let path = "/base/_matrix/client/v3/rooms/%21room%3Aexample.org/send/m.room.message/job-7";
    assert_eq!((parcel.method, parcel.url), ("PUT", format!("https://example.org{path}")));
    assert_eq!((&body["msgtype"], &body["m.mentions"]), (&"m.notice".into(), &serde_json::json!({})));

    let (parcel, body) = http(Messenger::Ntfy, "");
    assert_eq!((parcel.url.as_str(), header(&parcel, "Authorization")), ("https://example.org/base/", "Bearer to-ken"));
    assert_eq!((&body["topic"], &body["title"], &body["priority"]), (&"17".into(), &FIRST_LINE.into(), &4.into()));

    let (parcel, body) = http(Messenger::Gotify, "");
    assert_eq!((parcel.url.as_str(), header(&parcel, "X-Gotify-Key")), ("https://example.org/base/message", "to-ken"));
    assert_eq!((&body["title"], &body["priority"]), (&FIRST_LINE.into(), &8.into()));

    let (parcel, body) = http(Messenger::Webhook, "");
    assert_eq!((header(&parcel, "webhook-id"), header(&parcel, "webhook-timestamp")), ("job-7", "1795000001"));
    assert!(header(&parcel, "webhook-signature").starts_with("v1,"));
    assert_eq!((&body["data"]["jobs"][0]["standing"], &body["data"]["count"]), (&"failed".into(), &1.into()));
}

/// Whatever a stranger may write into a branch, a name or a reason.
const HOSTILE: &str = "<!channel> <@U1> @everyone @here <b>x</b> </font> [x](javascript:alert(1)) `*_~|>#\\ &amp; \
                       \u{202e}gnp.exe\u{0}\u{1b}[31m\r\nBcc: victim@example.org\r\n\r\n😀é";

fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, into)),
        Value::Object(map) => map.values().for_each(|value| texts(value, into)),
        _ => {}
    }
}

#[test]
fn no_text_of_a_stranger_mentions_formats_or_hides_anything() {
    for (name, messenger) in
        Messenger::ALL.into_iter().filter(|(_, m)| *m != Messenger::Mail && *m != Messenger::Webhook)
    {
        let (_, body) = http(messenger, HOSTILE);
        let mut all = Vec::new();
        texts(&body, &mut all);
        let is_layout = |c: char| c == '\n';
        for text in &all {
            assert!(!text.contains(|c: char| c.is_control() && !is_layout(c)), "{name}: {text:?}");
            assert!(!text.contains('\u{202e}'), "{name}: {text:?}");
        }
        let said = all.join("\n");
        let forbidden: &[&str] = match messenger {
            Messenger::Slack => &["<!channel>", "<@U1>", "<b>", "@everyone", "@here", "[x]("],
            Messenger::Discord => &["[x](", " @everyone", "<@U1>"],
            Messenger::Dingtalk | Messenger::Wecom | Messenger::Feishu => &["[x](", "@everyone", "<@U1>", "<b>x", "`"],
            Messenger::Telegram => &["<!channel>", "<b>x", "</font>", "@everyone"],
            Messenger::Matrix => &["@everyone", "@here"],
            _ => &[],
        };
        // A title of Discord is no Markdown link, and mentions nobody.
        let said = if messenger == Messenger::Discord { body["embeds"][0]["description"].to_string() } else { said };
        if messenger == Messenger::Matrix {
            assert!(!body["formatted_body"].to_string().contains("<b>x"), "{body}");
        }
        for bad in forbidden {
            assert!(!said.contains(bad), "{name} says {bad}: {said}");
        }
    }
}

#[test]
fn no_message_is_longer_than_its_service_takes_and_the_link_stays() {
    let wall = "<&é😀\"\\[".repeat(40_000);
    let length = |messenger: Messenger| -> (usize, bool) {
        let (parcel, body) = http(messenger, &wall);
        let link = parcel.body.contains("https://example.org/p/x");
        let of = |value: &Value, unit: TextUnit| unit.length(value.as_str().unwrap());
        let length = match messenger {
            Messenger::Slack => of(&body["text"], TextUnit::Characters),
            Messenger::Discord => of(&body["embeds"][0]["description"], TextUnit::Characters),
            Messenger::Wecom => of(&body["markdown"]["content"], TextUnit::Bytes),
            Messenger::Ntfy => of(&body["message"], TextUnit::Bytes),
            Messenger::Telegram => {
                let text = body["text"].as_str().unwrap();
                let plain =
                    text.replace("&lt;", "<").replace("&quot;", "\"").replace("&gt;", ">").replace("&amp;", "&");
                TextUnit::Utf16.length(&plain)
            }
            _ => parcel.body.len(),
        };
        (length, link)
    };
    let limits = [
        (Messenger::Slack, 3_000),
        (Messenger::Discord, 4_096),
        (Messenger::Dingtalk, 20_000),
        (Messenger::Feishu, 20_000),
        (Messenger::Wecom, 4_096),
        (Messenger::Telegram, 4_096 + "<b></b><a href=\"https://example.org/p/x\"></a>".len()),
        (Messenger::Teams, 28_000),
        (Messenger::Matrix, 65_536),
        (Messenger::Ntfy, 4_096),
        (Messenger::Gotify, 20_000),
        (Messenger::Webhook, 20_000),
    ];
    for (messenger, limit) in limits {
        let (length, has_link) = length(messenger);
        assert!(length <= limit && has_link, "{messenger:?}: {length} of {limit}, link {has_link}");
    }
    let (_, body) = http(Messenger::Discord, &wall);
    assert!(TextUnit::Characters.length(body["embeds"][0]["title"].as_str().unwrap()) <= 256);
}

#[test]
fn a_mail_has_the_headers_that_we_chose_and_no_other() {
    let Parcel::Mail(message) = sent(Messenger::Mail, HOSTILE) else { panic!("no mail") };
    let (headers, body) = message.split_once("\n\n").unwrap();
    let unfolded = headers.replace("\n ", "");
    let names: Vec<&str> = unfolded.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "Precedence",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding"
        ]
    );
    assert!(unfolded.contains("From: hookspool <hookspool@example.org>\nTo: ops@example.org,me@example.org\n"));
    assert!(headers.is_ascii() && headers.lines().all(|line| line.len() <= 78), "{headers}");
    assert!(!message.contains('\r') && body.lines().all(|line| line.len() <= 76));
    let Parcel::Mail(plain) = sent(Messenger::Mail, "") else { panic!("no mail") };
    assert!(plain.contains(&format!("\nSubject: {FIRST_LINE}\n")), "{plain}");
}

fn answer(status: u16, body: &str) -> HttpAnswer {
    HttpAnswer { status, retry_after: None, body: body.to_owned() }
}

/// `sent`, `later`, `later 600s`, or `refused`, with the words that must be in the reason.
fn told(messenger: Messenger, status: u16, body: &str) -> String {
    match receipt(messenger, &answer(status, body)) {
        Receipt::Sent => "sent".to_owned(),
        Receipt::Later { after: None, why, .. } => format!("later: {why}"),
        Receipt::Later { after: Some(after), why, .. } => format!("later {}s: {why}", after.as_secs()),
        Receipt::Refused { why } => format!("refused: {why}"),
    }
}

#[test]
fn a_success_is_what_the_service_itself_calls_one() {
    use Messenger as M;
    let rows: [(M, u16, &str, &str, &str); 46] = [
        (M::Slack, 200, "ok", "sent", ""),
        (M::Slack, 200, "<html>ok</html>", "refused", "exactly `ok`"),
        (M::Slack, 200, "{\"success\":true}", "sent", ""),
        (M::Slack, 404, "no_service", "refused", "make a new one"),
        (M::Slack, 410, "channel_is_archived", "refused", "archived"),
        (M::Slack, 400, "invalid_payload", "refused", "invalid_payload"),
        (M::Slack, 429, "", "later", "fewer"),
        (M::Slack, 503, "", "later", "503"),
        (M::Discord, 204, "", "sent", ""),
        (M::Discord, 200, "{\"id\":\"1\"}", "sent", ""),
        (M::Discord, 429, "{\"message\":\"slow\",\"retry_after\":64.57}", "later 64s", "slow"),
        (M::Discord, 404, "{\"message\":\"Unknown Webhook\",\"code\":10015}", "refused", "Unknown Webhook"),
        (M::Dingtalk, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", "sent", ""),
        (M::Dingtalk, 200, "{\"errcode\":\"0\"}", "sent", ""),
        (M::Dingtalk, 200, "{\"errcode\":310000,\"errmsg\":\"keywords not in content\"}", "refused", "keyword"),
        (M::Dingtalk, 200, "{\"errcode\":\"310000\",\"errmsg\":\"sign not match\"}", "refused", "`sign`"),
        (M::Dingtalk, 200, "{\"errcode\":130101,\"errmsg\":\"send too fast\"}", "later 600s", "ten minutes"),
        (M::Dingtalk, 200, "{\"errcode\":90030}", "later 3600s", "quota"),
        (M::Dingtalk, 200, "ok", "refused", "is the URL right"),
        (M::Feishu, 200, "{\"code\":0,\"msg\":\"success\",\"data\":{}}", "sent", ""),
        (M::Feishu, 200, "{\"StatusCode\":0,\"StatusMessage\":\"success\"}", "sent", ""),
        (M::Feishu, 200, "{\"code\":19021,\"msg\":\"sign match fail\"}", "refused", "clock"),
        (M::Feishu, 200, "{\"code\":19024,\"msg\":\"Key Words Not Found\"}", "refused", "keyword"),
        (M::Feishu, 200, "{\"code\":11232,\"msg\":\"frequency limited\"}", "later 60s", "fewer"),
        (M::Feishu, 200, "{\"code\":9499,\"msg\":\"Bad Request\"}", "refused", "9499"),
        (M::Wecom, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", "sent", ""),
        (M::Wecom, 200, "{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}", "later 60s", "20 messages"),
        (M::Wecom, 200, "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}", "refused", "key"),
        (M::Telegram, 200, "{\"ok\":true,\"result\":{}}", "sent", ""),
        (M::Telegram, 200, "<html>", "refused", "is the URL right"),
        (M::Telegram, 400, "{\"ok\":false,\"description\":\"Bad Request: can't parse entities\"}", "refused", "parse"),
        (M::Telegram, 400, "{\"ok\":false,\"description\":\"Bad Request: chat not found\"}", "refused", "/start"),
        (M::Telegram, 429, "{\"ok\":false,\"parameters\":{\"retry_after\":17}}", "later 17s", "fewer"),
        (M::Telegram, 401, "{\"ok\":false,\"description\":\"Unauthorized\"}", "refused", "@BotFather"),
        (M::Telegram, 403, "{\"ok\":false,\"description\":\"bot was blocked\"}", "refused", "blocked"),
        (M::Teams, 202, "", "sent", ""),
        (M::Teams, 200, "1", "sent", ""),
        (M::Teams, 200, "Webhook message delivery failed with error: HTTP error 429", "later", "429"),
        (M::Matrix, 200, "{\"event_id\":\"$x\"}", "sent", ""),
        (M::Matrix, 429, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":2500}", "later 2s", "fewer"),
        (M::Matrix, 403, "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"not in room\"}", "refused", "invite"),
        (M::Ntfy, 200, "{\"id\":\"x\",\"event\":\"message\"}", "sent", ""),
        (M::Ntfy, 403, "{\"code\":40301,\"error\":\"forbidden\"}", "refused", "token"),
        (M::Gotify, 200, "{\"id\":1}", "sent", ""),
        (M::Webhook, 410, "", "refused", "no more"),
        (M::Webhook, 302, "", "refused", "redirects are not followed"),
    ];
    for (messenger, status, body, expected, words) in rows {
        let said = told(messenger, status, body);
        let is_right = said.split(':').next() == Some(expected) && said.contains(words);
        assert!(is_right, "{messenger:?} {status} {body}: {said}");
    }
}

#[test]
fn a_wait_that_the_other_side_names_is_bounded() {
    for (text, expected) in [("1e300", 3600), ("99999999999", 3600), ("0.4", 0)] {
        let body = format!("{{\"retry_after\":{text}}}");
        let Receipt::Later { after, .. } = receipt(Messenger::Discord, &answer(429, &body)) else { panic!("{text}") };
        assert_eq!(after.map(|after| after.as_secs()), Some(expected));
    }
    let negative = receipt(Messenger::Discord, &answer(429, "{\"retry_after\":-1}"));
    assert!(matches!(negative, Receipt::Later { after: None, .. }));
    let asked = HttpAnswer { retry_after: Some(Duration::from_secs(7)), ..answer(503, "") };
    assert!(
        matches!(receipt(Messenger::Slack, &asked), Receipt::Later { after: Some(after), .. } if after.as_secs() == 7)
    );
}

#[test]
fn what_cannot_be_signed_or_goes_in_the_clear_is_not_sent() {
    let wording = Wording::sample("ops", SENDER);
    let now = Timestamp::UNIX_EPOCH;
    let occasion = Occasion { wording: &wording, tidings: &[], id: "x", now, host: "web1" };
    let unsigned = Destination { sign: Some("no base64".into()), ..destination(Messenger::Webhook) };
    assert!(parcel(&unsigned, &occasion).unwrap_err().contains("whsec_"));
    let open = Destination { url: "http://example.org/T000/secretsecret".into(), ..destination(Messenger::Slack) };
    let why = parcel(&open, &occasion).unwrap_err();
    assert!(why.contains("https://") && !why.contains("secretsecret"), "{why}");
}

#[test]
fn nothing_prints_a_secret_by_accident() {
    let parcel = sent(Messenger::Telegram, "");
    let shown = format!("{parcel:?} {:?}", destination(Messenger::Slack));
    assert!(!shown.contains("to-ken") && !shown.contains("secretsecret"), "{shown}");
}
