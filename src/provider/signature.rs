//! Pure. Digests in headers: how they are keyed, written and read.

use super::signed::SignedBody;
use super::{Check, Denied, Secret};
use crate::model::Head;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac as _};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// Hash of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Length of a digest.
    pub fn length_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// How a digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal, either case.
    Hex,
    /// Standard base64 with padding.
    Base64,
}

impl Encoding {
    /// The bytes that `text` stands for.
    pub(super) fn decode(self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Hex => hex::decode(text).ok(),
            Self::Base64 => STANDARD.decode(text).ok(),
        }
    }

    /// `digest` as text; hex in lower case.
    pub(super) fn encode(self, digest: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(digest),
            Self::Base64 => STANDARD.encode(digest),
        }
    }

    /// For people: what `length_bytes` bytes look like.
    fn describe(self, length_bytes: usize) -> String {
        match self {
            Self::Hex => format!("{} hex digits", 2 * length_bytes),
            Self::Base64 => format!("{} characters of base64", length_bytes.div_ceil(3) * 4),
        }
    }
}

/// A running HMAC (RFC 2104).
pub(super) enum Mac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

/// `Hmac::new_from_slice` returns a `Result` for MACs whose keys have a fixed length.
const ANY_LENGTH: &str = "an HMAC key may have any length";

impl Mac {
    /// An HMAC keyed with `secret`.
    pub(super) fn new(algorithm: Algorithm, secret: &Secret) -> Self {
        let key = secret.bytes();
        match algorithm {
            Algorithm::Sha1 => Self::Sha1(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
            Algorithm::Sha256 => Self::Sha256(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
            Algorithm::Sha512 => Self::Sha512(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
        }
    }

    /// The digest of `parts`, one after the other.
    pub(super) fn digest(algorithm: Algorithm, secret: &Secret, parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = Self::new(algorithm, secret);
        for part in parts {
            mac.update(part);
        }
        mac.finish()
    }

    /// Adds signed bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(mac) => mac.update(bytes),
            Self::Sha256(mac) => mac.update(bytes),
            Self::Sha512(mac) => mac.update(bytes),
        }
    }

    /// The digest. Compare it in constant time only.
    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha256(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha512(mac) => mac.finalize().into_bytes().to_vec(),
        }
    }
}

/// A header that holds an HMAC over the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct HmacHeader<'a> {
    /// Name in wire spelling.
    pub(super) name: &'a str,
    /// What stands before the digest; may be empty.
    pub(super) prefix: &'a str,
    pub(super) algorithm: Algorithm,
    pub(super) encoding: Encoding,
}

impl HmacHeader<'_> {
    /// Starts a check of the raw body.
    pub(super) fn begin(&self, head: &Head, secrets: &[Secret]) -> Result<Check, Denied> {
        self.signed(head, secrets).map(SignedBody::check)
    }

    /// The digest in the header, which may be made with any of `secrets`.
    pub(super) fn signed(&self, head: &Head, secrets: &[Secret]) -> Result<SignedBody, Denied> {
        let digest = self.digest(head)?;
        if secrets.is_empty() {
            return Err(Denied::NoSecret);
        }
        let add = |signed: SignedBody, (index, secret): (usize, &Secret)| {
            signed.hmac(index, self.algorithm, secret, vec![digest.clone()])
        };
        Ok(secrets.iter().enumerate().fold(SignedBody::new(self.name), add))
    }

    /// Starts a check by this header, or by `legacy` where this one did not arrive at all: a server that is too old
    /// to send both. One that arrived and is wrong, or empty, is never made good by the other.
    pub(super) fn begin_or(&self, legacy: &Self, head: &Head, secrets: &[Secret]) -> Result<Check, Denied> {
        let absent = |name: &str| head.headers.first(&name.to_ascii_lowercase()).is_none();
        if absent(self.name) && !absent(legacy.name) { legacy.begin(head, secrets) } else { self.begin(head, secrets) }
    }

    /// The digest that the header holds, of the algorithm's length.
    fn digest(&self, head: &Head) -> Result<Vec<u8>, Denied> {
        let value = required(head, self.name)?;
        let malformed = || Denied::Malformed { header: self.name.to_owned(), expected: self.describe() };
        let text = value.strip_prefix(self.prefix.as_bytes()).ok_or_else(malformed)?;
        if text.is_empty() {
            return Err(Denied::Empty { header: self.name.to_owned() });
        }
        let digest = self.encoding.decode(text).ok_or_else(malformed)?;
        if digest.len() == self.algorithm.length_bytes() { Ok(digest) } else { Err(malformed()) }
    }

    /// For people: what a value looks like.
    fn describe(&self) -> String {
        let digits = self.encoding.describe(self.algorithm.length_bytes());
        if self.prefix.is_empty() { digits } else { format!("`{}` and {digits}", self.prefix) }
    }

    /// Name and value for `signed` bytes.
    pub(super) fn sign(&self, secret: &Secret, signed: &[u8]) -> (String, String) {
        self.sign_parts(secret, &[signed])
    }

    /// Name and value for the bytes in `parts`, one after the other.
    pub(super) fn sign_parts(&self, secret: &Secret, parts: &[&[u8]]) -> (String, String) {
        let digest = Mac::digest(self.algorithm, secret, parts);
        (self.name.to_owned(), format!("{}{}", self.prefix, self.encoding.encode(&digest)))
    }
}

/// The only, non-empty value of a header that decides about authenticity. Forges that have no secret for a hook
/// still send the header, empty.
pub(super) fn required<'a>(head: &'a Head, name: &str) -> Result<&'a [u8], Denied> {
    match head.headers.only(&name.to_ascii_lowercase())? {
        None => Err(Denied::Absent { header: name.to_owned() }),
        Some([]) => Err(Denied::Empty { header: name.to_owned() }),
        Some(value) => Ok(value),
    }
}
