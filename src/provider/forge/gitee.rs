//! Pure. Gitee: a password, or a signature over time stamp and secret. Neither covers the body.
//!
//! Which of the two a hook uses is set at Gitee and shows in no header, so both are tried, each in full, whatever
//! the value looks like. They cannot be taken for one another: a password passes only if it is the secret, byte
//! for byte, and a signature only if it is made with the secret and within its hour.

use crate::model::{Delivery, Head};
use crate::provider::authenticity::{
    Algorithm, Check, Denied, Encoding, Mac, SECOND_MS, Secret, SignedTime, Strength, index_of_token, matching_index,
    number, required,
};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::{other, word};
use crate::provider::forge::github_shape::GithubDocument;
use crate::provider::forge::sample::{SampleBody, SampleEvent, SampleOf, SamplePush, github_shaped};
use crate::provider::json::Fields;
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use subtle::ConstantTimeEq;

const TOKEN: &str = "X-Gitee-Token";
const TIMESTAMP: SignedTime<'static> = SignedTime { header: "X-Gitee-Timestamp", window_ms: 3600 * SECOND_MS };
const EVENT: &str = "X-Gitee-Event";
/// The event that `sign` is given for the test.
const PING: &str = "ping";
/// HMAC-SHA256.
const DIGEST_BYTES: usize = 32;
/// Fields that can name the person.
const PUSHERS: &[&str] = &["pusher.username", "pusher.login", "sender.login", "user_name"];

/// Gitee's dialect.
pub(crate) struct Gitee;

impl Dialect for Gitee {
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        let token = required(head, TOKEN)?;
        let time = head.headers.only("x-gitee-timestamp")?;
        if let Some(index) = index_of_token(token, &secrets.iter().enumerate().collect::<Vec<_>>())? {
            return Ok(Check::decided(index));
        }
        let wrong = || Denied::Wrong { what: TOKEN.to_owned() };
        let (digest, sent_ms) = signature(token).zip(time.and_then(number)).ok_or_else(wrong)?;
        let macs = secrets.iter().map(|secret| sign(secret, &sent_ms.to_string()));
        let index = matching_index(macs.map(|mac| mac.ct_eq(&digest)).enumerate()).ok_or_else(wrong)?;
        TIMESTAMP.near(sent_ms, now).map(|()| Check::decided(index))
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        if head.headers.first("x-gitee-ping").is_some_and(|ping| ping.eq_ignore_ascii_case(b"true")) {
            return Ok(Delivery::Ping);
        }
        let word = word(head, EVENT)?.to_ascii_lowercase().replace(' ', "_");
        let word = word.strip_suffix("_hooks").or(word.strip_suffix("_hook")).unwrap_or(&word);
        let document = GithubDocument::read(document, None, PUSHERS)?;
        match word {
            "push" | "tag_push" => document.push(all_listed),
            "merge_request" => document.pull_request(word, "merge"),
            _ => Ok(document.plain(other(word))),
        }
    }

    /// Old hooks post forms.
    fn form_field(&self) -> Option<&'static str> {
        Some("hook")
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["x-gitee-event"]), HeaderMark::by(&["x-git-oschina-event"])] }
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-gitee-event", "x-gitee-ping"]
    }

    /// With a password it is a shared token; which of the two a hook has is known at Gitee only.
    fn strength(&self) -> Strength {
        Strength::SignedTime
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        let mut push = github_shaped::push(sample);
        push["hook_name"] = "push_hooks".into();
        push
    }

    /// Its test is a push that a header marks.
    fn sample(&self, wanted: &SampleOf<'_>, mut push: Value) -> SampleBody {
        match wanted.what {
            SampleEvent::Merge => {
                push["hook_name"] = "merge_request_hooks".into();
                Some((github_shaped::pull_request(wanted, &push, "merge"), "Merge Request Hook"))
            }
            SampleEvent::Ping => {
                push["ref"] = wanted.reference.as_str().into();
                Some((push, PING))
            }
            _ => {
                let (mut push, _) = github_shaped::moved(wanted, push)?;
                if wanted.is_tag() {
                    push["hook_name"] = "tag_push_hooks".into();
                }
                Some((push, if wanted.is_tag() { "Tag Push Hook" } else { "push" }))
            }
        }
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let event = if ["push", PING].contains(&sent.event) { "Push Hook" } else { sent.event };
        let time = sent.now.as_millisecond().to_string();
        let token = Encoding::Base64.encode(&sign(sent.secret, &time));
        Ok(vec![
            header(EVENT, event),
            header(TIMESTAMP.header, time),
            header(TOKEN, token),
            header("X-Gitee-Ping", (sent.event == PING).to_string()),
        ])
    }
}

/// HMAC-SHA256, keyed with the secret, of the time in ms, a line feed and the secret.
fn sign(secret: &Secret, time_ms: &str) -> Vec<u8> {
    Mac::digest(Algorithm::Sha256, secret, &[time_ms.as_bytes(), b"\n", secret.bytes()])
}

/// The digest that a token in base64 holds. Gitee's manual percent-encodes it and Gitee does not; both are taken,
/// and `+` is never a space.
fn signature(token: &[u8]) -> Option<Vec<u8>> {
    let digest = Encoding::Base64.decode(&percent_decoded(token)?)?;
    (digest.len() == DIGEST_BYTES).then_some(digest)
}

fn percent_decoded(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !text.contains(&b'%') {
        return Some(text.into());
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            decoded.extend(hex::decode(rest.get(..2)?).ok()?);
            rest = &rest[2..];
        } else {
            decoded.push(*first);
        }
    }
    Some(decoded.into())
}

/// Gitee lists ten commits, and none for a new branch.
fn all_listed(fields: &Fields) -> bool {
    let Some(commits) = fields.commits() else { return false };
    let counted = fields.number("total_commits_count").is_none_or(|total| total == commits.count);
    counted && fields.flag("commits_more_than_ten") == Some(false)
}
