//! Pure. Senders of deliveries: what each signs, and what its payload says. Knows bytes and headers only.
//!
//! `forge/` has one file for each provider: which header, which bytes, which fields (`Dialect`), and what `send` makes
//! of them. Its head says how to add one. The machinery that they share: `authenticity/` (tokens, digests, signatures),
//! `body/` (stored bodies, forms), `json/` (fields out of a document, as a stream), `event` (checking them).
//!
//! A delivery passes through `Provider::begin`, `Check::update` and `Check::finish`, which makes the `Verified` that
//! `Provider::read` asks for: nothing of a body is understood before it is known to be authentic. (A token inside
//! the body is the exception: that one field is looked for first.)

mod authenticity;
mod body;
mod dialect;
mod event;
mod forge;
mod json;
mod malformed;

pub use authenticity::{Algorithm, Authorization, Check, Denied, Encoding, Secret, Strength, Verified};
pub use body::{FormError, ReadOptions, again};
pub use dialect::CannotSign;
pub use forge::sample::{Sample, SampleEvent, SamplePush};
pub use forge::{
    CodingVersion, GenericScheme, GiteaAuthorization, HmacScheme, Provider, SignedParts, TimePlace, TimeScheme,
};
pub use json::{NotAPointer, PICKED_LIMIT_BYTES, Picked, Pointer, pick};
pub use malformed::{Malformed, Unreadable};

use crate::model::{Delivery, Head, Headers, JobMeta, RefName};
use body::{Document, open, open_if_first};
use dialect::{ToSign, header};
use forge::sample::SampleOf;
use jiff::Timestamp;
use malformed::NoEvent;
use std::io::Read;

