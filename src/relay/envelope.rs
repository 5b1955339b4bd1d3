//! Pure. A job as it crosses the net: a line with the signature, and below it the job's file, or its last line alone.
//!
//! ```text
//! hookspool-job 1 whole|line <signature, 128 hex digits>
//! <the payload, a line feed, and, if `line`, none of these>
//! <the sealed line>
//! ```
//!
//! Signed (Ed25519, RFC 8032) is `hookspool job 1`, the target's name, the origin's, `whole` or `line`, and the sealed
//! line, one a line. That line holds id, time of arrival, and length and SHA-256 of the payload, so that nobody on the
//! way can send a job to another host, alter it, or make it younger.

use crate::model::{JobId, OriginKey};
use crate::spool::SealedLine;
use ed25519_dalek::{Signature, Signer, SigningKey};

const MAGIC: &str = "hookspool-job 1 ";
/// Bytes before the job: the magic, the word, a blank, the signature, a line feed.
const HEAD_BYTES: usize = MAGIC.len() + 5 + 1 + 128 + 1;

/// The hosts between which a job travels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route<'a> {
    /// The host that is to run it.
    pub target: &'a str,
    /// The host that signs it.
    pub origin: &'a str,
}

/// A job whose signature and bytes were verified.
#[derive(Debug)]
pub(super) struct OpenedJob {
    /// Its line.
    pub line: SealedLine,
    /// Its payload; `None` where the origin did not send it.
    pub payload: Option<Vec<u8>>,
}

/// Most bytes that an envelope adds to a payload and its line.
pub(super) fn overhead_bytes(line: &SealedLine) -> u64 {
    (HEAD_BYTES + line.as_bytes().len() + 2) as u64
}

/// The message for `route`.
pub(super) fn seal(key: &SigningKey, route: Route<'_>, line: &SealedLine, payload: Option<&[u8]>) -> Vec<u8> {
    let word = if payload.is_some() { "whole" } else { "line" };
    let signature = key.sign(&signed(route, word, line.as_bytes()));
    let mut message = format!("{MAGIC}{word:<5} {}\n", hex::encode(signature.to_bytes())).into_bytes();
    if let Some(payload) = payload {
        message.extend_from_slice(payload);
        message.push(b'\n');
    }
    message.extend_from_slice(line.as_bytes());
    message.push(b'\n');
    message
}

fn signed(route: Route<'_>, word: &str, line: &[u8]) -> Vec<u8> {
    let mut text = format!("hookspool job 1\n{}\n{}\n{word}\n", route.target, route.origin).into_bytes();
    text.extend_from_slice(line);
    text
}

/// Verifies a message that came for `route` as job `id`; or why it is refused. Nothing of it is parsed before its
/// signature is known to be the origin's.
pub(super) fn open(message: &[u8], key: &OriginKey, route: Route<'_>, id: JobId) -> Result<OpenedJob, String> {
    let (word, signature, rest) = parts(message).ok_or("it is no job of hookspool, or of another version")?;
    let body = rest.strip_suffix(b"\n").ok_or("it was cut short")?;
    let at = body.iter().rposition(|&byte| byte == b'\n');
    let (payload, line) = match (word, at) {
        ("whole", Some(at)) => (Some(&body[..at]), &body[at + 1..]),
        ("line", None) => (None, body),
        _ => return Err("it was cut short".to_owned()),
    };
    let verified = key.key().verify_strict(&signed(route, word, line), &signature);
    verified.map_err(|_| format!("its signature is not that of `{}` for `{}`", route.origin, route.target))?;
    let line = SealedLine::parse(line)?;
    if line.id() != id {
        return Err(format!("it says that it is job {}", line.id()));
    }
    if payload.is_some_and(|payload| !line.fits(payload)) {
        return Err("its payload is not the one that was signed".to_owned());
    }
    Ok(OpenedJob { line, payload: payload.map(<[u8]>::to_vec) })
}

