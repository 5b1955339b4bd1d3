//! Pure. Who sends deliveries, what they sign, and what they say. Knows bytes and headers only.

mod secret;

pub use secret::Secret;

/// A provider, with whatever its scheme needs to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// GitHub and GitHub Enterprise Server.
    Github,
    /// Gitea.
    Gitea,
    /// Forgejo and Codeberg.
    Forgejo,
    /// Gogs.
    Gogs,
    /// GitLab, by `X-Gitlab-Token`.
    Gitlab,
    /// Gitee, by password or signature.
    Gitee,
    /// Coding.net, version 2 (signature) or 1 (token in the body).
    Coding(CodingVersion),
    /// Any service that signs the body with an HMAC.
    Generic(GenericScheme),
}

/// Version of Coding.net's webhooks. Pinned by the configuration: a sender could choose the weaker one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodingVersion {
    /// `token` in the JSON body.
    V1,
    /// `X-Coding-Signature`.
    V2,
}

/// How a `generic` sender signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenericScheme {
    /// Header that holds the signature, lower case.
    pub header: String,
    /// HMAC's hash.
    pub algorithm: Algorithm,
    /// How the digest is written.
    pub encoding: Encoding,
    /// What stands before the digest, such as `sha256=`; may be empty.
    pub prefix: String,
}

/// Hash of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal, either case.
    Hex,
    /// Standard base64 with padding.
    Base64,
}
