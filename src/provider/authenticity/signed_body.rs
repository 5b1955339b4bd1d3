//! Pure. Signatures over a body that is still arriving: HMAC and Ed25519, one or several, by one key or several.

use super::{Algorithm, Denied, Mac, Secret, matching_index};
use crate::provider::body::{FormError, FormField};
use ed25519_dalek::{Signature, StreamVerifier, VerifyingKey};
use subtle::{Choice, ConstantTimeEq};

/// The bytes that were signed, and the signatures that arrived. Memory: one digest state for each key and Ed25519
/// signature.
pub(crate) struct SignedBody {
    header: String,
    /// With the index of the secret.
    verifiers: Vec<(usize, Verifier)>,
    /// The bytes that are signed after the body.
    tail: Vec<u8>,
    /// The part of a form that is signed; `None` when the raw body is.
    field: Option<FormField>,
    broken: Option<FormError>,
    /// The error if the time that is signed is too far away.
    clock: Result<(), Denied>,
}

enum Verifier {
    /// A digest that is to be one of `expected`.
    Hmac {
        mac: Box<Mac>,
        expected: Vec<Vec<u8>>,
    },
    Ed25519(Box<StreamVerifier>),
}

impl SignedBody {
    /// Signatures that arrived in `header`. Without any verifier nothing passes.
    pub(crate) fn new(header: &str) -> Self {
        let header = header.to_owned();
        Self { header, verifiers: Vec::new(), tail: Vec::new(), field: None, broken: None, clock: Ok(()) }
    }

    /// One of the digests in `expected` may be made with `key`, the secret at `index`.
    pub(crate) fn hmac(mut self, index: usize, algorithm: Algorithm, key: &Secret, expected: Vec<Vec<u8>>) -> Self {
        self.verifiers.push((index, Verifier::Hmac { mac: Box::new(Mac::new(algorithm, key)), expected }));
        self
    }

    /// `signature` may be made with the private half of `key`, the secret at `index`. One that no key could have made
    /// is passed over.
    pub(crate) fn ed25519(mut self, index: usize, key: &VerifyingKey, signature: &Signature) -> Self {
        let verifier = key.verify_stream(signature).ok();
        self.verifiers.extend(verifier.map(|verifier| (index, Verifier::Ed25519(Box::new(verifier)))));
        self
    }

    /// `bytes` are signed before the body. Call it after the last verifier.
    pub(crate) fn after(mut self, bytes: &[u8]) -> Self {
        self.take(bytes);
        self
    }

    /// `bytes` are signed after the body.
    pub(crate) fn before(mut self, bytes: &[u8]) -> Self {
        self.tail = bytes.to_vec();
        self
    }

    /// The decoded value of the form's `field` is signed, not the raw body.
    pub(crate) fn over_form_field(mut self, field: &'static str) -> Self {
        self.field = Some(FormField::new(field));
        self
    }

    /// Adds the verdict of the clock on the time that is signed. It counts only once the signature is right, so that
    /// the log never blames the clock for a wrong secret.
    pub(crate) fn at(mut self, clock: Result<(), Denied>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes the next bytes of the body, in order.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let Some(mut field) = self.field.take() else { return self.take(bytes) };
        if self.broken.is_none() {
            self.broken = field.feed(bytes, &mut |part| self.take(part)).err();
        }
        self.field = Some(field);
    }

    fn take(&mut self, bytes: &[u8]) {
        for (_, verifier) in &mut self.verifiers {
            match verifier {
                Verifier::Hmac { mac, .. } => mac.update(bytes),
                Verifier::Ed25519(stream) => stream.update(bytes),
            }
        }
    }

    /// The index of the secret that the body was signed with.
    pub(crate) fn finish(mut self) -> Result<usize, Denied> {
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        if let Some(field) = self.field.take() {
            field.finish()?;
        }
        let tail = std::mem::take(&mut self.tail);
        self.take(&tail);
        let choices = self.verifiers.into_iter().map(|(index, verifier)| (index, verifier.finish()));
        let index = matching_index(choices).ok_or(Denied::Wrong { what: self.header })?;
        self.clock.map(|()| index)
    }
}

impl Verifier {
    fn finish(self) -> Choice {
        match self {
            Self::Hmac { mac, expected } => {
                let digest = mac.finish();
                expected.iter().map(|one| one.ct_eq(&digest)).fold(Choice::from(0), |any, one| any | one)
            }
            Self::Ed25519(stream) => Choice::from(u8::from(stream.finalize_and_verify().is_ok())),
        }
    }
}
