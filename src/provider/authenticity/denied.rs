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
    #[error("`{header}` is absent: set the secret of this hook at the forge, or {}", passed_on(header))]
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
        "`{header}` is {minutes} min {} this machine's clock, more than the {limit_minutes} min allowed: \
         see whether the clock is right (`timedatectl`)",
        direction(*.late)
    )]
    Clock {
        /// Header that holds the time.
        header: String,
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
    /// The text for the sender, which the forge shows its user. It says nothing that the request does not hold itself;
    /// only one whose signature was right learns of the clock.
    pub fn sender_text(&self) -> String {
        match self {
            Self::Absent { header } | Self::Empty { header } => {
                format!("not signed: no `{header}`; set the secret at the forge")
            }
            Self::Twice(twice) => twice.to_string(),
            Self::Clock { minutes, late, .. } => {
                format!("the delivery is {minutes} min {} this machine's clock", direction(*late))
            }
            _ => "signature wrong".to_owned(),
        }
    }
}

/// The advice for a header that may have been lost on its way.
fn passed_on(header: &str) -> &'static str {
    if header.eq_ignore_ascii_case("authorization") {
        "let the web server pass the header on: Apache does so only with `CGIPassAuth On`"
    } else {
        "see whether the web server passes the header on"
    }
}

fn direction(late: bool) -> &'static str {
    if late { "behind" } else { "ahead of" }
}
