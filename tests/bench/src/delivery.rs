//! Pure. Signed pushes as GitHub sends them, of any size, each with a delivery id of its own.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;

/// The secret that sender and receivers share in a run.
pub const SECRET: &str = "a secret of the benchmark, 32 by";
/// The hook's name, last part of each URL.
pub const HOOK: &str = "bench";
/// Stands in a request until `stamp` puts the delivery id there.
const NO_ID: &str = "00000000-0000-4000-8000-000000000000";
/// Room for the last commit, which takes up what is left of the wanted size.
const LAST_COMMIT_BYTES: usize = 1024;

/// A whole HTTP request, ready to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    bytes: Vec<u8>,
    id_at: usize,
}

impl Request {
    /// A push of exactly `size` bytes to `uri`, with a body that no other `nonce` has, rightly signed.
    pub fn signed(uri: &str, size: usize, nonce: u64) -> Self {
        let body = push(size, nonce);
        let signature = sign(SECRET, &body);
        Self::new(uri, &body, &signature)
    }

    /// The same, signed with another secret.
    pub fn forged(uri: &str, size: usize) -> Self {
        let body = push(size, 0);
        let signature = sign("another secret", &body);
        Self::new(uri, &body, &signature)
    }

    fn new(uri: &str, body: &[u8], signature: &str) -> Self {
        let head = format!(
            "POST {uri}/{HOOK} HTTP/1.1\r\nHost: bench\r\nUser-Agent: GitHub-Hookshot/bench\r\nAccept: */*\r\n\
             Content-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: {NO_ID}\r\n\
             X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let id_at = head.find(NO_ID).unwrap_or(0);
        Self { bytes: [head.as_bytes(), body].concat(), id_at }
    }

    /// Makes it delivery number `n`.
    pub fn stamp(&mut self, n: u64) {
        let id = format!("{:08x}-0000-4000-8000-{:012x}", n >> 48, n & 0xffff_ffff_ffff);
        self.bytes[self.id_at..self.id_at + id.len()].copy_from_slice(id.as_bytes());
    }

    /// Head and body.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `X-Hub-Signature-256` without its prefix.
pub fn sign(secret: &str, body: &[u8]) -> String {
    hex::encode(mac(secret, body).finalize().into_bytes())
}

fn mac(secret: &str, body: &[u8]) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes a key of any length")
    };
    mac.update(body);
    mac
}

/// The JSON of a push of exactly `size` bytes: as many commits as fit.
fn push(size: usize, nonce: u64) -> Vec<u8> {
    let mut body = format!(
        r#"{{"ref":"refs/heads/main","before":"{:040x}","after":"{:040x}","created":false,"deleted":false,"forced":false,"repository":{{"id":1,"name":"site","full_name":"bench/site","private":true,"default_branch":"main","clone_url":"https://git.example/bench/site.git"}},"pusher":{{"name":"bench","email":"bench@example.org"}},"sender":{{"login":"bench","id":2}},"commits":["#,
        nonce,
        nonce + 1
    );
    let tail = format!(r#"],"head_commit":{{"id":"{:040x}","distinct":true,"message":"last"}}}}"#, nonce + 1);
    let room = size.saturating_sub(tail.len());
    let mut number = 0;
    while body.len() + LAST_COMMIT_BYTES < room {
        body.push_str(&commit(number, ""));
        body.push(',');
        number += 1;
    }
    let filler = room.saturating_sub(body.len() + commit(number, "").len());
    body.push_str(&commit(number, &"x".repeat(filler)));
    body.push_str(&tail);
    body.into_bytes()
}

/// One commit; all have the same length but for `message`.
fn commit(number: usize, message: &str) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        r#"{{"id":"{number:040x}","tree_id":"{number:040x}","distinct":true,"message":"change {number:08} {message}","timestamp":"2026-11-22T08:00:00Z","author":{{"name":"Ann Example","email":"ann@example.org","username":"ann"}},"added":["docs/page-{number:08}.md"],"removed":[],"modified":["src/part-{number:08}.rs","docs/index.md"]}}"#
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_has_exactly_the_wanted_size_and_its_own_bytes() {
        for size in [8192, 100_000, 25 << 20] {
            assert_eq!(push(size, 1).len(), size);
        }
        assert_ne!(push(8192, 1), push(8192, 2));
    }

    #[test]
    fn a_signature_is_over_the_body_that_is_sent_and_the_stamp_leaves_it_alone() {
        let mut request = Request::signed("/x", 8192, 7);
        let length = request.bytes().len();
        request.stamp(0x1234_5678_9abc_def0);
        let text = String::from_utf8(request.bytes().to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(text.len(), length);
        assert!(head.contains("X-GitHub-Delivery: 00001234-0000-4000-8000-56789abcdef0\r\n"), "{head}");
        let digest = head.split_once("sha256=").unwrap().1.split_once("\r\n").unwrap().0;
        assert_eq!(digest, sign(SECRET, body.as_bytes()));
        assert_ne!(digest, sign("another secret", body.as_bytes()));
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_that_of_the_rfc() {
        let digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(sign("Jefe", b"what do ya want for nothing?"), digest);
    }
}
