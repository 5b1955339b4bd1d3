//! Pure. Keys that are written in base64 into a secret.

use super::Secret;
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// The bytes that the text of `secret` stands for, after `prefix`, which may be left out.
fn decoded(secret: &Secret, prefix: &str) -> Option<Vec<u8>> {
    let text = secret.bytes();
    STANDARD.decode(text.strip_prefix(prefix.as_bytes()).unwrap_or(text)).ok()
}

/// A key for an HMAC: base64, perhaps after `prefix`.
pub(crate) fn hmac_key(secret: &Secret, prefix: &str) -> Option<Secret> {
    decoded(secret, prefix).and_then(Secret::new)
}

/// A public key of Ed25519: base64 of 32 bytes, perhaps after `prefix`. A weak one, for which anybody can sign, is
/// none.
pub(crate) fn public_key(secret: &Secret, prefix: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = decoded(secret, prefix)?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak())
}

/// A private key of Ed25519: base64 of 32 bytes, or of these and the public key, perhaps after `prefix`.
pub(crate) fn private_key(secret: &Secret, prefix: &str) -> Option<SigningKey> {
    let bytes = decoded(secret, prefix)?;
    let seed: [u8; 32] = bytes.get(..32)?.try_into().ok()?;
    let key = SigningKey::from_bytes(&seed);
    (bytes.len() == 32 || bytes[32..] == *key.verifying_key().as_bytes()).then_some(key)
}

/// The base64 of the signature of `parts`, one after the other.
pub(crate) fn sign(key: &SigningKey, parts: &[&[u8]]) -> String {
    STANDARD.encode(key.sign(&parts.concat()).to_bytes())
}

/// A signature of Ed25519 in base64: 64 bytes.
pub(crate) fn signature(text: &[u8]) -> Option<Signature> {
    STANDARD.decode(text).ok().and_then(|bytes| Signature::from_slice(&bytes).ok())
}
