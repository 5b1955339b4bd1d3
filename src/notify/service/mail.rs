//! Pure. Mail as `sendmail -t` takes it (RFC 5322). No text of a job can begin a header, or end one.

use super::Occasion;
use crate::notify::messenger::Destination;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::fmt::rfc2822::to_string;
use jiff::tz::TimeZone;

/// Bytes of text in an encoded word: with its frame it takes at most 75 characters (RFC 2047 §2).
const WORD_BYTES: usize = 42;
/// Bytes in a line of base64 (RFC 2045 §6.8).
const LINE_BYTES: usize = 57;

pub(super) fn message(destination: &Destination, occasion: &Occasion<'_>) -> String {
    let wording = occasion.wording;
    let host: String = occasion.host.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
    let date = to_string(&occasion.now.to_zoned(TimeZone::UTC)).unwrap_or_default();
    let link = wording.link.iter().cloned();
    let text: Vec<String> =
        [wording.title.clone(), String::new()].into_iter().chain(wording.lines.iter().cloned()).chain(link).collect();
    let headers = [
        format!("From: hookspool <{}>", destination.from),
        format!("To: {}", destination.to.join(",\n ")),
        format!("Subject: {}", header_text(&wording.title)),
        format!("Date: {date}"),
        format!("Message-ID: <hookspool.{}@{host}>", occasion.id),
        "Auto-Submitted: auto-generated".to_owned(),
        "Precedence: bulk".to_owned(),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Content-Transfer-Encoding: base64".to_owned(),
    ];
    format!("{}\n\n{}", headers.join("\n"), encoded(&(text.join("\n") + "\n")))
}

/// `text` as it is where every mailer reads it the same, and else in encoded words.
fn header_text(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !text.contains("=?") && text.len() < 70;
    if is_plain {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if words.last().is_some_and(|word| word.len() + c.len_utf8() > WORD_BYTES) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let word = |word: &String| format!("=?utf-8?B?{}?=", STANDARD.encode(word));
    words.iter().map(word).collect::<Vec<_>>().join("\n ")
}

fn encoded(text: &str) -> String {
    text.as_bytes().chunks(LINE_BYTES).map(|line| STANDARD.encode(line) + "\n").collect()
}
