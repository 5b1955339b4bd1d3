//! Pure. The secret that was used, found in constant time.

use super::{Denied, Secret};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// The index of the secret that `token` is. Both sides are hashed first, so that their lengths do not show in the time
/// taken.
pub(crate) fn index_of_token(token: &[u8], secrets: &[(usize, &Secret)]) -> Result<Option<usize>, Denied> {
    if secrets.is_empty() {
        return Err(Denied::NoSecret);
    }
    let token = digest(token);
    Ok(matching_index(secrets.iter().map(|(index, secret)| (*index, digest(secret.bytes()).ct_eq(&token)))))
}

/// The number that comes with a choice that is true; all of them are looked at.
pub(crate) fn matching_index(choices: impl Iterator<Item = (usize, Choice)>) -> Option<usize> {
    let mut found = Choice::from(0);
    let mut index = 0_u64;
    for (at, choice) in choices {
        index.conditional_assign(&(at as u64), choice);
        found |= choice;
    }
    bool::from(found).then(|| usize::try_from(index).unwrap_or(usize::MAX))
}

/// SHA-256 of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
