//! Pure. One file for each service: what is sent, and what its answer means.

mod dingtalk;
mod discord;
mod feishu;
mod gotify;
mod mail;
mod matrix;
mod ntfy;
mod slack;
mod teams;
mod telegram;
#[cfg(test)]
mod tests;
mod webhook;
mod wecom;

use super::address::trouble_with_url;
use super::messenger::{Destination, Messenger};
use super::parcel::{HttpAnswer, Parcel, Receipt};
use super::wording::Wording;
use crate::model::Tidings;
use jiff::Timestamp;

/// One message, on its way to one target.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// Its words.
    pub wording: &'a Wording,
    /// Its facts; none of a sample.
    pub tidings: &'a [Tidings],
    /// A name of the message that is the same each time it is sent: letters, digits, `.`, `_`, `-`.
    pub id: &'a str,
    /// The time of this attempt.
    pub now: Timestamp,
    /// Name of the machine.
    pub host: &'a str,
}

/// The message as `destination` takes it, or why it cannot be sent at all.
pub fn parcel(destination: &Destination, occasion: &Occasion<'_>) -> Result<Parcel, String> {
    if destination.messenger == Messenger::Mail {
        return Ok(Parcel::Mail(mail::message(destination, occasion)));
    }
    if let Some(trouble) = trouble_with_url(&destination.url) {
        return Err(trouble.to_owned());
    }
    let parcel = match destination.messenger {
        Messenger::Slack => slack::parcel(destination, occasion),
        Messenger::Discord => discord::parcel(destination, occasion),
        Messenger::Dingtalk => dingtalk::parcel(destination, occasion),
        Messenger::Feishu => feishu::parcel(destination, occasion),
        Messenger::Wecom => wecom::parcel(destination, occasion),
        Messenger::Telegram => telegram::parcel(destination, occasion),
        Messenger::Teams => teams::parcel(destination, occasion),
        Messenger::Matrix => matrix::parcel(destination, occasion),
        Messenger::Ntfy => ntfy::parcel(destination, occasion),
        Messenger::Gotify => gotify::parcel(destination, occasion),
        Messenger::Webhook => webhook::parcel(destination, occasion)?,
        Messenger::Mail => unreachable!("a mail was made above"),
    };
    Ok(Parcel::Http(parcel))
}

/// The meaning of the answer of `messenger`.
pub fn receipt(messenger: Messenger, answer: &HttpAnswer) -> Receipt {
    match messenger {
        Messenger::Slack => slack::receipt(answer),
        Messenger::Discord => discord::receipt(answer),
        Messenger::Dingtalk => dingtalk::receipt(answer),
        Messenger::Feishu => feishu::receipt(answer),
        Messenger::Wecom => wecom::receipt(answer),
        Messenger::Telegram => telegram::receipt(answer),
        Messenger::Teams => teams::receipt(answer),
        Messenger::Matrix => matrix::receipt(answer),
        Messenger::Ntfy => ntfy::receipt(answer),
        Messenger::Gotify => gotify::receipt(answer),
        Messenger::Webhook => webhook::receipt(answer),
        Messenger::Mail => answer.by_status(""),
    }
}

/// A number, also where a service writes it as a text.
fn code(value: &serde_json::Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A text of an answer.
fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
