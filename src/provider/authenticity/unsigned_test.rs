//! Pure. A test that a provider sends without a signature, told by a field of its form.

use super::Denied;
use crate::provider::body::{FormError, FormField};

/// A form without a signature that may be the provider's test. Nothing of it is ever more than that.
pub(crate) struct UnsignedTest {
    /// The header whose signature is absent.
    header: &'static str,
    field: FormField,
    expected: &'static [u8],
    value: Vec<u8>,
    broken: Option<FormError>,
}

impl UnsignedTest {
    /// Longest body that is looked at: the test is a short one.
    pub(crate) const LIMIT_BYTES: u64 = 1024;

    /// A form in which `field` is `expected` if it is the test, and which lacks the signature in `header` if not.
    pub(crate) fn new(header: &'static str, field: &'static str, expected: &'static [u8]) -> Self {
        Self { header, field: FormField::new(field), expected, value: Vec::new(), broken: None }
    }

    /// Takes the next bytes of the body, in order.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let value = &mut self.value;
        let fed = self.field.feed(bytes, &mut |piece| value.extend_from_slice(piece));
        self.broken = self.broken.or(fed.err());
    }

    /// The test, or a delivery that should have been signed.
    pub(crate) fn finish(self) -> Denied {
        let is_form = self.broken.is_none() && self.field.finish().is_ok();
        if is_form && self.value == self.expected {
            return Denied::UnsignedTest;
        }
        Denied::Absent { header: self.header.to_owned() }
    }
}
