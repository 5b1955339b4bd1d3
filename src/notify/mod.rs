//! Edge. Telling: facts → request, reply → sent, to be sent again, or refused. `service/` has a file for each service
//! that people read, `forge/` one for each forge that shows the status of a commit; both are pure. `http.rs` and
//! `sendmail.rs` send. Nothing here knows jobs, spool or configuration.

mod address;
mod clean;
mod forge;
mod http;
mod messenger;
mod parcel;
mod sendmail;
mod service;
mod sign;
mod wording;

pub use address::trouble_with_url;
pub use forge::{CommitState, ForgeAccount, StatusForge, status_parcel, status_receipt};
pub use messenger::{Destination, FieldNeed, MessageRate, Messenger, Need, TellOn};
pub use parcel::{HttpAnswer, HttpParcel, LaterCause, Parcel, Receipt};
pub use service::{Occasion, parcel, receipt};
pub use wording::{Mood, Sender, Wording};

/// Sends a parcel and says what became of it. `meaning` reads the answer of a server. Whatever the other side says, no
/// one of `secrets` is repeated.
pub fn send(parcel: &Parcel, secrets: &[String], meaning: &dyn Fn(&HttpAnswer) -> Receipt) -> Receipt {
    let receipt = match parcel {
        Parcel::Mail(message) => sendmail::send(message),
        Parcel::Http(parcel) => {
            http::send(parcel).map_or_else(|receipt| receipt, |answer| understood(&answer, secrets, meaning))
        }
    };
    let clean = |why: &str| clean::line(&clean::redacted(why, secrets), 500);
    match receipt {
        Receipt::Sent => Receipt::Sent,
        Receipt::Later { after, why, cause } => Receipt::Later { after, why: clean(&why), cause },
        Receipt::Refused { why } => Receipt::Refused { why: clean(&why) },
    }
}

/// The meaning of an answer, from which the secrets are gone before anything is cut out of it: a part of one would be
/// known by nobody any more.
fn understood(answer: &HttpAnswer, secrets: &[String], meaning: &dyn Fn(&HttpAnswer) -> Receipt) -> Receipt {
    let body = clean::redacted_beginning(&answer.body, secrets);
    meaning(&HttpAnswer { body, ..*answer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_cut_is_not_shown_in_part() {
        let secrets = ["https://chat.example.org/hooks/s3cr3t-t0ken-of-32-characters".to_owned()];
        let shown = |body: String| {
            let answer = HttpAnswer { status: 404, body, ..HttpAnswer::default() };
            let Receipt::Refused { why } = understood(&answer, &secrets, &|answer| answer.by_status(&answer.body))
            else {
                panic!("404 is final");
            };
            why
        };
        for before in 150..210 {
            let why = shown(format!("{} /hooks/s3cr3t-t0ken-of-32-characters was not found", "x".repeat(before)));
            assert!(!why.contains("s3cr"), "{before}: {why}");
        }
        assert!(shown("The URL /hooks/s3cr3t-t0ken-of-3".to_owned()).starts_with("HTTP 404: The URL /[…];"));
    }
}
