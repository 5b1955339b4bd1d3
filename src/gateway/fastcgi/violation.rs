//! Pure. Violations of the protocol by a peer.

/// Input that no web server sends; the connection it came on cannot be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Another protocol version than 1.
    #[error("record of protocol version {0}")]
    Version(u8),
    /// A record type that an application never receives, or not now.
    #[error("unexpected record of type {0}")]
    Unexpected(u8),
    /// A record type with a length that it cannot have.
    #[error("record of type {0} with {1} bytes of content")]
    Length(u8, u16),
    /// Names and values that reach beyond the end of their stream.
    #[error("truncated name-value pair")]
    Pairs,
}
