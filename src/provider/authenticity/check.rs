//! Pure. The check of one delivery, fed with the body as it arrives, and the proof that it passed.

use super::matching::{digest, index_of_token, matching_index};
use super::unsigned_test::UnsignedTest;
use super::{Denied, Secret, SignedBody};
use crate::provider::body::{Document, ReadOptions, StoredBody, open};
use crate::provider::json::Fields;
use std::fmt;
use std::io::Read;
use subtle::ConstantTimeEq;

/// A check that has begun. Memory: one digest state for each configured secret.
pub struct Check(Evidence);

/// The part of a delivery that decides.
enum Evidence {
    /// In headers alone, and it was taken.
    Decided(Verified),
    /// In signatures of the body.
    Body(Box<SignedBody>),
    /// In nothing: it may be the provider's test, which is never signed.
    Unsigned(Box<UnsignedTest>),
    /// In a token inside the JSON document; holds the digests of the secrets.
    Token { secrets: Vec<[u8; 32]>, form_field: Option<&'static str> },
}

/// Proof that a delivery is authentic. Only a check that passed makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    secret_index: usize,
}

impl Verified {
    /// The index of the configured secret that matched, from 0.
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
    pub(crate) fn signed(body: SignedBody) -> Self {
        Self(Evidence::Body(Box::new(body)))
    }

    /// `token` arrived as `what`, and is one of the secrets.
    pub(crate) fn token(what: &str, token: &[u8], secrets: &[Secret]) -> Result<Self, Denied> {
        Self::token_of(what, token, &secrets.iter().enumerate().collect::<Vec<_>>())
    }

    /// `token` arrived as `what`, and is one of these secrets, which come with their index.
    pub(crate) fn token_of(what: &str, token: &[u8], secrets: &[(usize, &Secret)]) -> Result<Self, Denied> {
        let index = index_of_token(token, secrets)?.ok_or_else(|| Denied::Wrong { what: what.to_owned() })?;
        Ok(Self::decided(index))
    }

    /// Headers alone have shown that the secret at `index` was used.
    pub(crate) fn decided(index: usize) -> Self {
        Self(Evidence::Decided(Verified { secret_index: index }))
    }

    /// Nothing is signed, which is right for a `test` alone.
    pub(crate) fn unsigned(test: UnsignedTest) -> Self {
        Self(Evidence::Unsigned(Box::new(test)))
    }

    /// A token is in the body's JSON document, which is looked at in the end.
    pub(crate) fn token_in_body(form_field: Option<&'static str>, secrets: &[Secret]) -> Result<Self, Denied> {
        if secrets.is_empty() {
            return Err(Denied::NoSecret);
        }
        let secrets = secrets.iter().map(|secret| digest(secret.bytes())).collect();
        Ok(Self(Evidence::Token { secrets, form_field }))
    }

    /// Takes the next bytes of the body, in order.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Evidence::Body(signed) => signed.update(bytes),
            Evidence::Unsigned(test) => test.update(bytes),
            Evidence::Decided(_) | Evidence::Token { .. } => {}
        }
    }

    /// Decides. `body` is the whole body again, from its start; only a token inside it makes this read any.
    pub fn finish(self, body: &mut dyn Read) -> Result<Verified, Denied> {
        match self.0 {
            Evidence::Decided(verified) => Ok(verified),
            Evidence::Body(signed) => signed.finish().map(|secret_index| Verified { secret_index }),
            Evidence::Unsigned(test) => Err(test.finish()),
            Evidence::Token { secrets, form_field } => {
                let mut stored = StoredBody::new(body);
                let token = token(form_field, &mut stored);
                let token = digest(stored.failure().map_or(token, |error| Err(Denied::Io(error)))?.as_bytes());
                let index = matching_index(secrets.iter().map(|secret| secret.ct_eq(&token)).enumerate());
                index.map(|secret_index| Verified { secret_index }).ok_or(Denied::Wrong { what: "token".into() })
            }
        }
    }
}

/// The text at `token` of the document, which must be there once.
fn token(form_field: Option<&'static str>, body: &mut dyn Read) -> Result<String, Denied> {
    let fields = Fields::read(&["token"], Document::new(open(form_field, body), &ReadOptions::default()))
        .map_err(|error| Denied::Body(error.to_string()))?;
    match fields.text("token") {
        None => Err(Denied::Absent { header: "token".to_owned() }),
        Some("") => Err(Denied::Empty { header: "token".to_owned() }),
        Some(token) => Ok(token.to_owned()),
    }
}
