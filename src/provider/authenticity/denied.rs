//! Pure. The reasons that a delivery is not authentic.

use crate::model::Twice;
use crate::provider::body::FormError;

/// The reason that a delivery is not authentic. `Display` is for the operator's log; the sender is told `sender_text`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is nothing to verify with.
    #[error("no secret is configured for this hook")]
    NoSecret,
    /// The deciding header arrived more than once: a malformed request, not a wrong signature.
    #[error(transparent)]
    Twice(#[from] Twice),
    /// The deciding header did not arrive.
    #[error(
        "`{header}` is absent: set the secret of this hook at the forge, or see whether the web server passes the header on"
    )]
    Absent {
        /// Its name.
        header: String,
    },
    /// The deciding header arrived without a value, or with a bare prefix.
    #[error("`{header}` is empty: the forge has no secret set for this hook")]
    Empty {
        /// Its name.
        header: String,
    },
    /// The deciding header's value has another shape than a signature.
    #[error("`{header}` is malformed: it should be {expected}")]
    Malformed {
        /// Its name.
        header: String,
        /// The shape of a value.
        expected: String,
    },
    /// A configured secret is no key of the scheme.
    #[error("a secret of this hook cannot be used: it should be {expected}")]
    Key {
        /// The shape of one.
        expected: &'static str,
    },
    /// The provider's test, which it does not sign: answered, and never a job.
    #[error("this is the provider's test, which is not signed")]
    UnsignedTest,
    /// No configured secret gives the signature or token that arrived.
    #[error("`{what}` is wrong: the forge has another secret than this hook, or the body was changed on its way")]
    Wrong {
        /// Header or field that holds it.
        what: String,
    },
    /// The signature is right and its time is not.
    #[error(
        "`{header}` is {minutes} min {} this machine's clock, more than the {limit_minutes} min allowed: see whether the clock is right",
        if *.late { "behind" } else { "ahead of" }
    )]
    Clock {
        /// Header that holds the time.
        header: &'static str,
        /// Distance from this machine's clock.
        minutes: u64,
        /// Largest accepted distance.
        limit_minutes: u64,
        /// True if the time lies in the past.
        late: bool,
    },
    /// The signed part of the form cannot be found in the body.
    #[error("cannot take the signed document from the form: {0}")]
    Form(#[from] FormError),
    /// The body that holds the token cannot be read.
    #[error("cannot take the token from the body: {0}")]
    Body(String),
    /// The body that was stored cannot be read again: our trouble, not the sender's.
    #[error("cannot read the body again: {0}")]
    Io(String),
}

impl Denied {
    /// The text for the sender, whatever happened: which check failed is nobody's business but the operator's.
    pub fn sender_text(&self) -> &'static str {
        "signature missing or wrong"
    }
}
