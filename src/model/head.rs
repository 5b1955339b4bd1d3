//! Pure. The facts of a request before its body is read.

use super::Headers;

/// Request method. Methods are case-sensitive (RFC 9110 §9.1); only these matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A delivery.
    Post,
    /// A delivery too, for the hooks that allow it.
    Get,
    /// Anything else that a server passed on.
    Other,
}

/// A request without its body, as the gateways hand it on. Made only from a request whose length is known
/// or whose end will be: absent or malformed lengths never leave the gateway.
#[derive(Debug, Clone)]
pub struct Head {
    /// Request method.
    pub method: Method,
    /// `SCRIPT_NAME` and `PATH_INFO` joined, percent-decoded by the web server; any bytes.
    pub path: Vec<u8>,
    /// `QUERY_STRING`, raw.
    pub query: Vec<u8>,
    /// Header fields, without `Proxy` (httpoxy).
    pub headers: Headers,
    /// `CONTENT_TYPE`, media type and parameters as sent; empty when absent.
    pub content_type: String,
    /// `CONTENT_LENGTH` in bytes; `None` for a chunked body, whose end the gateway tells.
    pub content_length: Option<u64>,
    /// `REMOTE_ADDR`, for the log.
    pub remote_addr: String,
    /// `DOCUMENT_ROOT` where the web server names one; a spool or configuration below it is refused.
    pub document_root: Option<Vec<u8>>,
}

impl Head {
    /// Media type without parameters, lower case (RFC 9110 §8.3.1).
    pub fn media_type(&self) -> String {
        let end = self.content_type.find(';').unwrap_or(self.content_type.len());
        self.content_type[..end].trim().to_ascii_lowercase()
    }

    /// `true` if the body is JSON, of whichever kind (RFC 6839 §3.1).
    pub fn is_json(&self) -> bool {
        let media_type = self.media_type();
        let is_suffixed = media_type.starts_with("application/") && media_type.ends_with("+json");
        media_type == "application/json" || is_suffixed
    }

    /// `true` if the body is a form (`application/x-www-form-urlencoded`).
    pub fn is_form(&self) -> bool {
        self.media_type() == "application/x-www-form-urlencoded"
    }
}
