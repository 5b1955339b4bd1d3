//! Pure. HMACs: how they are keyed, written and read.

use super::Secret;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
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

/// The writing of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal, either case.
    Hex,
    /// Standard base64 with padding.
    Base64,
    /// Base64 for URLs, with or without padding.
    Base64Url,
}

/// Senders differ about the padding of base64 for URLs.
const URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Encoding {
    /// The bytes that `text` stands for.
    pub(crate) fn decode(self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Hex => hex::decode(text).ok(),
            Self::Base64 => STANDARD.decode(text).ok(),
            Self::Base64Url => URL.decode(text).ok(),
        }
    }

    /// `digest` as text; hex in lower case.
    pub(crate) fn encode(self, digest: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(digest),
            Self::Base64 => STANDARD.encode(digest),
            Self::Base64Url => URL.encode(digest),
        }
    }

    /// For people: what `length_bytes` bytes look like.
    pub(crate) fn describe(self, length_bytes: usize) -> String {
        match self {
            Self::Hex => format!("{} hex digits", 2 * length_bytes),
            Self::Base64 => format!("{} characters of base64", length_bytes.div_ceil(3) * 4),
            Self::Base64Url => format!("{} characters of base64url", (length_bytes * 4).div_ceil(3)),
        }
    }
}

/// A running HMAC (RFC 2104).
pub(crate) enum Mac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

/// `Hmac::new_from_slice` returns a `Result` for MACs whose keys have a fixed length.
const ANY_LENGTH: &str = "an HMAC key may have any length";

impl Mac {
    /// An HMAC keyed with `secret`.
    pub(crate) fn new(algorithm: Algorithm, secret: &Secret) -> Self {
        let key = secret.bytes();
        match algorithm {
            Algorithm::Sha1 => Self::Sha1(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
            Algorithm::Sha256 => Self::Sha256(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
            Algorithm::Sha512 => Self::Sha512(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
        }
    }

    /// The digest of `parts`, one after the other.
    pub(crate) fn digest(algorithm: Algorithm, secret: &Secret, parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = Self::new(algorithm, secret);
        for part in parts {
            mac.update(part);
        }
        mac.finish()
    }

    /// Adds signed bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(mac) => mac.update(bytes),
            Self::Sha256(mac) => mac.update(bytes),
            Self::Sha512(mac) => mac.update(bytes),
        }
    }

    /// The digest. Compare it in constant time only.
    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha256(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha512(mac) => mac.finalize().into_bytes().to_vec(),
        }
    }
}
