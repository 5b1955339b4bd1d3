//! Pure. The public key of a host that sends jobs to others: `ed25519:` and its 32 bytes in base64 (RFC 4648 §4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use std::fmt;
use std::str::FromStr;

/// Stands before the digits.
const PREFIX: &str = "ed25519:";

/// A key by which the jobs of one origin are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginKey(VerifyingKey);

/// Text that is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key")]
pub struct NotAnOriginKey;

impl OriginKey {
    /// The public half of a signing key.
    #[cfg_attr(not(feature = "relay"), allow(dead_code, reason = "who has no relay makes no key"))]
    pub fn new(key: VerifyingKey) -> Self {
        Self(key)
    }

    /// The key.
    #[cfg_attr(not(feature = "relay"), allow(dead_code, reason = "who has no relay verifies nothing"))]
    pub fn key(&self) -> &VerifyingKey {
        &self.0
    }
}

impl fmt::Display for OriginKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl FromStr for OriginKey {
    type Err = NotAnOriginKey;

    /// A key of small order, for which anybody can sign, is none.
    fn from_str(text: &str) -> Result<Self, NotAnOriginKey> {
        let digits = text.strip_prefix(PREFIX).ok_or(NotAnOriginKey)?;
        let bytes = STANDARD.decode(digits).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = VerifyingKey::from_bytes(&bytes.ok_or(NotAnOriginKey)?).map_err(|_| NotAnOriginKey)?;
        if key.is_weak() { Err(NotAnOriginKey) } else { Ok(Self(key)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    #[test]
    fn a_key_reads_back_and_near_misses_are_none() {
        let key = OriginKey::new(SigningKey::from_bytes(&[7; 32]).verifying_key());
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        let weak = format!("{PREFIX}{}", STANDARD.encode([0; 32]));
        for bad in ["", "ed25519:", &text[8..], &text[..text.len() - 1], &text.replace("ed", "rs"), &weak] {
            assert_eq!(bad.parse::<OriginKey>(), Err(NotAnOriginKey), "{bad}");
        }
    }
}