impl Provider {
    /// Their names in the configuration.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = Self::ALL[index].name();
            index += 1;
        }
        names
    };

    /// The provider of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|provider| provider.name() == name)
    }

    /// Its name in the configuration.
    pub const fn name(&self) -> &'static str {
        self.entry().0
    }

    fn dialect(&self) -> &dyn dialect::Dialect {
        self.entry().1
    }

    /// True if a delivery with these headers looks like one of its own, or of a forge that sends its headers as well.
    pub fn is_marked_in(&self, headers: &Headers) -> bool {
        self.dialect().marks().iter().any(|mark| mark.fits(headers))
    }

    /// The names of the providers whose headers it sends beside its own.
    pub fn imitates(&self) -> &'static [&'static str] {
        self.dialect().imitates()
    }

    /// The headers that can hold its delivery id, in lower case, best first.
    pub fn delivery_headers(&self) -> &'static [&'static str] {
        self.dialect().delivery_headers()
    }

    /// The headers beside those that say what a delivery is, in lower case. None of them can hold a secret.
    pub fn kept_headers(&self) -> &'static [&'static str] {
        self.dialect().kept_headers()
    }

    /// True if any service may use its scheme, so that a delivery that looks like another provider's is no surprise.
    pub fn is_open_scheme(&self) -> bool {
        self.dialect().is_open_scheme()
    }

    /// The keys of the configuration that are for it and few others.
    pub fn settings(&self) -> &'static [&'static str] {
        self.dialect().settings()
    }

    /// The error if `secret` is no key of its scheme, with which no delivery could ever be verified.
    pub fn check_key(&self, secret: &Secret) -> Result<(), Denied> {
        self.dialect().check_key(secret)
    }

    /// True unless what it says of CI may name no branch: then only a `git` step can tell whether the commit is one's
    /// head.
    pub fn ci_names_branch(&self) -> bool {
        self.dialect().ci_names_branch()
    }

    /// For people: the forge's types of webhook that can have no secret, behind a sentence; empty where all can.
    pub fn unsigned_types(&self) -> &'static str {
        self.dialect().unsigned_types()
    }

    /// For people: the part of a genuine delivery that is signed.
    pub fn signed_part(&self, head: &Head) -> &'static str {
        self.dialect().signed_part(head)
    }

    /// True if it delivers again by itself when the answer was late or bad. The others do so only when a person asks
    /// for it, and then mean it.
    pub fn sends_again(&self) -> bool {
        self.dialect().sends_again()
    }

    /// True if what made this job is told in two deliveries, each with an id of its own.
    pub fn announces_twice(&self, job: &JobMeta) -> bool {
        self.dialect().announces_twice(job)
    }

    /// The least that its check proves.
    pub fn strength(&self) -> Strength {
        self.dialect().strength()
    }

    /// True if its secret is the last part of the URL's path, behind the part that names the hook.
    pub fn secret_in_path(&self) -> bool {
        self.dialect().secret_in_path()
    }

    /// True if this is a test that the provider sends without a signature. It may be answered, and never become a job.
    pub fn is_unsigned_test(&self, head: &Head) -> bool {
        self.dialect().is_unsigned_test(head)
    }

    /// Starts the check of a delivery by its headers alone; an error comes before a byte of the body is read.
    /// All `secrets` count, as while one is rotated.
    pub fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        self.dialect().begin(head, secrets, now)
    }

    /// The content of a verified delivery. Reads `body` to its end, from its start, in little memory whatever its size.
    /// The changed paths are left out unless `options` want them.
    pub fn read(
        &self,
        head: &Head,
        _: &Verified,
        body: &mut dyn Read,
        options: &ReadOptions,
    ) -> Result<Delivery, Unreadable> {
        again(body, |body| self.read_document(head, body, options))
    }

    /// As `read`, of a delivery that nobody has verified: for words on it, and for nothing else.
    pub fn read_unverified(
        &self,
        head: &Head,
        body: &mut dyn Read,
        options: &ReadOptions,
    ) -> Result<Delivery, Malformed> {
        self.read_document(head, body, options)
    }

    fn read_document(&self, head: &Head, body: &mut dyn Read, options: &ReadOptions) -> Result<Delivery, Malformed> {
        match self.dialect().read(head, Document::new(self.document(head.is_form(), body), options)) {
            Ok(delivery) => Ok(delivery),
            Err(NoEvent::Ignored(why)) => Ok(Delivery::Ignored(why)),
            Err(NoEvent::Malformed(malformed)) => Err(malformed),
        }
    }

    /// The JSON document of a body as a stream: the body itself, or the decoded field of a form. A form that is
    /// not well-formed ends in an `InvalidData` error. Where a body may be anything, so may this be.
    pub fn document<'a>(&self, is_form: bool, body: &'a mut dyn Read) -> Box<dyn Read + 'a> {
        match self.dialect().form_field().filter(|_| is_form) {
            Some(field) if self.takes_any_body() => open_if_first(field, body),
            field => open(field, body),
        }
    }

    /// The values at `pointers` in that document, and nothing where the body holds none.
    pub fn pick(&self, pointers: &[&Pointer], head: &Head, body: &mut dyn Read) -> Result<Vec<Picked>, Malformed> {
        let nothing = || vec![Picked::Absent; pointers.len()];
        if head.is_form() && self.dialect().form_field().is_none() {
            return Ok(nothing());
        }
        let picked = pick(pointers, self.document(head.is_form(), body));
        if self.takes_any_body() && !head.is_json() { Ok(picked.unwrap_or_else(|_| nothing())) } else { picked }
    }

    /// True if a body of any media type is a delivery.
    pub fn takes_any_body(&self) -> bool {
        self.dialect().takes_any_body()
    }

    /// The JSON body of a push as this provider would send it.
    pub fn sample_push(&self, sample: &SamplePush<'_>) -> Vec<u8> {
        self.dialect().sample_push(sample).to_string().into_bytes()
    }

    /// A delivery that tells of `what` happened to `reference`; `None` when this provider tells of no such thing.
    pub fn sample(&self, what: SampleEvent, reference: &RefName, push: &SamplePush<'_>) -> Option<Sample> {
        let wanted = SampleOf { what, reference, after: push.after };
        let (body, event) = self.dialect().sample(&wanted, self.dialect().sample_push(push))?;
        Some(Sample { body: body.to_string().into_bytes(), event })
    }

    /// The headers of a delivery of the JSON `body`, in wire spelling, with its signature and `Content-Type`.
    /// `event` is `push`, or another event as the provider spells it. `secret` is what the sender signs with: for
    /// Ed25519 the private key, not the public one that a hook is configured with.
    pub fn sign(
        &self,
        secret: &Secret,
        body: &[u8],
        event: &str,
        delivery: &str,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, CannotSign> {
        let mut headers = self.dialect().sign(&ToSign { secret, body, event, delivery, now })?;
        headers.insert(0, header("Content-Type", "application/json"));
        Ok(headers)
    }
}

#[cfg(test)]
mod tests;
