//! Pure. An HMAC over the body in a header.

use super::{Algorithm, Check, Denied, Encoding, Mac, Secret, SignedBody, required};
use crate::model::Head;

/// A header that holds an HMAC over the body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HmacHeader<'a> {
    /// Name in wire spelling.
    pub(crate) name: &'a str,
    /// The text before the digest; may be empty.
    pub(crate) prefix: &'a str,
    pub(crate) algorithm: Algorithm,
    pub(crate) encoding: Encoding,
}

impl HmacHeader<'_> {
    /// Starts a check of the raw body.
    pub(crate) fn begin(&self, head: &Head, secrets: &[Secret]) -> Result<Check, Denied> {
        self.signed(head, secrets).map(Check::signed)
    }

    /// The digest in the header, which may be made with any of `secrets`.
    pub(crate) fn signed(&self, head: &Head, secrets: &[Secret]) -> Result<SignedBody, Denied> {
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
    pub(crate) fn begin_or(&self, legacy: &Self, head: &Head, secrets: &[Secret]) -> Result<Check, Denied> {
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
    pub(crate) fn sign(&self, secret: &Secret, signed: &[u8]) -> (String, String) {
        self.sign_parts(secret, &[signed])
    }

    /// Name and value for the bytes in `parts`, one after the other.
    pub(crate) fn sign_parts(&self, secret: &Secret, parts: &[&[u8]]) -> (String, String) {
        let digest = Mac::digest(self.algorithm, secret, parts);
        (self.name.to_owned(), format!("{}{}", self.prefix, self.encoding.encode(&digest)))
    }
}
