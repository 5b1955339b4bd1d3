//! Pure. A message as it goes over the wire, and the answer of the other side. Its URL and headers hold secrets, so
//! that nothing prints them.

use std::fmt;
use std::time::Duration;

/// A request that carries a message.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpParcel {
    /// `POST` or `PUT`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// Headers beside those of every request.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl HttpParcel {
    /// A POST of JSON.
    pub(super) fn json(url: impl Into<String>, body: &serde_json::Value) -> Self {
        let headers = vec![("Content-Type", "application/json; charset=utf-8".to_owned())];
        Self { method: "POST", url: url.into(), headers, body: body.to_string() }
    }

    /// The same with one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl fmt::Debug for HttpParcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpParcel").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A message, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parcel {
    /// By HTTP.
    Http(HttpParcel),
    /// By mail: headers, an empty line, and the text, as `sendmail -t` takes them.
    Mail(String),
}

/// The answer of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpAnswer {
    /// Its status.
    pub status: u16,
    /// `Retry-After`, where it is a number of seconds.
    pub retry_after: Option<Duration>,
    /// The beginning of its body.
    pub body: String,
}

/// Whose reason it is that a message is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaterCause {
    /// Nothing answered.
    Silence,
    /// The other side takes nothing now.
    Busy,
    /// It does not take this message now: others for the same addressee may go.
    ThisOne,
}

/// The fate of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The other side has it.
    Sent,
    /// It is to be sent again.
    Later {
        /// Not earlier than after this, where the other side named a time.
        after: Option<Duration>,
        /// The reason, with the next step.
        why: String,
        /// Whose reason it is.
        cause: LaterCause,
    },
    /// It will never be taken.
    Refused {
        /// The reason, with the next step.
        why: String,
    },
}

impl Receipt {
    /// Refused, since …
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }

    /// Not now, says the other side, since …
    pub(super) fn later(after: Option<Duration>, why: impl Into<String>) -> Self {
        Self::Later { after, why: why.into(), cause: LaterCause::Busy }
    }

    /// Nothing answered, since …
    pub(super) fn unanswered(why: impl Into<String>) -> Self {
        Self::Later { after: None, why: why.into(), cause: LaterCause::Silence }
    }
}

/// Longest time that another side can make us wait at a time.
const WAIT_LIMIT: Duration = Duration::from_secs(3600);

/// A number of seconds, perhaps with a fraction, as a time that can be waited.
pub(super) fn seconds(number: f64) -> Option<Duration> {
    let is_time = number.is_finite() && number >= 0.0;
    is_time.then(|| Duration::from_secs_f64(number.min(WAIT_LIMIT.as_secs_f64())))
}

impl HttpAnswer {
    /// The body as JSON, or nothing.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// `true` for 2xx.
    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// `HTTP 404: words of the service`.
    pub(super) fn said(&self, words: &str) -> String {
        let words = super::clean::line(words, 200);
        if words.is_empty() { format!("HTTP {}", self.status) } else { format!("HTTP {}: {words}", self.status) }
    }

    /// The answer by its status alone, for whatever a service says in no words of its own: `words` are shown.
    pub(super) fn by_status(&self, words: &str) -> Receipt {
        let said = self.said(words);
        match self.status {
            200..=299 => Receipt::Sent,
            300..=399 => {
                Receipt::refused(format!("{said}; redirects are not followed: enter the URL that it leads to"))
            }
            408 | 425 | 429 => Receipt::later(self.retry_after, format!("{said}; it wants fewer messages")),
            500.. => Receipt::later(self.retry_after, said),
            401 | 403 => Receipt::refused(format!("{said}; the token, or its rights, are wrong")),
            404 | 410 => Receipt::refused(format!("{said}; there is nothing at this address any more, or never was")),
            _ => Receipt::refused(said),
        }
    }
}
