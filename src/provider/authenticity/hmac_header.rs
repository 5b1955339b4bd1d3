//! Pure. An HMAC over the body in a header.

use super::{Algorithm, Check, Denied, Encoding, Mac, Secret, SignedBody, required};
use crate::model::Head;

/// Most digests that are read of one header; there are several while a secret is rotated.
const DIGESTS_LIMIT: usize = 16;

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
        self.with_any_of(&[self.digest(head)?], secrets)
    }

    /// As `signed`, of a header that may hold several digests, in a list.
    pub(crate) fn signed_by_one(&self, head: &Head, secrets: &[Secret]) -> Result<SignedBody, Denied> {
        let value = required(head, self.name)?;
        let parts = |separator: u8| value.split(move |&byte| byte == separator).map(<[u8]>::trim_ascii);
        let candidates = std::iter::once(value).chain(b",; ".iter().flat_map(|&separator| parts(separator)));
        let digests: Vec<_> = candidates.filter_map(|text| self.decode(text)).take(DIGESTS_LIMIT).collect();
        if digests.is_empty() { self.signed(head, secrets) } else { self.with_any_of(&digests, secrets) }
    }

    /// One of `digests` may be made with any of `secrets`.
    fn with_any_of(&self, digests: &[Vec<u8>], secrets: &[Secret]) -> Result<SignedBody, Denied> {
        if secrets.is_empty() {
            return Err(Denied::NoSecret);
        }
        let add = |signed: SignedBody, (index, secret): (usize, &Secret)| {
            signed.hmac(index, self.algorithm, secret, digests.to_vec())
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
        if value == self.prefix.as_bytes() {
            return Err(Denied::Empty { header: self.name.to_owned() });
        }
        self.decode(value).ok_or_else(malformed)
    }

    /// The digest that `text` is, of the algorithm's length.
    fn decode(&self, text: &[u8]) -> Option<Vec<u8>> {
        let digest = self.encoding.decode(text.strip_prefix(self.prefix.as_bytes())?)?;
        (digest.len() == self.algorithm.length_bytes()).then_some(digest)
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
