//! Pure. The strength of a hook's check.

use std::fmt;

/// The proof that a sender gives by passing a check, from strong to weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// A signature over the body and the time: a copy of a delivery is of no use later.
    SignedBodyAndTime,
    /// A signature over the body.
    SignedBody,
    /// A signature over the time: whoever copies it can send any body while it is fresh.
    SignedTime,
    /// The secret itself: whoever copies it can send anything.
    SharedToken,
    /// A signature over the body by a key that all users of the sender's instance share: any of them can send anything.
    InstanceKey,
    /// The secret as a part of the URL, where it gets into logs.
    SecretUrl,
}

impl Strength {
    /// A word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::SignedBodyAndTime => "signed body and time",
            Self::SignedBody => "signed body",
            Self::SignedTime => "signed time",
            Self::SharedToken => "shared token",
            Self::InstanceKey => "instance key",
            Self::SecretUrl => "secret URL",
        }
    }

    /// For people: the part of a delivery that is signed.
    pub fn signed_part(self) -> &'static str {
        match self {
            Self::SignedBodyAndTime => "the body as it was sent, and the time",
            Self::SignedBody => "the body as it was sent",
            Self::SignedTime => "the time, not the body",
            Self::SharedToken => "nothing: the secret itself comes along",
            Self::InstanceKey => "the body as it was sent, by a key that all users of the instance share",
            Self::SecretUrl => "nothing: the address is the secret",
        }
    }

    /// The consequence, where there is one.
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self::SignedBodyAndTime | Self::SignedBody => None,
            Self::SignedTime => {
                Some("the body is not signed: whoever sees a delivery can send another body for a while")
            }
            Self::SharedToken => Some("the body is not signed: whoever sees a delivery can send any other"),
            Self::InstanceKey => Some("proves little: every user of the instance can have anything signed"),
            Self::SecretUrl => Some("nothing is signed: whoever sees the URL, as in a log, can send anything"),
        }
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.warning() {
            None => f.write_str(self.word()),
            Some(warning) => write!(f, "{}; {warning}", self.word()),
        }
    }
}