fn parts(message: &[u8]) -> Option<(&str, Signature, &[u8])> {
    let (head, rest) = message.split_at_checked(HEAD_BYTES)?;
    let head = std::str::from_utf8(head).ok()?.strip_prefix(MAGIC)?.strip_suffix('\n')?;
    let (word, digits) = head.split_at_checked(6)?;
    let bytes = <[u8; 64]>::try_from(hex::decode(digits).ok()?).ok()?;
    Some((word.trim_end(), Signature::from_bytes(&bytes), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EventKind, JobMeta};
    use crate::spool::{Inbox, SealedJob, SpoolOwner};
    use jiff::Timestamp;

    const ROUTE: Route<'static> = Route { target: "web1", origin: "gate" };
    const PAYLOAD: &[u8] = b"{\"a\":\n1}\n";

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn public() -> OriginKey {
        OriginKey::new(key().verifying_key())
    }

    /// A job out of a real spool.
    fn job() -> (JobId, Box<SealedLine>) {
        let dir = tempfile::tempdir().unwrap();
        let owner = SpoolOwner::lock(dir.path()).unwrap();
        let mut draft = Inbox::open(dir.path()).unwrap().draft().unwrap();
        draft.write(PAYLOAD).unwrap();
        let id = draft.commit(&JobMeta::new("docs", "github", EventKind::Push, Timestamp::now())).unwrap();
        match owner.sealed(id, 1024).unwrap() {
            SealedJob::Whole { line, payload } if payload.as_deref() == Some(PAYLOAD) => (id, line),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_job_arrives_as_it_was_sent_with_its_payload_or_without() {
        let (id, line) = job();
        let whole = open(&seal(&key(), ROUTE, &line, Some(PAYLOAD)), &public(), ROUTE, id).unwrap();
        assert_eq!((whole.payload.as_deref(), whole.line.as_bytes()), (Some(PAYLOAD), line.as_bytes()));
        let alone = open(&seal(&key(), ROUTE, &line, None), &public(), ROUTE, id).unwrap();
        assert_eq!((alone.payload, alone.line.meta().hook.as_str()), (None, "docs"));
        let bytes = seal(&key(), ROUTE, &line, Some(PAYLOAD)).len() as u64;
        assert_eq!(overhead_bytes(&line) + PAYLOAD.len() as u64, bytes);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let (id, line) = job();
        for message in [seal(&key(), ROUTE, &line, Some(PAYLOAD)), seal(&key(), ROUTE, &line, None)] {
            for at in 0..message.len() {
                let mut changed = message.clone();
                changed[at] ^= 1;
                // Of hex digits upper and lower case are the same number; a flipped lowest bit is never that.
                assert!(open(&changed, &public(), ROUTE, id).is_err(), "byte {at} of {}", message.len());
                assert!(open(&message[..at], &public(), ROUTE, id).is_err(), "cut at {at}");
            }
        }
    }

    #[test]
    fn another_host_another_origin_another_key_and_another_id_are_refused() {
        let (id, line) = job();
        let message = seal(&key(), ROUTE, &line, Some(PAYLOAD));
        let other = OriginKey::new(SigningKey::from_bytes(&[8; 32]).verifying_key());
        let [redirected, renamed] = [Route { target: "web2", ..ROUTE }, Route { origin: "gate2", ..ROUTE }];
        let said = |opened: Result<OpenedJob, String>| opened.unwrap_err();
        assert_eq!(said(open(&message, &public(), redirected, id)), "its signature is not that of `gate` for `web2`");
        assert_eq!(said(open(&message, &public(), renamed, id)), "its signature is not that of `gate2` for `web1`");
        assert_eq!(said(open(&message, &other, ROUTE, id)), "its signature is not that of `gate` for `web1`");
        let strange = JobId::new(5, 7).unwrap();
        assert_eq!(said(open(&message, &public(), ROUTE, strange)), format!("it says that it is job {id}"));
    }

    #[test]
    fn a_payload_under_another_jobs_signature_is_refused() {
        let (id, line) = job();
        let message = seal(&key(), ROUTE, &line, Some(b"{\"a\":\n2}\n"));
        assert_eq!(open(&message, &public(), ROUTE, id).unwrap_err(), "its payload is not the one that was signed");
    }
}
