//! Pure. The reply to a sender: a status and one line of text.

/// The statuses that hookspool answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Authentic, and no job wanted.
    Ok,
    /// A job is on disk.
    Accepted,
    /// Malformed request.
    BadRequest,
    /// Signature missing, empty or wrong.
    Forbidden,
    /// No such hook.
    NotFound,
    /// The hook does not take this method, but these, as `Allow` lists them (RFC 9110 §10.2.1).
    MethodNotAllowed(&'static str),
    /// The server passed no length.
    LengthRequired,
    /// Longer than the limit.
    PayloadTooLarge,
    /// Neither JSON nor a form.
    UnsupportedMediaType,
    /// A bug, or no usable configuration.
    InternalError,
    /// The spool cannot take it now.
    Unavailable,
}

impl Status {
    /// Code and reason phrase (RFC 9110 §15).
    pub fn line(self) -> (u16, &'static str) {
        match self {
            Self::Ok => (200, "OK"),
            Self::Accepted => (202, "Accepted"),
            Self::BadRequest => (400, "Bad Request"),
            Self::Forbidden => (403, "Forbidden"),
            Self::NotFound => (404, "Not Found"),
            Self::MethodNotAllowed(_) => (405, "Method Not Allowed"),
            Self::LengthRequired => (411, "Length Required"),
            Self::PayloadTooLarge => (413, "Content Too Large"),
            Self::UnsupportedMediaType => (415, "Unsupported Media Type"),
            Self::InternalError => (500, "Internal Server Error"),
            Self::Unavailable => (503, "Service Unavailable"),
        }
    }
}

/// A reply: status and one line for the sender, which never holds a path, a secret or an expected signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Status code.
    pub status: Status,
    /// One line of plain text, without its line end.
    pub text: String,
}

/// Seconds after which a sender may try again when the spool is unavailable.
const RETRY_AFTER_S: u32 = 60;
/// Longest text in bytes; parts of it come from payloads. The ids of the jobs of one delivery fit.
const TEXT_LIMIT_BYTES: usize = 2048;

impl Reply {
    /// A reply of `status` with `text`; control characters become spaces, overlong text is cut.
    pub fn new(status: Status, text: impl AsRef<str>) -> Self {
        let mut clean: String = text.as_ref().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if clean.len() > TEXT_LIMIT_BYTES {
            let end = (0..=TEXT_LIMIT_BYTES).rev().find(|&i| clean.is_char_boundary(i)).unwrap_or(0);
            clean.truncate(end);
        }
        Self { status, text: clean }
    }

    /// The CGI document response (RFC 3875 §6.2.1): `Status`, `Content-Type`, what the status asks for, a blank
    /// line, and the text with a line end. No `Content-Length`: some servers keep a wrong one.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (code, reason) = self.status.line();
        let extra = match self.status {
            Status::MethodNotAllowed(allowed) => format!("Allow: {allowed}\r\n"),
            Status::Unavailable => format!("Retry-After: {RETRY_AFTER_S}\r\n"),
            _ => String::new(),
        };
        format!(
            "Status: {code} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
             {extra}\r\n{}\n",
            self.text
        )
        .into_bytes()
    }
}

/// The reason why a request did not become a job: a sentence for the sender that holds nothing but what he sent, the
/// facts and the next step for the operator. One constructor, two audiences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The sentence for the sender.
    pub reply: Reply,
    /// The sentence for the operator's log.
    pub reason: String,
    /// Peer and path of the request, where the request was refused before it became a [`Head`](super::Head).
    pub origin: Option<Origin>,
}

/// The known parts of a request that could not be understood; for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `REMOTE_ADDR`.
    pub remote_addr: String,
    /// `SCRIPT_NAME` and `PATH_INFO`.
    pub path: String,
}

impl Refusal {
    /// A refusal with `told` for the sender and `reason` for the operator.
    pub fn new(status: Status, told: impl AsRef<str>, reason: impl Into<String>) -> Self {
        Self { reply: Reply::new(status, told), reason: reason.into(), origin: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_405_names_the_allowed_methods_and_a_503_the_time_to_wait() {
        let status = Status::MethodNotAllowed("GET, POST");
        let not_allowed = String::from_utf8(Reply::new(status, "x").to_bytes()).unwrap();
        assert!(not_allowed.contains("\r\nAllow: GET, POST\r\n"), "{not_allowed}");
        let unavailable = String::from_utf8(Reply::new(Status::Unavailable, "x").to_bytes()).unwrap();
        assert!(unavailable.contains("\r\nRetry-After: 60\r\n"), "{unavailable}");
    }

    #[test]
    fn text_from_a_payload_cannot_make_a_header_or_a_second_line() {
        let reply = Reply::new(Status::Ok, "ignored: branch a\r\nX-Evil: 1\u{0}b");
        assert_eq!(reply.text, "ignored: branch a  X-Evil: 1 b");
    }

    #[test]
    fn overlong_text_is_cut_at_a_character() {
        assert_eq!(Reply::new(Status::Ok, "é".repeat(1200)).text.len(), 2048);
    }
}
