//! Pure. The secret in the header `Authorization`.

use super::{Check, Denied, Secret, required};
use crate::model::Head;
use base64::{Engine, engine::general_purpose::STANDARD};

const NAME: &str = "Authorization";

/// The writing of a secret in `Authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// `Bearer <secret>` (RFC 6750).
    Bearer,
    /// `Basic <base64 of the secret>`, where the secret is `user:password` (RFC 7617).
    Basic,
    /// The secret is all of it.
    Verbatim,
}

impl Authorization {
    /// The check of `head`.
    pub(crate) fn begin(self, head: &Head, secrets: &[Secret]) -> Result<Check, Denied> {
        let value = required(head, NAME)?;
        let malformed = || Denied::Malformed { header: NAME.to_owned(), expected: self.describe().to_owned() };
        match self {
            Self::Verbatim => Check::token(NAME, value, secrets),
            Self::Bearer => Check::token(NAME, credentials(value, b"bearer").ok_or_else(malformed)?, secrets),
            Self::Basic => {
                let text = credentials(value, b"basic").ok_or_else(malformed)?;
                Check::token(NAME, &STANDARD.decode(text).map_err(|_| malformed())?, secrets)
            }
        }
    }

    /// Name and value for `secret`.
    pub(crate) fn header(self, secret: &Secret) -> (String, String) {
        let text = String::from_utf8_lossy(secret.bytes());
        let value = match self {
            Self::Verbatim => text.into_owned(),
            Self::Bearer => format!("Bearer {text}"),
            Self::Basic => format!("Basic {}", STANDARD.encode(secret.bytes())),
        };
        (NAME.to_owned(), value)
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Bearer => "`Bearer` and the secret",
            Self::Basic => "`Basic` and the base64 of user, colon and password",
            Self::Verbatim => "the secret",
        }
    }
}

/// The text behind the scheme's name, whose case does not matter (RFC 9110 §11.1), and spaces.
fn credentials<'a>(value: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (name, rest) = value.split_at_checked(scheme.len())?;
    let credentials = rest.trim_ascii_start();
    let fits = name.eq_ignore_ascii_case(scheme) && rest.starts_with(b" ") && !credentials.is_empty();
    fits.then_some(credentials)
}
