//! Pure. The requests that are not understood.

/// A request that is refused before anybody has seen it, or whose body cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum MalformedRequest {
    /// Neither a request line nor header fields (RFC 9112 §3, §5).
    #[error("no HTTP/1.1 request: {0}")]
    Syntax(httparse::Error),
    /// A line feed alone, which others may take for the end of a line, or not (§2.2).
    #[error("a line of the head ends without a carriage return")]
    LineEnd,
    /// More bytes of head than are read.
    #[error("the head exceeds the limit")]
    TooLong,
    /// A target that is neither a path nor a URL (§3.2).
    #[error("the request target is neither a path nor a URL")]
    Target,
    /// `Host` missing, repeated, or no host (§3.2).
    #[error("not one valid `Host`")]
    Host,
    /// More than one length, or one that is no whole number (§6.3).
    #[error("`Content-Length` is not one whole number")]
    Length,
    /// A length beyond 64 bits.
    #[error("`Content-Length` has more than 64 bits")]
    LengthTooLarge,
    /// Another transfer coding than `chunked`, or in HTTP/1.0 (§6.1).
    #[error("`Transfer-Encoding` is not `chunked` alone")]
    TransferEncoding,
    /// Two ways to tell the end of the body (§6.3).
    #[error("`Transfer-Encoding` beside `Content-Length`")]
    TwoFramings,
    /// No chunk where one must begin or end (§7.1).
    #[error("malformed chunked body")]
    Chunk,
}

impl MalformedRequest {
    /// Code, reason phrase (RFC 9110 §15, RFC 6585 §5) and the words for the sender.
    pub(super) fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::TooLong | Self::Syntax(httparse::Error::TooManyHeaders) => {
                ("431 Request Header Fields Too Large", "request header too large")
            }
            Self::Syntax(httparse::Error::Version) => {
                ("505 HTTP Version Not Supported", "only HTTP/1.1 is spoken here")
            }
            Self::LengthTooLarge => ("413 Content Too Large", "payload too large"),
            _ => ("400 Bad Request", "malformed request"),
        }
    }
}
