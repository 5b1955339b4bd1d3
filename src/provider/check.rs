//! Pure. The check of one delivery, fed with the body as it arrives, and the proof that it passed.

use super::signed::SignedBody;
use super::watched::Watched;
use super::{Denied, Secret, document};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::Read;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// A check that has begun. Memory: one digest state for each configured secret.
pub struct Check(Stage);

/// Where the decision lies.
enum Stage {
    /// In headers alone, and it was taken.
    Decided(Verified),
    /// In signatures of the body.
    Body(Box<SignedBody>),
    /// In a token inside the JSON document; holds the digests of the secrets.
    Token { secrets: Vec<[u8; 32]>, form_field: Option<&'static str> },
}

/// Proof that a delivery is authentic. Only a check that passed makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    secret_index: usize,
}

impl Verified {
    /// Which of the configured secrets matched, from 0.
    pub fn secret_index(&self) -> usize {
        self.secret_index
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Check(…)")
    }
}

impl Check {
    /// The body's signatures decide.
    pub(super) fn signed(body: SignedBody) -> Self {
        Self(Stage::Body(Box::new(body)))
    }

    /// `token` arrived as `what`, and is one of the secrets.
    pub(super) fn token(what: &str, token: &[u8], secrets: &[Secret]) -> Result<Self, Denied> {
        Self::token_of(what, token, &secrets.iter().enumerate().collect::<Vec<_>>())
    }

    /// `token` arrived as `what`, and is one of these secrets, which come with their index.
    pub(super) fn token_of(what: &str, token: &[u8], secrets: &[(usize, &Secret)]) -> Result<Self, Denied> {
        let index = matching_token(token, secrets)?.ok_or_else(|| Denied::Wrong { what: what.to_owned() })?;
        Ok(Self::decided(index))
    }

    /// Headers alone have shown that the secret at `index` was used.
    pub(super) fn decided(index: usize) -> Self {
        Self(Stage::Decided(Verified { secret_index: index }))
    }

    /// A token is in the body's JSON document, which is looked at in the end.
    pub(super) fn token_in_body(form_field: Option<&'static str>, secrets: &[Secret]) -> Result<Self, Denied> {
        if secrets.is_empty() {
            return Err(Denied::NoSecret);
        }
        let secrets = secrets.iter().map(|secret| digest(secret.bytes())).collect();
        Ok(Self(Stage::Token { secrets, form_field }))
    }

    /// Takes the next bytes of the body, in order.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Stage::Body(signed) = &mut self.0 {
            signed.update(bytes);
        }
    }

    /// Decides. `body` is the whole body again, from its start; only a token inside it makes this read any.
    pub fn finish(self, body: &mut dyn Read) -> Result<Verified, Denied> {
        match self.0 {
            Stage::Decided(verified) => Ok(verified),
            Stage::Body(signed) => signed.finish().map(|secret_index| Verified { secret_index }),
            Stage::Token { secrets, form_field } => {
                let mut watched = Watched::new(body);
                let token = document::token(form_field, &mut watched);
                let token = digest(watched.or_io(token)?.as_bytes());
                let index = matching(secrets.iter().map(|secret| secret.ct_eq(&token)).enumerate());
                index.map(|secret_index| Verified { secret_index }).ok_or(Denied::Wrong { what: "token".into() })
            }
        }
    }
}

/// Which secret `token` is. Both sides are hashed first, so that their lengths do not show in the time taken.
pub(super) fn matching_token(token: &[u8], secrets: &[(usize, &Secret)]) -> Result<Option<usize>, Denied> {
    if secrets.is_empty() {
        return Err(Denied::NoSecret);
    }
    let token = digest(token);
    Ok(matching(secrets.iter().map(|(index, secret)| (*index, digest(secret.bytes()).ct_eq(&token)))))
}

/// The number that comes with a choice that is true; all of them are looked at.
pub(super) fn matching(choices: impl Iterator<Item = (usize, Choice)>) -> Option<usize> {
    let mut found = Choice::from(0);
    let mut index = 0_u64;
    for (at, choice) in choices {
        index.conditional_assign(&(at as u64), choice);
        found |= choice;
    }
    bool::from(found).then(|| usize::try_from(index).unwrap_or(usize::MAX))
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
