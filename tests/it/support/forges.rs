//! Edge. Pushes as Gitea, Gitee and Coding send them, signed as their manuals say and not as our code does.

use super::github::{BEFORE, delivery_id};
use super::http::{Framing, Request};
use super::site::SECRET;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

/// Gitea: HMAC-SHA256 of the body, in hex; its JSON is indented.
pub(crate) fn gitea(target: &str, after: &str) -> Request {
    let body = serde_json::to_vec_pretty(&push("gitea", after)).expect("JSON");
    let signature = hex::encode(hmac_sha256(&body));
    post(target, &body)
        .header("User-Agent", "Go-http-client/1.1")
        .header("X-Gitea-Event", "push")
        .header("X-Gitea-Delivery", delivery_id())
        .header("X-Gitea-Signature", signature)
}

/// How a webhook at Gitee proves itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gitee {
    /// 密码: the secret itself.
    Password,
    /// 签名密钥: HMAC-SHA256 of the time in milliseconds, a line feed and the secret, in base64.
    SigningKey,
}

impl Gitee {
    /// A push.
    pub(crate) fn push(self, target: &str, after: &str) -> Request {
        let time = jiff::Timestamp::now().as_millisecond();
        let token = match self {
            Self::Password => SECRET.to_owned(),
            Self::SigningKey => BASE64_STANDARD.encode(hmac_sha256(format!("{time}\n{SECRET}").as_bytes())),
        };
        let mut body = push("gitee", after);
        body["hook_name"] = "push_hooks".into();
        post(target, &serde_json::to_vec(&body).expect("JSON"))
            .header("User-Agent", "git-oschina-hook")
            .header("X-Gitee-Event", "Push Hook")
            .header("X-Gitee-Timestamp", time.to_string())
            .header("X-Gitee-Token", token)
    }
}

/// Coding, version 2: HMAC-SHA1 of the body, in hex.
pub(crate) fn coding(target: &str, after: &str) -> Request {
    let body = serde_json::to_vec(&push("coding", after)).expect("JSON");
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("any length of key");
    mac.update(&body);
    post(target, &body)
        .header("User-Agent", "Coding.net Hook")
        .header("X-Coding-Event", "push")
        .header("X-Coding-Delivery", delivery_id())
        .header("X-Coding-Signature", format!("sha1={}", hex::encode(mac.finalize().into_bytes())))
}

/// What the payloads of the three have in common.
fn push(forge: &str, after: &str) -> Value {
    let home = format!("https://{forge}.example.org/me/site");
    json!({
        "ref": "refs/heads/main",
        "before": BEFORE,
        "after": after,
        "created": false,
        "deleted": false,
        "commits": [{ "id": after, "message": "更新\n", "added": [], "removed": [], "modified": ["README.md"] }],
        "repository": { "id": 1, "name": "site", "full_name": "me/site", "html_url": home, "default_branch": "main" },
        "pusher": { "name": "ada", "login": "ada", "email": "ada@example.org" },
        "sender": { "id": 7, "login": "ada" },
    })
}

fn post(target: &str, body: &[u8]) -> Request {
    Request::new("POST", target, Framing::Length, body).header("Content-Type", "application/json")
}

fn hmac_sha256(text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length of key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
