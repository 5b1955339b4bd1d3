//! Pure. The signatures that services ask for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256, in base64.
pub(super) fn hmac_base64(key: &[u8], message: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes a key of any length") };
    mac.update(message);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Base64 of `user:password`, for `Authorization: Basic`.
pub(super) fn basic(user_and_password: &str) -> String {
    format!("Basic {}", STANDARD.encode(user_and_password))
}

/// The header `Authorization` for a token: `user:password` is Basic, all else a bearer's.
pub(super) fn authorization(token: &str) -> String {
    if token.contains(':') { basic(token) } else { format!("Bearer {token}") }
}
