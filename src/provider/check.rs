//! Pure. The check of one delivery, fed with the body as it arrives, and the proof that it passed.

use super::form::FormField;
use super::signature::Mac;
use super::{Algorithm, Denied, FormError, Secret, document};
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
    /// In a digest of the body.
    Body(SignedBody),
    /// In a token inside the JSON document; holds the digests of the secrets.
    Token { secrets: Vec<[u8; 32]>, form_field: Option<&'static str> },
}

/// Digests of the body, one for each secret, and the one that arrived.
struct SignedBody {
    header: String,
    expected: Vec<u8>,
    macs: Vec<Mac>,
    /// The part of a form that is signed; `None` when the raw body is.
    field: Option<FormField>,
    broken: Option<FormError>,
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
    /// The digest in `header` is over the raw body.
    pub(super) fn signed_body(
        header: &str,
        algorithm: Algorithm,
        expected: Vec<u8>,
        secrets: &[Secret],
    ) -> Result<Self, Denied> {
        if secrets.is_empty() {
            return Err(Denied::NoSecret);
        }
        let macs = secrets.iter().map(|secret| Mac::new(algorithm, secret)).collect();
        Ok(Self(Stage::Body(SignedBody { header: header.to_owned(), expected, macs, field: None, broken: None })))
    }

    /// The digest is over the decoded value of the form's `field`, not over the raw body.
    pub(super) fn over_form_field(mut self, field: &'static str) -> Self {
        if let Stage::Body(signed) = &mut self.0 {
            signed.field = Some(FormField::new(field));
        }
        self
    }

    /// `token` arrived as `what`, and is one of the secrets.
    pub(super) fn token(what: &str, token: &[u8], secrets: &[Secret]) -> Result<Self, Denied> {
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
            Stage::Body(signed) => signed.finish(),
            Stage::Token { secrets, form_field } => {
                let token = digest(document::token(form_field, body)?.as_bytes());
                let index = matching(secrets.iter().map(|secret| secret.ct_eq(&token)));
                index.map(|secret_index| Verified { secret_index }).ok_or(Denied::Wrong { what: "token".into() })
            }
        }
    }
}

impl SignedBody {
    fn update(&mut self, bytes: &[u8]) {
        let macs = &mut self.macs;
        let mut take = |part: &[u8]| macs.iter_mut().for_each(|mac| mac.update(part));
        match &mut self.field {
            None => take(bytes),
            Some(_) if self.broken.is_some() => {}
            Some(field) => self.broken = field.feed(bytes, &mut take).err(),
        }
    }

    fn finish(self) -> Result<Verified, Denied> {
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        if let Some(field) = self.field {
            field.finish()?;
        }
        let index = matching(self.macs.into_iter().map(|mac| mac.finish().ct_eq(&self.expected)));
        index.map(|secret_index| Verified { secret_index }).ok_or(Denied::Wrong { what: self.header })
    }
}

/// Which secret `token` is. Both sides are hashed first, so that their lengths do not show in the time taken.
pub(super) fn matching_token(token: &[u8], secrets: &[Secret]) -> Result<Option<usize>, Denied> {
    if secrets.is_empty() {
        return Err(Denied::NoSecret);
    }
    let token = digest(token);
    Ok(matching(secrets.iter().map(|secret| digest(secret.bytes()).ct_eq(&token))))
}

/// Index of a choice that is true; all of them are looked at.
pub(super) fn matching(choices: impl Iterator<Item = Choice>) -> Option<usize> {
    let mut found = Choice::from(0);
    let mut index = 0_u64;
    for (at, choice) in (0_u64..).zip(choices) {
        index.conditional_assign(&at, choice);
        found |= choice;
    }
    bool::from(found).then(|| usize::try_from(index).unwrap_or(usize::MAX))
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
